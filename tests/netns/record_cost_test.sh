#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: icount
#
# What a record costs, in instructions: the first packet of a session with the record
# program attached, and without.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

POLICY_OF=([d1]=talker [d2]=talker)
SETTINGS='{ device_half_open: 60000, device_sessions: 60000, half_open: 60000 }'

# opening FAMILY: what the first packet of a session costs.
opening() {
	on d1 cost -n 1000 -b 1 allowed "$("addr$1" d1)" "$("addr$1" scada)" "${NSP}d2" \
		"$("addr$1" d2)" | cut -d ' ' -f 4
}
anew() {
	seg quarantine "${ICCID[d1]}" --reason again >/dev/null
	seg release "${ICCID[d1]}" --reason again >/dev/null
}

topology_up d1 d2 scada
on scada nft add table inet sink
on scada nft add chain inet sink in '{ type filter hook input priority 0; policy drop; }'
nft flush ruleset
RULES='  talker: { out: [ { label: data, proto: udp, port: 5000-6000, to: masters } ] }'
check 'the module and its ruleset' govern "$(ruleset <<<"$RULES")"
declare -A without with
for v in 4 6; do
	without[$v]=$(opening $v)
done
anew
check 'the record program' timeout --preserve-status -s INT 5 "$SEGCTL" monitor
check 'is there' test "$(status ring.size)" -gt 0
lost=$(status records_lost)
for v in 4 6; do
	with[$v]=$(opening $v)
	note "IPv$v: a session's first packet ${without[$v]}, with its record ${with[$v]}:" \
		"$((with[$v] - without[$v])) more"
	check "IPv$v: a record costs at most 365 instructions" \
		test $((with[$v] - without[$v])) -le 365
done
check_eq 'each was taken' "$(status records_lost)" "$lost"
anew
check 'the module unloads' unload
finish
