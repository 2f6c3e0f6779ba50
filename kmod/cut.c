// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions cut by a command or a change: ended, and with them what conntrack and
 * flowtables know of them.
 */
#include "simseg.h"

static struct simseg_session *simseg_session_first(struct simseg_device *device)
{
	struct list_head *lists[] = {
		&device->sessions[0], &device->opening[0],
		&device->sessions[1], &device->opening[1],
	};
	struct simseg_party *party = NULL;
	unsigned int i;

	spin_lock_bh(&device->lock);
	for (i = 0; i < ARRAY_SIZE(lists) && !party; i++)
		party = list_first_entry_or_null(lists[i], struct simseg_party, of_device);
	spin_unlock_bh(&device->lock);
	return party ? simseg_party_session(party) : NULL;
}

static enum simseg_cut simseg_cut_of(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return SIMSEG_CUT_TCP;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return SIMSEG_CUT_UDP;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return SIMSEG_CUT_ICMP;
	default:
		return SIMSEG_CUT_OTHER;
	}
}

/*
 * Ends @s, deletes conntrack's entry of it, and counts that; false: somebody
 * else ended it. Under RCU; the caller holds conntrack.
 */
bool simseg_session_cut(struct simseg_net *sn, struct simseg_session *s, u8 end,
			struct simseg_receipt *receipt)
{
	u32 what;

	if (!simseg_session_end(sn, s, end))
		return false;
	what = simseg_conntrack_delete(sn->net, s);
	receipt->sessions++;
	receipt->cut[simseg_cut_of(s->key.proto)]++;
	receipt->conntrack += !!(what & SIMSEG_CONNTRACK_DELETED);
	receipt->offloaded += !!(what & SIMSEG_CONNTRACK_OFFLOADED);
	receipt->hardware += !!(what & SIMSEG_CONNTRACK_HARDWARE);
	return true;
}

/* Every session of @device. */
void simseg_sessions_cut_device(struct simseg_net *sn, struct simseg_device *device, u8 end,
				struct simseg_receipt *receipt)
{
	struct simseg_session *s;

	simseg_conntrack_hold();
	do {
		rcu_read_lock();
		s = simseg_session_first(device);
		if (s)
			simseg_session_cut(sn, s, end, receipt);
		rcu_read_unlock();
		cond_resched();
	} while (s);
	simseg_conntrack_drop();
}

void simseg_sessions_cut_all(struct simseg_net *sn, u8 end, struct simseg_receipt *receipt)
{
	struct simseg_session_table *table = &sn->sessions;
	struct simseg_session *s;
	u32 i;

	simseg_conntrack_hold();
	for (i = 0; table->buckets && i <= table->mask; i++) {
		rcu_read_lock();
		hlist_for_each_entry_rcu(s, &table->buckets[i], node)
			simseg_session_cut(sn, s, end, receipt);
		rcu_read_unlock();
		cond_resched();
	}
	simseg_conntrack_drop();
}

static bool simseg_session_kill_one(struct simseg_net *sn, u32 bucket, u64 id,
				    struct simseg_receipt *receipt)
{
	struct simseg_session *s;
	bool found = false;

	rcu_read_lock();
	hlist_for_each_entry_rcu(s, &sn->sessions.buckets[bucket], node) {
		if (s->id != id)
			continue;
		found = simseg_session_cut(sn, s, SIMSEG_END_KILLED, receipt);
		break;
	}
	rcu_read_unlock();
	return found;
}

/* Ends one session by its id; a walk, for a command. */
int simseg_session_kill(struct simseg_net *sn, u64 id, struct simseg_receipt *receipt)
{
	bool found = false;
	u32 i;

	simseg_conntrack_hold();
	for (i = 0; !found && sn->sessions.buckets && i <= sn->sessions.mask; i++) {
		found = simseg_session_kill_one(sn, i, id, receipt);
		cond_resched();
	}
	simseg_conntrack_drop();
	if (!found)
		return -ENOENT;
	receipt->time_state = ktime_get_boottime_ns();
	synchronize_rcu_expedited();
	receipt->time_done = ktime_get_boottime_ns();
	return 0;
}
