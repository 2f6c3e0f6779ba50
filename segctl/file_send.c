// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A ruleset file as the pieces of an upload
 */
#include "file.h"

static int send_settings(struct seg_handle *h, const struct file *f)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < SEG_SETTINGS && !err; i++)
		if (f->has_setting[i])
			err = seg_ruleset_setting(h, i, f->setting[i]);
	return err;
}

static int send_policy(struct seg_handle *h, const struct file_policy *p)
{
	const struct seg_policy policy = {
		.name = p->name,
		.observe = p->observe,
		.rules = p->rules.list,
		.n_rules = p->rules.n,
	};

	return seg_ruleset_policy(h, &policy);
}

int file_send(struct seg_handle *h, const struct file *f, bool devices)
{
	struct roster_device device;
	uint32_t place = 0;
	size_t i;
	int err;

	err = seg_ruleset_pool(h, f->pools.list, f->pools.n);
	if (!err)
		err = seg_ruleset_failsafe(h, f->failsafe.list, f->failsafe.n);
	for (i = 0; i < f->n_peers && !err; i++)
		err = seg_ruleset_peer(h, f->peers[i].name, f->peers[i].prefixes.list,
				       f->peers[i].prefixes.n);
	if (!err)
		err = send_settings(h, f);
	for (i = 0; i < f->n_policies && !err; i++)
		err = send_policy(h, &f->policies[i]);
	for (i = 0; i < f->devices.n && devices && !err; i++) {
		place = file_device(f, place, &device);
		err = seg_ruleset_device(h, &device.dev);
	}
	return err;
}
