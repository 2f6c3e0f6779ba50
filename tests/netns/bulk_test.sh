#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml
# takes: 75
#
# Devices by the thousand: loaded from CSV in one step or not at all, dumped as
# the same bytes, over IPv4 and IPv6 alike.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/bulk.sh
. "$TOP/tests/netns/bulk.sh"

N=10000

dump() { seg device dump; }

# loaded FILE [--dry-run]: "added changed unchanged"
loaded() { seg -j device load "$@" | jq -r '"\(.receipt.added) \(.receipt.devices) \(.unchanged)"'; }

# refused SENTENCE PATTERN FILE: with that complaint, and nothing has changed.
refused() {
	local before out
	before=$(fingerprint)
	if out=$(seg device load "$3" 2>&1); then
		not_ok "$1"
	elif ! grep -qE "$2" <<<"$out"; then
		not_ok "$1"
		note "$out"
	else
		check_eq "$1" "$(fingerprint)" "$before"
	fi
}

test_round_trip() {
	local generation
	generation=$(status generation)
	devices $N 4 >"$WORK/four.csv"
	devices $N 6 $N >"$WORK/six.csv"
	check_eq 'a dry run adds them' "$(loaded "$WORK/four.csv" --dry-run)" "$N 0 0"
	check_eq 'and nothing is there' "$(count)" 0
	check_eq 'IPv4: all are added' "$(loaded "$WORK/four.csv")" "$N 0 0"
	check_eq 'IPv6: all are added, from a pipe as well' \
		"$(loaded - <"$WORK/six.csv")" "$N 0 0"
	check_eq 'both are there' "$(count)" $((2 * N))
	check_eq 'a dry run finds nothing to change' "$(loaded "$WORK/four.csv" --dry-run)" "0 0 $N"
	check_eq 'a second time nothing changes' "$(loaded "$WORK/four.csv")" "0 0 $N"
	check_eq 'the generation is the same' "$(status generation)" "$generation"
	check 'a dump' seg device dump "$WORK/first.csv"
	check_eq 'has a line for each' "$(wc -l <"$WORK/first.csv")" $((2 * N + 1))
	check 'a flush takes all away' seg flush
	check_eq 'at once' "$(count)" 0
	check 'the rules are back' seg apply "$WORK/rules.yaml"
	check_eq 'the dump, its rows upside down' "$(loaded - < <(head -n 1 "$WORK/first.csv"
		tail -n +2 "$WORK/first.csv" | tac))" "$((2 * N)) 0 0"
	check 'gives the same bytes' cmp "$WORK/first.csv" <(dump)
}

# A few devices, with all that a row can say.
test_meaning() {
	local i1=8988229000000000011 i2=8988229000000000029 i3=8988229000000000037
	cat >"$WORK/one.csv" <<-END
		asset,iccid,dev,addr,policy
		"a ""b"", c",$i1,wwan0,10.100.0.1 fd64:0:0:1::/64,meter
		,$i2,,10.100.0.2@wwan1 10.100.0.3,meter
		,$i3,,,
	END
	cat >"$WORK/want.csv" <<-END
		iccid,policy,addr,dev,asset
		$i1,meter,10.100.0.1 fd64:0:0:1::/64,wwan0,"a ""b"", c"
		$i2,meter,10.100.0.2@wwan1 10.100.0.3,,
		$i3,,,,
	END
	check_eq 'columns in any order, quotes, several addresses' "$(loaded "$WORK/one.csv")" '3 0 0'
	check_eq 'dumped in the order of their own' "$(dump | grep -E "^iccid|^8988229")" \
		"$(cat "$WORK/want.csv")"
	printf 'iccid,policy,addr\n%s,meter,10.100.0.1\n%s,meter,fd64:0:0:1::/64\n' $i3 $i2 \
		>"$WORK/moved.csv"
	check_eq 'addresses that another one had' "$(loaded "$WORK/moved.csv")" '0 2 0'
	check_eq 'have gone over' "$(seg -j device show $i1 | jq '.bindings | length')" 0
	check 'who it is for is said when it has no policy' \
		grep -q "no policy 'none'" <(printf 'iccid,policy\n%s,none\n' $i3 |
			seg device load - 2>&1)
}

test_refused() {
	local i1=8988229000000000011 i2=8988229000000000029
	seg device dump "$WORK/before.csv"
	# each of them after thousands of good rows, and before as many
	head -n 5001 "$WORK/four.csv" >"$WORK/head"
	tail -n +5002 "$WORK/four.csv" >"$WORK/tail"
	bad() { cat "$WORK/head" - "$WORK/tail" >"$WORK/bad.csv"; }
	bad <<<"$i1,meter,10.300.0.1,x"
	refused 'a bad address in the middle' "bad.csv:5002:27: error: bad address" "$WORK/bad.csv"
	check 'shows it with a caret' grep -qE '^ +\^$' <(seg device load "$WORK/bad.csv" 2>&1)
	bad <<<"8988228000000000012,meter,10.101.0.1,x"
	refused 'an ICCID twice' "5002:1: error: duplicate ICCID '8988228000000000012', first in line 3" \
		"$WORK/bad.csv"
	bad <<<"$i1,meter,10.64.0.1,x"
	refused 'an address twice' '5002:27: error: duplicate address 10.64.0.1, first in line 3' \
		"$WORK/bad.csv"
	bad <<<"$i1,meter,10.101.0.1,\"x"
	refused 'a quote that is not closed' '5002:1: error: .* a quote may not be closed' "$WORK/bad.csv"
	# what only the kernel knows
	bad <<<"$i1,meter,10.1.2.3,x"
	refused 'an address outside the pools' "$i1: its address lies outside every pool" \
		"$WORK/bad.csv"
	check 'a device is cut off' seg quarantine 8988228000000000012 --reason test
	bad <<<"$i1,meter,10.101.0.1,x"
	sed -i '3d' "$WORK/bad.csv"
	sed -i "s/^$i1,.*/$i1,meter,10.64.0.1,x/" "$WORK/bad.csv"
	refused 'an address of a quarantined device' "$i1: a quarantined one has its address" \
		"$WORK/bad.csv"
	check_not 'a dry run is refused for the same' seg device load --dry-run "$WORK/bad.csv"
	check 'where the kernel cannot be asked, the file alone is checked' \
		seg --netns none device load --dry-run "$WORK/bad.csv"
	check 'and through all of that nothing has changed' cmp "$WORK/before.csv" <(dump)
}

# In a shell of its own, whose news of that is not ours.
killed_after() {
	(timeout -s KILL "$1" "$SEGCTL" device load "$WORK/more.csv" || true) >/dev/null 2>&1
}

# As many as a set can have, which no socket's buffer holds by itself.
test_peers() {
	local n=60000
	seq $n | awk '{ printf "192.%d.%d.%d\n", $1 / 65536, $1 / 256 % 256, $1 % 256 }' \
		>"$WORK/peers"
	check 'many peers are added in one step' seg peer add feed - <"$WORK/peers"
	check_eq 'all are there' "$(seg -j peer show feed | jq '.prefixes | length')" $n
	check_not 'one more that is not there: none goes' \
		seg peer del feed - < <(cat "$WORK/peers" <(echo 198.51.100.9))
	check_eq 'all are still there' "$(seg -j peer show feed | jq '.prefixes | length')" $n
	check 'all go' seg peer del feed - <"$WORK/peers"
	check_eq 'none is left' "$(seg -j peer show feed | jq '.prefixes | length')" 0
}

# A loader that dies on the way, by turns earlier and later.
test_killed() {
	local before delay done=0
	before=$(count)
	devices 20000 6 100000 >"$WORK/more.csv"
	for delay in 0.05 0.1 0.2 0.3 0.4; do
		killed_after "$delay"
		case $(count) in
		"$before") ;;
		$((before + 20000))) done=1 ;;
		*) not_ok "killed after $delay s: a part is there"; return ;;
		esac
	done
	ok 'a loader that is killed leaves all or nothing'
	check 'and no upload that is in the way' test $done = 1 -o \
		"$(loaded "$WORK/more.csv")" = '20000 0 0'
}

# Devices keep their addresses when a pool goes: what was dumped loads all the same.
test_pool_gone() {
	local n
	n=$(count)
	seg device dump "$WORK/gone.csv"
	sed 's|, "fd64::/48"||' "$WORK/rules.yaml" >"$WORK/less.yaml"
	check 'a pool goes' seg apply --open-pool fd64::/48 "$WORK/less.yaml"
	check_eq 'the devices of before load, and nothing changes' \
		"$(loaded "$WORK/gone.csv")" "0 0 $n"
	devices 1 6 400000 >"$WORK/more.csv"
	check_not 'another one has no address there' seg device load "$WORK/more.csv"
	check_eq 'nor is it there' "$(count)" "$n"
	check 'the pool is back' seg apply "$WORK/rules.yaml"
}

load || bail 'the module does not load'

bulk_rules >"$WORK/rules.yaml"
seg apply "$WORK/rules.yaml" >/dev/null || bail 'the rules do not apply'
test_round_trip
test_meaning
test_refused
test_peers
test_killed
test_pool_gone
finish
