# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# simseg with the same policy; guest.sh reads this file.
#
# Variants: floor (no XDP), pass (XDP judges, the stack forwards) and, where segctl
# knows it, redirect (XDP forwards). Each without conntrack in the namespace, and
# with it beside.
#
# shellcheck disable=SC2034,SC2154 # v, n and failed are world.sh's

# shellcheck source=tests/netns/bulk.sh
. "$TOP/tests/netns/bulk.sh"

seg() { "$SEGCTL" -n "$world-gw" "$@"; }
status() { seg -j status | gojq -r ".$1"; }

# As many buckets as conntrack has.
simseg_load() {
	[ ! -d /sys/module/simseg ] || return 0
	strip -g -o /run/simseg.ko "$SIMSEG_KO"
	insmod /run/simseg.ko session_buckets="$(cat /sys/module/nf_conntrack/parameters/hashsize)"
}

simseg_variants() {
	if [ -n "${VARIANTS-}" ]; then
		echo "$VARIANTS"
		return
	fi
	echo floor
	[ "$SIMSEG_XDP" = 1 ] || return 0
	echo pass
	if "$SEGCTL" attach --help | grep -q -- --forward; then echo redirect; fi
}

# Limits that the packets of one case do not reach, and no deny is told of twice.
simseg_rules() {
	cat <<-EOF
		version: 1
		pools: [10.64.0.0/10, "fd64::/48"]
		settings: { sessions: $((n * 2 + 400000)), half_open: $((n * 2 + 400000)), device_sessions: 60000,
		  device_half_open: 60000, udp_new: 100000, udp_replied: 100000, deny_interval: 100000 }
		policies:
		  meter: { out: [ { proto: udp, port: $DPORT, to: [10.9.0.2, "fd09::2"] } ] }
	EOF
}

# simseg_up VARIANT
simseg_up() {
	local options=(--mode native)
	case $1 in
	floor) options=(--mode none) ;;
	redirect) options+=(--forward) ;;
	esac
	world_up
	simseg_load
	simseg_rules | seg apply - >/dev/null || die 'the rules do not apply'
	devices "$n" "$v" | seg device load - >/run/bench-load 2>&1 ||
		die "the devices are not loaded: $(cat /run/bench-load)"
	seg attach g0 --side sim "${options[@]}" >/dev/null || die "g0: $1 does not attach"
	seg attach g1 --side net "${options[@]}" >/dev/null || die "g1: $1 does not attach"
}

# Programs that use the module, and namespaces, go some time after their last name.
simseg_unload() {
	[ -d /sys/module/simseg ] || return 0
	for _ in {1..50}; do
		rmmod simseg 2>/run/bench-rmmod && return
		sleep 0.1
	done
	cat /run/bench-rmmod
	return 1
}

# The record program and a ring that has room for all that will come; nobody reads
# it, so that what is measured is what it costs to make a record, and no reader.
simseg_listen() {
	local agent dir=/run/bench-box
	rm -rf $dir
	"$SEGCTL" -n "$world-gw" agent --dir $dir --socket $dir.sock --ring 64M --deny-ring 16M >/dev/null &
	agent=$!
	until [ "$(status 'ring.size // 0')" -gt 0 ]; do
		kill -0 $agent 2>/dev/null || die 'the agent does not start'
		sleep 0.1
	done
	kill -TERM $agent
	wait $agent || die 'the agent does not end'
	lost=$(status records_lost)
}

simseg_heard() {
	if [ "$(status records_lost)" != "$lost" ]; then
		failed=1
		note "FAILED: simseg $1: records were lost"
	fi
}

# simseg_case VARIANT [conntrack]
simseg_case() {
	local name=$1${2:+/$2}
	simseg_up "$1"
	[ -z "${2-}" ] || track
	established "simseg/established/$name"
	unlisted "simseg/deny-unlisted/$name"
	ruleless "simseg/deny-rule/$name"
	[ "$1" != redirect ] || return 0
	if [ $# = 1 ]; then
		simseg_up "$1"
		new "simseg/new/$name/unrecorded"
	fi
	[ "$SIMSEG_XDP" = 1 ] || return 0
	simseg_up "$1"
	[ -z "${2-}" ] || track
	simseg_listen
	new "simseg/new/$name"
	simseg_heard "$name"
}

bench_simseg() {
	local variant
	for variant in $(simseg_variants); do
		simseg_case "$variant"
		[ -n "${VARIANTS-}" ] || simseg_case "$variant" conntrack
	done
}
