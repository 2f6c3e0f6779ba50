#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: 6.12
#
# The XDP program by packet tables, programs that must not load, and libseg's
# pins and records. Runs in a network namespace of its own:
#
#	sim0, sim1	devices		net0	the rest
#	trunk0		VLAN 10		raw0	bare IP (TUN)
#	hide0		VLAN 10, of which the driver says that it takes the tags
#
# Environment: SIMSEG_TOP, SIMSEG_KO, SIMSEG_XDP (0: this kernel has no kfuncs).

set -u

TOP=${SIMSEG_TOP:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
BIN=$TOP/build/tests/bpf
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

if [ -z "${SIMSEG_INSIDE-}" ]; then
	for m in tun veth 8021q nf_tables nft_chain_nat; do modprobe -q "$m"; done
	loaded=
	if ! [ -d /sys/module/simseg ]; then
		insmod "$SIMSEG_KO" || exit 1
		loaded=1
	fi
	mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
	SIMSEG_INSIDE=1 unshare -n bash "${BASH_SOURCE[0]}"
	rc=$?
	# The namespace and the last program go away a moment after the process.
	if [ -n "$loaded" ]; then
		for _ in {1..100}; do
			rmmod simseg 2>/dev/null && break
			sleep 0.1
		done
	fi
	exit "$rc"
fi

links() {
	local i
	ip link set lo up
	# No packets but those of the tests.
	sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	for i in sim0 sim1 net0 trunk0 hide0; do
		ip link add "$i" numrxqueues 1 numtxqueues 1 type veth \
			peer name "$i-p" numrxqueues 1 numtxqueues 1
		ip link set "$i-p" up
		ip link set "$i" up
	done
	for i in trunk0 hide0; do
		ip link add link "$i" name "$i.10" type vlan id 10
		ip link set "$i.10" up
	done
	ethtool -K trunk0 rxvlan off
	ip tuntap add dev raw0 mode tun
	ip link set raw0 up
	ip addr add 10.64.0.1/32 dev lo
	ip addr add fd64::1/128 dev lo
	ip addr add 10.20.0.1/24 dev net0
	ip route add 10.64.0.12/32 dev sim1
	ip neigh add 10.64.0.12 lladdr 02:00:00:00:00:12 dev sim1
}

nat() {
	local family
	for family in ip ip6; do
		nft add table "$family" simseg-test
		nft add chain "$family" simseg-test c \
			'{ type nat hook postrouting priority 100; }'
	done
}

n=0
rc=0
# run NAME COMMAND...: a subtest
run() {
	local what=$1
	shift
	n=$((n + 1))
	echo "# Subtest: $what"
	if "$@" 2>&1 | sed -u 's/^/    /'; [ "${PIPESTATUS[0]}" = 0 ]; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		rc=1
	fi
}

echo "KTAP version 1"
links
if [ "${SIMSEG_XDP:-1}" = 1 ]; then
	run "programs that must not load" "$BIN/load_test"
	run "packet table" "$BIN/xdp_table_test"
	run "pins and records" "$BIN/pins_test"
	nat
	run "packet table, with NAT" "$BIN/xdp_table_test" nat
else
	run "pins and records, floor only" "$BIN/pins_test" floor
fi
echo "1..$n"
exit "$rc"
