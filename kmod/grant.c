// SPDX-License-Identifier: GPL-2.0-only
/*
 * Grants: one person, one device, one task, for a while. A grant is one rule on
 * one device, on top of its policy and its own rules, and ends by itself.
 *
 * The packet path holds by itself: it reads a grant's deadline when it asks the
 * rule, and a session carries that of the grants that allow it. The worker takes
 * grants away whose time is over, and ends their sessions in flowtables.
 */
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "simseg.h"

/* Under RCU or simseg_net.lock; NULL: there is none, or no longer. */
struct simseg_grant *simseg_grant_find(struct simseg_net *sn, u32 id)
{
	return id ? xa_load(&sn->grants, id) : NULL;
}

bool simseg_grant_fits(const struct simseg_grant *grant, const struct simseg_grant_filter *filter)
{
	if (filter->actor)
		return !strcmp(grant->actor, filter->actor);
	if (filter->ticket)
		return !strcmp(grant->ticket, filter->ticket);
	return grant->id == filter->id;
}

/* Why @s ends, which no rule allows any more. Under RCU. */
u8 simseg_grant_end(struct simseg_net *sn, const struct simseg_session *s)
{
	int i;

	/* the worker may be ahead of the coarse clock */
	if (test_bit(SIMSEG_SESSION_F_GRANTED, &s->flags) &&
	    READ_ONCE(s->until) <= ktime_get_boottime_ns())
		return SIMSEG_END_EXPIRED;
	for (i = 0; i < simseg_session_parties(s); i++) {
		u32 id = READ_ONCE(s->party[i].grant);

		if (id && !simseg_grant_find(sn, id))
			return SIMSEG_END_REVOKED;
	}
	return SIMSEG_END_RULESET;
}

/* The caller tells of the change. */
static void simseg_grant_remove(struct simseg_net *sn, struct simseg_grant *grant)
{
	lockdep_assert_held(&sn->lock);
	hlist_del_rcu(&grant->of_device);
	xa_erase(&sn->grants, grant->id);
	sn->ngrants--;
	simseg_deadline_del(sn, &grant->deadline);
	simseg_policy_free(sn, grant->policy);
	kfree_rcu(grant, rcu);
}

static void simseg_grant_expire(struct simseg_net *sn, struct simseg_deadline *deadline)
{
	struct simseg_grant *grant = container_of(deadline, struct simseg_grant, deadline);
	char iccid[SIMSEG_ICCID_MAX + 1];

	simseg_iccid_print(grant->device->iccid, iccid);
	simseg_log_kernel(sn, SIMSEG_CMD_GRANT_DEL, SIMSEG_EXPIRED, grant->ticket,
			  "device %s grant %u", iccid, grant->id);
	simseg_grant_remove(sn, grant);
	simseg_net_changed(sn);
}

/* The device goes, and its grants with it. */
void simseg_grants_drop(struct simseg_net *sn, struct simseg_device *device)
{
	struct simseg_grant *grant;
	struct hlist_node *next;

	hlist_for_each_entry_safe(grant, next, &device->grants, of_device)
		simseg_grant_remove(sn, grant);
}

static int simseg_grant_check_who(const struct simseg_who *who, struct netlink_ext_ack *extack)
{
	if (!who->reason) {
		NL_SET_ERR_MSG_MOD(extack, "a grant says what it is for: attribute REASON");
		return -EINVAL;
	}
	if (!who->ticket) {
		NL_SET_ERR_MSG_MOD(extack, "a grant belongs to a ticket: attribute TICKET");
		return -EINVAL;
	}
	return 0;
}

/*
 * A ruleset on trial may not let in for longer than the one that comes back. What was
 * in force before may have been made under any cap, but no longer one than there can be.
 */
static u64 simseg_grant_max(struct simseg_net *sn, bool restore)
{
	u32 max = restore ? SIMSEG_TIME_MAX : simseg_setting(sn, SIMSEG_A_SETTING_GRANT_MAX);

	lockdep_assert_held(&sn->lock);
	if (sn->previous && !restore)
		max = min(max, sn->previous->settings[SIMSEG_A_SETTING_GRANT_MAX]);
	return (u64)max * NSEC_PER_SEC;
}

static int simseg_grant_check_time(struct simseg_net *sn,
				   const struct simseg_grant_request *request,
				   struct netlink_ext_ack *extack)
{
	if (!request->duration) {
		NL_SET_ERR_MSG_MOD(extack, "a grant ends by itself: attribute DURATION");
		return -EINVAL;
	}
	if (request->duration > simseg_grant_max(sn, request->restore)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "a grant may not last longer than the setting grant_max, on trial that of the ruleset before as well");
		return -ERANGE;
	}
	return 0;
}

static int simseg_grant_check_rule(struct simseg_net *sn,
				   const struct simseg_grant_request *request,
				   struct netlink_ext_ack *extack)
{
	struct simseg_ruleset *rs;
	u32 id;

	if (request->nrules != 1) {
		NL_SET_ERR_MSG_MOD(extack, "a grant is one rule: attribute RULE, once");
		return -EINVAL;
	}
	if (request->rules->kind != SIMSEG_PEER_SET || request->restore)
		return 0;
	rs = rcu_dereference_protected(sn->ruleset, lockdep_is_held(&sn->lock));
	id = simseg_name_find(&sn->peer_names, request->rules->peer);
	if (!id || !simseg_peerset_find(rs, id)) {
		NL_SET_ERR_MSG_MOD(extack, "no peer set has this name");
		return -ENOENT;
	}
	return 0;
}

static int simseg_grant_check_device(struct simseg_net *sn, const struct simseg_device *device,
				     struct netlink_ext_ack *extack)
{
	const struct simseg_grant *grant;
	u32 n = 0;

	if (!device) {
		NL_SET_ERR_MSG_MOD(extack, "no device has this ICCID");
		return -ENOENT;
	}
	if (device->state == SIMSEG_STATE_UNKNOWN) {
		NL_SET_ERR_MSG_MOD(extack, "the ICCID is only held for when it comes: add the device");
		return -EBUSY;
	}
	hlist_for_each_entry(grant, &device->grants, of_device)
		n++;
	if (n >= SIMSEG_DEVICE_GRANTS_MAX) {
		NL_SET_ERR_MSG_MOD(extack, "the device has 8 grants, and may have no more");
		return -ENOSPC;
	}
	if (sn->ngrants >= SIMSEG_GRANTS_MAX) {
		NL_SET_ERR_MSG_MOD(extack, "there are 4096 grants, and may be no more");
		return -ENOSPC;
	}
	return 0;
}

/* A grant in no list yet; it has its number. */
static struct simseg_grant *simseg_grant_alloc(struct simseg_net *sn,
					       const struct simseg_grant_request *request,
					       const struct simseg_who *who,
					       struct netlink_ext_ack *extack)
{
	struct simseg_grant *grant = kzalloc(sizeof(*grant), GFP_KERNEL_ACCOUNT);
	int err;

	if (!grant)
		return ERR_PTR(-ENOMEM);
	grant->policy = simseg_policy_build(sn, 0, "", false, request->rules, 1, extack);
	if (IS_ERR(grant->policy)) {
		err = PTR_ERR(grant->policy);
		goto free;
	}
	grant->uid = who->uid;
	strscpy(grant->ifname, request->ifname, sizeof(grant->ifname));
	strscpy(grant->actor, who->actor, sizeof(grant->actor));
	strscpy(grant->reason, who->reason, sizeof(grant->reason));
	strscpy(grant->ticket, who->ticket, sizeof(grant->ticket));
	/* a number comes again after all others: records name it */
	err = xa_alloc_cyclic(&sn->grants, &grant->id, grant, xa_limit_31b, &sn->grant_next,
			      GFP_KERNEL_ACCOUNT);
	if (err >= 0)
		return grant;
	simseg_policy_free(sn, grant->policy);
free:
	kfree(grant);
	return ERR_PTR(err);
}

int simseg_grant_new(struct simseg_net *sn, const struct simseg_grant_request *request,
		     const struct simseg_who *who, u32 *id, struct netlink_ext_ack *extack)
{
	struct simseg_device *device;
	struct simseg_grant *grant;
	int err;

	lockdep_assert_held(&sn->lock);
	err = simseg_grant_check_who(who, extack);
	if (!err)
		err = simseg_grant_check_time(sn, request, extack);
	if (!err)
		err = simseg_grant_check_rule(sn, request, extack);
	if (err)
		return err;
	device = simseg_device_find(sn, request->iccid);
	err = simseg_grant_check_device(sn, device, extack);
	if (err)
		return err;
	grant = simseg_grant_alloc(sn, request, who, extack);
	if (IS_ERR(grant))
		return PTR_ERR(grant);
	grant->device = device;
	grant->until = ktime_get_boottime_ns() + request->duration;
	hlist_add_tail_rcu(&grant->of_device, &device->grants);
	sn->ngrants++;
	simseg_deadline_add(sn, &grant->deadline, grant->until, simseg_grant_expire);
	simseg_net_changed(sn);
	*id = grant->id;
	return 0;
}

/* All that @filter means, or none: nothing here can fail once there is one. */
int simseg_grant_revoke(struct simseg_net *sn, const struct simseg_grant_filter *filter,
			struct simseg_receipt *receipt, struct netlink_ext_ack *extack)
{
	struct simseg_grant *grant;
	unsigned long id;
	u32 n = 0;

	lockdep_assert_held(&sn->lock);
	xa_for_each(&sn->grants, id, grant) {
		if (!simseg_grant_fits(grant, filter))
			continue;
		simseg_grant_remove(sn, grant);
		n++;
	}
	if (!n) {
		NL_SET_ERR_MSG_MOD(extack, "there is no such grant; it may have ended");
		return -ENOENT;
	}
	simseg_sweep_settle(sn, receipt);
	return 0;
}
