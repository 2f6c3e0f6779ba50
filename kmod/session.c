// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions: flows that were allowed, from the first packet to the end.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/timekeeping.h>
#include <net/ipv6.h>

#include "key.h"
#include "simseg.h"

static unsigned int session_buckets;
module_param(session_buckets, uint, 0444);
MODULE_PARM_DESC(session_buckets, "Hash buckets of a namespace's session table, a power of two; 0 or not given: by memory");

static struct kmem_cache *simseg_session_caches[2];	/* with one party, with two */

/*
 * As conntrack has it: a 16384th of memory, for one namespace. With 24 GB a chain of a
 * million sessions has four of them; more than a million buckets gain nothing.
 */
static unsigned int simseg_session_buckets(void)
{
	u64 bytes = (u64)totalram_pages() << PAGE_SHIFT;

	return clamp_t(u64, div_u64(bytes, 16384 * sizeof(struct hlist_head)), 1024, 1U << 20);
}

int simseg_session_cache_init(void)
{
	static const char * const names[] = { "simseg_session", "simseg_session_pair" };
	int i;

	if (!session_buckets)
		session_buckets = roundup_pow_of_two(simseg_session_buckets());
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		simseg_session_caches[i] = kmem_cache_create(names[i], SIMSEG_SESSION_SIZE(i + 1),
							     __alignof__(struct simseg_session),
							     SLAB_ACCOUNT, NULL);
		if (!simseg_session_caches[i])
			goto failed;
	}
	return 0;
failed:
	simseg_session_cache_uninit();
	return -ENOMEM;
}

/* After rcu_barrier(): no session is left. */
void simseg_session_cache_uninit(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(simseg_session_caches); i++)
		kmem_cache_destroy(simseg_session_caches[i]);
}

int simseg_sessions_init(struct simseg_net *sn)
{
	struct simseg_session_table *table = &sn->sessions;
	u32 i, n = roundup_pow_of_two(clamp(session_buckets, 256U, 1U << 24));
	struct hlist_head *buckets;

	if (table->buckets)	/* of a start that went no further */
		return 0;
	buckets = kvcalloc(n, sizeof(*buckets), GFP_KERNEL_ACCOUNT);
	if (!buckets)
		return -ENOMEM;
	table->mask = n - 1;
	get_random_bytes(table->seed, sizeof(table->seed));
	table->seed_v4 = table->seed[0] + table->seed[1] * table->seed[2] +
			 table->seed[5] * table->seed[6];
	for (i = 0; i < SIMSEG_SESSION_LOCKS; i++)
		spin_lock_init(&table->locks[i]);
	/* XDP may look before the hooks are there */
	smp_store_release(&table->buckets, buckets);
	return 0;
}

/* The hooks are gone: nobody looks sessions up any more. */
void simseg_sessions_exit(struct simseg_net *sn)
{
	struct simseg_receipt receipt = {};

	if (!sn->sessions.buckets)
		return;
	simseg_sessions_cut_all(sn, SIMSEG_END_KILLED, &receipt);
	rcu_barrier();	/* the callbacks tell, and give the count and the devices back */
	kvfree(sn->sessions.buckets);
	sn->sessions.buckets = NULL;
}

unsigned long simseg_session_timeout(const struct simseg_net *sn, const struct simseg_session *s)
{
	static const u8 tcp[__SIMSEG_SESSION_STATE_MAX] = {
		[SIMSEG_SESSION_NEW]		= SIMSEG_A_SETTING_TCP_NEW,
		[SIMSEG_SESSION_REPLIED]	= SIMSEG_A_SETTING_TCP_NEW,
		[SIMSEG_SESSION_ESTABLISHED]	= SIMSEG_A_SETTING_TCP_ESTABLISHED,
		[SIMSEG_SESSION_CLOSING]	= SIMSEG_A_SETTING_TCP_CLOSING,
		[SIMSEG_SESSION_CLOSED]		= SIMSEG_A_SETTING_TCP_CLOSED,
	};
	u8 state = READ_ONCE(s->state);
	u32 setting;

	switch (s->key.proto) {
	case IPPROTO_TCP:
		setting = tcp[state];
		break;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		setting = state == SIMSEG_SESSION_NEW ? SIMSEG_A_SETTING_UDP_NEW :
							SIMSEG_A_SETTING_UDP_REPLIED;
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		setting = SIMSEG_A_SETTING_ICMP;
		break;
	default:
		setting = SIMSEG_A_SETTING_OTHER;
	}
	return simseg_setting(sn, setting) * (unsigned long)HZ;
}

static struct kmem_cache *simseg_session_cache(bool pair)
{
	return simseg_session_caches[pair];
}

static void simseg_session_free(struct simseg_session *s)
{
	struct simseg_net *sn = simseg_session_net(s);
	int i, n = simseg_session_parties(s);

	simseg_limit_freed(s);
	for (i = 0; i < 2; i++)
		/* nobody else sees it any more */
		simseg_hop_put(sn, rcu_dereference_protected(s->hop[i], true));
	for (i = 0; i < n; i++)
		simseg_device_put(s->party[i].device);
	kfree(s->origin);
	kmem_cache_free(simseg_session_cache(n > 1), s);
}

/*
 * No packet can be about to count itself in @s any more: what it has carried is
 * final, and told. Who opened it has told that before, as a packet, under RCU.
 */
static void simseg_session_over_rcu(struct rcu_head *rcu)
{
	struct simseg_session *s = container_of(rcu, struct simseg_session, party[0].rcu);

	simseg_record_close(simseg_session_net(s), s);
	simseg_session_free(s);
}

/* Opened by a packet from the middle of a stream? */
bool simseg_session_pickup(const struct simseg_pkt *pkt)
{
	return pkt->proto == IPPROTO_TCP && !(pkt->tcp_flags & 0x02);
}

/* The grant that allows @party, if it still is there, has @n more sessions. */
static void simseg_session_count_grant(const struct simseg_party *party, int n)
{
	struct simseg_grant *grant = simseg_grant_find(party->device->sn, party->grant);

	if (grant)
		atomic_add(n, &grant->sessions);
}

static void simseg_session_leave_grants(const struct simseg_session *s)
{
	int i;

	for (i = 0; i < simseg_session_parties(s); i++)
		simseg_session_count_grant(&s->party[i], -1);
}

static void simseg_session_set_grant(struct simseg_party *party, u32 id)
{
	if (likely(party->grant == id))
		return;
	simseg_session_count_grant(party, -1);
	WRITE_ONCE(party->grant, id);
	simseg_session_count_grant(party, 1);
}

/* What allows each side, as numbers: rulesets and grants come and go. */
static void simseg_session_stamp(struct simseg_session *s, const struct simseg_result *res)
{
	u64 until = 0;
	int i;

	for (i = 0; i < simseg_session_parties(s); i++) {
		const int role = simseg_session_role(s, i);
		const struct simseg_policy *policy = res->policy[role];
		const struct simseg_grant *grant = res->grant[role];
		struct simseg_party *party = &s->party[i];

		WRITE_ONCE(party->policy, policy ? policy->id : 0);
		WRITE_ONCE(party->stamp, policy ? policy->stamp : 0);
		WRITE_ONCE(party->rule, res->rule[role] ? res->rule[role]->id : 0);
		if (grant && (!until || grant->until < until))
			until = grant->until;
		simseg_session_set_grant(party, grant ? grant->id : 0);
	}
	WRITE_ONCE(s->until, until);
	if (unlikely(!!until != test_bit(SIMSEG_SESSION_F_GRANTED, &s->flags)))
		change_bit(SIMSEG_SESSION_F_GRANTED, &s->flags);
}

/* @s is new, and all zero. */
static void simseg_session_add_party(struct simseg_session *s, int index,
				     const struct simseg_result *res, int role)
{
	struct simseg_party *party = &s->party[index];

	party->device = res->device[role];
	party->epoch = res->epoch[role];
	party->index = index;
	simseg_device_hold(party->device);
}

/* At least one end is a device, or it would not be governed. */
static void simseg_session_fill_parties(struct simseg_session *s, const struct simseg_result *res)
{
	const int first = res->device[0] ? 0 : 1;

	simseg_session_add_party(s, 0, res, first);
	if (first) {
		__set_bit(SIMSEG_SESSION_F_TO, &s->flags);
	} else if (res->device[1]) {
		simseg_session_add_party(s, 1, res, 1);
		__set_bit(SIMSEG_SESSION_F_BOTH, &s->flags);
	}
}

static void simseg_session_fill(struct simseg_session *s, struct simseg_net *sn,
				const struct simseg_pkt *pkt, const struct simseg_flow *flow,
				const struct simseg_result *res)
{
	const struct net_device *oif = pkt->flags & SIMSEG_PKT_REVERSED ? pkt->in : pkt->out;

	*(struct simseg_key_words *)&s->key = flow->key;
	/* the first packet is the initiator's, unless it was turned round */
	if (flow->dir ^ !!(pkt->flags & SIMSEG_PKT_REVERSED))
		__set_bit(SIMSEG_SESSION_F_SECOND, &s->flags);
	s->change = flow->change;
	if (pkt->in) {
		s->passed[flow->dir] = pkt->in->ifindex;
		__set_bit(SIMSEG_SESSION_F_PASSED + flow->dir, &s->flags);
	}
	s->oif = oif ? oif->ifindex : 0;
	s->arrived = pkt->in && !(pkt->flags & SIMSEG_PKT_REVERSED) ? pkt->in->ifindex : 0;
	if (pkt->hook == SIMSEG_HOOK_INPUT || pkt->hook == SIMSEG_HOOK_OUTPUT)
		__set_bit(SIMSEG_SESSION_F_SELF, &s->flags);
	simseg_session_fill_parties(s, res);
	if (simseg_session_pickup(pkt)) {
		__set_bit(SIMSEG_SESSION_F_PICKUP, &s->flags);
		s->state = SIMSEG_SESSION_ESTABLISHED;
	} else {
		__set_bit(SIMSEG_SESSION_F_OPENING, &s->flags);
	}
	s->last = jiffies;
	s->told = s->last;
	s->start = ktime_get_boottime_ns();
	simseg_session_stamp(s, res);
	s->id = atomic64_inc_return(&sn->sessions.next_id);
}

bool simseg_session_expired(const struct simseg_net *sn, const struct simseg_session *s)
{
	return (s32)((u32)jiffies - READ_ONCE(s->last) - (u32)simseg_session_timeout(sn, s)) > 0;
}

static spinlock_t *simseg_session_lock(struct simseg_session_table *table, u32 hash)
{
	return &table->locks[hash % SIMSEG_SESSION_LOCKS];
}

static spinlock_t *simseg_session_lock_of(const struct simseg_session *s)
{
	struct simseg_session_table *table = &simseg_session_net(s)->sessions;

	return simseg_session_lock(table, simseg_key_hash(table, &s->key));
}

/* Into its chain and its devices' lists, in one step for who ends sessions. */
static int simseg_session_link(struct simseg_session_table *table, struct simseg_session *s,
			       u32 hash)
{
	struct simseg_session *other;
	unsigned int chain = 0;
	int i, err = 0;

	spin_lock_bh(simseg_session_lock(table, hash));
	hlist_for_each_entry(other, &table->buckets[hash], node) {
		/* one that is being ended will take itself out */
		if (simseg_key_equal(&other->key, &s->key) &&
		    !test_bit(SIMSEG_SESSION_F_DEAD, &other->flags))
			err = -EEXIST;
		if (++chain == SIMSEG_CHAIN_MAX)
			err = err ?: -ENOSPC;
	}
	for (i = 0; i < simseg_session_parties(s) && !err; i++) {
		struct simseg_device *device = s->party[i].device;
		int role = simseg_session_role(s, i);

		spin_lock(&device->lock);
		list_add_tail(&s->party[i].of_device,
			      test_bit(SIMSEG_SESSION_F_OPENING, &s->flags) ?
			      &device->opening[role] : &device->sessions[role]);
		spin_unlock(&device->lock);
	}
	if (!err)
		hlist_add_head_rcu(&s->node, &table->buckets[hash]);
	spin_unlock_bh(simseg_session_lock(table, hash));
	return err;
}

static struct simseg_session *simseg_session_alloc(const struct simseg_pkt *pkt, bool pair)
{
	struct simseg_session *s = kmem_cache_zalloc(simseg_session_cache(pair),
						     GFP_ATOMIC | __GFP_NOWARN);

	if (s && simseg_conntrack_origin(&s->origin, pkt)) {
		kmem_cache_free(simseg_session_cache(pair), s);
		return NULL;
	}
	return s;
}

/*
 * Opens a session for the packet that @res allowed, and leaves it in
 * @res->session. -EEXIST: another CPU was first. -EDQUOT, -ENOSPC, -ENOMEM.
 */
int simseg_session_create(struct simseg_net *sn, const struct simseg_pkt *pkt,
			  const struct simseg_flow *flow, struct simseg_result *res)
{
	bool opening = !simseg_session_pickup(pkt);
	struct simseg_session *s;
	int err;

	err = simseg_limit_charge(sn, res, opening);
	if (err)
		return err;
	s = simseg_session_alloc(pkt, res->device[0] && res->device[1]);
	if (!s) {
		simseg_limit_uncharge(sn, res, opening);
		return -ENOMEM;
	}
	simseg_session_fill(s, sn, pkt, flow, res);
	err = simseg_session_link(&sn->sessions, s, flow->hash);
	if (err) {
		__set_bit(SIMSEG_SESSION_F_DEAD, &s->flags);
		simseg_session_leave_grants(s);
		simseg_limit_opened(s);
		simseg_session_free(s);	/* nobody has seen it */
		return err;
	}
	res->session = s;
	simseg_session_account(sn, s, pkt, flow->dir);
	simseg_record_open(sn, s, res);
	return 0;
}

/*
 * @s is still allowed, as judged at @change. Two who judge at once may come here
 * in the wrong order: what an older change allowed must not stay, or nobody would
 * look at the newer one's deadline.
 */
void simseg_session_restamp(struct simseg_session *s, const struct simseg_result *res, u32 change)
{
	spinlock_t *lock = simseg_session_lock_of(s);
	int i;

	spin_lock_bh(lock);
	if (!test_bit(SIMSEG_SESSION_F_DEAD, &s->flags) && (s32)(change - s->change) >= 0) {
		for (i = 0; i < 2 && change != s->change; i++) {
			clear_bit(SIMSEG_SESSION_F_PASSED + i, &s->flags);
			clear_bit(SIMSEG_SESSION_F_HOPPED + i, &s->flags);
		}
		simseg_session_stamp(s, res);
		smp_store_release(&s->change, change);	/* behind all that */
	}
	spin_unlock_bh(lock);
}

/*
 * The interface has passed row 1 under @change, in the direction of @dir. Who judged by an
 * older one may come late, and must not vouch for it under a newer.
 */
void simseg_session_pass(struct simseg_session *s, u8 dir, u32 change, u32 ifindex)
{
	spinlock_t *lock = simseg_session_lock_of(s);

	spin_lock_bh(lock);
	if (s->change == change) {
		WRITE_ONCE(s->passed[dir], ifindex);
		smp_mb__before_atomic();	/* test_bit_acquire() of who looks */
		set_bit(SIMSEG_SESSION_F_PASSED + dir, &s->flags);
	}
	spin_unlock_bh(lock);
}

/*
 * Where its packets go, as found under @change: those that the initiator sends, or with
 * @d those to it. Returns what is to be given back: the one before, or @hop itself if the
 * session has been judged since. Who reads the flag first, then the hop, has this one.
 */
struct simseg_hop *simseg_session_set_hop(struct simseg_session *s, u8 d, struct simseg_hop *hop,
					  u32 change)
{
	spinlock_t *lock = simseg_session_lock_of(s);
	struct simseg_hop *old = hop;

	spin_lock_bh(lock);
	if (s->change == change) {
		old = rcu_replace_pointer(s->hop[d], hop, lockdep_is_held(lock));
		smp_mb__before_atomic();	/* test_bit_acquire() of who looks */
		set_bit(SIMSEG_SESSION_F_HOPPED + d, &s->flags);
	}
	spin_unlock_bh(lock);
	return old;
}

/* Both sides are there: for TCP when the handshake is complete. */
bool simseg_session_answered(const struct simseg_session *s)
{
	return s->state > (s->key.proto == IPPROTO_TCP ? SIMSEG_SESSION_REPLIED :
							 SIMSEG_SESSION_NEW);
}

static u8 simseg_session_next(struct simseg_session *s, const struct simseg_pkt *pkt, u8 d)
{
	if (s->key.proto == IPPROTO_TCP)
		return simseg_tcp_track(s, pkt, d);
	return d ? max_t(u8, s->state, SIMSEG_SESSION_REPLIED) : s->state;
}

/* From the first SYN to the end of the handshake, us, and not 0. */
static u32 simseg_session_rtt(const struct simseg_session *s)
{
	u64 ns = ktime_get_boottime_ns() - s->start;

	return clamp_t(u64, div_u64(ns, NSEC_PER_USEC), 1, U32_MAX);
}

/* What @pkt does to the state of @s; @d: 0 from the initiator, 1 to it. */
void simseg_session_advance(struct simseg_session *s, const struct simseg_pkt *pkt, u8 d)
{
	u8 state = simseg_session_next(s, pkt, d);

	if (state == READ_ONCE(s->state))
		return;
	if (state == SIMSEG_SESSION_ESTABLISHED) {
		s->rtt_us = simseg_session_rtt(s);
		set_bit(SIMSEG_SESSION_F_TIMED, &s->flags);
	}
	WRITE_ONCE(s->state, state);
	if (simseg_session_answered(s))
		simseg_limit_opened(s);
}

/* @dir: index of the packet's source in the key. */
void simseg_session_account(struct simseg_net *sn, struct simseg_session *s,
			    const struct simseg_pkt *pkt, u8 dir)
{
	u8 d = dir != simseg_session_initiator(s);

	simseg_session_carry(s, d, pkt->packets, pkt->bytes);
	simseg_session_advance(s, pkt, d);
}

/* A SYN on a closed session opens a new one with the same ports. */
bool simseg_session_reusable(const struct simseg_session *s, const struct simseg_pkt *pkt)
{
	return s->key.proto == IPPROTO_TCP && READ_ONCE(s->state) == SIMSEG_SESSION_CLOSED &&
	       (pkt->tcp_flags & 0x17) == 0x02;
}

/*
 * Ends a session once; false: somebody else did. Under RCU or with @s known to
 * be alive. The close record follows after a grace period, with the time of now.
 */
bool simseg_session_end(struct simseg_net *sn, struct simseg_session *s, u8 end)
{
	struct simseg_session_table *table = &sn->sessions;
	u32 hash = simseg_key_hash(table, &s->key);
	int i;

	if (test_and_set_bit(SIMSEG_SESSION_F_DEAD, &s->flags))
		return false;
	spin_lock_bh(simseg_session_lock(table, hash));
	hlist_del_rcu(&s->node);
	for (i = 0; i < simseg_session_parties(s); i++) {
		spin_lock(&s->party[i].device->lock);
		list_del(&s->party[i].of_device);
		spin_unlock(&s->party[i].device->lock);
	}
	simseg_session_leave_grants(s);
	spin_unlock_bh(simseg_session_lock(table, hash));
	simseg_limit_opened(s);
	s->end = end;
	WRITE_ONCE(s->ended, ktime_get_boottime_ns());	/* a packet may look for until */
	call_rcu(&s->party[0].rcu, simseg_session_over_rcu);
	return true;
}
