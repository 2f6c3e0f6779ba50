// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state in force as the text of a ruleset file
 */
#include <time.h>

#include "file.h"
#include "state.h"

#define SAVE_BUF_LEN 65536

struct names {
	char (*list)[SIMSEG_NAME_MAX + 1];
	size_t n, room;
};

void save_quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

void save_prefixes(FILE *out, const struct simseg_prefix *p, size_t n, size_t before)
{
	char buf[SEG_PREFIX_LEN];
	size_t i;

	for (i = 0; i < n; i++)
		fprintf(out, "%s\"%s\"", before + i ? ", " : "", seg_prefix_print(&p[i], buf));
}

void save_deadline(FILE *out, uint64_t left, const char *before, const char *after)
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
		save_prefixes(s->out, &pool->prefix, 1, s->n++);
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
		save_prefixes(out, r->prefixes, r->n_prefixes, 0);
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

int save_all_rules(struct ctl *c, struct save *s, const char *policy, const char *iccid)
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
			save_prefixes(s->out, &p->prefixes[i], 1, s->n++);
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

static void save_word(FILE *out, const char *key, const char *text)
{
	if (!text)
		return;
	fprintf(out, "    %s: ", key);
	save_quoted(out, text);
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
static int save_whole(struct ctl *c, struct save *s, const struct registry *r)
{
	time_t now = time(NULL);
	char text[32] = "";
	struct tm tm;
	int err;

	if (gmtime_r(&now, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	fprintf(s->out, "saved: \"%s\"\n", text);
	save_holds(s, r);
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

static int save_ruleset(struct ctl *c, struct save *s, const struct seg_status *st)
{
	int err;

	err = save_pools(c, s);
	if (!err)
		err = save_peers(c, s);
	save_settings(st, s->out);
	return err ? err : save_policies(c, s);
}

/*
 * What is written is kept in as much memory as it needs: growing memory is moved,
 * where a stream in memory would copy it, and clear what is behind it.
 */
static ssize_t save_write(void *arg, const char *data, size_t size)
{
	struct save *s = arg;

	while (s->room - s->len < size + 1)
		grow(&s->text, &s->room, s->room, 1);
	memcpy(s->text + s->len, data, size);
	s->len += size;
	s->text[s->len] = '\0';
	return (ssize_t)size;
}

static int save_open(struct save *s)
{
	const cookie_io_functions_t io = { .write = save_write };

	memset(s, 0, sizeof(*s));
	s->out = fopencookie(s, "w", io);
	if (!s->out)
		return -ENOMEM;
	setvbuf(s->out, NULL, _IOFBF, SAVE_BUF_LEN);
	return 0;
}

/* All is written, or it failed: what there is, as it is read; NULL if it is no file. */
static struct file *save_close(struct save *s, int err)
{
	struct file *f = NULL;

	if (s->out && fclose(s->out))
		err = -EIO;
	if (!err)
		f = file_read(s->text, s->len, false);
	if (f && !f->diags.errors)
		return f;
	file_free(f);
	free(s->text);
	s->text = NULL;
	return NULL;
}

/* The text, if it is a file. */
static char *save_checked(struct save *s, int err, size_t *len)
{
	file_free(save_close(s, err));
	*len = s->len;
	return s->text;
}

char *state_text(struct ctl *c, const struct seg_status *st, bool whole, size_t *len)
{
	struct registry r;
	struct save s;
	int err;

	registry_init(&r);
	err = save_open(&s);
	if (!err)
		err = save_ruleset(c, &s, st);
	if (!err)
		err = registry_read(c, &r);
	if (!err)
		err = save_devices(c, &s, &r);
	if (!err && whole)
		err = save_whole(c, &s, &r);
	/* what follows needs memory of its own */
	registry_free(&r);
	return save_checked(&s, err, len);
}

char *state_ruleset(struct ctl *c, const struct seg_status *st, size_t *len)
{
	struct save s;
	int err = save_open(&s);

	if (!err)
		err = save_ruleset(c, &s, st);
	return save_checked(&s, err, len);
}

/* Very many devices need no text of theirs: only those are in it that have rules. */
struct file *state_file(struct ctl *c)
{
	struct seg_status st;
	struct registry r;
	struct file *f;
	struct save s;
	int err;

	if (seg_status_get(c->h, &st))
		return NULL;
	registry_init(&r);
	err = save_open(&s);
	if (!err)
		err = save_ruleset(c, &s, &st);
	if (!err)
		err = registry_read(c, &r);
	if (!err)
		err = save_own(c, &s, &r);
	/* what only a saved state may say is in force, too */
	if (!err)
		err = save_whole(c, &s, &r);
	f = save_close(&s, err);
	if (f)
		registry_move(&r, f);
	registry_free(&r);
	free(s.text);
	return f;
}
