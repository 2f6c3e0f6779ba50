// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Bindings: addresses of devices
 */
#include "handle.h"

static int seg_binding_msg(struct seg_handle *h, uint8_t cmd, const char *iccid,
			   const struct seg_binding *bindings, size_t n)
{
	int err = seg_msg_change(h, cmd);
	size_t i;

	if (err)
		return err;
	seg_put_string(h, SIMSEG_A_ICCID, iccid);
	for (i = 0; i < n; i++)
		seg_put_binding(h, &bindings[i]);
	return 0;
}

int seg_binding_new(struct seg_handle *h, const char *iccid, const struct seg_binding *binding)
{
	int err = seg_binding_msg(h, SIMSEG_CMD_BINDING_NEW, iccid, binding, 1);

	return err ? err : seg_talk(h, NULL, NULL);
}

int seg_binding_del(struct seg_handle *h, const char *iccid, const struct seg_binding *bindings,
		    size_t n, struct seg_receipt *receipt)
{
	int err = seg_binding_msg(h, SIMSEG_CMD_BINDING_DEL, iccid, bindings, n);

	if (receipt)
		memset(receipt, 0, sizeof(*receipt));
	return err ? err : seg_talk(h, seg_reply_receipt, receipt);
}
