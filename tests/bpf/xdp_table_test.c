// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packet in, verdict out: the XDP programs and the module behind them, by
 * BPF_PROG_TEST_RUN. Each row runs with IPv4 and with IPv6. A drop has to be
 * counted, once, under its reason; a pass must not be counted at all. What the
 * program that looks at sources drops, the other one drops for the same reason.
 *
 * usage: xdp_table_test [nat]	nat: the namespace has NAT hooks
 */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "ktap.h"
#include "world.h"
#include "xdp.skel.h"

#define SYN 0x02
#define ACK 0x10

enum family {
	BOTH,
	V4,
	V6
};

#define PASS SIMSEG_REASON_NONE

/* What is expected. */
#define PASSED		  .want = PASS
#define DROP(word)	  .want = SIMSEG_REASON_##word
#define DROP_SOURCE(word) .want = SIMSEG_REASON_##word, .by_source = true

struct row {
	const char *what;
	const char *dev;
	struct packet_spec spec;
	uint8_t want;	/* PASS, or dropped for that reason */
	bool by_source; /* dropped wherever NAT may send it */
	enum family family;
};

/* Short forms: a TCP SYN, and a datagram of another protocol. */
#define TCP(from, to, port)                                                          \
	.src = from, .dst = to, .proto = IPPROTO_TCP, .sport = 40000, .dport = port, \
	.tcp_flags = SYN
#define OTHER(p, from, to, port) .src = from, .dst = to, .proto = p, .sport = 40000, .dport = port
/* ICMP: type in IPv4, type in IPv6 */
#define ICMP(from, to, t4, t6) \
	.src = from, .dst = to, .proto = IPPROTO_ICMP, .dport = t4, .sport = t6

/* clang-format off: a table is read by its columns. */
static const struct row rows[] = {
	/* rules */
	{ "listed flow", "sim0", { TCP(POOL(11), NET(8), 8883) }, PASSED },
	{ "listed flow, padded frame",
	  "sim0",
	  { TCP(POOL(11), NET(8), 8883), .flags = P_PADDED },
	  PASSED },
	{ "port not listed", "sim0", { TCP(POOL(11), NET(8), 8884) }, DROP(NO_RULE) },
	{ "port not listed, padded frame",
	  "sim0",
	  { TCP(POOL(11), NET(8), 8884), .flags = P_PADDED },
	  DROP(NO_RULE) },
	{ "peer not listed", "sim0", { TCP(POOL(11), NET(7), 8883) }, DROP(NO_RULE) },
	{ "protocol not listed: UDP",
	  "sim0",
	  { OTHER(IPPROTO_UDP, POOL(11), NET(8), 8883) },
	  DROP(NO_RULE) },
	{ "protocol not listed: UDP-Lite",
	  "sim0",
	  { OTHER(IPPROTO_UDPLITE, POOL(11), NET(8), 8883) },
	  DROP(NO_RULE) },
	{ "protocol not listed: SCTP",
	  "sim0",
	  { OTHER(IPPROTO_SCTP, POOL(11), NET(8), 8883) },
	  DROP(NO_RULE) },
	{ "protocol not listed: DCCP",
	  "sim0",
	  { OTHER(IPPROTO_DCCP, POOL(11), NET(8), 8883) },
	  DROP(NO_RULE) },
	{ "protocol not listed: GRE",
	  "sim0",
	  { OTHER(IPPROTO_GRE, POOL(11), NET(8), 8883) },
	  DROP(NO_RULE) },
	{ "protocol not listed: ESP",
	  "sim0",
	  { OTHER(IPPROTO_ESP, POOL(11), NET(8), 8883) },
	  DROP(NO_RULE) },
	{ "TCP in the middle of no session",
	  "sim0",
	  { OTHER(IPPROTO_TCP, POOL(11), NET(8), 8883), .tcp_flags = ACK },
	  DROP(NOT_FIRST) },
	{ "listed, from the peer", "net0", { TCP(NET(5), POOL(12), 2404) }, PASSED },
	{ "another port, from the peer", "net0", { TCP(NET(5), POOL(12), 22) }, DROP(NO_RULE) },
	{ "another peer", "net0", { TCP(NET(66), POOL(12), 2404) }, DROP(NO_RULE) },
	{ "device to device", "sim0", { TCP(POOL(11), POOL(12), 2404) }, DROP(NO_RULE) },
	{ "device without a policy", "sim0", { TCP(POOL(15), NET(8), 8883) }, DROP(NO_POLICY) },

	/* addresses */
	{ "unbound source", "sim0", { TCP(POOL(99), NET(8), 8883) }, DROP_SOURCE(UNBOUND) },
	{ "unbound destination", "net0", { TCP(NET(5), POOL(99), 2404) }, DROP(UNBOUND) },
	{ "source outside every pool",
	  "sim0",
	  { TCP(OUTSIDE(1), NET(8), 8883) },
	  DROP_SOURCE(SPOOFED) },
	{ "source of a device elsewhere",
	  "sim0",
	  { TCP(POOL(12), NET(5), 2404) },
	  DROP_SOURCE(SPOOFED) },
	{ "device's source on the net side",
	  "net0",
	  { TCP(POOL(11), NET(8), 8883) },
	  DROP_SOURCE(SPOOFED) },
	{ "unbound source on the net side",
	  "net0",
	  { TCP(POOL(99), NET(8), 8883) },
	  DROP_SOURCE(SPOOFED) },
	{ "not governed", "net0", { TCP(NET(5), NET(8), 80) }, PASSED },
	{ "to the gateway", "sim0", { TCP(POOL(11), POOL(1), 22) }, PASSED },
	{ "to the gateway, spoofed", "sim0", { TCP(POOL(12), POOL(1), 22) }, DROP_SOURCE(SPOOFED) },
	{ "to the gateway from the net side", "net0", { TCP(NET(5), POOL(1), 22) }, PASSED },

	/* quarantine */
	{ "from a quarantined device",
	  "sim0",
	  { TCP(POOL(13), NET(8), 8883) },
	  DROP_SOURCE(QUARANTINED) },
	{ "to a quarantined device", "net0", { TCP(NET(8), POOL(13), 80) }, DROP(QUARANTINED) },
	{ "quarantined, to the responder", "sim0", { TCP(POOL(14), NET(9), 80) }, PASSED },
	{ "quarantined, from the responder", "net0", { TCP(NET(9), POOL(14), 80) }, PASSED },
	{ "quarantined, not the responder",
	  "sim0",
	  { TCP(POOL(14), NET(8), 8883) },
	  DROP(QUARANTINED) },

	/* ICMP */
	{ "listed echo request", "sim1", { ICMP(POOL(12), NET(5), 8, 128) }, PASSED },
	{ "echo request not listed", "sim0", { ICMP(POOL(11), NET(5), 8, 128) }, DROP(NO_RULE) },
	{ "echo reply of no session", "net0", { ICMP(NET(5), POOL(12), 0, 129) }, DROP(UNRELATED) },
	{ "ICMP error: unreachable", "net0", { ICMP(NET(5), POOL(12), 3, 1) }, PASSED },
	{ "ICMP error: too big, redirect", "net0", { ICMP(NET(5), POOL(12), 5, 2) }, PASSED },
	{ "ICMP error: time exceeded", "net0", { ICMP(NET(5), POOL(12), 11, 3) }, PASSED },
	{ "ICMP error: parameter", "net0", { ICMP(NET(5), POOL(12), 12, 4) }, PASSED },
	{ "ICMP of another type", "sim0", { ICMP(POOL(11), NET(5), 13, 140) }, PASSED },

	/* link control */
	{ "neighbour solicitation",
	  "sim0",
	  { ICMP(POOL(99), POOL(1), 8, 135) },
	  PASSED,
	  .family = V6 },
	{ "neighbour solicitation from far",
	  "sim0",
	  { ICMP(POOL(99), POOL(1), 8, 135), .flags = P_FAR },
	  PASSED,
	  .family = V6 },
	{ "multicast listener report",
	  "sim0",
	  { ICMP(POOL(99), POOL(1), 8, 143), .ext = 1 },
	  PASSED,
	  .family = V6 },
	{ "IGMP", "sim0", { OTHER(IPPROTO_IGMP, POOL(99), NET(1), 0) }, PASSED, .family = V4 },
	{ "DHCP",
	  "sim0",
	  { .src = POOL(99), .dst = NET(1), .proto = IPPROTO_UDP, .sport = 68, .dport = 67 },
	  PASSED,
	  .family = V4 },
	{ "DHCPv6",
	  "sim0",
	  { .src = POOL(99), .dst = NET(1), .proto = IPPROTO_UDP, .sport = 546, .dport = 547 },
	  PASSED,
	  .family = V6 },
	{ "DHCP's ports the wrong way",
	  "sim0",
	  { .src = POOL(99), .dst = NET(1), .proto = IPPROTO_UDP, .sport = 67, .dport = 67 },
	  DROP_SOURCE(UNBOUND) },

	/* what cannot be placed */
	{ "first fragment", "sim0", { TCP(POOL(99), NET(8), 1), .flags = P_FRAG_FIRST }, PASSED },
	{ "later fragment", "sim0", { TCP(POOL(99), NET(8), 1), .flags = P_FRAG_LATER }, PASSED },
	{ "IPv4 options, IPv6 routing header",
	  "sim0",
	  { TCP(POOL(99), NET(8), 1), .flags = P_OPTIONS },
	  PASSED },
	{ "authentication header",
	  "sim0",
	  { TCP(POOL(99), NET(8), 1), .flags = P_AH },
	  PASSED,
	  .family = V6 },
	{ "one extension header",
	  "sim0",
	  { TCP(POOL(99), NET(8), 1), .ext = 1 },
	  DROP_SOURCE(UNBOUND),
	  .family = V6 },
	{ "four extension headers",
	  "sim0",
	  { TCP(POOL(11), NET(8), 1), .ext = 4 },
	  DROP(NO_RULE),
	  .family = V6 },
	{ "five extension headers",
	  "sim0",
	  { TCP(POOL(11), NET(8), 1), .ext = 5 },
	  PASSED,
	  .family = V6 },
	{ "not IP", "sim0", { TCP(POOL(99), NET(8), 1), .flags = P_NOT_IP }, PASSED },
	{ "another's hardware address",
	  "sim0",
	  { TCP(POOL(99), NET(8), 1), .flags = P_OTHER_MAC },
	  PASSED },
	{ "broadcast frame", "sim0", { TCP(POOL(99), NET(8), 1), .flags = P_BROADCAST }, PASSED },
	{ "mapped addresses on the wire",
	  "sim0",
	  { TCP(POOL(11), NET(7), 1), .flags = P_MAPPED },
	  PASSED,
	  .family = V6 },

	/* headers that lie */
	{ "length beyond the frame",
	  "sim0",
	  { TCP(POOL(99), NET(8), 1), .flags = P_LEN_LONG },
	  PASSED },
	{ "length within the header",
	  "sim0",
	  { TCP(POOL(99), NET(8), 1), .flags = P_LEN_SHORT },
	  PASSED },
	{ "wrong version", "sim0", { TCP(POOL(99), NET(8), 1), .flags = P_VERSION }, PASSED },
	{ "header length too small",
	  "sim0",
	  { TCP(POOL(99), NET(8), 1), .flags = P_IHL },
	  PASSED,
	  .family = V4 },
	{ "TCP offset too small",
	  "sim0",
	  { TCP(POOL(99), NET(8), 1), .flags = P_DOFF_SHORT },
	  PASSED },
	{ "TCP offset beyond the packet",
	  "sim0",
	  { TCP(POOL(99), NET(8), 1), .flags = P_DOFF_LONG },
	  PASSED },

	/* VLANs */
	{ "VLAN, listed",
	  "trunk0",
	  { TCP(POOL(16), NET(8), 8883), .vlan = 10, .flags = P_TAG },
	  PASSED },
	{ "VLAN, not listed",
	  "trunk0",
	  { TCP(POOL(16), NET(8), 22), .vlan = 10, .flags = P_TAG },
	  DROP(NO_RULE) },
	{ "VLAN, source of a device elsewhere",
	  "trunk0",
	  { TCP(POOL(11), NET(8), 8883), .vlan = 10, .flags = P_TAG },
	  DROP_SOURCE(SPOOFED) },
	{ "VLAN without a device",
	  "trunk0",
	  { TCP(POOL(99), NET(8), 22), .vlan = 11, .flags = P_TAG },
	  PASSED },
	{ "priority tag", "trunk0", { TCP(POOL(99), NET(8), 22), .flags = P_TAG }, PASSED },
	{ "two tags", "trunk0", { TCP(POOL(99), NET(8), 22), .vlan = 10, .flags = P_TAG2 }, PASSED },
	{ "untagged, where tags may be hidden", "hide0", { TCP(POOL(99), NET(8), 22) }, PASSED },
	{ "tagged, where an outer tag may be hidden",
	  "hide0",
	  { TCP(POOL(16), NET(8), 22), .vlan = 10, .flags = P_TAG },
	  PASSED },
	{ "VLAN, on an interface without any",
	  "sim0",
	  { TCP(POOL(99), NET(8), 22), .vlan = 10, .flags = P_TAG },
	  PASSED },

	/* bare IP */
	{ "bare IP, listed", "raw0", { TCP(POOL(17), NET(8), 8883), .flags = P_RAW }, PASSED },
	{ "bare IP, not listed",
	  "raw0",
	  { TCP(POOL(17), NET(8), 22), .flags = P_RAW },
	  DROP(NO_RULE) },
	{ "bare IP, unbound source",
	  "raw0",
	  { TCP(POOL(99), NET(8), 22), .flags = P_RAW },
	  DROP_SOURCE(UNBOUND) },
	{ "bare IP, wrong version",
	  "raw0",
	  { TCP(POOL(99), NET(8), 22), .flags = P_RAW | P_VERSION },
	  PASSED },
};
/* clang-format on */

static struct seg_handle *handle;
static bool nat;
static bool by_source;	  /* the program that looks at sources runs */
static int prog_fd[2][2]; /* that one or not; Ethernet, bare IP */

/* Every counter, to compare before and after. */
struct counters {
	uint64_t packets[__SIMSEG_REASON_MAX];
	uint64_t bytes[__SIMSEG_REASON_MAX];
	uint64_t xdp_drop;
	uint64_t xdp_drop_bytes;
	const char *dev;
};

static int one_counter(const struct seg_counter *counter, void *arg)
{
	struct counters *c = arg;

	c->packets[counter->code] = counter->packets;
	c->bytes[counter->code] = counter->bytes;
	return 0;
}

static int one_iface(const struct seg_iface *iface, void *arg)
{
	struct counters *c = arg;

	if (iface->ifindex && !strcmp(iface->ifname, c->dev)) {
		c->xdp_drop = iface->stats.xdp_drop;
		c->xdp_drop_bytes = iface->stats.xdp_drop_bytes;
	}
	return 0;
}

static void counters_read(struct counters *c, const struct row *row)
{
	memset(c, 0, sizeof(*c));
	c->dev = row->spec.flags & P_TAG && !strcmp(row->dev, "trunk0") ? "trunk0.10" : row->dev;
	if (seg_stats_get(handle, one_counter, c) || seg_iface_list(handle, one_iface, c))
		ktap_bail("counters: %s", seg_strerror(handle));
}

/* Has exactly this reason been counted, and nothing else? */
static bool counters_moved(const struct counters *a, const struct counters *b, uint8_t want,
			   size_t bytes)
{
	int i;

	for (i = 0; i < __SIMSEG_REASON_MAX; i++) {
		uint64_t n = i == want && want != PASS;

		if (b->packets[i] - a->packets[i] == n && b->bytes[i] - a->bytes[i] == n * bytes)
			continue;
		ktap_note("%s: %llu packets, %llu bytes", seg_reason_name(i),
			  (unsigned long long)(b->packets[i] - a->packets[i]),
			  (unsigned long long)(b->bytes[i] - a->bytes[i]));
		return false;
	}
	if (b->xdp_drop - a->xdp_drop == (want != PASS) &&
	    b->xdp_drop_bytes - a->xdp_drop_bytes == (want != PASS ? bytes : 0))
		return true;
	ktap_note("%s: %llu XDP drops", a->dev, (unsigned long long)(b->xdp_drop - a->xdp_drop));
	return false;
}

static void hardware_address(const char *dev, uint8_t mac[6])
{
	struct ifreq ifr = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	strncpy(ifr.ifr_name, dev, IFNAMSIZ - 1);
	if (ioctl(fd, SIOCGIFHWADDR, &ifr))
		ktap_bail("%s: %s", dev, strerror(errno));
	memcpy(mac, ifr.ifr_hwaddr.sa_data, 6);
	close(fd);
}

/* What the program returns for the packet's first @len bytes. */
static int run(const struct row *row, const struct packet *p, size_t len)
{
	struct xdp_md ctx = { .data_end = len, .ingress_ifindex = if_nametoindex(row->dev) };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = p->data, .data_size_in = len,
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = 1);
	int err = bpf_prog_test_run_opts(prog_fd[by_source][!!(row->spec.flags & P_RAW)], &opts);

	if (err)
		ktap_bail("test run on %s: %s", row->dev, strerror(-err));
	return opts.retval;
}

/* Not allowed to send, wherever to? */
static bool source_denied(const struct row *row)
{
	return row->by_source ||
	       (row->want == SIMSEG_REASON_QUARANTINED && row->spec.src == POOL(14));
}

static uint8_t expected(const struct row *row)
{
	if (by_source && !source_denied(row))
		return PASS;
	return nat && !row->by_source ? PASS : row->want;
}

static void run_row(const struct row *row, bool v4)
{
	uint8_t mac[6], want = expected(row);
	struct counters before, after;
	struct packet p;
	int action;
	bool good;

	hardware_address(row->dev, mac);
	packet_build(&p, &row->spec, v4, mac);
	counters_read(&before, row);
	action = run(row, &p, p.len);
	counters_read(&after, row);
	good = action == (want == PASS ? XDP_PASS : XDP_DROP);
	if (!good)
		ktap_note("action %d", action);
	good = counters_moved(&before, &after, want, p.l3_len) && good;
	ktap_check(good, "%s%s, %s: %s", by_source ? "by source: " : "", row->what,
		   v4 ? "IPv4" : "IPv6", want == PASS ? "pass" : seg_reason_name(want));
}

static void run_rows(void)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].family != V6)
			run_row(&rows[i], true);
		if (rows[i].family != V4)
			run_row(&rows[i], false);
	}
}

/* A packet that would be dropped passes wherever it is cut off. */
static void run_truncated(const char *what, const char *dev, uint8_t proto, uint32_t flags, bool v4)
{
	struct row row = {
		what, dev,   { OTHER(proto, POOL(99), NET(8), 1), .vlan = 10, .flags = flags },
		PASS, false, BOTH
	};
	struct packet p;
	uint8_t mac[6];
	size_t len, passed = 0;

	if (proto == IPPROTO_ICMP)
		row.spec.sport = 128, row.spec.dport = 8;
	hardware_address(dev, mac);
	packet_build(&p, &row.spec, v4, mac);
	/* BPF_PROG_TEST_RUN takes no less than an Ethernet header. */
	for (len = 14; len < p.l3_end; len++)
		passed += run(&row, &p, len) == XDP_PASS;
	ktap_check(passed == p.l3_end - 14 && run(&row, &p, p.l3_end) == XDP_DROP,
		   "%s, %s, cut off at every length: %zu of %zu passed", what, v4 ? "IPv4" : "IPv6",
		   passed, p.l3_end - 14);
}

static void run_all_truncated(void)
{
	int v4;

	for (v4 = 1; v4 >= 0; v4--) {
		run_truncated("TCP", "sim0", IPPROTO_TCP, 0, v4);
		run_truncated("UDP", "sim0", IPPROTO_UDP, 0, v4);
		run_truncated("ICMP echo", "sim0", IPPROTO_ICMP, 0, v4);
		run_truncated("VLAN", "trunk0", IPPROTO_TCP, P_TAG, v4);
		run_truncated("bare IP", "raw0", IPPROTO_TCP, P_RAW, v4);
	}
}

/* Disarmed, what was dropped for its source passes, uncounted. */
static void run_disarmed(void)
{
	struct row row = { "disarmed", "sim0", { TCP(POOL(99), NET(8), 1) }, PASS, true, BOTH };

	if (seg_disarm(handle))
		ktap_bail("disarm: %s", seg_strerror(handle));
	run_row(&row, true);
	run_row(&row, false);
	if (seg_arm(handle))
		ktap_bail("arm: %s", seg_strerror(handle));
	row.what = "armed again";
	row.want = SIMSEG_REASON_UNBOUND;
	run_row(&row, true);
	run_row(&row, false);
}

/* The same packet, before and after its device is quarantined: the next one is dropped. */
static void run_quarantine(void)
{
	struct row row = {
		"to be quarantined", "sim0", { TCP(POOL(11), NET(8), 8883) }, PASS, true, BOTH
	};
	const char *iccid = METER_ICCID;
	struct seg_quarantine quarantine = { .iccids = &iccid, .n = 1 };

	run_row(&row, true);
	run_row(&row, false);
	if (seg_quarantine(handle, &quarantine, NULL))
		ktap_bail("quarantine: %s", seg_strerror(handle));
	row.what = "quarantined";
	row.want = SIMSEG_REASON_QUARANTINED;
	run_row(&row, true);
	run_row(&row, false);
	if (seg_release(handle, &iccid, 1))
		ktap_bail("release: %s", seg_strerror(handle));
	row.what = "released";
	row.want = PASS;
	run_row(&row, true);
	run_row(&row, false);
}

static void load(bool source, int raw)
{
	struct xdp_bpf *skel = xdp_bpf__open();

	if (!skel)
		ktap_bail("cannot open the programs");
	skel->rodata->simseg_raw_ip = raw;
	if (xdp_bpf__load(skel))
		ktap_bail("cannot load the programs: %s", strerror(errno));
	prog_fd[source][raw] =
		bpf_program__fd(source ? skel->progs.simseg_xdp_source : skel->progs.simseg_xdp);
}

static void run_program(bool source)
{
	by_source = source;
	load(source, 0);
	load(source, 1);
	run_rows();
	run_all_truncated();
	run_disarmed();
	run_quarantine();
}

int main(int argc, char **argv)
{
	nat = argc > 1 && !strcmp(argv[1], "nat");
	handle = world_build();
	run_program(false);
	run_program(true);
	seg_close(handle);
	return ktap_end();
}
