// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floor's first layer: netfilter hooks where every IP packet that is
 * forwarded, received or made here gets its verdict.
 *
 * Priority -50: after destination NAT (-100), so that policy sees the real
 * destination, and before every chain that could hand a flow to a flowtable.
 */
#include <linux/netfilter.h>
#include <linux/netfilter_bridge.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/ipv6_frag.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>

#include "express.h"
#include "simseg.h"

#define SIMSEG_PRI_VERDICT	(-50)

/*
 * Gathers fragments, so that ports are known and nothing passes in pieces.
 * 0: @skb is whole; -EINPROGRESS: it is kept until the others come; else it
 * cannot be gathered.
 */
static int simseg_floor_gather(struct sk_buff *skb, const struct nf_hook_state *state)
{
	int err;

	if (state->pf == NFPROTO_IPV4) {
		local_bh_disable();
		err = ip_defrag(state->net, skb, IP_DEFRAG_VS_FWD);
		local_bh_enable();
		if (err)
			return -EINPROGRESS;	/* kept or freed: not ours any more */
		ip_send_check(ip_hdr(skb));
		skb->ignore_df = 1;
		return 0;
	}
#if IS_ENABLED(CONFIG_NF_DEFRAG_IPV6)
	return nf_ct_frag6_gather(state->net, skb, IP6_DEFRAG_CONNTRACK_IN);
#else
	return -EOPNOTSUPP;
#endif
}

static u8 simseg_floor_hook(const struct nf_hook_state *state)
{
	switch (state->hook) {
	case NF_INET_LOCAL_IN:
		return SIMSEG_HOOK_INPUT;
	case NF_INET_LOCAL_OUT:
		return SIMSEG_HOOK_OUTPUT;
	default:
		return SIMSEG_HOOK_FORWARD;
	}
}

/* Where it goes: destination NAT of local packets routes them anew. */
static const struct net_device *simseg_floor_out(const struct sk_buff *skb,
						 const struct nf_hook_state *state)
{
	if (state->hook == NF_INET_LOCAL_OUT && skb_dst(skb))
		return skb_dst(skb)->dev;
	return state->out;
}

/*
 * In a VRF the hooks are shown the VRF's own device; the one that received the
 * packet, which has the side, is kept beside it.
 */
static noinline const struct net_device *simseg_floor_slave(const struct sk_buff *skb,
							    const struct nf_hook_state *state)
{
	int ifindex = state->pf == NFPROTO_IPV4 ? inet_sdif(skb) : inet6_sdif(skb);

	return (ifindex ? dev_get_by_index_rcu(state->net, ifindex) : NULL) ?: state->in;
}

/*
 * Where it came in; NULL: it was made here, as is the host's own multicast that
 * comes back.
 */
static __always_inline const struct net_device *
simseg_floor_in(const struct sk_buff *skb, const struct nf_hook_state *state)
{
	if (state->hook == NF_INET_LOCAL_OUT || skb->pkt_type == PACKET_LOOPBACK)
		return NULL;
	if (likely(!state->in || !netif_is_l3_master(state->in)))
		return state->in;
	return simseg_floor_slave(skb, state);
}

/* What the namespace says to itself is nobody's traffic. */
static bool simseg_floor_loopback(const struct nf_hook_state *state,
				  const struct net_device *out)
{
	switch (state->hook) {
	case NF_INET_LOCAL_IN:
		return state->in && (state->in->flags & IFF_LOOPBACK);
	case NF_INET_LOCAL_OUT:
		return out && (out->flags & IFF_LOOPBACK);
	default:
		return false;
	}
}

/* Was it fragments once, whoever gathered them? */
static bool simseg_floor_gathered(const struct sk_buff *skb, u8 family)
{
	return family == NFPROTO_IPV4 ? IPCB(skb)->frag_max_size : IP6CB(skb)->frag_max_size;
}

static __always_inline void simseg_floor_count(struct simseg_net *sn, const struct sk_buff *skb,
					       u8 family, const struct simseg_pkt *pkt,
					       const struct simseg_result *res)
{
	struct simseg_iface *iface = pkt->in ? simseg_iface_find(pkt->in) : NULL;

	simseg_count(sn, res->reason, pkt->packets, pkt->bytes);
	if (iface) {
		simseg_iface_count(iface, SIMSEG_IFACE_FLOOR_PASS + res->verdict, pkt->packets);
		if (pkt->malformed == SIMSEG_REASON_FRAGMENT || simseg_floor_gathered(skb, family))
			simseg_iface_count(iface, SIMSEG_IFACE_WHOLE, 1);
	}
	if (res->verdict == SIMSEG_VERDICT_DENY || unlikely(res->observed))
		simseg_deny_note(sn, pkt, res);
}

/* All that its headers do not say. */
static __always_inline void simseg_floor_place(struct simseg_pkt *pkt, const struct sk_buff *skb,
					       const struct nf_hook_state *state,
					       const struct net_device *out)
{
	pkt->hook = simseg_floor_hook(state);
	pkt->in = simseg_floor_in(skb, state);
	pkt->out = out;
	pkt->skb = skb;
}

static void simseg_floor_judge(struct simseg_net *sn, const struct sk_buff *skb,
			       const struct nf_hook_state *state, const struct net_device *out,
			       struct simseg_pkt *pkt, struct simseg_result *res)
{
	struct simseg_pkt quote __uninitialized;

	simseg_parse(skb, state->pf, skb_network_offset(skb), pkt, &quote);
	simseg_floor_place(pkt, skb, state, out);
	simseg_judge(sn, pkt, res);
}

/* Is it a session's packet on its way through, which others of it may follow at once? */
static bool simseg_floor_leads_on(const struct nf_hook_state *state,
				  const struct simseg_result *res)
{
	return state->hook == NF_INET_FORWARD && res->session && !res->observed &&
	       res->reason == SIMSEG_REASON_SESSION;
}

static __always_inline unsigned int simseg_floor_end(struct simseg_net *sn, struct sk_buff *skb,
						     const struct nf_hook_state *state,
						     const struct simseg_pkt *pkt,
						     const struct simseg_result *res, u32 change)
{
	simseg_floor_count(sn, skb, state->pf, pkt, res);
	if (READ_ONCE(sn->forwards) && simseg_floor_leads_on(state, res))
		simseg_forward_learn(sn, skb, pkt, res->session, change);
	return res->verdict == SIMSEG_VERDICT_DENY ? NF_DROP : NF_ACCEPT;
}

/*
 * A fragment is gathered only when its addresses are governed and nothing but
 * its being one speaks against it: others pass untouched, or are dropped, and
 * take no memory.
 */
static noinline unsigned int simseg_floor(void *priv, struct sk_buff *skb,
					  const struct nf_hook_state *state)
{
	const struct net_device *out = simseg_floor_out(skb, state);
	struct simseg_result res __uninitialized;
	struct simseg_pkt pkt __uninitialized;
	struct simseg_net *sn = priv;
	u32 change = atomic_read_acquire(&sn->change);
	int err;

	if (simseg_floor_loopback(state, out))
		return NF_ACCEPT;
	simseg_floor_judge(sn, skb, state, out, &pkt, &res);
	if (unlikely(res.reason == SIMSEG_REASON_FRAGMENT) && state->hook != NF_INET_LOCAL_OUT) {
		err = simseg_floor_gather(skb, state);
		if (err == -EINPROGRESS)
			return NF_STOLEN;
		/* what cannot be gathered has lost its route: it must not go on */
		if (!err)
			simseg_floor_judge(sn, skb, state, out, &pkt, &res);
	}
	return simseg_floor_end(sn, skb, state, &pkt, &res, change);
}

/*
 * What the short way has looked up, and could not pass. @flow: by value, so that those
 * which it passes may have it in registers.
 */
static noinline unsigned int simseg_floor_known(struct simseg_net *sn, struct sk_buff *skb,
						const struct nf_hook_state *state,
						const struct simseg_flow flow)
{
	struct simseg_pkt pkt __uninitialized;
	struct simseg_result res = {};

	simseg_parse_plain(skb, state->pf, skb_network_offset(skb), &pkt);
	simseg_floor_place(&pkt, skb, state, state->out);
	simseg_judge_flow(sn, &pkt, &flow, &res);
	return simseg_floor_end(sn, skb, state, &pkt, &res, flow.change);
}

/* What was gathered from fragments is counted apart, with the verdict. */
static unsigned int simseg_floor_forward4(void *priv, struct sk_buff *skb,
					  const struct nf_hook_state *state)
{
	struct simseg_express x __uninitialized;

	if (unlikely(IPCB(skb)->frag_max_size ||
		     !simseg_express_find(priv, skb, state, true, &x)))
		return simseg_floor(priv, skb, state);
	if (likely(simseg_express_pass(priv, skb, state, &x)))
		return NF_ACCEPT;
	return simseg_floor_known(priv, skb, state, x.flow);
}

static unsigned int simseg_floor_forward6(void *priv, struct sk_buff *skb,
					  const struct nf_hook_state *state)
{
	struct simseg_express x __uninitialized;

	if (unlikely(IP6CB(skb)->frag_max_size ||
		     !simseg_express_find(priv, skb, state, false, &x)))
		return simseg_floor(priv, skb, state);
	if (likely(simseg_express_pass(priv, skb, state, &x)))
		return NF_ACCEPT;
	return simseg_floor_known(priv, skb, state, x.flow);
}

static noinline bool simseg_floor_fragment6(const struct sk_buff *skb)
{
	struct simseg_pkt pkt, quote;

	if (!ipv6_ext_hdr(ipv6_hdr(skb)->nexthdr))
		return false;
	simseg_parse(skb, NFPROTO_IPV6, skb_network_offset(skb), &pkt, &quote);
	return pkt.malformed == SIMSEG_REASON_FRAGMENT;
}

static __always_inline bool simseg_floor_fragment(const struct sk_buff *skb, u8 family)
{
	u8 next;

	if (family == NFPROTO_IPV4)
		return ip_is_fragment(ip_hdr(skb));
	next = ipv6_hdr(skb)->nexthdr;
	return unlikely(next != IPPROTO_UDP && next != IPPROTO_TCP) && simseg_floor_fragment6(skb);
}

/*
 * IP gathers the IPv4 fragments that are for the gateway before the floor sees
 * them, by their addresses and from wherever they come: one with a source that does
 * not belong where it arrives must not get that far.
 */
static noinline bool simseg_floor_foreign(struct simseg_net *sn, struct sk_buff *skb,
					  struct simseg_iface *iface,
					  const struct nf_hook_state *state)
{
	struct simseg_result res = { .verdict = SIMSEG_VERDICT_DENY };
	struct simseg_pkt pkt, quote;

	if (READ_ONCE(sn->disarmed) || (state->in->flags & IFF_LOOPBACK))
		return false;
	simseg_parse(skb, state->pf, skb_network_offset(skb), &pkt, &quote);
	pkt.in = simseg_floor_in(skb, state);
	if (!simseg_judge_address(sn, &pkt.src, &pkt.dst, pkt.in, NULL, &res))
		return false;
	simseg_count(sn, res.reason, pkt.packets, pkt.bytes);
	if (iface)
		simseg_iface_count(iface, SIMSEG_IFACE_FLOOR_DENY, pkt.packets);
	simseg_deny_note(sn, &pkt, &res);
	return true;
}

/* A packet that counts as more than one, or is a part of one. */
static noinline unsigned int simseg_floor_arrival(struct simseg_net *sn, struct sk_buff *skb,
						  const struct nf_hook_state *state)
{
	struct simseg_iface *iface = simseg_iface_find(state->in);
	bool fragment = simseg_floor_fragment(skb, state->pf);
	u32 packets, bytes;

	if (skb->pkt_type == PACKET_LOOPBACK)
		return NF_ACCEPT;
	if (iface) {
		simseg_skb_size(skb, state->pf, skb_network_offset(skb), &packets, &bytes);
		simseg_iface_count(iface, SIMSEG_IFACE_PREROUTING, packets);
	}
	if (!fragment)
		return NF_ACCEPT;
	if (simseg_floor_foreign(sn, skb, iface, state))
		return NF_DROP;
	if (iface)
		simseg_iface_count(iface, SIMSEG_IFACE_FRAGMENT, 1);
	return NF_ACCEPT;
}

/* Counts what comes in before anything else may take it. */
static unsigned int simseg_floor_prerouting(void *priv, struct sk_buff *skb,
					    const struct nf_hook_state *state)
{
	struct simseg_iface *iface;

	if (unlikely(skb->pkt_type == PACKET_LOOPBACK || skb_is_gso(skb) ||
		     simseg_floor_fragment(skb, state->pf)))
		return simseg_floor_arrival(priv, skb, state);
	iface = simseg_iface_find(state->in);
	if (iface)
		simseg_iface_count(iface, SIMSEG_IFACE_PREROUTING, 1);
	return NF_ACCEPT;
}

static const struct nf_hook_ops simseg_floor_ops[] = {
	{
		.hook = simseg_floor_prerouting,
		.pf = NFPROTO_INET,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = INT_MIN,
	},
	{
		.hook = simseg_floor_forward4,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_FORWARD,
		.priority = SIMSEG_PRI_VERDICT,
	},
	{
		.hook = simseg_floor_forward6,
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_FORWARD,
		.priority = SIMSEG_PRI_VERDICT,
	},
	{
		.hook = simseg_floor,
		.pf = NFPROTO_INET,
		.hooknum = NF_INET_LOCAL_IN,
		.priority = SIMSEG_PRI_VERDICT,
	},
	{
		.hook = simseg_floor,
		.pf = NFPROTO_INET,
		.hooknum = NF_INET_LOCAL_OUT,
		.priority = SIMSEG_PRI_VERDICT,
	},
#ifdef CONFIG_NETFILTER_FAMILY_BRIDGE
	{
		.hook = simseg_bridge_forward,
		.pf = NFPROTO_BRIDGE,
		.hooknum = NF_BR_FORWARD,
		.priority = NF_BR_PRI_FIRST,
	},
#endif
};

/* Is it one of these? */
bool simseg_floor_hooked(nf_hookfn *hook)
{
	return hook == simseg_floor || hook == simseg_floor_prerouting ||
	       hook == simseg_floor_forward4 || hook == simseg_floor_forward6;
}

/* Each hook is told its namespace: to look for it would cost more with each packet. */
int simseg_floor_register(struct simseg_net *sn)
{
	unsigned int i;

	BUILD_BUG_ON(ARRAY_SIZE(simseg_floor_ops) > SIMSEG_FLOOR_HOOKS);
	for (i = 0; i < ARRAY_SIZE(simseg_floor_ops); i++) {
		sn->floor[i] = simseg_floor_ops[i];
		sn->floor[i].priv = sn;
	}
	return nf_register_net_hooks(sn->net, sn->floor, ARRAY_SIZE(simseg_floor_ops));
}

void simseg_floor_unregister(struct simseg_net *sn)
{
	nf_unregister_net_hooks(sn->net, sn->floor, ARRAY_SIZE(simseg_floor_ops));
}
