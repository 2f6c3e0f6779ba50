// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl bind, segctl unbind
 */
#include "segctl.h"

static int owner_add(const struct seg_device *d, void *arg)
{
	devs_add(arg, d);
	return 0;
}

/* The binding of exactly that prefix among those of @d, or NULL. */
static const struct seg_binding *binding_of(const struct seg_device *d,
					    const struct simseg_prefix *prefix)
{
	size_t i;

	for (i = 0; i < d->n_bindings; i++)
		if (!seg_prefix_cmp(&d->bindings[i].prefix, prefix))
			return &d->bindings[i];
	return NULL;
}

static void line_next(struct line *l, struct ctl *c, const char *verb, const char *iccid)
{
	if (l->len)
		line_and(l, c, verb);
	else
		line_begin(l, c, verb);
	line_add(l, iccid);
}

/* How to undo a binding: give it back to whom it belongs now. */
static void bind_undo(struct line *undo, struct ctl *c, const char *iccid,
		      const struct simseg_prefix *prefix)
{
	const struct seg_binding *b = NULL;
	struct devs owner = { 0 };

	if (!seg_device_get_by_prefix(c->h, prefix, owner_add, &owner) && owner.n)
		b = binding_of(&owner.list[0].d, prefix);
	if (b) {
		line_next(undo, c, "bind", owner.list[0].d.iccid);
		line_add_prefix(undo, prefix);
		line_add_opt(undo, "dev", b->ifname);
	} else {
		line_next(undo, c, "unbind", iccid);
		line_add_prefix(undo, prefix);
	}
	devs_free(&owner);
}

static int bind_run(struct ctl *c, const char *iccid, const struct seg_binding *binding)
{
	char buf[SEG_PREFIX_LEN];
	struct line undo = { 0 };
	int ret = EXIT_DONE, err;

	bind_undo(&undo, c, iccid, &binding->prefix);
	err = seg_binding_new(c->h, iccid, binding);
	if (err == -ENOENT) {
		struct devs found = { 0 };

		/* for what is near; else the kernel says what it lacks */
		ret = lookup_iccid(c, iccid, &found);
		devs_free(&found);
	}
	if (err && !ret)
		ret = ctl_fail(c, err, iccid);
	if (!err)
		out_done(c, NULL, &undo, NULL, "bound %s to %s%s%s",
			 seg_prefix_print(&binding->prefix, buf), iccid,
			 binding->ifname ? " on " : "", binding->ifname ? binding->ifname : "");
	line_free(&undo);
	return ret;
}

int cmd_bind(struct ctl *c, int argc, char **argv)
{
	struct seg_binding binding = { 0 };
	const struct opt opts[] = { { "dev", OPT_VALUE, &binding.ifname }, { 0 } };
	char iccid[SEG_ICCID_LEN];
	int ret;

	if (opt_parse(c, argc, argv, opts, 2, 2) < 0)
		return EXIT_USAGE;
	if (seg_iccid_parse(argv[0], iccid))
		return ctl_usage(c, "bad ICCID '%s': 18 to 20 digits", argv[0]);
	if (binding.ifname && !seg_ifname_valid(binding.ifname, 1))
		return ctl_usage(c, "bad name of an interface '%s'", binding.ifname);
	if (!opt_prefix(c, argv[1], &binding.prefix))
		return EXIT_USAGE;
	ret = ctl_open(c);
	return ret ? ret : bind_run(c, iccid, &binding);
}

/* What is there now, to be bound again. */
static void unbind_undo(struct line *undo, struct ctl *c, const struct seg_device *d,
			const struct seg_binding *gone, size_t n)
{
	const struct seg_binding *b;
	size_t i;

	for (i = 0; i < (n ? n : d->n_bindings); i++) {
		b = n ? binding_of(d, &gone[i].prefix) : &d->bindings[i];
		if (!b)
			continue;
		line_next(undo, c, "bind", d->iccid);
		line_add_prefix(undo, &b->prefix);
		line_add_opt(undo, "dev", b->ifname);
	}
}

static int unbind(struct ctl *c, const char *iccid, const struct seg_binding *bindings, size_t n)
{
	struct seg_receipt receipt;
	struct devs found = { 0 };
	struct line undo = { 0 };
	struct json_object *o;
	int ret, err;

	ret = lookup_iccid(c, iccid, &found);
	if (ret)
		goto out;
	unbind_undo(&undo, c, &found.list[0].d, bindings, n);
	err = seg_binding_del(c->h, iccid, bindings, n, &receipt);
	if (err) {
		ret = ctl_fail(c, err, iccid);
		goto out;
	}
	n = n ? n : found.list[0].d.n_bindings;
	o = json_object_new_object();
	js_receipt(o, &receipt);
	out_done(c, o, undo.len ? &undo : NULL, "there was nothing to take away",
		 "took %zu addresses from %s; %u sessions cut", n ? n : found.list[0].d.n_bindings,
		 iccid, receipt.sessions);
out:
	line_free(&undo);
	devs_free(&found);
	return ret;
}

int cmd_unbind(struct ctl *c, int argc, char **argv)
{
	struct seg_binding bindings[SIMSEG_BINDINGS_MAX] = { 0 };
	char iccid[SEG_ICCID_LEN];
	int i, n, ret;

	n = opt_parse(c, argc, argv, NULL, 1, SIMSEG_BINDINGS_MAX + 1);
	if (n < 0)
		return EXIT_USAGE;
	if (seg_iccid_parse(argv[0], iccid))
		return ctl_usage(c, "bad ICCID '%s': 18 to 20 digits", argv[0]);
	for (i = 1; i < n; i++)
		if (!opt_prefix(c, argv[i], &bindings[i - 1].prefix))
			return EXIT_USAGE;
	ret = ctl_open(c);
	return ret ? ret : unbind(c, iccid, bindings, (size_t)n - 1);
}
