// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state in force as a ruleset file, so that a change of all of it can be
 * undone
 *
 * It goes to /run, where only root can read and write: one file a generation
 * and namespace, the latest few of them. What the reader of such files does
 * not take is not kept: a command that cannot undo is worse than none.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "segctl.h"

#define SAVE_DIR     "/run/simseg"
#define SAVE_DEVICES 100000 /* more take longer than the change itself */

#define SAVE_KEEP 8 /* files of one namespace */

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

static int save_peer(const struct seg_peer *p, void *arg)
{
	struct save *s = arg;

	put_prefixes(s->out, p->prefixes, p->n_prefixes, s->n);
	s->n += p->n_prefixes;
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

static int save_device(struct ctl *c, struct save *s, const struct seg_device *d)
{
	const char *dev = d->n_bindings ? d->bindings[0].ifname : NULL;
	size_t i;

	fprintf(s->out, "  - iccid: \"%s\"\n    policy: \"%s\"\n", d->iccid, d->policy);
	if (d->asset) {
		fputs("    asset: ", s->out);
		put_quoted(s->out, d->asset);
		fputc('\n', s->out);
	}
	if (d->n_bindings)
		fputs("    addr: [", s->out);
	for (i = 0; i < d->n_bindings; i++) {
		/* one interface a device is all that the file can say */
		if (strcmp(dev ? dev : "", d->bindings[i].ifname ? d->bindings[i].ifname : ""))
			return -EOPNOTSUPP;
		put_prefixes(s->out, &d->bindings[i].prefix, 1, i);
	}
	if (d->n_bindings)
		fputs("]\n", s->out);
	if (dev)
		fprintf(s->out, "    dev: \"%s\"\n", dev);
	return d->n_rules ? save_all_rules(c, s, NULL, d->iccid) : 0;
}

static int device_add(const struct seg_device *d, void *arg)
{
	devs_add(arg, d);
	return 0;
}

static int save_devices(struct ctl *c, struct save *s)
{
	struct devs all = { 0 };
	size_t i, n = 0;
	int err;

	err = seg_device_list(c->h, device_add, &all);
	fputs("devices:", s->out);
	for (i = 0; i < all.n && !err; i++) {
		/* held in advance: quarantine is not of the file */
		if (!all.list[i].d.policy)
			continue;
		fputs(n++ ? "" : "\n", s->out);
		err = save_device(c, s, &all.list[i].d);
	}
	if (!n)
		fputs(" []\n", s->out);
	devs_free(&all);
	return err;
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

/* The text; NULL if the file format cannot say it all. To be freed. */
static char *save_text(struct ctl *c, const struct seg_status *st, size_t *len)
{
	struct save s = { 0 };
	struct file *check;
	char *text = NULL;
	int err;

	s.out = open_memstream(&text, len);
	if (!s.out)
		return NULL;
	err = save_pools(c, &s);
	if (!err)
		err = save_peers(c, &s);
	save_settings(st, s.out);
	if (!err)
		err = save_policies(c, &s);
	if (!err)
		err = save_devices(c, &s);
	if (fclose(s.out) || err) {
		free(text);
		return NULL;
	}
	check = file_read(text, *len, false);
	if (check->diags.errors) {
		free(text);
		text = NULL;
	}
	file_free(check);
	return text;
}

/* Our own directory, or -1. */
static int save_dir(void)
{
	struct stat st;
	int fd;

	mkdir(SAVE_DIR, 0700);
	fd = open(SAVE_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && (fstat(fd, &st) || st.st_uid != geteuid() || (st.st_mode & 022))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int older(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

/* Keep the latest few of one namespace. */
static void save_prune(int dir, const char *prefix)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	size_t i, n = 0, room = 0;
	struct dirent *entry;
	char **list = NULL;

	while (d && (entry = readdir(d))) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)))
			continue;
		grow(&list, &room, n, sizeof(*list));
		list[n++] = xstrdup(entry->d_name);
	}
	if (n)
		qsort(list, n, sizeof(*list), older);
	for (i = 0; i < n; i++) {
		if (i + SAVE_KEEP < n)
			unlinkat(dir, list[i], 0);
		free(list[i]);
	}
	free(list);
	if (d)
		closedir(d);
}

static bool save_write(int dir, const char *name, const char *text, size_t len)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool good = fd >= 0;
	ssize_t n;

	while (good && len) {
		n = write(fd, text, len);
		good = n > 0;
		text += good ? n : 0;
		len -= good ? (size_t)n : 0;
	}
	if (fd >= 0 && close(fd))
		good = false;
	if (!good && fd >= 0)
		unlinkat(dir, name, 0);
	return good;
}

char *save_state(struct ctl *c)
{
	char name[64], prefix[32], *text;
	struct seg_status st;
	bool good = false;
	size_t len;
	int dir;

	if (seg_status_get(c->h, &st) || st.devices > SAVE_DEVICES)
		return NULL;
	text = save_text(c, &st, &len);
	dir = text ? save_dir() : -1;
	if (dir >= 0) {
		snprintf(prefix, sizeof(prefix), "%llu-", (unsigned long long)st.netns_cookie);
		snprintf(name, sizeof(name), "%s%u.yaml", prefix, st.generation);
		good = save_write(dir, name, text, len);
		save_prune(dir, prefix);
		close(dir);
	}
	free(text);
	return good ? xprintf("%s/%s", SAVE_DIR, name) : NULL;
}
