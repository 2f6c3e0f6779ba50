// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rulesets on trial, what a commit would do, and commits that do nothing.
 */
#include <linux/delay.h>

#include "test_util.h"

static const struct simtest_flow trial_https = {
	.src = SIMTEST_METER, .dst = SIMTEST_SCADA, .in = SIMTEST_SIM0,
	.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_TCP, .tcp = SIMTEST_SYN,
	.sport = SIMTEST_PORT, .dport = 443,
};

static const struct simtest_flow trial_window = {
	.src = SIMTEST_METER, .dst = SIMTEST_SCADA, .in = SIMTEST_SIM0,
	.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_UDP,
	.sport = SIMTEST_PORT, .dport = 9999,
};

/* The world's rules, but that meters may do one thing more and cameras nothing. */
static struct simseg_upload *trial_rules(struct simtest *t)
{
	static const struct simtest_rule rules[] = {
		{ SIMSEG_DIR_OUT, IPPROTO_TCP, SIMSEG_PEER_SET, 443, 0, "scada" },
		{ SIMSEG_DIR_OUT, IPPROTO_UDP, SIMSEG_PEER_SET, 9999, 0, "scada" },
	};
	struct simseg_upload *up = simtest_begin(t);

	KUNIT_ASSERT_EQ(t->kunit, 0, simtest_pool(t, up, SIMTEST_POOL, 16));
	KUNIT_ASSERT_EQ(t->kunit, 0, simtest_peers(t, up, "scada", SIMTEST_SCADA, 32));
	KUNIT_ASSERT_EQ(t->kunit, 0, simtest_policy(t, up, "meter", rules, ARRAY_SIZE(rules)));
	return up;
}

static void trial_expect_hash(struct simtest *t, const u8 *hash)
{
	KUNIT_EXPECT_MEMEQ(t->kunit, simtest_ruleset(t)->hash, hash, SIMSEG_HASH_LEN);
}

static void trial_wait(struct simtest *t)
{
	u32 i;

	for (i = 0; i < 200 && simtest_locked(t, t->sn->previous); i++)
		msleep(20);
}

/* A change window ends by itself, and with it what it alone allowed. */
static void trial_test_window(struct kunit *test)
{
	const struct simseg_commit commit = { .duration = 300 * NSEC_PER_MSEC };
	struct simtest *t = test->priv;
	struct simseg_receipt receipt = {};
	u8 hash[SIMSEG_HASH_LEN];
	u32 generation;

	simtest_world(t);
	memcpy(hash, simtest_ruleset(t)->hash, sizeof(hash));
	generation = simtest_ruleset(t)->generation;
	SIMTEST_EXPECT_REASON(t, &trial_https, RULE);
	SIMTEST_EXPECT_REASON(t, &trial_window, NO_RULE);
	KUNIT_ASSERT_EQ(test, 0, simtest_commit_as(t, trial_rules(t), &commit, NULL));
	SIMTEST_EXPECT_REASON(t, &trial_window, RULE);
	SIMTEST_EXPECT_REASON(t, &trial_https, SESSION);
	/* nothing else may be put in force meanwhile, and it cannot be kept */
	KUNIT_EXPECT_EQ(test, -EBUSY, simtest_commit(t, simtest_world_rules(t), 0, NULL));
	KUNIT_EXPECT_EQ(test, -EBUSY, simtest_flush(t, &receipt));
	KUNIT_EXPECT_EQ(test, -EPERM, simtest_locked(t, simseg_trial_confirm(t->sn, &t->extack)));
	trial_wait(t);
	trial_expect_hash(t, hash);
	KUNIT_EXPECT_EQ(test, simtest_ruleset(t)->generation, generation + 2);
	SIMTEST_EXPECT_REASON(t, &trial_window, NO_RULE);
	SIMTEST_EXPECT_REASON(t, &trial_https, SESSION);
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_RULESET), 1);
	KUNIT_EXPECT_EQ(test, -ENOENT, simtest_locked(t, simseg_trial_revert(t->sn, &receipt,
									     &t->extack)));
}

/* What is confirmed stays; what is not goes back. */
static void trial_test_confirm(struct kunit *test)
{
	const struct simseg_commit commit = {
		.flags = SIMSEG_COMMIT_CONFIRM, .duration = 300 * NSEC_PER_MSEC,
	};
	struct simtest *t = test->priv;
	u8 hash[SIMSEG_HASH_LEN];

	simtest_world(t);
	memcpy(hash, simtest_ruleset(t)->hash, sizeof(hash));
	KUNIT_ASSERT_EQ(test, 0, simtest_commit_as(t, trial_rules(t), &commit, NULL));
	trial_wait(t);
	trial_expect_hash(t, hash);
	KUNIT_ASSERT_EQ(test, 0, simtest_commit_as(t, trial_rules(t), &commit, NULL));
	memcpy(hash, simtest_ruleset(t)->hash, sizeof(hash));
	KUNIT_EXPECT_EQ(test, 0, simtest_locked(t, simseg_trial_confirm(t->sn, &t->extack)));
	KUNIT_EXPECT_EQ(test, -ENOENT, simtest_locked(t, simseg_trial_confirm(t->sn, &t->extack)));
	msleep(400);
	trial_expect_hash(t, hash);
	SIMTEST_EXPECT_REASON(t, &trial_window, RULE);
}

static void trial_test_revert(struct kunit *test)
{
	const struct simseg_commit commit = { .duration = 1000 * NSEC_PER_SEC };
	struct simtest *t = test->priv;
	struct simseg_receipt receipt = {};
	u8 hash[SIMSEG_HASH_LEN];

	simtest_world(t);
	memcpy(hash, simtest_ruleset(t)->hash, sizeof(hash));
	KUNIT_ASSERT_EQ(test, 0, simtest_commit_as(t, trial_rules(t), &commit, NULL));
	SIMTEST_EXPECT_REASON(t, &trial_window, RULE);
	KUNIT_EXPECT_EQ(test, 0, simtest_locked(t, simseg_trial_revert(t->sn, &receipt,
								       &t->extack)));
	KUNIT_EXPECT_EQ(test, receipt.sessions, 1);
	trial_expect_hash(t, hash);
	/* one that is left on trial at the end of the case is taken back with it */
	KUNIT_ASSERT_EQ(test, 0, simtest_commit_as(t, trial_rules(t), &commit, NULL));
}

static int trial_grant(struct simtest *t, u64 seconds)
{
	static const struct simtest_rule any = { SIMSEG_DIR_OUT, IPPROTO_UDP, SIMSEG_PEER_ANY };
	static const struct simseg_who who = { .actor = "alice", .reason = "r", .ticket = "t" };
	struct simseg_device_spec *spec = simtest_spec(t, SIMTEST_ID_METER, "");
	struct simseg_grant_request request = { .duration = seconds * NSEC_PER_SEC };
	u32 id;

	simtest_spec_rule(t, spec, &any);
	memcpy(request.iccid, spec->iccid, sizeof(request.iccid));
	request.nrules = 1;
	request.rules = spec->rules;
	return simtest_locked(t, simseg_grant_new(t->sn, &request, &who, &id, &t->extack));
}

/* A window lets nobody in for longer than before: a grant would outlive it. */
static void trial_test_grant_max(struct kunit *test)
{
	const struct simseg_commit commit = {
		.flags = SIMSEG_COMMIT_CONFIRM, .duration = 1000 * NSEC_PER_SEC,
	};
	const u32 day = 86400;
	struct simtest *t = test->priv;
	struct simseg_upload *up;

	simtest_world(t);
	up = trial_rules(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_setting(t, up, SIMSEG_A_SETTING_GRANT_MAX, 2 * day));
	KUNIT_ASSERT_EQ(test, 0, simtest_commit_as(t, up, &commit, NULL));
	KUNIT_EXPECT_EQ(test, -ERANGE, trial_grant(t, day + 1));
	KUNIT_EXPECT_EQ(test, 0, trial_grant(t, day));
	KUNIT_ASSERT_EQ(test, 0, simtest_locked(t, simseg_trial_confirm(t->sn, &t->extack)));
	KUNIT_EXPECT_EQ(test, 0, trial_grant(t, day + 1));
}

/* The pick-up time begins once, and not again when a ruleset comes back. */
static void trial_test_pickup(struct kunit *test)
{
	const struct simseg_commit commit = { .duration = 1000 * NSEC_PER_SEC };
	struct simtest *t = test->priv;
	struct simseg_receipt receipt = {};
	struct simseg_upload *up;
	u64 until;

	simtest_world(t);
	up = trial_rules(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_setting(t, up, SIMSEG_A_SETTING_PICKUP, 600));
	KUNIT_ASSERT_EQ(test, 0, simtest_commit(t, up, 0, NULL));
	until = READ_ONCE(t->sn->pickup_until);
	up = simtest_begin(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_pool(t, up, SIMTEST_POOL, 16));
	KUNIT_ASSERT_EQ(test, 0, simtest_setting(t, up, SIMSEG_A_SETTING_PICKUP, 600));
	KUNIT_ASSERT_EQ(test, 0, simtest_commit_as(t, up, &commit, NULL));
	KUNIT_EXPECT_EQ(test, 0, simtest_locked(t, simseg_trial_revert(t->sn, &receipt,
								       &t->extack)));
	KUNIT_EXPECT_GT(test, simtest_ruleset(t)->npolicies, 0);
	KUNIT_EXPECT_EQ(test, until, READ_ONCE(t->sn->pickup_until));
}

static void trial_test_refused(struct kunit *test)
{
	const struct simseg_commit endless = { .flags = SIMSEG_COMMIT_CONFIRM };
	const struct simseg_commit devices = {
		.flags = SIMSEG_COMMIT_DEVICES, .duration = NSEC_PER_SEC,
	};
	struct simtest *t = test->priv;
	const struct simseg_ruleset *before;

	simtest_world(t);
	before = simtest_ruleset(t);
	KUNIT_EXPECT_EQ(test, -EINVAL, simtest_commit_as(t, trial_rules(t), &endless, NULL));
	KUNIT_EXPECT_EQ(test, -EINVAL, simtest_commit_as(t, trial_rules(t), &devices, NULL));
	KUNIT_EXPECT_PTR_EQ(test, before, simtest_ruleset(t));
	KUNIT_EXPECT_NULL(test, t->sn->previous);
}

static void trial_expect_same(struct simtest *t, const struct simseg_receipt *a,
			      const struct simseg_receipt *b)
{
	KUNIT_EXPECT_EQ(t->kunit, a->sessions, b->sessions);
	KUNIT_EXPECT_EQ(t->kunit, a->added, b->added);
	KUNIT_EXPECT_EQ(t->kunit, a->removed, b->removed);
	KUNIT_EXPECT_EQ(t->kunit, a->devices, b->devices);
	KUNIT_EXPECT_EQ(t->kunit, a->kept, b->kept);
}

/* METER as it is, CAMERA with another address, ROAMER's goes to somebody new. */
static struct simseg_upload *trial_devices(struct simtest *t)
{
	struct simseg_upload *up = trial_rules(t);
	struct simseg_device_spec *spec;

	spec = simtest_spec(t, SIMTEST_ID_METER, "meter");
	simtest_spec_bind(t, spec, SIMTEST_METER, 32, "st-sim0");
	KUNIT_ASSERT_EQ(t->kunit, 0, simtest_stage(t, up, spec));
	spec = simtest_spec(t, SIMTEST_ID_CAMERA, "meter");
	simtest_spec_bind(t, spec, IP(10, 64, 7, 7), 32, "st-sim1");
	KUNIT_ASSERT_EQ(t->kunit, 0, simtest_stage(t, up, spec));
	spec = simtest_spec(t, 77, "meter");
	simtest_spec_bind(t, spec, SIMTEST_ROAMER, 32, "st-sim0");
	KUNIT_ASSERT_EQ(t->kunit, 0, simtest_stage(t, up, spec));
	return up;
}

/* What the dry run says is what the commit does, and the dry run does nothing. */
static void trial_test_dry(struct kunit *test)
{
	struct simseg_receipt dry = {}, wet = {};
	struct simtest_flow flow = trial_https;
	struct simtest *t = test->priv;
	const struct simseg_ruleset *before;
	u32 change;

	simtest_world(t);
	SIMTEST_EXPECT_REASON(t, &trial_https, RULE);
	flow.src = SIMTEST_ROAMER;
	SIMTEST_EXPECT_REASON(t, &flow, RULE);
	flow.src = SIMTEST_METER;
	flow.proto = IPPROTO_UDP;
	flow.dport = 123;
	SIMTEST_EXPECT_REASON(t, &flow, RULE);
	before = simtest_ruleset(t);
	change = atomic_read(&t->sn->change);
	KUNIT_EXPECT_EQ(test, 0, simtest_commit(t, trial_devices(t), SIMSEG_COMMIT_DRY, &dry));
	KUNIT_EXPECT_PTR_EQ(test, before, simtest_ruleset(t));
	KUNIT_EXPECT_EQ(test, change, (u32)atomic_read(&t->sn->change));
	KUNIT_EXPECT_EQ(test, t->sn->ndevices, SIMTEST_IDS - 1);
	SIMTEST_EXPECT_REASON(t, &flow, SESSION);
	KUNIT_EXPECT_EQ(test, 0, simtest_commit(t, trial_devices(t), 0, &wet));
	KUNIT_EXPECT_EQ(test, wet.sessions, 2);
	KUNIT_EXPECT_EQ(test, wet.added, 1);
	KUNIT_EXPECT_EQ(test, wet.devices, 1);
	KUNIT_EXPECT_EQ(test, wet.removed, 3);
	KUNIT_EXPECT_EQ(test, wet.kept, 1);
	trial_expect_same(t, &dry, &wet);
	SIMTEST_EXPECT_REASON(t, &trial_https, SESSION);
}

/* The same once more is nothing: same generation, and no session looks again. */
static void trial_test_unchanged(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_receipt receipt = {};
	u32 generation, change;

	simtest_world(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_commit(t, trial_devices(t), 0, NULL));
	generation = simtest_ruleset(t)->generation;
	change = atomic_read(&t->sn->change);
	KUNIT_EXPECT_EQ(test, 0, simtest_commit(t, trial_devices(t), 0, &receipt));
	KUNIT_EXPECT_EQ(test, simtest_ruleset(t)->generation, generation);
	KUNIT_EXPECT_EQ(test, change, (u32)atomic_read(&t->sn->change));
	KUNIT_EXPECT_EQ(test, receipt.added + receipt.removed + receipt.devices, 0);
	/* what a peer set holds is part of it */
	KUNIT_ASSERT_EQ(test, 0, simtest_peer_change(t, "scada", SIMTEST_HELPER, 32, true));
	KUNIT_EXPECT_EQ(test, 0, simtest_commit(t, trial_devices(t), 0, &receipt));
	KUNIT_EXPECT_EQ(test, simtest_ruleset(t)->generation, generation + 1);
}

/* The operator's own connection, and where management comes from. */
static void trial_test_lockout(struct kunit *test)
{
	struct simseg_pkt ssh = {
		.proto = IPPROTO_TCP, .tcp_flags = SIMTEST_SYN, .dport = htons(22),
		.hook = SIMSEG_HOOK_INPUT, .flags = SIMSEG_PKT_PORTS | SIMSEG_PKT_ANY_IIF,
	};
	struct simseg_commit commit = { .keep = &ssh };
	struct simtest *t = test->priv;
	struct simseg_prefix failsafe;
	struct simseg_upload *up;

	simtest_world(t);
	simtest_addr(t, SIMTEST_WORLD, &ssh.src);
	simtest_addr(t, SIMTEST_SCADA, &ssh.dst);
	KUNIT_EXPECT_EQ(test, 0, simtest_commit_as(t, trial_rules(t), &commit, NULL));
	up = trial_rules(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_pool(t, up, SIMTEST_WORLD, 32));
	KUNIT_EXPECT_EQ(test, -EPERM, simtest_commit_as(t, up, &commit, NULL));
	simtest_prefix(t, SIMTEST_WORLD, 32, &failsafe);
	up = trial_rules(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_pool(t, up, SIMTEST_WORLD, 32));
	KUNIT_ASSERT_EQ(test, 0, simtest_locked(t, simseg_upload_failsafe(up, &failsafe, 1, NULL)));
	commit.keep = NULL;
	KUNIT_EXPECT_EQ(test, -EPERM, simtest_commit_as(t, up, &commit, NULL));
	/* on trial it may be tried */
	commit.keep = &ssh;
	commit.duration = 1000 * NSEC_PER_SEC;
	up = trial_rules(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_pool(t, up, SIMTEST_WORLD, 32));
	KUNIT_EXPECT_EQ(test, 0, simtest_commit_as(t, up, &commit, NULL));
}

/* Behind a SIM: the file that lacks it, moves its address or takes its rule away. */
static void trial_test_lockout_device(struct kunit *test)
{
	struct simseg_pkt ssh = {
		.proto = IPPROTO_TCP, .tcp_flags = SIMTEST_SYN, .dport = htons(443),
		.hook = SIMSEG_HOOK_FORWARD, .flags = SIMSEG_PKT_PORTS | SIMSEG_PKT_ANY_IIF,
	};
	struct simseg_commit commit = { .keep = &ssh, .flags = SIMSEG_COMMIT_DEVICES };
	struct simtest *t = test->priv;
	struct simseg_device_spec *spec;
	struct simseg_upload *up;

	simtest_world(t);
	simtest_addr(t, SIMTEST_METER, &ssh.src);
	simtest_addr(t, SIMTEST_SCADA, &ssh.dst);
	KUNIT_EXPECT_EQ(test, -EPERM, simtest_commit_as(t, trial_rules(t), &commit, NULL));
	/* it is there, with another policy */
	up = trial_rules(t);
	spec = simtest_spec(t, SIMTEST_ID_METER, "camera");
	simtest_spec_bind(t, spec, SIMTEST_METER, 32, "st-sim0");
	KUNIT_ASSERT_EQ(test, 0, simtest_stage(t, up, spec));
	KUNIT_EXPECT_EQ(test, -EPERM, simtest_commit_as(t, up, &commit, NULL));
	/* with another address */
	up = trial_rules(t);
	spec = simtest_spec(t, SIMTEST_ID_METER, "meter");
	simtest_spec_bind(t, spec, IP(10, 64, 7, 7), 32, "st-sim0");
	KUNIT_ASSERT_EQ(test, 0, simtest_stage(t, up, spec));
	KUNIT_EXPECT_EQ(test, -EPERM, simtest_commit_as(t, up, &commit, NULL));
	/* and as it was */
	KUNIT_EXPECT_EQ(test, 0, simtest_commit_as(t, trial_devices(t), &commit, NULL));
}

static struct kunit_case trial_test_cases[] = {
	KUNIT_CASE_PARAM(trial_test_window, simtest_families),
	KUNIT_CASE_PARAM(trial_test_confirm, simtest_families),
	KUNIT_CASE_PARAM(trial_test_revert, simtest_families),
	KUNIT_CASE(trial_test_grant_max),
	KUNIT_CASE(trial_test_pickup),
	KUNIT_CASE(trial_test_refused),
	KUNIT_CASE_PARAM(trial_test_dry, simtest_families),
	KUNIT_CASE_PARAM(trial_test_unchanged, simtest_families),
	KUNIT_CASE_PARAM(trial_test_lockout, simtest_families),
	KUNIT_CASE_PARAM(trial_test_lockout_device, simtest_families),
	{}
};

static struct kunit_suite trial_test_suite = {
	.name = "simseg_trial",
	.suite_init = simtest_suite_init,
	.suite_exit = simtest_suite_exit,
	.init = simtest_init,
	.exit = simtest_exit,
	.test_cases = trial_test_cases,
};

kunit_test_suite(trial_test_suite);
