// SPDX-License-Identifier: GPL-2.0-only
/*
 * Staged devices become part of the registry, all or none.
 *
 * Everything that can fail is done in prepare, where nothing that a packet
 * could notice changes: new devices and bindings enter the tables, but a
 * binding counts only from its activation on. Undo takes them out again.
 * Finish cannot fail.
 */
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "simseg.h"

#define SIMSEG_MERGE_FETCH	32	/* devices whose places are fetched at a time */

/* Why the devices cannot be merged; the room for that is 80 bytes in all. */
static int simseg_merge_refuse(const struct simseg_device *device, int err, const char *why,
			       struct netlink_ext_ack *extack)
{
	char iccid[SIMSEG_ICCID_MAX + 1];

	simseg_iccid_print(device->iccid, iccid);
	simseg_extack_device(extack, iccid, why);
	return err;
}

int simseg_stage(struct simseg_net *sn, struct list_head *staged,
		 const struct simseg_device_spec *spec, struct netlink_ext_ack *extack)
{
	struct simseg_device *device = simseg_device_alloc(sn, spec, extack);

	if (IS_ERR(device))
		return PTR_ERR(device);
	device->staged.device = device;
	list_add_tail(&device->staged.list, staged);
	return 0;
}

void simseg_unstage(struct simseg_net *sn, struct list_head *staged)
{
	struct simseg_staged *st, *next;

	list_for_each_entry_safe(st, next, staged, list) {
		list_del(&st->list);
		simseg_device_discard(sn, st->device);
		cond_resched();
	}
}

static struct simseg_device *simseg_owner(struct simseg_net *sn, struct simseg_binding *binding)
{
	return rcu_dereference_protected(binding->device, lockdep_is_held(&sn->lock));
}

/* Finds the device that @st speaks of, or puts its own into the table. */
static int simseg_merge_device(struct simseg_net *sn, struct simseg_staged *st, u32 flags,
			       struct netlink_ext_ack *extack)
{
	struct simseg_device *twin = simseg_device_find(sn, st->device->iccid);

	if (!twin) {
		st->device->mark = sn->merge;
		return simseg_device_insert(sn, st->device);
	}
	if (twin->mark == sn->merge)
		return simseg_merge_refuse(twin, -EEXIST, "this ICCID is there twice", extack);
	if ((flags & SIMSEG_MERGE_NEW) && twin->state != SIMSEG_STATE_UNKNOWN) {
		NL_SET_ERR_MSG_MOD(extack, "a device with this ICCID exists");
		return -EEXIST;
	}
	twin->mark = sn->merge;
	st->twin = twin;
	return 0;
}

static int simseg_merge_binding(struct simseg_net *sn, struct simseg_staged *st,
				struct simseg_binding *binding, u32 flags,
				struct netlink_ext_ack *extack)
{
	struct simseg_binding *old = simseg_binding_exact(sn, &binding->key);

	binding->replaces = old;
	if (!old) {
		binding->mark = sn->merge;
		return simseg_binding_insert(sn, binding, extack);
	}
	if (old->mark == sn->merge)
		return simseg_merge_refuse(st->device, -EEXIST,
					   "its address is there twice", extack);
	if ((flags & SIMSEG_MERGE_NEW) && simseg_owner(sn, old) != st->twin) {
		NL_SET_ERR_MSG_MOD(extack,
				   "the address belongs to another device; unbind it there first");
		return -EEXIST;
	}
	old->mark = sn->merge;
	return 0;
}

/* Its pool may have gone since: what the device has already is no news. */
static bool simseg_merge_has(struct simseg_net *sn, const struct simseg_staged *st,
			     const struct simseg_binding *binding)
{
	struct simseg_binding *old = simseg_binding_exact(sn, &binding->key);

	return old && st->twin && simseg_owner(sn, old) == st->twin;
}

static int simseg_merge_one(struct simseg_net *sn, struct simseg_staged *st,
			    const struct simseg_addrset *pools, u32 flags,
			    struct netlink_ext_ack *extack)
{
	struct simseg_binding *binding;
	struct simseg_prefix prefix = {};
	int err;

	err = simseg_merge_device(sn, st, flags, extack);
	if (err)
		return err;
	list_for_each_entry(binding, &st->device->bindings, of_device) {
		memcpy(prefix.addr, &binding->key.addr, sizeof(prefix.addr));
		prefix.plen = binding->key.plen;
		if (pools && !simseg_addrset_covers(pools, &prefix) &&
		    !simseg_merge_has(sn, st, binding))
			return simseg_merge_refuse(st->device, -ERANGE,
						   "its address lies outside every pool", extack);
		err = simseg_merge_binding(sn, st, binding, flags, extack);
		if (err)
			return err;
	}
	return 0;
}

/* Would an address leave a device that is quarantined and stays? */
static int simseg_merge_check_kept(struct simseg_net *sn, struct list_head *staged,
				   struct netlink_ext_ack *extack)
{
	const struct simseg_binding *binding;
	const struct simseg_device *owner;
	struct simseg_staged *st;

	list_for_each_entry(st, staged, list) {
		list_for_each_entry(binding, &st->device->bindings, of_device) {
			if (!binding->replaces)
				continue;
			owner = simseg_owner(sn, binding->replaces);
			if (owner->mark != sn->merge && owner->state != SIMSEG_STATE_ACTIVE)
				return simseg_merge_refuse(st->device, -EBUSY,
							   "a quarantined one has its address",
							   extack);
		}
		cond_resched();
	}
	return 0;
}

/* @n devices come, with an address each as a rule: room for them at once. */
void simseg_merge_expect(struct simseg_net *sn, u32 n)
{
	lockdep_assert_held(&sn->lock);
	simseg_table_expect(&sn->devices, n);
	simseg_table_expect(&sn->bindings, n);
}

/*
 * Each of the next ones would wait for the memory in which its place in the
 * tables is: so all of them wait at once. Most have one address.
 */
static void simseg_merge_fetch(struct simseg_net *sn, const struct list_head *staged,
			       struct simseg_staged *st)
{
	u32 devices[SIMSEG_MERGE_FETCH], bindings[SIMSEG_MERGE_FETCH];
	const struct simseg_binding *binding;
	u32 n = 0, m = 0;

	list_for_each_entry_from(st, staged, list) {
		binding = list_first_entry_or_null(&st->device->bindings, struct simseg_binding,
						   of_device);
		devices[n++] = simseg_device_hash(sn, st->device->iccid);
		if (binding)
			bindings[m++] = simseg_binding_hash(sn, &binding->key);
		if (n == SIMSEG_MERGE_FETCH)
			break;
	}
	simseg_table_fetch(&sn->devices, devices, n);
	simseg_table_fetch(&sn->bindings, bindings, m);
}

static int simseg_merge_full(struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG_MOD(extack, "too many devices: raise the setting devices");
	return -ENOSPC;
}

/*
 * On failure the caller undoes. @pools: NULL lets addresses lie anywhere. What is
 * changed and not added is beyond no limit; who is quarantined and not staged stays.
 */
int simseg_merge_prepare(struct simseg_net *sn, struct list_head *staged,
			 const struct simseg_addrset *pools, u32 limit, u32 flags,
			 struct netlink_ext_ack *extack)
{
	struct simseg_staged *st;
	u32 n = 0, held = 0;
	int err;

	lockdep_assert_held(&sn->lock);
	sn->merge++;
	list_for_each_entry(st, staged, list) {
		if (!(n % SIMSEG_MERGE_FETCH))
			simseg_merge_fetch(sn, staged, st);
		err = simseg_merge_one(sn, st, pools, flags, extack);
		if (err)
			return err;
		n++;
		held += st->twin && st->twin->state != SIMSEG_STATE_ACTIVE;
		if ((flags & SIMSEG_MERGE_EXACT) ? n > limit : !st->twin && sn->ndevices > limit)
			return simseg_merge_full(extack);
		cond_resched();
	}
	if ((flags & SIMSEG_MERGE_EXACT) && n + sn->nquarantined - held > limit)
		return simseg_merge_full(extack);
	return simseg_merge_check_kept(sn, staged, extack);
}

/*
 * Takes out what prepare put in; what it did not stays staged, without bindings.
 * A binding that is in the table was marked by this merge and has no owner.
 */
void simseg_merge_undo(struct simseg_net *sn, struct list_head *staged)
{
	struct simseg_binding *binding, *next;
	struct simseg_staged *st, *after;

	list_for_each_entry_safe(st, after, staged, list) {
		list_for_each_entry_safe(binding, next, &st->device->bindings, of_device) {
			if (simseg_binding_exact(sn, &binding->key) == binding) {
				simseg_binding_remove(sn, binding);
			} else {
				list_del(&binding->of_device);
				kfree(binding);
			}
		}
		if (simseg_device_find(sn, st->device->iccid) == st->device) {
			/* RCU readers may have found it */
			list_del(&st->list);
			simseg_device_remove(sn, st->device);
			simseg_device_put(st->device);
		}
		cond_resched();
	}
	simseg_table_trim(&sn->devices);
	simseg_table_trim(&sn->bindings);
}

/* Is @new what @old is already? Then the old one, and its epoch, stay. */
static bool simseg_binding_same(struct simseg_net *sn, const struct simseg_binding *new,
				struct simseg_binding *old, struct simseg_device *device)
{
	return simseg_owner(sn, old) == device && !strcmp(new->ifname, old->ifname);
}

static bool simseg_merge_bindings(struct simseg_net *sn, struct simseg_staged *st,
				  struct simseg_device *device)
{
	struct simseg_binding *binding, *next;
	LIST_HEAD(bindings);
	bool changed = false;

	list_splice_init(&st->device->bindings, &bindings);
	st->device->nbindings = 0;
	list_for_each_entry_safe(binding, next, &bindings, of_device) {
		struct simseg_binding *old = binding->replaces;

		list_del_init(&binding->of_device);
		if (old && simseg_binding_same(sn, binding, old, device)) {
			kfree(binding);
			continue;
		}
		changed = true;
		binding->mark = sn->merge;
		if (old)
			simseg_binding_replace(sn, old, binding, device);
		else
			simseg_binding_activate(sn, binding, device);
	}
	return changed;
}

static bool simseg_policy_same(const struct simseg_policy *a, const struct simseg_policy *b)
{
	if (!a || !b)
		return a == b;
	return !memcmp(a->digest, b->digest, sizeof(a->digest));
}

/* Would @twin's own rules stay? A device that comes without any may leave them. */
bool simseg_merge_keeps_own(struct simseg_net *sn, const struct simseg_staged *st, u32 flags)
{
	const struct simseg_policy *own, *new;

	own = rcu_dereference_protected(st->twin->own, lockdep_is_held(&sn->lock));
	new = rcu_dereference_protected(st->device->own, lockdep_is_held(&sn->lock));
	return (!new && (flags & SIMSEG_MERGE_KEEP_OWN)) || simseg_policy_same(own, new);
}

static bool simseg_merge_differs_self(struct simseg_net *sn, const struct simseg_staged *st,
				      u32 flags)
{
	const struct simseg_device *twin = st->twin, *device = st->device;

	return twin->policy != device->policy || strcmp(twin->asset, device->asset) ||
	       twin->state == SIMSEG_STATE_UNKNOWN || !simseg_merge_keeps_own(sn, st, flags);
}

/* Between prepare and finish: would finish change the device in force? */
bool simseg_merge_differs(struct simseg_net *sn, const struct simseg_staged *st, u32 flags)
{
	const struct simseg_binding *binding;

	if (simseg_merge_differs_self(sn, st, flags) ||
	    st->twin->nbindings != st->device->nbindings)
		return true;
	list_for_each_entry(binding, &st->device->bindings, of_device) {
		if (!binding->replaces ||
		    !simseg_binding_same(sn, binding, binding->replaces, st->twin))
			return true;
	}
	return false;
}

/* Gives the device in force what the staged one has; the shell is freed, and @st with it. */
static bool simseg_merge_twin(struct simseg_net *sn, struct simseg_staged *st, u32 flags)
{
	struct simseg_device *twin = st->twin, *device = st->device;
	bool changed = simseg_merge_differs_self(sn, st, flags);
	struct simseg_policy *own;

	if (twin->state == SIMSEG_STATE_UNKNOWN)
		WRITE_ONCE(twin->state, SIMSEG_STATE_QUARANTINED);
	swap(twin->policy, device->policy);
	memcpy(twin->asset, device->asset, sizeof(twin->asset));
	if (!simseg_merge_keeps_own(sn, st, flags)) {
		own = rcu_replace_pointer(device->own, NULL, lockdep_is_held(&sn->lock));
		simseg_device_set_own(sn, twin, own);
	}
	changed |= simseg_merge_bindings(sn, st, twin);
	simseg_device_discard(sn, device);
	return changed;
}

/* Bindings of devices that were staged, and were not staged with them, go. */
static bool simseg_merge_prune(struct simseg_net *sn, struct simseg_device *device)
{
	struct simseg_binding *binding, *next;
	bool changed = false;

	list_for_each_entry_safe(binding, next, &device->bindings, of_device) {
		if (binding->mark == sn->merge)
			continue;
		simseg_binding_remove(sn, binding);
		changed = true;
	}
	return changed;
}

static void simseg_merge_rest(struct simseg_net *sn, struct list_head *gone,
			      struct simseg_receipt *receipt)
{
	struct simseg_device *device;
	unsigned long id;

	xa_for_each(&sn->device_ids, id, device) {
		cond_resched();
		if (device->mark == sn->merge)
			continue;
		if (device->state != SIMSEG_STATE_ACTIVE) {
			receipt->kept++;
			continue;
		}
		simseg_device_remove(sn, device);
		/* its list of bindings is empty now: it serves as the link */
		list_add_tail(&device->bindings, gone);
		receipt->removed++;
	}
}

/*
 * Puts the prepared devices in force. Those that went are on @gone: the caller
 * cuts their sessions, waits for a grace period and releases them.
 */
void simseg_merge_finish(struct simseg_net *sn, struct list_head *staged, u32 flags,
			 struct list_head *gone, struct simseg_receipt *receipt)
{
	struct simseg_staged *st, *next;
	struct simseg_device *twin;

	lockdep_assert_held(&sn->lock);
	list_for_each_entry_safe(st, next, staged, list) {
		cond_resched();
		list_del(&st->list);
		twin = st->twin;
		if (!twin) {	/* the registry's from now on */
			simseg_merge_bindings(sn, st, st->device);
			receipt->added++;
			continue;
		}
		if (simseg_merge_twin(sn, st, flags) | simseg_merge_prune(sn, twin))
			receipt->devices++;
	}
	if (flags & SIMSEG_MERGE_EXACT)
		simseg_merge_rest(sn, gone, receipt);
}

void simseg_devices_release(struct list_head *gone)
{
	struct simseg_device *device, *next;

	list_for_each_entry_safe(device, next, gone, bindings) {
		list_del(&device->bindings);
		simseg_device_put(device);
		cond_resched();
	}
}

/* Merges into what is in force, without a new ruleset; all or none. */
int simseg_merge(struct simseg_net *sn, struct list_head *staged, u32 flags,
		 struct simseg_receipt *receipt, struct netlink_ext_ack *extack)
{
	const struct simseg_ruleset *rs;
	LIST_HEAD(gone);
	int err;

	lockdep_assert_held(&sn->lock);
	rs = rcu_dereference_protected(sn->ruleset, lockdep_is_held(&sn->lock));
	err = simseg_merge_prepare(sn, staged, rs->pools, rs->settings[SIMSEG_A_SETTING_DEVICES],
				   flags, extack);
	if (!err && !(flags & SIMSEG_MERGE_DRY)) {
		simseg_merge_finish(sn, staged, flags, &gone, receipt);
		return 0;
	}
	if (!err)
		err = simseg_dry_run(sn, rs, staged, flags, receipt);
	simseg_merge_undo(sn, staged);
	return err;
}

/* Adds one device; the same steps as for many. */
int simseg_device_new(struct simseg_net *sn, const struct simseg_device_spec *spec,
		      struct netlink_ext_ack *extack)
{
	struct simseg_receipt receipt = {};
	LIST_HEAD(staged);
	int err;

	lockdep_assert_held(&sn->lock);
	err = simseg_stage(sn, &staged, spec, extack);
	if (err)
		return err;
	err = simseg_merge(sn, &staged, SIMSEG_MERGE_NEW, &receipt, extack);
	simseg_unstage(sn, &staged);
	if (!err)
		simseg_net_changed(sn);
	return err;
}
