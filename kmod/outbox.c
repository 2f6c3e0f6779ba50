// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records on their way out. Each gets a number, is handed to the tracepoint, and
 * the program there says what became of it. What finds its ring full waits, in
 * order and up to a limit, and is sent before anything that comes later: in the
 * ring the numbers only rise. Denies have a ring of their own and never wait, so
 * that a flood of them cannot push out the rest, nor the rest them. What is lost is
 * told by a GAP record, at most one a second: a flood cannot fill the ring with those
 * either. At any time
 *
 *	made == delivered + waiting + lost
 *
 * Everything is done under one lock, which is held for the time that a record takes
 * into its ring: of all packets only those that begin or end a session, or are told
 * as denied, come here.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/slab.h>

#include "outbox.h"

/* Of those that wait, at most so many go with each that is new. */
#define SIMSEG_OUTBOX_STEP	32

struct simseg_waiting {
	struct list_head list;
	struct simseg_event event;
};

/* It is lost; the next GAP record tells. */
static void simseg_outbox_lose(struct simseg_outbox *ob, u8 kind, u64 seq, u64 time, bool full)
{
	struct simseg_record_gap *gap = &ob->gap;

	lockdep_assert_held(&ob->lock);
	if (!gap->first || seq < gap->first)
		gap->first = seq;
	if (!gap->from || time < gap->from)
		gap->from = time;
	gap->last = max(gap->last, seq);
	gap->to = max(gap->to, time);
	gap->lost[kind]++;
	gap->unheard += !full;
	ob->lost++;
	ob->unheard += !full;
}

/* One that begins a session may not take the room of those that end one. */
static u32 simseg_outbox_room(const struct simseg_net *sn, u8 kind)
{
	u32 limit = simseg_setting(sn, SIMSEG_A_SETTING_RECORD_BACKLOG);

	switch (kind) {
	case SIMSEG_RECORD_DENY:
		return 0;
	case SIMSEG_RECORD_OPEN:
	case SIMSEG_RECORD_UPDATE:
		return limit / 2;
	default:
		return limit;
	}
}

static bool simseg_outbox_wait(struct simseg_net *sn, const struct simseg_event *event)
{
	struct simseg_outbox *ob = &sn->outbox;
	struct simseg_waiting *w;

	lockdep_assert_held(&ob->lock);
	if (ob->waiting >= simseg_outbox_room(sn, event->record.kind))
		return false;
	w = kmalloc(sizeof(*w), GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN);
	if (!w)
		return false;
	w->event = *event;
	list_add_tail(&w->list, &ob->backlog);
	ob->waiting++;
	return true;
}

/* It could not go: it waits, if a ring was full, or else is lost. */
void simseg_outbox_keep(struct simseg_net *sn, const struct simseg_event *event, u32 status)
{
	const struct simseg_record *rec = &event->record;
	const bool full = status == SIMSEG_RECORD_LOST;

	if (!(full && simseg_outbox_wait(sn, event)))
		simseg_outbox_lose(&sn->outbox, rec->kind, rec->seq, rec->time, full);
}

/*
 * How far the clock on the wall is ahead of the time since boot. A record that read
 * both would cost a sixth more: a clock that is set is noticed within a second.
 */
static void simseg_outbox_set_wall(struct simseg_outbox *ob)
{
	u64 real = ktime_get_real_ns();

	WRITE_ONCE(ob->wall, real - ktime_get_boottime_ns());
	WRITE_ONCE(ob->flags, real >= SIMSEG_CLOCK_MIN * (u64)NSEC_PER_SEC ?
			      SIMSEG_RECORD_F_CLOCK : 0);
}

/* Tells what was lost up to now, if it is time. */
static u32 simseg_outbox_tell(struct simseg_net *sn)
{
	struct simseg_outbox *ob = &sn->outbox;
	struct simseg_event event = {};
	u32 status;

	lockdep_assert_held(&ob->lock);
	if (!ob->gap.first || time_before(jiffies, ob->tell))
		return SIMSEG_RECORD_DELIVERED;
	event.gap = ob->gap;
	simseg_outbox_stamp(sn, &event, SIMSEG_RECORD_GAP, ktime_get_boottime_ns());
	event.record.seq = ob->made + 1;
	status = simseg_outbox_hand(ob, &event);
	if (status != SIMSEG_RECORD_DELIVERED)
		return status;
	ob->made++;
	ob->tell = jiffies + HZ;
	memset(&ob->gap, 0, sizeof(ob->gap));
	return status;
}

/* Sends some of those that wait; what becomes of one that comes after them. */
u32 simseg_outbox_drain(struct simseg_net *sn)
{
	struct simseg_outbox *ob = &sn->outbox;
	unsigned int n = SIMSEG_OUTBOX_STEP;
	struct simseg_waiting *w;
	u32 status;

	lockdep_assert_held(&ob->lock);
	while (n-- && (w = list_first_entry_or_null(&ob->backlog, struct simseg_waiting, list))) {
		status = simseg_outbox_hand(ob, &w->event);
		if (status != SIMSEG_RECORD_DELIVERED)
			return status;
		list_del(&w->list);
		kfree(w);
		ob->waiting--;
	}
	return ob->waiting ? SIMSEG_RECORD_LOST : simseg_outbox_tell(sn);
}

/* A record that was not even made; @full: for want of memory. */
void simseg_outbox_skip(struct simseg_net *sn, u8 kind, u64 time, bool full)
{
	struct simseg_outbox *ob = &sn->outbox;

	spin_lock_bh(&ob->lock);
	simseg_outbox_lose(ob, kind, ++ob->made, time, full);
	spin_unlock_bh(&ob->lock);
}

/* Sends a record that simseg_outbox_begin() has begun. */
void simseg_outbox_send(struct simseg_net *sn, struct simseg_event *event)
{
	__simseg_outbox_send(sn, event);
}

/* To be called about every second: all that waits, or as much as there is room for. */
void simseg_outbox_flush(struct simseg_net *sn)
{
	struct simseg_outbox *ob = &sn->outbox;
	bool more;
	u32 before;

	simseg_outbox_set_wall(ob);
	do {
		spin_lock_bh(&ob->lock);
		before = ob->waiting;
		more = trace_simseg_record_enabled() &&
		       simseg_outbox_drain(sn) != SIMSEG_RECORD_DELIVERED &&
		       ob->waiting && ob->waiting < before;
		spin_unlock_bh(&ob->lock);
		cond_resched();
	} while (more);
}

struct simseg_outbox_counts simseg_outbox_count(struct simseg_net *sn)
{
	struct simseg_outbox *ob = &sn->outbox;
	struct simseg_outbox_counts counts;
	int kind;

	spin_lock_bh(&ob->lock);
	counts = (struct simseg_outbox_counts){
		.made = ob->made,
		.delivered = ob->delivered,
		.waiting = ob->waiting,
		.lost = ob->lost,
		.unheard = ob->unheard,
	};
	for (kind = 0; kind < ARRAY_SIZE(ob->gap.lost); kind++)
		counts.untold += ob->gap.lost[kind];
	spin_unlock_bh(&ob->lock);
	return counts;
}

void simseg_outbox_init(struct simseg_net *sn)
{
	spin_lock_init(&sn->outbox.lock);
	sn->outbox.netns = sn->net->net_cookie;
	sn->outbox.tell = jiffies;
	sn->outbox.since = ktime_get_boottime_ns();
	simseg_outbox_set_wall(&sn->outbox);
	INIT_LIST_HEAD(&sn->outbox.backlog);
}

/* When nothing makes records any more. */
void simseg_outbox_exit(struct simseg_net *sn)
{
	struct simseg_waiting *w, *next;

	list_for_each_entry_safe(w, next, &sn->outbox.backlog, list) {
		list_del(&w->list);
		kfree(w);
	}
	sn->outbox.lost += sn->outbox.waiting;
	sn->outbox.waiting = 0;
}
