// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The store's tables, and how those of an older program become today's
 */
#include <errno.h>
#include <stdio.h>

#include "box_file.h"
#include "store_db.h"

/*
 * A row is one record; the number of the row is its place. What a kind does not have
 * is NULL, which takes no room. IPv4 addresses are integers, IPv6 addresses blobs: of
 * each a prefix is a range. Who is asked for most is indexed: each entry ends with the
 * place, so that a device's newest records come without sorting. Times are not indexed:
 * records lie nearly in their order, and `span` tells which places a time leaves.
 */
static const char step_1[] =
	"PRAGMA application_id = 0x53494d53;"
	"CREATE TABLE source(id INTEGER PRIMARY KEY, boot BLOB NOT NULL, netns INTEGER NOT NULL,"
	" since INTEGER NOT NULL, UNIQUE(boot, netns, since));"
	"CREATE TABLE segment(number INTEGER PRIMARY KEY, source INTEGER NOT NULL,"
	" start BLOB NOT NULL);"
	"CREATE TABLE record(place INTEGER PRIMARY KEY, source INTEGER NOT NULL, seq INTEGER,"
	" kind INTEGER NOT NULL, reason INTEGER, flags INTEGER, time INTEGER, real INTEGER,"
	" session INTEGER, src, dst, sport INTEGER, dport INTEGER, proto INTEGER, device BLOB,"
	" peer_device BLOB, policy INTEGER, rule INTEGER, grant_id INTEGER, generation INTEGER,"
	" iif INTEGER, oif INTEGER, packets INTEGER, reply_packets INTEGER, bytes INTEGER,"
	" reply_bytes INTEGER, duration INTEGER, rtt INTEGER, asset BLOB, label BLOB);"
	"CREATE INDEX record_device ON record(device) WHERE device NOT NULL;"
	"CREATE INDEX record_peer_device ON record(peer_device) WHERE peer_device NOT NULL;"
	"CREATE INDEX record_src ON record(src) WHERE src NOT NULL;"
	"CREATE INDEX record_dst ON record(dst) WHERE dst NOT NULL;"
	"CREATE INDEX record_session ON record(session) WHERE session NOT NULL;"
	"CREATE TABLE span(first INTEGER PRIMARY KEY, last INTEGER NOT NULL,"
	" real_min INTEGER NOT NULL, real_max INTEGER NOT NULL);"
	"CREATE TABLE change(source INTEGER, number INTEGER, place INTEGER NOT NULL,"
	" length INTEGER NOT NULL, subject BLOB, PRIMARY KEY(source, number)) WITHOUT ROWID;"
	"CREATE INDEX change_place ON change(place);"
	"CREATE INDEX change_subject ON change(subject) WHERE subject NOT NULL;"
	"CREATE TABLE text(source INTEGER, number INTEGER, offset INTEGER, place INTEGER NOT NULL,"
	" piece BLOB NOT NULL, PRIMARY KEY(source, number, offset)) WITHOUT ROWID;"
	"CREATE INDEX text_place ON text(place);"
	"CREATE TABLE state(id INTEGER PRIMARY KEY CHECK(id = 1), segment INTEGER NOT NULL,"
	" position INTEGER NOT NULL);"
	"INSERT INTO state VALUES(1, 0, 0);"
	"CREATE TABLE hold(device BLOB PRIMARY KEY, actor TEXT NOT NULL, reason TEXT NOT NULL,"
	" real INTEGER NOT NULL) WITHOUT ROWID;";

/*
 * An entry amid those of 10,000 devices is a page that changes for each record. So each
 * piece of the box has its own part of an index: `chunk` numbers them, in the order of
 * places, and an entry begins with that number. New ones all fall into the last part,
 * which fits into memory; who asks looks into one part after the other, newest first.
 * Session numbers rise by themselves. The rows are taken from the box again.
 */
static const char step_2[] =
	"DROP TABLE record; DELETE FROM span; DELETE FROM change; DELETE FROM text;"
	"DELETE FROM segment; DELETE FROM source; UPDATE state SET segment = 0, position = 0;"
	"CREATE TABLE chunk(number INTEGER PRIMARY KEY, first INTEGER NOT NULL,"
	" records INTEGER NOT NULL);"
	"CREATE TABLE record(place INTEGER PRIMARY KEY, source INTEGER NOT NULL, seq INTEGER,"
	" kind INTEGER NOT NULL, reason INTEGER, flags INTEGER, time INTEGER, real INTEGER,"
	" session INTEGER, src, dst, sport INTEGER, dport INTEGER, proto INTEGER, device BLOB,"
	" peer_device BLOB, policy INTEGER, rule INTEGER, grant_id INTEGER, generation INTEGER,"
	" iif INTEGER, oif INTEGER, packets INTEGER, reply_packets INTEGER, bytes INTEGER,"
	" reply_bytes INTEGER, duration INTEGER, rtt INTEGER, asset BLOB, label BLOB,"
	" chunk INTEGER NOT NULL);"
	"CREATE INDEX record_device ON record(chunk, device) WHERE device NOT NULL;"
	"CREATE INDEX record_peer_device ON record(chunk, peer_device)"
	" WHERE peer_device NOT NULL;"
	"CREATE INDEX record_src ON record(chunk, src) WHERE src NOT NULL;"
	"CREATE INDEX record_dst ON record(chunk, dst) WHERE dst NOT NULL;"
	"CREATE INDEX record_session ON record(session) WHERE session NOT NULL;";

/* From each version to the next. Released ones stay as they are; additions to the end. */
const char *const store_schema_steps[] = { step_1, step_2, NULL };

#define VERSION (sizeof(store_schema_steps) / sizeof(store_schema_steps[0]) - 1)

const char store_schema_clear[] =
	"DELETE FROM record; DELETE FROM chunk; DELETE FROM span; DELETE FROM change;"
	"DELETE FROM text; DELETE FROM segment; DELETE FROM source;"
	"UPDATE state SET segment = 0, position = 0;";

static int step_do(struct store *s, const char *sql, size_t to, char error[BOX_ERROR])
{
	uint64_t now = 0;
	char version[64];
	int err = store_begin(s, error);

	if (err)
		return err;
	/* somebody else may have been first */
	err = store_number(s, "PRAGMA user_version", &now, error);
	if (err || now >= to)
		return store_end(s, err, error);
	snprintf(version, sizeof(version), "PRAGMA user_version = %zu", to);
	err = store_exec(s, sql, "making the tables", error);
	if (!err)
		err = store_exec(s, version, "making the tables", error);
	return store_end(s, err, error);
}

/* Nothing is written into what somebody else has made. */
static int version_get(struct store *s, uint64_t *version, char error[BOX_ERROR])
{
	uint64_t tables = 0, application = 0;
	int err = store_number(s, "PRAGMA user_version", version, error);

	if (!err)
		err = store_number(s, "PRAGMA application_id", &application, error);
	if (!err)
		err = store_number(s, "SELECT count(*) FROM sqlite_master", &tables, error);
	if (err)
		return err;
	if (application == STORE_APPLICATION || (!application && !tables && !*version))
		return 0;
	return box_say(error, -EPROTO,
		       "%.150s/" STORE_NAME " is no index of simseg's records: move it away",
		       s->dir);
}

int store_migrate(struct store *s, const char *const *list, size_t n, char error[BOX_ERROR])
{
	uint64_t version = 0;
	int err = version_get(s, &version, error);

	if (!err && version > n) {
		return box_say(
			error, -EPROTO,
			"the index %.120s/" STORE_NAME
			" is of version %llu, this segctl knows up to %zu: use the newer one",
			s->dir, (unsigned long long)version, n);
	}
	for (; !err && version < n; version++)
		err = step_do(s, list[version], version + 1, error);
	return err;
}

int store_schema(struct store *s, bool write, char error[BOX_ERROR])
{
	uint64_t version = 0;
	int err;

	if (write)
		return store_migrate(s, store_schema_steps, VERSION, error);
	err = version_get(s, &version, error);
	if (err)
		return err;
	if (version >= VERSION)
		return store_migrate(s, store_schema_steps, VERSION, error);
	return box_say(
		error, -EPROTO,
		"the index %.120s/" STORE_NAME
		" is of version %llu, this segctl needs %zu: the agent or `segctl audit reindex`"
		" brings it up",
		s->dir, (unsigned long long)version, VERSION);
}
