// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl flush, disarm, arm
 */
#include "segctl.h"

int cmd_flush(struct ctl *c, int argc, char **argv)
{
	struct seg_receipt receipt;
	struct json_object *o;
	struct line undo = { 0 };
	char *saved;
	int ret, err;

	ret = ctl_open_bare(c, argc, argv);
	if (ret)
		return ret;
	saved = save_state(c);
	err = seg_flush(c->h, &receipt);
	if (err) {
		free(saved);
		return ctl_fail(c, err, NULL);
	}
	if (saved) {
		line_begin(&undo, c, "apply");
		line_add(&undo, saved);
	}
	o = json_object_new_object();
	js_receipt(o, &receipt);
	out_done(c, o, saved ? &undo : NULL, "apply the file again",
		 "flushed: %u devices gone, %u sessions cut; the pools stay governed",
		 receipt.removed ? receipt.removed : receipt.devices, receipt.sessions);
	line_free(&undo);
	free(saved);
	return EXIT_DONE;
}

int cmd_disarm(struct ctl *c, int argc, char **argv)
{
	const char *reason = NULL, *ticket = NULL;
	const struct opt opts[] = {
		{ "--reason", OPT_VALUE, &reason },
		{ "--ticket", OPT_VALUE, &ticket },
		{ 0 },
	};
	struct json_object *o;
	struct line undo;
	int ret, err, taken;

	if (opt_parse(c, argc, argv, opts, 0, 0) < 0)
		return EXIT_USAGE;
	if (!reason || !*reason)
		return ctl_usage(c, "opening the gate needs --reason");
	ret = ctl_open(c);
	if (ret)
		return ret;
	if (seg_set_reason(c->h, reason) || seg_set_ticket(c->h, ticket)) {
		ctl_warn("%s", seg_strerror(c->h));
		return EXIT_USAGE;
	}
	err = seg_disarm(c->h);
	if (err)
		return ctl_fail(c, err, NULL);
	taken = detach_wishes(c, NULL);
	err = seg_bpf_unpin_all(c->h);
	if (err && err != -EOPNOTSUPP) {
		ctl_warn("the record program stays: %s", seg_strerror(c->h));
		ret = EXIT_PART;
	}
	o = json_object_new_object();
	js_num(o, "xdp_detached", taken > 0 ? (uint64_t)taken : 0);
	line_begin(&undo, c, "arm");
	out_done(c, o, &undo, NULL,
		 "disarmed: the gate is OPEN, nothing is judged; XDP taken off %d interface%s, "
		 "record program %s",
		 taken > 0 ? taken : 0, taken == 1 ? "" : "s",
		 ret ? "still there" : "taken away; the module can be unloaded");
	line_free(&undo);
	return taken < 0 ? EXIT_PART : ret;
}

int cmd_arm(struct ctl *c, int argc, char **argv)
{
	struct line undo;
	int ret, err;

	ret = ctl_open_bare(c, argc, argv);
	if (ret)
		return ret;
	err = seg_arm(c->h);
	if (err)
		return ctl_fail(c, err, NULL);
	ret = attach_wishes(c, NULL);
	line_begin(&undo, c, "disarm");
	line_add_opt(&undo, "--reason", "undo");
	out_done(c, NULL, &undo, NULL, "armed: the gate is closed");
	line_free(&undo);
	return ret;
}
