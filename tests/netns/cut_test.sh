#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: 6.12 6.1
#
# What takes effect on the next packet: quarantine and its exceptions, moved
# addresses, peer sets, rulesets, killed sessions; and what opens the gate.
#
# shellcheck disable=SC2046 # lists of targets are split on purpose

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/streams.sh
. "$TOP/tests/netns/streams.sh"

POLICY_OF=([d1]=talker [d2]=talker)

policies() {
	cat <<-EOF
		  talker:
		    out:
		      - { label: any, to: masters }
		    in:
		      - { label: ssh, proto: tcp, port: 22, from: masters }
		  nothing: { out: [ { label: none, proto: tcp, port: 1, to: masters } ] }
	EOF
}

# stream_up WHO PORT: numbered datagrams to SCADA, as stream WHO-PORT.
stream_up() { numbers_up "$1-$2" "$1" scada 10.20.0.5 "$2" -r 100; }

test_quarantine() {
	local before
	check 'two streams run' stream_up d1 6001
	check 'the second one too' stream_up d2 6002
	before=$(received d2-6002)
	check 'quarantine of d1' cut_off d1
	note "it took $took_us us"
	check 'nothing that d1 sent after the reply arrives' nothing_after d1-6001 "$reply"
	check 'nor anything sent after the time in the receipt' nothing_after d1-6001 "$done_ns"
	check_eq 'its sessions are gone' "$(sessions d1)" 0
	check 'the stream of d2 goes on' wait_for 2 received_more d2-6002 $((before + 50))
	check 'nothing gets in or out, v4 and v6' silent d1 $(targets tcp/22 scada)
	check 'nor in' silent scada $(targets tcp/22 d1)
	check_eq 'the state' "$(device_state "${ICCID[d1]}")" quarantined
	check_eq 'explain says so' "$(explain 10.64.0.11 10.20.0.5 tcp 22)" 'deny quarantined'
	check 'an apply does not end it' seg apply "$(policies | ruleset)"
	check_eq 'the state after apply' "$(device_state "${ICCID[d1]}")" quarantined
	before=$(received d1-6001)
	check 'release' seg release "${ICCID[d1]}" --reason test
	check 'the stream goes on by itself' wait_for 3 received_more d1-6001 "$before"
	numbers_end
}

test_responder() {
	check 'quarantine with a responder' seg quarantine "${ICCID[d1]}" --reason test \
		--allow 10.20.0.66 --allow fd20::66
	check 'the responder gets in without a rule' reach attacker $(targets tcp/80 d1)
	check 'and d1 reaches it' reach d1 $(targets tcp/80 attacker)
	check 'nobody else' silent scada $(targets tcp/22 d1)
	check 'and d1 nobody else' silent d1 $(targets tcp/22 scada)
	check 'release' seg release "${ICCID[d1]}" --reason test
	check 'the responder is a stranger again' silent attacker $(targets tcp/80 d1)
}

test_unknown() {
	local iccid=${ICCID[d3]}
	check_not 'an ICCID that nobody knows' seg quarantine "$iccid" --reason test
	check 'held with --unknown' seg quarantine "$iccid" --reason test --unknown
	check 'it becomes known' seg device add "$iccid" policy talker addr 10.64.0.13 dev wwan0
	check_eq 'and is quarantined' "$(device_state "$iccid")" quarantined
	check_not 'a quarantined device cannot be deleted' seg device del "$iccid"
	check 'release' seg release "$iccid" --reason test
	check 'now it can' seg device del "$iccid"
}

# The address of d1 goes to another ICCID: what d1 had open never passes again.
test_rebinding() {
	local epoch new=${ICCID[d4]}
	check 'a stream of the old owner' stream_up d1 6003
	epoch=$(seg -j device show "${ICCID[d1]}" | jq '[.bindings[].epoch] | max')
	check 'the address is taken' seg unbind "${ICCID[d1]}" 10.64.0.11
	stamp "$WORK/stamp" true
	read -r _ reply <"$WORK/stamp"
	check 'nothing more arrives' nothing_after d1-6003 "$reply"
	check 'the new owner' seg device add "$new" policy nothing addr 10.64.0.11 dev wwan0
	check 'the old sessions do not pass under it' nothing_after d1-6003 "$reply"
	check 'its epoch is higher' test "$(seg -j device show "$new" |
		jq '[.bindings[].epoch] | max')" -gt "$epoch"
	check_not 'one owner per address' seg bind "${ICCID[d1]}" 10.64.0.11
	numbers_end
	check 'the new owner goes' seg device del "$new"
	check 'the old one has it back' seg bind "${ICCID[d1]}" 10.64.0.11 dev wwan0
	check 'and may speak' reach d1 tcp/10.20.0.5/22
}

test_peers() {
	check 'a stream to a peer' stream_up d1 6004
	check 'the peer leaves the set' seg peer del masters 10.20.0.5
	stamp "$WORK/stamp" true
	read -r _ reply <"$WORK/stamp"
	check 'nothing sent later arrives' nothing_after d1-6004 "$reply"
	check 'the set still has the other family' reach d1 tcp/fd20::5/22
	check 'the peer is back' seg peer add masters 10.20.0.5
	check 'and can be reached' reach d1 tcp/10.20.0.5/22
	check 'a new peer' seg peer add masters 10.20.0.66
	check 'can be reached at once' reach d1 tcp/10.20.0.66/22
	check 'out again' seg peer del masters 10.20.0.66
	check 'and cannot' silent d1 tcp/10.20.0.66/22
	numbers_end
}

test_sessions() {
	local id packets
	# a flowtable carries packets past the counters of sessions
	nft flush chain inet gateway forward
	check 'a stream' stream_up d1 6005
	id=$(session_id d1 6005)
	packets=$(seg -j session list | jq --argjson i "$id" '.[] | select(.id == $i).packets')
	check 'its session counts packets' test "$packets" -gt 5
	check 'kill' seg session kill "$id"
	check 'the next packet opens a new one' wait_for 2 another_session "$id"
	check_not 'an id that is gone' seg session kill "$id"
	SETTINGS='{ deny_interval: 1, udp_new: 1, udp_replied: 1, icmp: 1 }'
	check 'short timeouts' seg apply "$(policies | ruleset)"
	numbers_end
	cut_off d1 && cut_off d2 # what is there began with the long ones
	seg release "${ICCID[d1]}" --reason test >/dev/null
	seg release "${ICCID[d2]}" --reason test >/dev/null
	on d1 probe try -t 500 icmp/10.20.0.5 udp/10.20.0.5/161 >/dev/null
	check 'there are sessions' refuses no_sessions
	check 'sessions of UDP and ICMP time out' wait_for 8 no_sessions
	check 'a TCP session' reach d1 tcp/10.20.0.5/22
	check 'a TCP packet of no session opens none' stray_tcp
}
another_session() {
	local now
	now=$(session_id d1 6005)
	[ "$now" != null ] && [ "$now" != "$1" ]
}
refuses() { ! "$@"; }
no_sessions() { [ "$(seg -j session list | jq '[.[] | select(.proto != "tcp")] | length')" = 0 ]; }
stray_tcp() {
	local before
	before=$(drops not-first)
	on d1 rawsend -i eth0 -d 02:00:00:00:01:01 tcp 10.64.0.11 10.20.0.5 50123 22 A
	wait_for 2 more not-first "$before"
}
more() { [ "$(drops "$1")" -gt "$2" ]; }

# Own rules of one device, on top of its policy.
test_own_rules() {
	local file
	file=$(policies | ruleset)
	check 'without a rule of its own' silent d1 tcp/10.20.0.66/80
	sed -i "/${ICCID[d1]}/s|dev: wwan0|dev: wwan0, out: [ { label: own, proto: tcp, port: 80, to: 10.20.0.66 } ]|" "$file"
	check 'a rule of its own' seg apply "$file"
	check 'lets it' reach d1 tcp/10.20.0.66/80
	check 'and no other device' silent d2 tcp/10.20.0.66/80
}

test_gate() {
	check 'a narrower ruleset' seg apply "$(policies | sed 's/label: any, to/label: any, proto: icmp, to/' | ruleset)"
	check 'takes effect at once' silent d1 tcp/10.20.0.5/22
	check 'flush' seg flush
	check_eq 'no device is left' "$(status devices)" 0
	check_eq 'but the pools are' "$(status pools)" 2
	check 'and nothing passes' silent d1 tcp/10.20.0.5/22 icmp/10.20.0.5
	check_not 'disarm without a reason' seg disarm
	check 'disarm' seg disarm --reason test
	check_eq 'status says so, with exit code 3' "$(status_code)" 3
	check 'everything passes' reach d1 tcp/10.20.0.5/22 tcp/10.20.0.66/80
	check 'arm' seg arm
	check 'nothing passes' silent d1 tcp/10.20.0.5/22
	sed 's/, "fd64::\/48"//; /^  - {/d; s/^devices:.*//' "$(policies | ruleset)" >"$WORK/less.yaml"
	check_not 'a pool does not go by itself' seg apply "$WORK/less.yaml"
	check_eq 'it is there' "$(status pools)" 2
	check 'with --open-pool it does' seg apply "$WORK/less.yaml" --open-pool fd64::/48
	check 'on a sim interface its addresses stay strangers' silent d1 tcp/fd20::5/22
	seg detach 'wwan*' >/dev/null
	check 'elsewhere they are free' reach d1 tcp/fd20::5/22
	check 'the others are not' silent d1 tcp/10.20.0.5/22
}

topology_up d1 d2 scada attacker
for who in d1 d2 scada attacker; do
	background "$who" probe serve tcp/22 tcp/80 >/dev/null
done
check 'without the module d1 reaches the attacker' reach d1 $(targets tcp/80 attacker)
check 'the module and its ruleset' govern "$(policies | ruleset)"
check 'd1 reaches SCADA, v4 and v6' reach d1 $(targets tcp/22 scada)
test_quarantine
test_responder
test_unknown
test_rebinding
test_peers
test_sessions
test_own_rules
check 'the counters add up' identity_settles
test_gate
check 'the module unloads' unload
finish
