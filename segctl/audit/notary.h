/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The notary signs checkpoints and keeps their lines in DIR/checkpoints
 *
 * The key's step and the line are one file (DIR/key), which changes at once: a number is
 * never signed twice, and once anybody can read a line the key that signed it is gone.
 */
#ifndef NOTARY_H
#define NOTARY_H

#include "checkpoint.h"

struct notary {
	int dir, fd; /* of DIR/checkpoints */
	struct key key;
	char line[CHECKPOINT_LINE]; /* the last one that was signed */
	struct checkpoint last;	    /* the same; number 0: there is none */
	bool owed;		    /* it is not in DIR/checkpoints yet */
	bool unsure;		    /* a power cut might bring its key back */
};

/* Finishes what a crash has left. 0 with a sentence: a warning. */
int notary_open(struct notary *notary, int dir, char error[BOX_ERROR]);
/* Fills in what @cp lacks. After an error it may be tried again with another one. */
int notary_sign(struct notary *notary, struct checkpoint *cp, char error[BOX_ERROR]);
void notary_close(struct notary *notary);

#endif
