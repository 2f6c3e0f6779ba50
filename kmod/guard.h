/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guard's short way: which packets it knows without a look at whose addresses they have.
 * Whatever is not known here is looked at in guard.c.
 */
#ifndef _SIMSEG_GUARD_H
#define _SIMSEG_GUARD_H

#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <net/xfrm.h>

#include "binding.h"
#include "express.h"

static inline bool simseg_guard_active(const struct simseg_iface *iface)
{
	return READ_ONCE(iface->side) == SIMSEG_SIDE_SIM && READ_ONCE(iface->sn->hooked) &&
	       !READ_ONCE(iface->sn->disarmed);
}

/*
 * Where bridges have no hooks (bridge.c), nothing tells what a bridge will carry
 * on from what it hands up: from its sim ports no IP gets that far.
 */
static inline bool simseg_guard_shut(const struct net_device *dev)
{
	return !IS_ENABLED(CONFIG_NETFILTER_FAMILY_BRIDGE) && netif_is_bridge_port(dev);
}

/* Is the whole of its IP header in the linear part? */
static __always_inline bool simseg_guard_linear(const struct sk_buff *skb, bool v4)
{
	const size_t len = v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);

	return likely(skb_network_offset(skb) + len <= skb_headlen(skb) &&
		      (v4 || ipv6_hdr(skb)->version == 6));
}

/*
 * Is it of a session of which the verdict, under the present state of everything, has let
 * packets pass that came from here? Then rows 1 to 3 would say what they said; and to look
 * for the session, which FORWARD does anyway, touches less memory than to look for both
 * ends. @back: packets of the other direction came from here, to which this one goes.
 */
static __always_inline bool simseg_guard_session(const struct simseg_iface *iface,
						 const struct sk_buff *skb, bool v4, bool back)
{
	struct simseg_express x __uninitialized;
	struct simseg_net *sn = iface->sn;

	/* all else of the table was there before */
	if (unlikely(!smp_load_acquire(&sn->sessions.buckets)))
		return false;
	x.flow.change = atomic_read_acquire(&sn->change);
	if (!simseg_express_place(sn, skb, v4, &x))
		return false;
	x.flow.dir ^= back;
	return simseg_express_holds(&x.flow, iface->dev->ifindex);
}

/*
 * Is it from a device that is at home here, while nobody is quarantined? What is malformed
 * is not, and a mapped address on the wire would pass for an IPv4 device's.
 */
static noinline bool simseg_guard_home(const struct simseg_iface *iface,
				       const struct sk_buff *skb, bool v4)
{
	const struct simseg_binding *binding;
	u64 a0 = 0, a1;

	if (unlikely(READ_ONCE(iface->sn->nquarantined)))
		return false;
	if (v4) {
		if (unlikely(ip_hdr(skb)->version != 4 || ip_hdr(skb)->ihl < 5))
			return false;
		a1 = simseg_key_word((__force u32)htonl(0xffff), (__force u32)ip_hdr(skb)->saddr);
	} else {
		a0 = simseg_plain_half(&ipv6_hdr(skb)->saddr, 0);
		a1 = simseg_plain_half(&ipv6_hdr(skb)->saddr, 1);
		if (unlikely(simseg_plain_mapped(a0, a1) || ipv6_addr_any(&ipv6_hdr(skb)->daddr)))
			return false;
	}
	binding = simseg_binding_find(iface->sn, a0, a1);
	return binding && simseg_binding_on(binding, iface->dev);
}

static __always_inline bool simseg_guard_knows(const struct simseg_iface *iface,
					       const struct sk_buff *skb, bool v4)
{
	return simseg_guard_linear(skb, v4) &&
	       (likely(simseg_guard_session(iface, skb, v4, false)) ||
		simseg_guard_home(iface, skb, v4));
}

/*
 * Mostly a packet is whole and untagged, and comes from the net, or belongs to a session
 * that passes here: what simseg_guard_look() would say to that is known.
 */
static __always_inline bool simseg_guard_usual(const struct simseg_iface *iface,
					       const struct sk_buff *skb)
{
	const bool v4 = skb->protocol == htons(ETH_P_IP);

	if (unlikely(skb->pkt_type == PACKET_LOOPBACK || skb_vlan_tag_present(skb) ||
		     skb_is_gso(skb) || secpath_exists(skb)))
		return false;
	if (unlikely(!v4 && skb->protocol != htons(ETH_P_IPV6)))
		return false;
	if (READ_ONCE(iface->side) == SIMSEG_SIDE_NET)
		return true;
	if (!simseg_guard_active(iface) || simseg_guard_shut(iface->dev))
		return false;
	return v4 ? simseg_guard_knows(iface, skb, true) : simseg_guard_knows(iface, skb, false);
}

/* It goes to where other packets of its session came from: its device is at home there. */
static __always_inline bool simseg_guard_answers(const struct simseg_iface *iface,
						 const struct sk_buff *skb)
{
	if (unlikely(skb_vlan_tag_present(skb)))
		return false;
	if (skb->protocol == htons(ETH_P_IP))
		return simseg_guard_linear(skb, true) &&
		       simseg_guard_session(iface, skb, true, true);
	return skb->protocol == htons(ETH_P_IPV6) && simseg_guard_linear(skb, false) &&
	       simseg_guard_session(iface, skb, false, true);
}

#endif /* _SIMSEG_GUARD_H */
