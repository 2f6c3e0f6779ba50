/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writer of a box from inside: where its last segment stands
 */
#ifndef BOX_WRITER_H
#define BOX_WRITER_H

#include "box_file.h"
#include "merkle.h"

/* The end of a segment that grows. A copy of it is all that is needed to go back. */
struct box_tail {
	uint64_t slots;
	uint8_t chain[BOX_HASH];
	struct merkle tree;
	uint64_t last[2]; /* highest numbers: others, denies */
};

/* Takes one more record in. */
void box_tail_add(struct box_tail *tail, const struct simseg_record *record);
/* The tail of a segment without records. */
void box_tail_begin(struct box_tail *tail, const struct box_head *head);

/* box_recover.c */

/* What the segments say when a writer comes. */
struct box_found {
	struct box_head head; /* of the last segment; @head.segment 0: there is none */
	int fd;		      /* of it */
	struct box_tail tail;
	uint64_t cut;  /* bytes of torn records that were cut off */
	bool damaged;  /* its records are not as they were written: it cannot be sealed */
	bool unwanted; /* its head cannot be read: only @head.segment is true */
};

/*
 * Looks at the last segment and cuts a torn end off. @covered: records of it that a
 * checkpoint has seen, which are never cut. 0 with a sentence: a warning.
 */
int box_recover(int segments, uint64_t covered_segment, uint64_t covered, struct box_found *found,
		char error[BOX_ERROR]);
/* Highest numbers of @source in the segments up to @found's. */
int box_recover_last(int segments, const struct box_source *source, const struct box_found *found,
		     uint64_t last[2], char error[BOX_ERROR]);

#endif
