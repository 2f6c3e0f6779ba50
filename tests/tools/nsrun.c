// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nsrun: run a command in a network namespace, and prepare such namespaces.
 *
 * usage: nsrun NETNS COMMAND...      NETNS: a path as /run/netns/NAME
 *        nsrun -c DEV NETNS...       DEV, where there is one, does no offload
 *        nsrun -q NETNS...           interfaces to come say nothing by themselves
 *
 * Unlike `ip netns exec` it leaves the mounts alone: bpffs stays in sight. One
 * process for all namespaces, since starting one is what takes time in an
 * emulated guest.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "net.h"

static void offload_off(int fd, const char *dev, uint32_t cmd)
{
	struct ethtool_value off = { .cmd = cmd };
	struct ifreq ifr = { .ifr_data = (void *)&off };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", dev);
	if (ioctl(fd, SIOCETHTOOL, &ifr) && errno != EOPNOTSUPP && errno != ENODEV)
		die("%s: cannot turn an offload off", dev);
}

static void tags_in_data(int fd, const char *dev)
{
	struct ethtool_value flags = { .cmd = ETHTOOL_GFLAGS };
	struct ifreq ifr = { .ifr_data = (void *)&flags };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", dev);
	if (ioctl(fd, SIOCETHTOOL, &ifr))
		return;
	flags.cmd = ETHTOOL_SFLAGS;
	flags.data &= ~ETH_FLAG_TXVLAN;
	if (ioctl(fd, SIOCETHTOOL, &ifr) && errno != EOPNOTSUPP)
		die("%s: cannot turn txvlan off", dev);
}

static void configure(const char *dev)
{
	static const uint32_t off[] = {
		ETHTOOL_STSO,
		ETHTOOL_SGSO,
		ETHTOOL_STXCSUM,
		ETHTOOL_SGRO,
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t i;

	if (fd < 0)
		die("socket");
	for (i = 0; i < sizeof(off) / sizeof(*off); i++)
		offload_off(fd, dev, off[i]);
	tags_in_data(fd, dev);
	close(fd);
}

/* No address that nobody gave them, and no asking for routers, over and over. */
static void quiet(void)
{
	static const char *const set[][2] = {
		{ "/proc/sys/net/ipv6/conf/default/addr_gen_mode", "1" },
		{ "/proc/sys/net/ipv6/conf/default/router_solicitations", "0" },
	};
	size_t i;
	int fd;

	for (i = 0; i < sizeof(set) / sizeof(*set); i++) {
		fd = open(set[i][0], O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, set[i][1], 1) != 1)
			die("%s", set[i][0]);
		close(fd);
	}
}

int main(int argc, char **argv)
{
	int i;

	if (argc >= 4 && !strcmp(argv[1], "-c")) {
		for (i = 3; i < argc; i++) {
			enter_path(argv[i]);
			configure(argv[2]);
		}
		return 0;
	}
	if (argc >= 3 && !strcmp(argv[1], "-q")) {
		for (i = 2; i < argc; i++) {
			enter_path(argv[i]);
			quiet();
		}
		return 0;
	}
	if (argc < 3) {
		fprintf(stderr, "usage: nsrun NETNS COMMAND... | nsrun -c DEV NETNS... | "
				"nsrun -q NETNS...\n");
		return 2;
	}
	enter_path(argv[1]);
	execvp(argv[2], argv + 2);
	fprintf(stderr, "nsrun: %s: %s\n", argv[2], strerror(errno));
	return errno == ENOENT ? 127 : 126;
}
