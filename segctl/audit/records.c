// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl records: stored ones, by what is asked
 */
#include <time.h>

#include "audit.h"
#include "records.h"

static uint64_t clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int list(struct ctl *c, struct store *store, const char *dir, const struct store_query *q)
{
	char error[BOX_ERROR] = "";
	struct box_pos *places;
	size_t n;
	int ret, err = store_places(store, q, &places, &n, error);

	if (err)
		return records_fail(err, error);
	ret = records_show(c, store, dir, places, n);
	free(places);
	return ret;
}

int cmd_records(struct ctl *c, int argc, char **argv)
{
	struct records_opts o = { 0 };
	const struct opt opts[] = {
		{ "--device", OPT_VALUE, &o.device },
		{ "--asset", OPT_VALUE, &o.asset },
		{ "--peer", OPT_VALUE, &o.peer },
		{ "--reason", OPT_VALUE, &o.reason },
		{ "--kind", OPT_VALUE, &o.kind },
		{ "--rule", OPT_VALUE, &o.rule },
		{ "--session", OPT_VALUE, &o.session },
		{ "--from", OPT_VALUE, &o.from },
		{ "--to", OPT_VALUE, &o.to },
		{ "--limit", OPT_VALUE, &o.limit },
		{ "--by", OPT_VALUE, &o.by },
		{ "--dir", OPT_VALUE, &o.dir },
		{ 0 },
	};
	struct store_query q;
	struct store *store;
	enum store_by by;
	int ret;

	if (opt_parse(c, argc, argv, opts, 0, 0) < 0 || !records_query(c, &o, clock_now(), &q) ||
	    (o.by && !records_by(c, o.by, &by)))
		return EXIT_USAGE;
	if (!o.dir)
		o.dir = AUDIT_DIR;
	ret = records_store(c, o.dir, &store);
	if (ret)
		return ret;
	ret = o.by ? records_show_sums(c, store, &q, by) : list(c, store, o.dir, &q);
	store_close(store);
	return ret;
}
