// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl attach, segctl detach: sides of interfaces, and XDP on them
 *
 * XDP is never what keeps the gate closed: where it cannot be attached, the
 * floor decides alone, and one sentence says so.
 */
#include "file.h"
#include "segctl.h"

struct iface {
	struct iface_wish wish;
	bool entry; /* as it was set, not an interface */
};

struct ifaces {
	struct iface *list;
	size_t n, room;
};

static int ifaces_add(const struct seg_iface *i, void *arg)
{
	struct ifaces *all = arg;
	struct iface *iface;

	grow(&all->list, &all->room, all->n, sizeof(*all->list));
	iface = memset(&all->list[all->n++], 0, sizeof(*iface));
	snprintf(iface->wish.name, sizeof(iface->wish.name), "%s", i->ifname);
	iface->wish.side = i->side;
	iface->wish.mode = i->mode;
	iface->wish.forward = i->forward;
	iface->entry = !i->ifindex;
	return 0;
}

static int ifaces_get(struct ctl *c, struct ifaces *all)
{
	int err = seg_iface_list(c->h, ifaces_add, all);

	return err == -EAGAIN ? 0 : err;
}

static void floor_alone(struct ctl *c, const char *name)
{
	ctl_warn("%s: the floor stands alone: %s", name, seg_strerror(c->h));
}

static int attach_try(struct ctl *c, const struct iface *i)
{
	int err;

	if (i->wish.mode != SIMSEG_MODE_AUTO)
		return seg_xdp_attach(c->h, i->wish.name, i->wish.mode);
	err = seg_xdp_attach(c->h, i->wish.name, SIMSEG_MODE_NATIVE);
	return err ? seg_xdp_attach(c->h, i->wish.name, SIMSEG_MODE_GENERIC) : 0;
}

/* EXIT_PART if a mode that was asked for by name cannot be had. */
static int attach_one(struct ctl *c, const struct iface *i)
{
	if (i->wish.mode == SIMSEG_MODE_NONE) {
		seg_xdp_detach(c->h, i->wish.name);
		return EXIT_DONE;
	}
	if (!attach_try(c, i))
		return EXIT_DONE;
	floor_alone(c, i->wish.name);
	return i->wish.mode == SIMSEG_MODE_AUTO ? EXIT_DONE : EXIT_PART;
}

/* XDP as it is; false: the interface has gone, or is well. */
static bool lacks_xdp(struct ctl *c, const struct iface *i, struct seg_xdp_info *info)
{
	return !seg_xdp_query(c->h, i->wish.name, info) && attach_missing(i->wish.mode, info);
}

/*
 * One round over interfaces that are VLANs, or over those that are not. What a
 * program on the interface below did for a VLAN, its own has to do now.
 */
static int attach_round(struct ctl *c, const struct ifaces *all, const char *pattern, bool vlans)
{
	struct seg_xdp_info info;
	int ret = EXIT_DONE;
	bool lacks;
	size_t i;

	for (i = 0; i < all->n; i++) {
		if (all->list[i].entry)
			continue;
		lacks = lacks_xdp(c, &all->list[i], &info);
		if (info.vlan != vlans)
			continue;
		if (!pattern || seg_ifname_match(pattern, all->list[i].wish.name) ||
		    (vlans && lacks))
			ret |= attach_one(c, &all->list[i]);
	}
	return ret;
}

int attach_wishes(struct ctl *c, const char *pattern)
{
	struct ifaces all = { 0 };
	int err, ret = EXIT_DONE;

	err = ifaces_get(c, &all);
	if (err) {
		ctl_fail(c, err, "interfaces");
		ret = EXIT_PART;
	} else {
		ret = attach_round(c, &all, pattern, false) | attach_round(c, &all, pattern, true);
	}
	free(all.list);
	return ret;
}

int detach_wishes(struct ctl *c, const char *pattern)
{
	struct ifaces all = { 0 };
	struct seg_xdp_info info;
	int err, failed = 0, n = 0;
	size_t i;

	err = ifaces_get(c, &all);
	if (err)
		ctl_fail(c, err, "interfaces");
	for (i = 0; i < all.n && !err; i++) {
		if (all.list[i].entry ||
		    (pattern && !seg_ifname_match(pattern, all.list[i].wish.name)))
			continue;
		if (seg_xdp_query(c->h, all.list[i].wish.name, &info) || !info.attached)
			continue;
		n++;
		failed = seg_xdp_detach(c->h, all.list[i].wish.name);
		if (failed)
			ctl_warn("%s: XDP stays: %s", all.list[i].wish.name, seg_strerror(c->h));
	}
	free(all.list);
	return err ? err : failed ? failed : n;
}

/* The entry of exactly that name or pattern as it is, or NULL. */
static const struct iface *entry_of(const struct ifaces *all, const char *name)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (all->list[i].entry && !strcmp(all->list[i].wish.name, name))
			return &all->list[i];
	return NULL;
}

/* The command that makes it as @old is, or with NULL takes @name away. */
static void attach_line(struct line *line, struct ctl *c, const char *name, const struct iface *old)
{
	line_begin(line, c, old ? "attach" : "detach");
	line_add(line, name);
	if (!old)
		return;
	line_add_opt(line, "--side", seg_side_name(old->wish.side));
	line_add_opt(line, "--mode", seg_mode_name(old->wish.mode));
	if (old->wish.forward)
		line_add(line, "--forward");
	if (old->wish.forward == SIMSEG_FORWARD_FORCE)
		line_add(line, "--force");
}

/* Nothing, if it cannot be read how it was. */
static void attach_undo(struct line *undo, struct ctl *c, const char *name)
{
	struct ifaces all = { 0 };

	memset(undo, 0, sizeof(*undo));
	if (!ifaces_get(c, &all))
		attach_line(undo, c, name, entry_of(&all, name));
	free(all.list);
}

static struct json_object *attach_json(const struct iface_wish *wish)
{
	struct json_object *o = json_object_new_object();

	js_str(o, "name", wish->name);
	js_str(o, "side", seg_side_name(wish->side));
	js_str(o, "mode", seg_mode_name(wish->mode));
	js_str(o, "forward", seg_forward_name(wish->forward));
	return o;
}

int attach_iface(struct ctl *c, const struct iface_wish *wish, struct json_object *list)
{
	struct json_object *o;
	struct line undo;
	int ret, err;

	attach_undo(&undo, c, wish->name);
	err = seg_iface_set(c->h, wish->name, wish->side, wish->mode, wish->forward);
	if (err) {
		line_free(&undo);
		return ctl_fail(c, err, wish->name);
	}
	ret = attach_wishes(c, wish->name);
	o = attach_json(wish);
	if (list) {
		js_str(o, "undo", undo.text);
		json_object_array_add(list, o);
		line_free(&undo);
		return ret;
	}
	out_done(c, o, undo.text ? &undo : NULL, "attach it as it was before",
		 "%s is on side %s, mode %s%s", wish->name, seg_side_name(wish->side),
		 seg_mode_name(wish->mode),
		 wish->forward ? ", packets of its sessions are sent on at once" : "");
	line_free(&undo);
	return ret;
}

bool attach_missing(uint8_t mode, const struct seg_xdp_info *xdp)
{
	return mode != SIMSEG_MODE_NONE && !xdp->attached && !xdp->below;
}

static int attach_again(struct ctl *c, const struct iface *i, struct js_list *list)
{
	struct seg_xdp_info info;
	struct json_object *o;
	const char *mode;

	if (!lacks_xdp(c, i, &info))
		return EXIT_DONE;
	if (attach_try(c, i)) {
		/* one that vanishes meanwhile is nobody's concern */
		if (seg_ifindex(c->h, i->wish.name) == -ENODEV)
			return EXIT_DONE;
		floor_alone(c, i->wish.name);
		return EXIT_PART;
	}
	seg_xdp_query(c->h, i->wish.name, &info);
	mode = info.mode == SEG_XDP_NATIVE ? "native" : "generic";
	if (!c->json) {
		printf("XDP is attached on %s, %s\n", i->wish.name, mode);
		return EXIT_DONE;
	}
	o = json_object_new_object();
	js_str(o, "name", i->wish.name);
	js_str(o, "xdp", mode);
	js_list_add(list, o);
	return EXIT_DONE;
}

/* Where the floor stands alone whatever one does, nothing is missing. */
static int attach_all_again(struct ctl *c, const char *pattern, struct js_list *list)
{
	struct ifaces all = { 0 };
	struct seg_status st;
	int ret = EXIT_DONE;
	int err, can = 0;
	size_t i;

	err = seg_status_get(c->h, &st);
	if (!err)
		err = ifaces_get(c, &all);
	if (!err && st.armed)
		can = seg_xdp_supported(c->h);
	if (err || can < 0)
		ret = ctl_fail(c, err ? err : can, "interfaces");
	for (i = 0; i < all.n && can > 0; i++)
		if (!all.list[i].entry &&
		    (!pattern || seg_ifname_match(pattern, all.list[i].wish.name)))
			ret |= attach_again(c, &all.list[i], list);
	free(all.list);
	return ret;
}

/*
 * For whoever watches interfaces come: their side follows the name in the
 * kernel, XDP went with the old one. Disarmed, it stays off, or the module could
 * not be unloaded.
 */
static int attach_matching(struct ctl *c, const char *pattern)
{
	struct js_list list;
	int ret = ctl_open(c);

	if (ret)
		return ret;
	if (seg_xdp_sweep(c->h) < 0)
		ctl_warn("%s", seg_strerror(c->h));
	if (c->json)
		js_list_begin(&list);
	ret = attach_all_again(c, pattern, &list);
	if (c->json)
		js_list_end(&list);
	return ret;
}

/* What the options say; EXIT_USAGE if they say nothing that can be. */
static int attach_parse(struct ctl *c, const char *side, const char *mode, bool forward, bool force,
			struct iface_wish *wish)
{
	int value = side ? seg_side_parse(side) : -1;

	if (value <= SIMSEG_SIDE_NONE)
		return ctl_usage(c, "--side is sim or net");
	wish->side = (uint8_t)value;
	value = mode ? seg_mode_parse(mode) : SIMSEG_MODE_AUTO;
	if (value < 0)
		return ctl_usage(c, "--mode is auto, native, generic or none");
	wish->mode = (uint8_t)value;
	if (force && !forward)
		return ctl_usage(c, "--force belongs to --forward");
	if (forward && wish->mode == SIMSEG_MODE_NONE)
		return ctl_usage(c, "--forward needs XDP: another --mode");
	wish->forward = force	? SIMSEG_FORWARD_FORCE :
			forward ? SIMSEG_FORWARD_ON :
				  SIMSEG_FORWARD_OFF;
	return EXIT_DONE;
}

int cmd_attach(struct ctl *c, int argc, char **argv)
{
	bool matching = false, forward = false, force = false;
	const char *side = NULL, *mode = NULL;
	const struct opt opts[] = {
		{ "--side", OPT_VALUE, &side },	       { "--mode", OPT_VALUE, &mode },
		{ "--forward", OPT_FLAG, &forward },   { "--force", OPT_FLAG, &force },
		{ "--matching", OPT_FLAG, &matching }, { 0 },
	};
	struct iface_wish wish = { 0 };
	int ret, n;

	n = opt_parse(c, argc, argv, opts, 0, 1);
	if (n < 0)
		return EXIT_USAGE;
	if (n && !seg_ifname_valid(argv[0], 1))
		return ctl_usage(c, "bad name of an interface '%s'", argv[0]);
	if (matching && (side || mode || forward || force))
		return ctl_usage(c, "--matching takes interfaces as they are set");
	if (matching)
		return attach_matching(c, n ? argv[0] : NULL);
	if (!n)
		return ctl_usage(c, "something is missing");
	ret = attach_parse(c, side, mode, forward, force, &wish);
	if (ret)
		return ret;
	snprintf(wish.name, sizeof(wish.name), "%s", argv[0]);
	ret = ctl_open(c);
	return ret ? ret : attach_iface(c, &wish, NULL);
}

/*
 * XDP goes first: while it is on, the side still stands. Interfaces that another
 * entry covers get theirs back, and all of them if the side stays.
 */
int cmd_detach(struct ctl *c, int argc, char **argv)
{
	struct ifaces all = { 0 };
	struct line undo = { 0 };
	const struct iface *old;
	int ret, err, taken = 0;

	if (opt_parse(c, argc, argv, NULL, 1, 1) < 0)
		return EXIT_USAGE;
	ret = ctl_open(c);
	if (ret)
		return ret;
	err = ifaces_get(c, &all);
	old = err ? NULL : entry_of(&all, argv[0]);
	if (old) {
		attach_line(&undo, c, argv[0], old);
		taken = detach_wishes(c, argv[0]);
		ret = taken < 0 ? EXIT_PART : EXIT_DONE;
		err = seg_iface_del(c->h, argv[0]);
	} else if (!err) {
		ctl_warn("no side was given to '%s'", argv[0]);
		ret = EXIT_NONE;
	}
	if (err) {
		ret = ctl_fail(c, err, argv[0]);
		if (taken > 0)
			attach_wishes(c, argv[0]);
	} else if (old) {
		ret |= attach_wishes(c, argv[0]);
		out_done(c, NULL, &undo, NULL, "%s has no side any more", argv[0]);
	}
	line_free(&undo);
	free(all.list);
	return ret;
}
