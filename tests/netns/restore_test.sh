#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml
#
# Whatever is in force can be saved and restored, also what no ruleset file may say:
# a policy, a peer set or a pool is gone that a device still has.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

ID=(8988228000000000012 8988228000000000020 8988228000000000038 8988228000000000046)

rules() {
	cat <<-EOF
		version: 1
		pools: [10.64.0.0/16, "fd64::/48"$1]
		failsafe: [192.0.2.0/24]
		peers: { masters: [10.20.0.5]$2 }
		policies: { meter: { out: [ { to: masters } ] }$3 }
	EOF
}

device_file() {
	rules ', 10.70.0.0/24, "fd70::/64"' ', guests: [10.20.0.9]' ', rtu: { observe: true }'
	cat <<-EOF
		devices:
		  - { iccid: "${ID[0]}", policy: rtu, addr: [10.70.0.1, "fd70::1", 10.64.0.1] }
		  - { iccid: "${ID[1]}", policy: meter, out: [ { to: guests }, { to: masters } ] }
	EOF
}

# What changes with the time of day is left out.
state() { seg save | sed -E '/^saved:/d; s/(^ *|, )(for: [0-9]+s|until: "[^"]*")//g'; }

# comes_back WHAT: saved, and restored into an empty module, it is the same. Once more
# it is: grants are not made twice.
comes_back() {
	check "$1: it is saved" seg save "$WORK/state.yaml"
	state >"$WORK/before"
	unload >/dev/null
	insmod "$WORK/simseg.ko"
	check "$1: it is restored" seg restore "$WORK/state.yaml"
	check "$1: it is the same" diff "$WORK/before" <(state)
	seg restore "$WORK/state.yaml" >/dev/null 2>&1
	check_eq "$1: and once more" $? 0
	check "$1: which changes nothing" diff "$WORK/before" <(state)
}

test_policy() {
	check 'a device without a policy, and one whose policy does not exist' seg device load \
		<(printf 'iccid,policy,addr\n%s,,10.64.8.1\n%s,never,fd64::8\n' "${ID[2]}" "${ID[3]}")
	check 'the former is quarantined' seg quarantine "${ID[2]}" --reason test
	comes_back 'no policy'
	check_eq 'it has its address' "$(seg -j device show "${ID[2]}" | jq -r '.bindings[].addr')" 10.64.8.1
}

test_gone() {
	check 'devices in all pools' seg apply <(device_file)
	check 'a grant for long' seg grant "${ID[1]}" out tcp/22 peer guests --for 5h --ticket T-1 \
		--reason test
	rules '' '' '' >"$WORK/less.yaml"
	echo 'settings: { grant_max: 60 }' >>"$WORK/less.yaml"
	check 'without two pools, a policy and a peer set, and with shorter grants' \
		seg apply "$WORK/less.yaml" --open-pool 10.70.0.0/24 --open-pool fd70::/64
	comes_back 'gone'
	check_eq 'its addresses are there' \
		"$(seg -j device show "${ID[0]}" | jq '.bindings | length')" 3
	check_eq 'the grant is as long' "$(seg -j grant list | jq -c 'map(.left_ns > 17000e9)')" \
		'[true]'
	check_eq 'and its rules' "$(seg -j device show "${ID[1]}" | jq '.rules | length')" 2
}

test_failsafe() {
	rules ', 192.0.2.128/25' '' '' >"$WORK/failsafe.yaml"
	check 'a failsafe prefix in a pool, on trial' seg apply "$WORK/failsafe.yaml" --confirm-within 1h
	check 'that is confirmed' seg confirm
	comes_back 'failsafe'
}

# While the gate is open the exit status is 3: all comes back all the same.
test_disarmed() {
	check 'a peer for a while' seg peer add masters 10.20.0.77 --for 1h
	check 'saved' seg save "$WORK/state.yaml"
	state >"$WORK/before"
	unload >/dev/null
	insmod "$WORK/simseg.ko"
	check 'disarmed' seg disarm --reason test
	seg restore "$WORK/state.yaml" >/dev/null 2>&1
	check_eq 'restored, with the gate open' $? 3
	check 'peers and grants are there' diff "$WORK/before" <(state)
	check 'armed' seg arm
}

check 'the module' load pools=
check 'a ruleset' seg apply <(device_file)
test_policy
test_gone
test_disarmed
test_failsafe
check 'the module unloads' unload
finish
