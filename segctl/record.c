// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One record as a line of text, or as JSON. Texts that users have given are told
 * as such: "asset" and "label" are what somebody wrote.
 */
#include <arpa/inet.h>

#include "record.h"

const char *record_kind_name(uint8_t kind)
{
	static const char *const names[] = {
		[SIMSEG_RECORD_UNSPEC] = "?",	   [SIMSEG_RECORD_OPEN] = "open",
		[SIMSEG_RECORD_UPDATE] = "update", [SIMSEG_RECORD_CLOSE] = "close",
		[SIMSEG_RECORD_DENY] = "deny",	   [SIMSEG_RECORD_CONFIG] = "config",
		[SIMSEG_RECORD_GAP] = "gap",	   [SIMSEG_RECORD_TEXT] = "text",
	};

	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "?";
}

const char *record_why(const struct simseg_record *r)
{
	return r->kind == SIMSEG_RECORD_CLOSE ? seg_end_name(r->reason) :
						seg_reason_name(r->reason);
}

static void print_flow(const struct simseg_record *r)
{
	bool ports = seg_proto_has_ports(r->proto) && !(r->flags & SIMSEG_RECORD_F_MIXED);
	char src[80], dst[80], proto[SEG_PROTO_LEN];

	out_endpoint(r->src, ntohs(r->sport), ports, src, sizeof(src));
	out_endpoint(r->dst, ntohs(r->dport), ports, dst, sizeof(dst));
	if (r->flags & SIMSEG_RECORD_F_MIXED)
		printf("several peers of %s",
		       seg_addr_is_v4(r->src) || memcmp(r->src, (uint8_t[16]){ 0 }, 16) ? src :
											  dst);
	else
		printf("%s %s > %s", seg_proto_print(r->proto, proto), src, dst);
}

/* By what it was allowed or denied. */
static void print_rule(const struct simseg_record *r, const char *policy)
{
	if (r->grant)
		printf("  grant %u", r->grant);
	else if (policy && !r->rule)
		printf("  %s", policy);
	else if (policy)
		printf("  %s/%u", policy, r->rule);
	else if (r->policy || r->rule)
		printf("  %s%u/%u", r->policy ? "policy " : "own ", r->policy, r->rule);
}

/* At most @max bytes that a user has given, which may fill all of them. */
static void print_given(const char *name, const uint8_t *text, size_t max)
{
	char buf[SIMSEG_ASSET_MAX + 1] = "";

	memcpy(buf, text, max);
	if (!*buf)
		return;
	printf("  %s ", name);
	out_text(buf);
}

static void print_amount(const struct simseg_record_amount *a)
{
	char buf[48];

	printf("  %llu/%llu packets  %llu/%llu bytes  %s", (unsigned long long)a->packets[0],
	       (unsigned long long)a->packets[1], (unsigned long long)a->bytes[0],
	       (unsigned long long)a->bytes[1], out_time(a->duration, buf));
	if (a->rtt_us)
		printf("  rtt %s", out_time(a->rtt_us * 1000ULL, buf));
}

static void print_of_kind(const struct simseg_record *r)
{
	unsigned long long n = r->denied.packets;

	switch (r->kind) {
	case SIMSEG_RECORD_OPEN:
		print_given("label", r->given.label, sizeof(r->given.label));
		print_given("asset", r->given.asset, sizeof(r->given.asset));
		break;
	case SIMSEG_RECORD_UPDATE:
	case SIMSEG_RECORD_CLOSE:
		print_amount(&r->amount);
		break;
	case SIMSEG_RECORD_DENY:
		if (r->flags & SIMSEG_RECORD_F_FOLDED)
			printf("  %llu packet%s", n, n == 1 ? "" : "s");
		print_given("asset", r->denied.asset, sizeof(r->denied.asset));
		break;
	}
}

static void print_gap(const struct ctl *c, const struct simseg_record *r)
{
	const struct simseg_record_gap *gap = (const void *)r;
	char buf[48];
	unsigned int i;

	printf("%s  %sgap%s    lost:", out_clock(r->real, buf), out_red(c), out_plain(c));
	for (i = 0; i < __SIMSEG_RECORD_MAX; i++)
		if (gap->lost[i])
			printf("  %llu %s", (unsigned long long)gap->lost[i], record_kind_name(i));
	printf("  in %s", out_time(gap->to - gap->from, buf));
	if (gap->unheard)
		printf("  %llu of them while nobody listened", (unsigned long long)gap->unheard);
	putchar('\n');
}

void record_print(const struct ctl *c, const struct simseg_record *r, const char *policy)
{
	bool deny = r->kind == SIMSEG_RECORD_DENY;
	char buf[48], iccid[SEG_ICCID_LEN];

	if (r->kind == SIMSEG_RECORD_GAP) {
		print_gap(c, r);
		return;
	}
	printf("%s  %s%-6s%s ", out_clock(r->real, buf), deny ? out_red(c) : "",
	       record_kind_name(r->kind), deny ? out_plain(c) : "");
	print_flow(r);
	if (*seg_iccid_unpack(r->iccid[0], iccid))
		printf("  from %s", iccid);
	if (*seg_iccid_unpack(r->iccid[1], iccid))
		printf("  to %s", iccid);
	if (r->kind == SIMSEG_RECORD_CLOSE || deny)
		printf("  %s", record_why(r));
	print_rule(r, policy);
	print_of_kind(r);
	if (r->flags & SIMSEG_RECORD_F_PICKUP)
		fputs("  picked up mid-stream", stdout);
	if (r->flags & SIMSEG_RECORD_F_OBSERVED)
		fputs("  observed: it passed", stdout);
	putchar('\n');
}

static void json_flags(struct json_object *o, uint8_t flags)
{
	js_bool(o, "folded", flags & SIMSEG_RECORD_F_FOLDED);
	js_bool(o, "mixed", flags & SIMSEG_RECORD_F_MIXED);
	js_bool(o, "pickup", flags & SIMSEG_RECORD_F_PICKUP);
	js_bool(o, "observed", flags & SIMSEG_RECORD_F_OBSERVED);
}

static void json_given(struct json_object *o, const char *key, const uint8_t *text, size_t max)
{
	char buf[SIMSEG_ASSET_MAX + 1] = "";

	memcpy(buf, text, max);
	js_str(o, key, *buf ? buf : NULL);
}

static void json_amount(struct json_object *o, const struct simseg_record_amount *a)
{
	js_num(o, "duration_ns", a->duration);
	js_num(o, "packets", a->packets[0]);
	js_num(o, "bytes", a->bytes[0]);
	js_num(o, "reply_packets", a->packets[1]);
	js_num(o, "reply_bytes", a->bytes[1]);
	js_num(o, "rtt_us", a->rtt_us);
	js_num(o, "tcp_flags", a->tcp_flags[0]);
	js_num(o, "reply_tcp_flags", a->tcp_flags[1]);
}

static void json_of_kind(struct json_object *o, const struct simseg_record *r)
{
	struct json_object *given = json_object_new_object();

	switch (r->kind) {
	case SIMSEG_RECORD_OPEN:
		json_given(given, "asset", r->given.asset, sizeof(r->given.asset));
		json_given(given, "label", r->given.label, sizeof(r->given.label));
		break;
	case SIMSEG_RECORD_UPDATE:
	case SIMSEG_RECORD_CLOSE:
		json_amount(o, &r->amount);
		break;
	case SIMSEG_RECORD_DENY:
		js_num(o, "duration_ns", r->denied.duration);
		js_num(o, "packets", r->denied.packets);
		js_num(o, "bytes", r->denied.bytes);
		json_given(given, "asset", r->denied.asset, sizeof(r->denied.asset));
		break;
	}
	json_object_object_add(o, "given", given);
}

static void json_head(struct json_object *o, const struct simseg_record *r)
{
	char buf[48];

	js_num(o, "version", r->version);
	js_num(o, "seq", r->seq);
	js_str(o, "kind", record_kind_name(r->kind));
	js_str(o, "real", out_clock(r->real, buf));
	js_num(o, "time_ns", r->time);
	js_num(o, "real_ns", r->real);
	js_bool(o, "clock", r->flags & SIMSEG_RECORD_F_CLOCK);
}

static void json_gap(struct json_object *o, const struct simseg_record_gap *gap)
{
	struct json_object *lost = json_object_new_object();
	unsigned int i;

	js_num(o, "from_ns", gap->from);
	js_num(o, "to_ns", gap->to);
	js_num(o, "first", gap->first);
	js_num(o, "last", gap->last);
	for (i = 1; i < __SIMSEG_RECORD_MAX; i++)
		js_num(lost, record_kind_name(i), gap->lost[i]);
	json_object_object_add(o, "lost", lost);
	js_num(o, "unheard", gap->unheard);
}

static void json_parties(struct json_object *o, const struct simseg_record *r)
{
	char buf[48], iccid[SEG_ICCID_LEN];

	js_str(o, "src", seg_addr_print(r->src, buf));
	js_num(o, "sport", ntohs(r->sport));
	js_str(o, "dst", seg_addr_print(r->dst, buf));
	js_num(o, "dport", ntohs(r->dport));
	js_num(o, "proto_number", r->proto);
	js_str(o, "proto", seg_proto_print(r->proto, buf));
	js_str(o, "iccid", *seg_iccid_unpack(r->iccid[0], iccid) ? iccid : NULL);
	js_str(o, "peer_iccid", *seg_iccid_unpack(r->iccid[1], iccid) ? iccid : NULL);
	js_num(o, "epoch", r->epoch[0]);
	js_num(o, "peer_epoch", r->epoch[1]);
	js_num(o, "domain", r->domain);
}

struct json_object *record_json(const struct simseg_record *r, const char *policy)
{
	struct json_object *o = json_object_new_object();

	json_head(o, r);
	if (r->kind == SIMSEG_RECORD_GAP) {
		json_gap(o, (const void *)r);
		return o;
	}
	js_str(o, "reason", record_why(r));
	js_num(o, "session", r->session);
	json_parties(o, r);
	js_str(o, "policy", policy);
	js_num(o, "policy_id", r->policy);
	js_num(o, "rule", r->rule);
	js_num(o, "grant", r->grant);
	js_num(o, "generation", r->generation);
	js_num(o, "iif", r->iif);
	js_num(o, "oif", r->oif);
	json_of_kind(o, r);
	json_flags(o, r->flags);
	return o;
}
