// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of policies and peer sets. A name has one small number for as long as
 * a ruleset or a device refers to it; devices and rules keep the number, so
 * that a new ruleset needs no walk over the devices.
 */
#include <linux/ctype.h>
#include <linux/slab.h>
#include <linux/stringhash.h>

#include "simseg.h"

void simseg_names_init(struct simseg_names *names, u32 limit)
{
	hash_init(names->hash);
	xa_init_flags(&names->by_id, XA_FLAGS_ALLOC1);
	names->limit = limit;
}

void simseg_names_destroy(struct simseg_names *names)
{
	struct simseg_name *name;
	unsigned long id;

	xa_for_each(&names->by_id, id, name)
		kfree(name);
	xa_destroy(&names->by_id);
}

static struct simseg_name *simseg_name_lookup(struct simseg_names *names, const char *text)
{
	u32 hash = full_name_hash(NULL, text, strlen(text));
	struct simseg_name *name;

	hash_for_each_possible(names->hash, name, node, hash) {
		if (!strcmp(name->name, text))
			return name;
	}
	return NULL;
}

/* Takes a reference to the number of @text, which is made if it is new. */
int simseg_name_get(struct simseg_names *names, const char *text, u32 *id)
{
	struct simseg_name *name = simseg_name_lookup(names, text);
	int err;

	if (!name) {
		name = kzalloc(sizeof(*name), GFP_KERNEL_ACCOUNT);
		if (!name)
			return -ENOMEM;
		strscpy(name->name, text, sizeof(name->name));
		err = xa_alloc(&names->by_id, &name->id, name, XA_LIMIT(1, names->limit),
			       GFP_KERNEL_ACCOUNT);
		if (err) {
			kfree(name);
			return err == -EBUSY ? -ENOSPC : err;
		}
		hash_add(names->hash, &name->node, full_name_hash(NULL, text, strlen(text)));
	}
	name->refs++;
	*id = name->id;
	return 0;
}

void simseg_name_hold(struct simseg_names *names, u32 id)
{
	struct simseg_name *name = xa_load(&names->by_id, id);

	if (name)
		name->refs++;
}

void simseg_name_put(struct simseg_names *names, u32 id)
{
	struct simseg_name *name = xa_load(&names->by_id, id);

	if (!name || --name->refs)
		return;
	hash_del(&name->node);
	xa_erase(&names->by_id, id);
	kfree(name);
}

/* The number of a name, 0 if there is none; takes no reference. */
u32 simseg_name_find(struct simseg_names *names, const char *text)
{
	struct simseg_name *name = simseg_name_lookup(names, text);

	return name ? name->id : 0;
}

const char *simseg_name_of(struct simseg_names *names, u32 id)
{
	struct simseg_name *name = xa_load(&names->by_id, id);

	return name ? name->name : NULL;
}

/* Names are words: they stand in files, on command lines and in records. */
bool simseg_name_valid(const char *name)
{
	const char *c;

	for (c = name; *c; c++) {
		if (!isascii(*c) || (!isalnum(*c) && *c != '_' && *c != '-' && *c != '.'))
			return false;
	}
	return c > name && c - name <= SIMSEG_NAME_MAX;
}
