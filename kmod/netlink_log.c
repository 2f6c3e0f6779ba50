// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink: the change log, and what a change is about.
 */
#include "netlink.h"

static int simseg_nl_put_log_who(struct sk_buff *skb, const struct simseg_log_entry *entry)
{
	if (nla_put_u32(skb, SIMSEG_A_PID, entry->pid) ||
	    nla_put_u32(skb, SIMSEG_A_UID, entry->uid) ||
	    nla_put_u32(skb, SIMSEG_A_LOGINUID, entry->loginuid) ||
	    (entry->comm[0] && nla_put_string(skb, SIMSEG_A_COMM, entry->comm)) ||
	    nla_put_string(skb, SIMSEG_A_ACTOR, entry->actor) ||
	    (entry->reason[0] && nla_put_string(skb, SIMSEG_A_REASON, entry->reason)) ||
	    (entry->ticket[0] && nla_put_string(skb, SIMSEG_A_TICKET, entry->ticket)))
		return -EMSGSIZE;
	return 0;
}

int simseg_nl_put_log(struct sk_buff *skb, const struct simseg_log_entry *entry)
{
	const struct simseg_nl_u64 times[] = {
		{ SIMSEG_A_SEQ, entry->seq },
		{ SIMSEG_A_TIME, entry->time },
		{ SIMSEG_A_REAL, entry->real },
	};

	if (simseg_nl_put_u64s(skb, times, ARRAY_SIZE(times), SIMSEG_A_PAD) ||
	    nla_put_u8(skb, SIMSEG_A_COMMAND, entry->command) ||
	    nla_put_u32(skb, SIMSEG_A_GENERATION, entry->generation) ||
	    nla_put(skb, SIMSEG_A_HASH, sizeof(entry->hash), entry->hash) ||
	    (entry->subject[0] && nla_put_string(skb, SIMSEG_A_SUBJECT, entry->subject)) ||
	    simseg_nl_put_log_who(skb, entry) ||
	    simseg_nl_put_receipt(skb, &entry->receipt))
		return -EMSGSIZE;
	return 0;
}

/* What a request names, the first that it has; a text as it is, or a number. */
static const struct {
	u8 type;
	u8 size;	/* of a number; 0: text */
	const char *noun;
} simseg_nl_subjects[] = {
	{ SIMSEG_A_ICCID, 0, "device" },
	{ SIMSEG_A_PEER, 0, "peer set" },
	{ SIMSEG_A_IFNAME, 0, "interface" },
	{ SIMSEG_A_OF_ACTOR, 0, "actor" },
	{ SIMSEG_A_OF_TICKET, 0, "ticket" },
	{ SIMSEG_A_ID64, sizeof(u64), "session" },
	{ SIMSEG_A_GRANT, sizeof(u32), "grant" },
};

/* An operation's attribute array ends early: the request itself is searched. */
void simseg_nl_log_subject(struct simseg_log_entry *entry, struct genl_info *info)
{
	const struct nlattr *attr = NULL, *more;
	char text[SIMSEG_SUBJECT_MAX + 1];
	unsigned int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(simseg_nl_subjects); i++) {
		attr = simseg_nl_next(info, simseg_nl_subjects[i].type, NULL);
		if (attr)
			break;
	}
	if (!attr)
		return;
	if (simseg_nl_subjects[i].size == sizeof(u64))
		scnprintf(text, sizeof(text), "%llu", nla_get_u64(attr));
	else if (simseg_nl_subjects[i].size)
		scnprintf(text, sizeof(text), "%u", nla_get_u32(attr));
	else
		nla_strscpy(text, attr, sizeof(text));
	for (more = attr; more; more = simseg_nl_next(info, nla_type(attr), more))
		n++;
	if (n > 1)
		scnprintf(entry->subject, sizeof(entry->subject), "%s %s and %u more",
			  simseg_nl_subjects[i].noun, text, n - 1);
	else
		scnprintf(entry->subject, sizeof(entry->subject), "%s %s",
			  simseg_nl_subjects[i].noun, text);
}

/* What is known of the subject only now, as far as it fits. */
void simseg_nl_log_append(struct simseg_log_entry *entry, const char *fmt, ...)
{
	size_t at = strlen(entry->subject);
	va_list ap;

	va_start(ap, fmt);
	vscnprintf(entry->subject + at, sizeof(entry->subject) - at, fmt, ap);
	va_end(ap);
}

/* Where a dump of the log stands. */
struct simseg_nl_log {
	u64 seq;	/* of the last one that was sent */
	bool checked;
};

static struct simseg_nl_log *simseg_nl_log(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct simseg_nl_log) > sizeof(cb->ctx));
	return (struct simseg_nl_log *)cb->ctx;
}

/* COUNT asks for the last so many. */
static int simseg_nl_log_check(struct netlink_callback *cb)
{
	const struct nlattr *attr = simseg_dump_attrs(cb)[SIMSEG_A_COUNT];
	struct simseg_net *sn = simseg_net(sock_net(cb->skb->sk));

	if (!attr)
		return 0;
	mutex_lock(&sn->lock);
	if (nla_get_u32(attr) < sn->log_seq)
		simseg_nl_log(cb)->seq = sn->log_seq - nla_get_u32(attr);
	mutex_unlock(&sn->lock);
	return 0;
}

int simseg_nl_log_get_start(struct netlink_callback *cb)
{
	return simseg_nl_dump_check(cb, &simseg_nl_log(cb)->checked, simseg_nl_log_check);
}

static int simseg_nl_dump_change(struct sk_buff *skb, struct netlink_callback *cb,
				 const struct simseg_log_entry *entry)
{
	void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				&simseg_nl_family, NLM_F_MULTI, SIMSEG_CMD_LOG_GET);

	if (!hdr)
		return -EMSGSIZE;
	if (simseg_nl_put_log(skb, entry)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/* Entries never change and come in order: what is added meanwhile is no harm. */
int simseg_nl_log_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct simseg_net *sn = simseg_net(sock_net(cb->skb->sk));
	struct simseg_nl_log *at = simseg_nl_log(cb);
	const struct simseg_log_entry *entry;
	struct simseg_log_walk walk;
	int err;

	err = simseg_nl_dump_check(cb, &at->checked, simseg_nl_log_check);
	if (err)
		return err;
	mutex_lock(&sn->lock);
	simseg_log_seek(sn, &walk, at->seq);
	while ((entry = simseg_log_step(sn, &walk))) {
		if (simseg_nl_dump_change(skb, cb, entry))
			break;
		at->seq = entry->seq;
	}
	mutex_unlock(&sn->lock);
	return skb->len;
}
