// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The store's database: opened, closed, and what goes wrong with it
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box_file.h"
#include "store_db.h"
#include "text.h"

#define LOCK_NAME "index.lock"
#define BUSY_MS	  5000
#define CACHE	  "-32768" /* KiB */
#define WAL_PAGES "8192"   /* that a checkpoint takes at once */

int store_failed(struct store *s, int rc, const char *what, char error[BOX_ERROR])
{
	switch (rc & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return box_say(error, -EBADMSG,
			       "the index %.120s/" STORE_NAME
			       " is damaged: `segctl audit reindex` makes it anew from the records",
			       s->dir);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		snprintf(error, BOX_ERROR,
			 "%s: another program has kept the index %.120s/" STORE_NAME
			 " locked for %d s; try again",
			 what, s->dir, BUSY_MS / 1000);
		return -EBUSY;
	case SQLITE_NOMEM:
		return box_say(error, -ENOMEM, "%s: no memory", what);
	case SQLITE_FULL:
		return box_say(error, -ENOSPC, "%s: the disk under %.120s is full", what, s->dir);
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
		return box_say(error, -EACCES, "%s: the index %.120s/" STORE_NAME ": %s", what,
			       s->dir, sqlite3_errmsg(s->db));
	default:
		return box_say(error, -EIO, "%s: the index %.120s/" STORE_NAME ": %s", what, s->dir,
			       sqlite3_errmsg(s->db));
	}
}

int store_exec(struct store *s, const char *sql, const char *what, char error[BOX_ERROR])
{
	int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : store_failed(s, rc, what, error);
}

int store_prepare(struct store *s, const char *sql, sqlite3_stmt **stmt, char error[BOX_ERROR])
{
	int rc = sqlite3_prepare_v2(s->db, sql, -1, stmt, NULL);

	return rc == SQLITE_OK ? 0 : store_failed(s, rc, "asking", error);
}

int store_stmt(struct store *s, enum store_stmt which, const char *sql, sqlite3_stmt **stmt,
	       char error[BOX_ERROR])
{
	int err = s->stmts[which] ? 0 : store_prepare(s, sql, &s->stmts[which], error);

	*stmt = s->stmts[which];
	return err;
}

int store_run(struct store *s, sqlite3_stmt *stmt, char error[BOX_ERROR])
{
	int rc = sqlite3_step(stmt);

	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	return rc == SQLITE_DONE ? 0 : store_failed(s, rc, "writing", error);
}

int store_number(struct store *s, const char *sql, uint64_t *value, char error[BOX_ERROR])
{
	sqlite3_stmt *stmt = NULL;
	int rc, err = store_prepare(s, sql, &stmt, error);

	if (err)
		return err;
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*value = (uint64_t)sqlite3_column_int64(stmt, 0);
	else if (rc != SQLITE_DONE)
		err = store_failed(s, rc, "reading", error);
	sqlite3_finalize(stmt);
	return err;
}

int store_begin(struct store *s, char error[BOX_ERROR])
{
	return store_exec(s, "BEGIN IMMEDIATE", "writing", error);
}

int store_end(struct store *s, int err, char error[BOX_ERROR])
{
	if (!err)
		err = store_exec(s, "COMMIT", "writing", error);
	/* after some failures SQLite has rolled back by itself */
	if (err && !sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return err;
}

/* Shared by all that write, alone for who takes the file away. */
static int lock_take(const char *dir, int how, char error[BOX_ERROR])
{
	char *path = xprintf("%s/" LOCK_NAME, dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), err = 0;

	if (fd < 0)
		err = -errno;
	else if (flock(fd, how | LOCK_NB))
		err = errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (err == -EBUSY)
		snprintf(error, BOX_ERROR,
			 how == LOCK_EX ?
				 "another program writes to the index in %.150s: stop it first" :
				 "the index in %.150s is just being made anew: try again",
			 dir);
	else if (err)
		snprintf(error, BOX_ERROR, "%.200s: %s", path, strerror(-err));
	if (err && fd >= 0)
		close(fd);
	free(path);
	return err ? err : fd;
}

static int store_configure(struct store *s, enum store_mode mode, char error[BOX_ERROR])
{
	int err;

	sqlite3_busy_timeout(s->db, BUSY_MS);
	/* what stands in the file is data, whoever has written it */
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	err = store_exec(s,
			 "PRAGMA cell_size_check = ON;"
			 "PRAGMA temp_store = MEMORY;"
			 "PRAGMA cache_size = " CACHE,
			 "opening", error);
	if (!err && mode == STORE_WRITE)
		err = store_schema(s, true, error);
	if (!err && mode == STORE_WRITE)
		err = store_exec(s,
				 "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
				 "PRAGMA wal_autocheckpoint = " WAL_PAGES,
				 "opening", error);
	if (!err && mode != STORE_WRITE)
		err = store_schema(s, false, error);
	return err;
}

static int store_check(struct store *s, char error[BOX_ERROR])
{
	sqlite3_stmt *stmt = NULL;
	int rc, err = store_prepare(s, "PRAGMA quick_check(1)", &stmt, error);

	if (err)
		return err;
	rc = sqlite3_step(stmt);
	if (rc != SQLITE_ROW)
		err = store_failed(s, rc, "checking", error);
	else if (strcmp((const char *)sqlite3_column_text(stmt, 0), "ok"))
		err = store_failed(s, SQLITE_CORRUPT, "checking", error);
	sqlite3_finalize(stmt);
	return err;
}

static int store_connect(struct store *s, enum store_mode mode, char error[BOX_ERROR])
{
	int flags = mode == STORE_WRITE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE :
					  SQLITE_OPEN_READONLY;
	char *path = xprintf("%s/" STORE_NAME, s->dir);
	int rc, err = 0;

	if (mode != STORE_WRITE && access(path, F_OK)) {
		err = -errno;
		snprintf(error, BOX_ERROR,
			 "%.150s: %s: `segctl audit reindex` makes the index from the records",
			 path, strerror(-err));
	} else {
		/* one thread has it, whichever: nothing has to be locked */
		rc = sqlite3_open_v2(path, &s->db,
				     flags | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX, NULL);
		if (rc != SQLITE_OK)
			err = store_failed(s, rc, "opening", error);
	}
	free(path);
	return err ? err : store_configure(s, mode, error);
}

int store_open(struct store **store, const char *dir, enum store_mode mode, char error[BOX_ERROR])
{
	struct store *s = xcalloc(1, sizeof(*s));
	char *real = realpath(dir, NULL);
	int err = real ? 0 : -errno;

	*store = NULL;
	/* SQLite refuses a path with a symbolic link in it: it shall be the file that is none */
	s->dir = real ? real : xstrdup(dir);
	s->lock = -1;
	s->chunk_records = STORE_CHUNK;
	s->write = mode == STORE_WRITE;
	if (err)
		snprintf(error, BOX_ERROR, "%.200s: %s", dir, strerror(-err));
	if (!err && s->write) {
		s->lock = lock_take(s->dir, LOCK_SH, error);
		err = s->lock < 0 ? s->lock : 0;
	}
	if (!err)
		err = store_connect(s, mode, error);
	if (!err && mode == STORE_CHECK)
		err = store_check(s, error);
	if (err) {
		store_close(s);
		return err;
	}
	*store = s;
	return 0;
}

void store_close(struct store *s)
{
	size_t i;

	if (!s)
		return;
	store_cursor_drop(s);
	for (i = 0; i < STMT_MAX; i++)
		sqlite3_finalize(s->stmts[i]);
	sqlite3_close(s->db);
	if (s->lock >= 0)
		close(s->lock);
	free(s->dir);
	free(s);
}

int store_remove(const char *dir, char error[BOX_ERROR])
{
	/* the journals first: one that is left would be taken for the next index's */
	static const char *const names[] = { STORE_NAME "-shm", STORE_NAME "-wal", STORE_NAME };
	int lock = lock_take(dir, LOCK_EX, error), err = lock < 0 ? lock : 0;
	size_t i;

	for (i = 0; !err && i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = xprintf("%s/%s", dir, names[i]);

		if (unlink(path) && errno != ENOENT) {
			err = -errno;
			snprintf(error, BOX_ERROR, "%.200s: %s", path, strerror(-err));
		}
		free(path);
	}
	if (lock >= 0)
		close(lock);
	return err;
}
