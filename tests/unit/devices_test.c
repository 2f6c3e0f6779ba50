// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices of the ruleset file: what is known of them only at its end, with its
 * place; from memory and from a file that is read in pieces
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "diags.h"
#include "unit.h"

#define A "8988228000000000012"
#define B "8988228000000000020"
#define C "8988228000000000038"

#define HEAD  "version: 1\npools: [10.64.0.0/16, \"fd64::/48\"]\n"
#define METER "policies: { meter: { out: [] } }\n"

struct bad_file {
	const char *text;
	const char *want[DIAGS_LIST]; /* "line:column: text", in order */
};

static const struct bad_file bad_files[] = {
	/* before what they refer to */
	{ "devices:\n"
	  "  - { iccid: " A ", policy: meter, addr: 10.64.0.1 }\n"
	  "  - { policy: metr, addr: [10.64.0.2, 10.9.0.1], iccid: " B ",\n"
	  "      out: [ { to: brokr } ] }\n"
	  "policies: { meter: { out: [] } }\n"
	  "peers: { broker: [] }\n" HEAD,
	  { "3:15: unknown policy 'metr'; did you mean 'meter'?", "3:39: 10.9.0.1 lies in no pool",
	    "4:20: unknown peer set 'brokr'; did you mean 'broker'?" } },

	/* what was told is not told again, and the rest all the same */
	{ HEAD METER "devices:\n"
		     "  - { iccid: " A ", policy: a b, addr: 10.9.0.1 }\n"
		     "  - { iccid: 12, policy: [meter] }\n"
		     "  - { iccid: 12, addr: 10.64.0.300 }\n"
		     "  - meter\n",
	  { "5:43: bad name of a policy 'a b'", "5:54: 10.9.0.1 lies in no pool",
	    "6:14: bad ICCID '12': 18 to 20 digits",
	    "6:26: expected the name of a policy, found a list", "7:5: a device needs a policy",
	    "7:14: bad ICCID '12': 18 to 20 digits", "7:24: bad address or prefix '10.64.0.300'",
	    "8:5: expected a device, a mapping, found a single value" } },
	{ HEAD METER "devices: [ { policy: meter }, { policy: meter } ]\n",
	  { "4:12: a device needs an iccid", "4:31: a device needs an iccid" } },

	/* on lines of their own */
	{ HEAD METER "devices:\n"
		     "  - policy: meter\n    iccid: " A "\n\n    addr:\n      - 10.64.0.1\n"
		     "      - { addr: \"fd64::1\", dev: wwan0 }\n"
		     "  - iccid: " B "\n    addr:\n      - \"fd64::1\"\n    policy: mete\n"
		     "  - policy: meter\n    iccid: " A "\n    addr: 10.64.0.1\n",
	  { "13:9: duplicate address fd64::1, first in line 10",
	    "14:13: unknown policy 'mete'; did you mean 'meter'?",
	    "16:12: duplicate ICCID '" A "', first in line 6",
	    "17:11: duplicate address 10.64.0.1, first in line 9" } },

	/* three times, and far to the right */
	{ HEAD METER "devices: [ { iccid: " A ", policy: meter },\n{ iccid: " A
		     ", policy: meter },\n { asset: "
		     "\"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\","
		     "                                                                        "
		     "iccid: " A ", policy: meter } ]\n",
	  { "5:10: duplicate ICCID '" A "', first in line 4",
	    "6:101: duplicate ICCID '" A "', first in line 4" } },
	{ HEAD METER "devices: [ { iccid: " A ", policy: meter, addr: [10.64.0.1, 10.64.0.1] } ]\n",
	  { "4:75: duplicate address 10.64.0.1, first in line 4" } },

	/* what the format leaves out of YAML, and keys */
	{ HEAD METER "devices:\n"
		     "  - &first { iccid: " A ", policy: meter, asset: &a x }\n"
		     "  - *first\n"
		     "  - { iccid: " B ", policy: meter, asset: *a }\n"
		     "  - { iccid: " C ", policy: meter, asset: !!str x, policy: meter }\n",
	  { "5:5: anchors are not taken", "5:64: anchors are not taken",
	    "6:5: aliases are not taken: write it out", "7:57: aliases are not taken: write it out",
	    "8:57: tags are not taken", "8:66: duplicate key 'policy'" } },
	{ HEAD METER "devices: []\ndevices: [ { iccid: 12 } ]\n",
	  { "5:1: duplicate key 'devices'" } },

	/* bad syntax: what comes before it is checked, and tabs behind it are told */
	{ HEAD METER "devices:\n  - { iccid: " A ", policy: metr }\n  - { iccid: }}\n",
	  { "5:43: unknown policy 'metr'; did you mean 'meter'?", "6:5: a device needs a policy",
	    "6:14: expected an ICCID, found nothing",
	    "6:15: while parsing a block collection: did not find expected '-' indicator" } },
	{ HEAD METER "devices:\n  - { iccid: " A ", policy: meter }}\n\t- {}\r\n \t\t\t- {}\r\t",
	  { "6:1: a tab: indent with spaces", "7:2: a tab: indent with spaces",
	    "8:1: a tab: indent with spaces" } },
};

static void bad(void **state)
{
	struct file *f;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad_files); i++) {
		f = file_read(bad_files[i].text, strlen(bad_files[i].text), true);
		expect_diags(&f->diags, bad_files[i].want, bad_files[i].text);
		file_free(f);
	}
}

/* The order of sections is free, and so is that of a device's keys. */
static void first(void **state)
{
	static const char text[] =
		"devices:\n"
		"  - { asset: \"a \\\"b\\\"\", dev: wwan0, iccid: \"" A "F\", policy: meter,\n"
		"      addr: [10.64.0.1, { dev: \"tun*\", addr: \"fd64::/64\" }] }\n"
		"  - { iccid: " B ", policy: other, in: [ { from: 10.1.1.1 }, { from: any } ] }\n"
		"  - { iccid: " C ", policy: meter }\n"
		"policies: { other: { in: [] }, meter: { out: [] } }\n" HEAD;
	struct file *f = file_read(text, strlen(text), true);
	struct roster_device d;
	uint32_t next;

	(void)state;
	expect_diags(&f->diags, (const char *const[DIAGS_LIST]){ NULL }, text);
	assert_int_equal(f->devices.n, 3);
	next = file_device(f, 0, &d);
	assert_string_equal(d.dev.asset, "a \"b\"");
	assert_string_equal(d.bindings[0].ifname, "wwan0");
	assert_string_equal(d.bindings[1].ifname, "tun*");
	assert_int_equal(d.bindings[1].prefix.plen, 64);
	assert_int_equal(d.dev.n_rules, 0);
	next = file_device(f, next, &d);
	assert_string_equal(d.dev.policy, "other");
	assert_int_equal(d.dev.n_bindings, 0);
	assert_int_equal(d.dev.n_rules, 2);
	assert_int_equal(d.dev.rules[0].n_prefixes, 1);
	file_device(f, next, &d);
	assert_string_equal(d.dev.iccid, C);
	assert_int_equal(d.dev.n_rules, 0);
	assert_true(roster_has(&f->devices, B));
	assert_false(roster_has(&f->devices, B "0"));
	file_free(f);
}

static struct source source_fd(const char *text, size_t len)
{
	struct source s = { .fd = memfd_create("yaml", 0), .base = 5, .len = len };

	assert_true(s.fd >= 0);
	assert_int_equal(pwrite(s.fd, text, len, s.base), (ssize_t)len);
	return s;
}

/* The same from a file as from memory, to the last character that is printed. */
static char *print_both(const char *text, size_t len, const char *const want[DIAGS_LIST])
{
	struct source sources[] = { { .text = text, .len = len }, source_fd(text, len) };
	char *out[2] = { NULL };
	struct file *f;
	size_t i, n;
	FILE *mem;

	for (i = 0; i < 2; i++) {
		f = file_read_source(&sources[i], true);
		assert_int_equal(sources[i].err, 0);
		expect_diags(&f->diags, want, "a large file");
		mem = open_memstream(&out[i], &n);
		diags_print(&f->diags, "f", &sources[i], mem);
		fclose(mem);
		file_free(f);
	}
	close(sources[1].fd);
	assert_string_equal(out[0], out[1]);
	free(out[1]);
	return out[0];
}

#define MANY 20000

static const char *iccid_of(unsigned int i, char iccid[SEG_ICCID_LEN])
{
	char digit;

	for (digit = '0'; digit <= '9'; digit++) {
		snprintf(iccid, SEG_ICCID_LEN, "89882280%010u%c", i, digit);
		if (seg_iccid_luhn(iccid))
			break;
	}
	return iccid;
}

/* The first of them is in line 5; ICCIDs are @step apart. */
static size_t many(char **text, unsigned int step, const char *tail)
{
	char iccid[SEG_ICCID_LEN];
	unsigned int i;
	size_t len;
	FILE *mem = open_memstream(text, &len);

	fputs(HEAD METER "devices:\n", mem);
	for (i = 0; i < MANY; i++)
		fprintf(mem, "  - { iccid: %s, policy: meter, addr: 10.64.%u.%u }\n",
			iccid_of(i * step % MANY, iccid), i / 256, i % 256);
	fputs(tail, mem);
	fclose(mem);
	return len;
}

static void far_with(unsigned int step)
{
	static const char printed[] =
		"f:20006:14: error: duplicate ICCID '%s', first in line 3005\n"
		"      - { iccid: %s, addr: [10.9.0.1, 10.64.70.1, ten], asset: \xc3\xa4 }\n"
		"                 ^\n";
	char iccid[2][SEG_ICCID_LEN], tail[512], line[512], twice[2][80], *text, *out;
	const char *const want[DIAGS_LIST] = {
		twice[0],
		"20005:43: unknown policy 'mete'; did you mean 'meter'?",
		"20006:5: a device needs a policy",
		twice[1],
		"20006:42: 10.9.0.1 lies in no pool",
		"20006:52: duplicate address 10.64.70.1, first in line 17926",
		"20006:64: bad address or prefix 'ten'",
	};
	size_t len;

	iccid_of(0, iccid[0]);
	iccid_of(3000 * step % MANY, iccid[1]);
	snprintf(tail, sizeof(tail),
		 "  - { iccid: %s, policy: mete }\n"
		 "  - { iccid: %s, addr: [10.9.0.1, 10.64.70.1, ten], asset: \xc3\xa4 }\n",
		 iccid[0], iccid[1]);
	snprintf(twice[0], sizeof(twice[0]), "20005:14: duplicate ICCID '%s', first in line 5",
		 iccid[0]);
	snprintf(twice[1], sizeof(twice[1]), "20006:14: duplicate ICCID '%s', first in line 3005",
		 iccid[1]);
	snprintf(line, sizeof(line), printed, iccid[1], iccid[1]);
	len = many(&text, step, tail);
	out = print_both(text, len, want);
	assert_non_null(strstr(out, line));
	free(out);
	free(text);
}

/* Over pieces of the file and chunks of the roster, sorted up to the end, and not at all. */
static void far(void **state)
{
	unsigned int step;
	char *text, *out;
	size_t len;

	(void)state;
	for (step = 1; step <= 7; step += 6) {
		len = many(&text, step, "");
		out = print_both(text, len, (const char *const[DIAGS_LIST]){ NULL });
		assert_string_equal(out, "");
		free(out);
		free(text);
		far_with(step);
	}
}

/* A tab anywhere around the end of a piece is found once, at its place. */
static void tabs(void **state)
{
	char *text = malloc(3 * SOURCE_PIECE), want[64];
	size_t i, at;
	struct file *f;

	(void)state;
	for (at = SOURCE_PIECE - 4; at < SOURCE_PIECE + 4; at++) {
		memset(text, '#', 3 * SOURCE_PIECE);
		memcpy(text, HEAD, strlen(HEAD));
		for (i = at - 3; i < at + 3; i++)
			text[i] = "\r\n \t\tx"[i + 3 - at];
		f = file_read(text, 3 * SOURCE_PIECE, false);
		assert_true(f->diags.n);
		snprintf(want, sizeof(want), "%u:%u: %s", f->diags.list[0].at.line,
			 f->diags.list[0].at.column, f->diags.list[0].text);
		assert_string_equal(want, "4:2: a tab: indent with spaces");
		file_free(f);
	}
	free(text);
}

/* Nothing is made of a file that cannot be read to its end. */
static void unreadable(void **state)
{
	struct source source = { .fd = -1, .len = 100 };
	struct file *f = file_read_source(&source, false);

	(void)state;
	assert_int_equal(source.err, EBADF);
	file_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad),	cmocka_unit_test(first),      cmocka_unit_test(far),
		cmocka_unit_test(tabs), cmocka_unit_test(unreadable),
	};

	return cmocka_run_group_tests_name("devices", tests, NULL, NULL);
}
