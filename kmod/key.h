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

struct simseg_key_words {
	u64 word[5];
};

static __always_inline struct simseg_key_words simseg_key_words(const struct simseg_key *key)
{
	struct simseg_key_words words;

	BUILD_BUG_ON(sizeof(*key) != sizeof(words));
	memcpy(&words, key, sizeof(words));
	return words;
}

static __always_inline bool simseg_key_equal(const struct simseg_key *a, const struct simseg_key *b)
{
	const struct simseg_key_words x = simseg_key_words(a), y = simseg_key_words(b);

	return !((x.word[0] ^ y.word[0]) | (x.word[1] ^ y.word[1]) | (x.word[2] ^ y.word[2]) |
		 (x.word[3] ^ y.word[3]) | (x.word[4] ^ y.word[4]));
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
static __always_inline u32 simseg_key_hash(const struct simseg_session_table *table,
					   const struct simseg_key *key)
{
	BUILD_BUG_ON(sizeof(*key) != 40 || ARRAY_SIZE(table->seed) < 11);
	return simseg_hash(table->seed, (const u32 *)key, 10) & table->mask;
}

/* A key by words that can stay in registers. */
struct simseg_key_regs {
	u64 a0;			/* the lower address */
	u64 a1;
	u64 b0;
	u64 b1;
	u64 rest;		/* ports and what follows them */
};

static __always_inline u64 simseg_key_word(const struct simseg_key *key, unsigned int i)
{
	u64 word;

	memcpy(&word, (const u8 *)key + i * sizeof(word), sizeof(word));
	return word;
}

/* One step of simseg_hash(): the halves of @word as memory has them. */
static __always_inline u64 simseg_key_step(const u64 *seed, u64 word)
{
#ifdef __BIG_ENDIAN
	return (upper_32_bits(word) + seed[0]) * (lower_32_bits(word) + seed[1]);
#else
	return (lower_32_bits(word) + seed[0]) * (upper_32_bits(word) + seed[1]);
#endif
}

/* As simseg_key_hash(). */
static __always_inline u32 simseg_key_hash_regs(const struct simseg_session_table *table,
						const struct simseg_key_regs *key)
{
	const u64 *seed = table->seed;
	u64 sum = seed[0];

	sum += simseg_key_step(seed + 1, key->a0);
	sum += simseg_key_step(seed + 3, key->a1);
	sum += simseg_key_step(seed + 5, key->b0);
	sum += simseg_key_step(seed + 7, key->b1);
	sum += simseg_key_step(seed + 9, key->rest);
	return (u32)(sum >> 32) & table->mask;
}

/* The last word of a key with its ports the other way round. */
static __always_inline u64 simseg_key_turn_ports(u64 word)
{
#ifdef __BIG_ENDIAN
	return (u64)ror32(upper_32_bits(word), 16) << 32 | lower_32_bits(word);
#else
	return (word & ~(u64)U32_MAX) | ror32(lower_32_bits(word), 16);
#endif
}

/*
 * As simseg_key_make(), from a key that has the packet's source first; returns the index
 * of the source in the one that is made.
 */
static __always_inline u8 simseg_key_sort(struct simseg_key_regs *key,
					  const struct simseg_key *sent)
{
	u64 s0 = simseg_key_word(sent, 0), s1 = simseg_key_word(sent, 1);
	u64 d0 = simseg_key_word(sent, 2), d1 = simseg_key_word(sent, 3);
	u64 rest = simseg_key_word(sent, 4);
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

static __always_inline bool simseg_key_is(const struct simseg_key *key,
					  const struct simseg_key_regs *regs)
{
	return !((simseg_key_word(key, 0) ^ regs->a0) | (simseg_key_word(key, 1) ^ regs->a1) |
		 (simseg_key_word(key, 2) ^ regs->b0) | (simseg_key_word(key, 3) ^ regs->b1) |
		 (simseg_key_word(key, 4) ^ regs->rest));
}

/* As simseg_session_find(). */
static __always_inline struct simseg_session *
simseg_session_find_regs(struct simseg_net *sn, const struct simseg_key_regs *key)
{
	struct simseg_session_table *table = &sn->sessions;
	struct simseg_session *s;

	if (unlikely(!table->buckets))
		return NULL;
	hlist_for_each_entry_rcu(s, &table->buckets[simseg_key_hash_regs(table, key)], node) {
		if (simseg_key_is(&s->key, key) && !test_bit(SIMSEG_SESSION_F_DEAD, &s->flags))
			return s;
	}
	return NULL;
}

/* Under RCU. */
static __always_inline struct simseg_session *simseg_session_find(struct simseg_net *sn,
								  const struct simseg_key *key)
{
	struct simseg_session_table *table = &sn->sessions;
	struct simseg_session *s;

	if (unlikely(!table->buckets))
		return NULL;
	hlist_for_each_entry_rcu(s, &table->buckets[simseg_key_hash(table, key)], node) {
		if (simseg_key_equal(&s->key, key) &&
		    !test_bit(SIMSEG_SESSION_F_DEAD, &s->flags))
			return s;
	}
	return NULL;
}

#endif /* _SIMSEG_KEY_H */
