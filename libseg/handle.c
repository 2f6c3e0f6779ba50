// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The handle: a netlink socket, who speaks through it, and its last error
 */
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/netlink.h>

#include "handle.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

#define SEG_RCVBUF (1 << 20)

static size_t seg_append(char *to, size_t size, size_t at, const char *text)
{
	size_t len = strlen(text);

	if (len > size - 1 - at)
		len = size - 1 - at;
	memcpy(to + at, text, len);
	to[at + len] = '\0';
	return at + len;
}

int seg_fail(struct seg_handle *h, int err, ...)
{
	const char *part;
	size_t at = 0;
	va_list ap;

	h->error[0] = '\0';
	va_start(ap, err);
	while ((part = va_arg(ap, const char *)))
		at = seg_append(h->error, sizeof(h->error), at, part);
	va_end(ap);
	if (!at || h->error[at - 1] == ' ')
		seg_append(h->error, sizeof(h->error), at, strerror(-err));
	return err;
}

const char *seg_strerror(const struct seg_handle *h)
{
	if (!h)
		return "out of memory";
	return h->error[0] ? h->error : "no error";
}

const char *seg_subject(const struct seg_handle *h)
{
	return h ? h->subject : "";
}

static int seg_netns_open(struct seg_handle *h, const char *netns)
{
	char path[300] = "/run/netns/";
	size_t at = 0;

	if (!strchr(netns, '/'))
		at = strlen(path);
	if (!*netns || strlen(netns) >= sizeof(path) - at || !strcmp(netns, ".") ||
	    !strcmp(netns, ".."))
		return seg_fail(h, -EINVAL, "bad name of a network namespace", NULL);
	seg_append(path, sizeof(path), at, netns);
	h->netns_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (h->netns_fd < 0)
		return seg_fail(h, -errno, "cannot open ", path, ": ", NULL);
	return 0;
}

int seg_netns_enter(struct seg_handle *h, int *old)
{
	int err;

	*old = -1;
	if (h->netns_fd < 0)
		return 0;
	*old = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (*old < 0)
		return seg_fail(h, -errno, "cannot open the own network namespace: ", NULL);
	if (setns(h->netns_fd, CLONE_NEWNET)) {
		err = seg_fail(h, -errno, "cannot enter the network namespace: ", NULL);
		close(*old);
		*old = -1;
		return err;
	}
	return 0;
}

int seg_netns_leave(struct seg_handle *h, int old)
{
	int ret = 0;

	if (old < 0)
		return 0;
	if (setns(old, CLONE_NEWNET))
		ret = seg_fail(h, -ENOTRECOVERABLE, "cannot leave the network namespace", NULL);
	close(old);
	return ret;
}

static int seg_reply_family(struct seg_handle *h, struct nlmsghdr *nlh, struct nlattr **tb,
			    void *arg)
{
	int *family = arg;

	(void)h;
	(void)nlh;
	if (tb[CTRL_ATTR_FAMILY_ID])
		*family = nla_get_u16(tb[CTRL_ATTR_FAMILY_ID]);
	return 0;
}

/* libnl does not tell a family that does not exist from a request that failed. */
static int seg_resolve(struct seg_handle *h)
{
	int family = 0, err;

	h->family = GENL_ID_CTRL;
	err = seg_msg_read(h, CTRL_CMD_GETFAMILY);
	if (err)
		return err;
	seg_put_string(h, CTRL_ATTR_FAMILY_NAME, SIMSEG_FAMILY_NAME);
	err = seg_talk(h, seg_reply_family, &family);
	if (err == -ENOENT || (!err && !family))
		return seg_fail(h, -ENOPKG, "the module simseg is not loaded", NULL);
	h->family = family;
	return err;
}

static int seg_connect(struct seg_handle *h)
{
	socklen_t len = sizeof(int);
	int one = 1, size;

	h->sk = nl_socket_alloc();
	if (!h->sk)
		return seg_fail(h, -ENOMEM, "out of memory", NULL);
	if (genl_connect(h->sk) < 0)
		return seg_fail(h, -EIO, "cannot open a generic netlink socket", NULL);
	h->fd = nl_socket_get_fd(h->sk);
	fcntl(h->fd, F_SETFD, FD_CLOEXEC);
	/* Refusals of a whole batch may come back at once; a smaller buffer works too. */
	nl_socket_set_buffer_size(h->sk, SEG_RCVBUF, SEG_RCVBUF);
	h->batch_max = SEG_BATCH_LEN;
	if (!getsockopt(h->fd, SOL_SOCKET, SO_SNDBUF, &size, &len) && size / 2 < SEG_BATCH_LEN)
		h->batch_max = (size_t)size / 2;
	setsockopt(h->fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(h->fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	if (setsockopt(h->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one)))
		return seg_fail(h, -errno, "this kernel is too old: ", NULL);
	h->seq = nl_socket_use_seq(h->sk);
	return seg_resolve(h);
}

int seg_open(struct seg_handle **handle, const char *netns)
{
	struct seg_handle *h = calloc(1, sizeof(*h));
	int err, back, old;

	*handle = h;
	if (!h)
		return -ENOMEM;
	h->netns_fd = -1;
	h->fd = -1;
	h->msg = nlmsg_alloc_size(SEG_MSG_ROOM);
	if (!h->msg)
		return seg_fail(h, -ENOMEM, "out of memory", NULL);
	if (netns) {
		err = seg_netns_open(h, netns);
		if (err)
			return err;
	}
	err = seg_netns_enter(h, &old);
	if (err)
		return err;
	err = seg_connect(h);
	back = seg_netns_leave(h, old);
	return back ? back : err;
}

void seg_close(struct seg_handle *h)
{
	if (!h)
		return;
	if (h->sk)
		nl_socket_free(h->sk);
	if (h->netns_fd >= 0)
		close(h->netns_fd);
	nlmsg_free(h->msg);
	seg_scratch_free(&h->scratch);
	free(h->batch);
	free(h->rx);
	free(h);
}

static int seg_set(struct seg_handle *h, const char *what, char *to, size_t size, const char *text)
{
	if (!text)
		text = "";
	if (!seg_text_valid(text, size - 1))
		return seg_fail(h, -EINVAL, what,
				" is too long, not UTF-8, or has control characters", NULL);
	seg_append(to, size, 0, text);
	return 0;
}

int seg_set_actor(struct seg_handle *h, const char *actor)
{
	return seg_set(h, "the actor", h->actor, sizeof(h->actor), actor);
}

int seg_set_reason(struct seg_handle *h, const char *reason)
{
	return seg_set(h, "the reason", h->reason, sizeof(h->reason), reason);
}

int seg_set_ticket(struct seg_handle *h, const char *ticket)
{
	return seg_set(h, "the ticket", h->ticket, sizeof(h->ticket), ticket);
}

int seg_ifindex(struct seg_handle *h, const char *ifname)
{
	unsigned int index;
	int err, old;

	err = seg_netns_enter(h, &old);
	if (err)
		return err;
	index = if_nametoindex(ifname);
	err = index ? 0 : -errno;
	if (err)
		seg_fail(h, err, "no interface ", ifname, NULL);
	if (seg_netns_leave(h, old))
		return -ENOTRECOVERABLE;
	return err ? err : (int)index;
}
