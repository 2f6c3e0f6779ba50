/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/simseg.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_SIMSEG_GEN_H
#define _LINUX_SIMSEG_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/simseg.h>
#include <compat.h>

/* Common nested types */
extern const struct nla_policy simseg_binding_nl_policy[SIMSEG_A_BINDING_EPOCH + 1];
extern const struct nla_policy simseg_device_nl_policy[SIMSEG_A_RULE + 1];
extern const struct nla_policy simseg_flow_nl_policy[SIMSEG_A_FLOW_IFINDEX + 1];
extern const struct nla_policy simseg_rule_nl_policy[SIMSEG_A_RULE_OIFNAME + 1];
extern const struct nla_policy simseg_setting_nl_policy[SIMSEG_A_SETTING_RECORD_BACKLOG + 1];

/* Ops table for simseg */
extern const struct genl_split_ops simseg_nl_ops[39];

int simseg_nl_policy_get_start(struct netlink_callback *cb);
int simseg_nl_peer_get_start(struct netlink_callback *cb);
int simseg_nl_device_get_start(struct netlink_callback *cb);
int simseg_nl_session_get_start(struct netlink_callback *cb);
int simseg_nl_grant_get_start(struct netlink_callback *cb);
int simseg_nl_log_get_start(struct netlink_callback *cb);

int simseg_nl_status_get_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_ruleset_begin_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_ruleset_pool_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_ruleset_failsafe_doit(struct sk_buff *skb,
				    struct genl_info *info);
int simseg_nl_ruleset_peer_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_ruleset_policy_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_ruleset_setting_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_ruleset_device_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_ruleset_commit_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_ruleset_abort_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_pool_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int simseg_nl_policy_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int simseg_nl_peer_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int simseg_nl_peer_add_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_peer_del_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_device_new_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_device_del_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_device_get_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_device_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int simseg_nl_binding_new_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_binding_del_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_quarantine_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_release_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_flush_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_disarm_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_arm_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_session_get_dumpit(struct sk_buff *skb,
				 struct netlink_callback *cb);
int simseg_nl_session_del_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_iface_set_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_iface_del_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_iface_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int simseg_nl_explain_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_confirm_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_revert_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_grant_new_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_grant_del_doit(struct sk_buff *skb, struct genl_info *info);
int simseg_nl_grant_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int simseg_nl_log_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);

#endif /* _LINUX_SIMSEG_GEN_H */
