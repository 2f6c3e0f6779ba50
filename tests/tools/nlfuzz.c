// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nlfuzz: messages to the simseg family that segctl would never send.
 *
 * usage: nlfuzz [-s SEED] SECONDS    random ones: prints "SENT REFUSED ACCEPTED
 *                                    ANSWERS"
 *        nlfuzz -1 COMMAND           one without any attribute: prints the
 *                                    error and the kernel's sentence
 *
 * Of the random ones none is a change that may be done: they have no actor, or
 * an attribute that no kernel knows. ACCEPTED counts changes that the kernel
 * has acknowledged all the same.
 */
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/simseg.h>

#include "net.h"

#define ROOM 8192

union message {
	struct nlmsghdr nlh;
	uint8_t data[ROOM];
};

static int sock;
static uint16_t family;
static unsigned long sent, refused, accepted, answers;

static int is_query(unsigned int cmd)
{
	switch (cmd) {
	case SIMSEG_CMD_STATUS_GET:
	case SIMSEG_CMD_POOL_GET:
	case SIMSEG_CMD_POLICY_GET:
	case SIMSEG_CMD_PEER_GET:
	case SIMSEG_CMD_DEVICE_GET:
	case SIMSEG_CMD_SESSION_GET:
	case SIMSEG_CMD_STATS_GET:
	case SIMSEG_CMD_IFACE_GET:
	case SIMSEG_CMD_EXPLAIN:
	case SIMSEG_CMD_GRANT_GET:
	case SIMSEG_CMD_LOG_GET:
	/* an upload dies with the socket, and giving it up changes nothing */
	case SIMSEG_CMD_RULESET_ABORT:
		return 1;
	}
	return 0;
}

static void begin(union message *m, uint16_t type, uint8_t cmd, uint16_t flags)
{
	struct genlmsghdr *g = (struct genlmsghdr *)(m->data + NLMSG_HDRLEN);

	memset(m, 0, NLMSG_HDRLEN + GENL_HDRLEN);
	m->nlh.nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN;
	m->nlh.nlmsg_type = type;
	m->nlh.nlmsg_seq = cmd; /* the answer says what it is to */
	m->nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	g->cmd = cmd;
	g->version = 1;
}

static void put_attr(union message *m, uint16_t type, const void *data, unsigned int len)
{
	struct nlattr *a = (struct nlattr *)(m->data + NLMSG_ALIGN(m->nlh.nlmsg_len));

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	memcpy((uint8_t *)a + NLA_HDRLEN, data, len);
	m->nlh.nlmsg_len = NLMSG_ALIGN(m->nlh.nlmsg_len) + NLA_ALIGN(a->nla_len);
}

static void send_message(union message *m)
{
	if (send(sock, m->data, m->nlh.nlmsg_len, 0) < 0 && errno != ENOBUFS)
		die("send");
	sent++;
}

/* The sentence of an extended ACK, or "". */
static const char *sentence(const struct nlmsghdr *nlh)
{
	const uint8_t *p = (const uint8_t *)nlh + NLMSG_HDRLEN + sizeof(struct nlmsgerr);
	const uint8_t *end = (const uint8_t *)nlh + nlh->nlmsg_len;
	const struct nlmsgerr *err = NLMSG_DATA(nlh);
	const struct nlattr *a;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return "";
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED)) /* the request stands before it */
		p += NLMSG_ALIGN(err->msg.nlmsg_len) - NLMSG_HDRLEN;
	for (; p + NLA_HDRLEN <= end; p += NLA_ALIGN(a->nla_len)) {
		a = (const struct nlattr *)p;
		if (a->nla_len < NLA_HDRLEN)
			break;
		if ((a->nla_type & NLA_TYPE_MASK) == NLMSGERR_ATTR_MSG)
			return (const char *)p + NLA_HDRLEN;
	}
	return "";
}

/* Takes in what has come; with say, prints the error. */
static int drain(int ms, int say)
{
	static uint8_t buf[65536] __attribute__((aligned(8)));
	struct pollfd pfd = { .fd = sock, .events = POLLIN };
	const struct nlmsghdr *nlh;
	const struct nlmsgerr *err;
	ssize_t n;

	while (poll(&pfd, 1, ms) > 0) {
		n = recv(sock, buf, sizeof(buf), 0);
		if (n < 0)
			continue; /* ENOBUFS: answers were lost, nothing else */
		for (nlh = (void *)buf; NLMSG_OK(nlh, n); nlh = NLMSG_NEXT(nlh, n)) {
			err = NLMSG_DATA(nlh);
			if (nlh->nlmsg_type != NLMSG_ERROR) {
				answers++;
			} else if (err->error) {
				refused++;
			} else if (!is_query(nlh->nlmsg_seq)) {
				accepted++;
			}
			if (say && nlh->nlmsg_type == NLMSG_ERROR) {
				printf("%s: %s\n", strerror(-err->error), sentence(nlh));
				return err->error ? 2 : 0;
			}
		}
		ms = 0;
	}
	return 1;
}

static void find_family(void)
{
	static uint8_t buf[8192] __attribute__((aligned(8)));
	const struct nlmsghdr *nlh = (void *)buf;
	union message m;
	const uint8_t *p, *end;
	const struct nlattr *a;
	ssize_t n;

	begin(&m, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	put_attr(&m, CTRL_ATTR_FAMILY_NAME, SIMSEG_FAMILY_NAME, sizeof(SIMSEG_FAMILY_NAME));
	send_message(&m);
	n = recv(sock, buf, sizeof(buf), 0);
	if (n < NLMSG_HDRLEN || nlh->nlmsg_type == NLMSG_ERROR)
		die("the family is not there");
	end = buf + nlh->nlmsg_len;
	for (p = buf + NLMSG_HDRLEN + GENL_HDRLEN; p + NLA_HDRLEN < end;
	     p += NLA_ALIGN(a->nla_len)) {
		a = (const struct nlattr *)p;
		if (a->nla_type == CTRL_ATTR_FAMILY_ID)
			memcpy(&family, p + NLA_HDRLEN, 2);
	}
	drain(100, 0);
	sent = refused = accepted = answers = 0;
}

/* Random bytes that often look like attributes, nested ones too. */
static unsigned int random_payload(uint8_t *p, unsigned int room)
{
	unsigned int len = random() % (random() % 8 ? 24 : room), i;

	for (i = 0; i < len; i++)
		p[i] = random();
	for (i = 0; i + 8 <= len && random() % 3; i += 8) {
		p[i] = 4 + random() % 8;
		p[i + 1] = 0;
		p[i + 2] = random() % 16;
		p[i + 3] = 0;
	}
	return len;
}

static void random_message(union message *m)
{
	uint8_t payload[512];
	unsigned int i, n = random() % 6, len, cmd = random() % (SIMSEG_CMD_MAX + 3);
	int actor = random() & 1;
	uint16_t type;

	begin(m, family, cmd, random() % 4 ? 0 : NLM_F_DUMP);
	if (actor) {
		put_attr(m, SIMSEG_A_ACTOR, "fuzz", 5);
		put_attr(m, SIMSEG_A_MAX + 1 + random() % 100, "", 0);
	}
	for (i = 0; i < n; i++) {
		len = random_payload(payload, sizeof(payload));
		type = SIMSEG_A_ACTOR + 1 + random() % SIMSEG_A_MAX;
		put_attr(m, type | (random() % 2 ? NLA_F_NESTED : 0), payload, len);
	}
	if (random() % 16 == 0) /* an attribute that claims more than there is */
		m->data[NLMSG_HDRLEN + GENL_HDRLEN] ^= 0x7f;
}

int main(int argc, char **argv)
{
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	int opt, one = 1, single = 0, seed = 1;
	union message m;
	uint64_t end;

	while ((opt = getopt(argc, argv, "1:s:")) != -1) {
		if (opt == '1')
			single = atoi(optarg);
		else if (opt == 's')
			seed = atoi(optarg);
		else
			return 2;
	}
	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (sock < 0 || bind(sock, (struct sockaddr *)&self, sizeof(self)))
		die("netlink");
	setsockopt(sock, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	find_family();
	if (single) {
		begin(&m, family, single, 0);
		send_message(&m);
		return drain(5000, 1);
	}
	if (argc - optind != 1) {
		fprintf(stderr, "usage: nlfuzz [-s SEED] SECONDS | nlfuzz -1 COMMAND\n");
		return 2;
	}
	srandom(seed);
	end = now_ns() + atoi(argv[optind]) * NS_PER_S;
	while (now_ns() < end) {
		random_message(&m);
		send_message(&m);
		drain(0, 0);
	}
	drain(500, 0);
	printf("%lu %lu %lu %lu\n", sent, refused, accepted, answers);
	return 0;
}
