// SPDX-License-Identifier: GPL-2.0-only
/*
 * The source: writes one UDP frame a device and sends it out. It is run on live
 * frames by BPF_PROG_TEST_RUN; those come back with what the last journey has
 * made of them, so every byte that matters is written anew.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "flow.h"

/* Set before loading: the verifier throws away what this run does not need. */
const volatile struct flow flow = {};

__u64 frames;

static __always_inline void write_ethernet(struct ethhdr *eth, __be16 proto)
{
	int i;

	for (i = 0; i < ETH_ALEN; i++) {
		eth->h_dest[i] = flow.dst[i];
		eth->h_source[i] = flow.src[i];
	}
	eth->h_proto = proto;
}

/* A checksum of zero is none, and nobody on the way computes one. */
static __always_inline void write_udp(struct udphdr *udp, __u16 sport, int len)
{
	udp->source = bpf_htons(flow.reply ? flow.dport : sport);
	udp->dest = bpf_htons(flow.reply ? sport : flow.dport);
	udp->len = bpf_htons(len);
	udp->check = 0;
}

static __always_inline void write_ip(struct iphdr *ip, __u32 device)
{
	__u32 src = flow.reply ? FLOW_SERVER4 : FLOW_DEVICES4 + device;
	__u32 dst = flow.reply ? FLOW_DEVICES4 + device : FLOW_SERVER4;
	__u32 len = FLOW_LEN4 - sizeof(struct ethhdr);
	__u32 sum;

	ip->version = 4;
	ip->ihl = 5;
	ip->tos = 0;
	ip->tot_len = bpf_htons(len);
	ip->id = 0;
	ip->frag_off = 0;
	ip->ttl = 64;
	ip->protocol = IPPROTO_UDP;
	ip->saddr = bpf_htonl(src);
	ip->daddr = bpf_htonl(dst);
	sum = 0x4500 + len + (64 << 8 | IPPROTO_UDP) + (src >> 16) + (src & 0xffff) +
	      (dst >> 16) + (dst & 0xffff);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = bpf_htons(~sum);
}

static __always_inline void write_address(struct in6_addr *a, __u32 top, __u32 end)
{
	a->s6_addr32[0] = bpf_htonl(top);
	a->s6_addr32[1] = 0;
	a->s6_addr32[2] = 0;
	a->s6_addr32[3] = bpf_htonl(end);
}

static __always_inline void write_ipv6(struct ipv6hdr *ip, __u32 device)
{
	*(__be32 *)ip = bpf_htonl(6U << 28);
	ip->payload_len = bpf_htons(FLOW_LEN6 - sizeof(struct ethhdr) - sizeof(*ip));
	ip->nexthdr = IPPROTO_UDP;
	ip->hop_limit = 64;
	write_address(flow.reply ? &ip->saddr : &ip->daddr, FLOW_SERVER6, 2);
	write_address(flow.reply ? &ip->daddr : &ip->saddr, FLOW_DEVICES6, device);
}

SEC("xdp")
int source(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u64 i = frames++, round = i / flow.devices;
	__u32 device = flow.first + i * FLOW_STRIDE % flow.devices;
	__u16 sport = flow.sport + (flow.fresh ? round : 0);
	struct ethhdr *eth = data;

	if (data + (flow.v6 ? FLOW_LEN6 : FLOW_LEN4) > end)
		return XDP_ABORTED;
	if (flow.v6) {
		struct ipv6hdr *ip = (void *)(eth + 1);

		write_ethernet(eth, bpf_htons(ETH_P_IPV6));
		write_ipv6(ip, device);
		write_udp((void *)(ip + 1), sport, FLOW_LEN6 - sizeof(*eth) - sizeof(*ip));
	} else {
		struct iphdr *ip = (void *)(eth + 1);

		write_ethernet(eth, bpf_htons(ETH_P_IP));
		write_ip(ip, device);
		write_udp((void *)(ip + 1), sport, FLOW_LEN4 - sizeof(*eth) - sizeof(*ip));
	}
	return flow.drop ? XDP_DROP : bpf_redirect(flow.ifindex, 0);
}

char LICENSE[] SEC("license") = "GPL";
