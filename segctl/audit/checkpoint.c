// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checkpoints as lines
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>

#include "box_file.h"
#include "checkpoint.h"

#define SIGNATURE ",\"signature\":\""

static const char *hex(char *buf, const uint8_t *data)
{
	return sodium_bin2hex(buf, 2 * BOX_HASH + 1, data, BOX_HASH);
}

/* What is signed. */
static size_t print_body(const struct checkpoint *cp, char line[CHECKPOINT_LINE])
{
	char chain[2 * BOX_HASH + 1], root[2 * BOX_HASH + 1], previous[2 * BOX_HASH + 1],
		next[2 * BOX_HASH + 1], purged[2 * BOX_HASH + 1];

	return (size_t)snprintf(
		line, CHECKPOINT_LINE,
		"{\"simseg_checkpoint\":%d,\"number\":%llu,\"why\":\"%s\",\"segment\":%llu,"
		"\"records\":%llu,\"total\":%llu,\"chain\":\"%s\",\"root\":\"%s\","
		"\"real_ns\":%llu,\"boot_ns\":%llu,\"synced\":%s,\"every_s\":%u,"
		"\"purged\":%llu,\"purged_chain\":\"%s\",\"previous\":\"%s\",\"next_key\":\"%s\"",
		CHECKPOINT_VERSION, (unsigned long long)cp->number, cp->why,
		(unsigned long long)cp->segment, (unsigned long long)cp->records,
		(unsigned long long)cp->total, hex(chain, cp->chain), hex(root, cp->root),
		(unsigned long long)cp->real, (unsigned long long)cp->boot,
		cp->synced ? "true" : "false", cp->every, (unsigned long long)cp->purged,
		hex(purged, cp->purged_chain), hex(previous, cp->previous), hex(next, cp->next));
}

static void print_signature(const struct checkpoint *cp, size_t len, char line[CHECKPOINT_LINE])
{
	char text[2 * KEY_SIGNATURE + 1];

	sodium_bin2hex(text, sizeof(text), cp->signature, sizeof(cp->signature));
	snprintf(line + len, CHECKPOINT_LINE - len, SIGNATURE "%s\"}", text);
}

void checkpoint_sign(struct checkpoint *cp, const uint8_t seed[KEY_SEED],
		     char line[CHECKPOINT_LINE])
{
	size_t len = print_body(cp, line);

	key_sign(seed, line, len, cp->signature);
	print_signature(cp, len, line);
	strcat(line, "\n");
}

static bool unhex(const char *text, uint8_t *data, size_t len)
{
	size_t have;

	return !sodium_hex2bin(data, len, text, 2 * len, NULL, &have, NULL) && have == len;
}

bool checkpoint_parse(const char *line, struct checkpoint *cp)
{
	char chain[65], root[65], gone[65], previous[65], next[65], signature[129], synced[6];
	unsigned long long number, segment, records, total, real, boot, purged;
	char again[CHECKPOINT_LINE];

	memset(cp, 0, sizeof(*cp));
	if (sscanf(line,
		   "{\"simseg_checkpoint\":%*10u,\"number\":%20llu,\"why\":\"%11[a-z]\","
		   "\"segment\":%20llu,\"records\":%20llu,\"total\":%20llu,"
		   "\"chain\":\"%64[0-9a-f]\",\"root\":\"%64[0-9a-f]\",\"real_ns\":%20llu,"
		   "\"boot_ns\":%20llu,\"synced\":%5[a-z],\"every_s\":%10u,"
		   "\"purged\":%20llu,\"purged_chain\":\"%64[0-9a-f]\","
		   "\"previous\":\"%64[0-9a-f]\",\"next_key\":\"%64[0-9a-f]\","
		   "\"signature\":\"%128[0-9a-f]\"}",
		   &number, cp->why, &segment, &records, &total, chain, root, &real, &boot, synced,
		   &cp->every, &purged, gone, previous, next, signature) != 16)
		return false;
	cp->number = number;
	cp->segment = segment;
	cp->records = records;
	cp->total = total;
	cp->real = real;
	cp->boot = boot;
	cp->purged = purged;
	cp->synced = !strcmp(synced, "true");
	if (!unhex(chain, cp->chain, sizeof(cp->chain)) ||
	    !unhex(root, cp->root, sizeof(cp->root)) ||
	    !unhex(gone, cp->purged_chain, sizeof(cp->purged_chain)) ||
	    !unhex(previous, cp->previous, sizeof(cp->previous)) ||
	    !unhex(next, cp->next, sizeof(cp->next)) ||
	    !unhex(signature, cp->signature, sizeof(cp->signature)))
		return false;
	/* one statement has one line: nothing is hidden in how it is written */
	print_signature(cp, print_body(cp, again), again);
	return !strcmp(line, again);
}

unsigned int checkpoint_version(const char *line)
{
	unsigned int version;

	return sscanf(line, "{\"simseg_checkpoint\":%9u,", &version) == 1 ? version : 0;
}

bool checkpoint_signed(const char *line, const uint8_t public[KEY_PUBLIC])
{
	const char *end = strstr(line, SIGNATURE);
	const char *text = end ? end + strlen(SIGNATURE) : "";
	uint8_t signature[KEY_SIGNATURE];

	return strlen(text) == 2 * KEY_SIGNATURE + 2 && !strcmp(text + 2 * KEY_SIGNATURE, "\"}") &&
	       unhex(text, signature, sizeof(signature)) &&
	       !crypto_sign_verify_detached(signature, (const uint8_t *)line, (size_t)(end - line),
					    public);
}

int checkpoint_strange(const char *line, const char *where, char error[BOX_ERROR])
{
	unsigned int version = checkpoint_version(line);

	if (!version || version == CHECKPOINT_VERSION)
		return 0;
	return box_say(error, -EPROTO,
		       "%s has a checkpoint of version %u, this program knows version %d alone: "
		       "use the segctl that wrote the box",
		       where, version, CHECKPOINT_VERSION);
}

void checkpoint_hash(const char *line, uint8_t hash[BOX_HASH])
{
	crypto_generichash(hash, BOX_HASH, (const uint8_t *)line, strlen(line), NULL, 0);
}

void checkpoint_clocks(struct checkpoint *cp)
{
	struct timex tx = { 0 };

	cp->real = box_clock(CLOCK_REALTIME);
	cp->boot = box_clock(CLOCK_BOOTTIME);
	cp->synced = adjtimex(&tx) >= 0 && !(tx.status & STA_UNSYNC);
}
