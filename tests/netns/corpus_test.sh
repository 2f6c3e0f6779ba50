#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml-long 6.12-long
#
# Hostile input: every packet of tcpdump's own test captures, many of them made
# to crash whoever parses them, from a device over Ethernet, from one over bare
# IP, and from the net side; as they are, and with addresses that are governed, so
# that they come as far as rules and sessions. Nothing may crash, which the kernel
# log says, each packet is counted once, and the gateway still works afterwards.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

AT_A_TIME=${AT_A_TIME:-75}	# captures
POLICY_OF=([d1]=open [d8]=open)
policies() {
	cat <<-EOF
		  open:
		    out: [ { label: any, to: any } ]
		    in: [ { label: any, from: any } ]
	EOF
}

# all SENTENCE COMMAND...: one way to send these captures; what was sent is noted.
sent=0
play() {
	local out
	out=$(on "$@" 2>"$WORK/replay.err") || return
	sent=$((sent + ${out%% *}))
}

from_device() { play d1 replay -i eth0 -d 02:00:00:00:01:01 "$@"; }
from_modem() { play d8 replay -i eth0 "$@"; }
from_net() { play wan replay -i up0 -d 02:00:00:00:04:01 "$@"; }

as_they_are() {
	from_device "${captures[@]}" && from_modem "${captures[@]}" && from_net "${captures[@]}"
}

# With governed addresses: to the other side, and to the gateway itself.
with_addresses() {
	from_device -4 10.64.0.11 10.20.0.5 -6 fd64::11 fd20::5 "${captures[@]}" &&
		from_device -4 10.64.0.11 10.20.0.1 -6 fd64::11 fd20::1 "${captures[@]}" &&
		from_modem -4 10.64.0.18 10.20.0.5 -6 fd64::18 fd20::5 "${captures[@]}" &&
		from_modem -4 10.64.0.18 10.64.0.11 -6 fd64::18 fd64::11 "${captures[@]}" &&
		from_net -4 10.20.0.5 10.64.0.11 -6 fd20::5 fd64::11 "${captures[@]}" &&
		from_net -4 10.20.0.5 10.64.0.18 -6 fd20::5 fd64::18 "${captures[@]}"
}

# What has come in, by the counters.
came_in() { seg -j stats | jq '[.interfaces[].rx] | add'; }

# From device to net and back, through whatever state all that has left.
works() { reach "$1" tcp/10.20.0.5/22 tcp/fd20::5/22 icmp/10.20.0.5/0; }

replay_all() {
	local -a all captures
	local i
	mapfile -t all < <(find "$SIMSEG_CORPUS" -type f | sort)
	[ ${#all[@]} -gt 500 ] || bail "only ${#all[@]} captures in $SIMSEG_CORPUS"
	for ((i = 0; i < ${#all[@]}; i += AT_A_TIME)); do
		captures=("${all[@]:i:AT_A_TIME}")
		sent=0
		check "captures $i and on, as they are" as_they_are
		check "captures $i and on, with addresses" with_addresses
		check "captures $i and on: the identity holds after $sent packets" identity_settles
	done
}

[ -d "${SIMSEG_CORPUS-}" ] || bail 'there are no captures: run scripts/corpus'
topology_up d1 d8 scada
background scada probe serve tcp/22 >/dev/null
check 'the module and its ruleset' govern "$(policies | ruleset)"
check 'traffic flows' works d1
note "$(seg -j status | jq -c '[.interfaces[] | {name, xdp}]')"
replay_all
check 'thousands came in' test "$(came_in)" -gt 10000
check 'some were allowed' test "$(sessions)" -gt 0
note "$(seg -j stats | jq -c '[.reasons[] | select(.packets > 0) | {(.reason): .packets}] | add')"
check 'some cannot be parsed' test "$(drops malformed)" -gt 0
for who in d1 d8; do
	check "traffic of $who still flows" wait_for 20 works "$who"
done
check 'the module unloads' unload
finish
