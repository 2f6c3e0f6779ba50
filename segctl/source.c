// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The text of a file, read in pieces
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "source.h"

size_t source_read(struct source *s, size_t at, char *buf, size_t size)
{
	size_t done = 0;
	ssize_t n = 0;

	if (at >= s->len)
		return 0;
	if (size > s->len - at)
		size = s->len - at;
	if (s->text) {
		memcpy(buf, s->text + at, size);
		return size;
	}
	do {
		n = pread(s->fd, buf + done, size - done, s->base + (off_t)(at + done));
		if (n > 0)
			done += (size_t)n;
	} while ((n > 0 && done < size) || (n < 0 && errno == EINTR));
	if (n < 0)
		s->err = errno;
	return done;
}

void source_walk(struct source_walk *w, struct source *s, size_t at)
{
	w->source = s;
	w->next = at;
	w->pos = 0;
	w->len = 0;
}

const char *source_peek(struct source_walk *w, size_t *len)
{
	size_t n;

	if (w->len - w->pos < SOURCE_PEEK) {
		w->len -= w->pos;
		memmove(w->piece, w->piece + w->pos, w->len);
		w->pos = 0;
		n = source_read(w->source, w->next, w->piece + w->len, SOURCE_PIECE - w->len);
		w->next += n;
		w->len += n;
	}
	*len = w->len - w->pos;
	return w->piece + w->pos;
}

void source_skip(struct source_walk *w, size_t n)
{
	w->pos += n;
}

size_t source_at(const struct source_walk *w)
{
	return w->next - w->len + w->pos;
}
