// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Devices: list, find, add, delete
 */
#include "handle.h"

struct seg_device_call {
	seg_device_cb cb;
	void (*again)(void *arg);
	void *arg;
};

static int seg_reply_device(struct seg_handle *h, struct nlmsghdr *nlh, struct nlattr **tb,
			    void *arg)
{
	const struct seg_device_call *call = arg;
	struct seg_device device = { 0 };
	int err;

	err = seg_get_arrays(h, nlh);
	if (err)
		return err;
	if (!tb[SIMSEG_A_ICCID])
		return seg_fail(h, -EBADMSG, "the kernel sent a device without an ICCID", NULL);
	device.iccid = seg_get_string(tb[SIMSEG_A_ICCID]);
	device.policy = seg_get_string(tb[SIMSEG_A_POLICY]);
	device.asset = seg_get_string(tb[SIMSEG_A_ASSET]);
	device.reason = seg_get_string(tb[SIMSEG_A_REASON]);
	device.actor = seg_get_string(tb[SIMSEG_A_ACTOR]);
	device.id = seg_get_u32(tb[SIMSEG_A_ID]);
	device.sessions = seg_get_u32(tb[SIMSEG_A_COUNT]);
	device.duration = seg_get_u64(tb[SIMSEG_A_DURATION]);
	device.age = seg_get_u64(tb[SIMSEG_A_AGE]);
	device.part = !tb[SIMSEG_A_STATE];
	device.state = tb[SIMSEG_A_STATE] ? nla_get_u8(tb[SIMSEG_A_STATE]) : 0;
	device.bindings = h->scratch.bindings;
	device.n_bindings = h->scratch.n_bindings;
	device.rules = h->scratch.rules;
	device.n_rules = h->scratch.n_rules;
	device.allow = h->scratch.allow;
	device.n_allow = h->scratch.n_allow;
	return call->cb(&device, call->arg);
}

int seg_device_list(struct seg_handle *h, seg_device_cb cb, void *arg)
{
	struct seg_device_call call = { .cb = cb, .arg = arg };
	int err = seg_msg_read(h, SIMSEG_CMD_DEVICE_GET);

	return err ? err : seg_dump(h, seg_reply_device, &call);
}

static void seg_device_again(void *arg)
{
	const struct seg_device_call *call = arg;

	call->again(call->arg);
}

int seg_device_stream(struct seg_handle *h, seg_device_cb cb, void (*again)(void *arg), void *arg)
{
	struct seg_device_call call = { .cb = cb, .again = again, .arg = arg };
	int err = seg_msg_read(h, SIMSEG_CMD_DEVICE_GET);

	return err ? err : seg_dump_stream(h, seg_reply_device, seg_device_again, &call);
}

int seg_device_get(struct seg_handle *h, const char *iccid, seg_device_cb cb, void *arg)
{
	struct seg_device_call call = { .cb = cb, .arg = arg };
	int err = seg_msg_read(h, SIMSEG_CMD_DEVICE_GET);

	if (err)
		return err;
	seg_put_string(h, SIMSEG_A_ICCID, iccid);
	return seg_talk(h, seg_reply_device, &call);
}

int seg_device_get_by_prefix(struct seg_handle *h, const struct simseg_prefix *prefix,
			     seg_device_cb cb, void *arg)
{
	struct seg_device_call call = { .cb = cb, .arg = arg };
	int err = seg_msg_read(h, SIMSEG_CMD_DEVICE_GET);

	if (err)
		return err;
	seg_put_prefix(h, SIMSEG_A_PREFIX, prefix);
	return seg_talk(h, seg_reply_device, &call);
}

int seg_device_new(struct seg_handle *h, const struct seg_device *device)
{
	int err = seg_msg_change(h, SIMSEG_CMD_DEVICE_NEW);

	if (err)
		return err;
	seg_put_device(h, device);
	return seg_talk(h, NULL, NULL);
}

int seg_device_del(struct seg_handle *h, const char *iccid, struct seg_receipt *receipt)
{
	int err = seg_msg_change(h, SIMSEG_CMD_DEVICE_DEL);

	if (receipt)
		memset(receipt, 0, sizeof(*receipt));
	if (err)
		return err;
	seg_put_string(h, SIMSEG_A_ICCID, iccid);
	return seg_talk(h, seg_reply_receipt, receipt);
}
