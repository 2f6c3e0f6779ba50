#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: 6.12-long
#
# segctl agent where something is in its way: a disk that is full, a gate that is opened
# under it, and more records than are to be kept.

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
# What is more than is to be kept goes, whole segments at a time; what is held does not.
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

agent_topology
check 'the module and its ruleset' govern "$(policies | ruleset)"
test_disk
BOX=$WORK/disarmed
test_disarm
test_keep
check 'the module unloads' unload
finish
