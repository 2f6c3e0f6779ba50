// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parser: what it reads, what it refuses, and that a packet that ends
 * anywhere, or lies in any two pieces, is read the same or refused.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "test_util.h"

#define PARSE_SPORT	4660
#define PARSE_DPORT	443

/* A packet in the making, header by header. */
struct parse_buf {
	u32 len;
	u8 data[512];
};

static void *parse_push(struct parse_buf *b, u32 len)
{
	void *p = b->data + b->len;

	memset(p, 0, len);
	b->len += len;
	return p;
}

static void parse_ip4(struct parse_buf *b, u8 proto, u16 frag, u32 src, u32 dst)
{
	struct iphdr *ip = parse_push(b, sizeof(*ip));

	ip->version = 4;
	ip->ihl = 5;
	ip->ttl = 64;
	ip->protocol = proto;
	ip->frag_off = htons(frag);
	ip->saddr = htonl(src);
	ip->daddr = htonl(dst);
}

static void parse_ip6(struct parse_buf *b, u8 next, u32 src, u32 dst)
{
	const struct simtest v6 = { .v6 = true };
	struct ipv6hdr *ip = parse_push(b, sizeof(*ip));

	ip->version = 6;
	ip->hop_limit = 64;
	ip->nexthdr = next;
	simtest_addr(&v6, src, &ip->saddr);
	simtest_addr(&v6, dst, &ip->daddr);
}

static void parse_ip(struct parse_buf *b, bool v6, u8 proto, u32 src, u32 dst)
{
	if (v6)
		parse_ip6(b, proto == IPPROTO_ICMP ? IPPROTO_ICMPV6 : proto, src, dst);
	else
		parse_ip4(b, proto, 0, src, dst);
}

static void parse_tcp(struct parse_buf *b)
{
	struct tcphdr *tcp = parse_push(b, sizeof(*tcp));

	tcp->source = htons(PARSE_SPORT);
	tcp->dest = htons(PARSE_DPORT);
	tcp->doff = 5;
	tcp->syn = 1;
	tcp->ack = 1;
}

static void parse_udp(struct parse_buf *b, u16 sport, u16 dport)
{
	struct udphdr *udp = parse_push(b, sizeof(*udp));

	udp->source = htons(sport);
	udp->dest = htons(dport);
}

static void parse_icmp(struct parse_buf *b, u8 type, u16 id)
{
	struct icmphdr *icmp = parse_push(b, sizeof(*icmp));

	icmp->type = type;
	icmp->un.echo.id = htons(id);
}

/* An extension header of 8 * (more + 1) bytes. */
static void parse_ext(struct parse_buf *b, u8 next, u8 more, u8 third)
{
	u8 *ext = parse_push(b, 8 * (more + 1));

	ext[0] = next;
	ext[1] = more;
	ext[2] = third;
}

static void parse_frag(struct parse_buf *b, u8 next, u16 off)
{
	struct frag_hdr *fh = parse_push(b, sizeof(*fh));

	fh->nexthdr = next;
	fh->frag_off = htons(off);
}

/* The first @len bytes, of which @head are in the linear part. */
static struct sk_buff *parse_skb(struct kunit *test, const struct parse_buf *b, u32 len, u32 head)
{
	struct sk_buff *skb = alloc_skb(len + NET_IP_ALIGN, GFP_KERNEL);
	struct page *page;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_reset_network_header(skb);
	skb_put_data(skb, b->data, head);
	if (head == len)
		return skb;
	page = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	memcpy(page_address(page), b->data + head, len - head);
	skb_add_rx_frag(skb, 0, page, 0, len - head, PAGE_SIZE);
	return skb;
}

static u8 parse_part(struct kunit *test, const struct parse_buf *b, bool v6, u32 len, u32 head,
		     struct simseg_pkt *pkt, struct simseg_pkt *quote)
{
	struct sk_buff *skb = parse_skb(test, b, len, head);

	simseg_parse(skb, v6 ? NFPROTO_IPV6 : NFPROTO_IPV4, 0, pkt, quote);
	kfree_skb(skb);
	return pkt->malformed;
}

static u8 parse_all(struct kunit *test, const struct parse_buf *b, bool v6,
		    struct simseg_pkt *pkt, struct simseg_pkt *quote)
{
	return parse_part(test, b, v6, b->len, b->len, pkt, quote);
}

/* Shorter than @least: refused. In two pieces: the same as in one. */
static void parse_cut(struct kunit *test, const struct parse_buf *b, bool v6, u32 least)
{
	struct simseg_pkt pkt = {}, quote = {}, other, other_quote;
	u32 len;
	u8 why;

	KUNIT_EXPECT_EQ(test, parse_all(test, b, v6, &pkt, &quote), 0);
	for (len = 0; len < b->len; len++) {
		why = parse_part(test, b, v6, len, len, &other, &other_quote);
		KUNIT_EXPECT_EQ_MSG(test, why, len < least ? SIMSEG_REASON_MALFORMED : 0,
				    "%u bytes", len);
	}
	for (len = 0; len <= b->len; len++) {
		memset(&other_quote, 0, sizeof(other_quote));
		parse_part(test, b, v6, b->len, len, &other, &other_quote);
		other.quote = pkt.quote;	/* an address of ours */
		KUNIT_EXPECT_MEMEQ(test, &pkt, &other, sizeof(pkt));
		KUNIT_EXPECT_MEMEQ(test, &quote, &other_quote, sizeof(quote));
	}
}

static void parse_test_tcp(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct in6_addr src, dst;
	struct parse_buf b = {};
	struct simseg_pkt pkt, quote;

	parse_ip(&b, t->v6, IPPROTO_TCP, SIMTEST_METER, SIMTEST_SCADA);
	parse_tcp(&b);
	parse_push(&b, 7);
	KUNIT_EXPECT_EQ(test, parse_all(test, &b, t->v6, &pkt, &quote), 0);
	simtest_addr(t, SIMTEST_METER, &src);
	simtest_addr(t, SIMTEST_SCADA, &dst);
	KUNIT_EXPECT_MEMEQ(test, &pkt.src, &src, sizeof(src));
	KUNIT_EXPECT_MEMEQ(test, &pkt.dst, &dst, sizeof(dst));
	KUNIT_EXPECT_EQ(test, ntohs(pkt.sport), PARSE_SPORT);
	KUNIT_EXPECT_EQ(test, ntohs(pkt.dport), PARSE_DPORT);
	KUNIT_EXPECT_EQ(test, pkt.proto, IPPROTO_TCP);
	KUNIT_EXPECT_EQ(test, pkt.tcp_flags, SIMTEST_SYN | SIMTEST_ACK);
	KUNIT_EXPECT_EQ(test, pkt.flags, SIMSEG_PKT_PORTS);
	KUNIT_EXPECT_EQ(test, pkt.packets, 1);
	KUNIT_EXPECT_EQ(test, pkt.bytes, b.len);
	parse_cut(test, &b, t->v6, b.len - 7);
	/* a data offset inside the header itself */
	b.data[b.len - 7 - 8] = 0x40;
	KUNIT_EXPECT_EQ(test, parse_all(test, &b, t->v6, &pkt, &quote), SIMSEG_REASON_MALFORMED);
}

static void parse_test_udp(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct parse_buf b = {};

	parse_ip(&b, t->v6, IPPROTO_UDP, SIMTEST_METER, SIMTEST_SCADA);
	parse_udp(&b, PARSE_SPORT, PARSE_DPORT);
	parse_cut(test, &b, t->v6, b.len);
}

static void parse_test_echo(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_pkt pkt, quote;
	struct parse_buf b = {};

	parse_ip(&b, t->v6, IPPROTO_ICMP, SIMTEST_METER, SIMTEST_SCADA);
	parse_icmp(&b, t->v6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO, 99);
	parse_cut(test, &b, t->v6, b.len);
	parse_all(test, &b, t->v6, &pkt, &quote);
	KUNIT_EXPECT_EQ(test, ntohs(pkt.sport), 99);
	KUNIT_EXPECT_EQ(test, pkt.sport, pkt.dport);
	KUNIT_EXPECT_EQ(test, pkt.flags, 0);
	b.data[b.len - 8] = t->v6 ? ICMPV6_ECHO_REPLY : ICMP_ECHOREPLY;
	parse_all(test, &b, t->v6, &pkt, &quote);
	KUNIT_EXPECT_EQ(test, pkt.flags, SIMSEG_PKT_REPLY_ONLY);
}

static void parse_error(struct parse_buf *b, bool v6)
{
	memset(b, 0, sizeof(*b));
	parse_ip(b, v6, IPPROTO_ICMP, SIMTEST_SCADA, SIMTEST_METER);
	parse_icmp(b, v6 ? ICMPV6_PKT_TOOBIG : ICMP_DEST_UNREACH, 0);
}

/* A quote that is cut off names no flow, but the error itself is all right. */
static void parse_quote_cut(struct kunit *test, const struct parse_buf *b, bool v6, u32 least)
{
	u32 outer = (v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr)) + 8, len;
	struct simseg_pkt pkt, quote;
	u8 why;

	for (len = 0; len <= b->len; len++) {
		why = parse_part(test, b, v6, len, len, &pkt, &quote);
		KUNIT_EXPECT_EQ_MSG(test, why, len < outer ? SIMSEG_REASON_MALFORMED : 0,
				    "%u bytes", len);
		KUNIT_EXPECT_EQ_MSG(test, !!pkt.quote, len >= least, "%u bytes", len);
	}
}

/* An error tells of the packet that it quotes, of which 8 bytes are enough. */
static void parse_test_quote(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_pkt pkt, quote;
	struct parse_buf b;

	parse_error(&b, t->v6);
	parse_ip(&b, t->v6, IPPROTO_TCP, SIMTEST_METER, SIMTEST_SCADA);
	parse_tcp(&b);
	parse_quote_cut(test, &b, t->v6, b.len - 16);
	parse_all(test, &b, t->v6, &pkt, &quote);
	KUNIT_EXPECT_EQ(test, pkt.flags, SIMSEG_PKT_ERROR);
	KUNIT_EXPECT_EQ(test, ntohs(quote.dport), PARSE_DPORT);
	KUNIT_EXPECT_EQ(test, quote.proto, IPPROTO_TCP);
	KUNIT_EXPECT_MEMEQ(test, &quote.src, &pkt.dst, sizeof(pkt.dst));

	parse_error(&b, t->v6);
	parse_ip(&b, t->v6, IPPROTO_ICMP, SIMTEST_METER, SIMTEST_SCADA);
	parse_icmp(&b, t->v6 ? ICMPV6_TIME_EXCEED : ICMP_TIME_EXCEEDED, 0);
	KUNIT_EXPECT_EQ(test, parse_all(test, &b, t->v6, &pkt, &quote), 0);
	KUNIT_EXPECT_NULL(test, pkt.quote);
	b.data[b.len - 8] = t->v6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO;
	KUNIT_EXPECT_EQ(test, parse_all(test, &b, t->v6, &pkt, &quote), 0);
	KUNIT_EXPECT_NOT_NULL(test, pkt.quote);
}

/* IPv4: each bit that makes a fragment, and headers that contradict themselves. */
static void parse_test_ipv4(struct kunit *test)
{
	struct simseg_pkt pkt, quote;
	struct parse_buf b = {};

	parse_ip4(&b, IPPROTO_UDP, IP_DF, SIMTEST_METER, SIMTEST_SCADA);
	parse_udp(&b, 1, 2);
	KUNIT_EXPECT_EQ(test, parse_all(test, &b, false, &pkt, &quote), 0);
	b.data[6] = IP_MF >> 8;
	KUNIT_EXPECT_EQ(test, parse_all(test, &b, false, &pkt, &quote), SIMSEG_REASON_FRAGMENT);
	b.data[6] = 0;
	b.data[7] = 1;
	KUNIT_EXPECT_EQ(test, parse_all(test, &b, false, &pkt, &quote), SIMSEG_REASON_FRAGMENT);
	b.data[7] = 0;
	b.data[0] = 0x44;
	KUNIT_EXPECT_EQ(test, parse_all(test, &b, false, &pkt, &quote), SIMSEG_REASON_MALFORMED);
	b.data[0] = 0x65;
	KUNIT_EXPECT_EQ(test, parse_all(test, &b, false, &pkt, &quote), SIMSEG_REASON_MALFORMED);
	b.data[0] = 0x4f;	/* options beyond the end */
	KUNIT_EXPECT_EQ(test, parse_all(test, &b, false, &pkt, &quote), SIMSEG_REASON_MALFORMED);
	b.data[0] = 0x46;	/* ports come after the options */
	parse_push(&b, 4);
	memmove(b.data + 24, b.data + 20, 8);
	memset(b.data + 20, 1, 4);
	KUNIT_EXPECT_EQ(test, parse_all(test, &b, false, &pkt, &quote), 0);
	KUNIT_EXPECT_EQ(test, ntohs(pkt.dport), 2);
	b.data[0] = 0x45;
	b.data[9] = IPPROTO_ICMPV6;
	KUNIT_EXPECT_EQ(test, parse_all(test, &b, false, &pkt, &quote), SIMSEG_REASON_MALFORMED);
}

static void parse_test_ext(struct kunit *test)
{
	struct simseg_pkt pkt, quote;
	struct parse_buf b = {};
	u32 routing, at;

	parse_ip6(&b, NEXTHDR_HOP, SIMTEST_METER, SIMTEST_SCADA);
	parse_ext(&b, NEXTHDR_ROUTING, 0, 0);
	routing = b.len;
	parse_ext(&b, NEXTHDR_DEST, 2, 4);	/* type 4: segment routing */
	parse_ext(&b, NEXTHDR_FRAGMENT, 1, 0);
	at = b.len;
	parse_frag(&b, IPPROTO_TCP, 0);		/* an atomic fragment is whole */
	parse_tcp(&b);
	parse_cut(test, &b, true, b.len);
	parse_all(test, &b, true, &pkt, &quote);
	KUNIT_EXPECT_EQ(test, ntohs(pkt.dport), PARSE_DPORT);
	b.data[at + 3] = IP6_MF;
	KUNIT_EXPECT_EQ(test, parse_all(test, &b, true, &pkt, &quote), SIMSEG_REASON_FRAGMENT);
	b.data[at + 3] = 0;
	b.data[at + 2] = 1;
	KUNIT_EXPECT_EQ(test, parse_all(test, &b, true, &pkt, &quote), SIMSEG_REASON_FRAGMENT);
	b.data[routing + 2] = 0;
	KUNIT_EXPECT_EQ(test, parse_all(test, &b, true, &pkt, &quote),
			SIMSEG_REASON_ROUTING_HEADER);
}

/* Authentication counts in other units: 4 * (n + 2). */
static void parse_test_auth(struct kunit *test)
{
	struct simseg_pkt pkt, quote;
	struct parse_buf b = {};
	u8 *auth;

	parse_ip6(&b, NEXTHDR_AUTH, SIMTEST_METER, SIMTEST_SCADA);
	auth = parse_push(&b, 24);
	auth[0] = IPPROTO_UDP;
	auth[1] = 4;
	parse_udp(&b, 7, 8);
	KUNIT_EXPECT_EQ(test, parse_all(test, &b, true, &pkt, &quote), 0);
	KUNIT_EXPECT_EQ(test, ntohs(pkt.sport), 7);
	KUNIT_EXPECT_EQ(test, pkt.proto, IPPROTO_UDP);
}

static void parse_test_depth(struct kunit *test)
{
	struct simseg_pkt pkt, quote;
	struct parse_buf b;
	int n, i;

	for (n = 1; n <= 10; n++) {
		memset(&b, 0, sizeof(b));
		parse_ip6(&b, NEXTHDR_DEST, SIMTEST_METER, SIMTEST_SCADA);
		for (i = 1; i < n; i++)
			parse_ext(&b, NEXTHDR_DEST, 0, 0);
		parse_ext(&b, IPPROTO_UDP, 0, 0);
		parse_udp(&b, 1, 2);
		KUNIT_EXPECT_EQ_MSG(test, parse_all(test, &b, true, &pkt, &quote),
				    n <= 8 ? 0 : SIMSEG_REASON_MALFORMED, "%d headers", n);
	}
}

/* A mapped address in an IPv6 header is not the IPv4 device. */
static void parse_test_mapped(struct kunit *test)
{
	const struct simtest v4 = { .v6 = false };
	struct simseg_pkt pkt, quote;
	struct parse_buf b = {};
	struct ipv6hdr *ip = (struct ipv6hdr *)b.data;
	struct in6_addr good;

	parse_ip6(&b, IPPROTO_UDP, SIMTEST_METER, SIMTEST_SCADA);
	parse_udp(&b, 1, 2);
	good = ip->saddr;
	KUNIT_EXPECT_EQ(test, parse_all(test, &b, true, &pkt, &quote), 0);
	simtest_addr(&v4, SIMTEST_METER, &ip->saddr);
	KUNIT_EXPECT_EQ(test, parse_all(test, &b, true, &pkt, &quote), SIMSEG_REASON_MALFORMED);
	ip->daddr = ip->saddr;
	ip->saddr = good;
	KUNIT_EXPECT_EQ(test, parse_all(test, &b, true, &pkt, &quote), SIMSEG_REASON_MALFORMED);
}

struct parse_link {
	u8 type;
	u8 hops;
	bool link;
};

/* Only what cannot have crossed a router is link control. */
static void parse_test_link(struct kunit *test)
{
	static const struct parse_link rows[] = {
		{ 133, 255, true }, { 134, 255, true }, { 135, 255, true }, { 136, 255, true },
		{ 137, 255, true }, { 135, 254, false }, { 136, 64, false },
		{ 130, 1, true }, { 131, 1, true }, { 132, 1, true }, { 143, 1, true },
		{ 131, 2, false }, { 143, 255, false }, { 138, 255, false },
	};
	struct simseg_pkt pkt, quote;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct parse_buf b = {};

		parse_ip6(&b, IPPROTO_ICMPV6, SIMTEST_METER, SIMTEST_SCADA);
		b.data[7] = rows[i].hops;
		parse_icmp(&b, rows[i].type, 0);
		KUNIT_EXPECT_EQ(test, parse_all(test, &b, true, &pkt, &quote), 0);
		KUNIT_EXPECT_EQ_MSG(test, pkt.flags, rows[i].link ? SIMSEG_PKT_LINK : 0,
				    "type %u, hop limit %u", rows[i].type, rows[i].hops);
	}
}

static void parse_test_dhcp(struct kunit *test)
{
	struct simseg_pkt pkt, quote;
	struct parse_buf b = {}, six = {};
	struct ipv6hdr *ip = (struct ipv6hdr *)six.data;

	parse_ip4(&b, IPPROTO_UDP, 0, 0, ~0U);
	parse_udp(&b, 68, 67);
	parse_all(test, &b, false, &pkt, &quote);
	KUNIT_EXPECT_TRUE(test, pkt.flags & SIMSEG_PKT_LINK);
	b.data[21] = 69;
	parse_all(test, &b, false, &pkt, &quote);
	KUNIT_EXPECT_FALSE(test, pkt.flags & SIMSEG_PKT_LINK);
	parse_ip6(&six, IPPROTO_UDP, SIMTEST_METER, SIMTEST_SCADA);
	parse_udp(&six, 546, 547);
	parse_all(test, &six, true, &pkt, &quote);
	KUNIT_EXPECT_FALSE(test, pkt.flags & SIMSEG_PKT_LINK);
	ip->saddr = (struct in6_addr){ .s6_addr = { 0xfe, 0x80, [15] = 1 } };
	parse_all(test, &six, true, &pkt, &quote);
	KUNIT_EXPECT_TRUE(test, pkt.flags & SIMSEG_PKT_LINK);
}

/* A GSO packet counts as its segments, each with its headers. */
static void parse_test_gso(struct kunit *test)
{
	struct simtest *t = test->priv;
	u8 family = t->v6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
	struct simseg_pkt pkt, quote;
	struct parse_buf b = {};
	u32 headers, packets, bytes;
	struct sk_buff *skb;

	parse_ip(&b, t->v6, IPPROTO_TCP, SIMTEST_METER, SIMTEST_SCADA);
	parse_tcp(&b);
	headers = b.len;
	parse_push(&b, 250);
	skb = parse_skb(test, &b, b.len, b.len);
	skb_shinfo(skb)->gso_size = 100;
	skb_shinfo(skb)->gso_segs = 3;
	simseg_parse(skb, family, 0, &pkt, &quote);
	KUNIT_EXPECT_EQ(test, pkt.packets, 3);
	KUNIT_EXPECT_EQ(test, pkt.bytes, 250 + 3 * headers);
	skb_shinfo(skb)->gso_segs = 0;	/* not counted by who made it */
	simseg_skb_size(skb, family, 0, &packets, &bytes);
	KUNIT_EXPECT_EQ(test, packets, 3);
	KUNIT_EXPECT_EQ(test, bytes, 250 + 3 * headers);
	kfree_skb(skb);
}

static struct kunit_case parse_test_cases[] = {
	KUNIT_CASE_PARAM(parse_test_tcp, simtest_families),
	KUNIT_CASE_PARAM(parse_test_udp, simtest_families),
	KUNIT_CASE_PARAM(parse_test_echo, simtest_families),
	KUNIT_CASE_PARAM(parse_test_quote, simtest_families),
	KUNIT_CASE(parse_test_ipv4),
	KUNIT_CASE(parse_test_ext),
	KUNIT_CASE(parse_test_auth),
	KUNIT_CASE(parse_test_depth),
	KUNIT_CASE(parse_test_mapped),
	KUNIT_CASE(parse_test_link),
	KUNIT_CASE(parse_test_dhcp),
	KUNIT_CASE_PARAM(parse_test_gso, simtest_families),
	{}
};

static struct kunit_suite parse_test_suite = {
	.name = "simseg_parse",
	.init = simtest_init,
	.test_cases = parse_test_cases,
};

kunit_test_suite(parse_test_suite);
