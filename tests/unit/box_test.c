// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The black box's writer and reader: what is committed stays, whatever happens
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boxes.h"
#include "unit.h"

#define MANY 100000

static uint64_t seqs[MANY];

/* Numbers 1 to @n, in order, are what the box has. */
static void holds(void **state, size_t n)
{
	size_t i, have = boxes_read(state, seqs, MANY);

	assert_int_equal(have, n);
	for (i = 0; i < n; i++)
		assert_int_equal(seqs[i], i + 1);
}

static void kept(void **state)
{
	struct box *box = boxes_open(state, NULL);
	struct stat st;

	boxes_fill(box, 1, 2500);
	assert_int_equal(box_end(box).segment, 1);
	assert_int_equal(box_end(box).index, 2500);
	box_close(box);
	assert_int_equal(boxes_size(boxes_path(state, "box/segments/%020d.seg", 1)),
			 256 + 2500 * 224);
	assert_int_equal(stat(boxes_path(state, "box/segments/%020d.seg", 1), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(boxes_path(state, "box/segments"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	holds(state, 2500);
}

static void segments(void **state)
{
	const struct box_options options = { .segment_records = 100 };
	struct box *box = boxes_open(state, &options);
	uint64_t i;

	for (i = 0; i < 50; i++)
		boxes_fill(box, 1 + i * 30, 30);
	assert_int_equal(box_end(box).segment, 13);
	box_close(box);
	holds(state, 1500);
}

static void one_writer(void **state)
{
	struct box *box = boxes_open(state, NULL), *second;
	const struct box_options options = { 0 };
	char error[BOX_ERROR] = "";

	assert_int_equal(box_open(&second, boxes_path(state, "box"), &boxes_source, &options,
				  error),
			 -EBUSY);
	assert_non_null(strstr(error, "another process"));
	box_close(box);
	box_close(boxes_open(state, NULL));
}

/* A reader follows a writer through its segments, and starts where it is told to. */
static void follows(void **state)
{
	const struct box_options options = { .segment_records = 64 };
	struct box *box = boxes_open(state, &options);
	const struct simseg_record *record;
	const struct box_head *head;
	struct box_cursor *cursor;
	char error[BOX_ERROR];
	struct box_pos pos;
	uint64_t seq = 0;
	int i;

	assert_int_equal(box_cursor_open(&cursor, boxes_path(state, "box"),
					 (struct box_pos){ 0, 0 }, error),
			 0);
	for (i = 0; i < 40; i++) {
		boxes_fill(box, 1 + (uint64_t)i * 10, 10);
		while (box_cursor_next(cursor, &record, &pos, &head, error) > 0) {
			assert_int_equal(record->seq, ++seq);
			assert_int_equal(head->before + pos.index + 1, seq);
			assert_int_equal(head->segment, pos.segment);
			assert_memory_equal(&head->source, &boxes_source, sizeof(boxes_source));
		}
		assert_int_equal(seq, 10 * (i + 1));
	}
	box_cursor_close(cursor);
	assert_int_equal(box_cursor_open(&cursor, boxes_path(state, "box"),
					 (struct box_pos){ 3, 5 }, error),
			 0);
	assert_int_equal(box_cursor_next(cursor, &record, &pos, &head, error), 1);
	assert_int_equal(pos.segment, 3);
	assert_int_equal(pos.index, 5);
	assert_int_equal(record->seq, head->before + 6);
	box_cursor_close(cursor);
	box_close(box);
}

/* The two classes' highest numbers, from whatever segment has them. */
static void last_seq(void **state)
{
	const struct box_options options = { .segment_records = 10 };
	struct box_source other = boxes_source;
	struct simseg_record deny = boxes_record(7, SIMSEG_RECORD_DENY);
	struct box *box = boxes_open(state, &options);
	char error[BOX_ERROR];
	int i;

	assert_int_equal(box_last_seq(box, false), 0);
	assert_int_equal(box_append(box, &deny, 1, error), 0);
	boxes_fill(box, 20, 100);
	boxes_fill(box, 120, 5);
	box_close(box);
	for (i = 0; i < 3; i++) {
		box = boxes_open(state, &options);
		assert_int_equal(box_last_seq(box, true), 7);
		assert_int_equal(box_last_seq(box, false), 124);
		box_close(box);
	}
	other.netns++;
	assert_int_equal(box_open(&box, boxes_path(state, "box"), &other, &options, error), 0);
	assert_int_equal(box_last_seq(box, true), 0);
	assert_int_equal(box_last_seq(box, false), 0);
	boxes_fill(box, 1, 3);
	box_close(box);
	box = boxes_open(state, &options);
	assert_int_equal(box_last_seq(box, true), 7);
	assert_int_equal(box_last_seq(box, false), 124);
	box_close(box);
	other.boot_id[3] = 1;
	assert_int_equal(box_open(&box, boxes_path(state, "box"), &other, &options, error), 0);
	assert_int_equal(box_last_seq(box, false), 0);
	box_close(box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kept, boxes_setup, boxes_teardown),
		cmocka_unit_test_setup_teardown(segments, boxes_setup, boxes_teardown),
		cmocka_unit_test_setup_teardown(one_writer, boxes_setup, boxes_teardown),
		cmocka_unit_test_setup_teardown(follows, boxes_setup, boxes_teardown),
		cmocka_unit_test_setup_teardown(last_seq, boxes_setup, boxes_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
