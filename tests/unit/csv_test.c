// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files of devices in CSV: rows and quotes of RFC 4180, each complaint with its
 * place, and what a good file becomes
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device_csv.h"
#include "unit.h"

#define A "8988228000000000012"
#define B "8988228000000000020"
#define C "8988228000000000038"

#define LIST_MAX 6

struct bad_file {
	const char *text;
	const char *want[LIST_MAX]; /* "line:column: text", in order */
};

static const struct bad_file bad_files[] = {
	/* the first line */
	{ "", { "1:1: the first line has to name the columns: iccid, policy, ..." } },
	{ "\n\n", { "1:1: the first line has to name the columns: iccid, policy, ..." } },
	{ "policy,addr\n", { "1:1: the column iccid is missing" } },
	{ "iccid,polices\n", { "1:7: unknown column 'polices'; did you mean 'policy'?" } },
	{ "iccid,addr,iccid\n", { "1:12: column 'iccid' is there twice" } },
	{ "iccid,dev\n", { "1:7: dev needs addr: it says where addresses arrive" } },
	{ "iccid; policy\n",
	  { "1:1: unknown column 'iccid; policy'", "1:1: the column iccid is missing" } },

	/* rows and quotes */
	{ "iccid,policy\n" A "\n", { "2:1: 1 fields, where the first line has 2" } },
	{ "iccid,policy\n" A ",m,\n", { "2:1: 3 fields, where the first line has 2" } },
	{ "iccid\n89882\"28\n" A "\n", { "2:6: a quote in a field that does not begin with one" } },
	{ "iccid\n\"" A "\"x\n", { "2:22: text behind the closing quote" } },
	{ "iccid,asset\n" A ",\"a\nb\n", { "2:1: a quote in this row is not closed" } },
	{ "iccid,asset\n" A ",\"a\nb\"\n",
	  { "2:22: bad asset id 'a\\x0ab': up to 32 bytes, no control characters" } },
	{ "iccid,asset\r\n\r\n\"" A "\",\"\n\n\"x\n", { "5:2: text behind the closing quote" } },

	/* values */
	{ "iccid\n898822800000000001\n",
	  { "2:1: the check digit of ICCID 898822800000000001 is wrong" } },
	{ "iccid\n 8988228000000000012\n",
	  { "2:1: bad ICCID ' 8988228000000000012': 18 to 20 digits" } },
	{ "iccid,policy\n" A ",a b\n", { "2:21: bad name of a policy 'a b'" } },
	{ "iccid,addr\n" A ",10.64.0.1 10.64.0.300\n",
	  { "2:31: bad address or prefix '10.64.0.300'" } },
	{ "iccid,addr\n" A ",\"fd64::1/64\"\n",
	  { "2:22: 'fd64::1/64' has bits set beyond its length; did you mean fd64::/64?" } },
	{ "iccid,addr\n" A ",10.64.0.1@a/b\n", { "2:21: bad name of an interface 'a/b'" } },
	{ "iccid,addr,dev\n" A ",,wwan0\n",
	  { "2:22: dev needs addr: it says where addresses arrive" } },
	{ "policy,iccid\n\xc3\xa4," A "\n", { "2:1: bad name of a policy '\xc3\xa4'" } },
	{ "asset,iccid\n\xc3\xa4,1\n", { "2:3: bad ICCID '1': 18 to 20 digits" } },

	/* twice */
	{ "iccid\n" A "\n" B "\n\n" A "\n", { "5:1: duplicate ICCID '" A "', first in line 2" } },
	{ "iccid,addr\n" A ",10.64.0.1\n" B ",fd64::1 10.64.0.1\n" C ",fd64::1\n",
	  { "3:29: duplicate address 10.64.0.1, first in line 2",
	    "4:21: duplicate address fd64::1, first in line 3" } },
	{ "iccid,addr\n" A ",fd64::/64 fd64::/64\n",
	  { "2:31: duplicate address fd64::/64, first in line 2" } },
	{ "iccid,asset\n" A ",x\n" B ",\"\n\"\n" A ",y\n",
	  { "3:22: bad asset id '\\x0a': up to 32 bytes, no control characters",
	    "5:1: duplicate ICCID '" A "', first in line 2" } },
};

static void read_text(struct devices_file *f, const char *text, size_t len, bool strict)
{
	int fd = memfd_create("csv", 0);

	memset(f, 0, sizeof(*f));
	f->strict = strict;
	f->size = len;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	devices_read(f, fd);
	assert_int_equal(f->err, 0);
	close(fd);
}

static void bad(void **state)
{
	struct devices_file f;
	char have[512];
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad_files); i++) {
		read_text(&f, bad_files[i].text, strlen(bad_files[i].text), true);
		diags_sort(&f.diags);
		for (j = 0; j < LIST_MAX && bad_files[i].want[j]; j++) {
			if (j >= f.diags.n)
				fail_msg("file %zu: no '%s'", i, bad_files[i].want[j]);
			snprintf(have, sizeof(have), "%u:%u: %s", f.diags.list[j].at.line,
				 f.diags.list[j].at.column, f.diags.list[j].text);
			assert_string_equal(have, bad_files[i].want[j]);
		}
		assert_int_equal(f.diags.n, j);
		devices_free(&f);
	}
}

/* Fields in every form, line breaks of both kinds, a byte order mark. */
static void good(void **state)
{
	static const char text[] = "\xef\xbb\xbf\"asset\",iccid,addr,policy,dev\r\n"
				   "\r\n"
				   "\"a \"\"b\"\", c\",\"" A
				   "\",10.64.0.1 fd64::/64@tun7,meter,wwan0\r\n"
				   "," B ",,,\n"
				   "x," C ",\"fd64:0:0:1::1  10.64.0.2/31\",camera,";
	struct roster_device d;
	struct devices_file f;
	char buf[SEG_PREFIX_LEN];
	uint32_t next;

	(void)state;
	read_text(&f, text, sizeof(text) - 1, true);
	if (f.diags.n)
		fail_msg("%s", f.diags.list[0].text);
	assert_int_equal(f.roster.n, 3);
	next = roster_get(&f.roster, 0, &d);
	assert_string_equal(d.dev.iccid, A);
	assert_string_equal(d.dev.asset, "a \"b\", c");
	assert_string_equal(d.dev.policy, "meter");
	assert_int_equal(d.dev.n_bindings, 2);
	assert_string_equal(seg_prefix_print(&d.bindings[0].prefix, buf), "10.64.0.1");
	assert_string_equal(d.bindings[0].ifname, "wwan0");
	assert_string_equal(seg_prefix_print(&d.bindings[1].prefix, buf), "fd64::/64");
	assert_string_equal(d.bindings[1].ifname, "tun7");
	next = roster_get(&f.roster, next, &d);
	assert_string_equal(d.dev.iccid, B);
	assert_null(d.dev.asset);
	assert_null(d.dev.policy);
	assert_int_equal(d.dev.n_bindings, 0);
	roster_get(&f.roster, next, &d);
	assert_string_equal(d.dev.policy, "camera");
	assert_string_equal(seg_prefix_print(&d.bindings[1].prefix, buf), "10.64.0.2/31");
	assert_null(d.bindings[1].ifname);
	devices_free(&f);
}

/* What is printed has the line, though the file is not kept. */
static void printed(void **state)
{
	static const char text[] = "iccid,addr\n" A ",10.64.0.1 nonsense\n";
	static const char want[] = "x.csv:2:31: error: bad address or prefix 'nonsense'\n"
				   "    " A ",10.64.0.1 nonsense\n"
				   "                                  ^\n";
	struct devices_file f;
	char *out = NULL;
	size_t len;
	FILE *mem = open_memstream(&out, &len);

	(void)state;
	read_text(&f, text, sizeof(text) - 1, true);
	diags_print(&f.diags, "x.csv", NULL, mem);
	fclose(mem);
	assert_string_equal(out, want);
	free(out);
	devices_free(&f);
}

/*
 * More than the buffer at once, in an order that no table likes; and each
 * device again: every one is found, with its line.
 */
static void many(void **state)
{
	const unsigned int n = 20000;
	struct devices_file f;
	struct roster_device d;
	uint32_t *places, i;
	char *text = NULL, want[80];
	size_t len;
	FILE *mem = open_memstream(&text, &len);

	(void)state;
	fputs("iccid,addr,asset\n", mem);
	for (i = 0; i < 2 * n; i++)
		fprintf(mem, "89882280%010u,fd64::%x,asset-%u\n", i % n * 7919 % n, i, i);
	fclose(mem);
	read_text(&f, text, len, false);
	assert_int_equal(f.diags.errors, n);
	places = roster_sort(&f.roster);
	for (i = 0; i < 2 * n; i++) {
		roster_get(&f.roster, places[i], &d);
		snprintf(want, sizeof(want), "89882280%010u", i / 2);
		assert_string_equal(d.dev.iccid, want);
	}
	free(places);
	free(text);
	devices_free(&f);
}

/* A sorted file needs no table, until a row is not: then all before it are known. */
static void sorted_until(void **state)
{
	const unsigned int n = 5000;
	static const char *const last[] = { "",
					    "17,10.64.1.1",
					    "4999,10.64.1.1",
					    "1,10.64.0.34",
					    "6000,10.64.0.35",
					    "6000,10.64.1.1 10.64.1.1" };
	static const char *const want[] = {
		NULL,
		"5002:1: duplicate ICCID '898822800000000017', first in line 19",
		"5002:1: duplicate ICCID '898822800000004999', first in line 5001",
		"5002:1: duplicate ICCID '898822800000000001', first in line 3",
		"5002:20: duplicate address 10.64.0.35, first in line 19",
		"5002:30: duplicate address 10.64.1.1, first in line 5002",
	};
	struct devices_file f;
	char *text, have[512];
	size_t i, len;
	unsigned int j;
	FILE *mem;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(last); i++) {
		mem = open_memstream(&text, &len);
		fputs("iccid,addr\n", mem);
		for (j = 0; j < n; j++)
			fprintf(mem, "898822800%09u,10.64.%u.%u 10.64.%u.%u\n", j, j / 64 * 2,
				j % 64 * 2, j / 64 * 2, j % 64 * 2 + 1);
		if (*last[i])
			fprintf(mem, "898822800%09lu%s\n", strtoul(last[i], NULL, 10),
				strchr(last[i], ','));
		fclose(mem);
		read_text(&f, text, len, false);
		assert_int_equal(f.diags.errors, !!want[i]);
		assert_int_equal(f.roster.n, n + !!want[i]);
		for (j = 0; want[i] && f.diags.list[j].warning; j++)
			;
		if (want[i]) {
			snprintf(have, sizeof(have), "%u:%u: %s", f.diags.list[j].at.line,
				 f.diags.list[j].at.column, f.diags.list[j].text);
			assert_string_equal(have, want[i]);
		}
		devices_free(&f);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad),	cmocka_unit_test(good),		cmocka_unit_test(printed),
		cmocka_unit_test(many), cmocka_unit_test(sorted_until),
	};

	return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
