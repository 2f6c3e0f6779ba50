// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which records somebody wants to see
 */
#include "monitor_filter.h"
#include "record.h"

static bool is_end(const char *name)
{
	unsigned int i;

	for (i = 0; i <= UINT8_MAX; i++)
		if (!strcmp(seg_end_name(i), name))
			return strcmp(name, "?") != 0;
	return false;
}

bool monitor_filter_read(struct monitor_filter *f, struct ctl *c)
{
	if (f->device && !opt_iccid(c, f->device, f->iccid, false))
		return false;
	if (f->peer && !opt_prefix(c, f->peer, &f->prefix))
		return false;
	if (f->verdict && strcmp(f->verdict, "allow") && strcmp(f->verdict, "deny")) {
		ctl_usage(c, "bad verdict '%s': allow or deny", f->verdict);
		return false;
	}
	if (f->reason && seg_reason_parse(f->reason) < 0 && !is_end(f->reason)) {
		ctl_usage(c, "no reason '%s': `segctl stats` lists those of verdicts", f->reason);
		return false;
	}
	return true;
}

static bool is_of(const struct simseg_record *r, const char *iccid)
{
	char text[SEG_ICCID_LEN];

	return !strcmp(seg_iccid_unpack(r->iccid[0], text), iccid) ||
	       !strcmp(seg_iccid_unpack(r->iccid[1], text), iccid);
}

static bool is_in(const struct simseg_prefix *prefix, const uint8_t addr[16])
{
	struct simseg_prefix host = { .plen = 128 };

	memcpy(host.addr, addr, sizeof(host.addr));
	return seg_prefix_contains(prefix, &host);
}

bool monitor_filter_wants(const struct monitor_filter *f, const struct simseg_record *r,
			  const char *policy)
{
	if (r->kind == SIMSEG_RECORD_GAP)
		return true;
	if (r->kind == SIMSEG_RECORD_CONFIG || r->kind == SIMSEG_RECORD_TEXT)
		return !f->device && !f->verdict && !f->reason && !f->policy && !f->peer;
	if (f->device && !is_of(r, f->iccid))
		return false;
	if (f->verdict && (r->kind == SIMSEG_RECORD_DENY) != !strcmp(f->verdict, "deny"))
		return false;
	if (f->reason && strcmp(record_why(r), f->reason))
		return false;
	if (f->policy && (!policy || strcmp(policy, f->policy)))
		return false;
	return !f->peer || is_in(&f->prefix, r->src) || is_in(&f->prefix, r->dst);
}
