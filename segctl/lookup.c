// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices by what people call them: ICCID, address or asset id
 */
#include "segctl.h"

#define NEAR_MAX 5

static char *dup_or_null(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

void devs_add(struct devs *s, const struct seg_device *d)
{
	struct dev *dev;
	size_t i;

	if (d->part) {
		if (s->n && !strcmp(s->list[s->n - 1].d.iccid, d->iccid))
			s->list[s->n - 1].d.n_rules += d->n_rules;
		return;
	}
	grow(&s->list, &s->room, s->n, sizeof(*s->list));
	dev = &s->list[s->n++];
	dev->d = *d;
	dev->d.iccid = xstrdup(d->iccid);
	dev->d.policy = dup_or_null(d->policy);
	dev->d.asset = dup_or_null(d->asset);
	dev->d.reason = dup_or_null(d->reason);
	dev->d.actor = dup_or_null(d->actor);
	dev->d.rules = NULL; /* n_rules stays: how many there are */
	dev->bindings = xcalloc(d->n_bindings, sizeof(*dev->bindings));
	for (i = 0; i < d->n_bindings; i++) {
		dev->bindings[i] = d->bindings[i];
		dev->bindings[i].ifname = dup_or_null(d->bindings[i].ifname);
	}
	dev->d.bindings = dev->bindings;
	dev->allow = xcalloc(d->n_allow, sizeof(*dev->allow));
	if (d->n_allow)
		memcpy(dev->allow, d->allow, d->n_allow * sizeof(*dev->allow));
	dev->d.allow = dev->allow;
}

void devs_free(struct devs *s)
{
	size_t i, j;

	for (i = 0; i < s->n; i++) {
		struct dev *dev = &s->list[i];

		for (j = 0; j < dev->d.n_bindings; j++)
			free((char *)dev->bindings[j].ifname);
		free(dev->bindings);
		free(dev->allow);
		free((char *)dev->d.iccid);
		free((char *)dev->d.policy);
		free((char *)dev->d.asset);
		free((char *)dev->d.reason);
		free((char *)dev->d.actor);
	}
	free(s->list);
	memset(s, 0, sizeof(*s));
}

/* Words that are near to another, the nearest first. */
struct near {
	const char *word;
	size_t slip;
	struct {
		char text[72];
		size_t distance;
	} list[NEAR_MAX];
	size_t n;
};

static void near_try(struct near *near, const char *candidate)
{
	size_t i, distance = text_distance(near->word, candidate, near->slip);

	if (distance > near->slip || strlen(candidate) >= sizeof(near->list[0].text))
		return;
	for (i = near->n; i > 0 && near->list[i - 1].distance > distance; i--)
		if (i < NEAR_MAX)
			near->list[i] = near->list[i - 1];
	if (i == NEAR_MAX)
		return;
	strcpy(near->list[i].text, candidate);
	near->list[i].distance = distance;
	if (near->n < NEAR_MAX)
		near->n++;
}

static void near_begin(struct near *near, const char *word)
{
	memset(near, 0, sizeof(*near));
	near->word = word;
	near->slip = text_slip(word);
}

static int near_say(const struct near *near, const char *what)
{
	size_t i;

	ctl_warn("no %s '%s'%s", what, near->word, near->n ? "; near:" : "");
	for (i = 0; i < near->n; i++)
		ctl_warn("  %s", near->list[i].text);
	return EXIT_NONE;
}

static int found_add(const struct seg_device *d, void *arg)
{
	devs_add(arg, d);
	return 0;
}

struct scan {
	const char *asset;
	struct devs *found;
	struct near near;
};

static int scan_device(const struct seg_device *d, void *arg)
{
	struct scan *scan = arg;

	if (d->part) {
		devs_add(scan->found, d);
		return 0;
	}
	if (d->asset && !strcmp(d->asset, scan->asset)) {
		devs_add(scan->found, d);
		return 0;
	}
	if (d->asset)
		near_try(&scan->near, d->asset);
	near_try(&scan->near, d->iccid);
	return 0;
}

static void scan_again(void *arg)
{
	struct scan *scan = arg;

	devs_free(scan->found);
	near_begin(&scan->near, scan->asset);
}

/* Through all devices: by asset id, and what is near if there is none. */
static int lookup_scan(struct ctl *c, const char *text, struct devs *found, bool quiet)
{
	struct scan scan = { .asset = text, .found = found };
	int err;

	near_begin(&scan.near, text);
	err = seg_device_stream(c->h, scan_device, scan_again, &scan);
	if (err && err != -EAGAIN)
		return ctl_fail(c, err, NULL);
	if (found->n)
		return EXIT_DONE;
	return quiet ? EXIT_NONE : near_say(&scan.near, "device");
}

int lookup(struct ctl *c, const char *text, struct devs *found, bool quiet)
{
	struct simseg_prefix prefix;
	char iccid[SEG_ICCID_LEN];
	int err = -ENOENT;

	if (!seg_iccid_parse(text, iccid))
		err = seg_device_get(c->h, iccid, found_add, found);
	else if (!seg_prefix_parse(text, &prefix))
		err = seg_device_get_by_prefix(c->h, &prefix, found_add, found);
	if (err && err != -ENOENT)
		return ctl_fail(c, err, NULL);
	return found->n ? EXIT_DONE : lookup_scan(c, text, found, quiet);
}

int lookup_one(struct ctl *c, const char *text, struct devs *found)
{
	struct table *t;
	size_t i;
	int ret;

	ret = lookup(c, text, found, false);
	if (ret || found->n == 1)
		return ret;
	ctl_warn("'%s' names %zu devices; nothing was done. Say which, by ICCID:", text, found->n);
	fflush(stderr);
	t = devices_table();
	for (i = 0; i < found->n; i++)
		devices_row(t, &found->list[i].d);
	table_end(t);
	return EXIT_USAGE;
}

int lookup_option(struct ctl *c, int argc, char **argv, struct devs *found)
{
	const char *device = NULL;
	const struct opt opts[] = { { "--device", OPT_VALUE, &device }, { 0 } };
	int ret;

	if (opt_parse(c, argc, argv, opts, 0, 0) < 0)
		return EXIT_USAGE;
	ret = ctl_open(c);
	return ret || !device ? ret : lookup_one(c, device, found);
}

int lookup_iccid(struct ctl *c, const char *iccid, struct devs *found)
{
	int err = seg_device_get(c->h, iccid, found_add, found);

	if (err == -ENOENT) {
		err = lookup_scan(c, iccid, found, false);
		/* an asset id of only digits is not what was asked for */
		return err ? err : EXIT_NONE;
	}
	return err ? ctl_fail(c, err, NULL) : EXIT_DONE;
}

static int near_policy(const struct seg_policy *p, void *arg)
{
	near_try(arg, p->name);
	return 0;
}

static int near_peer(const struct seg_peer *p, void *arg)
{
	near_try(arg, p->name);
	return 0;
}

int lookup_name_fail(struct ctl *c, int err, const char *name, bool policy)
{
	struct near near;

	if (err != -ENOENT)
		return ctl_fail(c, err, name);
	near_begin(&near, name);
	if (policy)
		seg_policy_list(c->h, near_policy, &near);
	else
		seg_peer_list(c->h, near_peer, &near);
	return near_say(&near, policy ? "policy" : "peer set");
}
