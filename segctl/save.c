// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl save: the whole state, as a file that segctl restore takes
 *
 * Where the directory for it exists, the state of the machine's own namespace is
 * kept there after every change, for the next boot.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "segctl.h"

#define STATE_DIR     "/var/lib/simseg"
#define STATE_NAME    "state.yaml"
#define STATE_DEVICES 100000 /* more take longer than a change shall */

int save_at(int dir, const char *name, const char *text, size_t len)
{
	char *temp = xprintf("%s.%d", name, (int)getpid());
	int fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int err = fd < 0 ? -errno : 0;
	ssize_t n;

	while (!err && len) {
		n = write(fd, text, len);
		if (n < 0)
			err = -errno;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	if (!err && fsync(fd))
		err = -errno;
	if (fd >= 0 && close(fd) && !err)
		err = -errno;
	if (!err && renameat(dir, temp, dir, name))
		err = -errno;
	if (err && fd >= 0)
		unlinkat(dir, temp, 0);
	if (!err)
		fsync(dir);
	free(temp);
	return err;
}

static int write_file(const char *name, const char *text, size_t len)
{
	const char *slash = strrchr(name, '/');
	char *path = slash ? xprintf("%.*s", (int)(slash - name + 1), name) : xstrdup(".");
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = dir < 0 ? -errno : save_at(dir, slash ? slash + 1 : name, text, len);

	if (dir >= 0)
		close(dir);
	free(path);
	return err;
}

int cmd_save(struct ctl *c, int argc, char **argv)
{
	struct seg_status st;
	int n, ret, err;
	size_t len;
	char *text;

	n = opt_parse(c, argc, argv, NULL, 0, 1);
	if (n < 0)
		return EXIT_USAGE;
	ret = ctl_open(c);
	if (ret)
		return ret;
	err = seg_status_get(c->h, &st);
	if (err)
		return ctl_fail(c, err, NULL);
	text = state_text(c, &st, true, &len);
	if (!text) {
		ctl_warn("the state cannot be told as a file: %s", seg_strerror(c->h));
		return EXIT_REFUSED;
	}
	if (st.trial)
		ctl_warn("the ruleset is on trial: this is the one that may go back");
	err = 0;
	if (n && strcmp(argv[0], "-"))
		err = write_file(argv[0], text, len);
	else if (fwrite(text, 1, len, stdout) != len || fflush(stdout))
		err = -errno;
	free(text);
	if (!err)
		return st.trial ? EXIT_PART : EXIT_DONE;
	ctl_warn("%s: %s", n ? argv[0] : "standard output", strerror(-err));
	return EXIT_USAGE;
}

/* Ours alone, in the namespace of the machine itself; or -1. */
static int state_dir(const struct ctl *c)
{
	struct stat st, own, first;
	int fd;

	if (c->netns || stat("/proc/self/ns/net", &own) || stat("/proc/1/ns/net", &first) ||
	    own.st_ino != first.st_ino)
		return -1;
	fd = open(STATE_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && (fstat(fd, &st) || st.st_uid != geteuid() || (st.st_mode & 022))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void keep_in(struct ctl *c, int dir)
{
	struct seg_status st;
	char *text = NULL;
	size_t len = 0;

	if (!seg_status_get(c->h, &st)) {
		/* one on trial goes back with the next boot, too */
		if (st.trial)
			return;
		if (st.devices > STATE_DEVICES) {
			ctl_warn("more than %d devices: `segctl save " STATE_DIR "/" STATE_NAME
				 "` keeps them for the next boot",
				 STATE_DEVICES);
			return;
		}
		text = state_text(c, &st, true, &len);
	}
	if (!text || save_at(dir, STATE_NAME, text, len))
		ctl_warn(STATE_DIR "/" STATE_NAME " could not be written: the next boot will not "
				   "know of this");
	free(text);
}

void save_kept(struct ctl *c)
{
	int dir = state_dir(c);

	if (dir < 0)
		return;
	keep_in(c, dir);
	close(dir);
}
