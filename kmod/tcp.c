// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP (RFC 9293) as far as it tells when a session opens and ends. Nothing is
 * dropped for its numbers: they only decide whether a FIN or a RST is believed,
 * so that who guesses the ports cannot end somebody else's session. What one
 * side sends moves only the marks that the other side's segments are measured
 * by. Documentation/sessions.md has the rules.
 *
 * Written without a lock: when two CPUs have packets of one flow at once, an
 * update may be lost, which the next packet makes good.
 */
#include <net/tcp.h>

#include "simseg.h"

#define SIMSEG_TCP_FIN		0x01
#define SIMSEG_TCP_SYN		0x02
#define SIMSEG_TCP_RST		0x04
#define SIMSEG_TCP_ACK		0x10

#define SIMSEG_TCP_SCALE_MAX	14	/* RFC 7323 */

static bool simseg_tcp_is(const struct simseg_session *s, u8 d, int what)
{
	return test_bit(SIMSEG_SESSION_F_TCP + 4 * d + what, &s->flags);
}

static void simseg_tcp_set(struct simseg_session *s, u8 d, int what)
{
	if (!simseg_tcp_is(s, d, what))
		set_bit(SIMSEG_SESSION_F_TCP + 4 * d + what, &s->flags);
}

static u8 simseg_tcp_get_scale(const struct simseg_session *s, u8 d)
{
	return READ_ONCE(s->flags) >> (SIMSEG_SESSION_F_SCALE + 4 * d) & SIMSEG_TCP_NO_SCALE;
}

static void simseg_tcp_set_scale(struct simseg_session *s, u8 d, u8 scale)
{
	const int shift = SIMSEG_SESSION_F_SCALE + 4 * d;
	unsigned long old = READ_ONCE(s->flags), new;

	do {
		new = (old & ~((unsigned long)SIMSEG_TCP_NO_SCALE << shift)) |
		      (unsigned long)scale << shift;
	} while (!try_cmpxchg(&s->flags, &old, new));
}

/* Sequence numbers wrap (RFC 1982). */
static bool simseg_seq_after(u32 a, u32 b)
{
	return (s32)(a - b) > 0;
}

static u32 simseg_tcp_end(const struct simseg_pkt *pkt)
{
	return pkt->seq + pkt->payload + !!(pkt->tcp_flags & SIMSEG_TCP_SYN) +
	       !!(pkt->tcp_flags & SIMSEG_TCP_FIN);
}

/* Has the other side sent what @pkt acknowledges, or anything at all? */
static bool simseg_tcp_acks(const struct simseg_session *s, const struct simseg_pkt *pkt, u8 d)
{
	return (pkt->tcp_flags & SIMSEG_TCP_ACK) && simseg_tcp_is(s, !d, SIMSEG_TCP_SENT) &&
	       !simseg_seq_after(pkt->ack, s->tcp[!d].end);
}

static void simseg_tcp_learn_syn(struct simseg_session *s, const struct simseg_pkt *pkt, u8 d)
{
	/* Once there is an answer a SYN has nothing to say any more. */
	if (s->state != SIMSEG_SESSION_NEW)
		return;
	/* Nothing is agreed on yet: what came before was of an earlier life. */
	clear_bit(SIMSEG_SESSION_F_TCP + 4 * d + SIMSEG_TCP_SENT, &s->flags);
	s->tcp[d].isn = pkt->seq;
	simseg_tcp_set_scale(s, d, pkt->scale);
	simseg_tcp_set(s, d, SIMSEG_TCP_SYN_SEEN);
}

/* Scaled if both SYNs have offered to; the largest scale where none was seen. */
static u32 simseg_tcp_window(const struct simseg_session *s, const struct simseg_pkt *pkt, u8 d)
{
	const bool mine = simseg_tcp_is(s, d, SIMSEG_TCP_SYN_SEEN);
	const bool peers = simseg_tcp_is(s, !d, SIMSEG_TCP_SYN_SEEN);

	if (pkt->tcp_flags & SIMSEG_TCP_SYN)
		return pkt->window;
	if (!mine && !peers)
		return pkt->window << SIMSEG_TCP_SCALE_MAX;
	if (!mine || simseg_tcp_get_scale(s, d) == SIMSEG_TCP_NO_SCALE ||
	    !peers || simseg_tcp_get_scale(s, !d) == SIMSEG_TCP_NO_SCALE)
		return pkt->window;
	return pkt->window << simseg_tcp_get_scale(s, d);
}

static void simseg_tcp_learn(struct simseg_session *s, const struct simseg_pkt *pkt, u8 d)
{
	u32 end = simseg_tcp_end(pkt), edge;
	struct simseg_tcp *me = &s->tcp[d];
	bool sent, acked;

	if (pkt->tcp_flags & SIMSEG_TCP_SYN)
		simseg_tcp_learn_syn(s, pkt, d);
	sent = simseg_tcp_is(s, d, SIMSEG_TCP_SENT);
	if (!sent || simseg_seq_after(end, me->end))
		me->end = end;
	/* of a session whose handshake was seen both SYNs were */
	if (!sent && !simseg_tcp_is(s, d, SIMSEG_TCP_SYN_SEEN))
		me->isn = pkt->seq;
	simseg_tcp_set(s, d, SIMSEG_TCP_SENT);
	if (!simseg_tcp_acks(s, pkt, d))
		return;
	acked = simseg_tcp_is(s, d, SIMSEG_TCP_ACKED);
	if (!acked || simseg_seq_after(pkt->ack, me->ack))
		me->ack = pkt->ack;
	edge = pkt->ack + simseg_tcp_window(s, pkt, d);
	if (!acked || simseg_seq_after(edge, me->edge))
		me->edge = edge;
	simseg_tcp_set(s, d, SIMSEG_TCP_ACKED);
}

static bool simseg_tcp_rst_fits(const struct simseg_session *s, const struct simseg_pkt *pkt, u8 d)
{
	const struct simseg_tcp *me = &s->tcp[d], *peer = &s->tcp[!d];

	if (simseg_tcp_is(s, !d, SIMSEG_TCP_ACKED))
		return !simseg_seq_after(peer->ack, pkt->seq) &&
		       !simseg_seq_after(pkt->seq, peer->edge);
	if (test_bit(SIMSEG_SESSION_F_PICKUP, &s->flags))
		return false;
	if (!d)
		return simseg_tcp_is(s, d, SIMSEG_TCP_SENT) &&
		       (pkt->seq == me->end || pkt->seq == me->end - 1);
	return (pkt->tcp_flags & SIMSEG_TCP_ACK) && simseg_tcp_is(s, !d, SIMSEG_TCP_SENT) &&
	       pkt->ack == peer->end;
}

static bool simseg_tcp_fin_fits(const struct simseg_session *s, const struct simseg_pkt *pkt, u8 d)
{
	const struct simseg_tcp *peer = &s->tcp[!d];
	u32 end = simseg_tcp_end(pkt);

	return simseg_tcp_is(s, !d, SIMSEG_TCP_ACKED) && !simseg_seq_after(peer->ack, end) &&
	       !simseg_seq_after(end, peer->edge + 1);
}

/* The handshake; a segment that completes it may close already. */
static u8 simseg_tcp_handshake(const struct simseg_session *s, const struct simseg_pkt *pkt, u8 d)
{
	const struct simseg_tcp *peer = &s->tcp[!d];
	bool acks = simseg_tcp_acks(s, pkt, d) && simseg_seq_after(pkt->ack, peer->isn);

	if (s->state == SIMSEG_SESSION_NEW && d && (pkt->tcp_flags & SIMSEG_TCP_SYN) &&
	    (acks || !(pkt->tcp_flags & SIMSEG_TCP_ACK)))
		return SIMSEG_SESSION_REPLIED;
	if (s->state == SIMSEG_SESSION_REPLIED && !d && acks)
		return SIMSEG_SESSION_ESTABLISHED;
	return s->state;
}

/*
 * What has been in a flowtable has numbers that were never seen here: there
 * conntrack, which tracks it, is believed.
 */
static bool simseg_tcp_rst(const struct simseg_session *s, const struct simseg_pkt *pkt, u8 d)
{
	return simseg_tcp_rst_fits(s, pkt, d) || simseg_conntrack_vouches(pkt->skb);
}

static bool simseg_tcp_fin(const struct simseg_session *s, const struct simseg_pkt *pkt, u8 d)
{
	return simseg_tcp_fin_fits(s, pkt, d) || simseg_conntrack_vouches(pkt->skb);
}

/* The session's state after @pkt; @d: 0 from the initiator, 1 to it. */
u8 simseg_tcp_track(struct simseg_session *s, const struct simseg_pkt *pkt, u8 d)
{
	u8 flags = pkt->tcp_flags, state;

	if ((s->tcp_flags[d] | flags) != s->tcp_flags[d])
		s->tcp_flags[d] |= flags;
	if (flags & SIMSEG_TCP_RST) {
		/* after both FINs it is a mere formality */
		if (s->state == SIMSEG_SESSION_CLOSED || !simseg_tcp_rst(s, pkt, d))
			return s->state;
		set_bit(SIMSEG_SESSION_F_RESET, &s->flags);
		return SIMSEG_SESSION_CLOSED;
	}
	simseg_tcp_learn(s, pkt, d);
	state = simseg_tcp_handshake(s, pkt, d);
	if (state == SIMSEG_SESSION_NEW || !(flags & SIMSEG_TCP_FIN) ||
	    !simseg_tcp_fin(s, pkt, d))
		return state;
	simseg_tcp_set(s, d, SIMSEG_TCP_FIN_SEEN);
	return simseg_tcp_is(s, !d, SIMSEG_TCP_FIN_SEEN) ? SIMSEG_SESSION_CLOSED :
							   max_t(u8, state, SIMSEG_SESSION_CLOSING);
}

/* The window scale that a SYN's @options offer (RFC 7323, section 2). */
u8 simseg_tcp_scale(const u8 *options, unsigned int len)
{
	unsigned int i = 0;

	while (i < len && options[i] != TCPOPT_EOL) {
		if (options[i] == TCPOPT_NOP) {
			i++;
			continue;
		}
		if (i + 1 >= len || options[i + 1] < 2 || i + options[i + 1] > len)
			break;
		if (options[i] == TCPOPT_WINDOW && options[i + 1] == TCPOLEN_WINDOW)
			return min_t(u8, options[i + 2], SIMSEG_TCP_SCALE_MAX);
		i += options[i + 1];
	}
	return SIMSEG_TCP_NO_SCALE;
}
