// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Retention: whole segments go from the front
 *
 * DIR/purged says what went before it goes, so that what is left can be checked from
 * there on. A crash between the line and the file leaves a segment that goes the next
 * time, without a second line; rows of a segment that is gone go when the store follows.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "box_file.h"
#include "purged.h"
#include "store_db.h"

struct purge {
	struct store *store;
	struct store_purged *done;
	struct store_hold *holds; /* by device */
	size_t n_holds;
};

static int hold_cmp(const void *a, const void *b)
{
	return memcmp(((const struct store_hold *)a)->device,
		      ((const struct store_hold *)b)->device,
		      sizeof(((struct store_hold *)0)->device));
}

static const struct store_hold *held(const struct purge *p, const uint8_t device[10])
{
	struct store_hold key = { 0 };

	memcpy(key.device, device, sizeof(key.device));
	return p->n_holds ? bsearch(&key, p->holds, p->n_holds, sizeof(key), hold_cmp) : NULL;
}

static bool has_parties(const struct simseg_record *r)
{
	return r->kind == SIMSEG_RECORD_OPEN || r->kind == SIMSEG_RECORD_UPDATE ||
	       r->kind == SIMSEG_RECORD_CLOSE || r->kind == SIMSEG_RECORD_DENY;
}

/* The records themselves are asked: what the index lacks shall not go by mistake. */
static int held_record(const struct purge *p, uint64_t segment, const struct store_hold **hold,
		       char error[BOX_ERROR])
{
	const struct simseg_record *r;
	const struct box_head *head;
	struct box_cursor *cursor;
	struct box_pos pos;
	int ret = box_cursor_open(&cursor, p->store->dir, (struct box_pos){ segment, 0 }, error);

	*hold = NULL;
	if (ret)
		return ret;
	while ((ret = box_cursor_next(cursor, &r, &pos, &head, error)) > 0) {
		if (pos.segment != segment || *hold)
			break;
		if (has_parties(r))
			*hold = held(p, r->iccid[0]);
		if (has_parties(r) && !*hold)
			*hold = held(p, r->iccid[1]);
	}
	box_cursor_close(cursor);
	return ret < 0 ? ret : 0;
}

/* Changes name a device in their texts, which the index has put together. */
static int held_change(const struct purge *p, uint64_t segment, const struct store_hold **hold,
		       char error[BOX_ERROR])
{
	struct store_query q = { .has_device = true, .kind = SIMSEG_RECORD_CONFIG };
	struct box_pos *places;
	size_t i, j, n;
	int err = 0;

	for (i = 0; !err && i < p->n_holds && !*hold; i++) {
		memcpy(q.device, p->holds[i].device, sizeof(q.device));
		err = store_places(p->store, &q, &places, &n, error);
		for (j = 0; !err && j < n; j++)
			if (places[j].segment == segment)
				*hold = &p->holds[i];
		free(places);
	}
	return err;
}

static int last_chain(struct store *s, const struct segment *seg, uint8_t chain[BOX_HASH],
		      char error[BOX_ERROR])
{
	struct box_head head;
	struct box_slot slot;
	int err;

	if (!seg->records) {
		err = segment_head(s->dir, seg->number, &head, error);
		memcpy(chain, head.start, BOX_HASH);
		return err;
	}
	err = segment_slot(s->dir, (struct box_pos){ seg->number, seg->records - 1 }, &slot, error);
	if (!err)
		memcpy(chain, slot.chain, BOX_HASH);
	return err;
}

static int line_write(struct store *s, const struct segment *seg, uint64_t first, uint64_t last,
		      char error[BOX_ERROR])
{
	struct purged_line line = { .segment = seg->number, .records = seg->records };
	int err = last_chain(s, seg, line.chain, error), segments, dir;

	if (err)
		return err;
	dir = box_dir_open(s->dir, false, &segments, error);
	if (dir < 0)
		return dir;
	err = purged_append(dir, &line, first, last, error);
	close(segments);
	close(dir);
	return err;
}

static int times_of(struct store *s, uint64_t segment, uint64_t *first, uint64_t *last,
		    char error[BOX_ERROR])
{
	sqlite3_stmt *st;
	int rc, err = store_prepare(
			s,
			"SELECT min(real_min), max(real_max) FROM span WHERE first >= ?1"
			" AND first < ?2",
			&st, error);

	if (err)
		return err;
	sqlite3_bind_int64(st, 1, place_of((struct box_pos){ segment, 0 }));
	sqlite3_bind_int64(st, 2, place_of((struct box_pos){ segment + 1, 0 }));
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		*first = (uint64_t)sqlite3_column_int64(st, 0);
		*last = (uint64_t)sqlite3_column_int64(st, 1);
	} else {
		err = store_failed(s, rc, "reading", error);
	}
	sqlite3_finalize(st);
	return err;
}

/*
 * Before @limit. A segment whose clock was never set is as old as the next one that
 * knows the time; while there is none, it is not old.
 */
static int is_old(struct store *s, const struct segments *segs, size_t i, uint64_t limit, bool *old,
		  char error[BOX_ERROR])
{
	uint64_t first, last = 0;
	int err = 0;

	*old = false;
	for (; limit && !err && i < segs->n; i++) {
		err = times_of(s, segs->list[i].number, &first, &last, error);
		if (!err && last / 1000000000 >= SIMSEG_CLOCK_MIN) {
			*old = last < limit;
			break;
		}
	}
	return err;
}

static int purge_one(struct purge *p, const struct segment *seg, char error[BOX_ERROR])
{
	struct store *s = p->store;
	const struct store_hold *hold;
	uint64_t first = 0, last = 0;
	int err = held_record(p, seg->number, &hold, error);

	if (!err)
		err = held_change(p, seg->number, &hold, error);
	if (err)
		return err;
	if (hold) {
		p->done->held_segment = seg->number;
		memcpy(p->done->held, hold->device, sizeof(p->done->held));
		return 0;
	}
	err = times_of(s, seg->number, &first, &last, error);
	if (!err)
		err = line_write(s, seg, first, last, error);
	if (!err)
		err = segment_unlink(s->dir, seg->number, error);
	if (!err)
		err = store_forget(s, 0, place_of((struct box_pos){ seg->number + 1, 0 }), error);
	if (err)
		return err;
	p->done->last = seg->number;
	p->done->segments++;
	p->done->records += seg->records;
	p->done->bytes += seg->bytes;
	return 0;
}

/* The first segment, if it may go: 1, 0 if it stays, or -errno. */
static int purge_front(struct purge *p, const struct store_limits *limits, char error[BOX_ERROR])
{
	struct segments segs;
	struct box_pos next;
	uint64_t bytes = 0, before = p->done->segments;
	bool old = false, may;
	size_t i;
	int err = segments_list(p->store->dir, &segs, error);

	if (!err)
		err = store_next(p->store, &next, error);
	for (i = 0; i < segs.n; i++)
		bytes += segs.list[i].bytes;
	/* not the one that is written to, and none that the index has not taken */
	may = !err && segs.n > 1 &&
	      (next.segment > segs.list[0].number ||
	       (next.segment == segs.list[0].number && next.index >= segs.list[0].records));
	if (may && (!limits->young || segs.list[0].number < limits->young))
		err = is_old(p->store, &segs, 0, limits->real, &old, error);
	if (may && !err && (old || (limits->bytes && bytes > limits->bytes)))
		err = purge_one(p, &segs.list[0], error);
	segments_free(&segs);
	return err ? err : p->done->segments > before;
}

int store_purge(struct store *s, const struct store_limits *limits, struct store_purged *purged,
		char error[BOX_ERROR])
{
	struct purge p = { .store = s, .done = purged };
	int ret = 1, err = 0;

	memset(purged, 0, sizeof(*purged));
	while (!err && ret > 0 && !purged->more) {
		/* alone with the holds and the file until the segment is gone */
		err = store_begin(s, error);
		if (err)
			break;
		err = store_holds(s, &p.holds, &p.n_holds, error);
		if (!err && p.n_holds)
			qsort(p.holds, p.n_holds, sizeof(*p.holds), hold_cmp);
		if (!err)
			ret = purge_front(&p, limits, error);
		free(p.holds);
		err = store_end(s, err ? err : ret < 0 ? ret : 0, error);
		purged->more = limits->segments && purged->segments >= limits->segments;
	}
	return err;
}
