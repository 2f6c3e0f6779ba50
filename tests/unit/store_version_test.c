// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An index of another version, and what is none
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stores.h"
#include "trail.h"
#include "unit.h"

static char error[BOX_ERROR];

static struct store *open_store(const char *dir)
{
	struct store *store;

	if (store_open(&store, dir, STORE_WRITE, error))
		fail_msg("%s", error);
	return store;
}

static void *file_get(const char *path, size_t *len)
{
	struct stat st;
	int fd = open(path, O_RDONLY);
	void *data;

	assert_true(fd >= 0 && !fstat(fd, &st));
	*len = (size_t)st.st_size;
	data = malloc(*len);
	assert_int_equal(read(fd, data, *len), *len);
	close(fd);
	return data;
}

static void newer(void **state)
{
	static const enum store_mode modes[] = { STORE_WRITE, STORE_READ, STORE_CHECK };
	char *dir = trail_dir();
	struct store *store;
	size_t i, before_len, after_len;
	void *before, *after;

	(void)state;
	store = open_store(dir);
	assert_int_equal(store_exec(store, "PRAGMA user_version = 99", "", error), 0);
	store_close(store);
	before = file_get(stores_path(dir, STORE_NAME), &before_len);
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		assert_int_equal(store_open(&store, dir, modes[i], error), -EPROTO);
		assert_non_null(strstr(error, "99"));
	}
	after = file_get(stores_path(dir, STORE_NAME), &after_len);
	assert_int_equal(before_len, after_len);
	assert_memory_equal(before, after, before_len);
	free(before);
	free(after);
	trail_remove(dir);
}

static void foreign(void **state)
{
	char *dir = trail_dir();
	struct store *store;
	sqlite3 *db;

	(void)state;
	assert_int_equal(sqlite3_open(stores_path(dir, STORE_NAME), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE mail(x)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(store_open(&store, dir, STORE_WRITE, error), -EPROTO);
	assert_non_null(strstr(error, "no index"));
	trail_remove(dir);
}

/* An index as the first version made it, of a record that is long gone, and a hold. */
static void first_version(const char *dir)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(stores_path(dir, STORE_NAME), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, store_schema_steps[0], NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db,
			     "PRAGMA user_version = 1;"
			     "INSERT INTO record(place, source, kind) VALUES(4294967296, 1, 1);"
			     "INSERT INTO hold VALUES(x'89440000000000000000', 'a', 'r', 5);"
			     "UPDATE state SET segment = 1, position = 1;",
			     NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
}

/* Its rows are taken from the box again; what the box does not have stays. */
static void from_first(void **state)
{
	char *dir = trail_dir();
	struct trail trail;
	struct store *store;

	(void)state;
	trail_init(&trail, 3, 5, 5);
	trail_box(dir, &trail, 1000, 700, NULL);
	first_version(dir);
	assert_int_equal(store_open(&store, dir, STORE_READ, error), -EPROTO);
	store = open_store(dir);
	assert_int_equal(stores_count(store, "PRAGMA user_version"), 2);
	assert_int_equal(store_follow(store, 0, error), 1000);
	assert_int_equal(stores_count(store, "SELECT count(*) FROM record WHERE seq IS NULL"), 0);
	assert_int_equal(stores_count(store, "SELECT count(*) FROM hold"), 1);
	store_close(store);
	trail_remove(dir);
}

static void migrations(void **state)
{
	static const char *const steps[] = {
		"never asked for: it is of that version",
		"nor this one",
		"ALTER TABLE hold ADD COLUMN ticket TEXT",
		"UPDATE hold SET ticket = 'T-1'; CREATE TABLE more(x)",
		"CREATE TABLE half(x); CREATE TABLE more(x)", /* fails at its end */
	};
	struct store_hold hold = { .actor = "a", .reason = "r", .device = { 0x89, 0x44 } };
	char *dir = trail_dir();
	struct store *store = open_store(dir);

	(void)state;
	assert_int_equal(store_hold(store, &hold, error), 0);
	assert_int_equal(stores_count(store, "PRAGMA user_version"), 2);
	assert_int_equal(store_migrate(store, steps, 4, error), 0);
	assert_int_equal(stores_count(store, "PRAGMA user_version"), 4);
	assert_int_equal(stores_count(store, "SELECT count(*) FROM hold WHERE ticket = 'T-1'"), 1);
	assert_int_equal(stores_count(store, "SELECT count(*) FROM more"), 0);
	/* one that fails leaves everything as it was */
	assert_true(store_migrate(store, steps, 5, error) < 0);
	assert_int_equal(stores_count(store, "PRAGMA user_version"), 4);
	assert_int_equal(
		stores_count(store, "SELECT count(*) FROM sqlite_master WHERE name = 'half'"), 0);
	assert_int_equal(store_migrate(store, steps, 1, error), -EPROTO);
	store_close(store);
	trail_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newer),
		cmocka_unit_test(foreign),
		cmocka_unit_test(from_first),
		cmocka_unit_test(migrations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
