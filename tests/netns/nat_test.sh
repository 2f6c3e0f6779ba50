#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml-long
#
# The gateway translates addresses, simseg judges the real ones: masquerading,
# forwarded ports, and both on one flow. What is cut is cut in conntrack and in
# flowtables, too.
#
# shellcheck disable=SC2046 # lists of targets are split on purpose

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/tally.sh
. "$TOP/tests/netns/tally.sh"
# shellcheck source=tests/netns/streams.sh
. "$TOP/tests/netns/streams.sh"

POLICY_OF=([d1]=talker [d2]=listener)

policies() {
	cat <<-EOF
		  talker:
		    out:
		      - { label: any, to: masters }
		  listener:
		    in:
		      - { label: modbus, proto: tcp, port: 502, from: masters }
		      - { label: telemetry, proto: udp, port: 5000, from: masters }
		      - { label: numbers, proto: udp, port: 5002, from: masters }
	EOF
}

# forwarded PROTO PORT TO [HIDDEN]: a port of the gateway stands for one of d2.
forwarded() {
	local hidden=
	[ $# -lt 4 ] || hidden='meta mark set 1'
	echo "iifname net0 ip daddr 10.20.0.1 $1 dport $2 $hidden dnat ip to 10.64.0.12:$3"
	echo "iifname net0 ip6 daddr fd20::1 $1 dport $2 $hidden dnat ip6 to [fd64::12]:$3"
}

# Those from 25000 on hide the sender from d2 as well: it sees the gateway.
ports_forwarded() {
	nft -f - <<-EOF
		table inet gateway {
			chain forwarded {
				type nat hook prerouting priority dstnat
				$(forwarded tcp 15502 502)
				$(forwarded udp 15000 5000)
				$(forwarded tcp 15022 22)
				$(forwarded tcp 25502 502 hidden)
				$(forwarded udp 25000 5000 hidden)
				$(forwarded udp 25002 5002 hidden)
			}
			chain hidden {
				type nat hook postrouting priority srcnat
				oifname wwan1 meta mark 1 masquerade
			}
		}
	EOF
}

# The session on a port of d2 or SCADA: its addresses, as simseg has them.
session_of() {
	seg -j session list | jq -r --argjson p "$1" --arg s "$2" \
		'[.[] | select(.dport == $p and .src == $s)][0] | "\(.src) \(.dst) \(.iccid // .src_iccid)"'
}
session_ends() { [ "$(session_of "$1" "$2" | cut -d' ' -f1,2)" = "$2 $3" ]; }
sees_only() { [ -s "$WORK/$1.log" ] && ! grep -v "from $2 " "$WORK/$1.log"; }
mapped() { case $1 in *:*) echo "$1" ;; *) echo "::ffff:$1" ;; esac }

test_masquerading() {
	local v=$1 d1 scada attacker
	d1=$(addr "$v" d1) scada=$(addr "$v" scada) attacker=$(addr "$v" attacker)
	: >"$WORK/scada.log"
	check "IPv$v: d1 reaches SCADA" reach d1 "tcp/$scada/22" "udp/$scada/161" "icmp/$scada"
	check "IPv$v: which sees the gateway" sees_only scada "$(mapped "$(gateway "$v")")"
	check "IPv$v: the TCP session has the SIM's own address" session_ends 22 "$d1" "$scada"
	check "IPv$v: so has the UDP session" session_ends 161 "$d1" "$scada"
	check "IPv$v: and nobody else is reached" silent d1 "tcp/$attacker/22" "udp/$attacker/161"
}

test_forwarding() {
	local v=$1 gw d2 scada
	gw=$(gateway "$v") d2=$(addr "$v" d2) scada=$(addr "$v" scada)
	: >"$WORK/d2.log"
	check "IPv$v: SCADA reaches d2 by a port of the gateway" \
		reach scada "tcp/$gw/15502" "udp/$gw/15000"
	check "IPv$v: d2 sees SCADA" sees_only d2 "$(mapped "$scada")"
	check "IPv$v: the session has the SIM's own address and port" session_ends 502 "$scada" "$d2"
	check "IPv$v: the attacker does not" silent attacker "tcp/$gw/15502" "udp/$gw/15000"
	check "IPv$v: nor SCADA by a port that the policy lacks" silent scada "tcp/$gw/15022"
}

# Source and destination NAT on one flow: policy sees who it is, and to whom.
test_both() {
	local v=$1 gw d2 scada
	gw=$(gateway "$v") d2=$(addr "$v" d2) scada=$(addr "$v" scada)
	: >"$WORK/d2.log"
	check "IPv$v: both at once" reach scada "tcp/$gw/25502" "udp/$gw/25000"
	check "IPv$v: d2 sees the gateway" \
		sees_only d2 "$(mapped "$([ "$v" = 4 ] && echo 192.0.2.1 || echo fd63::1)")"
	check "IPv$v: the session is one of SCADA with the SIM" session_ends 5000 "$scada" "$d2"
	check "IPv$v: the attacker does not" silent attacker "tcp/$gw/25502" "udp/$gw/25000"
}

# One drop or one allowed packet each, whatever the addresses on the wire are.
test_counters() {
	local v=$1 gw d2 attacker
	gw=$(gateway "$v") d2=$(addr "$v" d2) attacker=$(addr "$v" attacker)
	check "IPv$v: a new session counts one packet as allowed by a rule" \
		dropped rule 1 raw scada rawsend udp "$(addr "$v" scada)" "$gw" "45$v" 25000
	check "IPv$v: a denied one counts one drop" \
		stays d2 telemetry dropped no-rule 1 raw attacker rawsend udp "$attacker" "$gw" "46$v" 25000
	check "IPv$v: the deny says d2" explained "$attacker" "$d2"
}
explained() { [ "$(explain "$1" "$2" udp 5000 --dev net0)" = 'deny no-rule' ]; }

# ---- cuts ----------------------------------------------------------------------

tracked() { conntrack -L -f "ipv$1" 2>/dev/null | grep -c "port=$2 "; }
is_offloaded() { conntrack -L -f "ipv$1" 2>/dev/null | grep "port=$2 " | grep -q OFFLOAD; }
untracked() { [ "$(tracked "$@")" = 0 ]; }

# cut_of SENTENCE FAMILY WHO DEVICE PORT TARGET SERVER SERVER-PORT: a running
# stream of WHO is in the flowtable; quarantine ends it there, in conntrack, and
# for good.
cut_of() {
	local what=$1 v=$2 who=$3 device=$4 port=$5 target=$6 server=$7 stream=$3-$5-$2 sender before
	background "$server" numrecv -l "$WORK/$stream.recv" "$8" >/dev/null
	spawn "$who" numsend -r 100 -l "$WORK/$stream.send" "$target" "$port"
	sender=$!
	check "$what: a stream runs" wait_for 5 received_more "$stream" 20
	check "$what: it is in the flowtable" wait_for 3 is_offloaded "$v" "$port"
	check "$what: quarantine" seg quarantine "${ICCID[$device]}" --reason test
	before=$(received "$stream")
	check "$what: no packet comes after it" hold_for 1 received_is "$stream" "$before"
	kill "$sender" && wait "$sender" 2>/dev/null
	check "$what: conntrack does not know it any more" untracked "$v" "$port"
	check "$what: nor has it a session" test "$(sessions "$device")" = 0
	check "$what: release" seg release "${ICCID[$device]}" --reason test
}
received_is() { [ "$(received "$1")" = "$2" ]; }

test_cuts() {
	local v=$1 gw scada
	gw=$(gateway "$v") scada=$(addr "$v" scada)
	cut_of "IPv$v, masqueraded" "$v" d1 d1 "600$v" "$scada" scada "600$v"
	cut_of "IPv$v, both at once" "$v" scada d2 25002 "$gw" d2 5002
	kill_server d2 5002
}

# The next round binds to the same port.
kill_server() {
	local pid
	pid=$(on "$1" ss -Hlunp "sport = :$2" | sed -n 's/.*pid=\([0-9]*\).*/\1/p')
	[ -z "$pid" ] || kill "$pid"
}

topology_up d1 d2 scada attacker
check 'ports are forwarded' ports_forwarded
for who in d1 d2 scada attacker; do
	background "$who" probe serve -l "$WORK/$who.log" tcp/22 tcp/502 udp/161 udp/5000 >/dev/null
done
tally_up d2 telemetry 'udp dport 5000'
check 'without the module the attacker reaches d2' \
	reach attacker tcp/10.20.0.1/15502 tcp/10.20.0.1/25502 tcp/fd20::1/15502 tcp/fd20::1/25502
check 'the module and its ruleset' govern "$(policies | ruleset)"
for v in 4 6; do
	test_masquerading "$v"
	test_forwarding "$v"
	test_both "$v"
	test_counters "$v"
done
check 'the counters add up' identity_settles
for v in 4 6; do
	test_cuts "$v"
done
check 'the module unloads' unload
finish
