// SPDX-License-Identifier: GPL-2.0-only
/*
 * The short way: taken by what belongs to a session that nothing has changed for, and
 * by nothing else; what takes it leaves the same behind as the verdict does.
 */
#include <linux/prandom.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "guard.h"
#include "test_util.h"

#define EXPRESS_PAYLOAD	32

/* A packet, and what is odd about it. */
struct express_packet {
	u32 src, dst;
	u16 sport, dport;
	u8 in;			/* enum simtest_dev */
	u8 proto;
	u8 tcp;
	u8 paged;		/* bytes of the end outside the linear part */
	u8 cut;			/* bytes that are missing at the end */
	bool options;		/* of IPv4, or an extension header */
	bool fragment;		/* the first of some */
	bool mapped;		/* IPv6 addresses that stand for IPv4's */
	bool merged;
};

static const struct express_packet express_out = {
	.src = SIMTEST_METER, .dst = SIMTEST_SCADA, .in = SIMTEST_SIM0, .proto = IPPROTO_TCP,
	.sport = SIMTEST_PORT, .dport = 443, .tcp = SIMTEST_ACK,
};

static const struct express_packet express_back = {
	.src = SIMTEST_SCADA, .dst = SIMTEST_METER, .in = SIMTEST_NET0, .proto = IPPROTO_TCP,
	.sport = 443, .dport = SIMTEST_PORT, .tcp = SIMTEST_ACK,
};

static struct simtest_flow express_flow(const struct express_packet *p, u8 tcp)
{
	return (struct simtest_flow){
		.src = p->src, .dst = p->dst, .in = p->in, .hook = SIMSEG_HOOK_FORWARD,
		.proto = p->proto, .tcp = tcp, .sport = p->sport, .dport = p->dport,
	};
}

static void express_ipv4(struct simtest *t, const struct express_packet *p, struct sk_buff *skb)
{
	u8 words = p->options ? 6 : 5;
	struct iphdr *ip = skb_put_zero(skb, words * 4);
	struct in6_addr addr;

	ip->version = 4;
	ip->ihl = words;
	ip->ttl = 64;
	ip->protocol = p->proto;
	ip->frag_off = p->fragment ? htons(IP_MF) : 0;
	simtest_addr(t, p->src, &addr);
	ip->saddr = addr.s6_addr32[3];
	simtest_addr(t, p->dst, &addr);
	ip->daddr = addr.s6_addr32[3];
}

static void express_ipv6(struct simtest *t, const struct express_packet *p, struct sk_buff *skb)
{
	struct ipv6hdr *ip = skb_put_zero(skb, sizeof(*ip));
	u8 *extension;

	ip->version = 6;
	ip->hop_limit = 64;
	ip->nexthdr = p->options ? NEXTHDR_HOP : p->fragment ? NEXTHDR_FRAGMENT : p->proto;
	simtest_addr(t, p->src, &ip->saddr);
	simtest_addr(t, p->dst, &ip->daddr);
	if (p->mapped) {
		ipv6_addr_set_v4mapped(htonl(p->src), &ip->saddr);
		ipv6_addr_set_v4mapped(htonl(p->dst), &ip->daddr);
	}
	if (!p->options && !p->fragment)
		return;
	extension = skb_put_zero(skb, 8);
	extension[0] = p->proto;
	extension[3] = p->fragment;	/* more of them */
}

static void express_transport(const struct express_packet *p, struct sk_buff *skb)
{
	struct tcphdr *tcp;
	struct udphdr *udp;

	if (p->proto == IPPROTO_TCP) {
		tcp = skb_put_zero(skb, sizeof(*tcp));
		tcp->source = htons(p->sport);
		tcp->dest = htons(p->dport);
		tcp->doff = 5;
		((u8 *)tcp)[13] = p->tcp;
	} else {
		udp = skb_put_zero(skb, sizeof(*udp));
		udp->source = htons(p->sport);
		udp->dest = htons(p->dport);
	}
}

static struct sk_buff *express_skb(struct simtest *t, const struct express_packet *p)
{
	struct sk_buff *skb = alloc_skb(256, GFP_KERNEL);
	struct page *page;

	KUNIT_ASSERT_NOT_NULL(t->kunit, skb);
	skb_reset_network_header(skb);
	(t->v6 ? express_ipv6 : express_ipv4)(t, p, skb);
	express_transport(p, skb);
	skb_put_zero(skb, EXPRESS_PAYLOAD);
	skb_trim(skb, skb->len - p->cut);
	if (p->merged)
		skb_shinfo(skb)->gso_size = 16;
	if (!p->paged)
		return skb;
	page = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(t->kunit, page);
	memcpy(page_address(page), skb_tail_pointer(skb) - p->paged, p->paged);
	skb_trim(skb, skb->len - p->paged);
	skb_add_rx_frag(skb, 0, page, 0, p->paged, PAGE_SIZE);
	return skb;
}

/* Does it take the short way? */
static bool express_takes(struct simtest *t, const struct express_packet *p)
{
	struct sk_buff *skb = express_skb(t, p);
	struct nf_hook_state state = {
		.hook = NF_INET_FORWARD,
		.pf = t->v6 ? NFPROTO_IPV6 : NFPROTO_IPV4,
		.in = (struct net_device *)simtest_device(p->in),
		.out = (struct net_device *)simtest_device(p->in == SIMTEST_NET0 ? SIMTEST_SIM0 :
								   SIMTEST_NET0),
		.net = t->sn->net,
	};
	struct simseg_express x;
	bool takes;

	local_bh_disable();
	rcu_read_lock();
	takes = simseg_express_find(t->sn, skb, &state, !t->v6, &x) &&
		simseg_express_pass(t->sn, skb, &state, &x);
	rcu_read_unlock();
	local_bh_enable();
	kfree_skb(skb);
	return takes;
}

/* A session of @out, answered, of which the verdict has seen either direction. */
static void express_ready(struct simtest *t, const struct express_packet *out,
			  const struct express_packet *back)
{
	struct simtest_flow flow = express_flow(out, SIMTEST_SYN);

	simtest_judge(t, &flow);
	flow = express_flow(back, SIMTEST_SYN | SIMTEST_ACK);
	simtest_judge(t, &flow);
	flow = express_flow(out, SIMTEST_ACK);
	SIMTEST_EXPECT_REASON(t, &flow, SESSION);
	flow = express_flow(back, SIMTEST_ACK);
	SIMTEST_EXPECT_REASON(t, &flow, SESSION);
}

static void express_copy(struct simtest *t, struct simseg_session *copy)
{
	struct simtest_flow flow = express_flow(&express_out, SIMTEST_ACK);

	KUNIT_ASSERT_TRUE(t->kunit, simtest_session(t, &flow, copy));
}

static void express_test_counted(struct kunit *test)
{
	struct simtest *t = test->priv;
	const u32 bytes = EXPRESS_PAYLOAD + sizeof(struct tcphdr) +
			  (t->v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
	struct simseg_session before, after;
	struct simseg_iface *iface;
	u64 packets, sum, n;

	simtest_world(t);
	express_ready(t, &express_out, &express_back);
	iface = simseg_iface_of(t->sn, simtest_device(SIMTEST_SIM0));
	n = simseg_iface_sum(iface, SIMSEG_IFACE_FLOOR_ALLOW);
	simseg_counter_sum(t->sn, SIMSEG_REASON_SESSION, &packets, &sum);
	express_copy(t, &before);
	KUNIT_EXPECT_TRUE(test, express_takes(t, &express_out));
	KUNIT_EXPECT_TRUE(test, express_takes(t, &express_back));
	KUNIT_EXPECT_TRUE(test, express_takes(t, &express_back));
	express_copy(t, &after);
	KUNIT_EXPECT_EQ(test, atomic64_read(&after.packets[0]),
			atomic64_read(&before.packets[0]) + 1);
	KUNIT_EXPECT_EQ(test, atomic64_read(&after.bytes[1]),
			atomic64_read(&before.bytes[1]) + 2 * bytes);
	KUNIT_EXPECT_EQ(test, simseg_iface_sum(iface, SIMSEG_IFACE_FLOOR_ALLOW), n + 1);
	n = sum;
	simseg_counter_sum(t->sn, SIMSEG_REASON_SESSION, &packets, &sum);
	KUNIT_EXPECT_EQ(test, sum, n + 3 * bytes);
}

/* Whatever is odd takes the long way, and so does what belongs to no session. */
static void express_test_leaves(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct express_packet odd[] = {
		express_out, express_out, express_out, express_out, express_out,
		express_out, express_out, express_out, express_out, express_out,
	};
	unsigned int i = 0;

	odd[i++].sport++;
	odd[i++].in = SIMTEST_SIM1;
	odd[i++].in = SIMTEST_NET0;
	odd[i++].tcp = SIMTEST_SYN;
	odd[i++].cut = EXPRESS_PAYLOAD + 1;
	odd[i++].paged = EXPRESS_PAYLOAD + 1;
	odd[i++].options = true;
	odd[i++].fragment = true;
	odd[i++].merged = true;
	odd[i++].dst = SIMTEST_METER;
	simtest_world(t);
	express_ready(t, &express_out, &express_back);
	KUNIT_ASSERT_EQ(test, i, ARRAY_SIZE(odd));
	for (i = 0; i < ARRAY_SIZE(odd); i++)
		KUNIT_EXPECT_FALSE_MSG(test, express_takes(t, &odd[i]), "packet %u", i);
	KUNIT_EXPECT_TRUE(test, express_takes(t, &express_out));
}

/* Of IPv4 there is a session with these addresses and ports; the packet is IPv6. */
static void express_test_mapped(struct kunit *test)
{
	struct express_packet mapped = express_out;
	struct simtest *t = test->priv;

	simtest_world(t);
	t->v6 = false;
	express_ready(t, &express_out, &express_back);
	KUNIT_EXPECT_TRUE(test, express_takes(t, &express_out));
	t->v6 = true;
	mapped.mapped = true;
	KUNIT_EXPECT_FALSE(test, express_takes(t, &mapped));
	KUNIT_EXPECT_FALSE(test, express_takes(t, &express_out));
}

static void express_test_udp(struct kunit *test)
{
	struct express_packet out = express_out, back = express_back;
	struct simtest *t = test->priv;

	simtest_world(t);
	out.proto = IPPROTO_UDP;
	out.dport = 123;
	back.proto = IPPROTO_UDP;
	back.sport = 123;
	express_ready(t, &out, &back);
	KUNIT_EXPECT_TRUE(test, express_takes(t, &out));
	KUNIT_EXPECT_TRUE(test, express_takes(t, &back));
	out.cut = EXPRESS_PAYLOAD + 1;
	KUNIT_EXPECT_FALSE(test, express_takes(t, &out));
}

/* Any change sends the next packet to the verdict, both directions. */
static void express_test_change(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simtest_flow flow = express_flow(&express_out, SIMTEST_ACK);

	simtest_world(t);
	express_ready(t, &express_out, &express_back);
	KUNIT_EXPECT_TRUE(test, express_takes(t, &express_out));
	KUNIT_EXPECT_EQ(test, simtest_peer_change(t, "scada", SIMTEST_WORLD, 32, true), 0);
	KUNIT_EXPECT_FALSE(test, express_takes(t, &express_out));
	KUNIT_EXPECT_FALSE(test, express_takes(t, &express_back));
	SIMTEST_EXPECT_REASON(t, &flow, SESSION);
	KUNIT_EXPECT_TRUE(test, express_takes(t, &express_out));
	KUNIT_EXPECT_FALSE(test, express_takes(t, &express_back));
	KUNIT_EXPECT_EQ(test, simtest_quarantine(t, SIMTEST_ID_METER, 0, false, NULL), 0);
	KUNIT_EXPECT_FALSE(test, express_takes(t, &express_out));
	KUNIT_EXPECT_FALSE(test, express_takes(t, &express_back));
}

static void express_test_disarmed(struct kunit *test)
{
	struct simtest *t = test->priv;

	simtest_world(t);
	express_ready(t, &express_out, &express_back);
	WRITE_ONCE(t->sn->disarmed, true);
	KUNIT_EXPECT_FALSE(test, express_takes(t, &express_out));
	WRITE_ONCE(t->sn->disarmed, false);
	KUNIT_EXPECT_TRUE(test, express_takes(t, &express_out));
}

/* Does the guard know it, on its way in, or with @out on its way out of there? */
static bool express_guard(struct simtest *t, const struct express_packet *p,
			  const struct net_device *out)
{
	struct sk_buff *skb = express_skb(t, p);
	struct simseg_iface *iface;
	bool knows;

	skb->protocol = t->v6 ? htons(ETH_P_IPV6) : htons(ETH_P_IP);
	rcu_read_lock();
	iface = simseg_iface_of(t->sn, out ?: simtest_device(p->in));
	knows = out ? simseg_guard_answers(iface, skb) : simseg_guard_usual(iface, skb);
	rcu_read_unlock();
	kfree_skb(skb);
	return knows;
}

static void express_guard_both(struct simtest *t, const struct net_device *here,
			       const struct net_device *elsewhere)
{
	KUNIT_EXPECT_TRUE(t->kunit, express_guard(t, &express_out, NULL));
	KUNIT_EXPECT_TRUE(t->kunit, express_guard(t, &express_back, here));
	KUNIT_EXPECT_FALSE(t->kunit, express_guard(t, &express_back, elsewhere));
}

/* Whoever is quarantined, a session that was judged since then is known. */
static void express_test_guard(struct kunit *test)
{
	const struct net_device *sim0 = simtest_device(SIMTEST_SIM0);
	const struct net_device *sim1 = simtest_device(SIMTEST_SIM1);
	struct simtest_flow flow = express_flow(&express_out, SIMTEST_ACK);
	struct express_packet spoofed = express_out, fresh = express_out;
	struct simtest *t = test->priv;

	spoofed.in = SIMTEST_SIM1;
	fresh.sport++;
	simtest_world(t);
	express_ready(t, &express_out, &express_back);
	KUNIT_EXPECT_GT(test, t->sn->nquarantined, 0);
	express_guard_both(t, sim0, sim1);
	KUNIT_EXPECT_FALSE(test, express_guard(t, &fresh, NULL));
	KUNIT_EXPECT_FALSE(test, express_guard(t, &spoofed, NULL));
	KUNIT_EXPECT_EQ(test, simtest_quarantine(t, SIMTEST_ID_CAMERA, 0, false, NULL), 0);
	KUNIT_EXPECT_FALSE(test, express_guard(t, &express_out, NULL));
	KUNIT_EXPECT_FALSE(test, express_guard(t, &express_back, sim0));
	SIMTEST_EXPECT_REASON(t, &flow, SESSION);
	express_guard_both(t, sim0, sim1);

	KUNIT_EXPECT_EQ(test, simtest_quarantine(t, SIMTEST_ID_METER, 0, false, NULL), 0);
	KUNIT_EXPECT_FALSE(test, express_guard(t, &express_out, NULL));
	KUNIT_EXPECT_FALSE(test, express_guard(t, &express_back, sim0));
}

/* What is cut off or odd is looked at. */
static void express_test_guard_leaves(struct kunit *test)
{
	struct express_packet odd = express_out;
	struct simtest *t = test->priv;
	u32 nquarantined;

	simtest_world(t);
	express_ready(t, &express_out, &express_back);
	odd.merged = true;
	KUNIT_EXPECT_FALSE(test, express_guard(t, &odd, NULL));
	odd.merged = false;
	odd.cut = EXPRESS_PAYLOAD + sizeof(struct tcphdr) + 1;
	KUNIT_EXPECT_FALSE(test, express_guard(t, &odd, NULL));
	KUNIT_EXPECT_FALSE(test, express_guard(t, &odd, simtest_device(SIMTEST_SIM0)));
	/* its source is at home, but somebody else is quarantined */
	odd.cut = EXPRESS_PAYLOAD + 1;
	KUNIT_EXPECT_FALSE(test, express_guard(t, &odd, NULL));
	KUNIT_EXPECT_FALSE(test, express_guard(t, &odd, simtest_device(SIMTEST_SIM0)));
	nquarantined = t->sn->nquarantined;
	WRITE_ONCE(t->sn->nquarantined, 0);
	KUNIT_EXPECT_TRUE(test, express_guard(t, &odd, NULL));
	odd.in = SIMTEST_SIM1;
	KUNIT_EXPECT_FALSE(test, express_guard(t, &odd, NULL));
	WRITE_ONCE(t->sn->nquarantined, nquarantined);
	WRITE_ONCE(t->sn->disarmed, true);
	KUNIT_EXPECT_FALSE(test, express_guard(t, &express_out, NULL));
	WRITE_ONCE(t->sn->disarmed, false);
}

#define EXPRESS_RANDOM		5000	/* packets */
#define EXPRESS_RANDOM_LEN	128

static bool express_chance(struct rnd_state *rnd, u32 n)
{
	return prandom_u32_state(rnd) % n == 0;
}

static void express_random_port(struct rnd_state *rnd, u8 *port)
{
	static const u16 known[] = { 67, 68, 546, 547 };

	if (!express_chance(rnd, 2))
		put_unaligned_be16(known[prandom_u32_state(rnd) % ARRAY_SIZE(known)], port);
}

static void express_random_ipv6(struct rnd_state *rnd, struct ipv6hdr *ip)
{
	if (express_chance(rnd, 8))
		ipv6_addr_set_v4mapped((__force __be32)prandom_u32_state(rnd), &ip->saddr);
	if (express_chance(rnd, 8))
		ipv6_addr_set_v4mapped((__force __be32)prandom_u32_state(rnd), &ip->daddr);
	if (express_chance(rnd, 4))
		ip->saddr.s6_addr32[0] = htonl(0xfe800000);
	if (express_chance(rnd, 4))
		memcpy(&ip->daddr.s6_addr[8], &ip->saddr.s6_addr[8], 8);
	if (express_chance(rnd, 16))
		ip->daddr = ip->saddr;
}

/* Bytes that mostly are a plain packet, each of which is odd in some way at times. */
static u32 express_random(struct rnd_state *rnd, bool v6, u8 *data)
{
	struct ipv6hdr *ip6 = (struct ipv6hdr *)data;
	struct iphdr *ip = (struct iphdr *)data;
	u8 *transport = v6 ? (u8 *)(ip6 + 1) : (u8 *)(ip + 1);
	u8 proto = express_chance(rnd, 2) ? IPPROTO_TCP : IPPROTO_UDP;

	prandom_bytes_state(rnd, data, EXPRESS_RANDOM_LEN);
	if (!express_chance(rnd, 16))
		data[0] = v6 ? 0x60 : 0x45;
	if (!express_chance(rnd, 16))
		data[v6 ? offsetof(struct ipv6hdr, nexthdr) : offsetof(struct iphdr, protocol)] =
			proto;
	if (!v6 && !express_chance(rnd, 16))
		ip->frag_off &= htons(IP_DF);
	if (!v6 && express_chance(rnd, 16))
		ip->daddr = ip->saddr;
	if (v6)
		express_random_ipv6(rnd, ip6);
	express_random_port(rnd, transport);
	express_random_port(rnd, transport + 2);
	if (proto == IPPROTO_TCP && !express_chance(rnd, 8))
		transport[12] |= 0x80;
	if (proto == IPPROTO_TCP && express_chance(rnd, 2))
		memcpy(transport + sizeof(struct tcphdr), "\1\3\3", 3);	/* its scale */
	return express_chance(rnd, 4) ? prandom_u32_state(rnd) % EXPRESS_RANDOM_LEN :
					EXPRESS_RANDOM_LEN;
}

/* In the linear part, or none of it: then no look is short. */
static struct sk_buff *express_bytes(struct kunit *test, const u8 *data, u32 len, bool linear)
{
	struct sk_buff *skb = alloc_skb(EXPRESS_RANDOM_LEN, GFP_KERNEL);
	struct page *page;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_reset_network_header(skb);
	if (linear) {
		skb_put_data(skb, data, len);
		return skb;
	}
	page = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	memcpy(page_address(page), data, len);
	skb_add_rx_frag(skb, 0, page, 0, len, PAGE_SIZE);
	return skb;
}

/* What the short way would know of @skb is what the long one makes of @pkt. True: it knows. */
static bool express_knows(struct simtest *t, const struct sk_buff *skb,
			  const struct simseg_pkt *pkt)
{
	const struct nf_hook_state state = {
		.in = (struct net_device *)simtest_device(SIMTEST_SIM0),
	};
	const size_t header = t->v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	struct simseg_pkt plain;
	struct simseg_express x;
	struct simseg_flow flow;

	/* IP sees to that much */
	if (skb->len < header || (t->v6 && ipv6_hdr(skb)->version != 6) ||
	    !simseg_express_find(t->sn, skb, &state, !t->v6, &x))
		return false;
	memset(&plain, 0, sizeof(plain));
	simseg_parse_plain(skb, t->v6 ? NFPROTO_IPV6 : NFPROTO_IPV4, 0, &plain);
	KUNIT_EXPECT_EQ(t->kunit, memcmp(&plain, pkt, sizeof(plain)), 0);
	simseg_flow_find(t->sn, pkt, &flow);
	KUNIT_EXPECT_EQ(t->kunit, memcmp(&x.flow.key, &flow.key, sizeof(flow.key)), 0);
	KUNIT_EXPECT_EQ(t->kunit, x.flow.hash, flow.hash);
	KUNIT_EXPECT_EQ(t->kunit, x.flow.dir, flow.dir);
	KUNIT_EXPECT_PTR_EQ(t->kunit, x.flow.session, flow.session);
	KUNIT_EXPECT_EQ(t->kunit, x.proto, pkt->proto);
	return true;
}

/* Where the headers lie makes no difference, nor who has read them. */
static void express_test_random(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_pkt pkt, other, quote, other_quote;
	const u8 family = t->v6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
	struct sk_buff *skb, *paged;
	u8 data[EXPRESS_RANDOM_LEN];
	struct rnd_state rnd;
	u32 i, len, known = 0;

	simtest_world(t);
	prandom_seed_state(&rnd, 4711);
	memset(&pkt, 0, sizeof(pkt));	/* what is between its fields */
	memset(&other, 0, sizeof(other));
	for (i = 0; i < EXPRESS_RANDOM; i++) {
		len = express_random(&rnd, t->v6, data);
		skb = express_bytes(test, data, len, true);
		paged = express_bytes(test, data, len, false);
		simseg_parse(skb, family, 0, &pkt, &quote);
		simseg_parse(paged, family, 0, &other, &other_quote);
		KUNIT_EXPECT_EQ(test, !pkt.quote, !other.quote);
		pkt.quote = NULL;
		other.quote = NULL;
		KUNIT_EXPECT_EQ_MSG(test, memcmp(&pkt, &other, sizeof(pkt)), 0, "packet %u", i);
		rcu_read_lock();
		known += express_knows(t, skb, &other);
		rcu_read_unlock();
		kfree_skb(skb);
		kfree_skb(paged);
	}
	/* most are plain, and many are not */
	KUNIT_EXPECT_GT(test, known, EXPRESS_RANDOM / 4);
	KUNIT_EXPECT_LT(test, known, EXPRESS_RANDOM * 7 / 8);
}

static struct kunit_case express_test_cases[] = {
	KUNIT_CASE_PARAM(express_test_counted, simtest_families),
	KUNIT_CASE_PARAM(express_test_leaves, simtest_families),
	KUNIT_CASE(express_test_mapped),
	KUNIT_CASE_PARAM(express_test_udp, simtest_families),
	KUNIT_CASE_PARAM(express_test_change, simtest_families),
	KUNIT_CASE_PARAM(express_test_disarmed, simtest_families),
	KUNIT_CASE_PARAM(express_test_guard, simtest_families),
	KUNIT_CASE_PARAM(express_test_guard_leaves, simtest_families),
	KUNIT_CASE_PARAM(express_test_random, simtest_families),
	{}
};

static struct kunit_suite express_test_suite = {
	.name = "simseg_express",
	.suite_init = simtest_suite_init,
	.suite_exit = simtest_suite_exit,
	.init = simtest_init,
	.exit = simtest_exit,
	.test_cases = express_test_cases,
};

kunit_test_suite(express_test_suite);
