// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables by key: what writers do. They hold the table's lock.
 */
#include <linux/cache.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "table.h"

#define SIMSEG_LINES_LEAST	4
#define SIMSEG_LINES_STEP	4096	/* lines moved before others may run */

void simseg_table_init(struct simseg_table *table, struct mutex *lock)
{
	BUILD_BUG_ON(sizeof(struct simseg_line) != SIMSEG_LINE_SIZE);
	memset(table, 0, sizeof(*table));
	table->seed = get_random_u32();
	get_random_bytes(table->seeds, sizeof(table->seeds));
	table->lock = lock;
}

/* Nobody reads or writes it any more. */
void simseg_table_exit(struct simseg_table *table)
{
	WARN_ON_ONCE(table->count);
	kvfree(rcu_dereference_protected(table->lines, true));
}

static struct simseg_lines *simseg_table_lines(struct simseg_table *table)
{
	return rcu_dereference_protected(table->lines, lockdep_is_held(table->lock));
}

static struct simseg_lines *simseg_lines_alloc(u32 n)
{
	struct simseg_lines *lines;

	lines = kvzalloc(sizeof(*lines) + ((size_t)n + 1) * SIMSEG_LINE_SIZE,
			 GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!lines)
		return NULL;
	lines->n = n;
	lines->line = PTR_ALIGN((struct simseg_line *)(lines + 1), SIMSEG_LINE_SIZE);
	return lines;
}

/* There is room: a table grows before it is full. */
static void simseg_lines_put(struct simseg_lines *lines, void *entry, u32 hash)
{
	u32 i = reciprocal_scale(hash, lines->n);
	struct simseg_line *line;
	unsigned int j;

	for (;; i = simseg_lines_next(lines, i)) {
		line = &lines->line[i];
		for (j = 0; j < SIMSEG_LINE_ENTRIES; j++) {
			if (rcu_access_pointer(line->entry[j]))
				continue;
			WRITE_ONCE(line->hash[j], hash);
			rcu_assign_pointer(line->entry[j], entry);
			return;
		}
		WRITE_ONCE(line->passed, line->passed + 1);
	}
}

static void simseg_lines_move(struct simseg_lines *to, const struct simseg_lines *from)
{
	unsigned int j;
	void *entry;
	u32 i;

	for (i = 0; i < from->n; i++) {
		for (j = 0; j < SIMSEG_LINE_ENTRIES; j++) {
			entry = rcu_dereference_protected(from->line[i].entry[j], true);
			if (entry)
				simseg_lines_put(to, entry, from->line[i].hash[j]);
		}
		if (i % SIMSEG_LINES_STEP == SIMSEG_LINES_STEP - 1)
			cond_resched();
	}
}

/* @n lines; 0: none, for an empty table. */
static int simseg_table_resize(struct simseg_table *table, u32 n)
{
	struct simseg_lines *old = simseg_table_lines(table), *new = NULL;

	if (n) {
		new = simseg_lines_alloc(n);
		if (!new)
			return -ENOMEM;
		if (old)
			simseg_lines_move(new, old);
	}
	rcu_assign_pointer(table->lines, new);
	if (old)
		kvfree_rcu(old, rcu);
	return 0;
}

/* Lines that have @count entries take three of five places, or of seven four. */
static u32 simseg_lines_for(u32 count)
{
	return max_t(u32, count / (SIMSEG_LINE_ENTRIES / 2 + 1) + 1, SIMSEG_LINES_LEAST);
}

/* Three of four places are taken: with more, many lookups would go on to a second line. */
static bool simseg_lines_full(const struct simseg_lines *lines, u32 count)
{
	return count / 3 >= lines->n * SIMSEG_LINE_ENTRIES / 4;
}

int simseg_table_insert(struct simseg_table *table, void *entry, u32 hash)
{
	struct simseg_lines *lines = simseg_table_lines(table);
	int err;

	if (!lines || simseg_lines_full(lines, table->count)) {
		err = simseg_table_resize(table, lines ? 2 * lines->n : SIMSEG_LINES_LEAST);
		if (err)
			return err;
		lines = simseg_table_lines(table);
	}
	simseg_lines_put(lines, entry, hash);
	table->count++;
	return 0;
}

/* The line in which @entry is, and its place there; NULL: it is not in the table. */
static struct simseg_line *simseg_table_locate(struct simseg_table *table, const void *entry,
					       u32 hash, unsigned int *place)
{
	const struct simseg_lines *lines = simseg_table_lines(table);
	u32 i, n;

	if (WARN_ON_ONCE(!lines))
		return NULL;
	i = reciprocal_scale(hash, lines->n);
	for (n = 0; n < lines->n; n++, i = simseg_lines_next(lines, i)) {
		for (*place = 0; *place < SIMSEG_LINE_ENTRIES; ++*place) {
			if (rcu_access_pointer(lines->line[i].entry[*place]) == entry)
				return &lines->line[i];
		}
	}
	WARN_ON_ONCE(1);
	return NULL;
}

/* Gives room back where one of ten places is taken. Without memory to shrink it stays. */
void simseg_table_trim(struct simseg_table *table)
{
	const struct simseg_lines *lines = simseg_table_lines(table);

	if (!lines)
		return;
	if (!table->count || (lines->n > SIMSEG_LINES_LEAST && table->count < lines->n / 2))
		simseg_table_resize(table, table->count ? simseg_lines_for(table->count) : 0);
}

/* Readers that have found it may use it until a grace period is over. */
void simseg_table_remove(struct simseg_table *table, const void *entry, u32 hash)
{
	struct simseg_lines *lines = simseg_table_lines(table);
	struct simseg_line *last, *line;
	unsigned int place;
	u32 i;

	last = simseg_table_locate(table, entry, hash, &place);
	if (!last)
		return;
	RCU_INIT_POINTER(last->entry[place], NULL);
	i = reciprocal_scale(hash, lines->n);
	for (; (line = &lines->line[i]) != last; i = simseg_lines_next(lines, i))
		WRITE_ONCE(line->passed, line->passed - 1);
	table->count--;
	simseg_table_trim(table);
}

/* Puts @new, which has the same key, in the place of @old in one step. */
void simseg_table_replace(struct simseg_table *table, const void *old, void *new, u32 hash)
{
	struct simseg_line *line;
	unsigned int place;

	line = simseg_table_locate(table, old, hash, &place);
	if (line)
		rcu_assign_pointer(line->entry[place], new);
}

/*
 * About @count entries will be there: room for them at once is cheaper than
 * growing. Without memory for that insertion still tries what it needs. If they do
 * not come after all: simseg_table_trim().
 */
void simseg_table_expect(struct simseg_table *table, u32 count)
{
	const struct simseg_lines *lines = simseg_table_lines(table);

	if (count && (!lines || simseg_lines_full(lines, count)))
		simseg_table_resize(table, simseg_lines_for(count));
}

/*
 * Soon these hashes are looked up or inserted. Nothing of their lines is in the
 * processor's caches; reads that do not need each other wait side by side.
 */
void simseg_table_fetch(const struct simseg_table *table, const u32 *hash, u32 n)
{
	const struct simseg_lines *lines;
	u32 i;

	lines = rcu_dereference_protected(table->lines, lockdep_is_held(table->lock));
	for (i = 0; lines && i < n; i++)
		READ_ONCE(lines->line[reciprocal_scale(hash[i], lines->n)].passed);
}
