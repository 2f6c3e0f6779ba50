/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store: an index over the black box, in SQLite, to find records by what an auditor
 * asks. It holds nothing that the box does not hold, but for holds and what was purged,
 * which stand in files beside it as well: it can be made anew at any time.
 *
 * DIR is the box's directory; the index is DIR/index.db, holds are in DIR/holds, and
 * DIR/purged tells of segments that are no longer there.
 *
 * Functions return 0 or -errno and put a sentence into @error. -EBADMSG: the index is
 * damaged; -EBUSY: somebody else holds it; -EPROTO: a newer program has made it.
 */
#ifndef STORE_H
#define STORE_H

#include "box.h"
#include <linux/simseg.h>

#define STORE_NAME "index.db"

enum store_mode {
	STORE_READ,  /* it must be there; needs no agent */
	STORE_WRITE, /* made if it is not there, and brought to this program's version */
	STORE_CHECK, /* as STORE_READ, and every page is looked at: it takes its time */
};

struct store;

int store_open(struct store **store, const char *dir, enum store_mode mode, char error[BOX_ERROR]);
void store_close(struct store *store);
/* Takes the index away, damaged or not; -EBUSY while somebody has it open for writing. */
int store_remove(const char *dir, char error[BOX_ERROR]);

/* store_follow.c */

/*
 * Takes what is new in the box, at most about @max records (0: all); their number, or
 * -errno. Each piece of them is in the index together with the place behind it: killed
 * at any moment, it goes on without a record twice or missing.
 */
int64_t store_follow(struct store *store, uint64_t max, char error[BOX_ERROR]);
/* Everything is forgotten, and store_follow() begins anew; holds stay. */
int store_reset(struct store *store, char error[BOX_ERROR]);
/* How many records the box has that the index has not. */
int store_lag(struct store *store, uint64_t *records, char error[BOX_ERROR]);

/* store_query.c */

/* What is asked for; a field that is not set (has_...: false, NULL, 0) asks for nothing. */
struct store_query {
	bool has_device, has_peer, has_reason, has_rule, has_session;
	uint8_t device[10];	   /* on either side; packed as in a record */
	struct simseg_prefix peer; /* either address */
	int reason;		   /* enum simseg_reason, or -1 */
	int end;		   /* enum simseg_end, or -1 */
	uint8_t kind;		   /* enum simseg_record_kind */
	uint32_t policy;
	uint16_t rule;
	const char *label; /* of the rule; what a session was opened with counts for all of it */
	const char *asset; /* the same */
	uint64_t session;
	uint64_t from, to; /* CLOCK_REALTIME, ns, both included */
	uint64_t limit;	   /* the newest of them */
};

/* Their places in the order of the box, to be freed. */
int store_places(struct store *store, const struct store_query *query, struct box_pos **places,
		 size_t *n, char error[BOX_ERROR]);
/* Where the texts of the change at @pos are, in their order; to be freed. */
int store_texts(struct store *store, struct box_pos pos, struct box_pos **places, size_t *n,
		char error[BOX_ERROR]);

/* store_sum.c */

enum store_by {
	STORE_BY_DEVICE,
	STORE_BY_PEER,
	STORE_BY_RULE,
	STORE_BY_REASON,
};

struct store_sum {
	uint8_t device[10]; /* by device */
	uint8_t peer[16];   /* by peer; zero: several, which were folded into one record */
	uint32_t policy;    /* by rule, as the next two */
	uint16_t rule;
	uint32_t grant;
	const char *label; /* one that was given, or NULL */
	uint8_t kind;	   /* by reason */
	uint8_t reason;
	uint64_t records;
	uint64_t sessions; /* that began */
	uint64_t denied;   /* packets that were dropped */
	uint64_t packets;  /* that sessions have carried, both ways */
	uint64_t bytes;
	uint64_t first, last; /* CLOCK_REALTIME, ns */
};

/* Called for each sum, those of most records first; not 0: no more, and returned. */
typedef int (*store_sum_cb)(const struct store_sum *sum, void *arg);
int store_sum(struct store *store, const struct store_query *query, enum store_by by,
	      store_sum_cb cb, void *arg, char error[BOX_ERROR]);

/* store_hold.c: devices whose records are kept, whatever their age */

#define STORE_WHO 64 /* bytes with the final 0 */
#define STORE_WHY 128

struct store_hold {
	uint8_t device[10];
	char actor[STORE_WHO];
	char reason[STORE_WHY];
	uint64_t real; /* CLOCK_REALTIME, ns */
};

/* 0, or 1: it was held already, and stays as it was. */
int store_hold(struct store *store, const struct store_hold *hold, char error[BOX_ERROR]);
/* -ENOENT: it is not held. */
int store_unhold(struct store *store, const uint8_t device[10], char error[BOX_ERROR]);
/* To be freed; those of the file and those of the index: what one of them lacks counts. */
int store_holds(struct store *store, struct store_hold **list, size_t *n, char error[BOX_ERROR]);

/* store_purge.c */

struct store_limits {
	uint64_t real;	   /* segments whose newest record is older go; 0: none */
	uint64_t bytes;	   /* all segments together; 0: any number */
	uint32_t segments; /* at most so many at once; 0: any number */
	uint64_t young;	   /* from this segment on none is old; 0: any may be */
};

struct store_purged {
	uint64_t segments, records, bytes;
	uint64_t last;	       /* number of the last that went */
	bool more;	       /* @segments was reached */
	uint64_t held_segment; /* where it stopped for a hold; 0: it did not */
	uint8_t held[10];      /* the device */
};

/*
 * Takes whole segments away from the front: never the last one, none that the index
 * has not taken wholly, none with a record of a held device, where it stops.
 */
int store_purge(struct store *store, const struct store_limits *limits, struct store_purged *purged,
		char error[BOX_ERROR]);

/* store_status.c */

struct store_status {
	uint32_t version;
	uint64_t records; /* in the index */
	uint64_t lag;
	uint64_t bytes; /* of the index */
	struct box_pos next;
	uint64_t segments, segment_bytes;
	uint64_t first, last; /* CLOCK_REALTIME, ns */
	uint64_t purged_segments, purged_records;
	uint64_t holds;
};

int store_status(struct store *store, struct store_status *status, char error[BOX_ERROR]);

#endif
