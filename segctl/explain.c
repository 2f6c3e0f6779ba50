// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl explain
 */
#include "segctl.h"

/* A port, or "-" for none; -1 and it has been said. */
static int port_arg(struct ctl *c, const char *text)
{
	char *end;
	unsigned long value;

	if (!text || !strcmp(text, "-"))
		return 0;
	value = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || value > UINT16_MAX) {
		ctl_usage(c, "bad port '%s'", text);
		return -1;
	}
	return (int)value;
}

static bool addr_arg(struct ctl *c, const char *text, uint8_t addr[16])
{
	struct simseg_prefix prefix;

	if (!opt_prefix(c, text, &prefix))
		return false;
	if (prefix.plen != 128) {
		ctl_usage(c, "'%s' is not one address", text);
		return false;
	}
	memcpy(addr, prefix.addr, 16);
	return true;
}

static void print_text(struct ctl *c, const struct seg_explanation *e)
{
	bool deny = e->verdict == SIMSEG_VERDICT_DENY;

	printf("%s%s%s  %s: %s\n", deny ? out_red(c) : out_green(c), seg_verdict_name(e->verdict),
	       out_plain(c), seg_reason_name(e->reason), seg_reason_text(e->reason));
	if (*e->iccid)
		printf("  device   %s\n", e->iccid);
	if (*e->peer_iccid)
		printf("  peer     %s\n", e->peer_iccid);
	if (*e->policy)
		printf("  policy   %s\n", e->policy);
	if (e->rule)
		printf("  rule     %u%s%s%s\n", e->rule, *e->label ? "  " : "", e->label,
		       *e->policy || e->grant ? "" : "  (the device's own)");
	if (e->grant)
		printf("  grant    %u\n", e->grant);
	if (e->session)
		printf("  session  %llu\n", (unsigned long long)e->session);
}

static void print_json(const struct seg_explanation *e)
{
	struct json_object *o = json_object_new_object();

	js_str(o, "verdict", seg_verdict_name(e->verdict));
	js_str(o, "reason", seg_reason_name(e->reason));
	js_str(o, "text", seg_reason_text(e->reason));
	js_str(o, "iccid", *e->iccid ? e->iccid : NULL);
	js_str(o, "peer_iccid", *e->peer_iccid ? e->peer_iccid : NULL);
	js_str(o, "policy", *e->policy ? e->policy : NULL);
	js_num(o, "rule", e->rule);
	js_str(o, "label", *e->label ? e->label : NULL);
	js_num(o, "session", e->session);
	js_num(o, "grant", e->grant);
	js_print(o);
}

int cmd_explain(struct ctl *c, int argc, char **argv)
{
	const char *dev = NULL, *sport_text = NULL;
	const struct opt opts[] = {
		{ "--dev", OPT_VALUE, &dev },
		{ "--sport", OPT_VALUE, &sport_text },
		{ 0 },
	};
	struct seg_explanation ex;
	struct seg_flow flow = { 0 };
	int n, proto, dport, sport, ret, err;

	n = opt_parse(c, argc, argv, opts, 3, 4);
	if (n < 0 || !addr_arg(c, argv[0], flow.src) || !addr_arg(c, argv[1], flow.dst))
		return EXIT_USAGE;
	proto = seg_proto_parse(argv[2]);
	if (proto < 0)
		return ctl_usage(c, "unknown protocol '%s'", argv[2]);
	flow.proto = (uint8_t)proto;
	dport = port_arg(c, n > 3 ? argv[3] : NULL);
	sport = dport < 0 ? -1 : port_arg(c, sport_text);
	if (sport < 0)
		return EXIT_USAGE;
	if (seg_proto_has_ports(flow.proto) && !dport)
		return ctl_usage(c, "%s needs a port", argv[2]);
	flow.dport = (uint16_t)dport;
	flow.sport = (uint16_t)sport;
	ret = ctl_open(c);
	if (ret)
		return ret;
	err = dev ? seg_ifindex(c->h, dev) : 0;
	if (err < 0)
		return ctl_fail(c, err, NULL);
	flow.ifindex = (uint32_t)err;
	err = seg_explain(c->h, &flow, &ex);
	if (err)
		return ctl_fail(c, err, NULL);
	if (c->json)
		print_json(&ex);
	else
		print_text(c, &ex);
	return EXIT_DONE;
}
