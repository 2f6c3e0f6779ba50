// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows 1 to 3 of the verdict: what addresses and devices alone say of a packet. They are
 * part of what the floor judges (verdict.c), and all that the guard asks, and XDP where it
 * forwards nothing.
 */
#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/route.h>

#include "address.h"
#include "binding.h"
#include "simseg.h"

bool simseg_in_pool(const struct simseg_ruleset *rs, const struct in6_addr *addr)
{
	struct simseg_u128 number;

	simseg_u128_from(&number, addr);
	return simseg_addrset_has(rs->pools, &number);
}

bool simseg_is_self(struct net *net, const struct in6_addr *addr)
{
	if (ipv6_addr_v4mapped(addr))
		return inet_addr_type(net, addr->s6_addr32[3]) == RTN_LOCAL;
	return ipv6_chk_addr(net, addr, NULL, 0);
}

static __always_inline const struct simseg_binding *
simseg_binding_of(const struct simseg_net *sn, const struct in6_addr *addr)
{
	return simseg_binding_find(sn, get_unaligned((const u64 *)addr),
				   get_unaligned((const u64 *)addr + 1));
}

/* Row 1. @in: where it arrived, NULL if it was made here. */
static __always_inline u8 simseg_row_side(const struct simseg_net *sn,
					  const struct simseg_ruleset *rs,
					  const struct in6_addr *src,
					  const struct simseg_binding *binding,
					  const struct net_device *in)
{
	const struct simseg_iface *iface;

	if (!in)
		return 0;
	iface = simseg_iface_find(in);
	if (iface && READ_ONCE(iface->side) == SIMSEG_SIDE_SIM) {
		if (!binding)
			return simseg_in_pool(rs, src) ? SIMSEG_REASON_UNBOUND :
							 SIMSEG_REASON_SPOOFED;
		return simseg_binding_on(binding, in) ? 0 : SIMSEG_REASON_SPOOFED;
	}
	return binding || simseg_in_pool(rs, src) ? SIMSEG_REASON_SPOOFED : 0;
}

/* Row 2 of one end. */
static u8 simseg_row_bound(struct simseg_ends *ends, struct simseg_result *res, int i,
			   const struct in6_addr *addr)
{
	const struct simseg_binding *binding = ends->binding[i];

	if (binding) {
		ends->governed[i] = true;
		res->device[i] = rcu_dereference(binding->device);
		res->epoch[i] = binding->epoch;
		return 0;
	}
	ends->governed[i] = simseg_in_pool(ends->rs, addr);
	return ends->governed[i] ? SIMSEG_REASON_UNBOUND : 0;
}

/* Row 3 of an end that is not active. */
u8 simseg_row_quarantined(const struct simseg_device *device, const struct in6_addr *peer,
			  bool *responder)
{
	const struct simseg_quarantine *q;
	struct simseg_u128 number;

	q = rcu_dereference(device->quarantine);
	if (!q || !q->responders)
		return SIMSEG_REASON_QUARANTINED;
	simseg_u128_from(&number, peer);
	if (!simseg_addrset_has(q->responders, &number))
		return SIMSEG_REASON_QUARANTINED;
	*responder = true;
	return 0;
}

/* Rows 1 to 3. NOT_GOVERNED if no address is in a pool. */
u8 simseg_rows_address(struct simseg_net *sn, const struct simseg_pkt *pkt,
		       struct simseg_ends *ends, struct simseg_result *res)
{
	const struct in6_addr *addr[2] = { &pkt->src, &pkt->dst };
	bool self[2] = { pkt->hook == SIMSEG_HOOK_OUTPUT, pkt->hook == SIMSEG_HOOK_INPUT };
	u8 reason;
	int i;

	ends->binding[0] = self[0] ? NULL : simseg_binding_of(sn, &pkt->src);
	if (!(pkt->flags & SIMSEG_PKT_ANY_IIF)) {
		reason = simseg_row_side(sn, ends->rs, &pkt->src, ends->binding[0], pkt->in);
		if (reason) {
			if (ends->binding[0])
				res->device[0] = rcu_dereference(ends->binding[0]->device);
			return reason;
		}
	}
	ends->binding[1] = self[1] ? NULL : simseg_binding_of(sn, &pkt->dst);
	for (i = 0; i < 2; i++) {
		reason = self[i] ? 0 : simseg_row_bound(ends, res, i, addr[i]);
		if (reason)
			return reason;
	}
	if (!ends->governed[0] && !ends->governed[1])
		return SIMSEG_REASON_NOT_GOVERNED;
	for (i = 0; i < 2; i++) {
		reason = res->device[i] ? simseg_row_quarantine(res->device[i], addr[!i],
								&ends->responder) : 0;
		if (reason)
			return reason;
	}
	return 0;
}

/* Who is at one end, for the guard. */
static const struct simseg_binding *simseg_end_find(struct simseg_net *sn,
						    const struct in6_addr *addr, int i,
						    struct simseg_result *res)
{
	const struct simseg_binding *binding = simseg_binding_lookup(sn, addr);

	res->device[i] = binding ? rcu_dereference(binding->device) : NULL;
	res->epoch[i] = binding ? binding->epoch : 0;
	return binding;
}

static u8 simseg_end_quarantine(const struct simseg_device *device, const struct in6_addr *peer)
{
	bool responder;

	return device ? simseg_row_quarantine(device, peer, &responder) : 0;
}

/*
 * The guard's question: rows 1 to 3 by addresses alone. @in: ingress; NULL:
 * egress on @out, where the destination has to be at home. 0: nothing speaks
 * against it; else why not, and @res names the devices at both ends. While
 * nobody is quarantined the end that is not at home there has nothing to say.
 */
u8 simseg_judge_address(struct simseg_net *sn, const struct in6_addr *src,
			const struct in6_addr *dst, const struct net_device *in,
			const struct net_device *out, struct simseg_result *res)
{
	const struct simseg_ruleset *rs = rcu_dereference(sn->ruleset);
	const struct in6_addr *addr[2] = { src, dst };
	const struct simseg_binding *binding;
	int here = in ? 0 : 1;
	u8 reason;

	binding = simseg_end_find(sn, addr[here], here, res);
	if (in)
		reason = simseg_row_side(sn, rs, src, binding, in);
	else if (!binding)
		reason = simseg_in_pool(rs, dst) ? SIMSEG_REASON_UNBOUND : 0;
	else
		reason = simseg_binding_on(binding, out) ? 0 : SIMSEG_REASON_UNBOUND;
	if (!reason)
		reason = simseg_end_quarantine(res->device[here], addr[!here]);
	if (reason || READ_ONCE(sn->nquarantined)) {
		simseg_end_find(sn, addr[!here], !here, res);
		reason = reason ?: simseg_end_quarantine(res->device[!here], addr[here]);
	}
	res->verdict = reason ? SIMSEG_VERDICT_DENY : SIMSEG_VERDICT_PASS;
	res->reason = reason;
	return reason;
}

/*
 * Rows 1 to 3 of the source alone: where XDP does not judge in full. 0: nothing speaks
 * against it; else as simseg_judge_address().
 */
u8 simseg_judge_source(struct simseg_net *sn, const struct simseg_pkt *pkt,
		       struct simseg_result *res)
{
	const struct simseg_ruleset *rs = rcu_dereference(sn->ruleset);
	const struct simseg_binding *binding = simseg_binding_lookup(sn, &pkt->src);
	bool responder;
	u8 reason;

	if (binding) {
		res->device[0] = rcu_dereference(binding->device);
		res->epoch[0] = binding->epoch;
	}
	reason = simseg_row_side(sn, rs, &pkt->src, binding, pkt->in);
	if (!reason && res->device[0])
		reason = simseg_row_quarantine(res->device[0], &pkt->dst, &responder);
	res->verdict = reason ? SIMSEG_VERDICT_DENY : SIMSEG_VERDICT_PASS;
	res->reason = reason;
	return reason;
}
