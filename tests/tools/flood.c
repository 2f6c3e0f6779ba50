// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * flood: many packets that ask for sessions, at a fixed rate.
 *
 * usage: flood -r RATE -n COUNT syn|udp|icmp|source|scan SRC DST PORT
 *
 * Each packet has a source port (ICMP: an identifier) of its own; "source" is
 * UDP with a source address of its own, in SRC's /16 (IPv6: /64); "scan" is UDP,
 * each to the next port, from 1 on. Headers are made here, checksums are not: what
 * lies between does not look at them.
 */
#include <netinet/in.h>
#include <stdbool.h>

#include "net.h"

static uint8_t packet[80];
static int header, total;

static void put16(int at, unsigned int v)
{
	packet[at] = v >> 8;
	packet[at + 1] = v;
}

static int build(const char *kind, const char *src, const char *dst, unsigned int port)
{
	bool v4 = inet_pton(AF_INET, src, packet + 12) == 1 &&
		  inet_pton(AF_INET, dst, packet + 16) == 1;
	int proto = !strcmp(kind, "syn")  ? IPPROTO_TCP :
		    !strcmp(kind, "icmp") ? (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) :
					    IPPROTO_UDP;

	header = v4 ? 20 : 40;
	total = header + (proto == IPPROTO_TCP ? 20 : 8);
	packet[v4 ? 8 : 7] = 64;
	packet[v4 ? 9 : 6] = proto;
	if (!v4 && (inet_pton(AF_INET6, src, packet + 8) != 1 ||
		    inet_pton(AF_INET6, dst, packet + 24) != 1))
		die("%s, %s: no addresses of one family", src, dst);
	packet[0] = v4 ? 0x45 : 0x60;
	put16(v4 ? 2 : 4, v4 ? total : total - 40);
	put16(header + 2, port);
	put16(header + 4, proto == IPPROTO_UDP ? 8 : 0);
	if (proto == IPPROTO_TCP) {
		packet[header + 12] = 0x50;
		packet[header + 13] = 0x02;
	} else if (proto != IPPROTO_UDP) {
		packet[header] = v4 ? 8 : 128;
		packet[header + 1] = 0;
		put16(header + 2, 0);
	}
	return v4 ? AF_INET : AF_INET6;
}

static void vary(const char *kind, unsigned int n)
{
	if (!strcmp(kind, "source"))
		put16(header == 20 ? 14 : 22, 1024 + n % 60000);
	else if (!strcmp(kind, "icmp"))
		put16(header + 4, n);
	else
		put16(header, 1024 + n % 60000);
	if (!strcmp(kind, "scan"))
		put16(header + 2, 1 + n % 65535);
}

static int raw_socket(int family)
{
	int fd = socket(family, SOCK_RAW, IPPROTO_RAW), one = 1;

	if (fd < 0)
		die("raw socket");
	if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_HDRINCL, &one, sizeof(one)))
		die("IPV6_HDRINCL");
	return fd;
}

static void send_all(int fd, const char *kind, const char *dst, unsigned int rate,
		     unsigned int count)
{
	uint64_t begin = now_ns();
	struct sockaddr_storage to;
	socklen_t len = to_sockaddr(dst, 0, &to);
	unsigned int n, sent = 0;

	for (n = 0; n < count; n++) {
		while (now_ns() < begin + n * (1000000000ULL / rate))
			usleep(1000);
		vary(kind, n);
		sent += sendto(fd, packet, total, 0, (void *)&to, len) == total;
	}
	printf("%u of %u sent\n", sent, count);
}

int main(int argc, char **argv)
{
	unsigned int rate = 1000, count = 1000;
	int opt;

	while ((opt = getopt(argc, argv, "r:n:")) != -1) {
		switch (opt) {
		case 'r':
			rate = atoi(optarg);
			break;
		case 'n':
			count = atoi(optarg);
			break;
		default:
			return 2;
		}
	}
	if (argc - optind != 4 || !rate)
		die("usage: flood -r RATE -n COUNT syn|udp|icmp|source|scan SRC DST PORT");
	opt = build(argv[optind], argv[optind + 1], argv[optind + 2], atoi(argv[optind + 3]));
	send_all(raw_socket(opt), argv[optind], argv[optind + 2], rate, count);
	return 0;
}
