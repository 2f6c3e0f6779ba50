#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml
# takes: 100
#
# Links that belong to another device: the ports of a bridge, with and without
# br_netfilter, and the members of a VRF.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/ways.sh
. "$TOP/tests/netns/ways.sh"

# What net0 loses when its master changes.
net0_again() {
	ip -batch - <<-EOF
		address replace fd20::1/64 dev net0 nodad
		neigh replace 10.20.0.5 lladdr 02:00:00:00:03:05 dev net0 nud permanent
		neigh replace fd20::5 lladdr 02:00:00:00:03:05 dev net0 nud permanent
	EOF
}

# ---- bridge ------------------------------------------------------------------------

# The links of d1 and d2 are ports of a bridge: frames between them are not
# routed, no rule can allow them, and nothing else may.
test_bridge() {
	local v
	ip link add sims type bridge mcast_snooping 0 forward_delay 0
	ip link set sims addrgenmode none up
	ip link set wwan0 master sims
	ip link set wwan1 master sims
	wait_for 5 forwarding || note 'the bridge does not forward'
	check 'no br_netfilter' bridge_calls 0
	in_force '[10.64.0.12, "fd64::12"]' '[10.64.0.11, "fd64::11"]' >/dev/null
	for v in 4 6; do
		check "bridge, IPv$v: a frame from SIM to SIM" stays d2 datagrams some_deny \
			frame_to d2 "$(addr "$v" d1)" "$(addr "$v" d2)"
		check "bridge, IPv$v: one with a forged source" stays d2 datagrams some_deny \
			frame_to d2 "$(addr "$v" d3)" "$(addr "$v" d2)"
		check "bridge, IPv$v: one to an address that is not there" stays d2 datagrams some_deny \
			frame_to d2 "$(addr "$v" d1)" "$(addr "$v" d3)"
	done
	check_eq 'status says that its ports are' "$(seg -j status |
		jq -c '[.interfaces[] | select(.bridge_port).name] | sort')" '["wwan0","wwan1"]'
	check 'and what that means' grep -q 'wwan0 is a bridge.s port' <(seg status)
	test_not_ip
	test_br_netfilter
	in_force '' '' >/dev/null
	ip link del sims
	link_again 1
	link_again 2
}

# What is not IP is not for other devices either; ARP is for the net side.
test_not_ip() {
	local v who
	for who in d2 scada; do
		on "$who" nft -f - <<-EOF
			table netdev tally {
				chain in {
					type filter hook ingress device eth0 priority 0
					ether type 8021ad counter
					arp operation request counter
					icmpv6 type nd-neighbor-solicit counter
				}
			}
		EOF
	done
	on d1 ip link add link eth0 name eth0.5 type vlan proto 802.1ad id 5
	on d1 ip -batch - <<-EOF
		link set eth0.5 up
		route add 10.64.0.12/32 dev eth0 src 10.64.0.11
		route add fd64::12/128 dev eth0 src fd64::11
		route add 10.20.0.5/32 dev eth0 src 10.64.0.11
		route add fd20::5/128 dev eth0 src fd64::11
	EOF
	check 'bridge: two tags' refused on d1 rawsend -i eth0.5 -v 7 -d 02:00:00:00:02:02 \
		udp 10.64.0.11 10.64.0.12 4000 5000
	for v in 4 6; do
		check "bridge, IPv$v: a device asks for its neighbour" refused asks "$(addr "$v" d2)"
	done
	check_eq 'bridge: none has reached it' "$(link_tally d2)" 0,0,0
	ip link set net0 master sims
	wait_for 5 forwarding 3 || note 'the bridge does not forward'
	asks 10.20.0.5
	check 'bridge, IPv4: a device is told who is on the net side' wait_for 3 answered 10.20.0.5
	check 'bridge, IPv6: a device asks for who is on the net side' wait_for 10 asks_and_is_heard
	ip link set net0 nomaster
	net0_again
	on d1 ip -batch - <<-EOF
		link del eth0.5
		route del 10.64.0.12/32 dev eth0
		route del fd64::12/128 dev eth0
		route del 10.20.0.5/32 dev eth0
		route del fd20::5/128 dev eth0
	EOF
}
# refused COMMAND...: what it sends is dropped as bridged.
refused() {
	local want
	want=$(($(counted bridged) + 1))
	"$@" && wait_for 3 drops_reach "$want"
}
drops_reach() { [ "$(counted bridged)" -ge "$1" ]; }
asks() {
	on d1 ip neigh flush dev eth0
	on d1 ping -c 1 -W 1 "$1" >/dev/null || true
}
link_tally() {
	on "$1" nft -j list table netdev tally |
		jq -r '[.. | .counter? // empty | .packets] | map(tostring) | join(",")'
}
asks_and_is_heard() { asks fd20::5 && [[ $(link_tally scada) =~ ,[1-9][0-9]*,[1-9] ]]; }
answered() { on d1 ip neigh show "$1" | grep -q lladdr; }

# br_netfilter hands the frames to FORWARD, as coming from the bridge: both rules.
test_br_netfilter() {
	local v n
	check 'br_netfilter' bridge_calls 1
	seg attach sims --side sim >/dev/null
	for n in 1 2; do
		seg bind "${ICCID[d$n]}" "10.64.0.1$n" >/dev/null
		seg bind "${ICCID[d$n]}" "fd64::1$n" >/dev/null
	done
	for v in 4 6; do
		check "br_netfilter, IPv$v: from SIM to SIM, both rules" passes d2 \
			frame_to d2 "$(addr "$v" d1)" "$(addr "$v" d2)"
	done
	bridge_calls 0
	seg detach sims >/dev/null
}
bridge_calls() {
	modprobe -q br_netfilter
	echo "$1" >/proc/sys/net/bridge/bridge-nf-call-iptables &&
		echo "$1" >/proc/sys/net/bridge/bridge-nf-call-ip6tables
}
forwarding() { [ "$(bridge link | grep -c 'state forwarding')" -ge "${1:-2}" ]; }
frame_to() { on d1 rawsend -i eth0 -d "02:00:00:00:02:0${1#d}" udp "$2" "$3" 4000 5000; }

# some_deny COMMAND...: whatever the reason; the devices' own link control is dropped
# as well meanwhile, and may come in between.
some_deny() {
	local want
	want=$(($(denies) + 1))
	"$@" && wait_for 2 denies_reach "$want" && return
	echo "$(denies) denies, $want expected"
	return 1
}
denies() { seg -j stats | jq '[.reasons[] | select(.verdict == "deny").packets] | add // 0'; }
denies_reach() { [ "$(denies)" -ge "$1" ]; }

# ---- VRF -------------------------------------------------------------------------

# The links of d1 and SCADA in a routing table of their own.
test_vrf() {
	local v
	ip link add apn type vrf table 100
	ip link set apn up
	ip link set wwan0 master apn
	ip link set net0 master apn
	link_again 1 wwan0 vrf apn
	net0_again
	for v in 4 6; do
		four_ways VRF "$v" d1
		check "VRF, IPv$v: a forged source" denied scada spoofed \
			says d1 "$(addr "$v" d2)" "$(addr "$v" scada)" 5000
	done
	ip link set wwan0 nomaster
	ip link set net0 nomaster
	ip link del apn
	link_again 1
	net0_again
}

ways_up
test_bridge
test_vrf
check 'the counters add up' identity_settles
check 'the module unloads' unload
finish
