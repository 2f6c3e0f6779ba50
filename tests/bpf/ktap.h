/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Results in KTAP: one line each, the plan at the end. */
#ifndef _KTAP_H
#define _KTAP_H

#include <stdbool.h>

bool ktap_check(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ktap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Nothing can go on; does not return. */
void ktap_bail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* The plan; the exit status. */
int ktap_end(void);

#endif /* _KTAP_H */
