// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The reader's side of the agent's socket
 */
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "feed.h"

#define HELLO_S 2 /* what an agent that waits for its disk may take to answer */

static int feed_hear(int fd, struct feed_hello *hello)
{
	const struct timeval none = { 0 };
	ssize_t n;

	n = recv(fd, hello, sizeof(*hello), 0);
	if (n < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	if (n != sizeof(*hello) || hello->head.magic != FEED_MAGIC ||
	    hello->head.kind != FEED_HELLO)
		return -EPROTO;
	hello->error[sizeof(hello->error) - 1] = '\0';
	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof(none)) ? -errno : 0;
}

int feed_connect(const char *path, struct feed_hello *hello)
{
	const struct timeval limit = { .tv_sec = HELLO_S };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, err = 0;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* the first is for connect() as well, should nobody accept */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		err = -errno;
	if (!err)
		err = feed_hear(fd, hello);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

int feed_read(int fd, struct feed_batch *batch)
{
	ssize_t n = recv(fd, batch, sizeof(*batch), 0);

	if (n <= 0)
		return n ? -errno : 0;
	if ((size_t)n < sizeof(batch->head) || batch->head.magic != FEED_MAGIC ||
	    batch->head.kind != FEED_RECORDS || batch->head.size != sizeof(batch->records[0]) ||
	    batch->head.n > FEED_BATCH ||
	    (size_t)n != sizeof(batch->head) + batch->head.n * sizeof(batch->records[0]))
		return -EPROTO;
	return 1;
}
