// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sessions: list and end
 */
#include <arpa/inet.h>

#include "handle.h"

#define SEG_ADDR_ATTR                            \
	{                                        \
		.type = NLA_UNSPEC, .minlen = 16 \
	}

static const struct nla_policy seg_session_policy[SIMSEG_A_SESSION_MAX + 1] = {
	[SIMSEG_A_SESSION_ID] = { .type = NLA_U64 },
	[SIMSEG_A_SESSION_SRC] = SEG_ADDR_ATTR,
	[SIMSEG_A_SESSION_DST] = SEG_ADDR_ATTR,
	[SIMSEG_A_SESSION_SPORT] = { .type = NLA_U16 },
	[SIMSEG_A_SESSION_DPORT] = { .type = NLA_U16 },
	[SIMSEG_A_SESSION_PROTO] = { .type = NLA_U8 },
	[SIMSEG_A_SESSION_STATE] = { .type = NLA_U8 },
	[SIMSEG_A_SESSION_ICCID] = { .type = NLA_STRING },
	[SIMSEG_A_SESSION_PEER_ICCID] = { .type = NLA_STRING },
	[SIMSEG_A_SESSION_POLICY] = { .type = NLA_STRING },
	[SIMSEG_A_SESSION_RULE] = { .type = NLA_U32 },
	[SIMSEG_A_SESSION_LABEL] = { .type = NLA_STRING },
	[SIMSEG_A_SESSION_PACKETS] = { .type = NLA_U64 },
	[SIMSEG_A_SESSION_BYTES] = { .type = NLA_U64 },
	[SIMSEG_A_SESSION_REPLY_PACKETS] = { .type = NLA_U64 },
	[SIMSEG_A_SESSION_REPLY_BYTES] = { .type = NLA_U64 },
	[SIMSEG_A_SESSION_AGE] = { .type = NLA_U64 },
	[SIMSEG_A_SESSION_IDLE] = { .type = NLA_U64 },
	[SIMSEG_A_SESSION_EXPIRES] = { .type = NLA_U64 },
	[SIMSEG_A_SESSION_GRANT] = { .type = NLA_U32 },
};

struct seg_session_call {
	seg_session_cb cb;
	void *arg;
};

static uint16_t seg_get_port(struct nlattr *nla)
{
	return nla ? ntohs(nla_get_u16(nla)) : 0;
}

static int seg_reply_session(struct seg_handle *h, struct nlmsghdr *nlh, struct nlattr **top,
			     void *arg)
{
	const struct seg_session_call *call = arg;
	struct nlattr *tb[SIMSEG_A_SESSION_MAX + 1];
	struct seg_session s = { 0 };

	(void)nlh;
	if (!top[SIMSEG_A_SESSION] ||
	    nla_parse_nested(tb, SIMSEG_A_SESSION_MAX, top[SIMSEG_A_SESSION], seg_session_policy) <
		    0 ||
	    !tb[SIMSEG_A_SESSION_SRC] || !tb[SIMSEG_A_SESSION_DST])
		return seg_fail(h, -EBADMSG, "the kernel's session cannot be parsed", NULL);
	memcpy(s.src, nla_data(tb[SIMSEG_A_SESSION_SRC]), sizeof(s.src));
	memcpy(s.dst, nla_data(tb[SIMSEG_A_SESSION_DST]), sizeof(s.dst));
	s.id = seg_get_u64(tb[SIMSEG_A_SESSION_ID]);
	s.sport = seg_get_port(tb[SIMSEG_A_SESSION_SPORT]);
	s.dport = seg_get_port(tb[SIMSEG_A_SESSION_DPORT]);
	s.proto = tb[SIMSEG_A_SESSION_PROTO] ? nla_get_u8(tb[SIMSEG_A_SESSION_PROTO]) : 0;
	s.state = tb[SIMSEG_A_SESSION_STATE] ? nla_get_u8(tb[SIMSEG_A_SESSION_STATE]) : 0;
	s.iccid = seg_get_string(tb[SIMSEG_A_SESSION_ICCID]);
	s.peer_iccid = seg_get_string(tb[SIMSEG_A_SESSION_PEER_ICCID]);
	s.policy = seg_get_string(tb[SIMSEG_A_SESSION_POLICY]);
	s.label = seg_get_string(tb[SIMSEG_A_SESSION_LABEL]);
	s.rule = seg_get_u32(tb[SIMSEG_A_SESSION_RULE]);
	s.packets = seg_get_u64(tb[SIMSEG_A_SESSION_PACKETS]);
	s.bytes = seg_get_u64(tb[SIMSEG_A_SESSION_BYTES]);
	s.reply_packets = seg_get_u64(tb[SIMSEG_A_SESSION_REPLY_PACKETS]);
	s.reply_bytes = seg_get_u64(tb[SIMSEG_A_SESSION_REPLY_BYTES]);
	s.age = seg_get_u64(tb[SIMSEG_A_SESSION_AGE]);
	s.idle = seg_get_u64(tb[SIMSEG_A_SESSION_IDLE]);
	s.expires = seg_get_u64(tb[SIMSEG_A_SESSION_EXPIRES]);
	s.grant = seg_get_u32(tb[SIMSEG_A_SESSION_GRANT]);
	return call->cb(&s, call->arg);
}

int seg_session_list(struct seg_handle *h, const char *iccid, seg_session_cb cb, void *arg)
{
	struct seg_session_call call = { .cb = cb, .arg = arg };
	int err = seg_msg_read(h, SIMSEG_CMD_SESSION_GET);

	if (err)
		return err;
	if (iccid)
		seg_put_string(h, SIMSEG_A_ICCID, iccid);
	return seg_dump(h, seg_reply_session, &call);
}

int seg_session_del(struct seg_handle *h, uint64_t id, struct seg_receipt *receipt)
{
	int err = seg_msg_change(h, SIMSEG_CMD_SESSION_DEL);

	if (receipt)
		memset(receipt, 0, sizeof(*receipt));
	if (err)
		return err;
	seg_put_u64(h, SIMSEG_A_ID64, id);
	return seg_talk(h, seg_reply_receipt, receipt);
}
