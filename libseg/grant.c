// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Grants: list, make, revoke
 */
#include "handle.h"

struct seg_grant_call {
	seg_grant_cb cb;
	void *arg;
};

static int seg_reply_grant(struct seg_handle *h, struct nlmsghdr *nlh, struct nlattr **tb,
			   void *arg)
{
	const struct seg_grant_call *call = arg;
	struct seg_grant grant = { 0 };
	int err;

	err = seg_get_arrays(h, nlh);
	if (err)
		return err;
	if (!tb[SIMSEG_A_GRANT] || !tb[SIMSEG_A_ICCID] || !tb[SIMSEG_A_ACTOR] ||
	    !tb[SIMSEG_A_REASON] || !tb[SIMSEG_A_TICKET] || h->scratch.n_rules != 1)
		return seg_fail(h, -EBADMSG, "the kernel's grant cannot be parsed", NULL);
	grant.id = seg_get_u32(tb[SIMSEG_A_GRANT]);
	grant.iccid = seg_get_string(tb[SIMSEG_A_ICCID]);
	grant.rule = h->scratch.rules;
	grant.ifname = seg_get_string(tb[SIMSEG_A_IFNAME]);
	grant.actor = seg_get_string(tb[SIMSEG_A_ACTOR]);
	grant.reason = seg_get_string(tb[SIMSEG_A_REASON]);
	grant.ticket = seg_get_string(tb[SIMSEG_A_TICKET]);
	grant.uid = seg_get_u32(tb[SIMSEG_A_UID]);
	grant.duration = seg_get_u64(tb[SIMSEG_A_DURATION]);
	grant.sessions = seg_get_u32(tb[SIMSEG_A_COUNT]);
	return call->cb(&grant, call->arg);
}

int seg_grant_list(struct seg_handle *h, const char *iccid, seg_grant_cb cb, void *arg)
{
	struct seg_grant_call call = { .cb = cb, .arg = arg };
	int err = seg_msg_read(h, SIMSEG_CMD_GRANT_GET);

	if (err)
		return err;
	if (iccid)
		seg_put_string(h, SIMSEG_A_ICCID, iccid);
	return seg_dump(h, seg_reply_grant, &call);
}

static int seg_reply_id(struct seg_handle *h, struct nlmsghdr *nlh, struct nlattr **tb, void *arg)
{
	uint32_t *id = arg;

	(void)h;
	(void)nlh;
	if (id)
		*id = seg_get_u32(tb[SIMSEG_A_GRANT]);
	return 0;
}

int seg_grant_new(struct seg_handle *h, const struct seg_grant *grant, uint32_t *id)
{
	int err = seg_msg_change(h, SIMSEG_CMD_GRANT_NEW);

	if (err)
		return err;
	seg_put_string(h, SIMSEG_A_ICCID, grant->iccid);
	seg_put_rule(h, grant->rule);
	if (grant->ifname)
		seg_put_string(h, SIMSEG_A_IFNAME, grant->ifname);
	if (grant->duration)
		seg_put_u64(h, SIMSEG_A_DURATION, grant->duration);
	if (grant->flags)
		seg_put_u32(h, SIMSEG_A_FLAGS, grant->flags);
	return seg_talk(h, seg_reply_id, id);
}

struct seg_revoke_call {
	seg_revoked_cb cb;
	void *arg;
	struct seg_receipt *receipt;
};

static int seg_reply_revoked(struct seg_handle *h, struct nlmsghdr *nlh, struct nlattr **tb,
			     void *arg)
{
	const struct seg_revoke_call *call = arg;
	struct nlattr *nla;
	int rest, err = 0;

	nlmsg_for_each_attr(nla, nlh, GENL_HDRLEN, rest)
	{
		if (call->cb && !err && nla_type(nla) == SIMSEG_A_GRANT)
			err = call->cb(nla_get_u32(nla), call->arg);
	}
	return err ? err : seg_reply_receipt(h, nlh, tb, call->receipt);
}

int seg_grant_del(struct seg_handle *h, const struct seg_revoke *which, seg_revoked_cb cb,
		  void *arg, struct seg_receipt *receipt)
{
	struct seg_revoke_call call = { .cb = cb, .arg = arg, .receipt = receipt };
	int err = seg_msg_change(h, SIMSEG_CMD_GRANT_DEL);

	if (receipt)
		memset(receipt, 0, sizeof(*receipt));
	if (err)
		return err;
	if (which->id)
		seg_put_u32(h, SIMSEG_A_GRANT, which->id);
	if (which->actor)
		seg_put_string(h, SIMSEG_A_OF_ACTOR, which->actor);
	if (which->ticket)
		seg_put_string(h, SIMSEG_A_OF_TICKET, which->ticket);
	return seg_talk(h, seg_reply_revoked, &call);
}
