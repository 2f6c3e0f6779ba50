// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rawsend: packets that no stack would send, through a packet socket.
 *
 * usage: rawsend OPTIONS tcp SRC DST SPORT DPORT FLAGS [SEQ ACK WINDOW]
 *        rawsend OPTIONS udp SRC DST SPORT DPORT
 *        rawsend OPTIONS echo|reply SRC DST ID
 *        rawsend OPTIONS ip SRC DST PROTO HEX
 *        rawsend OPTIONS toobig|unreachable|exceeded SRC DST QSRC QDST PROTO QSPORT QDPORT
 *        rawsend OPTIONS hostile SRC4 DST4 SRC6 DST6
 *        rawsend OPTIONS fuzz SRC4 DST4 SRC6 DST6 COUNT SEED
 *
 * OPTIONS: -i DEV -d MAC [-v VLAN] [-t TTL]. FLAGS: of SAFRPU. "echo" is an ICMP
 * echo request, "ip" any protocol with a payload in hexadecimal, "toobig" and
 * its like an ICMP error that quotes a packet of tcp, udp or icmp (an echo
 * request with the identifier QSPORT). "hostile" sends each malformed packet
 * that it knows and prints its name; "fuzz" sends COUNT packets that were right
 * but for some bytes and their length.
 */
#include "packet.h"

static void echo(struct packet *p, const char *src, const char *dst, int id, int reply)
{
	int v4 = !strchr(src, ':');
	uint8_t *e;

	ip_begin(p, src, dst, v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	e = p->data + p->len;
	e[0] = v4 ? (reply ? 0 : 8) : 128 + reply;
	put16(e + 4, id);
	put16(e + 6, 1);
	p->len += 16;
	checksum(p, 2, IPPROTO_ICMPV6, !v4);
	ip_end(p);
}

static void any_protocol(struct packet *p, const char *src, const char *dst, int proto,
			 const char *hex)
{
	ip_begin(p, src, dst, proto);
	for (; sscanf(hex, "%2hhx", &p->data[p->len]) == 1 && hex[1]; hex += 2)
		p->len++;
	ip_end(p);
}

static const struct {
	const char *name;
	uint8_t type[2], code[2]; /* IPv4, IPv6 */
	uint16_t mtu;
} errors[] = {
	{ "toobig", { 3, 2 }, { 4, 0 }, 1300 },
	{ "unreachable", { 3, 1 }, { 3, 4 }, 0 }, /* of the port */
	{ "exceeded", { 11, 3 }, { 0, 0 }, 0 },
};

/* Which of the errors that is; -1: none. */
static int error_of(const char *name)
{
	int i;

	for (i = sizeof(errors) / sizeof(*errors) - 1; i >= 0; i--)
		if (!strcmp(errors[i].name, name))
			break;
	return i;
}

static void icmp_error(struct packet *p, int error, const char *src, const char *dst,
		       const struct packet *quote)
{
	int head, v6 = !!strchr(src, ':');

	ip_begin(p, src, dst, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	head = p->len;
	p->data[head] = errors[error].type[v6];
	p->data[head + 1] = errors[error].code[v6];
	put16(p->data + head + 6, errors[error].mtu);
	memcpy(p->data + head + 8, quote->data, quote->len);
	p->len += 8 + quote->len;
	checksum(p, 2, IPPROTO_ICMPV6, v6);
	ip_end(p);
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
		icmp_error(&bad, 0, a[2 * v], a[2 * v + 1], &p);
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
	fprintf(stderr, "usage: rawsend -i DEV -d MAC [-v VLAN] [-t TTL] "
			"tcp|udp|echo|reply|ip|toobig|unreachable|exceeded|hostile|fuzz ...\n");
	return 2;
}

static void quoted(struct packet *p, char **a)
{
	if (!strcmp(a[2], "tcp"))
		tcp(p, a[0], a[1], atoi(a[3]), atoi(a[4]), "A");
	else if (!strcmp(a[2], "icmp"))
		echo(p, a[0], a[1], atoi(a[3]), 0);
	else
		udp(p, a[0], a[1], atoi(a[3]), atoi(a[4]));
}

/* One packet of what the words say; 0: they say none. */
static int one_packet(struct packet *p, int n, char **a)
{
	struct packet quote;

	if ((n == 6 || n == 9) && !strcmp(a[0], "tcp")) {
		tcp(p, a[1], a[2], atoi(a[3]), atoi(a[4]), a[5]);
		if (n == 9)
			tcp_numbers(p, strtoul(a[6], NULL, 0), strtoul(a[7], NULL, 0), atoi(a[8]));
	} else if (n == 5 && !strcmp(a[0], "udp")) {
		udp(p, a[1], a[2], atoi(a[3]), atoi(a[4]));
	} else if (n == 4 && (!strcmp(a[0], "echo") || !strcmp(a[0], "reply"))) {
		echo(p, a[1], a[2], atoi(a[3]), *a[0] == 'r');
	} else if (n == 5 && !strcmp(a[0], "ip")) {
		any_protocol(p, a[1], a[2], atoi(a[3]), a[4]);
	} else if (n == 8 && error_of(a[0]) >= 0) {
		quoted(&quote, a + 3);
		icmp_error(p, error_of(a[0]), a[1], a[2], &quote);
	} else {
		return 0;
	}
	return 1;
}

int main(int argc, char **argv)
{
	struct packet p;
	char **a;
	int n;

	if (packet_options(argc, argv))
		return usage();
	n = argc - optind;
	a = argv + optind;
	if (n == 5 && !strcmp(a[0], "hostile"))
		send_hostile(a + 1);
	else if (n == 7 && !strcmp(a[0], "fuzz"))
		send_fuzz(a + 1);
	else if (one_packet(&p, n, a))
		transmit(&p);
	else
		return usage();
	return 0;
}
