#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: 6.12-long
#
# The life of a session in stored records: one that is older than the module and picked up,
# told of again and again while it lasts, and how long a handshake took. The agent when the
# module is loaded anew under it; and old records that go, but for those of a held device.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/agent.sh
. "$(dirname "$0")/agent.sh"

POLICY_OF=([d1]=meter [d2]=meter)
SETTINGS="${SETTINGS% \}}, pickup: 600, record_interval: 1 }"
DELAY_MS=40

policies() {
	cat <<-EOT
		  meter:
		    out:
		      - { label: snmp, proto: udp, port: 161, to: masters }
		      - { label: iec, proto: tcp, port: 2404, to: masters }
	EOT
}

# stored FILTER: those stored records for which the jq filter holds, as one array.
stored() { seg -j records --dir "$BOX" --limit 0 | jq -sc "[flatten[] | select($1)]"; }
# how_many N FILTER: at least so many.
how_many() { [ "$(stored "$2" | jq length)" -ge "$1" ]; }

# ---- sessions ------------------------------------------------------------------

# A stream between two that know nothing of the module, which comes later.
stream_up() {
	background scada numrecv -t -l "$WORK/recv" 2404 >/dev/null
	spawn d1 numsend -t -r 50 -l "$WORK/send" 10.20.0.5 2404
	stream=$!
	wait_for 10 streamed 50
}
streamed() { [ "$(numrecv -q "$WORK/recv" | cut -d' ' -f1)" -ge "$1" ]; }

test_pickup() {
	local file
	BOX=$WORK/life
	file=$(policies | ruleset)
	check 'a stream without simseg' stream_up
	load
	check 'the agent runs' agent_up
	check 'a ruleset that picks up' seg apply "$file"
	check 'on the interfaces' attach_all
	check 'the stream is picked up' wait_for 30 how_many 1 '.kind == "open" and .pickup'
	picked=$(stored '.kind == "open" and .pickup' | jq '.[0].session')
	check_eq 'it is the stream' "$(stored '.pickup and .kind == "open"' | jq -c '[.[0].dport, length]')" \
		'[2404,1]'
	check 'people can read it as well' people_read "$picked" 'open .*picked up mid-stream'
}
people_read() { seg records --dir "$BOX" --session "$1" | grep -q "$2"; }

# What it has carried is told each second, more each time, and at its end.
test_updates() {
	local all=".session == $picked"
	check 'it is told of each second' wait_for 30 how_many 4 "$all and .kind == \"update\""
	seg quarantine "${ICCID[d1]}" --reason 'enough' >/dev/null
	check 'and of its end' wait_for 20 how_many 1 "$all and .kind == \"close\""
	check_eq 'in that order' "$(stored "$all" | jq -r 'map(.kind) | [.[0], .[1], .[-1]] | join(" ")')" \
		'open update close'
	check_eq 'more each time' "$(stored "$all and .kind != \"open\"" | jq -c \
		'[map(.bytes), map(.packets), map(.duration_ns)] | map(. == sort and (unique | length > 3))')" \
		'[true,true,true]'
	check_eq 'a second or more lies between them' "$(stored "$all and .kind == \"update\"" | jq \
		'map(.duration_ns) | [.[1:], .[:-1]] | transpose | map(.[0] - .[1] >= 900000000) | all')" true
	check_eq 'its handshake was never seen' "$(stored "$all and .kind == \"close\"" | jq '.[0].rtt_us')" 0
	check_eq 'the sum counts the last of them alone' "$(seg -j records --dir "$BOX" --session "$picked" \
		--by device | jq -sc 'flatten[0] | [.packets, .bytes]')" \
		"$(stored "$all and .kind == \"close\"" | jq -c \
			'.[0] | [.packets + .reply_packets, .bytes + .reply_bytes]')"
	kill "$stream"
	seg release "${ICCID[d1]}" --reason 'again' >/dev/null
}

test_handshake() {
	local rtt
	on scada tc qdisc add dev eth0 root netem delay "${DELAY_MS}ms"
	on d2 probe try -t 5000 tcp/10.20.0.5/2404 >/dev/null
	on scada tc qdisc del dev eth0 root
	seg quarantine "${ICCID[d2]}" --reason 'enough' >/dev/null
	seg release "${ICCID[d2]}" --reason 'again' >/dev/null
	check 'a session with a handshake is stored' wait_for 20 \
		how_many 1 '.kind == "close" and .proto_number == 6 and (.pickup | not)'
	rtt=$(stored '.kind == "close" and .proto_number == 6 and (.pickup | not)' | jq '.[0].rtt_us')
	note "a delay of $DELAY_MS ms, a round trip of $rtt us"
	check 'its round trip was no faster than the link' test "$rtt" -ge $((DELAY_MS * 1000))
	check 'nor was it made up' test "$rtt" -lt 5000000
}

# ---- the module is loaded anew ---------------------------------------------------

segment_count() { find "$BOX/segments" -name '*.seg' | wc -l; }
# since N: when the module began to number what is in the N-th segment, hexadecimal.
since() { od -An -tx8 -j56 -N8 "$(printf '%s/segments/%020d.seg' "$BOX" "$1")"; }
# The number of its first record.
first_seq() { od -An -tu8 -j$((256 + 8)) -N8 "$(printf '%s/segments/%020d.seg' "$BOX" "$1")"; }

test_reload() {
	local before status=0 last
	wait_for 20 drained
	before=$(segment_count)
	last=$(status records_made)
	check 'the module is loaded anew while the agent runs' reload
	wait "$agent" || status=$?
	check_eq 'the agent ends with status 3' "$status" 3
	check 'it says why' agent_said 'the module was loaded anew'
	check 'its unit starts it again' agent_up
	opens 50 1000 >/dev/null
	cut_all
	check 'it stores' wait_for 20 drained
	check_eq 'in one segment more' "$(segment_count)" $((before + 1))
	check 'of another numbering' test "$(since "$before")" != "$(since $((before + 1)))"
	check 'numbers begin again' test "$(first_seq $((before + 1)))" -lt "$last"
	check 'it ends' agent_down
	check 'nothing looks like tampering' untampered
}
reload() { unload && govern "$WORK/ruleset.yaml"; }
untampered() {
	local code=0
	seg audit verify "$BOX" || code=$?
	[ "$code" = 0 ] || [ "$code" = 3 ]
}

# ---- retention -------------------------------------------------------------------

# Four times what is to be kept: of d2, of d1, which is held, and of d2 again.
test_hold() {
	local kept
	# sessions that last are not told of again and again
	SETTINGS=${SETTINGS/record_interval: 1/record_interval: 0}
	check 'another setting' seg apply "$(policies | ruleset)"
	BOX=$WORK/held
	AGENT_ARGS=(--segment-records 200 --keep-size 200K)
	check 'the agent runs, with little to keep' agent_up
	check 'a device is held' wait_for 10 seg hold "${ICCID[d1]}" --dir "$BOX" --reason 'case 12'
	some_of d2 12
	some_of d1 11
	seg quarantine "${ICCID[d2]}" --reason 'the same again' >/dev/null
	seg release "${ICCID[d2]}" --reason 'the same again' >/dev/null
	some_of d2 12
	check 'old segments go' wait_for 120 test -s "$BOX/purged"
	check 'up to those of the held device' wait_for 120 first_has_held
	kept=$(du -sk "$BOX/segments" | cut -f1)
	note "$kept KB are kept"
	check 'which stay, with all that is behind' test "$kept" -gt 500
	check_eq 'all of its sessions' "$(stored '.kind == "open"' |
		jq "map(select(.iccid == \"${ICCID[d1]}\")) | length")" 1000
	check 'it is held no more' seg unhold "${ICCID[d1]}" --dir "$BOX"
	check 'and goes as well' wait_for 150 kept_is_small
	check 'it ends' agent_down
	check 'nothing looks like tampering' untampered
}
some_of() {
	on "$1" flood -r 1000 -n 1000 udp "10.64.0.$2" 10.20.0.5 161 >/dev/null
	wait_for 20 drained
}
first_has_held() { stored true | jq -e ".[0:200] | any(.iccid == \"${ICCID[d1]}\")"; }
kept_is_small() { [ "$(du -sk "$BOX/segments" | cut -f1)" -le 300 ]; }

agent_topology
test_pickup
test_updates
test_handshake
test_reload
test_hold
check 'the module unloads' unload
finish
