// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters by reason. The place that ends a packet's way through simseg counts
 * it, once.
 */
#include "simseg.h"

void simseg_count(struct simseg_net *sn, u8 reason, u32 packets, u32 bytes)
{
	struct simseg_counters *c;

	/* LOCAL_OUT runs with softirqs on, and a softirq may count meanwhile. */
	local_bh_disable();
	c = this_cpu_ptr(sn->counters);
	u64_stats_update_begin(&c->syncp);
	u64_stats_add(&c->packets[reason], packets);
	u64_stats_add(&c->bytes[reason], bytes);
	u64_stats_update_end(&c->syncp);
	local_bh_enable();
}

void simseg_counter_sum(struct simseg_net *sn, u8 reason, u64 *packets, u64 *bytes)
{
	int cpu;

	*packets = 0;
	*bytes = 0;
	for_each_possible_cpu(cpu) {
		const struct simseg_counters *c = per_cpu_ptr(sn->counters, cpu);
		u64 p, b;
		unsigned int start;

		do {
			start = u64_stats_fetch_begin(&c->syncp);
			p = u64_stats_read(&c->packets[reason]);
			b = u64_stats_read(&c->bytes[reason]);
		} while (u64_stats_fetch_retry(&c->syncp, start));
		*packets += p;
		*bytes += b;
	}
}
