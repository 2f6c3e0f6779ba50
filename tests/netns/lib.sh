# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Library of the end-to-end tests. The gateway is the namespace that the
# script runs in; everything else has a namespace of its own:
#
#      SIM side                     gateway                      net side
#
#   d1 meter  10.64.0.11 ---veth--- wwan0                 +- scada    10.20.0.5
#   d2 meter  10.64.0.12 ---veth--- wwan1                 +- broker   10.20.0.8
#   d3 meter  10.64.0.13 ---veth--- wwan2                 +- headend  10.20.0.9
#   d4 RTU    10.64.0.14 ---veth--- wwan3   net0 --veth-- wan
#   d5 RTU    10.64.0.15 ---veth--- wwan4  10.20.0.1    (bridge)
#   d6 RTU    10.64.0.16 ---veth--- wwan5  fd20::1        +- video    10.20.0.10
#   d7 camera 10.64.0.17 ---veth--- wwan6                 +- pc       10.20.0.20
#   d8 camera 10.64.0.18 ===TUN==== wwan7                 +- attacker 10.20.0.66
#             fd64::11...::18                                fd20::5...::66
#
# Devices have host routes: to them the gateway is 192.0.2.1 and fe80::1, and
# both are on every wwan; fd63::1 is an address of the gateway for them. d8 is
# behind a raw-IP link, as a modem has it: no Ethernet header, no neighbours.
# RTU d6 speaks DNP3. Between net and SIM side the gateway masquerades what
# devices open, and offloads established flows into an nft flowtable.
#
# A frame is a wire packet: devices and servers do no offload, links have one
# queue and no qdisc, neighbours are permanent, addresses have no DAD and no
# interface makes any of its own.
#
# Environment: SIMSEG_TOP, SIMSEG_KO, SEGCTL, SIMSEG_XDP (1: XDP and kfuncs).
#
# shellcheck disable=SC2034 # some of this is for those who read this file

set -u

TOP=${SIMSEG_TOP:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
SEGCTL=${SEGCTL:-$TOP/build/segctl}
TOOLS=${SIMSEG_TOOLS:-$TOP/build/tests/tools}
XDP=${SIMSEG_XDP:-0}
export PATH=$TOOLS:$PATH:/usr/local/sbin:/usr/sbin:/sbin

# The same language; jq 1.6 takes a third of a second to start on an emulated processor.
jq() { gojq "$@"; }

DEVICES=(d1 d2 d3 d4 d5 d6 d7 d8)
SERVERS=(scada broker headend video pc attacker)
declare -A HOST=([scada]=5 [broker]=8 [headend]=9 [video]=10 [pc]=20 [attacker]=66)
declare -A ICCID
for n in {1..8}; do
	HOST[d$n]=1$n
done
# Telecom, country, issuer, serial number, and the digit that Luhn asks for.
ICCID=([d1]=8988228000000000012 [d2]=8988228000000000020 [d3]=8988228000000000038
	[d4]=8988228000000000046 [d5]=8988228000000000053 [d6]=8988228000000000061
	[d7]=8988228000000000079 [d8]=8988228000000000087)

NSP=s$$-
WORK=$(mktemp -d /tmp/simseg-test.XXXXXX)
mkfifo "$WORK/never"
exec 9<>"$WORK/never"

# ---- KTAP -----------------------------------------------------------------

tests=0
failed=0

note() { printf '# %s\n' "$@"; }

ok() {
	tests=$((tests + 1))
	printf 'ok %d %s\n' "$tests" "$1"
}

not_ok() {
	tests=$((tests + 1))
	failed=$((failed + 1))
	printf 'not ok %d %s\n' "$tests" "$1"
}

# check SENTENCE COMMAND...: the command succeeds; its output if it does not.
check() {
	local what=$1
	shift
	if "$@" >"$WORK/check" 2>&1; then
		ok "$what"
	else
		not_ok "$what"
		note "failed: $*"
		sed 's/^/#   /' "$WORK/check"
	fi
}

# check_not SENTENCE COMMAND...: the command fails.
check_not() {
	local what=$1
	shift
	if "$@" >"$WORK/check" 2>&1; then
		not_ok "$what"
		note "succeeded: $*"
		sed 's/^/#   /' "$WORK/check"
	else
		ok "$what"
	fi
}

# check_eq SENTENCE HAVE WANT
check_eq() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1"
		note "have: $2" "want: $3"
	fi
}

# bail SENTENCE: no test can go on.
bail() {
	printf 'Bail out! %s\n' "$1"
	failed=$((failed + 1))
	exit 1
}

finish() {
	printf '1..%d\n' "$tests"
	[ "$failed" = 0 ] && [ "$tests" -gt 0 ]
	exit
}

# ---- time -----------------------------------------------------------------

# rest [SECONDS]: a short one between two looks at a condition, without a process.
rest() { read -rt "${1:-0.05}" -u 9 || true; }

# wait_for SECONDS COMMAND...: look until it succeeds.
wait_for() {
	local end=$((SECONDS + $1 + 1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -ge "$end" ] && return 1
		rest
	done
}

# hold_for SECONDS COMMAND...: the command succeeds all that time long.
hold_for() {
	local end
	end=$(($(stamp now) + $1 * 1000000000))
	shift
	while [ "$(stamp now)" -lt "$end" ]; do
		"$@" >/dev/null 2>&1 || return 1
		rest
	done
}

# ---- namespaces -----------------------------------------------------------

# on NAME COMMAND...: in the namespace of a device or server; gw is the gateway.
on() {
	local who=$1
	shift
	if [ "$who" = gw ]; then
		"$@"
	else
		nsrun "/run/netns/$NSP$who" "$@"
	fi
}

# background NAME COMMAND...: a server of the tools, which prints its pid.
background() {
	local pid
	pid=$(on "$@") || bail "$* did not start"
	echo "$pid" >>"$WORK/pids"
	echo "$pid"
}

# spawn NAME COMMAND...: in the background until the end; its pid is in $!.
spawn() {
	local who=$1
	shift
	# a simple command: its process is the program itself, not a shell's
	if [ "$who" = gw ]; then "$@" & else nsrun "/run/netns/$NSP$who" "$@" & fi
	echo $! >>"$WORK/pids"
}

# ns_setup NAME: what ip shall do there, from standard input.
ns_setup() {
	{
		echo 'link set lo up'
		cat
	} | ip -n "$NSP$1" -batch - || bail "cannot set up $1"
}

# device_up N [DEV]: the addresses and routes of device N, on its link or another one.
device_up() {
	local n=$1 dev=${2:-eth0}
	{
		cat <<-EOF
			link set $dev addrgenmode none
			link set $dev up
			address add 10.64.0.1$n/32 dev $dev
			address add fd64::1$n/128 dev $dev nodad
			address add fe80::1$n/64 dev $dev nodad
			route add 192.0.2.1/32 dev $dev scope link src 10.64.0.1$n
			route add default via 192.0.2.1 dev $dev src 10.64.0.1$n
			route add default via fe80::1 dev $dev src fd64::1$n
		EOF
		[ "$n" = 8 ] || cat <<-EOF
			neigh replace 192.0.2.1 lladdr 02:00:00:00:01:0$n dev $dev nud permanent
			neigh replace fe80::1 lladdr 02:00:00:00:01:0$n dev $dev nud permanent
		EOF
	} | ns_setup "d$n"
}

server_up() {
	local n=${HOST[$1]}
	ns_setup "$1" <<-EOF
		link set eth0 addrgenmode none up
		address add 10.20.0.$n/24 dev eth0
		address add fd20::$n/64 dev eth0 nodad
		route add default via 10.20.0.1
		route add default via fd20::1
		neigh replace 10.20.0.1 lladdr 02:00:00:00:04:01 dev eth0 nud permanent
		neigh replace fd20::1 lladdr 02:00:00:00:04:01 dev eth0 nud permanent
	EOF
}

links_up() {
	local n s q='numtxqueues 1 numrxqueues 1'
	for n in "${DEVICES[@]#d}"; do
		[ "$n" = 8 ] && continue
		echo "link add wwan$((n - 1)) address 02:00:00:00:01:0$n $q type veth" \
			"peer name eth0 address 02:00:00:00:02:0$n netns ${NSP}d$n $q"
	done
	echo "link add net0 address 02:00:00:00:04:01 $q type veth" \
		"peer name up0 netns ${NSP}wan $q"
	for s in "${SERVERS[@]}"; do
		echo "link add $s netns ${NSP}wan $q type veth peer name eth0" \
			"address 02:00:00:00:03:$(printf %02x "${HOST[$s]}") netns $NSP$s $q"
	done
}

wan_up() {
	local s
	{
		echo 'link add br0 type bridge mcast_snooping 0 forward_delay 0'
		for s in up0 "${SERVERS[@]}"; do
			echo "link set $s master br0 addrgenmode none up"
		done
		echo 'link set br0 addrgenmode none up'
	} | ns_setup wan
}

# The gateway's end of a device's link, or DEV, and who is there, for good.
gateway_link() {
	local n=$1 dev=${2:-wwan$(($1 - 1))}
	cat <<-EOF
		link set $dev addrgenmode none up
		address add 192.0.2.1/32 dev $dev
		address add fd63::1/128 dev $dev nodad
		address add fe80::1/64 dev $dev nodad
		route add 10.64.0.1$n/32 dev $dev src 192.0.2.1
		route add fd64::1$n/128 dev $dev src fd63::1
	EOF
	[ "$n" = 8 ] || cat <<-EOF
		neigh replace 10.64.0.1$n lladdr 02:00:00:00:02:0$n dev $dev nud permanent
		neigh replace fd64::1$n lladdr 02:00:00:00:02:0$n dev $dev nud permanent
	EOF
}

gateway_sysctls() {
	local f
	for f in all default; do
		echo 0 >/proc/sys/net/ipv6/conf/$f/accept_dad
		echo 0 >/proc/sys/net/ipv6/conf/$f/accept_ra
		echo 0 >/proc/sys/net/ipv4/conf/$f/rp_filter
		echo 0 >/proc/sys/net/ipv4/conf/$f/send_redirects
	done
	# A test may well cause more errors in a second than a host should send.
	echo 0 >/proc/sys/net/ipv4/icmp_ratelimit
	echo 0 >/proc/sys/net/ipv6/icmp/ratelimit
	echo 1 >/proc/sys/net/ipv4/ip_forward
	echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
}

gateway_up() {
	local n s addr
	{
		cat <<-EOF
			link set lo up
			link set net0 addrgenmode none up
			address add 10.20.0.1/24 dev net0
			address add fd20::1/64 dev net0 nodad
			address add fe80::2/64 dev net0 nodad
		EOF
		for n in "${DEVICES[@]#d}"; do
			gateway_link "$n"
		done
		for s in "${SERVERS[@]}"; do
			n=${HOST[$s]}
			for addr in "10.20.0.$n" "fd20::$n"; do
				echo "neigh replace $addr lladdr" \
					"02:00:00:00:03:$(printf %02x "$n") dev net0 nud permanent"
			done
		done
	} | ip -batch - || bail 'cannot set up the gateway'
}

# The operator's own ruleset: a flowtable and masquerading.
nft_up() {
	local devices='net0' n
	for n in "${DEVICES[@]#d}"; do
		[ "$n" = 8 ] || devices+=", wwan$((n - 1))"
	done
	nft -f - <<-EOF || bail 'nft refuses the ruleset'
		table inet gateway {
			flowtable ft {
				hook ingress priority 0
				devices = { $devices }
			}
			chain forward {
				type filter hook forward priority filter
				meta l4proto { tcp, udp } ct state established flow add @ft
			}
			chain nat {
				type nat hook postrouting priority srcnat
				oifname net0 ip saddr 10.64.0.0/16 ip daddr != 10.64.0.0/16 masquerade
				oifname net0 ip6 saddr fd64::/48 ip6 daddr != fd64::/48 masquerade
			}
		}
	EOF
}

# topology_up [NAME...]: all of it, or these devices and servers only. In an
# emulated guest a namespace takes the better part of a second.
topology_up() {
	local who
	if [ $# -gt 0 ]; then
		DEVICES=()
		SERVERS=()
	fi
	for who; do
		case $who in
		d?) DEVICES+=("$who") ;;
		*) SERVERS+=("$who") ;;
		esac
	done
	mkdir -p /run/netns
	[ -e /dev/net/tun ] || modprobe -q tun
	gateway_sysctls
	for who in wan "${DEVICES[@]}" "${SERVERS[@]}"; do
		echo "netns add $NSP$who"
	done | ip -batch - || bail 'cannot make namespaces'
	nsrun -q /proc/self/ns/net /run/netns/"$NSP"* || bail 'cannot silence interfaces'
	links_up | ip -batch - || bail 'cannot make links'
	nsrun -c eth0 /run/netns/"$NSP"* || bail 'cannot turn offloads off'
	if [[ " ${DEVICES[*]} " = *' d8 '* ]]; then
		tunlink wwan7 "/run/netns/${NSP}d8" eth0 >>"$WORK/pids" || bail 'no TUN link'
	fi
	gateway_up &
	wan_up &
	for who in "${SERVERS[@]}"; do
		server_up "$who" &
	done
	for who in "${DEVICES[@]#d}"; do
		device_up "$who" &
	done
	wait_all || bail 'no topology'
	nft_up
}

# Wait for every job in the background but those that stay; fail if one did.
wait_all() {
	local job status=0
	for job in $(jobs -p); do
		grep -qsx "$job" "$WORK/pids" || wait "$job" || status=1
	done
	return "$status"
}

# The clean-up ends what this script has started, by pid, and nothing else.
cleanup() {
	local who pid
	trap - EXIT
	disown -a	# no news of those that are killed here
	if [ -e "$WORK/pids" ]; then
		while read -r pid; do
			kill "$pid"
		done <"$WORK/pids" 2>/dev/null
	fi
	simseg_down
	for who in /run/netns/"$NSP"*; do
		[ -e "$who" ] || continue
		for pid in $(ip netns pids "${who##*/}"); do
			kill -9 "$pid"
		done 2>/dev/null
		echo "netns del ${who##*/}"
	done | ip -batch -
	nft delete table inet gateway 2>/dev/null
	{
		for who in {0..7}; do
			echo "link del wwan$who"
		done
		echo 'link del net0'
	} | ip -force -batch - 2>/dev/null
	rm -rf "$WORK"
}

on_exit() {
	local status=$?
	[ "$status" = 0 ] || note "exit status $status"
	cleanup
	exit "$status"
}
trap on_exit EXIT
trap 'exit 130' INT TERM

# ---- probes ---------------------------------------------------------------

addr4() { case $1 in d?) echo "10.64.0.${HOST[$1]}" ;; *) echo "10.20.0.${HOST[$1]}" ;; esac }
addr6() { case $1 in d?) echo "fd64::${HOST[$1]}" ;; *) echo "fd20::${HOST[$1]}" ;; esac }

# targets PROTO/PORT NAME...: both addresses of each, as probe wants them.
targets() {
	local what=$1 name
	shift
	for name; do
		printf '%s\n' "${what%%/*}/$(addr4 "$name")/${what#*/}" \
			"${what%%/*}/$(addr6 "$name")/${what#*/}"
	done
}

# reach WHO TARGET...: every target is open.
reach() {
	local who=$1 out
	shift
	out=$(on "$who" probe try -t "${REACH_MS:-2500}" "$@")
	echo "$out"
	[ -n "$out" ] && ! grep -qv ' open$' <<<"$out"
}

# silent WHO TARGET...: nothing at all came back from any target.
silent() {
	local who=$1 out
	shift
	out=$(on "$who" probe try -t "${SILENT_MS:-900}" "$@")
	echo "$out"
	[ -n "$out" ] && ! grep -qv ' silent$' <<<"$out"
}

# with_source HOW WHO SOURCE TARGET...: reach or silent, from a source that is
# not WHO's own.
with_source() {
	local how=$1 who=$2 source=$3/32 status nodad=
	shift 3
	case $source in
	*:*) source=${source%/32}/128 nodad=nodad ;;
	esac
	# shellcheck disable=SC2086 # one word or none
	on "$who" ip address add "$source" dev eth0 $nodad || return
	"$how" "$who" -s "${source%/*}" "$@"
	status=$?
	on "$who" ip address del "$source" dev eth0
	return "$status"
}

# shellcheck source=tests/netns/seg.sh
. "$TOP/tests/netns/seg.sh"
