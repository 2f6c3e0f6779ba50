#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml 6.12-long
#
# Interfaces that vanish and come back, as modems do: their side is there at
# once, and XDP after the command of the udev rule, by hand and by udevd itself.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

RULE=$TOP/dist/90-simseg.rules
POLICY_OF=([d1]=talker [d2]=talker)
policies() { echo '  talker: { out: [ { label: ssh, proto: tcp, port: 22, to: masters } ] }'; }

# on_xdp WITH WITHOUT: which of the two is due on this kernel.
on_xdp() { if [ "$XDP" = 1 ]; then echo "$1"; else echo "$2"; fi; }

# ---- links ----------------------------------------------------------------

gone() { ip link del "wwan$(($1 - 1))"; }

# back N [NAME]: the link of device N again; under another name first, if given.
back() {
	local dev=wwan$(($1 - 1)) name=${2:-wwan$(($1 - 1))}
	links_up | sed -n "s/^link add $dev /link add $name /p" | ip -batch - &&
		nsrun -c eth0 "/run/netns/${NSP}d$1" &&
		if [ "$name" != "$dev" ]; then ip link set "$name" name "$dev"; fi &&
		gateway_link "$1" | ip -batch - && device_up "$1"
}

of_link() { seg -j status | jq -r --arg d "$1" ".interfaces[] | select(.name == \$d).$2"; }
counted() { seg -j stats | jq --arg d "$1" ".interfaces[] | select(.name == \$d).$2"; }

# forged N COUNTER: packets of a source that is not bound raise that counter.
forged() {
	local before dev=wwan$(($1 - 1))
	before=$(counted "$dev" "$2")
	with_source silent "d$1" 10.64.0.99 tcp/10.20.0.5/22 || return
	[ "$(counted "$dev" "$2")" -gt "$before" ]
}

pins() { find /sys/fs/bpf/simseg -name 'xdp_*' 2>/dev/null | wc -l; }

# The command line of the rule, for an interface of that name.
rule_command() {
	local line
	line=$(sed -n 's/.*RUN+="\([^"]*\)".*/\1/p' "$RULE")
	line=${line/@PREFIX@\/bin\/segctl/$SEGCTL}
	echo "${line/\$name/$1}"
}

run_rule() {
	local words
	read -ra words <<<"$(rule_command "$1")"
	"${words[@]}"
}

quiet() {
	local out
	out=$("$@" 2>&1) || return
	[ -z "$out" ] || {
		echo "$out"
		return 1
	}
}

# ---- tests ----------------------------------------------------------------

test_by_hand() {
	check 'wwan0 vanishes' gone 1
	check_eq 'status does not miss it' "$(status_code)" 0
	check 'it comes back' back 1
	check_eq 'its side is there at once' "$(of_link wwan0 side)" sim
	check_eq 'what is missing is red' "$(status_code)" "$(on_xdp 3 0)"
	check 'the guard drops forged sources already' forged 1 guard_drop
	check 'traffic flows already' reach d1 tcp/10.20.0.5/22
	check 'the command of the udev rule' run_rule wwan0
	check_eq 'the status is OK' "$(status_code)" 0
	check_eq 'XDP is on' "$(of_link wwan0 xdp)" "$(on_xdp native -)"
	check 'forged sources are dropped early' forged 1 "$(on_xdp xdp_drop guard_drop)"
	check 'traffic flows' reach d1 tcp/10.20.0.5/22
	check 'once more: nothing to do, nothing said' quiet run_rule wwan0
	check 'another name: nothing to do' quiet run_rule eth7
	check_eq 'no pin is left of what vanished' "$(pins)" "$(on_xdp 3 0)"
}

both_back() { gone 1 && gone 2 && back 1 && back 2; }

test_patterns() {
	local out
	check 'the second one is generic' seg attach wwan1 --side sim --mode "$(on_xdp generic auto)"
	check 'both vanish and come back' both_back
	out=$(seg attach --matching 'wwan*' 2>&1)
	check_eq 'a pattern attaches both' "$out" "$(on_xdp $'XDP is attached on wwan0, native
XDP is attached on wwan1, generic' '')"
	check_eq 'the status is OK again' "$(status_code)" 0
	check 'all: nothing is left to do' quiet seg attach --matching
	check 'the second one is not to have XDP' seg attach wwan1 --side sim --mode none
	check 'both vanish and come back once more' both_back
	out=$(seg -j attach --matching | jq -c .)
	check_eq 'the mode none is left alone' "$out" \
		"$(on_xdp '[{"name":"wwan0","xdp":"native"}]' '[]')"
	check 'back to the pattern' seg detach wwan1
}

test_disarmed() {
	check 'disarm' seg disarm --reason test
	check 'disarmed: XDP stays off' quiet run_rule wwan0
	check_eq 'so that the module could be unloaded' "$(pins)" 0
	check 'arm' seg arm
	check_eq 'armed: XDP is back' "$(of_link wwan0 xdp)" "$(on_xdp native -)"
}

# The program of a namespace that has died holds the module.
test_dead_namespace() {
	local name=${NSP}dead before
	before=$(pins)
	check 'a namespace with an interface' ip -batch - <<-EOF
		netns add $name
		link add dead0 netns $name type veth peer name peer netns $name
	EOF
	check 'has XDP' seg -n "$name" attach dead0 --side sim --mode "$(on_xdp generic auto)"
	check_eq 'which is pinned' "$(pins)" "$(on_xdp $((before + 1)) 0)"
	check 'it dies' ip netns del "$name"
	check 'its pins are swept' wait_for 20 swept_to "$before"
}
swept_to() { quiet seg attach --matching && [ "$(pins)" = "$1" ]; }

udev_up() {
	mkdir -p /run/udev/rules.d
	sed "s|@PREFIX@/bin/segctl|$SEGCTL|" "$RULE" >/run/udev/rules.d/90-simseg.rules
	udevadm control --ping -t 5 || {
		spawn gw /lib/systemd/systemd-udevd >"$WORK/udevd.log" 2>&1
		wait_for 20 udevadm control --ping -t 5
	} || return
	udevadm control --reload
}

xdp_is() { [ "$(of_link "$1" xdp)" = "$2" ]; }

test_udevd() {
	check 'udevd has the rule' udev_up
	check 'wwan0 vanishes again' gone 1
	check 'and comes back' back 1
	check 'udevd attaches XDP' wait_for 30 xdp_is wwan0 native
	check 'it vanishes once more' gone 1
	check 'it comes back by another name, and is renamed' back 1 new0
	check 'udevd attaches XDP once it has its name' wait_for 30 xdp_is wwan0 native
	check_eq 'the status is OK by itself' "$(status_code)" 0
	check 'forged sources are dropped early again' forged 1 xdp_drop
	check 'udevd has nothing left to do' udevadm settle -t 30
	rm /run/udev/rules.d/90-simseg.rules
	udevadm control --reload
}

unloaded() {
	seg attach --matching
	[ $? = 5 ]
}

topology_up d1 d2 scada
background scada probe serve tcp/22 >/dev/null
check 'the module and its ruleset' govern "$(policies | ruleset)"
check 'traffic flows at first' reach d1 tcp/10.20.0.5/22
test_by_hand
test_patterns
test_disarmed
test_dead_namespace
# on a kernel without XDP there is nothing that udevd could do
[ "$XDP" = 0 ] || test_udevd
check 'the module unloads' unload
check 'without it, the exit status says so' unloaded
finish
