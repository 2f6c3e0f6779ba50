// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rawfrag: datagrams in pieces, and IPv6 packets with many headers.
 *
 * usage: rawfrag OPTIONS frag SRC DST SPORT DPORT HOW [ID]
 *        rawfrag OPTIONS chain SRC DST SPORT DPORT COUNT [frag]
 *        rawfrag OPTIONS rh0 SRC DST SPORT DPORT
 *
 * OPTIONS: -i DEV -d MAC [-v VLAN] [-t TTL], as rawsend has them. "frag" sends
 * a UDP datagram of 1208 bytes in three pieces; HOW says in which way:
 *
 *   order, reverse    as they come, or the last one first
 *   twice             the second one again
 *   overlap           the second one reaches into the third
 *   rewrite           another first piece, for DPORT + 1, after the first one
 *   tiny              the first piece has eight bytes: ports, and no more
 *   first, last       this piece alone
 *   hole              without the second one
 *
 * "chain" sends COUNT destination options headers before UDP, the last of them
 * a fragment header of a packet that is whole with "frag"; "rh0" sends a routing
 * header of type 0.
 */
#include "packet.h"

#define PAYLOAD 1208 /* of IP: the UDP header and 1200 bytes */
#define PIECE	400

/* A UDP header and its payload, long enough to be worth cutting. */
static void datagram(struct packet *p, char **a, int dport)
{
	uint8_t *u;
	int i;

	ip_begin(p, a[0], a[1], IPPROTO_UDP);
	u = p->data + p->len;
	put16(u, atoi(a[2]));
	put16(u + 2, dport);
	put16(u + 4, PAYLOAD);
	for (i = 8; i < PAYLOAD; i++)
		u[i] = i;
	p->len += PAYLOAD;
	checksum(p, 6, IPPROTO_UDP, 1);
	ip_end(p);
}

/* The bytes from offset on of what follows the IP header. */
static void send_piece(const struct packet *whole, int offset, int len, uint16_t id)
{
	int head = header_len(whole), more = offset + len < PAYLOAD;
	struct packet p = { .len = head };

	memcpy(p.data, whole->data, head);
	if (head == 20) {
		put16(p.data + 4, id);
		put16(p.data + 6, offset / 8 | more << 13);
	} else {
		p.data[6] = IPPROTO_FRAGMENT;
		p.data[40] = whole->data[6];
		put16(p.data + 42, offset | more);
		put16(p.data + 46, id);
		p.len += 8;
	}
	memcpy(p.data + p.len, whole->data + head + offset, len);
	p.len += len;
	ip_end(&p);
	transmit(&p);
}

static void send_pieces(const struct packet *whole, const char *order, uint16_t id)
{
	int offset;

	for (; *order; order++) {
		offset = (*order - '0') * PIECE;
		send_piece(whole, offset, *order == '2' ? PAYLOAD - offset : PIECE, id);
	}
}

static int fragments(char **a, const char *how, uint16_t id)
{
	static const char *const plain[][2] = {
		{ "order", "012" }, { "reverse", "210" }, { "twice", "0112" },
		{ "first", "0" },   { "last", "2" },	  { "hole", "02" },
	};
	struct packet whole, other;
	unsigned int i;

	datagram(&whole, a, atoi(a[3]));
	for (i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		if (strcmp(how, plain[i][0]))
			continue;
		send_pieces(&whole, plain[i][1], id);
		return 0;
	}
	if (!strcmp(how, "overlap")) {
		send_pieces(&whole, "0", id);
		send_piece(&whole, PIECE, PIECE + 80, id);
		send_pieces(&whole, "2", id);
	} else if (!strcmp(how, "rewrite")) {
		datagram(&other, a, atoi(a[3]) + 1);
		send_pieces(&whole, "0", id);
		send_pieces(&other, "0", id);
		send_pieces(&whole, "12", id);
	} else if (!strcmp(how, "tiny")) {
		send_piece(&whole, 0, 8, id);
		send_piece(&whole, 8, PAYLOAD - 8, id);
	} else {
		return -1;
	}
	return 0;
}

/* count headers between IP and UDP, all of eight bytes. */
static void chain(char **a, int count, int with_fragment)
{
	struct packet p;
	uint8_t udp_part[16];
	int i, at = 40;

	udp(&p, a[0], a[1], atoi(a[2]), atoi(a[3]));
	memcpy(udp_part, p.data + 40, sizeof(udp_part));
	memset(p.data + 40, 0, 8 * count);
	for (i = 0; i < count; i++, at += 8) {
		uint8_t *next = i ? p.data + at - 8 : p.data + 6;

		*next = IPPROTO_DSTOPTS;
		if (with_fragment && i == count - 1) {
			*next = IPPROTO_FRAGMENT;
			put16(p.data + at + 6, getpid());
			continue;
		}
		p.data[at + 2] = 1; /* PadN, of four bytes */
		p.data[at + 3] = 4;
	}
	p.data[count ? at - 8 : 6] = IPPROTO_UDP;
	memcpy(p.data + at, udp_part, sizeof(udp_part));
	p.len = at + sizeof(udp_part);
	ip_end(&p);
	transmit(&p);
}

static void routing_header(char **a)
{
	struct packet p;

	udp(&p, a[0], a[1], atoi(a[2]), atoi(a[3]));
	memmove(p.data + 64, p.data + 40, 16);
	memset(p.data + 40, 0, 24);
	p.data[6] = IPPROTO_ROUTING;
	p.data[40] = IPPROTO_UDP;
	p.data[41] = 2;
	inet_pton(AF_INET6, a[0], p.data + 48);
	p.len += 24;
	ip_end(&p);
	transmit(&p);
}

int main(int argc, char **argv)
{
	char **a;
	int n;

	if (packet_options(argc, argv))
		goto usage;
	n = argc - optind;
	a = argv + optind;
	if ((n == 6 || n == 7) && !strcmp(a[0], "frag")) {
		if (fragments(a + 1, a[5], n == 7 ? atoi(a[6]) : getpid()))
			goto usage;
	} else if ((n == 6 || n == 7) && !strcmp(a[0], "chain") && strchr(a[1], ':') &&
		   atoi(a[5]) <= 64) {
		chain(a + 1, atoi(a[5]), n == 7);
	} else if (n == 5 && !strcmp(a[0], "rh0") && strchr(a[1], ':')) {
		routing_header(a + 1);
	} else {
		goto usage;
	}
	return 0;
usage:
	fprintf(stderr, "usage: rawfrag -i DEV -d MAC [-v VLAN] [-t TTL] frag|chain|rh0 ...\n");
	return 2;
}
