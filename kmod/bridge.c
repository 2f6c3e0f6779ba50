// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a bridge carries from port to port takes no way on which rules are asked,
 * so none can allow it: a frame that comes from a sim port or would leave
 * through one is dropped. With br_netfilter an IP frame does go past the floor,
 * which judges it like any other. Between a sim port and another ARP and link
 * control pass, as everywhere on a link; between two sim ports nothing does, or
 * one device could answer for the gateway to another.
 */
#include <linux/if_ether.h>
#include <linux/netfilter_bridge.h>

#include "simseg.h"

static bool simseg_bridge_sim(const struct simseg_iface *iface)
{
	return iface && READ_ONCE(iface->side) == SIMSEG_SIDE_SIM;
}

/* br_netfilter leaves its mark on a frame when it takes it to PRE_ROUTING. */
static bool simseg_bridge_judged(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	return nf_bridge_info_exists(skb);
#else
	return false;
#endif
}

/* A copy for each port that it would leave through: each that does not is a drop. */
unsigned int simseg_bridge_forward(void *priv, struct sk_buff *skb,
				   const struct nf_hook_state *state)
{
	struct simseg_net *sn = simseg_net(state->net);
	struct simseg_iface *out = simseg_iface_of(sn, state->out);
	bool from = simseg_bridge_sim(simseg_iface_of(sn, state->in));
	bool to = simseg_bridge_sim(out);
	struct simseg_result res = {
		.verdict = SIMSEG_VERDICT_DENY,
		.reason = SIMSEG_REASON_BRIDGED,
	};

	if ((!from && !to) || READ_ONCE(sn->disarmed) || simseg_bridge_judged(skb))
		return NF_ACCEPT;
	if (skb->protocol == htons(ETH_P_ARP) && !(from && to))
		return NF_ACCEPT;
	/* the net side counts nothing on its way out */
	return simseg_guard_deny(sn, to ? out : NULL, SIMSEG_IFACE_TX_GUARD_DROP, skb, &res, state,
				 !(from && to)) ? NF_DROP : NF_ACCEPT;
}
