/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the agent tells those who connect to its socket, one message after the other
 * (SOCK_SEQPACKET): first who it is, then records, in the order in which it has stored
 * them. Agent and reader are of one release: a message of another kind or size is
 * refused by the reader.
 */
#ifndef FEED_H
#define FEED_H

#include "segctl.h"

#define FEED_SOCKET "/run/simseg/agent.sock"
#define FEED_MAGIC  0x44454546
#define FEED_BATCH  64 /* records in a message */
#define FEED_ERROR  256

#define FEED_UNKNOWN UINT64_MAX

enum feed_kind {
	FEED_HELLO = 1,
	FEED_RECORDS,
};

struct feed_head {
	uint32_t magic;
	uint16_t kind;	 /* enum feed_kind */
	uint16_t size;	 /* of what follows, of one record */
	uint64_t n;	 /* records that follow */
	uint64_t missed; /* that this reader was too slow for, since the last message */
};

struct feed_hello {
	struct feed_head head;
	uint64_t netns;	 /* cookie of the namespace whose records they are */
	uint64_t stored; /* records since it was started */
	uint64_t lag;	 /* records that the index does not have yet; FEED_UNKNOWN */
	uint32_t pid;
	uint32_t monitors;	/* that are connected */
	uint32_t full;		/* 1: it takes no more of them; nothing follows */
	uint32_t waiting;	/* 1: nothing takes records out of the module */
	char error[FEED_ERROR]; /* what keeps it from storing; "" */
};

struct feed_batch {
	struct feed_head head;
	struct simseg_record records[FEED_BATCH];
};

/*
 * Connects to the agent and hears who it is: a socket, or -errno; -ENOENT,
 * -ECONNREFUSED: none runs there.
 */
int feed_connect(const char *path, struct feed_hello *hello);
/* 1: a message; 0: the agent has ended; -errno, -EPROTO: it is no such message. */
int feed_read(int fd, struct feed_batch *batch);

#endif
