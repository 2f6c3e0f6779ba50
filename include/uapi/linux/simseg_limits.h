/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * simseg limits: fixed ones, and settings, which have a value unless they are set
 */
#ifndef _UAPI_LINUX_SIMSEG_LIMITS_H
#define _UAPI_LINUX_SIMSEG_LIMITS_H

/* Fixed ones */
#define SIMSEG_ICCID_MIN	18	/* digits, ITU-T E.118 */
#define SIMSEG_ICCID_MAX	20
#define SIMSEG_ASSET_MAX	32	/* bytes, UTF-8 */
#define SIMSEG_NAME_MAX		31	/* policy, peer set: [A-Za-z0-9_.-] */
#define SIMSEG_LABEL_MAX	31	/* of a rule, same characters */
#define SIMSEG_ACTOR_MAX	63	/* bytes, UTF-8, no control characters */
#define SIMSEG_REASON_MAX	127	/* same */
#define SIMSEG_TICKET_MAX	63	/* same */
#define SIMSEG_IFNAME_MAX	15	/* may end in one '*' */
#define SIMSEG_POOLS_MAX	64
#define SIMSEG_FAILSAFE_MAX	64
#define SIMSEG_POLICIES_MAX	1024
#define SIMSEG_RULES_MAX	4096	/* in one policy */
#define SIMSEG_OWN_RULES_MAX	32	/* of one device */
#define SIMSEG_PREFIXES_MAX	64	/* written into one rule */
#define SIMSEG_PEERSETS_MAX	1024
#define SIMSEG_PEERS_MAX	65536	/* prefixes in one peer set */
#define SIMSEG_BINDINGS_MAX	16	/* of one device */
#define SIMSEG_PLENS_MAX	16	/* distinct prefix lengths of bindings */
#define SIMSEG_ALLOW_MAX	8	/* responder prefixes of one quarantine */
#define SIMSEG_IFACES_MAX	256	/* names and patterns with a side */
#define SIMSEG_UPLOADS_MAX	4
#define SIMSEG_GRANTS_MAX	4096	/* in a namespace */
#define SIMSEG_DEVICE_GRANTS_MAX 8	/* of one device */
#define SIMSEG_LOG_MAX		1024	/* changes that are kept, of either kind */
#define SIMSEG_SUBJECT_MAX	79	/* bytes, of a change */
#define SIMSEG_ACTOR_KERNEL	"kernel" /* the module itself, and nobody else */
#define SIMSEG_HASH_LEN		32	/* BLAKE2s-256 of the canonical form */
#define SIMSEG_RECORD_BACKLOG_MAX 65536
#define SIMSEG_LIMIT_MAX	16777216 /* of a setting that is another limit */
#define SIMSEG_DURATION_MAX	(366ULL * 86400 * 1000000000)	/* ns */

/* Settings; all u32, seconds where a time. */
enum simseg_attr_setting {
	SIMSEG_A_SETTING_UNSPEC,
	SIMSEG_A_SETTING_TCP_NEW,	/* handshake not complete */
	SIMSEG_A_SETTING_TCP_ESTABLISHED, /* RFC 5382, REQ-5 */
	SIMSEG_A_SETTING_TCP_CLOSING,
	SIMSEG_A_SETTING_TCP_CLOSED,
	SIMSEG_A_SETTING_UDP_NEW,
	SIMSEG_A_SETTING_UDP_REPLIED,	/* RFC 4787, REQ-5 */
	SIMSEG_A_SETTING_ICMP,
	SIMSEG_A_SETTING_OTHER,
	SIMSEG_A_SETTING_SESSIONS,	/* limit in total */
	SIMSEG_A_SETTING_DEVICE_SESSIONS, /* limit of one device */
	SIMSEG_A_SETTING_DEVICES,	/* limit */
	SIMSEG_A_SETTING_DENY_INTERVAL,	/* denies are folded this long */
	SIMSEG_A_SETTING_PICKUP,	/* mid-stream TCP may open sessions for this
					 * time after load; 0: never
					 */
	SIMSEG_A_SETTING_HALF_OPEN,	/* limit of half-open sessions */
	SIMSEG_A_SETTING_DEVICE_HALF_OPEN, /* of one device */
	SIMSEG_A_SETTING_GRANT_MAX,	/* longest time of a grant */
	SIMSEG_A_SETTING_RECORD_INTERVAL, /* a session is told of this often; 0: only
					   * its beginning and end
					   */
	SIMSEG_A_SETTING_RECORD_BACKLOG, /* limit of records that wait for a full ring */
	__SIMSEG_A_SETTING_MAX
};

#define SIMSEG_A_SETTING_MAX (__SIMSEG_A_SETTING_MAX - 1)

#define SIMSEG_DEVICES_DEFAULT	1048576
#define SIMSEG_TIME_MAX		2000000	/* s, of a setting: in jiffies 31 bits at HZ 1000 */

/* Those that may be 0, as bits; for all others it would stop everything. */
#define SIMSEG_SETTINGS_ZERO	((1U << SIMSEG_A_SETTING_PICKUP) |		      \
				 (1U << SIMSEG_A_SETTING_RECORD_INTERVAL) |	      \
				 (1U << SIMSEG_A_SETTING_RECORD_BACKLOG))

/* What a setting is when nobody has set it; X(SYMBOL, value). */
#define SIMSEG_SETTING_DEFAULTS(X)					      \
	X(TCP_NEW, 60)							      \
	X(TCP_ESTABLISHED, 7440)					      \
	X(TCP_CLOSING, 120)						      \
	X(TCP_CLOSED, 10)						      \
	X(UDP_NEW, 30)							      \
	X(UDP_REPLIED, 120)						      \
	X(ICMP, 30)							      \
	X(OTHER, 600)							      \
	X(SESSIONS, 65536)						      \
	X(DEVICE_SESSIONS, 1024)					      \
	X(DEVICES, SIMSEG_DEVICES_DEFAULT)				      \
	X(DENY_INTERVAL, 10)						      \
	X(PICKUP, 0)							      \
	X(HALF_OPEN, 16384)						      \
	X(DEVICE_HALF_OPEN, 256)					      \
	X(GRANT_MAX, 86400)						      \
	X(RECORD_INTERVAL, 3600)					      \
	X(RECORD_BACKLOG, 4096)

#endif /* _UAPI_LINUX_SIMSEG_LIMITS_H */
