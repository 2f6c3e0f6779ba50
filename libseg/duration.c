// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How long: as people write it
 */
#include "handle.h"

/* One number with its unit, from @text on; NULL if it is none. */
static const char *seg_duration_part(const char *text, uint64_t *ns)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	uint64_t n = 0;
	size_t i;

	if (*text < '0' || *text > '9')
		return NULL;
	for (; *text >= '0' && *text <= '9' && n < 1000000000; text++)
		n = n * 10 + (uint64_t)(*text - '0');
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (*text != units[i].unit)
			continue;
		*ns += n * units[i].seconds * 1000000000;
		return text + 1;
	}
	return NULL;
}

int seg_duration_parse(const char *text, uint64_t *ns)
{
	const char *rest = text;

	*ns = 0;
	do {
		rest = seg_duration_part(rest, ns);
	} while (rest && *rest && *ns <= SIMSEG_DURATION_MAX);
	return rest && *ns && *ns <= SIMSEG_DURATION_MAX ? 0 : -EINVAL;
}
