/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The common packet, in as few instructions as there can be: TCP or UDP behind an IP header
 * without options, behind untagged Ethernet, in one piece and in one buffer, with hops left.
 * What comes out is what parse.h would say of it. Anything else is not placed here, and
 * goes through that.
 */
#ifndef _SIMSEG_PLAIN_H
#define _SIMSEG_PLAIN_H

#include "parse.h"

#define PLAIN_IPV4	0x45	/* version 4, a header of five words */

/* In one piece, which the compiler does not know to be aligned. */
parse_inline __be16 plain_type(void *frame)
{
	return ((__be16 *)frame)[ETH_ALEN];
}

/* Words of eight bytes: behind NET_IP_ALIGN addresses of IPv6 are aligned to that. */
parse_inline void plain_v6(struct simseg_addr *to, const struct in6_addr *addr)
{
	to->word[0] = ((const __u64 *)addr)[0];
	to->word[1] = ((const __u64 *)addr)[1];
}

parse_inline int plain_tcp(struct bpf_simseg_opts___local *o, const struct tcphdr *tcp, void *end,
			   __u32 left)
{
	__u32 header;

	if ((void *)(tcp + 1) > end)
		return -1;
	header = tcp->doff * 4;
	if (header < sizeof(*tcp) || header > left)
		return -1;
	o->tcp_flags = ((const __u8 *)tcp)[13];
	o->seq = tcp->seq;
	o->ack = tcp->ack_seq;
	o->window = tcp->window;
	o->payload = left - header;
	return 0;
}

/* Is it one of DHCP's ports, or of DHCPv6's? What that means is for parse.h. */
parse_inline int plain_dhcp(__be16 sport, __be16 dport, int v4)
{
	if (v4)
		return sport == bpf_htons(DHCP_CLIENT) || sport == bpf_htons(DHCP_SERVER);
	return dport == bpf_htons(DHCPV6_CLIENT) || dport == bpf_htons(DHCPV6_SERVER);
}

/* The caller has seen that the ports are there; @left: so much follows the IP header. */
parse_inline int plain_transport(struct bpf_simseg_opts___local *o, const struct ports *ports,
				 void *end, __u32 left, __u8 proto, int v4)
{
	o->sport = ports->sport;
	o->dport = ports->dport;
	o->proto = proto;
	o->pad = 0;
	o->domain = 0;
	if (proto == IPPROTO_UDP)
		return plain_dhcp(ports->sport, ports->dport, v4) ? -1 : 0;
	return proto == IPPROTO_TCP ? plain_tcp(o, (const void *)ports, end, left) : -1;
}

parse_inline int plain_ipv4(struct bpf_simseg_opts___local *o, void *data, void *end, __u32 flags)
{
	struct iphdr *ip = data + ETH_HLEN;
	struct ports *ports = (void *)(ip + 1);
	__u32 len;

	if ((void *)(ports + 1) > end)
		return -1;
	if (*(__u8 *)ip != PLAIN_IPV4 || ip->frag_off & bpf_htons(IP_MF_OFFSET) || ip->ttl <= 1)
		return -1;
	len = bpf_ntohs(ip->tot_len);
	if (len < sizeof(*ip) + sizeof(*ports) || len > (__u64)(end - (void *)ip))
		return -1;
	/* what is not to be sent on the stack looks at */
	if (flags & BPF_SIMSEG_F_PLAIN && !ipv4_sound(ip))
		return -1;
	set_v4(&o->src, ip->saddr);
	set_v4(&o->dst, ip->daddr);
	o->bytes = len;
	return plain_transport(o, ports, end, len - sizeof(*ip), ip->protocol, 1);
}

parse_inline int plain_ipv6(struct bpf_simseg_opts___local *o, void *data, void *end)
{
	struct ipv6hdr *ip = data + ETH_HLEN;
	struct ports *ports = (void *)(ip + 1);
	__u32 len;

	if ((void *)(ports + 1) > end)
		return -1;
	if (ip->version != 6 || ip->hop_limit <= 1)
		return -1;
	len = bpf_ntohs(ip->payload_len);
	if (len < sizeof(*ports) || len > (__u64)(end - (void *)ports))
		return -1;
	plain_v6(&o->src, &ip->saddr);
	plain_v6(&o->dst, &ip->daddr);
	/* among those that begin so is IPv4's form */
	if (!o->src.word[0] || !o->dst.word[0])
		return -1;
	o->bytes = len + sizeof(*ip);
	return plain_transport(o, ports, end, len, ip->nexthdr, 0);
}

/* Its EtherType, or -1: it is not of this kind. All is set but @flags, which are constant. */
parse_inline int plain_parse(struct bpf_simseg_opts___local *o, struct xdp_md *ctx, __u32 flags)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__be16 type;

	if (data + ETH_HLEN > end)
		return -1;
	type = plain_type(data);
	o->dest = *(__u64 *)data;
	if (type == bpf_htons(ETH_P_IP))
		return plain_ipv4(o, data, end, flags) ? -1 : ETH_P_IP;
	if (type == bpf_htons(ETH_P_IPV6))
		return plain_ipv6(o, data, end) ? -1 : ETH_P_IPV6;
	return -1;
}

/* The address of who sent it; @type: EtherType, in network byte order. */
parse_inline int plain_source_ip(struct simseg_addr *src, void *pos, void *end, __be16 type)
{
	struct ipv6hdr *ip6 = pos;
	struct iphdr *ip = pos;

	if ((void *)(ip + 1) > end)
		return -1;
	if (type == bpf_htons(ETH_P_IP)) {
		set_v4(src, ip->saddr);
		return 0;
	}
	if (type != bpf_htons(ETH_P_IPV6) || (void *)(ip6 + 1) > end)
		return -1;
	plain_v6(src, &ip6->saddr);
	return 0;
}

/*
 * No more than the address of who sent it, and the VLAN: whatever else the packet may be,
 * the module answers either that this address may pass, or that it wants to know all.
 */
parse_inline int plain_source(struct simseg_addr *src, __u32 *vlan_id, struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct vlan_tag *tag = data + ETH_HLEN;
	__be16 type;

	if ((void *)(tag + 1) > end)
		return -1;
	type = plain_type(data);
	if (type != bpf_htons(ETH_P_8021Q))
		return plain_source_ip(src, tag, end, type);
	*vlan_id = bpf_ntohs(tag->tci) & VLAN_VID_MASK;
	return *vlan_id ? plain_source_ip(src, tag + 1, end, tag->proto) : -1;
}

/* The same where frames start with the IP header. */
parse_inline int plain_source_raw(struct simseg_addr *src, struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct cursor c = { .pos = data, .end = end };

	return plain_source_ip(src, data, end, bpf_htons(parse_raw(&c)));
}

#endif /* _SIMSEG_PLAIN_H */
