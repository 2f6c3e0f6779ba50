#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml-long
#
# The ways that a packet can take through a gateway: VLANs, back out of the
# interface that it came from, multicast, queues to user space, and
# packets that a program puts on a link itself. On each of them what is allowed
# passes, what is not does not, and either is judged once.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/ways.sh
. "$TOP/tests/netns/ways.sh"

# path_of N DEV: device N is behind DEV now, where its address is bound.
path_of() {
	local n=$1 dev=$2 mac=02:00:00:00:02:0$1
	ip -batch - <<-EOF || return
		link set $dev addrgenmode none up
		route replace 10.64.0.1$n/32 dev $dev
		route replace fd64::1$n/128 dev $dev
		neigh replace 10.64.0.1$n lladdr $mac dev $dev nud permanent
		neigh replace fd64::1$n lladdr $mac dev $dev nud permanent
	EOF
	seg bind "${ICCID[d$n]}" "10.64.0.1$n" dev "$dev" && seg bind "${ICCID[d$n]}" "fd64::1$n" dev "$dev"
}

# ---- VLANs -----------------------------------------------------------------------

# tag LOWER UPPER TYPE...: the same on both ends of the link of d2.
tag() {
	local lower=$1 upper=$2
	shift 2
	ip link add link "$lower" name "$upper" type vlan "$@" &&
		ip link set "$upper" addrgenmode none up &&
		on d2 ip link add link "${lower/wwan1/eth0}" name "${upper/wwan1/eth0}" type vlan "$@" &&
		on d2 ip link set "${upper/wwan1/eth0}" addrgenmode none up
}

test_vlans() {
	local v dev via
	check 'a VLAN' tag wwan1 wwan1.7 id 7
	check 'a VLAN in a VLAN: the service tag' tag wwan1 wwan1.9 proto 802.1ad id 9
	check 'and the customer tag' tag wwan1.9 wwan1.9.8 id 8
	for dev in wwan1.7 wwan1.9.8; do
		check "d2 moves to $dev" path_of 2 "$dev"
		via=${dev/wwan1/eth0}
		for v in 4 6; do
			four_ways "$dev" "$v" d2
			check "$dev, IPv$v: not without the tag" denied scada spoofed \
				via_eth0 says d2 "$(addr "$v" d2)" "$(addr "$v" scada)" 5000
			check "$dev, IPv$v: nor with another" denied scada spoofed \
				another_tag says d2 "$(addr "$v" d2)" "$(addr "$v" scada)" 5000
		done
	done
	check 'd2 moves back' path_of 2 wwan1
	ip link del wwan1.7
	ip link del wwan1.9
	on d2 ip link del eth0.7
	on d2 ip link del eth0.9
}
another_tag() { if [ "$via" = eth0.7 ]; then via=eth0.9.8 "$@"; else via=eth0.7 "$@"; fi; }

# ---- SIM to SIM ------------------------------------------------------------------

# matrix SENTENCE FAMILY TO FROM-ADDRESS TO-ADDRESS COMMAND...: only both rules do.
matrix() {
	local what="$1, IPv$2" to=$3 from=[\"$4\"] into=[\"$5\"]
	shift 5
	in_force '' '' >/dev/null
	check "$what: no rule" judged denied "$to" no-rule "$@"
	in_force "$into" '' >/dev/null
	check "$what: only out" judged denied "$to" no-rule "$@"
	in_force '' "$from" >/dev/null
	check "$what: only in" judged denied "$to" no-rule "$@"
	in_force "$into" "$from" >/dev/null
	check "$what: both" judged passes "$to" "$@"
	in_force '' '' >/dev/null
}

# Out of the interface that it came from: two SIMs are behind one radio.
test_hairpin() {
	local v
	check 'd2 is where d3 is' path_of 2 wwan2
	ip neigh replace 10.64.0.12 lladdr 02:00:00:00:02:03 dev wwan2 nud permanent
	ip neigh replace fd64::12 lladdr 02:00:00:00:02:03 dev wwan2 nud permanent
	for v in 4 6; do
		D2_AT=wwan2 matrix hairpin "$v" d3 "$(addr "$v" d3)" "$(addr "$v" d2)" \
			says d3 "$(addr "$v" d3)" "$(addr "$v" d2)" 5000
	done
	check 'd2 is back' path_of 2 wwan1
	ip neigh del 10.64.0.12 dev wwan2
	ip neigh del fd64::12 dev wwan2
	# the gateway has told d3 of the shorter way (RFC 4861, 8)
	on d3 ip neigh flush dev eth0 nud reachable nud stale nud delay nud probe
	on d3 ip -6 route flush cache
}

# The gateway answers for d2 where d3 asks for it: d3 thinks that it is on the link.
test_proxy() {
	local v
	echo 1 >/proc/sys/net/ipv4/conf/wwan2/proxy_arp
	echo 0 >/proc/sys/net/ipv4/neigh/wwan2/proxy_delay
	echo 0 >/proc/sys/net/ipv6/neigh/wwan2/proxy_delay
	echo 1 >/proc/sys/net/ipv6/conf/wwan2/proxy_ndp
	ip neigh add proxy fd64::12 dev wwan2
	on d3 ip route add 10.64.0.12/32 dev eth0 scope link src 10.64.0.13
	on d3 ip route add fd64::12/128 dev eth0 src fd64::13
	check 'proxy ARP and proxy NDP: no rule' silent d3 udp/10.64.0.12/7000 udp/fd64::12/7000
	check 'the gateway has answered for d2, v4' wait_for 3 knows d3 10.64.0.12
	check 'the gateway has answered for d2, v6' wait_for 3 knows d3 fd64::12
	in_force '[10.64.0.12, "fd64::12"]' '[10.64.0.13, "fd64::13"]' >/dev/null
	check 'proxy ARP and proxy NDP: both rules' reach d3 udp/10.64.0.12/7000 udp/fd64::12/7000
	in_force '' '' >/dev/null
}
knows() { on "$1" ip neigh show "$2" | grep -q '02:00:00:00:01:03'; }

# ---- multicast -------------------------------------------------------------------

# group FAMILY GROUP MAC: what d1 sends to it is forwarded to the net side.
test_multicast() {
	local v=$1 group=$2 mac=$3 d1 router
	d1=$(addr "$v" d1)
	router=$(mroute "$d1" "$group" wwan0 net0)
	check "multicast, IPv$v: no rule" judged denied scada no-rule cast "$mac" "$d1" "$group"
	in_force "[\"$group\"]" '' >/dev/null
	check "multicast, IPv$v: a rule" judged passes scada cast "$mac" "$d1" "$group"
	check "multicast, IPv$v: a forged source" denied scada spoofed \
		cast "$mac" "$(addr "$v" d2)" "$group"
	kill "$router"
	in_force '' '' >/dev/null
}
cast() { on d1 rawsend -i eth0 -d "$1" udp "$2" "$3" 4000 5000; }

# ---- what a program on the gateway does --------------------------------------------

# Frames that a packet socket puts on the link of d2.
test_injection() {
	local v d2 scada
	for v in 4 6; do
		d2=$(addr "$v" d2) scada=$(addr "$v" scada)
		check "a packet socket, IPv$v: to the device of this link" passes d2 inject "$scada" "$d2"
		check "a packet socket, IPv$v: to one of another link" \
			denied d2 unbound inject "$scada" "$(addr "$v" d1)"
		check "a packet socket, IPv$v: to nobody" denied d2 unbound inject "$scada" "${d2%12}99"
		seg quarantine "${ICCID[d2]}" --reason test >/dev/null
		check "a packet socket, IPv$v: to a device in quarantine" \
			denied d2 quarantined inject "$scada" "$d2"
		seg release "${ICCID[d2]}" --reason test >/dev/null
		seg quarantine "${ICCID[d1]}" --reason test >/dev/null
		check "a packet socket, IPv$v: from a device in quarantine" \
			denied d2 quarantined inject "$(addr "$v" d1)" "$d2"
		seg release "${ICCID[d1]}" --reason test >/dev/null
	done
}
# A drop on the way out is told to who sends.
inject() { rawsend -i wwan1 -d 02:00:00:00:02:02 udp "$1" "$2" 4000 5000 || true; }

# A queue between simseg and the way out.
queue_up() {
	holder=$(nfhold 5) || return
	echo "$holder" >>"$WORK/pids"
	nft add rule inet gateway forward udp dport '{ 5000, 6000 }' queue num 5
}
held() { awk '$1 == 5 { print $3 }' /proc/net/netfilter/nfnetlink_queue; }
held_are() { [ "$(held)" = "$1" ]; }

test_queue() {
	local v holder
	check 'a queue to user space' queue_up
	for v in 4 6; do
		check "a queue, IPv$v: what is denied does not get there" denied scada no-rule \
			says d1 "$(addr "$v" d1)" "$(addr "$v" scada)" 6000
	done
	check_eq 'nothing is held' "$(held)" 0
	for v in 4 6; do
		says d1 "$(addr "$v" d1)" "$(addr "$v" scada)" 5000
		says scada "$(addr "$v" scada)" "$(addr "$v" d1)" 6000
	done
	check 'what is allowed is held' wait_for 3 held_are 4
	# towards the net they are behind simseg, as in a qdisc; to the device the guard is
	seg quarantine "${ICCID[d1]}" --reason test >/dev/null
	check 'after the cut nothing of it gets out, to the device' stays d1 datagrams let_go
	seg release "${ICCID[d1]}" --reason test >/dev/null
	for v in 4 6; do
		four_ways 'a queue' "$v" d1
	done
	kill "$holder"
	nft flush chain inet gateway forward
}
let_go() {
	kill -USR1 "$holder" && wait_for 3 held_are 0 && hold_for 1 true
}

ways_up
test_vlans
test_hairpin
test_proxy
test_multicast 4 239.1.1.1 01:00:5e:01:01:01
test_multicast 6 ff1e::1 33:33:00:00:00:01
test_injection
test_queue
check 'the counters add up' identity_settles
check 'the module unloads' unload
finish
