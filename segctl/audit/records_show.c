// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Records and sums as people and programs see them
 *
 * The index only says where a record lies: what is shown is what the box has sealed.
 */
#include "monitor.h"
#include "record.h"
#include "records.h"
#include "store_db.h"

int records_fail(int err, const char *error)
{
	ctl_warn("%s", error);
	return err == -ENOENT ? EXIT_NONE : EXIT_REFUSED;
}

int records_store(struct ctl *c, const char *dir, struct store **store)
{
	char error[BOX_ERROR] = "";
	uint64_t lag;
	int err = store_open(store, dir, STORE_READ, error);

	(void)c;
	if (err)
		return records_fail(err, error);
	/* a box that is not there any more is said by what reads it */
	if (!store_lag(*store, &lag, error) && lag)
		ctl_warn("the newest %llu records are not in the index yet",
			 (unsigned long long)lag);
	return EXIT_DONE;
}

struct show {
	struct ctl *c;
	struct store *store;
	const char *dir;
	struct js_list list;
	uint64_t gone; /* records that were purged meanwhile */
};

/* A change with its texts, wherever they lie. */
static int show_change(struct show *s, struct box_pos pos, const struct simseg_record *r,
		       char error[BOX_ERROR])
{
	struct monitor_change change = { .list = &s->list };
	struct box_slot slot;
	struct box_pos *texts;
	size_t i, n;
	int err = store_texts(s->store, pos, &texts, &n, error);

	if (err)
		return err;
	monitor_change_add(&change, s->c, r);
	for (i = 0; !err && i < n && change.open; i++) {
		err = segment_slot(s->dir, texts[i], &slot, error);
		if (!err && slot.record.kind == SIMSEG_RECORD_TEXT)
			monitor_change_add(&change, s->c, &slot.record);
	}
	monitor_change_end(&change, s->c);
	free(texts);
	return err;
}

static int show_one(struct show *s, struct box_pos pos, char error[BOX_ERROR])
{
	struct box_slot slot;
	int err = segment_slot(s->dir, pos, &slot, error);

	if (err == -ENOENT) {
		s->gone++;
		return 0;
	}
	if (err)
		return err;
	if (slot.record.kind == SIMSEG_RECORD_CONFIG)
		return show_change(s, pos, &slot.record, error);
	if (s->c->json)
		js_list_add(&s->list, record_json(&slot.record, NULL));
	else
		record_print(s->c, &slot.record, NULL);
	return 0;
}

int records_show(struct ctl *c, struct store *store, const char *dir, const struct box_pos *places,
		 size_t n)
{
	struct show s = { .c = c, .store = store, .dir = dir };
	char error[BOX_ERROR] = "";
	size_t i;
	int err = 0;

	if (c->json)
		js_list_begin(&s.list);
	for (i = 0; !err && i < n; i++)
		err = show_one(&s, places[i], error);
	if (c->json)
		js_list_end(&s.list);
	if (s.gone)
		ctl_warn("%llu records that the index knows are no longer there",
			 (unsigned long long)s.gone);
	if (err)
		return records_fail(err, error);
	return n ? EXIT_DONE : EXIT_NONE;
}

struct sums {
	struct ctl *c;
	enum store_by by;
	struct table *table;
	struct js_list list;
	size_t n;
};

static const char *device_name(const struct store_sum *sum, char iccid[SEG_ICCID_LEN])
{
	return *seg_iccid_unpack(sum->device, iccid) ? iccid : "?";
}

static const char *peer_name(const struct store_sum *sum, char buf[SEG_ADDR_LEN])
{
	static const uint8_t none[16];

	return memcmp(sum->peer, none, sizeof(none)) ? seg_addr_print(sum->peer, buf) : NULL;
}

static const char *reason_name(const struct store_sum *sum)
{
	const struct simseg_record r = { .kind = sum->kind, .reason = sum->reason };

	return record_why(&r);
}

static int sum_json(struct sums *s, const struct store_sum *sum)
{
	struct json_object *o = json_object_new_object();
	char buf[SEG_ADDR_LEN + 48];

	switch (s->by) {
	case STORE_BY_DEVICE:
		js_str(o, "iccid", device_name(sum, buf));
		break;
	case STORE_BY_PEER:
		js_str(o, "peer", peer_name(sum, buf));
		break;
	case STORE_BY_RULE:
		js_num(o, "policy_id", sum->policy);
		js_num(o, "rule", sum->rule);
		js_num(o, "grant", sum->grant);
		js_str(o, "label", sum->label);
		break;
	case STORE_BY_REASON:
		js_str(o, "kind", record_kind_name(sum->kind));
		js_str(o, "reason", reason_name(sum));
		break;
	}
	js_num(o, "records", sum->records);
	js_num(o, "sessions", sum->sessions);
	js_num(o, "denied_packets", sum->denied);
	js_num(o, "packets", sum->packets);
	js_num(o, "bytes", sum->bytes);
	js_str(o, "first", out_clock(sum->first, buf));
	js_str(o, "last", out_clock(sum->last, buf));
	js_list_add(&s->list, o);
	return 0;
}

static void sum_key(struct sums *s, const struct store_sum *sum)
{
	char buf[SEG_ADDR_LEN + 48];

	switch (s->by) {
	case STORE_BY_DEVICE:
		table_cell(s->table, device_name(sum, buf));
		break;
	case STORE_BY_PEER:
		table_cell(s->table, peer_name(sum, buf) ? buf : "several");
		break;
	case STORE_BY_RULE:
		if (sum->grant)
			snprintf(buf, sizeof(buf), "grant %u", sum->grant);
		else
			snprintf(buf, sizeof(buf), "%u/%u", sum->policy, sum->rule);
		table_cell(s->table, buf);
		table_cell(s->table, sum->label);
		break;
	case STORE_BY_REASON:
		table_cell(s->table, record_kind_name(sum->kind));
		table_cell(s->table, reason_name(sum));
		break;
	}
}

static int sum_seen(const struct store_sum *sum, void *arg)
{
	struct sums *s = arg;
	char buf[48];

	s->n++;
	if (s->c->json)
		return sum_json(s, sum);
	sum_key(s, sum);
	table_num(s->table, sum->records);
	table_num(s->table, sum->sessions);
	table_num(s->table, sum->denied);
	table_num(s->table, sum->packets);
	table_num(s->table, sum->bytes);
	table_cell(s->table, out_clock(sum->first, buf));
	table_cell(s->table, out_clock(sum->last, buf));
	return 0;
}

int records_show_sums(struct ctl *c, struct store *store, const struct store_query *query,
		      enum store_by by)
{
#define NUMBERS " >RECORDS >SESSIONS >DENIED >PACKETS >BYTES FIRST LAST"
	static const char *const heads[] = { "DEVICE" NUMBERS, "PEER" NUMBERS, "RULE LABEL" NUMBERS,
					     "KIND REASON" NUMBERS };
	struct sums s = { .c = c, .by = by };
	char error[BOX_ERROR] = "";
	int err;

	if (c->json)
		js_list_begin(&s.list);
	else
		s.table = table_new(heads[by]);
	err = store_sum(store, query, by, sum_seen, &s, error);
	if (c->json)
		js_list_end(&s.list);
	else
		table_end(s.table);
	if (err)
		return records_fail(err, error);
	return s.n ? EXIT_DONE : EXIT_NONE;
}
