// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records: a session began, goes on or ended, packets were denied, somebody changed
 * something. A record is built on the stack and put into the outbox.
 */
#include <linux/ktime.h>

#include "outbox.h"

/* What somebody has called the device; a name that changes now may be half of each. */
static __always_inline void simseg_record_asset(u8 asset[SIMSEG_ASSET_MAX],
						const struct simseg_device *device)
{
	if (device)
		memcpy(asset, device->asset, SIMSEG_ASSET_MAX);
	else
		memset(asset, 0, SIMSEG_ASSET_MAX);
}

/* Who is the source; @from: the initiator's index in the key, a constant that is folded. */
static __always_inline void simseg_record_ends(struct simseg_record *rec,
					       const struct simseg_session *s, int from)
{
	memcpy(rec->src, &s->key.addr[from], sizeof(rec->src));
	memcpy(rec->dst, &s->key.addr[!from], sizeof(rec->dst));
	rec->sport = s->key.port[from];
	rec->dport = s->key.port[!from];
	rec->iif = READ_ONCE(s->passed[from]);
}

/*
 * Every field that records of sessions have in common, each once. The rule is the first
 * party's: the source's, else the peer's. Under RCU.
 */
static __always_inline void simseg_record_session(const struct simseg_net *sn,
						  struct simseg_record *rec,
						  const struct simseg_session *s)
{
	const struct simseg_party *party;
	int i;

	rec->domain = s->key.domain;
	rec->session = s->id;
	if (simseg_session_initiator(s))
		simseg_record_ends(rec, s, 1);
	else
		simseg_record_ends(rec, s, 0);
	for (i = 0; i < 2; i++) {
		party = simseg_session_party(s, i);
		rec->epoch[i] = party ? party->epoch : 0;
		if (party)
			memcpy(rec->iccid[i], party->device->iccid, sizeof(rec->iccid[i]));
		else
			memset(rec->iccid[i], 0xff, sizeof(rec->iccid[i]));
	}
	rec->policy = s->party[0].policy;
	rec->generation = rcu_dereference(sn->ruleset)->generation;
	rec->rule = s->party[0].rule;
	rec->oif = s->oif;
	rec->grant = simseg_session_grant(s);
	if (test_bit(SIMSEG_SESSION_F_PICKUP, &s->flags))
		rec->flags |= SIMSEG_RECORD_F_PICKUP;
	rec->proto = s->key.proto;
}

static void simseg_record_amount(struct simseg_record *rec, const struct simseg_session *s)
{
	struct simseg_record_amount *amount = &rec->amount;
	int i;

	amount->duration = rec->time - s->start;
	for (i = 0; i < 2; i++) {
		amount->packets[i] = atomic64_read(&s->packets[i]);
		amount->bytes[i] = atomic64_read(&s->bytes[i]);
		amount->tcp_flags[i] = s->tcp_flags[i];
	}
	amount->rtt_us = test_bit(SIMSEG_SESSION_F_TIMED, &s->flags) ? s->rtt_us : 0;
	memset(amount->reserved, 0, sizeof(amount->reserved));
}

/*
 * @res: what has allowed it. Under RCU. A first packet waits for this: the record is
 * not cleared before it is filled, so every byte of it has to be set here.
 */
void simseg_record_open(struct simseg_net *sn, const struct simseg_session *s,
			const struct simseg_result *res)
{
	const struct simseg_rule *rule = res->rule[simseg_session_role(s, 0)];
	struct simseg_event event __uninitialized;
	struct simseg_record *rec = &event.record;

	BUILD_BUG_ON(sizeof(rec->given.label) != sizeof(rule->label));
	if (!simseg_outbox_begin(sn, &event, SIMSEG_RECORD_OPEN, s->start))
		return;
	simseg_record_session(sn, rec, s);
	/* Rules count from 1: without one it was the responder's exception. */
	rec->reason = res->rule[0] || res->rule[1] ? SIMSEG_REASON_RULE : SIMSEG_REASON_RESPONDER;
	simseg_record_asset(rec->given.asset, s->party[0].device);
	if (rule)
		memcpy(rec->given.label, rule->label, sizeof(rec->given.label));
	else
		memset(rec->given.label, 0, sizeof(rec->given.label));
	__simseg_outbox_send(sn, &event);
}

/* What @s has carried up to @time; @why: enum simseg_end, or SIMSEG_REASON_SESSION in between. */
static void simseg_record_progress(struct simseg_net *sn, const struct simseg_session *s, u8 kind,
				   u8 why, u64 time)
{
	struct simseg_event event = {};

	if (!simseg_outbox_begin(sn, &event, kind, time))
		return;
	rcu_read_lock();
	simseg_record_session(sn, &event.record, s);
	rcu_read_unlock();
	simseg_record_amount(&event.record, s);
	event.record.reason = why;
	simseg_outbox_send(sn, &event);
}

void simseg_record_update(struct simseg_net *sn, const struct simseg_session *s)
{
	simseg_record_progress(sn, s, SIMSEG_RECORD_UPDATE, SIMSEG_REASON_SESSION,
			       ktime_get_boottime_ns());
}

/* When nobody counts in @s any more. */
void simseg_record_close(struct simseg_net *sn, const struct simseg_session *s)
{
	simseg_record_progress(sn, s, SIMSEG_RECORD_CLOSE, s->end, s->ended);
}

/* @device: whose deny it is, or NULL. */
void simseg_record_deny(struct simseg_net *sn, const struct simseg_denied *denied,
			const struct simseg_device *device)
{
	const bool out = denied->dir == SIMSEG_DIR_OUT;
	const struct simseg_ruleset *rs;
	struct simseg_event event = {};
	struct simseg_record *rec = &event.record;

	if (!simseg_outbox_begin(sn, &event, SIMSEG_RECORD_DENY, ktime_get_coarse_boottime_ns()))
		return;
	rcu_read_lock();
	rs = rcu_dereference(sn->ruleset);
	rec->generation = rs ? rs->generation : 0;	/* NULL: the namespace dies */
	rcu_read_unlock();
	rec->reason = denied->reason;
	rec->proto = denied->proto;
	rec->flags |= denied->flags | (denied->observed ? SIMSEG_RECORD_F_OBSERVED : 0);
	memcpy(rec->src, out ? &denied->own : &denied->peer, sizeof(rec->src));
	memcpy(rec->dst, out ? &denied->peer : &denied->own, sizeof(rec->dst));
	rec->sport = denied->sport;
	rec->dport = denied->dport;
	memcpy(rec->iccid, denied->iccid, sizeof(rec->iccid));
	memcpy(rec->epoch, denied->epoch, sizeof(rec->epoch));
	rec->policy = denied->policy;
	rec->iif = denied->iif;
	rec->denied.packets = denied->packets;
	rec->denied.bytes = denied->bytes;
	if (denied->flags & SIMSEG_RECORD_F_FOLDED)
		rec->denied.duration = rec->time - denied->first;
	simseg_record_asset(rec->denied.asset, device);
	simseg_outbox_send(sn, &event);
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

static void simseg_record_text(struct simseg_net *sn, const struct simseg_log_entry *entry,
			       const char *text, u32 n)
{
	u32 at, len;

	for (at = 0; at < n; at += len) {
		struct simseg_event event = {};

		len = min_t(u32, n - at, SIMSEG_RECORD_TEXT_LEN);
		if (!simseg_outbox_begin(sn, &event, SIMSEG_RECORD_TEXT, entry->time))
			continue;
		event.text.number = entry->seq;
		event.text.offset = at;
		event.text.length = len;
		memcpy(event.text.text, text + at, len);
		simseg_outbox_send(sn, &event);
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
	struct simseg_event event = {};
	struct simseg_record_change *rec = &event.change;
	u32 n = simseg_record_gather(entry, text);

	lockdep_assert_held(&sn->lock);
	if (simseg_outbox_begin(sn, &event, SIMSEG_RECORD_CONFIG, entry->time)) {
		rec->head.reason = entry->command;
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
		simseg_outbox_send(sn, &event);
	}
	simseg_record_text(sn, entry, text, n);
}
