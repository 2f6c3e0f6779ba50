/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store's private map: the database, and the segments as files
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <sqlite3.h>

#include "store.h"

#define STORE_APPLICATION 0x53494d53 /* "SIMS", PRAGMA application_id */

/* A record's place as a row's number: rows lie in the order of the box. */
#define PLACE_SEGMENT_MAX 0x7fffffffULL
#define PLACE_INDEX_MAX	  0xffffffffULL
static inline int64_t place_of(struct box_pos pos)
{
	return (int64_t)(pos.segment << 32 | pos.index);
}
static inline struct box_pos place_pos(int64_t place)
{
	return (struct box_pos){ (uint64_t)place >> 32, (uint64_t)place & PLACE_INDEX_MAX };
}

/* Records of one part of the indices, which have some 8 MB for them. */
#define STORE_CHUNK 65536

enum store_stmt {
	STMT_RECORD,
	STMT_SOURCE_ADD,
	STMT_SOURCE,
	STMT_SEGMENT,
	STMT_CHANGE,
	STMT_TEXT,
	STMT_LENGTH,
	STMT_PIECES,
	STMT_SUBJECT,
	STMT_SPAN,
	STMT_CHUNK,
	STMT_CHUNK_SET,
	STMT_NEXT,
	STMT_NEXT_SET,
	STMT_MAX
};

struct store {
	sqlite3 *db;
	char *dir;
	int lock; /* of DIR/index.lock, shared; -1: reading */
	bool write;
	sqlite3_stmt *stmts[STMT_MAX];
	struct box_cursor *cursor;
	uint64_t version;    /* of the data, as of the last batch: others write, too */
	struct box_pos next; /* that the cursor will read */
	uint64_t segment;    /* whose source is known: */
	int64_t source;
	struct {
		int64_t first, last; /* places; no last: nothing in it yet */
		int64_t real_min, real_max;
	} span; /* of records that were taken last */
	struct {
		int64_t number, first; /* place; number 0: there is none */
		uint64_t records;
	} chunk;		/* the last part of the indices */
	uint64_t chunk_records; /* in one */
};

/* store.c */

/* "SQL went wrong" as -errno and a sentence; @what: what was to be done. */
int store_failed(struct store *s, int rc, const char *what, char error[BOX_ERROR]);
int store_exec(struct store *s, const char *sql, const char *what, char error[BOX_ERROR]);
int store_prepare(struct store *s, const char *sql, sqlite3_stmt **stmt, char error[BOX_ERROR]);
/* A statement that is kept, prepared once. */
int store_stmt(struct store *s, enum store_stmt which, const char *sql, sqlite3_stmt **stmt,
	       char error[BOX_ERROR]);
/* Runs one that writes, and makes it ready for the next time. */
int store_run(struct store *s, sqlite3_stmt *stmt, char error[BOX_ERROR]);
/* One number of the first row; @value stays if there is none. */
int store_number(struct store *s, const char *sql, uint64_t *value, char error[BOX_ERROR]);
/* Takes the database for writing; ended by the next. */
int store_begin(struct store *s, char error[BOX_ERROR]);
/* Commits if @err is 0, else takes all back; the error that there was first. */
int store_end(struct store *s, int err, char error[BOX_ERROR]);

/* store_schema.c */

/* @steps: from each version to the next; -EPROTO: the database is beyond the last. */
int store_migrate(struct store *s, const char *const *steps, size_t n, char error[BOX_ERROR]);
/* The same with this program's steps; with @write false it must be there already. */
int store_schema(struct store *s, bool write, char error[BOX_ERROR]);
/* From each version to the next, until NULL. */
extern const char *const store_schema_steps[];
/* Every row of what was taken from the box. */
extern const char store_schema_clear[];

/* store_follow.c */

void store_cursor_drop(struct store *s);
/* Rows of the places from @low to before @high go. */
int store_forget(struct store *s, int64_t low, int64_t high, char error[BOX_ERROR]);
/* The place behind the last record that was taken. */
int store_next(struct store *s, struct box_pos *next, char error[BOX_ERROR]);

/* store_chunk.c: parts of the indices, each for so many records in a row */

/* The part that is filled, as the database has it. */
int store_chunk_load(struct store *s, char error[BOX_ERROR]);
/* The next record, at @place, counts in it, or in a new one. */
int store_chunk_add(struct store *s, int64_t place, char error[BOX_ERROR]);
int store_chunk_write(struct store *s, char error[BOX_ERROR]);

/* store_row.c */

/* Puts one record into the index. */
int store_row(struct store *s, const struct simseg_record *r, struct box_pos pos,
	      char error[BOX_ERROR]);
int store_source(struct store *s, const struct box_source *source, int64_t *id,
		 char error[BOX_ERROR]);

/* store_text.c: changes and their texts */

int store_change(struct store *s, const struct simseg_record_change *r, int64_t place,
		 char error[BOX_ERROR]);
int store_text(struct store *s, const struct simseg_record_text *r, int64_t place,
	       char error[BOX_ERROR]);

/* store_query.c */

#define STORE_SQL 8192

/* Records by an index that has a part for each chunk: which goes with which is SQL_CHUNK. */
#define SQL_CHUNKS "chunk AS c CROSS JOIN record AS r"
#define SQL_CHUNK  " r.chunk = c.number AND "

/* What a query's records fulfil, but for what an arm looks up; the length. */
struct store_sql {
	char text[STORE_SQL];
	size_t len;
	int64_t low, high; /* places that the time leaves */
};

void sql_add(struct store_sql *sql, const char *text);
int sql_where(struct store *s, const struct store_query *q, struct store_sql *sql,
	      char error[BOX_ERROR]);
int sql_bind(struct store *s, const struct store_query *q, const struct store_sql *sql,
	     sqlite3_stmt *stmt, char error[BOX_ERROR]);

/* segments.c: the box's files, from outside */

struct segment {
	uint64_t number;
	uint64_t records; /* whole ones */
	uint64_t bytes;
};

struct segments {
	struct segment *list; /* by number */
	size_t n, room;
};

int segments_list(const char *dir, struct segments *segments, char error[BOX_ERROR]);
void segments_free(struct segments *segments);
int segment_head(const char *dir, uint64_t number, struct box_head *head, char error[BOX_ERROR]);
int segment_slot(const char *dir, struct box_pos pos, struct box_slot *slot, char error[BOX_ERROR]);
/* With its directory's entry gone for good. */
int segment_unlink(const char *dir, uint64_t number, char error[BOX_ERROR]);

#endif
