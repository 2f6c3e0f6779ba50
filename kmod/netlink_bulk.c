// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink: many devices in one piece of an upload. One message for each would
 * cost more than the device.
 */
#include <linux/slab.h>

#include "netlink.h"

/* A device of a piece, and where those that are good so far wait. */
struct simseg_nl_batch {
	struct simseg_net *sn;
	struct simseg_device_spec spec;	/* one for all: it has room for 16 bindings */
	struct list_head staged;
	u32 n;
};

static int simseg_nl_batch_add(struct simseg_nl_batch *batch, const struct nlattr *nest,
			       struct netlink_ext_ack *extack)
{
	struct nlattr *tb[SIMSEG_A_RULE + 1];
	struct simseg_nl_attrs attrs = {
		.tb = tb,
		.nest = nest,
		.head = nla_data(nest),
		.len = nla_len(nest),
	};
	int err;

	/* the policy of the operation has checked what is in the nest */
	err = nla_parse_nested(tb, SIMSEG_A_RULE, nest, NULL, extack);
	if (!err)
		err = simseg_nl_device_spec(&attrs, &batch->spec, extack);
	if (err)
		return err;
	err = simseg_stage(batch->sn, &batch->staged, &batch->spec, extack);
	simseg_device_spec_free(&batch->spec);
	batch->n += !err;
	return err;
}

/* All devices of a message, or none. */
static int simseg_nl_batch(struct genl_info *info, struct simseg_nl_batch *batch,
			   struct simseg_upload *up)
{
	const struct nlattr *nest;
	int err;

	INIT_LIST_HEAD(&batch->staged);
	for (nest = simseg_nl_next(info, SIMSEG_A_DEVICE, NULL); nest;
	     nest = simseg_nl_next(info, SIMSEG_A_DEVICE, nest)) {
		err = simseg_nl_batch_add(batch, nest, info->extack);
		if (err) {
			/* by this the sender knows which one it was */
			if (info->extack && !info->extack->bad_attr)
				NL_SET_BAD_ATTR(info->extack, nest);
			goto out;
		}
		cond_resched();
	}
	err = simseg_upload_devices(batch->sn, up, &batch->staged, batch->n, info->extack);
out:
	simseg_unstage(batch->sn, &batch->staged);
	return err;
}

/* A piece as those of netlink_ruleset.c. */
int simseg_nl_ruleset_device_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct simseg_net *sn = simseg_net(genl_info_net(info));
	struct simseg_nl_batch *batch;
	struct simseg_upload *up;
	struct simseg_who who;
	int err;

	err = simseg_nl_who(info, &who);
	if (!err)
		err = simseg_nl_need(info, SIMSEG_A_DEVICE);
	batch = kzalloc(sizeof(*batch), GFP_KERNEL_ACCOUNT);
	if (!err && !batch)
		err = -ENOMEM;
	mutex_lock(&sn->lock);
	up = simseg_nl_upload(sn, info, &err);
	if (!err) {
		batch->sn = sn;
		err = simseg_nl_batch(info, batch, up);
	}
	if (err && up)
		simseg_upload_break(up);
	mutex_unlock(&sn->lock);
	kfree(batch);
	return err;
}
