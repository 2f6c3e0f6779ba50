// SPDX-License-Identifier: GPL-2.0-only
/* What the kfunc says to programs that ask it wrongly, but may be loaded. */
#include "parse.h"

SEC("xdp")
int size_too_small(struct xdp_md *ctx)
{
	struct bpf_simseg_opts___local opts = { .error = 7, .reason = 7 };

	if (bpf_simseg_xdp_check(ctx, &opts, sizeof(opts) - 8) != -22)
		return XDP_ABORTED;
	return opts.error == 7 && opts.reason == 7 ? XDP_PASS : XDP_ABORTED;
}

SEC("xdp")
int flags_unknown(struct xdp_md *ctx)
{
	struct bpf_simseg_opts___local opts = { .flags = 1U << 31 };

	if (bpf_simseg_xdp_check(ctx, &opts, sizeof(opts)) != -22)
		return XDP_ABORTED;
	return opts.error == -22 ? XDP_PASS : XDP_ABORTED;
}

SEC("xdp")
int reserved_used(struct xdp_md *ctx)
{
	struct bpf_simseg_opts___local opts = { .domain = 1 };

	if (bpf_simseg_xdp_check(ctx, &opts, sizeof(opts)) != -22)
		return XDP_ABORTED;
	return opts.error == -22 ? XDP_PASS : XDP_ABORTED;
}

/* The same where the packet looks as if it could be sent on at once. */
SEC("xdp")
int reserved_used_plain(struct xdp_md *ctx)
{
	struct bpf_simseg_opts___local opts = { .pad = 1, .flags = BPF_SIMSEG_F_PLAIN };

	if (bpf_simseg_xdp_check(ctx, &opts, sizeof(opts)) != -22)
		return XDP_ABORTED;
	return opts.error == -22 ? XDP_PASS : XDP_ABORTED;
}

SEC("xdp")
int vlan_unknown(struct xdp_md *ctx)
{
	struct bpf_simseg_opts___local opts = { .flags = BPF_SIMSEG_F_VLAN,
						.vlan_proto = bpf_htons(ETH_P_IP) };

	if (bpf_simseg_xdp_check(ctx, &opts, sizeof(opts)) != -22)
		return XDP_ABORTED;
	opts.vlan_proto = bpf_htons(ETH_P_8021Q);
	opts.vlan_id = VLAN_VID_MASK + 1;
	if (bpf_simseg_xdp_check(ctx, &opts, sizeof(opts)) != -22)
		return XDP_ABORTED;
	opts.vlan_id = VLAN_VID_MASK;
	return bpf_simseg_xdp_check(ctx, &opts, sizeof(opts)) == -22 ? XDP_ABORTED : XDP_PASS;
}

SEC("xdp")
int source_size(struct xdp_md *ctx)
{
	struct bpf_simseg_opts___local opts = {};

	if (bpf_simseg_xdp_source(ctx, &opts.src, sizeof(opts.src) - 1, 0) != -22)
		return XDP_ABORTED;
	return bpf_simseg_xdp_source(ctx, &opts.src, sizeof(opts.src) + 1, 0) == -22 ?
		       XDP_PASS : XDP_ABORTED;
}

/* An interface without a side: nothing can be said of a source there. */
SEC("xdp")
int source_vlan(struct xdp_md *ctx)
{
	struct simseg_addr src = {};

	if (bpf_simseg_xdp_source(ctx, &src, sizeof(src), VLAN_VID_MASK + 1) != -22)
		return XDP_ABORTED;
	if (bpf_simseg_xdp_source(ctx, &src, sizeof(src), VLAN_VID_MASK) != SIMSEG_XDP_ASK)
		return XDP_ABORTED;
	return bpf_simseg_xdp_source(ctx, &src, sizeof(src), 0) == SIMSEG_XDP_ASK ? XDP_PASS :
										    XDP_ABORTED;
}

/* Link control is not judged, and the reason says so. */
SEC("xdp")
int link_control(struct xdp_md *ctx)
{
	struct bpf_simseg_opts___local opts = { .flags = BPF_SIMSEG_F_LINK, .error = 7 };

	if (bpf_simseg_xdp_check(ctx, &opts, sizeof(opts)) != SIMSEG_VERDICT_PASS)
		return XDP_ABORTED;
	return !opts.error && opts.reason == SIMSEG_REASON_LINK ? XDP_PASS : XDP_ABORTED;
}

char LICENSE[] SEC("license") = "GPL";
