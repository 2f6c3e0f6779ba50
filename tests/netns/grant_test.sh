#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml
# takes: 105
#
# Grants: one rule on one device, until its time is over or it is revoked. Its
# sessions end then with the next packet, in a flowtable too; what the policy
# allows loses none. Whoever sets the clock changes nothing, and no segctl runs.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

POLICY_OF=([d1]=meter [d2]=meter)
rules() {
	cat <<-EOF
		  meter: { out: [ { label: listed, proto: udp, port: [5004, 5006], to: masters } ] }
	EOF
}
apply() { rules | ruleset >/dev/null && seg apply "$WORK/ruleset.yaml" "$@"; }

# give DEVICE ARGUMENT...: a grant to it, with a ticket and a reason; prints its id.
give() {
	local who=$1
	shift
	seg -j grant "${ICCID[$who]}" "$@" --ticket T-1 --reason 'firmware' | jq .grant
}
grants() { seg -j grant list | jq length; }

# ---- streams of numbers from d1 to scada -----------------------------------

# stream PORT V
stream() {
	background scada numrecv -l "$WORK/$1.recv" "$1" >/dev/null
	spawn d1 numsend -r 40 -l "$WORK/$1.send" "$("addr$2" scada)" "$1"
	sender[$1]=$!
}
number() { numrecv -q "$WORK/$1.recv" | cut -d' ' -f2; }
stream_at() { [ "$(number "$1")" -ge "$2" ]; }
goes_on() { wait_for 5 stream_at "$1" $(($(number "$1") + 10)); }
offloaded() { conntrack -L -f "ipv$2" -p udp --orig-port-dst "$1" 2>/dev/null | grep -q OFFLOAD; }
# in_flowtable PORT V; says what there is instead.
in_flowtable() {
	wait_for 10 offloaded "$@" && return
	echo "sent $(numsend -q "$WORK/$1.send"), received $(number "$1")"
	seg grant list
	seg session list --device "${ICCID[d1]}"
	seg explain "$("addr$2" d1)" "$("addr$2" scada)" udp "$1"
	return 1
}
stopped() { hold_for 1 same_number "$1" "$(number "$1")"; }
same_number() { [ "$(number "$1")" = "$2" ]; }
complete() {
	local count number
	read -r count number _ < <(numrecv -q "$WORK/$1.recv")
	echo "$count of $number"
	[ "$number" -gt 100 ] && [ "$count" = "$number" ]
}

# When the last datagram was sent that came: between two times, ns since boot.
last_sent() {
	local last
	read -r _ _ last _ < <(numrecv -q "$WORK/$1.recv")
	echo "from $2 on: $((last - $2)), until $3: $(($3 - last))"
	[ "$last" -ge "$2" ] && [ "$last" -le "$3" ]
}

# until TIME, ns since boot: SECONDS goes with the wall clock.
until_boot() { while [ "$(stamp now)" -lt "$1" ]; do rest; done; }

# shift_clock SECONDS
shift_clock() { date -s "@$(($(date +%s) + $1))" >/dev/null; }

# ---- what is refused --------------------------------------------------------

# refused SENTENCE STATUS WORD ARGUMENT...: with that status, and that word said.
refused() {
	local what=$1 status=$2 word=$3 out
	shift 3
	out=$(seg grant "$@" 2>&1)
	check_eq "refused: $what" "$?" "$status"
	check "and said why: $what" grep -q "$word" <<<"$out"
}

test_refusals() {
	local id=${ICCID[d1]} rule='out tcp/22 peer 10.20.0.66' why='--ticket T --reason R' before
	before=$(fingerprint)
	# shellcheck disable=SC2086 # lists of arguments are split on purpose
	{
		refused 'without a time' 2 DURATION "$id" $rule $why
		refused 'without a ticket' 2 TICKET "$id" $rule --for 1h --reason R
		refused 'an empty ticket' 2 TICKET "$id" $rule --for 1h --reason R --ticket ''
		refused 'without a reason' 2 REASON "$id" $rule --for 1h --ticket T
		refused 'for longer than grant_max' 2 grant_max "$id" $rule $why --for 1d1s
		refused 'a peer set that does not exist' 4 'peer set' "$id" out tcp/22 peer nobody \
			$why --for 1h
		refused 'a device that does not exist' 4 device 8988228000000000999 $rule $why --for 1h
		refused 'without a peer' 1 peer "$id" out tcp/22 $why --for 1h
		refused 'no direction' 1 direction "$id" to tcp/22 peer any $why --for 1h
		refused 'a bad port' 1 port "$id" out tcp/0 peer any $why --for 1h
		refused 'a port without ports' 1 'no ports' "$id" out icmp/1 peer any $why --for 1h
		refused 'a bad time' 1 duration "$id" $rule $why --for 1m1h
		refused 'no time at all' 1 duration "$id" $rule $why --for 0s
		refused 'a bad interface' 1 interface "$id" $rule $why --for 1h --iif 'a*b'
		refused 'control characters' 1 'control' "$id" $rule --for 1h --ticket T \
			--reason $'\e[31m'
	}
	check_not 'a revoke of nothing' seg revoke
	check_eq 'of a grant that is none' "$(seg revoke 99 2>/dev/null || echo $?)" 4
	check_eq "of somebody's who has none" "$(seg revoke --actor eve 2>/dev/null || echo $?)" 4
	check_eq 'there is no grant' "$(grants)" 0
	check_eq 'and nothing has changed' "$(fingerprint)" "$before"
	SETTINGS='{ deny_interval: 1, grant_max: 60 }' check 'a smaller grant_max' apply
	# shellcheck disable=SC2086
	refused 'for longer than that' 2 grant_max "$id" $rule $why --for 61s
	check 'save has it' grep -q 'grant_max: 60' <(seg -j status | jq -c .settings | tr -d '"' |
		sed 's/:/: /g')
	check 'the default again' apply
}

# ---- what is shown ----------------------------------------------------------

test_shown() {
	local id list
	check_eq 'explain: no rule' "$(explain 10.64.0.11 10.20.0.66 tcp 22)" 'deny no-rule'
	id=$(SEGCTL_ACTOR=alice give d1 out tcp/22 peer 10.20.0.66 --for 1h30m)
	check_eq 'explain: the grant' "$(seg -j explain 10.64.0.11 10.20.0.66 tcp 22 |
		jq -c '[.verdict, .grant]')" "[\"allow\",$id]"
	list=$(seg -j grant list | jq -c '.[] | [.id, .iccid, .rule.prefixes[0], .rule.port_low,
		.actor, .ticket, .reason, .uid, .sessions, (.left_ns / 60000000000 | ceil)]')
	check_eq 'list' "$list" \
		"[$id,\"${ICCID[d1]}\",\"10.20.0.66\",22,\"alice\",\"T-1\",\"firmware\",0,0,90]"
	check_eq 'device show' "$(seg -j device show "${ICCID[d1]}" | jq -c '[.grants[].id]')" "[$id]"
	check 'and for people' grep -q "grant $id .*alice for T-1" \
		<<<"$(seg device show "${ICCID[d1]}")"
	check 'it opens' reach d1 tcp/10.20.0.66/22
	check 'nothing else' silent d1 tcp/10.20.0.66/23 tcp/10.20.0.5/22
	check 'nobody else' silent d2 tcp/10.20.0.66/22
	check_eq 'the session names it' "$(seg -j session list |
		jq -c '[.[] | select(.dport == 22).grant]')" "[$id]"
	check_eq 'and it the session' "$(seg -j grant list | jq '.[0].sessions')" 1
	give d2 out tcp/22 peer 10.20.0.66 --for 1h >/dev/null
	seg quarantine "${ICCID[d2]}" --reason test >/dev/null
	check 'not while quarantined' silent d2 tcp/10.20.0.66/22
	seg release "${ICCID[d2]}" --reason test >/dev/null
	check 'afterwards it does' reach d2 tcp/10.20.0.66/22
	check 'by its id it is revoked' seg revoke "$id"
	check 'and closed' silent d1 tcp/10.20.0.66/22
}

# The interface on which a session's first packet arrives.
test_interface() {
	check 'a grant for what net0 brings' give d1 in tcp/22 peer 10.20.0.66 --for 1h --iif 'net*'
	check 'opens for it' reach attacker tcp/10.64.0.11/22
	seg revoke --ticket T-1 >/dev/null
	check 'a grant for what wwan1 brings' give d1 in tcp/22 peer 10.20.0.66 --for 1h --iif wwan1
	check 'does not' silent attacker tcp/10.64.0.11/22
	check 'all of a ticket are revoked' seg revoke --ticket T-1
}

# ---- how it ends --------------------------------------------------------------

test_revoke() {
	local ids
	give d1 out udp/6004 peer masters --for 1h >/dev/null
	SEGCTL_ACTOR=bob give d1 out udp/6006 peer fd20::5 --for 1h >/dev/null
	SEGCTL_ACTOR=bob give d2 out tcp/22 peer any --for 1h >/dev/null
	stream 6004 4
	stream 6006 6
	check 'a granted stream runs, IPv4' goes_on 6004
	check 'a granted stream runs, IPv6' goes_on 6006
	check 'in a flowtable, IPv4' in_flowtable 6004 4
	check 'in a flowtable, IPv6' in_flowtable 6006 6
	check 'apply leaves them alone' apply
	check 'they run, IPv4' goes_on 6004
	check 'they run, IPv6' goes_on 6006
	check_not 'an id that is none revokes nothing' seg revoke 99
	ids=$(env -u SEGCTL_ACTOR SUDO_USER=carol "$SEGCTL" -j revoke --actor bob |
		jq -c '[.revoked[].actor, .receipt.sessions]')
	check_eq "all of an actor's, and what was cut" "$ids" '["bob","bob",1]'
	check 'its stream has stopped' stopped 6006
	check 'the other one goes on' goes_on 6004
	check 'revoked by its ticket' seg revoke --ticket T-1
	check 'that has stopped, too' stopped 6004
	kill "${sender[6004]}" "${sender[6006]}"
	unset 'sender[6004]' 'sender[6006]'
	check_eq 'no grant is left' "$(grants)" 0
}

# for_a_while PORT V: a grant for a stream; leaves in `ends` between which two
# times it ends.
for_a_while() {
	local before time=25000000000
	before=$(stamp now)
	check "a grant for a while, IPv$2" give d1 out "udp/$1" peer "$("addr$2" scada)" --for 25s
	ends[$1]="$((before + time)) $(($(stamp now) + time))"
}

# ended PORT V SLACK-MS
ended() {
	local first last
	read -r first last <<<"${ends[$1]}"
	until_boot $((last + 300000000))
	check "it has stopped, IPv$2" stopped "$1"
	check "when its time was over, IPv$2" last_sent "$1" $((first - 500000000)) \
		$((last + $3 * 1000000))
}

both_go_on() { goes_on 7004 && goes_on 7006; }

# Their time is over, and meanwhile the clock is set.
test_expiry() {
	check_not 'no segctl runs' pgrep segctl
	stream 7004 4
	stream 7006 6
	for_a_while 7004 4
	check 'a granted stream, in a flowtable' in_flowtable 7004 4
	# what comes now stays out of it: every packet meets the verdict
	nft flush chain inet gateway forward
	for_a_while 7006 6
	shift_clock 172800
	check 'two days later, by the clock, they go on' both_go_on
	shift_clock -31536000
	check 'and so they do a year before' both_go_on
	ended 7004 4 1000
	ended 7006 6 40
	shift_clock $((31536000 - 172800))
	check_eq 'no grant is left' "$(grants)" 0
}

topology_up d1 d2 scada attacker
for who in d1 scada attacker; do
	background "$who" probe serve tcp/22 tcp/23 >/dev/null
done
declare -A ends=() sender=()
check 'the module and its ruleset' govern "$(rules | ruleset)"
stream 5004 4
stream 5006 6
test_refusals
test_shown
test_interface
test_revoke
test_expiry
kill "${sender[@]}"
check 'what the policy allows has lost nothing, IPv4' complete 5004
check 'what the policy allows has lost nothing, IPv6' complete 5006
check 'the counters add up' identity_settles
check 'the module unloads' unload
finish
