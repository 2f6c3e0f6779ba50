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
 * outlive the process. Which program it is follows whether the interface is to
 * send packets on at once: attach again after that is changed. Refuses unless the
 * status says KFUNCS. A VLAN's frames
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

/*
 * Records; those of the handle's namespace only. They wait in two rings, one for
 * denies and one for the rest, until they are committed: who dies before that finds
 * them again. One process reads at a time.
 */
struct seg_ring;

/* Bytes, powers of two; 0: by the memory of the machine. */
struct seg_ring_options {
	uint32_t size;
	uint32_t deny_size;
};

struct seg_ring_info {
	uint32_t size, used; /* bytes; a record takes SEG_RING_RECORD of them */
	uint32_t deny_size, deny_used;
	uint64_t garbled; /* times that a ring made no sense, and was skipped */
};

#define SEG_RING_RECORD 200

/**
 * seg_ring_open() - become the reader of the records
 * @h: handle
 * @options: of rings that have to be made; NULL: all 0
 * @ring: to be closed by seg_ring_close()
 *
 * Loads and pins the record program and its rings if they are not pinned yet. Rings
 * that are there stay as large as they are; seg_ring_info() tells. -EBUSY: another
 * process reads.
 */
int seg_ring_open(struct seg_handle *h, const struct seg_ring_options *options,
		  struct seg_ring **ring);
/* For poll(): readable while there are records that were not committed. */
int seg_ring_fd(const struct seg_ring *ring);
/* 1: there are records, 0: time is over, or -errno; @timeout_ms -1: wait for ever. */
int seg_ring_wait(const struct seg_ring *ring, int timeout_ms);
/*
 * The next record, valid until the next seg_ring_commit(); NULL: there is none now.
 * Each ring is in the order of the numbers, and of both the lower number comes first.
 */
const struct simseg_record *seg_ring_next(struct seg_ring *ring);
/* All that seg_ring_next() has returned is in good hands: its room is free again. */
void seg_ring_commit(struct seg_ring *ring);
void seg_ring_info(const struct seg_ring *ring, struct seg_ring_info *info);
/*
 * 1: these are the rings that the module's records go to; 0: they were unpinned, and
 * only what is left in them can be read; or -errno.
 */
int seg_ring_live(struct seg_handle *h, const struct seg_ring *ring);
/* The same from outside, whoever reads; -ENOENT: there are no rings. */
int seg_ring_query(struct seg_handle *h, struct seg_ring_info *info);
void seg_ring_close(struct seg_ring *ring);
/* Takes the record program and its rings away. */
int seg_ring_unpin(struct seg_handle *h);
/* Takes away all that is pinned for this namespace: the module can unload. */
int seg_bpf_unpin_all(struct seg_handle *h);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* _LIBSEG_BPF_API_H */
