// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ICCIDs: what is read, and the check digit
 */
#include <errno.h>
#include <string.h>

#include "libseg.h"
#include "unit.h"

static void parses(void **state)
{
	static const struct {
		const char *text, *iccid;
	} good[] = {
		{ "8988228000000000012", "8988228000000000012" },
		{ "8988228000000000012F", "8988228000000000012" },
		{ "8988228000000000012f", "8988228000000000012" },
		{ "898822800000000001", "898822800000000001" },
		{ "89882280000000000123", "89882280000000000123" },
	};
	char iccid[SEG_ICCID_LEN];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(seg_iccid_parse(good[i].text, iccid), 0);
		assert_string_equal(iccid, good[i].iccid);
	}
}

static void refuses(void **state)
{
	static const char *const bad[] = {
		"",
		"F",
		"89882280000000000",
		"898822800000000001234",
		"8988228000000000012FF",
		"8988228000000000012 ",
		" 8988228000000000012",
		"8988-2280-0000-0000-012",
		"898822800000000001x",
		"+988228000000000012",
		"\xd9\xa8\xd9\xa9\xd9\xa8\xd9\xa8\xd9\xa2\xd9\xa2\xd9\xa8\xd9\xa0\xd9\xa0",
	};
	char iccid[SEG_ICCID_LEN] = "unchanged";
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(seg_iccid_parse(bad[i], iccid), -EINVAL);
		assert_string_equal(iccid, "unchanged");
	}
}

static void luhn(void **state)
{
	/* The first is the textbook number of the algorithm. */
	static const char *const good[] = { "79927398713", "8988228000000000012", "0" };
	char text[] = "8988228000000000012";
	size_t i;
	char right;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(seg_iccid_luhn(good[i]), 1);
	assert_int_equal(seg_iccid_luhn("79927398710"), 0);
	assert_int_equal(seg_iccid_luhn(""), 0);
	assert_int_equal(seg_iccid_luhn("7992739871x"), 0);
	/* Every other digit in any one place is found out. */
	for (i = 0; i < strlen(text); i++) {
		right = text[i];
		for (text[i] = '0'; text[i] <= '9'; text[i]++)
			assert_int_equal(seg_iccid_luhn(text), text[i] == right);
		text[i] = right;
	}
}

static void unpacks(void **state)
{
	static const uint8_t odd[10] = { 0x89, 0x88, 0x22, 0x80, 0, 0, 0, 0, 0x01, 0x2f };
	static const uint8_t even[10] = { 0x89, 0x88, 0x22, 0x80, 0, 0, 0, 0, 0x01, 0x23 };
	uint8_t none[10];
	char iccid[SEG_ICCID_LEN];

	(void)state;
	memset(none, 0xff, sizeof(none));
	assert_string_equal(seg_iccid_unpack(odd, iccid), "8988228000000000012");
	assert_string_equal(seg_iccid_unpack(even, iccid), "89882280000000000123");
	assert_string_equal(seg_iccid_unpack(none, iccid), "");
}

static void packs(void **state)
{
	static const char *const rows[] = { "", "898822800000000001", "8988228000000000012",
					    "89882280000000000123" };
	uint8_t bcd[10];
	char iccid[SEG_ICCID_LEN];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		seg_iccid_pack(rows[i], bcd);
		assert_string_equal(seg_iccid_unpack(bcd, iccid), rows[i]);
	}
	assert_int_equal(bcd[9], 0x23);
	seg_iccid_pack("8988228000000000012", bcd);
	assert_int_equal(bcd[9], 0x2f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),  cmocka_unit_test(refuses), cmocka_unit_test(luhn),
		cmocka_unit_test(unpacks), cmocka_unit_test(packs),
	};

	return cmocka_run_group_tests_name("iccid", tests, NULL, NULL);
}
