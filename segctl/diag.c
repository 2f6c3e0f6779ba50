// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Complaints about a file, with the place that they are about
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "text.h"

#define DIAGS_MAX     10000 /* a hostile file could have one a byte */
#define SOURCE_WIDTH  100   /* columns of a source line that are shown */
#define SOURCE_BEFORE 60    /* of them, before the caret */
#define SOURCE_LEN    4096  /* bytes that are kept of a line */

static void diag_add(struct diags *d, bool warning, struct mark at, const char *fmt, va_list ap)
{
	char raw[512], text[1024];
	struct diag *diag;

	if (!warning)
		d->errors++;
	if (d->n >= DIAGS_MAX) {
		d->dropped++;
		return;
	}
	vsnprintf(raw, sizeof(raw), fmt, ap);
	grow(&d->list, &d->room, d->n, sizeof(*d->list));
	diag = &d->list[d->n];
	diag->at = at;
	diag->order = (uint32_t)d->n++;
	diag->warning = warning;
	diag->text = xstrdup(text_escape(raw, text, sizeof(text)));
	diag->source = NULL;
	if (d->source)
		diag->source = memcpy(xcalloc(d->source_len + 1, 1), d->source, d->source_len);
}

void diags_source(struct diags *d, const char *line, size_t len)
{
	d->source = line;
	d->source_len = len < SOURCE_LEN ? len : SOURCE_LEN;
}

void diag_error(struct diags *d, struct mark at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	diag_add(d, false, at, fmt, ap);
	va_end(ap);
}

void diag_warning(struct diags *d, struct mark at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	diag_add(d, true, at, fmt, ap);
	va_end(ap);
}

static int diag_cmp(const void *va, const void *vb)
{
	const struct diag *a = va, *b = vb;

	if (a->at.line != b->at.line)
		return a->at.line < b->at.line ? -1 : 1;
	if (a->at.column != b->at.column)
		return a->at.column < b->at.column ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

void diags_sort(struct diags *d)
{
	if (d->n)
		qsort(d->list, d->n, sizeof(*d->list), diag_cmp);
}

/* One character of the source to the terminal, one column wide. */
static void source_char(const char *p, size_t len, FILE *out)
{
	bool printable;
	char one[5] = "";

	memcpy(one, p, len);
	if (text_char(one, &printable) == len && printable)
		fputs(one, out);
	else
		fputc(*p == '\t' ? ' ' : '?', out);
}

static size_t source_len(const char *p, const char *end)
{
	char one[5] = "";
	bool printable;
	size_t len;

	memcpy(one, p, end - p < 4 ? (size_t)(end - p) : 4);
	len = text_char(one, &printable);
	return len ? len : 1;
}

/* Bytes of the line break at @p, 0 if there is none; lines as libyaml counts. */
static size_t source_break(const char *p, const char *end)
{
	static const char *const breaks[] = {
		"\r\n", "\r", "\n", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9",
	};
	size_t i, len;

	if ((unsigned char)*p >= ' ' && (unsigned char)*p < 0x80)
		return 0; /* as most of a file */
	for (i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
		len = strlen(breaks[i]);
		if (len <= (size_t)(end - p) && !memcmp(p, breaks[i], len))
			return len;
	}
	return 0;
}

/* The line at which @w is, around @column. */
static void source_print(struct source_walk *w, uint32_t column, FILE *out)
{
	uint32_t at, from = column > SOURCE_WIDTH ? column - SOURCE_BEFORE : 1;
	const char *p;
	size_t n, len;

	fputs("    ", out);
	for (at = 1; at < from + SOURCE_WIDTH; at++) {
		p = source_peek(w, &n);
		if (!n || source_break(p, p + n))
			break;
		len = source_len(p, p + n);
		if (at >= from)
			source_char(p, len, out);
		source_skip(w, len);
	}
	fprintf(out, "\n    %*s^\n", (int)(column - from), "");
}

/* To the start of the line @want, going on from line *@line. */
static void source_seek(struct source_walk *w, uint32_t *line, uint32_t want)
{
	const char *p;
	size_t n, len;

	while (*line < want && (p = source_peek(w, &n), n)) {
		len = source_break(p, p + n);
		*line += len > 0;
		source_skip(w, len ? len : 1);
	}
}

void diags_print(struct diags *d, const char *name, struct source *source, FILE *out)
{
	struct source none = { .text = "" }, own;
	struct source_walk walk, line;
	const struct diag *diag;
	char shown[300];
	uint32_t at = 1;
	size_t i;

	diags_sort(d);
	text_escape(name, shown, sizeof(shown));
	source = source ? source : &none;
	source_walk(&walk, source, 0);
	for (i = 0; i < d->n; i++) {
		diag = &d->list[i];
		fprintf(out, "%s:%u:%u: %s: %s\n", shown, diag->at.line, diag->at.column,
			diag->warning ? "warning" : "error", diag->text);
		if (diag->source) {
			own = (struct source){ .text = diag->source, .len = strlen(diag->source) };
			source_walk(&line, &own, 0);
		} else {
			/* the next one may be about the same line */
			source_seek(&walk, &at, diag->at.line);
			source_walk(&line, source, source_at(&walk));
		}
		source_print(&line, diag->at.column, out);
	}
	if (d->dropped)
		fprintf(out, "%s: %zu more are not shown\n", shown, d->dropped);
}

void diags_free(struct diags *d)
{
	size_t i;

	for (i = 0; i < d->n; i++) {
		free(d->list[i].text);
		free(d->list[i].source);
	}
	free(d->list);
	memset(d, 0, sizeof(*d));
}
