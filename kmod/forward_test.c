// SPDX-License-Identifier: GPL-2.0-only
/*
 * Forwarding at once: what was found under one state of things holds under that one
 * alone. Where a hop comes from shows in tests/netns/forward_test.sh.
 */
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "key.h"
#include "test_util.h"

#define FORWARD_MTU	1400

static const struct simtest_flow forward_first = {
	.src = SIMTEST_METER, .dst = SIMTEST_SCADA, .in = SIMTEST_SIM0,
	.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_TCP, .tcp = SIMTEST_SYN,
	.sport = SIMTEST_PORT, .dport = 443,
};

static const struct simtest_flow forward_data = {
	.src = SIMTEST_METER, .dst = SIMTEST_SCADA, .in = SIMTEST_SIM0,
	.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_TCP, .tcp = SIMTEST_ACK,
	.sport = SIMTEST_PORT, .dport = 443,
};

static struct simseg_session *forward_session(struct simtest *t)
{
	struct simseg_pkt pkt, quote;
	struct simseg_key key;

	simtest_pkt(t, &forward_data, &pkt, &quote);
	simseg_key_make(&key, &pkt);
	return simseg_session_find(t->sn, &key);
}

/* A hop as the floor would have found it now. */
static struct simseg_hop *forward_hop(struct simtest *t)
{
	struct simseg_hop *hop = kzalloc(sizeof(*hop), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(t->kunit, hop);
	simseg_hop_begin(t->sn, hop, !t->v6);
	hop->mtu = FORWARD_MTU;
	hop->refs = 1;
	t->sn->hops.count++;
	return hop;
}

static void forward_put(struct simtest *t, struct simseg_hop *hop)
{
	u32 change = atomic_read(&t->sn->change);

	rcu_read_lock();
	simseg_hop_put(t->sn, simseg_session_set_hop(forward_session(t), 0, hop, change));
	rcu_read_unlock();
}

/* The session of the first packet, which the floor has seen again since. */
static void forward_ready(struct simtest *t)
{
	simtest_judge(t, &forward_first);
	simtest_judge(t, &forward_data);
	forward_put(t, forward_hop(t));
}

#if IS_ENABLED(CONFIG_IPV6)
/* Nothing is sent on where the stack would not. */
static void forward_ipv6(const struct simtest *t, bool on)
{
	WRITE_ONCE(t->sn->net->ipv6.devconf_all->forwarding, on);
}
#else
static void forward_ipv6(const struct simtest *t, bool on) { }
#endif

static int forward_init(struct kunit *test)
{
	int err = simtest_init(test);

	if (!err)
		forward_ipv6(test->priv, true);
	return err;
}

static void forward_exit(struct kunit *test)
{
	forward_ipv6(test->priv, false);
	simtest_exit(test);
}

/* Is @flow's packet sent on, with so many bytes? */
static bool forward_bytes(struct simtest *t, const struct simtest_flow *flow, u32 bytes)
{
	const struct simseg_frame frame = { .generic = true };
	const struct net_device *dev = simtest_device(flow->in);
	struct simseg_iface *iface;
	struct simseg_pkt pkt, quote;
	bool sent;

	simtest_pkt(t, flow, &pkt, &quote);
	pkt.bytes = bytes;
	local_bh_disable();
	rcu_read_lock();
	iface = simseg_iface_of(t->sn, dev);
	sent = simseg_forward(t->sn, iface, &frame, &pkt);
	rcu_read_unlock();
	local_bh_enable();
	return sent;
}

static bool forward_one(struct simtest *t)
{
	return forward_bytes(t, &forward_data, 100);
}

/* One that is sent on belongs to its session, and to the interface. */
static void forward_test_counted(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_session before, after;
	struct simseg_iface *iface;
	u64 n;

	simtest_world(t);
	forward_ready(t);
	iface = simseg_iface_of(t->sn, simtest_device(SIMTEST_SIM0));
	n = simseg_iface_sum(iface, SIMSEG_IFACE_XDP_FORWARD);
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &forward_data, &before));
	KUNIT_EXPECT_TRUE(test, forward_bytes(t, &forward_data, FORWARD_MTU));
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &forward_data, &after));
	KUNIT_EXPECT_EQ(test, atomic64_read(&after.packets[0]),
			atomic64_read(&before.packets[0]) + 1);
	KUNIT_EXPECT_EQ(test, atomic64_read(&after.bytes[0]),
			atomic64_read(&before.bytes[0]) + FORWARD_MTU);
	KUNIT_EXPECT_EQ(test, simseg_iface_sum(iface, SIMSEG_IFACE_XDP_FORWARD), n + 1);
}

/* Packets that take the long way whatever there is. */
static void forward_test_not(struct kunit *test)
{
	struct simtest_flow other = forward_data;
	struct simtest *t = test->priv;

	simtest_world(t);
	KUNIT_EXPECT_FALSE(test, forward_one(t));	/* no session */
	simtest_judge(t, &forward_first);
	KUNIT_EXPECT_FALSE(test, forward_one(t));	/* no hop */
	forward_ready(t);
	KUNIT_EXPECT_TRUE(test, forward_one(t));
	KUNIT_EXPECT_FALSE(test, forward_bytes(t, &forward_data, FORWARD_MTU + 1));
	KUNIT_EXPECT_FALSE(test, forward_bytes(t, &forward_first, 100));
	other.in = SIMTEST_SIM1;
	KUNIT_EXPECT_FALSE(test, forward_bytes(t, &other, 100));
	simtest_reply(&forward_data, SIMTEST_NET0, &other);
	KUNIT_EXPECT_FALSE(test, forward_bytes(t, &other, 100));
	other = forward_data;
	other.sport++;
	KUNIT_EXPECT_FALSE(test, forward_bytes(t, &other, 100));
	if (!t->v6)
		return;
	forward_ipv6(t, false);
	KUNIT_EXPECT_FALSE(test, forward_one(t));
	forward_ipv6(t, true);
}

/* Whatever changes: the next packet takes the long way, until the floor has seen it. */
static void forward_expect_again(struct simtest *t, const char *what)
{
	KUNIT_EXPECT_FALSE_MSG(t->kunit, forward_one(t), "%s", what);
	simtest_judge(t, &forward_data);
	KUNIT_EXPECT_FALSE_MSG(t->kunit, forward_one(t), "%s, and judged", what);
	forward_put(t, forward_hop(t));
	KUNIT_EXPECT_TRUE_MSG(t->kunit, forward_one(t), "%s, and found again", what);
}

static void forward_test_change(struct kunit *test)
{
	struct simtest *t = test->priv;

	simtest_world(t);
	forward_ready(t);
	KUNIT_EXPECT_TRUE(test, forward_one(t));
	simseg_hops_changed(t->sn);
	forward_expect_again(t, "a route");
	simseg_net_changed(t->sn);
	forward_expect_again(t, "anything");
	KUNIT_EXPECT_EQ(test, simtest_peer_change(t, "scada", SIMTEST_WORLD, 32, true), 0);
	forward_expect_again(t, "a peer set");
	KUNIT_EXPECT_EQ(test, simtest_quarantine(t, SIMTEST_ID_CAMERA, 0, false, NULL), 0);
	forward_expect_again(t, "another device's quarantine");
}

static void forward_test_cut(struct kunit *test)
{
	struct simtest *t = test->priv;

	simtest_world(t);
	forward_ready(t);
	KUNIT_EXPECT_TRUE(test, forward_one(t));
	KUNIT_EXPECT_EQ(test, simtest_quarantine(t, SIMTEST_ID_METER, 0, false, NULL), 0);
	KUNIT_EXPECT_FALSE(test, forward_one(t));
	KUNIT_EXPECT_EQ(test, simtest_release(t, SIMTEST_ID_METER), 0);
	KUNIT_EXPECT_FALSE(test, forward_one(t));
}

/* What was found under an older state does not replace what was found under a newer. */
static void forward_test_order(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_hop *old, *new;
	struct simseg_session *s;
	u32 change;

	simtest_world(t);
	forward_ready(t);
	change = atomic_read(&t->sn->change);
	simseg_net_changed(t->sn);
	simtest_judge(t, &forward_data);
	new = forward_hop(t);
	forward_put(t, new);
	old = forward_hop(t);
	rcu_read_lock();
	s = forward_session(t);
	KUNIT_EXPECT_PTR_EQ(test, simseg_session_set_hop(s, 0, old, change), old);
	KUNIT_EXPECT_PTR_EQ(test, rcu_dereference(s->hop[0]), new);
	rcu_read_unlock();
	simseg_hop_put(t->sn, old);
	KUNIT_EXPECT_TRUE(test, forward_one(t));
}

/* Hops go with the last session that has one. */
static void forward_test_gone(struct kunit *test)
{
	struct simtest *t = test->priv;

	simtest_world(t);
	forward_ready(t);
	KUNIT_EXPECT_EQ(test, t->sn->hops.count, 1);
	KUNIT_EXPECT_EQ(test, simtest_quarantine(t, SIMTEST_ID_METER, 0, false, NULL), 0);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, t->sn->hops.count, 0);
}

static struct kunit_case forward_test_cases[] = {
	KUNIT_CASE_PARAM(forward_test_counted, simtest_families),
	KUNIT_CASE_PARAM(forward_test_not, simtest_families),
	KUNIT_CASE_PARAM(forward_test_change, simtest_families),
	KUNIT_CASE_PARAM(forward_test_cut, simtest_families),
	KUNIT_CASE_PARAM(forward_test_order, simtest_families),
	KUNIT_CASE_PARAM(forward_test_gone, simtest_families),
	{}
};

static struct kunit_suite forward_test_suite = {
	.name = "simseg_forward",
	.suite_init = simtest_suite_init,
	.suite_exit = simtest_suite_exit,
	.init = forward_init,
	.exit = forward_exit,
	.test_cases = forward_test_cases,
};

kunit_test_suite(forward_test_suite);
