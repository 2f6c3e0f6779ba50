// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl apply: check a whole file, then put it in force in one step
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "file.h"
#include "segctl.h"

/* Pools in force before: only what is new has to be opened to go back. */
struct before {
	struct simseg_prefix pools[SIMSEG_POOLS_MAX];
	size_t n;
	uint32_t generation;
	char *saved;	   /* the whole state as a file on disk, or NULL */
	struct file *file; /* the same, read; or NULL */
};

struct request {
	const char *name;
	const char *reason, *ticket;
	struct opt_list open;
	struct simseg_prefix open_pools[OPT_LIST_MAX];
	bool strict, dry;
	bool restore;	/* it was in force before */
	uint64_t trial; /* ns until it goes back; 0: never */
	bool confirm;	/* unless it is confirmed before */
};

/* What differs, as it is found. */
struct changes {
	struct json_object *json; /* or NULL: lines */
	bool quiet;		  /* only count */
	size_t kinds[DIFF_KINDS];
	size_t n;
};

#define CHANGES_MAX 1000 /* lines; more than that nobody reads */

/*
 * The connection over which the operator works, if it is one by SSH: sshd leaves
 * "CLIENT PORT SERVER PORT" in the environment.
 */
static bool own_connection(struct seg_flow *flow)
{
	const char *text = getenv("SSH_CONNECTION");
	char addr[2][INET6_ADDRSTRLEN];
	struct simseg_prefix prefix;
	unsigned int port[2];
	int i;

	memset(flow, 0, sizeof(*flow));
	if (!text || sscanf(text, "%45s %u %45s %u", addr[0], &port[0], addr[1], &port[1]) != 4)
		return false;
	for (i = 0; i < 2; i++) {
		if (port[i] > UINT16_MAX || seg_prefix_parse(addr[i], &prefix))
			return false;
		memcpy(i ? flow->dst : flow->src, prefix.addr, sizeof(prefix.addr));
	}
	flow->proto = IPPROTO_TCP;
	flow->sport = (uint16_t)port[0];
	flow->dport = (uint16_t)port[1];
	return true;
}

/* Begin to commit; on failure it is as if nothing had been sent. */
static int upload(struct ctl *c, const struct file *f, const struct request *r, bool dry,
		  struct seg_commit *commit)
{
	struct seg_commit_opts opts = {
		.open = r->open_pools,
		.n_open = r->open.n,
		.duration = r->trial,
	};
	/* a ruleset on trial comes without devices, which do not differ */
	bool devices = f->has_devices && !r->trial;
	struct seg_status st;
	struct seg_flow own;
	int err, ret;

	opts.flags = (devices ? SIMSEG_COMMIT_DEVICES : 0) | (dry ? SIMSEG_COMMIT_DRY : 0) |
		     (r->confirm ? SIMSEG_COMMIT_CONFIRM : 0) |
		     (r->restore ? SIMSEG_COMMIT_RESTORE : 0);
	if (own_connection(&own))
		opts.keep = &own;
	err = seg_status_get(c->h, &st);
	if (!err)
		err = seg_ruleset_begin(c->h, st.generation);
	if (err)
		return ctl_fail(c, err, "nothing has changed");
	err = file_send(c->h, f, devices);
	if (!err)
		err = seg_ruleset_commit(c->h, &opts, commit);
	if (!err)
		return EXIT_DONE;
	ret = ctl_fail(c, err, "nothing has changed");
	seg_ruleset_abort(c->h);
	return ret == EXIT_NONE ? EXIT_REFUSED : ret;
}

static int pool_add(const struct seg_pool *pool, void *arg)
{
	struct before *b = arg;

	if (!pool->failsafe && b->n < SIMSEG_POOLS_MAX)
		b->pools[b->n++] = pool->prefix;
	return 0;
}

static bool pool_is_new(const struct before *b, const struct simseg_prefix *prefix)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		if (!seg_prefix_cmp(&b->pools[i], prefix))
			return false;
	return true;
}

static void change_add(char op, enum diff_kind kind, const char *name, const char *detail,
		       void *arg)
{
	const char sign[] = { op, '\0' };
	struct changes *all = arg;
	struct json_object *o;

	all->kinds[kind]++;
	if (all->n++ >= CHANGES_MAX || all->quiet)
		return;
	if (all->json) {
		o = json_object_new_object();
		js_str(o, "op", sign);
		js_str(o, "kind", diff_kind_name(kind));
		js_str(o, "name", name);
		js_str(o, "detail", detail);
		json_object_array_add(all->json, o);
		return;
	}
	printf("%c %s", op, diff_kind_name(kind));
	if (name) {
		putchar(' ');
		out_text(name);
	}
	if (detail) {
		fputs(name ? ": " : " ", stdout);
		out_text(detail);
	}
	putchar('\n');
}

/* "2 policy, 1 device"; to be freed. */
static char *changes_text(const struct changes *all)
{
	char *text = xstrdup(""), *more;
	size_t i;

	for (i = 0; i < DIFF_KINDS; i++) {
		if (!all->kinds[i])
			continue;
		more = xprintf("%s%s%s %zu", text, *text ? ", " : "", diff_kind_name(i),
			       all->kinds[i]);
		free(text);
		text = more;
	}
	return text;
}

static void report_undo(struct ctl *c, const struct file *f, const struct before *b,
			struct line *undo)
{
	char buf[SEG_PREFIX_LEN];
	size_t i;

	line_begin(undo, c, "apply");
	line_add(undo, b->saved ? b->saved : "");
	for (i = 0; i < f->pools.n; i++)
		if (pool_is_new(b, &f->pools.list[i]))
			line_add_opt(undo, "--open-pool", seg_prefix_print(&f->pools.list[i], buf));
}

static void report(struct ctl *c, const struct file *f, const struct seg_commit *commit,
		   const struct request *r, const struct before *b, struct json_object *ifaces)
{
	const struct seg_receipt *n = &commit->receipt;
	struct json_object *o = json_object_new_object();
	bool unchanged = commit->generation == b->generation && !n->added && !n->removed &&
			 !n->devices;
	char hex[2 * SIMSEG_HASH_LEN + 1];
	struct changes all = { .quiet = true };
	struct line undo = { 0 };
	char *what;

	out_hex(commit->hash, sizeof(commit->hash), hex);
	js_num(o, "generation", commit->generation);
	js_str(o, "hash", hex);
	js_bool(o, "unchanged", unchanged);
	js_num(o, "trial_ns", unchanged ? 0 : r->trial);
	js_receipt(o, n);
	if (ifaces)
		json_object_object_add(o, "interfaces", ifaces);
	if (unchanged) {
		out_done(c, o, NULL, "nothing has changed",
			 "%s is in force already: unchanged, generation %u, hash %.16s", r->name,
			 commit->generation, hex);
		return;
	}
	if (b->file)
		diff_files(b->file, f, change_add, &all);
	what = changes_text(&all);
	if (r->trial)
		line_begin(&undo, c, "revert");
	else
		report_undo(c, f, b, &undo);
	out_done(c, o, r->trial || b->saved ? &undo : NULL,
		 "apply the file that was in force before",
		 "applied %s: generation %u, hash %.16s; changed: %s; devices: %u added, "
		 "%u removed, %u changed, %u kept in quarantine; %u sessions cut",
		 r->name, commit->generation, hex, *what ? what : "-", n->added, n->removed,
		 n->devices, n->kept, n->sessions);
	line_free(&undo);
	free(what);
}

#define KEPT_MAX 20

/* Quarantined devices that the file lacks are worth a name each. */
struct kept {
	const struct file *f;
	struct devs devs; /* the first @max */
	size_t max;
};

static int kept_add(const struct seg_device *d, void *arg)
{
	struct kept *k = arg;

	if (!d->part && d->state != SIMSEG_STATE_ACTIVE && k->devs.n < k->max &&
	    !roster_has(&k->f->devices, d->iccid))
		devs_add(&k->devs, d);
	return 0;
}

static void kept_again(void *arg)
{
	devs_free(&((struct kept *)arg)->devs);
}

static void kept_print(struct ctl *c, const struct file *f, size_t n)
{
	struct kept kept = { .f = f, .max = n < KEPT_MAX ? n : KEPT_MAX };
	const struct seg_device *d;
	size_t i;

	if (n)
		seg_device_stream(c->h, kept_add, kept_again, &kept);
	for (i = 0; i < kept.devs.n; i++) {
		d = &kept.devs.list[i].d;
		ctl_warn("kept: %s%s%s is quarantined, and not in the file", d->iccid,
			 d->asset ? " " : "", d->asset ? d->asset : "");
	}
	devs_free(&kept.devs);
	if (n > KEPT_MAX)
		ctl_warn("kept: and %zu more", n - KEPT_MAX);
}

static int apply_interfaces(struct ctl *c, const struct file *f, struct json_object *list)
{
	int ret = EXIT_DONE;
	size_t i;

	for (i = 0; i < f->n_interfaces; i++)
		if (attach_iface(c, &f->interfaces[i].wish, list))
			ret = EXIT_PART;
	return ret;
}

/* Is it closed now? */
static int gate_check(struct ctl *c)
{
	struct seg_status st;

	if (seg_status_get(c->h, &st) || (st.armed && st.governed))
		return EXIT_DONE;
	ctl_warn("the gate is OPEN: %s", st.armed ? "no pool is governed" : "simseg is disarmed");
	return EXIT_PART;
}

static int after_commit(struct ctl *c, const struct file *f, const struct seg_commit *commit,
			const struct request *r, const struct before *b)
{
	struct json_object *list = c->json ? json_object_new_array() : NULL;
	int ret = EXIT_DONE;

	/* JSON is one object: what happens to interfaces is in it */
	if (list)
		ret = apply_interfaces(c, f, list);
	report(c, f, commit, r, b, list);
	kept_print(c, f, commit->receipt.kept);
	if (!list)
		ret = apply_interfaces(c, f, NULL);
	return ret | gate_check(c);
}

/* A ruleset on trial leaves devices alone: the file must not mean others. */
static int trial_check(const struct file *f, const struct before *b)
{
	struct changes all = { .quiet = true };

	if (!f->has_devices)
		return EXIT_DONE;
	if (!b->file) {
		ctl_warn("whether devices differ cannot be told here: give a file without devices");
		return EXIT_REFUSED;
	}
	diff_files(b->file, f, change_add, &all);
	if (!all.kinds[DIFF_DEVICE])
		return EXIT_DONE;
	ctl_warn("devices differ from those in force, and would not go back: apply them first, or "
		 "give a file without devices; nothing has changed");
	return EXIT_REFUSED;
}

static int before_get(struct ctl *c, const struct request *r, struct before *b)
{
	struct seg_status st;
	int err;

	err = seg_status_get(c->h, &st);
	if (err)
		return ctl_fail(c, err, NULL);
	b->generation = st.generation;
	b->saved = r->trial ? NULL : save_state(c);
	b->file = state_file(c);
	if (seg_pool_list(c->h, pool_add, b)) {
		free(b->saved);
		b->saved = NULL;
	}
	return EXIT_DONE;
}

static void trial_say(const struct request *r)
{
	char buf[32];

	out_time(r->trial, buf);
	if (r->confirm)
		ctl_warn("unless `segctl confirm` comes within %s, the ruleset before is put back",
			 buf);
	else
		ctl_warn("in %s the ruleset before is put back", buf);
}

static int apply_open(struct ctl *c, const struct file *f, const struct request *r)
{
	struct before before = { 0 };
	struct seg_commit commit;
	int ret;

	ret = before_get(c, r, &before);
	if (!ret && r->trial)
		ret = trial_check(f, &before);
	if (!ret)
		ret = upload(c, f, r, false, &commit);
	if (!ret) {
		ret = after_commit(c, f, &commit, r, &before);
		if (r->trial && commit.generation != before.generation)
			trial_say(r);
	}
	file_free(before.file);
	free(before.saved);
	return ret;
}

static int apply_file(struct ctl *c, const struct file *f, const struct request *r)
{
	int ret = ctl_open(c);

	if (ret)
		return ret;
	if (seg_set_reason(c->h, r->reason) || seg_set_ticket(c->h, r->ticket)) {
		ctl_warn("%s", seg_strerror(c->h));
		return EXIT_USAGE;
	}
	return apply_open(c, f, r);
}

int apply_restored(struct ctl *c, const struct file *f, const char *name)
{
	const struct request r = { .name = name, .restore = true };

	return apply_open(c, f, &r);
}

/* What apply would do, and that it would be refused, if it would. */
static int show_changes(struct ctl *c, const struct file *f, const struct request *r)
{
	struct changes all = { .json = c->json ? json_object_new_array() : NULL };
	const struct seg_receipt *n;
	struct seg_commit commit;
	struct json_object *o;
	struct file *before;
	bool told;
	int ret;

	ret = upload(c, f, r, true, &commit);
	if (ret) {
		json_object_put(all.json);
		return ret;
	}
	before = state_file(c);
	told = before;
	if (told)
		diff_files(before, f, change_add, &all);
	file_free(before);
	n = &commit.receipt;
	if (c->json) {
		o = json_object_new_object();
		json_object_object_add(o, "changes", all.json);
		js_receipt(o, n);
		js_print(o);
		return EXIT_DONE;
	}
	if (!told)
		ctl_warn("the state in force cannot be told as a file: only counts are shown");
	if (all.n > CHANGES_MAX)
		printf("and %zu more\n", all.n - CHANGES_MAX);
	printf("%s: devices: %u added, %u removed, %u changed, %u kept in quarantine; "
	       "%u sessions cut\n",
	       all.n || n->added || n->removed || n->devices ? "would change" : "unchanged",
	       n->added, n->removed, n->devices, n->kept, n->sessions);
	return EXIT_DONE;
}

/* The file alone can be checked by anybody; what it would change, with rights. */
static int dry_run(struct ctl *c, const struct file *f, const struct request *r)
{
	if (!c->json)
		printf("%s is good: %zu pools, %zu peer sets, %zu policies, %zu devices\n",
		       strcmp(r->name, "-") ? r->name : "<stdin>", f->pools.n, f->n_peers,
		       f->n_policies, f->devices.n);
	return ctl_dry(c) ? show_changes(c, f, r) : EXIT_DONE;
}

static int trial_option(struct ctl *c, struct request *r, const char *confirm, const char *revert)
{
	if (confirm && revert)
		return ctl_usage(c, "--confirm-within and --revert-after exclude each other");
	r->confirm = confirm;
	if ((confirm && !opt_duration(c, confirm, &r->trial)) ||
	    (revert && !opt_duration(c, revert, &r->trial)))
		return EXIT_USAGE;
	return EXIT_DONE;
}

int cmd_apply(struct ctl *c, int argc, char **argv)
{
	const char *confirm = NULL, *revert = NULL;
	struct request r = { 0 };
	const struct opt opts[] = {
		{ "--open-pool", OPT_LIST, &r.open },
		{ "--strict", OPT_FLAG, &r.strict },
		{ "--dry-run", OPT_FLAG, &r.dry },
		{ "--confirm-within", OPT_VALUE, &confirm },
		{ "--revert-after", OPT_VALUE, &revert },
		{ "--reason", OPT_VALUE, &r.reason },
		{ "--ticket", OPT_VALUE, &r.ticket },
		{ 0 },
	};
	struct file *f;
	size_t i;
	int ret;

	if (opt_parse(c, argc, argv, opts, 1, 1) < 0 || trial_option(c, &r, confirm, revert))
		return EXIT_USAGE;
	for (i = 0; i < r.open.n; i++)
		if (!opt_prefix(c, r.open.list[i], &r.open_pools[i]))
			return EXIT_USAGE;
	r.name = argv[0];
	f = file_load(r.name, r.strict, false);
	if (!f)
		return EXIT_USAGE;
	ret = r.dry ? dry_run(c, f, &r) : apply_file(c, f, &r);
	file_free(f);
	return ret;
}

/* As apply --dry-run, for whom the state in force matters: without it there is nothing. */
int cmd_diff(struct ctl *c, int argc, char **argv)
{
	struct request r = { 0 };
	struct file *f;
	int ret;

	if (opt_parse(c, argc, argv, NULL, 1, 1) < 0)
		return EXIT_USAGE;
	r.name = argv[0];
	f = file_load(r.name, false, true);
	if (!f)
		return EXIT_USAGE;
	r.restore = f->at_state.line;
	ret = ctl_open(c);
	if (!ret)
		ret = show_changes(c, f, &r);
	file_free(f);
	return ret;
}
