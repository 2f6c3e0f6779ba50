// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The state of the gate as a whole
 */
#include "handle.h"

static const struct nla_policy seg_status_policy[SIMSEG_A_STATUS_MAX + 1] = {
	[SIMSEG_A_STATUS_ARMED] = { .type = NLA_U8 },
	[SIMSEG_A_STATUS_GOVERNED] = { .type = NLA_U8 },
	[SIMSEG_A_STATUS_KFUNCS] = { .type = NLA_U8 },
	[SIMSEG_A_STATUS_POOLS] = { .type = NLA_U32 },
	[SIMSEG_A_STATUS_POLICIES] = { .type = NLA_U32 },
	[SIMSEG_A_STATUS_PEERSETS] = { .type = NLA_U32 },
	[SIMSEG_A_STATUS_DEVICES] = { .type = NLA_U32 },
	[SIMSEG_A_STATUS_QUARANTINED] = { .type = NLA_U32 },
	[SIMSEG_A_STATUS_UNVOUCHED] = { .type = NLA_U32 },
	[SIMSEG_A_STATUS_OBSERVING] = { .type = NLA_U32 },
	[SIMSEG_A_STATUS_BINDINGS] = { .type = NLA_U32 },
	[SIMSEG_A_STATUS_SESSIONS] = { .type = NLA_U32 },
	[SIMSEG_A_STATUS_NETNS_COOKIE] = { .type = NLA_U64 },
	[SIMSEG_A_STATUS_TRIAL] = { .type = NLA_U64 },
	[SIMSEG_A_STATUS_TRIAL_CONFIRM] = { .type = NLA_U8 },
	[SIMSEG_A_STATUS_SETTLED] = { .type = NLA_U64 },
	[SIMSEG_A_STATUS_RECORDS_MADE] = { .type = NLA_U64 },
	[SIMSEG_A_STATUS_RECORDS_DELIVERED] = { .type = NLA_U64 },
	[SIMSEG_A_STATUS_RECORDS_LOST] = { .type = NLA_U64 },
	[SIMSEG_A_STATUS_RECORDS_UNHEARD] = { .type = NLA_U64 },
	[SIMSEG_A_STATUS_RECORDS_UNTOLD] = { .type = NLA_U64 },
	[SIMSEG_A_STATUS_RECORDS_WAITING] = { .type = NLA_U64 },
	[SIMSEG_A_STATUS_RECORDS_SINCE] = { .type = NLA_U64 },
	[SIMSEG_A_STATUS_DEADLINE] = { .type = NLA_U64 },
};

static void seg_get_settings(struct seg_status *st, struct nlattr *nest)
{
	struct nlattr *nla;
	int rest;

	nla_for_each_nested(nla, nest, rest) {
		if (nla_type(nla) >= SEG_SETTINGS || nla_len(nla) < (int)sizeof(uint32_t))
			continue;
		st->has_setting[nla_type(nla)] = 1;
		st->setting[nla_type(nla)] = nla_get_u32(nla);
	}
}

static int seg_reply_status(struct seg_handle *h, struct nlmsghdr *nlh, struct nlattr **top,
			    void *arg)
{
	struct nlattr *tb[SIMSEG_A_STATUS_MAX + 1];
	struct seg_status *st = arg;

	(void)nlh;
	if (!top[SIMSEG_A_STATUS] ||
	    nla_parse_nested(tb, SIMSEG_A_STATUS_MAX, top[SIMSEG_A_STATUS], seg_status_policy) < 0)
		return seg_fail(h, -EBADMSG, "the kernel's status cannot be parsed", NULL);
	st->armed = tb[SIMSEG_A_STATUS_ARMED] && nla_get_u8(tb[SIMSEG_A_STATUS_ARMED]);
	st->governed = tb[SIMSEG_A_STATUS_GOVERNED] && nla_get_u8(tb[SIMSEG_A_STATUS_GOVERNED]);
	st->kfuncs = tb[SIMSEG_A_STATUS_KFUNCS] && nla_get_u8(tb[SIMSEG_A_STATUS_KFUNCS]);
	st->pools = seg_get_u32(tb[SIMSEG_A_STATUS_POOLS]);
	st->policies = seg_get_u32(tb[SIMSEG_A_STATUS_POLICIES]);
	st->peersets = seg_get_u32(tb[SIMSEG_A_STATUS_PEERSETS]);
	st->devices = seg_get_u32(tb[SIMSEG_A_STATUS_DEVICES]);
	st->quarantined = seg_get_u32(tb[SIMSEG_A_STATUS_QUARANTINED]);
	st->unvouched = seg_get_u32(tb[SIMSEG_A_STATUS_UNVOUCHED]);
	st->observing = seg_get_u32(tb[SIMSEG_A_STATUS_OBSERVING]);
	st->bindings = seg_get_u32(tb[SIMSEG_A_STATUS_BINDINGS]);
	st->sessions = seg_get_u32(tb[SIMSEG_A_STATUS_SESSIONS]);
	st->netns_cookie = seg_get_u64(tb[SIMSEG_A_STATUS_NETNS_COOKIE]);
	st->trial = seg_get_u64(tb[SIMSEG_A_STATUS_TRIAL]);
	st->trial_confirm = tb[SIMSEG_A_STATUS_TRIAL_CONFIRM] &&
			    nla_get_u8(tb[SIMSEG_A_STATUS_TRIAL_CONFIRM]);
	st->settled = seg_get_u64(tb[SIMSEG_A_STATUS_SETTLED]);
	st->records_made = seg_get_u64(tb[SIMSEG_A_STATUS_RECORDS_MADE]);
	st->records_delivered = seg_get_u64(tb[SIMSEG_A_STATUS_RECORDS_DELIVERED]);
	st->records_since = seg_get_u64(tb[SIMSEG_A_STATUS_RECORDS_SINCE]);
	st->records_waiting = seg_get_u64(tb[SIMSEG_A_STATUS_RECORDS_WAITING]);
	st->records_lost = seg_get_u64(tb[SIMSEG_A_STATUS_RECORDS_LOST]);
	st->records_unheard = seg_get_u64(tb[SIMSEG_A_STATUS_RECORDS_UNHEARD]);
	st->records_untold = seg_get_u64(tb[SIMSEG_A_STATUS_RECORDS_UNTOLD]);
	st->deadline = seg_get_u64(tb[SIMSEG_A_STATUS_DEADLINE]);
	st->generation = seg_get_u32(top[SIMSEG_A_GENERATION]);
	if (top[SIMSEG_A_HASH])
		memcpy(st->hash, nla_data(top[SIMSEG_A_HASH]), sizeof(st->hash));
	if (top[SIMSEG_A_SETTING])
		seg_get_settings(st, top[SIMSEG_A_SETTING]);
	seg_copy_string(st->disarm_actor, sizeof(st->disarm_actor), top[SIMSEG_A_ACTOR]);
	seg_copy_string(st->disarm_reason, sizeof(st->disarm_reason), top[SIMSEG_A_REASON]);
	return 0;
}

int seg_status_get(struct seg_handle *h, struct seg_status *status)
{
	int err = seg_msg_read(h, SIMSEG_CMD_STATUS_GET);

	memset(status, 0, sizeof(*status));
	return err ? err : seg_talk(h, seg_reply_status, status);
}
