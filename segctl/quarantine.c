// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl quarantine, segctl release
 */
#include "segctl.h"

struct allow {
	struct simseg_prefix list[SIMSEG_ALLOW_MAX];
	size_t n;
	bool full;
};

static int allow_prefixes(struct allow *a, const struct simseg_prefix *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (a->n == SIMSEG_ALLOW_MAX) {
			a->full = true;
			return -ENOSPC;
		}
		a->list[a->n++] = p[i];
	}
	return 0;
}

static int allow_peer(const struct seg_peer *peer, void *arg)
{
	return allow_prefixes(arg, peer->prefixes, peer->n_prefixes);
}

/* Responders: prefixes, or peer sets as they are now. */
static int allow_resolve(struct ctl *c, const struct opt_list *names, struct allow *a)
{
	struct simseg_prefix prefix;
	size_t i;
	int err;

	for (i = 0; i < names->n; i++) {
		err = seg_prefix_parse(names->list[i], &prefix);
		if (!err)
			err = allow_prefixes(a, &prefix, 1);
		else if (err == -EINVAL && seg_name_valid(names->list[i]))
			err = seg_peer_get(c->h, names->list[i], allow_peer, a);
		else
			return opt_prefix(c, names->list[i], &prefix) ? EXIT_DONE : EXIT_USAGE;
		if (a->full)
			return ctl_usage(c, "more than %d prefixes may not stay", SIMSEG_ALLOW_MAX);
		if (err)
			return lookup_name_fail(c, err, names->list[i], false);
	}
	return EXIT_DONE;
}

static void done(struct ctl *c, const struct seg_device *d, const char *iccid, const char *reason,
		 const struct seg_receipt *r)
{
	struct json_object *o = json_object_new_object();
	uint64_t ns = r->time_done > r->time_request ? r->time_done - r->time_request : 0;
	const char *asset = d && d->asset ? d->asset : "";
	struct line undo;

	js_str(o, "iccid", iccid);
	js_str(o, "asset", d ? d->asset : NULL);
	js_receipt(o, r);
	line_begin(&undo, c, "release");
	line_add(&undo, iccid);
	line_add_opt(&undo, "--reason", reason && *reason ? reason : "undo");
	out_done(c, o, &undo, NULL,
		 "quarantined %s%s%s%s: %u session%s cut, %u conntrack entries deleted, in %.3f ms",
		 iccid, *asset ? " (" : "", asset, *asset ? ")" : "", r->sessions,
		 r->sessions == 1 ? "" : "s", r->conntrack, (double)ns / 1e6);
	line_free(&undo);
}

/* The one device that is meant; with @unknown an ICCID will do. */
static int target(struct ctl *c, const char *text, bool unknown, struct devs *found,
		  char iccid[SEG_ICCID_LEN])
{
	int ret;

	if (unknown && seg_iccid_parse(text, iccid))
		return ctl_usage(c, "--unknown needs an ICCID of 18 to 20 digits");
	if (unknown) {
		opt_iccid(c, text, iccid, false);
		ret = lookup(c, iccid, found, true);
		if (ret == EXIT_NONE)
			return EXIT_DONE;
	} else {
		ret = lookup_one(c, text, found);
	}
	if (!ret)
		snprintf(iccid, SEG_ICCID_LEN, "%s", found->list[0].d.iccid);
	return ret;
}

static int quarantine(struct ctl *c, const char *text, const char *reason,
		      const struct opt_list *names, bool unknown)
{
	char iccid[SEG_ICCID_LEN];
	const char *list[] = { iccid };
	struct seg_quarantine q = { .iccids = list, .n = 1, .unknown = unknown };
	struct seg_receipt receipt;
	struct devs found = { 0 };
	struct allow allow = { 0 };
	int ret, err;

	ret = target(c, text, unknown, &found, iccid);
	if (!ret)
		ret = allow_resolve(c, names, &allow);
	if (!ret && seg_set_reason(c->h, reason)) {
		ctl_warn("%s", seg_strerror(c->h));
		ret = EXIT_USAGE;
	}
	if (!ret) {
		q.allow = allow.list;
		q.n_allow = allow.n;
		err = seg_quarantine(c->h, &q, &receipt);
		if (err)
			ret = ctl_fail(c, err, iccid);
		else
			done(c, found.n ? &found.list[0].d : NULL, iccid, reason, &receipt);
	}
	devs_free(&found);
	return ret;
}

int cmd_quarantine(struct ctl *c, int argc, char **argv)
{
	const char *reason = NULL, *ticket = NULL;
	struct opt_list allow = { 0 };
	bool unknown = false;
	const struct opt opts[] = {
		{ "--reason", OPT_VALUE, &reason },
		{ "--ticket", OPT_VALUE, &ticket },
		{ "--allow", OPT_LIST, &allow },
		{ "--unknown", OPT_FLAG, &unknown },
		{ 0 },
	};
	int ret;

	if (opt_parse(c, argc, argv, opts, 1, 1) < 0)
		return EXIT_USAGE;
	ret = ctl_open(c);
	if (!ret && seg_set_ticket(c->h, ticket)) {
		ctl_warn("%s", seg_strerror(c->h));
		ret = EXIT_USAGE;
	}
	return ret ? ret : quarantine(c, argv[0], reason, &allow, unknown);
}

static void release_done(struct ctl *c, const struct seg_device *d)
{
	struct json_object *o = json_object_new_object();
	char buf[SEG_PREFIX_LEN];
	struct line undo;
	size_t i;

	js_str(o, "iccid", d->iccid);
	line_begin(&undo, c, "quarantine");
	line_add(&undo, d->iccid);
	line_add_opt(&undo, "--reason", d->reason);
	for (i = 0; i < d->n_allow; i++)
		line_add_opt(&undo, "--allow", seg_prefix_print(&d->allow[i], buf));
	if (d->state == SIMSEG_STATE_UNKNOWN)
		line_add(&undo, "--unknown");
	out_done(c, o, &undo, NULL, "released %s", d->iccid);
	line_free(&undo);
}

int cmd_release(struct ctl *c, int argc, char **argv)
{
	const char *reason = NULL, *ticket = NULL, *list[1];
	const struct opt opts[] = {
		{ "--reason", OPT_VALUE, &reason },
		{ "--ticket", OPT_VALUE, &ticket },
		{ 0 },
	};
	struct devs found = { 0 };
	int ret, err;

	if (opt_parse(c, argc, argv, opts, 1, 1) < 0)
		return EXIT_USAGE;
	if (!reason || !*reason)
		return ctl_usage(c, "a release needs --reason");
	ret = ctl_open(c);
	if (!ret && (seg_set_reason(c->h, reason) || seg_set_ticket(c->h, ticket))) {
		ctl_warn("%s", seg_strerror(c->h));
		ret = EXIT_USAGE;
	}
	if (!ret)
		ret = lookup_one(c, argv[0], &found);
	if (!ret) {
		list[0] = found.list[0].d.iccid;
		err = seg_release(c->h, list, 1);
		if (err)
			ret = ctl_fail(c, err, list[0]);
		else
			release_done(c, &found.list[0].d);
	}
	devs_free(&found);
	return ret;
}
