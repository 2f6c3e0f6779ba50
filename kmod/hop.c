// SPDX-License-Identifier: GPL-2.0-only
/*
 * Next hops: where packets go that XDP forwards at once. Sessions that leave by the
 * same neighbour share one. The floor finds it when a packet has taken the long way
 * (forward.c); XDP only asks whether it still holds:
 *
 *	routes, rules, interfaces	raise simseg_hops.gen, by notifiers; what has none
 *	and some settings		raises the kernel's own number of a family
 *	the neighbour itself		marks the hop dead
 *
 * A neighbour of which nobody has heard for a while is no hop: the stack has to use it
 * for the kernel to ask whether it is still there.
 */
#include <linux/etherdevice.h>
#include <linux/jhash.h>
#include <linux/netdevice.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <net/fib_notifier.h>
#include <net/fib_rules.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/neighbour.h>
#include <net/netevent.h>

#include "hop.h"
#include "simseg.h"

#define SIMSEG_HOP_BUCKETS	1024
#define SIMSEG_HOPS_MAX		16384

/* A neighbour in one of these states is known to be there, or being asked. */
#define SIMSEG_HOP_NUD	(NUD_CONNECTED | NUD_DELAY | NUD_PROBE)

/* The addresses are those of neighbours, of which the kernel limits the number. */
static struct hlist_head *simseg_hop_bucket(const struct simseg_hops *hops,
					    const struct in6_addr *addr, u32 ifindex)
{
	u32 hash = jhash2((__force const u32 *)addr->s6_addr32, ARRAY_SIZE(addr->s6_addr32),
			  hops->seed ^ ifindex);

	return &hops->buckets[hash % SIMSEG_HOP_BUCKETS];
}

static void simseg_hop_address(struct in6_addr *addr, const struct neighbour *n)
{
	if (n->tbl->key_len == sizeof(__be32))
		ipv6_addr_set_v4mapped(*(const __be32 *)n->primary_key, addr);
	else
		memcpy(addr, n->primary_key, sizeof(*addr));
}

/* Raised by whatever may lead packets elsewhere; read before the way is looked for. */
void simseg_hops_changed(struct simseg_net *sn)
{
	atomic_inc(&sn->hops.gen);
}

/* As of now, for a hop that is to be found. */
void simseg_hop_begin(const struct simseg_net *sn, struct simseg_hop *like, bool v4)
{
	memset(like, 0, sizeof(*like));
	like->v4 = v4;
	like->gen = atomic_read_acquire(&sn->hops.gen);
	like->family_gen = simseg_hop_family_gen(sn->net, v4);
}

static void simseg_hop_bury(struct simseg_hop *hop)
{
	WRITE_ONCE(hop->dead, true);
	hlist_del_init(&hop->node);
}

/* Takes back one reference. */
void simseg_hop_put(struct simseg_net *sn, struct simseg_hop *hop)
{
	if (!hop)
		return;
	spin_lock_bh(&sn->hops.lock);
	if (!--hop->refs) {
		if (!hlist_unhashed(&hop->node))
			hlist_del_init(&hop->node);
		sn->hops.count--;
		kfree_rcu(hop, rcu);
	}
	spin_unlock_bh(&sn->hops.lock);
}

/* One that says what @like says, or NULL; an older one of the same way goes. */
static struct simseg_hop *simseg_hop_find(struct simseg_hops *hops, struct hlist_head *bucket,
					  const struct simseg_hop *like)
{
	struct simseg_hop *hop;
	struct hlist_node *next;

	lockdep_assert_held(&hops->lock);
	hlist_for_each_entry_safe(hop, next, bucket, node) {
		if (hop->v4 != like->v4 || hop->ifindex != like->ifindex || hop->mtu != like->mtu ||
		    !ipv6_addr_equal(&hop->addr, &like->addr))
			continue;
		if (hop->gen == like->gen && hop->family_gen == like->family_gen &&
		    hop->skips == like->skips && !memcmp(hop->eth, like->eth, sizeof(hop->eth)))
			return hop;
		simseg_hop_bury(hop);
	}
	return NULL;
}

static struct simseg_hop *simseg_hop_new(struct simseg_hops *hops, struct hlist_head *bucket,
					 const struct simseg_hop *like)
{
	struct simseg_hop *hop;

	lockdep_assert_held(&hops->lock);
	if (hops->count == SIMSEG_HOPS_MAX)
		return NULL;
	hop = kmemdup(like, sizeof(*like), GFP_ATOMIC | __GFP_NOWARN);
	if (!hop)
		return NULL;
	hops->count++;
	hlist_add_head(&hop->node, bucket);
	return hop;
}

/*
 * The neighbour is read under the lock that its notifier takes: what changes after that
 * finds the hop.
 */
static struct simseg_hop *simseg_hop_share(struct simseg_net *sn, struct simseg_hop *like,
					   const struct neighbour *n)
{
	struct simseg_hops *hops = &sn->hops;
	struct simseg_hop *hop = NULL;
	struct hlist_head *bucket;

	simseg_hop_address(&like->addr, n);
	bucket = simseg_hop_bucket(hops, &like->addr, like->ifindex);
	spin_lock_bh(&hops->lock);
	if (READ_ONCE(n->nud_state) & SIMSEG_HOP_NUD) {
		neigh_ha_snapshot(like->eth, n, n->dev);
		hop = simseg_hop_find(hops, bucket, like) ?: simseg_hop_new(hops, bucket, like);
		if (hop)
			hop->refs++;
	}
	spin_unlock_bh(&hops->lock);
	return hop;
}

/**
 * simseg_hop_get() - the hop by which the stack sends a packet
 * @sn: namespace
 * @skb: the packet, with its route, which leaves by Ethernet
 * @like: begun by simseg_hop_begin() before that route was known to hold
 *
 * Return: with a reference, or NULL: XDP cannot send there
 */
struct simseg_hop *simseg_hop_get(struct simseg_net *sn, struct sk_buff *skb,
				  struct simseg_hop *like)
{
	struct dst_entry *dst = skb_dst(skb);
	struct simseg_hop *hop;
	struct neighbour *n;

	if (!READ_ONCE(sn->hops.buckets))
		return NULL;
	n = dst_neigh_lookup_skb(dst, skb);
	if (!n)
		return NULL;
	like->ifindex = dst->dev->ifindex;
	like->mtu = like->v4 ? ip_dst_mtu_maybe_forward(dst, true) :
			       ip6_dst_mtu_maybe_forward(dst, true);
	like->native = simseg_dev_takes_frames(dst->dev);
	like->fragments = simseg_dev_takes_fragments(dst->dev);
	ether_addr_copy(like->eth + ETH_ALEN, dst->dev->dev_addr);
	hop = n->dev == dst->dev ? simseg_hop_share(sn, like, n) : NULL;
	neigh_release(n);
	return hop;
}

/* A neighbour has another address, or is not known to be there any more. */
static void simseg_hop_neighbour(struct simseg_net *sn, const struct neighbour *n)
{
	struct simseg_hops *hops = &sn->hops;
	bool there = READ_ONCE(n->nud_state) & SIMSEG_HOP_NUD;
	struct hlist_node *next;
	struct simseg_hop *hop;
	struct in6_addr addr;
	u8 eth[MAX_ADDR_LEN];

	simseg_hop_address(&addr, n);
	neigh_ha_snapshot(eth, n, n->dev);
	spin_lock_bh(&hops->lock);
	hlist_for_each_entry_safe(hop, next, simseg_hop_bucket(hops, &addr, n->dev->ifindex),
				  node) {
		if (hop->ifindex == n->dev->ifindex && ipv6_addr_equal(&hop->addr, &addr) &&
		    !(there && ether_addr_equal_unaligned(hop->eth, eth)))
			simseg_hop_bury(hop);
	}
	spin_unlock_bh(&hops->lock);
}

static int simseg_hop_netevent(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const struct neighbour *n = ptr;
	struct simseg_net *sn;

	if (event != NETEVENT_NEIGH_UPDATE)
		return NOTIFY_DONE;
	sn = simseg_net(dev_net(n->dev));
	/* cleared before it was seen */
	if (sn && smp_load_acquire(&sn->hops.buckets))
		simseg_hop_neighbour(sn, n);
	return NOTIFY_DONE;
}

static struct notifier_block simseg_hop_netevent_block = {
	.notifier_call = simseg_hop_netevent,
};

/* Called under RCU, and before that for each route and rule that is there. */
static int simseg_hop_fib(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct simseg_hops *hops = container_of(nb, struct simseg_hops, fib);
	const struct fib_rule_notifier_info *info = ptr;

	if ((event == FIB_EVENT_RULE_ADD || event == FIB_EVENT_RULE_DEL) &&
	    (info->rule->mark || info->rule->mark_mask))
		atomic_add(event == FIB_EVENT_RULE_ADD ? 1 : -1, &hops->mark_rules);
	atomic_inc(&hops->gen);
	return NOTIFY_DONE;
}

/* All that is there will be told once more. */
static void simseg_hop_fib_again(struct notifier_block *nb)
{
	atomic_set(&container_of(nb, struct simseg_hops, fib)->mark_rules, 0);
}

/* Before the first hop; under simseg_net.lock. */
int simseg_hops_start(struct simseg_net *sn, struct netlink_ext_ack *extack)
{
	struct hlist_head *buckets;

	lockdep_assert_held(&sn->lock);
	if (sn->hops.buckets)
		return 0;
	if (!sn->hops.heard) {
		NL_SET_ERR_MSG_MOD(extack,
				   "routes changed too fast to be followed when this namespace was made: load the module anew");
		return -EBUSY;
	}
	buckets = kvcalloc(SIMSEG_HOP_BUCKETS, sizeof(*buckets), GFP_KERNEL_ACCOUNT);
	if (!buckets)
		return -ENOMEM;
	smp_store_release(&sn->hops.buckets, buckets);	/* all cleared, before it is seen */
	return 0;
}

/*
 * RTNL is taken in here: this is where nobody holds a lock of ours. Routes that change all
 * the time can keep the notifier off; forwarding is refused then, and nothing else.
 */
void simseg_hops_init(struct simseg_net *sn)
{
	spin_lock_init(&sn->hops.lock);
	sn->hops.seed = get_random_u32();
	sn->hops.fib.notifier_call = simseg_hop_fib;
	sn->hops.heard = !register_fib_notifier(sn->net, &sn->hops.fib, simseg_hop_fib_again,
						NULL);
}

/* When no session is left that has one; the notifier of neighbours may still come. */
void simseg_hops_exit(struct simseg_net *sn)
{
	struct hlist_head *buckets = sn->hops.buckets;

	if (sn->hops.heard)
		unregister_fib_notifier(sn->net, &sn->hops.fib);
	if (!buckets)
		return;
	WARN_ON_ONCE(sn->hops.count);
	WRITE_ONCE(sn->hops.buckets, NULL);
	synchronize_rcu();
	kvfree(buckets);
}

int simseg_hop_init(void)
{
	return register_netevent_notifier(&simseg_hop_netevent_block);
}

void simseg_hop_uninit(void)
{
	unregister_netevent_notifier(&simseg_hop_netevent_block);
}
