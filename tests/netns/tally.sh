# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Single packets, made by hand, and where they came: for tests that read this
# file after lib.sh. That a packet did not come is known once simseg has counted
# its drop: nobody has to wait and see.

# ---- what comes to a namespace --------------------------------------------

# tally_up WHO NAME MATCH...: NAME counts there what nft's MATCH holds for,
# before anything else looks at it.
tally_up() {
	local who=$1 name=$2
	shift 2
	on "$who" nft -f - <<-EOF
		table inet tally {
			counter $name { }
			chain in {
				type filter hook prerouting priority -500
				$* counter name $name
			}
		}
	EOF
}

tally() { on "$1" nft -j list counter inet tally "$2" | jq '.nftables[-1].counter.packets'; }
tally_is() { [ "$(tally "$1" "$2")" = "$3" ]; }

# came WHO NAME N COMMAND...: what it sends makes NAME rise by N.
came() {
	local who=$1 name=$2 want=$3
	shift 3
	want=$((want + $(tally "$who" "$name")))
	"$@" || return
	wait_for 3 tally_is "$who" "$name" "$want" && return
	echo "$name of $who is $(tally "$who" "$name"), $want expected"
	return 1
}

# stays WHO NAME COMMAND...: the command succeeds, and NAME stays as it is.
stays() {
	local who=$1 name=$2 before
	shift 2
	before=$(tally "$who" "$name")
	"$@" || return
	tally_is "$who" "$name" "$before" && return
	echo "$name of $who rose from $before to $(tally "$who" "$name")"
	return 1
}

# dropped REASON N COMMAND...: simseg drops N packets for it.
dropped() {
	local reason=$1 want=$2
	shift 2
	want=$((want + $(drops "$reason")))
	"$@" || return
	wait_for 3 drops_are "$reason" "$want" && return
	echo "$reason counts $(drops "$reason"), $want expected"
	return 1
}
drops_are() { [ "$(drops "$1")" = "$2" ]; }

# ---- packets made by hand ---------------------------------------------------

# addr FAMILY NAME
addr() { if [ "$1" = 4 ]; then addr4 "$2"; else addr6 "$2"; fi; }

# The gateway's own address on the net side.
gateway() { if [ "$1" = 4 ]; then echo 10.20.0.1; else echo fd20::1; fi; }

# raw WHO TOOL...: rawsend or rawfrag, in frames to the gateway.
raw() {
	local who=$1 tool=$2 mac=02:00:00:00:04:01
	shift 2
	case $who in d?) mac=02:00:00:00:01:0${who#d} ;; esac
	on "$who" "$tool" -i eth0 -d "$mac" "$@"
}

have_session() { [ "$(session_id "$@")" != null ]; }

# each COMMAND...: with 4 and with 6 as the last word.
each() { "$@" 4 && "$@" 6; }
