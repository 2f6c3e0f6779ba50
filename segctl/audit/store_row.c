// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One record as a row of the index
 */
#include <arpa/inet.h>
#include <string.h>

#include "libseg.h"
#include "store_db.h"

/* Numbers of columns in ROW, from 1. */
enum {
	C_PLACE = 1,
	C_SOURCE,
	C_SEQ,
	C_KIND,
	C_REASON,
	C_FLAGS,
	C_TIME,
	C_REAL,
	C_SESSION,
	C_SRC,
	C_DST,
	C_SPORT,
	C_DPORT,
	C_PROTO,
	C_DEVICE,
	C_PEER_DEVICE,
	C_POLICY,
	C_RULE,
	C_GRANT,
	C_GENERATION,
	C_IIF,
	C_OIF,
	C_PACKETS,
	C_REPLY_PACKETS,
	C_BYTES,
	C_REPLY_BYTES,
	C_DURATION,
	C_RTT,
	C_ASSET,
	C_LABEL,
	C_CHUNK,
};

static const char row[] = "INSERT INTO record VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
			  " ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25,"
			  " ?26, ?27, ?28, ?29, ?30, ?31)";

/* Numbers are compared and added there: beyond what a signed one holds, the highest. */
static void bind_num(sqlite3_stmt *st, int column, uint64_t value, uint64_t max)
{
	sqlite3_bind_int64(st, column, (int64_t)(value < max ? value : max));
}

static void bind_time(sqlite3_stmt *st, int column, uint64_t value)
{
	bind_num(st, column, value, INT64_MAX);
}

/* Two of them can be added. */
static void bind_amount(sqlite3_stmt *st, int column, uint64_t value)
{
	bind_num(st, column, value, INT64_MAX / 2);
}

static void bind_addr(sqlite3_stmt *st, int column, const uint8_t addr[16])
{
	uint32_t v4;

	if (!seg_addr_is_v4(addr)) {
		sqlite3_bind_blob(st, column, addr, 16, SQLITE_STATIC);
		return;
	}
	memcpy(&v4, addr + 12, sizeof(v4));
	sqlite3_bind_int64(st, column, ntohl(v4));
}

static void bind_device(sqlite3_stmt *st, int column, const uint8_t iccid[10])
{
	char text[SEG_ICCID_LEN];

	if (*seg_iccid_unpack(iccid, text))
		sqlite3_bind_blob(st, column, iccid, 10, SQLITE_STATIC);
}

static void bind_given(sqlite3_stmt *st, int column, const uint8_t *text, size_t max)
{
	size_t len = strnlen((const char *)text, max);

	if (len)
		sqlite3_bind_blob(st, column, text, (int)len, SQLITE_STATIC);
}

static void bind_kind(sqlite3_stmt *st, const struct simseg_record *r)
{
	switch (r->kind) {
	case SIMSEG_RECORD_OPEN:
		bind_given(st, C_ASSET, r->given.asset, sizeof(r->given.asset));
		bind_given(st, C_LABEL, r->given.label, sizeof(r->given.label));
		break;
	case SIMSEG_RECORD_UPDATE:
	case SIMSEG_RECORD_CLOSE:
		bind_amount(st, C_PACKETS, r->amount.packets[0]);
		bind_amount(st, C_REPLY_PACKETS, r->amount.packets[1]);
		bind_amount(st, C_BYTES, r->amount.bytes[0]);
		bind_amount(st, C_REPLY_BYTES, r->amount.bytes[1]);
		bind_time(st, C_DURATION, r->amount.duration);
		sqlite3_bind_int64(st, C_RTT, r->amount.rtt_us);
		break;
	case SIMSEG_RECORD_DENY:
		bind_amount(st, C_PACKETS, r->denied.packets);
		bind_amount(st, C_BYTES, r->denied.bytes);
		bind_time(st, C_DURATION, r->denied.duration);
		bind_given(st, C_ASSET, r->denied.asset, sizeof(r->denied.asset));
		break;
	}
}

static void bind_flow(sqlite3_stmt *st, const struct simseg_record *r)
{
	if (r->session)
		sqlite3_bind_int64(st, C_SESSION, (int64_t)r->session);
	bind_addr(st, C_SRC, r->src);
	bind_addr(st, C_DST, r->dst);
	sqlite3_bind_int(st, C_SPORT, ntohs(r->sport));
	sqlite3_bind_int(st, C_DPORT, ntohs(r->dport));
	sqlite3_bind_int(st, C_PROTO, r->proto);
	bind_device(st, C_DEVICE, r->iccid[0]);
	bind_device(st, C_PEER_DEVICE, r->iccid[1]);
	sqlite3_bind_int64(st, C_POLICY, r->policy);
	sqlite3_bind_int(st, C_RULE, r->rule);
	sqlite3_bind_int64(st, C_GRANT, r->grant);
	sqlite3_bind_int64(st, C_GENERATION, r->generation);
	sqlite3_bind_int64(st, C_IIF, r->iif);
	sqlite3_bind_int64(st, C_OIF, r->oif);
	bind_kind(st, r);
}

static bool has_flow(uint8_t kind)
{
	return kind == SIMSEG_RECORD_OPEN || kind == SIMSEG_RECORD_UPDATE ||
	       kind == SIMSEG_RECORD_CLOSE || kind == SIMSEG_RECORD_DENY;
}

int store_row(struct store *s, const struct simseg_record *r, struct box_pos pos,
	      char error[BOX_ERROR])
{
	sqlite3_stmt *st;
	int err;

	if (r->kind == SIMSEG_RECORD_TEXT)
		return store_text(s, (const void *)r, place_of(pos), error);
	err = store_stmt(s, STMT_RECORD, row, &st, error);
	if (err)
		return err;
	sqlite3_bind_int64(st, C_PLACE, place_of(pos));
	sqlite3_bind_int64(st, C_SOURCE, s->source);
	sqlite3_bind_int64(st, C_SEQ, (int64_t)r->seq);
	sqlite3_bind_int(st, C_KIND, r->kind);
	sqlite3_bind_int(st, C_REASON, r->reason);
	sqlite3_bind_int(st, C_FLAGS, r->flags);
	bind_time(st, C_TIME, r->time);
	bind_time(st, C_REAL, r->real);
	sqlite3_bind_int64(st, C_CHUNK, s->chunk.number);
	if (has_flow(r->kind))
		bind_flow(st, r);
	err = store_run(s, st, error);
	if (!err && r->kind == SIMSEG_RECORD_CONFIG)
		err = store_change(s, (const void *)r, place_of(pos), error);
	return err;
}

static void bind_source(sqlite3_stmt *st, const struct box_source *source)
{
	sqlite3_bind_blob(st, 1, source->boot_id, sizeof(source->boot_id), SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, (int64_t)source->netns);
	sqlite3_bind_int64(st, 3, (int64_t)source->since);
}

int store_source(struct store *s, const struct box_source *source, int64_t *id,
		 char error[BOX_ERROR])
{
	sqlite3_stmt *st;
	int rc, err;

	err = store_stmt(s, STMT_SOURCE_ADD,
			 "INSERT OR IGNORE INTO source(boot, netns, since) VALUES(?1, ?2, ?3)", &st,
			 error);
	if (err)
		return err;
	bind_source(st, source);
	err = store_run(s, st, error);
	if (!err)
		err = store_stmt(s, STMT_SOURCE,
				 "SELECT id FROM source WHERE boot = ?1 AND netns = ?2"
				 " AND since = ?3",
				 &st, error);
	if (err)
		return err;
	bind_source(st, source);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*id = sqlite3_column_int64(st, 0);
	else
		err = store_failed(s, rc == SQLITE_DONE ? SQLITE_CORRUPT : rc, "taking records in",
				   error);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return err;
}
