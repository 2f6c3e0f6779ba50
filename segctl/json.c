// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Output for programs
 */
#include "segctl.h"

void js_str(struct json_object *o, const char *key, const char *text)
{
	char *valid;

	if (!text) {
		json_object_object_add(o, key, NULL);
		return;
	}
	valid = text_utf8(text);
	json_object_object_add(o, key, json_object_new_string(valid));
	free(valid);
}

void js_num(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

void js_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

struct json_object *js_prefixes(const struct simseg_prefix *p, size_t n)
{
	struct json_object *list = json_object_new_array();
	char buf[SEG_PREFIX_LEN];
	size_t i;

	for (i = 0; i < n; i++)
		json_object_array_add(list, json_object_new_string(seg_prefix_print(&p[i], buf)));
	return list;
}

static const char *json_text(struct json_object *o)
{
	return json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
							 JSON_C_TO_STRING_NOSLASHESCAPE);
}

void js_print(struct json_object *o)
{
	puts(json_text(o));
	json_object_put(o);
}

void js_list_begin(struct js_list *l)
{
	l->some = false;
	putchar('[');
}

void js_list_add(struct js_list *l, struct json_object *o)
{
	if (l->some)
		fputs(",\n", stdout);
	l->some = true;
	fputs(json_text(o), stdout);
	json_object_put(o);
}

void js_list_end(struct js_list *l)
{
	(void)l;
	puts("]");
}

void js_receipt(struct json_object *o, const struct seg_receipt *r)
{
	struct json_object *j = json_object_new_object(), *cut = json_object_new_object();
	char hex[2 * SIMSEG_HASH_LEN + 1], date[48];

	js_num(j, "devices", r->devices);
	js_num(j, "replaced", r->replaced);
	js_num(j, "sessions", r->sessions);
	js_num(cut, "tcp", r->tcp);
	js_num(cut, "udp", r->udp);
	js_num(cut, "icmp", r->icmp);
	js_num(cut, "other", r->other);
	json_object_object_add(j, "sessions_cut", cut);
	js_num(j, "conntrack", r->conntrack);
	js_num(j, "offloaded", r->offloaded);
	js_num(j, "hardware", r->hardware);
	js_num(j, "kept", r->kept);
	js_num(j, "added", r->added);
	js_num(j, "removed", r->removed);
	js_num(j, "time_request", r->time_request);
	js_num(j, "time_state", r->time_state);
	js_num(j, "time_done", r->time_done);
	js_num(j, "duration_ns",
	       r->time_done > r->time_request ? r->time_done - r->time_request : 0);
	js_str(j, "requested_at", out_clock(r->time_real - (r->time_done - r->time_request), date));
	js_str(j, "done_at", out_clock(r->time_real, date));
	js_num(j, "generation", r->generation);
	js_str(j, "hash", out_hex(r->hash, sizeof(r->hash), hex));
	json_object_object_add(o, "receipt", j);
}
