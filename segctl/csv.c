// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rows of a CSV file (RFC 4180)
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "csv.h"
#include "text.h"

#define CSV_BUF_LEN (4 * CSV_ROW_MAX)

void csv_open(struct csv *c, int fd, struct diags *diags)
{
	memset(c, 0, sizeof(*c));
	c->fd = fd;
	c->diags = diags;
	c->buf = xcalloc(CSV_BUF_LEN, 1);
	c->line = 1;
	c->next_line = 1;
}

void csv_close(struct csv *c)
{
	free(c->buf);
	c->buf = NULL;
}

/* More of the file behind what is there of the row, which moves to the front. */
static void csv_fill(struct csv *c)
{
	ssize_t n;

	if (c->leaving)
		c->leaving(c->arg);
	c->len -= c->row;
	memmove(c->buf, c->buf + c->row, c->len);
	c->row = 0;
	do {
		n = read(c->fd, c->buf + c->len, CSV_BUF_LEN - c->len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		c->err = errno;
	if (n <= 0) {
		c->eof = true;
		return;
	}
	/* spreadsheets put a byte order mark before the first name */
	if (!c->bytes && n >= 3 && !memcmp(c->buf, "\xef\xbb\xbf", 3))
		c->row = 3;
	c->bytes += (uint64_t)n;
	c->len += (size_t)n;
}

/* The place of @p in the row; its line is what the next complaint shows. */
static struct mark csv_place(struct csv *c, const char *p)
{
	const char *line = c->buf + c->row, *end = c->buf + c->len, *brk;
	struct mark at = { .line = c->line, .column = 1 };

	while ((brk = memchr(line, '\n', (size_t)(p - line)))) {
		line = brk + 1;
		at.line++;
	}
	brk = memchr(line, '\n', (size_t)(end - line));
	diags_source(c->diags, line, (size_t)((brk ? brk : end) - line));
	for (; line < p; line++)
		at.column += ((unsigned char)*line & 0xc0) != 0x80;
	return at;
}

static void csv_wrong(struct csv *c, const char *p, const char *why)
{
	if (!c->wrong) {
		c->wrong = p;
		c->why = why;
	}
}

static void csv_field_end(struct csv *c, const char *from, const char *to)
{
	struct csv_field *f;

	if (c->n_fields++ >= CSV_FIELDS_MAX)
		return;
	f = &c->fields[c->n_fields - 1];
	f->text = from;
	f->len = (size_t)(to - from);
	f->quoted = f->len && *from == '"';
}

/* Behind the quote that closes the field at @from; NULL: it is not there yet. */
static const char *csv_quoted(struct csv *c, const char *from, const char *end)
{
	const char *p = from + 1;

	for (;;) {
		p = memchr(p, '"', (size_t)(end - p));
		/* whether it closes, the next byte says */
		if (!p || (p + 1 == end && !c->eof))
			return NULL;
		if (p + 1 == end || p[1] != '"')
			return p + 1;
		p += 2;
	}
}

/* The end of the field at @from: its comma, its line break or @end. */
static const char *csv_plain(struct csv *c, const char *from, const char *end)
{
	const char *p;

	for (p = from; p < end && *p != ',' && *p != '\n'; p++)
		if (*p == '"')
			csv_wrong(c, p, "a quote in a field that does not begin with one");
	return p;
}

/* Splits the row; false: its end is not in the buffer yet. */
static bool csv_split(struct csv *c)
{
	const char *from = c->buf + c->row, *end = c->buf + c->len, *p, *to;

	c->n_fields = 0;
	c->wrong = NULL;
	for (;; from = p + 1) {
		p = from;
		if (p < end && *p == '"') {
			p = csv_quoted(c, from, end);
			if (!p)
				return false;
			to = p;
			p += p < end && *p == '\r' && (p + 1 == end || p[1] == '\n');
			if (p < end && *p != ',' && *p != '\n') {
				csv_wrong(c, p, "text behind the closing quote");
				p = csv_plain(c, p, end);
			}
		} else {
			p = csv_plain(c, from, end);
			to = p;
			if (to > from && (p == end || *p == '\n') && to[-1] == '\r')
				to--;
		}
		if (p == end && !c->eof)
			return false;
		csv_field_end(c, from, to);
		if (p == end || *p == '\n')
			break;
	}
	c->next = (size_t)(p - c->buf) + (p < end);
	return true;
}

static uint32_t csv_breaks(const char *p, const char *end)
{
	uint32_t n = 0;

	for (; (p = memchr(p, '\n', (size_t)(end - p))); p++)
		n++;
	return n;
}

/* The row has no end: the file's last quote is open, or it is too long. */
static bool csv_endless(struct csv *c)
{
	const char *row = c->buf + c->row;

	diag_error(c->diags, csv_place(c, row),
		   c->eof ? "a quote in this row is not closed" :
			    "a row has more than 65536 bytes: a quote may not be closed");
	c->eof = true;
	c->row = c->len;
	c->next = c->len;
	return false;
}

/* The next row, whatever it is. */
static bool csv_next(struct csv *c)
{
	c->row = c->next;
	c->line = c->next_line;
	while (!csv_split(c)) {
		if (c->err)
			return false;
		if (c->eof || c->len - c->row > CSV_ROW_MAX)
			return csv_endless(c);
		csv_fill(c);
	}
	if (c->row == c->len)
		return false;
	c->next_line += csv_breaks(c->buf + c->row, c->buf + c->next);
	return true;
}

bool csv_row(struct csv *c)
{
	while (!c->err && csv_next(c)) {
		if (c->wrong)
			diag_error(c->diags, csv_place(c, c->wrong), "%s", c->why);
		else if (c->n_fields > 1 || c->fields[0].len)
			return true;
	}
	return false;
}

void csv_again(struct csv *c, size_t row, uint32_t line)
{
	c->row = row;
	c->line = line;
	csv_split(c);
}

struct mark csv_mark(struct csv *c, size_t field, size_t offset)
{
	const struct csv_field *f = &c->fields[field];
	const char *p = f->text + f->quoted, *end = f->text + f->len;

	/* two quotes in the file are one in the value */
	for (; offset && p < end; offset--)
		p += 1 + (f->quoted && *p == '"');
	return csv_place(c, p < end ? p : end);
}

const char *csv_value(struct csv *c, size_t field)
{
	const struct csv_field *f = &c->fields[field];
	const char *p = f->text, *end = p + f->len, *quote;
	size_t len, at = 0;

	if (f->len >= sizeof(c->value) || memchr(p, '\0', f->len)) {
		diag_error(c->diags, csv_mark(c, field, 0), "this field %s",
			   f->len >= sizeof(c->value) ? "is too long" : "has a byte of 0");
		return NULL;
	}
	if (f->quoted) {
		p++;
		end--;
		while ((quote = memchr(p, '"', (size_t)(end - p)))) {
			len = (size_t)(quote - p) + 1;
			memcpy(c->value + at, p, len);
			at += len;
			p = quote + 2;
		}
	}
	memcpy(c->value + at, p, (size_t)(end - p));
	c->value[at + (size_t)(end - p)] = '\0';
	return c->value;
}
