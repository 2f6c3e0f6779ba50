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

/* The prefixes of a set, sorted, and which of them go by themselves. */
struct prefixes {
	struct simseg_prefix *list;
	size_t n, room;
	struct timed *timed;
	size_t n_timed, timed_room;
};

struct timed {
	struct simseg_prefix prefix;
	uint64_t left; /* ns */
};

static void prefixes_free(struct prefixes *set)
{
	free(set->list);
	free(set->timed);
}

static int prefixes_add(const struct seg_peer *p, void *arg)
{
	struct prefixes *set = arg;
	size_t i;

	for (i = 0; i < p->n_prefixes; i++) {
		grow(&set->list, &set->room, set->n, sizeof(*set->list));
		set->list[set->n++] = p->prefixes[i];
		if (!p->left[i])
			continue;
		grow(&set->timed, &set->timed_room, set->n_timed, sizeof(*set->timed));
		set->timed[set->n_timed++] =
			(struct timed){ .prefix = p->prefixes[i], .left = p->left[i] };
	}
	return 0;
}

static int timed_cmp(const void *va, const void *vb)
{
	const struct timed *a = va, *b = vb;

	return seg_prefix_cmp(&a->prefix, &b->prefix);
}

/* How long it stays; 0: until it is taken away. */
static uint64_t prefixes_left(const struct prefixes *set, const struct simseg_prefix *prefix)
{
	const struct timed key = { .prefix = *prefix }, *found;

	found = set->n_timed ? bsearch(&key, set->timed, set->n_timed, sizeof(key), timed_cmp) :
			       NULL;
	return found ? found->left : 0;
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
	if (!err && set->n_timed)
		qsort(set->timed, set->n_timed, sizeof(*set->timed), timed_cmp);
	return err;
}

static bool prefixes_has(const struct prefixes *set, const struct simseg_prefix *prefix)
{
	return set->n && bsearch(prefix, set->list, set->n, sizeof(*set->list), prefix_cmp);
}

static void show_json(const char *name, const struct prefixes *set)
{
	struct json_object *o = json_object_new_object(), *left = json_object_new_object();
	char buf[SEG_PREFIX_LEN];
	size_t i;

	js_str(o, "name", name);
	json_object_object_add(o, "prefixes", js_prefixes(set->list, set->n));
	for (i = 0; i < set->n_timed; i++)
		js_num(left, seg_prefix_print(&set->timed[i].prefix, buf), set->timed[i].left);
	json_object_object_add(o, "left_ns", left);
	js_print(o);
}

static void show_text(const struct prefixes *set)
{
	char buf[SEG_PREFIX_LEN], time[32];
	uint64_t left;
	size_t i;

	for (i = 0; i < set->n; i++) {
		left = prefixes_left(set, &set->list[i]);
		seg_prefix_print(&set->list[i], buf);
		if (left)
			printf("%s for %s more\n", buf, out_time(left, time));
		else
			puts(buf);
	}
}

static int peer_show(struct ctl *c, const char *name)
{
	struct prefixes set = { 0 };
	int ret = EXIT_DONE, err;

	err = prefixes_get(c, name, &set);
	if (err)
		ret = lookup_name_fail(c, err, name, false);
	else if (c->json)
		show_json(name, &set);
	else
		show_text(&set);
	prefixes_free(&set);
	return ret;
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

/* What is asked for: add and del by these prefixes, replace by all of them. */
struct change {
	enum {
		PEER_ADD,
		PEER_DEL,
		PEER_REPLACE
	} what;
	const char *name;
	struct prefixes given;
	uint64_t duration; /* ns; 0: for good */
};

static void replace_done(struct ctl *c, const struct change *ch, const struct prefixes *before,
			 const struct seg_receipt *receipt)
{
	struct json_object *o = json_object_new_object();
	struct line undo;
	size_t i;

	js_str(o, "name", ch->name);
	js_receipt(o, receipt);
	line_begin(&undo, c, "peer");
	line_add(&undo, "replace");
	line_add(&undo, ch->name);
	for (i = 0; i < before->n; i++)
		line_add_prefix(&undo, &before->list[i]);
	out_done(c, o, before->n_timed ? NULL : &undo, "some of the former ones had a deadline",
		 "replaced %s: %zu prefixes before, %zu now; %u sessions cut", ch->name, before->n,
		 ch->given.n, receipt->sessions);
	line_free(&undo);
}

static int change_send(struct ctl *c, const struct change *ch, const struct prefixes *before)
{
	bool add = ch->what == PEER_ADD;
	struct prefixes changed = { 0 };
	struct seg_receipt receipt;
	int err;

	if (ch->what == PEER_REPLACE) {
		err = seg_peer_replace(c->h, ch->name, ch->given.list, ch->given.n, &receipt);
		if (!err)
			replace_done(c, ch, before, &receipt);
		return err;
	}
	changing(ch->given.n ? &ch->given : before, before, add, &changed);
	err = add ? seg_peer_add(c->h, ch->name, ch->given.list, ch->given.n, ch->duration) :
		    seg_peer_del(c->h, ch->name, ch->given.list, ch->given.n);
	if (!err)
		change_done(c, ch->name, add, &changed);
	prefixes_free(&changed);
	return err;
}

static int change_run(struct ctl *c, const struct change *ch)
{
	struct prefixes before = { 0 };
	int err, ret = EXIT_DONE;

	err = prefixes_get(c, ch->name, &before);
	if (err) {
		ret = lookup_name_fail(c, err, ch->name, false);
	} else {
		err = change_send(c, ch, &before);
		if (err)
			ret = ctl_fail(c, err, ch->name);
	}
	prefixes_free(&before);
	return ret;
}

static bool given_add(struct ctl *c, struct prefixes *given, const char *text)
{
	struct simseg_prefix prefix;

	if (!opt_prefix(c, text, &prefix))
		return false;
	grow(&given->list, &given->room, given->n, sizeof(*given->list));
	given->list[given->n++] = prefix;
	return true;
}

/* One a line, as a feed of addresses comes; '#' begins a comment. */
static bool given_read(struct ctl *c, struct prefixes *given)
{
	char line[256], *word;

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "#\n")] = '\0';
		word = strtok(line, " \t\r");
		if (word && !given_add(c, given, word))
			return false;
	}
	return true;
}

static int peer_change(struct ctl *c, int argc, char **argv, struct change *ch)
{
	const char *duration = NULL;
	const struct opt opts[] = {
		{ "--for", OPT_VALUE, &duration },
		{ 0 },
	};
	int i, n;

	n = opt_parse(c, argc, argv, ch->what == PEER_ADD ? opts : NULL, 1 + (ch->what == PEER_ADD),
		      -1);
	if (n < 0 || (duration && !opt_duration(c, duration, &ch->duration)))
		return EXIT_USAGE;
	ch->name = argv[0];
	if (!seg_name_valid(ch->name))
		return ctl_usage(c, "bad name of a peer set '%s'", ch->name);
	for (i = 1; i < n; i++)
		if (!(strcmp(argv[i], "-") ? given_add(c, &ch->given, argv[i]) :
					     given_read(c, &ch->given)))
			return EXIT_USAGE;
	i = ctl_open(c);
	return i ? i : change_run(c, ch);
}

int cmd_peer(struct ctl *c, int argc, char **argv)
{
	static const char *const changes[] = { "add", "del", "replace" };
	const char *what = argc ? argv[0] : "list";
	bool show = !strcmp(what, "show");
	struct change ch = { 0 };
	int i, ret;

	for (i = 0; i < 3; i++) {
		if (strcmp(what, changes[i]))
			continue;
		ch.what = i;
		ret = peer_change(c, argc - 1, argv + 1, &ch);
		prefixes_free(&ch.given);
		return ret;
	}
	if (!show && strcmp(what, "list"))
		return ctl_usage(c, "no '%s': list, show, add, del or replace", what);
	if (argc && opt_parse(c, argc - 1, argv + 1, NULL, show, show) < 0)
		return EXIT_USAGE;
	ret = ctl_open(c);
	if (ret)
		return ret;
	return show ? peer_show(c, argv[1]) : peer_list(c);
}
