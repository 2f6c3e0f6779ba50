// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which things are there already: a hash table of their places
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "index.h"
#include "text.h"

#define INDEX_LEAST 1024

void index_init(struct index *ix, const void *owner, index_key_fn *key)
{
	memset(ix, 0, sizeof(*ix));
	ix->owner = owner;
	ix->key = key;
	/* A file made to collide has to know the seed; without one it is only slow. */
	if (getrandom(&ix->seed, sizeof(ix->seed), GRND_NONBLOCK) < 0)
		ix->seed = 0;
}

void index_free(struct index *ix)
{
	free(ix->slots);
	free(ix->tags);
	ix->slots = NULL;
	ix->tags = NULL;
}

static uint64_t index_hash(const struct index *ix, struct index_key key)
{
	uint64_t h = ix->seed ^ key.len, word;
	size_t n;

	for (; key.len; key.len -= n, key.data += n) {
		n = key.len < sizeof(word) ? key.len : sizeof(word);
		word = 0;
		memcpy(&word, key.data, n);
		h = (h ^ word) * 0x9e3779b97f4a7c15;
		h ^= h >> 32;
	}
	return h * 0xd6e8feb86659fd93;
}

/* Where a hash begins to look; the size is no power of two, to waste little. */
static size_t index_start(const struct index *ix, uint64_t hash)
{
	return (size_t)(((hash >> 32) * ix->size) >> 32);
}

static uint8_t index_tag(uint64_t hash)
{
	return (uint8_t)(hash & 0xff ? hash : 1);
}

static size_t index_next(const struct index *ix, size_t at)
{
	return at + 1 == ix->size ? 0 : at + 1;
}

static bool index_same(const struct index *ix, uint32_t place, struct index_key key)
{
	struct index_key other = ix->key(ix->owner, place);

	return other.len == key.len && !memcmp(other.data, key.data, key.len);
}

static void index_put(struct index *ix, size_t at, uint64_t hash, uint32_t place)
{
	ix->slots[at] = place;
	ix->tags[at] = index_tag(hash);
}

static void index_resize(struct index *ix, size_t size)
{
	struct index old = *ix;
	uint64_t hash;
	size_t i, at;

	ix->slots = xcalloc(size, sizeof(*ix->slots));
	ix->tags = xcalloc(size, sizeof(*ix->tags));
	ix->size = size;
	for (i = 0; i < old.size; i++) {
		if (!old.tags[i])
			continue;
		hash = index_hash(ix, ix->key(ix->owner, old.slots[i]));
		for (at = index_start(ix, hash); ix->tags[at];)
			at = index_next(ix, at);
		index_put(ix, at, hash, old.slots[i]);
	}
	index_free(&old);
}

void index_expect(struct index *ix, size_t n)
{
	if (n / 3 * 4 > ix->size)
		index_resize(ix, n / 3 * 4 + INDEX_LEAST);
}

uint32_t index_add(struct index *ix, struct index_key key, uint32_t place)
{
	uint64_t hash = index_hash(ix, key);
	size_t at;

	if (ix->used + 1 > ix->size / 4 * 3)
		index_resize(ix, ix->size ? ix->size / 2 * 3 : INDEX_LEAST);
	for (at = index_start(ix, hash); ix->tags[at]; at = index_next(ix, at))
		if (ix->tags[at] == index_tag(hash) && index_same(ix, ix->slots[at], key))
			return ix->slots[at];
	index_put(ix, at, hash, place);
	ix->used++;
	return place;
}
