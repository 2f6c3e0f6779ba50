// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ruleset file, from the top: its sections, and what they share
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "text.h"

#define ARENA_CHUNK 65536

struct arena {
	struct arena *next;
	size_t used, size;
	max_align_t data[];
};

void *file_alloc(struct file *f, size_t size)
{
	struct arena *a = f->arena;
	void *p;

	size = (size + sizeof(void *) * 2 - 1) & ~(sizeof(void *) * 2 - 1);
	if (!a || a->size - a->used < size) {
		a = xcalloc(1, sizeof(*a) + (size > ARENA_CHUNK ? size : ARENA_CHUNK));
		a->size = size > ARENA_CHUNK ? size : ARENA_CHUNK;
		a->next = f->arena;
		f->arena = a;
	}
	p = (char *)a->data + a->used;
	a->used += size;
	return p;
}

const char *file_strdup(struct file *f, const char *text)
{
	size_t len = strlen(text) + 1;

	return memcpy(file_alloc(f, len), text, len);
}

const char *file_near(char *buf, size_t size, const char *word, const void *words, size_t n,
		      size_t stride)
{
	size_t i, distance, best = text_slip(word) + 1;
	const char *candidate, *found = NULL;

	for (i = 0; i < n; i++) {
		candidate = (const char *)words + i * stride;
		distance = text_distance(word, candidate, best - 1);
		if (distance < best) {
			best = distance;
			found = candidate;
		}
		if (!best)
			break;
	}
	buf[0] = '\0';
	if (found)
		snprintf(buf, size, "; did you mean '%s'?", found);
	return buf;
}

static void key_unknown(struct yaml *y, const char *const *keys, size_t n, struct mark at)
{
	char words[16][32] = { "" }, near[64];
	size_t i;

	for (i = 0; i < n && i < 16; i++)
		snprintf(words[i], sizeof(words[i]), "%s", keys[i]);
	diag_error(y->diags, at, "unknown key '%s'%s", y->key,
		   file_near(near, sizeof(near), y->key, words, i, sizeof(words[0])));
}

int file_key(struct yaml *y, const char *const *keys, size_t n, uint32_t *seen, struct mark at)
{
	size_t i;

	for (i = 0; i < n && strcmp(keys[i], y->key); i++)
		;
	if (i < n && !(*seen & (1U << i))) {
		*seen |= 1U << i;
		return (int)i;
	}
	if (i < n)
		diag_error(y->diags, at, "duplicate key '%s'", y->key);
	else
		key_unknown(y, keys, n, at);
	yaml_skip(y);
	return -1;
}

static void file_version(struct yaml *y)
{
	struct mark at;
	const char *text = yaml_scalar(y, "the version", &at);

	if (text && strcmp(text, "1"))
		diag_error(y->diags, at, "version '%s' is not known: this program reads version 1",
			   text);
}

/* A name that is too long has been reported, and is cut. */
static void name_copy(char to[SIMSEG_NAME_MAX + 1], const char *name)
{
	size_t len = strnlen(name, SIMSEG_NAME_MAX);

	memcpy(to, name, len);
	to[len] = '\0';
}

static void file_peers(struct file *f, struct yaml *y)
{
	struct simseg_prefix prefix;
	struct file_peer *peer;
	struct mark at;

	if (!yaml_map(y, "a mapping of names to lists of prefixes"))
		return;
	while (yaml_map_next(y, &at)) {
		if (!seg_name_valid(y->key))
			diag_error(&f->diags, at, "bad name of a peer set '%s'", y->key);
		else if (!strcmp(y->key, "self") || !strcmp(y->key, "any") ||
			 seg_prefix_parse(y->key, &prefix) != -EINVAL)
			diag_error(&f->diags, at,
				   "'%s' cannot name a peer set: rules read it as %s", y->key,
				   strpbrk(y->key, ".:") ? "an address" : "a word");
		grow(&f->peers, &f->peers_room, f->n_peers, sizeof(*f->peers));
		peer = memset(&f->peers[f->n_peers++], 0, sizeof(*peer));
		name_copy(peer->name, y->key);
		peer->at = at;
		file_prefixes(y, "a list of prefixes", SIMSEG_PEERS_MAX, &peer->prefixes);
		file_prefixes_unique(&f->diags, &peer->prefixes);
		if (f->n_peers == SIMSEG_PEERSETS_MAX + 1)
			diag_error(&f->diags, at, "more than %u peer sets", SIMSEG_PEERSETS_MAX);
	}
}

static void file_policy(struct file *f, struct yaml *y, struct file_policy *policy)
{
	static const char *const keys[] = { "out", "in", "observe" };
	uint32_t seen = 0;
	struct mark at;

	if (!yaml_map(y, "a mapping with in and out"))
		return;
	while (yaml_map_next(y, &at)) {
		switch (file_key(y, keys, 3, &seen, at)) {
		case 0:
			file_rules(f, y, SIMSEG_DIR_OUT, SIMSEG_RULES_MAX, &policy->rules);
			break;
		case 1:
			file_rules(f, y, SIMSEG_DIR_IN, SIMSEG_RULES_MAX, &policy->rules);
			break;
		case 2:
			yaml_bool(y, "true or false", &policy->observe);
			break;
		}
	}
}

static void file_policies(struct file *f, struct yaml *y)
{
	struct file_policy *policy;
	struct mark at;

	if (!yaml_map(y, "a mapping of names to policies"))
		return;
	while (yaml_map_next(y, &at)) {
		if (!seg_name_valid(y->key))
			diag_error(&f->diags, at, "bad name of a policy '%s'", y->key);
		grow(&f->policies, &f->policies_room, f->n_policies, sizeof(*f->policies));
		policy = memset(&f->policies[f->n_policies++], 0, sizeof(*policy));
		name_copy(policy->name, y->key);
		policy->at = at;
		file_policy(f, y, policy);
		if (f->n_policies == SIMSEG_POLICIES_MAX + 1)
			diag_error(&f->diags, at, "more than %u policies", SIMSEG_POLICIES_MAX);
	}
}

/* A decimal number up to @max, without sign or leading zero; or -1. */
static long number(const char *text, long max)
{
	long value = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		value = value * 10 + (*text - '0');
		if (value > max)
			return -1;
	}
	return value;
}

/* What the kernel takes. */
static long setting_max(unsigned int setting)
{
	switch (setting) {
	case SIMSEG_A_SETTING_RECORD_BACKLOG:
		return SIMSEG_RECORD_BACKLOG_MAX;
	case SIMSEG_A_SETTING_SESSIONS:
	case SIMSEG_A_SETTING_DEVICE_SESSIONS:
	case SIMSEG_A_SETTING_HALF_OPEN:
	case SIMSEG_A_SETTING_DEVICE_HALF_OPEN:
	case SIMSEG_A_SETTING_DEVICES:
		return SIMSEG_LIMIT_MAX;
	default:
		return SIMSEG_TIME_MAX;
	}
}

static void file_settings(struct file *f, struct yaml *y)
{
	const char *keys[SEG_SETTINGS] = { NULL }, *text;
	size_t n = 0;
	uint32_t seen = 0;
	struct mark at;
	long value, most;
	int key, least;

	while (n + 1 < SEG_SETTINGS && seg_setting_name((unsigned int)n + 1)) {
		keys[n] = seg_setting_name((unsigned int)n + 1);
		n++;
	}
	if (!yaml_map(y, "a mapping of settings to numbers"))
		return;
	while (yaml_map_next(y, &at)) {
		key = file_key(y, keys, n, &seen, at);
		if (key < 0)
			continue;
		text = yaml_scalar(y, "a number", &at);
		if (!text)
			continue;
		most = setting_max((unsigned int)key + 1);
		value = number(text, most);
		least = !(SIMSEG_SETTINGS_ZERO >> (key + 1) & 1);
		if (value < least)
			diag_error(&f->diags, at, "bad value '%s': a number from %d to %ld", text,
				   least, most);
		f->has_setting[key + 1] = true;
		f->setting[key + 1] = (uint32_t)(value < 0 ? 0 : value);
	}
}

/* A value of an interface: its name, or one of the words that are possible. */
static void file_interface_value(struct file *f, struct file_interface *i, int key,
				 const char *text, struct mark at)
{
	static const struct {
		int (*parse)(const char *name);
		const char *what, *words;
		size_t offset;
		int least;
	} kinds[] = {
		{ seg_side_parse, "side", "sim or net", offsetof(struct iface_wish, side),
		  SIMSEG_SIDE_NONE + 1 },
		{ seg_mode_parse, "mode", "auto, native, generic or none",
		  offsetof(struct iface_wish, mode), 0 },
		{ seg_forward_parse, "forward", "off, on or force",
		  offsetof(struct iface_wish, forward), 0 },
	};
	int value;

	if (!key) {
		if (!seg_ifname_valid(text, 1))
			diag_error(&f->diags, at, "bad name of an interface '%s'", text);
		else
			snprintf(i->wish.name, sizeof(i->wish.name), "%s", text), i->at = at;
		return;
	}
	value = kinds[key - 1].parse(text);
	if (value < kinds[key - 1].least)
		diag_error(&f->diags, at, "bad %s '%s': %s", kinds[key - 1].what, text,
			   kinds[key - 1].words);
	else
		((uint8_t *)&i->wish)[kinds[key - 1].offset] = (uint8_t)value;
}

static void file_interface(struct file *f, struct yaml *y, struct mark start)
{
	static const char *const keys[] = { "name", "side", "mode", "forward" };
	struct file_interface *i;
	uint32_t seen = 0;
	struct mark at;
	const char *text;
	int key;

	grow(&f->interfaces, &f->interfaces_room, f->n_interfaces, sizeof(*f->interfaces));
	i = memset(&f->interfaces[f->n_interfaces++], 0, sizeof(*i));
	i->at = start;
	while (yaml_map_next(y, &at)) {
		key = file_key(y, keys, 4, &seen, at);
		text = key < 0 ? NULL : yaml_scalar(y, "a single value", &at);
		if (text)
			file_interface_value(f, i, key, text, at);
	}
	if (!(seen & 1))
		diag_error(&f->diags, start, "an interface needs a name");
	if (!(seen & 2))
		diag_error(&f->diags, start, "an interface needs a side: sim or net");
}

static void file_interfaces(struct file *f, struct yaml *y)
{
	struct mark at;

	if (!yaml_seq(y, "a list of interfaces"))
		return;
	while (yaml_seq_next(y)) {
		at = yaml_mark(y);
		if (yaml_map(y, "an interface, a mapping"))
			file_interface(f, y, at);
	}
}

static void file_root(struct file *f, struct yaml *y)
{
	static const char *const keys[] = { "version",	  "pools",	    "failsafe",
					    "peers",	  "settings",	    "policies",
					    "devices",	  "interfaces",	    "saved",
					    "quarantine", "peer_deadlines", "grants" };
	uint32_t seen = 0;
	struct mark at;

	if (!yaml_map(y, "a mapping, with version: 1 at the top")) {
		if (!f->diags.errors)
			diag_error(&f->diags, (struct mark){ 1, 1 }, "an empty file");
		return;
	}
	while (yaml_map_next(y, &at)) {
		switch (file_key(y, keys, 12, &seen, at)) {
		case 0:
			file_version(y);
			break;
		case 1:
			file_prefixes(y, "a list of prefixes", SIMSEG_POOLS_MAX, &f->pools);
			break;
		case 2:
			file_prefixes(y, "a list of prefixes", SIMSEG_FAILSAFE_MAX, &f->failsafe);
			break;
		case 3:
			file_peers(f, y);
			break;
		case 4:
			file_settings(f, y);
			break;
		case 5:
			file_policies(f, y);
			break;
		case 6:
			file_devices(f, y);
			break;
		case 7:
			file_interfaces(f, y);
			break;
		case 8:
			f->at_state = at;
			file_saved(f, y);
			break;
		case 9:
			f->at_state = at;
			file_holds(f, y);
			break;
		case 10:
			f->at_state = at;
			file_timed(f, y);
			break;
		case 11:
			f->at_state = at;
			file_grants(f, y);
			break;
		}
	}
	if (!(seen & 1))
		diag_error(&f->diags, (struct mark){ 1, 1 }, "no version: write version: 1");
	if (!(seen & 2))
		diag_error(&f->diags, (struct mark){ 1, 1 }, "no pools: write pools: [] for none");
}

struct file *file_read_source(struct source *source, bool strict)
{
	struct file *f = xcalloc(1, sizeof(*f));
	struct yaml y;

	f->strict = strict;
	roster_init_marked(&f->devices);
	yaml_open(&y, source, &f->diags);
	file_root(f, &y);
	yaml_finish(&y);
	file_prefixes_unique(&f->diags, &f->pools);
	file_prefixes_unique(&f->diags, &f->failsafe);
	file_check(f);
	yaml_close(&y);
	return f;
}

struct file *file_read(const char *text, size_t len, bool strict)
{
	struct source source = { .text = text, .len = len };

	return file_read_source(&source, strict);
}

void file_free(struct file *f)
{
	struct arena *a;
	size_t i;

	if (!f)
		return;
	while ((a = f->arena)) {
		f->arena = a->next;
		free(a);
	}
	for (i = 0; i < f->n_peers; i++)
		file_prefixes_free(&f->peers[i].prefixes);
	for (i = 0; i < f->n_policies; i++)
		file_rules_free(&f->policies[i].rules);
	file_prefixes_free(&f->pools);
	file_prefixes_free(&f->failsafe);
	file_state_free(f);
	free(f->peers);
	free(f->policies);
	roster_free(&f->devices);
	free(f->own);
	free(f->interfaces);
	diags_free(&f->diags);
	free(f);
}
