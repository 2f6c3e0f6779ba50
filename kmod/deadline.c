// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ends by itself. Deadlines are on CLOCK_BOOTTIME: nobody can set that
 * clock, and it goes on in suspend. They fire with user space dead.
 */
#include <linux/hrtimer.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "simseg.h"

static void simseg_deadline_start(struct simseg_net *sn)
{
	struct timerqueue_node *first = timerqueue_getnext(&sn->deadlines);

	if (first && !sn->deadlines_over)
		hrtimer_start(&sn->deadline_timer, first->expires, HRTIMER_MODE_ABS_SOFT);
}

/* From now on @expire is called at @when, or soon after, and takes it over. */
void simseg_deadline_add(struct simseg_net *sn, struct simseg_deadline *deadline, u64 when,
			 void (*expire)(struct simseg_net *sn, struct simseg_deadline *deadline))
{
	lockdep_assert_held(&sn->lock);
	deadline->expire = expire;
	timerqueue_init(&deadline->node);
	deadline->node.expires = ns_to_ktime(when);
	if (timerqueue_add(&sn->deadlines, &deadline->node))
		simseg_deadline_start(sn);
}

/* Nothing, if it is not queued: all zero, or it has fired. */
void simseg_deadline_del(struct simseg_net *sn, struct simseg_deadline *deadline)
{
	lockdep_assert_held(&sn->lock);
	if (!deadline->expire)
		return;
	deadline->expire = NULL;
	timerqueue_del(&sn->deadlines, &deadline->node);
}

static u64 simseg_deadline_until(const struct timerqueue_node *node)
{
	return max(ktime_to_ns(node->expires) - (s64)ktime_get_boottime_ns(), 1);
}

/* Nanoseconds that are left, at least 1; 0: there is no deadline. */
u64 simseg_deadline_left(const struct simseg_deadline *deadline)
{
	return deadline->expire ? simseg_deadline_until(&deadline->node) : 0;
}

/* The same, of the first of all that there are. */
u64 simseg_deadline_next(struct simseg_net *sn)
{
	struct timerqueue_node *first;

	lockdep_assert_held(&sn->lock);
	first = timerqueue_getnext(&sn->deadlines);
	return first ? simseg_deadline_until(first) : 0;
}

static void simseg_deadline_work(struct work_struct *work)
{
	struct simseg_net *sn = container_of(work, struct simseg_net, deadline_work);
	void (*expire)(struct simseg_net *sn, struct simseg_deadline *deadline);
	struct simseg_deadline *deadline;
	struct timerqueue_node *first;

	mutex_lock(&sn->lock);
	while ((first = timerqueue_getnext(&sn->deadlines))) {
		if (ktime_after(first->expires, ktime_get_boottime()))
			break;
		deadline = container_of(first, struct simseg_deadline, node);
		expire = deadline->expire;
		simseg_deadline_del(sn, deadline);
		expire(sn, deadline);
		/* who has a device to cut does not wait for many of them */
		mutex_unlock(&sn->lock);
		cond_resched();
		mutex_lock(&sn->lock);
	}
	simseg_deadline_start(sn);
	mutex_unlock(&sn->lock);
}

static enum hrtimer_restart simseg_deadline_fire(struct hrtimer *timer)
{
	struct simseg_net *sn = container_of(timer, struct simseg_net, deadline_timer);

	queue_work(system_highpri_wq, &sn->deadline_work);
	return HRTIMER_NORESTART;
}

void simseg_deadline_init(struct simseg_net *sn)
{
	timerqueue_init_head(&sn->deadlines);
	INIT_WORK(&sn->deadline_work, simseg_deadline_work);
	hrtimer_init(&sn->deadline_timer, CLOCK_BOOTTIME, HRTIMER_MODE_ABS_SOFT);
	sn->deadline_timer.function = simseg_deadline_fire;
}

/* What has one may still go afterwards, and takes it off the queue. */
void simseg_deadline_exit(struct simseg_net *sn)
{
	mutex_lock(&sn->lock);
	sn->deadlines_over = true;	/* the work starts the timer no more */
	mutex_unlock(&sn->lock);
	hrtimer_cancel(&sn->deadline_timer);
	cancel_work_sync(&sn->deadline_work);
}
