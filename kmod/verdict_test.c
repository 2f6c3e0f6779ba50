// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verdict, row by row, each case in IPv4 and in IPv6.
 */
#include "test_util.h"

struct verdict_row {
	const char *desc;
	struct simtest_flow flow;
	u8 reason;
};

#define FWD(d, from, to, where, p, tcpf, port, why) {				\
	.desc = d,								\
	.flow = { .src = from, .dst = to, .in = SIMTEST_##where,		\
		  .hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_##p, .tcp = tcpf, \
		  .sport = SIMTEST_PORT, .dport = port },			\
	.reason = SIMSEG_REASON_##why,						\
}

#define LOCAL(d, from, to, where, h, p, tcpf, port, pf, why) {			\
	.desc = d,								\
	.flow = { .src = from, .dst = to, .in = SIMTEST_##where,		\
		  .hook = SIMSEG_HOOK_##h, .proto = IPPROTO_##p, .tcp = tcpf,	\
		  .sport = SIMTEST_PORT, .dport = port, .flags = pf },		\
	.reason = SIMSEG_REASON_##why,						\
}

#define METER	SIMTEST_METER
#define CAMERA	SIMTEST_CAMERA
#define ROAMER	SIMTEST_ROAMER
#define ORPHAN	SIMTEST_ORPHAN
#define CUT	SIMTEST_CUT
#define LAN	(SIMTEST_LAN + 7)
#define UNBOUND	SIMTEST_UNBOUND
#define SCADA	SIMTEST_SCADA
#define HELPER	SIMTEST_HELPER
#define WORLD	SIMTEST_WORLD
#define SELF	SIMTEST_SELF
#define SYN	SIMTEST_SYN
#define ACK	SIMTEST_ACK

static const struct verdict_row verdict_rows[] = {
	/* row 0: only where it ends or begins, and before everything else */
	LOCAL("link in", UNBOUND, SELF, SIM0, INPUT, UDP, 0, 67, SIMSEG_PKT_LINK, LINK),
	LOCAL("link out", SELF, METER, NOWHERE, OUTPUT, ICMP, 0, 0, SIMSEG_PKT_LINK, LINK),
	LOCAL("link forwarded", METER, WORLD, SIM0, FORWARD, UDP, 0, 67, SIMSEG_PKT_LINK,
	      NO_RULE),
	/* row 1 */
	FWD("unbound on sim", UNBOUND, SCADA, SIM0, TCP, SYN, 443, UNBOUND),
	FWD("outside the pools on sim", WORLD, SCADA, SIM0, TCP, SYN, 443, SPOOFED),
	FWD("outside the pools on sim to a device", SCADA, METER, SIM0, TCP, SYN, 2404, SPOOFED),
	FWD("bound to another interface", METER, SCADA, SIM1, TCP, SYN, 443, SPOOFED),
	FWD("pattern fits both", ORPHAN, SCADA, SIM1, TCP, SYN, 443, NO_POLICY),
	FWD("bound without interface", ROAMER, SCADA, SIM1, TCP, SYN, 443, RULE),
	FWD("bound without interface on net", ROAMER, SCADA, NET0, TCP, SYN, 443, SPOOFED),
	FWD("pool source on net", UNBOUND, WORLD, NET0, TCP, SYN, 443, SPOOFED),
	FWD("device source on net", METER, SCADA, NET0, TCP, SYN, 443, SPOOFED),
	FWD("pool source on unmarked", UNBOUND, WORLD, PLAIN0, TCP, SYN, 443, SPOOFED),
	FWD("device source on unmarked", METER, SCADA, PLAIN0, TCP, SYN, 443, SPOOFED),
	FWD("spoofed comes before quarantined", CUT, SCADA, SIM1, TCP, SYN, 443, SPOOFED),
	/* row 2 */
	FWD("no pool from net", WORLD, SCADA, NET0, TCP, SYN, 443, NOT_GOVERNED),
	FWD("no pool from unmarked", WORLD, SCADA, PLAIN0, UDP, 0, 53, NOT_GOVERNED),
	FWD("to an unbound pool address", SCADA, UNBOUND, NET0, TCP, SYN, 2404, UNBOUND),
	FWD("device to an unbound pool address", METER, UNBOUND, SIM0, ICMP, 0, 0, UNBOUND),
	LOCAL("gateway to nowhere special", SELF, WORLD, NOWHERE, OUTPUT, TCP, SYN, 80, 0,
	      NOT_GOVERNED),
	LOCAL("gateway to an unbound address", SELF, UNBOUND, NOWHERE, OUTPUT, TCP, SYN, 80, 0,
	      UNBOUND),
	/* row 3 */
	FWD("from a quarantined device", CUT, SCADA, SIM0, TCP, SYN, 443, QUARANTINED),
	FWD("to a quarantined device", SCADA, CUT, NET0, TCP, SYN, 2404, QUARANTINED),
	FWD("from one device to a quarantined one", METER, CUT, SIM0, ICMP, 0, 0, QUARANTINED),
	FWD("its responder, no rule", HELPER, CUT, NET0, TCP, SYN, 22, RESPONDER),
	FWD("to its responder, no rule", CUT, HELPER, SIM0, UDP, 0, 514, RESPONDER),
	FWD("to its responder, mid-stream", CUT, HELPER, SIM0, TCP, ACK, 514, RESPONDER),
	FWD("somebody else's responder", HELPER, METER, NET0, TCP, SYN, 22, NO_RULE),
	LOCAL("quarantined to the gateway", CUT, SELF, SIM0, INPUT, UDP, 0, 53, 0, QUARANTINED),
	/* row 5, one governed side */
	FWD("out, peer set", METER, SCADA, SIM0, TCP, SYN, 443, RULE),
	FWD("out, peer outside the set", METER, WORLD, SIM0, TCP, SYN, 443, NO_RULE),
	FWD("out, other port", METER, SCADA, SIM0, TCP, SYN, 444, NO_RULE),
	FWD("out, other protocol", METER, SCADA, SIM0, UDP, 0, 443, NO_RULE),
	FWD("out, first port of a range", METER, WORLD, SIM0, TCP, SYN, 9000, RULE),
	FWD("out, last port of a range", METER, WORLD, SIM0, TCP, SYN, 9010, RULE),
	FWD("out, behind the range", METER, WORLD, SIM0, TCP, SYN, 9011, NO_RULE),
	FWD("in, peer set", SCADA, METER, NET0, TCP, SYN, 2404, RULE),
	FWD("in, peer outside the set", WORLD, METER, NET0, TCP, SYN, 2404, NO_RULE),
	FWD("in on a port that is for out", SCADA, METER, NET0, TCP, SYN, 443, NO_RULE),
	FWD("out on a port that is for in", METER, SCADA, SIM0, TCP, SYN, 2404, NO_RULE),
	FWD("in from an unmarked interface", SCADA, METER, PLAIN0, TCP, SYN, 2404, RULE),
	FWD("icmp stands for icmpv6", METER, WORLD, SIM0, ICMP, 0, 0, RULE),
	FWD("icmp has no rule in", WORLD, METER, NET0, ICMP, 0, 0, NO_RULE),
	FWD("protocol without ports", METER, SCADA, SIM0, GRE, 0, 0, RULE),
	FWD("protocol without ports, any", CAMERA, SCADA, SIM1, ESP, 0, 0, RULE),
	FWD("no policy", ORPHAN, SCADA, SIM0, TCP, SYN, 443, NO_POLICY),
	FWD("own rules", LAN, WORLD, SIM0, TCP, SYN, 8080, RULE),
	FWD("policy beside own rules", LAN, SCADA, SIM0, TCP, SYN, 443, RULE),
	FWD("own rules are one device's", METER, WORLD, SIM0, TCP, SYN, 8080, NO_RULE),
	/* row 5, SIM to SIM: both */
	FWD("both sides allow", METER, CAMERA, SIM0, TCP, SYN, 554, RULE),
	FWD("only the source allows", METER, CAMERA, SIM0, TCP, SYN, 9000, NO_RULE),
	FWD("only the destination allows", METER, CAMERA, SIM0, TCP, SYN, 7000, NO_RULE),
	FWD("neither allows", METER, CAMERA, SIM0, TCP, SYN, 1, NO_RULE),
	FWD("both, but the other way", CAMERA, METER, SIM1, TCP, SYN, 554, NO_RULE),
	FWD("to a device without policy", METER, ORPHAN, SIM0, TCP, SYN, 9000, NO_POLICY),
	/* row 5, the gateway itself */
	LOCAL("to self", METER, SELF, SIM0, INPUT, UDP, 0, 53, 0, RULE),
	LOCAL("to self, other port", METER, SELF, SIM0, INPUT, UDP, 0, 54, 0, NO_RULE),
	FWD("self is not everybody", METER, SCADA, SIM0, UDP, 0, 53, NO_RULE),
	LOCAL("self to a device", SELF, METER, NOWHERE, OUTPUT, TCP, SYN, 22, 0, RULE),
	LOCAL("self to a device, other port", SELF, METER, NOWHERE, OUTPUT, TCP, SYN, 23, 0,
	      NO_RULE),
	/* row 5, not the first packet */
	FWD("tcp ack", METER, SCADA, SIM0, TCP, ACK, 443, NOT_FIRST),
	FWD("tcp syn+ack", METER, SCADA, SIM0, TCP, SYN | ACK, 443, NOT_FIRST),
	FWD("tcp syn+fin", METER, SCADA, SIM0, TCP, SYN | SIMTEST_FIN, 443, NOT_FIRST),
	FWD("tcp rst", METER, SCADA, SIM0, TCP, SIMTEST_RST, 443, NOT_FIRST),
	FWD("tcp without flags", METER, SCADA, SIM0, TCP, 0, 443, NOT_FIRST),
	FWD("tcp syn with ecn", METER, SCADA, SIM0, TCP, SYN | 0xc0, 443, RULE),
	LOCAL("echo reply of no request", METER, SCADA, SIM0, FORWARD, ICMP, 0, 0,
	      SIMSEG_PKT_REPLY_ONLY, UNRELATED),
};

static void verdict_run_row(struct simtest *t, const struct verdict_row *row)
{
	bool opens = row->reason == SIMSEG_REASON_RULE || row->reason == SIMSEG_REASON_RESPONDER;
	struct simtest_flow dry = row->flow;
	struct simseg_session s;
	struct simseg_receipt receipt = {};
	u8 reason;

	dry.flags |= SIMSEG_PKT_DRY;
	reason = simtest_judge(t, &dry);
	KUNIT_EXPECT_EQ_MSG(t->kunit, reason, row->reason, "%s, dry: %s", row->desc,
			    simtest_word(reason));
	KUNIT_EXPECT_EQ_MSG(t->kunit, simtest_sessions(t), 0, "%s, dry", row->desc);
	reason = simtest_judge(t, &row->flow);
	KUNIT_EXPECT_EQ_MSG(t->kunit, reason, row->reason, "%s: %s", row->desc,
			    simtest_word(reason));
	KUNIT_EXPECT_EQ_MSG(t->kunit, simtest_sessions(t), opens, "%s", row->desc);
	KUNIT_EXPECT_EQ_MSG(t->kunit, simtest_session(t, &row->flow, &s), opens, "%s", row->desc);
	simseg_sessions_cut_all(t->sn, SIMSEG_END_KILLED, &receipt);
	KUNIT_EXPECT_EQ_MSG(t->kunit, simtest_sessions(t), 0, "%s, cut", row->desc);
}

static void verdict_test_rows(struct kunit *test)
{
	struct simtest *t = test->priv;
	unsigned int i;

	simtest_world(t);
	for (i = 0; i < ARRAY_SIZE(verdict_rows); i++)
		verdict_run_row(t, &verdict_rows[i]);
}

static const struct simtest_flow verdict_https = {
	.src = METER, .dst = SCADA, .in = SIMTEST_SIM0, .hook = SIMSEG_HOOK_FORWARD,
	.proto = IPPROTO_TCP, .tcp = SYN, .sport = SIMTEST_PORT, .dport = 443,
};

static const struct simtest_flow verdict_ntp = {
	.src = METER, .dst = SCADA, .in = SIMTEST_SIM0, .hook = SIMSEG_HOOK_FORWARD,
	.proto = IPPROTO_UDP, .sport = SIMTEST_PORT, .dport = 123,
};

/* Malformed packets: addresses first, then the parser's own reason. */
static void verdict_test_malformed(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow flow = verdict_https;

	simtest_world(t);
	flow.malformed = SIMSEG_REASON_ROUTING_HEADER;
	SIMTEST_EXPECT_REASON(t, &flow, ROUTING_HEADER);
	flow.malformed = SIMSEG_REASON_FRAGMENT;
	SIMTEST_EXPECT_REASON(t, &flow, FRAGMENT);
	flow.src = WORLD;
	SIMTEST_EXPECT_REASON(t, &flow, SPOOFED);
	flow.in = SIMTEST_NET0;
	SIMTEST_EXPECT_REASON(t, &flow, NOT_GOVERNED);
	/* a live session does not carry them either */
	SIMTEST_EXPECT_REASON(t, &verdict_https, RULE);
	flow = verdict_https;
	flow.malformed = SIMSEG_REASON_MALFORMED;
	SIMTEST_EXPECT_REASON(t, &flow, MALFORMED);
}

static void verdict_test_disarmed(struct kunit *test)
{
	struct simseg_who who = { .actor = "kunit", .reason = "test" };
	struct simtest *t = test->priv;
	struct simtest_flow bad = verdict_https;

	bad.src = UNBOUND;
	simtest_world(t);
	SIMTEST_EXPECT_REASON(t, &bad, UNBOUND);
	KUNIT_EXPECT_TRUE(test, t->sn->holds_module);
	KUNIT_EXPECT_EQ(test, 0, simtest_locked(t, simseg_net_disarm(t->sn, &who)));
	SIMTEST_EXPECT_REASON(t, &bad, DISARMED);
	SIMTEST_EXPECT_REASON(t, &verdict_https, DISARMED);
	KUNIT_EXPECT_EQ(test, simtest_sessions(t), 0);
	KUNIT_EXPECT_FALSE(test, t->sn->holds_module);
	KUNIT_EXPECT_EQ(test, 0, simtest_locked(t, simseg_net_arm(t->sn, &t->extack)));
	SIMTEST_EXPECT_REASON(t, &bad, UNBOUND);
	KUNIT_EXPECT_TRUE(test, t->sn->holds_module);
	KUNIT_EXPECT_EQ(test, -EALREADY,
			simtest_locked(t, simseg_net_arm(t->sn, &t->extack)));
}

/* Row 4: both directions belong to it, on the interfaces that row 1 accepts. */
static void verdict_test_session(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow reply, ack = verdict_https, other;
	struct simseg_session s;

	simtest_world(t);
	SIMTEST_EXPECT_REASON(t, &verdict_https, RULE);
	simtest_reply(&verdict_https, SIMTEST_NET0, &reply);
	SIMTEST_EXPECT_REASON(t, &reply, SESSION);
	ack.tcp = ACK;
	SIMTEST_EXPECT_REASON(t, &ack, SESSION);
	reply.in = SIMTEST_PLAIN0;	/* asymmetric, but nobody's address is forged */
	SIMTEST_EXPECT_REASON(t, &reply, SESSION);
	ack.in = SIMTEST_SIM1;
	SIMTEST_EXPECT_REASON(t, &ack, SPOOFED);
	ack.in = SIMTEST_NET0;
	SIMTEST_EXPECT_REASON(t, &ack, SPOOFED);
	reply.in = SIMTEST_SIM1;	/* another SIM says that it is SCADA */
	SIMTEST_EXPECT_REASON(t, &reply, SPOOFED);
	other = reply;
	other.in = SIMTEST_NET0;
	other.dport++;
	SIMTEST_EXPECT_REASON(t, &other, NOT_FIRST);
	KUNIT_ASSERT_TRUE(test, simtest_session(t, &reply, &s));
	KUNIT_EXPECT_EQ(test, atomic64_read(&s.packets[0]), 2);
	KUNIT_EXPECT_EQ(test, atomic64_read(&s.packets[1]), 2);
	KUNIT_EXPECT_EQ(test, atomic64_read(&s.bytes[1]), 200);
	KUNIT_EXPECT_EQ(test, simtest_sessions(t), 1);
}

/* An echo's reply passes, a second echo from the other side does not open. */
static void verdict_test_echo(struct kunit *test)
{
	struct simtest_flow echo = {
		.src = METER, .dst = WORLD, .in = SIMTEST_SIM0, .hook = SIMSEG_HOOK_FORWARD,
		.proto = IPPROTO_ICMP, .sport = 77, .dport = 77,
	};
	struct simtest *t = test->priv;
	struct simtest_flow reply;

	simtest_world(t);
	simtest_reply(&echo, SIMTEST_NET0, &reply);
	reply.flags = SIMSEG_PKT_REPLY_ONLY;
	SIMTEST_EXPECT_REASON(t, &reply, UNRELATED);
	SIMTEST_EXPECT_REASON(t, &echo, RULE);
	SIMTEST_EXPECT_REASON(t, &reply, SESSION);
	reply.sport = 78;
	reply.dport = 78;
	SIMTEST_EXPECT_REASON(t, &reply, UNRELATED);
}

static void verdict_test_errors(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow quote = verdict_ntp, error = {
		.src = WORLD, .dst = METER, .in = SIMTEST_NET0, .hook = SIMSEG_HOOK_FORWARD,
		.proto = IPPROTO_ICMP, .flags = SIMSEG_PKT_ERROR, .quote = &quote,
	};

	simtest_world(t);
	SIMTEST_EXPECT_REASON(t, &error, UNRELATED);
	SIMTEST_EXPECT_REASON(t, &verdict_ntp, RULE);
	SIMTEST_EXPECT_REASON(t, &error, RELATED);
	error.dst = CAMERA;	/* not whom the quoted packet came from */
	SIMTEST_EXPECT_REASON(t, &error, UNRELATED);
	error.dst = METER;
	quote.dport++;
	SIMTEST_EXPECT_REASON(t, &error, UNRELATED);
	quote = verdict_ntp;
	error.in = SIMTEST_SIM1;
	SIMTEST_EXPECT_REASON(t, &error, SPOOFED);
	error.in = SIMTEST_NET0;
	/* the device reports back about a reply */
	simtest_reply(&verdict_ntp, SIMTEST_NET0, &quote);
	error.src = METER;
	error.dst = SCADA;
	error.in = SIMTEST_SIM0;
	SIMTEST_EXPECT_REASON(t, &error, RELATED);
	/* another device has no say in it */
	error.src = CAMERA;
	error.in = SIMTEST_SIM1;
	SIMTEST_EXPECT_REASON(t, &error, UNRELATED);
	error.src = METER;
	error.in = SIMTEST_SIM0;
	KUNIT_EXPECT_EQ(test, simtest_sessions(t), 1);
	KUNIT_ASSERT_EQ(test, 0, simtest_peer_change(t, "scada", IP(192, 0, 2, 0), 24, false));
	SIMTEST_EXPECT_REASON(t, &error, UNRELATED);
}

/* What the gateway says about a packet goes the way of that packet. */
static void verdict_test_own_errors(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow quote = verdict_ntp, error = {
		.src = SELF, .dst = METER, .hook = SIMSEG_HOOK_OUTPUT,
		.proto = IPPROTO_ICMP, .flags = SIMSEG_PKT_ERROR, .quote = &quote,
	};

	simtest_world(t);
	SIMTEST_EXPECT_REASON(t, &error, RELATED);	/* it would be allowed */
	KUNIT_EXPECT_EQ(test, simtest_sessions(t), 0);
	quote.dport = 1;
	SIMTEST_EXPECT_REASON(t, &error, NO_RULE);
	quote = verdict_ntp;
	quote.src = CUT;
	error.dst = CUT;
	SIMTEST_EXPECT_REASON(t, &error, QUARANTINED);
	quote.src = UNBOUND;
	error.dst = UNBOUND;
	SIMTEST_EXPECT_REASON(t, &error, UNBOUND);
	quote.src = WORLD;
	quote.dst = UNBOUND;
	error.dst = WORLD;
	SIMTEST_EXPECT_REASON(t, &error, UNBOUND);
	quote.dst = SCADA;
	SIMTEST_EXPECT_REASON(t, &error, NOT_GOVERNED);
	/* a closed port of the gateway itself: judged as a packet to self */
	quote = verdict_ntp;
	quote.dst = SELF;
	quote.dport = 53;
	error.dst = METER;
	SIMTEST_EXPECT_REASON(t, &error, RELATED);
	quote.dport = 54;
	SIMTEST_EXPECT_REASON(t, &error, NO_RULE);
}

/* Where a packet arrives is not asked when it is only explained. */
static void verdict_test_any_iif(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow flow = verdict_https;

	simtest_world(t);
	flow.in = SIMTEST_NOWHERE;
	flow.flags = SIMSEG_PKT_DRY | SIMSEG_PKT_ANY_IIF;
	SIMTEST_EXPECT_REASON(t, &flow, RULE);
	flow.src = CUT;
	SIMTEST_EXPECT_REASON(t, &flow, QUARANTINED);
	flow.src = UNBOUND;
	SIMTEST_EXPECT_REASON(t, &flow, UNBOUND);
}

static struct kunit_case verdict_test_cases[] = {
	KUNIT_CASE_PARAM(verdict_test_rows, simtest_families),
	KUNIT_CASE_PARAM(verdict_test_malformed, simtest_families),
	KUNIT_CASE_PARAM(verdict_test_disarmed, simtest_families),
	KUNIT_CASE_PARAM(verdict_test_session, simtest_families),
	KUNIT_CASE_PARAM(verdict_test_echo, simtest_families),
	KUNIT_CASE_PARAM(verdict_test_errors, simtest_families),
	KUNIT_CASE_PARAM(verdict_test_own_errors, simtest_families),
	KUNIT_CASE_PARAM(verdict_test_any_iif, simtest_families),
	{}
};

static struct kunit_suite verdict_test_suite = {
	.name = "simseg_verdict",
	.suite_init = simtest_suite_init,
	.suite_exit = simtest_suite_exit,
	.init = simtest_init,
	.exit = simtest_exit,
	.test_cases = verdict_test_cases,
};

kunit_test_suite(verdict_test_suite);
