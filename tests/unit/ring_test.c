// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The reader's half of a BPF ring buffer, over a file that is laid out like one: a page
 * with the consumer's position, one with the producer's, and the data twice. The kernel's
 * own rings are read by tests/bpf/pins_test.c.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf.h"
#include "unit.h"

#define SIZE 4096UL
#define STEP 200UL /* of a record */

/* The kernel's side. */
struct ring {
	uint8_t *all;
	size_t page, len;
	int fd;
	struct seg_ring_map map;
};

static unsigned long *producer(struct ring *r)
{
	return (unsigned long *)(r->all + r->page);
}

static unsigned long consumer(struct ring *r)
{
	return *(unsigned long *)r->all;
}

/* Both copies of the data are kept equal, as the kernel maps them. */
static void poke(struct ring *r, unsigned long pos, const void *data, size_t n)
{
	const uint8_t *from = data;
	size_t i, at;

	for (i = 0; i < n; i++) {
		at = (pos + i) & (SIZE - 1);
		r->all[2 * r->page + at] = from[i];
		r->all[2 * r->page + SIZE + at] = from[i];
	}
}

static void put_head(struct ring *r, unsigned long pos, uint32_t head)
{
	uint32_t words[2] = { head, 0 };

	poke(r, pos, words, sizeof(words));
}

static void put(struct ring *r, uint64_t seq, uint32_t flags)
{
	struct simseg_record rec = { .version = SIMSEG_RECORD_VERSION,
				     .size = sizeof(rec),
				     .kind = SIMSEG_RECORD_OPEN,
				     .seq = seq };

	put_head(r, *producer(r), sizeof(rec) | flags);
	poke(r, *producer(r) + BPF_RINGBUF_HDR_SZ, &rec, sizeof(rec));
	*producer(r) += STEP;
}

static int up(void **state)
{
	struct ring *r = calloc(1, sizeof(*r));

	r->page = (size_t)sysconf(_SC_PAGESIZE);
	r->len = 2 * r->page + 2 * SIZE;
	r->fd = memfd_create("ring", MFD_CLOEXEC);
	assert_int_equal(ftruncate(r->fd, (off_t)r->len), 0);
	r->all = mmap(NULL, r->len, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
	assert_ptr_not_equal(r->all, MAP_FAILED);
	assert_int_equal(seg_ring_map_open(&r->map, dup(r->fd), SIZE), 0);
	*state = r;
	return 0;
}

static int down(void **state)
{
	struct ring *r = *state;

	seg_ring_map_close(&r->map);
	seg_ring_map_close(&r->map);
	munmap(r->all, r->len);
	close(r->fd);
	free(r);
	return 0;
}

/* The next record's number; 0: there is none. */
static uint64_t next(struct ring *r)
{
	const struct simseg_record *rec = seg_ring_map_peek(&r->map);

	if (!rec)
		return 0;
	seg_ring_map_take(&r->map);
	return rec->seq;
}

/* The room stays taken until the commit, and a second reader begins there. */
static void commits(void **state)
{
	struct ring *r = *state;
	struct seg_ring_map other;

	assert_int_equal(next(r), 0);
	put(r, 1, 0);
	put(r, 2, 0);
	assert_int_equal(next(r), 1);
	assert_int_equal(next(r), 2);
	assert_int_equal(next(r), 0);
	assert_int_equal(consumer(r), 0);
	assert_int_equal(seg_ring_map_used(&r->map), 2 * STEP);
	seg_ring_map_commit(&r->map);
	assert_int_equal(consumer(r), 2 * STEP);
	assert_int_equal(seg_ring_map_used(&r->map), 0);
	put(r, 3, 0);
	put(r, 4, 0);
	assert_int_equal(next(r), 3);
	assert_int_equal(seg_ring_map_open(&other, dup(r->fd), SIZE), 0);
	assert_int_equal(seg_ring_map_peek(&other)->seq, 3);
	seg_ring_map_close(&other);
}

/* Peeking does not move on. */
static void peeks(void **state)
{
	struct ring *r = *state;

	put(r, 7, 0);
	assert_int_equal(seg_ring_map_peek(&r->map)->seq, 7);
	assert_int_equal(seg_ring_map_peek(&r->map)->seq, 7);
}

/* Many times around, with a record that lies over the end each time. */
static void wraps(void **state)
{
	struct ring *r = *state;
	uint64_t seq;

	for (seq = 1; seq < 1000; seq++) {
		put(r, seq, 0);
		assert_int_equal(next(r), seq);
		seg_ring_map_commit(&r->map);
	}
	assert_int_equal(r->map.garbled, 0);
}

/* Positions are allowed to go beyond the largest number. */
static void overflows(void **state)
{
	struct ring *r = *state;
	unsigned long at = 0UL - 2 * STEP;
	uint64_t seq;

	*(unsigned long *)r->all = at;
	*producer(r) = at;
	seg_ring_map_close(&r->map);
	assert_int_equal(seg_ring_map_open(&r->map, dup(r->fd), SIZE), 0);
	for (seq = 1; seq < 6; seq++) {
		put(r, seq, 0);
		assert_int_equal(next(r), seq);
	}
	seg_ring_map_commit(&r->map);
	assert_int_equal(consumer(r), 3 * STEP);
}

static void busy_and_discarded(void **state)
{
	struct ring *r = *state;

	put(r, 1, BPF_RINGBUF_DISCARD_BIT);
	put(r, 2, BPF_RINGBUF_BUSY_BIT);
	put(r, 3, 0);
	assert_int_equal(next(r), 0);
	put_head(r, STEP, sizeof(struct simseg_record));
	assert_int_equal(next(r), 2);
	assert_int_equal(next(r), 3);
	assert_int_equal(r->map.garbled, 0);
}

/* Lengths that lie: nothing outside of what was produced is read. */
static void lengths(void **state)
{
	static const uint32_t lies[] = { 0, 1, 191, 193 + 8, 4000, 4096, 0x3fffffff };
	struct ring *r = *state;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		unsigned long start = *producer(r);

		put(r, 5, 0);
		put_head(r, start, lies[i]);
		assert_true(next(r) == 0 || lies[i] >= sizeof(struct simseg_record));
		while (next(r))
			;
		assert_int_equal(r->map.pos, *producer(r));
		put(r, 6, 0);
		assert_int_equal(next(r), 6);
	}
	assert_true(r->map.garbled >= ARRAY_SIZE(lies) - 1);
}

static void versions(void **state)
{
	struct ring *r = *state;
	const uint16_t version = SIMSEG_RECORD_VERSION + 1;

	put(r, 1, 0);
	poke(r, BPF_RINGBUF_HDR_SZ, &version, sizeof(version));
	put(r, 2, 0);
	assert_int_equal(next(r), 2);
	assert_int_equal(r->map.garbled, 1);
}

/* Positions that cannot be: skipped, and then it goes on. */
static void positions(void **state)
{
	static const unsigned long lies[] = { SIZE + 8, 4, 0UL - 8, 1UL << 30, 3 };
	struct ring *r = *state;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		*producer(r) = r->map.pos + lies[i];
		assert_int_equal(next(r), 0);
		assert_int_equal(r->map.pos, *producer(r));
		*producer(r) = (*producer(r) + 7) & ~7UL;
		assert_int_equal(next(r), 0);
		put(r, 9, 0);
		assert_int_equal(next(r), 9);
	}
}

/* Anything at all: it ends, and reads nothing that is not mapped. */
static void noise(void **state)
{
	struct ring *r = *state;
	unsigned int i, j, n;

	srandom(4711);
	for (i = 0; i < 20000; i++) {
		uint8_t junk[64];

		for (j = 0; j < sizeof(junk); j++)
			junk[j] = (uint8_t)random();
		/* no record stays busy for ever here */
		junk[3] &= 0x7f;
		poke(r, (unsigned long)random() & ~7UL, junk, sizeof(junk));
		*producer(r) += (unsigned long)random() % (SIZE + 64) & ~7UL;
		for (n = 0; seg_ring_map_peek(&r->map); n++)
			seg_ring_map_take(&r->map);
		assert_true(n <= SIZE / 8);
		seg_ring_map_commit(&r->map);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(commits, up, down),
		cmocka_unit_test_setup_teardown(peeks, up, down),
		cmocka_unit_test_setup_teardown(wraps, up, down),
		cmocka_unit_test_setup_teardown(overflows, up, down),
		cmocka_unit_test_setup_teardown(busy_and_discarded, up, down),
		cmocka_unit_test_setup_teardown(lengths, up, down),
		cmocka_unit_test_setup_teardown(versions, up, down),
		cmocka_unit_test_setup_teardown(positions, up, down),
		cmocka_unit_test_setup_teardown(noise, up, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
