// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables by key: whatever goes in or out, what stays is found.
 */
#include <linux/slab.h>

#include "test_util.h"

#define TABLE_MANY	5000
#define TABLE_STABLE	100

struct table_entry {
	struct rcu_head rcu;	/* so that the key does not come first */
	u32 key;
};

static const struct simseg_table_key table_at = {
	.offset = offsetof(struct table_entry, key),
	.len = sizeof(u32),
};

struct table_world {
	struct kunit *kunit;
	struct mutex lock;	/* that writers of the table hold */
	struct simseg_table table;
	u32 one_hash;		/* of all keys; 0: each has its own */
	struct table_entry *entries;
};

static int table_test_init(struct kunit *test)
{
	struct table_world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->entries = kunit_kcalloc(test, TABLE_MANY, sizeof(*w->entries), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w->entries);
	for (i = 0; i < TABLE_MANY; i++)
		w->entries[i].key = i;
	w->kunit = test;
	mutex_init(&w->lock);
	simseg_table_init(&w->table, &w->lock);
	test->priv = w;
	return 0;
}

/* Each case ends with an empty table, which has no memory any more. */
static void table_test_exit(struct kunit *test)
{
	struct table_world *w = test->priv;

	KUNIT_EXPECT_EQ(test, w->table.count, 0);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(w->table.lines));
	simseg_table_exit(&w->table);
}

static u32 table_hash(const struct table_world *w, u32 key)
{
	return w->one_hash ?: simseg_table_hash(&w->table, &key, table_at);
}

static bool table_has(const struct table_world *w, u32 key)
{
	struct table_entry *found;

	found = simseg_table_find(&w->table, &key, table_hash(w, key), table_at);
	KUNIT_EXPECT_TRUE(w->kunit, !found || found == &w->entries[key]);
	return found;
}

static void table_insert(struct table_world *w, u32 key)
{
	KUNIT_ASSERT_EQ(w->kunit, 0, simseg_table_insert(&w->table, &w->entries[key],
							 table_hash(w, key)));
}

static void table_remove(struct table_world *w, u32 key)
{
	simseg_table_remove(&w->table, &w->entries[key], table_hash(w, key));
}

static u32 table_lines(const struct table_world *w)
{
	const struct simseg_lines *lines = rcu_dereference_protected(w->table.lines, true);

	return lines ? lines->n : 0;
}

/* Of the keys below @n those are there that divide by @step, and no others. */
static void table_expect_each(const struct table_world *w, u32 n, u32 step)
{
	u32 i, wrong = 0;

	for (i = 0; i < n; i++)
		wrong += table_has(w, i) != !(i % step);
	KUNIT_EXPECT_EQ(w->kunit, wrong, 0);
}

static void table_test_grows(struct kunit *test)
{
	struct table_world *w = test->priv;
	u32 i, most;

	mutex_lock(&w->lock);
	KUNIT_EXPECT_FALSE(test, table_has(w, 0));
	for (i = 0; i < TABLE_MANY; i++)
		table_insert(w, i);
	KUNIT_EXPECT_EQ(test, w->table.count, TABLE_MANY);
	table_expect_each(w, TABLE_MANY, 1);
	/* a lookup would become slow with more, and memory would be wasted with fewer */
	most = table_lines(w) * SIMSEG_LINE_ENTRIES;
	KUNIT_EXPECT_LE(test, 4 * TABLE_MANY, 3 * most + 4 * SIMSEG_LINE_ENTRIES);
	KUNIT_EXPECT_GE(test, 4 * TABLE_MANY, most);
	for (i = 0; i < TABLE_MANY; i++) {
		if (i % 100)
			table_remove(w, i);
	}
	table_expect_each(w, TABLE_MANY, 100);
	KUNIT_EXPECT_LT(test, table_lines(w), TABLE_MANY / SIMSEG_LINE_ENTRIES / 4);
	for (i = 0; i < TABLE_MANY; i += 100)
		table_remove(w, i);
	mutex_unlock(&w->lock);
}

static u32 table_taken(const struct simseg_line *line)
{
	u32 j, n = 0;

	for (j = 0; j < SIMSEG_LINE_ENTRIES; j++)
		n += !!rcu_access_pointer(line->entry[j]);
	return n;
}

/* All entries want the last line: each line has counted those that stand behind it. */
static void table_expect_passed(const struct table_world *w)
{
	const struct simseg_lines *lines = rcu_dereference_protected(w->table.lines, true);
	u32 i = lines->n - 1, n, behind = w->table.count;

	for (n = 0; n < lines->n; n++, i = simseg_lines_next(lines, i)) {
		behind -= table_taken(&lines->line[i]);
		KUNIT_EXPECT_EQ(w->kunit, behind, lines->line[i].passed);
	}
}

/* Entries that want the same line stand in as many as they need. */
static void table_test_collisions(struct kunit *test)
{
	struct table_world *w = test->priv;
	u32 i, n = 6 * SIMSEG_LINE_ENTRIES;

	mutex_lock(&w->lock);
	/* the last line of all: what does not fit comes round to the first */
	w->one_hash = U32_MAX;
	for (i = 0; i < n; i++)
		table_insert(w, i);
	table_expect_each(w, n, 1);
	table_expect_passed(w);
	for (i = 0; i < n; i++) {
		if (i % 3)
			table_remove(w, i);
	}
	table_expect_each(w, n, 3);
	table_expect_passed(w);
	for (i = 0; i < n; i++) {
		if (i % 3)
			table_insert(w, i);
	}
	table_expect_each(w, n, 1);
	table_expect_passed(w);
	for (i = 0; i < n; i++)
		table_remove(w, i);
	mutex_unlock(&w->lock);
}

/* Whatever comes and goes beside them, those that stay are found at each moment. */
static void table_test_stable(struct kunit *test)
{
	struct table_world *w = test->priv;
	u32 i, j, lost = 0;

	mutex_lock(&w->lock);
	for (i = 0; i < TABLE_STABLE; i++)
		table_insert(w, i);
	for (i = TABLE_STABLE; i < 2 * (TABLE_MANY - TABLE_STABLE); i++) {
		j = i < TABLE_MANY ? i : 2 * TABLE_MANY - i - 1;
		if (i < TABLE_MANY)
			table_insert(w, j);
		else
			table_remove(w, j);
		lost += !table_has(w, i % TABLE_STABLE);
	}
	KUNIT_EXPECT_EQ(test, lost, 0);
	for (i = 0; i < TABLE_MANY; i++) {
		if (table_has(w, i))
			table_remove(w, i);
	}
	mutex_unlock(&w->lock);
}

static void table_test_expect(struct kunit *test)
{
	struct table_world *w = test->priv;
	u32 i, n;

	mutex_lock(&w->lock);
	simseg_table_expect(&w->table, TABLE_MANY);
	n = table_lines(w);
	for (i = 0; i < TABLE_MANY; i++)
		table_insert(w, i);
	KUNIT_EXPECT_EQ(test, n, table_lines(w));
	/* room that is there already is no reason to move */
	simseg_table_expect(&w->table, TABLE_MANY);
	KUNIT_EXPECT_EQ(test, n, table_lines(w));
	table_expect_each(w, TABLE_MANY, 1);
	for (i = 0; i < TABLE_MANY; i++)
		table_remove(w, i);
	/* nobody came */
	simseg_table_expect(&w->table, TABLE_MANY);
	KUNIT_EXPECT_EQ(test, n, table_lines(w));
	simseg_table_trim(&w->table);
	simseg_table_expect(&w->table, 0);
	KUNIT_EXPECT_EQ(test, 0, table_lines(w));
	mutex_unlock(&w->lock);
}

static void table_test_replace(struct kunit *test)
{
	struct table_world *w = test->priv;
	struct table_entry other = { .key = 7 };
	u32 i;

	mutex_lock(&w->lock);
	w->one_hash = 1;
	for (i = 0; i < 2 * SIMSEG_LINE_ENTRIES; i++)
		table_insert(w, i);
	simseg_table_replace(&w->table, &w->entries[7], &other, w->one_hash);
	KUNIT_EXPECT_PTR_EQ(test, &other,
			    (struct table_entry *)simseg_table_find(&w->table, &other.key,
								    w->one_hash, table_at));
	KUNIT_EXPECT_EQ(test, w->table.count, 2 * SIMSEG_LINE_ENTRIES);
	simseg_table_replace(&w->table, &other, &w->entries[7], w->one_hash);
	for (i = 2 * SIMSEG_LINE_ENTRIES; i--;)
		table_remove(w, i);
	mutex_unlock(&w->lock);
}

static struct kunit_case table_test_cases[] = {
	KUNIT_CASE(table_test_grows),
	KUNIT_CASE(table_test_collisions),
	KUNIT_CASE(table_test_stable),
	KUNIT_CASE(table_test_expect),
	KUNIT_CASE(table_test_replace),
	{}
};

static struct kunit_suite table_test_suite = {
	.name = "simseg_table",
	.init = table_test_init,
	.exit = table_test_exit,
	.test_cases = table_test_cases,
};

kunit_test_suite(table_test_suite);
