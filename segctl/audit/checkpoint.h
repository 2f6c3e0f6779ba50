/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A checkpoint: a signed line that says how far the records go, and what they are
 *
 * One line of JSON with these fields in this order and no blanks; numbers are decimal,
 * hashes and keys hexadecimal:
 *
 *	{"simseg_checkpoint":2,"number":N,"why":"...","segment":N,"records":N,"total":N,
 *	"chain":"...","root":"...","real_ns":N,"boot_ns":N,"synced":true|false,"every_s":N,
 *	"purged":N,"purged_chain":"...","previous":"...","next_key":"...","signature":"..."}
 *
 * The signature (Ed25519) is over all bytes before ,"signature".
 *
 * The first number is the version: it rises with every change of what stands in a line.
 * Every version begins with it and ends with the signature, so that a program that does
 * not know a line can tell at least whether the box's key has signed it.
 */
#ifndef CHECKPOINT_H
#define CHECKPOINT_H

#include "key.h"
#include "merkle.h"

#define CHECKPOINT_VERSION 2 /* 1 did not vouch for what was purged */
#define CHECKPOINT_LINE	   KEY_LINE
#define CHECKPOINT_WHY	   12

struct checkpoint {
	uint64_t number;	  /* from 1, without holes */
	char why[CHECKPOINT_WHY]; /* begin, time, records, seal, close */
	uint64_t segment;
	uint64_t records; /* in that segment */
	uint64_t total;	  /* in the box */
	uint8_t chain[BOX_HASH];
	uint8_t root[MERKLE_HASH];	/* over those of the segment */
	uint64_t real;			/* CLOCK_REALTIME, ns */
	uint64_t boot;			/* CLOCK_BOOTTIME, ns */
	bool synced;			/* the kernel says that its clock is */
	uint32_t every;			/* s: the next one comes after this at the latest */
	uint64_t purged;		/* lines of DIR/purged that it vouches for, and */
	uint8_t purged_chain[BOX_HASH]; /* the chain over them: purged.h */
	uint8_t previous[BOX_HASH];
	uint8_t next[KEY_PUBLIC];
	uint8_t signature[KEY_SIGNATURE];
};

/* Signs it, and writes its line, with the line's end, to @line. */
void checkpoint_sign(struct checkpoint *cp, const uint8_t seed[KEY_SEED],
		     char line[CHECKPOINT_LINE]);
/* False unless @line, without the line's end, is one, written as the writer does. */
bool checkpoint_parse(const char *line, struct checkpoint *cp);
/* The version that a line says it is of; 0: it is no checkpoint's. */
unsigned int checkpoint_version(const char *line);
/* Is a line, of whatever version, signed with this key? */
bool checkpoint_signed(const char *line, const uint8_t public[KEY_PUBLIC]);
/*
 * 0, or -EPROTO and a sentence: the line of @where is a checkpoint's of a version that this
 * program does not know.
 */
int checkpoint_strange(const char *line, const char *where, char error[BOX_ERROR]);
/* BLAKE2b-256 of a line, without the line's end. */
void checkpoint_hash(const char *line, uint8_t hash[BOX_HASH]);
/* Fills in the clocks. */
void checkpoint_clocks(struct checkpoint *cp);

#endif
