// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Verified boxes for tests
 */
#include <stdio.h>
#include <string.h>

#include "boxes.h"
#include "unit.h"
#include "verified.h"

void verified_found(void *arg, const struct verify_finding *f)
{
	struct verified *seen = arg;
	size_t len = strlen(seen->all);

	if (f->grade == VERIFY_FORGED && !*seen->first.text)
		seen->first = *f;
	snprintf(seen->all + len, sizeof(seen->all) - len, "%d %s\n", f->grade, f->text);
}

const struct verified *verified(void **state, const uint8_t *key, const char *anchor)
{
	static struct verified seen;
	struct verify_options options = {
		.key = key,
		.anchor = anchor,
		.found = verified_found,
		.arg = &seen,
	};
	char error[BOX_ERROR] = "";

	memset(&seen, 0, sizeof(seen));
	if (verify_box(boxes_path(state, "box"), &options, &seen.result, error))
		fail_msg("verify_box: %s", error);
	return &seen;
}
