// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conntrack's entries of our sessions, found by tuple and deleted. simseg holds
 * no reference to one beyond a function, and works where conntrack is not
 * loaded: its functions are looked up when they are needed.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/module.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_tuple.h>
#include <net/netfilter/nf_conntrack_zones.h>

#include "key.h"
#include "simseg.h"

#if IS_ENABLED(CONFIG_NF_CONNTRACK)

/*
 * What conntrack gives us. A look-up walks all modules, and one change may cut
 * ten thousands of sessions: who needs it once or often holds it meanwhile.
 */
static struct simseg_conntrack {
	struct mutex lock;	/* protects users, and with it the others */
	unsigned int users;
	struct nf_conntrack_tuple_hash *(*find)(struct net *net,
						const struct nf_conntrack_zone *zone,
						const struct nf_conntrack_tuple *tuple);
	bool (*delete)(struct nf_conn *ct, u32 portid, int report);
} simseg_conntrack = {
	.lock = __MUTEX_INITIALIZER(simseg_conntrack.lock),
};

static void simseg_conntrack_put_symbols(struct simseg_conntrack *api)
{
	if (api->find)
		symbol_put(nf_conntrack_find_get);
	if (api->delete)
		symbol_put(nf_ct_delete);
	api->find = NULL;
	api->delete = NULL;
}

/* Before simseg_conntrack_delete() and simseg_conntrack_offloaded(); may sleep. */
void simseg_conntrack_hold(void)
{
	struct simseg_conntrack *api = &simseg_conntrack;

	mutex_lock(&api->lock);
	if (!api->users++) {
		api->find = symbol_get(nf_conntrack_find_get);
		api->delete = symbol_get(nf_ct_delete);
		if (!api->find || !api->delete)
			simseg_conntrack_put_symbols(api);
	}
	mutex_unlock(&api->lock);
}

void simseg_conntrack_drop(void)
{
	struct simseg_conntrack *api = &simseg_conntrack;

	mutex_lock(&api->lock);
	if (!--api->users)
		simseg_conntrack_put_symbols(api);
	mutex_unlock(&api->lock);
}

static void simseg_tuple_address(struct nf_conntrack_tuple *tuple, const struct in6_addr *src,
				 const struct in6_addr *dst)
{
	if (ipv6_addr_v4mapped(src)) {
		tuple->src.l3num = NFPROTO_IPV4;
		tuple->src.u3.ip = src->s6_addr32[3];
		tuple->dst.u3.ip = dst->s6_addr32[3];
	} else {
		tuple->src.l3num = NFPROTO_IPV6;
		tuple->src.u3.in6 = *src;
		tuple->dst.u3.in6 = *dst;
	}
}

/* The tuple of @s as the initiator sends it; @reply: as the responder does. */
static void simseg_tuple(struct nf_conntrack_tuple *tuple, const struct simseg_session *s,
			 bool reply)
{
	u8 from = simseg_session_initiator(s) ^ reply;
	const struct in6_addr *dst = &s->key.addr[!from];
	__be16 dport = s->key.port[!from];

	if (!reply && s->origin) {
		dst = &s->origin->dst;
		dport = s->origin->dport;
	}

	memset(tuple, 0, sizeof(*tuple));
	simseg_tuple_address(tuple, &s->key.addr[from], dst);
	tuple->dst.protonum = s->key.proto;
	tuple->src.u.all = s->key.port[from];
	switch (s->key.proto) {
	case IPPROTO_ICMP:
		tuple->dst.u.icmp.type = reply ? ICMP_ECHOREPLY : ICMP_ECHO;
		break;
	case IPPROTO_ICMPV6:
		tuple->dst.u.icmp.type = reply ? ICMPV6_ECHO_REPLY : ICMPV6_ECHO_REQUEST;
		break;
	default:
		tuple->dst.u.all = dport;
	}
}

/*
 * The entry of @s with a reference, or NULL: by the tuple that conntrack had
 * when the session opened. What was opened while conntrack did not look has the
 * addresses that the floor saw, one of which NAT leaves as it is. The caller
 * holds conntrack; it may be absent.
 */
static struct nf_conn *simseg_conntrack_get(struct net *net, const struct simseg_session *s)
{
	const struct simseg_conntrack *api = &simseg_conntrack;
	const struct nf_conntrack_zone zone = {
		.id = s->origin ? s->origin->zone : NF_CT_DEFAULT_ZONE_ID,
		.dir = s->origin ? s->origin->zone_dir : NF_CT_DEFAULT_ZONE_DIR,
	};
	struct nf_conntrack_tuple_hash *h;
	struct nf_conntrack_tuple tuple;

	if (!api->find)
		return NULL;
	simseg_tuple(&tuple, s, false);
	h = api->find(net, &zone, &tuple);
	if (!h) {
		simseg_tuple(&tuple, s, true);
		h = api->find(net, &zone, &tuple);
	}
	return h ? nf_ct_tuplehash_to_ctrack(h) : NULL;
}

static const struct nf_conn *simseg_conntrack_of(const struct sk_buff *skb,
						 enum ip_conntrack_info *info)
{
	const struct nf_conn *ct = skb ? nf_ct_get(skb, info) : NULL;

	return ct && !nf_ct_is_template(ct) ? ct : NULL;
}

/*
 * The name that conntrack has for the initiator's direction of @pkt's flow; NULL: none,
 * or the one that @pkt has. -ENOMEM.
 */
int simseg_conntrack_origin(struct simseg_origin **origin, const struct simseg_pkt *pkt)
{
	const struct nf_conntrack_tuple *tuple;
	struct simseg_origin name = {};
	enum ip_conntrack_info info;
	const struct nf_conn *ct = simseg_conntrack_of(pkt->skb, &info);

	*origin = NULL;
	if (!ct)
		return 0;
	tuple = nf_ct_tuple(ct, CTINFO2DIR(info) ^ !!(pkt->flags & SIMSEG_PKT_REVERSED));
	if (tuple->src.l3num == NFPROTO_IPV4)
		ipv6_addr_set_v4mapped(tuple->dst.u3.ip, &name.dst);
	else
		name.dst = tuple->dst.u3.in6;
	name.dport = tuple->dst.u.all;
	name.zone = nf_ct_zone(ct)->id;
	name.zone_dir = nf_ct_zone(ct)->dir;
	if (ipv6_addr_equal(&name.dst, &pkt->dst) && name.dport == pkt->dport &&
	    name.zone == NF_CT_DEFAULT_ZONE_ID && name.zone_dir == NF_CT_DEFAULT_ZONE_DIR)
		return 0;
	*origin = kmemdup(&name, sizeof(name), GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN);
	return *origin ? 0 : -ENOMEM;
}

/* Does conntrack track @skb's TCP flow, and has it been in a flowtable? */
bool simseg_conntrack_vouches(const struct sk_buff *skb)
{
	enum ip_conntrack_info info;
	const struct nf_conn *ct = simseg_conntrack_of(skb, &info);

	return ct && nf_ct_protonum(ct) == IPPROTO_TCP &&
	       (ct->proto.tcp.seen[0].flags & IP_CT_TCP_FLAG_BE_LIBERAL);
}

/* Returns SIMSEG_CONNTRACK_*; 0: there was no entry. */
u32 simseg_conntrack_delete(struct net *net, const struct simseg_session *s)
{
	struct nf_conn *ct = simseg_conntrack_get(net, s);
	unsigned long status;
	u32 what = 0;

	if (!ct)
		return 0;
	status = READ_ONCE(ct->status);
	if (simseg_conntrack.delete(ct, 0, 0)) {
		what = SIMSEG_CONNTRACK_DELETED;
		if (status & IPS_OFFLOAD)
			what |= SIMSEG_CONNTRACK_OFFLOADED;
		if (status & IPS_HW_OFFLOAD)
			what |= SIMSEG_CONNTRACK_HARDWARE;
	}
	nf_conntrack_put(&ct->ct_general);
	return what;
}

/* Is the flow in a flowtable, where its packets do not meet the floor? */
bool simseg_conntrack_offloaded(struct net *net, const struct simseg_session *s)
{
	struct nf_conn *ct = simseg_conntrack_get(net, s);
	bool offloaded;

	if (!ct)
		return false;
	offloaded = test_bit(IPS_OFFLOAD_BIT, &ct->status) && !nf_ct_is_dying(ct);
	nf_conntrack_put(&ct->ct_general);
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

/* Where the floor would see it. */
static u8 simseg_conntrack_hook(struct net *net, const struct simseg_pkt *pkt)
{
	if (simseg_is_self(net, &pkt->dst))
		return SIMSEG_HOOK_INPUT;
	return simseg_is_self(net, &pkt->src) ? SIMSEG_HOOK_OUTPUT : SIMSEG_HOOK_FORWARD;
}

/* What the floor would see of the flow's first packet. Under RCU. */
static void simseg_conntrack_first(struct net *net, const struct nf_conn *ct,
				   struct simseg_pkt *pkt)
{
	const struct nf_conntrack_tuple *orig = nf_ct_tuple(ct, IP_CT_DIR_ORIGINAL);
	const struct nf_conntrack_tuple *reply = nf_ct_tuple(ct, IP_CT_DIR_REPLY);

	memset(pkt, 0, sizeof(*pkt));
	if (orig->src.l3num == NFPROTO_IPV4) {
		ipv6_addr_set_v4mapped(orig->src.u3.ip, &pkt->src);
		ipv6_addr_set_v4mapped(reply->src.u3.ip, &pkt->dst);
	} else {
		pkt->src = orig->src.u3.in6;
		pkt->dst = reply->src.u3.in6;
	}
	pkt->proto = orig->dst.protonum;
	pkt->hook = simseg_conntrack_hook(net, pkt);
	pkt->flags = SIMSEG_PKT_DRY | SIMSEG_PKT_ANY_IIF;
	if (!simseg_proto_has_ports(pkt->proto) && pkt->proto != IPPROTO_ICMP &&
	    pkt->proto != IPPROTO_ICMPV6)
		return;
	pkt->flags |= SIMSEG_PKT_PORTS;
	pkt->tcp_flags = 0x02;
	pkt->sport = orig->src.u.all;
	pkt->dport = reply->src.u.all;
}

/* Has it no session, and may it have none, nor pass without? */
static int simseg_conntrack_stale(struct nf_conn *ct, void *data)
{
	struct simseg_net *sn = data;
	struct simseg_result res;
	struct simseg_pkt pkt;
	struct simseg_key key;
	int stale = 0;

	rcu_read_lock();
	simseg_conntrack_first(sn->net, ct, &pkt);
	simseg_key_make(&key, &pkt);
	if (!simseg_session_find(sn, &key)) {
		simseg_judge(sn, &pkt, &res);
		stale = res.verdict == SIMSEG_VERDICT_DENY;
	}
	rcu_read_unlock();
	return stale;
}

/*
 * What an observing policy has let pass has no session for the sweep to find,
 * but may be in a flowtable: after a change, conntrack's entries are judged as
 * new flows, and those that are denied now are deleted. May sleep.
 */
void simseg_conntrack_prune(struct simseg_net *sn)
{
	const struct simseg_ruleset *rs;
	struct nf_ct_iter_data data = {
		.net = sn->net,
		.data = sn,
	};
	typeof(nf_ct_iterate_cleanup_net) *iterate;

	lockdep_assert_held(&sn->lock);
	if (!sn->observed)
		return;
	iterate = symbol_get(nf_ct_iterate_cleanup_net);
	if (iterate) {
		iterate(simseg_conntrack_stale, &data);
		symbol_put(nf_ct_iterate_cleanup_net);
	}
	rs = rcu_dereference_protected(sn->ruleset, lockdep_is_held(&sn->lock));
	sn->observed = simseg_ruleset_observing(rs);
}

#else

void simseg_conntrack_hold(void)
{
}

void simseg_conntrack_drop(void)
{
}

void simseg_conntrack_prune(struct simseg_net *sn)
{
}

int simseg_conntrack_origin(struct simseg_origin **origin, const struct simseg_pkt *pkt)
{
	return 0;
}

bool simseg_conntrack_vouches(const struct sk_buff *skb)
{
	return false;
}

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
