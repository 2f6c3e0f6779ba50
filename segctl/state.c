// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state in force as the text of a ruleset file
 */
#include <time.h>

#include "file.h"
#include "segctl.h"

struct save {
	FILE *out;
	uint8_t dir;   /* of the rules that are wanted */
	bool failsafe; /* the half of the pools that is wanted */
	size_t n;      /* written of the list under way */
	bool scan;     /* only look at the rules: */
	uint8_t first, last;
	size_t total, turns;
};

struct names {
	char (*list)[SIMSEG_NAME_MAX + 1];
	size_t n, room;
};

/* In double quotes, as YAML has them. */
static void put_quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void put_prefixes(FILE *out, const struct simseg_prefix *p, size_t n, size_t before)
{
	char buf[SEG_PREFIX_LEN];
	size_t i;

	for (i = 0; i < n; i++)
		fprintf(out, "%s\"%s\"", before + i ? ", " : "", seg_prefix_print(&p[i], buf));
}

/* When it ends: by what is left and by the clock on the wall; the earlier will win. */
static void save_deadline(FILE *out, uint64_t left, const char *before, const char *after)
{
	char text[32];
	time_t until = time(NULL) + (time_t)(left / 1000000000);
	struct tm tm;

	/* a started second counts: what is restored may last a bit longer */
	fprintf(out, "%sfor: %llus%s", before, (unsigned long long)(left / 1000000000 + 1), after);
	if (gmtime_r(&until, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		fprintf(out, "%suntil: \"%s\"%s", before, text, after);
}

static int save_pool(const struct seg_pool *pool, void *arg)
{
	struct save *s = arg;

	if (pool->failsafe == s->failsafe)
		put_prefixes(s->out, &pool->prefix, 1, s->n++);
	return 0;
}

/* Rules of one direction: the file has them under a key each. */
static void save_rule(struct save *s, const struct seg_rule *r)
{
	char proto[SEG_PROTO_LEN];
	FILE *out = s->out;

	if (r->dir != s->dir)
		return;
	if (!s->n++)
		fprintf(out, "    %s:\n", r->dir == SIMSEG_DIR_OUT ? "out" : "in");
	fputs("      - { ", out);
	if (r->label)
		fprintf(out, "label: \"%s\", ", r->label);
	fprintf(out, "proto: %s, ", r->has_proto ? seg_proto_print(r->proto, proto) : "any");
	if (r->has_ports && r->port_low == r->port_high)
		fprintf(out, "port: %u, ", r->port_low);
	else if (r->has_ports)
		fprintf(out, "port: %u-%u, ", r->port_low, r->port_high);
	fputs(r->dir == SIMSEG_DIR_OUT ? "to: " : "from: ", out);
	if (r->n_prefixes) {
		fputc('[', out);
		put_prefixes(out, r->prefixes, r->n_prefixes, 0);
		fputc(']', out);
	} else {
		fprintf(out, "\"%s\"", r->peer ? r->peer : r->self ? "self" : "any");
	}
	fputs(" }\n", out);
}

/*
 * Rules are numbered as they stand, and the file has one list a direction: the
 * direction of the first rule goes first, and more than one turn cannot be said.
 */
static void scan_rules(struct save *s, const struct seg_rule *rules, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!s->total++)
			s->first = rules[i].dir;
		else
			s->turns += rules[i].dir != s->last;
		s->last = rules[i].dir;
	}
}

static void save_rules(struct save *s, const struct seg_rule *rules, size_t n)
{
	size_t i;

	if (s->scan)
		scan_rules(s, rules, n);
	for (i = 0; i < n && !s->scan; i++)
		save_rule(s, &rules[i]);
}

static int save_policy_rules(const struct seg_policy *p, void *arg)
{
	save_rules(arg, p->rules, p->n_rules);
	return 0;
}

static int save_device_rules(const struct seg_device *d, void *arg)
{
	save_rules(arg, d->rules, d->n_rules);
	return 0;
}

static int get_rules(struct ctl *c, struct save *s, const char *policy, const char *iccid)
{
	return policy ? seg_policy_get(c->h, policy, save_policy_rules, s) :
			seg_device_get(c->h, iccid, save_device_rules, s);
}

/* The rules of a policy, or of a device: once to look, once a direction to write. */
static int save_all_rules(struct ctl *c, struct save *s, const char *policy, const char *iccid)
{
	int err, i;

	s->scan = true;
	s->total = 0;
	s->turns = 0;
	err = get_rules(c, s, policy, iccid);
	s->scan = false;
	if (!err && s->turns > 1)
		err = -EOPNOTSUPP;
	for (i = 0; i < 2 && s->total && !err; i++) {
		s->dir = i ? !s->first : s->first;
		s->n = 0;
		err = get_rules(c, s, policy, iccid);
	}
	return err;
}

static int name_add(struct names *names, const char *name)
{
	if (names->n && !strcmp(names->list[names->n - 1], name))
		return 0;
	grow(&names->list, &names->room, names->n, sizeof(*names->list));
	snprintf(names->list[names->n++], sizeof(*names->list), "%s", name);
	return 0;
}

static int name_of_policy(const struct seg_policy *p, void *arg)
{
	return name_add(arg, p->name);
}

static int is_observing(const struct seg_policy *p, void *arg)
{
	*(bool *)arg = p->observe;
	return 0;
}

static int name_of_peer(const struct seg_peer *p, void *arg)
{
	return name_add(arg, p->name);
}

/* Those with a deadline are not of the file: save_timed() has them. */
static int save_peer(const struct seg_peer *p, void *arg)
{
	struct save *s = arg;
	size_t i;

	for (i = 0; i < p->n_prefixes; i++)
		if (!p->left[i])
			put_prefixes(s->out, &p->prefixes[i], 1, s->n++);
	return 0;
}

static int save_timed(const struct seg_peer *p, void *arg)
{
	struct save *s = arg;
	char buf[SEG_PREFIX_LEN];
	size_t i;

	for (i = 0; i < p->n_prefixes; i++) {
		if (!p->left[i])
			continue;
		fprintf(s->out, "%s  - { peer: \"%s\", addr: \"%s\"",
			s->n++ ? "" : "peer_deadlines:\n", p->name,
			seg_prefix_print(&p->prefixes[i], buf));
		save_deadline(s->out, p->left[i], ", ", "");
		fputs(" }\n", s->out);
	}
	return 0;
}

static int save_pools(struct ctl *c, struct save *s)
{
	int err;

	s->failsafe = false;
	s->n = 0;
	fputs("version: 1\npools: [", s->out);
	err = seg_pool_list(c->h, save_pool, s);
	s->failsafe = true;
	s->n = 0;
	fputs("]\nfailsafe: [", s->out);
	if (!err)
		err = seg_pool_list(c->h, save_pool, s);
	fputs("]\n", s->out);
	return err;
}

static int save_peers(struct ctl *c, struct save *s)
{
	struct names names = { 0 };
	size_t i;
	int err;

	err = seg_peer_list(c->h, name_of_peer, &names);
	if (names.n)
		fputs("peers:\n", s->out);
	for (i = 0; i < names.n && !err; i++) {
		fprintf(s->out, "  \"%s\": [", names.list[i]);
		s->n = 0;
		err = seg_peer_get(c->h, names.list[i], save_peer, s);
		fputs("]\n", s->out);
	}
	free(names.list);
	return err;
}

static int save_policies(struct ctl *c, struct save *s)
{
	struct names names = { 0 };
	bool observe = false;
	size_t i;
	int err;

	err = seg_policy_list(c->h, name_of_policy, &names);
	if (names.n)
		fputs("policies:\n", s->out);
	for (i = 0; i < names.n && !err; i++) {
		fprintf(s->out, "  \"%s\":\n", names.list[i]);
		err = seg_policy_get(c->h, names.list[i], is_observing, &observe);
		if (observe)
			fputs("    observe: true\n", s->out);
		if (!err)
			err = save_all_rules(c, s, names.list[i], NULL);
		if (!s->total && !observe)
			fputs("    in: []\n", s->out);
	}
	free(names.list);
	return err;
}

/* The interface on which all of its addresses arrive; NULL: each has its own, or none. */
static const char *one_dev(const struct seg_device *d)
{
	const char *dev = d->n_bindings ? d->bindings[0].ifname : NULL;
	size_t i;

	for (i = 1; i < d->n_bindings && dev; i++)
		if (!d->bindings[i].ifname || strcmp(dev, d->bindings[i].ifname))
			return NULL;
	return dev;
}

static void save_addrs(FILE *out, const struct seg_device *d, bool devs)
{
	char buf[SEG_PREFIX_LEN];
	size_t i;

	fputs("    addr: [", out);
	for (i = 0; i < d->n_bindings; i++) {
		seg_prefix_print(&d->bindings[i].prefix, buf);
		if (devs && d->bindings[i].ifname)
			fprintf(out, "%s{ addr: \"%s\", dev: \"%s\" }", i ? ", " : "", buf,
				d->bindings[i].ifname);
		else
			fprintf(out, "%s\"%s\"", i ? ", " : "", buf);
	}
	fputs("]\n", out);
}

static int save_device(struct ctl *c, struct save *s, const struct seg_device *d)
{
	const char *dev = one_dev(d);

	fprintf(s->out, "  - iccid: \"%s\"\n", d->iccid);
	if (d->policy)
		fprintf(s->out, "    policy: \"%s\"\n", d->policy);
	if (d->asset) {
		fputs("    asset: ", s->out);
		put_quoted(s->out, d->asset);
		fputc('\n', s->out);
	}
	if (d->n_bindings)
		save_addrs(s->out, d, !dev);
	if (dev)
		fprintf(s->out, "    dev: \"%s\"\n", dev);
	return d->n_rules ? save_all_rules(c, s, NULL, d->iccid) : 0;
}

static void save_hold(FILE *out, const struct seg_device *d)
{
	fprintf(out, "  - { iccid: \"%s\"", d->iccid);
	if (d->actor) {
		fputs(", actor: ", out);
		put_quoted(out, d->actor);
	}
	if (d->reason) {
		fputs(", reason: ", out);
		put_quoted(out, d->reason);
	}
	if (d->n_allow) {
		fputs(", allow: [", out);
		put_prefixes(out, d->allow, d->n_allow, 0);
		fputc(']', out);
	}
	if (d->duration)
		save_deadline(out, d->duration, ", ", "");
	fputs(" }\n", out);
}

static int device_add(const struct seg_device *d, void *arg)
{
	devs_add(arg, d);
	return 0;
}

/* Those that are only held in advance are none yet: quarantine is not of the file. */
static int save_devices(struct ctl *c, struct save *s, const struct devs *all)
{
	size_t i, n = 0;
	int err = 0;

	fputs("devices:", s->out);
	for (i = 0; i < all->n && !err; i++) {
		if (all->list[i].d.state == SIMSEG_STATE_UNKNOWN)
			continue;
		fputs(n++ ? "" : "\n", s->out);
		err = save_device(c, s, &all->list[i].d);
	}
	if (!n)
		fputs(" []\n", s->out);
	return err;
}

static void save_word(FILE *out, const char *key, const char *text)
{
	if (!text)
		return;
	fprintf(out, "    %s: ", key);
	put_quoted(out, text);
	fputc('\n', out);
}

static int save_grant(const struct seg_grant *g, void *arg)
{
	struct save *s = arg;

	fputs(s->total++ ? "" : "grants:\n", s->out);
	fprintf(s->out, "  - iccid: \"%s\"\n", g->iccid);
	save_word(s->out, "iif", g->ifname);
	save_word(s->out, "actor", g->actor);
	save_word(s->out, "ticket", g->ticket);
	save_word(s->out, "reason", g->reason);
	save_deadline(s->out, g->duration, "    ", "\n");
	s->dir = g->rule->dir;
	s->n = 0;
	save_rule(s, g->rule);
	return 0;
}

static int save_iface(const struct seg_iface *i, void *arg)
{
	struct save *s = arg;

	if (!i->ifindex)
		fprintf(s->out, "%s  - { name: \"%s\", side: %s, mode: %s%s%s }\n",
			s->n++ ? "" : "interfaces:\n", i->ifname, seg_side_name(i->side),
			seg_mode_name(i->mode), i->forward ? ", forward: " : "",
			i->forward ? seg_forward_name(i->forward) : "");
	return 0;
}

/* What a ruleset file does not have, or need not. */
static int save_whole(struct ctl *c, struct save *s, const struct devs *all)
{
	time_t now = time(NULL);
	char text[32] = "";
	struct tm tm;
	size_t i, n = 0;
	int err;

	if (gmtime_r(&now, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	fprintf(s->out, "saved: \"%s\"\n", text);
	for (i = 0; i < all->n; i++) {
		if (all->list[i].d.state == SIMSEG_STATE_ACTIVE)
			continue;
		fputs(n++ ? "" : "quarantine:\n", s->out);
		save_hold(s->out, &all->list[i].d);
	}
	s->n = 0;
	err = seg_peer_list(c->h, save_timed, s);
	s->total = 0;
	if (!err)
		err = seg_grant_list(c->h, NULL, save_grant, s);
	if (err)
		return err;
	s->n = 0;
	err = seg_iface_list(c->h, save_iface, s);
	return err == -EAGAIN ? 0 : err;
}

static void save_settings(const struct seg_status *st, FILE *out)
{
	unsigned int i;
	bool some = false;

	for (i = 0; i < SEG_SETTINGS; i++) {
		if (!st->has_setting[i] || !seg_setting_name(i))
			continue;
		fputs(some ? "" : "settings:\n", out);
		some = true;
		fprintf(out, "  %s: %u\n", seg_setting_name(i), st->setting[i]);
	}
}

/* The order in which devices came is no part of the state. */
static int by_iccid(const void *a, const void *b)
{
	const struct dev *x = a, *y = b;

	return strcmp(x->d.iccid, y->d.iccid);
}

static int save_ruleset(struct ctl *c, struct save *s, const struct seg_status *st)
{
	int err;

	err = save_pools(c, s);
	if (!err)
		err = save_peers(c, s);
	save_settings(st, s->out);
	return err ? err : save_policies(c, s);
}

static int save_all(struct ctl *c, struct save *s, const struct seg_status *st, bool whole)
{
	struct devs all = { 0 };
	int err;

	err = save_ruleset(c, s, st);
	if (!err)
		err = seg_device_list(c->h, device_add, &all);
	if (all.n)
		qsort(all.list, all.n, sizeof(*all.list), by_iccid);
	if (!err)
		err = save_devices(c, s, &all);
	if (!err && whole)
		err = save_whole(c, s, &all);
	devs_free(&all);
	return err;
}

/* The text that was written to @s, if that went well and it is a file. */
static char *state_checked(struct save *s, int err, char **text, const size_t *len)
{
	struct file *check;
	bool good;

	if (fclose(s->out) || err) {
		free(*text);
		return NULL;
	}
	check = file_read(*text, *len, false);
	good = !check->diags.errors;
	file_free(check);
	if (good)
		return *text;
	free(*text);
	return NULL;
}

char *state_text(struct ctl *c, const struct seg_status *st, bool whole, size_t *len)
{
	struct save s = { 0 };
	char *text = NULL;

	s.out = open_memstream(&text, len);
	return s.out ? state_checked(&s, save_all(c, &s, st, whole), &text, len) : NULL;
}

char *state_ruleset(struct ctl *c, const struct seg_status *st, size_t *len)
{
	struct save s = { 0 };
	char *text = NULL;

	s.out = open_memstream(&text, len);
	return s.out ? state_checked(&s, save_ruleset(c, &s, st), &text, len) : NULL;
}

struct file *state_file(struct ctl *c)
{
	struct seg_status st;
	struct file *f;
	char *text;
	size_t len;

	if (seg_status_get(c->h, &st))
		return NULL;
	/* what only a saved state may say is in force, too */
	text = state_text(c, &st, true, &len);
	if (!text)
		return NULL;
	f = file_read(text, len, false);
	free(text);
	return f;
}
