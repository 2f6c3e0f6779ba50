/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table of pointers by key, read under RCU without a lock, written under one.
 *
 * An entry stands in a line of the cache, beside the hashes of all that stand
 * there, so that a lookup touches this line and the entry that it finds. Where
 * the line is full it goes into the next one that is not, and each line that it
 * passes counts it: a lookup goes on only where something was passed on. Since
 * hashes stand in the table, it grows and shrinks without touching an entry;
 * a reader sees the old lines or the new ones, and both have all that stays.
 *
 * Keys come in by what an administrator writes, but packets choose which of
 * them, and which others, are looked up: the hash has a random seed. It is no
 * PRF; who could time single lookups might learn which addresses share a line,
 * from which nothing follows, since packets put nothing in.
 */
#ifndef _SIMSEG_TABLE_H
#define _SIMSEG_TABLE_H

#include <linux/jhash.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "hash.h"

#define SIMSEG_LINE_SIZE	64
/* As many as fit: 5, or 7 where pointers are short. */
#define SIMSEG_LINE_ENTRIES	((SIMSEG_LINE_SIZE - sizeof(u32)) / (sizeof(u32) + sizeof(void *)))

#define SIMSEG_TABLE_WORDS	5	/* the longest key in whole words */

struct simseg_line {
	union {
		struct {
			u32 hash[SIMSEG_LINE_ENTRIES];
			u32 passed;	/* entries that found it full, and stand further on */
			void __rcu *entry[SIMSEG_LINE_ENTRIES];
		};
		u8 whole[SIMSEG_LINE_SIZE];
	};
};

struct simseg_lines {
	struct rcu_head rcu;
	u32 n;
	struct simseg_line *line;	/* in this allocation, aligned */
};

struct simseg_table {
	struct simseg_lines __rcu *lines;	/* NULL: empty */
	u32 count;			/* of entries */
	u32 seed;
	u64 seeds[SIMSEG_TABLE_WORDS + 2];
	struct mutex *lock;		/* that writers hold */
};

/* What a table holds: where in an entry its key is. Constant, for the compiler. */
struct simseg_table_key {
	size_t offset;
	size_t len;
};

void simseg_table_init(struct simseg_table *table, struct mutex *lock);
void simseg_table_exit(struct simseg_table *table);
int simseg_table_insert(struct simseg_table *table, void *entry, u32 hash);
void simseg_table_remove(struct simseg_table *table, const void *entry, u32 hash);
void simseg_table_replace(struct simseg_table *table, const void *old, void *new, u32 hash);
void simseg_table_expect(struct simseg_table *table, u32 count);
void simseg_table_trim(struct simseg_table *table);
void simseg_table_fetch(const struct simseg_table *table, const u32 *hash, u32 n);

static __always_inline u32 simseg_table_hash(const struct simseg_table *table, const void *key,
					     const struct simseg_table_key at)
{
	if (at.len % sizeof(u32))
		return jhash(key, at.len, table->seed);
	BUILD_BUG_ON(at.len / sizeof(u32) > SIMSEG_TABLE_WORDS);
	return simseg_hash(table->seeds, key, at.len / sizeof(u32));
}

static __always_inline u32 simseg_lines_next(const struct simseg_lines *lines, u32 i)
{
	return i + 1 == lines->n ? 0 : i + 1;
}

/* The entry with @key, or NULL. Under RCU. */
static __always_inline void *simseg_table_lookup(const struct simseg_table *table,
						 const void *key, u32 hash,
						 const struct simseg_table_key at)
{
	const struct simseg_lines *lines = rcu_dereference(table->lines);
	const struct simseg_line *line;
	unsigned int j;
	void *entry;
	u32 i, n;

	if (!lines)
		return NULL;
	i = reciprocal_scale(hash, lines->n);
	for (n = 0; n < lines->n; n++, i = simseg_lines_next(lines, i)) {
		line = &lines->line[i];
#pragma GCC unroll 8
		for (j = 0; j < SIMSEG_LINE_ENTRIES; j++) {
			if (READ_ONCE(line->hash[j]) != hash)
				continue;
			/* what stands there may have changed since: the key decides */
			entry = rcu_dereference(line->entry[j]);
			if (entry && !memcmp(entry + at.offset, key, at.len))
				return entry;
		}
		if (!READ_ONCE(line->passed))
			break;
	}
	return NULL;
}

/* The same for who holds the lock that keeps the entry. */
static __always_inline void *simseg_table_find(const struct simseg_table *table, const void *key,
					       u32 hash, const struct simseg_table_key at)
{
	void *entry;

	rcu_read_lock();
	entry = simseg_table_lookup(table, key, hash, at);
	rcu_read_unlock();
	return entry;
}

#endif /* _SIMSEG_TABLE_H */
