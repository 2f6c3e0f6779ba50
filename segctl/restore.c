// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl restore: a saved state is put in force again
 *
 * Quarantines come first, by ICCID alone: a device that was cut off is so from the
 * moment at which it comes back. Of a deadline the earlier counts, what was left
 * or the clock on the wall; if that clock is behind the time of saving, it was
 * never set, and says nothing.
 */
#include <time.h>

#include "file.h"
#include "segctl.h"

/* Nanoseconds that are left of @left; false: its time is over. */
static bool still_left(const struct file *f, uint64_t until, uint64_t *left)
{
	uint64_t now = (uint64_t)time(NULL), wall;

	if (!*left || !until || now < f->saved)
		return true;
	if (until <= now)
		return false;
	wall = (until - now) * 1000000000;
	if (wall < *left)
		*left = wall;
	return true;
}

static int restore_hold(struct ctl *c, const struct file *f, const struct file_hold *hold)
{
	const char *list[] = { hold->iccid };
	struct seg_quarantine q = {
		.iccids = list,
		.n = 1,
		.allow = hold->allow.list,
		.n_allow = hold->allow.n,
		.duration = hold->left,
		.unknown = 1,
	};
	int err = 0;

	if (!still_left(f, hold->until, &q.duration))
		return EXIT_DONE;
	if (hold->actor)
		err = seg_set_actor(c->h, hold->actor);
	if (!err)
		err = seg_set_reason(c->h, hold->reason);
	if (!err)
		err = seg_quarantine(c->h, &q, NULL);
	return err ? ctl_fail(c, err, hold->iccid) : EXIT_DONE;
}

/* A peer that was to go is not brought back while the clock says nothing. */
static int restore_timed(struct ctl *c, const struct file *f, const struct file_timed *t)
{
	uint64_t left = t->left;
	int err;

	if ((uint64_t)time(NULL) < f->saved || !still_left(f, t->until, &left))
		return EXIT_DONE;
	err = seg_peer_add(c->h, t->peer, &t->prefix, 1, left);
	return err ? ctl_fail(c, err, t->peer) : EXIT_DONE;
}

static int restore(struct ctl *c, const struct file *f, const char *name)
{
	size_t i;
	int ret = ctl_open(c);

	for (i = 0; i < f->n_holds && !ret; i++)
		ret = restore_hold(c, f, &f->holds[i]);
	if (!ret)
		ret = ctl_actor(c);
	if (!ret)
		seg_set_reason(c->h, NULL);
	if (!ret)
		ret = apply_restored(c, f, name);
	for (i = 0; i < f->n_timed && !ret; i++)
		ret = restore_timed(c, f, &f->timed[i]);
	return ret;
}

int cmd_restore(struct ctl *c, int argc, char **argv)
{
	struct file *f;
	int ret;

	if (opt_parse(c, argc, argv, NULL, 1, 1) < 0)
		return EXIT_USAGE;
	f = file_load(argv[0], false, true);
	if (!f)
		return EXIT_USAGE;
	ret = restore(c, f, argv[0]);
	file_free(f);
	return ret;
}
