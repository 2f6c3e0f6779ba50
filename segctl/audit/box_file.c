// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The box's directory
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box_file.h"
#include "text.h"

#define MAGIC "SIMSEGBX"

int box_say(char error[BOX_ERROR], int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error, BOX_ERROR, fmt, ap);
	va_end(ap);
	return err;
}

uint64_t box_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

int box_fsync(int fd, const char *what, char error[BOX_ERROR])
{
	if (!fsync(fd))
		return 0;
	return box_say(error, -errno, "cannot bring %s to the disk: %s", what, strerror(errno));
}

int box_write(int fd, const void *data, size_t len, off_t at)
{
	const char *p = data;
	ssize_t done;

	while (len) {
		done = pwrite(fd, p, len, at);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno == EFBIG || errno == EDQUOT ? -ENOSPC : -errno;
		if (!done)
			return -EIO;
		p += done;
		at += done;
		len -= (size_t)done;
	}
	return 0;
}

ssize_t box_read(int fd, void *data, size_t len, off_t at)
{
	size_t have = 0;
	ssize_t done;

	while (have < len) {
		done = pread(fd, (char *)data + have, len - have, at + (off_t)have);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		if (!done)
			break;
		have += (size_t)done;
	}
	return (ssize_t)have;
}

/* The entry of a new directory is on disk only when its parent is. */
static int sync_parent(const char *path, char error[BOX_ERROR])
{
	char up[4096];
	int fd, err;

	if (snprintf(up, sizeof(up), "%s/..", path) >= (int)sizeof(up))
		return box_say(error, -ENAMETOOLONG, "the name of the box is too long");
	fd = open(up, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return box_say(error, -errno, "cannot open %s: %s", up, strerror(errno));
	err = box_fsync(fd, up, error);
	close(fd);
	return err;
}

static int make_dirs(const char *dir, char error[BOX_ERROR])
{
	int fd, err = 0;

	if (!mkdir(dir, 0700))
		err = sync_parent(dir, error);
	else if (errno != EEXIST)
		err = box_say(error, -errno, "cannot make the box %s: %s", dir, strerror(errno));
	if (err)
		return err;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return box_say(error, -errno, "cannot open the box %s: %s", dir, strerror(errno));
	if (!mkdirat(fd, BOX_DIR, 0700))
		err = box_fsync(fd, dir, error);
	else if (errno != EEXIST)
		err = box_say(error, -errno, "cannot make %s/" BOX_DIR ": %s", dir,
			      strerror(errno));
	close(fd);
	return err;
}

int box_dir_open(const char *dir, bool make, int *segments, char error[BOX_ERROR])
{
	int fd, err = make ? make_dirs(dir, error) : 0;

	if (err)
		return err;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return box_say(error, -errno, "cannot open the box %s: %s", dir, strerror(errno));
	*segments = openat(fd, BOX_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (*segments >= 0)
		return fd;
	err = box_say(error, -errno, "%s is no box, it has no directory " BOX_DIR ": %s", dir,
		      strerror(errno));
	close(fd);
	return err;
}

void box_segment_name(uint64_t number, char name[BOX_NAME_LEN])
{
	snprintf(name, BOX_NAME_LEN, "%020llu.seg", (unsigned long long)number);
}

/* 0: it is no segment's name, written as the writer does. */
static uint64_t name_number(const char *name)
{
	char again[BOX_NAME_LEN];
	uint64_t number = strtoull(name, NULL, 10);

	box_segment_name(number, again);
	return strcmp(name, again) ? 0 : number;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int box_list(int segments, struct box_list *list, char error[BOX_ERROR])
{
	/* its own: the place in a directory belongs to the open file */
	int fd = openat(segments, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	uint64_t number;

	memset(list, 0, sizeof(*list));
	if (!d) {
		int err = -errno;

		if (fd >= 0)
			close(fd);
		return box_say(error, err, "cannot list " BOX_DIR ": %s", strerror(-err));
	}
	while ((e = readdir(d))) {
		number = name_number(e->d_name);
		if (!number)
			continue;
		grow(&list->numbers, &list->room, list->n, sizeof(*list->numbers));
		list->numbers[list->n++] = number;
	}
	closedir(d);
	if (list->n)
		qsort(list->numbers, list->n, sizeof(*list->numbers), compare);
	return 0;
}

void box_list_free(struct box_list *list)
{
	free(list->numbers);
	memset(list, 0, sizeof(*list));
}

int box_segment_open(int segments, uint64_t number, int flags, char error[BOX_ERROR])
{
	char name[BOX_NAME_LEN];
	struct stat st;
	int fd;

	box_segment_name(number, name);
	/* a FIFO in the place of a segment must not stop who reads a hostile copy */
	fd = openat(segments, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0)
		return box_say(error, -errno, "cannot open segment %s: %s", name, strerror(errno));
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return box_say(error, -EBADMSG, "segment %s is no regular file", name);
}

int box_head_read(int fd, uint64_t number, struct box_head *head, char error[BOX_ERROR])
{
	unsigned long long n = number;
	ssize_t len = box_read(fd, head, sizeof(*head), 0);

	if (len < 0)
		return box_say(error, (int)len, "cannot read segment %llu: %s", n,
			       strerror((int)-len));
	if (len < (ssize_t)sizeof(*head) || memcmp(head->magic, MAGIC, sizeof(head->magic)))
		return box_say(error, -EBADMSG, "segment %llu does not begin with a head", n);
	if (head->order != BOX_ORDER)
		return box_say(error, -EPROTO,
			       "segment %llu was written in another byte order: "
			       "read it on a machine of that order",
			       n);
	if (head->version != BOX_VERSION || head->slot != sizeof(struct box_slot))
		return box_say(error, -EPROTO,
			       "segment %llu has version %u and slots of %u bytes, "
			       "this program knows version %u and %zu bytes",
			       n, head->version, head->slot, BOX_VERSION, sizeof(struct box_slot));
	if (head->segment != number)
		return box_say(error, -EBADMSG, "segment %llu says that it is segment %llu", n,
			       (unsigned long long)head->segment);
	return 0;
}

int64_t box_slots(int fd, char error[BOX_ERROR])
{
	struct stat st;

	if (fstat(fd, &st))
		return box_say(error, -errno, "cannot ask for a segment's size: %s",
			       strerror(errno));
	if (st.st_size < (off_t)sizeof(struct box_head))
		return 0;
	return (st.st_size - (off_t)sizeof(struct box_head)) / (off_t)sizeof(struct box_slot);
}

int64_t box_written(int fd, char error[BOX_ERROR])
{
	int64_t all = box_slots(fd, error), n = all;
	struct box_slot slot;
	bool zero = true;
	ssize_t len;

	if (all < 0)
		return all;
	len = box_read(fd, &slot, sizeof(slot), box_offset((uint64_t)n));
	if (len >= 0 && !sodium_is_zero((const void *)&slot, (size_t)len))
		return all;
	/* of the first one a piece may have come */
	while (len >= 0 && zero && n) {
		len = box_read(fd, &slot, sizeof(slot), box_offset((uint64_t)n - 1));
		if (len < (ssize_t)sizeof(slot) || !sodium_is_zero(slot.chain, sizeof(slot.chain)))
			break;
		zero = sodium_is_zero((const void *)&slot.record, sizeof(slot.record));
		n--;
	}
	if (len < 0)
		return box_say(error, (int)len, "cannot read a segment: %s", strerror((int)-len));
	return n;
}

off_t box_offset(uint64_t index)
{
	return (off_t)(sizeof(struct box_head) + index * sizeof(struct box_slot));
}

void box_chain_start(const struct box_head *head, uint8_t chain[BOX_HASH])
{
	crypto_generichash(chain, BOX_HASH, (const uint8_t *)head, offsetof(struct box_head, start),
			   NULL, 0);
}

void box_chain_next(uint8_t chain[BOX_HASH], const struct simseg_record *record)
{
	uint8_t both[BOX_HASH + sizeof(*record)];

	memcpy(both, chain, BOX_HASH);
	memcpy(both + BOX_HASH, record, sizeof(*record));
	crypto_generichash(chain, BOX_HASH, both, sizeof(both), NULL, 0);
}
