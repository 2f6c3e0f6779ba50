/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libseg: XDP programs on interfaces, and the ring of records. Read by libseg.h,
 * which says what holds for all of the library.
 */
#ifndef _LIBSEG_BPF_API_H
#define _LIBSEG_BPF_API_H

#include "libseg.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* bpf.c, or bpf_none.c in a library built without BPF */

enum seg_xdp_mode {
	SEG_XDP_NONE,
	SEG_XDP_GENERIC,
	SEG_XDP_NATIVE,
};

struct seg_xdp_info {
	int attached; /* 1: simseg's own program is attached */
	enum seg_xdp_mode mode;
	uint32_t prog_id;
	int vlan;  /* 1: a VLAN's interface, */
	int below; /* and 1: the program is on the one that carries it */
};

/**
 * seg_xdp_attach() - put simseg's XDP program on an interface
 * @h: handle; the interface is looked up in its namespace
 * @ifname: an interface, not a pattern
 * @mode: enum simseg_mode; AUTO: native, else generic
 *
 * Program and link are pinned under /sys/fs/bpf/simseg/COOKIE/xdp_IFINDEX and
 * outlive the process. Refuses unless the status says KFUNCS. A VLAN's frames
 * are seen on the interface that carries it: where the program is there, the
 * VLAN's own interface gets none, and loses the one it had.
 */
int seg_xdp_attach(struct seg_handle *h, const char *ifname, uint8_t mode);
/* 0 as well if it was not attached. */
int seg_xdp_detach(struct seg_handle *h, const char *ifname);
int seg_xdp_query(struct seg_handle *h, const char *ifname, struct seg_xdp_info *info);
/*
 * Take away the pins of interfaces that have vanished, of all namespaces: the
 * programs would hold the module for ever. Their number, or -errno.
 */
int seg_xdp_sweep(struct seg_handle *h);
/* 1: yes; 0: no, and seg_strerror() says why; or -errno. */
int seg_xdp_supported(struct seg_handle *h);

/* Records; those of the handle's namespace only. */
struct seg_ring;
typedef int (*seg_record_cb)(const struct simseg_record *rec, void *arg);
/* Loads and pins the record program if it is not pinned yet. */
int seg_ring_open(struct seg_handle *h, struct seg_ring **ring);
/* For poll(): readable when there are records. */
int seg_ring_fd(const struct seg_ring *ring);
/* Number of records read, or -errno; @timeout_ms -1: wait for ever. */
int seg_ring_poll(struct seg_ring *ring, int timeout_ms, seg_record_cb cb, void *arg);
void seg_ring_close(struct seg_ring *ring);
/* Takes the record program and its ring away. */
int seg_ring_unpin(struct seg_handle *h);
/* Takes away all that is pinned for this namespace: the module can unload. */
int seg_bpf_unpin_all(struct seg_handle *h);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* _LIBSEG_BPF_API_H */
