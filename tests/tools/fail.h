/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One of the kernel's allocations fails while it works for this process: it has a
 * countdown for each (/proc/thread-self/fail-nth, with CONFIG_FAILSLAB).
 */
#ifndef TESTS_TOOLS_FAIL_H
#define TESTS_TOOLS_FAIL_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((noreturn)) static void die(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(125);
}

static int fail_fd(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die("/proc/thread-self/fail-nth");
	return fd;
}

static void fail_set(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(fail_fd(), text, (size_t)len, 0) != len)
		die("fail-nth");
}

/* The @nth allocation from here on fails. */
static void fail_begin(unsigned int nth)
{
	fail_set(nth);
}

/* What is left of the countdown; 0: one has failed. */
static unsigned int fail_end(void)
{
	char text[16] = "";

	if (pread(fail_fd(), text, sizeof(text) - 1, 0) <= 0)
		die("fail-nth");
	fail_set(0);
	return (unsigned int)strtoul(text, NULL, 10);
}

#endif /* TESTS_TOOLS_FAIL_H */
