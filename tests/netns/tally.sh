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
			counter n_$name { }
			chain in {
				type filter hook prerouting priority -500
				$* counter name n_$name
			}
		}
	EOF
}

tally() {
	[[ $(on "$1" nft list counter inet tally "n_$2") =~ packets\ ([0-9]+) ]] &&
		echo "${BASH_REMATCH[1]}"
}
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

# counted REASON: as drops, with one process instead of two: it is asked often.
counted() {
	local reason packets
	while read -r _ reason packets _; do
		[ "$reason" != "$1" ] || break
		packets=0
	done < <(seg stats)
	echo "${packets:-0}"
}

# dropped REASON N COMMAND...: simseg drops N packets for it.
dropped() {
	local reason=$1 want=$2
	shift 2
	want=$((want + $(counted "$reason")))
	"$@" || return
	wait_for 3 counts "$reason" "$want" && return
	echo "$reason counts $(counted "$reason"), $want expected"
	return 1
}
counts() { [ "$(counted "$1")" = "$2" ]; }

# link_again N [DEV [ROUTE...]]: what the gateway has of a device's link, once
# more, on an interface of that name.
link_again() {
	local n=$1 dev=${2:-wwan$(($1 - 1))}
	gateway_link "$n" | sed "s/wwan$((n - 1))/$dev/g; s/^\\(address\\|route\\) add/\\1 replace/
		/^route/s/\$/ ${*:3}/" | ip -batch -
}

# ---- packets made by hand ---------------------------------------------------

# addr FAMILY NAME
addr() { if [ "$1" = 4 ]; then addr4 "$2"; else addr6 "$2"; fi; }

# The gateway's own address on the net side.
gateway() { if [ "$1" = 4 ]; then echo 10.20.0.1; else echo fd20::1; fi; }

# raw WHO TOOL...: rawsend or rawfrag, in frames to the gateway, from $via or eth0.
raw() {
	local who=$1 tool=$2 mac=02:00:00:00:04:01
	shift 2
	case $who in d?) mac=02:00:00:00:01:0${who#d} ;; esac
	on "$who" "$tool" -i "${via:-eth0}" -d "$mac" "$@"
}

have_session() { [ "$(session_id "$@")" != null ]; }

# each COMMAND...: with 4 and with 6 as the last word.
each() { "$@" 4 && "$@" 6; }
