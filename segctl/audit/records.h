/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * segctl records: what is asked on the command line, and how it is shown
 */
#ifndef RECORDS_H
#define RECORDS_H

#include "segctl.h"
#include "store.h"

#define RECORDS_LIMIT 100

struct records_opts {
	const char *device, *asset, *peer, *reason, *kind, *rule, *session, *from, *to;
	const char *limit, *by, *dir;
};

/* @now: CLOCK_REALTIME, ns; false: it has been said what is wrong. */
bool records_query(struct ctl *c, const struct records_opts *o, uint64_t now,
		   struct store_query *query);
bool records_by(struct ctl *c, const char *text, enum store_by *by);
/* "2026-11-23T07:00:00Z", with a fraction and an offset if need be, or "2h": so long ago. */
bool records_time(struct ctl *c, const char *text, uint64_t now, uint64_t *ns);
/* One ICCID, packed. */
bool records_iccid(struct ctl *c, const char *text, uint8_t device[10]);
/* A number from 0 on. */
bool records_number(struct ctl *c, const char *what, const char *text, uint64_t *n);

/* records_show.c: prints them; the code to exit with */
int records_show(struct ctl *c, struct store *store, const char *dir, const struct box_pos *places,
		 size_t n);
int records_show_sums(struct ctl *c, struct store *store, const struct store_query *query,
		      enum store_by by);
/* The index as it is, and on stderr how far it is behind; EXIT_DONE or a code. */
int records_store(struct ctl *c, const char *dir, struct store **store);
/* Says @error; the code to exit with. */
int records_fail(int err, const char *error);

#endif
