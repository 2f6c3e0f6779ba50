#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The whole story in ten steps, with real programs; lib.sh has the drawing.
# Each step is checked and printed as one line. Exit status 0: all did what
# they say.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/flows.sh
. "$TOP/tests/netns/flows.sh"
# shellcheck source=tests/netns/streams.sh
. "$TOP/tests/netns/streams.sh"

# The hundred TCP and twenty UDP ports that nmap finds open most often.
TOP_TCP=7,9,13,21-23,25-26,37,53,79-81,88,106,110-111,113,119,135,139,143-144,179,199,389,427
TOP_TCP+=,443-445,465,513-515,543-544,548,554,587,631,646,873,990,993,995,1025-1029,1110,1433
TOP_TCP+=,1720,1723,1755,1900,2000-2001,2049,2121,2717,3000,3128,3306,3389,3986,4899,5000,5009
TOP_TCP+=,5051,5060,5101,5190,5357,5432,5631,5666,5800,5900,6000-6001,6646,7070,8000,8008-8009
TOP_TCP+=,8080-8081,8443,8888,9100,9999-10000,32768,49152-49157
TOP_UDP=53,67-68,69,123,135,137-139,161-162,445,500,514,520,631,1434,1900,4500,49152

# ---- steps ----------------------------------------------------------------

broken=()

# want SENTENCE COMMAND...: a part of the step that has to succeed.
want() {
	local what=$1 out
	shift
	out=$("$@" 2>&1) && return
	broken+=("$what" "  failed: $*")
	while read -r what; do
		broken+=("  $what")
	done < <(tail -n 12 <<<"$out")
}
# The same for commands that set variables of this shell.
want_here() {
	local what=$1
	shift
	"$@" >"$WORK/want" 2>&1 || broken+=("$what" "  failed: $*" "$(tail -n 3 "$WORK/want")")
}
want_eq() { [ "$2" = "$3" ] || broken+=("$1: have '$2', want '$3'"); }
refuses() { ! "$@"; }

# step SENTENCE: print it, and what did not do what it says.
step() {
	if [ -n "${STORY_KTAP-}" ]; then
		if [ ${#broken[@]} = 0 ]; then ok "$1"; else not_ok "$1"; fi
		[ ${#broken[@]} = 0 ] || note "${broken[@]}"
	elif [ ${#broken[@]} = 0 ]; then
		printf '%s\n' "$1"
	else
		printf '%s: FAILED\n' "$1"
		printf '     %s\n' "${broken[@]}"
		failed=$((failed + 1))
	fi
	broken=()
}

# scans_done WHO: both of its scans have come to their end.
scans_done() { wait "${scan_pids[$1.4]}" "${scan_pids[$1.6]}"; }

# scan WHO FAMILY NAME...: in the background; scan_result looks at it.
scan() {
	local who=$1 v=$2 name
	local -a to=()
	shift 2
	for name; do
		to+=("$("addr$v" "$name")")
	done
	[ "$v" = 6 ] && to+=(-6)
	on "$who" nmap -n -Pn --send-ip --disable-arp-ping --max-retries 1 --min-rate 400 \
		--max-rate 400 --initial-rtt-timeout 200ms --max-rtt-timeout 400ms -sSU \
		-p "T:$TOP_TCP,U:$TOP_UDP" -oG "$WORK/scan.$who.$v" "${to[@]}" \
		>"$WORK/scan.$who.$v.out" 2>&1 &
	scan_pids[$who.$v]=$!
}
declare -A scan_pids

# scan_result WHO FAMILY HOSTS: it came to its end, and no port ever answered.
scan_result() {
	grep -qE "Nmap done.* $3 IP addresses" "$WORK/scan.$1.$2" || return 1
	if grep -E '/(open|closed|unfiltered)/|State: (open|closed|unfiltered) ' \
		"$WORK/scan.$1.$2"; then
		return 1
	fi
}

step_0() {
	pki_up &
	topology_up
	plain_up || bail 'no second gateway'
	servers_up
	local start=$SECONDS
	flows_count
	took_s=$((SECONDS - start))
	want_eq "the flows without simseg ($not_passed)" "$passed" "$played"
	# shellcheck disable=SC2046
	want 'the baits can be reached' reach attacker $(targets tcp/22 d1 d8) $(targets udp/161 d5)
	# shellcheck disable=SC2046
	want 'neighbours can be reached' reach d1 $(targets tcp/22 d2 d4 pc)
	step "0. no module: $passed of $played flows get through, v4 and v6, and so does everything else"
}

step_1() {
	want 'the module loads' load
	want 'sides and XDP' attach_all
	want_here 'the monitor starts' monitor_up
	# as long as they took when nothing was in their way
	TRIES_S=$((took_s + 1)) flows_count
	want_eq 'flows that got through' "$passed" 0
	# shellcheck disable=SC2046
	want 'nothing comes in' silent scada $(targets tcp/22 d1 d4 d8) $(targets icmp d1 d8)
	step "1. module loaded with its pools, no policy: nothing passes, $passed of $played flows got through"
}

# others WHO NAME...: nothing that no rule names gets through to these.
others() {
	local who=$1
	shift
	# shellcheck disable=SC2046
	want "$who reaches more than it may" silent "$who" $(targets tcp/22 "$@") \
		$(targets tcp/80 "$@") $(targets tcp/502 "$@") $(targets udp/161 "$@") \
		$(targets icmp "$@")
}

step_2() {
	want 'apply' seg apply "$YAML"
	flows_count
	want_eq "the listed flows ($not_passed)" "$passed" "$played"
	others d2 d1 d4 scada broker attacker
	others d4 d1 d5 scada broker pc
	others d8 d7 d1 scada video
	others scada d1 d4 d6 d8
	# shellcheck disable=SC2046
	want 'an RTU and a camera reach the broker' silent d5 $(targets tcp/8883 broker)
	step "2. gateway.yaml applied: $passed of $played listed flows work, v4 and v6; nothing else does"
}

step_3() {
	local v
	for v in 4 6; do
		scan d1 "$v" d2 d3 d4 d5 d6 scada broker pc
		scan attacker "$v" d1 d4 d7
		scan pc "$v" d2 d6 d8
	done
	scans_done d1
	for v in 4 6; do
		want "the scan over IPv$v" scan_result d1 "$v" 8
	done
	step '3. compromised meter scans 8 neighbours, RTUs and servers (nmap, 120 ports, v4 and v6): all filtered'
}

# as_address ADDR: d2 sends to the broker with a source that is not its own.
as_address() {
	local to
	to=$(addr4 broker)
	case $1 in
	*:*) to=$(addr6 broker) ;;
	esac
	want "$1 gets through" with_source silent d2 "$1" "tcp/$to/8883" "udp/$to/5684"
}

step_4() {
	local a spoofed unbound
	spoofed=$(drops spoofed)
	unbound=$(drops unbound)
	ip route add 10.64.0.99/32 dev wwan1
	ip route add fd64::99/128 dev wwan1
	# no neighbour's address, none of the pool, none at all
	for a in 10.64.0.99 fd64::99 10.64.0.11 fd64::11 10.99.0.1 fd99::1; do
		as_address "$a"
	done
	want 'an address without a device is reached' silent scada tcp/10.64.0.99/22 tcp/fd64::99/22
	spoofed=$(($(drops spoofed) - spoofed))
	unbound=$(($(drops unbound) - unbound))
	want 'spoofed packets are counted' test "$spoofed" -gt 0
	want 'unbound packets are counted' test "$unbound" -gt 0
	step "4. an address of no device, a neighbour's, one outside the pool: nothing passes ($unbound unbound, $spoofed spoofed)"
}

step_5() {
	local v
	scans_done attacker
	scans_done pc
	for v in 4 6; do
		want "the attacker's scan over IPv$v" scan_result attacker "$v" 3
		want "the office PC's scan over IPv$v" scan_result pc "$v" 3
		want "SCADA polls d4 over IPv$v" flow iec104 scada d4 "$v"
	done
	others scada d4 d5
	step '5. attacker and office PC scan devices: nothing; SCADA reaches its RTUs on 2404 and no other port'
}

streams_up() {
	mqtt_stream d1
	udp_stream d2 5684
	udp_stream d3 5685
	iec_stream d4
	iec_d4=$iec_pid
	iec_stream d5
	want 'the MQTT stream runs' wait_for 15 mqtt_lines d1 5
	for n in d2 d3 d4 d5; do
		want "the stream of $n runs" wait_for 15 received_more "$n" 10
	done
	want 'the flowtable carries them' grep -q OFFLOAD <(conntrack -L 2>/dev/null)
}

# Nothing that was sent after the reply has arrived; looked at for one second.
none_later() {
	[ "$(mqtt_last d1)" -le "$mqtt_sent" ] &&
		[ "$(numrecv -q "$WORK/d2.recv" | cut -d' ' -f2)" -le "$udp_sent" ] &&
		[ "$(numrecv -q "$WORK/d4.recv" | cut -d' ' -f2)" -le "$iec_sent" ]
}

step_6() {
	local times=() n before3 before5
	streams_up
	plain_cut || broken+=('plain nftables: the stream did not run')
	want 'plain nftables cuts nothing' test "${plain_after:-0}" -gt 20
	before3=$(received d3)
	before5=$(received d5)
	for n in d1 d2 d4; do
		want_here "quarantine of $n" cut_off "$n"
		times+=("$(printf '%d.%03d ms' $((took_us / 1000)) $((took_us % 1000)))")
		case $n in
		d1) mqtt_sent=$(sent_until "$WORK/d1.send" "$reply") ;;
		d2) udp_sent=$(sent_until "$WORK/d2.send" "$reply") ;;
		d4) iec_sent=$(sent_until "$RTU_LOG.d4" "$reply") ;;
		esac
	done
	want 'no packet sent after the reply arrives' hold_for 1 none_later
	for n in d1 d2 d4; do
		want_eq "sessions of $n" "$(sessions "$n")" 0
	done
	want 'the master notices' wait_for 8 refuses kill -0 "$iec_d4"
	want 'd3 goes on undisturbed' wait_for 2 received_more d3 $((before3 + 50))
	want 'd5 goes on undisturbed' wait_for 2 received_more d5 $((before5 + 10))
	want_eq 'what d3 lost' "$(lost d3)" 0
	step "6. quarantine of live MQTT, telemetry and IEC 104 streams in a flowtable: cut within ${times[*]}, nothing sent later arrives, others lose nothing"
	step "   beside it, the same cut with plain nftables: $plain_after packets came through in the second after"
}

# Numbers below the highest that never came: all of them did, in order.
lost() {
	local count number
	read -r count number _ < <(numrecv -q "$WORK/$1.recv")
	echo $((number - count))
}

step_7() {
	local n v
	for n in d1 d2 d4; do
		want "release of $n" seg release "${ICCID[$n]}" --reason 'cleaned'
	done
	for v in 4 6; do
		want "d1's MQTT over IPv$v" flow mqtts d1 broker "$v"
		want "d4's IEC 104 over IPv$v" flow iec104 scada d4 "$v"
	done
	step '7. released: MQTT and IEC 104 work again'
}

# The link that holds the program on wwan0, by where segctl has pinned it.
link_id() {
	bpftool -j link show pinned /sys/fs/bpf/simseg/*/xdp_"$(cat /sys/class/net/wwan0/ifindex)" |
		jq '[.] | flatten | .[0].id'
}

step_8() {
	local id
	if [ "$XDP" != 1 ]; then
		want_eq 'status without XDP' "$(status_code)" 0
		# shellcheck disable=SC2046
		want 'the floor denies' silent d1 $(targets tcp/22 scada d2)
		step '8. no XDP on this kernel (no module BTF): the floor alone has done all of this'
		return
	fi
	want_eq 'status before' "$(status_code)" 0
	want 'the kernel refuses xdp off' refuses ip link set wwan0 xdp off
	id=$(link_id)
	want 'bpftool detaches it' bpftool link detach id "$id"
	# shellcheck disable=SC2046
	want 'still denied' silent d1 $(targets tcp/22 scada d2)
	want_eq 'status after' "$(status_code)" 3
	want 'status names the interface' grep -q 'XDP.*wwan0' <(seg status)
	step "8. XDP taken off wwan0 behind segctl's back: still denied, by the floor; status shows it red"
}

step_9() {
	local gro
	want 'rmmod is refused' refuses rmmod simseg
	want 'devices' grep -q RTU-14 <(seg device list)
	want 'sessions with rule' grep -q iec104 <(seg session list)
	want 'drops by reason' grep -q no-rule <(seg stats)
	for gro in on off; do
		gro_set "$gro"
		want "a flow with GRO $gro" flow https d7 video 4
		want "a flow with GRO $gro" flow iec104 scada d4 6
		want "the identity with GRO $gro" identity_settles
	done
	{
		seg device list
		seg session list | head -n 6
		seg stats
	} | sed "s/^/${STORY_KTAP:+# }     /"
	# From here on nothing is denied any more: what is counted stands still.
	want 'disarm' seg disarm --reason demo
	want 'every denied packet is in a record' wait_for 5 denies_add_up
	counted=$(denied_by_counters)
	want_here 'the monitor ends' monitor_down
	want 'rmmod after disarm' rmmod simseg
	step '9. rmmod refused while it governs; every packet is counted once (remainder 0, GRO on and off); disarmed: it unloads'
}

gro_set() {
	local dev
	for dev in wwan3 wwan6 net0; do
		ethtool -K "$dev" gro "$1" >/dev/null 2>&1
	done
}

# How many records there are of each kind that the story must have left.
summary() {
	jq -rs 'def n(f): map(select(f)) | length;
		[n(.kind == "open"), n(.kind == "close"), n(.kind == "deny"),
		n(.kind == "close" and .reason == "quarantine"), n(.reason == "no-rule"),
		n(.reason == "spoofed"), n(.reason == "unbound")] | join(" ")' "$RECORDS"
}

step_10() {
	local opens closes denies cuts no_rule spoofed unbound
	read -r opens closes denies cuts no_rule spoofed unbound < <(summary)
	want 'records in pairs' records_paired
	want 'the cut sessions' test "$cuts" -ge 3
	want 'denies of the scan' test "$no_rule" -gt 0
	want 'denies of foreign sources' test "$spoofed" -gt 0 -a "$unbound" -gt 0
	want_eq 'denied packets, by records and by counters' "$(denied_by_records)" "$counted"
	step "10. segctl monitor heard it all: $opens opens, $closes closes, $denies denies that stand for $counted packets"
}

begin=$SECONDS
step_0
step_1
step_2
step_3
step_4
step_5
step_6
step_7
step_8
step_9
step_10
[ -z "${STORY_KTAP-}" ] || finish
printf 'The story took %d s; %d of its lines failed.\n' $((SECONDS - begin)) "$failed"
[ "$failed" = 0 ]
exit
