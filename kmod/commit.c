// SPDX-License-Identifier: GPL-2.0-only
/*
 * An upload is checked whole, and put in force in one step or not at all.
 */
#include <linux/slab.h>

#include "upload.h"

static u32 simseg_drafts_slots(const struct list_head *drafts)
{
	const struct simseg_draft *draft;
	u32 slots = 0;

	list_for_each_entry(draft, drafts, list)
		slots = max(slots, draft->id + 1);
	return slots;
}

static int simseg_upload_build_sets(struct simseg_net *sn, struct simseg_upload *up,
				    struct simseg_ruleset *rs)
{
	struct simseg_draft *draft;
	struct simseg_addrset *set;

	rs->peersets = kvcalloc(max(up->npeersets, 1U), sizeof(*rs->peersets), GFP_KERNEL_ACCOUNT);
	if (!rs->peersets)
		return -ENOMEM;
	list_for_each_entry(draft, &up->peersets, list) {
		struct simseg_peerset *ps = &rs->peersets[rs->npeersets];

		draft->n = simseg_prefixes_unique(draft->prefixes, draft->n);
		set = simseg_addrset_build(draft->prefixes, draft->n);
		if (!set)
			return -ENOMEM;
		RCU_INIT_POINTER(rs->sets->set[draft->id], set);
		ps->id = draft->id;
		ps->prefixes = draft->prefixes;
		ps->nprefixes = draft->n;
		draft->prefixes = NULL;
		simseg_name_hold(&sn->peer_names, ps->id);
		rs->npeersets++;
	}
	return 0;
}

static int simseg_upload_build_policies(struct simseg_net *sn, struct simseg_upload *up,
					struct simseg_ruleset *rs, struct netlink_ext_ack *extack)
{
	struct simseg_policy *policy;
	struct simseg_draft *draft;
	u32 i;

	list_for_each_entry(draft, &up->policies, list) {
		for (i = 0; i < draft->n; i++) {
			u32 id = draft->rules[i].kind == SIMSEG_PEER_SET ?
				 simseg_name_find(&sn->peer_names, draft->rules[i].peer) : 0;

			if (draft->rules[i].kind == SIMSEG_PEER_SET &&
			    !simseg_peerset_find(rs, id)) {
				NL_SET_ERR_MSG_MOD(extack,
						   "a rule names a peer set that the upload does not have");
				return -ENOENT;
			}
		}
		policy = simseg_policy_build(sn, draft->id,
					     simseg_name_of(&sn->policy_names, draft->id),
					     draft->observe,
					     draft->rules, draft->n, extack);
		if (IS_ERR(policy))
			return PTR_ERR(policy);
		rs->policies[draft->id] = policy;
		rs->npolicies++;
		cond_resched();
	}
	return 0;
}

/* What was collected, as a ruleset that could be put in force. */
static struct simseg_ruleset *simseg_upload_build(struct simseg_net *sn, struct simseg_upload *up,
						  struct netlink_ext_ack *extack)
{
	struct simseg_addrset *pools = simseg_addrset_build(up->pool, up->npools);
	struct simseg_ruleset *rs;
	int err = -ENOMEM;
	u32 i;

	rs = simseg_ruleset_alloc(simseg_drafts_slots(&up->policies),
				  simseg_drafts_slots(&up->peersets));
	if (!rs || !pools)
		goto fail;
	swap(rs->pools, pools);
	kvfree(pools);
	pools = NULL;
	rs->pool = simseg_prefixes_dup(up->pool, up->npools);
	rs->failsafe = simseg_prefixes_dup(up->failsafe, up->nfailsafe);
	if ((up->npools && !rs->pool) || (up->nfailsafe && !rs->failsafe))
		goto fail;
	/* sorted: the order in which they come means nothing */
	rs->npools = simseg_prefixes_unique(rs->pool, up->npools);
	rs->nfailsafe = simseg_prefixes_unique(rs->failsafe, up->nfailsafe);
	for (i = 0; i < SIMSEG_SETTINGS; i++) {
		if (up->settings[i] != U32_MAX)
			rs->settings[i] = up->settings[i];
	}
	err = simseg_upload_build_sets(sn, up, rs);
	if (!err)
		err = simseg_upload_build_policies(sn, up, rs, extack);
	if (err)
		goto fail;
	simseg_ruleset_hash(sn, rs);
	return rs;
fail:
	kvfree(pools);
	if (rs)
		simseg_ruleset_free(sn, rs);
	return ERR_PTR(err);
}

static bool simseg_prefix_listed(const struct simseg_prefix *prefix,
				 const struct simseg_prefix *list, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		if (!memcmp(prefix, &list[i], sizeof(*prefix)))
			return true;
	}
	return false;
}

/* A pool in force stays covered, unless it is opened by name. */
static int simseg_upload_check_pools(struct simseg_net *sn, const struct simseg_ruleset *rs,
				     const struct simseg_prefix *open, u32 nopen,
				     struct netlink_ext_ack *extack)
{
	const struct simseg_ruleset *old;
	u32 i;

	old = rcu_dereference_protected(sn->ruleset, lockdep_is_held(&sn->lock));
	for (i = 0; i < old->npools; i++) {
		if (simseg_addrset_covers(rs->pools, &old->pool[i]) ||
		    simseg_prefix_listed(&old->pool[i], open, nopen))
			continue;
		NL_SET_ERR_MSG_MOD(extack,
				   "a pool in force is missing, which would open the gate for it: name it as OPEN_POOL if that is meant");
		return -EPERM;
	}
	return 0;
}

/* Puts what was prepared in force; what is in force already stays as it is. */
static void simseg_upload_finish(struct simseg_net *sn, struct simseg_upload *up,
				 struct simseg_ruleset *rs, const struct simseg_commit *commit,
				 u32 merge, struct simseg_receipt *receipt)
{
	struct simseg_ruleset *old;
	LIST_HEAD(gone);
	bool same;

	old = rcu_dereference_protected(sn->ruleset, lockdep_is_held(&sn->lock));
	same = simseg_ruleset_same(old, rs);
	if (same)
		simseg_ruleset_free(sn, rs);
	else if (commit->duration)
		simseg_trial_begin(sn, rs, commit);
	else
		simseg_ruleset_free(sn, simseg_ruleset_swap(sn, rs));
	simseg_merge_finish(sn, &up->staged, merge, &gone, receipt);
	simseg_net_rehold(sn);
	if (same && !receipt->added && !receipt->removed && !receipt->devices)
		return;
	simseg_sweep_settle(sn, receipt);
	simseg_devices_release(&gone);
}

/* All that can fail, in an order in which it can be taken back. */
static int simseg_upload_prepare(struct simseg_net *sn, struct simseg_upload *up,
				 struct simseg_ruleset *rs, const struct simseg_commit *commit,
				 u32 merge, struct netlink_ext_ack *extack)
{
	u32 limit = rs->settings[SIMSEG_A_SETTING_DEVICES];
	const struct simseg_addrset *pools = rs->pools;
	int err;

	if (commit->flags & SIMSEG_COMMIT_RESTORE) {
		limit = U32_MAX;
		pools = NULL;
	}
	err = simseg_upload_check_pools(sn, rs, commit->open, commit->nopen, extack);
	if (!err && rs->npools && !(commit->flags & SIMSEG_COMMIT_DRY))
		err = simseg_net_govern(sn, extack);
	simseg_merge_expect(sn, up->ndevices);
	if (!err)
		err = simseg_merge_prepare(sn, &up->staged, pools, limit, merge, extack);
	if (!err)
		err = simseg_dry_lockout(sn, rs, &up->staged, merge, commit, extack);
	return err;
}

static bool simseg_upload_has_settings(const struct simseg_upload *up)
{
	return memchr_inv(up->settings, 0xff, sizeof(up->settings));
}

/* One peer set, and nothing else: in the place of the one in force. */
static int simseg_upload_peerset(struct simseg_net *sn, struct simseg_upload *up,
				 const struct simseg_commit *commit,
				 struct simseg_receipt *receipt, struct netlink_ext_ack *extack)
{
	const struct simseg_draft *draft;

	if (commit->flags != SIMSEG_COMMIT_PEER || commit->duration || commit->keep ||
	    commit->nopen || up->npeersets != 1 || up->npools || up->nfailsafe ||
	    up->npolicies || up->ndevices || simseg_upload_has_settings(up)) {
		NL_SET_ERR_MSG_MOD(extack, "a commit of a peer set takes that one set, and nothing else");
		return -EINVAL;
	}
	draft = list_first_entry(&up->peersets, struct simseg_draft, list);
	return simseg_peer_replace(sn, draft->id, draft->prefixes, draft->n, receipt, extack);
}

static bool simseg_upload_has_rules(const struct simseg_upload *up)
{
	return up->npools || up->nfailsafe || up->npolicies || up->npeersets ||
	       simseg_upload_has_settings(up);
}

/* Devices alone: the ruleset in force stays. */
static int simseg_upload_merge(struct simseg_net *sn, struct simseg_upload *up,
			       const struct simseg_commit *commit,
			       struct simseg_receipt *receipt, struct netlink_ext_ack *extack)
{
	bool dry = commit->flags & SIMSEG_COMMIT_DRY;
	int err;

	if ((commit->flags & ~SIMSEG_COMMIT_DRY) != SIMSEG_COMMIT_MERGE || commit->duration ||
	    commit->keep || commit->nopen || simseg_upload_has_rules(up)) {
		NL_SET_ERR_MSG_MOD(extack, "a merge takes devices, and nothing else");
		return -EINVAL;
	}
	simseg_merge_expect(sn, up->ndevices);
	err = simseg_merge(sn, &up->staged, SIMSEG_MERGE_KEEP_OWN | (dry ? SIMSEG_MERGE_DRY : 0),
			   receipt, extack);
	if (!err && !dry && (receipt->added || receipt->devices))
		simseg_sweep_settle(sn, receipt);
	return err;
}

/* The whole: a ruleset, and devices if there are any. */
static int simseg_upload_whole(struct simseg_net *sn, struct simseg_upload *up,
			       const struct simseg_commit *commit,
			       struct simseg_receipt *receipt, struct netlink_ext_ack *extack)
{
	bool devices = up->ndevices || (commit->flags & SIMSEG_COMMIT_DEVICES);
	u32 merge = devices ? SIMSEG_MERGE_EXACT : 0;
	struct simseg_ruleset *rs;
	int err;

	err = simseg_trial_check(sn, commit, devices, extack);
	if (err)
		return err;
	rs = simseg_upload_build(sn, up, extack);
	if (IS_ERR(rs))
		return PTR_ERR(rs);
	err = simseg_upload_prepare(sn, up, rs, commit, merge, extack);
	if (!err && !(commit->flags & SIMSEG_COMMIT_DRY)) {
		simseg_upload_finish(sn, up, rs, commit, merge, receipt);
		return 0;
	}
	if (!err)
		err = simseg_dry_run(sn, rs, &up->staged, merge, receipt);
	simseg_merge_undo(sn, &up->staged);
	simseg_ruleset_free(sn, rs);
	return err;
}

/* The upload ends here, whatever the result. */
int simseg_upload_commit(struct simseg_net *sn, struct simseg_upload *up,
			 const struct simseg_commit *commit, struct simseg_receipt *receipt,
			 struct netlink_ext_ack *extack)
{
	int err;

	lockdep_assert_held(&sn->lock);
	err = simseg_upload_generation(sn, up->generation, extack);
	if (!err && up->broken) {
		NL_SET_ERR_MSG_MOD(extack, "a piece of this upload was refused: begin once more");
		err = -EINVAL;
	}
	if (!err && (commit->flags & SIMSEG_COMMIT_PEER))
		err = simseg_upload_peerset(sn, up, commit, receipt, extack);
	else if (!err && (commit->flags & SIMSEG_COMMIT_MERGE))
		err = simseg_upload_merge(sn, up, commit, receipt, extack);
	else if (!err)
		err = simseg_upload_whole(sn, up, commit, receipt, extack);
	simseg_upload_free(sn, up);
	return err;
}
