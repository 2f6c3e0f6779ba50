#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: 6.12
#
# Random packets for the XDP program and, after it, for the floor: what the one
# drops the other denies, for the same reason. tests/oracle makes the packets;
# tests/oracle/differential judges the floor itself.
#
# Environment: SIMSEG_TOP, SIMSEG_KO.

set -u

TOP=${SIMSEG_TOP:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
BIN=$TOP/build/tests/oracle
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# There is no gateway with connection tracking here; its settings are written all the same.
for m in tun nf_tables nft_log nfnetlink_log nf_conntrack; do modprobe -q "$m"; done
loaded=
if ! [ -d /sys/module/simseg ]; then
	insmod "$SIMSEG_KO" || exit 1
	loaded=1
fi
"$BIN/inject" -x "$BIN/xdp.run"
rc=$?
# The namespace goes away a moment after the process.
if [ -n "$loaded" ]; then
	for _ in {1..100}; do
		rmmod simseg 2>/dev/null && break
		sleep 0.1
	done
fi
exit "$rc"
