// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checkpoints: the tree, the line, the key that moves forward, and its crashes
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audit/box_file.h"
#include "audit/notary.h"
#include "audit/witness.h"
#include "boxes.h"
#include "unit.h"

/* The roots that implementations of RFC 6962 are tested with. */
static void tree(void **state)
{
	static const struct {
		const char *leaf;
		size_t len;
		const char *root; /* with the leaves up to this one */
	} rows[] = {
		{ "", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" },
		{ "\x00", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125" },
		{ "\x10", 1, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77" },
		{ "\x20\x21", 2,
		  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" },
		{ "\x30\x31", 2,
		  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4" },
		{ "\x40\x41\x42\x43", 4,
		  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef" },
		{ "\x50\x51\x52\x53\x54\x55\x56\x57", 8,
		  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c" },
		{ "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16,
		  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328" },
	};
	uint8_t root[MERKLE_HASH];
	struct merkle merkle;
	char hex[65];
	size_t i;

	(void)state;
	merkle_init(&merkle);
	merkle_root(&merkle, root);
	assert_string_equal(sodium_bin2hex(hex, sizeof(hex), root, sizeof(root)),
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		merkle_add(&merkle, rows[i].leaf, rows[i].len);
		merkle_root(&merkle, root);
		assert_string_equal(sodium_bin2hex(hex, sizeof(hex), root, sizeof(root)),
				    rows[i].root);
	}
}

/* A line with any byte changed, cut anywhere, or with more behind it is none, or unsigned. */
static void line(void **state)
{
	struct checkpoint cp = { .number = 7, .why = "time", .segment = 3, .every = 60 }, again;
	char text[CHECKPOINT_LINE], spoilt[CHECKPOINT_LINE];
	uint8_t seed[KEY_SEED] = { 1 }, public[KEY_PUBLIC];
	size_t i, len;

	(void)state;
	key_public(seed, public);
	checkpoint_clocks(&cp);
	checkpoint_sign(&cp, seed, text);
	len = strlen(text) - 1;
	assert_int_equal(text[len], '\n');
	text[len] = '\0';
	assert_true(checkpoint_parse(text, &again));
	assert_memory_equal(&cp, &again, sizeof(cp));
	assert_true(checkpoint_signed(text, public));
	for (i = 0; i < len; i++) {
		strcpy(spoilt, text);
		spoilt[i] ^= 1;
		assert_false(checkpoint_parse(spoilt, &again) && checkpoint_signed(spoilt, public));
		strcpy(spoilt, text);
		spoilt[i] = '\0';
		assert_false(checkpoint_parse(spoilt, &again));
	}
	strcat(text, " ");
	assert_false(checkpoint_parse(text, &again));
	public[0] ^= 1;
	assert_false(checkpoint_signed(text, public));
}

static int directory(void **state)
{
	int dir = open(*state, O_RDONLY | O_DIRECTORY);

	assert_true(dir >= 0);
	return dir;
}

static void start(struct notary *n, int dir)
{
	char error[BOX_ERROR] = "";

	if (notary_open(n, dir, error) || *error)
		fail_msg("notary_open: %s", error);
}

static void sign(struct notary *n)
{
	struct checkpoint cp = { .why = "time", .segment = 1, .every = 60 };
	char error[BOX_ERROR];

	if (notary_sign(n, &cp, error))
		fail_msg("notary_sign: %s", error);
}

/* Nothing in the directory has the seed. */
static void gone(void **state, const uint8_t seed[KEY_SEED])
{
	char command[300], hex[2 * KEY_SEED + 1];

	sodium_bin2hex(hex, sizeof(hex), seed, KEY_SEED);
	snprintf(command, sizeof(command), "! grep -rq %s '%s'", hex, (char *)*state);
	assert_int_equal(system(command), 0);
}

static void forward(void **state)
{
	int dir = directory(state), old, i;
	uint8_t seed[KEY_SEED], expected[KEY_SEED], zeroes[64] = { 0 }, bytes[64];
	struct key key;
	struct notary n;
	struct stat st;

	start(&n, dir);
	assert_int_equal(fstatat(dir, "key", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	for (i = 0; i < 5; i++) {
		old = openat(dir, "key", O_RDONLY);
		memcpy(seed, n.key.seed, sizeof(seed));
		key = n.key;
		key_step(&key);
		memcpy(expected, key.seed, sizeof(expected));
		sign(&n);
		assert_memory_equal(n.key.seed, expected, sizeof(expected));
		assert_int_equal(n.key.number, i + 2);
		gone(state, seed);
		/* nor what the file was before, which somebody may still have open */
		assert_int_equal(pread(old, bytes, sizeof(bytes), 0), sizeof(bytes));
		assert_memory_equal(bytes, zeroes, sizeof(bytes));
		close(old);
	}
	notary_close(&n);
	close(dir);
}

/* The crash comes when the key has moved, and the line is there in part or not at all. */
static void torn_line(void **state)
{
	int dir = directory(state);
	struct notary n;
	char last[CHECKPOINT_LINE];
	off_t before, size, at;
	const char *path = boxes_path(state, "checkpoints");

	start(&n, dir);
	sign(&n);
	before = boxes_size(path);
	sign(&n);
	size = boxes_size(path);
	strcpy(last, n.line);
	notary_close(&n);
	for (at = before; at <= size; at += 3) {
		assert_int_equal(truncate(path, at), 0);
		start(&n, dir);
		assert_int_equal(n.key.number, 3);
		assert_int_equal(n.last.number, 2);
		assert_string_equal(n.line, last);
		assert_int_equal(boxes_size(path), size);
		notary_close(&n);
	}
	start(&n, dir);
	sign(&n);
	assert_int_equal(n.last.number, 3);
	notary_close(&n);
	close(dir);
}

/* The crash comes before the key has moved: the line was not shown to anybody. */
static void key_not_moved(void **state)
{
	int dir = directory(state), fd;
	struct notary n;

	start(&n, dir);
	sign(&n);
	fd = openat(dir, "key.new", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "half", 4), 4);
	close(fd);
	notary_close(&n);
	start(&n, dir);
	assert_int_equal(n.key.number, 2);
	sign(&n);
	assert_int_equal(faccessat(dir, "key.new", F_OK, 0), -1);
	notary_close(&n);
	close(dir);
}

/* No room for the line: it is the same one when there is. */
static void no_room(void **state)
{
	struct checkpoint cp = { .why = "time", .segment = 1, .every = 60 };
	int dir = directory(state), i;
	struct rlimit limit, before;
	char error[BOX_ERROR], owed[CHECKPOINT_LINE];
	struct notary n;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	start(&n, dir);
	for (i = 0; i < 4; i++)
		sign(&n);
	limit = before;
	limit.rlim_cur = 2300;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(notary_sign(&n, &cp, error), -ENOSPC);
	strcpy(owed, n.line);
	assert_int_equal(n.last.number, 5);
	assert_int_equal(notary_sign(&n, &cp, error), -ENOSPC);
	assert_string_equal(owed, n.line);
	limit.rlim_cur = 100;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(notary_sign(&n, &cp, error), -ENOSPC);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	sign(&n);
	assert_int_equal(n.last.number, 6);
	notary_close(&n);
	close(dir);
}

/* A key that is lost does not stop the recorder, and does not hide. */
static void key_lost(void **state)
{
	int dir = directory(state);
	char error[BOX_ERROR] = "";
	struct notary n;

	start(&n, dir);
	sign(&n);
	sign(&n);
	notary_close(&n);
	assert_int_equal(unlinkat(dir, "key", 0), 0);
	assert_int_equal(notary_open(&n, dir, error), 0);
	assert_non_null(strstr(error, "a new one signs from checkpoint 3 on"));
	sign(&n);
	assert_int_equal(n.last.number, 3);
	notary_close(&n);
	close(dir);
}

/* A box of a newer or older program is not signed on, and its key is not replaced. */
static void strange_version(void **state)
{
	int dir = directory(state);
	char command[600], error[BOX_ERROR] = "";
	struct notary n;

	start(&n, dir);
	sign(&n);
	sign(&n);
	notary_close(&n);
	snprintf(command, sizeof(command),
		 "cd '%s' && sed -i 's/checkpoint\":2,/checkpoint\":3,/' key checkpoints && "
		 "cp key was",
		 (char *)*state);
	assert_int_equal(system(command), 0);
	assert_int_equal(notary_open(&n, dir, error), -EPROTO);
	assert_non_null(strstr(error, "the box has a checkpoint of version 3"));
	notary_close(&n);
	snprintf(command, sizeof(command), "cd '%s' && cmp -s key was && rm key", (char *)*state);
	assert_int_equal(system(command), 0);
	assert_int_equal(notary_open(&n, dir, error), -EPROTO);
	notary_close(&n);
	assert_int_equal(faccessat(dir, "key", F_OK, 0), -1);
	close(dir);
}

static void wait_for(struct witness *w, char error[BOX_ERROR])
{
	*error = '\0';
	witness_end(w, error);
}

static void hook(void **state)
{
	char command[600], error[BOX_ERROR] = "";
	struct witness w = { .hook = command, .name = "the hook", .limit = 10000000000ULL };

	snprintf(command, sizeof(command), "cat >>'%s'", boxes_path(state, "heard"));
	assert_int_equal(witness_tell(&w, "one", 1, error), 0);
	assert_int_equal(witness_tell(&w, "two", 2, error), 0);
	wait_for(&w, error);
	assert_string_equal(error, "");
	assert_int_equal(w.heard, 2);
	snprintf(command, sizeof(command), "[ \"$(cat '%s')\" = 'one\ntwo' ]",
		 boxes_path(state, "heard"));
	assert_int_equal(system(command), 0);
	strcpy(command, "exit 9");
	assert_int_equal(witness_tell(&w, "three", 3, error), 0);
	wait_for(&w, error);
	assert_non_null(strstr(error, "exit code 9"));
	/* it does not read, it does not end, and keeps nobody waiting */
	strcpy(command, "sleep 1000 & sleep 1000");
	w.limit = 200000000;
	assert_int_equal(witness_tell(&w, "four", 4, error), 0);
	assert_true(w.pid > 0);
	wait_for(&w, error);
	assert_non_null(strstr(error, "did not end in 200 ms and was killed"));
	/* what failed was not heard */
	assert_int_equal(w.heard, 2);
}

/* Each reason for a checkpoint, the anchor beside them, and no checkpoint without one. */
static void reasons(void **state)
{
	static char anchor[256];
	struct box_options options = {
		.segment_records = 100,
		.checkpoint_records = 30,
		.checkpoint_s = 1,
		.anchor = anchor,
	};
	char command[900], error[BOX_ERROR];
	struct box *box;

	snprintf(anchor, sizeof(anchor), "%s", boxes_path(state, "anchor"));
	box = boxes_open(state, &options);
	boxes_fill(box, 1, 29);
	boxes_fill(box, 30, 1);
	boxes_fill(box, 31, 70);
	assert_int_equal(box_tick(box, error), 0);
	usleep(1050000);
	assert_int_equal(box_tick(box, error), 0);
	assert_int_equal(box_tick(box, error), 0);
	box_close(box);
	snprintf(command, sizeof(command),
		 "cd '%s' && cmp anchor box/checkpoints && "
		 "[ \"$(cut -d, -f2-5 anchor | tr -d '\"')\" = "
		 "'number:1,why:begin,segment:1,records:0\n"
		 "number:2,why:records,segment:1,records:30\n"
		 "number:3,why:seal,segment:1,records:100\n"
		 "number:4,why:time,segment:2,records:0\n"
		 "number:5,why:close,segment:2,records:0' ]",
		 (char *)*state);
	assert_int_equal(system(command), 0);
	boxes_proven(state);
}

/* An anchor that cannot be written is told, once, and stops nothing. */
static void no_anchor(void **state)
{
	const struct box_options options = { .anchor = "/nowhere/at/all" };
	char error[BOX_ERROR];
	struct box *box = boxes_open(state, &options);

	assert_int_equal(box_tick(box, error), -ENOENT);
	assert_non_null(strstr(error, "/nowhere/at/all"));
	assert_int_equal(box_tick(box, error), 0);
	boxes_fill(box, 1, 10);
	box_close(box);
	boxes_proven(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, boxes_setup, boxes_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tree),	     TEST(line),    TEST(forward),   TEST(torn_line),
		TEST(key_not_moved), TEST(no_room), TEST(key_lost),  TEST(strange_version),
		TEST(hook),	     TEST(reasons), TEST(no_anchor),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
