// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One XDP program's opinion of each packet before the floor has it: what it
 * drops, the floor has to deny for the same reason. Whether what it passes is
 * denied is the floor's business.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "inject.h"
#include "tests/tools/net.h"
#include "xdp.skel.h"

/* BPF_PROG_TEST_RUN takes no less than an Ethernet header and no more than a page. */
#define XDP_MIN	   14
#define XDP_MAX	   3000
#define COMPLAINTS 10

static int prog_fd[2]; /* in turn */
static unsigned int dropped, passed, wrong;
static char why[TEXT_MAX];

void xdp_open(void)
{
	struct xdp_bpf *skel = xdp_bpf__open();

	if (!skel)
		die("the XDP program");
	skel->rodata->simseg_raw_ip = 1;
	if (xdp_bpf__load(skel))
		die("the XDP program cannot be loaded");
	prog_fd[0] = bpf_program__fd(skel->progs.simseg_xdp);
	prog_fd[1] = bpf_program__fd(skel->progs.simseg_xdp_source);
}

/* Before the floor sees it; a drop is counted, under its reason. */
void xdp_ask(struct world *w, size_t link, const uint8_t *packet, size_t len)
{
	struct xdp_md ctx = {
		.data_end = len,
		.ingress_ifindex = if_nametoindex(w->links[link].name),
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = len, .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .repeat = 1);

	why[0] = '\0';
	if (len < XDP_MIN || len > XDP_MAX)
		return;
	if (bpf_prog_test_run_opts(prog_fd[(dropped + passed) % 2], &opts))
		die("BPF_PROG_TEST_RUN");
	change_count(w);
	snprintf(why, sizeof(why), "%s", w->counts);
	if (opts.retval == XDP_DROP ? !why[0] : why[0] != '\0') {
		wrong++;
		printf("# %s, but counted: %s\n", opts.retval == XDP_DROP ? "dropped" : "passed",
		       why);
	}
	if (opts.retval == XDP_DROP)
		dropped++;
	else
		passed++;
}

/* After it: @w has what the floor has counted. */
void xdp_compare(const struct world *w, const char *number, const char *hex)
{
	if (!why[0] || (!strcmp(why, w->counts) && !w->a.seen.outs[0]))
		return;
	if (++wrong <= COMPLAINTS)
		printf("# packet %s: XDP drops it (%s), the floor does not (%s, out %s): %s\n",
		       number, why, w->counts, w->a.seen.outs, hex);
}

/* The result as TAP; the exit status. */
int xdp_end(void)
{
	bool good = dropped && passed && !wrong;

	printf("%s 1 - oracle: what XDP drops the floor denies for the same reason "
	       "(%u dropped, %u passed, %u wrong)\n",
	       good ? "ok" : "not ok", dropped, passed, wrong);
	return !good;
}
