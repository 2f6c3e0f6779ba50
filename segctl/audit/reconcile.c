// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl audit reconcile: do the records tell of all that the module has counted?
 */
#include <inttypes.h>
#include <time.h>

#include "audit.h"
#include "balance.h"
#include "collect.h"
#include "tally.h"

#define SETTLE_S 5 /* from when a deny is due until its record is on the disk */

/* What was asked of the module, first and last. */
struct run {
	struct ctl *c;
	struct tally *tally;
	struct balance_counters before, after;
	struct balance_iface *ifaces;
	uint32_t *index; /* of these */
	size_t n_ifaces, ifaces_room, index_room;
	uint64_t ring;
	int sample; /* of their counters: 0 and 1 */
	struct tally_live *live;
	size_t n_live, live_room;
	struct json_object *rows;
	struct table *table;
};

static uint64_t seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec;
}

static int counter_add(const struct seg_counter *n, void *arg)
{
	struct balance_counters *counters = arg;

	counters->reason[n->code] = (struct balance_amount){ n->packets, n->bytes };
	return 0;
}

static int counters_get(struct run *r, struct balance_counters *counters, struct seg_status *st)
{
	int err = seg_status_get(r->c->h, st);

	if (err)
		return err;
	memset(counters, 0, sizeof(*counters));
	counters->made = st->records_made;
	counters->delivered = st->records_delivered;
	counters->waiting = st->records_waiting;
	counters->lost = st->records_lost;
	return seg_stats_get(r->c->h, counter_add, counters);
}

/* One that comes or goes meanwhile has no two samples, and is left out. */
static int iface_add(const struct seg_iface *i, void *arg)
{
	const struct seg_iface_stats *s = &i->stats;
	struct run *r = arg;
	struct balance_iface *f;
	size_t at = 0;

	while (at < r->n_ifaces && r->index[at] != i->ifindex)
		at++;
	if (!i->ifindex || (r->sample && at == r->n_ifaces))
		return 0;
	if (at == r->n_ifaces) {
		grow(&r->ifaces, &r->ifaces_room, at, sizeof(*r->ifaces));
		grow(&r->index, &r->index_room, at, sizeof(*r->index));
		r->index[r->n_ifaces++] = i->ifindex;
		memset(&r->ifaces[at], 0, sizeof(r->ifaces[at]));
	}
	f = &r->ifaces[at];
	snprintf(f->name, sizeof(f->name), "%s", i->ifname);
	f->device[r->sample] = (int64_t)(s->device_rx + s->rx_inner - s->rx - s->rx_other);
	f->rx[r->sample] =
		(int64_t)(s->rx - s->xdp_drop - s->xdp_forward - s->guard_drop - s->prerouting);
	return 0;
}

static int ifaces_get(struct run *r, int sample)
{
	int err;

	if (!sample)
		r->n_ifaces = 0;
	r->sample = sample;
	err = seg_iface_list(r->c->h, iface_add, r);
	return err == -EAGAIN ? 0 : err;
}

static int live_add(const struct seg_session *s, void *arg)
{
	struct run *r = arg;

	grow(&r->live, &r->live_room, r->n_live, sizeof(*r->live));
	r->live[r->n_live++] = (struct tally_live){
		.id = s->id,
		.carried = { s->packets + s->reply_packets, s->bytes + s->reply_bytes },
	};
	return 0;
}

/* Before the records: who ends meanwhile is in both, and counted once. */
static int live_get(struct run *r)
{
	int err;

	r->live = NULL;
	r->n_live = r->live_room = 0;
	err = seg_session_list(r->c->h, NULL, live_add, r);
	if (err && err != -EAGAIN) {
		free(r->live);
		return err;
	}
	tally_live(r->tally, r->live, r->n_live);
	return 0;
}

/* Before the records, too: what is not in the box by then has to be in there still. */
static void ring_get(struct run *r)
{
	struct seg_ring_info info;
	int err = seg_ring_query(r->c->h, &info);

	r->ring = BALANCE_UNKNOWN;
	if (!err)
		r->ring = info.used / SEG_RING_RECORD + info.deny_used / SEG_RING_RECORD;
	else if (err == -ENOENT)
		r->ring = 0;
}

/* Everything once; a code to exit with (it has been said), or -1: go on. */
static int look(struct run *r, const char *dir)
{
	char error[BOX_ERROR] = "";
	struct seg_status st;
	int err = ifaces_get(r, 0);

	if (!err)
		err = live_get(r);
	if (err)
		return ctl_fail(r->c, err, NULL);
	ring_get(r);
	err = tally_read(r->tally, error);
	if (err) {
		ctl_warn("%s: %s", dir, error);
		return EXIT_USAGE;
	}
	err = counters_get(r, &r->after, &st);
	if (!err)
		err = ifaces_get(r, 1);
	return err ? ctl_fail(r->c, err, NULL) : -1;
}

static void no_row(void *arg, const struct balance_row *row)
{
	(void)arg;
	(void)row;
}

static const char *const grades[] = {
	[BALANCE_EQUAL] = "equal",
	[BALANCE_EXPLAINED] = "explained",
	[BALANCE_UNEXPLAINED] = "unexplained",
};

static struct json_object *row_json(const struct balance_row *row)
{
	struct json_object *o = json_object_new_object();

	js_str(o, "what", row->what);
	js_str(o, "unit", row->unit);
	js_num(o, "module_before", row->low);
	js_num(o, "module_after", row->high);
	js_num(o, "records", row->records);
	json_object_object_add(o, "difference", json_object_new_int64(row->difference));
	js_str(o, "grade", grades[row->grade]);
	js_str(o, "why", *row->why ? row->why : NULL);
	return o;
}

static void row_show(void *arg, const struct balance_row *row)
{
	struct run *r = arg;
	char text[64];

	if (r->c->json) {
		json_object_array_add(r->rows, row_json(row));
		return;
	}
	table_cell(r->table, row->what);
	table_cell(r->table, row->unit);
	if (row->low == row->high)
		snprintf(text, sizeof(text), "%" PRIu64, row->high);
	else
		snprintf(text, sizeof(text), "%" PRIu64 "..%" PRIu64, row->low, row->high);
	table_cell(r->table, text);
	table_num(r->table, row->records);
	snprintf(text, sizeof(text), "%" PRId64, row->difference);
	table_cell(r->table, text);
	table_cell(r->table, *row->why ? row->why : NULL);
}

static enum balance_grade check(struct run *r, const struct seg_status *st, bool settled,
				balance_row_fn *row)
{
	const struct balance b = {
		.before = &r->before,
		.after = &r->after,
		.box = tally_box(r->tally),
		.ring = r->ring,
		.live = tally_carried(r->tally),
		.ifaces = r->ifaces,
		.n_ifaces = r->n_ifaces,
		.settled = settled,
		.interval = st->setting[SIMSEG_A_SETTING_DENY_INTERVAL],
	};

	return balance_check(&b, row, r);
}

static int show(struct run *r, const struct seg_status *st, bool settled)
{
	static const char *const sentences[] = {
		[BALANCE_EQUAL] = "records and counters are equal",
		[BALANCE_EXPLAINED] = "records and counters differ by what is named above",
		[BALANCE_UNEXPLAINED] = "records and counters DIFFER, and nothing explains it",
	};
	struct json_object *o = r->c->json ? json_object_new_object() : NULL;
	enum balance_grade grade;

	if (o)
		r->rows = json_object_new_array();
	else
		r->table = table_new("WHAT UNIT >MODULE >RECORDS >DIFFERENCE WHY");
	tally_end(r->tally);
	grade = check(r, st, settled, row_show);
	if (o) {
		js_str(o, "result", grades[grade]);
		js_num(o, "netns_cookie", st->netns_cookie);
		js_num(o, "since_ns", st->records_since);
		js_bool(o, "settled", settled);
		json_object_object_add(o, "rows", r->rows);
		js_print(o);
	} else {
		table_end(r->table);
		printf("%s%s%s\n", grade == BALANCE_UNEXPLAINED ? out_red(r->c) : "",
		       sentences[grade], grade == BALANCE_UNEXPLAINED ? out_plain(r->c) : "");
	}
	return grade == BALANCE_UNEXPLAINED ? EXIT_FORGED : grade ? EXIT_PART : EXIT_DONE;
}

/*
 * The first counters stay the lower bound: after the interval in which denies are
 * folded, what was counted by then has to be told.
 */
static int run(struct run *r, const char *dir, const struct seg_status *st, uint64_t wait)
{
	uint64_t begun = seconds(), past = 0;
	uint64_t settle = st->setting[SIMSEG_A_SETTING_DENY_INTERVAL] + SETTLE_S;
	int ret;

	if (wait == UINT64_MAX)
		wait = settle;
	for (;;) {
		ret = look(r, dir);
		if (ret >= 0)
			return ret;
		if (past >= wait || !check(r, st, past >= settle, no_row))
			return show(r, st, past >= settle);
		nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
		past = seconds() - begun;
	}
}

int audit_reconcile(struct ctl *c, int argc, char **argv)
{
	const char *dir = NULL, *wait = NULL;
	const struct opt opts[] = {
		{ "--dir", OPT_VALUE, &dir },
		{ "--wait", OPT_VALUE, &wait },
		{ 0 },
	};
	uint64_t ns = UINT64_MAX;
	struct box_source source;
	char error[BOX_ERROR];
	struct seg_status st;
	struct run *r;
	int ret, err;

	if (opt_parse(c, argc, argv, opts, 0, 0) < 0 ||
	    (wait && strcmp(wait, "0") && !opt_duration(c, wait, &ns)))
		return EXIT_USAGE;
	if (wait)
		ns = strcmp(wait, "0") ? ns / 1000000000 : 0;
	dir = dir ? dir : AUDIT_DIR;
	ret = ctl_open_bare(c, 0, NULL);
	if (ret)
		return ret;
	r = xcalloc(1, sizeof(*r));
	r->c = c;
	err = counters_get(r, &r->before, &st);
	if (err) {
		ret = ctl_fail(c, err, NULL);
	} else if (collect_source(&source, st.netns_cookie, st.records_since, error)) {
		ctl_warn("%s", error);
		ret = EXIT_USAGE;
	} else {
		r->tally = tally_open(dir, &source);
		ret = run(r, dir, &st, ns);
		tally_close(r->tally);
	}
	free(r->ifaces);
	free(r->index);
	free(r);
	return ret;
}
