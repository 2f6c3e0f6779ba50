// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Accounting for the numbers of one source
 */
#include <stdlib.h>
#include <string.h>

#include "numbers.h"
#include "text.h"

#define HOLES_MAX (1U << 17)
#define GAPS_MAX  4096

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t width(const struct number_range *r)
{
	return r->last - r->first + 1;
}

void numbers_begin(struct numbers *n, const struct box_source *source, const uint64_t last[2])
{
	memset(n, 0, sizeof(*n));
	n->source = *source;
	memcpy(n->last, last, sizeof(n->last));
	n->floor = last[0] > last[1] ? last[0] : last[1];
}

void numbers_free(struct numbers *n)
{
	free(n->holes);
	free(n->gaps);
	memset(n, 0, sizeof(*n));
}

static struct number_range *hole_at(struct numbers *n, size_t i)
{
	return &n->holes[n->first_hole + i];
}

/* The first hole that does not end before @seq. */
static size_t hole_find(struct numbers *n, uint64_t seq)
{
	size_t low = 0, high = n->n_holes;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (hole_at(n, mid)->last < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void hole_insert(struct numbers *n, size_t i, uint64_t first, uint64_t last)
{
	if (n->first_hole + n->n_holes == n->holes_room && n->first_hole > n->n_holes) {
		memmove(n->holes, hole_at(n, 0), n->n_holes * sizeof(*n->holes));
		n->first_hole = 0;
	}
	grow(&n->holes, &n->holes_room, n->first_hole + n->n_holes, sizeof(*n->holes));
	memmove(hole_at(n, i + 1), hole_at(n, i), (n->n_holes - i) * sizeof(*n->holes));
	*hole_at(n, i) = (struct number_range){ first, last };
	n->n_holes++;
}

static void hole_remove(struct numbers *n, size_t i)
{
	n->n_holes--;
	/* mostly it is the oldest one */
	if (!i)
		n->first_hole++;
	else
		memmove(hole_at(n, i), hole_at(n, i + 1), (n->n_holes - i) * sizeof(*n->holes));
}

/* @seq has come after all; false: it was there already. */
static bool hole_fill(struct numbers *n, uint64_t seq)
{
	size_t i = hole_find(n, seq);
	struct number_range *h;

	if (i == n->n_holes || hole_at(n, i)->first > seq)
		return false;
	h = hole_at(n, i);
	if (h->first == h->last) {
		hole_remove(n, i);
	} else if (h->first == seq) {
		h->first++;
	} else if (h->last == seq) {
		h->last--;
	} else {
		struct number_range right = { seq + 1, h->last };

		h->last = seq - 1;
		hole_insert(n, i + 1, right.first, right.last);
	}
	return true;
}

/* How many numbers of @r have not come. */
static uint64_t missing(struct numbers *n, const struct number_range *r)
{
	size_t i = hole_find(n, r->first);
	uint64_t sum = 0;

	for (; i < n->n_holes && hole_at(n, i)->first <= r->last; i++) {
		struct number_range h = *hole_at(n, i);

		if (h.first < r->first)
			h.first = r->first;
		if (h.last > r->last)
			h.last = r->last;
		sum += width(&h);
	}
	return sum;
}

/* They are accounted for. */
static void settle_range(struct numbers *n, const struct number_range *r)
{
	size_t i = hole_find(n, r->first);

	while (i < n->n_holes && hole_at(n, i)->first <= r->last) {
		struct number_range h = *hole_at(n, i);

		hole_remove(n, i);
		if (h.first < r->first)
			hole_insert(n, i++, h.first, r->first - 1);
		if (h.last > r->last)
			hole_insert(n, i++, r->last + 1, h.last);
	}
}

static void gap_remove(struct numbers *n, size_t i)
{
	n->gaps[i] = n->gaps[--n->n_gaps];
}

/* Gaps that have numbers of both in them are one: which is whose cannot be told. */
static void gap_add(struct numbers *n, struct number_gap gap)
{
	bool crowded = n->n_gaps == GAPS_MAX;
	size_t i = 0;

	while (i < n->n_gaps) {
		struct number_gap *g = &n->gaps[i];

		if (!crowded &&
		    (g->range.last < gap.range.first || g->range.first > gap.range.last)) {
			i++;
			continue;
		}
		if (g->range.first < gap.range.first)
			gap.range.first = g->range.first;
		if (g->range.last > gap.range.last)
			gap.range.last = g->range.last;
		gap.lost = add(gap.lost, g->lost);
		gap_remove(n, i);
		i = 0;
	}
	grow(&n->gaps, &n->gaps_room, n->n_gaps, sizeof(*n->gaps));
	n->gaps[n->n_gaps++] = gap;
}

static void gaps_settle(struct numbers *n, uint64_t seq)
{
	size_t i;

	for (i = n->n_gaps; i--;) {
		struct number_gap g = n->gaps[i];

		if (g.range.first > seq || g.range.last < seq || missing(n, &g.range) != g.lost)
			continue;
		settle_range(n, &g.range);
		gap_remove(n, i);
	}
}

static enum numbers_wrong add_gap(struct numbers *n, const struct simseg_record *r,
				  struct number_range *range)
{
	const struct simseg_record_gap *gap = (const void *)r;
	struct number_gap g = { { gap->first, gap->last }, 0 };
	unsigned int i;

	for (i = 0; i < __SIMSEG_RECORD_MAX; i++)
		g.lost = add(g.lost, gap->lost[i]);
	n->lost = add(n->lost, g.lost);
	*range = g.range;
	if (!gap->first || gap->first > gap->last || gap->last >= r->seq)
		return NUMBERS_BAD_GAP;
	/* how many of these lie in segments that are not looked at cannot be told */
	if (g.range.first <= n->floor) {
		g.range.first = n->floor + 1;
		if (g.range.last > n->floor)
			settle_range(n, &g.range);
		return NUMBERS_FINE;
	}
	/* the first records of a source may be lost ones */
	if (g.range.first < n->low) {
		hole_insert(n, 0, g.range.first, n->low - 1);
		n->low = g.range.first;
	}
	gap_add(n, g);
	gaps_settle(n, g.range.first);
	return NUMBERS_FINE;
}

/* A range that is over the limit: it will never be filled. */
static enum numbers_wrong crowd(struct numbers *n, struct number_range *range)
{
	if (n->n_holes <= HOLES_MAX)
		return NUMBERS_FINE;
	*range = *hole_at(n, 0);
	hole_remove(n, 0);
	return NUMBERS_CROWDED;
}

static enum numbers_wrong place(struct numbers *n, uint64_t seq)
{
	if (!n->high) {
		n->low = seq;
		n->high = seq;
		/* what comes first in this segment may not be what follows the one before */
		if (n->floor && seq > n->floor + 1) {
			n->low = n->floor + 1;
			hole_insert(n, 0, n->low, seq - 1);
		}
	} else if (seq > n->high) {
		if (seq > n->high + 1)
			hole_insert(n, n->n_holes, n->high + 1, seq - 1);
		n->high = seq;
	} else if (seq < n->low) {
		if (seq + 1 < n->low)
			hole_insert(n, 0, seq + 1, n->low - 1);
		n->low = seq;
	} else if (!hole_fill(n, seq)) {
		return NUMBERS_TWICE;
	} else if (n->n_gaps) {
		gaps_settle(n, seq);
	}
	return NUMBERS_FINE;
}

enum numbers_wrong numbers_add(struct numbers *n, const struct simseg_record *r,
			       struct number_range *range)
{
	uint64_t *last = &n->last[r->kind == SIMSEG_RECORD_DENY];
	enum numbers_wrong wrong;

	*range = (struct number_range){ r->seq, r->seq };
	if (r->seq <= *last)
		return NUMBERS_TWICE;
	*last = r->seq;
	wrong = r->seq <= n->floor ? NUMBERS_FINE : place(n, r->seq);
	if (!wrong && r->kind == SIMSEG_RECORD_GAP)
		wrong = add_gap(n, r, range);
	return wrong ? wrong : crowd(n, range);
}

enum numbers_wrong numbers_end(struct numbers *n, struct number_range *range, uint64_t *count)
{
	uint64_t both = n->last[0] < n->last[1] ? n->last[0] : n->last[1], there;

	while (n->n_gaps) {
		struct number_gap g = n->gaps[n->n_gaps - 1];

		n->n_gaps--;
		there = missing(n, &g.range);
		settle_range(n, &g.range);
		*range = g.range;
		*count = there > g.lost ? there - g.lost : g.lost - there;
		if (there > g.lost)
			return g.range.last > both ? NUMBERS_PENDING : NUMBERS_MISSING;
		if (there < g.lost)
			return NUMBERS_TOO_MANY;
	}
	if (!n->n_holes)
		return NUMBERS_FINE;
	*range = *hole_at(n, 0);
	*count = width(range);
	hole_remove(n, 0);
	return range->last > both ? NUMBERS_PENDING : NUMBERS_MISSING;
}
