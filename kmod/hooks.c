// SPDX-License-Identifier: GPL-2.0-only
/*
 * What else of netfilter looks at packets in this namespace.
 */
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/rcupdate.h>

#include "simseg.h"

/* What is asked of somebody's hook. */
struct simseg_foreign {
	int priority;
	bool tables;	/* of nftables, a flowtable or BPF */
};

/* May read freed memory; the caller finds out. */
static __no_kasan_or_inline void simseg_hook_read(const struct nf_hook_ops *op,
						  struct simseg_foreign *hook)
{
	hook->priority = READ_ONCE(op->priority);
	hook->tables = op->hook_ops_type != NF_HOOK_OP_UNDEFINED;
}

/*
 * Whoever takes a hook away frees its ops at once, but not before the entry points
 * elsewhere: what was read is right if the entry still points there afterwards. False:
 * it has just gone.
 */
static bool simseg_hook_get(struct nf_hook_ops **ops, unsigned int i, struct simseg_foreign *hook)
{
	const struct nf_hook_ops *op = READ_ONCE(ops[i]);

	simseg_hook_read(op, hook);
	smp_rmb();	/* what it says before the entry */
	return READ_ONCE(ops[i]) == op;
}

static const struct nf_hook_entries *simseg_hooks_of(const struct net *net, bool v4,
						     unsigned int hooknum)
{
	return v4 ? rcu_dereference(net->nf.hooks_ipv4[hooknum]) :
		    rcu_dereference(net->nf.hooks_ipv6[hooknum]);
}

/*
 * NAT of any kind, masquerading as well, has a hook at this priority wherever a
 * destination can change before the floor.
 */
bool simseg_hooks_nat(const struct net *net, bool v4)
{
	const struct nf_hook_entries *e = simseg_hooks_of(net, v4, NF_INET_PRE_ROUTING);
	struct nf_hook_ops **ops;
	struct simseg_foreign hook;
	unsigned int i;

	BUILD_BUG_ON((int)NF_IP_PRI_NAT_DST != (int)NF_IP6_PRI_NAT_DST);

	if (!e)
		return false;
	ops = nf_hook_entries_get_hook_ops(e);
	for (i = 0; i < e->num_hook_entries; i++) {
		if (!simseg_hook_get(ops, i, &hook) || hook.priority == NF_IP_PRI_NAT_DST)
			return true;
	}
	return false;
}

/*
 * Conntrack, with what it needs before and after, and NAT concern flows that conntrack
 * tracks, which are left to the stack anyway. Security modules have theirs for what is
 * sent by this host's own programs.
 */
static bool simseg_hook_apart(const struct simseg_foreign *hook)
{
	switch (hook->priority) {
	case NF_IP_PRI_SELINUX_FIRST:
	case NF_IP_PRI_SELINUX_LAST:
		return !hook->tables;
	case NF_IP_PRI_CONNTRACK_DEFRAG:
	case NF_IP_PRI_CONNTRACK:
	case NF_IP_PRI_NAT_DST:
	case NF_IP_PRI_NAT_SRC:
	case NF_IP_PRI_CONNTRACK_HELPER:
	case NF_IP_PRI_CONNTRACK_CONFIRM:
		return true;
	default:
		return false;
	}
}

static bool simseg_hooks_foreign(const struct nf_hook_entries *e)
{
	struct nf_hook_ops **ops;
	struct simseg_foreign hook;
	unsigned int i;

	if (!e)
		return false;
	ops = nf_hook_entries_get_hook_ops(e);
	for (i = 0; i < e->num_hook_entries; i++) {
		if (simseg_floor_hooked(e->hooks[i].hook))
			continue;
		if (!simseg_hook_get(ops, i, &hook) || !simseg_hook_apart(&hook))
			return true;
	}
	return false;
}

/* Has anybody else a chain on the way of packets that are forwarded? Under RCU. */
bool simseg_hooks_others(const struct net *net)
{
	static const u8 way[] = { NF_INET_PRE_ROUTING, NF_INET_FORWARD, NF_INET_POST_ROUTING };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(way); i++) {
		if (simseg_hooks_foreign(simseg_hooks_of(net, true, way[i])) ||
		    simseg_hooks_foreign(simseg_hooks_of(net, false, way[i])))
			return true;
	}
	return false;
}

static bool simseg_hooks_netdev(const struct nf_hook_entries *e)
{
	unsigned int i;

	for (i = 0; e && i < e->num_hook_entries; i++) {
		if (!simseg_guard_hooked(e->hooks[i].hook))
			return true;
	}
	return false;
}

/* The same on an interface: a flowtable counts as well. Under RCU. */
bool simseg_hooks_others_on(const struct net_device *dev)
{
	if (simseg_hooks_netdev(rcu_dereference(dev->nf_hooks_ingress)))
		return true;
#ifdef CONFIG_NETFILTER_EGRESS
	return simseg_hooks_netdev(rcu_dereference(dev->nf_hooks_egress));
#else
	return false;
#endif
}
