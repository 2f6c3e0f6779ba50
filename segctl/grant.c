// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl grant, segctl revoke
 */
#include "segctl.h"

struct listing {
	struct ctl *c;
	struct table *t;
	struct json_object *list;
};

static struct table *grants_table(void)
{
	return table_new(">ID ICCID RULE IIF ACTOR TICKET REASON >UID >LEFT >SESSIONS");
}

static void grant_row(struct table *t, const struct seg_grant *g)
{
	char text[4096], left[32];

	table_num(t, g->id);
	table_cell(t, g->iccid);
	table_cell(t, rule_text(g->rule, text, sizeof(text)));
	table_cell(t, g->ifname);
	table_cell(t, g->actor);
	table_cell(t, g->ticket);
	table_cell(t, g->reason);
	table_num(t, g->uid);
	table_cell(t, out_time(g->duration, left));
	table_num(t, g->sessions);
}

static struct json_object *grant_json(const struct seg_grant *g)
{
	struct json_object *o = json_object_new_object();

	js_num(o, "id", g->id);
	js_str(o, "iccid", g->iccid);
	json_object_object_add(o, "rule", rule_json(g->rule));
	js_str(o, "iif", g->ifname);
	js_str(o, "actor", g->actor);
	js_str(o, "ticket", g->ticket);
	js_str(o, "reason", g->reason);
	js_num(o, "uid", g->uid);
	js_num(o, "left_ns", g->duration);
	js_num(o, "sessions", g->sessions);
	return o;
}

static int listing_add(const struct seg_grant *g, void *arg)
{
	struct listing *l = arg;

	if (l->c->json)
		json_object_array_add(l->list, grant_json(g));
	else
		grant_row(l->t, g);
	return 0;
}

/* Read into a table or a list; EXIT_DONE or a code. */
static int listing_read(struct listing *l, const char *iccid)
{
	int err;

	if (l->c->json)
		l->list = json_object_new_array();
	else
		l->t = grants_table();
	err = seg_grant_list(l->c->h, iccid, listing_add, l);
	if (err == -EAGAIN) {
		ctl_warn("%s: some may be missing", seg_strerror(l->c->h));
		return EXIT_PART;
	}
	return err ? ctl_fail(l->c, err, NULL) : EXIT_DONE;
}

static int grant_list(struct ctl *c, int argc, char **argv)
{
	struct listing l = { .c = c };
	struct devs found = { 0 };
	int ret = lookup_option(c, argc, argv, &found);

	if (!ret) {
		ret = listing_read(&l, found.n ? found.list[0].d.iccid : NULL);
		if (c->json)
			js_print(l.list);
		else
			table_end(l.t);
	}
	devs_free(&found);
	return ret;
}

static int grant_print(const struct seg_grant *g, void *arg)
{
	char text[4096], left[32];

	(void)arg;
	printf("  grant %-3u %s  %s left, %u session%s, ", g->id,
	       rule_text(g->rule, text, sizeof(text)), out_time(g->duration, left), g->sessions,
	       g->sessions == 1 ? "" : "s");
	out_text(g->actor);
	fputs(" for ", stdout);
	out_text(g->ticket);
	fputs(": ", stdout);
	out_text(g->reason);
	putchar('\n');
	return 0;
}

int grants_show(struct ctl *c, const char *iccid, struct json_object *o)
{
	struct listing l = { .c = c };
	int err, ret;

	if (o) {
		ret = listing_read(&l, iccid);
		json_object_object_add(o, "grants", l.list);
		return ret;
	}
	err = seg_grant_list(c->h, iccid, grant_print, NULL);
	return err && err != -EAGAIN ? ctl_fail(c, err, NULL) : EXIT_DONE;
}

/* PROTO, PROTO/PORT or PROTO/PORT-PORT */
static bool parse_service(struct ctl *c, char *text, struct seg_rule *rule)
{
	char *ports = strchr(text, '/');
	int proto;

	if (ports)
		*ports++ = '\0';
	if (!strcmp(text, "any") && !ports)
		return true;
	proto = seg_proto_parse(text);
	if (proto < 0) {
		ctl_usage(c, "unknown protocol '%s'", text);
		return false;
	}
	rule->has_proto = 1;
	rule->proto = (uint8_t)proto;
	if (!ports)
		return true;
	rule->has_ports = 1;
	if (!seg_proto_has_ports(rule->proto))
		ctl_usage(c, "%s has no ports", text);
	else if (!text_ports(ports, &rule->port_low, &rule->port_high))
		ctl_usage(c, "bad port '%s': 1 to 65535, or a range as 8000-8080", ports);
	else
		return true;
	return false;
}

static bool parse_peer(struct ctl *c, const char *text, struct seg_rule *rule,
		       struct simseg_prefix *prefix)
{
	if (!strcmp(text, "any"))
		return true;
	if (!strcmp(text, "self")) {
		rule->self = 1;
		return true;
	}
	if (seg_prefix_parse(text, prefix) == -EINVAL && seg_name_valid(text)) {
		rule->peer = text;
		return true;
	}
	rule->prefixes = prefix;
	rule->n_prefixes = 1;
	return opt_prefix(c, text, prefix);
}

static bool parse_rule(struct ctl *c, char **argv, const char *peer, struct seg_rule *rule,
		       struct simseg_prefix *prefix)
{
	if (!strcmp(argv[0], "out") || !strcmp(argv[0], "in")) {
		rule->dir = *argv[0] == 'o' ? SIMSEG_DIR_OUT : SIMSEG_DIR_IN;
		return parse_service(c, argv[1], rule) && parse_peer(c, peer, rule, prefix);
	}
	ctl_usage(c, "'%s' is no direction: out (the device opens) or in (the peer does)", argv[0]);
	return false;
}

/* Why and for which ticket; EXIT_DONE, or a code and it has been said. */
static int set_why(struct ctl *c, const char *reason, const char *ticket)
{
	if (!seg_set_reason(c->h, reason) && !seg_set_ticket(c->h, ticket))
		return EXIT_DONE;
	ctl_warn("%s", seg_strerror(c->h));
	return EXIT_USAGE;
}

static int grant_make(struct ctl *c, const struct seg_grant *g)
{
	struct json_object *o;
	char text[4096], num[16], left[32];
	struct line undo;
	uint32_t id = 0;
	int err;

	err = seg_grant_new(c->h, g, &id);
	if (err == -ENOENT && g->rule->peer)
		return lookup_name_fail(c, err, g->rule->peer, false);
	if (err)
		return ctl_fail(c, err, g->iccid);
	o = json_object_new_object();
	js_num(o, "grant", id);
	js_str(o, "iccid", g->iccid);
	snprintf(num, sizeof(num), "%u", id);
	line_begin(&undo, c, "revoke");
	line_add(&undo, num);
	out_done(c, o, &undo, NULL, "grant %u: %s %s, for %s", id, g->iccid,
		 rule_text(g->rule, text, sizeof(text)), out_time(g->duration, left));
	line_free(&undo);
	return EXIT_DONE;
}

/* Time, reason and ticket may be missing here: it is the kernel that refuses. */
int cmd_grant(struct ctl *c, int argc, char **argv)
{
	const char *peer = NULL, *time = NULL, *reason = NULL, *ticket = NULL;
	struct simseg_prefix prefix;
	struct seg_rule rule = { 0 };
	struct seg_grant g = { .rule = &rule };
	const struct opt opts[] = {
		{ "peer", OPT_VALUE, &peer },	    { "--for", OPT_VALUE, &time },
		{ "--reason", OPT_VALUE, &reason }, { "--ticket", OPT_VALUE, &ticket },
		{ "--iif", OPT_VALUE, &g.ifname },  { 0 },
	};
	struct devs found = { 0 };
	int ret;

	if (!argc || !strcmp(argv[0], "list"))
		return grant_list(c, argc ? argc - 1 : 0, argv + 1);
	if (opt_parse(c, argc, argv, opts, 3, 3) < 0)
		return EXIT_USAGE;
	if (!peer)
		return ctl_usage(c, "say with whom: peer and an address, a peer set, self or any");
	if (!parse_rule(c, argv + 1, peer, &rule, &prefix))
		return EXIT_USAGE;
	if (g.ifname && !seg_ifname_valid(g.ifname, 1))
		return ctl_usage(c, "bad name of an interface '%s'", g.ifname);
	ret = time && !opt_duration(c, time, &g.duration) ? EXIT_USAGE : EXIT_DONE;
	if (!ret)
		ret = ctl_open(c);
	if (!ret)
		ret = set_why(c, reason, ticket);
	if (!ret)
		ret = lookup_one(c, argv[0], &found);
	if (!ret) {
		g.iccid = found.list[0].d.iccid;
		ret = grant_make(c, &g);
	}
	devs_free(&found);
	return ret;
}

/* Grants as they were listed, for what the kernel says that it has revoked. */
struct kept {
	uint32_t id;
	char *line;
	struct json_object *o;
};

struct revoked {
	struct ctl *c;
	struct kept *kept;
	size_t n, room;
	struct json_object *list;
	size_t count;
};

static int keep(const struct seg_grant *g, void *arg)
{
	struct revoked *r = arg;
	struct kept *k;
	char text[4096];

	grow(&r->kept, &r->room, r->n, sizeof(*r->kept));
	k = &r->kept[r->n++];
	k->id = g->id;
	k->o = grant_json(g);
	k->line = xprintf("%s %s, %s for %s: %s", g->iccid, rule_text(g->rule, text, sizeof(text)),
			  g->actor, g->ticket, g->reason);
	return 0;
}

static int revoked_one(uint32_t id, void *arg)
{
	struct revoked *r = arg;
	struct kept *k = NULL;
	size_t i;

	for (i = 0; i < r->n && !k; i++)
		if (r->kept[i].id == id)
			k = &r->kept[i];
	r->count++;
	if (!r->c->json) {
		printf("grant %u  ", id);
		out_text(k ? k->line : "made just now");
		putchar('\n');
	} else if (k) {
		json_object_array_add(r->list, json_object_get(k->o));
	}
	return 0;
}

static void revoked_free(struct revoked *r)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		json_object_put(r->kept[i].o);
		free(r->kept[i].line);
	}
	free(r->kept);
	json_object_put(r->list);
}

static int revoke(struct ctl *c, const struct seg_revoke *which)
{
	const char *none = "nothing to do: who needs it again asks for a new grant";
	struct revoked r = { .c = c, .list = json_object_new_array() };
	struct seg_receipt receipt;
	struct json_object *o;
	int err, ret = EXIT_DONE;

	err = seg_grant_list(c->h, NULL, keep, &r);
	if (!err || err == -EAGAIN)
		err = seg_grant_del(c->h, which, revoked_one, &r, &receipt);
	if (err) {
		ret = ctl_fail(c, err, NULL);
	} else {
		o = json_object_new_object();
		json_object_object_add(o, "revoked", json_object_get(r.list));
		js_receipt(o, &receipt);
		out_done(c, o, NULL, none, "revoked %zu grant%s; %u session%s cut", r.count,
			 r.count == 1 ? "" : "s", receipt.sessions,
			 receipt.sessions == 1 ? "" : "s");
	}
	revoked_free(&r);
	return ret;
}

/* The id of a grant; 0 if it is none. */
static uint32_t parse_id(const char *text)
{
	unsigned long long id;
	char *end;

	errno = 0;
	id = strtoull(text, &end, 10);
	return text[0] < '0' || text[0] > '9' || *end || errno || id > UINT32_MAX ? 0 :
										    (uint32_t)id;
}

int cmd_revoke(struct ctl *c, int argc, char **argv)
{
	const char *reason = NULL;
	struct seg_revoke which = { 0 };
	const struct opt opts[] = {
		{ "--reason", OPT_VALUE, &reason },
		{ "--ticket", OPT_VALUE, &which.ticket },
		{ 0 },
	};
	int n, ret;

	n = opt_parse(c, argc, argv, opts, 0, 1);
	if (n < 0)
		return EXIT_USAGE;
	if (n) {
		which.id = parse_id(argv[0]);
		if (!which.id)
			return ctl_usage(c, "bad id of a grant '%s'", argv[0]);
		if (which.ticket)
			return ctl_usage(c, "an id and --ticket: which of the two?");
	} else if (!which.ticket) {
		/* here the option says whose they are: who does it is in the environment */
		which.actor = c->actor;
		c->actor = NULL;
	}
	if (!n && !which.ticket && !which.actor)
		return ctl_usage(c, "say which: an id, --actor or --ticket");
	ret = ctl_open(c);
	if (!ret)
		ret = set_why(c, reason, NULL);
	return ret ? ret : revoke(c, &which);
}
