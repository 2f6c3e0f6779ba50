#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: 6.12 6.1
#
# segctl agent: every record is stored once, however often the agent is killed; what is
# lost when a ring is full is told to the last record; monitors get what is stored.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/agent.sh
. "$(dirname "$0")/agent.sh"

POLICY_OF=([d1]=meter [d2]=meter)

# Under load it is killed again and again; the sum is that of one that never was.
test_kill() {
	local flood
	check 'the agent runs' agent_up
	check_not 'a second one is refused' seg agent --dir "$BOX" --socket "$WORK/other.sock"
	opens 3000 1000 >/dev/null &
	flood=$!
	for _ in 1 2 3; do
		rest 0.7
		agent_kill
		agent_start
	done
	wait "$flood"
	check 'all sessions end' cut_all
	check 'the last of them stores the rest' wait_for 30 drained
	check 'the index follows' wait_for 30 indexed
	check 'records and counters are equal' seg audit reconcile --dir "$BOX"
	check_eq 'of every row' "$(seg -j audit reconcile --dir "$BOX" | jq -r .result)" equal
	check 'it ends with status 0' agent_down
	box_is_whole "$BOX" 3000
	check 'and can be proven, but for what was lost before it ran' proven_but_for_losses
	check 'the index takes in the rest' seg audit reindex "$BOX"
	check_eq 'it finds them all' \
		"$(seg -j records --dir "$BOX" --kind open --limit 0 | jq -s 'flatten | length')" \
		"$("$TOP/tests/netns/box.py" "$BOX" | jq .opens)"
}

proven_but_for_losses() {
	seg audit verify "$BOX"
	[ $? = 3 ]
}
indexed() { [ "$(status agent.index_lag)" = 0 ]; }

# The ruleset in force can be read by the hash that the records have.
test_rulesets() {
	local hash
	hash=$(status hash)
	check 'the ruleset is kept' test -s "$BOX/rulesets/$hash.yaml"
	check 'and is one' seg apply --dry-run "$BOX/rulesets/$hash.yaml"
}

# A ring of 327 records and one of 20 denies. It is told to the last record what the
# full one has cost, and denies take no room from the rest.
test_full() {
	local before
	BOX=$WORK/full
	AGENT_ARGS=(--ring 64K --deny-ring 4K)
	seg disarm --reason 'other rings' >/dev/null
	check 'the agent runs although simseg is disarmed' agent_up
	check 'it says so' agent_said 'simseg is disarmed'
	check 'it takes records as soon as it is armed' seg arm
	check 'from a ring of that size' wait_for 10 ring_is 65536
	wait_for 10 drained
	before=$(status records_lost)
	kill -STOP "$agent"
	on d2 flood -r 2000 -n 2000 source 10.64.0.12 10.20.0.5 161 >/dev/null
	check 'denies are lost' wait_for 20 denies_are_full
	opens 200 2000 >/dev/null
	check_eq 'but no session' "$(status records_waiting)" 0
	cut_all
	opens 3000 10000 >/dev/null
	check 'made = delivered + waiting + lost' balanced
	check 'some wait' test "$(status records_waiting)" -gt 1000
	check 'some are lost' test "$(status records_lost)" -gt $((before + 300))
	kill -CONT "$agent"
	check 'what waited is stored' wait_for 30 drained
	check 'and the sum is right' balanced
	cut_all
	wait_for 30 drained
	agent_down
	box_is_told
	check_eq 'no end of a session is' "$("$TOP/tests/netns/box.py" "$BOX" | jq .told_close)" 0
}
denies_are_full() { [ "$(status ring.deny_used)" -ge 4000 ]; }

# Filters, and a monitor that comes through the socket.
test_monitor() {
	# what its unit leaves it
	AGENT_RUN=(setpriv --no-new-privs "--bounding-set=-all,+bpf,+perfmon,+net_admin")
	check 'the agent runs with three capabilities' agent_up
	check 'it has no more' grep -qx 'CapEff:.000000c000001000' "/proc/$agent/status"
	spawn gw "$SEGCTL" -j monitor --verdict allow --peer 10.20.0.0/24 --policy meter >"$WORK/allowed"
	spawn gw "$SEGCTL" -j monitor --verdict deny --device "${ICCID[d2]}" >"$WORK/denied"
	check 'two monitors' wait_for 10 monitors 2
	opens 10 1000 >/dev/null
	on d2 flood -r 100 -n 3 udp 10.64.0.12 10.20.0.5 9 >/dev/null
	check 'one sees sessions' wait_for 10 lines "$WORK/allowed" 10
	check 'the other denies' wait_for 10 lines "$WORK/denied" 1
	check_eq 'and nothing else' "$(jq -rs 'map(.kind) | unique | join(" ")' "$WORK/allowed" "$WORK/denied")" \
		'deny open'
	check_not 'no such reason' seg monitor --reason nonsense
	check_not 'no such verdict' seg monitor --verdict maybe
}

lines() { [ "$(wc -l <"$1")" -ge "$2" ]; }

# Others see the records as well: perf, trace-cmd, bpftrace, or by hand.
test_trace() {
	local trace=/sys/kernel/tracing
	mount -t tracefs none $trace 2>/dev/null
	echo 1 >"$trace/events/simseg/simseg_record/enable"
	cut_all
	opens 1 1000 >/dev/null
	check 'the tracepoint is an event for everybody' wait_for 5 \
		grep -q 'simseg_record: .*kind=open' "$trace/trace"
	echo 0 >"$trace/events/simseg/simseg_record/enable"
}

agent_topology
check 'the module and its ruleset' govern "$(policies | ruleset)"
test_kill
test_rulesets
test_full
BOX=$WORK/monitored
AGENT_ARGS=()
test_monitor
test_trace
check 'it ends' agent_down
check 'the module unloads' unload
finish
