// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Quarantine and release
 */
#include "handle.h"

static int seg_iccids_msg(struct seg_handle *h, uint8_t cmd, const char *const *iccids, size_t n)
{
	int err = seg_msg_reserve(h, SEG_PIECE_LEN + n * nla_total_size(SEG_ICCID_LEN));
	size_t i;

	if (!err)
		err = seg_msg_change(h, cmd);
	if (err)
		return err;
	for (i = 0; i < n; i++)
		seg_put_string(h, SIMSEG_A_ICCID, iccids[i]);
	return 0;
}

int seg_quarantine(struct seg_handle *h, const struct seg_quarantine *q,
		   struct seg_receipt *receipt)
{
	int err = seg_iccids_msg(h, SIMSEG_CMD_QUARANTINE, q->iccids, q->n);
	size_t i;

	if (receipt)
		memset(receipt, 0, sizeof(*receipt));
	if (err)
		return err;
	for (i = 0; i < q->n_allow; i++)
		seg_put_prefix(h, SIMSEG_A_ALLOW, &q->allow[i]);
	if (q->unknown)
		seg_put(h, SIMSEG_A_UNKNOWN, NULL, 0);
	if (q->duration)
		seg_put_u64(h, SIMSEG_A_DURATION, q->duration);
	return seg_talk(h, seg_reply_receipt, receipt);
}

int seg_release(struct seg_handle *h, const char *const *iccids, size_t n)
{
	int err = seg_iccids_msg(h, SIMSEG_CMD_RELEASE, iccids, n);

	return err ? err : seg_talk(h, NULL, NULL);
}
