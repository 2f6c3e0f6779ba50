// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations that fail where nobody can be told: on the way out of a change, in the
 * worker of the deadlines, and where interfaces come. Nothing that denies may be lost
 * by that.
 *
 * Each case goes round until no allocation has failed any more. It needs FAILSLAB, and
 * tests/uml/failslab.
 */
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/rtnetlink.h>

#include "test_util.h"

#define FAIL_ROUNDS	1000	/* more than any of them allocates */

/* The @nth allocation of this process from here on fails. */
static void fail_begin(u32 nth)
{
	current->fail_nth = nth;
}

/* Has it? */
static bool fail_end(void)
{
	bool failed = !current->fail_nth;

	current->fail_nth = 0;
	return failed;
}

/* ---- prefix lengths --------------------------------------------------------- */

#define FAIL_DEVICE	900

static int fail_bind(struct simtest *t, u8 plen)
{
	return simtest_bind(t, FAIL_DEVICE, IP(10, 64, 0, 0), plen, "st-sim0");
}

static int fail_unbind(struct simtest *t, u32 nth, u8 plen, bool *failed)
{
	struct simseg_binding_spec spec = {};
	struct simseg_receipt receipt = {};
	u8 bcd[SIMSEG_ICCID_BCD];
	int err;

	simtest_iccid(FAIL_DEVICE, bcd);
	simtest_prefix(t, IP(10, 64, 0, 0), plen, &spec.prefix);
	mutex_lock(&t->sn->lock);
	fail_begin(nth);
	err = simseg_binding_del(t->sn, bcd, &spec, 1, &receipt, &t->extack);
	*failed = fail_end();
	mutex_unlock(&t->sn->lock);
	return err;
}

/* A length that nobody has any more leaves its place to another one. */
static void fail_test_plens(struct kunit *test)
{
	struct simtest *t = test->priv;
	bool failed = true, nothing;
	u32 nth;
	u8 plen;

	KUNIT_ASSERT_EQ(test, 0, simtest_commit(t, simtest_world_rules(t), 0, NULL));
	KUNIT_ASSERT_EQ(test, 0, simtest_new(t, simtest_spec(t, FAIL_DEVICE, "meter")));
	for (plen = 17; plen < 17 + SIMSEG_PLENS_MAX; plen++)
		KUNIT_ASSERT_EQ(test, 0, simtest_bind(t, FAIL_DEVICE, IP(10, 64, 0, 0), plen,
						      "st-sim0"));
	for (nth = 1; failed && nth < FAIL_ROUNDS; nth++) {
		KUNIT_ASSERT_EQ(test, 0, fail_unbind(t, nth, 20, &failed));
		KUNIT_EXPECT_EQ(test, 0, fail_bind(t, 16));
		KUNIT_EXPECT_EQ(test, -ENOSPC, fail_bind(t, 20));
		KUNIT_ASSERT_EQ(test, 0, fail_unbind(t, 0, 16, &nothing));
		KUNIT_ASSERT_EQ(test, 0, fail_bind(t, 20));
	}
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_GT(test, nth, 2);
}

/* ---- deadlines --------------------------------------------------------------- */

static const struct simtest_flow fail_https = {
	.src = SIMTEST_METER, .dst = SIMTEST_WORLD, .in = SIMTEST_SIM0,
	.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_TCP, .tcp = SIMTEST_SYN,
	.sport = SIMTEST_PORT, .dport = 443,
};

/* What the worker does when the first deadline has passed, under the lock. */
static bool fail_expire(struct simtest *t, u32 nth)
{
	struct timerqueue_node *first = timerqueue_getnext(&t->sn->deadlines);
	struct simseg_deadline *deadline = container_of(first, struct simseg_deadline, node);
	void (*expire)(struct simseg_net *sn, struct simseg_deadline *deadline) = deadline->expire;

	simseg_deadline_del(t->sn, deadline);
	fail_begin(nth);
	expire(t->sn, deadline);
	return fail_end();
}

static struct simseg_peerset *fail_peerset(struct simtest *t)
{
	u32 id = simseg_name_find(&t->sn->peer_names, "scada");

	return simseg_peerset_find((struct simseg_ruleset *)simtest_ruleset(t), id);
}

static u32 fail_peers(struct simtest *t)
{
	return simtest_locked(t, fail_peerset(t)->nprefixes);
}

/*
 * A peer whose time is over is out, with or without memory; the others are back as soon
 * as there is some. Each removal has its number in the log.
 */
static void fail_test_peer(struct kunit *test)
{
	struct simtest_flow scada = fail_https;
	struct simtest *t = test->priv;
	struct simseg_prefix prefix;
	u32 nth, size, i;
	bool failed;
	u64 seq;

	simtest_world(t);
	size = fail_peers(t);
	scada.dst = SIMTEST_SCADA;
	simtest_prefix(t, SIMTEST_WORLD, 32, &prefix);
	for (nth = 1, failed = true; failed && nth < FAIL_ROUNDS; nth++) {
		mutex_lock(&t->sn->lock);
		KUNIT_EXPECT_EQ(test, 0, simseg_peer_add(t->sn, "scada", &prefix, 1, NSEC_PER_MSEC,
							 &t->extack));
		msleep(20);	/* the worker waits for the lock */
		seq = t->sn->log_seq;
		failed = fail_expire(t, nth);
		SIMTEST_EXPECT_REASON(t, &fail_https, NO_RULE);
		mutex_unlock(&t->sn->lock);
		for (i = 0; i < 200 && fail_peers(t) != size; i++)
			msleep(20);
		KUNIT_EXPECT_EQ(test, fail_peers(t), size);
		KUNIT_EXPECT_EQ(test, t->sn->log_seq, seq + 1);
		KUNIT_EXPECT_NE(test, simtest_judge(t, &scada), SIMSEG_REASON_NO_RULE);
	}
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_GT(test, nth, 3);
}

/* A quarantine ends as it was told, and that has its number, with no entry for it. */
static void fail_test_quarantine(struct kunit *test)
{
	struct simseg_quarantine_request request = {
		.ndevices = 1, .duration = 3600ULL * NSEC_PER_SEC,
	};
	const struct simseg_who who = { .actor = "kunit", .reason = "test" };
	struct simseg_receipt receipt = {};
	u8 iccid[1][SIMSEG_ICCID_BCD];
	struct simtest *t = test->priv;
	bool failed = true;
	u32 nth;
	u64 seq;

	simtest_world(t);
	simtest_iccid(SIMTEST_ID_METER, iccid[0]);
	request.iccids = iccid;
	for (nth = 1; failed && nth < FAIL_ROUNDS; nth++) {
		mutex_lock(&t->sn->lock);
		KUNIT_EXPECT_EQ(test, 0, simseg_quarantine(t->sn, &request, &who, &receipt,
							   &t->extack));
		seq = t->sn->log_seq;
		failed = fail_expire(t, nth);
		KUNIT_EXPECT_EQ(test, t->sn->log_seq, seq + 1);
		mutex_unlock(&t->sn->lock);
		KUNIT_EXPECT_EQ(test, simtest_find(t, SIMTEST_ID_METER)->state,
				SIMSEG_STATE_ACTIVE);
	}
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_GT(test, nth, 2);
}

/* ---- interfaces --------------------------------------------------------------- */

static const struct simseg_iface *fail_iface(struct simtest *t, const struct net_device *dev)
{
	return simseg_iface_of(t->sn, dev);
}

/* Is it guarded as its name asks for? */
static bool fail_guarded(struct simtest *t, const struct net_device *dev)
{
	const struct simseg_iface *iface = fail_iface(t, dev);

	return iface && iface->side == SIMSEG_SIDE_SIM && iface->ingress.hook &&
	       iface->egress.hook;
}

/* One that came without memory for its guard goes up with it, or not at all. */
static void fail_open(struct simtest *t, struct net_device *dev)
{
	bool failed = true;
	u32 nth;
	int err;

	for (nth = 1; failed && nth < FAIL_ROUNDS; nth++) {
		fail_begin(nth);
		err = dev_open(dev, NULL);
		failed = fail_end();
		KUNIT_EXPECT_TRUE(t->kunit, err || fail_guarded(t, dev));
		if (!err)
			break;
		KUNIT_EXPECT_TRUE(t->kunit, failed);
	}
	KUNIT_EXPECT_TRUE(t->kunit, fail_guarded(t, dev));
	dev_close(dev);
}

static void fail_test_appear(struct kunit *test)
{
	struct simtest *t = test->priv;
	u32 nth, bare = 0;
	bool failed = true;
	int err;

	rtnl_lock();
	for (nth = 1; failed && nth < FAIL_ROUNDS; nth++) {
		struct net_device *dev = simtest_netdev("st-sim9");

		if (!dev)
			break;
		fail_begin(nth);
		err = register_netdevice(dev);
		failed = fail_end();
		if (err) {
			KUNIT_EXPECT_TRUE(test, failed);
			free_netdev(dev);
			continue;
		}
		bare += !fail_guarded(t, dev);
		fail_open(t, dev);
		unregister_netdevice(dev);
		rtnl_unlock();	/* here it goes */
		rtnl_lock();
	}
	rtnl_unlock();
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_GT(test, bare, 0);
}

/* As the kernel renames: it takes the name back if somebody refuses it. */
static int fail_rename(struct net_device *dev, const char *name, u32 nth, bool *failed)
{
	char before[IFNAMSIZ];
	int err;

	strscpy(before, dev->name, sizeof(before));
	strscpy(dev->name, name, sizeof(dev->name));
	fail_begin(nth);
	err = notifier_to_errno(call_netdevice_notifiers(NETDEV_CHANGENAME, dev));
	*failed = fail_end();
	if (!err)
		return 0;
	strscpy(dev->name, before, sizeof(dev->name));
	call_netdevice_notifiers(NETDEV_CHANGENAME, dev);
	return err;
}

/* No interface has a name without the guard that it asks for. */
static void fail_test_rename(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct net_device *dev;
	bool failed, nothing;
	u32 nth;
	int err;

	rtnl_lock();
	dev = simtest_netdev("st-plain9");
	err = dev ? register_netdevice(dev) : -ENOMEM;
	for (nth = 1, failed = !err; failed && nth < FAIL_ROUNDS; nth++) {
		err = fail_rename(dev, "st-sim9", nth, &failed);
		KUNIT_EXPECT_EQ(test, !err, fail_guarded(t, dev));
		KUNIT_EXPECT_EQ(test, !err, !!fail_iface(t, dev));
		if (!err)
			fail_rename(dev, "st-plain9", 0, &nothing);
		KUNIT_EXPECT_NULL(test, fail_iface(t, dev));
	}
	if (dev)
		unregister_netdevice(dev);
	rtnl_unlock();
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_GT(test, nth, 4);
}

/* What asks for a side: a name that gets it, or one that goes. */
static int fail_side(struct simtest *t, u8 side, u32 nth, bool *failed)
{
	int err;

	mutex_lock(&t->sn->lock);
	fail_begin(nth);
	if (side)
		err = simseg_iface_set(t->sn, "st-sim0", side, SIMSEG_MODE_AUTO,
				       SIMSEG_FORWARD_OFF, &t->extack);
	else
		err = simseg_iface_del(t->sn, "st-sim0", &t->extack);
	*failed = fail_end();
	mutex_unlock(&t->sn->lock);
	return err;
}

static bool fail_on_net(struct simtest *t, const struct net_device *dev)
{
	const struct simseg_iface *iface = fail_iface(t, dev);

	return iface && iface->side == SIMSEG_SIDE_NET && iface->ingress.hook;
}

/* From net to sim there has to be more of a guard; until then it stays on net. */
static void fail_test_side(struct kunit *test)
{
	struct simtest *t = test->priv;
	const struct net_device *dev = simtest_device(SIMTEST_SIM0);
	bool failed = true, nothing;
	u32 nth;
	int err;

	rtnl_lock();
	for (nth = 1; failed && nth < FAIL_ROUNDS; nth++) {
		err = fail_side(t, SIMSEG_SIDE_NET, nth, &failed);
		KUNIT_EXPECT_TRUE(test, err ? fail_guarded(t, dev) : fail_on_net(t, dev));
	}
	KUNIT_EXPECT_FALSE(test, failed);
	/* the pattern st-sim* says the side again */
	for (nth = 1, failed = true; failed && nth < FAIL_ROUNDS; nth++) {
		KUNIT_EXPECT_TRUE(test, fail_on_net(t, dev));
		err = fail_side(t, SIMSEG_SIDE_NONE, nth, &failed);
		KUNIT_EXPECT_TRUE(test, err ? fail_on_net(t, dev) : fail_guarded(t, dev));
		if (!err && failed)
			fail_side(t, SIMSEG_SIDE_NET, 0, &nothing);
	}
	KUNIT_EXPECT_TRUE(test, fail_guarded(t, dev));
	KUNIT_EXPECT_GT(test, nth, 2);
	rtnl_unlock();
}

static struct kunit_case fail_test_cases[] = {
	KUNIT_CASE_PARAM(fail_test_plens, simtest_families),
	KUNIT_CASE_PARAM(fail_test_peer, simtest_families),
	KUNIT_CASE(fail_test_quarantine),
	KUNIT_CASE(fail_test_appear),
	KUNIT_CASE(fail_test_rename),
	KUNIT_CASE(fail_test_side),
	{}
};

static struct kunit_suite fail_test_suite = {
	.name = "simseg_fail",
	.suite_init = simtest_suite_init,
	.suite_exit = simtest_suite_exit,
	.init = simtest_init,
	.exit = simtest_exit,
	.test_cases = fail_test_cases,
};

kunit_test_suite(fail_test_suite);
