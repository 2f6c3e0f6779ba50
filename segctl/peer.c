// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl peer
 */
#include "segctl.h"

struct listing {
	struct ctl *c;
	struct table *t;
	struct js_list json;
	struct json_object *o;
	char name[SIMSEG_NAME_MAX + 1];
};

static int list_add(const struct seg_peer *p, void *arg)
{
	struct listing *l = arg;
	struct json_object *o;

	/* further parts of a large set */
	if (!strcmp(l->name, p->name))
		return 0;
	snprintf(l->name, sizeof(l->name), "%s", p->name);
	if (l->c->json) {
		o = json_object_new_object();
		js_str(o, "name", p->name);
		js_num(o, "prefixes", p->count);
		js_list_add(&l->json, o);
		return 0;
	}
	table_cell(l->t, p->name);
	table_num(l->t, p->count);
	return 0;
}

static int peer_list(struct ctl *c)
{
	struct listing l = { .c = c };
	int err;

	if (c->json)
		js_list_begin(&l.json);
	else
		l.t = table_new("PEERS >PREFIXES");
	err = seg_peer_list(c->h, list_add, &l);
	if (c->json)
		js_list_end(&l.json);
	else
		table_end(l.t);
	return err ? ctl_fail(c, err, NULL) : EXIT_DONE;
}

/* The prefixes of a set, sorted. */
struct prefixes {
	struct simseg_prefix *list;
	size_t n, room;
};

static int prefixes_add(const struct seg_peer *p, void *arg)
{
	struct prefixes *set = arg;
	size_t i;

	for (i = 0; i < p->n_prefixes; i++) {
		grow(&set->list, &set->room, set->n, sizeof(*set->list));
		set->list[set->n++] = p->prefixes[i];
	}
	return 0;
}

static int prefix_cmp(const void *a, const void *b)
{
	return seg_prefix_cmp(a, b);
}

static int prefixes_get(struct ctl *c, const char *name, struct prefixes *set)
{
	int err = seg_peer_get(c->h, name, prefixes_add, set);

	if (!err && set->n)
		qsort(set->list, set->n, sizeof(*set->list), prefix_cmp);
	return err;
}

static bool prefixes_has(const struct prefixes *set, const struct simseg_prefix *prefix)
{
	return set->n && bsearch(prefix, set->list, set->n, sizeof(*set->list), prefix_cmp);
}

static int peer_show(struct ctl *c, const char *name)
{
	struct prefixes set = { 0 };
	struct json_object *o;
	char buf[SEG_PREFIX_LEN];
	size_t i;
	int err;

	err = prefixes_get(c, name, &set);
	if (err) {
		free(set.list);
		return lookup_name_fail(c, err, name, false);
	}
	if (c->json) {
		o = json_object_new_object();
		js_str(o, "name", name);
		json_object_object_add(o, "prefixes", js_prefixes(set.list, set.n));
		js_print(o);
	}
	for (i = 0; i < set.n && !c->json; i++)
		puts(seg_prefix_print(&set.list[i], buf));
	free(set.list);
	return EXIT_DONE;
}

/* The prefixes of @given that the change will add, or take away. */
static void changing(const struct prefixes *given, const struct prefixes *before, bool add,
		     struct prefixes *out)
{
	size_t i;

	for (i = 0; i < given->n; i++) {
		if (prefixes_has(before, &given->list[i]) == add)
			continue;
		grow(&out->list, &out->room, out->n, sizeof(*out->list));
		out->list[out->n++] = given->list[i];
	}
}

static void change_done(struct ctl *c, const char *name, bool add, const struct prefixes *changed)
{
	struct json_object *o = json_object_new_object();
	struct line undo;
	size_t i;

	js_str(o, "name", name);
	json_object_object_add(o, "prefixes", js_prefixes(changed->list, changed->n));
	line_begin(&undo, c, "peer");
	line_add(&undo, add ? "del" : "add");
	line_add(&undo, name);
	for (i = 0; i < changed->n; i++)
		line_add_prefix(&undo, &changed->list[i]);
	out_done(c, o, changed->n ? &undo : NULL, "nothing has changed", "%s %zu prefix%s %s %s",
		 add ? "added" : "took", changed->n, changed->n == 1 ? "" : "es",
		 add ? "to" : "from", name);
	line_free(&undo);
}

static int change_run(struct ctl *c, const char *name, bool add, struct prefixes *given)
{
	struct prefixes before = { 0 }, changed = { 0 };
	int err, ret = EXIT_DONE;

	err = prefixes_get(c, name, &before);
	if (err) {
		ret = lookup_name_fail(c, err, name, false);
		goto out;
	}
	changing(given->n ? given : &before, &before, add, &changed);
	err = add ? seg_peer_add(c->h, name, given->list, given->n) :
		    seg_peer_del(c->h, name, given->list, given->n);
	if (err)
		ret = ctl_fail(c, err, name);
	else
		change_done(c, name, add, &changed);
out:
	free(before.list);
	free(changed.list);
	return ret;
}

static int peer_change(struct ctl *c, int argc, char **argv, bool add)
{
	struct prefixes given = { 0 };
	struct simseg_prefix prefix;
	int i, n, ret;

	n = opt_parse(c, argc, argv, NULL, 1 + add, -1);
	if (n < 0)
		return EXIT_USAGE;
	if (!seg_name_valid(argv[0]))
		return ctl_usage(c, "bad name of a peer set '%s'", argv[0]);
	for (i = 1; i < n; i++) {
		if (!opt_prefix(c, argv[i], &prefix)) {
			free(given.list);
			return EXIT_USAGE;
		}
		grow(&given.list, &given.room, given.n, sizeof(*given.list));
		given.list[given.n++] = prefix;
	}
	ret = ctl_open(c);
	if (!ret)
		ret = change_run(c, argv[0], add, &given);
	free(given.list);
	return ret;
}

int cmd_peer(struct ctl *c, int argc, char **argv)
{
	const char *what = argc ? argv[0] : "list";
	bool show = !strcmp(what, "show");
	int ret;

	if (!strcmp(what, "add") || !strcmp(what, "del"))
		return peer_change(c, argc - 1, argv + 1, what[0] == 'a');
	if (!show && strcmp(what, "list"))
		return ctl_usage(c, "no '%s': list, show, add or del", what);
	if (argc && opt_parse(c, argc - 1, argv + 1, NULL, show, show) < 0)
		return EXIT_USAGE;
	ret = ctl_open(c);
	if (ret)
		return ret;
	return show ? peer_show(c, argv[1]) : peer_list(c);
}
