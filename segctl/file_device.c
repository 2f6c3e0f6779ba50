// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices in the ruleset file
 */
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

/* A device while it is read. */
struct draft {
	struct mark at, at_policy, at_dev;
	bool no_policy;
	char iccid[SEG_ICCID_LEN];
	const char *policy, *asset, *dev;
	struct file_prefixes addrs;
	const char *devs[SIMSEG_BINDINGS_MAX]; /* of one address, where it has its own */
	struct file_rules rules;
};

static void draft_iccid(struct file *f, struct yaml *y, struct draft *dr)
{
	const char *text = yaml_scalar(y, "an ICCID", &dr->at);

	if (!text)
		return;
	if (seg_iccid_parse(text, dr->iccid)) {
		diag_error(&f->diags, dr->at, "bad ICCID '%s': 18 to 20 digits", text);
		return;
	}
	if (seg_iccid_luhn(dr->iccid))
		return;
	if (f->strict)
		diag_error(&f->diags, dr->at, "the check digit of ICCID %s is wrong", dr->iccid);
	else
		diag_warning(&f->diags, dr->at, "the check digit of ICCID %s is wrong", dr->iccid);
}

static void draft_policy(struct file *f, struct yaml *y, struct draft *dr)
{
	const char *text = yaml_scalar(y, "the name of a policy", &dr->at_policy);

	if (text && seg_name_valid(text))
		dr->policy = file_strdup(f, text);
	else if (text)
		diag_error(&f->diags, dr->at_policy, "bad name of a policy '%s'", text);
}

static void draft_asset(struct file *f, struct yaml *y, struct draft *dr)
{
	struct mark at;
	const char *text = yaml_scalar(y, "an asset id", &at);

	if (text && seg_text_valid(text, SIMSEG_ASSET_MAX))
		dr->asset = file_strdup(f, text);
	else if (text)
		diag_error(&f->diags, at,
			   "bad asset id '%s': up to %d bytes, no control characters", text,
			   SIMSEG_ASSET_MAX);
}

const char *file_ifname(struct file *f, struct yaml *y, struct mark *at)
{
	const char *text = yaml_scalar(y, "an interface", at);

	if (text && seg_ifname_valid(text, 1))
		return file_strdup(f, text);
	if (text)
		diag_error(&f->diags, *at, "bad name of an interface '%s'", text);
	return NULL;
}

/* One address, as the text at the cursor. */
static void draft_one_addr(struct file *f, struct yaml *y, struct draft *dr)
{
	size_t marks_room = dr->addrs.room;
	struct simseg_prefix prefix;
	struct mark at;
	const char *text = yaml_scalar(y, "an address or prefix", &at);

	if (!text || !file_prefix(&f->diags, text, at, &prefix))
		return;
	if (dr->addrs.n == SIMSEG_BINDINGS_MAX) {
		diag_error(&f->diags, at, "more than %d prefixes", SIMSEG_BINDINGS_MAX);
		return;
	}
	grow(&dr->addrs.list, &dr->addrs.room, dr->addrs.n, sizeof(*dr->addrs.list));
	grow(&dr->addrs.marks, &marks_room, dr->addrs.n, sizeof(*dr->addrs.marks));
	dr->addrs.list[dr->addrs.n] = prefix;
	dr->addrs.marks[dr->addrs.n++] = at;
}

/* One that arrives elsewhere than the others: { addr: A, dev: IF }. */
static void draft_addr_on(struct file *f, struct yaml *y, struct draft *dr)
{
	static const char *const keys[] = { "addr", "dev" };
	struct mark at, start = yaml_mark(y);
	const char *dev = NULL;
	size_t n = dr->addrs.n;
	uint32_t seen = 0;

	if (!yaml_map(y, "an address, or a mapping with addr and dev"))
		return;
	while (yaml_map_next(y, &at)) {
		switch (file_key(y, keys, 2, &seen, at)) {
		case 0:
			draft_one_addr(f, y, dr);
			break;
		case 1:
			dev = file_ifname(f, y, &at);
			break;
		}
	}
	if (seen != 3)
		diag_error(&f->diags, start,
			   "an address with its own interface needs addr and dev");
	if (dr->addrs.n > n)
		dr->devs[n] = dev;
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
	return size ? memcpy(file_alloc(f, size), from, size) : NULL;
}

static void draft_emit(struct file *f, struct draft *dr)
{
	struct file_device *d;
	struct seg_binding *bindings;
	size_t i, n = dr->addrs.n;

	grow(&f->devices, &f->devices_room, f->n_devices, sizeof(*f->devices));
	d = memset(&f->devices[f->n_devices++], 0, sizeof(*d));
	d->at = dr->at;
	d->at_policy = dr->at_policy;
	d->no_policy = dr->no_policy;
	d->dev.iccid = file_strdup(f, dr->iccid);
	d->dev.policy = dr->policy;
	d->dev.asset = dr->asset;
	bindings = file_alloc(f, (n ? n : 1) * sizeof(*bindings));
	for (i = 0; i < n; i++)
		bindings[i] = (struct seg_binding){
			.prefix = dr->addrs.list[i],
			.ifname = dr->devs[i] ? dr->devs[i] : dr->dev,
		};
	d->dev.bindings = bindings;
	d->dev.n_bindings = n;
	d->binding_marks = file_dup(f, dr->addrs.marks, n * sizeof(*dr->addrs.marks));
	d->dev.n_rules = dr->rules.n;
	d->dev.rules = file_dup(f, dr->rules.list, dr->rules.n * sizeof(*dr->rules.list));
	d->rule_marks = file_dup(f, dr->rules.marks, dr->rules.n * sizeof(*dr->rules.marks));
}

static void draft_key(struct file *f, struct yaml *y, struct draft *dr, int key)
{
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
		dr->dev = file_ifname(f, y, &dr->at_dev);
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

static void file_device(struct file *f, struct yaml *y)
{
	static const char *const keys[KEY_MAX] = {
		"iccid", "policy", "addr", "dev", "asset", "out", "in",
	};
	struct draft dr = { .at = yaml_mark(y) };
	struct mark at, start = dr.at;
	uint32_t seen = 0;

	if (!yaml_map(y, "a device, a mapping"))
		return;
	while (yaml_map_next(y, &at))
		draft_key(f, y, &dr, file_key(y, keys, KEY_MAX, &seen, at));
	if (!(seen & (1U << KEY_ICCID)))
		diag_error(&f->diags, start, "a device needs an iccid");
	if (!(seen & (1U << KEY_POLICY))) {
		dr.no_policy = true;
		dr.at_policy = start;
	}
	if ((seen & (1U << KEY_DEV)) && !(seen & (1U << KEY_ADDR)))
		diag_error(&f->diags, dr.at_dev, "dev needs addr: it says where addresses arrive");
	draft_emit(f, &dr);
	file_prefixes_free(&dr.addrs);
	file_rules_free(&dr.rules);
}

void file_devices(struct file *f, struct yaml *y)
{
	if (!yaml_seq(y, "a list of devices ([] for none)"))
		return;
	f->has_devices = true;
	while (yaml_seq_next(y))
		file_device(f, y);
}
