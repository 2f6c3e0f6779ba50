// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the KUnit suites share: the surroundings of a case, from interfaces to
 * a small world of devices, and the check that a case leaves nothing behind.
 */
#include <linux/etherdevice.h>
#include <linux/rtnetlink.h>

#include "test_util.h"
#include "trace.h"

struct simtest_records simtest_records;

static struct net_device *simtest_devices[SIMTEST_DEVS];

static const char * const simtest_ifnames[SIMTEST_DEVS] = {
	[SIMTEST_SIM0] = "st-sim0",
	[SIMTEST_SIM1] = "st-sim1",
	[SIMTEST_NET0] = "st-net0",
	[SIMTEST_PLAIN0] = "st-plain0",
};

const struct net_device *simtest_device(enum simtest_dev dev)
{
	return simtest_devices[dev];
}

const char *simtest_ifname(enum simtest_dev dev)
{
	return simtest_ifnames[dev];
}

static netdev_tx_t simtest_xmit(struct sk_buff *skb, struct net_device *dev)
{
	kfree_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops simtest_dev_ops = {
	.ndo_start_xmit = simtest_xmit,
};

static void simtest_dev_setup(struct net_device *dev)
{
	ether_setup(dev);
	eth_hw_addr_random(dev);
	dev->netdev_ops = &simtest_dev_ops;
	dev->flags |= IFF_NOARP;
	dev->needs_free_netdev = true;
}

/* Not registered yet; it frees itself when it is unregistered. */
struct net_device *simtest_netdev(const char *name)
{
	return alloc_netdev(0, name, NET_NAME_USER, simtest_dev_setup);
}

static int simtest_dev_add(enum simtest_dev i)
{
	struct net_device *dev = simtest_netdev(simtest_ifnames[i]);
	int err;

	if (!dev)
		return -ENOMEM;
	err = register_netdevice(dev);
	if (err) {
		free_netdev(dev);
		return err;
	}
	simtest_devices[i] = dev;
	return 0;
}

/* The sides; a pattern for the SIM side, as operators write it. */
static int simtest_sides(struct simseg_net *sn)
{
	int err;

	mutex_lock(&sn->lock);
	err = simseg_iface_set(sn, "st-sim*", SIMSEG_SIDE_SIM, SIMSEG_MODE_AUTO,
			       SIMSEG_FORWARD_OFF, NULL);
	if (!err)
		err = simseg_iface_set(sn, "st-net0", SIMSEG_SIDE_NET, SIMSEG_MODE_AUTO,
				       SIMSEG_FORWARD_OFF, NULL);
	mutex_unlock(&sn->lock);
	return err;
}

/* Writes into the event, as the BPF program does that takes records. */
static void simtest_probe(void *data, struct simseg_event *event)
{
	struct simtest_records *r = &simtest_records;
	const struct simseg_record *rec = &event->record;

	if (r->deaf)
		return;
	if (r->full[rec->kind == SIMSEG_RECORD_DENY]) {
		event->status = SIMSEG_RECORD_LOST;
		return;
	}
	event->status = SIMSEG_RECORD_DELIVERED;
	if (r->n < SIMTEST_RECORDS)
		r->rec[r->n] = *rec;
	r->n++;
	r->kinds[rec->kind]++;
	if (rec->kind != SIMSEG_RECORD_DENY)
		return;
	r->denied += rec->denied.packets;
	r->denied_bytes += rec->denied.bytes;
}

/* How many sessions have ended that way, by their records: those come a grace period later. */
u32 simtest_ends(u8 end)
{
	const struct simseg_record *rec = simtest_records.rec;
	u32 i, n = 0;

	rcu_barrier();
	for (i = 0; i < min(simtest_records.n, SIMTEST_RECORDS); i++)
		n += rec[i].kind == SIMSEG_RECORD_CLOSE && rec[i].reason == end;
	return n;
}

int simtest_suite_init(struct kunit_suite *suite)
{
	struct simseg_net *sn = simseg_net(&init_net);
	enum simtest_dev i;
	int err = 0;

	rtnl_lock();
	for (i = SIMTEST_SIM0; i < SIMTEST_DEVS && !err; i++)
		err = simtest_dev_add(i);
	if (!err)
		err = simtest_sides(sn);
	rtnl_unlock();
	/* what changes do to sessions is looked at before the worker runs */
	disable_delayed_work_sync(&sn->sweep);
	return err ?: register_trace_simseg_record(simtest_probe, NULL);
}

void simtest_suite_exit(struct kunit_suite *suite)
{
	struct simseg_net *sn = simseg_net(&init_net);
	enum simtest_dev i;

	unregister_trace_simseg_record(simtest_probe, NULL);
	tracepoint_synchronize_unregister();
	enable_delayed_work(&sn->sweep);
	simseg_sweep_kick(sn);
	rtnl_lock();
	mutex_lock(&sn->lock);
	simseg_iface_del(sn, "st-sim*", NULL);
	simseg_iface_del(sn, "st-net0", NULL);
	mutex_unlock(&sn->lock);
	for (i = SIMTEST_SIM0; i < SIMTEST_DEVS; i++) {
		if (simtest_devices[i])
			unregister_netdevice(simtest_devices[i]);
		simtest_devices[i] = NULL;
	}
	rtnl_unlock();
}

int simtest_init(struct kunit *test)
{
	struct simtest *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	t->kunit = test;
	t->sn = simseg_net(&init_net);
	if (test->param_value)
		t->v6 = *(const bool *)test->param_value;
	/* what nobody heard before, or had no room, is told now */
	memset(&simtest_records, 0, sizeof(simtest_records));
	t->sn->outbox.tell = jiffies;
	simseg_outbox_flush(t->sn);
	t->sn->outbox.tell = jiffies;
	memset(&simtest_records, 0, sizeof(simtest_records));
	test->priv = t;
	return 0;
}

const void *simtest_families(const void *prev, char *desc)
{
	static const bool v6[] = { false, true };
	const bool *next = prev ? (const bool *)prev + 1 : v6;

	if (next == v6 + ARRAY_SIZE(v6))
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, *next ? "ipv6" : "ipv4");
	return next;
}

/* Under the lock. */
static void simtest_release_all(struct simseg_net *sn)
{
	struct simseg_quarantine_request request = { .ndevices = 1 };
	struct simseg_device *device;
	u8 iccid[1][SIMSEG_ICCID_BCD];
	unsigned long id;

	request.iccids = iccid;
	xa_for_each(&sn->device_ids, id, device) {
		if (device->state == SIMSEG_STATE_ACTIVE)
			continue;
		memcpy(iccid[0], device->iccid, sizeof(iccid[0]));
		simseg_release(sn, &request, NULL);
	}
}

/* Opens the gate and takes everything out. */
static int simtest_clear(struct simseg_net *sn)
{
	const struct simseg_ruleset *rs;
	struct simseg_commit commit = { .flags = SIMSEG_COMMIT_DEVICES };
	struct simseg_receipt receipt = {};
	int err;

	simseg_uploads_exit(sn);
	mutex_lock(&sn->lock);
	if (sn->disarmed)
		simseg_net_arm(sn, NULL);
	WRITE_ONCE(sn->pickup_until, 0);
	simtest_release_all(sn);
	simseg_trial_exit(sn);
	rs = rcu_dereference_protected(sn->ruleset, true);
	commit.nopen = rs->npools;
	commit.open = simseg_prefixes_dup(rs->pool, rs->npools);
	err = simseg_upload_begin(sn, 0, rs->generation, NULL);
	if (!err)
		err = simseg_upload_commit(sn, simseg_upload_find(sn, 0), &commit, &receipt,
					   NULL);
	mutex_unlock(&sn->lock);
	kvfree(commit.open);
	/* the first one tells what is folded, the second one forgets the keys */
	simseg_deny_flush(sn, true);
	simseg_deny_flush(sn, true);
	rcu_barrier();
	return err;
}

/* Whatever the case did: nothing of it stays, and each reference is back. */
void simtest_exit(struct kunit *test)
{
	struct simseg_net *sn = simseg_net(&init_net);

	KUNIT_EXPECT_EQ(test, simtest_clear(sn), 0);
	KUNIT_EXPECT_EQ(test, sn->ndevices, 0);
	KUNIT_EXPECT_EQ(test, sn->nbindings, 0);
	KUNIT_EXPECT_EQ(test, sn->nquarantined, 0);
	KUNIT_EXPECT_EQ(test, sn->ngrants, 0);
	KUNIT_EXPECT_EQ(test, sn->nunvouched, 0);
	KUNIT_EXPECT_EQ(test, sn->ndeny_tables, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&sn->sessions.count), 0);
	KUNIT_EXPECT_EQ(test, sn->devices.count, 0);
	KUNIT_EXPECT_EQ(test, sn->bindings.count, 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&sn->device_ids));
	KUNIT_EXPECT_TRUE(test, xa_empty(&sn->policy_names.by_id));
	KUNIT_EXPECT_TRUE(test, xa_empty(&sn->peer_names.by_id));
	KUNIT_EXPECT_TRUE(test, list_empty(&sn->uploads));
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(sn->plens));
	KUNIT_EXPECT_FALSE(test, sn->holds_module);
}

static const struct simtest_rule simtest_meter[] = {
	{ SIMSEG_DIR_OUT, IPPROTO_TCP, SIMSEG_PEER_SET, 443, 0, "scada" },
	{ SIMSEG_DIR_OUT, IPPROTO_UDP, SIMSEG_PEER_SELF, 53 },
	{ SIMSEG_DIR_IN, IPPROTO_TCP, SIMSEG_PEER_SET, 2404, 0, "scada" },
	{ SIMSEG_DIR_OUT, IPPROTO_ICMP, SIMSEG_PEER_ANY },
	{ SIMSEG_DIR_OUT, IPPROTO_TCP, SIMSEG_PEER_OWN, 554, 0, NULL, SIMTEST_CAMERA, 32 },
	{ SIMSEG_DIR_OUT, IPPROTO_TCP, SIMSEG_PEER_ANY, 9000, 9010 },
	{ SIMSEG_DIR_OUT, IPPROTO_UDP, SIMSEG_PEER_SET, 123, 0, "scada" },
	{ SIMSEG_DIR_OUT, IPPROTO_GRE, SIMSEG_PEER_SET, 0, 0, "scada" },
	{ SIMSEG_DIR_IN, IPPROTO_TCP, SIMSEG_PEER_SELF, 22 },
};

static const struct simtest_rule simtest_camera[] = {
	{ SIMSEG_DIR_IN, IPPROTO_TCP, SIMSEG_PEER_OWN, 554, 0, NULL, SIMTEST_METER, 32 },
	{ SIMSEG_DIR_IN, IPPROTO_TCP, SIMSEG_PEER_ANY, 7000 },
	{ SIMSEG_DIR_OUT, 0, SIMSEG_PEER_SET, 0, 0, "scada" },
};

/* An upload with the rules of the world, not yet committed. */
struct simseg_upload *simtest_world_rules(struct simtest *t)
{
	struct simseg_upload *up = simtest_begin(t);

	KUNIT_ASSERT_EQ(t->kunit, 0, simtest_pool(t, up, SIMTEST_POOL, 16));
	KUNIT_ASSERT_EQ(t->kunit, 0, simtest_peers(t, up, "scada", IP(192, 0, 2, 0), 24));
	KUNIT_ASSERT_EQ(t->kunit, 0, simtest_policy(t, up, "meter", simtest_meter,
						    ARRAY_SIZE(simtest_meter)));
	KUNIT_ASSERT_EQ(t->kunit, 0, simtest_policy(t, up, "camera", simtest_camera,
						    ARRAY_SIZE(simtest_camera)));
	return up;
}

/* Devices of each kind behind a pool, see test_util.h for who they are. */
void simtest_world(struct simtest *t)
{
	static const struct simtest_rule own = {
		SIMSEG_DIR_OUT, IPPROTO_TCP, SIMSEG_PEER_ANY, 8080
	};
	struct simseg_device_spec *lan = simtest_spec(t, SIMTEST_ID_LAN, "meter");
	struct kunit *test = t->kunit;

	KUNIT_ASSERT_EQ(test, 0, simtest_commit(t, simtest_world_rules(t), 0, NULL));
	KUNIT_ASSERT_EQ(test, 0, simtest_add(t, SIMTEST_ID_METER, "meter", SIMTEST_METER, 32,
					     "st-sim0"));
	KUNIT_ASSERT_EQ(test, 0, simtest_add(t, SIMTEST_ID_CAMERA, "camera", SIMTEST_CAMERA, 32,
					     "st-sim1"));
	KUNIT_ASSERT_EQ(test, 0, simtest_add(t, SIMTEST_ID_ROAMER, "meter", SIMTEST_ROAMER, 32,
					     ""));
	KUNIT_ASSERT_EQ(test, 0, simtest_add(t, SIMTEST_ID_ORPHAN, "", SIMTEST_ORPHAN, 32,
					     "st-sim*"));
	KUNIT_ASSERT_EQ(test, 0, simtest_add(t, SIMTEST_ID_CUT, "meter", SIMTEST_CUT, 32,
					     "st-sim0"));
	simtest_spec_bind(t, lan, SIMTEST_LAN, 24, "st-sim0");
	simtest_spec_rule(t, lan, &own);
	KUNIT_ASSERT_EQ(test, 0, simtest_new(t, lan));
	KUNIT_ASSERT_EQ(test, 0, simtest_quarantine(t, SIMTEST_ID_CUT, SIMTEST_HELPER, false,
						    NULL));
}

/* Sessions that @n counts, once memory is back. */
void simtest_expect_count(struct simtest *t, u32 n, u32 sessions)
{
	struct simseg_device *device = simtest_find(t, n);

	KUNIT_ASSERT_NOT_NULL(t->kunit, device);
	rcu_barrier();	/* a session counts until its memory is back */
	KUNIT_EXPECT_EQ(t->kunit, atomic_read(&device->nsessions), sessions);
	KUNIT_EXPECT_EQ(t->kunit, atomic_read(&device->nevicted), 0);
}
