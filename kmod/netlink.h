/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the handlers of generic netlink share. An operation's own policy has
 * checked types and lengths, and its attribute array ends at the last
 * attribute that the operation takes: a handler reads only what its operation
 * lists in Documentation/netlink/specs/simseg.yaml.
 */
#ifndef _SIMSEG_NETLINK_H
#define _SIMSEG_NETLINK_H

#include <net/genetlink.h>

#include "simseg.h"
#include "netlink-gen.h"

extern struct genl_family simseg_nl_family;

/* Says why a request is refused, and, if it is one attribute's fault, which. */
#define simseg_nl_refuse(extack, attr, msg) do {		\
	struct netlink_ext_ack *__refusal = (extack);		\
								\
	NL_SET_ERR_MSG_MOD(__refusal, msg);			\
	NL_SET_BAD_ATTR(__refusal, attr);			\
} while (0)

/*
 * A change between simseg_nl_begin() and simseg_nl_end(). What it needs to
 * answer and to tell others is allocated before it is made: a change that
 * was made is never reported as refused.
 */
struct simseg_nl_change {
	struct simseg_net *sn;		/* locked */
	struct genl_info *info;
	struct simseg_who who;
	struct simseg_receipt receipt;
	struct simseg_log_entry *log;
	struct sk_buff *event;		/* NULL: nobody listens */
	struct sk_buff *reply;
	void *hdr;
};

/* Attributes of one device. */
struct simseg_nl_attrs {
	struct nlattr **tb;		/* up to SIMSEG_A_RULE at least */
	const struct nlattr *nest;	/* that they stand in; NULL: in no nest */
	const struct nlattr *head;
	int len;
};

struct simseg_nl_u32 {
	u16 type;
	u32 value;
};

struct simseg_nl_u64 {
	u16 type;
	u64 value;
};

/* netlink.c */
int simseg_nl_who(struct genl_info *info, struct simseg_who *who);
int simseg_nl_begin(struct simseg_nl_change *change, struct genl_info *info);
int simseg_nl_end(struct simseg_nl_change *change, int err);
int simseg_nl_end_receipt(struct simseg_nl_change *change, int err);
void simseg_nl_quiet(struct simseg_nl_change *change);
int simseg_nl_need(struct genl_info *info, int type);
struct sk_buff *simseg_nl_reply(struct genl_info *info, size_t size, void **hdr);
void *simseg_nl_dump_put(struct sk_buff *skb, struct netlink_callback *cb,
			 struct simseg_net *sn, u8 cmd);
int simseg_nl_dump_check(struct netlink_callback *cb, bool *checked,
			 int (*check)(struct netlink_callback *cb));
int simseg_nl_put_receipt(struct sk_buff *skb, const struct simseg_receipt *receipt);
int simseg_nl_dump_iccid(struct netlink_callback *cb, u8 *bcd);
int simseg_nl_put_u32s(struct sk_buff *skb, const struct simseg_nl_u32 *values, u32 n);
int simseg_nl_put_u64s(struct sk_buff *skb, const struct simseg_nl_u64 *values, u32 n, int pad);

/* netlink_attr.c: what requests and replies have in common */
int simseg_nl_text(const struct nlattr *attr, struct netlink_ext_ack *extack);
int simseg_nl_name(const struct nlattr *attr, struct netlink_ext_ack *extack);
int simseg_nl_duration(struct genl_info *info, u64 *ns);
int simseg_nl_iccid(const struct nlattr *attr, u8 *bcd, struct netlink_ext_ack *extack);
int simseg_nl_prefix(const struct nlattr *attr, struct simseg_prefix *prefix,
		     struct netlink_ext_ack *extack);
int simseg_nl_prefixes(const struct nlattr *head, int len, int type, u32 max,
		       struct simseg_prefix **prefixes, u32 *n, struct netlink_ext_ack *extack);
int simseg_nl_rules(const struct nlattr *head, int len, u32 max, struct simseg_rule_spec **specs,
		    u32 *n, struct netlink_ext_ack *extack);
int simseg_nl_put_iccid(struct sk_buff *skb, int type, const struct simseg_device *device);
int simseg_nl_put_prefixes(struct sk_buff *skb, int type, const struct simseg_prefix *prefixes,
			   u32 n);
u32 simseg_nl_put_rules(struct sk_buff *skb, struct simseg_net *sn,
			const struct simseg_policy *policy, u32 from);
size_t simseg_nl_rules_size(const struct simseg_policy *policy);

/* netlink_ruleset.c */
struct simseg_upload *simseg_nl_upload(struct simseg_net *sn, struct genl_info *info, int *err);

/* netlink_session.c: flows that are asked about */
int simseg_nl_flow(struct genl_info *info, struct simseg_pkt *pkt, u32 *ifindex);
void simseg_nl_flow_place(struct simseg_net *sn, struct simseg_pkt *pkt);

/* netlink_log.c */
int simseg_nl_put_log(struct sk_buff *skb, const struct simseg_log_entry *entry);
void simseg_nl_log_subject(struct simseg_log_entry *entry, struct genl_info *info);
__printf(2, 3)
void simseg_nl_log_append(struct simseg_log_entry *entry, const char *fmt, ...);

/* netlink_device.c */
int simseg_nl_device_spec(const struct simseg_nl_attrs *attrs, struct simseg_device_spec *spec,
			  struct netlink_ext_ack *extack);

/* The attribute of @type after @prev, or with NULL the first; NULL: no more. */
static inline const struct nlattr *simseg_nl_next(const struct genl_info *info, int type,
						  const struct nlattr *prev)
{
	const void *head = nlmsg_attrdata(info->nlhdr, GENL_HDRLEN);
	const void *end = head + nlmsg_attrlen(info->nlhdr, GENL_HDRLEN);

	if (prev)
		head = (const void *)prev + NLA_ALIGN(prev->nla_len);
	return nla_find(head, end - head, type);
}

#endif /* _SIMSEG_NETLINK_H */
