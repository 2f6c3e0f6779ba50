/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The index follows the box, in a thread of its own: however slow it is, no record waits
 * for it
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

struct follow;

/* What of the box is kept; what is older, or too much, goes by whole segments. */
struct follow_keep {
	uint64_t age;	/* ns; 0: for ever */
	uint64_t bytes; /* of all segments; 0: any number */
	bool forwarded; /* nothing goes for its age before it is elsewhere */
};

/* NULL: it does not start (it has been said); the box is complete without it. */
struct follow *follow_start(const char *dir, const struct follow_keep *keep);
/*
 * Between these two the box may have records that are taken back if the disk fails: the
 * index takes none of them.
 */
void follow_hold(struct follow *f);
void follow_release(struct follow *f);
/* Segments before this one are elsewhere. */
void follow_forwarded(struct follow *f, uint64_t segment);
/* Records that the index has not yet; UINT64_MAX: not known. */
uint64_t follow_lag(const struct follow *f);
/* Ends the thread, when the piece under way is done. */
void follow_stop(struct follow *f);

#endif
