// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl agent: stores every record, for as long as it runs
 *
 * One thread waits for records, stores a batch, and hands it to the monitors, none of
 * which it ever waits for; another one lets the index follow. What cannot be stored stays
 * in the ring and in the module's backlog, which tell by themselves what is lost if that
 * lasts.
 */
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "collect.h"
#include "follow.h"
#include "keep.h"
#include "notify.h"
#include "serve.h"

#define AGENT_DIR     "/var/lib/simseg/audit"
#define AGENT_DIR_RAM "/run/simseg/audit"
#define TICK_MS	      1000
#define DRAIN_MS      20000 /* at the end, however much still comes */

/* What a machine can afford. */
struct size {
	uint32_t ring, deny_ring;
	uint64_t segment_records;
	uint32_t checkpoint_records;
	size_t batch;
	int linger_ms;	     /* between two batches: each one is a write to the disk */
	int room;	     /* for a slow monitor */
	uint64_t keep_bytes; /* of segments; 0: all of them */
};

static const struct size large = { .batch = 4096, .linger_ms = 100, .room = 1 << 20 };
static const struct size small = {
	.ring = 512 << 10,
	.deny_ring = 128 << 10,
	.segment_records = 32768,
	.checkpoint_records = 8192,
	.batch = 512,
	.linger_ms = 500,
	.room = 128 << 10,
	.keep_bytes = 64 << 20,
};

/* Small, and the box is in memory, as it is forwarded: nothing is written to the flash. */
static const struct size ram = {
	.ring = 512 << 10,
	.deny_ring = 128 << 10,
	.segment_records = 8192,
	.checkpoint_records = 4096,
	.batch = 512,
	.linger_ms = 100,
	.room = 128 << 10,
	.keep_bytes = 16 << 20,
};

struct agent {
	struct ctl *c;
	const char *dir, *socket;
	struct seg_ring_options rings;
	struct box_options box;
	struct follow_keep kept;
	struct size size;
	uint64_t netns, since; /* whose records they are, and of which load of the module */
	struct seg_ring *ring; /* NULL: nothing takes records out of the module */
	bool gone;	       /* it is not the one that records go to: only what is left in it */
	bool anew;	       /* the module's numbers began again: another run has to store them */
	struct collect *collect;
	struct serve *serve;
	struct follow *follow; /* NULL: there is no index */
	struct keep keep;
	uint64_t garbled;	   /* times that the ring made no sense, as it was told */
	uint64_t next_ms, tick_ms; /* when to take a batch, and to look after the rest */
	int stuck;		   /* -errno of the last batch, or 0 */
	char error[BOX_ERROR];	   /* what keeps it from storing; "" */
	char trouble[BOX_ERROR];   /* of checkpoints, as it was told last */
};

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static void nothing(int sig)
{
	(void)sig;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- the ring -------------------------------------------------------------- */

static void ring_sizes_warn(const struct agent *a)
{
	struct seg_ring_info info;

	seg_ring_info(a->ring, &info);
	if ((a->rings.size && a->rings.size != info.size) ||
	    (a->rings.deny_size && a->rings.deny_size != info.deny_size))
		ctl_warn("the rings are there already, with %u and %u KiB: they stay so until "
			 "`segctl disarm` or a boot",
			 info.size >> 10, info.deny_size >> 10);
}

/*
 * Becomes the reader, unless simseg is disarmed: the record program would hold the
 * module, which whoever disarms may want to unload. 0 as well if there is none yet.
 */
static int ring_open(struct agent *a)
{
	struct seg_status st;
	int err = seg_status_get(a->c->h, &st);

	if (err || !st.armed)
		return err;
	if (a->since && st.records_since != a->since)
		return -ESTALE;
	err = seg_ring_open(a->c->h, &a->rings, &a->ring);
	if (err)
		return err;
	a->gone = false;
	a->netns = st.netns_cookie;
	ring_sizes_warn(a);
	return 0;
}

static void garbled_warn(struct agent *a)
{
	struct seg_ring_info info;

	seg_ring_info(a->ring, &info);
	if (info.garbled > a->garbled)
		ctl_warn("the ring has what is no record that this program knows: skipped");
	a->garbled = info.garbled;
}

/* Once in a while: is the ring still the one? If there is none, is there one now? */
static void ring_tick(struct agent *a)
{
	struct seg_handle *h;
	int err;

	if (a->ring) {
		garbled_warn(a);
		if (!a->gone && seg_ring_live(a->c->h, a->ring) == 0) {
			ctl_warn("the record program was taken away: no records come");
			a->gone = true;
		}
		return;
	}
	/* the module may have been loaded again, as another family */
	if (seg_open(&h, a->c->netns)) {
		seg_close(h);
		return;
	}
	seg_close(a->c->h);
	a->c->h = h;
	err = ring_open(a);
	if (err == -ESTALE) {
		/* their numbers begin again, which is another source to the box */
		ctl_warn("the module was loaded anew: the agent has to be started again");
		a->anew = true;
		stopped = 1;
	}
	if (err || !a->ring)
		return;
	ctl_warn("the record program is there again");
	a->keep.wanted = true;
}

/* ---- storing --------------------------------------------------------------- */

static void stuck(struct agent *a, int err, const char *error)
{
	if (a->stuck != err)
		ctl_warn("%s: records stay in the ring until this is over", error);
	snprintf(a->error, sizeof(a->error), "%s", error);
	a->stuck = err;
}

static void unstuck(struct agent *a)
{
	if (a->stuck)
		ctl_warn("records are stored again");
	a->stuck = 0;
	a->error[0] = '\0';
}

/* One batch: how many there were, or -errno. */
static int take_batch(struct agent *a)
{
	const struct simseg_record *records;
	char error[BOX_ERROR] = "";
	size_t i, n;
	int ret;

	if (!a->ring)
		return 0;
	follow_hold(a->follow);
	ret = collect_next(a->collect, a->ring, &records, &n, error);
	follow_release(a->follow);
	if (ret < 0) {
		stuck(a, ret, error);
		return ret;
	}
	unstuck(a);
	for (i = 0; i < n; i++)
		keep_note(&a->keep, &records[i]);
	serve_records(a->serve, records, n);
	keep_tick(&a->keep, a->c);
	if (!ret && a->gone) {
		seg_ring_close(a->ring);
		a->ring = NULL;
		a->gone = false;
	}
	return (int)n;
}

static bool is_full(const struct agent *a, int n)
{
	return n >= (int)a->size.batch;
}

/* Each batch is a write to the disk: what is not in a hurry gathers for a while. */
static void take_due(struct agent *a)
{
	int n = take_batch(a), pause = 0;

	if (n < 0)
		pause = TICK_MS;
	else if (n && !is_full(a, n))
		pause = a->size.linger_ms;
	a->next_ms = now_ms() + (uint64_t)pause;
}

static void tick(struct agent *a)
{
	char error[BOX_ERROR] = "";

	a->tick_ms = now_ms() + TICK_MS;
	ring_tick(a);
	if (collect_tick(a->collect, error) && strcmp(error, a->trouble))
		ctl_warn("%s", error);
	snprintf(a->trouble, sizeof(a->trouble), "%s", error);
	follow_forwarded(a->follow, collect_forwarded(a->collect));
	keep_tick(&a->keep, a->c);
	serve_tick(a->serve);
	notify("WATCHDOG=1\nSTATUS=%llu records stored%s%s",
	       (unsigned long long)collect_stored(a->collect), a->stuck ? "; " : "", a->error);
}

/* ---- the loop -------------------------------------------------------------- */

static void hello_fill(const struct agent *a, struct feed_hello *hello)
{
	memset(hello, 0, sizeof(*hello));
	hello->netns = a->netns;
	hello->stored = collect_stored(a->collect);
	hello->lag = follow_lag(a->follow);
	hello->pid = (uint32_t)getpid();
	hello->waiting = !a->ring;
	snprintf(hello->error, sizeof(hello->error), "%s", a->error);
}

static int until(uint64_t when, uint64_t now)
{
	return when > now ? (int)(when - now) : 0;
}

/* Waits until there is something to do, and hears who has come and gone. */
static void wait_and_serve(struct agent *a)
{
	struct pollfd fds[SERVE_MAX + 2];
	uint64_t now = now_ms();
	int limit = until(a->tick_ms, now), pause = until(a->next_ms, now);
	struct feed_hello hello;
	size_t n = serve_poll(a->serve, fds);

	/* a ring that is not to be looked at yet would be readable all the time */
	fds[n] = (struct pollfd){ .fd = a->ring && !pause ? seg_ring_fd(a->ring) : -1,
				  .events = POLLIN };
	if (pause && pause < limit)
		limit = pause;
	if (a->gone)
		limit = pause;
	if (poll(fds, n + 1, limit) <= 0)
		return;
	hello_fill(a, &hello);
	serve_polled(a->serve, fds, n, &hello);
}

static int run(struct agent *a)
{
	uint64_t end;

	notify("READY=1");
	while (!stopped) {
		wait_and_serve(a);
		if (now_ms() >= a->next_ms)
			take_due(a);
		if (now_ms() >= a->tick_ms)
			tick(a);
	}
	notify("STOPPING=1");
	end = now_ms() + DRAIN_MS;
	/* a batch that is not full was the last */
	while (is_full(a, take_batch(a)) && now_ms() < end)
		;
	return a->stuck || a->anew ? EXIT_PART : EXIT_DONE;
}

/* ---- the verb -------------------------------------------------------------- */

/* Without @text it stays what it is. */
static bool size_parse(struct ctl *c, const char *name, const char *text, uint64_t max,
		       uint64_t *value)
{
	return !text || opt_size(c, name + 2, text, max, value);
}

static bool duration_s(struct ctl *c, const char *text, uint32_t *s)
{
	uint64_t ns;

	if (!text)
		return true;
	if (!opt_duration(c, text, &ns))
		return false;
	*s = ns / 1000000000 < UINT32_MAX ? (uint32_t)(ns / 1000000000) : UINT32_MAX;
	return true;
}

static bool options_take(struct agent *a, int argc, char **argv)
{
	const char *ring = NULL, *deny_ring = NULL, *records = NULL, *checkpoint = NULL,
		   *keep = NULL, *keep_size = NULL;
	bool is_small = false;
	const struct opt opts[] = {
		{ "--dir", OPT_VALUE, &a->dir },
		{ "--socket", OPT_VALUE, &a->socket },
		{ "--ring", OPT_VALUE, &ring },
		{ "--deny-ring", OPT_VALUE, &deny_ring },
		{ "--segment-records", OPT_VALUE, &records },
		{ "--checkpoint", OPT_VALUE, &checkpoint },
		{ "--anchor", OPT_VALUE, &a->box.anchor },
		{ "--hook", OPT_VALUE, &a->box.hook },
		{ "--forward", OPT_VALUE, &a->box.forward },
		{ "--keep", OPT_VALUE, &keep },
		{ "--keep-size", OPT_VALUE, &keep_size },
		{ "--small", OPT_FLAG, &is_small },
		{ 0 },
	};
	uint64_t main_size, deny_size;

	if (opt_parse(a->c, argc, argv, opts, 0, 0) < 0)
		return false;
	a->socket = a->socket ? a->socket : FEED_SOCKET;
	a->size = !is_small ? large : a->box.forward ? ram : small;
	if (!a->dir)
		a->dir = is_small && a->box.forward ? AGENT_DIR_RAM : AGENT_DIR;
	a->kept.forwarded = a->box.forward;
	main_size = a->size.ring;
	deny_size = a->size.deny_ring;
	a->box.segment_records = a->size.segment_records;
	a->box.checkpoint_records = a->size.checkpoint_records;
	a->kept.bytes = a->size.keep_bytes;
	if (!size_parse(a->c, "--ring", ring, 1U << 30, &main_size) ||
	    !size_parse(a->c, "--deny-ring", deny_ring, 1U << 30, &deny_size) ||
	    !size_parse(a->c, "--segment-records", records, UINT64_MAX, &a->box.segment_records) ||
	    !size_parse(a->c, "--keep-size", keep_size, UINT64_MAX, &a->kept.bytes) ||
	    (keep && !opt_duration(a->c, keep, &a->kept.age)) ||
	    !duration_s(a->c, checkpoint, &a->box.checkpoint_s))
		return false;
	a->rings = (struct seg_ring_options){ (uint32_t)main_size, (uint32_t)deny_size };
	return true;
}

static void signals(void)
{
	struct sigaction end = { .sa_handler = stop }, none = { .sa_handler = nothing };

	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGHUP, &none, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Where the box is, for commands that are run. */
static void dir_tell(const char *dir)
{
	char cwd[PATH_MAX], *path;

	if (*dir == '/' || !getcwd(cwd, sizeof(cwd))) {
		setenv("SIMSEG_BOX", dir, 1);
		return;
	}
	path = xprintf("%s/%s", cwd, dir);
	setenv("SIMSEG_BOX", path, 1);
	free(path);
}

/* The ring comes first: from then on the module's records are kept for us. */
static int start(struct agent *a)
{
	char error[BOX_ERROR] = "";
	struct seg_status st;
	int err;

	err = ring_open(a);
	if (!err)
		err = seg_status_get(a->c->h, &st);
	if (err)
		return ctl_fail(a->c, err, NULL);
	a->netns = st.netns_cookie;
	a->since = st.records_since;
	if (!a->ring)
		ctl_warn("simseg is disarmed: no records come until `segctl arm`");
	dir_tell(a->dir);
	if (collect_open(&a->collect, a->dir, a->netns, a->since, &a->box, a->size.batch, error) ||
	    serve_open(&a->serve, a->socket, a->size.room, error)) {
		ctl_warn("%s", error);
		return EXIT_REFUSED;
	}
	keep_open(&a->keep, a->dir);
	a->follow = follow_start(a->dir, &a->kept);
	return EXIT_DONE;
}

int cmd_agent(struct ctl *c, int argc, char **argv)
{
	struct agent a = { .c = c, .keep = { .dir = -1 } };
	int ret;

	if (!options_take(&a, argc, argv))
		return EXIT_USAGE;
	ret = ctl_open(c);
	if (ret)
		return ret;
	signals();
	ret = start(&a);
	if (!ret)
		ret = run(&a);
	serve_close(a.serve);
	follow_stop(a.follow);
	keep_close(&a.keep);
	collect_close(a.collect);
	seg_ring_close(a.ring);
	return ret;
}
