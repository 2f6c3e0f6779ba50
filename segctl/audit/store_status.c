// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the store knows of itself
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "box_file.h"
#include "purged.h"
#include "store_db.h"

/* What DIR/purged says of segments that went. */
static int purged_read(struct store *s, struct store_status *status, char error[BOX_ERROR])
{
	int segments, dir = box_dir_open(s->dir, false, &segments, error), ret;
	char text[PURGED_LINE];
	struct purged_line line;
	struct purged p;

	if (dir < 0)
		return dir;
	purged_begin(&p, dir);
	while ((ret = purged_next(&p, text, error)) > 0) {
		if (!purged_parse(text, &line))
			continue;
		status->purged_segments++;
		status->purged_records += line.records;
	}
	purged_end(&p);
	close(segments);
	close(dir);
	return ret;
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
