#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml-long
#
# What a session is, protocol by protocol: TCP's states and which packets change
# them, protocols with ports and without, the gateway as a peer, and what link
# control keeps doing while everything is denied.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/tally.sh
. "$TOP/tests/netns/tally.sh"

POLICY_OF=([d1]=talker [d2]=listener)

policies() {
	cat <<-EOF
		  talker:
		    out:
		      - { label: tcp, proto: tcp, port: 2000-2999, to: masters }
		      - { label: udp, proto: udp, port: 161, to: masters }
		      - { label: sctp, proto: sctp, port: 2905, to: masters }
		      - { label: gre, proto: gre, to: masters }
		      - { label: esp, proto: esp, to: masters }
		      - { label: dns, proto: udp, port: 53, to: self }
		      - { label: ntp, proto: udp, port: 123, to: self }
		  listener:
		    in:
		      - { label: modbus, proto: tcp, port: 502, from: self }
	EOF
}

# ---- TCP, packet by packet ---------------------------------------------------

# A connection of d1, port $port, to SCADA, port 2000; $v is the family. Nobody
# is there: what comes is counted and dropped, so that no stack answers.
new_connection() {
	v=$1 port=$((port + 10))
	d1=$(addr "$v" d1) scada=$(addr "$v" scada)
}
port=20000

# up FLAGS SEQ ACK [WINDOW], down ...: a segment without data that arrives.
up() { came scada segments 1 raw d1 rawsend tcp "$d1" "$scada" "$port" 2000 "$1" "$2" "$3" "${4:-1000}"; }
down() { came d1 segments 1 raw scada rawsend tcp "$scada" "$d1" 2000 "$port" "$1" "$2" "$3" "${4:-1000}"; }
up_denied() {
	stays scada segments dropped not-first 1 \
		raw d1 rawsend tcp "$d1" "$scada" "$port" 2000 "$1" "$2" "$3" 1000
}
down_denied() {
	stays d1 segments dropped not-first 1 \
		raw scada rawsend tcp "$scada" "$d1" 2000 "$port" "$1" "$2" "$3" 1000
}

session_now() {
	seg -j session list | jq -r --argjson p "$port" --arg k "$1" \
		'[.[] | select(.sport == $p)][0] | .[$k]'
}
is() { check_eq "IPv$v: $1" "$(session_now state)" "$2"; }

# The numbers: d1 begins with 1000, SCADA with 5000, each offers 1000 bytes.
handshake() { up S 1000 0 && down SA 5000 1001 && up A 1001 5001; }
connected() {
	new_connection "$1"
	handshake || note 'no connection'
}

test_opening() {
	new_connection "$1"
	check "IPv$v: only a SYN opens" up_denied A 1000 1
	check "IPv$v: not one with ACK" up_denied SA 1000 1
	check "IPv$v: nor from outside" down_denied SA 5000 1001
	check "IPv$v: a SYN does" up S 1000 0
	is 'it is new' new
	check "IPv$v: a SYN with ACK of another SYN passes" down SA 5000 777
	is 'but is no reply' new
	check "IPv$v: the right one passes" down SA 5000 1001
	is 'and is one' replied
	check "IPv$v: an ACK beyond what was sent passes" up A 1001 9999
	is 'but completes nothing' replied
	check "IPv$v: the right one passes" up A 1001 5001
	is 'and completes the handshake' established
}

test_reset() {
	connected "$1"
	is 'a connection' established
	check "IPv$v: an RST far outside of the window passes, from d1" up R 900000 0
	check "IPv$v: and from outside" down R 900000 0
	check "IPv$v: and one before it" down R 4000 0
	is 'and ends nothing' established
	check "IPv$v: an RST in the window" down R 5001 0
	is 'closes' closed
	connected "$1"
	check "IPv$v: an RST of d1 in the window" up R 1001 0
	is 'closes' closed
	new_connection "$1"
	up S 1000 0 && down RA 0 777
	is 'an RST that answers another SYN closes nothing' new
	down RA 0 1001
	is 'one that answers this one closes' closed
}

test_closing() {
	connected "$1"
	check "IPv$v: a FIN far outside of the window passes" down FA 900000 1001
	check "IPv$v: also from d1" up FA 900000 5001
	is 'and begins no end' established
	check "IPv$v: data far outside passes, too" up PA 700000 5001
	check "IPv$v: a FIN in the window" up FA 1001 5001
	is 'begins the end' closing
	check "IPv$v: its acknowledgment" down A 5001 1002
	is 'is not the end' closing
	check "IPv$v: the other FIN" down FA 5001 1002
	is 'is the end' closed
	check "IPv$v: and its acknowledgment passes" up A 1002 5002
}

test_simultaneous() {
	local id
	new_connection "$1"
	check "IPv$v: both send a SYN: d1" up S 1000 0
	id=$(session_now id)
	check "IPv$v: and SCADA" down S 5000 0
	is 'the second is a reply' replied
	check "IPv$v: both acknowledge: d1" up SA 1000 5001
	check "IPv$v: and SCADA" down SA 5000 1001
	check "IPv$v: ACK" up A 1001 5001
	is 'a simultaneous open is a connection' established
	check_eq "IPv$v: and one session" "$(session_now id)" "$id"
	check "IPv$v: both send a FIN: d1" up FA 1001 5001
	check "IPv$v: and SCADA" down FA 5001 1001
	is 'a simultaneous close is a close' closed
}

test_reuse() {
	local id
	connected "$1"
	id=$(session_now id)
	check "IPv$v: a SYN in the middle passes" up S 3000 0
	is 'and changes nothing' established
	check_eq "IPv$v: it is the same session" "$(session_now id)" "$id"
	down R 5001 0
	check "IPv$v: a SYN after the end opens another one" up S 9000 0
	is 'it is new' new
	check "IPv$v: with another id" test "$(session_now id)" -gt "$id"
	down RA 0 9001
	is 'it is closed' closed
	check "IPv$v: a SYN from outside has no rule: dropped" stays d1 segments dropped no-rule 1 \
		raw scada rawsend tcp "$scada" "$d1" 2000 "$port" S 6000 0 1000
}

test_times() {
	SETTINGS='{ deny_interval: 1, tcp_closed: 1, tcp_closing: 1, tcp_new: 1, tcp_established: 3,'
	SETTINGS+=' udp_new: 1, udp_replied: 1, icmp: 1, other: 1 }'
	check 'short times' seg apply "$(policies | ruleset)"
	check 'a closed, a new and the other sessions end' wait_for 12 none_but established
	check 'then the established ones' wait_for 9 none_but none
	SETTINGS='{ deny_interval: 1 }'
	seg apply "$(policies | ruleset)" >/dev/null
}
none_but() {
	[ "$(seg -j session list | jq --arg s "$1" '[.[] | select(.state != $s)] | length')" = 0 ]
}

# ---- other protocols -----------------------------------------------------------

# both_ways SENTENCE NAME PROTO HEX REPLY: d1 may, SCADA may answer.
both_ways() {
	local what="IPv$v: $1" name=$2 proto=$3 d1 scada
	d1=$(addr "$v" d1) scada=$(addr "$v" scada)
	check "$what: nobody may begin from outside" stays d1 "$name" dropped no-rule 1 \
		raw scada rawsend ip "$scada" "$d1" "$proto" "$5"
	check "$what: d1 opens" came scada "$name" 1 raw d1 rawsend ip "$d1" "$scada" "$proto" "$4"
	check "$what: the reply passes" came d1 "$name" 1 \
		raw scada rawsend ip "$scada" "$d1" "$proto" "$5"
	check "$what: no other peer" stays attacker "$name" dropped no-rule 1 \
		raw d1 rawsend ip "$d1" "$(addr "$v" attacker)" "$proto" "$4"
	check "$what: nor may that one answer" stays d1 "$name" dropped no-rule 1 \
		raw attacker rawsend ip "$(addr "$v" attacker)" "$d1" "$proto" "$5"
	check "$what: one session" test "$(seg -j session list | jq --arg n "$name" --arg s "$d1" \
		'[.[] | select(.label == $n and .src == $s)] | length')" = 1
}

# Hexadecimal: source and destination port, then what the protocol has.
test_protocols() {
	v=$1
	both_ways SCTP sctp 132 0b590b5900000000000000000100001400000001 \
		0b590b5900000001000000000200001400000001
	both_ways GRE gre 47 0000080000000000 0000080000000000
	both_ways ESP esp 50 0000100000000001aabbccdd 0000200000000001aabbccdd
	check "IPv$v: SCTP to another port" stays scada sctp dropped no-rule 1 \
		raw d1 rawsend ip "$(addr "$v" d1)" "$(addr "$v" scada)" 132 \
		0b590b5a00000000000000000100001400000001
	check "IPv$v: another protocol" dropped no-rule 1 \
		raw d1 rawsend ip "$(addr "$v" d1)" "$(addr "$v" scada)" 115 0000000100000000
	check "IPv$v: UDP opens" came scada datagrams 1 \
		raw d1 rawsend udp "$(addr "$v" d1)" "$(addr "$v" scada)" 4444 161
	check "IPv$v: UDP from the right port is the reply" came d1 datagrams 1 \
		raw scada rawsend udp "$(addr "$v" scada)" "$(addr "$v" d1)" 161 4444
	check "IPv$v: UDP from another one is not" stays d1 datagrams dropped no-rule 1 \
		raw scada rawsend udp "$(addr "$v" scada)" "$(addr "$v" d1)" 162 4444
}

# ---- the gateway as a peer -----------------------------------------------------

unbound_up() {
	cat >"$WORK/unbound.conf" <<-EOF
		server:
		  interface: 192.0.2.1
		  interface: fd63::1
		  access-control: 10.64.0.0/16 allow
		  access-control: fd64::/48 allow
		  chroot: ""
		  username: ""
		  directory: "$WORK"
		  pidfile: ""
		  use-syslog: no
		  logfile: "$WORK/unbound.log"
		  num-threads: 1
		  module-config: "iterator"
		  local-zone: "example." static
		  local-data: "scada.example. A 10.20.0.5"
		remote-control:
		  control-enable: no
	EOF
	spawn gw unbound -d -c "$WORK/unbound.conf" 2>/dev/null
	wait_for 20 listens
}
listens() { [ "$(ss -Hlun 'sport = :53' | wc -l)" -ge 2 ]; }

# A question for scada.example, and the address in the answer.
QUESTION='\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x05scada\x07example\x00\x00\x01\x00\x01'
resolves() {
	# shellcheck disable=SC2059 # the bytes are the format
	on "$1" bash -c "printf '$QUESTION' | socat -t 2 - udp:$2:53" | od -An -tx1 |
		tr -d ' \n' | grep -q '12348.*0a140005$'
}

test_gateway() {
	local self target
	unbound_up || note "$(cat "$WORK/unbound.log")"
	background gw probe serve udp/123 udp/124 tcp/22 >/dev/null
	for self in 192.0.2.1 fd63::1; do
		target=$self
		case $self in *:*) target="[$self]" ;; esac
		check "DNS of the gateway, $self" wait_for 20 resolves d1 "$target"
		check_not "but not for a device without the rule, $self" resolves d2 "$target"
		check "time of the gateway, $self" reach d1 "udp/$self/123"
		check "and nothing else, $self" silent d1 "udp/$self/124" "tcp/$self/22" "icmp/$self"
	done
	check 'the gateway reaches d2 where a rule says so' \
		reach gw tcp/10.64.0.12/502 tcp/fd64::12/502
	check 'and nowhere else' silent gw tcp/10.64.0.12/22 tcp/fd64::12/22 icmp/10.64.0.12 icmp/fd64::12
}

# ---- link control ----------------------------------------------------------------

dhcp_up() {
	cat >"$WORK/udhcpd.conf" <<-EOF
		start 10.64.0.12
		end 10.64.0.12
		interface wwan1
		lease_file $WORK/leases
		pidfile $WORK/udhcpd.pid
		option subnet 255.255.255.255
		option lease 3600
	EOF
	: >"$WORK/leases"
	spawn gw busybox udhcpd -f "$WORK/udhcpd.conf" >"$WORK/udhcpd.log" 2>&1
}

# A real client gets its address, though nothing at all is allowed.
leased() {
	on d2 busybox udhcpc -i eth0 -f -n -q -t 8 -T 1 -s /bin/true -r 10.64.0.12 2>&1 |
		grep 'lease of 10.64.0.12 obtained'
}

forget_neighbours() {
	ip neigh del 10.64.0.12 dev wwan1 && ip neigh del fd64::12 dev wwan1 &&
		on d2 ip neigh del 192.0.2.1 dev eth0 && on d2 ip neigh del fe80::1 dev eth0
}
knows_gateway() { on d2 ip neigh show "$1" | grep -q lladdr; }

test_link_control() {
	local links
	seg quarantine "${ICCID[d2]}" --reason test >/dev/null
	check 'neighbours are forgotten' forget_neighbours
	check 'the gateway cannot be reached' silent d2 udp/192.0.2.1/53 udp/fd63::1/53
	check 'but found, with ARP' knows_gateway 192.0.2.1
	check 'and with neighbour discovery' knows_gateway fe80::1
	dhcp_up
	check 'a lease from a DHCP server' leased
	links=$(drops link)
	# it asks whether somebody has it, in a group that the gateway has joined
	on d2 ip address add fd64::2:0:1/128 dev eth0
	check 'duplicate address detection is not judged' wait_for 3 more_links "$links"
	# which it has joined and leaves by MLD, more than once
	on d2 ip address del fd64::2:0:1/128 dev eth0
	check 'link control comes to rest' wait_for 10 links_rest
	check 'nor is MLD' dropped link 1 raw d2 rawsend -t 1 ip fe80::12 ff02::1 58 \
		820000000000000000000000000000000000000000000000
	check 'nor IGMP' dropped link 1 raw d2 rawsend -t 1 ip 10.64.0.12 224.0.0.1 2 1100eeff00000000
	seg release "${ICCID[d2]}" --reason test >/dev/null
	check 'all that opened nothing' test "$(sessions d2)" = 0
}
links_rest() {
	local n
	n=$(drops link)
	hold_for 2 links_are "$n"
}
links_are() { [ "$(drops link)" = "$1" ]; }
more_links() { [ "$(drops link)" -gt "$1" ]; }

# cast WHO MAC SRC DST: a datagram to many.
cast() { on "$1" rawsend -i eth0 -d "$2" udp "$3" "$4" 5353 5353; }

test_casts() {
	check 'a broadcast of a device is dropped' \
		dropped no-rule 1 cast d1 ff:ff:ff:ff:ff:ff 10.64.0.11 255.255.255.255
	check 'multicast of a device is dropped, v4' \
		dropped no-rule 1 cast d1 01:00:5e:00:00:01 10.64.0.11 224.0.0.1
	check 'multicast of a device is dropped, v6' \
		dropped no-rule 1 cast d1 33:33:00:00:00:01 fd64::11 ff02::1
	check 'so is what a device sends from a link-local address' \
		dropped spoofed 1 cast d1 33:33:00:00:00:01 fe80::11 ff02::1
}

tallies_up() {
	local who
	for who in d1 scada attacker; do
		tally_up "$who" segments 'meta l4proto tcp'
		tally_up "$who" datagrams 'udp dport { 161, 4444 }'
		tally_up "$who" sctp 'meta l4proto 132'
		tally_up "$who" gre 'meta l4proto 47'
		tally_up "$who" esp 'meta l4proto 50'
		# nobody shall complain about what is made by hand
		on "$who" nft add rule inet tally in 'meta l4proto tcp drop'
		on "$who" nft add rule inet tally in 'meta l4proto { 47, 50, 132 } drop'
		on "$who" nft add rule inet tally in 'udp dport { 161, 4444 } drop'
	done
}

topology_up d1 d2 scada attacker
tallies_up
background d2 probe serve tcp/22 tcp/502 >/dev/null
# The numbers and addresses on the wire shall be those that were sent.
check 'no conntrack' nft delete table inet gateway
check 'the module and its ruleset' govern "$(policies | ruleset)"
for v in 4 6; do
	test_opening "$v"
	test_reset "$v"
	test_closing "$v"
	test_simultaneous "$v"
	test_reuse "$v"
	test_protocols "$v"
done
test_gateway
test_times
test_link_control
test_casts
check 'the counters add up' identity_settles
check 'the module unloads' unload
finish
