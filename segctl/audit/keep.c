// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DIR/rulesets/HASH.yaml
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keep.h"

int keep_open(struct keep *k, const char *dir)
{
	char *path = xprintf("%s/rulesets", dir);
	int err = 0;

	*k = (struct keep){ .wanted = true };
	if (mkdir(path, 0700) && errno != EEXIST)
		err = -errno;
	k->dir = err ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (!err && k->dir < 0)
		err = -errno;
	if (err)
		ctl_warn("%s: %s: the texts of rulesets are not kept", path, strerror(-err));
	free(path);
	return err;
}

void keep_note(struct keep *k, const struct simseg_record *r)
{
	const struct simseg_record_change *change = (const void *)r;

	if (r->kind == SIMSEG_RECORD_CONFIG && memcmp(change->hash, k->hash, sizeof(k->hash)))
		k->wanted = true;
}

/* -ESTALE: it has been replaced meanwhile. */
static int keep_write(struct keep *k, struct ctl *c, const struct seg_status *st, const char *name)
{
	struct seg_status after;
	size_t len;
	char *text;
	int err;

	text = state_ruleset(c, st, &len);
	if (!text)
		return -EBADMSG;
	err = seg_status_get(c->h, &after);
	/* it was read in pieces: only what was in force before and after is that ruleset */
	if (!err &&
	    (st->generation != after.generation || memcmp(st->hash, after.hash, sizeof(st->hash))))
		err = -ESTALE;
	if (!err)
		err = save_at(k->dir, name, text, len);
	free(text);
	return err;
}

void keep_tick(struct keep *k, struct ctl *c)
{
	char hex[2 * SIMSEG_HASH_LEN + 1];
	struct seg_status st;
	char *name;
	int err;

	if (!k->wanted || k->dir < 0 || seg_status_get(c->h, &st))
		return;
	name = xprintf("%s.yaml", out_hex(st.hash, sizeof(st.hash), hex));
	err = faccessat(k->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) ? keep_write(k, c, &st, name) : 0;
	if (!err) {
		memcpy(k->hash, st.hash, sizeof(k->hash));
		k->wanted = false;
		k->complained = false;
	} else if (err != -ESTALE && !k->complained) {
		ctl_warn("the ruleset %.16s could not be kept: %s", hex, strerror(-err));
		k->complained = true;
	}
	free(name);
}

void keep_close(struct keep *k)
{
	if (k->dir >= 0)
		close(k->dir);
	k->dir = -1;
}
