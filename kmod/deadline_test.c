// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deadlines: a quarantine that ends by itself, and everything that may come
 * before that.
 */
#include <linux/delay.h>

#include "test_util.h"

#define DEADLINE_SHORT	(30 * NSEC_PER_MSEC)
#define DEADLINE_LONG	(3600 * (u64)NSEC_PER_SEC)

static const struct simtest_flow deadline_flow = {
	.src = SIMTEST_METER, .dst = SIMTEST_SCADA, .in = SIMTEST_SIM0,
	.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_TCP, .tcp = SIMTEST_SYN,
	.sport = SIMTEST_PORT, .dport = 443,
};

static struct simseg_device *deadline_device(struct simtest *t)
{
	struct simseg_device *device;
	struct in6_addr addr;

	simtest_addr(t, SIMTEST_METER, &addr);
	rcu_read_lock();
	device = rcu_dereference(simseg_binding_lookup(t->sn, &addr)->device);
	rcu_read_unlock();
	return device;
}

static int deadline_request(struct simtest *t, const u8 *bcd, u64 duration, bool unknown,
			    struct simseg_receipt *receipt)
{
	struct simseg_who who = { .actor = "kunit", .reason = "test" };
	struct simseg_quarantine_request request = {
		.ndevices = 1, .duration = duration, .unknown = unknown,
	};
	struct simseg_receipt own = {};
	u8 iccid[1][SIMSEG_ICCID_BCD];

	memcpy(iccid[0], bcd, sizeof(iccid[0]));
	request.iccids = iccid;
	return simtest_locked(t, simseg_quarantine(t->sn, &request, &who, receipt ?: &own,
						   &t->extack));
}

static void deadline_cut(struct simtest *t, u64 duration, struct simseg_receipt *receipt)
{
	KUNIT_ASSERT_EQ(t->kunit, 0, deadline_request(t, deadline_device(t)->iccid, duration,
						      false, receipt));
	SIMTEST_EXPECT_REASON(t, &deadline_flow, QUARANTINED);
}

/* How many there are, and what is left until the first. */
static u32 deadline_count(struct simtest *t, u64 *left)
{
	struct timerqueue_node *node;
	u32 n = 0;

	mutex_lock(&t->sn->lock);
	*left = simseg_deadline_next(t->sn);
	node = timerqueue_getnext(&t->sn->deadlines);
	for (; node; node = timerqueue_iterate_next(node))
		n++;
	mutex_unlock(&t->sn->lock);
	return n;
}

static void deadline_expect(struct simtest *t, u32 n, u64 longest)
{
	u64 left;

	KUNIT_EXPECT_EQ(t->kunit, deadline_count(t, &left), n);
	KUNIT_EXPECT_LE(t->kunit, left, longest);
	KUNIT_EXPECT_EQ(t->kunit, !left, !n);
}

/* Until what is due has been done: the timer, and the work that it queues. */
static void deadline_wait(struct simtest *t)
{
	msleep(2 * DEADLINE_SHORT / NSEC_PER_MSEC);
	flush_work(&t->sn->deadline_work);
}

static void deadline_test_ends(struct kunit *test)
{
	struct simtest *t = test->priv;
	u32 change, others;

	simtest_world(t);
	others = t->sn->nquarantined;
	SIMTEST_EXPECT_REASON(t, &deadline_flow, RULE);
	deadline_cut(t, DEADLINE_SHORT, NULL);
	KUNIT_EXPECT_EQ(test, t->sn->nquarantined, others + 1);
	deadline_expect(t, 1, DEADLINE_SHORT);
	change = atomic_read(&t->sn->change);
	deadline_wait(t);
	deadline_expect(t, 0, 0);
	KUNIT_EXPECT_EQ(test, t->sn->nquarantined, others);
	KUNIT_EXPECT_NE(test, change, (u32)atomic_read(&t->sn->change));
	SIMTEST_EXPECT_REASON(t, &deadline_flow, RULE);
}

static void deadline_test_release(struct kunit *test)
{
	struct simseg_quarantine_request request = { .ndevices = 1 };
	u8 iccid[1][SIMSEG_ICCID_BCD];
	struct simtest *t = test->priv;

	simtest_world(t);
	deadline_cut(t, DEADLINE_SHORT, NULL);
	memcpy(iccid[0], deadline_device(t)->iccid, sizeof(iccid[0]));
	request.iccids = iccid;
	KUNIT_ASSERT_EQ(test, 0, simtest_locked(t, simseg_release(t->sn, &request, NULL)));
	deadline_expect(t, 0, 0);
	/* the old deadline has no hold on a quarantine that has none */
	deadline_cut(t, 0, NULL);
	deadline_wait(t);
	SIMTEST_EXPECT_REASON(t, &deadline_flow, QUARANTINED);
}

/* Another request replaces the deadline, and says so; it is the same cut. */
static void deadline_test_replaced(struct kunit *test)
{
	struct simseg_receipt first = {}, second = {};
	const struct simseg_quarantine *q;
	struct simtest *t = test->priv;
	u64 since;

	simtest_world(t);
	deadline_cut(t, DEADLINE_SHORT, &first);
	q = rcu_dereference_protected(deadline_device(t)->quarantine, true);
	since = q->since;
	deadline_cut(t, DEADLINE_LONG, &second);
	deadline_expect(t, 1, DEADLINE_LONG);
	KUNIT_EXPECT_EQ(test, first.devices, 1);
	KUNIT_EXPECT_EQ(test, first.replaced, 0);
	KUNIT_EXPECT_EQ(test, second.devices, 0);
	KUNIT_EXPECT_EQ(test, second.replaced, 1);
	q = rcu_dereference_protected(deadline_device(t)->quarantine, true);
	KUNIT_EXPECT_EQ(test, q->since, since);
	KUNIT_EXPECT_GT(test, q->set, since);
	deadline_wait(t);
	SIMTEST_EXPECT_REASON(t, &deadline_flow, QUARANTINED);
	/* and a nearer one comes before it */
	deadline_cut(t, DEADLINE_SHORT, NULL);
	deadline_expect(t, 1, DEADLINE_SHORT);
	deadline_wait(t);
	SIMTEST_EXPECT_REASON(t, &deadline_flow, RULE);
}

/* An ICCID that never came is forgotten; one that came meanwhile is released. */
static void deadline_test_unknown(struct kunit *test)
{
	struct simtest *t = test->priv;
	u8 never[SIMSEG_ICCID_BCD], late[SIMSEG_ICCID_BCD];
	u32 others;

	simtest_world(t);
	others = t->sn->nquarantined;
	simtest_iccid(770, never);
	simtest_iccid(771, late);
	KUNIT_ASSERT_EQ(test, 0, deadline_request(t, never, DEADLINE_SHORT, true, NULL));
	KUNIT_ASSERT_EQ(test, 0, deadline_request(t, late, DEADLINE_SHORT, true, NULL));
	deadline_expect(t, 2, DEADLINE_SHORT);
	KUNIT_ASSERT_EQ(test, 0, simtest_add(t, 771, "meter", IP(10, 64, 77, 1), 32, "st-sim0"));
	KUNIT_EXPECT_EQ(test, simtest_find(t, 771)->state, SIMSEG_STATE_QUARANTINED);
	deadline_wait(t);
	KUNIT_EXPECT_NULL(test, simtest_find(t, 770));
	KUNIT_ASSERT_NOT_NULL(test, simtest_find(t, 771));
	KUNIT_EXPECT_EQ(test, simtest_find(t, 771)->state, SIMSEG_STATE_ACTIVE);
	KUNIT_EXPECT_EQ(test, t->sn->nquarantined, others);
	deadline_expect(t, 0, 0);
}

/* The device goes first, as it does with its namespace. */
static void deadline_test_removed(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_device *device;
	u8 bcd[SIMSEG_ICCID_BCD];

	simtest_world(t);
	simtest_iccid(772, bcd);
	KUNIT_ASSERT_EQ(test, 0, deadline_request(t, bcd, DEADLINE_SHORT, true, NULL));
	mutex_lock(&t->sn->lock);
	device = simseg_device_find(t->sn, bcd);
	simseg_device_remove(t->sn, device);
	simseg_device_put(device);
	mutex_unlock(&t->sn->lock);
	deadline_expect(t, 0, 0);
	rcu_barrier();
	deadline_wait(t);
}

/* When a namespace exits nothing fires any more, and what is pending may go. */
static void deadline_test_exit(struct kunit *test)
{
	struct simtest *t = test->priv;

	simtest_world(t);
	deadline_cut(t, DEADLINE_SHORT, NULL);
	simseg_deadline_exit(t->sn);
	deadline_wait(t);
	deadline_expect(t, 1, DEADLINE_SHORT);
	SIMTEST_EXPECT_REASON(t, &deadline_flow, QUARANTINED);
	/* a request takes it off the queue; this namespace lives on, and its timer */
	t->sn->deadlines_over = false;
	deadline_cut(t, 0, NULL);
	deadline_expect(t, 0, 0);
	deadline_cut(t, DEADLINE_SHORT, NULL);
	deadline_wait(t);
	SIMTEST_EXPECT_REASON(t, &deadline_flow, RULE);
}

static struct kunit_case deadline_test_cases[] = {
	KUNIT_CASE_PARAM(deadline_test_ends, simtest_families),
	KUNIT_CASE_PARAM(deadline_test_release, simtest_families),
	KUNIT_CASE_PARAM(deadline_test_replaced, simtest_families),
	KUNIT_CASE(deadline_test_unknown),
	KUNIT_CASE(deadline_test_removed),
	KUNIT_CASE(deadline_test_exit),
	{}
};

static struct kunit_suite deadline_test_suite = {
	.name = "simseg_deadline",
	.suite_init = simtest_suite_init,
	.suite_exit = simtest_suite_exit,
	.init = simtest_init,
	.exit = simtest_exit,
	.test_cases = deadline_test_cases,
};

kunit_test_suite(deadline_test_suite);
