// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Segments that are not there, rightly: DIR/purged tells of them, and a checkpoint
 * vouches for that. What they were is known by the checkpoints that had sealed them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "segctl.h"
#include "text.h"
#include "verify_state.h"

#define NOWHERE ((struct box_pos){ 0, 0 })

static void add(struct verifier *v, const char *text)
{
	const struct verify_gone *before = v->gone.n ? &v->gone.list[v->gone.n - 1] : NULL;
	struct verify_gone g = { 0 };

	/* purges go from the front, one after the other */
	if (!purged_parse(text, &g.line) || g.line.segment != v->gone.n + 1) {
		v->gone.broken = true;
		verify_say(v, VERIFY_FORGED, NOWHERE, NULL,
			   "line %llu of " PURGED_NAME " does not tell of segment %llu, which is "
			   "the next one: it was changed, or somebody else wrote it",
			   (unsigned long long)v->gone.file.lines,
			   (unsigned long long)v->gone.n + 1);
		return;
	}
	g.before = before ? before->before + before->line.records : 0;
	memcpy(g.chain, v->gone.file.chain, sizeof(g.chain));
	grow(&v->gone.list, &v->gone.room, v->gone.n, sizeof(*v->gone.list));
	v->gone.list[v->gone.n++] = g;
}

/* The lines that have come since the last time. */
static int load(struct verifier *v, char error[BOX_ERROR])
{
	char text[PURGED_LINE];
	int ret = 0;

	while (!v->gone.broken && (ret = purged_next(&v->gone.file, text, error)) > 0)
		add(v, text);
	if (ret != -EBADMSG)
		return ret < 0 ? ret : 0;
	v->gone.broken = true;
	verify_say(v, VERIFY_FORGED, NOWHERE, NULL, "%s", error);
	return 0;
}

int verify_purge_open(struct verifier *v, char error[BOX_ERROR])
{
	purged_begin(&v->gone.file, v->dir);
	return load(v, error);
}

void verify_purge_close(struct verifier *v)
{
	purged_end(&v->gone.file);
	free(v->gone.list);
	v->gone.list = NULL;
}

int64_t verify_purge_over(struct verifier *v, uint64_t first, uint64_t last, char error[BOX_ERROR])
{
	/* a line is there before its segment goes: a box that is purged just now has it */
	int err = last > v->gone.n ? load(v, error) : 0;
	struct verify_gone *g;
	uint64_t i;

	if (err)
		return err;
	if (last > v->gone.n)
		last = v->gone.n;
	if (first > last)
		return 0;
	for (i = first; i <= last; i++)
		v->gone.list[i - 1].missed = true;
	g = &v->gone.list[last - 1];
	v->linked = true;
	v->total = g->before + g->line.records;
	memcpy(v->chain, g->line.chain, sizeof(v->chain));
	v->jumped = true;
	verify_number_jump(v);
	verify_sign_skip(v, last + 1);
	return (int64_t)(last - first + 1);
}

/* The line says what the segment was when it went: not less than what was sealed. */
static void check_sealed(struct verifier *v, const struct checkpoint *cp, struct verify_gone *g)
{
	unsigned long long number = cp->number, segment = cp->segment;

	if (cp->records > g->line.records)
		verify_say(v, VERIFY_FORGED, NOWHERE, NULL,
			   "checkpoint %llu has %llu records of segment %llu, " PURGED_NAME
			   " tells that it went with %llu: its tail was cut off before",
			   number, (unsigned long long)cp->records, segment,
			   (unsigned long long)g->line.records);
	else if (cp->records == g->line.records &&
		 memcmp(cp->chain, g->line.chain, sizeof(cp->chain)))
		verify_say(v, VERIFY_FORGED, NOWHERE, NULL,
			   "segment %llu went with other records than those of checkpoint %llu, "
			   "as " PURGED_NAME " tells",
			   segment, number);
	else if (cp->total != g->before + cp->records)
		verify_say(v, VERIFY_FORGED, NOWHERE, NULL,
			   "checkpoint %llu counts %llu records up to there, " PURGED_NAME
			   " tells of %llu",
			   number, (unsigned long long)cp->total,
			   (unsigned long long)(g->before + cp->records));
	if (cp->records > g->sealed)
		g->sealed = cp->records;
}

static void check_vouched(struct verifier *v, const struct checkpoint *cp)
{
	unsigned long long number = cp->number, lines = cp->purged;

	if (cp->purged < v->gone.vouched && !v->gone.fewer) {
		v->gone.fewer = cp->number;
		verify_say(v, VERIFY_FORGED, NOWHERE, NULL,
			   "checkpoint %llu vouches for %llu purged segments, one before it for "
			   "%llu",
			   number, lines, (unsigned long long)v->gone.vouched);
	}
	if (!cp->purged || v->gone.other || (cp->purged > v->gone.n && v->gone.broken))
		return;
	if (cp->purged > v->gone.n) {
		v->gone.other = cp->number;
		verify_say(v, VERIFY_FORGED, NOWHERE, NULL,
			   "checkpoint %llu vouches for %llu purged segments, " PURGED_NAME
			   " tells of %zu: lines were taken away",
			   number, lines, v->gone.n);
	} else if (memcmp(v->gone.list[cp->purged - 1].chain, cp->purged_chain, BOX_HASH)) {
		v->gone.other = cp->number;
		verify_say(v, VERIFY_FORGED, NOWHERE, NULL,
			   "the first %llu lines of " PURGED_NAME " are not those that checkpoint "
			   "%llu vouches for: they were changed",
			   lines, number);
	} else if (cp->purged > v->gone.vouched) {
		v->gone.vouched = cp->purged;
		v->gone.by = *cp;
	}
}

void verify_purge_checkpoint(struct verifier *v)
{
	const struct checkpoint *cp = &v->statements.now;
	char error[BOX_ERROR];

	/* an error comes again at the end, and is told there */
	if (cp->purged > v->gone.n)
		load(v, error);
	check_vouched(v, cp);
	if (cp->segment && cp->segment <= v->gone.n)
		check_sealed(v, cp, &v->gone.list[cp->segment - 1]);
}

static bool there(struct verifier *v, uint64_t number)
{
	int fd = box_segment_open(v->segments, number, 0, (char[BOX_ERROR]){ "" });

	if (fd >= 0)
		close(fd);
	return fd != -ENOENT;
}

static void say_gone(struct verifier *v, uint64_t gone, uint64_t records, uint64_t unvouched)
{
	char real[48];

	if (gone > unvouched)
		verify_say(v, VERIFY_NOTE, NOWHERE, NULL,
			   "%llu segments with %llu records were purged: checkpoint %llu of %s is "
			   "the first that vouches for all of them%s",
			   (unsigned long long)gone, (unsigned long long)records,
			   (unsigned long long)v->gone.by.number, out_clock(v->gone.by.real, real),
			   unvouched ? " but the last" : "");
	if (unvouched)
		verify_say(v, VERIFY_SPAN, NOWHERE, NULL,
			   "no checkpoint vouches yet for the purge of the last %llu of these "
			   "segments, up to segment %llu: whoever can write to the box can have "
			   "taken them away; the recorder's next checkpoint does",
			   (unsigned long long)unvouched, (unsigned long long)v->gone.n);
}

static void say_present(struct verifier *v, uint64_t present, uint64_t last)
{
	/* the line comes first: a crash between the two leaves the last one */
	if (present == 1 && last == v->gone.n)
		verify_say(v, VERIFY_NOTE, (struct box_pos){ last, 0 }, NULL,
			   PURGED_NAME " tells that the segment went, it is still there: the purge "
				       "did not come to its end, or goes on just now");
	else if (present)
		verify_say(v, VERIFY_SPAN, (struct box_pos){ last, 0 }, NULL,
			   PURGED_NAME " tells that %llu segments went which are still there, up "
				       "to this one: they can be taken away without another word",
			   (unsigned long long)present);
}

int verify_purge_end(struct verifier *v, char error[BOX_ERROR])
{
	uint64_t i, gone = 0, records = 0, unvouched = 0, present = 0, last = 0;
	int err = load(v, error);

	for (i = 1; !err && i <= v->gone.n; i++) {
		const struct verify_gone *g = &v->gone.list[i - 1];

		if (there(v, i)) {
			present++;
			last = i;
			continue;
		}
		gone++;
		records += g->line.records;
		unvouched += i > v->gone.vouched;
		if (g->missed && g->sealed < g->line.records)
			verify_say(
				v, VERIFY_SPAN, NOWHERE, NULL,
				"of the %llu records of segment %llu, which was purged, the last "
				"%llu had no checkpoint",
				(unsigned long long)g->line.records, (unsigned long long)i,
				(unsigned long long)(g->line.records - g->sealed));
	}
	if (err)
		return err;
	say_gone(v, gone, records, unvouched);
	say_present(v, present, last);
	return 0;
}
