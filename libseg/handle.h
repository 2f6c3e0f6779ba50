/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libseg, private: the handle, and the parts that all topics share
 */
#ifndef _LIBSEG_HANDLE_H
#define _LIBSEG_HANDLE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "libseg.h"

#define SEG_ERROR_LEN	512
#define SEG_SUBJECT_LEN 64
/* A message is closed when it has grown past this. */
#define SEG_PIECE_LEN (30 * 1024)
/* At most, if the socket's buffer lets it: what is sent at once is answered once. */
#define SEG_BATCH_LEN (192 * 1024)
/* Room of the message under construction: a piece and its largest attribute. */
#define SEG_MSG_ROOM (128 * 1024)

/* Arrays that the attributes of one message are unpacked into. */
struct seg_scratch {
	struct simseg_prefix *prefixes;
	uint64_t *left; /* ns, of each prefix; 0: no deadline */
	struct simseg_prefix *allow;
	struct seg_rule *rules;
	struct seg_binding *bindings;
	size_t n_prefixes, n_allow, n_rules, n_bindings;
	size_t room; /* bytes of message that the arrays are sized for */
};

struct seg_handle {
	struct nl_sock *sk;
	int fd;
	int family;
	int netns_fd; /* -1: the caller's own */
	uint32_t seq;
	bool busy; /* a callback runs */
	char actor[SIMSEG_ACTOR_MAX + 1];
	char reason[SIMSEG_REASON_MAX + 1];
	char ticket[SIMSEG_TICKET_MAX + 1];
	char error[SEG_ERROR_LEN];
	char subject[SEG_SUBJECT_LEN];

	struct nl_msg *msg; /* under construction */
	bool overflow;	    /* an attribute did not fit into it */
	bool open;	    /* it holds devices, and more may come */

	uint8_t *batch; /* finished pieces of an upload, not sent yet */
	size_t batch_len, batch_room, batch_max;
	uint32_t batch_seq; /* sequence number of the last one */

	uint8_t *rx;
	size_t rx_room;
	struct seg_scratch scratch;
};

/* handle.c */

/*
 * Remember why a call fails: the strings up to NULL, joined. Returns @err. With
 * @err negative and a first string that ends in ": ", follow with strerror().
 */
int seg_fail(struct seg_handle *h, int err, ...) __attribute__((sentinel));
/*
 * Enter the handle's namespace and leave it again; @old is for leave(). Both
 * do nothing where the handle lives in the caller's own.
 */
int seg_netns_enter(struct seg_handle *h, int *old);
int seg_netns_leave(struct seg_handle *h, int old);

/* msg.c: the message under construction */

/* Before a request of more than SEG_MSG_ROOM is begun: make room for @len bytes. */
int seg_msg_reserve(struct seg_handle *h, size_t len);
/* Begin a request that reads, or one that changes (actor, reason, ticket). */
int seg_msg_read(struct seg_handle *h, uint8_t cmd);
int seg_msg_change(struct seg_handle *h, uint8_t cmd);
/* A piece of an upload: the actor alone. */
int seg_msg_piece(struct seg_handle *h, uint8_t cmd);
/* None of these fails: what does not fit is noticed when it is sent. */
void seg_put(struct seg_handle *h, int attr, const void *data, size_t len);
void seg_put_string(struct seg_handle *h, int attr, const char *text);
void seg_put_u8(struct seg_handle *h, int attr, uint8_t value);
void seg_put_u16(struct seg_handle *h, int attr, uint16_t value);
void seg_put_u32(struct seg_handle *h, int attr, uint32_t value);
void seg_put_u64(struct seg_handle *h, int attr, uint64_t value);
void seg_put_prefix(struct seg_handle *h, int attr, const struct simseg_prefix *prefix);
void seg_put_flow(struct seg_handle *h, const struct seg_flow *flow);
void seg_put_rule(struct seg_handle *h, const struct seg_rule *rule);
void seg_put_binding(struct seg_handle *h, const struct seg_binding *binding);
void seg_put_device(struct seg_handle *h, const struct seg_device *device);
struct nlattr *seg_nest_begin(struct seg_handle *h, int attr);
void seg_nest_end(struct seg_handle *h, struct nlattr *nest);
size_t seg_msg_len(const struct seg_handle *h);

/* talk.c: sending and receiving */

/* Called for each message of a reply; @tb is indexed by SIMSEG_A_*. */
typedef int (*seg_reply_fn)(struct seg_handle *h, struct nlmsghdr *nlh, struct nlattr **tb,
			    void *arg);
/* Send the message and wait for its end; @fn may be NULL. */
int seg_talk(struct seg_handle *h, seg_reply_fn fn, void *arg);
int seg_dump(struct seg_handle *h, seg_reply_fn fn, void *arg);
/* Without keeping it; @again: what was handed out does not count, all comes once more. */
int seg_dump_stream(struct seg_handle *h, seg_reply_fn fn, void (*again)(void *arg), void *arg);
/* Hand out what has come by itself: to a socket that has joined a group. */
int seg_listen(struct seg_handle *h, seg_reply_fn fn, void *arg);
/* Put the message into the batch, and send that when it is large; also an open one. */
int seg_queue(struct seg_handle *h);
int seg_queue_flush(struct seg_handle *h);
void seg_queue_drop(struct seg_handle *h);

/* attr.c: attributes to structs */

extern const struct nla_policy seg_top_policy[SIMSEG_A_MAX + 1];

const char *seg_get_string(struct nlattr *nla);
uint32_t seg_get_u32(struct nlattr *nla);
uint64_t seg_get_u64(struct nlattr *nla);
bool seg_get_prefix(struct nlattr *nla, struct simseg_prefix *prefix);
/* Unpack all rules, bindings, prefixes and responders of a message. */
int seg_get_arrays(struct seg_handle *h, struct nlmsghdr *nlh);
int seg_get_receipt(struct nlattr *nla, struct seg_receipt *receipt);
/* A seg_reply_fn whose @arg is a struct seg_receipt, or NULL. */
int seg_reply_receipt(struct seg_handle *h, struct nlmsghdr *nlh, struct nlattr **tb, void *arg);
void seg_copy_string(char *dst, size_t size, struct nlattr *nla);
void seg_scratch_free(struct seg_scratch *s);

#endif /* _LIBSEG_HANDLE_H */
