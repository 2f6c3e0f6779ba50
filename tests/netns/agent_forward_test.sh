#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: 6.12-long
#
# segctl agent --small --forward: a router with little flash has its black box in memory,
# and a copy of it elsewhere. The copy has each record once, and can be proven, also when
# old segments have gone here, when the line was down, and when the power fails.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/agent.sh
. "$(dirname "$0")/agent.sh"

POLICY_OF=([d1]=meter)
BOX=/run/simseg/audit
FAR=$WORK/far

# What the manual says a command has to do, to a directory that is far away.
copy_write() {
	mkdir "$FAR"
	cat >"$WORK/copy" <<-EOT
		set -e
		[ ! -e $WORK/down ]
		to=$FAR/\$(cut -c1-16 "\$SIMSEG_BOX/key.pub")
		mkdir -p "\$to/segments"
		cp "\$SIMSEG_BOX/checkpoints" "\$to/checkpoints.new"
		cp "\$SIMSEG_BOX/key.pub" "\$to/"
		cp -u "\$SIMSEG_BOX"/segments/*.seg "\$to/segments/"
		[ ! -e "\$SIMSEG_BOX/purged" ] || cp "\$SIMSEG_BOX/purged" "\$to/"
		mv "\$to/checkpoints.new" "\$to/checkpoints"
	EOT
}

forwarding_up() {
	spawn gw "$SEGCTL" agent --small --segment-records 200 --checkpoint 1s --keep-size 200K \
		--forward "sh $WORK/copy" 2>>"$WORK/agent.err"
	agent=$!
	wait_for 20 agent_answers && copy=$FAR/$(cut -c1-16 "$BOX/key.pub")
}

# The copy has each session that was opened, and its end.
copy_has() { [ "$("$TOP/tests/netns/box.py" "$copy" | jq -c '[.opens, .closes]')" = "[$1,$1]" ]; }
copy_is_proven() {
	local code=0
	seg audit verify "$copy" --key "$BOX/key.pub" || code=$?
	[ "$code" = 0 ] || [ "$code" = 3 ]
}

some() {
	opens "$1" 1000 >/dev/null
	cut_all
	wait_for 20 drained
}

test_forward() {
	copy_write
	check 'the agent runs' forwarding_up
	check 'the box is in memory' test -s $BOX/checkpoints
	check_not 'and not on the flash' test -e /var/lib/simseg/audit
	some 1000
	check 'the copy has all of it' wait_for 30 copy_has 1000
	check 'it is proven' copy_is_proven
}

test_line_down() {
	touch "$WORK/down"
	some 200
	check 'the line is down, and it says so' wait_for 20 \
		agent_said 'the command that forwards failed with exit code 1'
	check 'it goes on' agent_answers
	rm "$WORK/down"
	check 'it catches up' wait_for 30 copy_has 1200
}

test_cap() {
	check 'old segments go here' wait_for 150 kept_is_small
	check_not 'not before they were elsewhere' agent_said 'before it was forwarded'
	check 'the copy has them still' copy_has 1200
	check 'and is proven' copy_is_proven
}
kept_is_small() { [ "$(du -sk "$BOX/segments" | cut -f1)" -le 300 ]; }

# What was in memory is gone. The next box is another one, with a key of its own.
test_power() {
	local first=$copy
	agent_kill
	rm -rf $BOX
	box_is_whole "$copy" 1200
	check 'the agent begins a new box' forwarding_up
	check 'whose copy is another one' test "$copy" != "$first"
	some 100
	check 'it has what came since' wait_for 30 copy_has 100
	check 'and is proven' copy_is_proven
	check 'it ends' agent_down
	rm -rf $BOX
}

agent_topology
check 'the module and its ruleset' govern "$(policies | ruleset)"
test_forward
test_line_down
test_cap
test_power
check 'the module unloads' unload
finish
