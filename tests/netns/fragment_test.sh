#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml-long
#
# Fragments are judged once, as the packet that they make: in whatever order and
# shape they come, and never one by one. And IPv6 extension headers: eight are
# followed, in front of what the rule is about, and no more.

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
		      - { label: ping, proto: icmp, to: masters }
		      - { label: d2, proto: udp, port: 5000, to: [10.64.0.12, "fd64::12"] }
		  listener:
		    in:
		      - { label: telemetry, proto: udp, port: 5000, from: masters }
		      - { label: d1, proto: udp, port: 5000, from: [10.64.0.11, "fd64::11"] }
		      - { label: ping, proto: icmp, from: masters }
	EOF
}

# How many datagrams of 1200 bytes a server has got on a port. With a source: from there.
got() { grep -c "^udp $2 from .*${3-} 1200 bytes" "$WORK/$1.log"; }
got_is() { [ "$(got "$1" "$2")" = "$3" ]; }

# whole WHO PORT COMMAND...: the server gets one datagram more.
whole() {
	local who=$1 port=$2 want
	want=$(($(got "$who" "$port") + 1))
	shift 2
	"$@" && wait_for 3 got_is "$who" "$port" "$want"
}

# not_whole WHO PORT COMMAND...: the command succeeds, and nothing more has come.
not_whole() {
	local who=$1 port=$2 before
	before=$(got "$who" "$port")
	shift 2
	"$@" && got_is "$who" "$port" "$before"
}

frag() { raw "$1" rawfrag frag "$2" "$3" "$4" "$5" "$6"; }

merged() { seg -j stats | jq --arg d "$1" '.interfaces[] | select(.name == $d).merged'; }
merged_is() { [ "$(merged "$1")" = "$2" ]; }

# waits DEV N COMMAND...: N fragments are taken, and wait for the rest.
waits() {
	local dev=$1 want=$2
	shift 2
	want=$((want + $(merged "$dev")))
	"$@" && wait_for 3 merged_is "$dev" "$want"
}

# nothing_opened COMMAND...: no session is there that was not there before.
nothing_opened() {
	local before
	before=$(newest)
	"$@" || return
	[ "$(newest)" -le "$before" ]
}
newest() { seg -j session list | jq '[.[].id] | max // 0'; }

# The second time from other ports: those sessions are still there.
test_allowed() {
	local v=$1 round=$2 d1 d2 scada how
	d1=$(addr "$v" d1) d2=$(addr "$v" d2) scada=$(addr "$v" scada)
	for how in order reverse; do
		check "IPv$v: three pieces, $how, out" \
			whole scada 161 frag d1 "$d1" "$scada" "${round}41$v" 161 "$how"
		check "IPv$v: three pieces, $how, in" \
			whole d2 5000 frag scada "$scada" "$d2" "${round}42$v" 5000 "$how"
		check "IPv$v: three pieces, $how, SIM to SIM" \
			whole d2 5000 frag d1 "$d1" "$d2" "${round}43$v" 5000 "$how"
	done
	check "IPv$v: a first piece of eight bytes" \
		whole scada 161 frag d1 "$d1" "$scada" "${round}44$v" 161 tiny
	check "IPv$v: each was judged once" test "$(session_packets "${round}44$v")" = 1
}

session_packets() {
	seg -j session list | jq --argjson p "$1" '.[] | select(.sport == $p).packets | .[0]? // .'
}

test_denied() {
	local v=$1 d1 d2 scada how port
	d1=$(addr "$v" d1) d2=$(addr "$v" d2) scada=$(addr "$v" scada)
	port=50$v
	for how in order reverse tiny; do
		port=$((port + 10))
		check "IPv$v: three pieces, $how, to another port: one drop" nothing_opened \
			stays scada datagrams dropped no-rule 1 frag d1 "$d1" "$scada" "$port" 162 "$how"
		check "IPv$v: in: one drop" nothing_opened \
			stays d2 datagrams dropped no-rule 1 frag scada "$scada" "$d2" "$port" 5001 "$how"
	done
	check "IPv$v: pieces to a device that nobody knows: each is dropped, none waits" \
		none_waits net0 dropped unbound 3 frag scada "$scada" "${d2%12}99" 5550 5000 order
	check "IPv$v: pieces of a forged source: each is dropped, none waits" \
		none_waits wwan0 dropped spoofed 3 frag d1 "$d2" "$scada" 5551 161 order
}

none_waits() {
	local dev=$1 before
	before=$(merged "$dev")
	shift
	"$@" && merged_is "$dev" "$before"
}

# Pieces that make no packet, or not the one that the first piece announced.
test_incomplete() {
	local v=$1 d1 scada
	d1=$(addr "$v" d1) scada=$(addr "$v" scada)
	check "IPv$v: a last piece alone opens nothing" nothing_opened \
		stays scada datagrams waits wwan0 1 frag d1 "$d1" "$scada" "61$v" 161 last
	check "IPv$v: nor does a first piece alone" nothing_opened \
		stays scada datagrams waits wwan0 1 frag d1 "$d1" "$scada" "62$v" 161 first
	check "IPv$v: nor do two of three" nothing_opened \
		stays scada datagrams waits wwan0 2 frag d1 "$d1" "$scada" "63$v" 161 hole
	check "IPv$v: pieces that overlap make no packet" \
		not_whole scada 161 frag_settled d1 "$d1" "$scada" "64$v" 161 overlap
	check "IPv$v: a second first piece does not take the place of the first" \
		not_whole scada 162 frag_settled d1 "$d1" "$scada" "65$v" 161 rewrite
	check "IPv$v: none of these ports has a session" no_session "61$v" "62$v" "63$v" "64$v"
	check "IPv$v: and the next one passes" \
		whole scada 161 frag d1 "$d1" "$scada" "66$v" 161 order
}

no_session() {
	local port
	for port; do
		[ "$(seg -j session list | jq --argjson p "$port" \
			'[.[] | select(.sport == $p)] | length')" = 0 ] || return
	done
}

# What it sends has been dealt with when an answer to what comes behind it is there.
frag_settled() { frag "$@" && reach d1 "udp/$3/161"; }

ping_3000() { on "$1" ping -n -c 2 -i 0.2 -W 2 -s 3000 "$2" | grep -q ' bytes from'; }

test_ping() {
	local v=$1
	check "IPv$v: 3000 bytes of ping, out" ping_3000 d1 "$(addr "$v" scada)"
	check "IPv$v: 3000 bytes of ping, in" ping_3000 scada "$(addr "$v" d2)"
	check_not "IPv$v: but not SIM to SIM" ping_3000 d1 "$(addr "$v" d2)"
	check_not "IPv$v: nor to another peer" ping_3000 d1 "$(addr "$v" attacker)"
}

# ---- extension headers -------------------------------------------------------

chain() { raw "$1" rawfrag chain "$2" "$3" "$4" "$5" "${@:6}"; }

test_headers() {
	local n
	for n in 0 1 7 8; do
		check "$n headers, out: the rule decides" \
			came scada datagrams 1 chain d1 fd64::11 fd20::5 700"$n" 161 "$n"
		check "$n headers, in: the rule decides" \
			came d2 datagrams 1 chain scada fd20::5 fd64::12 710"$n" 5000 "$n"
		check "$n headers to another port" \
			stays scada datagrams dropped no-rule 1 chain d1 fd64::11 fd20::5 720"$n" 162 "$n"
	done
	for n in 9 20; do
		check "$n headers, out: dropped" stays scada datagrams nothing_opened dropped malformed 1 \
			chain d1 fd64::11 fd20::5 "73$n" 161 "$n"
		check "$n headers, in: dropped" stays d2 datagrams nothing_opened dropped malformed 1 \
			chain scada fd20::5 fd64::12 "74$n" 5000 "$n"
	done
	check 'a fragment header of a whole packet behind seven others' \
		came scada datagrams 1 chain d1 fd64::11 fd20::5 7500 161 8 frag
	check 'the same to another port' \
		stays scada datagrams dropped no-rule 1 chain d1 fd64::11 fd20::5 7501 162 8 frag
	check 'routing header 0, out' stays scada datagrams nothing_opened dropped routing-header 1 \
		raw d1 rawfrag rh0 fd64::11 fd20::5 7600 161
	check 'routing header 0, in' stays d2 datagrams nothing_opened dropped routing-header 1 \
		raw scada rawfrag rh0 fd20::5 fd64::12 7601 5000
}

serve() { background "$1" probe serve -l "$WORK/$1.log" "${@:2}" >/dev/null; }

topology_up d1 d2 scada attacker
ip route add 10.64.0.99/32 dev wwan1
ip route add fd64::99/128 dev wwan1
serve scada udp/161 udp/162
serve d2 udp/5000 udp/5001
for who in scada d2; do
	# with a chain in front of it nft finds the port, too; of a fragment it does not
	tally_up "$who" datagrams 'meta l4proto udp'
done
# Conntrack gathers fragments as well, before simseg could: not here.
check 'no conntrack' nft delete table inet gateway
check 'the module and its ruleset' govern "$(policies | ruleset)"
for v in 4 6; do
	test_allowed "$v" 1
	test_denied "$v"
	test_incomplete "$v"
	test_ping "$v"
done
test_headers
check 'with conntrack, which gathers fragments first' nft_up
for v in 4 6; do
	test_allowed "$v" 2
	test_ping "$v"
done
check 'the counters add up' identity_settles
check 'the module unloads' unload
finish
