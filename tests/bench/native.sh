#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What tests/bench/native has a User-Mode Linux kernel do: plain forwarding, nftables and
# simseg's floor, side by side in one kernel and in turn, so that what else the machine
# does meets all of them. One line for each, with the median of all rounds.
#
# Its settings are in build/native.settings: SIZES, ROUNDS, and PACKETS, how many are
# sent in a round at least.

set -u

TOP=${SIMSEG_TOP:?}
SIZES=
ROUNDS=
PACKETS=
# shellcheck source=/dev/null
. "$TOP/build/native.settings"
# shellcheck source=tests/bench/world.sh
. "$TOP/tests/bench/world.sh"
# shellcheck source=tests/bench/peers.sh
. "$TOP/tests/bench/peers.sh"
# shellcheck source=tests/bench/simseg.sh
. "$TOP/tests/bench/simseg.sh"

worlds=(forward nft simseg)
declare -A sum

# turn WORK OPTION...: a round of each world, with what is sent.
turn() {
	local work=$1
	shift
	for world in "${worlds[@]}"; do sum[$world/$work]+=$(out "$@")$'\n'; done
}

# The median of the rounds' costs, and how many arrived and were sent in all of them.
median() {
	sort -n <<<"${sum[$1]}" | awk 'NF { cost[++k] = $1; arrived += $2; sent += $3 }
		END { print cost[int((k + 1) / 2)], arrived, sent }'
}

# show all|none WORLD WORK
show() {
	local name=$2/$3
	if [ "$2" = simseg ]; then name=$name/floor; fi
	# shellcheck disable=SC2046 # three words
	result "$1" "$name" $(median "$2/$3")
}

in_worlds() {
	for world in "${worlds[@]}"; do "$@"; done
}

native() {
	local i
	n=$1 sum=()
	world=forward
	world_up
	world=nft
	world_up
	nft_load
	world=simseg
	simseg_up floor
	in_worlds out -c "$n" >/dev/null
	in_worlds back -c "$n" >/dev/null
	for ((i = 0; i < ROUNDS; i++)); do
		turn established -c "$(packets)"
		turn new -f -s $((20000 + i * 2000)) -c "$PACKETS"
		turn deny-unlisted -o $((56 * 65536)) -c "$PACKETS"
		turn deny-rule -p $((DPORT + 1)) -c "$PACKETS"
	done
	for world in "${worlds[@]}"; do
		show all "$world" established
		show all "$world" new
		[ "$world" != forward ] || continue
		show none "$world" deny-unlisted
		show none "$world" deny-rule
	done
	in_worlds world_down
}

prepare 4000000
for size in $SIZES; do native "$size"; done
simseg_unload || failed=1
exit $failed
