// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Records on their way from the ring into the box. A batch leaves the ring when it is on
 * the disk. Who dies between the two finds it in both: those records are told by number
 * and time, and are stored once. Numbers begin again when the module is loaded again: that
 * is another source, which another run of the agent stores.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect.h"
#include "text.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

struct last {
	uint64_t seq, time;
};

struct collect {
	struct box *box;
	struct box_source source;
	struct last last[2]; /* of what may be in the ring and stored; [1]: of denies */
	struct simseg_record *batch;
	size_t n, room;
	bool appended;	       /* the batch is in the box, but maybe not on the disk */
	struct box_pos before; /* it was appended */
	uint64_t stored, repeated;
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" */
static int boot_id_read(uint8_t id[16])
{
	int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC), digit;
	char text[64] = "";
	size_t i, n = 0;

	if (fd < 0)
		return -errno;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	memset(id, 0, 16);
	for (i = 0; text[i] && text[i] != '\n' && n < 32; i++) {
		digit = hex_digit(text[i]);
		if (digit >= 0) {
			id[n / 2] = (uint8_t)(id[n / 2] << 4 | digit);
			n++;
		}
	}
	return n == 32 ? 0 : -EINVAL;
}

int collect_source(struct box_source *source, uint64_t netns, uint64_t since, char error[BOX_ERROR])
{
	int err = boot_id_read(source->boot_id);

	source->netns = netns;
	source->since = since;
	if (err)
		snprintf(error, BOX_ERROR, BOOT_ID " does not tell which boot this is: %s",
			 strerror(-err));
	return err;
}

static struct last *last_of(struct collect *c, const struct simseg_record *r)
{
	return &c->last[r->kind == SIMSEG_RECORD_DENY];
}

static void last_note(struct collect *c, const struct simseg_record *r)
{
	struct last *last = last_of(c, r);

	/* another load of the module begins anew */
	if (r->seq > last->seq || r->time > last->time)
		last->seq = r->seq;
	if (r->time > last->time)
		last->time = r->time;
}

/*
 * Only the batch that was under way when the writer died can be in both, and it is in
 * the last segment that has any.
 */
static int last_find(struct collect *c, const char *dir, char error[BOX_ERROR])
{
	struct box_pos pos = box_end(c->box), at;
	const struct simseg_record *r;
	const struct box_head *head;
	struct box_cursor *cursor;
	int ret;

	if (!pos.index && pos.segment)
		pos.segment--;
	if (!pos.segment)
		return 0;
	pos.index = 0;
	ret = box_cursor_open(&cursor, dir, pos, error);
	if (ret)
		return ret;
	while ((ret = box_cursor_next(cursor, &r, &at, &head, error)) > 0)
		if (!memcmp(&head->source, &c->source, sizeof(c->source)))
			last_note(c, r);
	box_cursor_close(cursor);
	return ret;
}

/* A damaged segment is for those who verify; the numbers alone will do. */
static void last_guess(struct collect *c)
{
	size_t i;

	for (i = 0; i < 2; i++)
		c->last[i] = (struct last){ box_last_seq(c->box, i), UINT64_MAX };
}

int collect_open(struct collect **collect, const char *dir, uint64_t netns, uint64_t since,
		 const struct box_options *options, size_t batch, char error[BOX_ERROR])
{
	struct collect *c = xcalloc(1, sizeof(*c));
	int err;

	*collect = NULL;
	c->batch = xcalloc(batch, sizeof(*c->batch));
	c->room = batch;
	err = collect_source(&c->source, netns, since, error);
	if (!err)
		err = box_open(&c->box, dir, &c->source, options, error);
	if (!err && last_find(c, dir, error))
		last_guess(c);
	if (err) {
		collect_close(c);
		return err;
	}
	*collect = c;
	return 0;
}

static bool is_stored(struct collect *c, const struct simseg_record *r)
{
	const struct last *last = last_of(c, r);

	return r->seq <= last->seq && r->time <= last->time;
}

/* After a commit that failed: is the batch still in the box, or was it taken back? */
static bool still_there(const struct collect *c)
{
	struct box_pos now = box_end(c->box);

	return now.segment != c->before.segment || now.index != c->before.index;
}

static int batch_store(struct collect *c, char error[BOX_ERROR])
{
	size_t i;
	int err;

	if (!c->appended) {
		c->before = box_end(c->box);
		err = box_append(c->box, c->batch, c->n, error);
		if (err)
			return err;
	}
	err = box_commit(c->box, error);
	c->appended = err && still_there(c);
	if (err)
		return err;
	for (i = 0; i < c->n; i++)
		last_note(c, &c->batch[i]);
	c->stored += c->n;
	return 0;
}

int collect_next(struct collect *c, struct seg_ring *ring, const struct simseg_record **records,
		 size_t *n, char error[BOX_ERROR])
{
	const struct simseg_record *r;
	int err;

	/* what could not be stored is behind us in the ring, but not committed there */
	while (!c->appended && c->n < c->room && (r = seg_ring_next(ring))) {
		if (is_stored(c, r))
			c->repeated++;
		else
			c->batch[c->n++] = *r;
	}
	if (c->n) {
		err = batch_store(c, error);
		if (err)
			return err;
	}
	seg_ring_commit(ring);
	*records = c->batch;
	*n = c->n;
	c->n = 0;
	return *n ? 1 : 0;
}

uint64_t collect_stored(const struct collect *c)
{
	return c->stored;
}

uint64_t collect_repeated(const struct collect *c)
{
	return c->repeated;
}

uint64_t collect_forwarded(const struct collect *c)
{
	return box_forwarded(c->box);
}

int collect_tick(struct collect *c, char error[BOX_ERROR])
{
	return box_tick(c->box, error);
}

void collect_close(struct collect *c)
{
	if (!c)
		return;
	box_close(c->box);
	free(c->batch);
	free(c);
}
