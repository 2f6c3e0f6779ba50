// SPDX-License-Identifier: GPL-2.0-only
/*
 * ICMP errors: they follow the session whose packet they quote, and never open
 * or end one. Those that the gateway itself makes are judged as that packet.
 */
#include <net/ipv6.h>

#include "key.h"
#include "simseg.h"

/* Routers may complain; of the devices only those that the session is of. */
static bool simseg_error_of(const struct simseg_session *s, const struct simseg_device *device)
{
	return !device || device == simseg_session_device(s, 0) ||
	       device == simseg_session_device(s, 1);
}

/* Does it quote a live session's packet? Leaves the session in @res. */
bool simseg_error_related(struct simseg_net *sn, const struct simseg_pkt *pkt,
			  struct simseg_result *res)
{
	const struct simseg_pkt *quote = pkt->quote;
	struct simseg_session *s;
	struct simseg_key key;
	u8 observed;

	/* it has to go back to whom the quoted packet came from */
	if (!quote || !ipv6_addr_equal(&pkt->dst, &quote->src))
		return false;
	simseg_key_make(&key, quote);
	s = simseg_session_find(sn, &key);
	if (!s || !simseg_error_of(s, res->device[0]) || simseg_rejudge(sn, s, &observed))
		return false;
	res->session = s;
	return true;
}

bool simseg_error_own(const struct simseg_pkt *pkt)
{
	return pkt->hook == SIMSEG_HOOK_OUTPUT && (pkt->flags & SIMSEG_PKT_ERROR) &&
	       !pkt->malformed && pkt->quote;
}

/* There is no answer to a denied probe. */
void simseg_error_judge_own(struct simseg_net *sn, const struct simseg_pkt *pkt,
			    struct simseg_result *res)
{
	struct simseg_pkt quote = *pkt->quote;

	quote.flags |= SIMSEG_PKT_DRY | SIMSEG_PKT_ANY_IIF;
	quote.hook = simseg_is_self(sn->net, &quote.dst) ? SIMSEG_HOOK_INPUT : SIMSEG_HOOK_FORWARD;
	simseg_judge(sn, &quote, res);
	if (res->verdict == SIMSEG_VERDICT_ALLOW)
		res->reason = SIMSEG_REASON_RELATED;
}
