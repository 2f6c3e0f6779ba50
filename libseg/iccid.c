// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ICCID: the number of a SIM card (ITU-T E.118)
 */
#include <errno.h>
#include <string.h>

#include "libseg.h"

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int seg_iccid_parse(const char *text, char iccid[SEG_ICCID_LEN])
{
	size_t len = 0;

	while (len <= SIMSEG_ICCID_MAX && is_digit(text[len]))
		len++;
	if (len < SIMSEG_ICCID_MIN || len > SIMSEG_ICCID_MAX)
		return -EINVAL;
	/* Readers print the filler nibble of an odd number of digits as F. */
	if (text[len] && !((text[len] == 'F' || text[len] == 'f') && !text[len + 1]))
		return -EINVAL;
	memcpy(iccid, text, len);
	iccid[len] = '\0';
	return 0;
}

int seg_iccid_luhn(const char *iccid)
{
	/* the sum of the digits of twice a digit */
	static const uint8_t twice[] = { 0, 2, 4, 6, 8, 1, 3, 5, 7, 9 };
	size_t i, len = strlen(iccid);
	unsigned int digit, sum = 0;

	for (i = 0; i < len; i++) {
		if (!is_digit(iccid[len - 1 - i]))
			return 0;
		digit = (unsigned int)(iccid[len - 1 - i] - '0');
		sum += i % 2 ? twice[digit] : digit;
	}
	return len && sum % 10 == 0;
}

char *seg_iccid_unpack(const uint8_t bcd[10], char iccid[SEG_ICCID_LEN])
{
	unsigned int digit;
	int i;

	for (i = 0; i < SIMSEG_ICCID_MAX; i++) {
		digit = i % 2 ? bcd[i / 2] & 0xf : bcd[i / 2] >> 4;
		if (digit > 9)
			break;
		iccid[i] = (char)('0' + digit);
	}
	iccid[i] = '\0';
	return iccid;
}

void seg_iccid_pack(const char *iccid, uint8_t bcd[10])
{
	unsigned int digit;
	int i;

	memset(bcd, 0xff, 10);
	for (i = 0; i < SIMSEG_ICCID_MAX && is_digit(iccid[i]); i++) {
		digit = (unsigned int)(iccid[i] - '0');
		bcd[i / 2] = (uint8_t)(i % 2 ? (bcd[i / 2] & 0xf0) | digit : digit << 4 | 0xf);
	}
}
