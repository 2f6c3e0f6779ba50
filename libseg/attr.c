// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Attributes of a reply to the structs of libseg.h
 *
 * Unknown attributes are skipped: a newer module may send more.
 */
#include <stdlib.h>

#include <arpa/inet.h>

#include "handle.h"

#define SEG_PREFIX_ATTR                                                    \
	{                                                                  \
		.type = NLA_UNSPEC, .minlen = sizeof(struct simseg_prefix) \
	}

const struct nla_policy seg_top_policy[SIMSEG_A_MAX + 1] = {
	[SIMSEG_A_ACTOR] = { .type = NLA_STRING },
	[SIMSEG_A_REASON] = { .type = NLA_STRING },
	[SIMSEG_A_TICKET] = { .type = NLA_STRING },
	[SIMSEG_A_GENERATION] = { .type = NLA_U32 },
	[SIMSEG_A_HASH] = { .type = NLA_UNSPEC, .minlen = SIMSEG_HASH_LEN },
	[SIMSEG_A_ICCID] = { .type = NLA_STRING },
	[SIMSEG_A_ASSET] = { .type = NLA_STRING },
	[SIMSEG_A_POLICY] = { .type = NLA_STRING },
	[SIMSEG_A_STATE] = { .type = NLA_U8 },
	[SIMSEG_A_PREFIX] = SEG_PREFIX_ATTR,
	[SIMSEG_A_BINDING] = { .type = NLA_NESTED },
	[SIMSEG_A_RULE] = { .type = NLA_NESTED },
	[SIMSEG_A_PEER] = { .type = NLA_STRING },
	[SIMSEG_A_ID] = { .type = NLA_U32 },
	[SIMSEG_A_ID64] = { .type = NLA_U64 },
	[SIMSEG_A_SESSION] = { .type = NLA_NESTED },
	[SIMSEG_A_IFNAME] = { .type = NLA_STRING },
	[SIMSEG_A_IFINDEX] = { .type = NLA_U32 },
	[SIMSEG_A_SIDE] = { .type = NLA_U8 },
	[SIMSEG_A_MODE] = { .type = NLA_U8 },
	[SIMSEG_A_FORWARD] = { .type = NLA_U8 },
	[SIMSEG_A_FORWARDS] = { .type = NLA_FLAG },
	[SIMSEG_A_FORWARD_SKIPS] = { .type = NLA_U32 },
	[SIMSEG_A_STATS] = { .type = NLA_NESTED },
	[SIMSEG_A_COUNTER] = { .type = NLA_NESTED },
	[SIMSEG_A_VERDICT] = { .type = NLA_U8 },
	[SIMSEG_A_CODE] = { .type = NLA_U8 },
	[SIMSEG_A_LABEL] = { .type = NLA_STRING },
	[SIMSEG_A_PEER_ICCID] = { .type = NLA_STRING },
	[SIMSEG_A_SETTING] = { .type = NLA_NESTED },
	[SIMSEG_A_STATUS] = { .type = NLA_NESTED },
	[SIMSEG_A_COUNT] = { .type = NLA_U32 },
	[SIMSEG_A_ALLOW] = SEG_PREFIX_ATTR,
	[SIMSEG_A_RECEIPT] = { .type = NLA_NESTED },
	[SIMSEG_A_DURATION] = { .type = NLA_U64 },
	[SIMSEG_A_AGE] = { .type = NLA_U64 },
	[SIMSEG_A_UID] = { .type = NLA_U32 },
	[SIMSEG_A_GRANT] = { .type = NLA_U32 },
	[SIMSEG_A_PID] = { .type = NLA_U32 },
	[SIMSEG_A_COMMAND] = { .type = NLA_U8 },
	[SIMSEG_A_SEQ] = { .type = NLA_U64 },
	[SIMSEG_A_TIME] = { .type = NLA_U64 },
	[SIMSEG_A_REAL] = { .type = NLA_U64 },
	[SIMSEG_A_LOGINUID] = { .type = NLA_U32 },
	[SIMSEG_A_COMM] = { .type = NLA_STRING },
	[SIMSEG_A_SUBJECT] = { .type = NLA_STRING },
};

static const struct nla_policy seg_rule_policy[SIMSEG_A_RULE_MAX + 1] = {
	[SIMSEG_A_RULE_ID] = { .type = NLA_U32 },
	[SIMSEG_A_RULE_DIR] = { .type = NLA_U8 },
	[SIMSEG_A_RULE_PROTO] = { .type = NLA_U8 },
	[SIMSEG_A_RULE_PORT_LOW] = { .type = NLA_U16 },
	[SIMSEG_A_RULE_PORT_HIGH] = { .type = NLA_U16 },
	[SIMSEG_A_RULE_PEER] = { .type = NLA_STRING },
	[SIMSEG_A_RULE_PREFIX] = SEG_PREFIX_ATTR,
	[SIMSEG_A_RULE_LABEL] = { .type = NLA_STRING },
};

static const struct nla_policy seg_binding_policy[SIMSEG_A_BINDING_MAX + 1] = {
	[SIMSEG_A_BINDING_PREFIX] = SEG_PREFIX_ATTR,
	[SIMSEG_A_BINDING_IFNAME] = { .type = NLA_STRING },
	[SIMSEG_A_BINDING_EPOCH] = { .type = NLA_U32 },
};

static const struct nla_policy seg_receipt_policy[SIMSEG_A_RECEIPT_MAX + 1] = {
	[SIMSEG_A_RECEIPT_DEVICES] = { .type = NLA_U32 },
	[SIMSEG_A_RECEIPT_SESSIONS] = { .type = NLA_U32 },
	[SIMSEG_A_RECEIPT_CONNTRACK] = { .type = NLA_U32 },
	[SIMSEG_A_RECEIPT_KEPT] = { .type = NLA_U32 },
	[SIMSEG_A_RECEIPT_ADDED] = { .type = NLA_U32 },
	[SIMSEG_A_RECEIPT_REMOVED] = { .type = NLA_U32 },
	[SIMSEG_A_RECEIPT_TIME_REQUEST] = { .type = NLA_U64 },
	[SIMSEG_A_RECEIPT_TIME_STATE] = { .type = NLA_U64 },
	[SIMSEG_A_RECEIPT_TIME_DONE] = { .type = NLA_U64 },
	[SIMSEG_A_RECEIPT_TIME_REAL] = { .type = NLA_U64 },
	[SIMSEG_A_RECEIPT_REPLACED] = { .type = NLA_U32 },
	[SIMSEG_A_RECEIPT_TCP] = { .type = NLA_U32 },
	[SIMSEG_A_RECEIPT_UDP] = { .type = NLA_U32 },
	[SIMSEG_A_RECEIPT_ICMP] = { .type = NLA_U32 },
	[SIMSEG_A_RECEIPT_OTHER] = { .type = NLA_U32 },
	[SIMSEG_A_RECEIPT_OFFLOADED] = { .type = NLA_U32 },
	[SIMSEG_A_RECEIPT_HARDWARE] = { .type = NLA_U32 },
};

const char *seg_get_string(struct nlattr *nla)
{
	return nla ? nla_data(nla) : NULL;
}

uint32_t seg_get_u32(struct nlattr *nla)
{
	return nla ? nla_get_u32(nla) : 0;
}

uint64_t seg_get_u64(struct nlattr *nla)
{
	uint64_t value = 0;

	/* Attributes are aligned to 4 bytes only. */
	if (nla)
		memcpy(&value, nla_data(nla), sizeof(value));
	return value;
}

bool seg_get_prefix(struct nlattr *nla, struct simseg_prefix *prefix)
{
	if (!nla || nla_len(nla) < (int)sizeof(*prefix))
		return false;
	memcpy(prefix, nla_data(nla), sizeof(*prefix));
	return true;
}

void seg_copy_string(char *dst, size_t size, struct nlattr *nla)
{
	const char *text = seg_get_string(nla);
	size_t len = text ? strlen(text) : 0;

	if (len >= size)
		len = size - 1;
	if (len)
		memcpy(dst, text, len);
	dst[len] = '\0';
}

void seg_scratch_free(struct seg_scratch *s)
{
	free(s->prefixes);
	free(s->left);
	free(s->allow);
	free(s->rules);
	free(s->bindings);
	memset(s, 0, sizeof(*s));
}

/* Size the arrays by the smallest attribute that makes an element. */
static int seg_scratch_fit(struct seg_scratch *s, size_t len)
{
	size_t n_prefixes = len / nla_total_size(sizeof(struct simseg_prefix)) + 1;
	size_t n_nests = len / NLA_HDRLEN + 1;

	if (len > s->room) {
		seg_scratch_free(s);
		s->prefixes = calloc(n_prefixes, sizeof(*s->prefixes));
		s->left = calloc(n_prefixes, sizeof(*s->left));
		s->allow = calloc(n_prefixes, sizeof(*s->allow));
		s->rules = calloc(n_nests, sizeof(*s->rules));
		s->bindings = calloc(n_nests, sizeof(*s->bindings));
		if (!s->prefixes || !s->left || !s->allow || !s->rules || !s->bindings) {
			seg_scratch_free(s);
			return -ENOMEM;
		}
		s->room = len;
	}
	s->n_prefixes = 0;
	s->n_allow = 0;
	s->n_rules = 0;
	s->n_bindings = 0;
	return 0;
}

static int seg_get_rule(struct seg_scratch *s, struct nlattr *nest)
{
	struct nlattr *tb[SIMSEG_A_RULE_MAX + 1], *nla;
	struct seg_rule *rule = &s->rules[s->n_rules];
	int rest;

	if (nla_parse_nested(tb, SIMSEG_A_RULE_MAX, nest, seg_rule_policy) < 0)
		return -EBADMSG;
	memset(rule, 0, sizeof(*rule));
	rule->id = seg_get_u32(tb[SIMSEG_A_RULE_ID]);
	rule->dir = tb[SIMSEG_A_RULE_DIR] ? nla_get_u8(tb[SIMSEG_A_RULE_DIR]) : 0;
	rule->has_proto = !!tb[SIMSEG_A_RULE_PROTO];
	rule->proto = rule->has_proto ? nla_get_u8(tb[SIMSEG_A_RULE_PROTO]) : 0;
	rule->has_ports = !!tb[SIMSEG_A_RULE_PORT_LOW];
	if (rule->has_ports) {
		rule->port_low = nla_get_u16(tb[SIMSEG_A_RULE_PORT_LOW]);
		rule->port_high = tb[SIMSEG_A_RULE_PORT_HIGH] ?
					  nla_get_u16(tb[SIMSEG_A_RULE_PORT_HIGH]) :
					  rule->port_low;
	}
	rule->self = !!tb[SIMSEG_A_RULE_SELF];
	rule->peer = seg_get_string(tb[SIMSEG_A_RULE_PEER]);
	rule->label = seg_get_string(tb[SIMSEG_A_RULE_LABEL]);
	rule->prefixes = &s->prefixes[s->n_prefixes];
	nla_for_each_nested(nla, nest, rest)
		if (nla_type(nla) == SIMSEG_A_RULE_PREFIX &&
		    seg_get_prefix(nla, &s->prefixes[s->n_prefixes])) {
			s->n_prefixes++;
			rule->n_prefixes++;
		}
	s->n_rules++;
	return 0;
}

static int seg_get_binding(struct seg_scratch *s, struct nlattr *nest)
{
	struct seg_binding *binding = &s->bindings[s->n_bindings];
	struct nlattr *tb[SIMSEG_A_BINDING_MAX + 1];

	if (nla_parse_nested(tb, SIMSEG_A_BINDING_MAX, nest, seg_binding_policy) < 0)
		return -EBADMSG;
	memset(binding, 0, sizeof(*binding));
	if (!seg_get_prefix(tb[SIMSEG_A_BINDING_PREFIX], &binding->prefix))
		return -EBADMSG;
	binding->ifname = seg_get_string(tb[SIMSEG_A_BINDING_IFNAME]);
	binding->epoch = seg_get_u32(tb[SIMSEG_A_BINDING_EPOCH]);
	s->n_bindings++;
	return 0;
}

static int seg_get_element(struct seg_scratch *s, struct nlattr *nest)
{
	struct nlattr *tb[SIMSEG_A_ELEMENT_MAX + 1];

	if (nla_parse_nested(tb, SIMSEG_A_ELEMENT_MAX, nest, NULL) < 0 ||
	    !tb[SIMSEG_A_ELEMENT_PREFIX] ||
	    !seg_get_prefix(tb[SIMSEG_A_ELEMENT_PREFIX], &s->prefixes[s->n_prefixes]))
		return -EBADMSG;
	s->left[s->n_prefixes++] = seg_get_u64(tb[SIMSEG_A_ELEMENT_DURATION]);
	return 0;
}

int seg_get_arrays(struct seg_handle *h, struct nlmsghdr *nlh)
{
	struct seg_scratch *s = &h->scratch;
	struct nlattr *nla;
	int rest, err = 0;

	if (seg_scratch_fit(s, nlh->nlmsg_len))
		return seg_fail(h, -ENOMEM, "out of memory", NULL);
	nlmsg_for_each_attr(nla, nlh, GENL_HDRLEN, rest)
	{
		switch (nla_type(nla)) {
		case SIMSEG_A_RULE:
			err = seg_get_rule(s, nla);
			break;
		case SIMSEG_A_BINDING:
			err = seg_get_binding(s, nla);
			break;
		case SIMSEG_A_PREFIX:
			if (seg_get_prefix(nla, &s->prefixes[s->n_prefixes]))
				s->left[s->n_prefixes++] = 0;
			break;
		case SIMSEG_A_ELEMENT:
			err = seg_get_element(s, nla);
			break;
		case SIMSEG_A_ALLOW:
			if (seg_get_prefix(nla, &s->allow[s->n_allow]))
				s->n_allow++;
			break;
		}
		if (err)
			return seg_fail(h, err, "the kernel's answer cannot be parsed", NULL);
	}
	return 0;
}

int seg_get_receipt(struct nlattr *nla, struct seg_receipt *receipt)
{
	struct nlattr *tb[SIMSEG_A_RECEIPT_MAX + 1];

	if (nla_parse_nested(tb, SIMSEG_A_RECEIPT_MAX, nla, seg_receipt_policy) < 0)
		return -EBADMSG;
	receipt->devices = seg_get_u32(tb[SIMSEG_A_RECEIPT_DEVICES]);
	receipt->sessions = seg_get_u32(tb[SIMSEG_A_RECEIPT_SESSIONS]);
	receipt->conntrack = seg_get_u32(tb[SIMSEG_A_RECEIPT_CONNTRACK]);
	receipt->kept = seg_get_u32(tb[SIMSEG_A_RECEIPT_KEPT]);
	receipt->added = seg_get_u32(tb[SIMSEG_A_RECEIPT_ADDED]);
	receipt->removed = seg_get_u32(tb[SIMSEG_A_RECEIPT_REMOVED]);
	receipt->time_request = seg_get_u64(tb[SIMSEG_A_RECEIPT_TIME_REQUEST]);
	receipt->time_state = seg_get_u64(tb[SIMSEG_A_RECEIPT_TIME_STATE]);
	receipt->time_done = seg_get_u64(tb[SIMSEG_A_RECEIPT_TIME_DONE]);
	receipt->time_real = seg_get_u64(tb[SIMSEG_A_RECEIPT_TIME_REAL]);
	receipt->replaced = seg_get_u32(tb[SIMSEG_A_RECEIPT_REPLACED]);
	receipt->tcp = seg_get_u32(tb[SIMSEG_A_RECEIPT_TCP]);
	receipt->udp = seg_get_u32(tb[SIMSEG_A_RECEIPT_UDP]);
	receipt->icmp = seg_get_u32(tb[SIMSEG_A_RECEIPT_ICMP]);
	receipt->other = seg_get_u32(tb[SIMSEG_A_RECEIPT_OTHER]);
	receipt->offloaded = seg_get_u32(tb[SIMSEG_A_RECEIPT_OFFLOADED]);
	receipt->hardware = seg_get_u32(tb[SIMSEG_A_RECEIPT_HARDWARE]);
	return 0;
}

int seg_reply_receipt(struct seg_handle *h, struct nlmsghdr *nlh, struct nlattr **tb, void *arg)
{
	struct seg_receipt *receipt = arg;

	(void)nlh;
	if (!receipt || !tb[SIMSEG_A_RECEIPT])
		return 0;
	if (seg_get_receipt(tb[SIMSEG_A_RECEIPT], receipt))
		return seg_fail(h, -EBADMSG, "the kernel's receipt cannot be parsed", NULL);
	receipt->generation = seg_get_u32(tb[SIMSEG_A_GENERATION]);
	if (tb[SIMSEG_A_HASH])
		memcpy(receipt->hash, nla_data(tb[SIMSEG_A_HASH]), sizeof(receipt->hash));
	return 0;
}

void seg_put_flow(struct seg_handle *h, const struct seg_flow *flow)
{
	struct nlattr *nest;

	nest = seg_nest_begin(h, SIMSEG_A_FLOW);
	seg_put(h, SIMSEG_A_FLOW_SRC, flow->src, sizeof(flow->src));
	seg_put(h, SIMSEG_A_FLOW_DST, flow->dst, sizeof(flow->dst));
	if (flow->sport)
		seg_put_u16(h, SIMSEG_A_FLOW_SPORT, htons(flow->sport));
	if (flow->dport)
		seg_put_u16(h, SIMSEG_A_FLOW_DPORT, htons(flow->dport));
	seg_put_u8(h, SIMSEG_A_FLOW_PROTO, flow->proto);
	if (flow->ifindex)
		seg_put_u32(h, SIMSEG_A_FLOW_IFINDEX, flow->ifindex);
	seg_nest_end(h, nest);
}
