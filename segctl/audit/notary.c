// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Signing, in an order that a crash cannot spoil
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box_file.h"
#include "notary.h"

/* Without the line's end, as it is hashed and parsed. */
static void chop(char *line)
{
	size_t len = strlen(line);

	if (len && line[len - 1] == '\n')
		line[len - 1] = '\0';
}

/*
 * Where the file's last whole line ends, and that line. What is behind is a line that
 * a crash has torn: nobody was told of it.
 */
static int last_line(int fd, char line[CHECKPOINT_LINE], off_t *end, char error[BOX_ERROR])
{
	char text[2 * CHECKPOINT_LINE];
	struct stat st;
	ssize_t len, from, to;
	off_t at;

	*line = '\0';
	if (fstat(fd, &st))
		return box_say(error, -errno, "cannot ask for the size of checkpoints: %s",
			       strerror(errno));
	at = st.st_size > (off_t)sizeof(text) ? st.st_size - (off_t)sizeof(text) : 0;
	len = box_read(fd, text, sizeof(text), at);
	if (len < 0)
		return box_say(error, (int)len, "cannot read checkpoints: %s", strerror((int)-len));
	for (to = len; to && text[to - 1] != '\n';)
		to--;
	*end = to ? at + to : at ? st.st_size : 0;
	for (from = to - 1; from > 0 && text[from - 1] != '\n';)
		from--;
	if (to && to - from <= CHECKPOINT_LINE) {
		memcpy(line, text + from, (size_t)(to - from - 1));
		line[to - from - 1] = '\0';
	}
	return 0;
}

/* The last line to the end of the file, unless it is there; not before its key is gone. */
static int pay(struct notary *n, char error[BOX_ERROR])
{
	char line[CHECKPOINT_LINE];
	size_t len = strlen(n->line);
	off_t end;
	int err = n->unsure ? box_fsync(n->dir, "the box", error) : 0;

	if (err)
		return err;
	n->unsure = false;
	err = last_line(n->fd, line, &end, error);
	if (err)
		return err;
	if (ftruncate(n->fd, end))
		return box_say(error, -errno, "cannot cut checkpoints: %s", strerror(errno));
	if (n->last.number && strcmp(line, n->line)) {
		n->line[len] = '\n';
		err = box_write(n->fd, n->line, len + 1, end);
		n->line[len] = '\0';
	}
	if (!err && fdatasync(n->fd))
		err = -errno;
	if (err)
		return box_say(error, err, "cannot write checkpoints: %s", strerror(-err));
	n->owed = false;
	return 0;
}

/* The first key, or one in the place of a key that is lost. */
static int key_make(struct notary *n, bool lost, char error[BOX_ERROR])
{
	uint8_t public[KEY_PUBLIC];
	int err = 0;

	n->key.number = n->last.number + 1;
	randombytes_buf(n->key.seed, sizeof(n->key.seed));
	key_public(n->key.seed, public);
	if (!lost)
		err = key_pub_store(n->dir, public, error);
	if (!err)
		err = key_store(n->dir, &n->key, n->line, error);
	return err > 0 ? -EIO : err;
}

static int load(struct notary *n, char error[BOX_ERROR])
{
	char line[CHECKPOINT_LINE];
	off_t end;
	int err = key_load(n->dir, &n->key, n->line, error);

	chop(n->line);
	if (!err)
		err = checkpoint_strange(n->line, "the box", error);
	if (!err && *n->line && !checkpoint_parse(n->line, &n->last))
		err = -EBADMSG;
	if (!err && n->last.number + 1 != n->key.number)
		err = -EBADMSG;
	if (!err) {
		*error = '\0';
		return pay(n, error);
	}
	if (err != -ENOENT && err != -EBADMSG && err != -ELOOP)
		return err;
	err = last_line(n->fd, line, &end, error);
	if (!err)
		err = checkpoint_strange(line, "the box", error);
	if (err)
		return err;
	*n->line = '\0';
	if (checkpoint_parse(line, &n->last))
		strcpy(n->line, line);
	err = key_make(n, end, error);
	*error = '\0';
	if (err || !end)
		return err;
	return box_say(error, 0,
		       "the box's key is lost: a new one signs from checkpoint %llu on, which "
		       "'segctl audit verify' will name",
		       (unsigned long long)n->key.number);
}

int notary_open(struct notary *n, int dir, char error[BOX_ERROR])
{
	struct stat st;
	int err;

	memset(n, 0, sizeof(*n));
	n->dir = dir;
	n->fd = openat(dir, "checkpoints", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
		       0600);
	if (n->fd < 0)
		return box_say(error, -errno, "cannot open checkpoints: %s", strerror(errno));
	if (fstat(n->fd, &st) || !S_ISREG(st.st_mode))
		return box_say(error, -EBADMSG, "checkpoints is no regular file");
	err = box_fsync(dir, "the box", error);
	return err ? err : load(n, error);
}

int notary_sign(struct notary *n, struct checkpoint *cp, char error[BOX_ERROR])
{
	char line[CHECKPOINT_LINE];
	struct key next = n->key;
	int err = n->owed ? pay(n, error) : 0;

	if (err)
		return err;
	key_step(&next);
	cp->number = n->key.number;
	memset(cp->previous, 0, sizeof(cp->previous));
	if (n->last.number)
		checkpoint_hash(n->line, cp->previous);
	key_public(next.seed, cp->next);
	checkpoint_clocks(cp);
	checkpoint_sign(cp, n->key.seed, line);
	err = key_store(n->dir, &next, line, error);
	if (err >= 0) {
		n->unsure = err;
		n->key = next;
		n->last = *cp;
		chop(line);
		strcpy(n->line, line);
		n->owed = true;
		err = pay(n, error);
	}
	sodium_memzero(&next, sizeof(next));
	return err;
}

void notary_close(struct notary *n)
{
	sodium_memzero(&n->key, sizeof(n->key));
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}
