// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl status: the first line says OK, or what is open
 */
#include <unistd.h>

#include "feed.h"

/* An interface as the status shows it. */
struct row {
	char name[SIMSEG_IFNAME_MAX + 1];
	uint8_t side, mode, forward;
	bool forwards;
	uint32_t skips;
	struct seg_xdp_info xdp;
	bool known;  /* xdp could be asked */
	bool bridge; /* it is a bridge's port */
};

struct view {
	struct seg_status st;
	struct row *rows;
	size_t n, room, missing;
	struct seg_ring_info ring;
	bool has_ring;
	struct feed_hello agent;
	bool has_agent;
	bool can_xdp;	   /* this program and this kernel can */
	char why_not[256]; /* else */
};

static int row_add(const struct seg_iface *i, void *arg)
{
	struct view *v = arg;
	struct row *row;

	if (!i->ifindex)
		return 0;
	grow(&v->rows, &v->room, v->n, sizeof(*v->rows));
	row = memset(&v->rows[v->n++], 0, sizeof(*row));
	snprintf(row->name, sizeof(row->name), "%s", i->ifname);
	row->side = i->side;
	row->mode = i->mode;
	row->forward = i->forward;
	row->forwards = i->forwards;
	row->skips = i->skips;
	row->bridge = i->bridge_port;
	return 0;
}

static bool row_missing(const struct view *v, const struct row *row)
{
	return v->can_xdp && row->known && attach_missing(row->mode, &row->xdp);
}

/* Who takes the records, as far as this user may know. */
static void view_records(struct ctl *c, struct view *v)
{
	int fd = feed_connect(FEED_SOCKET, &v->agent);

	v->has_agent = fd >= 0 && v->agent.netns == v->st.netns_cookie;
	if (fd >= 0)
		close(fd);
	v->has_ring = !seg_ring_query(c->h, &v->ring);
}

static int view_get(struct ctl *c, struct view *v)
{
	size_t i;
	int err;

	err = seg_status_get(c->h, &v->st);
	if (err)
		return ctl_fail(c, err, NULL);
	err = seg_iface_list(c->h, row_add, v);
	if (err && err != -EAGAIN)
		return ctl_fail(c, err, "interfaces");
	view_records(c, v);
	v->can_xdp = seg_xdp_supported(c->h) == 1;
	if (!v->can_xdp)
		snprintf(v->why_not, sizeof(v->why_not), "%s", seg_strerror(c->h));
	for (i = 0; i < v->n; i++) {
		v->rows[i].known = !seg_xdp_query(c->h, v->rows[i].name, &v->rows[i].xdp);
		v->missing += row_missing(v, &v->rows[i]);
	}
	return EXIT_DONE;
}

/* What is red, worst first; EXIT_PART if there is any. */
static int print_verdict(const struct ctl *c, const struct view *v)
{
	const char *red = out_red(c), *plain = out_plain(c);
	const struct seg_status *st = &v->st;
	int ret = EXIT_DONE;
	size_t i;

	if (!st->armed) {
		printf("%sOPEN: disarmed by ", red);
		out_text(*st->disarm_actor ? st->disarm_actor : "-");
		fputs(": ", stdout);
		out_text(*st->disarm_reason ? st->disarm_reason : "-");
		printf("%s\n", plain);
		ret = EXIT_PART;
	}
	if (!st->governed) {
		printf("%sOPEN: nothing is governed: there is no pool%s\n", red, plain);
		ret = EXIT_PART;
	}
	if (st->observing) {
		printf("%sOPEN: %u polic%s only observe%s: what the rules deny passes%s\n", red,
		       st->observing, st->observing == 1 ? "y" : "ies",
		       st->observing == 1 ? "s" : "", plain);
		ret = EXIT_PART;
	}
	for (i = 0; i < v->n; i++) {
		if (!row_missing(v, &v->rows[i]))
			continue;
		printf("%sXDP is not attached on %s: the floor stands alone%s\n", red,
		       v->rows[i].name, plain);
		ret = EXIT_PART;
	}
	if (!ret)
		printf("%sOK: %u pool%s governed, %u device%s, %u quarantined%s\n", out_green(c),
		       st->pools, st->pools == 1 ? "" : "s", st->devices,
		       st->devices == 1 ? "" : "s", st->quarantined, plain);
	return ret;
}

static const char *xdp_word(const struct row *row)
{
	if (!row->known)
		return "?";
	if (!row->xdp.attached)
		return row->xdp.below ? "below" : "-";
	return row->xdp.mode == SEG_XDP_NATIVE ? "native" : "generic";
}

/* Are packets sent on at once, and if they are not, should they? */
static const char *forward_word(const struct row *row)
{
	if (row->forwards && row->xdp.attached)
		return "yes";
	return row->forward ? "suspended" : "-";
}

/* What packets skip that are sent on at once, or why they are not. */
static void print_skips(const struct row *row)
{
	uint32_t left;

	for (left = row->skips; left; left &= left - 1)
		printf("note: %s: %s %s\n", row->name,
		       row->forwards ? "packets that XDP sends on skip" :
				       "XDP sends nothing on: packets would skip",
		       seg_skip_text(left));
}

static void print_notes(const struct view *v)
{
	const struct seg_status *st = &v->st;
	size_t i;

	if (!v->can_xdp && v->n)
		printf("note: no XDP: %s\n", v->why_not);
	else if (!st->kfuncs)
		puts("note: XDP programs cannot ask the module on this kernel: the floor stands "
		     "alone");
	for (i = 0; i < v->n; i++)
		if (v->rows[i].bridge && v->rows[i].side == SIMSEG_SIDE_SIM)
			printf("note: %s is a bridge's port: what the bridge carries from or to it "
			       "is denied, no rule can allow it\n",
			       v->rows[i].name);
	for (i = 0; i < v->n; i++)
		print_skips(&v->rows[i]);
	if (st->unvouched)
		printf("note: %u of %u bindings name no interface: the network vouches for their "
		       "sources\n",
		       st->unvouched, st->bindings);
	if (st->records_lost)
		printf("note: %llu records were lost: the ring was full\n",
		       (unsigned long long)st->records_lost);
}

static void print_rows(const struct view *v)
{
	struct table *t = table_new("INTERFACE SIDE MODE XDP FORWARD");
	size_t i;

	for (i = 0; i < v->n; i++) {
		table_cell(t, v->rows[i].name);
		table_cell(t, seg_side_name(v->rows[i].side));
		table_cell(t, seg_mode_name(v->rows[i].mode));
		table_cell(t, xdp_word(&v->rows[i]));
		table_cell(t, forward_word(&v->rows[i]));
	}
	table_end(t);
}

static void print_agent(const struct ctl *c, const struct view *v)
{
	const struct seg_ring_info *ring = &v->ring;

	if (v->has_ring)
		printf("         ring %u%% of %u KiB  denies %u%% of %u KiB\n",
		       (unsigned int)(ring->used * 100ULL / ring->size), ring->size >> 10,
		       (unsigned int)(ring->deny_used * 100ULL / ring->deny_size),
		       ring->deny_size >> 10);
	if (!v->has_agent) {
		puts("agent    not running: records are not stored");
		return;
	}
	printf("agent    runs, pid %u  stored %llu  monitors %u", v->agent.pid,
	       (unsigned long long)v->agent.stored, v->agent.monitors);
	if (v->agent.lag != FEED_UNKNOWN)
		printf("  not in the index yet %llu", (unsigned long long)v->agent.lag);
	putchar('\n');
	if (*v->agent.error) {
		printf("         %snothing is stored: ", out_red(c));
		out_text(v->agent.error);
		printf("%s\n", out_plain(c));
	}
}

static struct json_object *agent_json(const struct view *v)
{
	struct json_object *o = json_object_new_object();

	js_bool(o, "running", v->has_agent);
	if (!v->has_agent)
		return o;
	js_num(o, "pid", v->agent.pid);
	js_num(o, "stored", v->agent.stored);
	js_num(o, "monitors", v->agent.monitors);
	if (v->agent.lag != FEED_UNKNOWN)
		js_num(o, "index_lag", v->agent.lag);
	js_str(o, "error", *v->agent.error ? v->agent.error : NULL);
	return o;
}

static struct json_object *ring_json(const struct view *v)
{
	struct json_object *o;

	if (!v->has_ring)
		return NULL;
	o = json_object_new_object();
	js_num(o, "size", v->ring.size);
	js_num(o, "used", v->ring.used);
	js_num(o, "deny_size", v->ring.deny_size);
	js_num(o, "deny_used", v->ring.deny_used);
	return o;
}

static int print_text(const struct ctl *c, const struct view *v)
{
	const struct seg_status *st = &v->st;
	char hex[2 * SIMSEG_HASH_LEN + 1], buf[32];
	int ret = print_verdict(c, v);

	if (st->trial)
		printf("%sON TRIAL: the ruleset before is put back in %s%s%s\n", out_red(c),
		       out_time(st->trial, buf),
		       st->trial_confirm ? ", unless `segctl confirm` comes before" : "",
		       out_plain(c));
	out_hex(st->hash, sizeof(st->hash), hex);
	printf("ruleset  generation %u  hash %.16s\n", st->generation, hex);
	printf("         pools %u  policies %u  peer sets %u\n", st->pools, st->policies,
	       st->peersets);
	printf("         last change in force everywhere after %s\n", out_time(st->settled, buf));
	printf("devices  %u  quarantined %u  bindings %u  sessions %u\n", st->devices,
	       st->quarantined, st->bindings, st->sessions);
	if (st->deadline)
		printf("         the next deadline is in %s\n", out_time(st->deadline, buf));
	printf("records  made %llu  delivered %llu  waiting %llu  lost %llu (%llu unheard, %llu not told yet)\n",
	       (unsigned long long)st->records_made, (unsigned long long)st->records_delivered,
	       (unsigned long long)st->records_waiting, (unsigned long long)st->records_lost,
	       (unsigned long long)st->records_unheard, (unsigned long long)st->records_untold);
	print_agent(c, v);
	print_rows(v);
	print_notes(v);
	return ret;
}

static struct json_object *skips_json(uint32_t skips)
{
	struct json_object *list = json_object_new_array();

	for (; skips; skips &= skips - 1)
		json_object_array_add(list, json_object_new_string(seg_skip_text(skips)));
	return list;
}

static struct json_object *rows_json(const struct view *v)
{
	struct json_object *list = json_object_new_array(), *o;
	size_t i;

	for (i = 0; i < v->n; i++) {
		o = json_object_new_object();
		js_str(o, "name", v->rows[i].name);
		js_str(o, "side", seg_side_name(v->rows[i].side));
		js_str(o, "mode", seg_mode_name(v->rows[i].mode));
		js_str(o, "xdp", v->rows[i].known ? xdp_word(&v->rows[i]) : NULL);
		js_num(o, "prog_id", v->rows[i].xdp.prog_id);
		js_bool(o, "xdp_missing", row_missing(v, &v->rows[i]));
		js_bool(o, "bridge_port", v->rows[i].bridge);
		js_str(o, "forward", seg_forward_name(v->rows[i].forward));
		js_bool(o, "forwards", v->rows[i].forwards && v->rows[i].xdp.attached);
		json_object_object_add(o, "skips", skips_json(v->rows[i].skips));
		json_object_array_add(list, o);
	}
	return list;
}

static struct json_object *settings_json(const struct seg_status *st)
{
	struct json_object *o = json_object_new_object();
	unsigned int i;

	for (i = 0; i < SEG_SETTINGS; i++)
		if (st->has_setting[i] && seg_setting_name(i))
			js_num(o, seg_setting_name(i), st->setting[i]);
	return o;
}

static int print_json(const struct view *v)
{
	struct json_object *o = json_object_new_object();
	const struct seg_status *st = &v->st;
	char hex[2 * SIMSEG_HASH_LEN + 1];
	bool ok = st->armed && st->governed && !st->observing && !v->missing;

	js_bool(o, "ok", ok);
	js_bool(o, "armed", st->armed);
	if (!st->armed) {
		js_str(o, "disarm_actor", st->disarm_actor);
		js_str(o, "disarm_reason", st->disarm_reason);
	}
	js_bool(o, "governed", st->governed);
	js_bool(o, "kfuncs", st->kfuncs);
	js_bool(o, "xdp_supported", v->can_xdp);
	js_num(o, "generation", st->generation);
	js_str(o, "hash", out_hex(st->hash, sizeof(st->hash), hex));
	js_num(o, "trial_ns", st->trial);
	js_bool(o, "trial_confirm", st->trial_confirm);
	js_num(o, "settled_ns", st->settled);
	js_num(o, "pools", st->pools);
	js_num(o, "policies", st->policies);
	js_num(o, "observing", st->observing);
	js_num(o, "peersets", st->peersets);
	js_num(o, "devices", st->devices);
	js_num(o, "quarantined", st->quarantined);
	js_num(o, "deadline_ns", st->deadline);
	js_num(o, "bindings", st->bindings);
	js_num(o, "unvouched", st->unvouched);
	js_num(o, "sessions", st->sessions);
	js_num(o, "netns_cookie", st->netns_cookie);
	js_num(o, "records_made", st->records_made);
	js_num(o, "records_delivered", st->records_delivered);
	js_num(o, "records_waiting", st->records_waiting);
	js_num(o, "records_since_ns", st->records_since);
	js_num(o, "records_lost", st->records_lost);
	js_num(o, "records_unheard", st->records_unheard);
	js_num(o, "records_untold", st->records_untold);
	json_object_object_add(o, "ring", ring_json(v));
	json_object_object_add(o, "agent", agent_json(v));
	json_object_object_add(o, "settings", settings_json(st));
	json_object_object_add(o, "interfaces", rows_json(v));
	js_print(o);
	return ok ? EXIT_DONE : EXIT_PART;
}

int cmd_status(struct ctl *c, int argc, char **argv)
{
	struct view v = { 0 };
	int ret;

	ret = ctl_open_bare(c, argc, argv);
	if (!ret)
		ret = view_get(c, &v);
	if (!ret)
		ret = c->json ? print_json(&v) : print_text(c, &v);
	free(v.rows);
	return ret;
}
