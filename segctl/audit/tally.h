/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sums over the records of one source in a box, that go on as the box grows
 *
 * Functions return 0 or -errno and put a sentence into @error.
 */
#ifndef TALLY_H
#define TALLY_H

#include "balance.h"
#include "box.h"

/* A session that was live when the module was asked. */
struct tally_live {
	uint64_t id;
	struct balance_amount carried;
};

struct tally;

struct tally *tally_open(const char *dir, const struct box_source *source);
/*
 * Sessions that were live a moment ago: in what is read from now on, the end of one
 * takes its place. @list is sorted, and may have one twice.
 */
void tally_live(struct tally *t, struct tally_live *list, size_t n);
/* All that has come since the last time. */
int tally_read(struct tally *t, char error[BOX_ERROR]);
const struct balance_box *tally_box(const struct tally *t);
/* What the live ones have carried that have not ended since. */
struct balance_amount tally_carried(const struct tally *t);
/* Nothing more will be read: which numbers are missing now? */
void tally_end(struct tally *t);
void tally_close(struct tally *t);

#endif
