// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records on their way out: none is uncounted, those that wait keep their order, and
 * what is lost is told.
 */
#include "outbox.h"
#include "test_util.h"

static struct simseg_outbox_counts outbox_counts(struct simtest *t)
{
	const struct simseg_outbox_counts counts = simseg_outbox_count(t->sn);

	KUNIT_EXPECT_EQ(t->kunit, counts.made, counts.delivered + counts.waiting + counts.lost);
	return counts;
}

static void outbox_send(struct simtest *t, u8 kind, u32 n)
{
	while (n--) {
		struct simseg_event event = {};

		if (simseg_outbox_begin(t->sn, &event, kind, ktime_get_boottime_ns()))
			simseg_outbox_send(t->sn, &event);
	}
}

/* What came since the case began: numbers without a hole, in their order. */
static void outbox_expect_whole(struct simtest *t, u64 first, u32 n)
{
	u32 i;

	KUNIT_ASSERT_EQ(t->kunit, simtest_records.n, n);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(t->kunit, simtest_records.rec[i].seq, first + i);
}

static void outbox_test_order(struct kunit *test)
{
	struct simtest *t = test->priv;
	u64 made = outbox_counts(t).made;

	outbox_send(t, SIMSEG_RECORD_OPEN, 1);
	simtest_records.full[0] = true;
	outbox_send(t, SIMSEG_RECORD_CLOSE, 2);
	outbox_send(t, SIMSEG_RECORD_OPEN, 1);
	outbox_send(t, SIMSEG_RECORD_CONFIG, 1);
	KUNIT_EXPECT_EQ(test, outbox_counts(t).waiting, 4);
	outbox_expect_whole(t, made + 1, 1);
	simtest_records.full[0] = false;
	outbox_send(t, SIMSEG_RECORD_UPDATE, 1);
	KUNIT_EXPECT_EQ(test, outbox_counts(t).waiting, 0);
	KUNIT_EXPECT_EQ(test, simtest_records.rec[4].kind, SIMSEG_RECORD_CONFIG);
	outbox_expect_whole(t, made + 1, 6);
}

/* More than go with one that is new: it waits behind them. */
static void outbox_test_flush(struct kunit *test)
{
	struct simtest *t = test->priv;
	u64 made = outbox_counts(t).made;

	simtest_records.full[0] = true;
	outbox_send(t, SIMSEG_RECORD_CLOSE, 50);
	simseg_outbox_flush(t->sn);
	KUNIT_EXPECT_EQ(test, outbox_counts(t).waiting, 50);
	simtest_records.full[0] = false;
	outbox_send(t, SIMSEG_RECORD_OPEN, 1);
	KUNIT_EXPECT_GT(test, outbox_counts(t).waiting, 0);
	simseg_outbox_flush(t->sn);
	KUNIT_EXPECT_EQ(test, outbox_counts(t).waiting, 0);
	outbox_expect_whole(t, made + 1, 51);
}

static void outbox_test_limit(struct kunit *test)
{
	struct simseg_record_gap *gap = (void *)&simtest_records.rec[6];
	struct simtest *t = test->priv;
	u32 limit = simseg_setting(t->sn, SIMSEG_A_SETTING_RECORD_BACKLOG);
	u64 made = outbox_counts(t).made, lost = outbox_counts(t).lost;

	WRITE_ONCE(t->sn->settings[SIMSEG_A_SETTING_RECORD_BACKLOG], 6);
	simtest_records.full[0] = true;
	outbox_send(t, SIMSEG_RECORD_OPEN, 5);
	KUNIT_EXPECT_EQ(test, outbox_counts(t).waiting, 3);
	outbox_send(t, SIMSEG_RECORD_CLOSE, 4);
	KUNIT_EXPECT_EQ(test, outbox_counts(t).waiting, 6);
	KUNIT_EXPECT_EQ(test, outbox_counts(t).lost, lost + 3);
	KUNIT_EXPECT_EQ(test, outbox_counts(t).untold, 3);
	simtest_records.full[0] = false;
	simseg_outbox_flush(t->sn);
	WRITE_ONCE(t->sn->settings[SIMSEG_A_SETTING_RECORD_BACKLOG], limit);
	KUNIT_EXPECT_EQ(test, outbox_counts(t).untold, 0);
	KUNIT_ASSERT_EQ(test, simtest_records.n, 7);
	KUNIT_EXPECT_EQ(test, gap->head.kind, SIMSEG_RECORD_GAP);
	KUNIT_EXPECT_EQ(test, gap->head.seq, made + 10);
	KUNIT_EXPECT_EQ(test, gap->first, made + 4);
	KUNIT_EXPECT_EQ(test, gap->last, made + 9);
	KUNIT_EXPECT_EQ(test, gap->lost[SIMSEG_RECORD_OPEN], 2);
	KUNIT_EXPECT_EQ(test, gap->lost[SIMSEG_RECORD_CLOSE], 1);
	KUNIT_EXPECT_EQ(test, gap->unheard, 0);
	KUNIT_EXPECT_LE(test, gap->from, gap->to);
	KUNIT_EXPECT_LE(test, gap->to, gap->head.time);
	/* told once */
	simseg_outbox_flush(t->sn);
	KUNIT_EXPECT_EQ(test, simtest_records.n, 7);
}

/* Denies and the rest do not take each other's room. */
static void outbox_test_denies(struct kunit *test)
{
	const struct simseg_record_gap *gap = (void *)&simtest_records.rec[3];
	struct simtest *t = test->priv;

	simtest_records.full[0] = true;
	outbox_send(t, SIMSEG_RECORD_CLOSE, 1);
	outbox_send(t, SIMSEG_RECORD_DENY, 2);
	KUNIT_EXPECT_EQ(test, simtest_records.kinds[SIMSEG_RECORD_DENY], 2);
	KUNIT_EXPECT_EQ(test, outbox_counts(t).waiting, 1);
	simtest_records.full[0] = false;
	simtest_records.full[1] = true;
	outbox_send(t, SIMSEG_RECORD_DENY, 3);
	KUNIT_EXPECT_EQ(test, outbox_counts(t).waiting, 1);
	simseg_outbox_flush(t->sn);
	KUNIT_EXPECT_EQ(test, outbox_counts(t).waiting, 0);
	KUNIT_EXPECT_EQ(test, simtest_records.kinds[SIMSEG_RECORD_CLOSE], 1);
	KUNIT_EXPECT_EQ(test, simtest_records.kinds[SIMSEG_RECORD_GAP], 1);
	KUNIT_EXPECT_EQ(test, gap->lost[SIMSEG_RECORD_DENY], 3);
	/* one gap a second, however many there are */
	outbox_send(t, SIMSEG_RECORD_DENY, 3);
	simseg_outbox_flush(t->sn);
	KUNIT_EXPECT_EQ(test, simtest_records.kinds[SIMSEG_RECORD_GAP], 1);
	t->sn->outbox.tell = jiffies;
	simseg_outbox_flush(t->sn);
	KUNIT_EXPECT_EQ(test, simtest_records.kinds[SIMSEG_RECORD_GAP], 2);
}

static void outbox_test_unheard(struct kunit *test)
{
	const struct simseg_record_gap *gap = (void *)&simtest_records.rec[0];
	struct simtest *t = test->priv;
	struct simseg_outbox_counts before = outbox_counts(t), after;

	simtest_records.deaf = true;
	outbox_send(t, SIMSEG_RECORD_OPEN, 2);
	simseg_outbox_skip(t->sn, SIMSEG_RECORD_CONFIG, ktime_get_boottime_ns(), false);
	after = outbox_counts(t);
	KUNIT_EXPECT_EQ(test, after.lost, before.lost + 3);
	KUNIT_EXPECT_EQ(test, after.unheard, before.unheard + 3);
	KUNIT_EXPECT_EQ(test, after.waiting, 0);
	simtest_records.deaf = false;
	outbox_send(t, SIMSEG_RECORD_CLOSE, 1);
	KUNIT_ASSERT_EQ(test, simtest_records.n, 2);
	KUNIT_EXPECT_EQ(test, gap->head.kind, SIMSEG_RECORD_GAP);
	KUNIT_EXPECT_EQ(test, gap->lost[SIMSEG_RECORD_OPEN], 2);
	KUNIT_EXPECT_EQ(test, gap->lost[SIMSEG_RECORD_CONFIG], 1);
	KUNIT_EXPECT_EQ(test, gap->unheard, 3);
	KUNIT_EXPECT_EQ(test, simtest_records.rec[1].kind, SIMSEG_RECORD_CLOSE);
}

static struct kunit_case outbox_test_cases[] = {
	KUNIT_CASE(outbox_test_order),
	KUNIT_CASE(outbox_test_flush),
	KUNIT_CASE(outbox_test_limit),
	KUNIT_CASE(outbox_test_denies),
	KUNIT_CASE(outbox_test_unheard),
	{}
};

static struct kunit_suite outbox_test_suite = {
	.name = "simseg_outbox",
	.suite_init = simtest_suite_init,
	.suite_exit = simtest_suite_exit,
	.init = simtest_init,
	.exit = simtest_exit,
	.test_cases = outbox_test_cases,
};

kunit_test_suite(outbox_test_suite);
