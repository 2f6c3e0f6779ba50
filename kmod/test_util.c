// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the KUnit suites share: requests in one line, and packets.
 */
#include <linux/slab.h>
#include <net/ipv6.h>

#include "key.h"
#include "test_util.h"

#define SIMTEST_SOCKET	0x7e57	/* port id that uploads belong to */

void simtest_addr(const struct simtest *t, u32 logical, struct in6_addr *addr)
{
	if (!t->v6) {
		ipv6_addr_set_v4mapped(htonl(logical), addr);
	} else if (logical == SIMTEST_SELF) {
		*addr = in6addr_loopback;
	} else {
		memset(addr, 0, sizeof(*addr));
		addr->s6_addr32[0] = htonl(0xfd640000);
		addr->s6_addr32[3] = htonl(logical);
	}
}

void simtest_prefix(const struct simtest *t, u32 logical, u8 plen, struct simseg_prefix *prefix)
{
	struct in6_addr addr;

	simtest_addr(t, logical, &addr);
	memset(prefix, 0, sizeof(*prefix));
	memcpy(prefix->addr, &addr, sizeof(prefix->addr));
	prefix->plen = 96 + plen;
}

void simtest_iccid(u32 n, u8 *bcd)
{
	char text[SIMSEG_ICCID_MAX + 1];

	snprintf(text, sizeof(text), "8944%015u", n);
	WARN_ON(!simseg_iccid_parse(text, bcd));
}

struct simseg_device *simtest_find(struct simtest *t, u32 n)
{
	u8 bcd[SIMSEG_ICCID_BCD];

	simtest_iccid(n, bcd);
	return simtest_locked(t, simseg_device_find(t->sn, bcd));
}

/* Id of the device that the address belongs to, 0 if to none. */
u32 simtest_owner(struct simtest *t, u32 logical, u32 *epoch)
{
	const struct simseg_binding *binding;
	struct in6_addr addr;
	u32 id = 0;

	simtest_addr(t, logical, &addr);
	rcu_read_lock();
	binding = simseg_binding_lookup(t->sn, &addr);
	if (binding) {
		id = rcu_dereference(binding->device)->id;
		if (epoch)
			*epoch = binding->epoch;
	}
	rcu_read_unlock();
	return id;
}

/* Nobody else changes it meanwhile. */
const struct simseg_ruleset *simtest_ruleset(struct simtest *t)
{
	return rcu_dereference_protected(t->sn->ruleset, true);
}

struct simseg_upload *simtest_begin(struct simtest *t)
{
	struct simseg_upload *up;
	u32 generation = simtest_ruleset(t)->generation;
	int err;

	err = simtest_locked(t, simseg_upload_begin(t->sn, SIMTEST_SOCKET, generation,
						    &t->extack));
	KUNIT_ASSERT_EQ(t->kunit, err, 0);
	up = simtest_locked(t, simseg_upload_find(t->sn, SIMTEST_SOCKET));
	KUNIT_ASSERT_NOT_NULL(t->kunit, up);
	return up;
}

int simtest_pool(struct simtest *t, struct simseg_upload *up, u32 logical, u8 plen)
{
	struct simseg_prefix prefix;

	simtest_prefix(t, logical, plen, &prefix);
	return simtest_locked(t, simseg_upload_pools(up, &prefix, 1, &t->extack));
}

int simtest_peers(struct simtest *t, struct simseg_upload *up, const char *name, u32 logical,
		  u8 plen)
{
	struct simseg_prefix prefix;

	simtest_prefix(t, logical, plen, &prefix);
	return simtest_locked(t, simseg_upload_peers(t->sn, up, name, &prefix, 1, &t->extack));
}

static void simtest_rule_spec(struct simtest *t, const struct simtest_rule *rule,
			      struct simseg_rule_spec *spec)
{
	spec->dir = rule->dir;
	spec->proto = rule->proto;
	spec->kind = rule->kind;
	spec->ports = rule->low;
	spec->port_low = rule->low;
	spec->port_high = rule->high ?: rule->low;
	if (rule->kind == SIMSEG_PEER_SET)
		strscpy(spec->peer, rule->peer, sizeof(spec->peer));
	if (rule->kind != SIMSEG_PEER_OWN)
		return;
	spec->prefixes = kvmalloc(sizeof(*spec->prefixes), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(t->kunit, spec->prefixes);
	spec->nprefixes = 1;
	simtest_prefix(t, rule->addr, rule->plen, spec->prefixes);
}

int simtest_policy(struct simtest *t, struct simseg_upload *up, const char *name,
		   const struct simtest_rule *rules, u32 n)
{
	struct simseg_rule_spec *specs = kvcalloc(n, sizeof(*specs), GFP_KERNEL);
	int err;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(t->kunit, specs);
	for (i = 0; i < n; i++)
		simtest_rule_spec(t, &rules[i], &specs[i]);
	err = simtest_locked(t, simseg_upload_policy(t->sn, up, name, false, specs, n, &t->extack));
	simseg_rule_specs_free(specs, n);
	return err;
}

int simtest_setting(struct simtest *t, struct simseg_upload *up, u32 setting, u32 value)
{
	return simtest_locked(t, simseg_upload_setting(up, setting, value, &t->extack));
}

/* The spec stays the caller's. */
int simtest_stage(struct simtest *t, struct simseg_upload *up,
		  const struct simseg_device_spec *spec)
{
	LIST_HEAD(staged);
	int err;

	err = simtest_locked(t, simseg_stage(t->sn, &staged, spec, &t->extack));
	if (!err)
		err = simtest_locked(t, simseg_upload_devices(t->sn, up, &staged, 1, &t->extack));
	simtest_locked(t, (simseg_unstage(t->sn, &staged), 0));
	return err;
}

/* The upload is gone afterwards, whatever the result. */
int simtest_commit_as(struct simtest *t, struct simseg_upload *up,
		      const struct simseg_commit *commit, struct simseg_receipt *receipt)
{
	struct simseg_receipt own = {};

	return simtest_locked(t, simseg_upload_commit(t->sn, up, commit, receipt ?: &own,
						      &t->extack));
}

int simtest_flush(struct simtest *t, struct simseg_receipt *receipt)
{
	return simtest_locked(t, simseg_ruleset_flush(t->sn, receipt, &t->extack));
}

int simtest_commit(struct simtest *t, struct simseg_upload *up, u32 flags,
		   struct simseg_receipt *receipt)
{
	const struct simseg_commit commit = { .flags = flags };

	return simtest_commit_as(t, up, &commit, receipt);
}

static void simtest_spec_free(void *spec)
{
	simseg_device_spec_free(spec);
}

struct simseg_device_spec *simtest_spec(struct simtest *t, u32 n, const char *policy)
{
	struct simseg_device_spec *spec = kunit_kzalloc(t->kunit, sizeof(*spec), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(t->kunit, spec);
	KUNIT_ASSERT_EQ(t->kunit, 0,
			kunit_add_action_or_reset(t->kunit, simtest_spec_free, spec));
	simtest_iccid(n, spec->iccid);
	strscpy(spec->policy, policy, sizeof(spec->policy));
	return spec;
}

void simtest_spec_bind(struct simtest *t, struct simseg_device_spec *spec, u32 logical, u8 plen,
		       const char *ifname)
{
	struct simseg_binding_spec *binding = &spec->bindings[spec->nbindings++];

	simtest_prefix(t, logical, plen, &binding->prefix);
	strscpy(binding->ifname, ifname, sizeof(binding->ifname));
}

void simtest_spec_rule(struct simtest *t, struct simseg_device_spec *spec,
		       const struct simtest_rule *rule)
{
	if (!spec->rules)
		spec->rules = kvcalloc(SIMSEG_OWN_RULES_MAX, sizeof(*spec->rules), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(t->kunit, spec->rules);
	simtest_rule_spec(t, rule, &spec->rules[spec->nrules++]);
}

int simtest_new(struct simtest *t, struct simseg_device_spec *spec)
{
	return simtest_locked(t, simseg_device_new(t->sn, spec, &t->extack));
}

int simtest_add(struct simtest *t, u32 n, const char *policy, u32 logical, u8 plen,
		const char *ifname)
{
	struct simseg_device_spec *spec = simtest_spec(t, n, policy);

	simtest_spec_bind(t, spec, logical, plen, ifname);
	return simtest_new(t, spec);
}

int simtest_del(struct simtest *t, u32 n)
{
	struct simseg_receipt receipt = {};
	u8 bcd[SIMSEG_ICCID_BCD];

	simtest_iccid(n, bcd);
	return simtest_locked(t, simseg_device_del(t->sn, bcd, &receipt, &t->extack));
}

static void simtest_binding_spec(struct simtest *t, u32 logical, u8 plen, const char *ifname,
				 struct simseg_binding_spec *spec)
{
	simtest_prefix(t, logical, plen, &spec->prefix);
	strscpy(spec->ifname, ifname, sizeof(spec->ifname));
}

int simtest_bind(struct simtest *t, u32 n, u32 logical, u8 plen, const char *ifname)
{
	struct simseg_binding_spec spec;
	u8 bcd[SIMSEG_ICCID_BCD];

	simtest_iccid(n, bcd);
	simtest_binding_spec(t, logical, plen, ifname, &spec);
	return simtest_locked(t, simseg_binding_new(t->sn, bcd, &spec, 1, &t->extack));
}

int simtest_unbind(struct simtest *t, u32 n, u32 logical, u8 plen)
{
	struct simseg_receipt receipt = {};
	struct simseg_binding_spec spec;
	u8 bcd[SIMSEG_ICCID_BCD];

	simtest_iccid(n, bcd);
	simtest_binding_spec(t, logical, plen, "", &spec);
	return simtest_locked(t, simseg_binding_del(t->sn, bcd, &spec, 1, &receipt, &t->extack));
}

int simtest_quarantine(struct simtest *t, u32 n, u32 allow, bool unknown,
		       struct simseg_receipt *receipt)
{
	struct simseg_who who = { .actor = "kunit", .reason = "test" };
	struct simseg_quarantine_request request = { .ndevices = 1, .unknown = unknown };
	struct simseg_receipt own = {};
	u8 iccid[1][SIMSEG_ICCID_BCD];

	simtest_iccid(n, iccid[0]);
	request.iccids = iccid;
	if (allow) {
		simtest_prefix(t, allow, 32, &request.allow[0]);
		request.nallow = 1;
	}
	return simtest_locked(t, simseg_quarantine(t->sn, &request, &who, receipt ?: &own,
						   &t->extack));
}

int simtest_release(struct simtest *t, u32 n)
{
	struct simseg_quarantine_request request = { .ndevices = 1 };
	u8 iccid[1][SIMSEG_ICCID_BCD];

	simtest_iccid(n, iccid[0]);
	request.iccids = iccid;
	return simtest_locked(t, simseg_release(t->sn, &request, &t->extack));
}

int simtest_peer_change(struct simtest *t, const char *name, u32 logical, u8 plen, bool add)
{
	struct simseg_prefix prefix;

	simtest_prefix(t, logical, plen, &prefix);
	if (add)
		return simtest_locked(t, simseg_peer_add(t->sn, name, &prefix, 1, 0, &t->extack));
	return simtest_locked(t, simseg_peer_del(t->sn, name, &prefix, 1, &t->extack));
}

static void simtest_fill(const struct simtest *t, const struct simtest_flow *flow,
			 struct simseg_pkt *pkt)
{
	memset(pkt, 0, sizeof(*pkt));
	simtest_addr(t, flow->src, &pkt->src);
	simtest_addr(t, flow->dst, &pkt->dst);
	pkt->sport = htons(flow->sport);
	pkt->dport = htons(flow->dport);
	pkt->proto = t->v6 && flow->proto == IPPROTO_ICMP ? IPPROTO_ICMPV6 : flow->proto;
	pkt->tcp_flags = flow->tcp;
	pkt->seq = flow->seq;
	pkt->ack = flow->ack;
	pkt->payload = flow->payload;
	pkt->window = flow->window;
	pkt->scale = flow->scale;
	pkt->hook = flow->hook;
	pkt->malformed = flow->malformed;
	pkt->flags = flow->flags;
	if (simseg_proto_has_ports(flow->proto))
		pkt->flags |= SIMSEG_PKT_PORTS;
	pkt->in = simtest_device(flow->in);
	pkt->packets = 1;
	pkt->bytes = 100;
}

void simtest_pkt(const struct simtest *t, const struct simtest_flow *flow,
		 struct simseg_pkt *pkt, struct simseg_pkt *quote)
{
	simtest_fill(t, flow, pkt);
	if (!flow->quote)
		return;
	simtest_fill(t, flow->quote, quote);
	pkt->quote = quote;
}

struct simtest_reason {
	const char *word;
	u8 verdict;
	const char *text;
};

static const struct simtest_reason simtest_reasons[] = {
#define SIMTEST_REASON(sym, word, verdict, text) \
	[SIMSEG_REASON_##sym] = { word, SIMSEG_VERDICT_##verdict, text },
	SIMSEG_REASONS(SIMTEST_REASON)
};

const char *simtest_word(u8 reason)
{
	return simtest_reasons[reason].word;
}

/*
 * As the floor calls it. The verdict is always the one that goes with the
 * reason. What @res points to may be compared, and not looked into.
 */
u8 simtest_judge_result(struct simtest *t, const struct simtest_flow *flow,
			struct simseg_result *res)
{
	struct simseg_pkt pkt, quote;

	simtest_pkt(t, flow, &pkt, &quote);
	local_bh_disable();
	rcu_read_lock();
	simseg_judge(t->sn, &pkt, res);
	rcu_read_unlock();
	local_bh_enable();
	KUNIT_EXPECT_EQ(t->kunit, res->verdict, simtest_reasons[res->reason].verdict);
	return res->reason;
}

u8 simtest_judge(struct simtest *t, const struct simtest_flow *flow)
{
	struct simseg_result res;

	return simtest_judge_result(t, flow, &res);
}

/* The packet that answers @flow. */
void simtest_reply(const struct simtest_flow *flow, u8 in, struct simtest_flow *reply)
{
	*reply = *flow;
	reply->src = flow->dst;
	reply->dst = flow->src;
	reply->sport = flow->dport;
	reply->dport = flow->sport;
	reply->in = in;
	reply->tcp = SIMTEST_SYN | SIMTEST_ACK;
}

/* A copy of the live session that @flow belongs to; false: there is none. */
bool simtest_session(struct simtest *t, const struct simtest_flow *flow,
		     struct simseg_session *copy)
{
	struct simseg_pkt pkt, quote;
	struct simseg_session *s;
	struct simseg_key key;

	simtest_pkt(t, flow, &pkt, &quote);
	simseg_key_make(&key, &pkt);
	rcu_read_lock();
	s = simseg_session_find(t->sn, &key);
	if (s)	/* a session of one device ends before what a second would have */
		memcpy(copy, s, SIMSEG_SESSION_SIZE(simseg_session_parties(s)));
	rcu_read_unlock();
	return s;
}

/* As if the last packet of the session had come that long after its timeout. */
void simtest_age(struct simtest *t, const struct simtest_flow *flow, long overdue)
{
	struct simseg_pkt pkt, quote;
	struct simseg_session *s;
	struct simseg_key key;

	simtest_pkt(t, flow, &pkt, &quote);
	simseg_key_make(&key, &pkt);
	rcu_read_lock();
	s = simseg_session_find(t->sn, &key);
	if (s)
		WRITE_ONCE(s->last, jiffies - simseg_session_timeout(t->sn, s) - overdue);
	rcu_read_unlock();
	KUNIT_EXPECT_NOT_NULL(t->kunit, s);
}

/* Live ones: those that wait for their grace period are waited for. */
u32 simtest_sessions(const struct simtest *t)
{
	rcu_barrier();
	return atomic_read(&t->sn->sessions.count);
}
