// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The store follows the box
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "box_file.h"
#include "store_db.h"

#define BATCH	 32768 /* records in one transaction: so many share the pages they change */
#define SPAN_MAX 4096  /* places whose times stand in one row */

void store_cursor_drop(struct store *s)
{
	box_cursor_close(s->cursor);
	s->cursor = NULL;
	s->segment = 0;
	s->span.last = 0;
}

int store_next(struct store *s, struct box_pos *next, char error[BOX_ERROR])
{
	sqlite3_stmt *st;
	int rc, err = store_stmt(s, STMT_NEXT, "SELECT segment, position FROM state", &st, error);

	if (err)
		return err;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*next = (struct box_pos){ (uint64_t)sqlite3_column_int64(st, 0),
					  (uint64_t)sqlite3_column_int64(st, 1) };
	sqlite3_reset(st);
	if (rc == SQLITE_ROW && next->segment <= PLACE_SEGMENT_MAX &&
	    next->index <= PLACE_INDEX_MAX)
		return 0;
	return store_failed(s, rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_CORRUPT : rc,
			    "reading", error);
}

static int next_set(struct store *s, struct box_pos next, char error[BOX_ERROR])
{
	sqlite3_stmt *st;
	int err = store_stmt(s, STMT_NEXT_SET, "UPDATE state SET segment = ?1, position = ?2", &st,
			     error);

	if (err)
		return err;
	sqlite3_bind_int64(st, 1, (int64_t)next.segment);
	sqlite3_bind_int64(st, 2, (int64_t)next.index);
	return store_run(s, st, error);
}

int store_forget(struct store *s, int64_t low, int64_t high, char error[BOX_ERROR])
{
	static const char *const sql[] = {
		"DELETE FROM record WHERE place >= ?1 AND place < ?2",
		"DELETE FROM change WHERE place >= ?1 AND place < ?2",
		"DELETE FROM text WHERE place >= ?1 AND place < ?2",
		"DELETE FROM span WHERE first >= ?1 AND first < ?2",
		"DELETE FROM segment WHERE number << 32 >= ?1 AND number << 32 < ?2",
		/* one that ends where a later one begins */
		"DELETE FROM chunk WHERE first >= ?1 AND EXISTS (SELECT 1 FROM chunk AS n"
		" WHERE n.number > chunk.number AND n.first <= ?2)",
	};
	sqlite3_stmt *st;
	size_t i;
	int err = 0;

	for (i = 0; !err && i < sizeof(sql) / sizeof(sql[0]); i++) {
		err = store_prepare(s, sql[i], &st, error);
		if (err)
			break;
		sqlite3_bind_int64(st, 1, low);
		sqlite3_bind_int64(st, 2, high);
		err = store_run(s, st, error);
		sqlite3_finalize(st);
	}
	return err;
}

static int span_write(struct store *s, char error[BOX_ERROR])
{
	sqlite3_stmt *st;
	int err;

	if (!s->span.last)
		return 0;
	err = store_stmt(s, STMT_SPAN, "INSERT OR REPLACE INTO span VALUES(?1, ?2, ?3, ?4)", &st,
			 error);
	if (err)
		return err;
	sqlite3_bind_int64(st, 1, s->span.first);
	sqlite3_bind_int64(st, 2, s->span.last);
	sqlite3_bind_int64(st, 3, s->span.real_min);
	sqlite3_bind_int64(st, 4, s->span.real_max);
	return store_run(s, st, error);
}

static int span_add(struct store *s, int64_t place, uint64_t when, char error[BOX_ERROR])
{
	int64_t real = when < INT64_MAX ? (int64_t)when : INT64_MAX;
	int err = 0;

	if (s->span.last && (place - s->span.first >= SPAN_MAX ||
			     place_pos(place).segment != place_pos(s->span.first).segment)) {
		err = span_write(s, error);
		s->span.last = 0;
	}
	if (!s->span.last) {
		s->span.first = place;
		s->span.real_min = real;
		s->span.real_max = real;
	}
	s->span.last = place;
	if (real < s->span.real_min)
		s->span.real_min = real;
	if (real > s->span.real_max)
		s->span.real_max = real;
	return err;
}

static int segment_begin(struct store *s, const struct box_head *head, char error[BOX_ERROR])
{
	sqlite3_stmt *st;
	int err = store_source(s, &head->source, &s->source, error);

	if (!err)
		err = store_stmt(s, STMT_SEGMENT,
				 "INSERT OR IGNORE INTO segment VALUES(?1, ?2, ?3)", &st, error);
	if (err)
		return err;
	sqlite3_bind_int64(st, 1, (int64_t)head->segment);
	sqlite3_bind_int64(st, 2, s->source);
	sqlite3_bind_blob(st, 3, head->start, sizeof(head->start), SQLITE_STATIC);
	err = store_run(s, st, error);
	s->segment = head->segment;
	return err;
}

static int take(struct store *s, const struct simseg_record *r, struct box_pos pos,
		const struct box_head *head, char error[BOX_ERROR])
{
	int err = 0;

	if (pos.segment > PLACE_SEGMENT_MAX || pos.index > PLACE_INDEX_MAX)
		return box_say(error, -ERANGE, "segment %llu is beyond what the index can number",
			       (unsigned long long)pos.segment);
	if (s->segment != pos.segment)
		err = segment_begin(s, head, error);
	/* of a version that is not known nothing can be said: it stays in the box alone */
	if (!err && r->version == SIMSEG_RECORD_VERSION) {
		err = store_chunk_add(s, place_of(pos), error);
		if (!err)
			err = store_row(s, r, pos, error);
		if (!err)
			err = span_add(s, place_of(pos), r->real, error);
	}
	s->next = (struct box_pos){ pos.segment, pos.index + 1 };
	return err;
}

/* Is the segment the one that the rows are of? */
static int same_segment(struct store *s, uint64_t number, char error[BOX_ERROR])
{
	struct box_head head;
	sqlite3_stmt *st;
	int rc, err = segment_head(s->dir, number, &head, error);

	if (!err)
		err = store_prepare(s, "SELECT start FROM segment WHERE number = ?1", &st, error);
	if (err)
		return err;
	sqlite3_bind_int64(st, 1, (int64_t)number);
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		err = store_failed(s, rc, "reading", error);
	else if (rc == SQLITE_ROW && (sqlite3_column_bytes(st, 0) != BOX_HASH ||
				      memcmp(sqlite3_column_blob(st, 0), head.start, BOX_HASH)))
		err = box_say(
			error, -ESTALE,
			"the index in %.120s is of other records: `segctl audit reindex` makes"
			" it anew",
			s->dir);
	sqlite3_finalize(st);
	return err;
}

/*
 * After a power cut the box may have lost its last records, of which the index knows;
 * and segments may have been taken away. Rows without a record go.
 */
static int reconcile(struct store *s, const struct segments *segs, struct box_pos *next,
		     char error[BOX_ERROR])
{
	const struct segment *seg = segs->list;
	size_t i = 0;
	int err;

	if (!segs->n || segs->list[segs->n - 1].number < next->segment)
		return !next->segment ? 0 :
					box_say(error, -ESTALE,
						"the index in %.120s knows segments that are not"
						" there: `segctl audit reindex` makes it anew",
						s->dir);
	err = store_forget(s, 0, place_of((struct box_pos){ seg[0].number, 0 }), error);
	while (!err && i < segs->n && seg[i].number < next->segment)
		i++;
	if (err || !next->segment || seg[i].number != next->segment)
		return err;
	err = same_segment(s, next->segment, error);
	if (err || seg[i].records >= next->index)
		return err;
	next->index = seg[i].records;
	err = store_forget(s, place_of(*next), place_of((struct box_pos){ next->segment + 1, 0 }),
			   error);
	return err ? err : next_set(s, *next, error);
}

/* A cursor at the place that the store remembers. */
static int cursor_get(struct store *s, char error[BOX_ERROR])
{
	struct segments segs;
	uint64_t version = 0;
	struct box_pos next;
	int err = store_next(s, &next, error);

	if (!err)
		err = store_number(s, "PRAGMA data_version", &version, error);
	if (err)
		return err;
	if (s->cursor && version == s->version && next.segment == s->next.segment &&
	    next.index == s->next.index)
		return 0;
	s->version = version;
	store_cursor_drop(s);
	err = segments_list(s->dir, &segs, error);
	if (!err)
		err = reconcile(s, &segs, &next, error);
	segments_free(&segs);
	if (!err)
		err = box_cursor_open(&s->cursor, s->dir, next, error);
	s->next = next;
	return err;
}

static int64_t batch(struct store *s, uint64_t max, char error[BOX_ERROR])
{
	const struct simseg_record *r;
	const struct box_head *head;
	struct box_pos pos;
	int64_t n = 0;
	int ret = 1, err = store_begin(s, error);

	if (err)
		return err;
	err = cursor_get(s, error);
	if (!err)
		err = store_chunk_load(s, error);
	while (!err && ret > 0 && (uint64_t)n < max) {
		ret = box_cursor_next(s->cursor, &r, &pos, &head, error);
		if (ret > 0)
			err = take(s, r, pos, head, error);
		n += ret > 0;
	}
	if (ret < 0)
		err = ret;
	if (!err && n)
		err = span_write(s, error);
	if (!err && n)
		err = store_chunk_write(s, error);
	if (!err && n)
		err = next_set(s, s->next, error);
	err = store_end(s, err, error);
	/* what the cursor has passed is not in the index */
	if (err)
		store_cursor_drop(s);
	return err ? err : n;
}

int64_t store_follow(struct store *s, uint64_t max, char error[BOX_ERROR])
{
	uint64_t want, sum = 0;
	int64_t n;

	do {
		want = max && max - sum < BATCH ? max - sum : BATCH;
		n = batch(s, want, error);
		if (n < 0)
			return n;
		sum += (uint64_t)n;
	} while ((uint64_t)n == want && (!max || sum < max));
	return (int64_t)sum;
}

int store_reset(struct store *s, char error[BOX_ERROR])
{
	int err = store_begin(s, error);

	if (err)
		return err;
	store_cursor_drop(s);
	return store_end(s, store_exec(s, store_schema_clear, "forgetting", error), error);
}

int store_lag(struct store *s, uint64_t *records, char error[BOX_ERROR])
{
	struct segments segs;
	struct box_pos next;
	size_t i;
	int err = store_next(s, &next, error);

	*records = 0;
	if (!err)
		err = segments_list(s->dir, &segs, error);
	if (err)
		return err;
	for (i = 0; i < segs.n; i++) {
		const struct segment *seg = &segs.list[i];

		if (seg->number > next.segment)
			*records += seg->records;
		else if (seg->number == next.segment && seg->records > next.index)
			*records += seg->records - next.index;
	}
	segments_free(&segs);
	return 0;
}
