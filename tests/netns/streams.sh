# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Numbered streams, and what became of them after a cut. Read after flows.sh.
#
# shellcheck disable=SC2034 # some of this is for those who read this file

# What plain nftables does beside it: a gateway of its own, without simseg.
#
#   pdev 10.65.0.1 --- p0 pgw p1 --- psrv 10.66.0.1

plain_up() {
	local ns
	for ns in pgw pdev psrv; do
		echo "netns add $NSP$ns"
	done | ip -batch - || return 1
	nsrun -c eth0 "/run/netns/${NSP}pgw" "/run/netns/${NSP}pdev" "/run/netns/${NSP}psrv"
	ip -n "${NSP}pgw" -batch - <<-EOF || return 1
		link add p0 type veth peer name eth0 netns ${NSP}pdev
		link add p1 type veth peer name eth0 netns ${NSP}psrv
		link set p0 addrgenmode none up
		link set p1 addrgenmode none up
		address add 10.65.0.254/24 dev p0
		address add 10.66.0.254/24 dev p1
	EOF
	ns_setup pdev <<-EOF
		link set eth0 addrgenmode none up
		address add 10.65.0.1/24 dev eth0
		route add default via 10.65.0.254
	EOF
	ns_setup psrv <<-EOF
		link set eth0 addrgenmode none up
		address add 10.66.0.1/24 dev eth0
		route add default via 10.66.0.254
	EOF
	on pgw sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	on pgw nft -f - <<-EOF
		table ip plain {
			flowtable ft {
				hook ingress priority 0
				devices = { p0, p1 }
			}
			chain forward {
				type filter hook forward priority filter
				ct state established flow add @ft
			}
		}
	EOF
}

plain_offloaded() { on pgw conntrack -L 2>/dev/null | grep -q OFFLOAD; }

# The cut as one does it with nftables: a drop rule at the head of the chain.
# Sets $plain_after: packets that came in the second after the rule was there.
plain_cut() {
	local before
	background psrv numrecv -l "$WORK/plain.recv" 5684 >/dev/null
	spawn pdev numsend -r 100 -l "$WORK/plain.send" 10.66.0.1 5684
	wait_for 5 plain_offloaded || return 1
	on pgw nft insert rule ip plain forward ip saddr 10.65.0.1 drop || return 1
	read -r before _ < <(numrecv -q "$WORK/plain.recv")
	hold_for 1 true
	read -r plain_after _ < <(numrecv -q "$WORK/plain.recv")
	plain_after=$((plain_after - before))
}

received() { numrecv -q "$WORK/$1.recv" | cut -d' ' -f1; }
received_more() { [ "$(received "$1")" -gt "$2" ]; }

# numbers_up NAME FROM TO ADDR PORT [OPTION...]: a stream of numbered messages
# with numsend's options, as NAME, and on its way.
senders=()
numbers_up() {
	local name=$1 from=$2 to=$3 addr=$4 port=$5 kind=()
	shift 5
	[[ " $* " != *' -t'* ]] || kind=(-t)
	background "$to" numrecv "${kind[@]}" -l "$WORK/$name.recv" "$port" >/dev/null
	spawn "$from" numsend "$@" -l "$WORK/$name.send" "$addr" "$port"
	senders+=($!)
	wait_for 5 received_more "$name" 10
}

numbers_end() {
	kill "${senders[@]}"
	wait "${senders[@]}" 2>/dev/null
	senders=()
}

# nothing_after STREAM TIME: no number above the last one sent until then comes
# within a second.
nothing_after() {
	local limit
	limit=$(numsend -q "$WORK/$1.send" "$2")
	rest 1
	not_above "$1" "$limit"
}
not_above() { [ "$(numrecv -q "$WORK/$1.recv" | cut -d' ' -f2)" -le "$2" ]; }

# udp_stream DEVICE PORT: numbered telemetry to the broker, as $WORK/DEVICE.*.
udp_stream() {
	background broker numrecv -l "$WORK/$1.recv" "$2" >/dev/null
	spawn "$1" numsend -r 100 -l "$WORK/$1.send" "$(addr4 broker)" "$2"
}

# A live MQTT stream of one device: a numbered message after the other.
mqtt_stream() {
	spawn broker mosquitto_sub -h 127.0.0.1 -p 1883 -t "stream/$1" >"$WORK/$1.mqtt"
	numsend -o -r 20 -l "$WORK/$1.send" 2>/dev/null |
		on "$1" mosquitto_pub -h "$(addr4 broker)" -p 8883 --cafile "$WORK/ca.crt" \
			-t "stream/$1" -l >/dev/null 2>&1 &
	echo $! >>"$WORK/pids"
}

mqtt_lines() { [ "$(wc -l <"$WORK/$1.mqtt")" -ge "$2" ]; }
mqtt_last() { tail -n 1 "$WORK/$1.mqtt"; }

# A live association of the SCADA master with one RTU.
iec_stream() {
	spawn scada iec104 master -l "$WORK/$1.recv" "$(addr4 "$1")" 2>"$WORK/$1.iec"
	iec_pid=$!
}

# The sender's last number before a time: rtu logs are the outstations' own.
sent_until() { numsend -q "$1" "$2"; }

# cut_off DEVICE: quarantine it; sets $reply (when segctl had returned), $took_us
# (from the receipt) and $done_ns (from the receipt).
cut_off() {
	stamp "$WORK/stamp" "$SEGCTL" -j quarantine "${ICCID[$1]}" --reason "cut of $1" \
		>"$WORK/receipt.$1" || return 1
	read -r _ reply <"$WORK/stamp"
	took_us=$(jq '.receipt.duration_ns / 1000 | floor' "$WORK/receipt.$1")
	done_ns=$(jq '.receipt.time_done' "$WORK/receipt.$1")
}
