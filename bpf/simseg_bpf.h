/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the module offers to BPF programs, as its kmod/kfunc.c documents it.
 * The name is a local one: BTF of the module is not needed to compile.
 */
#ifndef _SIMSEG_BPF_H
#define _SIMSEG_BPF_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <linux/simseg.h>

#define BPF_SIMSEG_F_PORTS	(1U << 0)
#define BPF_SIMSEG_F_REPLY_ONLY	(1U << 1)
#define BPF_SIMSEG_F_LINK	(1U << 2)
#define BPF_SIMSEG_F_PLAIN	(1U << 3)
#define BPF_SIMSEG_F_VLAN	(1U << 4)

/* Beside the verdicts: to be redirected as the options say. */
#define SIMSEG_XDP_FORWARD	__SIMSEG_VERDICT_MAX
/* To be asked about in full. */
#define SIMSEG_XDP_ASK		(__SIMSEG_VERDICT_MAX + 1)

struct simseg_addr {
	union {
		__be32 v4[4];	/* the last one; what is before is the same for all */
		__u64 word[2];
	};
};

struct bpf_simseg_opts___local {
	struct simseg_addr src;
	struct simseg_addr dst;
	__be16 sport;
	__be16 dport;
	__u8 proto;
	__u8 pad;
	__u16 domain;
	__u32 bytes;
	__u32 flags;
	__u64 dest;
	__be16 vlan_proto;
	__u16 vlan_id;
	__be32 seq;
	__be32 ack;
	__be16 window;
	__u16 payload;
	__u8 tcp_flags;
	__u8 reason;
	__u16 spare;
	__s32 error;
	__u32 ifindex;
	__u32 eth[3];
};

extern int bpf_simseg_xdp_check(struct xdp_md *ctx, struct bpf_simseg_opts___local *opts,
				__u32 opts__sz) __ksym;
extern int bpf_simseg_xdp_source(struct xdp_md *ctx, const struct simseg_addr *src,
				 __u32 src__sz, __u32 vlan_id) __ksym;

#endif /* _SIMSEG_BPF_H */
