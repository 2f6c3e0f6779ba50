/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is every number of a source there exactly once, or told as lost by a GAP record?
 *
 * Denies and other records come through rings of their own, in which the numbers rise;
 * one may be behind the other. Numbers that have not come are kept as ranges, and a GAP
 * takes as many as it counts away from between its first and its last.
 */
#ifndef NUMBERS_H
#define NUMBERS_H

#include "box.h"

/* Numbers that have not come. */
struct number_range {
	uint64_t first, last;
};

struct number_gap {
	struct number_range range;
	uint64_t lost;
};

struct numbers {
	struct box_source source;
	uint64_t floor; /* below it nothing is known: an earlier segment has it */
	uint64_t low, high;
	uint64_t last[2]; /* others, denies */
	uint64_t lost;	  /* told by GAP records */
	struct number_range *holes;
	size_t first_hole, n_holes, holes_room; /* sorted, from @first_hole on */
	struct number_gap *gaps;
	size_t n_gaps, gaps_room;
};

/* What is wrong with the numbers; @range: which ones. */
enum numbers_wrong {
	NUMBERS_FINE,
	NUMBERS_TWICE,	  /* or not in the order of its ring */
	NUMBERS_MISSING,  /* and no GAP tells of it */
	NUMBERS_PENDING,  /* not there, but might come from the ring that is behind */
	NUMBERS_TOO_MANY, /* a GAP tells of more than is missing */
	NUMBERS_BAD_GAP,  /* a GAP record that makes no sense */
	NUMBERS_CROWDED,  /* more ranges than are kept: the first one is given up */
};

/* @last: the highest numbers before the first segment that is looked at. */
void numbers_begin(struct numbers *n, const struct box_source *source, const uint64_t last[2]);
enum numbers_wrong numbers_add(struct numbers *n, const struct simseg_record *r,
			       struct number_range *range);
/* When no more will come: what is left, one by one, until it is NUMBERS_FINE. */
enum numbers_wrong numbers_end(struct numbers *n, struct number_range *range, uint64_t *count);
void numbers_free(struct numbers *n);

#endif
