/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The box's directory: segments by number, their heads, and the chain
 */
#ifndef BOX_FILE_H
#define BOX_FILE_H

#include <sys/types.h>
#include <time.h>

#include "box.h"

#define BOX_DIR	     "segments"
#define BOX_NAME_LEN 32
#define BOX_IO	     1024 /* slots that are read or written at once */

_Static_assert(sizeof(struct box_head) == 256, "the head's size is part of the format");
_Static_assert(sizeof(struct box_slot) == 224, "so is the slot's");

/* Puts a sentence into @error; @err. */
int box_say(char error[BOX_ERROR], int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* ns */
uint64_t box_clock(clockid_t id);
/* File descriptor of DIR/segments, or -errno. @make: both are made if they are not there. */
int box_dir_open(const char *dir, bool make, int *segments, char error[BOX_ERROR]);
int box_fsync(int fd, const char *what, char error[BOX_ERROR]);
/* All of it, or -errno (EFBIG and EDQUOT are -ENOSPC). */
int box_write(int fd, const void *data, size_t len, off_t at);
/* Bytes that were there, fewer at the end only, or -errno. */
ssize_t box_read(int fd, void *data, size_t len, off_t at);

/* Numbers of the segments that are there, ascending. */
struct box_list {
	uint64_t *numbers;
	size_t n, room;
};

int box_list(int segments, struct box_list *list, char error[BOX_ERROR]);
void box_list_free(struct box_list *list);

void box_segment_name(uint64_t number, char name[BOX_NAME_LEN]);
/* Its file descriptor, or -errno: -ENOENT without a sentence. */
int box_segment_open(int segments, uint64_t number, int flags, char error[BOX_ERROR]);
/* -EBADMSG: it is no head of segment @number; -EPROTO: it cannot be read here. */
int box_head_read(int fd, uint64_t number, struct box_head *head, char error[BOX_ERROR]);
/* Slots that are there as a whole; -errno. */
int64_t box_slots(int fd, char error[BOX_ERROR]);
/*
 * Of the last segment's slots those that were written; -errno. A power cut leaves a file that
 * has its size, but zeroes at its end: no chain is zero. With anything behind them they count.
 */
int64_t box_written(int fd, char error[BOX_ERROR]);
off_t box_offset(uint64_t index);

/* Chain before the first record. */
void box_chain_start(const struct box_head *head, uint8_t chain[BOX_HASH]);
void box_chain_next(uint8_t chain[BOX_HASH], const struct simseg_record *record);

#endif
