// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conntrack's entries of our sessions, found by tuple and deleted. simseg holds
 * no reference to one beyond a function, and works where conntrack is not
 * loaded: its functions are looked up when they are needed.
 */
#include <linux/module.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_tuple.h>
#include <net/netfilter/nf_conntrack_zones.h>

#include "simseg.h"

#if IS_ENABLED(CONFIG_NF_CONNTRACK)

/* What conntrack gives us for the time of one function. */
struct simseg_conntrack {
	struct nf_conntrack_tuple_hash *(*find)(struct net *net,
						const struct nf_conntrack_zone *zone,
						const struct nf_conntrack_tuple *tuple);
};

/* The tuple of @s as the initiator sees it (@reply: as the responder does). */
static void simseg_tuple(struct nf_conntrack_tuple *tuple, const struct simseg_session *s,
			 bool reply)
{
	u8 from = s->initiator ^ reply;
	const struct in6_addr *src = &s->key.addr[from];
	const struct in6_addr *dst = &s->key.addr[!from];
	bool icmp = s->key.proto == IPPROTO_ICMP || s->key.proto == IPPROTO_ICMPV6;

	memset(tuple, 0, sizeof(*tuple));
	if (ipv6_addr_v4mapped(src)) {
		tuple->src.l3num = NFPROTO_IPV4;
		tuple->src.u3.ip = src->s6_addr32[3];
		tuple->dst.u3.ip = dst->s6_addr32[3];
	} else {
		tuple->src.l3num = NFPROTO_IPV6;
		tuple->src.u3.in6 = *src;
		tuple->dst.u3.in6 = *dst;
	}
	tuple->dst.protonum = s->key.proto;
	tuple->src.u.all = s->key.port[from];
	tuple->dst.u.all = s->key.port[!from];
	if (icmp) {
		bool v4 = s->key.proto == IPPROTO_ICMP;

		tuple->dst.u.icmp.code = 0;
		tuple->dst.u.icmp.type = v4 ? (reply ? 0 : 8) : (reply ? 129 : 128);
	}
}

/*
 * The entry of @s with a reference, or NULL. After source NAT the initiator's
 * tuple is conntrack's original one; after destination NAT the responder's is
 * conntrack's reply.
 */
static struct nf_conn *simseg_conntrack_get(struct net *net, const struct simseg_session *s,
					    const struct simseg_conntrack *api)
{
	const struct nf_conntrack_zone zone = { .dir = NF_CT_DEFAULT_ZONE_DIR };
	struct nf_conntrack_tuple_hash *h;
	struct nf_conntrack_tuple tuple;

	simseg_tuple(&tuple, s, false);
	h = api->find(net, &zone, &tuple);
	if (!h) {
		simseg_tuple(&tuple, s, true);
		h = api->find(net, &zone, &tuple);
	}
	return h ? nf_ct_tuplehash_to_ctrack(h) : NULL;
}

/* Returns how many entries were deleted, 0 or 1. */
u32 simseg_conntrack_delete(struct net *net, const struct simseg_session *s)
{
	struct simseg_conntrack api = { .find = symbol_get(nf_conntrack_find_get) };
	typeof(nf_ct_delete) *delete;
	struct nf_conn *ct;
	u32 n = 0;

	if (!api.find)
		return 0;
	delete = symbol_get(nf_ct_delete);
	ct = delete ? simseg_conntrack_get(net, s, &api) : NULL;
	if (ct) {
		n = delete(ct, 0, 0);
		nf_conntrack_put(&ct->ct_general);
	}
	if (delete)
		symbol_put(nf_ct_delete);
	symbol_put(nf_conntrack_find_get);
	return n;
}

/* Is the flow in a flowtable, where its packets do not meet the floor? */
bool simseg_conntrack_offloaded(struct net *net, const struct simseg_session *s)
{
	struct simseg_conntrack api = { .find = symbol_get(nf_conntrack_find_get) };
	bool offloaded = false;
	struct nf_conn *ct;

	if (!api.find)
		return false;
	ct = simseg_conntrack_get(net, s, &api);
	if (ct) {
		offloaded = test_bit(IPS_OFFLOAD_BIT, &ct->status) && !nf_ct_is_dying(ct);
		nf_conntrack_put(&ct->ct_general);
	}
	symbol_put(nf_conntrack_find_get);
	return offloaded;
}

static bool simseg_tuple_in(const struct nf_conntrack_tuple *tuple,
			    const struct simseg_addrset *addrs)
{
	const union nf_inet_addr *side[2] = { &tuple->src.u3, &tuple->dst.u3 };
	struct simseg_u128 addr;
	struct in6_addr in6;
	int i;

	for (i = 0; i < 2; i++) {
		if (tuple->src.l3num == NFPROTO_IPV4)
			ipv6_addr_set_v4mapped(side[i]->ip, &in6);
		else
			in6 = side[i]->in6;
		simseg_u128_from(&addr, &in6);
		if (simseg_addrset_has(addrs, &addr))
			return true;
	}
	return false;
}

static int simseg_conntrack_match(struct nf_conn *ct, void *data)
{
	return simseg_tuple_in(&ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple, data) ||
	       simseg_tuple_in(&ct->tuplehash[IP_CT_DIR_REPLY].tuple, data);
}

/* Deletes every entry with an address in @addrs; may sleep. */
void simseg_conntrack_flush(struct net *net, const struct simseg_addrset *addrs)
{
	typeof(nf_ct_iterate_cleanup_net) *iterate = symbol_get(nf_ct_iterate_cleanup_net);
	struct nf_ct_iter_data data = {
		.net = net,
		.data = (void *)addrs,
	};

	if (!iterate)
		return;
	iterate(simseg_conntrack_match, &data);
	symbol_put(nf_ct_iterate_cleanup_net);
}

#else

u32 simseg_conntrack_delete(struct net *net, const struct simseg_session *s)
{
	return 0;
}

bool simseg_conntrack_offloaded(struct net *net, const struct simseg_session *s)
{
	return false;
}

void simseg_conntrack_flush(struct net *net, const struct simseg_addrset *addrs)
{
}

#endif
