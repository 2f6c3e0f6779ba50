// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies: rules as asked for become rules that the packet path can match.
 */
#include <linux/slab.h>
#include <crypto/blake2s.h>

#include "simseg.h"

struct simseg_addrset *simseg_addrset_build(const struct simseg_prefix *prefixes, u32 n)
{
	struct simseg_addrset *set;
	u32 i;

	set = kvzalloc(struct_size(set, range, n), GFP_KERNEL_ACCOUNT);
	if (!set)
		return NULL;
	for (i = 0; i < n; i++)
		simseg_prefix_range(&prefixes[i], &set->range[i]);
	set->n = n;
	simseg_addrset_merge(set);
	return set;
}

struct simseg_prefix *simseg_prefixes_dup(const struct simseg_prefix *prefixes, u32 n)
{
	struct simseg_prefix *copy = kvmalloc_array(n, sizeof(*copy), GFP_KERNEL_ACCOUNT);

	if (copy)
		memcpy(copy, prefixes, n * sizeof(*copy));
	return copy;
}

void simseg_rule_specs_free(struct simseg_rule_spec *specs, u32 n)
{
	u32 i;

	for (i = 0; specs && i < n; i++)
		kvfree(specs[i].prefixes);
	kvfree(specs);
}

static void simseg_policy_free_memory(struct simseg_policy *policy)
{
	u32 i;

	for (i = 0; i < policy->nrules; i++) {
		kvfree(policy->rules[i].prefixes);
		kvfree(policy->rules[i].own);
	}
	kvfree(policy);
}

static void simseg_policy_free_rcu(struct rcu_head *rcu)
{
	simseg_policy_free_memory(container_of(rcu, struct simseg_policy, rcu));
}

static void simseg_policy_put_names(struct simseg_net *sn, struct simseg_policy *policy)
{
	u32 i;

	for (i = 0; i < policy->nrules; i++) {
		if (policy->rules[i].kind == SIMSEG_PEER_SET)
			simseg_name_put(&sn->peer_names, policy->rules[i].set);
	}
	if (policy->id)
		simseg_name_put(&sn->policy_names, policy->id);
}

/* Gives the names back at once, the memory after a grace period. */
void simseg_policy_free(struct simseg_net *sn, struct simseg_policy *policy)
{
	simseg_policy_put_names(sn, policy);
	call_rcu(&policy->rcu, simseg_policy_free_rcu);
}

static int simseg_rule_build(struct simseg_net *sn, struct simseg_rule *rule,
			     const struct simseg_rule_spec *spec, struct netlink_ext_ack *extack)
{
	int err;

	rule->port_low = spec->port_low;
	rule->port_high = spec->port_high;
	rule->ports = spec->ports;
	rule->dir = spec->dir;
	rule->proto = spec->proto;
	strscpy(rule->label, spec->label, sizeof(rule->label));
	if (spec->kind == SIMSEG_PEER_SET) {
		err = simseg_name_get(&sn->peer_names, spec->peer, &rule->set);
		if (err) {
			if (err == -ENOSPC)
				NL_SET_ERR_MSG_MOD(extack, "too many names of peer sets");
			return err;
		}
	}
	/* from here on the name is given back with the rule */
	rule->kind = spec->kind;
	if (spec->kind != SIMSEG_PEER_OWN)
		return 0;
	rule->prefixes = simseg_prefixes_dup(spec->prefixes, spec->nprefixes);
	rule->own = simseg_addrset_build(spec->prefixes, spec->nprefixes);
	if (!rule->prefixes || !rule->own)
		return -ENOMEM;
	rule->nprefixes = simseg_prefixes_unique(rule->prefixes, spec->nprefixes);
	return 0;
}

/* What two policies have in common that decide alike: all but id and stamp. */
static void simseg_policy_digest(struct simseg_net *sn, struct simseg_policy *policy)
{
	struct blake2s_state state;
	u32 i;

	blake2s_init(&state, sizeof(policy->digest));
	blake2s_update(&state, (const u8 *)policy->name, sizeof(policy->name));
	blake2s_update(&state, (const u8 *)&policy->observe, sizeof(policy->observe));
	for (i = 0; i < policy->nrules; i++) {
		const struct simseg_rule *rule = &policy->rules[i];
		const char *set = rule->kind == SIMSEG_PEER_SET ?
				  simseg_name_of(&sn->peer_names, rule->set) : "";
		__le16 ports[2] = { cpu_to_le16(rule->port_low), cpu_to_le16(rule->port_high) };
		__le32 n = cpu_to_le32(rule->nprefixes);
		u8 head[4] = { rule->dir, rule->proto, rule->kind, rule->ports };

		blake2s_update(&state, head, sizeof(head));
		blake2s_update(&state, (const u8 *)ports, sizeof(ports));
		blake2s_update(&state, (const u8 *)set, strlen(set) + 1);
		blake2s_update(&state, (const u8 *)rule->label, sizeof(rule->label));
		blake2s_update(&state, (const u8 *)&n, sizeof(n));
		blake2s_update(&state, (const u8 *)rule->prefixes,
			       rule->nprefixes * sizeof(*rule->prefixes));
	}
	blake2s_final(&state, policy->digest);
}

/* Takes its own references to names; @id 0 is a device's own list. */
struct simseg_policy *simseg_policy_build(struct simseg_net *sn, u32 id, const char *name,
					  bool observe, const struct simseg_rule_spec *specs, u32 n,
					  struct netlink_ext_ack *extack)
{
	struct simseg_policy *policy;
	int err;
	u32 i;

	lockdep_assert_held(&sn->lock);
	policy = kvzalloc(struct_size(policy, rules, n), GFP_KERNEL_ACCOUNT);
	if (!policy)
		return ERR_PTR(-ENOMEM);
	policy->id = id;
	policy->observe = observe;
	if (id)
		simseg_name_hold(&sn->policy_names, id);
	strscpy(policy->name, name, sizeof(policy->name));
	for (i = 0; i < n; i++) {
		policy->nrules = i + 1;
		policy->rules[i].id = i + 1;
		err = simseg_rule_build(sn, &policy->rules[i], &specs[i], extack);
		if (err) {
			simseg_policy_put_names(sn, policy);
			simseg_policy_free_memory(policy);
			return ERR_PTR(err);
		}
	}
	policy->stamp = ++sn->stamp;
	simseg_policy_digest(sn, policy);
	return policy;
}
