// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libseg's half of BPF: attaching, pins that outlive a process, and records
 * that arrive, folded, and add up to what was denied.
 *
 * usage: pins_test [floor]	floor: this kernel has no kfuncs
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>

#include "ktap.h"
#include "world.h"

static struct seg_handle *handle;

static void check_ok(int err, const char *what)
{
	if (!ktap_check(!err, "%s", what))
		ktap_note("%d: %s", err, seg_strerror(handle));
}

static void check_fails(int err, int want, const char *what, const char *sentence)
{
	if (!ktap_check(err == want && strstr(seg_strerror(handle), sentence), "%s: \"%s\"", what,
			seg_strerror(handle)))
		ktap_note("%d, not %d", err, want);
}

static bool mode_is(const char *ifname, enum seg_xdp_mode mode)
{
	struct seg_xdp_info info;

	return !seg_xdp_query(handle, ifname, &info) && info.mode == mode &&
	       info.attached == (mode != SEG_XDP_NONE);
}

#define LIVE 50 /* packets */

/* A frame into the far end of the veth pair that ends in sim0. */
static void send_frames(const struct packet *p)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_ifindex = if_nametoindex("sim0-p"),
				  .sll_halen = ETH_ALEN };
	int i, fd = socket(AF_PACKET, SOCK_RAW, 0);

	for (i = 0; i < LIVE; i++)
		sendto(fd, p->data, p->len, 0, (struct sockaddr *)&to, sizeof(to));
	close(fd);
}

/* A packet out of the modem. */
static void send_tun(const struct packet *p)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int i, fd = open("/dev/net/tun", O_RDWR);

	strcpy(ifr.ifr_name, "raw0");
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr))
		ktap_bail("raw0: %s", strerror(errno));
	for (i = 0; i < LIVE; i++) {
		if (write(fd, p->data, p->len) < 0)
			break;
	}
	close(fd);
}

struct drops {
	const char *ifname;
	struct seg_iface_stats stats;
};

static int read_drops(const struct seg_iface *iface, void *arg)
{
	struct drops *drops = arg;

	if (iface->ifindex && !strcmp(iface->ifname, drops->ifname))
		drops->stats = iface->stats;
	return 0;
}

/* Packets of an unbound source, through the driver and not a test run. */
static void test_live_on(const char *ifname, bool v4)
{
	struct packet_spec spec = {
		.src = POOL(99), .dst = NET(8), .proto = IPPROTO_TCP, .dport = 80, .tcp_flags = 2
	};
	struct drops before = { .ifname = ifname }, after = { .ifname = ifname };
	struct ifreq ifr = { .ifr_ifindex = 0 };
	bool tun = !strcmp(ifname, "raw0");
	struct packet p;
	int i, fd = socket(AF_INET, SOCK_DGRAM, 0);

	strcpy(ifr.ifr_name, ifname);
	if (ioctl(fd, SIOCGIFHWADDR, &ifr))
		ktap_bail("%s: %s", ifname, strerror(errno));
	close(fd);
	spec.flags = tun ? P_RAW : 0;
	packet_build(&p, &spec, v4, (uint8_t *)ifr.ifr_hwaddr.sa_data);
	seg_iface_list(handle, read_drops, &before);
	if (tun)
		send_tun(&p);
	else
		send_frames(&p);
	for (i = 0; i < 50; i++) {
		seg_iface_list(handle, read_drops, &after);
		if (after.stats.xdp_drop - before.stats.xdp_drop >= LIVE)
			break;
		usleep(20000);
	}
	ktap_check(after.stats.xdp_drop - before.stats.xdp_drop == LIVE &&
			   after.stats.rx - before.stats.rx == LIVE &&
			   after.stats.rx_bytes - before.stats.rx_bytes == LIVE * p.l3_len &&
			   after.stats.guard_drop == before.stats.guard_drop,
		   "%s, %s: the driver's packets are dropped by XDP, and counted", ifname,
		   v4 ? "IPv4" : "IPv6");
}

static void test_live(const char *ifname)
{
	test_live_on(ifname, true);
	test_live_on(ifname, false);
}

static void test_attach(void)
{
	ktap_check(seg_xdp_supported(handle) == 1, "XDP is supported");
	check_ok(seg_xdp_attach(handle, "sim0", SIMSEG_MODE_AUTO), "attach to veth");
	ktap_check(mode_is("sim0", SEG_XDP_NATIVE), "auto is native on veth");
	test_live("sim0");
	check_ok(seg_xdp_attach(handle, "sim0", SIMSEG_MODE_AUTO), "attach once more");
	ktap_check(mode_is("sim0", SEG_XDP_NATIVE), "still native");
	check_ok(seg_xdp_attach(handle, "sim0", SIMSEG_MODE_GENERIC), "change to generic");
	ktap_check(mode_is("sim0", SEG_XDP_GENERIC), "it is generic");
	test_live("sim0");
	check_fails(seg_xdp_attach(handle, "raw0", SIMSEG_MODE_NATIVE), -EOPNOTSUPP,
		    "native on TUN", "use the generic mode");
	ktap_check(mode_is("raw0", SEG_XDP_NONE), "nothing is on TUN");
	check_ok(seg_xdp_attach(handle, "raw0", SIMSEG_MODE_AUTO), "attach to TUN");
	ktap_check(mode_is("raw0", SEG_XDP_GENERIC), "auto is generic on TUN");
	test_live("raw0");
	check_fails(seg_xdp_attach(handle, "lo", SIMSEG_MODE_AUTO), -EOPNOTSUPP, "loopback",
		    "neither Ethernet nor bare IP");
	check_fails(seg_xdp_attach(handle, "nosuch0", SIMSEG_MODE_AUTO), -ENODEV, "no interface",
		    "nosuch0");
	check_ok(seg_xdp_detach(handle, "sim0"), "detach");
	ktap_check(mode_is("sim0", SEG_XDP_NONE), "it is off");
	check_ok(seg_xdp_detach(handle, "sim0"), "detach what is not attached");
	check_ok(seg_xdp_attach(handle, "raw0", SIMSEG_MODE_NONE), "mode none detaches");
	ktap_check(mode_is("raw0", SEG_XDP_NONE), "it is off TUN");
}

/* Is it this program that is attached? The kernel keeps so much of its name. */
static bool program_is(const char *ifname, const char *name)
{
	struct bpf_prog_info info = { 0 };
	struct seg_xdp_info xdp;
	__u32 len = sizeof(info);
	int fd, err;

	if (seg_xdp_query(handle, ifname, &xdp) || !xdp.attached)
		return false;
	fd = bpf_prog_get_fd_by_id(xdp.prog_id);
	if (fd < 0)
		return false;
	err = bpf_obj_get_info_by_fd(fd, &info, &len);
	close(fd);
	return !err && !strcmp(info.name, name);
}

static void test_forward_at(uint8_t forward, const char *name)
{
	check_ok(seg_iface_set(handle, "sim0", SIMSEG_SIDE_SIM, SIMSEG_MODE_AUTO, forward),
		 seg_forward_name(forward));
	check_ok(seg_xdp_attach(handle, "sim0", SIMSEG_MODE_AUTO), "attach after that");
	ktap_check(mode_is("sim0", SEG_XDP_NATIVE) && program_is("sim0", name), "it is %s", name);
}

/* Which program it is follows whether packets are to be sent on at once. */
static void test_forward(void)
{
	test_forward_at(SIMSEG_FORWARD_FORCE, "simseg_xdp");
	test_forward_at(SIMSEG_FORWARD_OFF, "simseg_xdp_sour");
	test_forward_at(SIMSEG_FORWARD_FORCE, "simseg_xdp");
	check_ok(seg_xdp_detach(handle, "sim0"), "detach after that");
}

static bool below(const char *ifname)
{
	struct seg_xdp_info info;

	return !seg_xdp_query(handle, ifname, &info) && info.vlan && info.below && !info.attached;
}

/* One program is enough for an interface and its VLANs; the kernel allows no more. */
static void test_vlan(void)
{
	check_ok(seg_xdp_attach(handle, "trunk0.10", SIMSEG_MODE_AUTO), "attach to a VLAN");
	ktap_check(mode_is("trunk0.10", SEG_XDP_GENERIC), "it is generic there");
	check_ok(seg_xdp_attach(handle, "trunk0", SIMSEG_MODE_AUTO), "attach below it");
	ktap_check(mode_is("trunk0", SEG_XDP_NATIVE), "it is native there");
	ktap_check(below("trunk0.10"), "the VLAN has lost its own");
	check_ok(seg_xdp_attach(handle, "trunk0.10", SIMSEG_MODE_AUTO), "attach to the VLAN again");
	ktap_check(below("trunk0.10"), "it gets none");
	check_ok(seg_xdp_attach(handle, "trunk0", SIMSEG_MODE_GENERIC), "change the mode below it");
	ktap_check(mode_is("trunk0", SEG_XDP_GENERIC), "it is changed");
	check_ok(seg_xdp_detach(handle, "trunk0"), "detach below it");
	ktap_check(!below("trunk0.10"), "the VLAN lacks XDP");
}

/* Behind our back: what `bpftool link detach` and a deleted interface do. */
static void test_behind(void)
{
	check_ok(seg_xdp_attach(handle, "sim0", SIMSEG_MODE_AUTO), "attach again");
	if (system("bpftool link show pinned /sys/fs/bpf/simseg/*/xdp_* | head -1 |"
		   " sed 's/:.*//' >/tmp/simseg-link &&"
		   " bpftool link detach id $(cat /tmp/simseg-link)"))
		ktap_bail("bpftool cannot detach the link");
	ktap_check(mode_is("sim0", SEG_XDP_NONE), "detached by bpftool: it shows");
	check_ok(seg_xdp_attach(handle, "sim0", SIMSEG_MODE_AUTO), "attach over the dead link");
	ktap_check(mode_is("sim0", SEG_XDP_NATIVE), "it is on again");
}

static void shell(const char *command)
{
	if (system(command))
		ktap_bail("failed: %s", command);
}

/* Vanished interfaces: their pins go, and are not in the way of a new one's. */
static void test_vanished(void)
{
	static const char is_pinned[] = "test -e /sys/fs/bpf/simseg/*/xdp_4711";

	seg_xdp_sweep(handle);
	shell("ip link add gone0 index 4711 type veth peer name gone0-p");
	check_ok(seg_xdp_attach(handle, "gone0", SIMSEG_MODE_GENERIC), "attach to gone0");
	ktap_check(seg_xdp_sweep(handle) == 0, "what lives is not swept");
	ktap_check(mode_is("gone0", SEG_XDP_GENERIC), "it is still on");
	shell("ip link del gone0");
	shell("ip link add gone0 index 4711 type veth peer name gone0-p");
	ktap_check(mode_is("gone0", SEG_XDP_NONE), "the same index, a new interface: it is off");
	check_ok(seg_xdp_attach(handle, "gone0", SIMSEG_MODE_GENERIC), "attach over a stale pin");
	ktap_check(mode_is("gone0", SEG_XDP_GENERIC), "it is on");
	shell("ip link del gone0");
	ktap_check(!system(is_pinned), "its pin is left over");
	ktap_check(seg_xdp_sweep(handle) == 1, "and is swept");
	ktap_check(system(is_pinned), "it is gone");
	ktap_check(seg_xdp_sweep(handle) == 0, "once");
}

static void test_floor(void)
{
	ktap_check(seg_xdp_supported(handle) == 0 &&
			   strstr(seg_strerror(handle), "the floor stands alone"),
		   "XDP is not supported: \"%s\"", seg_strerror(handle));
	check_fails(seg_xdp_attach(handle, "sim0", SIMSEG_MODE_AUTO), -EOPNOTSUPP, "attach",
		    "the floor stands alone");
	ktap_check(mode_is("sim0", SEG_XDP_NONE), "nothing is attached");
}

/* What has come through the ring. */
struct heard {
	unsigned int records, folded, mixed;
	uint64_t packets, bytes, last_seq;
	bool ordered, right;
};

static void hear(const struct simseg_record *rec, struct heard *heard)
{
	char iccid[SEG_ICCID_LEN];

	if (rec->kind != SIMSEG_RECORD_DENY)
		return;
	heard->records++;
	heard->packets += rec->denied.packets;
	heard->bytes += rec->denied.bytes;
	heard->folded += !!(rec->flags & SIMSEG_RECORD_F_FOLDED);
	heard->mixed += !!(rec->flags & SIMSEG_RECORD_F_MIXED);
	heard->ordered = heard->ordered && rec->seq > heard->last_seq;
	heard->last_seq = rec->seq;
	heard->right = heard->right && rec->reason == SIMSEG_REASON_NO_RULE && rec->size == 192 &&
		       !strcmp(seg_iccid_unpack(rec->iccid[1], iccid), RTU_ICCID);
}

static int count_no_rule(const struct seg_counter *counter, void *arg)
{
	if (counter->code == SIMSEG_REASON_NO_RULE)
		*(struct seg_counter *)arg = *counter;
	return 0;
}

/* Datagrams from the gateway to the RTU: its policy lists none of them. */
static void send_denied(unsigned int n, unsigned int ports)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned int i;

	inet_pton(AF_INET, "10.64.0.12", &to.sin_addr);
	for (i = 0; i < n; i++) {
		to.sin_port = htons(5000 + i % ports);
		sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
	}
	close(fd);
}

/* All that comes until nothing has come for 100 ms; it stays in the ring. */
static void read_ring(struct seg_ring *ring, struct heard *heard)
{
	const struct simseg_record *rec;
	unsigned int silent;

	for (silent = 0; silent < 10; silent++) {
		while ((rec = seg_ring_next(ring))) {
			hear(rec, heard);
			silent = 0;
		}
		/* what is not committed keeps the ring readable: waiting for it is none */
		usleep(10000);
	}
}

static bool balanced(void)
{
	struct seg_status s;

	if (seg_status_get(handle, &s))
		return false;
	ktap_note("made %llu = delivered %llu + waiting %llu + lost %llu",
		  (unsigned long long)s.records_made, (unsigned long long)s.records_delivered,
		  (unsigned long long)s.records_waiting, (unsigned long long)s.records_lost);
	return s.records_made == s.records_delivered + s.records_waiting + s.records_lost;
}

static unsigned long long made(void)
{
	struct seg_status s;

	if (seg_status_get(handle, &s))
		ktap_bail("status: %s", seg_strerror(handle));
	return s.records_made;
}

/* Waits until @n records were made since there were @since, or 20 seconds. */
static void wait_made(unsigned long long since, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < 200 && made() < since + n; i++)
		usleep(100000);
}

/* What earlier tests had denied is told within two intervals (of 2 seconds). */
static void wait_told(void)
{
	unsigned long long last = made();
	unsigned int i, same = 0;

	for (i = 0; i < 300 && same < 45; i++) {
		usleep(100000);
		same = made() == last ? same + 1 : 0;
		last = made();
	}
}

static struct seg_ring *ring_open(const struct seg_ring_options *options)
{
	struct seg_ring *ring;

	if (seg_ring_open(handle, options, &ring))
		ktap_bail("ring: %s", seg_strerror(handle));
	return ring;
}

static void test_records(void)
{
	unsigned long long told;
	struct seg_counter before = { 0 }, after = { 0 };
	struct heard heard = { .ordered = true, .right = true };
	struct seg_ring *ring, *second;
	unsigned int at_once;

	wait_told();
	ring = ring_open(NULL);
	check_fails(seg_ring_open(handle, NULL, &second), -EBUSY, "a second reader",
		    "another process");
	seg_stats_get(handle, count_no_rule, &before);
	send_denied(3000, 40);
	read_ring(ring, &heard);
	seg_ring_commit(ring);
	at_once = heard.records;
	ktap_check(at_once == 16 && !heard.folded, "a flood makes %u records at once", at_once);

	/* The reader goes; what comes meanwhile is in the pinned ring. */
	told = made();
	seg_ring_close(ring);
	wait_made(told, 17);
	ring = ring_open(NULL);
	read_ring(ring, &heard);
	seg_ring_commit(ring);
	seg_stats_get(handle, count_no_rule, &after);
	ktap_check(heard.records == at_once + 17 && heard.folded == 17 && heard.mixed == 1,
		   "folded: %u records, %u of them mixed", heard.folded, heard.mixed);
	ktap_check(heard.packets == 3000 && after.packets - before.packets == 3000 &&
			   heard.bytes == after.bytes - before.bytes,
		   "records and counters agree: %llu packets, %llu bytes",
		   (unsigned long long)heard.packets, (unsigned long long)heard.bytes);
	ktap_check(heard.ordered, "sequence numbers rise");
	ktap_check(heard.right, "device, reason and size are right");
	seg_ring_close(ring);
	check_ok(seg_ring_unpin(handle), "unpin the ring");
	send_denied(1, 1);
	ktap_check(balanced(), "made == delivered + waiting + lost");
}

/* What is not committed is there again, and takes room until it is. */
static void test_commit(void)
{
	struct heard first = { .ordered = true }, again = { .ordered = true };
	struct seg_ring *ring = ring_open(NULL);
	struct seg_ring_info info, outside;

	wait_told();
	read_ring(ring, &first);
	seg_ring_commit(ring);
	ktap_check(seg_ring_wait(ring, 0) == 0, "after a commit there is nothing to wait for");
	send_denied(16, 16);
	memset(&first, 0, sizeof(first));
	first.ordered = true;
	read_ring(ring, &first);
	seg_ring_info(ring, &info);
	ktap_check(first.records && info.deny_used == first.records * SEG_RING_RECORD &&
			   seg_ring_wait(ring, 0) == 1,
		   "%u denies are read and take %u bytes still", first.records, info.deny_used);
	check_ok(seg_ring_query(handle, &outside), "look at the rings from outside");
	ktap_check(outside.deny_used >= info.deny_used && outside.size == info.size,
		   "it is the same");
	seg_ring_close(ring);
	ring = ring_open(NULL);
	read_ring(ring, &again);
	ktap_check(again.records >= first.records && again.ordered,
		   "a reader that dies before the commit loses none");
	seg_ring_commit(ring);
	seg_ring_info(ring, &info);
	ktap_check(!info.deny_used && !info.used && !info.garbled, "the rings are empty");
	seg_ring_close(ring);
}

/* Sizes are of those that are made; a ring that went is told to its reader. */
static void test_sizes(void)
{
	const struct seg_ring_options small = { .size = 128 << 10, .deny_size = 64 << 10 };
	const struct seg_ring_options odd = { .size = 5000 };
	struct seg_ring *ring, *other;
	struct seg_ring_info info;

	check_fails(seg_ring_open(handle, &odd, &ring), -EINVAL, "an odd size", "power of two");
	check_ok(seg_ring_unpin(handle), "unpin");
	check_fails(seg_ring_query(handle, &info), -ENOENT, "no ring", "nothing takes");
	ring = ring_open(&small);
	seg_ring_info(ring, &info);
	ktap_check(info.size == small.size && info.deny_size == small.deny_size, "as asked for");
	seg_ring_close(ring);
	ring = ring_open(NULL);
	seg_ring_info(ring, &info);
	ktap_check(info.size == small.size, "what is pinned stays");
	ktap_check(seg_ring_live(handle, ring) == 1, "it is alive");
	check_ok(seg_ring_unpin(handle), "unpin it under its reader");
	ktap_check(seg_ring_live(handle, ring) == 0, "it is not any more");
	other = ring_open(NULL);
	ktap_check(seg_ring_live(handle, ring) == 0 && seg_ring_live(handle, other) == 1,
		   "another one is no resurrection");
	seg_ring_close(other);
	seg_ring_close(ring);
	/* as an earlier release left them */
	shell("rm /sys/fs/bpf/simseg/*/denies");
	ring = ring_open(&small);
	seg_ring_info(ring, &info);
	ktap_check(info.size == small.size, "a part of the pins is replaced");
	seg_ring_close(ring);
	check_ok(seg_ring_unpin(handle), "unpin all of it");
}

int main(int argc, char **argv)
{
	bool floor = argc > 1 && !strcmp(argv[1], "floor");

	handle = world_build();
	if (floor) {
		test_floor();
	} else {
		test_attach();
		test_forward();
		test_vlan();
		test_behind();
		test_vanished();
	}
	test_records();
	test_commit();
	test_sizes();
	check_ok(seg_bpf_unpin_all(handle), "unpin everything");
	ktap_check(access("/sys/fs/bpf/simseg", F_OK) || mode_is("sim0", SEG_XDP_NONE),
		   "nothing is left");
	seg_close(handle);
	return ktap_end();
}
