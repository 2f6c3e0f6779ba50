// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checkpoints beside the records that they speak of
 */
#include <unistd.h>

#include "segctl.h"
#include "verify_state.h"

#define NOWHERE ((struct box_pos){ 0, 0 })
#define SECOND	1000000000ULL

static void wrong(void *arg, const struct checkpoint *cp, const char *sentence)
{
	(void)cp;
	verify_say(arg, VERIFY_FORGED, NOWHERE, NULL, "%s", sentence);
}

int verify_sign_open(struct verifier *v, const char *dir, char error[BOX_ERROR])
{
	uint8_t key[KEY_PUBLIC];
	int err;

	if (v->options->key) {
		memcpy(key, v->options->key, sizeof(key));
	} else {
		err = key_pub_load(v->dir, key, error);
		if (err)
			return box_say(error, err,
				       "%s has no public key in key.pub: give the one that "
				       "'segctl audit key' printed, with --key",
				       dir);
		verify_say(v, VERIFY_NOTE, NOWHERE, NULL,
			   "the key is the box's own key.pub: whoever made the whole box anew "
			   "has made that as well; with --key and a key kept elsewhere this "
			   "proves more");
	}
	v->statements.wrong = wrong;
	v->statements.arg = v;
	err = statements_open(&v->statements, v->dir, key, v->options->anchor, error);
	if (err == -ENOENT && !v->statements.file) {
		verify_say(v, VERIFY_FORGED, NOWHERE, NULL, "the box has no checkpoints");
		return 0;
	}
	if (err)
		return err;
	statements_next(&v->statements);
	return v->statements.now.number ? 0 : verify_sign_strange(v, error);
}

int verify_sign_strange(struct verifier *v, char error[BOX_ERROR])
{
	return *v->statements.strange ? box_say(error, -EPROTO, "%s", v->statements.strange) : 0;
}

static bool wanted(const struct verifier *v, uint64_t from, uint64_t to)
{
	return to >= v->options->from && (!v->options->to || from <= v->options->to);
}

/* Nothing was signed for too long; the wall's clock counts where the machine has restarted. */
static void silence(struct verifier *v)
{
	const struct checkpoint *a = &v->statements.before, *b = &v->statements.now;
	uint64_t real = b->real > a->real ? b->real - a->real : 0, ns;
	char from[48], to[48];
	bool restarted = b->boot < a->boot;

	if (!a->number || !wanted(v, a->real, b->real))
		return;
	ns = restarted ? real : b->boot - a->boot;
	if (a->synced && b->synced && real > ns)
		ns = real;
	if (a->synced && b->synced && b->real < a->real)
		verify_say(v, VERIFY_NOTE, NOWHERE, NULL,
			   "the clock went back between checkpoints %llu and %llu",
			   (unsigned long long)a->number, (unsigned long long)b->number);
	if (ns <= 2 * SECOND * a->every)
		return;
	verify_say(v, VERIFY_SPAN, NOWHERE, NULL,
		   "silence of %llu s from %s to %s, between checkpoints %llu and %llu%s%s",
		   (unsigned long long)(ns / SECOND), out_clock(a->real, from),
		   out_clock(b->real, to), (unsigned long long)a->number,
		   (unsigned long long)b->number,
		   strcmp(a->why, "close") ? "" : "; the recorder had been stopped",
		   restarted ? "; the machine has restarted" : "");
}

/* The next one; it has been said of the last one what there was to say. */
static void next(struct verifier *v)
{
	v->result->checkpoints++;
	silence(v);
	verify_purge_checkpoint(v);
	statements_next(&v->statements);
}

void verify_sign_skip(struct verifier *v, uint64_t number)
{
	while (v->statements.now.number && v->statements.now.segment < number)
		next(v);
}

static void compare(struct verifier *v)
{
	const struct checkpoint *cp = &v->statements.now;
	struct box_pos pos = { v->head.segment, v->tail.slots ? v->tail.slots - 1 : 0 };
	unsigned long long number = cp->number, since = v->statements.before.total;
	uint8_t root[MERKLE_HASH];

	/* what is wrong before has been said, and everything behind it is so as well */
	if (!v->whole)
		return;
	merkle_root(&v->tail.tree, root);
	if (memcmp(cp->chain, v->tail.chain, sizeof(cp->chain)))
		verify_say(v, VERIFY_FORGED, pos, NULL,
			   "the records up to here are not those of checkpoint %llu: one of the "
			   "%llu since the checkpoint before was changed, and the chain made anew",
			   number, (unsigned long long)(cp->total - since));
	else if (memcmp(cp->root, root, sizeof(root)))
		verify_say(v, VERIFY_FORGED, pos, NULL,
			   "the tree over the segment's records is not that of checkpoint %llu",
			   number);
	else if (cp->total != v->head.before + v->tail.slots)
		verify_say(v, VERIFY_FORGED, pos, NULL,
			   "checkpoint %llu counts %llu records up to here, there are %llu", number,
			   (unsigned long long)cp->total,
			   (unsigned long long)(v->head.before + v->tail.slots));
}

void verify_sign_here(struct verifier *v)
{
	const struct checkpoint *cp = &v->statements.now;

	while (cp->number && (cp->segment < v->head.segment ||
			      (cp->segment == v->head.segment && cp->records <= v->tail.slots))) {
		if (cp->segment == v->head.segment && cp->records == v->tail.slots) {
			compare(v);
			memset(&v->unsealed, 0, sizeof(v->unsealed));
		} else if (cp->segment == v->head.segment || v->linked) {
			verify_say(v, VERIFY_FORGED, NOWHERE, NULL,
				   "checkpoint %llu speaks of record %llu of segment %llu, which "
				   "stands before that of checkpoint %llu",
				   (unsigned long long)cp->number, (unsigned long long)cp->records,
				   (unsigned long long)cp->segment,
				   (unsigned long long)v->statements.before.number);
		}
		next(v);
	}
}

void verify_sign_segment(struct verifier *v)
{
	const struct checkpoint *cp = &v->statements.now;

	while (cp->number && cp->segment == v->head.segment) {
		verify_say(v, VERIFY_FORGED, (struct box_pos){ v->head.segment, v->tail.slots },
			   NULL,
			   "checkpoint %llu has %llu records of segment %llu, which ends after "
			   "%llu: its tail was cut off",
			   (unsigned long long)cp->number, (unsigned long long)cp->records,
			   (unsigned long long)cp->segment, (unsigned long long)v->tail.slots);
		v->whole = false;
		next(v);
	}
}

void verify_sign_end(struct verifier *v, uint64_t last)
{
	const struct checkpoint *cp = &v->statements.now;
	uint64_t said = 0;
	int fd;

	while (cp->number) {
		fd = box_segment_open(v->segments, cp->segment, 0, (char[BOX_ERROR]){ "" });
		if (fd >= 0)
			close(fd);
		/* a live box may have begun a segment since it was listed */
		if (cp->segment > last && cp->segment != said && fd < 0) {
			verify_say(v, VERIFY_FORGED, (struct box_pos){ cp->segment, 0 }, NULL,
				   "checkpoint %llu speaks of segment %llu, which is not there: "
				   "the box's tail was cut off",
				   (unsigned long long)cp->number, (unsigned long long)cp->segment);
			said = cp->segment;
		}
		next(v);
	}
	if (v->statements.torn)
		verify_say(v, VERIFY_NOTE, NOWHERE, NULL,
			   "the last line of checkpoints is torn: the writer did not come to its "
			   "end and has not been opened since");
	statements_close(&v->statements);
}
