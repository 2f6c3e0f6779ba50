// SPDX-License-Identifier: GPL-2.0-only
/*
 * Grants: what they allow, and that nothing of it is left when they end, be the
 * worker as late as it may.
 */
#include <linux/delay.h>
#include <linux/timekeeping.h>

#include "key.h"
#include "test_util.h"

#define HOUR	(3600 * (u64)NSEC_PER_SEC)

static const struct simtest_rule grant_web = {	/* what no policy of the world allows */
	SIMSEG_DIR_OUT, IPPROTO_TCP, SIMSEG_PEER_OWN, 8443, 0, NULL, SIMTEST_WORLD, 32
};

static const struct simtest_rule grant_ssh = {
	SIMSEG_DIR_IN, IPPROTO_TCP, SIMSEG_PEER_OWN, 22, 0, NULL, SIMTEST_WORLD, 32
};

static const struct simtest_flow grant_out = {
	.src = SIMTEST_METER, .dst = SIMTEST_WORLD, .in = SIMTEST_SIM0,
	.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_TCP, .tcp = SIMTEST_SYN,
	.sport = SIMTEST_PORT, .dport = 8443,
};

static const struct simtest_flow grant_in = {
	.src = SIMTEST_WORLD, .dst = SIMTEST_METER, .in = SIMTEST_NET0,
	.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_TCP, .tcp = SIMTEST_SYN,
	.sport = SIMTEST_PORT, .dport = 22,
};

static const struct simtest_flow grant_listed = {	/* by the policy */
	.src = SIMTEST_METER, .dst = SIMTEST_SCADA, .in = SIMTEST_SIM0,
	.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_TCP, .tcp = SIMTEST_SYN,
	.sport = SIMTEST_PORT, .dport = 443,
};

static const struct simseg_who grant_alice = {
	.actor = "alice", .reason = "firmware", .ticket = "T-1", .uid = 1000,
};

static const struct simseg_who grant_bob = {
	.actor = "bob", .reason = "disk", .ticket = "T-1", .uid = 1001,
};

/* The id, or -errno. */
static int grant_try(struct simtest *t, u32 n, const struct simtest_rule *rule, u64 duration,
		     const char *ifname, const struct simseg_who *who, bool restore)
{
	struct simseg_grant_request request = { .duration = duration, .restore = restore };
	struct simseg_device_spec *spec = simtest_spec(t, n, "");
	u32 id = 0;
	int err;

	if (rule)
		simtest_spec_rule(t, spec, rule);
	memcpy(request.iccid, spec->iccid, sizeof(request.iccid));
	strscpy(request.ifname, ifname, sizeof(request.ifname));
	request.nrules = spec->nrules;
	request.rules = spec->rules;
	err = simtest_locked(t, simseg_grant_new(t->sn, &request, who, &id, &t->extack));
	return err ?: id;
}

static int grant_ask(struct simtest *t, u32 n, const struct simtest_rule *rule, u64 duration,
		     const char *ifname, const struct simseg_who *who)
{
	return grant_try(t, n, rule, duration, ifname, who, false);
}

static u32 grant_give(struct simtest *t, u32 n, const struct simtest_rule *rule, u64 duration)
{
	int id = grant_ask(t, n, rule, duration, "", &grant_alice);

	KUNIT_ASSERT_GT(t->kunit, id, 0);
	return id;
}

static int grant_revoke(struct simtest *t, u32 id, const char *actor, const char *ticket,
			u32 *cut)
{
	const struct simseg_grant_filter filter = { .id = id, .actor = actor, .ticket = ticket };
	struct simseg_receipt receipt = {};
	int err;

	err = simtest_locked(t, simseg_grant_revoke(t->sn, &filter, &receipt, &t->extack));
	*cut = receipt.sessions;
	return err;
}

static u32 grant_sessions(struct simtest *t, u32 id)
{
	struct simseg_grant *grant = simtest_locked(t, simseg_grant_find(t->sn, id));

	KUNIT_ASSERT_NOT_NULL(t->kunit, grant);
	return atomic_read(&grant->sessions);
}

static void grant_next(const struct simtest_flow *flow, struct simtest_flow *ack,
		       struct simtest_flow *reply)
{
	*ack = *flow;
	ack->tcp = SIMTEST_ACK;
	simtest_reply(flow, flow->in == SIMTEST_NET0 ? SIMTEST_SIM0 : SIMTEST_NET0, reply);
	reply->tcp = SIMTEST_ACK;
}

static void grant_test_allow(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow ack, reply, other = grant_out;
	struct simseg_session s;
	u32 id, in;

	simtest_world(t);
	SIMTEST_EXPECT_REASON(t, &grant_out, NO_RULE);
	id = grant_give(t, SIMTEST_ID_METER, &grant_web, HOUR);
	in = grant_give(t, SIMTEST_ID_METER, &grant_ssh, HOUR);
	SIMTEST_EXPECT_REASON(t, &grant_out, RULE);
	grant_next(&grant_out, &ack, &reply);
	SIMTEST_EXPECT_REASON(t, &reply, SESSION);
	SIMTEST_EXPECT_REASON(t, &ack, SESSION);
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &ack, &s));
	KUNIT_EXPECT_EQ(test, s.party[0].grant, id);
	KUNIT_EXPECT_EQ(test, simseg_session_parties(&s), 1);
	KUNIT_EXPECT_EQ(test, s.party[0].policy, 0);
	KUNIT_EXPECT_EQ(test, s.party[0].rule, 1);
	KUNIT_EXPECT_GT(test, s.until, ktime_get_boottime_ns());
	KUNIT_EXPECT_EQ(test, simtest_records.rec[0].grant, id);
	KUNIT_EXPECT_EQ(test, grant_sessions(t, id), 1);
	/* nobody else, nothing else */
	other.dport++;
	SIMTEST_EXPECT_REASON(t, &other, NO_RULE);
	other = grant_out;
	other.src = SIMTEST_ROAMER;
	SIMTEST_EXPECT_REASON(t, &other, NO_RULE);
	SIMTEST_EXPECT_REASON(t, &grant_in, RULE);
	KUNIT_EXPECT_EQ(test, grant_sessions(t, in), 1);
	/* what the policy allows is not the grant's */
	SIMTEST_EXPECT_REASON(t, &grant_listed, RULE);
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &grant_listed, &s));
	KUNIT_EXPECT_EQ(test, s.party[0].grant, 0);
	KUNIT_EXPECT_EQ(test, s.until, 0);
}

/* Judges @flow until the deadline is over: SESSION before it, and never after. */
static void grant_watch(struct simtest *t, const struct simtest_flow *flow, u64 until)
{
	u64 before, after;
	u8 reason;

	do {
		before = ktime_get_coarse_boottime_ns();
		reason = simtest_judge(t, flow);
		after = ktime_get_coarse_boottime_ns();
		if (after < until)
			KUNIT_EXPECT_EQ(t->kunit, reason, SIMSEG_REASON_SESSION);
		if (before >= until)
			KUNIT_EXPECT_EQ(t->kunit, reason, SIMSEG_REASON_NO_RULE);
		usleep_range(200, 400);
	} while (before < until);
}

/* The worker never runs: the packet path has the deadline by itself. */
static void grant_test_deadline(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow ack, reply, dry = grant_out, listed, listed_reply;
	struct simseg_session s;
	struct simseg_receipt receipt = {};

	simtest_world(t);
	SIMTEST_EXPECT_REASON(t, &grant_listed, RULE);
	grant_next(&grant_listed, &listed, &listed_reply);
	disable_work_sync(&t->sn->deadline_work);
	grant_give(t, SIMTEST_ID_METER, &grant_web, 50 * (u64)NSEC_PER_MSEC);
	SIMTEST_EXPECT_REASON(t, &grant_out, RULE);
	grant_next(&grant_out, &ack, &reply);
	SIMTEST_EXPECT_REASON(t, &reply, SESSION);
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &ack, &s));
	grant_watch(t, &ack, s.until);
	KUNIT_EXPECT_EQ(test, t->sn->ngrants, 1);
	SIMTEST_EXPECT_REASON(t, &reply, NO_RULE);
	dry.sport++;
	SIMTEST_EXPECT_REASON(t, &dry, NO_RULE);
	SIMTEST_EXPECT_REASON(t, &listed, SESSION);
	SIMTEST_EXPECT_REASON(t, &listed_reply, SESSION);
	simseg_sweep_run(t->sn, &receipt);
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_EXPIRED), 1);
	SIMTEST_EXPECT_REASON(t, &ack, NOT_FIRST);
	enable_work(&t->sn->deadline_work);
	queue_work(system_wq, &t->sn->deadline_work);
	flush_work(&t->sn->deadline_work);
	KUNIT_EXPECT_EQ(test, t->sn->ngrants, 0);
}

static void grant_test_worker(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow ack, reply;
	struct simseg_receipt receipt = {};
	u32 change;
	int i;

	simtest_world(t);
	grant_give(t, SIMTEST_ID_METER, &grant_web, 30 * (u64)NSEC_PER_MSEC);
	SIMTEST_EXPECT_REASON(t, &grant_out, RULE);
	grant_next(&grant_out, &ack, &reply);
	change = atomic_read(&t->sn->change);
	for (i = 0; i < 200 && READ_ONCE(t->sn->ngrants); i++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, t->sn->ngrants, 0);
	KUNIT_EXPECT_NE(test, change, (u32)atomic_read(&t->sn->change));
	SIMTEST_EXPECT_REASON(t, &reply, NO_RULE);
	SIMTEST_EXPECT_REASON(t, &ack, NO_RULE);
	simseg_sweep_run(t->sn, &receipt);
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_EXPIRED), 1);
}

/* One, all of a person, all of a ticket; the others lose nothing. */
static void grant_test_revoke(struct kunit *test)
{
	static const struct simtest_rule any = { SIMSEG_DIR_OUT, IPPROTO_UDP, SIMSEG_PEER_ANY };
	struct simtest *t = test->priv;
	struct simtest_flow ack, reply, ssh, ssh_reply, listed, listed_reply;
	u32 id, cut;

	simtest_world(t);
	id = grant_give(t, SIMTEST_ID_METER, &grant_web, HOUR);
	KUNIT_ASSERT_GT(test, grant_ask(t, SIMTEST_ID_METER, &grant_ssh, HOUR, "", &grant_bob), 0);
	KUNIT_ASSERT_GT(test, grant_ask(t, SIMTEST_ID_CAMERA, &any, HOUR, "", &grant_bob), 0);
	SIMTEST_EXPECT_REASON(t, &grant_out, RULE);
	SIMTEST_EXPECT_REASON(t, &grant_in, RULE);
	SIMTEST_EXPECT_REASON(t, &grant_listed, RULE);
	grant_next(&grant_out, &ack, &reply);
	grant_next(&grant_in, &ssh, &ssh_reply);
	grant_next(&grant_listed, &listed, &listed_reply);
	KUNIT_EXPECT_EQ(test, grant_revoke(t, id + 100, NULL, NULL, &cut), -ENOENT);
	KUNIT_EXPECT_EQ(test, grant_revoke(t, 0, "carol", NULL, &cut), -ENOENT);
	KUNIT_EXPECT_EQ(test, t->sn->ngrants, 3);
	KUNIT_EXPECT_EQ(test, grant_revoke(t, id, NULL, NULL, &cut), 0);
	KUNIT_EXPECT_EQ(test, cut, 1);
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_REVOKED), 1);
	SIMTEST_EXPECT_REASON(t, &ack, NOT_FIRST);
	SIMTEST_EXPECT_REASON(t, &grant_out, NO_RULE);
	SIMTEST_EXPECT_REASON(t, &ssh, SESSION);
	SIMTEST_EXPECT_REASON(t, &ssh_reply, SESSION);
	SIMTEST_EXPECT_REASON(t, &listed, SESSION);
	SIMTEST_EXPECT_REASON(t, &listed_reply, SESSION);
	KUNIT_ASSERT_GT(test, grant_ask(t, SIMTEST_ID_METER, &grant_web, HOUR, "", &grant_alice),
			0);
	KUNIT_EXPECT_EQ(test, grant_revoke(t, 0, "bob", NULL, &cut), 0);
	KUNIT_EXPECT_EQ(test, cut, 1);
	KUNIT_EXPECT_EQ(test, t->sn->ngrants, 1);
	KUNIT_EXPECT_EQ(test, grant_revoke(t, 0, NULL, "T-1", &cut), 0);
	KUNIT_EXPECT_EQ(test, t->sn->ngrants, 0);
	SIMTEST_EXPECT_REASON(t, &listed, SESSION);
}

/* What something else allows goes on under that. */
static void grant_test_other_rule(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow ack, reply;
	struct simseg_session s;
	u32 id, second, cut;

	simtest_world(t);
	id = grant_give(t, SIMTEST_ID_METER, &grant_web, HOUR);
	second = grant_give(t, SIMTEST_ID_METER, &grant_web, HOUR);
	SIMTEST_EXPECT_REASON(t, &grant_out, RULE);
	grant_next(&grant_out, &ack, &reply);
	KUNIT_EXPECT_EQ(test, grant_revoke(t, id, NULL, NULL, &cut), 0);
	KUNIT_EXPECT_EQ(test, cut, 0);
	SIMTEST_EXPECT_REASON(t, &reply, SESSION);
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &ack, &s));
	KUNIT_EXPECT_EQ(test, s.party[0].grant, second);
	KUNIT_EXPECT_EQ(test, grant_sessions(t, second), 1);
	KUNIT_EXPECT_EQ(test, grant_revoke(t, second, NULL, NULL, &cut), 0);
	KUNIT_EXPECT_EQ(test, cut, 1);
}

static void grant_test_limits(struct kunit *test)
{
	struct simtest *t = test->priv;
	u32 before, i;

	simtest_world(t);
	for (i = 0; i < SIMSEG_DEVICE_GRANTS_MAX; i++)
		grant_give(t, SIMTEST_ID_METER, &grant_web, HOUR);
	KUNIT_EXPECT_EQ(test, -ENOSPC, grant_ask(t, SIMTEST_ID_METER, &grant_web, HOUR, "",
						 &grant_alice));
	before = t->sn->ngrants;
	t->sn->ngrants = SIMSEG_GRANTS_MAX;
	KUNIT_EXPECT_EQ(test, -ENOSPC, grant_ask(t, SIMTEST_ID_CAMERA, &grant_web, HOUR, "",
						 &grant_alice));
	t->sn->ngrants = before;
	grant_give(t, SIMTEST_ID_CAMERA, &grant_web, HOUR);
}

/* Whatever is missing: refused, and nothing has changed. */
static void grant_test_refused(struct kunit *test)
{
	static const struct simtest_rule nowhere = {
		SIMSEG_DIR_OUT, IPPROTO_TCP, SIMSEG_PEER_SET, 443, 0, "nowhere"
	};
	static const struct simtest_rule scada = {
		SIMSEG_DIR_OUT, IPPROTO_TCP, SIMSEG_PEER_SET, 444, 0, "scada"
	};
	struct simseg_who why = grant_alice, ticket = grant_alice;
	struct simtest *t = test->priv;
	u64 most = 86400 * (u64)NSEC_PER_SEC;
	u32 change, id = SIMTEST_ID_METER;

	simtest_world(t);
	why.reason = NULL;
	ticket.ticket = NULL;
	change = atomic_read(&t->sn->change);
	KUNIT_EXPECT_EQ(test, -EINVAL, grant_ask(t, id, &grant_web, HOUR, "", &why));
	KUNIT_EXPECT_EQ(test, -EINVAL, grant_ask(t, id, &grant_web, HOUR, "", &ticket));
	KUNIT_EXPECT_EQ(test, -EINVAL, grant_ask(t, id, &grant_web, 0, "", &grant_alice));
	KUNIT_EXPECT_EQ(test, -ERANGE, grant_ask(t, id, &grant_web, most + 1, "", &grant_alice));
	KUNIT_EXPECT_EQ(test, -EINVAL, grant_ask(t, id, NULL, HOUR, "", &grant_alice));
	KUNIT_EXPECT_EQ(test, -ENOENT, grant_ask(t, id, &nowhere, HOUR, "", &grant_alice));
	KUNIT_EXPECT_EQ(test, -ENOENT, grant_ask(t, 99, &grant_web, HOUR, "", &grant_alice));
	KUNIT_EXPECT_EQ(test, -EINVAL, grant_try(t, id, &grant_web, 0, "", &grant_alice, true));
	KUNIT_EXPECT_EQ(test, -EINVAL, grant_try(t, id, &grant_web, HOUR, "", &ticket, true));
	KUNIT_EXPECT_EQ(test, change, (u32)atomic_read(&t->sn->change));
	KUNIT_EXPECT_EQ(test, t->sn->ngrants, 0);
	KUNIT_EXPECT_GT(test, grant_ask(t, id, &scada, most, "", &grant_alice), 0);
}

/* What was in force comes back, though its set is gone and grant_max is lower. */
static void grant_test_restored(struct kunit *test)
{
	static const struct simtest_rule gone = {
		SIMSEG_DIR_OUT, IPPROTO_TCP, SIMSEG_PEER_SET, 8443, 0, "gone"
	};
	u64 most = 86400 * (u64)NSEC_PER_SEC, ever = SIMSEG_TIME_MAX * (u64)NSEC_PER_SEC;
	struct simtest *t = test->priv;

	simtest_world(t);
	KUNIT_EXPECT_EQ(test, -ERANGE, grant_try(t, SIMTEST_ID_METER, &gone, ever + 1, "",
						 &grant_alice, true));
	KUNIT_EXPECT_GT(test, grant_try(t, SIMTEST_ID_METER, &gone, most + 1, "", &grant_alice,
					true), 0);
	SIMTEST_EXPECT_REASON(t, &grant_out, NO_RULE);
}

/* An ICCID that is held for when it comes has nothing yet that could be granted. */
static void grant_test_held(struct kunit *test)
{
	struct simtest *t = test->priv;

	simtest_world(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_quarantine(t, 99, 0, true, NULL));
	KUNIT_EXPECT_EQ(test, -EBUSY, grant_ask(t, 99, &grant_web, HOUR, "", &grant_alice));
	KUNIT_EXPECT_EQ(test, t->sn->ngrants, 0);
}

/* Row 3 comes first. */
static void grant_test_quarantined(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow flow = grant_out, ack, reply;

	simtest_world(t);
	flow.src = SIMTEST_CUT;
	grant_give(t, SIMTEST_ID_CUT, &grant_web, HOUR);
	SIMTEST_EXPECT_REASON(t, &flow, QUARANTINED);
	KUNIT_ASSERT_EQ(test, 0, simtest_release(t, SIMTEST_ID_CUT));
	SIMTEST_EXPECT_REASON(t, &flow, RULE);
	KUNIT_ASSERT_EQ(test, 0, simtest_quarantine(t, SIMTEST_ID_CUT, 0, false, NULL));
	grant_next(&flow, &ack, &reply);
	SIMTEST_EXPECT_REASON(t, &ack, QUARANTINED);
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_QUARANTINE), 1);
}

static void grant_test_no_policy(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow orphan = grant_out;
	struct simseg_upload *up;

	simtest_world(t);
	grant_give(t, SIMTEST_ID_METER, &grant_web, HOUR);
	grant_give(t, SIMTEST_ID_ORPHAN, &grant_web, HOUR);
	SIMTEST_EXPECT_REASON(t, &grant_out, RULE);
	up = simtest_begin(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_pool(t, up, SIMTEST_POOL, 16));
	KUNIT_ASSERT_EQ(test, 0, simtest_commit(t, up, 0, NULL));
	SIMTEST_EXPECT_REASON(t, &grant_out, NO_POLICY);
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_RULESET), 1);
	/* one that never had any has what it is given itself */
	orphan.src = SIMTEST_ORPHAN;
	SIMTEST_EXPECT_REASON(t, &orphan, RULE);
}

/* The interface of the first packet, also when the session is judged again. */
static void grant_test_interface(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow ack, reply, flow = grant_in;
	struct simseg_session s;

	simtest_world(t);
	KUNIT_ASSERT_GT(test, grant_ask(t, SIMTEST_ID_METER, &grant_ssh, HOUR, "st-ne*",
					&grant_alice), 0);
	flow.in = SIMTEST_PLAIN0;
	SIMTEST_EXPECT_REASON(t, &flow, NO_RULE);
	flow.in = SIMTEST_NOWHERE;
	flow.flags = SIMSEG_PKT_DRY | SIMSEG_PKT_ANY_IIF;
	SIMTEST_EXPECT_REASON(t, &flow, NO_RULE);
	SIMTEST_EXPECT_REASON(t, &grant_in, RULE);
	grant_next(&grant_in, &ack, &reply);
	SIMTEST_EXPECT_REASON(t, &reply, SESSION);
	/* later packets may come another way, as those of any session */
	ack.in = SIMTEST_PLAIN0;
	SIMTEST_EXPECT_REASON(t, &ack, SESSION);
	simseg_net_changed(t->sn);
	SIMTEST_EXPECT_REASON(t, &ack, SESSION);
	SIMTEST_EXPECT_REASON(t, &reply, SESSION);
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &ack, &s));
	KUNIT_EXPECT_EQ(test, s.change, (u32)atomic_read(&t->sn->change));
}

/* A session picked up by the responder's packet: nobody knows where it began. */
static void grant_test_interface_pickup(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow ack, reply;

	simtest_world(t);
	WRITE_ONCE(t->sn->pickup_until, ktime_get_boottime_ns() + HOUR);
	grant_next(&grant_in, &ack, &reply);
	KUNIT_ASSERT_GT(test, grant_ask(t, SIMTEST_ID_METER, &grant_ssh, HOUR, "st-sim0",
					&grant_alice), 0);
	SIMTEST_EXPECT_REASON(t, &reply, NO_RULE);
	grant_give(t, SIMTEST_ID_METER, &grant_ssh, HOUR);
	SIMTEST_EXPECT_REASON(t, &reply, RULE);
}

/* From SIM to SIM each side needs its own; the first to end ends it. */
static void grant_test_pair(struct kunit *test)
{
	static const struct simtest_rule in = { SIMSEG_DIR_IN, IPPROTO_TCP, SIMSEG_PEER_ANY, 8443 };
	static const struct simtest_rule out = {
		SIMSEG_DIR_OUT, IPPROTO_TCP, SIMSEG_PEER_ANY, 8443
	};
	struct simtest *t = test->priv;
	struct simtest_flow flow = grant_out, ack, reply;
	struct simseg_session s;
	u32 meter, camera, cut;

	simtest_world(t);
	flow.dst = SIMTEST_CAMERA;
	meter = grant_give(t, SIMTEST_ID_METER, &out, HOUR);
	SIMTEST_EXPECT_REASON(t, &flow, NO_RULE);
	camera = grant_give(t, SIMTEST_ID_CAMERA, &in, HOUR / 2);
	SIMTEST_EXPECT_REASON(t, &flow, RULE);
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &flow, &s));
	KUNIT_EXPECT_EQ(test, s.party[0].grant, meter);
	KUNIT_EXPECT_EQ(test, s.party[1].grant, camera);
	KUNIT_EXPECT_LE(test, s.until, ktime_get_boottime_ns() + HOUR / 2);
	KUNIT_EXPECT_EQ(test, grant_sessions(t, meter), 1);
	KUNIT_EXPECT_EQ(test, grant_sessions(t, camera), 1);
	KUNIT_EXPECT_EQ(test, grant_revoke(t, camera, NULL, NULL, &cut), 0);
	KUNIT_EXPECT_EQ(test, cut, 1);
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_REVOKED), 1);
	KUNIT_EXPECT_EQ(test, grant_sessions(t, meter), 0);
	grant_next(&flow, &ack, &reply);
	SIMTEST_EXPECT_REASON(t, &ack, NOT_FIRST);
}

/* They go with the device, and stay when its ruleset is applied anew. */
static void grant_test_device(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_device_spec *spec;
	struct simseg_upload *up;

	simtest_world(t);
	grant_give(t, SIMTEST_ID_METER, &grant_web, HOUR);
	grant_give(t, SIMTEST_ID_CAMERA, &grant_web, HOUR);
	SIMTEST_EXPECT_REASON(t, &grant_out, RULE);
	up = simtest_world_rules(t);
	spec = simtest_spec(t, SIMTEST_ID_METER, "camera");
	simtest_spec_bind(t, spec, SIMTEST_METER, 32, "st-sim0");
	KUNIT_ASSERT_EQ(test, 0, simtest_stage(t, up, spec));
	KUNIT_ASSERT_EQ(test, 0, simtest_commit(t, up, 0, NULL));
	KUNIT_EXPECT_EQ(test, t->sn->ngrants, 1);
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_RULESET), 0);
	KUNIT_EXPECT_EQ(test, 0, simtest_del(t, SIMTEST_ID_METER));
	KUNIT_EXPECT_EQ(test, t->sn->ngrants, 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->sn->grants));
}

/* Who judged before a change must not undo what who judged after it wrote. */
static void grant_test_order(struct kunit *test)
{
	struct simseg_result none = {};
	struct simtest *t = test->priv;
	struct simtest_flow ack, reply;
	struct simseg_session *s, copy;
	struct simseg_key key;
	struct simseg_pkt pkt;

	simtest_world(t);
	grant_give(t, SIMTEST_ID_METER, &grant_web, HOUR);
	SIMTEST_EXPECT_REASON(t, &grant_out, RULE);
	grant_next(&grant_out, &ack, &reply);
	simtest_pkt(t, &ack, &pkt, NULL);
	simseg_key_make(&key, &pkt);
	rcu_read_lock();
	s = simseg_session_find(t->sn, &key);
	if (s)
		simseg_session_restamp(s, &none, s->change - 1);
	rcu_read_unlock();
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &ack, &copy));
	KUNIT_EXPECT_NE(test, copy.until, 0);
	KUNIT_EXPECT_NE(test, copy.party[0].grant, 0);
}

static struct kunit_case grant_test_cases[] = {
	KUNIT_CASE_PARAM(grant_test_allow, simtest_families),
	KUNIT_CASE_PARAM(grant_test_deadline, simtest_families),
	KUNIT_CASE_PARAM(grant_test_worker, simtest_families),
	KUNIT_CASE_PARAM(grant_test_revoke, simtest_families),
	KUNIT_CASE_PARAM(grant_test_other_rule, simtest_families),
	KUNIT_CASE_PARAM(grant_test_limits, simtest_families),
	KUNIT_CASE_PARAM(grant_test_refused, simtest_families),
	KUNIT_CASE_PARAM(grant_test_restored, simtest_families),
	KUNIT_CASE_PARAM(grant_test_held, simtest_families),
	KUNIT_CASE_PARAM(grant_test_quarantined, simtest_families),
	KUNIT_CASE_PARAM(grant_test_no_policy, simtest_families),
	KUNIT_CASE_PARAM(grant_test_interface, simtest_families),
	KUNIT_CASE_PARAM(grant_test_interface_pickup, simtest_families),
	KUNIT_CASE_PARAM(grant_test_pair, simtest_families),
	KUNIT_CASE_PARAM(grant_test_device, simtest_families),
	KUNIT_CASE_PARAM(grant_test_order, simtest_families),
	{}
};

static struct kunit_suite grant_test_suite = {
	.name = "simseg_grant",
	.suite_init = simtest_suite_init,
	.suite_exit = simtest_suite_exit,
	.init = simtest_init,
	.exit = simtest_exit,
	.test_cases = grant_test_cases,
};

kunit_test_suite(grant_test_suite);
