// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interfaces with a side, by name or pattern. A device that appears or is
 * renamed gets the side of the name that fits it best.
 */
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "simseg.h"

struct simseg_iface *simseg_iface_of(const struct simseg_net *sn, const struct net_device *dev)
{
	return xa_load((struct xarray *)&sn->ifaces, dev->ifindex);
}

/* Softirqs are kept off: a packet may come in while one is sent. */
void simseg_iface_count(struct simseg_iface *iface, enum simseg_iface_counter counter, u32 n)
{
	struct simseg_iface_stats *stats;

	local_bh_disable();
	stats = this_cpu_ptr(iface->stats);
	u64_stats_update_begin(&stats->syncp);
	u64_stats_add(&stats->value[counter], n);
	u64_stats_update_end(&stats->syncp);
	local_bh_enable();
}

u64 simseg_iface_sum(const struct simseg_iface *iface, enum simseg_iface_counter counter)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct simseg_iface_stats *stats = per_cpu_ptr(iface->stats, cpu);
		unsigned int start;
		u64 value;

		do {
			start = u64_stats_fetch_begin(&stats->syncp);
			value = u64_stats_read(&stats->value[counter]);
		} while (u64_stats_fetch_retry(&stats->syncp, start));
		sum += value;
	}
	return sum;
}

/*
 * Fragments that became part of another packet, or wait for that, whoever
 * gathers them. WHOLE is read first: it never runs ahead of FRAGMENT.
 */
u64 simseg_iface_merged(const struct simseg_iface *iface)
{
	u64 whole = simseg_iface_sum(iface, SIMSEG_IFACE_WHOLE);

	return simseg_iface_sum(iface, SIMSEG_IFACE_FRAGMENT) - whole;
}

static u64 simseg_iface_device_rx(struct net_device *dev)
{
	struct rtnl_link_stats64 stats;

	return dev_get_stats(dev, &stats)->rx_packets;
}

static void simseg_iface_free_rcu(struct rcu_head *rcu)
{
	struct simseg_iface *iface = container_of(rcu, struct simseg_iface, rcu);

	free_percpu(iface->stats);
	kfree(iface);
}

static void simseg_iface_remove(struct simseg_net *sn, struct simseg_iface *iface)
{
	lockdep_assert_held(&sn->lock);
	xa_erase(&sn->ifaces, iface->ifindex);
	if (iface->guarded)
		simseg_guard_unregister(iface);
	/* hooks and lookups may hold it until the grace period is over */
	call_rcu(&iface->rcu, simseg_iface_free_rcu);
}

static int simseg_iface_add(struct simseg_net *sn, struct net_device *dev,
			    const struct simseg_iface_spec *spec)
{
	struct simseg_iface *iface = kzalloc(sizeof(*iface), GFP_KERNEL_ACCOUNT);
	int err;

	if (!iface)
		return -ENOMEM;
	iface->stats = netdev_alloc_pcpu_stats(struct simseg_iface_stats);
	if (!iface->stats) {
		kfree(iface);
		return -ENOMEM;
	}
	iface->sn = sn;
	iface->dev = dev;
	iface->ifindex = dev->ifindex;
	iface->side = spec->side;
	iface->mode = spec->mode;
	err = xa_err(xa_store(&sn->ifaces, dev->ifindex, iface, GFP_KERNEL_ACCOUNT));
	if (err) {
		free_percpu(iface->stats);
		kfree(iface);
		return err;
	}
	iface->device_rx = simseg_iface_device_rx(dev);
	err = simseg_guard_register(iface);
	if (err) {
		simseg_iface_remove(sn, iface);
		return err;
	}
	iface->guarded = true;
	return 0;
}

/* The exact name wins, then the longest pattern. */
static const struct simseg_iface_spec *simseg_iface_best(struct simseg_net *sn, const char *name)
{
	const struct simseg_iface_spec *spec, *best = NULL;

	list_for_each_entry(spec, &sn->iface_specs, list) {
		if (!strcmp(spec->name, name))
			return spec;
		if (simseg_ifname_match(spec->name, name) &&
		    (!best || strlen(spec->name) > strlen(best->name)))
			best = spec;
	}
	return best;
}

/* Gives @dev the side that the names say. */
static int simseg_iface_evaluate(struct simseg_net *sn, struct net_device *dev)
{
	const struct simseg_iface_spec *spec = simseg_iface_best(sn, dev->name);
	struct simseg_iface *iface = simseg_iface_of(sn, dev);

	ASSERT_RTNL();
	lockdep_assert_held(&sn->lock);
	if (dev->flags & IFF_LOOPBACK)
		return 0;
	if (iface && spec && iface->side == spec->side) {
		iface->mode = spec->mode;
		return 0;
	}
	if (iface)
		simseg_iface_remove(sn, iface);
	return spec ? simseg_iface_add(sn, dev, spec) : 0;
}

static int simseg_iface_evaluate_all(struct simseg_net *sn)
{
	struct net_device *dev;
	int err = 0;

	for_each_netdev(sn->net, dev)
		err = simseg_iface_evaluate(sn, dev) ?: err;
	simseg_net_changed(sn);
	return err;
}

static struct simseg_iface_spec *simseg_iface_spec_find(struct simseg_net *sn, const char *name)
{
	struct simseg_iface_spec *spec;

	list_for_each_entry(spec, &sn->iface_specs, list) {
		if (!strcmp(spec->name, name))
			return spec;
	}
	return NULL;
}

static void simseg_iface_spec_drop(struct simseg_net *sn, struct simseg_iface_spec *spec)
{
	list_del(&spec->list);
	sn->niface_specs--;
	kfree(spec);
}

/* Under RTNL and the lock. A failure leaves what was there before. */
int simseg_iface_set(struct simseg_net *sn, const char *name, u8 side, u8 mode,
		     struct netlink_ext_ack *extack)
{
	struct simseg_iface_spec *spec = simseg_iface_spec_find(sn, name);
	struct simseg_iface_spec before = {};
	bool fresh = !spec;
	int err;

	ASSERT_RTNL();
	lockdep_assert_held(&sn->lock);
	if (fresh) {
		if (sn->niface_specs == SIMSEG_IFACES_MAX) {
			NL_SET_ERR_MSG_MOD(extack, "at most 256 interface names and patterns");
			return -ENOSPC;
		}
		spec = kzalloc(sizeof(*spec), GFP_KERNEL_ACCOUNT);
		if (!spec)
			return -ENOMEM;
		strscpy(spec->name, name, sizeof(spec->name));
		list_add_tail(&spec->list, &sn->iface_specs);
		sn->niface_specs++;
	} else {
		before = *spec;
	}
	spec->side = side;
	spec->mode = mode;
	err = simseg_iface_evaluate_all(sn);
	if (!err)
		return 0;
	NL_SET_ERR_MSG_MOD(extack,
			   "the guard cannot hook into an interface: it needs NETFILTER_INGRESS and NETFILTER_EGRESS");
	if (fresh) {
		simseg_iface_spec_drop(sn, spec);
	} else {
		spec->side = before.side;
		spec->mode = before.mode;
	}
	simseg_iface_evaluate_all(sn);
	return err;
}

int simseg_iface_del(struct simseg_net *sn, const char *name, struct netlink_ext_ack *extack)
{
	struct simseg_iface_spec *spec = simseg_iface_spec_find(sn, name);

	ASSERT_RTNL();
	lockdep_assert_held(&sn->lock);
	if (!spec) {
		NL_SET_ERR_MSG_MOD(extack, "no interface name or pattern like this has a side");
		return -ENOENT;
	}
	simseg_iface_spec_drop(sn, spec);
	return simseg_iface_evaluate_all(sn);
}

static int simseg_iface_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct simseg_net *sn = simseg_net(dev_net(dev));
	struct simseg_iface *iface;

	if (!sn)
		return NOTIFY_DONE;
	mutex_lock(&sn->lock);
	switch (event) {
	case NETDEV_REGISTER:
	case NETDEV_CHANGENAME:
		if (simseg_iface_evaluate(sn, dev))
			netdev_warn(dev, "simseg: no guard on this interface\n");
		simseg_net_changed(sn);
		break;
	case NETDEV_UNREGISTER:
		iface = simseg_iface_of(sn, dev);
		if (iface)
			simseg_iface_remove(sn, iface);
		break;
	}
	mutex_unlock(&sn->lock);
	return NOTIFY_DONE;
}

static struct notifier_block simseg_iface_notifier = {
	.notifier_call = simseg_iface_event,
};

int simseg_iface_init(void)
{
	return register_netdevice_notifier(&simseg_iface_notifier);
}

/* Takes the guards off every interface: the notifier sees each one go. */
void simseg_iface_uninit(void)
{
	unregister_netdevice_notifier(&simseg_iface_notifier);
}

/* The interfaces are gone; only names are left. */
void simseg_iface_exit(struct simseg_net *sn)
{
	struct simseg_iface_spec *spec, *next;

	mutex_lock(&sn->lock);
	list_for_each_entry_safe(spec, next, &sn->iface_specs, list)
		simseg_iface_spec_drop(sn, spec);
	mutex_unlock(&sn->lock);
	xa_destroy(&sn->ifaces);
}
