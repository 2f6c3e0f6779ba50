/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters of 64 bits that each CPU has for itself, in a structure with a syncp. Whoever
 * counts may be interrupted by a softirq that counts as well: LOCAL_OUT runs with
 * softirqs on. Where a register holds one it takes an instruction that nothing on this
 * CPU comes in between of, or what the architecture has for that; elsewhere softirqs are
 * kept off, and readers look again.
 */
#ifndef _SIMSEG_TALLY_H
#define _SIMSEG_TALLY_H

#include <linux/bottom_half.h>
#include <linux/percpu.h>
#include <linux/u64_stats_sync.h>

#if BITS_PER_LONG == 64

#define simseg_tally_add(all, member, n)	this_cpu_add((all)->member, n)

#else

#define simseg_tally_add(all, member, n)			\
do {								\
	typeof(*(all)) *__tally;				\
								\
	local_bh_disable();					\
	__tally = this_cpu_ptr(all);				\
	u64_stats_update_begin(&__tally->syncp);		\
	__tally->member += (n);					\
	u64_stats_update_end(&__tally->syncp);			\
	local_bh_enable();					\
} while (0)

#endif

/* The sum over all CPUs. */
#define simseg_tally_sum(all, member)				\
({								\
	u64 __sum = 0, __value;					\
	unsigned int __start;					\
	int __cpu;						\
								\
	for_each_possible_cpu(__cpu) {				\
		const typeof(*(all)) *__tally;			\
								\
		__tally = per_cpu_ptr(all, __cpu);		\
		do {						\
			__start = u64_stats_fetch_begin(&__tally->syncp); \
			__value = READ_ONCE(__tally->member);	\
		} while (u64_stats_fetch_retry(&__tally->syncp, __start)); \
		__sum += __value;				\
	}							\
	__sum;							\
})

#endif /* _SIMSEG_TALLY_H */
