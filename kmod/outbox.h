/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a record begins and goes, unless something is in its way. Inline: a session's
 * first packet waits for each instruction.
 */
#ifndef _SIMSEG_OUTBOX_H
#define _SIMSEG_OUTBOX_H

#include "simseg.h"
#include "trace.h"

/* outbox.c, under the lock */
u32 simseg_outbox_drain(struct simseg_net *sn);
void simseg_outbox_keep(struct simseg_net *sn, const struct simseg_event *event, u32 status);

/* What all kinds have but the number. */
static inline void simseg_outbox_stamp(const struct simseg_net *sn, struct simseg_event *event,
				       u8 kind, u64 time)
{
	struct simseg_record *rec = &event->record;

	BUILD_BUG_ON(sizeof(*rec) != 192);
	BUILD_BUG_ON(sizeof(event->change) != sizeof(*rec));
	BUILD_BUG_ON(sizeof(event->text) != sizeof(*rec));
	BUILD_BUG_ON(sizeof(event->gap) != sizeof(*rec));
	BUILD_BUG_ON(offsetof(struct simseg_record, session) != sizeof(event->change.head));
	BUILD_BUG_ON(sizeof(*event) != 16 + sizeof(*rec));

	event->netns = sn->outbox.netns;
	rec->version = SIMSEG_RECORD_VERSION;
	rec->size = sizeof(*rec);
	rec->kind = kind;
	rec->time = time;
	rec->real = time + READ_ONCE(sn->outbox.wall);
	rec->flags = READ_ONCE(sn->outbox.flags);
}

/**
 * simseg_outbox_begin() - begin a record, unless nobody listens
 * @sn: namespace
 * @event: on the caller's stack; what this does not fill the caller must
 * @kind: enum simseg_record_kind
 * @time: CLOCK_BOOTTIME, ns, of what it tells
 *
 * Return: false if it need not be made: it is counted as unheard.
 */
static inline bool simseg_outbox_begin(struct simseg_net *sn, struct simseg_event *event, u8 kind,
				       u64 time)
{
	if (!trace_simseg_record_enabled()) {
		simseg_outbox_skip(sn, kind, time, false);
		return false;
	}
	simseg_outbox_stamp(sn, event, kind, time);
	return true;
}

/* Hands @event out, and says what became of it: enum simseg_record_status. */
static inline u32 simseg_outbox_hand(struct simseg_outbox *ob, struct simseg_event *event)
{
	lockdep_assert_held(&ob->lock);
	event->status = SIMSEG_RECORD_UNHEARD;
	event->reserved = 0;
	trace_simseg_record(event);
	if (likely(event->status == SIMSEG_RECORD_DELIVERED))
		ob->delivered++;
	return event->status;
}

/* simseg_outbox_send(), for who cannot wait for a call. */
static __always_inline void __simseg_outbox_send(struct simseg_net *sn, struct simseg_event *event)
{
	struct simseg_outbox *ob = &sn->outbox;
	struct simseg_record *rec = &event->record;
	u32 status = SIMSEG_RECORD_DELIVERED;

	spin_lock_bh(&ob->lock);
	if (unlikely(ob->waiting || ob->gap.first) && rec->kind != SIMSEG_RECORD_DENY)
		status = simseg_outbox_drain(sn);
	rec->seq = ++ob->made;
	if (likely(status == SIMSEG_RECORD_DELIVERED))
		status = simseg_outbox_hand(ob, event);
	if (unlikely(status != SIMSEG_RECORD_DELIVERED))
		simseg_outbox_keep(sn, event, status);
	spin_unlock_bh(&ob->lock);
}

#endif /* _SIMSEG_OUTBOX_H */
