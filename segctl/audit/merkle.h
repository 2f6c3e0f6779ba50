/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Merkle tree that grows at its right end: the tree hash of RFC 6962, section 2.1,
 * with SHA-256. Only the roots of its complete subtrees are kept.
 */
#ifndef MERKLE_H
#define MERKLE_H

#include <stddef.h>
#include <stdint.h>

#define MERKLE_HASH 32

struct merkle {
	uint64_t leaves;
	/* of 2^i leaves, where bit i of @leaves is set; the leftmost is the largest */
	uint8_t roots[64][MERKLE_HASH];
};

void merkle_init(struct merkle *tree);
void merkle_add(struct merkle *tree, const void *leaf, size_t len);
/* Of what is in it so far, which may go on to grow. */
void merkle_root(const struct merkle *tree, uint8_t root[MERKLE_HASH]);

#endif
