// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * numrecv: receive what numsend sends, and keep account of it.
 *
 * usage: numrecv [-t] [-a FILE] -l LOG PORT   UDP, -t: TCP; goes to the background
 *        numrecv -q LOG...                    "COUNT NUMBER STAMP ARRIVAL" of each
 *
 * -a: and write "NUMBER STAMP" of each to FILE.
 * NUMBER and STAMP are the highest that came. Every 16th datagram is sent
 * back, the first one too: connection tracking shall see both directions.
 */
#include "net.h"

#define ECHO_EVERY 16

static struct recv_log *rlog;
static int all = -1;

static void note(const uint64_t msg[2])
{
	if (msg[0] > rlog->number)
		rlog->number = msg[0];
	if (msg[1] > rlog->stamp)
		rlog->stamp = msg[1];
	rlog->arrival = now_ns();
	if (all >= 0)
		dprintf(all, "%llu %llu\n", (unsigned long long)msg[0], (unsigned long long)msg[1]);
	__atomic_add_fetch(&rlog->count, 1, __ATOMIC_RELEASE);
}

static void stream(int fd)
{
	uint64_t msg[2];

	while (!read_full(fd, msg, sizeof(msg)))
		note(msg);
}

static void datagrams(int fd)
{
	struct sockaddr_in6 from;
	uint64_t msg[2];
	socklen_t len;

	for (;;) {
		len = sizeof(from);
		if (recvfrom(fd, msg, sizeof(msg), 0, (struct sockaddr *)&from, &len) !=
		    sizeof(msg))
			continue;
		note(msg);
		if (rlog->count % ECHO_EVERY == 1)
			sendto(fd, msg, sizeof(msg), 0, (struct sockaddr *)&from, len);
	}
}

static void query(const char *path)
{
	const struct recv_log *log = map_file(path, sizeof(*log), 0);

	printf("%llu %llu %llu %llu\n", (unsigned long long)log->count,
	       (unsigned long long)log->number, (unsigned long long)log->stamp,
	       (unsigned long long)log->arrival);
}

int main(int argc, char **argv)
{
	int opt, fd, type = SOCK_DGRAM;
	const char *path = NULL;

	while ((opt = getopt(argc, argv, "tl:q:a:")) != -1) {
		switch (opt) {
		case 't':
			type = SOCK_STREAM;
			break;
		case 'l':
			path = optarg;
			break;
		case 'q':
			query(optarg);
			for (; optind < argc; optind++)
				query(argv[optind]);
			return 0;
		case 'a':
			all = open(optarg, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC,
				   0644);
			if (all < 0)
				die("%s", optarg);
			break;
		default:
			path = NULL;
			optind = argc;
		}
	}
	if (!path || argc - optind != 1) {
		fprintf(stderr, "usage: numrecv [-t] [-a FILE] -l LOG PORT | numrecv -q LOG...\n");
		return 2;
	}
	rlog = map_file(path, sizeof(*rlog), 1);
	fd = listen_on(type, atoi(argv[optind]));
	background();
	if (type == SOCK_STREAM)
		serve_forever(fd, stream);
	datagrams(fd);
	return 0;
}
