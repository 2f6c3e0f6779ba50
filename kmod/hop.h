/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether a next hop still holds: asked for each packet.
 */
#ifndef _SIMSEG_HOP_H
#define _SIMSEG_HOP_H

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

#endif /* _SIMSEG_HOP_H */
