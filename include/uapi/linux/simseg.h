/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * simseg: a default-deny microsegment around every SIM IP
 *
 * This header is the contract between the kernel module, the BPF programs,
 * libseg and segctl. It has four parts: limits, enumerations, the generic
 * netlink family "simseg" and the record.
 *
 * Conventions
 * -----------
 * Addresses are 128 bits in network byte order. An IPv4 address a.b.c.d is
 * written as the IPv4-mapped IPv6 address ::ffff:a.b.c.d (RFC 4291, 2.5.5.2),
 * and an IPv4 prefix /n has the length 96 + n. There is no second form.
 * Ports are in network byte order where the type says __be16, else in host
 * order. All other integers are in host byte order. Times are nanoseconds.
 * Strings are NUL-terminated; their limits are given without the NUL.
 *
 * Generic netlink
 * ---------------
 * Family "simseg", version 1, described for machines by
 * Documentation/netlink/specs/simseg.yaml. Every command needs CAP_NET_ADMIN
 * in the user namespace that owns the network namespace. Unknown attributes,
 * and known ones that a command does not list, are refused. Every refusal
 * carries an extended ACK with one sentence. A refused request has changed
 * nothing.
 *
 * Every command that changes something takes SIMSEG_A_ACTOR, the name of who
 * does it; without one it is refused with EINVAL. SIMSEG_A_REASON and
 * SIMSEG_A_TICKET may go with each of them.
 *
 * A command that the table calls "dump" answers with one message an object;
 * NLM_F_DUMP_INTR is set when objects changed meanwhile, and the reader has
 * to start again. An object that does not fit one message goes on in the next:
 * a policy under the same POLICY with its next RULEs, a peer set under the same
 * PEER with its next PREFIXes, a device as ICCID and ID with its next RULEs.
 * Each request may carry SIMSEG_A_DOMAIN; it has to be 0.
 *
 *  command           request                              reply
 *  ---------------------------------------------------------------------------
 *  STATUS_GET        -                                    STATUS, GENERATION,
 *                                                         HASH, SETTING, ACTOR
 *                                                         and REASON of disarm
 *  RULESET_BEGIN     GENERATION that it builds on         -
 *  RULESET_POOL      PREFIX...                            -
 *  RULESET_FAILSAFE  PREFIX...                            -
 *  RULESET_PEER      PEER, PREFIX...                      -
 *  RULESET_POLICY    POLICY, OBSERVE, RULE...             -
 *  RULESET_SETTING   SETTING                              -
 *  RULESET_DEVICE    DEVICE...                            -
 *  RULESET_COMMIT    OPEN_POOL..., FLAGS, DURATION, FLOW  RECEIPT
 *  CONFIRM           -                                    -
 *  REVERT            -                                    RECEIPT
 *  RULESET_ABORT     -                                    -
 *  POOL_GET          dump                                 PREFIX, FAILSAFE flag
 *  POLICY_GET        dump, optional POLICY                POLICY, ID, COUNT,
 *                                                         OBSERVE, RULE...
 *  PEER_GET          dump, optional PEER                  PEER, COUNT, PREFIX..,
 *                                                         ELEMENT...
 *  PEER_ADD          PEER, PREFIX..., DURATION            -
 *  PEER_DEL          PEER, PREFIX... (none: all of it)    -
 *  DEVICE_NEW        ICCID, POLICY, ASSET, BINDING..,     -
 *                    RULE...
 *  DEVICE_DEL        ICCID                                RECEIPT
 *  DEVICE_GET        ICCID or PREFIX, or dump             ICCID, ID, POLICY,
 *                                                         ASSET, STATE, REASON,
 *                                                         ACTOR, ALLOW...,
 *                                                         DURATION, AGE,
 *                                                         BINDING..., RULE...,
 *                                                         COUNT of sessions
 *  BINDING_NEW       ICCID, BINDING                       -
 *  BINDING_DEL       ICCID, BINDING... (none: all)        RECEIPT
 *  QUARANTINE        ICCID..., REASON, ALLOW...,          RECEIPT
 *                    UNKNOWN, DURATION
 *  RELEASE           ICCID..., REASON                     -
 *  FLUSH             -                                    RECEIPT
 *  DISARM            REASON                               -
 *  ARM               -                                    -
 *  SESSION_GET       dump, optional ICCID                 SESSION
 *  SESSION_DEL       ID64                                 RECEIPT
 *  STATS_GET         -                                    COUNTER..., STATS of
 *                                                         records in STATUS
 *  IFACE_SET         IFNAME, SIDE, MODE, FORWARD          -
 *  IFACE_DEL         IFNAME                               -
 *  IFACE_GET         dump                                 IFNAME, SIDE, MODE,
 *                                                         FORWARD; a second
 *                                                         message for each
 *                                                         interface that it
 *                                                         matches: the same,
 *                                                         IFINDEX, STATS,
 *                                                         FORWARDS,
 *                                                         FORWARD_SKIPS
 *  EXPLAIN           FLOW                                 VERDICT, CODE, ICCID,
 *                                                         POLICY, ID, LABEL,
 *                                                         PEER_ICCID, ID64,
 *                                                         GRANT
 *  GRANT_NEW         ICCID, RULE, DURATION, IFNAME,       GRANT
 *                    REASON, TICKET, FLAGS
 *  GRANT_DEL         GRANT, OF_ACTOR or OF_TICKET         GRANT..., RECEIPT
 *  GRANT_GET         dump, optional ICCID                 GRANT, ICCID, RULE,
 *                                                         IFNAME, ACTOR, REASON,
 *                                                         TICKET, UID, DURATION,
 *                                                         COUNT of sessions
 *  LOG_GET           dump, optional COUNT: the last ones  SEQ, TIME, REAL,
 *                                                         COMMAND, SUBJECT,
 *                                                         ACTOR, REASON, TICKET,
 *                                                         PID, UID, LOGINUID,
 *                                                         COMM, GENERATION, HASH,
 *                                                         RECEIPT
 *
 * QUARANTINE and RELEASE take any number of ICCIDs in one message, and do all
 * of them or none; the extended ACK of a refusal points at the ICCID that it is
 * about.
 *
 * A change that was made is answered with GENERATION and HASH of the ruleset in
 * force, beside what the table says. The memory for that is there before the
 * change. A socket that reports ENOBUFS in the place of an ACK can so be trusted:
 * with an answer in it the change was made, without one nothing has changed.
 *
 * A ruleset is uploaded over one socket: BEGIN, any number of pieces, COMMIT.
 * The upload belongs to the socket and dies with it. COMMIT checks the whole
 * and puts it in force in one step, or changes nothing. A namespace has at
 * most SIMSEG_UPLOADS_MAX uploads at a time.
 * If at least one RULESET_DEVICE piece came, or COMMIT carries
 * SIMSEG_COMMIT_DEVICES, the devices become equal to the uploaded ones,
 * except that a quarantined device that is missing stays; without either,
 * devices stay as they are. A setting "devices" above its default has to come
 * before the devices. A pool in force that is not in the upload makes
 * COMMIT fail with EPERM, unless OPEN_POOL names it.
 * What is in force already stays, with its generation. With DURATION the ruleset
 * is on trial: the one before is kept, and put back after that time, as a new
 * generation; with SIMSEG_COMMIT_CONFIRM unless CONFIRM comes before, without it
 * in any case; REVERT puts it back at once. Until then no other ruleset can be
 * committed. Such a COMMIT takes no devices. A COMMIT that is not on trial fails
 * with EPERM if it would deny FLOW, the connection over which it is made, or if a
 * failsafe prefix lies in a pool and none did before.
 *
 * A COMMIT with SIMSEG_COMMIT_MERGE changes devices only, and takes no other
 * piece: the ruleset in force stays, with its generation. An uploaded device
 * is added, or the one with its ICCID becomes equal to it, except that one
 * without RULE keeps the rules of its own that it has; other devices stay, but
 * for addresses that go to an uploaded one. With SIMSEG_COMMIT_DRY as well it
 * only tells what it would change.
 *
 * A grant is one rule on one device, on top of its policy and its own rules, for
 * DURATION. It needs ACTOR, TICKET and REASON. With IFNAME, a name or pattern, it
 * holds only for sessions whose first packet arrived there. It ends by itself,
 * with GRANT_DEL or with its device; its sessions end with it unless something
 * else allows them. GRANT_DEL with OF_ACTOR or OF_TICKET takes all that fit.
 *
 * Every change gets a number and is logged: the last SIMSEG_LOG_MAX are kept, and
 * apart from them as many that the module made by itself. LOG_GET gives each in
 * the order of the numbers. It is multicast to the group "config" as well: the same
 * attributes, and those of the request as far as they fit one page. What the
 * module changes by itself, because a time is over, has the actor "kernel", the
 * PID 0 and the number of the command that would have done it; a request with
 * that actor is refused. ACTOR, REASON and TICKET are as given; PID, UID,
 * LOGINUID and COMM are what the kernel knows of who sent it. Pieces of an upload
 * change nothing yet.
 */
#ifndef _UAPI_LINUX_SIMSEG_H
#define _UAPI_LINUX_SIMSEG_H

#include <linux/simseg_iface.h>
#include <linux/simseg_limits.h>
#include <linux/simseg_reason.h>
#include <linux/types.h>

#define SIMSEG_FAMILY_NAME	"simseg"
#define SIMSEG_FAMILY_VERSION	1
#define SIMSEG_MCGRP_CONFIG	"config"

/**
 * enum simseg_dir - direction of a rule, seen from the device
 * @SIMSEG_DIR_OUT: the device opens the session
 * @SIMSEG_DIR_IN: the peer opens the session
 */
enum simseg_dir {
	SIMSEG_DIR_OUT,
	SIMSEG_DIR_IN,
	__SIMSEG_DIR_MAX
};

/**
 * enum simseg_state - state of a device
 * @SIMSEG_STATE_ACTIVE: its policy applies
 * @SIMSEG_STATE_QUARANTINED: nothing passes but to and from its ALLOW prefixes
 * @SIMSEG_STATE_UNKNOWN: quarantined before it was known: an ICCID alone
 */
enum simseg_state {
	SIMSEG_STATE_ACTIVE,
	SIMSEG_STATE_QUARANTINED,
	SIMSEG_STATE_UNKNOWN,
	__SIMSEG_STATE_MAX
};

/**
 * struct simseg_prefix - an address with a prefix length
 * @addr: 16 bytes, network byte order, IPv4 as ::ffff:a.b.c.d; host bits zero
 * @plen: 0 to 128; an IPv4 prefix /n is 96 + n
 * @reserved: zero
 */
struct simseg_prefix {
	__u8	addr[16];
	__u8	plen;
	__u8	reserved[3];
};

/* Top-level attributes; "multi" ones may be repeated. */
enum simseg_attr {
	SIMSEG_A_UNSPEC,
	SIMSEG_A_ACTOR,		/* string, who: required in every change */
	SIMSEG_A_REASON,	/* string, why, as given */
	SIMSEG_A_TICKET,	/* string, as given */
	SIMSEG_A_DOMAIN,	/* u32, address domain; only 0 today */
	SIMSEG_A_GENERATION,	/* u32 */
	SIMSEG_A_HASH,		/* binary, SIMSEG_HASH_LEN */
	SIMSEG_A_ICCID,		/* string, 18 to 20 digits; multi in QUARANTINE,
				 * RELEASE
				 */
	SIMSEG_A_ASSET,		/* string */
	SIMSEG_A_POLICY,	/* string, name */
	SIMSEG_A_STATE,		/* u8, enum simseg_state */
	SIMSEG_A_PREFIX,	/* struct simseg_prefix, multi */
	SIMSEG_A_BINDING,	/* nest of SIMSEG_A_BINDING_*, multi */
	SIMSEG_A_RULE,		/* nest of SIMSEG_A_RULE_*, multi */
	SIMSEG_A_PEER,		/* string, name of a peer set */
	SIMSEG_A_ID,		/* u32: device, policy, or rule */
	SIMSEG_A_ID64,		/* u64: session */
	SIMSEG_A_SESSION,	/* nest of SIMSEG_A_SESSION_* */
	SIMSEG_A_IFNAME,	/* string, interface or pattern */
	SIMSEG_A_IFINDEX,	/* u32 */
	SIMSEG_A_SIDE,		/* u8, enum simseg_side */
	SIMSEG_A_MODE,		/* u8, enum simseg_mode */
	SIMSEG_A_STATS,		/* nest of SIMSEG_A_STATS_* */
	SIMSEG_A_COUNTER,	/* nest of SIMSEG_A_COUNTER_*, multi */
	SIMSEG_A_FLOW,		/* nest of SIMSEG_A_FLOW_* */
	SIMSEG_A_VERDICT,	/* u8, enum simseg_verdict */
	SIMSEG_A_CODE,		/* u8, enum simseg_reason */
	SIMSEG_A_LABEL,		/* string, of a rule */
	SIMSEG_A_PEER_ICCID,	/* string, the other device, SIM to SIM */
	SIMSEG_A_FLAGS,		/* u32, SIMSEG_COMMIT_* */
	SIMSEG_A_SETTING,	/* nest of SIMSEG_A_SETTING_* */
	SIMSEG_A_STATUS,	/* nest of SIMSEG_A_STATUS_* */
	SIMSEG_A_COUNT,		/* u32 */
	SIMSEG_A_ALLOW,		/* struct simseg_prefix, multi: responder */
	SIMSEG_A_UNKNOWN,	/* flag: hold an ICCID that is not known yet */
	SIMSEG_A_OPEN_POOL,	/* struct simseg_prefix, multi */
	SIMSEG_A_FAILSAFE,	/* flag: this prefix is a failsafe one */
	SIMSEG_A_RECEIPT,	/* nest of SIMSEG_A_RECEIPT_* */
	SIMSEG_A_PID,		/* u32, of who did it; 0: the module itself */
	SIMSEG_A_UID,		/* u32, of the same, in the initial user namespace */
	SIMSEG_A_COMMAND,	/* u8, the command that was done */
	SIMSEG_A_OBSERVE,	/* flag, of a policy: its rules deny nothing */
	SIMSEG_A_BRIDGE_PORT,	/* flag, of an interface: a port of a bridge */
	SIMSEG_A_DURATION,	/* u64, ns from now on until it ends by itself */
	SIMSEG_A_ELEMENT,	/* nest, multi: a prefix of a peer set that has a
				 * deadline: SIMSEG_A_ELEMENT_*
				 */
	SIMSEG_A_DEVICE,	/* nest of ICCID, ASSET, POLICY, BINDING...,
				 * RULE..., numbered as here; multi
				 */
	SIMSEG_A_AGE,		/* u64, ns since a device is quarantined */
	SIMSEG_A_GRANT,		/* u32, id; multi in the reply to GRANT_DEL */
	SIMSEG_A_OF_ACTOR,	/* string: the grants that this actor has made */
	SIMSEG_A_OF_TICKET,	/* string: the grants for this ticket */
	SIMSEG_A_SEQ,		/* u64, number of a change, from 1, without holes */
	SIMSEG_A_TIME,		/* u64, CLOCK_BOOTTIME, ns */
	SIMSEG_A_REAL,		/* u64, CLOCK_REALTIME, ns */
	SIMSEG_A_LOGINUID,	/* u32, as UID; all ones: none */
	SIMSEG_A_COMM,		/* string, command name of who sent it */
	SIMSEG_A_SUBJECT,	/* string, what a change was about */
	SIMSEG_A_FORWARD,	/* u8, enum simseg_forward */
	SIMSEG_A_FORWARDS,	/* flag, of an interface: XDP sends packets on at once */
	SIMSEG_A_FORWARD_SKIPS,	/* u32, of an interface: SIMSEG_SKIP_* */
	SIMSEG_A_PAD,
	__SIMSEG_A_MAX
};

#define SIMSEG_A_MAX (__SIMSEG_A_MAX - 1)

/*
 * RULESET_COMMIT:
 *	DEVICES	devices become equal to the upload, though it has none
 *	MERGE	only devices, and only those that the upload has
 *	CONFIRM	unless CONFIRM comes within DURATION, the ruleset goes back
 *	DRY	only check, and count what would change
 *	PEER	the upload is one peer set, which replaces the one in force
 *	RESTORE	it was in force before: addresses outside the pools, which may have
 *		gone since, a failsafe prefix in one, and more devices than the
 *		setting allows are no mistake; GRANT_NEW has it, too: the peer set
 *		may be gone, and the setting grant_max lower: only SIMSEG_TIME_MAX holds
 */
#define SIMSEG_COMMIT_DEVICES	(1U << 0)
#define SIMSEG_COMMIT_MERGE	(1U << 1)
#define SIMSEG_COMMIT_CONFIRM	(1U << 2)
#define SIMSEG_COMMIT_DRY	(1U << 3)
#define SIMSEG_COMMIT_PEER	(1U << 4)
#define SIMSEG_COMMIT_RESTORE	(1U << 5)

enum simseg_attr_binding {
	SIMSEG_A_BINDING_UNSPEC,
	SIMSEG_A_BINDING_PREFIX,	/* struct simseg_prefix, inside a pool */
	SIMSEG_A_BINDING_IFNAME,	/* string, interface or pattern, optional */
	SIMSEG_A_BINDING_EPOCH,		/* u32, replies only */
	__SIMSEG_A_BINDING_MAX
};

#define SIMSEG_A_BINDING_MAX (__SIMSEG_A_BINDING_MAX - 1)

/*
 * A rule. Without PROTO every protocol, without ports every port; without
 * PEER, PREFIX and SELF every peer. At most one of these three kinds.
 * PROTO IPPROTO_ICMP stands for ICMPv6 as well. Ports are those of the
 * responder, in host order, for TCP, UDP, UDP-Lite, SCTP and DCCP only.
 */
enum simseg_attr_rule {
	SIMSEG_A_RULE_UNSPEC,
	SIMSEG_A_RULE_ID,		/* u32, replies: 1 is the policy's first */
	SIMSEG_A_RULE_DIR,		/* u8, enum simseg_dir */
	SIMSEG_A_RULE_PROTO,		/* u8, IPPROTO_* */
	SIMSEG_A_RULE_PORT_LOW,		/* u16 */
	SIMSEG_A_RULE_PORT_HIGH,	/* u16, PORT_LOW if absent */
	SIMSEG_A_RULE_PEER,		/* string, name of a peer set */
	SIMSEG_A_RULE_PREFIX,		/* struct simseg_prefix, multi */
	SIMSEG_A_RULE_SELF,		/* flag: the gateway's own addresses */
	SIMSEG_A_RULE_LABEL,		/* string */
	SIMSEG_A_RULE_FQDN,		/* reserved: refused today */
	SIMSEG_A_RULE_TLS,		/* reserved: refused today */
	SIMSEG_A_RULE_OIFNAME,		/* reserved: refused today */
	__SIMSEG_A_RULE_MAX
};

#define SIMSEG_A_RULE_MAX (__SIMSEG_A_RULE_MAX - 1)

enum simseg_attr_element {
	SIMSEG_A_ELEMENT_UNSPEC,
	SIMSEG_A_ELEMENT_PREFIX,	/* struct simseg_prefix */
	SIMSEG_A_ELEMENT_DURATION,	/* u64, ns from now on */
	SIMSEG_A_ELEMENT_PAD,
	__SIMSEG_A_ELEMENT_MAX
};

#define SIMSEG_A_ELEMENT_MAX (__SIMSEG_A_ELEMENT_MAX - 1)

enum simseg_attr_session {
	SIMSEG_A_SESSION_UNSPEC,
	SIMSEG_A_SESSION_ID,		/* u64 */
	SIMSEG_A_SESSION_SRC,		/* 16 bytes, the initiator */
	SIMSEG_A_SESSION_DST,		/* 16 bytes, after destination NAT */
	SIMSEG_A_SESSION_SPORT,		/* be16; ICMP: the echo identifier */
	SIMSEG_A_SESSION_DPORT,		/* be16 */
	SIMSEG_A_SESSION_PROTO,		/* u8 */
	SIMSEG_A_SESSION_STATE,		/* u8, enum simseg_session_state */
	SIMSEG_A_SESSION_ICCID,		/* string, device of the source */
	SIMSEG_A_SESSION_PEER_ICCID,	/* string, device of the destination */
	SIMSEG_A_SESSION_POLICY,	/* string: the source's, else the peer's */
	SIMSEG_A_SESSION_RULE,		/* u32, rule id in that policy */
	SIMSEG_A_SESSION_LABEL,		/* string, of that rule */
	SIMSEG_A_SESSION_PACKETS,	/* u64, from the initiator */
	SIMSEG_A_SESSION_BYTES,		/* u64, layer 3 */
	SIMSEG_A_SESSION_REPLY_PACKETS,	/* u64 */
	SIMSEG_A_SESSION_REPLY_BYTES,	/* u64 */
	SIMSEG_A_SESSION_AGE,		/* u64, ns since it was opened */
	SIMSEG_A_SESSION_IDLE,		/* u64, ns since the last packet */
	SIMSEG_A_SESSION_EXPIRES,	/* u64, ns until it times out */
	SIMSEG_A_SESSION_GRANT,		/* u32: the grant that allows it */
	SIMSEG_A_SESSION_PAD,
	__SIMSEG_A_SESSION_MAX
};

#define SIMSEG_A_SESSION_MAX (__SIMSEG_A_SESSION_MAX - 1)

enum simseg_attr_counter {
	SIMSEG_A_COUNTER_UNSPEC,
	SIMSEG_A_COUNTER_CODE,		/* u8, enum simseg_reason */
	SIMSEG_A_COUNTER_PACKETS,	/* u64 */
	SIMSEG_A_COUNTER_BYTES,		/* u64, layer 3 */
	SIMSEG_A_COUNTER_PAD,
	__SIMSEG_A_COUNTER_MAX
};

#define SIMSEG_A_COUNTER_MAX (__SIMSEG_A_COUNTER_MAX - 1)

/*
 * Counters of one interface, in wire packets (a GSO packet counts its
 * segments) and layer-3 bytes, received direction but for TX_GUARD:
 *
 *	DEVICE_RX = RX + RX_OTHER - RX_INNER
 *	RX = XDP_DROP + XDP_FORWARD + GUARD_DROP + STACK_IN
 *	STACK_IN = FLOOR + MERGED + stack
 *
 * "stack" is what routing, other rulesets, a flowtable or a bridge took
 * between the guard and the floor; it is the difference that remains.
 */
enum simseg_attr_stats {
	SIMSEG_A_STATS_UNSPEC,
	SIMSEG_A_STATS_DEVICE_RX,	/* u64, the device's own rx_packets since
					 * it got its side
					 */
	SIMSEG_A_STATS_RX,		/* u64, IP packets that simseg saw first */
	SIMSEG_A_STATS_RX_BYTES,	/* u64 */
	SIMSEG_A_STATS_RX_OTHER,	/* u64, frames that are not IP */
	SIMSEG_A_STATS_RX_INNER,	/* u64, packets that IPsec took out of
					 * others, which come in once more
					 */
	SIMSEG_A_STATS_XDP_DROP,	/* u64 */
	SIMSEG_A_STATS_XDP_DROP_BYTES,	/* u64 */
	SIMSEG_A_STATS_GUARD_DROP,	/* u64, ingress guard */
	SIMSEG_A_STATS_PREROUTING,	/* u64, seen at PRE_ROUTING */
	SIMSEG_A_STATS_FLOOR_PASS,	/* u64, verdicts of FORWARD and LOCAL_IN */
	SIMSEG_A_STATS_FLOOR_ALLOW,	/* u64 */
	SIMSEG_A_STATS_FLOOR_DENY,	/* u64 */
	SIMSEG_A_STATS_MERGED,		/* u64, fragments that became part of
					 * another packet
					 */
	SIMSEG_A_STATS_TX_GUARD_DROP,	/* u64, egress guard, and bridge */
	SIMSEG_A_STATS_XDP_FORWARD,	/* u64, sent on at once */
	SIMSEG_A_STATS_XDP_FORWARD_BYTES, /* u64 */
	SIMSEG_A_STATS_PAD,
	__SIMSEG_A_STATS_MAX
};

#define SIMSEG_A_STATS_MAX (__SIMSEG_A_STATS_MAX - 1)

enum simseg_attr_flow {
	SIMSEG_A_FLOW_UNSPEC,
	SIMSEG_A_FLOW_SRC,		/* 16 bytes */
	SIMSEG_A_FLOW_DST,		/* 16 bytes */
	SIMSEG_A_FLOW_SPORT,		/* be16, 0 if absent */
	SIMSEG_A_FLOW_DPORT,		/* be16 */
	SIMSEG_A_FLOW_PROTO,		/* u8 */
	SIMSEG_A_FLOW_IFINDEX,		/* u32, where it arrives; absent: where the
					 * source is bound
					 */
	__SIMSEG_A_FLOW_MAX
};

#define SIMSEG_A_FLOW_MAX (__SIMSEG_A_FLOW_MAX - 1)

enum simseg_attr_status {
	SIMSEG_A_STATUS_UNSPEC,
	SIMSEG_A_STATUS_ARMED,		/* u8, 0: disarmed, the gate is open */
	SIMSEG_A_STATUS_GOVERNED,	/* u8, at least one pool */
	SIMSEG_A_STATUS_KFUNCS,		/* u8, XDP programs can ask the module */
	SIMSEG_A_STATUS_POOLS,		/* u32, number of */
	SIMSEG_A_STATUS_POLICIES,	/* u32 */
	SIMSEG_A_STATUS_PEERSETS,	/* u32 */
	SIMSEG_A_STATUS_DEVICES,	/* u32 */
	SIMSEG_A_STATUS_QUARANTINED,	/* u32 */
	SIMSEG_A_STATUS_UNVOUCHED,	/* u32, bindings without an interface */
	SIMSEG_A_STATUS_BINDINGS,	/* u32 */
	SIMSEG_A_STATUS_SESSIONS,	/* u32 */
	SIMSEG_A_STATUS_NETNS_COOKIE,	/* u64 */
	SIMSEG_A_STATUS_RECORDS_MADE,	/* u64 = DELIVERED + WAITING + LOST */
	SIMSEG_A_STATUS_RECORDS_DELIVERED, /* u64, into a ring */
	SIMSEG_A_STATUS_RECORDS_LOST,	/* u64, there was no room for them */
	SIMSEG_A_STATUS_RECORDS_UNHEARD, /* u64, of these: no program was attached */
	SIMSEG_A_STATUS_RECORDS_WAITING, /* u64, for room in the ring */
	SIMSEG_A_STATUS_RECORDS_SINCE,	/* u64, ns, CLOCK_BOOTTIME: when their numbers
					 * began; they begin again with the module
					 */
	SIMSEG_A_STATUS_OBSERVING,	/* u32, policies that only observe */
	SIMSEG_A_STATUS_TRIAL,		/* u64, ns until the ruleset goes back */
	SIMSEG_A_STATUS_TRIAL_CONFIRM,	/* u8, 1: unless it is confirmed */
	SIMSEG_A_STATUS_SETTLED,	/* u64, ns from the last change until no flow,
					 * in a flowtable or not, was left of what
					 * it no longer allows
					 */
	SIMSEG_A_STATUS_DEADLINE,	/* u64, ns until something ends by itself,
					 * whichever comes first; absent: nothing
					 */
	SIMSEG_A_STATUS_RECORDS_UNTOLD,	/* u64, of the lost ones: no gap record has
					 * told of them yet
					 */
	SIMSEG_A_STATUS_PAD,
	__SIMSEG_A_STATUS_MAX
};

#define SIMSEG_A_STATUS_MAX (__SIMSEG_A_STATUS_MAX - 1)

/*
 * What a change did. Times are CLOCK_BOOTTIME. After TIME_DONE no packet of
 * a device that was cut passes a simseg hook; what already lay in a queue
 * below IP is not recalled.
 */
enum simseg_attr_receipt {
	SIMSEG_A_RECEIPT_UNSPEC,
	SIMSEG_A_RECEIPT_DEVICES,	/* u32, devices that changed */
	SIMSEG_A_RECEIPT_SESSIONS,	/* u32, sessions cut */
	SIMSEG_A_RECEIPT_CONNTRACK,	/* u32, conntrack entries deleted */
	SIMSEG_A_RECEIPT_KEPT,		/* u32, COMMIT: quarantined devices that
					 * stay though the upload lacks them
					 */
	SIMSEG_A_RECEIPT_ADDED,		/* u32, COMMIT: devices */
	SIMSEG_A_RECEIPT_REMOVED,	/* u32, COMMIT: devices */
	SIMSEG_A_RECEIPT_TIME_REQUEST,	/* u64, the request was read */
	SIMSEG_A_RECEIPT_TIME_STATE,	/* u64, the state was set */
	SIMSEG_A_RECEIPT_TIME_DONE,	/* u64, the last packet is through */
	SIMSEG_A_RECEIPT_TIME_REAL,	/* u64, CLOCK_REALTIME at TIME_DONE */
	SIMSEG_A_RECEIPT_REPLACED,	/* u32, QUARANTINE: devices that were
					 * quarantined already: actor, reason,
					 * exceptions and deadline are new
					 */
	SIMSEG_A_RECEIPT_TCP,		/* u32, of SESSIONS */
	SIMSEG_A_RECEIPT_UDP,		/* u32, and UDP-Lite */
	SIMSEG_A_RECEIPT_ICMP,		/* u32, and ICMPv6 */
	SIMSEG_A_RECEIPT_OTHER,		/* u32, every other protocol */
	SIMSEG_A_RECEIPT_OFFLOADED,	/* u32, of CONNTRACK, in a flowtable */
	SIMSEG_A_RECEIPT_HARDWARE,	/* u32, of OFFLOADED, in hardware: the driver
					 * takes them out soon after
					 */
	SIMSEG_A_RECEIPT_PAD,
	__SIMSEG_A_RECEIPT_MAX
};

#define SIMSEG_A_RECEIPT_MAX (__SIMSEG_A_RECEIPT_MAX - 1)

enum simseg_cmd {
	SIMSEG_CMD_UNSPEC,
	SIMSEG_CMD_STATUS_GET,
	SIMSEG_CMD_RULESET_BEGIN,
	SIMSEG_CMD_RULESET_POOL,
	SIMSEG_CMD_RULESET_FAILSAFE,
	SIMSEG_CMD_RULESET_PEER,
	SIMSEG_CMD_RULESET_POLICY,
	SIMSEG_CMD_RULESET_SETTING,
	SIMSEG_CMD_RULESET_DEVICE,
	SIMSEG_CMD_RULESET_COMMIT,
	SIMSEG_CMD_RULESET_ABORT,
	SIMSEG_CMD_POOL_GET,
	SIMSEG_CMD_POLICY_GET,
	SIMSEG_CMD_PEER_GET,
	SIMSEG_CMD_PEER_ADD,
	SIMSEG_CMD_PEER_DEL,
	SIMSEG_CMD_DEVICE_NEW,
	SIMSEG_CMD_DEVICE_DEL,
	SIMSEG_CMD_DEVICE_GET,
	SIMSEG_CMD_BINDING_NEW,
	SIMSEG_CMD_BINDING_DEL,
	SIMSEG_CMD_QUARANTINE,
	SIMSEG_CMD_RELEASE,
	SIMSEG_CMD_FLUSH,
	SIMSEG_CMD_DISARM,
	SIMSEG_CMD_ARM,
	SIMSEG_CMD_SESSION_GET,
	SIMSEG_CMD_SESSION_DEL,
	SIMSEG_CMD_STATS_GET,
	SIMSEG_CMD_IFACE_SET,
	SIMSEG_CMD_IFACE_DEL,
	SIMSEG_CMD_IFACE_GET,
	SIMSEG_CMD_EXPLAIN,
	SIMSEG_CMD_EVENT,		/* multicast only */
	SIMSEG_CMD_CONFIRM,
	SIMSEG_CMD_REVERT,
	SIMSEG_CMD_GRANT_NEW,
	SIMSEG_CMD_GRANT_DEL,
	SIMSEG_CMD_GRANT_GET,
	SIMSEG_CMD_LOG_GET,
	__SIMSEG_CMD_MAX
};

#define SIMSEG_CMD_MAX (__SIMSEG_CMD_MAX - 1)

#endif /* _UAPI_LINUX_SIMSEG_H */
