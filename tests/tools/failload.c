// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * failload: load the module as often as that makes the kernel allocate memory; each time
 * another one of these allocations fails, the last time none.
 *
 * usage: failload FILE PARAMETERS
 *
 * Either it is not there then, or it governs what PARAMETERS say: pools.
 */
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "fail.h"
#include "libseg.h"

/* What a process of its own tells. */
struct news {
	int err;
	bool failed; /* an allocation has */
};

__attribute__((noreturn)) static void load_child(const char *file, const char *parameters,
						 unsigned int nth, struct news *news)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(file);
	fail_begin(nth);
	if (syscall(SYS_finit_module, fd, parameters, 0))
		news->err = errno;
	news->failed = !fail_end();
	_exit(0);
}

/* Away with it; false: it did not govern. */
static bool governs(void)
{
	struct seg_handle *h;
	struct seg_status st;
	bool good;

	if (seg_open(&h, NULL) || seg_status_get(h, &st))
		die(seg_strerror(h));
	good = st.armed && st.governed && st.pools;
	if (seg_set_actor(h, "failload") || seg_set_reason(h, "test") || seg_disarm(h))
		die(seg_strerror(h));
	seg_close(h);
	if (syscall(SYS_delete_module, "simseg", O_NONBLOCK))
		die("delete_module");
	return good;
}

int main(int argc, char **argv)
{
	unsigned int n = 0, refused = 0, loaded = 0;
	struct news *news;
	bool good = true;
	int status;
	pid_t pid;

	news = mmap(NULL, sizeof(*news), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (argc != 3 || news == MAP_FAILED)
		die("set-up");
	do {
		*news = (struct news){ 0 };
		pid = fork();
		if (!pid)
			load_child(argv[1], argv[2], n + 1, news);
		n++;
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			die("load");
		if (!news->err) {
			loaded++;
			good = governs();
		} else {
			refused++;
			good = news->err == ENOMEM && news->failed &&
			       access("/sys/module/simseg", F_OK);
		}
	} while (good && news->failed);
	if (!good)
		printf("allocation %u: %s\n", n, news->err ? strerror(news->err) : "it is open");
	printf("%u times refused, %u times loaded\n", refused, loaded);
	return !good || !refused || news->err;
}
