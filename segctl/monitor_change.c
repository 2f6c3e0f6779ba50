// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl monitor: changes, put together from their records
 */
#include "monitor.h"

static void receipt_of(const struct simseg_record_change *r, struct seg_receipt *receipt)
{
	*receipt = (struct seg_receipt){
		.devices = r->devices,
		.sessions = r->sessions,
		.conntrack = r->conntrack,
		.kept = r->kept,
		.added = r->added,
		.removed = r->removed,
		.time_request = r->time_request,
		.time_state = r->time_state,
		.time_done = r->head.time,
		.time_real = r->head.real,
		.replaced = r->replaced,
		.tcp = r->cut[0],
		.udp = r->cut[1],
		.icmp = r->cut[2],
		.other = r->cut[3],
		.offloaded = r->offloaded,
		.hardware = r->hardware,
		.generation = r->generation,
	};
	memcpy(receipt->hash, r->hash, sizeof(receipt->hash));
}

static void print_json(const struct monitor_change *m, const struct seg_change *ch)
{
	const struct simseg_record_change *r = &m->head;
	struct json_object *o = json_object_new_object();
	struct seg_receipt receipt;
	char buf[48];

	js_num(o, "version", r->head.version);
	js_num(o, "seq", r->head.seq);
	js_str(o, "kind", "config");
	js_str(o, "real", out_clock(r->head.real, buf));
	js_num(o, "time_ns", r->head.time);
	js_num(o, "real_ns", r->head.real);
	js_num(o, "generation", r->generation);
	json_object_object_add(o, "change", change_json(ch));
	receipt_of(r, &receipt);
	if (r->time_request)
		js_receipt(o, &receipt);
	if (m->list)
		js_list_add(m->list, o);
	else
		js_print(o);
}

/* The next of the texts; NULL if it is empty, or did not come. */
static const char *next_text(const char **at, const char *end)
{
	const char *text = *at;

	if (text >= end)
		return NULL;
	*at += strlen(text) + 1;
	return *text ? text : NULL;
}

void monitor_change_end(struct monitor_change *m, struct ctl *c)
{
	const struct simseg_record_change *r = &m->head;
	const char *at = m->text, *end = m->text + m->got;
	char comm[sizeof(r->comm) + 1] = "";
	struct seg_change ch = {
		.seq = r->number,
		.time = r->head.time,
		.real = r->head.real,
		.command = r->head.reason,
		.pid = r->pid,
		.uid = r->uid,
		.loginuid = r->loginuid,
		.generation = r->generation,
		.devices = r->devices,
		.sessions = r->sessions,
	};

	if (!m->open)
		return;
	m->open = false;
	memcpy(comm, r->comm, sizeof(r->comm));
	memcpy(ch.hash, r->hash, sizeof(ch.hash));
	ch.comm = comm;
	ch.actor = next_text(&at, end);
	ch.ticket = next_text(&at, end);
	ch.reason = next_text(&at, end);
	ch.subject = next_text(&at, end);
	if (m->got < r->text)
		ctl_warn("change %llu: a part of its texts was missed",
			 (unsigned long long)r->number);
	if (c->json) {
		print_json(m, &ch);
		return;
	}
	fputs("change ", stdout);
	change_print(&ch);
}

void monitor_change_add(struct monitor_change *m, struct ctl *c, const struct simseg_record *record)
{
	const struct simseg_record_text *piece = (const void *)record;

	if (record->kind == SIMSEG_RECORD_CONFIG) {
		monitor_change_end(m, c);
		*m = (struct monitor_change){ .list = m->list };
		memcpy(&m->head, record, sizeof(m->head));
		m->open = true;
	} else if (m->open && piece->number == m->head.number && piece->offset == m->got &&
		   piece->length <= sizeof(piece->text) &&
		   m->got + piece->length < sizeof(m->text)) {
		memcpy(m->text + m->got, piece->text, piece->length);
		m->got += piece->length;
	}
	if (m->got >= m->head.text)
		monitor_change_end(m, c);
}
