# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Files of many devices; bulk_test.sh and scale_test.sh read this file.

# devices N FAMILY [FIRST]: a CSV file of N devices with an address each.
devices() {
	awk -v n="$1" -v family="$2" -v first="${3:-0}" '
	function luhn(text,   i, sum, digit) {
		for (i = length(text); i > 0; i--) {
			digit = substr(text, i, 1) * ((length(text) - i) % 2 ? 1 : 2)
			sum += digit > 9 ? digit - 9 : digit
		}
		return (10 - sum % 10) % 10
	}
	BEGIN {
		print "iccid,policy,addr,asset"
		for (i = first; i < first + n; i++) {
			iccid = sprintf("898822800%09d", i)
			addr = sprintf("fd64::%x:%x", int(i / 65536), i % 65536)
			if (family == 4)
				addr = sprintf("10.%d.%d.%d", 64 + int(i / 65536), int(i / 256) % 256, i % 256)
			printf "%s%d,meter,%s,asset-%d\n", iccid, luhn(iccid), addr, i
		}
	}'
}

# The policy that all of them have, in pools that have room for them.
bulk_rules() {
	printf 'version: 1\npools: [10.64.0.0/10, "fd64::/48"]\npeers: { feed: [] }\n'
	printf 'policies:\n  meter: { out: [ { label: any, to: any } ] }\n'
}

count() { status devices; }
