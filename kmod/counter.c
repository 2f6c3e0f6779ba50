// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters by reason. The place that ends a packet's way through simseg counts
 * it, once.
 */
#include "simseg.h"

void simseg_counter_sum(struct simseg_net *sn, u8 reason, u64 *packets, u64 *bytes)
{
	*packets = simseg_tally_sum(sn->counters, packets[reason]);
	*bytes = simseg_tally_sum(sn->counters, bytes[reason]);
}
