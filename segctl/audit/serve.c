// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The agent's socket. A reader's queue is its socket's buffer in the kernel, which is
 * bounded: nothing here ever waits, and what does not fit is counted and told. Nothing
 * is read from a reader, so that none can make the agent do anything.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "serve.h"

struct reader {
	int fd;
	uint64_t missed; /* since its last message */
};

struct serve {
	struct reader readers[SERVE_MAX];
	size_t n;
	int listener;
	int room;
	char *path;
};

static int serve_fail(char error[FEED_ERROR], int err, const char *path, const char *what)
{
	snprintf(error, FEED_ERROR, "%s: %s: %s", path, what, strerror(-err));
	return err;
}

/* What a killed agent has left; a socket at which one answers stays. */
static int remove_stale(const char *path)
{
	struct feed_hello hello;
	struct stat st;
	int fd;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	fd = feed_connect(path, &hello);
	if (fd >= 0)
		close(fd);
	if (fd != -ECONNREFUSED)
		return -EADDRINUSE;
	return unlink(path) ? -errno : 0;
}

static int bind_at(int fd, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mode_t mask;
	int err;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	err = remove_stale(path);
	if (err)
		return err;
	/* never open to others, not even for a moment */
	mask = umask(0117);
	err = bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;
	umask(mask);
	return err || !listen(fd, SERVE_MAX) ? err : -errno;
}

/* The directory of the socket, if it is missing; what is above it has to be there. */
static void make_dir(const char *path)
{
	char *dir = xstrdup(path), *slash = strrchr(dir, '/');

	if (slash && slash != dir) {
		*slash = '\0';
		mkdir(dir, 0755);
	}
	free(dir);
}

int serve_open(struct serve **serve, const char *path, int room, char error[FEED_ERROR])
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err = fd < 0 ? -errno : 0;

	make_dir(path);
	if (!err)
		err = bind_at(fd, path);
	if (err) {
		if (fd >= 0)
			close(fd);
		return serve_fail(error, err, path, "cannot listen there");
	}
	*serve = xcalloc(1, sizeof(**serve));
	(*serve)->listener = fd;
	(*serve)->room = room;
	(*serve)->path = xstrdup(path);
	return 0;
}

/* True if it was taken; a reader that is gone is closed. */
static bool reader_send(struct reader *r, const struct simseg_record *records, size_t n)
{
	struct feed_head head = {
		.magic = FEED_MAGIC,
		.kind = FEED_RECORDS,
		.size = sizeof(*records),
		.n = n,
		.missed = r->missed,
	};
	struct iovec iov[2] = { { &head, sizeof(head) },
				{ (void *)records, n * sizeof(*records) } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = n ? 2 : 1 };

	if (sendmsg(r->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
		r->missed = 0;
		return true;
	}
	if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) {
		close(r->fd);
		r->fd = -1;
	}
	return false;
}

/* Without those that are gone. */
static void readers_pack(struct serve *serve)
{
	size_t i, n = 0;

	for (i = 0; i < serve->n; i++)
		if (serve->readers[i].fd >= 0)
			serve->readers[n++] = serve->readers[i];
	serve->n = n;
}

void serve_records(struct serve *serve, const struct simseg_record *records, size_t n)
{
	struct reader *r;
	size_t at, some;

	for (r = serve->readers; r < serve->readers + serve->n; r++) {
		for (at = 0; at < n && r->fd >= 0; at += some) {
			some = n - at < FEED_BATCH ? n - at : FEED_BATCH;
			if (!reader_send(r, records + at, some))
				r->missed += some;
		}
	}
	readers_pack(serve);
}

void serve_tick(struct serve *serve)
{
	size_t i;

	for (i = 0; i < serve->n; i++)
		if (serve->readers[i].missed)
			reader_send(&serve->readers[i], NULL, 0);
	readers_pack(serve);
}

size_t serve_poll(const struct serve *serve, struct pollfd fds[SERVE_MAX + 1])
{
	size_t i;

	fds[0] = (struct pollfd){ .fd = serve->listener, .events = POLLIN };
	/* only whether they are still there */
	for (i = 0; i < serve->n; i++)
		fds[i + 1] = (struct pollfd){ .fd = serve->readers[i].fd };
	return serve->n + 1;
}

static void reader_new(struct serve *serve, struct feed_hello *hello)
{
	int fd = accept4(serve->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	/* beyond the system's limit, if that is allowed */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &serve->room, sizeof(serve->room)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &serve->room, sizeof(serve->room));
	hello->head = (struct feed_head){
		.magic = FEED_MAGIC,
		.kind = FEED_HELLO,
		.size = sizeof(*hello),
	};
	hello->monitors = (uint32_t)serve->n;
	hello->full = serve->n == SERVE_MAX;
	if (send(fd, hello, sizeof(*hello), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 || hello->full) {
		close(fd);
		return;
	}
	serve->readers[serve->n++] = (struct reader){ .fd = fd };
}

void serve_polled(struct serve *serve, const struct pollfd *fds, size_t n, struct feed_hello *hello)
{
	size_t i;

	for (i = 1; i < n; i++) {
		if (!(fds[i].revents & (POLLHUP | POLLERR)))
			continue;
		close(serve->readers[i - 1].fd);
		serve->readers[i - 1].fd = -1;
	}
	readers_pack(serve);
	if (fds[0].revents & POLLIN)
		reader_new(serve, hello);
}

void serve_close(struct serve *serve)
{
	size_t i;

	if (!serve)
		return;
	unlink(serve->path);
	close(serve->listener);
	for (i = 0; i < serve->n; i++)
		close(serve->readers[i].fd);
	free(serve->path);
	free(serve);
}
