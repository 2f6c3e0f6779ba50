/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What rows 1 to 3 of the verdict find out, for the rows behind them.
 */
#ifndef _SIMSEG_ADDRESS_H
#define _SIMSEG_ADDRESS_H

#include "types.h"

/* Both ends of a packet, as the registry knows them. */
struct simseg_ends {
	const struct simseg_ruleset *rs;
	const struct simseg_binding *binding[2];
	bool governed[2];
	bool responder;		/* a quarantine's exception holds */
};

u8 simseg_rows_address(struct simseg_net *sn, const struct simseg_pkt *pkt,
		       struct simseg_ends *ends, struct simseg_result *res);
u8 simseg_row_quarantined(const struct simseg_device *device, const struct in6_addr *peer,
			  bool *responder);
bool simseg_in_pool(const struct simseg_ruleset *rs, const struct in6_addr *addr);

/* Row 3 of one end: @peer is the other address. */
static inline u8 simseg_row_quarantine(const struct simseg_device *device,
				       const struct in6_addr *peer, bool *responder)
{
	if (likely(READ_ONCE(device->state) == SIMSEG_STATE_ACTIVE))
		return 0;
	return simseg_row_quarantined(device, peer, responder);
}

#endif /* _SIMSEG_ADDRESS_H */
