// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What can be told only when the whole file is read: names without an owner,
 * two owners of one thing, addresses outside every pool
 *
 * Duplicates are found by sorting: no file, however made, takes longer.
 */
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "text.h"

/* A thing that may be there once, and where it is. */
struct item {
	const char *name;
	const struct simseg_prefix *prefix;
	struct mark at;
};

static int mark_cmp(struct mark a, struct mark b)
{
	if (a.line != b.line)
		return a.line < b.line ? -1 : 1;
	return a.column < b.column ? -1 : a.column > b.column;
}

static int name_cmp(const void *va, const void *vb)
{
	const struct item *a = va, *b = vb;
	int diff = strcmp(a->name, b->name);

	return diff ? diff : mark_cmp(a->at, b->at);
}

static int prefix_cmp(const void *va, const void *vb)
{
	const struct item *a = va, *b = vb;
	int diff = seg_prefix_cmp(a->prefix, b->prefix);

	return diff ? diff : mark_cmp(a->at, b->at);
}

static void names_unique(struct file *f, struct item *items, size_t n, const char *what)
{
	size_t i;

	if (n < 2)
		return;
	qsort(items, n, sizeof(*items), name_cmp);
	for (i = 1; i < n; i++)
		if (*items[i].name && !strcmp(items[i].name, items[i - 1].name))
			diag_error(&f->diags, items[i].at, "duplicate %s '%s', first in line %u",
				   what, items[i].name, items[i - 1].at.line);
}

static int word_cmp(const void *key, const void *element)
{
	return strcmp(key, ((const struct item *)element)->name);
}

static bool name_known(const char *name, const struct item *items, size_t n)
{
	return n && bsearch(name, items, n, sizeof(*items), word_cmp);
}

/* Of a state that was in force: the kernel had let it be. */
static bool was_in_force(const struct file *f)
{
	return f->at_state.line;
}

/* The names of peer sets, sorted; to be freed. */
static struct item *check_peers(struct file *f)
{
	struct item *items = xcalloc(f->n_peers, sizeof(*items));
	size_t i;

	for (i = 0; i < f->n_peers; i++)
		items[i] = (struct item){ .name = f->peers[i].name, .at = f->peers[i].at };
	names_unique(f, items, f->n_peers, "peer set");
	return items;
}

static struct item *check_policies(struct file *f)
{
	struct item *items = xcalloc(f->n_policies, sizeof(*items));
	size_t i;

	for (i = 0; i < f->n_policies; i++)
		items[i] = (struct item){ .name = f->policies[i].name, .at = f->policies[i].at };
	names_unique(f, items, f->n_policies, "policy");
	return items;
}

static void check_rules(struct file *f, const struct item *peers, const struct seg_rule *rules,
			const struct mark *marks, size_t n)
{
	char near[64];
	size_t i;

	for (i = 0; i < n; i++) {
		/* rules that one entry made by its ports share one place */
		if (!rules[i].peer || (i && !mark_cmp(marks[i], marks[i - 1])) ||
		    name_known(rules[i].peer, peers, f->n_peers))
			continue;
		diag_error(&f->diags, marks[i], "unknown peer set '%s'%s", rules[i].peer,
			   file_near(near, sizeof(near), rules[i].peer,
				     f->n_peers ? f->peers[0].name : NULL, f->n_peers,
				     sizeof(*f->peers)));
	}
}

static void check_device_names(struct file *f, const struct file_device *d,
			       const struct item *policies, const struct item *peers)
{
	char near[64];

	check_rules(f, peers, d->dev.rules, d->rule_marks, d->dev.n_rules);
	if (d->no_policy)
		diag_error(&f->diags, d->at_policy, "a device needs a policy");
	else if (d->dev.policy && !name_known(d->dev.policy, policies, f->n_policies))
		diag_error(&f->diags, d->at_policy, "unknown policy '%s'%s", d->dev.policy,
			   file_near(near, sizeof(near), d->dev.policy,
				     f->n_policies ? f->policies[0].name : NULL, f->n_policies,
				     sizeof(*f->policies)));
}

static void check_names(struct file *f)
{
	struct item *policies = check_policies(f), *peers = check_peers(f);
	size_t i;

	for (i = 0; i < f->n_policies; i++)
		check_rules(f, peers, f->policies[i].rules.list, f->policies[i].rules.marks,
			    f->policies[i].rules.n);
	for (i = 0; i < f->n_devices && !was_in_force(f); i++)
		check_device_names(f, &f->devices[i], policies, peers);
	free(policies);
	free(peers);
}

static void check_iccids(struct file *f)
{
	struct item *items = xcalloc(f->n_devices, sizeof(*items));
	size_t i;

	for (i = 0; i < f->n_devices; i++)
		items[i] = (struct item){ .name = f->devices[i].dev.iccid, .at = f->devices[i].at };
	names_unique(f, items, f->n_devices, "ICCID");
	free(items);
}

static void check_interfaces(struct file *f)
{
	struct item *items = xcalloc(f->n_interfaces, sizeof(*items));
	size_t i;

	for (i = 0; i < f->n_interfaces; i++)
		items[i] =
			(struct item){ .name = f->interfaces[i].name, .at = f->interfaces[i].at };
	names_unique(f, items, f->n_interfaces, "interface");
	if (f->n_interfaces > SIMSEG_IFACES_MAX)
		diag_error(&f->diags, f->interfaces[SIMSEG_IFACES_MAX].at,
			   "more than %u interfaces", SIMSEG_IFACES_MAX);
	free(items);
}

static void check_in_pool(struct file *f, const struct simseg_prefix *prefix, struct mark at)
{
	char buf[SEG_PREFIX_LEN];
	size_t i;

	for (i = 0; i < f->pools.n; i++)
		if (seg_prefix_contains(&f->pools.list[i], prefix))
			return;
	diag_error(&f->diags, at, "%s lies in no pool", seg_prefix_print(prefix, buf));
}

/* The kernel looks an address up once for each length that is in use. */
static void check_lengths(struct file *f, const struct item *items, size_t n)
{
	bool seen[129] = { false };
	unsigned int lengths = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (seen[items[i].prefix->plen])
			continue;
		seen[items[i].prefix->plen] = true;
		if (++lengths == SIMSEG_PLENS_MAX + 1)
			diag_error(&f->diags, items[i].at,
				   "more than %u different prefix lengths in addresses of devices",
				   SIMSEG_PLENS_MAX);
	}
}

static void check_addresses(struct file *f)
{
	char buf[SEG_PREFIX_LEN];
	struct item *items;
	size_t i, j, n = 0;

	for (i = 0; i < f->n_devices; i++)
		n += f->devices[i].dev.n_bindings;
	items = xcalloc(n, sizeof(*items));
	for (i = 0, n = 0; i < f->n_devices; i++)
		for (j = 0; j < f->devices[i].dev.n_bindings; j++, n++) {
			items[n].prefix = &f->devices[i].dev.bindings[j].prefix;
			items[n].at = f->devices[i].binding_marks[j];
			if (!was_in_force(f))
				check_in_pool(f, items[n].prefix, items[n].at);
		}
	check_lengths(f, items, n);
	if (n)
		qsort(items, n, sizeof(*items), prefix_cmp);
	for (i = 1; i < n; i++)
		if (!seg_prefix_cmp(items[i].prefix, items[i - 1].prefix))
			diag_error(&f->diags, items[i].at, "duplicate address %s, first in line %u",
				   seg_prefix_print(items[i].prefix, buf), items[i - 1].at.line);
	free(items);
}

void file_clash(struct diags *d, struct mark at, const struct roster_clash *clash)
{
	char buf[SEG_PREFIX_LEN];

	if (clash->what == ROSTER_ICCID)
		diag_error(d, at, "duplicate ICCID '%s', first in line %u", clash->iccid,
			   clash->first);
	else
		diag_error(d, at, "duplicate address %s, first in line %u",
			   seg_prefix_print(&clash->addr, buf), clash->first);
}

void file_check(struct file *f)
{
	check_names(f);
	check_iccids(f);
	check_addresses(f);
	check_interfaces(f);
}
