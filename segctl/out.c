// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Output: aligned tables, colours, times, and what a change says
 */
#include <stdarg.h>
#include <time.h>

#include "segctl.h"

#define COLUMNS_MAX 20
#define ROWS_MAX    1000

/*
 * Rows are kept until all widths are known; of more than can be looked at, only the
 * first ones: those after them are printed as they come, and a cell that is too wide
 * moves the rest of its line.
 */
struct table {
	char *head;
	const char *names[COLUMNS_MAX];
	bool right[COLUMNS_MAX];
	size_t width[COLUMNS_MAX];
	size_t columns;
	char **cells; /* kept: */
	size_t n, room;
	bool fixed;    /* none is kept any more */
	size_t column; /* of the next cell */
};

struct table *table_new(const char *columns)
{
	struct table *t = xcalloc(1, sizeof(*t));
	char *save = NULL, *name;

	t->head = xstrdup(columns);
	for (name = strtok_r(t->head, " ", &save); name && t->columns < COLUMNS_MAX;
	     name = strtok_r(NULL, " ", &save)) {
		t->right[t->columns] = *name == '>';
		t->names[t->columns] = name + t->right[t->columns];
		t->width[t->columns] = strlen(t->names[t->columns]);
		t->columns++;
	}
	return t;
}

static void table_print(const struct table *t, size_t column, const char *text)
{
	size_t width = text_width(text);
	int pad = width < t->width[column] ? (int)(t->width[column] - width) : 0;
	bool last = column + 1 == t->columns;

	printf("%*s%s%*s%s", t->right[column] ? pad : 0, "", text,
	       t->right[column] || last ? 0 : pad, "", last ? "\n" : "  ");
}

/* What is kept, below its head; nothing if that is nothing. */
static void table_flush(struct table *t)
{
	size_t i;

	for (i = 0; i < t->columns && t->n; i++)
		table_print(t, i, t->names[i]);
	for (i = 0; i < t->n; i++) {
		table_print(t, i % t->columns, t->cells[i]);
		free(t->cells[i]);
	}
	t->n = 0;
}

/* Takes @cell over. */
static void table_keep(struct table *t, char *cell)
{
	size_t width = text_width(cell);

	if (width > t->width[t->column])
		t->width[t->column] = width;
	grow(&t->cells, &t->room, t->n, sizeof(*t->cells));
	t->cells[t->n++] = cell;
	t->fixed = t->n == ROWS_MAX * t->columns;
	if (t->fixed)
		table_flush(t);
}

void table_cell(struct table *t, const char *text)
{
	size_t size;
	char *cell;

	if (!text || !*text)
		text = "-";
	size = 4 * strlen(text) + 1;
	cell = text_escape(text, xcalloc(1, size), size);
	if (t->fixed) {
		table_print(t, t->column, cell);
		free(cell);
	} else {
		table_keep(t, cell);
	}
	t->column = (t->column + 1) % t->columns;
}

void table_num(struct table *t, uint64_t value)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "%llu", (unsigned long long)value);
	table_cell(t, buf);
}

void table_end(struct table *t)
{
	table_flush(t);
	free(t->cells);
	free(t->head);
	free(t);
}

void out_text(const char *text)
{
	size_t size = 4 * strlen(text) + 1;
	char *buf = xcalloc(1, size);

	fputs(text_escape(text, buf, size), stdout);
	free(buf);
}

const char *out_red(const struct ctl *c)
{
	return c->color ? "\x1b[1;31m" : "";
}

const char *out_green(const struct ctl *c)
{
	return c->color ? "\x1b[32m" : "";
}

const char *out_plain(const struct ctl *c)
{
	return c->color ? "\x1b[0m" : "";
}

char *out_time(uint64_t ns, char buf[32])
{
	unsigned long long s = ns / 1000000000;

	if (s < 1)
		snprintf(buf, 32, "%.3f ms", (double)ns / 1e6);
	else if (s < 60)
		snprintf(buf, 32, "%llus", s);
	else if (s < 3600)
		snprintf(buf, 32, "%llum%02llus", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, 32, "%lluh%02llum", s / 3600, s / 60 % 60);
	else
		snprintf(buf, 32, "%llud%02lluh", s / 86400, s / 3600 % 24);
	return buf;
}

char *out_clock(uint64_t ns, char buf[48])
{
	time_t s = (time_t)(ns / 1000000000);
	struct tm tm;
	char date[32];

	if (!gmtime_r(&s, &tm) || !strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm))
		snprintf(date, sizeof(date), "?");
	snprintf(buf, 48, "%s.%06uZ", date, (unsigned int)(ns / 1000 % 1000000));
	return buf;
}

char *out_hex(const uint8_t *data, size_t n, char *buf)
{
	size_t i;

	for (i = 0; i < n; i++)
		snprintf(buf + 2 * i, 3, "%02x", data[i]);
	return buf;
}

char *out_endpoint(const uint8_t addr[16], uint16_t port, bool ports, char *buf, size_t size)
{
	char text[SEG_ADDR_LEN];
	bool v4 = seg_addr_is_v4(addr);

	seg_addr_print(addr, text);
	if (!ports || !port)
		snprintf(buf, size, "%s", text);
	else
		snprintf(buf, size, v4 ? "%s:%u" : "[%s]:%u", text, port);
	return buf;
}

void line_add(struct line *l, const char *word)
{
	char *quoted = text_quote(word);
	size_t len = strlen(quoted);

	while (l->len + len + 2 > l->room)
		grow(&l->text, &l->room, l->room, 1);
	if (l->len)
		l->text[l->len++] = ' ';
	memcpy(l->text + l->len, quoted, len + 1);
	l->len += len;
	free(quoted);
}

void line_add_opt(struct line *l, const char *opt, const char *value)
{
	if (!value || !*value)
		return;
	line_add(l, opt);
	line_add(l, value);
}

void line_add_prefix(struct line *l, const struct simseg_prefix *prefix)
{
	char buf[SEG_PREFIX_LEN];

	line_add(l, seg_prefix_print(prefix, buf));
}

void line_begin(struct line *l, const struct ctl *c, const char *verb)
{
	memset(l, 0, sizeof(*l));
	line_and(l, c, verb);
}

void line_and(struct line *l, const struct ctl *c, const char *verb)
{
	size_t at = l->len;

	line_add(l, at ? "++" : "segctl");
	if (at) {
		memcpy(l->text + l->len - 2, "&&", 2);
		line_add(l, "segctl");
	}
	line_add_opt(l, "-n", c->netns);
	line_add(l, verb);
}

void line_free(struct line *l)
{
	free(l->text);
	memset(l, 0, sizeof(*l));
}

void out_undo(const struct line *undo, const char *none)
{
	fputs("undo: ", stdout);
	out_text(undo ? undo->text : none);
	putchar('\n');
}

void out_done(struct ctl *c, struct json_object *o, const struct line *undo, const char *none,
	      const char *fmt, ...)
{
	char raw[1024], text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	if (!c->parts)
		save_kept(c);
	if (c->json) {
		if (!o)
			o = json_object_new_object();
		js_str(o, "done", raw);
		if (undo)
			js_str(o, "undo", undo->text);
		js_print(o);
		return;
	}
	json_object_put(o);
	puts(text_escape(raw, text, sizeof(text)));
	out_undo(undo, none);
}
