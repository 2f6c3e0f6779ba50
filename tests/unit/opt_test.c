// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Options and operands: durations, prefixes
 */
#include "segctl.h"
#include "unit.h"

#define SECOND 1000000000ULL

static void durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} good[] = {
		{ "30s", 30 },
		{ "15m", 15 * 60 },
		{ "2h", 2 * 3600 },
		{ "1d", 86400 },
		{ "1h30m", 90 * 60 },
		{ "90m", 90 * 60 },
		{ "1d0h0m1s", 86401 },
		{ "0h1s", 1 },
		{ "007s", 7 },
		{ "366d", 366 * 86400 },
		{ "31622400s", 366 * 86400 },
		{ "365d24h", 366 * 86400 },
	};
	struct ctl c = { .verb = "quarantine" };
	uint64_t ns;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(opt_duration(&c, good[i].text, &ns));
		assert_int_equal(ns, good[i].seconds * SECOND);
	}
}

static void refused(void **state)
{
	static const char *const bad[] = {
		"",
		"0",
		"30",
		"s",
		"0s",
		"0d0h",
		"30m1h",
		"1h1h",
		"-1s",
		"+1s",
		" 1s",
		"1s ",
		"1.5h",
		"1w",
		"1H",
		"1ms",
		"1h30",
		"h30",
		"1 h",
		"367d",
		"366d1s",
		"31622401s",
		"1s1",
		"18446744073709551617s",
		"99999999999999999999999999d",
		"184467440738s",
	};
	struct ctl c = { .verb = "quarantine" };
	uint64_t ns;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(opt_duration(&c, bad[i], &ns));
}

/* What a file must not say, the command line must not either. */
static void prefixes(void **state)
{
	static const char *const bad[] = { "10.20.0.5/24", "10.20.0.300", "::/0", "::/80",
					   "::ffff:0:0/0", "x",		  "" };
	struct ctl c = { .verb = "peer" };
	struct simseg_prefix prefix;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(opt_prefix(&c, bad[i], &prefix));
	assert_true(opt_prefix(&c, "0.0.0.0/0", &prefix));
	assert_int_equal(prefix.plen, 96);
	assert_true(opt_prefix(&c, "2000::/3", &prefix));
	assert_true(opt_prefix(&c, "::/96", &prefix));
}

/* Command lines that are refused before anything is asked. */
static void lines(void **state)
{
	char *badly[] = { "8988228000000000012", "--for", "soon", NULL };
	char *why[] = { "8988228000000000012", NULL };
	struct ctl c = { .verb = "quarantine" };

	(void)state;
	assert_int_equal(cmd_quarantine(&c, 3, badly), EXIT_USAGE);
	assert_null(c.h);
	assert_int_equal(cmd_release(&c, 1, why), EXIT_USAGE);
	assert_null(c.h);
	assert_true(opt_takes_value("--for"));
	assert_true(opt_takes_value("--policy"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),
		cmocka_unit_test(refused),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(lines),
	};

	return cmocka_run_group_tests_name("opt", tests, NULL, NULL);
}
