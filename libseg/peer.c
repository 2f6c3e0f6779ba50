// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Peer sets: read, add to, take from
 */
#include "handle.h"

struct seg_peer_call {
	seg_peer_cb cb;
	void *arg;
	size_t seen;
};

static int seg_reply_peer(struct seg_handle *h, struct nlmsghdr *nlh, struct nlattr **tb, void *arg)
{
	struct seg_peer_call *call = arg;
	struct seg_peer peer = { 0 };
	int err;

	err = seg_get_arrays(h, nlh);
	if (err)
		return err;
	if (!tb[SIMSEG_A_PEER])
		return seg_fail(h, -EBADMSG, "the kernel sent a peer set without a name", NULL);
	peer.name = seg_get_string(tb[SIMSEG_A_PEER]);
	peer.prefixes = h->scratch.prefixes;
	peer.left = h->scratch.left;
	peer.n_prefixes = h->scratch.n_prefixes;
	peer.count = tb[SIMSEG_A_COUNT] ? seg_get_u32(tb[SIMSEG_A_COUNT]) :
					  (uint32_t)peer.n_prefixes;
	call->seen++;
	return call->cb(&peer, call->arg);
}

int seg_peer_list(struct seg_handle *h, seg_peer_cb cb, void *arg)
{
	struct seg_peer_call call = { .cb = cb, .arg = arg };
	int err = seg_msg_read(h, SIMSEG_CMD_PEER_GET);

	return err ? err : seg_dump(h, seg_reply_peer, &call);
}

int seg_peer_get(struct seg_handle *h, const char *name, seg_peer_cb cb, void *arg)
{
	struct seg_peer_call call = { .cb = cb, .arg = arg };
	int err = seg_msg_read(h, SIMSEG_CMD_PEER_GET);

	if (err)
		return err;
	seg_put_string(h, SIMSEG_A_PEER, name);
	err = seg_dump(h, seg_reply_peer, &call);
	if (!err && !call.seen)
		err = seg_fail(h, -ENOENT, "no such peer set", NULL);
	return err;
}

static int seg_peer_change(struct seg_handle *h, uint8_t cmd, const char *name,
			   const struct simseg_prefix *prefixes, size_t n, uint64_t duration)
{
	/* in one message, which is carried out whole or not at all */
	int err = seg_msg_reserve(h, SEG_PIECE_LEN + n * nla_total_size(sizeof(*prefixes)));
	size_t i;

	if (!err)
		err = seg_msg_change(h, cmd);
	if (err)
		return err;
	seg_put_string(h, SIMSEG_A_PEER, name);
	if (duration)
		seg_put_u64(h, SIMSEG_A_DURATION, duration);
	for (i = 0; i < n; i++)
		seg_put_prefix(h, SIMSEG_A_PREFIX, &prefixes[i]);
	return seg_talk(h, NULL, NULL);
}

int seg_peer_add(struct seg_handle *h, const char *name, const struct simseg_prefix *prefixes,
		 size_t n, uint64_t duration)
{
	return seg_peer_change(h, SIMSEG_CMD_PEER_ADD, name, prefixes, n, duration);
}

int seg_peer_del(struct seg_handle *h, const char *name, const struct simseg_prefix *prefixes,
		 size_t n)
{
	return seg_peer_change(h, SIMSEG_CMD_PEER_DEL, name, prefixes, n, 0);
}

/* Why it failed is what matters afterwards. */
static void seg_abort_quietly(struct seg_handle *h)
{
	char error[SEG_ERROR_LEN];

	memcpy(error, h->error, sizeof(error));
	seg_ruleset_abort(h);
	memcpy(h->error, error, sizeof(error));
}

int seg_peer_replace(struct seg_handle *h, const char *name, const struct simseg_prefix *prefixes,
		     size_t n, struct seg_receipt *receipt)
{
	const struct seg_commit_opts opts = { .flags = SIMSEG_COMMIT_PEER };
	struct seg_commit commit = { 0 };
	struct seg_status st;
	int err;

	err = seg_status_get(h, &st);
	if (!err)
		err = seg_ruleset_begin(h, st.generation);
	if (err)
		return err;
	err = seg_ruleset_peer(h, name, prefixes, n);
	if (!err)
		err = seg_ruleset_commit(h, &opts, &commit);
	if (err)
		seg_abort_quietly(h);
	else if (receipt)
		*receipt = commit.receipt;
	return err;
}
