// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl audit reindex, purge, status: what becomes of the index and of old records
 */
#include <time.h>

#include "audit.h"
#include "records.h"

/* Damaged: taken away; else emptied, while others may have it open. */
static int reindex_open(const char *dir, struct store **store, char error[BOX_ERROR])
{
	int err = store_open(store, dir, STORE_WRITE, error);

	if (!err) {
		err = store_reset(*store, error);
		if (err != -EBADMSG)
			return err;
		store_close(*store);
		*store = NULL;
	}
	if (err != -EBADMSG)
		return err;
	err = store_remove(dir, error);
	return err ? err : store_open(store, dir, STORE_WRITE, error);
}

int audit_reindex(struct ctl *c, int argc, char **argv)
{
	char error[BOX_ERROR] = "";
	struct json_object *o;
	struct store *store = NULL;
	int64_t n = opt_parse(c, argc, argv, NULL, 0, 1);

	if (n < 0)
		return EXIT_USAGE;
	n = reindex_open(n ? argv[0] : AUDIT_DIR, &store, error);
	if (!n)
		n = store_follow(store, 0, error);
	store_close(store);
	if (n < 0)
		return records_fail((int)n, error);
	if (!c->json) {
		printf("%lld records taken in\n", (long long)n);
		return EXIT_DONE;
	}
	o = json_object_new_object();
	js_num(o, "records", (uint64_t)n);
	js_print(o);
	return EXIT_DONE;
}

static void purge_said(struct ctl *c, const struct store_purged *p)
{
	struct json_object *o;
	char iccid[SEG_ICCID_LEN];

	seg_iccid_unpack(p->held, iccid);
	if (c->json) {
		o = json_object_new_object();
		js_num(o, "segments", p->segments);
		js_num(o, "records", p->records);
		js_num(o, "bytes", p->bytes);
		js_bool(o, "more", p->more);
		js_str(o, "held_iccid", p->held_segment ? iccid : NULL);
		js_num(o, "held_segment", p->held_segment);
		js_print(o);
		return;
	}
	printf("%llu segments with %llu records gone, %llu bytes\n",
	       (unsigned long long)p->segments, (unsigned long long)p->records,
	       (unsigned long long)p->bytes);
	if (p->held_segment)
		printf("segment %llu stays, and all behind it: it has records of device %s,"
		       " which is held\n",
		       (unsigned long long)p->held_segment, iccid);
	if (p->more)
		puts("more may go: say it again");
}

int audit_purge(struct ctl *c, int argc, char **argv)
{
	const char *older = NULL, *size = NULL, *limit = NULL;
	const struct opt opts[] = {
		{ "--older", OPT_VALUE, &older },
		{ "--size", OPT_VALUE, &size },
		{ "--limit", OPT_VALUE, &limit },
		{ 0 },
	};
	struct store_limits limits = { 0 };
	uint64_t now = (uint64_t)time(NULL) * 1000000000, n = 0;
	char error[BOX_ERROR] = "";
	struct store_purged purged;
	struct store *store;
	int err, dirs = opt_parse(c, argc, argv, opts, 0, 1);

	if (dirs < 0 || (older && !records_time(c, older, now, &limits.real)) ||
	    (size && !opt_size(c, "size", size, UINT64_MAX, &limits.bytes)) ||
	    (limit && !records_number(c, "limit", limit, &n)))
		return EXIT_USAGE;
	if (!older && !size)
		return ctl_usage(c, "what may go? --older TIME, --size BYTES, or both");
	limits.segments = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
	err = store_open(&store, dirs ? argv[0] : AUDIT_DIR, STORE_WRITE, error);
	if (!err)
		err = store_purge(store, &limits, &purged, error);
	store_close(store);
	if (err)
		return records_fail(err, error);
	purge_said(c, &purged);
	return purged.held_segment ? EXIT_PART : EXIT_DONE;
}

static void status_json(const struct store_status *st)
{
	struct json_object *o = json_object_new_object();
	char buf[48];

	js_num(o, "version", st->version);
	js_num(o, "rows", st->records);
	js_num(o, "lag", st->lag);
	js_num(o, "index_bytes", st->bytes);
	js_num(o, "segments", st->segments);
	js_num(o, "segment_bytes", st->segment_bytes);
	js_num(o, "next_segment", st->next.segment);
	js_num(o, "next_index", st->next.index);
	js_str(o, "first", st->records ? out_clock(st->first, buf) : NULL);
	js_str(o, "last", st->records ? out_clock(st->last, buf) : NULL);
	js_num(o, "purged_segments", st->purged_segments);
	js_num(o, "purged_records", st->purged_records);
	js_num(o, "holds", st->holds);
	js_print(o);
}

static void status_print(const struct store_status *st)
{
	char first[48], last[48];

	printf("index: version %u, %llu rows, %llu bytes, %llu records behind\n", st->version,
	       (unsigned long long)st->records, (unsigned long long)st->bytes,
	       (unsigned long long)st->lag);
	printf("segments: %llu, %llu bytes\n", (unsigned long long)st->segments,
	       (unsigned long long)st->segment_bytes);
	if (st->records)
		printf("records: from %s to %s\n", out_clock(st->first, first),
		       out_clock(st->last, last));
	printf("purged: %llu segments, %llu records\n", (unsigned long long)st->purged_segments,
	       (unsigned long long)st->purged_records);
	printf("held devices: %llu\n", (unsigned long long)st->holds);
}

int audit_status(struct ctl *c, int argc, char **argv)
{
	char error[BOX_ERROR] = "";
	bool check = false;
	const struct opt opts[] = {
		{ "--check", OPT_FLAG, &check },
		{ 0 },
	};
	struct store_status st;
	struct store *store;
	int err, dirs = opt_parse(c, argc, argv, opts, 0, 1);

	if (dirs < 0)
		return EXIT_USAGE;
	err = store_open(&store, dirs ? argv[0] : AUDIT_DIR, check ? STORE_CHECK : STORE_READ,
			 error);
	if (!err)
		err = store_status(store, &st, error);
	store_close(store);
	if (err)
		return records_fail(err, error);
	if (c->json)
		status_json(&st);
	else
		status_print(&st);
	return EXIT_DONE;
}
