// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What can be told only when the whole file is read: names without an owner,
 * two owners of one thing, addresses outside every pool
 *
 * Duplicates are found by sorting, those of devices in the tables of their roster.
 */
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "text.h"

/* A thing that may be there once, and where it is. */
struct item {
	const char *name;
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

/* What devices are measured by, and what was found about the one before. */
struct measure {
	const struct item *policies, *peers;
	const char *policy; /* its policy, which is known; a roster has each name once */
	bool lengths[129];  /* of prefixes, which are in use */
	unsigned int n_lengths;
};

static void check_device_policy(struct file *f, struct measure *m, const char *policy,
				uint32_t place)
{
	struct roster_marks marks;
	char near[64];

	if (policy && (policy == m->policy || name_known(policy, m->policies, f->n_policies))) {
		m->policy = policy;
		return;
	}
	roster_marks(&f->devices, place, &marks);
	if (policy)
		diag_error(&f->diags, marks.policy, "unknown policy '%s'%s", policy,
			   file_near(near, sizeof(near), policy,
				     f->n_policies ? f->policies[0].name : NULL, f->n_policies,
				     sizeof(*f->policies)));
	else if (marks.policy.column)
		diag_error(&f->diags, marks.policy, "a device needs a policy");
}

static void check_device_names(struct file *f, struct measure *m, const struct seg_device *d,
			       uint32_t place)
{
	const struct file_own *own = d->n_rules ? file_own(f, place) : NULL;

	if (own)
		check_rules(f, m->peers, own->rules, own->marks, own->n);
	check_device_policy(f, m, d->policy, place);
}

static void check_interfaces(struct file *f)
{
	struct item *items = xcalloc(f->n_interfaces, sizeof(*items));
	size_t i;

	for (i = 0; i < f->n_interfaces; i++)
		items[i] = (struct item){ .name = f->interfaces[i].wish.name,
					  .at = f->interfaces[i].at };
	names_unique(f, items, f->n_interfaces, "interface");
	if (f->n_interfaces > SIMSEG_IFACES_MAX)
		diag_error(&f->diags, f->interfaces[SIMSEG_IFACES_MAX].at,
			   "more than %u interfaces", SIMSEG_IFACES_MAX);
	free(items);
}

static bool in_pool(const struct file *f, const struct simseg_prefix *prefix)
{
	size_t i;

	for (i = 0; i < f->pools.n; i++)
		if (seg_prefix_contains(&f->pools.list[i], prefix))
			return true;
	return false;
}

/* The kernel looks an address up once for each length that is in use. */
static bool one_length_too_many(struct measure *m, const struct simseg_prefix *prefix)
{
	if (m->lengths[prefix->plen])
		return false;
	m->lengths[prefix->plen] = true;
	return ++m->n_lengths == SIMSEG_PLENS_MAX + 1;
}

static void check_device_addr(struct file *f, struct measure *m, uint32_t place, size_t i,
			      const struct simseg_prefix *prefix)
{
	bool outside = !was_in_force(f) && !in_pool(f, prefix);
	bool length = one_length_too_many(m, prefix);
	struct roster_marks marks;
	char buf[SEG_PREFIX_LEN];

	if (!outside && !length)
		return;
	roster_marks(&f->devices, place, &marks);
	if (outside)
		diag_error(&f->diags, marks.bindings[i], "%s lies in no pool",
			   seg_prefix_print(prefix, buf));
	if (length)
		diag_error(&f->diags, marks.bindings[i],
			   "more than %u different prefix lengths in addresses of devices",
			   SIMSEG_PLENS_MAX);
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

static void report_clash(void *arg, const struct roster_clash *clash)
{
	file_clash(arg, clash->mark, clash);
}

static void check_devices(struct file *f, struct measure *m)
{
	struct roster_device d;
	uint32_t place = 0, next;
	size_t i, j;

	for (i = 0; i < f->devices.n; i++, place = next) {
		next = file_device(f, place, &d);
		if (!was_in_force(f))
			check_device_names(f, m, &d.dev, place);
		for (j = 0; j < d.dev.n_bindings; j++)
			check_device_addr(f, m, place, j, &d.bindings[j].prefix);
	}
	roster_check(&f->devices, report_clash, &f->diags);
}

void file_check(struct file *f)
{
	struct item *policies = check_policies(f), *peers = check_peers(f);
	struct measure m = { .policies = policies, .peers = peers };
	size_t i;

	for (i = 0; i < f->n_policies; i++)
		check_rules(f, peers, f->policies[i].rules.list, f->policies[i].rules.marks,
			    f->policies[i].rules.n);
	check_devices(f, &m);
	check_interfaces(f);
	free(policies);
	free(peers);
}
