#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml-long
#
# The ways that a packet can take through a gateway: VLANs, VRFs, bridges, back
# out of the interface that it came from, multicast, queues to user space, and
# packets that a program puts on a link itself. On each of them what is allowed
# passes, what is not does not, and either is judged once.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/tally.sh
. "$TOP/tests/netns/tally.sh"

POLICY_OF=([d1]=talker [d2]=talker [d3]=talker)
OUT=	# one more rule of each direction
IN=

policies() {
	cat <<-EOF
		  talker:
		    out:
		      - { label: telemetry, proto: udp, port: 5000, to: masters }
		      $OUT
		    in:
		      - { label: poll, proto: udp, port: 6000, from: masters }
		      $IN
	EOF
}

# in_force OUT IN: peers of one more rule each; d2 is at $D2_AT.
in_force() {
	OUT=${1:+"- { label: more, proto: udp, port: [5000, 7000], to: $1 }"}
	IN=${2:+"- { label: more, proto: udp, port: [5000, 7000], from: $2 }"}
	policies | ruleset >/dev/null
	sed -i "/${ICCID[d2]}/s/dev: wwan1/dev: ${D2_AT:-wwan1}/" "$WORK/ruleset.yaml"
	seg apply "$WORK/ruleset.yaml"
}

# says WHO SRC DST PORT
says() { raw "$1" rawsend udp "$2" "$3" 4000 "$4"; }

# passes TO COMMAND..., denied TO REASON COMMAND...: the packet that it sends.
passes() { came "$1" datagrams 1 "${@:2}"; }
denied() { stays "$1" datagrams dropped "$2" 1 "${@:3}"; }

# judged COMMAND...: one verdict of the floor more, and no more than one.
judged() {
	local want
	want=$(($(verdicts) + 1))
	"$@" && wait_for 2 verdicts_are "$want" && return
	echo "$(verdicts) verdicts, $want expected"
	return 1
}
verdicts() {
	local verdict packets sum=0
	while read -r verdict _ packets _; do
		case $verdict in allow | deny) sum=$((sum + packets)) ;; esac
	done < <(seg stats)
	echo "$sum"
}
verdicts_are() { [ "$(verdicts)" = "$1" ]; }

# The same for each path: out of the device and in from SCADA, good and bad.
four_ways() {
	local what="$1, IPv$2" v=$2 who=$3 device scada
	device=$(addr "$v" "$who") scada=$(addr "$v" scada)
	check "$what: out, allowed" judged passes scada says "$who" "$device" "$scada" 5000
	check "$what: out, denied" judged denied scada no-rule says "$who" "$device" "$scada" 6000
	check "$what: in, allowed" judged passes "$who" via_eth0 says scada "$scada" "$device" 6000
	check "$what: in, denied" judged denied "$who" no-rule via_eth0 says scada "$scada" "$device" 5000
}
via_eth0() { via=eth0 "$@"; }

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

# ---- VRF -------------------------------------------------------------------------

# The links of d1 and SCADA in a routing table of their own.
test_vrf() {
	local v
	ip link add apn type vrf table 100
	ip link set apn up
	ip link set wwan0 master apn
	ip link set net0 master apn
	link_again 1 wwan0 vrf apn
	ip -batch - <<-EOF
		address replace fd20::1/64 dev net0 nodad
		neigh replace 10.20.0.5 lladdr 02:00:00:00:03:05 dev net0 nud permanent
		neigh replace fd20::5 lladdr 02:00:00:00:03:05 dev net0 nud permanent
	EOF
	for v in 4 6; do
		four_ways VRF "$v" d1
		check "VRF, IPv$v: a forged source" denied scada spoofed \
			says d1 "$(addr "$v" d2)" "$(addr "$v" scada)" 5000
	done
	ip link set wwan0 nomaster
	ip link set net0 nomaster
	ip link del apn
	link_again 1
	ip -batch - <<-EOF
		address replace fd20::1/64 dev net0 nodad
		neigh replace 10.20.0.5 lladdr 02:00:00:00:03:05 dev net0 nud permanent
		neigh replace fd20::5 lladdr 02:00:00:00:03:05 dev net0 nud permanent
	EOF
}

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

# The links of d1 and d2 are ports of a bridge: frames between them are not
# routed, no rule can allow them, and nothing else may.
test_bridge() {
	local v
	ip link add sims type bridge mcast_snooping 0 forward_delay 0
	ip link set sims addrgenmode none up
	ip link set wwan0 master sims
	ip link set wwan1 master sims
	wait_for 5 forwarding || note 'the bridge does not forward'
	in_force '[10.64.0.12, "fd64::12"]' '[10.64.0.11, "fd64::11"]' >/dev/null
	for v in 4 6; do
		check "bridge, IPv$v: a frame from SIM to SIM" stays d2 datagrams one_deny \
			frame_to d2 "$(addr "$v" d1)" "$(addr "$v" d2)"
		check "bridge, IPv$v: one with a forged source" stays d2 datagrams one_deny \
			frame_to d2 "$(addr "$v" d3)" "$(addr "$v" d2)"
		check "bridge, IPv$v: one to an address that is not there" stays d2 datagrams one_deny \
			frame_to d2 "$(addr "$v" d1)" "$(addr "$v" d3)"
	done
	check_eq 'status says that its ports are' "$(seg -j status |
		jq -c '[.interfaces[] | select(.bridge_port).name] | sort')" '["wwan0","wwan1"]'
	check 'and what that means' grep -q 'wwan0 is a bridge.s port' <(seg status)
	test_br_netfilter
	in_force '' '' >/dev/null
	ip link del sims
	link_again 1
	link_again 2
}

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
forwarding() { [ "$(bridge link | grep -c 'state forwarding')" -ge 2 ]; }
frame_to() { on d1 rawsend -i eth0 -d "02:00:00:00:02:0${1#d}" udp "$2" "$3" 4000 5000; }

# one_deny COMMAND...: whatever the reason.
one_deny() {
	local want
	want=$(($(denies) + 1))
	"$@" && wait_for 2 denies_are "$want" && return
	echo "$(denies) denies, $want expected"
	return 1
}
denies() { seg -j stats | jq '[.reasons[] | select(.verdict == "deny").packets] | add // 0'; }
denies_are() { [ "$(denies)" = "$1" ]; }

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

topology_up d1 d2 d3 scada
ip route add 10.64.0.99/32 dev wwan1
ip route add fd64::99/128 dev wwan1
for who in d1 d2 d3 scada; do
	tally_up "$who" datagrams 'udp dport { 5000, 6000 }'
	# nobody shall complain that nobody listens
	on "$who" nft add rule inet tally in 'udp dport { 5000, 6000 } drop'
done
background d2 probe serve udp/7000 >/dev/null
nft flush chain inet gateway nat
check 'the module and its ruleset' govern "$(policies | ruleset)"
for v in 4 6; do
	four_ways 'the plain way' "$v" d1
done
test_vlans
test_hairpin
test_proxy
test_multicast 4 239.1.1.1 01:00:5e:01:01:01
test_multicast 6 ff1e::1 33:33:00:00:00:01
test_injection
test_queue
test_bridge
test_vrf
check 'the counters add up' identity_settles
check 'the module unloads' unload
finish
