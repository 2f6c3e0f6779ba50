// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink: a ruleset's upload, piece by piece, and what is in force of it.
 */
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "netlink.h"

static struct simseg_ruleset *simseg_nl_ruleset(struct simseg_net *sn)
{
	return rcu_dereference_protected(sn->ruleset, lockdep_is_held(&sn->lock));
}

int simseg_nl_ruleset_begin_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct simseg_net *sn = simseg_net(genl_info_net(info));
	struct simseg_who who;
	int err;

	err = simseg_nl_who(info, &who);
	if (!err)
		err = simseg_nl_need(info, SIMSEG_A_GENERATION);
	if (err)
		return err;
	mutex_lock(&sn->lock);
	err = simseg_upload_begin(sn, info->snd_portid,
				  nla_get_u32(info->attrs[SIMSEG_A_GENERATION]), info->extack);
	mutex_unlock(&sn->lock);
	return err;
}

/* The upload of this socket; that there is none is an error unless there is another one. */
struct simseg_upload *simseg_nl_upload(struct simseg_net *sn, struct genl_info *info, int *err)
{
	struct simseg_upload *up = simseg_upload_find(sn, info->snd_portid);

	if (!up && !*err) {
		NL_SET_ERR_MSG_MOD(info->extack, "no upload on this socket: RULESET_BEGIN first");
		*err = -ENOENT;
	}
	return up;
}

/* What a message brings, in one form for every kind of piece. */
struct simseg_nl_piece {
	const char *name;
	bool observe;
	u32 n;
	struct simseg_prefix *prefixes;
	struct simseg_rule_spec *rules;
	struct nlattr *settings[SIMSEG_A_SETTING_MAX + 1];
};

typedef int simseg_nl_piece_add(struct simseg_net *sn, struct simseg_upload *up,
				struct simseg_nl_piece *piece, struct netlink_ext_ack *extack);

/*
 * @err: what is wrong with the message already. A piece that is refused, for whatever
 * reason, breaks its upload. None changes what is in force: no event, no receipt.
 */
static int simseg_nl_piece(struct genl_info *info, struct simseg_nl_piece *piece,
			   simseg_nl_piece_add *add, int err)
{
	struct simseg_net *sn = simseg_net(genl_info_net(info));
	struct simseg_upload *up;
	struct simseg_who who;

	if (!err)
		err = simseg_nl_who(info, &who);
	mutex_lock(&sn->lock);
	up = simseg_nl_upload(sn, info, &err);
	if (!err)
		err = add(sn, up, piece, info->extack);
	if (err && up)
		simseg_upload_break(up);
	mutex_unlock(&sn->lock);
	return err;
}

static int simseg_nl_piece_name(struct genl_info *info, int type, struct simseg_nl_piece *piece)
{
	int err = simseg_nl_need(info, type);

	if (err)
		return err;
	piece->name = nla_data(info->attrs[type]);
	return simseg_nl_name(info->attrs[type], info->extack);
}

static int simseg_nl_piece_prefixes(struct genl_info *info, u32 max, struct simseg_nl_piece *piece)
{
	return simseg_nl_prefixes(genlmsg_data(info->genlhdr), genlmsg_len(info->genlhdr),
				  SIMSEG_A_PREFIX, max, &piece->prefixes, &piece->n,
				  info->extack);
}

static int simseg_nl_add_pools(struct simseg_net *sn, struct simseg_upload *up,
			       struct simseg_nl_piece *piece, struct netlink_ext_ack *extack)
{
	return simseg_upload_pools(up, piece->prefixes, piece->n, extack);
}

int simseg_nl_ruleset_pool_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct simseg_nl_piece piece = {};
	int err = simseg_nl_piece_prefixes(info, SIMSEG_POOLS_MAX, &piece);

	err = simseg_nl_piece(info, &piece, simseg_nl_add_pools, err);
	kvfree(piece.prefixes);
	return err;
}

static int simseg_nl_add_failsafe(struct simseg_net *sn, struct simseg_upload *up,
				  struct simseg_nl_piece *piece, struct netlink_ext_ack *extack)
{
	return simseg_upload_failsafe(up, piece->prefixes, piece->n, extack);
}

int simseg_nl_ruleset_failsafe_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct simseg_nl_piece piece = {};
	int err = simseg_nl_piece_prefixes(info, SIMSEG_FAILSAFE_MAX, &piece);

	err = simseg_nl_piece(info, &piece, simseg_nl_add_failsafe, err);
	kvfree(piece.prefixes);
	return err;
}

static int simseg_nl_add_peers(struct simseg_net *sn, struct simseg_upload *up,
			       struct simseg_nl_piece *piece, struct netlink_ext_ack *extack)
{
	return simseg_upload_peers(sn, up, piece->name, piece->prefixes, piece->n, extack);
}

int simseg_nl_ruleset_peer_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct simseg_nl_piece piece = {};
	int err = simseg_nl_piece_name(info, SIMSEG_A_PEER, &piece);

	if (!err)
		err = simseg_nl_piece_prefixes(info, SIMSEG_PEERS_MAX, &piece);
	err = simseg_nl_piece(info, &piece, simseg_nl_add_peers, err);
	kvfree(piece.prefixes);
	return err;
}

static int simseg_nl_add_policy(struct simseg_net *sn, struct simseg_upload *up,
				struct simseg_nl_piece *piece, struct netlink_ext_ack *extack)
{
	return simseg_upload_policy(sn, up, piece->name, piece->observe, piece->rules, piece->n,
				    extack);
}

int simseg_nl_ruleset_policy_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct simseg_nl_piece piece = {};
	int err = simseg_nl_piece_name(info, SIMSEG_A_POLICY, &piece);

	piece.observe = nla_get_flag(info->attrs[SIMSEG_A_OBSERVE]);
	if (!err)
		err = simseg_nl_rules(genlmsg_data(info->genlhdr), genlmsg_len(info->genlhdr),
				      SIMSEG_RULES_MAX, &piece.rules, &piece.n, info->extack);
	err = simseg_nl_piece(info, &piece, simseg_nl_add_policy, err);
	simseg_rule_specs_free(piece.rules, piece.n);
	return err;
}

static int simseg_nl_add_settings(struct simseg_net *sn, struct simseg_upload *up,
				  struct simseg_nl_piece *piece, struct netlink_ext_ack *extack)
{
	u32 setting;
	int err;

	for (setting = 1; setting <= SIMSEG_A_SETTING_MAX; setting++) {
		const struct nlattr *attr = piece->settings[setting];

		if (!attr)
			continue;
		err = simseg_upload_setting(up, setting, nla_get_u32(attr), extack);
		if (err) {
			NL_SET_BAD_ATTR(extack, attr);
			return err;
		}
	}
	return 0;
}

int simseg_nl_ruleset_setting_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct simseg_nl_piece piece = {};
	int err = simseg_nl_need(info, SIMSEG_A_SETTING);

	if (!err)
		err = nla_parse_nested(piece.settings, SIMSEG_A_SETTING_MAX,
				       info->attrs[SIMSEG_A_SETTING], simseg_setting_nl_policy,
				       info->extack);
	return simseg_nl_piece(info, &piece, simseg_nl_add_settings, err);
}

int simseg_nl_ruleset_abort_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct simseg_net *sn = simseg_net(genl_info_net(info));
	struct simseg_upload *up;
	struct simseg_who who;
	int err;

	err = simseg_nl_who(info, &who);
	if (err)
		return err;
	mutex_lock(&sn->lock);
	up = simseg_nl_upload(sn, info, &err);
	if (up)
		simseg_upload_free(sn, up);
	mutex_unlock(&sn->lock);
	return err;
}

static int simseg_nl_peer_change(struct genl_info *info, bool add)
{
	struct simseg_nl_piece piece = {};
	struct simseg_nl_change change;
	u64 duration = 0;
	int err;

	err = simseg_nl_piece_name(info, SIMSEG_A_PEER, &piece);
	if (!err && add)
		err = simseg_nl_need(info, SIMSEG_A_PREFIX);
	if (!err && add)
		err = simseg_nl_duration(info, &duration);
	if (!err)
		err = simseg_nl_piece_prefixes(info, SIMSEG_PEERS_MAX, &piece);
	if (!err)
		err = simseg_nl_begin(&change, info);
	if (err)
		goto out;
	if (add)
		err = simseg_peer_add(change.sn, piece.name, piece.prefixes, piece.n, duration,
				      info->extack);
	else
		err = simseg_peer_del(change.sn, piece.name, piece.prefixes, piece.n,
				      info->extack);
	err = simseg_nl_end(&change, err);
out:
	kvfree(piece.prefixes);
	return err;
}

int simseg_nl_peer_add_doit(struct sk_buff *skb, struct genl_info *info)
{
	return simseg_nl_peer_change(info, true);
}

int simseg_nl_peer_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	return simseg_nl_peer_change(info, false);
}

/* Where a dump of pools, policies or peer sets stands. */
struct simseg_nl_walk {
	u32 only;	/* number of the one name that was asked for, or 0 */
	u32 object;
	u32 part;	/* rule or prefix of that object that comes next */
	bool checked;
};

static struct simseg_nl_walk *simseg_nl_walk(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct simseg_nl_walk) > sizeof(cb->ctx));
	return (struct simseg_nl_walk *)cb->ctx;
}

static int simseg_nl_walk_only(struct netlink_callback *cb, int type, struct simseg_names *names)
{
	const struct nlattr *attr = simseg_dump_attrs(cb)[type];

	if (!attr)
		return 0;
	simseg_nl_walk(cb)->only = simseg_name_find(names, nla_data(attr));
	if (simseg_nl_walk(cb)->only)
		return 0;
	simseg_nl_refuse(cb->extack, attr, "there is nothing of this name");
	return -ENOENT;
}

static int simseg_nl_policy_check(struct netlink_callback *cb)
{
	struct simseg_net *sn = simseg_net(sock_net(cb->skb->sk));
	const struct simseg_ruleset *rs;
	u32 id;
	int err;

	mutex_lock(&sn->lock);
	err = simseg_nl_walk_only(cb, SIMSEG_A_POLICY, &sn->policy_names);
	rs = simseg_nl_ruleset(sn);
	id = simseg_nl_walk(cb)->only;
	if (id && (id >= rs->policy_slots || !rs->policies[id])) {
		NL_SET_ERR_MSG_MOD(cb->extack, "devices name this policy, but it does not exist");
		err = -ENOENT;
	}
	mutex_unlock(&sn->lock);
	return err;
}

int simseg_nl_policy_get_start(struct netlink_callback *cb)
{
	return simseg_nl_dump_check(cb, &simseg_nl_walk(cb)->checked, simseg_nl_policy_check);
}

static int simseg_nl_peer_check(struct netlink_callback *cb)
{
	struct simseg_net *sn = simseg_net(sock_net(cb->skb->sk));
	u32 id;
	int err;

	mutex_lock(&sn->lock);
	err = simseg_nl_walk_only(cb, SIMSEG_A_PEER, &sn->peer_names);
	id = simseg_nl_walk(cb)->only;
	if (id && !simseg_peerset_find(simseg_nl_ruleset(sn), id)) {
		NL_SET_ERR_MSG_MOD(cb->extack, "there is no peer set of this name");
		err = -ENOENT;
	}
	mutex_unlock(&sn->lock);
	return err;
}

int simseg_nl_peer_get_start(struct netlink_callback *cb)
{
	return simseg_nl_dump_check(cb, &simseg_nl_walk(cb)->checked, simseg_nl_peer_check);
}

static bool simseg_nl_dump_pool(struct sk_buff *skb, struct netlink_callback *cb,
				struct simseg_net *sn, const struct simseg_prefix *prefix,
				bool failsafe)
{
	void *hdr = simseg_nl_dump_put(skb, cb, sn, SIMSEG_CMD_POOL_GET);

	if (!hdr)
		return false;
	if (nla_put(skb, SIMSEG_A_PREFIX, sizeof(*prefix), prefix) ||
	    (failsafe && nla_put_flag(skb, SIMSEG_A_FAILSAFE))) {
		genlmsg_cancel(skb, hdr);
		return false;
	}
	genlmsg_end(skb, hdr);
	return true;
}

int simseg_nl_pool_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct simseg_net *sn = simseg_net(sock_net(cb->skb->sk));
	struct simseg_nl_walk *walk = simseg_nl_walk(cb);
	const struct simseg_ruleset *rs;

	mutex_lock(&sn->lock);
	rs = simseg_nl_ruleset(sn);
	for (; walk->object < rs->npools + rs->nfailsafe; walk->object++) {
		bool failsafe = walk->object >= rs->npools;
		const struct simseg_prefix *prefix = failsafe ?
			&rs->failsafe[walk->object - rs->npools] : &rs->pool[walk->object];

		if (!simseg_nl_dump_pool(skb, cb, sn, prefix, failsafe))
			break;
	}
	mutex_unlock(&sn->lock);
	return skb->len;
}

/* Puts rules from @part on, as many as fit; true if they were the last ones. */
static bool simseg_nl_dump_policy(struct sk_buff *skb, struct netlink_callback *cb,
				  struct simseg_net *sn, const struct simseg_policy *policy,
				  u32 *part)
{
	void *hdr = simseg_nl_dump_put(skb, cb, sn, SIMSEG_CMD_POLICY_GET);
	u32 next;

	if (!hdr)
		return false;
	if (nla_put_string(skb, SIMSEG_A_POLICY, policy->name) ||
	    nla_put_u32(skb, SIMSEG_A_ID, policy->id) ||
	    nla_put_u32(skb, SIMSEG_A_COUNT, policy->nrules) ||
	    (policy->observe && nla_put_flag(skb, SIMSEG_A_OBSERVE)))
		goto cancel;
	next = simseg_nl_put_rules(skb, sn, policy, *part);
	if (next == *part && next < policy->nrules)
		goto cancel;
	*part = next;
	genlmsg_end(skb, hdr);
	return next >= policy->nrules;
cancel:
	genlmsg_cancel(skb, hdr);
	return false;
}

int simseg_nl_policy_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct simseg_net *sn = simseg_net(sock_net(cb->skb->sk));
	struct simseg_nl_walk *walk = simseg_nl_walk(cb);
	const struct simseg_policy *policy;
	const struct simseg_ruleset *rs;
	int err;

	err = simseg_nl_dump_check(cb, &walk->checked, simseg_nl_policy_check);
	if (err)
		return err;
	mutex_lock(&sn->lock);
	rs = simseg_nl_ruleset(sn);
	for (; walk->object < rs->policy_slots; walk->object++, walk->part = 0) {
		policy = rs->policies[walk->object];
		if (!policy || (walk->only && walk->only != walk->object))
			continue;
		if (!simseg_nl_dump_policy(skb, cb, sn, policy, &walk->part))
			break;
	}
	mutex_unlock(&sn->lock);
	return skb->len;
}

/* A prefix, with what is left of its time if it has a deadline. */
static int simseg_nl_put_element(struct sk_buff *skb, const struct simseg_peerset *ps, u32 i,
				 u64 now)
{
	u64 until = ps->until ? ps->until[i] : 0;
	struct nlattr *nest;

	if (!until)
		return nla_put(skb, SIMSEG_A_PREFIX, sizeof(ps->prefixes[i]), &ps->prefixes[i]);
	nest = nla_nest_start(skb, SIMSEG_A_ELEMENT);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put(skb, SIMSEG_A_ELEMENT_PREFIX, sizeof(ps->prefixes[i]), &ps->prefixes[i]) ||
	    nla_put_u64_64bit(skb, SIMSEG_A_ELEMENT_DURATION, until > now ? until - now : 1,
			      SIMSEG_A_ELEMENT_PAD)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static bool simseg_nl_dump_peerset(struct sk_buff *skb, struct netlink_callback *cb,
				   struct simseg_net *sn, const struct simseg_peerset *ps,
				   u32 *part)
{
	void *hdr = simseg_nl_dump_put(skb, cb, sn, SIMSEG_CMD_PEER_GET);
	const char *name = simseg_name_of(&sn->peer_names, ps->id);
	u64 now = ktime_get_boottime_ns();
	u32 next = *part;

	if (!hdr)
		return false;
	if (!name || nla_put_string(skb, SIMSEG_A_PEER, name) ||
	    nla_put_u32(skb, SIMSEG_A_COUNT, ps->nprefixes))
		goto cancel;
	while (next < ps->nprefixes && !simseg_nl_put_element(skb, ps, next, now))
		next++;
	if (next == *part && next < ps->nprefixes)
		goto cancel;
	*part = next;
	genlmsg_end(skb, hdr);
	return next >= ps->nprefixes;
cancel:
	genlmsg_cancel(skb, hdr);
	return false;
}

int simseg_nl_peer_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct simseg_net *sn = simseg_net(sock_net(cb->skb->sk));
	struct simseg_nl_walk *walk = simseg_nl_walk(cb);
	const struct simseg_peerset *ps;
	const struct simseg_ruleset *rs;
	int err;

	err = simseg_nl_dump_check(cb, &walk->checked, simseg_nl_peer_check);
	if (err)
		return err;
	mutex_lock(&sn->lock);
	rs = simseg_nl_ruleset(sn);
	for (; walk->object < rs->npeersets; walk->object++, walk->part = 0) {
		ps = &rs->peersets[walk->object];
		if (walk->only && walk->only != ps->id)
			continue;
		if (!simseg_nl_dump_peerset(skb, cb, sn, ps, &walk->part))
			break;
	}
	mutex_unlock(&sn->lock);
	return skb->len;
}
