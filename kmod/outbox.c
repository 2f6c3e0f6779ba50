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

#include "simseg.h"
#include "trace.h"

/* Of those that wait, at most so many go with each that is new. */
#define SIMSEG_OUTBOX_STEP	32

struct simseg_waiting {
	struct list_head list;
	struct simseg_event event;
};

/* Hands @event out; false: it was not taken, and could be if it is @full. */
static bool simseg_outbox_hand(struct simseg_outbox *ob, struct simseg_event *event, bool *full)
{
	lockdep_assert_held(&ob->lock);
	event->status = SIMSEG_RECORD_UNHEARD;
	trace_simseg_record(event);
	*full = event->status == SIMSEG_RECORD_LOST;
	if (event->status != SIMSEG_RECORD_DELIVERED)
		return false;
	ob->delivered++;
	return true;
}

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
	w = kmalloc(sizeof(*w), GFP_ATOMIC | __GFP_NOWARN);
	if (!w)
		return false;
	w->event = *event;
	list_add_tail(&w->list, &ob->backlog);
	ob->waiting++;
	return true;
}

static void simseg_outbox_stamp(const struct simseg_outbox *ob, struct simseg_record *rec,
				u8 kind, u64 time)
{
	rec->version = SIMSEG_RECORD_VERSION;
	rec->size = sizeof(*rec);
	rec->kind = kind;
	rec->time = time;
	rec->real = time + READ_ONCE(ob->wall);
	if (rec->real >= SIMSEG_CLOCK_MIN * (u64)NSEC_PER_SEC)
		rec->flags = SIMSEG_RECORD_F_CLOCK;
}

/*
 * How far the clock on the wall is ahead of the time since boot. A record that read
 * both would cost a sixth more: a clock that is set is noticed within a second.
 */
static void simseg_outbox_set_wall(struct simseg_outbox *ob)
{
	WRITE_ONCE(ob->wall, ktime_get_real_ns() - ktime_get_boottime_ns());
}

/* Tells what was lost up to now, if it is time; false: there is no room for that either. */
static bool simseg_outbox_tell(struct simseg_net *sn, bool *full)
{
	struct simseg_outbox *ob = &sn->outbox;
	struct simseg_event event;

	lockdep_assert_held(&ob->lock);
	if (!ob->gap.first || time_before(jiffies, ob->tell))
		return true;
	memset(&event, 0, sizeof(event));
	event.netns = sn->net->net_cookie;
	event.gap = ob->gap;
	simseg_outbox_stamp(ob, &event.record, SIMSEG_RECORD_GAP, ktime_get_boottime_ns());
	event.record.seq = ob->made + 1;
	if (!simseg_outbox_hand(ob, &event, full))
		return false;
	ob->made++;
	ob->tell = jiffies + HZ;
	memset(&ob->gap, 0, sizeof(ob->gap));
	return true;
}

/* Sends at most @n of those that wait; false: others have to wait, too, if it is @full. */
static bool simseg_outbox_drain(struct simseg_net *sn, unsigned int n, bool *full)
{
	struct simseg_outbox *ob = &sn->outbox;
	struct simseg_waiting *w;

	lockdep_assert_held(&ob->lock);
	while (n-- && (w = list_first_entry_or_null(&ob->backlog, struct simseg_waiting, list))) {
		if (!simseg_outbox_hand(ob, &w->event, full))
			return false;
		list_del(&w->list);
		kfree(w);
		ob->waiting--;
	}
	*full = true;
	return list_empty(&ob->backlog) && simseg_outbox_tell(sn, full);
}

/**
 * simseg_outbox_begin() - begin a record, unless nobody listens
 * @sn: namespace
 * @event: on the caller's stack, all zero
 * @kind: enum simseg_record_kind
 * @time: CLOCK_BOOTTIME, ns, of what it tells
 *
 * Return: false if it need not be made: it is counted as unheard.
 */
bool simseg_outbox_begin(struct simseg_net *sn, struct simseg_event *event, u8 kind, u64 time)
{
	struct simseg_record *rec = &event->record;

	BUILD_BUG_ON(sizeof(*rec) != 192);
	BUILD_BUG_ON(sizeof(event->change) != sizeof(*rec));
	BUILD_BUG_ON(sizeof(event->text) != sizeof(*rec));
	BUILD_BUG_ON(sizeof(event->gap) != sizeof(*rec));
	BUILD_BUG_ON(offsetof(struct simseg_record, session) != sizeof(event->change.head));
	BUILD_BUG_ON(sizeof(*event) != 16 + sizeof(*rec));

	if (!trace_simseg_record_enabled()) {
		simseg_outbox_skip(sn, kind, time, false);
		return false;
	}
	event->netns = sn->net->net_cookie;
	simseg_outbox_stamp(&sn->outbox, rec, kind, time);
	return true;
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
	struct simseg_outbox *ob = &sn->outbox;
	struct simseg_record *rec = &event->record;
	bool turn, full;

	spin_lock_bh(&ob->lock);
	turn = rec->kind == SIMSEG_RECORD_DENY ||
	       simseg_outbox_drain(sn, SIMSEG_OUTBOX_STEP, &full);
	rec->seq = ++ob->made;
	if (!(turn && simseg_outbox_hand(ob, event, &full)) &&
	    !(full && simseg_outbox_wait(sn, event)))
		simseg_outbox_lose(ob, rec->kind, rec->seq, rec->time, full);
	spin_unlock_bh(&ob->lock);
}

/* To be called about every second: all that waits, or as much as there is room for. */
void simseg_outbox_flush(struct simseg_net *sn)
{
	struct simseg_outbox *ob = &sn->outbox;
	bool more, full;
	u32 before;

	simseg_outbox_set_wall(ob);
	do {
		spin_lock_bh(&ob->lock);
		before = ob->waiting;
		more = trace_simseg_record_enabled() &&
		       !simseg_outbox_drain(sn, SIMSEG_OUTBOX_STEP, &full) && ob->waiting &&
		       ob->waiting < before;
		spin_unlock_bh(&ob->lock);
		cond_resched();
	} while (more);
}

void simseg_outbox_count(struct simseg_net *sn, struct simseg_outbox_counts *counts)
{
	struct simseg_outbox *ob = &sn->outbox;

	spin_lock_bh(&ob->lock);
	counts->made = ob->made;
	counts->delivered = ob->delivered;
	counts->waiting = ob->waiting;
	counts->lost = ob->lost;
	counts->unheard = ob->unheard;
	spin_unlock_bh(&ob->lock);
}

void simseg_outbox_init(struct simseg_net *sn)
{
	spin_lock_init(&sn->outbox.lock);
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
