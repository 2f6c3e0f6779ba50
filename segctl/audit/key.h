/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The key that signs checkpoints. It moves forward with each of them: from a key
 * follow all that come after, and none that came before.
 */
#ifndef KEY_H
#define KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "box.h"

#define KEY_SEED      32
#define KEY_PUBLIC    32
#define KEY_SIGNATURE 64
#define KEY_LINE      1024 /* a checkpoint's line with its end and a final 0 */

struct key {
	uint64_t number; /* of the checkpoint that it will sign, from 1 */
	uint8_t seed[KEY_SEED];
};

void key_public(const uint8_t seed[KEY_SEED], uint8_t public[KEY_PUBLIC]);
void key_sign(const uint8_t seed[KEY_SEED], const void *data, size_t len,
	      uint8_t signature[KEY_SIGNATURE]);
/* The one after; it goes nowhere else. */
void key_step(struct key *key);

/*
 * DIR/key has the key and, so that both move in one step, the last line that was
 * signed before it, "" if there is none. -ENOENT: there is no such file.
 */
int key_load(int dir, struct key *key, char line[KEY_LINE], char error[BOX_ERROR]);
/*
 * The file that was there before is overwritten, so that its seed is on no disk. 1, with
 * a sentence: it is stored, but the directory is not on disk yet.
 */
int key_store(int dir, const struct key *key, const char *line, char error[BOX_ERROR]);

/* DIR/key.pub, the first public key in hexadecimal. */
int key_pub_load(int dir, uint8_t public[KEY_PUBLIC], char error[BOX_ERROR]);
int key_pub_store(int dir, const uint8_t public[KEY_PUBLIC], char error[BOX_ERROR]);
/* 64 hexadecimal digits, with a line's end or without. */
bool key_pub_parse(const char *text, uint8_t public[KEY_PUBLIC]);

#endif
