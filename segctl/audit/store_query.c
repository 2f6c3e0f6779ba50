// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is asked, as SQL
 *
 * The text is put together from the pieces below alone; what somebody has given goes
 * in as a bound value.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box_file.h"
#include "libseg.h"
#include "store_db.h"
#include "text.h"

/* What a session was opened with holds for all its records. */
#define OF_SESSION(column)                                                                    \
	" AND (" column " = :" column " OR (source, session) IN (SELECT source, session FROM" \
	" record WHERE kind = 1 AND session NOT NULL AND " column " = :" column "))"

/* Changes of the device alone, of it and others, or of its grants. */
#define CHANGES                                                           \
	" place IN (SELECT place FROM change WHERE subject = :subject OR" \
	" (subject >= :subject_more AND subject < :subject_end))"

void sql_add(struct store_sql *sql, const char *text)
{
	size_t len = strlen(text);

	/* every text is one of a few: it cannot be too long */
	if (sql->len + len >= sizeof(sql->text))
		abort();
	memcpy(sql->text + sql->len, text, len + 1);
	sql->len += len;
}

/* Places outside of which no record has that time. */
static int places_of_time(struct store *s, const struct store_query *q, int64_t *low, int64_t *high,
			  char error[BOX_ERROR])
{
	sqlite3_stmt *st;
	int rc, err = store_prepare(s,
				    "SELECT min(first), max(last) FROM span WHERE real_max >= ?1"
				    " AND real_min <= ?2",
				    &st, error);

	*low = 0;
	*high = INT64_MAX;
	if (err || (!q->from && !q->to))
		goto out;
	sqlite3_bind_int64(st, 1, (int64_t)(q->from < INT64_MAX ? q->from : INT64_MAX));
	sqlite3_bind_int64(st, 2, q->to && q->to < INT64_MAX ? (int64_t)q->to : INT64_MAX);
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW)
		err = store_failed(s, rc, "asking", error);
	else if (sqlite3_column_type(st, 0) == SQLITE_NULL)
		*high = -1;
	else
		*high = sqlite3_column_int64(st, 1);
	if (!err)
		*low = sqlite3_column_int64(st, 0);
out:
	if (!err)
		sqlite3_finalize(st);
	return err;
}

int sql_where(struct store *s, const struct store_query *q, struct store_sql *sql,
	      char error[BOX_ERROR])
{
	memset(sql, 0, sizeof(*sql));
	sql_add(sql, " 1");
	if (q->kind)
		sql_add(sql, " AND kind = :kind");
	if (q->has_reason)
		sql_add(sql, " AND ((kind IN (1, 2, 4) AND reason = :reason) OR"
			     " (kind = 3 AND reason = :end))");
	if (q->has_rule)
		sql_add(sql, " AND policy = :policy AND rule = :rule");
	if (q->has_session)
		sql_add(sql, " AND session = :session");
	if (q->label)
		sql_add(sql, OF_SESSION("label"));
	if (q->asset)
		sql_add(sql, OF_SESSION("asset"));
	if (q->from)
		sql_add(sql, " AND real >= :from");
	if (q->to)
		sql_add(sql, " AND real <= :to");
	if (q->from || q->to)
		sql_add(sql, " AND place >= :low AND place <= :high");
	return places_of_time(s, q, &sql->low, &sql->high, error);
}

static int named(sqlite3_stmt *st, const char *name)
{
	return sqlite3_bind_parameter_index(st, name); /* 0 is refused by the bind */
}

static void bind_num(sqlite3_stmt *st, const char *name, int64_t value)
{
	if (named(st, name))
		sqlite3_bind_int64(st, named(st, name), value);
}

static void bind_blob(sqlite3_stmt *st, const char *name, const void *data, size_t len)
{
	if (named(st, name))
		sqlite3_bind_blob(st, named(st, name), data, (int)len, SQLITE_TRANSIENT);
}

/* The first and the last address of a prefix, in the form in which rows have them. */
static void bind_peer(sqlite3_stmt *st, const struct simseg_prefix *p)
{
	uint8_t low[16], high[16];
	uint32_t v4;
	int i, bits;

	for (i = 0; i < 16; i++) {
		bits = p->plen - 8 * i;
		low[i] = p->addr[i];
		high[i] = p->addr[i] | (bits >= 8 ? 0 : bits <= 0 ? 0xff : 0xff >> bits);
	}
	if (!seg_addr_is_v4(p->addr)) {
		bind_blob(st, ":peer_low", low, 16);
		bind_blob(st, ":peer_high", high, 16);
		return;
	}
	memcpy(&v4, low + 12, sizeof(v4));
	bind_num(st, ":peer_low", ntohl(v4));
	memcpy(&v4, high + 12, sizeof(v4));
	bind_num(st, ":peer_high", ntohl(v4));
}

static void bind_subject(sqlite3_stmt *st, const uint8_t device[10])
{
	char iccid[SEG_ICCID_LEN], subject[64];
	int len = snprintf(subject, sizeof(subject), "device %s", seg_iccid_unpack(device, iccid));

	bind_blob(st, ":subject", subject, (size_t)len);
	subject[len] = ' ';
	bind_blob(st, ":subject_more", subject, (size_t)len + 1);
	subject[len]++;
	bind_blob(st, ":subject_end", subject, (size_t)len + 1);
}

int sql_bind(struct store *s, const struct store_query *q, const struct store_sql *sql,
	     sqlite3_stmt *st, char error[BOX_ERROR])
{
	bind_blob(st, ":device", q->device, sizeof(q->device));
	if (q->has_device)
		bind_subject(st, q->device);
	if (q->has_peer)
		bind_peer(st, &q->peer);
	bind_num(st, ":kind", q->kind);
	bind_num(st, ":reason", q->reason);
	bind_num(st, ":end", q->end);
	bind_num(st, ":policy", q->policy);
	bind_num(st, ":rule", q->rule);
	bind_num(st, ":session", (int64_t)q->session);
	if (q->label)
		bind_blob(st, ":label", q->label, strlen(q->label));
	if (q->asset)
		bind_blob(st, ":asset", q->asset, strlen(q->asset));
	bind_num(st, ":from", (int64_t)(q->from < INT64_MAX ? q->from : INT64_MAX));
	bind_num(st, ":to", (int64_t)(q->to < INT64_MAX ? q->to : INT64_MAX));
	bind_num(st, ":low", sql->low);
	bind_num(st, ":high", sql->high);
	bind_num(st, ":limit", q->limit && q->limit < INT64_MAX ? (int64_t)q->limit : -1);
	return sqlite3_errcode(s->db) == SQLITE_NOMEM ?
		       store_failed(s, SQLITE_NOMEM, "asking", error) :
		       0;
}

/* One way to the rows; @from: of which tables, @order: as their index has them. */
static void arm(struct store_sql *all, const char *from, const char *look, const char *where,
		const char *order)
{
	sql_add(all, all->len ? " UNION " : "");
	sql_add(all, "SELECT place FROM (SELECT place FROM ");
	sql_add(all, from);
	sql_add(all, " WHERE");
	sql_add(all, look);
	sql_add(all, " AND");
	sql_add(all, where);
	sql_add(all, " ORDER BY ");
	sql_add(all, order);
	sql_add(all, "place DESC LIMIT :limit)");
}

static void arm_rows(struct store_sql *all, const char *look, const char *where)
{
	arm(all, "record", look, where, "");
}

/* By an index that has a part for each chunk: the newest chunks first, until it is enough. */
static void arm_chunks(struct store_sql *all, const char *look, const char *where)
{
	arm(all, SQL_CHUNKS, look, where, "number DESC, ");
}

static void arms(struct store_sql *all, const struct store_query *q, const char *where)
{
	struct store_sql more = { .len = 0 };

	sql_add(&more, where);
	if (q->has_device && q->has_peer)
		sql_add(&more, " AND (+src BETWEEN :peer_low AND :peer_high OR"
			       " +dst BETWEEN :peer_low AND :peer_high)");
	if (q->has_device) {
		arm_chunks(all, SQL_CHUNK "device = :device", more.text);
		arm_chunks(all, SQL_CHUNK "peer_device = :device", more.text);
		arm_rows(all, CHANGES, more.text);
	} else if (q->has_peer) {
		arm_chunks(all, SQL_CHUNK "src BETWEEN :peer_low AND :peer_high", where);
		arm_chunks(all, SQL_CHUNK "dst BETWEEN :peer_low AND :peer_high", where);
	} else {
		arm_rows(all, " 1", where);
	}
	sql_add(all, " ORDER BY place DESC LIMIT :limit");
}

/* All of a statement's first column; to be freed. */
static int places_read(struct store *s, sqlite3_stmt *st, struct box_pos **places, size_t *n,
		       char error[BOX_ERROR])
{
	size_t room = 0;
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		grow(places, &room, *n, sizeof(**places));
		(*places)[(*n)++] = place_pos(sqlite3_column_int64(st, 0));
	}
	if (rc == SQLITE_DONE)
		return 0;
	free(*places);
	*places = NULL;
	*n = 0;
	return store_failed(s, rc, "asking", error);
}

int store_places(struct store *s, const struct store_query *q, struct box_pos **places, size_t *n,
		 char error[BOX_ERROR])
{
	struct store_sql where, all = { .len = 0 };
	sqlite3_stmt *st = NULL;
	struct box_pos swap;
	size_t i;
	int err = sql_where(s, q, &where, error);

	*places = NULL;
	*n = 0;
	if (err)
		return err;
	arms(&all, q, where.text);
	err = store_prepare(s, all.text, &st, error);
	if (!err)
		err = sql_bind(s, q, &where, st, error);
	if (!err)
		err = places_read(s, st, places, n, error);
	sqlite3_finalize(st);
	for (i = 0; i < *n / 2; i++) {
		swap = (*places)[i];
		(*places)[i] = (*places)[*n - 1 - i];
		(*places)[*n - 1 - i] = swap;
	}
	return err;
}

int store_texts(struct store *s, struct box_pos pos, struct box_pos **places, size_t *n,
		char error[BOX_ERROR])
{
	sqlite3_stmt *st;
	int err = store_prepare(s,
				"SELECT text.place FROM change JOIN text USING(source, number)"
				" WHERE change.place = ?1 ORDER BY text.offset",
				&st, error);

	*places = NULL;
	*n = 0;
	if (err)
		return err;
	sqlite3_bind_int64(st, 1, place_of(pos));
	err = places_read(s, st, places, n, error);
	sqlite3_finalize(st);
	return err;
}
