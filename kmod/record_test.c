// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the records of a session say: who, by which rule, how much, for how long.
 */
#include "key.h"
#include "test_util.h"

static const struct simtest_flow record_https = {
	.src = SIMTEST_METER, .dst = SIMTEST_SCADA, .in = SIMTEST_SIM0,
	.proto = IPPROTO_TCP, .sport = SIMTEST_PORT, .dport = 443, .tcp = SIMTEST_SYN, .seq = 100,
};

static void record_judge(struct simtest *t, bool back, u8 tcp, u32 seq, u32 ack)
{
	struct simtest_flow flow = record_https, reply;

	flow.tcp = tcp;
	flow.seq = seq;
	flow.ack = ack;
	if (back) {
		simtest_reply(&flow, SIMTEST_NET0, &reply);
		flow = reply;
		flow.tcp = tcp;
	}
	simtest_judge(t, &flow);
}

static void record_handshake(struct simtest *t)
{
	record_judge(t, false, SIMTEST_SYN, 100, 0);
	record_judge(t, true, SIMTEST_SYN | SIMTEST_ACK, 500, 101);
	record_judge(t, false, SIMTEST_ACK, 101, 501);
}

static const struct simseg_record *record_of(u8 kind)
{
	u32 i;

	for (i = 0; i < min(simtest_records.n, SIMTEST_RECORDS); i++) {
		if (simtest_records.rec[i].kind == kind)
			return &simtest_records.rec[i];
	}
	return NULL;
}

static void record_test_open(struct kunit *test)
{
	struct simtest *t = test->priv;
	const struct simseg_record *rec;
	struct simseg_session s;

	simtest_world(t);
	strscpy(simtest_find(t, SIMTEST_ID_METER)->asset, "M-0001", SIMSEG_ASSET_MAX);
	record_judge(t, false, SIMTEST_SYN, 100, 0);
	rec = record_of(SIMSEG_RECORD_OPEN);
	KUNIT_ASSERT_NOT_NULL(test, rec);
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &record_https, &s));
	KUNIT_EXPECT_EQ(test, rec->session, s.id);
	KUNIT_EXPECT_EQ(test, rec->size, 192);
	KUNIT_EXPECT_EQ(test, rec->reason, SIMSEG_REASON_RULE);
	KUNIT_EXPECT_EQ(test, rec->flags, SIMSEG_RECORD_F_CLOCK);
	KUNIT_EXPECT_EQ(test, rec->proto, IPPROTO_TCP);
	KUNIT_EXPECT_EQ(test, rec->rule, 1);
	KUNIT_EXPECT_EQ(test, rec->policy, s.party[0].policy);
	KUNIT_EXPECT_EQ(test, ntohs(rec->dport), 443);
	KUNIT_EXPECT_EQ(test, rec->iif, simtest_device(SIMTEST_SIM0)->ifindex);
	KUNIT_EXPECT_EQ(test, rec->generation, simtest_ruleset(t)->generation);
	KUNIT_EXPECT_STREQ(test, (const char *)rec->given.asset, "M-0001");
	KUNIT_EXPECT_MEMEQ(test, rec->iccid[0], simtest_find(t, SIMTEST_ID_METER)->iccid,
			   SIMSEG_ICCID_BCD);
	KUNIT_EXPECT_EQ(test, rec->iccid[1][0], 0xff);
}

static void record_test_close(struct kunit *test)
{
	struct simseg_receipt receipt = {};
	struct simtest *t = test->priv;
	const struct simseg_record *rec;
	struct simseg_session s;

	simtest_world(t);
	record_handshake(t);
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &record_https, &s));
	KUNIT_EXPECT_EQ(test, s.state, SIMSEG_SESSION_ESTABLISHED);
	simseg_sessions_cut_all(t->sn, SIMSEG_END_KILLED, &receipt);
	rcu_barrier();
	rec = record_of(SIMSEG_RECORD_CLOSE);
	KUNIT_ASSERT_NOT_NULL(test, rec);
	KUNIT_EXPECT_EQ(test, rec->session, s.id);
	KUNIT_EXPECT_EQ(test, rec->reason, SIMSEG_END_KILLED);
	KUNIT_EXPECT_EQ(test, rec->amount.packets[0], 2);
	KUNIT_EXPECT_EQ(test, rec->amount.packets[1], 1);
	KUNIT_EXPECT_EQ(test, rec->amount.bytes[0], atomic64_read(&s.bytes[0]));
	KUNIT_EXPECT_EQ(test, rec->amount.tcp_flags[0], SIMTEST_SYN | SIMTEST_ACK);
	KUNIT_EXPECT_EQ(test, rec->amount.tcp_flags[1], SIMTEST_SYN | SIMTEST_ACK);
	KUNIT_EXPECT_EQ(test, rec->amount.rtt_us, s.rtt_us);
	KUNIT_EXPECT_LE(test, rec->amount.rtt_us * (u64)NSEC_PER_USEC, rec->amount.duration);
	KUNIT_EXPECT_EQ(test, rec->time - rec->amount.duration, s.start);
}

/* A packet that had found the session before it was cut: its end tells of that as well. */
static void record_test_final(struct kunit *test)
{
	struct simtest *t = test->priv;
	const struct simseg_record *rec;
	struct simseg_session *s;
	struct simseg_pkt pkt;
	struct simseg_key key;
	u8 from;

	simtest_world(t);
	record_handshake(t);
	simtest_pkt(t, &record_https, &pkt, NULL);
	from = simseg_key_make(&key, &pkt);
	rcu_read_lock();
	s = simseg_session_find(t->sn, &key);
	if (s) {
		KUNIT_EXPECT_TRUE(test, simseg_session_end(t->sn, s, SIMSEG_END_KILLED));
		KUNIT_EXPECT_FALSE(test, simseg_session_end(t->sn, s, SIMSEG_END_TIMEOUT));
		simseg_session_account(t->sn, s, &pkt, from);
		KUNIT_EXPECT_EQ(test, simtest_records.kinds[SIMSEG_RECORD_CLOSE], 0);
	}
	rcu_read_unlock();
	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_KILLED), 1);
	KUNIT_EXPECT_EQ(test, simtest_records.kinds[SIMSEG_RECORD_CLOSE], 1);
	rec = record_of(SIMSEG_RECORD_CLOSE);
	KUNIT_ASSERT_NOT_NULL(test, rec);
	KUNIT_EXPECT_EQ(test, rec->amount.packets[0], 3);
	KUNIT_EXPECT_EQ(test, rec->amount.packets[1], 1);
}

/* What lies on the stack behind who calls it. */
static noinline void record_litter(unsigned int depth)
{
	u8 litter[512];

	memset(litter, 0xa5, sizeof(litter));
	OPTIMIZER_HIDE_VAR(depth);
	if (depth)
		record_litter(depth - 1);
	barrier_data(litter);
}

/* The record is not cleared before it is filled: each of its bytes has to be meant. */
static void record_test_bytes(struct kunit *test)
{
	struct simtest *t = test->priv;
	const struct simseg_record *rec;
	struct simseg_record want = {
		.version = SIMSEG_RECORD_VERSION,
		.size = sizeof(want),
		.kind = SIMSEG_RECORD_OPEN,
		.reason = SIMSEG_REASON_RULE,
		.proto = IPPROTO_TCP,
		.flags = SIMSEG_RECORD_F_CLOCK,
		.rule = 1,
	};
	struct simseg_session s;

	simtest_world(t);
	memset(simtest_find(t, SIMTEST_ID_METER)->asset, 0, SIMSEG_ASSET_MAX + 1);
	record_litter(12);
	record_judge(t, false, SIMTEST_SYN, 100, 0);
	rec = record_of(SIMSEG_RECORD_OPEN);
	KUNIT_ASSERT_NOT_NULL(test, rec);
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &record_https, &s));
	want.seq = rec->seq;
	want.time = s.start;
	want.real = rec->real;
	want.session = s.id;
	memcpy(want.src, &s.key.addr[simseg_session_initiator(&s)], sizeof(want.src));
	memcpy(want.dst, &s.key.addr[!simseg_session_initiator(&s)], sizeof(want.dst));
	want.sport = htons(SIMTEST_PORT);
	want.dport = htons(443);
	memcpy(want.iccid[0], simtest_find(t, SIMTEST_ID_METER)->iccid, SIMSEG_ICCID_BCD);
	memset(want.iccid[1], 0xff, sizeof(want.iccid[1]));
	want.epoch[0] = s.party[0].epoch;
	want.policy = s.party[0].policy;
	want.generation = simtest_ruleset(t)->generation;
	want.iif = simtest_device(SIMTEST_SIM0)->ifindex;
	want.oif = s.oif;
	KUNIT_EXPECT_MEMEQ(test, rec, &want, sizeof(want));
}

/* One that lasts is told of after each interval, and not before. */
static void record_test_update(struct kunit *test)
{
	struct simseg_receipt receipt = {};
	struct simtest *t = test->priv;
	const struct simseg_record *rec;
	struct simseg_session *s;
	struct simseg_pkt pkt;
	struct simseg_key key;

	simtest_world(t);
	record_handshake(t);
	simseg_sweep_run(t->sn, &receipt);
	KUNIT_EXPECT_EQ(test, simtest_records.kinds[SIMSEG_RECORD_UPDATE], 0);
	simtest_pkt(t, &record_https, &pkt, NULL);
	simseg_key_make(&key, &pkt);
	rcu_read_lock();
	s = simseg_session_find(t->sn, &key);
	if (s)
		s->told -= 3600UL * HZ;
	rcu_read_unlock();
	KUNIT_ASSERT_NOT_NULL(test, s);
	simseg_sweep_run(t->sn, &receipt);
	simseg_sweep_run(t->sn, &receipt);
	KUNIT_EXPECT_EQ(test, simtest_records.kinds[SIMSEG_RECORD_UPDATE], 1);
	rec = record_of(SIMSEG_RECORD_UPDATE);
	KUNIT_ASSERT_NOT_NULL(test, rec);
	KUNIT_EXPECT_EQ(test, rec->amount.packets[0], 2);
	KUNIT_EXPECT_EQ(test, rec->amount.packets[1], 1);
	KUNIT_EXPECT_EQ(test, rec->reason, SIMSEG_REASON_SESSION);
	KUNIT_EXPECT_EQ(test, receipt.sessions, 0);
}

static struct kunit_case record_test_cases[] = {
	KUNIT_CASE_PARAM(record_test_open, simtest_families),
	KUNIT_CASE_PARAM(record_test_close, simtest_families),
	KUNIT_CASE_PARAM(record_test_bytes, simtest_families),
	KUNIT_CASE_PARAM(record_test_final, simtest_families),
	KUNIT_CASE_PARAM(record_test_update, simtest_families),
	{}
};

static struct kunit_suite record_test_suite = {
	.name = "simseg_record",
	.suite_init = simtest_suite_init,
	.suite_exit = simtest_suite_exit,
	.init = simtest_init,
	.exit = simtest_exit,
	.test_cases = record_test_cases,
};

kunit_test_suite(record_test_suite);
