// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices in the ruleset file
 */
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "text.h"

enum {
	KEY_ICCID,
	KEY_POLICY,
	KEY_ADDR,
	KEY_DEV,
	KEY_ASSET,
	KEY_OUT,
	KEY_IN,
	KEY_MAX
};

/* A device while it is read, and then the next one. */
struct draft {
	struct seg_device dev; /* what it points to is below */
	struct file_rules rules;
	struct mark at_dev;
	char iccid[SEG_ICCID_LEN];
	char policy[SIMSEG_NAME_MAX + 1]; /* the last one that was good */
	char asset[SIMSEG_ASSET_MAX + 1];
	char dev_name[SIMSEG_IFNAME_MAX + 1];
	struct roster_marks marks;
	struct seg_binding bindings[SIMSEG_BINDINGS_MAX];
	/* of one address, where it has its own */
	char dev_names[SIMSEG_BINDINGS_MAX][SIMSEG_IFNAME_MAX + 1];
};

static void draft_iccid(struct file *f, struct yaml *y, struct draft *dr)
{
	const char *text = yaml_scalar(y, "an ICCID", &dr->marks.iccid);
	struct mark at = dr->marks.iccid;

	if (!text)
		return;
	if (seg_iccid_parse(text, dr->iccid)) {
		diag_error(&f->diags, at, "bad ICCID '%s': 18 to 20 digits", text);
		return;
	}
	if (seg_iccid_luhn(dr->iccid))
		return;
	(f->strict ? diag_error : diag_warning)(&f->diags, at,
						"the check digit of ICCID %s is wrong", dr->iccid);
}

static void draft_policy(struct file *f, struct yaml *y, struct draft *dr)
{
	const char *text = yaml_scalar(y, "the name of a policy", &dr->marks.policy);

	/* mostly it is the policy of the device before */
	if (text && (!strcmp(text, dr->policy) || seg_name_valid(text))) {
		dr->dev.policy = strcpy(dr->policy, text);
		return;
	}
	if (text)
		diag_error(&f->diags, dr->marks.policy, "bad name of a policy '%s'", text);
	dr->marks.policy.column = 0; /* it has been told */
}

static void draft_asset(struct file *f, struct yaml *y, struct draft *dr)
{
	struct mark at;
	const char *text = yaml_scalar(y, "an asset id", &at);

	if (text && seg_text_valid(text, SIMSEG_ASSET_MAX))
		dr->dev.asset = strcpy(dr->asset, text);
	else if (text)
		diag_error(&f->diags, at,
			   "bad asset id '%s': up to %d bytes, no control characters", text,
			   SIMSEG_ASSET_MAX);
}

const char *file_ifname(struct file *f, struct yaml *y, struct mark *at)
{
	const char *text = yaml_scalar(y, "an interface", at);

	if (text && seg_ifname_valid(text, 1))
		return text;
	if (text)
		diag_error(&f->diags, *at, "bad name of an interface '%s'", text);
	return NULL;
}

/* One address, as the text at the cursor. */
static void draft_one_addr(struct file *f, struct yaml *y, struct draft *dr)
{
	struct simseg_prefix prefix;
	struct mark at;
	const char *text = yaml_scalar(y, "an address or prefix", &at);
	size_t n = dr->dev.n_bindings;

	if (!text || !file_prefix(&f->diags, text, at, &prefix))
		return;
	if (n == SIMSEG_BINDINGS_MAX) {
		diag_error(&f->diags, at, "more than %d prefixes", SIMSEG_BINDINGS_MAX);
		return;
	}
	dr->bindings[n] = (struct seg_binding){ .prefix = prefix };
	dr->marks.bindings[n] = at;
	dr->dev.n_bindings = n + 1;
}

/* One that arrives elsewhere than the others: { addr: A, dev: IF }. */
static void draft_addr_on(struct file *f, struct yaml *y, struct draft *dr)
{
	static const char *const keys[] = { "addr", "dev" };
	struct mark at, start = yaml_mark(y);
	char dev[SIMSEG_IFNAME_MAX + 1] = "";
	size_t n = dr->dev.n_bindings;
	const char *text;
	uint32_t seen = 0;

	if (!yaml_map(y, "an address, or a mapping with addr and dev"))
		return;
	while (yaml_map_next(y, &at)) {
		switch (file_key(y, keys, 2, &seen, at)) {
		case 0:
			draft_one_addr(f, y, dr);
			break;
		case 1:
			text = file_ifname(f, y, &at);
			strcpy(dev, text ? text : "");
			break;
		}
	}
	if (seen != 3)
		diag_error(&f->diags, start,
			   "an address with its own interface needs addr and dev");
	if (*dev && dr->dev.n_bindings > n)
		dr->bindings[n].ifname = strcpy(dr->dev_names[n], dev);
}

static void draft_addr(struct file *f, struct yaml *y, struct draft *dr)
{
	if (!yaml_is_seq(y)) {
		draft_one_addr(f, y, dr);
		return;
	}
	if (!yaml_seq(y, ""))
		return;
	while (yaml_seq_next(y)) {
		if (yaml_is_map(y))
			draft_addr_on(f, y, dr);
		else
			draft_one_addr(f, y, dr);
	}
}

static void *file_dup(struct file *f, const void *from, size_t size)
{
	return memcpy(file_alloc(f, size), from, size);
}

/* Few devices have rules of their own: those of the others take no room. */
static void draft_own(struct file *f, const struct draft *dr, uint32_t place)
{
	const struct file_rules *r = &dr->rules;

	grow(&f->own, &f->own_room, f->n_own, sizeof(*f->own));
	f->own[f->n_own++] = (struct file_own){
		.place = place,
		.rules = file_dup(f, r->list, r->n * sizeof(*r->list)),
		.marks = file_dup(f, r->marks, r->n * sizeof(*r->marks)),
		.n = r->n,
	};
}

static void draft_emit(struct file *f, struct draft *dr, struct mark start)
{
	uint32_t place = f->devices.len;
	size_t i;

	dr->dev.iccid = dr->iccid;
	dr->dev.bindings = dr->bindings;
	for (i = 0; i < dr->dev.n_bindings && *dr->dev_name; i++)
		if (!dr->bindings[i].ifname)
			dr->bindings[i].ifname = dr->dev_name;
	if (!roster_add(&f->devices, &dr->dev, &dr->marks, start.line, 0))
		diag_error(&f->diags, start, "too many: 4 GB of devices are possible");
	else if (dr->rules.n)
		draft_own(f, dr, place);
}

static int own_cmp(const void *key, const void *element)
{
	uint32_t a = *(const uint32_t *)key, b = ((const struct file_own *)element)->place;

	return a < b ? -1 : a > b;
}

const struct file_own *file_own(const struct file *f, uint32_t place)
{
	return f->n_own ? bsearch(&place, f->own, f->n_own, sizeof(*f->own), own_cmp) : NULL;
}

uint32_t file_device(const struct file *f, uint32_t place, struct roster_device *to)
{
	const struct file_own *own = file_own(f, place);
	uint32_t next = roster_get(&f->devices, place, to);

	if (own) {
		to->dev.rules = own->rules;
		to->dev.n_rules = own->n;
	}
	return next;
}

static void draft_key(struct file *f, struct yaml *y, struct draft *dr, int key)
{
	const char *text;

	switch (key) {
	case KEY_ICCID:
		draft_iccid(f, y, dr);
		break;
	case KEY_POLICY:
		draft_policy(f, y, dr);
		break;
	case KEY_ADDR:
		draft_addr(f, y, dr);
		break;
	case KEY_DEV:
		text = file_ifname(f, y, &dr->at_dev);
		strcpy(dr->dev_name, text ? text : "");
		break;
	case KEY_ASSET:
		draft_asset(f, y, dr);
		break;
	case KEY_OUT:
		file_rules(f, y, SIMSEG_DIR_OUT, SIMSEG_OWN_RULES_MAX, &dr->rules);
		break;
	case KEY_IN:
		file_rules(f, y, SIMSEG_DIR_IN, SIMSEG_OWN_RULES_MAX, &dr->rules);
		break;
	}
}

static void draft_begin(struct draft *dr, struct mark start)
{
	dr->dev = (struct seg_device){ 0 };
	dr->rules = (struct file_rules){ 0 };
	dr->iccid[0] = '\0';
	dr->dev_name[0] = '\0';
	dr->marks.iccid = start;
	dr->marks.policy = start;
}

static void read_device(struct file *f, struct yaml *y, struct draft *dr)
{
	static const char *const keys[KEY_MAX] = {
		"iccid", "policy", "addr", "dev", "asset", "out", "in",
	};
	struct mark at, start = yaml_mark(y);
	uint32_t seen = 0;

	if (!yaml_map(y, "a device, a mapping"))
		return;
	draft_begin(dr, start);
	while (yaml_map_next(y, &at))
		draft_key(f, y, dr, file_key(y, keys, KEY_MAX, &seen, at));
	if (!(seen & (1U << KEY_ICCID)))
		diag_error(&f->diags, start, "a device needs an iccid");
	if ((seen & (1U << KEY_DEV)) && !(seen & (1U << KEY_ADDR)))
		diag_error(&f->diags, dr->at_dev, "dev needs addr: it says where addresses arrive");
	draft_emit(f, dr, start);
	file_rules_free(&dr->rules);
}

void file_devices(struct file *f, struct yaml *y)
{
	struct draft dr = { 0 };

	if (!yaml_seq(y, "a list of devices ([] for none)"))
		return;
	f->has_devices = true;
	while (yaml_seq_next(y))
		read_device(f, y, &dr);
}
