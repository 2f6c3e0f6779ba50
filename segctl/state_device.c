// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The devices of the state in force
 */
#include "file.h"
#include "state.h"

void registry_init(struct registry *r)
{
	memset(r, 0, sizeof(*r));
	/* for its names, of which there may be any number; places it has none */
	roster_init_marked(&r->roster);
}

void registry_free(struct registry *r)
{
	roster_free(&r->roster);
	devs_free(&r->apart);
	devs_free(&r->unknown);
	free(r->places);
	registry_init(r);
}

/* There is more to say of the latest one. */
static void apart_add(struct registry *r, const struct seg_device *d)
{
	grow(&r->places, &r->places_room, r->apart.n, sizeof(*r->places));
	r->places[r->apart.n] = r->last;
	devs_add(&r->apart, d);
}

/* Rules of the latest one; its first message may have had room for none. */
static void add_part(struct registry *r, const struct seg_device *d)
{
	struct roster_device last;

	if (!r->roster.n)
		return;
	if (!r->apart.n || r->places[r->apart.n - 1] != r->last) {
		roster_get(&r->roster, r->last, &last);
		last.dev.state = SIMSEG_STATE_ACTIVE;
		apart_add(r, &last.dev);
	}
	devs_add(&r->apart, d);
}

int registry_add(const struct seg_device *d, void *arg)
{
	static const struct roster_marks nowhere;
	struct registry *r = arg;

	if (d->part) {
		add_part(r, d);
		return 0;
	}
	if (d->state == SIMSEG_STATE_UNKNOWN) {
		devs_add(&r->unknown, d);
		return 0;
	}
	r->last = r->roster.len;
	if (!roster_add(&r->roster, d, &nowhere, 0, 0))
		r->full = true;
	if (d->n_rules || d->state != SIMSEG_STATE_ACTIVE)
		apart_add(r, d);
	return 0;
}

static void registry_again(void *arg)
{
	registry_free(arg);
}

int registry_read(struct ctl *c, struct registry *r)
{
	int err = seg_device_stream(c->h, registry_add, registry_again, r);

	return !err && r->full ? -EOPNOTSUPP : err;
}

static int place_cmp(const void *key, const void *element)
{
	uint32_t a = *(const uint32_t *)key, b = *(const uint32_t *)element;

	return a < b ? -1 : a > b;
}

/* How many rules of its own the device at @place has. */
static size_t own_rules(const struct registry *r, uint32_t place)
{
	const uint32_t *at =
		r->apart.n ? bsearch(&place, r->places, r->apart.n, sizeof(*r->places), place_cmp) :
			     NULL;

	return at ? r->apart.list[at - r->places].d.n_rules : 0;
}

/* The interface on which all of its addresses arrive; NULL: each has its own, or none. */
static const char *one_dev(const struct seg_device *d)
{
	const char *dev = d->n_bindings ? d->bindings[0].ifname : NULL;
	size_t i;

	for (i = 1; i < d->n_bindings && dev; i++)
		if (!d->bindings[i].ifname || strcmp(dev, d->bindings[i].ifname))
			return NULL;
	return dev;
}

static void save_addrs(FILE *out, const struct seg_device *d, bool devs)
{
	char buf[SEG_PREFIX_LEN];
	size_t i;

	fputs("    addr: [", out);
	for (i = 0; i < d->n_bindings; i++) {
		seg_prefix_print(&d->bindings[i].prefix, buf);
		if (devs && d->bindings[i].ifname)
			fprintf(out, "%s{ addr: \"%s\", dev: \"%s\" }", i ? ", " : "", buf,
				d->bindings[i].ifname);
		else
			fprintf(out, "%s\"%s\"", i ? ", " : "", buf);
	}
	fputs("]\n", out);
}

static int save_device(struct ctl *c, struct save *s, const struct seg_device *d, bool rules)
{
	const char *dev = one_dev(d);

	fprintf(s->out, "  - iccid: \"%s\"\n", d->iccid);
	if (d->policy)
		fprintf(s->out, "    policy: \"%s\"\n", d->policy);
	if (d->asset) {
		fputs("    asset: ", s->out);
		save_quoted(s->out, d->asset);
		fputc('\n', s->out);
	}
	if (d->n_bindings)
		save_addrs(s->out, d, !dev);
	if (dev)
		fprintf(s->out, "    dev: \"%s\"\n", dev);
	return rules ? save_all_rules(c, s, NULL, d->iccid) : 0;
}

/* In the order of ICCIDs: the one in which devices came is no part of the state. */
int save_devices(struct ctl *c, struct save *s, const struct registry *r)
{
	uint32_t *places = roster_sort(&r->roster);
	struct roster_device d;
	int err = 0;
	size_t i;

	fputs(r->roster.n ? "devices:\n" : "devices: []\n", s->out);
	for (i = 0; i < r->roster.n && !err; i++) {
		roster_get(&r->roster, places[i], &d);
		err = save_device(c, s, &d.dev, own_rules(r, places[i]));
	}
	free(places);
	return err;
}

int save_own(struct ctl *c, struct save *s, const struct registry *r)
{
	size_t i, n = 0;
	int err = 0;

	fputs("devices:", s->out);
	for (i = 0; i < r->apart.n && !err; i++) {
		if (!r->apart.list[i].d.n_rules)
			continue;
		fputs(n++ ? "" : "\n", s->out);
		err = save_device(c, s, &r->apart.list[i].d, true);
	}
	fputs(n ? "" : " []\n", s->out);
	return err;
}

static void save_hold(FILE *out, const struct seg_device *d)
{
	fprintf(out, "  - { iccid: \"%s\"", d->iccid);
	if (d->actor) {
		fputs(", actor: ", out);
		save_quoted(out, d->actor);
	}
	if (d->reason) {
		fputs(", reason: ", out);
		save_quoted(out, d->reason);
	}
	if (d->n_allow) {
		fputs(", allow: [", out);
		save_prefixes(out, d->allow, d->n_allow, 0);
		fputc(']', out);
	}
	if (d->duration)
		save_deadline(out, d->duration, ", ", "");
	fputs(" }\n", out);
}

static int by_iccid(const void *a, const void *b)
{
	const struct seg_device *const *x = a, *const *y = b;

	return strcmp((*x)->iccid, (*y)->iccid);
}

void save_holds(struct save *s, const struct registry *r)
{
	const struct seg_device **held = xcalloc(r->apart.n + r->unknown.n, sizeof(*held));
	size_t i, n = 0;

	for (i = 0; i < r->apart.n; i++)
		if (r->apart.list[i].d.state != SIMSEG_STATE_ACTIVE)
			held[n++] = &r->apart.list[i].d;
	for (i = 0; i < r->unknown.n; i++)
		held[n++] = &r->unknown.list[i].d;
	if (n) {
		qsort(held, n, sizeof(*held), by_iccid);
		fputs("quarantine:\n", s->out);
	}
	for (i = 0; i < n; i++)
		save_hold(s->out, held[i]);
	free(held);
}

void registry_move(struct registry *r, struct file *f)
{
	struct roster_device d;
	size_t i = 0, n;

	/* in the order in which save_own() wrote them; one may have lost its rules since */
	for (n = 0; n < f->n_own; n++, i++) {
		roster_get(&f->devices, f->own[n].place, &d);
		while (i < r->apart.n && strcmp(r->apart.list[i].d.iccid, d.iccid))
			i++;
		if (i == r->apart.n)
			break;
		f->own[n].place = r->places[i];
	}
	f->n_own = n;
	roster_free(&f->devices);
	roster_move(&f->devices, &r->roster);
	registry_free(r);
}
