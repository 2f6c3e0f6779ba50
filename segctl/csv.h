/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of a CSV file (RFC 4180), read in pieces: the file is never in memory
 * as a whole
 */
#ifndef _SEGCTL_CSV_H
#define _SEGCTL_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "file.h"

#define CSV_FIELDS_MAX 16
#define CSV_VALUE_LEN  2048  /* longer fields are refused: none is valid */
#define CSV_ROW_MAX    65536 /* a quote that is not closed ends here */

/* A field as it stands in the file, quotes included. */
struct csv_field {
	const char *text;
	size_t len;
	bool quoted;
};

struct csv {
	int fd;
	int err; /* errno of a read that failed */
	struct diags *diags;
	char *buf;
	size_t row, next, len; /* in buf: the row, what follows it, the end */
	bool eof;
	uint32_t line, next_line; /* of these two */
	uint64_t bytes;		  /* read so far */
	struct csv_field fields[CSV_FIELDS_MAX];
	size_t n_fields;   /* in the row; those beyond the limit are only counted */
	const char *wrong; /* where the row's quotes are bad, and why */
	const char *why;
	char value[CSV_VALUE_LEN];
	/* Rows so far are about to leave the buffer: for who goes back to them. */
	void (*leaving)(void *arg);
	void *arg;
};

void csv_open(struct csv *c, int fd, struct diags *diags);
void csv_close(struct csv *c);
/*
 * The next row that is not empty; false at the end, or when no more can be
 * read. Rows with bad quotes are reported and passed over.
 */
bool csv_row(struct csv *c);
/* Back to a row that began at c->row, in @line, and has not left the buffer. */
void csv_again(struct csv *c, size_t row, uint32_t line);
/* A field of the row without its quotes, kept until the next call; NULL: bad, reported. */
const char *csv_value(struct csv *c, size_t field);
/* The place of the @offset-th byte of a field's value, for one complaint about it. */
struct mark csv_mark(struct csv *c, size_t field, size_t offset);

#endif /* _SEGCTL_CSV_H */
