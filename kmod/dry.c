// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a commit would do, found out without doing it: devices that would change,
 * sessions that would be cut, and connections that may not be.
 */
#include <linux/xarray.h>
#include <net/ipv6.h>

#include "simseg.h"

/* The prepared commit, and how to find what it says about a device or binding. */
struct simseg_dry {
	struct simseg_net *sn;
	const struct simseg_ruleset *rs;
	u32 flags;			/* SIMSEG_MERGE_* */
	struct xarray staged;		/* struct simseg_staged, by id of its twin */
	struct xarray leaving;		/* bindings that would change hands */
};

static unsigned long simseg_dry_index(const struct simseg_binding *binding)
{
	return (unsigned long)binding / sizeof(void *);
}

static int simseg_dry_note(struct simseg_dry *dry, struct simseg_staged *st)
{
	struct simseg_binding *binding, *old;
	int err;

	if (st->twin) {
		err = xa_err(xa_store(&dry->staged, st->twin->id, st, GFP_KERNEL_ACCOUNT));
		if (err)
			return err;
		/* it would keep its grants, and its own rules perhaps: lent */
		st->device->grants.first = st->twin->grants.first;
		st->lent_own = !rcu_access_pointer(st->device->own) &&
			       simseg_merge_keeps_own(dry->sn, st, dry->flags);
		if (st->lent_own)
			RCU_INIT_POINTER(st->device->own, rcu_access_pointer(st->twin->own));
	}
	list_for_each_entry(binding, &st->device->bindings, of_device) {
		old = binding->replaces;
		if (!old || rcu_dereference_protected(old->device,
						      lockdep_is_held(&dry->sn->lock)) == st->twin)
			continue;
		err = xa_err(xa_store(&dry->leaving, simseg_dry_index(old), old,
				      GFP_KERNEL_ACCOUNT));
		if (err)
			return err;
	}
	return 0;
}

/* Would @device be there no more? */
static bool simseg_dry_goes(const struct simseg_dry *dry, const struct simseg_device *device)
{
	return (dry->flags & SIMSEG_MERGE_EXACT) && device->mark != dry->sn->merge &&
	       device->state == SIMSEG_STATE_ACTIVE;
}

/* Would the address at end @i still belong to whom it belongs now? */
static bool simseg_dry_keeps(struct simseg_dry *dry, const struct simseg_session *s, int i,
			     const struct in6_addr *addr)
{
	const struct simseg_binding *binding = simseg_binding_lookup(dry->sn, addr);
	const struct simseg_device *device = simseg_session_device(s, i);
	struct simseg_u128 number;

	if (!device) {
		simseg_u128_from(&number, addr);
		return test_bit(SIMSEG_SESSION_F_SELF, &s->flags) ||
		       !simseg_addrset_has(dry->rs->pools, &number);
	}
	if (!binding || rcu_access_pointer(binding->device) != device)
		return false;
	if (xa_load(&dry->leaving, simseg_dry_index(binding)))
		return false;
	/* it is staged, and this address is not staged with it */
	return !xa_load(&dry->staged, device->id) || binding->mark == dry->sn->merge;
}

static bool simseg_dry_cuts(struct simseg_dry *dry, const struct simseg_session *s)
{
	const u8 from = simseg_session_initiator(s);
	struct simseg_result res = {};
	const struct simseg_staged *st;
	int i;

	for (i = 0; i < 2; i++) {
		struct simseg_device *device = simseg_session_device(s, i);

		if (device && simseg_dry_goes(dry, device))
			return true;
		if (!simseg_dry_keeps(dry, s, i, &s->key.addr[from ^ i]))
			return true;
		st = device ? xa_load(&dry->staged, device->id) : NULL;
		/* the staged one has the policy and the rules that would be in force */
		res.device[i] = st ? st->device : device;
	}
	return simseg_judge_first(dry->sn, dry->rs, s, &res);
}

static u32 simseg_dry_sessions(struct simseg_dry *dry)
{
	struct simseg_session_table *table = &dry->sn->sessions;
	struct simseg_session *s;
	u32 i, cut = 0;

	for (i = 0; table->buckets && i <= table->mask; i++) {
		rcu_read_lock();
		hlist_for_each_entry_rcu(s, &table->buckets[i], node)
			cut += simseg_dry_cuts(dry, s);
		rcu_read_unlock();
		cond_resched();
	}
	return cut;
}

static void simseg_dry_devices(const struct simseg_dry *dry, struct list_head *staged,
			       struct simseg_receipt *receipt)
{
	struct simseg_device *device;
	struct simseg_staged *st;
	unsigned long id;

	list_for_each_entry(st, staged, list) {
		if (!st->twin)
			receipt->added++;
		else if (simseg_merge_differs(dry->sn, st, dry->flags))
			receipt->devices++;
	}
	if (!(dry->flags & SIMSEG_MERGE_EXACT))
		return;
	xa_for_each(&dry->sn->device_ids, id, device) {
		if (device->mark == dry->sn->merge)
			continue;
		if (simseg_dry_goes(dry, device))
			receipt->removed++;
		else
			receipt->kept++;
	}
}

/* What was lent goes back. */
static void simseg_dry_forget(struct simseg_dry *dry, struct list_head *staged)
{
	struct simseg_staged *st;

	list_for_each_entry(st, staged, list) {
		if (st->twin)
			INIT_HLIST_HEAD(&st->device->grants);
		if (st->lent_own)
			RCU_INIT_POINTER(st->device->own, NULL);
		st->lent_own = false;
	}
	xa_destroy(&dry->staged);
	xa_destroy(&dry->leaving);
}

/* Between simseg_merge_prepare() and its undoing: fills in @receipt. */
int simseg_dry_run(struct simseg_net *sn, const struct simseg_ruleset *rs,
		   struct list_head *staged, u32 flags, struct simseg_receipt *receipt)
{
	struct simseg_dry dry = { .sn = sn, .rs = rs, .flags = flags };
	struct simseg_staged *st;
	int err = 0;

	lockdep_assert_held(&sn->lock);
	xa_init(&dry.staged);
	xa_init(&dry.leaving);
	list_for_each_entry(st, staged, list) {
		err = simseg_dry_note(&dry, st);
		if (err)
			break;
		cond_resched();
	}
	if (!err) {
		simseg_dry_devices(&dry, staged, receipt);
		receipt->sessions = simseg_dry_sessions(&dry);
	}
	simseg_dry_forget(&dry, staged);
	return err;
}

static bool simseg_prefix_meets(const struct simseg_prefix *a, const struct simseg_prefix *b)
{
	return ipv6_prefix_equal((const struct in6_addr *)a->addr,
				 (const struct in6_addr *)b->addr, min(a->plen, b->plen));
}

/* Does a failsafe prefix have an address in a pool? Then that is cut off. */
static bool simseg_dry_failsafe(const struct simseg_ruleset *rs)
{
	u32 i, j;

	for (i = 0; i < rs->nfailsafe; i++) {
		for (j = 0; j < rs->npools; j++) {
			if (simseg_prefix_meets(&rs->failsafe[i], &rs->pool[j]))
				return true;
		}
	}
	return false;
}

/*
 * The device that has @addr, as it would be: as it is, staged (@as), or without that
 * address. False: it, or the address, would be gone.
 */
static bool simseg_dry_end(const struct simseg_dry *dry, struct list_head *staged,
			   const struct in6_addr *addr, struct simseg_device **as)
{
	const struct simseg_binding *binding = simseg_binding_lookup(dry->sn, addr), *other;
	const struct simseg_device *device;
	struct simseg_staged *st;

	*as = NULL;
	if (!binding)
		return true;
	device = rcu_access_pointer(binding->device);
	if (simseg_dry_goes(dry, device))
		return false;
	list_for_each_entry(st, staged, list) {
		if (st->twin == device) {
			*as = st->device;
			continue;
		}
		list_for_each_entry(other, &st->device->bindings, of_device) {
			if (other->replaces == binding)
				return false;	/* it goes to somebody else */
		}
	}
	return !*as || binding->mark == dry->sn->merge;
}

/* Would @keep, which passes now, be denied? Under RCU. */
static bool simseg_dry_cuts_off(const struct simseg_dry *dry, struct list_head *staged,
				const struct simseg_pkt *keep)
{
	struct simseg_device *const nobody[2] = {}, *as[2];
	const struct simseg_ruleset *old = rcu_dereference(dry->sn->ruleset);

	if (simseg_judge_under(dry->sn, old, keep, nobody))
		return false;
	return !simseg_dry_end(dry, staged, &keep->src, &as[0]) ||
	       !simseg_dry_end(dry, staged, &keep->dst, &as[1]) ||
	       simseg_judge_under(dry->sn, dry->rs, keep, as);
}

/*
 * Refuses what would lock the operator out, unless it goes back by itself. After
 * simseg_merge_prepare(). A grant of a staged device does not count here.
 */
int simseg_dry_lockout(struct simseg_net *sn, const struct simseg_ruleset *rs,
		       struct list_head *staged, u32 flags, const struct simseg_commit *commit,
		       struct netlink_ext_ack *extack)
{
	const struct simseg_dry dry = { .sn = sn, .rs = rs, .flags = flags };
	const struct simseg_ruleset *old;
	bool cut = false;

	lockdep_assert_held(&sn->lock);
	old = rcu_dereference_protected(sn->ruleset, lockdep_is_held(&sn->lock));
	if (commit->duration)
		return 0;
	if (!(commit->flags & SIMSEG_COMMIT_RESTORE) && simseg_dry_failsafe(rs) &&
	    !simseg_dry_failsafe(old)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "a failsafe prefix lies in a pool, so that management from there would be denied: change one of them, or commit with a time to confirm");
		return -EPERM;
	}
	if (commit->keep) {
		rcu_read_lock();
		cut = simseg_dry_cuts_off(&dry, staged, commit->keep);
		rcu_read_unlock();
	}
	if (!cut)
		return 0;
	NL_SET_ERR_MSG_MOD(extack,
			   "this would cut the connection over which it is done: commit with a time to confirm");
	return -EPERM;
}
