// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Parts of the indices: store_schema.c says what for
 */
#include "store_db.h"

int store_chunk_load(struct store *s, char error[BOX_ERROR])
{
	sqlite3_stmt *st;
	int rc, err = store_stmt(s, STMT_CHUNK,
				 "SELECT number, first, records FROM chunk ORDER BY number DESC"
				 " LIMIT 1",
				 &st, error);

	if (err)
		return err;
	s->chunk.number = 0;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		s->chunk.number = sqlite3_column_int64(st, 0);
		s->chunk.first = sqlite3_column_int64(st, 1);
		s->chunk.records = (uint64_t)sqlite3_column_int64(st, 2);
	} else if (rc != SQLITE_DONE) {
		err = store_failed(s, rc, "reading", error);
	}
	sqlite3_reset(st);
	return err;
}

int store_chunk_add(struct store *s, int64_t place, char error[BOX_ERROR])
{
	int err = 0;

	if (!s->chunk.number || s->chunk.records >= s->chunk_records) {
		err = store_chunk_write(s, error);
		s->chunk.number++;
		s->chunk.first = place;
		s->chunk.records = 0;
	}
	s->chunk.records++;
	return err;
}

int store_chunk_write(struct store *s, char error[BOX_ERROR])
{
	sqlite3_stmt *st;
	int err;

	if (!s->chunk.number)
		return 0;
	err = store_stmt(s, STMT_CHUNK_SET, "INSERT OR REPLACE INTO chunk VALUES(?1, ?2, ?3)", &st,
			 error);
	if (err)
		return err;
	sqlite3_bind_int64(st, 1, s->chunk.number);
	sqlite3_bind_int64(st, 2, s->chunk.first);
	sqlite3_bind_int64(st, 3, (int64_t)s->chunk.records);
	return store_run(s, st, error);
}
