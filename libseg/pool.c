// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Pools and failsafe prefixes in force
 */
#include "handle.h"

struct seg_pool_call {
	seg_pool_cb cb;
	void *arg;
};

static int seg_reply_pool(struct seg_handle *h, struct nlmsghdr *nlh, struct nlattr **tb, void *arg)
{
	const struct seg_pool_call *call = arg;
	struct seg_pool pool = { .failsafe = !!tb[SIMSEG_A_FAILSAFE] };
	size_t i;
	int ret;

	ret = seg_get_arrays(h, nlh);
	for (i = 0; !ret && i < h->scratch.n_prefixes; i++) {
		pool.prefix = h->scratch.prefixes[i];
		ret = call->cb(&pool, call->arg);
	}
	return ret;
}

int seg_pool_list(struct seg_handle *h, seg_pool_cb cb, void *arg)
{
	struct seg_pool_call call = { .cb = cb, .arg = arg };
	int err = seg_msg_read(h, SIMSEG_CMD_POOL_GET);

	return err ? err : seg_dump(h, seg_reply_pool, &call);
}
