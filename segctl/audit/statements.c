// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading checkpoints
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "box_file.h"
#include "statements.h"

static void __attribute__((format(printf, 3, 4)))
wrong(struct statements *s, const struct checkpoint *cp, const char *fmt, ...)
{
	char sentence[BOX_ERROR];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	s->wrong(s->arg, cp, sentence);
}

/* A line without its end; 1, 0 at the end, -1: it is none (too long, torn, has a 0). */
static int read_line(FILE *file, char line[CHECKPOINT_LINE])
{
	size_t len;
	int ch;

	memset(line, 0, CHECKPOINT_LINE);
	if (!fgets(line, CHECKPOINT_LINE, file))
		return 0;
	len = strlen(line);
	if (len && line[len - 1] == '\n') {
		line[len - 1] = '\0';
		return 1;
	}
	while ((ch = getc(file)) != EOF && ch != '\n')
		;
	return -1;
}

static int open_file(int dir, const char *name, FILE **file, char error[BOX_ERROR])
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err;

	*file = fd < 0 ? NULL : fdopen(fd, "r");
	if (*file)
		return 0;
	err = -errno;
	if (fd >= 0)
		close(fd);
	return box_say(error, err, "cannot open %s: %s", name, strerror(-err));
}

/* The next line of the anchor that is a checkpoint's. */
static void anchor_next(struct statements *s)
{
	struct checkpoint cp;
	int ret;

	while ((ret = read_line(s->anchor, s->anchor_line))) {
		s->anchor_lines++;
		if (ret > 0 && checkpoint_parse(s->anchor_line, &cp)) {
			s->anchor_number = cp.number;
			return;
		}
		if (ret > 0 && checkpoint_strange(s->anchor_line, "the anchor", s->strange))
			break;
		wrong(s, NULL, "line %llu of the anchor is no checkpoint",
		      (unsigned long long)s->anchor_lines);
	}
	s->anchor_number = 0;
}

/* What the anchor has up to this checkpoint has to be in the box. */
static void anchor_check(struct statements *s)
{
	while (s->anchor && s->anchor_number && s->anchor_number <= s->now.number) {
		if (s->anchor_number < s->now.number)
			wrong(s, &s->now, "the box lacks checkpoint %llu, which the anchor has",
			      (unsigned long long)s->anchor_number);
		else if (strcmp(s->anchor_line, s->line))
			wrong(s, &s->now, "checkpoint %llu is another one in the anchor",
			      (unsigned long long)s->now.number);
		anchor_next(s);
	}
}

/* What the anchor has behind the last one of the box. */
static void anchor_rest(struct statements *s)
{
	uint64_t first = s->anchor_number, n = 0;

	for (; s->anchor && s->anchor_number; n++)
		anchor_next(s);
	if (n)
		wrong(s, NULL,
		      "the box ends before checkpoint %llu, which the anchor has (%llu of them): "
		      "its tail was cut off",
		      (unsigned long long)first, (unsigned long long)n);
}

/* There are no more that can be read; @before: the last line. */
static void end(struct statements *s, const char *before)
{
	memset(&s->now, 0, sizeof(s->now));
	memcpy(s->line, before, sizeof(s->line));
	if (!*s->strange)
		anchor_rest(s);
}

/*
 * Of a version that is not known, and the box's own all the same? Who changes a line's
 * version does not get past the verifier with it.
 */
static bool is_strange(struct statements *s)
{
	return checkpoint_version(s->line) != CHECKPOINT_VERSION && s->known &&
	       checkpoint_signed(s->line, s->key) &&
	       checkpoint_strange(s->line, "the box", s->strange);
}

/* Is it the one that follows? */
static void check(struct statements *s, const char *before_line)
{
	unsigned long long expected = s->before.number + 1, number = s->now.number;
	uint8_t hash[BOX_HASH] = { 0 };

	if (number != expected && number == expected + 1)
		wrong(s, &s->now, "checkpoint %llu is missing", expected);
	else if (number > expected)
		wrong(s, &s->now, "checkpoints %llu to %llu are missing", expected, number - 1);
	else if (number < expected)
		wrong(s, &s->now, "checkpoint %llu stands behind checkpoint %llu", number,
		      expected - 1);
	if (number != expected) {
		s->known = false;
		return;
	}
	if (s->before.number)
		checkpoint_hash(before_line, hash);
	if (memcmp(hash, s->now.previous, sizeof(hash)))
		wrong(s, &s->now, "checkpoint %llu does not follow from the one before it", number);
	if (s->known && !checkpoint_signed(s->line, s->key))
		wrong(s, &s->now,
		      "checkpoint %llu is not signed with the box's key: it was changed, or "
		      "somebody else made it",
		      number);
}

void statements_next(struct statements *s)
{
	char before[CHECKPOINT_LINE];
	int ret;

	memcpy(before, s->line, sizeof(before));
	if (s->now.number)
		s->before = s->now;
	for (;;) {
		ret = read_line(s->file, s->line);
		s->lines += ret != 0;
		if (!ret || (ret > 0 && is_strange(s))) {
			end(s, before);
			return;
		}
		if (ret > 0 && checkpoint_parse(s->line, &s->now) && s->now.number)
			break;
		if (ret < 0 && feof(s->file)) {
			s->torn = true;
			continue;
		}
		wrong(s, NULL, "line %llu of checkpoints is no checkpoint",
		      (unsigned long long)s->lines);
	}
	check(s, before);
	/* without the ones that are missing, trust begins anew with what it names itself */
	memcpy(s->key, s->now.next, sizeof(s->key));
	s->known = true;
	anchor_check(s);
}

int statements_open(struct statements *s, int dir, const uint8_t key[KEY_PUBLIC],
		    const char *anchor, char error[BOX_ERROR])
{
	int err = open_file(dir, "checkpoints", &s->file, error);

	if (!err && anchor)
		err = open_file(AT_FDCWD, anchor, &s->anchor, error);
	if (err)
		return err;
	memcpy(s->key, key, sizeof(s->key));
	s->known = true;
	if (s->anchor)
		anchor_next(s);
	return 0;
}

void statements_close(struct statements *s)
{
	if (s->file)
		fclose(s->file);
	if (s->anchor)
		fclose(s->anchor);
	s->file = s->anchor = NULL;
}
