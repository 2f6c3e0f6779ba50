// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ruleset on its way in: pieces are kept aside until the commit. An upload
 * belongs to one socket.
 */
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "upload.h"

/* Is the ruleset that it builds on still in force? */
int simseg_upload_generation(struct simseg_net *sn, u32 generation, struct netlink_ext_ack *extack)
{
	const struct simseg_ruleset *rs;

	rs = rcu_dereference_protected(sn->ruleset, lockdep_is_held(&sn->lock));
	if (rs->generation != generation) {
		NL_SET_ERR_MSG_MOD(extack,
				   "the ruleset has changed since it was read: read it again");
		return -ESTALE;
	}
	return 0;
}

int simseg_upload_begin(struct simseg_net *sn, u32 portid, u32 generation,
			struct netlink_ext_ack *extack)
{
	struct simseg_upload *up;
	u32 n = 0;
	int err;

	lockdep_assert_held(&sn->lock);
	err = simseg_upload_generation(sn, generation, extack);
	if (err)
		return err;
	list_for_each_entry(up, &sn->uploads, list) {
		if (up->portid == portid) {
			NL_SET_ERR_MSG_MOD(extack,
					   "this socket has an upload under way: commit or abort it");
			return -EBUSY;
		}
		n++;
	}
	if (n >= SIMSEG_UPLOADS_MAX) {
		NL_SET_ERR_MSG_MOD(extack, "too many uploads under way");
		return -EBUSY;
	}
	up = kvzalloc(sizeof(*up), GFP_KERNEL_ACCOUNT);
	if (!up)
		return -ENOMEM;
	up->portid = portid;
	up->generation = generation;
	memset(up->settings, 0xff, sizeof(up->settings));	/* U32_MAX: default */
	INIT_LIST_HEAD(&up->policies);
	INIT_LIST_HEAD(&up->peersets);
	INIT_LIST_HEAD(&up->staged);
	list_add_tail(&up->list, &sn->uploads);
	return 0;
}

/* A piece was refused, and what the upload lacks now nobody can tell. */
void simseg_upload_break(struct simseg_upload *up)
{
	up->broken = true;
}

struct simseg_upload *simseg_upload_find(struct simseg_net *sn, u32 portid)
{
	struct simseg_upload *up;

	lockdep_assert_held(&sn->lock);
	list_for_each_entry(up, &sn->uploads, list) {
		if (up->portid == portid)
			return up;
	}
	return NULL;
}

static int simseg_upload_append(struct simseg_prefix *to, u32 *n, u32 limit,
				const struct simseg_prefix *prefixes, u32 more,
				struct netlink_ext_ack *extack)
{
	if (more > limit - *n) {
		NL_SET_ERR_MSG_MOD(extack, "at most 64 of these prefixes are possible");
		return -ENOSPC;
	}
	memcpy(to + *n, prefixes, more * sizeof(*to));
	*n += more;
	return 0;
}

int simseg_upload_pools(struct simseg_upload *up, const struct simseg_prefix *prefixes, u32 n,
			struct netlink_ext_ack *extack)
{
	return simseg_upload_append(up->pool, &up->npools, SIMSEG_POOLS_MAX, prefixes, n, extack);
}

int simseg_upload_failsafe(struct simseg_upload *up, const struct simseg_prefix *prefixes, u32 n,
			   struct netlink_ext_ack *extack)
{
	return simseg_upload_append(up->failsafe, &up->nfailsafe, SIMSEG_FAILSAFE_MAX, prefixes, n,
				    extack);
}

/* The draft of that name, made if it is new. */
static struct simseg_draft *simseg_draft_get(struct simseg_names *names, struct list_head *drafts,
					     u32 *ndrafts, const char *name,
					     struct netlink_ext_ack *extack)
{
	struct simseg_draft *draft;
	u32 id;
	int err;

	err = simseg_name_get(names, name, &id);
	if (err) {
		if (err == -ENOSPC)
			NL_SET_ERR_MSG_MOD(extack, "too many names of this kind");
		return ERR_PTR(err);
	}
	list_for_each_entry(draft, drafts, list) {
		if (draft->id == id) {
			simseg_name_put(names, id);
			return draft;
		}
	}
	draft = kzalloc(sizeof(*draft), GFP_KERNEL_ACCOUNT);
	if (!draft) {
		simseg_name_put(names, id);
		return ERR_PTR(-ENOMEM);
	}
	draft->id = id;
	list_add_tail(&draft->list, drafts);
	++*ndrafts;
	return draft;
}

/* Makes room for @more elements of @size; doubles, so that appending is linear. */
static int simseg_draft_room(struct simseg_draft *draft, void **array, size_t size, u32 more,
			     u32 limit, struct netlink_ext_ack *extack)
{
	void *new;
	u32 room;

	if (more > limit - draft->n) {
		NL_SET_ERR_MSG_MOD(extack,
				   "too many rules in a policy (4096), or prefixes in a peer set (65536)");
		return -ENOSPC;
	}
	if (draft->n + more <= draft->room)
		return 0;
	room = min(max(draft->room * 2, draft->n + more), limit);
	new = kvcalloc(room, size, GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	if (*array)
		memcpy(new, *array, draft->n * size);
	kvfree(*array);
	*array = new;
	draft->room = room;
	return 0;
}

int simseg_upload_peers(struct simseg_net *sn, struct simseg_upload *up, const char *name,
			const struct simseg_prefix *prefixes, u32 n,
			struct netlink_ext_ack *extack)
{
	struct simseg_draft *draft;
	void *array;
	int err;

	lockdep_assert_held(&sn->lock);
	draft = simseg_draft_get(&sn->peer_names, &up->peersets, &up->npeersets, name, extack);
	if (IS_ERR(draft))
		return PTR_ERR(draft);
	array = draft->prefixes;
	err = simseg_draft_room(draft, &array, sizeof(*prefixes), n, SIMSEG_PEERS_MAX, extack);
	draft->prefixes = array;
	if (err)
		return err;
	memcpy(draft->prefixes + draft->n, prefixes, n * sizeof(*prefixes));
	draft->n += n;
	return 0;
}

/* Takes the prefix arrays of @specs over: they are NULL afterwards. */
int simseg_upload_policy(struct simseg_net *sn, struct simseg_upload *up, const char *name,
			 bool observe, struct simseg_rule_spec *specs, u32 n,
			 struct netlink_ext_ack *extack)
{
	struct simseg_draft *draft;
	void *array;
	int err;
	u32 i;

	lockdep_assert_held(&sn->lock);
	draft = simseg_draft_get(&sn->policy_names, &up->policies, &up->npolicies, name, extack);
	if (IS_ERR(draft))
		return PTR_ERR(draft);
	array = draft->rules;
	err = simseg_draft_room(draft, &array, sizeof(*specs), n, SIMSEG_RULES_MAX, extack);
	draft->rules = array;
	if (err)
		return err;
	/* one piece that says so is enough */
	draft->observe |= observe;
	for (i = 0; i < n; i++) {
		draft->rules[draft->n++] = specs[i];
		specs[i].prefixes = NULL;
		specs[i].nprefixes = 0;
	}
	return 0;
}

static bool simseg_setting_is_time(u32 setting)
{
	switch (setting) {
	case SIMSEG_A_SETTING_SESSIONS:
	case SIMSEG_A_SETTING_DEVICE_SESSIONS:
	case SIMSEG_A_SETTING_HALF_OPEN:
	case SIMSEG_A_SETTING_DEVICE_HALF_OPEN:
	case SIMSEG_A_SETTING_DEVICES:
	case SIMSEG_A_SETTING_RECORD_BACKLOG:
		return false;
	default:
		return true;
	}
}

int simseg_upload_setting(struct simseg_upload *up, u32 setting, u32 value,
			  struct netlink_ext_ack *extack)
{
	if (!value && !(SIMSEG_SETTINGS_ZERO & BIT(setting))) {
		NL_SET_ERR_MSG_MOD(extack,
				   "a time or limit of 0 would stop everything; 1 is the least");
		return -ERANGE;
	}
	if (simseg_setting_is_time(setting) && value > SIMSEG_TIME_MAX) {
		NL_SET_ERR_MSG_MOD(extack, "a time may be at most 2000000 seconds");
		return -ERANGE;
	}
	if (setting == SIMSEG_A_SETTING_RECORD_BACKLOG && value > SIMSEG_RECORD_BACKLOG_MAX) {
		NL_SET_ERR_MSG_MOD(extack, "at most 65536 records may wait");
		return -ERANGE;
	}
	if (value > SIMSEG_LIMIT_MAX) {
		NL_SET_ERR_MSG_MOD(extack, "a limit may be at most 16777216");
		return -ERANGE;
	}
	up->settings[setting] = value;
	return 0;
}

/*
 * Takes the devices on @staged over. The commit applies the limit; this one is
 * about the memory of what waits for it.
 */
int simseg_upload_devices(struct simseg_net *sn, struct simseg_upload *up,
			  struct list_head *staged, u32 n, struct netlink_ext_ack *extack)
{
	u32 wanted = up->settings[SIMSEG_A_SETTING_DEVICES];
	u32 limit = max_t(u32, simseg_setting(sn, SIMSEG_A_SETTING_DEVICES),
			  SIMSEG_DEVICES_DEFAULT);

	if (wanted != U32_MAX)
		limit = max(limit, wanted);
	if (n > limit || up->ndevices > limit - n) {
		NL_SET_ERR_MSG_MOD(extack, "too many devices: raise the setting devices");
		return -ENOSPC;
	}
	up->ndevices += n;
	list_splice_tail_init(staged, &up->staged);
	return 0;
}

static void simseg_drafts_free(struct simseg_names *names, struct list_head *drafts, bool rules)
{
	struct simseg_draft *draft, *next;

	list_for_each_entry_safe(draft, next, drafts, list) {
		simseg_name_put(names, draft->id);
		if (rules)
			simseg_rule_specs_free(draft->rules, draft->n);
		else
			kvfree(draft->prefixes);
		kfree(draft);
	}
}

void simseg_upload_free(struct simseg_net *sn, struct simseg_upload *up)
{
	lockdep_assert_held(&sn->lock);
	list_del(&up->list);
	simseg_unstage(sn, &up->staged);
	simseg_drafts_free(&sn->policy_names, &up->policies, true);
	simseg_drafts_free(&sn->peer_names, &up->peersets, false);
	kvfree(up);
}

void simseg_uploads_exit(struct simseg_net *sn)
{
	struct simseg_upload *up, *next;

	mutex_lock(&sn->lock);
	list_for_each_entry_safe(up, next, &sn->uploads, list)
		simseg_upload_free(sn, up);
	mutex_unlock(&sn->lock);
}

/* A socket was closed: its upload dies with it. */
static int simseg_upload_notify(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct netlink_notify *notify = ptr;
	struct simseg_upload *up;
	struct simseg_net *sn;

	if (event != NETLINK_URELEASE || notify->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;
	sn = simseg_net(notify->net);
	if (!sn)
		return NOTIFY_DONE;
	mutex_lock(&sn->lock);
	up = simseg_upload_find(sn, notify->portid);
	if (up)
		simseg_upload_free(sn, up);
	mutex_unlock(&sn->lock);
	return NOTIFY_DONE;
}

static struct notifier_block simseg_upload_notifier = {
	.notifier_call = simseg_upload_notify,
};

int simseg_upload_init(void)
{
	return netlink_register_notifier(&simseg_upload_notifier);
}

void simseg_upload_uninit(void)
{
	netlink_unregister_notifier(&simseg_upload_notifier);
}
