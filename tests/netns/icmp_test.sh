#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml
# takes: 130
#
# ICMP errors follow the session that they quote, in both directions and through
# NAT of either kind; about anything else they are dropped. Path MTU discovery
# works across the gateway, and the gateway tells nothing about what it denies.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/tally.sh
. "$TOP/tests/netns/tally.sh"

POLICY_OF=([d1]=talker [d2]=listener)

policies() {
	cat <<-EOF
		  talker:
		    out:
		      - { label: snmp, proto: udp, port: 161, to: masters }
		      - { label: far, to: [10.21.0.0/24, "fd21::/64"] }
		      - { label: ping, proto: icmp, to: masters }
		      - { label: bulk, proto: tcp, port: 5201, to: masters }
		  listener:
		    in:
		      - { label: telemetry, proto: udp, port: 5000, from: masters }
	EOF
}

ERRORS='icmp type { destination-unreachable, time-exceeded }'
ERRORS6='icmpv6 type { destination-unreachable, packet-too-big, time-exceeded }'

# Errors of every kind from WHO, each to $to, that quote the four words behind.
three_errors() {
	local who=$1 from=$2 to=$3 kind
	shift 3
	for kind in toobig unreachable exceeded; do
		raw "$who" rawsend "$kind" "$from" "$to" "$@" || return
	done
}

# hears WHO FAMILY COMMAND...: the three errors that it sends come to WHO.
hears() {
	local who=$1 family=$2
	shift 2
	came "$who" "errors$family" 3 "$@"
}

# open FAMILY WHO SRC DST SPORT DPORT TO: one datagram, that comes to TO.
open() { came "$7" datagrams 1 raw "$2" rawsend udp "$3" "$4" "$5" "$6"; }

# d1 opens, and is masqueraded: on the net side the gateway's address is quoted.
test_masqueraded() {
	local v=$1 d1 scada gw
	d1=$(addr "$v" d1) scada=$(addr "$v" scada) gw=$(gateway "$v")
	check "IPv$v: d1 speaks to SCADA" open "$v" d1 "$d1" "$scada" 40001 161 scada
	check "IPv$v: errors of SCADA about it reach d1" \
		hears d1 "$v" three_errors scada "$scada" "$gw" "$gw" "$scada" udp 40001 161
	check "IPv$v: so do those of a router beyond" \
		hears d1 "$v" three_errors attacker "$(addr "$v" attacker)" "$gw" "$gw" "$scada" udp 40001 161
	check "IPv$v: errors of d1 about what comes back reach SCADA" \
		hears scada "$v" three_errors d1 "$d1" "$scada" "$scada" "$d1" udp 161 40001
}

test_plain() {
	local v=$1 d2 scada
	d2=$(addr "$v" d2) scada=$(addr "$v" scada)
	check "IPv$v: SCADA speaks to d2" open "$v" scada "$scada" "$d2" 40002 5000 d2
	check "IPv$v: errors of d2 about it reach SCADA" \
		hears scada "$v" three_errors d2 "$d2" "$scada" "$scada" "$d2" udp 40002 5000
	check "IPv$v: errors of SCADA about what comes back reach d2" \
		hears d2 "$v" three_errors scada "$scada" "$d2" "$d2" "$scada" udp 5000 40002
}

# SCADA knows d2 as a port of the gateway.
test_forwarded_port() {
	local v=$1 d2 scada gw
	d2=$(addr "$v" d2) scada=$(addr "$v" scada) gw=$(gateway "$v")
	check "IPv$v: SCADA speaks to a port that is forwarded to d2" \
		open "$v" scada "$scada" "$gw" 40003 15000 d2
	check "IPv$v: errors of d2 reach SCADA" \
		hears scada "$v" three_errors d2 "$d2" "$scada" "$scada" "$d2" udp 40003 5000
	check "IPv$v: errors of SCADA about what comes back reach d2" \
		hears d2 "$v" three_errors scada "$scada" "$gw" "$gw" "$scada" udp 15000 40003
}

# nobody_hears WHO FAMILY COMMAND...: all three are dropped as unrelated.
nobody_hears() {
	local who=$1 family=$2
	shift 2
	stays "$who" "errors$family" dropped unrelated 3 "$@"
}

test_unrelated() {
	local v=$1 d1 d2 scada attacker
	d1=$(addr "$v" d1) d2=$(addr "$v" d2) scada=$(addr "$v" scada) attacker=$(addr "$v" attacker)
	check "IPv$v: about a port that nobody uses" \
		nobody_hears d2 "$v" three_errors scada "$scada" "$d2" "$d2" "$scada" udp 5000 40999
	check "IPv$v: about another protocol" \
		nobody_hears d2 "$v" three_errors scada "$scada" "$d2" "$d2" "$scada" tcp 5000 40002
	check "IPv$v: to a device whose packet is not quoted" \
		nobody_hears d1 "$v" three_errors scada "$scada" "$d1" "$d2" "$scada" udp 5000 40002
	check "IPv$v: from a device that the session is not of" \
		nobody_hears scada "$v" three_errors d1 "$d1" "$scada" "$scada" "$d2" udp 40002 5000
	check "IPv$v: to somebody whose packet is not quoted" \
		nobody_hears attacker "$v" three_errors d2 "$d2" "$attacker" "$scada" "$d2" udp 40002 5000
	check "IPv$v: from SIM to SIM" \
		nobody_hears d2 "$v" three_errors d1 "$d1" "$d2" "$d2" "$d1" udp 5000 161
	check "IPv$v: an echo reply that nobody asked for" \
		dropped unrelated 1 raw scada rawsend reply "$scada" "$d2" 77
	check "IPv$v: the device of a quarantine" quarantined_silent "$v" "$d2" "$scada"
}

quarantined_silent() {
	local v=$1 status
	seg quarantine "${ICCID[d2]}" --reason test || return
	stays scada "errors$v" dropped quarantined 3 \
		three_errors d2 "$2" "$3" "$3" "$2" udp 40002 5000
	status=$?
	seg release "${ICCID[d2]}" --reason test || return
	return "$status"
}

# ---- the gateway's own errors ------------------------------------------------

# A packet whose TTL ends at the gateway: what its sender hears.
dies_here() { raw "$1" rawsend -t 1 udp "$2" "$3" 40010 "$4"; }

test_own_errors() {
	local v=$1 d1 d2 scada attacker
	d1=$(addr "$v" d1) d2=$(addr "$v" d2) scada=$(addr "$v" scada) attacker=$(addr "$v" attacker)
	check "IPv$v: TTL 1 from d1 to SCADA: the gateway says so" \
		came d1 "errors$v" 1 dies_here d1 "$d1" "$scada" 161
	check "IPv$v: TTL 1 from SCADA to d2: the gateway says so" \
		came scada "errors$v" 1 dies_here scada "$scada" "$d2" 5000
	check "IPv$v: TTL 1 from d1 to the SIM next door: nothing" \
		stays d1 "errors$v" dropped no-rule 1 dies_here d1 "$d1" "$d2" 5000
	check "IPv$v: TTL 1 from d1 to a peer that it has no rule for: nothing" \
		stays d1 "errors$v" dropped no-rule 1 dies_here d1 "$d1" "$attacker" 161
	check "IPv$v: TTL 1 from outside to a SIM: nothing" \
		stays attacker "errors$v" dropped no-rule 1 dies_here attacker "$attacker" "$d2" 5000
	check "IPv$v: TTL 1 from outside to an address of no SIM: nothing" \
		stays attacker "errors$v" dropped unbound 1 dies_here attacker "$attacker" "${d2%12}99" 5000
}

# ---- path MTU ----------------------------------------------------------------

# Behind the attacker, who is a router now, there is a host with a small MTU.
far_up() {
	ip netns add "${NSP}far"
	on attacker ip link add far0 address 02:00:00:00:05:01 type veth peer name eth0 \
		address 02:00:00:00:05:02 netns "${NSP}far"
	ns_setup attacker <<-EOF
		link set far0 mtu 1300 addrgenmode none up
		address add 10.21.0.1/24 dev far0
		address add fd21::1/64 dev far0 nodad
		neigh replace 10.21.0.5 lladdr 02:00:00:00:05:02 dev far0 nud permanent
		neigh replace fd21::5 lladdr 02:00:00:00:05:02 dev far0 nud permanent
	EOF
	ns_setup far <<-EOF
		link set eth0 mtu 1300 addrgenmode none up
		address add 10.21.0.5/24 dev eth0
		address add fd21::5/64 dev eth0 nodad
		neigh replace 10.21.0.1 lladdr 02:00:00:00:05:01 dev eth0 nud permanent
		neigh replace fd21::1 lladdr 02:00:00:00:05:01 dev eth0 nud permanent
		route add default via 10.21.0.1 advmss 1460
		route add default via fd21::1 advmss 1440
	EOF
	on attacker sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
		echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	ip route add 10.21.0.0/24 via 10.20.0.66
	ip route add fd21::/64 via fd20::66
	background far probe serve -l "$WORK/far.log" udp/161 >/dev/null
	spawn far iperf3 -s >/dev/null
}

transfer() { on d1 iperf3 -c "$1" -n 300K -l 16K --connect-timeout 5000 "${@:2}"; }
transfers() { transfer "$1" && transfer "$1" -R; }

# knows WHO ADDRESS: it has learned of the small MTU on the way there.
knows() { on "$1" ip route get "$2" | grep -q 'mtu 1300'; }

forget_mtu() {
	for who in "$@"; do
		on "$who" ip route flush cache
		on "$who" ip -6 route flush cache
	done
}

ping_3000() { on "$1" ping -n -c 3 -i 0.2 -W 2 -s 3000 -M "${3:-want}" "$2" | grep -q ' bytes from'; }

# Until it has heard of the MTU a datagram or two is lost.
datagram_3000() { head -c 3000 /dev/zero | on d1 socat -b 4000 -u - "udp:$1:161"; }
big_one_comes() {
	datagram_3000 "$2" || return
	grep -q '3000 bytes' "$1"
}

bracketed() { case $1 in *:*) echo "[$1]" ;; *) echo "$1" ;; esac }

test_far_mtu() {
	local v=$1 far
	far=$([ "$v" = 4 ] && echo 10.21.0.5 || echo fd21::5)
	check "IPv$v: TCP over a router with a small MTU, there and back" transfers "$far"
	check "IPv$v: d1 has learned it from the router" knows d1 "$far"
	forget_mtu d1
	: >"$WORK/far.log"
	check "IPv$v: 3000 bytes of UDP" wait_for 5 big_one_comes "$WORK/far.log" "$(bracketed "$far")"
	forget_mtu d1
	check "IPv$v: a ping of 3000 bytes" ping_3000 d1 "$far"
}

# The gateway itself is where packets do not fit: on their way out, on net0.
test_net_mtu() {
	local v=$1 scada
	scada=$(addr "$v" scada)
	ip link set net0 mtu 1300
	check "IPv$v: TCP out through the gateway's own small MTU" transfer "$scada"
	check "IPv$v: d1 has learned it from the gateway" knows d1 "$scada"
	ip link set net0 mtu 1500
	forget_mtu d1
}

# And on their way to the device. Its TCP would tell by itself what fits there.
test_sim_mtu() {
	local v=$1 d1 scada
	d1=$(addr "$v" d1) scada=$(addr "$v" scada)
	on d1 ip route replace default via 192.0.2.1 dev eth0 src 10.64.0.11 advmss 1460
	on d1 ip route replace default via fe80::1 dev eth0 src fd64::11 advmss 1440
	ip link set wwan0 mtu 1300
	on d1 ip link set eth0 mtu 1300
	check "IPv$v: TCP to a SIM with a small MTU" transfer "$scada" -R
	check "IPv$v: SCADA has learned it from the gateway" knows scada "$(gateway "$v")"
	check "IPv$v: a ping of 3000 bytes" ping_3000 d1 "$scada"
	ip link set wwan0 mtu 1500
	on d1 ip link set eth0 mtu 1500
	forget_mtu scada d1
}

tallies_up() {
	local who
	for who in d1 d2 scada attacker; do
		tally_up "$who" errors4 "$ERRORS"
		tally_up "$who" errors6 "$ERRORS6"
		tally_up "$who" datagrams 'udp dport { 161, 5000 }'
		# what is made by hand is no socket's: nobody shall complain
		on "$who" nft add chain inet tally out '{ type filter hook output priority 0; }'
		on "$who" nft add rule inet tally out 'icmp type destination-unreachable icmp code port-unreachable drop'
		on "$who" nft add rule inet tally out 'icmpv6 type destination-unreachable drop'
	done
}

ports_forwarded() {
	nft -f - <<-EOF
		table inet gateway {
			chain forwarded {
				type nat hook prerouting priority dstnat
				iifname net0 ip daddr 10.20.0.1 udp dport 15000 dnat ip to 10.64.0.12:5000
				iifname net0 ip6 daddr fd20::1 udp dport 15000 dnat ip6 to [fd64::12]:5000
			}
		}
	EOF
}

topology_up d1 d2 scada attacker
ip route add 10.64.0.99/32 dev wwan1
ip route add fd64::99/128 dev wwan1
tallies_up
check 'ports are forwarded' ports_forwarded
far_up
spawn scada iperf3 -s >/dev/null
check 'the module and its ruleset' govern "$(policies | ruleset)"
for v in 4 6; do
	test_masqueraded "$v"
	test_plain "$v"
	test_forwarded_port "$v"
	test_unrelated "$v"
	test_own_errors "$v"
done
for v in 4 6; do
	test_far_mtu "$v"
	test_net_mtu "$v"
	test_sim_mtu "$v"
done
check 'the counters add up' identity_settles
check 'the module unloads' unload
finish
