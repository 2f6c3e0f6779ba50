// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a crash has left
 *
 * A write that was torn leaves slots at the end that are not whole, or whose chain is
 * wrong, with nothing behind them that is right: these are cut off, they were never
 * committed. Whatever else is wrong is no crash's work: it stays for the verifier.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box_writer.h"

static void seen(uint64_t last[2], const struct simseg_record *r)
{
	uint64_t *of = &last[r->kind == SIMSEG_RECORD_DENY];

	if (r->seq > *of)
		*of = r->seq;
}

void box_tail_add(struct box_tail *tail, const struct simseg_record *record)
{
	box_chain_next(tail->chain, record);
	merkle_add(&tail->tree, record, sizeof(*record));
	seen(tail->last, record);
	tail->slots++;
}

void box_tail_begin(struct box_tail *tail, const struct box_head *head)
{
	memset(tail, 0, sizeof(*tail));
	merkle_init(&tail->tree);
	memcpy(tail->chain, head->start, sizeof(tail->chain));
	memcpy(tail->last, head->last, sizeof(tail->last));
}

/* One more slot, whose chain should follow from the one before as it is stored. */
static void walk_slot(struct box_walk *w, struct box_tail *tail, const struct box_slot *slot)
{
	bool fits;

	box_chain_next(w->end, &slot->record);
	fits = !memcmp(w->end, slot->chain, sizeof(w->end));
	if (fits && w->intact == w->slots) {
		box_tail_add(tail, &slot->record);
		w->intact++;
	} else {
		w->behind |= fits;
	}
	seen(w->last, &slot->record);
	memcpy(w->end, slot->chain, sizeof(w->end));
	w->slots++;
}

/* Next comes @data: all of it is zero, or only how it ends counts. */
static void walk_zeroes(struct box_walk *w, const void *data, size_t len)
{
	const uint8_t *bytes = data;
	size_t n = 0;

	while (n < len && !bytes[len - n - 1])
		n++;
	w->zeroes = n < len ? n : w->zeroes + n;
}

int box_walk(int fd, uint64_t segment, struct box_walk *w, struct box_tail *tail,
	     char error[BOX_ERROR])
{
	struct box_slot *slots = malloc(BOX_IO * sizeof(*slots));
	ssize_t len = slots ? (ssize_t)sizeof(*slots) : -ENOMEM;
	size_t i;

	memset(w, 0, sizeof(*w));
	w->slots = tail->slots;
	w->intact = tail->slots;
	memcpy(w->end, tail->chain, sizeof(w->end));
	memcpy(w->last, tail->last, sizeof(w->last));
	while (len >= (ssize_t)sizeof(*slots)) {
		len = box_read(fd, slots, BOX_IO * sizeof(*slots), box_offset(w->slots));
		for (i = 0; len > 0 && i < (size_t)len / sizeof(*slots); i++) {
			walk_slot(w, tail, &slots[i]);
			if (w->intact < w->slots)
				walk_zeroes(w, &slots[i], sizeof(*slots));
		}
	}
	if (len > 0)
		walk_zeroes(w, slots, (size_t)len);
	free(slots);
	if (len < 0)
		return box_say(error, (int)len, "cannot read segment %llu: %s",
			       (unsigned long long)segment, strerror((int)-len));
	w->rest = (w->slots - w->intact) * sizeof(*slots) + (uint64_t)len;
	return 0;
}

bool box_walk_torn(const struct box_walk *w, uint64_t covered)
{
	return w->intact >= covered && !w->behind;
}

static int cut(int fd, const struct box_head *head, uint64_t slots, uint64_t *bytes,
	       char error[BOX_ERROR])
{
	struct stat st;

	*bytes = 0;
	if (fstat(fd, &st))
		return box_say(error, -errno, "cannot ask for a segment's size: %s",
			       strerror(errno));
	if (st.st_size <= box_offset(slots))
		return 0;
	*bytes = (uint64_t)(st.st_size - box_offset(slots));
	if (ftruncate(fd, box_offset(slots)))
		return box_say(error, -errno, "cannot cut a torn record off segment %llu: %s",
			       (unsigned long long)head->segment, strerror(errno));
	return box_fsync(fd, "a segment", error);
}

static int look(struct box_found *f, uint64_t covered, char error[BOX_ERROR])
{
	uint8_t start[BOX_HASH];
	struct box_walk w;
	int err;

	box_tail_begin(&f->tail, &f->head);
	err = box_walk(f->fd, f->head.segment, &w, &f->tail, error);
	if (err)
		return err;
	box_chain_start(&f->head, start);
	f->damaged = memcmp(start, f->head.start, sizeof(start)) || !box_walk_torn(&w, covered);
	if (!f->damaged)
		return cut(f->fd, &f->head, w.intact, &f->cut, error);
	memcpy(f->tail.chain, w.end, sizeof(w.end));
	memcpy(f->tail.last, w.last, sizeof(w.last));
	f->tail.slots = w.slots;
	return box_say(error, 0,
		       "segment %llu is damaged at record %llu: it is left as it is, and "
		       "recording goes on in a new one; see 'segctl audit verify'",
		       (unsigned long long)f->head.segment, (unsigned long long)w.intact);
}

/*
 * A segment without a head that can be read: what is known of it is the last chain it
 * has, and how many records lie before it, by the nearest head that can be read.
 */
static int look_blind(int segments, const struct box_list *list, struct box_found *f,
		      char error[BOX_ERROR])
{
	uint64_t number = list->numbers[list->n - 1];
	struct box_slot slot;
	struct box_head head;
	size_t i = list->n;
	int64_t slots = 0, all = 0;
	int fd, err = -ENOENT;

	while (i-- && err) {
		fd = box_segment_open(segments, list->numbers[i], O_RDONLY, error);
		if (fd < 0)
			continue;
		slots = box_slots(fd, error);
		all += slots > 0 ? slots : 0;
		err = box_head_read(fd, list->numbers[i], &head, error);
		if (i == list->n - 1 && slots > 0 &&
		    box_read(fd, &slot, sizeof(slot), box_offset((uint64_t)slots - 1)) ==
			    sizeof(slot))
			memcpy(f->tail.chain, slot.chain, sizeof(slot.chain));
		close(fd);
	}
	memset(&f->head, 0, sizeof(f->head));
	f->head.segment = number;
	f->head.before = err ? 0 : head.before;
	f->tail.slots = (uint64_t)all;
	f->damaged = true;
	f->unwanted = true;
	return box_say(error, 0,
		       "segment %llu has no head that can be read: it is left as it is, and "
		       "recording goes on in a new one; see 'segctl audit verify'",
		       (unsigned long long)number);
}

int box_recover(int segments, uint64_t covered_segment, uint64_t covered, struct box_found *found,
		char error[BOX_ERROR])
{
	struct box_list list;
	uint64_t number;
	int err = box_list(segments, &list, error);

	memset(found, 0, sizeof(*found));
	found->fd = -1;
	if (err || !list.n)
		goto out;
	number = list.numbers[list.n - 1];
	found->fd = box_segment_open(segments, number, O_RDWR, error);
	err = found->fd < 0 ? found->fd : box_head_read(found->fd, number, &found->head, error);
	if (!err)
		err = look(found, covered_segment == number ? covered : 0, error);
	else if (err == -EBADMSG || err == -EPROTO || err == -ELOOP)
		err = look_blind(segments, &list, found, error);
out:
	box_list_free(&list);
	return err;
}

static bool same_boot(const struct box_source *a, const struct box_source *b)
{
	return !memcmp(a->boot_id, b->boot_id, sizeof(a->boot_id));
}

static bool same_source(const struct box_source *a, const struct box_source *b)
{
	return a->netns == b->netns && a->since == b->since && same_boot(a, b);
}

int box_recover_last(int segments, const struct box_source *source, const struct box_found *found,
		     uint64_t last[2], char error[BOX_ERROR])
{
	char unread[BOX_ERROR]; /* what cannot be read has been told by box_recover() */
	struct box_list list;
	struct box_head head;
	struct box_tail tail;
	struct box_walk w;
	int fd, err;
	size_t i;

	memset(last, 0, 2 * sizeof(*last));
	if (!found->unwanted && found->head.segment && same_source(&found->head.source, source)) {
		memcpy(last, found->tail.last, sizeof(found->tail.last));
		return 0;
	}
	err = box_list(segments, &list, error);
	if (err)
		return err;
	/* two namespaces may have taken turns since this machine has started */
	for (i = list.n; !err && i--;) {
		fd = box_segment_open(segments, list.numbers[i], O_RDONLY, unread);
		if (fd < 0)
			continue;
		if (!box_head_read(fd, list.numbers[i], &head, unread)) {
			if (same_source(&head.source, source)) {
				box_tail_begin(&tail, &head);
				err = box_walk(fd, head.segment, &w, &tail, error);
				memcpy(last, w.last, sizeof(w.last));
				i = 0;
			} else if (!same_boot(&head.source, source)) {
				i = 0;
			}
		}
		close(fd);
	}
	box_list_free(&list);
	return err;
}
