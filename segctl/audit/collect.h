/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records on their way from the ring into the box
 */
#ifndef COLLECT_H
#define COLLECT_H

#include "box.h"
#include "libseg.h"
#include "libseg_bpf.h"

struct collect;

/* Whose records are made now. @since: when the module began to number them. */
int collect_source(struct box_source *source, uint64_t netns, uint64_t since,
		   char error[BOX_ERROR]);

/* @dir, @options: of the box. @batch: records at once. */
int collect_open(struct collect **collect, const char *dir, uint64_t netns, uint64_t since,
		 const struct box_options *options, size_t batch, char error[BOX_ERROR]);

/*
 * Takes the next batch out of the ring, stores it, and gives its room back. 1 and the
 * records, valid until the next call; 0: there were none, or only such as were stored
 * before; -errno: they are not stored, stay where they are, and come with the next call.
 */
int collect_next(struct collect *c, struct seg_ring *ring, const struct simseg_record **records,
		 size_t *n, char error[BOX_ERROR]);
/* Records that it has stored, and such that it found stored already. */
uint64_t collect_stored(const struct collect *c);
uint64_t collect_repeated(const struct collect *c);
/* Segments before this one were forwarded; 0: none. */
uint64_t collect_forwarded(const struct collect *c);
/* About every second. */
int collect_tick(struct collect *c, char error[BOX_ERROR]);
/* Seals the box. */
void collect_close(struct collect *c);

#endif
