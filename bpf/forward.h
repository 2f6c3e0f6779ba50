/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a router does to a packet that it sends on: the addresses of the link, and one
 * hop less. The module has seen to it that there is one to spare.
 */
#ifndef _SIMSEG_FORWARD_H
#define _SIMSEG_FORWARD_H

#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>

#include "simseg_bpf.h"

/* The checksum is a sum: the TTL is the upper half of its word (RFC 1624). */
static __always_inline void forward_ipv4(struct iphdr *ip)
{
	__u32 sum = ip->check + bpf_htons(0x0100);

	ip->check = sum + (sum >= 0xffff);
	ip->ttl--;
}

/* @type: EtherType of a frame without a tag */
static __always_inline int forward(struct xdp_md *ctx, const struct bpf_simseg_opts___local *o,
				   int type)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	__u32 *addrs;	/* byte by byte it would cost three times as much */

	/* it was there before: this is for the verifier */
	if ((void *)(ip + 1) > end)
		return XDP_DROP;
	if (type == ETH_P_IP)
		forward_ipv4(ip);
	else
		((struct ipv6hdr *)ip)->hop_limit--;
	addrs = (void *)eth;
	addrs[0] = o->eth[0];
	addrs[1] = o->eth[1];
	addrs[2] = o->eth[2];
	return bpf_redirect(o->ifindex, 0);
}

#endif /* _SIMSEG_FORWARD_H */
