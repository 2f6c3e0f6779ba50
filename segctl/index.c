// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which things are there already: a hash table of their places
 */
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "index.h"
#include "text.h"

#define INDEX_LEAST 64 /* lines: a page */
#define INDEX_FULL  10 /* places of a line that are taken, on average */

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
	_Static_assert(sizeof(struct index_line) == 64, "a line of the cache");
	if (ix->lines)
		munmap(ix->lines, ix->size * sizeof(*ix->lines));
	ix->lines = NULL;
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
	return (uint8_t)hash;
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

/* In the line @at or behind it, where there is room: it is nowhere yet. */
static void index_put(struct index *ix, size_t at, uint64_t hash, uint32_t place)
{
	struct index_line *line;

	while (ix->lines[at].n == INDEX_LINE)
		at = index_next(ix, at);
	line = &ix->lines[at];
	line->tags[line->n] = index_tag(hash);
	line->places[line->n++] = place;
}

static void index_resize(struct index *ix, size_t size)
{
	struct index old = *ix;
	uint64_t hash;
	uint32_t j;
	size_t i;

	ix->lines = xpages(size * sizeof(*ix->lines));
	ix->size = size;
	for (i = 0; i < old.size; i++) {
		for (j = 0; j < old.lines[i].n; j++) {
			hash = index_hash(ix, ix->key(ix->owner, old.lines[i].places[j]));
			index_put(ix, index_start(ix, hash), hash, old.lines[i].places[j]);
		}
	}
	index_free(&old);
}

void index_expect(struct index *ix, size_t n)
{
	if (n / INDEX_FULL >= ix->size)
		index_resize(ix, n / INDEX_FULL + INDEX_LEAST);
}

uint64_t index_prepare(const struct index *ix, struct index_key key)
{
	uint64_t hash = index_hash(ix, key);

	if (ix->size)
		__builtin_prefetch(&ix->lines[index_start(ix, hash)], 1);
	return hash;
}

uint32_t index_add(struct index *ix, struct index_key key, uint64_t hash, uint32_t place)
{
	const struct index_line *line;
	size_t at;
	uint32_t j;

	if (ix->used / INDEX_FULL >= ix->size)
		index_resize(ix, ix->size ? ix->size / 2 * 3 : INDEX_LEAST);
	for (at = index_start(ix, hash);; at = index_next(ix, at)) {
		line = &ix->lines[at];
		for (j = 0; j < line->n; j++)
			if (line->tags[j] == index_tag(hash) &&
			    index_same(ix, line->places[j], key))
				return line->places[j];
		if (line->n < INDEX_LINE)
			break;
	}
	index_put(ix, at, hash, place);
	ix->used++;
	return place;
}
