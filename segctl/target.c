// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Targets: the devices that a command for many is about. All of them are found
 * before anything is asked for, and one that is not there stops it.
 */
#include <dirent.h>

#include "segctl.h"

#define NETNS_DIR   "/run/netns"
#define COMPLAINTS  20 /* about entries, one line each */
#define PREVIEW_MAX 40 /* held ICCIDs that are told one by one */

static void target_add(struct targets *t, const char *text, size_t line)
{
	struct target *target;

	grow(&t->list, &t->room, t->n, sizeof(*t->list));
	target = memset(&t->list[t->n++], 0, sizeof(*target));
	target->text = xstrdup(text);
	target->line = line;
	target->dev = NO_DEV;
}

static void target_is(struct targets *t, struct target *target, size_t dev)
{
	target->dev = dev;
	snprintf(target->iccid, sizeof(target->iccid), "%s", t->devs.list[dev].d.iccid);
}

void targets_free(struct targets *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		free(t->list[i].text);
	free(t->list);
	devs_free(&t->devs);
	memset(t, 0, sizeof(*t));
}

const struct seg_device *target_device(const struct targets *t, size_t i)
{
	return t->list[i].dev == NO_DEV ? NULL : &t->devs.list[t->list[i].dev].d;
}

const char **targets_iccids(const struct targets *t)
{
	const char **iccids = xcalloc(t->n, sizeof(*iccids));
	size_t i;

	for (i = 0; i < t->n; i++)
		iccids[i] = t->list[i].iccid;
	return iccids;
}

/* A name a line; # begins a comment where a word could begin. */
static int list_read(struct ctl *c, struct targets *t)
{
	char *line = NULL, *text, *end;
	size_t room = 0, n;

	for (n = 1; getline(&line, &room, stdin) >= 0; n++) {
		text = line + strspn(line, " \t\r\n");
		for (end = text; *end && (*end != '#' || (end > text && !strchr(" \t", end[-1])));)
			end++;
		while (end > text && strchr(" \t\r\n", end[-1]))
			end--;
		*end = '\0';
		if (*text)
			target_add(t, text, n);
	}
	free(line);
	if (ferror(stdin)) {
		ctl_warn("cannot read the list: %s", strerror(errno));
		return EXIT_USAGE;
	}
	return t->n ? EXIT_DONE : ctl_usage(c, "the list names no device");
}

static int found_add(const struct seg_device *d, void *arg)
{
	devs_add(arg, d);
	return 0;
}

/* By ICCID or address; 0 or -ENOENT: it is neither, or not known. */
static int target_ask(struct ctl *c, struct targets *t, struct target *target)
{
	struct simseg_prefix prefix;
	int err = -ENOENT;

	if (!seg_iccid_parse(target->text, target->iccid))
		err = seg_device_get(c->h, target->iccid, found_add, &t->devs);
	else if (!seg_prefix_parse(target->text, &prefix))
		err = seg_device_get_by_prefix(c->h, &prefix, found_add, &t->devs);
	if (!err)
		target_is(t, target, t->devs.n - 1);
	return err;
}

/* Targets that may be asset ids, in the order of these. */
struct assets {
	struct targets *t;
	struct target **list;
	size_t *hits;
	size_t n;
};

static int by_text(const void *a, const void *b)
{
	return strcmp((*(struct target *const *)a)->text, (*(struct target *const *)b)->text);
}

static int asset_seen(const struct seg_device *d, void *arg)
{
	struct target key = { .text = (char *)d->asset }, *wanted = &key, **hit;
	struct assets *a = arg;
	size_t i;

	if (d->part || !d->asset)
		return 0;
	hit = bsearch(&wanted, a->list, a->n, sizeof(*a->list), by_text);
	if (!hit)
		return 0;
	while (hit > a->list && !strcmp(hit[-1]->text, d->asset))
		hit--;
	devs_add(&a->t->devs, d);
	for (i = (size_t)(hit - a->list); i < a->n && !strcmp(a->list[i]->text, d->asset); i++) {
		target_is(a->t, a->list[i], a->t->devs.n - 1);
		a->hits[i]++;
	}
	return 0;
}

/* What devs has beyond what is found then is looked at by nobody. */
static void assets_again(void *arg)
{
	struct assets *a = arg;
	size_t i;

	for (i = 0; i < a->n; i++) {
		a->hits[i] = 0;
		a->list[i]->dev = NO_DEV;
		if (seg_iccid_parse(a->list[i]->text, a->list[i]->iccid))
			a->list[i]->iccid[0] = '\0';
	}
}

static void elsewhere_look(struct ctl *c, const char *netns, const char *text)
{
	struct ctl other = { .netns = netns };
	struct devs found = { 0 };

	if (!seg_open(&other.h, netns) && lookup(&other, text, &found, true) == EXIT_DONE)
		ctl_warn("another network namespace has it: segctl%s%s %s %s", netns ? " -n " : "",
			 netns ? netns : "", c->verb, text);
	devs_free(&found);
	seg_close(other.h);
}

/* Somebody may have forgotten in which namespace they are. */
static void elsewhere(struct ctl *c, const char *text)
{
	DIR *dir = opendir(NETNS_DIR);
	struct dirent *entry;

	if (c->netns)
		elsewhere_look(c, NULL, text);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && (!c->netns || strcmp(entry->d_name, c->netns)))
			elsewhere_look(c, entry->d_name, text);
	if (dir)
		closedir(dir);
}

static void target_complain(const struct target *target, size_t hits)
{
	char where[32] = "";

	if (target->line)
		snprintf(where, sizeof(where), "line %zu: ", target->line);
	if (hits)
		ctl_warn("%s'%s' names %zu devices: say which, by ICCID", where, target->text,
			 hits);
	else
		ctl_warn("%sno device '%s'", where, target->text);
}

/* By asset id, with one reading of all devices; complains of what is nothing. */
static int targets_by_asset(struct ctl *c, struct assets *a, bool unknown)
{
	const struct target *missing = NULL;
	size_t i, bad = 0;
	int err;

	qsort(a->list, a->n, sizeof(*a->list), by_text);
	err = seg_device_stream(c->h, asset_seen, assets_again, a);
	if (err && err != -EAGAIN)
		return ctl_fail(c, err, NULL);
	for (i = 0; i < a->n; i++) {
		if (a->hits[i] == 1 || (!a->hits[i] && unknown && *a->list[i]->iccid))
			continue;
		if (bad++ < COMPLAINTS)
			target_complain(a->list[i], a->hits[i]);
		if (!a->hits[i] && !missing)
			missing = a->list[i];
	}
	if (missing)
		elsewhere(c, missing->text);
	if (bad)
		ctl_warn("%zu of the list cannot be found; nothing was changed", bad);
	return !bad ? EXIT_DONE : missing ? EXIT_NONE : EXIT_USAGE;
}

static int targets_resolve(struct ctl *c, struct targets *t, bool unknown)
{
	struct assets a = { .t = t };
	size_t i;
	int err, ret = EXIT_DONE;

	a.list = xcalloc(t->n, sizeof(*a.list));
	a.hits = xcalloc(t->n, sizeof(*a.hits));
	for (i = 0; i < t->n && !ret; i++) {
		err = target_ask(c, t, &t->list[i]);
		if (err == -ENOENT)
			a.list[a.n++] = &t->list[i];
		else if (err)
			ret = ctl_fail(c, err, t->list[i].text);
	}
	if (!ret && a.n)
		ret = targets_by_asset(c, &a, unknown);
	free(a.list);
	free(a.hits);
	return ret;
}

/* One alone: with near matches, or the list of those that it may be. */
static int target_single(struct ctl *c, struct targets *t, bool unknown)
{
	struct target *target = &t->list[0];
	bool held = unknown && !seg_iccid_parse(target->text, target->iccid);
	int ret;

	if (unknown && !held)
		return ctl_usage(c, "--unknown needs an ICCID of 18 to 20 digits");
	if (held)
		opt_iccid(c, target->text, target->iccid, false);
	ret = held ? lookup(c, target->iccid, &t->devs, true) :
		     lookup_one(c, target->text, &t->devs);
	if (!ret)
		target_is(t, target, 0);
	else if (ret == EXIT_NONE && !held)
		elsewhere(c, target->text);
	return ret == EXIT_NONE && held ? EXIT_DONE : ret;
}

struct members {
	struct targets *t;
	const struct target_opts *o;
	bool any; /* has the policy */
};

static int member_seen(const struct seg_device *d, void *arg)
{
	struct members *m = arg;

	if (d->part || !d->policy || strcmp(d->policy, m->o->policy))
		return 0;
	m->any = true;
	if (m->o->quarantined && d->state == SIMSEG_STATE_ACTIVE)
		return 0;
	devs_add(&m->t->devs, d);
	target_add(m->t, d->iccid, 0);
	target_is(m->t, &m->t->list[m->t->n - 1], m->t->devs.n - 1);
	return 0;
}

static void members_again(void *arg)
{
	struct members *m = arg;

	targets_free(m->t);
	m->any = false;
}

static int policy_seen(const struct seg_policy *p, void *arg)
{
	(void)p;
	(void)arg;
	return 0;
}

static int targets_of_policy(struct ctl *c, const struct target_opts *o, struct targets *t)
{
	struct members m = { .t = t, .o = o };
	int err = seg_device_stream(c->h, member_seen, members_again, &m);

	/* one that came or went meanwhile must not be left out without a word */
	if (err)
		return ctl_fail(c, err, NULL);
	if (t->n)
		return EXIT_DONE;
	err = m.any ? 0 : seg_policy_get(c->h, o->policy, policy_seen, NULL);
	if (err)
		return lookup_name_fail(c, err, o->policy, true);
	ctl_warn("no device of policy '%s'%s", o->policy, m.any ? " is quarantined" : "");
	return EXIT_NONE;
}

static int by_iccid(const void *a, const void *b)
{
	const struct target *x = *(struct target *const *)a, *y = *(struct target *const *)b;
	int order = strcmp(x->iccid, y->iccid);

	return order ? order : (x > y) - (x < y);
}

/* Each device once, where it was named first. */
static void targets_unique(struct targets *t)
{
	struct target **order = xcalloc(t->n, sizeof(*order));
	size_t i, n;

	for (i = 0; i < t->n; i++)
		order[i] = &t->list[i];
	qsort(order, t->n, sizeof(*order), by_iccid);
	for (i = 1, n = 0; i < t->n; i++) {
		if (strcmp(order[n]->iccid, order[i]->iccid)) {
			n = i;
			continue;
		}
		free(order[i]->text);
		order[i]->text = NULL;
	}
	for (i = 0, n = 0; i < t->n; i++)
		if (t->list[i].text)
			t->list[n++] = t->list[i];
	t->n = n;
	free(order);
}

int targets_get(struct ctl *c, const struct target_opts *o, struct targets *t)
{
	bool list = o->n == 1 && !strcmp(o->words[0], "-");
	size_t i;
	int ret = EXIT_DONE;

	if (o->policy && o->n)
		return ctl_usage(c, "--policy and devices exclude each other");
	if (!o->policy && !o->n)
		return ctl_usage(c, "which device? An ICCID, address or asset id, - or --policy");
	if (o->policy && o->unknown)
		return ctl_usage(c, "--unknown needs ICCIDs");
	if (o->policy)
		return targets_of_policy(c, o, t);
	if (list)
		ret = list_read(c, t);
	for (i = 0; i < o->n && !list; i++)
		target_add(t, o->words[i], 0);
	if (!ret)
		ret = o->n == 1 && !list ? target_single(c, t, o->unknown) :
					   targets_resolve(c, t, o->unknown);
	if (!ret)
		targets_unique(t);
	return ret;
}

int targets_refused(struct ctl *c, const struct targets *t, int err)
{
	const char *iccid = strrchr(seg_subject(c->h), ' ');
	size_t i;

	for (i = 0; iccid && i < t->n; i++) {
		const struct target *target = &t->list[i];

		if (strcmp(target->iccid, iccid + 1))
			continue;
		if (target->line)
			ctl_warn("line %zu: %s: %s; nothing was changed", target->line,
				 target->text, seg_strerror(c->h));
		else
			ctl_warn("%s: %s", target->text, seg_strerror(c->h));
		return ctl_code(err);
	}
	return ctl_fail(c, err, NULL);
}

static void preview_json(const struct targets *t, uint64_t sessions)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();
	struct json_object *held = json_object_new_array();
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (target_device(t, i))
			json_object_array_add(list, device_json(target_device(t, i)));
		else
			json_object_array_add(held, json_object_new_string(t->list[i].iccid));
	}
	js_bool(o, "dry_run", true);
	json_object_object_add(o, "devices", list);
	json_object_object_add(o, "unknown", held);
	js_num(o, "sessions", sessions);
	js_print(o);
}

int targets_preview(struct ctl *c, const struct targets *t, const char *verb)
{
	uint64_t sessions = 0;
	struct table *table;
	size_t i, held = 0;

	for (i = 0; i < t->n; i++)
		sessions += target_device(t, i) ? target_device(t, i)->sessions : 0;
	if (c->json) {
		preview_json(t, sessions);
		return EXIT_DONE;
	}
	table = devices_table();
	for (i = 0; i < t->n; i++)
		if (target_device(t, i))
			devices_row(table, target_device(t, i));
	table_end(table);
	for (i = 0; i < t->n; i++)
		if (!target_device(t, i) && held++ < PREVIEW_MAX)
			printf("%s is not known: it would be held for when it comes\n",
			       t->list[i].iccid);
	printf("dry run: would %s %zu device%s with %llu session%s; nothing was changed\n", verb,
	       t->n, t->n == 1 ? "" : "s", (unsigned long long)sessions, sessions == 1 ? "" : "s");
	return EXIT_DONE;
}
