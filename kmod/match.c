// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets of addresses, and a query against a compiled policy. Plain C: this file
 * is part of the module and of libseg.
 */
#ifdef __KERNEL__
#include <linux/kernel.h>
#include <linux/sort.h>
#define simseg_sort(base, n, size, cmp)	sort(base, n, size, cmp, NULL)
#define simseg_set_of(sets, i)	rcu_dereference_check((sets)->set[i], true)
#else
#include <stdlib.h>
#define simseg_sort(base, n, size, cmp)	qsort(base, n, size, cmp)
#define simseg_set_of(sets, i)	((sets)->set[i])
#endif

#include "match.h"

static int simseg_u128_cmp(const struct simseg_u128 *a, const struct simseg_u128 *b)
{
	if (a->hi != b->hi)
		return a->hi < b->hi ? -1 : 1;
	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	return 0;
}

/* The host part of a prefix: ones where the prefix has none. */
static void simseg_u128_hostmask(struct simseg_u128 *mask, u8 plen)
{
	if (plen >= 64) {
		mask->hi = 0;
		mask->lo = plen == 128 ? 0 : ~0ULL >> (plen - 64);
	} else {
		mask->hi = ~0ULL >> plen;
		mask->lo = ~0ULL;
	}
}

void simseg_prefix_range(const struct simseg_prefix *prefix, struct simseg_range *range)
{
	struct simseg_u128 mask;

	simseg_u128_hostmask(&mask, prefix->plen);
	range->first.hi = simseg_read64(&prefix->addr[0]) & ~mask.hi;
	range->first.lo = simseg_read64(&prefix->addr[8]) & ~mask.lo;
	range->last.hi = range->first.hi | mask.hi;
	range->last.lo = range->first.lo | mask.lo;
}

/* Length in range, no host bits, nothing in the reserved bytes. */
bool simseg_prefix_valid(const struct simseg_prefix *prefix)
{
	struct simseg_u128 mask;

	if (prefix->plen > 128)
		return false;
	if (prefix->reserved[0] || prefix->reserved[1] || prefix->reserved[2])
		return false;
	simseg_u128_hostmask(&mask, prefix->plen);
	return !(simseg_read64(&prefix->addr[0]) & mask.hi) &&
	       !(simseg_read64(&prefix->addr[8]) & mask.lo);
}

void simseg_prefix_mask(struct in6_addr *addr, u8 plen)
{
	u8 i = plen / 8;

	if (i >= sizeof(addr->s6_addr))
		return;
	addr->s6_addr[i] &= (u8)(0xff00 >> (plen % 8));
	memset(&addr->s6_addr[i + 1], 0, sizeof(addr->s6_addr) - i - 1);
}

static int simseg_range_cmp(const void *a, const void *b)
{
	const struct simseg_range *x = a, *y = b;

	return simseg_u128_cmp(&x->first, &y->first);
}

/* Is @b the number after @a, or smaller? Then two ranges are one. */
static bool simseg_u128_touches(const struct simseg_u128 *a, const struct simseg_u128 *b)
{
	struct simseg_u128 next = { a->hi, a->lo + 1 };

	if (!next.lo && !++next.hi)
		return true;	/* @a is the last number there is */
	return simseg_u128_cmp(b, &next) <= 0;
}

/* Brings the ranges of @set, in any order, into the form that lookups need. */
void simseg_addrset_merge(struct simseg_addrset *set)
{
	struct simseg_range *r = set->range;
	u32 i, out = 0;

	if (!set->n)
		return;
	simseg_sort(r, set->n, sizeof(*r), simseg_range_cmp);
	for (i = 1; i < set->n; i++) {
		if (!simseg_u128_touches(&r[out].last, &r[i].first))
			r[++out] = r[i];
		else if (simseg_u128_cmp(&r[i].last, &r[out].last) > 0)
			r[out].last = r[i].last;
	}
	set->n = out + 1;
}

/* The range with the greatest first address that is not above @addr. */
static inline const struct simseg_range *simseg_addrset_at(const struct simseg_addrset *set,
							   const struct simseg_u128 *addr)
{
	u32 low = 0, high = set->n;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (simseg_u128_cmp(&set->range[mid].first, addr) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? &set->range[low - 1] : NULL;
}

bool simseg_addrset_has(const struct simseg_addrset *set, const struct simseg_u128 *addr)
{
	const struct simseg_range *range = simseg_addrset_at(set, addr);

	return range && simseg_u128_cmp(addr, &range->last) <= 0;
}

/* Is every address of @prefix in @set? */
bool simseg_addrset_covers(const struct simseg_addrset *set, const struct simseg_prefix *prefix)
{
	const struct simseg_range *range;
	struct simseg_range want;

	simseg_prefix_range(prefix, &want);
	range = simseg_addrset_at(set, &want.first);
	return range && simseg_u128_cmp(&want.last, &range->last) <= 0;
}

bool simseg_proto_has_ports(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return true;
	default:
		return false;
	}
}

static bool simseg_rule_proto(const struct simseg_rule *rule, const struct simseg_query *query)
{
	if (!rule->proto || rule->proto == query->proto)
		return true;
	return rule->proto == IPPROTO_ICMP && query->proto == IPPROTO_ICMPV6;
}

static bool simseg_rule_peer(const struct simseg_rule *rule, const struct simseg_sets *sets,
			     const struct simseg_query *query)
{
	const struct simseg_addrset *set = NULL;

	switch (rule->kind) {
	case SIMSEG_PEER_ANY:
		return true;
	case SIMSEG_PEER_SELF:
		return query->self;
	case SIMSEG_PEER_SET:
		if (sets && rule->set < sets->n)
			set = simseg_set_of(sets, rule->set);
		break;
	case SIMSEG_PEER_OWN:
		set = rule->own;
		break;
	}
	return set && simseg_addrset_has(set, &query->peer);
}

/* The first rule that allows @query, or NULL. Bounded by the rules' limit. */
const struct simseg_rule *simseg_policy_match(const struct simseg_policy *policy,
					      const struct simseg_sets *sets,
					      const struct simseg_query *query)
{
	const struct simseg_rule *rule = policy->rules;
	const struct simseg_rule *end = rule + policy->nrules;

	for (; rule < end; rule++) {
		if (rule->dir != query->dir || !simseg_rule_proto(rule, query))
			continue;
		if (rule->ports && (!query->ports || query->port < rule->port_low ||
				    query->port > rule->port_high))
			continue;
		if (simseg_rule_peer(rule, sets, query))
			return rule;
	}
	return NULL;
}
