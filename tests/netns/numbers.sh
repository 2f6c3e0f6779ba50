# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Numbered streams from devices to the master, each known by its port: what came
# of them, and what did not.

# stream WHO FAMILY PORT: 50 numbers a second, until the end.
# shellcheck disable=SC2034 # for those who read this file
declare -A sender
stream() {
	background scada numrecv -l "$WORK/$3.recv" "$3" >/dev/null
	spawn "$1" numsend -r 50 -l "$WORK/$3.send" "$("addr$2" scada)" "$3"
	sender[$3]=$!
}
arrived() { numrecv -q "$WORK/$1.recv" | cut -d' ' -f1; }
flows() { [ "$(arrived "$1")" -gt "$2" ]; }
sent_past() { [ "$(numsend -q "$WORK/$1.send")" -ge "$2" ]; }

# What was sent until now arrives, and each number up to the highest.
lossless() {
	local port
	for port; do
		wait_for 5 flows "$port" $(($(numsend -q "$WORK/$port.send") - 1)) &&
			wait_for 5 whole "$port" && continue
		echo "$port: $(numrecv -q "$WORK/$port.recv")"
		return 1
	done
}
whole() {
	local count number
	read -r count number _ < <(numrecv -q "$WORK/$1.recv")
	[ "$count" -ge "$number" ]
}

# Nothing comes any more, though it is sent.
stopped() {
	local before sent
	before=$(arrived "$1")
	sent=$(numsend -q "$WORK/$1.send")
	wait_for 5 sent_past "$1" $((sent + 20)) && [ "$(arrived "$1")" = "$before" ]
}
