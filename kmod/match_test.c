// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets of addresses against a naive check of each prefix, and rules against
 * queries. Needs no namespace: match.c is plain C.
 */
#include <linux/prandom.h>

#include "test_util.h"

#define MATCH_ROUNDS	60
#define MATCH_PREFIXES	24
#define MATCH_LOOKUPS	120

/* Few distinct bits, so that random prefixes touch, nest and repeat. */
static void match_random_addr(struct rnd_state *rnd, bool v6, struct in6_addr *addr)
{
	u32 bits = prandom_u32_state(rnd);
	struct in6_addr base = { .s6_addr = { [10] = 0xff, [11] = 0xff, [12] = 10 } };

	if (v6)
		base = (struct in6_addr){ .s6_addr = { 0xfd, [7] = bits >> 30 } };
	*addr = base;
	addr->s6_addr[14] = bits & 0x03;
	addr->s6_addr[15] = bits >> 8;
}

static void match_random_prefix(struct rnd_state *rnd, struct simseg_prefix *prefix)
{
	u32 r = prandom_u32_state(rnd);
	struct in6_addr addr;

	match_random_addr(rnd, r & 1, &addr);
	memset(prefix, 0, sizeof(*prefix));
	prefix->plen = (r & 2) ? 128 : 118 + (r >> 8) % 11;
	if (!((r >> 16) % 32))
		prefix->plen = (r >> 24) % 129;
	simseg_prefix_mask(&addr, prefix->plen);
	memcpy(prefix->addr, &addr, sizeof(prefix->addr));
}

/* Bit by bit: does the prefix hold the address? */
static bool match_naive_one(const struct simseg_prefix *prefix, const struct in6_addr *addr)
{
	int i;

	for (i = 0; i < prefix->plen; i++) {
		u8 bit = 0x80 >> (i % 8);

		if ((prefix->addr[i / 8] ^ addr->s6_addr[i / 8]) & bit)
			return false;
	}
	return true;
}

static bool match_naive(const struct simseg_prefix *prefixes, u32 n, const struct in6_addr *addr)
{
	u32 i;

	for (i = 0; i < n; i++) {
		if (match_naive_one(&prefixes[i], addr))
			return true;
	}
	return false;
}

static bool match_has(const struct simseg_addrset *set, const struct in6_addr *addr)
{
	struct simseg_u128 number;

	simseg_u128_from(&number, addr);
	return simseg_addrset_has(set, &number);
}

/* Sorted, and at least one number between each two ranges. */
static void match_expect_form(struct kunit *test, const struct simseg_addrset *set)
{
	u32 i;

	for (i = 1; i < set->n; i++) {
		struct simseg_u128 next = set->range[i - 1].last;

		if (!++next.lo)
			next.hi++;
		KUNIT_EXPECT_TRUE(test, set->range[i].first.hi > next.hi ||
				  (set->range[i].first.hi == next.hi &&
				   set->range[i].first.lo > next.lo));
	}
}

static void match_expect_lookups(struct kunit *test, struct rnd_state *rnd,
				 const struct simseg_addrset *set,
				 const struct simseg_prefix *prefixes, u32 n)
{
	struct in6_addr addr;
	u32 i;

	for (i = 0; i < MATCH_LOOKUPS; i++) {
		match_random_addr(rnd, i & 1, &addr);
		KUNIT_EXPECT_EQ_MSG(test, match_has(set, &addr),
				    match_naive(prefixes, n, &addr), "%pI6c", &addr);
	}
	for (i = 0; i < n; i++) {
		memcpy(&addr, prefixes[i].addr, sizeof(addr));
		KUNIT_EXPECT_TRUE(test, match_has(set, &addr));
		KUNIT_EXPECT_TRUE(test, simseg_addrset_covers(set, &prefixes[i]));
	}
}

static void match_test_random(struct kunit *test)
{
	struct simseg_prefix prefixes[MATCH_PREFIXES];
	struct simseg_addrset *set;
	struct rnd_state rnd;
	u32 round, i, n;

	prandom_seed_state(&rnd, 20260101);
	for (round = 0; round < MATCH_ROUNDS; round++) {
		n = round % (MATCH_PREFIXES + 1);
		for (i = 0; i < n; i++)
			match_random_prefix(&rnd, &prefixes[i]);
		set = simseg_addrset_build(prefixes, n);
		KUNIT_ASSERT_NOT_NULL(test, set);
		KUNIT_EXPECT_LE(test, set->n, n);
		match_expect_form(test, set);
		match_expect_lookups(test, &rnd, set, prefixes, n);
		kvfree(set);
	}
}

static void match_prefix(struct simseg_prefix *prefix, u64 hi, u64 lo, u8 plen)
{
	__be64 words[2] = { cpu_to_be64(hi), cpu_to_be64(lo) };

	memset(prefix, 0, sizeof(*prefix));
	memcpy(prefix->addr, words, sizeof(words));
	prefix->plen = plen;
}

struct match_edge {
	const char *desc;
	u64 hi;
	u64 lo;
	u8 plen;
	struct simseg_u128 first;
	struct simseg_u128 last;
};

static const struct match_edge match_edges[] = {
	{ "everything", 0, 0, 0, { 0, 0 }, { ~0ULL, ~0ULL } },
	{ "upper half", 1ULL << 63, 0, 1, { 1ULL << 63, 0 }, { ~0ULL, ~0ULL } },
	{ "last address", ~0ULL, ~0ULL, 128, { ~0ULL, ~0ULL }, { ~0ULL, ~0ULL } },
	{ "first address", 0, 0, 128, { 0, 0 }, { 0, 0 } },
	{ "below 64", 0x10, 0, 63, { 0x10, 0 }, { 0x11, ~0ULL } },
	{ "at 64", 0x11, 0, 64, { 0x11, 0 }, { 0x11, ~0ULL } },
	{ "above 64", 0x11, 0, 65, { 0x11, 0 }, { 0x11, ~0ULL >> 1 } },
	{ "127", 0, 0xfe, 127, { 0, 0xfe }, { 0, 0xff } },
};

static void match_test_edges(struct kunit *test)
{
	const struct match_edge *e;

	for (e = match_edges; e < match_edges + ARRAY_SIZE(match_edges); e++) {
		struct simseg_prefix prefix;
		struct simseg_range range;

		match_prefix(&prefix, e->hi, e->lo, e->plen);
		KUNIT_EXPECT_TRUE_MSG(test, simseg_prefix_valid(&prefix), "%s", e->desc);
		simseg_prefix_range(&prefix, &range);
		KUNIT_EXPECT_MEMEQ_MSG(test, &range.first, &e->first, sizeof(e->first), "%s",
				       e->desc);
		KUNIT_EXPECT_MEMEQ_MSG(test, &range.last, &e->last, sizeof(e->last), "%s",
				       e->desc);
	}
}

/* Ranges that meet become one, also across the middle and at the very end. */
static void match_test_merge(struct kunit *test)
{
	struct simseg_prefix p[3];
	struct simseg_addrset *set;

	match_prefix(&p[0], ~0ULL, ~0ULL, 128);
	match_prefix(&p[1], 1ULL << 63, 0, 1);
	match_prefix(&p[2], 0, 0, 1);
	set = simseg_addrset_build(p, 3);
	KUNIT_ASSERT_NOT_NULL(test, set);
	KUNIT_EXPECT_EQ(test, set->n, 1);
	KUNIT_EXPECT_EQ(test, set->range[0].first.hi, 0);
	KUNIT_EXPECT_EQ(test, set->range[0].last.lo, ~0ULL);
	kvfree(set);

	match_prefix(&p[0], 5, ~0ULL, 128);
	match_prefix(&p[1], 6, 0, 128);
	match_prefix(&p[2], 6, 2, 128);
	set = simseg_addrset_build(p, 3);
	KUNIT_ASSERT_NOT_NULL(test, set);
	KUNIT_EXPECT_EQ(test, set->n, 2);
	KUNIT_EXPECT_EQ(test, set->range[0].last.hi, 6);
	kvfree(set);

	set = simseg_addrset_build(NULL, 0);
	KUNIT_ASSERT_NOT_NULL(test, set);
	KUNIT_EXPECT_FALSE(test, match_has(set, &in6addr_any));
	KUNIT_EXPECT_FALSE(test, simseg_addrset_covers(set, &p[0]));
	kvfree(set);
}

static void match_test_covers(struct kunit *test)
{
	struct simseg_prefix p[2], whole, half, more;
	struct simseg_addrset *set;

	match_prefix(&p[0], 7, 0x100, 121);
	match_prefix(&p[1], 7, 0x180, 121);
	match_prefix(&whole, 7, 0x100, 120);
	match_prefix(&half, 7, 0x180, 122);
	match_prefix(&more, 7, 0, 119);
	set = simseg_addrset_build(p, 2);
	KUNIT_ASSERT_NOT_NULL(test, set);
	KUNIT_EXPECT_TRUE(test, simseg_addrset_covers(set, &whole));
	KUNIT_EXPECT_TRUE(test, simseg_addrset_covers(set, &half));
	KUNIT_EXPECT_FALSE(test, simseg_addrset_covers(set, &more));
	kvfree(set);
}

static void match_test_prefix_valid(struct kunit *test)
{
	struct simseg_prefix p;

	match_prefix(&p, 1, 0, 64);
	KUNIT_EXPECT_TRUE(test, simseg_prefix_valid(&p));
	p.reserved[1] = 1;
	KUNIT_EXPECT_FALSE(test, simseg_prefix_valid(&p));
	match_prefix(&p, 1, 1, 127);
	KUNIT_EXPECT_FALSE(test, simseg_prefix_valid(&p));
	match_prefix(&p, 1, 0, 63);
	KUNIT_EXPECT_FALSE(test, simseg_prefix_valid(&p));
	match_prefix(&p, 0, 0, 129);
	KUNIT_EXPECT_FALSE(test, simseg_prefix_valid(&p));
}

static void match_test_mask(struct kunit *test)
{
	struct simseg_prefix prefix;
	struct in6_addr addr, ones;
	int plen;

	memset(&ones, 0xff, sizeof(ones));
	memset(&prefix, 0, sizeof(prefix));
	for (plen = 0; plen <= 128; plen++) {
		addr = ones;
		simseg_prefix_mask(&addr, plen);
		memcpy(prefix.addr, &addr, sizeof(addr));
		prefix.plen = plen;
		KUNIT_EXPECT_TRUE(test, simseg_prefix_valid(&prefix));
		/* and not one bit of the network part is lost */
		KUNIT_EXPECT_TRUE(test, match_naive_one(&prefix, &ones));
	}
}

/* Rules of match_test_policy(), in this order. */
static const struct simseg_rule match_rules[] = {
	{ .id = 1, .dir = SIMSEG_DIR_OUT, .proto = IPPROTO_TCP, .ports = true, .port_low = 443,
	  .port_high = 443, .kind = SIMSEG_PEER_SELF },
	{ .id = 2, .dir = SIMSEG_DIR_OUT, .proto = IPPROTO_UDP, .ports = true, .port_low = 1000,
	  .port_high = 2000 },
	{ .id = 3, .dir = SIMSEG_DIR_IN, .proto = IPPROTO_ICMP },
	{ .id = 4, .dir = SIMSEG_DIR_IN, .proto = IPPROTO_TCP, .kind = SIMSEG_PEER_SET, .set = 1 },
	{ .id = 5, .dir = SIMSEG_DIR_IN, .proto = IPPROTO_UDP, .kind = SIMSEG_PEER_SET,
	  .set = 99 },
	{ .id = 6, .dir = SIMSEG_DIR_OUT, .proto = IPPROTO_TCP, .ports = true, .port_low = 0,
	  .port_high = 65535, .kind = SIMSEG_PEER_OWN },
	{ .id = 7, .dir = SIMSEG_DIR_IN, .kind = SIMSEG_PEER_SET, .set = 1 },
};

struct match_query {
	struct simseg_query query;
	u32 rule;		/* 0: none */
};

#define MATCH_Q(d, p, prt, knows, me, addr, id) \
	{ { .dir = SIMSEG_DIR_##d, .proto = IPPROTO_##p, .port = prt, .ports = knows, \
	    .self = me, .peer = { 0, addr } }, id }

static const struct match_query match_queries[] = {
	MATCH_Q(OUT, TCP, 443, true, true, 0, 1),
	MATCH_Q(OUT, TCP, 443, true, false, 0, 0),
	MATCH_Q(OUT, TCP, 444, true, true, 0, 0),
	MATCH_Q(IN, TCP, 443, true, true, 0, 0),
	MATCH_Q(OUT, UDP, 999, true, false, 0, 0),
	MATCH_Q(OUT, UDP, 1000, true, false, 0, 2),
	MATCH_Q(OUT, UDP, 2000, true, false, 0, 2),
	MATCH_Q(OUT, UDP, 2001, true, false, 0, 0),
	MATCH_Q(OUT, UDP, 1500, false, false, 0, 0),	/* ports are not known */
	MATCH_Q(IN, ICMP, 0, false, false, 0, 3),
	MATCH_Q(IN, ICMPV6, 0, false, false, 0, 3),
	MATCH_Q(OUT, ICMPV6, 0, false, false, 0, 0),
	MATCH_Q(IN, TCP, 7, true, false, 5, 4),
	MATCH_Q(IN, TCP, 7, true, false, 6, 0),
	MATCH_Q(IN, UDP, 7, true, false, 6, 0),		/* the set has no such place */
	MATCH_Q(IN, UDP, 7, true, false, 5, 7),
	MATCH_Q(IN, GRE, 0, false, false, 5, 7),
	MATCH_Q(OUT, TCP, 1, true, false, 5, 0),	/* OWN without a set */
};

static void match_test_policy(struct kunit *test)
{
	struct simseg_policy *policy;
	struct simseg_addrset *set;
	struct simseg_sets *sets;
	const struct simseg_rule *rule;
	struct simseg_prefix five;
	unsigned int i;

	match_prefix(&five, 0, 5, 128);
	set = simseg_addrset_build(&five, 1);
	KUNIT_ASSERT_NOT_NULL(test, set);
	sets = kunit_kzalloc(test, struct_size(sets, set, 2), GFP_KERNEL);
	policy = kunit_kzalloc(test, struct_size(policy, rules, ARRAY_SIZE(match_rules)),
			       GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, sets);
	KUNIT_ASSERT_NOT_NULL(test, policy);
	sets->n = 2;
	RCU_INIT_POINTER(sets->set[1], set);
	policy->nrules = ARRAY_SIZE(match_rules);
	memcpy(policy->rules, match_rules, sizeof(match_rules));
	for (i = 0; i < ARRAY_SIZE(match_queries); i++) {
		rule = simseg_policy_match(policy, sets, &match_queries[i].query);
		KUNIT_EXPECT_EQ_MSG(test, rule ? rule->id : 0, match_queries[i].rule, "query %u",
				    i);
	}
	rule = simseg_policy_match(policy, NULL, &match_queries[12].query);
	KUNIT_EXPECT_NULL(test, rule);
	kvfree(set);
}

static struct kunit_case match_test_cases[] = {
	KUNIT_CASE(match_test_random),
	KUNIT_CASE(match_test_edges),
	KUNIT_CASE(match_test_merge),
	KUNIT_CASE(match_test_covers),
	KUNIT_CASE(match_test_prefix_valid),
	KUNIT_CASE(match_test_mask),
	KUNIT_CASE(match_test_policy),
	{}
};

static struct kunit_suite match_test_suite = {
	.name = "simseg_match",
	.test_cases = match_test_cases,
};

kunit_test_suite(match_test_suite);
