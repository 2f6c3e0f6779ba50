/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The structures of the module, and what protects them: the locks are listed
 * in simseg.h.
 */
#ifndef _SIMSEG_TYPES_H
#define _SIMSEG_TYPES_H

#include <linux/etherdevice.h>
#include <linux/hashtable.h>
#include <linux/hrtimer.h>
#include <linux/if.h>
#include <linux/in6.h>
#include <linux/ipv6.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/percpu.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/timerqueue.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/net_namespace.h>
#include <net/netlink.h>
#include <uapi/linux/simseg.h>
#include <uapi/linux/simseg_record.h>

#include "compat.h"
#include "match.h"
#include "session.h"
#include "table.h"

#define SIMSEG_ICCID_BCD	10
#define SIMSEG_SETTINGS		(SIMSEG_A_SETTING_MAX + 1)
#define SIMSEG_FLOOR_HOOKS	6

struct simseg_net;
struct simseg_deny;

/* A name that keeps its number for as long as anything refers to it. */
struct simseg_name {
	struct hlist_node node;
	u32 id;
	u32 refs;
	char name[SIMSEG_NAME_MAX + 1];
};

/* Names of policies, or of peer sets; protected by simseg_net.lock */
struct simseg_names {
	DECLARE_HASHTABLE(hash, 8);
	struct xarray by_id;
	u32 limit;
};

/* Something that ends by itself; embedded in it, all zero at first. */
struct simseg_deadline {
	struct timerqueue_node node;	/* in simseg_net.deadlines */
	void (*expire)(struct simseg_net *sn, struct simseg_deadline *deadline);
};

/* A named set of peers, as written, beside its compiled form in the sets. */
struct simseg_peerset {
	u32 id;
	u32 nprefixes;
	struct simseg_prefix *prefixes;	/* sorted, each once */
	u64 *until;			/* of each, CLOCK_BOOTTIME, ns, or 0; NULL: all 0 */
	struct simseg_ruleset *rs;	/* with a deadline only: whose it is, */
	struct simseg_deadline deadline; /* the first of them */
};

/* One generation of the rules. Read under RCU or simseg_net.lock. */
struct simseg_ruleset {
	struct rcu_head rcu;
	u32 generation;
	u8 hash[SIMSEG_HASH_LEN];
	u32 settings[SIMSEG_SETTINGS];
	struct simseg_addrset *pools;		/* never NULL */
	u32 npools;
	struct simseg_prefix *pool;
	u32 nfailsafe;
	struct simseg_prefix *failsafe;
	u32 npeersets;
	struct simseg_peerset *peersets;	/* protected by simseg_net.lock */
	struct simseg_sets *sets;		/* by number of the name */
	u32 npolicies;
	u32 policy_slots;
	struct simseg_policy *policies[];	/* by number of the name */
};

struct simseg_binding_key {
	struct in6_addr addr;	/* masked */
	u16 plen;
	u16 domain;
};

/* An address or prefix that belongs to a device. */
struct simseg_binding {
	struct simseg_binding_key key;
	struct simseg_device __rcu *device;	/* NULL until it is in force */
	u32 epoch;
	u8 ifname_len;		/* characters to compare; 0: any interface */
	bool ifname_glob;	/* ends in '*' */
	char ifname[IFNAMSIZ];	/* as written */
	u32 mark;				/* last merge that named it */
	struct list_head of_device;		/* protected by simseg_net.lock */
	union {
		struct simseg_binding *replaces; /* while staged: the one in force */
		struct rcu_head rcu;
	};
};

/* Distinct prefix lengths of all bindings, longest first. */
struct simseg_plens {
	struct rcu_head rcu;
	u32 n;
	u8 plen[SIMSEG_PLENS_MAX];
	u32 count[SIMSEG_PLENS_MAX];
};

/* Who may still talk to a quarantined device, and why it is quarantined. */
struct simseg_quarantine {
	struct rcu_head rcu;
	u64 since;		/* CLOCK_BOOTTIME, ns; replacing it does not change it */
	u64 set;		/* the same, of the request that this comes from */
	u32 nallow;
	struct simseg_prefix allow[SIMSEG_ALLOW_MAX];
	char actor[SIMSEG_ACTOR_MAX + 1];
	char reason[SIMSEG_REASON_MAX + 1];
	struct simseg_addrset *responders;	/* NULL: nobody */
	struct simseg_device *device;		/* whose it is; with a deadline only */
	struct simseg_deadline deadline;
};

/* One rule more for one device, for a while. Only the last fields change. */
struct simseg_grant {
	struct hlist_node of_device;	/* in simseg_device.grants; RCU */
	struct simseg_policy *policy;	/* with the one rule */
	u64 until;			/* CLOCK_BOOTTIME, ns */
	u32 id;				/* in simseg_net.grants; RCU */
	u32 uid;			/* of who asked for it, as the kernel knows */
	char ifname[IFNAMSIZ];	/* where the first packet arrives; empty: anywhere */
	char actor[SIMSEG_ACTOR_MAX + 1];
	char reason[SIMSEG_REASON_MAX + 1];
	char ticket[SIMSEG_TICKET_MAX + 1];
	struct simseg_device *device;	/* whose it is; for simseg_net.lock */
	atomic_t sessions;	/* that it allows */
	struct simseg_deadline deadline;
	struct rcu_head rcu;
};

/* A device on its way in: where it waits for the commit. It goes with the device. */
struct simseg_staged {
	struct list_head list;
	struct simseg_device *device;	/* as asked for */
	struct simseg_device *twin;	/* the one in force with this ICCID */
	bool lent_own;			/* @device has @twin's own rules, for a dry run */
};

struct simseg_device {
	u8 iccid[SIMSEG_ICCID_BCD];	/* packed BCD, padded with 0xf */
	u8 state;		/* enum simseg_state; written under simseg_net.lock */
	bool gone;		/* removed; only RCU readers still see it */
	u32 policy;		/* number of the policy's name, 0: none */
	struct simseg_policy __rcu *own;		/* rules of its own, or NULL */
	struct simseg_quarantine __rcu *quarantine;
	struct hlist_head grants;	/* read under RCU; SIMSEG_DEVICE_GRANTS_MAX */
	struct simseg_deny *deny;	/* folded denies; set once by cmpxchg */
	atomic_t nsessions;		/* until the memory is back */
	atomic_t nopening;		/* of those, half-open ones */
	atomic_t nevicted;		/* evicted ones whose memory is not back yet */
	spinlock_t lock;		/* protects the lists */
	struct list_head sessions[2];	/* parties of those that it opened, and others to it; */
	struct list_head opening[2];	/* the oldest first; the half-open ones */

	u32 id;
	u32 mark;			/* last merge that named it */
	u32 nbindings;			/* from here on: simseg_net.lock */
	struct list_head bindings;
	char asset[SIMSEG_ASSET_MAX + 1];
	refcount_t refs;		/* registry and each session */
	struct simseg_net *sn;
	union {
		struct simseg_staged staged;	/* until it is in force */
		struct rcu_head rcu;
	};
};

/* A device as a request asks for it. Free with simseg_device_spec_free(). */
struct simseg_binding_spec {
	struct simseg_prefix prefix;
	char ifname[IFNAMSIZ];		/* empty: none */
};

struct simseg_rule_spec {
	u8 dir;
	u8 proto;
	u8 kind;			/* enum simseg_peer_kind */
	bool ports;
	u16 port_low;
	u16 port_high;
	u32 nprefixes;
	struct simseg_prefix *prefixes;	/* kvmalloc, owned by the spec */
	char peer[SIMSEG_NAME_MAX + 1];
	char label[SIMSEG_LABEL_MAX + 1];
};

struct simseg_device_spec {
	u8 iccid[SIMSEG_ICCID_BCD];
	char policy[SIMSEG_NAME_MAX + 1];	/* empty: none */
	char asset[SIMSEG_ASSET_MAX + 1];
	u32 nbindings;
	struct simseg_binding_spec bindings[SIMSEG_BINDINGS_MAX];
	u32 nrules;
	struct simseg_rule_spec *rules;		/* kvmalloc, owned by the spec */
};

/* Where a packet meets simseg. */
enum simseg_hook {
	SIMSEG_HOOK_FORWARD,
	SIMSEG_HOOK_INPUT,
	SIMSEG_HOOK_OUTPUT,
	SIMSEG_HOOK_XDP,
};

#define SIMSEG_PKT_PORTS	BIT(0)		/* sport and dport are known */
#define SIMSEG_PKT_LINK		BIT(1)		/* looks like link control (row 0) */
#define SIMSEG_PKT_ERROR	BIT(2)		/* ICMP error; quote tells about what */
#define SIMSEG_PKT_REPLY_ONLY	BIT(3)		/* never opens: an ICMP echo reply */
#define SIMSEG_PKT_DRY		BIT(4)		/* only ask: create and change nothing */
#define SIMSEG_PKT_ANY_IIF	BIT(5)		/* explain: arrives where it is bound */
#define SIMSEG_PKT_REVERSED	BIT(6)		/* turned round: the responder sent it */

/* A packet as the verdict sees it: after NAT and reassembly, v4 as v6. */
struct simseg_pkt {
	struct in6_addr src;
	struct in6_addr dst;
	__be16 sport;		/* ICMP echo: the identifier, in both */
	__be16 dport;
	u8 proto;
	u8 tcp_flags;		/* byte 13 of the TCP header */
	u8 hook;		/* enum simseg_hook */
	u8 scale;		/* a SYN's window scale, or SIMSEG_TCP_NO_SCALE */
	u8 malformed;		/* enum simseg_reason, or 0 */
	u32 flags;		/* SIMSEG_PKT_* */
	const struct net_device *in;	/* NULL: made here */
	const struct net_device *out;	/* NULL: not known */
	u32 packets;		/* on the wire */
	u32 bytes;		/* layer 3, all of them */
	u32 seq;		/* of TCP, host order, as the next three */
	u32 ack;
	u32 payload;		/* bytes */
	u32 window;		/* as in the header */
	const struct sk_buff *skb;	/* floor only: whom conntrack is asked about */
	const struct simseg_pkt *quote;	/* SIMSEG_PKT_ERROR; NULL: names no flow */
};

/* What was decided, and by what. Pointers are valid under RCU. */
struct simseg_result {
	u8 verdict;		/* enum simseg_verdict */
	u8 reason;		/* enum simseg_reason */
	u8 observed;		/* reason for which it would be denied, or 0 */
	struct simseg_device *device[2];	/* of source and destination */
	u32 epoch[2];
	const struct simseg_policy *policy[2];
	const struct simseg_rule *rule[2];
	const struct simseg_grant *grant[2];	/* whose rule it is, or NULL */
	struct simseg_session *session;
};

struct simseg_counters {
	u64 packets[__SIMSEG_REASON_MAX];
	u64 bytes[__SIMSEG_REASON_MAX];
	struct u64_stats_sync syncp;
};

enum simseg_iface_counter {
	SIMSEG_IFACE_RX,
	SIMSEG_IFACE_RX_BYTES,
	SIMSEG_IFACE_RX_OTHER,
	SIMSEG_IFACE_RX_INNER,
	SIMSEG_IFACE_XDP_DROP,
	SIMSEG_IFACE_XDP_DROP_BYTES,
	SIMSEG_IFACE_XDP_FORWARD,
	SIMSEG_IFACE_XDP_FORWARD_BYTES,
	SIMSEG_IFACE_GUARD_DROP,
	SIMSEG_IFACE_PREROUTING,
	SIMSEG_IFACE_FLOOR_PASS,	/* these three in the order of */
	SIMSEG_IFACE_FLOOR_ALLOW,	/* enum simseg_verdict */
	SIMSEG_IFACE_FLOOR_DENY,
	SIMSEG_IFACE_FRAGMENT,	/* came in at PRE_ROUTING as one */
	SIMSEG_IFACE_WHOLE,	/* of those: met the floor as it is, or gathered */
	SIMSEG_IFACE_TX_GUARD_DROP,
	__SIMSEG_IFACE_COUNTERS
};

struct simseg_iface_stats {
	u64 value[__SIMSEG_IFACE_COUNTERS];
	struct u64_stats_sync syncp;
};

/* A name or pattern with a side; protected by simseg_net.lock */
struct simseg_iface_spec {
	struct list_head list;
	char name[IFNAMSIZ];
	u8 side;
	u8 mode;
	u8 forward;		/* enum simseg_forward */
};

/* An interface that has a side. Found by ifindex under RCU. */
struct simseg_iface {
	struct simseg_net *sn;
	struct net_device *dev;		/* valid while it is in the table */
	u32 ifindex;
	u8 side;			/* NONE until it is in the table */
	u8 mode;
	u8 forward;			/* enum simseg_forward: what is wished, */
	bool forwards;			/* and what is done */
	u32 skips;			/* SIMSEG_SKIP_* */
	u64 device_rx;			/* rx_packets when it got its side */
	struct nf_hook_ops ingress;	/* no hook: it is not registered, */
	struct nf_hook_ops egress;	/* nor is this one */
	struct simseg_iface_stats __percpu *stats;
	struct hlist_node by_dev;	/* in simseg_ifaces, while it is in the table */
	union {
		struct list_head fresh;	/* until it is in the table */
		struct rcu_head rcu;
	};
};

enum simseg_cut {
	SIMSEG_CUT_TCP,
	SIMSEG_CUT_UDP,
	SIMSEG_CUT_ICMP,
	SIMSEG_CUT_OTHER,
	__SIMSEG_CUTS
};

struct simseg_receipt {
	u32 devices;
	u32 replaced;
	u32 sessions;
	u32 cut[__SIMSEG_CUTS];	/* of these, by protocol */
	u32 conntrack;
	u32 offloaded;		/* of these, in a flowtable, */
	u32 hardware;		/* and of these in hardware */
	u32 kept;
	u32 added;
	u32 removed;
	u64 time_request;
	u64 time_state;
	u64 time_done;
};

/* A change that was made. */
struct simseg_log_entry {
	struct list_head list;		/* in simseg_log.entries */
	u64 seq;
	u64 time;		/* CLOCK_BOOTTIME, ns */
	u64 real;		/* CLOCK_REALTIME, ns */
	u32 generation;		/* after the change, as the hash */
	u32 pid;		/* from here on as the kernel knows; 0: the module */
	u32 uid;
	u32 loginuid;
	u8 command;		/* enum simseg_cmd */
	char comm[TASK_COMM_LEN];
	u8 hash[SIMSEG_HASH_LEN];
	char actor[SIMSEG_ACTOR_MAX + 1];	/* as given, as the next two */
	char reason[SIMSEG_REASON_MAX + 1];
	char ticket[SIMSEG_TICKET_MAX + 1];
	char subject[SIMSEG_SUBJECT_MAX + 1];
	struct simseg_receipt receipt;
};

/* Changes that are kept, the oldest first; protected by simseg_net.lock */
struct simseg_log {
	struct list_head entries;
	u32 n;
};

/* Where a walk through the log stands, in each of its lists. */
struct simseg_log_walk {
	struct simseg_log_entry *next[2];
};

/* Who changes something, as given and as the kernel knows. */
struct simseg_who {
	const char *actor;	/* never NULL or empty */
	const char *reason;	/* may be NULL */
	const char *ticket;	/* may be NULL */
	u32 uid;		/* in the initial user namespace */
};

/* Records on their way out. */
struct simseg_outbox {
	spinlock_t lock;		/* protects all of it */
	u32 waiting;
	struct list_head backlog;	/* those that wait, the oldest first */
	u64 made;			/* number of the last one */
	u64 delivered;
	u64 lost;
	u64 unheard;			/* of these: nobody listened */
	struct simseg_record_gap gap;	/* lost, and not told yet; first 0: nothing */
	u64 netns;			/* its cookie */
	u64 since;			/* CLOCK_BOOTTIME, ns: number 0 */
	u64 wall;			/* CLOCK_REALTIME less CLOCK_BOOTTIME, ns */
	u8 flags;			/* SIMSEG_RECORD_F_CLOCK, where that can be true */
	unsigned long tell;		/* jiffies: before that no gap is told */
};

/* Everything about one network namespace. */
struct simseg_net {
	struct net *net;
	struct mutex lock;		/* protects configuration */
	atomic_t change;		/* rises after each change of it */
	bool disarmed;
	bool observed;			/* a policy observes, or did: simseg_conntrack_prune() */
	bool hooked;			/* the verdict hooks are registered */
	bool holds_module;
	u32 merge;			/* last merge of staged devices */
	u32 stamp;			/* last policy stamp given */
	u32 epoch;			/* last binding epoch given */
	struct simseg_ruleset __rcu *ruleset;	/* never NULL */
	struct simseg_ruleset *previous;	/* of one on trial, or NULL */
	struct simseg_deadline trial;
	bool trial_confirm;		/* it stays if it is confirmed */
	struct simseg_names policy_names;
	struct simseg_names peer_names;
	struct list_head uploads;
	struct simseg_log log[2];	/* of people, and of the module itself */
	u64 log_seq;			/* of the last change */

	struct simseg_table devices;	/* by ICCID */
	struct xarray device_ids;
	u32 device_id_next;
	u32 ndevices;
	u32 nquarantined;
	struct xarray grants;		/* by id; read under RCU */
	u32 grant_next;
	u32 ngrants;
	struct simseg_table bindings;	/* by address and length */
	struct simseg_plens __rcu *plens;	/* NULL: no bindings */
	u32 nbindings;
	u32 nunvouched;

	struct simseg_session_table sessions;
	u32 settings[SIMSEG_SETTINGS];	/* of the ruleset; READ_ONCE() */
	u64 pickup_until;		/* CLOCK_BOOTTIME, ns */
	struct mutex cut_lock;		/* a receipt counts what it cut: the sweep waits */
	struct delayed_work sweep;
	u32 swept;			/* change that the last full sweep saw */
	u32 sweep_part;
	u64 settled;			/* ns that the last change took to be enforced everywhere */

	struct timerqueue_head deadlines;	/* the first to come first */
	struct hrtimer deadline_timer;
	struct work_struct deadline_work;
	bool deadlines_over;		/* the namespace dies: none fires any more */

	struct list_head iface_specs;
	u32 niface_specs;
	struct simseg_hops hops;
	bool forwards;			/* an interface does */
	struct xarray ifaces;		/* by ifindex; RCU */
	struct nf_hook_ops floor[SIMSEG_FLOOR_HOOKS];

	struct simseg_counters __percpu *counters;
	struct simseg_deny *deny;	/* denies of no device; set by cmpxchg */
	spinlock_t deny_lock;		/* protects the next two */
	struct list_head deny_tables;	/* of devices; read under RCU */
	u32 ndeny_tables;
	u64 deny_seed[11];
	struct simseg_outbox outbox;

	char disarm_actor[SIMSEG_ACTOR_MAX + 1];
	char disarm_reason[SIMSEG_REASON_MAX + 1];
};

/* Is the time over of a grant that allows it? */
static inline bool simseg_session_overdue(const struct simseg_session *s)
{
	return unlikely(test_bit(SIMSEG_SESSION_F_GRANTED, &s->flags)) &&
	       ktime_get_coarse_boottime_ns() >= READ_ONCE(s->until);
}

static inline struct simseg_net *simseg_session_net(const struct simseg_session *s)
{
	return s->party[0].device->sn;
}

/* @d: 0 from the initiator, 1 to it. */
static __always_inline void simseg_session_carry(struct simseg_session *s, u8 d, u32 packets,
						 u32 bytes)
{
	u32 now = jiffies;

	atomic64_add(packets, &s->packets[d]);
	atomic64_add(bytes, &s->bytes[d]);
	if (unlikely((s32)(now - READ_ONCE(s->last)) > 0))
		WRITE_ONCE(s->last, now);
}

static inline u32 simseg_setting(const struct simseg_net *sn, u32 setting)
{
	return READ_ONCE(sn->settings[setting]);
}

#endif /* _SIMSEG_TYPES_H */
