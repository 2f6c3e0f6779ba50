// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Ask the kernel's verdict function about a packet
 */
#include "handle.h"

static int seg_reply_explain(struct seg_handle *h, struct nlmsghdr *nlh, struct nlattr **tb,
			     void *arg)
{
	struct seg_explanation *ex = arg;

	(void)nlh;
	if (!tb[SIMSEG_A_VERDICT] || !tb[SIMSEG_A_CODE])
		return seg_fail(h, -EBADMSG, "the kernel sent no verdict", NULL);
	ex->verdict = nla_get_u8(tb[SIMSEG_A_VERDICT]);
	ex->reason = nla_get_u8(tb[SIMSEG_A_CODE]);
	ex->rule = seg_get_u32(tb[SIMSEG_A_ID]);
	ex->session = seg_get_u64(tb[SIMSEG_A_ID64]);
	ex->grant = seg_get_u32(tb[SIMSEG_A_GRANT]);
	seg_copy_string(ex->iccid, sizeof(ex->iccid), tb[SIMSEG_A_ICCID]);
	seg_copy_string(ex->peer_iccid, sizeof(ex->peer_iccid), tb[SIMSEG_A_PEER_ICCID]);
	seg_copy_string(ex->policy, sizeof(ex->policy), tb[SIMSEG_A_POLICY]);
	seg_copy_string(ex->label, sizeof(ex->label), tb[SIMSEG_A_LABEL]);
	return 0;
}

int seg_explain(struct seg_handle *h, const struct seg_flow *flow, struct seg_explanation *ex)
{
	int err = seg_msg_read(h, SIMSEG_CMD_EXPLAIN);

	memset(ex, 0, sizeof(*ex));
	if (err)
		return err;
	seg_put_flow(h, flow);
	return seg_talk(h, seg_reply_explain, ex);
}
