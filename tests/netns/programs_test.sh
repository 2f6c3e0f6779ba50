#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml-long
#
# Real programs through the gateway, by rules that name them: iperf3, curl,
# mosquitto with TLS, dig and a name server, ssh, ping and mtr; each one cut off
# when its rule is absent and the others are there. With masquerading and a
# flowtable, and without either, which is without connection tracking.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/flows.sh
. "$TOP/tests/netns/flows.sh"

# An emulated processor is some twenty times slower than what User-Mode Linux has.
if grep -q 'User Mode Linux' /proc/cpuinfo; then
	: "${BULK:=100M}" "${IPERF:=8M}"
else
	: "${BULK:=3M}" "${IPERF:=300K}"
fi
LABELS=(iperf-tcp iperf-udp web mqtts dns-udp dns-tcp ssh ping)
LIMIT=120	# seconds that a program may take
POLICY_OF=([d1]=talker)

# policies [LABEL]: all rules but that one.
policies() {
	printf '  talker:\n    in: []\n    out:\n'
	sed -e "/label: ${1-none},/d" -e 's/ }$/, to: [10.20.0.8, "fd20::8"] }/' <<-EOF
		      - { label: iperf-tcp, proto: tcp, port: 5201 }
		      - { label: iperf-udp, proto: udp, port: 5201 }
		      - { label: web, proto: tcp, port: 80 }
		      - { label: mqtts, proto: tcp, port: 8883 }
		      - { label: dns-udp, proto: udp, port: 53 }
		      - { label: dns-tcp, proto: tcp, port: 53 }
		      - { label: ssh, proto: tcp, port: 22 }
		      - { label: ping, proto: icmp }
	EOF
}

# ---- servers --------------------------------------------------------------

web_up() {
	mkdir "$WORK/web"
	head -c "$BULK" /dev/urandom >"$WORK/web/bulk"
	bulk_sum=$(sha256sum <"$WORK/web/bulk")
	spawn broker python3 -m http.server --bind :: --directory "$WORK/web" 80 >"$WORK/web.log" 2>&1
}

# A zone with one answer that no packet holds.
nsd_up() {
	local i
	cat >"$WORK/nsd.conf" <<-EOF
		server:
		  ip-address: 0.0.0.0
		  ip-address: ::0
		  username: ""
		  database: ""
		  zonesdir: "$WORK"
		  zonelistfile: "$WORK/zone.list"
		  xfrdfile: "$WORK/xfrd.state"
		  xfrdir: "$WORK"
		  pidfile: "$WORK/nsd.pid"
		  ipv4-edns-size: 4096
		  ipv6-edns-size: 4096
		remote-control:
		  control-enable: no
		zone:
		  name: test
		  zonefile: zone
	EOF
	{
		echo "\$TTL 60"
		echo '@ SOA ns.test. hostmaster.test. 1 3600 600 86400 60'
		echo '@ NS ns'
		echo 'ns A 10.20.0.8'
		for i in {1..16}; do
			printf 'big TXT "%s-%0200d"\n' "$i" 0
		done
	} >"$WORK/zone"
	spawn broker nsd -d -c "$WORK/nsd.conf" >"$WORK/nsd.log" 2>&1
}

sshd_up() {
	local key
	mkdir -p /run/sshd
	for key in host_key key; do
		ssh-keygen -q -t ed25519 -N '' -f "$WORK/$key" || bail 'no keys for ssh'
	done
	cat >"$WORK/sshd.conf" <<-EOF
		HostKey $WORK/host_key
		AuthorizedKeysFile $WORK/key.pub
		StrictModes no
		UsePAM no
		PasswordAuthentication no
		PermitRootLogin prohibit-password
		PidFile none
	EOF
	spawn broker /usr/sbin/sshd -D -e -f "$WORK/sshd.conf" >"$WORK/sshd.log" 2>&1
}

servers_up() {
	local port
	pki_up
	mosquitto_up
	web_up
	nsd_up
	sshd_up
	spawn broker iperf3 -s >"$WORK/iperf.log" 2>&1
	for port in 8883 80 53 22 5201; do
		wait_for 30 reach broker tcp/127.0.0.1/$port || bail "nothing listens on port $port"
	done
}

# ---- programs -------------------------------------------------------------

play() { on d1 timeout "$LIMIT" "$@"; }

# A flow, and 32 at a time.
play_iperf() {
	local flows
	for flows in 1 32; do
		play iperf3 -c "$addr" -P "$flows" --connect-timeout 3000 "$@" || return
	done
}

play_web() {
	local sum
	sum=$(play curl -sSf -g --noproxy '*' "http://$host/bulk" | sha256sum)
	[ "$sum" = "$bulk_sum" ]
}

# What was published is there, with the certificate of the address.
play_mqtt() {
	local tls="-p 8883 --cafile $WORK/ca.crt"
	# shellcheck disable=SC2086 # these are words
	play mosquitto_pub -h "$addr" $tls -q 2 -r -t "to/$1" -m "kWh $1" &&
		[ "$(play mosquitto_sub -h "$addr" $tls -C 1 -t "to/$1")" = "kWh $1" ]
}

# dig OPTION...: a small answer and a large one, which UDP takes in fragments.
play_dig() {
	local answers
	[ "$(play dig @"$addr" +time=5 +tries=1 +short "$@" ns.test A)" = 10.20.0.8 ] || return
	answers=$(play dig @"$addr" +time=5 +tries=1 +short +bufsize=4096 +ignore "$@" big.test TXT)
	[ "$(wc -l <<<"$answers")" = 16 ]
}

play_ssh() {
	[ "$(play ssh -F none -i "$WORK/key" -o BatchMode=yes -o StrictHostKeyChecking=no \
		-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "root@$addr" 'expr 6 \* 7')" = 42 ]
}

# mtr sees the gateway, and who is behind it.
play_ping() {
	local report
	play ping -n -c 2 -W 10 -s 3000 "$addr" || return
	report=$(play mtr -n -r -w -c 1 "$addr") || return
	echo "$report"
	grep -q " $gateway " <<<"$report" && grep -q " $addr " <<<"$report"
}

# program LABEL FAMILY
program() {
	local addr host gateway
	addr=$("addr$2" broker)
	host=$addr
	gateway=192.0.2.1
	if [ "$2" = 6 ]; then
		host="[$addr]"
		gateway=fd63::1
	fi
	case $1 in
	iperf-tcp) play_iperf -n "$IPERF" ;;
	iperf-udp) play_iperf -u -n "$IPERF" -b 20M ;;
	web) play_web ;;
	mqtts) play_mqtt "$2" ;;
	dns-udp) play_dig +notcp ;;
	dns-tcp) play_dig +tcp ;;
	ssh) play_ssh ;;
	ping) play_ping ;;
	esac
}

# ---- rules ----------------------------------------------------------------

# The program fails, and that was the missing rule.
cut_off() {
	local before
	before=$(drops no-rule)
	LIMIT=4 program "$1" "$2" && return 1
	[ "$(drops no-rule)" -gt "$before" ]
}

test_allowed() {
	local label v start
	for label in "${LABELS[@]}"; do
		for v in 4 6; do
			start=$SECONDS
			check "$1: $label, IPv$v" program "$label" "$v"
			note "$((SECONDS - start)) s"
		done
	done
	check "$1: the identity holds" identity_settles
}

test_absent() {
	local label v
	for label in "${LABELS[@]}"; do
		check "all rules but $label" seg apply "$(policies "$label" | ruleset)"
		for v in 4 6; do
			check "$1: without its rule $label is cut off, IPv$v" cut_off "$label" "$v"
		done
	done
	check 'all rules again' seg apply "$(policies | ruleset)"
}

no_conntrack() { [ "$(conntrack -C 2>/dev/null || echo 0)" = 0 ]; }

topology_up d1 broker
servers_up
note "$BULK by curl, $IPERF by iperf3"
check 'the module and its ruleset' govern "$(policies | ruleset)"
test_allowed 'with NAT'
test_absent 'with NAT'
nft delete table inet gateway
conntrack -F 2>/dev/null
test_allowed 'without NAT'
check 'connection tracking has had no part in it' no_conntrack
test_absent 'without NAT'
check 'the module unloads' unload
finish
