// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peer sets that change by themselves, or whole.
 */
#include <linux/delay.h>

#include "test_util.h"

/* METER may talk to whoever is in the set scada. */
static const struct simtest_flow peerset_https = {
	.src = SIMTEST_METER, .dst = SIMTEST_WORLD, .in = SIMTEST_SIM0,
	.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_TCP, .tcp = SIMTEST_SYN,
	.sport = SIMTEST_PORT, .dport = 443,
};

static int peerset_add(struct simtest *t, u32 logical, u64 ms)
{
	struct simseg_prefix prefix;

	simtest_prefix(t, logical, 32, &prefix);
	return simtest_locked(t, simseg_peer_add(t->sn, "scada", &prefix, 1, ms * NSEC_PER_MSEC,
						 &t->extack));
}

static struct simseg_peerset *peerset_get(struct simtest *t)
{
	u32 id = simseg_name_find(&t->sn->peer_names, "scada");

	return simseg_peerset_find((struct simseg_ruleset *)simtest_ruleset(t), id);
}

static u32 peerset_size(struct simtest *t)
{
	return simtest_locked(t, peerset_get(t)->nprefixes);
}

static void peerset_wait(struct simtest *t, u32 size)
{
	u32 i;

	for (i = 0; i < 200 && peerset_size(t) != size; i++)
		msleep(20);
	KUNIT_EXPECT_EQ(t->kunit, peerset_size(t), size);
}

/* Each goes at its time, with the sessions that it allowed, and the others stay. */
static void peerset_test_deadline(struct kunit *test)
{
	struct simtest_flow other = peerset_https, scada = peerset_https;
	struct simseg_receipt receipt = {};
	struct simtest *t = test->priv;
	u32 size;

	simtest_world(t);
	size = peerset_size(t);
	other.dst = SIMTEST_HELPER;
	scada.dst = SIMTEST_SCADA;
	SIMTEST_EXPECT_REASON(t, &peerset_https, NO_RULE);
	KUNIT_ASSERT_EQ(test, 0, peerset_add(t, SIMTEST_WORLD, 200));
	KUNIT_ASSERT_EQ(test, 0, peerset_add(t, SIMTEST_HELPER, 600));
	SIMTEST_EXPECT_REASON(t, &peerset_https, RULE);
	SIMTEST_EXPECT_REASON(t, &other, RULE);
	SIMTEST_EXPECT_REASON(t, &scada, RULE);
	peerset_wait(t, size + 1);
	SIMTEST_EXPECT_REASON(t, &peerset_https, NO_RULE);
	SIMTEST_EXPECT_REASON(t, &other, SESSION);
	peerset_wait(t, size);
	SIMTEST_EXPECT_REASON(t, &other, NO_RULE);
	SIMTEST_EXPECT_REASON(t, &scada, SESSION);
	simseg_sweep_run(t->sn, &receipt);
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_RULESET), 2);
	KUNIT_EXPECT_NULL(test, peerset_get(t)->until);
}

/* What is added once more has the deadline that was given last, or none. */
static void peerset_test_again(struct kunit *test)
{
	struct simtest *t = test->priv;
	u32 size;

	simtest_world(t);
	size = peerset_size(t);
	KUNIT_ASSERT_EQ(test, 0, peerset_add(t, SIMTEST_WORLD, 200));
	KUNIT_ASSERT_EQ(test, 0, peerset_add(t, SIMTEST_WORLD, 0));
	msleep(400);
	KUNIT_EXPECT_EQ(test, peerset_size(t), size + 1);
	KUNIT_ASSERT_EQ(test, 0, peerset_add(t, SIMTEST_WORLD, 200));
	peerset_wait(t, size);
	/* one that is taken away, or gone with its ruleset, leaves no deadline behind */
	KUNIT_ASSERT_EQ(test, 0, peerset_add(t, SIMTEST_WORLD, 1000000));
	KUNIT_ASSERT_EQ(test, 0, simtest_peer_change(t, "scada", SIMTEST_WORLD, 32, false));
	KUNIT_EXPECT_NULL(test, timerqueue_getnext(&t->sn->deadlines));
	KUNIT_ASSERT_EQ(test, 0, peerset_add(t, SIMTEST_WORLD, 1000000));
	KUNIT_ASSERT_EQ(test, 0, simtest_commit(t, simtest_world_rules(t), 0, NULL));
	KUNIT_EXPECT_NULL(test, timerqueue_getnext(&t->sn->deadlines));
}

static void peerset_test_replace(struct kunit *test)
{
	const struct simseg_commit commit = { .flags = SIMSEG_COMMIT_PEER };
	struct simtest *t = test->priv;
	struct simtest_flow scada = peerset_https;
	struct simseg_receipt receipt = {};
	struct simseg_upload *up;
	u32 generation;

	simtest_world(t);
	generation = simtest_ruleset(t)->generation;
	scada.dst = SIMTEST_SCADA;
	SIMTEST_EXPECT_REASON(t, &scada, RULE);
	up = simtest_begin(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_peers(t, up, "scada", SIMTEST_WORLD, 32));
	KUNIT_EXPECT_EQ(test, 0, simtest_commit_as(t, up, &commit, &receipt));
	KUNIT_EXPECT_EQ(test, receipt.sessions, 1);
	KUNIT_EXPECT_EQ(test, peerset_size(t), 1);
	KUNIT_EXPECT_EQ(test, simtest_ruleset(t)->generation, generation);
	SIMTEST_EXPECT_REASON(t, &scada, NO_RULE);
	SIMTEST_EXPECT_REASON(t, &peerset_https, RULE);
	/* not two, not one that is not there, and nothing beside */
	up = simtest_begin(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_peers(t, up, "nobody", SIMTEST_WORLD, 32));
	KUNIT_EXPECT_EQ(test, -ENOENT, simtest_commit_as(t, up, &commit, NULL));
	up = simtest_begin(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_peers(t, up, "scada", SIMTEST_SCADA, 32));
	KUNIT_ASSERT_EQ(test, 0, simtest_pool(t, up, SIMTEST_POOL, 16));
	KUNIT_EXPECT_EQ(test, -EINVAL, simtest_commit_as(t, up, &commit, NULL));
	SIMTEST_EXPECT_REASON(t, &peerset_https, SESSION);
}

/* A flush leaves the sets, and when what goes from them. */
static void peerset_test_flush(struct kunit *test)
{
	struct simseg_receipt receipt = {};
	struct simtest *t = test->priv;
	u32 size;

	simtest_world(t);
	size = peerset_size(t);
	KUNIT_ASSERT_EQ(test, 0, peerset_add(t, SIMTEST_WORLD, 300));
	KUNIT_ASSERT_EQ(test, 0, simtest_flush(t, &receipt));
	KUNIT_ASSERT_NOT_NULL(test, peerset_get(t));
	KUNIT_EXPECT_EQ(test, peerset_size(t), size + 1);
	peerset_wait(t, size);
	KUNIT_EXPECT_NULL(test, timerqueue_getnext(&t->sn->deadlines));
}

static struct kunit_case peerset_test_cases[] = {
	KUNIT_CASE_PARAM(peerset_test_deadline, simtest_families),
	KUNIT_CASE_PARAM(peerset_test_again, simtest_families),
	KUNIT_CASE_PARAM(peerset_test_flush, simtest_families),
	KUNIT_CASE_PARAM(peerset_test_replace, simtest_families),
	{}
};

static struct kunit_suite peerset_test_suite = {
	.name = "simseg_peerset",
	.suite_init = simtest_suite_init,
	.suite_exit = simtest_suite_exit,
	.init = simtest_init,
	.exit = simtest_exit,
	.test_cases = peerset_test_cases,
};

kunit_test_suite(peerset_test_suite);
