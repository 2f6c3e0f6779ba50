// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices whose records are kept
 *
 * They stand in the index and in DIR/holds, one a line, and what either of them lacks
 * is taken from the other: losing one ends no hold. The file is replaced whole, and
 * only by who has the index for writing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box_file.h"
#include "libseg.h"
#include "store_db.h"
#include "text.h"

#define HOLDS	 "holds"
#define FILE_MAX (64 << 20)

struct holds {
	struct store_hold *list;
	size_t n, room;
};

static struct store_hold *find(const struct holds *h, const uint8_t device[10])
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (!memcmp(h->list[i].device, device, sizeof(h->list[i].device)))
			return &h->list[i];
	return NULL;
}

static void add(struct holds *h, const struct store_hold *hold)
{
	if (find(h, hold->device))
		return;
	grow(&h->list, &h->room, h->n, sizeof(*h->list));
	h->list[h->n++] = *hold;
}

/* "ICCID<tab>NANOSECONDS<tab>ACTOR<tab>REASON" */
static bool line_parse(char *line, struct store_hold *hold)
{
	char *field[4], iccid[SEG_ICCID_LEN], *end, *save = line;
	size_t i;

	for (i = 0; i < 4; i++)
		field[i] = strsep(&save, "\t");
	if (!field[3] || save || seg_iccid_parse(field[0], iccid))
		return false;
	errno = 0;
	hold->real = strtoull(field[1], &end, 10);
	if (errno || *end || *field[1] < '0' || *field[1] > '9' ||
	    !seg_text_valid(field[2], STORE_WHO - 1) || !seg_text_valid(field[3], STORE_WHY - 1))
		return false;
	seg_iccid_pack(iccid, hold->device);
	snprintf(hold->actor, sizeof(hold->actor), "%s", field[2]);
	snprintf(hold->reason, sizeof(hold->reason), "%s", field[3]);
	return true;
}

static int lines_parse(char *text, struct holds *h, const char *path, char error[BOX_ERROR])
{
	struct store_hold hold;
	size_t number = 0;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		number++;
		if (!*line || *line == '#')
			continue;
		memset(&hold, 0, sizeof(hold));
		if (!line_parse(line, &hold))
			return box_say(error, -EINVAL,
				       "%.150s:%zu: not ICCID, time, actor and reason with tabs"
				       " between: mend the line, nothing is purged until then",
				       path, number);
		add(h, &hold);
	}
	return 0;
}

static int file_read(struct store *s, struct holds *h, char error[BOX_ERROR])
{
	char *path = xprintf("%s/" HOLDS, s->dir), *text = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), err = fd < 0 ? -errno : 0;
	struct stat st;
	ssize_t n = 0;

	if (!err && fstat(fd, &st))
		err = -errno;
	if (!err && (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX))
		err = -EFBIG;
	if (!err) {
		text = xcalloc(1, (size_t)st.st_size + 1);
		n = read(fd, text, (size_t)st.st_size);
		if (n != st.st_size)
			err = n < 0 ? -errno : -EIO;
	}
	if (!err && n && (text[n - 1] != '\n' || strlen(text) != (size_t)n))
		err = box_say(error, -EINVAL,
			      "%.150s has a 0 in it or ends within a line: mend it, nothing is"
			      " purged until then",
			      path);
	else if (!err)
		err = lines_parse(text, h, path, error);
	else if (err != -ENOENT)
		box_say(error, err, "%.200s: %s", path, strerror(-err));
	if (fd >= 0)
		close(fd);
	free(text);
	free(path);
	return err == -ENOENT ? 0 : err;
}

static int file_lines(FILE *f, const struct holds *h)
{
	char iccid[SEG_ICCID_LEN];
	size_t i;

	fputs("# held devices: ICCID, since when (ns), actor, reason\n", f);
	for (i = 0; i < h->n; i++)
		fprintf(f, "%s\t%llu\t%s\t%s\n", seg_iccid_unpack(h->list[i].device, iccid),
			(unsigned long long)h->list[i].real, h->list[i].actor, h->list[i].reason);
	return fflush(f) || ferror(f) || fsync(fileno(f)) ? -errno : 0;
}

/* Whole, or as it was before. */
static int file_write(struct store *s, const struct holds *h, char error[BOX_ERROR])
{
	char *path = xprintf("%s/" HOLDS, s->dir), *temp = xprintf("%s.new", path);
	int dir = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd, err;
	FILE *f = NULL;

	unlink(temp);
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	err = f ? file_lines(f, h) : -errno;
	if (f && fclose(f) && !err)
		err = -errno;
	else if (!f && fd >= 0)
		close(fd);
	if (!err && (rename(temp, path) || fsync(dir)))
		err = -errno;
	if (err) {
		unlink(temp);
		box_say(error, err, "%.200s: %s", path, strerror(-err));
	}
	if (dir >= 0)
		close(dir);
	free(temp);
	free(path);
	return err;
}

static void column_text(sqlite3_stmt *st, int column, char *buf, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(st, column);

	snprintf(buf, size, "%s", text && seg_text_valid(text, size - 1) ? text : "?");
}

static int table_read(struct store *s, struct holds *h, char error[BOX_ERROR])
{
	struct store_hold hold;
	sqlite3_stmt *st;
	int rc, err = store_prepare(s, "SELECT device, actor, reason, real FROM hold", &st, error);

	if (err)
		return err;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (sqlite3_column_bytes(st, 0) != sizeof(hold.device))
			continue;
		memcpy(hold.device, sqlite3_column_blob(st, 0), sizeof(hold.device));
		column_text(st, 1, hold.actor, sizeof(hold.actor));
		column_text(st, 2, hold.reason, sizeof(hold.reason));
		hold.real = (uint64_t)sqlite3_column_int64(st, 3);
		add(h, &hold);
	}
	if (rc != SQLITE_DONE)
		err = store_failed(s, rc, "reading", error);
	sqlite3_finalize(st);
	return err;
}

static int table_add(struct store *s, const struct store_hold *hold, char error[BOX_ERROR])
{
	sqlite3_stmt *st;
	int err = store_prepare(s, "INSERT OR IGNORE INTO hold VALUES(?1, ?2, ?3, ?4)", &st, error);

	if (err)
		return err;
	sqlite3_bind_blob(st, 1, hold->device, sizeof(hold->device), SQLITE_STATIC);
	sqlite3_bind_text(st, 2, hold->actor, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 3, hold->reason, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 4, (int64_t)hold->real);
	err = store_run(s, st, error);
	sqlite3_finalize(st);
	return err;
}

static int table_del(struct store *s, const uint8_t device[10], char error[BOX_ERROR])
{
	sqlite3_stmt *st;
	int err = store_prepare(s, "DELETE FROM hold WHERE device = ?1", &st, error);

	if (err)
		return err;
	sqlite3_bind_blob(st, 1, device, 10, SQLITE_STATIC);
	err = store_run(s, st, error);
	sqlite3_finalize(st);
	return err;
}

static int holds_read(struct store *s, struct holds *h, char error[BOX_ERROR])
{
	int err = file_read(s, h, error);

	return err ? err : table_read(s, h, error);
}

int store_holds(struct store *s, struct store_hold **list, size_t *n, char error[BOX_ERROR])
{
	struct holds h = { 0 };
	int err = holds_read(s, &h, error);

	if (err) {
		free(h.list);
		memset(&h, 0, sizeof(h));
	}
	*list = h.list;
	*n = h.n;
	return err;
}

int store_hold(struct store *s, const struct store_hold *hold, char error[BOX_ERROR])
{
	struct holds h = { 0 };
	bool held = false;
	size_t i;
	int err = store_begin(s, error);

	if (err)
		return err;
	err = holds_read(s, &h, error);
	if (!err) {
		held = find(&h, hold->device) != NULL;
		add(&h, hold);
		err = file_write(s, &h, error);
	}
	for (i = 0; !err && i < h.n; i++)
		err = table_add(s, &h.list[i], error);
	free(h.list);
	err = store_end(s, err, error);
	return err ? err : held;
}

int store_unhold(struct store *s, const uint8_t device[10], char error[BOX_ERROR])
{
	struct store_hold *hold;
	struct holds h = { 0 };
	int err = store_begin(s, error);

	if (err)
		return err;
	err = holds_read(s, &h, error);
	hold = err ? NULL : find(&h, device);
	if (!err && !hold)
		err = box_say(error, -ENOENT, "this device is not held: `segctl hold --list`");
	if (!err) {
		*hold = h.list[--h.n];
		err = file_write(s, &h, error);
	}
	if (!err)
		err = table_del(s, device, error);
	free(h.list);
	return store_end(s, err, error);
}
