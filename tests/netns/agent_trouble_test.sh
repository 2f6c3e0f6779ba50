#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: 6.12-long
#
# segctl agent where something is in its way: a disk that is full, a gate that is opened
# under it, more records than are to be kept, a clock that is set, or was never set, and a
# ring that is full for a minute.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/agent.sh
. "$(dirname "$0")/agent.sh"

POLICY_OF=([d1]=meter)

# The disk is full, and then it is not.
test_disk() {
	local lost
	BOX=$WORK/disk
	AGENT_ARGS=()
	seg disarm --reason 'other rings' >/dev/null
	mkdir "$BOX"
	mount -t tmpfs -o size=400k none "$BOX"
	check 'the agent runs on a small disk' agent_up
	seg arm >/dev/null
	wait_for 10 ring_is 4194304
	lost=$(status records_lost)
	opens 2500 10000 >/dev/null
	check 'it says that the disk is full' wait_for 10 agent_said 'No space left'
	check 'in the status as well' grep -q 'No space left' <<<"$(status agent.error)"
	check 'and goes on' kill -0 "$agent"
	check_eq 'once' "$(grep -c 'No space left' "$WORK/agent.err")" 1
	mount -o remount,size=8m "$BOX"
	check 'with room again it stores what waited' wait_for 20 drained
	check_eq 'none is lost' "$(status records_lost)" "$lost"
	cut_all
	wait_for 20 drained
	agent_down
	box_is_whole "$BOX" 2500
	umount "$BOX"
}

# It lets go of the module while simseg is disarmed, and comes back by itself.
test_disarm() {
	local before
	check 'the agent runs' agent_up
	seg disarm --reason 'a while' >/dev/null
	check 'the agent notices that it is disarmed' wait_for 10 agent_said 'taken away'
	rest 1.5
	before=$(ticks)
	rest 2
	check 'it rests' test $(($(ticks) - before)) -lt 60
	seg arm >/dev/null
	check 'it takes records again when it is armed' wait_for 10 agent_said 'there again'
	check 'it ends' agent_down
}
# Hundredths of a second that it has computed for.
ticks() { awk '{ print $14 + $15 }' "/proc/$agent/stat"; }

# What is more than is to be kept goes, whole segments at a time, and is told of.
test_keep() {
	BOX=$WORK/kept
	AGENT_ARGS=(--segment-records 200 --keep-size 200K)
	check 'the agent runs, with little to keep' agent_up
	opens 1500 1000 >/dev/null
	cut_all
	wait_for 20 drained
	check 'old segments go' wait_for 90 kept_is_small
	check 'and are told of' test -s "$BOX/purged"
	agent_down
}
kept_is_small() { [ "$(du -sk "$BOX/segments" | cut -f1)" -le 300 ]; }

# A record says whether its time of day can be true; the order of records is not of that
# clock.
test_clock() {
	local now
	BOX=$WORK/clock
	AGENT_ARGS=()
	check 'the agent runs' agent_up
	now=$(date +%s)
	date -s @1000 >/dev/null
	rest 2.5
	opens 5 1000 >/dev/null
	date -s "@$((now + 86400))" >/dev/null
	rest 2.5
	opens 10 1000 >/dev/null
	date -s "@$((now + 15))" >/dev/null
	cut_all
	check 'all is stored' wait_for 20 drained
	check 'it ends' agent_down
	box_is_whole "$BOX" 10
	check_eq 'records say which times cannot be true' \
		"$(seg -j records --dir "$BOX" --kind open --limit 0 |
			jq -sc '[flatten | group_by(.clock)[] | [.[0].clock, length]]')" \
		'[[false,5],[true,5]]'
	check 'it can be proven all the same' not_forged
}
not_forged() {
	seg audit verify "$BOX"
	[ $? -le 3 ]
}

test_minute() {
	BOX=$WORK/minute
	check 'the agent runs' agent_up
	kill -STOP "$agent"
	opens 30000 500 >/dev/null
	check 'made = delivered + waiting + lost' balanced
	check 'some wait' test "$(status records_waiting)" -gt 1000
	kill -CONT "$agent"
	check 'what waited is stored' wait_for 60 drained
	check 'and the sum is right' balanced
	cut_all
	check 'and their ends' wait_for 60 drained
	check 'it ends' agent_down
	box_is_told
}

agent_topology
check 'the module and its ruleset' govern "$(policies | ruleset)"
test_disk
BOX=$WORK/disarmed
test_disarm
test_keep
test_clock
test_minute
check 'the module unloads' unload
finish
