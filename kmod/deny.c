// SPDX-License-Identifier: GPL-2.0-only
/*
 * Denied packets become records, but never one record a packet: the first
 * packet of a key is told at once, what follows is folded and told once an
 * interval. The key is peer, protocol, destination port, reason and
 * direction, and never the source port, which costs an attacker nothing to
 * change. A device has SIMSEG_DENY_WAYS keys; what finds no room is folded
 * together into one more entry a direction, and what an observing policy let pass
 * into others. Thus a flood costs at most SIMSEG_DENY_WAYS + 4 records an
 * interval and device, and the sum over the records is the number of packets,
 * exactly.
 *
 * A packet whose key has its entry, or finds no room, is noted without looking
 * at more than that entry. Keys stand in sets: a device has one, and what
 * is of no device four, of which the hash says which; sources are part of the
 * key there. In a set a byte of each key's hash is compared, eight at a time,
 * and then the keys themselves. The hash has a random seed and is no PRF: who
 * could time single packets might learn which keys share a byte or a set. With
 * the first, a packet costs at most SIMSEG_DENY_WAYS comparisons of keys; the
 * second fills one set instead of all, which any other packets do, too.
 *
 * Lifetime of a device's table: made by the first deny, freed by the flush
 * that finds it idle, or by simseg_deny_close() when the device goes. Whoever
 * sets @closed under the table's lock unlinks and frees it, after a grace
 * period; who finds it closed looks again. Tables of a namespace have a limit;
 * beyond it a device's denies go where those of no device go.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <net/ipv6.h>

#include "deny.h"

#define SIMSEG_DENY_TABLES_MAX		16384	/* 2 KB each */

/* Device that is gone: its place will never hold a table again. */
#define SIMSEG_DENY_CLOSED	((struct simseg_deny *)ERR_PTR(-ESHUTDOWN))

void simseg_deny_init(struct simseg_net *sn)
{
	spin_lock_init(&sn->deny_lock);
	INIT_LIST_HEAD(&sn->deny_tables);
	get_random_bytes(sn->deny_seed, sizeof(sn->deny_seed));
}

/* On the packet path: a failure is not worth a warning, it is counted. */
static struct simseg_deny *simseg_deny_alloc(struct simseg_device *device, u16 nsets)
{
	struct simseg_deny *table;

	table = kzalloc(struct_size(table, sets, nsets), GFP_ATOMIC | __GFP_NOWARN);
	if (!table)
		return NULL;
	spin_lock_init(&table->lock);
	INIT_LIST_HEAD(&table->list);
	table->nsets = nsets;
	table->by_source = !device;
	table->device = device;
	return table;
}

static struct simseg_deny *simseg_deny_of_net(struct simseg_net *sn)
{
	struct simseg_deny *table = READ_ONCE(sn->deny), *old;

	if (table)
		return table;
	table = simseg_deny_alloc(NULL, SIMSEG_DENY_SETS_NET);
	if (!table)
		return NULL;
	old = cmpxchg(&sn->deny, NULL, table);
	if (!old)
		return table;
	kfree(table);
	return old;
}

/* Makes the table of a device; NULL: no memory, or as many as may be. */
static struct simseg_deny *simseg_deny_create(struct simseg_net *sn, struct simseg_device *device)
{
	struct simseg_deny *table, *old = NULL;

	if (READ_ONCE(sn->ndeny_tables) >= SIMSEG_DENY_TABLES_MAX)
		return NULL;
	table = simseg_deny_alloc(device, 1);
	if (!table)
		return NULL;

	/* Set and listed in one step: who closes it must find it listed. */
	spin_lock_bh(&sn->deny_lock);
	if (sn->ndeny_tables < SIMSEG_DENY_TABLES_MAX) {
		old = cmpxchg(&device->deny, NULL, table);
		if (!old) {
			list_add_tail_rcu(&table->list, &sn->deny_tables);
			WRITE_ONCE(sn->ndeny_tables, sn->ndeny_tables + 1);
			old = table;
		}
	}
	spin_unlock_bh(&sn->deny_lock);
	if (old != table)
		kfree(table);
	return old;
}

/* The table where denies of @device go now; NULL: no memory. */
static struct simseg_deny *simseg_deny_table(struct simseg_net *sn, struct simseg_device *device)
{
	struct simseg_deny *table = NULL;

	if (device) {
		table = READ_ONCE(device->deny);
		if (!table)
			table = simseg_deny_create(sn, device);
	}
	if (IS_ERR_OR_NULL(table))
		table = simseg_deny_of_net(sn);
	return table;
}

/* Unlinks a table that its caller has just closed. */
static void simseg_deny_release(struct simseg_net *sn, struct simseg_deny *table)
{
	lockdep_assert_held(&table->lock);
	table->closed = true;
	spin_lock(&sn->deny_lock);
	list_del_rcu(&table->list);
	WRITE_ONCE(sn->ndeny_tables, sn->ndeny_tables - 1);
	spin_unlock(&sn->deny_lock);
	kfree_rcu(table, rcu);
}

/* In jiffies, of which 32 bits do: no entry gets much older than the interval. */
static u32 simseg_deny_interval(const struct simseg_net *sn)
{
	BUILD_BUG_ON((u64)SIMSEG_TIME_MAX * HZ > S32_MAX);
	return simseg_setting(sn, SIMSEG_A_SETTING_DENY_INTERVAL) * HZ;
}

static bool simseg_deny_old(const struct simseg_denied *e, u32 now, u32 interval)
{
	return now - e->since >= interval;
}

static bool simseg_deny_due(const struct simseg_denied *e, u32 now, u32 interval)
{
	/* A count is 32 bits in the record. */
	return simseg_deny_old(e, now, interval) || e->packets > U32_MAX / 2;
}

/* Nothing of it is left to be told: another key may have its place. */
static bool simseg_deny_told(const struct simseg_denied *e, u32 now, u32 interval)
{
	return !e->used || (!e->packets && simseg_deny_old(e, now, interval));
}

/* A place for another key. One with packets stays young when they are told: it makes no room. */
static struct simseg_denied *simseg_deny_room(struct simseg_deny_set *set, u32 hash, u32 now,
					      u32 interval)
{
	u32 i, wait = interval;

	if (simseg_deny_full(set, now))
		return NULL;
	for (i = 0; i < SIMSEG_DENY_WAYS; i++) {
		struct simseg_denied *e = &set->entries[i];
		u64 *tags = &set->tags[i / 8];

		if (simseg_deny_told(e, now, interval)) {
			*tags &= ~(0xffULL << i % 8 * 8);
			*tags |= (u64)simseg_deny_tag(hash) << i % 8 * 8;
			return e;
		}
		if (!e->packets)
			wait = min(wait, e->since + interval - now);
	}
	set->room_from = now + wait;
	set->full = true;
	return NULL;
}

/* What differs between the packets in the mixed entry is left out of it. */
static __always_inline void simseg_deny_narrow(struct simseg_denied *e,
					       struct simseg_deny_words words, u32 iif)
{
	const struct simseg_deny_words has = simseg_deny_words_of(e);
	const u64 differs = (has.what ^ words.what) & SIMSEG_DENY_MIXES;

	if ((has.own0 ^ words.own0) | (has.own1 ^ words.own1))
		memset(&e->own, 0, sizeof(e->own));
	if (unlikely(differs)) {
		e->proto = (u8)(differs >> 16) ? 0 : e->proto;
		e->reason = (u8)(differs >> 24) ? SIMSEG_REASON_NONE : e->reason;
	}
	if (unlikely(e->iif != iif))
		e->iif = 0;
}

/* The first packet of the mixed entry since it was told. */
static void simseg_deny_mix(struct simseg_denied *e, const struct simseg_denied *d, u32 now,
			    u32 interval, bool of_many)
{
	const u32 since = e->used && !simseg_deny_old(e, now, interval) ? e->since : now;
	const int own = d->dir == SIMSEG_DIR_OUT ? 0 : 1;

	*e = *d;
	e->since = since;
	e->flags = SIMSEG_RECORD_F_MIXED;
	e->packets = 0;
	e->bytes = 0;
	e->sport = 0;
	e->dport = 0;
	memset(&e->peer, 0, sizeof(e->peer));
	memset(e->iccid[!own], 0xff, sizeof(e->iccid[!own]));
	e->epoch[!own] = 0;
	if (!of_many)
		return;
	memset(e->iccid[own], 0xff, sizeof(e->iccid[own]));
	e->epoch[own] = 0;
	e->policy = 0;
}

/* Moves what an entry has gathered to @to, which is to be told. */
static void simseg_deny_take(struct simseg_denied *e, struct simseg_denied *to, u32 now)
{
	*to = *e;
	to->flags |= SIMSEG_RECORD_F_FOLDED;
	e->packets = 0;
	e->bytes = 0;
	e->since = now;
}

/* Folds @d into the table. True: @d has become what is to be told now. */
static bool simseg_deny_fold(const struct simseg_net *sn, struct simseg_deny *table,
			     struct simseg_denied *d, u32 now, u32 interval)
{
	const struct simseg_deny_words words = simseg_deny_words_of(d);
	const u32 hash = simseg_deny_hash(sn, words, table->by_source);
	struct simseg_deny_set *set = simseg_deny_set(table, hash, table->by_source);
	struct simseg_denied *e, *room;

	lockdep_assert_held(&table->lock);
	e = simseg_deny_find(set, words, hash, table->by_source);
	if (!e)
		room = simseg_deny_room(set, hash, now, interval);
	else
		room = simseg_deny_told(e, now, interval) ? e : NULL;
	if (room) {
		*room = *d;
		room->packets = 0;
		room->bytes = 0;
		room->sport = 0;
		room->since = now;
		return true;
	}
	if (!e) {
		e = &table->mixed[simseg_deny_kind(words.what)];
		if (!e->packets)
			simseg_deny_mix(e, d, now, interval, table->by_source);
		simseg_deny_narrow(e, words, d->iif);
	}
	if (!e->packets)
		e->first = ktime_get_coarse_boottime_ns();
	e->packets += d->packets;
	e->bytes += d->bytes;
	if (!simseg_deny_due(e, now, interval))
		return false;
	simseg_deny_take(e, d, now);
	set->full = false;
	return true;
}

/* Whose deny it is: that side's which said no, else the source's, else -1. */
static int simseg_deny_side(const struct simseg_result *res)
{
	const struct simseg_device *source = res->device[0];

	if (!source)
		return res->device[1] ? 1 : -1;
	if (!res->device[1])
		return 0;
	switch (res->observed ?: res->reason) {
	case SIMSEG_REASON_QUARANTINED:
		return READ_ONCE(source->state) != SIMSEG_STATE_ACTIVE ? 0 : 1;
	case SIMSEG_REASON_NO_POLICY:
	case SIMSEG_REASON_NO_RULE:
		return !res->rule[0] ? 0 : 1;
	default:
		return 0;
	}
}

static u32 simseg_deny_iif(const struct simseg_pkt *pkt)
{
	return pkt->in ? pkt->in->ifindex : 0;
}

static void simseg_deny_describe(struct simseg_denied *d, const struct simseg_pkt *pkt,
				 const struct simseg_result *res, int side)
{
	int i;

	memset(d, 0, sizeof(*d));
	d->peer = side == 1 ? pkt->src : pkt->dst;
	d->own = side == 1 ? pkt->dst : pkt->src;
	d->dport = pkt->dport;
	d->proto = pkt->proto;
	d->reason = res->observed ?: res->reason;
	d->dir = side == 1 ? SIMSEG_DIR_IN : SIMSEG_DIR_OUT;
	d->observed = res->observed;
	d->used = true;
	d->sport = pkt->sport;
	for (i = 0; i < 2; i++) {
		if (res->device[i])
			memcpy(d->iccid[i], res->device[i]->iccid, sizeof(d->iccid[i]));
		else
			memset(d->iccid[i], 0xff, sizeof(d->iccid[i]));
		d->epoch[i] = res->epoch[i];
	}
	if (side >= 0 && res->policy[side])
		d->policy = res->policy[side]->id;
	d->iif = simseg_deny_iif(pkt);
	d->packets = pkt->packets;
	d->bytes = pkt->bytes;
}

/* What may have to be told, or has to get an entry. */
static noinline void simseg_deny_long(struct simseg_net *sn, const struct simseg_pkt *pkt,
				      const struct simseg_result *res, int side)
{
	struct simseg_device *device = side < 0 ? NULL : res->device[side];
	struct simseg_deny *table;
	struct simseg_denied d;
	bool tell;

	simseg_deny_describe(&d, pkt, res, side);
	for (;;) {
		table = simseg_deny_table(sn, device);
		if (!table) {
			simseg_outbox_skip(sn, SIMSEG_RECORD_DENY, ktime_get_coarse_boottime_ns(),
					   true);
			return;
		}
		spin_lock_bh(&table->lock);
		if (!table->closed)
			break;
		/* Its owner no longer points at it: each turn sees another. */
		spin_unlock_bh(&table->lock);
	}
	tell = simseg_deny_fold(sn, table, &d, jiffies, simseg_deny_interval(sn));
	spin_unlock_bh(&table->lock);
	if (tell)
		simseg_record_deny(sn, &d, device);
}

/* Adds a packet to its entry, unless that has to be made or told: false. */
static __always_inline bool simseg_deny_add(struct simseg_net *sn, struct simseg_deny *table,
					    struct simseg_deny_words words, u32 hash,
					    const struct simseg_pkt *pkt, bool by_source)
{
	struct simseg_deny_set *set = simseg_deny_set(table, hash, by_source);
	struct simseg_denied *e;
	u32 now = jiffies;

	lockdep_assert_held(&table->lock);
	if (unlikely(table->closed))
		return false;
	e = simseg_deny_find(set, words, hash, by_source);
	if (!e) {
		e = &table->mixed[simseg_deny_kind(words.what)];
		if (unlikely(!simseg_deny_full(set, now) || !e->packets))
			return false;
		simseg_deny_narrow(e, words, simseg_deny_iif(pkt));
	}
	if (unlikely(simseg_deny_due(e, now, simseg_deny_interval(sn))))
		return false;
	if (unlikely(!e->packets))
		e->first = ktime_get_coarse_boottime_ns();
	e->packets += pkt->packets;
	e->bytes += pkt->bytes;
	return true;
}

/* The lock is one for softirqs, where nearly all packets are already: to ask is cheaper. */
static __always_inline bool simseg_deny_quick(struct simseg_net *sn, struct simseg_deny *table,
					      const struct simseg_pkt *pkt,
					      const struct simseg_result *res, bool in,
					      bool by_source)
{
	const struct simseg_deny_words words = simseg_deny_words(pkt, res, in);
	const u32 hash = simseg_deny_hash(sn, words, by_source);
	const bool bh = !softirq_count();
	bool done;

	if (IS_ERR_OR_NULL(table))
		return false;
	if (unlikely(bh))
		local_bh_disable();
	spin_lock(&table->lock);
	done = simseg_deny_add(sn, table, words, hash, pkt, by_source);
	spin_unlock(&table->lock);
	if (unlikely(bh))
		local_bh_enable();
	return done;
}

/**
 * simseg_deny_note() - tell of a denied packet, or fold it
 * @sn: namespace
 * @pkt: the packet
 * @res: why; its devices must be valid, so the caller holds RCU
 */
void simseg_deny_note(struct simseg_net *sn, const struct simseg_pkt *pkt,
		      const struct simseg_result *res)
{
	const int side = simseg_deny_side(res);
	bool done;

	if (side < 0)
		done = simseg_deny_quick(sn, READ_ONCE(sn->deny), pkt, res, false, true);
	else
		done = simseg_deny_quick(sn, READ_ONCE(res->device[side]->deny), pkt, res, side,
					 false);
	if (unlikely(!done))
		simseg_deny_long(sn, pkt, res, side);
}

static u32 simseg_deny_entries(const struct simseg_deny *table)
{
	return ARRAY_SIZE(table->mixed) + table->nsets * SIMSEG_DENY_WAYS;
}

/* The mixed ones last: what is told of a key comes before. */
static struct simseg_denied *simseg_deny_entry(struct simseg_deny *table, u32 i)
{
	const u32 n = table->nsets * SIMSEG_DENY_WAYS;

	if (i >= n)
		return &table->mixed[i - n];
	return &table->sets[i / SIMSEG_DENY_WAYS].entries[i % SIMSEG_DENY_WAYS];
}

/* It may get free, or older: who found no room looks again. */
static void simseg_deny_stir(struct simseg_deny *table)
{
	u32 i;

	for (i = 0; i < table->nsets; i++)
		table->sets[i].full = false;
}

/*
 * Tells what is due, or all of it. True: nothing is left in the table. @device: whose
 * it is, if it still is there.
 */
static bool simseg_deny_flush_table(struct simseg_net *sn, struct simseg_deny *table,
				    const struct simseg_device *device, bool all)
{
	const u32 interval = simseg_deny_interval(sn), n = simseg_deny_entries(table);
	struct simseg_denied d;
	bool idle = true;
	u32 i;

	for (i = 0; i < n; i++) {
		struct simseg_denied *e = simseg_deny_entry(table, i);
		bool tell = false;

		spin_lock_bh(&table->lock);
		if (e->used && (all || simseg_deny_old(e, jiffies, interval))) {
			tell = e->packets;
			simseg_deny_stir(table);
			if (tell)
				simseg_deny_take(e, &d, jiffies);
			else
				e->used = false;
		}
		idle &= !e->used;
		spin_unlock_bh(&table->lock);
		if (tell)
			simseg_record_deny(sn, &d, device);
	}
	return idle;
}

/* Frees an idle table unless a deny has come meanwhile. */
static void simseg_deny_retire(struct simseg_net *sn, struct simseg_deny *table)
{
	const u32 n = simseg_deny_entries(table);
	u32 i;

	spin_lock_bh(&table->lock);
	if (table->closed)
		goto out;
	for (i = 0; i < n; i++) {
		if (simseg_deny_entry(table, i)->used)
			goto out;
	}
	/*
	 * Not closed under its lock, so simseg_deny_close() has not let the
	 * device go. If it is about to, it has taken the pointer already and
	 * will find the table closed and empty.
	 */
	cmpxchg(&table->device->deny, table, NULL);
	simseg_deny_release(sn, table);
out:
	spin_unlock_bh(&table->lock);
}

/**
 * simseg_deny_flush() - tell of the denies whose interval has passed
 * @sn: namespace
 * @all: tell of all of them
 *
 * To be called about every second. Costs nothing for devices without denies.
 */
void simseg_deny_flush(struct simseg_net *sn, bool all)
{
	struct simseg_deny *table;

	rcu_read_lock();
	table = READ_ONCE(sn->deny);
	if (table)
		simseg_deny_flush_table(sn, table, NULL, all);
	list_for_each_entry_rcu(table, &sn->deny_tables, list) {
		if (simseg_deny_flush_table(sn, table, table->device, all))
			simseg_deny_retire(sn, table);
	}
	rcu_read_unlock();
}

/**
 * simseg_deny_close() - tell of all denies of a device that goes away
 * @sn: namespace
 * @device: no longer found by new packets
 *
 * Packets that have found it before go on; their denies are told as those of
 * no device's table.
 */
void simseg_deny_close(struct simseg_net *sn, struct simseg_device *device)
{
	struct simseg_deny *table;

	rcu_read_lock();
	table = xchg(&device->deny, SIMSEG_DENY_CLOSED);
	if (!IS_ERR_OR_NULL(table)) {
		spin_lock_bh(&table->lock);
		if (!table->closed)
			simseg_deny_release(sn, table);
		spin_unlock_bh(&table->lock);
		/* Nobody adds to it any more. */
		simseg_deny_flush_table(sn, table, device, true);
	}
	rcu_read_unlock();
}

/* When no packet can be on its way any more. Devices may be gone before. */
void simseg_deny_exit(struct simseg_net *sn)
{
	struct simseg_deny *table, *next;

	list_for_each_entry_safe(table, next, &sn->deny_tables, list) {
		simseg_deny_flush_table(sn, table, NULL, true);
		list_del(&table->list);
		kfree(table);
	}
	if (sn->deny)
		simseg_deny_flush_table(sn, sn->deny, NULL, true);
	kfree(sn->deny);
	sn->deny = NULL;
}
