// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where BPF objects are pinned, and how they all go away
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>

#include "bpf.h"

/* libbpf would write to stderr; what matters comes back as an error. */
static int seg_bpf_quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

char *seg_number(char buf[SEG_NUMBER_LEN], uint64_t value, unsigned int base)
{
	char digits[SEG_NUMBER_LEN];
	size_t n = 0, i;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	for (i = 0; i < n; i++)
		buf[i] = digits[n - 1 - i];
	buf[n] = '\0';
	return buf;
}

/* All parts are of known, small size. */
void seg_pin_path(const struct seg_pins *pins, char path[SEG_PATH_LEN], const char *name,
		  uint32_t number)
{
	char digits[SEG_NUMBER_LEN];

	strcpy(path, pins->dir);
	strcat(path, "/");
	strcat(path, name);
	if (number)
		strcat(path, seg_number(digits, number, 10));
}

const char *seg_log_last(char *log)
{
	size_t len = strlen(log);
	char *line;

	/* The verifier ends with its statistics, which are no news. */
	for (;;) {
		while (len && log[len - 1] == '\n')
			log[--len] = '\0';
		line = strrchr(log, '\n');
		line = line ? line + 1 : log;
		if (strncmp(line, "processed ", 10) || line == log)
			return line;
		*line = '\0';
		len = line - log;
	}
}

static int seg_pins_mkdir(struct seg_handle *h, const char *dir)
{
	if (!mkdir(dir, 0700) || errno == EEXIST)
		return 0;
	return seg_fail(h, -errno, "cannot make ", dir, ": ", NULL);
}

/* The lock on @dir, or -errno; -ENOENT if whoever had it has removed @dir. */
static int seg_pins_flock(const char *dir, int how)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (flock(fd, how) || fstat(fd, &st))
		err = -errno;
	else if (!st.st_nlink)
		err = -ENOENT;
	if (err)
		close(fd);
	return err ? err : fd;
}

static int seg_pins_lock(struct seg_handle *h, struct seg_pins *pins)
{
	int err = seg_pins_mkdir(h, SEG_PIN_ROOT);

	if (err)
		return err;
	do {
		err = seg_pins_mkdir(h, pins->dir);
		if (err)
			return err;
		pins->lock = seg_pins_flock(pins->dir, LOCK_EX);
	} while (pins->lock == -ENOENT);
	if (pins->lock < 0)
		return seg_fail(h, pins->lock, "cannot lock ", pins->dir, ": ", NULL);
	return 0;
}

int seg_pins_open(struct seg_handle *h, struct seg_pins *pins, bool write)
{
	struct seg_status status;
	char digits[SEG_NUMBER_LEN];
	struct statfs fs;
	int err;

	pins->lock = -1;
	pins->print = libbpf_set_print(seg_bpf_quiet);
	err = seg_status_get(h, &status);
	if (err)
		return err;
	pins->cookie = status.netns_cookie;
	strcpy(pins->dir, SEG_PIN_ROOT "/");
	strcat(pins->dir, seg_number(digits, pins->cookie, 16));
	if (statfs(SEG_BPFFS, &fs) || (uint32_t)fs.f_type != BPF_FS_MAGIC)
		return seg_fail(h, -ENODEV,
				SEG_BPFFS " is not mounted: `mount -t bpf bpf " SEG_BPFFS
					  "` does it",
				NULL);
	if (write)
		return seg_pins_lock(h, pins);
	return access(pins->dir, F_OK) ? seg_fail(h, -errno, pins->dir, ": ", NULL) : 0;
}

/* Directories that have become empty go as well. */
void seg_pins_close(struct seg_pins *pins)
{
	if (pins->lock >= 0) {
		rmdir(pins->dir);
		close(pins->lock);
	}
	libbpf_set_print(pins->print);
}

bool seg_pin_is_xdp(const char *name)
{
	return !strncmp(name, "xdp_", 4) && strlen(name) <= 16;
}

/* Under the directory's lock; the number of pins that were taken away. */
static int seg_pins_sweep_entries(const struct seg_pins *pins, DIR *dir)
{
	char path[SEG_PATH_LEN];
	struct dirent *entry;
	int n = 0;

	while ((entry = readdir(dir))) {
		if (!seg_pin_is_xdp(entry->d_name))
			continue;
		seg_pin_path(pins, path, entry->d_name, 0);
		if (seg_xdp_dead(path) && !unlink(path))
			n++;
	}
	return n;
}

/* One namespace's; who holds the lock uses its pins, and sweeps another time. */
static int seg_pins_sweep(const char *cookie)
{
	struct seg_pins pins = { .dir = SEG_PIN_ROOT "/" };
	DIR *dir;
	int n = 0;

	if (strlen(cookie) >= SEG_NUMBER_LEN)
		return 0;
	strcat(pins.dir, cookie);
	pins.lock = seg_pins_flock(pins.dir, LOCK_EX | LOCK_NB);
	if (pins.lock < 0)
		return 0;
	dir = opendir(pins.dir);
	if (dir) {
		n = seg_pins_sweep_entries(&pins, dir);
		closedir(dir);
	}
	rmdir(pins.dir);
	close(pins.lock);
	return n;
}

int seg_xdp_sweep(struct seg_handle *h)
{
	struct dirent *entry;
	DIR *root = opendir(SEG_PIN_ROOT);
	int n = 0;

	if (!root)
		return errno == ENOENT ? 0 : seg_fail(h, -errno, SEG_PIN_ROOT ": ", NULL);
	while ((entry = readdir(root))) {
		if (entry->d_name[0] != '.')
			n += seg_pins_sweep(entry->d_name);
	}
	closedir(root);
	return n;
}

static int seg_unpin_entries(const struct seg_pins *pins, DIR *dir)
{
	char path[SEG_PATH_LEN];
	struct dirent *entry;
	int err = 0, one;

	while ((entry = readdir(dir))) {
		if (!seg_pin_is_xdp(entry->d_name))
			continue;
		seg_pin_path(pins, path, entry->d_name, 0);
		one = seg_xdp_unpin(path);
		if (one)
			err = one;
	}
	one = seg_ring_unpin_in(pins);
	return one ? one : err;
}

int seg_bpf_unpin_all(struct seg_handle *h)
{
	struct seg_pins pins;
	DIR *dir = NULL;
	int err;

	err = seg_pins_open(h, &pins, true);
	if (!err) {
		dir = opendir(pins.dir);
		err = dir ? seg_unpin_entries(&pins, dir) : -errno;
		if (err)
			seg_fail(h, err, "cannot empty ", pins.dir, ": ", NULL);
	}
	if (dir)
		closedir(dir);
	seg_pins_close(&pins);
	return err;
}
