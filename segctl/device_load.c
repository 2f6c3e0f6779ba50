// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl device load: many devices from a CSV file, in one step
 *
 * The file is read once and kept as a roster, so that a million devices need
 * tens of megabytes, from a pipe as well; nothing is sent before its end.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "device_csv.h"
#include "segctl.h"

#define SHOW_EVERY  1024 /* devices */
#define MISSING_MAX 20	 /* policies that do not exist, by name */

struct load {
	struct devices_file file;
	const char *name;
	bool dry;
	const char *reason, *ticket;
	bool terminal;
	time_t shown; /* when the progress was */
};

/* At most once a second, and to a person only; @part of @whole, or gone. */
static void progress(struct load *l, const char *what, uint64_t part, uint64_t whole)
{
	static const char bar[] = "##############################";
	int full = (int)sizeof(bar) - 1, done;
	time_t now;

	if (!l->terminal || !whole)
		return;
	now = time(NULL);
	if (now == l->shown && part < whole)
		return;
	l->shown = now;
	done = part < whole ? (int)(part * (uint64_t)full / whole) : full;
	fprintf(stderr, "\r%-8s [%-*.*s] %3d%%", what, full, done, bar, done * 100 / full);
	if (part >= whole)
		fprintf(stderr, "\r%*s\r", full + 20, "");
}

static void load_progress(void *arg, uint64_t part, uint64_t whole)
{
	progress(arg, "reading", part, whole);
}

/* Reads and checks the file; an exit code. */
static int load_read(struct load *l, const char *path)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);
	struct devices_file *f = &l->file;
	struct stat st;

	if (fd < 0) {
		ctl_warn("%s: %s", path, strerror(errno));
		return EXIT_USAGE;
	}
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		f->size = (uint64_t)st.st_size;
	f->progress = load_progress;
	f->arg = l;
	devices_read(f, fd);
	close(fd);
	progress(l, "reading", f->size, f->size);
	diags_print(&f->diags, l->name, NULL, stderr);
	if (f->err)
		ctl_warn("%s: %s", l->name, strerror(f->err));
	if (f->diags.errors)
		ctl_warn("%zu error%s in %s: nothing has changed", f->diags.errors,
			 f->diags.errors == 1 ? "" : "s", l->name);
	return f->err || f->diags.errors ? EXIT_USAGE : EXIT_DONE;
}

static int load_send(struct ctl *c, struct load *l, struct seg_commit *commit)
{
	const struct seg_commit_opts merge = {
		.flags = SIMSEG_COMMIT_MERGE | (l->dry ? SIMSEG_COMMIT_DRY : 0),
	};
	const struct roster *r = &l->file.roster;
	struct roster_device device;
	uint32_t place = 0;
	size_t i;
	int err = 0;

	for (i = 0; i < r->n && !err; i++) {
		place = roster_get(r, place, &device);
		err = seg_ruleset_device(c->h, &device.dev);
		if (i % SHOW_EVERY == 0)
			progress(l, "sending", i, r->n);
	}
	progress(l, "sending", r->n, r->n);
	return err ? err : seg_ruleset_commit(c->h, &merge, commit);
}

static int load_upload(struct ctl *c, struct load *l, struct seg_commit *commit)
{
	struct seg_status st;
	int err, ret;

	if (seg_set_reason(c->h, l->reason) || seg_set_ticket(c->h, l->ticket)) {
		ctl_warn("%s", seg_strerror(c->h));
		return EXIT_USAGE;
	}
	err = seg_status_get(c->h, &st);
	if (!err)
		err = seg_ruleset_begin(c->h, st.generation);
	if (err)
		return ctl_fail(c, err, "nothing has changed");
	err = load_send(c, l, commit);
	if (!err)
		return EXIT_DONE;
	ret = ctl_fail(c, err, "nothing has changed");
	seg_ruleset_abort(c->h);
	return ret == EXIT_NONE ? EXIT_REFUSED : ret;
}

static int policy_known(const struct seg_policy *p, void *arg)
{
	(void)p;
	(void)arg;
	return 0;
}

static void warn_policies(struct ctl *c, const struct roster_names *policies)
{
	size_t i, n = 0;

	for (i = 0; i < policies->n; i++) {
		if (seg_policy_get(c->h, policies->list[i], policy_known, NULL) != -ENOENT)
			continue;
		if (n++ < MISSING_MAX)
			ctl_warn("there is no policy '%s': its devices are denied everything",
				 policies->list[i]);
	}
	if (n > MISSING_MAX)
		ctl_warn("and %zu more policies do not exist", n - MISSING_MAX);
}

static void report_dry(struct ctl *c, struct json_object *o, const struct seg_receipt *n,
		       size_t unchanged)
{
	if (c->json) {
		js_print(o);
		return;
	}
	printf("%s: devices: %u added, %u changed, %zu unchanged; %u sessions cut\n",
	       n->added || n->devices ? "would change" : "unchanged", n->added, n->devices,
	       unchanged, n->sessions);
	json_object_put(o);
}

static void report(struct ctl *c, const struct load *l, const struct seg_receipt *n)
{
	struct json_object *o = json_object_new_object();
	size_t unchanged = l->file.roster.n - n->added - n->devices;

	js_receipt(o, n);
	js_num(o, "unchanged", unchanged);
	js_bool(o, "dry_run", l->dry);
	if (l->dry) {
		report_dry(c, o, n, unchanged);
		return;
	}
	out_done(c, o, NULL, "load a file that was dumped before; delete those that were added",
		 "loaded %s: devices: %u added, %u changed, %zu unchanged; %u sessions cut",
		 l->name, n->added, n->devices, unchanged, n->sessions);
}

static int load_run(struct ctl *c, struct load *l, const char *path)
{
	struct seg_commit commit;
	int ret;

	ret = load_read(l, path);
	if (ret)
		return ret;
	if (l->dry) {
		if (!c->json)
			printf("%s is good: %zu devices, %zu addresses\n", l->name,
			       l->file.roster.n, l->file.roster.n_addrs);
		/* the file alone can be checked by anybody */
		if (!ctl_dry(c))
			return EXIT_DONE;
	} else {
		ret = ctl_open(c);
	}
	if (!ret)
		ret = load_upload(c, l, &commit);
	if (ret)
		return ret;
	report(c, l, &commit.receipt);
	warn_policies(c, &l->file.roster.policies);
	return EXIT_DONE;
}

int device_load(struct ctl *c, int argc, char **argv)
{
	struct load l = { .terminal = isatty(STDERR_FILENO) };
	const struct opt opts[] = {
		{ "--strict", OPT_FLAG, &l.file.strict },
		{ "--dry-run", OPT_FLAG, &l.dry },
		{ "--reason", OPT_VALUE, &l.reason },
		{ "--ticket", OPT_VALUE, &l.ticket },
		{ 0 },
	};
	int ret;

	if (opt_parse(c, argc, argv, opts, 1, 1) < 0)
		return EXIT_USAGE;
	l.name = strcmp(argv[0], "-") ? argv[0] : "<stdin>";
	ret = load_run(c, &l, argv[0]);
	devices_free(&l.file);
	return ret;
}
