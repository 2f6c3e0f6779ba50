/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inject: give two gateways the same packets and write down what each made of
 * them. A is governed by simseg, B by nftables; each is a network namespace
 * whose links are TUN devices that this program holds, or TAP devices where frames
 * have Ethernet headers.
 */
#ifndef TESTS_ORACLE_INJECT_H
#define TESTS_ORACLE_INJECT_H

#include <net/if.h>
#include <netlink/netlink.h>
#include <nftables/libnftables.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "libseg.h"

#define LINKS_MAX   16
#define PACKET_MAX  65536
#define TEXT_MAX    4096
#define REASONS_MAX 256

/* Who looks at the packets. */
enum judges {
	JUDGES_BOTH,	/* A's floor, and B */
	JUDGES_XDP,	/* the XDP program, by BPF_PROG_TEST_RUN; then A's floor */
	JUDGES_FLOOR,	/* A's floor */
	JUDGES_FORWARD, /* A, where XDP sends packets on, by Ethernet; its floor sees the rest */
};

struct link {
	char name[IFNAMSIZ];
	uint8_t side; /* enum simseg_side */
};

/* What one gateway did with one packet. */
struct seen {
	char outs[TEXT_MAX]; /* links on which something left, in that order */
	char logs[TEXT_MAX]; /* prefixes of what its ruleset logged */
	uint32_t hash;	     /* over all that left */
};

struct mark_of {
	unsigned long packet;
	uint64_t session; /* 0: none */
};

struct gateway {
	struct nft_ctx *nft;
	int tun[LINKS_MAX];
	bool ethernet;
	int log; /* NFLOG, group 1 */
	struct seen seen;
};

struct world {
	struct link links[LINKS_MAX];
	size_t n_links;
	struct gateway a, b;
	enum judges judges;
	struct pollfd pfd[2 * (LINKS_MAX + 1)];
	struct seg_handle *seg;
	struct nl_sock *stats;
	int family;
	uint64_t counted[REASONS_MAX];
	char counts[TEXT_MAX]; /* of the last packet: REASON+N,... */
	unsigned long last;    /* number of that packet */
	struct mark_of *marks; /* sessions that packets belonged to */
	size_t n_marks;
};

/* gateway.c */

/* Makes one, and stays in its namespace. @batch: what `ip -batch` shall do there. */
void gateway_make(struct world *w, struct gateway *g, const char *batch);
void gateway_nft(struct gateway *g, const char *text);
void gateway_send(const struct gateway *g, size_t link, const uint8_t *packet, size_t len);
/* What came out of both, or of A alone, since the last call; returns at once. */
void gateway_collect(struct world *w);

/* change.c */

/* In A's namespace, once its links are there. */
void change_begin(struct world *w);
/* Packets that XDP has sent on; then it is taken off the links. */
uint64_t change_end(struct world *w);
/* The ruleset file @text, all or nothing; 0 or -errno. */
int change_apply(struct world *w, const char *text, size_t len);
/* A change as the script writes it: a verb and its words; 0 or -errno. */
int change_do(struct world *w, char *words[], size_t n);
/* Has simseg freed all sessions that have ended? */
bool change_is_over(struct world *w);
/* Remembers the session that the last packet belonged to: @words are what names it. */
void change_mark(struct world *w, char *words[]);
/* Fills @w->counts with what has been counted since the last call. */
void change_count(struct world *w);

/* xdp.c */

void xdp_open(void);
void xdp_ask(struct world *w, size_t link, const uint8_t *packet, size_t len);
void xdp_compare(const struct world *w, const char *number, const char *hex);
int xdp_end(void);

#endif /* TESTS_ORACLE_INJECT_H */
