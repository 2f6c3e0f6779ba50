// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sums over records
 *
 * What the writer has not committed may be taken back while it is read here: then the
 * same numbers come again, which is told as such; asked anew, it is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "box_file.h"
#include "numbers.h"
#include "purged.h"
#include "tally.h"
#include "text.h"

struct tally {
	char *dir;
	struct box_source source;
	struct box_cursor *cursor; /* NULL: the source has no segment yet */
	struct numbers numbers;
	struct balance_box box;
	struct tally_live *live;
	size_t n_live;
	struct balance_amount carried;
};

struct tally *tally_open(const char *dir, const struct box_source *source)
{
	struct tally *t = xcalloc(1, sizeof(*t));

	t->dir = xstrdup(dir);
	t->source = *source;
	return t;
}

void tally_close(struct tally *t)
{
	if (t->cursor) {
		numbers_free(&t->numbers);
		box_cursor_close(t->cursor);
	}
	free(t->live);
	free(t->dir);
	free(t);
}

/* Segment 0: it has none. Those of one boot lie together, whichever source they are of. */
static int first_of(const struct tally *t, int segments, const struct box_list *list,
		    struct box_head *first, char error[BOX_ERROR])
{
	struct box_head head;
	size_t i = list->n;
	int fd, err = 0;

	memset(first, 0, sizeof(*first));
	while (i-- && !err) {
		fd = box_segment_open(segments, list->numbers[i], O_RDONLY, error);
		if (fd == -ENOENT)
			break; /* purged just now, with all before it */
		err = fd < 0 ? fd : box_head_read(fd, list->numbers[i], &head, error);
		if (fd >= 0)
			close(fd);
		if (err ||
		    memcmp(head.source.boot_id, t->source.boot_id, sizeof(t->source.boot_id)))
			break;
		if (!memcmp(&head.source, &t->source, sizeof(t->source)))
			*first = head;
	}
	return err;
}

/* How many records DIR/purged tells of: no more than those can be missing in front. */
static int purged_sum(int dir, uint64_t *sum, char error[BOX_ERROR])
{
	char text[PURGED_LINE];
	struct purged_line line;
	struct purged p;
	int ret;

	*sum = 0;
	purged_begin(&p, dir);
	while ((ret = purged_next(&p, text, error)) > 0)
		*sum += purged_parse(text, &line) ? line.records : 0;
	purged_end(&p);
	return ret;
}

static int start(struct tally *t, char error[BOX_ERROR])
{
	int segments, dir = box_dir_open(t->dir, false, &segments, error), err;
	struct box_head first = { .segment = 0 };
	struct box_list list = { 0 };

	if (dir < 0)
		return dir;
	err = box_list(segments, &list, error);
	if (!err)
		err = first_of(t, segments, &list, &first, error);
	box_list_free(&list);
	if (!err && (first.last[0] || first.last[1]))
		err = purged_sum(dir, &t->box.purged, error);
	close(segments);
	close(dir);
	if (err || !first.segment)
		return err;
	err = box_cursor_open(&t->cursor, t->dir, (struct box_pos){ first.segment, 0 }, error);
	if (err)
		return err;
	numbers_begin(&t->numbers, &t->source, first.last);
	return 0;
}

static int live_cmp(const void *a, const void *b)
{
	const struct tally_live *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

void tally_live(struct tally *t, struct tally_live *list, size_t n)
{
	size_t i;

	free(t->live);
	t->live = list;
	t->n_live = 0;
	memset(&t->carried, 0, sizeof(t->carried));
	if (n)
		qsort(list, n, sizeof(*list), live_cmp);
	for (i = 0; i < n; i++) {
		if (t->n_live && list[t->n_live - 1].id == list[i].id)
			continue;
		t->carried.packets += list[i].carried.packets;
		t->carried.bytes += list[i].carried.bytes;
		list[t->n_live++] = list[i];
	}
}

/* Its end has all that it has carried. */
static void session_end(struct tally *t, const struct simseg_record *r)
{
	const struct tally_live key = { .id = r->session };
	struct tally_live *live =
		t->n_live ? bsearch(&key, t->live, t->n_live, sizeof(key), live_cmp) : NULL;

	t->box.closed.packets += r->amount.packets[0] + r->amount.packets[1];
	t->box.closed.bytes += r->amount.bytes[0] + r->amount.bytes[1];
	if (!live)
		return;
	t->carried.packets -= live->carried.packets;
	t->carried.bytes -= live->carried.bytes;
	memset(&live->carried, 0, sizeof(live->carried));
}

static void deny(struct tally *t, const struct simseg_record *r)
{
	struct balance_amount *sum =
		r->flags & SIMSEG_RECORD_F_OBSERVED ? &t->box.observed : &t->box.denied[r->reason];

	sum->packets += r->denied.packets;
	sum->bytes += r->denied.bytes;
}

static void gap(struct tally *t, const struct simseg_record *r)
{
	const struct simseg_record_gap *g = (const void *)r;
	unsigned int i;

	for (i = 0; i < __SIMSEG_RECORD_MAX; i++)
		t->box.told[i] += g->lost[i];
}

static void note(struct tally *t, const struct simseg_record *r)
{
	struct number_range range;

	switch (numbers_add(&t->numbers, r, &range)) {
	case NUMBERS_TWICE:
		/* it is one record, wherever it came from */
		t->box.twice++;
		return;
	case NUMBERS_CROWDED:
		t->box.missing += range.last - range.first + 1;
		break;
	default:
		break;
	}
	t->box.stored++;
	if (r->kind == SIMSEG_RECORD_CLOSE)
		session_end(t, r);
	else if (r->kind == SIMSEG_RECORD_DENY)
		deny(t, r);
	else if (r->kind == SIMSEG_RECORD_GAP)
		gap(t, r);
}

int tally_read(struct tally *t, char error[BOX_ERROR])
{
	const struct simseg_record *r;
	const struct box_head *head;
	struct box_pos pos;
	int ret = t->cursor ? 0 : start(t, error);

	if (ret || !t->cursor)
		return ret;
	while ((ret = box_cursor_next(t->cursor, &r, &pos, &head, error)) > 0)
		if (!memcmp(&head->source, &t->source, sizeof(t->source)))
			note(t, r);
	return ret;
}

const struct balance_box *tally_box(const struct tally *t)
{
	return &t->box;
}

struct balance_amount tally_carried(const struct tally *t)
{
	return t->carried;
}

void tally_end(struct tally *t)
{
	enum numbers_wrong wrong;
	struct number_range range;
	uint64_t count;

	if (!t->cursor)
		return;
	while ((wrong = numbers_end(&t->numbers, &range, &count)))
		if (wrong == NUMBERS_MISSING)
			t->box.missing += count;
}
