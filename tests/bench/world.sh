# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The world that everybody is measured in, and how; guest.sh reads this file.
#
#     $world-dev                $world-gw                $world-app
#         d0 ------- veth ------- g0   g1 ------- veth ------- a1
#   10.64.0.0 + i           the filter judged            10.9.0.2
#   fd64:: + i                                           fd09::2
#
# Frames are written by an XDP program (source.bpf.c) and sent out of d0; they
# come to g0 as they would to a NIC's driver, go through what is measured, and are
# counted by another XDP program on a1. Links have one queue and no qdisc, all
# neighbours are known, nothing speaks by itself.
#
# Each case has a world of its own, where nothing is left of the one before. What is
# measured in turn has worlds that are there together.
#
# shellcheck disable=SC2034,SC2046 # for who reads this file; some words are several

BENCH=$TOP/build/tests/bench/bench
NSRUN=$TOP/build/tests/tools/nsrun
PINS=/sys/fs/bpf/bench
world=bench
MAC_D0=02:00:00:00:00:d0
MAC_G0=02:00:00:00:00:60
MAC_G1=02:00:00:00:00:61
MAC_A1=02:00:00:00:00:a1
DPORT=2404
failed=0

die() {
	echo "bench: $*" >&2
	exit 1
}

note() { printf '# %s\n' "$*"; }

gw() { "$NSRUN" "/run/netns/$world-gw" "$@"; }

world_links() {
	ip -batch - <<-EOF
		netns add $world-dev
		netns add $world-gw
		netns add $world-app
	EOF
	"$NSRUN" -q "/run/netns/$world"-{dev,gw,app}
	ip -batch - <<-EOF
		link add d0 netns $world-dev numrxqueues 1 numtxqueues 1 address $MAC_D0 type veth peer name g0 netns $world-gw numrxqueues 1 numtxqueues 1 address $MAC_G0
		link add g1 netns $world-gw numrxqueues 1 numtxqueues 1 address $MAC_G1 type veth peer name a1 netns $world-app numrxqueues 1 numtxqueues 1 address $MAC_A1
	EOF
	ip -n "$world-dev" link set d0 up
	ip -n "$world-app" link set a1 up
	# A veth takes frames as a driver would, in NAPI, where GRO is on.
	gw ethtool -K g0 gro on
	gw ethtool -K g1 gro on
}

# The clock leaps when there is nothing to do: sessions must not be too old then.
world_gateway() {
	# shellcheck disable=SC2016 # the inner shell's
	gw bash -c 'cd /proc/sys/net
		for f in ipv4/ip_forward ipv6/conf/all/forwarding; do echo 1 >$f; done
		for f in ipv6/conf/*/accept_dad; do echo 0 >"$f"; done
		for f in netfilter/nf_{conntrack,flowtable}_udp_timeout*; do echo 100000 >"$f"; done'
	ip -n "$world-gw" -batch - <<-EOF
		link set g0 up
		link set g1 up
		address add 10.8.0.1/24 dev g0
		address add 10.9.0.1/24 dev g1
		address add fd08::1/64 dev g0 nodad
		address add fd09::1/64 dev g1 nodad
		neighbour add 10.8.0.2 lladdr $MAC_D0 nud permanent dev g0
		neighbour add fd08::2 lladdr $MAC_D0 nud permanent dev g0
		neighbour add 10.9.0.2 lladdr $MAC_A1 nud permanent dev g1
		neighbour add fd09::2 lladdr $MAC_A1 nud permanent dev g1
		route add 10.64.0.0/10 via 10.8.0.2
		route add fd64::/48 via fd08::2
	EOF
}

world_up() {
	world_down
	mkdir -p $PINS
	world_links
	world_gateway
	"$BENCH" sink "$world-app" a1 "$PINS/$world-a1"
	"$BENCH" sink "$world-dev" d0 "$PINS/$world-d0"
}

world_down() {
	local ns
	for ns in "$world"-{dev,gw,app}; do
		[ ! -e "/run/netns/$ns" ] || ip netns delete "$ns"
	done
	# and simseg's record program with its ring, which outlive what made them
	rm -rf "$PINS/$world-a1" "$PINS/$world-d0" /sys/fs/bpf/simseg
}

# ---- the kernel ----------------------------------------------------------

# conntrack_room SESSIONS: as many, and a chain is no longer than by the kernel's own rule.
conntrack_room() {
	[ -d /sys/module/nf_conntrack ] || modprobe nf_conntrack
	echo $(($1 / 2)) >/sys/module/nf_conntrack/parameters/hashsize
	echo "$1" >/proc/sys/net/netfilter/nf_conntrack_max
}

# Names of protocols are looked up once for each element, through the host's files.
short_names() {
	printf 'udp 17 UDP\n' >/run/bench-protocols
	mount --bind /run/bench-protocols /etc/protocols
}

# As long as the kernel's random numbers are not ready each one costs far more than later,
# and each new session takes some. Nothing here has to be secret.
random_ready() {
	python3 -I -S -c '
import fcntl, struct
RNDADDENTROPY = 0x40085203
with open("/dev/random", "wb") as pool:
    fcntl.ioctl(pool, RNDADDENTROPY, struct.pack("ii64x", 512, 64))'
}

# prepare SESSIONS: what all cases need, once.
prepare() {
	random_ready
	conntrack_room "$1"
	printf 'kernel\t%s\n' "$(uname -r)"
}

# ---- packets --------------------------------------------------------------

# Of the case that is being measured: family and number of devices.
v=4
n=10

family() { if [ "$v" = 6 ]; then echo -6; fi; }

# out OPTION...: from the devices; back OPTION...: from the server.
out() { "$BENCH" send $(family) -n "$n" "$@" "$world-dev" d0 $MAC_D0 $MAC_G0 "$PINS/$world-a1"; }
back() { "$BENCH" send $(family) -n "$n" -r "$@" "$world-app" a1 $MAC_A1 $MAC_G1 "$PINS/$world-d0"; }

# Enough for a mean that repeats, and each device at least once.
packets() { echo $((n > PACKETS ? n : PACKETS)); }

size() {
	if [ $((n % 1000000)) = 0 ]; then echo $((n / 1000000))M
	elif [ $((n % 1000)) = 0 ]; then echo $((n / 1000))k
	else echo "$n"; fi
}

# result all|none NAME COST ARRIVED SENT: one line of the result, unless what should have
# arrived did not.
result() {
	local want=$5 name=$2
	if [ "$1" = none ]; then want=0; fi
	if [ "$v" = 6 ]; then name=$name/v6; fi
	name=$name/n=$(size)
	if [ "$4" != "$want" ]; then
		failed=1
		note "FAILED: $name: $4 of $5 arrived, not $want"
		return
	fi
	printf 'case\t%s\t%s\t%s\t%s\n' "$name" "$3" "$4" "$5"
}

# Each of these sends what warms the tables up and then what is measured; the name of
# the line is WHO/WORK[/VARIANT].

# Sessions that were answered; the second pass is the first that a flowtable may take.
established() {
	out -c "$n" >/dev/null
	back -c "$n" >/dev/null
	out -c "$n" >/dev/null
	result all "$1" $(out -c "$(packets)")
}

new() {
	out -f -s 10000 -c "$((PACKETS / 4))" >/dev/null
	result all "$1" $(out -f -s 20000 -c "$(packets)")
}

# From addresses that belong to no device.
unlisted() {
	out -o $((56 * 65536)) -c "$n" >/dev/null
	result none "$1" $(out -o $((56 * 65536)) -c "$(packets)")
}

# From devices, to a port that no rule allows.
ruleless() {
	out -p $((DPORT + 1)) -c "$n" >/dev/null
	result none "$1" $(out -p $((DPORT + 1)) -c "$(packets)")
}

# ---- who is in the tables -------------------------------------------------

# each FORMAT: printf with the address of each device.
each() {
	awk -v n="$n" -v v="$v" -v format="$1" 'BEGIN {
		for (i = 0; i < n; i++) {
			high = int(i / 65536)
			if (v == 4)
				address = sprintf("10.%d.%d.%d", 64 + high, int(i / 256) % 256, i % 256)
			else
				address = sprintf("fd64::%x:%x", high, i % 65536)
			printf format, address
		}
	}'
}
