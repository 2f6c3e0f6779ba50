/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The index follows the box, in a thread of its own: however slow it is, no record waits
 * for it
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include <stdint.h>

struct follow;

/* NULL: it does not start (it has been said); the box is complete without it. */
struct follow *follow_start(const char *dir);
/*
 * Between these two the box may have records that are taken back if the disk fails: the
 * index takes none of them.
 */
void follow_hold(struct follow *f);
void follow_release(struct follow *f);
/* Records that the index has not yet; UINT64_MAX: not known. */
uint64_t follow_lag(const struct follow *f);
/* Ends the thread, when the piece under way is done. */
void follow_stop(struct follow *f);

#endif
