// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices: one SIM-connected endpoint each, named by its ICCID.
 */
#include <linux/ctype.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "simseg.h"

static const struct simseg_table_key simseg_device_at = {
	.offset = offsetof(struct simseg_device, iccid),
	.len = SIMSEG_ICCID_BCD,
};

void simseg_device_init(struct simseg_net *sn)
{
	xa_init_flags(&sn->device_ids, XA_FLAGS_ALLOC1);
	xa_init_flags(&sn->grants, XA_FLAGS_ALLOC1);
	simseg_table_init(&sn->devices, &sn->lock);
}

u32 simseg_device_hash(const struct simseg_net *sn, const u8 *bcd)
{
	return simseg_table_hash(&sn->devices, bcd, simseg_device_at);
}

static void simseg_device_free(struct simseg_device *device)
{
	kfree(device);
}

static void simseg_device_free_rcu(struct rcu_head *rcu)
{
	simseg_device_free(container_of(rcu, struct simseg_device, rcu));
}

void simseg_device_hold(struct simseg_device *device)
{
	refcount_inc(&device->refs);
}

/* The last reference frees it after a grace period; any context. */
void simseg_device_put(struct simseg_device *device)
{
	if (refcount_dec_and_test(&device->refs))
		call_rcu(&device->rcu, simseg_device_free_rcu);
}

/* The namespace dies: no packet and no session is left. */
void simseg_device_exit(struct simseg_net *sn)
{
	struct simseg_device *device;
	unsigned long id;

	mutex_lock(&sn->lock);
	xa_for_each(&sn->device_ids, id, device) {
		simseg_device_remove(sn, device);
		simseg_device_put(device);
		cond_resched();
	}
	mutex_unlock(&sn->lock);
	xa_destroy(&sn->device_ids);
	xa_destroy(&sn->grants);
	simseg_table_exit(&sn->devices);
}

/* 18 to 20 decimal digits (ITU-T E.118) into packed BCD. */
bool simseg_iccid_parse(const char *text, u8 *bcd)
{
	size_t i, len = strlen(text);

	if (len < SIMSEG_ICCID_MIN || len > SIMSEG_ICCID_MAX)
		return false;
	memset(bcd, 0xff, SIMSEG_ICCID_BCD);
	for (i = 0; i < len; i++) {
		u8 shift = i % 2 ? 0 : 4;

		if (!isdigit(text[i]))
			return false;
		bcd[i / 2] &= ~(0xf << shift);
		bcd[i / 2] |= (text[i] - '0') << shift;
	}
	return true;
}

/* @text has room for SIMSEG_ICCID_MAX + 1 bytes. */
void simseg_iccid_print(const u8 *bcd, char *text)
{
	unsigned int i;

	for (i = 0; i < SIMSEG_ICCID_MAX; i++) {
		u8 digit = i % 2 ? bcd[i / 2] & 0xf : bcd[i / 2] >> 4;

		if (digit > 9)
			break;
		*text++ = '0' + digit;
	}
	*text = '\0';
}

/* Under RCU or simseg_net.lock. */
struct simseg_device *simseg_device_find(struct simseg_net *sn, const u8 *bcd)
{
	return simseg_table_find(&sn->devices, bcd, simseg_device_hash(sn, bcd), simseg_device_at);
}

static int simseg_device_fill(struct simseg_net *sn, struct simseg_device *device,
			      const struct simseg_device_spec *spec,
			      struct netlink_ext_ack *extack)
{
	struct simseg_binding *binding;
	struct simseg_policy *own;
	u32 i;
	int err;

	if (spec->policy[0]) {
		err = simseg_name_get(&sn->policy_names, spec->policy, &device->policy);
		if (err) {
			if (err == -ENOSPC)
				NL_SET_ERR_MSG_MOD(extack, "too many policy names");
			return err;
		}
	}
	if (spec->nrules) {
		own = simseg_policy_build(sn, 0, "", false, spec->rules, spec->nrules, extack);
		if (IS_ERR(own))
			return PTR_ERR(own);
		RCU_INIT_POINTER(device->own, own);
	}
	for (i = 0; i < spec->nbindings; i++) {
		binding = simseg_binding_alloc(&spec->bindings[i]);
		if (!binding)
			return -ENOMEM;
		list_add_tail(&binding->of_device, &device->bindings);
		device->nbindings++;
	}
	return 0;
}

/*
 * A device as @spec asks for it, in no table yet; the bindings on its list are
 * not in force. Goes with simseg_device_discard() or simseg_device_insert().
 */
struct simseg_device *simseg_device_alloc(struct simseg_net *sn,
					  const struct simseg_device_spec *spec,
					  struct netlink_ext_ack *extack)
{
	struct simseg_device *device = kzalloc(sizeof(*device), GFP_KERNEL_ACCOUNT);
	int i, err;

	lockdep_assert_held(&sn->lock);
	if (!device)
		return ERR_PTR(-ENOMEM);
	memcpy(device->iccid, spec->iccid, sizeof(device->iccid));
	memcpy(device->asset, spec->asset, sizeof(device->asset));
	device->sn = sn;
	refcount_set(&device->refs, 1);
	spin_lock_init(&device->lock);
	for (i = 0; i < 2; i++) {
		INIT_LIST_HEAD(&device->sessions[i]);
		INIT_LIST_HEAD(&device->opening[i]);
	}
	INIT_LIST_HEAD(&device->bindings);
	err = simseg_device_fill(sn, device, spec, extack);
	if (err) {
		simseg_device_discard(sn, device);
		return ERR_PTR(err);
	}
	return device;
}

/* Gives back what refers to names, while the lock is held. */
static void simseg_device_unname(struct simseg_net *sn, struct simseg_device *device)
{
	struct simseg_quarantine *q;

	if (device->policy)
		simseg_name_put(&sn->policy_names, device->policy);
	simseg_device_set_own(sn, device, NULL);
	simseg_grants_drop(sn, device);
	q = rcu_replace_pointer(device->quarantine, NULL, lockdep_is_held(&sn->lock));
	simseg_quarantine_free(sn, q);
}

/* Frees a device that was never in a table, with what is on its list. */
void simseg_device_discard(struct simseg_net *sn, struct simseg_device *device)
{
	struct simseg_binding *binding, *next;

	list_for_each_entry_safe(binding, next, &device->bindings, of_device)
		kfree(binding);
	simseg_device_unname(sn, device);
	simseg_device_free(device);
}

/* The caller has looked: none in the table has its ICCID. */
int simseg_device_insert(struct simseg_net *sn, struct simseg_device *device)
{
	int err;

	lockdep_assert_held(&sn->lock);
	err = xa_alloc_cyclic(&sn->device_ids, &device->id, device, xa_limit_31b,
			      &sn->device_id_next, GFP_KERNEL_ACCOUNT);
	if (err < 0)
		return err;
	err = simseg_table_insert(&sn->devices, device, simseg_device_hash(sn, device->iccid));
	if (err) {
		xa_erase(&sn->device_ids, device->id);
		return err;
	}
	sn->ndevices++;
	return 0;
}

/*
 * First phase of the removal: no lookup finds it or its addresses any more.
 * The caller cuts its sessions, waits for a grace period, and puts it.
 */
void simseg_device_remove(struct simseg_net *sn, struct simseg_device *device)
{
	struct simseg_binding *binding, *next;

	lockdep_assert_held(&sn->lock);
	WRITE_ONCE(device->gone, true);
	list_for_each_entry_safe(binding, next, &device->bindings, of_device)
		simseg_binding_remove(sn, binding);
	simseg_table_remove(&sn->devices, device, simseg_device_hash(sn, device->iccid));
	xa_erase(&sn->device_ids, device->id);
	if (device->state != SIMSEG_STATE_ACTIVE)
		WRITE_ONCE(sn->nquarantined, sn->nquarantined - 1);
	sn->ndevices--;
	simseg_deny_close(sn, device);
	simseg_device_unname(sn, device);
}

/* Replaces the device's own rules; NULL for none. */
void simseg_device_set_own(struct simseg_net *sn, struct simseg_device *device,
			   struct simseg_policy *own)
{
	struct simseg_policy *old;

	old = rcu_replace_pointer(device->own, own, lockdep_is_held(&sn->lock));
	if (old)
		simseg_policy_free(sn, old);
}

int simseg_device_del(struct simseg_net *sn, const u8 *bcd, struct simseg_receipt *receipt,
		      struct netlink_ext_ack *extack)
{
	struct simseg_device *device = simseg_device_find(sn, bcd);

	lockdep_assert_held(&sn->lock);
	if (!device) {
		NL_SET_ERR_MSG_MOD(extack, "no device has this ICCID");
		return -ENOENT;
	}
	if (device->state != SIMSEG_STATE_ACTIVE) {
		NL_SET_ERR_MSG_MOD(extack, "the device is quarantined; release it first");
		return -EBUSY;
	}
	mutex_lock(&sn->cut_lock);
	simseg_device_remove(sn, device);
	simseg_net_changed(sn);
	receipt->time_state = ktime_get_boottime_ns();
	receipt->devices = 1;
	simseg_sessions_cut_device(sn, device, SIMSEG_END_REBOUND, receipt);
	synchronize_rcu_expedited();
	simseg_sessions_cut_device(sn, device, SIMSEG_END_REBOUND, receipt);
	mutex_unlock(&sn->cut_lock);
	receipt->time_done = ktime_get_boottime_ns();
	simseg_device_put(device);
	return 0;
}

void simseg_device_spec_free(struct simseg_device_spec *spec)
{
	simseg_rule_specs_free(spec->rules, spec->nrules);
	spec->rules = NULL;
	spec->nrules = 0;
}
