// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl hold, segctl unhold: devices whose records are kept
 */
#include <time.h>

#include "audit.h"
#include "records.h"

static int holds_show(struct ctl *c, const char *dir)
{
	struct table *table = table_new("DEVICE SINCE ACTOR REASON");
	char error[BOX_ERROR] = "", buf[48], iccid[SEG_ICCID_LEN];
	struct store_hold *holds = NULL;
	struct js_list json;
	struct store *store;
	size_t i, n = 0;
	int err = store_open(&store, dir, STORE_READ, error);

	if (!err)
		err = store_holds(store, &holds, &n, error);
	if (!err && c->json)
		js_list_begin(&json);
	for (i = 0; i < n; i++) {
		struct json_object *o = c->json ? json_object_new_object() : NULL;

		seg_iccid_unpack(holds[i].device, iccid);
		out_clock(holds[i].real, buf);
		if (o) {
			js_str(o, "iccid", iccid);
			js_str(o, "since", buf);
			js_str(o, "actor", holds[i].actor);
			js_str(o, "reason", holds[i].reason);
			js_list_add(&json, o);
			continue;
		}
		table_cell(table, iccid);
		table_cell(table, buf);
		table_cell(table, holds[i].actor);
		table_cell(table, holds[i].reason);
	}
	if (!err && c->json)
		js_list_end(&json);
	table_end(table);
	store_close(store);
	free(holds);
	return err ? records_fail(err, error) : EXIT_DONE;
}

/* What is done is said, and how to undo it. */
static void said(struct ctl *c, const char *iccid, const struct line *undo, const char *none,
		 const char *what)
{
	struct json_object *o;

	if (!c->json) {
		printf("device %s: %s\n", iccid, what);
		out_undo(undo, none);
		return;
	}
	o = json_object_new_object();
	js_str(o, "iccid", iccid);
	js_str(o, "done", what);
	js_str(o, "undo", undo ? undo->text : NULL);
	js_print(o);
}

static bool texts_fill(struct ctl *c, const char *reason, struct store_hold *hold)
{
	char buf[32];
	const char *actor = ctl_actor_name(c, buf);

	if (!reason || !*reason || !seg_text_valid(reason, sizeof(hold->reason) - 1)) {
		ctl_usage(c, "--reason: why, up to %zu bytes, no control characters",
			  sizeof(hold->reason) - 1);
		return false;
	}
	if (!seg_text_valid(actor, sizeof(hold->actor) - 1)) {
		ctl_usage(c, "--actor: who, up to %zu bytes, no control characters",
			  sizeof(hold->actor) - 1);
		return false;
	}
	snprintf(hold->reason, sizeof(hold->reason), "%s", reason);
	snprintf(hold->actor, sizeof(hold->actor), "%s", actor);
	hold->real = (uint64_t)time(NULL) * 1000000000;
	return true;
}

int cmd_hold(struct ctl *c, int argc, char **argv)
{
	const char *reason = NULL, *dir = NULL;
	struct store_hold hold = { 0 };
	char error[BOX_ERROR] = "", iccid[SEG_ICCID_LEN];
	bool list = false;
	const struct opt opts[] = {
		{ "--reason", OPT_VALUE, &reason },
		{ "--list", OPT_FLAG, &list },
		{ "--dir", OPT_VALUE, &dir },
		{ 0 },
	};
	struct store *store;
	struct line undo;
	int ret, n = opt_parse(c, argc, argv, opts, 0, 1);

	if (n < 0)
		return EXIT_USAGE;
	if (list && !n && !reason)
		return holds_show(c, dir ? dir : AUDIT_DIR);
	if (list || !n)
		return ctl_usage(c, "either ICCID --reason T, or --list");
	if (!records_iccid(c, argv[0], hold.device) || !texts_fill(c, reason, &hold))
		return EXIT_USAGE;
	ret = store_open(&store, dir ? dir : AUDIT_DIR, STORE_WRITE, error);
	if (!ret)
		ret = store_hold(store, &hold, error);
	store_close(store);
	if (ret < 0)
		return records_fail(ret, error);
	line_begin(&undo, c, "unhold");
	line_add(&undo, seg_iccid_unpack(hold.device, iccid));
	line_add_opt(&undo, "--dir", dir);
	said(c, iccid, &undo, NULL,
	     ret ? "its records were kept already: the older reason stays" :
		   "its records are kept, whatever their age");
	line_free(&undo);
	return EXIT_DONE;
}

int cmd_unhold(struct ctl *c, int argc, char **argv)
{
	char error[BOX_ERROR] = "", iccid[SEG_ICCID_LEN];
	const char *dir = NULL;
	const struct opt opts[] = {
		{ "--dir", OPT_VALUE, &dir },
		{ 0 },
	};
	struct store *store;
	uint8_t device[10];
	struct line undo;
	int err;

	if (opt_parse(c, argc, argv, opts, 1, 1) < 0 || !records_iccid(c, argv[0], device))
		return EXIT_USAGE;
	err = store_open(&store, dir ? dir : AUDIT_DIR, STORE_WRITE, error);
	if (!err)
		err = store_unhold(store, device, error);
	store_close(store);
	if (err)
		return records_fail(err, error);
	line_begin(&undo, c, "hold");
	line_add(&undo, seg_iccid_unpack(device, iccid));
	line_add_opt(&undo, "--dir", dir);
	line_add_opt(&undo, "--reason", "...");
	said(c, iccid, &undo, NULL, "its records go when their time comes");
	line_free(&undo);
	return EXIT_DONE;
}
