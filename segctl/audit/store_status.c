// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the store knows of itself
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box_file.h"
#include "store_db.h"
#include "text.h"

/* What DIR/purged says of segments that went. */
static int purged_read(struct store *s, struct store_status *status, char error[BOX_ERROR])
{
	char *path = xprintf("%s/purged", s->dir), line[512];
	unsigned long long segment, records;
	FILE *f = fopen(path, "re");
	int err = f || errno == ENOENT ? 0 : -errno;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "segment %llu records %llu ", &segment, &records) != 2)
			continue;
		status->purged_segments++;
		status->purged_records += records;
	}
	if (err)
		box_say(error, err, "%.200s: %s", path, strerror(-err));
	if (f)
		fclose(f);
	free(path);
	return err;
}

static int segments_count(struct store *s, struct store_status *status, char error[BOX_ERROR])
{
	struct segments segs;
	size_t i;
	int err = segments_list(s->dir, &segs, error);

	if (err)
		return err;
	status->segments = segs.n;
	for (i = 0; i < segs.n; i++)
		status->segment_bytes += segs.list[i].bytes;
	segments_free(&segs);
	return 0;
}

int store_status(struct store *s, struct store_status *status, char error[BOX_ERROR])
{
	uint64_t pages = 0, size = 0, version = 0;
	struct store_hold *holds = NULL;
	size_t n = 0;
	int err;

	memset(status, 0, sizeof(*status));
	err = store_number(s, "PRAGMA user_version", &version, error);
	if (!err)
		err = store_number(s, "SELECT count(*) FROM record", &status->records, error);
	if (!err)
		err = store_number(s, "PRAGMA page_count", &pages, error);
	if (!err)
		err = store_number(s, "PRAGMA page_size", &size, error);
	if (!err)
		err = store_number(s, "SELECT min(real_min) FROM span", &status->first, error);
	if (!err)
		err = store_number(s, "SELECT max(real_max) FROM span", &status->last, error);
	if (!err)
		err = store_next(s, &status->next, error);
	if (!err)
		err = store_lag(s, &status->lag, error);
	if (!err)
		err = store_holds(s, &holds, &n, error);
	if (!err)
		err = segments_count(s, status, error);
	if (!err)
		err = purged_read(s, status, error);
	free(holds);
	status->version = (uint32_t)version;
	status->bytes = pages * size;
	status->holds = n;
	return err;
}
