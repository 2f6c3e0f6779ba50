// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Upload of a ruleset: begin, pieces, commit
 *
 * BEGIN and COMMIT are exchanges of their own; the pieces between them are
 * queued and sent many at a time, and so are devices in one piece, for a
 * million of them take a while else.
 */
#include "handle.h"

int seg_ruleset_begin(struct seg_handle *h, uint32_t generation)
{
	int err;

	seg_queue_drop(h);
	err = seg_msg_piece(h, SIMSEG_CMD_RULESET_BEGIN);
	if (err)
		return err;
	seg_put_u32(h, SIMSEG_A_GENERATION, generation);
	return seg_talk(h, NULL, NULL);
}

/* Pieces of prefixes, each with the name that they go under, if any. */
static int seg_queue_prefixes(struct seg_handle *h, uint8_t cmd, int attr, const char *name,
			      const struct simseg_prefix *prefixes, size_t n)
{
	size_t i = 0;
	int err;

	do {
		err = seg_msg_piece(h, cmd);
		if (err)
			return err;
		if (name)
			seg_put_string(h, attr, name);
		for (; i < n && seg_msg_len(h) < SEG_PIECE_LEN; i++)
			seg_put_prefix(h, SIMSEG_A_PREFIX, &prefixes[i]);
		err = seg_queue(h);
	} while (!err && i < n);
	return err;
}

int seg_ruleset_pool(struct seg_handle *h, const struct simseg_prefix *prefixes, size_t n)
{
	return n ? seg_queue_prefixes(h, SIMSEG_CMD_RULESET_POOL, 0, NULL, prefixes, n) : 0;
}

int seg_ruleset_failsafe(struct seg_handle *h, const struct simseg_prefix *prefixes, size_t n)
{
	return n ? seg_queue_prefixes(h, SIMSEG_CMD_RULESET_FAILSAFE, 0, NULL, prefixes, n) : 0;
}

int seg_ruleset_peer(struct seg_handle *h, const char *name, const struct simseg_prefix *prefixes,
		     size_t n)
{
	return seg_queue_prefixes(h, SIMSEG_CMD_RULESET_PEER, SIMSEG_A_PEER, name, prefixes, n);
}

int seg_ruleset_policy(struct seg_handle *h, const struct seg_policy *policy)
{
	size_t i = 0;
	int err;

	do {
		err = seg_msg_piece(h, SIMSEG_CMD_RULESET_POLICY);
		if (err)
			return err;
		seg_put_string(h, SIMSEG_A_POLICY, policy->name);
		if (policy->observe)
			seg_put(h, SIMSEG_A_OBSERVE, NULL, 0);
		for (; i < policy->n_rules && seg_msg_len(h) < SEG_PIECE_LEN; i++)
			seg_put_rule(h, &policy->rules[i]);
		err = seg_queue(h);
	} while (!err && i < policy->n_rules);
	return err;
}

int seg_ruleset_setting(struct seg_handle *h, unsigned int setting, uint32_t value)
{
	struct nlattr *nest;
	int err;

	err = seg_msg_piece(h, SIMSEG_CMD_RULESET_SETTING);
	if (err)
		return err;
	nest = seg_nest_begin(h, SIMSEG_A_SETTING);
	seg_put_u32(h, (int)setting, value);
	seg_nest_end(h, nest);
	return seg_queue(h);
}

int seg_ruleset_device(struct seg_handle *h, const struct seg_device *device)
{
	struct nlattr *nest;
	int err;

	if (!h->open) {
		err = seg_msg_piece(h, SIMSEG_CMD_RULESET_DEVICE);
		if (err)
			return err;
		h->open = true;
	}
	nest = seg_nest_begin(h, SIMSEG_A_DEVICE);
	seg_put_device(h, device);
	seg_nest_end(h, nest);
	return seg_msg_len(h) < SEG_PIECE_LEN ? 0 : seg_queue(h);
}

static int seg_reply_commit(struct seg_handle *h, struct nlmsghdr *nlh, struct nlattr **tb,
			    void *arg)
{
	struct seg_commit *commit = arg;

	commit->generation = seg_get_u32(tb[SIMSEG_A_GENERATION]);
	if (tb[SIMSEG_A_HASH])
		memcpy(commit->hash, nla_data(tb[SIMSEG_A_HASH]), sizeof(commit->hash));
	return seg_reply_receipt(h, nlh, tb, &commit->receipt);
}

int seg_ruleset_commit(struct seg_handle *h, const struct seg_commit_opts *opts,
		       struct seg_commit *commit)
{
	static const struct seg_commit_opts none;
	struct seg_commit dummy;
	size_t i;
	int err;

	if (!commit)
		commit = &dummy;
	memset(commit, 0, sizeof(*commit));
	err = seg_queue_flush(h);
	if (!err)
		err = seg_msg_change(h, SIMSEG_CMD_RULESET_COMMIT);
	if (err)
		return err;
	if (!opts)
		opts = &none;
	if (opts->flags)
		seg_put_u32(h, SIMSEG_A_FLAGS, opts->flags);
	for (i = 0; i < opts->n_open; i++)
		seg_put_prefix(h, SIMSEG_A_OPEN_POOL, &opts->open[i]);
	if (opts->duration)
		seg_put_u64(h, SIMSEG_A_DURATION, opts->duration);
	if (opts->keep)
		seg_put_flow(h, opts->keep);
	return seg_talk(h, seg_reply_commit, commit);
}

int seg_ruleset_abort(struct seg_handle *h)
{
	int err;

	seg_queue_drop(h);
	err = seg_msg_piece(h, SIMSEG_CMD_RULESET_ABORT);
	return err ? err : seg_talk(h, NULL, NULL);
}

int seg_ruleset_confirm(struct seg_handle *h)
{
	int err = seg_msg_change(h, SIMSEG_CMD_CONFIRM);

	return err ? err : seg_talk(h, NULL, NULL);
}

int seg_ruleset_revert(struct seg_handle *h, struct seg_receipt *receipt)
{
	int err = seg_msg_change(h, SIMSEG_CMD_REVERT);

	if (receipt)
		memset(receipt, 0, sizeof(*receipt));
	return err ? err : seg_talk(h, seg_reply_receipt, receipt);
}
