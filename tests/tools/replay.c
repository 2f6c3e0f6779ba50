// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * replay: send the packets of captures through a packet socket.
 *
 * usage: replay -i DEV [-d MAC] [-4 SRC DST] [-6 SRC DST] FILE...
 *
 * On an Ethernet device: frames as they are, but for the unicast destination,
 * which becomes MAC; what was captured on other links gets an Ethernet header in
 * front of its IP packet. On any other device: the IP packets alone. With -4 and
 * -6, IP addresses are replaced; the IPv4 header's checksum is carried on, so
 * that a right one stays right and a wrong one wrong, and all others stay as they
 * are. Frames are cut at the device's MTU. Prints how many were sent, and how many
 * had nothing in them that could be.
 *
 * A capture that is itself broken ends where it cannot be read any more.
 */
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <sys/ioctl.h>

#include "net.h"

#define ROOM	   65536
#define ETH_QINQ   0x88a8
#define PPP_IPV4   0x0021
#define PPP_IPV6   0x0057
#define SEARCH_MAX 128 /* where an IP header may begin behind headers of a link */

struct out {
	int sock, ifindex;
	unsigned int mtu;
	bool ethernet;
	uint8_t mac[ETH_ALEN], own[ETH_ALEN];
	/* addresses to put in; not if the flag is false */
	bool rewrite4, rewrite6;
	uint8_t src4[4], dst4[4], src6[16], dst6[16];
	unsigned long sent, skipped;
};

static unsigned int get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static void put16(uint8_t *p, unsigned int v)
{
	p[0] = v >> 8;
	p[1] = v;
}

/* ---- where IP begins ------------------------------------------------------ */

static bool is_ip(const uint8_t *p, size_t len)
{
	return len && (p[0] >> 4 == 4 || p[0] >> 4 == 6);
}

/* The IP header of an Ethernet frame, behind at most two tags; or NULL. */
static uint8_t *ip_in_frame(uint8_t *frame, size_t len)
{
	size_t at = 2 * ETH_ALEN;
	int tags;

	for (tags = 0; tags < 3 && at + 2 <= len; tags++, at += 4) {
		switch (get16(frame + at)) {
		case ETHERTYPE_IP:
		case ETHERTYPE_IPV6:
			return frame + at + 2;
		case ETHERTYPE_VLAN:
		case ETH_QINQ:
			break;
		default:
			return NULL;
		}
	}
	return NULL;
}

/*
 * For links of many kinds: the first thing that is announced as IP by an
 * EtherType or a PPP protocol and looks like it.
 */
static uint8_t *ip_announced(uint8_t *data, size_t len)
{
	unsigned int type;
	size_t at;

	for (at = 2; at < len && at < SEARCH_MAX; at++) {
		type = get16(data + at - 2);
		if ((type == ETHERTYPE_IP || type == PPP_IPV4) && data[at] >> 4 == 4)
			return data + at;
		if ((type == ETHERTYPE_IPV6 || type == PPP_IPV6) && data[at] >> 4 == 6)
			return data + at;
	}
	return NULL;
}

static uint8_t *ip_find(int link, uint8_t *data, size_t len)
{
	size_t skip;

	switch (link) {
	case DLT_EN10MB:
		return ip_in_frame(data, len);
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
		skip = 0;
		break;
	case DLT_NULL:
	case DLT_LOOP:
		skip = 4;
		break;
	default:
		return ip_announced(data, len);
	}
	return skip < len && is_ip(data + skip, len - skip) ? data + skip : NULL;
}

/* ---- addresses ------------------------------------------------------------ */

/* One 16 bit word is replaced, and the checksum follows (RFC 1624). */
static void carry_on(uint8_t *sum, const uint8_t *was, const uint8_t *is)
{
	uint32_t s = (~get16(sum) & 0xffff) + (~get16(was) & 0xffff) + get16(is);

	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	put16(sum, ~s & 0xffff);
}

static void rewrite4(const struct out *o, uint8_t *ip)
{
	uint8_t addr[8];
	int i;

	memcpy(addr, o->src4, 4);
	memcpy(addr + 4, o->dst4, 4);
	for (i = 0; i < 8; i += 2)
		carry_on(ip + 10, ip + 12 + i, addr + i);
	memcpy(ip + 12, addr, sizeof(addr));
}

static void rewrite(const struct out *o, uint8_t *ip, size_t len)
{
	if (o->rewrite4 && len >= 20 && ip[0] >> 4 == 4) {
		rewrite4(o, ip);
	} else if (o->rewrite6 && len >= 40 && ip[0] >> 4 == 6) {
		memcpy(ip + 8, o->src6, 16);
		memcpy(ip + 24, o->dst6, 16);
	}
}

/* ---- sending -------------------------------------------------------------- */

/* @proto in host order, for what has no header that says it. */
static void put_out(struct out *o, const uint8_t *data, size_t len, unsigned int proto)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_ifindex = o->ifindex,
				  .sll_protocol = htons(proto),
				  .sll_halen = ETH_ALEN };
	size_t most = o->mtu + (o->ethernet ? ETH_HLEN : 0);

	if (len > most)
		len = most;
	/* what the kernel will not send from here can not come from a wire */
	if (sendto(o->sock, data, len, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		o->skipped++;
	else
		o->sent++;
}

static void send_frame(struct out *o, uint8_t *frame, size_t len)
{
	if (len < ETH_HLEN) {
		o->skipped++;
		return;
	}
	if (!(frame[0] & 1))
		memcpy(frame, o->mac, ETH_ALEN);
	put_out(o, frame, len, get16(frame + 2 * ETH_ALEN));
}

static void send_ip(struct out *o, const uint8_t *ip, size_t len)
{
	unsigned int type = ip[0] >> 4 == 4 ? ETHERTYPE_IP : ETHERTYPE_IPV6;
	static uint8_t frame[ETH_HLEN + ROOM];

	if (!o->ethernet) {
		put_out(o, ip, len, type);
		return;
	}
	memcpy(frame, o->mac, ETH_ALEN);
	memcpy(frame + ETH_ALEN, o->own, ETH_ALEN);
	put16(frame + 2 * ETH_ALEN, type);
	memcpy(frame + ETH_HLEN, ip, len);
	send_frame(o, frame, ETH_HLEN + len);
}

static void send_packet(struct out *o, int link, const uint8_t *captured, size_t len)
{
	static uint8_t data[ROOM];
	uint8_t *ip;

	if (len > sizeof(data))
		len = sizeof(data);
	memcpy(data, captured, len);
	ip = ip_find(link, data, len);
	if (ip)
		rewrite(o, ip, data + len - ip);
	if (o->ethernet && link == DLT_EN10MB)
		send_frame(o, data, len);
	else if (ip && is_ip(ip, data + len - ip))
		send_ip(o, ip, data + len - ip);
	else
		o->skipped++;
}

/* The first packet that cannot be read ends a capture. */
static void replay(struct out *o, const char *path)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *capture = pcap_open_offline(path, why);
	struct pcap_pkthdr *head;
	const uint8_t *data;

	if (!capture) {
		fprintf(stderr, "replay: %s\n", why);
		return;
	}
	while (pcap_next_ex(capture, &head, &data) == 1)
		send_packet(o, pcap_datalink(capture), data, head->caplen);
	pcap_close(capture);
}

/* ---- command line --------------------------------------------------------- */

static void open_device(struct out *o, const char *dev)
{
	struct ifreq ifr = { .ifr_ifindex = 0 };

	o->sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (o->sock < 0)
		die("packet socket");
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", dev);
	if (ioctl(o->sock, SIOCGIFMTU, &ifr))
		die("%s", dev);
	o->mtu = ifr.ifr_mtu;
	if (ioctl(o->sock, SIOCGIFINDEX, &ifr))
		die("%s", dev);
	o->ifindex = ifr.ifr_ifindex;
	if (ioctl(o->sock, SIOCGIFHWADDR, &ifr))
		die("%s", dev);
	o->ethernet = ifr.ifr_hwaddr.sa_family == ARPHRD_ETHER;
	memcpy(o->own, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
}

__attribute__((noreturn)) static void usage(void)
{
	fprintf(stderr, "usage: replay -i DEV [-d MAC] [-4 SRC DST] [-6 SRC DST] FILE...\n");
	exit(2);
}

static bool addresses(int family, const char *src, const char *dst, void *to_src, void *to_dst)
{
	if (!src || !dst || inet_pton(family, src, to_src) != 1 ||
	    inet_pton(family, dst, to_dst) != 1)
		usage();
	return true;
}

/* The index of the first file. */
static int options(struct out *o, int argc, char **argv)
{
	uint8_t *m = o->mac;
	int i, opt;

	for (i = 1; i + 1 < argc && argv[i][0] == '-'; i += 2) {
		opt = argv[i][1];
		if (opt == 'i') {
			open_device(o, argv[i + 1]);
		} else if (opt == 'd') {
			if (sscanf(argv[i + 1], "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", m, m + 1,
				   m + 2, m + 3, m + 4, m + 5) != 6)
				usage();
		} else if (opt == '4' && i + 2 < argc) {
			o->rewrite4 =
				addresses(AF_INET, argv[i + 1], argv[i + 2], o->src4, o->dst4);
			i++;
		} else if (opt == '6' && i + 2 < argc) {
			o->rewrite6 =
				addresses(AF_INET6, argv[i + 1], argv[i + 2], o->src6, o->dst6);
			i++;
		} else {
			usage();
		}
	}
	return i;
}

int main(int argc, char **argv)
{
	struct out o = { .sock = -1 };
	int i = options(&o, argc, argv);

	if (o.sock < 0 || i >= argc)
		usage();
	for (; i < argc; i++)
		replay(&o, argv[i]);
	printf("%lu sent, %lu skipped\n", o.sent, o.skipped);
	return 0;
}
