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

/* What a walk through a segment's slots finds. */
struct box_walk {
	uint64_t slots;	       /* that are there as a whole */
	uint64_t intact;       /* first ones whose chain is right */
	bool behind;	       /* behind a wrong one is one that fits the slot before it */
	uint64_t rest;	       /* bytes behind the intact ones */
	uint64_t zeroes;       /* how many of the last ones of these are zero */
	uint8_t end[BOX_HASH]; /* of the last slot, as it is stored */
	uint64_t last[2];
};

/* From where @tail is to the end of @segment; @tail comes to be behind the intact ones. */
int box_walk(int fd, uint64_t segment, struct box_walk *walk, struct box_tail *tail,
	     char error[BOX_ERROR]);
/*
 * What is behind the intact ones may be a crash's work: nothing there is right, and of
 * the @covered records that a checkpoint has seen each is intact.
 */
bool box_walk_torn(const struct box_walk *walk, uint64_t covered);

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
