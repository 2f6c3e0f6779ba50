/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libseg, private: what the files about BPF share
 *
 * Everything that outlives the process is pinned in one directory for each
 * network namespace, named by the namespace's cookie:
 *
 *	/sys/fs/bpf/simseg/COOKIE/xdp_IFINDEX	link of an XDP program
 *	/sys/fs/bpf/simseg/COOKIE/record	link of the record program
 *	/sys/fs/bpf/simseg/COOKIE/ring		its ring buffer, but for denies,
 *	/sys/fs/bpf/simseg/COOKIE/denies	which have this one
 *	/sys/fs/bpf/simseg/COOKIE/reader	locked by who reads the ring
 */
#ifndef _LIBSEG_BPF_H
#define _LIBSEG_BPF_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "handle.h"

#define SEG_BPFFS      "/sys/fs/bpf"
#define SEG_PIN_ROOT   SEG_BPFFS "/simseg"
#define SEG_PATH_LEN   128
#define SEG_NUMBER_LEN 24
#define SEG_LOG_LEN    8192

/* The pins of the handle's namespace, and quiet in libbpf while it is open. */
struct seg_pins {
	char dir[SEG_PATH_LEN];
	uint64_t cookie;
	int lock; /* directory, locked against other writers; or -1 */
	libbpf_print_fn_t print;
};

/*
 * Find the directory. With @write it is made, and locked until
 * seg_pins_close(). -ENOENT, if it does not exist and is not to be made.
 */
int seg_pins_open(struct seg_handle *h, struct seg_pins *pins, bool write);
void seg_pins_close(struct seg_pins *pins);
/* @path becomes DIR/NAME, or with @number DIR/NAMEnumber. */
void seg_pin_path(const struct seg_pins *pins, char path[SEG_PATH_LEN], const char *name,
		  uint32_t number);
/* Is it the name of an XDP program's link? */
bool seg_pin_is_xdp(const char *name);
/* @buf becomes @value in base 10 or 16. */
char *seg_number(char buf[SEG_NUMBER_LEN], uint64_t value, unsigned int base);

/* bpf_xdp.c: detach and unpin a link of which the path is known. */
int seg_xdp_unpin(const char *path);
/* Is there a link of ours that holds no interface any more? */
bool seg_xdp_dead(const char *path);
/* bpf_ring.c */
int seg_ring_unpin_in(const struct seg_pins *pins);

/* bpf_ring_map.c: a ring buffer, mapped */
struct seg_ring_map {
	int fd;		    /* -1: not open */
	unsigned long size; /* of its data, a power of two */
	unsigned long *consumer;
	const unsigned long *producer; /* then its data, twice in a row */
	unsigned long pos;	       /* up to where it was taken */
	unsigned long step;	       /* behind what peek returned */
	uint64_t garbled;	       /* times that no sense could be made of it */
};

/* Takes @fd over, whatever comes of it. */
int seg_ring_map_open(struct seg_ring_map *m, int fd, unsigned long size);
void seg_ring_map_close(struct seg_ring_map *m);
/* The record at @pos, valid until it is committed; NULL: there is none yet. */
const struct simseg_record *seg_ring_map_peek(struct seg_ring_map *m);
/* Step over what peek returned. */
void seg_ring_map_take(struct seg_ring_map *m);
/* Give the room of all that was taken back. */
void seg_ring_map_commit(struct seg_ring_map *m);
/* Bytes that wait to be committed. */
unsigned long seg_ring_map_used(const struct seg_ring_map *m);

/*
 * The last line of a verifier log, which says what is wrong; the log is cut up.
 * "" if there is none.
 */
const char *seg_log_last(char *log);

#endif /* _LIBSEG_BPF_H */
