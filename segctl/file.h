/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ruleset file: text to structs, with every complaint about it
 *
 * Nothing here opens, prints or sends anything but diags_print().
 */
#ifndef _SEGCTL_FILE_H
#define _SEGCTL_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <yaml.h>

#include "libseg.h"
#include "roster.h"
#include "source.h"

/* diag.c */

struct diag {
	struct mark at;
	uint32_t order; /* in which it was found */
	bool warning;
	char *text;
	char *source; /* its line of the file; NULL: the file is in memory */
};

struct diags {
	struct diag *list;
	size_t n, room;
	size_t errors;
	size_t dropped; /* beyond what is kept */
	const char *source;
	size_t source_len;
};

void diag_error(struct diags *d, struct mark at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void diag_warning(struct diags *d, struct mark at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The line that complaints are about from now on, of a file that is not kept. */
void diags_source(struct diags *d, const char *line, size_t len);
void diags_sort(struct diags *d);
/*
 * Each as file:line:column: ..., its source line, and a caret below it. @source is
 * the file; NULL, where diags_source() has said each line.
 */
void diags_print(struct diags *d, const char *name, struct source *source, FILE *out);
void diags_free(struct diags *d);

/* yaml_input.c: what libyaml gets to read */

struct yaml_input {
	struct source *source;
	struct diags *diags; /* NULL: tabs are not reported */
	size_t at;
	struct mark place;
	bool indent; /* nothing but blanks in this line so far */
	char last;
	bool tabs; /* there were some in the indentation */
};

void yaml_input(struct yaml_input *in, struct source *source, struct diags *diags);
/* The next bytes, 0 at the end. */
size_t yaml_input_read(struct yaml_input *in, char *buf, size_t size);
/* To the end, for the tabs that are left. */
void yaml_input_drain(struct yaml_input *in);
/* From the start to the byte at @offset or the character at @want: its place. */
struct mark yaml_input_find(struct source *source, size_t offset, struct mark want, char *found);

/* yaml.c: a cursor over the events of libyaml */

#define YAML_VALUE_LEN 256 /* longer scalars are cut: none is valid */
#define YAML_DEPTH_MAX 16

struct yaml {
	yaml_parser_t parser;
	yaml_event_t event;
	struct yaml_input input;
	struct diags *diags;
	bool dead; /* no more events: the end, or bad syntax */
	unsigned int depth;
	char key[YAML_VALUE_LEN];
	char value[YAML_VALUE_LEN];
};

void yaml_open(struct yaml *y, struct source *source, struct diags *diags);
void yaml_close(struct yaml *y);
struct mark yaml_mark(const struct yaml *y);
/* After the root: report what follows. */
void yaml_finish(struct yaml *y);
/* Over the node at the cursor, whatever it is. */
void yaml_skip(struct yaml *y);
/*
 * The scalar at the cursor, kept until the next one is read; or NULL, when it
 * is something else: reported as not being @what, and skipped.
 */
bool yaml_bool(struct yaml *y, const char *what, bool *value);
const char *yaml_scalar(struct yaml *y, const char *what, struct mark *at);
/*
 * True if a mapping or sequence starts at the cursor, which enters it; else it
 * is reported and skipped. *_next() is true while there is an entry; the
 * caller then reads or skips its value. The key is in y->key.
 */
bool yaml_map(struct yaml *y, const char *what);
bool yaml_map_next(struct yaml *y, struct mark *at);
bool yaml_seq(struct yaml *y, const char *what);
bool yaml_seq_next(struct yaml *y);
bool yaml_is_seq(const struct yaml *y);
bool yaml_is_map(const struct yaml *y);

/* file.c */

struct file_prefixes {
	struct simseg_prefix *list;
	struct mark *marks;
	size_t n, room;
};

struct file_peer {
	char name[SIMSEG_NAME_MAX + 1];
	struct mark at;
	struct file_prefixes prefixes;
};

/* Rules with the place of the peer set that each one names. */
struct file_rules {
	struct seg_rule *list;
	struct mark *marks;
	size_t n, room, marks_room;
	bool full;
};

struct file_policy {
	char name[SIMSEG_NAME_MAX + 1];
	struct mark at;
	bool observe;
	struct file_rules rules;
};

/* What is wished of an interface or a pattern. */
struct iface_wish {
	char name[SIMSEG_IFNAME_MAX + 1];
	uint8_t side, mode, forward;
};

/* Rules that a device has of its own. */
struct file_own {
	uint32_t place; /* of the device in the roster */
	const struct seg_rule *rules;
	const struct mark *marks;
	size_t n;
};

struct file_interface {
	struct iface_wish wish;
	struct mark at;
};

/* A quarantine that is to be restored. */
struct file_hold {
	char iccid[SEG_ICCID_LEN];
	struct mark at;
	const char *actor, *reason; /* as it was; or NULL */
	struct file_prefixes allow;
	uint64_t left;	/* ns that were left when it was saved; 0: no deadline */
	uint64_t until; /* wall clock, s since 1970; 0: no deadline */
};

/* A prefix of a peer set that goes by itself. */
struct file_timed {
	char peer[SIMSEG_NAME_MAX + 1];
	struct mark at;
	struct simseg_prefix prefix;
	uint64_t left, until; /* as of a quarantine */
};

/* A grant that is to be restored. */
struct file_grant {
	char iccid[SEG_ICCID_LEN];
	struct mark at;
	struct file_rules rules; /* one */
	const char *ifname, *actor, *ticket, *reason;
	uint64_t left, until; /* as of a quarantine */
};

struct arena;

struct file {
	struct diags diags;
	struct arena *arena;
	bool strict; /* a bad check digit is an error */
	struct file_prefixes pools, failsafe;
	struct file_peer *peers;
	struct file_policy *policies;
	struct roster devices; /* but for rules of their own: */
	struct file_own *own;  /* in the order of devices */
	struct file_interface *interfaces;
	struct file_hold *holds;
	struct file_timed *timed;
	struct file_grant *grants;
	size_t n_peers, n_policies, n_own, n_interfaces, n_holds, n_timed, n_grants;
	size_t peers_room, policies_room, own_room, interfaces_room, holds_room, timed_room,
		grants_room;
	struct mark at_state; /* of the first key that only a saved state has; or line 0 */
	uint64_t saved;	      /* wall clock, s since 1970; 0: not a saved state */
	bool has_devices;     /* the key is there, be it empty */
	bool has_setting[SEG_SETTINGS];
	uint32_t setting[SEG_SETTINGS];
};

/* Never NULL; usable if diags.errors is 0, and so is source->err. */
struct file *file_read_source(struct source *source, bool strict);
struct file *file_read(const char *text, size_t len, bool strict);
void file_free(struct file *f);
void *file_alloc(struct file *f, size_t size);
const char *file_strdup(struct file *f, const char *text);
/* "; did you mean 'x'?", or "", from words that are @stride bytes apart. */
const char *file_near(char *buf, size_t size, const char *word, const void *words, size_t n,
		      size_t stride);

/* What a map may hold; the number of a key, or -1 (reported, value skipped). */
int file_key(struct yaml *y, const char *const *keys, size_t n, uint32_t *seen, struct mark at);

/* file_prefix.c */

/* True for one of all IPv6 addresses, which would let IPv4 in as well. */
bool prefix_spans_v4(const struct simseg_prefix *prefix);
/* False, and reported, unless @text is a good prefix. */
bool file_prefix(struct diags *d, const char *text, struct mark at, struct simseg_prefix *prefix);
/* A list of prefixes, at most @max. */
void file_prefixes(struct yaml *y, const char *what, size_t max, struct file_prefixes *to);
/* Reports each prefix that is there twice. */
void file_prefixes_unique(struct diags *d, const struct file_prefixes *p);
void file_prefixes_free(struct file_prefixes *p);

/* file_rule.c */

/* A list of rules of one direction, at most @max in all of @to. */
void file_rules(struct file *f, struct yaml *y, enum simseg_dir dir, size_t max,
		struct file_rules *to);
void file_rules_free(struct file_rules *r);

/* file_device.c */

/* The name or pattern of an interface at the cursor as long as it is; or NULL, and reported. */
const char *file_ifname(struct file *f, struct yaml *y, struct mark *at);
/* The device at @place of the roster with all that it has; the place of the next. */
uint32_t file_device(const struct file *f, uint32_t place, struct roster_device *to);
/* Its own rules; NULL: it has none. */
const struct file_own *file_own(const struct file *f, uint32_t place);

void file_devices(struct file *f, struct yaml *y);

/* file_load.c */

/* "-" is standard input; @state: a saved state may be. NULL, and everything that is wrong has been said. */
struct file *file_load(const char *name, bool strict, bool state);

/* file_send.c */

/* The pieces of an upload that has begun; devices only with @devices. */
int file_send(struct seg_handle *h, const struct file *f, bool devices);

/* diff.c */

enum diff_kind {
	DIFF_POOL,
	DIFF_FAILSAFE,
	DIFF_SETTING,
	DIFF_PEERS,
	DIFF_POLICY,
	DIFF_DEVICE,
	DIFF_KINDS
};

/*
 * @op: '+' only the new one has it, '-' only the old one, '~' it differs. @name: of
 * the setting, peer set, policy or device, or NULL; @detail: what of it, or NULL: all.
 */
typedef void (*diff_cb)(char op, enum diff_kind kind, const char *name, const char *detail,
			void *arg);
void diff_files(const struct file *old, const struct file *new, diff_cb cb, void *arg);
const char *diff_kind_name(enum diff_kind kind);

/* file_state.c: what only a saved state has */

void file_saved(struct file *f, struct yaml *y);
void file_holds(struct file *f, struct yaml *y);
void file_timed(struct file *f, struct yaml *y);
void file_grants(struct file *f, struct yaml *y);
void file_state_free(struct file *f);

/*
 * file_check.c: what can be told only when all is read. What a saved state has of
 * policies, peer sets and pools may have gone before it was saved.
 */

void file_check(struct file *f);
/* Says that something at @at is there twice. */
void file_clash(struct diags *d, struct mark at, const struct roster_clash *clash);

#endif /* _SEGCTL_FILE_H */
