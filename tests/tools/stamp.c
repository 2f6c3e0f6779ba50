// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stamp: when did a command begin, and when was its answer there?
 *
 * usage: stamp FILE COMMAND...    write "BEGIN END" (CLOCK_BOOTTIME, ns) to
 *                                 FILE, exit as COMMAND did
 *        stamp now                print the time
 */
#include <sys/wait.h>

#include "net.h"

int main(int argc, char **argv)
{
	uint64_t begin, end;
	int status;
	pid_t pid;
	FILE *f;

	if (argc == 2 && !strcmp(argv[1], "now"))
		return printf("%llu\n", (unsigned long long)now_ns()) < 0;
	if (argc < 3) {
		fprintf(stderr, "usage: stamp FILE COMMAND... | stamp now\n");
		return 2;
	}
	begin = now_ns();
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		execvp(argv[2], argv + 2);
		die("%s", argv[2]);
	}
	if (waitpid(pid, &status, 0) != pid)
		die("wait");
	end = now_ns();
	f = fopen(argv[1], "w");
	if (!f ||
	    fprintf(f, "%llu %llu\n", (unsigned long long)begin, (unsigned long long)end) < 0 ||
	    fclose(f))
		die("%s", argv[1]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
