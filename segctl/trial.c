// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl confirm, segctl revert: a ruleset on trial
 */
#include "segctl.h"

int cmd_confirm(struct ctl *c, int argc, char **argv)
{
	int ret, err;

	if (opt_parse(c, argc, argv, NULL, 0, 0) < 0)
		return EXIT_USAGE;
	ret = ctl_open(c);
	if (ret)
		return ret;
	err = seg_ruleset_confirm(c->h);
	if (err)
		return ctl_fail(c, err, NULL);
	out_done(c, json_object_new_object(), NULL, "apply the file that was in force before",
		 "confirmed: the ruleset in force stays");
	return EXIT_DONE;
}

int cmd_revert(struct ctl *c, int argc, char **argv)
{
	struct json_object *o;
	struct seg_receipt receipt;
	int ret, err;

	if (opt_parse(c, argc, argv, NULL, 0, 0) < 0)
		return EXIT_USAGE;
	ret = ctl_open(c);
	if (ret)
		return ret;
	err = seg_ruleset_revert(c->h, &receipt);
	if (err)
		return ctl_fail(c, err, NULL);
	o = json_object_new_object();
	js_receipt(o, &receipt);
	out_done(c, o, NULL, "apply the file once more",
		 "reverted: the ruleset before is in force again; %u sessions cut",
		 receipt.sessions);
	return EXIT_DONE;
}
