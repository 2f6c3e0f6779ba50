// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Records: a pinned program that fills a pinned ring buffer, and its reader
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "bpf.h"
#include "record.skel.h"

/* 2,500 and 20,000 records. */
#define SEG_RING_SMALL (512 << 10)
#define SEG_RING_LARGE (4 << 20)
#define SEG_RING_RAM   (512ULL << 20) /* less than this is a small machine */

struct seg_ring {
	struct ring_buffer *rb;
	int reader; /* locked: one reader at a time */
	seg_record_cb cb;
	void *arg;
	int stop; /* what the callback returned */
};

static uint32_t seg_ring_size(void)
{
	struct sysinfo info;

	if (sysinfo(&info) || (uint64_t)info.totalram * info.mem_unit < SEG_RING_RAM)
		return SEG_RING_SMALL;
	return SEG_RING_LARGE;
}

int seg_ring_unpin_in(const struct seg_pins *pins)
{
	static const char *const names[] = { "record", "ring" };
	char path[SEG_PATH_LEN];
	int err = 0;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		seg_pin_path(pins, path, names[i], 0);
		if (unlink(path) && errno != ENOENT)
			err = -errno;
	}
	seg_pin_path(pins, path, "reader", 0);
	rmdir(path);
	return err;
}

/* Attaches the program and pins it and its ring. */
static int seg_ring_pin(struct seg_handle *h, const struct seg_pins *pins, struct record_bpf *skel)
{
	char path[SEG_PATH_LEN];
	struct bpf_link *link;
	int err;

	link = bpf_program__attach(skel->progs.simseg_record);
	if (!link)
		return seg_fail(h, -errno, "cannot attach the record program: ", NULL);
	/* The ring first: a link alone would fill what nobody can find. */
	seg_pin_path(pins, path, "ring", 0);
	err = bpf_map__pin(skel->maps.simseg_ring, path);
	if (!err) {
		seg_pin_path(pins, path, "record", 0);
		err = bpf_link__pin(link, path);
	}
	bpf_link__destroy(link);
	if (err) {
		seg_ring_unpin_in(pins);
		seg_fail(h, err, "cannot pin ", path, ": ", NULL);
	}
	return err;
}

static int seg_ring_make(struct seg_handle *h, const struct seg_pins *pins)
{
	char log[SEG_LOG_LEN] = "";
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_buf = log,
		    .kernel_log_size = sizeof(log));
	struct record_bpf *skel = record_bpf__open_opts(&opts);
	int err;

	if (!skel)
		return seg_fail(h, -errno, "cannot open the record program: ", NULL);
	skel->rodata->simseg_netns = pins->cookie;
	bpf_map__set_max_entries(skel->maps.simseg_ring, seg_ring_size());
	err = record_bpf__load(skel);
	if (err == -EPERM)
		seg_fail(h, err, "loading the record program needs root or CAP_BPF", NULL);
	else if (err && log[0])
		seg_fail(h, err, "this kernel refuses the record program: ", seg_log_last(log),
			 NULL);
	else if (err)
		seg_fail(h, err, "cannot load the record program: ", NULL);
	else
		err = seg_ring_pin(h, pins, skel);
	record_bpf__destroy(skel);
	return err;
}

/* File descriptor of the pinned ring, which is made if it is not there. */
static int seg_ring_find(struct seg_handle *h, const struct seg_pins *pins)
{
	char path[SEG_PATH_LEN];
	int fd, err;

	seg_pin_path(pins, path, "record", 0);
	fd = bpf_obj_get(path);
	if (fd < 0) {
		/* Half of a pair is what a killed process leaves. */
		seg_ring_unpin_in(pins);
		err = seg_ring_make(h, pins);
		if (err)
			return err;
	} else {
		close(fd);
	}
	seg_pin_path(pins, path, "ring", 0);
	fd = bpf_obj_get(path);
	return fd < 0 ? seg_fail(h, -errno, "cannot open ", path, ": ", NULL) : fd;
}

static int seg_ring_lock(struct seg_handle *h, const struct seg_pins *pins)
{
	char path[SEG_PATH_LEN];
	int fd;

	seg_pin_path(pins, path, "reader", 0);
	if (mkdir(path, 0700) && errno != EEXIST)
		return seg_fail(h, -errno, "cannot make ", path, ": ", NULL);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return seg_fail(h, -errno, "cannot open ", path, ": ", NULL);
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return seg_fail(h, -EBUSY, "another process reads the records", NULL);
	}
	return fd;
}

/* Called by libbpf for each record. */
static int seg_ring_sample(void *ctx, void *data, size_t size)
{
	const struct simseg_record *rec = data;
	struct seg_ring *ring = ctx;

	if (size < sizeof(*rec) || rec->version != SIMSEG_RECORD_VERSION ||
	    rec->size < sizeof(*rec) || !ring->cb)
		return 0;
	ring->stop = ring->cb(rec, ring->arg);
	/* Only a negative value ends the reading there. */
	return ring->stop ? -ECANCELED : 0;
}

static int seg_ring_start(struct seg_handle *h, const struct seg_pins *pins, struct seg_ring *ring)
{
	int fd;

	fd = seg_ring_find(h, pins);
	if (fd < 0)
		return fd;
	ring->reader = seg_ring_lock(h, pins);
	if (ring->reader >= 0) {
		ring->rb = ring_buffer__new(fd, seg_ring_sample, ring, NULL);
		if (!ring->rb)
			seg_fail(h, -errno, "cannot read the ring: ", NULL);
	}
	close(fd);
	if (ring->reader < 0)
		return ring->reader;
	return ring->rb ? 0 : -EIO;
}

int seg_ring_open(struct seg_handle *h, struct seg_ring **ring)
{
	struct seg_ring *new = calloc(1, sizeof(*new));
	struct seg_pins pins;
	int err;

	*ring = NULL;
	if (!new)
		return seg_fail(h, -ENOMEM, "out of memory", NULL);
	new->reader = -1;
	err = seg_pins_open(h, &pins, true);
	if (!err)
		err = seg_ring_start(h, &pins, new);
	seg_pins_close(&pins);
	if (err) {
		seg_ring_close(new);
		return err;
	}
	*ring = new;
	return 0;
}

int seg_ring_fd(const struct seg_ring *ring)
{
	return ring_buffer__epoll_fd(ring->rb);
}

int seg_ring_poll(struct seg_ring *ring, int timeout_ms, seg_record_cb cb, void *arg)
{
	int n;

	ring->cb = cb;
	ring->arg = arg;
	ring->stop = 0;
	n = ring_buffer__poll(ring->rb, timeout_ms);
	return ring->stop ? ring->stop : n;
}

void seg_ring_close(struct seg_ring *ring)
{
	if (!ring)
		return;
	if (ring->rb)
		ring_buffer__free(ring->rb);
	if (ring->reader >= 0)
		close(ring->reader);
	free(ring);
}

int seg_ring_unpin(struct seg_handle *h)
{
	struct seg_pins pins;
	int err;

	err = seg_pins_open(h, &pins, true);
	if (!err) {
		err = seg_ring_unpin_in(&pins);
		if (err)
			seg_fail(h, err, "cannot unpin the records: ", NULL);
	}
	seg_pins_close(&pins);
	return err;
}
