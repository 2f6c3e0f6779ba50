// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mroute: forward one multicast group from one interface to another.
 *
 * usage: mroute SRC GROUP IIF OIF...
 *
 * Goes to the background and prints its pid; the route is gone when it ends.
 * One process can do this for each family and network namespace.
 */
#include <net/if.h>

#include "net.h"

/* After those of the C library, whose types these know how to leave alone. */
#include <linux/mroute.h>
#include <linux/mroute6.h>

static void set(int fd, int level, int option, const void *value, socklen_t len)
{
	if (setsockopt(fd, level, option, value, len))
		die("multicast routing, option %d", option);
}

static unsigned int index_of(const char *dev)
{
	unsigned int index = if_nametoindex(dev);

	if (!index)
		die("%s", dev);
	return index;
}

static void route4(int n, char **a)
{
	struct mfcctl mfc = { .mfcc_parent = 0 };
	int i, one = 1, fd = socket(AF_INET, SOCK_RAW, IPPROTO_IGMP);

	if (fd < 0)
		die("raw socket");
	set(fd, IPPROTO_IP, MRT_INIT, &one, sizeof(one));
	inet_pton(AF_INET, a[0], &mfc.mfcc_origin);
	inet_pton(AF_INET, a[1], &mfc.mfcc_mcastgrp);
	for (i = 2; i < n; i++) {
		struct vifctl vif = {
			.vifc_vifi = i - 2,
			.vifc_flags = VIFF_USE_IFINDEX,
			.vifc_threshold = 1,
			.vifc_lcl_ifindex = index_of(a[i]),
		};

		set(fd, IPPROTO_IP, MRT_ADD_VIF, &vif, sizeof(vif));
		mfc.mfcc_ttls[i - 2] = i > 2;
	}
	set(fd, IPPROTO_IP, MRT_ADD_MFC, &mfc, sizeof(mfc));
}

static void route6(int n, char **a)
{
	struct mf6cctl mfc = { .mf6cc_parent = 0 };
	int i, one = 1, fd = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);

	if (fd < 0)
		die("raw socket");
	set(fd, IPPROTO_IPV6, MRT6_INIT, &one, sizeof(one));
	mfc.mf6cc_origin.sin6_family = AF_INET6;
	mfc.mf6cc_mcastgrp.sin6_family = AF_INET6;
	inet_pton(AF_INET6, a[0], &mfc.mf6cc_origin.sin6_addr);
	inet_pton(AF_INET6, a[1], &mfc.mf6cc_mcastgrp.sin6_addr);
	for (i = 2; i < n; i++) {
		struct mif6ctl mif = {
			.mif6c_mifi = i - 2,
			.vifc_threshold = 1,
			.mif6c_pifi = index_of(a[i]),
		};

		set(fd, IPPROTO_IPV6, MRT6_ADD_MIF, &mif, sizeof(mif));
		if (i > 2)
			IF_SET(i - 2, &mfc.mf6cc_ifset);
	}
	set(fd, IPPROTO_IPV6, MRT6_ADD_MFC, &mfc, sizeof(mfc));
}

int main(int argc, char **argv)
{
	if (argc < 5 || argc > 20) {
		fprintf(stderr, "usage: mroute SRC GROUP IIF OIF...\n");
		return 2;
	}
	if (strchr(argv[1], ':'))
		route6(argc - 1, argv + 1);
	else
		route4(argc - 1, argv + 1);
	background();
	for (;;)
		pause();
}
