// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "ktap.h"

static unsigned int ktap_tests, ktap_failed;

bool ktap_check(bool good, const char *format, ...)
{
	va_list ap;

	ktap_tests++;
	ktap_failed += !good;
	printf("%s %u ", good ? "ok" : "not ok", ktap_tests);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	return good;
}

void ktap_note(const char *format, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

void ktap_bail(const char *format, ...)
{
	va_list ap;

	printf("Bail out! ");
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	exit(1);
}

int ktap_end(void)
{
	printf("1..%u\n", ktap_tests);
	return ktap_failed || !ktap_tests;
}
