/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the test programs share: addresses, sockets, time, a log of numbers.
 *
 * Every server binds first and goes to the background then, printing its pid:
 * when the command returns, the port is open, and nobody has to wait for it.
 */
#ifndef TESTS_TOOLS_NET_H
#define TESTS_TOOLS_NET_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS 1000000ULL
#define NS_PER_S  1000000000ULL

__attribute__((unused, noreturn, format(printf, 1, 2))) static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	if (errno)
		fprintf(stderr, ": %s", strerror(errno));
	fputc('\n', stderr);
	exit(1);
}

/* Only the network of the namespace in @path: the file system stays in sight. */
__attribute__((unused)) static void enter_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die("%s", path);
	close(fd);
}

/* The same by its name in /run/netns. */
__attribute__((unused)) static void enter(const char *netns)
{
	char path[128];

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	enter_path(path);
}

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* Sleep until a point on CLOCK_BOOTTIME: for senders with a fixed rate. */
static inline void sleep_until(uint64_t ns)
{
	struct timespec ts = { .tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S };

	clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &ts, NULL);
}

/* An address literal and a port to a sockaddr; returns its length, 0: neither. */
static inline socklen_t to_sockaddr(const char *addr, uint16_t port, struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *s6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *s4 = (struct sockaddr_in *)ss;

	memset(ss, 0, sizeof(*ss));
	if (inet_pton(AF_INET, addr, &s4->sin_addr) == 1) {
		s4->sin_family = AF_INET;
		s4->sin_port = htons(port);
		return sizeof(*s4);
	}
	if (inet_pton(AF_INET6, addr, &s6->sin6_addr) == 1) {
		s6->sin6_family = AF_INET6;
		s6->sin6_port = htons(port);
		return sizeof(*s6);
	}
	return 0;
}

/* A socket that listens on a port for IPv4 and IPv6. */
static inline int listen_on(int type, uint16_t port)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int one = 1, zero = 0, fd;

	fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (bind(fd, (struct sockaddr *)&sin6, sizeof(sin6)))
		die("bind to port %u", port);
	if (type == SOCK_STREAM && listen(fd, 64))
		die("listen on port %u", port);
	return fd;
}

/* A TCP connection made within ms, with every read limited to ms; -1: none. */
static inline int connect_within(const char *addr, uint16_t port, unsigned int ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	struct sockaddr_storage ss;
	socklen_t len = to_sockaddr(addr, port, &ss);
	int one = 1, fd;

	if (!len) {
		errno = EINVAL;
		return -1;
	}
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (struct sockaddr *)&ss, len)) {
		close(fd);
		return -1;
	}
	return fd;
}

static inline int read_full(int fd, void *buf, size_t len)
{
	uint8_t *p = buf;
	ssize_t n;

	while (len) {
		n = read(fd, p, len);
		if (n <= 0)
			return -1;
		p += n;
		len -= n;
	}
	return 0;
}

static inline int write_full(int fd, const void *buf, size_t len)
{
	const uint8_t *p = buf;
	ssize_t n;

	while (len) {
		n = write(fd, p, len);
		if (n <= 0)
			return -1;
		p += n;
		len -= n;
	}
	return 0;
}

/* Go to the background: the parent prints the child's pid and is done. */
static inline void background(void)
{
	pid_t pid = fork();
	int null;

	if (pid < 0)
		die("fork");
	if (pid) {
		printf("%d\n", pid);
		exit(0);
	}
	setsid();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
}

/* Accept for ever; each connection gets a process of its own. */
__attribute__((noreturn)) static inline void serve_forever(int listener, void (*serve)(int fd))
{
	int one = 1, fd;

	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		fd = accept(listener, NULL, NULL);
		if (fd < 0)
			continue;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (!fork()) {
			close(listener);
			serve(fd);
			exit(0);
		}
		close(fd);
	}
}

/* A file that is shared memory, so that others read it while we write. */
static inline void *map_file(const char *path, size_t size, int writable)
{
	int fd = open(path, (writable ? O_RDWR | O_CREAT | O_TRUNC : O_RDONLY) | O_CLOEXEC, 0644);
	void *p;

	if (fd < 0)
		die("%s", path);
	if (writable && ftruncate(fd, size))
		die("%s", path);
	p = mmap(NULL, size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		die("%s", path);
	close(fd);
	return p;
}

/* The log of a sender: when each number was sent, of the last LOG_MAX ones. */
#define LOG_MAX 65536
struct send_log {
	uint64_t stamp[LOG_MAX]; /* by the number, modulo LOG_MAX */
	uint64_t number;	 /* the last one; 0: count, it never came round */
};

/* What a receiver has seen; the harness reads it with `numrecv -q`. */
struct recv_log {
	uint64_t count;
	uint64_t number;  /* highest */
	uint64_t stamp;	  /* highest, the sender's clock */
	uint64_t arrival; /* of the last packet */
};

#endif /* TESTS_TOOLS_NET_H */
