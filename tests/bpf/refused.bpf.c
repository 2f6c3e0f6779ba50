// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that must not load. Each is alone when it is tried; what the
 * verifier has to say is in load_test.c.
 */
#include <linux/simseg_record.h>

#include "parse.h"

SEC("?xdp")
int size_unknown(struct xdp_md *ctx)
{
	struct bpf_simseg_opts___local opts = {};

	return bpf_simseg_xdp_check(ctx, &opts, ctx->rx_queue_index) == SIMSEG_VERDICT_DENY;
}

SEC("?xdp")
int size_beyond_opts(struct xdp_md *ctx)
{
	struct bpf_simseg_opts___local opts = {};

	return bpf_simseg_xdp_check(ctx, &opts, sizeof(opts) + 512) == SIMSEG_VERDICT_DENY;
}

SEC("?xdp")
int opts_null(struct xdp_md *ctx)
{
	return bpf_simseg_xdp_check(ctx, NULL, sizeof(struct bpf_simseg_opts___local)) ==
	       SIMSEG_VERDICT_DENY;
}

SEC("?xdp")
int ctx_null(struct xdp_md *ctx)
{
	struct bpf_simseg_opts___local opts = {};

	return bpf_simseg_xdp_check(NULL, &opts, sizeof(opts)) == SIMSEG_VERDICT_DENY;
}

/* The packet is no context. */
SEC("?xdp")
int ctx_other(struct xdp_md *ctx)
{
	struct bpf_simseg_opts___local opts = {};

	return bpf_simseg_xdp_check((void *)&opts, &opts, sizeof(opts)) == SIMSEG_VERDICT_DENY;
}

SEC("?tc")
int program_type(struct __sk_buff *skb)
{
	struct bpf_simseg_opts___local opts = {};

	return bpf_simseg_xdp_check((void *)skb, &opts, sizeof(opts)) == SIMSEG_VERDICT_DENY;
}

SEC("?xdp")
int source_size_unknown(struct xdp_md *ctx)
{
	struct simseg_addr src = {};

	return bpf_simseg_xdp_source(ctx, &src, ctx->rx_queue_index, 0) == SIMSEG_VERDICT_PASS;
}

SEC("?xdp")
int source_null(struct xdp_md *ctx)
{
	return bpf_simseg_xdp_source(ctx, NULL, sizeof(struct simseg_addr), 0) ==
	       SIMSEG_VERDICT_PASS;
}

SEC("?xdp")
int source_size_beyond(struct xdp_md *ctx)
{
	struct simseg_addr src = {};

	return bpf_simseg_xdp_source(ctx, &src, sizeof(src) + 512, 0) == SIMSEG_VERDICT_PASS;
}

SEC("?tc")
int program_type_source(struct __sk_buff *skb)
{
	struct simseg_addr src = {};

	return bpf_simseg_xdp_source((void *)skb, &src, sizeof(src), 0) == SIMSEG_VERDICT_PASS;
}

/* Writing beyond the event is refused when it is attached: it loads. */
SEC("?raw_tp.w/simseg_record")
int event_overrun(struct bpf_raw_tracepoint_args *ctx)
{
	struct simseg_event *event = (void *)ctx->args[0];

	*(__u64 *)(event + 1) = 1;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
