// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What lies below IP, where simseg has no hand in it: interfaces with their
 * queues, XDP programs and tc filters, by rtnetlink
 */
#include <net/if.h>
#include <stdlib.h>
#include <linux/gen_stats.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "handle.h"

#define SEG_LINK_TRIES 5

struct seg_link_entry {
	struct seg_link link; /* first: a callback is given its address */
	char ifname[IFNAMSIZ];
	char qdisc[16];
	uint32_t txqlen;
	bool hook; /* tc filters may stand in front of everything */
};

struct seg_links {
	struct seg_link_entry *list;
	size_t n, room;
	bool no_memory;
	bool filter; /* what is read now has one */
};

static int seg_rtnl_fail(struct seg_handle *h, int err)
{
	return seg_fail(h,
			err == -NLE_NOMEM ? -ENOMEM :
			err == -NLE_PERM  ? -EPERM :
					    -EIO,
			"rtnetlink: ", nl_geterror(err), NULL);
}

static int seg_rtnl_open(struct seg_handle *h, struct nl_sock **sk)
{
	int err, old, back;

	*sk = nl_socket_alloc();
	if (!*sk)
		return seg_fail(h, -ENOMEM, "out of memory", NULL);
	err = seg_netns_enter(h, &old);
	if (!err) {
		err = nl_connect(*sk, NETLINK_ROUTE);
		if (err)
			err = seg_rtnl_fail(h, err);
		back = seg_netns_leave(h, old);
		err = back ? back : err;
	}
	if (!err) {
		nl_socket_enable_msg_peek(*sk);
		return 0;
	}
	nl_socket_free(*sk);
	*sk = NULL;
	return err;
}

static struct seg_link_entry *seg_links_find(struct seg_links *links, uint32_t ifindex)
{
	size_t i;

	for (i = 0; i < links->n; i++)
		if (links->list[i].link.ifindex == ifindex)
			return &links->list[i];
	return NULL;
}

static struct seg_link_entry *seg_links_add(struct seg_links *links)
{
	size_t room = links->room ? 2 * links->room : 16;
	struct seg_link_entry *list;

	if (links->n == links->room) {
		list = realloc(links->list, room * sizeof(*list));
		if (!list) {
			links->no_memory = true;
			return NULL;
		}
		links->list = list;
		links->room = room;
	}
	return memset(&links->list[links->n++], 0, sizeof(*list));
}

static uint32_t seg_xdp_id(struct nlattr *nest)
{
	struct nlattr *tb[IFLA_XDP_MAX + 1];

	if (!nest || nla_parse_nested(tb, IFLA_XDP_MAX, nest, NULL) < 0)
		return 0;
	return seg_get_u32(tb[IFLA_XDP_PROG_ID]);
}

static int seg_link_read(struct nl_msg *msg, void *arg)
{
	struct nlattr *tb[IFLA_MAX + 1];
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct ifinfomsg *ifi = nlmsg_data(nlh);
	struct seg_link_entry *e;

	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse(nlh, sizeof(*ifi), tb, IFLA_MAX, NULL) < 0 || !tb[IFLA_IFNAME])
		return NL_SKIP;
	e = seg_links_add(arg);
	if (!e)
		return NL_STOP;
	e->link.ifindex = (uint32_t)ifi->ifi_index;
	e->link.xdp_id = seg_xdp_id(tb[IFLA_XDP]);
	e->txqlen = seg_get_u32(tb[IFLA_TXQLEN]);
	seg_copy_string(e->ifname, sizeof(e->ifname), tb[IFLA_IFNAME]);
	return NL_OK;
}

/* The root queue counts what waits in those below it. */
static int seg_qdisc_read(struct nl_msg *msg, void *arg)
{
	struct nlattr *tb[TCA_MAX + 1], *st[TCA_STATS_MAX + 1];
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct tcmsg *tcm = nlmsg_data(nlh);
	struct gnet_stats_queue queue = { 0 };
	struct seg_link_entry *e;

	if (nlh->nlmsg_type != RTM_NEWQDISC ||
	    nlmsg_parse(nlh, sizeof(*tcm), tb, TCA_MAX, NULL) < 0 || !tb[TCA_KIND])
		return NL_SKIP;
	e = seg_links_find(arg, (uint32_t)tcm->tcm_ifindex);
	if (!e)
		return NL_SKIP;
	if (tcm->tcm_parent == TC_H_INGRESS)
		e->hook = true;
	if (tcm->tcm_parent != TC_H_ROOT)
		return NL_OK;
	seg_copy_string(e->qdisc, sizeof(e->qdisc), tb[TCA_KIND]);
	if (tb[TCA_STATS2] && nla_parse_nested(st, TCA_STATS_MAX, tb[TCA_STATS2], NULL) == 0 &&
	    st[TCA_STATS_QUEUE])
		nla_memcpy(&queue, st[TCA_STATS_QUEUE], sizeof(queue));
	e->link.bytes = queue.backlog;
	e->link.packets = queue.qlen;
	return NL_OK;
}

static int seg_filter_read(struct nl_msg *msg, void *arg)
{
	struct seg_links *links = arg;

	if (nlmsg_hdr(msg)->nlmsg_type == RTM_NEWTFILTER)
		links->filter = true;
	return NL_OK;
}

static int seg_rtnl_dump(struct nl_sock *sk, int type, void *head, size_t len,
			 nl_recvmsg_msg_cb_t read, struct seg_links *links)
{
	int err;

	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, read, links);
	err = nl_send_simple(sk, type, NLM_F_REQUEST | NLM_F_DUMP, head, len);
	return err < 0 ? err : nl_recvmsgs_default(sk);
}

static int seg_links_read(struct nl_sock *sk, struct seg_links *links)
{
	struct ifinfomsg ifi = { 0 };
	struct tcmsg tcm = { 0 };
	size_t i;
	int err;

	links->n = 0;
	err = seg_rtnl_dump(sk, RTM_GETLINK, &ifi, sizeof(ifi), seg_link_read, links);
	if (err < 0)
		return err;
	err = seg_rtnl_dump(sk, RTM_GETQDISC, &tcm, sizeof(tcm), seg_qdisc_read, links);
	for (i = 0; i < links->n && err >= 0; i++) {
		struct seg_link_entry *e = &links->list[i];

		e->link.ifname = e->ifname;
		e->link.qdisc = *e->qdisc ? e->qdisc : NULL;
		if (!e->hook)
			continue;
		tcm.tcm_ifindex = (int)e->link.ifindex;
		tcm.tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
		links->filter = false;
		err = seg_rtnl_dump(sk, RTM_GETTFILTER, &tcm, sizeof(tcm), seg_filter_read, links);
		e->link.ingress = links->filter;
	}
	return err;
}

int seg_link_list(struct seg_handle *h, seg_link_cb cb, void *arg)
{
	struct seg_links links = { 0 };
	struct nl_sock *sk;
	int err, tries = 0;
	size_t i;

	err = seg_rtnl_open(h, &sk);
	if (err)
		return err;
	do {
		err = seg_links_read(sk, &links);
	} while (err == -NLE_DUMP_INTR && ++tries < SEG_LINK_TRIES);
	nl_socket_free(sk);
	if (links.no_memory)
		err = seg_fail(h, -ENOMEM, "out of memory", NULL);
	else if (err < 0)
		err = seg_rtnl_fail(h, err);
	for (i = 0; i < links.n && !err; i++)
		err = cb(&links.list[i].link, arg);
	free(links.list);
	return err;
}

struct seg_link_wanted {
	const char *ifname;
	uint32_t ifindex; /* 0: there is none */
	uint32_t txqlen;
};

static int seg_link_want(const struct seg_link *link, void *arg)
{
	struct seg_link_wanted *wanted = arg;

	if (strcmp(link->ifname, wanted->ifname))
		return 0;
	wanted->ifindex = link->ifindex;
	wanted->txqlen = ((const struct seg_link_entry *)link)->txqlen;
	return 0;
}

static int seg_link_txqlen(struct nl_sock *sk, uint32_t ifindex, uint32_t txqlen)
{
	struct ifinfomsg ifi = { .ifi_index = (int)ifindex };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_SETLINK, NLM_F_REQUEST);
	int err;

	if (!msg)
		return -NLE_NOMEM;
	err = nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO);
	if (!err)
		err = nla_put_u32(msg, IFLA_TXQLEN, txqlen);
	if (!err)
		err = nl_send_auto(sk, msg);
	nlmsg_free(msg);
	return err < 0 ? err : nl_wait_for_ack(sk);
}

/*
 * The kernel has no request that empties a queue. Where the length of the
 * device's queue changes it stops the queues, empties them, and starts them
 * again with all that they are, whatever their kind; replacing the root queue
 * would lose its classes and filters. So: another length, and back.
 */
int seg_link_flush(struct seg_handle *h, const char *ifname)
{
	struct seg_link_wanted wanted = { .ifname = ifname };
	struct nl_sock *sk;
	int err;

	err = seg_link_list(h, seg_link_want, &wanted);
	if (!err && !wanted.ifindex)
		err = seg_fail(h, -ENODEV, "no interface ", ifname, NULL);
	if (!err)
		err = seg_rtnl_open(h, &sk);
	if (err)
		return err;
	err = seg_link_txqlen(sk, wanted.ifindex, wanted.txqlen ^ 1);
	if (!err)
		err = seg_link_txqlen(sk, wanted.ifindex, wanted.txqlen);
	if (err)
		err = seg_rtnl_fail(h, err);
	nl_socket_free(sk);
	return err;
}
