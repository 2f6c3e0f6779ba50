// SPDX-License-Identifier: GPL-2.0-only
/*
 * Forwarding at once: packets of an established session that XDP sends on without the
 * stack (`attach --forward`, xdp.h). The floor has judged a packet of the same direction, on the
 * same interface, since the last change of anything, and has left beside the session where
 * it went; whatever has changed since sends the next packet through the floor again.
 *
 * What redirected packets skip is looked for before it is allowed, after each change of
 * interfaces, routes and rules, and once a second: IPsec and routing by marks forbid it,
 * chains of others and queues that shape do so unless the operator insists.
 */
#include <linux/if_arp.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/sch_generic.h>
#include <net/xfrm.h>

#include "hop.h"
#include "key.h"
#include "simseg.h"

/* ---- what redirected packets would skip ------------------------------------ */

/* Queues that neither shape nor police. */
static bool simseg_queue_plain(const struct net_device *dev)
{
	static const char * const plain[] = { "noqueue", "mq", "pfifo_fast", "fq_codel", "fq" };

	return !rcu_access_pointer(dev->qdisc) ||
	       match_string(plain, ARRAY_SIZE(plain), rcu_dereference(dev->qdisc)->ops->id) >= 0;
}

static u32 simseg_skips_of_dev(const struct net_device *dev)
{
	return (netif_is_bridge_port(dev) || netif_is_bridge_master(dev) ? SIMSEG_SKIP_BRIDGE : 0) |
	       (simseg_dev_has_tc(dev) ? SIMSEG_SKIP_TC : 0) |
	       (simseg_queue_plain(dev) ? 0 : SIMSEG_SKIP_QUEUE) |
	       (simseg_hooks_others_on(dev) ? SIMSEG_SKIP_CHAINS : 0);
}

static u32 simseg_skips_of_net(const struct simseg_net *sn)
{
	return (simseg_net_has_xfrm(sn->net) ? SIMSEG_SKIP_XFRM : 0) |
	       (atomic_read(&sn->hops.mark_rules) ? SIMSEG_SKIP_MARKS : 0) |
	       (simseg_hooks_others(sn->net) ? SIMSEG_SKIP_CHAINS : 0);
}

/* What of @skips forbids it, for all that the operator says. */
static u32 simseg_skips_forbid(u32 skips, u8 forward)
{
	return forward == SIMSEG_FORWARD_FORCE ? skips & SIMSEG_SKIP_NEVER : skips;
}

/* Looks again at what packets of @iface would skip; true: something is different. */
static bool simseg_forward_review(struct simseg_iface *iface, u32 of_net)
{
	u32 skips = of_net | simseg_skips_of_dev(iface->dev);
	bool on = READ_ONCE(iface->side) != SIMSEG_SIDE_NONE &&
		  iface->forward != SIMSEG_FORWARD_OFF &&
		  !simseg_skips_forbid(skips, iface->forward);

	if (iface->skips == skips && iface->forwards == on)
		return false;
	WRITE_ONCE(iface->skips, skips);
	WRITE_ONCE(iface->forwards, on);
	return true;
}

/* All interfaces, and once a second: nobody tells us of chains and queues. */
void simseg_forward_check(struct simseg_net *sn)
{
	struct simseg_iface *iface;
	bool changed = false, any = false;
	unsigned long ifindex;
	u32 of_net;

	if (!READ_ONCE(sn->hops.buckets))
		return;
	rcu_read_lock();
	of_net = simseg_skips_of_net(sn);
	xa_for_each(&sn->ifaces, ifindex, iface) {
		changed |= simseg_forward_review(iface, of_net);
		any |= iface->forwards;
	}
	WRITE_ONCE(sn->forwards, any);
	rcu_read_unlock();
	if (changed)
		simseg_hops_changed(sn);
}

static void simseg_forward_refuse(u32 skips, struct netlink_ext_ack *extack)
{
	if (skips & SIMSEG_SKIP_XFRM)
		NL_SET_ERR_MSG_MOD(extack,
				   "forwarding would send in the clear what IPsec policies of this namespace are for");
	else if (skips & SIMSEG_SKIP_MARKS)
		NL_SET_ERR_MSG_MOD(extack,
				   "forwarding cannot follow a routing rule by mark: ip rule");
	else if (skips & SIMSEG_SKIP_BRIDGE)
		NL_SET_ERR_MSG_MOD(extack, "forwarding from or to a port of a bridge would skip the bridge");
	else if (skips & SIMSEG_SKIP_CHAINS)
		NL_SET_ERR_MSG_MOD(extack,
				   "forwarding would skip chains of nftables or iptables, or a flowtable: --force if nothing of the SIMs depends on them");
	else if (skips & SIMSEG_SKIP_TC)
		NL_SET_ERR_MSG_MOD(extack,
				   "forwarding would skip tc filters: --force if nothing of the SIMs depends on them");
	else
		NL_SET_ERR_MSG_MOD(extack,
				   "forwarding would skip a queue that shapes: --force if that may be");
}

/* Before an interface or a pattern gets @forward: may packets skip what they would? */
int simseg_forward_allowed(struct simseg_net *sn, const char *name, u8 forward,
			   struct netlink_ext_ack *extack)
{
	struct net_device *dev;
	u32 skips;

	ASSERT_RTNL();
	lockdep_assert_held(&sn->lock);
	if (forward == SIMSEG_FORWARD_OFF)
		return 0;
	rcu_read_lock();
	skips = simseg_skips_of_net(sn);
	for_each_netdev(sn->net, dev) {
		if (simseg_ifname_match(name, dev->name) || simseg_iface_of(sn, dev))
			skips |= simseg_skips_of_dev(dev);
	}
	rcu_read_unlock();
	skips = simseg_skips_forbid(skips, forward);
	if (skips) {
		simseg_forward_refuse(skips, extack);
		return -EBUSY;
	}
	return simseg_hops_start(sn, extack);
}

/* ---- the floor: where it goes ----------------------------------------------- */

/*
 * Is the packet's route, found some time ago, what would be found now? IPv4's knows.
 * IPv6's is looked up again.
 */
static bool simseg_route_holds(const struct sk_buff *skb, bool v4)
{
	struct dst_entry *dst = skb_dst(skb);
#if IS_ENABLED(CONFIG_IPV6)
	const struct ipv6hdr *ip = ipv6_hdr(skb);
	struct flowi6 fl6 = { };
	struct dst_entry *now;
	bool same;
#endif

	if (v4)
		return dst->ops->check(dst, 0);
#if IS_ENABLED(CONFIG_IPV6)
	fl6.flowi6_iif = skb->dev->ifindex;
	fl6.flowi6_mark = skb->mark;
	fl6.flowi6_proto = ip->nexthdr;
	fl6.flowlabel = ip6_flowinfo(ip);
	fl6.daddr = ip->daddr;
	fl6.saddr = ip->saddr;
	now = ip6_route_input_lookup(dev_net(skb->dev), skb->dev, &fl6, skb,
				     RT6_LOOKUP_F_HAS_SADDR);
	same = now == dst;
	dst_release(now);
	return same;
#else
	return false;
#endif
}

/* One neighbour on plain Ethernet, without anything that the stack would add. */
static bool simseg_route_plain(const struct sk_buff *skb, bool v4)
{
	const struct dst_entry *dst = skb_dst(skb);

	if (dst->error || dst->lwtstate || dst_xfrm(dst) || secpath_exists(skb))
		return false;
	if (v4)
		return skb_rtable(skb)->rt_type == RTN_UNICAST;
	return !ipv6_addr_is_multicast(&ipv6_hdr(skb)->daddr);
}

/* Would the guard on the way out let it pass? */
static bool simseg_forward_home(struct simseg_net *sn, const struct simseg_pkt *pkt)
{
	const struct simseg_iface *iface = simseg_iface_of(sn, pkt->out);
	struct simseg_result res;

	return !iface || READ_ONCE(iface->side) != SIMSEG_SIDE_SIM ||
	       !simseg_judge_address(sn, &pkt->src, &pkt->dst, NULL, pkt->out, &res);
}

/*
 * Flows that conntrack tracks are conntrack's, with their NAT: it would take what it
 * sees of them after a while for no part of them.
 */
static bool simseg_forward_fits(const struct simseg_pkt *pkt, const struct simseg_session *s)
{
	return simseg_session_answered(s) && !test_bit(SIMSEG_SESSION_F_SELF, &s->flags) &&
	       pkt->out && pkt->in != pkt->out && pkt->out->type == ARPHRD_ETHER &&
	       pkt->out->addr_len == ETH_ALEN && !skb_nfct(pkt->skb) &&
	       !netif_is_l3_master(pkt->out) && !netif_is_l3_slave(pkt->out) &&
	       simseg_route_plain(pkt->skb, ipv6_addr_v4mapped(&pkt->dst));
}

/* The hop that @skb of @s is about to take, with a reference, or NULL. */
static struct simseg_hop *simseg_forward_find(struct simseg_net *sn, struct sk_buff *skb,
					      const struct simseg_iface *iface,
					      const struct simseg_pkt *pkt,
					      const struct simseg_session *s)
{
	bool v4 = ipv6_addr_v4mapped(&pkt->dst);
	struct simseg_hop like;

	simseg_hop_begin(sn, &like, v4);
	if (!simseg_forward_fits(pkt, s) || !simseg_forward_home(sn, pkt) ||
	    !simseg_route_holds(skb, v4))
		return NULL;
	like.skips = simseg_skips_of_dev(pkt->out);
	if (simseg_skips_forbid(like.skips, iface->forward))
		return NULL;
	return simseg_hop_get(sn, skb, &like);
}

/**
 * simseg_forward_learn() - leave beside a session where its packet goes
 * @sn: namespace
 * @skb: a packet that the floor lets pass at FORWARD
 * @pkt: the same
 * @s: its session
 * @change: simseg_net.change, read before @pkt was judged
 */
void simseg_forward_learn(struct simseg_net *sn, struct sk_buff *skb,
			  const struct simseg_pkt *pkt, struct simseg_session *s, u32 change)
{
	const struct simseg_iface *iface = simseg_iface_of(sn, pkt->in);
	struct simseg_hop *hop;
	struct simseg_key key;
	u8 d;

	if (!iface || !READ_ONCE(iface->forwards))
		return;
	d = simseg_key_make(&key, pkt) != simseg_session_initiator(s);
	hop = simseg_session_hop(s, d);
	if (hop && simseg_hop_holds(sn, hop))
		return;
	hop = simseg_forward_find(sn, skb, iface, pkt, s);
	simseg_hop_put(sn, simseg_session_set_hop(s, d, hop, change));
}
