// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Interfaces: their side, the XDP mode wished for, and what they counted
 */
#include "handle.h"

static const struct nla_policy seg_stats_policy[SIMSEG_A_STATS_MAX + 1] = {
	[SIMSEG_A_STATS_DEVICE_RX] = { .type = NLA_U64 },
	[SIMSEG_A_STATS_RX] = { .type = NLA_U64 },
	[SIMSEG_A_STATS_RX_BYTES] = { .type = NLA_U64 },
	[SIMSEG_A_STATS_RX_OTHER] = { .type = NLA_U64 },
	[SIMSEG_A_STATS_RX_INNER] = { .type = NLA_U64 },
	[SIMSEG_A_STATS_XDP_DROP] = { .type = NLA_U64 },
	[SIMSEG_A_STATS_XDP_DROP_BYTES] = { .type = NLA_U64 },
	[SIMSEG_A_STATS_XDP_FORWARD] = { .type = NLA_U64 },
	[SIMSEG_A_STATS_XDP_FORWARD_BYTES] = { .type = NLA_U64 },
	[SIMSEG_A_STATS_GUARD_DROP] = { .type = NLA_U64 },
	[SIMSEG_A_STATS_PREROUTING] = { .type = NLA_U64 },
	[SIMSEG_A_STATS_FLOOR_PASS] = { .type = NLA_U64 },
	[SIMSEG_A_STATS_FLOOR_ALLOW] = { .type = NLA_U64 },
	[SIMSEG_A_STATS_FLOOR_DENY] = { .type = NLA_U64 },
	[SIMSEG_A_STATS_MERGED] = { .type = NLA_U64 },
	[SIMSEG_A_STATS_TX_GUARD_DROP] = { .type = NLA_U64 },
};

struct seg_iface_call {
	seg_iface_cb cb;
	void *arg;
};

static int seg_get_iface_stats(struct nlattr *nla, struct seg_iface_stats *stats)
{
	struct nlattr *tb[SIMSEG_A_STATS_MAX + 1];

	if (nla_parse_nested(tb, SIMSEG_A_STATS_MAX, nla, seg_stats_policy) < 0)
		return -EBADMSG;
	stats->device_rx = seg_get_u64(tb[SIMSEG_A_STATS_DEVICE_RX]);
	stats->rx = seg_get_u64(tb[SIMSEG_A_STATS_RX]);
	stats->rx_bytes = seg_get_u64(tb[SIMSEG_A_STATS_RX_BYTES]);
	stats->rx_other = seg_get_u64(tb[SIMSEG_A_STATS_RX_OTHER]);
	stats->rx_inner = seg_get_u64(tb[SIMSEG_A_STATS_RX_INNER]);
	stats->xdp_drop = seg_get_u64(tb[SIMSEG_A_STATS_XDP_DROP]);
	stats->xdp_drop_bytes = seg_get_u64(tb[SIMSEG_A_STATS_XDP_DROP_BYTES]);
	stats->xdp_forward = seg_get_u64(tb[SIMSEG_A_STATS_XDP_FORWARD]);
	stats->xdp_forward_bytes = seg_get_u64(tb[SIMSEG_A_STATS_XDP_FORWARD_BYTES]);
	stats->guard_drop = seg_get_u64(tb[SIMSEG_A_STATS_GUARD_DROP]);
	stats->prerouting = seg_get_u64(tb[SIMSEG_A_STATS_PREROUTING]);
	stats->floor_pass = seg_get_u64(tb[SIMSEG_A_STATS_FLOOR_PASS]);
	stats->floor_allow = seg_get_u64(tb[SIMSEG_A_STATS_FLOOR_ALLOW]);
	stats->floor_deny = seg_get_u64(tb[SIMSEG_A_STATS_FLOOR_DENY]);
	stats->merged = seg_get_u64(tb[SIMSEG_A_STATS_MERGED]);
	stats->tx_guard_drop = seg_get_u64(tb[SIMSEG_A_STATS_TX_GUARD_DROP]);
	return 0;
}

static int seg_reply_iface(struct seg_handle *h, struct nlmsghdr *nlh, struct nlattr **tb,
			   void *arg)
{
	const struct seg_iface_call *call = arg;
	struct seg_iface iface = { 0 };

	(void)nlh;
	if (!tb[SIMSEG_A_IFNAME] ||
	    (tb[SIMSEG_A_STATS] && seg_get_iface_stats(tb[SIMSEG_A_STATS], &iface.stats)))
		return seg_fail(h, -EBADMSG, "the kernel's interface cannot be parsed", NULL);
	iface.ifname = seg_get_string(tb[SIMSEG_A_IFNAME]);
	iface.ifindex = seg_get_u32(tb[SIMSEG_A_IFINDEX]);
	iface.side = tb[SIMSEG_A_SIDE] ? nla_get_u8(tb[SIMSEG_A_SIDE]) : 0;
	iface.bridge_port = tb[SIMSEG_A_BRIDGE_PORT] != NULL;
	iface.mode = tb[SIMSEG_A_MODE] ? nla_get_u8(tb[SIMSEG_A_MODE]) : 0;
	iface.forward = tb[SIMSEG_A_FORWARD] ? nla_get_u8(tb[SIMSEG_A_FORWARD]) : 0;
	iface.forwards = tb[SIMSEG_A_FORWARDS] != NULL;
	iface.skips = seg_get_u32(tb[SIMSEG_A_FORWARD_SKIPS]);
	return call->cb(&iface, call->arg);
}

int seg_iface_list(struct seg_handle *h, seg_iface_cb cb, void *arg)
{
	struct seg_iface_call call = { .cb = cb, .arg = arg };
	int err = seg_msg_read(h, SIMSEG_CMD_IFACE_GET);

	return err ? err : seg_dump(h, seg_reply_iface, &call);
}

int seg_iface_set(struct seg_handle *h, const char *ifname, uint8_t side, uint8_t mode,
		  uint8_t forward)
{
	int err = seg_msg_change(h, SIMSEG_CMD_IFACE_SET);

	if (err)
		return err;
	seg_put_string(h, SIMSEG_A_IFNAME, ifname);
	seg_put_u8(h, SIMSEG_A_SIDE, side);
	seg_put_u8(h, SIMSEG_A_MODE, mode);
	seg_put_u8(h, SIMSEG_A_FORWARD, forward);
	return seg_talk(h, NULL, NULL);
}

int seg_iface_del(struct seg_handle *h, const char *ifname)
{
	int err = seg_msg_change(h, SIMSEG_CMD_IFACE_DEL);

	if (err)
		return err;
	seg_put_string(h, SIMSEG_A_IFNAME, ifname);
	return seg_talk(h, NULL, NULL);
}
