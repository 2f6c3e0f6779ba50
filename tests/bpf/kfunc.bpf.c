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
	struct bpf_simseg_opts___local opts = { .reserved[2] = 1 };

	if (bpf_simseg_xdp_check(ctx, &opts, sizeof(opts)) != -22)
		return XDP_ABORTED;
	return opts.error == -22 ? XDP_PASS : XDP_ABORTED;
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
