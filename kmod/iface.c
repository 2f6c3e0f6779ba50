// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interfaces with a side, by name or pattern. A device that appears or is
 * renamed gets the side of the name that fits it best.
 */
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "simseg.h"

/*
 * Interfaces of all namespaces by their device, where packets look: XDP has nothing else.
 * The addresses of devices are the kernel's own choice.
 */
struct hlist_head simseg_ifaces[1 << SIMSEG_IFACES_BITS];
static DEFINE_SPINLOCK(simseg_ifaces_lock);	/* protects the chains */

static void simseg_iface_list(struct simseg_iface *iface)
{
	spin_lock(&simseg_ifaces_lock);
	hlist_add_head_rcu(&iface->by_dev, simseg_iface_chain(iface->dev));
	spin_unlock(&simseg_ifaces_lock);
}

static void simseg_iface_unlist(struct simseg_iface *iface)
{
	spin_lock(&simseg_ifaces_lock);
	hlist_del_rcu(&iface->by_dev);
	spin_unlock(&simseg_ifaces_lock);
}

struct simseg_iface *simseg_iface_of(const struct simseg_net *sn, const struct net_device *dev)
{
	return xa_load((struct xarray *)&sn->ifaces, dev->ifindex);
}

u64 simseg_iface_sum(const struct simseg_iface *iface, enum simseg_iface_counter counter)
{
	return simseg_tally_sum(iface->stats, value[counter]);
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

/* Hooks and lookups may hold it until a grace period is over. */
static void simseg_iface_free(struct simseg_iface *iface)
{
	simseg_guard_unregister(iface);
	call_rcu(&iface->rcu, simseg_iface_free_rcu);
}

static void simseg_iface_remove(struct simseg_net *sn, struct simseg_iface *iface)
{
	lockdep_assert_held(&sn->lock);
	xa_erase(&sn->ifaces, iface->ifindex);
	simseg_iface_unlist(iface);
	simseg_iface_free(iface);
}

/* One that was never in the table. */
static void simseg_iface_discard(struct simseg_net *sn, struct simseg_iface *iface)
{
	xa_release(&sn->ifaces, iface->ifindex);
	simseg_iface_free(iface);
}

/* One with its guard, which does nothing yet; a place in the table is kept for it. */
static struct simseg_iface *simseg_iface_alloc(struct simseg_net *sn, struct net_device *dev,
					       const struct simseg_iface_spec *spec)
{
	struct simseg_iface *iface = kzalloc(sizeof(*iface), GFP_KERNEL_ACCOUNT);
	int err = -ENOMEM;

	if (!iface)
		return ERR_PTR(err);
	iface->stats = netdev_alloc_pcpu_stats(struct simseg_iface_stats);
	if (!iface->stats)
		goto free;
	iface->sn = sn;
	iface->dev = dev;
	iface->ifindex = dev->ifindex;
	iface->mode = spec->mode;
	iface->forward = spec->forward;
	err = xa_reserve(&sn->ifaces, iface->ifindex, GFP_KERNEL_ACCOUNT);
	if (err)
		goto free;
	err = simseg_guard_cover(iface, spec->side);
	if (!err)
		return iface;
	simseg_iface_discard(sn, iface);
	return ERR_PTR(err);
free:
	free_percpu(iface->stats);
	kfree(iface);
	return ERR_PTR(err);
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

/* The side that the names say of @dev; NULL: none. */
static const struct simseg_iface_spec *simseg_iface_wanted(struct simseg_net *sn,
							   const struct net_device *dev)
{
	const struct simseg_iface_spec *spec = simseg_iface_best(sn, dev->name);

	if (!spec || spec->side == SIMSEG_SIDE_NONE || (dev->flags & IFF_LOOPBACK))
		return NULL;
	return spec;
}

/* All that can fail of giving @dev the side that the names say. */
static int simseg_iface_prepare(struct simseg_net *sn, struct net_device *dev,
				struct list_head *fresh)
{
	const struct simseg_iface_spec *spec = simseg_iface_wanted(sn, dev);
	struct simseg_iface *iface = simseg_iface_of(sn, dev);

	if (!spec)
		return 0;
	if (iface)
		return simseg_guard_cover(iface, spec->side);
	iface = simseg_iface_alloc(sn, dev, spec);
	if (IS_ERR(iface))
		return PTR_ERR(iface);
	list_add_tail(&iface->fresh, fresh);
	return 0;
}

/* Gives it that side, or with @err leaves it the one that it has. */
static void simseg_iface_finish(struct simseg_net *sn, struct net_device *dev, int err)
{
	const struct simseg_iface_spec *spec = simseg_iface_wanted(sn, dev);
	struct simseg_iface *iface = simseg_iface_of(sn, dev);

	if (!iface)
		return;
	if (!err && !spec) {
		simseg_iface_remove(sn, iface);
		return;
	}
	if (!err) {
		WRITE_ONCE(iface->side, spec->side);
		iface->mode = spec->mode;
		iface->forward = spec->forward;
	}
	simseg_guard_trim(iface);
}

/* Puts those that are new where they are found, or with @err discards them. */
static void simseg_iface_publish(struct simseg_net *sn, struct list_head *fresh, int err)
{
	struct simseg_iface *iface, *next;

	list_for_each_entry_safe(iface, next, fresh, fresh) {
		list_del(&iface->fresh);
		if (err) {
			simseg_iface_discard(sn, iface);
			continue;
		}
		iface->device_rx = simseg_iface_device_rx(iface->dev);
		WRITE_ONCE(iface->side, simseg_iface_wanted(sn, iface->dev)->side);
		/* its place is kept: this allocates nothing */
		xa_store(&sn->ifaces, iface->ifindex, iface, GFP_KERNEL_ACCOUNT);
		simseg_iface_list(iface);
	}
}

static void simseg_iface_changed(struct simseg_net *sn)
{
	simseg_net_changed(sn);
	simseg_forward_check(sn);
}

/* Gives @dev the side that the names say. */
static int simseg_iface_evaluate(struct simseg_net *sn, struct net_device *dev)
{
	LIST_HEAD(fresh);
	int err;

	ASSERT_RTNL();
	lockdep_assert_held(&sn->lock);
	err = simseg_iface_prepare(sn, dev, &fresh);
	simseg_iface_finish(sn, dev, err);
	simseg_iface_publish(sn, &fresh, err);
	if (!err)
		simseg_iface_changed(sn);
	return err;
}

/* The same of every interface, or of none. */
static int simseg_iface_evaluate_all(struct simseg_net *sn)
{
	struct net_device *dev;
	LIST_HEAD(fresh);
	int err = 0;

	ASSERT_RTNL();
	lockdep_assert_held(&sn->lock);
	for_each_netdev(sn->net, dev) {
		err = simseg_iface_prepare(sn, dev, &fresh);
		if (err)
			break;
	}
	for_each_netdev(sn->net, dev)
		simseg_iface_finish(sn, dev, err);
	simseg_iface_publish(sn, &fresh, err);
	if (!err)
		simseg_iface_changed(sn);
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

/* Why there is no guard, if it is not for want of memory. */
static void simseg_iface_refuse(int err, struct netlink_ext_ack *extack)
{
	if (err != -ENOMEM)
		NL_SET_ERR_MSG_MOD(extack,
				   "the guard cannot hook into an interface: it needs NETFILTER_INGRESS and NETFILTER_EGRESS");
}

/* The entry of that name, made if there is none. */
static struct simseg_iface_spec *simseg_iface_spec_get(struct simseg_net *sn, const char *name,
						       struct netlink_ext_ack *extack)
{
	struct simseg_iface_spec *spec = simseg_iface_spec_find(sn, name);

	if (spec)
		return spec;
	if (sn->niface_specs == SIMSEG_IFACES_MAX) {
		NL_SET_ERR_MSG_MOD(extack, "at most 256 interface names and patterns");
		return ERR_PTR(-ENOSPC);
	}
	spec = kzalloc(sizeof(*spec), GFP_KERNEL_ACCOUNT);
	if (!spec)
		return ERR_PTR(-ENOMEM);
	strscpy(spec->name, name, sizeof(spec->name));
	list_add_tail(&spec->list, &sn->iface_specs);
	sn->niface_specs++;
	return spec;
}

/* Under RTNL and the lock. A failure leaves what was there before. */
int simseg_iface_set(struct simseg_net *sn, const char *name, u8 side, u8 mode, u8 forward,
		     struct netlink_ext_ack *extack)
{
	bool fresh = !simseg_iface_spec_find(sn, name);
	struct simseg_iface_spec *spec, before;
	int err;

	err = simseg_forward_allowed(sn, name, forward, extack);
	if (err)
		return err;
	spec = simseg_iface_spec_get(sn, name, extack);
	if (IS_ERR(spec))
		return PTR_ERR(spec);
	before = *spec;
	spec->side = side;
	spec->mode = mode;
	spec->forward = forward;
	err = simseg_iface_evaluate_all(sn);
	if (!err)
		return 0;
	simseg_iface_refuse(err, extack);
	spec->side = before.side;
	spec->mode = before.mode;
	spec->forward = before.forward;
	if (fresh)
		simseg_iface_spec_drop(sn, spec);
	return err;
}

/* The same; other names may say another side, for which there has to be memory. */
int simseg_iface_del(struct simseg_net *sn, const char *name, struct netlink_ext_ack *extack)
{
	struct simseg_iface_spec *spec = simseg_iface_spec_find(sn, name);
	struct list_head *before;
	int err;

	if (!spec) {
		NL_SET_ERR_MSG_MOD(extack, "no interface name or pattern like this has a side");
		return -ENOENT;
	}
	before = spec->list.prev;
	list_del(&spec->list);
	err = simseg_iface_evaluate_all(sn);
	list_add(&spec->list, before);
	if (err)
		simseg_iface_refuse(err, extack);
	else
		simseg_iface_spec_drop(sn, spec);
	return err;
}

/*
 * No interface is up, or takes a name, without the guard that its name asks for. That
 * one comes at all is not refused: those who hear of it after us must, too.
 */
static int simseg_iface_appears(struct simseg_net *sn, struct net_device *dev, unsigned long event)
{
	int err;

	if (event == NETDEV_PRE_UP && (simseg_iface_of(sn, dev) || !simseg_iface_wanted(sn, dev)))
		return NOTIFY_DONE;
	err = simseg_iface_evaluate(sn, dev);
	if (!err)
		return NOTIFY_DONE;
	netdev_warn(dev, "simseg: no guard on this interface\n");
	return event == NETDEV_REGISTER ? NOTIFY_DONE : notifier_from_errno(err);
}

static int simseg_iface_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct simseg_net *sn = simseg_net(dev_net(dev));
	struct simseg_iface *iface;
	int ret = NOTIFY_DONE;

	if (!sn)
		return ret;
	mutex_lock(&sn->lock);
	switch (event) {
	case NETDEV_REGISTER:
	case NETDEV_CHANGENAME:
	case NETDEV_PRE_UP:
		ret = simseg_iface_appears(sn, dev, event);
		break;
	case NETDEV_UNREGISTER:
		iface = simseg_iface_of(sn, dev);
		if (iface)
			simseg_iface_remove(sn, iface);
		break;
	}
	/* whatever it was, packets may have to go another way now */
	simseg_hops_changed(sn);
	simseg_forward_check(sn);
	mutex_unlock(&sn->lock);
	return ret;
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
