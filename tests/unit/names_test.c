// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Words for codes, and what a good name is
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "libseg.h"
#include "unit.h"

static void reasons(void **state)
{
	int i, j;

	(void)state;
	for (i = 0; i < __SIMSEG_REASON_MAX; i++) {
		assert_int_equal(seg_reason_parse(seg_reason_name(i)), i);
		assert_true(strlen(seg_reason_text(i)) > 3);
		assert_in_range(seg_reason_verdict(i), 0, __SIMSEG_VERDICT_MAX - 1);
		for (j = 0; j < i; j++)
			assert_string_not_equal(seg_reason_name(i), seg_reason_name(j));
	}
	assert_string_equal(seg_reason_name(SIMSEG_REASON_NO_RULE), "no-rule");
	assert_int_equal(seg_reason_verdict(SIMSEG_REASON_NO_RULE), SIMSEG_VERDICT_DENY);
	assert_string_equal(seg_reason_name(__SIMSEG_REASON_MAX), "?");
	assert_string_equal(seg_reason_text(0xffffffff), "?");
	assert_int_equal(seg_reason_verdict(__SIMSEG_REASON_MAX), -EINVAL);
	assert_int_equal(seg_reason_parse("norule"), -EINVAL);
}

static void words(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < __SIMSEG_END_MAX; i++)
		assert_string_not_equal(seg_end_name(i), "?");
	assert_string_equal(seg_end_name(__SIMSEG_END_MAX), "?");
	for (i = 0; i < __SIMSEG_SIDE_MAX; i++)
		assert_int_equal(seg_side_parse(seg_side_name(i)), i);
	for (i = 0; i < __SIMSEG_MODE_MAX; i++)
		assert_int_equal(seg_mode_parse(seg_mode_name(i)), i);
	for (i = 1; i < __SIMSEG_A_SETTING_MAX; i++)
		assert_int_equal(seg_setting_parse(seg_setting_name(i)), i);
	assert_null(seg_setting_name(0));
	assert_null(seg_setting_name(__SIMSEG_A_SETTING_MAX));
	assert_string_equal(seg_state_name(__SIMSEG_STATE_MAX), "?");
	assert_string_equal(seg_session_state_name(99), "?");
	assert_string_equal(seg_verdict_name(SIMSEG_VERDICT_DENY), "deny");
	assert_int_equal(seg_side_parse(""), -EINVAL);
	assert_int_equal(seg_setting_parse("TCP_NEW"), -EINVAL);
}

static void protocols(void **state)
{
	char buf[SEG_PROTO_LEN];
	int i;

	(void)state;
	for (i = 1; i < 256; i++)
		assert_int_equal(seg_proto_parse(seg_proto_print((uint8_t)i, buf)), i);
	assert_int_equal(seg_proto_parse("tcp"), IPPROTO_TCP);
	assert_int_equal(seg_proto_parse("6"), IPPROTO_TCP);
	assert_int_equal(seg_proto_parse("0"), -EINVAL);
	assert_int_equal(seg_proto_parse("256"), -EINVAL);
	assert_int_equal(seg_proto_parse("06"), -EINVAL);
	assert_int_equal(seg_proto_parse("6x"), -EINVAL);
	assert_int_equal(seg_proto_parse(""), -EINVAL);
	assert_int_equal(seg_proto_parse("TCP"), -EINVAL);
	assert_int_equal(seg_proto_parse("99999999999999999999"), -EINVAL);
	assert_int_equal(seg_proto_has_ports(IPPROTO_UDPLITE), 1);
	assert_int_equal(seg_proto_has_ports(IPPROTO_ICMP), 0);
	assert_int_equal(seg_proto_has_ports(200), 0);
}

static void names(void **state)
{
	(void)state;
	assert_true(seg_name_valid("meter"));
	assert_true(seg_name_valid("A-Z_0.9"));
	assert_true(seg_name_valid("0123456789012345678901234567890"));
	assert_false(seg_name_valid("01234567890123456789012345678901"));
	assert_false(seg_name_valid(""));
	assert_false(seg_name_valid("a b"));
	assert_false(seg_name_valid("a/b"));
	assert_false(seg_name_valid("\xc3\xa4"));
}

static void interfaces(void **state)
{
	(void)state;
	assert_true(seg_ifname_valid("wwan0", 0));
	assert_true(seg_ifname_valid("wwan*", 1));
	assert_true(seg_ifname_valid("*", 1));
	assert_false(seg_ifname_valid("wwan*", 0));
	assert_false(seg_ifname_valid("w*n", 1));
	assert_false(seg_ifname_valid("a**", 1));
	assert_false(seg_ifname_valid("", 1));
	assert_false(seg_ifname_valid(".", 1));
	assert_false(seg_ifname_valid("..", 1));
	assert_false(seg_ifname_valid("a/b", 1));
	assert_false(seg_ifname_valid("a b", 1));
	assert_false(seg_ifname_valid("0123456789012345", 1));
	assert_true(seg_ifname_match("wwan*", "wwan0"));
	assert_true(seg_ifname_match("wwan*", "wwan"));
	assert_true(seg_ifname_match("wwan0", "wwan0"));
	assert_false(seg_ifname_match("wwan0", "wwan01"));
	assert_false(seg_ifname_match("wwan*", "wwa"));
}

static void texts(void **state)
{
	(void)state;
	assert_true(seg_text_valid("", 0));
	assert_true(seg_text_valid("M-0012 \xc3\xa4\xe2\x82\xac\xf0\x9f\x93\xb6", 32));
	assert_false(seg_text_valid("abc", 2));
	assert_false(seg_text_valid("a\x1b[31m", 32));
	assert_false(seg_text_valid("a\nb", 32));
	assert_false(seg_text_valid("a\x7f", 32));
	assert_false(seg_text_valid("\xc2\x9b", 32));
	assert_false(seg_text_valid("\xc3", 32));
	assert_false(seg_text_valid("\xc0\x80", 32));
	assert_false(seg_text_valid("\xed\xa0\x80", 32));
	assert_false(seg_text_valid("\xf4\x90\x80\x80", 32));
	assert_false(seg_text_valid("\x80", 32));
	assert_false(seg_text_valid("\xe2\x82", 32));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reasons),    cmocka_unit_test(words),
		cmocka_unit_test(protocols),  cmocka_unit_test(names),
		cmocka_unit_test(interfaces), cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
