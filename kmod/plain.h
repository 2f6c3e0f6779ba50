/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A packet as nearly all are: TCP or UDP behind an IP header that has no more to say, whole,
 * with its headers in the linear part. Whether a packet is plain is asked here; what it says
 * is then at hand (simseg_parse_plain()). Whatever is not goes through simseg_parse().
 */
#ifndef _SIMSEG_PLAIN_H
#define _SIMSEG_PLAIN_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "key.h"

#define SIMSEG_PLAIN_IPV4	0x45	/* version 4, a header of five words */

/* Is all of the header behind IP there, and linear as far as it is read? */
static __always_inline bool simseg_plain_transport(const struct sk_buff *skb, const u8 *header,
						   u8 proto)
{
	const u8 *tail = skb_tail_pointer(skb);

	if (proto == IPPROTO_UDP)
		return header + sizeof(struct udphdr) <= tail;
	return proto == IPPROTO_TCP && header + sizeof(struct tcphdr) <= tail &&
	       header[12] >> 4 >= 5 &&
	       (u32)(header - skb->data) + (header[12] >> 4) * 4 <= skb->len;
}

/* @ip: the header, which is linear; the other one follows. */
static __always_inline bool simseg_plain_ipv4(const struct sk_buff *skb, const struct iphdr *ip)
{
	return likely(*(const u8 *)ip == SIMSEG_PLAIN_IPV4 && !ip_is_fragment(ip)) &&
	       simseg_plain_transport(skb, (const u8 *)(ip + 1), ip->protocol);
}

/* These two halves of an IPv6 address would pass for an IPv4 device's. */
static __always_inline bool simseg_plain_mapped(u64 a0, u64 a1)
{
	const u64 mapped = simseg_key_word((__force u32)htonl(0xffff), 0);

	return !a0 && (a1 & simseg_key_word(~0U, 0)) == mapped;
}

/* The first half of an address, and the second, as they stand in memory. */
static __always_inline u64 simseg_plain_half(const struct in6_addr *addr, unsigned int i)
{
	return get_unaligned((const u64 *)addr + i);
}

/* The same for IPv6, whose version has been looked at. */
static __always_inline bool simseg_plain_ipv6(const struct sk_buff *skb, const struct ipv6hdr *ip)
{
	return likely(!simseg_plain_mapped(simseg_plain_half(&ip->saddr, 0),
					   simseg_plain_half(&ip->saddr, 1)) &&
		      !simseg_plain_mapped(simseg_plain_half(&ip->daddr, 0),
					   simseg_plain_half(&ip->daddr, 1))) &&
	       simseg_plain_transport(skb, (const u8 *)(ip + 1), ip->nexthdr);
}

#endif /* _SIMSEG_PLAIN_H */
