// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tables: aligned, and in little memory however long they are
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "segctl.h"
#include "unit.h"

#define KEPT 1000 /* rows */

static FILE *shown;
static int terminal;

/* From here on what is printed goes to a file. */
static void show_begin(void)
{
	fflush(stdout);
	shown = tmpfile();
	terminal = dup(STDOUT_FILENO);
	assert_true(shown && terminal >= 0);
	assert_true(dup2(fileno(shown), STDOUT_FILENO) >= 0);
}

/* What has been printed so far; to be freed. */
static char *show_text(void)
{
	char *text;
	long len;

	fflush(stdout);
	fseek(shown, 0, SEEK_END);
	len = ftell(shown);
	rewind(shown);
	text = xcalloc(1, (size_t)len + 1);
	assert_int_equal(fread(text, 1, (size_t)len, shown), len);
	return text;
}

static char *show_end(void)
{
	char *text = show_text();

	assert_true(dup2(terminal, STDOUT_FILENO) >= 0);
	close(terminal);
	fclose(shown);
	return text;
}

static void row(struct table *t, const char *name, uint64_t n, const char *rest)
{
	table_cell(t, name);
	table_num(t, n);
	table_cell(t, rest);
}

static void expect(char *text, const char *want)
{
	assert_string_equal(text, want);
	free(text);
}

static void short_ones(void **state)
{
	struct table *t;

	(void)state;
	show_begin();
	table_end(table_new("A >B C"));
	expect(show_end(), "");

	show_begin();
	t = table_new("NAME >N REST");
	row(t, "a", 1000, NULL);
	row(t, "longer", 7, "x\ny");
	table_end(t);
	expect(show_end(), "NAME       N  REST\n"
			   "a       1000  -\n"
			   "longer     7  x\\x0ay\n");
}

/* The line @n of @text, from 0. */
static bool line_is(const char *text, size_t n, const char *want)
{
	for (; n && text; n--) {
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return text && !strncmp(text, want, strlen(want)) && text[strlen(want)] == '\n';
}

/* Its widths are those of the rows that are kept: it is printed when there are more. */
static void long_one(void **state)
{
	struct table *t;
	char *text;
	size_t i;

	(void)state;
	show_begin();
	t = table_new("NAME >N REST");
	for (i = 0; i + 1 < KEPT; i++)
		row(t, i == 500 ? "widest" : "a", i, "-");
	table_cell(t, "last");
	table_num(t, 1);
	expect(show_text(), "");
	table_cell(t, "-");
	text = show_text();
	assert_true(line_is(text, 0, "NAME      N  REST"));
	assert_true(line_is(text, 1, "a         0  -"));
	assert_true(line_is(text, 501, "widest  500  -"));
	assert_true(line_is(text, KEPT, "last      1  -"));
	free(text);
	row(t, "a", 7, "-");
	row(t, "wider than the widest", 12345, "-");
	row(t, "a", 8, NULL);
	text = show_text();
	assert_true(line_is(text, KEPT + 1, "a         7  -"));
	assert_true(line_is(text, KEPT + 2, "wider than the widest  12345  -"));
	assert_true(line_is(text, KEPT + 3, "a         8  -"));
	table_end(t);
	expect(show_end(), text);
	free(text);
}

static void in_little_memory(void **state)
{
	struct table *t;
	size_t used, i;

	(void)state;
	show_begin();
	t = table_new("NAME >N REST");
	for (i = 0; i < KEPT; i++)
		row(t, "a", i, "-");
	used = mallinfo2().uordblks;
	for (i = 0; i < 100 * KEPT; i++)
		row(t, "a", i, "-");
	assert_true(mallinfo2().uordblks <= used);
	table_end(t);
	free(show_end());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_ones),
		cmocka_unit_test(long_one),
		cmocka_unit_test(in_little_memory),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
