/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A session, the table of all of them, and the next hops that sessions share.
 */
#ifndef _SIMSEG_SESSION_H
#define _SIMSEG_SESSION_H

#include <linux/atomic.h>
#include <linux/if_ether.h>
#include <linux/in6.h>
#include <linux/list.h>
#include <linux/notifier.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#define SIMSEG_SESSION_LOCKS	256
#define SIMSEG_CHAIN_MAX	32	/* sessions in one bucket */

struct simseg_device;
struct simseg_net;

/* A flow in canonical order: the lower (address, port) first. Read by words as well. */
struct simseg_key {
	struct in6_addr addr[2];
	__be16 port[2];
	u8 proto;
	u8 pad;
	u16 domain;
} __aligned(8);

#define SIMSEG_SESSION_F_DEAD	0	/* bits of simseg_session.flags */
#define SIMSEG_SESSION_F_SELF	1	/* the ungoverned side is the gateway */
#define SIMSEG_SESSION_F_PICKUP	2
#define SIMSEG_SESSION_F_OPENING 3	/* half-open: counts as such, and can be evicted */
#define SIMSEG_SESSION_F_EVICTED 4	/* its device waits for the memory */

#define SIMSEG_TCP_NO_SCALE	0xff

/* What one side of a TCP session has sent, as far as it was seen. */
struct simseg_tcp {
	u32 isn;		/* of its SYN */
	u32 end;		/* highest number behind a segment */
	u32 ack;		/* highest acknowledgment of what the other has sent, */
	u32 edge;		/* and the highest end of the window after one */
	u8 scale;		/* offered in its SYN, or SIMSEG_TCP_NO_SCALE */
	bool syn;		/* scale is known */
	bool sent;		/* isn and end are known */
	bool acked;		/* ack and edge are known */
	bool fin;
};

/*
 * Where packets go that XDP forwards: a neighbour, and the way to it. First what is
 * read with each packet; only @dead changes after it is found. simseg_hops.lock
 * protects the rest.
 */
struct simseg_hop {
	u32 gen;		/* simseg_hops.gen, and */
	u32 family_gen;		/* the family's own, before it was found */
	u32 ifindex;
	u32 mtu;
	bool dead;
	bool v4;
	bool native;		/* the device takes frames of XDP, */
	bool fragments;		/* also those in several buffers */
	u8 eth[2 * ETH_ALEN];	/* destination, source */

	u32 skips;		/* SIMSEG_SKIP_*, of the device */
	u32 refs;		/* of sessions */
	struct in6_addr addr;	/* of the neighbour */
	struct hlist_node node;
	struct rcu_head rcu;
};

/* All of a namespace. */
struct simseg_hops {
	spinlock_t lock;		/* protects chains and references */
	struct hlist_head *buckets;	/* NULL until something is to forward */
	u32 seed;
	u32 count;			/* until its last session is gone */
	atomic_t gen;			/* rises with routes, rules, interfaces */
	atomic_t mark_rules;		/* routing rules that look at a mark */
	struct notifier_block fib;
	bool heard;			/* that one is registered */
};

/* How conntrack names the initiator's direction, where NAT changes it. */
struct simseg_origin {
	struct in6_addr dst;
	__be16 dport;
	u16 zone;
	u8 zone_dir;
};

/*
 * A session. Of its cache lines a packet reads two, what it is found by and what says
 * that it is judged still, and reads and writes the third: where it goes, when the last
 * one came, and what it has carried. TCP reads and writes one more.
 */
struct simseg_session {
	struct hlist_node node;
	struct simseg_key key;
	u64 until;		/* CLOCK_BOOTTIME, ns: its grant's; 0: it has none */
	atomic64_t passed[2];	/* by direction: what passed row 1, simseg_session_arrival() */
	u32 change;		/* simseg_net.change at which it was judged */
	u32 hopped[2];		/* by who sends: change number to which hop belongs */
	u8 initiator;		/* index in key.addr of who opened it */
	u8 state;		/* enum simseg_session_state */
	u8 tcp_flags[2];	/* seen, by direction */
	bool reset;
	u8 end;			/* enum simseg_end, when it is dead */
	u32 rtt_us;		/* of the handshake; 0: not seen */
	unsigned long flags;
	struct simseg_device *device[2];	/* [0] of the initiator; reference held */

	struct simseg_hop __rcu *hop[2];	/* by who sends, [0] the initiator; or NULL */
	unsigned long last;	/* jiffies */
	atomic64_t packets[2];	/* [0] from the initiator */
	atomic64_t bytes[2];

	u32 epoch[2];
	u32 policy[2];		/* of the rule that allowed it, by side */
	u32 rule[2];
	u32 stamp[2];
	u32 grant[2];		/* that allows it, by side; 0: none */
	u32 arrived;		/* interface of the initiator's first packet; 0: not known */
	u32 oif;
	struct simseg_tcp tcp[2];	/* by direction, [0] of the initiator */
	u64 id;
	u64 start;		/* CLOCK_BOOTTIME, ns */
	u32 told;		/* jiffies: last record of it, written by the sweep */
	struct simseg_net *sn;
	struct simseg_origin origin;
	union {
		/* in device[i]->sessions[i], or opening[i], under its lock */
		struct list_head of_device[2];
		u64 ended;	/* dead, and in no list: CLOCK_BOOTTIME, ns */
	};
	struct rcu_head rcu;
};

struct simseg_session_table {
	struct hlist_head *buckets;
	u32 mask;
	u64 seed[11];
	u64 seed_v4;		/* what is the same in the hash of all IPv4 keys */
	spinlock_t locks[SIMSEG_SESSION_LOCKS];	/* protect the chains */
	atomic_t count;		/* until the memory is back */
	atomic_t opening;	/* half-open ones */
	atomic_t evicted;	/* whose memory is not back yet */
	u32 heaviest;		/* id of the device with the most half-open ones, or 0 */
	atomic64_t next_id;
};

#endif /* _SIMSEG_SESSION_H */
