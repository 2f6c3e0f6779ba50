// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes that several commands have: text, names, ICCIDs, prefixes, rules.
 */
#include <linux/slab.h>

#include "netlink.h"

/* Text goes into logs and onto terminals: no control characters. */
int simseg_nl_text(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	const u8 *text = nla_data(attr);

	for (; *text; text++) {
		if (*text < 0x20 || *text == 0x7f) {
			simseg_nl_refuse(extack, attr, "control characters are not allowed");
			return -EINVAL;
		}
	}
	return 0;
}

int simseg_nl_name(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	if (simseg_name_valid(nla_data(attr)))
		return 0;
	simseg_nl_refuse(extack, attr, "a name has 1 to 31 characters of A-Z a-z 0-9 _ . -");
	return -EINVAL;
}

/* How long from now on; 0 where the request has no DURATION. */
int simseg_nl_duration(struct genl_info *info, u64 *ns)
{
	const struct nlattr *attr = info->attrs[SIMSEG_A_DURATION];

	*ns = attr ? nla_get_u64(attr) : 0;
	if (attr && (!*ns || *ns > SIMSEG_DURATION_MAX)) {
		simseg_nl_refuse(info->extack, attr, "a duration is 1 ns at least and 366 days at most");
		return -ERANGE;
	}
	return 0;
}

int simseg_nl_iccid(const struct nlattr *attr, u8 *bcd, struct netlink_ext_ack *extack)
{
	char text[SIMSEG_ICCID_MAX + 1];
	int len = nla_len(attr);

	nla_strscpy(text, attr, sizeof(text));
	/* the policy allows the NUL to be absent, but not bytes after it */
	if (strlen(text) + 1 >= len && simseg_iccid_parse(text, bcd))
		return 0;
	simseg_nl_refuse(extack, attr, "an ICCID has 18 to 20 digits");
	return -EINVAL;
}

int simseg_nl_prefix(const struct nlattr *attr, struct simseg_prefix *prefix,
		     struct netlink_ext_ack *extack)
{
	BUILD_BUG_ON(sizeof(*prefix) != 20);	/* as the specification says */
	nla_memcpy(prefix, attr, sizeof(*prefix));
	if (simseg_prefix_valid(prefix))
		return 0;
	simseg_nl_refuse(extack, attr, "a prefix has a length of at most 128, and zeros behind it");
	return -EINVAL;
}

/* All attributes of @type as an array that the caller frees with kvfree(). */
int simseg_nl_prefixes(const struct nlattr *head, int len, int type, u32 max,
		       struct simseg_prefix **prefixes, u32 *n, struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	u32 count = 0;
	int rem, err;

	*prefixes = NULL;
	*n = 0;
	nla_for_each_attr(attr, head, len, rem)
		count += nla_type(attr) == type;
	if (!count)
		return 0;
	if (count > max) {
		NL_SET_ERR_MSG_MOD(extack, "too many prefixes");
		return -E2BIG;
	}
	*prefixes = kvcalloc(count, sizeof(**prefixes), GFP_KERNEL_ACCOUNT);
	if (!*prefixes)
		return -ENOMEM;
	nla_for_each_attr(attr, head, len, rem) {
		if (nla_type(attr) != type)
			continue;
		err = simseg_nl_prefix(attr, &(*prefixes)[*n], extack);
		if (err) {
			kvfree(*prefixes);
			*prefixes = NULL;
			*n = 0;
			return err;
		}
		++*n;
	}
	return 0;
}

static int simseg_nl_rule_ports(struct nlattr **tb, struct simseg_rule_spec *spec,
				struct netlink_ext_ack *extack)
{
	const struct nlattr *low = tb[SIMSEG_A_RULE_PORT_LOW];
	const struct nlattr *high = tb[SIMSEG_A_RULE_PORT_HIGH];

	if (tb[SIMSEG_A_RULE_PROTO]) {
		spec->proto = nla_get_u8(tb[SIMSEG_A_RULE_PROTO]);
		if (!spec->proto) {
			simseg_nl_refuse(extack, tb[SIMSEG_A_RULE_PROTO],
					 "protocol 0 is none; leave PROTO out to allow every one");
			return -EINVAL;
		}
	}
	if (!low && !high)
		return 0;
	if (!low || !simseg_proto_has_ports(spec->proto)) {
		simseg_nl_refuse(extack, low ? low : high,
				 "ports need PORT_LOW and a protocol that has ports");
		return -EINVAL;
	}
	spec->ports = true;
	spec->port_low = nla_get_u16(low);
	spec->port_high = high ? nla_get_u16(high) : spec->port_low;
	if (spec->port_low > spec->port_high) {
		simseg_nl_refuse(extack, high, "the lower port is above the higher one");
		return -EINVAL;
	}
	return 0;
}

static int simseg_nl_rule_peer(const struct nlattr *rule, struct nlattr **tb,
			       struct simseg_rule_spec *spec, struct netlink_ext_ack *extack)
{
	int err;

	if (!!tb[SIMSEG_A_RULE_PEER] + !!tb[SIMSEG_A_RULE_PREFIX] + !!tb[SIMSEG_A_RULE_SELF] > 1) {
		simseg_nl_refuse(extack, rule, "a rule has one of PEER, PREFIX and SELF, or none");
		return -EINVAL;
	}
	if (tb[SIMSEG_A_RULE_SELF]) {
		spec->kind = SIMSEG_PEER_SELF;
	} else if (tb[SIMSEG_A_RULE_PEER]) {
		spec->kind = SIMSEG_PEER_SET;
		err = simseg_nl_name(tb[SIMSEG_A_RULE_PEER], extack);
		if (err)
			return err;
		nla_strscpy(spec->peer, tb[SIMSEG_A_RULE_PEER], sizeof(spec->peer));
	} else if (tb[SIMSEG_A_RULE_PREFIX]) {
		spec->kind = SIMSEG_PEER_OWN;
		return simseg_nl_prefixes(nla_data(rule), nla_len(rule), SIMSEG_A_RULE_PREFIX,
					  SIMSEG_PREFIXES_MAX, &spec->prefixes, &spec->nprefixes,
					  extack);
	}
	return 0;
}

static int simseg_nl_rule(const struct nlattr *rule, struct simseg_rule_spec *spec,
			  struct netlink_ext_ack *extack)
{
	struct nlattr *tb[SIMSEG_A_RULE_MAX + 1];
	int err;

	err = nla_parse_nested(tb, SIMSEG_A_RULE_MAX, rule, simseg_rule_nl_policy, extack);
	if (err)
		return err;
	if (tb[SIMSEG_A_RULE_FQDN] || tb[SIMSEG_A_RULE_TLS] || tb[SIMSEG_A_RULE_OIFNAME]) {
		simseg_nl_refuse(extack, rule, "FQDN, TLS and OIFNAME of a rule are reserved");
		return -EOPNOTSUPP;
	}
	if (tb[SIMSEG_A_RULE_ID]) {
		simseg_nl_refuse(extack, tb[SIMSEG_A_RULE_ID], "rules are numbered by their order");
		return -EINVAL;
	}
	if (!tb[SIMSEG_A_RULE_DIR]) {
		NL_SET_ERR_MSG_MOD(extack, "a rule needs a direction: attribute DIR");
		NL_SET_ERR_ATTR_MISS(extack, rule, SIMSEG_A_RULE_DIR);
		return -EINVAL;
	}
	spec->dir = nla_get_u8(tb[SIMSEG_A_RULE_DIR]);
	if (tb[SIMSEG_A_RULE_LABEL]) {
		err = simseg_nl_name(tb[SIMSEG_A_RULE_LABEL], extack);
		if (err)
			return err;
		nla_strscpy(spec->label, tb[SIMSEG_A_RULE_LABEL], sizeof(spec->label));
	}
	err = simseg_nl_rule_ports(tb, spec, extack);
	return err ? err : simseg_nl_rule_peer(rule, tb, spec, extack);
}

/* All rules among attributes; the caller frees them with simseg_rule_specs_free(). */
int simseg_nl_rules(const struct nlattr *head, int len, u32 max, struct simseg_rule_spec **specs,
		    u32 *n, struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	u32 count = 0;
	int rem, err;

	*specs = NULL;
	*n = 0;
	nla_for_each_attr(attr, head, len, rem)
		count += nla_type(attr) == SIMSEG_A_RULE;
	if (!count)
		return 0;
	if (count > max) {
		NL_SET_ERR_MSG_MOD(extack, "too many rules");
		return -E2BIG;
	}
	*specs = kvcalloc(count, sizeof(**specs), GFP_KERNEL_ACCOUNT);
	if (!*specs)
		return -ENOMEM;
	nla_for_each_attr(attr, head, len, rem) {
		if (nla_type(attr) != SIMSEG_A_RULE)
			continue;
		err = simseg_nl_rule(attr, &(*specs)[*n], extack);
		if (err) {
			simseg_rule_specs_free(*specs, count);
			*specs = NULL;
			*n = 0;
			return err;
		}
		++*n;
	}
	return 0;
}

int simseg_nl_put_iccid(struct sk_buff *skb, int type, const struct simseg_device *device)
{
	char text[SIMSEG_ICCID_MAX + 1];

	if (!device)
		return 0;
	simseg_iccid_print(device->iccid, text);
	return nla_put_string(skb, type, text);
}

int simseg_nl_put_prefixes(struct sk_buff *skb, int type, const struct simseg_prefix *prefixes,
			   u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		if (nla_put(skb, type, sizeof(prefixes[i]), &prefixes[i]))
			return -EMSGSIZE;
	}
	return 0;
}

static int simseg_nl_put_rule_peer(struct sk_buff *skb, struct simseg_net *sn,
				   const struct simseg_rule *rule)
{
	const char *name;

	switch (rule->kind) {
	case SIMSEG_PEER_SELF:
		return nla_put_flag(skb, SIMSEG_A_RULE_SELF);
	case SIMSEG_PEER_SET:
		name = simseg_name_of(&sn->peer_names, rule->set);
		return name ? nla_put_string(skb, SIMSEG_A_RULE_PEER, name) : 0;
	case SIMSEG_PEER_OWN:
		return simseg_nl_put_prefixes(skb, SIMSEG_A_RULE_PREFIX, rule->prefixes,
					      rule->nprefixes);
	}
	return 0;
}

static int simseg_nl_put_rule(struct sk_buff *skb, struct simseg_net *sn,
			      const struct simseg_rule *rule)
{
	struct nlattr *nest = nla_nest_start(skb, SIMSEG_A_RULE);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u32(skb, SIMSEG_A_RULE_ID, rule->id) ||
	    nla_put_u8(skb, SIMSEG_A_RULE_DIR, rule->dir) ||
	    (rule->proto && nla_put_u8(skb, SIMSEG_A_RULE_PROTO, rule->proto)) ||
	    (rule->ports && nla_put_u16(skb, SIMSEG_A_RULE_PORT_LOW, rule->port_low)) ||
	    (rule->ports && nla_put_u16(skb, SIMSEG_A_RULE_PORT_HIGH, rule->port_high)) ||
	    (rule->label[0] && nla_put_string(skb, SIMSEG_A_RULE_LABEL, rule->label)) ||
	    simseg_nl_put_rule_peer(skb, sn, rule)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/* Puts rules from index @from on, as many as fit; returns the next index. */
u32 simseg_nl_put_rules(struct sk_buff *skb, struct simseg_net *sn,
			const struct simseg_policy *policy, u32 from)
{
	while (policy && from < policy->nrules &&
	       !simseg_nl_put_rule(skb, sn, &policy->rules[from]))
		from++;
	return from;
}

/* Room that the rules of @policy need at most. */
size_t simseg_nl_rules_size(const struct simseg_policy *policy)
{
	const size_t fixed = nla_total_size(0) + 5 * nla_total_size(sizeof(u32)) +
			     nla_total_size(SIMSEG_LABEL_MAX + 1) +
			     nla_total_size(SIMSEG_NAME_MAX + 1);
	size_t size = 0;
	u32 i;

	for (i = 0; policy && i < policy->nrules; i++)
		size += fixed + policy->rules[i].nprefixes *
				nla_total_size(sizeof(struct simseg_prefix));
	return size;
}
