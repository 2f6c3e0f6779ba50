/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the KUnit suites share: interfaces to arrive on, addresses that exist
 * in both families, requests in one line, and the records that were sent.
 *
 * The suites work on the initial namespace through the module's own functions.
 * simtest_exit() empties it after each case and checks that nothing is left.
 */
#ifndef _SIMSEG_TEST_UTIL_H
#define _SIMSEG_TEST_UTIL_H

#include <kunit/test.h>
#include <linux/netdevice.h>

#include "simseg.h"

/*
 * A logical address is 32 bits. In IPv4 it is what it looks like; in IPv6 it
 * stands in the last 32 bits below fd64::, so that a prefix length of /n is
 * 96 + n in both.
 */
#define IP(a, b, c, d)	(((u32)(a) << 24) | ((b) << 16) | ((c) << 8) | (d))
#define SIMTEST_SELF	IP(127, 0, 0, 1)	/* ::1 in IPv6 */
#define SIMTEST_POOL	IP(10, 64, 0, 0)

enum simtest_dev {
	SIMTEST_NOWHERE,	/* made here */
	SIMTEST_SIM0,
	SIMTEST_SIM1,
	SIMTEST_NET0,
	SIMTEST_PLAIN0,		/* has no side */
	SIMTEST_DEVS
};

struct simtest {
	struct kunit *kunit;
	struct simseg_net *sn;
	bool v6;
	struct netlink_ext_ack extack;
};

/* A rule; no ports if low is 0, one port if high is 0. */
struct simtest_rule {
	u8 dir;
	u8 proto;
	u8 kind;
	u16 low;
	u16 high;
	const char *peer;
	u32 addr;
	u8 plen;
};

struct simtest_flow {
	u32 src;
	u32 dst;
	u8 in;			/* enum simtest_dev */
	u8 hook;
	u8 proto;		/* IPPROTO_ICMP becomes ICMPv6 in IPv6 */
	u8 tcp;
	u16 sport;
	u16 dport;
	u32 flags;
	u32 seq;
	u32 ack;
	u32 payload;
	u16 window;
	u8 scale;
	u8 malformed;
	const struct simtest_flow *quote;
};

#define SIMTEST_FIN	0x01
#define SIMTEST_SYN	0x02
#define SIMTEST_RST	0x04
#define SIMTEST_ACK	0x10
#define SIMTEST_PORT	40000

/* From METER to SCADA and back, see simtest_world() */
#define SIMTEST_METER	IP(10, 64, 0, 2)	/* on sim0, policy meter */
#define SIMTEST_CAMERA	IP(10, 64, 0, 3)	/* on sim1, policy camera */
#define SIMTEST_ROAMER	IP(10, 64, 0, 4)	/* bound anywhere, policy meter */
#define SIMTEST_ORPHAN	IP(10, 64, 0, 5)	/* on sim0, without a policy */
#define SIMTEST_CUT	IP(10, 64, 0, 6)	/* on sim0, quarantined */
#define SIMTEST_LAN	IP(10, 64, 1, 0)	/* a /24 on sim0, rules of its own */
#define SIMTEST_UNBOUND	IP(10, 64, 9, 9)
#define SIMTEST_SCADA	IP(192, 0, 2, 10)	/* in the peer set scada */
#define SIMTEST_HELPER	IP(203, 0, 113, 99)	/* responder of CUT */
#define SIMTEST_WORLD	IP(198, 51, 100, 1)

enum simtest_id {	/* devices of simtest_world(), as numbers of ICCIDs */
	SIMTEST_ID_METER = 1,
	SIMTEST_ID_CAMERA,
	SIMTEST_ID_ROAMER,
	SIMTEST_ID_ORPHAN,
	SIMTEST_ID_CUT,
	SIMTEST_ID_LAN,
	SIMTEST_IDS
};

/* Records of the case so far; the first ones whole, all of them in sums. */
#define SIMTEST_RECORDS	256

struct simtest_records {
	u32 n;
	u32 kinds[__SIMSEG_RECORD_MAX];
	u64 denied;		/* packets of DENY records */
	u64 denied_bytes;
	bool full[2];		/* no room: for denies [1], for all else [0] */
	bool deaf;		/* as if nobody listened */
	struct simseg_record rec[SIMTEST_RECORDS];
};

extern struct simtest_records simtest_records;

int simtest_suite_init(struct kunit_suite *suite);
void simtest_suite_exit(struct kunit_suite *suite);
int simtest_init(struct kunit *test);
void simtest_exit(struct kunit *test);
const void *simtest_families(const void *prev, char *desc);
const struct net_device *simtest_device(enum simtest_dev dev);
const char *simtest_ifname(enum simtest_dev dev);
struct net_device *simtest_netdev(const char *name);

void simtest_addr(const struct simtest *t, u32 logical, struct in6_addr *addr);
void simtest_prefix(const struct simtest *t, u32 logical, u8 plen, struct simseg_prefix *prefix);
void simtest_iccid(u32 n, u8 *bcd);
struct simseg_device *simtest_find(struct simtest *t, u32 n);
u32 simtest_owner(struct simtest *t, u32 logical, u32 *epoch);
const struct simseg_ruleset *simtest_ruleset(struct simtest *t);

struct simseg_upload *simtest_begin(struct simtest *t);
int simtest_pool(struct simtest *t, struct simseg_upload *up, u32 logical, u8 plen);
int simtest_peers(struct simtest *t, struct simseg_upload *up, const char *name, u32 logical,
		  u8 plen);
int simtest_policy(struct simtest *t, struct simseg_upload *up, const char *name,
		   const struct simtest_rule *rules, u32 n);
int simtest_setting(struct simtest *t, struct simseg_upload *up, u32 setting, u32 value);
int simtest_stage(struct simtest *t, struct simseg_upload *up,
		  const struct simseg_device_spec *spec);
int simtest_commit_as(struct simtest *t, struct simseg_upload *up,
		      const struct simseg_commit *commit, struct simseg_receipt *receipt);
int simtest_flush(struct simtest *t, struct simseg_receipt *receipt);
int simtest_commit(struct simtest *t, struct simseg_upload *up, u32 flags,
		   struct simseg_receipt *receipt);
struct simseg_device_spec *simtest_spec(struct simtest *t, u32 n, const char *policy);
void simtest_spec_bind(struct simtest *t, struct simseg_device_spec *spec, u32 logical, u8 plen,
		       const char *ifname);
void simtest_spec_rule(struct simtest *t, struct simseg_device_spec *spec,
		       const struct simtest_rule *rule);
int simtest_new(struct simtest *t, struct simseg_device_spec *spec);
int simtest_add(struct simtest *t, u32 n, const char *policy, u32 logical, u8 plen,
		const char *ifname);
int simtest_del(struct simtest *t, u32 n);
int simtest_bind(struct simtest *t, u32 n, u32 logical, u8 plen, const char *ifname);
int simtest_unbind(struct simtest *t, u32 n, u32 logical, u8 plen);
int simtest_quarantine(struct simtest *t, u32 n, u32 allow, bool unknown,
		       struct simseg_receipt *receipt);
int simtest_release(struct simtest *t, u32 n);
int simtest_peer_change(struct simtest *t, const char *name, u32 logical, u8 plen, bool add);
struct simseg_upload *simtest_world_rules(struct simtest *t);
void simtest_world(struct simtest *t);

void simtest_pkt(const struct simtest *t, const struct simtest_flow *flow,
		 struct simseg_pkt *pkt, struct simseg_pkt *quote);
u8 simtest_judge(struct simtest *t, const struct simtest_flow *flow);
u8 simtest_judge_result(struct simtest *t, const struct simtest_flow *flow,
			struct simseg_result *res);
void simtest_age(struct simtest *t, const struct simtest_flow *flow, long overdue);
u32 simtest_ends(u8 end);
void simtest_expect_count(struct simtest *t, u32 n, u32 sessions);
void simtest_reply(const struct simtest_flow *flow, u8 in, struct simtest_flow *reply);
bool simtest_session(struct simtest *t, const struct simtest_flow *flow,
		     struct simseg_session *copy);
u32 simtest_sessions(const struct simtest *t);
const char *simtest_word(u8 reason);

/* With the lock held, and given back before anything can fail the test. */
#define simtest_locked(t, expression)			\
({							\
	struct mutex *__lock = &(t)->sn->lock;		\
	typeof(expression) __ret;			\
							\
	mutex_lock(__lock);				\
	__ret = (expression);				\
	mutex_unlock(__lock);				\
	__ret;						\
})

#define SIMTEST_EXPECT_REASON(t, flow, reason)						\
do {											\
	struct simtest *__t = (t);							\
											\
	KUNIT_EXPECT_STREQ(__t->kunit, simtest_word(simtest_judge(__t, flow)),		\
			   simtest_word(SIMSEG_REASON_##reason));			\
} while (0)

#endif /* _SIMSEG_TEST_UTIL_H */
