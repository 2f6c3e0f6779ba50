/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which records somebody wants to see
 */
#ifndef MONITOR_FILTER_H
#define MONITOR_FILTER_H

#include "segctl.h"

struct monitor_filter {
	/* as given; NULL: any */
	const char *device, *verdict, *reason, *policy, *peer;

	char iccid[SEG_ICCID_LEN];
	struct simseg_prefix prefix;
};

/* Understands what was given; false if it is no sense (it has been said). */
bool monitor_filter_read(struct monitor_filter *f, struct ctl *c);
/* @policy: the name of its policy, or NULL. Gaps are always wanted: they may hide one. */
bool monitor_filter_wants(const struct monitor_filter *f, const struct simseg_record *r,
			  const char *policy);

#endif
