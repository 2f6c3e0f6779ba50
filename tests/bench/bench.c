// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench: frames through the gateway, and what they cost.
 *
 * usage: bench sink NETNS DEV PIN
 *        bench attach NETNS DEV drop|pass|redirect [OUT]
 *        bench send [OPTION]... NETNS DEV SRC-MAC DST-MAC PIN
 *
 * NETNS: a name in /run/netns. sink attaches a program to DEV that counts what
 * arrives, in a map pinned at PIN. attach puts a program on DEV that decides
 * nothing; redirect sends out of OUT. send sends frames of devices from DEV and
 * prints the mean cost of one in ns (icount: instructions), from its making to
 * its end, then how many arrived at the sink whose map is PIN, and how many were
 * sent.
 *
 *   -c PACKETS      how many
 *   -n DEVICES      from so many devices in turn, one flow each
 *   -o FIRST        number of the first device
 *   -s SPORT        source port
 *   -p DPORT        destination port
 *   -f              fresh flows: each round of all devices has the next source port
 *   -r              replies: from the server to the devices
 *   -d              drop at the source: what the source alone costs
 *   -6              IPv6
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>

#include "../tools/net.h"
#include "bare.skel.h"
#include "flow.h"
#include "sink.skel.h"
#include "source.skel.h"

#define BATCH 32

__attribute__((noreturn)) static void usage(void)
{
	fputs("usage: bench sink NETNS DEV PIN\n"
	      "       bench attach NETNS DEV drop|pass|redirect [OUT]\n"
	      "       bench send [-6dfr] [-c PACKETS] [-n DEVICES] [-o FIRST] [-s SPORT] [-p DPORT]\n"
	      "                  NETNS DEV SRC-MAC DST-MAC PIN\n",
	      stderr);
	exit(2);
}

static uint32_t index_of(const char *dev)
{
	uint32_t index = if_nametoindex(dev);

	if (!index)
		die("%s", dev);
	return index;
}

static void attach(const char *dev, const struct bpf_program *prog)
{
	if (bpf_xdp_attach(index_of(dev), bpf_program__fd(prog), XDP_FLAGS_DRV_MODE, NULL))
		die("attach to %s", dev);
}

static void do_sink(char **argv)
{
	struct sink_bpf *skel;

	enter(argv[0]);
	skel = sink_bpf__open_and_load();
	if (!skel)
		die("load the sink");
	attach(argv[1], skel->progs.sink);
	if (bpf_map__pin(skel->maps.bss, argv[2]))
		die("pin %s", argv[2]);
	sink_bpf__destroy(skel);
}

static void do_attach(int argc, char **argv)
{
	struct bare_bpf *skel;
	struct bpf_program *prog;
	uint32_t zero = 0, out;
	char name[32];

	enter(argv[0]);
	skel = bare_bpf__open_and_load();
	if (!skel)
		die("load the bare programs");
	snprintf(name, sizeof(name), "bare_%s", argv[2]);
	prog = bpf_object__find_program_by_name(skel->obj, name);
	if (!prog || (prog == skel->progs.bare_redirect) != (argc == 4))
		usage();
	if (argc == 4) {
		out = index_of(argv[3]);
		if (bpf_map__update_elem(skel->maps.out, &zero, sizeof(zero), &out, sizeof(out), 0))
			die("redirect to %s", argv[3]);
	}
	attach(argv[1], prog);
	bare_bpf__destroy(skel);
}

static uint64_t arrived(int map)
{
	uint32_t zero = 0;
	uint64_t n;

	if (bpf_map_lookup_elem(map, &zero, &n))
		die("read the sink");
	return n;
}

/* What is under way when the run is over has a moment to arrive. */
static uint64_t arrived_since(int map, uint64_t before, unsigned int sent)
{
	struct timespec rest = { .tv_nsec = 1000000 };
	unsigned int i;

	for (i = 0; i < 50 && arrived(map) - before < sent; i++)
		nanosleep(&rest, NULL);
	return arrived(map) - before;
}

/* For tests/bench/trace: what runs between two of these is counted by function. */
static inline void mark(void)
{
#ifdef __x86_64__
	__asm__ volatile(".byte 0x0f, 0x1f, 0x84, 0x00, 0x53, 0x49, 0x4d, 0x53" ::: "memory");
#endif
}

static unsigned int run(const struct flow *flow, unsigned int packets)
{
	char frame[FLOW_LEN6] = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame,
		    .data_size_in = flow->v6 ? FLOW_LEN6 : FLOW_LEN4, .repeat = packets,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH);
	struct source_bpf *skel = source_bpf__open();
	int err;

	if (!skel)
		die("open the source");
	memcpy((void *)&skel->rodata->flow, flow, sizeof(*flow));
	if (source_bpf__load(skel))
		die("load the source");
	mark();
	err = bpf_prog_test_run_opts(bpf_program__fd(skel->progs.source), &opts);
	mark();
	if (err)
		die("run the source");
	if (skel->bss->frames != packets)
		die("%llu frames sent, not %u", (unsigned long long)skel->bss->frames, packets);
	source_bpf__destroy(skel);
	return opts.duration;
}

static void parse_mac(const char *text, uint8_t *mac)
{
	if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &mac[0], &mac[1], &mac[2], &mac[3],
		   &mac[4], &mac[5]) != 6)
		usage();
}

static unsigned int number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 0);

	if (end == text || *end || n > UINT32_MAX)
		usage();
	return n;
}

/* Leaves optind at the operands. */
static void parse_options(int argc, char **argv, struct flow *flow, unsigned int *packets)
{
	int opt;

	while ((opt = getopt(argc, argv, "6dfrc:n:o:s:p:")) != -1) {
		if (opt == '6')
			flow->v6 = 1;
		else if (opt == 'd')
			flow->drop = 1;
		else if (opt == 'f')
			flow->fresh = 1;
		else if (opt == 'r')
			flow->reply = 1;
		else if (opt == 'c')
			*packets = number(optarg);
		else if (opt == 'n')
			flow->devices = number(optarg);
		else if (opt == 'o')
			flow->first = number(optarg);
		else if (opt == 's')
			flow->sport = number(optarg);
		else if (opt == 'p')
			flow->dport = number(optarg);
		else
			usage();
	}
	if (!*packets || !flow->devices || flow->devices % FLOW_STRIDE == 0)
		usage();
}

static void do_send(int argc, char **argv)
{
	struct flow flow = { .devices = 1, .sport = 4000, .dport = 2404 };
	unsigned int packets = 1000, cost;
	uint64_t before;
	int map;

	parse_options(argc, argv, &flow, &packets);
	argv += optind;
	if (argc - optind != 5)
		usage();
	enter(argv[0]);
	flow.ifindex = index_of(argv[1]);
	parse_mac(argv[2], flow.src);
	parse_mac(argv[3], flow.dst);
	map = bpf_obj_get(argv[4]);
	if (map < 0)
		die("%s", argv[4]);
	before = arrived(map);
	cost = run(&flow, packets);
	printf("%u %llu %u\n", cost, (unsigned long long)arrived_since(map, before, packets),
	       packets);
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "sink"))
		do_sink(argv + 2);
	else if ((argc == 5 || argc == 6) && !strcmp(argv[1], "attach"))
		do_attach(argc - 2, argv + 2);
	else if (argc > 1 && !strcmp(argv[1], "send"))
		do_send(argc - 1, argv + 1);
	else
		usage();
	return 0;
}
