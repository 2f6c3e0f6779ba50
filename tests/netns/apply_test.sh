#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml
# takes: 170
#
# Changing what is in force: what a file would change is shown before, what is in
# force already stays as it is, a ruleset on trial goes back by itself, and nobody
# is locked out by a slip. Numbered streams run all the time: one that stays allowed
# loses no packet, one that is not allowed gets none through.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/numbers.sh
. "$TOP/tests/netns/numbers.sh"

POLICY_OF=([d1]=meter [d2]=meter)
MORE=	# one more rule of meters
policies() {
	cat <<-EOF
		  meter:
		    out:
		      - { label: data, proto: udp, port: 5000-5009, to: masters }
		      $MORE
	EOF
}
WINDOW='- { label: window, proto: udp, port: 6000-6009, to: masters }'

# file NAME [RULE]: a ruleset file, with one more rule.
file() {
	MORE=${2-}
	policies | ruleset >/dev/null
	mv "$WORK/ruleset.yaml" "$WORK/$1.yaml"
}

# without_devices NAME: the same file, which leaves devices alone.
without_devices() { sed -i '/^devices:/,$d' "$WORK/$1.yaml"; }

on_trial() { [ "$(status trial_ns)" != 0 ]; }
back() { ! on_trial; }

# refuses CODE WORDS COMMAND...: with this exit status, these words, and no change.
refuses() {
	local want=$1 words=$2 before out code=0
	shift 2
	before=$(fingerprint)
	out=$("$@" 2>&1) || code=$?
	echo "$out"
	[ "$code" = "$want" ] && [[ $out = *$words* ]] && [ "$(fingerprint)" = "$before" ]
}

# ---- what would change, and what does not --------------------------------------

test_unchanged() {
	local before
	before=$(fingerprint)
	check 'the same file once more: unchanged' grep -q 'unchanged, generation' \
		<(seg apply "$WORK/base.yaml")
	check_eq 'nothing has changed' "$(fingerprint)" "$before"
	check_eq 'diff says so, too' "$(seg diff "$WORK/base.yaml" | cut -d: -f1)" unchanged
	check 'the same by a dry run' grep -q '^unchanged:' <(seg apply --dry-run "$WORK/base.yaml")
}

test_diff() {
	local before
	before=$(fingerprint)
	sed -e 's/port: 5000-5009/port: 5001-5009/' -e 's/deny_interval: 1/deny_interval: 2/' \
		-e "/${ICCID[d2]}/d" "$WORK/base.yaml" >"$WORK/other.yaml"
	seg diff "$WORK/other.yaml" >"$WORK/diff"
	check 'diff: a setting' grep -qx '~ setting deny_interval: 1 -> 2' "$WORK/diff"
	check 'diff: a rule that goes' grep -qx -- \
		'- policy meter: out udp 5000-5009 to masters, label data' "$WORK/diff"
	check 'diff: a rule that comes' grep -qx \
		'+ policy meter: out udp 5001-5009 to masters, label data' "$WORK/diff"
	check 'diff: a device that goes' grep -qx -- "- device ${ICCID[d2]}" "$WORK/diff"
	check 'diff: and what that cuts' grep -q '1 removed.* 3 sessions cut' "$WORK/diff"
	check_eq 'diff, JSON' "$(seg -j diff "$WORK/other.yaml" |
		jq -c '[(.changes | length), .receipt.removed, .receipt.sessions]')" '[4,1,3]'
	check_eq 'diff has changed nothing' "$(fingerprint)" "$before"
	check 'others lose nothing' lossless 5000 5001
}

# ---- on trial --------------------------------------------------------------------

test_confirm() {
	local before
	before=$(status hash)
	check 'on trial' seg apply --confirm-within 15s "$WORK/window.yaml"
	check 'status says so' grep -q '^ON TRIAL' <(seg status)
	check 'and counts down' test "$(status trial_ns)" -le 15000000000
	check 'nothing else may be applied meanwhile' refuses 2 'confirm or revert it first' \
		seg apply "$WORK/base.yaml"
	check 'nor flushed' refuses 2 'confirm or revert it first' seg flush
	stream d1 4 6000
	stream d1 6 6001
	check 'what it allows passes, IPv4' wait_for 5 flows 6000 10
	check 'what it allows passes, IPv6' wait_for 5 flows 6001 10
	check 'nobody confirms: the one before is back' wait_for 17 back
	check_eq 'by its hash' "$(status hash)" "$before"
	note "in force everywhere after $(status settled_ns) ns"
	check 'what it alone allowed is cut, IPv4' stopped 6000
	check 'what it alone allowed is cut, IPv6' stopped 6001
	check 'nothing is left to confirm' refuses 4 'no ruleset is on trial' seg confirm
	check 'once more' seg apply --confirm-within 15s "$WORK/window.yaml"
	check 'confirmed' seg confirm
	before=$(status hash)
	check 'it stays' hold_for 16 hash_is "$before"
	check 'others lose nothing' lossless 5000 5001 5002 5003
	check 'the former one again' seg apply "$WORK/base.yaml"
}
hash_is() { [ "$(status hash)" = "$1" ]; }

# A window closes with every process dead; the clock on the wall may be set.
test_window() {
	local before now
	before=$(status hash)
	check 'a change window' seg apply --revert-after 10s "$WORK/window.yaml"
	check 'it cannot be confirmed' refuses 2 'ends in any case' seg confirm
	check 'what it allows passes' wait_for 5 flows 6000 "$(arrived 6000)"
	now=$(date +%s)
	date -s "@$((now - 86400))" >/dev/null
	check 'the clock is set back: it closes all the same' wait_for 12 back
	date -s "@$((now + 86400))" >/dev/null
	check_eq 'the former one is in force' "$(status hash)" "$before"
	check 'what it alone allowed is cut' stopped 6000
	check 'a window' seg apply --revert-after 1d "$WORK/window.yaml"
	check 'the clock is set forward: it stays open' hold_for 1 on_trial
	date -s "@$now" >/dev/null
	check 'it is closed at once' seg revert
	check_eq 'the former one is in force again' "$(status hash)" "$before"
	check 'what it alone allowed is cut again' stopped 6000
	check 'others lose nothing' lossless 5000 5001 5002 5003
}

test_trial_refused() {
	check 'no such time' refuses 1 'bad duration' seg apply --confirm-within 3x "$WORK/window.yaml"
	check 'no time at all' refuses 1 'bad duration' seg apply --revert-after 0s "$WORK/window.yaml"
	check 'not both' refuses 1 'exclude each other' \
		seg apply --confirm-within 3s --revert-after 3s "$WORK/window.yaml"
	sed "/${ICCID[d2]}/d" "$WORK/window.yaml" >"$WORK/fewer.yaml"
	check 'a file with other devices' refuses 2 'would not go back' \
		seg apply --confirm-within 3s "$WORK/fewer.yaml"
	without_devices window
	check 'a file without devices may be tried' seg apply --confirm-within 30s "$WORK/window.yaml"
	check 'and taken back' seg revert
	check 'nothing is left to revert' refuses 4 'no ruleset is on trial' seg revert
}

# ---- nobody is locked out ----------------------------------------------------------

# ssh_from ADDR COMMAND...: as if it came over SSH from there.
ssh_from() {
	local from=$1
	shift
	SSH_CONNECTION="$from 40000 10.20.0.1 22" "$@"
}

test_lockout() {
	sed 's/^pools: \[/&10.21.0.0\/24, /' "$WORK/base.yaml" >"$WORK/lockout.yaml"
	check 'a pool that takes in where the operator comes from' \
		refuses 2 'would cut the connection' ssh_from 10.21.0.99 seg apply "$WORK/lockout.yaml"
	check 'the dry run says so' refuses 2 'would cut the connection' \
		ssh_from 10.21.0.99 seg apply --dry-run "$WORK/lockout.yaml"
	check 'on trial it may be done' ssh_from 10.21.0.99 seg apply --confirm-within 30s \
		"$WORK/lockout.yaml"
	check 'and taken back' seg revert
	sed -i 's/^pools:/failsafe: [10.21.0.0\/25]\n&/' "$WORK/lockout.yaml"
	check 'a failsafe prefix in a pool' refuses 2 'a failsafe prefix lies in a pool' \
		seg apply "$WORK/lockout.yaml"
	check 'who comes from elsewhere may apply' ssh_from 198.51.100.1 seg apply "$WORK/base.yaml"
}

# ---- half an upload ------------------------------------------------------------------

# Killed at one of its system calls that send, later and later, until it gets through.
test_killed() {
	local before n=1 got=0
	before=$(fingerprint)
	while [ "$got" = 0 ] && [ "$n" -lt 100 ]; do
		{
			strace -f -qq -o /dev/null -e trace=sendto,sendmsg \
				-e inject=sendto,sendmsg:signal=KILL:when="$n" \
				"$SEGCTL" apply "$WORK/window.yaml"
		} >/dev/null 2>&1
		[ "$(fingerprint)" = "$before" ] || got=$n
		n=$((n + 4))
	done
	note "it got through when killed at call $got"
	check 'killed at some steps before it gets through' test "$got" -gt 5
	check 'what got through is whole' grep -q '^unchanged' <(seg diff "$WORK/window.yaml")
	check 'the former one again' seg apply "$WORK/base.yaml"
	check 'others lose nothing' lossless 5000 5001 5002 5003
}

# Two writers at once: whoever is late is told, and each result is whole.
test_race() {
	local code ok=0 stale=0 other=0
	for _ in {1..20}; do
		seg apply "$WORK/base.yaml" >/dev/null 2>"$WORK/race.a" &
		code=0
		seg apply "$WORK/window.yaml" >/dev/null 2>"$WORK/race.b" || code=$?
		wait $! || code=$((code + $?))
		if [ "$code" = 0 ]; then
			ok=$((ok + 1))
		elif grep -q 'has changed since it was read' "$WORK/race.a" "$WORK/race.b"; then
			stale=$((stale + 1))
		else
			other=$((other + 1))
			cat "$WORK/race.a" "$WORK/race.b"
		fi
	done
	note "$ok times both, $stale times one was late"
	check_eq 'two writers: nothing else happens' "$other" 0
	check 'the result is whole' one_of_both
	check 'the former one again' seg apply "$WORK/base.yaml"
}
one_of_both() {
	grep -q '^unchanged' <(seg diff "$WORK/base.yaml") ||
		grep -q '^unchanged' <(seg diff "$WORK/window.yaml")
}

topology_up d1 d2 scada
nft flush chain inet gateway nat
file base
file window "$WINDOW"
check 'the module and its ruleset' govern "$WORK/base.yaml"
stream d1 4 5000
stream d1 6 5001
stream d2 4 5002
stream d2 6 5003
for port in 5000 5001 5002 5003; do
	check "stream $port runs" wait_for 10 flows "$port" 5
done
test_unchanged
test_diff
test_confirm
test_window
test_killed
test_race
test_trial_refused
test_lockout
check 'in the end nothing was lost' lossless 5000 5001 5002 5003
kill "${sender[@]}"
check 'the counters add up' identity_settles
check 'the module unloads' unload
finish
