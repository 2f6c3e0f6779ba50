// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink: grants.
 */
#include "netlink.h"

static int simseg_nl_grant_ifname(struct genl_info *info, char *ifname)
{
	const struct nlattr *attr = info->attrs[SIMSEG_A_IFNAME];

	ifname[0] = '\0';
	if (!attr)
		return 0;
	nla_strscpy(ifname, attr, IFNAMSIZ);
	if (simseg_ifname_valid(ifname))
		return 0;
	simseg_nl_refuse(info->extack, attr, "not an interface name, or one that ends in *");
	return -EINVAL;
}

/* Of the flags there is one that a grant may have. */
static int simseg_nl_grant_flags(struct genl_info *info, bool *restore)
{
	const struct nlattr *attr = info->attrs[SIMSEG_A_FLAGS];
	u32 flags = attr ? nla_get_u32(attr) : 0;

	*restore = flags & SIMSEG_COMMIT_RESTORE;
	if (!(flags & ~SIMSEG_COMMIT_RESTORE))
		return 0;
	simseg_nl_refuse(info->extack, attr, "the one flag of a grant is RESTORE");
	return -EINVAL;
}

static int simseg_nl_grant_request(struct genl_info *info, struct simseg_grant_request *request)
{
	int err;

	memset(request, 0, sizeof(*request));
	err = simseg_nl_need(info, SIMSEG_A_ICCID);
	if (!err)
		err = simseg_nl_iccid(info->attrs[SIMSEG_A_ICCID], request->iccid, info->extack);
	if (!err)
		err = simseg_nl_grant_ifname(info, request->ifname);
	if (!err)
		err = simseg_nl_duration(info, &request->duration);
	if (!err)
		err = simseg_nl_grant_flags(info, &request->restore);
	return err ? err : simseg_nl_rules(genlmsg_data(info->genlhdr), genlmsg_len(info->genlhdr),
					   1, &request->rules, &request->nrules, info->extack);
}

/* Ends a grant's request: its answer has the new number. */
static int simseg_nl_grant_end(struct simseg_nl_change *change, int err, u32 id)
{
	if (!err) {
		simseg_nl_log_append(change->log, " grant %u", id);
		nla_put_u32(change->reply, SIMSEG_A_GRANT, id);	/* into an empty message */
	}
	return simseg_nl_end(change, err);
}

int simseg_nl_grant_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct simseg_grant_request request;
	struct simseg_nl_change change;
	u32 id = 0;
	int err;

	err = simseg_nl_grant_request(info, &request);
	if (err)
		return err;
	err = simseg_nl_begin(&change, info);
	if (!err) {
		err = simseg_grant_new(change.sn, &request, &change.who, &id, info->extack);
		err = simseg_nl_grant_end(&change, err, id);
	}
	simseg_rule_specs_free(request.rules, request.nrules);
	return err;
}

static int simseg_nl_grant_filter(struct genl_info *info, struct simseg_grant_filter *filter)
{
	const struct nlattr *id = info->attrs[SIMSEG_A_GRANT];
	const struct nlattr *actor = info->attrs[SIMSEG_A_OF_ACTOR];
	const struct nlattr *ticket = info->attrs[SIMSEG_A_OF_TICKET];

	if (!!id + !!actor + !!ticket != 1) {
		NL_SET_ERR_MSG_MOD(info->extack,
				   "say which grants: one of GRANT, OF_ACTOR and OF_TICKET");
		return -EINVAL;
	}
	filter->id = id ? nla_get_u32(id) : 0;
	filter->actor = actor ? nla_data(actor) : NULL;
	filter->ticket = ticket ? nla_data(ticket) : NULL;
	return 0;
}

/* Names in the reply what will be revoked: it is made as large as that takes. */
static int simseg_nl_put_revoked(struct simseg_nl_change *change,
				 const struct simseg_grant_filter *filter)
{
	struct simseg_grant *grant;
	struct sk_buff *reply;
	unsigned long id;
	size_t size;
	u32 n = 0;

	xa_for_each(&change->sn->grants, id, grant)
		n += simseg_grant_fits(grant, filter);
	size = GENLMSG_DEFAULT_SIZE + n * nla_total_size(sizeof(u32));
	reply = simseg_nl_reply(change->info, size, &change->hdr);
	if (!reply)
		return -ENOMEM;
	if (!filter->id)
		simseg_nl_log_append(change->log, ", grants: %u", n);
	nlmsg_free(change->reply);
	change->reply = reply;
	xa_for_each(&change->sn->grants, id, grant) {
		if (simseg_grant_fits(grant, filter) &&
		    nla_put_u32(reply, SIMSEG_A_GRANT, grant->id))
			return -EMSGSIZE;
	}
	return 0;
}

int simseg_nl_grant_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct simseg_grant_filter filter;
	struct simseg_nl_change change;
	int err;

	err = simseg_nl_grant_filter(info, &filter);
	if (!err)
		err = simseg_nl_begin(&change, info);
	if (err)
		return err;
	err = simseg_nl_put_revoked(&change, &filter);
	if (!err)
		err = simseg_grant_revoke(change.sn, &filter, &change.receipt, info->extack);
	return simseg_nl_end_receipt(&change, err);
}

static int simseg_nl_put_grant(struct sk_buff *skb, struct simseg_net *sn,
			       const struct simseg_grant *grant)
{
	if (nla_put_u32(skb, SIMSEG_A_GRANT, grant->id) ||
	    simseg_nl_put_iccid(skb, SIMSEG_A_ICCID, grant->device) ||
	    !simseg_nl_put_rules(skb, sn, grant->policy, 0) ||
	    (grant->ifname[0] && nla_put_string(skb, SIMSEG_A_IFNAME, grant->ifname)) ||
	    nla_put_string(skb, SIMSEG_A_ACTOR, grant->actor) ||
	    nla_put_string(skb, SIMSEG_A_REASON, grant->reason) ||
	    nla_put_string(skb, SIMSEG_A_TICKET, grant->ticket) ||
	    nla_put_u32(skb, SIMSEG_A_UID, grant->uid) ||
	    nla_put_u32(skb, SIMSEG_A_COUNT, atomic_read(&grant->sessions)) ||
	    nla_put_u64_64bit(skb, SIMSEG_A_DURATION, simseg_deadline_left(&grant->deadline),
			      SIMSEG_A_PAD))
		return -EMSGSIZE;
	return 0;
}

/* Where a dump of grants stands. */
struct simseg_nl_grants {
	unsigned long id;
	bool filter;
	bool checked;
	u8 iccid[SIMSEG_ICCID_BCD];
};

static struct simseg_nl_grants *simseg_nl_grants(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct simseg_nl_grants) > sizeof(cb->ctx));
	return (struct simseg_nl_grants *)cb->ctx;
}

static int simseg_nl_grants_check(struct netlink_callback *cb)
{
	struct simseg_nl_grants *at = simseg_nl_grants(cb);
	int err = simseg_nl_dump_iccid(cb, at->iccid);

	at->filter = err > 0;
	return min(err, 0);
}

int simseg_nl_grant_get_start(struct netlink_callback *cb)
{
	return simseg_nl_dump_check(cb, &simseg_nl_grants(cb)->checked, simseg_nl_grants_check);
}

static int simseg_nl_dump_grant(struct sk_buff *skb, struct netlink_callback *cb,
				struct simseg_net *sn, const struct simseg_grant *grant)
{
	void *hdr = simseg_nl_dump_put(skb, cb, sn, SIMSEG_CMD_GRANT_GET);

	if (!hdr)
		return -EMSGSIZE;
	if (simseg_nl_put_grant(skb, sn, grant)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

int simseg_nl_grant_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct simseg_net *sn = simseg_net(sock_net(cb->skb->sk));
	struct simseg_nl_grants *at = simseg_nl_grants(cb);
	const struct simseg_grant *grant;
	unsigned long id;
	int err;

	err = simseg_nl_dump_check(cb, &at->checked, simseg_nl_grants_check);
	if (err)
		return err;
	mutex_lock(&sn->lock);
	xa_for_each_start(&sn->grants, id, grant, at->id) {
		if (at->filter && memcmp(grant->device->iccid, at->iccid, sizeof(at->iccid)))
			continue;
		if (simseg_nl_dump_grant(skb, cb, sn, grant))
			break;
		at->id = id + 1;
	}
	mutex_unlock(&sn->lock);
	return skb->len;
}
