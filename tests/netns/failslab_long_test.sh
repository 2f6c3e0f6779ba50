#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml-long
# warns: kernel/trace/trace_events.c
#
# No memory, for longer: what failslab_test.sh does, and what segctl only reads, before and
# after a change, has allocations that fail, too. A saved state: to restore it takes several
# changes, so that it may be in force in part; once more, and it is whole. And the module
# itself, which is loaded with its pools, or not at all.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/failslab.sh
. "$TOP/tests/netns/failslab.sh"

# Something of each kind.
something() {
	local why=(--for 1h --ticket T-1 --reason test)
	seg apply "$WORK/other.yaml" --open-pool fd64::/48 && seg attach 'wwan*' --side sim --mode none &&
		seg quarantine "$D1" --reason test --allow 10.20.0.9 --for 1h &&
		seg peer add clouds 10.20.0.9 --for 2h &&
		seg grant "$D3" out tcp/22 peer 10.20.0.5 --iif 'wwan*' "${why[@]}" &&
		seg grant "$D4" in tcp/80 peer masters "${why[@]}"
}

nothing() {
	seg revoke --ticket T-1 && seg release "$D1" --reason test && seg detach 'wwan*' &&
		seg apply "$WORK/base.yaml" --open-pool 10.65.0.0/16
}

test_restore() {
	check 'something of each kind' something
	check 'saved' seg save "$WORK/saved.yaml"
	check 'nothing of it' nothing
	# it opens no pool, so there must be none to open
	sed -i 's/^pools: \[/&"fd64::\/48", /' "$WORK/saved.yaml"
	check 'restored: once more, and it is whole' failnth -r -- "restore $WORK/saved.yaml" 'revoke --ticket T-1' "release $D1 --reason test" \
		'detach wwan*' "$BASE"
	note "$(tail -n 1 "$WORK/check")"
}

# A cache whose place in sysfs cannot be made keeps the name of that place: so does the
# kernel, whatever the module does. Nothing else may be lost, and this is forgotten.
only_names() {
	local leaks=/sys/kernel/debug/kmemleak
	echo scan >"$leaks"
	hold_for 6 true
	echo scan >"$leaks"
	cat "$leaks" >"$WORK/leaks"
	echo clear >"$leaks"
	[ "$(grep -c '^unreferenced' "$WORK/leaks")" = "$(grep -cE 'simseg_session(\.\.|_p)$' "$WORK/leaks")" ] || {
		cat "$WORK/leaks"
		return 1
	}
}

# A second namespace, in which the work is undone that was done for the first.
test_load() {
	ip netns add "${NSP}other" || bail 'no namespace'
	check 'loaded, and it governs, or not loaded' failload "$WORK/simseg.ko" \
		pools=10.64.0.0/16,fd64::/48
	note "$(tail -n 1 "$WORK/check")"
	ip netns del "${NSP}other"
	[ ! -e /sys/kernel/debug/kmemleak ] || check 'nothing is left of that' only_names
}

check 'the module and its ruleset' prepare
OPTIONS=(-a)
test_apply
seg apply --confirm-within 1h "$WORK/trial.yaml" >/dev/null 2>&1
test_trial_ends
seg revert >/dev/null
test_devices
test_peers
test_grants
test_quarantine
test_gate
test_sides
test_restore
check 'the module unloads' unload
test_load
finish
