// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peer sets: named prefixes that change apart from the ruleset that names them.
 */
#include <linux/bitmap.h>
#include <linux/bsearch.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "simseg.h"

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

/* Puts @prefixes (owned from here on) in the place of what the set held. */
static int simseg_peerset_put(struct simseg_net *sn, struct simseg_ruleset *rs,
			      struct simseg_peerset *ps, struct simseg_prefix *prefixes, u32 n)
{
	struct simseg_addrset *set, *old;

	n = simseg_prefixes_unique(prefixes, n);
	set = simseg_addrset_build(prefixes, n);
	if (!set) {
		kvfree(prefixes);
		return -ENOMEM;
	}
	swap(ps->prefixes, prefixes);
	ps->nprefixes = n;
	kvfree(prefixes);
	old = rcu_replace_pointer(rs->sets->set[ps->id], set, lockdep_is_held(&sn->lock));
	if (old)
		kvfree_rcu(old, rcu);
	simseg_peerset_stamp(sn, rs, ps->id);
	simseg_net_changed(sn);
	return 0;
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

int simseg_peer_add(struct simseg_net *sn, const char *name, const struct simseg_prefix *prefixes,
		    u32 n, struct netlink_ext_ack *extack)
{
	struct simseg_ruleset *rs;
	struct simseg_prefix *all;
	struct simseg_peerset *ps;

	lockdep_assert_held(&sn->lock);
	rs = rcu_dereference_protected(sn->ruleset, lockdep_is_held(&sn->lock));
	ps = simseg_peerset_named(sn, rs, name, extack);
	if (!ps)
		return -ENOENT;
	if (n > SIMSEG_PEERS_MAX || ps->nprefixes + n > SIMSEG_PEERS_MAX) {
		NL_SET_ERR_MSG_MOD(extack, "a peer set may hold at most 65536 prefixes");
		return -ENOSPC;
	}
	all = kvmalloc_array(ps->nprefixes + n, sizeof(*all), GFP_KERNEL_ACCOUNT);
	if (!all)
		return -ENOMEM;
	memcpy(all, ps->prefixes, ps->nprefixes * sizeof(*all));
	memcpy(all + ps->nprefixes, prefixes, n * sizeof(*all));
	return simseg_peerset_put(sn, rs, ps, all, ps->nprefixes + n);
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
	struct simseg_prefix *rest;
	u32 i, out = 0;
	int err;

	rest = kvmalloc_array(max(ps->nprefixes, 1U), sizeof(*rest), GFP_KERNEL_ACCOUNT);
	if (!rest)
		return -ENOMEM;
	for_each_clear_bit(i, gone, ps->nprefixes)
		rest[out++] = ps->prefixes[i];
	err = simseg_peerset_put(sn, rs, ps, rest, out);
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
