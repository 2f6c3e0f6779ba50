// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A BPF ring buffer as the kernel maps it: a page with the consumer's position, which
 * is ours; a page with the producer's, and the data twice in a row behind it, so that
 * no record is ever cut; both read-only. Before each record there are 8 bytes: its
 * length with two flags, and what concerns the kernel alone.
 *
 * libbpf's own reader moves the consumer's position as soon as its callback returns.
 * Here the position stays where it is until the records are stored.
 */
#include <sys/mman.h>
#include <unistd.h>
#include <linux/bpf.h>

#include "bpf.h"

#define SEG_RING_ALIGN 8

/* Pairs with the kernel's smp_store_release(): what lies before it can be read. */
static unsigned long seg_ring_map_left(const struct seg_ring_map *m)
{
	return __atomic_load_n(m->producer, __ATOMIC_ACQUIRE) - m->pos;
}

int seg_ring_map_open(struct seg_ring_map *m, int fd, unsigned long size)
{
	unsigned long page = sysconf(_SC_PAGESIZE);
	void *at;

	*m = (struct seg_ring_map){ .fd = fd, .size = size };
	at = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at != MAP_FAILED) {
		m->consumer = at;
		at = mmap(NULL, page + 2 * size, PROT_READ, MAP_SHARED, fd, page);
		if (at != MAP_FAILED)
			m->producer = at;
	}
	if (!m->producer) {
		int err = -errno;

		seg_ring_map_close(m);
		return err;
	}
	m->pos = __atomic_load_n(m->consumer, __ATOMIC_RELAXED);
	return 0;
}

void seg_ring_map_close(struct seg_ring_map *m)
{
	unsigned long page = sysconf(_SC_PAGESIZE);

	if (m->fd < 0)
		return;
	if (m->producer)
		munmap((void *)m->producer, page + 2 * m->size);
	if (m->consumer)
		munmap(m->consumer, page);
	close(m->fd);
	m->fd = -1;
}

/* Whatever stands there, it is within the @left bytes that may be read. */
static const struct simseg_record *seg_ring_map_look(struct seg_ring_map *m, unsigned long left)
{
	const uint8_t *data = (const uint8_t *)m->producer + sysconf(_SC_PAGESIZE);
	const uint8_t *at = data + (m->pos & (m->size - 1));
	const struct simseg_record *rec = (const void *)(at + BPF_RINGBUF_HDR_SZ);
	uint32_t head = __atomic_load_n((const uint32_t *)at, __ATOMIC_ACQUIRE);
	uint32_t len = head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

	m->step = 0;
	if (head & BPF_RINGBUF_BUSY_BIT)
		return NULL;
	m->step = (BPF_RINGBUF_HDR_SZ + (unsigned long)len + SEG_RING_ALIGN - 1) &
		  ~(SEG_RING_ALIGN - 1UL);
	if (m->step <= left && head & BPF_RINGBUF_DISCARD_BIT)
		return NULL;
	if (m->step <= left && len >= sizeof(*rec) && rec->version == SIMSEG_RECORD_VERSION &&
	    rec->size >= sizeof(*rec))
		return rec;
	m->garbled++;
	if (m->step > left)
		m->step = left;
	return NULL;
}

const struct simseg_record *seg_ring_map_peek(struct seg_ring_map *m)
{
	const struct simseg_record *rec;
	unsigned long left;

	while ((left = seg_ring_map_left(m))) {
		/* Nobody but root can have written such positions; nothing is left of it. */
		if (left > m->size || m->pos % SEG_RING_ALIGN || left < BPF_RINGBUF_HDR_SZ) {
			m->garbled++;
			m->pos += left;
			continue;
		}
		rec = seg_ring_map_look(m, left);
		if (rec || !m->step)
			return rec;
		m->pos += m->step;
	}
	return NULL;
}

void seg_ring_map_take(struct seg_ring_map *m)
{
	m->pos += m->step;
}

/* Pairs with the kernel's smp_load_acquire(): we have read what it will overwrite. */
void seg_ring_map_commit(struct seg_ring_map *m)
{
	__atomic_store_n(m->consumer, m->pos, __ATOMIC_RELEASE);
}

unsigned long seg_ring_map_used(const struct seg_ring_map *m)
{
	return __atomic_load_n(m->producer, __ATOMIC_ACQUIRE) -
	       __atomic_load_n(m->consumer, __ATOMIC_ACQUIRE);
}
