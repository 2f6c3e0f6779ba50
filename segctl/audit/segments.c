// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The box's segments as files: which there are, and one slot of one of them
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box_file.h"
#include "store_db.h"
#include "text.h"

/* File descriptor of DIR/segments, or -errno. */
static int segments_dir(const char *dir, char error[BOX_ERROR])
{
	int segments, fd = box_dir_open(dir, false, &segments, error);

	if (fd < 0)
		return fd;
	close(fd);
	return segments;
}

static int segment_add(struct segments *segments, int dir, uint64_t number, bool last,
		       char error[BOX_ERROR])
{
	struct segment seg = { .number = number };
	int fd = box_segment_open(dir, number, O_RDONLY, error);
	int64_t slots = fd < 0 ? fd : last ? box_written(fd, error) : box_slots(fd, error);

	if (fd >= 0)
		close(fd);
	if (slots < 0)
		return slots == -ENOENT ? 0 : (int)slots; /* purged just now */
	if (number > PLACE_SEGMENT_MAX)
		return box_say(error, -ERANGE, "segment %llu is beyond what the index can number",
			       (unsigned long long)number);
	seg.records = (uint64_t)slots;
	seg.bytes = (uint64_t)box_offset(seg.records);
	grow(&segments->list, &segments->room, segments->n, sizeof(*segments->list));
	segments->list[segments->n++] = seg;
	return 0;
}

int segments_list(const char *dir, struct segments *segments, char error[BOX_ERROR])
{
	int fd = segments_dir(dir, error), err;
	struct box_list list;
	size_t i;

	memset(segments, 0, sizeof(*segments));
	if (fd < 0)
		return fd;
	err = box_list(fd, &list, error);
	for (i = 0; !err && i < list.n; i++)
		err = segment_add(segments, fd, list.numbers[i], i + 1 == list.n, error);
	box_list_free(&list);
	close(fd);
	return err;
}

void segments_free(struct segments *segments)
{
	free(segments->list);
	memset(segments, 0, sizeof(*segments));
}

/* File descriptor of a segment whose head is as it should be, or -errno. */
static int segment_open(const char *dir, uint64_t number, struct box_head *head,
			char error[BOX_ERROR])
{
	int segments = segments_dir(dir, error), fd, err;

	if (segments < 0)
		return segments;
	fd = box_segment_open(segments, number, O_RDONLY, error);
	close(segments);
	if (fd == -ENOENT)
		return box_say(error, fd, "segment %llu is not there", (unsigned long long)number);
	err = fd < 0 ? fd : box_head_read(fd, number, head, error);
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

int segment_head(const char *dir, uint64_t number, struct box_head *head, char error[BOX_ERROR])
{
	int fd = segment_open(dir, number, head, error);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

int segment_slot(const char *dir, struct box_pos pos, struct box_slot *slot, char error[BOX_ERROR])
{
	struct box_head head;
	int fd = segment_open(dir, pos.segment, &head, error);
	ssize_t len;

	if (fd < 0)
		return fd;
	len = box_read(fd, slot, sizeof(*slot), box_offset(pos.index));
	close(fd);
	if (len == sizeof(*slot))
		return 0;
	return box_say(error, len < 0 ? (int)len : -ENODATA,
		       "segment %llu has no record %llu, which the index knows",
		       (unsigned long long)pos.segment, (unsigned long long)pos.index);
}

int segment_unlink(const char *dir, uint64_t number, char error[BOX_ERROR])
{
	int segments = segments_dir(dir, error), err = 0;
	char name[BOX_NAME_LEN];

	if (segments < 0)
		return segments;
	box_segment_name(number, name);
	if (unlinkat(segments, name, 0) && errno != ENOENT)
		err = box_say(error, -errno, "segment %llu cannot be taken away: %s",
			      (unsigned long long)number, strerror(errno));
	if (!err)
		err = box_fsync(segments, BOX_DIR, error);
	close(segments);
	return err;
}
