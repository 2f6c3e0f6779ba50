#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml
#
# The state that outlives a module: saved, restored into an empty one, and saved
# again it is the same; what was cut off comes back cut off; deadlines go on by the
# clock that is right. And peers that go by themselves, or all at once.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/numbers.sh
. "$TOP/tests/netns/numbers.sh"

POLICY_OF=([d1]=meter [d2]=meter)
policies() {
	cat <<-EOF
		  meter:
		    observe: false
		    out:
		      - { label: data, proto: udp, port: 5000-5009, to: masters }
		      - { label: guests, proto: udp, port: 6000-6009, to: guests }
		    in:
		      - { label: poll, proto: tcp, port: 2404, from: masters }
		  watched: { observe: true }
	EOF
}

# ---- peers ---------------------------------------------------------------------

test_peer_deadline() {
	local v
	stream d1 4 6000
	stream d1 6 6001
	check 'no guest yet: nothing passes' stopped 6000
	check 'guests for a while' seg peer add guests 10.20.0.5 fd20::5 --for 8s
	for v in 0 1; do
		check "600$v passes" wait_for 5 flows "600$v" 5
	done
	check 'it is shown how long' grep -q 'for [0-9]*s more' <(seg peer show guests)
	check 'they go by themselves' wait_for 10 no_guests
	for v in 0 1; do
		check "600$v is cut" stopped "600$v"
	done
	seg peer add guests 10.20.0.5 --for 1s >/dev/null
	check 'one that is added for good stays' seg peer add guests 10.20.0.5
	check 'beyond its former time' hold_for 3 has_guests 1
	check 'and may be given a time again' seg peer add guests 10.20.0.5 --for 1s
	check 'after which it goes' wait_for 4 no_guests
}
has_guests() { [ "$(seg -j peer show guests | jq '.prefixes | length')" = "$1" ]; }
no_guests() { has_guests 0; }

test_peer_replace() {
	check 'many at once, from a feed' feed 2000
	check_eq 'they are all there' "$(seg -j peer show guests | jq '.prefixes | length')" 2000
	check 'replaced in one step' seg peer replace guests 10.20.0.5 fd20::5
	check_eq 'only these are there' "$(seg -j peer show guests | jq -c .prefixes)" \
		'["10.20.0.5","fd20::5"]'
	check 'what they allow passes' wait_for 5 flows 6000 "$(arrived 6000)"
	check 'replaced by nothing' seg peer replace guests
	check 'what they allowed is cut' stopped 6000
	check_code 'no such set' 4 seg peer replace nobody 10.20.0.5
}
feed() { awk -v n="$1" 'BEGIN { for (; n > 0; n--) print "10.30." int(n / 250) "." n % 250 }' | seg peer replace guests -; }
check_code() {
	local what=$1 want=$2 code=0
	shift 2
	"$@" >/dev/null 2>&1 || code=$?
	check_eq "$what" "$code" "$want"
}

# ---- saved and restored -----------------------------------------------------------

# What changes with the time of day, and nothing else, is left out.
timeless() { sed -E '/^saved:/d; s/(^ *|, )(for: [0-9]+s|until: "[^"]*")//g' "$1"; }

reload() {
	unload && load
}

# Something of each kind.
prepare() {
	seg bind "${ICCID[d1]}" 10.64.7.7 dev 'wwan*' &&
		seg device add 8988228000000000079 policy watched asset 'a "b" \ c' &&
		seg quarantine "${ICCID[d2]}" --reason 'it said "no"' --allow 10.20.0.9 &&
		seg --actor 'somebody else' quarantine 8988228000000000061 --unknown &&
		seg peer add guests 10.20.0.9 --for 1h &&
		seg peer add guests 10.20.0.8 &&
		seg grant "${ICCID[d1]}" out tcp/22 peer 10.20.0.5 --for 1h --actor vendor \
			--ticket 'CHG "7"' --reason 'firmware' --iif 'wwan*'
}

test_restore() {
	check 'something of each kind' prepare
	check 'saved' seg save "$WORK/state.yaml"
	check 'only its owner reads it' test "$(stat -c %a "$WORK/state.yaml")" = 600
	check_code 'apply does not take it' 1 seg apply "$WORK/state.yaml"
	check 'an empty module' reload
	check_eq 'it is empty' "$(status devices)" 0
	{ mount -t tmpfs tmpfs /var/lib && mkdir -m 700 /var/lib/simseg; } || bail 'no directory for the state'
	check 'restored' seg restore "$WORK/state.yaml"
	check 'saved once more' seg save "$WORK/again.yaml"
	check 'it is the same' diff <(timeless "$WORK/state.yaml") <(timeless "$WORK/again.yaml")
	check 'and that is what is kept for the next boot' \
		diff <(timeless /var/lib/simseg/state.yaml) <(timeless "$WORK/again.yaml")
	umount /var/lib
	check_eq 'by its hash' "$(status quarantined)" 2
	check 'the cut device is cut' stopped 5002
	check 'the other is not' wait_for 5 flows 5000 "$(arrived 5000)"
	check 'a peer with a deadline still has it' \
		test "$(seg -j peer show guests | jq '.left_ns["10.20.0.9"]')" -gt 3000000000000
	check_eq 'a grant as well' "$(seg -j grant list | jq -r '.[] | .actor + " " + .ticket')" \
		'vendor CHG "7"'
	check 'restored once more' seg restore "$WORK/again.yaml"
	check_eq 'a grant is not made twice' "$(seg -j grant list | jq length)" 1
	check 'released as before' seg release "${ICCID[d2]}" --reason 'test'
	check 'and it talks again' wait_for 5 flows 5002 "$(arrived 5002)"
}

# What was left by the clock on the wall and by the time that was left: the earlier.
test_clocks() {
	local now
	now=$(date +%s)
	seg quarantine "${ICCID[d1]}" --reason test >/dev/null
	seg save "$WORK/state.yaml"
	timed_state 9000s "$(date -u -d "@$((now + 600))" +%FT%TZ)" >"$WORK/near.yaml"
	timed_state 600s "$(date -u -d "@$((now + 9000))" +%FT%TZ)" >"$WORK/left.yaml"
	timed_state 1000s "$(date -u -d "@$((now - 20))" +%FT%TZ)" >"$WORK/over.yaml"
	for what in near left; do
		reload >/dev/null
		check "restored: $what" seg restore "$WORK/$what.yaml"
		check "$what: the earlier one counts" left_between 1 600000000000
		check "$what: it is quarantined" test "$(device_state "${ICCID[d1]}")" = quarantined
	done
	reload >/dev/null
	check 'restored: over by the clock' seg restore "$WORK/over.yaml"
	check_eq 'it is active' "$(device_state "${ICCID[d1]}")" active
	reload >/dev/null
	date -s '2001-01-01' >/dev/null
	check 'restored before the clock is set' seg restore "$WORK/over.yaml"
	check_eq 'it stays cut off' "$(device_state "${ICCID[d1]}")" quarantined
	check_eq 'a guest does not come back' "$(seg -j peer show guests | jq '.left_ns | length')" 0
	check_eq 'nor does a grant' "$(seg -j grant list | jq length)" 0
	date -s "@$now" >/dev/null
}
timed_state() {
	sed -E "/\"${ICCID[d1]}\"/{/iccid: .*actor/s/ \}/, for: $1, until: \"$2\" }/}" "$WORK/state.yaml"
}
left_between() {
	local left
	left=$(left_of "${ICCID[d1]}")
	echo "$left ns"
	[ "$left" -ge "$1" ] && [ "$left" -le "$2" ]
}
left_of() { seg -j device show "$1" | jq -r '.left_ns // 0'; }

topology_up d1 d2 scada
nft flush chain inet gateway nat
policies | ruleset >/dev/null
sed -i 's/^peers:/&\n  guests: []/' "$WORK/ruleset.yaml"
check 'the module and its ruleset' govern "$WORK/ruleset.yaml"
stream d1 4 5000
stream d2 4 5002
for port in 5000 5002; do
	check "stream $port runs" wait_for 10 flows "$port" 5
done
test_peer_deadline
test_peer_replace
test_restore
test_clocks
kill "${sender[@]}"
check 'the counters add up' identity_settles
check 'the module unloads' unload
finish
