// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Text that others wrote: escaped for terminals, JSON and shells
 */
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "unit.h"

static void escapes(void **state)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
		{ "M-0012", "M-0012" },
		{ "\x1b[2J", "\\x1b[2J" },
		{ "a\r\nb", "a\\x0d\\x0ab" },
		{ "\xc3\xa4\xe2\x82\xac", "\xc3\xa4\xe2\x82\xac" },
		{ "\xc2\x9b"
		  "31m",
		  "\\xc2\\x9b31m" },
		{ "\xe2\x80\xae"
		  "abc",
		  "\\xe2\\x80\\xaeabc" },
		{ "\xff\xfe", "\\xff\\xfe" },
		{ "\x7f", "\\x7f" },
	};
	char buf[64];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(text_escape(cases[i].text, buf, sizeof(buf)), cases[i].shown);
	assert_string_equal(text_escape("abcdef", buf, 4), "abc");
	assert_string_equal(text_escape("ab\x01", buf, 6), "ab");
	assert_string_equal(text_escape("\xc3\xa4\xc3\xa4", buf, 4), "\xc3\xa4");
	assert_string_equal(text_escape("x", buf, 1), "");
}

static void json(void **state)
{
	char *text;

	(void)state;
	text = text_utf8("a\xff\xc3\xa4\xc3");
	assert_string_equal(text, "a\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd");
	free(text);
}

/* A shell takes a quoted text for exactly that text. */
static void quotes(void **state)
{
	static const struct {
		const char *text, *quoted;
	} cases[] = {
		{ "plain-1.2/3", "plain-1.2/3" }, { "", "''" },
		{ "two words", "'two words'" },	  { "it's", "'it'\\''s'" },
		{ "$(reboot)", "'$(reboot)'" },	  { "wwan*", "'wwan*'" },
		{ "~root", "'~root'" },		  { "''", "''\\'''\\'''" },
	};
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		text = text_quote(cases[i].text);
		assert_string_equal(text, cases[i].quoted);
		free(text);
	}
}

static void distances(void **state)
{
	char longer[200];

	(void)state;
	assert_int_equal(text_distance("meter", "meter", 3), 0);
	assert_int_equal(text_distance("meter", "metr", 3), 1);
	assert_int_equal(text_distance("kitten", "sitting", 3), 3);
	assert_int_equal(text_distance("kitten", "sitting", 2), 3);
	assert_int_equal(text_distance("", "abc", 3), 3);
	assert_int_equal(text_distance("", "", 0), 0);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(text_distance(longer, longer, 3), 4);
}

static void ports(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint16_t low, high;
	} cases[] = {
		{ "443", true, 443, 443 },     { "1-65535", true, 1, 65535 },
		{ "8080-80", true, 8080, 80 }, { "0", false, 0, 0 },
		{ "65536", false, 0, 0 },      { "443-", false, 0, 0 },
		{ "443x", false, 0, 0 },       { "-443", false, 0, 0 },
		{ "", false, 0, 0 },	       { "1-2-3", false, 0, 0 },
	};
	uint16_t low, high;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(text_ports(cases[i].text, &low, &high), cases[i].good);
		if (!cases[i].good)
			continue;
		assert_int_equal(low, cases[i].low);
		assert_int_equal(high, cases[i].high);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes), cmocka_unit_test(ports),	cmocka_unit_test(json),
		cmocka_unit_test(quotes),  cmocka_unit_test(distances),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
