// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Purged segments: what the verifier takes as a purge, and what as a theft
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/box_file.h"
#include "audit/purged.h"
#include "audit/store.h"
#include "audit/verify.h"
#include "boxes.h"
#include "unit.h"

#define PER_SEGMENT 100
#define SEGMENTS    5

static const struct box_options options = { .segment_records = PER_SEGMENT };

struct seen {
	struct verify_result result;
	char all[8192];
	void (*during)(void **state); /* once, when the first span is found */
	void **state;
};

static void found(void *arg, const struct verify_finding *f)
{
	struct seen *seen = arg;
	size_t len = strlen(seen->all);

	snprintf(seen->all + len, sizeof(seen->all) - len, "%d %s\n", f->grade, f->text);
	if (f->grade != VERIFY_SPAN || !seen->during)
		return;
	seen->during(seen->state);
	seen->during = NULL;
}

static const struct seen *verify_during(void **state, void (*during)(void **state))
{
	static struct seen seen;
	const struct verify_options opts = { .found = found, .arg = &seen };
	char error[BOX_ERROR] = "";

	memset(&seen, 0, sizeof(seen));
	seen.during = during;
	seen.state = state;
	if (verify_box(boxes_path(state, "box"), &opts, &seen.result, error))
		fail_msg("verify_box: %s", error);
	return &seen;
}

static const struct seen *verify(void **state)
{
	return verify_during(state, NULL);
}

static void fine(void **state, const char *note)
{
	const struct seen *seen = verify(state);

	if (seen->result.findings[VERIFY_FORGED] || seen->result.findings[VERIFY_SPAN] ||
	    !strstr(seen->all, note))
		fail_msg("%s", seen->all);
}

static void span(void **state, const char *text)
{
	const struct seen *seen = verify(state);

	if (seen->result.findings[VERIFY_FORGED] || seen->result.findings[VERIFY_SPAN] != 1 ||
	    !strstr(seen->all, text))
		fail_msg("%s", seen->all);
}

static void forged(void **state, const char *text)
{
	const struct seen *seen = verify(state);

	if (!seen->result.findings[VERIFY_FORGED] || !strstr(seen->all, text))
		fail_msg("'%s' is not in: %s", text, seen->all);
}

static void fill(void **state)
{
	struct box *box = boxes_open(state, &options);
	uint64_t i;

	for (i = 0; i < SEGMENTS; i++)
		boxes_fill(box, 1 + i * PER_SEGMENT, PER_SEGMENT);
	box_close(box);
}

/* The command: @n segments from the front. */
static void purge(void **state, uint32_t n)
{
	const struct store_limits limits = { .bytes = 1, .segments = n };
	struct store_purged purged;
	struct store *store;
	char error[BOX_ERROR];

	assert_int_equal(store_open(&store, boxes_path(state, "box"), STORE_WRITE, error), 0);
	assert_true(store_follow(store, 0, error) >= 0);
	assert_int_equal(store_purge(store, &limits, &purged, error), 0);
	assert_int_equal(purged.segments, n);
	store_close(store);
}

/* The recorder comes, and vouches for what it finds. */
static void checkpoint(void **state)
{
	box_close(boxes_open(state, &options));
}

static void shell(void **state, const char *what)
{
	char command[600];

	snprintf(command, sizeof(command), "cd '%s/box' && %s", (char *)*state, what);
	assert_int_equal(system(command), 0);
}

/* What an attacker writes who knows the format. */
static void line(void **state, uint64_t segment, int records, const char *chain)
{
	char command[400];

	snprintf(command, sizeof(command),
		 "echo segment %llu records %d chain %s time 2026-11-23T07:00:00.000000Z first "
		 "2026-08-01T00:00:00.000000Z last 2026-08-02T00:00:00.000000Z >>purged",
		 (unsigned long long)segment, records, chain);
	shell(state, command);
}

/* The chain of the last record, in hexadecimal. */
static const char *chain_of(void **state, unsigned int segment)
{
	static char hex[2 * BOX_HASH + 1];
	struct box_slot slot;
	int fd = open(boxes_path(state, "box/segments/%020u.seg", segment), O_RDONLY);

	assert_int_equal(pread(fd, &slot, sizeof(slot), box_offset(PER_SEGMENT - 1)), sizeof(slot));
	close(fd);
	return sodium_bin2hex(hex, sizeof(hex), slot.chain, BOX_HASH);
}

static void purged(void **state)
{
	fill(state);
	fine(state, "");
	purge(state, 2);
	span(state, "no checkpoint vouches yet for the purge of the last 2 of these segments, up "
		    "to segment 2");
	checkpoint(state);
	fine(state, "2 segments with 200 records were purged: checkpoint ");
	purge(state, 1);
	span(state, "of the last 1 of these segments, up to segment 3");
	checkpoint(state);
	fine(state, "3 segments with 300 records");
	assert_int_equal(verify(state)->result.records, (SEGMENTS - 3) * PER_SEGMENT);
	assert_int_equal(verify(state)->result.segments, SEGMENTS + 1 - 3);
}

/* Beside a recorder at work, which vouches with its next checkpoint. */
static void beside(void **state)
{
	const struct box_options often = {
		.segment_records = PER_SEGMENT,
		.checkpoint_records = 10,
	};
	struct box *box = boxes_open(state, &often);
	char error[BOX_ERROR];

	boxes_fill(box, 1, PER_SEGMENT);
	boxes_fill(box, 101, PER_SEGMENT);
	boxes_fill(box, 201, 10);
	purge(state, 2);
	span(state, "no checkpoint vouches yet");
	boxes_fill(box, 211, 10);
	fine(state, "2 segments with 200 records");
	assert_int_equal(box_tick(box, error), 0);
	box_close(box);
	fine(state, "2 segments with 200 records");
}

static void without_line(void **state)
{
	fill(state);
	purge(state, 1);
	checkpoint(state);
	shell(state, "rm segments/*2.seg");
	forged(state, "segment 2 is missing");
	shell(state, "rm segments/*3.seg purged");
	forged(state, "segments 1 to 3 are missing");
	forged(state, "vouches for 1 purged segments, purged tells of 0: lines were taken away");
}

static void lines_removed(void **state)
{
	fill(state);
	purge(state, 2);
	checkpoint(state);
	shell(state, "sed -i 2d purged");
	forged(state, "vouches for 2 purged segments, purged tells of 1");
	forged(state, "segment 2 is missing");
}

static void lines_changed(void **state)
{
	fill(state);
	purge(state, 2);
	checkpoint(state);
	shell(state, "sed -i '1s/ last 20/ last 19/' purged");
	forged(state, "the first 2 lines of purged are not those that checkpoint");
	/* nor does the recorder vouch for them */
	box_close(boxes_open(state, &options));
	forged(state, "the first 2 lines of purged are not those that checkpoint");
}

/* The recorder says that the lines are others, and that again. */
static void recorder_tells(void **state)
{
	static const struct box_options often = {
		.segment_records = PER_SEGMENT,
		.checkpoint_records = 1,
	};
	char error[BOX_ERROR] = "";
	struct box *box;

	fill(state);
	purge(state, 2);
	box = boxes_open(state, &often);
	assert_int_equal(box_tick(box, error), 0);
	shell(state, "sed -i 1d purged");
	boxes_fill(box, 501, 1);
	assert_int_equal(box_tick(box, error), -EBADMSG);
	assert_non_null(strstr(error, "no longer begins with the 2 lines"));
	shell(state, "rm purged && mkfifo purged");
	boxes_fill(box, 502, 1);
	assert_int_equal(box_tick(box, error), -EBADMSG);
	assert_non_null(strstr(error, "no regular file"));
	shell(state, "rm purged && ln -s /dev/zero purged");
	boxes_fill(box, 503, 1);
	assert_int_equal(box_tick(box, error), -ELOOP);
	box_close(box);
}

/* Evidence was changed, and then its segment purged by hand, under the recorder's eyes. */
static void other_records(void **state)
{
	char *other = NULL;

	fill(state);
	other = strdup(chain_of(state, 2));
	shell(state, "rm segments/*1.seg");
	line(state, 1, PER_SEGMENT, other);
	checkpoint(state);
	forged(state, "segment 1 went with other records than those of checkpoint");
	forged(state, "the segment does not follow from the one before");
	free(other);
}

static void fewer_records(void **state)
{
	fill(state);
	line(state, 1, PER_SEGMENT - 1, chain_of(state, 1));
	shell(state, "rm segments/*1.seg");
	checkpoint(state);
	forged(state, "has 100 records of segment 1, purged tells that it went with 99");
	forged(state, "the segment has 99 records before it, its head says 100");
}

static void bad_lines(void **state)
{
	static const char *const bad[] = {
		"segment 1 records 100 chain 00 time x",
		"segment 1",
		"nothing at all",
		"",
		"segment 2 records 1 chain "
		"0000000000000000000000000000000000000000000000000000000000000000 time x",
	};
	char command[300];
	size_t i;

	fill(state);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(command, sizeof(command), "echo '%s' >purged", bad[i]);
		shell(state, command);
		forged(state, "line 1 of purged does not tell of segment 1");
	}
	shell(state, "head -c 100000 /dev/zero >purged");
	forged(state, "line 1 of purged is too long");
}

/* The purge was killed between line and segment; or somebody prepares another one. */
static void more_than_gone(void **state)
{
	fill(state);
	line(state, 1, PER_SEGMENT, chain_of(state, 1));
	fine(state, "the purge did not come to its end");
	checkpoint(state);
	fine(state, "the purge did not come to its end");
	line(state, 2, PER_SEGMENT, chain_of(state, 2));
	span(state, "tells that 2 segments went which are still there");
	shell(state, "rm segments/*1.seg");
	checkpoint(state);
	fine(state, "the purge did not come to its end");
	/* not from the front */
	line(state, 3, PER_SEGMENT, chain_of(state, 3));
	shell(state, "rm segments/*3.seg");
	checkpoint(state);
	span(state, "tells that 1 segments went which are still there");
}

static void torn(void **state)
{
	fill(state);
	shell(state, "printf 'segment 1 rec' >purged");
	fine(state, "");
	checkpoint(state);
	fine(state, "");
	purge(state, 1);
	checkpoint(state);
	fine(state, "1 segments with 100 records");
}

/* What is behind the lines is not the purge's: it goes nowhere near it. */
static void garbage(void **state)
{
	struct purged_line text = { .segment = 2, .records = PER_SEGMENT };
	char error[BOX_ERROR];
	off_t size;
	int dir;

	fill(state);
	purge(state, 1);
	shell(state, "head -c 4000 /dev/zero >>purged");
	size = boxes_size(boxes_path(state, "box/purged"));
	dir = open(boxes_path(state, "box"), O_RDONLY | O_DIRECTORY);
	assert_int_equal(purged_append(dir, &text, 1, 2, error), -EBADMSG);
	assert_non_null(strstr(error, "does not end with a line"));
	assert_int_equal(boxes_size(boxes_path(state, "box/purged")), size);
	close(dir);
}

static struct simseg_record lost(uint64_t seq, uint64_t first)
{
	struct simseg_record record = boxes_record(seq, SIMSEG_RECORD_GAP);
	struct simseg_record_gap *gap = (void *)&record;

	memset(gap->lost, 0, sizeof(gap->lost));
	gap->first = first;
	gap->last = seq - 1;
	gap->lost[SIMSEG_RECORD_OPEN] = seq - first;
	return record;
}

static void purge_three(void **state)
{
	purge(state, 3);
}

/* Segments go while the verifier is in the first of them. */
static void meanwhile(void **state)
{
	struct box *box = boxes_open(state, &options);
	struct simseg_record gap = lost(20, 11);
	char error[BOX_ERROR];
	const struct seen *seen;
	uint64_t i;

	boxes_fill(box, 1, 10);
	assert_int_equal(box_append(box, &gap, 1, error), 0);
	boxes_fill(box, 21, PER_SEGMENT);
	for (i = 0; i < 4; i++)
		boxes_fill(box, 121 + i * PER_SEGMENT, PER_SEGMENT);
	box_close(box);
	seen = verify_during(state, purge_three);
	if (seen->result.findings[VERIFY_FORGED] || !strstr(seen->all, "no checkpoint vouches yet"))
		fail_msg("%s", seen->all);
	assert_int_equal(seen->result.lost, 9);
	assert_int_equal(seen->result.segments, 4);
}

/* The numbers go on where those of the purged segments end. */
static void numbers(void **state)
{
	struct simseg_record deny = boxes_record(101, SIMSEG_RECORD_DENY);
	struct box *box = boxes_open(state, &options);
	char error[BOX_ERROR];

	boxes_fill(box, 1, 50);
	boxes_fill(box, 51, 50);
	/* of the other ring, and behind */
	assert_int_equal(box_append(box, &deny, 1, error), 0);
	boxes_fill(box, 102, 60);
	boxes_fill(box, 162, 60);
	boxes_fill(box, 223, 10);
	deny.seq = 233;
	assert_int_equal(box_append(box, &deny, 1, error), 0);
	box_close(box);
	forged(state, "of numbers 222 to 222 1 ");
	purge(state, 1);
	checkpoint(state);
	forged(state, "of numbers 222 to 222 1 ");
	purge(state, 1);
	checkpoint(state);
	forged(state, "of numbers 222 to 222 1 ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, boxes_setup, boxes_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(purged),	     TEST(beside),	   TEST(without_line),	TEST(lines_removed),
		TEST(lines_changed), TEST(recorder_tells), TEST(other_records), TEST(fewer_records),
		TEST(bad_lines),     TEST(more_than_gone), TEST(torn),		TEST(garbage),
		TEST(meanwhile),     TEST(numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
