#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml-long 6.12-long
#
# Kinds of links, and what was counted on them:
#
#   d1  veth                wwan0
#   d2  VLAN 10             wwan1.10       on wwan1
#   d3  VLAN 10 in 802.1ad  wwan2.100.10   on wwan2.100 on wwan2
#   d8  TUN                 wwan7
#
# with no XDP, native and generic, with and without GRO on the gateway and GSO
# on the others: packets and bytes of both directions are what the senders' own
# stacks say they have sent, and each packet is counted once.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

SIZE=${SIZE:-300K}	# of a transfer
# sessions that have ended stay in the list: their counters are what is added up
SETTINGS='{ deny_interval: 1, tcp_closed: 3600, tcp_closing: 3600 }'
POLICY_OF=([d1]=talker [d2]=talker [d3]=talker [d8]=talker)
declare -A DEV=([d1]=wwan0 [d2]=wwan1.10 [d3]=wwan2.100.10 [d8]=wwan7)
ALL=(d1 d2 d3 d8)
policies() {
	cat <<-EOF
		  talker:
		    out:
		      - { label: bulk, proto: tcp, port: 5201-5208, to: masters }
	EOF
}

# ---- links ----------------------------------------------------------------

# vlan_up N ID...: the link of device N carries its addresses in these tags; the
# outer one of two is 802.1ad.
vlan_up() {
	local n=$1 id here=wwan$(($1 - 1)) there=eth0 proto=802.1Q
	for id in '' -6; do
		# shellcheck disable=SC2086 # an option or nothing
		ip $id route flush dev "$here" && on "d$n" ip $id route flush dev eth0
	done
	ip address flush dev "$here" && on "d$n" ip address flush dev eth0
	[ $# = 2 ] || proto=802.1ad
	for id in "${@:2}"; do
		ip link add link "$here" name "$here.$id" type vlan proto "$proto" id "$id" || return
		on "d$n" ip link add link "$there" name "$there.$id" type vlan proto "$proto" \
			id "$id" || return
		ip link set "$here.$id" up
		on "d$n" ip link set "$there.$id" up
		here+=.$id
		there+=.$id
		proto=802.1Q
	done
	gateway_link "$n" "$here" | ip -batch - && device_up "$n" "$there"
}

gro() {
	local dev
	for dev in wwan0 wwan1 wwan2 net0; do
		ethtool -K "$dev" gro "$1" || return
	done
}

# Segmentation by whoever sends: what it hands over is larger than a frame.
gso() {
	local who dev
	for who in d1 d2 d3 scada; do
		for dev in $(on "$who" ip -o link show | sed -n 's/^[0-9]*: \(eth0[^@:]*\).*/\1/p'); do
			# XDP at the far end of a veth pair forbids it, and then it is off
			on "$who" ethtool -K "$dev" gso "$1" tso "$1" >/dev/null 2>&1 || true
		done
	done
}

# mode NAME: of all links of devices; the gateway's other side as well.
mode() { seg attach 'wwan*' --side sim --mode "$1" && seg attach net0 --side net --mode "$1"; }

# ---- who has sent what ----------------------------------------------------

# sent WHO FAMILY: "packets bytes" on the wire, as its stack counts. What is
# larger than a frame is one packet to IP, and as many as it is to TCP, which
# counts apart what it sends once more.
sent() {
	local head=52
	[ "$2" = 4 ] || head=72
	on "$1" nstat -asz -j | jq -r --argjson head $head '.kernel |
		(.TcpOutSegs + .TcpRetransSegs) as $tcp |
		(.IpOutRequests + .Ip6OutRequests) as $ip |
		"\($tcp) \(.IpExtOutOctets + .Ip6OutOctets + ($tcp - $ip) * $head)"'
}

# received DEV: "packets bytes" as simseg counts on an interface.
received() {
	jq -r --arg d "$1" '.interfaces[] | select(.name == $d) | "\(.rx) \(.rx_bytes)"' "$WORK/stats"
}

# sessions_before DEVICE: what its sessions have carried up to now. Some of them are gone
# when they are looked at again.
sessions_before() { seg -j session list --device "${ICCID[$1]}" >"$WORK/sessions.$1"; }

# of_sessions DEVICE: "packets bytes reply_packets reply_bytes" since sessions_before
of_sessions() {
	seg -j session list --device "${ICCID[$1]}" |
		jq -r --slurpfile before "$WORK/sessions.$1" '
			($before[0] | map({key: (.id | tostring), value: .}) | from_entries) as $was |
			[("packets", "bytes", "reply_packets", "reply_bytes") as $what |
				(map(.[$what] - ($was[.id | tostring][$what] // 0)) | add // 0)] |
			join(" ")'
}

# minus "A B..." "C D...": number by number.
minus() {
	local -a a b
	local i
	read -ra a <<<"$1"
	read -ra b <<<"$2"
	for i in "${!a[@]}"; do
		a[i]=$((a[i] - b[i]))
	done
	echo "${a[*]}"
}

# What the identity leaves over on each interface, and how far the device's own
# counter is ahead; not that of a VLAN, which counts what GRO merged below as one.
leftovers() {
	jq -c '[.interfaces[] | {name, rest: (.rx - .xdp_drop - .xdp_forward - .guard_drop - .floor_pass -
		.floor_allow - .floor_deny - .merged)} +
		if .name | test("[.]") then {} else {ahead: (.device_rx + .rx_inner - .rx - .rx_other)} end]' \
		"$WORK/stats"
}

declare -A before
take() {
	local who
	seg -j stats >"$WORK/stats"
	for who in "${ALL[@]}" scada; do
		before[$who]=$(sent "$who" "$1")
	done
	for who in "${ALL[@]}"; do
		before[${DEV[$who]}]=$(received "${DEV[$who]}")
		sessions_before "$who"
	done
	before[net0]=$(received net0)
	before[left]=$(leftovers)
}

# equal WHAT HAVE WANT
equal() {
	[ "$2" = "$3" ] || {
		echo "$1: $2, not $3"
		return 1
	}
}

# compare FAMILY: everything is what was sent, at each place where it is counted.
compare() {
	local who status=0 out reply total='0 0' back='0 0'
	seg -j stats >"$WORK/stats"
	for who in "${ALL[@]}"; do
		out=$(minus "$(sent "$who" "$1")" "${before[$who]}")
		total=$(minus "$total" "$(minus '0 0' "$out")")
		equal "${DEV[$who]} received" \
			"$(minus "$(received "${DEV[$who]}")" "${before[${DEV[$who]}]}")" "$out" || status=1
		reply=$(of_sessions "$who")
		equal "the sessions of $who" "${reply% * *}" "$out" || status=1
		back=$(minus "$back" "$(minus '0 0' "${reply#* * }")")
	done
	out=$(minus "$(sent scada "$1")" "${before[scada]}")
	equal 'net0 received' "$(minus "$(received net0)" "${before[net0]}")" "$out" || status=1
	equal 'all replies' "$back" "$out" || status=1
	[ "${total% *}" -gt 600 ] || {
		echo "only $total were sent"
		status=1
	}
	return "$status"
}

# once WHICH: of all interfaces, "rest" (and "ahead") have not changed.
once() {
	local now
	now=$(leftovers)
	[ "$1" = both ] || {
		now=$(jq -c 'map(del(.ahead))' <<<"$now")
		before[left]=$(jq -c 'map(del(.ahead))' <<<"${before[left]}")
	}
	equal 'left over' "$now" "${before[left]}"
}

# ---- traffic --------------------------------------------------------------

# A window that no queue under way is too short for: nothing is lost.
transfer() {
	on "$1" timeout 60 iperf3 -c "$2" -p "520${1#d}" -n "$SIZE" -w 64K "${@:3}" >"$WORK/iperf.$1" 2>&1
}

# all_transfer FAMILY: all devices at a time, up, then down.
all_transfer() {
	local who way address=10.20.0.5 status=0
	[ "$1" = 4 ] || address=fd20::5
	for way in '' -R; do
		local -a pids=()
		for who in "${ALL[@]}"; do
			# shellcheck disable=SC2086 # an option or nothing
			transfer "$who" $address $way &
			pids+=($!)
		done
		for who in "${pids[@]}"; do
			wait "$who" || status=1
		done
	done
	[ "$status" = 0 ] || tail -n 2 "$WORK"/iperf.*
	return "$status"
}

readings() { seg -j stats | jq -c '[.interfaces[].device_rx]'; }
same_readings() { [ "$(readings)" = "$1" ]; }
settled() { hold_for 1 same_readings "$(readings)"; }

# What others than TCP send: errors, listeners, neighbours; what links and the
# backlogs behind them had no room for, which simseg never saw; and what was denied: a
# transfer that was cut sends what it has left once more, each time after a longer pause.
others() {
	local who
	denied_by_counters
	for who in "${ALL[@]}" scada wan; do
		on "$who" nstat -asz -j | jq '.kernel | .Icmp6OutMsgs + .IcmpOutMsgs'
	done
	for who in gw "${ALL[@]}" scada wan; do
		on "$who" ip -s -j link show | jq -c '[.[].stats64 | .rx.dropped, .tx.dropped]'
	done
	cut -d ' ' -f 2 /proc/net/softnet_stat
}

# round SENTENCE FAMILY WHICH: a round of traffic, and what was counted. A round
# in which somebody has sent anything else, or a link lost a frame, does not count.
round() {
	local other try
	for try in 1 2 3 4; do
		wait_for 20 settled
		other=$(others)
		take "$2"
		check "$1: the traffic" all_transfer "$2"
		wait_for 20 settled
		[ "$(others)" != "$other" ] || break
		note "other traffic, or a frame that was lost: once more ($try)"
	done
	check "$1: packets and bytes are what was sent" compare "$2"
	check "$1: each packet is counted once" once "$3"
}

# rounds NAME ROUND...: where segmentation is left to the receiver, its device
# counts fewer.
rounds() {
	local what
	for what in "${@:2}"; do
		case $what in
		gro) gro on && gso off && round "$1, GRO" 4 both ;;
		gro-gso) gro on && gso on && round "$1, GRO and GSO" 6 rest ;;
		gso) gro off && gso on && round "$1, GSO" 4 rest ;;
		none) gro off && gso off && round "$1, neither" 6 both ;;
		esac
	done
	gro on && gso off
}

# ---- what is dropped ------------------------------------------------------

sessions_bytes() { [ "$(of_sessions "$1" | cut -d' ' -f2)" -gt "$2" ]; }

# A transfer that is cut: its next burst is dropped, and counted. The pauses
# between bursts leave time to those who look on.
cut_once() {
	local who=$1 pid status=0
	sessions_before "$who"
	spawn "$who" iperf3 -c 10.20.0.5 -p "520${who#d}" -t 60 -b 4M >"$WORK/iperf.cut" 2>&1
	pid=$!
	wait_for 30 sessions_bytes "$who" 300000 || status=1
	seg quarantine "${ICCID[$who]}" --reason test >/dev/null || status=1
	wait_for 10 dropped_since "${DEV[$who]}" || status=1
	# no last words, now or later: what it has not got rid of goes with it
	on "$who" ss -Kt dport = ":520${who#d}" >/dev/null
	on scada ss -Kt sport = ":520${who#d}" >/dev/null
	kill -9 "$pid"
	wait "$pid"
	wait_for 20 settled || status=1
	seg release "${ICCID[$who]}" --reason test >/dev/null || status=1
	return "$status"
}
# XDP counts a tagged frame on the interface that has received it.
dropped_since() { [ "$(seg -j stats | drops_on "$1")" -gt "$(drops_on "$1" <"$WORK/stats")" ]; }
drops_on() {
	jq --arg d "$1." '[.interfaces[] | (.name + ".") as $n | select($d | startswith($n)) |
		.xdp_drop + .guard_drop] | add'
}

declare -A server
serve() {
	spawn scada iperf3 -s -p "520${1#d}" >/dev/null 2>&1
	server[$1]=$!
}

cuts() {
	local who
	for who in "${ALL[@]}"; do
		wait_for 20 settled
		take 4
		check "$1: a transfer of $who is cut" cut_once "$who"
		seg -j stats >"$WORK/stats"
		check "$1: what was cut is counted once" once both
		# it would wait for who was cut, and is busy with that
		kill "${server[$who]}"
		wait "${server[$who]}"
		serve "$who"
	done
}

topology_up d1 d2 d3 d8 scada
nft delete table inet gateway
check 'VLAN' vlan_up 2 10
check 'VLAN in 802.1ad' vlan_up 3 100 10
for who in "${ALL[@]}"; do
	serve "$who"
done
check 'the module and its ruleset' govern \
	"$(policies | ruleset | xargs sed -i -E 's/dev: (wwan[0-9])/dev: "\1*"/' && echo "$WORK/ruleset.yaml")"
check 'the floor alone' mode none
if [ "$XDP" = 1 ]; then
	rounds floor gro-gso
	for mode in auto generic; do
		check "XDP, $mode" mode "$mode"
		check_eq "XDP, $mode: where the program is" "$(seg -j status |
			jq -r '[.interfaces[] | select(.name | startswith("wwan")) |
				"\(.name) \(if .xdp == "below" then .xdp else "on" end)"] | sort | join(", ")')" \
			'wwan0 on, wwan1 on, wwan1.10 below, wwan2 on, wwan2.100 below, wwan2.100.10 below, wwan7 on'
		rounds "XDP, $mode" gro-gso none
		cuts "XDP, $mode"
	done
	check 'the interface below goes without' seg attach wwan1 --side sim --mode none
	check_eq 'its VLAN has a program of its own' "$(seg -j status | jq -c '[.interfaces[] |
		select(.name | startswith("wwan1")) | .xdp]')" '["-","generic"]'
	check 'and back' seg detach wwan1
else
	rounds floor gro gro-gso gso none
	cuts floor
fi
check 'the module unloads' unload
finish
