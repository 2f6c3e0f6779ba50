// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How long: as people write it
 */
#include "handle.h"

/* The larger unit first, and each at most once. */
int seg_duration_parse(const char *text, uint64_t *ns)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
	const uint64_t max = SIMSEG_DURATION_MAX / 1000000000;
	uint64_t n, sum = 0;
	size_t i = 0;
	int digits;

	do {
		for (n = 0, digits = 0; *text >= '0' && *text <= '9' && n <= max; digits++)
			n = 10 * n + (uint64_t)(*text++ - '0');
		while (i < sizeof(units) / sizeof(units[0]) && units[i].unit != *text)
			i++;
		if (!digits || n > max || i == sizeof(units) / sizeof(units[0]))
			return -EINVAL;
		sum += n * units[i++].seconds;
	} while (*++text);
	*ns = sum * 1000000000;
	return sum && sum <= max ? 0 : -EINVAL;
}
