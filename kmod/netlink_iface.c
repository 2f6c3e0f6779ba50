// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink: the sides of interfaces, and what was counted on them.
 */
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>

#include "netlink.h"

static int simseg_nl_ifname(struct genl_info *info, const char **name)
{
	int err = simseg_nl_need(info, SIMSEG_A_IFNAME);

	if (err)
		return err;
	*name = nla_data(info->attrs[SIMSEG_A_IFNAME]);
	if (simseg_ifname_valid(*name))
		return 0;
	simseg_nl_refuse(info->extack, info->attrs[SIMSEG_A_IFNAME],
			 "not an interface name, or one that ends in *");
	return -EINVAL;
}

int simseg_nl_iface_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *mode = info->attrs[SIMSEG_A_MODE];
	const struct nlattr *forward = info->attrs[SIMSEG_A_FORWARD];
	struct simseg_nl_change change;
	const char *name;
	int err;

	err = simseg_nl_ifname(info, &name);
	if (!err)
		err = simseg_nl_need(info, SIMSEG_A_SIDE);
	if (err)
		return err;
	rtnl_lock();
	err = simseg_nl_begin(&change, info);
	if (!err) {
		err = simseg_iface_set(change.sn, name, nla_get_u8(info->attrs[SIMSEG_A_SIDE]),
				       mode ? nla_get_u8(mode) : SIMSEG_MODE_AUTO,
				       forward ? nla_get_u8(forward) : SIMSEG_FORWARD_OFF,
				       info->extack);
		err = simseg_nl_end(&change, err);
	}
	rtnl_unlock();
	return err;
}

int simseg_nl_iface_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct simseg_nl_change change;
	const char *name;
	int err;

	err = simseg_nl_ifname(info, &name);
	if (err)
		return err;
	rtnl_lock();
	err = simseg_nl_begin(&change, info);
	if (!err)
		err = simseg_nl_end(&change, simseg_iface_del(change.sn, name, info->extack));
	rtnl_unlock();
	return err;
}

/* Under RCU, which keeps the device. */
static int simseg_nl_put_iface_stats(struct sk_buff *skb, const struct simseg_iface *iface)
{
	static const u8 types[__SIMSEG_IFACE_COUNTERS] = {
		[SIMSEG_IFACE_RX]		= SIMSEG_A_STATS_RX,
		[SIMSEG_IFACE_RX_BYTES]		= SIMSEG_A_STATS_RX_BYTES,
		[SIMSEG_IFACE_RX_OTHER]		= SIMSEG_A_STATS_RX_OTHER,
		[SIMSEG_IFACE_RX_INNER]		= SIMSEG_A_STATS_RX_INNER,
		[SIMSEG_IFACE_XDP_DROP]		= SIMSEG_A_STATS_XDP_DROP,
		[SIMSEG_IFACE_XDP_DROP_BYTES]	= SIMSEG_A_STATS_XDP_DROP_BYTES,
		[SIMSEG_IFACE_XDP_FORWARD]	= SIMSEG_A_STATS_XDP_FORWARD,
		[SIMSEG_IFACE_XDP_FORWARD_BYTES] = SIMSEG_A_STATS_XDP_FORWARD_BYTES,
		[SIMSEG_IFACE_GUARD_DROP]	= SIMSEG_A_STATS_GUARD_DROP,
		[SIMSEG_IFACE_PREROUTING]	= SIMSEG_A_STATS_PREROUTING,
		[SIMSEG_IFACE_FLOOR_PASS]	= SIMSEG_A_STATS_FLOOR_PASS,
		[SIMSEG_IFACE_FLOOR_ALLOW]	= SIMSEG_A_STATS_FLOOR_ALLOW,
		[SIMSEG_IFACE_FLOOR_DENY]	= SIMSEG_A_STATS_FLOOR_DENY,
		[SIMSEG_IFACE_TX_GUARD_DROP]	= SIMSEG_A_STATS_TX_GUARD_DROP,
	};
	struct nlattr *nest = nla_nest_start(skb, SIMSEG_A_STATS);
	struct rtnl_link_stats64 stats;
	unsigned int i;

	if (!nest)
		return -EMSGSIZE;
	dev_get_stats(iface->dev, &stats);
	if (nla_put_u64_64bit(skb, SIMSEG_A_STATS_DEVICE_RX, stats.rx_packets - iface->device_rx,
			      SIMSEG_A_STATS_PAD))
		return -EMSGSIZE;
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		if (types[i] && nla_put_u64_64bit(skb, types[i], simseg_iface_sum(iface, i),
						  SIMSEG_A_STATS_PAD))
			return -EMSGSIZE;
	}
	if (nla_put_u64_64bit(skb, SIMSEG_A_STATS_MERGED, simseg_iface_merged(iface),
			      SIMSEG_A_STATS_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* Where a dump of interfaces stands: entries first, then interfaces. */
struct simseg_nl_ifaces {
	unsigned long ifindex;
	u32 spec;
};

static struct simseg_nl_ifaces *simseg_nl_ifaces(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct simseg_nl_ifaces) > sizeof(cb->ctx));
	return (struct simseg_nl_ifaces *)cb->ctx;
}

static int simseg_nl_put_iface(struct sk_buff *skb, const struct simseg_iface *iface)
{
	if (nla_put_u32(skb, SIMSEG_A_IFINDEX, iface->ifindex) ||
	    (netif_is_bridge_port(iface->dev) && nla_put_flag(skb, SIMSEG_A_BRIDGE_PORT)) ||
	    (iface->forwards && nla_put_flag(skb, SIMSEG_A_FORWARDS)) ||
	    (iface->forward && nla_put_u32(skb, SIMSEG_A_FORWARD_SKIPS, iface->skips)))
		return -EMSGSIZE;
	return simseg_nl_put_iface_stats(skb, iface);
}

/* An entry, or with @iface an interface. */
static int simseg_nl_dump_iface(struct sk_buff *skb, struct netlink_callback *cb,
				struct simseg_net *sn, const char *name,
				const struct simseg_iface_spec *spec,
				const struct simseg_iface *iface)
{
	void *hdr = simseg_nl_dump_put(skb, cb, sn, SIMSEG_CMD_IFACE_GET);

	if (!hdr)
		return -EMSGSIZE;
	if (nla_put_string(skb, SIMSEG_A_IFNAME, name) ||
	    nla_put_u8(skb, SIMSEG_A_SIDE, spec->side) ||
	    nla_put_u8(skb, SIMSEG_A_MODE, spec->mode) ||
	    nla_put_u8(skb, SIMSEG_A_FORWARD, spec->forward) ||
	    (iface && simseg_nl_put_iface(skb, iface))) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

static int simseg_nl_dump_specs(struct sk_buff *skb, struct netlink_callback *cb,
				struct simseg_net *sn)
{
	struct simseg_nl_ifaces *at = simseg_nl_ifaces(cb);
	const struct simseg_iface_spec *spec;
	u32 i = 0;

	list_for_each_entry(spec, &sn->iface_specs, list) {
		if (i++ < at->spec)
			continue;
		if (simseg_nl_dump_iface(skb, cb, sn, spec->name, spec, NULL))
			return -EMSGSIZE;
		at->spec++;
	}
	return 0;
}

static int simseg_nl_dump_ifaces(struct sk_buff *skb, struct netlink_callback *cb,
				 struct simseg_net *sn)
{
	struct simseg_nl_ifaces *at = simseg_nl_ifaces(cb);
	const struct simseg_iface *iface;
	unsigned long ifindex;
	int err = 0;

	rcu_read_lock();
	xa_for_each_start(&sn->ifaces, ifindex, iface, at->ifindex) {
		const struct simseg_iface_spec like = {
			.side = iface->side,
			.mode = iface->mode,
			.forward = iface->forward,
		};

		err = simseg_nl_dump_iface(skb, cb, sn, iface->dev->name, &like, iface);
		if (err)
			break;
		at->ifindex = ifindex + 1;
	}
	rcu_read_unlock();
	return err;
}

int simseg_nl_iface_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct simseg_net *sn = simseg_net(sock_net(cb->skb->sk));

	mutex_lock(&sn->lock);
	if (!simseg_nl_dump_specs(skb, cb, sn))
		simseg_nl_dump_ifaces(skb, cb, sn);
	mutex_unlock(&sn->lock);
	return skb->len;
}
