// SPDX-License-Identifier: GPL-2.0-only
/*
 * One generation of the rules: pools, policies, peer sets and settings, swapped
 * in one step.
 */
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <crypto/blake2s.h>

#include "simseg.h"

static const u32 simseg_setting_defaults[SIMSEG_SETTINGS] = {
#define SIMSEG_SETTING_DEFAULT(sym, value)	\
	[SIMSEG_A_SETTING_##sym] = (value),
	SIMSEG_SETTING_DEFAULTS(SIMSEG_SETTING_DEFAULT)
#undef SIMSEG_SETTING_DEFAULT
};

/* An empty ruleset with room for that many names; default settings. */
struct simseg_ruleset *simseg_ruleset_alloc(u32 policy_slots, u32 set_slots)
{
	struct simseg_ruleset *rs;

	rs = kvzalloc(struct_size(rs, policies, policy_slots), GFP_KERNEL_ACCOUNT);
	if (!rs)
		return NULL;
	rs->policy_slots = policy_slots;
	memcpy(rs->settings, simseg_setting_defaults, sizeof(rs->settings));
	rs->sets = kvzalloc(struct_size(rs->sets, set, set_slots), GFP_KERNEL_ACCOUNT);
	rs->pools = simseg_addrset_build(NULL, 0);
	if (!rs->sets || !rs->pools) {
		kvfree(rs->sets);
		kvfree(rs->pools);
		kvfree(rs);
		return NULL;
	}
	rs->sets->n = set_slots;
	return rs;
}

static void simseg_ruleset_free_memory(struct simseg_ruleset *rs)
{
	u32 i;

	for (i = 0; i < rs->sets->n; i++)
		kvfree(rcu_dereference_protected(rs->sets->set[i], true));
	for (i = 0; i < rs->npeersets; i++) {
		kvfree(rs->peersets[i].prefixes);
		kvfree(rs->peersets[i].until);
	}
	kvfree(rs->peersets);
	kvfree(rs->sets);
	kvfree(rs->pools);
	kvfree(rs->pool);
	kvfree(rs->failsafe);
	kvfree(rs);
}

static void simseg_ruleset_free_rcu(struct rcu_head *rcu)
{
	simseg_ruleset_free_memory(container_of(rcu, struct simseg_ruleset, rcu));
}

/* Gives names back at once, memory after a grace period. */
void simseg_ruleset_free(struct simseg_net *sn, struct simseg_ruleset *rs)
{
	u32 i;

	for (i = 0; i < rs->policy_slots; i++) {
		if (rs->policies[i])
			simseg_policy_free(sn, rs->policies[i]);
	}
	simseg_peersets_free(sn, rs);
	call_rcu(&rs->rcu, simseg_ruleset_free_rcu);
}

int simseg_ruleset_init(struct simseg_net *sn)
{
	struct simseg_ruleset *rs = simseg_ruleset_alloc(0, 0);

	if (!rs)
		return -ENOMEM;
	mutex_lock(&sn->lock);
	simseg_ruleset_hash(sn, rs);
	mutex_unlock(&sn->lock);
	memcpy(sn->settings, rs->settings, sizeof(sn->settings));
	RCU_INIT_POINTER(sn->ruleset, rs);
	return 0;
}

void simseg_ruleset_exit(struct simseg_net *sn)
{
	struct simseg_ruleset *rs;

	mutex_lock(&sn->lock);
	simseg_trial_exit(sn);
	rs = rcu_replace_pointer(sn->ruleset, NULL, lockdep_is_held(&sn->lock));
	if (rs)
		simseg_ruleset_free(sn, rs);
	mutex_unlock(&sn->lock);
}

static void simseg_hash_prefixes(struct blake2s_state *state, const struct simseg_prefix *prefixes,
				 u32 n)
{
	__le32 count = cpu_to_le32(n);

	blake2s_update(state, (const u8 *)&count, sizeof(count));
	blake2s_update(state, (const u8 *)prefixes, n * sizeof(*prefixes));
}

/*
 * The next name in the order of strcmp() after @after, of those that have a
 * place in the ruleset. Names are few and commits are rare: no sorting.
 */
static u32 simseg_next_name(struct simseg_names *names, const char *after,
			    bool (*has)(const struct simseg_ruleset *rs, u32 id),
			    const struct simseg_ruleset *rs)
{
	struct simseg_name *name;
	const char *best = NULL;
	unsigned long id;
	u32 found = 0;

	xa_for_each(&names->by_id, id, name) {
		if (!has(rs, id) || (after && strcmp(name->name, after) <= 0))
			continue;
		if (!best || strcmp(name->name, best) < 0) {
			best = name->name;
			found = id;
		}
	}
	return found;
}

static bool simseg_has_policy(const struct simseg_ruleset *rs, u32 id)
{
	return id < rs->policy_slots && rs->policies[id];
}

static bool simseg_has_peerset(const struct simseg_ruleset *rs, u32 id)
{
	return simseg_peerset_find((struct simseg_ruleset *)rs, id);
}

/*
 * The hash of the canonical form: pools and failsafe prefixes sorted,
 * settings by number, names of peer sets and then policies with their rules,
 * both by name. What peer sets hold belongs to the registry.
 */
void simseg_ruleset_hash(struct simseg_net *sn, struct simseg_ruleset *rs)
{
	struct blake2s_state state;
	const char *name = NULL;
	u32 i, id;

	lockdep_assert_held(&sn->lock);
	blake2s_init(&state, sizeof(rs->hash));
	simseg_hash_prefixes(&state, rs->pool, rs->npools);
	simseg_hash_prefixes(&state, rs->failsafe, rs->nfailsafe);
	for (i = 0; i < SIMSEG_SETTINGS; i++) {
		__le32 value = cpu_to_le32(rs->settings[i]);

		blake2s_update(&state, (const u8 *)&value, sizeof(value));
	}
	while ((id = simseg_next_name(&sn->peer_names, name, simseg_has_peerset, rs))) {
		name = simseg_name_of(&sn->peer_names, id);
		blake2s_update(&state, (const u8 *)name, strlen(name) + 1);
	}
	blake2s_update(&state, (const u8 *)"", 1);
	name = NULL;
	while ((id = simseg_next_name(&sn->policy_names, name, simseg_has_policy, rs))) {
		name = rs->policies[id]->name;
		blake2s_update(&state, rs->policies[id]->digest, SIMSEG_HASH_LEN);
	}
	blake2s_final(&state, rs->hash);
}

/* A policy that says what it said before keeps its stamp. */
static void simseg_ruleset_keep_stamps(struct simseg_ruleset *old, struct simseg_ruleset *new)
{
	u32 i, n = min(old->policy_slots, new->policy_slots);

	for (i = 0; i < n; i++) {
		if (old->policies[i] && new->policies[i] &&
		    !memcmp(old->policies[i]->digest, new->policies[i]->digest, SIMSEG_HASH_LEN))
			new->policies[i]->stamp = old->policies[i]->stamp;
	}
}

/* Flows that were up before a pool was closed have no session here. */
static void simseg_pools_grown(struct simseg_net *sn, const struct simseg_ruleset *old,
			       const struct simseg_ruleset *new)
{
	struct simseg_addrset *one;
	u32 i;

	for (i = 0; i < new->npools; i++) {
		if (simseg_addrset_covers(old->pools, &new->pool[i]))
			continue;
		one = simseg_addrset_build(&new->pool[i], 1);
		simseg_conntrack_flush(sn->net, one ?: new->pools);
		kvfree(one);
	}
}

/* How many policies only observe. */
u32 simseg_ruleset_observing(const struct simseg_ruleset *rs)
{
	u32 i, n = 0;

	for (i = 0; i < rs->policy_slots; i++)
		n += rs->policies[i] && rs->policies[i]->observe;
	return n;
}

/*
 * Puts @rs in force, and gives back the one before, for simseg_ruleset_free() or
 * to be put in force again. The caller raises the change counter afterwards.
 */
struct simseg_ruleset *simseg_ruleset_swap(struct simseg_net *sn, struct simseg_ruleset *rs)
{
	struct simseg_ruleset *old;
	u32 i;

	lockdep_assert_held(&sn->lock);
	old = rcu_dereference_protected(sn->ruleset, lockdep_is_held(&sn->lock));
	rs->generation = old->generation + 1;
	sn->observed |= simseg_ruleset_observing(rs);
	simseg_ruleset_keep_stamps(old, rs);
	rcu_assign_pointer(sn->ruleset, rs);
	for (i = 0; i < SIMSEG_SETTINGS; i++)
		WRITE_ONCE(sn->settings[i], rs->settings[i]);
	if (!rs->settings[SIMSEG_A_SETTING_PICKUP])
		WRITE_ONCE(sn->pickup_until, 0);
	/* the first one with policies, and not one that comes back: sessions would be known */
	else if (!old->npolicies && rs->npolicies && rs != sn->previous)
		WRITE_ONCE(sn->pickup_until, ktime_get_boottime_ns() +
			   (u64)rs->settings[SIMSEG_A_SETTING_PICKUP] * NSEC_PER_SEC);
	simseg_pools_grown(sn, old, rs);
	return old;
}

/* Do both say the same, what peer sets hold included? */
bool simseg_ruleset_same(struct simseg_ruleset *a, struct simseg_ruleset *b)
{
	const struct simseg_peerset *one, *other;
	u32 i;

	if (memcmp(a->hash, b->hash, sizeof(a->hash)))
		return false;
	for (i = 0; i < a->npeersets; i++) {
		one = &a->peersets[i];
		other = simseg_peerset_find(b, one->id);
		if (!other || one->nprefixes != other->nprefixes || one->until || other->until ||
		    memcmp(one->prefixes, other->prefixes,
			   one->nprefixes * sizeof(*one->prefixes)))
			return false;
	}
	return true;
}

static int simseg_flush_copy(struct simseg_net *sn, struct simseg_ruleset *rs,
			     const struct simseg_ruleset *old)
{
	struct simseg_addrset *pools;

	pools = simseg_addrset_build(old->pool, old->npools);
	rs->pool = simseg_prefixes_dup(old->pool, old->npools);
	rs->failsafe = simseg_prefixes_dup(old->failsafe, old->nfailsafe);
	if (!pools || (old->npools && !rs->pool) || (old->nfailsafe && !rs->failsafe)) {
		kvfree(pools);
		return -ENOMEM;
	}
	kvfree(rs->pools);
	rs->pools = pools;
	rs->npools = old->npools;
	rs->nfailsafe = old->nfailsafe;
	memcpy(rs->settings, old->settings, sizeof(rs->settings));
	return simseg_peersets_copy(sn, rs, old);
}

/*
 * Removes policies, devices and sessions; never pools, and never a quarantined
 * device: the gate stays closed. Settings and peer sets, which feeds may fill, stay.
 */
int simseg_ruleset_flush(struct simseg_net *sn, struct simseg_receipt *receipt,
			 struct netlink_ext_ack *extack)
{
	const struct simseg_commit commit = {};
	struct simseg_ruleset *old, *rs;
	LIST_HEAD(staged);
	LIST_HEAD(gone);
	int err;

	lockdep_assert_held(&sn->lock);
	err = simseg_trial_check(sn, &commit, true, extack);
	if (err)
		return err;
	old = rcu_dereference_protected(sn->ruleset, lockdep_is_held(&sn->lock));
	rs = simseg_ruleset_alloc(0, old->sets->n);
	if (!rs)
		return -ENOMEM;
	err = simseg_flush_copy(sn, rs, old);
	if (err) {
		simseg_ruleset_free(sn, rs);
		return err;
	}
	simseg_ruleset_hash(sn, rs);
	simseg_ruleset_free(sn, simseg_ruleset_swap(sn, rs));
	sn->merge++;
	simseg_merge_finish(sn, &staged, SIMSEG_MERGE_EXACT, &gone, receipt);
	mutex_lock(&sn->cut_lock);
	simseg_net_changed(sn);
	receipt->time_state = ktime_get_boottime_ns();
	simseg_sessions_cut_all(sn, SIMSEG_END_RULESET, receipt);
	synchronize_rcu_expedited();
	simseg_sessions_cut_all(sn, SIMSEG_END_RULESET, receipt);
	mutex_unlock(&sn->cut_lock);
	simseg_conntrack_prune(sn);
	receipt->time_done = ktime_get_boottime_ns();
	simseg_devices_release(&gone);
	return 0;
}
