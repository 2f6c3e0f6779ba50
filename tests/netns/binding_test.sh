#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml-long
#
# Whose address is it? Sources are believed only from the side and interface
# that they are bound to, prefixes may lie behind a device, the longest one wins,
# and nothing of an old owner passes once an address has changed hands.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/tally.sh
. "$TOP/tests/netns/tally.sh"

POLICY_OF=([d1]=meter [d2]=router)

policies() {
	cat <<-EOF
		  meter:
		    out: [ { label: telemetry, proto: udp, port: 5000-5009, to: masters } ]
		    in: [ { label: poll, proto: udp, port: 6000, from: masters } ]
		  router:
		    out: [ { label: telemetry, proto: udp, port: 5000-5009, to: masters } ]
		    in: [ { label: poll, proto: udp, port: 6000, from: masters } ]
	EOF
}

# Whose is the newest session from an address? By ICCID.
owner_of() {
	seg -j session list | jq -r --arg s "$1" '[.[] | select(.src == $s)] | max_by(.id).iccid'
}

# speaks DEVICE SOURCE [PORT]: a datagram of it reaches SCADA.
says() { raw "$1" rawsend udp "$2" "$(scada_of "$2")" "${3:-4000}" 5000; }
scada_of() { case $1 in *:*) addr6 scada ;; *) addr4 scada ;; esac }
speaks() { came scada telemetry 1 says "$@"; }

# refused REASON DEVICE SOURCE: it is dropped for that, once.
refused() {
	local reason=$1
	shift
	stays scada telemetry dropped "$reason" 1 says "$@"
}

test_sides() {
	local v=$1 d1 d2 scada
	d1=$(addr "$v" d1) d2=$(addr "$v" d2) scada=$(addr "$v" scada)
	check "IPv$v: d1 speaks" speaks d1 "$d1"
	check "IPv$v: d2 speaks" speaks d2 "$d2"
	check "IPv$v: the address of d1 from the interface of d2" refused spoofed d2 "$d1"
	check "IPv$v: the address of d2 from the interface of d1" refused spoofed d1 "$d2"
	check "IPv$v: an address that nobody has" refused unbound d1 "${d1%11}99"
	check "IPv$v: an address of SCADA" refused spoofed d1 "$scada"
	check "IPv$v: an address of the gateway" \
		refused spoofed d1 "$([ "$v" = 4 ] && echo 192.0.2.1 || echo fd63::1)"
	check "IPv$v: a device's address from the net side" stays d2 polls dropped spoofed 1 \
		raw attacker rawsend udp "$d1" "$d2" 5000 6000
	check "IPv$v: a pool address of nobody from the net side" stays d2 polls dropped spoofed 1 \
		raw attacker rawsend udp "${d1%11}99" "$d2" 5000 6000
	check "IPv$v: a device's address from the net side to the gateway" dropped spoofed 1 \
		raw attacker rawsend udp "$d1" "$(gateway "$v")" 5000 6000
}

# What may not be a source at all.
test_martians() {
	local a
	for a in 0.0.0.0 127.0.0.1 224.0.0.1 255.255.255.255 169.254.1.1; do
		check "source $a" refused spoofed d1 "$a"
	done
	for a in :: ::1 ff02::1 fe80::11 2001:db8::1; do
		check "source $a" refused spoofed d1 "$a"
	done
	# IP itself drops these: nothing counts them, only the one behind comes
	check 'source ::ffff:10.64.0.11' came scada telemetry 1 mapped ::ffff:10.64.0.11 fd20::5
	check 'destination ::ffff:10.20.0.5' came scada telemetry 1 mapped fd64::11 ::ffff:10.20.0.5
}
mapped() { raw d1 rawsend udp "$1" "$2" 4000 5000 && says d1 fd64::11; }

# A LAN behind d2, which routes for it, and a /64 of its own as devices have it.
test_prefixes() {
	local a
	check 'unbound at first' refused unbound d2 10.64.32.7
	check 'a LAN behind d2' seg bind "${ICCID[d2]}" 10.64.32.0/24 dev wwan1
	check 'a /64 of its own' seg bind "${ICCID[d2]}" fd64:0:0:20::/64 dev wwan1
	for a in 10.64.32.1 10.64.32.254 fd64:0:0:20::1 fd64::20:1234:56ff:fe78:9abc; do
		check "$a speaks" speaks d2 "$a"
		check_eq "as the device d2" "$(owner_of "$a")" "${ICCID[d2]}"
		check "not from d1" refused spoofed d1 "$a"
	done
	for a in 10.64.33.1 fd64:0:0:21::1; do
		check "$a, beside it, does not" refused unbound d2 "$a"
	done
	ip route add 10.64.32.0/24 via 10.64.0.12 dev wwan1 onlink
	ip route add fd64:0:0:20::/64 via fd64::12 dev wwan1 onlink
	for a in 10.64.32.1 fd64:0:0:20::1; do
		check "SCADA reaches $a" came d2 polls 1 raw scada rawsend udp "$(scada_of "$a")" "$a" 4001 6000
		check "the attacker does not" stays d2 polls dropped no-rule 1 \
			raw attacker rawsend udp "$(addr "$(family "$a")" attacker)" "$a" 4001 6000
	done
}
family() { case $1 in *:*) echo 6 ;; *) echo 4 ;; esac }

# Part of the LAN of d2 belongs to d1: the longest prefix wins, as long as it is there.
test_longest() {
	local v=$1 prefix=$2 inside=$3 outside=$4
	check "IPv$v: a part of it goes to d1" seg bind "${ICCID[d1]}" "$prefix" dev wwan0
	check "IPv$v: d1 speaks from there" speaks d1 "$inside" 4010
	check_eq "IPv$v: as d1" "$(owner_of "$inside")" "${ICCID[d1]}"
	check "IPv$v: d2 does not" refused spoofed d2 "$inside" 4011
	check "IPv$v: but from the rest" speaks d2 "$outside" 4012
	check "IPv$v: it is taken back" seg unbind "${ICCID[d1]}" "$prefix"
	check "IPv$v: d1 does not speak from there any more" refused spoofed d1 "$inside" 4010
	check "IPv$v: d2 does" speaks d2 "$inside" 4013
	check_eq "IPv$v: as d2" "$(owner_of "$inside")" "${ICCID[d2]}"
}

# ---- an address that changes hands, again and again ------------------------------

# Both devices claim $shared and send from it all the time, each to a port of
# its own; the gateway routes it to its owner.
shared4=10.64.0.50 shared6=fd64::50
claim() {
	local who=$1 port=$2 v=$3 shared
	shared=$([ "$v" = 4 ] && echo "$shared4" || echo "$shared6")
	background scada numrecv -a "$WORK/$who.all" -l "$WORK/$who.recv" "$port" >/dev/null
	spawn "$who" numsend -r 200 -l "$WORK/$who.send" "$(addr "$v" scada)" "$port"
}

share() {
	local who shared=$1 plen=$2 scada=$3
	for who in d1 d2; do
		# shellcheck disable=SC2046 # nodad or nothing
		on "$who" ip address add "$shared/$plen" dev eth0 $([ "$plen" = 32 ] || echo nodad)
		on "$who" ip route add "$scada/$plen" via "$([ "$plen" = 32 ] && echo 192.0.2.1 ||
			echo fe80::1)" dev eth0 src "$shared"
	done
}

# hand_over TO DEV SHARED: notes when the old owner had lost it for sure, and when
# the new one could have it.
owned_by=
hand_over() {
	local to=$1 dev=$2 shared=$3
	if [ -n "$owned_by" ]; then
		stamp "$WORK/stamp" "$SEGCTL" unbind "${ICCID[$owned_by]}" "$shared" >/dev/null || return
		echo "$owned_by lost $(cut -d' ' -f2 "$WORK/stamp")"
	fi
	ip route replace "$shared" dev "$dev" || return
	stamp "$WORK/stamp" "$SEGCTL" bind "${ICCID[$to]}" "$shared" dev "$dev" >/dev/null || return
	echo "$to has $(cut -d' ' -f1 "$WORK/stamp")"
	owned_by=$to
}

# storm SHARED: up to 200 times, or for half a minute.
storm() {
	local i end=$((SECONDS + 30))
	rounds=0
	for ((i = 0; i < 100 && SECONDS < end; i++)); do
		hand_over d1 wwan0 "$1" && hand_over d2 wwan1 "$1" || return
		rounds=$((rounds + 2))
	done
}

# strangers WHO: of the numbers that came from it, those that it sent while it
# was not the owner; how many came.
strangers() {
	awk -v who="$1" '
		NR == FNR { if ($1 == who) { time[++n] = $3 + 0; has[n] = $2 == "has" }; next }
		{
			came++
			while (at < n && time[at + 1] <= $2 + 0)
				at++
			if (at == 0 || !has[at])
				bad++
		}
		END { print bad + 0, came + 0 }' "$WORK/hands" "$WORK/$1.all"
}

test_storm() {
	local v=$1 shared plen rounds=0 who bad came senders=()
	shared=$([ "$v" = 4 ] && echo "$shared4" || echo "$shared6")
	plen=$([ "$v" = 4 ] && echo 32 || echo 128)
	share "$shared" "$plen" "$(addr "$v" scada)"
	owned_by=
	claim d1 "500$((v - 3))" "$v"
	senders+=($!)
	claim d2 "500$((v - 2))" "$v"
	senders+=($!)
	storm "$shared" >"$WORK/hands" || note "$(cat "$WORK/check")"
	note "$rounds times"
	check "IPv$v: the address changes hands many times" test "$rounds" -ge 10
	kill "${senders[@]}" && wait "${senders[@]}" 2>/dev/null
	for who in d1 d2; do
		read -r bad came < <(strangers "$who")
		note "$came packets of $who came"
		check "IPv$v: $who was heard while it was the owner" test "$came" -gt 0
		check_eq "IPv$v: and at no other time" "$bad" 0
	done
	check_eq "IPv$v: no answer went to the wrong one" "$(tally d1 foreign) $(tally d2 foreign)" '0 0'
	seg unbind "${ICCID[d2]}" "$shared" >/dev/null
}

tallies_up() {
	local who
	tally_up scada telemetry 'udp dport 5000'
	for who in d1 d2; do
		tally_up "$who" polls 'udp dport 6000'
	done
	# answers to what the other one has sent
	tally_up d1 foreign 'udp sport { 5002, 5004 }'
	tally_up d2 foreign 'udp sport { 5001, 5003 }'
}

topology_up d1 d2 scada attacker
tallies_up
ip route add 10.64.0.99/32 dev wwan1
ip route add fd64::99/128 dev wwan1
check 'the module and its ruleset' govern "$(policies | ruleset)"
for v in 4 6; do
	test_sides "$v"
done
test_martians
test_prefixes
test_longest 4 10.64.32.128/25 10.64.32.200 10.64.32.100
test_longest 6 fd64:0:0:20:8000::/65 fd64::20:8000:1:1:1 fd64::20:1:1:1:1
for v in 4 6; do
	test_storm "$v"
done
check 'the counters add up' identity_settles
check 'the module unloads' unload
finish
