// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies that only observe: what their rules deny passes, and is told; what
 * is denied for another reason is denied.
 */
#include "test_util.h"

#define OBSERVE_METER	BIT(0)
#define OBSERVE_CAMERA	BIT(1)

#define FLOW(src_, dst_, in_, proto_, tcp_, dport_) {					\
	.src = SIMTEST_##src_, .dst = SIMTEST_##dst_, .in = SIMTEST_##in_,		\
	.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_##proto_, .tcp = tcp_,		\
	.sport = SIMTEST_PORT, .dport = dport_ }

#define SYN SIMTEST_SYN
#define ACK SIMTEST_ACK

static void observe_rules(struct simtest *t, u32 who, u32 limit)
{
	struct simseg_upload *up = simtest_world_rules(t);

	if (limit)
		KUNIT_ASSERT_EQ(t->kunit, 0,
				simtest_setting(t, up, SIMSEG_A_SETTING_DEVICE_SESSIONS, limit));
	if (who & OBSERVE_METER)
		KUNIT_ASSERT_EQ(t->kunit, 0,
				simtest_locked(t, simseg_upload_policy(t->sn, up, "meter", true,
								       NULL, 0, &t->extack)));
	if (who & OBSERVE_CAMERA)
		KUNIT_ASSERT_EQ(t->kunit, 0,
				simtest_locked(t, simseg_upload_policy(t->sn, up, "camera", true,
								       NULL, 0, &t->extack)));
	KUNIT_ASSERT_EQ(t->kunit, 0, simtest_commit(t, up, 0, NULL));
}

static void observe_world(struct simtest *t, u32 who, u32 limit)
{
	simtest_world(t);
	observe_rules(t, who, limit);
}

/* What meters do and only they are observed. */
static void observe_test_rows(struct kunit *test)
{
	static const struct {
		const char *what;
		struct simtest_flow flow;
		u8 reason;
		u8 observed;
	} rows[] = {
#define ROW(what, flow, reason, observed) \
	{ what, flow, SIMSEG_REASON_##reason, SIMSEG_REASON_##observed }
		ROW("listed", FLOW(METER, SCADA, SIM0, TCP, SYN, 443), RULE, NONE),
		ROW("no rule, out", FLOW(METER, WORLD, SIM0, TCP, SYN, 80), OBSERVED, NO_RULE),
		ROW("no rule, in", FLOW(WORLD, METER, NET0, TCP, SYN, 80), OBSERVED, NO_RULE),
		ROW("no rule, UDP", FLOW(METER, WORLD, SIM0, UDP, 0, 80), OBSERVED, NO_RULE),
		ROW("middle", FLOW(METER, WORLD, SIM0, TCP, ACK, 80), OBSERVED, NOT_FIRST),
		ROW("unbound", FLOW(UNBOUND, WORLD, SIM0, UDP, 0, 80), UNBOUND, NONE),
		ROW("to unbound", FLOW(METER, UNBOUND, SIM0, UDP, 0, 80), UNBOUND, NONE),
		ROW("spoofed", FLOW(METER, WORLD, SIM1, UDP, 0, 80), SPOOFED, NONE),
		ROW("quarantined", FLOW(CUT, WORLD, SIM0, UDP, 0, 80), QUARANTINED, NONE),
		ROW("to quarantined", FLOW(METER, CUT, SIM0, UDP, 0, 80), QUARANTINED, NONE),
		ROW("enforced", FLOW(CAMERA, WORLD, SIM1, UDP, 0, 80), NO_RULE, NONE),
		ROW("no policy", FLOW(ORPHAN, WORLD, SIM0, UDP, 0, 80), NO_POLICY, NONE),
		ROW("it denies", FLOW(METER, CAMERA, SIM0, TCP, SYN, 7000), OBSERVED, NO_RULE),
		ROW("both deny", FLOW(METER, CAMERA, SIM0, TCP, SYN, 80), NO_RULE, NONE),
		ROW("both deny, back", FLOW(CAMERA, METER, SIM1, TCP, SYN, 80), NO_RULE, NONE),
		ROW("middle, both", FLOW(METER, CAMERA, SIM0, TCP, ACK, 80), NOT_FIRST, NONE),
#undef ROW
	};
	struct simtest *t = test->priv;
	struct simseg_result res;
	u32 i;

	observe_world(t, OBSERVE_METER, 0);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		KUNIT_EXPECT_EQ_MSG(test, simtest_judge_result(t, &rows[i].flow, &res),
				    rows[i].reason, "%s", rows[i].what);
		KUNIT_EXPECT_EQ_MSG(test, res.observed, rows[i].observed, "%s", rows[i].what);
	}
	KUNIT_EXPECT_EQ(test, simtest_sessions(t), 1);
}

/* Between two devices each side that denies has to observe. */
static void observe_test_both(struct kunit *test)
{
	static const struct simtest_flow both = FLOW(METER, CAMERA, SIM0, TCP, SYN, 80);
	static const struct simtest_flow middle = FLOW(METER, CAMERA, SIM0, TCP, ACK, 80);
	static const struct simtest_flow one = FLOW(METER, CAMERA, SIM0, TCP, SYN, 7000);
	struct simtest *t = test->priv;

	observe_world(t, OBSERVE_CAMERA, 0);
	SIMTEST_EXPECT_REASON(t, &one, NO_RULE);
	SIMTEST_EXPECT_REASON(t, &both, NO_RULE);
	SIMTEST_EXPECT_REASON(t, &middle, NOT_FIRST);
	observe_rules(t, OBSERVE_CAMERA | OBSERVE_METER, 0);
	SIMTEST_EXPECT_REASON(t, &one, OBSERVED);
	SIMTEST_EXPECT_REASON(t, &both, OBSERVED);
	SIMTEST_EXPECT_REASON(t, &middle, OBSERVED);
	observe_rules(t, 0, 0);
	SIMTEST_EXPECT_REASON(t, &both, NO_RULE);
}

/* A session that a new ruleset would cut goes on, told as observed. */
static void observe_test_session(struct kunit *test)
{
	struct simtest_flow flow = FLOW(METER, SCADA, SIM0, TCP, SYN, 443), reply;
	struct simtest *t = test->priv;
	struct simseg_upload *up;
	struct simseg_result res;

	simtest_world(t);
	SIMTEST_EXPECT_REASON(t, &flow, RULE);
	up = simtest_begin(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_pool(t, up, SIMTEST_POOL, 16));
	KUNIT_ASSERT_EQ(test, 0, simtest_locked(t, simseg_upload_policy(t->sn, up, "meter", true,
									NULL, 0, &t->extack)));
	KUNIT_ASSERT_EQ(test, 0, simtest_commit(t, up, 0, NULL));
	flow.tcp = ACK;
	KUNIT_EXPECT_EQ(test, simtest_judge_result(t, &flow, &res), SIMSEG_REASON_OBSERVED);
	simtest_reply(&flow, SIMTEST_NET0, &reply);
	KUNIT_EXPECT_EQ(test, simtest_judge_result(t, &reply, &res), SIMSEG_REASON_OBSERVED);
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_RULESET), 1);
	KUNIT_EXPECT_EQ(test, simtest_sessions(t), 0);
}

static void observe_test_limit(struct kunit *test)
{
	struct simtest_flow flow = FLOW(METER, SCADA, SIM0, UDP, 0, 123), reply;
	struct simtest *t = test->priv;
	struct simseg_result res;

	observe_world(t, OBSERVE_METER, 1);
	SIMTEST_EXPECT_REASON(t, &flow, RULE);
	simtest_reply(&flow, SIMTEST_NET0, &reply);
	SIMTEST_EXPECT_REASON(t, &reply, SESSION);
	flow.sport++;
	KUNIT_EXPECT_EQ(test, simtest_judge_result(t, &flow, &res), SIMSEG_REASON_OBSERVED);
	KUNIT_EXPECT_EQ(test, res.observed, SIMSEG_REASON_DEVICE_LIMIT);
	KUNIT_EXPECT_NULL(test, res.session);
}

/* As the floor tells of it; a deny and its like, observed, are two records. */
static void observe_test_record(struct kunit *test)
{
	static const struct simtest_flow flow = FLOW(METER, WORLD, SIM0, UDP, 0, 80);
	struct simseg_record *rec = simtest_records.rec;
	struct simtest *t = test->priv;
	struct simseg_pkt pkt, quote;
	struct simseg_result res;
	int i;

	simtest_world(t);
	for (i = 0; i < 2; i++) {
		observe_rules(t, i ? OBSERVE_METER : 0, 0);
		simtest_pkt(t, &flow, &pkt, &quote);
		rcu_read_lock();
		simseg_judge(t->sn, &pkt, &res);
		simseg_deny_note(t->sn, &pkt, &res);
		rcu_read_unlock();
	}
	KUNIT_EXPECT_EQ(test, simtest_records.kinds[SIMSEG_RECORD_DENY], 2);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, rec[i].reason, SIMSEG_REASON_NO_RULE);
		KUNIT_EXPECT_EQ(test, rec[i].flags & SIMSEG_RECORD_F_OBSERVED,
				i ? SIMSEG_RECORD_F_OBSERVED : 0);
	}
}

static struct kunit_case observe_test_cases[] = {
	KUNIT_CASE_PARAM(observe_test_rows, simtest_families),
	KUNIT_CASE_PARAM(observe_test_both, simtest_families),
	KUNIT_CASE_PARAM(observe_test_session, simtest_families),
	KUNIT_CASE_PARAM(observe_test_limit, simtest_families),
	KUNIT_CASE_PARAM(observe_test_record, simtest_families),
	{}
};

static struct kunit_suite observe_test_suite = {
	.name = "simseg_observe",
	.suite_init = simtest_suite_init,
	.suite_exit = simtest_suite_exit,
	.init = simtest_init,
	.exit = simtest_exit,
	.test_cases = observe_test_cases,
};

kunit_test_suite(observe_test_suite);
