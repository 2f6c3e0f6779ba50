#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: 6.12 6.1
#
# The verdict, row by row, on real packets of both families: default deny,
# sources that do not belong, SIM to SIM, ICMP, fragments, path MTU, what is
# not judged, the gateway itself, and that explain agrees.
#
# shellcheck disable=SC2046 # lists of targets are split on purpose

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

POLICY_OF=([d1]=talker [d2]=listener [d8]=talker)

policies() {
	cat <<-EOF
		  talker:
		    out:
		      - { label: ping, proto: icmp, to: masters }
		      - { label: snmp, proto: udp, port: 161, to: masters }
		      - { label: ssh, proto: tcp, port: 22, to: masters }
		      - { label: dns, proto: udp, port: 53, to: self }
		$1
		  listener:
		    in:
		      - { label: modbus, proto: tcp, port: 502, from: masters }
		$2
	EOF
}
TO_D2='      - { label: d2, proto: tcp, port: 22, to: [10.64.0.12, "fd64::12"] }'
FROM_D1='      - { label: d1, proto: tcp, port: 22, from: [10.64.0.11, "fd64::11"] }'

put_in_force() { seg apply "$(policies "$1" "$2" | ruleset)"; }

test_default_deny() {
	check 'without the module everything is forwarded' \
		reach d1 $(targets tcp/22 scada d2) $(targets icmp scada d2) $(targets udp/161 scada)
	check 'without the module nobody minds the source' reach_as d2 10.64.0.99
	check 'the module loads with pools' load
	check 'from then on nothing passes' \
		silent d1 $(targets tcp/22 scada d2) $(targets icmp scada d2) $(targets udp/161 scada)
	check 'nor does anything come in' silent scada $(targets tcp/22 d1 d2) $(targets icmp d1 d8)
	check 'what is in no pool is not governed' reach attacker $(targets tcp/22 scada)
	check 'interfaces get their sides' attach_all
	check 'the ruleset is put in force' put_in_force '' ''
}

reach_as() { with_source reach "$1" "$2" tcp/10.20.0.5/22; }

test_rules() {
	check 'row 5: the rules of d1 let it out, v4 and v6' \
		reach d1 $(targets tcp/22 scada) $(targets udp/161 scada) $(targets icmp scada)
	check 'row 5: so does the device behind the TUN' \
		reach d8 $(targets tcp/22 scada) $(targets udp/161 scada) $(targets icmp scada)
	check 'row 5: the rule of d2 lets SCADA in' reach scada $(targets tcp/502 d2)
	check 'row 6: another port' silent d1 $(targets tcp/80 scada) $(targets udp/5683 scada)
	check 'row 6: another peer' silent d1 $(targets tcp/22 attacker) $(targets icmp attacker)
	check 'row 6: another direction' silent scada $(targets tcp/22 d1) $(targets icmp d1)
	check 'row 6: out of d2, which has no out rule' silent d2 $(targets tcp/502 scada)
}

test_sim_to_sim() {
	check 'SIM to SIM, no rule' silent d1 $(targets tcp/22 d2)
	put_in_force "$TO_D2" '' >/dev/null
	check 'SIM to SIM, only the out rule' silent d1 $(targets tcp/22 d2)
	put_in_force '' "$FROM_D1" >/dev/null
	check 'SIM to SIM, only the in rule' silent d1 $(targets tcp/22 d2)
	put_in_force "$TO_D2" "$FROM_D1" >/dev/null
	check 'SIM to SIM, both' reach d1 $(targets tcp/22 d2)
	check 'SIM to SIM, not the other way' silent d2 $(targets tcp/22 d1)
}

test_sources() {
	local a unbound spoofed
	unbound=$(drops unbound)
	spoofed=$(drops spoofed)
	for a in 10.64.0.99 10.64.0.11 10.99.0.1; do
		check "d2 with the source $a" with_source silent d2 "$a" tcp/10.20.0.5/22 icmp/10.20.0.5
	done
	for a in fd64::99 fd64::11 fd99::1; do
		check "d2 with the source $a" with_source silent d2 "$a" tcp/fd20::5/22 icmp/fd20::5
	done
	for a in 10.64.0.11 fd64::11; do
		# what the attacker says in d1's name would get an answer at d1
		on attacker rawsend -i eth0 -d 02:00:00:00:04:01 udp "$a" \
			"$(case $a in *:*) echo fd64::12 ;; *) echo 10.64.0.12 ;; esac)" 53 5683
	done
	check 'unbound and spoofed are counted apart' \
		test "$(drops unbound)" -gt "$unbound" -a "$(drops spoofed)" -gt $((spoofed + 4))
}

# A datagram of 3000 bytes goes in fragments.
big_ping() { on "$1" ping -n -c 1 -W 2 -s 3000 "$2"; }

test_fragments_and_icmp() {
	local a
	for a in 10.20.0.5 fd20::5; do
		check "a ping in fragments to $a" big_ping d1 "$a"
	done
	for a in 10.20.0.66 fd20::66 10.64.0.12; do
		check_not "a ping in fragments to $a" big_ping d1 "$a"
	done
	check 'a fragmented ping through the TUN' big_ping d8 10.20.0.5
	check 'no answer from the gateway to TTL 1 towards a denied address' \
		no_time_exceeded 10.20.0.66
	check_not 'but there is one towards an allowed address' no_time_exceeded 10.20.0.5
}

no_time_exceeded() {
	! on d1 ping -n -c 1 -W 1 -t 1 "$1" | grep -qi 'time to live exceeded'
}

# Path MTU: a router beyond says "too big" about a live session's packet.
test_path_mtu() {
	local unrelated
	check 'a live session' reach d1 udp/10.20.0.5/161
	unrelated=$(drops unrelated)
	check 'an error about no session is dropped' \
		on attacker rawsend -i eth0 -d 02:00:00:00:04:01 toobig 10.20.0.66 10.64.0.11 \
		10.64.0.11 10.20.0.66 udp 7777 8888
	check_eq 'and counted as unrelated' "$(drops unrelated)" $((unrelated + 1))
	on scada rawsend -i eth0 -d 02:00:00:00:04:01 toobig fd20::5 fd64::12 \
		fd64::12 fd20::5 tcp 502 50001
	check_eq 'over IPv6 too' "$(drops unrelated)" $((unrelated + 2))
	check 'an error about a live session reaches the device' live_error
}

# d1 sends to SCADA, as the gateway's own address beyond it; the error quotes that.
live_error() {
	local sport related
	spawn d1 numsend -r 10 -l "$WORK/mtu" 10.20.0.5 161
	wait_for 3 have_session d1 161 || return 1
	sport=$(seg -j session list | jq '[.[] | select(.dport == 161)] | min_by(.idle_ns).sport')
	related=$(drops related)
	on scada rawsend -i eth0 -d 02:00:00:00:04:01 toobig 10.20.0.5 10.20.0.1 \
		10.20.0.1 10.20.0.5 udp "$sport" 161
	wait_for 2 more_drops related "$related" || return 1
	wait_for 2 learned_mtu
}
learned_mtu() { on d1 ip route get 10.20.0.5 | grep -q 'mtu 1300'; }
have_session() { [ "$(session_id "$@")" != null ]; }
more_drops() { [ "$(drops "$1")" -gt "$2" ]; }

test_gateway_itself() {
	background gw probe serve udp/53 udp/123 tcp/22 >/dev/null
	check 'self: DNS of the gateway, v4 and v6' reach d1 udp/192.0.2.1/53 udp/fd63::1/53
	check 'self: also behind the TUN' reach d8 udp/192.0.2.1/53 udp/fd63::1/53
	check 'self: no other port' silent d1 udp/192.0.2.1/123 tcp/192.0.2.1/22 tcp/fd63::1/22
	check 'self: nor from a device without the rule' silent d2 udp/192.0.2.1/53
	check 'the gateway itself needs a rule to reach a device' silent gw $(targets tcp/502 d2)
}

forget_neighbours() {
	ip neigh del 10.64.0.11 dev wwan0 && ip neigh del fd64::11 dev wwan0 &&
		on d1 ip neigh del 192.0.2.1 dev eth0 && on d1 ip neigh del fe80::1 dev eth0
}

test_link_control() {
	local log=$WORK/dhcp.log
	seg quarantine "${ICCID[d1]}" --reason test >/dev/null
	check 'neighbours are forgotten' forget_neighbours
	on d1 ping -n -c 1 -W 1 192.0.2.1 >/dev/null
	on d1 ping -n -c 1 -W 1 fd63::1 >/dev/null
	check 'row 0: ARP works under quarantine' grep -q lladdr <(on d1 ip neigh show 192.0.2.1)
	check 'row 0: so does neighbour discovery' grep -q lladdr <(on d1 ip neigh show fe80::1)
	background gw probe serve -l "$log" udp/67 >/dev/null
	on d1 rawsend -i eth0 -d ff:ff:ff:ff:ff:ff udp 0.0.0.0 255.255.255.255 68 67
	check 'row 0: a DHCP request comes in' wait_for 2 grep -q 'udp 67' "$log"
	check 'row 0: but nothing else does' silent d1 udp/192.0.2.1/53 icmp/10.20.0.5
	seg release "${ICCID[d1]}" --reason test >/dev/null
	check 'and all is well after the release' reach d1 udp/192.0.2.1/53 icmp/10.20.0.5
}

test_vlan() {
	ip link add link wwan1 name wwan1.5 type vlan id 5
	ip link set wwan1.5 addrgenmode none up
	on d2 ip link add link eth0 name eth0.5 type vlan id 5
	on d2 ip link set eth0.5 up
	on d2 ip address add 10.64.0.12/32 dev eth0.5
	local spoofed
	spoofed=$(drops spoofed)
	on d2 rawsend -i eth0 -d 02:00:00:00:01:02 -v 5 udp 10.64.0.12 10.20.0.5 5000 161
	check 'a tagged frame is judged on its VLAN device' wait_for 2 more_drops spoofed "$spoofed"
	ip link del wwan1.5
}

agrees() { [ "$(explain "${@:3}")" = "$1 $2" ]; }

test_explain() {
	check 'explain: allowed' agrees allow rule 10.64.0.11 10.20.0.5 tcp 22 --dev wwan0
	check 'explain: allowed, v6' agrees allow rule fd64::11 fd20::5 udp 161
	check 'explain: no rule' agrees deny no-rule 10.64.0.11 10.20.0.5 tcp 80
	check 'explain: unbound' agrees deny unbound 10.64.0.99 10.20.0.5 tcp 22
	check 'explain: spoofed' agrees deny spoofed 10.64.0.11 10.20.0.5 tcp 22 --dev wwan1
	check 'explain: not governed' agrees pass not-governed 10.20.0.66 10.20.0.5 tcp 22
}

topology_up d1 d2 d8 scada attacker
for who in d1 d2 d8 scada attacker; do
	background "$who" probe serve tcp/22 tcp/80 tcp/502 udp/161 udp/5683 >/dev/null
done
ip route add 10.64.0.99/32 dev wwan1
test_default_deny
test_rules
test_sim_to_sim
test_sources
test_fragments_and_icmp
test_path_mtu
test_gateway_itself
test_link_control
test_vlan
test_explain
check 'the counters add up' identity_settles
check 'the module unloads' unload
finish
