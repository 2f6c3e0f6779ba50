// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What segctl records, hold and audit say, with records of which some are hostile
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/records.h"
#include "trail.h"
#include "unit.h"

#define RECORDS 1500
#define SECOND	1000000000ULL

static char *dir;
static struct simseg_record all[RECORDS];

static int fill(void **state)
{
	char error[BOX_ERROR] = "";
	struct store *store;
	struct trail t;

	(void)state;
	dir = trail_dir();
	trail_init(&t, 31, 12, 20);
	trail_box(dir, &t, RECORDS, 400, all);
	if (store_open(&store, dir, STORE_WRITE, error) || store_follow(store, 0, error) < 0)
		fail_msg("%s", error);
	store_close(store);
	return 0;
}

static int empty(void **state)
{
	(void)state;
	trail_remove(dir);
	return 0;
}

/* A verb with its arguments, in @words by blanks; what it printed, to be freed. */
static char *said(int (*run)(struct ctl *c, int argc, char **argv), bool json, int want,
		  const char *words)
{
	struct ctl c = { .verb = "test", .json = json, .actor = "o'brien" };
	char *line = strdup(words), *argv[32], *save = NULL, *word, *text;
	FILE *out = tmpfile();
	int argc = 0, old, ret;
	long len;

	for (word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	fflush(stdout);
	old = dup(1);
	dup2(fileno(out), 1);
	ret = run(&c, argc, argv);
	fflush(stdout);
	dup2(old, 1);
	close(old);
	len = lseek(fileno(out), 0, SEEK_END);
	text = calloc(1, (size_t)len + 1);
	assert_int_equal(pread(fileno(out), text, (size_t)len, 0), len);
	fclose(out);
	free(line);
	assert_int_equal(ret, want);
	return text;
}

static char *records_said(bool json, int want, const char *words)
{
	char *line, *text;

	assert_true(asprintf(&line, "--dir %s %s", dir, words) > 0);
	text = said(cmd_records, json, want, line);
	free(line);
	return text;
}

static size_t lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void harmless(const char *text)
{
	for (; *text; text++)
		if (*text != '\n')
			assert_true((uint8_t)*text >= 0x20 && *text != 0x7f);
}

/* Every record, with all that its makers have put into asset, label, actor and reason. */
static void terminal(void **state)
{
	char *text = records_said(false, EXIT_DONE, "--limit 0");
	size_t i, n = 0;

	(void)state;
	for (i = 0; i < RECORDS; i++)
		n += all[i].kind != SIMSEG_RECORD_TEXT;
	harmless(text);
	assert_int_equal(lines(text), n);
	assert_non_null(strstr(text, "\\x1b[31m"));
	assert_non_null(strstr(text, "DROP TABLE"));
	assert_null(strstr(text, "a part of its texts"));
	free(text);
	text = records_said(false, EXIT_DONE, "--by rule");
	harmless(text);
	assert_true(lines(text) > 10);
	free(text);
}

static struct json_object *parsed(const char *text, size_t *n)
{
	enum json_tokener_error err;
	struct json_object *o = json_tokener_parse_verbose(text, &err);

	assert_int_equal(err, json_tokener_success);
	assert_true(json_object_is_type(o, json_type_array));
	*n = json_object_array_length(o);
	return o;
}

static uint64_t member(struct json_object *o, const char *key)
{
	struct json_object *value;

	assert_true(json_object_object_get_ex(o, key, &value));
	return json_object_get_uint64(value);
}

static void json(void **state)
{
	char *text = records_said(true, EXIT_DONE, "--limit 0");
	size_t i, k = 0, n;
	struct json_object *o = parsed(text, &n), *change;

	(void)state;
	for (i = 0; i < RECORDS; i++) {
		if (all[i].kind == SIMSEG_RECORD_TEXT)
			continue;
		assert_true(k < n);
		assert_int_equal(member(json_object_array_get_idx(o, k), "seq"), all[i].seq);
		if (all[i].kind == SIMSEG_RECORD_CONFIG) {
			assert_true(json_object_object_get_ex(json_object_array_get_idx(o, k),
							      "change", &change));
			assert_non_null(strstr(json_object_get_string(change), "T-"));
		}
		k++;
	}
	assert_int_equal(k, n);
	json_object_put(o);
	free(text);
	text = records_said(true, EXIT_DONE, "--by device --limit 0");
	o = parsed(text, &n);
	assert_int_equal(n, 12);
	json_object_put(o);
	free(text);
}

static void asked(void **state)
{
	char *text = records_said(true, EXIT_DONE, ""), *iccid;
	struct json_object *o, *last;
	size_t n;

	(void)state;
	o = parsed(text, &n);
	assert_int_equal(n, RECORDS_LIMIT);
	last = json_object_array_get_idx(o, n - 1);
	assert_int_equal(member(last, "seq"), all[RECORDS - 1].seq);
	json_object_put(o);
	free(text);
	text = records_said(true, EXIT_DONE, "--kind deny --reason no-rule --limit 3");
	o = parsed(text, &n);
	assert_int_equal(n, 3);
	json_object_put(o);
	free(text);
	iccid = records_said(false, EXIT_DONE, "--device 8944000000000000017 --limit 1");
	assert_non_null(strstr(iccid, "8944000000000000017"));
	free(iccid);
	free(records_said(false, EXIT_NONE, "--asset x'--"));
	free(records_said(false, EXIT_NONE, "--rule ';DROP"));
	free(records_said(false, EXIT_NONE, "--session 99999999"));
}

static void refused(void **state)
{
	static const char *const bad[] = {
		"--device 123",
		"--peer 10.0.0.1/33",
		"--peer ::/0",
		"--reason because",
		"--kind text",
		"--kind ?",
		"--rule 1/2/3",
		"--rule /",
		"--rule 1/99999",
		"--rule 99999999999/1",
		"--session -1",
		"--session 99999999999999999999",
		"--limit x",
		"--by day",
		"--from yesterday",
		"--from 2026-11-23",
		"--from 2026-11-23T07:00:00",
		"--to 2026-11-23T07:00:00+1",
		"--from 1h --to 2h",
		"more",
		"--to 2026-13-01T00:00:00Z",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		free(records_said(false, EXIT_USAGE, bad[i]));
}

static void times(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} rows[] = {
		{ "2026-11-23T07:00:00Z", 1795417200 * SECOND },
		{ "2026-11-23T07:00:00.5Z", 1795417200 * SECOND + SECOND / 2 },
		{ "2026-11-23T07:00:00.000000001z", 1795417200 * SECOND + 1 },
		{ "2026-11-23T08:30:00+01:30", 1795417200 * SECOND },
		{ "2026-11-23T05:00:00-02:00", 1795417200 * SECOND },
		{ "2h", 2000000000 * SECOND - 7200 * SECOND },
		{ "1h30m", 2000000000 * SECOND - 5400 * SECOND },
	};
	struct ctl c = { .verb = "records" };
	uint64_t ns;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_true(records_time(&c, rows[i].text, 2000000000 * SECOND, &ns));
		assert_int_equal(ns, rows[i].ns);
	}
}

static void holds(void **state)
{
	char *line, *text;

	(void)state;
	assert_true(asprintf(&line, "8944000000000000017 --reason court --dir %s", dir) > 0);
	text = said(cmd_hold, false, EXIT_DONE, line);
	assert_non_null(strstr(text, "undo: segctl unhold 8944000000000000017"));
	free(text);
	free(line);
	assert_true(asprintf(&line, "--list --dir %s", dir) > 0);
	text = said(cmd_hold, false, EXIT_DONE, line);
	assert_non_null(strstr(text, "court"));
	assert_non_null(strstr(text, "o'brien"));
	free(text);
	free(line);
	assert_true(asprintf(&line, "--dir %s 8944000000000000017", dir) > 0);
	free(said(cmd_hold, false, EXIT_USAGE, line)); /* no reason */
	free(said(cmd_unhold, false, EXIT_DONE, line));
	free(said(cmd_unhold, false, EXIT_NONE, line));
	free(line);
}

/* The index is gone, then damaged: the sentence says what makes it anew, and it does. */
static void anew(void **state)
{
	char *index, *line, *before = records_said(false, EXIT_DONE, "--limit 0"), *after;
	int fd;

	(void)state;
	assert_true(asprintf(&index, "%s/" STORE_NAME, dir) > 0);
	assert_true(asprintf(&line, "reindex %s", dir) > 0);
	assert_int_equal(unlink(index), 0);
	free(records_said(false, EXIT_NONE, ""));
	free(said(cmd_audit, false, EXIT_DONE, line));
	after = records_said(false, EXIT_DONE, "--limit 0");
	assert_string_equal(before, after);
	free(after);
	free(said(cmd_audit, false, EXIT_DONE, line));
	fd = open(index, O_WRONLY);
	assert_int_equal(pwrite(fd, "no such thing", 13, 0), 13);
	close(fd);
	free(records_said(false, EXIT_REFUSED, ""));
	free(said(cmd_audit, false, EXIT_DONE, line));
	after = records_said(false, EXIT_DONE, "--limit 0");
	assert_string_equal(before, after);
	free(after);
	free(before);
	free(index);
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(terminal), cmocka_unit_test(json),  cmocka_unit_test(asked),
		cmocka_unit_test(refused),  cmocka_unit_test(times), cmocka_unit_test(holds),
		cmocka_unit_test(anew),
	};

	return cmocka_run_group_tests(tests, fill, empty);
}
