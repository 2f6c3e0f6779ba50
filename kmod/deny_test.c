// SPDX-License-Identifier: GPL-2.0-only
/*
 * Denied packets and their records: few records, and their sum is exact.
 */
#include <linux/prandom.h>
#include <net/ipv6.h>

#include "deny.h"
#include "test_util.h"

#define DENY_PACKETS	3000
#define DENY_RANDOM	10000

static const struct simtest_flow deny_probe = {
	.src = SIMTEST_METER, .dst = SIMTEST_WORLD, .in = SIMTEST_SIM0,
	.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_TCP, .tcp = SIMTEST_SYN,
	.sport = SIMTEST_PORT, .dport = 81,
};

/* What the floor does with a packet that is not to pass. */
static void deny_packet(struct simtest *t, const struct simtest_flow *flow)
{
	struct simseg_pkt pkt, quote;
	struct simseg_result res;

	simtest_pkt(t, flow, &pkt, &quote);
	local_bh_disable();
	rcu_read_lock();
	simseg_judge(t->sn, &pkt, &res);
	if (res.verdict == SIMSEG_VERDICT_DENY)
		simseg_deny_note(t->sn, &pkt, &res);
	rcu_read_unlock();
	local_bh_enable();
	KUNIT_EXPECT_EQ(t->kunit, res.verdict, SIMSEG_VERDICT_DENY);
}

static void deny_expect(struct simtest *t, u32 records, u64 packets)
{
	KUNIT_EXPECT_EQ(t->kunit, simtest_records.kinds[SIMSEG_RECORD_DENY], records);
	KUNIT_EXPECT_EQ(t->kunit, simtest_records.denied, packets);
	KUNIT_EXPECT_EQ(t->kunit, simtest_records.denied_bytes, packets * 100);
}

/* The first one at once, the others together, the source port is no key. */
static void deny_test_fold(struct kunit *test)
{
	const struct simseg_record *rec = simtest_records.rec;
	struct simtest_flow probe = deny_probe;
	struct simtest *t = test->priv;
	struct in6_addr addr;
	int i;

	simtest_world(t);
	deny_packet(t, &probe);
	deny_expect(t, 1, 1);
	simtest_addr(t, SIMTEST_METER, &addr);
	KUNIT_EXPECT_MEMEQ(test, rec[0].src, &addr, sizeof(addr));
	simtest_addr(t, SIMTEST_WORLD, &addr);
	KUNIT_EXPECT_MEMEQ(test, rec[0].dst, &addr, sizeof(addr));
	KUNIT_EXPECT_EQ(test, ntohs(rec[0].sport), SIMTEST_PORT);
	KUNIT_EXPECT_EQ(test, ntohs(rec[0].dport), 81);
	KUNIT_EXPECT_EQ(test, rec[0].reason, SIMSEG_REASON_NO_RULE);
	KUNIT_EXPECT_EQ(test, rec[0].flags, SIMSEG_RECORD_F_CLOCK);
	for (i = 0; i < 99; i++) {
		probe.sport++;
		deny_packet(t, &probe);
	}
	deny_expect(t, 1, 1);
	simseg_deny_flush(t->sn, false);	/* the interval is not over */
	deny_expect(t, 1, 1);
	simseg_deny_flush(t->sn, true);
	deny_expect(t, 2, 100);
	KUNIT_EXPECT_EQ(test, rec[1].flags,
			SIMSEG_RECORD_F_CLOCK | SIMSEG_RECORD_F_FOLDED);
	KUNIT_EXPECT_EQ(test, rec[1].denied.packets, 99);
	KUNIT_EXPECT_EQ(test, rec[1].sport, 0);
	KUNIT_EXPECT_EQ(test, ntohs(rec[1].dport), 81);
}

/* Devices and non-devices, many keys: no packet is lost or told twice. */
static void deny_test_sum(struct kunit *test)
{
	static const u32 sources[] = {
		SIMTEST_METER, SIMTEST_ORPHAN, SIMTEST_CUT, SIMTEST_UNBOUND, SIMTEST_WORLD
	};
	struct simtest_flow probe = deny_probe;
	struct simtest *t = test->priv;
	struct rnd_state rnd;
	u32 i, r;

	simtest_world(t);
	prandom_seed_state(&rnd, 20260102);
	for (i = 0; i < DENY_PACKETS; i++) {
		r = prandom_u32_state(&rnd);
		probe.src = sources[r % ARRAY_SIZE(sources)];
		probe.dst = SIMTEST_WORLD + (r >> 8) % 6;
		probe.dport = 81 + (r >> 16) % 40;
		probe.proto = r >> 31 ? IPPROTO_TCP : IPPROTO_UDP;
		deny_packet(t, &probe);
		if (i % 1000 == 999)
			simseg_deny_flush(t->sn, r & 1);
	}
	simseg_deny_flush(t->sn, true);
	KUNIT_EXPECT_EQ(test, simtest_records.denied, DENY_PACKETS);
	KUNIT_EXPECT_EQ(test, simtest_records.denied_bytes, DENY_PACKETS * 100);
	/* three devices, each with 17 entries, and one table of all others with 65 */
	KUNIT_EXPECT_LE(test, simtest_records.kinds[SIMSEG_RECORD_DENY], 5 * (3 * 17 + 65) * 2);
}

/* Packets of records about @src, which is a source; mixed ones do not count. */
static u64 deny_told(const struct in6_addr *src, u16 dport)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < simtest_records.n; i++) {
		const struct simseg_record *rec = &simtest_records.rec[i];

		if (!(rec->flags & SIMSEG_RECORD_F_MIXED) && ntohs(rec->dport) == dport &&
		    !memcmp(rec->src, src, sizeof(rec->src)))
			sum += rec->denied.packets;
	}
	return sum;
}

/*
 * Random keys against a plain count: what stands under its own key is all there is of it
 * from its first packet on, since no entry gets free, and the rest is told as mixed.
 */
static void deny_test_random(struct kunit *test)
{
	static const u32 sources[] = { SIMTEST_METER, SIMTEST_UNBOUND, SIMTEST_UNBOUND + 1 };
	u32 ports = 200, i, r, k, keys[2] = {}, told;
	struct simtest_flow probe = deny_probe;
	struct simtest *t = test->priv;
	struct in6_addr src;
	struct rnd_state rnd;
	u32 *count;

	simtest_world(t);
	count = kunit_kcalloc(test, ARRAY_SIZE(sources) * ports, sizeof(*count), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, count);
	prandom_seed_state(&rnd, 20260103);
	for (i = 0; i < DENY_RANDOM; i++) {
		r = prandom_u32_state(&rnd);
		k = r % ARRAY_SIZE(sources) * ports + (r >> 8) % ports;
		probe.src = sources[k / ports];
		probe.dport = 100 + k % ports;
		told = simtest_records.kinds[SIMSEG_RECORD_DENY];
		deny_packet(t, &probe);
		if (told != simtest_records.kinds[SIMSEG_RECORD_DENY])
			keys[k >= ports]++;
		else if (!count[k])
			continue;	/* found no room */
		count[k]++;
	}
	KUNIT_EXPECT_EQ(test, keys[0], SIMSEG_DENY_WAYS);
	KUNIT_EXPECT_EQ(test, keys[1], SIMSEG_DENY_SETS_NET * SIMSEG_DENY_WAYS);
	simseg_deny_flush(t->sn, true);
	for (k = 0; k < ARRAY_SIZE(sources) * ports; k++) {
		simtest_addr(t, sources[k / ports], &src);
		KUNIT_EXPECT_EQ_MSG(test, deny_told(&src, 100 + k % ports), count[k], "%u", k);
	}
	KUNIT_EXPECT_EQ(test, simtest_records.denied, DENY_RANDOM);
	KUNIT_EXPECT_EQ(test, simtest_records.denied_bytes, DENY_RANDOM * 100);
	KUNIT_EXPECT_LE(test, simtest_records.kinds[SIMSEG_RECORD_DENY],
			2 * (keys[0] + keys[1]) + 2);
}

/* Of nobody: all sets get full, whatever the hash, and the rest is one record. */
static void deny_test_nobody(struct kunit *test)
{
	const u32 keys = SIMSEG_DENY_SETS_NET * SIMSEG_DENY_WAYS;
	struct simtest_flow probe = deny_probe;
	struct simtest *t = test->priv;
	struct simseg_record *last;
	u32 i;

	simtest_world(t);
	for (i = 0; i < 2000; i++) {
		probe.src = SIMTEST_UNBOUND + (i & 1);
		probe.dport = 10000 + i;
		deny_packet(t, &probe);
	}
	deny_expect(t, keys, keys);
	KUNIT_EXPECT_EQ(test, t->sn->ndeny_tables, 0);
	simseg_deny_flush(t->sn, true);
	deny_expect(t, keys + 1, 2000);
	last = &simtest_records.rec[keys];
	KUNIT_EXPECT_EQ(test, last->flags & SIMSEG_RECORD_F_MIXED, SIMSEG_RECORD_F_MIXED);
	KUNIT_EXPECT_EQ(test, last->denied.packets, 2000 - keys);
	KUNIT_EXPECT_TRUE(test, ipv6_addr_any((struct in6_addr *)last->src));
	/* nothing more is left of them: the next flush makes room */
	simseg_deny_flush(t->sn, true);
	deny_packet(t, &probe);
	deny_expect(t, keys + 2, 2001);
}

/* Where all keys of a full set share the byte of their hashes, each is found all the same. */
static void deny_test_alike(struct kunit *test)
{
	struct simtest_flow probe = deny_probe;
	struct simtest *t = test->priv;
	struct simseg_deny_words words;
	struct simseg_deny_set *set;
	struct simseg_deny *table;
	u32 i, hash;

	simtest_world(t);
	for (i = 0; i < SIMSEG_DENY_WAYS; i++) {
		probe.dport = 10000 + i;
		deny_packet(t, &probe);
	}
	table = simtest_find(t, SIMTEST_ID_METER)->deny;
	KUNIT_ASSERT_NOT_NULL(test, table);
	set = &table->sets[0];
	for (i = 0; i < SIMSEG_DENY_WAYS; i++) {
		words = simseg_deny_words_of(&set->entries[i]);
		hash = simseg_deny_hash(t->sn, words, false);
		KUNIT_EXPECT_PTR_EQ(test, simseg_deny_find(set, words, hash, false),
				    &set->entries[i]);
	}
	for (i = 0; i < SIMSEG_DENY_WAYS; i++) {
		words = simseg_deny_words_of(&set->entries[i]);
		hash = simseg_deny_hash(t->sn, words, false);
		memset(set->tags, simseg_deny_tag(hash), sizeof(set->tags));
		KUNIT_EXPECT_PTR_EQ(test, simseg_deny_find(set, words, hash, false),
				    &set->entries[i]);
		words.peer1++;
		KUNIT_EXPECT_NULL(test, simseg_deny_find(set, words, hash, false));
	}
}

/* A flood over all ports costs no more records than there is room for keys. */
static void deny_test_flood(struct kunit *test)
{
	struct simtest_flow probe = deny_probe;
	const struct simseg_record *last;
	struct simtest *t = test->priv;
	int i;

	simtest_world(t);
	for (i = 0; i < 1000; i++) {
		probe.dport = 10000 + i;
		deny_packet(t, &probe);
	}
	deny_expect(t, 16, 16);
	simseg_deny_flush(t->sn, true);
	deny_expect(t, 17, 1000);
	last = &simtest_records.rec[16];
	KUNIT_EXPECT_EQ(test, last->flags,
			SIMSEG_RECORD_F_CLOCK | SIMSEG_RECORD_F_FOLDED | SIMSEG_RECORD_F_MIXED);
	KUNIT_EXPECT_EQ(test, last->dport, 0);
	KUNIT_EXPECT_EQ(test, last->denied.packets, 984);
	KUNIT_EXPECT_EQ(test, last->proto, IPPROTO_TCP);
	KUNIT_EXPECT_EQ(test, last->reason, SIMSEG_REASON_NO_RULE);
}

/* The device goes: what it was denied is told, and its table is freed. */
static void deny_test_gone(struct kunit *test)
{
	struct simtest *t = test->priv;
	int i;

	simtest_world(t);
	for (i = 0; i < 10; i++)
		deny_packet(t, &deny_probe);
	KUNIT_EXPECT_EQ(test, t->sn->ndeny_tables, 1);
	deny_expect(t, 1, 1);
	KUNIT_ASSERT_EQ(test, 0, simtest_del(t, SIMTEST_ID_METER));
	deny_expect(t, 2, 10);
	KUNIT_EXPECT_EQ(test, t->sn->ndeny_tables, 0);
	deny_packet(t, &deny_probe);	/* of nobody now */
	deny_expect(t, 3, 11);
	KUNIT_EXPECT_EQ(test, t->sn->ndeny_tables, 0);
}

/* An idle device's table is given back by the second flush. */
static void deny_test_idle(struct kunit *test)
{
	struct simtest *t = test->priv;

	simtest_world(t);
	deny_packet(t, &deny_probe);
	deny_packet(t, &deny_probe);
	simseg_deny_flush(t->sn, true);
	deny_expect(t, 2, 2);
	KUNIT_EXPECT_EQ(test, t->sn->ndeny_tables, 1);
	simseg_deny_flush(t->sn, true);
	KUNIT_EXPECT_EQ(test, t->sn->ndeny_tables, 0);
	deny_packet(t, &deny_probe);
	deny_expect(t, 3, 3);
	KUNIT_EXPECT_EQ(test, t->sn->ndeny_tables, 1);
}

/* To a device that says no: told as denied in, the peer is the source. */
static void deny_test_side(struct kunit *test)
{
	struct simtest_flow probe = deny_probe;
	const struct simseg_record *rec = simtest_records.rec;
	struct simtest *t = test->priv;
	u8 none[SIMSEG_ICCID_BCD], iccid[SIMSEG_ICCID_BCD];

	memset(none, 0xff, sizeof(none));
	simtest_iccid(SIMTEST_ID_CAMERA, iccid);
	simtest_world(t);
	probe.src = SIMTEST_WORLD;
	probe.dst = SIMTEST_CAMERA;
	probe.in = SIMTEST_NET0;
	deny_packet(t, &probe);
	KUNIT_EXPECT_MEMEQ(test, rec[0].iccid[0], none, sizeof(none));
	KUNIT_EXPECT_MEMEQ(test, rec[0].iccid[1], iccid, sizeof(iccid));
	KUNIT_EXPECT_EQ(test, rec[0].policy,
			simseg_name_find(&t->sn->policy_names, "camera"));
	KUNIT_EXPECT_EQ(test, rec[0].iif, simtest_device(SIMTEST_NET0)->ifindex);
}

static struct kunit_case deny_test_cases[] = {
	KUNIT_CASE_PARAM(deny_test_fold, simtest_families),
	KUNIT_CASE_PARAM(deny_test_sum, simtest_families),
	KUNIT_CASE_PARAM(deny_test_random, simtest_families),
	KUNIT_CASE_PARAM(deny_test_nobody, simtest_families),
	KUNIT_CASE_PARAM(deny_test_alike, simtest_families),
	KUNIT_CASE_PARAM(deny_test_flood, simtest_families),
	KUNIT_CASE_PARAM(deny_test_gone, simtest_families),
	KUNIT_CASE(deny_test_idle),
	KUNIT_CASE_PARAM(deny_test_side, simtest_families),
	{}
};

static struct kunit_suite deny_test_suite = {
	.name = "simseg_deny",
	.suite_init = simtest_suite_init,
	.suite_exit = simtest_suite_exit,
	.init = simtest_init,
	.exit = simtest_exit,
	.test_cases = deny_test_cases,
};

kunit_test_suite(deny_test_suite);
