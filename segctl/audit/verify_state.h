/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verifier from inside: where it is in the box
 */
#ifndef VERIFY_STATE_H
#define VERIFY_STATE_H

#include "box_writer.h"
#include "numbers.h"
#include "statements.h"
#include "verify.h"

struct verifier {
	const struct verify_options *options;
	struct verify_result *result;
	int dir, segments;
	struct statements statements;
	struct box_head head; /* of the segment that is read */
	struct box_tail tail; /* as far as it was read */
	bool whole;	      /* nothing in it is wrong so far */
	bool linked;	      /* the segment before it was read to its end: these are its */
	uint8_t chain[BOX_HASH];
	uint64_t total;
	struct {
		struct box_pos pos; /* segment 0: none */
		uint64_t records, seq, from, to;
	} unsealed; /* records behind the last checkpoint */
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
/* When all segments have been read; @last: the number of the last one. */
void verify_sign_end(struct verifier *v, uint64_t last);

/* verify_number.c: the numbers of sources */

void verify_number(struct verifier *v, const struct simseg_record *record, struct box_pos pos);
void verify_number_end(struct verifier *v);

#endif
