/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state in force on its way into the text of a file
 */
#ifndef _SEGCTL_STATE_H
#define _SEGCTL_STATE_H

#include "roster.h"
#include "segctl.h"

struct file;

/* state.c */

struct save {
	FILE *out;  /* writes to: */
	char *text; /* to be freed */
	size_t len, room;
	uint8_t dir;   /* of the rules that are wanted */
	bool failsafe; /* the half of the pools that is wanted */
	size_t n;      /* written of the list under way */
	bool scan;     /* only look at the rules: */
	uint8_t first, last;
	size_t total, turns;
};

/* In double quotes, as YAML has them. */
void save_quoted(FILE *out, const char *text);
void save_prefixes(FILE *out, const struct simseg_prefix *p, size_t n, size_t before);
/* When it ends: by what is left and by the clock on the wall; the earlier will win. */
void save_deadline(FILE *out, uint64_t left, const char *before, const char *after);
/* The rules of a policy, or of a device: once to look, once a direction to write. */
int save_all_rules(struct ctl *c, struct save *s, const char *policy, const char *iccid);

/* state_device.c */

/*
 * All devices: what each has in little memory, and beside that those of which there
 * is more to say, having rules of their own or being quarantined.
 */
struct registry {
	struct roster roster;
	uint32_t last; /* the place of the latest one */
	struct devs apart;
	uint32_t *places; /* of these in the roster, ascending */
	size_t places_room;
	struct devs unknown; /* only held in advance: not in the roster */
	bool full;
};

void registry_init(struct registry *r);
void registry_free(struct registry *r);
/* A device as libseg hands it out; @arg is the registry. */
int registry_add(const struct seg_device *d, void *arg);
int registry_read(struct ctl *c, struct registry *r);
/* The section of a file: all of them; or only those with rules of their own. */
int save_devices(struct ctl *c, struct save *s, const struct registry *r);
int save_own(struct ctl *c, struct save *s, const struct registry *r);
void save_holds(struct save *s, const struct registry *r);
/* @f has read what save_own() wrote: from now on it has all devices, and @r none. */
void registry_move(struct registry *r, struct file *f);

#endif /* _SEGCTL_STATE_H */
