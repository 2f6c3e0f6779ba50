// SPDX-License-Identifier: GPL-2.0-only
/*
 * Forwarding at once: what was found under one state of things holds under that one
 * alone. Where a hop comes from shows in tests/netns/forward_test.sh.
 */
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "test_util.h"
#include "xdp.h"

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
	hop->native = true;
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

/* Packets that come in on any of them are to be sent on. */
static void forward_everywhere(struct simtest *t, bool on)
{
	struct simseg_iface *iface;
	enum simtest_dev i;

	rcu_read_lock();
	for (i = SIMTEST_SIM0; i < SIMTEST_DEVS; i++) {
		iface = simseg_iface_of(t->sn, simtest_device(i));
		if (iface)
			WRITE_ONCE(iface->forwards, on);
	}
	rcu_read_unlock();
}

static int forward_init(struct kunit *test)
{
	int err = simtest_init(test);

	if (err)
		return err;
	forward_ipv6(test->priv, true);
	forward_everywhere(test->priv, true);
	return 0;
}

static void forward_exit(struct kunit *test)
{
	forward_everywhere(test->priv, false);
	forward_ipv6(test->priv, false);
	simtest_exit(test);
}

/* What a program says of @flow's packet, which is addressed to the interface. */
static void forward_opts(struct simtest *t, const struct simtest_flow *flow, u32 bytes,
			 struct bpf_simseg_opts *opts)
{
	struct simseg_pkt pkt, quote;

	simtest_pkt(t, flow, &pkt, &quote);
	memset(opts, 0, sizeof(*opts));
	opts->src = pkt.src;
	opts->dst = pkt.dst;
	opts->sport = pkt.sport;
	opts->dport = pkt.dport;
	opts->proto = pkt.proto;
	opts->bytes = bytes;
	opts->flags = BPF_SIMSEG_F_PLAIN;
	if (pkt.flags & SIMSEG_PKT_PORTS)
		opts->flags |= BPF_SIMSEG_F_PORTS;
	opts->seq = htonl(pkt.seq);
	opts->ack = htonl(pkt.ack);
	opts->window = htons(pkt.window);
	opts->payload = pkt.payload;
	opts->tcp_flags = pkt.tcp_flags;
	memcpy(opts->dest, simtest_device(flow->in)->dev_addr, ETH_ALEN);
}

/* Is the packet sent on that came in by @in? */
static bool forward_asked(struct simtest *t, enum simtest_dev in,
			  const struct bpf_simseg_opts *opts)
{
	struct xdp_rxq_info rxq = { .dev = (struct net_device *)simtest_device(in) };
	const struct xdp_buff xdp = { .rxq = &rxq };
	struct simseg_iface *iface = NULL;
	struct simseg_flow flow;
	bool sent;

	local_bh_disable();
	simseg_xdp_enter();
	if (simseg_onward_fits(opts))
		iface = simseg_onward_find(rxq.dev, opts, &flow);
	sent = iface && simseg_onward(&xdp, iface, opts, &flow);
	simseg_xdp_leave();
	local_bh_enable();
	return sent;
}

/* Is @flow's packet sent on, with so many bytes? */
static bool forward_bytes(struct simtest *t, const struct simtest_flow *flow, u32 bytes)
{
	struct bpf_simseg_opts opts;

	forward_opts(t, flow, bytes, &opts);
	return forward_asked(t, flow->in, &opts);
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

/* Frames that only look like that: XDP cannot place them, or they are not for us. */
static void forward_test_frame(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct bpf_simseg_opts opts;
	struct simseg_iface *iface;

	simtest_world(t);
	forward_ready(t);
	forward_opts(t, &forward_data, 100, &opts);
	KUNIT_EXPECT_TRUE(test, forward_asked(t, SIMTEST_SIM0, &opts));
	opts.dest[ETH_ALEN] ^= 1;	/* that is of the sender's address */
	KUNIT_EXPECT_TRUE(test, forward_asked(t, SIMTEST_SIM0, &opts));
	opts.dest[ETH_ALEN - 1] ^= 1;
	KUNIT_EXPECT_FALSE(test, forward_asked(t, SIMTEST_SIM0, &opts));

	forward_opts(t, &forward_data, 100, &opts);
	opts.flags |= BPF_SIMSEG_F_VLAN;
	KUNIT_EXPECT_FALSE(test, forward_asked(t, SIMTEST_SIM0, &opts));
	opts.flags = BPF_SIMSEG_F_PORTS;
	KUNIT_EXPECT_FALSE(test, forward_asked(t, SIMTEST_SIM0, &opts));
	opts.flags = BPF_SIMSEG_F_PORTS | BPF_SIMSEG_F_PLAIN | BPF_SIMSEG_F_LINK;
	KUNIT_EXPECT_FALSE(test, forward_asked(t, SIMTEST_SIM0, &opts));
	forward_opts(t, &forward_data, 100, &opts);
	opts.domain = 1;
	KUNIT_EXPECT_FALSE(test, forward_asked(t, SIMTEST_SIM0, &opts));
	KUNIT_EXPECT_TRUE(test, forward_one(t));

	iface = simseg_iface_of(t->sn, simtest_device(SIMTEST_SIM0));
	WRITE_ONCE(iface->forwards, false);
	KUNIT_EXPECT_FALSE(test, forward_one(t));
	WRITE_ONCE(iface->forwards, true);
	WRITE_ONCE(t->sn->disarmed, true);
	KUNIT_EXPECT_FALSE(test, forward_one(t));
	WRITE_ONCE(t->sn->disarmed, false);
	KUNIT_EXPECT_TRUE(test, forward_one(t));
}

/* Both directions find the session; each has a hop of its own. */
static void forward_test_reply(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow back;
	struct simseg_hop *hop;
	u32 change;

	simtest_world(t);
	forward_ready(t);
	simtest_reply(&forward_data, SIMTEST_NET0, &back);
	back.tcp = SIMTEST_ACK;
	simtest_judge(t, &back);
	KUNIT_EXPECT_FALSE(test, forward_bytes(t, &back, 100));
	hop = forward_hop(t);
	change = atomic_read(&t->sn->change);
	rcu_read_lock();
	simseg_hop_put(t->sn, simseg_session_set_hop(forward_session(t), 1, hop, change));
	rcu_read_unlock();
	KUNIT_EXPECT_TRUE(test, forward_bytes(t, &back, 100));
	KUNIT_EXPECT_TRUE(test, forward_one(t));
}

/* A session of TCP that is up, with a hop. */
static void forward_connected(struct simtest *t)
{
	struct simtest_flow flow = forward_first;

	flow.seq = 1000;
	simtest_judge(t, &flow);
	simtest_reply(&forward_first, SIMTEST_NET0, &flow);
	flow.seq = 5000;
	flow.ack = 1001;
	flow.window = 1000;
	simtest_judge(t, &flow);
	flow = forward_data;
	flow.seq = 1001;
	flow.ack = 5001;
	flow.window = 1000;
	simtest_judge(t, &flow);
	forward_put(t, forward_hop(t));
}

/* Its state after a segment that was sent on. */
static u8 forward_state(struct simtest *t, u8 tcp, u32 seq)
{
	struct simtest_flow flow = forward_data;
	struct simseg_session s;

	flow.tcp = tcp;
	flow.seq = seq;
	flow.ack = 5001;
	flow.window = 1000;
	KUNIT_EXPECT_TRUE(t->kunit, forward_bytes(t, &flow, 100));
	KUNIT_ASSERT_TRUE(t->kunit, simtest_session(t, &forward_data, &s));
	return s.state;
}

/* What ends a session ends it here, too, and what only looks like it does not. */
static void forward_test_tcp(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow syn;

	simtest_world(t);
	forward_connected(t);
	KUNIT_EXPECT_EQ(test, forward_state(t, SIMTEST_ACK, 1001), SIMSEG_SESSION_ESTABLISHED);
	KUNIT_EXPECT_EQ(test, forward_state(t, SIMTEST_RST, 900000), SIMSEG_SESSION_ESTABLISHED);
	KUNIT_EXPECT_EQ(test, forward_state(t, SIMTEST_FIN | SIMTEST_ACK, 900000),
			SIMSEG_SESSION_ESTABLISHED);
	KUNIT_EXPECT_EQ(test, forward_state(t, SIMTEST_FIN | SIMTEST_ACK, 1001),
			SIMSEG_SESSION_CLOSING);
	KUNIT_EXPECT_EQ(test, forward_state(t, SIMTEST_RST, 1002), SIMSEG_SESSION_CLOSED);
	syn = forward_first;
	syn.tcp = SIMTEST_SYN | SIMTEST_ACK;
	KUNIT_EXPECT_FALSE(test, forward_bytes(t, &syn, 100));
}

/* Without a state to follow: counted all the same. */
static void forward_test_udp(struct kunit *test)
{
	struct simtest_flow ntp = forward_data, back;
	struct simtest *t = test->priv;
	struct simseg_session s;
	struct simseg_pkt pkt, quote;
	struct simseg_hop *hop;
	struct simseg_key key;

	simtest_world(t);
	ntp.proto = IPPROTO_UDP;
	ntp.tcp = 0;
	ntp.dport = 123;
	simtest_judge(t, &ntp);
	simtest_reply(&ntp, SIMTEST_NET0, &back);
	back.tcp = 0;
	simtest_judge(t, &back);
	simtest_pkt(t, &ntp, &pkt, &quote);
	simseg_key_make(&key, &pkt);
	hop = forward_hop(t);
	rcu_read_lock();
	simseg_hop_put(t->sn, simseg_session_set_hop(simseg_session_find(t->sn, &key), 0, hop,
						     atomic_read(&t->sn->change)));
	rcu_read_unlock();
	simtest_age(t, &ntp, 10);
	KUNIT_EXPECT_TRUE(test, forward_bytes(t, &ntp, 90));
	KUNIT_EXPECT_FALSE(test, forward_bytes(t, &back, 90));
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &ntp, &s));
	KUNIT_EXPECT_FALSE(test, simseg_session_expired(t->sn, &s));
	KUNIT_EXPECT_EQ(test, s.state, SIMSEG_SESSION_REPLIED);
	KUNIT_EXPECT_EQ(test, atomic64_read(&s.packets[0]), 2);
	KUNIT_EXPECT_EQ(test, atomic64_read(&s.bytes[0]), 190);
	KUNIT_EXPECT_EQ(test, atomic64_read(&s.packets[1]), 1);
}

/* By its source alone: may @flow's packet pass? */
static u8 forward_source(struct simtest *t, u32 src, enum simtest_dev in)
{
	struct net_device *dev = (struct net_device *)simtest_device(in);
	struct in6_addr addr;
	u8 ret;

	simtest_addr(t, src, &addr);
	local_bh_disable();
	simseg_xdp_enter();
	ret = simseg_xdp_source(dev, &addr, 0);
	simseg_xdp_leave();
	local_bh_enable();
	return ret;
}

static void forward_test_source(struct kunit *test)
{
	static const struct {
		u32 src;
		u8 in;
		u8 want;
	} rows[] = {
		{ SIMTEST_METER, SIMTEST_SIM0, SIMSEG_VERDICT_PASS },
		{ SIMTEST_ROAMER, SIMTEST_SIM1, SIMSEG_VERDICT_PASS },
		{ SIMTEST_ORPHAN, SIMTEST_SIM0, SIMSEG_VERDICT_PASS },
		{ SIMTEST_LAN + 7, SIMTEST_SIM0, SIMSEG_VERDICT_PASS },
		{ SIMTEST_METER, SIMTEST_SIM1, SIMSEG_XDP_ASK },
		{ SIMTEST_LAN + 7, SIMTEST_SIM1, SIMSEG_XDP_ASK },
		{ SIMTEST_CUT, SIMTEST_SIM0, SIMSEG_XDP_ASK },
		{ SIMTEST_UNBOUND, SIMTEST_SIM0, SIMSEG_XDP_ASK },
		{ SIMTEST_WORLD, SIMTEST_SIM0, SIMSEG_XDP_ASK },
		{ SIMTEST_WORLD, SIMTEST_NET0, SIMSEG_VERDICT_PASS },
		{ SIMTEST_METER, SIMTEST_NET0, SIMSEG_XDP_ASK },
		{ SIMTEST_UNBOUND, SIMTEST_NET0, SIMSEG_XDP_ASK },
		{ SIMTEST_WORLD, SIMTEST_PLAIN0, SIMSEG_XDP_ASK },
	};
	struct simtest *t = test->priv;
	unsigned int i;

	simtest_world(t);
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		KUNIT_EXPECT_EQ_MSG(test, forward_source(t, rows[i].src, rows[i].in),
				    rows[i].want, "row %u", i);
	KUNIT_EXPECT_EQ(test, simtest_quarantine(t, SIMTEST_ID_METER, 0, false, NULL), 0);
	KUNIT_EXPECT_EQ(test, forward_source(t, SIMTEST_METER, SIMTEST_SIM0), SIMSEG_XDP_ASK);
	KUNIT_EXPECT_EQ(test, simtest_release(t, SIMTEST_ID_METER), 0);
	KUNIT_EXPECT_EQ(test, forward_source(t, SIMTEST_METER, SIMTEST_SIM0),
			SIMSEG_VERDICT_PASS);
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
	KUNIT_CASE_PARAM(forward_test_frame, simtest_families),
	KUNIT_CASE_PARAM(forward_test_reply, simtest_families),
	KUNIT_CASE_PARAM(forward_test_tcp, simtest_families),
	KUNIT_CASE_PARAM(forward_test_udp, simtest_families),
	KUNIT_CASE_PARAM(forward_test_source, simtest_families),
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
