// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floor's second layer: the first hook of what an interface receives and
 * the last of what it sends. It knows addresses alone and can only drop, but
 * whatever way a packet takes through the stack (flowtable, bridge, tc, packet
 * socket), on an interface marked sim it meets the guard. On an interface
 * marked net the guard only counts.
 */
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/netfilter_netdev.h>

#include "guard.h"

static u8 simseg_guard_family(const struct sk_buff *skb)
{
	switch (skb->protocol) {
	case htons(ETH_P_IP):
		return NFPROTO_IPV4;
	case htons(ETH_P_IPV6):
		return NFPROTO_IPV6;
	default:
		return NFPROTO_UNSPEC;
	}
}

/* What GRO has merged was that many frames. */
static u32 simseg_guard_frames(const struct sk_buff *skb)
{
	return skb_is_gso(skb) ? max_t(u32, skb_shinfo(skb)->gso_segs, 1) : 1;
}

/*
 * A tagged frame belongs to the VLAN's own interface, if there is one: that has
 * a side and a guard of its own, and the stack takes the frame there before a
 * bridge could see it. Tag 0 is a priority and no VLAN.
 */
static bool simseg_guard_elsewhere(const struct sk_buff *skb, struct net_device *dev)
{
	u16 vid;

	if (!skb_vlan_tag_present(skb))
		return false;
	vid = skb_vlan_tag_get_id(skb);
	return vid && __vlan_find_dev_deep_rcu(dev, skb->vlan_proto, vid);
}

/*
 * Counts and notes a packet that is not to pass, @iface may be NULL, unless it is
 * link control, where @link lets that pass: only a full look can tell. True: drop
 * it. What is not IP names no addresses, and is only counted.
 */
bool simseg_guard_deny(struct simseg_net *sn, struct simseg_iface *iface,
		       enum simseg_iface_counter counter, const struct sk_buff *skb,
		       const struct simseg_result *res, const struct nf_hook_state *state,
		       bool link)
{
	struct simseg_pkt pkt __uninitialized, quote __uninitialized;
	u8 family = simseg_guard_family(skb);

	if (family != NFPROTO_UNSPEC) {
		simseg_parse(skb, family, skb_network_offset(skb), &pkt, &quote);
	} else {
		pkt.flags = 0;
		pkt.packets = simseg_guard_frames(skb);
		pkt.bytes = skb->len;
	}
	if (link && pkt.flags & SIMSEG_PKT_LINK && !pkt.malformed)
		return false;
	pkt.in = state->in;
	pkt.out = state->out;
	simseg_count(sn, res->reason, pkt.packets, pkt.bytes);
	if (iface)
		simseg_iface_count(iface, counter, pkt.packets);
	if (family != NFPROTO_UNSPEC)
		simseg_deny_note(sn, &pkt, res);
	return true;
}

static noinline unsigned int simseg_guard_look(struct simseg_iface *iface, struct sk_buff *skb,
					       const struct nf_hook_state *state)
{
	struct simseg_result res = { .verdict = SIMSEG_VERDICT_DENY };
	struct simseg_pkt pkt __uninitialized;
	int offset = skb_network_offset(skb);
	u8 family = simseg_guard_family(skb);
	u32 packets, bytes;

	if (unlikely(READ_ONCE(iface->side) == SIMSEG_SIDE_NONE))
		return NF_ACCEPT;	/* it is about to get one */
	/* what the host itself sent to a group comes back: judged on its way out */
	if (unlikely(skb->pkt_type == PACKET_LOOPBACK))
		return NF_ACCEPT;
	if (family == NFPROTO_UNSPEC || simseg_guard_elsewhere(skb, iface->dev)) {
		simseg_iface_count(iface, SIMSEG_IFACE_RX_OTHER, simseg_guard_frames(skb));
		return NF_ACCEPT;
	}
	simseg_skb_size(skb, family, offset, &packets, &bytes);
	simseg_iface_count(iface, SIMSEG_IFACE_RX, packets);
	simseg_iface_count(iface, SIMSEG_IFACE_RX_BYTES, bytes);
	if (unlikely(secpath_exists(skb)))
		simseg_iface_count(iface, SIMSEG_IFACE_RX_INNER, packets);
	if (!simseg_guard_active(iface))
		return NF_ACCEPT;
	if (!simseg_parse_addresses(skb, family, offset, &pkt))
		res.reason = SIMSEG_REASON_MALFORMED;
	else if (simseg_guard_shut(iface->dev))
		res.reason = SIMSEG_REASON_BRIDGED;
	else if (likely(!simseg_judge_address(iface->sn, &pkt.src, &pkt.dst, state->in, NULL,
					      &res)))
		return NF_ACCEPT;
	return simseg_guard_deny(iface->sn, iface, SIMSEG_IFACE_GUARD_DROP, skb, &res, state,
				 true) ? NF_DROP : NF_ACCEPT;
}

static unsigned int simseg_guard_ingress(void *priv, struct sk_buff *skb,
					 const struct nf_hook_state *state)
{
	struct simseg_iface *iface = priv;

	if (unlikely(!simseg_guard_usual(iface, skb)))
		return simseg_guard_look(iface, skb, state);
	simseg_iface_count(iface, SIMSEG_IFACE_RX, 1);
	simseg_iface_count(iface, SIMSEG_IFACE_RX_BYTES, skb->len - skb_network_offset(skb));
	return NF_ACCEPT;
}

static noinline unsigned int simseg_guard_look_out(struct simseg_iface *iface,
						   struct sk_buff *skb,
						   const struct nf_hook_state *state)
{
	struct simseg_result res = { .verdict = SIMSEG_VERDICT_DENY };
	struct simseg_pkt pkt __uninitialized;
	int offset = skb_network_offset(skb);
	u8 family = simseg_guard_family(skb);

	if (family == NFPROTO_UNSPEC || simseg_guard_elsewhere(skb, iface->dev))
		return NF_ACCEPT;
	if (!simseg_parse_addresses(skb, family, offset, &pkt))
		res.reason = SIMSEG_REASON_MALFORMED;
	else if (likely(!simseg_judge_address(iface->sn, &pkt.src, &pkt.dst, NULL, state->out,
					      &res)))
		return NF_ACCEPT;
	return simseg_guard_deny(iface->sn, iface, SIMSEG_IFACE_TX_GUARD_DROP, skb, &res, state,
				 true) ? NF_DROP : NF_ACCEPT;
}

static unsigned int simseg_guard_egress(void *priv, struct sk_buff *skb,
					const struct nf_hook_state *state)
{
	struct simseg_iface *iface = priv;

	if (!simseg_guard_active(iface) || likely(simseg_guard_answers(iface, skb)))
		return NF_ACCEPT;
	return simseg_guard_look_out(iface, skb, state);
}

/* Is it one of these? */
bool simseg_guard_hooked(nf_hookfn *hook)
{
	return hook == simseg_guard_ingress || hook == simseg_guard_egress;
}

static int simseg_guard_hook(struct simseg_iface *iface, struct nf_hook_ops *ops, nf_hookfn *hook,
			     unsigned int hooknum, int priority)
{
	int err;

	if (ops->hook)
		return 0;
	ops->hook = hook;
	ops->dev = iface->dev;
	ops->priv = iface;
	ops->pf = NFPROTO_NETDEV;
	ops->hooknum = hooknum;
	ops->priority = priority;
	err = nf_register_net_hook(dev_net(iface->dev), ops);
	if (err)
		ops->hook = NULL;
	return err;
}

/* A hook may still run until a grace period has passed. */
static void simseg_guard_unhook(struct simseg_iface *iface, struct nf_hook_ops *ops)
{
	if (!ops->hook)
		return;
	nf_unregister_net_hook(dev_net(iface->dev), ops);
	ops->hook = NULL;
}

/*
 * Registers what @iface lacks for @side: first of all on the way in, last of all on
 * the way out. It does nothing until the interface has that side.
 */
int simseg_guard_cover(struct simseg_iface *iface, u8 side)
{
	int err;

	err = simseg_guard_hook(iface, &iface->ingress, simseg_guard_ingress, NF_NETDEV_INGRESS,
				INT_MIN);
	if (!err && side == SIMSEG_SIDE_SIM)
		err = simseg_guard_hook(iface, &iface->egress, simseg_guard_egress,
					NF_NETDEV_EGRESS, INT_MAX);
	return err;
}

/* Takes away what the side that @iface has does not need. */
void simseg_guard_trim(struct simseg_iface *iface)
{
	if (iface->side != SIMSEG_SIDE_SIM)
		simseg_guard_unhook(iface, &iface->egress);
}

void simseg_guard_unregister(struct simseg_iface *iface)
{
	simseg_guard_unhook(iface, &iface->ingress);
	simseg_guard_unhook(iface, &iface->egress);
}
