// SPDX-License-Identifier: GPL-2.0-only
/*
 * XDP: drops early what the module denies, passes everything else to the
 * stack, where the module's own hooks decide. It holds no policy and no state.
 */
#include "parse.h"

/*
 * Read-only data, set before the program is loaded: the verifier then throws
 * away the branch that the interface does not need.
 */
const volatile __u8 simseg_raw_ip = 0;	/* frames start with the IP header */

SEC("xdp")
int simseg_xdp(struct xdp_md *ctx)
{
	struct bpf_simseg_opts___local opts = {};
	struct cursor c = {
		.pos = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
		.left = ~0U,
	};
	int type;

	type = simseg_raw_ip ? parse_raw(&c) : parse_ethernet(&c, &opts);
	if (type < 0 || parse_ip(&c, &opts, type) < 0)
		return XDP_PASS;
	if (bpf_simseg_xdp_check(ctx, &opts, sizeof(opts)) == SIMSEG_VERDICT_DENY)
		return XDP_DROP;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
