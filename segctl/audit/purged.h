/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DIR/purged: a line for each segment that went, written before it goes
 *
 * Lines are only added. Each checkpoint vouches for those that it found, so that who
 * takes segments away and writes lines for them does so under the writer's signature,
 * with the time, or is found out:
 *
 * chain(0) = 0; chain(i) = BLAKE2b-256(chain(i - 1) || line i without its end).
 *
 * Functions return 0 or -errno and put a sentence into @error.
 */
#ifndef PURGED_H
#define PURGED_H

#include "box.h"

#define PURGED_NAME "purged"
#define PURGED_LINE 512 /* with its end and a final 0 */

struct purged_line {
	uint64_t segment;
	uint64_t records;
	uint8_t chain[BOX_HASH]; /* the segment's last */
};

/* A reader, of a file that may grow, or come, meanwhile. */
struct purged {
	int dir, fd; /* -1: there is none yet */
	uint64_t lines;
	uint64_t end; /* of them, in the file */
	uint8_t chain[BOX_HASH];
};

void purged_begin(struct purged *p, int dir);
/* 1 and the next line without its end; 0: there is none now, or one that is torn. */
int purged_next(struct purged *p, char line[PURGED_LINE], char error[BOX_ERROR]);
void purged_end(struct purged *p);
bool purged_parse(const char *text, struct purged_line *line);

/* Unless the last line is of that segment already. @first, @last: CLOCK_REALTIME, ns. */
int purged_append(int dir, const struct purged_line *line, uint64_t first, uint64_t last,
		  char error[BOX_ERROR]);
/*
 * On from the @lines that were vouched for, whose chain is @chain, to all that there
 * are, which are on disk then. With an error both stay: -EBADMSG: the file no longer
 * begins with what was vouched for.
 */
int purged_follow(int dir, uint64_t *lines, uint8_t chain[BOX_HASH], char error[BOX_ERROR]);

#endif
