/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the verifier says of a test's box
 */
#ifndef _TESTS_VERIFIED_H
#define _TESTS_VERIFIED_H

#include "audit/verify.h"

struct verified {
	struct verify_result result;
	struct verify_finding first; /* of those that are forged */
	char all[8192];		     /* a line for each: its grade, a blank, the sentence */
};

/* As the verifier's found(), with a struct verified. */
void verified_found(void *arg, const struct verify_finding *finding);
/* Of DIR/box, which can be read; valid until the next call. */
const struct verified *verified(void **state, const uint8_t *key, const char *anchor);

#endif
