# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Changes of each kind, of which each allocation fails once; failslab_test.sh and
# failslab_long_test.sh read this file. What `each` does is told in
# tests/tools/failnth.c; OPTIONS are for that.

OPTIONS=()
D1=${ICCID[d1]} D2=${ICCID[d2]} D3=${ICCID[d3]} D4=${ICCID[d4]} HELD=${ICCID[d8]}

# each SENTENCE COMMAND BACK...: of segctl.
each() {
	local start=$SECONDS
	check "$1: all or nothing" failnth "${OPTIONS[@]}" -- "${@:2}"
	note "$(tail -n 1 "$WORK/check"), $((SECONDS - start)) s"
}

# ---- files ---------------------------------------------------------------------------

write_base() {
	cat >"$WORK/base.yaml" <<-EOF
		version: 1
		pools: [10.64.0.0/16, "fd64::/48"]
		failsafe: [192.168.1.0/24]
		settings: { deny_interval: 1 }
		peers:
		  masters: [10.20.0.5, "fd20::5"]
		  guests: [10.20.0.8]
		policies:
		  meter:
		    out:
		      - { label: data, proto: udp, port: 5000-5009, to: masters }
		      - { proto: tcp, port: 443, to: [10.20.0.9, 10.20.1.0/24] }
		  rtu:
		    in: [ { label: poll, proto: tcp, port: 2404, from: guests } ]
		devices:
		  - { iccid: "$D1", policy: meter, addr: [10.64.0.11, "fd64::11"], dev: wwan0, asset: M-1 }
		  - iccid: "$D2"
		    policy: rtu
		    addr: [10.64.0.12]
		    dev: "wwan*"
		    out: [ { proto: tcp, port: 22, to: masters }, { proto: tcp, port: 23, to: [10.20.0.7] } ]
		  - { iccid: "$D3", policy: meter, addr: [10.64.3.0/24] }
	EOF
}

# Something of each kind comes, something goes, something is another one.
write_other() {
	cat >"$WORK/other.yaml" <<-EOF
		version: 1
		pools: [10.64.0.0/16, 10.65.0.0/16]
		failsafe: [192.168.2.0/24]
		settings: { deny_interval: 2, grant_max: 7200 }
		peers:
		  masters: [10.20.0.6]
		  clouds: ["fd20::9"]
		policies:
		  meter:
		    out: [ { label: data, proto: udp, port: 5001-5009, to: masters } ]
		  camera: { observe: true, out: [ { proto: tcp, port: 443, to: clouds } ] }
		devices:
		  - { iccid: "$D1", policy: camera, addr: [10.64.0.12], dev: wwan1, asset: C-1 }
		  - iccid: "$D3"
		    policy: meter
		    addr: [10.65.3.0/25]
		    in: [ { proto: tcp, port: 80, from: [10.20.0.7] } ]
		  - { iccid: "$D4", policy: camera, addr: [10.64.0.14], dev: wwan1 }
	EOF
}

write_files() {
	write_base
	write_other
	sed -e '/^devices:/,$d' -e 's/port: 5000-5009/port: 5001/' "$WORK/base.yaml" >"$WORK/trial.yaml"
	cat >"$WORK/more.csv" <<-EOF
		iccid,policy,addr,dev,asset
		$D1,rtu,10.64.0.13,wwan1,R-1
		$D4,meter,10.64.0.14 fd64::14,wwan1,
	EOF
	printf 'version: 1\npools: []\ndevices: []\n' >"$WORK/nothing.yaml"
}

# One that holds something, and two interfaces that may get a side.
prepare() {
	local dev
	for dev in wwan0 wwan1; do
		ip link add $dev type dummy || return
	done
	write_files
	"$TOP/tests/uml/failslab" && load_base
}
load_base() { load && seg apply "$WORK/base.yaml" && seg quarantine "$HELD" --unknown --reason test; }

# ---- changes -----------------------------------------------------------------------------

BASE="apply $WORK/base.yaml --open-pool 10.65.0.0/16"
TRIAL="apply --confirm-within 1h $WORK/trial.yaml"

test_apply() {
	each 'apply' "apply $WORK/other.yaml --open-pool fd64::/48" "$BASE"
}

test_trial() {
	each 'apply on trial' "$TRIAL" 'revert'
	seg apply --confirm-within 1h "$WORK/trial.yaml" >/dev/null 2>&1
	test_trial_ends
	seg revert >/dev/null
}
test_trial_ends() {
	each 'confirm' 'confirm' "$BASE" "$TRIAL"
	each 'revert' 'revert' "$TRIAL"
}

test_flush() { each 'flush' 'flush' "$BASE"; }

test_devices() {
	each 'device load' "device load $WORK/more.csv" "$BASE"
	each 'device add' "device add $D4 policy meter addr 10.64.0.14 addr fd64::14 dev wwan1 asset M-4" \
		"device del $D4"
	each 'device del' "device del $D3" "$BASE"
	each 'bind' "bind $D2 10.64.7.0/24 dev wwan*" "unbind $D2 10.64.7.0/24"
	each 'bind elsewhere' "bind $D2 10.64.0.12 dev wwan1" "bind $D2 10.64.0.12 dev wwan*"
	each 'unbind' "unbind $D2" "bind $D2 10.64.0.12 dev wwan*"
}

test_peers() {
	local set='peer replace guests 10.20.0.8' timed='peer add guests 10.20.0.9 --for 2h'
	each 'peer add' 'peer add guests 10.20.0.9 10.30.0.0/16' "$set"
	each 'peer add --for' 'peer add guests 10.20.0.9 10.30.0.0/16 --for 1h' "$set"
	seg peer add guests 10.20.0.9 --for 2h >/dev/null
	each 'peer del' 'peer del guests 10.20.0.8' "$set" "$timed"
	each 'peer replace' 'peer replace guests 10.20.0.7' "$set" "$timed"
	seg peer replace guests 10.20.0.8 >/dev/null
}

test_grants() {
	local why='--for 1h --ticket T-1 --reason test' one other
	one="grant $D1 out tcp/22 peer 10.20.0.5 --iif wwan* $why"
	other="grant $D2 in tcp/80 peer masters $why"
	each 'grant' "$one" 'revoke --ticket T-1'
	each 'grant to a peer set' "$other" 'revoke --ticket T-1'
	# shellcheck disable=SC2086 # words
	{ set -f; seg $one; seg $other; set +f; } >/dev/null
	each 'revoke' 'revoke --ticket T-1' "$one" "$other"
	seg revoke --ticket T-1 >/dev/null
}

test_quarantine() {
	local cut release="release $D1 $D2 $D4 --reason test"
	cut="quarantine $D1 $D2 $D4 --unknown --for 1h --allow 10.20.0.9 --allow masters --reason test"
	each 'quarantine' "$cut" "$release"
	# shellcheck disable=SC2086 # words
	seg $cut >/dev/null
	each 'quarantine once more' "quarantine $D1 $D4 --reason other --allow 10.20.0.8 --for 2h" "$cut"
	each 'release' "$release" "$cut"
	# shellcheck disable=SC2086 # words
	seg $release >/dev/null
}

test_gate() {
	each 'disarm' 'disarm --reason test' 'arm'
	seg disarm --reason test >/dev/null
	each 'arm' 'arm' 'disarm --reason test'
	seg arm >/dev/null
}

test_sides() {
	local sim='attach wwan* --side sim --mode none' elsewhere='attach wwan0 --side net --mode none'
	each 'attach' "$sim" 'detach wwan*'
	seg attach 'wwan*' --side sim --mode none >/dev/null
	each 'attach one elsewhere' "$elsewhere" 'detach wwan0'
	seg attach wwan0 --side net --mode none >/dev/null
	each 'detach' 'detach wwan0' "$elsewhere"
	seg detach wwan0 >/dev/null
	seg attach 'wwan*' --side net --mode none >/dev/null
	each 'attach to the other side' "$sim" 'attach wwan* --side net --mode none'
}

# From nothing on: tables and hooks, once in the life of a namespace.
test_govern() {
	local gw=${NSP}gw
	ip netns add "$gw" || bail 'no namespace'
	OPTIONS+=(-n "$gw")
	each 'the first pools' "-n $gw apply $WORK/base.yaml" \
		"-n $gw apply $WORK/nothing.yaml --open-pool 10.64.0.0/16 --open-pool fd64::/48"
	unset 'OPTIONS[-1]' 'OPTIONS[-1]'
	ip netns del "$gw"
}
