// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records: a session began or ended, packets were denied, somebody changed
 * something. A record is built on the stack, handed to the tracepoint and
 * forgotten; what became of it is counted, so that at rest made == delivered +
 * lost + unheard.
 */
#include <linux/ktime.h>

#include "simseg.h"
#include "trace.h"

/* Numbers a record. False: nobody listens, and it need not be built. */
static bool simseg_record_wanted(struct simseg_net *sn, u64 *seq)
{
	*seq = atomic64_inc_return(&sn->record_seq);
	if (trace_simseg_record_enabled())
		return true;
	atomic64_inc(&sn->record_unheard);
	return false;
}

static void simseg_record_begin(struct simseg_net *sn, struct simseg_event *event, u8 kind,
				u64 seq)
{
	struct simseg_record *rec = &event->record;

	BUILD_BUG_ON(sizeof(*rec) != 192);
	BUILD_BUG_ON(sizeof(event->change) != sizeof(*rec));
	BUILD_BUG_ON(sizeof(event->text) != sizeof(*rec));
	BUILD_BUG_ON(offsetof(struct simseg_record, session) != sizeof(event->change.head));
	BUILD_BUG_ON(sizeof(*event) != 16 + sizeof(*rec));

	memset(event, 0, sizeof(*event));
	event->netns = sn->net->net_cookie;
	rec->version = SIMSEG_RECORD_VERSION;
	rec->size = sizeof(*rec);
	rec->kind = kind;
	rec->seq = seq;
	rec->time = ktime_get_boottime_ns();
	rec->real = ktime_get_real_ns();
}

/* One that is about packets. */
static void simseg_record_begin_flow(struct simseg_net *sn, struct simseg_event *event, u8 kind,
				     u64 seq)
{
	const struct simseg_ruleset *rs;

	simseg_record_begin(sn, event, kind, seq);
	rcu_read_lock();
	rs = rcu_dereference(sn->ruleset);
	event->record.generation = rs ? rs->generation : 0;
	rcu_read_unlock();
}

static void simseg_record_send(struct simseg_net *sn, struct simseg_event *event)
{
	trace_simseg_record(event);
	switch (event->status) {
	case SIMSEG_RECORD_DELIVERED:
		atomic64_inc(&sn->record_delivered);
		break;
	case SIMSEG_RECORD_LOST:
		atomic64_inc(&sn->record_lost);
		break;
	default:	/* no program, or one of another namespace's records */
		atomic64_inc(&sn->record_unheard);
		break;
	}
}

/* A record that could not even be made: it leaves a hole in the numbers. */
void simseg_record_lost(struct simseg_net *sn)
{
	atomic64_inc(&sn->record_seq);
	atomic64_inc(&sn->record_lost);
}

static void simseg_record_session(struct simseg_record *rec, const struct simseg_session *s)
{
	const u8 from = s->initiator;
	const u8 side = s->device[0] ? 0 : 1;
	int i;

	rec->proto = s->key.proto;
	rec->domain = s->key.domain;
	rec->session = s->id;
	memcpy(rec->src, &s->key.addr[from], sizeof(rec->src));
	memcpy(rec->dst, &s->key.addr[!from], sizeof(rec->dst));
	rec->sport = s->key.port[from];
	rec->dport = s->key.port[!from];
	for (i = 0; i < 2; i++) {
		if (s->device[i])
			memcpy(rec->iccid[i], s->device[i]->iccid, sizeof(rec->iccid[i]));
		else
			memset(rec->iccid[i], 0xff, sizeof(rec->iccid[i]));
		rec->epoch[i] = s->epoch[i];
		rec->packets[i] = atomic64_read(&s->packets[i]);
		rec->bytes[i] = atomic64_read(&s->bytes[i]);
		rec->tcp_flags[i] = s->tcp_flags[i];
	}
	rec->policy = s->policy[side];
	rec->rule = s->rule[side];
	rec->stamp = s->stamp[side];
	rec->iif = s->iif[from];
	rec->oif = s->oif;
	rec->grant = s->grant[0] ?: s->grant[1];
	if (test_bit(SIMSEG_SESSION_F_PICKUP, &s->flags))
		rec->flags |= SIMSEG_RECORD_F_PICKUP;
}

void simseg_record_open(struct simseg_net *sn, const struct simseg_session *s)
{
	struct simseg_event event;
	u64 seq;

	if (!simseg_record_wanted(sn, &seq))
		return;
	simseg_record_begin_flow(sn, &event, SIMSEG_RECORD_OPEN, seq);
	simseg_record_session(&event.record, s);
	/* Rules count from 1: without one it was the responder's exception. */
	event.record.reason = s->rule[0] || s->rule[1] ? SIMSEG_REASON_RULE :
							 SIMSEG_REASON_RESPONDER;
	simseg_record_send(sn, &event);
}

void simseg_record_close(struct simseg_net *sn, const struct simseg_session *s, u8 end)
{
	struct simseg_event event;
	u64 seq;

	if (!simseg_record_wanted(sn, &seq))
		return;
	simseg_record_begin_flow(sn, &event, SIMSEG_RECORD_CLOSE, seq);
	simseg_record_session(&event.record, s);
	event.record.reason = end;
	event.record.duration = event.record.time - s->start;
	simseg_record_send(sn, &event);
}

void simseg_record_deny(struct simseg_net *sn, const struct simseg_denied *denied)
{
	const bool out = denied->dir == SIMSEG_DIR_OUT;
	struct simseg_event event;
	struct simseg_record *rec = &event.record;
	u64 seq;

	if (!simseg_record_wanted(sn, &seq))
		return;
	simseg_record_begin_flow(sn, &event, SIMSEG_RECORD_DENY, seq);
	rec->reason = denied->reason;
	rec->proto = denied->proto;
	rec->flags = denied->flags | (denied->observed ? SIMSEG_RECORD_F_OBSERVED : 0);
	memcpy(rec->src, out ? &denied->own : &denied->peer, sizeof(rec->src));
	memcpy(rec->dst, out ? &denied->peer : &denied->own, sizeof(rec->dst));
	rec->sport = denied->sport;
	rec->dport = denied->dport;
	memcpy(rec->iccid, denied->iccid, sizeof(rec->iccid));
	memcpy(rec->epoch, denied->epoch, sizeof(rec->epoch));
	rec->policy = denied->policy;
	rec->stamp = denied->stamp;
	rec->iif = denied->iif;
	rec->packets[0] = denied->packets;
	rec->bytes[0] = denied->bytes;
	if (denied->flags & SIMSEG_RECORD_F_FOLDED) {
		rec->count = denied->packets;
		/* @first is of the coarse clock, which runs behind. */
		rec->duration = rec->time - denied->first;
	}
	simseg_record_send(sn, &event);
}

#define SIMSEG_CHANGE_TEXT	(SIMSEG_ACTOR_MAX + SIMSEG_TICKET_MAX + SIMSEG_REASON_MAX + \
				 SIMSEG_SUBJECT_MAX + 4)

/* All texts of a change behind one another; how many bytes. */
static u32 simseg_record_gather(const struct simseg_log_entry *entry, char *text)
{
	const char *const all[] = { entry->actor, entry->ticket, entry->reason, entry->subject };
	u32 i, n = 0;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		n += strscpy(text + n, all[i], SIMSEG_CHANGE_TEXT - n) + 1;
	return n;
}

static void simseg_record_text(struct simseg_net *sn, u64 number, const char *text, u32 n)
{
	struct simseg_event event;
	u32 at, len;
	u64 seq;

	for (at = 0; at < n; at += len) {
		len = min_t(u32, n - at, SIMSEG_RECORD_TEXT_LEN);
		if (!simseg_record_wanted(sn, &seq))
			continue;
		simseg_record_begin(sn, &event, SIMSEG_RECORD_TEXT, seq);
		event.text.number = number;
		event.text.offset = at;
		event.text.length = len;
		memcpy(event.text.text, text + at, len);
		simseg_record_send(sn, &event);
	}
}

static void simseg_record_receipt(struct simseg_record_change *rec,
				  const struct simseg_receipt *receipt)
{
	int i;

	BUILD_BUG_ON(ARRAY_SIZE(rec->cut) != ARRAY_SIZE(receipt->cut));
	rec->time_request = receipt->time_request;
	rec->time_state = receipt->time_state;
	rec->devices = receipt->devices;
	rec->replaced = receipt->replaced;
	rec->added = receipt->added;
	rec->removed = receipt->removed;
	rec->kept = receipt->kept;
	rec->sessions = receipt->sessions;
	for (i = 0; i < ARRAY_SIZE(rec->cut); i++)
		rec->cut[i] = receipt->cut[i];
	rec->conntrack = receipt->conntrack;
	rec->offloaded = receipt->offloaded;
	rec->hardware = receipt->hardware;
}

/* What was logged is a record as well, or some: the texts follow it. */
void simseg_record_change(struct simseg_net *sn, const struct simseg_log_entry *entry)
{
	char text[SIMSEG_CHANGE_TEXT];
	struct simseg_event event;
	struct simseg_record_change *rec = &event.change;
	u32 n = simseg_record_gather(entry, text);
	u64 seq;

	lockdep_assert_held(&sn->lock);
	if (simseg_record_wanted(sn, &seq)) {
		simseg_record_begin(sn, &event, SIMSEG_RECORD_CONFIG, seq);
		rec->head.reason = entry->command;
		rec->head.time = entry->time;
		rec->head.real = entry->real;
		rec->number = entry->seq;
		memcpy(rec->hash, entry->hash, sizeof(rec->hash));
		rec->generation = entry->generation;
		rec->pid = entry->pid;
		rec->uid = entry->uid;
		rec->loginuid = entry->loginuid;
		memcpy(rec->comm, entry->comm, sizeof(rec->comm));
		simseg_record_receipt(rec, &entry->receipt);
		rec->text = n;
		simseg_record_send(sn, &event);
	}
	simseg_record_text(sn, entry->seq, text, n);
}
