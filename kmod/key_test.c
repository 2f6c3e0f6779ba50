// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys of sessions: the same both ways, and in whatever way they are hashed; keys that
 * somebody has chosen fill no chain, and a chain that is full takes no more.
 */
#include <linux/slab.h>

#include "key.h"
#include "test_util.h"

static const struct simtest_flow key_ntp = {
	.src = SIMTEST_METER, .dst = SIMTEST_SCADA, .in = SIMTEST_SIM0,
	.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_UDP,
	.sport = SIMTEST_PORT, .dport = 123,
};

static void key_test_both_ways(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_pkt pkt, back;
	struct simseg_key a, b;
	u8 from;

	simtest_pkt(t, &key_ntp, &pkt, NULL);
	back = pkt;
	swap(back.src, back.dst);
	swap(back.sport, back.dport);
	from = simseg_key_make(&a, &pkt);
	KUNIT_EXPECT_EQ(test, simseg_key_make(&b, &back), !from);
	KUNIT_EXPECT_MEMEQ(test, &a, &b, sizeof(a));
	/* same address on both sides: the ports decide */
	pkt.dst = pkt.src;
	back = pkt;
	swap(back.sport, back.dport);
	from = simseg_key_make(&a, &pkt);
	KUNIT_EXPECT_EQ(test, simseg_key_make(&b, &back), !from);
	KUNIT_EXPECT_MEMEQ(test, &a, &b, sizeof(a));
	pkt.proto = IPPROTO_TCP;
	simseg_key_make(&b, &pkt);
	KUNIT_EXPECT_MEMNEQ(test, &a, &b, sizeof(a));
}

/* IPv4 has a hash of its own, which has to find what the other one has put in. */
static void key_test_ipv4(struct kunit *test)
{
	const struct simseg_session_table *table;
	struct simtest *t = test->priv;
	struct simtest_flow flow = key_ntp;
	struct simseg_key_words words;
	struct simseg_pkt pkt;
	struct simseg_key key;

	simtest_world(t);
	table = &t->sn->sessions;
	for (flow.sport = 1; flow.sport < 1000; flow.sport++) {
		flow.dst = IP(192, 0, 2, 0) + flow.sport * 77;
		simtest_pkt(t, &flow, &pkt, NULL);
		simseg_key_make(&key, &pkt);
		words = simseg_key_words(&key);
		KUNIT_ASSERT_EQ(test, simseg_words_hash_v4(table, &words),
				simseg_key_hash(table, &key));
	}
}

/* What an attacker can choose: the @i-th of a row of packets. */
static void key_chosen(struct simtest_flow *flow, unsigned int pattern, u32 i)
{
	*flow = key_ntp;
	switch (pattern) {
	case 0:		/* ports one after the other, */
		flow->sport = i;
		flow->dport = i >> 16;
		break;
	case 1:		/* far apart, */
		flow->sport = i << 8 | i >> 8;
		flow->dport = i >> 8;
		break;
	case 2:		/* both together */
		flow->sport = i;
		flow->dport = ~i;
		break;
	case 3:		/* and addresses */
		flow->dst = IP(198, 18, 0, 0) + i;
		break;
	case 4:
		flow->dst = IP(1, 0, 0, 0) + (i << 12);
		flow->sport = i;
		break;
	}
}

#define KEY_PATTERNS	5

static unsigned int key_longest(struct simtest *t, unsigned int pattern, u8 *chain)
{
	const struct simseg_session_table *table = &t->sn->sessions;
	unsigned int longest = 0;
	struct simtest_flow flow;
	struct simseg_key key;
	struct simseg_pkt pkt;
	u32 i, hash;

	memset(chain, 0, table->mask + 1);
	/* as many as there are buckets */
	for (i = 0; i <= table->mask; i++) {
		key_chosen(&flow, pattern, i);
		simtest_pkt(t, &flow, &pkt, NULL);
		simseg_key_make(&key, &pkt);
		hash = simseg_key_hash(table, &key);
		if (chain[hash] < U8_MAX)
			chain[hash]++;
		longest = max_t(unsigned int, longest, chain[hash]);
	}
	return longest;
}

static void key_test_chosen(struct kunit *test)
{
	struct simtest *t = test->priv;
	unsigned int pattern;
	u8 *chain;

	simtest_world(t);
	chain = kvmalloc(t->sn->sessions.mask + 1, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, chain);
	for (pattern = 0; pattern < KEY_PATTERNS; pattern++)
		KUNIT_EXPECT_LE_MSG(test, key_longest(t, pattern, chain), SIMSEG_CHAIN_MAX,
				    "pattern %u", pattern);
	kvfree(chain);
}

/* Who knew the seed could fill a chain: one that is full refuses, and only that. */
static void key_test_full(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow flow = key_ntp;
	struct simseg_receipt receipt;
	u32 mask, i;

	simtest_world(t);
	mask = t->sn->sessions.mask;
	t->sn->sessions.mask = 0;
	for (i = 0; i < SIMSEG_CHAIN_MAX; i++) {
		flow.sport = SIMTEST_PORT + i;
		SIMTEST_EXPECT_REASON(t, &flow, RULE);
	}
	flow.sport = SIMTEST_PORT + i;
	SIMTEST_EXPECT_REASON(t, &flow, SESSION_LIMIT);
	flow.sport = SIMTEST_PORT;
	SIMTEST_EXPECT_REASON(t, &flow, SESSION);
	KUNIT_EXPECT_EQ(test, simtest_sessions(t), SIMSEG_CHAIN_MAX);
	KUNIT_EXPECT_EQ(test, simtest_flush(t, &receipt), 0);
	t->sn->sessions.mask = mask;
}

static struct kunit_case key_test_cases[] = {
	KUNIT_CASE_PARAM(key_test_both_ways, simtest_families),
	KUNIT_CASE(key_test_ipv4),
	KUNIT_CASE_PARAM(key_test_chosen, simtest_families),
	KUNIT_CASE_PARAM(key_test_full, simtest_families),
	{}
};

static struct kunit_suite key_test_suite = {
	.name = "simseg_key",
	.suite_init = simtest_suite_init,
	.suite_exit = simtest_suite_exit,
	.init = simtest_init,
	.exit = simtest_exit,
	.test_cases = key_test_cases,
};

kunit_test_suite(key_test_suite);
