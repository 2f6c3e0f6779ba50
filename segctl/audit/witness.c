// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The anchor file and the hook
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "box_file.h"
#include "witness.h"

extern char **environ;

/* A line that was torn before must not spoil this one. */
static int anchor_write(int fd, const char *line)
{
	char text[CHECKPOINT_LINE + 2];
	struct stat st;
	char last = '\n';
	size_t len;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_size && box_read(fd, &last, 1, st.st_size - 1) < 0)
		return -EIO;
	len = (size_t)(stpcpy(stpcpy(stpcpy(text, last == '\n' ? "" : "\n"), line), "\n") - text);
	return box_write(fd, text, len, st.st_size);
}

static int anchor(const struct witness *w, const char *line, char error[BOX_ERROR])
{
	int fd = open(w->anchor, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
	int err = fd < 0 ? -errno : anchor_write(fd, line);

	if (!err && fdatasync(fd))
		err = -errno;
	if (fd >= 0)
		close(fd);
	return err ? box_say(error, err, "cannot write the anchor %s: %s", w->anchor,
			     strerror(-err)) :
		     0;
}

/* The line in memory, to be read like a file: a hook that does not read it harms nobody. */
static int line_fd(const char *line)
{
	int fd = memfd_create("checkpoint", MFD_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = box_write(fd, line, strlen(line), 0);
	if (!err)
		err = box_write(fd, "\n", 1, (off_t)strlen(line));
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* In a process group of its own, with the signals of a fresh process. */
static int spawn(struct witness *w, int in)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)w->hook, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t all, none;
	int err;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
						POSIX_SPAWN_SETSIGMASK);
	err = posix_spawn(&w->pid, "/bin/sh", &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	if (err)
		w->pid = 0;
	return -err;
}

static int hook_run(struct witness *w, const char *line, char error[BOX_ERROR])
{
	int in = line_fd(line), err = in < 0 ? in : spawn(w, in);

	if (in >= 0)
		close(in);
	w->since = box_clock(CLOCK_BOOTTIME);
	w->segment = w->next_segment;
	return err ? box_say(error, err, "cannot run %s: %s", w->name, strerror(-err)) : 0;
}

/* The hook that runs, if it has ended or must: how. */
static int reap(struct witness *w, char error[BOX_ERROR])
{
	int status, err = 0;
	pid_t pid;

	if (!w->pid)
		return 0;
	if (box_clock(CLOCK_BOOTTIME) - w->since > w->limit) {
		kill(-w->pid, SIGKILL);
		waitpid(w->pid, &status, 0);
		w->pid = 0;
		return box_say(error, -ETIMEDOUT,
			       "%s did not end in %llu ms and was killed: it has to be faster",
			       w->name, (unsigned long long)(w->limit / 1000000));
	}
	pid = waitpid(w->pid, &status, WNOHANG);
	if (!pid)
		return 0;
	if (pid < 0)
		err = box_say(error, -errno, "%s is lost: %s", w->name, strerror(errno));
	else if (WIFSIGNALED(status))
		err = box_say(error, -EIO, "%s was killed by signal %d", w->name, WTERMSIG(status));
	else if (WEXITSTATUS(status))
		err = box_say(error, -EIO, "%s failed with exit code %d", w->name,
			      WEXITSTATUS(status));
	w->pid = 0;
	if (!err)
		w->heard = w->segment;
	return err;
}

int witness_tick(struct witness *w, char error[BOX_ERROR])
{
	char line[CHECKPOINT_LINE];
	int err = reap(w, error);

	if (w->pid || !*w->next)
		return err;
	strcpy(line, w->next);
	*w->next = '\0';
	if (err)
		hook_run(w, line, (char[BOX_ERROR]){ "" });
	else
		err = hook_run(w, line, error);
	return err;
}

int witness_tell(struct witness *w, const char *line, uint64_t segment, char error[BOX_ERROR])
{
	int err = 0, lost = 0;

	/* each line vouches for those before it: the newest one is enough */
	if (w->hook) {
		strcpy(w->next, line);
		w->next_segment = segment;
		err = witness_tick(w, error);
	}
	if (w->anchor)
		lost = anchor(w, line, err ? (char[BOX_ERROR]){ "" } : error);
	return err ? err : lost;
}

int witness_end(struct witness *w, char error[BOX_ERROR])
{
	const struct timespec wait = { .tv_nsec = 5000000 };
	int err = 0;

	while (w->pid || *w->next) {
		int now = witness_tick(w, error);

		err = now ? now : err;
		if (w->pid)
			nanosleep(&wait, NULL);
	}
	return err;
}
