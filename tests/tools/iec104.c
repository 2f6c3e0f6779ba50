// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * iec104: a small IEC 60870-5-104 peer, master or outstation.
 *
 * usage: iec104 outstation [-p PORT] [-i MS] -l LOG
 *        iec104 master [-p PORT] [-n COUNT] [-t MS] -l LOG ADDR
 *
 * The outstation (IEC 60870-5-104, 5.1 to 5.6) starts with STARTDT, answers a
 * general interrogation, and sends a numbered bit string (type 7) every MS
 * with sequence numbers; LOG says when each was sent, as numsend's does. The
 * master opens the association, interrogates, acknowledges each W frames with
 * an S frame, and tests the link when it was silent for MS (t3); LOG is as
 * numrecv's.
 * With -n it ends with status 0 after that many I frames and one TESTFR
 * confirmation; when t1 expires, a sequence number is wrong, or the
 * connection breaks, with 1.
 */
#include "net.h"

#define STARTDT_ACT 0x07
#define STARTDT_CON 0x0b
#define TESTFR_ACT  0x43
#define TESTFR_CON  0x83

#define APDU_MAX 253
#define K	 12   /* I frames that may be unacknowledged */
#define W	 8    /* I frames after which to acknowledge */
#define T1_MS	 3000 /* for the answer to a test or an I frame */
#define T3_MS	 400  /* silence after which to test, if nothing else is said */

#define TYPE_BITS 7   /* M_BO_NA_1 */
#define TYPE_GI	  100 /* C_IC_NA_1 */
#define COT_SPONT 3
#define COT_ACT	  6
#define COT_CON	  7
#define COT_TERM  10

struct link {
	int fd;
	unsigned int send_seq, recv_seq, acked, unacked;
	uint64_t last_heard, test_sent;
	int started, test_cons;
};

static struct send_log *slog;
static struct recv_log *rlog;
static unsigned int interval_ms = 50, t3_ms = T3_MS, want;

static int send_u(struct link *l, uint8_t function)
{
	uint8_t f[6] = { 0x68, 4, function };

	return write_full(l->fd, f, sizeof(f));
}

static int send_s(struct link *l)
{
	uint8_t f[6] = { 0x68, 4, 1, 0, l->recv_seq << 1, l->recv_seq >> 7 };

	l->unacked = 0;
	return write_full(l->fd, f, sizeof(f));
}

/* One information object with a value of 32 or 8 bits; the common address is 1. */
static int send_i(struct link *l, uint8_t type, uint8_t cot, uint32_t value)
{
	int objlen = type == TYPE_BITS ? 5 : 1;
	uint8_t f[6 + 9 + 5] = {
		0x68,
		4 + 9 + objlen,
		l->send_seq << 1,
		l->send_seq >> 7,
		l->recv_seq << 1,
		l->recv_seq >> 7,
		type,
		1,
		cot,
		0,
		1,
		0,
		1,
		0,
		0,
		value,
		value >> 8,
		value >> 16,
		value >> 24,
		0,
	};

	l->unacked = 0;
	l->send_seq = (l->send_seq + 1) & 0x7fff;
	return write_full(l->fd, f, 6 + 9 + objlen);
}

static int read_apdu(struct link *l, uint8_t *apdu)
{
	uint8_t head[2];

	if (read_full(l->fd, head, 2) || head[0] != 0x68 || head[1] < 4 || head[1] > APDU_MAX)
		return -1;
	l->last_heard = now_ns();
	return read_full(l->fd, apdu, head[1]) ? -1 : head[1];
}

static int acknowledge(struct link *l, unsigned int seq)
{
	unsigned int outstanding = (l->send_seq - l->acked) & 0x7fff;

	if (((seq - l->acked) & 0x7fff) > outstanding)
		return -1; /* it confirms what was never sent */
	l->acked = seq;
	return 0;
}

static int handle_asdu(struct link *l, const uint8_t *asdu, int len)
{
	uint32_t n;

	if (len < 10)
		return -1;
	if (asdu[0] == TYPE_GI && (asdu[2] & 0x3f) == COT_ACT)
		return send_i(l, TYPE_GI, COT_CON, asdu[9]) ||
		       send_i(l, TYPE_GI, COT_TERM, asdu[9]);
	if (asdu[0] == TYPE_BITS && rlog && len >= 14) {
		n = asdu[9] | asdu[10] << 8 | asdu[11] << 16 | (uint32_t)asdu[12] << 24;
		rlog->number = n > rlog->number ? n : rlog->number;
		rlog->arrival = now_ns();
		__atomic_add_fetch(&rlog->count, 1, __ATOMIC_RELEASE);
	}
	return 0;
}

static int handle(struct link *l, const uint8_t *apdu, int len)
{
	unsigned int ack = apdu[2] >> 1 | apdu[3] << 7;

	if ((apdu[0] & 3) == 3) {
		switch (apdu[0]) {
		case STARTDT_ACT:
			l->started = 1;
			return send_u(l, STARTDT_CON);
		case STARTDT_CON:
			l->started = 1;
			return send_i(l, TYPE_GI, COT_ACT, 20);
		case TESTFR_ACT:
			return send_u(l, TESTFR_CON);
		case TESTFR_CON:
			l->test_sent = 0;
			l->test_cons++;
			return 0;
		}
		return -1;
	}
	if (acknowledge(l, ack))
		return -1;
	if (apdu[0] & 1)
		return 0; /* S frame */
	if ((unsigned int)(apdu[0] >> 1 | apdu[1] << 7) != l->recv_seq)
		return -1;
	l->recv_seq = (l->recv_seq + 1) & 0x7fff;
	if (handle_asdu(l, apdu + 4, len - 4))
		return -1;
	return ++l->unacked >= W ? send_s(l) : 0;
}

/* Wait up to ms for a frame and handle it; 1: there was none, -1: broken. */
static int turn(struct link *l, int ms)
{
	struct pollfd pfd = { .fd = l->fd, .events = POLLIN };
	uint8_t apdu[APDU_MAX + 3];
	int len;

	if (poll(&pfd, 1, ms) <= 0)
		return 1;
	len = read_apdu(l, apdu);
	return len < 0 || handle(l, apdu, len) ? -1 : 0;
}

/* For poll(): it wakes up when that time has come, not before. */
static int ms_until(uint64_t when, uint64_t now)
{
	return when > now ? (when - now) / NS_PER_MS + 1 : 0;
}

static void outstation(int fd)
{
	struct link l = { .fd = fd };
	uint64_t next = 0, now;
	uint32_t number = 0;
	int may_send;

	for (;;) {
		may_send = l.started && ((l.send_seq - l.acked) & 0x7fff) < K &&
			   number < LOG_MAX - 1;
		now = now_ns();
		if (may_send && now >= next) {
			slog->stamp[++number] = now;
			if (send_i(&l, TYPE_BITS, COT_SPONT, number))
				return;
			next = now + interval_ms * NS_PER_MS;
		}
		if (turn(&l, may_send ? ms_until(next, now) : 1000) < 0)
			return;
	}
}

/* When the master has to do something although nothing comes. */
static uint64_t master_due(const struct link *l)
{
	if (l->test_sent)
		return l->test_sent + T1_MS * NS_PER_MS;
	return l->last_heard + (l->started ? t3_ms : T1_MS) * NS_PER_MS;
}

static int master(const char *addr, int port)
{
	struct link l = { .fd = connect_within(addr, port, T1_MS) };
	uint64_t now;
	int r;

	if (l.fd < 0)
		die("connect to %s", addr);
	l.last_heard = now_ns();
	if (send_u(&l, STARTDT_ACT))
		die("STARTDT");
	for (;;) {
		r = turn(&l, ms_until(master_due(&l), now_ns()));
		now = now_ns();
		if (r < 0)
			die("association broken");
		if (l.test_sent && now - l.test_sent > T1_MS * NS_PER_MS)
			die("t1 expired: no answer to TESTFR");
		if (!l.started && now - l.last_heard > T1_MS * NS_PER_MS)
			die("t1 expired: no answer to STARTDT");
		/* A test too when enough has come, so that one is always seen. */
		if (l.started && !l.test_sent &&
		    (now - l.last_heard > t3_ms * NS_PER_MS || (rlog->count && !l.test_cons))) {
			l.test_sent = now;
			if (send_u(&l, TESTFR_ACT))
				die("TESTFR");
		}
		if (want && rlog->count >= want && l.test_cons)
			return 0;
	}
}

int main(int argc, char **argv)
{
	int opt, port = 2404, is_master, listener;
	const char *path = NULL;

	while ((opt = getopt(argc, argv, "p:i:n:t:l:")) != -1) {
		switch (opt) {
		case 'p':
			port = atoi(optarg);
			break;
		case 'i':
			interval_ms = atoi(optarg);
			break;
		case 'n':
			want = atoi(optarg);
			break;
		case 't':
			t3_ms = atoi(optarg);
			break;
		case 'l':
			path = optarg;
			break;
		default:
			optind = argc;
		}
	}
	is_master = optind < argc && !strcmp(argv[optind], "master");
	if (!path || argc - optind != 1 + is_master) {
		fprintf(stderr, "usage: iec104 outstation|master [-p PORT] [-i MS] [-n COUNT] "
				"[-t MS] -l LOG [ADDR]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	if (is_master) {
		rlog = map_file(path, sizeof(*rlog), 1);
		return master(argv[optind + 1], port);
	}
	slog = map_file(path, sizeof(*slog), 1);
	listener = listen_on(SOCK_STREAM, port);
	background();
	serve_forever(listener, outstation);
}
