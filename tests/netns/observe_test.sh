#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml
#
# A policy that only observes: what its rules deny passes, is counted and seen;
# nothing else changes, and status says so loudly. From observing to enforcing
# no flow slips through, be it in a flowtable.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

POLICY_OF=([d1]=watched [d2]=enforced [d3]=watched)
# rules OBSERVE [IN]
rules() {
	cat <<-EOF
		  watched: { observe: $1, in: [ ${2-} ], out: [ { label: ping, proto: icmp, to: masters } ] }
		  enforced: { out: [ { label: ping, proto: icmp, to: masters } ] }
	EOF
}
apply() { seg apply "$(rules "$@" | ruleset)"; }

# shellcheck disable=SC2046 # lists of targets are split on purpose
test_passes() {
	local before
	check_eq 'status is red' "$(status_code)" 3
	check 'and says why' grep -q 'only observe' <<<"$(seg status)"
	check_eq 'policy list tells them apart' \
		"$(seg -j policy list | jq -r '[.[] | select(.observe).name] | join(" ")')" watched
	before=$(drops observed)
	check 'what no rule names passes' reach d1 $(targets tcp/22 scada attacker) \
		$(targets udp/161 scada)
	check 'inwards, too' reach scada $(targets tcp/22 d1)
	check 'it is counted as observed' test "$(drops observed)" -gt $((before + 10))
	check_eq 'and has no session' "$(sessions d1)" 0
	check 'what a rule names is a session' reach d1 $(targets icmp scada)
	check 'that is listed' test "$(sessions d1)" -ge 2
	check 'others are denied as ever' silent d2 $(targets tcp/22 scada)
	check_eq 'explain' "$(explain 10.64.0.11 10.20.0.5 tcp 80)" 'allow observed'
	check_eq 'explain, v6' "$(explain fd64::11 fd20::5 tcp 80)" 'allow observed'
	check 'between two devices both have to observe' silent d1 $(targets tcp/22 d2)
	check 'if both do, it passes' reach d1 $(targets tcp/22 d3)
}

# shellcheck disable=SC2046
test_still_denied() {
	check 'an address of no device' with_source silent d1 10.64.0.99 tcp/10.20.0.5/22
	check 'one of no device, v6' with_source silent d1 fd64::99 tcp/fd20::5/22
	check "a neighbour's address" with_source silent d1 10.64.0.12 tcp/10.20.0.5/22
	check "a neighbour's address, v6" with_source silent d1 fd64::12 tcp/fd20::5/22
	seg quarantine "${ICCID[d1]}" --reason test >/dev/null
	check 'a quarantined device' silent d1 $(targets tcp/22 scada)
	seg release "${ICCID[d1]}" --reason test >/dev/null
}

# Streams that were only observed, and were handed to a flowtable.
test_enforce() {
	local v senders=()
	for v in 4 6; do
		background scada numrecv -l "$WORK/$v.recv" "500$v" >/dev/null
		spawn d1 numsend -r 100 -l "$WORK/$v.send" "$("addr$v" scada)" "500$v"
		senders+=($!)
	done
	for v in 4 6; do
		check "an observed stream runs, IPv$v" wait_for 10 stream_at "$v" 50
		check "in a flowtable, IPv$v" wait_for 10 offloaded "$v"
	done
	check 'the policy is enforced' apply false
	check_eq 'status is green' "$(status_code)" 0
	for v in 4 6; do
		check_not "the stream has left it, IPv$v" offloaded "$v"
		check "and has stopped, IPv$v" stopped "$v"
	done
	kill "${senders[@]}"
	check 'observing again' apply true
}
numbers() { numrecv -q "$WORK/$1.recv"; }
stream_at() { [ "$(numbers "$1" | cut -d' ' -f2)" -ge "$2" ]; }
offloaded() { conntrack -L -f "ipv$1" -p udp --orig-port-dst "500$1" 2>/dev/null | grep -q OFFLOAD; }
stopped() { hold_for 1 same_numbers "$1" "$(numbers "$1")"; }
same_numbers() { [ "$(numbers "$1")" = "$2" ]; }

# A flow of the gateway's own, observed, that a rule names from then on: connection
# tracking does not lose it.
test_own() {
	local v
	for v in 4 6; do
		check "the gateway polls, observed, IPv$v" reach gw "udp/$("addr$v" d1)/161"
		check "and is tracked, IPv$v" own_tracked "$v"
	done
	check 'a rule allows it' apply false '{ label: own, proto: udp, port: 161, from: self }'
	for v in 4 6; do
		check "it is tracked as before, IPv$v" own_tracked "$v"
	done
	check 'observing again' apply true
}
own_tracked() {
	conntrack -L -f "ipv$1" -p udp --orig-port-dst 161 2>/dev/null | grep -q "dst=$("addr$1" d1) "
}

topology_up d1 d2 d3 scada attacker
for who in d1 d2 d3 scada attacker; do
	background "$who" probe serve tcp/22 udp/161 >/dev/null
done
check 'the module and its ruleset' govern "$(rules true | ruleset)"
test_passes
test_still_denied
test_enforce
test_own
check 'the counters add up' identity_settles
check 'the module unloads' unload
finish
