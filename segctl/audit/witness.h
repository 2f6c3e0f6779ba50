/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Witnesses of checkpoints outside of the box: a file, and a command that gets each
 * line on its stdin. Neither keeps the writer waiting.
 */
#ifndef WITNESS_H
#define WITNESS_H

#include <sys/types.h>

#include "checkpoint.h"

struct witness {
	const char *anchor, *hook;  /* or NULL */
	const char *name;	    /* of the hook, in sentences */
	uint64_t limit;		    /* ns that a hook has */
	pid_t pid;		    /* of the hook that runs; 0: none does */
	uint64_t since;		    /* CLOCK_BOOTTIME, ns */
	char next[CHECKPOINT_LINE]; /* what it gets after that; "": nothing */
	uint64_t next_segment;	    /* that @next speaks of, and that of the one that runs */
	uint64_t segment;
	uint64_t heard; /* segments before this one had been sealed when a hook that ended well began */
};

/*
 * @line is without its end and speaks of @segment. An error tells what a witness did not
 * get.
 */
int witness_tell(struct witness *w, const char *line, uint64_t segment, char error[BOX_ERROR]);
/* To be called about every second: ends a hook that takes too long. */
int witness_tick(struct witness *w, char error[BOX_ERROR]);
/* Waits for the hook, which has the time that it ever has. */
int witness_end(struct witness *w, char error[BOX_ERROR]);

#endif
