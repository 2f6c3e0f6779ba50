// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The agent's socket, with real readers on it: quick ones, one that reads nothing, some
 * that talk nonsense, and more than there is room for
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "audit/serve.h"
#include "unit.h"

#define ROOM (64 << 10)

struct world {
	char dir[64], path[96];
	struct serve *serve;
	char error[FEED_ERROR];
};

static struct simseg_record records[1000];

static int up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	size_t i;

	strcpy(w->dir, "/tmp/serve_test.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->path, sizeof(w->path), "%s/run/agent.sock", w->dir);
	for (i = 0; i < ARRAY_SIZE(records); i++)
		records[i].seq = i + 1;
	assert_int_equal(serve_open(&w->serve, w->path, ROOM, w->error), 0);
	*state = w;
	return 0;
}

static int down(void **state)
{
	struct world *w = *state;
	char *run = xprintf("%s/run", w->dir);

	serve_close(w->serve);
	unlink(w->path);
	rmdir(run);
	rmdir(w->dir);
	free(run);
	free(w);
	return 0;
}

/* What the agent does between two batches. */
static void turn(struct world *w)
{
	struct feed_hello hello = { .netns = 4711, .lag = FEED_UNKNOWN };
	struct pollfd fds[SERVE_MAX + 1];
	size_t n = serve_poll(w->serve, fds);

	strcpy(hello.error, "no disk");
	if (poll(fds, n, 0) > 0)
		serve_polled(w->serve, fds, n, &hello);
}

/* A reader, as far as it comes without an answer. */
static int call(const struct world *w)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);

	strcpy(addr.sun_path, w->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static int join(struct world *w, struct feed_hello *hello)
{
	int fd = call(w);

	turn(w);
	assert_int_equal(recv(fd, hello, sizeof(*hello), 0), sizeof(*hello));
	assert_int_equal(hello->head.kind, FEED_HELLO);
	return fd;
}

/* What is there to be read: records, numbers that were missed; or the end. */
struct got {
	uint64_t n, missed, last;
	bool end, ordered;
};

static struct got read_all(int fd)
{
	struct got got = { .ordered = true };
	struct feed_batch batch;
	size_t i;
	int ret;

	while ((ret = feed_read(fd, &batch)) > 0) {
		got.missed += batch.head.missed;
		for (i = 0; i < batch.head.n; i++) {
			got.ordered = got.ordered && batch.records[i].seq > got.last;
			got.last = batch.records[i].seq;
		}
		got.n += batch.head.n;
	}
	assert_true(!ret || ret == -EAGAIN);
	got.end = !ret;
	return got;
}

static void hello(void **state)
{
	struct world *w = *state;
	struct feed_hello hello;
	struct stat st;
	int fd = join(w, &hello);

	assert_int_equal(hello.netns, 4711);
	assert_int_equal(hello.full, 0);
	assert_string_equal(hello.error, "no disk");
	assert_int_equal(stat(w->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	close(fd);
}

static void everyone(void **state)
{
	struct world *w = *state;
	struct feed_hello hello;
	int a = join(w, &hello), b = join(w, &hello);
	struct got got;

	assert_int_equal(hello.monitors, 1);
	serve_records(w->serve, records, 130);
	got = read_all(a);
	assert_true(got.n == 130 && got.last == 130 && got.ordered && !got.missed && !got.end);
	got = read_all(b);
	assert_true(got.n == 130 && !got.missed);
	close(a);
	serve_records(w->serve, records, 10);
	got = read_all(b);
	assert_int_equal(got.n, 10);
	close(b);
}

/* Each record is either read or counted as missed, and the others get all of them. */
static void slow(void **state)
{
	struct world *w = *state;
	struct feed_hello hello;
	int sleeper = join(w, &hello), quick = join(w, &hello), i;
	struct got got, all = { 0 };

	for (i = 0; i < 200; i++) {
		serve_records(w->serve, records, ARRAY_SIZE(records));
		got = read_all(quick);
		all.n += got.n;
		all.missed += got.missed;
		serve_tick(w->serve);
		got = read_all(quick);
		all.n += got.n;
		all.missed += got.missed;
	}
	assert_int_equal(all.n + all.missed, 200000);
	got = read_all(sleeper);
	assert_true(got.n > 0 && got.n < 20000);
	serve_tick(w->serve);
	all = read_all(sleeper);
	assert_int_equal(got.n + got.missed + all.n + all.missed, 200000);
	close(sleeper);
	close(quick);
}

/* They send what they like and go when they like: nobody else notices. */
static void hostile(void **state)
{
	struct world *w = *state;
	struct feed_hello hello;
	int good = join(w, &hello), i;
	uint64_t heard = 0;
	char junk[4096];

	memset(junk, 0xa5, sizeof(junk));
	for (i = 0; i < 300; i++) {
		int fd = call(w);

		if (i % 3)
			turn(w);
		while (i % 2 && send(fd, junk, sizeof(junk), MSG_NOSIGNAL) > 0)
			;
		if (i % 5 == 0)
			shutdown(fd, SHUT_RD);
		serve_records(w->serve, &records[i], 1);
		heard += read_all(good).n;
		close(fd);
		if (i % 7 == 0)
			turn(w);
	}
	for (i = 0; i < 400; i++)
		turn(w);
	assert_int_equal(heard, 300);
	close(join(w, &hello));
	assert_int_equal(hello.monitors, 1);
	close(good);
}

static void crowded(void **state)
{
	struct world *w = *state;
	struct feed_hello hello;
	int fds[SERVE_MAX], more;
	size_t i;

	for (i = 0; i < SERVE_MAX; i++) {
		fds[i] = join(w, &hello);
		assert_int_equal(hello.full, 0);
	}
	more = join(w, &hello);
	assert_int_equal(hello.full, 1);
	assert_true(read_all(more).end);
	close(more);
	close(fds[7]);
	turn(w);
	more = join(w, &hello);
	assert_int_equal(hello.full, 0);
	close(more);
	for (i = 0; i < SERVE_MAX; i++)
		if (i != 7)
			close(fds[i]);
}

/* A killed agent's socket is taken over, a living one's is not, nor is a file. */
static void takeover(void **state)
{
	struct world *w = *state;
	char error[FEED_ERROR] = "", *path = xprintf("%s/stale", w->dir);
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct serve *other = NULL;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	strcpy(addr.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	assert_int_equal(serve_open(&other, path, ROOM, error), 0);
	serve_close(other);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(serve_open(&other, w->path, ROOM, error), -EADDRINUSE);
	assert_non_null(strstr(error, w->path));
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	close(fd);
	assert_int_equal(serve_open(&other, path, ROOM, error), -ENOTSOCK);
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
	free(path);
}

/* The reader's side believes nothing. */
static void believes_nothing(void **state)
{
	struct feed_batch batch = { .head = { FEED_MAGIC, FEED_RECORDS, 192, 1, 0 } }, got;
	const size_t whole = sizeof(batch.head) + sizeof(batch.records[0]);
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	assert_int_equal(send(fds[0], &batch, whole, 0), whole);
	assert_int_equal(feed_read(fds[1], &got), 1);
	assert_int_equal(send(fds[0], &batch, whole - 1, 0), whole - 1);
	assert_int_equal(feed_read(fds[1], &got), -EPROTO);
	batch.head.n = UINT64_MAX / 192 + 2;
	assert_int_equal(send(fds[0], &batch, whole, 0), whole);
	assert_int_equal(feed_read(fds[1], &got), -EPROTO);
	assert_int_equal(send(fds[0], &batch, 3, 0), 3);
	assert_int_equal(feed_read(fds[1], &got), -EPROTO);
	close(fds[0]);
	assert_int_equal(feed_read(fds[1], &got), 0);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(hello, up, down),
		cmocka_unit_test_setup_teardown(everyone, up, down),
		cmocka_unit_test_setup_teardown(slow, up, down),
		cmocka_unit_test_setup_teardown(hostile, up, down),
		cmocka_unit_test_setup_teardown(crowded, up, down),
		cmocka_unit_test_setup_teardown(takeover, up, down),
		cmocka_unit_test(believes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
