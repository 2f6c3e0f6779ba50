/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proves a box, or a copy of one: nothing changed, nothing missing, nothing added
 */
#ifndef VERIFY_H
#define VERIFY_H

#include "key.h"

enum verify_grade {
	VERIFY_NOTE,   /* worth to know */
	VERIFY_SPAN,   /* a span without proof, or records that are told as lost */
	VERIFY_FORGED, /* not as the writer wrote it */
	__VERIFY_MAX
};

struct verify_finding {
	enum verify_grade grade;
	struct box_pos pos; /* segment 0: of the whole box, or a checkpoint */
	bool record;	    /* @seq and @real are of the record there */
	uint64_t seq;
	uint64_t real; /* ns */
	char text[BOX_ERROR];
};

struct verify_options {
	uint64_t from, to;  /* CLOCK_REALTIME, ns: segments that have some of it; 0: all */
	const uint8_t *key; /* the first public key; NULL: what DIR/key.pub says */
	const char *anchor; /* file; or NULL */
	void (*found)(void *arg, const struct verify_finding *finding);
	void *arg;
};

struct verify_result {
	uint64_t segments, records, checkpoints;
	uint64_t lost; /* told by GAP records */
	uint64_t findings[__VERIFY_MAX];
};

/* -errno: it cannot be read, nothing is proven. */
int verify_box(const char *dir, const struct verify_options *options, struct verify_result *result,
	       char error[BOX_ERROR]);

#endif
