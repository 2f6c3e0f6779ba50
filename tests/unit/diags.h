/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is wrong with a file, as a list of "line:column: text"
 */
#ifndef _TESTS_DIAGS_H
#define _TESTS_DIAGS_H

#include "file.h"

#define DIAGS_LIST 8

/* These complaints in this order and no others; @text: of the file, for who reads it. */
void expect_diags(struct diags *d, const char *const want[DIAGS_LIST], const char *text);

#endif /* _TESTS_DIAGS_H */
