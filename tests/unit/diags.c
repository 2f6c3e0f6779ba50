// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is wrong with a file, as a list of "line:column: text"
 */
#include <stdio.h>
#include <string.h>

#include "diags.h"
#include "unit.h"

void expect_diags(struct diags *d, const char *const want[DIAGS_LIST], const char *text)
{
	char line[512];
	size_t i;

	diags_sort(d);
	for (i = 0; i < DIAGS_LIST && want[i]; i++) {
		if (i >= d->n)
			fail_msg("missing '%s' of\n%s", want[i], text);
		snprintf(line, sizeof(line), "%u:%u: %s", d->list[i].at.line, d->list[i].at.column,
			 d->list[i].text);
		if (strcmp(line, want[i]))
			fail_msg("'%s'\n instead of '%s' of\n%s", line, want[i], text);
	}
	if (d->n != i)
		fail_msg("also '%s' of\n%s", d->list[i].text, text);
}
