#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: icount
#
# What one device's flood costs, in instructions: the packets of another device
# cost the same as without it, and a flood packet costs no more than a deny: on the
# floor alone, where each packet takes the longest way, and with XDP.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

POLICY_OF=([d1]=talker [d2]=talker)
SETTINGS='{ device_half_open: 64, device_sessions: 128, half_open: 1024 }'

# within HAVE WANT PERCENT
within() { [ $(($1 * 100)) -le $(($2 * $3)) ]; }

# cost KIND FAMILY: sets $alone, $deny, $amid, $flood.
cost() {
	local v=$2
	read -r alone deny amid flood < <(on d1 cost "$1" "$("addr$v" d1)" "$("addr$v" scada)" \
		"${NSP}d2" "$("addr$v" d2)")
	note "$1, IPv$v: alone $alone, deny $deny, amid the flood $amid, flood packet $flood"
}

topology_up d1 d2 scada
on scada nft add table inet sink
on scada nft add chain inet sink in '{ type filter hook input priority 0; policy drop; }'
nft flush ruleset
RULES='  talker: { out: [ { label: data, proto: udp, port: 5000, to: masters } ] }'
check 'the module and its ruleset' govern "$(ruleset <<<"$RULES")"
for mode in none auto; do
	for dev in 'wwan*' net0; do
		seg detach "$dev" >/dev/null 2>&1
	done
	seg attach 'wwan*' --side sim --mode "$mode" >/dev/null
	seg attach net0 --side net --mode "$mode" >/dev/null
	note "XDP: $mode"
	for kind in allowed denied source; do
		for v in 4 6; do
			cost "$kind" "$v"
			check "$kind, IPv$v, XDP $mode: others pay at most 5 % more" within "$amid" "$alone" 105
			# forged sources are judged in XDP by more than a known one, flood or not
			[ "$mode,$kind" = auto,source ] ||
				check "$kind, IPv$v, XDP $mode: a flood packet costs no more than a deny" \
					within "$flood" "$deny" 105
		done
	done
done
check 'the counters add up' identity_settles
check 'the module unloads' unload
finish
