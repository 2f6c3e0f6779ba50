// SPDX-License-Identifier: GPL-2.0-only
/*
 * XDP: drops early what the module denies, sends on at once what it says where to, and
 * passes everything else to the stack, where the module's own hooks decide. It holds no
 * policy and no state.
 */
#include "forward.h"
#include "parse.h"

/*
 * Read-only data, set before the program is loaded: the verifier then throws
 * away the branch that the interface does not need.
 */
const volatile __u8 simseg_raw_ip = 0;	/* frames start with the IP header */

static __always_inline int simseg_act(struct xdp_md *ctx, struct bpf_simseg_opts___local *opts)
{
	switch (bpf_simseg_xdp_check(ctx, opts, sizeof(*opts))) {
	case SIMSEG_VERDICT_DENY:
		return XDP_DROP;
	case SIMSEG_XDP_FORWARD:
		return forward(ctx, opts);
	default:
		return XDP_PASS;
	}
}

SEC("xdp.frags")
int simseg_xdp(struct xdp_md *ctx)
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
	if (simseg_raw_ip || opts.vlan_proto)
		opts.flags &= ~BPF_SIMSEG_F_PLAIN;
	return simseg_act(ctx, &opts);
}

char LICENSE[] SEC("license") = "GPL";
