// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl device, segctl find
 */
#include "segctl.h"

struct table *devices_table(void)
{
	return table_new("ICCID ASSET POLICY STATE >SESSIONS ADDRESSES");
}

static char *bindings_text(const struct seg_device *d)
{
	char one[SEG_PREFIX_LEN + SIMSEG_IFNAME_MAX + 4], addr[SEG_PREFIX_LEN], *text;
	const struct seg_binding *b;
	size_t i, at = 0, size = d->n_bindings * sizeof(one) + 1;

	text = xcalloc(1, size);
	for (i = 0; i < d->n_bindings; i++) {
		b = &d->bindings[i];
		snprintf(one, sizeof(one), "%s%s%s%s", i ? " " : "",
			 seg_prefix_print(&b->prefix, addr), b->ifname ? "@" : "",
			 b->ifname ? b->ifname : "");
		at += (size_t)snprintf(text + at, size - at, "%s", one);
	}
	return text;
}

void devices_row(struct table *t, const struct seg_device *d)
{
	char *bindings = bindings_text(d);

	table_cell(t, d->iccid);
	table_cell(t, d->asset);
	table_cell(t, d->policy);
	table_cell(t, seg_state_name(d->state));
	table_num(t, d->sessions);
	table_cell(t, bindings);
	free(bindings);
}

/* The rules of a device, or more of them. */
static void device_json_part(struct json_object *o, const struct seg_device *d)
{
	struct json_object *rules;
	size_t i;

	if (!json_object_object_get_ex(o, "rules", &rules))
		return;
	for (i = 0; d->rules && i < d->n_rules; i++)
		json_object_array_add(rules, rule_json(&d->rules[i]));
}

struct json_object *device_json(const struct seg_device *d)
{
	struct json_object *o = json_object_new_object(), *list, *b;
	char buf[SEG_PREFIX_LEN];
	size_t i;

	js_str(o, "iccid", d->iccid);
	js_num(o, "id", d->id);
	js_str(o, "asset", d->asset);
	js_str(o, "policy", d->policy);
	js_str(o, "state", seg_state_name(d->state));
	if (d->state != SIMSEG_STATE_ACTIVE) {
		js_str(o, "reason", d->reason);
		js_str(o, "actor", d->actor);
		js_num(o, "age_ns", d->age);
		js_num(o, "left_ns", d->duration);
		json_object_object_add(o, "allow", js_prefixes(d->allow, d->n_allow));
	}
	list = json_object_new_array();
	for (i = 0; i < d->n_bindings; i++) {
		b = json_object_new_object();
		js_str(b, "addr", seg_prefix_print(&d->bindings[i].prefix, buf));
		js_str(b, "dev", d->bindings[i].ifname);
		js_num(b, "epoch", d->bindings[i].epoch);
		json_object_array_add(list, b);
	}
	json_object_object_add(o, "bindings", list);
	js_num(o, "sessions", d->sessions);
	json_object_object_add(o, "rules", json_object_new_array());
	device_json_part(o, d);
	return o;
}

/* Devices as they come: a table, or a JSON array. */
struct listing {
	struct ctl *c;
	const char *text; /* only those that have it somewhere, or NULL */
	struct table *t;
	struct js_list json;
	struct json_object *o; /* the last one, until its parts are in */
	size_t n;
};

static void listing_flush(struct listing *l)
{
	if (l->o)
		js_list_add(&l->json, l->o);
	l->o = NULL;
}

static bool device_has(const struct seg_device *d, const char *text)
{
	char buf[SEG_PREFIX_LEN];
	size_t i;

	if (strstr(d->iccid, text) || (d->asset && strcasestr(d->asset, text)) ||
	    (d->policy && strstr(d->policy, text)))
		return true;
	for (i = 0; i < d->n_bindings; i++)
		if (strstr(seg_prefix_print(&d->bindings[i].prefix, buf), text))
			return true;
	return false;
}

static int listing_add(const struct seg_device *d, void *arg)
{
	struct listing *l = arg;

	if (d->part) {
		if (l->o)
			device_json_part(l->o, d);
		return 0;
	}
	if (l->c->json)
		listing_flush(l);
	if (l->text && !device_has(d, l->text))
		return 0;
	l->n++;
	if (l->c->json)
		l->o = device_json(d);
	else
		devices_row(l->t, d);
	return 0;
}

static int devices_list(struct ctl *c, const char *text)
{
	struct listing l = { .c = c, .text = text };
	int err;

	if (c->json)
		js_list_begin(&l.json);
	else
		l.t = devices_table();
	err = seg_device_list(c->h, listing_add, &l);
	listing_flush(&l);
	if (c->json)
		js_list_end(&l.json);
	else
		table_end(l.t);
	if (err == -EAGAIN) {
		ctl_warn("%s: some may be missing", seg_strerror(c->h));
		return EXIT_PART;
	}
	if (err)
		return ctl_fail(c, err, NULL);
	return text && !l.n ? EXIT_NONE : EXIT_DONE;
}

int cmd_find(struct ctl *c, int argc, char **argv)
{
	int ret;

	if (opt_parse(c, argc, argv, NULL, 1, 1) < 0)
		return EXIT_USAGE;
	ret = ctl_open(c);
	if (ret)
		return ret;
	ret = devices_list(c, argv[0]);
	if (ret == EXIT_NONE)
		ctl_warn("no device has '%s'", argv[0]);
	return ret;
}

static void device_print_rules(const struct seg_device *d)
{
	char text[4096];
	size_t i;

	for (i = 0; i < d->n_rules; i++)
		printf("  rule %-3u  %s  %s\n", d->rules[i].id,
		       rule_text(&d->rules[i], text, sizeof(text)),
		       d->rules[i].label ? d->rules[i].label : "");
}

static void device_print(struct ctl *c, const struct seg_device *d)
{
	char buf[SEG_PREFIX_LEN];
	bool cut = d->state != SIMSEG_STATE_ACTIVE;
	size_t i;

	printf("%s  %s%s%s", d->iccid, cut ? out_red(c) : "", seg_state_name(d->state),
	       cut ? out_plain(c) : "");
	if (d->asset) {
		fputs("  asset ", stdout);
		out_text(d->asset);
	}
	printf("\n  policy    %s\n  sessions  %u\n", d->policy ? d->policy : "-", d->sessions);
	for (i = 0; i < d->n_bindings; i++)
		printf("  address   %s  %s%s  epoch %u\n",
		       seg_prefix_print(&d->bindings[i].prefix, buf),
		       d->bindings[i].ifname ? "dev " : "vouched for by the network",
		       d->bindings[i].ifname ? d->bindings[i].ifname : "", d->bindings[i].epoch);
	if (cut) {
		printf("  cut off   since %s, by ", out_time(d->age, buf));
		out_text(d->actor ? d->actor : "-");
		fputs(": ", stdout);
		out_text(d->reason ? d->reason : "-");
		putchar('\n');
	}
	if (d->duration)
		printf("  ends      by itself in %s\n", out_time(d->duration, buf));
	for (i = 0; i < d->n_allow; i++)
		printf("  but for   %s\n", seg_prefix_print(&d->allow[i], buf));
	device_print_rules(d);
}

static int device_show_one(const struct seg_device *d, void *arg)
{
	struct listing *l = arg;

	if (l->c->json && d->part && l->o)
		device_json_part(l->o, d);
	else if (l->c->json)
		l->o = device_json(d);
	else if (d->part)
		device_print_rules(d);
	else
		device_print(l->c, d);
	return 0;
}

static int device_show(struct ctl *c, int argc, char **argv)
{
	struct listing l = { .c = c };
	struct devs found = { 0 };
	int err, ret;

	if (opt_parse(c, argc, argv, NULL, 1, 1) < 0)
		return EXIT_USAGE;
	ret = ctl_open(c);
	if (!ret)
		ret = lookup_one(c, argv[0], &found);
	if (!ret) {
		/* again, for the rules */
		err = seg_device_get(c->h, found.list[0].d.iccid, device_show_one, &l);
		ret = err ? ctl_fail(c, err, NULL) : grants_show(c, found.list[0].d.iccid, l.o);
		if (l.o)
			js_print(l.o);
	}
	devs_free(&found);
	return ret;
}

static int policy_seen(const struct seg_policy *p, void *arg)
{
	(void)p;
	(void)arg;
	return 0;
}

static int device_add_run(struct ctl *c, struct seg_device *d, const struct opt_list *addrs,
			  const char *dev)
{
	struct seg_binding bindings[OPT_LIST_MAX] = { 0 };
	struct line undo;
	size_t i;
	int ret, err;

	for (i = 0; i < addrs->n; i++) {
		if (!opt_prefix(c, addrs->list[i], &bindings[i].prefix))
			return EXIT_USAGE;
		bindings[i].ifname = dev;
	}
	d->bindings = bindings;
	d->n_bindings = addrs->n;
	ret = ctl_open(c);
	if (ret)
		return ret;
	err = seg_device_new(c->h, d);
	if (err)
		return ctl_fail(c, err, d->iccid);
	if (seg_policy_get(c->h, d->policy, policy_seen, NULL) == -ENOENT)
		ctl_warn("there is no policy '%s': the device is denied everything", d->policy);
	line_begin(&undo, c, "device");
	line_add(&undo, "del");
	line_add(&undo, d->iccid);
	out_done(c, NULL, &undo, NULL, "added device %s with %zu address%s", d->iccid, addrs->n,
		 addrs->n == 1 ? "" : "es");
	line_free(&undo);
	return EXIT_DONE;
}

static int device_add(struct ctl *c, int argc, char **argv)
{
	const char *policy = NULL, *dev = NULL, *asset = NULL;
	struct opt_list addrs = { 0 };
	bool strict = false;
	const struct opt opts[] = {
		{ "policy", OPT_VALUE, &policy },  { "addr", OPT_LIST, &addrs },
		{ "dev", OPT_VALUE, &dev },	   { "asset", OPT_VALUE, &asset },
		{ "--strict", OPT_FLAG, &strict }, { 0 },
	};
	char iccid[SEG_ICCID_LEN];
	struct seg_device d = { 0 };

	if (opt_parse(c, argc, argv, opts, 1, 1) < 0)
		return EXIT_USAGE;
	if (!opt_iccid(c, argv[0], iccid, strict))
		return EXIT_USAGE;
	if (!policy)
		return ctl_usage(c, "a device needs a policy");
	if (!seg_name_valid(policy))
		return ctl_usage(c, "bad name of a policy '%s'", policy);
	if (dev && !seg_ifname_valid(dev, 1))
		return ctl_usage(c, "bad name of an interface '%s'", dev);
	if (dev && !addrs.n)
		return ctl_usage(c, "dev needs addr: it says where addresses arrive");
	if (asset && !seg_text_valid(asset, SIMSEG_ASSET_MAX))
		return ctl_usage(c, "bad asset id '%s'", asset);
	d.iccid = iccid;
	d.policy = policy;
	d.asset = asset;
	return device_add_run(c, &d, &addrs, dev);
}

/* The commands that make a device anew. */
static void device_line(struct line *l, struct ctl *c, const struct seg_device *d)
{
	size_t i;

	line_begin(l, c, "device");
	line_add(l, "add");
	line_add(l, d->iccid);
	line_add_opt(l, "policy", d->policy);
	line_add_opt(l, "asset", d->asset);
	for (i = 0; i < d->n_bindings; i++) {
		line_and(l, c, "bind");
		line_add(l, d->iccid);
		line_add_prefix(l, &d->bindings[i].prefix);
		line_add_opt(l, "dev", d->bindings[i].ifname);
	}
}

static int device_del(struct ctl *c, int argc, char **argv)
{
	char iccid[SEG_ICCID_LEN];
	struct seg_receipt receipt;
	struct devs found = { 0 };
	struct json_object *o;
	struct line undo;
	int err, ret;

	if (opt_parse(c, argc, argv, NULL, 1, 1) < 0)
		return EXIT_USAGE;
	if (seg_iccid_parse(argv[0], iccid))
		return ctl_usage(c, "bad ICCID '%s': 18 to 20 digits", argv[0]);
	ret = ctl_open(c);
	if (!ret)
		ret = lookup_iccid(c, iccid, &found);
	if (ret)
		goto out;
	err = seg_device_del(c->h, iccid, &receipt);
	if (err) {
		ret = ctl_fail(c, err, iccid);
		goto out;
	}
	o = json_object_new_object();
	js_receipt(o, &receipt);
	device_line(&undo, c, &found.list[0].d);
	if (found.list[0].d.n_rules)
		ctl_warn("its %zu own rules are in the file only: apply it to have them again",
			 found.list[0].d.n_rules);
	out_done(c, o, &undo, NULL, "deleted device %s; %u sessions cut", iccid, receipt.sessions);
	line_free(&undo);
out:
	devs_free(&found);
	return ret;
}

int cmd_device(struct ctl *c, int argc, char **argv)
{
	const char *what = argc ? argv[0] : "list";
	int ret;

	if (!strcmp(what, "add"))
		return device_add(c, argc - 1, argv + 1);
	if (!strcmp(what, "del"))
		return device_del(c, argc - 1, argv + 1);
	if (!strcmp(what, "show"))
		return device_show(c, argc - 1, argv + 1);
	if (!strcmp(what, "load"))
		return device_load(c, argc - 1, argv + 1);
	if (!strcmp(what, "dump"))
		return device_dump(c, argc - 1, argv + 1);
	if (strcmp(what, "list"))
		return ctl_usage(c, "no '%s': add, del, show, list, load or dump", what);
	if (argc && opt_parse(c, argc - 1, argv + 1, NULL, 0, 0) < 0)
		return EXIT_USAGE;
	ret = ctl_open(c);
	return ret ? ret : devices_list(c, NULL);
}
