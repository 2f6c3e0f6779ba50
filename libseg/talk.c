// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sending and receiving
 *
 * Every request but a dump asks for an ACK, so each exchange has one end. A
 * dump is read to its end before the first object is handed out: when the
 * kernel says that objects changed meanwhile, it is read again, and the
 * caller never sees the half that was thrown away. Or it is handed out as it
 * comes, to a caller who can throw it away.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <linux/netlink.h>

#include "handle.h"

#define SEG_DUMP_TRIES 5
/* The kernel fills messages of a dump so far, if it is given as much. */
#define SEG_DUMP_LEN 32768

/* One exchange: which answers belong to it, and what to do with them. */
struct seg_exchange {
	uint32_t first, last; /* sequence numbers */
	seg_reply_fn fn;
	void *arg;
	struct seg_spool *spool; /* dumps: keep instead of calling @fn */
	int err;		 /* the first refusal, or what @fn returned */
	uint32_t err_seq;
	uint32_t err_offset; /* of the attribute that is refused; 0: not known */
	bool dump;
	bool one; /* a single request, which is worked on while it is sent */
	bool intr;
	bool answered; /* by more than an ACK: it is done */
	bool done;
};

/* Messages of a dump, as received. */
struct seg_spool {
	uint8_t *data;
	size_t len, room;
};

static int seg_grow(uint8_t **data, size_t *room, size_t need)
{
	size_t size = *room ? *room : 16384;
	uint8_t *p;

	while (size < need)
		size *= 2;
	if (size == *room)
		return 0;
	p = realloc(*data, size);
	if (!p)
		return -ENOMEM;
	*data = p;
	*room = size;
	return 0;
}

static int seg_send(struct seg_handle *h, const void *data, size_t len)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t n;

	do {
		n = sendto(h->fd, data, len, 0, (struct sockaddr *)&kernel, sizeof(kernel));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return seg_fail(h, -errno, "cannot send to the kernel: ", NULL);
	return 0;
}

/* One datagram from the kernel, whatever its size; its length or -errno. */
static ssize_t seg_recv(struct seg_handle *h, bool dump, int flags)
{
	struct sockaddr_nl from = { 0 };
	socklen_t from_len;
	ssize_t n;

	do {
		/* of a dump none is longer than what there was room for before */
		n = dump ? SEG_DUMP_LEN : recv(h->fd, NULL, 0, flags | MSG_PEEK | MSG_TRUNC);
		if (n >= 0 && seg_grow(&h->rx, &h->rx_room, n))
			return seg_fail(h, -ENOMEM, "out of memory", NULL);
		if (n >= 0) {
			from_len = sizeof(from);
			n = recvfrom(h->fd, h->rx, h->rx_room, flags | MSG_TRUNC,
				     (struct sockaddr *)&from, &from_len);
		}
	} while ((n < 0 && errno == EINTR) || (n >= 0 && from.nl_pid));
	if (n < 0 && errno == EAGAIN)
		return -EAGAIN;
	if (n < 0 && errno == ENOBUFS)
		return seg_fail(h, -ENOBUFS,
				"the kernel had more answers than fit, or no memory for them",
				NULL);
	if (n < 0)
		return seg_fail(h, -errno, "cannot receive from the kernel: ", NULL);
	if ((size_t)n > h->rx_room)
		return seg_fail(h, -EMSGSIZE, "an answer is longer than a dump can be", NULL);
	return n;
}

/* What an extended ACK says, in attributes from @head on; the sentence, or NULL. */
static const char *seg_extack(struct nlattr *head, int len, uint32_t *offset)
{
	struct nlattr *msg = nla_find(head, len, NLMSGERR_ATTR_MSG);
	struct nlattr *offs = nla_find(head, len, NLMSGERR_ATTR_OFFS);

	if (offs && nla_len(offs) >= (int)sizeof(*offset))
		*offset = nla_get_u32(offs);
	if (!msg || nla_len(msg) < 1 || ((char *)nla_data(msg))[nla_len(msg) - 1])
		return NULL;
	return nla_data(msg);
}

static void seg_refused(struct seg_handle *h, struct seg_exchange *x, struct nlmsghdr *nlh, int err,
			size_t used)
{
	int rest = (int)nlh->nlmsg_len - NLMSG_HDRLEN - (int)NLMSG_ALIGN(used);
	const char *text = NULL;

	if (x->err)
		return;
	x->err = err;
	x->err_seq = nlh->nlmsg_seq;
	if ((nlh->nlmsg_flags & NLM_F_ACK_TLVS) && rest > 0)
		text = seg_extack((struct nlattr *)((char *)nlmsg_data(nlh) + NLMSG_ALIGN(used)),
				  rest, &x->err_offset);
	seg_fail(h, err, text ? text : "", NULL);
}

static void seg_deliver(struct seg_handle *h, struct seg_exchange *x, struct nlmsghdr *nlh)
{
	struct nlattr *tb[SIMSEG_A_MAX + 1];

	if (x->err || !x->fn)
		return;
	if (nlh->nlmsg_len < NLMSG_HDRLEN + GENL_HDRLEN ||
	    nlmsg_parse(nlh, GENL_HDRLEN, tb, SIMSEG_A_MAX,
			h->family == GENL_ID_CTRL ? NULL : seg_top_policy) < 0) {
		x->err = seg_fail(h, -EBADMSG, "the kernel's answer cannot be parsed", NULL);
		return;
	}
	h->busy = true;
	x->err = x->fn(h, nlh, tb, x->arg);
	h->busy = false;
}

static int seg_keep(struct seg_spool *spool, const struct nlmsghdr *nlh)
{
	size_t len = NLMSG_ALIGN(nlh->nlmsg_len);

	if (seg_grow(&spool->data, &spool->room, spool->len + len))
		return -ENOMEM;
	memcpy(spool->data + spool->len, nlh, nlh->nlmsg_len);
	memset(spool->data + spool->len + nlh->nlmsg_len, 0, len - nlh->nlmsg_len);
	spool->len += len;
	return 0;
}

static void seg_answer(struct seg_handle *h, struct seg_exchange *x, struct nlmsghdr *nlh)
{
	struct nlmsgerr *e = nlmsg_data(nlh);

	if (nlh->nlmsg_seq - x->first > x->last - x->first)
		return; /* left over from an exchange that failed half-way */
	if (nlh->nlmsg_type == h->family)
		x->answered = true;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		x->intr = true;
	switch (nlh->nlmsg_type) {
	case NLMSG_ERROR:
		if (nlmsg_datalen(nlh) < (int)sizeof(*e))
			break;
		if (e->error)
			seg_refused(h, x, nlh, e->error,
				    nlh->nlmsg_flags & NLM_F_CAPPED ?
					    sizeof(*e) :
					    sizeof(*e) + e->msg.nlmsg_len - NLMSG_HDRLEN);
		x->done = x->done || nlh->nlmsg_seq == x->last;
		break;
	case NLMSG_DONE:
		if (nlmsg_datalen(nlh) >= (int)sizeof(int) && e->error < 0)
			seg_refused(h, x, nlh, e->error, sizeof(int));
		x->done = true;
		break;
	case NLMSG_NOOP:
		break;
	default:
		if (!x->spool)
			seg_deliver(h, x, nlh);
		else if (!x->err && seg_keep(x->spool, nlh))
			x->err = seg_fail(h, -ENOMEM, "out of memory", NULL);
	}
}

static void seg_answers(struct seg_handle *h, struct seg_exchange *x, ssize_t len)
{
	struct nlmsghdr *nlh;
	int rest = (int)len;

	for (nlh = (struct nlmsghdr *)h->rx; nlmsg_ok(nlh, rest); nlh = nlmsg_next(nlh, &rest))
		seg_answer(h, x, nlh);
}

/*
 * The kernel had no memory for an ACK or a refusal. Whether the request was carried out
 * is known all the same: its answer was made before, and has come already.
 */
static int seg_collect_rest(struct seg_handle *h, struct seg_exchange *x)
{
	ssize_t len = 0;

	h->error[0] = '\0';
	while (!x->done && len >= 0) {
		len = seg_recv(h, false, MSG_DONTWAIT);
		if (len >= 0)
			seg_answers(h, x, len);
	}
	if (x->done || x->answered)
		return x->err;
	return seg_fail(h, -ENOBUFS, "the kernel has no memory for an answer", NULL);
}

static int seg_collect(struct seg_handle *h, struct seg_exchange *x)
{
	ssize_t len;

	while (!x->done) {
		len = seg_recv(h, x->dump, 0);
		if (len == -ENOBUFS && x->one)
			return seg_collect_rest(h, x);
		if (len < 0)
			return (int)len;
		seg_answers(h, x, len);
	}
	return x->err;
}

int seg_listen(struct seg_handle *h, seg_reply_fn fn, void *arg)
{
	struct seg_exchange x = { .fn = fn, .arg = arg };
	ssize_t len = seg_recv(h, false, 0);
	struct nlmsghdr *nlh;
	int rest = (int)len;

	/* what did not fit is lost: who listens sees it by the numbers */
	if (len < 0)
		return len == -ENOBUFS ? 0 : (int)len;
	for (nlh = (struct nlmsghdr *)h->rx; nlmsg_ok(nlh, rest); nlh = nlmsg_next(nlh, &rest))
		if (nlh->nlmsg_type == h->family)
			seg_deliver(h, &x, nlh);
	return x.err;
}

static int seg_check(struct seg_handle *h)
{
	if (h->overflow)
		return seg_fail(h, -EMSGSIZE, "the request does not fit into a message", NULL);
	h->subject[0] = '\0';
	h->error[0] = '\0';
	return 0;
}

/* Name what an attribute is about; false: it names nothing. */
static bool seg_blame_attr(struct seg_handle *h, struct nlattr *nla)
{
	static const struct {
		int attr;
		const char *noun;
	} names[] = {
		{ SIMSEG_A_ICCID, "device " },
		{ SIMSEG_A_POLICY, "policy " },
		{ SIMSEG_A_PEER, "peer set " },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (nla_type(nla) != names[i].attr || nla_len(nla) >= SEG_SUBJECT_LEN - 16)
			continue;
		strcpy(h->subject, names[i].noun);
		strcat(h->subject, nla_data(nla));
		return true;
	}
	return false;
}

/* Name the attribute at @offs of the message, one of several of its kind. */
static void seg_blame_offset(struct seg_handle *h, struct nlmsghdr *nlh, uint32_t offs)
{
	struct nlattr *nla;
	int rest;

	nlmsg_for_each_attr(nla, nlh, GENL_HDRLEN, rest)
	{
		if ((char *)nla - (char *)nlh == (ptrdiff_t)offs)
			seg_blame_attr(h, nla);
	}
}

int seg_talk(struct seg_handle *h, seg_reply_fn fn, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(h->msg);
	struct seg_exchange x = { .fn = fn, .arg = arg, .one = true };
	int err;

	err = seg_check(h);
	if (err)
		return err;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	x.first = nlh->nlmsg_seq;
	x.last = nlh->nlmsg_seq;
	err = seg_send(h, nlh, nlh->nlmsg_len);
	if (!err)
		err = seg_collect(h, &x);
	if (x.err_offset)
		seg_blame_offset(h, nlh, x.err_offset);
	return err;
}

static int seg_unspool(struct seg_handle *h, struct seg_spool *spool, seg_reply_fn fn, void *arg)
{
	struct seg_exchange x = { .fn = fn, .arg = arg };
	struct nlmsghdr *nlh;
	size_t at;

	for (at = 0; at < spool->len && !x.err; at += NLMSG_ALIGN(nlh->nlmsg_len)) {
		nlh = (struct nlmsghdr *)(spool->data + at);
		seg_deliver(h, &x, nlh);
	}
	return x.err;
}

/* One try to read a dump; -EAGAIN: objects changed meanwhile. */
static int seg_dump_try(struct seg_handle *h, struct seg_exchange *x)
{
	struct nlmsghdr *nlh = nlmsg_hdr(h->msg);
	int err;

	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	x->first = nlh->nlmsg_seq;
	x->last = nlh->nlmsg_seq;
	x->dump = true;
	if (seg_grow(&h->rx, &h->rx_room, SEG_DUMP_LEN))
		return seg_fail(h, -ENOMEM, "out of memory", NULL);
	err = seg_send(h, nlh, nlh->nlmsg_len);
	if (!err)
		err = seg_collect(h, x);
	nlh->nlmsg_seq = ++h->seq;
	if (x->intr && (!err || err == -EINTR))
		err = seg_fail(h, -EAGAIN, "objects changed while they were read", NULL);
	return err;
}

int seg_dump(struct seg_handle *h, seg_reply_fn fn, void *arg)
{
	struct seg_spool spool = { 0 };
	struct seg_exchange x;
	int err, tries = 0;

	err = seg_check(h);
	if (err)
		return err;
	do {
		x = (struct seg_exchange){ .spool = &spool };
		spool.len = 0;
		err = seg_dump_try(h, &x);
	} while (err == -EAGAIN && ++tries < SEG_DUMP_TRIES);
	/* changing all the time: what there was is handed out, and is not the truth */
	if (!err || err == -EAGAIN)
		err = seg_unspool(h, &spool, fn, arg) ?: err;
	free(spool.data);
	return err;
}

int seg_dump_stream(struct seg_handle *h, seg_reply_fn fn, void (*again)(void *arg), void *arg)
{
	struct seg_exchange x;
	int err, tries = 0;

	err = seg_check(h);
	while (!err) {
		x = (struct seg_exchange){ .fn = fn, .arg = arg };
		err = seg_dump_try(h, &x);
		if (err != -EAGAIN || ++tries == SEG_DUMP_TRIES)
			return err;
		again(arg);
		err = 0;
	}
	return err;
}

int seg_queue(struct seg_handle *h)
{
	struct nlmsghdr *nlh = nlmsg_hdr(h->msg);
	size_t len = NLMSG_ALIGN(nlh->nlmsg_len);
	int err;

	h->open = false;
	err = seg_check(h);
	if (err)
		return err;
	if (h->batch_len && h->batch_len + len > h->batch_max) {
		err = seg_queue_flush(h);
		if (err)
			return err;
	}
	if (seg_grow(&h->batch, &h->batch_room, h->batch_len + len))
		return seg_fail(h, -ENOMEM, "out of memory", NULL);
	nlh->nlmsg_flags = NLM_F_REQUEST;
	memcpy(h->batch + h->batch_len, nlh, nlh->nlmsg_len);
	memset(h->batch + h->batch_len + nlh->nlmsg_len, 0, len - nlh->nlmsg_len);
	h->batch_len += len;
	h->batch_seq = nlh->nlmsg_seq;
	return 0;
}

void seg_queue_drop(struct seg_handle *h)
{
	h->batch_len = 0;
	h->open = false;
}

/* Of the devices in a message the one that an offset lies in. */
static struct nlattr *seg_blame_device(struct nlmsghdr *nlh, uint32_t offset)
{
	const char *at = (const char *)nlh + offset;
	struct nlattr *nla;
	int rest;

	nlmsg_for_each_attr(nla, nlh, GENL_HDRLEN, rest)
	{
		if (nla_type(nla) == SIMSEG_A_DEVICE && at >= (char *)nla &&
		    at < (char *)nla + nla->nla_len)
			return nla_find(nla_data(nla), nla_len(nla), SIMSEG_A_ICCID);
	}
	return NULL;
}

/* Name what the message that was refused is about. */
static void seg_blame(struct seg_handle *h, uint32_t seq, uint32_t offset)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)h->batch;
	int rest = (int)h->batch_len;
	struct nlattr *nla;

	for (; nlmsg_ok(nlh, rest); nlh = nlmsg_next(nlh, &rest))
		if (nlh->nlmsg_seq == seq)
			break;
	if (!nlmsg_ok(nlh, rest))
		return;
	nla = seg_blame_device(nlh, offset);
	if (nla && seg_blame_attr(h, nla))
		return;
	nlmsg_for_each_attr(nla, nlh, GENL_HDRLEN, rest)
	{
		if (seg_blame_attr(h, nla))
			return;
	}
}

int seg_queue_flush(struct seg_handle *h)
{
	struct nlmsghdr *nlh;
	struct seg_exchange x = { 0 };
	int err, rest;

	if (h->open) {
		err = seg_queue(h);
		if (err)
			return err;
	}
	nlh = (struct nlmsghdr *)h->batch;
	rest = (int)h->batch_len;
	if (!rest)
		return 0;
	/* Refusals come by themselves; one ACK, the last, says that all are in. */
	x.first = nlh->nlmsg_seq;
	x.last = h->batch_seq;
	for (; nlmsg_ok(nlh, rest); nlh = nlmsg_next(nlh, &rest))
		if (nlh->nlmsg_seq == x.last)
			nlh->nlmsg_flags |= NLM_F_ACK;
	h->subject[0] = '\0';
	err = seg_send(h, h->batch, h->batch_len);
	if (!err)
		err = seg_collect(h, &x);
	if (x.err)
		seg_blame(h, x.err_seq, x.err_offset);
	seg_queue_drop(h);
	return err;
}
