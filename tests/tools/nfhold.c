// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nfhold: take packets out of a netfilter queue, and keep them for a while.
 *
 * usage: nfhold QUEUE
 *
 * Goes to the background and prints its pid. It keeps what comes until SIGUSR1;
 * then it accepts that and all that follows.
 */
#include <stddef.h>

#include "net.h"

/* After those of the C library, whose types these know how to leave alone. */
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>

struct message {
	struct nlmsghdr nlh;
	struct nfgenmsg nfg;
	struct nlattr attr;
	union {
		struct nfqnl_msg_config_cmd cmd;
		struct nfqnl_msg_config_params params;
		struct nfqnl_msg_verdict_hdr verdict;
	};
} __attribute__((packed));

static volatile sig_atomic_t let_go;

static void on_signal(int sig)
{
	(void)sig;
	let_go = 1;
}

static void request(int fd, int queue, int type, int attr, const void *data, size_t len)
{
	struct message m = {
		.nlh = {
			.nlmsg_len = offsetof(struct message, cmd) + len,
			.nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | type,
			.nlmsg_flags = NLM_F_REQUEST,
		},
		.nfg = { .res_id = htons(queue) },
		.attr = { .nla_len = sizeof(struct nlattr) + len, .nla_type = attr },
	};

	memcpy(&m.cmd, data, len);
	if (send(fd, &m, NLMSG_ALIGN(m.nlh.nlmsg_len), 0) < 0)
		die("queue %d", queue);
}

static void accept_one(int fd, int queue, uint32_t id)
{
	struct nfqnl_msg_verdict_hdr v = { .verdict = htonl(NF_ACCEPT), .id = htonl(id) };

	request(fd, queue, NFQNL_MSG_VERDICT, NFQA_VERDICT_HDR, &v, sizeof(v));
}

/* The packet's number; 0: that was no packet. */
static uint32_t packet_id(const struct nlmsghdr *nlh)
{
	const struct nlattr *a = (void *)((char *)NLMSG_DATA(nlh) + sizeof(struct nfgenmsg));
	const struct nfqnl_msg_packet_hdr *p = (void *)(a + 1);

	if (nlh->nlmsg_type != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET) ||
	    (a->nla_type & NLA_TYPE_MASK) != NFQA_PACKET_HDR)
		return 0;
	return ntohl(p->packet_id);
}

int main(int argc, char **argv)
{
	struct nfqnl_msg_config_cmd bind_it = { .command = NFQNL_CFG_CMD_BIND };
	struct nfqnl_msg_config_params copy = { .copy_mode = NFQNL_COPY_META };
	struct sigaction sa = { .sa_handler = on_signal };
	uint32_t id, held[256];
	int fd, queue, i, n = 0;
	char buf[65536];

	if (argc != 2) {
		fprintf(stderr, "usage: nfhold QUEUE\n");
		return 2;
	}
	queue = atoi(argv[1]);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (fd < 0)
		die("netlink");
	request(fd, queue, NFQNL_MSG_CONFIG, NFQA_CFG_CMD, &bind_it, sizeof(bind_it));
	request(fd, queue, NFQNL_MSG_CONFIG, NFQA_CFG_PARAMS, &copy, sizeof(copy));
	sigaction(SIGUSR1, &sa, NULL);
	background();
	for (;;) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };

		if (let_go) {
			for (i = 0; i < n; i++)
				accept_one(fd, queue, held[i]);
			n = 0;
		}
		/* a signal that comes just before this is seen a little later */
		if (poll(&pfd, 1, 20) <= 0 || recv(fd, buf, sizeof(buf), 0) <= 0)
			continue;
		id = packet_id((struct nlmsghdr *)buf);
		if (id && n < 256)
			held[n++] = id;
	}
}
