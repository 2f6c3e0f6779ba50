// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "stores.h"
#include "unit.h"

char *stores_path(const char *dir, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

uint64_t stores_count(struct store *store, const char *sql)
{
	char error[BOX_ERROR];
	uint64_t n = 0;

	if (store_number(store, sql, &n, error))
		fail_msg("%s", error);
	return n;
}
