// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl session
 */
#include "segctl.h"

struct listing {
	struct ctl *c;
	struct table *t;
	struct js_list json;
};

static struct json_object *session_json(const struct seg_session *s)
{
	struct json_object *o = json_object_new_object();
	char addr[SEG_ADDR_LEN], proto[SEG_PROTO_LEN];

	js_num(o, "id", s->id);
	js_str(o, "src", seg_addr_print(s->src, addr));
	js_num(o, "sport", s->sport);
	js_str(o, "dst", seg_addr_print(s->dst, addr));
	js_num(o, "dport", s->dport);
	js_str(o, "proto", seg_proto_print(s->proto, proto));
	js_str(o, "state", seg_session_state_name(s->state));
	js_str(o, "iccid", s->iccid);
	js_str(o, "peer_iccid", s->peer_iccid);
	js_str(o, "policy", s->policy);
	js_num(o, "rule", s->rule);
	js_str(o, "label", s->label);
	js_num(o, "packets", s->packets);
	js_num(o, "bytes", s->bytes);
	js_num(o, "reply_packets", s->reply_packets);
	js_num(o, "reply_bytes", s->reply_bytes);
	js_num(o, "age_ns", s->age);
	js_num(o, "idle_ns", s->idle);
	js_num(o, "expires_ns", s->expires);
	js_num(o, "grant", s->grant);
	return o;
}

static void session_row(struct table *t, const struct seg_session *s)
{
	bool ports = seg_proto_has_ports(s->proto);
	char buf[128], num[32];

	table_num(t, s->id);
	table_cell(t, seg_proto_print(s->proto, num));
	table_cell(t, out_endpoint(s->src, s->sport, ports, buf, sizeof(buf)));
	table_cell(t, out_endpoint(s->dst, s->dport, ports, buf, sizeof(buf)));
	table_cell(t, s->iccid ? s->iccid : s->peer_iccid);
	if (s->grant)
		snprintf(buf, sizeof(buf), "grant %u", s->grant);
	else
		snprintf(buf, sizeof(buf), "%s/%u%s%s", s->policy ? s->policy : "-", s->rule,
			 s->label ? " " : "", s->label ? s->label : "");
	table_cell(t, buf);
	table_cell(t, seg_session_state_name(s->state));
	table_num(t, s->packets + s->reply_packets);
	table_num(t, s->bytes);
	table_num(t, s->reply_bytes);
	table_cell(t, out_time(s->age, num));
	table_cell(t, out_time(s->idle, num));
}

static int listing_add(const struct seg_session *s, void *arg)
{
	struct listing *l = arg;

	if (l->c->json)
		js_list_add(&l->json, session_json(s));
	else
		session_row(l->t, s);
	return 0;
}

static int sessions_print(struct ctl *c, const char *iccid)
{
	struct listing l = { .c = c };
	int err;

	if (c->json)
		js_list_begin(&l.json);
	else
		l.t = table_new(
			">ID PROTO FROM TO ICCID RULE STATE >PACKETS >BYTES >REPLY >AGE >IDLE");
	err = seg_session_list(c->h, iccid, listing_add, &l);
	if (c->json)
		js_list_end(&l.json);
	else
		table_end(l.t);
	/* Sessions come and go all the time: that alone is no failure. */
	return err && err != -EAGAIN ? ctl_fail(c, err, NULL) : EXIT_DONE;
}

static int session_list(struct ctl *c, int argc, char **argv)
{
	struct devs found = { 0 };
	int ret = lookup_option(c, argc, argv, &found);

	if (!ret)
		ret = sessions_print(c, found.n ? found.list[0].d.iccid : NULL);
	devs_free(&found);
	return ret;
}

static int session_kill(struct ctl *c, int argc, char **argv)
{
	struct seg_receipt receipt;
	unsigned long long id;
	struct json_object *o;
	char *end;
	int err, ret;

	if (opt_parse(c, argc, argv, NULL, 1, 1) < 0)
		return EXIT_USAGE;
	errno = 0;
	id = strtoull(argv[0], &end, 10);
	if (argv[0][0] < '0' || argv[0][0] > '9' || *end || errno)
		return ctl_usage(c, "bad id of a session '%s'", argv[0]);
	ret = ctl_open(c);
	if (ret)
		return ret;
	err = seg_session_del(c->h, id, &receipt);
	if (err)
		return ctl_fail(c, err, argv[0]);
	o = json_object_new_object();
	js_receipt(o, &receipt);
	out_done(c, o, NULL, "nothing to do: its rule stands, so that it may be opened again",
		 "killed session %llu", id);
	return EXIT_DONE;
}

int cmd_session(struct ctl *c, int argc, char **argv)
{
	const char *what = argc ? argv[0] : "list";

	if (!strcmp(what, "kill"))
		return session_kill(c, argc - 1, argv + 1);
	if (!strcmp(what, "list"))
		return session_list(c, argc ? argc - 1 : 0, argv + 1);
	return ctl_usage(c, "no '%s': list or kill", what);
}
