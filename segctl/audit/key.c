// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The key that moves forward
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "box_file.h"
#include "key.h"

#define FILE_MAX (KEY_LINE + 256)
#define MAGIC	 "simseg-key 1 "

void key_public(const uint8_t seed[KEY_SEED], uint8_t public[KEY_PUBLIC])
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	crypto_sign_seed_keypair(public, secret, seed);
	sodium_memzero(secret, sizeof(secret));
}

void key_sign(const uint8_t seed[KEY_SEED], const void *data, size_t len,
	      uint8_t signature[KEY_SIGNATURE])
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES], public[KEY_PUBLIC];

	crypto_sign_seed_keypair(public, secret, seed);
	crypto_sign_detached(signature, NULL, data, len, secret);
	sodium_memzero(secret, sizeof(secret));
}

void key_step(struct key *key)
{
	static const uint8_t label[] = "simseg: the next key";
	uint8_t next[KEY_SEED];

	crypto_generichash(next, sizeof(next), label, sizeof(label) - 1, key->seed,
			   sizeof(key->seed));
	memcpy(key->seed, next, sizeof(next));
	sodium_memzero(next, sizeof(next));
	key->number++;
}

/* The file's text; its length, or -errno. */
static ssize_t file_load(int dir, const char *name, char *text, size_t room, char error[BOX_ERROR])
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t len;

	if (fd < 0 && errno == ENOENT)
		return box_say(error, -ENOENT, "the box has no file %s", name);
	if (fd < 0)
		return box_say(error, -errno, "cannot open %s: %s", name, strerror(errno));
	len = box_read(fd, text, room - 1, 0);
	close(fd);
	if (len < 0)
		return box_say(error, (int)len, "cannot read %s: %s", name, strerror((int)-len));
	text[len] = '\0';
	return len;
}

/* Where a seed was there are zeroes now; what a file system keeps besides is its own. */
static void wipe(int fd)
{
	static const char zeroes[FILE_MAX];

	if (box_write(fd, zeroes, sizeof(zeroes), 0) || fdatasync(fd))
		return; /* the new key is in its place: this one is past, and unreachable */
}

/*
 * The whole file in one step: it has the old text or the new one, at any moment. 1: it
 * has the new one, but may have the old one again after a power cut.
 */
static int file_store(int dir, const char *name, const char *text, char error[BOX_ERROR])
{
	int old = openat(dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), err;
	char tmp[32];
	int fd;

	snprintf(tmp, sizeof(tmp), "%s.new", name);
	unlinkat(dir, tmp, 0);
	fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	err = fd < 0 ? -errno : box_write(fd, text, strlen(text), 0);
	if (!err && fsync(fd))
		err = -errno;
	if (err && fd >= 0) {
		wipe(fd);
		unlinkat(dir, tmp, 0);
	}
	if (!err && renameat(dir, tmp, dir, name))
		err = -errno;
	else if (!err && fsync(dir))
		err = 1;
	/* not before: a power cut must not bring back a file without its key */
	if (!err && old >= 0)
		wipe(old);
	if (fd >= 0)
		close(fd);
	if (old >= 0)
		close(old);
	return err ? box_say(error, err, "cannot write %s: %s", name, strerror(errno)) : 0;
}

static bool key_parse(char *text, struct key *key, char line[KEY_LINE])
{
	char *end = strchr(text, '\n'), *hex;
	size_t len;

	if (!end || strncmp(text, MAGIC, strlen(MAGIC)))
		return false;
	key->number = strtoull(text + strlen(MAGIC), &hex, 10);
	if (!key->number || *hex != ' ' || end - hex - 1 != 2 * KEY_SEED ||
	    sodium_hex2bin(key->seed, KEY_SEED, hex + 1, 2 * KEY_SEED, NULL, &len, NULL) ||
	    len != KEY_SEED || strlen(end + 1) >= KEY_LINE)
		return false;
	strcpy(line, end + 1);
	return true;
}

int key_load(int dir, struct key *key, char line[KEY_LINE], char error[BOX_ERROR])
{
	char text[FILE_MAX];
	ssize_t len = file_load(dir, "key", text, sizeof(text), error);
	int err = len < 0 ? (int)len : 0;

	if (!err && !key_parse(text, key, line))
		err = box_say(error, -EBADMSG, "the file key has no key in it");
	sodium_memzero(text, sizeof(text));
	return err;
}

int key_store(int dir, const struct key *key, const char *line, char error[BOX_ERROR])
{
	char text[FILE_MAX], hex[2 * KEY_SEED + 1];
	int err;

	snprintf(text, sizeof(text), MAGIC "%llu %s\n%s", (unsigned long long)key->number,
		 sodium_bin2hex(hex, sizeof(hex), key->seed, KEY_SEED), line);
	err = file_store(dir, "key", text, error);
	sodium_memzero(text, sizeof(text));
	sodium_memzero(hex, sizeof(hex));
	return err;
}

bool key_pub_parse(const char *text, uint8_t public[KEY_PUBLIC])
{
	const char *end;
	size_t len;

	return !sodium_hex2bin(public, KEY_PUBLIC, text, strlen(text), NULL, &len, &end) &&
	       len == KEY_PUBLIC && (!*end || !strcmp(end, "\n"));
}

int key_pub_load(int dir, uint8_t public[KEY_PUBLIC], char error[BOX_ERROR])
{
	char text[FILE_MAX];
	ssize_t len = file_load(dir, "key.pub", text, sizeof(text), error);

	if (len < 0)
		return (int)len;
	return key_pub_parse(text, public) ? 0 :
					     box_say(error, -EBADMSG, "key.pub is no public key");
}

int key_pub_store(int dir, const uint8_t public[KEY_PUBLIC], char error[BOX_ERROR])
{
	char text[2 * KEY_PUBLIC + 2];

	sodium_bin2hex(text, sizeof(text), public, KEY_PUBLIC);
	strcat(text, "\n");
	return file_store(dir, "key.pub", text, error);
}
