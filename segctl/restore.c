// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl restore: a saved state is put in force again
 *
 * Quarantines come first, by ICCID alone: a device that was cut off is so from the
 * moment at which it comes back. It takes several changes; where one of them fails,
 * what was made so far denies, and the same once more makes the whole. Of a deadline
 * the earlier counts, what was left or the clock on the wall; if that clock is behind
 * the time of saving, it was never set, and says nothing.
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

/* With a clock that was never set a grant does not come back. */
static int restore_grant(struct ctl *c, const struct file *f, const struct file_grant *g)
{
	struct seg_grant grant = {
		.iccid = g->iccid,
		.rule = g->rules.list,
		.ifname = g->ifname,
		.duration = g->left,
		.flags = SIMSEG_COMMIT_RESTORE,
	};
	int err;

	if ((uint64_t)time(NULL) < f->saved || !still_left(f, g->until, &grant.duration))
		return EXIT_DONE;
	err = seg_set_actor(c->h, g->actor);
	if (!err)
		err = seg_set_ticket(c->h, g->ticket);
	if (!err)
		err = seg_set_reason(c->h, g->reason);
	if (!err)
		err = seg_grant_new(c->h, &grant, NULL);
	return err ? ctl_fail(c, err, g->iccid) : EXIT_DONE;
}

/* Grants in force, each as what it is apart from its time; NULL: found in the file. */
struct known {
	char **list;
	size_t n, room;
};

static char *grant_text(const char *iccid, const char *ifname, const struct seg_rule *rule,
			const char *actor, const char *ticket, const char *reason)
{
	char text[4096];

	return xprintf("%s\n%s\n%s\n%s\n%s\n%s\n%s", iccid, ifname ? ifname : "",
		       rule->label ? rule->label : "", actor, ticket, reason,
		       rule_text(rule, text, sizeof(text)));
}

static int known_add(const struct seg_grant *g, void *arg)
{
	struct known *known = arg;

	grow(&known->list, &known->room, known->n, sizeof(*known->list));
	known->list[known->n++] =
		grant_text(g->iccid, g->ifname, g->rule, g->actor, g->ticket, g->reason);
	return 0;
}

/* One that is in force already is not made twice: each stands for one in the file. */
static bool known_take(struct known *known, const struct file_grant *g)
{
	char *text = grant_text(g->iccid, g->ifname, g->rules.list, g->actor, g->ticket, g->reason);
	size_t i;

	for (i = 0; i < known->n; i++)
		if (known->list[i] && !strcmp(known->list[i], text))
			break;
	free(text);
	if (i == known->n)
		return false;
	free(known->list[i]);
	known->list[i] = NULL;
	return true;
}

static int restore_grants(struct ctl *c, const struct file *f)
{
	struct known known = { 0 };
	int ret = EXIT_DONE, err;
	size_t i;

	err = seg_grant_list(c->h, NULL, known_add, &known);
	if (err)
		ret = ctl_fail(c, err, "grants");
	for (i = 0; i < f->n_grants && !ret; i++)
		if (!known_take(&known, &f->grants[i]))
			ret = restore_grant(c, f, &f->grants[i]);
	for (i = 0; i < known.n; i++)
		free(known.list[i]);
	free(known.list);
	return ret;
}

/* @some: at least one of them is in force. */
static int restore_holds(struct ctl *c, const struct file *f, bool *some)
{
	int ret = EXIT_DONE;
	size_t i;

	for (i = 0; i < f->n_holds && !ret; i++) {
		ret = restore_hold(c, f, &f->holds[i]);
		*some |= !ret;
	}
	return ret ? ret : ctl_actor(c);
}

/* What names devices and peer sets of the ruleset. */
static int restore_timed_and_grants(struct ctl *c, const struct file *f)
{
	int ret = EXIT_DONE;
	size_t i;

	for (i = 0; i < f->n_timed && !ret; i++)
		ret = restore_timed(c, f, &f->timed[i]);
	return ret ? ret : restore_grants(c, f);
}

/* EXIT_PART: all was done, and why that is not enough has been said. */
static bool is_done(int ret)
{
	return ret == EXIT_DONE || ret == EXIT_PART;
}

static int restore(struct ctl *c, const struct file *f, const char *name)
{
	int ret = ctl_open(c), rest = EXIT_DONE;
	bool some = false;

	if (ret)
		return ret;
	c->parts = true;
	ret = restore_holds(c, f, &some);
	if (!ret)
		seg_set_reason(c->h, NULL);
	if (!ret)
		ret = apply_restored(c, f, name);
	if (is_done(ret)) {
		some = true;
		rest = restore_timed_and_grants(c, f);
	}
	if (is_done(ret) && is_done(rest)) {
		save_kept(c);
		return ret | rest;
	}
	if (!some)
		return ret;
	ctl_warn("only a part of %s is in force: restore it once more", name);
	return EXIT_PART;
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
