// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * numsend: send numbered messages at a fixed rate, and log when each was sent.
 *
 * usage: numsend [-tc] [-r RATE] -l LOG ADDR PORT  UDP, -t: TCP
 *        numsend -o [-r RATE] -l LOG               a line each, to stdout
 *        numsend -q LOG [TIME]     the last number that was sent up to TIME
 *        numsend -u TIME LOG...    the same of each, a line each
 *
 * A message is the number and the time (CLOCK_BOOTTIME, ns) at which it is
 * handed to the kernel, 64 bits each. It sends until it is killed; at rate 0 as
 * fast as it can. -c: a TCP connection that is dead is replaced by a new one.
 */
#include "net.h"

#define DEAD_MS 400 /* without an answer: for -c */

/* -1: nobody answered. */
static int connected(const char *addr, const char *port, int type, unsigned int dead_ms)
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
	if (type == SOCK_STREAM) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_ms, sizeof(dead_ms));
	}
	if (!connect(fd, (struct sockaddr *)&ss, len))
		return fd;
	if (!dead_ms)
		die("connect to %s", addr);
	close(fd);
	return -1;
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

static void query(const char *path, uint64_t limit)
{
	const struct send_log *log = map_file(path, sizeof(*log), 0);
	uint64_t n = __atomic_load_n(&log->number, __ATOMIC_ACQUIRE);

	if (!n)
		while (n + 1 < LOG_MAX && log->stamp[n + 1])
			n++;
	while (n && log->stamp[n % LOG_MAX] > limit)
		n--;
	printf("%llu\n", (unsigned long long)n);
}

static int usage(void)
{
	fprintf(stderr, "usage: numsend [-tc] [-r RATE] -l LOG ADDR PORT | "
			"numsend -o [-r RATE] -l LOG | numsend -q LOG [TIME] | "
			"numsend -u TIME LOG...\n");
	return 2;
}

int main(int argc, char **argv)
{
	int opt, lines = 0, type = SOCK_DGRAM, rate = 200, fd = 1;
	unsigned int dead_ms = 0;
	const char *path = NULL;
	struct send_log *log;
	uint64_t next, i;

	while ((opt = getopt(argc, argv, "tcor:l:q:u:")) != -1) {
		switch (opt) {
		case 't':
			type = SOCK_STREAM;
			break;
		case 'c':
			dead_ms = DEAD_MS;
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
			query(optarg, argv[optind] ? strtoull(argv[optind], NULL, 10) : UINT64_MAX);
			return 0;
		case 'u':
			for (; optind < argc; optind++)
				query(argv[optind], strtoull(optarg, NULL, 10));
			return 0;
		default:
			return usage();
		}
	}
	if (!path || rate < 0 || argc - optind != (lines ? 0 : 2))
		return usage();
	signal(SIGPIPE, SIG_IGN);
	log = map_file(path, sizeof(*log), 1);
	if (!lines)
		fd = connected(argv[optind], argv[optind + 1], type, dead_ms);
	next = now_ns();
	for (i = 1;; i++) {
		log->stamp[i % LOG_MAX] = now_ns();
		__atomic_store_n(&log->number, i, __ATOMIC_RELEASE);
		if (fd < 0 || send_one(fd, lines, i, log->stamp[i % LOG_MAX])) {
			if (!dead_ms)
				break;
			close(fd);
			fd = connected(argv[optind], argv[optind + 1], type, dead_ms);
		}
		if (!rate)
			continue;
		next += NS_PER_S / rate;
		sleep_until(next);
	}
	return 0;
}
