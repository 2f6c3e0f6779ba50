// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl quarantine, segctl release
 */
#include "segctl.h"

#define UNDO_MAX 16 /* devices in one line */

struct allow {
	struct simseg_prefix list[SIMSEG_ALLOW_MAX];
	size_t n;
	bool full;
};

static bool allow_has(const struct allow *a, const struct simseg_prefix *p)
{
	size_t i;

	for (i = 0; i < a->n && seg_prefix_cmp(&a->list[i], p); i++)
		;
	return i < a->n;
}

static int allow_prefixes(struct allow *a, const struct simseg_prefix *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (allow_has(a, &p[i]))
			continue;
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
		if (seg_prefix_parse(names->list[i], &prefix) == -EINVAL &&
		    seg_name_valid(names->list[i]))
			err = seg_peer_get(c->h, names->list[i], allow_peer, a);
		else if (opt_prefix(c, names->list[i], &prefix))
			err = allow_prefixes(a, &prefix, 1);
		else
			return EXIT_USAGE;
		if (a->full)
			return ctl_usage(c, "more than %d prefixes may not stay", SIMSEG_ALLOW_MAX);
		if (err)
			return lookup_name_fail(c, err, names->list[i], false);
	}
	return EXIT_DONE;
}

/* What the command line of a quarantine says. */
struct order {
	const char *reason;
	uint64_t duration; /* ns; 0: until it is released */
	bool unknown, flush;
};

/* The device that a command with one target is about, for one sentence. */
static char *targets_name(const struct targets *t)
{
	const struct seg_device *d = target_device(t, 0);

	if (t->n > 1)
		return xprintf("%zu devices", t->n);
	if (!d || !d->asset)
		return xprintf("%s", t->list[0].iccid);
	return xprintf("%s (%s)", d->iccid, d->asset);
}

static void line_targets(struct line *l, const struct targets *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		line_add(l, t->list[i].iccid);
}

/* The command that quarantines @d as it is now; what is left of its time goes on. */
static void line_quarantine(struct line *l, const struct ctl *c, const struct seg_device *d)
{
	char buf[SEG_PREFIX_LEN], left[32];
	size_t i;

	line_begin(l, c, "quarantine");
	line_add(l, d->iccid);
	line_add_opt(l, "--reason", d->reason);
	for (i = 0; i < d->n_allow; i++)
		line_add_opt(l, "--allow", seg_prefix_print(&d->allow[i], buf));
	if (d->duration) {
		snprintf(left, sizeof(left), "%llus",
			 (unsigned long long)(d->duration / 1000000000 + 1));
		line_add_opt(l, "--for", left);
	}
	if (d->state == SIMSEG_STATE_UNKNOWN)
		line_add(l, "--unknown");
}

/* Those that were quarantined before: @t was read before the change. */
static struct json_object *was_json(const struct targets *t)
{
	struct json_object *list = json_object_new_array(), *o;
	const struct seg_device *d;
	size_t i;

	for (i = 0; i < t->n; i++) {
		d = target_device(t, i);
		if (!d || d->state == SIMSEG_STATE_ACTIVE)
			continue;
		o = json_object_new_object();
		js_str(o, "iccid", d->iccid);
		js_num(o, "age_ns", d->age);
		js_str(o, "actor", d->actor);
		js_str(o, "reason", d->reason);
		json_object_array_add(list, o);
	}
	return list;
}

static void print_replaced(const struct targets *t, const struct seg_receipt *r)
{
	const struct seg_device *d = target_device(t, 0);
	char age[32];

	if (!r->replaced)
		return;
	if (t->n > 1 || !d || d->state == SIMSEG_STATE_ACTIVE) {
		printf("  replaced    %u were quarantined already: exceptions and deadline are "
		       "new\n",
		       r->replaced);
		return;
	}
	printf("  replaced    it is quarantined since %s, by ", out_time(d->age, age));
	out_text(d->actor ? d->actor : "-");
	fputs(": ", stdout);
	out_text(d->reason ? d->reason : "-");
	puts("; exceptions and deadline are new");
}

static void print_receipt(const struct order *o, const struct targets *t,
			  const struct seg_receipt *r)
{
	char date[48], hex[2 * SIMSEG_HASH_LEN + 1], left[32];

	print_replaced(t, r);
	printf("  requested   %s\n",
	       out_clock(r->time_real - (r->time_done - r->time_request), date));
	printf("  state set   +%.3f ms\n", (double)(r->time_state - r->time_request) / 1e6);
	printf("  last packet +%.3f ms\n", (double)(r->time_done - r->time_request) / 1e6);
	printf("  cut         tcp %u  udp %u  icmp %u  other %u  conntrack %u, in a flowtable %u\n",
	       r->tcp, r->udp, r->icmp, r->other, r->conntrack, r->offloaded);
	printf("  ruleset     generation %u  hash %.16s\n", r->generation,
	       out_hex(r->hash, sizeof(r->hash), hex));
	if (o->duration)
		printf("  ends        by itself in %s\n", out_time(o->duration, left));
}

/* NULL: one line cannot say it, or not exactly. */
static const struct line *undo_line(struct line *l, const struct ctl *c, const struct order *o,
				    const struct targets *t, const struct seg_receipt *r)
{
	const struct seg_device *d = target_device(t, 0);

	if (t->n == 1 && r->replaced && d && d->state != SIMSEG_STATE_ACTIVE) {
		line_quarantine(l, c, d);
		return l;
	}
	if (t->n > UNDO_MAX || r->replaced)
		return NULL;
	line_begin(l, c, "release");
	line_targets(l, t);
	line_add_opt(l, "--reason", o->reason && *o->reason ? o->reason : "undo");
	return l;
}

static void done_json(struct json_object *j, const struct order *o, const struct targets *t)
{
	struct json_object *list = json_object_new_array();
	const struct seg_device *d = target_device(t, 0);
	size_t i;

	if (t->n == 1) {
		js_str(j, "iccid", t->list[0].iccid);
		js_str(j, "asset", d ? d->asset : NULL);
	}
	for (i = 0; i < t->n; i++)
		json_object_array_add(list, json_object_new_string(t->list[i].iccid));
	json_object_object_add(j, "devices", list);
	if (o)
		js_num(j, "left_ns", o->duration);
}

static int done(struct ctl *c, const struct order *o, const struct targets *t,
		const struct seg_receipt *r)
{
	struct proof *proof = proof_get(c, t, r, o->flush);
	struct json_object *j = json_object_new_object();
	uint64_t ns = r->time_done > r->time_request ? r->time_done - r->time_request : 0;
	char *name = targets_name(t), *sentence;
	struct line line = { 0 };
	const struct line *undo = undo_line(&line, c, o, t, r);
	const char *none = "segctl release takes the same list";
	int ret = proof_code(proof);

	sentence = xprintf(
		"quarantined %s: %u session%s cut, %u conntrack entries deleted, in %.3f ms", name,
		r->sessions, r->sessions == 1 ? "" : "s", r->conntrack, (double)ns / 1e6);
	if (c->json) {
		done_json(j, o, t);
		js_receipt(j, r);
		json_object_object_add(j, "was", was_json(t));
		proof_json(j, proof);
		out_done(c, j, undo, none, "%s", sentence);
	} else {
		json_object_put(j);
		out_text(sentence);
		putchar('\n');
		print_receipt(o, t, r);
		proof_print(c, proof);
		out_undo(undo, none);
	}
	line_free(&line);
	free(sentence);
	free(name);
	proof_free(proof);
	return ret;
}

static int set_who(struct ctl *c, const char *reason, const char *ticket)
{
	if (!seg_set_reason(c->h, reason) && !seg_set_ticket(c->h, ticket))
		return EXIT_DONE;
	ctl_warn("%s", seg_strerror(c->h));
	return EXIT_USAGE;
}

static int quarantine(struct ctl *c, const struct order *o, const struct targets *t,
		      const struct opt_list *names, bool dry_run)
{
	struct seg_receipt receipt;
	struct seg_quarantine q = { .n = t->n, .duration = o->duration, .unknown = o->unknown };
	struct allow allow = { 0 };
	const char **iccids;
	int ret, err;

	ret = allow_resolve(c, names, &allow);
	if (ret)
		return ret;
	if (dry_run)
		return targets_preview(c, t, "quarantine");
	iccids = targets_iccids(t);
	q.iccids = iccids;
	q.allow = allow.list;
	q.n_allow = allow.n;
	err = seg_quarantine(c->h, &q, &receipt);
	ret = err ? targets_refused(c, t, err) : done(c, o, t, &receipt);
	free(iccids);
	return ret;
}

int cmd_quarantine(struct ctl *c, int argc, char **argv)
{
	const char *ticket = NULL, *duration = NULL;
	struct target_opts which = { .words = argv };
	struct targets targets = { 0 };
	struct opt_list allow = { 0 };
	struct order order = { 0 };
	bool dry_run = false;
	const struct opt opts[] = {
		{ "--reason", OPT_VALUE, &order.reason },
		{ "--ticket", OPT_VALUE, &ticket },
		{ "--allow", OPT_LIST, &allow },
		{ "--for", OPT_VALUE, &duration },
		{ "--policy", OPT_VALUE, &which.policy },
		{ "--unknown", OPT_FLAG, &which.unknown },
		{ "--flush-queues", OPT_FLAG, &order.flush },
		{ "--dry-run", OPT_FLAG, &dry_run },
		{ 0 },
	};
	int n = opt_parse(c, argc, argv, opts, 0, -1), ret;

	if (n < 0 || (duration && !opt_duration(c, duration, &order.duration)))
		return EXIT_USAGE;
	which.n = (size_t)n;
	order.unknown = which.unknown;
	ret = ctl_open(c);
	if (!ret)
		ret = set_who(c, order.reason, ticket);
	if (!ret)
		ret = targets_get(c, &which, &targets);
	if (!ret)
		ret = quarantine(c, &order, &targets, &allow, dry_run);
	targets_free(&targets);
	return ret;
}

static void release_done(struct ctl *c, const struct targets *t)
{
	struct json_object *o = json_object_new_object();
	char *name = targets_name(t);
	struct line undo = { 0 };

	done_json(o, NULL, t);
	json_object_object_add(o, "was", was_json(t));
	if (t->n == 1)
		line_quarantine(&undo, c, target_device(t, 0));
	out_done(c, o, t->n == 1 ? &undo : NULL,
		 "segctl quarantine takes the same list; exceptions and deadlines are gone",
		 "released %s", name);
	line_free(&undo);
	free(name);
}

int cmd_release(struct ctl *c, int argc, char **argv)
{
	const char *reason = NULL, *ticket = NULL, **iccids;
	struct target_opts which = { .words = argv, .quarantined = true };
	struct targets t = { 0 };
	bool dry_run = false;
	const struct opt opts[] = {
		{ "--reason", OPT_VALUE, &reason },
		{ "--ticket", OPT_VALUE, &ticket },
		{ "--policy", OPT_VALUE, &which.policy },
		{ "--dry-run", OPT_FLAG, &dry_run },
		{ 0 },
	};
	int n = opt_parse(c, argc, argv, opts, 0, -1), ret, err;

	if (n < 0)
		return EXIT_USAGE;
	if ((!reason || !*reason) && !dry_run)
		return ctl_usage(c, "a release needs --reason");
	which.n = (size_t)n;
	ret = ctl_open(c);
	if (!ret)
		ret = set_who(c, reason, ticket);
	if (!ret)
		ret = targets_get(c, &which, &t);
	if (!ret && dry_run) {
		ret = targets_preview(c, &t, "release");
	} else if (!ret) {
		iccids = targets_iccids(&t);
		err = seg_release(c->h, iccids, t.n);
		if (err)
			ret = targets_refused(c, &t, err);
		else
			release_done(c, &t);
		free(iccids);
	}
	targets_free(&t);
	return ret;
}
