#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What tests/bench/run has the guest do: every case of the benchmark, one line each.
# simseg comes last: before it is loaded it can cost nobody anything.
#
# usage: SIMSEG_TOP=... SIMSEG_KO=... SEGCTL=... guest.sh
#        (tests/vm/guest sets these, and runs it)
#
# Its settings are in build/bench.settings: PLAN, lines "FAMILY DEVICES WHO...", and
# PACKETS, how many are measured at least.

set -u

TOP=${SIMSEG_TOP:?}
PLAN=
PACKETS=
# shellcheck source=/dev/null
. "$TOP/build/bench.settings"
# shellcheck source=tests/bench/world.sh
. "$TOP/tests/bench/world.sh"
# shellcheck source=tests/bench/peers.sh
. "$TOP/tests/bench/peers.sh"
# shellcheck source=tests/bench/simseg.sh
. "$TOP/tests/bench/simseg.sh"

# Room for every session of a case, in a table as long.
conntrack_room() {
	modprobe nf_conntrack
	echo 262144 >/sys/module/nf_conntrack/parameters/hashsize
	echo 1000000 >/proc/sys/net/netfilter/nf_conntrack_max
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

plan() {
	local whole start
	while read -r v n whole; do
		for who in $whole; do
			start=$SECONDS
			"bench_${who//-/_}"
			echo "# took $who IPv$v n=$n: $((SECONDS - start)) s of the guest" >&2
		done
	done
}

random_ready
conntrack_room
short_names
printf 'kernel\t%s\n' "$(uname -r)"
plan <<<"$PLAN"
world_down
simseg_unload || failed=1
exit $failed
