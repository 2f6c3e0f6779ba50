/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libseg: talk to the kernel module simseg
 *
 * Conventions
 * -----------
 * Functions return 0 or -errno; those that count say so. After a failure,
 * seg_strerror() gives one sentence: the kernel's own text word for word
 * when it sent one. Nothing is printed, and the process is never ended.
 *
 * Addresses are 16 bytes in network byte order, IPv4 as ::ffff:a.b.c.d; a
 * prefix is struct simseg_prefix of <linux/simseg.h>. Ports are in host byte
 * order everywhere but in struct simseg_record. Times are nanoseconds.
 * Strings are UTF-8 and NUL-terminated.
 *
 * Ownership: the library copies what it is given before it returns. What a
 * callback is given belongs to the library and dies with the callback's
 * return. A callback must not call the library with the same handle (-EBUSY);
 * a value other than 0 that it returns ends the reading and is returned.
 *
 * A handle is one netlink socket; threads need one each.
 *
 * Error codes with a meaning of their own
 * ---------------------------------------
 * -ENOPKG: the module is not loaded (seg_open())
 * -EAGAIN: a list was delivered, but objects changed in every attempt to read
 *	    it: some may be missing
 * -EOPNOTSUPP: this library was built without BPF
 */
#ifndef _LIBSEG_H
#define _LIBSEG_H

#include <stddef.h>
#include <stdint.h>

#include <linux/simseg.h>
#include <linux/simseg_record.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* Room for the longest text of its kind, with the NUL. */
#define SEG_ICCID_LEN  (SIMSEG_ICCID_MAX + 1)
#define SEG_ADDR_LEN   46
#define SEG_PREFIX_LEN 50
#define SEG_PROTO_LEN  8
#define SEG_SETTINGS   32 /* room for settings, more than there are */

struct seg_handle;

/* handle.c */

/**
 * seg_open() - open a socket to the module
 * @h: the handle; set whenever -ENOMEM is not what is returned, so that
 *	seg_strerror() can tell why; seg_close() it in any case
 * @netns: a name in /run/netns, a path, or NULL for the caller's namespace
 *
 * With @netns the calling thread enters that namespace and comes back; if it
 * cannot come back, -ENOTRECOVERABLE is returned and the thread is lost.
 */
int seg_open(struct seg_handle **h, const char *netns);

/* seg_close() - NULL is allowed. */
void seg_close(struct seg_handle *h);

/* seg_strerror() - why the last call failed; never NULL, lives in the handle. */
const char *seg_strerror(const struct seg_handle *h);

/*
 * seg_subject() - what the last refusal was about ("device 8988...", "policy
 * meter"), of an upload or of a request for many; "" if that is not known.
 */
const char *seg_subject(const struct seg_handle *h);

/*
 * Who changes something, why, and for which ticket; they go with every change
 * from now on. The kernel refuses a change without an actor. NULL or "" takes
 * a value away. -EINVAL: too long (SIMSEG_ACTOR_MAX, ...).
 */
int seg_set_actor(struct seg_handle *h, const char *actor);
int seg_set_reason(struct seg_handle *h, const char *reason);
int seg_set_ticket(struct seg_handle *h, const char *ticket);

/* seg_ifindex() - index of an interface in the handle's namespace, or -errno. */
int seg_ifindex(struct seg_handle *h, const char *ifname);

/* addr.c */

/**
 * seg_prefix_parse() - text to prefix
 * @text: "10.64.0.0/16", "fd64::/48", or an address (a prefix of full length)
 * @prefix: set unless -EINVAL or -ERANGE is returned
 *
 * Return: 0; -EINVAL: not an address; -ERANGE: a bad prefix length; -EDOM:
 * bits beyond the prefix length are set (@prefix has them cleared).
 */
int seg_prefix_parse(const char *text, struct simseg_prefix *prefix);

/* These return @buf. A prefix of full length is printed as an address. */
char *seg_prefix_print(const struct simseg_prefix *prefix, char buf[SEG_PREFIX_LEN]);
char *seg_addr_print(const uint8_t addr[16], char buf[SEG_ADDR_LEN]);

/* 1 if @inner lies in @outer, else 0; a prefix lies in itself. */
int seg_prefix_contains(const struct simseg_prefix *outer, const struct simseg_prefix *inner);
/* 1 if the address is IPv4. */
int seg_addr_is_v4(const uint8_t addr[16]);
/* By address, then by length: negative, 0 or positive. */
int seg_prefix_cmp(const struct simseg_prefix *a, const struct simseg_prefix *b);

/* iccid.c */

/*
 * seg_iccid_parse() - 18 to 20 digits, one trailing F or f stripped, to @iccid;
 * -EINVAL (then @iccid is unchanged).
 */
int seg_iccid_parse(const char *text, char iccid[SEG_ICCID_LEN]);
/* 1 if the last digit is the Luhn check digit of the others (ITU-T E.118). */
int seg_iccid_luhn(const char *iccid);
/* From packed BCD as in struct simseg_record; "" if there is no device. */
char *seg_iccid_unpack(const uint8_t bcd[10], char iccid[SEG_ICCID_LEN]);
/* To the same. */
void seg_iccid_pack(const char *iccid, uint8_t bcd[10]);

/* names.c */

/* Words and sentences for codes; "?" for a code that is not known. */
const char *seg_reason_name(unsigned int reason);
const char *seg_reason_text(unsigned int reason);
int seg_reason_verdict(unsigned int reason); /* enum simseg_verdict, or -EINVAL */
const char *seg_end_name(unsigned int end);
const char *seg_end_text(unsigned int end);
const char *seg_verdict_name(unsigned int verdict);
const char *seg_state_name(unsigned int state);
const char *seg_session_state_name(unsigned int state);
const char *seg_side_name(unsigned int side);
const char *seg_mode_name(unsigned int mode);
const char *seg_forward_name(unsigned int forward);
/* What the lowest bit of SIMSEG_SKIP_* in @skips means, in some words; NULL: none is set. */
const char *seg_skip_text(uint32_t skips);
/* The file's name of SIMSEG_A_SETTING_*; NULL if there is no such setting. */
const char *seg_setting_name(unsigned int setting);
uint32_t seg_setting_default(unsigned int setting);

/* Words to codes; -EINVAL for a word that is not known. */
int seg_reason_parse(const char *name);
int seg_side_parse(const char *name);
int seg_mode_parse(const char *name);
int seg_forward_parse(const char *name);
int seg_setting_parse(const char *name);
/* A name (tcp, udp, icmp, ...) or a number from 1 to 255. */
int seg_proto_parse(const char *name);
char *seg_proto_print(uint8_t proto, char buf[SEG_PROTO_LEN]);
/* 1 if the protocol has ports that rules can name. */
int seg_proto_has_ports(uint8_t proto);

/* 1 if @text is a good name of a policy, peer set or label. */
int seg_name_valid(const char *text);
/* 1 if @text is a good interface name; with @pattern it may end in one '*'. */
int seg_ifname_valid(const char *text, int pattern);
/* 1 if the interface name is what the name or pattern says. */
int seg_ifname_match(const char *pattern, const char *ifname);
/* 1 if @text is UTF-8 of at most @max bytes without control characters. */
int seg_text_valid(const char *text, size_t max);

/* What objects look like. */

/* struct seg_rule - one line of an allow-list; see enum simseg_attr_rule */
struct seg_rule {
	uint32_t id;	   /* replies: 1 is the policy's first */
	uint8_t dir;	   /* enum simseg_dir */
	uint8_t has_proto; /* 0: every protocol */
	uint8_t proto;
	uint8_t has_ports; /* 0: every port */
	uint8_t self;	   /* 1: the gateway's own addresses */
	uint16_t port_low;
	uint16_t port_high;
	const char *peer;  /* name of a peer set, or NULL */
	const char *label; /* or NULL */
	const struct simseg_prefix *prefixes;
	size_t n_prefixes;
};

struct seg_binding {
	struct simseg_prefix prefix;
	const char *ifname; /* name or pattern; NULL: the network vouches */
	uint32_t epoch;	    /* replies */
};

struct seg_device {
	const char *iccid;
	const char *policy; /* NULL: none (an ICCID held in advance) */
	const char *asset;  /* or NULL */
	const struct seg_binding *bindings;
	size_t n_bindings;
	const struct seg_rule *rules; /* its own, on top of the policy's */
	size_t n_rules;
	/* What follows is in replies only. */
	uint32_t id;
	uint8_t state;	    /* enum simseg_state */
	const char *reason; /* of the quarantine, or NULL */
	const char *actor;  /* of the quarantine, or NULL */
	const struct simseg_prefix *allow;
	size_t n_allow;
	uint64_t duration; /* ns until the quarantine ends by itself; 0: it does not */
	uint64_t age;	   /* ns since it is quarantined */
	uint32_t sessions;
	uint8_t part; /* 1: more rules of the device before, no more */
};

/* What a change did; times are CLOCK_BOOTTIME, see enum simseg_attr_receipt. */
struct seg_receipt {
	uint32_t devices;
	uint32_t sessions;
	uint32_t conntrack;
	uint32_t kept;
	uint32_t added;
	uint32_t removed;
	uint64_t time_request;
	uint64_t time_state;
	uint64_t time_done;
	uint64_t time_real;		/* CLOCK_REALTIME at time_done */
	uint32_t replaced;		/* devices that were quarantined already */
	uint32_t tcp, udp, icmp, other; /* of sessions */
	uint32_t offloaded;		/* of conntrack, in a flowtable */
	uint32_t hardware;		/* of offloaded, in hardware */
	uint32_t generation;		/* of the ruleset in force */
	uint8_t hash[SIMSEG_HASH_LEN];
};

/* status.c */

struct seg_status {
	uint8_t armed;
	uint8_t governed;
	uint8_t kfuncs;
	uint32_t generation;
	uint8_t hash[SIMSEG_HASH_LEN];
	uint32_t pools, policies, peersets, devices, quarantined;
	uint32_t bindings, unvouched, sessions;
	uint32_t observing; /* policies that only observe */
	uint64_t deadline;  /* ns until the first thing ends by itself; 0: nothing does */
	uint64_t netns_cookie;
	uint64_t trial;	       /* ns until the ruleset in force goes back; 0: never */
	uint8_t trial_confirm; /* 1: unless it is confirmed before */
	uint64_t settled;      /* ns that the last change took to reach every flow */
	uint64_t records_made, records_delivered, records_waiting, records_lost;
	uint64_t records_unheard;	   /* of the lost ones */
	uint64_t records_untold;	   /* of the lost ones: in no gap record yet */
	uint64_t records_since;		   /* CLOCK_BOOTTIME, ns: when their numbers began */
	uint8_t has_setting[SEG_SETTINGS]; /* by SIMSEG_A_SETTING_* */
	uint32_t setting[SEG_SETTINGS];
	char disarm_actor[SIMSEG_ACTOR_MAX + 1]; /* "" while armed */
	char disarm_reason[SIMSEG_REASON_MAX + 1];
};

int seg_status_get(struct seg_handle *h, struct seg_status *status);

/* gate.c */

/* Policies, devices and sessions go, pools stay. @receipt may be NULL. */
int seg_flush(struct seg_handle *h, struct seg_receipt *receipt);
/* Opens the gate; needs seg_set_reason(). */
int seg_disarm(struct seg_handle *h);
int seg_arm(struct seg_handle *h);

/* ruleset.c */

/*
 * An upload: begin, pieces, commit or abort, with nothing else on the handle
 * in between. Pieces are gathered and sent together: a refusal may be
 * returned by a later piece or by commit; seg_subject() tells which piece it
 * was. After any failure, abort. Pieces of one name add up; any length is
 * split into messages here.
 */
struct seg_commit {
	uint32_t generation;
	uint8_t hash[SIMSEG_HASH_LEN];
	struct seg_receipt receipt;
};

/* @generation: that of seg_status_get(); -ESTALE or such if it has moved on. */
int seg_ruleset_begin(struct seg_handle *h, uint32_t generation);
int seg_ruleset_pool(struct seg_handle *h, const struct simseg_prefix *prefixes, size_t n);
int seg_ruleset_failsafe(struct seg_handle *h, const struct simseg_prefix *prefixes, size_t n);
int seg_ruleset_peer(struct seg_handle *h, const char *name, const struct simseg_prefix *prefixes,
		     size_t n);
/* Name, observe and rules of @policy. */
struct seg_policy;
int seg_ruleset_policy(struct seg_handle *h, const struct seg_policy *policy);
/* @setting: SIMSEG_A_SETTING_* */
int seg_ruleset_setting(struct seg_handle *h, unsigned int setting, uint32_t value);
int seg_ruleset_device(struct seg_handle *h, const struct seg_device *device);

struct seg_flow;
struct seg_commit_opts {
	uint32_t flags;			  /* SIMSEG_COMMIT_* */
	const struct simseg_prefix *open; /* pools that may go */
	size_t n_open;
	uint64_t duration;	     /* ns on trial; 0: for good */
	const struct seg_flow *keep; /* a connection that must not be cut; or NULL */
};
/*
 * @opts and @commit may be NULL. With SIMSEG_COMMIT_DRY @commit has what would
 * change, and the generation and hash in force.
 */
int seg_ruleset_commit(struct seg_handle *h, const struct seg_commit_opts *opts,
		       struct seg_commit *commit);
/* The ruleset on trial stays; -ENOENT if none is, -EPERM for a change window. */
int seg_ruleset_confirm(struct seg_handle *h);
/* The one before is put back at once. */
int seg_ruleset_revert(struct seg_handle *h, struct seg_receipt *receipt);
int seg_ruleset_abort(struct seg_handle *h);

/* duration.c */

/* "90s", "15m", "2h", "1d", or several such, the larger first, in ns; -EINVAL. */
int seg_duration_parse(const char *text, uint64_t *ns);

/* pool.c, policy.c, peer.c */

struct seg_pool {
	struct simseg_prefix prefix;
	uint8_t failsafe; /* 1: not a pool but a failsafe prefix */
};
typedef int (*seg_pool_cb)(const struct seg_pool *pool, void *arg);
int seg_pool_list(struct seg_handle *h, seg_pool_cb cb, void *arg);

/*
 * A policy or peer set that is larger than a message comes in several calls
 * in a row with the same name; @n_rules, @n_prefixes count this call's.
 */
struct seg_policy {
	const char *name;
	uint32_t id;
	uint32_t count;	 /* rules in total; replies only */
	uint8_t observe; /* 1: what its rules deny passes, and is told */
	const struct seg_rule *rules;
	size_t n_rules;
};
typedef int (*seg_policy_cb)(const struct seg_policy *policy, void *arg);
int seg_policy_list(struct seg_handle *h, seg_policy_cb cb, void *arg);
int seg_policy_get(struct seg_handle *h, const char *name, seg_policy_cb cb, void *arg);

struct seg_peer {
	const char *name;
	uint32_t count;	      /* prefixes in total */
	const uint64_t *left; /* ns until each goes by itself; 0: it does not */
	const struct simseg_prefix *prefixes;
	size_t n_prefixes;
};
typedef int (*seg_peer_cb)(const struct seg_peer *peer, void *arg);
int seg_peer_list(struct seg_handle *h, seg_peer_cb cb, void *arg);
int seg_peer_get(struct seg_handle *h, const char *name, seg_peer_cb cb, void *arg);
int seg_peer_add(struct seg_handle *h, const char *name, const struct simseg_prefix *prefixes,
		 size_t n, uint64_t duration);
/* All of them, or none if one is not there; @n 0: all that it holds. */
int seg_peer_del(struct seg_handle *h, const char *name, const struct simseg_prefix *prefixes,
		 size_t n);
/* What the set holds, in one step, however long; @receipt may be NULL. */
int seg_peer_replace(struct seg_handle *h, const char *name, const struct simseg_prefix *prefixes,
		     size_t n, struct seg_receipt *receipt);

/* device.c, binding.c, quarantine.c */

/* A device with many rules comes in several calls in a row: @part. */
typedef int (*seg_device_cb)(const struct seg_device *device, void *arg);
int seg_device_list(struct seg_handle *h, seg_device_cb cb, void *arg);
/*
 * The same for very many devices: none is kept here, each is handed out when it
 * comes. If others changed meanwhile, @again says so, and all come once more.
 */
int seg_device_stream(struct seg_handle *h, seg_device_cb cb, void (*again)(void *arg), void *arg);
/* -ENOENT: no such device, or no device has that address. */
int seg_device_get(struct seg_handle *h, const char *iccid, seg_device_cb cb, void *arg);
int seg_device_get_by_prefix(struct seg_handle *h, const struct simseg_prefix *prefix,
			     seg_device_cb cb, void *arg);
int seg_device_new(struct seg_handle *h, const struct seg_device *device);
int seg_device_del(struct seg_handle *h, const char *iccid, struct seg_receipt *receipt);

/* One at a time: all or nothing. An address that another device has is refused. */
int seg_binding_new(struct seg_handle *h, const char *iccid, const struct seg_binding *binding);
/* @n 0: all of the device's. */
int seg_binding_del(struct seg_handle *h, const char *iccid, const struct seg_binding *bindings,
		    size_t n, struct seg_receipt *receipt);

struct seg_quarantine {
	const char *const *iccids;
	size_t n;			   /* at least 1 */
	const struct simseg_prefix *allow; /* responders that may still talk to them */
	size_t n_allow;			   /* at most SIMSEG_ALLOW_MAX */
	uint64_t duration;		   /* ns until it ends by itself; 0: it does not */
	uint8_t unknown;		   /* 1: hold an ICCID that is not known yet */
};

/**
 * seg_quarantine() - cut devices off, all of them or none
 * @receipt: may be NULL
 *
 * One that is quarantined already gets the new exceptions and deadline. After a
 * refusal, seg_subject() names the device that it is about.
 */
int seg_quarantine(struct seg_handle *h, const struct seg_quarantine *q,
		   struct seg_receipt *receipt);
/* Needs seg_set_reason(); seg_subject() as above. */
int seg_release(struct seg_handle *h, const char *const *iccids, size_t n);

/* grant.c */

/* One rule more for one device, for a while. */
struct seg_grant {
	uint32_t id;
	const char *iccid;
	const struct seg_rule *rule;
	const char *ifname; /* where a session's first packet arrives; NULL: anywhere */
	const char *actor;
	const char *reason;
	const char *ticket;
	uint32_t uid;	   /* of who made it, as the kernel knows */
	uint64_t duration; /* ns that are left */
	uint32_t sessions; /* that it allows now */
	uint32_t flags;	   /* of a new one: SIMSEG_COMMIT_RESTORE or 0 */
};
typedef int (*seg_grant_cb)(const struct seg_grant *grant, void *arg);
/* @iccid: of this device only; NULL: all. */
int seg_grant_list(struct seg_handle *h, const char *iccid, seg_grant_cb cb, void *arg);
/*
 * iccid, rule, ifname, duration and flags of @grant; needs seg_set_reason() and
 * seg_set_ticket(). @id may be NULL.
 */
int seg_grant_new(struct seg_handle *h, const struct seg_grant *grant, uint32_t *id);

/* Which grants end: one of the three; 0 and NULL else. */
struct seg_revoke {
	uint32_t id;
	const char *actor;  /* all that this actor has made */
	const char *ticket; /* all for this ticket */
};
typedef int (*seg_revoked_cb)(uint32_t id, void *arg);
/* All of them or none; @cb (or NULL) is called for each, @receipt may be NULL. */
int seg_grant_del(struct seg_handle *h, const struct seg_revoke *which, seg_revoked_cb cb,
		  void *arg, struct seg_receipt *receipt);

/* session.c */

struct seg_session {
	uint64_t id;
	uint8_t src[16]; /* the initiator */
	uint8_t dst[16];
	uint16_t sport; /* host order; ICMP: the echo identifier */
	uint16_t dport;
	uint8_t proto;
	uint8_t state;		/* enum simseg_session_state */
	const char *iccid;	/* device of the source, or NULL */
	const char *peer_iccid; /* device of the destination, or NULL */
	const char *policy;	/* or NULL */
	const char *label;	/* or NULL */
	uint32_t rule;
	uint64_t packets, bytes, reply_packets, reply_bytes;
	uint64_t age, idle, expires;
	uint32_t grant; /* that allows it; 0: none */
};
typedef int (*seg_session_cb)(const struct seg_session *session, void *arg);
/* @iccid: sessions of this device only; NULL: all. */
int seg_session_list(struct seg_handle *h, const char *iccid, seg_session_cb cb, void *arg);
int seg_session_del(struct seg_handle *h, uint64_t id, struct seg_receipt *receipt);

/* log.c */

/* A change, as the module has logged it. Texts are as given: they may be anything. */
struct seg_change {
	uint64_t seq;	 /* from 1, without holes as made */
	uint64_t time;	 /* CLOCK_BOOTTIME */
	uint64_t real;	 /* CLOCK_REALTIME */
	uint8_t command; /* enum simseg_cmd */
	const char *subject;
	const char *actor;  /* as given; "kernel": the module itself */
	const char *reason; /* as given, or NULL, as the next */
	const char *ticket;
	const char *comm; /* as the kernel knows, as the next three */
	uint32_t pid;	  /* 0: the module itself */
	uint32_t uid;
	uint32_t loginuid;   /* UINT32_MAX: none */
	uint32_t generation; /* after it, as the next */
	uint8_t hash[SIMSEG_HASH_LEN];
	uint32_t devices;  /* that changed */
	uint32_t sessions; /* that were cut */
};
typedef int (*seg_change_cb)(const struct seg_change *change, void *arg);
/* The oldest first; @last: so many at the end only; 0: all that are kept. */
int seg_log_list(struct seg_handle *h, uint32_t last, seg_change_cb cb, void *arg);
/*
 * From now on this handle hears of changes, and is good for nothing else. What a
 * slow reader has missed shows in the numbers.
 */
int seg_log_join(struct seg_handle *h);
/* Hand out the changes that have come; @timeout_ms -1: wait for ever. */
int seg_log_wait(struct seg_handle *h, int timeout_ms, seg_change_cb cb, void *arg);

/* stats.c */

struct seg_counter {
	uint8_t code; /* enum simseg_reason */
	uint64_t packets;
	uint64_t bytes;
};
typedef int (*seg_counter_cb)(const struct seg_counter *counter, void *arg);
int seg_stats_get(struct seg_handle *h, seg_counter_cb cb, void *arg);

/* iface.c */

struct seg_iface_stats {
	uint64_t device_rx, rx, rx_bytes, rx_other, rx_inner;
	uint64_t xdp_drop, xdp_drop_bytes, xdp_forward, xdp_forward_bytes;
	uint64_t guard_drop, prerouting;
	uint64_t floor_pass, floor_allow, floor_deny, merged, tx_guard_drop;
};
struct seg_iface {
	const char *ifname;	      /* name or pattern */
	uint32_t ifindex;	      /* 0: this is the entry, not an interface */
	uint8_t side;		      /* enum simseg_side */
	uint8_t mode;		      /* enum simseg_mode */
	uint8_t forward;	      /* enum simseg_forward: the wish */
	uint8_t forwards;	      /* 1: packets are sent on at once, of an interface */
	uint32_t skips;		      /* SIMSEG_SKIP_*: what they skip, or would */
	uint8_t bridge_port;	      /* 1: a port of a bridge, of an interface */
	struct seg_iface_stats stats; /* of an interface */
};
typedef int (*seg_iface_cb)(const struct seg_iface *iface, void *arg);
int seg_iface_list(struct seg_handle *h, seg_iface_cb cb, void *arg);
int seg_iface_set(struct seg_handle *h, const char *ifname, uint8_t side, uint8_t mode,
		  uint8_t forward);
int seg_iface_del(struct seg_handle *h, const char *ifname);

/* link.c: what lies below IP */

struct seg_link {
	const char *ifname;
	uint32_t ifindex;
	uint32_t xdp_id;   /* of the XDP program on it, anybody's; 0: none */
	uint8_t ingress;   /* 1: there are tc filters that see packets first */
	const char *qdisc; /* kind of the root queue, or NULL */
	uint32_t bytes;	   /* that wait in it now, */
	uint32_t packets;  /* of anybody */
};
typedef int (*seg_link_cb)(const struct seg_link *link, void *arg);
/* Every interface of the handle's namespace, by rtnetlink. */
int seg_link_list(struct seg_handle *h, seg_link_cb cb, void *arg);
/*
 * Throws away what waits in the queues of an interface, of anybody; what they
 * are stays as it is. What comes within some milliseconds goes as well.
 */
int seg_link_flush(struct seg_handle *h, const char *ifname);

/* explain.c */

struct seg_flow {
	uint8_t src[16];
	uint8_t dst[16];
	uint16_t sport; /* 0: any */
	uint16_t dport;
	uint8_t proto;
	uint32_t ifindex; /* 0: where the source is bound */
};
struct seg_explanation {
	uint8_t verdict;	   /* enum simseg_verdict */
	uint8_t reason;		   /* enum simseg_reason */
	uint32_t rule;		   /* 0: none */
	uint64_t session;	   /* 0: none */
	char iccid[SEG_ICCID_LEN]; /* "" where there is none */
	char peer_iccid[SEG_ICCID_LEN];
	char policy[SIMSEG_NAME_MAX + 1];
	char label[SIMSEG_LABEL_MAX + 1];
	uint32_t grant; /* whose rule it is; 0: none's */
};
int seg_explain(struct seg_handle *h, const struct seg_flow *flow, struct seg_explanation *ex);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#include "libseg_bpf.h"

#endif /* _LIBSEG_H */
