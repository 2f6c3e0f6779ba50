/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the keys of denied packets stand, and how one is found: for each such packet.
 * What is done with them is in deny.c.
 */
#ifndef _SIMSEG_DENY_H
#define _SIMSEG_DENY_H

#include <asm/byteorder.h>
#include <linux/bitops.h>
#include <linux/string.h>

#include "simseg.h"

#define SIMSEG_DENY_WAYS		16	/* keys of a set */
#define SIMSEG_DENY_SETS_NET		4	/* of no device; a power of two */

#define SIMSEG_DENY_BYTES		0x0101010101010101ULL	/* 1 in each byte */

struct simseg_deny_set {
	u64 tags[SIMSEG_DENY_WAYS / 8];	/* a byte of each key's hash */
	u32 room_from;		/* jiffies; if full: nothing gets free before, but by a flush */
	bool full;
	struct simseg_denied entries[SIMSEG_DENY_WAYS];
};

struct simseg_deny {
	spinlock_t lock;	/* protects sets, mixed and closed */
	bool closed;
	bool by_source;		/* the source is part of the key */
	u16 nsets;		/* a power of two */
	struct simseg_device *device;	/* NULL: the namespace's own */
	struct list_head list;		/* protected by simseg_net.deny_lock */
	struct rcu_head rcu;
	struct simseg_denied mixed[4];	/* by direction, denied and then observed ones */
	struct simseg_deny_set sets[];
};

/* A key in registers. */
struct simseg_deny_words {
	u64 peer0;
	u64 peer1;
	u64 what;	/* all between the addresses; first byte lowest */
	u64 own0;
	u64 own1;
};

/* Which of the mixed ones: bits of what. */
static __always_inline unsigned int simseg_deny_kind(u64 what)
{
	BUILD_BUG_ON(SIMSEG_DIR_OUT > 1 || SIMSEG_DIR_IN > 1);
	return (what >> 40 & 1) << 1 | (what >> 32 & 1);
}

#define SIMSEG_DENY_MIXES	0xffff0000ULL	/* of what: protocol and reason */

static __always_inline u64 simseg_deny_word(const void *from, unsigned int i)
{
	u64 word;

	memcpy(&word, from + i * sizeof(word), sizeof(word));
	return word;
}

static __always_inline struct simseg_deny_words
simseg_deny_words(const struct simseg_pkt *pkt, const struct simseg_result *res, bool in)
{
	const struct in6_addr *own = in ? &pkt->dst : &pkt->src;
	const struct in6_addr *peer = in ? &pkt->src : &pkt->dst;

	BUILD_BUG_ON(offsetof(struct simseg_denied, proto) != 18 ||
		     offsetof(struct simseg_denied, reason) != 19 ||
		     offsetof(struct simseg_denied, dir) != 20 ||
		     offsetof(struct simseg_denied, observed) != 21 ||
		     offsetof(struct simseg_denied, used) != 22);
	return (struct simseg_deny_words){
		.peer0 = simseg_deny_word(peer, 0), .peer1 = simseg_deny_word(peer, 1),
		.own0 = simseg_deny_word(own, 0), .own1 = simseg_deny_word(own, 1),
		.what = le16_to_cpu((__force __le16)pkt->dport) | (u32)pkt->proto << 16 |
			(u64)(res->observed ?: res->reason) << 24 |
			(u64)(in ? SIMSEG_DIR_IN : SIMSEG_DIR_OUT) << 32 |
			(u64)!!res->observed << 40 | 1ULL << 48,
	};
}

static __always_inline struct simseg_deny_words
simseg_deny_words_of(const struct simseg_denied *e)
{
	BUILD_BUG_ON(offsetof(struct simseg_denied, dport) != 16);
	BUILD_BUG_ON(offsetof(struct simseg_denied, own) != 24 ||
		     offsetof(struct simseg_denied, sport) != 40);
	return (struct simseg_deny_words){
		.peer0 = simseg_deny_word(e, 0), .peer1 = simseg_deny_word(e, 1),
		.own0 = simseg_deny_word(e, 3), .own1 = simseg_deny_word(e, 4),
		.what = le64_to_cpu((__force __le64)simseg_deny_word(e, 2)),
	};
}

static __always_inline u32 simseg_deny_hash(const struct simseg_net *sn,
					    struct simseg_deny_words w, bool by_source)
{
	const u64 *seed = sn->deny_seed;
	u64 sum = seed[0];

	BUILD_BUG_ON(ARRAY_SIZE(sn->deny_seed) < 11);
	sum += simseg_hash_product(&seed[1], w.peer0);
	sum += simseg_hash_product(&seed[3], w.peer1);
	sum += simseg_hash_product(&seed[5], w.what);
	if (by_source) {
		sum += simseg_hash_product(&seed[7], w.own0);
		sum += simseg_hash_product(&seed[9], w.own1);
	}
	return simseg_hash_mix(sum);
}

static __always_inline bool simseg_deny_same(const struct simseg_denied *e,
					     struct simseg_deny_words b, bool by_source)
{
	const struct simseg_deny_words a = simseg_deny_words_of(e);

	return !((a.peer0 ^ b.peer0) | (a.peer1 ^ b.peer1) | (a.what ^ b.what)) &&
	       !(by_source && ((a.own0 ^ b.own0) | (a.own1 ^ b.own1)));
}

static __always_inline struct simseg_deny_set *simseg_deny_set(struct simseg_deny *table,
							       u32 hash, bool by_source)
{
	return &table->sets[by_source ? hash % SIMSEG_DENY_SETS_NET : 0];
}

static inline u8 simseg_deny_tag(u32 hash)
{
	return hash >> 24;
}

/* Which bytes of @tags are 0 in @tags ^ @like; above the first, some may not be. */
static inline u64 simseg_deny_alike(u64 tags, u64 like)
{
	tags ^= like;
	return (tags - SIMSEG_DENY_BYTES) & ~tags & (SIMSEG_DENY_BYTES << 7);
}

static __always_inline struct simseg_denied *simseg_deny_find(struct simseg_deny_set *set,
							      struct simseg_deny_words words,
							      u32 hash, bool by_source)
{
	const u64 like = simseg_deny_tag(hash) * SIMSEG_DENY_BYTES;
	u64 alike = simseg_deny_alike(set->tags[0], like) >> 1 |
		    simseg_deny_alike(set->tags[1], like);

	BUILD_BUG_ON(ARRAY_SIZE(set->tags) != 2);
	/* bit 6 of byte i: entry i; bit 7: entry i + 8 */
	for (; alike; alike &= alike - 1) {
		const unsigned int bit = __ffs64(alike);
		struct simseg_denied *e = &set->entries[bit / 8 + bit % 2 * 8];

		if (likely(simseg_deny_same(e, words, by_source)))
			return e;
	}
	return NULL;
}

static inline bool simseg_deny_full(const struct simseg_deny_set *set, u32 now)
{
	return set->full && (s32)(now - set->room_from) < 0;
}

#endif /* _SIMSEG_DENY_H */
