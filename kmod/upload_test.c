// SPDX-License-Identifier: GPL-2.0-only
/*
 * Uploads: what a commit refuses, and that what is refused has changed nothing.
 */
#include "netlink.h"
#include "test_util.h"

static const struct simtest_rule upload_rule = {
	SIMSEG_DIR_OUT, IPPROTO_TCP, SIMSEG_PEER_SET, 443, 0, "scada"
};

/* The ruleset that was there, by its very address. */
static void upload_refused(struct simtest *t, struct simseg_upload *up, int err)
{
	const struct simseg_ruleset *before = simtest_ruleset(t);
	u32 change = atomic_read(&t->sn->change);

	KUNIT_EXPECT_EQ(t->kunit, err, simtest_commit(t, up, 0, NULL));
	KUNIT_EXPECT_PTR_EQ(t->kunit, before, simtest_ruleset(t));
	KUNIT_EXPECT_EQ(t->kunit, change, (u32)atomic_read(&t->sn->change));
	KUNIT_EXPECT_TRUE(t->kunit, list_empty(&t->sn->uploads));
}

static void upload_test_stale(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_upload *mine, *other;
	u32 generation;

	simtest_world(t);
	generation = simtest_ruleset(t)->generation;
	KUNIT_EXPECT_EQ(test, -ESTALE,
			simtest_locked(t, simseg_upload_begin(t->sn, 1, generation - 1, NULL)));
	mine = simtest_world_rules(t);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			simtest_locked(t, simseg_upload_begin(t->sn, 0x7e57, generation, NULL)));
	KUNIT_ASSERT_EQ(test, 0, simtest_locked(t, simseg_upload_begin(t->sn, 1, generation,
								       NULL)));
	other = simtest_locked(t, simseg_upload_find(t->sn, 1));
	KUNIT_ASSERT_EQ(test, 0, simtest_pool(t, other, SIMTEST_POOL, 16));
	KUNIT_EXPECT_EQ(test, 0, simtest_commit(t, other, 0, NULL));
	KUNIT_EXPECT_EQ(test, simtest_ruleset(t)->generation, generation + 1);
	upload_refused(t, mine, -ESTALE);
}

static void upload_test_many(struct kunit *test)
{
	struct simtest *t = test->priv;
	u32 i, generation = simtest_ruleset(t)->generation;

	for (i = 1; i <= SIMSEG_UPLOADS_MAX; i++)
		KUNIT_EXPECT_EQ(test, 0, simtest_locked(t, simseg_upload_begin(t->sn, i,
									       generation,
									       NULL)));
	KUNIT_EXPECT_EQ(test, -EBUSY, simtest_locked(t, simseg_upload_begin(t->sn, i, generation,
									    NULL)));
	KUNIT_EXPECT_NULL(test, simtest_locked(t, simseg_upload_find(t->sn, i)));
}

static void upload_test_peer_set(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_upload *up;

	simtest_world(t);
	up = simtest_begin(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_pool(t, up, SIMTEST_POOL, 16));
	KUNIT_ASSERT_EQ(test, 0, simtest_policy(t, up, "meter", &upload_rule, 1));
	upload_refused(t, up, -ENOENT);	/* though the one in force has it */
	KUNIT_EXPECT_EQ(test, -ENOENT, simtest_peer_change(t, "masters", 1, 32, true));
	KUNIT_EXPECT_EQ(test, -ENOENT, simtest_peer_change(t, "scada", 1, 32, false));
}

static void upload_test_pools(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_prefix open;
	const struct simseg_commit commit = { .open = &open, .nopen = 1 };
	struct simseg_upload *up;

	simtest_world(t);
	upload_refused(t, simtest_begin(t), -EPERM);
	up = simtest_begin(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_pool(t, up, SIMTEST_POOL, 17));
	upload_refused(t, up, -EPERM);
	/* covered by two halves, or by a larger one, it is not open */
	up = simtest_begin(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_pool(t, up, SIMTEST_POOL, 17));
	KUNIT_ASSERT_EQ(test, 0, simtest_pool(t, up, IP(10, 64, 128, 0), 17));
	KUNIT_EXPECT_EQ(test, 0, simtest_commit(t, up, 0, NULL));
	up = simtest_begin(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_pool(t, up, IP(10, 0, 0, 0), 8));
	KUNIT_EXPECT_EQ(test, 0, simtest_commit(t, up, 0, NULL));
	KUNIT_EXPECT_TRUE(test, t->sn->holds_module);
	/* named it opens; by another name it does not */
	simtest_prefix(t, IP(10, 0, 0, 0), 9, &open);
	up = simtest_begin(t);
	KUNIT_EXPECT_EQ(test, -EPERM, simtest_commit_as(t, up, &commit, NULL));
	simtest_prefix(t, IP(10, 0, 0, 0), 8, &open);
	up = simtest_begin(t);
	KUNIT_EXPECT_EQ(test, 0, simtest_commit_as(t, up, &commit, NULL));
	KUNIT_EXPECT_FALSE(test, t->sn->holds_module);
	/* devices that have an address there stay governed by it */
	KUNIT_EXPECT_EQ(test, t->sn->ndevices, SIMTEST_IDS - 1);
}

static void upload_test_limits(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_prefix *many;
	struct simtest_rule *rules;
	struct simseg_upload *up;
	u32 i;

	up = simtest_begin(t);
	for (i = 0; i < SIMSEG_POOLS_MAX; i++)
		KUNIT_ASSERT_EQ(test, 0, simtest_pool(t, up, SIMTEST_POOL + i, 32));
	KUNIT_EXPECT_EQ(test, -ENOSPC, simtest_pool(t, up, SIMTEST_POOL + i, 32));
	KUNIT_EXPECT_EQ(test, -ERANGE, simtest_setting(t, up, SIMSEG_A_SETTING_TCP_NEW, 0));
	KUNIT_EXPECT_EQ(test, 0, simtest_setting(t, up, SIMSEG_A_SETTING_PICKUP, 0));
	KUNIT_EXPECT_EQ(test, 0, simtest_setting(t, up, SIMSEG_A_SETTING_SESSIONS, 1 << 24));
	KUNIT_EXPECT_EQ(test, -ERANGE, simtest_setting(t, up, SIMSEG_A_SETTING_SESSIONS,
						       (1 << 24) + 1));
	rules = kunit_kcalloc(test, SIMSEG_RULES_MAX, sizeof(*rules), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rules);
	KUNIT_EXPECT_EQ(test, 0, simtest_policy(t, up, "big", rules, SIMSEG_RULES_MAX));
	KUNIT_EXPECT_EQ(test, -ENOSPC, simtest_policy(t, up, "big", rules, 1));
	many = kvcalloc(SIMSEG_PEERS_MAX, sizeof(*many), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, many);
	for (i = 0; i < SIMSEG_PEERS_MAX; i++)
		simtest_prefix(t, SIMTEST_WORLD + i, 32, &many[i]);
	KUNIT_EXPECT_EQ(test, 0, simtest_locked(t, simseg_upload_peers(t->sn, up, "all", many,
								       SIMSEG_PEERS_MAX, NULL)));
	kvfree(many);
	KUNIT_EXPECT_EQ(test, -ENOSPC, simtest_peers(t, up, "all", SIMTEST_SCADA, 32));
	/* and with all of that full, it is in force */
	KUNIT_EXPECT_EQ(test, 0, simtest_commit(t, up, 0, NULL));
	KUNIT_EXPECT_EQ(test, simtest_ruleset(t)->npools, SIMSEG_POOLS_MAX);
	KUNIT_EXPECT_EQ(test, -ENOSPC, simtest_peer_change(t, "all", SIMTEST_SCADA, 32, true));
}

/* The hash names what is in force: the same for the same, in any order. */
static void upload_test_hash(struct kunit *test)
{
	struct simtest *t = test->priv;
	u8 first[SIMSEG_HASH_LEN];
	struct simseg_upload *up;

	simtest_world(t);
	memcpy(first, simtest_ruleset(t)->hash, sizeof(first));
	KUNIT_EXPECT_EQ(test, 0, simtest_commit(t, simtest_world_rules(t), 0, NULL));
	KUNIT_EXPECT_MEMEQ(test, first, simtest_ruleset(t)->hash, sizeof(first));
	/* what a peer set holds is not part of it */
	KUNIT_EXPECT_EQ(test, 0, simtest_peer_change(t, "scada", SIMTEST_WORLD, 32, true));
	KUNIT_EXPECT_MEMEQ(test, first, simtest_ruleset(t)->hash, sizeof(first));
	up = simtest_world_rules(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_setting(t, up, SIMSEG_A_SETTING_TCP_NEW, 61));
	KUNIT_EXPECT_EQ(test, 0, simtest_commit(t, up, 0, NULL));
	KUNIT_EXPECT_MEMNEQ(test, first, simtest_ruleset(t)->hash, sizeof(first));
	up = simtest_world_rules(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_policy(t, up, "meter", &upload_rule, 1));
	KUNIT_EXPECT_EQ(test, 0, simtest_commit(t, up, 0, NULL));
	KUNIT_EXPECT_MEMNEQ(test, first, simtest_ruleset(t)->hash, sizeof(first));
}

/* Two pools, failsafe prefixes and prefixes of a rule; @turn: the other one comes first. */
static struct simseg_upload *upload_turned(struct simtest *t, u32 turn)
{
	struct simseg_rule_spec *spec = kvcalloc(1, sizeof(*spec), GFP_KERNEL);
	struct simseg_upload *up = simtest_begin(t);
	struct simseg_prefix prefix[2];
	u32 i;

	KUNIT_ASSERT_NOT_NULL(t->kunit, spec);
	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(t->kunit, 0, simtest_pool(t, up, SIMTEST_POOL + (i ^ turn), 32));
		simtest_prefix(t, SIMTEST_WORLD + (i ^ turn), 32, &prefix[i]);
	}
	KUNIT_EXPECT_EQ(t->kunit, 0,
			simtest_locked(t, simseg_upload_failsafe(up, prefix, 2, NULL)));
	spec->kind = SIMSEG_PEER_OWN;
	spec->prefixes = simseg_prefixes_dup(prefix, 2);
	spec->nprefixes = 2;
	KUNIT_EXPECT_EQ(t->kunit, 0, simtest_locked(t, simseg_upload_policy(t->sn, up, "p", false,
									    spec, 1, NULL)));
	simseg_rule_specs_free(spec, 1);
	return up;
}

static void upload_test_order(struct kunit *test)
{
	struct simtest *t = test->priv;
	u32 generation;

	KUNIT_ASSERT_EQ(test, 0, simtest_commit(t, upload_turned(t, 0), 0, NULL));
	generation = simtest_ruleset(t)->generation;
	KUNIT_EXPECT_EQ(test, 0, simtest_commit(t, upload_turned(t, 1), 0, NULL));
	KUNIT_EXPECT_EQ(test, simtest_ruleset(t)->generation, generation);
}

/* The same prefix again, by upload or by addition, is one prefix. */
static void upload_test_peer_twice(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_upload *up = simtest_begin(t);

	KUNIT_ASSERT_EQ(test, 0, simtest_pool(t, up, SIMTEST_POOL, 16));
	KUNIT_ASSERT_EQ(test, 0, simtest_peers(t, up, "scada", SIMTEST_SCADA, 32));
	KUNIT_ASSERT_EQ(test, 0, simtest_peers(t, up, "scada", SIMTEST_WORLD, 32));
	KUNIT_ASSERT_EQ(test, 0, simtest_peers(t, up, "scada", SIMTEST_SCADA, 32));
	KUNIT_ASSERT_EQ(test, 0, simtest_commit(t, up, 0, NULL));
	KUNIT_EXPECT_EQ(test, simtest_ruleset(t)->peersets[0].nprefixes, 2);
	KUNIT_EXPECT_EQ(test, 0, simtest_peer_change(t, "scada", SIMTEST_WORLD, 32, true));
	KUNIT_EXPECT_EQ(test, simtest_ruleset(t)->peersets[0].nprefixes, 2);
	KUNIT_EXPECT_EQ(test, 0, simtest_peer_change(t, "scada", SIMTEST_SCADA, 32, false));
	KUNIT_EXPECT_EQ(test, simtest_ruleset(t)->peersets[0].nprefixes, 1);
}

/* A message with one prefix that is none, and no actor, on the socket of the uploads. */
static int upload_bad_piece(struct simtest *t)
{
	struct nlattr *attrs[SIMSEG_A_MAX + 1] = {};
	struct genl_info info = {
		.snd_portid = 0x7e57, .attrs = attrs, .extack = &t->extack,
	};
	struct simseg_prefix prefix = { .plen = 129 };
	struct sk_buff *skb = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	struct nlmsghdr *nlh;
	int err;

	KUNIT_ASSERT_NOT_NULL(t->kunit, skb);
	nlh = nlmsg_put(skb, 0, 0, 0, GENL_HDRLEN, 0);
	nla_put(skb, SIMSEG_A_PREFIX, sizeof(prefix), &prefix);
	nlmsg_end(skb, nlh);
	info.nlhdr = nlh;
	info.genlhdr = nlmsg_data(nlh);
	genl_info_net_set(&info, &init_net);
	err = simseg_nl_ruleset_pool_doit(skb, &info);
	kfree_skb(skb);
	return err;
}

/* Who does not look at refusals gets none of it in force. */
static void upload_test_broken(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_upload *up;

	simtest_world(t);
	up = simtest_begin(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_pool(t, up, SIMTEST_POOL, 16));
	KUNIT_EXPECT_EQ(test, -EINVAL, upload_bad_piece(t));
	upload_refused(t, up, -EINVAL);
	KUNIT_EXPECT_EQ(test, -EINVAL, upload_bad_piece(t));
}

static struct kunit_case upload_test_cases[] = {
	KUNIT_CASE(upload_test_broken),
	KUNIT_CASE(upload_test_stale),
	KUNIT_CASE(upload_test_many),
	KUNIT_CASE(upload_test_peer_set),
	KUNIT_CASE_PARAM(upload_test_pools, simtest_families),
	KUNIT_CASE_PARAM(upload_test_limits, simtest_families),
	KUNIT_CASE(upload_test_hash),
	KUNIT_CASE_PARAM(upload_test_order, simtest_families),
	KUNIT_CASE_PARAM(upload_test_peer_twice, simtest_families),
	{}
};

static struct kunit_suite upload_test_suite = {
	.name = "simseg_upload",
	.suite_init = simtest_suite_init,
	.suite_exit = simtest_suite_exit,
	.init = simtest_init,
	.exit = simtest_exit,
	.test_cases = upload_test_cases,
};

kunit_test_suite(upload_test_suite);
