// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What libyaml gets to read: the file, but for its tabs
 *
 * Tabs are an error of their own: libyaml stops at some and takes others for
 * content. They become spaces, so that the rest of the file can be checked.
 */
#include <string.h>

#include "file.h"

void yaml_input(struct yaml_input *in, struct source *source, struct diags *diags)
{
	*in = (struct yaml_input){
		.source = source,
		.diags = diags,
		.place = { 1, 1 },
		.indent = true,
	};
}

/* In the indentation a tab is one; columns are counted only there. */
static char input_indent(struct yaml_input *in, char c, char last)
{
	if (c == '\t' && last != '\t') {
		in->tabs = true;
		if (in->diags)
			diag_error(in->diags, in->place, "a tab: indent with spaces");
	}
	in->place.column++;
	in->indent = c == '\t' || c == ' ';
	return c == '\t' ? ' ' : c;
}

#define LOOK_AHEAD 256 /* bytes: where breaks are of one kind, the other is sought in vain */

/* Bytes before the next line break, of which there are two kinds, as far as is looked. */
static size_t line_len(const char *p, size_t n)
{
	const char *brk, *other;

	if (n > LOOK_AHEAD)
		n = LOOK_AHEAD;
	brk = memchr(p, '\n', n);
	if (brk)
		n = (size_t)(brk - p);
	other = memchr(p, '\r', n);
	return other ? (size_t)(other - p) : n;
}

size_t yaml_input_read(struct yaml_input *in, char *buf, size_t size)
{
	size_t i, skip, n = source_read(in->source, in->at, buf, size);
	char c, last = in->last;

	for (i = 0; i < n; i++, last = c) {
		if (!in->indent && (skip = line_len(buf + i, n - i))) {
			i += skip - 1;
			c = buf[i];
			continue;
		}
		c = buf[i];
		if (c == '\n' || c == '\r') {
			in->place.line += !(c == '\n' && last == '\r');
			in->place.column = 1;
			in->indent = true;
		} else {
			buf[i] = input_indent(in, c, last);
		}
	}
	if (!in->at && n >= 3 && !memcmp(buf, "\xef\xbb\xbf", 3))
		memcpy(buf, "   ", 3);
	in->last = last;
	in->at += n;
	return n;
}

void yaml_input_drain(struct yaml_input *in)
{
	char buf[SOURCE_PIECE];

	while (yaml_input_read(in, buf, sizeof(buf)))
		;
}

static bool mark_before(struct mark a, struct mark b)
{
	return a.line < b.line || (a.line == b.line && a.column < b.column);
}

struct mark yaml_input_find(struct source *source, size_t offset, struct mark want, char *found)
{
	struct mark at = { 1, 1 };
	struct yaml_input in;
	char buf[SOURCE_PIECE];
	size_t i, n, done = 0;
	bool lead;

	yaml_input(&in, source, NULL);
	*found = '\0';
	for (; (n = yaml_input_read(&in, buf, sizeof(buf))); done += n) {
		for (i = 0; i < n; i++) {
			lead = ((unsigned char)buf[i] & 0xc0) != 0x80;
			if (done + i == offset || (lead && !mark_before(at, want))) {
				*found = buf[i];
				return at;
			}
			at.column += lead;
			if (buf[i] == '\n')
				at = (struct mark){ at.line + 1, 1 };
		}
	}
	return at;
}
