// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Ask the kernel's verdict function about a packet
 */
#include <arpa/inet.h>

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
	struct nlattr *nest;

	memset(ex, 0, sizeof(*ex));
	if (err)
		return err;
	nest = seg_nest_begin(h, SIMSEG_A_FLOW);
	seg_put(h, SIMSEG_A_FLOW_SRC, flow->src, sizeof(flow->src));
	seg_put(h, SIMSEG_A_FLOW_DST, flow->dst, sizeof(flow->dst));
	if (flow->sport)
		seg_put_u16(h, SIMSEG_A_FLOW_SPORT, htons(flow->sport));
	if (flow->dport)
		seg_put_u16(h, SIMSEG_A_FLOW_DPORT, htons(flow->dport));
	seg_put_u8(h, SIMSEG_A_FLOW_PROTO, flow->proto);
	if (flow->ifindex)
		seg_put_u32(h, SIMSEG_A_FLOW_IFINDEX, flow->ifindex);
	seg_nest_end(h, nest);
	return seg_talk(h, seg_reply_explain, ex);
}
