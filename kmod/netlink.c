// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family: what every handler needs, who changes something
 * and who hears of it, status, counters and the gate.
 */
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>
#include <linux/uidgid.h>

#include "netlink.h"

enum { SIMSEG_NL_GROUP_CONFIG };

static const struct genl_multicast_group simseg_nl_groups[] = {
	[SIMSEG_NL_GROUP_CONFIG] = {
		.name = SIMSEG_MCGRP_CONFIG,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
};

struct genl_family simseg_nl_family __ro_after_init = {
	.name = SIMSEG_FAMILY_NAME,
	.version = SIMSEG_FAMILY_VERSION,
	.netnsok = true,
	.parallel_ops = true,	/* simseg_net.lock serves instead */
	.module = THIS_MODULE,
	.mcgrps = simseg_nl_groups,
	.n_mcgrps = ARRAY_SIZE(simseg_nl_groups),
};

/* Refuses a request that lacks an attribute without which it means nothing. */
int simseg_nl_need(struct genl_info *info, int type)
{
	if (!GENL_REQ_ATTR_CHECK(info, type))
		return 0;
	NL_SET_ERR_MSG_MOD(info->extack, "an attribute that this command needs is missing");
	return -EINVAL;
}

/* Who asks for a change. Every changing operation takes the three attributes. */
int simseg_nl_who(struct genl_info *info, struct simseg_who *who)
{
	static const u8 types[] = { SIMSEG_A_ACTOR, SIMSEG_A_REASON, SIMSEG_A_TICKET };
	const char **texts[] = { &who->actor, &who->reason, &who->ticket };
	unsigned int i;
	int err;

	if (!simseg_net_may_govern(simseg_net(genl_info_net(info)))) {
		NL_SET_ERR_MSG_MOD(info->extack,
				   "a namespace of another user namespace may change nothing: the module parameter allow_userns lets it");
		return -EPERM;
	}
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		const struct nlattr *attr = info->attrs[types[i]];

		*texts[i] = NULL;
		if (!attr)
			continue;
		err = simseg_nl_text(attr, info->extack);
		if (err)
			return err;
		if (*(const char *)nla_data(attr))
			*texts[i] = nla_data(attr);
	}
	who->uid = from_kuid(&init_user_ns, current_uid());
	if (!who->actor) {
		NL_SET_ERR_MSG_MOD(info->extack, "say who does it: attribute ACTOR");
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, SIMSEG_A_ACTOR);
		return -EINVAL;
	}
	if (!strcmp(who->actor, SIMSEG_ACTOR_KERNEL)) {
		simseg_nl_refuse(info->extack, info->attrs[SIMSEG_A_ACTOR],
				 "the actor kernel is the module itself");
		return -EINVAL;
	}
	return 0;
}

struct sk_buff *simseg_nl_reply(struct genl_info *info, size_t size, void **hdr)
{
	struct sk_buff *skb = genlmsg_new(size, GFP_KERNEL_ACCOUNT);

	if (!skb)
		return NULL;
	*hdr = genlmsg_put_reply(skb, info, &simseg_nl_family, 0, info->genlhdr->cmd);
	if (!*hdr) {
		nlmsg_free(skb);
		return NULL;
	}
	return skb;
}

/* The header of one object of a dump; NULL if the message has no room left. */
void *simseg_nl_dump_put(struct sk_buff *skb, struct netlink_callback *cb,
			 struct simseg_net *sn, u8 cmd)
{
	void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				&simseg_nl_family, NLM_F_MULTI, cmd);

	if (!hdr)
		return NULL;
	/* odd, because 0 stands for no number yet */
	cb->seq = (unsigned int)atomic_read(&sn->change) << 1 | 1;
	genl_dump_check_consistent(cb, hdr);
	return hdr;
}

/*
 * Refuses a dump, once: its start and each of its calls come here. Start is
 * the better place, as many readers overlook an error at the end of a dump, but
 * on old kernels it cannot say why; then the first call does.
 */
int simseg_nl_dump_check(struct netlink_callback *cb, bool *checked,
			 int (*check)(struct netlink_callback *cb))
{
	if (*checked || !cb->extack)
		return 0;
	*checked = true;
	return check(cb);
}

/* The device that a dump is asked about, into @bcd: 1; 0: about all; or -errno. */
int simseg_nl_dump_iccid(struct netlink_callback *cb, u8 *bcd)
{
	const struct nlattr *attr = simseg_dump_attrs(cb)[SIMSEG_A_ICCID];
	struct simseg_net *sn = simseg_net(sock_net(cb->skb->sk));
	bool known;
	int err;

	if (!attr)
		return 0;
	err = simseg_nl_iccid(attr, bcd, cb->extack);
	if (err)
		return err;
	rcu_read_lock();
	known = simseg_device_find(sn, bcd);
	rcu_read_unlock();
	if (known)
		return 1;
	simseg_nl_refuse(cb->extack, attr, "no device has this ICCID");
	return -ENOENT;
}

int simseg_nl_put_u32s(struct sk_buff *skb, const struct simseg_nl_u32 *values, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		if (nla_put_u32(skb, values[i].type, values[i].value))
			return -EMSGSIZE;
	}
	return 0;
}

int simseg_nl_put_u64s(struct sk_buff *skb, const struct simseg_nl_u64 *values, u32 n, int pad)
{
	u32 i;

	for (i = 0; i < n; i++) {
		if (nla_put_u64_64bit(skb, values[i].type, values[i].value, pad))
			return -EMSGSIZE;
	}
	return 0;
}

/* False while the family is not there, to begin with and at the end. */
static bool simseg_nl_heard;

/* For an event; NULL in @event: nobody listens. */
static int simseg_nl_event_alloc(const struct simseg_net *sn, struct sk_buff **event)
{
	*event = NULL;
	if (!READ_ONCE(simseg_nl_heard) ||
	    !genl_has_listeners(&simseg_nl_family, sn->net, SIMSEG_NL_GROUP_CONFIG))
		return 0;
	*event = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL_ACCOUNT);
	return *event ? 0 : -ENOMEM;
}

/* Does a request's attribute stand in the log's entry already? */
static bool simseg_nl_is_logged(const struct nlattr *attr)
{
	return nla_type(attr) >= SIMSEG_A_ACTOR && nla_type(attr) <= SIMSEG_A_TICKET;
}

/* @info: the request; NULL: there was none. */
static int simseg_nl_event_fill(struct sk_buff *skb, const struct simseg_log_entry *entry,
				struct genl_info *info)
{
	const struct nlattr *attr;
	void *hdr;
	int rem;

	hdr = genlmsg_put(skb, 0, 0, &simseg_nl_family, 0, SIMSEG_CMD_EVENT);
	if (!hdr || simseg_nl_put_log(skb, entry))
		return -EMSGSIZE;
	if (info) {
		/* of a long request what fits; the type keeps its flag of nesting */
		nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
			if (!simseg_nl_is_logged(attr))
				nla_put(skb, attr->nla_type, nla_len(attr), nla_data(attr));
		}
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/* Under the lock, so that events come in the order of the changes. Takes @event. */
static void simseg_nl_event_send(struct simseg_net *sn, struct sk_buff *event,
				 const struct simseg_log_entry *entry, struct genl_info *info)
{
	if (!event)
		return;
	if (simseg_nl_event_fill(event, entry, info))
		nlmsg_free(event);
	else
		genlmsg_multicast_netns(&simseg_nl_family, sn->net, event, 0,
					SIMSEG_NL_GROUP_CONFIG, GFP_KERNEL);
}

/* Of what nobody has asked for. Without memory it is in the log alone. */
void simseg_nl_tell(struct simseg_net *sn, const struct simseg_log_entry *entry)
{
	struct sk_buff *event;

	lockdep_assert_held(&sn->lock);
	if (!simseg_nl_event_alloc(sn, &event))
		simseg_nl_event_send(sn, event, entry, NULL);
}

/* What a change needs to be logged, told and answered, before it is made. */
static int simseg_nl_change_alloc(struct simseg_nl_change *change)
{
	int err;

	change->log = simseg_log_alloc(change->info->genlhdr->cmd, &change->who);
	if (!change->log)
		return -ENOMEM;
	simseg_nl_log_subject(change->log, change->info);
	err = simseg_nl_event_alloc(change->sn, &change->event);
	if (err)
		return err;
	change->reply = simseg_nl_reply(change->info, GENLMSG_DEFAULT_SIZE, &change->hdr);
	return change->reply ? 0 : -ENOMEM;
}

static void simseg_nl_change_free(struct simseg_nl_change *change)
{
	kfree(change->log);
	nlmsg_free(change->event);
	nlmsg_free(change->reply);
}

/* On success simseg_net.lock is held, until simseg_nl_end(). */
int simseg_nl_begin(struct simseg_nl_change *change, struct genl_info *info)
{
	int err;

	memset(change, 0, sizeof(*change));
	change->receipt.time_request = ktime_get_boottime_ns();
	change->info = info;
	change->sn = simseg_net(genl_info_net(info));
	err = simseg_nl_who(info, &change->who);
	if (err)
		return err;
	err = simseg_nl_change_alloc(change);
	if (err) {
		simseg_nl_change_free(change);
		return err;
	}
	mutex_lock(&change->sn->lock);
	return 0;
}

/* It was only asked about: it is no change, and nobody is told. */
void simseg_nl_quiet(struct simseg_nl_change *change)
{
	nlmsg_free(change->event);
	change->event = NULL;
	kfree(change->log);
	change->log = NULL;
}

int simseg_nl_put_receipt(struct sk_buff *skb, const struct simseg_receipt *receipt)
{
	const struct simseg_nl_u32 counts[] = {
		{ SIMSEG_A_RECEIPT_DEVICES, receipt->devices },
		{ SIMSEG_A_RECEIPT_SESSIONS, receipt->sessions },
		{ SIMSEG_A_RECEIPT_CONNTRACK, receipt->conntrack },
		{ SIMSEG_A_RECEIPT_KEPT, receipt->kept },
		{ SIMSEG_A_RECEIPT_ADDED, receipt->added },
		{ SIMSEG_A_RECEIPT_REMOVED, receipt->removed },
		{ SIMSEG_A_RECEIPT_REPLACED, receipt->replaced },
		{ SIMSEG_A_RECEIPT_TCP, receipt->cut[SIMSEG_CUT_TCP] },
		{ SIMSEG_A_RECEIPT_UDP, receipt->cut[SIMSEG_CUT_UDP] },
		{ SIMSEG_A_RECEIPT_ICMP, receipt->cut[SIMSEG_CUT_ICMP] },
		{ SIMSEG_A_RECEIPT_OTHER, receipt->cut[SIMSEG_CUT_OTHER] },
		{ SIMSEG_A_RECEIPT_OFFLOADED, receipt->offloaded },
		{ SIMSEG_A_RECEIPT_HARDWARE, receipt->hardware },
	};
	const struct simseg_nl_u64 times[] = {
		{ SIMSEG_A_RECEIPT_TIME_REQUEST, receipt->time_request },
		{ SIMSEG_A_RECEIPT_TIME_STATE, receipt->time_state },
		{ SIMSEG_A_RECEIPT_TIME_DONE, receipt->time_done },
		{ SIMSEG_A_RECEIPT_TIME_REAL, ktime_get_real_ns() -
			(ktime_get_boottime_ns() - receipt->time_done) },
	};
	struct nlattr *nest = nla_nest_start(skb, SIMSEG_A_RECEIPT);

	if (!nest || simseg_nl_put_u32s(skb, counts, ARRAY_SIZE(counts)) ||
	    simseg_nl_put_u64s(skb, times, ARRAY_SIZE(times), SIMSEG_A_RECEIPT_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* Which ruleset is in force. Under simseg_net.lock. */
static int simseg_nl_put_generation(struct sk_buff *skb, const struct simseg_net *sn)
{
	const struct simseg_ruleset *rs;

	rs = rcu_dereference_protected(sn->ruleset, lockdep_is_held(&sn->lock));
	if (nla_put_u32(skb, SIMSEG_A_GENERATION, rs->generation))
		return -EMSGSIZE;
	return nla_put(skb, SIMSEG_A_HASH, sizeof(rs->hash), rs->hash);
}

/* It is made: logged, and told. */
static void simseg_nl_made(struct simseg_nl_change *change)
{
	if (!change->log)
		return;
	change->log->receipt = change->receipt;
	simseg_log_add(change->sn, change->log);
	simseg_nl_event_send(change->sn, change->event, change->log, change->info);
	change->log = NULL;
	change->event = NULL;
}

/*
 * Ends a change. One that was made is answered, for which all is there: who gets no
 * ACK, because that had no memory, knows by the answer. That the answer cannot be
 * delivered is no refusal.
 */
static int simseg_nl_answer(struct simseg_nl_change *change, int err,
			    const struct simseg_receipt *receipt)
{
	struct sk_buff *reply = NULL;

	if (!err) {
		simseg_nl_made(change);
		swap(reply, change->reply);
		WARN_ON_ONCE(simseg_nl_put_generation(reply, change->sn) ||
			     (receipt && simseg_nl_put_receipt(reply, receipt)));
	}
	mutex_unlock(&change->sn->lock);
	simseg_nl_change_free(change);
	if (reply) {
		genlmsg_end(reply, change->hdr);
		genlmsg_reply(reply, change->info);
	}
	return err;
}

int simseg_nl_end(struct simseg_nl_change *change, int err)
{
	return simseg_nl_answer(change, err, NULL);
}

int simseg_nl_end_receipt(struct simseg_nl_change *change, int err)
{
	return simseg_nl_answer(change, err, &change->receipt);
}

static int simseg_nl_put_records(struct sk_buff *skb, struct simseg_net *sn)
{
	const struct simseg_outbox_counts counts = simseg_outbox_count(sn);
	const struct simseg_nl_u64 records[] = {
		{ SIMSEG_A_STATUS_RECORDS_MADE, counts.made },
		{ SIMSEG_A_STATUS_RECORDS_DELIVERED, counts.delivered },
		{ SIMSEG_A_STATUS_RECORDS_WAITING, counts.waiting },
		{ SIMSEG_A_STATUS_RECORDS_LOST, counts.lost },
		{ SIMSEG_A_STATUS_RECORDS_UNHEARD, counts.unheard },
		{ SIMSEG_A_STATUS_RECORDS_UNTOLD, counts.untold },
		{ SIMSEG_A_STATUS_RECORDS_SINCE, sn->outbox.since },
	};

	return simseg_nl_put_u64s(skb, records, ARRAY_SIZE(records), SIMSEG_A_STATUS_PAD);
}

static int simseg_nl_put_trial(struct sk_buff *skb, const struct simseg_net *sn)
{
	if (!sn->previous)
		return 0;
	if (nla_put_u64_64bit(skb, SIMSEG_A_STATUS_TRIAL, simseg_deadline_left(&sn->trial),
			      SIMSEG_A_STATUS_PAD) ||
	    nla_put_u8(skb, SIMSEG_A_STATUS_TRIAL_CONFIRM, sn->trial_confirm))
		return -EMSGSIZE;
	return 0;
}

static int simseg_nl_put_status(struct sk_buff *skb, struct simseg_net *sn,
				const struct simseg_ruleset *rs)
{
	u64 next = simseg_deadline_next(sn);
	const struct simseg_nl_u32 counts[] = {
		{ SIMSEG_A_STATUS_POOLS, rs->npools },
		{ SIMSEG_A_STATUS_POLICIES, rs->npolicies },
		{ SIMSEG_A_STATUS_PEERSETS, rs->npeersets },
		{ SIMSEG_A_STATUS_DEVICES, sn->ndevices },
		{ SIMSEG_A_STATUS_QUARANTINED, sn->nquarantined },
		{ SIMSEG_A_STATUS_UNVOUCHED, sn->nunvouched },
		{ SIMSEG_A_STATUS_OBSERVING, simseg_ruleset_observing(rs) },
		{ SIMSEG_A_STATUS_BINDINGS, sn->nbindings },
		{ SIMSEG_A_STATUS_SESSIONS, atomic_read(&sn->sessions.count) },
	};
	struct nlattr *nest = nla_nest_start(skb, SIMSEG_A_STATUS);

	if (!nest || nla_put_u8(skb, SIMSEG_A_STATUS_ARMED, !sn->disarmed) ||
	    nla_put_u8(skb, SIMSEG_A_STATUS_GOVERNED, rs->npools > 0) ||
	    nla_put_u8(skb, SIMSEG_A_STATUS_KFUNCS, simseg_kfunc_available()) ||
	    simseg_nl_put_u32s(skb, counts, ARRAY_SIZE(counts)) ||
	    nla_put_u64_64bit(skb, SIMSEG_A_STATUS_NETNS_COOKIE, sn->net->net_cookie,
			      SIMSEG_A_STATUS_PAD) ||
	    nla_put_u64_64bit(skb, SIMSEG_A_STATUS_SETTLED, sn->settled,
			      SIMSEG_A_STATUS_PAD) ||
	    (next && nla_put_u64_64bit(skb, SIMSEG_A_STATUS_DEADLINE, next,
				       SIMSEG_A_STATUS_PAD)) ||
	    simseg_nl_put_trial(skb, sn) || simseg_nl_put_records(skb, sn))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int simseg_nl_put_settings(struct sk_buff *skb, const struct simseg_net *sn)
{
	struct nlattr *nest = nla_nest_start(skb, SIMSEG_A_SETTING);
	u32 setting;

	if (!nest)
		return -EMSGSIZE;
	for (setting = 1; setting <= SIMSEG_A_SETTING_MAX; setting++) {
		if (nla_put_u32(skb, setting, simseg_setting(sn, setting)))
			return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int simseg_nl_fill_status(struct sk_buff *skb, struct simseg_net *sn)
{
	const struct simseg_ruleset *rs;

	rs = rcu_dereference_protected(sn->ruleset, lockdep_is_held(&sn->lock));
	if (simseg_nl_put_status(skb, sn, rs) ||
	    simseg_nl_put_generation(skb, sn) ||
	    simseg_nl_put_settings(skb, sn))
		return -EMSGSIZE;
	if (!sn->disarmed)
		return 0;
	if (nla_put_string(skb, SIMSEG_A_ACTOR, sn->disarm_actor) ||
	    nla_put_string(skb, SIMSEG_A_REASON, sn->disarm_reason))
		return -EMSGSIZE;
	return 0;
}

int simseg_nl_status_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct simseg_net *sn = simseg_net(genl_info_net(info));
	struct sk_buff *reply;
	void *hdr;
	int err;

	reply = simseg_nl_reply(info, GENLMSG_DEFAULT_SIZE, &hdr);
	if (!reply)
		return -ENOMEM;
	mutex_lock(&sn->lock);
	err = simseg_nl_fill_status(reply, sn);
	mutex_unlock(&sn->lock);
	if (err) {
		nlmsg_free(reply);
		return err;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

static int simseg_nl_put_counter(struct sk_buff *skb, struct simseg_net *sn, u8 reason)
{
	struct nlattr *nest = nla_nest_start(skb, SIMSEG_A_COUNTER);
	u64 packets, bytes;

	simseg_counter_sum(sn, reason, &packets, &bytes);
	if (!nest || nla_put_u8(skb, SIMSEG_A_COUNTER_CODE, reason) ||
	    nla_put_u64_64bit(skb, SIMSEG_A_COUNTER_PACKETS, packets, SIMSEG_A_COUNTER_PAD) ||
	    nla_put_u64_64bit(skb, SIMSEG_A_COUNTER_BYTES, bytes, SIMSEG_A_COUNTER_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int simseg_nl_fill_stats(struct sk_buff *skb, struct simseg_net *sn)
{
	struct nlattr *nest;
	u8 reason;

	for (reason = 0; reason < __SIMSEG_REASON_MAX; reason++) {
		if (simseg_nl_put_counter(skb, sn, reason))
			return -EMSGSIZE;
	}
	nest = nla_nest_start(skb, SIMSEG_A_STATUS);
	if (!nest || simseg_nl_put_records(skb, sn))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

int simseg_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	void *hdr;
	int err;

	reply = simseg_nl_reply(info, GENLMSG_DEFAULT_SIZE, &hdr);
	if (!reply)
		return -ENOMEM;
	err = simseg_nl_fill_stats(reply, simseg_net(genl_info_net(info)));
	if (err) {
		nlmsg_free(reply);
		return err;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

int simseg_nl_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct simseg_nl_change change;
	int err = simseg_nl_begin(&change, info);

	if (err)
		return err;
	err = simseg_ruleset_flush(change.sn, &change.receipt, info->extack);
	return simseg_nl_end_receipt(&change, err);
}

int simseg_nl_disarm_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct simseg_nl_change change;
	int err = simseg_nl_begin(&change, info);

	if (err)
		return err;
	if (change.who.reason) {
		err = simseg_net_disarm(change.sn, &change.who);
	} else {
		NL_SET_ERR_MSG_MOD(info->extack, "say why the gate is opened: attribute REASON");
		err = -EINVAL;
	}
	return simseg_nl_end(&change, err);
}

int simseg_nl_arm_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct simseg_nl_change change;
	int err = simseg_nl_begin(&change, info);

	if (err)
		return err;
	err = simseg_net_arm(change.sn, info->extack);
	return simseg_nl_end(&change, err);
}

int simseg_netlink_init(void)
{
	int err;

	simseg_family_ops(&simseg_nl_family, simseg_nl_ops, ARRAY_SIZE(simseg_nl_ops));
	err = genl_register_family(&simseg_nl_family);
	WRITE_ONCE(simseg_nl_heard, !err);
	return err;
}

void simseg_netlink_uninit(void)
{
	WRITE_ONCE(simseg_nl_heard, false);
	genl_unregister_family(&simseg_nl_family);
}
