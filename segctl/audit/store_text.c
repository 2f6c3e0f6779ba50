// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changes in the index: what a change is about stands in the texts that follow it
 */
#include <errno.h>
#include <string.h>

#include "store_db.h"

#define TEXTS_MAX 512

/* The last of actor, ticket, reason and subject, each with a final 0. */
static const char *subject_of(const char *text, size_t len, size_t *subject_len)
{
	const char *end = text + len, *zero;
	int i;

	for (i = 0; i < 3; i++) {
		zero = memchr(text, 0, (size_t)(end - text));
		if (!zero)
			return NULL;
		text = zero + 1;
	}
	*subject_len = strnlen(text, (size_t)(end - text));
	return *subject_len ? text : NULL;
}

/* Bytes of the texts; -1: the change itself has not come. */
static int length_get(struct store *s, uint64_t number, int *length, char error[BOX_ERROR])
{
	sqlite3_stmt *st;
	int rc, err = store_stmt(s, STMT_LENGTH,
				 "SELECT length FROM change WHERE source = ?1 AND number = ?2", &st,
				 error);

	if (err)
		return err;
	sqlite3_bind_int64(st, 1, s->source);
	sqlite3_bind_int64(st, 2, (int64_t)number);
	rc = sqlite3_step(st);
	*length = rc == SQLITE_ROW ? sqlite3_column_int(st, 0) : -1;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		err = store_failed(s, rc, "taking records in", error);
	sqlite3_reset(st);
	return err;
}

/* The pieces that follow each other from the beginning on. */
static int pieces_get(struct store *s, uint64_t number, char text[TEXTS_MAX], size_t *got,
		      char error[BOX_ERROR])
{
	sqlite3_stmt *st;
	int len, rc,
		err = store_stmt(s, STMT_PIECES,
				 "SELECT offset, piece FROM text WHERE source = ?1 AND"
				 " number = ?2 ORDER BY offset",
				 &st, error);

	*got = 0;
	if (err)
		return err;
	sqlite3_bind_int64(st, 1, s->source);
	sqlite3_bind_int64(st, 2, (int64_t)number);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		len = sqlite3_column_bytes(st, 1);
		if ((size_t)sqlite3_column_int(st, 0) != *got || *got + (size_t)len > TEXTS_MAX)
			break;
		if (len)
			memcpy(text + *got, sqlite3_column_blob(st, 1), (size_t)len);
		*got += (size_t)len;
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		err = store_failed(s, rc, "taking records in", error);
	sqlite3_reset(st);
	return err;
}

/* Once all of its texts are there, the change gets its subject. */
static int subject_set(struct store *s, uint64_t number, char error[BOX_ERROR])
{
	char text[TEXTS_MAX];
	const char *subject;
	sqlite3_stmt *st;
	size_t got, len;
	int length, err;

	err = length_get(s, number, &length, error);
	if (err || length <= 0)
		return err;
	err = pieces_get(s, number, text, &got, error);
	if (err || got < (size_t)length)
		return err;
	subject = subject_of(text, got, &len);
	if (!subject)
		return 0;
	err = store_stmt(s, STMT_SUBJECT,
			 "UPDATE change SET subject = ?3 WHERE source = ?1 AND number = ?2", &st,
			 error);
	if (err)
		return err;
	sqlite3_bind_int64(st, 1, s->source);
	sqlite3_bind_int64(st, 2, (int64_t)number);
	sqlite3_bind_blob(st, 3, subject, (int)len, SQLITE_STATIC);
	return store_run(s, st, error);
}

int store_change(struct store *s, const struct simseg_record_change *r, int64_t place,
		 char error[BOX_ERROR])
{
	sqlite3_stmt *st;
	int err = store_stmt(s, STMT_CHANGE,
			     "INSERT OR IGNORE INTO change(source, number, place, length)"
			     " VALUES(?1, ?2, ?3, ?4)",
			     &st, error);

	if (err)
		return err;
	sqlite3_bind_int64(st, 1, s->source);
	sqlite3_bind_int64(st, 2, (int64_t)r->number);
	sqlite3_bind_int64(st, 3, place);
	sqlite3_bind_int(st, 4, r->text);
	err = store_run(s, st, error);
	return err ? err : subject_set(s, r->number, error);
}

int store_text(struct store *s, const struct simseg_record_text *r, int64_t place,
	       char error[BOX_ERROR])
{
	sqlite3_stmt *st;
	int err;

	/* a piece that says it is longer than a record: shown, it is refused as well */
	if (r->length > sizeof(r->text))
		return 0;
	err = store_stmt(s, STMT_TEXT, "INSERT OR IGNORE INTO text VALUES(?1, ?2, ?3, ?4, ?5)", &st,
			 error);
	if (err)
		return err;
	sqlite3_bind_int64(st, 1, s->source);
	sqlite3_bind_int64(st, 2, (int64_t)r->number);
	sqlite3_bind_int(st, 3, r->offset);
	sqlite3_bind_int64(st, 4, place);
	sqlite3_bind_blob(st, 5, r->text, r->length, SQLITE_STATIC);
	err = store_run(s, st, error);
	return err ? err : subject_set(s, r->number, error);
}
