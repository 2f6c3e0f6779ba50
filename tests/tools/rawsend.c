// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rawsend: packets that no stack would send, through a packet socket.
 *
 * usage: rawsend -i DEV -d MAC [-v VLAN] tcp SRC DST SPORT DPORT FLAGS
 *        rawsend -i DEV -d MAC [-v VLAN] udp SRC DST SPORT DPORT
 *        rawsend -i DEV -d MAC toobig SRC DST QSRC QDST PROTO QSPORT QDPORT
 *        rawsend -i DEV -d MAC hostile SRC4 DST4 SRC6 DST6
 *        rawsend -i DEV -d MAC fuzz SRC4 DST4 SRC6 DST6 COUNT SEED
 *
 * FLAGS: of SAFRPU. "toobig" is an ICMP error that quotes a packet. "hostile"
 * sends each malformed packet that it knows and prints its name; "fuzz" sends
 * COUNT packets that were right but for some bytes and their length.
 */
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>

#include "net.h"

#define ROOM 2048

struct packet {
	uint8_t data[ROOM];
	int len;
};

static int sock, ifindex, vlan;
static uint8_t mac[6];

static void put16(uint8_t *p, unsigned int v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static uint32_t add_up(const uint8_t *p, int len, uint32_t sum)
{
	for (; len > 1; p += 2, len -= 2)
		sum += p[0] << 8 | p[1];
	if (len)
		sum += *p << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static int header_len(const struct packet *p)
{
	return p->data[0] >> 4 == 4 ? 20 : 40;
}

/* An IP header of the addresses' family, for a payload that follows. */
static void ip_begin(struct packet *p, const char *src, const char *dst, uint8_t proto)
{
	memset(p, 0, sizeof(*p));
	if (inet_pton(AF_INET, src, p->data + 12) == 1 &&
	    inet_pton(AF_INET, dst, p->data + 16) == 1) {
		p->data[0] = 0x45;
		p->data[8] = 64;
		p->data[9] = proto;
		p->len = 20;
	} else if (inet_pton(AF_INET6, src, p->data + 8) == 1 &&
		   inet_pton(AF_INET6, dst, p->data + 24) == 1) {
		p->data[0] = 0x60;
		p->data[6] = proto;
		p->data[7] = 64;
		p->len = 40;
	} else {
		die("%s, %s: no addresses of one family", src, dst);
	}
}

/* Lengths and the header's checksum, once the payload is there. */
static void ip_end(struct packet *p)
{
	if (header_len(p) == 40) {
		put16(p->data + 4, p->len - 40);
		return;
	}
	put16(p->data + 2, p->len);
	put16(p->data + 10, 0);
	put16(p->data + 10, fold(add_up(p->data, 20, 0)));
}

/* The payload's checksum goes to offset at of it; with a pseudo header or not. */
static void checksum(struct packet *p, int at, uint8_t proto, int pseudo)
{
	int head = header_len(p), len = p->len - head;
	uint32_t sum = 0;

	if (pseudo && head == 20)
		sum = add_up(p->data + 12, 8, proto + len);
	else if (pseudo)
		sum = add_up(p->data + 8, 32, proto + len);
	put16(p->data + head + at, fold(add_up(p->data + head, len, sum)));
}

static uint8_t flags_of(const char *text)
{
	static const char names[] = "FSRPAU";
	uint8_t flags = 0;

	for (; *text; text++)
		if (strchr(names, *text))
			flags |= 1 << (strchr(names, *text) - names);
	return flags;
}

static void tcp(struct packet *p, const char *src, const char *dst, int sport, int dport,
		const char *flags)
{
	uint8_t *t;

	ip_begin(p, src, dst, IPPROTO_TCP);
	t = p->data + p->len;
	put16(t, sport);
	put16(t + 2, dport);
	t[7] = 1;
	t[12] = 0x50;
	t[13] = flags_of(flags);
	put16(t + 14, 1024);
	p->len += 20;
	checksum(p, 16, IPPROTO_TCP, 1);
	ip_end(p);
}

static void udp(struct packet *p, const char *src, const char *dst, int sport, int dport)
{
	uint8_t *u;

	ip_begin(p, src, dst, IPPROTO_UDP);
	u = p->data + p->len;
	put16(u, sport);
	put16(u + 2, dport);
	put16(u + 4, 16);
	memcpy(u + 8, "rawsend", 8);
	p->len += 16;
	checksum(p, 6, IPPROTO_UDP, 1);
	ip_end(p);
}

/* ICMP fragmentation needed, or ICMPv6 packet too big, with an MTU of 1300. */
static void too_big(struct packet *p, const char *src, const char *dst, struct packet *quote)
{
	int head, v4;

	ip_begin(p, src, dst, strchr(src, ':') ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	head = p->len;
	v4 = head == 20;
	p->data[head] = v4 ? 3 : 2;
	p->data[head + 1] = v4 ? 4 : 0;
	put16(p->data + head + 6, 1300);
	memcpy(p->data + head + 8, quote->data, quote->len);
	p->len += 8 + quote->len;
	checksum(p, 2, IPPROTO_ICMPV6, !v4);
	ip_end(p);
}

static void transmit(const struct packet *p)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = ifindex,
		.sll_halen = 6,
		.sll_protocol = htons(p->data[0] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP),
	};
	uint8_t frame[ROOM + 18];
	int n = 12;

	memcpy(frame, mac, 6);
	memcpy(frame + 6, "\x02\x00\x00\x00\x0f\x01", 6);
	if (vlan) {
		put16(frame + n, ETH_P_8021Q);
		put16(frame + n + 2, vlan);
		n += 4;
	}
	memcpy(frame + n, &to.sll_protocol, 2);
	n += 2;
	memcpy(frame + n, p->data, p->len);
	memcpy(to.sll_addr, mac, 6);
	if (sendto(sock, frame, n + p->len, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("send");
}

/* ---- malformed packets: each changes one that was right ---- */

static void cut_header(struct packet *p)
{
	p->len = 10;
}
static void cut_to_header(struct packet *p)
{
	p->len = header_len(p);
}
static void cut_transport(struct packet *p)
{
	p->len = header_len(p) + 3;
}
static void nothing_but_version(struct packet *p)
{
	p->len = 1;
}
static void bad_version(struct packet *p)
{
	p->data[0] = 0x75;
}

static void short_total(struct packet *p)
{
	put16(p->data + (header_len(p) == 20 ? 2 : 4), 4);
}

static void long_total(struct packet *p)
{
	put16(p->data + (header_len(p) == 20 ? 2 : 4), 60000);
}

static void ihl_small(struct packet *p)
{
	p->data[0] = 0x42;
}
static void ihl_large(struct packet *p)
{
	p->data[0] = 0x4f;
}
static void data_offset_small(struct packet *p)
{
	p->data[header_len(p) + 12] = 0x10;
}
static void data_offset_large(struct packet *p)
{
	p->data[header_len(p) + 12] = 0xf0;
}

/* A fragment whose end lies beyond 65535 bytes. */
static void ping_of_death(struct packet *p)
{
	if (header_len(p) == 20) {
		put16(p->data + 6, 0x1fff);
		ip_end(p);
		return;
	}
	p->data[6] = IPPROTO_FRAGMENT;
	p->data[40] = IPPROTO_TCP;
	put16(p->data + 42, 0xfff9);
}

/* The first fragment is too small for the ports. */
static void tiny_fragment(struct packet *p)
{
	if (header_len(p) == 20) {
		put16(p->data + 6, 0x2000);
		p->len = 28;
		ip_end(p);
		return;
	}
	p->data[6] = IPPROTO_FRAGMENT;
	p->data[40] = IPPROTO_TCP;
	put16(p->data + 42, 1);
	p->len = 56;
	ip_end(p);
}

static void extension_chain(struct packet *p)
{
	int at, next = IPPROTO_DSTOPTS;

	if (header_len(p) != 40)
		return;
	p->data[6] = next;
	for (at = 40; at < 40 + 40 * 8; at += 8) {
		memset(p->data + at, 0, 8);
		p->data[at] = next;
		p->data[at + 2] = 1;
		p->data[at + 3] = 4;
	}
	p->data[at - 8] = IPPROTO_TCP;
	p->len = at + 20;
	ip_end(p);
}

static void extension_too_long(struct packet *p)
{
	if (header_len(p) != 40)
		return;
	p->data[6] = IPPROTO_HOPOPTS;
	p->data[40] = IPPROTO_TCP;
	p->data[41] = 255;
}

static void routing_type_0(struct packet *p)
{
	if (header_len(p) != 40)
		return;
	p->data[6] = IPPROTO_ROUTING;
	p->data[40] = IPPROTO_TCP;
	p->data[41] = 2;
	p->data[42] = 0;
	p->data[43] = 1;
	p->len = 40 + 24 + 20;
	ip_end(p);
}

static void source_route(struct packet *p)
{
	if (header_len(p) != 20)
		return;
	memmove(p->data + 32, p->data + 20, p->len - 20);
	memcpy(p->data + 20, "\x83\x07\x04\x0a\x14\x00\x42\x00", 8);
	memset(p->data + 28, 0, 4);
	p->data[0] = 0x48;
	p->len += 12;
	put16(p->data + 2, p->len);
	put16(p->data + 10, 0);
	put16(p->data + 10, fold(add_up(p->data, 32, 0)));
}

static void no_next_header(struct packet *p)
{
	p->data[header_len(p) == 20 ? 9 : 6] = 59;
}

static const struct {
	const char *name;
	void (*change)(struct packet *p);
} hostile[] = {
	{ "header cut off", cut_header },
	{ "one byte", nothing_but_version },
	{ "no transport header", cut_to_header },
	{ "transport header cut off", cut_transport },
	{ "IP version 7", bad_version },
	{ "total length 4", short_total },
	{ "total length 60000", long_total },
	{ "header length 8", ihl_small },
	{ "header length beyond the packet", ihl_large },
	{ "data offset 4", data_offset_small },
	{ "data offset beyond the packet", data_offset_large },
	{ "fragment beyond 65535", ping_of_death },
	{ "tiny first fragment", tiny_fragment },
	{ "40 extension headers", extension_chain },
	{ "extension header beyond the packet", extension_too_long },
	{ "routing header type 0", routing_type_0 },
	{ "loose source route", source_route },
	{ "no next header", no_next_header },
};

static void send_hostile(char **a)
{
	struct packet p, bad;
	unsigned int i;
	int v;

	for (i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
		for (v = 0; v < 2; v++) {
			tcp(&p, a[2 * v], a[2 * v + 1], 40000 + i, 8883, "S");
			hostile[i].change(&p);
			transmit(&p);
		}
		printf("%s\n", hostile[i].name);
	}
	/* an error about an error's cut-off quote */
	for (v = 0; v < 2; v++) {
		tcp(&p, a[2 * v + 1], a[2 * v], 8883, 40000, "A");
		p.len = 12;
		too_big(&bad, a[2 * v], a[2 * v + 1], &p);
		transmit(&bad);
	}
	printf("ICMP error with a quote cut off\n");
}

static void send_fuzz(char **a)
{
	struct packet p;
	long i, n = atol(a[4]);
	int v, changes;

	srandom(atoi(a[5]));
	for (i = 0; i < n; i++) {
		v = random() & 1;
		if (random() & 1)
			tcp(&p, a[2 * v], a[2 * v + 1], random() & 0xffff, 8883, "S");
		else
			udp(&p, a[2 * v], a[2 * v + 1], random() & 0xffff, 5684);
		/* the addresses stay: the packet shall meet the module, not routing */
		for (changes = random() % 4; changes >= 0; changes--) {
			int at = random() % p.len;

			if (v == 0 ? at >= 12 && at < 20 : at >= 8 && at < 40)
				continue;
			p.data[at] = random();
		}
		if (random() % 4 == 0)
			p.len = 1 + random() % p.len;
		transmit(&p);
	}
}

static int usage(void)
{
	fprintf(stderr, "usage: rawsend -i DEV -d MAC [-v VLAN] tcp|udp|toobig|hostile|fuzz ...\n");
	return 2;
}

static int run(int n, char **a)
{
	struct packet p, quote;

	if (n == 6 && !strcmp(a[0], "tcp")) {
		tcp(&p, a[1], a[2], atoi(a[3]), atoi(a[4]), a[5]);
	} else if (n == 5 && !strcmp(a[0], "udp")) {
		udp(&p, a[1], a[2], atoi(a[3]), atoi(a[4]));
	} else if (n == 8 && !strcmp(a[0], "toobig")) {
		if (!strcmp(a[5], "tcp"))
			tcp(&quote, a[3], a[4], atoi(a[6]), atoi(a[7]), "A");
		else
			udp(&quote, a[3], a[4], atoi(a[6]), atoi(a[7]));
		too_big(&p, a[1], a[2], &quote);
	} else if (n == 5 && !strcmp(a[0], "hostile")) {
		send_hostile(a + 1);
		return 0;
	} else if (n == 7 && !strcmp(a[0], "fuzz")) {
		send_fuzz(a + 1);
		return 0;
	} else {
		return usage();
	}
	transmit(&p);
	return 0;
}

int main(int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "i:d:v:")) != -1) {
		if (opt == 'i')
			ifindex = if_nametoindex(optarg);
		else if (opt == 'v')
			vlan = atoi(optarg);
		else if (opt != 'd' || sscanf(optarg, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0],
					      &mac[1], &mac[2], &mac[3], &mac[4], &mac[5]) != 6)
			return usage();
	}
	if (!ifindex)
		return usage();
	sock = socket(AF_PACKET, SOCK_RAW, 0);
	if (sock < 0)
		die("packet socket");
	return run(argc - optind, argv + optind);
}
