#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What tests/bench/run has the guest do: every case of the benchmark, one line each.
# simseg comes last: before it is loaded it can cost nobody anything.
#
# usage: SIMSEG_TOP=... SIMSEG_KO=... SEGCTL=... guest.sh
#        (tests/vm/guest sets these, and runs it)
#
# Its settings are in build/bench.settings: PLAN, lines "FAMILY DEVICES WHO...", and
# PACKETS, how many are measured at least.

set -u

TOP=${SIMSEG_TOP:?}
PLAN=
PACKETS=
VARIANTS=
TRACE=
# shellcheck source=/dev/null
. "$TOP/build/bench.settings"
# shellcheck source=tests/bench/world.sh
. "$TOP/tests/bench/world.sh"
# shellcheck source=tests/bench/peers.sh
. "$TOP/tests/bench/peers.sh"
# shellcheck source=tests/bench/simseg.sh
. "$TOP/tests/bench/simseg.sh"

plan() {
	local all start
	while read -ru 3 v n all; do
		for who in $all; do
			start=$SECONDS
			"bench_${who//-/_}"
			echo "# took $who IPv$v n=$n: $((SECONDS - start)) s of the guest" >&2
		done
	done
}

prepare 500000
short_names
plan 3<<<"$PLAN"
[ -z "$TRACE" ] || cp /proc/kallsyms "$SIMSEG_OUT/kallsyms"
world_down
simseg_unload || failed=1
exit $failed
