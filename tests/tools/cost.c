// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cost: what packets through the gateway cost, alone and amid a flood.
 *
 * usage: cost [-n ROUNDS] [-b BURST] KIND SRC DST VICTIM-NETNS VICTIM-SRC
 *
 * In the namespace of the flooding device. First the victim sends ROUNDS
 * datagrams of one flow to port 5000 of DST, and the flooder as many of one flow
 * to port 6000. Then, ROUNDS times, the flooder sends BURST datagrams of KIND and
 * the victim one. KIND: allowed (to port 5000, each with a source port of its
 * own), denied (the same to port 6000), source (each with an address of its own
 * in SRC's /16 or /112). Devices send from eth0 to 02:00:00:00:01:0N, N being
 * the last digit of their address.
 *
 * Prints the medians: victim alone, deny, victim amid the flood, flood packet. A
 * packet takes from its send to the return of the call, in which everything that
 * it causes is done, if there is one processor: mind that, and -icount, by which
 * a nanosecond is an instruction.
 */

#include "packet.h"

#define ROUNDS_MAX 100000

struct port {
	int sock, ifindex;
	uint8_t mac[6];
};

struct sample {
	unsigned int n;
	uint64_t *ns;
};

static unsigned int rounds = 1000, burst = 8;

static struct port port_of(const char *src)
{
	struct port p = {
		.sock = socket(AF_PACKET, SOCK_RAW, 0),
		.ifindex = if_nametoindex("eth0"),
		.mac = { 2, 0, 0, 0, 1, src[strlen(src) - 1] - '0' },
	};

	if (p.sock < 0 || !p.ifindex)
		die("packet socket on eth0");
	return p;
}

static struct sample sample_new(unsigned int n)
{
	return (struct sample){ .ns = calloc(n, sizeof(uint64_t)) };
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static unsigned long median(struct sample *s)
{
	qsort(s->ns, s->n, sizeof(*s->ns), compare);
	return s->ns[s->n / 2];
}

static void send_timed(const struct port *p, const struct packet *packet, struct sample *s)
{
	uint64_t start;

	sock = p->sock;
	ifindex = p->ifindex;
	memcpy(mac, p->mac, sizeof(mac));
	start = now_ns();
	transmit(packet);
	s->ns[s->n++] = now_ns() - start;
}

/* The n-th packet of a flood. */
static void flood_packet(struct packet *p, const char *kind, const char *src, const char *dst,
			 unsigned int n)
{
	int many = 1024 + n % 60000;

	if (!strcmp(kind, "source")) {
		udp(p, src, dst, 4000, 5000);
		put16(p->data + (header_len(p) == 20 ? 14 : 22), many);
		ip_end(p);
	} else {
		udp(p, src, dst, many, strcmp(kind, "allowed") ? 6000 : 5000);
	}
}

static void run(const char *kind, const char *src, const char *dst, const struct port *flooder,
		const char *victim_src, const struct port *victim)
{
	struct sample alone = sample_new(rounds), deny = sample_new(rounds);
	struct sample amid = sample_new(rounds), flood = sample_new(rounds * burst);
	struct packet good, bad, p;
	unsigned int i, j;

	udp(&good, victim_src, dst, 4000, 5000);
	udp(&bad, src, dst, 4000, 6000);
	for (i = 0; i < rounds; i++)
		send_timed(victim, &good, &alone);
	for (i = 0; i < rounds; i++)
		send_timed(flooder, &bad, &deny);
	for (i = 0; i < rounds; i++) {
		for (j = 0; j < burst; j++) {
			flood_packet(&p, kind, src, dst, i * burst + j);
			send_timed(flooder, &p, &flood);
		}
		send_timed(victim, &good, &amid);
	}
	printf("%lu %lu %lu %lu\n", median(&alone), median(&deny), median(&amid), median(&flood));
}

int main(int argc, char **argv)
{
	struct port flooder, victim;
	int opt;

	while ((opt = getopt(argc, argv, "n:b:")) != -1) {
		if (opt == 'n')
			rounds = atoi(optarg);
		else if (opt == 'b')
			burst = atoi(optarg);
		else
			return 2;
	}
	argv += optind;
	if (argc - optind != 5 || !rounds || rounds > ROUNDS_MAX || !burst || burst > 100)
		die("usage: cost [-n ROUNDS] [-b BURST] KIND SRC DST VICTIM-NETNS VICTIM-SRC");
	flooder = port_of(argv[1]);
	enter(argv[3]);
	victim = port_of(argv[4]);
	run(argv[0], argv[1], argv[2], &flooder, argv[4], &victim);
	return 0;
}
