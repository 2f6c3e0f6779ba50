#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: 6.12
#
# Forwarding at once: packets of established sessions go from interface to interface in
# XDP. It is refused where they would skip something; each packet is counted once; and
# what is promised of the next packet holds: routes, neighbours, interfaces, MTU, rules,
# bindings, quarantine, IPsec policies.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/flows.sh
. "$(dirname "$0")/flows.sh"
# shellcheck source=tests/netns/streams.sh
. "$(dirname "$0")/streams.sh"

POLICY_OF=([d1]=talker [d2]=talker)
rules() {
	cat <<-EOF
		  talker:
		    out:
		      - { label: stream, proto: udp, port: 5000-5999, to: masters }
		      - { label: bulk, proto: tcp, port: 5000-5999, to: masters }
		      - { label: echo, proto: icmp, to: masters }
	EOF
}
apply() { rules | ruleset >/dev/null && seg apply "$WORK/ruleset.yaml"; }

# ---- what is counted -------------------------------------------------------

count_of() {
	seg -j stats | jq --arg d "$1" --arg c "$2" '.interfaces[] | select(.name == $d)[$c]'
}
forwarded() { count_of "$1" xdp_forward; }
forwarded_more() { [ "$(forwarded "$1")" -gt "$2" ]; }
# at_once DEV: packets that come in there are sent on at once, from now on.
at_once() { wait_for 10 forwarded_more "$1" $(($(forwarded "$1") + 50)); }
same_forwarded() { [ "$(forwarded "$1")" = "$2" ]; }
# long_way DEV: for a second none is.
long_way() { hold_for 1 same_forwarded "$1" "$(forwarded "$1")"; }

forwards() { seg -j status | jq -r --arg d "$1" '.interfaces[] | select(.name == $d).forwards'; }
skips() { seg -j status | jq -c --arg d "$1" '.interfaces[] | select(.name == $d).skips'; }
forwards_is() { [ "$(forwards "$1")" = "$2" ]; }

# lost NAME: numbers that were sent and have not come, when nothing is under way.
lost() {
	local count number
	read -r count number _ < <(numrecv -q "$WORK/$1.recv")
	echo $((number - count))
}

# ---- streams ---------------------------------------------------------------

STREAMS=(u4 u6 t4 t6)
streams_up() {
	numbers_up u4 d1 scada "$(addr4 scada)" 5004 -r 100 &&
		numbers_up u6 d1 scada "$(addr6 scada)" 5006 -r 100 &&
		numbers_up t4 d1 scada "$(addr4 scada)" 5014 -t -r 100 &&
		numbers_up t6 d1 scada "$(addr6 scada)" 5016 -t -r 100
}
goes_on() { wait_for 10 received_more "$1" $(($(received "$1") + 20)); }
all_go_on() {
	local name
	for name in "${STREAMS[@]}"; do goes_on "$name" || return 1; done
}
declare -A lost_before
count_lost() {
	local name
	for name in "${STREAMS[@]}"; do lost_before[$name]=$(lost "$name"); done
}
none_lost() {
	local name
	for name in "${STREAMS[@]}"; do
		echo "$name: $(lost "$name") lost, ${lost_before[$name]} before"
		[ "$(lost "$name")" = "${lost_before[$name]}" ] || return 1
	done
}

# ---- refusals --------------------------------------------------------------

attach() { seg attach 'wwan*' --side sim --forward "$@" && seg attach net0 --side net --forward "$@"; }

# refused WORD...: attach says these words, and changes nothing.
refused() {
	local before said
	before=$(seg -j status | jq -c .interfaces)
	check_not "refused: $*" attach
	said=$(attach 2>&1)
	check "and says so: $*" grep -q "$*" <<<"$said"
	check_eq "and changes nothing: $*" "$(seg -j status | jq -c .interfaces)" "$before"
}

test_refusals() {
	refused 'nftables or iptables'
	nft delete table inet gateway
	ip xfrm policy add src 10.64.0.0/16 dst 10.99.0.0/16 dir out tmpl src 10.20.0.1 \
		dst 10.20.0.9 proto esp mode tunnel
	refused 'IPsec'
	check_not 'not by force either' attach --force
	ip xfrm policy flush
	ip rule add fwmark 7 table main
	refused 'by mark'
	ip rule del fwmark 7 table main
	tc qdisc add dev net0 root tbf rate 1gbit burst 100k latency 50ms
	refused 'a queue that'
	check 'it may be by force' attach --force
	check_eq 'status says what is skipped' "$(skips net0)" '["a queue that shapes"]'
	check_eq 'and that packets are sent on' "$(forwards net0)" true
	tc qdisc del dev net0 root
	check 'nothing speaks against it now' attach
	check_eq 'nothing is skipped' "$(skips net0) $(skips wwan0)" '[] []'
}

# ---- what changes under way ------------------------------------------------

# followed WHAT COMMAND...: after it packets still arrive, all of them, at once again.
followed() {
	local what=$1
	shift
	check "$what" "$@"
	check "$what: all go on" all_go_on
	check "$what: at once, up" at_once wwan0
	check "$what: at once, down" at_once net0
}

# Another hardware address of the far end, which the gateway is told of.
move_neighbour() {
	on scada ip link set eth0 address "02:00:00:00:03:$1" || return
	ip neigh replace "$(addr4 scada)" lladdr "02:00:00:00:03:$1" dev net0 nud permanent
	ip neigh replace "$(addr6 scada)" lladdr "02:00:00:00:03:$1" dev net0 nud permanent
}

# The way there is another one, and the old one is no more.
move_route() {
	ip route add "$(addr4 scada)/32" via "$1" dev net0 &&
		ip -6 route add "$(addr6 scada)/128" via "$2" dev net0
}
routes_back() {
	ip route del "$(addr4 scada)/32"
	ip -6 route del "$(addr6 scada)/128"
}

# That other way is a router of its own, which has seen the packets then.
test_route() {
	local before
	on pc sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
		net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0
	on pc ip address add fe80::20/64 dev eth0 nodad	# a router asks from there
	before=$(rx_of pc)
	followed 'another route' move_route "$(addr4 pc)" "$(addr6 pc)"
	check 'packets take it' [ "$(rx_of pc)" -gt $((before + 100)) ]
	followed 'and back' routes_back
}
rx_of() { on "$1" ip -s -j link show eth0 | jq '.[0].stats64.rx.packets'; }

# A neighbour of which nobody has heard: the stack has to ask for it.
stale_neighbour() {
	ip neigh replace "$(addr4 scada)" lladdr 02:00:00:00:03:05 dev net0 nud stale &&
		ip neigh replace "$(addr6 scada)" lladdr 02:00:00:00:03:05 dev net0 nud stale
}
neighbour_asked() {
	[ "$(ip -j neigh show dev net0 | jq -c --arg a "$(addr4 scada)" --arg b "$(addr6 scada)" \
		'[.[] | select(.dst == $a or .dst == $b).state[0]]')" = '["REACHABLE","REACHABLE"]' ]
}

test_mtu() {
	local before
	check 'a smaller MTU' ip link set net0 mtu 1280
	check 'a large packet is answered: too big, IPv4' too_big 4
	check 'and IPv6' too_big 6
	followed 'the old MTU' ip link set net0 mtu 1500
}
# One datagram larger than that, do not fragment, in a session that goes on.
too_big() {
	local to
	to=$("addr$1" scada)
	on d1 ip route flush cache
	on d1 ping -c 3 -i 0.2 -W 2 -M "do" -s 1400 "$to" | grep -q 'mtu *= *1280'
}

test_link() {
	check 'the link goes down and comes up' flap
	followed 'the link is there again' true
}
flap() {
	ip link set net0 down && ip link set net0 up && gateway_again
}
# What went with the link.
gateway_again() {
	ip address replace fd20::1/64 dev net0 nodad && ip address replace fe80::2/64 dev net0 nodad &&
		ip neigh replace "$(addr4 scada)" lladdr 02:00:00:00:03:05 dev net0 nud permanent &&
		ip neigh replace "$(addr6 scada)" lladdr 02:00:00:00:03:05 dev net0 nud permanent
}

test_rules() {
	followed 'the same rules again' apply
	check 'the session is judged again' seg bind "${ICCID[d2]}" 10.64.0.99 dev wwan1
	check 'all go on' all_go_on
	check 'at once' at_once wwan0
	check 'away with it' seg unbind "${ICCID[d2]}" 10.64.0.99
}

test_ipsec() {
	local before
	check 'a policy of IPsec appears' ip xfrm policy add src 10.64.0.0/16 dst 10.99.0.0/16 \
		dir out tmpl src 10.20.0.1 dst 10.20.0.9 proto esp mode tunnel
	before=$(forwarded wwan0)
	check 'not one packet more is sent on at once' long_way wwan0
	check_eq 'from the moment on that it was there' "$(forwarded wwan0)" "$before"
	check 'all go on' all_go_on
	check 'status says so' wait_for 5 forwards_is wwan0 false
	check_eq 'and why' "$(skips wwan0)" '["IPsec policies"]'
	ip xfrm policy flush
	check 'it goes' wait_for 5 forwards_is wwan0 true
	followed 'IPsec is gone' true
}

test_mark() {
	check 'a rule by mark appears' ip rule add fwmark 7 table main
	check 'status says so' wait_for 5 forwards_is wwan0 false
	check 'the long way' long_way wwan0
	ip rule del fwmark 7 table main
	check 'it goes' wait_for 5 forwards_is wwan0 true
	followed 'the rule is gone' true
}

test_chain() {
	nft add table inet late
	nft add chain inet late f '{ type filter hook forward priority 0; }'
	check 'a chain of somebody else appears: status says so' wait_for 5 forwards_is wwan0 false
	check 'the long way' long_way wwan0
	nft delete table inet late
	check 'it goes' wait_for 5 forwards_is wwan0 true
	followed 'the chain is gone' true
}

# ---- the end ---------------------------------------------------------------

test_quarantine() {
	local limit done_ns name
	done_ns=$(seg -j quarantine "${ICCID[d1]}" --reason test | jq .receipt.time_done)
	check 'there is a receipt' test "$done_ns" -gt 0
	for name in "${STREAMS[@]}"; do
		limit=$(numsend -q "$WORK/$name.send" "$done_ns")
		check "nothing of $name passes after the receipt" hold_for 1 not_above "$name" "$limit"
	done
	check 'nothing is sent on' long_way wwan0
}

# What a session has carried is what was sent, though some of it took one way and some
# the other: with each change the next packet takes the long way.
test_both_ways() {
	local -a pids=("${senders[@]}")
	local i v
	senders=()
	numbers_up b4 d1 scada "$(addr4 scada)" 5104 -r 500
	numbers_up b6 d1 scada "$(addr6 scada)" 5106 -r 500
	for i in 1 2 3 4 5 6 7 8; do
		apply >/dev/null
		seg bind "${ICCID[d2]}" "10.64.0.10$i" dev wwan1 >/dev/null
		goes_on b4
	done
	numbers_end
	for v in 4 6; do
		check_eq "packets that took both ways are counted once, IPv$v" \
			"$(carried "510$v")" "$(numsend -q "$WORK/b$v.send")"
		check_eq "and all of them arrived, IPv$v" "$(received "b$v")" \
			"$(numsend -q "$WORK/b$v.send")"
	done
	senders=("${pids[@]}")
}
carried() {
	seg -j session list --device "${ICCID[d1]}" |
		jq --argjson p "$1" '[.[] | select(.dport == $p).packets] | add'
}

# Frames in several buffers; an echo is a session as well.
test_jumbo() {
	local before who
	for who in d1 scada; do on $who ip link set eth0 mtu 9000; done
	on wan ip link set up0 mtu 9000 && on wan ip link set scada mtu 9000
	check 'large frames' ip -batch - <<-EOF
		link set wwan0 mtu 9000
		link set net0 mtu 9000
	EOF
	before=$(forwarded wwan0)
	check 'they pass, IPv4' on d1 ping -q -i 0.05 -c 40 -M "do" -s 8000 "$(addr4 scada)"
	check 'they pass, IPv6' on d1 ping -q -i 0.05 -c 40 -M "do" -s 8000 "$(addr6 scada)"
	check 'at once' test "$(forwarded wwan0)" -gt $((before + 60))
	for who in wwan0 net0; do ip link set $who mtu 1500; done
}

transfer() { on d1 timeout 60 iperf3 -c "$1" -p 5201 -n "$2" -w 64K "${@:3}" >"$WORK/iperf" 2>&1; }

test_accounting() {
	local before after way
	spawn scada iperf3 -s -p 5201 >/dev/null 2>&1
	wait_for 5 reach scada tcp/127.0.0.1/5201
	for way in '' -R; do
		before=$(counts)
		# shellcheck disable=SC2086 # an option or nothing
		check "a transfer $way" transfer "$(addr4 scada)" 2M $way
		# shellcheck disable=SC2086 # an option or nothing
		check "a transfer $way, IPv6" transfer "$(addr6 scada)" 2M $way
		after=$(counts)
		note "packets received, of these sent on at once: $before, then $after"
		check "most packets were sent on at once $way" mostly "$before" "$after"
	done
	check 'the counters add up' identity_settles
}
counts() { echo "$(count_of wwan0 rx) $(count_of net0 rx) $(forwarded wwan0) $(forwarded net0)"; }
mostly() {
	local -a a b
	read -ra a <<<"$1"
	read -ra b <<<"$2"
	[ $((10 * (b[2] + b[3] - a[2] - a[3]))) -gt $((9 * (b[0] + b[1] - a[0] - a[1]))) ]
}

topology_up d1 d2 scada pc
# a frame that XDP sends to a veth has to be taken by the other end
for who in d1 d2; do on $who ethtool -K eth0 gro on; done
on wan ethtool -K up0 gro on
for who in d1 d2 scada pc; do on $who ethtool -K eth0 tso off gso off >/dev/null 2>&1; done
check 'the module and its ruleset' govern "$(rules | ruleset)"
test_refusals
check 'streams, UDP and TCP, IPv4 and IPv6' streams_up
check 'up at once' at_once wwan0
check 'down at once' at_once net0
followed 'another address of the neighbour' move_neighbour 77
followed 'its old one' move_neighbour 05
count_lost	# some were on their way to the old address
followed 'it is stale' stale_neighbour
check 'the stack has asked for it' wait_for 20 neighbour_asked
followed 'and it answered' true
test_route
test_rules
check 'nothing was lost up to here' none_lost
test_both_ways
test_accounting
test_jumbo
test_mtu
test_mark
test_chain
test_ipsec
check 'nothing was lost up to here' none_lost
test_link
test_quarantine
numbers_end
check 'the counters add up' identity_settles
check 'the module unloads' unload
finish
