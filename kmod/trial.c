// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ruleset on trial: the one before is kept, and put back when the time is over,
 * with every process dead. Either somebody has to confirm the new one before (he
 * might have locked himself out), or it is a change window, which ends in any
 * case.
 */
#include "simseg.h"

/* May this commit be made now, and on trial if it wants that? */
int simseg_trial_check(struct simseg_net *sn, const struct simseg_commit *commit, bool devices,
		       struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&sn->lock);
	if (sn->previous) {
		NL_SET_ERR_MSG_MOD(extack,
				   "the ruleset in force is on trial: confirm or revert it first");
		return -EBUSY;
	}
	if ((commit->flags & SIMSEG_COMMIT_CONFIRM) && !commit->duration) {
		NL_SET_ERR_MSG_MOD(extack, "say how long to wait for the confirmation: DURATION");
		return -EINVAL;
	}
	if (commit->duration && devices) {
		NL_SET_ERR_MSG_MOD(extack,
				   "a ruleset on trial comes without devices: they would not go back");
		return -EINVAL;
	}
	return 0;
}

/* What the window alone allowed ends on the next packet, and in flowtables. */
static void simseg_trial_back(struct simseg_net *sn, struct simseg_receipt *receipt)
{
	struct simseg_ruleset *rs = sn->previous;

	simseg_deadline_del(sn, &sn->trial);
	simseg_ruleset_free(sn, simseg_ruleset_swap(sn, rs));
	sn->previous = NULL;
	simseg_net_rehold(sn);
	simseg_sweep_settle(sn, receipt);
}

static void simseg_trial_expire(struct simseg_net *sn, struct simseg_deadline *deadline)
{
	struct simseg_receipt receipt = {};

	simseg_trial_back(sn, &receipt);
	simseg_log_kernel(sn, SIMSEG_CMD_REVERT, SIMSEG_EXPIRED, NULL,
			  "ruleset on trial, %u sessions", receipt.sessions);
}

/* Puts @rs in force; the one before is kept until it is known which of them stays. */
void simseg_trial_begin(struct simseg_net *sn, struct simseg_ruleset *rs,
			const struct simseg_commit *commit)
{
	sn->previous = simseg_ruleset_swap(sn, rs);
	sn->trial_confirm = commit->flags & SIMSEG_COMMIT_CONFIRM;
	simseg_deadline_add(sn, &sn->trial, ktime_get_boottime_ns() + commit->duration,
			    simseg_trial_expire);
}

static int simseg_trial_running(struct simseg_net *sn, struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&sn->lock);
	if (sn->previous)
		return 0;
	NL_SET_ERR_MSG_MOD(extack,
			   "no ruleset is on trial: it was confirmed, or the one before is back already");
	return -ENOENT;
}

int simseg_trial_confirm(struct simseg_net *sn, struct netlink_ext_ack *extack)
{
	int err = simseg_trial_running(sn, extack);

	if (err)
		return err;
	if (!sn->trial_confirm) {
		NL_SET_ERR_MSG_MOD(extack,
				   "this is a change window, which ends in any case; revert ends it now");
		return -EPERM;
	}
	simseg_trial_exit(sn);
	simseg_net_rehold(sn);
	return 0;
}

int simseg_trial_revert(struct simseg_net *sn, struct simseg_receipt *receipt,
			struct netlink_ext_ack *extack)
{
	int err = simseg_trial_running(sn, extack);

	if (!err)
		simseg_trial_back(sn, receipt);
	return err;
}

/* The one in force stays; nothing if it is not on trial. */
void simseg_trial_exit(struct simseg_net *sn)
{
	lockdep_assert_held(&sn->lock);
	simseg_deadline_del(sn, &sn->trial);
	if (sn->previous)
		simseg_ruleset_free(sn, sn->previous);
	sn->previous = NULL;
}
