// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peer sets: named prefixes that change apart from the ruleset that names them.
 */
#include <linux/bitmap.h>
#include <linux/bsearch.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/timekeeping.h>

#include "simseg.h"

#define SIMSEG_PEERSET_FULL	"a peer set may hold at most 65536 prefixes"

struct simseg_peerset *simseg_peerset_find(struct simseg_ruleset *rs, u32 id)
{
	u32 i;

	for (i = 0; i < rs->npeersets; i++) {
		if (rs->peersets[i].id == id)
			return &rs->peersets[i];
	}
	return NULL;
}

static int simseg_prefix_cmp(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct simseg_prefix));
}

/* Sorts, and drops what is there twice; returns how many remain. */
u32 simseg_prefixes_unique(struct simseg_prefix *prefixes, u32 n)
{
	u32 i, out = 0;

	sort(prefixes, n, sizeof(*prefixes), simseg_prefix_cmp, NULL);
	for (i = 0; i < n; i++) {
		if (!i || simseg_prefix_cmp(&prefixes[out - 1], &prefixes[i]))
			prefixes[out++] = prefixes[i];
	}
	return out;
}

/* Every policy that looks into the set has to be asked again. */
static void simseg_peerset_stamp(struct simseg_net *sn, struct simseg_ruleset *rs, u32 id)
{
	u32 i, j;

	for (i = 0; i < rs->policy_slots; i++) {
		struct simseg_policy *policy = rs->policies[i];

		for (j = 0; policy && j < policy->nrules; j++) {
			if (policy->rules[j].kind == SIMSEG_PEER_SET &&
			    policy->rules[j].set == id) {
				WRITE_ONCE(policy->stamp, ++sn->stamp);
				break;
			}
		}
	}
}

/* What a set is to hold: prefixes, and until when. */
struct simseg_element {
	struct simseg_prefix prefix;
	bool fresh;		/* just given: says until when, whatever was before */
	u64 until;
};

static int simseg_element_cmp(const void *va, const void *vb)
{
	const struct simseg_element *a = va, *b = vb;

	return simseg_prefix_cmp(&a->prefix, &b->prefix) ?: (int)b->fresh - (int)a->fresh;
}

static u32 simseg_elements_unique(struct simseg_element *elements, u32 n)
{
	u32 i, out = 0;

	sort(elements, n, sizeof(*elements), simseg_element_cmp, NULL);
	for (i = 0; i < n; i++) {
		if (!i || simseg_prefix_cmp(&elements[out - 1].prefix, &elements[i].prefix))
			elements[out++] = elements[i];
	}
	return out;
}

/* The earliest of all deadlines; 0: there is none. */
static u64 simseg_elements_first(const struct simseg_element *elements, u32 n)
{
	u64 first = 0;
	u32 i;

	for (i = 0; i < n; i++) {
		if (elements[i].until && (!first || elements[i].until < first))
			first = elements[i].until;
	}
	return first;
}

static void simseg_peerset_expire(struct simseg_net *sn, struct simseg_deadline *deadline);

/* Puts @elements in the place of what the set held. The caller cuts. */
static int simseg_peerset_put(struct simseg_net *sn, struct simseg_ruleset *rs,
			      struct simseg_peerset *ps, struct simseg_element *elements, u32 n)
{
	struct simseg_addrset *set, *old;
	struct simseg_prefix *prefixes;
	u64 *until = NULL, first;
	u32 i;

	n = simseg_elements_unique(elements, n);
	if (n > SIMSEG_PEERS_MAX)
		return -ENOSPC;
	first = simseg_elements_first(elements, n);
	prefixes = kvmalloc_array(max(n, 1U), sizeof(*prefixes), GFP_KERNEL_ACCOUNT);
	if (first)
		until = kvmalloc_array(n, sizeof(*until), GFP_KERNEL_ACCOUNT);
	for (i = 0; prefixes && i < n; i++) {
		prefixes[i] = elements[i].prefix;
		if (until)
			until[i] = elements[i].until;
	}
	set = prefixes && (until || !first) ? simseg_addrset_build(prefixes, n) : NULL;
	if (!set) {
		kvfree(prefixes);
		kvfree(until);
		return -ENOMEM;
	}
	swap(ps->prefixes, prefixes);
	swap(ps->until, until);
	ps->nprefixes = n;
	kvfree(prefixes);
	kvfree(until);
	simseg_deadline_del(sn, &ps->deadline);
	ps->rs = rs;
	if (first)
		simseg_deadline_add(sn, &ps->deadline, first, simseg_peerset_expire);
	old = rcu_replace_pointer(rs->sets->set[ps->id], set, lockdep_is_held(&sn->lock));
	if (old)
		kvfree_rcu(old, rcu);
	simseg_peerset_stamp(sn, rs, ps->id);
	simseg_net_changed(sn);
	return 0;
}

/* What the set holds but for those that @gone (or NULL) has, with room for @more. */
static struct simseg_element *simseg_peerset_copy(const struct simseg_peerset *ps, u32 more,
						  const unsigned long *gone, u32 *n)
{
	struct simseg_element *all;
	u32 i;

	*n = 0;
	all = kvcalloc(max(ps->nprefixes + more, 1U), sizeof(*all), GFP_KERNEL_ACCOUNT);
	for (i = 0; all && i < ps->nprefixes; i++) {
		if (gone && test_bit(i, gone))
			continue;
		all[*n].prefix = ps->prefixes[i];
		all[(*n)++].until = ps->until ? ps->until[i] : 0;
	}
	return all;
}

/* Nobody is in the set until there is memory for who is left. */
static void simseg_peerset_shut(struct simseg_net *sn, struct simseg_peerset *ps)
{
	struct simseg_addrset *old;

	old = rcu_replace_pointer(ps->rs->sets->set[ps->id], NULL, lockdep_is_held(&sn->lock));
	if (old)
		kvfree_rcu(old, rcu);
	simseg_peerset_stamp(sn, ps->rs, ps->id);
	simseg_net_changed(sn);
}

/* The times of some elements are over. Without memory for that: shut, and once more. */
static void simseg_peerset_expire(struct simseg_net *sn, struct simseg_deadline *deadline)
{
	struct simseg_peerset *ps = container_of(deadline, struct simseg_peerset, deadline);
	u64 now = ktime_get_boottime_ns();
	struct simseg_element *all;
	u32 i, n, left = 0;
	int err = -ENOMEM;

	all = simseg_peerset_copy(ps, 0, NULL, &n);
	for (i = 0; all && i < n; i++) {
		if (!all[i].until || all[i].until > now)
			all[left++] = all[i];
	}
	/* the sweep ends what they allowed, and the packet path before it does */
	if (all)
		err = simseg_peerset_put(sn, ps->rs, ps, all, left);
	kvfree(all);
	if (err) {
		simseg_peerset_shut(sn, ps);
		simseg_deadline_add(sn, deadline, now + NSEC_PER_SEC / 10, simseg_peerset_expire);
		return;
	}
	simseg_log_kernel(sn, SIMSEG_CMD_PEER_DEL, SIMSEG_EXPIRED, NULL, "peer set %s, %u prefixes",
			  simseg_name_of(&sn->peer_names, ps->id) ?: "", n - left);
}

static struct simseg_peerset *simseg_peerset_named(struct simseg_net *sn,
						   struct simseg_ruleset *rs, const char *name,
						   struct netlink_ext_ack *extack)
{
	u32 id = simseg_name_find(&sn->peer_names, name);
	struct simseg_peerset *ps = id ? simseg_peerset_find(rs, id) : NULL;

	if (!ps)
		NL_SET_ERR_MSG_MOD(extack, "no peer set of the ruleset has this name");
	return ps;
}

/* @duration: after which the prefixes go by themselves; 0: they stay. */
int simseg_peer_add(struct simseg_net *sn, const char *name, const struct simseg_prefix *prefixes,
		    u32 n, u64 duration, struct netlink_ext_ack *extack)
{
	u64 until = duration ? ktime_get_boottime_ns() + duration : 0;
	struct simseg_element *all;
	struct simseg_ruleset *rs;
	struct simseg_peerset *ps;
	u32 i, total;
	int err;

	lockdep_assert_held(&sn->lock);
	rs = rcu_dereference_protected(sn->ruleset, lockdep_is_held(&sn->lock));
	ps = simseg_peerset_named(sn, rs, name, extack);
	if (!ps)
		return -ENOENT;
	if (n > SIMSEG_PEERS_MAX) {
		NL_SET_ERR_MSG_MOD(extack, SIMSEG_PEERSET_FULL);
		return -ENOSPC;
	}
	all = simseg_peerset_copy(ps, n, NULL, &total);
	if (!all)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		all[total++] = (struct simseg_element){
			.prefix = prefixes[i], .fresh = true, .until = until,
		};
	err = simseg_peerset_put(sn, rs, ps, all, total);
	if (err == -ENOSPC)
		NL_SET_ERR_MSG_MOD(extack, SIMSEG_PEERSET_FULL);
	kvfree(all);
	return err;
}

/* In the place of all that the set held, in one step. Adds to @receipt. */
int simseg_peer_replace(struct simseg_net *sn, u32 id, const struct simseg_prefix *prefixes, u32 n,
			struct simseg_receipt *receipt, struct netlink_ext_ack *extack)
{
	struct simseg_element *all;
	struct simseg_ruleset *rs;
	struct simseg_peerset *ps;
	int err;
	u32 i;

	lockdep_assert_held(&sn->lock);
	rs = rcu_dereference_protected(sn->ruleset, lockdep_is_held(&sn->lock));
	ps = simseg_peerset_find(rs, id);
	if (!ps) {
		NL_SET_ERR_MSG_MOD(extack, "no peer set of the ruleset has this name");
		return -ENOENT;
	}
	all = kvcalloc(max(n, 1U), sizeof(*all), GFP_KERNEL_ACCOUNT);
	if (!all)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		all[i].prefix = prefixes[i];
	err = simseg_peerset_put(sn, rs, ps, all, n);
	kvfree(all);
	if (!err)
		simseg_sweep_settle(sn, receipt);
	return err;
}

/* What the sets of @old hold, and until when, for those of @rs, which has none yet. */
int simseg_peersets_copy(struct simseg_net *sn, struct simseg_ruleset *rs,
			 const struct simseg_ruleset *old)
{
	struct simseg_element *all;
	struct simseg_peerset *ps;
	int err = 0;
	u32 i, n;

	lockdep_assert_held(&sn->lock);
	rs->peersets = kvcalloc(max(old->npeersets, 1U), sizeof(*rs->peersets), GFP_KERNEL_ACCOUNT);
	if (!rs->peersets)
		return -ENOMEM;
	for (i = 0; i < old->npeersets && !err; i++) {
		ps = &rs->peersets[i];
		all = simseg_peerset_copy(&old->peersets[i], 0, NULL, &n);
		if (!all)
			return -ENOMEM;
		ps->id = old->peersets[i].id;
		simseg_name_hold(&sn->peer_names, ps->id);
		rs->npeersets++;
		err = simseg_peerset_put(sn, rs, ps, all, n);
		kvfree(all);
	}
	return err;
}

/* Of a ruleset that goes. */
void simseg_peersets_free(struct simseg_net *sn, struct simseg_ruleset *rs)
{
	u32 i;

	for (i = 0; i < rs->npeersets; i++) {
		simseg_deadline_del(sn, &rs->peersets[i].deadline);
		simseg_name_put(&sn->peer_names, rs->peersets[i].id);
	}
}

/* Marks which of the set's prefixes are to go; -ENOENT: one is not there. */
static int simseg_peerset_mark(const struct simseg_peerset *ps,
			       const struct simseg_prefix *prefixes, u32 n, unsigned long *gone)
{
	const struct simseg_prefix *found;
	u32 i;

	if (!n)
		bitmap_fill(gone, ps->nprefixes);
	for (i = 0; i < n; i++) {
		found = bsearch(&prefixes[i], ps->prefixes, ps->nprefixes, sizeof(*found),
				simseg_prefix_cmp);
		if (!found)
			return -ENOENT;
		__set_bit(found - ps->prefixes, gone);
	}
	return 0;
}

/* What @gone leaves of the set, put in its place. */
static int simseg_peerset_keep(struct simseg_net *sn, struct simseg_ruleset *rs,
			       struct simseg_peerset *ps, const unsigned long *gone)
{
	struct simseg_receipt receipt = {};
	struct simseg_element *rest;
	u32 n;
	int err;

	rest = simseg_peerset_copy(ps, 0, gone, &n);
	if (!rest)
		return -ENOMEM;
	err = simseg_peerset_put(sn, rs, ps, rest, n);
	kvfree(rest);
	if (!err)
		simseg_sweep_settle(sn, &receipt);
	return err;
}

/* Removes the given prefixes, each of which must be there, or all of them. */
int simseg_peer_del(struct simseg_net *sn, const char *name, const struct simseg_prefix *prefixes,
		    u32 n, struct netlink_ext_ack *extack)
{
	struct simseg_ruleset *rs;
	struct simseg_peerset *ps;
	unsigned long *gone;
	int err;

	lockdep_assert_held(&sn->lock);
	rs = rcu_dereference_protected(sn->ruleset, lockdep_is_held(&sn->lock));
	ps = simseg_peerset_named(sn, rs, name, extack);
	if (!ps)
		return -ENOENT;
	gone = bitmap_zalloc(max(ps->nprefixes, 1U), GFP_KERNEL_ACCOUNT);
	if (!gone)
		return -ENOMEM;
	err = simseg_peerset_mark(ps, prefixes, n, gone);
	if (err)
		NL_SET_ERR_MSG_MOD(extack, "the peer set does not hold this prefix");
	else
		err = simseg_peerset_keep(sn, rs, ps, gone);
	bitmap_free(gone);
	return err;
}
