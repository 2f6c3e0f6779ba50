// SPDX-License-Identifier: GPL-2.0-only
/*
 * Denied packets become records, but never one record a packet: the first
 * packet of a key is told at once, what follows is folded and told once an
 * interval. The key is peer, protocol, destination port, reason and
 * direction, and never the source port, which costs an attacker nothing to
 * change. A device has SIMSEG_DENY_ENTRIES keys; what finds no room is folded
 * together into one more entry, and what an observing policy let pass into
 * another. Thus a flood costs at most SIMSEG_DENY_ENTRIES + 2 records an
 * interval and device, and the sum over the records is the number of packets,
 * exactly.
 *
 * Lifetime of a device's table: made by the first deny, freed by the flush
 * that finds it idle, or by simseg_deny_close() when the device goes. Whoever
 * sets @closed under the table's lock unlinks and frees it, after a grace
 * period; who finds it closed looks again. Tables of a namespace have a limit;
 * beyond it a device's denies go where those of no device go.
 */
#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <net/ipv6.h>

#include "simseg.h"

#define SIMSEG_DENY_ENTRIES		16	/* of a device */
#define SIMSEG_DENY_ENTRIES_NET		64	/* of no device */
#define SIMSEG_DENY_MIXED		2	/* denied ones; observed ones */
#define SIMSEG_DENY_TABLES_MAX		16384	/* 2 KB each */

/* Device that is gone: its place will never hold a table again. */
#define SIMSEG_DENY_CLOSED	((struct simseg_deny *)ERR_PTR(-ESHUTDOWN))

struct simseg_deny_entry {
	struct simseg_denied d;	/* packets, bytes, first: not told yet */
	u64 since;		/* last record of this key; 0: free */
};

struct simseg_deny {
	spinlock_t lock;	/* protects entries and closed */
	bool closed;
	bool by_source;		/* the source is part of the key */
	u16 n;
	struct simseg_device *device;	/* NULL: the namespace's own */
	struct list_head list;		/* protected by simseg_net.deny_lock */
	struct rcu_head rcu;
	u64 room_from;		/* before that no entry gets free, unless a flush frees it */
	u32 *hash;		/* of the keys of the n entries, behind them */
	struct simseg_deny_entry entries[];	/* n of them, then the mixed ones */
};

void simseg_deny_init(struct simseg_net *sn)
{
	spin_lock_init(&sn->deny_lock);
	INIT_LIST_HEAD(&sn->deny_tables);
}

/* On the packet path: a failure is not worth a warning, it is counted. */
static struct simseg_deny *simseg_deny_alloc(struct simseg_device *device, u16 n)
{
	const size_t size = struct_size((struct simseg_deny *)NULL, entries, n + SIMSEG_DENY_MIXED);
	struct simseg_deny *table;

	table = kzalloc(size_add(size, n * sizeof(*table->hash)), GFP_ATOMIC | __GFP_NOWARN);
	if (!table)
		return NULL;
	table->hash = (void *)table + size;
	spin_lock_init(&table->lock);
	INIT_LIST_HEAD(&table->list);
	table->n = n;
	table->by_source = !device;
	table->device = device;
	return table;
}

static struct simseg_deny *simseg_deny_of_net(struct simseg_net *sn)
{
	struct simseg_deny *table = READ_ONCE(sn->deny), *old;

	if (table)
		return table;
	table = simseg_deny_alloc(NULL, SIMSEG_DENY_ENTRIES_NET);
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
	table = simseg_deny_alloc(device, SIMSEG_DENY_ENTRIES);
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

static u64 simseg_deny_interval(const struct simseg_net *sn)
{
	return (u64)simseg_setting(sn, SIMSEG_A_SETTING_DENY_INTERVAL) * NSEC_PER_SEC;
}

/* The entry may have been written after the caller has read the clock. */
static bool simseg_deny_old(const struct simseg_deny_entry *e, u64 now, u64 interval)
{
	return (s64)(now - e->since) >= (s64)interval;
}

static bool simseg_deny_same(const struct simseg_deny *table, const struct simseg_denied *a,
			     const struct simseg_denied *b)
{
	return a->dport == b->dport && a->proto == b->proto && a->reason == b->reason &&
	       a->dir == b->dir && a->observed == b->observed &&
	       ipv6_addr_equal(&a->peer, &b->peer) &&
	       (!table->by_source || ipv6_addr_equal(&a->own, &b->own));
}

/*
 * So that a look through a full table, which each packet of a flood costs, is one through
 * a few cache lines. Who chooses packets of the same hash gains nothing: keys are compared
 * as well, and there are few.
 */
static u32 simseg_deny_hash(const struct simseg_deny *table, const struct simseg_denied *d)
{
	u64 word[2], sum = (u64)(__force u16)d->dport << 32 | d->proto << 16 | d->reason << 8 |
			   d->dir << 1 | (d->observed ? 1 : 0);

	memcpy(word, &d->peer, sizeof(word));
	sum ^= word[0] * GOLDEN_RATIO_64 + word[1];
	if (table->by_source) {
		memcpy(word, &d->own, sizeof(word));
		sum = sum * GOLDEN_RATIO_64 + (word[0] ^ word[1]);
	}
	return sum * GOLDEN_RATIO_64 >> 32;
}

static void simseg_deny_add(struct simseg_deny_entry *e, const struct simseg_denied *d, u64 now)
{
	if (!e->d.packets)
		e->d.first = now;
	e->d.packets += d->packets;
	e->d.bytes += d->bytes;
}

/* Moves what an entry has gathered to @to, which is to be told. */
static void simseg_deny_take(struct simseg_deny_entry *e, struct simseg_denied *to, u64 now)
{
	*to = e->d;
	to->flags |= SIMSEG_RECORD_F_FOLDED;
	e->d.packets = 0;
	e->d.bytes = 0;
	e->since = now;
}

static bool simseg_deny_due(const struct simseg_deny_entry *e, u64 now, u64 interval)
{
	/* A count is 32 bits in the record. */
	return simseg_deny_old(e, now, interval) || e->d.packets > U32_MAX / 2;
}

/* What differs between the packets in the mixed entry is left out of it. */
static void simseg_deny_mix(struct simseg_deny *table, const struct simseg_denied *d, u64 now,
			    u64 interval)
{
	struct simseg_deny_entry *e = &table->entries[table->n + d->observed];
	const int own = d->dir == SIMSEG_DIR_OUT ? 0 : 1;

	if (!e->d.packets) {
		if (!e->since || simseg_deny_old(e, now, interval))
			e->since = now;
		e->d = *d;
		e->d.flags = SIMSEG_RECORD_F_MIXED;
		e->d.packets = 0;
		e->d.bytes = 0;
		e->d.sport = 0;
		e->d.dport = 0;
		memset(&e->d.peer, 0, sizeof(e->d.peer));
		memset(e->d.iccid[!own], 0xff, sizeof(e->d.iccid[!own]));
		e->d.epoch[!own] = 0;
	}
	if (!ipv6_addr_equal(&e->d.own, &d->own))
		memset(&e->d.own, 0, sizeof(e->d.own));
	if (e->d.proto != d->proto)
		e->d.proto = 0;
	if (e->d.reason != d->reason)
		e->d.reason = SIMSEG_REASON_NONE;
	if (e->d.iif != d->iif)
		e->d.iif = 0;
	simseg_deny_add(e, d, now);
}

/* Nothing of it is left to be told: another key may have its place. */
static bool simseg_deny_told(const struct simseg_deny_entry *e, u64 now, u64 interval)
{
	return !e->since || (!e->d.packets && simseg_deny_old(e, now, interval));
}

static int simseg_deny_find(const struct simseg_deny *table, const struct simseg_denied *d,
			    u32 hash)
{
	int i;

	for (i = 0; i < table->n; i++) {
		if (table->hash[i] == hash && table->entries[i].since &&
		    simseg_deny_same(table, &table->entries[i].d, d))
			return i;
	}
	return -ENOENT;
}

/* One with packets stays young when they are told: it makes no room. */
static int simseg_deny_room(struct simseg_deny *table, u64 now, u64 interval)
{
	u64 first = U64_MAX;
	int i;

	if (now < table->room_from)
		return -ENOSPC;
	for (i = 0; i < table->n; i++) {
		const struct simseg_deny_entry *e = &table->entries[i];

		if (simseg_deny_told(e, now, interval))
			return i;
		if (!e->d.packets)
			first = min(first, e->since + interval);
	}
	table->room_from = first;
	return -ENOSPC;
}

/* Folds @d into the table. True: @d has become what is to be told now. */
static bool simseg_deny_fold(struct simseg_deny *table, struct simseg_denied *d, u64 now,
			     u64 interval)
{
	const u32 hash = simseg_deny_hash(table, d);
	struct simseg_deny_entry *e;
	int i, room;

	lockdep_assert_held(&table->lock);
	i = simseg_deny_find(table, d, hash);
	room = i < 0 ? simseg_deny_room(table, now, interval) :
	       simseg_deny_told(&table->entries[i], now, interval) ? i : -ENOSPC;
	if (room >= 0) {
		e = &table->entries[room];
		e->d = *d;
		e->d.packets = 0;
		e->d.bytes = 0;
		e->d.sport = 0;
		e->since = now;
		table->hash[room] = hash;
		return true;
	}
	e = &table->entries[i >= 0 ? i : table->n + d->observed];
	if (i < 0)
		simseg_deny_mix(table, d, now, interval);
	else
		simseg_deny_add(e, d, now);
	if (!simseg_deny_due(e, now, interval))
		return false;
	simseg_deny_take(e, d, now);
	table->room_from = 0;
	return true;
}

/* Whose deny it is: that side's which said no, else the source's, else -1. */
static int simseg_deny_side(const struct simseg_result *res)
{
	switch (res->observed ?: res->reason) {
	case SIMSEG_REASON_QUARANTINED:
		if (res->device[0] && READ_ONCE(res->device[0]->state) != SIMSEG_STATE_ACTIVE)
			return 0;
		break;
	case SIMSEG_REASON_NO_POLICY:
	case SIMSEG_REASON_NO_RULE:
		if (res->device[0] && !res->rule[0])
			return 0;
		break;
	default:
		if (res->device[0])
			return 0;
		break;
	}
	if (res->device[1])
		return 1;
	return res->device[0] ? 0 : -1;
}

static void simseg_deny_describe(struct simseg_denied *d, const struct simseg_pkt *pkt,
				 const struct simseg_result *res, int side)
{
	int i;

	memset(d, 0, sizeof(*d));
	d->dir = side == 1 ? SIMSEG_DIR_IN : SIMSEG_DIR_OUT;
	d->own = side == 1 ? pkt->dst : pkt->src;
	d->peer = side == 1 ? pkt->src : pkt->dst;
	d->sport = pkt->sport;
	d->dport = pkt->dport;
	d->proto = pkt->proto;
	d->reason = res->observed ?: res->reason;
	d->observed = res->observed;
	for (i = 0; i < 2; i++) {
		if (res->device[i])
			memcpy(d->iccid[i], res->device[i]->iccid, sizeof(d->iccid[i]));
		else
			memset(d->iccid[i], 0xff, sizeof(d->iccid[i]));
		d->epoch[i] = res->epoch[i];
	}
	if (side >= 0 && res->policy[side])
		d->policy = res->policy[side]->id;
	d->iif = pkt->in ? pkt->in->ifindex : 0;
	d->packets = pkt->packets;
	d->bytes = pkt->bytes;
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
	const u64 interval = simseg_deny_interval(sn);
	const int side = simseg_deny_side(res);
	const u64 now = ktime_get_coarse_boottime_ns();
	struct simseg_device *device = side < 0 ? NULL : res->device[side];
	struct simseg_deny *table;
	struct simseg_denied d;
	bool tell;

	simseg_deny_describe(&d, pkt, res, side);
	for (;;) {
		table = simseg_deny_table(sn, device);
		if (!table) {
			simseg_outbox_skip(sn, SIMSEG_RECORD_DENY, now, true);
			return;
		}
		spin_lock_bh(&table->lock);
		if (!table->closed)
			break;
		/* Its owner no longer points at it: each turn sees another. */
		spin_unlock_bh(&table->lock);
	}
	tell = simseg_deny_fold(table, &d, now, interval);
	spin_unlock_bh(&table->lock);
	if (tell)
		simseg_record_deny(sn, &d, device);
}

/*
 * Tells what is due, or all of it. True: nothing is left in the table. @device: whose
 * it is, if it still is there.
 */
static bool simseg_deny_flush_table(struct simseg_net *sn, struct simseg_deny *table,
				    const struct simseg_device *device, bool all)
{
	const u64 interval = simseg_deny_interval(sn);
	const u64 now = ktime_get_coarse_boottime_ns();
	struct simseg_denied d;
	bool idle = true;
	int i;

	for (i = 0; i < table->n + SIMSEG_DENY_MIXED; i++) {
		struct simseg_deny_entry *e = &table->entries[i];
		bool tell = false;

		spin_lock_bh(&table->lock);
		if (e->since && (all || simseg_deny_old(e, now, interval))) {
			tell = e->d.packets;
			table->room_from = 0;
			if (tell)
				simseg_deny_take(e, &d, now);
			else
				e->since = 0;
		}
		idle &= !e->since;
		spin_unlock_bh(&table->lock);
		if (tell)
			simseg_record_deny(sn, &d, device);
	}
	return idle;
}

/* Frees an idle table unless a deny has come meanwhile. */
static void simseg_deny_retire(struct simseg_net *sn, struct simseg_deny *table)
{
	int i;

	spin_lock_bh(&table->lock);
	if (table->closed)
		goto out;
	for (i = 0; i < table->n + SIMSEG_DENY_MIXED; i++) {
		if (table->entries[i].since)
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
