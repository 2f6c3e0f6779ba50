#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: 6.12 6.1
#
# Every packet is counted once: of each interface the device's own counter, what
# simseg saw, and what became of it, with GRO on and off, with and without a
# flowtable; and the records of sessions and denies.
#
# shellcheck disable=SC2046 # lists of targets are split on purpose

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

POLICY_OF=([d1]=talker [d2]=talker [d8]=talker)
policies() {
	cat <<-EOF
		  talker:
		    out:
		      - { label: ping, proto: icmp, to: masters }
		      - { label: ssh, proto: tcp, port: 22, to: masters }
		      - { label: snmp, proto: udp, port: 161, to: masters }
		      - { label: bulk, proto: tcp, port: 5201, to: masters }
	EOF
}

mix() {
	reach d1 $(targets tcp/22 scada) $(targets udp/161 scada) $(targets icmp scada) >/dev/null
	reach d8 $(targets tcp/22 scada) $(targets udp/161 scada) $(targets icmp scada) >/dev/null
	on d1 ping -n -c 1 -W 2 -s 3000 10.20.0.5 >/dev/null
	on d1 ping -n -c 1 -W 2 -s 3000 fd20::5 >/dev/null
	SILENT_MS=500 silent d2 $(targets tcp/80 scada attacker) >/dev/null
	SILENT_MS=500 silent scada $(targets tcp/22 d1 d2 d8) >/dev/null
	SILENT_MS=500 silent d2 -s 10.64.0.99 tcp/10.20.0.5/22 >/dev/null
}

# A transfer that GRO can make large packets of.
bulk() { on d1 iperf3 -c 10.20.0.5 -n 2M -l 64K --connect-timeout 5000; }

declare -A ahead rest
take() {
	local dev
	for dev in "${LINKS[@]}"; do
		ahead[$dev]=$(rx_ahead "$dev")
		rest[$dev]=$(rest_of "$dev")
	done
}

# settled: nothing comes in any more, so that readings belong together. A retry
# of TCP comes within a second.
counts() { seg -j stats | jq -c '[.interfaces[].device_rx]'; }
unchanged() { [ "$(counts)" = "$1" ]; }
settled() { hold_for "${1:-1}" unchanged "$(counts)"; }

# at_rest COMMAND...: run it between two equal readings, again and again if need
# be, as its own readings take a while; its last status.
at_rest() {
	local before status end=$((SECONDS + 30))
	while :; do
		wait_for 5 settled
		before=$(counts)
		"$@"
		status=$?
		unchanged "$before" && return "$status"
		[ "$SECONDS" -lt "$end" ] || return 1
		echo 'packets came while this was read:'
	done
}

same() {
	local dev status=0
	for dev in "${LINKS[@]}"; do
		if [ "$(rx_ahead "$dev")" != "${ahead[$dev]}" ]; then
			echo "$dev: the device counts $(($(rx_ahead "$dev") - ahead[$dev])) more"
			status=1
		fi
		if [ "$1" = strict ] && [ "$(rest_of "$dev")" != "${rest[$dev]}" ]; then
			echo "$dev: $(($(rest_of "$dev") - rest[$dev])) packets were not judged"
			status=1
		fi
	done
	return "$status"
}

# round SENTENCE STRICTNESS COMMAND
round() {
	at_rest take
	check "$1: the traffic" "$3"
	check "$1: each packet is counted once" at_rest same "$2"
	check "$1: the identity holds" identity_settles
}

gro() {
	local dev
	for dev in wwan0 wwan1 net0; do
		ethtool -K "$dev" gro "$1" || return 1
	done
}

# GSO packets count as what they are on the wire: a 2 MB transfer is at least
# 1400 packets of 1500 bytes, however few the stack has seen.
segments() { [ "$(seg -j stats | jq '.interfaces[] | select(.name == "wwan0").floor_allow')" -gt 1400 ]; }

test_records() {
	check 'the monitor listens' monitor_up
	mix
	check 'opens and closes' wait_for 5 have_records '.kind == "open"' 6
	seg quarantine "${ICCID[d1]}" --reason test >/dev/null
	seg release "${ICCID[d1]}" --reason test >/dev/null
	check 'sessions end with a record' wait_for 5 have_records \
		'.kind == "close" and .reason == "quarantine"' 2
	check 'opens and closes belong together' wait_for 5 records_paired
	check 'a deny says who, what and why' have_records '.kind == "deny" and .reason == "no-rule" and
		.iccid == "8988228000000000020" and .src == "10.64.0.12" and .dport == 80'
	# the longest texts that there can be come in several records
	seg quarantine "${ICCID[d2]}" --reason "$(printf '%0127d' 1)" \
		--ticket "$(printf '%063d' 2)" >/dev/null
	check 'a change is told with its receipt' have_records '.kind == "config" and
		.change.command == "quarantine" and .change.subject == "device 8988228000000000012" and
		.change.reason == "test" and .change.comm == "segctl" and .receipt.sessions >= 2 and
		.receipt.devices == 1 and (.receipt.hash | length) == 64'
	check 'and with all of its texts' wait_for 5 have_records ".kind == \"config\" and
		.change.reason == \"$(printf '%0127d' 1)\" and .change.ticket == \"$(printf '%063d' 2)\""
	check_eq 'as the log has it' "$(jq -c 'select(.kind == "config").change' "$RECORDS" | tail -n 1)" \
		"$(seg -j log --last 1 | jq -c '.[0]')"
	seg release "${ICCID[d2]}" --reason test >/dev/null
	check_eq 'none was lost since' "$(status records_lost)" "$(status records_unheard)"
	# what was denied before it listened has no record
	check 'the records stand for each denied packet since' wait_for 8 since_add_up
}

since_add_up() { [ "$(denied_by_records)" = $(($(denied_by_counters) - denied_before)) ]; }

topology_up d1 d2 d8 scada attacker
for who in d1 d2 d8 scada attacker; do
	background "$who" probe serve tcp/22 tcp/80 udp/161 >/dev/null
done
spawn scada iperf3 -s >/dev/null
on d2 ip address add 10.64.0.99/32 dev eth0
nft flush chain inet gateway forward
check 'the module and its ruleset' govern "$(policies | ruleset)"
mapfile -t LINKS < <(seg -j stats | jq -r '.interfaces[].name')
check_eq 'interfaces with a side' "${#LINKS[@]}" 4
# Joining groups tells routers twice within two seconds, which none here wants.
check 'the links come to rest' wait_for 20 settled 3
round 'no flowtable' strict mix
check 'GRO off' gro off
round 'GRO off' strict bulk
check 'GRO on' gro on
round 'GRO on' strict bulk
check 'large packets count as what they are on the wire' segments
nft add rule inet gateway forward 'meta l4proto { tcp, udp } ct state established flow add @ft'
round 'flowtable' loose bulk
wait_for 5 settled
denied_before=$(denied_by_counters)
test_records
check 'the monitor ends' monitor_down
check 'the module unloads' unload
finish
