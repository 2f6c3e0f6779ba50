/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * To whom an address belongs: looked up for each packet, in registers.
 */
#ifndef _SIMSEG_BINDING_H
#define _SIMSEG_BINDING_H

#include "simseg.h"

static const struct simseg_table_key simseg_binding_at = {
	.offset = offsetof(struct simseg_binding, key),
	.len = sizeof(struct simseg_binding_key),
};

/* A struct simseg_binding_key as it stands in memory, without arrays. */
struct simseg_binding_words {
	u64 a0, a1;
	u32 rest;	/* prefix length, domain */
};

static __always_inline u32 simseg_binding_words_hash(const struct simseg_table *table,
						     const struct simseg_binding_words *key)
{
	const u64 *seed = table->seeds;
	u64 sum = seed[0] + (key->rest + seed[5]) * seed[6];

	BUILD_BUG_ON(ARRAY_SIZE(table->seeds) < 7);
	sum += simseg_hash_product(seed + 1, key->a0);
	sum += simseg_hash_product(seed + 3, key->a1);
	return simseg_hash_mix(sum);
}

/* Both in one word, as they stand in the key. */
static __always_inline u32 simseg_binding_rest(u16 plen)
{
#ifdef __LITTLE_ENDIAN
	return plen;
#else
	return (u32)plen << 16;
#endif
}

/* The first @plen bits alone. */
static __always_inline void simseg_binding_words_mask(struct simseg_binding_words *key, u32 plen)
{
	if (plen <= 64)
		key->a1 = 0;
	else
		key->a1 &= (__force u64)cpu_to_be64(~0ULL << (128 - plen));
	if (plen < 64)
		key->a0 &= plen ? (__force u64)cpu_to_be64(~0ULL << (64 - plen)) : 0;
}

/* The binding with the first @plen bits of an address, in force or not, or NULL. Under RCU. */
static __always_inline const struct simseg_binding *
simseg_binding_under(const struct simseg_net *sn, u64 a0, u64 a1, u32 plen)
{
	struct simseg_binding_words key __uninitialized;

	BUILD_BUG_ON(offsetofend(struct simseg_binding_words, rest) != simseg_binding_at.len);
	key.a0 = a0;
	key.a1 = a1;
	if (plen < 128)
		simseg_binding_words_mask(&key, plen);
	key.rest = simseg_binding_rest(plen);
	return simseg_table_lookup(&sn->bindings, &key,
				   simseg_binding_words_hash(&sn->bindings, &key),
				   simseg_binding_at);
}

const struct simseg_binding *simseg_binding_longest(const struct simseg_net *sn,
						    const struct simseg_plens *plens,
						    u64 a0, u64 a1);

/*
 * The binding with the longest prefix that holds an address and is in force, or NULL; the
 * address as its two halves stand in memory. One lookup where all bindings are of whole
 * addresses. Under RCU.
 */
static __always_inline const struct simseg_binding *
simseg_binding_find(const struct simseg_net *sn, u64 a0, u64 a1)
{
	const struct simseg_plens *plens = rcu_dereference(sn->plens);
	const struct simseg_binding *binding;

	if (unlikely(!plens))
		return NULL;
	if (unlikely(plens->n != 1 || plens->plen[0] != 128))
		return simseg_binding_longest(sn, plens, a0, a1);
	binding = simseg_binding_under(sn, a0, a1, 128);
	return binding && rcu_access_pointer(binding->device) ? binding : NULL;
}

#endif /* _SIMSEG_BINDING_H */
