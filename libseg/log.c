// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The change log: what the module keeps of it, and what comes
 */
#include <poll.h>
#include <netlink/genl/ctrl.h>

#include "handle.h"

struct seg_log_call {
	seg_change_cb cb;
	void *arg;
};

static int seg_reply_change(struct seg_handle *h, struct nlmsghdr *nlh, struct nlattr **tb,
			    void *arg)
{
	const struct seg_log_call *call = arg;
	struct seg_change change = { 0 };
	struct seg_receipt receipt = { 0 };
	int err;

	if (!tb[SIMSEG_A_SEQ] || !tb[SIMSEG_A_COMMAND] || !tb[SIMSEG_A_ACTOR])
		return seg_fail(h, -EBADMSG, "the kernel's log cannot be parsed", NULL);
	err = seg_reply_receipt(h, nlh, tb, &receipt);
	if (err)
		return err;
	change.seq = seg_get_u64(tb[SIMSEG_A_SEQ]);
	change.time = seg_get_u64(tb[SIMSEG_A_TIME]);
	change.real = seg_get_u64(tb[SIMSEG_A_REAL]);
	change.command = nla_get_u8(tb[SIMSEG_A_COMMAND]);
	change.subject = seg_get_string(tb[SIMSEG_A_SUBJECT]);
	change.actor = seg_get_string(tb[SIMSEG_A_ACTOR]);
	change.reason = seg_get_string(tb[SIMSEG_A_REASON]);
	change.ticket = seg_get_string(tb[SIMSEG_A_TICKET]);
	change.comm = seg_get_string(tb[SIMSEG_A_COMM]);
	change.pid = seg_get_u32(tb[SIMSEG_A_PID]);
	change.uid = seg_get_u32(tb[SIMSEG_A_UID]);
	change.loginuid = seg_get_u32(tb[SIMSEG_A_LOGINUID]);
	change.generation = seg_get_u32(tb[SIMSEG_A_GENERATION]);
	if (tb[SIMSEG_A_HASH])
		memcpy(change.hash, nla_data(tb[SIMSEG_A_HASH]), sizeof(change.hash));
	change.devices = receipt.devices + receipt.added + receipt.removed;
	change.sessions = receipt.sessions;
	return call->cb(&change, call->arg);
}

int seg_log_list(struct seg_handle *h, uint32_t last, seg_change_cb cb, void *arg)
{
	struct seg_log_call call = { .cb = cb, .arg = arg };
	int err = seg_msg_read(h, SIMSEG_CMD_LOG_GET);

	if (err)
		return err;
	if (last)
		seg_put_u32(h, SIMSEG_A_COUNT, last);
	return seg_dump(h, seg_reply_change, &call);
}

int seg_log_join(struct seg_handle *h)
{
	int group;

	/* libnl does not know of the numbers that seg_talk() has used */
	nl_socket_disable_seq_check(h->sk);
	group = genl_ctrl_resolve_grp(h->sk, SIMSEG_FAMILY_NAME, SIMSEG_MCGRP_CONFIG);
	if (group < 0 || nl_socket_add_membership(h->sk, group) < 0)
		return seg_fail(h, -EPERM, "the module's events cannot be listened to", NULL);
	return 0;
}

int seg_log_wait(struct seg_handle *h, int timeout_ms, seg_change_cb cb, void *arg)
{
	struct seg_log_call call = { .cb = cb, .arg = arg };
	struct pollfd fd = { .fd = h->fd, .events = POLLIN };
	int n = poll(&fd, 1, timeout_ms);

	if (n <= 0)
		return n < 0 && errno != EINTR ? seg_fail(h, -errno, "cannot wait: ", NULL) : 0;
	return seg_listen(h, seg_reply_change, &call);
}
