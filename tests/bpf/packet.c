// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <linux/if_ether.h>

#include "world.h"

static void put(struct packet *p, const void *data, size_t len)
{
	memcpy(p->data + p->len, data, len);
	p->len += len;
}

static void put8(struct packet *p, uint8_t value)
{
	put(p, &value, 1);
}

static void put16(struct packet *p, uint16_t value)
{
	uint16_t be = htons(value);

	put(p, &be, 2);
}

static void put_zeros(struct packet *p, size_t len)
{
	memset(p->data + p->len, 0, len);
	p->len += len;
}

static void put_ethernet(struct packet *p, const struct packet_spec *spec, bool v4,
			 const uint8_t mac[6])
{
	static const uint8_t other[6] = { 2, 0, 0, 0, 0xaa, 0xbb };
	static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };

	put(p, spec->flags & P_OTHER_MAC ? other : spec->flags & P_BROADCAST ? all : mac, 6);
	put(p, other, 6);
	if (spec->flags & (P_TAG | P_TAG2)) {
		put16(p, ETH_P_8021Q);
		put16(p, 0xa000 | spec->vlan); /* with a priority */
	}
	if (spec->flags & P_TAG2) {
		put16(p, ETH_P_8021Q);
		put16(p, spec->vlan);
	}
	put16(p, spec->flags & P_NOT_IP ? ETH_P_ARP : v4 ? ETH_P_IP : ETH_P_IPV6);
}

static void put_tcp(struct packet *p, const struct packet_spec *spec)
{
	uint8_t doff = spec->flags & P_DOFF_SHORT ? 4 : spec->flags & P_DOFF_LONG ? 15 : 5;

	put16(p, spec->sport);
	put16(p, spec->dport);
	put_zeros(p, 8);
	put8(p, doff << 4);
	put8(p, spec->tcp_flags);
	put_zeros(p, 6);
}

static void put_layer4(struct packet *p, const struct packet_spec *spec, bool v4)
{
	switch (spec->proto) {
	case IPPROTO_TCP:
		put_tcp(p, spec);
		break;
	case IPPROTO_ICMP:
		put8(p, v4 || !spec->sport ? spec->dport : spec->sport);
		put_zeros(p, 3);
		put16(p, 4711); /* identifier of an echo */
		put16(p, 1);
		put_zeros(p, 32);
		break;
	default:
		put16(p, spec->sport);
		put16(p, spec->dport);
		put16(p, 16); /* UDP: length */
		put_zeros(p, 10);
	}
}

static void put_ipv4(struct packet *p, const struct packet_spec *spec)
{
	size_t start = p->len, header = spec->flags & P_OPTIONS ? 24 : 20, end;
	uint8_t addr[16];

	put8(p, (spec->flags & P_VERSION ? 0x50 : 0x40) | (spec->flags & P_IHL ? 4 : header / 4));
	put_zeros(p, 5); /* with the length, which comes last */
	put16(p, spec->flags & P_FRAG_FIRST ? 0x2000 :
		 spec->flags & P_FRAG_LATER ? 0x00b9 :
					      0x4000);
	put8(p, spec->flags & P_FAR ? 64 : 255);
	put8(p, spec->proto);
	put16(p, 0);
	world_addr(spec->src, true, addr);
	put(p, addr + 12, 4);
	world_addr(spec->dst, true, addr);
	put(p, addr + 12, 4);
	if (header > 20)
		put(p, "\x94\x04\x00\x00", 4); /* router alert */
	put_layer4(p, spec, true);
	end = p->len;
	p->len = start + 2;
	p->l3_len = end - start;
	put16(p, spec->flags & P_LEN_LONG  ? p->l3_len + 1 :
		 spec->flags & P_LEN_SHORT ? 19 :
					     p->l3_len);
	p->len = end;
}

/* An extension header of 8 bytes that says what follows. */
static void put_ext(struct packet *p, uint8_t *next, uint8_t type)
{
	p->data[*next] = type;
	*next = p->len;
	put_zeros(p, 1);
	put8(p, 0);
	put(p, "\x01\x04\x00\x00\x00\x00", 6); /* PadN */
}

static void put_exts(struct packet *p, const struct packet_spec *spec, uint8_t *next)
{
	int i;

	for (i = 0; i < spec->ext; i++)
		put_ext(p, next, i ? IPPROTO_DSTOPTS : IPPROTO_HOPOPTS);
	if (spec->flags & P_OPTIONS)
		put_ext(p, next, IPPROTO_ROUTING);
	if (spec->flags & P_AH)
		put_ext(p, next, IPPROTO_AH);
	if (spec->flags & (P_FRAG_FIRST | P_FRAG_LATER)) {
		put_ext(p, next, IPPROTO_FRAGMENT);
		p->data[*next + 2] = 0;
		p->data[*next + 3] = spec->flags & P_FRAG_FIRST ? 1 : 0xb8;
	}
}

static void put_ipv6(struct packet *p, const struct packet_spec *spec)
{
	size_t start = p->len, end, payload;
	uint8_t addr[16], next = start + 6;

	put8(p, spec->flags & P_VERSION ? 0x50 : 0x60);
	put_zeros(p, 6);
	put8(p, spec->flags & P_FAR ? 64 : 255);
	world_addr(spec->src, spec->flags & P_MAPPED, addr);
	put(p, addr, 16);
	world_addr(spec->dst, spec->flags & P_MAPPED, addr);
	put(p, addr, 16);
	put_exts(p, spec, &next);
	p->data[next] = spec->proto == IPPROTO_ICMP ? IPPROTO_ICMPV6 : spec->proto;
	put_layer4(p, spec, false);
	end = p->len;
	p->l3_len = end - start;
	payload = p->l3_len - 40;
	p->len = start + 4;
	put16(p, spec->flags & P_LEN_LONG ? payload + 1 : spec->flags & P_LEN_SHORT ? 3 : payload);
	p->len = end;
}

void packet_build(struct packet *p, const struct packet_spec *spec, bool v4, const uint8_t mac[6])
{
	memset(p, 0, sizeof(*p));
	if (!(spec->flags & P_RAW))
		put_ethernet(p, spec, v4, mac);
	if (v4)
		put_ipv4(p, spec);
	else
		put_ipv6(p, spec);
	p->l3_end = p->len;
	if (spec->flags & P_PADDED)
		put_zeros(p, 26);
}
