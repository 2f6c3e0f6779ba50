// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink: sessions, and what would become of a flow.
 */
#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/timekeeping.h>
#include <net/ipv6.h>

#include "netlink.h"

/* What a session or an explanation says of the rule that decided. */
struct simseg_nl_rule_ref {
	const char *policy;	/* NULL: rules of a device, or none */
	const char *label;	/* NULL: none */
	u32 id;			/* 0: none */
	u32 grant;		/* 0: none */
};

/*
 * The rule that allowed a session: the source's, else the peer's. Under RCU. A
 * policy that has changed since may have other rules by now: no label then.
 */
static void simseg_nl_session_rule(struct simseg_net *sn, const struct simseg_session *s,
				   struct simseg_nl_rule_ref *ref)
{
	const struct simseg_ruleset *rs = rcu_dereference(sn->ruleset);
	const struct simseg_party *party = &s->party[0];
	u32 id = READ_ONCE(party->policy);
	const struct simseg_policy *policy = NULL;

	memset(ref, 0, sizeof(*ref));
	ref->id = READ_ONCE(party->rule);
	ref->grant = simseg_session_grant(s);
	if (READ_ONCE(party->grant))
		return;
	if (id && id < rs->policy_slots)
		policy = rs->policies[id];
	else if (!id)
		policy = rcu_dereference(party->device->own);
	if (!policy)
		return;
	if (id)
		ref->policy = policy->name;
	if (ref->id && ref->id <= policy->nrules &&
	    READ_ONCE(policy->stamp) == READ_ONCE(party->stamp) &&
	    policy->rules[ref->id - 1].label[0])
		ref->label = policy->rules[ref->id - 1].label;
}

static int simseg_nl_put_session_flow(struct sk_buff *skb, const struct simseg_session *s)
{
	const struct simseg_key *key = &s->key;
	u8 src = simseg_session_initiator(s);

	if (nla_put_in6_addr(skb, SIMSEG_A_SESSION_SRC, &key->addr[src]) ||
	    nla_put_in6_addr(skb, SIMSEG_A_SESSION_DST, &key->addr[!src]) ||
	    nla_put_be16(skb, SIMSEG_A_SESSION_SPORT, key->port[src]) ||
	    nla_put_be16(skb, SIMSEG_A_SESSION_DPORT, key->port[!src]) ||
	    nla_put_u8(skb, SIMSEG_A_SESSION_PROTO, key->proto) ||
	    nla_put_u8(skb, SIMSEG_A_SESSION_STATE, READ_ONCE(s->state)))
		return -EMSGSIZE;
	return 0;
}

static int simseg_nl_put_session_who(struct sk_buff *skb, struct simseg_net *sn,
				     const struct simseg_session *s)
{
	struct simseg_nl_rule_ref ref;

	simseg_nl_session_rule(sn, s, &ref);
	if (simseg_nl_put_iccid(skb, SIMSEG_A_SESSION_ICCID, simseg_session_device(s, 0)) ||
	    simseg_nl_put_iccid(skb, SIMSEG_A_SESSION_PEER_ICCID, simseg_session_device(s, 1)) ||
	    (ref.policy && nla_put_string(skb, SIMSEG_A_SESSION_POLICY, ref.policy)) ||
	    (ref.id && nla_put_u32(skb, SIMSEG_A_SESSION_RULE, ref.id)) ||
	    (ref.label && nla_put_string(skb, SIMSEG_A_SESSION_LABEL, ref.label)) ||
	    (ref.grant && nla_put_u32(skb, SIMSEG_A_SESSION_GRANT, ref.grant)))
		return -EMSGSIZE;
	return 0;
}

static int simseg_nl_put_session_use(struct sk_buff *skb, struct simseg_net *sn,
				     const struct simseg_session *s)
{
	unsigned long idle = (u32)jiffies - READ_ONCE(s->last);
	unsigned long timeout = simseg_session_timeout(sn, s);
	const struct simseg_nl_u64 values[] = {
		{ SIMSEG_A_SESSION_ID, s->id },
		{ SIMSEG_A_SESSION_PACKETS, atomic64_read(&s->packets[0]) },
		{ SIMSEG_A_SESSION_BYTES, atomic64_read(&s->bytes[0]) },
		{ SIMSEG_A_SESSION_REPLY_PACKETS, atomic64_read(&s->packets[1]) },
		{ SIMSEG_A_SESSION_REPLY_BYTES, atomic64_read(&s->bytes[1]) },
		{ SIMSEG_A_SESSION_AGE, ktime_get_boottime_ns() - s->start },
		{ SIMSEG_A_SESSION_IDLE, jiffies64_to_nsecs(idle) },
		{ SIMSEG_A_SESSION_EXPIRES,
		  jiffies64_to_nsecs(timeout > idle ? timeout - idle : 0) },
	};

	return simseg_nl_put_u64s(skb, values, ARRAY_SIZE(values), SIMSEG_A_SESSION_PAD);
}

/* Where a dump of sessions stands. Sessions come and go; it is no snapshot. */
struct simseg_nl_sessions {
	u32 bucket;
	u32 position;
	bool filter;
	bool checked;
	u8 iccid[SIMSEG_ICCID_BCD];
};

static struct simseg_nl_sessions *simseg_nl_sessions(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct simseg_nl_sessions) > sizeof(cb->ctx));
	return (struct simseg_nl_sessions *)cb->ctx;
}

static int simseg_nl_sessions_check(struct netlink_callback *cb)
{
	struct simseg_nl_sessions *at = simseg_nl_sessions(cb);
	int err = simseg_nl_dump_iccid(cb, at->iccid);

	at->filter = err > 0;
	return min(err, 0);
}

int simseg_nl_session_get_start(struct netlink_callback *cb)
{
	return simseg_nl_dump_check(cb, &simseg_nl_sessions(cb)->checked, simseg_nl_sessions_check);
}

static bool simseg_nl_session_wanted(const struct simseg_nl_sessions *at,
				     const struct simseg_session *s)
{
	int i;

	if (test_bit(SIMSEG_SESSION_F_DEAD, &s->flags))
		return false;
	if (!at->filter)
		return true;
	for (i = 0; i < simseg_session_parties(s); i++) {
		if (!memcmp(s->party[i].device->iccid, at->iccid, sizeof(at->iccid)))
			return true;
	}
	return false;
}

static int simseg_nl_dump_session(struct sk_buff *skb, struct netlink_callback *cb,
				  struct simseg_net *sn, const struct simseg_session *s)
{
	struct nlattr *nest;
	void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				&simseg_nl_family, NLM_F_MULTI, SIMSEG_CMD_SESSION_GET);

	if (!hdr)
		return -EMSGSIZE;
	nest = nla_nest_start(skb, SIMSEG_A_SESSION);
	if (!nest || simseg_nl_put_session_flow(skb, s) || simseg_nl_put_session_who(skb, sn, s) ||
	    simseg_nl_put_session_use(skb, sn, s)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	genlmsg_end(skb, hdr);
	return 0;
}

static int simseg_nl_dump_bucket(struct sk_buff *skb, struct netlink_callback *cb,
				 struct simseg_net *sn)
{
	struct simseg_nl_sessions *at = simseg_nl_sessions(cb);
	const struct simseg_session *s;
	u32 position = 0;
	int err = 0;

	rcu_read_lock();
	hlist_for_each_entry_rcu(s, &sn->sessions.buckets[at->bucket], node) {
		if (position++ < at->position)
			continue;
		if (simseg_nl_session_wanted(at, s))
			err = simseg_nl_dump_session(skb, cb, sn, s);
		if (err)
			break;
		at->position = position;
	}
	rcu_read_unlock();
	return err;
}

int simseg_nl_session_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct simseg_net *sn = simseg_net(sock_net(cb->skb->sk));
	struct simseg_nl_sessions *at = simseg_nl_sessions(cb);
	int err;

	err = simseg_nl_dump_check(cb, &at->checked, simseg_nl_sessions_check);
	if (err)
		return err;
	for (; sn->sessions.buckets && at->bucket <= sn->sessions.mask; at->bucket++) {
		if (simseg_nl_dump_bucket(skb, cb, sn))
			break;
		at->position = 0;
		cond_resched();
	}
	/* Of one that it does not list, since it has ended, the end is told by then. */
	if (!skb->len)
		rcu_barrier();
	return skb->len;
}

int simseg_nl_session_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct simseg_nl_change change;
	int err;

	err = simseg_nl_need(info, SIMSEG_A_ID64);
	if (!err)
		err = simseg_nl_begin(&change, info);
	if (err)
		return err;
	err = simseg_session_kill(change.sn, nla_get_u64(info->attrs[SIMSEG_A_ID64]),
				  &change.receipt);
	if (err == -ENOENT)
		NL_SET_ERR_MSG_MOD(info->extack, "no live session has this id");
	return simseg_nl_end_receipt(&change, err);
}

static int simseg_nl_flow_ports(struct nlattr **tb, struct simseg_pkt *pkt,
				struct netlink_ext_ack *extack)
{
	const struct nlattr *sport = tb[SIMSEG_A_FLOW_SPORT];
	const struct nlattr *dport = tb[SIMSEG_A_FLOW_DPORT];

	pkt->sport = sport ? nla_get_be16(sport) : 0;
	pkt->dport = dport ? nla_get_be16(dport) : 0;
	if (simseg_proto_has_ports(pkt->proto)) {
		pkt->flags |= SIMSEG_PKT_PORTS;
	} else if (pkt->proto == IPPROTO_ICMP || pkt->proto == IPPROTO_ICMPV6) {
		pkt->dport = pkt->sport;	/* the identifier of an echo */
	} else if (sport || dport) {
		simseg_nl_refuse(extack, sport ? sport : dport, "this protocol has no ports");
		return -EINVAL;
	}
	return 0;
}

int simseg_nl_flow(struct genl_info *info, struct simseg_pkt *pkt, u32 *ifindex)
{
	struct nlattr *tb[SIMSEG_A_FLOW_MAX + 1];
	struct netlink_ext_ack *extack = info->extack;
	int err = simseg_nl_need(info, SIMSEG_A_FLOW);

	if (err)
		return err;
	err = nla_parse_nested(tb, SIMSEG_A_FLOW_MAX, info->attrs[SIMSEG_A_FLOW],
			       simseg_flow_nl_policy, extack);
	if (err)
		return err;
	if (!tb[SIMSEG_A_FLOW_SRC] || !tb[SIMSEG_A_FLOW_DST] || !tb[SIMSEG_A_FLOW_PROTO]) {
		NL_SET_ERR_MSG_MOD(extack, "a flow needs SRC, DST and PROTO");
		return -EINVAL;
	}
	memset(pkt, 0, sizeof(*pkt));
	pkt->src = nla_get_in6_addr(tb[SIMSEG_A_FLOW_SRC]);
	pkt->dst = nla_get_in6_addr(tb[SIMSEG_A_FLOW_DST]);
	pkt->proto = nla_get_u8(tb[SIMSEG_A_FLOW_PROTO]);
	if (ipv6_addr_v4mapped(&pkt->src) != ipv6_addr_v4mapped(&pkt->dst)) {
		NL_SET_ERR_MSG_MOD(extack, "source and destination are of different families");
		return -EINVAL;
	}
	/* as in a rule, ICMP stands for that of either family */
	if (pkt->proto == IPPROTO_ICMP && !ipv6_addr_v4mapped(&pkt->src))
		pkt->proto = IPPROTO_ICMPV6;
	*ifindex = tb[SIMSEG_A_FLOW_IFINDEX] ? nla_get_u32(tb[SIMSEG_A_FLOW_IFINDEX]) : 0;
	return simseg_nl_flow_ports(tb, pkt, extack);
}

/* The rule to name for a verdict: of the side that denies, else the source's. */
static void simseg_nl_result_rule(struct simseg_net *sn, const struct simseg_result *res,
				  struct simseg_nl_rule_ref *ref)
{
	int side = res->device[0] ? 0 : 1;

	if (res->session) {
		simseg_nl_session_rule(sn, res->session, ref);
		return;
	}
	memset(ref, 0, sizeof(*ref));
	if (res->verdict == SIMSEG_VERDICT_DENY && res->rule[0] && res->device[1])
		side = 1;
	if (res->policy[side] && res->policy[side]->id)
		ref->policy = res->policy[side]->name;
	if (!res->rule[side])
		return;
	ref->id = res->rule[side]->id;
	if (res->grant[0] || res->grant[1])
		ref->grant = (res->grant[0] ?: res->grant[1])->id;
	if (res->rule[side]->label[0])
		ref->label = res->rule[side]->label;
}

static int simseg_nl_put_result(struct sk_buff *skb, struct simseg_net *sn,
				const struct simseg_result *res)
{
	const struct simseg_device *device = res->device[0] ? res->device[0] : res->device[1];
	struct simseg_nl_rule_ref ref;

	simseg_nl_result_rule(sn, res, &ref);
	if (nla_put_u8(skb, SIMSEG_A_VERDICT, res->verdict) ||
	    nla_put_u8(skb, SIMSEG_A_CODE, res->reason) ||
	    simseg_nl_put_iccid(skb, SIMSEG_A_ICCID, device) ||
	    (device != res->device[1] &&
	     simseg_nl_put_iccid(skb, SIMSEG_A_PEER_ICCID, res->device[1])) ||
	    (ref.policy && nla_put_string(skb, SIMSEG_A_POLICY, ref.policy)) ||
	    (ref.id && nla_put_u32(skb, SIMSEG_A_ID, ref.id)) ||
	    (ref.label && nla_put_string(skb, SIMSEG_A_LABEL, ref.label)) ||
	    (res->session && nla_put_u64_64bit(skb, SIMSEG_A_ID64, res->session->id,
					       SIMSEG_A_PAD)) ||
	    (ref.grant && nla_put_u32(skb, SIMSEG_A_GRANT, ref.grant)))
		return -EMSGSIZE;
	return 0;
}

/* Under RCU: on which way through the stack, and from anywhere unless that is told. */
void simseg_nl_flow_place(struct simseg_net *sn, struct simseg_pkt *pkt)
{
	if (simseg_is_self(sn->net, &pkt->dst))
		pkt->hook = SIMSEG_HOOK_INPUT;
	else if (simseg_is_self(sn->net, &pkt->src))
		pkt->hook = SIMSEG_HOOK_OUTPUT;
	else
		pkt->hook = SIMSEG_HOOK_FORWARD;
	if (pkt->hook != SIMSEG_HOOK_OUTPUT)
		pkt->flags |= SIMSEG_PKT_ANY_IIF;
	pkt->tcp_flags = 0x02;	/* SYN: the first packet of a flow */
	pkt->packets = 1;
}

/* Under RCU: asks as if the packet came, but opens and counts nothing. */
static int simseg_nl_explain(struct sk_buff *skb, struct genl_info *info, struct simseg_pkt *pkt,
			     u32 ifindex)
{
	struct simseg_net *sn = simseg_net(genl_info_net(info));
	struct simseg_result res = {};

	simseg_nl_flow_place(sn, pkt);
	if (ifindex) {
		pkt->flags &= ~SIMSEG_PKT_ANY_IIF;
		pkt->in = dev_get_by_index_rcu(sn->net, ifindex);
		if (!pkt->in) {
			NL_SET_ERR_MSG_MOD(info->extack, "there is no interface of this index");
			return -ENODEV;
		}
	}
	pkt->flags |= SIMSEG_PKT_DRY;
	simseg_judge(sn, pkt, &res);
	return simseg_nl_put_result(skb, sn, &res);
}

int simseg_nl_explain_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct simseg_pkt pkt;
	struct sk_buff *reply;
	u32 ifindex;
	void *hdr;
	int err;

	err = simseg_nl_flow(info, &pkt, &ifindex);
	if (err)
		return err;
	reply = simseg_nl_reply(info, GENLMSG_DEFAULT_SIZE, &hdr);
	if (!reply)
		return -ENOMEM;
	rcu_read_lock();
	err = simseg_nl_explain(reply, info, &pkt, ifindex);
	rcu_read_unlock();
	if (err) {
		nlmsg_free(reply);
		return err;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}
