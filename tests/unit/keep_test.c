// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is kept, what goes, and how index and records come together again
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/store_db.h"
#include "libseg.h"
#include "stores.h"
#include "trail.h"
#include "unit.h"

#define RECORDS 2000
#define SEGMENT 250
#define CHUNK	300

static char error[BOX_ERROR];

static char *segment_of(const char *dir, unsigned int number)
{
	char name[64];

	snprintf(name, sizeof(name), "segments/%020u.seg", number);
	return stores_path(dir, name);
}

static struct store *filled(char **dir, struct simseg_record *all)
{
	struct store *store;
	struct trail t;

	*dir = trail_dir();
	trail_init(&t, 21, 12, 20);
	trail_box(*dir, &t, RECORDS, SEGMENT, all);
	if (store_open(&store, *dir, STORE_WRITE, error))
		fail_msg("%s", error);
	store->chunk_records = CHUNK;
	assert_int_equal(store_follow(store, 0, error), RECORDS);
	return store;
}

static struct store_hold hold_of(const char *iccid)
{
	struct store_hold hold = { .actor = "judge", .reason = "case 7", .real = 5 };

	seg_iccid_pack(iccid, hold.device);
	return hold;
}

/* One record of its own in a box, so that it is known where a device is. */
static void device_box(const char *dir, const char *iccid, uint64_t from, unsigned int segments,
		       unsigned int at)
{
	const struct box_options options = { .segment_records = 2 };
	const struct box_source source = { .boot_id = "boot", .netns = 1 };
	struct box *box;
	unsigned int i;

	assert_int_equal(box_open(&box, dir, &source, &options, error), 0);
	for (i = 0; i < 2 * segments; i++) {
		struct simseg_record r = { .version = SIMSEG_RECORD_VERSION,
					   .size = sizeof(r),
					   .kind = SIMSEG_RECORD_OPEN,
					   .flags = SIMSEG_RECORD_F_CLOCK,
					   .seq = from + i,
					   .time = from + i,
					   .real = TRAIL_REAL + i * 1000000000ULL,
					   .session = from + i };

		seg_iccid_pack("8944000000000000017", r.iccid[0]);
		seg_iccid_pack(i == at ? iccid : "", r.iccid[1]);
		assert_int_equal(box_append(box, &r, 1, error), 0);
		assert_int_equal(box_commit(box, error), 0);
	}
	box_close(box);
}

static void by_size(void **state)
{
	struct store_limits limits = { .bytes = 4 * (256 + SEGMENT * 224), .segments = 2 };
	struct simseg_record *all = calloc(RECORDS, sizeof(*all));
	struct store_purged purged;
	struct store_status st;
	struct box_slot last;
	char *dir, line[512], hex[65], chain[65];
	unsigned long long segment, records;
	struct store *store = filled(&dir, all);
	struct box_pos pos = { 2, SEGMENT - 1 };
	FILE *f;
	size_t i;

	(void)state;
	assert_int_equal(segment_slot(dir, pos, &last, error), 0);
	assert_int_equal(store_purge(store, &limits, &purged, error), 0);
	assert_int_equal(purged.segments, 2);
	assert_true(purged.more);
	f = fopen(stores_path(dir, "purged"), "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	assert_non_null(fgets(line, sizeof(line), f));
	fclose(f);
	assert_int_equal(sscanf(line, "segment %llu records %llu chain %64s time ", &segment,
				&records, chain),
			 3);
	assert_int_equal(segment, 2);
	assert_int_equal(records, SEGMENT);
	for (i = 0; i < BOX_HASH; i++)
		snprintf(hex + 2 * i, 3, "%02x", last.chain[i]);
	assert_string_equal(hex, chain);
	limits.segments = 0;
	assert_int_equal(store_purge(store, &limits, &purged, error), 0);
	assert_false(purged.more);
	assert_int_equal(store_status(store, &st, error), 0);
	assert_true(st.segment_bytes <= limits.bytes);
	assert_int_equal(st.purged_segments, RECORDS / SEGMENT - 3);
	assert_int_equal(st.purged_records, SEGMENT * st.purged_segments);
	/* what is left is what lies behind */
	assert_int_equal(stores_count(store, "SELECT min(place) >> 32 FROM record"),
			 st.purged_segments + 1);
	assert_int_equal(stores_count(store, "SELECT count(*) FROM chunk WHERE number NOT IN"
					     " (SELECT chunk FROM record)"),
			 0);
	/* the last one stays, whatever is asked for */
	limits.bytes = 1;
	assert_int_equal(store_purge(store, &limits, &purged, error), 0);
	assert_int_equal(store_status(store, &st, error), 0);
	assert_int_equal(st.segments, 1);
	/* anew from what is left */
	assert_int_equal(store_reset(store, error), 0);
	assert_true(store_follow(store, 0, error) >= 0);
	assert_int_equal(store_status(store, &st, error), 0);
	assert_int_equal(st.lag, 0);
	store_close(store);
	trail_remove(dir);
	free(all);
}

static void by_age(void **state)
{
	struct store_limits limits = { .real = TRAIL_REAL + 5500000000ULL };
	struct store_hold hold = hold_of("8988228000000000061");
	struct store_purged purged;
	char *dir = trail_dir();
	struct store *store;

	(void)state;
	device_box(dir, "8988228000000000061", 1, 8, 9);
	assert_int_equal(store_open(&store, dir, STORE_WRITE, error), 0);
	/* what is not in the index does not go */
	assert_int_equal(store_purge(store, &limits, &purged, error), 0);
	assert_int_equal(purged.segments, 0);
	assert_int_equal(store_follow(store, 0, error), 16);
	/* nor what has not been forwarded, however old */
	limits.young = 1;
	assert_int_equal(store_purge(store, &limits, &purged, error), 0);
	assert_int_equal(purged.segments, 0);
	limits.young = 2;
	assert_int_equal(store_purge(store, &limits, &purged, error), 0);
	assert_int_equal(purged.segments, 1);
	assert_int_equal(purged.last, 1);
	limits.young = 0;
	assert_int_equal(store_purge(store, &limits, &purged, error), 0);
	assert_int_equal(purged.segments, 2);
	assert_int_equal(access(segment_of(dir, 3), F_OK), -1);
	assert_int_equal(access(segment_of(dir, 4), F_OK), 0);
	/* until the first segment with a record of who is held: number 9 is in the fifth */
	assert_int_equal(store_hold(store, &hold, error), 0);
	limits.real = UINT64_MAX;
	assert_int_equal(store_purge(store, &limits, &purged, error), 0);
	assert_int_equal(purged.segments, 1);
	assert_int_equal(purged.held_segment, 5);
	assert_memory_equal(purged.held, hold.device, 10);
	assert_int_equal(access(segment_of(dir, 5), F_OK), 0);
	assert_int_equal(store_unhold(store, hold.device, error), 0);
	assert_int_equal(store_purge(store, &limits, &purged, error), 0);
	assert_int_equal(purged.held_segment, 0);
	assert_true(purged.segments >= 3);
	store_close(store);
	trail_remove(dir);
}

/* The line was written, and then the power went: no second line. */
static void purge_cut(void **state)
{
	struct store_limits limits = { .bytes = 1, .segments = 1 };
	struct store_purged purged;
	struct store_status st;
	char *dir, *copy = NULL;
	struct store *store;
	struct stat stat_of;
	int fd;

	(void)state;
	store = filled(&dir, NULL);
	assert_int_equal(stat(segment_of(dir, 1), &stat_of), 0);
	fd = open(segment_of(dir, 1), O_RDONLY);
	copy = malloc((size_t)stat_of.st_size);
	assert_int_equal(read(fd, copy, (size_t)stat_of.st_size), stat_of.st_size);
	close(fd);
	assert_int_equal(store_purge(store, &limits, &purged, error), 0);
	fd = open(segment_of(dir, 1), O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_int_equal(write(fd, copy, (size_t)stat_of.st_size), stat_of.st_size);
	close(fd);
	assert_int_equal(store_purge(store, &limits, &purged, error), 0);
	assert_int_equal(purged.segments, 1);
	assert_int_equal(store_status(store, &st, error), 0);
	assert_int_equal(st.purged_segments, 1);
	/* half a line at the end is none */
	fd = open(stores_path(dir, "purged"), O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "segment 2 rec", 13), 13);
	close(fd);
	assert_int_equal(store_purge(store, &limits, &purged, error), 0);
	assert_int_equal(purged.segments, 1);
	assert_int_equal(store_status(store, &st, error), 0);
	assert_int_equal(st.purged_segments, 2);
	assert_int_equal(st.purged_records, 2 * SEGMENT);
	free(copy);
	store_close(store);
	trail_remove(dir);
}

/* The box lost its last record, of which the index knows, and goes on behind it. */
static void power_cut(void **state)
{
	char *dir = trail_dir();
	struct store *store;
	uint64_t lag;

	(void)state;
	device_box(dir, "", 1, 3, 99);
	assert_int_equal(store_open(&store, dir, STORE_WRITE, error), 0);
	assert_int_equal(store_follow(store, 0, error), 6);
	store_close(store);
	assert_int_equal(truncate(segment_of(dir, 3), 256 + 224), 0);
	assert_int_equal(store_open(&store, dir, STORE_WRITE, error), 0);
	assert_int_equal(store_follow(store, 0, error), 0);
	assert_int_equal(stores_count(store, "SELECT count(*) FROM record"), 5);
	assert_int_equal(stores_count(store, "SELECT max(seq) FROM record"), 5);
	assert_int_equal(store_lag(store, &lag, error), 0);
	assert_int_equal(lag, 0);
	/* segments that are gone without a word: rows do not stand for them */
	assert_int_equal(unlink(segment_of(dir, 1)), 0);
	store_close(store);
	assert_int_equal(store_open(&store, dir, STORE_WRITE, error), 0);
	assert_int_equal(store_follow(store, 0, error), 0);
	assert_int_equal(stores_count(store, "SELECT min(seq) FROM record"), 3);
	store_close(store);
	trail_remove(dir);
}

/* Zeroes in a segment of @dir, from byte @from of its second slot to its fourth. */
static void zero(const char *dir, unsigned int number, size_t from)
{
	static const char zeroes[3 * sizeof(struct box_slot)];
	int fd = open(segment_of(dir, number), O_WRONLY);

	assert_int_equal(pwrite(fd, zeroes, sizeof(zeroes) - from,
				(off_t)(sizeof(struct box_head) + sizeof(struct box_slot) + from)),
			 sizeof(zeroes) - from);
	close(fd);
}

/* What a new index of @dir takes in, and how far it says that it is behind. */
static int64_t indexed(const char *dir, uint64_t *behind)
{
	struct store *store;
	int64_t n;

	assert_int_equal(store_open(&store, dir, STORE_WRITE, error), 0);
	assert_int_equal(store_reset(store, error), 0);
	n = store_follow(store, 0, error);
	assert_int_equal(store_follow(store, 0, error), 0);
	assert_int_equal(stores_count(store, "SELECT count(*) FROM record WHERE seq = 0"), 0);
	assert_int_equal(store_lag(store, behind, error), 0);
	store_close(store);
	return n;
}

/*
 * The last segment got its size, but the power failed before its bytes came: those are no
 * records, be one of them there but for its chain or not at all. Anywhere else they are
 * what somebody has made of records, and hide none behind them.
 */
static void never_written(void **state)
{
	const size_t from[] = { 100, sizeof(struct simseg_record), 0 };
	char *dir = trail_dir(), other[sizeof(struct box_slot)];
	uint64_t behind;
	size_t i;
	int fd;

	(void)state;
	memset(other, 'x', sizeof(other));
	device_box(dir, "", 1, 3, 99);
	/* the one that was begun when the third was full */
	assert_int_equal(unlink(segment_of(dir, 4)), 0);
	for (i = 0; i < ARRAY_SIZE(from); i++) {
		zero(dir, 3, from[i]);
		assert_int_equal(indexed(dir, &behind), 5);
		assert_int_equal(behind, 0);
	}
	zero(dir, 2, 0);
	assert_int_equal(indexed(dir, &behind), 7);
	assert_int_equal(behind, 0);
	fd = open(segment_of(dir, 3), O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, other, sizeof(other)), sizeof(other));
	close(fd);
	assert_int_equal(indexed(dir, &behind), 11);
	assert_int_equal(behind, 0);
	trail_remove(dir);
}

/* Another box in the same place: its records are not mixed with the rows of the first. */
static void other_box(void **state)
{
	char *dir = trail_dir(), *second = trail_dir(), from[512];
	struct store *store;
	struct trail t;

	(void)state;
	trail_init(&t, 1, 5, 5);
	trail_box(dir, &t, 100, SEGMENT, NULL);
	trail_init(&t, 2, 5, 5);
	usleep(1000);
	trail_box(second, &t, 200, SEGMENT, NULL);
	assert_int_equal(store_open(&store, dir, STORE_WRITE, error), 0);
	assert_int_equal(store_follow(store, 0, error), 100);
	store_close(store);
	snprintf(from, sizeof(from), "%s", stores_path(dir, STORE_NAME));
	assert_int_equal(rename(from, stores_path(second, STORE_NAME)), 0);
	assert_int_equal(store_open(&store, second, STORE_WRITE, error), 0);
	assert_int_equal(store_follow(store, 0, error), -ESTALE);
	assert_non_null(strstr(error, "reindex"));
	assert_int_equal(store_reset(store, error), 0);
	assert_int_equal(store_follow(store, 0, error), 200);
	store_close(store);
	trail_remove(dir);
	trail_remove(second);
}

static void lag(void **state)
{
	char *dir = trail_dir();
	struct store *store;
	struct trail t;
	uint64_t n;

	(void)state;
	trail_init(&t, 3, 5, 5);
	trail_box(dir, &t, 1000, SEGMENT, NULL);
	assert_int_equal(store_open(&store, dir, STORE_WRITE, error), 0);
	assert_int_equal(store_lag(store, &n, error), 0);
	assert_int_equal(n, 1000);
	assert_int_equal(store_follow(store, 301, error), 301);
	assert_int_equal(store_lag(store, &n, error), 0);
	assert_int_equal(n, 699);
	store_close(store);
	trail_remove(dir);
}

/* Two write in turn, and one of them begins anew. */
static void two(void **state)
{
	char *dir = trail_dir();
	struct store *a, *b;
	struct trail t;

	(void)state;
	trail_init(&t, 4, 5, 5);
	trail_box(dir, &t, 1000, SEGMENT, NULL);
	assert_int_equal(store_open(&a, dir, STORE_WRITE, error), 0);
	assert_int_equal(store_open(&b, dir, STORE_WRITE, error), 0);
	assert_int_equal(store_follow(a, 300, error), 300);
	assert_int_equal(store_follow(b, 200, error), 200);
	assert_int_equal(store_reset(b, error), 0);
	assert_int_equal(store_follow(b, 500, error), 500);
	assert_int_equal(store_follow(a, 0, error), 500);
	assert_int_equal(store_follow(b, 0, error), 0);
	assert_int_equal(stores_count(a, "SELECT count(*) FROM record JOIN source ON source.id ="
					 " record.source") +
				 stores_count(a, "SELECT count(*) FROM text"),
			 1000);
	store_close(a);
	store_close(b);
	trail_remove(dir);
}

/* The disk is full in the middle of a piece: nothing of it is there, and then all. */
static void full(void **state)
{
	const struct rlimit small = { 600000, RLIM_INFINITY };
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
	char *dir = trail_dir();
	struct store *store;
	struct trail t;

	(void)state;
	trail_init(&t, 5, 50, 50);
	trail_box(dir, &t, 20000, 5000, NULL);
	assert_int_equal(store_open(&store, dir, STORE_WRITE, error), 0);
	assert_int_equal(store_follow(store, 1000, error), 1000);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_true(store_follow(store, 0, error) < 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(stores_count(store, "SELECT count(*) FROM record") +
				 stores_count(store, "SELECT count(*) FROM text"),
			 1000);
	assert_int_equal(store_follow(store, 0, error), 19000);
	store_close(store);
	assert_int_equal(store_open(&store, dir, STORE_CHECK, error), 0);
	assert_int_equal(stores_count(store, "SELECT count(*) FROM record") +
				 stores_count(store, "SELECT count(*) FROM text"),
			 20000);
	store_close(store);
	trail_remove(dir);
}

static size_t holds_count(struct store *store)
{
	struct store_hold *holds;
	size_t n;

	assert_int_equal(store_holds(store, &holds, &n, error), 0);
	free(holds);
	return n;
}

/* A hold outlives the index, and the file's loss. */
static void holds(void **state)
{
	static const char *const bad[] = { "8944000000000000017\t1\tme\n", "x\t1\ta\tb\n",
					   "8944000000000000017\t-1\ta\tb\n",
					   "8944000000000000017\t1\ta\tb\tc\n",
					   "8944000000000000017\t1\ta\tb" };
	struct store_hold one = hold_of("8944000000000000017"), two = hold_of("894400000000000000");
	struct store *store;
	char *dir = trail_dir();
	size_t i;
	int fd;

	(void)state;
	assert_int_equal(store_open(&store, dir, STORE_WRITE, error), 0);
	assert_int_equal(store_hold(store, &one, error), 0);
	assert_int_equal(store_hold(store, &one, error), 1);
	assert_int_equal(store_hold(store, &two, error), 0);
	store_close(store);
	assert_int_equal(store_remove(dir, error), 0);
	assert_int_equal(store_open(&store, dir, STORE_WRITE, error), 0);
	assert_int_equal(holds_count(store), 2);
	assert_int_equal(store_hold(store, &one, error), 1);
	assert_int_equal(unlink(stores_path(dir, "holds")), 0);
	assert_int_equal(holds_count(store), 2);
	assert_int_equal(store_unhold(store, two.device, error), 0);
	assert_int_equal(store_unhold(store, two.device, error), -ENOENT);
	assert_int_equal(holds_count(store), 1);
	/* what nobody can read keeps everything */
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct store_limits limits = { .bytes = 1 };
		struct store_purged purged;

		fd = open(stores_path(dir, "holds"), O_WRONLY | O_TRUNC);
		assert_int_equal(write(fd, bad[i], strlen(bad[i])), strlen(bad[i]));
		close(fd);
		assert_int_equal(store_hold(store, &two, error), -EINVAL);
		assert_int_equal(store_purge(store, &limits, &purged, error), -EINVAL);
	}
	store_close(store);
	trail_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_size),   cmocka_unit_test(by_age),
		cmocka_unit_test(purge_cut), cmocka_unit_test(power_cut),
		cmocka_unit_test(other_box), cmocka_unit_test(lag),
		cmocka_unit_test(two),	     cmocka_unit_test(full),
		cmocka_unit_test(holds),     cmocka_unit_test(never_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
