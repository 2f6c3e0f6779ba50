# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The module and segctl, as the tests use them; lib.sh reads this file. The
# names that segctl's JSON has are here and nowhere else.

YAML=$TOP/tests/netns/gateway.yaml
export SEGCTL_ACTOR=${SEGCTL_ACTOR:-tester}

seg() { "$SEGCTL" "$@"; }

simseg_loaded() { [ -d /sys/module/simseg ]; }

# load [PARAMETER...]: the module, with the pools of gateway.yaml if none is given.
load() {
	[ $# -gt 0 ] || set -- pools=10.64.0.0/16,fd64::/48
	# most of the file is for debuggers, and it is read whole each time
	[ -e "$WORK/simseg.ko" ] || strip -g -o "$WORK/simseg.ko" "${SIMSEG_KO:?}" 2>/dev/null ||
		cp "$SIMSEG_KO" "$WORK/simseg.ko"
	insmod "$WORK/simseg.ko" "$@"
}

# govern [FILE]: the module with its ruleset, and the sides of the interfaces.
govern() {
	load && seg apply "${1:-$YAML}" && attach_all
}

attach_all() {
	seg attach 'wwan*' --side sim && seg attach net0 --side net
}

# Out again, with everything in order on the way.
unload() {
	seg disarm --reason 'test over' && rmmod simseg
}

# Everything off, whatever state it is in; for the clean-up.
simseg_down() {
	simseg_loaded || return 0
	seg disarm --reason 'clean-up' >/dev/null 2>&1
	rmmod simseg || note 'the module is still in use'
}

# ---- what is in force -----------------------------------------------------

status() { seg -j status | jq -r ".$1"; }

# Exits as segctl does: 0 all is well, 3 something is open.
status_code() { seg status >/dev/null 2>&1 && echo 0 || echo $?; }

# What must not change when a change is refused.
fingerprint() { seg -j status | jq -c '[.generation, .hash, .devices, .quarantined, .pools]'; }

device_state() { seg -j device show "$1" | jq -r .state; }

# drops REASON: packets that were dropped for it, or allowed, so far.
drops() { seg -j stats | jq --arg r "$1" '[.reasons[] | select(.reason == $r).packets] | add // 0'; }

# explain SRC DST PROTO PORT [OPTION...]: "verdict reason"
explain() { seg -j explain "$@" | jq -r '.verdict + " " + .reason'; }

# sessions [DEVICE]: how many, of one device or of all.
sessions() {
	if [ $# -gt 0 ]; then
		seg -j session list --device "${ICCID[$1]}" | jq length
	else
		seg -j session list | jq length
	fi
}

# session_id DEVICE PORT: the id of a session of it to that port.
session_id() {
	seg -j session list --device "${ICCID[$1]}" |
		jq -r --argjson p "$2" '[.[] | select(.dport == $p).id][0]'
}

# ---- the identity of the counters -----------------------------------------

# Each interface's line for which the identity does not hold; nothing if all do.
# What the stack took is the rest: a flowtable takes packets before PRE_ROUTING,
# and IP drops what it cannot read; with neither the rest is 0 (count_test.sh).
identity_breaks() {
	seg -j stats | jq -r '.interfaces[] |
		(.floor_pass + .floor_allow + .floor_deny + .merged) as $floor |
		(.rx - .xdp_drop - .xdp_forward - .guard_drop) as $in |
		select(.device_rx != .rx + .rx_other - .rx_inner or $in < $floor or
			.prerouting > $in or .prerouting < $floor) | tostring'
}

# rest_of DEV: packets that simseg has not judged since it saw them come in.
rest_of() {
	seg -j stats | jq --arg d "$1" '.interfaces[] | select(.name == $d) |
		.rx - .xdp_drop - .xdp_forward - .guard_drop - .floor_pass - .floor_allow - .floor_deny - .merged'
}

identity_holds() {
	local breaks
	breaks=$(identity_breaks) || return 1
	[ -z "$breaks" ] || {
		echo "$breaks"
		return 1
	}
}

# It holds between packets: look until nothing is under way.
identity_settles() { wait_for 4 identity_holds || identity_holds; }

rx_packets() { ip -s -j link show "$1" | jq '.[0].stats64.rx.packets'; }

# How far the device's own counter, as ip shows it, is ahead of what simseg saw
# of it: what came before it had a side, and nothing more from then on.
rx_ahead() {
	local ours
	ours=$(seg -j stats | jq --arg d "$1" '.interfaces[] | select(.name == $d) | .rx + .rx_other - .rx_inner')
	echo $(($(rx_packets "$1") - ours))
}

# ---- records --------------------------------------------------------------

# monitor_up: segctl monitor writes what comes to $RECORDS, until monitor_down.
RECORDS=$WORK/records
monitor_up() {
	: >"$RECORDS"
	spawn gw "$SEGCTL" -j monitor >"$RECORDS" 2>"$WORK/monitor.err"
	monitor_pid=$!
	wait_for 10 monitor_ready
}

# It hears from the moment at which it has the ring open.
monitor_ready() {
	kill -0 "$monitor_pid" && find "/proc/$monitor_pid/fd" -lname '*bpf*' | grep -q .
}

monitor_down() {
	kill "$monitor_pid" && wait "$monitor_pid"
}

# records FILTER: how many records the jq condition holds for.
records() { jq -s "[.[] | select($1)] | length" "$RECORDS"; }
have_records() { [ "$(records "$1")" -ge "${2:-1}" ]; }

# Every session that was opened is closed once; every number came once.
# Sessions from before the monitor listened close without having opened.
records_paired() {
	jq -se '([.[] | select(.kind == "open").session] | sort) as $open |
		([.[] | select(.kind == "close").session | select(. >= $open[0])] | sort) as $close |
		($open | length) > 0 and ($open | unique) == $open and
		($close | unique) == $close and ($close - $open) == [] and
		([.[].seq] | unique | length) == length' "$RECORDS"
}

# What the deny records stand for: a first packet each, or a folded count.
denied_by_records() {
	jq -s '[.[] | select(.kind == "deny" and (.observed | not)) | .packets] | add // 0' \
		"$RECORDS"
}
denied_by_counters() {
	seg -j stats | jq '[.reasons[] | select(.verdict == "deny").packets] | add // 0'
}
denies_add_up() { [ "$(denied_by_records)" = "$(denied_by_counters)" ]; }

# ---- rulesets of a test's own ----------------------------------------------

declare -A POLICY_OF=()
SETTINGS='{ deny_interval: 1 }'

# ruleset: a file with the policies on standard input, $SETTINGS, and the devices
# of $POLICY_OF, each with both addresses on its own interface; prints its name.
ruleset() {
	local name
	{
		printf 'version: 1\npools: [10.64.0.0/16, "fd64::/48"]\n'
		printf 'settings: %s\n' "$SETTINGS"
		printf 'peers:\n  masters: [10.20.0.5, "fd20::5"]\n'
		printf 'policies:\n'
		cat
		printf 'devices:\n'
		for name in "${!POLICY_OF[@]}"; do
			printf '  - { iccid: "%s", policy: %s, addr: [%s, "%s"], dev: wwan%d }\n' \
				"${ICCID[$name]}" "${POLICY_OF[$name]}" "$(addr4 "$name")" \
				"$(addr6 "$name")" $((${name#d} - 1))
		done
	} >"$WORK/ruleset.yaml"
	echo "$WORK/ruleset.yaml"
}
