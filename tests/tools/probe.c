// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * probe: say which of many flows get through, all tried at the same time.
 *
 * usage: probe try [-t MS] [-s SRC] TARGET...    TARGET: tcp|udp/ADDR/PORT, icmp/ADDR
 *        probe serve [-l FILE] tcp/PORT|udp/PORT...
 *
 * "try" prints a line "TARGET open|refused|silent" for each. TCP is open with
 * its handshake, UDP with a datagram back, ICMP with an echo reply. Refused
 * means that an RST or an ICMP error came back: something has answered.
 * "serve" echoes what it gets and notes in FILE a line for each UDP datagram.
 */
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include "net.h"

#define TARGETS_MAX  512
#define TRY_AGAIN_MS 400

struct target {
	const char *text;
	const char *result;
	struct sockaddr_storage ss;
	socklen_t len;
	int proto;
	int fd;
};

static struct target targets[TARGETS_MAX];
static const char *source;

static void parse(struct target *t, const char *text)
{
	char buf[128], *addr, *port;

	t->text = text;
	t->fd = -1;
	snprintf(buf, sizeof(buf), "%s", text);
	addr = strchr(buf, '/');
	if (!addr)
		die("%s: PROTO/ADDR/PORT wanted", text);
	*addr++ = '\0';
	port = strchr(addr, '/');
	if (port)
		*port++ = '\0';
	t->proto = !strcmp(buf, "tcp")	? IPPROTO_TCP :
		   !strcmp(buf, "udp")	? IPPROTO_UDP :
		   !strcmp(buf, "icmp") ? IPPROTO_ICMP :
					  0;
	t->len = to_sockaddr(addr, port ? atoi(port) : 0, &t->ss);
	if (!t->proto || !t->len)
		die("%s: PROTO/ADDR/PORT wanted", text);
}

static void send_probe(struct target *t)
{
	struct icmphdr echo4 = { .type = ICMP_ECHO, .un.echo.sequence = htons(1) };
	struct icmp6_hdr echo6 = { .icmp6_type = ICMP6_ECHO_REQUEST, .icmp6_seq = htons(1) };
	ssize_t n = 0;

	if (t->proto == IPPROTO_UDP)
		n = send(t->fd, "probe", 5, 0);
	else if (t->proto == IPPROTO_ICMP && t->ss.ss_family == AF_INET)
		n = send(t->fd, &echo4, sizeof(echo4), 0);
	else if (t->proto == IPPROTO_ICMP)
		n = send(t->fd, &echo6, sizeof(echo6), 0);
	if (n < 0 && (errno == ECONNREFUSED || errno == EHOSTUNREACH || errno == EACCES))
		t->result = "refused";
}

static void start(struct target *t)
{
	int family = t->ss.ss_family, proto = t->proto;
	struct sockaddr_storage from;
	socklen_t len;

	if (proto == IPPROTO_ICMP && family == AF_INET6)
		proto = IPPROTO_ICMPV6;
	t->fd = socket(family, (proto == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK,
		       proto);
	if (t->fd < 0)
		die("%s: socket", t->text);
	if (source) {
		len = to_sockaddr(source, 0, &from);
		if (!len || bind(t->fd, (struct sockaddr *)&from, len))
			die("%s: bind to %s", t->text, source);
	}
	if (connect(t->fd, (struct sockaddr *)&t->ss, t->len) && errno != EINPROGRESS) {
		t->result = errno == ECONNREFUSED ? "refused" : "silent";
		return;
	}
	send_probe(t);
}

/* Something happened on the socket: an answer, or an error that came back. */
static void finish(struct target *t)
{
	int err = 0;
	socklen_t len = sizeof(err);
	char buf[64];

	getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (!err && t->proto != IPPROTO_TCP && recv(t->fd, buf, sizeof(buf), 0) < 0)
		err = errno;
	if (err == EAGAIN)
		return;
	if (err == ETIMEDOUT)
		t->result = "silent";
	else
		t->result = err ? "refused" : "open";
}

static void wait_for_all(int n, uint64_t deadline)
{
	struct pollfd pfd[TARGETS_MAX];
	int i, open, timeout;
	uint64_t now, again = now_ns() + TRY_AGAIN_MS * NS_PER_MS;

	for (now = now_ns(); now < deadline; now = now_ns()) {
		if (now >= again) { /* a datagram may be lost: send another */
			for (i = 0; i < n; i++)
				if (!targets[i].result)
					send_probe(&targets[i]);
			again = now + TRY_AGAIN_MS * NS_PER_MS;
		}
		for (i = 0, open = 0; i < n; i++) {
			pfd[i].fd = targets[i].result ? -1 : targets[i].fd;
			pfd[i].events = targets[i].proto == IPPROTO_TCP ? POLLOUT : POLLIN;
			open += !targets[i].result;
		}
		if (!open)
			return;
		timeout = ((again < deadline ? again : deadline) - now) / NS_PER_MS + 1;
		if (poll(pfd, n, timeout) <= 0)
			continue;
		for (i = 0; i < n; i++)
			if (pfd[i].fd >= 0 && pfd[i].revents)
				finish(&targets[i]);
	}
}

static int try_all(int argc, char **argv)
{
	unsigned int ms = 1000;
	int opt, i, n;

	while ((opt = getopt(argc, argv, "t:s:")) != -1) {
		if (opt == 't')
			ms = atoi(optarg);
		else if (opt == 's')
			source = optarg;
		else
			return 2;
	}
	n = argc - optind;
	if (n < 1 || n > TARGETS_MAX)
		return 2;
	/* Ping sockets are for the groups that this names; it is per namespace. */
	i = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY);
	if (i >= 0) {
		if (write(i, "0 2147483647", 12) < 0)
			errno = 0;
		close(i);
	}
	for (i = 0; i < n; i++)
		parse(&targets[i], argv[optind + i]);
	for (i = 0; i < n; i++)
		start(&targets[i]);
	wait_for_all(n, now_ns() + ms * NS_PER_MS);
	for (i = 0; i < n; i++)
		printf("%s %s\n", targets[i].text,
		       targets[i].result ? targets[i].result : "silent");
	return 0;
}

static void echo_stream(int fd)
{
	char buf[4096];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (write_full(fd, buf, n))
			break;
}

static void echo_datagrams(int fd, int port, int log)
{
	char buf[65536], addr[INET6_ADDRSTRLEN], line[128];
	struct sockaddr_in6 from;
	socklen_t len;
	ssize_t n;
	int l;

	for (;;) {
		len = sizeof(from);
		n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);
		if (n < 0)
			continue;
		inet_ntop(AF_INET6, &from.sin6_addr, addr, sizeof(addr));
		l = snprintf(line, sizeof(line), "udp %d from %s %zd bytes\n", port, addr, n);
		if (log >= 0 && write(log, line, l) < 0)
			return;
		sendto(fd, buf, n, 0, (struct sockaddr *)&from, len);
	}
}

static int serve(int argc, char **argv)
{
	int opt, i, log = -1, n, fd[64], port[64];

	while ((opt = getopt(argc, argv, "l:")) != -1) {
		if (opt != 'l')
			return 2;
		log = open(optarg, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
		if (log < 0)
			die("%s", optarg);
	}
	n = argc - optind;
	if (n < 1 || n > 64)
		return 2;
	for (i = 0; i < n; i++) {
		const char *arg = argv[optind + i];

		if (strncmp(arg, "tcp/", 4) && strncmp(arg, "udp/", 4))
			return 2;
		port[i] = atoi(arg + 4);
		fd[i] = listen_on(*arg == 't' ? SOCK_STREAM : SOCK_DGRAM, port[i]);
	}
	background();
	for (i = 0; i < n; i++) {
		if (i < n - 1 && fork())
			continue; /* each port but the last: a child of its own */
		if (argv[optind + i][0] == 't')
			serve_forever(fd[i], echo_stream);
		echo_datagrams(fd[i], port[i], log);
	}
	return 0;
}

int main(int argc, char **argv)
{
	int err = 2;

	if (argc > 2 && !strcmp(argv[1], "try"))
		err = try_all(argc - 1, argv + 1);
	else if (argc > 2 && !strcmp(argv[1], "serve"))
		err = serve(argc - 1, argv + 1);
	if (err == 2)
		fprintf(stderr, "usage: probe try [-t MS] [-s SRC] TARGET... | "
				"probe serve [-l FILE] tcp/PORT|udp/PORT...\n");
	return err;
}
