// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading a box record by record
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "box_file.h"

struct box_cursor {
	int segments;
	int fd; /* of the segment that is read; -1: none yet */
	uint64_t index;
	struct box_head head;
	struct box_pos from;
	size_t next, have; /* of the slots */
	struct box_slot slots[BOX_IO];
};

int box_cursor_open(struct box_cursor **cursor, const char *dir, struct box_pos from,
		    char error[BOX_ERROR])
{
	struct box_cursor *c = calloc(1, sizeof(*c));
	int fd;

	*cursor = NULL;
	if (!c)
		return box_say(error, -ENOMEM, "there is no memory for a reader");
	fd = box_dir_open(dir, false, &c->segments, error);
	if (fd < 0) {
		free(c);
		return fd;
	}
	close(fd);
	c->fd = -1;
	c->from = from;
	*cursor = c;
	return 0;
}

/* Of the segments that are there, the first from @number on; 0: none. */
static int first_from(struct box_cursor *c, uint64_t number, uint64_t *found, char error[BOX_ERROR])
{
	struct box_list list;
	size_t i;
	int err = box_list(c->segments, &list, error);

	*found = 0;
	for (i = 0; !err && i < list.n && !*found; i++)
		if (list.numbers[i] >= number)
			*found = list.numbers[i];
	box_list_free(&list);
	return err;
}

/* 1 and the file of the first segment from @number on, 0 if there is none. */
static int segment_from(struct box_cursor *c, uint64_t number, uint64_t *found, int *fd,
			char error[BOX_ERROR])
{
	int err;

	*found = number;
	*fd = number ? box_segment_open(c->segments, number, O_RDONLY, error) : -ENOENT;
	if (*fd != -ENOENT)
		return *fd < 0 ? *fd : 1;
	err = first_from(c, number, found, error);
	if (err || !*found)
		return err;
	/* while the directory was read, the one that was asked for may have come */
	if (number && *found != number) {
		*fd = box_segment_open(c->segments, number, O_RDONLY, error);
		if (*fd >= 0)
			*found = number;
		if (*fd != -ENOENT)
			return *fd < 0 ? *fd : 1;
	}
	*fd = box_segment_open(c->segments, *found, O_RDONLY, error);
	return *fd == -ENOENT ? 0 : *fd < 0 ? *fd : 1;
}

/* On to the next segment: 1, or 0 if there is none. */
static int segment_next(struct box_cursor *c, char error[BOX_ERROR])
{
	uint64_t number = c->fd < 0 ? c->from.segment : c->head.segment + 1, found;
	struct box_head head;
	int fd, ret = segment_from(c, number, &found, &fd, error);

	if (ret <= 0)
		return ret;
	ret = box_head_read(fd, found, &head, error);
	if (ret) {
		close(fd);
		return ret;
	}
	/* the segment before was sealed first: this may have been after we read it */
	if (c->fd >= 0 && box_slots(c->fd, error) > (int64_t)c->index) {
		close(fd);
		return 1;
	}
	c->index = c->fd < 0 && found == c->from.segment ? c->from.index : 0;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = fd;
	c->head = head;
	return 1;
}

static int slots_read(struct box_cursor *c, char error[BOX_ERROR])
{
	ssize_t len = box_read(c->fd, c->slots, sizeof(c->slots), box_offset(c->index));

	c->next = 0;
	c->have = 0;
	if (len < 0)
		return box_say(error, (int)len, "cannot read segment %llu: %s",
			       (unsigned long long)c->head.segment, strerror((int)-len));
	c->have = (size_t)len / sizeof(*c->slots);
	return 0;
}

/* 1: neither the slot that is next was ever written, nor is there anything behind it. */
static int unwritten(struct box_cursor *c, char error[BOX_ERROR])
{
	uint64_t later;
	int64_t slots;
	int err;

	if (!sodium_is_zero(c->slots[c->next].chain, sizeof(c->slots[c->next].chain)))
		return 0;
	err = first_from(c, c->head.segment + 1, &later, error);
	if (err || later)
		return err;
	slots = box_written(c->fd, error);
	return slots < 0 ? (int)slots : slots <= (int64_t)c->index;
}

int box_cursor_next(struct box_cursor *c, const struct simseg_record **record, struct box_pos *pos,
		    const struct box_head **head, char error[BOX_ERROR])
{
	int ret;

	while (c->next == c->have) {
		ret = c->fd < 0 ? 0 : slots_read(c, error);
		if (!ret && !c->have)
			ret = segment_next(c, error);
		else if (!ret)
			break;
		if (ret <= 0)
			return ret;
	}
	ret = unwritten(c, error);
	if (ret) {
		/* whoever writes next cuts that off: it is read again */
		c->have = c->next;
		return ret < 0 ? ret : 0;
	}
	*record = &c->slots[c->next++].record;
	*pos = (struct box_pos){ c->head.segment, c->index++ };
	*head = &c->head;
	return 1;
}

void box_cursor_close(struct box_cursor *c)
{
	if (!c)
		return;
	if (c->fd >= 0)
		close(c->fd);
	close(c->segments);
	free(c);
}
