/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The black box: every record, chained, in append-only segments, which are the
 * truth; an index beside them can be made anew from them. Written by the agent alone.
 *
 * DIR/segments/NNNNNNNNNNNNNNNNNNNN.seg is a segment: struct box_head, then slots of
 * one size, struct box_slot, and nothing else: a record's place is a product. Numbers
 * are of the byte order of the machine that wrote it, which the head tells.
 *
 * chain(-1) = BLAKE2b-256(head up to @start), which has the last chain of the segment
 * before in it; chain(i) = BLAKE2b-256(chain(i - 1) || record(i)).
 *
 * Functions return 0 or -errno and put a sentence into @error.
 */
#ifndef BOX_H
#define BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/simseg_record.h>

#define BOX_HASH    32
#define BOX_ERROR   256
#define BOX_ORDER   0x01020304
#define BOX_VERSION 1

/* Whose records they are: numbers begin again with each boot, namespace and module. */
struct box_source {
	uint8_t boot_id[16]; /* /proc/sys/kernel/random/boot_id */
	uint64_t netns;	     /* cookie */
	uint64_t since;	     /* CLOCK_BOOTTIME, ns: when the module began to number them */
};

struct box_head {
	char magic[8];	/* "SIMSEGBX" */
	uint32_t order; /* BOX_ORDER */
	uint16_t version;
	uint16_t slot;	  /* bytes of a slot */
	uint64_t segment; /* number, from 1 */
	uint64_t before;  /* records in all segments before */
	struct box_source source;
	uint64_t time;		    /* CLOCK_BOOTTIME, ns, when it was begun */
	uint64_t real;		    /* CLOCK_REALTIME, ns */
	uint8_t previous[BOX_HASH]; /* last chain of the segment before; 0: there is none */
	uint64_t cut;		    /* bytes of torn records cut off the segment before */
	uint64_t last[2];	    /* highest numbers of @source before: others, denies */
	uint8_t reserved[88];
	uint8_t start[BOX_HASH]; /* chain(-1) */
};

struct box_slot {
	struct simseg_record record;
	uint8_t chain[BOX_HASH];
};

/* Where a record lies. */
struct box_pos {
	uint64_t segment; /* 0: before the first there is */
	uint64_t index;	  /* in the segment, from 0 */
};

struct box_options {
	uint64_t segment_records;    /* after which a segment is sealed; 0: 262144 */
	uint32_t checkpoint_s;	     /* at least this often, even in silence; 0: 60 */
	uint32_t checkpoint_records; /* and after so many records; 0: 65536 */
	const char *anchor;	     /* file that each checkpoint is appended to as well; or NULL */
	const char *hook;	     /* command that gets each checkpoint on its stdin; or NULL */
	const char *forward;	     /* command that copies the box elsewhere then; or NULL */
};

struct box;

/*
 * Opens the box in @dir, which is made if it is not there, for writing: one process
 * at a time. What a crash has left unfinished is cut off, the segment sealed, and a
 * new one begun.
 */
int box_open(struct box **box, const char *dir, const struct box_source *source,
	     const struct box_options *options, char error[BOX_ERROR]);
/* Highest number that is stored of @source's denies, or of its other records; 0: none. */
uint64_t box_last_seq(const struct box *box, bool denies);
/* Segments before this one are elsewhere, too, says the command that forwards; 0: none. */
uint64_t box_forwarded(const struct box *box);
/*
 * Behind the last record; in the page cache, not on disk. All of them or, with an
 * error (-ENOSPC: also for a quota or a limit of the file's size), none: try it again.
 */
int box_append(struct box *box, const struct simseg_record *records, size_t n,
	       char error[BOX_ERROR]);
/*
 * All that was appended is on disk when this returns 0. With an error nothing that was
 * appended since the last commit is in the box any longer: append it again.
 */
int box_commit(struct box *box, char error[BOX_ERROR]);
/*
 * To be called about every second: a checkpoint if one is due. An error tells what went
 * wrong with checkpoints since the last call; it does not touch records.
 */
int box_tick(struct box *box, char error[BOX_ERROR]);
/* Where the next record will lie. */
struct box_pos box_end(const struct box *box);
/* Seals what is open, with a last checkpoint. */
void box_close(struct box *box);

/*
 * A reader, of a box that may grow meanwhile, or of a copy of one. What the writer has
 * not committed yet may be taken back: whoever keeps places stops before box_end() as
 * it was after the last commit.
 */
struct box_cursor;

/* @from: the first to be read; {0, 0}: from the beginning. */
int box_cursor_open(struct box_cursor **cursor, const char *dir, struct box_pos from,
		    char error[BOX_ERROR]);
/*
 * 1 and the next record, valid until the next call, with its place and the head of its
 * segment; 0: there is none now; -errno. Chains are not looked at.
 */
int box_cursor_next(struct box_cursor *cursor, const struct simseg_record **record,
		    struct box_pos *pos, const struct box_head **head, char error[BOX_ERROR]);
void box_cursor_close(struct box_cursor *cursor);

#endif
