#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: icount
#
# IEC 60870-5-104 associations that are silent for hours: tested within the
# timeout of established sessions (7,440 s, RFC 5382) they stay as they are, tested
# later they are gone. Nothing of this guest is busy, so its clock leaps.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/flows.sh
. "$TOP/tests/netns/flows.sh"
# shellcheck source=tests/netns/streams.sh
. "$TOP/tests/netns/streams.sh"

HOURS=6
declare -A master

# associate DEVICE FAMILY T3: SCADA with it; the next value comes in $HOURS hours.
associate() {
	spawn scada iec104 master -n 2 -t "$3" -l "$WORK/$1.recv" "$("addr$2" "$1")" 2>"$WORK/$1.iec"
	master[$1]=$!
	wait_for 10 received_more "$1" 0
}
uptime_s() { cut -d. -f1 /proc/uptime; }
ends_well() { wait "${master[$1]}"; }

test_tested() {
	local start ids
	start=$(uptime_s)
	check 'an association over IPv4' associate d4 4 7000000
	check 'and one over IPv6' associate d5 6 7000000
	ids="$(session_id d4 2404) $(session_id d5 2404)"
	check "a value after $HOURS hours, tested every 7,000 s, IPv4" ends_well d4
	check 'and IPv6' ends_well d5
	check 'the hours have passed' test $(($(uptime_s) - start)) -ge $((HOURS * 3600))
	check_eq 'the sessions are the same' "$(session_id d4 2404) $(session_id d5 2404)" "$ids"
	check_eq 'nothing was denied' "$(denied_by_counters)" 0
}

test_silent() {
	check 'an association that is tested every 8,000 s, IPv4' associate d4 4 8000000
	check 'and IPv6' associate d5 6 8000000
	check_not 'it ends unheard, IPv4' ends_well d4
	check_not 'and IPv6' ends_well d5
	check 'its packets belong to no session' test "$(drops not-first)" -ge 2
	check_eq 'and no session is left' "$(sessions d4) $(sessions d5)" '0 0'
}

topology_up d4 d5 scada
for who in d4 d5; do
	background "$who" iec104 outstation -i $((HOURS * 3600 * 1000)) -l "$RTU_LOG.$who" >/dev/null
done
check 'the module and its ruleset' govern
test_tested
test_silent
check 'the counters add up' identity_settles
check 'the module unloads' unload
finish
