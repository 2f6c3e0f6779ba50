#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml-long
#
# Tunnels that end on the gateway: GRE with a device behind it, as an operator
# hands over an APN, WireGuard and IPsec with a control centre at the far end.
# What comes out of them is judged as what it is, once.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/tally.sh
. "$TOP/tests/netns/tally.sh"

POLICY_OF=([d1]=talker [d2]=talker)

policies() {
	cat <<-EOF
		  talker:
		    out:
		      - { label: telemetry, proto: udp, port: 5000, to: masters }
		      - { label: centre, proto: udp, port: 5000, to: [10.30.0.5, "fd30::5", 10.31.0.5, "fd31::5"] }
		    in:
		      - { label: poll, proto: udp, port: 6000, from: [10.30.0.5, "fd30::5", 10.31.0.5, "fd31::5"] }
	EOF
}

family() { case $1 in *:*) echo 6 ;; *) echo 4 ;; esac }

# opens COMMAND...: one session more, by one packet of which a rule allows.
opens() { dropped rule 1 "$@"; }

# centre SENTENCE ADDRESS: d1 and the control centre at that address of SCADA.
centre() {
	local a=$2 what d1
	what="$1, IPv$(family "$a")"
	d1=$(addr "$(family "$a")" d1)
	check "$what: d1 reaches the centre" opens reach d1 "udp/$a/5000"
	check "$what: not on another port" silent d1 "udp/$a/6000"
	check "$what: the centre reaches d1" opens reach scada -s "$a" "udp/$d1/6000"
	check "$what: not on another port" silent scada -s "$a" "udp/$d1/5000"
	check "$what: a denied packet is one drop" dropped no-rule 1 once "$a" "$d1" 5000
	check "$what: 3000 bytes" big "$a" "$d1"
}

# once SOURCE TO PORT: one datagram of SCADA.
once() { echo x | on scada socat -u - "udp:$(bracketed "$2"):$3,bind=$(bracketed "$1")"; }
bracketed() { case $1 in *:*) echo "[$1]" ;; *) echo "$1" ;; esac }
big() {
	: >"$WORK/d1.log"
	head -c 3000 /dev/zero |
		on scada socat -b 4000 -u - "udp:$(bracketed "$2"):6000,bind=$(bracketed "$1")"
	wait_for 3 grep -q '3000 bytes' "$WORK/d1.log"
}

# The same with an address that belongs to a device: nobody may bring that.
forged() {
	local what="$1, IPv$2" d1 d2
	d1=$(addr "$2" d1) d2=$(addr "$2" d2)
	on scada ip address add "$d2/$([ "$2" = 4 ] && echo 32 || echo 128)" dev lo
	check "$what: a device's address out of the tunnel" dropped spoofed 1 once "$d2" "$d1" 6000
	on scada ip address flush to "$d2" dev lo
}

# ---- GRE: a device is at the far end ---------------------------------------------

# The operator is the attacker's host; d2 is behind it.
gre_up() {
	modprobe -q ip_gre
	ip link add wwan20 type gre local 10.20.0.1 remote 10.20.0.66 ttl 64 || return
	ip -batch - <<-EOF || return
		link set wwan20 addrgenmode none up
		address add fd63::1/128 dev wwan20 nodad
		route replace 10.64.0.12/32 dev wwan20 src 192.0.2.1
		route replace fd64::12/128 dev wwan20 src fd63::1
	EOF
	on attacker ip link add apn type gre local 10.20.0.66 remote 10.20.0.1 ttl 64 || return
	ns_setup attacker <<-EOF
		link set apn addrgenmode none up
		address add 10.64.0.12/32 dev apn
		address add fd64::12/128 dev apn nodad
		address add 10.64.0.99/32 dev apn
		address add fd64::99/128 dev apn nodad
		route add 10.20.0.5/32 dev apn src 10.64.0.12
		route add fd20::5/128 dev apn src fd64::12
	EOF
	seg bind "${ICCID[d2]}" 10.64.0.12 dev wwan20 && seg bind "${ICCID[d2]}" fd64::12 dev wwan20
}

test_gre() {
	local v d2 scada
	check 'GRE: a device behind a tunnel' gre_up
	for v in 4 6; do
		d2=$(addr "$v" d2) scada=$(addr "$v" scada)
		check "GRE, IPv$v: d2 reaches SCADA" opens reach attacker -s "$d2" "udp/$scada/5000"
		check "GRE, IPv$v: not on another port" silent attacker -s "$d2" "udp/$scada/6000"
		check "GRE, IPv$v: not with an address of nobody" \
			silent attacker -s "${d2%12}99" "udp/$scada/5000"
		seg quarantine "${ICCID[d2]}" --reason test >/dev/null
		check "GRE, IPv$v: not in quarantine" silent attacker -s "$d2" "udp/$scada/5000"
		seg release "${ICCID[d2]}" --reason test >/dev/null
	done
	check 'GRE: the address of the device from outside of the tunnel' dropped spoofed 1 \
		raw attacker rawsend udp 10.64.0.12 10.64.0.11 5000 6000
	check 'the counters add up' identity_settles
	ip link del wwan20
	on attacker ip link del apn
}

# ---- WireGuard and IPsec: the centre is at the far end -----------------------------

wg_up() {
	local here there
	here=$(wg genkey) there=$(wg genkey)
	modprobe -q wireguard
	ip link add vpn0 type wireguard && on scada ip link add vpn0 type wireguard || return
	wg set vpn0 listen-port 51820 private-key <(echo "$here") peer "$(wg pubkey <<<"$there")" \
		endpoint 10.20.0.5:51820 allowed-ips 0.0.0.0/0,::/0 || return
	on scada wg set vpn0 listen-port 51820 private-key <(echo "$there") \
		peer "$(wg pubkey <<<"$here")" endpoint 10.20.0.1:51820 allowed-ips 0.0.0.0/0,::/0 || return
	ip -batch - <<-EOF || return
		link set vpn0 up
		route add 10.30.0.0/24 dev vpn0
		route add fd30::/64 dev vpn0
	EOF
	ns_setup scada <<-EOF
		link set vpn0 up
		address add 10.30.0.5/24 dev vpn0
		address add fd30::5/64 dev vpn0 nodad
		route add 10.64.0.0/16 dev vpn0
		route add fd64::/48 dev vpn0
	EOF
}

wg_down() {
	ip link del vpn0 && on scada ip link del vpn0
}

# sa WHO SRC DST SPI: one direction of an ESP tunnel.
sa() {
	on "$1" ip xfrm state add src "$2" dst "$3" proto esp spi "$4" reqid 1 mode tunnel \
		enc 'cbc(aes)' 0x000102030405060708090a0b0c0d0e0f \
		auth-trunc 'hmac(sha256)' "0x$(printf '%064d' "$4")" 128
}
# sp WHO DIR SRC DST OUTER-SRC OUTER-DST
sp() {
	on "$1" ip xfrm policy add dir "$2" src "$3" dst "$4" \
		tmpl src "$5" dst "$6" proto esp reqid 1 mode tunnel
}

# The centre's network and the pool, between SCADA and the gateway.
esp_up() {
	local centre=$1 pool=$2 there=$3 here=$4 who
	for who in gw scada; do
		sa "$who" "$there" "$here" 0x1001 && sa "$who" "$here" "$there" 0x1002 || return
	done
	sp scada out "$centre" "$pool" "$there" "$here" && sp scada in "$pool" "$centre" "$here" "$there" &&
		sp gw in "$centre" "$pool" "$there" "$here" && sp gw fwd "$centre" "$pool" "$there" "$here" &&
		sp gw out "$pool" "$centre" "$here" "$there"
}

esp_routes() {
	ip route add 10.31.0.0/24 via 10.20.0.5
	ip route add fd31::/64 via fd20::5
	on scada ip address add 10.31.0.5/32 dev lo
	on scada ip route add 10.64.0.0/16 via 10.20.0.1 src 10.31.0.5
	on scada ip address add fd31::5/128 dev lo
	on scada ip route add fd64::/48 via fd20::1 src fd31::5
	echo 0 >/proc/sys/net/ipv4/conf/net0/disable_policy
}

test_wireguard() {
	check 'WireGuard: a tunnel to the centre' wg_up
	centre WireGuard 10.30.0.5
	centre WireGuard fd30::5
	forged WireGuard 4
	forged WireGuard 6
	check 'the counters add up' identity_settles
	check 'it goes' wg_down
}

test_ipsec() {
	modprobe -aq esp4 esp6
	check 'IPsec: a tunnel to the centre, v4' esp_up 10.31.0.0/24 10.64.0.0/16 10.20.0.5 10.20.0.1
	check 'IPsec: a tunnel to the centre, v6' esp_up fd31::/64 fd64::/48 fd20::5 fd20::1
	esp_routes
	centre IPsec 10.31.0.5
	centre IPsec fd31::5
	check 'it is encrypted' test "$(ip -s xfrm state | grep -c '[1-9][0-9]*(packets)')" -ge 4
	check 'the counters add up' identity_settles
}

topology_up d1 d2 scada attacker
for who in d1 scada; do
	background "$who" probe serve -l "$WORK/$who.log" udp/5000 udp/6000 >/dev/null
done
nft flush chain inet gateway nat
check 'the module and its ruleset' govern "$(policies | ruleset)"
test_gre
test_wireguard
test_ipsec
check 'the module unloads' unload
finish
