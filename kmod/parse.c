// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a socket buffer to the packet that the verdict looks at. Every byte is
 * read through skb_header_pointer(): nothing is trusted to be there.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <net/ndisc.h>

#include "plain.h"
#include "simseg.h"

#define SIMSEG_EXTHDRS_MAX	8
#define SIMSEG_ICMP_QUOTE	8	/* an ICMP error's quote starts here */

/* Where a parser stands, and what it knows by then. */
struct simseg_cursor {
	const struct sk_buff *skb;
	int offset;		/* of the next header */
	u8 hops;		/* TTL or hop limit */
	bool quoted;		/* inside an ICMP error: 8 bytes of layer 4 */
};

static u8 simseg_parse_ipv4(struct simseg_cursor *c, struct simseg_pkt *pkt)
{
	const struct iphdr *ip;
	struct iphdr buf;

	ip = skb_header_pointer(c->skb, c->offset, sizeof(buf), &buf);
	if (!ip || ip->version != 4 || ip->ihl < 5)
		return SIMSEG_REASON_MALFORMED;
	ipv6_addr_set_v4mapped(ip->saddr, &pkt->src);
	ipv6_addr_set_v4mapped(ip->daddr, &pkt->dst);
	pkt->proto = ip->protocol;
	c->hops = ip->ttl;
	c->offset += ip->ihl * 4;
	if (c->offset > c->skb->len && !c->quoted)
		return SIMSEG_REASON_MALFORMED;
	if (ip->frag_off & htons(c->quoted ? IP_OFFSET : IP_OFFSET | IP_MF))
		return SIMSEG_REASON_FRAGMENT;
	return 0;
}

static u8 simseg_parse_fragment(struct simseg_cursor *c, u8 *next)
{
	const struct frag_hdr *fh;
	struct frag_hdr buf;

	fh = skb_header_pointer(c->skb, c->offset, sizeof(buf), &buf);
	if (!fh)
		return SIMSEG_REASON_MALFORMED;
	if (fh->frag_off & htons(c->quoted ? IP6_OFFSET : IP6_OFFSET | IP6_MF))
		return SIMSEG_REASON_FRAGMENT;
	*next = fh->nexthdr;
	c->offset += sizeof(*fh);
	return 0;
}

/* One extension header; the caller knows that it is one. */
static u8 simseg_parse_exthdr(struct simseg_cursor *c, u8 *next)
{
	const struct ipv6_opt_hdr *oh;
	struct ipv6_opt_hdr buf;
	const u8 *type;
	u8 type_buf;

	if (*next == NEXTHDR_FRAGMENT)
		return simseg_parse_fragment(c, next);
	oh = skb_header_pointer(c->skb, c->offset, sizeof(buf), &buf);
	if (!oh)
		return SIMSEG_REASON_MALFORMED;
	if (*next == NEXTHDR_ROUTING) {
		type = skb_header_pointer(c->skb, c->offset + 2, 1, &type_buf);
		if (!type)
			return SIMSEG_REASON_MALFORMED;
		if (*type == 0)		/* deprecated by RFC 5095 */
			return SIMSEG_REASON_ROUTING_HEADER;
	}
	c->offset += *next == NEXTHDR_AUTH ? ipv6_authlen(oh) : ipv6_optlen(oh);
	*next = oh->nexthdr;
	return 0;
}

static u8 simseg_parse_ipv6(struct simseg_cursor *c, struct simseg_pkt *pkt)
{
	const struct ipv6hdr *ip;
	struct ipv6hdr buf;
	unsigned int n;
	u8 next, reason;

	ip = skb_header_pointer(c->skb, c->offset, sizeof(buf), &buf);
	if (!ip || ip->version != 6)
		return SIMSEG_REASON_MALFORMED;
	pkt->src = ip->saddr;
	pkt->dst = ip->daddr;
	c->hops = ip->hop_limit;
	next = ip->nexthdr;
	c->offset += sizeof(*ip);
	/* a mapped address on the wire would pass for an IPv4 device's */
	if (ipv6_addr_v4mapped(&pkt->src) || ipv6_addr_v4mapped(&pkt->dst))
		return SIMSEG_REASON_MALFORMED;
	for (n = 0; ipv6_ext_hdr(next) && next != NEXTHDR_NONE; n++) {
		if (n == SIMSEG_EXTHDRS_MAX)
			return SIMSEG_REASON_MALFORMED;
		reason = simseg_parse_exthdr(c, &next);
		if (reason)
			return reason;
	}
	pkt->proto = next;
	return 0;
}

static u8 simseg_parse_ports(struct simseg_cursor *c, struct simseg_pkt *pkt)
{
	const __be16 *ports;
	__be16 buf[2];

	ports = skb_header_pointer(c->skb, c->offset, sizeof(buf), buf);
	if (!ports)
		return SIMSEG_REASON_MALFORMED;
	pkt->sport = ports[0];
	pkt->dport = ports[1];
	pkt->flags |= SIMSEG_PKT_PORTS;
	return 0;
}

static noinline void simseg_parse_scale(const struct sk_buff *skb, int offset, unsigned int len,
					struct simseg_pkt *pkt)
{
	const u8 *options;
	u8 buf[40];

	options = skb_header_pointer(skb, offset + sizeof(struct tcphdr), len, buf);
	pkt->scale = options ? simseg_tcp_scale(options, len) : SIMSEG_TCP_NO_SCALE;
}

/* What TCP has beside ports; the header is not cut off. */
static __always_inline void simseg_parse_tcp_rest(const struct sk_buff *skb, int offset,
						  const struct tcphdr *tcp, struct simseg_pkt *pkt)
{
	pkt->tcp_flags = ((const u8 *)tcp)[13];
	pkt->seq = ntohl(tcp->seq);
	pkt->ack = ntohl(tcp->ack_seq);
	pkt->window = ntohs(tcp->window);
	pkt->payload = skb->len - offset - tcp->doff * 4;
	if (tcp->syn)
		simseg_parse_scale(skb, offset, tcp->doff * 4 - sizeof(*tcp), pkt);
}

static u8 simseg_parse_tcp(struct simseg_cursor *c, struct simseg_pkt *pkt)
{
	const struct tcphdr *tcp;
	struct tcphdr buf;

	if (c->quoted)
		return simseg_parse_ports(c, pkt);
	tcp = skb_header_pointer(c->skb, c->offset, sizeof(buf), &buf);
	if (!tcp || tcp->doff < 5 || c->offset + tcp->doff * 4 > c->skb->len)
		return SIMSEG_REASON_MALFORMED;
	pkt->sport = tcp->source;
	pkt->dport = tcp->dest;
	pkt->flags |= SIMSEG_PKT_PORTS;
	simseg_parse_tcp_rest(c->skb, c->offset, tcp, pkt);
	c->offset += tcp->doff * 4;
	return 0;
}

/* DHCP (RFC 2131) and DHCPv6 between link-local addresses (RFC 8415). By ports first: few are. */
static __always_inline bool simseg_is_dhcp(const struct simseg_pkt *pkt)
{
	const u16 sport = ntohs(pkt->sport), dport = ntohs(pkt->dport);

	if ((sport == 68 && dport == 67) || (sport == 67 && dport == 68))
		return ipv6_addr_v4mapped(&pkt->src);
	return (dport == 546 || dport == 547) &&
	       (ipv6_addr_type(&pkt->src) & IPV6_ADDR_LINKLOCAL);
}

static u8 simseg_parse_udp(struct simseg_cursor *c, struct simseg_pkt *pkt)
{
	u8 reason = simseg_parse_ports(c, pkt);

	if (reason)
		return reason;
	c->offset += sizeof(struct udphdr);
	if (c->offset > c->skb->len && !c->quoted)
		return SIMSEG_REASON_MALFORMED;
	if (simseg_is_dhcp(pkt))
		pkt->flags |= SIMSEG_PKT_LINK;
	return 0;
}

/* Echo is a flow by its identifier; the other messages by addresses alone. */
static void simseg_icmp_echo(struct simseg_pkt *pkt, __be16 id, bool reply)
{
	pkt->sport = id;
	pkt->dport = id;
	if (reply)
		pkt->flags |= SIMSEG_PKT_REPLY_ONLY;
}

static u8 simseg_parse_icmp(struct simseg_cursor *c, struct simseg_pkt *pkt)
{
	const struct icmphdr *icmp;
	struct icmphdr buf;

	icmp = skb_header_pointer(c->skb, c->offset, sizeof(buf), &buf);
	if (!icmp)
		return SIMSEG_REASON_MALFORMED;
	switch (icmp->type) {
	case ICMP_ECHO:
	case ICMP_ECHOREPLY:
		simseg_icmp_echo(pkt, icmp->un.echo.id, icmp->type == ICMP_ECHOREPLY);
		break;
	case ICMP_DEST_UNREACH:
	case ICMP_SOURCE_QUENCH:
	case ICMP_REDIRECT:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		pkt->flags |= SIMSEG_PKT_ERROR;
		break;
	}
	return 0;
}

static u8 simseg_parse_icmpv6(struct simseg_cursor *c, struct simseg_pkt *pkt)
{
	const struct icmp6hdr *icmp;
	struct icmp6hdr buf;

	icmp = skb_header_pointer(c->skb, c->offset, sizeof(buf), &buf);
	if (!icmp)
		return SIMSEG_REASON_MALFORMED;
	switch (icmp->icmp6_type) {
	case ICMPV6_ECHO_REQUEST:
	case ICMPV6_ECHO_REPLY:
		simseg_icmp_echo(pkt, icmp->icmp6_identifier,
				 icmp->icmp6_type == ICMPV6_ECHO_REPLY);
		break;
	case NDISC_ROUTER_SOLICITATION ... NDISC_REDIRECT:
		if (c->hops == 255)	/* RFC 4861: it has crossed no router */
			pkt->flags |= SIMSEG_PKT_LINK;
		break;
	case ICMPV6_MGM_QUERY ... ICMPV6_MGM_REDUCTION:
	case ICMPV6_MLD2_REPORT:
		if (c->hops == 1)	/* RFC 3810 */
			pkt->flags |= SIMSEG_PKT_LINK;
		break;
	default:
		if (!(icmp->icmp6_type & ICMPV6_INFOMSG_MASK))
			pkt->flags |= SIMSEG_PKT_ERROR;
	}
	return 0;
}

static u8 simseg_parse_layer4(struct simseg_cursor *c, struct simseg_pkt *pkt)
{
	bool v4 = ipv6_addr_v4mapped(&pkt->src);

	switch (pkt->proto) {
	case IPPROTO_TCP:
		return simseg_parse_tcp(c, pkt);
	case IPPROTO_UDP:
		return simseg_parse_udp(c, pkt);
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return simseg_parse_ports(c, pkt);
	case IPPROTO_ICMP:
		return v4 ? simseg_parse_icmp(c, pkt) : SIMSEG_REASON_MALFORMED;
	case IPPROTO_ICMPV6:
		return v4 ? SIMSEG_REASON_MALFORMED : simseg_parse_icmpv6(c, pkt);
	case IPPROTO_IGMP:
		if (v4 && c->hops == 1)
			pkt->flags |= SIMSEG_PKT_LINK;
		return 0;
	default:
		return 0;
	}
}

static u8 simseg_parse_headers(struct simseg_cursor *c, u8 family, struct simseg_pkt *pkt)
{
	u8 reason = family == NFPROTO_IPV4 ? simseg_parse_ipv4(c, pkt) :
					     simseg_parse_ipv6(c, pkt);

	return reason ?: simseg_parse_layer4(c, pkt);
}

/*
 * Field by field: to clear all of it, most of which is set anyway, costs as much as to parse.
 */
static void simseg_pkt_clear(struct simseg_pkt *pkt)
{
	pkt->src = (struct in6_addr){ };
	pkt->dst = (struct in6_addr){ };
	pkt->sport = 0;
	pkt->dport = 0;
	pkt->proto = 0;
	pkt->tcp_flags = 0;
	pkt->hook = 0;
	pkt->scale = 0;
	pkt->malformed = 0;
	pkt->flags = 0;
	pkt->in = NULL;
	pkt->out = NULL;
	pkt->packets = 0;
	pkt->bytes = 0;
	pkt->seq = 0;
	pkt->ack = 0;
	pkt->payload = 0;
	pkt->window = 0;
	pkt->skb = NULL;
	pkt->quote = NULL;
}

/* A plain packet: what simseg_parse() would say of it, without another look at what is known. */
void simseg_parse_plain(const struct sk_buff *skb, u8 family, int offset, struct simseg_pkt *pkt)
{
	const struct ipv6hdr *ip6 = (const struct ipv6hdr *)(skb->data + offset);
	const struct iphdr *ip = (const struct iphdr *)ip6;
	const struct tcphdr *tcp;

	simseg_pkt_clear(pkt);
	pkt->packets = 1;
	pkt->bytes = skb->len - offset;
	if (family == NFPROTO_IPV4) {
		ipv6_addr_set_v4mapped(ip->saddr, &pkt->src);
		ipv6_addr_set_v4mapped(ip->daddr, &pkt->dst);
		pkt->proto = ip->protocol;
		tcp = (const struct tcphdr *)(ip + 1);
	} else {
		pkt->src = ip6->saddr;
		pkt->dst = ip6->daddr;
		pkt->proto = ip6->nexthdr;
		tcp = (const struct tcphdr *)(ip6 + 1);
	}
	pkt->sport = tcp->source;	/* as of UDP */
	pkt->dport = tcp->dest;
	pkt->flags = SIMSEG_PKT_PORTS;
	if (pkt->proto == IPPROTO_TCP)
		simseg_parse_tcp_rest(skb, (const u8 *)tcp - skb->data, tcp, pkt);
	else if (unlikely(simseg_is_dhcp(pkt)))
		pkt->flags |= SIMSEG_PKT_LINK;
}

static __always_inline bool simseg_plain(const struct sk_buff *skb, u8 family, int offset)
{
	const u8 *network = skb->data + offset;
	const struct ipv6hdr *ip6 = (const struct ipv6hdr *)network;
	const struct iphdr *ip = (const struct iphdr *)network;

	if (skb_is_gso(skb))
		return false;
	if (family == NFPROTO_IPV4)
		return (const u8 *)(ip + 1) <= skb_tail_pointer(skb) && simseg_plain_ipv4(skb, ip);
	return (const u8 *)(ip6 + 1) <= skb_tail_pointer(skb) && ip6->version == 6 &&
	       simseg_plain_ipv6(skb, ip6);
}

/*
 * The packet that starts at @offset. An ICMP error's quote goes to @quote; one
 * that names no flow (cut off, a later fragment, an error itself) is none.
 */
void simseg_parse(const struct sk_buff *skb, u8 family, int offset, struct simseg_pkt *pkt,
		  struct simseg_pkt *quote)
{
	struct simseg_cursor c = { .skb = skb, .offset = offset };

	if (likely(simseg_plain(skb, family, offset))) {
		simseg_parse_plain(skb, family, offset, pkt);
		return;
	}
	simseg_pkt_clear(pkt);
	pkt->malformed = simseg_parse_headers(&c, family, pkt);
	simseg_wire_size(skb, offset, c.offset, &pkt->packets, &pkt->bytes);
	if (pkt->malformed || !(pkt->flags & SIMSEG_PKT_ERROR))
		return;
	simseg_pkt_clear(quote);
	c.offset += SIMSEG_ICMP_QUOTE;
	c.quoted = true;
	if (!simseg_parse_headers(&c, family, quote) && !(quote->flags & SIMSEG_PKT_ERROR))
		pkt->quote = quote;
}

/* The addresses of IPv4 without options, or of IPv6, mostly: those that need no closer look. */
static __always_inline bool simseg_plain_addresses(const struct sk_buff *skb, u8 family,
						   int offset, struct simseg_pkt *pkt)
{
	const u8 *network = skb->data + offset, *tail = skb_tail_pointer(skb);
	const struct ipv6hdr *ip6 = (const struct ipv6hdr *)network;
	const struct iphdr *ip = (const struct iphdr *)network;

	if (family == NFPROTO_IPV4) {
		if (network + sizeof(*ip) > tail || *network != SIMSEG_PLAIN_IPV4)
			return false;
		ipv6_addr_set_v4mapped(ip->saddr, &pkt->src);
		ipv6_addr_set_v4mapped(ip->daddr, &pkt->dst);
		return true;
	}
	if (network + sizeof(*ip6) > tail || ip6->version != 6)
		return false;
	pkt->src = ip6->saddr;
	pkt->dst = ip6->daddr;
	return !ipv6_addr_any(&pkt->dst);
}

/*
 * Addresses alone, for the guard, and nothing else of @pkt is set to be read; false: not
 * even those are there.
 */
bool simseg_parse_addresses(const struct sk_buff *skb, u8 family, int offset,
			    struct simseg_pkt *pkt)
{
	struct simseg_cursor c = { .skb = skb, .offset = offset };
	u8 reason;

	if (likely(simseg_plain_addresses(skb, family, offset, pkt)))
		return true;
	memset(&pkt->dst, 0, sizeof(pkt->dst));
	if (family == NFPROTO_IPV4)
		reason = simseg_parse_ipv4(&c, pkt);
	else
		reason = simseg_parse_ipv6(&c, pkt);
	/* what comes behind the addresses is for the floor */
	return reason != SIMSEG_REASON_MALFORMED || !ipv6_addr_any(&pkt->dst);
}

/*
 * What @skb is on the wire: a GSO packet is its segments, each of which has
 * the headers between @offset and @payload.
 */
void simseg_wire_size(const struct sk_buff *skb, int offset, int payload, u32 *packets,
		      u32 *bytes)
{
	*packets = 1;
	*bytes = skb->len - offset;
	if (!skb_is_gso(skb) || !skb_shinfo(skb)->gso_size)
		return;
	*packets = skb_shinfo(skb)->gso_segs;
	if (!*packets)
		*packets = DIV_ROUND_UP(skb->len - payload, skb_shinfo(skb)->gso_size);
	*bytes += (*packets - 1) * (payload - offset);
}

/* The rest of simseg_skb_size(). */
void simseg_skb_size_merged(const struct sk_buff *skb, u8 family, int offset, u32 *packets,
			    u32 *bytes)
{
	struct simseg_pkt pkt, quote;

	simseg_parse(skb, family, offset, &pkt, &quote);
	*packets = pkt.packets;
	*bytes = pkt.bytes;
}
