// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many sessions there may be, of a device and in total, and who makes room.
 */
#include "test_util.h"

static const struct simtest_flow limit_https = {
	.src = SIMTEST_METER, .dst = SIMTEST_SCADA, .in = SIMTEST_SIM0,
	.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_TCP, .tcp = SIMTEST_SYN,
	.sport = SIMTEST_PORT, .dport = 443,
};

static const struct simtest_flow limit_ntp = {
	.src = SIMTEST_METER, .dst = SIMTEST_SCADA, .in = SIMTEST_SIM0,
	.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_UDP,
	.sport = SIMTEST_PORT, .dport = 123,
};

/* One limit as given, the others far away. */
static void limit_world(struct simtest *t, u32 setting, u32 value)
{
	struct simseg_upload *up;

	simtest_world(t);
	up = simtest_world_rules(t);
	KUNIT_ASSERT_EQ(t->kunit, 0, simtest_setting(t, up, setting, value));
	KUNIT_ASSERT_EQ(t->kunit, 0, simtest_commit(t, up, 0, NULL));
}

/* An answered flow, which is not evicted; the port tells them apart. */
static void limit_open_answered(struct simtest *t, const struct simtest_flow *flow, u16 sport,
				u8 back_on)
{
	struct simtest_flow open = *flow, reply;

	open.sport = sport;
	SIMTEST_EXPECT_REASON(t, &open, RULE);
	simtest_reply(&open, back_on, &reply);
	SIMTEST_EXPECT_REASON(t, &reply, SESSION);
}

static void limit_test_device(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow more = limit_ntp, dry = limit_ntp;
	struct simseg_session s;
	int i;

	limit_world(t, SIMSEG_A_SETTING_DEVICE_SESSIONS, 3);
	for (i = 0; i < 3; i++)
		limit_open_answered(t, &limit_ntp, SIMTEST_PORT + i, SIMTEST_NET0);
	simtest_expect_count(t, SIMTEST_ID_METER, 3);
	more.sport += 3;
	SIMTEST_EXPECT_REASON(t, &more, DEVICE_LIMIT);
	simtest_expect_count(t, SIMTEST_ID_METER, 3);
	KUNIT_EXPECT_EQ(test, simtest_sessions(t), 3);
	dry.sport += 3;
	dry.flags = SIMSEG_PKT_DRY;
	SIMTEST_EXPECT_REASON(t, &dry, DEVICE_LIMIT);
	/* what is open goes on, and another device is not touched */
	SIMTEST_EXPECT_REASON(t, &limit_ntp, SESSION);
	more.src = SIMTEST_ROAMER;
	SIMTEST_EXPECT_REASON(t, &more, RULE);
	/* one whose time is over makes room */
	more.src = SIMTEST_METER;
	simtest_age(t, &limit_ntp, 1);
	SIMTEST_EXPECT_REASON(t, &dry, RULE);
	SIMTEST_EXPECT_REASON(t, &more, RULE);
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_EVICTED), 1);
	KUNIT_EXPECT_FALSE(test, simtest_session(t, &limit_ntp, &s));
	simtest_expect_count(t, SIMTEST_ID_METER, 3);
}

/* Oldest unanswered first; answered ones stay. */
static void limit_test_evict(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow flow = limit_ntp;
	struct simseg_session s;
	int i;

	limit_world(t, SIMSEG_A_SETTING_DEVICE_SESSIONS, 4);
	limit_open_answered(t, &limit_ntp, SIMTEST_PORT, SIMTEST_NET0);
	for (i = 1; i < 12; i++) {
		flow.sport = SIMTEST_PORT + i;
		SIMTEST_EXPECT_REASON(t, &flow, RULE);
		simtest_expect_count(t, SIMTEST_ID_METER, min(i + 1, 4));
	}
	KUNIT_EXPECT_TRUE(test, simtest_session(t, &limit_ntp, &s));
	flow.sport = SIMTEST_PORT + 8;
	KUNIT_EXPECT_FALSE(test, simtest_session(t, &flow, &s));
	flow.sport = SIMTEST_PORT + 9;
	KUNIT_EXPECT_TRUE(test, simtest_session(t, &flow, &s));
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_EVICTED), 8);
}

/* What waits for its memory has a limit: beyond it a flood is only denied. */
static void limit_test_flood(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow flow = limit_ntp;
	int i, allowed = 0;

	limit_world(t, SIMSEG_A_SETTING_DEVICE_SESSIONS, 2);
	rcu_read_lock();
	for (i = 0; i < 100; i++) {
		flow.sport = SIMTEST_PORT + i;
		allowed += simtest_judge(t, &flow) == SIMSEG_REASON_RULE;
	}
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, allowed, 2 + 16);
	simtest_expect_count(t, SIMTEST_ID_METER, 2);
	SIMTEST_EXPECT_REASON(t, &flow, RULE);
}

/* Half-open ones have a limit of their own, and leave it when answered. */
static void limit_test_half_open(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_device *device;
	struct simtest_flow flow = limit_ntp;
	struct simseg_session s;
	int i;

	limit_world(t, SIMSEG_A_SETTING_DEVICE_HALF_OPEN, 2);
	device = simtest_find(t, SIMTEST_ID_METER);
	for (i = 0; i < 5; i++)
		limit_open_answered(t, &limit_ntp, SIMTEST_PORT + i, SIMTEST_NET0);
	KUNIT_EXPECT_EQ(test, atomic_read(&device->nopening), 0);
	for (; i < 8; i++) {
		flow.sport = SIMTEST_PORT + i;
		SIMTEST_EXPECT_REASON(t, &flow, RULE);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&device->nopening), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->sn->sessions.opening), 2);
	flow.sport = SIMTEST_PORT + 5;
	KUNIT_EXPECT_FALSE(test, simtest_session(t, &flow, &s));
	simtest_expect_count(t, SIMTEST_ID_METER, 7);
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_EVICTED), 1);
}

/* Who is called may be full: the caller pays nothing for what is refused. */
static void limit_test_responder(struct kunit *test)
{
	struct simtest_flow call = limit_https, dns = {
		.src = SIMTEST_CAMERA, .dst = SIMTEST_SCADA, .in = SIMTEST_SIM1,
		.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_UDP, .dport = 53,
	};
	struct simtest *t = test->priv;
	int i;

	limit_world(t, SIMSEG_A_SETTING_DEVICE_SESSIONS, 2);
	call.dst = SIMTEST_CAMERA;
	call.dport = 554;
	for (i = 0; i < 2; i++)
		limit_open_answered(t, &dns, SIMTEST_PORT + i, SIMTEST_NET0);
	SIMTEST_EXPECT_REASON(t, &call, DEVICE_LIMIT);
	simtest_expect_count(t, SIMTEST_ID_METER, 0);
	simtest_expect_count(t, SIMTEST_ID_CAMERA, 2);
	KUNIT_EXPECT_EQ(test, simtest_sessions(t), 2);
}

static void limit_test_total(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow flow = limit_ntp, dry;
	struct simseg_receipt receipt = {};
	struct simseg_session s;
	int i;

	limit_world(t, SIMSEG_A_SETTING_SESSIONS, 3);
	for (i = 0; i < 3; i++)
		limit_open_answered(t, &limit_ntp, SIMTEST_PORT + i, SIMTEST_NET0);
	/* nobody has anything to give */
	flow.sport = SIMTEST_PORT + 3;
	SIMTEST_EXPECT_REASON(t, &flow, SESSION_LIMIT);
	flow.src = SIMTEST_ROAMER;
	dry = flow;
	dry.flags = SIMSEG_PKT_DRY;
	SIMTEST_EXPECT_REASON(t, &dry, SESSION_LIMIT);
	SIMTEST_EXPECT_REASON(t, &flow, SESSION_LIMIT);
	simtest_expect_count(t, SIMTEST_ID_METER, 3);
	/* one that is killed makes room once its memory is back */
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &limit_ntp, &s));
	KUNIT_EXPECT_EQ(test, 0, simseg_session_kill(t->sn, s.id, &receipt));
	KUNIT_EXPECT_EQ(test, receipt.sessions, 1);
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_KILLED), 1);
	KUNIT_EXPECT_EQ(test, simtest_sessions(t), 2);
	SIMTEST_EXPECT_REASON(t, &flow, RULE);
	KUNIT_EXPECT_EQ(test, -ENOENT, simseg_session_kill(t->sn, s.id, &receipt));
}

/* Who has few half-open sessions takes from who has the most; nobody else does. */
static void limit_test_share(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow flood = limit_ntp, other = limit_ntp, answered = limit_ntp, dry;
	struct simseg_session s;
	int i;

	limit_world(t, SIMSEG_A_SETTING_HALF_OPEN, 4);
	answered.sport += 20;
	limit_open_answered(t, &limit_ntp, answered.sport, SIMTEST_NET0);
	for (i = 0; i < 4; i++) {
		flood.sport = SIMTEST_PORT + i;
		SIMTEST_EXPECT_REASON(t, &flood, RULE);
	}
	other.src = SIMTEST_ROAMER;
	dry = other;
	dry.flags = SIMSEG_PKT_DRY;
	SIMTEST_EXPECT_REASON(t, &dry, RULE);
	SIMTEST_EXPECT_REASON(t, &other, RULE);
	KUNIT_EXPECT_TRUE(test, simtest_session(t, &answered, &s));
	KUNIT_EXPECT_FALSE(test, simtest_session(t, &limit_ntp, &s));
	/* the flood pays for itself, and does not take it back */
	for (i = 4; i < 10; i++) {
		flood.sport = SIMTEST_PORT + i;
		SIMTEST_EXPECT_REASON(t, &flood, RULE);
		rcu_barrier();
	}
	KUNIT_EXPECT_TRUE(test, simtest_session(t, &other, &s));
}

/* A flood that has used up what may wait for memory leaves a part to others. */
static void limit_test_reserve(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow other = limit_ntp;
	struct simseg_device *meter;
	struct simtest_flow flood = limit_ntp;
	int i;

	limit_world(t, SIMSEG_A_SETTING_HALF_OPEN, 4);
	for (i = 0; i < 4; i++) {
		flood.sport = SIMTEST_PORT + i;
		SIMTEST_EXPECT_REASON(t, &flood, RULE);
	}
	meter = simtest_find(t, SIMTEST_ID_METER);
	atomic_set(&t->sn->sessions.evicted, 768);
	flood.sport = SIMTEST_PORT + 4;
	SIMTEST_EXPECT_REASON(t, &flood, SESSION_LIMIT);
	other.src = SIMTEST_ROAMER;
	SIMTEST_EXPECT_REASON(t, &other, RULE);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, atomic_read(&t->sn->sessions.evicted), 768);
	atomic_set(&t->sn->sessions.evicted, 0);
	/* it may be removed: its number then stands for nobody */
	KUNIT_EXPECT_EQ(test, t->sn->sessions.heaviest, meter->id);
	KUNIT_ASSERT_EQ(test, 0, simtest_del(t, SIMTEST_ID_METER));
	for (i = 0; i < 6; i++) {
		other.sport = SIMTEST_PORT + 10 + i;
		SIMTEST_EXPECT_REASON(t, &other, RULE);
		rcu_barrier();
	}
}

static struct kunit_case limit_test_cases[] = {
	KUNIT_CASE_PARAM(limit_test_device, simtest_families),
	KUNIT_CASE_PARAM(limit_test_evict, simtest_families),
	KUNIT_CASE_PARAM(limit_test_flood, simtest_families),
	KUNIT_CASE_PARAM(limit_test_half_open, simtest_families),
	KUNIT_CASE_PARAM(limit_test_responder, simtest_families),
	KUNIT_CASE_PARAM(limit_test_total, simtest_families),
	KUNIT_CASE_PARAM(limit_test_share, simtest_families),
	KUNIT_CASE_PARAM(limit_test_reserve, simtest_families),
	{}
};

static struct kunit_suite limit_test_suite = {
	.name = "simseg_limit",
	.suite_init = simtest_suite_init,
	.suite_exit = simtest_suite_exit,
	.init = simtest_init,
	.exit = simtest_exit,
	.test_cases = limit_test_cases,
};

kunit_test_suite(limit_test_suite);
