// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The gate as a whole: flush, disarm, arm
 */
#include "handle.h"

int seg_flush(struct seg_handle *h, struct seg_receipt *receipt)
{
	int err = seg_msg_change(h, SIMSEG_CMD_FLUSH);

	if (receipt)
		memset(receipt, 0, sizeof(*receipt));
	return err ? err : seg_talk(h, seg_reply_receipt, receipt);
}

int seg_disarm(struct seg_handle *h)
{
	int err = seg_msg_change(h, SIMSEG_CMD_DISARM);

	return err ? err : seg_talk(h, NULL, NULL);
}

int seg_arm(struct seg_handle *h)
{
	int err = seg_msg_change(h, SIMSEG_CMD_ARM);

	return err ? err : seg_talk(h, NULL, NULL);
}
