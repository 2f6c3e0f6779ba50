/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a frame to the question that the module is asked. Parsing alone:
 * nothing here decides, and IPv4 and IPv6 come out in the same form.
 *
 * Each parse_*() consumes one header and returns what follows (EtherType or
 * protocol number, host order), or -1: this packet cannot be placed here, and
 * goes to the stack. That is the answer to everything out of the ordinary:
 * fragments, IPv4 options, extension headers of other kinds or beyond the
 * depth, ICMP errors, and headers that are cut off or lie about their length.
 */
#ifndef _SIMSEG_PARSE_H
#define _SIMSEG_PARSE_H

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>

#include "simseg_bpf.h"

#define PARSE_EXT_MAX	4	/* IPv6 extension headers */

#define IP_MF_OFFSET	0x3fff	/* more fragments, or not the first one */
#define VLAN_VID_MASK	0x0fff

/* Multicast listener discovery; <linux/icmpv6.h> has some of it. */
#define MLD_QUERY	130
#define MLD_DONE	132
#define MLD2_REPORT	143
#define ND_FIRST	133	/* router solicitation */
#define ND_LAST		137	/* redirect */

#define DHCP_SERVER	67
#define DHCP_CLIENT	68
#define DHCPV6_CLIENT	546
#define DHCPV6_SERVER	547

/*
 * Where the parser is. @left is what the IP header says is still to come, so
 * that padding behind the packet is never taken for a part of it.
 */
struct cursor {
	void *pos;
	void *end;
	__u32 left;
	struct xdp_md *ctx;
	__u8 hop_limit;
};

struct vlan_tag {
	__be16 tci;
	__be16 proto;
};

struct ports {
	__be16 sport;
	__be16 dport;
	__be32 more;	/* the least that any of these protocols has */
};

struct ext_header {
	__u8 next;
	__u8 len;	/* in 8 bytes, the first 8 not counted */
	__u8 data[6];
};

#define parse_inline static __attribute__((always_inline)) inline

/* Takes @size bytes, which the frame and the IP packet must still have. */
parse_inline void *cursor_take(struct cursor *c, __u32 size)
{
	void *pos = c->pos;

	if (pos + size > c->end || c->left < size)
		return NULL;
	c->pos = pos + size;
	c->left -= size;
	return pos;
}

/* Are there @len bytes from @start on, in this buffer or in those behind it? */
parse_inline int cursor_has(const struct cursor *c, void *start, __u32 len)
{
	__u32 here = c->end - start;

	if (len <= here)
		return 1;
	/* what stands before @start is in this buffer as well */
	return len <= here + bpf_xdp_get_buff_len(c->ctx) - (c->ctx->data_end - c->ctx->data);
}

/* Ethernet with at most one 802.1Q tag in the data. */
parse_inline int parse_ethernet(struct cursor *c, struct bpf_simseg_opts___local *o)
{
	struct ethhdr *eth = cursor_take(c, sizeof(*eth));
	struct vlan_tag *tag;

	if (!eth)
		return -1;
	/* and two bytes more, at which nobody looks: the frame's are not aligned to less */
	o->dest = *(__u64 *)eth;
	if (eth->h_proto != bpf_htons(ETH_P_8021Q))
		return bpf_ntohs(eth->h_proto);

	tag = cursor_take(c, sizeof(*tag));
	if (!tag)
		return -1;
	o->vlan_proto = eth->h_proto;
	o->vlan_id = bpf_ntohs(tag->tci) & VLAN_VID_MASK;
	o->flags |= BPF_SIMSEG_F_VLAN;
	/* A priority tag names no VLAN; the stack takes it as untagged. */
	if (!o->vlan_id)
		return -1;
	return bpf_ntohs(tag->proto);
}

/* A link without a header of its own starts with IP. */
parse_inline int parse_raw(struct cursor *c)
{
	__u8 *first = c->pos;

	if (c->pos + 1 > c->end)
		return -1;
	switch (*first >> 4) {
	case 4:
		return ETH_P_IP;
	case 6:
		return ETH_P_IPV6;
	default:
		return -1;
	}
}

parse_inline void set_v4(struct simseg_addr *to, __be32 addr)
{
	to->word[0] = 0;
	to->v4[2] = bpf_htonl(0xffff);
	to->v4[3] = addr;
}

/*
 * A header that was damaged on its way is nothing to send on (RFC 1812, 5.2.2): the stack
 * throws it away. Folded twice the sum of ten words is at most 0x10004.
 */
parse_inline int ipv4_sound(const struct iphdr *ip)
{
	const __u32 *word = (const void *)ip;
	__u64 sum = (__u64)word[0] + word[1] + word[2] + word[3] + word[4];

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

parse_inline int parse_ipv4(struct cursor *c, struct bpf_simseg_opts___local *o)
{
	void *start = c->pos;
	struct iphdr *ip = cursor_take(c, sizeof(*ip));
	__u32 len;

	if (!ip || ip->version != 4 || ip->ihl != 5)
		return -1;
	len = bpf_ntohs(ip->tot_len);
	if (len < sizeof(*ip) || !cursor_has(c, start, len))
		return -1;
	if (ip->frag_off & bpf_htons(IP_MF_OFFSET))
		return -1;
	set_v4(&o->src, ip->saddr);
	set_v4(&o->dst, ip->daddr);
	o->bytes = len;
	c->left = len - sizeof(*ip);
	if (ip->ttl > 1 && ipv4_sound(ip))
		o->flags |= BPF_SIMSEG_F_PLAIN;
	return ip->protocol;
}

/* Only what is common on its way: hop-by-hop and destination options. */
parse_inline int parse_extensions(struct cursor *c, __u8 next)
{
	int i;

#pragma unroll
	for (i = 0; i < PARSE_EXT_MAX; i++) {
		struct ext_header *ext;

		if (next != IPPROTO_HOPOPTS && next != IPPROTO_DSTOPTS)
			return next;
		ext = cursor_take(c, sizeof(*ext));
		if (!ext)
			return -1;
		next = ext->next;
		if (!cursor_take(c, (__u32)ext->len * 8))
			return -1;
	}
	return next == IPPROTO_HOPOPTS || next == IPPROTO_DSTOPTS ? -1 : next;
}

parse_inline int v4_mapped(const struct simseg_addr *addr)
{
	return !addr->word[0] && addr->v4[2] == bpf_htonl(0xffff);
}

parse_inline int parse_ipv6(struct cursor *c, struct bpf_simseg_opts___local *o)
{
	void *start = c->pos;
	struct ipv6hdr *ip = cursor_take(c, sizeof(*ip));
	__u32 len;

	if (!ip || ip->version != 6)
		return -1;
	/* No payload, or one too long for the field: not for us. */
	len = bpf_ntohs(ip->payload_len);
	if (!len || !cursor_has(c, start, len + sizeof(*ip)))
		return -1;
	__builtin_memcpy(&o->src, &ip->saddr, sizeof(o->src));
	__builtin_memcpy(&o->dst, &ip->daddr, sizeof(o->dst));
	/* This form stands for IPv4 here, and has no place on a wire. */
	if (v4_mapped(&o->src) || v4_mapped(&o->dst))
		return -1;
	o->bytes = len + sizeof(*ip);
	c->left = len;
	c->hop_limit = ip->hop_limit;
	switch (ip->nexthdr) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_DSTOPTS:
		return parse_extensions(c, ip->nexthdr);
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_AH:
	case IPPROTO_NONE:
		return -1;
	default:
		if (ip->hop_limit > 1)
			o->flags |= BPF_SIMSEG_F_PLAIN;
		return ip->nexthdr;
	}
}

parse_inline int parse_ports(struct cursor *c, struct bpf_simseg_opts___local *o)
{
	struct ports *ports = cursor_take(c, sizeof(*ports));

	if (!ports)
		return -1;
	o->sport = ports->sport;
	o->dport = ports->dport;
	o->flags |= BPF_SIMSEG_F_PORTS;
	return o->proto;
}

parse_inline int parse_tcp(struct cursor *c, struct bpf_simseg_opts___local *o)
{
	struct tcphdr *tcp = cursor_take(c, sizeof(*tcp));

	if (!tcp || tcp->doff < 5 || (tcp->doff - 5) * 4U > c->left)
		return -1;
	o->sport = tcp->source;
	o->dport = tcp->dest;
	o->tcp_flags = ((__u8 *)tcp)[13];
	o->seq = tcp->seq;
	o->ack = tcp->ack_seq;
	o->window = tcp->window;
	o->payload = c->left - (tcp->doff - 5) * 4U;
	o->flags |= BPF_SIMSEG_F_PORTS;
	return o->proto;
}

parse_inline int parse_udp(struct cursor *c, struct bpf_simseg_opts___local *o, int v4)
{
	if (parse_ports(c, o) < 0)
		return -1;
	if ((o->sport == bpf_htons(DHCP_CLIENT) && o->dport == bpf_htons(DHCP_SERVER)) ||
	    (o->sport == bpf_htons(DHCP_SERVER) && o->dport == bpf_htons(DHCP_CLIENT)) ||
	    (!v4 && (o->dport == bpf_htons(DHCPV6_CLIENT) || o->dport == bpf_htons(DHCPV6_SERVER))))
		o->flags |= BPF_SIMSEG_F_LINK;
	return o->proto;
}

parse_inline int parse_echo(struct bpf_simseg_opts___local *o, const struct icmphdr *icmp,
			    int reply)
{
	o->sport = icmp->un.echo.id;
	o->dport = icmp->un.echo.id;
	if (reply)
		o->flags |= BPF_SIMSEG_F_REPLY_ONLY;
	return o->proto;
}

parse_inline int parse_icmp(struct cursor *c, struct bpf_simseg_opts___local *o)
{
	struct icmphdr *icmp = cursor_take(c, sizeof(*icmp));

	if (!icmp)
		return -1;
	switch (icmp->type) {
	case ICMP_ECHO:
	case ICMP_ECHOREPLY:
		return parse_echo(o, icmp, icmp->type == ICMP_ECHOREPLY);
	default:
		return -1;
	}
}

/* Its first eight bytes are those of ICMP. */
parse_inline int parse_icmpv6(struct cursor *c, struct bpf_simseg_opts___local *o)
{
	struct icmphdr *icmp = cursor_take(c, sizeof(*icmp));

	if (!icmp)
		return -1;
	switch (icmp->type) {
	case ICMPV6_ECHO_REQUEST:
	case ICMPV6_ECHO_REPLY:
		return parse_echo(o, icmp, icmp->type == ICMPV6_ECHO_REPLY);
	case ND_FIRST ... ND_LAST:
		if (c->hop_limit != 255)
			return -1;
		break;
	case MLD_QUERY ... MLD_DONE:
	case MLD2_REPORT:
		break;
	default:
		return -1;
	}
	o->flags |= BPF_SIMSEG_F_LINK;
	return o->proto;
}

/* What lies behind the IP header; the protocol must fit the family. */
parse_inline int parse_transport(struct cursor *c, struct bpf_simseg_opts___local *o, int v4,
				 int proto)
{
	o->proto = proto;
	switch (proto) {
	case IPPROTO_TCP:
		return parse_tcp(c, o);
	case IPPROTO_UDP:
		return parse_udp(c, o, v4);
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return parse_ports(c, o);
	case IPPROTO_ICMP:
		return v4 ? parse_icmp(c, o) : -1;
	case IPPROTO_ICMPV6:
		return v4 ? -1 : parse_icmpv6(c, o);
	case IPPROTO_IGMP:
		o->flags |= BPF_SIMSEG_F_LINK;
		return proto;
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_AH:
	case IPPROTO_NONE:
		return -1;
	default:
		return proto;
	}
}

/* From the IP header on; @type is the EtherType. */
parse_inline int parse_ip(struct cursor *c, struct bpf_simseg_opts___local *o, int type)
{
	int v4 = type == ETH_P_IP;
	int proto = -1;

	if (v4)
		proto = parse_ipv4(c, o);
	else if (type == ETH_P_IPV6)
		proto = parse_ipv6(c, o);
	if (proto < 0)
		return -1;
	return parse_transport(c, o, v4, proto);
}

#endif /* _SIMSEG_PARSE_H */
