# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The programs that the story is played with: what meters, RTUs, cameras and
# their servers really run. Read after lib.sh.
#
# shellcheck disable=SC2034 # some of this is for those who read this file

RTU_LOG=$WORK/rtu
TRIES_S=20	# what a flow may take at most; a TLS handshake is slow in an emulated guest

# ---- servers --------------------------------------------------------------

pki_up() {
	local key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2'
	# shellcheck disable=SC2086 # these are words
	(
		cd "$WORK" &&
			openssl req -x509 $key -keyout ca.key -subj '/CN=test CA' -out ca.crt &&
			openssl req -x509 $key -keyout server.key -subj /CN=server -out server.crt \
				-CA ca.crt -CAkey ca.key -addext basicConstraints=CA:FALSE -addext \
				subjectAltName=IP:10.20.0.8,IP:fd20::8,IP:10.20.0.10,IP:fd20::10
	) >"$WORK/pki.log" 2>&1 || bail "no certificates: $(tail -n 1 "$WORK/pki.log")"
}

mosquitto_up() {
	cat >"$WORK/mosquitto.conf" <<-EOF
		per_listener_settings false
		allow_anonymous true
		user root
		listener 1883 127.0.0.1
		listener 8883
		cafile $WORK/ca.crt
		certfile $WORK/server.crt
		keyfile $WORK/server.key
	EOF
	spawn broker mosquitto -c "$WORK/mosquitto.conf" >"$WORK/mosquitto.log" 2>&1
}

# Ports that nobody may ever reach: something has to be there for them.
BAIT=(tcp/22 tcp/80 tcp/502 udp/161 udp/5683)

servers_up() {
	local who
	[ -s "$WORK/server.crt" ] || pki_up
	mosquitto_up
	spawn video python3 -I -S "$TOP/tests/tools/https_put.py" "$WORK" >"$WORK/https.log" 2>&1
	background headend probe serve udp/123 "${BAIT[@]}" >/dev/null
	for who in scada broker video pc attacker; do
		background "$who" probe serve "${BAIT[@]}" >/dev/null
	done
	for who in "${DEVICES[@]}"; do
		background "$who" probe serve "${BAIT[@]}" >/dev/null
	done
	for who in d1 d2 d3; do
		background "$who" dlms meter >/dev/null
	done
	for who in d4 d5; do
		background "$who" iec104 outstation -l "$RTU_LOG.$who" >/dev/null
	done
	background d6 dnp3 outstation >/dev/null
	head -c 65536 /dev/urandom >"$WORK/picture"
	wait_for 20 reach broker tcp/127.0.0.1/8883 || bail 'mosquitto does not listen'
	wait_for 20 reach video tcp/127.0.0.1/443 || bail 'the https server does not listen'
}

# ---- flows ----------------------------------------------------------------

# "KIND FROM TO FAMILY", one a line: all that gateway.yaml allows.
flow_list() {
	local v n
	for v in 4 6; do
		for n in d1 d2 d3; do
			echo "mqtts $n broker $v"
			echo "dlms headend $n $v"
		done
		echo "iec104 scada d4 $v"
		echo "iec104 scada d5 $v"
		echo "dnp3 scada d6 $v"
		echo "https d7 video $v"
		echo "https d8 video $v"
		echo "ntp d1 headend $v"
	done
}

mqtt_pub() {
	local who=$1 addr=$2
	shift 2
	on "$who" timeout "$TRIES_S" mosquitto_pub -h "$addr" -p 8883 --cafile "$WORK/ca.crt" "$@"
}

# flow KIND FROM TO FAMILY: play it once; success if it did its work.
flow() {
	local kind=$1 from=$2 to=$3 addr host
	addr=$("addr$4" "$to")
	host=$addr
	[ "$4" = 6 ] && host="[$addr]"
	case $kind in
	mqtts) mqtt_pub "$from" "$addr" -q 1 -t "meter/$from" -m 'kWh 123456' ;;
	dlms) on "$from" timeout "$TRIES_S" dlms poll "$addr" ;;
	iec104) on "$from" timeout "$TRIES_S" iec104 master -n 3 -l "$WORK/master.$BASHPID" "$addr" ;;
	dnp3) on "$from" timeout "$TRIES_S" dnp3 master "$addr" ;;
	https) on "$from" curl -sSf -m "$TRIES_S" --noproxy '*' --cacert "$WORK/ca.crt" \
		-T "$WORK/picture" "https://$host/$from-$4" ;;
	ntp) reach "$from" "udp/$addr/123" ;;
	*) return 2 ;;
	esac
}

# flows_count: play them all at once; sets $passed, $played, and
# $not_passed, the names of those that did not.
flows_count() {
	local i=0 line
	local -a pids=() names=()
	while read -r line; do
		# shellcheck disable=SC2086
		flow $line >"$WORK/flow.$i" 2>&1 &
		pids+=($!)
		names+=("$line")
		i=$((i + 1))
	done < <(flow_list)
	played=$i
	passed=0
	not_passed=
	for i in "${!pids[@]}"; do
		if wait "${pids[i]}"; then
			passed=$((passed + 1))
		else
			not_passed+="${names[i]}; "
		fi
	done
}
