// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl apply: check a whole file, then put it in force in one step
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "segctl.h"

#define FILE_MAX ((size_t)1 << 30)

/* Pools in force before: only what is new has to be opened to go back. */
struct before {
	struct simseg_prefix pools[SIMSEG_POOLS_MAX];
	size_t n;
	char *saved; /* the whole state as a file, or NULL */
};

struct request {
	const char *name;
	const char *reason, *ticket;
	struct opt_list open;
	struct simseg_prefix open_pools[OPT_LIST_MAX];
	bool strict, dry;
};

/* The whole of a file; NULL, and it has been said why. */
static char *slurp(const char *name, size_t *len)
{
	int fd = strcmp(name, "-") ? open(name, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);
	char *text = NULL;
	size_t room = 0;
	ssize_t n = -1;

	*len = 0;
	if (fd < 0) {
		ctl_warn("%s: %s", name, strerror(errno));
		return NULL;
	}
	do {
		/* grow() doubles: a large file is read in few steps */
		while (room - *len < 65536)
			grow(&text, &room, room, 1);
		n = read(fd, text + *len, room - *len - 1);
		if (n > 0)
			*len += (size_t)n;
	} while ((n > 0 && *len <= FILE_MAX) || (n < 0 && errno == EINTR));
	if (n < 0 || *len > FILE_MAX) {
		ctl_warn("%s: %s", name, strerror(n < 0 ? errno : EFBIG));
		free(text);
		text = NULL;
	} else {
		text[*len] = '\0';
	}
	close(fd);
	return text;
}

static int send_settings(struct ctl *c, const struct file *f)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < SEG_SETTINGS && !err; i++)
		if (f->has_setting[i])
			err = seg_ruleset_setting(c->h, i, f->setting[i]);
	return err;
}

static int send_policy(struct ctl *c, const struct file_policy *p)
{
	struct seg_policy policy = {
		.name = p->name,
		.observe = p->observe,
		.rules = p->rules.list,
		.n_rules = p->rules.n,
	};

	return seg_ruleset_policy(c->h, &policy);
}

static int send_pieces(struct ctl *c, const struct file *f)
{
	size_t i;
	int err;

	err = seg_ruleset_pool(c->h, f->pools.list, f->pools.n);
	if (!err)
		err = seg_ruleset_failsafe(c->h, f->failsafe.list, f->failsafe.n);
	for (i = 0; i < f->n_peers && !err; i++)
		err = seg_ruleset_peer(c->h, f->peers[i].name, f->peers[i].prefixes.list,
				       f->peers[i].prefixes.n);
	if (!err)
		err = send_settings(c, f);
	for (i = 0; i < f->n_policies && !err; i++)
		err = send_policy(c, &f->policies[i]);
	for (i = 0; i < f->n_devices && !err; i++)
		err = seg_ruleset_device(c->h, &f->devices[i].dev);
	return err;
}

/* Begin to commit; on failure it is as if nothing had been sent. */
static int upload(struct ctl *c, const struct file *f, const struct request *r,
		  struct seg_commit *commit)
{
	struct seg_status st;
	int err, ret;

	err = seg_status_get(c->h, &st);
	if (!err)
		err = seg_ruleset_begin(c->h, st.generation);
	if (err)
		return ctl_fail(c, err, "nothing has changed");
	err = send_pieces(c, f);
	if (!err)
		err = seg_ruleset_commit(c->h, f->has_devices ? SIMSEG_COMMIT_DEVICES : 0,
					 r->open_pools, r->open.n, commit);
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

static void report(struct ctl *c, const struct file *f, const struct seg_commit *commit,
		   const struct request *r, const struct before *b, struct json_object *ifaces)
{
	struct json_object *o = json_object_new_object();
	const struct seg_receipt *n = &commit->receipt;
	char hex[2 * SIMSEG_HASH_LEN + 1], buf[SEG_PREFIX_LEN];
	struct line undo;
	size_t i;

	line_begin(&undo, c, "apply");
	line_add(&undo, b->saved ? b->saved : "");
	for (i = 0; i < f->pools.n; i++)
		if (pool_is_new(b, &f->pools.list[i]))
			line_add_opt(&undo, "--open-pool",
				     seg_prefix_print(&f->pools.list[i], buf));
	out_hex(commit->hash, sizeof(commit->hash), hex);
	js_num(o, "generation", commit->generation);
	js_str(o, "hash", hex);
	js_receipt(o, n);
	if (ifaces)
		json_object_object_add(o, "interfaces", ifaces);
	out_done(c, o, b->saved ? &undo : NULL, "apply the file that was in force before",
		 "applied %s: generation %u, hash %.16s; devices: %u added, %u removed, "
		 "%u changed, %u kept in quarantine; %u sessions cut",
		 r->name, commit->generation, hex, n->added, n->removed, n->devices, n->kept,
		 n->sessions);
	line_free(&undo);
}

/* Quarantined devices that the file lacks are worth a name each. */
struct kept {
	const struct file *f;
	size_t left;
};

#define KEPT_MAX 20

static int kept_print(const struct seg_device *d, void *arg)
{
	struct kept *k = arg;
	size_t i;

	if (d->part || d->state == SIMSEG_STATE_ACTIVE || !k->left)
		return 0;
	for (i = 0; i < k->f->n_devices; i++)
		if (!strcmp(k->f->devices[i].dev.iccid, d->iccid))
			return 0;
	k->left--;
	ctl_warn("kept: %s%s%s is quarantined, and not in the file", d->iccid, d->asset ? " " : "",
		 d->asset ? d->asset : "");
	return 0;
}

static int apply_interfaces(struct ctl *c, const struct file *f, struct json_object *list)
{
	int ret = EXIT_DONE;
	size_t i;

	for (i = 0; i < f->n_interfaces; i++)
		if (attach_iface(c, f->interfaces[i].name, f->interfaces[i].side,
				 f->interfaces[i].mode, list))
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
	struct kept kept = { .f = f, .left = commit->receipt.kept };
	struct json_object *list = c->json ? json_object_new_array() : NULL;
	int ret = EXIT_DONE;

	/* JSON is one object: what happens to interfaces is in it */
	if (list)
		ret = apply_interfaces(c, f, list);
	report(c, f, commit, r, b, list);
	if (kept.left > KEPT_MAX)
		kept.left = KEPT_MAX;
	if (kept.left)
		seg_device_list(c->h, kept_print, &kept);
	if (commit->receipt.kept > KEPT_MAX)
		ctl_warn("kept: and %u more", commit->receipt.kept - KEPT_MAX);
	if (!list)
		ret = apply_interfaces(c, f, NULL);
	return ret | gate_check(c);
}

static int apply_file(struct ctl *c, const struct file *f, const struct request *r)
{
	struct before before = { 0 };
	struct seg_commit commit;
	int ret;

	ret = ctl_open(c);
	if (ret)
		return ret;
	if (seg_set_reason(c->h, r->reason) || seg_set_ticket(c->h, r->ticket)) {
		ctl_warn("%s", seg_strerror(c->h));
		return EXIT_USAGE;
	}
	before.saved = save_state(c);
	if (seg_pool_list(c->h, pool_add, &before)) {
		free(before.saved);
		before.saved = NULL;
	}
	ret = upload(c, f, r, &commit);
	if (!ret)
		ret = after_commit(c, f, &commit, r, &before);
	free(before.saved);
	return ret;
}

static int check_and_apply(struct ctl *c, const struct request *r)
{
	const char *name = strcmp(r->name, "-") ? r->name : "<stdin>";
	struct file *f;
	char *text;
	size_t len;
	int ret = EXIT_USAGE;

	text = slurp(r->name, &len);
	if (!text)
		return EXIT_USAGE;
	f = file_read(text, len, r->strict);
	diags_print(&f->diags, name, text, len, stderr);
	free(text);
	if (f->diags.errors)
		ctl_warn("%zu error%s in %s: nothing has changed", f->diags.errors,
			 f->diags.errors == 1 ? "" : "s", name);
	else if (r->dry)
		ret = EXIT_DONE;
	else
		ret = apply_file(c, f, r);
	if (!f->diags.errors && r->dry && !c->json)
		printf("%s is good: %zu pools, %zu peer sets, %zu policies, %zu devices\n", name,
		       f->pools.n, f->n_peers, f->n_policies, f->n_devices);
	file_free(f);
	return ret;
}

int cmd_apply(struct ctl *c, int argc, char **argv)
{
	struct request r = { 0 };
	const struct opt opts[] = {
		{ "--open-pool", OPT_LIST, &r.open }, { "--strict", OPT_FLAG, &r.strict },
		{ "--dry-run", OPT_FLAG, &r.dry },    { "--reason", OPT_VALUE, &r.reason },
		{ "--ticket", OPT_VALUE, &r.ticket }, { 0 },
	};
	size_t i;

	if (opt_parse(c, argc, argv, opts, 1, 1) < 0)
		return EXIT_USAGE;
	for (i = 0; i < r.open.n; i++)
		if (!opt_prefix(c, r.open.list[i], &r.open_pools[i]))
			return EXIT_USAGE;
	r.name = argv[0];
	return check_and_apply(c, &r);
}
