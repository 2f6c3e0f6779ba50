// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a change does to live sessions: the next packet is judged by the new
 * state, what is still allowed loses nothing, and the record says why one
 * ended. The sweep's worker stands still: what changes nothing by itself but
 * raises the counter shows how the packet path judges again.
 */
#include <linux/timekeeping.h>

#include "test_util.h"

#define SYN	SIMTEST_SYN
#define ACK	SIMTEST_ACK

static const struct simtest_flow change_https = {
	.src = SIMTEST_METER, .dst = SIMTEST_SCADA, .in = SIMTEST_SIM0,
	.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_TCP, .tcp = SYN,
	.sport = SIMTEST_PORT, .dport = 443,
};

static const struct simtest_flow change_own = {	/* by a rule of the device itself */
	.src = SIMTEST_LAN + 7, .dst = SIMTEST_WORLD, .in = SIMTEST_SIM0,
	.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_TCP, .tcp = SYN,
	.sport = SIMTEST_PORT, .dport = 8080,
};

static const struct simtest_flow change_range = {	/* any peer */
	.src = SIMTEST_METER, .dst = SIMTEST_WORLD, .in = SIMTEST_SIM0,
	.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_TCP, .tcp = SYN,
	.sport = SIMTEST_PORT, .dport = 9000,
};

/* A session on its way: the packet after the first, and the answer. */
static void change_open(struct simtest *t, const struct simtest_flow *flow,
			struct simtest_flow *ack, struct simtest_flow *reply)
{
	SIMTEST_EXPECT_REASON(t, flow, RULE);
	*ack = *flow;
	ack->tcp = ACK;
	simtest_reply(flow, SIMTEST_NET0, reply);
	reply->tcp = ACK;
	SIMTEST_EXPECT_REASON(t, reply, SESSION);
	SIMTEST_EXPECT_REASON(t, ack, SESSION);
}

static void change_sweep(struct simtest *t, u32 cut, u8 end)
{
	struct simseg_receipt receipt = {};

	simseg_sweep_run(t->sn, &receipt);
	KUNIT_EXPECT_EQ(t->kunit, receipt.sessions, cut);
	KUNIT_EXPECT_EQ(t->kunit, simtest_ends(end), cut);
}

/* Still allowed: the same session goes on, with a new stamp. */
static void change_test_restamp(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_session before, after;
	struct simtest_flow ack, reply;

	simtest_world(t);
	change_open(t, &change_https, &ack, &reply);
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &ack, &before));
	KUNIT_ASSERT_EQ(test, 0, simtest_peer_change(t, "scada", SIMTEST_WORLD, 32, true));
	KUNIT_EXPECT_NE(test, before.change, (u32)atomic_read(&t->sn->change));
	SIMTEST_EXPECT_REASON(t, &reply, SESSION);
	SIMTEST_EXPECT_REASON(t, &ack, SESSION);
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &ack, &after));
	KUNIT_EXPECT_EQ(test, before.id, after.id);
	KUNIT_EXPECT_EQ(test, after.change, (u32)atomic_read(&t->sn->change));
	KUNIT_EXPECT_GT(test, after.party[0].stamp, before.party[0].stamp);
	KUNIT_EXPECT_EQ(test, atomic64_read(&after.packets[0]), 3);
	KUNIT_EXPECT_EQ(test, atomic64_read(&after.packets[1]), 2);
	change_sweep(t, 0, SIMSEG_END_RULESET);
}

/* A peer that goes takes its sessions along before the reply, and no others. */
static void change_test_peer(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow ack, reply, other, other_reply;

	simtest_world(t);
	change_open(t, &change_https, &ack, &reply);
	change_open(t, &change_range, &other, &other_reply);
	KUNIT_ASSERT_EQ(test, 0, simtest_peer_change(t, "scada", IP(192, 0, 2, 0), 24, false));
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_RULESET), 1);
	SIMTEST_EXPECT_REASON(t, &reply, NOT_FIRST);
	SIMTEST_EXPECT_REASON(t, &ack, NOT_FIRST);
	SIMTEST_EXPECT_REASON(t, &change_https, NO_RULE);
	SIMTEST_EXPECT_REASON(t, &other, SESSION);
	SIMTEST_EXPECT_REASON(t, &other_reply, SESSION);
	/* it does not come back by itself when the peer does */
	KUNIT_ASSERT_EQ(test, 0, simtest_peer_change(t, "scada", IP(192, 0, 2, 0), 24, true));
	SIMTEST_EXPECT_REASON(t, &ack, NOT_FIRST);
	SIMTEST_EXPECT_REASON(t, &change_https, RULE);
}

static void change_drop_own(struct simtest *t, u32 n)
{
	struct simseg_device *device = simtest_find(t, n);

	mutex_lock(&t->sn->lock);
	simseg_device_set_own(t->sn, device, NULL);
	simseg_net_changed(t->sn);
	mutex_unlock(&t->sn->lock);
}

static void change_test_own_rules(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow ack, reply, dry, quote, error = {
		.src = SIMTEST_WORLD, .dst = change_own.src, .in = SIMTEST_NET0,
		.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_ICMP,
		.flags = SIMSEG_PKT_ERROR, .quote = &quote,
	};

	simtest_world(t);
	change_open(t, &change_own, &ack, &reply);
	quote = ack;
	SIMTEST_EXPECT_REASON(t, &error, RELATED);
	change_drop_own(t, SIMTEST_ID_LAN);
	dry = ack;
	dry.flags = SIMSEG_PKT_DRY;
	SIMTEST_EXPECT_REASON(t, &dry, NO_RULE);
	SIMTEST_EXPECT_REASON(t, &error, UNRELATED);
	SIMTEST_EXPECT_REASON(t, &reply, NO_RULE);
	SIMTEST_EXPECT_REASON(t, &ack, NO_RULE);
	change_sweep(t, 1, SIMSEG_END_RULESET);
	SIMTEST_EXPECT_REASON(t, &ack, NOT_FIRST);
}

/* A commit cuts what it forbids and nothing else, and counts it. */
static void change_test_commit(struct kunit *test)
{
	static const struct simtest_rule range = {
		SIMSEG_DIR_OUT, IPPROTO_TCP, SIMSEG_PEER_ANY, 9000
	};
	struct simtest *t = test->priv;
	struct simtest_flow ack, reply, other, other_reply;
	struct simseg_receipt receipt = {};
	struct simseg_session s;
	struct simseg_upload *up;

	simtest_world(t);
	change_open(t, &change_https, &ack, &reply);
	change_open(t, &change_range, &other, &other_reply);
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &other, &s));
	KUNIT_EXPECT_EQ(test, s.party[0].rule, 6);
	up = simtest_begin(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_pool(t, up, SIMTEST_POOL, 16));
	KUNIT_ASSERT_EQ(test, 0, simtest_policy(t, up, "meter", &range, 1));
	KUNIT_ASSERT_EQ(test, 0, simtest_commit(t, up, 0, &receipt));
	KUNIT_EXPECT_EQ(test, receipt.sessions, 1);
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_RULESET), 1);
	KUNIT_EXPECT_GE(test, receipt.time_done, receipt.time_state);
	SIMTEST_EXPECT_REASON(t, &ack, NOT_FIRST);
	SIMTEST_EXPECT_REASON(t, &change_https, NO_RULE);
	SIMTEST_EXPECT_REASON(t, &other_reply, SESSION);
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &other, &s));
	KUNIT_EXPECT_EQ(test, s.party[0].rule, 1);
	/* a device whose policy is gone is denied with its own reason */
	up = simtest_begin(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_pool(t, up, SIMTEST_POOL, 16));
	KUNIT_ASSERT_EQ(test, 0, simtest_commit(t, up, 0, &receipt));
	SIMTEST_EXPECT_REASON(t, &change_https, NO_POLICY);
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_RULESET), 2);
}

/* The same ruleset again: nothing is cut, stamps stay what they are. */
static void change_test_commit_same(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_receipt receipt = {};
	struct simseg_session before, after;
	struct simtest_flow ack, reply;

	simtest_world(t);
	change_open(t, &change_https, &ack, &reply);
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &ack, &before));
	KUNIT_ASSERT_EQ(test, 0, simtest_commit(t, simtest_world_rules(t), 0, &receipt));
	KUNIT_EXPECT_EQ(test, receipt.sessions, 0);
	SIMTEST_EXPECT_REASON(t, &ack, SESSION);
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &ack, &after));
	KUNIT_EXPECT_EQ(test, before.party[0].stamp, after.party[0].stamp);
	KUNIT_EXPECT_EQ(test, before.id, after.id);
}

/* Between the state and the cut: the packet path alone has to hold. */
static void change_test_quarantine_path(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_device *device;
	struct simtest_flow ack, reply;

	simtest_world(t);
	change_open(t, &change_https, &ack, &reply);
	device = simtest_find(t, SIMTEST_ID_METER);
	WRITE_ONCE(device->state, SIMSEG_STATE_QUARANTINED);
	simseg_net_changed(t->sn);
	SIMTEST_EXPECT_REASON(t, &reply, QUARANTINED);
	SIMTEST_EXPECT_REASON(t, &ack, QUARANTINED);
	change_sweep(t, 1, SIMSEG_END_QUARANTINE);
	WRITE_ONCE(device->state, SIMSEG_STATE_ACTIVE);
}

static void change_test_quarantine(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow ack, reply, own, own_reply, ssh = change_https;
	struct simseg_receipt receipt = {};

	simtest_world(t);
	change_open(t, &change_https, &ack, &reply);
	change_open(t, &change_own, &own, &own_reply);
	KUNIT_ASSERT_EQ(test, 0, simtest_quarantine(t, SIMTEST_ID_METER, SIMTEST_HELPER, false,
						    &receipt));
	KUNIT_EXPECT_EQ(test, receipt.devices, 1);
	KUNIT_EXPECT_EQ(test, receipt.sessions, 1);
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_QUARANTINE), 1);
	KUNIT_EXPECT_EQ(test, t->sn->nquarantined, 2);
	SIMTEST_EXPECT_REASON(t, &ack, QUARANTINED);
	SIMTEST_EXPECT_REASON(t, &reply, QUARANTINED);
	SIMTEST_EXPECT_REASON(t, &change_https, QUARANTINED);
	SIMTEST_EXPECT_REASON(t, &own_reply, SESSION);
	/* the responder's session lives as long as the quarantine */
	ssh.dst = SIMTEST_HELPER;
	SIMTEST_EXPECT_REASON(t, &ssh, RESPONDER);
	simseg_net_changed(t->sn);
	SIMTEST_EXPECT_REASON(t, &ssh, SESSION);
	KUNIT_EXPECT_EQ(test, -EBUSY, simtest_del(t, SIMTEST_ID_METER));
	KUNIT_ASSERT_EQ(test, 0, simtest_release(t, SIMTEST_ID_METER));
	KUNIT_EXPECT_EQ(test, -EALREADY, simtest_release(t, SIMTEST_ID_METER));
	SIMTEST_EXPECT_REASON(t, &ssh, NO_RULE);
	SIMTEST_EXPECT_REASON(t, &ack, NOT_FIRST);
	SIMTEST_EXPECT_REASON(t, &change_https, RULE);
	KUNIT_EXPECT_EQ(test, t->sn->nquarantined, 1);
}

/* SIM to SIM: a quarantine of either end, and of both with one exception. */
static void change_test_quarantine_pair(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow flow = change_https;

	simtest_world(t);
	flow.dst = SIMTEST_CAMERA;
	flow.dport = 554;
	SIMTEST_EXPECT_REASON(t, &flow, RULE);
	KUNIT_ASSERT_EQ(test, 0, simtest_quarantine(t, SIMTEST_ID_CAMERA, SIMTEST_METER, false,
						    NULL));
	SIMTEST_EXPECT_REASON(t, &flow, RESPONDER);
	KUNIT_ASSERT_EQ(test, 0, simtest_quarantine(t, SIMTEST_ID_METER, 0, false, NULL));
	SIMTEST_EXPECT_REASON(t, &flow, QUARANTINED);
	KUNIT_ASSERT_EQ(test, 0, simtest_quarantine(t, SIMTEST_ID_METER, SIMTEST_CAMERA, false,
						    NULL));
	SIMTEST_EXPECT_REASON(t, &flow, RESPONDER);
	KUNIT_EXPECT_EQ(test, t->sn->nquarantined, 3);
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_QUARANTINE), 2);
}

/* The address goes to another device, which may do the same: a new session. */
static void change_test_rebind(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow ack, reply;
	u32 before, after;

	simtest_world(t);
	change_open(t, &change_https, &ack, &reply);
	simtest_owner(t, SIMTEST_METER, &before);
	KUNIT_ASSERT_EQ(test, 0, simtest_unbind(t, SIMTEST_ID_METER, SIMTEST_METER, 32));
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_REBOUND), 1);
	SIMTEST_EXPECT_REASON(t, &reply, UNBOUND);
	SIMTEST_EXPECT_REASON(t, &ack, UNBOUND);
	KUNIT_ASSERT_EQ(test, 0, simtest_bind(t, SIMTEST_ID_ROAMER, SIMTEST_METER, 32,
					      "st-sim0"));
	simtest_owner(t, SIMTEST_METER, &after);
	KUNIT_EXPECT_GT(test, after, before);
	SIMTEST_EXPECT_REASON(t, &ack, NOT_FIRST);
	SIMTEST_EXPECT_REASON(t, &change_https, RULE);
}

/* In one step from one device to another, before any sweep. */
static void change_test_replace(struct kunit *test)
{
	struct simseg_binding_spec spec = { .ifname = "st-sim0" };
	struct simtest *t = test->priv;
	struct simseg_binding *old, *new;
	struct simseg_device *roamer;
	struct simtest_flow ack, reply;

	simtest_world(t);
	change_open(t, &change_https, &ack, &reply);
	roamer = simtest_find(t, SIMTEST_ID_ROAMER);
	KUNIT_ASSERT_NOT_NULL(test, roamer);
	simtest_prefix(t, SIMTEST_METER, 32, &spec.prefix);
	new = simseg_binding_alloc(&spec);
	KUNIT_ASSERT_NOT_NULL(test, new);
	old = simtest_locked(t, simseg_binding_exact(t->sn, &new->key));
	KUNIT_ASSERT_NOT_NULL(test, old);
	mutex_lock(&t->sn->lock);
	simseg_binding_replace(t->sn, old, new, roamer);
	simseg_net_changed(t->sn);
	mutex_unlock(&t->sn->lock);
	SIMTEST_EXPECT_REASON(t, &reply, UNBOUND);
	SIMTEST_EXPECT_REASON(t, &ack, UNBOUND);
	change_sweep(t, 1, SIMSEG_END_REBOUND);
	SIMTEST_EXPECT_REASON(t, &change_https, RULE);
}

/* Away and back to the same device before anybody has looked: another hand. */
static void change_test_rebind_same(struct kunit *test)
{
	struct simseg_binding_key key = { .plen = 128 };
	struct simtest *t = test->priv;
	struct simtest_flow ack, reply;
	struct simseg_binding *binding;

	simtest_world(t);
	change_open(t, &change_https, &ack, &reply);
	simtest_addr(t, SIMTEST_METER, &key.addr);
	mutex_lock(&t->sn->lock);
	binding = simseg_binding_exact(t->sn, &key);
	if (binding)
		simseg_binding_remove(t->sn, binding);
	mutex_unlock(&t->sn->lock);
	KUNIT_ASSERT_NOT_NULL(test, binding);
	KUNIT_ASSERT_EQ(test, 0, simtest_bind(t, SIMTEST_ID_METER, SIMTEST_METER, 32, "st-sim0"));
	SIMTEST_EXPECT_REASON(t, &reply, UNBOUND);
	SIMTEST_EXPECT_REASON(t, &ack, UNBOUND);
	change_sweep(t, 1, SIMSEG_END_REBOUND);
	SIMTEST_EXPECT_REASON(t, &change_https, RULE);
}

/* The peer gets into a pool: its side was not governed when the session began. */
static void change_test_peer_bound(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow ack, reply;
	struct simseg_upload *up;

	simtest_world(t);
	change_open(t, &change_range, &ack, &reply);
	up = simtest_world_rules(t);
	KUNIT_ASSERT_EQ(test, 0, simtest_pool(t, up, SIMTEST_WORLD, 32));
	KUNIT_ASSERT_EQ(test, 0, simtest_commit(t, up, 0, NULL));
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_REBOUND), 1);
	SIMTEST_EXPECT_REASON(t, &ack, UNBOUND);
}

static void change_test_delete(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow ack, reply;

	simtest_world(t);
	change_open(t, &change_https, &ack, &reply);
	KUNIT_ASSERT_EQ(test, 0, simtest_del(t, SIMTEST_ID_METER));
	KUNIT_EXPECT_EQ(test, -ENOENT, simtest_del(t, SIMTEST_ID_METER));
	KUNIT_EXPECT_EQ(test, simtest_ends(SIMSEG_END_REBOUND), 1);
	SIMTEST_EXPECT_REASON(t, &ack, UNBOUND);
	SIMTEST_EXPECT_REASON(t, &reply, UNBOUND);
	KUNIT_EXPECT_EQ(test, simtest_sessions(t), 0);
}

/* Flush: sessions, policies and devices go, the gate stays closed. */
static void change_test_flush(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_receipt receipt = {};
	struct simtest_flow ack, reply;

	simtest_world(t);
	change_open(t, &change_https, &ack, &reply);
	KUNIT_ASSERT_EQ(test, 0, simtest_flush(t, &receipt));
	KUNIT_EXPECT_EQ(test, receipt.sessions, 1);
	KUNIT_EXPECT_EQ(test, receipt.kept, 1);
	KUNIT_EXPECT_EQ(test, receipt.removed, 5);
	KUNIT_EXPECT_EQ(test, t->sn->ndevices, 1);
	KUNIT_EXPECT_EQ(test, t->sn->nquarantined, 1);
	KUNIT_EXPECT_EQ(test, simtest_ruleset(t)->npools, 1);
	KUNIT_EXPECT_EQ(test, simtest_ruleset(t)->npolicies, 0);
	SIMTEST_EXPECT_REASON(t, &ack, UNBOUND);
	ack.src = SIMTEST_CUT;
	SIMTEST_EXPECT_REASON(t, &ack, QUARANTINED);
	KUNIT_EXPECT_EQ(test, simtest_sessions(t), 0);
}

static void change_pickup(struct simtest *t)
{
	simtest_world(t);
	WRITE_ONCE(t->sn->pickup_until, ktime_get_boottime_ns() + 600 * (u64)NSEC_PER_SEC);
}

/* After a restart: mid-stream packets in the role that they have. */
static void change_test_pickup(struct kunit *test)
{
	struct simtest_flow ack = change_https;
	struct simtest *t = test->priv;
	struct simseg_session s;

	change_pickup(t);
	ack.tcp = ACK;
	ack.dport = 444;
	SIMTEST_EXPECT_REASON(t, &ack, NO_RULE);
	ack.dport = 443;
	SIMTEST_EXPECT_REASON(t, &ack, RULE);
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &ack, &s));
	KUNIT_EXPECT_EQ(test, s.state, SIMSEG_SESSION_ESTABLISHED);
	KUNIT_EXPECT_PTR_EQ(test, simseg_session_device(&s, 0),
			    simtest_find(t, SIMTEST_ID_METER));
	KUNIT_EXPECT_TRUE(test, simtest_records.rec[0].flags & SIMSEG_RECORD_F_PICKUP);
	WRITE_ONCE(t->sn->pickup_until, ktime_get_boottime_ns());
	SIMTEST_EXPECT_REASON(t, &ack, SESSION);
	ack.sport++;
	SIMTEST_EXPECT_REASON(t, &ack, NOT_FIRST);
}

/* A polled device sends replies: its packet belongs to who polls. */
static void change_test_pickup_reversed(struct kunit *test)
{
	struct simtest_flow reply = change_https, poll;
	struct simtest *t = test->priv;
	struct simseg_session s;

	change_pickup(t);
	reply.tcp = ACK;
	reply.sport = 2404;
	reply.dport = SIMTEST_PORT;
	simtest_reply(&reply, SIMTEST_SIM0, &poll);
	SIMTEST_EXPECT_REASON(t, &reply, RULE);
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &reply, &s));
	KUNIT_EXPECT_NULL(test, simseg_session_device(&s, 0));
	KUNIT_EXPECT_PTR_EQ(test, simseg_session_device(&s, 1),
			    simtest_find(t, SIMTEST_ID_METER));
	KUNIT_EXPECT_EQ(test, s.party[0].rule, 3);
	KUNIT_EXPECT_NE(test, s.party[0].policy, 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&s.packets[0]), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&s.packets[1]), 1);
	/* only the device's side has been seen on its interface */
	SIMTEST_EXPECT_REASON(t, &poll, SPOOFED);
	poll.in = SIMTEST_NET0;
	SIMTEST_EXPECT_REASON(t, &poll, SESSION);
	SIMTEST_EXPECT_REASON(t, &reply, SESSION);
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &reply, &s));
	KUNIT_EXPECT_EQ(test, atomic64_read(&s.packets[0]), 1);
	KUNIT_EXPECT_EQ(test, atomic64_read(&s.packets[1]), 2);
}

/* Denied in both roles: the deny is told in the role that the packet has. */
static void change_test_pickup_denied(struct kunit *test)
{
	struct simtest_flow ack = change_https;
	struct simtest *t = test->priv;
	struct simseg_result res;

	change_pickup(t);
	ack.tcp = ACK;
	ack.sport = 1;
	ack.dport = 1;
	KUNIT_EXPECT_EQ(test, simtest_judge_result(t, &ack, &res), SIMSEG_REASON_NO_RULE);
	KUNIT_EXPECT_PTR_EQ(test, res.device[0], simtest_find(t, SIMTEST_ID_METER));
	KUNIT_EXPECT_NULL(test, res.device[1]);
	KUNIT_EXPECT_EQ(test, simtest_sessions(t), 0);
}

static struct kunit_case change_test_cases[] = {
	KUNIT_CASE_PARAM(change_test_restamp, simtest_families),
	KUNIT_CASE_PARAM(change_test_peer, simtest_families),
	KUNIT_CASE_PARAM(change_test_own_rules, simtest_families),
	KUNIT_CASE_PARAM(change_test_commit, simtest_families),
	KUNIT_CASE_PARAM(change_test_commit_same, simtest_families),
	KUNIT_CASE_PARAM(change_test_quarantine_path, simtest_families),
	KUNIT_CASE_PARAM(change_test_quarantine, simtest_families),
	KUNIT_CASE_PARAM(change_test_quarantine_pair, simtest_families),
	KUNIT_CASE_PARAM(change_test_rebind, simtest_families),
	KUNIT_CASE_PARAM(change_test_replace, simtest_families),
	KUNIT_CASE_PARAM(change_test_rebind_same, simtest_families),
	KUNIT_CASE_PARAM(change_test_peer_bound, simtest_families),
	KUNIT_CASE_PARAM(change_test_delete, simtest_families),
	KUNIT_CASE_PARAM(change_test_flush, simtest_families),
	KUNIT_CASE_PARAM(change_test_pickup, simtest_families),
	KUNIT_CASE_PARAM(change_test_pickup_reversed, simtest_families),
	KUNIT_CASE_PARAM(change_test_pickup_denied, simtest_families),
	{}
};

static struct kunit_suite change_test_suite = {
	.name = "simseg_change",
	.suite_init = simtest_suite_init,
	.suite_exit = simtest_suite_exit,
	.init = simtest_init,
	.exit = simtest_exit,
	.test_cases = change_test_cases,
};

kunit_test_suite(change_test_suite);
