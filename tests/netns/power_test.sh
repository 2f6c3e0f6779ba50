#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: 6.12-long
#
# The power fails while the agent stores, again and again: the black box lies on a disk of
# its own, every write to which is logged. Made anew from that log are disks as a cut at a
# random moment leaves them: what was flushed is there, what was not may be, each sector
# for itself. In every one of them the box has all that was told to be stored, nothing
# else, and no sign of tampering; with every third one the next boot's agent goes on,
# behind an end of zeroes as well, as file systems leave it that write sizes before data.
#
# ROUNDS: how many cuts; SEED: which ones.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/agent.sh
. "$(dirname "$0")/agent.sh"

POLICY_OF=([d1]=meter [d2]=meter)
CUTS=${ROUNDS:-9}
SEED=${SEED:-$RANDOM}
BOOT_ID=/proc/sys/kernel/random/boot_id
LINGER=100000000 # ns: batches are so far apart, says agent.md
DISK_NS=2000000000 # what an emulated disk may take to answer, at most

export DM_DISABLE_UDEV=1 # no one else makes the device's name here
LOGGED=simseg-power
DISK=$WORK/disk

# ---- the disk ----------------------------------------------------------------

loop_up() { losetup -f --show "$1"; }

disk_up() {
	local sectors=$((96 << 11))
	modprobe -a loop ext4 dm-log-writes || return
	truncate -s 96M "$DISK.img"
	truncate -s 512M "$WORK/log"
	mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 "$DISK.img"
	cp --sparse=always "$DISK.img" "$WORK/before.img"
	data=$(loop_up "$DISK.img") && log=$(loop_up "$WORK/log") || return
	dmsetup create "$LOGGED" --table "0 $sectors log-writes $data $log" || return
	mkdir -p "$DISK"
	mount "/dev/mapper/$LOGGED" "$DISK"
}

# The log is whole when the device is gone.
disk_down() {
	umount "$DISK" && dmsetup remove "$LOGGED" && losetup -d "$data" "$log"
}

at_exit() {
	local status=$?
	umount "$DISK" "$BOOT_ID" 2>/dev/null
	dmsetup remove "$LOGGED" 2>/dev/null
	losetup -D
	(exit "$status")
	on_exit
}
trap at_exit EXIT

# ---- before the cut ------------------------------------------------------------

# All that was told to be stored before it is on the disk: how many records a monitor
# has, how many checkpoints the anchor, and when that was.
mark() {
	local told anchored
	told=$(wc -l <"$WORK/told")
	anchored=$(wc -l <"$WORK/anchor")
	dmsetup message "$LOGGED" 0 mark "$told,$anchored,$(stamp now)"
}

# Sessions begin and end and denies are counted; the box seals one segment after another.
test_traffic() {
	local flood
	BOX=$DISK/box
	AGENT_ARGS=(--checkpoint 1s --segment-records 700 --anchor "$WORK/anchor")
	check 'the agent stores on a disk of its own' agent_up
	spawn gw "$SEGCTL" -j monitor >"$WORK/told"
	wait_for 10 monitors 1
	opens 4000 200 >/dev/null &
	flood=$!
	on d2 flood -r 50 -n 1000 source 10.64.0.12 10.20.0.5 161 >/dev/null &
	wait_for 20 told 200
	while kill -0 "$flood" 2>/dev/null; do
		mark
	done
	cut_all
	wait_for 30 drained
	mark
	agent_kill
	check 'the disk is taken away' disk_down
	check 'a monitor was told of thousands of records' told 5000
}
told() { [ "$(wc -l <"$WORK/told")" -ge "$1" ]; }

# ---- behind it -----------------------------------------------------------------

# The machine has started again: another boot, and the module counts anew.
boot_again() {
	unload || return
	cat /proc/sys/kernel/random/uuid >"$WORK/boot_id"
	mount --bind "$WORK/boot_id" "$BOOT_ID"
	govern "$WORK/ruleset.yaml"
}

# cut_up SEED: mounts the disk as that cut has left it; $told $anchored $when: the mark.
cut_up() {
	local mark
	cp --sparse=always "$WORK/before.img" "$WORK/cut.img"
	"$TOP/tests/netns/powercut.py" "$WORK/log" "$WORK/cut.img" "$1" >"$WORK/cut" || return
	mark=$(jq -r .mark "$WORK/cut")
	IFS=, read -r told anchored when <<<"$mark"
	head -n "$anchored" "$WORK/anchor" >"$WORK/anchored"
	head -n "$told" "$WORK/told" | jq -r '.seq // empty' >"$WORK/promised"
	cut_disk=$(loop_up "$WORK/cut.img") && mount "$cut_disk" "$DISK"
}
cut_down() { umount "$DISK" && e2fsck -fn "$cut_disk" && losetup -d "$cut_disk"; }

# verdict ANCHOR: what verify says, and its exit status in $code.
verdict() {
	code=0
	seg audit verify "$DISK/box" --anchor "$1" >"$WORK/verdict" || code=$?
	cat "$WORK/verdict"
}

# 0: proven, 3: but for what it names, which is what is not sealed yet; never 6.
untampered() {
	local code
	verdict "$1"
	[ "$code" = 0 ] || [ "$code" = 3 ]
}

# What was made so long before the last mark has to be on the disk, told or not.
due() {
	jq -r --argjson until $((when - LINGER - DISK_NS)) \
		'select(.seq and .time_ns and .time_ns <= $until) | .seq' "$WORK/told" >"$WORK/due"
	"$TOP/tests/netns/box.py" "$DISK/box" "$WORK/due" | jq .lacking
}

test_cut() {
	local sum
	check "cut $1: the disk can be read" cut_up "$SEED-$1"
	note "$(cat "$WORK/cut")"
	sum=$("$TOP/tests/netns/box.py" "$DISK/box" "$WORK/promised")
	note "$(jq -c '[.records, .lacking, .missing, .told, .unwritten]' <<<"$sum") of $told that were told"
	check_eq "cut $1: all that was told to be stored is, once, chained and in order" \
		"$(jq -c '[.lacking, .twice, .missing - .told, .ordered]' <<<"$sum")" '[0,0,0,true]'
	check_eq "cut $1: no more is lost than the last moment" "$(due)" 0
	note "$(wc -l <"$WORK/due") were made $(((LINGER + DISK_NS) / 1000000)) ms before, or earlier"
	check "cut $1: nothing looks like tampering" untampered "$WORK/anchored"
	if ((cut % 3 == 0)); then test_goes_on "$1"; fi
	check "cut $1: the file system is whole" cut_down
}

# Its last segment has got its size, but not the bytes: nobody has forged that, unless there
# is something behind them.
unwritten() {
	local code
	truncate -s "+$1" "$(last_segment)"
	verdict "$2"
	[ "$code" = 3 ] && grep -q 'zero bytes that were never written' "$WORK/verdict"
}
something_behind() {
	local code
	printf x >>"$(last_segment)"
	verdict "$1"
	truncate -s -1 "$(last_segment)"
	[ "$code" = 6 ]
}
last_segment() { printf '%s\n' "$DISK"/box/segments/*.seg | tail -n 1; }

# The next boot's agent, with what it finds.
test_goes_on() {
	local before
	BOX=$DISK/box
	AGENT_ARGS=(--checkpoint 1s --segment-records 700 --anchor "$WORK/anchored")
	before=$("$TOP/tests/netns/box.py" "$BOX" | jq .records)
	check "cut $1: an end that was never written is told as that" unwritten 5000 "$WORK/anchored"
	check "cut $1: with something behind it, as forged" something_behind "$WORK/anchored"
	check "cut $1: the next agent goes on" agent_up
	opens 20 1000 >/dev/null
	cut_all
	check "cut $1: it stores what comes" wait_for 20 drained
	check "cut $1: the index has each session, and no other" wait_for 90 indexed
	check "cut $1: it ends" agent_down
	check "cut $1: the box has grown" \
		test "$("$TOP/tests/netns/box.py" "$BOX" | jq .records)" -ge $((before + 40))
	check "cut $1: and is proven" untampered "$WORK/anchored"
	check_eq "cut $1: it is chained" "$("$TOP/tests/netns/box.py" "$BOX" | jq .chained)" true
}
# What it lags by is asked first: the rest is work that keeps the index from its own.
indexed() {
	[ "$(status agent.index_lag)" = 0 ] || return
	[ "$(seg -j records --dir "$BOX" --kind open --limit 0 | jq -s 'flatten | length')" = \
		"$("$TOP/tests/netns/box.py" "$BOX" | jq .opens)" ]
}

note "SEED=$SEED"
agent_topology
check 'the module and its ruleset' govern "$(policies | ruleset)"
check 'a disk whose writes are logged' disk_up
test_traffic
check 'the machine starts again' boot_again
for ((cut = 1; cut <= CUTS; cut++)); do
	test_cut "$cut"
done
check 'the module unloads' unload
finish
