// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is asked of the records, from the command line
 */
#include <time.h>

#include "record.h"
#include "records.h"

#define SECOND 1000000000ULL

bool records_number(struct ctl *c, const char *what, const char *text, uint64_t *n)
{
	char *end;

	errno = 0;
	*n = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno)
		return true;
	ctl_usage(c, "bad %s '%s': a number", what, text);
	return false;
}

bool records_iccid(struct ctl *c, const char *text, uint8_t device[10])
{
	char iccid[SEG_ICCID_LEN];

	if (!opt_iccid(c, text, iccid, false))
		return false;
	seg_iccid_pack(iccid, device);
	return true;
}

/* ".123456" behind the seconds, in ns; NULL: it is none. */
static const char *fraction(const char *text, uint64_t *ns)
{
	uint64_t unit = SECOND / 10;

	if (*text++ != '.' || *text < '0' || *text > '9')
		return NULL;
	for (; *text >= '0' && *text <= '9'; text++, unit /= 10)
		*ns += (uint64_t)(*text - '0') * unit;
	return text;
}

/* "Z" or "+01:30", in seconds; false: it is none. */
static bool offset(const char *text, long *seconds)
{
	unsigned int hours, minutes;
	char sign;
	int n = 0;

	*seconds = 0;
	if (!strcmp(text, "Z") || !strcmp(text, "z"))
		return true;
	if (strspn(text + (*text != 0), "0123456789:") != 5 ||
	    sscanf(text, "%c%2u:%2u%n", &sign, &hours, &minutes, &n) != 3 || text[n] ||
	    (sign != '+' && sign != '-') || hours > 23 || minutes > 59)
		return false;
	*seconds = (sign == '-' ? -1 : 1) * (long)(hours * 3600 + minutes * 60);
	return true;
}

bool records_time(struct ctl *c, const char *text, uint64_t now, uint64_t *ns)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	uint64_t ago, part = 0;
	long shift;
	time_t t;

	if (!end && !seg_duration_parse(text, &ago)) {
		*ns = now > ago ? now - ago : 1;
		return true;
	}
	if (end && *end == '.')
		end = fraction(end, &part);
	if (end && offset(end, &shift)) {
		t = timegm(&tm) - shift;
		if (t > 0 && (uint64_t)t < INT64_MAX / SECOND) {
			*ns = (uint64_t)t * SECOND + part;
			return true;
		}
	}
	ctl_usage(c, "bad time '%s': as 2026-11-23T07:00:00Z, or 90s, 15m, 2h, 1d ago", text);
	return false;
}

static bool kind_parse(struct ctl *c, const char *text, uint8_t *kind)
{
	for (*kind = SIMSEG_RECORD_OPEN; *kind < SIMSEG_RECORD_TEXT; (*kind)++)
		if (!strcmp(text, record_kind_name(*kind)))
			return true;
	ctl_usage(c, "no kind '%s': one of open, update, close, deny, config, gap", text);
	return false;
}

/* A word may be both why packets are denied and why sessions end. */
static bool reason_parse(struct ctl *c, const char *text, struct store_query *q)
{
	int i;

	q->has_reason = true;
	q->reason = seg_reason_parse(text);
	q->end = -1;
	for (i = 0; i < __SIMSEG_END_MAX; i++)
		if (!strcmp(text, seg_end_name((unsigned int)i)))
			q->end = i;
	if (q->reason >= 0 || q->end >= 0)
		return true;
	ctl_usage(c, "no reason '%s': as no-rule, unbound, quarantined, or an end as fin, timeout",
		  text);
	return false;
}

static bool rule_parse(struct ctl *c, const char *text, struct store_query *q)
{
	unsigned long policy, rule;
	char *end;

	if (!strchr(text, '/')) {
		q->label = text;
		return true;
	}
	q->has_rule = true;
	errno = 0;
	policy = strtoul(text, &end, 10);
	if (*text >= '0' && *text <= '9' && *end == '/' && end[1] >= '0' && end[1] <= '9') {
		rule = strtoul(end + 1, &end, 10);
		q->policy = (uint32_t)policy;
		q->rule = (uint16_t)rule;
		if (!*end && !errno && policy <= UINT32_MAX && rule <= UINT16_MAX)
			return true;
	}
	ctl_usage(c, "bad rule '%s': POLICY-ID/RULE as 3/12, or a label", text);
	return false;
}

bool records_by(struct ctl *c, const char *text, enum store_by *by)
{
	static const char *const names[] = { "device", "peer", "rule", "reason" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		*by = (enum store_by)i;
		if (!strcmp(text, names[i]))
			return true;
	}
	ctl_usage(c, "no --by '%s': one of device, peer, rule, reason", text);
	return false;
}

bool records_query(struct ctl *c, const struct records_opts *o, uint64_t now, struct store_query *q)
{
	*q = (struct store_query){ .limit = RECORDS_LIMIT, .asset = o->asset };
	q->has_device = o->device;
	q->has_peer = o->peer;
	q->has_session = o->session;
	if ((o->device && !records_iccid(c, o->device, q->device)) ||
	    (o->peer && !opt_prefix(c, o->peer, &q->peer)) ||
	    (o->kind && !kind_parse(c, o->kind, &q->kind)) ||
	    (o->reason && !reason_parse(c, o->reason, q)) ||
	    (o->rule && !rule_parse(c, o->rule, q)) ||
	    (o->session && !records_number(c, "session", o->session, &q->session)) ||
	    (o->from && !records_time(c, o->from, now, &q->from)) ||
	    (o->to && !records_time(c, o->to, now, &q->to)) ||
	    (o->limit && !records_number(c, "limit", o->limit, &q->limit)))
		return false;
	if (!q->from || !q->to || q->from <= q->to)
		return true;
	ctl_usage(c, "--from is later than --to");
	return false;
}
