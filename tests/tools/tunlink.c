// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tunlink: a raw-IP link between two namespaces, as a modem has it.
 *
 * usage: tunlink HERE NETNS THERE
 *
 * Makes the TUN device HERE in this namespace and THERE in NETNS (a path as
 * /run/netns/NAME), carries packets between the two, and goes to the
 * background. Both are gone when it ends.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "net.h"

static int tun_open(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		die("/dev/net/tun");
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &ifr))
		die("%s", name);
	return fd;
}

static void carry(int from, int to)
{
	static char buf[65536];
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, n) < 0)
			errno = 0; /* the far end is down: a packet is lost */
}

int main(int argc, char **argv)
{
	struct pollfd pfd[2] = { { .events = POLLIN }, { .events = POLLIN } };
	int ns;

	if (argc != 4) {
		fprintf(stderr, "usage: tunlink HERE NETNS THERE\n");
		return 2;
	}
	pfd[0].fd = tun_open(argv[1]);
	ns = open(argv[2], O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNET))
		die("%s", argv[2]);
	pfd[1].fd = tun_open(argv[3]);
	background();
	for (;;) {
		/* A TUN that is down says POLLERR at once: no busy loop then. */
		if (poll(pfd, 2, -1) > 0 && (pfd[0].revents | pfd[1].revents) == POLLERR)
			poll(NULL, 0, 20);
		carry(pfd[0].fd, pfd[1].fd);
		carry(pfd[1].fd, pfd[0].fd);
	}
}
