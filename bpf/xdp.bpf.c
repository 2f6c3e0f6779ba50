// SPDX-License-Identifier: GPL-2.0-only
/*
 * XDP: drops early what the module denies, sends on at once what it says where to, and
 * passes everything else to the stack, where the module's own hooks decide. It holds no
 * policy and no state.
 */
#include "forward.h"
#include "parse.h"
#include "plain.h"

/*
 * Read-only data, set before the program is loaded: the verifier then throws
 * away the branch that the interface does not need.
 */
const volatile __u8 simseg_raw_ip = 0;	/* frames start with the IP header */

static __always_inline int simseg_act(struct xdp_md *ctx, struct bpf_simseg_opts___local *opts,
				      int type)
{
	switch (bpf_simseg_xdp_check(ctx, opts, sizeof(*opts))) {
	case SIMSEG_XDP_FORWARD:
		return forward(ctx, opts, type);
	case SIMSEG_VERDICT_DENY:
		return XDP_DROP;
	default:
		return XDP_PASS;
	}
}

/* Any packet. Not inlined: it has registers of its own, and the common packet has all. */
static __attribute__((noinline)) int simseg_any(struct xdp_md *ctx)
{
	struct bpf_simseg_opts___local opts = {};
	struct cursor c = {
		.pos = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
		.left = ~0U,
		.ctx = ctx,
	};
	int type;

	type = simseg_raw_ip ? parse_raw(&c) : parse_ethernet(&c, &opts);
	if (type < 0 || parse_ip(&c, &opts, type) < 0)
		return XDP_PASS;
	/* what is between Ethernet and IP, or has no Ethernet, goes the long way */
	if (simseg_raw_ip || opts.flags & BPF_SIMSEG_F_VLAN)
		opts.flags &= ~BPF_SIMSEG_F_PLAIN;
	return simseg_act(ctx, &opts, type);
}

/* @flags: BPF_SIMSEG_F_PLAIN if it is to be sent on at once */
static __always_inline int simseg_ask(struct xdp_md *ctx, __u32 flags)
{
	struct bpf_simseg_opts___local opts;	/* what the module reads is set */
	int type = simseg_raw_ip ? -1 : plain_parse(&opts, ctx, flags);

	opts.flags = BPF_SIMSEG_F_PORTS | flags;
	return type < 0 ? simseg_any(ctx) : simseg_act(ctx, &opts, type);
}

/* Asks of each packet in full: for interfaces whose packets are sent on at once. */
SEC("xdp.frags")
int simseg_xdp(struct xdp_md *ctx)
{
	return simseg_ask(ctx, BPF_SIMSEG_F_PLAIN);
}

/* As simseg_xdp_source(), of a frame without a header of its own. */
static __attribute__((noinline)) int simseg_raw_source(struct xdp_md *ctx)
{
	struct simseg_addr src;

	if (plain_source_raw(&src, ctx) < 0 ||
	    bpf_simseg_xdp_source(ctx, &src, sizeof(src), 0) != SIMSEG_VERDICT_PASS)
		return simseg_any(ctx);
	return XDP_PASS;
}

/*
 * Lets whatever comes from where it may come from go to the stack, which judges it: for
 * interfaces whose packets are not sent on at once. Of all others it asks in full.
 */
SEC("xdp.frags")
int simseg_xdp_source(struct xdp_md *ctx)
{
	struct simseg_addr src;
	__u32 vlan_id = 0;

	if (simseg_raw_ip)
		return simseg_raw_source(ctx);
	if (plain_source(&src, &vlan_id, ctx) < 0 ||
	    bpf_simseg_xdp_source(ctx, &src, sizeof(src), vlan_id) != SIMSEG_VERDICT_PASS)
		return simseg_ask(ctx, 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
