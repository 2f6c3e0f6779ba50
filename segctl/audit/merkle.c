// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tree hash of RFC 6962
 */
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "merkle.h"

/* Different first bytes: no leaf can pass for a node. */
#define LEAF 0x00
#define NODE 0x01

void merkle_init(struct merkle *tree)
{
	tree->leaves = 0;
}

static void node(uint8_t out[MERKLE_HASH], const uint8_t left[MERKLE_HASH],
		 const uint8_t right[MERKLE_HASH])
{
	uint8_t both[1 + 2 * MERKLE_HASH];

	both[0] = NODE;
	memcpy(both + 1, left, MERKLE_HASH);
	memcpy(both + 1 + MERKLE_HASH, right, MERKLE_HASH);
	crypto_hash_sha256(out, both, sizeof(both));
}

void merkle_add(struct merkle *tree, const void *leaf, size_t len)
{
	static const uint8_t prefix = LEAF;
	crypto_hash_sha256_state state;
	uint8_t hash[MERKLE_HASH];
	unsigned int i;

	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, &prefix, sizeof(prefix));
	crypto_hash_sha256_update(&state, leaf, len);
	crypto_hash_sha256_final(&state, hash);
	for (i = 0; tree->leaves >> i & 1; i++)
		node(hash, tree->roots[i], hash);
	memcpy(tree->roots[i], hash, sizeof(hash));
	tree->leaves++;
}

void merkle_root(const struct merkle *tree, uint8_t root[MERKLE_HASH])
{
	bool some = false;
	unsigned int i;

	if (!tree->leaves)
		crypto_hash_sha256(root, NULL, 0);
	for (i = 0; i < 64; i++) {
		if (!(tree->leaves >> i & 1))
			continue;
		if (some)
			node(root, tree->roots[i], root);
		else
			memcpy(root, tree->roots[i], MERKLE_HASH);
		some = true;
	}
}
