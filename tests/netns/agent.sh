# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The agent, as its tests use it: it is started, killed and stalled while one device
# opens session after session to a master that says nothing. Read after lib.sh.

BOX=$WORK/box
AGENT_ARGS=()
AGENT_RUN=()

# The device that floods may have as many sessions as the test wants, and they last.
SETTINGS='{ deny_interval: 1, udp_new: 600, sessions: 131072, device_sessions: 131072'
SETTINGS+=', half_open: 131072, device_half_open: 131072 }'
policies() {
	cat <<-EOF
		  meter:
		    out:
		      - { label: snmp, proto: udp, port: 161, to: masters }
	EOF
}

agent_topology() {
	topology_up d1 d2 scada
	# nobody needs connection tracking here
	nft delete table inet gateway
	echo 100000 >/proc/sys/net/core/netdev_max_backlog
	on scada nft -f - <<-EOF
		table inet t {
			chain in {
				type filter hook input priority 0
				udp dport 161 drop
			}
		}
	EOF
}

agent_start() {
	spawn gw "${AGENT_RUN[@]}" "$SEGCTL" agent --dir "$BOX" "${AGENT_ARGS[@]}" 2>>"$WORK/agent.err"
	agent=$!
}

# Until its socket answers.
agent_up() { agent_start && wait_for 20 agent_answers; }
agent_answers() { [ "$(status agent.pid)" = "$agent" ]; }

# It exits with 0.
agent_down() { kill "$agent" && wait "$agent"; }

agent_kill() {
	kill -9 "$agent"
	wait "$agent" 2>/dev/null
	true
}

agent_said() { grep -q "$1" "$WORK/agent.err"; }

# opens N RATE: one session for each port.
opens() { on d1 flood -r "$2" -n "$1" udp 10.64.0.11 10.20.0.5 161; }

# All that was made is stored, or told as lost, or on its way.
balanced() {
	seg -j status | jq -e '.records_made == .records_delivered + .records_waiting + .records_lost'
}

# The rings are empty, and all that was lost is told: a gap record comes once a second.
drained() {
	seg -j status | jq -e '.ring.used == 0 and .ring.deny_used == 0 and
		.records_waiting == 0 and .records_untold == 0'
}

# All sessions of the device end at once, each with its record, and that is made.
cut_all() {
	seg quarantine "${ICCID[d1]}" --reason 'end of a round' >/dev/null &&
		seg release "${ICCID[d1]}" --reason 'next round' >/dev/null &&
		wait_for 10 no_session
}
no_session() { [ "$(status sessions)" = 0 ]; }

ring_is() { [ "$(status ring.size)" = "$1" ]; }

monitors() { [ "$(status agent.monitors)" = "$1" ]; }

# box_is_whole DIR SESSIONS: at least so many; the box has each record once.
box_is_whole() {
	local sum
	sum=$("$TOP/tests/netns/box.py" "$1")
	note "$sum"
	check_eq "${1##*/}: nothing is lost, nothing twice, all sessions end" \
		"$(jq -c '[.twice, .opened_twice, .closed_twice, .never_closed, .missing - .told]' <<<"$sum")" \
		'[0,0,0,0,0]'
	check_eq "${1##*/}: chained, and in order" "$(jq -c '[.chained, .ordered]' <<<"$sum")" '[true,true]'
	check "${1##*/}: $2 sessions" test "$(jq .opens <<<"$sum")" -ge "$2"
}

# As many are missing in the box as its gaps tell.
box_is_told() {
	local sum
	sum=$("$TOP/tests/netns/box.py" "$BOX")
	note "$sum"
	check_eq 'the gaps tell how many are missing' "$(jq .missing <<<"$sum")" "$(jq .told <<<"$sum")"
	check_eq 'nothing is there twice' "$(jq .twice <<<"$sum")" 0
}
