// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verdict, in this order, and default deny lives here only:
 *
 *  0 link control is not judged where it ends or begins (LOCAL_IN, LOCAL_OUT)
 *  1 the source's side: on a sim interface it must be bound there; a pool
 *    source anywhere else is spoofed
 *  2 no address in a pool: not governed; a pool address without device: drop
 *  3 a quarantined device: drop, but for its responder
 *  4 a live session, judged again if anything changed: allow
 *  5 a new flow: each governed side must allow it
 *  6 everything else: drop
 *
 * Both hooks, the XDP program and explain come through simseg_judge(), or, where they
 * have looked the session up already, through simseg_judge_flow() behind it. It runs
 * under RCU. Rows 1 to 3 are in address.c.
 */
#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <linux/tcp.h>
#include <linux/timekeeping.h>

#include "address.h"
#include "key.h"
#include "simseg.h"

#define SIMSEG_TCP_OPEN_MASK	0x17	/* FIN, SYN, RST, ACK */
#define SIMSEG_TCP_OPEN		0x02	/* SYN alone */
#define SIMSEG_TCP_PICKUP_MASK	0x16	/* SYN, RST, ACK */
#define SIMSEG_TCP_PICKUP	0x10	/* ACK without the others */

/* The packet that opened @s, as far as rules look at it. */
static void simseg_first_packet(const struct simseg_session *s, struct simseg_pkt *pkt)
{
	const u8 from = simseg_session_initiator(s);

	memset(pkt, 0, sizeof(*pkt));
	pkt->src = s->key.addr[from];
	pkt->dst = s->key.addr[!from];
	pkt->sport = s->key.port[from];
	pkt->dport = s->key.port[!from];
	pkt->proto = s->key.proto;
	pkt->flags = SIMSEG_PKT_PORTS;
}

/* Do both addresses still belong to whom they belonged to at the first packet? */
static u8 simseg_rejudge_owner(struct simseg_net *sn, const struct simseg_ruleset *rs,
			       const struct simseg_session *s, const struct in6_addr *addr, int i)
{
	const struct simseg_binding *binding = simseg_binding_lookup(sn, addr);
	const struct simseg_party *party = simseg_session_party(s, i);

	if (!party) {
		if (test_bit(SIMSEG_SESSION_F_SELF, &s->flags))
			return 0;
		return binding || simseg_in_pool(rs, addr) ? SIMSEG_REASON_UNBOUND : 0;
	}
	if (!binding || rcu_access_pointer(binding->device) != party->device ||
	    binding->epoch != party->epoch)
		return SIMSEG_REASON_UNBOUND;
	return 0;
}

/*
 * Rows 3 to 6 for the first packet of @s, as @rs and @res->device have it. What
 * an observing policy lets pass has @res->observed set beside the reason.
 */
u8 simseg_judge_first(struct simseg_net *sn, const struct simseg_ruleset *rs,
		      const struct simseg_session *s, struct simseg_result *res)
{
	bool responder = false;
	struct simseg_pkt pkt;
	u8 reason;
	int i;

	simseg_first_packet(s, &pkt);
	if (s->arrived)
		pkt.in = dev_get_by_index_rcu(sn->net, s->arrived);
	for (i = 0; i < 2; i++) {
		/* the state is the one in force, whoever else speaks for the device */
		const struct simseg_device *device = simseg_session_device(s, i);

		reason = device ? simseg_row_quarantine(device, i ? &pkt.src : &pkt.dst,
							&responder) : 0;
		if (reason)
			return reason;
	}
	return responder ? 0 : simseg_rules_ask(rs, &pkt,
						test_bit(SIMSEG_SESSION_F_SELF, &s->flags), res);
}

static u8 simseg_rejudge_now(struct simseg_net *sn, struct simseg_session *s, u32 change,
			     u8 *observed)
{
	const struct simseg_ruleset *rs = rcu_dereference(sn->ruleset);
	const u8 from = simseg_session_initiator(s);
	struct simseg_result res = {};
	u8 reason;
	int i;

	for (i = 0; i < 2; i++) {
		reason = simseg_rejudge_owner(sn, rs, s, &s->key.addr[from ^ i], i);
		if (reason)
			return reason;
		res.device[i] = simseg_session_device(s, i);
	}
	reason = simseg_judge_first(sn, rs, s, &res);
	*observed = res.observed;
	if (reason)
		return reason;
	simseg_session_restamp(s, &res, change);
	return 0;
}

/*
 * Judges a session as its first packet, if anything has changed since it was
 * judged, or the time of its grant is over. 0: it is still allowed, and stamped
 * so; else why not, and @observed: its packets pass all the same, told as such.
 *
 * The counter is read before the state that it guards, and written into the
 * session after: a change in between leaves an old number there, and the next
 * packet judges again.
 */
u8 simseg_rejudge(struct simseg_net *sn, struct simseg_session *s, u8 *observed)
{
	u32 change = atomic_read_acquire(&sn->change);

	*observed = 0;
	if (READ_ONCE(s->change) == change && !simseg_session_overdue(s))
		return 0;
	return simseg_rejudge_now(sn, s, change, observed);
}

static void simseg_allow(struct simseg_result *res, u8 reason)
{
	res->verdict = SIMSEG_VERDICT_ALLOW;
	res->reason = reason;
}

static void simseg_deny(struct simseg_result *res, u8 reason)
{
	res->verdict = SIMSEG_VERDICT_DENY;
	res->reason = reason;
}

static void simseg_pass(struct simseg_result *res, u8 reason)
{
	res->verdict = SIMSEG_VERDICT_PASS;
	res->reason = reason;
}

static void simseg_allow_session(struct simseg_net *sn, const struct simseg_pkt *pkt,
				 struct simseg_session *s, const struct simseg_flow *flow,
				 struct simseg_result *res)
{
	const u32 change = flow->change;
	const u8 dir = flow->dir, role = dir != simseg_session_initiator(s);

	res->session = s;
	res->device[0] = simseg_session_device(s, role);
	res->device[1] = simseg_session_device(s, !role);
	if (!(pkt->flags & SIMSEG_PKT_DRY)) {
		if (unlikely(pkt->in &&
			     !simseg_session_passed(s, dir, pkt->in->ifindex)))
			simseg_session_pass(s, dir, change, pkt->in->ifindex);
		simseg_session_account(sn, s, pkt, dir);
	}
	simseg_allow(res, SIMSEG_REASON_SESSION);
}

/* Row 4, after the addresses have passed. True: decided. */
static bool simseg_row_session(struct simseg_net *sn, const struct simseg_pkt *pkt,
			       const struct simseg_flow *flow, struct simseg_result *res)
{
	struct simseg_session *s = flow->session;
	u8 reason;

	if (simseg_session_reusable(s, pkt)) {
		if (!(pkt->flags & SIMSEG_PKT_DRY))
			simseg_session_end(sn, s, SIMSEG_END_REUSED);
		return false;
	}
	reason = simseg_rejudge(sn, s, &res->observed);
	if (reason) {
		simseg_deny(res, reason);
		if (!(pkt->flags & SIMSEG_PKT_DRY))
			simseg_sweep_kick(sn);
		return true;
	}
	simseg_allow_session(sn, pkt, s, flow, res);
	return true;
}

/* Is the side that has no device the gateway itself? */
static bool simseg_with_self(const struct simseg_pkt *pkt)
{
	return pkt->hook == SIMSEG_HOOK_INPUT || pkt->hook == SIMSEG_HOOK_OUTPUT;
}

/* Is it a packet that may open a session? */
static u8 simseg_may_open(const struct simseg_net *sn, const struct simseg_pkt *pkt)
{
	if (pkt->flags & SIMSEG_PKT_REPLY_ONLY)
		return SIMSEG_REASON_UNRELATED;
	if (pkt->proto != IPPROTO_TCP ||
	    (pkt->tcp_flags & SIMSEG_TCP_OPEN_MASK) == SIMSEG_TCP_OPEN)
		return 0;
	/* of a stream that is up, everything but its end carries ACK alone */
	if ((pkt->tcp_flags & SIMSEG_TCP_PICKUP_MASK) == SIMSEG_TCP_PICKUP &&
	    READ_ONCE(sn->pickup_until) > ktime_get_boottime_ns())
		return 0;
	return SIMSEG_REASON_NOT_FIRST;
}

static u8 simseg_create_reason(int err)
{
	switch (err) {
	case -EDQUOT:
		return SIMSEG_REASON_DEVICE_LIMIT;
	case -ENOSPC:
		return SIMSEG_REASON_SESSION_LIMIT;
	default:
		return SIMSEG_REASON_NO_MEMORY;
	}
}

static void simseg_open(struct simseg_net *sn, const struct simseg_pkt *pkt,
			const struct simseg_flow *flow, struct simseg_result *res)
{
	struct simseg_session *s;
	int err;

	if (pkt->flags & SIMSEG_PKT_DRY)
		err = simseg_limit_ask(sn, res, !simseg_session_pickup(pkt));
	else
		err = simseg_session_create(sn, pkt, flow, res);
	if (!err)
		return;
	if (err == -EEXIST) {	/* another CPU opened it meanwhile */
		s = simseg_session_find_words(&sn->sessions, &flow->key, flow->hash);
		if (s) {
			simseg_allow_session(sn, pkt, s, flow, res);
			return;
		}
	}
	simseg_deny(res, simseg_create_reason(err));
	res->observed = simseg_rules_observed(rcu_dereference(sn->ruleset), res, res->reason);
}

/*
 * A mid-stream packet that the pick-up time lets open a session is matched in
 * its other role, too: a polled device sends the replies. True: it opened one.
 */
static noinline bool simseg_pickup_reversed(struct simseg_net *sn, const struct simseg_pkt *pkt,
					    const struct simseg_ends *ends,
					    const struct simseg_flow *flow,
					    struct simseg_result *res)
{
	struct simseg_result other = {
		.device = { res->device[1], res->device[0] },
		.epoch = { res->epoch[1], res->epoch[0] },
	};
	struct simseg_pkt first = *pkt;

	swap(first.src, first.dst);
	swap(first.sport, first.dport);
	first.flags |= SIMSEG_PKT_REVERSED;
	if (simseg_rules_ask(ends->rs, &first, simseg_with_self(pkt), &other))
		return false;
	simseg_allow(&other, SIMSEG_REASON_RULE);
	simseg_open(sn, &first, flow, &other);
	*res = other;
	return true;
}

/* Rows 5 and 6. */
static void simseg_row_new(struct simseg_net *sn, const struct simseg_pkt *pkt,
			   const struct simseg_ends *ends, const struct simseg_flow *flow,
			   struct simseg_result *res)
{
	u8 reason;

	if (ends->responder) {
		simseg_allow(res, SIMSEG_REASON_RESPONDER);
		simseg_open(sn, pkt, flow, res);
		return;
	}
	reason = simseg_may_open(sn, pkt);
	if (reason) {
		simseg_deny(res, reason);
		res->observed = simseg_rules_observed(ends->rs, res, reason);
		return;
	}
	reason = simseg_rules_ask(ends->rs, pkt, simseg_with_self(pkt), res);
	if (!reason) {
		simseg_allow(res, SIMSEG_REASON_RULE);
		simseg_open(sn, pkt, flow, res);
	} else if (pkt->proto != IPPROTO_TCP || (pkt->tcp_flags & SIMSEG_TCP_OPEN) ||
		   !simseg_pickup_reversed(sn, pkt, ends, flow, res)) {
		simseg_deny(res, reason);
	}
}

/* Rows 4 to 6 for an ICMP error, which never opens a session. */
static void simseg_row_error(struct simseg_net *sn, const struct simseg_pkt *pkt,
			     const struct simseg_ends *ends, struct simseg_result *res)
{
	if (simseg_error_related(sn, pkt, res)) {
		simseg_allow(res, SIMSEG_REASON_RELATED);
		return;
	}
	if (ends->responder) {
		simseg_allow(res, SIMSEG_REASON_RESPONDER);
		return;
	}
	simseg_deny(res, SIMSEG_REASON_UNRELATED);
	res->observed = simseg_rules_observed(ends->rs, res, SIMSEG_REASON_UNRELATED);
}

static void simseg_judge_rows(struct simseg_net *sn, const struct simseg_pkt *pkt,
			      const struct simseg_flow *flow, struct simseg_result *res)
{
	struct simseg_ends ends = { .rs = rcu_dereference(sn->ruleset) };
	u8 reason = simseg_rows_address(sn, pkt, &ends, res);

	if (reason == SIMSEG_REASON_NOT_GOVERNED)
		simseg_pass(res, reason);
	else if (reason)
		simseg_deny(res, reason);
	else if (pkt->malformed)
		simseg_deny(res, pkt->malformed);
	else if (pkt->flags & SIMSEG_PKT_ERROR)
		simseg_row_error(sn, pkt, &ends, res);
	else if (!flow->session || !simseg_row_session(sn, pkt, flow, res))
		simseg_row_new(sn, pkt, &ends, flow, res);
	if (res->verdict == SIMSEG_VERDICT_DENY && res->observed)
		simseg_allow(res, SIMSEG_REASON_OBSERVED);
}

/**
 * simseg_judge_flow() - rows 1 to 6
 * @sn: namespace, not disarmed
 * @pkt: the packet, to which row 0 does not apply
 * @flow: its place, as simseg_judge() finds it
 * @res: the verdict; cleared
 *
 * Nothing has changed since the session was judged, the time of its grant is not over,
 * however late a worker may be, and the interface is one that has passed row 1 in this
 * direction: rows 1 to 4 would say what they said.
 */
void simseg_judge_flow(struct simseg_net *sn, const struct simseg_pkt *pkt,
		       const struct simseg_flow *flow, struct simseg_result *res)
{
	struct simseg_session *s = flow->session;

	/* before its deadline, as simseg_session_restamp() writes them */
	if (s && smp_load_acquire(&s->change) == flow->change && !simseg_session_overdue(s) &&
	    (!pkt->in || simseg_session_passed(s, flow->dir, pkt->in->ifindex)) &&
	    !simseg_session_reusable(s, pkt))
		simseg_allow_session(sn, pkt, s, flow, res);
	else
		simseg_judge_rows(sn, pkt, flow, res);
}

void simseg_judge(struct simseg_net *sn, const struct simseg_pkt *pkt, struct simseg_result *res)
{
	struct simseg_flow flow __uninitialized;

	flow.change = atomic_read_acquire(&sn->change);
	memset(res, 0, sizeof(*res));
	if (READ_ONCE(sn->disarmed)) {
		simseg_pass(res, SIMSEG_REASON_DISARMED);
		return;
	}
	if ((pkt->flags & SIMSEG_PKT_LINK) &&
	    (pkt->hook == SIMSEG_HOOK_INPUT || pkt->hook == SIMSEG_HOOK_OUTPUT)) {
		simseg_pass(res, SIMSEG_REASON_LINK);
		return;
	}
	if (simseg_error_own(pkt)) {
		simseg_error_judge_own(sn, pkt, res);
		return;
	}
	simseg_flow_find(sn, pkt, &flow);
	simseg_judge_flow(sn, pkt, &flow, res);
}

/*
 * What @rs, in force or not, would say to a new flow; 0: nothing against it. @as: who
 * would be in the place of the device at each end, or NULL: the device itself.
 */
u8 simseg_judge_under(struct simseg_net *sn, const struct simseg_ruleset *rs,
		      const struct simseg_pkt *pkt, struct simseg_device *const as[2])
{
	struct simseg_ends ends = { .rs = rs };
	struct simseg_result res = {};
	u8 reason = simseg_rows_address(sn, pkt, &ends, &res);
	int i;

	if (reason == SIMSEG_REASON_NOT_GOVERNED)
		return 0;
	if (reason || ends.responder)
		return reason;
	for (i = 0; i < 2; i++)
		res.device[i] = as[i] ?: res.device[i];
	reason = simseg_rules_ask(rs, pkt, simseg_with_self(pkt), &res);
	return res.observed ? 0 : reason;
}
