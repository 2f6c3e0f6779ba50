// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bindings: the longest prefix wins, one owner, epochs, limits, interfaces.
 */
#include "test_util.h"

/* Two pools, and devices 1 and 2 without an address. */
static void binding_world(struct simtest *t)
{
	struct simseg_upload *up = simtest_begin(t);
	u32 n;

	KUNIT_ASSERT_EQ(t->kunit, 0, simtest_pool(t, up, SIMTEST_POOL, 16));
	KUNIT_ASSERT_EQ(t->kunit, 0, simtest_pool(t, up, IP(100, 64, 0, 0), 10));
	KUNIT_ASSERT_EQ(t->kunit, 0, simtest_commit(t, up, 0, NULL));
	for (n = 1; n <= 2; n++)
		KUNIT_ASSERT_EQ(t->kunit, 0, simtest_new(t, simtest_spec(t, n, "")));
}

static u32 binding_id(struct simtest *t, u32 n)
{
	const struct simseg_device *device = simtest_find(t, n);

	return device ? device->id : U32_MAX;
}

/* @n: 0 for nobody's. */
static void binding_expect(struct simtest *t, u32 addr, u32 n)
{
	__be32 shown = htonl(addr);

	KUNIT_EXPECT_EQ_MSG(t->kunit, simtest_owner(t, addr, NULL), n ? binding_id(t, n) : 0,
			    "%pI4", &shown);
}

static void binding_test_longest(struct kunit *test)
{
	struct simtest *t = test->priv;

	binding_world(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_bind(t, 1, IP(10, 64, 4, 0), 24, ""));
	binding_expect(t, IP(10, 64, 4, 9), 1);
	binding_expect(t, IP(10, 64, 5, 0), 0);
	binding_expect(t, IP(10, 64, 3, 255), 0);
	/* the longer one comes later and wins, and the shorter one is back after it */
	KUNIT_ASSERT_EQ(test, 0, simtest_bind(t, 2, IP(10, 64, 4, 8), 30, ""));
	binding_expect(t, IP(10, 64, 4, 7), 1);
	binding_expect(t, IP(10, 64, 4, 8), 2);
	binding_expect(t, IP(10, 64, 4, 11), 2);
	binding_expect(t, IP(10, 64, 4, 12), 1);
	KUNIT_ASSERT_EQ(test, 0, simtest_bind(t, 1, IP(10, 64, 4, 9), 32, ""));
	binding_expect(t, IP(10, 64, 4, 9), 1);
	binding_expect(t, IP(10, 64, 4, 10), 2);
	KUNIT_ASSERT_EQ(test, 0, simtest_unbind(t, 2, IP(10, 64, 4, 8), 30));
	binding_expect(t, IP(10, 64, 4, 10), 1);
	KUNIT_EXPECT_EQ(test, t->sn->nbindings, 2);
	KUNIT_EXPECT_EQ(test, t->sn->nunvouched, 2);
	/* the other family is another address */
	t->v6 = !t->v6;
	binding_expect(t, IP(10, 64, 4, 9), 0);
	t->v6 = !t->v6;
}

static void binding_test_slash64(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_binding_spec spec = { .prefix = { .addr = { 0xfd, 0x64 }, .plen = 64 } };
	struct in6_addr addr = { .s6_addr = { 0xfd, 0x64, [15] = 1 } };
	const struct simseg_binding *inside, *outside;
	struct simseg_upload *up;
	u8 bcd[SIMSEG_ICCID_BCD];

	t->v6 = true;
	simtest_iccid(1, bcd);
	binding_world(t);
	up = simtest_begin(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_locked(t, simseg_upload_pools(up, &spec.prefix, 1,
								       NULL)));
	KUNIT_ASSERT_EQ(test, 0, simtest_commit(t, up, 0, NULL));
	KUNIT_ASSERT_EQ(test, 0, simtest_locked(t, simseg_binding_new(t->sn, bcd, &spec, 1,
								      &t->extack)));
	rcu_read_lock();
	inside = simseg_binding_lookup(t->sn, &addr);
	addr.s6_addr[7] = 1;
	outside = simseg_binding_lookup(t->sn, &addr);
	rcu_read_unlock();
	KUNIT_EXPECT_NOT_NULL(test, inside);
	KUNIT_EXPECT_NULL(test, outside);
}

static void binding_test_refused(struct kunit *test)
{
	struct simseg_binding_spec two[2] = {};
	struct simtest *t = test->priv;
	u8 bcd[SIMSEG_ICCID_BCD];

	binding_world(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_bind(t, 1, IP(10, 64, 0, 1), 32, "st-sim0"));
	KUNIT_EXPECT_EQ(test, -EEXIST, simtest_bind(t, 2, IP(10, 64, 0, 1), 32, "st-sim0"));
	binding_expect(t, IP(10, 64, 0, 1), 1);
	KUNIT_EXPECT_EQ(test, -ERANGE, simtest_bind(t, 1, IP(10, 65, 0, 1), 32, ""));
	KUNIT_EXPECT_EQ(test, -ERANGE, simtest_bind(t, 1, IP(10, 64, 0, 0), 15, ""));
	KUNIT_EXPECT_EQ(test, -ENOENT, simtest_bind(t, 3, IP(10, 64, 0, 2), 32, ""));
	KUNIT_EXPECT_EQ(test, -ENOENT, simtest_unbind(t, 2, IP(10, 64, 0, 1), 32));
	KUNIT_EXPECT_EQ(test, -ENOENT, simtest_unbind(t, 1, IP(10, 64, 0, 1), 31));
	simtest_iccid(1, bcd);
	KUNIT_EXPECT_EQ(test, -EINVAL, simtest_locked(t, simseg_binding_new(t->sn, bcd, two, 2,
									    &t->extack)));
	KUNIT_EXPECT_EQ(test, t->sn->nbindings, 1);
	KUNIT_EXPECT_EQ(test, t->sn->nunvouched, 0);
}

static void binding_test_limit(struct kunit *test)
{
	struct simtest *t = test->priv;
	int i;

	binding_world(t);
	for (i = 0; i < SIMSEG_BINDINGS_MAX; i++)
		KUNIT_ASSERT_EQ(test, 0, simtest_bind(t, 1, IP(10, 64, 0, i), 32, ""));
	KUNIT_EXPECT_EQ(test, -ENOSPC, simtest_bind(t, 1, IP(10, 64, 0, i), 32, ""));
	binding_expect(t, IP(10, 64, 0, i), 0);
	/* one that it has may be written again */
	KUNIT_EXPECT_EQ(test, 0, simtest_bind(t, 1, IP(10, 64, 0, 3), 32, "st-sim0"));
	KUNIT_EXPECT_EQ(test, t->sn->nbindings, SIMSEG_BINDINGS_MAX);
	KUNIT_EXPECT_EQ(test, t->sn->nunvouched, SIMSEG_BINDINGS_MAX - 1);
	KUNIT_EXPECT_EQ(test, 0, simtest_unbind(t, 1, IP(10, 64, 0, 0), 32));
	KUNIT_EXPECT_EQ(test, 0, simtest_bind(t, 1, IP(10, 64, 0, i), 32, ""));
}

/* Distinct prefix lengths are few, and a length that goes makes room. */
static void binding_test_lengths(struct kunit *test)
{
	const struct simseg_plens *plens;
	struct simtest *t = test->priv;
	int i;

	binding_world(t);
	for (i = 0; i < SIMSEG_PLENS_MAX; i++)
		KUNIT_ASSERT_EQ(test, 0, simtest_bind(t, 1 + i % 2, IP(100, 64, 0, 0), 32 - i,
						      ""));
	KUNIT_EXPECT_EQ(test, -ENOSPC, simtest_bind(t, 1, IP(10, 64, 0, 0), 16, ""));
	binding_expect(t, IP(10, 64, 0, 0), 0);
	plens = rcu_dereference_protected(t->sn->plens, true);
	KUNIT_ASSERT_EQ(test, plens->n, SIMSEG_PLENS_MAX);
	for (i = 0; i < SIMSEG_PLENS_MAX; i++)
		KUNIT_EXPECT_EQ(test, plens->plen[i], 128 - i);
	/* a length in use may be used more often, and goes with its last user */
	KUNIT_EXPECT_EQ(test, 0, simtest_bind(t, 1, IP(10, 64, 0, 0), 24, ""));
	KUNIT_EXPECT_EQ(test, 0, simtest_unbind(t, 1, IP(100, 64, 0, 0), 24));
	KUNIT_EXPECT_EQ(test, -ENOSPC, simtest_bind(t, 1, IP(10, 64, 0, 0), 16, ""));
	KUNIT_EXPECT_EQ(test, 0, simtest_unbind(t, 1, IP(10, 64, 0, 0), 24));
	KUNIT_EXPECT_EQ(test, 0, simtest_bind(t, 1, IP(10, 64, 0, 0), 16, ""));
	binding_expect(t, IP(10, 64, 77, 7), 1);
}

/* The epoch says whether the address changed hands, and nothing else. */
static void binding_test_epoch(struct kunit *test)
{
	struct simtest *t = test->priv;
	u32 first, second;

	binding_world(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_bind(t, 1, IP(10, 64, 0, 1), 32, "st-sim0"));
	KUNIT_ASSERT_NE(test, 0, simtest_owner(t, IP(10, 64, 0, 1), &first));
	KUNIT_EXPECT_EQ(test, 0, simtest_bind(t, 1, IP(10, 64, 0, 1), 32, "st-sim1"));
	simtest_owner(t, IP(10, 64, 0, 1), &second);
	KUNIT_EXPECT_EQ(test, first, second);
	KUNIT_EXPECT_EQ(test, 0, simtest_unbind(t, 1, IP(10, 64, 0, 1), 32));
	KUNIT_EXPECT_EQ(test, 0, simtest_bind(t, 2, IP(10, 64, 0, 1), 32, "st-sim1"));
	simtest_owner(t, IP(10, 64, 0, 1), &second);
	KUNIT_EXPECT_GT(test, second, first);
	first = second;
	/* there and back again between two packets is still another hand */
	KUNIT_EXPECT_EQ(test, 0, simtest_unbind(t, 2, IP(10, 64, 0, 1), 32));
	KUNIT_EXPECT_EQ(test, 0, simtest_bind(t, 2, IP(10, 64, 0, 1), 32, "st-sim1"));
	simtest_owner(t, IP(10, 64, 0, 1), &second);
	KUNIT_EXPECT_GT(test, second, first);
}

static void binding_test_all(struct kunit *test)
{
	struct simseg_receipt receipt = {};
	struct simtest *t = test->priv;
	u8 bcd[SIMSEG_ICCID_BCD];
	int i;

	binding_world(t);
	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, 0, simtest_bind(t, 1, IP(10, 64, 0, i), 32 - i, ""));
	KUNIT_ASSERT_EQ(test, 0, simtest_bind(t, 2, IP(10, 64, 1, 0), 32, ""));
	simtest_iccid(1, bcd);
	KUNIT_EXPECT_EQ(test, 0, simtest_locked(t, simseg_binding_del(t->sn, bcd, NULL, 0,
								      &receipt, &t->extack)));
	KUNIT_EXPECT_EQ(test, t->sn->nbindings, 1);
	binding_expect(t, IP(10, 64, 0, 0), 0);
	binding_expect(t, IP(10, 64, 1, 0), 2);
}

struct binding_name {
	const char *pattern;
	const char *ifname;
	bool on;
};

static const struct binding_name binding_names[] = {
	{ "wwan0", "wwan0", true },
	{ "wwan0", "wwan01", false },
	{ "wwan0", "wwan", false },
	{ "wwan*", "wwan", true },
	{ "wwan*", "wwan17", true },
	{ "wwan*", "wwa", false },
	{ "wwan*", "eth0", false },
	{ "*", "eth0", true },
	{ "", "eth0", true },
};

static void binding_test_names(struct kunit *test)
{
	struct net_device *dev = kunit_kzalloc(test, sizeof(*dev), GFP_KERNEL);
	const struct binding_name *row = binding_names;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, dev);
	for (i = 0; i < ARRAY_SIZE(binding_names); i++, row++) {
		struct simseg_binding_spec spec = {};
		struct simseg_binding *binding;

		strscpy(spec.ifname, row->pattern, sizeof(spec.ifname));
		strscpy(dev->name, row->ifname, sizeof(dev->name));
		binding = simseg_binding_alloc(&spec);
		KUNIT_ASSERT_NOT_NULL(test, binding);
		KUNIT_EXPECT_EQ_MSG(test, simseg_binding_on(binding, dev), row->on, "%s on %s",
				    row->pattern, row->ifname);
		/* the two places that match names say the same */
		if (*row->pattern)
			KUNIT_EXPECT_EQ(test, simseg_ifname_match(row->pattern, row->ifname),
					row->on);
		kfree(binding);
	}
}

static void binding_test_name_valid(struct kunit *test)
{
	static const char * const good[] = { "wwan0", "*", "wwan*", "a.b-c_d@", "123456789012345" };
	static const char * const bad[] = {
		"", ".", "..", "a/b", "a:b", "a b", "a*b", "**", "1234567890123456", "a\tb", "a\x7f"
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		KUNIT_EXPECT_TRUE_MSG(test, simseg_ifname_valid(good[i]), "'%s'", good[i]);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_FALSE_MSG(test, simseg_ifname_valid(bad[i]), "'%s'", bad[i]);
}

static struct kunit_case binding_test_cases[] = {
	KUNIT_CASE_PARAM(binding_test_longest, simtest_families),
	KUNIT_CASE(binding_test_slash64),
	KUNIT_CASE_PARAM(binding_test_refused, simtest_families),
	KUNIT_CASE_PARAM(binding_test_limit, simtest_families),
	KUNIT_CASE_PARAM(binding_test_lengths, simtest_families),
	KUNIT_CASE_PARAM(binding_test_epoch, simtest_families),
	KUNIT_CASE_PARAM(binding_test_all, simtest_families),
	KUNIT_CASE(binding_test_names),
	KUNIT_CASE(binding_test_name_valid),
	{}
};

static struct kunit_suite binding_test_suite = {
	.name = "simseg_binding",
	.suite_init = simtest_suite_init,
	.suite_exit = simtest_suite_exit,
	.init = simtest_init,
	.exit = simtest_exit,
	.test_cases = binding_test_cases,
};

kunit_test_suite(binding_test_suite);
