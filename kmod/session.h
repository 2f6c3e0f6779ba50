/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A session, the table of all of them, and the next hops that sessions share.
 */
#ifndef _SIMSEG_SESSION_H
#define _SIMSEG_SESSION_H

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/container_of.h>
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

/* Bits of simseg_session.flags, as many as a word of 32 bits has. */
#define SIMSEG_SESSION_F_DEAD	0
#define SIMSEG_SESSION_F_SELF	1	/* the ungoverned side is the gateway */
#define SIMSEG_SESSION_F_PICKUP	2
#define SIMSEG_SESSION_F_OPENING 3	/* half-open: counts as such, and can be evicted */
#define SIMSEG_SESSION_F_EVICTED 4	/* and 5, by role: its device waits for the memory */
#define SIMSEG_SESSION_F_SECOND	6	/* its initiator stands second in the key */
#define SIMSEG_SESSION_F_TO	7	/* party[0] is the responder's */
#define SIMSEG_SESSION_F_BOTH	8	/* there is a party[1], the responder's */
#define SIMSEG_SESSION_F_HOPPED	9	/* and 10, by who sends: hop was found at change */
#define SIMSEG_SESSION_F_GRANTED 11	/* until is when its grant ends */
#define SIMSEG_SESSION_F_TIMED	12	/* rtt_us is known */
#define SIMSEG_SESSION_F_RESET	13
#define SIMSEG_SESSION_F_TCP	14	/* to 21: four of each direction, as follows */
#define SIMSEG_TCP_SYN_SEEN	0	/* its window's scale is known */
#define SIMSEG_TCP_SENT		1	/* isn and end are known */
#define SIMSEG_TCP_ACKED	2	/* ack and edge are known */
#define SIMSEG_TCP_FIN_SEEN	3
#define SIMSEG_SESSION_F_SCALE	22	/* to 29: the window's scale, by direction, four bits */
#define SIMSEG_SESSION_F_PASSED	30	/* and 31, by direction in the key: passed is of change */

#define SIMSEG_TCP_NO_SCALE	0xf

/* What one side of a TCP session has sent, as far as it was seen. */
struct simseg_tcp {
	u32 isn;		/* of its SYN */
	u32 end;		/* highest number behind a segment */
	u32 ack;		/* highest acknowledgment of what the other has sent, */
	u32 edge;		/* and the highest end of the window after one */
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

/* How conntrack names the initiator's direction, where that is not as the key has it. */
struct simseg_origin {
	struct in6_addr dst;
	__be16 dport;
	u16 zone;
	u8 zone_dir;
};

/* A device at one end of a session, and what it was that allowed this end. */
struct simseg_party {
	struct simseg_device *device;	/* reference held */
	union {
		/* in device->sessions or opening, of its role, under its lock */
		struct list_head of_device;
		struct rcu_head rcu;	/* of party[0]: the session is dead, and in no list */
	};
	u32 epoch;
	u32 policy;
	u32 stamp;
	u32 grant;		/* 0: none */
	u16 rule;		/* 0: none */
	u8 index;		/* in simseg_session.party */
};

/*
 * A session. What an established packet reads and writes are the first two lines of the
 * cache: what it is found by; and what says that it is judged still, where it goes, and
 * what it has carried. TCP has the third, with when it began and when it ends. The last
 * is for who opens it, tells of it or judges it anew.
 */
struct simseg_session {
	struct hlist_node node;
	struct simseg_key key;
	unsigned long flags;

	u32 change;		/* simseg_net.change at which it was judged */
	u32 passed[2];		/* by direction in the key: ifindex that has passed row 1 */
	u32 last;		/* jiffies */
	struct simseg_hop __rcu *hop[2];	/* by who sends, [0] the initiator; or NULL */
	atomic64_t packets[2];	/* [0] from the initiator */
	atomic64_t bytes[2];

	union {
		struct simseg_tcp tcp[2];	/* by who sends, [0] the initiator */
		u32 rtt_us;	/* of the handshake, after which no one asks for its isn */
	};
	u8 state;		/* enum simseg_session_state */
	u8 end;			/* enum simseg_end, when it is dead */
	u8 tcp_flags[2];	/* seen, by who sends */
	u32 told;		/* jiffies: last record of it, written by the sweep */
	u64 id;
	u64 start;		/* CLOCK_BOOTTIME, ns, as the next two */
	union {
		u64 until;	/* its grant's */
		u64 ended;	/* dead */
	};

	struct simseg_origin *origin;	/* NULL: conntrack names it as the key does */
	u32 arrived;		/* interface of the initiator's first packet; 0: not known */
	u32 oif;
	struct simseg_party party[2];	/* the second is there only if both ends are devices */
};

#define SIMSEG_SESSION_SIZE(parties)	offsetof(struct simseg_session, party[parties])
#ifdef CONFIG_64BIT
static_assert(SIMSEG_SESSION_SIZE(1) == 256);
#endif

/* Index in key.addr of who opened it. */
static __always_inline u8 simseg_session_initiator(const struct simseg_session *s)
{
	return test_bit(SIMSEG_SESSION_F_SECOND, &s->flags);
}

static inline int simseg_session_parties(const struct simseg_session *s)
{
	return test_bit(SIMSEG_SESSION_F_BOTH, &s->flags) ? 2 : 1;
}

/* 0: the initiator's, 1: the responder's. */
static inline int simseg_session_role(const struct simseg_session *s, int party)
{
	return party || test_bit(SIMSEG_SESSION_F_TO, &s->flags);
}

/* NULL: that end is no device. */
static inline const struct simseg_party *simseg_session_party(const struct simseg_session *s,
							      int role)
{
	if (role == simseg_session_role(s, 0))
		return &s->party[0];
	return test_bit(SIMSEG_SESSION_F_BOTH, &s->flags) ? &s->party[1] : NULL;
}

static inline struct simseg_device *simseg_session_device(const struct simseg_session *s, int role)
{
	const struct simseg_party *party = simseg_session_party(s, role);

	return party ? party->device : NULL;
}

/* The grant that allows it, the first party's if it has two; 0: none. */
static inline u32 simseg_session_grant(const struct simseg_session *s)
{
	u32 id = READ_ONCE(s->party[0].grant);

	return id || !test_bit(SIMSEG_SESSION_F_BOTH, &s->flags) ? id :
								   READ_ONCE(s->party[1].grant);
}

static inline struct simseg_session *simseg_party_session(struct simseg_party *party)
{
	return container_of(party - party->index, struct simseg_session, party[0]);
}

/* Has the interface passed row 1 since the session was judged, in this direction? */
static __always_inline bool simseg_session_passed(const struct simseg_session *s, u8 dir,
						  u32 ifindex)
{
	/* set behind the number */
	return test_bit_acquire(SIMSEG_SESSION_F_PASSED + dir, &s->flags) &&
	       READ_ONCE(s->passed[dir]) == ifindex;
}

/*
 * Where packets go that the initiator sends, or with @d those to it, as found since the
 * session was judged; or NULL. Under RCU.
 */
static __always_inline struct simseg_hop *simseg_session_hop(const struct simseg_session *s, u8 d)
{
	/* set behind the hop */
	if (!test_bit_acquire(SIMSEG_SESSION_F_HOPPED + d, &s->flags))
		return NULL;
	return rcu_dereference(s->hop[d]);
}

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
