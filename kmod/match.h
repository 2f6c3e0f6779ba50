/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pure part of a verdict: sets of addresses, rules, and a packet's key
 * against a compiled policy. No locks, no allocation, no kernel state, so that
 * the same file compiles into libseg, to be fuzzed and replayed there.
 */
#ifndef _SIMSEG_MATCH_H
#define _SIMSEG_MATCH_H

#ifdef __KERNEL__
#include <asm/byteorder.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/types.h>
#include <uapi/linux/simseg.h>
#else
#include <linux/simseg.h>
#include <linux/types.h>
#include <endian.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
#ifndef __rcu
#define __rcu
#endif
struct rcu_head {
	void *unused[2];
};
#endif

/* An address as a number, host order, so that ranges compare in two steps. */
struct simseg_u128 {
	u64 hi;
	u64 lo;
};

struct simseg_range {
	struct simseg_u128 first;
	struct simseg_u128 last;
};

/* Sorted, disjoint, not adjacent ranges: found by binary search. */
struct simseg_addrset {
	struct rcu_head rcu;
	u32 n;
	struct simseg_range range[];
};

enum simseg_peer_kind {
	SIMSEG_PEER_ANY,
	SIMSEG_PEER_SELF,	/* the gateway's own addresses */
	SIMSEG_PEER_SET,	/* a named set, by its number */
	SIMSEG_PEER_OWN,	/* prefixes written into the rule */
};

struct simseg_rule {
	u32 id;			/* 1 is the first rule of its policy */
	u16 port_low;		/* host order, of the responder */
	u16 port_high;
	u8 dir;			/* enum simseg_dir */
	u8 proto;		/* 0: any */
	u8 kind;		/* enum simseg_peer_kind */
	bool ports;		/* port_low and port_high count */
	u32 set;		/* SIMSEG_PEER_SET: number of the set */
	u32 nprefixes;		/* SIMSEG_PEER_OWN: as written, for dumps */
	struct simseg_prefix *prefixes;
	struct simseg_addrset *own;
	char label[SIMSEG_LABEL_MAX + 1];
};

/* A policy, or the rules of one device. Never changed once it is visible. */
struct simseg_policy {
	struct rcu_head rcu;
	u32 id;			/* number of its name; 0: rules of a device */
	u32 stamp;		/* rises with everything that can narrow it */
	u8 digest[SIMSEG_HASH_LEN];
	char name[SIMSEG_NAME_MAX + 1];
	bool observe;		/* what its rules deny passes, and is told */
	u32 nrules;
	struct simseg_rule rules[];
};

/* One side's question: may this device talk to this peer? */
struct simseg_query {
	struct simseg_u128 peer;
	u16 port;		/* of the responder, host order */
	u8 dir;			/* enum simseg_dir, seen from the device */
	u8 proto;
	bool ports;		/* the protocol has ports, and they are known */
	bool self;		/* the peer is the gateway itself */
};

/* The named sets by number; an empty place is an empty set. */
struct simseg_sets {
	u32 n;
	struct simseg_addrset __rcu *set[];
};

/* Eight bytes of an address as a number. */
static inline u64 simseg_read64(const void *p)
{
	u64 v;

	memcpy(&v, p, sizeof(v));
#ifdef __KERNEL__
	return be64_to_cpu((__force __be64)v);
#else
	return be64toh(v);
#endif
}

static inline void simseg_u128_from(struct simseg_u128 *to, const struct in6_addr *from)
{
	to->hi = simseg_read64(&from->s6_addr[0]);
	to->lo = simseg_read64(&from->s6_addr[8]);
}

void simseg_prefix_range(const struct simseg_prefix *prefix, struct simseg_range *range);
bool simseg_prefix_valid(const struct simseg_prefix *prefix);
void simseg_prefix_mask(struct in6_addr *addr, u8 plen);
void simseg_addrset_merge(struct simseg_addrset *set);
bool simseg_addrset_has(const struct simseg_addrset *set, const struct simseg_u128 *addr);
bool simseg_addrset_covers(const struct simseg_addrset *set, const struct simseg_prefix *prefix);
bool simseg_proto_has_ports(u8 proto);
const struct simseg_rule *simseg_policy_match(const struct simseg_policy *policy,
					      const struct simseg_sets *sets,
					      const struct simseg_query *query);

#endif /* _SIMSEG_MATCH_H */
