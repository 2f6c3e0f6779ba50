// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP by its numbers: what opens a session fully and what ends it, and that
 * nobody who merely guesses does either.
 */
#include "test_util.h"

#define F	SIMTEST_FIN
#define S	SIMTEST_SYN
#define R	SIMTEST_RST
#define A	SIMTEST_ACK
#define NONE	SIMSEG_TCP_NO_SCALE

/* Numbers that wrap within the first segments. */
#define TCP_ISN0	0xfffffff0U
#define TCP_ISN1	0x7ffffff0U

struct tcp_step {
	bool back;		/* from the responder */
	u8 flags;
	u32 seq;		/* both from the sender's and the other's ISN on */
	u32 ack;
	u32 payload;
	u16 window;
	u8 scale;
	u8 state;
};

#define FORTH(flags, seq, ack, payload, window, state) \
	{ false, flags, seq, ack, payload, window, 2, SIMSEG_SESSION_##state }
#define BACK(flags, seq, ack, payload, window, state) \
	{ true, flags, seq, ack, payload, window, 3, SIMSEG_SESSION_##state }


static const struct tcp_step tcp_close[] = {
	FORTH(S, 0, 0, 0, 1000, NEW),
	BACK(S | A, 0, 1, 0, 1000, REPLIED),
	FORTH(A, 1, 1, 0, 1000, ESTABLISHED),
	FORTH(A, 1, 1, 500, 1000, ESTABLISHED),
	BACK(F | A, 1, 501, 0, 1000, CLOSING),
	FORTH(A, 501, 2, 100, 1000, CLOSING),
	FORTH(F | A, 601, 2, 0, 1000, CLOSED),
	BACK(A, 2, 602, 0, 1000, CLOSED),
};

static const struct tcp_step tcp_close_at_once[] = {
	FORTH(S, 0, 0, 0, 1000, NEW),
	BACK(S | A, 0, 1, 0, 1000, REPLIED),
	FORTH(A, 1, 1, 0, 1000, ESTABLISHED),
	FORTH(F | A, 1, 1, 0, 1000, CLOSING),
	BACK(F | A, 1, 1, 0, 1000, CLOSED),
};

static const struct tcp_step tcp_open_both[] = {
	FORTH(S, 0, 0, 0, 1000, NEW),
	BACK(S, 0, 0, 0, 1000, REPLIED),
	BACK(S | A, 0, 1, 0, 1000, REPLIED),
	FORTH(S | A, 0, 1, 0, 1000, ESTABLISHED),
};

/* An answer to an older SYN, and a handshake that never was. */
static const struct tcp_step tcp_not_open[] = {
	FORTH(S, 0, 0, 0, 1000, NEW),
	BACK(S | A, 0, 0, 0, 1000, NEW),
	BACK(S | A, 0, 2, 0, 1000, NEW),
	BACK(A, 1, 1, 0, 1000, NEW),
	BACK(F | A, 1, 1, 0, 1000, NEW),
	BACK(S | A, 0, 1, 0, 1000, REPLIED),
	FORTH(S, 0, 0, 0, 1000, REPLIED),
	FORTH(A, 1, 0, 0, 1000, REPLIED),
	FORTH(A, 1, 2, 0, 1000, REPLIED),
	FORTH(A, 1, 1, 0, 1000, ESTABLISHED),
};

/* The client gave up, and came again with other numbers. */
static const struct tcp_step tcp_open_again[] = {
	FORTH(S, 5000, 0, 0, 1000, NEW),
	FORTH(S, 0, 0, 0, 1000, NEW),
	BACK(S | A, 0, 1, 0, 1000, REPLIED),
	FORTH(A, 1, 1, 0, 1000, ESTABLISHED),
};

/* Windows: 1000 << 2 from the initiator, 1000 << 3 from the responder. */
static const struct tcp_step tcp_rst_back[] = {
	FORTH(S, 0, 0, 0, 1000, NEW),
	BACK(S | A, 0, 1, 0, 1000, REPLIED),
	FORTH(A, 1, 1, 0, 1000, ESTABLISHED),
	FORTH(A, 1, 1, 0, 1000, ESTABLISHED),
	BACK(R, 0, 0, 0, 0, ESTABLISHED),
	BACK(R | A, 0, 1, 0, 0, ESTABLISHED),
	BACK(R, 4002, 0, 0, 0, ESTABLISHED),
	BACK(R, 0x80000000U, 0, 0, 0, ESTABLISHED),
	BACK(R, 4001, 0, 0, 0, CLOSED),
};

static const struct tcp_step tcp_rst_forth[] = {
	FORTH(S, 0, 0, 0, 1000, NEW),
	BACK(S | A, 0, 1, 0, 1000, REPLIED),
	FORTH(A, 1, 1, 0, 1000, ESTABLISHED),
	BACK(A, 1, 1, 0, 1000, ESTABLISHED),
	FORTH(R, 0, 0, 0, 0, ESTABLISHED),
	FORTH(R, 8002, 0, 0, 0, ESTABLISHED),
	FORTH(R, 1, 0, 0, 0, CLOSED),
};

static const struct tcp_step tcp_fin[] = {
	FORTH(S, 0, 0, 0, 1000, NEW),
	BACK(S | A, 0, 1, 0, 1000, REPLIED),
	FORTH(A, 1, 1, 0, 1000, ESTABLISHED),
	BACK(A, 1, 1, 0, 1000, ESTABLISHED),
	FORTH(F | A, 8002, 1, 0, 1000, ESTABLISHED),
	FORTH(F | A, 0xfffff000U, 1, 0, 1000, ESTABLISHED),
	FORTH(F | A, 1, 1, 8000, 1000, CLOSING),
};

static const struct tcp_step tcp_refused[] = {
	FORTH(S, 0, 0, 0, 1000, NEW),
	BACK(R, 1, 0, 0, 0, NEW),
	BACK(R | A, 0, 7, 0, 0, NEW),
	BACK(R | A, 0, 1, 0, 0, CLOSED),
};

static const struct tcp_step tcp_given_up[] = {
	FORTH(S, 0, 0, 0, 1000, NEW),
	FORTH(R, 5, 0, 0, 0, NEW),
	FORTH(R, 1, 0, 0, 0, CLOSED),
};

/* A forged window does not help: it is of the wrong side. */
static const struct tcp_step tcp_forged[] = {
	FORTH(S, 0, 0, 0, 1000, NEW),
	BACK(S | A, 0, 1, 0, 1000, REPLIED),
	FORTH(A, 1, 1, 0, 1000, ESTABLISHED),
	BACK(A, 0x10000000, 1, 0, 0xffff, ESTABLISHED),
	BACK(A, 1, 0x10000000, 0, 0xffff, ESTABLISHED),
	BACK(R, 0x10000000, 0, 0, 0, ESTABLISHED),
};

static const struct {
	const char *name;
	const struct tcp_step *steps;
	u32 n;
} tcp_walks[] = {
	{ "close", tcp_close, ARRAY_SIZE(tcp_close) },
	{ "close at once", tcp_close_at_once, ARRAY_SIZE(tcp_close_at_once) },
	{ "open both", tcp_open_both, ARRAY_SIZE(tcp_open_both) },
	{ "not open", tcp_not_open, ARRAY_SIZE(tcp_not_open) },
	{ "open again", tcp_open_again, ARRAY_SIZE(tcp_open_again) },
	{ "rst back", tcp_rst_back, ARRAY_SIZE(tcp_rst_back) },
	{ "rst forth", tcp_rst_forth, ARRAY_SIZE(tcp_rst_forth) },
	{ "fin", tcp_fin, ARRAY_SIZE(tcp_fin) },
	{ "refused", tcp_refused, ARRAY_SIZE(tcp_refused) },
	{ "given up", tcp_given_up, ARRAY_SIZE(tcp_given_up) },
	{ "forged", tcp_forged, ARRAY_SIZE(tcp_forged) },
};

static const struct simtest_flow tcp_https = {
	.src = SIMTEST_METER, .dst = SIMTEST_SCADA, .in = SIMTEST_SIM0,
	.hook = SIMSEG_HOOK_FORWARD, .proto = IPPROTO_TCP, .dport = 443,
};

static void tcp_step_flow(const struct simtest_flow *forth, const struct tcp_step *step,
			  struct simtest_flow *flow)
{
	*flow = *forth;
	if (step->back)
		simtest_reply(forth, SIMTEST_NET0, flow);
	flow->tcp = step->flags;
	flow->seq = step->seq + (step->back ? TCP_ISN1 : TCP_ISN0);
	flow->ack = step->flags & A ? step->ack + (step->back ? TCP_ISN0 : TCP_ISN1) : 0;
	flow->payload = step->payload;
	flow->window = step->window;
	flow->scale = step->flags & S ? step->scale : NONE;
}

static void tcp_test_walks(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow forth = tcp_https, flow;
	struct simseg_session s;
	u32 i, j;

	simtest_world(t);
	for (i = 0; i < ARRAY_SIZE(tcp_walks); i++) {
		forth.sport = SIMTEST_PORT + i;
		for (j = 0; j < tcp_walks[i].n; j++) {
			tcp_step_flow(&forth, &tcp_walks[i].steps[j], &flow);
			KUNIT_EXPECT_EQ_MSG(test, simtest_judge(t, &flow),
					    j ? SIMSEG_REASON_SESSION : SIMSEG_REASON_RULE,
					    "%s, step %u", tcp_walks[i].name, j);
			KUNIT_ASSERT_TRUE(test, simtest_session(t, &forth, &s));
			KUNIT_EXPECT_EQ_MSG(test, s.state, tcp_walks[i].steps[j].state,
					    "%s, step %u", tcp_walks[i].name, j);
		}
	}
}

static void tcp_test_scale(struct kunit *test)
{
	static const struct {
		u8 options[12];
		u8 len;
		u8 scale;
	} rows[] = {
		{ { 3, 3, 7 }, 3, 7 },
		{ { 1, 1, 3, 3, 200 }, 5, 14 },
		{ { 2, 4, 5, 180, 1, 3, 3, 0 }, 8, 0 },
		{ { 0, 3, 3, 7 }, 4, NONE },
		{ { 3, 2, 7 }, 3, NONE },
		{ { 3, 3 }, 2, NONE },
		{ { 2, 0, 3, 3, 7 }, 5, NONE },
		{ { 2, 1, 3, 3, 7 }, 5, NONE },
		{ { 2, 40, 3, 3, 7 }, 5, NONE },
		{ { 1, 1, 1, 3 }, 4, NONE },
		{ { 0 }, 0, NONE },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		KUNIT_EXPECT_EQ_MSG(test, simseg_tcp_scale(rows[i].options, rows[i].len),
				    rows[i].scale, "row %u", i);
}

static struct kunit_case tcp_test_cases[] = {
	KUNIT_CASE_PARAM(tcp_test_walks, simtest_families),
	KUNIT_CASE(tcp_test_scale),
	{}
};

static struct kunit_suite tcp_test_suite = {
	.name = "simseg_tcp",
	.suite_init = simtest_suite_init,
	.suite_exit = simtest_suite_exit,
	.init = simtest_init,
	.exit = simtest_exit,
	.test_cases = tcp_test_cases,
};

kunit_test_suite(tcp_test_suite);
