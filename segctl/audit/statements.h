/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checkpoints of a box one by one, as a verifier reads them, with what is wrong
 * with each as a line: its form, number, link, key; and what an anchor file says
 */
#ifndef STATEMENTS_H
#define STATEMENTS_H

#include <stdio.h>

#include "checkpoint.h"

/* Called for each thing that is wrong; @cp: with which, or NULL. */
typedef void statements_wrong_fn(void *arg, const struct checkpoint *cp, const char *sentence);

struct statements {
	FILE *file, *anchor; /* @anchor: or NULL */
	uint64_t lines, anchor_lines;
	struct checkpoint now; /* number 0: there is none, or none any more */
	struct checkpoint before;
	char line[CHECKPOINT_LINE];
	char anchor_line[CHECKPOINT_LINE];
	uint64_t anchor_number;	 /* 0: there are no more */
	uint8_t key[KEY_PUBLIC]; /* that has to have signed the next one */
	bool known;		 /* @key is */
	bool torn;		 /* the last line has no end: a crash, or a copy of the moment */
	char strange[BOX_ERROR]; /* from here on there are lines that cannot be judged; or "" */
	statements_wrong_fn *wrong;
	void *arg;
};

/* @key: the first one. */
int statements_open(struct statements *s, int dir, const uint8_t key[KEY_PUBLIC],
		    const char *anchor, char error[BOX_ERROR]);
/*
 * On to the next one, in @now. One of a version that is not known, but signed with the
 * box's key, is the end: @strange says so.
 */
void statements_next(struct statements *s);
void statements_close(struct statements *s);

#endif
