// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * numsend: send numbered messages at a fixed rate, and log when each was sent.
 *
 * usage: numsend [-t] [-r RATE] -l LOG ADDR PORT   UDP, -t: TCP
 *        numsend -o [-r RATE] -l LOG               a line each, to stdout
 *        numsend -q LOG [TIME]     the last number that was sent up to TIME
 *
 * A message is the number and the time (CLOCK_BOOTTIME, ns) at which it is
 * handed to the kernel, 64 bits each. It sends until it is killed.
 */
#include "net.h"

static int connected(const char *addr, const char *port, int type)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int one = 1, fd;

	len = to_sockaddr(addr, atoi(port), &ss);
	if (!len)
		die("%s: no address", addr);
	fd = socket(ss.ss_family, type, 0);
	if (fd < 0)
		die("socket");
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (struct sockaddr *)&ss, len))
		die("connect to %s", addr);
	return fd;
}

static int send_one(int fd, int lines, uint64_t number, uint64_t stamp)
{
	uint64_t msg[2] = { number, stamp };
	char line[32];

	if (lines)
		return write_full(fd, line,
				  snprintf(line, sizeof(line), "%llu\n",
					   (unsigned long long)number));
	if (write(fd, msg, sizeof(msg)) == sizeof(msg))
		return 0;
	/* A cut shows as silence or as an ICMP error: go on, as an attacker would. */
	return errno == EPIPE || errno == ECONNRESET || errno == ETIMEDOUT ? -1 : 0;
}

static int query(const char *path, const char *time)
{
	const struct send_log *log = map_file(path, sizeof(*log), 0);
	uint64_t limit = time ? strtoull(time, NULL, 10) : UINT64_MAX;
	unsigned int i = 1;

	while (i < LOG_MAX && log->stamp[i] && log->stamp[i] <= limit)
		i++;
	printf("%u\n", i - 1);
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: numsend [-t] [-r RATE] -l LOG ADDR PORT | "
			"numsend -o [-r RATE] -l LOG | numsend -q LOG [TIME]\n");
	return 2;
}

int main(int argc, char **argv)
{
	int opt, lines = 0, type = SOCK_DGRAM, rate = 200, fd = 1;
	const char *path = NULL;
	struct send_log *log;
	uint64_t next;
	unsigned int i;

	while ((opt = getopt(argc, argv, "tor:l:q:")) != -1) {
		switch (opt) {
		case 't':
			type = SOCK_STREAM;
			break;
		case 'o':
			lines = 1;
			break;
		case 'r':
			rate = atoi(optarg);
			break;
		case 'l':
			path = optarg;
			break;
		case 'q':
			return query(optarg, argv[optind]);
		default:
			return usage();
		}
	}
	if (!path || rate < 1 || argc - optind != (lines ? 0 : 2))
		return usage();
	signal(SIGPIPE, SIG_IGN);
	log = map_file(path, sizeof(*log), 1);
	if (!lines)
		fd = connected(argv[optind], argv[optind + 1], type);
	next = now_ns();
	for (i = 1; i < LOG_MAX; i++) {
		log->stamp[i] = now_ns();
		if (send_one(fd, lines, i, log->stamp[i]))
			break;
		next += NS_PER_S / rate;
		sleep_until(next);
	}
	return 0;
}
