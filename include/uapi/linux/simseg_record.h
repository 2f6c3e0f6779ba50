/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * simseg records: a session began or ended, packets were denied, somebody changed
 * something
 *
 * One size for every kind; the first 32 bytes mean the same in all of them. Fields
 * that a kind does not have are zero. A reader checks @version, takes @size bytes,
 * and ignores what lies beyond the fields it knows. Byte order is the machine's but
 * where it is said. Records leave the module
 * through the writable raw tracepoint "simseg_record"; a BPF program copies them
 * into a ring buffer and reports back in struct simseg_event.status.
 */
#ifndef _UAPI_LINUX_SIMSEG_RECORD_H
#define _UAPI_LINUX_SIMSEG_RECORD_H

#include <linux/simseg_limits.h>
#include <linux/simseg_reason.h>
#include <linux/types.h>

#define SIMSEG_RECORD_VERSION	2

enum simseg_record_kind {
	SIMSEG_RECORD_UNSPEC,
	SIMSEG_RECORD_OPEN,	/* a session began */
	SIMSEG_RECORD_UPDATE,	/* a session goes on */
	SIMSEG_RECORD_CLOSE,	/* a session ended; @reason: enum simseg_end */
	SIMSEG_RECORD_DENY,	/* dropped packets; @reason: enum simseg_reason */
	SIMSEG_RECORD_CONFIG,	/* a change; struct simseg_record_change */
	SIMSEG_RECORD_GAP,	/* records were lost; struct simseg_record_gap */
	SIMSEG_RECORD_TEXT,	/* of a change; struct simseg_record_text */
	__SIMSEG_RECORD_MAX
};

/* @flags of a record */
#define SIMSEG_RECORD_F_FOLDED	(1U << 0)	/* DENY: stands for what came after
						 * the first packet
						 */
#define SIMSEG_RECORD_F_MIXED	(1U << 1)	/* DENY: several peers and ports
						 * folded; those fields are zero
						 */
#define SIMSEG_RECORD_F_PICKUP	(1U << 2)	/* the session was picked up mid-stream */
#define SIMSEG_RECORD_F_OBSERVED (1U << 3)	/* DENY: it passed: the policy observes */
#define SIMSEG_RECORD_F_CLOCK	(1U << 4)	/* @real can be true: the clock on the
						 * wall is not before SIMSEG_CLOCK_MIN
						 */

#define SIMSEG_CLOCK_MIN	1767225600	/* s: a clock before 2026 was never set */

/* What a session has carried so far (UPDATE), or in all (CLOSE). */
struct simseg_record_amount {
	__u64	duration;
	__u64	packets[2];
	__u64	bytes[2];
	__u32	rtt_us;
	__u8	tcp_flags[2];
	__u8	reserved[18];
};

/* What was given for names when a session began (OPEN). */
struct simseg_record_given {
	__u8	asset[SIMSEG_ASSET_MAX];
	__u8	label[SIMSEG_LABEL_MAX + 1];
};

/* Packets that were denied (DENY). */
struct simseg_record_denied {
	__u64	duration;
	__u64	packets;
	__u64	bytes;
	__u8	asset[SIMSEG_ASSET_MAX];
	__u8	reserved[8];
};

/**
 * struct simseg_record - one session's beginning or end, or denied packets
 * @version: SIMSEG_RECORD_VERSION
 * @size: bytes of this record
 * @kind: enum simseg_record_kind
 * @reason: enum simseg_end (CLOSE), enum simseg_cmd (CONFIG), else enum simseg_reason
 * @proto: IP protocol number (IANA)
 * @flags: SIMSEG_RECORD_F_*
 * @seq: number of the record in its namespace, from 1, without holes as made
 * @time: CLOCK_BOOTTIME, ns
 * @real: CLOCK_REALTIME, ns
 * @session: session id, 0 if none
 * @src: the initiator, network byte order, IPv4-mapped
 * @dst: the responder
 * @sport: network byte order
 * @dport: network byte order
 * @iccid: device of @src and of @dst: packed BCD, first digit in the high
 *	nibble of byte 0, padded with 0xf; all 0xff: no device
 * @epoch: of the bindings of @src and @dst
 * @policy: id of the policy that decided: the source's, else the peer's
 * @generation: of the ruleset
 * @iif: interface index of arrival
 * @oif: interface index of departure, 0 if not known
 * @grant: id of the grant that allows it: the source's, else the peer's; 0: none
 * @rule: rule id in that policy; with @policy 0 a rule of the device itself, or
 *	of a grant to it
 * @domain: address domain, 0
 * @given: OPEN. User-given, as they were then: asset id of the device whose rule
 *	allows it, and the label of that rule; padded with zeroes, UTF-8
 * @amount: UPDATE, CLOSE. @duration: ns since the session began; @packets: from the
 *	initiator, and to it; @bytes: the same, layer 3; @rtt_us: from the first SYN
 *	to the end of the handshake, us, 0: not seen; @tcp_flags: seen from the
 *	initiator, and to it
 * @denied: DENY. @duration: ns since the first of them, where it is folded; @bytes:
 *	layer 3; @asset: user-given, of the device whose deny it is
 */
struct simseg_record {
	__u16	version;
	__u16	size;
	__u8	kind;
	__u8	reason;
	__u8	proto;
	__u8	flags;
	__u64	seq;
	__u64	time;
	__u64	real;
	__u64	session;
	__u8	src[16];
	__u8	dst[16];
	__be16	sport;
	__be16	dport;
	__u8	iccid[2][10];
	__u32	epoch[2];
	__u32	policy;
	__u32	generation;
	__u32	iif;
	__u32	oif;
	__u32	grant;
	__u16	rule;
	__u16	domain;
	union {
		struct simseg_record_given	given;
		struct simseg_record_amount	amount;
		struct simseg_record_denied	denied;
	};
};

/* With this every record begins, whatever its kind; see struct simseg_record. */
struct simseg_record_head {
	__u16	version;
	__u16	size;
	__u8	kind;
	__u8	reason;
	__u8	proto;
	__u8	flags;
	__u64	seq;
	__u64	time;
	__u64	real;
};

/**
 * struct simseg_record_change - who has changed what (CONFIG)
 * @head: @reason is the command, enum simseg_cmd; @time is when it was done
 * @number: of the change, SIMSEG_A_SEQ in the log
 * @time_request: CLOCK_BOOTTIME, ns; 0: none was taken, as the next
 * @time_state: when the state was set
 * @hash: of the ruleset after it
 * @generation: the same
 * @pid: as the kernel knows, as the next three; 0: the module itself
 * @uid: in the initial user namespace
 * @loginuid: 0xffffffff: none
 * @comm: name of the program, which whoever runs it may choose
 * @devices: that changed
 * @replaced: quarantines that were replaced
 * @added: devices
 * @removed: devices
 * @kept: quarantined devices that stayed
 * @sessions: that were cut
 * @cut: of these: TCP; UDP and UDP-Lite; ICMP and ICMPv6; others
 * @conntrack: entries that were deleted
 * @offloaded: of these, in a flowtable
 * @hardware: of these, in hardware
 * @text: bytes of TEXT records that follow, with the same number
 * @reserved: zero
 */
struct simseg_record_change {
	struct simseg_record_head head;
	__u64	number;
	__u64	time_request;
	__u64	time_state;
	__u8	hash[32];
	__u32	generation;
	__u32	pid;
	__u32	uid;
	__u32	loginuid;
	__u8	comm[16];
	__u32	devices;
	__u32	replaced;
	__u32	added;
	__u32	removed;
	__u32	kept;
	__u32	sessions;
	__u32	cut[4];
	__u32	conntrack;
	__u32	offloaded;
	__u32	hardware;
	__u16	text;
	__u8	reserved[18];
};

#define SIMSEG_RECORD_TEXT_LEN	148	/* bytes in one record */

/**
 * struct simseg_record_text - a piece of a change's texts (TEXT)
 * @head: as ever
 * @number: of the change
 * @offset: of this piece in the whole
 * @length: of this piece, bytes
 * @text: the whole is actor, ticket, reason, each as given, and subject, each with
 *	a final 0; UTF-8
 */
struct simseg_record_text {
	struct simseg_record_head head;
	__u64	number;
	__u16	offset;
	__u16	length;
	__u8	text[SIMSEG_RECORD_TEXT_LEN];
};

/**
 * struct simseg_record_gap - records that are missing (GAP)
 * @head: as ever
 * @from: when the first of them was made, CLOCK_BOOTTIME, ns
 * @to: and the last
 * @first: number of the first of them; others, between it and
 * @last: this one, are not missing, where the counts say so
 * @lost: how many of each kind, by enum simseg_record_kind
 * @unheard: how many of these were made while nobody listened
 * @reserved: zero
 */
struct simseg_record_gap {
	struct simseg_record_head head;
	__u64	from;
	__u64	to;
	__u64	first;
	__u64	last;
	__u64	lost[__SIMSEG_RECORD_MAX];
	__u64	unheard;
	__u8	reserved[56];
};

/* What became of a record; the BPF program writes it. */
enum simseg_record_status {
	SIMSEG_RECORD_UNHEARD,		/* no program has written here */
	SIMSEG_RECORD_DELIVERED,
	SIMSEG_RECORD_LOST,		/* the ring was full */
};

/**
 * struct simseg_event - what the tracepoint "simseg_record" hands over
 * @status: enum simseg_record_status, written by the BPF program
 * @reserved: zero
 * @netns: cookie of the namespace (SO_NETNS_COOKIE) that the record is of
 * @record: the record, by its kind one of
 * @change: these
 * @text: four
 * @gap: kinds
 */
struct simseg_event {
	__u32			status;
	__u32			reserved;
	__u64			netns;
	union {
		struct simseg_record		record;
		struct simseg_record_change	change;
		struct simseg_record_text	text;
		struct simseg_record_gap	gap;
	};
};

#endif /* _UAPI_LINUX_SIMSEG_RECORD_H */
