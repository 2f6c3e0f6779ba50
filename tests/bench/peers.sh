# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The peers, each with the same policy: a device may send to one port of the
# server, everything else is denied, and a device can be put into quarantine, which
# also ends what is established; guest.sh reads this file.
#
# shellcheck disable=SC2046,SC2154 # some words are several; v and n are world.sh's

# ---- nothing --------------------------------------------------------------

# And what the path to a hook costs that drops all it sees.
bench_forward() {
	world_up
	established forward/established
	gw nft 'add table inet none; add chain inet none f { type filter hook forward priority 0; policy drop; }'
	ruleless forward/deny-rule/drop
}

# Conntrack works where a rule asks for it; this one is in a chain that nobody calls.
track() { gw nft 'add table inet track; add chain inet track unused; add rule inet track unused ct state new'; }

bench_conntrack() {
	world_up
	track
	established forward/established/conntrack
	new forward/new/conntrack
}

bench_xdp() {
	world_up
	result none source/established $(out -d -c "$(packets)")
	"$BENCH" attach "$world-gw" g0 drop
	unlisted xdp/deny-unlisted/drop
	world_up
	"$BENCH" attach "$world-gw" g0 pass
	established xdp/established/pass
	world_up
	"$BENCH" attach "$world-gw" g0 redirect g1
	established xdp/established/redirect
}

# ---- nftables -------------------------------------------------------------

# nft_rules [FLOWTABLE]: with one, established flows go over to it.
nft_rules() {
	local ip=ip addr=ipv4_addr proto='ip protocol' server=10.9.0.2
	if [ "$v" = 6 ]; then ip=ip6 addr=ipv6_addr proto='meta l4proto' server=fd09::2; fi
	echo "table $ip seg {"
	[ $# = 0 ] || echo "flowtable $1 { hook ingress priority 0; devices = { g0, g1 }; }"
	cat <<-EOF
		set quarantine { type $addr; }
		map pol {
		type $addr . $addr . inet_proto . inet_service : verdict
		elements = {
	EOF
	each "%s . $server . udp . $DPORT : accept,\n"
	cat <<-EOF
		}
		}
		chain f {
		type filter hook forward priority 0; policy drop
		$ip saddr @quarantine drop
	EOF
	[ $# = 0 ] || echo "ct state established flow add @$1"
	cat <<-EOF
		ct state established accept
		$ip saddr . $ip daddr . $proto . th dport vmap @pol
		}
		}
	EOF
}

# nft_load [FLOWTABLE]
nft_load() {
	nft_rules "$@" >/run/bench-rules
	gw nft -f /run/bench-rules || die 'nft does not take its rules'
}

bench_nft() {
	world_up
	nft_load
	established nft/established
	new nft/new
	unlisted nft/deny-unlisted
	ruleless nft/deny-rule
}

# Has it joined a group of netfilter's netlink?
hears() { awk '$2 == 12 && $4 !~ /^0*$/ { found = 1 } END { exit !found }' "/proc/$1/net/netlink"; }

# Somebody writes down which sessions there are, as a record of them would be.
bench_nft_events() {
	local reader events=/run/bench-events lost
	world_up
	nft_load
	"$NSRUN" "/run/netns/$world-gw" conntrack -E -e NEW -b 536870912 >$events 2>&1 &
	reader=$!
	until hears $reader; do
		kill -0 $reader || die 'conntrack -E does not start'
		sleep 0.1
	done
	new nft-events/new
	sleep 5
	kill $reader
	wait $reader 2>/dev/null
	lost=$(($(packets) + PACKETS / 4 - $(grep -c NEW $events)))
	note "nft-events: $lost of $(($(packets) + PACKETS / 4)) events were lost"
	rm $events
}

bench_flowtable() {
	world_up
	nft_load ft
	established flowtable/established
}

# ---- iptables with ipset --------------------------------------------------

bench_ipset() {
	local tables=iptables-legacy family=inet server=10.9.0.2
	if [ "$v" = 6 ]; then tables=ip6tables-legacy family=inet6 server=fd09::2; fi
	world_up
	{
		echo "create quarantine hash:ip family $family"
		echo "create pol hash:ip,port,ip family $family hashsize $((n * 2)) maxelem 1000000"
		each "add pol %s,udp:$DPORT,$server\n"
	} | gw ipset restore || die 'ipset does not take its sets'
	gw $tables-restore <<-EOF
		*filter
		:FORWARD DROP
		-A FORWARD -m set --match-set quarantine src -j DROP
		-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
		-A FORWARD -m set --match-set pol src,dst,dst -j ACCEPT
		COMMIT
	EOF
	gw $tables -S FORWARD | grep -q 'match-set pol' || die "$tables does not take its rules"
	established ipset/established
	new ipset/new
	unlisted ipset/deny-unlisted
	ruleless ipset/deny-rule
}

# ---- without state --------------------------------------------------------

bench_flower() {
	local proto=ip server=10.9.0.2 filter
	if [ "$v" = 6 ]; then proto=ipv6 server=fd09::2; fi
	filter="filter add dev g0 ingress protocol $proto pref 1 flower skip_hw src_ip %s"
	filter="$filter dst_ip $server ip_proto udp dst_port $DPORT action pass\n"
	world_up
	{
		echo 'qdisc add dev g0 clsact'
		each "$filter"
		echo "filter add dev g0 ingress protocol $proto pref 2 matchall skip_hw action drop"
	} | tc -n "$world-gw" -batch - || die 'tc does not take its filters'
	established flower/established
	unlisted flower/deny-unlisted
	ruleless flower/deny-rule
}

# It knows sources only, so that no device can be denied a port. Its own command adds
# one address a start: the rest go into its map as it would put them there.
bench_xdp_filter() {
	local map=/sys/fs/bpf/xdp-filter/filter_ipv$v value
	world_up
	gw xdp-filter load -p deny -f "ipv$v" g0 >/dev/null || die 'xdp-filter does not load'
	gw xdp-filter ip -m src "$(n=1 each %s)"
	value=$(bpftool -j map dump pinned "$map" | gojq -r '[.[0].values[0].value[]] | join(" ")')
	each "%s\n" | python3 -I -S -c '
import socket, sys
family = socket.AF_INET6 if sys.argv[1] == "6" else socket.AF_INET
for line in sys.stdin:
    key = " ".join(f"{b:#x}" for b in socket.inet_pton(family, line.strip()))
    print("map update pinned", sys.argv[2], "key", key, "value", sys.argv[3])
' "$v" "$map" "$value" >/run/bench-batch
	bpftool batch file /run/bench-batch >/dev/null || die 'xdp-filter is not filled'
	established xdp-filter/established
	unlisted xdp-filter/deny-unlisted
	gw xdp-filter unload g0
}
