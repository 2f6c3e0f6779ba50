# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For tests of the ways that a packet can take: three devices and SCADA, rules
# that can be changed, and single packets that pass or do not, judged once.

# shellcheck source=tests/netns/tally.sh
. "$TOP/tests/netns/tally.sh"

# shellcheck disable=SC2034 # lib.sh reads it
POLICY_OF=([d1]=talker [d2]=talker [d3]=talker)
OUT=	# one more rule of each direction
IN=

policies() {
	cat <<-EOF
		  talker:
		    out:
		      - { label: telemetry, proto: udp, port: 5000, to: masters }
		      $OUT
		    in:
		      - { label: poll, proto: udp, port: 6000, from: masters }
		      $IN
	EOF
}

# in_force OUT IN: peers of one more rule each; d2 is at $D2_AT.
in_force() {
	OUT=${1:+"- { label: more, proto: udp, port: [5000, 7000], to: $1 }"}
	IN=${2:+"- { label: more, proto: udp, port: [5000, 7000], from: $2 }"}
	policies | ruleset >/dev/null
	sed -i "/${ICCID[d2]}/s/dev: wwan1/dev: ${D2_AT:-wwan1}/" "$WORK/ruleset.yaml"
	seg apply "$WORK/ruleset.yaml"
}

# says WHO SRC DST PORT
says() { raw "$1" rawsend udp "$2" "$3" 4000 "$4"; }

# passes TO COMMAND..., denied TO REASON COMMAND...: the packet that it sends.
passes() { came "$1" datagrams 1 "${@:2}"; }
denied() { stays "$1" datagrams dropped "$2" 1 "${@:3}"; }

# judged COMMAND...: one verdict of the floor more, and no more than one.
judged() {
	local want
	want=$(($(verdicts) + 1))
	"$@" && wait_for 2 verdicts_are "$want" && return
	echo "$(verdicts) verdicts, $want expected"
	return 1
}
verdicts() {
	local verdict packets sum=0
	while read -r verdict _ packets _; do
		case $verdict in allow | deny) sum=$((sum + packets)) ;; esac
	done < <(seg stats)
	echo "$sum"
}
verdicts_are() { [ "$(verdicts)" = "$1" ]; }

# The same for each path: out of the device and in from SCADA, good and bad.
four_ways() {
	local what="$1, IPv$2" v=$2 who=$3 device scada
	device=$(addr "$v" "$who") scada=$(addr "$v" scada)
	check "$what: out, allowed" judged passes scada says "$who" "$device" "$scada" 5000
	check "$what: out, denied" judged denied scada no-rule says "$who" "$device" "$scada" 6000
	check "$what: in, allowed" judged passes "$who" via_eth0 says scada "$scada" "$device" 6000
	check "$what: in, denied" judged denied "$who" no-rule via_eth0 says scada "$scada" "$device" 5000
}
via_eth0() { via=eth0 "$@"; }

ways_up() {
	local who v
	topology_up d1 d2 d3 scada
	ip route add 10.64.0.99/32 dev wwan1
	ip route add fd64::99/128 dev wwan1
	for who in d1 d2 d3 scada; do
		tally_up "$who" datagrams 'udp dport { 5000, 6000 }'
		# nobody shall complain that nobody listens
		on "$who" nft add rule inet tally in 'udp dport { 5000, 6000 } drop'
	done
	background d2 probe serve udp/7000 >/dev/null
	nft flush chain inet gateway nat
	check 'the module and its ruleset' govern "$(policies | ruleset)"
	for v in 4 6; do
		four_ways 'the plain way' "$v" d1
	done
}
