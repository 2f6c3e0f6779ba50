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
#include <time.h>
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

static off_t offset(uint64_t slots)
{
	return 256 + (off_t)slots * 224;
}

static void copy(void **state, const char *from, const char *to)
{
	char command[600];

	snprintf(command, sizeof(command), "cd '%s' && rm -rf '%s' && cp -a '%s' '%s'",
		 (char *)*state, to, from, to);
	assert_int_equal(system(command), 0);
}

/* The last segment ends at any byte of its last two slots: whole ones stay. */
static void torn_anywhere(void **state)
{
	const struct box_options options = { 0 };
	char error[BOX_ERROR];
	struct box *box;
	off_t at;

	boxes_crash(state, NULL, 7);
	copy(state, "box", "kept");
	for (at = offset(5); at <= offset(7); at++) {
		uint64_t whole = at == offset(7) ? 7 : at < offset(6) ? 5 : 6;

		copy(state, "kept", "box");
		assert_int_equal(truncate(boxes_path(state, "box/segments/%020d.seg", 1), at), 0);
		assert_int_equal(box_open(&box, boxes_path(state, "box"), &boxes_source, &options,
					  error),
				 0);
		assert_string_equal(error, "");
		assert_int_equal(box_last_seq(box, false), whole);
		assert_int_equal(box_end(box).segment, 2);
		boxes_fill(box, whole + 1, 3);
		box_close(box);
		holds(state, whole + 3);
	}
}

/* The file has its length, but not its bytes, from any one of the last slot on. */
static void torn_bytes(void **state)
{
	const struct box_options options = { 0 };
	static const uint8_t zeroes[224];
	char error[BOX_ERROR];
	struct box *box;
	off_t at;
	int fd;

	boxes_crash(state, NULL, 7);
	copy(state, "box", "kept");
	for (at = offset(6); at < offset(7); at += 7) {
		copy(state, "kept", "box");
		fd = open(boxes_path(state, "box/segments/%020d.seg", 1), O_WRONLY);
		assert_int_equal(pwrite(fd, zeroes, (size_t)(offset(7) - at), at), offset(7) - at);
		close(fd);
		assert_int_equal(box_open(&box, boxes_path(state, "box"), &boxes_source, &options,
					  error),
				 0);
		assert_int_equal(box_last_seq(box, false), 6);
		box_close(box);
		holds(state, 6);
	}
}

/* What no crash can have done stays as it is, and recording goes on. */
static void damaged(void **state)
{
	const struct box_options options = { 0 };
	char error[BOX_ERROR];
	struct box *box;
	int fd;

	boxes_crash(state, NULL, 20);
	fd = open(boxes_path(state, "box/segments/%020d.seg", 1), O_WRONLY);
	assert_int_equal(pwrite(fd, "x", 1, offset(10) + 100), 1);
	close(fd);
	assert_int_equal(box_open(&box, boxes_path(state, "box"), &boxes_source, &options, error),
			 0);
	assert_non_null(strstr(error, "segment 1 is damaged at record 10"));
	assert_int_equal(box_last_seq(box, false), 20);
	boxes_fill(box, 21, 5);
	box_close(box);
	assert_int_equal(boxes_size(boxes_path(state, "box/segments/%020d.seg", 1)), offset(20));
	holds(state, 25);
	/* nor a head that is no head any longer */
	fd = open(boxes_path(state, "box/segments/%020d.seg", 2), O_WRONLY);
	assert_int_equal(pwrite(fd, "x", 1, 0), 1);
	close(fd);
	assert_int_equal(box_open(&box, boxes_path(state, "box"), &boxes_source, &options, error),
			 0);
	assert_non_null(strstr(error, "segment 2 has no head"));
	assert_int_equal(box_end(box).segment, 3);
	boxes_fill(box, 26, 5);
	box_close(box);
}

/* No room, at any place of a batch: all of it or nothing, and later it goes on. */
static void disk_full(void **state)
{
	struct simseg_record records[4];
	struct rlimit limit, before;
	char error[BOX_ERROR];
	struct box *box;
	rlim_t room;
	size_t i;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	box = boxes_open(state, NULL);
	boxes_fill(box, 1, 3);
	for (i = 0; i < ARRAY_SIZE(records); i++)
		records[i] = boxes_record(4 + i, SIMSEG_RECORD_OPEN);
	for (room = (rlim_t)offset(3); room < (rlim_t)offset(7); room += 5) {
		limit = before;
		limit.rlim_cur = room;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		assert_int_equal(box_append(box, records, 4, error), -ENOSPC);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
		assert_int_equal(boxes_size(boxes_path(state, "box/segments/%020d.seg", 1)),
				 offset(3));
		assert_int_equal(box_end(box).index, 3);
		assert_int_equal(box_last_seq(box, false), 3);
	}
	boxes_fill(box, 4, 10);
	box_close(box);
	holds(state, 13);
}

/* Committed numbers go up the pipe; the killed writer may have stored some more. */
static void write_until_killed(void **state, int pipe)
{
	const struct box_options options = { .segment_records = 400, .checkpoint_records = 90 };
	struct box *box = boxes_open(state, &options);
	uint64_t seq = box_last_seq(box, false);

	for (;; seq += 25) {
		uint64_t done = seq + 25;

		boxes_fill(box, seq + 1, 25);
		if (write(pipe, &done, sizeof(done)) != sizeof(done))
			_exit(1);
	}
}

static void killed(void **state)
{
	uint64_t committed = 0, done;
	int fds[2], i, status;
	size_t have;

	for (i = 0; i < 50; i++) {
		pid_t pid;

		assert_int_equal(pipe(fds), 0);
		pid = fork();
		if (!pid)
			write_until_killed(state, fds[1]);
		close(fds[1]);
		assert_int_equal(read(fds[0], &done, sizeof(done)), sizeof(done));
		committed = done;
		usleep((useconds_t)(i * 331 % 7000));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		while (read(fds[0], &done, sizeof(done)) == sizeof(done))
			committed = done;
		close(fds[0]);
	}
	box_close(boxes_open(state, NULL));
	have = boxes_read(state, seqs, MANY);
	assert_true(have >= committed);
	holds(state, have);
	boxes_proven(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, boxes_setup, boxes_teardown)

/* Not a test: how fast it takes @n records, in batches as the agent's, into DIR/box. */
static int bench(char *dir, size_t n)
{
	enum {
		BATCH = 1000
	};
	struct timespec from, to;
	void *state = dir;
	struct box *box = boxes_open(&state, NULL);
	struct simseg_record records[BATCH];
	uint64_t seq = box_last_seq(box, false);
	char error[BOX_ERROR] = "";
	double s;
	size_t i;

	clock_gettime(CLOCK_MONOTONIC, &from);
	while (n >= BATCH && !*error) {
		for (i = 0; i < BATCH; i++)
			records[i] = boxes_record(++seq, SIMSEG_RECORD_CLOSE);
		if (box_append(box, records, BATCH, error) || box_commit(box, error))
			break;
		n -= BATCH;
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	box_close(box);
	s = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	printf("%llu records, %.0f a second %s\n", (unsigned long long)seq, (double)seq / s, error);
	return *error != '\0';
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(kept),	 TEST(segments),      TEST(one_writer), TEST(follows),
		TEST(last_seq),	 TEST(torn_anywhere), TEST(torn_bytes), TEST(damaged),
		TEST(disk_full), TEST(killed),
	};

	if (argc == 4 && !strcmp(argv[1], "bench"))
		return bench(argv[2], strtoul(argv[3], NULL, 10));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
