// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Black boxes for tests
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/verify.h"
#include "boxes.h"
#include "unit.h"

const struct box_source boxes_source = {
	.boot_id = { 0xb0, 0x07 },
	.netns = 0x4026531840,
};

int boxes_setup(void **state)
{
	/* hundreds of boxes are opened, each open waits for the disk a dozen times */
	char *dir = strdup(access("/dev/shm", W_OK) ? "/tmp/box.XXXXXX" : "/dev/shm/box.XXXXXX");

	*state = dir;
	return dir && mkdtemp(dir) ? 0 : -1;
}

int boxes_teardown(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", (char *)*state);
	free(*state);
	return system(command);
}

const char *boxes_path(void **state, const char *fmt, ...)
{
	static char paths[4][256];
	static unsigned int next;
	char *path = paths[next++ % ARRAY_SIZE(paths)];
	int len = snprintf(path, sizeof(paths[0]), "%s/", (char *)*state);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path + len, sizeof(paths[0]) - (size_t)len, fmt, ap);
	va_end(ap);
	return path;
}

struct simseg_record boxes_record(uint64_t seq, uint8_t kind)
{
	struct simseg_record r = {
		.version = SIMSEG_RECORD_VERSION,
		.size = sizeof(r),
		.kind = kind,
		.seq = seq,
		.time = seq * 1000000,
		.real = 1790000000000000000ULL + seq * 1000000,
		.session = seq * 7,
	};

	return r;
}

struct box *boxes_open(void **state, const struct box_options *options)
{
	static const struct box_options defaults;
	char error[BOX_ERROR];
	struct box *box;

	if (box_open(&box, boxes_path(state, "box"), &boxes_source, options ? options : &defaults,
		     error))
		fail_msg("box_open: %s", error);
	assert_string_equal(error, "");
	return box;
}

void boxes_fill(struct box *box, uint64_t seq, size_t n)
{
	struct simseg_record *records = calloc(n, sizeof(*records));
	char error[BOX_ERROR];
	size_t i;

	for (i = 0; i < n; i++)
		records[i] = boxes_record(seq + i, SIMSEG_RECORD_CLOSE);
	if (box_append(box, records, n, error) || box_commit(box, error))
		fail_msg("%s", error);
	free(records);
}

void boxes_crash(void **state, const struct box_options *options, size_t n)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		boxes_fill(boxes_open(state, options), 1, n);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

size_t boxes_read(void **state, uint64_t *seqs, size_t max)
{
	const struct simseg_record *record;
	const struct box_head *head;
	struct box_cursor *cursor;
	char error[BOX_ERROR];
	struct box_pos pos;
	size_t n = 0;
	int ret;

	if (box_cursor_open(&cursor, boxes_path(state, "box"), (struct box_pos){ 0, 0 }, error))
		fail_msg("box_cursor_open: %s", error);
	while ((ret = box_cursor_next(cursor, &record, &pos, &head, error)) > 0) {
		assert_true(n < max);
		seqs[n++] = record->seq;
	}
	if (ret)
		fail_msg("box_cursor_next: %s", error);
	box_cursor_close(cursor);
	return n;
}

static void forged(void *arg, const struct verify_finding *f)
{
	(void)arg;
	if (f->grade == VERIFY_FORGED)
		fail_msg("segment %llu, record %llu: %s", (unsigned long long)f->pos.segment,
			 (unsigned long long)f->pos.index, f->text);
}

void boxes_proven(void **state)
{
	const struct verify_options options = { .found = forged };
	struct verify_result result;
	char error[BOX_ERROR];

	if (verify_box(boxes_path(state, "box"), &options, &result, error))
		fail_msg("verify_box: %s", error);
}

off_t boxes_size(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}
