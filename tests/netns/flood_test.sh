#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml
# takes: 110
#
# One device floods: SYNs, UDP to where it may and where it may not go, echo
# requests, and packets with sources of all kinds. The others, at 50 packets a
# second each, lose none, and open each new session.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

POLICY_OF=([d1]=meter [d2]=meter [d3]=meter)
HALF=64
RATE=${FLOOD_RATE:-500}
SETTINGS="{ deny_interval: 1, device_half_open: $HALF, device_sessions: 128, half_open: 1024 }"
policies() {
	cat <<-EOF
		  meter:
		    out:
		      - { label: ping, proto: icmp, to: masters }
		      - { label: ssh, proto: tcp, port: 22, to: masters }
		      - { label: snmp, proto: udp, port: [161, 5000-5100, 40000], to: masters }
	EOF
}

# N streams to the master, of d2 and d3, v4 and v6.
streams_up() {
	local who v port
	for who in d2 d3; do
		for v in 4 6; do
			port=50${who#d}$v
			background scada numrecv -l "$WORK/$port.recv" "$port" >/dev/null
			spawn "$who" numsend -r 50 -l "$WORK/$port.send" "$("addr$v" scada)" "$port"
			streams+=("$port")
			senders+=($!)
		done
	done
	for port in "${streams[@]}"; do
		check "stream $port runs" wait_for 10 stream_at "$port" 10
	done
}
streams=()
senders=()

stream_at() { [ "$(numrecv -q "$WORK/$1.recv" | cut -d' ' -f2)" -ge "$2" ]; }

# What was sent until now has arrived, and each number up to the highest.
lossless() {
	local port status=0
	for port in "${streams[@]}"; do
		wait_for 5 stream_at "$port" "$(numsend -q "$WORK/$port.send")" &&
			wait_for 5 whole "$port" || status=1
		echo "stream $port: $(numrecv -q "$WORK/$port.recv")"
	done
	return "$status"
}
whole() {
	local count number
	read -r count number _ < <(numrecv -q "$WORK/$1.recv")
	[ "$count" -ge "$number" ]
}

# Sessions that are new each time: probe takes ports of its own.
# shellcheck disable=SC2046 # lists of targets are split on purpose
open_all() {
	local who
	for who in d2 d3 d2 d3; do
		reach "$who" $(targets tcp/22 scada) $(targets udp/161 scada) \
			$(targets icmp scada) || return
	done
}

# What a flood leaves is bounded: evicted ones wait for their memory.
bounded() {
	local n
	n=$(sessions d1)
	echo "$n sessions"
	[ "$n" -le $((HALF + 32)) ]
}

# flood_while SENTENCE KIND SOURCE4 SOURCE6 TARGET PORT
flood_while() {
	local what=$1 kind=$2 src4=$3 src6=$4 to=$5 port=$6 a b
	spawn d1 flood -r "$RATE" -n 1000000 "$kind" "$src4" "$(addr4 "$to")" "$port"
	a=$!
	spawn d1 flood -r "$RATE" -n 1000000 "$kind" "$src6" "$(addr6 "$to")" "$port"
	b=$!
	check "$what: others open what they want" open_all
	check "$what: it goes on meanwhile" kill -0 "$a" "$b"
	check "$what: it is bounded" bounded
	kill "$a" "$b"
	check "$what: others lose nothing" lossless
}

topology_up d1 d2 d3 scada attacker
# One queue takes what all links receive: it is not to be what loses packets.
echo 100000 >/proc/sys/net/core/netdev_max_backlog
for who in scada attacker; do
	background "$who" probe serve tcp/22 udp/161 >/dev/null
done
# What nobody answers stays half-open.
on scada nft -f - <<-EOF
	table inet t {
		chain in {
			type filter hook input priority 0
			ip saddr 10.64.0.11 drop
			ip6 saddr fd64::11 drop
		}
	}
EOF
nft flush chain inet gateway nat
check 'the module and its ruleset' govern "$(policies | ruleset)"
streams_up
flood_while 'SYN flood' syn 10.64.0.11 fd64::11 scada 22
flood_while 'UDP flood' udp 10.64.0.11 fd64::11 scada 40000
flood_while 'echo flood' icmp 10.64.0.11 fd64::11 scada 0
flood_while 'denied flood' udp 10.64.0.11 fd64::11 attacker 161
flood_while 'flood of sources' source 10.64.0.11 fd64::11 scada 161
check 'evicted or refused, and counted' test "$(drops device-limit)" -gt 0
check 'sources are counted as what they are' test $(($(drops spoofed) + $(drops unbound))) -gt 1000
kill "${senders[@]}"
check 'the counters add up' identity_settles
check 'the module unloads' unload
finish
