#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: icount
#
# The short form of the benchmark: what the main cases cost, in plain forwarding or bare
# redirects of the same run, is at most 3 % more than tests/bench/ratios says.

set -u

TOP=${SIMSEG_TOP:?}
PACKETS=2000
# shellcheck source=tests/bench/world.sh
. "$TOP/tests/bench/world.sh"
# shellcheck source=tests/bench/peers.sh
. "$TOP/tests/bench/peers.sh"
# shellcheck source=tests/bench/simseg.sh
. "$TOP/tests/bench/simseg.sh"

v=4
n=100
tests=0

measure() {
	world_up
	established forward/established
	world_up
	"$BENCH" attach bench-gw g0 redirect g1
	established xdp/established/redirect
	simseg_up floor
	established simseg/established/floor
	simseg_listen
	new simseg/new/floor
	simseg_heard floor
	simseg_up pass
	established simseg/established/pass
	unlisted simseg/deny-unlisted/pass
	simseg_up redirect
	established simseg/established/redirect
	world_down
}

verdict() {
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then echo "ok $tests $2"; else echo "not ok $tests $2"; failed=1; fi
}

declare -A cost

# guard NAME BASE RATIO: in thousandths of what BASE costs.
guard() {
	local have=$((${cost[$1]:-0} * 1000 / ${cost[$2]:-1}))
	[ "$have" -gt 0 ] && [ $((have * 100)) -le $(($3 * 103)) ]
	verdict $? "$1: $have thousandths of $2, at most 3 % above $3"
	[ $((have * 100)) -ge $(($3 * 97)) ] || note "$1: better than tests/bench/ratios says"
}

prepare 500000
measure >/run/bench-ratio
while IFS=$'\t' read -r word name instructions _; do
	if [ "$word" = case ]; then cost[${name%/n=*}]=$instructions; else echo "$word"; fi
done </run/bench-ratio
while read -r name base ratio; do guard "$name" "$base" "$ratio"; done \
	< <(grep -v '^#' "$TOP/tests/bench/ratios")
simseg_unload
verdict $? 'the module unloads'
echo "1..$tests"
exit $failed
