/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which things are there already: a hash table of their places
 *
 * A place is a number by which the owner finds its thing again; the table has
 * these and a byte of the hash of each, so that millions fit, and what is another
 * thing is mostly not looked at. Both stand in one line of the processor's cache.
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

#define INDEX_LINE 12

/* What does not fit into a line goes into the next one. */
struct index_line {
	uint32_t n;
	uint8_t tags[INDEX_LINE]; /* of their hashes */
	uint32_t places[INDEX_LINE];
};

struct index {
	const void *owner;
	index_key_fn *key;
	struct index_line *lines;
	size_t size, used; /* lines, and places in them */
	uint64_t seed;
};

void index_init(struct index *ix, const void *owner, index_key_fn *key);
void index_free(struct index *ix);
/* Makes room for that many at once; a guess is good enough. */
void index_expect(struct index *ix, size_t n);
/*
 * The hash by which a key is looked for. Where the table has nothing in the
 * processor's caches, that takes as long as all the rest: it is fetched from here
 * on, so that who has other things to do meanwhile does not wait for it.
 */
uint64_t index_prepare(const struct index *ix, struct index_key key);
/* The place of a thing with that key, or @place, which is remembered as its own. */
uint32_t index_add(struct index *ix, struct index_key key, uint64_t hash, uint32_t place);

#endif /* _SEGCTL_INDEX_H */
