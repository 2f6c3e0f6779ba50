#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: 6.12-long
#
# The agent is killed 200 times while one device opens session after session: every
# record that was made is in the box once, whatever it was about to do. It is stalled
# while 20,000 sessions begin, and a monitor is stalled for longer: none is lost.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/agent.sh
. "$(dirname "$0")/agent.sh"

POLICY_OF=([d1]=meter)
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

agent_topology
check 'the module and its ruleset' govern "$(policies | ruleset)"
test_kills
test_stall
check 'the module unloads' unload
finish
