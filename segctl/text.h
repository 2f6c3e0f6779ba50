/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text: escaping what others wrote, near matches, growing arrays
 */
#ifndef _SEGCTL_TEXT_H
#define _SEGCTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* These end the program when there is no memory: nothing is half done here. */
void no_memory(void) __attribute__((noreturn));
void *xcalloc(size_t n, size_t size);
char *xstrdup(const char *text);
/*
 * Pages of zeros for what is large and will be used whole, given back with
 * munmap(). They are there at once: a fault for each one costs more than it.
 */
void *xpages(size_t len);
char *xprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Room for one more than @n elements in *@array. */
void grow(void *array, size_t *room, size_t n, size_t size);

/*
 * Length of the UTF-8 sequence at @s, and whether it may go to a terminal: no
 * control character, and none that changes the direction of writing. 0: not
 * UTF-8.
 */
size_t text_char(const char *s, bool *printable);
/* What may go to a terminal, the rest as \xNN; cut to fit. Returns @buf. */
char *text_escape(const char *text, char *buf, size_t size);
/* Valid UTF-8 for JSON, what is not as U+FFFD; to be freed. */
char *text_utf8(const char *text);
/* Columns that a text takes, one a character. */
size_t text_width(const char *text);
/* As one word of a shell command; to be freed. */
char *text_quote(const char *text);

/* A port from 1 to 65535, or two of them as a range; false if it is none. */
bool text_ports(const char *text, uint16_t *low, uint16_t *high);

/* Edit distance, at most @max + 1. */
size_t text_distance(const char *a, const char *b, size_t max);
/* How many edits still count as a slip in a word of that length. */
size_t text_slip(const char *text);

#endif /* _SEGCTL_TEXT_H */
