// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/simseg.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink-gen.h"

#include <uapi/linux/simseg.h>
#include <compat.h>

/* Common nested types */
const struct nla_policy simseg_binding_nl_policy[SIMSEG_A_BINDING_EPOCH + 1] = {
	[SIMSEG_A_BINDING_PREFIX] = NLA_POLICY_EXACT_LEN(20),
	[SIMSEG_A_BINDING_IFNAME] = { .type = NLA_NUL_STRING, .len = SIMSEG_IFNAME_MAX, },
	[SIMSEG_A_BINDING_EPOCH] = { .type = NLA_U32, },
};

const struct nla_policy simseg_device_nl_policy[SIMSEG_A_RULE + 1] = {
	[SIMSEG_A_ICCID] = { .type = NLA_STRING, .len = SIMSEG_ICCID_MAX, },
	[SIMSEG_A_ASSET] = { .type = NLA_NUL_STRING, .len = SIMSEG_ASSET_MAX, },
	[SIMSEG_A_POLICY] = { .type = NLA_NUL_STRING, .len = SIMSEG_NAME_MAX, },
	[SIMSEG_A_BINDING] = NLA_POLICY_NESTED(simseg_binding_nl_policy),
	[SIMSEG_A_RULE] = NLA_POLICY_NESTED(simseg_rule_nl_policy),
};

const struct nla_policy simseg_flow_nl_policy[SIMSEG_A_FLOW_IFINDEX + 1] = {
	[SIMSEG_A_FLOW_SRC] = NLA_POLICY_EXACT_LEN(16),
	[SIMSEG_A_FLOW_DST] = NLA_POLICY_EXACT_LEN(16),
	[SIMSEG_A_FLOW_SPORT] = { .type = NLA_U16, },
	[SIMSEG_A_FLOW_DPORT] = { .type = NLA_U16, },
	[SIMSEG_A_FLOW_PROTO] = { .type = NLA_U8, },
	[SIMSEG_A_FLOW_IFINDEX] = { .type = NLA_U32, },
};

const struct nla_policy simseg_rule_nl_policy[SIMSEG_A_RULE_OIFNAME + 1] = {
	[SIMSEG_A_RULE_ID] = { .type = NLA_U32, },
	[SIMSEG_A_RULE_DIR] = NLA_POLICY_MAX(NLA_U8, 1),
	[SIMSEG_A_RULE_PROTO] = { .type = NLA_U8, },
	[SIMSEG_A_RULE_PORT_LOW] = { .type = NLA_U16, },
	[SIMSEG_A_RULE_PORT_HIGH] = { .type = NLA_U16, },
	[SIMSEG_A_RULE_PEER] = { .type = NLA_NUL_STRING, .len = SIMSEG_NAME_MAX, },
	[SIMSEG_A_RULE_PREFIX] = NLA_POLICY_EXACT_LEN(20),
	[SIMSEG_A_RULE_SELF] = { .type = NLA_FLAG, },
	[SIMSEG_A_RULE_LABEL] = { .type = NLA_NUL_STRING, .len = SIMSEG_LABEL_MAX, },
	[SIMSEG_A_RULE_FQDN] = { .type = NLA_BINARY, },
	[SIMSEG_A_RULE_TLS] = { .type = NLA_BINARY, },
	[SIMSEG_A_RULE_OIFNAME] = { .type = NLA_BINARY, },
};

const struct nla_policy simseg_setting_nl_policy[SIMSEG_A_SETTING_RECORD_BACKLOG + 1] = {
	[SIMSEG_A_SETTING_TCP_NEW] = { .type = NLA_U32, },
	[SIMSEG_A_SETTING_TCP_ESTABLISHED] = { .type = NLA_U32, },
	[SIMSEG_A_SETTING_TCP_CLOSING] = { .type = NLA_U32, },
	[SIMSEG_A_SETTING_TCP_CLOSED] = { .type = NLA_U32, },
	[SIMSEG_A_SETTING_UDP_NEW] = { .type = NLA_U32, },
	[SIMSEG_A_SETTING_UDP_REPLIED] = { .type = NLA_U32, },
	[SIMSEG_A_SETTING_ICMP] = { .type = NLA_U32, },
	[SIMSEG_A_SETTING_OTHER] = { .type = NLA_U32, },
	[SIMSEG_A_SETTING_SESSIONS] = { .type = NLA_U32, },
	[SIMSEG_A_SETTING_DEVICE_SESSIONS] = { .type = NLA_U32, },
	[SIMSEG_A_SETTING_DEVICES] = { .type = NLA_U32, },
	[SIMSEG_A_SETTING_DENY_INTERVAL] = { .type = NLA_U32, },
	[SIMSEG_A_SETTING_PICKUP] = { .type = NLA_U32, },
	[SIMSEG_A_SETTING_HALF_OPEN] = { .type = NLA_U32, },
	[SIMSEG_A_SETTING_DEVICE_HALF_OPEN] = { .type = NLA_U32, },
	[SIMSEG_A_SETTING_GRANT_MAX] = { .type = NLA_U32, },
	[SIMSEG_A_SETTING_RECORD_INTERVAL] = { .type = NLA_U32, },
	[SIMSEG_A_SETTING_RECORD_BACKLOG] = { .type = NLA_U32, },
};

/* SIMSEG_CMD_STATUS_GET - do */
static const struct nla_policy simseg_status_get_nl_policy[SIMSEG_A_DOMAIN + 1] = {
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
};

/* SIMSEG_CMD_RULESET_BEGIN - do */
static const struct nla_policy simseg_ruleset_begin_nl_policy[SIMSEG_A_GENERATION + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_GENERATION] = { .type = NLA_U32, },
};

/* SIMSEG_CMD_RULESET_POOL - do */
static const struct nla_policy simseg_ruleset_pool_nl_policy[SIMSEG_A_PREFIX + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_PREFIX] = NLA_POLICY_EXACT_LEN(20),
};

/* SIMSEG_CMD_RULESET_FAILSAFE - do */
static const struct nla_policy simseg_ruleset_failsafe_nl_policy[SIMSEG_A_PREFIX + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_PREFIX] = NLA_POLICY_EXACT_LEN(20),
};

/* SIMSEG_CMD_RULESET_PEER - do */
static const struct nla_policy simseg_ruleset_peer_nl_policy[SIMSEG_A_PEER + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_PREFIX] = NLA_POLICY_EXACT_LEN(20),
	[SIMSEG_A_PEER] = { .type = NLA_NUL_STRING, .len = SIMSEG_NAME_MAX, },
};

/* SIMSEG_CMD_RULESET_POLICY - do */
static const struct nla_policy simseg_ruleset_policy_nl_policy[SIMSEG_A_OBSERVE + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_POLICY] = { .type = NLA_NUL_STRING, .len = SIMSEG_NAME_MAX, },
	[SIMSEG_A_OBSERVE] = { .type = NLA_FLAG, },
	[SIMSEG_A_RULE] = NLA_POLICY_NESTED(simseg_rule_nl_policy),
};

/* SIMSEG_CMD_RULESET_SETTING - do */
static const struct nla_policy simseg_ruleset_setting_nl_policy[SIMSEG_A_SETTING + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_SETTING] = NLA_POLICY_NESTED(simseg_setting_nl_policy),
};

/* SIMSEG_CMD_RULESET_DEVICE - do */
static const struct nla_policy simseg_ruleset_device_nl_policy[SIMSEG_A_DEVICE + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_DEVICE] = NLA_POLICY_NESTED(simseg_device_nl_policy),
};

/* SIMSEG_CMD_RULESET_COMMIT - do */
static const struct nla_policy simseg_ruleset_commit_nl_policy[SIMSEG_A_DURATION + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x3f),
	[SIMSEG_A_OPEN_POOL] = NLA_POLICY_EXACT_LEN(20),
	[SIMSEG_A_DURATION] = { .type = NLA_U64, },
	[SIMSEG_A_FLOW] = NLA_POLICY_NESTED(simseg_flow_nl_policy),
};

/* SIMSEG_CMD_RULESET_ABORT - do */
static const struct nla_policy simseg_ruleset_abort_nl_policy[SIMSEG_A_DOMAIN + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
};

/* SIMSEG_CMD_POOL_GET - dump */
static const struct nla_policy simseg_pool_get_nl_policy[SIMSEG_A_DOMAIN + 1] = {
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
};

/* SIMSEG_CMD_POLICY_GET - dump */
static const struct nla_policy simseg_policy_get_nl_policy[SIMSEG_A_POLICY + 1] = {
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_POLICY] = { .type = NLA_NUL_STRING, .len = SIMSEG_NAME_MAX, },
};

/* SIMSEG_CMD_PEER_GET - dump */
static const struct nla_policy simseg_peer_get_nl_policy[SIMSEG_A_PEER + 1] = {
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_PEER] = { .type = NLA_NUL_STRING, .len = SIMSEG_NAME_MAX, },
};

/* SIMSEG_CMD_PEER_ADD - do */
static const struct nla_policy simseg_peer_add_nl_policy[SIMSEG_A_DURATION + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_PREFIX] = NLA_POLICY_EXACT_LEN(20),
	[SIMSEG_A_PEER] = { .type = NLA_NUL_STRING, .len = SIMSEG_NAME_MAX, },
	[SIMSEG_A_DURATION] = { .type = NLA_U64, },
};

/* SIMSEG_CMD_PEER_DEL - do */
static const struct nla_policy simseg_peer_del_nl_policy[SIMSEG_A_PEER + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_PREFIX] = NLA_POLICY_EXACT_LEN(20),
	[SIMSEG_A_PEER] = { .type = NLA_NUL_STRING, .len = SIMSEG_NAME_MAX, },
};

/* SIMSEG_CMD_DEVICE_NEW - do */
static const struct nla_policy simseg_device_new_nl_policy[SIMSEG_A_RULE + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_ICCID] = { .type = NLA_STRING, .len = SIMSEG_ICCID_MAX, },
	[SIMSEG_A_ASSET] = { .type = NLA_NUL_STRING, .len = SIMSEG_ASSET_MAX, },
	[SIMSEG_A_POLICY] = { .type = NLA_NUL_STRING, .len = SIMSEG_NAME_MAX, },
	[SIMSEG_A_BINDING] = NLA_POLICY_NESTED(simseg_binding_nl_policy),
	[SIMSEG_A_RULE] = NLA_POLICY_NESTED(simseg_rule_nl_policy),
};

/* SIMSEG_CMD_DEVICE_DEL - do */
static const struct nla_policy simseg_device_del_nl_policy[SIMSEG_A_ICCID + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_ICCID] = { .type = NLA_STRING, .len = SIMSEG_ICCID_MAX, },
};

/* SIMSEG_CMD_DEVICE_GET - do */
static const struct nla_policy simseg_device_get_do_nl_policy[SIMSEG_A_PREFIX + 1] = {
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_ICCID] = { .type = NLA_STRING, .len = SIMSEG_ICCID_MAX, },
	[SIMSEG_A_PREFIX] = NLA_POLICY_EXACT_LEN(20),
};

/* SIMSEG_CMD_DEVICE_GET - dump */
static const struct nla_policy simseg_device_get_dump_nl_policy[SIMSEG_A_PREFIX + 1] = {
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_ICCID] = { .type = NLA_STRING, .len = SIMSEG_ICCID_MAX, },
	[SIMSEG_A_PREFIX] = NLA_POLICY_EXACT_LEN(20),
};

/* SIMSEG_CMD_BINDING_NEW - do */
static const struct nla_policy simseg_binding_new_nl_policy[SIMSEG_A_BINDING + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_ICCID] = { .type = NLA_STRING, .len = SIMSEG_ICCID_MAX, },
	[SIMSEG_A_BINDING] = NLA_POLICY_NESTED(simseg_binding_nl_policy),
};

/* SIMSEG_CMD_BINDING_DEL - do */
static const struct nla_policy simseg_binding_del_nl_policy[SIMSEG_A_BINDING + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_ICCID] = { .type = NLA_STRING, .len = SIMSEG_ICCID_MAX, },
	[SIMSEG_A_BINDING] = NLA_POLICY_NESTED(simseg_binding_nl_policy),
};

/* SIMSEG_CMD_QUARANTINE - do */
static const struct nla_policy simseg_quarantine_nl_policy[SIMSEG_A_DURATION + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_ICCID] = { .type = NLA_STRING, .len = SIMSEG_ICCID_MAX, },
	[SIMSEG_A_ALLOW] = NLA_POLICY_EXACT_LEN(20),
	[SIMSEG_A_UNKNOWN] = { .type = NLA_FLAG, },
	[SIMSEG_A_DURATION] = { .type = NLA_U64, },
};

/* SIMSEG_CMD_RELEASE - do */
static const struct nla_policy simseg_release_nl_policy[SIMSEG_A_ICCID + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_ICCID] = { .type = NLA_STRING, .len = SIMSEG_ICCID_MAX, },
};

/* SIMSEG_CMD_FLUSH - do */
static const struct nla_policy simseg_flush_nl_policy[SIMSEG_A_DOMAIN + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
};

/* SIMSEG_CMD_DISARM - do */
static const struct nla_policy simseg_disarm_nl_policy[SIMSEG_A_DOMAIN + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
};

/* SIMSEG_CMD_ARM - do */
static const struct nla_policy simseg_arm_nl_policy[SIMSEG_A_DOMAIN + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
};

/* SIMSEG_CMD_SESSION_GET - dump */
static const struct nla_policy simseg_session_get_nl_policy[SIMSEG_A_ICCID + 1] = {
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_ICCID] = { .type = NLA_STRING, .len = SIMSEG_ICCID_MAX, },
};

/* SIMSEG_CMD_SESSION_DEL - do */
static const struct nla_policy simseg_session_del_nl_policy[SIMSEG_A_ID64 + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_ID64] = { .type = NLA_U64, },
};

/* SIMSEG_CMD_STATS_GET - do */
static const struct nla_policy simseg_stats_get_nl_policy[SIMSEG_A_DOMAIN + 1] = {
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
};

/* SIMSEG_CMD_IFACE_SET - do */
static const struct nla_policy simseg_iface_set_nl_policy[SIMSEG_A_FORWARD + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_IFNAME] = { .type = NLA_NUL_STRING, .len = SIMSEG_IFNAME_MAX, },
	[SIMSEG_A_SIDE] = NLA_POLICY_MAX(NLA_U8, 2),
	[SIMSEG_A_MODE] = NLA_POLICY_MAX(NLA_U8, 3),
	[SIMSEG_A_FORWARD] = NLA_POLICY_MAX(NLA_U8, 2),
};

/* SIMSEG_CMD_IFACE_DEL - do */
static const struct nla_policy simseg_iface_del_nl_policy[SIMSEG_A_IFNAME + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_IFNAME] = { .type = NLA_NUL_STRING, .len = SIMSEG_IFNAME_MAX, },
};

/* SIMSEG_CMD_IFACE_GET - dump */
static const struct nla_policy simseg_iface_get_nl_policy[SIMSEG_A_DOMAIN + 1] = {
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
};

/* SIMSEG_CMD_EXPLAIN - do */
static const struct nla_policy simseg_explain_nl_policy[SIMSEG_A_FLOW + 1] = {
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_FLOW] = NLA_POLICY_NESTED(simseg_flow_nl_policy),
};

/* SIMSEG_CMD_CONFIRM - do */
static const struct nla_policy simseg_confirm_nl_policy[SIMSEG_A_DOMAIN + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
};

/* SIMSEG_CMD_REVERT - do */
static const struct nla_policy simseg_revert_nl_policy[SIMSEG_A_DOMAIN + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
};

/* SIMSEG_CMD_GRANT_NEW - do */
static const struct nla_policy simseg_grant_new_nl_policy[SIMSEG_A_DURATION + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_ICCID] = { .type = NLA_STRING, .len = SIMSEG_ICCID_MAX, },
	[SIMSEG_A_RULE] = NLA_POLICY_NESTED(simseg_rule_nl_policy),
	[SIMSEG_A_IFNAME] = { .type = NLA_NUL_STRING, .len = SIMSEG_IFNAME_MAX, },
	[SIMSEG_A_DURATION] = { .type = NLA_U64, },
	[SIMSEG_A_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x3f),
};

/* SIMSEG_CMD_GRANT_DEL - do */
static const struct nla_policy simseg_grant_del_nl_policy[SIMSEG_A_OF_TICKET + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_REASON] = { .type = NLA_NUL_STRING, .len = SIMSEG_REASON_MAX, },
	[SIMSEG_A_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_GRANT] = { .type = NLA_U32, },
	[SIMSEG_A_OF_ACTOR] = { .type = NLA_NUL_STRING, .len = SIMSEG_ACTOR_MAX, },
	[SIMSEG_A_OF_TICKET] = { .type = NLA_NUL_STRING, .len = SIMSEG_TICKET_MAX, },
};

/* SIMSEG_CMD_GRANT_GET - dump */
static const struct nla_policy simseg_grant_get_nl_policy[SIMSEG_A_ICCID + 1] = {
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_ICCID] = { .type = NLA_STRING, .len = SIMSEG_ICCID_MAX, },
};

/* SIMSEG_CMD_LOG_GET - dump */
static const struct nla_policy simseg_log_get_nl_policy[SIMSEG_A_COUNT + 1] = {
	[SIMSEG_A_DOMAIN] = NLA_POLICY_MAX(NLA_U32, 0),
	[SIMSEG_A_COUNT] = { .type = NLA_U32, },
};

/* Ops table for simseg */
const struct genl_split_ops simseg_nl_ops[39] = {
	{
		.cmd		= SIMSEG_CMD_STATUS_GET,
		.doit		= simseg_nl_status_get_doit,
		.policy		= simseg_status_get_nl_policy,
		.maxattr	= SIMSEG_A_DOMAIN,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_RULESET_BEGIN,
		.doit		= simseg_nl_ruleset_begin_doit,
		.policy		= simseg_ruleset_begin_nl_policy,
		.maxattr	= SIMSEG_A_GENERATION,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_RULESET_POOL,
		.doit		= simseg_nl_ruleset_pool_doit,
		.policy		= simseg_ruleset_pool_nl_policy,
		.maxattr	= SIMSEG_A_PREFIX,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_RULESET_FAILSAFE,
		.doit		= simseg_nl_ruleset_failsafe_doit,
		.policy		= simseg_ruleset_failsafe_nl_policy,
		.maxattr	= SIMSEG_A_PREFIX,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_RULESET_PEER,
		.doit		= simseg_nl_ruleset_peer_doit,
		.policy		= simseg_ruleset_peer_nl_policy,
		.maxattr	= SIMSEG_A_PEER,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_RULESET_POLICY,
		.doit		= simseg_nl_ruleset_policy_doit,
		.policy		= simseg_ruleset_policy_nl_policy,
		.maxattr	= SIMSEG_A_OBSERVE,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_RULESET_SETTING,
		.doit		= simseg_nl_ruleset_setting_doit,
		.policy		= simseg_ruleset_setting_nl_policy,
		.maxattr	= SIMSEG_A_SETTING,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_RULESET_DEVICE,
		.doit		= simseg_nl_ruleset_device_doit,
		.policy		= simseg_ruleset_device_nl_policy,
		.maxattr	= SIMSEG_A_DEVICE,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_RULESET_COMMIT,
		.doit		= simseg_nl_ruleset_commit_doit,
		.policy		= simseg_ruleset_commit_nl_policy,
		.maxattr	= SIMSEG_A_DURATION,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_RULESET_ABORT,
		.doit		= simseg_nl_ruleset_abort_doit,
		.policy		= simseg_ruleset_abort_nl_policy,
		.maxattr	= SIMSEG_A_DOMAIN,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_POOL_GET,
		.dumpit		= simseg_nl_pool_get_dumpit,
		.policy		= simseg_pool_get_nl_policy,
		.maxattr	= SIMSEG_A_DOMAIN,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= SIMSEG_CMD_POLICY_GET,
		.start		= simseg_nl_policy_get_start,
		.dumpit		= simseg_nl_policy_get_dumpit,
		.policy		= simseg_policy_get_nl_policy,
		.maxattr	= SIMSEG_A_POLICY,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= SIMSEG_CMD_PEER_GET,
		.start		= simseg_nl_peer_get_start,
		.dumpit		= simseg_nl_peer_get_dumpit,
		.policy		= simseg_peer_get_nl_policy,
		.maxattr	= SIMSEG_A_PEER,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= SIMSEG_CMD_PEER_ADD,
		.doit		= simseg_nl_peer_add_doit,
		.policy		= simseg_peer_add_nl_policy,
		.maxattr	= SIMSEG_A_DURATION,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_PEER_DEL,
		.doit		= simseg_nl_peer_del_doit,
		.policy		= simseg_peer_del_nl_policy,
		.maxattr	= SIMSEG_A_PEER,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_DEVICE_NEW,
		.doit		= simseg_nl_device_new_doit,
		.policy		= simseg_device_new_nl_policy,
		.maxattr	= SIMSEG_A_RULE,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_DEVICE_DEL,
		.doit		= simseg_nl_device_del_doit,
		.policy		= simseg_device_del_nl_policy,
		.maxattr	= SIMSEG_A_ICCID,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_DEVICE_GET,
		.doit		= simseg_nl_device_get_doit,
		.policy		= simseg_device_get_do_nl_policy,
		.maxattr	= SIMSEG_A_PREFIX,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_DEVICE_GET,
		.start		= simseg_nl_device_get_start,
		.dumpit		= simseg_nl_device_get_dumpit,
		.policy		= simseg_device_get_dump_nl_policy,
		.maxattr	= SIMSEG_A_PREFIX,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= SIMSEG_CMD_BINDING_NEW,
		.doit		= simseg_nl_binding_new_doit,
		.policy		= simseg_binding_new_nl_policy,
		.maxattr	= SIMSEG_A_BINDING,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_BINDING_DEL,
		.doit		= simseg_nl_binding_del_doit,
		.policy		= simseg_binding_del_nl_policy,
		.maxattr	= SIMSEG_A_BINDING,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_QUARANTINE,
		.doit		= simseg_nl_quarantine_doit,
		.policy		= simseg_quarantine_nl_policy,
		.maxattr	= SIMSEG_A_DURATION,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_RELEASE,
		.doit		= simseg_nl_release_doit,
		.policy		= simseg_release_nl_policy,
		.maxattr	= SIMSEG_A_ICCID,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_FLUSH,
		.doit		= simseg_nl_flush_doit,
		.policy		= simseg_flush_nl_policy,
		.maxattr	= SIMSEG_A_DOMAIN,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_DISARM,
		.doit		= simseg_nl_disarm_doit,
		.policy		= simseg_disarm_nl_policy,
		.maxattr	= SIMSEG_A_DOMAIN,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_ARM,
		.doit		= simseg_nl_arm_doit,
		.policy		= simseg_arm_nl_policy,
		.maxattr	= SIMSEG_A_DOMAIN,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_SESSION_GET,
		.start		= simseg_nl_session_get_start,
		.dumpit		= simseg_nl_session_get_dumpit,
		.policy		= simseg_session_get_nl_policy,
		.maxattr	= SIMSEG_A_ICCID,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= SIMSEG_CMD_SESSION_DEL,
		.doit		= simseg_nl_session_del_doit,
		.policy		= simseg_session_del_nl_policy,
		.maxattr	= SIMSEG_A_ID64,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_STATS_GET,
		.doit		= simseg_nl_stats_get_doit,
		.policy		= simseg_stats_get_nl_policy,
		.maxattr	= SIMSEG_A_DOMAIN,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_IFACE_SET,
		.doit		= simseg_nl_iface_set_doit,
		.policy		= simseg_iface_set_nl_policy,
		.maxattr	= SIMSEG_A_FORWARD,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_IFACE_DEL,
		.doit		= simseg_nl_iface_del_doit,
		.policy		= simseg_iface_del_nl_policy,
		.maxattr	= SIMSEG_A_IFNAME,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_IFACE_GET,
		.dumpit		= simseg_nl_iface_get_dumpit,
		.policy		= simseg_iface_get_nl_policy,
		.maxattr	= SIMSEG_A_DOMAIN,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= SIMSEG_CMD_EXPLAIN,
		.doit		= simseg_nl_explain_doit,
		.policy		= simseg_explain_nl_policy,
		.maxattr	= SIMSEG_A_FLOW,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_CONFIRM,
		.doit		= simseg_nl_confirm_doit,
		.policy		= simseg_confirm_nl_policy,
		.maxattr	= SIMSEG_A_DOMAIN,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_REVERT,
		.doit		= simseg_nl_revert_doit,
		.policy		= simseg_revert_nl_policy,
		.maxattr	= SIMSEG_A_DOMAIN,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_GRANT_NEW,
		.doit		= simseg_nl_grant_new_doit,
		.policy		= simseg_grant_new_nl_policy,
		.maxattr	= SIMSEG_A_DURATION,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_GRANT_DEL,
		.doit		= simseg_nl_grant_del_doit,
		.policy		= simseg_grant_del_nl_policy,
		.maxattr	= SIMSEG_A_OF_TICKET,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIMSEG_CMD_GRANT_GET,
		.start		= simseg_nl_grant_get_start,
		.dumpit		= simseg_nl_grant_get_dumpit,
		.policy		= simseg_grant_get_nl_policy,
		.maxattr	= SIMSEG_A_ICCID,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= SIMSEG_CMD_LOG_GET,
		.start		= simseg_nl_log_get_start,
		.dumpit		= simseg_nl_log_get_dumpit,
		.policy		= simseg_log_get_nl_policy,
		.maxattr	= SIMSEG_A_COUNT,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
};
