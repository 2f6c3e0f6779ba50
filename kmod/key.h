/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The key of a flow, both directions of which have the same: made, hashed and compared for
 * each packet.
 */
#ifndef _SIMSEG_KEY_H
#define _SIMSEG_KEY_H

#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "hash.h"
#include "types.h"

/* A key as it stands in memory, to be worked on in registers: no arrays. */
struct simseg_key_words {
	u64 a0, a1;	/* the address that stands first */
	u64 b0, b1;
	u64 rest;	/* ports, protocol, domain */
};

static __always_inline struct simseg_key_words simseg_key_words(const struct simseg_key *key)
{
	BUILD_BUG_ON(sizeof(*key) != sizeof(struct simseg_key_words));
	BUILD_BUG_ON(__alignof__(*key) < __alignof__(struct simseg_key_words));
	return *(const struct simseg_key_words *)key;
}

/* Eight bytes that stand in memory as these two words do. */
static __always_inline u64 simseg_key_word(u32 first, u32 second)
{
#ifdef __LITTLE_ENDIAN
	return first | (u64)second << 32;
#else
	return (u64)first << 32 | second;
#endif
}

static __always_inline bool simseg_words_equal(const struct simseg_key *key,
					       const struct simseg_key_words *y)
{
	const struct simseg_key_words *x = (const struct simseg_key_words *)key;

	return !((x->a0 ^ y->a0) | (x->a1 ^ y->a1) | (x->b0 ^ y->b0) | (x->b1 ^ y->b1) |
		 (x->rest ^ y->rest));
}

static __always_inline bool simseg_key_equal(const struct simseg_key *a, const struct simseg_key *b)
{
	const struct simseg_key_words words = simseg_key_words(b);

	return simseg_words_equal(a, &words);
}

/* Any order does, as long as it is the same both ways; 0: equal. */
static __always_inline int simseg_key_order(const struct in6_addr *a, const struct in6_addr *b)
{
	u64 x[2], y[2];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	if (x[1] != y[1])
		return x[1] > y[1] ? 1 : -1;
	if (x[0] != y[0])
		return x[0] > y[0] ? 1 : -1;
	return 0;
}

/* The key of @pkt's flow; returns the index of its source in the key. */
static __always_inline u8 simseg_key_make(struct simseg_key *key, const struct simseg_pkt *pkt)
{
	int order = simseg_key_order(&pkt->src, &pkt->dst);
	u8 src = order > 0 || (!order && ntohs(pkt->sport) > ntohs(pkt->dport));

	key->addr[src] = pkt->src;
	key->addr[!src] = pkt->dst;
	key->port[src] = pkt->sport;
	key->port[!src] = pkt->dport;
	key->proto = pkt->proto;
	key->pad = 0;
	key->domain = 0;
	return src;
}

/*
 * Keys are the attacker's choice. The hash is no PRF: who could time single chains might
 * learn about collisions, so a chain has a limit, too (SIMSEG_CHAIN_MAX).
 */
static __always_inline u32 simseg_words_hash(const struct simseg_session_table *table,
					     const struct simseg_key_words *key)
{
	const u64 *seed = table->seed;
	u64 sum = seed[0];

	BUILD_BUG_ON(ARRAY_SIZE(table->seed) < 11);
	sum += simseg_hash_product(seed + 1, key->a0);
	sum += simseg_hash_product(seed + 3, key->a1);
	sum += simseg_hash_product(seed + 5, key->b0);
	sum += simseg_hash_product(seed + 7, key->b1);
	sum += simseg_hash_product(seed + 9, key->rest);
	return simseg_hash_mix(sum) & table->mask;
}

/* The same where a0 and b0 are 0: what they add is known. */
static __always_inline u32 simseg_words_hash_v4(const struct simseg_session_table *table,
						const struct simseg_key_words *key)
{
	u64 sum = table->seed_v4;

	sum += simseg_hash_product(table->seed + 3, key->a1);
	sum += simseg_hash_product(table->seed + 7, key->b1);
	sum += simseg_hash_product(table->seed + 9, key->rest);
	return simseg_hash_mix(sum) & table->mask;
}

static __always_inline u32 simseg_key_hash(const struct simseg_session_table *table,
					   const struct simseg_key *key)
{
	const struct simseg_key_words words = simseg_key_words(key);

	return simseg_words_hash(table, &words);
}

/* The @i-th word of a key that need not be aligned. */
static __always_inline u64 simseg_key_part(const struct simseg_key *key, unsigned int i)
{
	return get_unaligned((const u64 *)key + i);
}

/* The last word of a key with its ports the other way round. */
static __always_inline u64 simseg_key_turn_ports(u64 word)
{
#ifdef __LITTLE_ENDIAN
	return (word & ~(u64)U32_MAX) | ror32(lower_32_bits(word), 16);
#else
	return (u64)ror32(upper_32_bits(word), 16) << 32 | lower_32_bits(word);
#endif
}

/*
 * As simseg_key_make(), from a key that has the packet's source first; returns the index
 * of the source in the one that is made.
 */
static __always_inline u8 simseg_key_sort(struct simseg_key_words *key,
					  const struct simseg_key *sent)
{
	u64 s0 = simseg_key_part(sent, 0), s1 = simseg_key_part(sent, 1);
	u64 d0 = simseg_key_part(sent, 2), d1 = simseg_key_part(sent, 3);
	u64 rest = simseg_key_part(sent, 4);
	bool turn = s1 > d1;

	if (unlikely(s1 == d1))
		turn = s0 > d0 ||
		       (s0 == d0 && ntohs(sent->port[0]) > ntohs(sent->port[1]));
	key->a0 = turn ? d0 : s0;
	key->a1 = turn ? d1 : s1;
	key->b0 = turn ? s0 : d0;
	key->b1 = turn ? s1 : d1;
	key->rest = turn ? simseg_key_turn_ports(rest) : rest;
	return turn;
}

/* In the chain of @hash. Under RCU. */
static __always_inline struct simseg_session *
simseg_session_find_words(const struct simseg_session_table *table,
			  const struct simseg_key_words *key, u32 hash)
{
	struct simseg_session *s;

	hlist_for_each_entry_rcu(s, &table->buckets[hash], node) {
		if (simseg_words_equal(&s->key, key) &&
		    !test_bit(SIMSEG_SESSION_F_DEAD, &s->flags))
			return s;
	}
	return NULL;
}

/* Where a packet's flow has its place, whether a session stands there or not. */
struct simseg_flow {
	struct simseg_key_words key;
	struct simseg_session *session;	/* or NULL; under RCU */
	u32 hash;		/* the key's */
	u32 change;		/* simseg_net.change, before any of it was looked at */
	u8 dir;			/* index of the packet's source in the key */
};

/* Under RCU. */
static __always_inline struct simseg_session *simseg_session_find(struct simseg_net *sn,
								  const struct simseg_key *key)
{
	const struct simseg_key_words words = simseg_key_words(key);
	const struct simseg_session_table *table = &sn->sessions;

	/* all else of it was there before */
	if (unlikely(!smp_load_acquire(&table->buckets)))
		return NULL;
	return simseg_session_find_words(table, &words, simseg_words_hash(table, &words));
}

/* Where @pkt has its place. What names no flow, or only one in its quote, has no session. */
static __always_inline void simseg_flow_find(const struct simseg_net *sn,
					     const struct simseg_pkt *pkt,
					     struct simseg_flow *flow)
{
	const struct simseg_session_table *table = &sn->sessions;
	struct simseg_key key __uninitialized;

	flow->dir = simseg_key_make(&key, pkt);
	flow->key = simseg_key_words(&key);
	flow->session = NULL;
	flow->hash = 0;
	/* all else of the table was there before; only hooks of after it open sessions */
	if (unlikely(!smp_load_acquire(&table->buckets)))
		return;
	flow->hash = simseg_words_hash(table, &flow->key);
	if (!pkt->malformed && !(pkt->flags & SIMSEG_PKT_ERROR))
		flow->session = simseg_session_find_words(table, &flow->key, flow->hash);
}

#endif /* _SIMSEG_KEY_H */
