// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Numbers of records, source by source
 */
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "verify_state.h"

#define SOURCES_MAX 256 /* of one boot */

static void say(struct verifier *v, enum numbers_wrong wrong, const struct number_range *range,
		uint64_t count, const struct simseg_record *record, struct box_pos pos)
{
	unsigned long long first = range->first, last = range->last, n = count;

	switch (wrong) {
	case NUMBERS_FINE:
		break;
	case NUMBERS_TWICE:
		verify_say(v, VERIFY_FORGED, pos, record,
			   "number %llu comes twice, or behind a higher one of its kind", first);
		break;
	case NUMBERS_MISSING:
		verify_say(v, VERIFY_FORGED, pos, record,
			   "of numbers %llu to %llu %llu are missing, and no gap record tells of "
			   "them",
			   first, last, n);
		break;
	case NUMBERS_PENDING:
		verify_say(v, VERIFY_SPAN, pos, record,
			   "of numbers %llu to %llu %llu had not come when the records of their "
			   "boot end",
			   first, last, n);
		break;
	case NUMBERS_TOO_MANY:
		verify_say(v, VERIFY_FORGED, pos, record,
			   "of numbers %llu to %llu gap records tell of %llu more than are missing",
			   first, last, n);
		break;
	case NUMBERS_BAD_GAP:
		verify_say(v, VERIFY_FORGED, pos, record,
			   "a gap record tells of numbers %llu to %llu, which cannot be", first,
			   last);
		break;
	case NUMBERS_CROWDED:
		verify_say(v, VERIFY_FORGED, pos, record,
			   "numbers %llu to %llu are missing, with very many others", first, last);
		break;
	}
}

static void source_end(struct verifier *v, struct numbers *n)
{
	enum numbers_wrong wrong;
	struct number_range range;
	uint64_t count;

	while ((wrong = numbers_end(n, &range, &count)))
		say(v, wrong, &range, count, NULL, (struct box_pos){ 0, 0 });
	v->result->lost += n->lost;
	numbers_free(n);
}

void verify_number_end(struct verifier *v)
{
	while (v->n_sources)
		source_end(v, &v->sources[--v->n_sources]);
	free(v->sources);
	v->sources = NULL;
	v->sources_room = 0;
}

void verify_number_jump(struct verifier *v)
{
	while (v->n_sources) {
		struct numbers *n = &v->sources[--v->n_sources];

		v->result->lost += n->lost;
		numbers_free(n);
	}
}

/* The accounts of whose records the segment has. */
static struct numbers *source_of(struct verifier *v)
{
	const struct box_source *source = &v->head.source;
	static const uint64_t none[2];
	size_t i;

	for (i = 0; i < v->n_sources; i++)
		if (!memcmp(&v->sources[i].source, source, sizeof(*source)))
			return &v->sources[i];
	/* after another start of the machine no more come from those before */
	if (v->n_sources == SOURCES_MAX ||
	    (v->n_sources &&
	     memcmp(v->sources[0].source.boot_id, source->boot_id, sizeof(source->boot_id))))
		verify_number_end(v);
	grow(&v->sources, &v->sources_room, v->n_sources, sizeof(*v->sources));
	numbers_begin(&v->sources[v->n_sources], source, v->jumped ? v->head.last : none);
	return &v->sources[v->n_sources++];
}

void verify_number(struct verifier *v, const struct simseg_record *record, struct box_pos pos)
{
	struct numbers *n = source_of(v);
	uint64_t lost = n->lost;
	struct number_range range;
	enum numbers_wrong wrong = numbers_add(n, record, &range);

	if (wrong)
		say(v, wrong, &range, 0, record, pos);
	else if (n->lost != lost)
		verify_say(v, VERIFY_SPAN, pos, record,
			   "of numbers %llu to %llu %llu were lost, as the kernel tells",
			   (unsigned long long)range.first, (unsigned long long)range.last,
			   (unsigned long long)(n->lost - lost));
}
