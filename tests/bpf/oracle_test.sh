#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: 6.12
#
# Random packets for the XDP program and, after it, for the floor: what the one
# drops the other denies, for the same reason. Then the same packets for a gateway of the
# floor alone and for one whose XDP sends on what it may: the same bytes leave by the
# same links, for the same reasons. tests/oracle makes the packets;
# tests/oracle/differential judges the floor itself.
#
# Environment: SIMSEG_TOP, SIMSEG_KO; SCRIPT: other packets (generate.py --script).

set -u

TOP=${SIMSEG_TOP:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
BIN=$TOP/build/tests/oracle
SCRIPT=${SCRIPT:-$BIN/xdp.run}
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# There is no gateway with connection tracking here; its settings are written all the same.
for m in tun nf_tables nft_log nfnetlink_log nf_conntrack; do modprobe -q "$m"; done
loaded=
if ! [ -d /sys/module/simseg ]; then
	insmod "$SIMSEG_KO" || exit 1
	loaded=1
fi
mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# Fragments of IPv6 have another number each time.
answers() {
	"$BIN/inject" "$1" "$SCRIPT" | awk -F'\t' -vOFS='\t' '$3 ~ /,/ { $5 = "-" } { print }'
	return "${PIPESTATUS[0]}"
}

# What XDP sends on has to be a good part of what leaves.
compare() {
	local sent left
	answers -a >"$dir/floor" && answers -f >"$dir/all" || return 1
	grep -v ^forwarded "$dir/all" >"$dir/forward"
	sent=$(awk '$1 == "forwarded" { print $2 }' "$dir/all")
	left=$(awk -F'\t' '$1 == "packet" && $3 != "-" { n++ } END { print n }' "$dir/floor")
	diff "$dir/floor" "$dir/forward" >"$dir/diff" ||
		awk '/^[<>]/ && ++n <= 30 { print "# " $0 }' "$dir/diff"
	echo "# of $left packets that left XDP has sent on $sent"
	[ ! -s "$dir/diff" ] && [ "$sent" -gt $((left / 100)) ]
}

rc=0
echo "TAP version 13"
"$BIN/inject" -x "$SCRIPT" || rc=1
what="2 - oracle: where XDP sends packets on, the same leaves, for the same reasons"
if compare; then
	echo "ok $what"
else
	echo "not ok $what"
	rc=1
fi
echo 1..2
# The namespace goes away a moment after the process.
if [ -n "$loaded" ]; then
	for _ in {1..100}; do
		rmmod simseg 2>/dev/null && break
		sleep 0.1
	done
fi
exit "$rc"
