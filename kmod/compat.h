/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between kernels, and the only place that asks for a version.
 */
#ifndef _SIMSEG_COMPAT_H
#define _SIMSEG_COMPAT_H

#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/version.h>

/* 6.1: kfuncs are not marked, and sets of them have no macro of their own. */
#ifndef __bpf_kfunc
#define __bpf_kfunc __used
#endif
#ifndef BTF_KFUNCS_START
#define BTF_KFUNCS_START(name) BTF_SET8_START(name)
#define BTF_KFUNCS_END(name) BTF_SET8_END(name)
#endif
/* Not in every 6.1 and 6.6: a variable that need not be cleared, since every byte is set. */
#ifndef __uninitialized
#define __uninitialized
#endif
#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <net/genetlink.h>
#include <uapi/linux/simseg.h>

/* Says why a device is refused, and which; @why is a literal. Linux 6.2 can format that. */
static inline void simseg_extack_device(struct netlink_ext_ack *extack, const char *iccid,
					const char *why)
{
#ifdef NL_SET_ERR_MSG_FMT_MOD
	NL_SET_ERR_MSG_FMT_MOD(extack, "device %s: %s", iccid, why);
#else
	if (extack)
		extack->_msg = why;
#endif
}

/* Linux 6.2 split the operations of a family; before, one entry served both. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
struct genl_split_ops {
	int (*doit)(struct sk_buff *skb, struct genl_info *info);
	int (*start)(struct netlink_callback *cb);
	int (*dumpit)(struct sk_buff *skb, struct netlink_callback *cb);
	const struct nla_policy *policy;
	unsigned int maxattr;
	u8 cmd;
	u8 flags;
};

/* The dump of a command that has both forms shares the policy of the other. */
static inline void simseg_family_ops(struct genl_family *family,
				     const struct genl_split_ops *split, unsigned int n)
{
	static struct genl_ops ops[SIMSEG_CMD_MAX];
	struct genl_ops *op = NULL;
	unsigned int i, used = 0;

	for (i = 0; i < n; i++) {
		if (!op || split[i].cmd != op->cmd) {
			op = &ops[used++];
			op->cmd = split[i].cmd;
			op->flags = split[i].flags & ~(GENL_CMD_CAP_DO | GENL_CMD_CAP_DUMP);
			op->policy = split[i].policy;
			op->maxattr = split[i].maxattr;
		}
		if (split[i].doit)
			op->doit = split[i].doit;
		if (split[i].dumpit) {
			op->start = split[i].start;
			op->dumpit = split[i].dumpit;
		}
	}
	family->ops = ops;
	family->n_ops = used;
}
#else
static inline void simseg_family_ops(struct genl_family *family,
				     const struct genl_split_ops *split, unsigned int n)
{
	family->split_ops = split;
	family->n_split_ops = n;
}
#endif

static inline struct nlattr **simseg_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
	return genl_dumpit_info(cb)->attrs;
#else
	return genl_info_dump(cb)->attrs;
#endif
}

/* Linux 6.3 has devices say what they take; before, XDP cannot call this module anyway. */
static inline bool simseg_dev_takes_frames(const struct net_device *dev)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	return false;
#else
	return dev->xdp_features & NETDEV_XDP_ACT_NDO_XMIT;
#endif
}

static inline bool simseg_dev_takes_fragments(const struct net_device *dev)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	return false;
#else
	return dev->xdp_features & NETDEV_XDP_ACT_NDO_XMIT_SG;
#endif
}

/* tc's place on an interface, whether anything is in it or not; renamed by Linux 6.6. */
static inline bool simseg_dev_has_tc(const struct net_device *dev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0) && defined(CONFIG_NET_XGRESS)
	return rcu_access_pointer(dev->tcx_ingress) || rcu_access_pointer(dev->tcx_egress);
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0) && defined(CONFIG_NET_CLS_ACT)
	return rcu_access_pointer(dev->miniq_ingress) || rcu_access_pointer(dev->miniq_egress);
#else
	return false;
#endif
}

#endif /* _SIMSEG_COMPAT_H */
