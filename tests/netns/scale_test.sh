#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml-long
#
# A million devices: loaded, loaded again, dumped, loaded from the dump, listed,
# saved, compared, taken away; with what each step costs, and in how much memory: a
# process in User-Mode Linux ends by SIGSEGV where its pages, of which each may take
# a map of the host's, are more than vm.max_map_count allows there (65,530: 256 MB).
# PLAIN=1 tests/uml/e2e tests/netns/scale_test.sh runs it on a kernel without
# checkers, where these figures mean something.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/bulk.sh
. "$TOP/tests/netns/bulk.sh"

N=1000000

# Under the checkers each step takes many times as long: fewer of them then.
[ ! -e /sys/kernel/debug/kmemleak ] || N=50000

# Runs a command, and leaves what it used in a file.
MEASURE='
import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as out:
    print(f"{used.ru_utime:.2f} {used.ru_stime:.2f} {used.ru_maxrss}", file=out)
sys.exit(status)
'

# cost NAME COMMAND...: its processor time, the kernel's on its behalf included,
# and the most memory that it had; fails as the command does.
cost() {
	local name=$1 status=0 user system rss
	shift
	python3 -I -S -c "$MEASURE" "$WORK/time" "$@" >"$WORK/out" 2>&1 || status=$?
	read -r user system rss <"$WORK/time"
	note "$name: $user s user, $system s system, $rss KB"
	cat "$WORK/out"
	return "$status"
}

test_load() {
	local v=$1 what="IPv$1, $N devices"
	devices $N "$v" >"$WORK/in.csv"
	check "$what: loaded" cost "$what: load" "$SEGCTL" device load "$WORK/in.csv"
	cost_seen
	peak_at_most 64
	check_eq 'all are there' "$(count)" $N
	check 'loaded again' cost "$what: load again" "$SEGCTL" device load "$WORK/in.csv"
	cost_seen
	check 'nothing changes' grep -q " 0 added, 0 changed, $N unchanged" "$WORK/out"
	check 'dumped' cost "$what: dump" "$SEGCTL" device dump "$WORK/first.csv"
	cost_seen
	check 'taken away' cost "$what: flush" "$SEGCTL" flush
	cost_seen
	check_eq 'none is left' "$(count)" 0
	seg apply "$WORK/rules.yaml" >/dev/null
	shuf --random-source=<(yes) <(tail -n +2 "$WORK/first.csv") |
		cat <(head -n 1 "$WORK/first.csv") - >"$WORK/in.csv"
	check 'the dump, in no order' cost "$what: load, shuffled" \
		"$SEGCTL" device load "$WORK/in.csv"
	cost_seen
	seg device dump "$WORK/second.csv"
	check 'the second dump has the same bytes' cmp "$WORK/first.csv" "$WORK/second.csv"
	seg flush >/dev/null
	seg apply "$WORK/rules.yaml" >/dev/null
}
# peak_at_most MB: of the command that cost has run.
peak_at_most() {
	check "peak memory is at most $1 MB" test "$(cut -d ' ' -f 3 "$WORK/time")" -le $(($1 * 1024))
}
# What cost has noted went where check keeps what a command prints.
cost_seen() { grep '^# ' "$WORK/check"; }

# listed NAME MB LINES ARGUMENT...: what segctl prints for each device goes to a file.
listed() {
	local name=$1 most=$2 lines=$3
	shift 3
	# shellcheck disable=SC2016 # for that shell
	check "$name" cost "$name" sh -c 'exec "$@" >"$0"' "$WORK/list" "$SEGCTL" "$@"
	cost_seen
	peak_at_most "$most"
	check_eq 'lines' "$(wc -l <"$WORK/list")" "$lines"
	rm "$WORK/list"
}

test_lists() {
	listed 'device list' 160 $((N + 1)) device list
	listed 'device list, JSON' 160 $N -j device list
	check 'saved' cost 'save' "$SEGCTL" save "$WORK/state.yaml"
	cost_seen
	peak_at_most 192
	check 'compared with what was saved' cost 'diff' "$SEGCTL" diff "$WORK/state.yaml"
	cost_seen
	peak_at_most 128
	check 'nothing differs' grep -q '^unchanged: ' "$WORK/out"
	rm "$WORK/state.yaml"
}

# What looks through all of them for a few.
test_few() {
	check 'one by its asset id' cost 'device show' "$SEGCTL" device show "asset-$((N - 1))"
	cost_seen
	peak_at_most 32
	check 'near matches of one that is not there' \
		test "$(seg device show asset-x 2>&1 | grep -c '  asset-')" = 5
	check 'two of them quarantined' cost 'quarantine' "$SEGCTL" quarantine --reason x \
		"asset-$((N - 1))" asset-7
	cost_seen
	peak_at_most 32
}

test_yaml() {
	{
		bulk_rules
		echo 'devices:'
		devices $N 4 | awk -F, 'NR > 1 {
			printf "  - { iccid: \"%s\", policy: %s, addr: %s, asset: %s }\n", $1, $2, $3, $4
		}'
	} >"$WORK/in.yaml"
	check "YAML, $N devices: applied" cost 'YAML: apply' "$SEGCTL" apply "$WORK/in.yaml"
	cost_seen
	check_eq 'all are there' "$(count)" $N
	test_lists
	test_few
	{
		bulk_rules
		echo 'devices: []'
	} >"$WORK/none.yaml"
	check 'taken away by a file without them' cost 'YAML: apply none' \
		"$SEGCTL" apply "$WORK/none.yaml"
	cost_seen
	peak_at_most 128
	check_eq 'those in quarantine are named' "$(grep -c 'kept: .* asset-' "$WORK/out")" 2
	check_eq 'no other is left' "$(count)" 2
}

load || bail 'the module does not load'
bulk_rules >"$WORK/rules.yaml"
seg apply "$WORK/rules.yaml" >/dev/null || bail 'the rules do not apply'
for v in 4 6; do
	test_load "$v"
done
test_yaml
finish
