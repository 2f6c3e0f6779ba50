/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether a next hop still holds: asked for each packet.
 */
#ifndef _SIMSEG_HOP_H
#define _SIMSEG_HOP_H

#include <linux/xfrm.h>
#include <net/net_namespace.h>

#include "types.h"

/* The kernel's own number of what it knows of a family. */
static inline u32 simseg_hop_family_gen(const struct net *net, bool v4)
{
#if IS_ENABLED(CONFIG_IPV6)
	return v4 ? rt_genid_ipv4(net) : rt_genid_ipv6(net);
#else
	return rt_genid_ipv4(net);
#endif
}

static inline bool simseg_hop_holds(const struct simseg_net *sn, const struct simseg_hop *hop)
{
	return !READ_ONCE(hop->dead) && hop->gen == atomic_read(&sn->hops.gen) &&
	       hop->family_gen == simseg_hop_family_gen(sn->net, hop->v4);
}

/* A policy that wants packets encrypted, or drops what is not. */
static inline bool simseg_net_has_xfrm(const struct net *net)
{
#ifdef CONFIG_XFRM
	return READ_ONCE(net->xfrm.policy_count[XFRM_POLICY_OUT]) ||
	       READ_ONCE(net->xfrm.policy_count[XFRM_POLICY_FWD]) ||
	       net->xfrm.policy_default[XFRM_POLICY_OUT] == XFRM_USERPOLICY_BLOCK ||
	       net->xfrm.policy_default[XFRM_POLICY_FWD] == XFRM_USERPOLICY_BLOCK;
#else
	return false;
#endif
}

/* Would the stack send packets on by @hop as they are? */
static inline bool simseg_hop_open(const struct net *net, const struct simseg_hop *hop)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (!hop->v4 && !READ_ONCE(net->ipv6.devconf_all->forwarding))
		return false;
#endif
	return !simseg_net_has_xfrm(net);
}

#endif /* _SIMSEG_HOP_H */
