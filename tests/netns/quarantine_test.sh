#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml
# takes: 220
#
# Quarantine with proof: how devices are named, all of them or none, deadlines,
# what the receipt says, and that no packet sent after it passes: with TCP and
# UDP at full rate, NAT, a flowtable, and a queue to user space in front of the
# verdict. ROUNDS=250: only the last, so many times, four devices cut in each.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/streams.sh
. "$TOP/tests/netns/streams.sh"

POLICY_OF=([d1]=talker [d2]=talker)
declare -A ASSET=([d1]=M-0011 [d2]='Pump 2#7')

policies() {
	cat <<-EOF
		  talker: { out: [ { to: masters } ], in: [ { from: masters } ] }
		  nothing: { out: [ { label: none, proto: tcp, port: 1, to: masters } ] }
	EOF
}

# The file, with asset ids.
file() {
	local name out
	out=$(policies | ruleset)
	for name in "${!POLICY_OF[@]}"; do
		sed -i "/${ICCID[$name]}/s| }| , asset: \"${ASSET[$name]}\" }|" "$out"
	done
	echo "$out"
}

# In the order of their interfaces.
states() { seg -j device list | jq -r 'sort_by(.iccid) | [.[].state] | join(" ")'; }
holds() { jq -e "$1" "$WORK/out"; }

# listed ARGUMENT...: segctl with $list on standard input.
list=
listed() { printf '%s' "$list" | seg "$@"; }

# says WORDS COMMAND...: it fails, and says these words among others.
says() {
	local words=$1
	shift
	"$@" >"$WORK/said" 2>&1 && return 1
	cat "$WORK/said"
	grep -qF -- "$words" "$WORK/said"
}

# form NAME STATES TARGET...: quarantine and release by it.
form() {
	local name=$1 want=$2
	shift 2
	listed quarantine "$@" --reason test >/dev/null
	check_eq "by $name: quarantine" "$(states)" "$want"
	check "by $name: release" listed release "$@" --reason test
}

test_forms() {
	form ICCID 'quarantined active' "${ICCID[d1]}"
	form 'IPv4 address' 'quarantined active' 10.64.0.11
	form 'IPv6 address' 'quarantined active' fd64::11
	form 'asset id' 'active quarantined' "${ASSET[d2]}"
	form policy 'quarantined quarantined' --policy talker
	list=$'# both, one of them twice\n\n  10.64.0.11 # the meter\r\nPump 2#7\n'"${ICCID[d1]}"
	form list 'quarantined quarantined' -
	check_eq 'all are released' "$(states)" 'active active'
}

# What is asked for in vain changes nothing.
test_refused() {
	local before many=({1..9})
	before=$(fingerprint)
	list=$'M-0011\n\nfd64::12\nM-0099\n'
	check 'a list with a stranger: which line' says "line 4: no device 'M-0099'" \
		listed quarantine - --reason test
	list='# nobody'
	check 'an empty list' says 'names no device' listed quarantine -
	check 'no device at all' says 'which device' seg quarantine --reason test
	check 'a policy without devices' says "no device of policy 'nothing'" \
		seg quarantine --policy nothing
	check 'a policy that is not there' says talker seg quarantine --policy talkre
	check 'a policy and a device' says exclude seg quarantine M-0011 --policy talker
	check 'a bad duration' says 'bad duration' seg quarantine M-0011 --for 15
	check 'more exceptions than fit' says 'more than 8' seg quarantine M-0011 \
		"${many[@]/#/--allow=192.0.2.}"
	check 'a release without a reason' says 'needs --reason' seg release M-0011
	check 'a release of nobody' says 'is quarantined' seg release --policy talker --reason test
	check_eq 'nothing has changed' "$(fingerprint)" "$before"
	seg quarantine M-0011 >/dev/null
	list=$'M-0011\n10.64.0.12\n'
	check 'what the kernel refuses: which line' says 'line 2: 10.64.0.12: simseg: the device is not' \
		listed release - --reason test
	check_eq 'nobody was released' "$(states)" 'quarantined active'
}

# d1 is quarantined already.
test_again() {
	seg -j quarantine M-0011 --reason again --allow fd20::5 --for 1h30m --actor second \
		>"$WORK/out"
	check 'once more: it says so' holds '.receipt.devices == 0 and .receipt.replaced == 1'
	check 'and since when, by whom' holds '.was[0].actor == "tester" and .was[0].age_ns > 0'
	check_eq 'exceptions and deadline are new' "$(seg -j device show M-0011 | jq -c \
		'[.actor, .reason, .allow, .left_ns > 5390e9, .left_ns <= 5400e9]')" \
		'["second","again",["fd20::5"],true,true]'
	check 'the exception holds' reach d1 tcp/fd20::5/22
	check 'for nobody else' silent d1 tcp/10.20.0.5/22
	seg -j quarantine --policy talker --reason all >"$WORK/out"
	check 'all of a policy, one of them already' \
		holds '.receipt.devices == 1 and .receipt.replaced == 1'
	check 'the exception is gone' silent d1 tcp/fd20::5/22
	check 'release of a policy' seg release --policy talker --reason test
}

test_dry_run() {
	local before
	before=$(fingerprint)
	list=$'M-0011\n10.64.0.12'
	check 'some sessions' reach d1 tcp/10.20.0.5/22 tcp/fd20::5/22
	listed -j quarantine - --dry-run >"$WORK/out"
	check 'a dry run names the devices' holds '[.devices[].asset] == ["M-0011", "Pump 2#7"]'
	check 'and counts their sessions' \
		holds '.sessions >= 2 and .sessions == ([.devices[].sessions] | add)'
	check 'and says it to people' seg quarantine --policy talker --dry-run
	check 'of a release, too' says 'is quarantined' seg release --policy talker --dry-run
	check_eq 'nothing has changed' "$(fingerprint)" "$before"
}

test_unknown() {
	local iccid=${ICCID[d3]}
	list="$iccid"$'\nM-0011\n'
	check 'a list with an ICCID that nobody knows' says 'line 1' listed quarantine -
	check 'held with --unknown' listed quarantine - --reason test --unknown --for 1h
	check 'it becomes known' seg device add "$iccid" policy talker addr 10.64.0.13 dev wwan0
	check_eq 'and is quarantined' "$(device_state "$iccid")" quarantined
	check 'release' listed release - --reason test
	check 'it goes' seg device del "$iccid"
}

# Devices of another namespace: it is said where, and not done.
test_elsewhere() {
	local there=${NSP}scada
	list=RTU-14
	seg -n "$there" device add "${ICCID[d4]}" policy talker asset RTU-14 >/dev/null
	check 'a device of another namespace' says "segctl -n $there quarantine RTU-14" \
		seg quarantine RTU-14
	check 'in a list' says "segctl -n $there quarantine" listed quarantine -
	check 'the way back' says "segctl quarantine M-0011" seg -n "$there" quarantine M-0011
	check 'there it works' seg -n "$there" quarantine RTU-14 --for 1h
}

test_deadline() {
	check 'quarantine for some seconds' seg quarantine --policy talker --for 5s --reason test
	check 'nothing passes, IPv4 and IPv6' silent d1 tcp/10.20.0.5/22 tcp/fd20::5/22
	check 'status tells the next deadline' grep -q 'next deadline is in [1-4]s' <(seg status)
	check 'it ends by itself' wait_for 5 ended
	check 'and all passes, IPv4 and IPv6' reach d1 tcp/10.20.0.5/22 tcp/fd20::5/22
	check_eq 'there is no deadline' "$(status deadline_ns)" 0
	seg quarantine M-0011 --for 1s --reason test >/dev/null
	check 'released before its time' seg release M-0011 --reason test
	check_eq 'there is no deadline again' "$(status deadline_ns)" 0
}
ended() { [ "$(states)" = 'active active' ]; }

# ---- the receipt ------------------------------------------------------------

offloaded() { [ "$(conntrack -L -f "$1" 2>/dev/null | grep -c OFFLOAD)" -ge 1 ]; }

test_receipt() {
	check 'datagrams, IPv4' numbers_up four d1 scada 10.20.0.5 6001 -r 200
	check 'datagrams, IPv6' numbers_up six d1 scada fd20::5 6002 -r 200
	check 'one is in the flowtable' wait_for 4 offloaded ipv4
	check 'and the other' wait_for 4 offloaded ipv6
	check 'the cut' cut_off d1
	cp "$WORK/receipt.d1" "$WORK/out"
	check 'what was cut' holds '.receipt | .sessions >= 2 and .sessions_cut.udp >= 2 and
		.sessions == ([.sessions_cut[]] | add)'
	check 'in conntrack and flowtable' holds '.receipt | .conntrack >= 2 and .offloaded >= 2 and
		.hardware == 0'
	check 'times in order' holds '.receipt | .time_request <= .time_state and
		.time_state <= .time_done and (.done_at | startswith("20"))'
	check_eq 'the ruleset in force' "$(jq -c '.receipt | [.generation, .hash]' "$WORK/out")" \
		"$(seg -j status | jq -c '[.generation, .hash]')"
	check 'no path is open' holds '.open == []'
	check 'no backlog, and where it was looked for' holds '([.backlog[].dev] | sort) ==
		["net0", "wwan0", "wwan1"] and ([.backlog[].bytes] | add) == 0'
	numbers_end
	seg release M-0011 --reason test >/dev/null
}

# Below IP nobody recalls anything: it is said, or thrown away.
test_backlog() {
	check 'a slow queue' tc qdisc add dev net0 root handle 7: tbf rate 8kbit burst 1600 \
		limit 100000
	check 'a stream' numbers_up slow d1 scada 10.20.0.5 6003 -r 200
	check 'datagrams wait in it' wait_for 3 many_wait
	seg -j quarantine M-0011 >"$WORK/out"
	check 'the receipt says how much' holds '.backlog[] | select(.dev == "net0") |
		.qdisc == "tbf" and .bytes > 500 and .packets > 5 and (.flushed | not)'
	seg -j quarantine M-0011 --flush-queues >"$WORK/out"
	check 'it is thrown away' holds '.backlog[] | select(.dev == "net0") |
		.flushed and .bytes == 0 and .flushed_bytes > 500'
	check 'the queue is what it was' grep -q 'tbf 7: root .*rate 8Kbit' <(tc qdisc show dev net0)
	tc qdisc del dev net0 root
	numbers_end
	if tc_filter; then
		check 'a tc filter in front is a path left open' \
			says 'wwan0: tc filters' exits_3 quarantine M-0011
		tc qdisc del dev wwan0 clsact
	fi
	seg release M-0011 --reason test >/dev/null
}
many_wait() { [ "$(tc -s -j qdisc show dev net0 | jq '.[0].qlen')" -gt 10 ]; }
# Not every kernel of these tests has them.
tc_filter() {
	tc qdisc add dev wwan0 clsact && tc filter add dev wwan0 ingress protocol ip u32 \
		match ip dst 192.0.2.250 action pass
} 2>/dev/null
exits_3() {
	seg "$@"
	[ $? != 3 ]
}

# ---- no packet after the receipt ----------------------------------------------

# One that accepts everything, in front of the verdict.
queue_up() {
	local holder
	nft -f - <<-EOF
		table inet held {
			chain forward {
				type filter hook forward priority -100
				udp dport 7000-7099 queue num 5
			}
		}
	EOF
	holder=$(nfhold 5) && echo "$holder" >>"$WORK/pids" && kill -USR1 "$holder"
}

# Each device's own, by its number N: ports 70N1 to 70N5. One sends what it can, and the
# others what leaves processors for what shall be cut.
streams=()
streams_up() {
	local d port fast=$RATE slow=500
	for d in "${cuts[@]}"; do
		port=70${d#d}
		numbers_up "$d.udp4" "$d" scada 10.20.0.5 "${port}1" -r "$fast" &&
			numbers_up "$d.udp6" "$d" scada fd20::5 "${port}2" -r "$fast" &&
			numbers_up "$d.out4" "$d" scada 10.20.0.5 "${port}3" -t -c -r "$slow" &&
			numbers_up "$d.in6" scada "$d" "$(addr6 "$d")" "${port}4" -t -c -r "$slow" &&
			numbers_up "$d.dnat4" scada "$d" 10.20.0.1 "${port}5" -r "$slow" || return 1
		streams+=("$d".{udp4,udp6,out4,in6,dnat4})
		fast=100 slow=100
	done
}
# Ports of the gateway's own address lead to the devices.
dnat_up() {
	local d
	for d in "${cuts[@]}"; do
		echo "iifname net0 udp dport 70${d#d}5 dnat to $(addr4 "$d")"
	done >"$WORK/dnat"
	nft -f - <<-EOF
		table ip towards {
			chain prerouting {
				type nat hook prerouting priority dstnat
				$(cat "$WORK/dnat")
			}
		}
	EOF
}

# sent_by TIME STREAM...: the last number that each had sent by then.
sent_by() {
	local s logs=()
	for s in "${@:2}"; do logs+=("$WORK/$s.send"); done
	numsend -u "$1" "${logs[@]}"
}
# What came of each stream: how many, and the highest number.
came() {
	local s logs=()
	for s in "${streams[@]}"; do logs+=("$WORK/$s.recv"); done
	numrecv -q "${logs[@]}"
}

# The highest number that each stream had received is below what it had sent.
none_above() {
	local i=0 number
	while read -r _ number _; do
		[ "$number" -le "${limit[i]}" ] || {
			echo "${streams[i]}: $number came, ${limit[i]} was sent by then"
			return 1
		}
		i=$((i + 1))
	done < <(came)
	[ "$i" = "${#streams[@]}" ]
}
# More than $before of each.
all_more() {
	local i=0 n
	while read -r n _; do
		[ "$n" -gt "${before[i]%% *}" ] || return 1
		i=$((i + 1))
	done < <(came)
	[ "$i" = "${#streams[@]}" ]
}

# cut_amid DEVICE: amid all of it; $limit grows by its streams, which are the next ones.
cut_amid() {
	local reply its
	stamp "$WORK/stamp" "$SEGCTL" -j quarantine "${ICCID[$1]}" --reason "cut of $1" \
		>"$WORK/receipt.$1" || return 1
	read -r _ reply <"$WORK/stamp"
	mapfile -t its < <(sent_by "$reply" "$1".{udp4,udp6,out4,in6,dnat4})
	limit+=("${its[@]}")
}

# round N: one device is cut after the other; a second of silence, and a release.
round() {
	local d limit=() receipts=() us before
	for d in "${cuts[@]}"; do
		cut_amid "$d" || return 1
		receipts+=("$WORK/receipt.$d")
	done
	rest "${WATCH:-1}"
	none_above || return 1
	mapfile -t us < <(jq '.receipt.duration_ns / 1000 | floor' "${receipts[@]}")
	took+=("${us[@]}")
	mapfile -t before < <(came)
	seg release --policy talker --reason "round $1" >/dev/null && wait_for 20 all_more
}

test_rounds() {
	local n last=${ROUNDS:-2} failures=0 took=()
	check 'streams: UDP and TCP, out and in, IPv4 and IPv6, masqueraded and not' streams_up
	for ((n = 1; n <= last; n++)); do
		# first with the flowtable, then with the queue, which needs it out of the way
		if [ "$n" = $((last / 2 + 1)) ]; then
			check 'a queue to user space' queue_up
			nft flush chain inet gateway forward
		fi
		round "$n" >"$WORK/round" 2>&1 || {
			failures=$((failures + 1))
			note "round $n:" "$(cat "$WORK/round")"
		}
	done
	check_eq "of $last rounds, $((last * ${#cuts[@]})) cuts, those after which anything arrived" \
		"$failures" 0
	mapfile -t took < <(printf '%s\n' "${took[@]}" | sort -n)
	note "request to receipt: median ${took[$((${#took[@]} / 2))]} us, longest ${took[-1]} us"
	numbers_end
}

# as fast as it can, but where that would leave nothing of the only processor
[ "$(nproc)" -gt 1 ] || RATE=${RATE:-1000}
RATE=${RATE:-0}
devices=(d1 d2)
cuts=(d1)
if [ -n "${ROUNDS:-}" ]; then
	devices=(d1 d2 d3 d4)
	cuts=("${devices[@]}")
	POLICY_OF+=([d3]=talker [d4]=talker)
	ASSET+=([d3]=M-0013 [d4]=M-0014)
fi
topology_up "${devices[@]}" scada
for who in d1 scada; do
	background "$who" probe serve tcp/22 >/dev/null
done
check 'the module and its ruleset' govern "$(file)"
dnat_up
if [ -z "${ROUNDS:-}" ]; then
	test_forms
	test_refused
	test_again
	test_dry_run
	test_unknown
	test_elsewhere
	test_deadline
	test_receipt
	test_backlog
fi
test_rounds
check 'the counters add up' identity_settles
# one that goes with a deadline pending
ip netns del "${NSP}scada"
check 'the module unloads' unload
finish
