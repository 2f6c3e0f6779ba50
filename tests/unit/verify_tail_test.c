// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The end of a box as a power cut leaves it: the file has its length, but its last bytes
 * were never written, and are zero. Who zeroes records does not do better than who cuts.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/box_file.h"
#include "boxes.h"
#include "unit.h"
#include "verified.h"

#define N    20
#define PAGE 32 /* what is written at once ends at a multiple of it, whatever the disk */

static const char *segment(void **state, unsigned int number)
{
	return boxes_path(state, "box/segments/%020u.seg", number);
}

static void put(void **state, unsigned int number, off_t at, const void *data, size_t len)
{
	int fd = open(segment(state, number), O_WRONLY);

	assert_int_equal(pwrite(fd, data, len, at), len);
	close(fd);
}

/* All bytes of the segment from @from to @to. */
static void zero(void **state, unsigned int number, off_t from, off_t to)
{
	static const char zeroes[N * sizeof(struct box_slot)];

	put(state, number, from, zeroes, (size_t)(to - from));
}

/* At the end of the first segment, behind its first @whole records. */
static size_t zeroes(void **state, uint64_t whole)
{
	static char data[2 * N * sizeof(struct box_slot)];
	int fd = open(segment(state, 1), O_RDONLY);
	ssize_t len = pread(fd, data, sizeof(data), box_offset(whole)), n = 0;

	close(fd);
	while (n < len && !data[len - n - 1])
		n++;
	return (size_t)n;
}

static void shell(void **state, const char *what)
{
	char command[600];

	snprintf(command, sizeof(command), "cd '%s' && %s", (char *)*state, what);
	assert_int_equal(system(command), 0);
}

static void keep(void **state)
{
	shell(state, "cp -a box kept");
}

static void again(void **state)
{
	shell(state, "rm -rf box && cp -a kept box");
}

static void says(const struct verified *seen, const char *text)
{
	if (!strstr(seen->all, text))
		fail_msg("'%s' is not in: %s", text, seen->all);
}

static void forged(void **state, uint64_t segment_number, uint64_t record)
{
	const struct verified *seen = verified(state, NULL, NULL);

	assert_true(seen->result.findings[VERIFY_FORGED] > 0);
	if (seen->first.pos.segment != segment_number || seen->first.pos.index != record)
		fail_msg("it is at %llu/%llu: %s", (unsigned long long)seen->first.pos.segment,
			 (unsigned long long)seen->first.pos.index, seen->all);
}

/* The verifier tells of a box's zeroes; then the next writer's start, and what it made. */
static void told(void **state, uint64_t whole)
{
	const struct verified *seen = verified(state, NULL, NULL);
	struct box *box;
	char text[64];

	if (seen->result.findings[VERIFY_FORGED])
		fail_msg("with %zu zeroes: %s", zeroes(state, whole), seen->all);
	assert_int_equal(seen->result.findings[VERIFY_SPAN], whole ? 2 : 1);
	assert_int_equal(seen->result.records, whole);
	snprintf(text, sizeof(text), " %zu zero bytes", zeroes(state, whole));
	says(seen, text);
	box = boxes_open(state, NULL);
	assert_int_equal(box_last_seq(box, false), whole);
	box_close(box);
	seen = verified(state, NULL, NULL);
	assert_int_equal(seen->result.findings[VERIFY_FORGED], 0);
	assert_int_equal(seen->result.findings[VERIFY_SPAN], 0);
	assert_int_equal(seen->result.records, whole);
	/* the same source's writer takes a segment without records again */
	if (whole)
		says(seen, "were cut off before");
}

/* From any place in the last three slots on, to the end of one or somewhere in it. */
static void never_written(void **state)
{
	const off_t ends[] = { box_offset(N), box_offset(N) + 100, box_offset(N + 3) };
	size_t i;
	off_t at;

	boxes_crash(state, NULL, N);
	keep(state);
	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		for (at = box_offset(N - 3); at <= box_offset(N) && at < ends[i]; at += PAGE) {
			again(state);
			zero(state, 1, at, ends[i]);
			told(state, (uint64_t)(at - box_offset(0)) / sizeof(struct box_slot));
		}
	}
	again(state);
	zero(state, 1, box_offset(0), box_offset(N));
	told(state, 0);
}

/* What was not written has nothing behind it. */
static void something_behind(void **state)
{
	const off_t places[] = {
		box_offset(N - 2) - 1, box_offset(N - 2), box_offset(N) + 200,
		box_offset(N + 3) - 1, box_offset(N + 3), box_offset(N + 3) + 60,
	};
	size_t i;

	boxes_crash(state, NULL, N);
	keep(state);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		again(state);
		zero(state, 1, box_offset(N - 3), box_offset(N + 3));
		put(state, 1, places[i], "x", 1);
		forged(state, 1, N - 3);
	}
	/* as little a hole between records, or a record's chain that is not there */
	again(state);
	zero(state, 1, box_offset(N - 3), box_offset(N - 1));
	forged(state, 1, N - 3);
	/* nor does it hide what is wrong before */
	again(state);
	zero(state, 1, box_offset(N - 3), box_offset(N));
	put(state, 1, box_offset(5) + 40, "x", 1);
	forged(state, 1, 5);
}

/* Nobody writes behind a seal, and thus no power cut ends that. */
static void sealed(void **state)
{
	const struct box_options options = { .segment_records = N };
	const off_t ends[] = { box_offset(N) + 1, box_offset(N) + 100, box_offset(N + 2) };
	struct box *box = boxes_open(state, &options);
	unsigned int number;
	size_t i;

	boxes_fill(box, 1, N);
	boxes_fill(box, N + 1, 5);
	box_close(box);
	keep(state);
	for (number = 1; number <= 2; number++) {
		const uint64_t records = number == 1 ? N : 5;

		for (i = 0; i < ARRAY_SIZE(ends); i++) {
			off_t end = ends[i] - box_offset(N) + box_offset(records);

			again(state);
			zero(state, number, box_offset(records), end);
			forged(state, number, records);
			put(state, number, box_offset(records), "x", 1);
			forged(state, number, records);
		}
		again(state);
		zero(state, number, box_offset(records - 1), box_offset(records));
		forged(state, number, records - 1);
	}
}

/*
 * What a checkpoint has seen was on the disk: zeroes there are no power cut's. Each record
 * from which on it was zeroed is told no better than if it had been cut off there.
 */
static void no_better_than_cut(void **state)
{
	const struct box_options options = { .checkpoint_records = 10 };
	struct box *box = boxes_open(state, &options);
	const struct verified *seen;
	uint64_t n, cut;

	boxes_fill(box, 1, 10);
	boxes_fill(box, 11, 5);
	keep(state);
	for (n = 0; n < 15; n++) {
		again(state);
		assert_int_equal(truncate(segment(state, 1), box_offset(n)), 0);
		seen = verified(state, NULL, NULL);
		assert_int_equal(seen->result.findings[VERIFY_FORGED] > 0, n < 10);
		cut = seen->result.findings[VERIFY_SPAN];
		again(state);
		zero(state, 1, box_offset(n), box_offset(15));
		seen = verified(state, NULL, NULL);
		assert_int_equal(seen->result.findings[VERIFY_FORGED] > 0, n < 10);
		if (n < 10)
			forged(state, 1, n);
		else
			assert_true(seen->result.findings[VERIFY_SPAN] > cut);
	}
	box_close(box);
}

/* Checkpoints are taken away as well: who has the anchor knows. */
static void anchored(void **state)
{
	const struct box_options options = { .checkpoint_records = N };
	const struct verified *seen;

	boxes_crash(state, &options, N);
	shell(state, "cp box/checkpoints anchor && sed -i '$d' box/checkpoints");
	zero(state, 1, box_offset(N - 3), box_offset(N));
	seen = verified(state, NULL, NULL);
	assert_int_equal(seen->result.findings[VERIFY_FORGED], 0);
	assert_int_equal(seen->result.findings[VERIFY_SPAN], 2);
	seen = verified(state, NULL, boxes_path(state, "anchor"));
	assert_true(seen->result.findings[VERIFY_FORGED] > 0);
	says(seen, "its tail was cut off");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, boxes_setup, boxes_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(never_written), TEST(something_behind),   TEST(sealed),
		TEST(anchored),	     TEST(no_better_than_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
