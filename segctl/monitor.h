/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A change that is being put together from its records
 */
#ifndef MONITOR_H
#define MONITOR_H

#include "segctl.h"

struct monitor_change {
	bool open; /* it is not printed yet */
	struct simseg_record_change head;
	char text[512]; /* ends in a 0 that is no part of it */
	size_t got;
	struct js_list *list; /* in JSON an element of this one; NULL: alone */
};

/* Take a CONFIG or TEXT record; prints the change when it is whole. */
void monitor_change_add(struct monitor_change *m, struct ctl *c,
			const struct simseg_record *record);
/* Print what there is: nothing more comes. */
void monitor_change_end(struct monitor_change *m, struct ctl *c);

#endif
