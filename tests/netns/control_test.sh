#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: 6.12
#
# What must be refused or survived: bad files, changes without an actor or the
# right, random netlink messages, hostile packets, unloading while it governs,
# namespaces that die, and a hundred loads.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

POLICY_OF=([d1]=talker)
policies() { echo '  talker: { out: [ { label: any, to: masters } ] }'; }

unchanged() { [ "$(fingerprint)" = "$1" ]; }

# bad_file SENTENCE PATTERN < FILE: refused with its place, and nothing changed.
bad_file() {
	local before out
	cat >"$WORK/bad.yaml"
	before=$(fingerprint)
	if out=$(seg apply "$WORK/bad.yaml" 2>&1); then
		not_ok "$1"
	elif ! grep -qE "bad.yaml:[0-9]+:[0-9]+: error: .*($2)" <<<"$out"; then
		not_ok "$1"
		note "$out"
	else
		check_eq "$1" "$(fingerprint)" "$before"
	fi
}

test_files() {
	local good
	good=$(policies | ruleset)
	bad_file 'an unknown key' polices < <(sed 's/policies:/polices:/' "$good")
	bad_file 'an address outside the pools' 10.99.0.1 < <(sed 's/10.64.0.11/10.99.0.1/' "$good")
	bad_file 'an unknown peer set' nobody < <(sed 's/to: masters/to: nobody/' "$good")
	bad_file 'an unknown policy' tlker < <(sed 's/policy: talker/policy: tlker/' "$good")
	bad_file 'another version' 9 < <(sed 's/version: 1/version: 9/' "$good")
	bad_file 'a device twice' "${ICCID[d1]}" < <(cat "$good" <(tail -n 1 "$good"))
	check_eq 'a missing file is bad usage' "$(code seg apply "$WORK/none")" 1
	check_eq 'no such device' "$(code seg device show 8988228000000000095)" 4
}
code() {
	"$@" >/dev/null 2>&1
	echo $?
}

# Numbers as in enum simseg_cmd.
CMD_FLUSH=23
CMD_DISARM=24

test_rights() {
	local before
	before=$(fingerprint)
	check 'no actor: refused with a sentence' refused_with_sentence $CMD_FLUSH
	check 'no actor: nor can it be disarmed' refused_with_sentence $CMD_DISARM
	check_eq 'without CAP_NET_ADMIN' "$(code setpriv --reuid 65534 --clear-groups \
		--bounding-set -all "$SEGCTL" flush)" 2
	check_eq 'nor may it read' "$(code setpriv --reuid 65534 --clear-groups \
		--bounding-set -all "$SEGCTL" device list)" 2
	check_eq 'nothing has changed' "$(fingerprint)" "$before"
}
refused_with_sentence() {
	local out
	out=$(nlfuzz -1 "$1")
	echo "$out"
	grep -qiE ': .*actor' <<<"$out"
}

test_netlink() {
	local before sent refused accepted
	before=$(fingerprint)
	read -r sent refused accepted _ < <(nlfuzz -s "$$" 5)
	note "seed $$: $sent messages, $refused refused"
	check 'random messages were sent and refused' test "${sent:-0}" -gt 100 -a "${refused:-0}" -gt 100
	check_eq 'none of them was taken as a change' "${accepted:-none}" 0
	check_eq 'and nothing has changed' "$(fingerprint)" "$before"
}

test_packets() {
	local mac=02:00:00:00:01:01 before
	before=$(drops malformed)
	check 'hostile packets' on d1 rawsend -i eth0 -d $mac hostile 10.64.0.11 10.20.0.5 \
		fd64::11 fd20::5
	check 'some are counted as malformed' test "$(drops malformed)" -gt "$before"
	check 'routing header 0 has a reason of its own' test "$(drops routing-header)" -gt 0
	check 'from the net side too' on scada rawsend -i eth0 -d 02:00:00:00:04:01 hostile \
		10.20.0.5 10.64.0.11 fd20::5 fd64::11
	note "seed of the packets: $$"
	check 'two thousand broken packets' on d1 rawsend -i eth0 -d $mac fuzz \
		10.64.0.11 10.20.0.66 fd64::11 fd20::66 2000 $$
	check 'none of them got to where nothing may go' never_got_there
	check 'the gateway still works' reach d1 tcp/10.20.0.5/22 tcp/fd20::5/22
	check 'and its counters add up' identity_settles
}

# The attacker's namespace counts what came for its addresses.
never_got_there() { [ "$(on attacker nft -j list counter ip t hits | jq '.nftables[-1].counter.packets')" = 0 ]; }

counter_up() {
	on attacker nft -f - <<-EOF
		table ip t {
			counter hits { }
			chain c {
				type filter hook prerouting priority -500
				ip saddr { 10.20.0.1, 10.64.0.0/16 } counter name hits
			}
		}
	EOF
}

test_namespaces() {
	ip netns add "${NSP}own"
	check_eq 'another namespace is not governed' "$(seg -n "${NSP}own" -j status | jq .governed)" false
	check 'it gets a ruleset of its own' seg -n "${NSP}own" apply "$(policies | ruleset)"
	check_eq 'and is governed' "$(seg -n "${NSP}own" -j status | jq .governed)" true
	check 'a flush there' seg -n "${NSP}own" flush
	check_eq 'changes nothing here' "$(status devices)" 1
	check_eq 'but does there' "$(seg -n "${NSP}own" -j status | jq .devices)" 0
	seg -n "${NSP}own" apply "$WORK/ruleset.yaml" >/dev/null
	ip netns del "${NSP}own"
	check 'that namespace dies with all it has' wait_for 5 gone
}
gone() { ! seg -n "${NSP}own" status; }

# A gateway in a namespace of its own dies while sessions live in it.
test_death() {
	local ns=${NSP}dying
	ip netns add "$ns"
	ip -n "$ns" -batch - <<-EOF
		link add wwan0 type veth peer name eth0 netns ${NSP}d1
		link set wwan0 addrgenmode none up
		link set lo up
		address add 10.64.0.1/24 dev wwan0
	EOF
	on d1 ip -batch - <<-EOF
		link set eth0 up
		address add 10.64.0.11/24 dev eth0
	EOF
	sed 's/to: masters/to: self/' "$(policies | ruleset)" >"$WORK/self.yaml"
	check 'the module governs it' seg -n "$ns" apply "$WORK/self.yaml"
	seg -n "$ns" attach wwan0 --side sim --mode none >/dev/null
	on dying probe serve tcp/22 udp/161 >>"$WORK/pids"
	check 'sessions live in it' reach d1 tcp/10.64.0.1/22 udp/10.64.0.1/161
	check 'and are listed' test "$(seg -n "$ns" -j session list | jq length)" -ge 2
	check_not 'rmmod is refused while it lives' rmmod simseg
	for pid in $(ip netns pids "$ns"); do
		kill -9 "$pid"
	done
	ip netns del "$ns"
	check 'it dies, and the module can go' wait_for 10 rmmod simseg
}

test_loads() {
	local i
	for i in {1..100}; do
		load && seg disarm --reason test >/dev/null && rmmod simseg && continue
		break
	done
	check_eq 'a hundred loads and unloads' "$i" 100
	check_not 'and it is out' simseg_loaded
}

topology_up d1 scada attacker
background scada probe serve tcp/22 udp/161 >/dev/null
background attacker probe serve tcp/22 udp/161 >/dev/null
counter_up
check 'the counter counts' test "$(
	reach d1 tcp/10.20.0.66/22 >/dev/null
	never_got_there && echo 0 || echo 1
)" = 1
on attacker nft reset counters >/dev/null
check_eq 'segctl without the module' "$(code seg status)" 5
check_not 'bad pools' load pools=10.64.0.0/99
check 'the module and its ruleset' govern "$(policies | ruleset)"
check_not 'rmmod is refused while it governs' rmmod simseg
test_files
test_rights
test_netlink
test_packets
test_namespaces
check 'disarmed it unloads' unload
cleanup_links() { ip link del wwan0; }
check 'the links go' cleanup_links
insmod "$WORK/simseg.ko"
test_death
test_loads
finish
