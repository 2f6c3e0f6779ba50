/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hash of keys that packets choose: multilinear with halves (Lemire, Kaser 2014),
 * strongly universal, one multiplication for eight bytes. The seed is random and never
 * leaves the kernel; who does not see hashes cannot choose keys that collide. It is no
 * PRF: what could be learnt by timing stands where it is used.
 */
#ifndef _SIMSEG_HASH_H
#define _SIMSEG_HASH_H

#include <linux/hash.h>
#include <linux/types.h>

/*
 * The last step. Keys that ascend, as addresses of devices do, give sums that ascend by
 * the same number: with an unlucky seed their upper bits would gather in few places. After
 * this nothing is left of that.
 */
static __always_inline u32 simseg_hash_mix(u64 sum)
{
	return ((sum ^ sum >> 32) * GOLDEN_RATIO_64) >> 32;
}

/* @seed: one more than @n words, rounded up to an even number; @n is constant. */
static __always_inline u32 simseg_hash(const u64 *seed, const u32 *word, unsigned int n)
{
	u64 sum = seed[0];
	unsigned int i;

	for (i = 0; i + 1 < n; i += 2)
		sum += (word[i] + seed[i + 1]) * (word[i + 1] + seed[i + 2]);
	if (n % 2)
		sum += (word[n - 1] + seed[n]) * seed[n + 1];
	return simseg_hash_mix(sum);
}

/*
 * One product of it, from two words that stand side by side in @pair. Which of them comes
 * first is up to the machine: a key is hashed by simseg_hash(), or by these, but not both.
 */
static __always_inline u64 simseg_hash_product(const u64 *seed, u64 pair)
{
	return ((u32)pair + seed[0]) * ((pair >> 32) + seed[1]);
}

#endif /* _SIMSEG_HASH_H */
