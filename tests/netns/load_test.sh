#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml-long
#
# Loading and unloading a hundred times, with devices, sides and sessions each
# time, leaves nothing behind. What leaks or is used after it was freed the
# kernel says itself: KASAN at once, kmemleak at the end of the guest.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

LOADS=100

once() {
	govern || return
	reach d1 tcp/10.20.0.5/2404 tcp/fd20::5/2404 || return
	unload
}

test_loads() {
	local i
	for ((i = 0; i < LOADS; i++)); do
		once >"$WORK/once" 2>&1 || break
	done
	check_eq "$LOADS loads, each with sessions, and as many unloads" "$i" "$LOADS"
	[ "$i" = "$LOADS" ] || sed 's/^/# /' "$WORK/once"
}

# Nothing of the module may be left in what the kernel shows of it.
left_behind() {
	grep -h simseg /proc/modules /proc/slabinfo /proc/net/genetlink
	ls -d /sys/module/simseg
}

topology_up d1 scada
background scada probe serve tcp/2404 >/dev/null
POLICY_OF=([d1]=meter)
YAML=$(ruleset <<<'  meter: { out: [ { label: poll, proto: tcp, port: 2404, to: masters } ] }')
test_loads
check_eq 'nothing of it is left' "$(left_behind 2>/dev/null)" ''
finish
