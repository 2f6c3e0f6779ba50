/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * segctl: the private map of the tool
 */
#ifndef _SEGCTL_H
#define _SEGCTL_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json.h>

#include "libseg.h"
#include "text.h"

enum {
	EXIT_DONE = 0,
	EXIT_USAGE = 1,	  /* usage, or a bad file */
	EXIT_REFUSED = 2, /* by the kernel */
	EXIT_PART = 3,	  /* done in part, or paths are left open */
	EXIT_NONE = 4,	  /* no such thing */
	EXIT_MODULE = 5,  /* the module is not loaded */
};

/* One run: what was asked for globally, and the handle. */
struct ctl {
	struct seg_handle *h;
	const char *netns;
	const char *actor;
	const char *verb;
	bool json;
	bool color;
	bool parts; /* one of several changes: save_kept() waits for the last */
};

struct cmd {
	const char *name;
	int (*run)(struct ctl *c, int argc, char **argv);
	const char *args;
	const char *help;
	const char *more; /* for --help; or NULL */
};

/* ctl.c */

/* Open the handle; EXIT_DONE, or the code to exit with (it has been said why). */
int ctl_open(struct ctl *c);
/* For a dry run, which needs no actor: false if the module cannot be asked (it has been said). */
bool ctl_dry(struct ctl *c);
/* As ctl_open(), for a verb that takes neither options nor operands. */
int ctl_open_bare(struct ctl *c, int argc, char **argv);
/* Who does it, by what is nearest to the person; @buf if it is a number. */
const char *ctl_actor_name(const struct ctl *c, char buf[32]);
/* The same, for the kernel; done by ctl_open(). */
int ctl_actor(struct ctl *c);
/* Say what went wrong in a library call; the code to exit with. */
int ctl_fail(struct ctl *c, int err, const char *what);
/* The code to exit with after a library call failed. */
int ctl_code(int err);
/* Say what is wrong with the command line; EXIT_USAGE. */
int ctl_usage(struct ctl *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void ctl_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* opt.c */

#define OPT_LIST_MAX 64

struct opt_list {
	const char *list[OPT_LIST_MAX];
	size_t n;
};

struct opt {
	const char *name; /* "--reason"; or a word as "dev" */
	enum {
		OPT_FLAG,
		OPT_VALUE,
		OPT_LIST
	} kind;
	void *to; /* bool, const char * or struct opt_list */
};

/* True if an option of any verb takes a value. */
bool opt_takes_value(const char *arg);
/*
 * Take the options out of @argv, leaving the operands, at least @min and at
 * most @max (-1: any number); their number, or -1 (it has been said why).
 */
int opt_parse(struct ctl *c, int argc, char **argv, const struct opt *opts, int min, int max);
/* A prefix from the command line; false if it is none (it has been said). */
bool opt_prefix(struct ctl *c, const char *text, struct simseg_prefix *prefix);
/* An ICCID; a bad check digit is a warning, or refused with @strict. */
bool opt_iccid(struct ctl *c, const char *text, char iccid[SEG_ICCID_LEN], bool strict);
/* Nanoseconds of "90s", "15m", "2h", "1d" or "1h30m"; false if it is none (it has been said). */
/* A number from 1 to @max, with K, M, G or T behind it; @name is for the complaint. */
bool opt_size(struct ctl *c, const char *name, const char *text, uint64_t max, uint64_t *bytes);
bool opt_duration(struct ctl *c, const char *text, uint64_t *ns);

/* out.c */

struct table;

/* Columns are named by one string, separated by blanks; '>' before a name: to the right. */
struct table *table_new(const char *columns);
/* The next cell; a NULL is shown as "-". What is not printable is escaped. */
void table_cell(struct table *t, const char *text);
void table_num(struct table *t, uint64_t value);
/*
 * Prints it, and frees it; nothing, not even the head, if there is no row. Of more
 * than a thousand rows those are out already: print nothing else in between.
 */
void table_end(struct table *t);

/* Text to the terminal, escaped. */
void out_text(const char *text);
const char *out_red(const struct ctl *c);
const char *out_green(const struct ctl *c);
const char *out_plain(const struct ctl *c);
/* Nanoseconds as "1.234 ms", "12s", "3m04s", "2h03m", "5d01h". */
char *out_time(uint64_t ns, char buf[32]);
/* CLOCK_REALTIME as UTC, ISO 8601. */
char *out_clock(uint64_t ns, char buf[48]);
char *out_hex(const uint8_t *data, size_t n, char *buf);
char *out_endpoint(const uint8_t addr[16], uint16_t port, bool ports, char *buf, size_t size);

/* JSON: objects that are printed at once, in an array or alone. */
void js_str(struct json_object *o, const char *key, const char *text);
void js_num(struct json_object *o, const char *key, uint64_t value);
void js_bool(struct json_object *o, const char *key, bool value);
struct json_object *js_prefixes(const struct simseg_prefix *p, size_t n);
void js_print(struct json_object *o); /* and frees it */
struct js_list {
	bool some;
};
void js_list_begin(struct js_list *l);
void js_list_add(struct js_list *l, struct json_object *o); /* and frees it */
void js_list_end(struct js_list *l);

/* A command line of segctl, quoted for a shell. */
struct line {
	char *text;
	size_t len, room;
};
void line_begin(struct line *l, const struct ctl *c, const char *verb);
void line_add(struct line *l, const char *word);
void line_add_opt(struct line *l, const char *opt, const char *value); /* not if NULL */
void line_add_prefix(struct line *l, const struct simseg_prefix *prefix);
/* Another command behind this one. */
void line_and(struct line *l, const struct ctl *c, const char *verb);
void line_free(struct line *l);

/*
 * A change is done: its sentence and how to undo it; in JSON @o, which is
 * freed, with both. @undo may be NULL: then @none says why nothing undoes it.
 */
void out_done(struct ctl *c, struct json_object *o, const struct line *undo, const char *none,
	      const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void js_receipt(struct json_object *o, const struct seg_receipt *r);
/* The last line of a change: how to undo it, or with @undo NULL @none, why not. */
void out_undo(const struct line *undo, const char *none);

/* rule.c */

char *rule_text(const struct seg_rule *r, char *buf, size_t size);
struct json_object *rule_json(const struct seg_rule *r);

/* lookup.c: devices by what people call them */

/* A device that outlives the callback. */
struct dev {
	struct seg_device d; /* its pointers are its own */
	struct seg_binding *bindings;
	struct simseg_prefix *allow;
};

struct devs {
	struct dev *list;
	size_t n, room;
};

void devs_add(struct devs *s, const struct seg_device *d);
void devs_free(struct devs *s);
/*
 * The devices that an ICCID, address or asset id names: EXIT_DONE and at least
 * one in @found, or EXIT_NONE and near matches have been printed (not with
 * @quiet), or another code.
 */
int lookup(struct ctl *c, const char *text, struct devs *found, bool quiet);
/* Exactly one; more are listed, and EXIT_USAGE. */
int lookup_one(struct ctl *c, const char *text, struct devs *found);
/* Of a list, whose one option is --device: the handle, and that device if it is given. */
int lookup_option(struct ctl *c, int argc, char **argv, struct devs *found);
/* The device of that ICCID; EXIT_NONE with near matches. */
int lookup_iccid(struct ctl *c, const char *iccid, struct devs *found);
/* Say which names of policies or peer sets are near. */
int lookup_name_fail(struct ctl *c, int err, const char *name, bool policy);

/* target.c: the devices that a command for many is about */

struct target {
	char *text;  /* what names it */
	size_t line; /* of the list; 0: an operand */
	size_t dev;  /* its device in the array; NO_DEV: an ICCID that is not known */
	char iccid[SEG_ICCID_LEN];
};

#define NO_DEV SIZE_MAX

struct targets {
	struct target *list; /* each device once */
	size_t n, room;
	struct devs devs;
};

/* How they are named: operands, or "-" for a list on standard input, or a policy. */
struct target_opts {
	char **words;
	size_t n;
	const char *policy;
	bool quarantined; /* of a policy, those that are quarantined */
	bool unknown;	  /* an ICCID that is not known will do */
};

/* All of them, or a code to exit with: each that is not there has been named. */
int targets_get(struct ctl *c, const struct target_opts *o, struct targets *t);
void targets_free(struct targets *t);
/* For the library; to be freed. */
const char **targets_iccids(const struct targets *t);
/* NULL: it is not known. */
const struct seg_device *target_device(const struct targets *t, size_t i);
/* Say what the kernel refused, and for which of them; the code to exit with. */
int targets_refused(struct ctl *c, const struct targets *t, int err);
/* What would be done to them, with @verb, in place of doing it. */
int targets_preview(struct ctl *c, const struct targets *t, const char *verb);

/* proof.c: what a receipt cannot know */

struct proof;

/* Looks below IP, after the receipt; with @flush empties the queues there. */
struct proof *proof_get(struct ctl *c, const struct targets *t, const struct seg_receipt *r,
			bool flush);
void proof_print(const struct ctl *c, const struct proof *p);
void proof_json(struct json_object *o, const struct proof *p);
/* EXIT_PART if a path is left open, or not all could be looked at. */
int proof_code(const struct proof *p);
void proof_free(struct proof *p);

/* device.c */

struct table *devices_table(void);
void devices_row(struct table *t, const struct seg_device *d);
struct json_object *device_json(const struct seg_device *d);

/* device_load.c, device_dump.c: many devices, as CSV */
int device_load(struct ctl *c, int argc, char **argv);
int device_dump(struct ctl *c, int argc, char **argv);

/* grant.c */

/* Print the grants of a device, or add them to @o (JSON); EXIT_DONE or a code. */
int grants_show(struct ctl *c, const char *iccid, struct json_object *o);

/* attach.c */

struct iface_wish;

/* Does an interface with XDP like this lack what its mode wishes? */
bool attach_missing(uint8_t mode, const struct seg_xdp_info *xdp);
/* Attach XDP where the mode of an interface that fits @pattern (NULL: all) wishes it. */
int attach_wishes(struct ctl *c, const char *pattern);
/* Detach it from all of them; the number of those, or -errno. */
int detach_wishes(struct ctl *c, const char *pattern);
/* Do as wished, and attach; with @list say it there. */
int attach_iface(struct ctl *c, const struct iface_wish *wish, struct json_object *list);

/* log.c */

struct json_object *change_json(const struct seg_change *ch);
/* A line for people. */
void change_print(const struct seg_change *ch);

/* apply.c */

struct file;
/* The ruleset, devices and interfaces of a saved state, with the handle open. */
int apply_restored(struct ctl *c, const struct file *f, const char *name);

/* state.c */

/*
 * The state in force as a ruleset file, with @whole also what only a saved state
 * has; NULL if the format cannot say it all. To be freed.
 */
char *state_text(struct ctl *c, const struct seg_status *st, bool whole, size_t *len);
/* Without devices and what only a saved state has; to be freed. */
char *state_ruleset(struct ctl *c, const struct seg_status *st, size_t *len);
/* The state, read; to be freed with file_free(). */
struct file *state_file(struct ctl *c);

/* save.c */

/* Writes @name in the directory @dir: whole, or it is as it was before; 0 or -errno. */
int save_at(int dir, const char *name, const char *text, size_t len);
/* After a change: where the state is kept over a reboot, keep it as it is now. */
void save_kept(struct ctl *c);

/* undo.c */

/* The state in force as a file of its own; NULL if it cannot be kept. To be freed. */
char *save_state(struct ctl *c);

/* The verbs, each in the file of its noun. */
int cmd_status(struct ctl *c, int argc, char **argv);
int cmd_apply(struct ctl *c, int argc, char **argv);
int cmd_diff(struct ctl *c, int argc, char **argv);
int cmd_confirm(struct ctl *c, int argc, char **argv);
int cmd_revert(struct ctl *c, int argc, char **argv);
int cmd_save(struct ctl *c, int argc, char **argv);
int cmd_restore(struct ctl *c, int argc, char **argv);
int cmd_flush(struct ctl *c, int argc, char **argv);
int cmd_disarm(struct ctl *c, int argc, char **argv);
int cmd_arm(struct ctl *c, int argc, char **argv);
int cmd_device(struct ctl *c, int argc, char **argv);
int cmd_find(struct ctl *c, int argc, char **argv);
int cmd_bind(struct ctl *c, int argc, char **argv);
int cmd_unbind(struct ctl *c, int argc, char **argv);
int cmd_quarantine(struct ctl *c, int argc, char **argv);
int cmd_release(struct ctl *c, int argc, char **argv);
int cmd_grant(struct ctl *c, int argc, char **argv);
int cmd_revoke(struct ctl *c, int argc, char **argv);
int cmd_policy(struct ctl *c, int argc, char **argv);
int cmd_peer(struct ctl *c, int argc, char **argv);
int cmd_session(struct ctl *c, int argc, char **argv);
#ifdef SEG_WITH_AUDIT
int cmd_audit(struct ctl *c, int argc, char **argv);
int cmd_records(struct ctl *c, int argc, char **argv);
int cmd_hold(struct ctl *c, int argc, char **argv);
int cmd_unhold(struct ctl *c, int argc, char **argv);
#endif
int cmd_stats(struct ctl *c, int argc, char **argv);
int cmd_monitor(struct ctl *c, int argc, char **argv);
int cmd_log(struct ctl *c, int argc, char **argv);
int cmd_explain(struct ctl *c, int argc, char **argv);
int cmd_attach(struct ctl *c, int argc, char **argv);
int cmd_detach(struct ctl *c, int argc, char **argv);
#ifdef SEG_WITH_AUDIT
int cmd_agent(struct ctl *c, int argc, char **argv);
#endif

#endif /* _SEGCTL_H */
