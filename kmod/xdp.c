// SPDX-License-Identifier: GPL-2.0-only
/*
 * A packet as XDP sees it: before reassembly, destination NAT, routing and
 * whatever else the stack does. XDP may only drop what the floor would drop,
 * so each doubt is a pass, and a pass is not counted here: the floor will see
 * the packet.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <net/ipv6.h>

#include "key.h"
#include "simseg.h"

/*
 * Where the driver, or the sender at the other end of a veth pair, keeps the
 * tag beside the frame, XDP cannot see it: an untagged frame may be a VLAN's, and
 * the tag of a tagged one may be the inner of two.
 */
static bool simseg_xdp_hides_tags(const struct net_device *dev)
{
#if IS_ENABLED(CONFIG_VLAN_8021Q)
	return (dev->features & NETIF_F_HW_VLAN_CTAG_RX) && rcu_access_pointer(dev->vlan_info);
#else
	return false;
#endif
}

/* The interface as the floor will see it, or NULL if that cannot be told. */
static struct net_device *simseg_xdp_arrival(const struct simseg_frame *frame)
{
	struct net_device *dev = frame->dev;

	/* Bridge ports, bond and team members, macvlan: another device gets it. */
	if (rcu_access_pointer(dev->rx_handler))
		return NULL;
	if (simseg_xdp_hides_tags(dev))
		return NULL;
	if (frame->vlan_proto) {
		dev = __vlan_find_dev_deep_rcu(dev, frame->vlan_proto, frame->vlan_id);
		if (!dev || rcu_access_pointer(dev->rx_handler))
			return NULL;
		if (!net_eq(dev_net(dev), dev_net(frame->dev)))
			return NULL;
	}
	/* In a VRF the hooks see the VRF's device. */
	if (netif_is_l3_slave(dev))
		return NULL;
	return dev;
}

/* Addressed to us, and to nobody else as well. */
static bool simseg_xdp_ours(const struct simseg_frame *frame, const struct net_device *dev)
{
	if (frame->dev->addr_len != ETH_ALEN)
		return true;
	return ether_addr_equal(frame->dest, frame->dev->dev_addr) ||
	       ether_addr_equal(frame->dest, dev->dev_addr);
}

/* Denied for its source alone, wherever it goes (row 1 of the verdict). */
static bool simseg_xdp_by_source(const struct simseg_iface *iface, const struct simseg_result *res)
{
	if (res->reason == SIMSEG_REASON_SPOOFED)
		return true;
	return res->reason == SIMSEG_REASON_UNBOUND && !res->device[0] &&
	       iface && READ_ONCE(iface->side) == SIMSEG_SIDE_SIM;
}

/* The source is quarantined, and for no destination it is not. */
static bool simseg_xdp_cut(const struct simseg_result *res)
{
	const struct simseg_quarantine *q;

	if (res->reason != SIMSEG_REASON_QUARANTINED || !res->device[0])
		return false;
	q = rcu_dereference(res->device[0]->quarantine);
	return q && !q->nallow;
}

/* The floor ends a closed session when its ports are opened anew. */
static bool simseg_xdp_reopens(struct simseg_net *sn, const struct simseg_pkt *pkt)
{
	const struct simseg_session *s;
	struct simseg_key key;

	if (pkt->proto != IPPROTO_TCP)
		return false;
	simseg_key_make(&key, pkt);
	s = simseg_session_find(sn, &key);
	return s && simseg_session_reusable(s, pkt);
}

/* Would the floor, with what it alone knows, come to the same verdict? */
static bool simseg_xdp_certain(struct simseg_net *sn, const struct simseg_pkt *pkt,
			       const struct simseg_iface *iface, const struct simseg_result *res)
{
	if (simseg_xdp_by_source(iface, res))
		return true;
	/* The guard knows a quarantine before it looks where the packet goes. */
	if (res->reason == SIMSEG_REASON_UNBOUND && res->device[0] &&
	    READ_ONCE(res->device[0]->state) != SIMSEG_STATE_ACTIVE)
		return false;
	if (simseg_is_self(sn->net, &pkt->dst))
		return false;
	if (simseg_xdp_cut(res))
		return true;
	if (simseg_xdp_reopens(sn, pkt))
		return false;
	return !simseg_hooks_nat(sn->net, ipv6_addr_v4mapped(&pkt->dst));
}

static void simseg_xdp_account(struct simseg_net *sn, struct simseg_iface *iface,
			       const struct simseg_pkt *pkt, const struct simseg_result *res)
{
	simseg_count(sn, res->reason, 1, pkt->bytes);
	if (iface)
		simseg_iface_count_xdp(iface, SIMSEG_IFACE_XDP_DROP, pkt->bytes);
	simseg_deny_note(sn, pkt, res);
}

/* The long way: by source alone, or in full where packets are forwarded at once. */
static noinline u8 simseg_xdp_long(const struct simseg_frame *frame, struct simseg_net *sn,
				   struct simseg_iface *iface, struct simseg_pkt *pkt, u8 *reason)
{
	struct simseg_result res = { };

	if (iface && READ_ONCE(iface->forwards))
		simseg_judge(sn, pkt, &res);
	else
		simseg_judge_source(sn, pkt, &res);
	*reason = res.reason;
	if (res.verdict != SIMSEG_VERDICT_DENY)
		return res.verdict;
	if (!simseg_xdp_certain(sn, pkt, iface, &res))
		return SIMSEG_VERDICT_PASS;
	/*
	 * A tagged frame ends on the device that received it, whose own counter
	 * has seen it; the VLAN's stands in where that has no side.
	 */
	if (pkt->in != frame->dev)
		iface = simseg_iface_find(frame->dev) ?: iface;
	simseg_xdp_account(sn, iface, pkt, &res);
	return SIMSEG_VERDICT_DENY;
}

/**
 * simseg_xdp_judge() - may XDP drop this packet, or send it on?
 * @frame: what is below IP
 * @pkt: addresses, ports, protocol, flags and size; the rest is set here
 * @reason: why, enum simseg_reason; set in any case
 * @hop: where to, if it is to be sent on
 *
 * Where packets of an interface are not forwarded at once the floor judges each of
 * them, and only the source is looked at: to judge twice in full costs more than it saves.
 *
 * Context: under RCU, bottom halves off: NAPI, or BPF's test run.
 * Return: enum simseg_verdict, of which DENY has been counted and told, or
 * SIMSEG_XDP_FORWARD, which has been counted.
 */
u8 simseg_xdp_judge(const struct simseg_frame *frame, struct simseg_pkt *pkt, u8 *reason,
		    const struct simseg_hop **hop)
{
	struct net_device *dev = simseg_xdp_arrival(frame);
	struct simseg_iface *iface = dev ? simseg_iface_find(dev) : NULL;
	struct simseg_net *sn = iface ? iface->sn : simseg_net(dev_net(frame->dev));

	*reason = SIMSEG_REASON_NONE;
	if (unlikely(!sn))
		return SIMSEG_VERDICT_PASS;
	if (unlikely(pkt->flags & SIMSEG_PKT_LINK)) {
		*reason = SIMSEG_REASON_LINK;
		return SIMSEG_VERDICT_PASS;
	}
	if (unlikely(READ_ONCE(sn->disarmed))) {
		*reason = SIMSEG_REASON_DISARMED;
		return SIMSEG_VERDICT_PASS;
	}
	/* what was merged is counted by its frames, which only the floor can tell */
	if (!dev || frame->merged || !simseg_xdp_ours(frame, dev))
		return SIMSEG_VERDICT_PASS;

	pkt->hook = SIMSEG_HOOK_XDP;
	pkt->flags |= SIMSEG_PKT_DRY;
	pkt->in = dev;
	pkt->packets = 1;
	if (frame->plain && iface && READ_ONCE(iface->forwards)) {
		*hop = simseg_forward(sn, iface, frame, pkt);
		if (*hop)
			return SIMSEG_XDP_FORWARD;
	}
	return simseg_xdp_long(frame, sn, iface, pkt, reason);
}
