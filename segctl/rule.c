// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules as text and as JSON
 */
#include "segctl.h"

static size_t put(char *buf, size_t size, size_t at, const char *text)
{
	int n = snprintf(buf + at, size - at, "%s", text);

	at += (size_t)n;
	return at < size ? at : size - 1;
}

char *rule_text(const struct seg_rule *r, char *buf, size_t size)
{
	char proto[SEG_PROTO_LEN], one[SEG_PREFIX_LEN], port[32];
	size_t i, at = 0;

	at = put(buf, size, at, r->dir == SIMSEG_DIR_OUT ? "out " : "in ");
	at = put(buf, size, at, r->has_proto ? seg_proto_print(r->proto, proto) : "any");
	if (r->has_ports) {
		if (r->port_low == r->port_high)
			snprintf(port, sizeof(port), " %u", r->port_low);
		else
			snprintf(port, sizeof(port), " %u-%u", r->port_low, r->port_high);
		at = put(buf, size, at, port);
	}
	at = put(buf, size, at, r->dir == SIMSEG_DIR_OUT ? " to " : " from ");
	if (r->peer)
		at = put(buf, size, at, r->peer);
	else if (r->self)
		at = put(buf, size, at, "self");
	else if (!r->n_prefixes)
		at = put(buf, size, at, "any");
	for (i = 0; i < r->n_prefixes; i++) {
		at = put(buf, size, at, i ? "," : "");
		at = put(buf, size, at, seg_prefix_print(&r->prefixes[i], one));
	}
	return buf;
}

struct json_object *rule_json(const struct seg_rule *r)
{
	struct json_object *o = json_object_new_object();
	char proto[SEG_PROTO_LEN];

	js_num(o, "id", r->id);
	js_str(o, "dir", r->dir == SIMSEG_DIR_OUT ? "out" : "in");
	if (r->label)
		js_str(o, "label", r->label);
	js_str(o, "proto", r->has_proto ? seg_proto_print(r->proto, proto) : "any");
	if (r->has_ports) {
		js_num(o, "port_low", r->port_low);
		js_num(o, "port_high", r->port_high);
	}
	if (r->n_prefixes)
		json_object_object_add(o, "prefixes", js_prefixes(r->prefixes, r->n_prefixes));
	else
		js_str(o, "peer", r->peer ? r->peer : r->self ? "self" : "any");
	return o;
}
