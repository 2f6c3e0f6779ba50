/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which things are there already: a hash table of their places
 *
 * A place is a number by which the owner finds its thing again; the table has
 * these and a byte of the hash beside each, so that millions fit, and what is
 * another thing is mostly not looked at.
 */
#ifndef _SEGCTL_INDEX_H
#define _SEGCTL_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct index_key {
	const uint8_t *data;
	size_t len;
};

/* The key of the thing at a place. */
typedef struct index_key index_key_fn(const void *owner, uint32_t place);

struct index {
	const void *owner;
	index_key_fn *key;
	uint32_t *slots;
	uint8_t *tags; /* of their hashes, never 0; 0: the slot is free */
	size_t size, used;
	uint64_t seed;
};

void index_init(struct index *ix, const void *owner, index_key_fn *key);
void index_free(struct index *ix);
/* Makes room for that many at once; a guess is good enough. */
void index_expect(struct index *ix, size_t n);
/* The place of a thing with that key, or @place, which is remembered as its own. */
uint32_t index_add(struct index *ix, struct index_key key, uint32_t place);

#endif /* _SEGCTL_INDEX_H */
