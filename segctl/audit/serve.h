/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent's socket: whoever may open it gets the records as they are stored
 */
#ifndef SERVE_H
#define SERVE_H

#include <poll.h>

#include "feed.h"

#define SERVE_MAX 64 /* readers */

struct serve;

/* @room: bytes that wait for a slow reader before it misses some. */
int serve_open(struct serve **serve, const char *path, int room, char error[FEED_ERROR]);
/* What to wait for; their number, at most SERVE_MAX + 1. */
size_t serve_poll(const struct serve *serve, struct pollfd fds[SERVE_MAX + 1]);
/* What has come of waiting; @hello goes to those that are new. */
void serve_polled(struct serve *serve, const struct pollfd *fds, size_t n,
		  struct feed_hello *hello);
/* Gives the records to all readers; never waits for one. */
void serve_records(struct serve *serve, const struct simseg_record *records, size_t n);
/* About every second: those who missed some are told, even if nothing comes. */
void serve_tick(struct serve *serve);
void serve_close(struct serve *serve);

#endif
