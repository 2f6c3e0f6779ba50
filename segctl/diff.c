// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What differs between two ruleset files: one of them the state in force
 *
 * Lists are compared as sets of texts, devices by their ICCID.
 */
#include "file.h"
#include "segctl.h"

/* Texts of one list, sorted. */
struct words {
	char **list;
	size_t n, room;
};

struct diff {
	diff_cb cb;
	void *arg;
};

static void words_add(struct words *w, const char *text)
{
	grow(&w->list, &w->room, w->n, sizeof(*w->list));
	w->list[w->n++] = xstrdup(text);
}

static int word_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void words_sort(struct words *w)
{
	if (w->n)
		qsort(w->list, w->n, sizeof(*w->list), word_cmp);
}

static void words_free(struct words *w)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		free(w->list[i]);
	free(w->list);
}

/* Tells what only one of them has, and frees both; how many differ. */
static size_t words_diff(const struct diff *d, struct words *old, struct words *new,
			 enum diff_kind kind, const char *name)
{
	size_t i = 0, j = 0, n = 0;
	int order;

	words_sort(old);
	words_sort(new);
	while (i < old->n || j < new->n) {
		order = i == old->n ? 1 : j == new->n ? -1 : strcmp(old->list[i], new->list[j]);
		if (order < 0)
			d->cb('-', kind, name, old->list[i], d->arg);
		else if (order > 0)
			d->cb('+', kind, name, new->list[j], d->arg);
		n += order != 0;
		i += order <= 0;
		j += order >= 0;
	}
	words_free(old);
	words_free(new);
	return n;
}

static void prefix_words(struct words *w, const struct file_prefixes *p)
{
	char buf[SEG_PREFIX_LEN];
	size_t i;

	for (i = 0; i < p->n; i++)
		words_add(w, seg_prefix_print(&p->list[i], buf));
}

static void rule_words(struct words *w, const struct seg_rule *rules, size_t n)
{
	char text[4096];
	char *line;
	size_t i;

	for (i = 0; i < n; i++) {
		rule_text(&rules[i], text, sizeof(text));
		line = xprintf("%s%s%s", text, rules[i].label ? ", label " : "",
			       rules[i].label ? rules[i].label : "");
		words_add(w, line);
		free(line);
	}
}

static void prefixes_diff(const struct diff *d, const struct file_prefixes *old,
			  const struct file_prefixes *new, enum diff_kind kind, const char *name)
{
	struct words a = { 0 }, b = { 0 };

	prefix_words(&a, old);
	prefix_words(&b, new);
	words_diff(d, &a, &b, kind, name);
}

static size_t rules_diff(const struct diff *d, const struct seg_rule *old, size_t n_old,
			 const struct seg_rule *new, size_t n_new, enum diff_kind kind,
			 const char *name)
{
	struct words a = { 0 }, b = { 0 };

	rule_words(&a, old, n_old);
	rule_words(&b, new, n_new);
	return words_diff(d, &a, &b, kind, name);
}

static void settings_diff(const struct diff *d, const struct file *old, const struct file *new)
{
	uint32_t was, is;
	unsigned int i;
	char *text;

	for (i = 0; i < SEG_SETTINGS; i++) {
		if (!seg_setting_name(i))
			continue;
		was = old->has_setting[i] ? old->setting[i] : seg_setting_default(i);
		is = new->has_setting[i] ? new->setting[i] : seg_setting_default(i);
		if (was == is)
			continue;
		text = xprintf("%u -> %u", was, is);
		d->cb('~', DIFF_SETTING, seg_setting_name(i), text, d->arg);
		free(text);
	}
}

static const struct file_peer *peer_of(const struct file *f, const char *name)
{
	size_t i;

	for (i = 0; i < f->n_peers; i++)
		if (!strcmp(f->peers[i].name, name))
			return &f->peers[i];
	return NULL;
}

static void peers_diff(const struct diff *d, const struct file *old, const struct file *new)
{
	const struct file_prefixes none = { 0 };
	const struct file_peer *other;
	size_t i;

	for (i = 0; i < old->n_peers; i++) {
		other = peer_of(new, old->peers[i].name);
		if (other)
			prefixes_diff(d, &old->peers[i].prefixes, &other->prefixes, DIFF_PEERS,
				      other->name);
		else
			d->cb('-', DIFF_PEERS, old->peers[i].name, NULL, d->arg);
	}
	for (i = 0; i < new->n_peers; i++) {
		if (peer_of(old, new->peers[i].name))
			continue;
		d->cb('+', DIFF_PEERS, new->peers[i].name, NULL, d->arg);
		prefixes_diff(d, &none, &new->peers[i].prefixes, DIFF_PEERS, new->peers[i].name);
	}
}

static const struct file_policy *policy_of(const struct file *f, const char *name)
{
	size_t i;

	for (i = 0; i < f->n_policies; i++)
		if (!strcmp(f->policies[i].name, name))
			return &f->policies[i];
	return NULL;
}

static void policy_diff(const struct diff *d, const struct file_policy *old,
			const struct file_policy *new)
{
	if (old->observe != new->observe)
		d->cb('~', DIFF_POLICY, new->name,
		      new->observe ? "only observes: denies nothing" : "observes no longer: denies",
		      d->arg);
	rules_diff(d, old->rules.list, old->rules.n, new->rules.list, new->rules.n, DIFF_POLICY,
		   new->name);
}

static void policies_diff(const struct diff *d, const struct file *old, const struct file *new)
{
	const struct file_policy none = { 0 }, *other;
	size_t i;

	for (i = 0; i < old->n_policies; i++) {
		other = policy_of(new, old->policies[i].name);
		if (other)
			policy_diff(d, &old->policies[i], other);
		else
			d->cb('-', DIFF_POLICY, old->policies[i].name, NULL, d->arg);
	}
	for (i = 0; i < new->n_policies; i++) {
		if (policy_of(old, new->policies[i].name))
			continue;
		d->cb('+', DIFF_POLICY, new->policies[i].name, NULL, d->arg);
		policy_diff(d, &none, &new->policies[i]);
	}
}

static void text_diff(const struct diff *d, const char *iccid, const char *what, const char *old,
		      const char *new)
{
	char *text;

	if (!strcmp(old ? old : "", new ? new : ""))
		return;
	text = xprintf("%s %s -> %s", what, old ? old : "none", new ? new : "none");
	d->cb('~', DIFF_DEVICE, iccid, text, d->arg);
	free(text);
}

static void binding_words(struct words *w, const struct seg_device *dev)
{
	char buf[SEG_PREFIX_LEN];
	char *line;
	size_t i;

	for (i = 0; i < dev->n_bindings; i++) {
		line = xprintf("%s%s%s", seg_prefix_print(&dev->bindings[i].prefix, buf),
			       dev->bindings[i].ifname ? " dev " : "",
			       dev->bindings[i].ifname ? dev->bindings[i].ifname : "");
		words_add(w, line);
		free(line);
	}
}

static void device_diff(const struct diff *d, const struct seg_device *old,
			const struct seg_device *new)
{
	struct words a = { 0 }, b = { 0 };

	text_diff(d, new->iccid, "policy", old->policy, new->policy);
	text_diff(d, new->iccid, "asset", old->asset, new->asset);
	binding_words(&a, old);
	binding_words(&b, new);
	words_diff(d, &a, &b, DIFF_DEVICE, new->iccid);
	rules_diff(d, old->rules, old->n_rules, new->rules, new->n_rules, DIFF_DEVICE, new->iccid);
}

static void devices_diff(const struct diff *d, const struct file *old, const struct file *new)
{
	uint32_t *a = roster_sort(&old->devices), *b = roster_sort(&new->devices);
	struct roster_device was, is;
	size_t i = 0, j = 0;
	int order;

	while (i < old->devices.n || j < new->devices.n) {
		order = i == old->devices.n ? 1 :
			j == new->devices.n ? -1 :
					      roster_cmp(&old->devices, a[i], &new->devices, b[j]);
		if (order <= 0)
			file_device(old, a[i++], &was);
		if (order >= 0)
			file_device(new, b[j++], &is);
		if (order < 0)
			d->cb('-', DIFF_DEVICE, was.iccid, NULL, d->arg);
		else if (order > 0)
			d->cb('+', DIFF_DEVICE, is.iccid, NULL, d->arg);
		else
			device_diff(d, &was.dev, &is.dev);
	}
	free(a);
	free(b);
}

const char *diff_kind_name(enum diff_kind kind)
{
	static const char *const names[DIFF_KINDS] = {
		"pool", "failsafe", "setting", "peers", "policy", "device",
	};

	return names[kind];
}

void diff_files(const struct file *old, const struct file *new, diff_cb cb, void *arg)
{
	const struct diff d = { .cb = cb, .arg = arg };

	prefixes_diff(&d, &old->pools, &new->pools, DIFF_POOL, NULL);
	prefixes_diff(&d, &old->failsafe, &new->failsafe, DIFF_FAILSAFE, NULL);
	settings_diff(&d, old, new);
	peers_diff(&d, old, new);
	policies_diff(&d, old, new);
	if (new->has_devices)
		devices_diff(&d, old, new);
}
