/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of a file, read in pieces, and places in it
 */
#ifndef _SEGCTL_SOURCE_H
#define _SEGCTL_SOURCE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A place in the file, both from 1; columns count characters. */
struct mark {
	uint32_t line;
	uint32_t column;
};

/*
 * In memory, or in a file on the disk, which can be read again: it is never in
 * memory as a whole.
 */
struct source {
	const char *text; /* NULL: it is in the file */
	size_t len;
	int fd;
	off_t base; /* where it begins there */
	int err;    /* errno of a read that failed */
};

/* The @size bytes from @at on; fewer at the end, or where a read fails. */
size_t source_read(struct source *s, size_t at, char *buf, size_t size);

#define SOURCE_PIECE 16384
#define SOURCE_PEEK  4 /* the longest character */

/* A walk through it, a character after the other. */
struct source_walk {
	struct source *source;
	size_t next;	 /* what follows the piece */
	size_t pos, len; /* in the piece */
	char piece[SOURCE_PIECE];
};

/* From @at on. */
void source_walk(struct source_walk *w, struct source *s, size_t at);
/* What comes next: @len bytes, of which SOURCE_PEEK are there unless the end is. */
const char *source_peek(struct source_walk *w, size_t *len);
/* Over @n bytes that were seen. */
void source_skip(struct source_walk *w, size_t n);
/* Where it has come to. */
size_t source_at(const struct source_walk *w);

#endif /* _SEGCTL_SOURCE_H */
