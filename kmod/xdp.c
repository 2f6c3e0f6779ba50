// SPDX-License-Identifier: GPL-2.0-only
/*
 * A packet as XDP sees it: before reassembly, destination NAT, routing and
 * whatever else the stack does. XDP may only drop what the floor would drop,
 * so each doubt is a pass, and a pass is not counted here: the floor will see
 * the packet.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/in.h>
#include <linux/netdevice.h>
#include <net/ipv6.h>

#include "xdp.h"

/* The interface as the floor will see it, or NULL if that cannot be told. */
static struct net_device *simseg_xdp_arrival(const struct xdp_buff *xdp,
					     const struct bpf_simseg_opts *opts)
{
	struct net_device *dev = xdp->rxq->dev;

	/* Bridge ports, bond and team members, macvlan: another device gets it. */
	if (rcu_access_pointer(dev->rx_handler))
		return NULL;
	if (simseg_xdp_hides_tags(dev))
		return NULL;
	if (opts->flags & BPF_SIMSEG_F_VLAN) {
		dev = __vlan_find_dev_deep_rcu(dev, opts->vlan_proto, opts->vlan_id);
		if (!dev || rcu_access_pointer(dev->rx_handler))
			return NULL;
		if (!net_eq(dev_net(dev), dev_net(xdp->rxq->dev)))
			return NULL;
	}
	/* In a VRF the hooks see the VRF's device. */
	if (netif_is_l3_slave(dev))
		return NULL;
	return dev;
}

/* IPv4-mapped or not: to many, or to all on the link. */
static bool simseg_xdp_group(const struct in6_addr *dst)
{
	__be32 addr = dst->s6_addr32[3];

	if (!ipv6_addr_v4mapped(dst))
		return ipv6_addr_is_multicast(dst);
	return ipv4_is_multicast(addr) || ipv4_is_lbcast(addr);
}

/*
 * Addressed to us, and to nobody else as well. Where frames have no addresses, one to a
 * group may be the host's own that comes back.
 */
static bool simseg_xdp_ours(const struct net_device *below, const struct net_device *dev,
			    const struct bpf_simseg_opts *opts)
{
	if (below->addr_len != ETH_ALEN)
		return !simseg_xdp_group(&opts->dst);
	return ether_addr_equal_64bits(opts->dest, below->dev_addr) ||
	       (dev != below && ether_addr_equal(opts->dest, dev->dev_addr));
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

/*
 * Denied for where it goes, or what it is: would the floor, with what it alone knows, come
 * to the same verdict? Not inlined: those that are denied for their source come in floods.
 */
static noinline bool simseg_xdp_certain(struct simseg_net *sn, const struct simseg_pkt *pkt,
					const struct simseg_result *res)
{
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

/* All of @pkt. */
static __always_inline void simseg_xdp_pkt(struct simseg_pkt *pkt,
					   const struct bpf_simseg_opts *opts,
					   const struct net_device *dev)
{
	const bool tcp = opts->proto == IPPROTO_TCP;

	pkt->src = opts->src;
	pkt->dst = opts->dst;
	pkt->sport = opts->sport;
	pkt->dport = opts->dport;
	pkt->proto = opts->proto;
	pkt->tcp_flags = tcp ? opts->tcp_flags : 0;
	pkt->hook = SIMSEG_HOOK_XDP;
	pkt->scale = SIMSEG_TCP_NO_SCALE;
	pkt->malformed = 0;
	pkt->flags = SIMSEG_PKT_DRY;
	if (opts->flags & BPF_SIMSEG_F_PORTS)
		pkt->flags |= SIMSEG_PKT_PORTS;
	if (unlikely(opts->flags & BPF_SIMSEG_F_REPLY_ONLY))
		pkt->flags |= SIMSEG_PKT_REPLY_ONLY;
	pkt->in = dev;
	pkt->out = NULL;
	pkt->packets = 1;
	pkt->bytes = opts->bytes;
	pkt->seq = tcp ? ntohl(opts->seq) : 0;
	pkt->ack = tcp ? ntohl(opts->ack) : 0;
	pkt->payload = tcp ? opts->payload : 0;
	pkt->window = tcp ? ntohs(opts->window) : 0;
	pkt->skb = NULL;
	pkt->quote = NULL;
}

/* Reasons that hold wherever the packet comes from and goes to; 0: there is none. */
static u8 simseg_xdp_exempt(const struct simseg_net *sn, const struct bpf_simseg_opts *opts)
{
	if (unlikely(opts->flags & BPF_SIMSEG_F_LINK))
		return SIMSEG_REASON_LINK;
	return unlikely(READ_ONCE(sn->disarmed)) ? SIMSEG_REASON_DISARMED : 0;
}

/*
 * What becomes of it. A tagged frame ends on the device that received it, @below, whose own
 * counter has seen it; the VLAN's stands in where that has no side.
 */
static __always_inline u8 simseg_xdp_end(struct simseg_net *sn, struct simseg_iface *iface,
					 const struct net_device *below,
					 struct bpf_simseg_opts *opts, const struct simseg_pkt *pkt,
					 const struct simseg_result *res)
{
	opts->reason = res->reason;
	if (res->verdict != SIMSEG_VERDICT_DENY)
		return res->verdict;
	if (!simseg_xdp_by_source(iface, res) && !simseg_xdp_certain(sn, pkt, res))
		return SIMSEG_VERDICT_PASS;
	if (pkt->in != below)
		iface = simseg_iface_find(below) ?: iface;
	simseg_xdp_account(sn, iface, pkt, res);
	return SIMSEG_VERDICT_DENY;
}

/**
 * simseg_xdp_judge() - may XDP drop this packet?
 * @xdp: the frame
 * @opts: the packet; @opts->reason is set in any case
 *
 * Where packets of an interface are not forwarded at once the floor judges each of
 * them, and only the source is looked at: to judge twice in full costs more than it saves.
 *
 * Context: under RCU, bottom halves off: NAPI, or BPF's test run.
 * Return: enum simseg_verdict, of which DENY has been counted and told
 */
u8 simseg_xdp_judge(const struct xdp_buff *xdp, struct bpf_simseg_opts *opts)
{
	struct net_device *below = xdp->rxq->dev, *dev = simseg_xdp_arrival(xdp, opts);
	struct simseg_iface *iface = dev ? simseg_iface_find(dev) : NULL;
	struct simseg_net *sn = iface ? iface->sn : simseg_net(dev_net(below));
	struct simseg_pkt pkt __uninitialized;
	struct simseg_result res = { };

	opts->reason = sn ? simseg_xdp_exempt(sn, opts) : SIMSEG_REASON_NONE;
	if (!sn || opts->reason)
		return SIMSEG_VERDICT_PASS;
	/* what was merged is counted by its frames, which only the floor can tell */
	if (!dev || (simseg_xdp_generic(xdp) && simseg_xdp_merged(xdp)) ||
	    !simseg_xdp_ours(below, dev, opts))
		return SIMSEG_VERDICT_PASS;

	simseg_xdp_pkt(&pkt, opts, dev);
	if (iface && READ_ONCE(iface->forwards))
		simseg_judge(sn, &pkt, &res);
	else
		simseg_judge_source(sn, &pkt, &res);
	return simseg_xdp_end(sn, iface, below, opts, &pkt, &res);
}

/**
 * simseg_xdp_known() - the same for what may be sent on at once, but was not
 * @xdp: the frame
 * @iface: of simseg_onward_find(), which has seen to where it arrives
 * @opts: the packet; @opts->reason is set
 * @s: its session, or NULL; as the next two, of what that has found
 * @change: simseg_net.change
 * @dir: index of the source in the key
 *
 * The key itself, and its hash, are for who opens a session; XDP does not, and has no
 * registers for them.
 *
 * Context: under RCU, bottom halves off.
 * Return: as simseg_xdp_judge()
 */
u8 simseg_xdp_known(const struct xdp_buff *xdp, struct simseg_iface *iface,
		    struct bpf_simseg_opts *opts, struct simseg_session *s, u32 change, u8 dir)
{
	struct simseg_flow flow __uninitialized;
	struct simseg_pkt pkt __uninitialized;
	struct simseg_net *sn = iface->sn;
	struct simseg_result res = { };

	opts->reason = SIMSEG_REASON_NONE;
	if (simseg_xdp_generic(xdp) && simseg_xdp_merged(xdp))
		return SIMSEG_VERDICT_PASS;
	simseg_xdp_pkt(&pkt, opts, iface->dev);
	flow.session = s;
	flow.change = change;
	flow.dir = dir;
	simseg_judge_flow(sn, &pkt, &flow, &res);
	return simseg_xdp_end(sn, iface, iface->dev, opts, &pkt, &res);
}

/**
 * simseg_xdp_source_net() - the source of a packet that does not come from a SIM's side
 * @sn: namespace
 * @src: that source
 * @bound: it belongs to a device
 *
 * Return: SIMSEG_VERDICT_PASS, or SIMSEG_XDP_ASK
 */
u8 simseg_xdp_source_net(const struct simseg_net *sn, const struct in6_addr *src, bool bound)
{
	struct simseg_u128 number;

	if (bound)
		return SIMSEG_XDP_ASK;
	simseg_u128_from(&number, src);
	return simseg_addrset_has(rcu_dereference(sn->ruleset)->pools, &number) ?
		SIMSEG_XDP_ASK : SIMSEG_VERDICT_PASS;
}
