#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml-long
#
# Interfaces come and go, and have their side from their name at once; network
# namespaces are strictly apart; and those of other user namespaces may not
# govern unless the administrator says so.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/tally.sh
. "$TOP/tests/netns/tally.sh"

POLICY_OF=([d1]=talker [d2]=talker)
policies() {
	cat <<-EOF
		  talker:
		    out: [ { label: ssh, proto: tcp, port: 22, to: masters },
		           { label: telemetry, proto: udp, port: 5000, to: masters } ]
	EOF
}

says() { raw "$1" rawsend udp "$2" "$(scada_of "$2")" 4000 5000; }
scada_of() { case $1 in *:*) addr6 scada ;; *) addr4 scada ;; esac }

side_of() { seg -j stats | jq -r --arg d "$1" '[.interfaces[] | select(.name == $d).side][0]'; }

# ---- interfaces that come and go ----------------------------------------------

# The link of d2, under any name on the gateway.
new_link() {
	local dev=$1
	ip -batch - <<-EOF || return
		link add $dev address 02:00:00:00:01:02 numtxqueues 1 numrxqueues 1 type veth peer name eth0 address 02:00:00:00:02:02 netns ${NSP}d2 numtxqueues 1 numrxqueues 1
	EOF
	nsrun -c eth0 "/run/netns/${NSP}d2" "/run/netns/${NSP}d2" || return
	device_up 2
	link_again 2 "$dev"
}

test_vanishing() {
	local round v
	for round in 1 2 3; do
		check "round $round: the interface goes" ip link del wwan1
		check_eq "round $round: and its side with it" "$(side_of wwan1)" null
		check "round $round: it comes back" new_link wwan1
		# the first packet that it sees at all
		for v in 4 6; do
			check "round $round, IPv$v: a forged packet is dropped" stays scada telemetry \
				dropped spoofed 1 says d2 "$(addr "$v" d1)"
			check "round $round, IPv$v: a right one passes" came scada telemetry 1 \
				says d2 "$(addr "$v" d2)"
		done
		check_eq "round $round: the side" "$(side_of wwan1)" sim
	done
	check 'a device in the flesh' reach d2 tcp/10.20.0.5/22 tcp/fd20::5/22
}

# A binding names its interface: on another one, whatever its side, it is forged.
test_names() {
	local v
	ip link del wwan1
	check 'it comes back under another name that fits' new_link wwan77
	check_eq 'which has the side' "$(side_of wwan77)" sim
	for v in 4 6; do
		check "IPv$v: but d2 is not bound there" stays scada telemetry dropped spoofed 1 \
			says d2 "$(addr "$v" d2)"
	done
	ip link del wwan77
	check 'under a name that does not fit' new_link lan1
	check_eq 'it has no side' "$(side_of lan1)" null
	for v in 4 6; do
		check "IPv$v: what comes from there is no device" stays scada telemetry dropped spoofed 1 \
			says d2 "$(addr "$v" d2)"
	done
	ip link set lan1 down
	check 'it is renamed' ip link set lan1 name wwan1
	link_again 2
	check_eq 'and has its side' "$(side_of wwan1)" sim
	check 'and d2 is there again' reach d2 tcp/10.20.0.5/22 tcp/fd20::5/22
	ip link set wwan1 down
	ip link set wwan1 name lan1
	check_eq 'renamed again it has none' "$(side_of lan1)" null
	ip link set lan1 name wwan1
	link_again 2
}

# Sessions do not carry over to an interface that merely has the number of one.
test_index() {
	local index
	index=$(cat /sys/class/net/wwan1/ifindex)
	check 'a session' came scada telemetry 1 says d2 10.64.0.12
	ip link del wwan1
	ip link add wwan9 index "$index" type veth peer name eth0 netns "${NSP}d2"
	nsrun -c eth0 "/run/netns/${NSP}d2" "/run/netns/${NSP}d2"
	ip link set wwan9 address 02:00:00:00:01:02
	device_up 2
	link_again 2 wwan9
	check 'on an interface with the same number it does not pass' stays scada telemetry \
		dropped spoofed 1 says d2 10.64.0.12
	ip link del wwan9
	check 'the old one is back' new_link wwan1
}

# ---- namespaces -----------------------------------------------------------------

other() { seg -n "${NSP}other" "$@"; }

# A second gateway with the same addresses, and a device that is not known here.
other_up() {
	ip netns add "${NSP}other"
	ip -n "${NSP}other" link add wwan1 type veth peer name eth1 netns "${NSP}d3"
	ns_setup other <<-EOF
		link set wwan1 addrgenmode none up
		address add 10.64.0.1/24 dev wwan1
		address add fd64::1/64 dev wwan1 nodad
	EOF
	ns_setup d3 <<-EOF
		link set eth1 addrgenmode none up
		address add 10.64.0.12/24 dev eth1
		address add fd64::12/64 dev eth1 nodad
	EOF
	on other probe serve tcp/22 udp/5000 >>"$WORK/pids"
	sed 's/to: masters/to: self/g' "$(policies | ruleset)" | other apply - &&
		other attach 'wwan*' --side sim --mode none
}

OTHER=(tcp/10.64.0.1/22 tcp/fd64::1/22)

test_apart() {
	local before
	before=$(fingerprint)
	check 'a second gateway, with the same devices' other_up
	check 'there d2 speaks' reach d3 "${OTHER[@]}"
	check_eq 'nothing has changed here' "$(fingerprint)" "$before"
	check_eq 'its sessions are not listed here' "$(seg -j session list | jq \
		'[.[] | select(.dst == "10.64.0.1")] | length')" 0
	check_eq 'but there' "$(other -j session list | jq 'length')" 2
	before=$(sessions)
	check 'quarantine here' seg quarantine "${ICCID[d2]}" --reason test
	check 'does not reach there' reach d3 "${OTHER[@]}"
	check_eq 'where the device is active' "$(other -j device show "${ICCID[d2]}" | jq -r .state)" active
	check 'quarantine there' other quarantine "${ICCID[d1]}" --reason test
	check_eq 'does not reach here' "$(device_state "${ICCID[d1]}")" active
	check 'where d1 speaks' reach d1 tcp/10.20.0.5/22 tcp/fd20::5/22
	check 'disarmed there' other disarm --reason test
	check 'nothing is open here' silent d2 tcp/10.20.0.5/22 tcp/fd20::5/22
	check 'release' seg release "${ICCID[d2]}" --reason test
	check 'an interface that moves there' ip link add wwan5 type veth peer name p5
	check_eq 'has its side here' "$(side_of wwan5)" sim
	ip link set wwan5 netns "${NSP}other"
	check_eq 'loses it here' "$(side_of wwan5)" null
	check_eq 'and has it there' "$(other -j stats | jq -r \
		'[.interfaces[] | select(.name == "wwan5").side][0]')" sim
	ip link del p5
	ip netns del "${NSP}other"
	check 'the other one dies, and nothing here' reach d2 tcp/10.20.0.5/22 tcp/fd20::5/22
}

# ---- user namespaces -------------------------------------------------------------

# contained COMMAND...: as root of a user namespace with a network of its own.
CONTAINED=(setpriv --reuid 65534 --regid 65534 --clear-groups unshare -U -r -n)
contained() { "${CONTAINED[@]}" "$@"; }
allow() { echo "$1" >/sys/module/simseg/parameters/allow_userns; }

test_users() {
	local file=$WORK/ruleset.yaml before refusal
	before=$(fingerprint)
	policies | ruleset >/dev/null
	refusal=$(contained "$SEGCTL" apply - <"$file" 2>&1)
	check_eq 'a namespace of another user namespace may not govern' "$?" 2
	check 'and is told why' grep -q allow_userns <<<"$refusal"
	check_eq 'nobody says that it does' "$(contained "$SEGCTL" -j status | jq .governed)" false
	allow 1
	check 'allowed, it may' contained "$SEGCTL" apply - <"$file"
	check_eq 'and changes nothing here' "$(fingerprint)" "$before"
	check_not 'nor may it reach out of its namespace' contained "$SEGCTL" -n /proc/1/ns/net flush
	check_eq 'as nothing has changed' "$(fingerprint)" "$before"
	test_hold
	allow 0
}

# It cannot hold the module: who administers the machine unloads it.
test_hold() {
	local holder
	# a simple command: what is killed is the program itself, not a shell
	# shellcheck disable=SC2016 # for the shell inside
	"${CONTAINED[@]}" sh -c '"$0" apply - >/dev/null && echo governs && exec sleep 1000' "$SEGCTL" \
		<"$WORK/ruleset.yaml" >"$WORK/held" &
	holder=$!
	echo "$holder" >>"$WORK/pids"
	check 'one governs' wait_for 10 grep -q governs "$WORK/held"
	check 'the module unloads all the same' unload
	check 'and the module is back' govern "$(policies | ruleset)"
	kill "$holder" && wait "$holder" 2>/dev/null
}

topology_up d1 d2 d3 scada
background scada probe serve tcp/22 >/dev/null
tally_up scada telemetry 'udp dport 5000'
check 'the module and its ruleset' govern "$(policies | ruleset)"
test_vanishing
test_names
test_index
test_apart
test_users
check 'the counters add up' identity_settles
check 'the module unloads' unload
finish
