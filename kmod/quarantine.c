// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quarantine: a device is cut at once, and the receipt says when the last
 * packet was through. Release gives back what its policy allows.
 */
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "simseg.h"

static void simseg_quarantine_free_rcu(struct rcu_head *rcu)
{
	struct simseg_quarantine *q = container_of(rcu, struct simseg_quarantine, rcu);

	kvfree(q->responders);
	kfree(q);
}

/* After a grace period; NULL is fine. */
void simseg_quarantine_free(struct simseg_net *sn, struct simseg_quarantine *q)
{
	if (!q)
		return;
	simseg_deadline_del(sn, &q->deadline);
	call_rcu(&q->rcu, simseg_quarantine_free_rcu);
}

static struct simseg_quarantine *
simseg_quarantine_alloc(const struct simseg_quarantine_request *request,
			const struct simseg_who *who, u64 now)
{
	struct simseg_quarantine *q = kzalloc(sizeof(*q), GFP_KERNEL_ACCOUNT);

	if (!q)
		return NULL;
	q->since = now;
	q->set = now;
	q->nallow = request->nallow;
	memcpy(q->allow, request->allow, sizeof(q->allow));
	strscpy(q->actor, who->actor, sizeof(q->actor));
	strscpy(q->reason, who->reason ?: "", sizeof(q->reason));
	if (!q->nallow)
		return q;
	q->responders = simseg_addrset_build(q->allow, q->nallow);
	if (!q->responders) {
		kfree(q);
		return NULL;
	}
	return q;
}

/* Gives back what its policy allows. The caller tells of the change. */
static void simseg_release_one(struct simseg_net *sn, struct simseg_device *device)
{
	struct simseg_quarantine *q;

	if (device->state == SIMSEG_STATE_UNKNOWN) {
		/* it was only held for when it comes */
		simseg_device_remove(sn, device);
		simseg_device_put(device);
		return;
	}
	WRITE_ONCE(device->state, SIMSEG_STATE_ACTIVE);
	WRITE_ONCE(sn->nquarantined, sn->nquarantined - 1);
	q = rcu_replace_pointer(device->quarantine, NULL, lockdep_is_held(&sn->lock));
	simseg_quarantine_free(sn, q);
}

/* Its time is over: as if somebody had released it. */
static void simseg_quarantine_expire(struct simseg_net *sn, struct simseg_deadline *deadline)
{
	struct simseg_quarantine *q = container_of(deadline, struct simseg_quarantine, deadline);
	char iccid[SIMSEG_ICCID_MAX + 1];

	simseg_iccid_print(q->device->iccid, iccid);
	simseg_log_kernel(sn, SIMSEG_CMD_RELEASE, SIMSEG_EXPIRED, NULL, "device %s", iccid);
	simseg_release_one(sn, q->device);
	simseg_net_changed(sn);
}

/* What one device of the request will need; all of it is there before any
 * state changes.
 */
struct simseg_quarantine_step {
	struct simseg_device *device;
	struct simseg_quarantine *quarantine;
	bool made;	/* the device was not known and is a stub */
	u64 until;	/* CLOCK_BOOTTIME, ns; 0: until it is released */
};

static int simseg_quarantine_stub(struct simseg_net *sn, const u8 *bcd,
				  struct simseg_quarantine_step *step,
				  struct netlink_ext_ack *extack)
{
	struct simseg_device_spec *spec;
	int err;

	if (sn->ndevices >= simseg_setting(sn, SIMSEG_A_SETTING_DEVICES)) {
		NL_SET_ERR_MSG_MOD(extack, "too many devices: raise the setting devices");
		return -ENOSPC;
	}
	spec = kzalloc(sizeof(*spec), GFP_KERNEL_ACCOUNT);
	if (!spec)
		return -ENOMEM;
	memcpy(spec->iccid, bcd, sizeof(spec->iccid));
	step->device = simseg_device_alloc(sn, spec, extack);
	kfree(spec);
	if (IS_ERR(step->device)) {
		err = PTR_ERR(step->device);
		step->device = NULL;
		return err;
	}
	err = simseg_device_insert(sn, step->device);
	if (err) {
		simseg_device_discard(sn, step->device);
		step->device = NULL;
		return err;
	}
	step->made = true;
	return 0;
}

static int simseg_quarantine_prepare(struct simseg_net *sn,
				     struct simseg_quarantine_request *request,
				     const struct simseg_who *who,
				     struct simseg_quarantine_step *steps,
				     struct netlink_ext_ack *extack)
{
	u64 now = ktime_get_boottime_ns();
	int err;
	u32 i;

	for (i = 0; i < request->ndevices; i++) {
		request->bad = i;
		steps[i].device = simseg_device_find(sn, request->iccids[i]);
		if (!steps[i].device) {
			if (!request->unknown) {
				NL_SET_ERR_MSG_MOD(extack,
						   "no device has this ICCID; UNKNOWN holds it for when it comes");
				return -ENOENT;
			}
			err = simseg_quarantine_stub(sn, request->iccids[i], &steps[i], extack);
			if (err)
				return err;
		}
		steps[i].until = request->duration ? now + request->duration : 0;
		steps[i].quarantine = simseg_quarantine_alloc(request, who, now);
		if (!steps[i].quarantine)
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

static void simseg_quarantine_undo(struct simseg_net *sn, struct simseg_quarantine_step *steps,
				   u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		simseg_quarantine_free(sn, steps[i].quarantine);
		if (steps[i].made) {
			simseg_device_remove(sn, steps[i].device);
			simseg_device_put(steps[i].device);
		}
	}
}

/* In force from here on. A device that the request names twice counts once. */
static void simseg_quarantine_set(struct simseg_net *sn, struct simseg_quarantine_step *step,
				  struct simseg_receipt *receipt)
{
	struct simseg_quarantine *q = step->quarantine, *old;
	struct simseg_device *device = step->device;

	old = rcu_replace_pointer(device->quarantine, q, lockdep_is_held(&sn->lock));
	if (old) {
		q->since = old->since;
		receipt->replaced += old->set != q->set;
		simseg_quarantine_free(sn, old);
	}
	if (step->until) {
		q->device = device;
		simseg_deadline_add(sn, &q->deadline, step->until, simseg_quarantine_expire);
	}
	if (device->state != SIMSEG_STATE_ACTIVE)
		return;
	/* the guard looks at states only where it sees that there is one */
	WRITE_ONCE(sn->nquarantined, sn->nquarantined + 1);
	WRITE_ONCE(device->state, step->made ? SIMSEG_STATE_UNKNOWN : SIMSEG_STATE_QUARANTINED);
	receipt->devices++;
}

static void simseg_quarantine_cut(struct simseg_net *sn, struct simseg_quarantine_step *steps,
				  u32 n, struct simseg_receipt *receipt)
{
	u32 i;

	for (i = 0; i < n; i++)
		simseg_sessions_cut_device(sn, steps[i].device, SIMSEG_END_QUARANTINE, receipt);
	simseg_conntrack_prune(sn);
}

/*
 * The order is what makes the receipt true: first the state, so that no hook
 * lets a packet pass any more; then conntrack's entries, so that no flowtable
 * does; then one grace period, after which nobody still acts on what was
 * before; then what was created meanwhile.
 */
static void simseg_quarantine_apply(struct simseg_net *sn, struct simseg_quarantine_step *steps,
				    u32 n, struct simseg_receipt *receipt)
{
	u32 i;

	mutex_lock(&sn->cut_lock);
	for (i = 0; i < n; i++)
		simseg_quarantine_set(sn, &steps[i], receipt);
	simseg_net_changed(sn);
	receipt->time_state = ktime_get_boottime_ns();
	simseg_conntrack_hold();
	simseg_quarantine_cut(sn, steps, n, receipt);
	synchronize_rcu_expedited();
	simseg_quarantine_cut(sn, steps, n, receipt);
	simseg_conntrack_drop();
	mutex_unlock(&sn->cut_lock);
	receipt->time_done = ktime_get_boottime_ns();
}

int simseg_quarantine(struct simseg_net *sn, struct simseg_quarantine_request *request,
		      const struct simseg_who *who, struct simseg_receipt *receipt,
		      struct netlink_ext_ack *extack)
{
	struct simseg_quarantine_step *steps;
	int err;

	lockdep_assert_held(&sn->lock);
	request->bad = request->ndevices;
	steps = kvcalloc(request->ndevices, sizeof(*steps), GFP_KERNEL_ACCOUNT);
	if (!steps)
		return -ENOMEM;
	err = simseg_quarantine_prepare(sn, request, who, steps, extack);
	if (err)
		simseg_quarantine_undo(sn, steps, request->ndevices);
	else
		simseg_quarantine_apply(sn, steps, request->ndevices, receipt);
	kvfree(steps);
	return err;
}

static int simseg_release_check(struct simseg_net *sn, struct simseg_quarantine_request *request,
				struct netlink_ext_ack *extack)
{
	struct simseg_device *device;
	u32 i;

	for (i = 0; i < request->ndevices; i++) {
		request->bad = i;
		device = simseg_device_find(sn, request->iccids[i]);
		if (!device) {
			NL_SET_ERR_MSG_MOD(extack, "no device has this ICCID");
			return -ENOENT;
		}
		if (device->state == SIMSEG_STATE_ACTIVE) {
			NL_SET_ERR_MSG_MOD(extack, "the device is not quarantined");
			return -EALREADY;
		}
	}
	return 0;
}

int simseg_release(struct simseg_net *sn, struct simseg_quarantine_request *request,
		   struct netlink_ext_ack *extack)
{
	struct simseg_device *device;
	int err;
	u32 i;

	lockdep_assert_held(&sn->lock);
	err = simseg_release_check(sn, request, extack);
	if (err)
		return err;
	for (i = 0; i < request->ndevices; i++) {
		device = simseg_device_find(sn, request->iccids[i]);
		/* named twice: done already */
		if (device && device->state != SIMSEG_STATE_ACTIVE)
			simseg_release_one(sn, device);
	}
	simseg_net_changed(sn);
	return 0;
}
