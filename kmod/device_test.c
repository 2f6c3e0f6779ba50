// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices: ICCIDs, the registry, merges that change all or nothing, and
 * quarantine as far as it is a state.
 */
#include "test_util.h"

static void device_test_iccid(struct kunit *test)
{
	static const char * const good[] = {
		"894400000000000001", "8944000000000000019", "89440000000000000199"
	};
	static const char * const bad[] = {
		"", "89440000000000001", "894400000000000001999", "89440000000000000a",
		"8944 0000000000001", "-94400000000000001"
	};
	char text[SIMSEG_ICCID_MAX + 1];
	u8 bcd[SIMSEG_ICCID_BCD], longer[SIMSEG_ICCID_BCD];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		KUNIT_EXPECT_TRUE(test, simseg_iccid_parse(good[i], bcd));
		simseg_iccid_print(bcd, text);
		KUNIT_EXPECT_STREQ(test, text, good[i]);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_FALSE_MSG(test, simseg_iccid_parse(bad[i], bcd), "'%s'", bad[i]);
	/* first digit in the high nibble, padded with 0xf */
	simseg_iccid_parse(good[0], bcd);
	KUNIT_EXPECT_EQ(test, bcd[0], 0x89);
	KUNIT_EXPECT_EQ(test, bcd[8], 0x01);
	KUNIT_EXPECT_EQ(test, bcd[9], 0xff);
	simseg_iccid_parse(good[1], longer);
	KUNIT_EXPECT_EQ(test, longer[9], 0x9f);
	KUNIT_EXPECT_MEMNEQ(test, bcd, longer, sizeof(bcd));
}

/* What a failed change must leave as it is. */
struct device_counts {
	u32 ndevices;
	u32 nbindings;
	u32 nquarantined;
	u32 nunvouched;
	u32 change;
	u32 generation;
	u32 plens;
	u32 owner[8];
	u32 epoch[8];
};

static void device_count(struct simtest *t, struct device_counts *c)
{
	const struct simseg_plens *plens = rcu_dereference_protected(t->sn->plens, true);
	u32 i;

	memset(c, 0, sizeof(*c));
	c->ndevices = t->sn->ndevices;
	c->nbindings = t->sn->nbindings;
	c->nquarantined = t->sn->nquarantined;
	c->nunvouched = t->sn->nunvouched;
	c->change = atomic_read(&t->sn->change);
	c->generation = simtest_ruleset(t)->generation;
	c->plens = plens ? plens->n : 0;
	for (i = 0; i < ARRAY_SIZE(c->owner); i++)
		c->owner[i] = simtest_owner(t, SIMTEST_POOL + i, &c->epoch[i]);
}

static void device_expect_same(struct simtest *t, const struct device_counts *before)
{
	struct device_counts after;

	device_count(t, &after);
	KUNIT_EXPECT_MEMEQ(t->kunit, before, &after, sizeof(after));
	KUNIT_EXPECT_EQ(t->kunit, t->sn->devices.count, after.ndevices);
	KUNIT_EXPECT_EQ(t->kunit, t->sn->bindings.count, after.nbindings);
}

/* Device n has address n, in the pool. */
static struct simseg_device_spec *device_spec(struct simtest *t, u32 n, u32 host)
{
	struct simseg_device_spec *spec = simtest_spec(t, n, "meter");

	simtest_spec_bind(t, spec, SIMTEST_POOL + host, 32, "st-sim0");
	return spec;
}

static struct simseg_upload *device_upload(struct simtest *t)
{
	struct simseg_upload *up = simtest_begin(t);

	KUNIT_ASSERT_EQ(t->kunit, 0, simtest_pool(t, up, SIMTEST_POOL, 16));
	return up;
}

static void device_stage(struct simtest *t, struct simseg_upload *up,
			 const struct simseg_device_spec *spec)
{
	KUNIT_ASSERT_EQ(t->kunit, 0, simtest_stage(t, up, spec));
}

/* Devices 1 to 3 at addresses 1 to 3. */
static void device_world(struct simtest *t)
{
	struct simseg_upload *up = device_upload(t);
	u32 n;

	for (n = 1; n <= 3; n++)
		device_stage(t, up, device_spec(t, n, n));
	KUNIT_ASSERT_EQ(t->kunit, 0, simtest_commit(t, up, 0, NULL));
	KUNIT_ASSERT_EQ(t->kunit, t->sn->ndevices, 3);
}

static void device_test_new(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct device_counts before;
	struct simseg_device_spec *spec;

	device_world(t);
	device_count(t, &before);
	KUNIT_EXPECT_EQ(test, -EEXIST, simtest_new(t, device_spec(t, 1, 5)));
	device_expect_same(t, &before);
	KUNIT_EXPECT_EQ(test, -EEXIST, simtest_new(t, device_spec(t, 5, 1)));
	device_expect_same(t, &before);
	KUNIT_EXPECT_NULL(test, simtest_find(t, 5));
	/* the second address fails: the first one is not kept, nor its length */
	spec = device_spec(t, 5, 5);
	simtest_spec_bind(t, spec, SIMTEST_POOL + 6, 31, "");
	simtest_spec_bind(t, spec, IP(192, 0, 2, 1), 32, "");
	KUNIT_EXPECT_EQ(test, -ERANGE, simtest_new(t, spec));
	device_expect_same(t, &before);
	/* the same address twice in one request */
	spec = device_spec(t, 5, 5);
	simtest_spec_bind(t, spec, SIMTEST_POOL + 5, 32, "");
	KUNIT_EXPECT_EQ(test, -EEXIST, simtest_new(t, spec));
	device_expect_same(t, &before);
	KUNIT_EXPECT_EQ(test, 0, simtest_new(t, device_spec(t, 5, 5)));
	KUNIT_EXPECT_EQ(test, simtest_owner(t, SIMTEST_POOL + 5, NULL), simtest_find(t, 5)->id);
}

/* Something late in a long list is wrong. */
static void device_refused(struct simtest *t, const struct simseg_device_spec *bad, u32 limit,
			   int err)
{
	struct simseg_upload *up = device_upload(t);
	struct device_counts before;
	u32 n;

	device_count(t, &before);
	if (limit)
		KUNIT_ASSERT_EQ(t->kunit, 0, simtest_setting(t, up, SIMSEG_A_SETTING_DEVICES,
							     limit));
	/* 1 keeps its address, 2 and 3 swap theirs, 4 to 6 are new */
	device_stage(t, up, device_spec(t, 1, 1));
	device_stage(t, up, device_spec(t, 2, 3));
	device_stage(t, up, device_spec(t, 3, 2));
	for (n = 4; n <= 6; n++)
		device_stage(t, up, device_spec(t, n, n));
	if (bad)
		device_stage(t, up, bad);
	device_stage(t, up, device_spec(t, 7, 7));
	KUNIT_EXPECT_EQ(t->kunit, err, simtest_commit(t, up, 0, NULL));
	device_expect_same(t, &before);
	for (n = 4; n <= 7; n++)
		KUNIT_EXPECT_NULL(t->kunit, simtest_find(t, n));
}

static void device_test_all_or_nothing(struct kunit *test)
{
	struct simseg_device_spec *outside;
	struct simtest *t = test->priv;

	device_world(t);
	outside = simtest_spec(t, 20, "other");
	simtest_spec_bind(t, outside, IP(192, 0, 2, 1), 32, "");
	device_refused(t, device_spec(t, 4, 20), 0, -EEXIST);	/* ICCID, new */
	device_refused(t, device_spec(t, 1, 20), 0, -EEXIST);	/* ICCID, known */
	device_refused(t, device_spec(t, 20, 5), 0, -EEXIST);	/* address, new */
	device_refused(t, device_spec(t, 20, 1), 0, -EEXIST);	/* address, known */
	device_refused(t, outside, 0, -ERANGE);
	device_refused(t, NULL, 6, -ENOSPC);
}

/* A commit makes devices equal to the upload. */
static void device_test_exact(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_upload *up;
	struct simseg_receipt receipt = {};
	u32 before[4], after[4], id[4], n;

	device_world(t);
	for (n = 1; n <= 3; n++)
		id[n] = simtest_owner(t, SIMTEST_POOL + n, &before[n]);
	up = device_upload(t);
	device_stage(t, up, device_spec(t, 1, 1));
	device_stage(t, up, device_spec(t, 2, 3));
	device_stage(t, up, device_spec(t, 4, 4));
	KUNIT_ASSERT_EQ(test, 0, simtest_commit(t, up, 0, &receipt));
	KUNIT_EXPECT_EQ(test, receipt.added, 1);
	KUNIT_EXPECT_EQ(test, receipt.removed, 1);
	KUNIT_EXPECT_EQ(test, receipt.devices, 1);
	KUNIT_EXPECT_EQ(test, receipt.kept, 0);
	KUNIT_EXPECT_NULL(test, simtest_find(t, 3));
	KUNIT_EXPECT_EQ(test, simtest_owner(t, SIMTEST_POOL + 1, &after[1]), id[1]);
	KUNIT_EXPECT_EQ(test, simtest_owner(t, SIMTEST_POOL + 2, NULL), 0);
	KUNIT_EXPECT_EQ(test, simtest_owner(t, SIMTEST_POOL + 3, &after[3]), id[2]);
	KUNIT_EXPECT_EQ(test, before[1], after[1]);
	KUNIT_EXPECT_GT(test, after[3], before[3]);
	KUNIT_EXPECT_EQ(test, t->sn->nbindings, 3);
	KUNIT_EXPECT_EQ(test, simtest_find(t, 2)->nbindings, 1);
}

/* Two devices swap their addresses in one step. */
static void device_test_swap(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_upload *up;
	u32 n;

	device_world(t);
	up = device_upload(t);
	for (n = 1; n <= 3; n++)
		device_stage(t, up, device_spec(t, n, n % 3 + 1));
	KUNIT_ASSERT_EQ(test, 0, simtest_commit(t, up, 0, NULL));
	for (n = 1; n <= 3; n++)
		KUNIT_EXPECT_EQ(test, simtest_owner(t, SIMTEST_POOL + n % 3 + 1, NULL),
				simtest_find(t, n)->id);
	KUNIT_EXPECT_EQ(test, t->sn->nbindings, 3);
}

/* Without devices in the upload they stay; with the flag and none they go. */
static void device_test_no_devices(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_receipt receipt = {};

	device_world(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_commit(t, device_upload(t), 0, &receipt));
	KUNIT_EXPECT_EQ(test, t->sn->ndevices, 3);
	KUNIT_ASSERT_EQ(test, 0, simtest_quarantine(t, 2, 0, false, NULL));
	KUNIT_ASSERT_EQ(test, 0, simtest_commit(t, device_upload(t), SIMSEG_COMMIT_DEVICES,
						&receipt));
	KUNIT_EXPECT_EQ(test, t->sn->ndevices, 1);
	KUNIT_EXPECT_EQ(test, receipt.removed, 2);
	KUNIT_EXPECT_EQ(test, receipt.kept, 1);
	KUNIT_EXPECT_EQ(test, simtest_owner(t, SIMTEST_POOL + 2, NULL), simtest_find(t, 2)->id);
}

/* Who is quarantined and stays counts; who is changed and not added does not. */
static void device_test_limit(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct device_counts before;
	struct simseg_upload *up;
	int run;

	device_world(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_quarantine(t, 2, 0, false, NULL));
	device_count(t, &before);
	for (run = 0; run < 2; run++) {
		up = device_upload(t);
		KUNIT_ASSERT_EQ(test, 0, simtest_setting(t, up, SIMSEG_A_SETTING_DEVICES, 3));
		device_stage(t, up, device_spec(t, 1, 1));
		device_stage(t, up, device_spec(t, 4, 4));
		if (!run)
			device_stage(t, up, device_spec(t, 5, 5));
		KUNIT_EXPECT_EQ(test, run ? 0 : -ENOSPC, simtest_commit(t, up, 0, NULL));
		if (!run)
			device_expect_same(t, &before);
	}
	KUNIT_EXPECT_EQ(test, t->sn->ndevices, 3);
	up = device_upload(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_setting(t, up, SIMSEG_A_SETTING_DEVICES, 2));
	KUNIT_EXPECT_EQ(test, 0, simtest_commit(t, up, 0, NULL));
	up = simtest_begin(t);
	device_stage(t, up, device_spec(t, 1, 6));
	KUNIT_EXPECT_EQ(test, 0, simtest_commit(t, up, SIMSEG_COMMIT_MERGE, NULL));
	up = simtest_begin(t);
	device_stage(t, up, device_spec(t, 6, 7));
	KUNIT_EXPECT_EQ(test, -ENOSPC, simtest_commit(t, up, SIMSEG_COMMIT_MERGE, NULL));
	/* what is restored was in force */
	up = device_upload(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_setting(t, up, SIMSEG_A_SETTING_DEVICES, 1));
	device_stage(t, up, device_spec(t, 1, 1));
	device_stage(t, up, device_spec(t, 4, 4));
	KUNIT_EXPECT_EQ(test, 0, simtest_commit(t, up, SIMSEG_COMMIT_RESTORE, NULL));
}

/* A quarantined device that is not listed keeps its address against others. */
static void device_test_kept_address(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct device_counts before;
	struct simseg_upload *up;

	device_world(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_quarantine(t, 2, 0, false, NULL));
	device_count(t, &before);
	up = device_upload(t);
	device_stage(t, up, device_spec(t, 1, 2));
	KUNIT_EXPECT_EQ(test, -EBUSY, simtest_commit(t, up, 0, NULL));
	device_expect_same(t, &before);
	/* listed, with another address, it is the operator's word */
	up = device_upload(t);
	device_stage(t, up, device_spec(t, 1, 2));
	device_stage(t, up, device_spec(t, 2, 1));
	KUNIT_EXPECT_EQ(test, 0, simtest_commit(t, up, 0, NULL));
	KUNIT_EXPECT_EQ(test, simtest_find(t, 2)->state, SIMSEG_STATE_QUARANTINED);
	KUNIT_EXPECT_EQ(test, t->sn->nquarantined, 1);
}

/* An ICCID that is quarantined before it is known. */
static void device_test_unknown(struct kunit *test)
{
	struct simtest_flow flow = {
		.src = SIMTEST_POOL + 9, .dst = SIMTEST_SCADA, .in = SIMTEST_SIM0,
		.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_UDP, .dport = 1,
	};
	struct simtest *t = test->priv;

	device_world(t);
	KUNIT_EXPECT_EQ(test, -ENOENT, simtest_quarantine(t, 9, 0, false, NULL));
	KUNIT_EXPECT_EQ(test, t->sn->ndevices, 3);
	KUNIT_EXPECT_EQ(test, 0, simtest_quarantine(t, 9, 0, true, NULL));
	KUNIT_EXPECT_EQ(test, simtest_find(t, 9)->state, SIMSEG_STATE_UNKNOWN);
	KUNIT_EXPECT_EQ(test, t->sn->nquarantined, 1);
	SIMTEST_EXPECT_REASON(t, &flow, UNBOUND);
	KUNIT_EXPECT_EQ(test, 0, simtest_new(t, device_spec(t, 9, 9)));
	KUNIT_EXPECT_EQ(test, simtest_find(t, 9)->state, SIMSEG_STATE_QUARANTINED);
	KUNIT_EXPECT_EQ(test, t->sn->ndevices, 4);
	KUNIT_EXPECT_EQ(test, t->sn->nquarantined, 1);
	SIMTEST_EXPECT_REASON(t, &flow, QUARANTINED);
	/* now it is known: a second one is one too many */
	KUNIT_EXPECT_EQ(test, -EEXIST, simtest_new(t, device_spec(t, 9, 9)));
	KUNIT_EXPECT_EQ(test, 0, simtest_release(t, 9));
	SIMTEST_EXPECT_REASON(t, &flow, NO_POLICY);
	/* one that never came goes when it is released */
	KUNIT_EXPECT_EQ(test, 0, simtest_quarantine(t, 10, 0, true, NULL));
	KUNIT_EXPECT_EQ(test, 0, simtest_release(t, 10));
	KUNIT_EXPECT_NULL(test, simtest_find(t, 10));
	KUNIT_EXPECT_EQ(test, t->sn->nquarantined, 0);
}

/* One ICCID of several is not known: nobody is quarantined. */
static void device_test_quarantine_all(struct kunit *test)
{
	struct simseg_who who = { .actor = "kunit" };
	struct simseg_quarantine_request request = { .ndevices = 3 };
	struct simseg_receipt receipt = {};
	struct simtest *t = test->priv;
	u8 iccids[3][SIMSEG_ICCID_BCD];
	struct device_counts before;

	device_world(t);
	device_count(t, &before);
	request.iccids = iccids;
	simtest_iccid(1, iccids[0]);
	simtest_iccid(99, iccids[1]);
	simtest_iccid(2, iccids[2]);
	KUNIT_EXPECT_EQ(test, -ENOENT, simtest_locked(t, simseg_quarantine(t->sn, &request, &who,
									   &receipt, NULL)));
	device_expect_same(t, &before);
	KUNIT_EXPECT_EQ(test, simtest_find(t, 1)->state, SIMSEG_STATE_ACTIVE);
	/* named twice it is still one device */
	simtest_iccid(1, iccids[1]);
	KUNIT_EXPECT_EQ(test, 0, simtest_locked(t, simseg_quarantine(t->sn, &request, &who,
								     &receipt, NULL)));
	KUNIT_EXPECT_EQ(test, receipt.devices, 2);
	KUNIT_EXPECT_EQ(test, t->sn->nquarantined, 2);
	KUNIT_EXPECT_EQ(test, 0, simtest_locked(t, simseg_release(t->sn, &request, NULL)));
	KUNIT_EXPECT_EQ(test, t->sn->nquarantined, 0);
}

/* A device has a hold on the name of its policy, wherever that is. */
static void device_test_names(struct kunit *test)
{
	struct simtest *t = test->priv;
	u32 id;

	device_world(t);
	id = simseg_name_find(&t->sn->policy_names, "meter");
	KUNIT_EXPECT_NE(test, id, 0);
	KUNIT_EXPECT_EQ(test, simtest_find(t, 1)->policy, id);
	KUNIT_ASSERT_EQ(test, 0, simtest_del(t, 1));
	KUNIT_ASSERT_EQ(test, 0, simtest_del(t, 2));
	KUNIT_EXPECT_EQ(test, simseg_name_find(&t->sn->policy_names, "meter"), id);
	KUNIT_ASSERT_EQ(test, 0, simtest_del(t, 3));
	KUNIT_EXPECT_EQ(test, simseg_name_find(&t->sn->policy_names, "meter"), 0);
	KUNIT_EXPECT_TRUE(test, simseg_name_valid("a.B-c_9"));
	KUNIT_EXPECT_FALSE(test, simseg_name_valid(""));
	KUNIT_EXPECT_FALSE(test, simseg_name_valid("a b"));
	KUNIT_EXPECT_FALSE(test, simseg_name_valid("a/b"));
	KUNIT_EXPECT_TRUE(test, simseg_name_valid("1234567890123456789012345678901"));
	KUNIT_EXPECT_FALSE(test, simseg_name_valid("12345678901234567890123456789012"));
}

static struct kunit_case device_test_cases[] = {
	KUNIT_CASE(device_test_iccid),
	KUNIT_CASE_PARAM(device_test_new, simtest_families),
	KUNIT_CASE_PARAM(device_test_all_or_nothing, simtest_families),
	KUNIT_CASE_PARAM(device_test_exact, simtest_families),
	KUNIT_CASE_PARAM(device_test_swap, simtest_families),
	KUNIT_CASE_PARAM(device_test_no_devices, simtest_families),
	KUNIT_CASE_PARAM(device_test_limit, simtest_families),
	KUNIT_CASE_PARAM(device_test_kept_address, simtest_families),
	KUNIT_CASE_PARAM(device_test_unknown, simtest_families),
	KUNIT_CASE(device_test_quarantine_all),
	KUNIT_CASE(device_test_names),
	{}
};

static struct kunit_suite device_test_suite = {
	.name = "simseg_device",
	.suite_init = simtest_suite_init,
	.suite_exit = simtest_suite_exit,
	.init = simtest_init,
	.exit = simtest_exit,
	.test_cases = device_test_cases,
};

kunit_test_suite(device_test_suite);
