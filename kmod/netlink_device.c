// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink: devices, their bindings, and quarantine.
 */
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "netlink.h"

static int simseg_nl_device_iccid(struct genl_info *info, u8 *bcd)
{
	int err = simseg_nl_need(info, SIMSEG_A_ICCID);

	return err ? err : simseg_nl_iccid(info->attrs[SIMSEG_A_ICCID], bcd, info->extack);
}

static int simseg_nl_binding(const struct nlattr *attr, struct simseg_binding_spec *spec,
			     struct netlink_ext_ack *extack)
{
	struct nlattr *tb[SIMSEG_A_BINDING_MAX + 1];
	int err;

	/* the policy of the operation has checked what is in the nest */
	err = nla_parse_nested(tb, SIMSEG_A_BINDING_MAX, attr, NULL, extack);
	if (err)
		return err;
	if (!tb[SIMSEG_A_BINDING_PREFIX] || tb[SIMSEG_A_BINDING_EPOCH]) {
		simseg_nl_refuse(extack, attr, "a binding needs PREFIX, and EPOCH is for replies");
		return -EINVAL;
	}
	err = simseg_nl_prefix(tb[SIMSEG_A_BINDING_PREFIX], &spec->prefix, extack);
	if (err)
		return err;
	spec->ifname[0] = '\0';
	if (!tb[SIMSEG_A_BINDING_IFNAME])
		return 0;
	nla_strscpy(spec->ifname, tb[SIMSEG_A_BINDING_IFNAME], sizeof(spec->ifname));
	if (!simseg_ifname_valid(spec->ifname)) {
		simseg_nl_refuse(extack, tb[SIMSEG_A_BINDING_IFNAME],
				 "not an interface name, or one that ends in *");
		return -EINVAL;
	}
	return 0;
}

/* All bindings among attributes; @specs has room for SIMSEG_BINDINGS_MAX. */
static int simseg_nl_bindings(const struct nlattr *head, int len,
			      struct simseg_binding_spec *specs, u32 *n,
			      struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	int rem, err;

	*n = 0;
	nla_for_each_attr(attr, head, len, rem) {
		if (nla_type(attr) != SIMSEG_A_BINDING)
			continue;
		if (*n == SIMSEG_BINDINGS_MAX) {
			simseg_nl_refuse(extack, attr, "at most 16 bindings of a device");
			return -E2BIG;
		}
		err = simseg_nl_binding(attr, &specs[*n], extack);
		if (err)
			return err;
		++*n;
	}
	return 0;
}

static int simseg_nl_spec_names(const struct simseg_nl_attrs *attrs,
				struct simseg_device_spec *spec, struct netlink_ext_ack *extack)
{
	const struct nlattr *policy = attrs->tb[SIMSEG_A_POLICY];
	const struct nlattr *asset = attrs->tb[SIMSEG_A_ASSET];
	const struct nlattr *iccid = attrs->tb[SIMSEG_A_ICCID];
	int err;

	if (!iccid) {
		NL_SET_ERR_MSG_MOD(extack, "a device needs an attribute ICCID");
		NL_SET_ERR_ATTR_MISS(extack, attrs->nest, SIMSEG_A_ICCID);
		return -EINVAL;
	}
	err = simseg_nl_iccid(iccid, spec->iccid, extack);
	if (!err && policy)
		err = simseg_nl_name(policy, extack);
	if (!err && asset)
		err = simseg_nl_text(asset, extack);
	if (err)
		return err;
	memset(spec->policy, 0, sizeof(spec->policy));
	memset(spec->asset, 0, sizeof(spec->asset));
	if (policy)
		nla_strscpy(spec->policy, policy, sizeof(spec->policy));
	if (asset)
		nla_strscpy(spec->asset, asset, sizeof(spec->asset));
	return 0;
}

/*
 * The device that attributes describe. On success the caller frees what it
 * owns with simseg_device_spec_free(); after that, @spec serves for another.
 */
int simseg_nl_device_spec(const struct simseg_nl_attrs *attrs, struct simseg_device_spec *spec,
			  struct netlink_ext_ack *extack)
{
	int err = simseg_nl_spec_names(attrs, spec, extack);

	if (!err)
		err = simseg_nl_bindings(attrs->head, attrs->len, spec->bindings, &spec->nbindings,
					 extack);
	if (err)
		return err;
	return simseg_nl_rules(attrs->head, attrs->len, SIMSEG_OWN_RULES_MAX, &spec->rules,
			       &spec->nrules, extack);
}

int simseg_nl_device_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct simseg_nl_attrs attrs = {
		.tb = info->attrs,
		.head = genlmsg_data(info->genlhdr),
		.len = genlmsg_len(info->genlhdr),
	};
	struct simseg_nl_change change;
	struct simseg_device_spec *spec;
	int err;

	spec = kzalloc(sizeof(*spec), GFP_KERNEL_ACCOUNT);
	if (!spec)
		return -ENOMEM;
	err = simseg_nl_device_spec(&attrs, spec, info->extack);
	if (!err)
		err = simseg_nl_begin(&change, info);
	if (!err)
		err = simseg_nl_end(&change, simseg_device_new(change.sn, spec, info->extack));
	simseg_device_spec_free(spec);
	kfree(spec);
	return err;
}

int simseg_nl_device_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct simseg_nl_change change;
	u8 bcd[SIMSEG_ICCID_BCD];
	int err;

	err = simseg_nl_device_iccid(info, bcd);
	if (!err)
		err = simseg_nl_begin(&change, info);
	if (err)
		return err;
	err = simseg_device_del(change.sn, bcd, &change.receipt, info->extack);
	return simseg_nl_end_receipt(&change, err);
}

static int simseg_nl_binding_change(struct genl_info *info, bool add)
{
	struct simseg_binding_spec *specs;
	struct simseg_nl_change change;
	u8 bcd[SIMSEG_ICCID_BCD];
	int err;
	u32 n;

	specs = kcalloc(SIMSEG_BINDINGS_MAX, sizeof(*specs), GFP_KERNEL_ACCOUNT);
	if (!specs)
		return -ENOMEM;
	err = simseg_nl_device_iccid(info, bcd);
	if (!err && add)
		err = simseg_nl_need(info, SIMSEG_A_BINDING);
	if (!err)
		err = simseg_nl_bindings(genlmsg_data(info->genlhdr), genlmsg_len(info->genlhdr),
					 specs, &n, info->extack);
	if (!err)
		err = simseg_nl_begin(&change, info);
	if (err)
		goto out;
	if (add)
		err = simseg_nl_end(&change, simseg_binding_new(change.sn, bcd, specs, n,
								info->extack));
	else
		err = simseg_nl_end_receipt(&change, simseg_binding_del(change.sn, bcd, specs, n,
									&change.receipt,
									info->extack));
out:
	kfree(specs);
	return err;
}

int simseg_nl_binding_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	return simseg_nl_binding_change(info, true);
}

int simseg_nl_binding_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	return simseg_nl_binding_change(info, false);
}

/* All ICCIDs of a request; the caller frees @request->iccids with kvfree(). */
static int simseg_nl_iccids(struct genl_info *info, struct simseg_quarantine_request *request)
{
	const struct nlattr *attr;
	u32 count = 0;
	int err;

	memset(request, 0, sizeof(*request));
	err = simseg_nl_need(info, SIMSEG_A_ICCID);
	if (err)
		return err;
	for (attr = simseg_nl_next(info, SIMSEG_A_ICCID, NULL); attr;
	     attr = simseg_nl_next(info, SIMSEG_A_ICCID, attr))
		count++;
	request->iccids = kvcalloc(count, sizeof(*request->iccids), GFP_KERNEL_ACCOUNT);
	if (!request->iccids)
		return -ENOMEM;
	for (attr = simseg_nl_next(info, SIMSEG_A_ICCID, NULL); attr;
	     attr = simseg_nl_next(info, SIMSEG_A_ICCID, attr)) {
		err = simseg_nl_iccid(attr, request->iccids[request->ndevices], info->extack);
		if (err)
			return err;
		request->ndevices++;
	}
	return 0;
}

/* Says which ICCID of a request a refusal is about; none from @ndevices on. */
static void simseg_nl_blame(struct genl_info *info, u32 index)
{
	const struct nlattr *attr = simseg_nl_next(info, SIMSEG_A_ICCID, NULL);

	while (attr && index--)
		attr = simseg_nl_next(info, SIMSEG_A_ICCID, attr);
	if (attr)
		NL_SET_BAD_ATTR(info->extack, attr);
}

static int simseg_nl_responders(struct genl_info *info, struct simseg_quarantine_request *request)
{
	const struct nlattr *attr;
	int err;

	for (attr = simseg_nl_next(info, SIMSEG_A_ALLOW, NULL); attr;
	     attr = simseg_nl_next(info, SIMSEG_A_ALLOW, attr)) {
		if (request->nallow == SIMSEG_ALLOW_MAX) {
			simseg_nl_refuse(info->extack, attr, "at most 8 responder prefixes");
			return -E2BIG;
		}
		err = simseg_nl_prefix(attr, &request->allow[request->nallow], info->extack);
		if (err)
			return err;
		request->nallow++;
	}
	request->unknown = !!info->attrs[SIMSEG_A_UNKNOWN];
	return 0;
}

int simseg_nl_quarantine_doit(struct sk_buff *skb, struct genl_info *info)
{
	u64 start = ktime_get_boottime_ns();
	struct simseg_quarantine_request request;
	struct simseg_nl_change change;
	int err;

	err = simseg_nl_iccids(info, &request);
	if (!err)
		err = simseg_nl_responders(info, &request);
	if (!err)
		err = simseg_nl_duration(info, &request.duration);
	if (!err)
		err = simseg_nl_begin(&change, info);
	if (!err) {
		/* reading ten thousand ICCIDs is part of it */
		change.receipt.time_request = start;
		err = simseg_quarantine(change.sn, &request, &change.who, &change.receipt,
					info->extack);
		if (err)
			simseg_nl_blame(info, request.bad);
		err = simseg_nl_end_receipt(&change, err);
	}
	kvfree(request.iccids);
	return err;
}

int simseg_nl_release_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct simseg_quarantine_request request;
	struct simseg_nl_change change;
	int err;

	err = simseg_nl_iccids(info, &request);
	if (!err && !info->attrs[SIMSEG_A_REASON]) {
		NL_SET_ERR_MSG_MOD(info->extack, "say why it is released: attribute REASON");
		err = -EINVAL;
	}
	if (!err)
		err = simseg_nl_begin(&change, info);
	if (!err) {
		err = simseg_release(change.sn, &request, info->extack);
		if (err)
			simseg_nl_blame(info, request.bad);
		err = simseg_nl_end(&change, err);
	}
	kvfree(request.iccids);
	return err;
}

static int simseg_nl_put_binding(struct sk_buff *skb, const struct simseg_binding *binding)
{
	struct nlattr *nest = nla_nest_start(skb, SIMSEG_A_BINDING);
	struct simseg_prefix prefix = { .plen = binding->key.plen };

	memcpy(prefix.addr, &binding->key.addr, sizeof(prefix.addr));
	if (!nest || nla_put(skb, SIMSEG_A_BINDING_PREFIX, sizeof(prefix), &prefix) ||
	    (binding->ifname[0] && nla_put_string(skb, SIMSEG_A_BINDING_IFNAME, binding->ifname)) ||
	    nla_put_u32(skb, SIMSEG_A_BINDING_EPOCH, binding->epoch))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int simseg_nl_put_quarantine(struct sk_buff *skb, const struct simseg_quarantine *q)
{
	u64 left, age;

	if (!q)
		return 0;
	left = simseg_deadline_left(&q->deadline);
	age = ktime_get_boottime_ns() - q->since;
	if (nla_put_string(skb, SIMSEG_A_ACTOR, q->actor) ||
	    nla_put_u64_64bit(skb, SIMSEG_A_AGE, age, SIMSEG_A_PAD) ||
	    (left && nla_put_u64_64bit(skb, SIMSEG_A_DURATION, left, SIMSEG_A_PAD)) ||
	    (q->reason[0] && nla_put_string(skb, SIMSEG_A_REASON, q->reason)))
		return -EMSGSIZE;
	return simseg_nl_put_prefixes(skb, SIMSEG_A_ALLOW, q->allow, q->nallow);
}

/* All of a device but its rules, which may need more messages. */
static int simseg_nl_put_device(struct sk_buff *skb, struct simseg_net *sn,
				const struct simseg_device *device)
{
	const char *policy = simseg_name_of(&sn->policy_names, device->policy);
	const struct simseg_binding *binding;

	if ((policy && nla_put_string(skb, SIMSEG_A_POLICY, policy)) ||
	    (device->asset[0] && nla_put_string(skb, SIMSEG_A_ASSET, device->asset)) ||
	    nla_put_u8(skb, SIMSEG_A_STATE, device->state) ||
	    nla_put_u32(skb, SIMSEG_A_COUNT, atomic_read(&device->nsessions)) ||
	    simseg_nl_put_quarantine(skb, rcu_dereference_protected(device->quarantine,
								    lockdep_is_held(&sn->lock))))
		return -EMSGSIZE;
	list_for_each_entry(binding, &device->bindings, of_device) {
		if (simseg_nl_put_binding(skb, binding))
			return -EMSGSIZE;
	}
	return 0;
}

static const struct simseg_policy *simseg_nl_own(struct simseg_net *sn,
						 const struct simseg_device *device)
{
	return rcu_dereference_protected(device->own, lockdep_is_held(&sn->lock));
}

static struct simseg_device *simseg_nl_device_find(struct simseg_net *sn, struct genl_info *info,
						   const u8 *bcd, const struct in6_addr *addr)
{
	const struct simseg_binding *binding;
	struct simseg_device *device = NULL;

	if (bcd) {
		device = simseg_device_find(sn, bcd);
		if (!device)
			NL_SET_ERR_MSG_MOD(info->extack, "no device has this ICCID");
		return device;
	}
	rcu_read_lock();
	binding = simseg_binding_lookup(sn, addr);
	/* a device goes under the lock alone, and the caller holds that */
	if (binding)
		device = rcu_dereference(binding->device);
	rcu_read_unlock();
	if (!device)
		NL_SET_ERR_MSG_MOD(info->extack, "no device has this address");
	return device;
}

/* Under simseg_net.lock, which the size of the reply depends on. */
static struct sk_buff *simseg_nl_device_reply(struct simseg_net *sn, struct genl_info *info,
					      const u8 *bcd, const struct in6_addr *addr)
{
	struct simseg_device *device = simseg_nl_device_find(sn, info, bcd, addr);
	const struct simseg_policy *own;
	struct sk_buff *reply;
	void *hdr;

	if (!device)
		return ERR_PTR(-ENOENT);
	own = simseg_nl_own(sn, device);
	reply = simseg_nl_reply(info, GENLMSG_DEFAULT_SIZE + simseg_nl_rules_size(own), &hdr);
	if (!reply)
		return ERR_PTR(-ENOMEM);
	if (simseg_nl_put_iccid(reply, SIMSEG_A_ICCID, device) ||
	    nla_put_u32(reply, SIMSEG_A_ID, device->id) ||
	    simseg_nl_put_device(reply, sn, device) ||
	    simseg_nl_put_rules(reply, sn, own, 0) < (own ? own->nrules : 0)) {
		nlmsg_free(reply);
		return ERR_PTR(-EMSGSIZE);
	}
	genlmsg_end(reply, hdr);
	return reply;
}

int simseg_nl_device_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *iccid = info->attrs[SIMSEG_A_ICCID];
	const struct nlattr *address = info->attrs[SIMSEG_A_PREFIX];
	struct simseg_net *sn = simseg_net(genl_info_net(info));
	struct simseg_prefix prefix = {};
	u8 bcd[SIMSEG_ICCID_BCD];
	struct in6_addr addr;
	struct sk_buff *reply;
	int err;

	if (!iccid == !address) {
		NL_SET_ERR_MSG_MOD(info->extack, "name one device, by ICCID or by PREFIX");
		return -EINVAL;
	}
	err = iccid ? simseg_nl_iccid(iccid, bcd, info->extack) :
		      simseg_nl_prefix(address, &prefix, info->extack);
	if (err)
		return err;
	memcpy(&addr, prefix.addr, sizeof(addr));
	mutex_lock(&sn->lock);
	reply = simseg_nl_device_reply(sn, info, iccid ? bcd : NULL, &addr);
	mutex_unlock(&sn->lock);
	return IS_ERR(reply) ? PTR_ERR(reply) : genlmsg_reply(reply, info);
}

/* Where a dump of devices stands. */
struct simseg_nl_devices {
	unsigned long id;
	u32 rule;	/* of that device, which comes next */
	bool started;	/* the other attributes of that device were sent */
	bool checked;
};

static struct simseg_nl_devices *simseg_nl_devices(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct simseg_nl_devices) > sizeof(cb->ctx));
	return (struct simseg_nl_devices *)cb->ctx;
}

/* Before Linux 6.2 a dump had the policy of the other form: refuse here. */
static int simseg_nl_devices_check(struct netlink_callback *cb)
{
	struct nlattr **attrs = simseg_dump_attrs(cb);

	if (!attrs[SIMSEG_A_ICCID] && !attrs[SIMSEG_A_PREFIX])
		return 0;
	NL_SET_ERR_MSG_MOD(cb->extack, "a dump gives every device; ask for one without NLM_F_DUMP");
	return -EINVAL;
}

int simseg_nl_device_get_start(struct netlink_callback *cb)
{
	return simseg_nl_dump_check(cb, &simseg_nl_devices(cb)->checked, simseg_nl_devices_check);
}

/* True if the device is complete, else the next message goes on with it. */
static bool simseg_nl_dump_device(struct sk_buff *skb, struct netlink_callback *cb,
				  struct simseg_net *sn, const struct simseg_device *device)
{
	const struct simseg_policy *own = simseg_nl_own(sn, device);
	struct simseg_nl_devices *at = simseg_nl_devices(cb);
	void *hdr = simseg_nl_dump_put(skb, cb, sn, SIMSEG_CMD_DEVICE_GET);
	u32 n = own ? own->nrules : 0;
	u32 next;

	if (!hdr)
		return false;
	if (simseg_nl_put_iccid(skb, SIMSEG_A_ICCID, device) ||
	    nla_put_u32(skb, SIMSEG_A_ID, device->id) ||
	    (!at->started && simseg_nl_put_device(skb, sn, device)))
		goto cancel;
	next = simseg_nl_put_rules(skb, sn, own, at->rule);
	if (at->started && next == at->rule && next < n)
		goto cancel;
	at->rule = next;
	at->started = true;
	genlmsg_end(skb, hdr);
	return next >= n;
cancel:
	genlmsg_cancel(skb, hdr);
	return false;
}

int simseg_nl_device_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct simseg_net *sn = simseg_net(sock_net(cb->skb->sk));
	struct simseg_nl_devices *at = simseg_nl_devices(cb);
	const struct simseg_device *device;
	unsigned long id = at->id;
	int err;

	err = simseg_nl_dump_check(cb, &at->checked, simseg_nl_devices_check);
	if (err)
		return err;
	mutex_lock(&sn->lock);
	for (device = xa_find(&sn->device_ids, &id, ULONG_MAX, XA_PRESENT); device;
	     device = xa_find_after(&sn->device_ids, &id, ULONG_MAX, XA_PRESENT)) {
		if (id != at->id) {
			at->id = id;
			at->rule = 0;
			at->started = false;
		}
		if (!simseg_nl_dump_device(skb, cb, sn, device))
			goto out;
	}
	at->id = ULONG_MAX;
out:
	mutex_unlock(&sn->lock);
	return skb->len;
}
