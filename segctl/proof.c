// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel's receipt of a quarantine cannot know: which paths lead past
 * simseg, and what lies in queues below it, which nobody recalls. It is read
 * after the receipt, on every interface that has a side or that a binding of
 * one of the devices names.
 */
#include "segctl.h"

struct spot {
	char name[SIMSEG_IFNAME_MAX + 1];
	char qdisc[16];
	uint32_t ifindex;
	uint32_t bytes, packets; /* what waits there after all was done, */
	uint32_t flushed;	 /* and bytes that were thrown away before */
	uint32_t xdp_id;	 /* of a program, anybody's; 0: none */
	bool sim, ingress, wiped;
};

struct proof {
	struct ctl *c;
	const struct targets *t;
	struct spot *spots;
	size_t n, room;
	char **open; /* sentences */
	size_t n_open, open_room;
	bool failed;
};

static void open_add(struct proof *p, char *sentence)
{
	grow(&p->open, &p->open_room, p->n_open, sizeof(*p->open));
	p->open[p->n_open++] = sentence;
}

static struct spot *spot_find(struct proof *p, uint32_t ifindex)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->spots[i].ifindex == ifindex)
			return &p->spots[i];
	return NULL;
}

static struct spot *spot_add(struct proof *p, const char *name, uint32_t ifindex)
{
	struct spot *spot = spot_find(p, ifindex);

	if (spot)
		return spot;
	grow(&p->spots, &p->room, p->n, sizeof(*p->spots));
	spot = memset(&p->spots[p->n++], 0, sizeof(*spot));
	spot->ifindex = ifindex;
	snprintf(spot->name, sizeof(spot->name), "%s", name);
	return spot;
}

static int side_seen(const struct seg_iface *i, void *arg)
{
	struct proof *p = arg;

	if (i->ifindex && i->side != SIMSEG_SIDE_NONE)
		spot_add(p, i->ifname, i->ifindex)->sim = i->side == SIMSEG_SIDE_SIM;
	return 0;
}

/* Is there a device whose address has to arrive there? */
static bool is_bound(const struct targets *t, const char *ifname)
{
	const char *last = NULL, *pattern;
	size_t i, j;

	for (i = 0; i < t->devs.n; i++) {
		const struct dev *dev = &t->devs.list[i];

		for (j = 0; j < dev->d.n_bindings; j++) {
			pattern = dev->bindings[j].ifname;
			/* thousands of devices are bound by the same few patterns */
			if (!pattern || (last && !strcmp(pattern, last)))
				continue;
			last = pattern;
			if (seg_ifname_match(pattern, ifname))
				return true;
		}
	}
	return false;
}

static int link_seen(const struct seg_link *link, void *arg)
{
	struct proof *p = arg;
	struct spot *spot = spot_find(p, link->ifindex);

	if (!spot && is_bound(p->t, link->ifname)) {
		spot = spot_add(p, link->ifname, link->ifindex);
		spot->sim = true;
	}
	if (!spot)
		return 0;
	snprintf(spot->qdisc, sizeof(spot->qdisc), "%s", link->qdisc ? link->qdisc : "");
	spot->bytes = link->bytes;
	spot->packets = link->packets;
	spot->ingress = link->ingress;
	spot->xdp_id = link->xdp_id;
	return 0;
}

static void links_read(struct proof *p)
{
	if (!seg_link_list(p->c->h, link_seen, p))
		return;
	ctl_warn("what lies below IP could not be read: %s", seg_strerror(p->c->h));
	p->failed = true;
}

static bool spot_queues(const struct spot *spot)
{
	return *spot->qdisc && strcmp(spot->qdisc, "noqueue");
}

static void spots_flush(struct proof *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		struct spot *spot = &p->spots[i];

		if (!spot_queues(spot))
			continue;
		if (seg_link_flush(p->c->h, spot->name)) {
			ctl_warn("the queues of %s could not be emptied: %s", spot->name,
				 seg_strerror(p->c->h));
			p->failed = true;
			continue;
		}
		spot->flushed = spot->bytes;
		spot->wiped = true;
	}
	links_read(p);
}

static bool is_foreign(struct proof *p, const struct spot *spot)
{
	struct seg_xdp_info xdp;

	return spot->xdp_id && (seg_xdp_query(p->c->h, spot->name, &xdp) || !xdp.attached);
}

static void paths_find(struct proof *p, const struct seg_receipt *r)
{
	struct seg_status st;
	size_t i;

	if (seg_status_get(p->c->h, &st)) {
		ctl_warn("status: %s", seg_strerror(p->c->h));
		p->failed = true;
	} else if (!st.armed) {
		open_add(p, xprintf("simseg is disarmed: nothing is judged"));
	}
	if (r->hardware)
		open_add(p, xprintf("%u flows were in hardware, which goes on until the driver "
				    "has taken them out",
				    r->hardware));
	for (i = 0; i < p->n; i++) {
		const struct spot *spot = &p->spots[i];

		if (is_foreign(p, spot))
			open_add(p, xprintf("%s: XDP program %u, not simseg's, sees packets first",
					    spot->name, spot->xdp_id));
		if (spot->ingress && spot->sim)
			open_add(p, xprintf("%s: tc filters see packets first", spot->name));
	}
}

struct proof *proof_get(struct ctl *c, const struct targets *t, const struct seg_receipt *r,
			bool flush)
{
	struct proof *p = xcalloc(1, sizeof(*p));
	int err;

	p->c = c;
	p->t = t;
	err = seg_iface_list(c->h, side_seen, p);
	if (err && err != -EAGAIN) {
		ctl_warn("interfaces: %s", seg_strerror(c->h));
		p->failed = true;
	}
	links_read(p);
	if (flush)
		spots_flush(p);
	paths_find(p, r);
	return p;
}

void proof_print(const struct ctl *c, const struct proof *p)
{
	size_t i, full = 0;

	for (i = 0; i < p->n_open; i++)
		printf("  %sleft open   %s%s\n", out_red(c), p->open[i], out_plain(c));
	if (!p->n_open)
		puts("  left open   0 paths");
	for (i = 0; i < p->n; i++)
		if (p->spots[i].wiped)
			printf("  flushed     %s (%s): %u bytes thrown away\n", p->spots[i].name,
			       p->spots[i].qdisc, p->spots[i].flushed);
	for (i = 0; i < p->n; i++) {
		if (!p->spots[i].bytes)
			continue;
		full++;
		printf("  backlog     %s (%s): %u bytes in %u packets, of anybody, below IP: "
		       "not recalled\n",
		       p->spots[i].name, p->spots[i].qdisc, p->spots[i].bytes, p->spots[i].packets);
	}
	if (!full)
		printf("  backlog     0 bytes below IP on %zu interface%s\n", p->n,
		       p->n == 1 ? "" : "s");
}

void proof_json(struct json_object *o, const struct proof *p)
{
	struct json_object *open = json_object_new_array(), *list = json_object_new_array(), *b;
	size_t i;

	for (i = 0; i < p->n_open; i++)
		json_object_array_add(open, json_object_new_string(p->open[i]));
	json_object_object_add(o, "open", open);
	for (i = 0; i < p->n; i++) {
		b = json_object_new_object();
		js_str(b, "dev", p->spots[i].name);
		js_str(b, "qdisc", *p->spots[i].qdisc ? p->spots[i].qdisc : NULL);
		js_num(b, "bytes", p->spots[i].bytes);
		js_num(b, "packets", p->spots[i].packets);
		js_bool(b, "flushed", p->spots[i].wiped);
		js_num(b, "flushed_bytes", p->spots[i].flushed);
		json_object_array_add(list, b);
	}
	json_object_object_add(o, "backlog", list);
}

int proof_code(const struct proof *p)
{
	return p->n_open || p->failed ? EXIT_PART : EXIT_DONE;
}

void proof_free(struct proof *p)
{
	size_t i;

	for (i = 0; i < p->n_open; i++)
		free(p->open[i]);
	free(p->open);
	free(p->spots);
	free(p);
}
