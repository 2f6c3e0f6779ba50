// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Policies in force
 */
#include "handle.h"

struct seg_policy_call {
	seg_policy_cb cb;
	void *arg;
	size_t seen;
};

static int seg_reply_policy(struct seg_handle *h, struct nlmsghdr *nlh, struct nlattr **tb,
			    void *arg)
{
	struct seg_policy_call *call = arg;
	struct seg_policy policy = { 0 };
	int err;

	err = seg_get_arrays(h, nlh);
	if (err)
		return err;
	if (!tb[SIMSEG_A_POLICY])
		return seg_fail(h, -EBADMSG, "the kernel sent a policy without a name", NULL);
	policy.name = seg_get_string(tb[SIMSEG_A_POLICY]);
	policy.id = seg_get_u32(tb[SIMSEG_A_ID]);
	policy.observe = tb[SIMSEG_A_OBSERVE] != NULL;
	policy.rules = h->scratch.rules;
	policy.n_rules = h->scratch.n_rules;
	policy.count = tb[SIMSEG_A_COUNT] ? seg_get_u32(tb[SIMSEG_A_COUNT]) :
					    (uint32_t)policy.n_rules;
	call->seen++;
	return call->cb(&policy, call->arg);
}

int seg_policy_list(struct seg_handle *h, seg_policy_cb cb, void *arg)
{
	struct seg_policy_call call = { .cb = cb, .arg = arg };
	int err = seg_msg_read(h, SIMSEG_CMD_POLICY_GET);

	return err ? err : seg_dump(h, seg_reply_policy, &call);
}

int seg_policy_get(struct seg_handle *h, const char *name, seg_policy_cb cb, void *arg)
{
	struct seg_policy_call call = { .cb = cb, .arg = arg };
	int err = seg_msg_read(h, SIMSEG_CMD_POLICY_GET);

	if (err)
		return err;
	seg_put_string(h, SIMSEG_A_POLICY, name);
	err = seg_dump(h, seg_reply_policy, &call);
	if (!err && !call.seen)
		err = seg_fail(h, -ENOENT, "no such policy", NULL);
	return err;
}
