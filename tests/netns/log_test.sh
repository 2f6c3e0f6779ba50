#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml
#
# The change log: every change is there once, with who did it as given and as the
# kernel knows, and so is what the module changes by itself. Who follows it sees
# the same.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

# entry FILTER: of the last change in the log.
entry() { seg -j log --last 1 | jq -r ".[0] | $1"; }
last_seq() { entry .seq; }

test_fields() {
	local pid
	check_eq 'loading it was the first change' \
		"$(seg -j log | jq -c '.[0] | [.seq, .actor, .kernel, .command, .pid]')" \
		'[1,"kernel",true,"apply",0]'
	"$SEGCTL" quarantine "${ICCID[d1]}" --actor alice --reason 'scans' --ticket T-7 >/dev/null &
	pid=$!
	wait "$pid"
	check_eq 'a change as given' "$(entry '[.command, .subject, .actor, .reason, .ticket] | join("|")')" \
		"quarantine|device ${ICCID[d1]}|alice|scans|T-7"
	check_eq 'and as the kernel knows' "$(entry '[.comm, .pid, .uid, .kernel] | join("|")')" \
		"segctl|$pid|0|false"
	check_eq 'what came of it' "$(entry '[.generation, .hash, .devices] | join("|")')" \
		"$(seg -j status | jq -r '[.generation, .hash, 1] | join("|")')"
	(
		echo 1234 >/proc/self/loginuid
		exec "$SEGCTL" release "${ICCID[d1]}" --reason over >/dev/null
	)
	check_eq 'who had logged in' "$(entry .loginuid)" 1234
	seg peer add masters 10.20.0.99 >/dev/null
	check_eq 'a peer set' "$(entry .subject)" 'peer set masters'
	check 'a line for people' grep -q "alice (uid 0.*segctl $pid)  quarantine device ${ICCID[d1]}.*as given: ticket T-7 scans" \
		<<<"$(seg log)"
}

test_refused() {
	local before
	before=$(last_seq)
	check_not 'a refused change' seg release "${ICCID[d1]}" --reason none
	check_not 'somebody who says that he is the module' seg --actor kernel peer add masters 10.20.0.98
	check_eq 'leave nothing' "$(last_seq)" "$before"
	check_not 'a bad number' seg log --last x
}

# What others may have chosen freely: the name of the program.
test_terminal() {
	local name=$WORK/$'bad\e[31m\a'
	cp "$SEGCTL" "$name"
	"$name" peer add masters 10.20.0.97 >/dev/null
	check_eq 'a name with control characters' "$(entry .comm)" $'bad\e[31m\a'
	check_not 'never reaches a terminal as it is' grep -q $'[\e\a]' <<<"$(seg log)"
	check 'but can be read' grep -qF 'bad\x1b[31m\x07' <<<"$(seg log --last 1)"
}

test_kernel() {
	local id
	id=$(seg -j grant "${ICCID[d1]}" out tcp/22 peer any --for 1s --ticket T-8 --reason disk |
		jq .grant)
	check_eq 'a grant' "$(seg -j log | jq -r --arg s "device ${ICCID[d1]} grant $id" \
		'[.[] | select(.subject == $s).command][0]')" grant
	check 'its end' wait_for 5 ended_by_itself
	check_eq 'is told as well' "$(entry '[.command, .subject, .ticket, .pid] | join("|")')" \
		"revoke|device ${ICCID[d1]} grant $id|T-8|0"
}
ended_by_itself() { [ "$(entry .actor)" = kernel ]; }

test_revoke() {
	seg grant "${ICCID[d1]}" out tcp/22 peer any --for 1h --ticket T-9 --reason disk >/dev/null
	seg revoke --ticket T-9 --reason 'too early' >/dev/null
	check_eq 'a revoke of several' "$(entry '[.command, .subject, .reason] | join("|")')" \
		'revoke|ticket T-9, grants: 1|too early'
}

# Who follows has the same, from before the first change of this test on.
test_follow() {
	check 'who follows has heard of all' wait_for 5 heard "$(last_seq)"
	check_eq 'and of each once, in order' "$(jq -s -c 'map(.seq)' "$WORK/follow")" \
		"$(seg -j log | jq -c 'map(.seq)')"
	check_eq 'word for word' "$(jq -s -c . "$WORK/follow")" "$(seg -j log | jq -c .)"
	kill -9 "$follower"
	wait "$follower" 2>/dev/null
	seg peer del masters 10.20.0.97 >/dev/null
	check_eq 'without it the log goes on' "$(entry .command)" 'peer del'
	check_eq '--last' "$(seg -j log --last 2 | jq length)" 2
}
heard() { [ "$(tail -n 1 "$WORK/follow" | jq .seq)" = "$1" ]; }

topology_up d1 scada
check 'the module' load
spawn gw "$SEGCTL" -j log --follow >"$WORK/follow"
follower=$!
POLICY_OF=([d1]=meter)
check 'its ruleset' seg apply "$(ruleset <<<'  meter: { out: [ { proto: icmp, to: masters } ] }')"
test_fields
test_refused
test_terminal
test_kernel
test_revoke
test_follow
check 'the module unloads' unload
finish
