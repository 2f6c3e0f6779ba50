/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The private map of the module: its locks, and the prototypes of each file.
 * The structures are in types.h.
 *
 * Locking
 *	simseg_net.lock		mutex; all configuration of one namespace
 *	simseg_net.cut_lock	mutex; who ends many sessions: a change with its
 *				receipt, inside simseg_net.lock, or the sweep
 *	session table locks	spinlock_bh, by bucket; the chain, and what allows
 *				each session in it
 *	simseg_device.lock	spinlock_bh; the list of its sessions; taken
 *				inside a table lock
 *	simseg_deny.lock	spinlock_bh; the entries of one table
 *	simseg_net.deny_lock	spinlock_bh; the list of tables; innermost
 *	simseg_ifaces_lock	spinlock; chains of interfaces by device; innermost
 *	simseg_hops.lock	spinlock_bh; next hops and who refers to them; innermost
 *	simseg_outbox.lock	spinlock_bh; numbers and order of records; innermost
 * The packet path takes RCU and, to create or end a session or to fold a deny,
 * the spinlocks. RTNL is taken outside simseg_net.lock, never inside it.
 */
#ifndef _SIMSEG_H
#define _SIMSEG_H

#include <linux/hash.h>
#include <linux/rculist.h>

#include "tally.h"
#include "types.h"

/* net.c */
extern unsigned int simseg_net_id;
int simseg_net_init(void);
void simseg_net_uninit(void);
struct simseg_net *simseg_net(const struct net *net);
bool simseg_net_may_govern(const struct simseg_net *sn);
int simseg_net_govern(struct simseg_net *sn, struct netlink_ext_ack *extack);
void simseg_net_changed(struct simseg_net *sn);
void simseg_net_hold(struct simseg_net *sn, bool governs);
void simseg_net_rehold(struct simseg_net *sn);
int simseg_net_disarm(struct simseg_net *sn, const struct simseg_who *who);
int simseg_net_arm(struct simseg_net *sn, struct netlink_ext_ack *extack);

/* name.c */
void simseg_names_init(struct simseg_names *names, u32 limit);
void simseg_names_destroy(struct simseg_names *names);
int simseg_name_get(struct simseg_names *names, const char *name, u32 *id);
void simseg_name_hold(struct simseg_names *names, u32 id);
void simseg_name_put(struct simseg_names *names, u32 id);
u32 simseg_name_find(struct simseg_names *names, const char *name);
const char *simseg_name_of(struct simseg_names *names, u32 id);
bool simseg_name_valid(const char *name);

/* device.c */
void simseg_device_init(struct simseg_net *sn);
void simseg_device_exit(struct simseg_net *sn);
bool simseg_iccid_parse(const char *text, u8 *bcd);
void simseg_iccid_print(const u8 *bcd, char *text);
u32 simseg_device_hash(const struct simseg_net *sn, const u8 *bcd);
struct simseg_device *simseg_device_find(struct simseg_net *sn, const u8 *bcd);
struct simseg_device *simseg_device_alloc(struct simseg_net *sn,
					  const struct simseg_device_spec *spec,
					  struct netlink_ext_ack *extack);
void simseg_device_discard(struct simseg_net *sn, struct simseg_device *device);
int simseg_device_insert(struct simseg_net *sn, struct simseg_device *device);
void simseg_device_remove(struct simseg_net *sn, struct simseg_device *device);
void simseg_device_hold(struct simseg_device *device);
void simseg_device_put(struct simseg_device *device);
void simseg_device_set_own(struct simseg_net *sn, struct simseg_device *device,
			   struct simseg_policy *own);
int simseg_device_del(struct simseg_net *sn, const u8 *bcd, struct simseg_receipt *receipt,
		      struct netlink_ext_ack *extack);
void simseg_device_spec_free(struct simseg_device_spec *spec);

/* registry.c: staged devices become part of the registry, all or none */
#define SIMSEG_MERGE_EXACT	BIT(0)		/* what is not staged goes */
#define SIMSEG_MERGE_NEW	BIT(1)		/* nothing staged may exist */
#define SIMSEG_MERGE_KEEP_OWN	BIT(2)		/* without rules of its own: keeps what it has */
#define SIMSEG_MERGE_DRY	BIT(3)		/* only tell what would change */

int simseg_stage(struct simseg_net *sn, struct list_head *staged,
		 const struct simseg_device_spec *spec, struct netlink_ext_ack *extack);
void simseg_unstage(struct simseg_net *sn, struct list_head *staged);
void simseg_merge_expect(struct simseg_net *sn, u32 n);
int simseg_merge_prepare(struct simseg_net *sn, struct list_head *staged,
			 const struct simseg_addrset *pools, u32 limit, u32 flags,
			 struct netlink_ext_ack *extack);
void simseg_merge_undo(struct simseg_net *sn, struct list_head *staged);
void simseg_merge_finish(struct simseg_net *sn, struct list_head *staged, u32 flags,
			 struct list_head *gone, struct simseg_receipt *receipt);
bool simseg_merge_keeps_own(struct simseg_net *sn, const struct simseg_staged *st, u32 flags);
bool simseg_merge_differs(struct simseg_net *sn, const struct simseg_staged *st, u32 flags);
void simseg_devices_release(struct list_head *gone);
int simseg_merge(struct simseg_net *sn, struct list_head *staged, u32 flags,
		 struct simseg_receipt *receipt, struct netlink_ext_ack *extack);
int simseg_device_new(struct simseg_net *sn, const struct simseg_device_spec *spec,
		      struct netlink_ext_ack *extack);

/* binding.c */
void simseg_binding_init(struct simseg_net *sn);
void simseg_binding_exit(struct simseg_net *sn);
struct simseg_binding *simseg_binding_alloc(const struct simseg_binding_spec *spec);
u32 simseg_binding_hash(const struct simseg_net *sn, const struct simseg_binding_key *key);
struct simseg_binding *simseg_binding_exact(struct simseg_net *sn,
					    const struct simseg_binding_key *key);
const struct simseg_binding *simseg_binding_lookup(const struct simseg_net *sn,
						   const struct in6_addr *addr);
bool simseg_binding_on(const struct simseg_binding *binding, const struct net_device *dev);
int simseg_binding_insert(struct simseg_net *sn, struct simseg_binding *binding,
			  struct netlink_ext_ack *extack);
void simseg_binding_activate(struct simseg_net *sn, struct simseg_binding *binding,
			     struct simseg_device *device);
void simseg_binding_replace(struct simseg_net *sn, struct simseg_binding *old,
			    struct simseg_binding *new, struct simseg_device *device);
void simseg_binding_remove(struct simseg_net *sn, struct simseg_binding *binding);
int simseg_binding_new(struct simseg_net *sn, const u8 *bcd,
		       const struct simseg_binding_spec *specs, u32 n,
		       struct netlink_ext_ack *extack);
int simseg_binding_del(struct simseg_net *sn, const u8 *bcd,
		       const struct simseg_binding_spec *specs, u32 n,
		       struct simseg_receipt *receipt, struct netlink_ext_ack *extack);
bool simseg_ifname_valid(const char *pattern);
bool simseg_ifname_match(const char *pattern, const char *name);

/* quarantine.c */
struct simseg_quarantine_request {
	u32 ndevices;
	u8 (*iccids)[SIMSEG_ICCID_BCD];
	u32 nallow;
	struct simseg_prefix allow[SIMSEG_ALLOW_MAX];
	bool unknown;
	u64 duration;		/* ns; 0: until it is released */
	u32 bad;		/* out: which of them a refusal is about; ndevices: none */
};

int simseg_quarantine(struct simseg_net *sn, struct simseg_quarantine_request *request,
		      const struct simseg_who *who, struct simseg_receipt *receipt,
		      struct netlink_ext_ack *extack);
int simseg_release(struct simseg_net *sn, struct simseg_quarantine_request *request,
		   struct netlink_ext_ack *extack);
void simseg_quarantine_free(struct simseg_net *sn, struct simseg_quarantine *quarantine);

/* grant.c: rules for one device and a while */
struct simseg_grant_request {
	u8 iccid[SIMSEG_ICCID_BCD];
	u64 duration;			/* ns; 0: not said */
	char ifname[IFNAMSIZ];		/* empty: none */
	u32 nrules;			/* has to be one */
	struct simseg_rule_spec *rules;	/* the caller's */
	bool restore;			/* it was in force before */
};

/* Which grants are meant: one of the three. */
struct simseg_grant_filter {
	u32 id;
	const char *actor;
	const char *ticket;
};

int simseg_grant_new(struct simseg_net *sn, const struct simseg_grant_request *request,
		     const struct simseg_who *who, u32 *id, struct netlink_ext_ack *extack);
bool simseg_grant_fits(const struct simseg_grant *grant, const struct simseg_grant_filter *filter);
int simseg_grant_revoke(struct simseg_net *sn, const struct simseg_grant_filter *filter,
			struct simseg_receipt *receipt, struct netlink_ext_ack *extack);
void simseg_grants_drop(struct simseg_net *sn, struct simseg_device *device);
struct simseg_grant *simseg_grant_find(struct simseg_net *sn, u32 id);
u8 simseg_grant_end(struct simseg_net *sn, const struct simseg_session *s);

/* policy.c: rules and policies, compiled */
struct simseg_policy *simseg_policy_build(struct simseg_net *sn, u32 id, const char *name,
					  bool observe, const struct simseg_rule_spec *specs, u32 n,
					  struct netlink_ext_ack *extack);
void simseg_policy_free(struct simseg_net *sn, struct simseg_policy *policy);
struct simseg_prefix *simseg_prefixes_dup(const struct simseg_prefix *prefixes, u32 n);
struct simseg_addrset *simseg_addrset_build(const struct simseg_prefix *prefixes, u32 n);
void simseg_rule_specs_free(struct simseg_rule_spec *specs, u32 n);

/* ruleset.c: one generation */
int simseg_ruleset_init(struct simseg_net *sn);
void simseg_ruleset_exit(struct simseg_net *sn);
struct simseg_ruleset *simseg_ruleset_alloc(u32 policy_slots, u32 set_slots);
void simseg_ruleset_free(struct simseg_net *sn, struct simseg_ruleset *rs);
u32 simseg_ruleset_observing(const struct simseg_ruleset *rs);
void simseg_ruleset_hash(struct simseg_net *sn, struct simseg_ruleset *rs);
struct simseg_ruleset *simseg_ruleset_swap(struct simseg_net *sn, struct simseg_ruleset *rs);
bool simseg_ruleset_same(struct simseg_ruleset *a, struct simseg_ruleset *b);
int simseg_ruleset_flush(struct simseg_net *sn, struct simseg_receipt *receipt,
			 struct netlink_ext_ack *extack);

/* How a ruleset is to be put in force. */
struct simseg_commit {
	u32 flags;			/* SIMSEG_COMMIT_* */
	const struct simseg_prefix *open;	/* pools that may go */
	u32 nopen;
	u64 duration;			/* ns on trial; 0: for good */
	const struct simseg_pkt *keep;	/* must not be cut; or NULL */
};

/* trial.c */
int simseg_trial_check(struct simseg_net *sn, const struct simseg_commit *commit, bool devices,
		       struct netlink_ext_ack *extack);
void simseg_trial_begin(struct simseg_net *sn, struct simseg_ruleset *rs,
			const struct simseg_commit *commit);
int simseg_trial_confirm(struct simseg_net *sn, struct netlink_ext_ack *extack);
int simseg_trial_revert(struct simseg_net *sn, struct simseg_receipt *receipt,
			struct netlink_ext_ack *extack);
void simseg_trial_exit(struct simseg_net *sn);

/* dry.c */
int simseg_dry_run(struct simseg_net *sn, const struct simseg_ruleset *rs,
		   struct list_head *staged, u32 flags, struct simseg_receipt *receipt);
int simseg_dry_lockout(struct simseg_net *sn, const struct simseg_ruleset *rs,
		       struct list_head *staged, u32 flags, const struct simseg_commit *commit,
		       struct netlink_ext_ack *extack);

/* upload.c, commit.c: a ruleset on its way in; all under simseg_net.lock */
struct simseg_upload;
int simseg_upload_init(void);
void simseg_upload_uninit(void);
int simseg_upload_begin(struct simseg_net *sn, u32 portid, u32 generation,
			struct netlink_ext_ack *extack);
void simseg_upload_break(struct simseg_upload *up);
struct simseg_upload *simseg_upload_find(struct simseg_net *sn, u32 portid);
int simseg_upload_pools(struct simseg_upload *up, const struct simseg_prefix *prefixes, u32 n,
			struct netlink_ext_ack *extack);
int simseg_upload_failsafe(struct simseg_upload *up, const struct simseg_prefix *prefixes, u32 n,
			   struct netlink_ext_ack *extack);
int simseg_upload_peers(struct simseg_net *sn, struct simseg_upload *up, const char *name,
			const struct simseg_prefix *prefixes, u32 n,
			struct netlink_ext_ack *extack);
int simseg_upload_policy(struct simseg_net *sn, struct simseg_upload *up, const char *name,
			 bool observe, struct simseg_rule_spec *specs, u32 n,
			 struct netlink_ext_ack *extack);
int simseg_upload_setting(struct simseg_upload *up, u32 setting, u32 value,
			  struct netlink_ext_ack *extack);
int simseg_upload_devices(struct simseg_net *sn, struct simseg_upload *up,
			  struct list_head *staged, u32 n, struct netlink_ext_ack *extack);
int simseg_upload_commit(struct simseg_net *sn, struct simseg_upload *up,
			 const struct simseg_commit *commit, struct simseg_receipt *receipt,
			 struct netlink_ext_ack *extack);
void simseg_upload_free(struct simseg_net *sn, struct simseg_upload *up);
void simseg_uploads_exit(struct simseg_net *sn);

/* peerset.c */
u32 simseg_prefixes_unique(struct simseg_prefix *prefixes, u32 n);
struct simseg_peerset *simseg_peerset_find(struct simseg_ruleset *rs, u32 id);
int simseg_peer_add(struct simseg_net *sn, const char *name, const struct simseg_prefix *prefixes,
		    u32 n, u64 duration, struct netlink_ext_ack *extack);
int simseg_peer_replace(struct simseg_net *sn, u32 id, const struct simseg_prefix *prefixes, u32 n,
			struct simseg_receipt *receipt, struct netlink_ext_ack *extack);
int simseg_peersets_copy(struct simseg_net *sn, struct simseg_ruleset *rs,
			 const struct simseg_ruleset *old);
void simseg_peersets_free(struct simseg_net *sn, struct simseg_ruleset *rs);
int simseg_peer_del(struct simseg_net *sn, const char *name, const struct simseg_prefix *prefixes,
		    u32 n, struct netlink_ext_ack *extack);

/* session.c */
int simseg_session_cache_init(void);
void simseg_session_cache_uninit(void);
int simseg_sessions_init(struct simseg_net *sn);
void simseg_sessions_exit(struct simseg_net *sn);
struct simseg_flow;
int simseg_session_create(struct simseg_net *sn, const struct simseg_pkt *pkt,
			  const struct simseg_flow *flow, struct simseg_result *res);
bool simseg_session_pickup(const struct simseg_pkt *pkt);
void simseg_session_account(struct simseg_net *sn, struct simseg_session *s,
			    const struct simseg_pkt *pkt, u8 dir);
void simseg_session_advance(struct simseg_session *s, const struct simseg_pkt *pkt, u8 d);
void simseg_session_restamp(struct simseg_session *s, const struct simseg_result *res,
			    u32 change);
void simseg_session_pass(struct simseg_session *s, u8 dir, u32 change, u32 ifindex);
bool simseg_session_answered(const struct simseg_session *s);
struct simseg_hop *simseg_session_set_hop(struct simseg_session *s, u8 d, struct simseg_hop *hop,
					  u32 change);
bool simseg_session_reusable(const struct simseg_session *s, const struct simseg_pkt *pkt);
bool simseg_session_end(struct simseg_net *sn, struct simseg_session *s, u8 end);
unsigned long simseg_session_timeout(const struct simseg_net *sn, const struct simseg_session *s);
bool simseg_session_expired(const struct simseg_net *sn, const struct simseg_session *s);
bool simseg_session_cut(struct simseg_net *sn, struct simseg_session *s, u8 end,
			struct simseg_receipt *receipt);
void simseg_sessions_cut_device(struct simseg_net *sn, struct simseg_device *device, u8 end,
				struct simseg_receipt *receipt);
void simseg_sessions_cut_all(struct simseg_net *sn, u8 end, struct simseg_receipt *receipt);
int simseg_session_kill(struct simseg_net *sn, u64 id, struct simseg_receipt *receipt);

/* limit.c: who pays for a session */
int simseg_limit_charge(struct simseg_net *sn, const struct simseg_result *res, bool opening);
int simseg_limit_ask(struct simseg_net *sn, const struct simseg_result *res, bool opening);
void simseg_limit_uncharge(struct simseg_net *sn, const struct simseg_result *res, bool opening);
void simseg_limit_opened(struct simseg_session *s);
void simseg_limit_freed(struct simseg_session *s);

/* tcp.c */
u8 simseg_tcp_track(struct simseg_session *s, const struct simseg_pkt *pkt, u8 d);
u8 simseg_tcp_scale(const u8 *options, unsigned int len);

/* deadline.c */
void simseg_deadline_init(struct simseg_net *sn);
void simseg_deadline_exit(struct simseg_net *sn);
void simseg_deadline_add(struct simseg_net *sn, struct simseg_deadline *deadline, u64 when,
			 void (*expire)(struct simseg_net *sn, struct simseg_deadline *deadline));
void simseg_deadline_del(struct simseg_net *sn, struct simseg_deadline *deadline);
u64 simseg_deadline_left(const struct simseg_deadline *deadline);
u64 simseg_deadline_next(struct simseg_net *sn);

/* log.c: who changed what; all under simseg_net.lock but the allocation */
struct simseg_log_entry *simseg_log_alloc(u8 command, const struct simseg_who *who);
void simseg_log_add(struct simseg_net *sn, struct simseg_log_entry *entry);
__printf(5, 6)
void simseg_log_kernel(struct simseg_net *sn, u8 command, const char *reason, const char *ticket,
		       const char *fmt, ...);
void simseg_log_seek(struct simseg_net *sn, struct simseg_log_walk *walk, u64 seq);
const struct simseg_log_entry *simseg_log_step(struct simseg_net *sn, struct simseg_log_walk *walk);
void simseg_log_init(struct simseg_net *sn);
void simseg_log_exit(struct simseg_net *sn);
#define SIMSEG_EXPIRED	"its time is over"	/* the reason of many of them */

/* sweep.c: ends dead sessions after changes and timeouts */
void simseg_sweep_init(struct simseg_net *sn);
void simseg_sweep_exit(struct simseg_net *sn);
void simseg_sweep_kick(struct simseg_net *sn);
void simseg_sweep_run(struct simseg_net *sn, struct simseg_receipt *receipt);
void simseg_sweep_settle(struct simseg_net *sn, struct simseg_receipt *receipt);

/* conntrack.c: entries found by tuple; conntrack may be absent */
#define SIMSEG_CONNTRACK_DELETED	BIT(0)
#define SIMSEG_CONNTRACK_OFFLOADED	BIT(1)	/* it was in a flowtable */
#define SIMSEG_CONNTRACK_HARDWARE	BIT(2)	/* in one that hardware has, too */

void simseg_conntrack_hold(void);
void simseg_conntrack_drop(void);
u32 simseg_conntrack_delete(struct net *net, const struct simseg_session *s);
bool simseg_conntrack_offloaded(struct net *net, const struct simseg_session *s);
bool simseg_conntrack_vouches(const struct sk_buff *skb);
int simseg_conntrack_origin(struct simseg_origin **origin, const struct simseg_pkt *pkt);
void simseg_conntrack_flush(struct net *net, const struct simseg_addrset *addrs);
void simseg_conntrack_prune(struct simseg_net *sn);

/* verdict.c */
void simseg_judge(struct simseg_net *sn, const struct simseg_pkt *pkt, struct simseg_result *res);
void simseg_judge_flow(struct simseg_net *sn, const struct simseg_pkt *pkt,
		       const struct simseg_flow *flow, struct simseg_result *res);
u8 simseg_rejudge(struct simseg_net *sn, struct simseg_session *s, u8 *observed);
u8 simseg_judge_first(struct simseg_net *sn, const struct simseg_ruleset *rs,
		      const struct simseg_session *s, struct simseg_result *res);
u8 simseg_judge_under(struct simseg_net *sn, const struct simseg_ruleset *rs,
		      const struct simseg_pkt *pkt, struct simseg_device *const as[2]);

/* address.c: rows 1 to 3 */
u8 simseg_judge_source(struct simseg_net *sn, const struct simseg_pkt *pkt,
		       struct simseg_result *res);
u8 simseg_judge_address(struct simseg_net *sn, const struct in6_addr *src,
			const struct in6_addr *dst, const struct net_device *in,
			const struct net_device *out, struct simseg_result *res);
bool simseg_is_self(struct net *net, const struct in6_addr *addr);

/* rules.c: row 5 */
u8 simseg_rules_ask(const struct simseg_ruleset *rs, const struct simseg_pkt *pkt, bool self,
		    struct simseg_result *res);
u8 simseg_rules_observed(const struct simseg_ruleset *rs, const struct simseg_result *res,
			 u8 reason);

/* error.c: ICMP errors */
bool simseg_error_related(struct simseg_net *sn, const struct simseg_pkt *pkt,
			  struct simseg_result *res);
bool simseg_error_own(const struct simseg_pkt *pkt);
void simseg_error_judge_own(struct simseg_net *sn, const struct simseg_pkt *pkt,
			    struct simseg_result *res);

/* parse.c: skb -> packet */
void simseg_parse(const struct sk_buff *skb, u8 family, int offset, struct simseg_pkt *pkt,
		  struct simseg_pkt *quote);
void simseg_parse_plain(const struct sk_buff *skb, u8 family, int offset, struct simseg_pkt *pkt);
bool simseg_parse_addresses(const struct sk_buff *skb, u8 family, int offset,
			    struct simseg_pkt *pkt);
void simseg_wire_size(const struct sk_buff *skb, int offset, int payload, u32 *packets,
		      u32 *bytes);
void simseg_skb_size_merged(const struct sk_buff *skb, u8 family, int offset, u32 *packets,
			    u32 *bytes);

/* The same from the headers themselves, where nobody has parsed them. */
static inline void simseg_skb_size(const struct sk_buff *skb, u8 family, int offset, u32 *packets,
				   u32 *bytes)
{
	if (unlikely(skb_is_gso(skb))) {
		simseg_skb_size_merged(skb, family, offset, packets, bytes);
		return;
	}
	*packets = 1;
	*bytes = skb->len - offset;
}

/* floor.c */
int simseg_floor_register(struct simseg_net *sn);
bool simseg_floor_hooked(nf_hookfn *hook);
void simseg_floor_unregister(struct simseg_net *sn);

/* guard.c */
bool simseg_guard_hooked(nf_hookfn *hook);
int simseg_guard_cover(struct simseg_iface *iface, u8 side);
void simseg_guard_trim(struct simseg_iface *iface);
void simseg_guard_unregister(struct simseg_iface *iface);
bool simseg_guard_deny(struct simseg_net *sn, struct simseg_iface *iface,
		       enum simseg_iface_counter counter, const struct sk_buff *skb,
		       const struct simseg_result *res, const struct nf_hook_state *state,
		       bool link);

/* bridge.c */
unsigned int simseg_bridge_forward(void *priv, struct sk_buff *skb,
				   const struct nf_hook_state *state);

/* iface.c */
#define SIMSEG_IFACES_BITS	8

extern struct hlist_head simseg_ifaces[1 << SIMSEG_IFACES_BITS];

static inline struct hlist_head *simseg_iface_chain(const struct net_device *dev)
{
	return &simseg_ifaces[hash_ptr(dev, SIMSEG_IFACES_BITS)];
}

/* The interface of @dev, whose namespace it knows, or NULL. Under RCU. */
static inline struct simseg_iface *simseg_iface_find(const struct net_device *dev)
{
	struct simseg_iface *iface;

	hlist_for_each_entry_rcu(iface, simseg_iface_chain(dev), by_dev) {
		if (iface->dev == dev)
			return iface;
	}
	return NULL;
}

int simseg_iface_init(void);
void simseg_iface_uninit(void);
void simseg_iface_exit(struct simseg_net *sn);
struct simseg_iface *simseg_iface_of(const struct simseg_net *sn, const struct net_device *dev);
int simseg_iface_set(struct simseg_net *sn, const char *name, u8 side, u8 mode, u8 forward,
		     struct netlink_ext_ack *extack);
int simseg_iface_del(struct simseg_net *sn, const char *name, struct netlink_ext_ack *extack);

static inline void simseg_iface_count(struct simseg_iface *iface,
				      enum simseg_iface_counter counter, u32 n)
{
	simseg_tally_add(iface->stats, value[counter], n);
}

/* One that came in and ends in XDP: @packets and the next counter are what became of it. */
static __always_inline void simseg_iface_count_xdp(struct simseg_iface *iface,
						   enum simseg_iface_counter packets, u32 bytes)
{
	simseg_tally_add(iface->stats, value[SIMSEG_IFACE_RX], 1);
	simseg_tally_add(iface->stats, value[SIMSEG_IFACE_RX_BYTES], bytes);
	simseg_tally_add(iface->stats, value[packets], 1);
	simseg_tally_add(iface->stats, value[packets + 1], bytes);
}

u64 simseg_iface_merged(const struct simseg_iface *iface);
u64 simseg_iface_sum(const struct simseg_iface *iface, enum simseg_iface_counter counter);

/* counter.c */
static inline void simseg_count(struct simseg_net *sn, u8 reason, u32 packets, u32 bytes)
{
	simseg_tally_add(sn->counters, packets[reason], packets);
	simseg_tally_add(sn->counters, bytes[reason], bytes);
}

void simseg_counter_sum(struct simseg_net *sn, u8 reason, u64 *packets, u64 *bytes);

/* deny.c: denied packets, folded into records */
struct simseg_denied {
	struct in6_addr peer;	/* from here on the key, as deny.h compares it, */
	__be16 dport;
	u8 proto;
	u8 reason;		/* enum simseg_reason */
	u8 dir;			/* enum simseg_dir: the device is source or destination */
	bool observed;		/* not denied: its policy observes */
	bool used;		/* false: an entry that is free */
	u8 pad;
	struct in6_addr own;	/* to here; the device's side, or the source */
	__be16 sport;		/* of a record of one packet only */
	u8 flags;		/* SIMSEG_RECORD_F_* */
	u8 iccid[2][SIMSEG_ICCID_BCD];	/* of source and destination */
	u32 epoch[2];
	u32 policy;
	u32 iif;
	u32 packets;		/* of an entry: not told yet, as bytes and first */
	u32 since;		/* last record of this entry, jiffies */
	u64 bytes;
	u64 first;		/* of those packets; CLOCK_BOOTTIME, ns */
};

void simseg_deny_init(struct simseg_net *sn);
void simseg_deny_note(struct simseg_net *sn, const struct simseg_pkt *pkt,
		      const struct simseg_result *res);
void simseg_deny_flush(struct simseg_net *sn, bool all);
void simseg_deny_close(struct simseg_net *sn, struct simseg_device *device);
void simseg_deny_exit(struct simseg_net *sn);

/* record.c */
void simseg_record_open(struct simseg_net *sn, const struct simseg_session *s,
			const struct simseg_result *res);
void simseg_record_update(struct simseg_net *sn, const struct simseg_session *s);
void simseg_record_close(struct simseg_net *sn, const struct simseg_session *s);
void simseg_record_deny(struct simseg_net *sn, const struct simseg_denied *denied,
			const struct simseg_device *device);
void simseg_record_change(struct simseg_net *sn, const struct simseg_log_entry *entry);

/* outbox.c: records on their way out; how one begins: outbox.h */
struct simseg_outbox_counts {
	u64 made;
	u64 delivered;
	u64 waiting;
	u64 lost;
	u64 unheard;	/* of the lost ones */
	u64 untold;	/* of the lost ones: in no gap record yet */
};

void simseg_outbox_init(struct simseg_net *sn);
void simseg_outbox_exit(struct simseg_net *sn);
void simseg_outbox_send(struct simseg_net *sn, struct simseg_event *event);
void simseg_outbox_skip(struct simseg_net *sn, u8 kind, u64 time, bool full);
void simseg_outbox_flush(struct simseg_net *sn);
struct simseg_outbox_counts simseg_outbox_count(struct simseg_net *sn);

/* hooks.c: what else of netfilter is there; under RCU */
bool simseg_hooks_nat(const struct net *net, bool v4);
bool simseg_hooks_others(const struct net *net);
bool simseg_hooks_others_on(const struct net_device *dev);

/* hop.c */
int simseg_hop_init(void);
void simseg_hop_uninit(void);
void simseg_hops_init(struct simseg_net *sn);
void simseg_hops_exit(struct simseg_net *sn);
int simseg_hops_start(struct simseg_net *sn, struct netlink_ext_ack *extack);
void simseg_hops_changed(struct simseg_net *sn);
void simseg_hop_begin(const struct simseg_net *sn, struct simseg_hop *like, bool v4);
struct simseg_hop *simseg_hop_get(struct simseg_net *sn, struct sk_buff *skb,
				  struct simseg_hop *like);
void simseg_hop_put(struct simseg_net *sn, struct simseg_hop *hop);

/* forward.c */
void simseg_forward_check(struct simseg_net *sn);
int simseg_forward_allowed(struct simseg_net *sn, const char *name, u8 forward,
			   struct netlink_ext_ack *extack);
void simseg_forward_learn(struct simseg_net *sn, struct sk_buff *skb,
			  const struct simseg_pkt *pkt, struct simseg_session *s, u32 change);

/* xdp.c */
/* Beside enum simseg_verdict: the packet has been counted, and goes along a hop; */
#define SIMSEG_XDP_FORWARD	__SIMSEG_VERDICT_MAX
/* and by its source alone it cannot be said that it may pass. */
#define SIMSEG_XDP_ASK		(__SIMSEG_VERDICT_MAX + 1)

/* kfunc.c */
struct xdp_md;
struct bpf_simseg_opts;
int bpf_simseg_xdp_check(struct xdp_md *ctx, struct bpf_simseg_opts *opts, u32 opts__sz);
int bpf_simseg_xdp_source(struct xdp_md *ctx, const struct in6_addr *src, u32 src__sz,
			  u32 vlan_id);
int simseg_kfunc_init(void);
bool simseg_kfunc_available(void);

/* netlink.c */
int simseg_netlink_init(void);
void simseg_netlink_uninit(void);
void simseg_nl_tell(struct simseg_net *sn, const struct simseg_log_entry *entry);

#endif /* _SIMSEG_H */
