// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink: an upload is put in force, for good or on trial.
 */
#include <linux/slab.h>

#include "netlink.h"

/* The connection that must not be cut, as the packet that would open it. */
static int simseg_nl_keep(struct genl_info *info, struct simseg_pkt *pkt)
{
	u32 ifindex;
	int err;

	err = simseg_nl_flow(info, pkt, &ifindex);
	if (err)
		return err;
	if (ifindex) {
		simseg_nl_refuse(info->extack, info->attrs[SIMSEG_A_FLOW],
				 "where this flow arrives is not asked here: leave IFINDEX out");
		return -EINVAL;
	}
	rcu_read_lock();
	simseg_nl_flow_place(simseg_net(genl_info_net(info)), pkt);
	rcu_read_unlock();
	return 0;
}

/* @commit->open is to be freed with kvfree(); @keep has to last as long. */
static int simseg_nl_commit_read(struct genl_info *info, struct simseg_commit *commit,
				 struct simseg_pkt *keep)
{
	struct simseg_prefix *open = NULL;
	int err;

	memset(commit, 0, sizeof(*commit));
	if (info->attrs[SIMSEG_A_FLAGS])
		commit->flags = nla_get_u32(info->attrs[SIMSEG_A_FLAGS]);
	err = simseg_nl_duration(info, &commit->duration);
	if (!err && info->attrs[SIMSEG_A_FLOW]) {
		err = simseg_nl_keep(info, keep);
		commit->keep = keep;
	}
	if (!err)
		err = simseg_nl_prefixes(genlmsg_data(info->genlhdr), genlmsg_len(info->genlhdr),
					 SIMSEG_A_OPEN_POOL, SIMSEG_POOLS_MAX, &open,
					 &commit->nopen, info->extack);
	commit->open = open;
	return err;
}

static int simseg_nl_commit(struct simseg_nl_change *change, const struct simseg_commit *commit)
{
	struct simseg_net *sn = change->sn;
	struct simseg_upload *up;
	int err = 0;

	up = simseg_nl_upload(sn, change->info, &err);
	if (err)
		return err;
	return simseg_upload_commit(sn, up, commit, &change->receipt, change->info->extack);
}

int simseg_nl_ruleset_commit_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct simseg_nl_change change;
	struct simseg_commit commit;
	struct simseg_pkt keep;
	int err;

	err = simseg_nl_commit_read(info, &commit, &keep);
	if (!err)
		err = simseg_nl_begin(&change, info);
	if (!err) {
		err = simseg_nl_commit(&change, &commit);
		if (commit.flags & SIMSEG_COMMIT_DRY)
			simseg_nl_quiet(&change);
		err = simseg_nl_end_receipt(&change, err);
	}
	kvfree(commit.open);
	return err;
}

int simseg_nl_confirm_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct simseg_nl_change change;
	int err = simseg_nl_begin(&change, info);

	if (err)
		return err;
	return simseg_nl_end(&change, simseg_trial_confirm(change.sn, info->extack));
}

int simseg_nl_revert_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct simseg_nl_change change;
	int err = simseg_nl_begin(&change, info);

	if (err)
		return err;
	err = simseg_trial_revert(change.sn, &change.receipt, info->extack);
	return simseg_nl_end_receipt(&change, err);
}
