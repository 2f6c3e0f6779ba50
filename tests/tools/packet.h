/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets byte by byte, and a packet socket that sends them: what rawsend and
 * rawfrag share.
 */
#ifndef TESTS_TOOLS_PACKET_H
#define TESTS_TOOLS_PACKET_H

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>

#include "net.h"

#define ROOM 2048

struct packet {
	uint8_t data[ROOM];
	int len;
};

/* Where frames go, with which tag and which TTL. */
static int sock, ifindex, vlan, ttl = 64;
static uint8_t mac[6];

static inline void put16(uint8_t *p, unsigned int v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static inline uint32_t add_up(const uint8_t *p, int len, uint32_t sum)
{
	for (; len > 1; p += 2, len -= 2)
		sum += p[0] << 8 | p[1];
	if (len)
		sum += *p << 8;
	return sum;
}

static inline uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static inline int header_len(const struct packet *p)
{
	return p->data[0] >> 4 == 4 ? 20 : 40;
}

/* An IP header of the addresses' family, for a payload that follows. */
static inline void ip_begin(struct packet *p, const char *src, const char *dst, uint8_t proto)
{
	memset(p, 0, sizeof(*p));
	if (inet_pton(AF_INET, src, p->data + 12) == 1 &&
	    inet_pton(AF_INET, dst, p->data + 16) == 1) {
		p->data[0] = 0x45;
		p->data[8] = ttl;
		p->data[9] = proto;
		p->len = 20;
	} else if (inet_pton(AF_INET6, src, p->data + 8) == 1 &&
		   inet_pton(AF_INET6, dst, p->data + 24) == 1) {
		p->data[0] = 0x60;
		p->data[6] = proto;
		p->data[7] = ttl;
		p->len = 40;
	} else {
		die("%s, %s: no addresses of one family", src, dst);
	}
}

/* Lengths and the header's checksum, once the payload is there. */
static inline void ip_end(struct packet *p)
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
static inline void checksum(struct packet *p, int at, uint8_t proto, int pseudo)
{
	int head = header_len(p), len = p->len - head;
	uint32_t sum = 0;

	if (pseudo && head == 20)
		sum = add_up(p->data + 12, 8, proto + len);
	else if (pseudo)
		sum = add_up(p->data + 8, 32, proto + len);
	put16(p->data + head + at, fold(add_up(p->data + head, len, sum)));
}

static inline uint8_t flags_of(const char *text)
{
	static const char names[] = "FSRPAU";
	uint8_t flags = 0;

	for (; *text; text++)
		if (strchr(names, *text))
			flags |= 1 << (strchr(names, *text) - names);
	return flags;
}

static inline void tcp(struct packet *p, const char *src, const char *dst, int sport, int dport,
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

static inline void tcp_numbers(struct packet *p, uint32_t seq, uint32_t ack, int window)
{
	uint8_t *t = p->data + header_len(p);

	put16(t + 4, seq >> 16);
	put16(t + 6, seq);
	put16(t + 8, ack >> 16);
	put16(t + 10, ack);
	put16(t + 14, window);
	put16(t + 16, 0);
	checksum(p, 16, IPPROTO_TCP, 1);
}

static inline void udp(struct packet *p, const char *src, const char *dst, int sport, int dport)
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

/* Options that both have: -i DEV -d MAC [-v VLAN] [-t TTL]; 0, or -1. */
static inline int packet_options(int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "i:d:v:t:")) != -1) {
		if (opt == 'i')
			ifindex = if_nametoindex(optarg);
		else if (opt == 'v')
			vlan = atoi(optarg);
		else if (opt == 't')
			ttl = atoi(optarg);
		else if (opt != 'd' || sscanf(optarg, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0],
					      &mac[1], &mac[2], &mac[3], &mac[4], &mac[5]) != 6)
			return -1;
	}
	if (!ifindex)
		return -1;
	sock = socket(AF_PACKET, SOCK_RAW, 0);
	if (sock < 0)
		die("packet socket");
	return 0;
}

static inline void transmit(const struct packet *p)
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

#endif /* TESTS_TOOLS_PACKET_H */
