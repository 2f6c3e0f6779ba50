// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules in the ruleset file: one entry may stand for several, one a port
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "text.h"

#define PORTS_MAX 1024 /* in one entry */

struct port_range {
	uint16_t low, high;
};

/* One entry while it is read. */
struct draft {
	struct seg_rule rule;
	struct mark at, at_port, at_peer;
	struct port_range *ports;
	size_t n_ports, ports_room;
	struct file_prefixes prefixes;
	bool bad; /* something was reported: make nothing of it */
};

enum {
	KEY_LABEL,
	KEY_PROTO,
	KEY_PORT,
	KEY_PEER,
	KEY_MAX
};

static bool draft_port(struct yaml *y, struct draft *dr)
{
	struct port_range range;
	const char *text;
	struct mark at;

	text = yaml_scalar(y, "a port or a range of ports", &at);
	if (!text)
		return false;
	if (!text_ports(text, &range.low, &range.high)) {
		diag_error(y->diags, at, "bad port '%s': 1 to 65535, or a range as 8000-8080",
			   text);
		return false;
	}
	if (range.low > range.high) {
		diag_error(y->diags, at, "bad range of ports '%s': the lower one comes first",
			   text);
		return false;
	}
	if (dr->n_ports == PORTS_MAX) {
		diag_error(y->diags, at, "more than %d ports in one rule", PORTS_MAX);
		return false;
	}
	grow(&dr->ports, &dr->ports_room, dr->n_ports, sizeof(*dr->ports));
	dr->ports[dr->n_ports++] = range;
	return true;
}

static void draft_ports(struct yaml *y, struct draft *dr)
{
	dr->at_port = yaml_mark(y);
	if (!yaml_is_seq(y)) {
		dr->bad |= !draft_port(y, dr);
		return;
	}
	yaml_seq(y, "");
	while (yaml_seq_next(y))
		dr->bad |= !draft_port(y, dr);
	if (!dr->n_ports && !dr->bad) {
		diag_error(y->diags, dr->at_port, "an empty list of ports");
		dr->bad = true;
	}
}

static void draft_proto(struct yaml *y, struct draft *dr)
{
	struct mark at;
	const char *text = yaml_scalar(y, "a protocol", &at);
	int proto;

	dr->bad |= !text;
	if (!text || !strcmp(text, "any"))
		return;
	proto = seg_proto_parse(text);
	if (proto < 0) {
		diag_error(y->diags, at,
			   "unknown protocol '%s': tcp, udp, sctp, dccp, udplite, icmp, gre, esp, "
			   "ah, any, or a number from 1 to 255",
			   text);
		dr->bad = true;
	} else if (proto == IPPROTO_ICMPV6) {
		diag_error(y->diags, at, "write icmp: it stands for ICMPv6 as well");
		dr->bad = true;
	}
	dr->rule.has_proto = 1;
	dr->rule.proto = (uint8_t)proto;
}

static void draft_label(struct file *f, struct yaml *y, struct draft *dr)
{
	struct mark at;
	const char *text = yaml_scalar(y, "a label", &at);

	if (text && seg_name_valid(text)) {
		dr->rule.label = file_strdup(f, text);
		return;
	}
	if (text)
		diag_error(y->diags, at, "bad label '%s': up to %d letters, digits, '_', '.', '-'",
			   text, SIMSEG_LABEL_MAX);
	dr->bad = true;
}

static bool looks_like_address(const char *text)
{
	return strpbrk(text, ":/") || !text[strspn(text, "0123456789.")];
}

static void draft_peer(struct file *f, struct yaml *y, struct draft *dr)
{
	struct simseg_prefix prefix;
	size_t errors = f->diags.errors;
	const char *text;

	dr->at_peer = yaml_mark(y);
	if (yaml_is_seq(y)) {
		file_prefixes(y, "", SIMSEG_PREFIXES_MAX, &dr->prefixes);
		file_prefixes_unique(&f->diags, &dr->prefixes);
		if (!dr->prefixes.n && errors == f->diags.errors)
			diag_error(&f->diags, dr->at_peer, "an empty list: write any for everyone");
	} else {
		text = yaml_scalar(y, "a peer set, self, any, a prefix or a list of prefixes",
				   &dr->at_peer);
		if (!text || !strcmp(text, "any")) {
			;
		} else if (!strcmp(text, "self")) {
			dr->rule.self = 1;
		} else if (looks_like_address(text)) {
			if (file_prefix(&f->diags, text, dr->at_peer, &prefix)) {
				dr->prefixes.list = xcalloc(1, sizeof(prefix));
				dr->prefixes.list[0] = prefix;
				dr->prefixes.n = 1;
			}
		} else if (seg_name_valid(text)) {
			dr->rule.peer = file_strdup(f, text);
		} else {
			diag_error(&f->diags, dr->at_peer, "bad peer '%s'", text);
		}
	}
	dr->bad |= errors != f->diags.errors;
}

static void draft_check(struct file *f, struct draft *dr, uint32_t seen, enum simseg_dir dir)
{
	const char *key = dir == SIMSEG_DIR_OUT ? "to" : "from";

	if (!(seen & (1U << KEY_PEER)) && !dr->bad) {
		diag_error(&f->diags, dr->at, "a rule needs '%s': write %s: any for everyone", key,
			   key);
		dr->bad = true;
	}
	if ((seen & (1U << KEY_PORT)) && !dr->bad && !dr->rule.has_proto) {
		diag_error(&f->diags, dr->at_port,
			   "a port needs a protocol: tcp, udp, sctp, dccp or udplite");
		dr->bad = true;
	} else if ((seen & (1U << KEY_PORT)) && !dr->bad && !seg_proto_has_ports(dr->rule.proto)) {
		diag_error(&f->diags, dr->at_port, "this protocol has no ports");
		dr->bad = true;
	}
}

static void rules_add(struct file *f, struct draft *dr, size_t max, struct file_rules *to)
{
	if (to->n >= max) {
		if (!to->full)
			diag_error(&f->diags, dr->at, "more than %zu rules, one a port", max);
		to->full = true;
		return;
	}
	grow(&to->list, &to->room, to->n, sizeof(*to->list));
	grow(&to->marks, &to->marks_room, to->n, sizeof(*to->marks));
	to->list[to->n] = dr->rule;
	to->marks[to->n++] = dr->at_peer;
}

static void draft_emit(struct file *f, struct draft *dr, size_t max, struct file_rules *to)
{
	struct simseg_prefix *prefixes;
	size_t i, size;

	if (dr->prefixes.n) {
		size = dr->prefixes.n * sizeof(*prefixes);
		prefixes = file_alloc(f, size);
		memcpy(prefixes, dr->prefixes.list, size);
		dr->rule.prefixes = prefixes;
		dr->rule.n_prefixes = dr->prefixes.n;
	}
	/* a bad one stands for itself: the name of its peer set is checked later */
	if (!dr->n_ports || dr->bad)
		rules_add(f, dr, max, to);
	for (i = 0; i < dr->n_ports && !dr->bad; i++) {
		dr->rule.has_ports = 1;
		dr->rule.port_low = dr->ports[i].low;
		dr->rule.port_high = dr->ports[i].high;
		rules_add(f, dr, max, to);
	}
}

static void file_rule(struct file *f, struct yaml *y, enum simseg_dir dir, size_t max,
		      struct file_rules *to)
{
	const char *const keys[KEY_MAX] = {
		[KEY_LABEL] = "label",
		[KEY_PROTO] = "proto",
		[KEY_PORT] = "port",
		[KEY_PEER] = dir == SIMSEG_DIR_OUT ? "to" : "from",
	};
	const char *other = dir == SIMSEG_DIR_OUT ? "from" : "to";
	struct draft dr = { .rule.dir = (uint8_t)dir, .at = yaml_mark(y) };
	size_t errors = f->diags.errors;
	uint32_t seen = 0;
	struct mark at;

	if (!yaml_map(y, "a rule, a mapping"))
		return;
	while (yaml_map_next(y, &at)) {
		if (!strcmp(y->key, other)) {
			diag_error(&f->diags, at, "a rule under '%s' has '%s', not '%s'",
				   dir == SIMSEG_DIR_OUT ? "out" : "in", keys[KEY_PEER], other);
			yaml_skip(y);
			continue;
		}
		switch (file_key(y, keys, KEY_MAX, &seen, at)) {
		case KEY_LABEL:
			draft_label(f, y, &dr);
			break;
		case KEY_PROTO:
			draft_proto(y, &dr);
			break;
		case KEY_PORT:
			draft_ports(y, &dr);
			break;
		case KEY_PEER:
			draft_peer(f, y, &dr);
			break;
		}
	}
	dr.bad |= errors != f->diags.errors;
	draft_check(f, &dr, seen, dir);
	draft_emit(f, &dr, max, to);
	free(dr.ports);
	file_prefixes_free(&dr.prefixes);
}

void file_rules(struct file *f, struct yaml *y, enum simseg_dir dir, size_t max,
		struct file_rules *to)
{
	if (!yaml_seq(y, "a list of rules"))
		return;
	while (yaml_seq_next(y))
		file_rule(f, y, dir, max, to);
}

void file_rules_free(struct file_rules *r)
{
	free(r->list);
	free(r->marks);
	memset(r, 0, sizeof(*r));
}
