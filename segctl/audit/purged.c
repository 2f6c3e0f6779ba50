// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lines that tell of segments that went
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box_file.h"
#include "purged.h"
#include "segctl.h"

void purged_begin(struct purged *p, int dir)
{
	memset(p, 0, sizeof(*p));
	p->dir = dir;
	p->fd = -1;
}

void purged_end(struct purged *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

/* -ENOENT without a sentence. */
static int purged_open(int dir, int flags, char error[BOX_ERROR])
{
	int fd = openat(dir, PURGED_NAME, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0)
		return box_say(error, -errno, "cannot open " PURGED_NAME ": %s", strerror(errno));
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return box_say(error, -EBADMSG, PURGED_NAME " is no regular file");
}

int purged_next(struct purged *p, char line[PURGED_LINE], char error[BOX_ERROR])
{
	uint8_t both[BOX_HASH + PURGED_LINE];
	ssize_t len;
	char *end;
	size_t n;

	if (p->fd < 0) {
		p->fd = purged_open(p->dir, O_RDONLY, error);
		if (p->fd < 0)
			return p->fd == -ENOENT ? 0 : p->fd;
	}
	len = box_read(p->fd, line, PURGED_LINE - 1, (off_t)p->end);
	if (len < 0)
		return box_say(error, (int)len, "cannot read " PURGED_NAME ": %s",
			       strerror((int)-len));
	end = memchr(line, '\n', (size_t)len);
	if (!end && len == PURGED_LINE - 1)
		return box_say(error, -EBADMSG, "line %llu of " PURGED_NAME " is too long",
			       (unsigned long long)p->lines + 1);
	if (!end)
		return 0;
	n = (size_t)(end - line);
	*end = '\0';
	memcpy(both, p->chain, BOX_HASH);
	memcpy(both + BOX_HASH, line, n);
	crypto_generichash(p->chain, BOX_HASH, both, BOX_HASH + n, NULL, 0);
	p->end += n + 1;
	p->lines++;
	return 1;
}

bool purged_parse(const char *text, struct purged_line *line)
{
	unsigned long long segment, records;
	char chain[2 * BOX_HASH + 1];
	size_t len;

	if (sscanf(text, "segment %20llu records %20llu chain %64[0-9a-f] time ", &segment,
		   &records, chain) != 3)
		return false;
	line->segment = segment;
	line->records = records;
	return !sodium_hex2bin(line->chain, BOX_HASH, chain, strlen(chain), NULL, &len, NULL) &&
	       len == BOX_HASH;
}

/* Where the next line begins; *@again: the last one is of segment @number already. */
static off_t append_place(int fd, uint64_t number, bool *again, char error[BOX_ERROR])
{
	char tail[2 * PURGED_LINE + 1], *end, *line;
	struct purged_line last;
	struct stat st;
	off_t from;
	ssize_t n;

	if (fstat(fd, &st))
		return box_say(error, -errno, "cannot ask for the size of " PURGED_NAME ": %s",
			       strerror(errno));
	from = st.st_size > 2 * PURGED_LINE ? st.st_size - 2 * PURGED_LINE : 0;
	n = box_read(fd, tail, 2 * PURGED_LINE, from);
	if (n < 0)
		return box_say(error, (int)n, "cannot read " PURGED_NAME ": %s", strerror((int)-n));
	tail[n] = '\0';
	/* a line that a crash has cut off is none */
	end = memrchr(tail, '\n', (size_t)n);
	if (!end && from)
		return box_say(error, -EBADMSG,
			       PURGED_NAME " does not end with a line: it was written to by others,"
					   " and stays as it is; see 'segctl audit verify'");
	if (!end)
		return 0;
	*end = '\0';
	line = memrchr(tail, '\n', (size_t)(end - tail));
	*again = purged_parse(line ? line + 1 : tail, &last) && last.segment == number;
	return from + (end - tail) + 1;
}

static int append(int fd, const struct purged_line *line, uint64_t first, uint64_t last,
		  char error[BOX_ERROR])
{
	char text[PURGED_LINE], hex[2 * BOX_HASH + 1], at[48], from[48], to[48];
	bool again = false;
	off_t end = append_place(fd, line->segment, &again, error);
	int err = 0;

	if (end < 0)
		return (int)end;
	if (!again) {
		snprintf(text, sizeof(text),
			 "segment %llu records %llu chain %s time %s first %s last %s\n",
			 (unsigned long long)line->segment, (unsigned long long)line->records,
			 out_hex(line->chain, BOX_HASH, hex),
			 out_clock(box_clock(CLOCK_REALTIME), at), out_clock(first, from),
			 out_clock(last, to));
		err = ftruncate(fd, end) ? -errno : box_write(fd, text, strlen(text), end);
	}
	if (err)
		return box_say(error, err, "cannot write " PURGED_NAME ": %s", strerror(-err));
	return box_fsync(fd, PURGED_NAME, error);
}

int purged_append(int dir, const struct purged_line *line, uint64_t first, uint64_t last,
		  char error[BOX_ERROR])
{
	int fd = purged_open(dir, O_RDWR | O_CREAT, error);
	int err = fd < 0 ? fd : append(fd, line, first, last, error);

	if (fd >= 0)
		close(fd);
	return err ? err : box_fsync(dir, "the box", error);
}

static int follow(struct purged *p, uint64_t lines, const uint8_t chain[BOX_HASH],
		  char error[BOX_ERROR])
{
	bool same = !lines;
	char line[PURGED_LINE];
	int ret;

	while ((ret = purged_next(p, line, error)) > 0)
		if (p->lines == lines)
			same = !memcmp(p->chain, chain, BOX_HASH);
	if (ret)
		return ret;
	if (!same)
		return box_say(error, -EBADMSG,
			       PURGED_NAME " no longer begins with the %llu lines that checkpoints"
					   " have vouched for: see 'segctl audit verify'",
			       (unsigned long long)lines);
	/* what is vouched for must not be gone after a power cut */
	return p->lines > lines ? box_fsync(p->fd, PURGED_NAME, error) : 0;
}

int purged_follow(int dir, uint64_t *lines, uint8_t chain[BOX_HASH], char error[BOX_ERROR])
{
	struct purged p;
	int err;

	purged_begin(&p, dir);
	err = follow(&p, *lines, chain, error);
	if (!err) {
		*lines = p.lines;
		memcpy(chain, p.chain, BOX_HASH);
	}
	purged_end(&p);
	return err;
}
