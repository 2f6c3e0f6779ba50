/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * simseg interfaces: what lies behind one, and what XDP may do on it
 */
#ifndef _UAPI_LINUX_SIMSEG_IFACE_H
#define _UAPI_LINUX_SIMSEG_IFACE_H

/**
 * enum simseg_side - what lies behind an interface
 * @SIMSEG_SIDE_NONE: not marked: no guard; only pool addresses are judged
 * @SIMSEG_SIDE_SIM: devices; each source has to be bound
 * @SIMSEG_SIDE_NET: everything else; a pool source here is spoofed
 */
enum simseg_side {
	SIMSEG_SIDE_NONE,
	SIMSEG_SIDE_SIM,
	SIMSEG_SIDE_NET,
	__SIMSEG_SIDE_MAX
};

/**
 * enum simseg_mode - which XDP mode the operator wants on an interface
 * @SIMSEG_MODE_AUTO: native where the driver can, else generic, else none
 * @SIMSEG_MODE_NATIVE: native or refuse
 * @SIMSEG_MODE_GENERIC: generic or refuse
 * @SIMSEG_MODE_NONE: the floor alone
 *
 * The module keeps this wish for the agent and for status; attaching is done
 * from user space.
 */
enum simseg_mode {
	SIMSEG_MODE_AUTO,
	SIMSEG_MODE_NATIVE,
	SIMSEG_MODE_GENERIC,
	SIMSEG_MODE_NONE,
	__SIMSEG_MODE_MAX
};

/**
 * enum simseg_forward - may XDP send packets of established sessions on at once
 * @SIMSEG_FORWARD_OFF: no; it drops by source alone, and the floor decides
 * @SIMSEG_FORWARD_ON: yes, unless packets would skip something
 * @SIMSEG_FORWARD_FORCE: yes, unless that is something of SIMSEG_SKIP_NEVER
 */
enum simseg_forward {
	SIMSEG_FORWARD_OFF,
	SIMSEG_FORWARD_ON,
	SIMSEG_FORWARD_FORCE,
	__SIMSEG_FORWARD_MAX
};

/* What packets would skip that XDP sends on at once; bits of SIMSEG_A_FORWARD_SKIPS. */
#define SIMSEG_SKIP_XFRM	(1U << 0)	/* IPsec policies in the namespace */
#define SIMSEG_SKIP_MARKS	(1U << 1)	/* routing rules by mark */
#define SIMSEG_SKIP_BRIDGE	(1U << 2)	/* the interface is a bridge, or a port */
#define SIMSEG_SKIP_CHAINS	(1U << 3)	/* netfilter chains of others, flowtables */
#define SIMSEG_SKIP_TC		(1U << 4)	/* tc filters */
#define SIMSEG_SKIP_QUEUE	(1U << 5)	/* a queue that shapes */
#define SIMSEG_SKIP_NEVER	(SIMSEG_SKIP_XFRM | SIMSEG_SKIP_MARKS | SIMSEG_SKIP_BRIDGE)

#endif /* _UAPI_LINUX_SIMSEG_IFACE_H */
