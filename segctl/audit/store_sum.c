// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sums over records
 *
 * What a session has carried is told again and again, more each time: only the last
 * that was told of it, until the end of the time asked for, counts.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "libseg.h"
#include "store_db.h"

#define F_OBSERVED "8" /* SIMSEG_RECORD_F_OBSERVED: it was not dropped */
_Static_assert(SIMSEG_RECORD_F_OBSERVED == 8, "as SQL has it");

#define SUMS                                                                           \
	"SELECT k1, k2, k3, count(*), sum(kind = 1), add_up(denied), add_up(carried)," \
	" add_up(octets), min(real), max(real), max(label) FROM ("

#define NEWER                                                               \
	"NOT EXISTS (SELECT 1 FROM record AS n WHERE n.session = r.session" \
	" AND n.source = r.source AND n.kind IN (2, 3) AND n.place > r.place"

/* Columns of an arm. */
enum {
	K1,
	K2,
	K3,
	RECORDS,
	SESSIONS,
	DENIED,
	CARRIED,
	OCTETS,
	FIRST,
	LAST,
	LABEL
};

/* Sums that stay at the highest number rather than fail: a damaged record may say anything. */
static void add_step(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	int64_t *sum = sqlite3_aggregate_context(context, sizeof(*sum));
	int64_t value = sqlite3_value_int64(argv[0]);

	(void)argc;
	if (sum && value > 0)
		*sum = value > INT64_MAX - *sum ? INT64_MAX : *sum + value;
}

static void add_final(sqlite3_context *context)
{
	int64_t *sum = sqlite3_aggregate_context(context, 0);

	sqlite3_result_int64(context, sum ? *sum : 0);
}

/* Records under one key each: @keys, of those that fulfil @look. */
static void arm(struct store_sql *sql, const struct store_query *q, const char *keys,
		const char *look, const char *where)
{
	const char *last = q->to ? NEWER " AND n.real <= :to)" : NEWER ")";

	sql_add(sql, sql->len > sizeof(SUMS) ? " UNION ALL SELECT " : "SELECT ");
	sql_add(sql, keys);
	sql_add(sql, ", kind, real, label, CASE WHEN kind = 4 AND NOT flags & " F_OBSERVED
		     " THEN packets ELSE 0 END AS denied, CASE WHEN kind = 3 OR (kind = 2 AND ");
	sql_add(sql, last);
	sql_add(sql, ") THEN packets + reply_packets ELSE 0 END AS carried,"
		     " CASE WHEN kind = 3 OR (kind = 2 AND ");
	sql_add(sql, last);
	sql_add(sql, ") THEN bytes + reply_bytes ELSE 0 END AS octets FROM ");
	sql_add(sql, q->has_device || q->has_peer ? SQL_CHUNKS " WHERE" SQL_CHUNK :
						    "record AS r WHERE ");
	sql_add(sql, "kind BETWEEN 1 AND 4 AND ");
	sql_add(sql, look);
	sql_add(sql, " AND");
	sql_add(sql, where);
}

#define IN_PEER(column) " AND " column " BETWEEN :peer_low AND :peer_high"
/* Either side of the "or" says all that its index needs. */
#define EITHER_PEER                                                     \
	" AND ((" SQL_CHUNK "src BETWEEN :peer_low AND :peer_high) OR " \
	"(" SQL_CHUNK "dst BETWEEN :peer_low AND :peer_high))"
#define EITHER_DEVICE "((" SQL_CHUNK "device = :device) OR (" SQL_CHUNK "peer_device = :device))"

static void arms_of_device(struct store_sql *sql, const struct store_query *q, const char *where)
{
	arm(sql, q, "device AS k1, 0 AS k2, 0 AS k3",
	    q->has_device ? "device = :device" : "device NOT NULL", where);
	arm(sql, q, "peer_device AS k1, 0 AS k2, 0 AS k3",
	    q->has_device ? "peer_device = :device AND peer_device IS NOT device" :
			    "peer_device NOT NULL AND peer_device IS NOT device",
	    where);
}

/* A peer is who is not the device; where there is none, who has sent. */
static void arms_of_peer(struct store_sql *sql, const struct store_query *q, const char *where)
{
	arm(sql, q, "dst AS k1, 0 AS k2, 0 AS k3",
	    q->has_device ? "device = :device" : "device NOT NULL", where);
	sql_add(sql, q->has_peer ? IN_PEER("dst") : "");
	arm(sql, q, "src AS k1, 0 AS k2, 0 AS k3",
	    q->has_device ? "peer_device = :device" : "peer_device NOT NULL", where);
	sql_add(sql, q->has_peer ? IN_PEER("src") : "");
	if (q->has_device)
		return;
	arm(sql, q, "src AS k1, 0 AS k2, 0 AS k3", "device IS NULL AND peer_device IS NULL", where);
	sql_add(sql, q->has_peer ? IN_PEER("src") : "");
}

static void sums(struct store_sql *sql, const struct store_query *q, enum store_by by,
		 const struct store_sql *where)
{
	struct store_sql more = *where;
	const char *all = q->has_device ? EITHER_DEVICE : "1";

	sql_add(sql, SUMS);
	if (by != STORE_BY_PEER && q->has_peer)
		sql_add(&more, EITHER_PEER);
	switch (by) {
	case STORE_BY_DEVICE:
		arms_of_device(sql, q, more.text);
		break;
	case STORE_BY_PEER:
		arms_of_peer(sql, q, more.text);
		break;
	case STORE_BY_RULE:
		arm(sql, q, "policy AS k1, rule AS k2, grant_id AS k3", all, more.text);
		break;
	case STORE_BY_REASON:
		arm(sql, q, "kind AS k1, reason AS k2, 0 AS k3", all, more.text);
		break;
	}
	sql_add(sql, ") GROUP BY k1, k2, k3 ORDER BY 4 DESC, k1, k2, k3 LIMIT :limit");
}

static void peer_get(sqlite3_stmt *st, uint8_t peer[16])
{
	uint32_t v4 = htonl((uint32_t)sqlite3_column_int64(st, K1));

	if (sqlite3_column_type(st, K1) == SQLITE_INTEGER) {
		memset(peer + 10, 0xff, 2);
		memcpy(peer + 12, &v4, sizeof(v4));
	} else if (sqlite3_column_bytes(st, K1) == 16) {
		memcpy(peer, sqlite3_column_blob(st, K1), 16);
	}
}

static void key_get(sqlite3_stmt *st, enum store_by by, struct store_sum *sum)
{
	switch (by) {
	case STORE_BY_DEVICE:
		if (sqlite3_column_bytes(st, K1) == sizeof(sum->device))
			memcpy(sum->device, sqlite3_column_blob(st, K1), sizeof(sum->device));
		break;
	case STORE_BY_PEER:
		peer_get(st, sum->peer);
		break;
	case STORE_BY_RULE:
		sum->policy = (uint32_t)sqlite3_column_int64(st, K1);
		sum->rule = (uint16_t)sqlite3_column_int(st, K2);
		sum->grant = (uint32_t)sqlite3_column_int64(st, K3);
		break;
	case STORE_BY_REASON:
		sum->kind = (uint8_t)sqlite3_column_int(st, K1);
		sum->reason = (uint8_t)sqlite3_column_int(st, K2);
		break;
	}
}

static int sum_row(sqlite3_stmt *st, enum store_by by, store_sum_cb cb, void *arg)
{
	char label[SIMSEG_LABEL_MAX + 2] = "";
	size_t len = (size_t)sqlite3_column_bytes(st, LABEL);
	struct store_sum sum = {
		.records = (uint64_t)sqlite3_column_int64(st, RECORDS),
		.sessions = (uint64_t)sqlite3_column_int64(st, SESSIONS),
		.denied = (uint64_t)sqlite3_column_int64(st, DENIED),
		.packets = (uint64_t)sqlite3_column_int64(st, CARRIED),
		.bytes = (uint64_t)sqlite3_column_int64(st, OCTETS),
		.first = (uint64_t)sqlite3_column_int64(st, FIRST),
		.last = (uint64_t)sqlite3_column_int64(st, LAST),
	};

	if (len && len < sizeof(label)) {
		memcpy(label, sqlite3_column_blob(st, LABEL), len);
		sum.label = label;
	}
	key_get(st, by, &sum);
	return cb(&sum, arg);
}

int store_sum(struct store *s, const struct store_query *q, enum store_by by, store_sum_cb cb,
	      void *arg, char error[BOX_ERROR])
{
	struct store_sql where, sql = { .len = 0 };
	sqlite3_stmt *st = NULL;
	int ret = 0, rc, err = sql_where(s, q, &where, error);

	if (err)
		return err;
	rc = sqlite3_create_function(s->db, "add_up", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
				     NULL, add_step, add_final);
	if (rc != SQLITE_OK)
		return store_failed(s, rc, "asking", error);
	sums(&sql, q, by, &where);
	err = store_prepare(s, sql.text, &st, error);
	if (!err)
		err = sql_bind(s, q, &where, st, error);
	while (!err && !ret && (rc = sqlite3_step(st)) == SQLITE_ROW)
		ret = sum_row(st, by, cb, arg);
	if (!err && !ret && rc != SQLITE_DONE)
		err = store_failed(s, rc, "asking", error);
	sqlite3_finalize(st);
	return err ? err : ret;
}
