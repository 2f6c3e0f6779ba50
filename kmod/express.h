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

#include <linux/netdevice.h>

#include "hop.h"
#include "plain.h"
#include "simseg.h"

#define SIMSEG_EXPRESS_SYN	0x02

/* A packet that may go the short way. */
struct simseg_express {
	struct simseg_flow flow;
	const u8 *transport;	/* header */
	u8 proto;
};

/* Both ports as they stand in the header, and turned round for a source that is second. */
static __always_inline void simseg_express_rest(struct simseg_express *x)
{
	u32 ports = get_unaligned((const u32 *)x->transport);

	if (x->flow.dir)
		ports = rol32(ports, 16);
	x->flow.key.rest = simseg_key_word(ports, (__force u32)cpu_to_le32(x->proto));
}

/* Equal addresses are ordered by port, and are nothing that passes a router. */
static __always_inline bool simseg_express_ipv4(const struct sk_buff *skb,
						struct simseg_express *x)
{
	const struct iphdr *ip = ip_hdr(skb);
	u64 src = simseg_key_word((__force u32)htonl(0xffff), (__force u32)ip->saddr);
	u64 dst = simseg_key_word((__force u32)htonl(0xffff), (__force u32)ip->daddr);

	if (unlikely(src == dst) || !simseg_plain_ipv4(skb, ip))
		return false;
	x->transport = (const u8 *)(ip + 1);
	x->proto = ip->protocol;
	x->flow.dir = src > dst;
	x->flow.key.a0 = 0;
	x->flow.key.a1 = x->flow.dir ? dst : src;
	x->flow.key.b0 = 0;
	x->flow.key.b1 = x->flow.dir ? src : dst;
	return true;
}

/* IPv6 has looked at the version before there is a hook. */
static __always_inline bool simseg_express_ipv6(const struct sk_buff *skb,
						struct simseg_express *x)
{
	const struct ipv6hdr *ip = ipv6_hdr(skb);
	u64 s0 = simseg_plain_half(&ip->saddr, 0), s1 = simseg_plain_half(&ip->saddr, 1);
	u64 d0 = simseg_plain_half(&ip->daddr, 0), d1 = simseg_plain_half(&ip->daddr, 1);

	if (unlikely(s1 == d1 && s0 == d0) || !simseg_plain_ipv6(skb, ip))
		return false;
	x->transport = (const u8 *)(ip + 1);
	x->proto = ip->nexthdr;
	x->flow.dir = s1 != d1 ? s1 > d1 : s0 > d0;
	x->flow.key.a0 = x->flow.dir ? d0 : s0;
	x->flow.key.a1 = x->flow.dir ? d1 : s1;
	x->flow.key.b0 = x->flow.dir ? s0 : d0;
	x->flow.key.b1 = x->flow.dir ? s1 : d1;
	return true;
}

/**
 * simseg_express_place() - where a packet has its place
 * @sn: namespace, whose table of sessions is there
 * @skb: the packet, whose IP header is linear
 * @v4: constant where it can be, for the compiler
 * @x: what is found; all but @x->flow.change
 *
 * Context: under RCU.
 * Return: false: it takes a closer look to tell
 */
static __always_inline bool simseg_express_place(const struct simseg_net *sn,
						 const struct sk_buff *skb, bool v4,
						 struct simseg_express *x)
{
	if (!(v4 ? simseg_express_ipv4(skb, x) : simseg_express_ipv6(skb, x)))
		return false;
	simseg_express_rest(x);
	x->flow.hash = v4 ? simseg_words_hash_v4(&sn->sessions, &x->flow.key) :
			    simseg_words_hash(&sn->sessions, &x->flow.key);
	x->flow.session = simseg_session_find_words(&sn->sessions, &x->flow.key, x->flow.hash);
	return true;
}

/* The same at FORWARD, and false for what the short way is not for. */
static __always_inline bool simseg_express_find(struct simseg_net *sn, const struct sk_buff *skb,
						const struct nf_hook_state *state, bool v4,
						struct simseg_express *x)
{
	x->flow.change = atomic_read_acquire(&sn->change);
	return likely(!READ_ONCE(sn->disarmed) && sn->sessions.buckets && !skb_is_gso(skb) &&
		      !netif_is_l3_master(state->in)) &&
	       simseg_express_place(sn, skb, v4, x);
}

/* Would the verdict say of it what it said of the session's packet before it? */
static __always_inline bool simseg_express_holds(const struct simseg_flow *flow, int ifindex)
{
	const struct simseg_session *s = flow->session;

	/* before its deadline, as simseg_session_restamp() writes them */
	return likely(s && smp_load_acquire(&s->change) == flow->change &&
		      !simseg_session_overdue(s) &&
		      simseg_session_passed(s, flow->dir, ifindex));
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

/* False: nothing has been counted. A SYN may open anew, and tells the window's scale. */
static __always_inline bool simseg_express_account(struct simseg_net *sn, struct simseg_session *s,
						   const struct sk_buff *skb,
						   const struct simseg_express *x, u8 d)
{
	const u32 bytes = skb->len - skb_network_offset(skb);

	if (x->proto == IPPROTO_TCP) {
		if (x->transport[13] & SIMSEG_EXPRESS_SYN)
			return false;
		simseg_session_carry(s, d, 1, bytes);
		simseg_express_tcp(s, skb, x->transport, d);
	} else {
		simseg_session_carry(s, d, 1, bytes);
		if (unlikely(d && test_bit(SIMSEG_SESSION_F_OPENING, &s->flags)))
			simseg_express_answer(s);
	}
	simseg_count(sn, SIMSEG_REASON_SESSION, 1, bytes);
	return true;
}

/**
 * simseg_express_pass() - pass a packet of a session
 * @sn: namespace
 * @skb: the packet
 * @state: of netfilter
 * @x: of simseg_express_find()
 *
 * The conditions are those of simseg_judge_flow(): nothing has changed since the session was
 * judged, its grant is not over, and the interface has passed row 1 in this direction.
 *
 * Context: under RCU.
 * Return: true: it may pass, and has been counted; false: it is to be judged
 */
static __always_inline bool simseg_express_pass(struct simseg_net *sn, const struct sk_buff *skb,
						const struct nf_hook_state *state,
						const struct simseg_express *x)
{
	struct simseg_session *s = x->flow.session;
	struct simseg_iface *iface;
	u8 d;

	if (!simseg_express_holds(&x->flow, state->in->ifindex))
		return false;
	d = x->flow.dir != simseg_session_initiator(s);
	iface = simseg_iface_find(state->in);
	if (!simseg_express_learnt(sn, iface, skb, s, d) ||
	    !simseg_express_account(sn, s, skb, x, d))
		return false;
	if (iface)
		simseg_iface_count(iface, SIMSEG_IFACE_FLOOR_ALLOW, 1);
	return true;
}

#endif /* _SIMSEG_EXPRESS_H */
