// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Attacks on a black box: the verifier has to name each, where it is
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/box_file.h"
#include "audit/checkpoint.h"
#include "boxes.h"
#include "unit.h"
#include "verified.h"

#define PER_SEGMENT 100
#define BATCHES	    35 /* of ten records */
#define ALL	    (BATCHES * 10)

static const struct verified *verify(void **state)
{
	return verified(state, NULL, boxes_path(state, "anchor"));
}

/* Three full segments, one that has some, all sealed; each batch has a checkpoint. */
static void fill(void **state)
{
	static char anchor[256];
	struct box_options options = {
		.segment_records = PER_SEGMENT,
		.checkpoint_records = 10,
		.anchor = anchor,
	};
	struct box *box;
	uint64_t i;

	snprintf(anchor, sizeof(anchor), "%s", boxes_path(state, "anchor"));
	box = boxes_open(state, &options);
	for (i = 0; i < BATCHES; i++)
		boxes_fill(box, 1 + i * 10, 10);
	box_close(box);
}

static void fine(void **state)
{
	const struct verified *seen = verify(state);

	if (seen->result.findings[VERIFY_FORGED] || seen->result.findings[VERIFY_SPAN])
		fail_msg("%s", seen->all);
	assert_int_equal(seen->result.lost, 0);
}

/* The first thing that is wrong is in @segment at @record and is called so. */
static void forged(void **state, uint64_t segment, uint64_t record, const char *text)
{
	const struct verified *seen = verify(state);

	assert_true(seen->result.findings[VERIFY_FORGED] > 0);
	if (!strstr(seen->first.text, text))
		fail_msg("'%s' is not in: %s", text, seen->all);
	if (seen->first.pos.segment != segment || seen->first.pos.index != record)
		fail_msg("it is at %llu/%llu: %s", (unsigned long long)seen->first.pos.segment,
			 (unsigned long long)seen->first.pos.index, seen->all);
}

static const char *segment_path(void **state, unsigned int number)
{
	return boxes_path(state, "box/segments/%020u.seg", number);
}

static int segment(void **state, unsigned int number)
{
	int fd = open(segment_path(state, number), O_RDWR);

	assert_true(fd >= 0);
	return fd;
}

static void slot_read(int fd, uint64_t index, struct box_slot *slot)
{
	assert_int_equal(pread(fd, slot, sizeof(*slot), box_offset(index)), sizeof(*slot));
}

static void slot_write(int fd, uint64_t index, const struct box_slot *slot)
{
	assert_int_equal(pwrite(fd, slot, sizeof(*slot), box_offset(index)), sizeof(*slot));
}

/* Slots from @from on to their new place: what is behind them follows. */
static void slots_move(int fd, uint64_t from, uint64_t to)
{
	static struct box_slot slots[PER_SEGMENT + 10];
	ssize_t len = pread(fd, slots, sizeof(slots), box_offset(from));

	assert_true(len > 0);
	assert_int_equal(pwrite(fd, slots, (size_t)len, box_offset(to)), len);
	if (to < from)
		assert_int_equal(ftruncate(fd, box_offset(to) + len), 0);
}

/* What an attacker does who knows the format: all chains from @from on fit again. */
static void rechain(int fd, uint64_t from)
{
	struct box_slot slot, before;

	slot_read(fd, from - 1, &before);
	while (pread(fd, &slot, sizeof(slot), box_offset(from)) == sizeof(slot)) {
		memcpy(slot.chain, before.chain, sizeof(slot.chain));
		box_chain_next(slot.chain, &slot.record);
		slot_write(fd, from++, &slot);
		before = slot;
	}
}

static void untouched(void **state)
{
	const struct verified *seen;
	uint8_t key[KEY_PUBLIC];
	char error[BOX_ERROR];
	int dir, segments;

	fill(state);
	fine(state);
	dir = box_dir_open(boxes_path(state, "box"), false, &segments, error);
	assert_int_equal(key_pub_load(dir, key, error), 0);
	seen = verified(state, key, NULL);
	assert_int_equal(seen->result.records, ALL);
	assert_int_equal(seen->result.segments, 4);
	assert_true(seen->result.checkpoints > BATCHES);
	assert_string_equal(seen->all, "");
	key[5] ^= 1;
	seen = verified(state, key, NULL);
	assert_non_null(strstr(seen->first.text, "checkpoint 1 is not signed with the box's key"));
	close(segments);
	close(dir);
}

/* One bit anywhere in a slot or a head. */
static void changed_byte(void **state)
{
	size_t at;

	fill(state);
	for (at = 0; at < sizeof(struct box_slot); at += 9) {
		int fd = segment(state, 2);
		uint8_t byte;

		pread(fd, &byte, 1, box_offset(37) + (off_t)at);
		byte ^= 0x40;
		pwrite(fd, &byte, 1, box_offset(37) + (off_t)at);
		forged(state, 2, 37, "does not follow from the one before");
		byte ^= 0x40;
		pwrite(fd, &byte, 1, box_offset(37) + (off_t)at);
		close(fd);
	}
	fine(state);
	for (at = 24; at < sizeof(struct box_head); at += 5) {
		int fd = segment(state, 3);
		uint8_t byte;

		pread(fd, &byte, 1, (off_t)at);
		byte ^= 1;
		pwrite(fd, &byte, 1, (off_t)at);
		forged(state, 3, 0, "head was changed");
		byte ^= 1;
		pwrite(fd, &byte, 1, (off_t)at);
		close(fd);
	}
	fine(state);
}

static void swapped(void **state)
{
	struct box_slot a, b;
	int fd;

	fill(state);
	fd = segment(state, 1);
	slot_read(fd, 50, &a);
	slot_read(fd, 51, &b);
	slot_write(fd, 50, &b);
	slot_write(fd, 51, &a);
	close(fd);
	forged(state, 1, 50, "does not follow");
}

static void dropped(void **state)
{
	int fd;

	fill(state);
	fd = segment(state, 2);
	slots_move(fd, 21, 20);
	close(fd);
	forged(state, 2, 20, "does not follow");
}

static void inserted(void **state)
{
	int fd;

	fill(state);
	fd = segment(state, 2);
	slots_move(fd, 20, 21);
	close(fd);
	forged(state, 2, 21, "does not follow");
}

/* A forged chain is consistent with itself, but not with what was signed. */
static void made_anew(void **state)
{
	struct box_slot slot;
	int fd;

	fill(state);
	fd = segment(state, 2);
	slot_read(fd, 63, &slot);
	slot.record.session++;
	slot_write(fd, 63, &slot);
	rechain(fd, 63);
	close(fd);
	forged(state, 2, 69, "one of the 10 since the checkpoint before was changed");
}

static void tail_cut(void **state)
{
	fill(state);
	assert_int_equal(truncate(segment_path(state, 4), box_offset(43)), 0);
	forged(state, 4, 43, "its tail was cut off");
}

static void last_segment_gone(void **state)
{
	fill(state);
	assert_int_equal(unlink(segment_path(state, 4)), 0);
	forged(state, 4, 0, "speaks of segment 4, which is not there");
}

static void segment_missing(void **state)
{
	fill(state);
	assert_int_equal(unlink(segment_path(state, 2)), 0);
	forged(state, 2, 0, "segment 2 is missing");
	assert_int_equal(unlink(segment_path(state, 1)), 0);
	forged(state, 1, 0, "segments 1 to 2 are missing");
}

static void copy(const char *from, const char *to)
{
	char command[600];

	snprintf(command, sizeof(command), "cp '%s' '%s'", from, to);
	assert_int_equal(system(command), 0);
}

/* Another box's segment of the same number; and one's own with another number. */
static void segment_replaced(void **state)
{
	void *other;

	fill(state);
	copy(segment_path(state, 2), segment_path(state, 9));
	forged(state, 5, 0, "segments 5 to 8 are missing");
	assert_int_equal(unlink(segment_path(state, 9)), 0);
	copy(segment_path(state, 2), segment_path(state, 3));
	forged(state, 3, 0, "says that it is segment 2");
	assert_int_equal(boxes_setup(&other), 0);
	fill(&other);
	copy(segment_path(&other, 2), segment_path(state, 2));
	forged(state, 2, 0, "does not follow from the one before");
	assert_int_equal(boxes_teardown(&other), 0);
}

static void shell(void **state, const char *what)
{
	char command[600];

	snprintf(command, sizeof(command), "cd '%s/box' && %s", (char *)*state, what);
	assert_int_equal(system(command), 0);
}

/* A tail that was cut from records and checkpoints alike: only the anchor knows. */
static void anchor_knows(void **state)
{
	const struct verified *seen;

	fill(state);
	shell(state, "rm segments/*4.seg && grep -v '\"segment\":4,' checkpoints >c && "
		     "mv c checkpoints");
	seen = verified(state, NULL, NULL);
	assert_int_equal(seen->result.findings[VERIFY_FORGED], 0);
	forged(state, 0, 0, "which the anchor has");
}

static void anchor_differs(void **state)
{
	fill(state);
	shell(state, "sed -i '5s/\"total\":/\"total\":1/' ../anchor");
	forged(state, 0, 0, "checkpoint 5 is another one in the anchor");
}

static void checkpoint_missing(void **state)
{
	fill(state);
	shell(state, "sed -i 7d checkpoints");
	forged(state, 0, 0, "checkpoint 7 is missing");
}

static void checkpoint_changed(void **state)
{
	fill(state);
	shell(state, "sed -i '7s/\"every_s\":60/\"every_s\":61/' checkpoints");
	forged(state, 0, 0, "checkpoint 7 is not signed with the box's key");
}

static void checkpoint_spoilt(void **state)
{
	fill(state);
	shell(state, "sed -i '3s/.*/nothing/' checkpoints");
	forged(state, 0, 0, "line 3 of checkpoints is no checkpoint");
	shell(state, ": >checkpoints");
	assert_non_null(
		strstr(verified(state, NULL, NULL)->first.text, "there is no checkpoint at all"));
	shell(state, "rm checkpoints");
	assert_non_null(strstr(verified(state, NULL, NULL)->first.text, "has no checkpoints"));
}

/* The next line of the box that the fixture has, as a program of version 9 writes it. */
static void sign_strange(void **state)
{
	char error[BOX_ERROR], line[CHECKPOINT_LINE], old[KEY_LINE], digits[2 * KEY_SIGNATURE + 1];
	struct checkpoint cp = { .why = "time", .segment = 4 };
	uint8_t signature[KEY_SIGNATURE];
	struct key key;
	FILE *file;
	size_t len;
	int dir;

	dir = open(boxes_path(state, "box"), O_RDONLY | O_DIRECTORY);
	assert_int_equal(key_load(dir, &key, old, error), 0);
	close(dir);
	checkpoint_sign(&cp, key.seed, line);
	*strpbrk(line, "0123456789") = '9';
	len = (size_t)(strstr(line, ",\"signature") - line);
	key_sign(key.seed, line, len, signature);
	line[len] = '\0';
	file = fopen(boxes_path(state, "box/checkpoints"), "a");
	fprintf(file, "%s,\"signature\":\"%s\"}\n", line,
		sodium_bin2hex(digits, sizeof(digits), signature, sizeof(signature)));
	fclose(file);
}

static void cannot_be_read(void **state, bool anchored, const char *text)
{
	const char *anchor = anchored ? boxes_path(state, "anchor") : NULL;
	struct verified seen = { 0 };
	struct verify_options options = { .found = verified_found, .arg = &seen, .anchor = anchor };
	char error[BOX_ERROR] = "";

	assert_int_equal(verify_box(boxes_path(state, "box"), &options, &seen.result, error),
			 -EPROTO);
	if (!strstr(error, text))
		fail_msg("'%s' is not in: %s", text, error);
	assert_int_equal(seen.result.findings[VERIFY_FORGED], 0);
}

/*
 * A newer program's checkpoint is no forgery if the box's key has signed it, and proves
 * nothing; a version that somebody has changed is one.
 */
static void checkpoint_strange_version(void **state)
{
	fill(state);
	shell(state, "cp checkpoints ../good && cp ../anchor ../told");
	sign_strange(state);
	cannot_be_read(state, false,
		       "the box has a checkpoint of version 9, this program knows version 2 alone");
	shell(state, "tail -n 1 checkpoints >>../anchor");
	cannot_be_read(state, true, "of version 9");
	shell(state, "cp ../good checkpoints");
	cannot_be_read(state, true, "the anchor has a checkpoint of version 9");
	shell(state, "cp ../told ../anchor");
	fine(state);
	shell(state, "sed -i '3s/:2,/:9,/' checkpoints");
	forged(state, 0, 0, "line 3 of checkpoints is no checkpoint");
}

/* Of the checkpoints alone the tail is cut: segments that follow each other betray it. */
static void checkpoints_cut(void **state)
{
	fill(state);
	shell(state, "head -n 25 checkpoints >c && mv c checkpoints");
	assert_int_equal(verified(state, NULL, NULL)->result.findings[VERIFY_SPAN], 2);
	assert_non_null(strstr(verified(state, NULL, NULL)->all,
			       "was sealed, but that checkpoint is missing"));
	forged(state, 0, 0, "which the anchor has");
}

/* A copy of a box that is being written: what no checkpoint has sealed yet is named. */
static void unsealed(void **state)
{
	const struct box_options options = { .checkpoint_records = 1000 };
	struct box *box = boxes_open(state, &options);
	const struct verified *seen;

	boxes_fill(box, 1, 20);
	seen = verified(state, NULL, NULL);
	assert_int_equal(seen->result.findings[VERIFY_FORGED], 0);
	assert_int_equal(seen->result.findings[VERIFY_SPAN], 1);
	assert_non_null(strstr(seen->all, "no checkpoint has sealed the last 20 records"));
	assert_non_null(strstr(seen->all, "2026-09-21T14:13:20"));
	box_close(box);
	seen = verified(state, NULL, NULL);
	assert_int_equal(seen->result.findings[VERIFY_SPAN], 0);
}

/* A record is taken out of the unsealed rest, and the chain made anew: its number lacks. */
static void unsealed_dropped(void **state)
{
	const struct box_options options = { .checkpoint_records = 1000 };
	struct simseg_record deny = boxes_record(31, SIMSEG_RECORD_DENY);
	struct box *box = boxes_open(state, &options);
	char error[BOX_ERROR];
	int fd;

	boxes_fill(box, 1, 30);
	assert_int_equal(box_append(box, &deny, 1, error), 0);
	boxes_fill(box, 32, 1);
	fd = segment(state, 1);
	slots_move(fd, 13, 12);
	rechain(fd, 12);
	close(fd);
	assert_non_null(strstr(verified(state, NULL, NULL)->first.text,
			       "of numbers 13 to 13 1 are missing"));
	box_close(box);
}

/* What a gap record counts is no forgery, but told. */
static void told_as_lost(void **state)
{
	struct simseg_record record = boxes_record(16, SIMSEG_RECORD_GAP);
	struct simseg_record_gap *gap = (void *)&record;
	struct box *box = boxes_open(state, NULL);
	const struct verified *seen;
	char error[BOX_ERROR];

	boxes_fill(box, 1, 10);
	memset(gap->lost, 0, sizeof(gap->lost));
	gap->first = 11;
	gap->last = 15;
	gap->lost[SIMSEG_RECORD_OPEN] = 5;
	assert_int_equal(box_append(box, &record, 1, error), 0);
	boxes_fill(box, 17, 10);
	box_close(box);
	seen = verified(state, NULL, NULL);
	assert_int_equal(seen->result.findings[VERIFY_FORGED], 0);
	assert_int_equal(seen->result.findings[VERIFY_SPAN], 1);
	assert_non_null(strstr(seen->all, "of numbers 11 to 15 5 were lost"));
	assert_int_equal(seen->result.lost, 5);
}

static void silence(void **state)
{
	const struct box_options options = { .checkpoint_s = 1 };
	struct box *box = boxes_open(state, &options);
	const struct verified *seen;
	char error[BOX_ERROR];

	assert_int_equal(box_tick(box, error), 0);
	usleep(1100000);
	assert_int_equal(box_tick(box, error), 0);
	seen = verified(state, NULL, NULL);
	assert_int_equal(seen->result.checkpoints, 2);
	assert_int_equal(seen->result.findings[VERIFY_SPAN], 0);
	usleep(2200000);
	assert_int_equal(box_tick(box, error), 0);
	box_close(box);
	seen = verified(state, NULL, NULL);
	assert_int_equal(seen->result.findings[VERIFY_SPAN], 1);
	assert_non_null(strstr(seen->all, "silence of 2 s"));
	assert_non_null(strstr(seen->all, "between checkpoints 2 and 3"));
}

/* Whole segments are left out of a span, and what is wrong in them. */
static void span(void **state)
{
	struct verify_options options = { .found = verified_found };
	struct verified seen = { 0 };
	char error[BOX_ERROR];
	struct box_head head;
	struct box_slot slot;
	int fd;

	fill(state);
	fd = segment(state, 1);
	slot_read(fd, 5, &slot);
	slot.record.session++;
	slot_write(fd, 5, &slot);
	close(fd);
	fd = segment(state, 3);
	assert_int_equal(box_head_read(fd, 3, &head, error), 0);
	close(fd);
	options.from = head.real;
	options.arg = &seen;
	assert_int_equal(verify_box(boxes_path(state, "box"), &options, &seen.result, error), 0);
	assert_int_equal(seen.result.findings[VERIFY_FORGED], 0);
	assert_int_equal(seen.result.segments, 2);
	options.to = head.real;
	assert_int_equal(verify_box(boxes_path(state, "box"), &options, &seen.result, error), 0);
	assert_int_equal(seen.result.findings[VERIFY_FORGED], 0);
	assert_int_equal(seen.result.segments, 1);
	options.from = 0;
	assert_int_equal(verify_box(boxes_path(state, "box"), &options, &seen.result, error), 0);
	assert_true(seen.result.findings[VERIFY_FORGED] > 0);
	assert_int_equal(seen.result.segments, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, boxes_setup, boxes_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(untouched),
		TEST(changed_byte),
		TEST(swapped),
		TEST(dropped),
		TEST(inserted),
		TEST(made_anew),
		TEST(tail_cut),
		TEST(last_segment_gone),
		TEST(segment_missing),
		TEST(segment_replaced),
		TEST(anchor_knows),
		TEST(anchor_differs),
		TEST(checkpoint_missing),
		TEST(checkpoint_changed),
		TEST(checkpoint_spoilt),
		TEST(checkpoint_strange_version),
		TEST(checkpoints_cut),
		TEST(unsealed),
		TEST(unsealed_dropped),
		TEST(told_as_lost),
		TEST(silence),
		TEST(span),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
