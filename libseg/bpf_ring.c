// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Records: a pinned program that fills two pinned ring buffers, and their reader
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "bpf.h"
#include "record.skel.h"

#define SEG_RING_RAM (512ULL << 20) /* less than this is a small machine */
#define SEG_RING_MAX (1U << 30)

enum {
	SEG_RING_MAIN,
	SEG_RING_DENIES,
	SEG_RINGS
};

static const char *const seg_ring_names[SEG_RINGS] = { "ring", "denies" };

struct seg_ring {
	struct seg_ring_map maps[SEG_RINGS];
	int poll;   /* epoll of both */
	int reader; /* locked: one reader at a time */
};

/* 20,000 records and 5,000 denies, or an eighth of it. */
static void seg_ring_sizes(const struct seg_ring_options *options, uint32_t sizes[SEG_RINGS])
{
	struct sysinfo info;
	bool small = sysinfo(&info) || (uint64_t)info.totalram * info.mem_unit < SEG_RING_RAM;

	sizes[SEG_RING_MAIN] = small ? 512 << 10 : 4 << 20;
	sizes[SEG_RING_DENIES] = small ? 128 << 10 : 1 << 20;
	if (options && options->size)
		sizes[SEG_RING_MAIN] = options->size;
	if (options && options->deny_size)
		sizes[SEG_RING_DENIES] = options->deny_size;
}

int seg_ring_unpin_in(const struct seg_pins *pins)
{
	static const char *const names[] = { "record", "ring", "denies" };
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

/* Attaches the program and pins it and its rings. */
static int seg_ring_pin(struct seg_handle *h, const struct seg_pins *pins, struct record_bpf *skel)
{
	char path[SEG_PATH_LEN];
	struct bpf_link *link;
	int err;

	link = bpf_program__attach(skel->progs.simseg_record);
	if (!link)
		return seg_fail(h, -errno, "cannot attach the record program: ", NULL);
	/* The rings first: a link alone would fill what nobody can find. */
	seg_pin_path(pins, path, seg_ring_names[SEG_RING_MAIN], 0);
	err = bpf_map__pin(skel->maps.simseg_ring, path);
	if (!err) {
		seg_pin_path(pins, path, seg_ring_names[SEG_RING_DENIES], 0);
		err = bpf_map__pin(skel->maps.simseg_denies, path);
	}
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

static int seg_ring_make(struct seg_handle *h, const struct seg_pins *pins,
			 const struct seg_ring_options *options)
{
	char log[SEG_LOG_LEN] = "";
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_buf = log,
		    .kernel_log_size = sizeof(log));
	struct record_bpf *skel = record_bpf__open_opts(&opts);
	uint32_t sizes[SEG_RINGS];
	int err;

	if (!skel)
		return seg_fail(h, -errno, "cannot open the record program: ", NULL);
	skel->rodata->simseg_netns = pins->cookie;
	seg_ring_sizes(options, sizes);
	bpf_map__set_max_entries(skel->maps.simseg_ring, sizes[SEG_RING_MAIN]);
	bpf_map__set_max_entries(skel->maps.simseg_denies, sizes[SEG_RING_DENIES]);
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

/* Is it all pinned? A part is what a killed process leaves, or an older release. */
static bool seg_ring_pinned(const struct seg_pins *pins)
{
	char path[SEG_PATH_LEN];
	unsigned int i;

	for (i = 0; i < SEG_RINGS; i++) {
		seg_pin_path(pins, path, seg_ring_names[i], 0);
		if (access(path, F_OK))
			return false;
	}
	seg_pin_path(pins, path, "record", 0);
	return !access(path, F_OK);
}

/* A pinned ring, which is made sure to be one; its size goes to @info. */
static int seg_ring_get(struct seg_handle *h, const struct seg_pins *pins, unsigned int which,
			struct bpf_map_info *info)
{
	char path[SEG_PATH_LEN];
	__u32 len = sizeof(*info);
	int fd, err = 0;

	seg_pin_path(pins, path, seg_ring_names[which], 0);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return seg_fail(h, -errno, "cannot open ", path, ": ", NULL);
	memset(info, 0, sizeof(*info));
	if (bpf_obj_get_info_by_fd(fd, info, &len))
		err = seg_fail(h, -errno, "cannot ask for the size of ", path, ": ", NULL);
	else if (info->type != BPF_MAP_TYPE_RINGBUF)
		err = seg_fail(h, -EINVAL, path, " is no ring buffer", NULL);
	if (err)
		close(fd);
	return err ? err : fd;
}

static int seg_ring_map_all(struct seg_handle *h, const struct seg_pins *pins,
			    struct seg_ring_map maps[SEG_RINGS])
{
	struct bpf_map_info info;
	unsigned int i;
	int fd, err;

	for (i = 0; i < SEG_RINGS; i++) {
		fd = seg_ring_get(h, pins, i, &info);
		if (fd < 0)
			return fd;
		err = seg_ring_map_open(&maps[i], fd, info.max_entries);
		if (err)
			return seg_fail(h, err, "cannot map the ", seg_ring_names[i], ": ", NULL);
	}
	return 0;
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

static int seg_ring_epoll(struct seg_handle *h, struct seg_ring *ring)
{
	struct epoll_event event = { .events = EPOLLIN };
	unsigned int i;

	ring->poll = epoll_create1(EPOLL_CLOEXEC);
	for (i = 0; i < SEG_RINGS && ring->poll >= 0; i++)
		if (epoll_ctl(ring->poll, EPOLL_CTL_ADD, ring->maps[i].fd, &event))
			return seg_fail(h, -errno, "cannot wait for the ring: ", NULL);
	return ring->poll < 0 ? seg_fail(h, -errno, "cannot wait for the ring: ", NULL) : 0;
}

/* The lock comes first: what another process reads is not made anew. */
static int seg_ring_start(struct seg_handle *h, const struct seg_pins *pins,
			  const struct seg_ring_options *options, struct seg_ring *ring)
{
	int err;

	ring->reader = seg_ring_lock(h, pins);
	if (ring->reader < 0)
		return ring->reader;
	if (!seg_ring_pinned(pins)) {
		err = seg_ring_unpin_in(pins);
		if (err)
			return seg_fail(h, err, "cannot unpin the old records: ", NULL);
		close(ring->reader);
		ring->reader = seg_ring_lock(h, pins);
		if (ring->reader < 0)
			return ring->reader;
		err = seg_ring_make(h, pins, options);
		if (err)
			return err;
	}
	err = seg_ring_map_all(h, pins, ring->maps);
	return err ? err : seg_ring_epoll(h, ring);
}

static bool seg_ring_size_ok(uint32_t size)
{
	return !size || (size >= (uint32_t)sysconf(_SC_PAGESIZE) && !(size & (size - 1)) &&
			 size <= SEG_RING_MAX);
}

int seg_ring_open(struct seg_handle *h, const struct seg_ring_options *options,
		  struct seg_ring **ring)
{
	struct seg_ring *new = calloc(1, sizeof(*new));
	struct seg_pins pins;
	unsigned int i;
	int err;

	*ring = NULL;
	if (!new)
		return seg_fail(h, -ENOMEM, "out of memory", NULL);
	new->reader = -1;
	new->poll = -1;
	for (i = 0; i < SEG_RINGS; i++)
		new->maps[i].fd = -1;
	if (options && !(seg_ring_size_ok(options->size) && seg_ring_size_ok(options->deny_size))) {
		free(new);
		return seg_fail(h, -EINVAL,
				"the size of a ring is a power of two, from a page to 1 GiB", NULL);
	}
	err = seg_pins_open(h, &pins, true);
	if (!err)
		err = seg_ring_start(h, &pins, options, new);
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
	return ring->poll;
}

int seg_ring_wait(const struct seg_ring *ring, int timeout_ms)
{
	struct epoll_event event;
	int n = epoll_wait(ring->poll, &event, 1, timeout_ms);

	return n < 0 ? -errno : n;
}

const struct simseg_record *seg_ring_next(struct seg_ring *ring)
{
	const struct simseg_record *rec, *first = NULL;
	unsigned int i, from = 0;

	for (i = 0; i < SEG_RINGS; i++) {
		rec = seg_ring_map_peek(&ring->maps[i]);
		if (!rec || (first && first->seq < rec->seq))
			continue;
		first = rec;
		from = i;
	}
	if (first)
		seg_ring_map_take(&ring->maps[from]);
	return first;
}

void seg_ring_commit(struct seg_ring *ring)
{
	unsigned int i;

	for (i = 0; i < SEG_RINGS; i++)
		seg_ring_map_commit(&ring->maps[i]);
}

static void seg_ring_tell(const struct seg_ring_map maps[SEG_RINGS], struct seg_ring_info *info)
{
	const struct seg_ring_map *main = &maps[SEG_RING_MAIN], *denies = &maps[SEG_RING_DENIES];

	*info = (struct seg_ring_info){
		.size = main->size,
		.used = seg_ring_map_used(main),
		.deny_size = denies->size,
		.deny_used = seg_ring_map_used(denies),
		.garbled = main->garbled + denies->garbled,
	};
}

void seg_ring_info(const struct seg_ring *ring, struct seg_ring_info *info)
{
	seg_ring_tell(ring->maps, info);
}

int seg_ring_query(struct seg_handle *h, struct seg_ring_info *info)
{
	struct seg_ring_map maps[SEG_RINGS];
	struct seg_pins pins;
	unsigned int i;
	int err;

	memset(info, 0, sizeof(*info));
	for (i = 0; i < SEG_RINGS; i++)
		maps[i].fd = -1;
	err = seg_pins_open(h, &pins, false);
	if (!err && !seg_ring_pinned(&pins))
		err = seg_fail(h, -ENOENT, "nothing takes the records", NULL);
	if (!err)
		err = seg_ring_map_all(h, &pins, maps);
	seg_pins_close(&pins);
	if (!err)
		seg_ring_tell(maps, info);
	for (i = 0; i < SEG_RINGS; i++)
		seg_ring_map_close(&maps[i]);
	return err;
}

/* Is @fd the map that is pinned, and its program, too? */
static int seg_ring_is_pinned(struct seg_handle *h, const struct seg_pins *pins, int fd)
{
	struct bpf_map_info own = { 0 }, pinned;
	__u32 len = sizeof(own);
	int other;

	if (!seg_ring_pinned(pins))
		return 0;
	if (bpf_obj_get_info_by_fd(fd, &own, &len))
		return seg_fail(h, -errno, "cannot ask about the ring: ", NULL);
	other = seg_ring_get(h, pins, SEG_RING_MAIN, &pinned);
	if (other < 0)
		return other;
	close(other);
	return own.id == pinned.id;
}

int seg_ring_live(struct seg_handle *h, const struct seg_ring *ring)
{
	struct seg_pins pins;
	int ret = seg_pins_open(h, &pins, false);

	if (!ret)
		ret = seg_ring_is_pinned(h, &pins, ring->maps[SEG_RING_MAIN].fd);
	seg_pins_close(&pins);
	return ret == -ENOENT ? 0 : ret;
}

void seg_ring_close(struct seg_ring *ring)
{
	unsigned int i;

	if (!ring)
		return;
	for (i = 0; i < SEG_RINGS; i++)
		seg_ring_map_close(&ring->maps[i]);
	if (ring->poll >= 0)
		close(ring->poll);
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
