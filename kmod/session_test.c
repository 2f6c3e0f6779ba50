// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions by themselves: states, timeouts, ends and reuse. What changes do to
 * them is in change_test.c, and how many there may be in limit_test.c.
 */
#include <linux/jiffies.h>

#include "key.h"
#include "test_util.h"

#define SYN	SIMTEST_SYN
#define ACK	SIMTEST_ACK
#define FIN	SIMTEST_FIN
#define RST	SIMTEST_RST

static const struct simtest_flow session_https = {
	.src = SIMTEST_METER, .dst = SIMTEST_SCADA, .in = SIMTEST_SIM0,
	.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_TCP, .tcp = SYN,
	.sport = SIMTEST_PORT, .dport = 443,
};

static const struct simtest_flow session_ntp = {
	.src = SIMTEST_METER, .dst = SIMTEST_SCADA, .in = SIMTEST_SIM0,
	.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_UDP,
	.sport = SIMTEST_PORT, .dport = 123,
};

/* Each setting a time of its own, so that a mix-up shows. */
static void session_world(struct simtest *t)
{
	struct simseg_upload *up;
	u32 setting;

	simtest_world(t);
	up = simtest_world_rules(t);
	for (setting = SIMSEG_A_SETTING_TCP_NEW; setting <= SIMSEG_A_SETTING_OTHER; setting++)
		KUNIT_ASSERT_EQ(t->kunit, 0, simtest_setting(t, up, setting, 100 + setting));
	KUNIT_ASSERT_EQ(t->kunit, 0, simtest_commit(t, up, 0, NULL));
}

struct session_step {
	bool back;		/* from the responder */
	u8 tcp;
	u8 state;
	u32 setting;		/* whose time applies afterwards */
};

#define STEP(back, tcp, state, setting) \
	{ back, tcp, SIMSEG_SESSION_##state, SIMSEG_A_SETTING_##setting }

static const struct session_step session_fin[] = {
	STEP(false, SYN, NEW, TCP_NEW),
	STEP(false, SYN, NEW, TCP_NEW),
	STEP(true, SYN | ACK, REPLIED, TCP_NEW),
	STEP(true, SYN | ACK, REPLIED, TCP_NEW),
	STEP(false, ACK, ESTABLISHED, TCP_ESTABLISHED),
	STEP(true, ACK, ESTABLISHED, TCP_ESTABLISHED),
	STEP(true, FIN | ACK, CLOSING, TCP_CLOSING),
	STEP(true, FIN | ACK, CLOSING, TCP_CLOSING),
	STEP(false, ACK, CLOSING, TCP_CLOSING),
	STEP(false, FIN | ACK, CLOSED, TCP_CLOSED),
	STEP(true, ACK, CLOSED, TCP_CLOSED),
	STEP(false, RST, CLOSED, TCP_CLOSED),
};

static const struct session_step session_refused[] = {
	STEP(false, SYN, NEW, TCP_NEW),
	STEP(true, RST | ACK, CLOSED, TCP_CLOSED),
	STEP(true, ACK, CLOSED, TCP_CLOSED),
};

static const struct session_step session_aborted[] = {
	STEP(false, SYN, NEW, TCP_NEW),
	STEP(true, SYN | ACK, REPLIED, TCP_NEW),
	STEP(false, ACK, ESTABLISHED, TCP_ESTABLISHED),
	STEP(false, RST, CLOSED, TCP_CLOSED),
};

/* Numbers as two hosts have them that send nothing but SYN and FIN. */
static void session_number(struct simtest_flow *next, bool back, const bool *fin)
{
	next->seq = next->tcp & SYN ? 1000 : 1001 + (fin[back] && !(next->tcp & FIN));
	next->ack = next->tcp & ACK ? 1001 + fin[!back] : 0;
	next->window = 1000;
}

static void session_walk(struct simtest *t, const struct simtest_flow *flow,
			 const struct session_step *steps, u32 n)
{
	struct simtest_flow forth = *flow, back;
	struct simseg_session s;
	bool fin[2] = {};
	u32 i, expected;

	simtest_reply(flow, SIMTEST_NET0, &back);
	for (i = 0; i < n; i++) {
		struct simtest_flow *next = steps[i].back ? &back : &forth;

		next->tcp = steps[i].tcp;
		session_number(next, steps[i].back, fin);
		fin[steps[i].back] |= !!(next->tcp & FIN);
		expected = i ? SIMSEG_REASON_SESSION : SIMSEG_REASON_RULE;
		KUNIT_EXPECT_EQ_MSG(t->kunit, simtest_judge(t, next), expected, "step %u", i);
		KUNIT_ASSERT_TRUE(t->kunit, simtest_session(t, flow, &s));
		KUNIT_EXPECT_EQ_MSG(t->kunit, s.state, steps[i].state, "step %u", i);
		KUNIT_EXPECT_EQ_MSG(t->kunit, simseg_session_timeout(t->sn, &s),
				    (100UL + steps[i].setting) * HZ, "step %u", i);
	}
}

/* Ends what has nothing to say any more, by its record. */
static void session_expect_end(struct simtest *t, const struct simtest_flow *flow, u8 end)
{
	struct simseg_receipt receipt = {};
	struct simseg_session s;

	simtest_age(t, flow, -5 * HZ);
	simseg_sweep_run(t->sn, &receipt);
	KUNIT_EXPECT_TRUE(t->kunit, simtest_session(t, flow, &s));
	simtest_age(t, flow, 1);
	simseg_sweep_run(t->sn, &receipt);
	KUNIT_EXPECT_EQ(t->kunit, receipt.sessions, 0);
	KUNIT_EXPECT_FALSE(t->kunit, simtest_session(t, flow, &s));
	KUNIT_EXPECT_EQ(t->kunit, simtest_ends(end), 1);
	KUNIT_EXPECT_EQ(t->kunit, simtest_records.kinds[SIMSEG_RECORD_CLOSE], 1);
	KUNIT_EXPECT_EQ(t->kunit, simtest_sessions(t), 0);
}

static void session_test_fin(struct kunit *test)
{
	struct simtest *t = test->priv;

	session_world(t);
	session_walk(t, &session_https, session_fin, ARRAY_SIZE(session_fin));
	/* a RST after both FINs is a formality, and not how it ended */
	session_expect_end(t, &session_https, SIMSEG_END_FIN);
}

static void session_test_refused(struct kunit *test)
{
	struct simtest *t = test->priv;

	session_world(t);
	session_walk(t, &session_https, session_refused, ARRAY_SIZE(session_refused));
	session_expect_end(t, &session_https, SIMSEG_END_RST);
}

static void session_test_aborted(struct kunit *test)
{
	struct simtest *t = test->priv;

	session_world(t);
	session_walk(t, &session_https, session_aborted, ARRAY_SIZE(session_aborted));
	session_expect_end(t, &session_https, SIMSEG_END_RST);
}

static void session_test_timeout(struct kunit *test)
{
	struct simtest *t = test->priv;

	session_world(t);
	session_walk(t, &session_https, session_fin, 5);
	session_expect_end(t, &session_https, SIMSEG_END_TIMEOUT);
}

/* The settings of protocols other than TCP, before and after an answer. */
static void session_test_timeouts(struct kunit *test)
{
	static const struct {
		u8 proto;
		u16 dport;
		u32 setting[2];
	} rows[] = {
		{ IPPROTO_UDP, 123, { SIMSEG_A_SETTING_UDP_NEW, SIMSEG_A_SETTING_UDP_REPLIED } },
		{ IPPROTO_ICMP, 0, { SIMSEG_A_SETTING_ICMP, SIMSEG_A_SETTING_ICMP } },
		{ IPPROTO_GRE, 0, { SIMSEG_A_SETTING_OTHER, SIMSEG_A_SETTING_OTHER } },
	};
	struct simtest *t = test->priv;
	struct simtest_flow flow = session_ntp, reply;
	struct simseg_session s;
	unsigned int i;

	session_world(t);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		flow.proto = rows[i].proto;
		flow.dport = rows[i].dport;
		flow.sport = rows[i].dport ? SIMTEST_PORT : 0;
		SIMTEST_EXPECT_REASON(t, &flow, RULE);
		KUNIT_ASSERT_TRUE(test, simtest_session(t, &flow, &s));
		KUNIT_EXPECT_EQ(test, s.state, SIMSEG_SESSION_NEW);
		KUNIT_EXPECT_EQ(test, simseg_session_timeout(t->sn, &s),
				(100UL + rows[i].setting[0]) * HZ);
		simtest_reply(&flow, SIMTEST_NET0, &reply);
		SIMTEST_EXPECT_REASON(t, &reply, SESSION);
		KUNIT_ASSERT_TRUE(test, simtest_session(t, &flow, &s));
		KUNIT_EXPECT_EQ(test, s.state, SIMSEG_SESSION_REPLIED);
		KUNIT_EXPECT_EQ(test, simseg_session_timeout(t->sn, &s),
				(100UL + rows[i].setting[1]) * HZ);
	}
}

/* A SYN opens closed ports anew, and nothing else does. */
static void session_test_reuse(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow dry = session_https, ack = session_https;
	struct simseg_session first, second;

	session_world(t);
	session_walk(t, &session_https, session_aborted, ARRAY_SIZE(session_aborted));
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &session_https, &first));
	ack.tcp = ACK;
	SIMTEST_EXPECT_REASON(t, &ack, SESSION);
	dry.flags = SIMSEG_PKT_DRY;
	SIMTEST_EXPECT_REASON(t, &dry, RULE);
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &session_https, &second));
	KUNIT_EXPECT_EQ(test, first.id, second.id);
	SIMTEST_EXPECT_REASON(t, &session_https, RULE);
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &session_https, &second));
	KUNIT_EXPECT_NE(test, first.id, second.id);
	KUNIT_EXPECT_EQ(test, second.state, SIMSEG_SESSION_NEW);
	KUNIT_EXPECT_EQ(test, atomic64_read(&second.packets[0]), 1);
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_REUSED), 1);
	/* in an open one a SYN is just a packet */
	SIMTEST_EXPECT_REASON(t, &session_https, SESSION);
	KUNIT_EXPECT_EQ(test, simtest_sessions(t), 1);
}

/* The other side may not reuse what only the device may open. */
static void session_test_reuse_other(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow back;

	session_world(t);
	session_walk(t, &session_https, session_aborted, ARRAY_SIZE(session_aborted));
	simtest_reply(&session_https, SIMTEST_NET0, &back);
	back.tcp = SYN;
	SIMTEST_EXPECT_REASON(t, &back, NO_RULE);
}

/* Two packets that open the same flow at once: one of them does. */
static void session_test_twice(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_result res = {};
	struct simseg_flow flow = {};
	struct simseg_pkt pkt, quote;
	int first, second;

	session_world(t);
	simtest_pkt(t, &session_ntp, &pkt, &quote);
	res.device[0] = simtest_find(t, SIMTEST_ID_METER);
	rcu_read_lock();
	simseg_flow_find(t->sn, &pkt, &flow);
	first = simseg_session_create(t->sn, &pkt, &flow, &res);
	second = simseg_session_create(t->sn, &pkt, &flow, &res);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, first, 0);
	KUNIT_EXPECT_EQ(test, second, -EEXIST);
	simtest_expect_count(t, SIMTEST_ID_METER, 1);
	KUNIT_EXPECT_EQ(test, simtest_sessions(t), 1);
	KUNIT_EXPECT_EQ(test, simtest_records.kinds[SIMSEG_RECORD_OPEN], 1);
}

/* Both ends of a session on one device: counted twice, ended once. */
static void session_test_same_device(struct kunit *test)
{
	static const struct simtest_rule both[] = {
		{ SIMSEG_DIR_OUT, IPPROTO_UDP, SIMSEG_PEER_ANY },
		{ SIMSEG_DIR_IN, IPPROTO_UDP, SIMSEG_PEER_ANY },
	};
	struct simtest *t = test->priv;
	struct simseg_device_spec *spec = simtest_spec(t, 50, "");
	struct simtest_flow flow = session_ntp;
	struct simseg_receipt receipt = {};

	session_world(t);
	simtest_spec_bind(t, spec, IP(10, 64, 5, 1), 32, "st-sim0");
	simtest_spec_bind(t, spec, IP(10, 64, 5, 2), 32, "st-sim0");
	simtest_spec_rule(t, spec, &both[0]);
	simtest_spec_rule(t, spec, &both[1]);
	KUNIT_ASSERT_EQ(test, 0, simtest_new(t, spec));
	flow.src = IP(10, 64, 5, 1);
	flow.dst = IP(10, 64, 5, 2);
	SIMTEST_EXPECT_REASON(t, &flow, RULE);
	simtest_expect_count(t, 50, 2);
	simseg_sessions_cut_device(t->sn, simtest_find(t, 50), SIMSEG_END_KILLED, &receipt);
	KUNIT_EXPECT_EQ(test, receipt.sessions, 1);
	KUNIT_EXPECT_EQ(test, receipt.cut[SIMSEG_CUT_TCP] + receipt.cut[SIMSEG_CUT_UDP], 1);
	simtest_expect_count(t, 50, 0);
	KUNIT_EXPECT_EQ(test, simtest_sessions(t), 0);
}

/* Who judged before a change, and comes after it, vouches for no interface. */
static void session_test_late(struct kunit *test)
{
	struct simtest *t = test->priv;
	const u32 ifindex = simtest_device(SIMTEST_SIM0)->ifindex;
	u32 before = atomic_read(&t->sn->change), now;
	struct simseg_result res = {};
	struct simseg_session *s;
	struct simseg_key key;
	struct simseg_pkt pkt, quote;
	u8 dir;

	session_world(t);
	SIMTEST_EXPECT_REASON(t, &session_ntp, RULE);
	simtest_pkt(t, &session_ntp, &pkt, &quote);
	dir = simseg_key_make(&key, &pkt);
	simseg_net_changed(t->sn);
	now = atomic_read(&t->sn->change);
	rcu_read_lock();
	s = simseg_session_find(t->sn, &key);
	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_EXPECT_TRUE(test, simseg_session_passed(s, dir, ifindex));
	simseg_session_restamp(s, &res, now);
	KUNIT_EXPECT_FALSE(test, simseg_session_passed(s, dir, ifindex));
	simseg_session_pass(s, dir, before, ifindex);
	KUNIT_EXPECT_FALSE(test, simseg_session_passed(s, dir, ifindex));
	simseg_session_restamp(s, &res, before);
	simseg_session_pass(s, dir, now, ifindex);
	KUNIT_EXPECT_TRUE(test, simseg_session_passed(s, dir, ifindex));
	KUNIT_EXPECT_FALSE(test, simseg_session_passed(s, dir, ifindex + 1));
	KUNIT_EXPECT_FALSE(test, simseg_session_passed(s, !dir, ifindex));
	rcu_read_unlock();
}

static struct kunit_case session_test_cases[] = {
	KUNIT_CASE_PARAM(session_test_fin, simtest_families),
	KUNIT_CASE_PARAM(session_test_aborted, simtest_families),
	KUNIT_CASE_PARAM(session_test_refused, simtest_families),
	KUNIT_CASE_PARAM(session_test_timeout, simtest_families),
	KUNIT_CASE_PARAM(session_test_timeouts, simtest_families),
	KUNIT_CASE_PARAM(session_test_reuse, simtest_families),
	KUNIT_CASE_PARAM(session_test_reuse_other, simtest_families),
	KUNIT_CASE_PARAM(session_test_twice, simtest_families),
	KUNIT_CASE_PARAM(session_test_same_device, simtest_families),
	KUNIT_CASE_PARAM(session_test_late, simtest_families),
	{}
};

static struct kunit_suite session_test_suite = {
	.name = "simseg_session",
	.suite_init = simtest_suite_init,
	.suite_exit = simtest_suite_exit,
	.init = simtest_init,
	.exit = simtest_exit,
	.test_cases = session_test_cases,
};

kunit_test_suite(session_test_suite);
