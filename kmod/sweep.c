// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sweep: a worker that ends sessions whose time is over or that a change
 * no longer allows, and deletes conntrack's entries of them. On the packet path
 * such a session is refused already; the sweep writes its record, and it is
 * what reaches flows in a flowtable.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/workqueue.h>

#include "simseg.h"

/* Each round looks at a part of the table, so that timeouts end in 4 seconds. */
#define SIMSEG_SWEEP_PARTS	4

/* Buckets after which the worker lets others cut; a divisor of each part. */
#define SIMSEG_SWEEP_STEP	64

/* Which end fits the reason for which @s is no longer allowed. */
static u8 simseg_end_of(struct simseg_net *sn, const struct simseg_session *s, u8 reason)
{
	switch (reason) {
	case SIMSEG_REASON_UNBOUND:
	case SIMSEG_REASON_SPOOFED:
		return SIMSEG_END_REBOUND;
	case SIMSEG_REASON_QUARANTINED:
		return SIMSEG_END_QUARANTINE;
	default:
		return simseg_grant_end(sn, s);
	}
}

static u8 simseg_end_timeout(const struct simseg_session *s)
{
	if (READ_ONCE(s->state) != SIMSEG_SESSION_CLOSED)
		return SIMSEG_END_TIMEOUT;
	return test_bit(SIMSEG_SESSION_F_RESET, &s->flags) ? SIMSEG_END_RST : SIMSEG_END_FIN;
}

/*
 * 0, or why the session has to end. One in a flowtable is alive though no
 * packet of it comes here: it is kept, so that changes still find it.
 */
static u8 simseg_sweep_timeout(struct simseg_net *sn, struct simseg_session *s)
{
	if (!simseg_session_expired(sn, s))
		return 0;
	if (simseg_conntrack_offloaded(sn->net, s)) {
		WRITE_ONCE(s->last, jiffies);
		return 0;
	}
	return simseg_end_timeout(s);
}

/* One that lasts is told of from time to time. */
static void simseg_sweep_tell(struct simseg_net *sn, struct simseg_session *s)
{
	u32 interval = simseg_setting(sn, SIMSEG_A_SETTING_RECORD_INTERVAL) * HZ;
	u32 now = jiffies;

	BUILD_BUG_ON((u64)SIMSEG_TIME_MAX * HZ > U32_MAX);
	if (!interval || now - READ_ONCE(s->told) < interval)
		return;
	WRITE_ONCE(s->told, now);
	simseg_record_update(sn, s);
}

static void simseg_sweep_bucket(struct simseg_net *sn, u32 bucket,
				struct simseg_receipt *receipt)
{
	struct simseg_session *s;
	u8 reason, observed;

	rcu_read_lock();
	hlist_for_each_entry_rcu(s, &sn->sessions.buckets[bucket], node) {
		u8 end = simseg_sweep_timeout(sn, s);

		if (end) {
			if (simseg_session_end(sn, s, end) && end == SIMSEG_END_TIMEOUT)
				simseg_conntrack_delete(sn->net, s);
			continue;
		}
		reason = READ_ONCE(sn->disarmed) ? 0 : simseg_rejudge(sn, s, &observed);
		if (reason)
			simseg_session_cut(sn, s, simseg_end_of(sn, s, reason), receipt);
		else
			simseg_sweep_tell(sn, s);
	}
	rcu_read_unlock();
}

static void simseg_sweep_part(struct simseg_net *sn, u32 first, u32 n,
			      struct simseg_receipt *receipt)
{
	u32 i;

	simseg_conntrack_hold();
	for (i = first; i < first + n; i++) {
		if (hlist_empty(&sn->sessions.buckets[i]))
			continue;
		simseg_sweep_bucket(sn, i, receipt);
		cond_resched();
	}
	simseg_conntrack_drop();
}

/* The worker's: it must not take sessions from a receipt that is being made. */
static void simseg_sweep_steps(struct simseg_net *sn, u32 first, u32 n)
{
	struct simseg_receipt nobodys = {};
	u32 i;

	simseg_conntrack_hold();
	for (i = first; i < first + n; i += SIMSEG_SWEEP_STEP) {
		mutex_lock(&sn->cut_lock);
		simseg_sweep_part(sn, i, SIMSEG_SWEEP_STEP, &nobodys);
		mutex_unlock(&sn->cut_lock);
	}
	simseg_conntrack_drop();
}

/* The whole table, now; adds what a change has cut to @receipt. */
void simseg_sweep_run(struct simseg_net *sn, struct simseg_receipt *receipt)
{
	if (sn->sessions.buckets)
		simseg_sweep_part(sn, 0, sn->sessions.mask + 1, receipt);
}

/*
 * After a change: returns when what it no longer allows is cut, flows in a
 * flowtable included, and nobody acts on what was before. Adds to @receipt.
 */
void simseg_sweep_settle(struct simseg_net *sn, struct simseg_receipt *receipt)
{
	lockdep_assert_held(&sn->lock);
	mutex_lock(&sn->cut_lock);
	simseg_net_changed(sn);
	receipt->time_state = ktime_get_boottime_ns();
	simseg_sweep_run(sn, receipt);
	synchronize_rcu_expedited();
	simseg_sweep_run(sn, receipt);
	mutex_unlock(&sn->cut_lock);
	simseg_conntrack_prune(sn);
	receipt->time_done = ktime_get_boottime_ns();
	sn->settled = receipt->time_done - receipt->time_state;
}

static void simseg_sweep_work(struct work_struct *work)
{
	struct simseg_net *sn = container_of(to_delayed_work(work), struct simseg_net, sweep);
	u32 part = (sn->sessions.mask + 1) / SIMSEG_SWEEP_PARTS;
	u32 change = atomic_read(&sn->change);

	if (change != sn->swept) {
		simseg_sweep_steps(sn, 0, sn->sessions.mask + 1);
		sn->swept = change;
	} else {
		simseg_sweep_steps(sn, part * (sn->sweep_part++ % SIMSEG_SWEEP_PARTS), part);
	}
	simseg_deny_flush(sn, false);
	simseg_outbox_flush(sn);
	simseg_forward_check(sn);
	queue_delayed_work(system_power_efficient_wq, &sn->sweep, HZ);
}

/* Before anything can change; it runs from simseg_net_govern() on. */
void simseg_sweep_init(struct simseg_net *sn)
{
	mutex_init(&sn->cut_lock);
	INIT_DELAYED_WORK(&sn->sweep, simseg_sweep_work);
}

void simseg_sweep_kick(struct simseg_net *sn)
{
	if (READ_ONCE(sn->hooked))
		mod_delayed_work(system_power_efficient_wq, &sn->sweep, 0);
}

void simseg_sweep_exit(struct simseg_net *sn)
{
	cancel_delayed_work_sync(&sn->sweep);
}
