/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the driver tells the source, and where everything lies:
 *
 *      devices  10.64.0.0 + i   ---d0 veth g0--- gateway ---g1 veth a1---  10.9.0.2
 *               fd64:: + i                                                fd09::2
 */
#ifndef TESTS_BENCH_FLOW_H
#define TESTS_BENCH_FLOW_H

#include <linux/types.h>

#define FLOW_DEVICES4 0x0a400000
#define FLOW_DEVICES6 0xfd640000
#define FLOW_SERVER4  0x0a090002
#define FLOW_SERVER6  0xfd090000 /* and 2 at the end */

#define FLOW_LEN4 60 /* of a frame */
#define FLOW_LEN6 80

/* Coprime to the number of devices: neighbours in time are none in memory. */
#define FLOW_STRIDE 7919

struct flow {
	__u32 ifindex; /* leaves by it */
	__u32 first;   /* number of the first device */
	__u32 devices;
	__u16 sport; /* of the device */
	__u16 dport; /* of the server */
	__u8 v6;
	__u8 reply;	     /* from the server to the devices */
	__u8 fresh;	     /* after all devices, go on with the next source port */
	__u8 drop;	     /* at once */
	__u8 dst[6], src[6]; /* link addresses */
};

#endif /* TESTS_BENCH_FLOW_H */
