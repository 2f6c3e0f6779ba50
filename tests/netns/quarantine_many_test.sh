#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml-long
#
# Ten thousand devices in one request: with a session of each and family, all of
# them or none, and how long it takes. Times count where no checker slows it all.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

N=${DEVICES_N:-10000}

# Where flood's sources lie: the low 16 bits of an address, from 1024 on.
devices() {
	awk -v n="$N" 'BEGIN {
		for (i = 0; i < n; i++) {
			a = 1024 + i
			printf "  - { iccid: \"89882280%011d\", policy: many, addr: [10.64.%d.%d, \"fd64::%x\"], dev: wwan0 }\n",
				i, a / 256, a % 256, a
		}
	}'
}

file() {
	cat <<-EOF
		version: 1
		pools: [10.64.0.0/16, "fd64::/48"]
		settings: { half_open: 40000, udp_new: 300 }
		policies:
		  many: { out: [ { label: all, to: any } ] }
		  idle: {}
		devices:
	EOF
	devices
}

iccids() { seg -j device list | jq -r '.[].iccid'; }
out() { jq "$1" "$WORK/out"; }
ms() { echo "$(($(out "$1") / 1000000)) ms"; }

# cut NAME SESSIONS ARGUMENT...: quarantine, and what the receipt says.
cut() {
	local name=$1 sessions=$2 start
	shift 2
	start=$(stamp now)
	seg -j quarantine "$@" --reason test >"$WORK/out" 2>"$WORK/err"
	note "$name: request to receipt $(ms .receipt.duration_ns), the whole command" \
		"$((($(stamp now) - start) / 1000000)) ms"
	check_eq "$name: devices, sessions" "$(out '[.receipt.devices, .receipt.sessions]' |
		tr -d ' \n')" "[$N,$sessions]"
	check_eq "$name: all are" "$(status quarantined)" "$N"
	[ -e /sys/kernel/debug/kmemleak ] ||
		check "$name: within 100 ms" test "$(out .receipt.duration_ns)" -le 100000000
}

all_free() { [ "$(status quarantined)" = 0 ]; }

topology_up d1 scada
file >"$WORK/many.yaml"
check 'the module and its ruleset' govern "$WORK/many.yaml"
cut 'a policy, idle' 0 --policy many
check 'release of a policy' seg release --policy many --reason test
check_eq 'nobody is quarantined' "$(status quarantined)" 0
on d1 flood -r 20000 -n "$N" source 10.64.0.11 10.20.0.5 5000
on d1 flood -r 20000 -n "$N" source fd64::11 fd20::5 5000
check 'a session of each device and family' test "$(status sessions)" -eq $((2 * N))
cut 'a policy, with sessions' $((2 * N)) --policy many --for 1h
check_eq 'no session is left' "$(status sessions)" 0
check 'release of a policy with deadlines' seg release --policy many --reason test
check_eq 'no deadline is left' "$(status deadline_ns)" 0
iccids >"$WORK/list"
{
	cat "$WORK/list"
	echo 8988228999999999999
} >"$WORK/bad"
check_not 'a list with a stranger at its end' seg quarantine - --reason test <"$WORK/bad"
check_eq 'nobody is quarantined' "$(status quarantined)" 0
cut 'a list' 0 - <"$WORK/list"
check 'release of a list' seg release - --reason test <"$WORK/list"
check 'all for two seconds' seg quarantine --policy many --for 2s --reason test
check 'they end by themselves' wait_for 5 all_free
check 'the module unloads' unload
finish
