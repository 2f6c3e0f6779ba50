/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verifier from inside: where it is in the box
 */
#ifndef VERIFY_STATE_H
#define VERIFY_STATE_H

#include "box_writer.h"
#include "numbers.h"
#include "purged.h"
#include "statements.h"
#include "verify.h"

/* A segment that went. */
struct verify_gone {
	struct purged_line line;
	uint64_t before;	 /* records in all segments before */
	uint8_t chain[BOX_HASH]; /* over the lines up to this one */
	uint64_t sealed;	 /* records that a checkpoint has seen */
	bool missed;		 /* it was looked for, and is not there */
};

struct verifier {
	const struct verify_options *options;
	struct verify_result *result;
	int dir, segments;
	struct statements statements;
	struct box_head head; /* of the segment that is read */
	struct box_tail tail; /* as far as it was read */
	bool last;	      /* there is none behind it */
	bool whole;	      /* nothing in it is wrong so far */
	bool linked;	      /* the segment before it was read to its end: these are its */
	uint8_t chain[BOX_HASH];
	uint64_t total;
	struct {
		struct box_pos pos; /* segment 0: none */
		uint64_t records, seq, from, to;
	} unsealed; /* records behind the last checkpoint */
	struct {
		struct purged file;
		struct verify_gone *list; /* @n of them, of the segments from 1 on */
		size_t n, room;
		bool broken;	       /* what comes behind them are no such lines */
		uint64_t vouched;      /* lines that a checkpoint vouches for */
		struct checkpoint by;  /* the first one that did so for the last of them */
		uint64_t fewer, other; /* checkpoints that do not agree with the lines: the first */
	} gone;
	bool jumped; /* not all segments before this one were read */
	struct numbers *sources;
	size_t n_sources, sources_room;
	struct box_slot slots[BOX_IO];
};

/* verify.c: @record: which is wrong, or NULL. */
void verify_say(struct verifier *v, enum verify_grade grade, struct box_pos pos,
		const struct simseg_record *record, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* verify_sign.c: checkpoints beside the records */

int verify_sign_open(struct verifier *v, const char *dir, char error[BOX_ERROR]);
/* Checks those that speak of where the verifier is. */
void verify_sign_here(struct verifier *v);
/* At the end of a segment that has no more records. */
void verify_sign_segment(struct verifier *v);
/* Those before segment @number, of which the records are not looked at. */
void verify_sign_skip(struct verifier *v, uint64_t number);
/* When all segments have been read; @last: the number of the last one. */
void verify_sign_end(struct verifier *v, uint64_t last);
/* -EPROTO: there are checkpoints that this program does not know how to read. */
int verify_sign_strange(struct verifier *v, char error[BOX_ERROR]);

/* verify_purge.c: segments that went, and what vouches for that */

int verify_purge_open(struct verifier *v, char error[BOX_ERROR]);
void verify_purge_close(struct verifier *v);
/*
 * Segments @first to @last are not there. How many of them, from @first on, are told of
 * as purged: the verifier is behind the last of these, as if it had read them.
 */
int64_t verify_purge_over(struct verifier *v, uint64_t first, uint64_t last, char error[BOX_ERROR]);
/* What the checkpoint at hand says of them; once for each. */
void verify_purge_checkpoint(struct verifier *v);
int verify_purge_end(struct verifier *v, char error[BOX_ERROR]);

/* verify_number.c: the numbers of sources */

void verify_number(struct verifier *v, const struct simseg_record *record, struct box_pos pos);
void verify_number_end(struct verifier *v);
/* Some segments are not there, rightly: what numbers lack is not told. */
void verify_number_jump(struct verifier *v);

#endif
