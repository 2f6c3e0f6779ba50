/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules that the packet tables are judged by, and packets made of them.
 *
 * Addresses are numbers: POOL(11) is 10.64.0.11 and fd64::11, NET(5) is
 * 10.20.0.5 and fd20::5. The script has made the interfaces.
 *
 *	POOL(1)		the gateway's own
 *	POOL(11)	meter on sim0: out tcp 8883 to NET(8)
 *	POOL(12)	rtu on sim1: in tcp 2404 from NET(5), out icmp to NET(5)
 *	POOL(13)	meter on sim0, quarantined
 *	POOL(14)	meter on sim0, quarantined, responder NET(9)
 *	POOL(15)	on sim0, without a policy
 *	POOL(16)	meter on trunk0.10
 *	POOL(17)	meter on raw0
 *	POOL(99)	nobody's
 */
#ifndef _WORLD_H
#define _WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libseg.h"

#define POOL(host)    (0x6400 | (host))
#define NET(host)     (0x2000 | (host))
#define OUTSIDE(host) (0x9900 | (host))

#define METER_ICCID "8988228000000000012"
#define RTU_ICCID   "8988228000000000020"

/* Puts the rules in force; bails out if it cannot. */
struct seg_handle *world_build(void);
void world_addr(int number, bool v4, uint8_t addr[16]);

/* A packet as a table describes it. */
enum packet_flags {
	P_FRAG_FIRST = 1 << 0, /* fragments: v4 bits, v6 header */
	P_FRAG_LATER = 1 << 1,
	P_OPTIONS = 1 << 2, /* v4: an option; v6: routing header */
	P_TAG = 1 << 3,	    /* 802.1Q, id in .vlan */
	P_TAG2 = 1 << 4,    /* two of them */
	P_RAW = 1 << 5,	    /* no Ethernet header */
	P_OTHER_MAC = 1 << 6,
	P_BROADCAST = 1 << 7,
	P_NOT_IP = 1 << 8,
	P_LEN_LONG = 1 << 9,	/* length field says more than there is */
	P_LEN_SHORT = 1 << 10,	/* and less than the header */
	P_VERSION = 1 << 11,	/* wrong version */
	P_IHL = 1 << 12,	/* v4: header too short */
	P_DOFF_SHORT = 1 << 13, /* TCP data offset too small */
	P_DOFF_LONG = 1 << 14,	/* and beyond the packet */
	P_PADDED = 1 << 15,	/* bytes behind the IP packet */
	P_MAPPED = 1 << 16,	/* v6 with mapped addresses */
	P_AH = 1 << 17,		/* v6: authentication header */
	P_FAR = 1 << 18,	/* hop limit 64 where it should be 255 */
};

struct packet_spec {
	int src;
	int dst;
	uint8_t proto; /* IPPROTO_ICMP: ICMPv6 in IPv6 */
	uint16_t sport;
	uint16_t dport; /* ICMP: the type; v6 type in .sport if not 0 */
	uint8_t tcp_flags;
	uint16_t vlan;
	uint8_t ext; /* v6: destination options headers */
	uint32_t flags;
};

struct packet {
	uint8_t data[512];
	size_t len;
	size_t l3_len; /* of the IP packet */
	size_t l3_end; /* where it ends in data */
};

void packet_build(struct packet *p, const struct packet_spec *spec, bool v4, const uint8_t mac[6]);

#endif /* _WORLD_H */
