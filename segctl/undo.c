// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state before a change is kept, so that a change of all of it can be undone
 *
 * It goes to /run, where only root can read and write: one file a generation
 * and namespace, the latest few of them. What the reader of such files does
 * not take is not kept: a command that cannot undo is worse than none.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "segctl.h"

#define SAVE_DIR     "/run/simseg"
#define SAVE_DEVICES 100000 /* more take longer than the change itself */

#define SAVE_KEEP 8 /* files of one namespace */

/* Our own directory, or -1. */
static int save_dir(void)
{
	struct stat st;
	int fd;

	mkdir(SAVE_DIR, 0700);
	fd = open(SAVE_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && (fstat(fd, &st) || st.st_uid != geteuid() || (st.st_mode & 022))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int older(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

/* Keep the latest few of one namespace. */
static void save_prune(int dir, const char *prefix)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	size_t i, n = 0, room = 0;
	struct dirent *entry;
	char **list = NULL;

	while (d && (entry = readdir(d))) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)))
			continue;
		grow(&list, &room, n, sizeof(*list));
		list[n++] = xstrdup(entry->d_name);
	}
	if (n)
		qsort(list, n, sizeof(*list), older);
	for (i = 0; i < n; i++) {
		if (i + SAVE_KEEP < n)
			unlinkat(dir, list[i], 0);
		free(list[i]);
	}
	free(list);
	if (d)
		closedir(d);
}

static bool save_write(int dir, const char *name, const char *text, size_t len)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool good = fd >= 0;
	ssize_t n;

	while (good && len) {
		n = write(fd, text, len);
		good = n > 0;
		text += good ? n : 0;
		len -= good ? (size_t)n : 0;
	}
	if (fd >= 0 && close(fd))
		good = false;
	if (!good && fd >= 0)
		unlinkat(dir, name, 0);
	return good;
}

char *save_state(struct ctl *c)
{
	char name[64], prefix[32], *text;
	struct seg_status st;
	bool good = false;
	size_t len;
	int dir;

	if (seg_status_get(c->h, &st) || st.devices > SAVE_DEVICES)
		return NULL;
	text = state_text(c, &st, false, &len);
	dir = text ? save_dir() : -1;
	if (dir >= 0) {
		snprintf(prefix, sizeof(prefix), "%llu-", (unsigned long long)st.netns_cookie);
		snprintf(name, sizeof(name), "%s%u.yaml", prefix, st.generation);
		good = save_write(dir, name, text, len);
		save_prune(dir, prefix);
		close(dir);
	}
	free(text);
	return good ? xprintf("%s/%s", SAVE_DIR, name) : NULL;
}
