/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Black boxes in a temporary directory, for the tests of their writer and verifier
 */
#ifndef _TESTS_BOXES_H
#define _TESTS_BOXES_H

#include "audit/box.h"

#include <sys/types.h>

/* A cmocka fixture: its state is the path of a new directory; the box is in DIR/box. */
int boxes_setup(void **state);
int boxes_teardown(void **state);
/* In the directory of @state; valid until the fourth call from now. */
const char *boxes_path(void **state, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

extern const struct box_source boxes_source;

struct simseg_record boxes_record(uint64_t seq, uint8_t kind);
/* Opens DIR/box, which has to succeed without a warning. */
struct box *boxes_open(void **state, const struct box_options *options);
/* Appends @n session records from number @seq on, and commits. */
void boxes_fill(struct box *box, uint64_t seq, size_t n);
/* Opens it and stores records 1 to @n, as a writer that never comes to its end. */
void boxes_crash(void **state, const struct box_options *options, size_t n);
/* Numbers that are stored, in order; how many. At most @max. */
size_t boxes_read(void **state, uint64_t *seqs, size_t max);
/* The verifier finds nothing that is forged. */
void boxes_proven(void **state);
off_t boxes_size(const char *path);

#endif
