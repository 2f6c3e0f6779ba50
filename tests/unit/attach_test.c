// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl attach: what an interface lacks, and command lines that are refused
 * before anything is asked
 */
#include <string.h>

#include "segctl.h"
#include "unit.h"

static void missing(void **state)
{
	const struct seg_xdp_info on = { .attached = true, .mode = SEG_XDP_GENERIC };
	const struct seg_xdp_info below = { .vlan = true, .below = true };
	const struct seg_xdp_info off = { 0 };
	uint8_t mode;

	(void)state;
	for (mode = 0; mode < __SIMSEG_MODE_MAX; mode++) {
		assert_false(attach_missing(mode, &on));
		assert_false(attach_missing(mode, &below));
		assert_int_equal(attach_missing(mode, &off), mode != SIMSEG_MODE_NONE);
	}
}

static int attach(char *a, char *b, char *d, char *e)
{
	char *argv[] = { a, b, d, e, NULL };
	struct ctl c = { .verb = "attach" };
	int argc = 0, ret;

	while (argv[argc])
		argc++;
	ret = cmd_attach(&c, argc, argv);
	assert_null(c.h);
	return ret;
}

static void refused(void **state)
{
	(void)state;
	assert_int_equal(attach(NULL, NULL, NULL, NULL), EXIT_USAGE);
	assert_int_equal(attach("wwan0", NULL, NULL, NULL), EXIT_USAGE);
	assert_int_equal(attach("wwan0", "--side", "none", NULL), EXIT_USAGE);
	assert_int_equal(attach("--side", "sim", NULL, NULL), EXIT_USAGE);
	assert_int_equal(attach("--matching", "wwan0", "wwan1", NULL), EXIT_USAGE);
	assert_int_equal(attach("--matching", "a/b", NULL, NULL), EXIT_USAGE);
	assert_int_equal(attach("--matching", "--", "", NULL), EXIT_USAGE);
	assert_int_equal(attach("--matching", "an-interface-too-long", NULL, NULL), EXIT_USAGE);
	assert_int_equal(attach("--matching", "wwan*", "--side", "sim"), EXIT_USAGE);
	assert_int_equal(attach("--matching", "--mode", "auto", NULL), EXIT_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(missing),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
