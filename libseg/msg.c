// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The message under construction: one buffer, used again for every request
 */
#include <limits.h>
#include <sys/socket.h>

#include "handle.h"

/*
 * Room for a long request, also in the socket's buffer: there, more than the
 * administrator's limit takes CAP_NET_ADMIN, which a request takes anyway. What
 * does not fit in spite of that is refused when it is sent.
 */
int seg_msg_reserve(struct seg_handle *h, size_t len)
{
	struct nl_msg *msg;
	int size = (int)len;

	if (len > INT_MAX / 2)
		return seg_fail(h, -EMSGSIZE, "the request does not fit into a message", NULL);
	if (len <= nlmsg_get_max_size(h->msg))
		return 0;
	msg = nlmsg_alloc_size(len);
	if (!msg)
		return seg_fail(h, -ENOMEM, "out of memory", NULL);
	nlmsg_free(h->msg);
	h->msg = msg;
	if (setsockopt(h->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		setsockopt(h->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return 0;
}

static int seg_msg_begin(struct seg_handle *h, uint8_t cmd)
{
	if (h->busy)
		return seg_fail(h, -EBUSY, "called from a callback of the same handle", NULL);
	h->overflow = false;
	/* libnl has no call that empties a message. */
	nlmsg_hdr(h->msg)->nlmsg_len = NLMSG_HDRLEN;
	if (!genlmsg_put(h->msg, nl_socket_get_local_port(h->sk), ++h->seq, h->family, 0, 0, cmd,
			 SIMSEG_FAMILY_VERSION))
		return seg_fail(h, -EMSGSIZE, "no room for a message", NULL);
	return 0;
}

int seg_msg_read(struct seg_handle *h, uint8_t cmd)
{
	return seg_msg_begin(h, cmd);
}

int seg_msg_piece(struct seg_handle *h, uint8_t cmd)
{
	int err = h->open ? seg_queue(h) : 0;

	if (!err)
		err = seg_msg_begin(h, cmd);
	if (!err && h->actor[0])
		seg_put_string(h, SIMSEG_A_ACTOR, h->actor);
	return err;
}

int seg_msg_change(struct seg_handle *h, uint8_t cmd)
{
	int err = seg_msg_piece(h, cmd);

	if (err)
		return err;
	if (h->reason[0])
		seg_put_string(h, SIMSEG_A_REASON, h->reason);
	if (h->ticket[0])
		seg_put_string(h, SIMSEG_A_TICKET, h->ticket);
	return 0;
}

size_t seg_msg_len(const struct seg_handle *h)
{
	return nlmsg_hdr(h->msg)->nlmsg_len;
}

/* Adds an attribute without its data; NULL: no room. As nla_reserve(), in half the time. */
static struct nlattr *seg_reserve(struct seg_handle *h, int attr, size_t len)
{
	struct nlmsghdr *nlh = nlmsg_hdr(h->msg);
	size_t tail = NLMSG_ALIGN(nlh->nlmsg_len);
	struct nlattr *nla = (struct nlattr *)((char *)nlh + tail);

	if (len > UINT16_MAX - NLA_HDRLEN ||
	    tail + NLA_ALIGN(NLA_HDRLEN + len) > nlmsg_get_max_size(h->msg)) {
		h->overflow = true;
		return NULL;
	}
	nla->nla_type = (uint16_t)attr;
	nla->nla_len = (uint16_t)(NLA_HDRLEN + len);
	memset((char *)nla + nla->nla_len, 0, NLA_ALIGN(nla->nla_len) - nla->nla_len);
	nlh->nlmsg_len = (uint32_t)(tail + NLA_ALIGN(nla->nla_len));
	return nla;
}

void seg_put(struct seg_handle *h, int attr, const void *data, size_t len)
{
	struct nlattr *nla = seg_reserve(h, attr, len);

	if (nla && len)
		memcpy(nla_data(nla), data, len);
}

void seg_put_string(struct seg_handle *h, int attr, const char *text)
{
	seg_put(h, attr, text, strlen(text) + 1);
}

void seg_put_u8(struct seg_handle *h, int attr, uint8_t value)
{
	seg_put(h, attr, &value, sizeof(value));
}

void seg_put_u16(struct seg_handle *h, int attr, uint16_t value)
{
	seg_put(h, attr, &value, sizeof(value));
}

void seg_put_u32(struct seg_handle *h, int attr, uint32_t value)
{
	seg_put(h, attr, &value, sizeof(value));
}

void seg_put_u64(struct seg_handle *h, int attr, uint64_t value)
{
	seg_put(h, attr, &value, sizeof(value));
}

void seg_put_prefix(struct seg_handle *h, int attr, const struct simseg_prefix *prefix)
{
	seg_put(h, attr, prefix, sizeof(*prefix));
}

struct nlattr *seg_nest_begin(struct seg_handle *h, int attr)
{
	return seg_reserve(h, attr | NLA_F_NESTED, 0);
}

void seg_nest_end(struct seg_handle *h, struct nlattr *nest)
{
	size_t len;

	if (!nest || h->overflow)
		return;
	len = (char *)nlmsg_tail(nlmsg_hdr(h->msg)) - (char *)nest;
	/* The length of an attribute is 16 bits wide, and nobody else checks it. */
	if (len > UINT16_MAX)
		h->overflow = true;
	else
		nest->nla_len = (uint16_t)len;
}

void seg_put_rule(struct seg_handle *h, const struct seg_rule *rule)
{
	struct nlattr *nest = seg_nest_begin(h, SIMSEG_A_RULE);
	size_t i;

	seg_put_u8(h, SIMSEG_A_RULE_DIR, rule->dir);
	if (rule->has_proto)
		seg_put_u8(h, SIMSEG_A_RULE_PROTO, rule->proto);
	if (rule->has_ports) {
		seg_put_u16(h, SIMSEG_A_RULE_PORT_LOW, rule->port_low);
		seg_put_u16(h, SIMSEG_A_RULE_PORT_HIGH, rule->port_high);
	}
	if (rule->peer)
		seg_put_string(h, SIMSEG_A_RULE_PEER, rule->peer);
	for (i = 0; i < rule->n_prefixes; i++)
		seg_put_prefix(h, SIMSEG_A_RULE_PREFIX, &rule->prefixes[i]);
	if (rule->self)
		seg_put(h, SIMSEG_A_RULE_SELF, NULL, 0);
	if (rule->label)
		seg_put_string(h, SIMSEG_A_RULE_LABEL, rule->label);
	seg_nest_end(h, nest);
}

void seg_put_binding(struct seg_handle *h, const struct seg_binding *binding)
{
	struct nlattr *nest = seg_nest_begin(h, SIMSEG_A_BINDING);

	seg_put_prefix(h, SIMSEG_A_BINDING_PREFIX, &binding->prefix);
	if (binding->ifname)
		seg_put_string(h, SIMSEG_A_BINDING_IFNAME, binding->ifname);
	seg_nest_end(h, nest);
}

void seg_put_device(struct seg_handle *h, const struct seg_device *device)
{
	size_t i;

	seg_put_string(h, SIMSEG_A_ICCID, device->iccid);
	if (device->policy)
		seg_put_string(h, SIMSEG_A_POLICY, device->policy);
	if (device->asset)
		seg_put_string(h, SIMSEG_A_ASSET, device->asset);
	for (i = 0; i < device->n_bindings; i++)
		seg_put_binding(h, &device->bindings[i]);
	for (i = 0; i < device->n_rules; i++)
		seg_put_rule(h, &device->rules[i]);
}
