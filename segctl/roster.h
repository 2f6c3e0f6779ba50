/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A roster: many devices in little memory, each once, each address once
 */
#ifndef _SEGCTL_ROSTER_H
#define _SEGCTL_ROSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "index.h"
#include "libseg.h"
#include "source.h"

#define ROSTER_BCD 10 /* packed digits of an ICCID */

/* Names that many devices have, each kept once. */
struct roster_names {
	char (*list)[SIMSEG_NAME_MAX + 1];
	size_t n, room, max;
	struct index index;
	uint32_t last; /* number that was given last, 0: none */
};

/* Where the line of a device is known. */
struct roster_sign {
	uint32_t place, line;
};

/* What is twice, and where it was first. */
struct roster_clash {
	enum {
		ROSTER_ICCID,
		ROSTER_ADDR,
	} what;
	char iccid[SEG_ICCID_LEN];
	struct simseg_prefix addr;
	size_t binding;	  /* which one of the device's */
	uint32_t line;	  /* of the device */
	size_t at;	  /* as given to roster_add() */
	struct mark mark; /* of what is twice; only its line, if places are not kept */
	uint32_t first;	  /* the line in which it was before */
};

typedef void roster_clash_fn(void *arg, const struct roster_clash *clash);

/* Something that may be there already, and is looked for a little later. */
struct roster_wait {
	uint64_t hash;
	size_t at;
	uint32_t place, line;
	uint8_t what, binding;
};

#define ROSTER_WAITS 64

/*
 * What has to be there once. As long as each is above the one before, as in a
 * file that is sorted, that is known without a table.
 */
struct roster_keys {
	struct index index;
	bool mixed; /* they do not ascend any more: all of them are in the table */
	uint8_t last[17];
	size_t last_len; /* 0: there was none yet */
	size_t expected;
};

struct roster {
	uint8_t **chunks; /* one device after the other, each in one chunk */
	size_t n_chunks, chunks_room;
	uint32_t len; /* the place of the next one */
	bool full;    /* there is no such place */
	bool marked;  /* it has the places of all things */
	size_t n, n_addrs;
	uint32_t line; /* of the last one */
	struct roster_names policies, ifnames;
	struct roster_keys iccids, addrs;
	struct roster_sign *signs;
	size_t n_signs, signs_room;
	roster_clash_fn *clash; /* NULL: each is there once, as all know */
	void *arg;
	struct roster_wait waits[ROSTER_WAITS]; /* a ring */
	unsigned int first_wait, n_waits;
};

/* Where the parts of a device are in its file, from its line on; column 0: nowhere. */
struct roster_marks {
	struct mark iccid, policy, bindings[SIMSEG_BINDINGS_MAX];
};

/* A device of it, taken apart; what @dev points to lives here, or in the roster. */
struct roster_device {
	struct seg_device dev;
	char iccid[SEG_ICCID_LEN];
	char asset[SIMSEG_ASSET_MAX + 1];
	struct seg_binding bindings[SIMSEG_BINDINGS_MAX];
};

/* Without @clash nobody looks whether something is there twice. */
void roster_init(struct roster *r, roster_clash_fn *clash, void *arg);
/* One that keeps places, and as many names as there are. */
void roster_init_marked(struct roster *r);
void roster_free(struct roster *r);
/* All of @from to @to, which has nothing to free; @from is empty then. */
void roster_move(struct roster *to, struct roster *from);
/* Makes room for about that many. */
void roster_expect(struct roster *r, size_t n);
/*
 * Adds a device: its ICCID, policy, asset and bindings, all of them valid. An empty
 * ICCID is none. False: it has 4 GB of devices, or 65,536 names. What is there twice
 * is told by roster_settle() at the latest, with @line and @at. After either the
 * roster serves only to check more. @marks: only of one that keeps them.
 */
bool roster_add(struct roster *r, const struct seg_device *d, const struct roster_marks *marks,
		uint32_t line, size_t at);
void roster_settle(struct roster *r);
/* The same for all devices of a roster that was made without. */
void roster_check(struct roster *r, roster_clash_fn *clash, void *arg);
/* The device at @place, 0 for the first one; the place of the next. */
uint32_t roster_get(const struct roster *r, uint32_t place, struct roster_device *to);
/* Where the device at @place is in its file. */
void roster_marks(const struct roster *r, uint32_t place, struct roster_marks *to);
bool roster_has(const struct roster *r, const char *iccid);
/* The order of two devices by their ICCIDs, as memcmp(). */
int roster_cmp(const struct roster *a, uint32_t place_a, const struct roster *b, uint32_t place_b);
/* The places of all devices in the order of their ICCIDs; to be freed. */
uint32_t *roster_sort(const struct roster *r);

#endif /* _SEGCTL_ROSTER_H */
