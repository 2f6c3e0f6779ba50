// SPDX-License-Identifier: GPL-2.0-only
/*
 * Row 5 of the verdict: what the rules of both devices say about a new flow. A
 * device's own rules come first, then its policy's, then its grants': any of
 * them that allows it will do. Runs under RCU.
 */
#include <linux/netdevice.h>
#include <linux/rculist.h>
#include <linux/timekeeping.h>

#include "simseg.h"

/* Until its time is over, and with an interface for what arrives there alone. */
static bool simseg_grant_holds(const struct simseg_grant *grant, const struct simseg_pkt *pkt,
			       u64 now)
{
	if (now >= grant->until)
		return false;
	if (!grant->ifname[0])
		return true;
	/* of a session that the responder's packet opens, nobody knows it */
	return pkt->in && !(pkt->flags & SIMSEG_PKT_REVERSED) &&
	       simseg_ifname_match(grant->ifname, pkt->in->name);
}

static bool simseg_ask_grants(const struct simseg_ruleset *rs, const struct simseg_pkt *pkt,
			      struct simseg_result *res, int i, const struct simseg_query *query)
{
	const struct simseg_device *device = res->device[i];
	const struct simseg_grant *grant;
	const struct simseg_rule *rule;
	u64 now;

	if (likely(hlist_empty(&device->grants)))
		return false;
	now = ktime_get_coarse_boottime_ns();
	hlist_for_each_entry_rcu(grant, &device->grants, of_device) {
		if (!simseg_grant_holds(grant, pkt, now))
			continue;
		rule = simseg_policy_match(grant->policy, rs->sets, query);
		if (!rule)
			continue;
		res->policy[i] = grant->policy;
		res->rule[i] = rule;
		res->grant[i] = grant;
		return true;
	}
	return false;
}

static u8 simseg_ask(const struct simseg_ruleset *rs, const struct simseg_pkt *pkt,
		     struct simseg_result *res, int i, const struct simseg_query *query)
{
	const struct simseg_device *device = res->device[i];
	const struct simseg_policy *own = rcu_dereference(device->own), *policy;
	u32 id = READ_ONCE(device->policy);

	policy = id < rs->policy_slots ? rs->policies[id] : NULL;
	res->policy[i] = policy;
	/* a policy that is gone takes all with it; who has none has its own rules */
	if (id && !policy)
		return SIMSEG_REASON_NO_POLICY;
	if (own) {
		res->rule[i] = simseg_policy_match(own, rs->sets, query);
		res->policy[i] = own;
		if (res->rule[i])
			return 0;
	}
	res->policy[i] = policy;
	res->rule[i] = policy ? simseg_policy_match(policy, rs->sets, query) : NULL;
	if (res->rule[i] || simseg_ask_grants(rs, pkt, res, i, query))
		return 0;
	return policy ? SIMSEG_REASON_NO_RULE : SIMSEG_REASON_NO_POLICY;
}

/* Does the device at that end only have its denies told? */
static bool simseg_observes(const struct simseg_ruleset *rs, const struct simseg_device *device)
{
	u32 id = READ_ONCE(device->policy);

	return id < rs->policy_slots && rs->policies[id] && rs->policies[id]->observe;
}

/*
 * Row 5: the source's device must allow it out, the destination's in.
 * @self: the side without a device is the gateway. Where it is denied by
 * devices that only observe, @res->observed says so, too.
 */
u8 simseg_rules_ask(const struct simseg_ruleset *rs, const struct simseg_pkt *pkt, bool self,
		    struct simseg_result *res)
{
	const struct in6_addr *peer[2] = { &pkt->dst, &pkt->src };
	struct simseg_query query = {
		.port = ntohs(pkt->dport),
		.proto = pkt->proto,
		.ports = (pkt->flags & SIMSEG_PKT_PORTS) && simseg_proto_has_ports(pkt->proto),
		.self = self,
	};
	u8 reason;
	int i;

	res->observed = 0;
	for (i = 0; i < 2; i++) {
		if (!res->device[i])
			continue;
		query.dir = i ? SIMSEG_DIR_IN : SIMSEG_DIR_OUT;
		simseg_u128_from(&query.peer, peer[i]);
		reason = simseg_ask(rs, pkt, res, i, &query);
		if (!reason)
			continue;
		if (!simseg_observes(rs, res->device[i])) {
			res->observed = 0;
			return reason;
		}
		res->observed = res->observed ?: reason;
	}
	return res->observed;
}

/* Denied for what is no device's rule: passes if all of them only observe. */
u8 simseg_rules_observed(const struct simseg_ruleset *rs, const struct simseg_result *res,
			 u8 reason)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (res->device[i] && !simseg_observes(rs, res->device[i]))
			return 0;
	}
	return reason;
}
