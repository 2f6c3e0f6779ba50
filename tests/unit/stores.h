/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stores, as several tests look at them
 */
#ifndef _TESTS_STORES_H
#define _TESTS_STORES_H

#include "audit/store_db.h"

/* DIR/NAME, until the next call. */
char *stores_path(const char *dir, const char *name);
/* The number that is the answer. */
uint64_t stores_count(struct store *store, const char *sql);

#endif
