// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commits that merge: devices alone change, all that are uploaded or none.
 */
#include "test_util.h"

#define MERGE_NEW	IP(10, 64, 3, 1)

static const struct simtest_rule merge_rule = { SIMSEG_DIR_OUT, IPPROTO_UDP };

static int merge_commit(struct simtest *t, struct simseg_upload *up,
			struct simseg_receipt *receipt)
{
	memset(receipt, 0, sizeof(*receipt));
	return simtest_commit(t, up, SIMSEG_COMMIT_MERGE, receipt);
}

/* Does device @n have the address? */
static bool merge_owns(struct simtest *t, u32 n, u32 logical)
{
	struct simseg_device *device = simtest_find(t, n);

	return device && simtest_owner(t, logical, NULL) == device->id;
}

static u32 merge_epoch(struct simtest *t, u32 logical)
{
	u32 epoch = 0;

	simtest_owner(t, logical, &epoch);
	return epoch;
}

/* A device into @up, with one address on any interface. */
static void merge_stage(struct simtest *t, struct simseg_upload *up, u32 n, const char *policy,
			u32 logical)
{
	struct simseg_device_spec *spec = simtest_spec(t, n, policy);

	simtest_spec_bind(t, spec, logical, 32, "");
	KUNIT_ASSERT_EQ(t->kunit, 0, simtest_stage(t, up, spec));
}

/* Added, changed, left as they are; the ruleset has nothing to do with it. */
static void merge_test_counts(struct kunit *test)
{
	struct simtest *t = test->priv;
	const struct simseg_ruleset *before;
	struct simseg_receipt receipt;
	struct simseg_upload *up;
	u32 epoch = 0;
	int run;

	simtest_world(t);
	before = simtest_ruleset(t);
	for (run = 0; run < 2; run++) {
		up = simtest_begin(t);
		merge_stage(t, up, 100, "meter", MERGE_NEW);
		merge_stage(t, up, SIMTEST_ID_ROAMER, "camera", SIMTEST_ROAMER);
		KUNIT_ASSERT_EQ(test, 0, merge_commit(t, up, &receipt));
		KUNIT_EXPECT_EQ(test, receipt.added, run ? 0 : 1);
		KUNIT_EXPECT_EQ(test, receipt.devices, run ? 0 : 1);
		KUNIT_EXPECT_EQ(test, receipt.removed, 0);
		KUNIT_EXPECT_TRUE(test, merge_owns(t, 100, MERGE_NEW));
		if (run)
			KUNIT_EXPECT_EQ(test, epoch, merge_epoch(t, MERGE_NEW));
		epoch = merge_epoch(t, MERGE_NEW);
	}
	KUNIT_EXPECT_PTR_EQ(test, before, simtest_ruleset(t));
	KUNIT_EXPECT_EQ(test, t->sn->ndevices, SIMTEST_IDS);
	KUNIT_EXPECT_TRUE(test, merge_owns(t, SIMTEST_ID_METER, SIMTEST_METER));
}

/* Nothing of it is in force, however late it was found to be bad. */
static void merge_refused(struct simtest *t, struct simseg_upload *up, int err)
{
	u32 change = atomic_read(&t->sn->change), bindings = t->sn->nbindings;
	struct simseg_receipt receipt;

	KUNIT_EXPECT_EQ(t->kunit, err, merge_commit(t, up, &receipt));
	KUNIT_EXPECT_EQ(t->kunit, change, (u32)atomic_read(&t->sn->change));
	KUNIT_EXPECT_EQ(t->kunit, bindings, t->sn->nbindings);
	KUNIT_EXPECT_EQ(t->kunit, t->sn->ndevices, SIMTEST_IDS - 1);
	KUNIT_EXPECT_NULL(t->kunit, simtest_find(t, 100));
	KUNIT_EXPECT_TRUE(t->kunit, list_empty(&t->sn->uploads));
}

static struct simseg_upload *merge_one(struct simtest *t)
{
	struct simseg_upload *up = simtest_begin(t);

	merge_stage(t, up, 100, "meter", MERGE_NEW);
	return up;
}

static void merge_test_refused(struct kunit *test)
{
	struct simseg_prefix open = {};
	struct simseg_commit commit = { .flags = SIMSEG_COMMIT_MERGE, .nopen = 1 };
	struct simtest *t = test->priv;
	struct simseg_upload *up;

	simtest_world(t);
	up = merge_one(t);
	merge_stage(t, up, 101, "meter", MERGE_NEW);
	merge_refused(t, up, -EEXIST);
	up = merge_one(t);
	merge_stage(t, up, 100, "meter", MERGE_NEW + 1);
	merge_refused(t, up, -EEXIST);
	up = merge_one(t);
	merge_stage(t, up, 101, "meter", SIMTEST_WORLD);
	merge_refused(t, up, -ERANGE);
	up = merge_one(t);
	merge_stage(t, up, 101, "meter", SIMTEST_CUT);
	merge_refused(t, up, -EBUSY);
	/* what belongs to a ruleset would be lost */
	up = merge_one(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_pool(t, up, SIMTEST_POOL, 16));
	merge_refused(t, up, -EINVAL);
	up = merge_one(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_setting(t, up, SIMSEG_A_SETTING_TCP_NEW, 61));
	merge_refused(t, up, -EINVAL);
	commit.open = &open;
	KUNIT_EXPECT_EQ(test, -EINVAL, simtest_commit_as(t, merge_one(t), &commit, NULL));
	KUNIT_EXPECT_NULL(test, simtest_find(t, 100));
}

/* An exact merge counts the quarantined device that it leaves where it is. */
static void merge_test_limit(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_upload *up;
	u32 limit;

	simtest_world(t);
	for (limit = 1; limit <= 2; limit++) {
		up = simtest_world_rules(t);
		KUNIT_ASSERT_EQ(test, 0, simtest_setting(t, up, SIMSEG_A_SETTING_DEVICES, limit));
		merge_stage(t, up, 100, "meter", MERGE_NEW);
		KUNIT_EXPECT_EQ(test, limit == 1 ? -ENOSPC : 0, simtest_commit(t, up, 0, NULL));
		KUNIT_EXPECT_EQ(test, t->sn->ndevices, limit == 1 ? SIMTEST_IDS - 1 : 2);
	}
}

/* What it says is what the commit does; it does nothing. */
static void merge_test_dry(struct kunit *test)
{
	static const struct simtest_flow flow = {
		.src = SIMTEST_ROAMER, .dst = SIMTEST_SCADA, .in = SIMTEST_SIM0,
		.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_TCP, .tcp = SIMTEST_SYN,
		.sport = SIMTEST_PORT, .dport = 443,
	};
	static const u32 flags[] = { SIMSEG_COMMIT_DRY, 0 };
	struct simtest *t = test->priv;
	struct simseg_receipt receipt;
	struct simseg_upload *up;
	u32 i, change;

	simtest_world(t);
	SIMTEST_EXPECT_REASON(t, &flow, RULE);
	change = atomic_read(&t->sn->change);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		KUNIT_EXPECT_EQ(test, change, (u32)atomic_read(&t->sn->change));
		KUNIT_EXPECT_EQ(test, t->sn->ndevices, SIMTEST_IDS - 1);
		SIMTEST_EXPECT_REASON(t, &flow, SESSION);
		up = merge_one(t);
		merge_stage(t, up, SIMTEST_ID_ROAMER, "", SIMTEST_ROAMER);
		memset(&receipt, 0, sizeof(receipt));
		KUNIT_ASSERT_EQ(test, 0, simtest_commit(t, up, SIMSEG_COMMIT_MERGE | flags[i],
							&receipt));
		KUNIT_EXPECT_EQ(test, receipt.added, 1);
		KUNIT_EXPECT_EQ(test, receipt.devices, 1);
		KUNIT_EXPECT_EQ(test, receipt.sessions, 1);
	}
	KUNIT_EXPECT_NE(test, change, (u32)atomic_read(&t->sn->change));
	SIMTEST_EXPECT_REASON(t, &flow, NO_POLICY);
}

/* An address goes to the uploaded device, and flows of the other one end. */
static void merge_test_moves(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_receipt receipt;
	struct simseg_upload *up;
	u32 before;

	simtest_world(t);
	KUNIT_EXPECT_TRUE(test, merge_owns(t, SIMTEST_ID_ROAMER, SIMTEST_ROAMER));
	before = merge_epoch(t, SIMTEST_ROAMER);
	up = simtest_begin(t);
	merge_stage(t, up, 100, "meter", SIMTEST_ROAMER);
	KUNIT_ASSERT_EQ(test, 0, merge_commit(t, up, &receipt));
	KUNIT_EXPECT_TRUE(test, merge_owns(t, 100, SIMTEST_ROAMER));
	KUNIT_EXPECT_NE(test, before, merge_epoch(t, SIMTEST_ROAMER));
	KUNIT_EXPECT_NOT_NULL(test, simtest_find(t, SIMTEST_ID_ROAMER));
}

static bool merge_has_own(struct simtest *t, u32 n)
{
	struct simseg_device *device = simtest_find(t, n);

	return device && rcu_access_pointer(device->own);
}

/* Rules of its own stay with a device that comes without any; an exact commit takes them. */
static void merge_test_own_rules(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_device_spec *spec;
	struct simseg_receipt receipt;
	struct simseg_upload *up;
	int run;

	simtest_world(t);
	spec = simtest_spec(t, 100, "meter");
	simtest_spec_rule(t, spec, &merge_rule);
	KUNIT_ASSERT_EQ(test, 0, simtest_new(t, spec));
	for (run = 0; run < 2; run++) {
		up = simtest_begin(t);
		KUNIT_ASSERT_EQ(test, 0, simtest_stage(t, up, simtest_spec(t, 100, "camera")));
		KUNIT_ASSERT_EQ(test, 0, merge_commit(t, up, &receipt));
		/* the second time nothing is new */
		KUNIT_EXPECT_EQ(test, receipt.devices, !run);
		KUNIT_EXPECT_TRUE(test, merge_has_own(t, 100));
	}
	up = simtest_world_rules(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_stage(t, up, simtest_spec(t, 100, "camera")));
	KUNIT_ASSERT_EQ(test, 0, simtest_commit(t, up, 0, NULL));
	KUNIT_EXPECT_FALSE(test, merge_has_own(t, 100));
}

/* Enough of them that the tables grow more than once on the way. */
static void merge_test_many(struct kunit *test)
{
	const u32 n = 5000;
	struct simtest *t = test->priv;
	struct simseg_receipt receipt;
	struct simseg_upload *up;
	u32 i;

	simtest_world(t);
	up = simtest_begin(t);
	for (i = 0; i < n; i++)
		merge_stage(t, up, 100 + i, "meter", IP(10, 64, 128, 0) + i);
	KUNIT_ASSERT_EQ(test, 0, merge_commit(t, up, &receipt));
	KUNIT_EXPECT_EQ(test, receipt.added, n);
	for (i = 0; i < n; i++)
		KUNIT_ASSERT_TRUE(test, merge_owns(t, 100 + i, IP(10, 64, 128, 0) + i));
	memset(&receipt, 0, sizeof(receipt));
	KUNIT_ASSERT_EQ(test, 0, simtest_flush(t, &receipt));
	KUNIT_EXPECT_EQ(test, receipt.removed, n + SIMTEST_IDS - 2);
	KUNIT_EXPECT_EQ(test, t->sn->ndevices, 1);	/* the quarantined one */
}

static struct kunit_case merge_test_cases[] = {
	KUNIT_CASE_PARAM(merge_test_counts, simtest_families),
	KUNIT_CASE_PARAM(merge_test_refused, simtest_families),
	KUNIT_CASE(merge_test_limit),
	KUNIT_CASE_PARAM(merge_test_dry, simtest_families),
	KUNIT_CASE_PARAM(merge_test_moves, simtest_families),
	KUNIT_CASE_PARAM(merge_test_own_rules, simtest_families),
	KUNIT_CASE_PARAM(merge_test_many, simtest_families),
	{}
};

static struct kunit_suite merge_test_suite = {
	.name = "simseg_merge",
	.suite_init = simtest_suite_init,
	.suite_exit = simtest_suite_exit,
	.init = simtest_init,
	.exit = simtest_exit,
	.test_cases = merge_test_cases,
};

kunit_test_suite(merge_test_suite);
