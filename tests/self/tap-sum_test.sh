#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# scripts/tap-sum decides whether everything passed: what it must not overlook.

set -u

sum=$(cd "$(dirname "$0")/../.." && pwd)/scripts/tap-sum
n=0
rc=0

# check NAME EXPECTED-LAST-LINE: sums up the document on stdin.
check() {
	local got
	n=$((n + 1))
	got=$("$sum" /dev/stdin | tail -n 1)
	if [ "$got" = "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1: '$got' instead of '$2'"
		rc=1
	fi
}

check 'plain results' '2 passed, 1 failed' <<'E'
1..3
ok 1 - a
not ok 2 - b
ok 3 - c
E
check 'a skipped test has failed' '1 passed, 1 failed' <<'E'
1..2
ok 1 - a
ok 2 - b # SKIP no such tool
E
check 'a planned result that never came' '1 passed, 1 failed' <<'E'
1..2
ok 1 - a
E
check 'a plan at the end' '1 passed, 0 failed' <<'E'
ok 1 - a
1..1
E
check 'no plan at all' '1 passed, 1 failed' <<<'ok 1 - a'
check 'no results' '0 passed, 1 failed' </dev/null
check 'only leaves count' '3 passed, 0 failed' <<'E'
KTAP version 1
1..1
    KTAP version 1
    1..2
    ok 1 one
        KTAP version 1
        ok 1 param-0
        ok 2 param-1
    ok 2 two
ok 1 suite
E
check 'a failed leaf counts once' '1 passed, 1 failed' <<'E'
1..1
    ok 1 one
    not ok 2 two
not ok 1 suite
E
check 'a failed parent of good leaves' '1 passed, 1 failed' <<'E'
1..1
    1..1
    ok 1 one
not ok 1 suite
E
check 'a short plan below' '1 passed, 1 failed' <<'E'
1..1
    1..2
    ok 1 one
ok 1 suite
E
check 'the writer bails out' '1 passed, 1 failed' <<'E'
1..1
ok 1 - a
Bail out! no network
E
n=$((n + 1))
if "$sum" /nonexistent >/dev/null 2>&1; then
	echo "not ok $n - a file that is not there"
	rc=1
else
	echo "ok $n - a file that is not there"
fi
echo "1..$n"
exit "$rc"
