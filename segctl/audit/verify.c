// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The walk through a box: segment by segment, record by record, with the checkpoints
 * beside it. It needs the same memory for any number of records.
 */
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "segctl.h"
#include "verify_state.h"

#define SAY_MAX 100 /* of each grade: the rest is counted */

void verify_say(struct verifier *v, enum verify_grade grade, struct box_pos pos,
		const struct simseg_record *record, const char *fmt, ...)
{
	struct verify_finding f = { .grade = grade, .pos = pos };
	va_list ap;

	if (++v->result->findings[grade] > SAY_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(f.text, sizeof(f.text), fmt, ap);
	va_end(ap);
	if (record) {
		f.record = true;
		f.seq = record->seq;
		f.real = record->real;
	}
	v->options->found(v->options->arg, &f);
}

static struct box_pos here(const struct verifier *v)
{
	return (struct box_pos){ v->head.segment, v->tail.slots };
}

static void check_record(struct verifier *v, const struct box_slot *slot)
{
	const struct simseg_record *r = &slot->record;
	struct box_pos pos = here(v);

	box_tail_add(&v->tail, r);
	if (memcmp(v->tail.chain, slot->chain, sizeof(slot->chain))) {
		verify_say(v, VERIFY_FORGED, pos, r,
			   "the record does not follow from the one before: it was changed, or "
			   "one was put in, taken out or moved here");
		/* on from what is there, so that only what is wrong itself is named */
		memcpy(v->tail.chain, slot->chain, sizeof(slot->chain));
		v->whole = false;
	}
	if (!v->unsealed.pos.segment) {
		v->unsealed.pos = pos;
		v->unsealed.seq = r->seq;
		v->unsealed.from = r->real;
	}
	v->unsealed.records++;
	v->unsealed.to = r->real;
	verify_number(v, r, pos);
	verify_sign_here(v);
}

/* The head against the segment before, and against itself. */
static void check_head(struct verifier *v)
{
	const struct box_head *head = &v->head;
	struct box_pos pos = { head->segment, 0 };
	uint8_t start[BOX_HASH];

	box_chain_start(head, start);
	if (memcmp(start, head->start, sizeof(start))) {
		verify_say(v, VERIFY_FORGED, pos, NULL, "the segment's head was changed");
		v->whole = false;
	}
	if (v->linked && memcmp(v->chain, head->previous, sizeof(v->chain)))
		verify_say(v, VERIFY_FORGED, pos, NULL,
			   "the segment does not follow from the one before: one of them was "
			   "replaced");
	if (v->linked && v->total != head->before)
		verify_say(v, VERIFY_FORGED, pos, NULL,
			   "the segment has %llu records before it, its head says %llu",
			   (unsigned long long)v->total, (unsigned long long)head->before);
	if (head->cut)
		verify_say(v, VERIFY_NOTE, pos, NULL,
			   "%llu bytes of a record that a crash had torn were cut off before",
			   (unsigned long long)head->cut);
}

/*
 * Has the writer said that it writes no more to this segment? One without records is
 * taken again by the next writer.
 */
static bool sealed(const struct verifier *v)
{
	const struct checkpoint *cp = &v->statements.before;

	return cp->segment == v->head.segment &&
	       (!strcmp(cp->why, "seal") || (!strcmp(cp->why, "close") && cp->records));
}

/*
 * 1: the records are at their end, as the writer's next start would find as well, and what
 * is behind them is zero, but for a piece of a record without its chain. Such a file got
 * its size, and the power failed before its bytes were written. What a checkpoint has seen
 * had been written.
 */
static int check_unwritten(struct verifier *v, int fd, char error[BOX_ERROR])
{
	struct box_tail tail = v->tail;
	struct box_walk w;
	uint64_t piece;
	int err;

	if (!v->last || !v->whole || sealed(v) || v->statements.now.segment == v->head.segment)
		return 0;
	err = box_walk(fd, v->head.segment, &w, &tail, error);
	if (err)
		return err;
	piece = w.rest - w.zeroes;
	if (w.intact > v->tail.slots || !box_walk_torn(&w, 0) || !w.zeroes ||
	    piece > (w.slots > w.intact ? offsetof(struct box_slot, chain) : 0))
		return 0;
	verify_say(
		v, VERIFY_SPAN, here(v), NULL,
		"the chain is whole up to here; then follow %s%llu zero bytes that were never "
		"written, as a power cut leaves it: what should have come is as little proven as "
		"if it had been cut off",
		piece ? "a piece of a record and " : "", (unsigned long long)w.zeroes);
	return 1;
}

/* @unwritten: the rest never was. */
static int read_slots(struct verifier *v, int fd, bool *unwritten, char error[BOX_ERROR])
{
	ssize_t len;
	size_t i;
	int ret;

	*unwritten = false;
	do {
		len = box_read(fd, v->slots, sizeof(v->slots), box_offset(v->tail.slots));
		if (len < 0)
			return box_say(error, (int)len, "cannot read segment %llu: %s",
				       (unsigned long long)v->head.segment, strerror((int)-len));
		for (i = 0; i < (size_t)len / sizeof(*v->slots); i++) {
			ret = sodium_is_zero(v->slots[i].chain, sizeof(v->slots[i].chain)) ?
				      check_unwritten(v, fd, error) :
				      0;
			*unwritten = ret > 0;
			if (ret)
				return ret < 0 ? ret : 0;
			check_record(v, &v->slots[i]);
		}
		/* of a box that is written to, checkpoints may be newer than what was read */
	} while (len >= (ssize_t)sizeof(*v->slots) ||
		 box_slots(fd, error) > (int64_t)v->tail.slots);
	return 0;
}

/* What is behind the last record as a whole. */
static int check_end(struct verifier *v, int fd, char error[BOX_ERROR])
{
	bool torn = v->last && !sealed(v);
	struct stat st;
	int ret;

	if (fstat(fd, &st) || st.st_size == box_offset(v->tail.slots))
		return 0;
	ret = check_unwritten(v, fd, error);
	if (ret)
		return ret < 0 ? ret : 0;
	verify_say(v, torn ? VERIFY_NOTE : VERIFY_FORGED, here(v), NULL,
		   torn ? "behind the last record is a piece of one: the writer did not come to "
			  "its end, or a copy was made meanwhile" :
			  "behind the last record is what the writer has not left there: the "
			  "segment had been sealed");
	return 0;
}

static int read_segment(struct verifier *v, int fd, char error[BOX_ERROR])
{
	bool unwritten;
	int err = read_slots(v, fd, &unwritten, error);

	if (err)
		return err;
	verify_sign_segment(v);
	return unwritten ? 0 : check_end(v, fd, error);
}

/* A segment that is there; false: it ends the chain, it cannot be read as one. */
static int check_segment(struct verifier *v, uint64_t number, char error[BOX_ERROR])
{
	int fd = box_segment_open(v->segments, number, O_RDONLY, error);
	int err = fd < 0 ? fd : box_head_read(fd, number, &v->head, error);

	if (err == -ENOENT) {
		int64_t over = verify_purge_over(v, number, number, error);

		if (over)
			return over < 0 ? (int)over : 0;
	}
	if (err == -EBADMSG || err == -EPROTO || err == -ENOENT || err == -ELOOP) {
		verify_say(v, VERIFY_FORGED, (struct box_pos){ number, 0 }, NULL, "%s",
			   err == -ENOENT ? "the segment has gone" : error);
		v->linked = false;
		err = 0;
		goto out;
	}
	if (err)
		goto out;
	v->whole = true;
	check_head(v);
	box_tail_begin(&v->tail, &v->head);
	verify_sign_here(v);
	err = read_segment(v, fd, error);
	if (err)
		goto out;
	v->result->segments++;
	v->result->records += v->tail.slots;
	v->linked = true;
	v->total = v->head.before + v->tail.slots;
	memcpy(v->chain, v->tail.chain, sizeof(v->chain));
out:
	if (fd >= 0)
		close(fd);
	return err;
}

/* When the segment was begun; 0: who knows. */
static uint64_t begun(struct verifier *v, uint64_t number)
{
	char error[BOX_ERROR];
	struct box_head head;
	int fd = box_segment_open(v->segments, number, O_RDONLY, error);
	uint64_t real = fd >= 0 && !box_head_read(fd, number, &head, error) ? head.real : 0;

	if (fd >= 0)
		close(fd);
	return real;
}

/* Those of the list that have some of the time that was asked for. */
static void narrow(struct verifier *v, const struct box_list *list, size_t *first, size_t *end)
{
	uint64_t from = v->options->from, to = v->options->to;
	size_t i;

	*first = 0;
	*end = list->n;
	for (i = 1; from && i < list->n; i++)
		if (begun(v, list->numbers[i]) && begun(v, list->numbers[i]) <= from)
			*first = i;
	for (i = *first + 1; to && i < *end; i++)
		if (begun(v, list->numbers[i]) > to)
			*end = i;
}

/* Between the two are others, unless they were purged. */
static int check_numbering(struct verifier *v, uint64_t before, uint64_t number,
			   char error[BOX_ERROR])
{
	int64_t over;

	if (number == before + 1)
		return 0;
	over = verify_purge_over(v, before + 1, number - 1, error);
	if (over < 0)
		return (int)over;
	before += (uint64_t)over;
	if (number == before + 1)
		return 0;
	v->linked = false;
	verify_say(v, VERIFY_FORGED, (struct box_pos){ before + 1, 0 }, NULL,
		   number == before + 2 ? "segment %llu is missing" :
					  "segments %llu to %llu are missing",
		   (unsigned long long)(before + 1), (unsigned long long)(number - 1));
	return 0;
}

static void say_unsealed(struct verifier *v)
{
	struct simseg_record r = { .seq = v->unsealed.seq, .real = v->unsealed.from };
	char from[48], to[48];

	if (!v->unsealed.pos.segment)
		return;
	/* one stands at the begin of each run, and where a segment follows another */
	if (!v->statements.before.number)
		verify_say(v, VERIFY_FORGED, v->unsealed.pos, &r,
			   "there is no checkpoint at all: they were taken away");
	else if (v->unsealed.pos.segment != v->head.segment)
		verify_say(
			v, VERIFY_SPAN, v->unsealed.pos, &r,
			"segment %llu was sealed, but that checkpoint is missing: their tail was "
			"cut off, unless the copy was made while the box was written to",
			(unsigned long long)v->unsealed.pos.segment);
	verify_say(v, VERIFY_SPAN, v->unsealed.pos, &r,
		   "no checkpoint has sealed the last %llu records, from here on (%s to %s): who "
		   "can write to the box can have changed them",
		   (unsigned long long)v->unsealed.records, out_clock(v->unsealed.from, from),
		   out_clock(v->unsealed.to, to));
}

static int walk(struct verifier *v, const struct box_list *list, char error[BOX_ERROR])
{
	size_t first, end, i;
	int err = 0;

	narrow(v, list, &first, &end);
	v->jumped = v->options->from;
	if (!first && list->n && !v->options->from)
		err = check_numbering(v, 0, list->numbers[0], error);
	/* checkpoints of what is not looked at are checked among themselves */
	if (first)
		verify_sign_skip(v, list->numbers[first]);
	for (i = first; i < end && !err; i++) {
		if (i > first)
			err = check_numbering(v, list->numbers[i - 1], list->numbers[i], error);
		v->last = i == list->n - 1;
		if (!err)
			err = check_segment(v, list->numbers[i], error);
	}
	if (err)
		return err;
	if (end == list->n)
		say_unsealed(v);
	verify_number_end(v);
	verify_sign_end(v, list->n ? list->numbers[list->n - 1] : 0);
	err = verify_purge_end(v, error);
	return err ? err : verify_sign_strange(v, error);
}

static int verify_open(struct verifier *v, const char *dir, char error[BOX_ERROR])
{
	struct box_list list = { 0 };
	int err;

	v->dir = box_dir_open(dir, false, &v->segments, error);
	if (v->dir < 0)
		return v->dir;
	err = verify_sign_open(v, dir, error);
	if (!err)
		err = box_list(v->segments, &list, error);
	/* after the list: what it lacks has a line by then */
	if (!err)
		err = verify_purge_open(v, error);
	if (!err)
		err = walk(v, &list, error);
	box_list_free(&list);
	verify_number_end(v);
	verify_purge_close(v);
	statements_close(&v->statements);
	close(v->segments);
	close(v->dir);
	return err;
}

int verify_box(const char *dir, const struct verify_options *options, struct verify_result *result,
	       char error[BOX_ERROR])
{
	struct verifier *v;
	int err;

	memset(result, 0, sizeof(*result));
	if (sodium_init() < 0)
		return box_say(error, -EIO, "libsodium does not start");
	v = calloc(1, sizeof(*v));
	if (!v)
		return box_say(error, -ENOMEM, "there is no memory for the verifier");
	v->options = options;
	v->result = result;
	v->gone.file.fd = -1;
	err = verify_open(v, dir, error);
	free(v);
	return err;
}
