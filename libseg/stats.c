// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Counters by reason
 */
#include "handle.h"

static const struct nla_policy seg_counter_policy[SIMSEG_A_COUNTER_MAX + 1] = {
	[SIMSEG_A_COUNTER_CODE] = { .type = NLA_U8 },
	[SIMSEG_A_COUNTER_PACKETS] = { .type = NLA_U64 },
	[SIMSEG_A_COUNTER_BYTES] = { .type = NLA_U64 },
};

struct seg_counter_call {
	seg_counter_cb cb;
	void *arg;
};

static int seg_reply_counters(struct seg_handle *h, struct nlmsghdr *nlh, struct nlattr **top,
			      void *arg)
{
	const struct seg_counter_call *call = arg;
	struct nlattr *nla, *tb[SIMSEG_A_COUNTER_MAX + 1];
	struct seg_counter counter;
	int rest, ret = 0;

	(void)top;
	nlmsg_for_each_attr(nla, nlh, GENL_HDRLEN, rest)
	{
		if (nla_type(nla) != SIMSEG_A_COUNTER || ret)
			continue;
		if (nla_parse_nested(tb, SIMSEG_A_COUNTER_MAX, nla, seg_counter_policy) < 0 ||
		    !tb[SIMSEG_A_COUNTER_CODE])
			return seg_fail(h, -EBADMSG, "the kernel's counter cannot be parsed", NULL);
		counter.code = nla_get_u8(tb[SIMSEG_A_COUNTER_CODE]);
		counter.packets = seg_get_u64(tb[SIMSEG_A_COUNTER_PACKETS]);
		counter.bytes = seg_get_u64(tb[SIMSEG_A_COUNTER_BYTES]);
		ret = call->cb(&counter, call->arg);
	}
	return ret;
}

int seg_stats_get(struct seg_handle *h, seg_counter_cb cb, void *arg)
{
	struct seg_counter_call call = { .cb = cb, .arg = arg };
	int err = seg_msg_read(h, SIMSEG_CMD_STATS_GET);

	return err ? err : seg_talk(h, seg_reply_counters, &call);
}
