/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of each ruleset, by its hash: what the records say happened under it can be
 * read with the rules of that time
 */
#ifndef KEEP_H
#define KEEP_H

#include "segctl.h"

struct keep {
	int dir; /* DIR/rulesets; -1: not open */
	bool wanted, complained;
	uint8_t hash[SIMSEG_HASH_LEN]; /* the last that is kept */
};

/* Makes DIR/rulesets; the ruleset in force is wanted. 0 or -errno. */
int keep_open(struct keep *k, const char *dir);
/* A record has come: is there a ruleset that is not kept yet? */
void keep_note(struct keep *k, const struct simseg_record *r);
/* Writes the ruleset in force, if it is wanted. To be called again and again. */
void keep_tick(struct keep *k, struct ctl *c);
void keep_close(struct keep *k);

#endif
