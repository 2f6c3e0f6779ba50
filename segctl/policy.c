// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl policy
 */
#include "segctl.h"

/*
 * A policy may come in several parts; its rules are printed as they come, the
 * list gets one row by the first part.
 */
struct listing {
	struct ctl *c;
	struct table *t;
	struct js_list json;
	struct json_object *o;
	char name[SIMSEG_NAME_MAX + 1];
};

static bool part_is_new(struct listing *l, const char *name)
{
	if (!strcmp(l->name, name))
		return false;
	snprintf(l->name, sizeof(l->name), "%s", name);
	return true;
}

static int list_add(const struct seg_policy *p, void *arg)
{
	struct listing *l = arg;
	struct json_object *o;

	if (!part_is_new(l, p->name))
		return 0;
	if (l->c->json) {
		o = json_object_new_object();
		js_str(o, "name", p->name);
		js_num(o, "id", p->id);
		js_num(o, "rules", p->count);
		js_bool(o, "observe", p->observe);
		js_list_add(&l->json, o);
		return 0;
	}
	table_cell(l->t, p->name);
	table_num(l->t, p->id);
	table_num(l->t, p->count);
	table_cell(l->t, p->observe ? "observe" : "enforce");
	return 0;
}

static int policy_list(struct ctl *c)
{
	struct listing l = { .c = c };
	int err;

	if (c->json)
		js_list_begin(&l.json);
	else
		l.t = table_new("POLICY >ID >RULES MODE");
	err = seg_policy_list(c->h, list_add, &l);
	if (c->json)
		js_list_end(&l.json);
	else
		table_end(l.t);
	return err ? ctl_fail(c, err, NULL) : EXIT_DONE;
}

static int show_add(const struct seg_policy *p, void *arg)
{
	struct listing *l = arg;
	struct json_object *rules = NULL;
	char text[4096];
	size_t i;

	if (l->c->json && part_is_new(l, p->name)) {
		l->o = json_object_new_object();
		js_str(l->o, "name", p->name);
		js_num(l->o, "id", p->id);
		js_bool(l->o, "observe", p->observe);
		json_object_object_add(l->o, "rules", json_object_new_array());
	}
	if (l->c->json)
		json_object_object_get_ex(l->o, "rules", &rules);
	for (i = 0; i < p->n_rules; i++) {
		if (rules) {
			json_object_array_add(rules, rule_json(&p->rules[i]));
			continue;
		}
		table_num(l->t, p->rules[i].id);
		table_cell(l->t, p->rules[i].label);
		table_cell(l->t, rule_text(&p->rules[i], text, sizeof(text)));
	}
	return 0;
}

static int policy_show(struct ctl *c, const char *name)
{
	struct listing l = { .c = c };
	int err;

	l.t = table_new(">ID LABEL RULE");
	err = seg_policy_get(c->h, name, show_add, &l);
	table_end(l.t);
	if (l.o)
		js_print(l.o);
	return err ? lookup_name_fail(c, err, name, true) : EXIT_DONE;
}

int cmd_policy(struct ctl *c, int argc, char **argv)
{
	const char *what = argc ? argv[0] : "list";
	bool show = !strcmp(what, "show");
	int ret;

	if (!show && strcmp(what, "list"))
		return ctl_usage(c, "no '%s': list or show", what);
	if (argc && opt_parse(c, argc - 1, argv + 1, NULL, show, show) < 0)
		return EXIT_USAGE;
	ret = ctl_open(c);
	if (ret)
		return ret;
	return show ? policy_show(c, argv[1]) : policy_list(c);
}
