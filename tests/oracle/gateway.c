// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A gateway: a namespace with TUN links, routes, and nothing to say for itself.
 * What is delivered to it is logged; what it makes itself is dropped before
 * anybody judges it: no answer, error or report of the kernel's mixes with what
 * is measured.
 */
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <netinet/ether.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "tests/tools/net.h"
#include "inject.h"

/* Of every link: what is sent to it, and where it sends to. */
static const char link_mac[] = "02:00:00:00:00:02";

#define LOG_GROUP 1
#define LOG_ROOM  65536

/*
 * TUN has no MAC and no neighbours: with these off, IPv6 has nothing to send.
 * Time does not pass in a scenario, so nothing may run out while it lasts; on a
 * slow machine it takes longer than ten seconds.
 */
static const char *const sysctls[][2] = {
	{ "ipv4/conf/all/forwarding", "1" },
	{ "ipv4/conf/all/rp_filter", "0" },
	{ "ipv4/conf/default/rp_filter", "0" },
	{ "ipv4/conf/all/send_redirects", "0" },
	{ "ipv4/conf/default/send_redirects", "0" },
	{ "ipv6/conf/all/forwarding", "1" },
	{ "ipv6/conf/default/addr_gen_mode", "1" },
	{ "ipv6/conf/default/accept_dad", "0" },
	{ "ipv6/conf/default/accept_ra", "0" },
	{ "netfilter/nf_conntrack_tcp_loose", "0" },
	{ "netfilter/nf_conntrack_tcp_timeout_close", "3600" },
	{ "netfilter/nf_conntrack_tcp_timeout_close_wait", "3600" },
	{ "netfilter/nf_conntrack_tcp_timeout_fin_wait", "3600" },
	{ "netfilter/nf_conntrack_tcp_timeout_last_ack", "3600" },
	{ "netfilter/nf_conntrack_tcp_timeout_max_retrans", "3600" },
	{ "netfilter/nf_conntrack_tcp_timeout_syn_recv", "3600" },
	{ "netfilter/nf_conntrack_tcp_timeout_syn_sent", "3600" },
	{ "netfilter/nf_conntrack_tcp_timeout_time_wait", "3600" },
	{ "netfilter/nf_conntrack_tcp_timeout_unacknowledged", "3600" },
	{ "netfilter/nf_conntrack_udp_timeout", "3600" },
	{ "netfilter/nf_conntrack_udp_timeout_stream", "3600" },
	{ "netfilter/nf_conntrack_icmp_timeout", "3600" },
	{ "netfilter/nf_conntrack_icmpv6_timeout", "3600" },
	{ "netfilter/nf_conntrack_generic_timeout", "3600" },
};

/* Before simseg has its say about output, and after it about input. */
static const char quiet[] = "table inet harness {\n"
			    "	chain made {\n"
			    "		type filter hook output priority -500; policy drop;\n"
			    "	}\n"
			    "	chain delivered {\n"
			    "		type filter hook input priority 500;\n"
			    "		log prefix \"self\" group 1\n"
			    "	}\n"
			    "}\n";

static void set_sysctl(const char *name, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		die("%s", path);
	close(fd);
}

/* Who may wait for room gives a TAP device its packets before there is an skb. */
static int tun_open(const char *name, bool ethernet)
{
	struct ifreq ifr = { .ifr_flags = (ethernet ? IFF_TAP : IFF_TUN) | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | (ethernet ? 0 : O_NONBLOCK));

	if (fd < 0)
		die("/dev/net/tun");
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &ifr))
		die("%s", name);
	return fd;
}

/*
 * Without ARP every neighbour has the link's own address: nobody is asked for one. A
 * packet of @w's, whatever its length, fits.
 */
static void link_up(const struct gateway *g, const char *name, FILE *ip)
{
	if (g->ethernet)
		fprintf(ip, "link set %s address %s arp off mtu %d up\n", name, link_mac,
			PACKET_MAX - 1 - ETH_HLEN);
	else
		fprintf(ip, "link set %s mtu %d up\n", name, PACKET_MAX - 1);
}

static void run_ip(const struct world *w, const struct gateway *g, const char *batch)
{
	FILE *ip = popen("ip -batch - >&2", "w");
	size_t i;
	int rc;

	if (!ip)
		die("ip");
	fputs("link set lo up\n", ip);
	for (i = 0; i < w->n_links; i++)
		link_up(g, w->links[i].name, ip);
	fputs(batch, ip);
	rc = pclose(ip);
	if (rc) {
		errno = 0;
		die("ip -batch ended with status %d", rc);
	}
}

/* One message of NFLOG's: an attribute of @len bytes about LOG_GROUP. */
static void log_config(int fd, uint16_t type, const void *value, size_t len)
{
	struct {
		struct nlmsghdr nlh;
		struct nfgenmsg nfg;
		struct nfattr attr;
		uint8_t value[16];
	} msg = {
		.nlh.nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG,
		.nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		.nlh.nlmsg_len = NLMSG_LENGTH(sizeof(struct nfgenmsg)) + NFA_SPACE(len),
		.nfg.res_id = htons(LOG_GROUP),
		.attr.nfa_len = NFA_LENGTH(len),
		.attr.nfa_type = type,
	};
	uint8_t reply[512];
	const struct nlmsgerr *err = NLMSG_DATA((struct nlmsghdr *)reply);

	memcpy(msg.value, value, len);
	if (send(fd, &msg, msg.nlh.nlmsg_len, 0) < 0 || recv(fd, reply, sizeof(reply), 0) < 0)
		die("NFLOG");
	errno = -err->error;
	if (errno)
		die("NFLOG refuses attribute %u", type);
}

/* A packet of the log shall be here when the packet itself is through. */
static int log_open(void)
{
	struct nfulnl_msg_config_cmd bind_cmd = { .command = NFULNL_CFG_CMD_BIND };
	struct nfulnl_msg_config_mode mode = { .copy_mode = NFULNL_COPY_NONE };
	uint32_t threshold = htonl(1);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0)
		die("NETLINK_NETFILTER");
	log_config(fd, NFULA_CFG_CMD, &bind_cmd, sizeof(bind_cmd));
	log_config(fd, NFULA_CFG_MODE, &mode, sizeof(mode));
	log_config(fd, NFULA_CFG_QTHRESH, &threshold, sizeof(threshold));
	return fd;
}

void gateway_make(struct world *w, struct gateway *g, const char *batch)
{
	struct pollfd *pfd = g == &w->a ? w->pfd : w->pfd + w->n_links + 1;
	size_t i;

	if (unshare(CLONE_NEWNET))
		die("a network namespace");
	for (i = 0; i < sizeof(sysctls) / sizeof(*sysctls); i++)
		set_sysctl(sysctls[i][0], sysctls[i][1]);
	g->nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!g->nft)
		die("libnftables");
	gateway_nft(g, quiet);
	for (i = 0; i < w->n_links; i++) {
		g->tun[i] = tun_open(w->links[i].name, g->ethernet);
		pfd[i] = (struct pollfd){ .fd = g->tun[i], .events = POLLIN };
	}
	run_ip(w, g, batch);
	g->log = log_open();
	pfd[w->n_links] = (struct pollfd){ .fd = g->log, .events = POLLIN };
}

void gateway_nft(struct gateway *g, const char *text)
{
	if (!nft_run_cmd_from_buffer(g->nft, text))
		return;
	errno = 0;
	die("nft refuses this:\n%s", text);
}

/* The same by Ethernet. TUN has no protocol for any other version, nor for no packet. */
static void send_frame(int fd, const uint8_t *packet, size_t len)
{
	struct ethhdr eth = { .h_source = { 2, 0, 0, 0, 0, 1 } };
	struct iovec iov[] = { { &eth, sizeof(eth) }, { (void *)packet, len } };
	unsigned int version = len ? packet[0] >> 4 : 0;

	if (version != 4 && version != 6)
		return;
	eth.h_proto = htons(version == 4 ? ETH_P_IP : ETH_P_IPV6);
	memcpy(eth.h_dest, ether_aton(link_mac), ETH_ALEN);
	if (writev(fd, iov, 2) < 0 && errno != EINVAL)
		die("a frame of %zu bytes", len);
}

/* IP may refuse it (a length, a version): that, too, is for the judges to see. */
void gateway_send(const struct gateway *g, size_t link, const uint8_t *packet, size_t len)
{
	if (g->ethernet)
		send_frame(g->tun[link], packet, len);
	else if (write(g->tun[link], packet, len) < 0 && errno != EINVAL)
		die("a packet of %zu bytes", len);
}

static void append(char *list, const char *word)
{
	size_t at = strlen(list);

	if (at + strlen(word) + 2 > TEXT_MAX)
		die("too much came out of one packet");
	sprintf(list + at, "%s%s", at ? "," : "", word);
}

/* FNV-1a: both gateways shall send the same bytes. */
static uint32_t hash(uint32_t sum, const uint8_t *p, size_t len)
{
	for (; len; p++, len--)
		sum = (sum ^ *p) * 16777619;
	return sum;
}

static void read_tun(const struct link *link, int fd, size_t header, struct seen *seen)
{
	static uint8_t packet[PACKET_MAX];
	ssize_t len = read(fd, packet, sizeof(packet));

	if (len <= (ssize_t)header)
		return;
	append(seen->outs, link->name);
	seen->hash = hash(seen->hash, packet + header, len - header);
}

static void read_log_message(struct nlmsghdr *nlh, struct seen *seen)
{
	int room = NLMSG_PAYLOAD(nlh, sizeof(struct nfgenmsg));
	struct nfattr *attr = NFM_NFA(NLMSG_DATA(nlh));
	const char *prefix;

	for (; NFA_OK(attr, room); attr = NFA_NEXT(attr, room)) {
		if (NFA_TYPE(attr) != NFULA_PREFIX)
			continue;
		prefix = NFA_DATA(attr);
		append(strcmp(prefix, "self") ? seen->logs : seen->outs, prefix);
	}
}

static void read_log(int fd, struct seen *seen)
{
	static uint8_t room[LOG_ROOM] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = (struct nlmsghdr *)room;
	ssize_t len = recv(fd, room, sizeof(room), MSG_DONTWAIT);

	if (len <= 0)
		return;
	for (; NLMSG_OK(nlh, len); nlh = NLMSG_NEXT(nlh, len))
		if (nlh->nlmsg_type == (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET))
			read_log_message(nlh, seen);
}

static void seen_clear(struct seen *seen)
{
	seen->outs[0] = '\0';
	seen->logs[0] = '\0';
	seen->hash = 2166136261;
}

/* One packet, or one message, of each that has some, until nobody has. */
void gateway_collect(struct world *w)
{
	size_t i, each = w->n_links + 1, n = w->judges == JUDGES_BOTH ? 2 * each : each;
	struct gateway *g;

	seen_clear(&w->a.seen);
	seen_clear(&w->b.seen);
	while (poll(w->pfd, n, 0) > 0) {
		for (i = 0; i < n; i++) {
			if (!(w->pfd[i].revents & POLLIN))
				continue;
			g = i < each ? &w->a : &w->b;
			if (i % each == w->n_links)
				read_log(g->log, &g->seen);
			else
				read_tun(&w->links[i % each], g->tun[i % each],
					 g->ethernet ? ETH_HLEN : 0, &g->seen);
		}
	}
}
