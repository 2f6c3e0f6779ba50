// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prefixes in the ruleset file
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "text.h"

bool prefix_spans_v4(const struct simseg_prefix *prefix)
{
	static const struct simseg_prefix all = { .addr = { [10] = 0xff, [11] = 0xff },
						  .plen = 96 };

	return prefix->plen < all.plen && seg_prefix_contains(prefix, &all);
}

bool file_prefix(struct diags *d, const char *text, struct mark at, struct simseg_prefix *prefix)
{
	char buf[SEG_PREFIX_LEN];

	switch (seg_prefix_parse(text, prefix)) {
	case 0:
		break;
	case -ERANGE:
		diag_error(d, at, "bad prefix length in '%s'", text);
		return false;
	case -EDOM:
		diag_error(d, at, "'%s' has bits set beyond its length; did you mean %s?", text,
			   seg_prefix_print(prefix, buf));
		return false;
	default:
		diag_error(d, at, "bad address or prefix '%s'", text);
		return false;
	}
	if (prefix_spans_v4(prefix)) {
		diag_error(d, at, "'%s' would stand for every IPv4 address as well: write %s", text,
			   "2000::/3, or any in a rule");
		return false;
	}
	return true;
}

struct sorted {
	struct simseg_prefix prefix;
	struct mark at;
};

static int sorted_cmp(const void *va, const void *vb)
{
	const struct sorted *a = va, *b = vb;
	int diff = seg_prefix_cmp(&a->prefix, &b->prefix);

	if (diff)
		return diff;
	if (a->at.line != b->at.line)
		return a->at.line < b->at.line ? -1 : 1;
	return a->at.column < b->at.column ? -1 : a->at.column > b->at.column;
}

void file_prefixes_unique(struct diags *d, const struct file_prefixes *p)
{
	struct sorted *s;
	char buf[SEG_PREFIX_LEN];
	size_t i;

	if (p->n < 2)
		return;
	s = xcalloc(p->n, sizeof(*s));
	for (i = 0; i < p->n; i++) {
		s[i].prefix = p->list[i];
		s[i].at = p->marks[i];
	}
	qsort(s, p->n, sizeof(*s), sorted_cmp);
	for (i = 1; i < p->n; i++)
		if (!seg_prefix_cmp(&s[i].prefix, &s[i - 1].prefix))
			diag_error(d, s[i].at, "duplicate prefix %s, first in line %u",
				   seg_prefix_print(&s[i].prefix, buf), s[i - 1].at.line);
	free(s);
}

void file_prefixes(struct yaml *y, const char *what, size_t max, struct file_prefixes *to)
{
	struct simseg_prefix prefix;
	size_t n = 0, marks_room;
	const char *text;
	struct mark at;

	if (!yaml_seq(y, what))
		return;
	while (yaml_seq_next(y)) {
		text = yaml_scalar(y, "an address or prefix", &at);
		if (++n == max + 1)
			diag_error(y->diags, at, "more than %zu prefixes", max);
		if (!text || n > max || !file_prefix(y->diags, text, at, &prefix))
			continue;
		marks_room = to->room;
		grow(&to->list, &to->room, to->n, sizeof(*to->list));
		grow(&to->marks, &marks_room, to->n, sizeof(*to->marks));
		to->list[to->n] = prefix;
		to->marks[to->n++] = at;
	}
}

void file_prefixes_free(struct file_prefixes *p)
{
	free(p->list);
	free(p->marks);
	memset(p, 0, sizeof(*p));
}
