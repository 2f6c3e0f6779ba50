/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The short way through the floor: TCP or UDP as it mostly is, of a session of which
 * nothing has changed since it was judged. It decides nothing: what the verdict would say
 * to such a packet is known, and whatever is out of the ordinary goes to the verdict
 * (floor.c). Nearly all packets go here, and most of what they cost is to look them up: the
 * key is made from the headers in registers.
 */
#ifndef _SIMSEG_EXPRESS_H
#define _SIMSEG_EXPRESS_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "hop.h"
#include "key.h"
#include "simseg.h"

#define SIMSEG_EXPRESS_SYN	0x02

/* A packet that may go the short way. */
struct simseg_express {
	struct simseg_key_words key;
	const u8 *transport;	/* at least a whole header */
	u32 bytes;		/* layer 3 */
	u8 proto;
	u8 dir;			/* index of the source in the key */
};

/*
 * The header behind IP, if all of it lies in the linear part; else NULL. A SYN may open
 * anew, and tells the window's scale.
 */
static __always_inline const u8 *simseg_express_transport(const struct sk_buff *skb, u32 at,
							  u8 proto)
{
	const u8 *header = skb->data + at;
	u32 linear = skb_headlen(skb);

	if (proto == IPPROTO_UDP)
		return at + sizeof(struct udphdr) <= linear ? header : NULL;
	if (proto != IPPROTO_TCP || at + sizeof(struct tcphdr) > linear ||
	    (header[13] & SIMSEG_EXPRESS_SYN) || header[12] >> 4 < 5 ||
	    at + (header[12] >> 4) * 4 > skb->len)
		return NULL;
	return header;
}

/* Both ports as they stand in the header, and turned round for a source that is second. */
static __always_inline void simseg_express_rest(struct simseg_express *x)
{
	u32 ports = get_unaligned((const u32 *)x->transport);

	if (x->dir)
		ports = rol32(ports, 16);
	x->key.rest = simseg_key_word(ports, (__force u32)cpu_to_le32(x->proto));
}

/* Equal addresses are ordered by port, and are nothing that passes a router. */
static __always_inline bool simseg_express_ipv4(const struct sk_buff *skb, u32 offset,
						struct simseg_express *x)
{
	const struct iphdr *ip = ip_hdr(skb);
	u64 src = simseg_key_word((__force u32)htonl(0xffff), (__force u32)ip->saddr);
	u64 dst = simseg_key_word((__force u32)htonl(0xffff), (__force u32)ip->daddr);

	if (unlikely(ip->ihl != 5 || ip_is_fragment(ip) || src == dst))
		return false;
	x->proto = ip->protocol;
	x->transport = simseg_express_transport(skb, offset + sizeof(*ip), x->proto);
	x->dir = src > dst;
	x->key.a0 = 0;
	x->key.a1 = x->dir ? dst : src;
	x->key.b0 = 0;
	x->key.b1 = x->dir ? src : dst;
	return x->transport;
}

static __always_inline bool simseg_express_ipv6(const struct sk_buff *skb, u32 offset,
						struct simseg_express *x)
{
	const u64 mapped = simseg_key_word((__force u32)htonl(0xffff), 0);
	const u64 mask = simseg_key_word(~0U, 0);
	const struct ipv6hdr *ip = ipv6_hdr(skb);
	u64 s0 = get_unaligned((const u64 *)&ip->saddr);
	u64 s1 = get_unaligned((const u64 *)&ip->saddr + 1);
	u64 d0 = get_unaligned((const u64 *)&ip->daddr);
	u64 d1 = get_unaligned((const u64 *)&ip->daddr + 1);

	/* a mapped address on the wire would pass for an IPv4 device's */
	if (unlikely((!s0 && (s1 & mask) == mapped) || (!d0 && (d1 & mask) == mapped) ||
		     (s1 == d1 && s0 == d0)))
		return false;
	x->proto = ip->nexthdr;
	x->transport = simseg_express_transport(skb, offset + sizeof(*ip), x->proto);
	x->dir = s1 != d1 ? s1 > d1 : s0 > d0;
	x->key.a0 = x->dir ? d0 : s0;
	x->key.a1 = x->dir ? d1 : s1;
	x->key.b0 = x->dir ? s0 : d0;
	x->key.b1 = x->dir ? s1 : d1;
	return x->transport;
}

/* Its session if the verdict would say of @x what it said of the packet before it; or NULL. */
static __always_inline struct simseg_session *
simseg_express_find(struct simseg_net *sn, const struct simseg_express *x, u32 hash, int ifindex,
		    u32 change)
{
	struct simseg_session *s = simseg_session_find_words(&sn->sessions, &x->key, hash);

	/* before its deadline, as simseg_session_restamp() writes them */
	if (likely(s && smp_load_acquire(&s->change) == change && !simseg_session_overdue(s) &&
		   simseg_session_passed(s, x->dir, ifindex)))
		return s;
	return NULL;
}

/* Has XDP nothing to learn from this packet, which could send on the next ones? */
static __always_inline bool simseg_express_learnt(const struct simseg_net *sn,
						  const struct simseg_iface *iface,
						  const struct sk_buff *skb,
						  const struct simseg_session *s, u8 d)
{
	const struct simseg_hop *hop;

	if (likely(!READ_ONCE(sn->forwards)) || !iface || !READ_ONCE(iface->forwards) ||
	    skb_nfct(skb))
		return true;
	hop = simseg_session_hop(s, d);
	return hop && simseg_hop_holds(sn, hop);
}

/* What TCP tells of itself. */
static noinline void simseg_express_tcp(struct simseg_session *s, const struct sk_buff *skb,
					const u8 *header, u8 d)
{
	const struct tcphdr *tcp = (const struct tcphdr *)header;
	struct simseg_pkt pkt __uninitialized;

	pkt.tcp_flags = header[13];
	pkt.seq = ntohl(tcp->seq);
	pkt.ack = ntohl(tcp->ack_seq);
	pkt.window = ntohs(tcp->window);
	pkt.payload = skb->len - (header - skb->data) - tcp->doff * 4;
	pkt.skb = skb;
	simseg_session_advance(s, &pkt, d);
}

/* UDP has but two states. */
static noinline void simseg_express_answer(struct simseg_session *s)
{
	struct simseg_pkt pkt __uninitialized;

	simseg_session_advance(s, &pkt, 1);
}

static __always_inline void simseg_express_account(struct simseg_net *sn, struct simseg_session *s,
						   const struct sk_buff *skb,
						   const struct simseg_express *x, u8 d)
{
	simseg_session_carry(s, d, 1, x->bytes);
	if (x->proto == IPPROTO_TCP)
		simseg_express_tcp(s, skb, x->transport, d);
	else if (unlikely(d && test_bit(SIMSEG_SESSION_F_OPENING, &s->flags)))
		simseg_express_answer(s);
	simseg_count(sn, SIMSEG_REASON_SESSION, 1, x->bytes);
}

/**
 * simseg_express() - pass a packet of a session at FORWARD
 * @sn: namespace
 * @skb: the packet
 * @state: of netfilter
 * @v4: constant, for the compiler
 *
 * The conditions are those of simseg_judge(): nothing has changed since the session was
 * judged, its grant is not over, and the interface has passed row 1 in this direction.
 *
 * Context: under RCU.
 * Return: true: it may pass, and has been counted; false: it is to be judged
 */
static __always_inline bool simseg_express(struct simseg_net *sn, const struct sk_buff *skb,
					   const struct nf_hook_state *state, bool v4)
{
	const u32 change = atomic_read_acquire(&sn->change);
	const u32 offset = skb_network_offset(skb);
	struct simseg_express x __uninitialized;
	struct simseg_iface *iface;
	struct simseg_session *s;
	u8 d;

	if (unlikely(READ_ONCE(sn->disarmed) || !sn->sessions.buckets || skb_is_gso(skb) ||
		     netif_is_l3_master(state->in)))
		return false;
	if (!(v4 ? simseg_express_ipv4(skb, offset, &x) : simseg_express_ipv6(skb, offset, &x)))
		return false;
	simseg_express_rest(&x);
	s = simseg_express_find(sn, &x, v4 ? simseg_words_hash_v4(&sn->sessions, &x.key) :
				simseg_words_hash(&sn->sessions, &x.key),
				state->in->ifindex, change);
	if (!s)
		return false;
	d = x.dir != simseg_session_initiator(s);
	iface = simseg_iface_find(state->in);
	if (!simseg_express_learnt(sn, iface, skb, s, d))
		return false;
	x.bytes = skb->len - offset;
	simseg_express_account(sn, s, skb, &x, d);
	if (iface)
		simseg_iface_count(iface, SIMSEG_IFACE_FLOOR_ALLOW, 1);
	return true;
}

#endif /* _SIMSEG_EXPRESS_H */
