#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: 6.12-long
#
# The agent is killed 200 times while one device opens session after session: every
# record that was made is in the box once, whatever it was about to do. It is stalled
# while 20,000 sessions begin, and a monitor is stalled for longer: none is lost. Nor is
# one of another device while a device is denied 100,000 flows as fast as it can send.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/agent.sh
. "$(dirname "$0")/agent.sh"

POLICY_OF=([d1]=meter [d2]=meter)
KILLS=${ROUNDS:-200}

# A while that is another one each time: 10 to 500 ms.
a_while() { rest "0.$(printf %03d $((RANDOM % 490 + 10)))"; }

# One round: some sessions open, then all of them are cut.
round() {
	local i flood
	opens $((KILLS * 20)) 200 >/dev/null &
	flood=$!
	for ((i = 0; i < KILLS / 4; i++)); do
		a_while
		agent_kill
		agent_start
	done
	wait "$flood"
	cut_all
}

test_kills() {
	local sum
	check 'the agent runs' agent_up
	for _ in 1 2 3 4; do
		check "$((KILLS / 4)) kills" round
	done
	check 'the last agent stores the rest' wait_for 60 drained
	note "$(status records_made) records were made"
	check_eq 'none was lost but those before the first agent' "$(status records_lost)" \
		"$(status records_unheard)"
	check 'it ends with status 0' agent_down
	sum=$("$TOP/tests/netns/box.py" "$BOX")
	note "$sum"
	check_eq 'nothing is lost, nothing twice, all sessions end' \
		"$(jq -c '[.twice, .opened_twice, .closed_twice, .never_closed, .missing]' <<<"$sum")" '[0,0,0,0,0]'
	check_eq 'chained, and in order' "$(jq -c '[.chained, .ordered]' <<<"$sum")" '[true,true]'
}

# Nobody reads for a while: the default ring is large enough for 20,000 sessions. A
# monitor that reads nothing at all holds nobody up.
test_stall() {
	local lost slow
	BOX=$WORK/stalled
	check 'the agent runs again' agent_up
	check 'a monitor that will be slow' slow_up
	lost=$(status records_lost)
	kill -STOP "$agent"
	opens 20000 20000 >/dev/null
	check 'the ring is nearly full' test "$(status ring.used)" -gt 3900000
	kill -CONT "$agent"
	check 'it catches up' wait_for 30 drained
	cut_all
	check 'and again, when all of them end' wait_for 30 drained
	check_eq 'none is lost' "$(status records_lost)" "$lost"
	check 'the stalled monitor holds nobody up, and is told what it missed' slow_is_told
	check 'it ends' agent_down
	box_is_whole "$BOX" 20000
}

slow_up() {
	spawn gw "$SEGCTL" -j monitor --verdict deny >"$WORK/slow"
	slow=$!
	wait_for 10 monitors 1
	kill -STOP "$slow"
}
slow_is_told() {
	local status=0
	kill -CONT "$slow"
	wait_for 20 grep -q '"kind": *"missed"' "$WORK/slow" || status=1
	kill -9 "$slow"
	wait "$slow" 2>/dev/null
	return "$status"
}

# A device tries port after port of two addresses. What it costs is told, and it costs
# others nothing: neither records of their sessions nor those of changes.
test_denied() {
	local sum
	BOX=$WORK/denied
	check 'the agent takes records of denies' agent_up
	spawn d2 flood -r 1000000 -n 100000 scan "$(addr4 d2)" 10.20.0.77 1 >"$WORK/scan4"
	spawn d2 flood -r 1000000 -n 100000 scan "$(addr6 d2)" fd20::77 1 >"$WORK/scan6"
	opens 1000 1000 >/dev/null
	check 'all flows were tried' wait_for 120 scanned
	check 'made = delivered + waiting + lost' balanced
	cut_all
	check 'all is stored, or told' wait_for 60 drained
	check 'each denied packet is told of, IPv4 and IPv6' wait_for 30 denied_are_told
	note "$(denied) packets were denied"
	check 'nearly all that were sent' test "$(denied)" -gt 150000
	check 'it ends' agent_down
	box_is_told
	sum=$("$TOP/tests/netns/box.py" "$BOX")
	check_eq 'no session of the other device is missing' \
		"$(jq -c '[.opens, .closes, .never_closed, .told_open, .told_close]' <<<"$sum")" '[1000,1000,0,0,0]'
	check 'in a few records' test "$(jq .denies <<<"$sum")" -lt 1000
}
denied() { seg -j stats | jq '.reasons[] | select(.reason == "no-rule") | .packets'; }
denied_are_told() {
	[ "$(seg -j records --dir "$BOX" --by reason |
		jq '[.[] | select(.kind == "deny") | .denied_packets] | add')" = "$(denied)" ]
}
scanned() { grep -q 'of 100000 sent' "$WORK/scan4" && grep -q 'of 100000 sent' "$WORK/scan6"; }

agent_topology
check 'the module and its ruleset' govern "$(policies | ruleset)"
test_kills
test_stall
test_denied
check 'the module unloads' unload
finish
