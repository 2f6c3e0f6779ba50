/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an XDP program tells of a packet, and the way of one that is sent on at once: from
 * the program's question to the next hop, in one piece and without a copy, because each
 * packet of each session takes it.
 */
#ifndef _SIMSEG_XDP_H
#define _SIMSEG_XDP_H

#include <linux/bpf.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <net/xdp.h>

#include "hop.h"
#include "key.h"
#include "simseg.h"

/* bpf_simseg_opts.flags: what the program knows about a packet */
#define BPF_SIMSEG_F_PORTS	BIT(0)	/* sport and dport are known */
#define BPF_SIMSEG_F_REPLY_ONLY	BIT(1)	/* ICMP echo reply */
#define BPF_SIMSEG_F_LINK	BIT(2)	/* looks like link control */
#define BPF_SIMSEG_F_PLAIN	BIT(3)	/* untagged Ethernet, no options, hops left */
#define BPF_SIMSEG_F_VLAN	BIT(4)	/* vlan_proto and vlan_id are known */
#define BPF_SIMSEG_F_ALL	(BPF_SIMSEG_F_PORTS | BPF_SIMSEG_F_REPLY_ONLY | \
				 BPF_SIMSEG_F_LINK | BPF_SIMSEG_F_PLAIN | BPF_SIMSEG_F_VLAN)

#define SIMSEG_TCP_SYN	0x02

/**
 * struct bpf_simseg_opts - a packet, and what became of it
 * @src: IPv6 address, or IPv4-mapped
 * @dst: the same
 * @sport: port, or the identifier of an ICMP echo; else 0
 * @dport: the same; in an ICMP echo, the identifier again
 * @proto: IP protocol number, behind extension headers
 * @pad: zero
 * @domain: zero
 * @bytes: length of the IP packet
 * @flags: BPF_SIMSEG_F_*
 * @dest: destination hardware address, and two bytes at which nobody looks; ignored on
 *	links that have none
 * @vlan_proto: with BPF_SIMSEG_F_VLAN: EtherType of the tag, in network byte order
 * @vlan_id: with BPF_SIMSEG_F_VLAN: of that tag
 * @seq: of TCP, in network byte order, as the next two; these five are read of TCP alone
 * @ack: the same
 * @window: as it stands there
 * @payload: bytes behind the TCP header
 * @tcp_flags: byte 13 of the header
 * @reason: out: enum simseg_reason
 * @spare: not used
 * @error: out: 0, or
 *	-EINVAL: unknown @flags, @vlan_proto or @vlan_id, or @pad or @domain is not zero
 * @ifindex: out, for SIMSEG_XDP_FORWARD: interface to redirect to
 * @eth: out, for the same: both addresses of the Ethernet header, as they stand there
 *
 * It begins as struct simseg_key does, so that a key is made of it by words.
 */
struct bpf_simseg_opts {
	struct in6_addr src;
	struct in6_addr dst;
	__be16 sport;
	__be16 dport;
	u8 proto;
	u8 pad;
	u16 domain;
	u32 bytes;
	u32 flags;
	u8 dest[ETH_ALEN + 2];
	__be16 vlan_proto;
	u16 vlan_id;
	__be32 seq;
	__be32 ack;
	__be16 window;
	u16 payload;
	u8 tcp_flags;
	u8 reason;
	u16 spare;
	s32 error;
	u32 ifindex;
	u32 eth[3];
};

/*
 * XDP runs with bottom halves off, which grace periods wait for (since Linux 5.0): to
 * enter and leave a section of RCU costs 16 instructions and adds nothing. Lockdep, which
 * knows only what it is told, is told.
 */
static inline void simseg_xdp_enter(void)
{
	RCU_LOCKDEP_WARN(!rcu_read_lock_bh_held() && !rcu_read_lock_held(),
			 "XDP with bottom halves on");
	rcu_lock_acquire(&rcu_lock_map);
}

static inline void simseg_xdp_leave(void)
{
	rcu_lock_release(&rcu_lock_map);
}

/*
 * Where the driver, or the sender at the other end of a veth pair, keeps the
 * tag beside the frame, XDP cannot see it: an untagged frame may be a VLAN's, and
 * the tag of a tagged one may be the inner of two.
 */
static inline bool simseg_xdp_hides_tags(const struct net_device *dev)
{
#if IS_ENABLED(CONFIG_VLAN_8021Q)
	return rcu_access_pointer(dev->vlan_info) && (dev->features & NETIF_F_HW_VLAN_CTAG_RX);
#else
	return false;
#endif
}

/*
 * In generic mode, and only there, what stands behind the buffer is the skb's own
 * shared info: GRO, or a sender on this machine, may have made one packet of many frames.
 */
static inline bool simseg_xdp_generic(const struct xdp_buff *xdp)
{
	return rcu_access_pointer(xdp->rxq->dev->xdp_prog);
}

static inline bool simseg_xdp_merged(const struct xdp_buff *xdp)
{
	return xdp_get_shared_info_from_buff((struct xdp_buff *)xdp)->gso_size;
}

/*
 * Does a plain packet arrive here and nowhere else, and is it addressed to us? What XDP
 * cannot place goes the long way, where xdp.c tells why.
 */
static __always_inline bool simseg_onward_arrives(const struct net_device *dev,
						  const struct bpf_simseg_opts *opts)
{
	return !rcu_access_pointer(dev->rx_handler) && !simseg_xdp_hides_tags(dev) &&
	       !netif_is_l3_slave(dev) && dev->addr_len == ETH_ALEN &&
	       ether_addr_equal_64bits(opts->dest, dev->dev_addr);
}

/* A driver's own XDP hands over frames, which not every other driver takes. */
static __always_inline bool simseg_onward_takes(const struct simseg_hop *hop,
						const struct xdp_buff *xdp)
{
	if (unlikely(simseg_xdp_generic(xdp)))
		return !simseg_xdp_merged(xdp);	/* its frames are the floor's to count */
	return hop->native && (hop->fragments || !xdp_buff_has_frags((struct xdp_buff *)xdp));
}

/* Not inlined: what it has on the stack is nothing to other packets. */
static noinline void simseg_onward_tcp(struct simseg_net *sn, struct simseg_session *s,
				       const struct bpf_simseg_opts *opts, u8 dir)
{
	struct simseg_pkt pkt __uninitialized;

	/* what is read of a segment that is no SYN */
	pkt.tcp_flags = opts->tcp_flags;
	pkt.seq = ntohl(opts->seq);
	pkt.ack = ntohl(opts->ack);
	pkt.payload = opts->payload;
	pkt.window = ntohs(opts->window);
	pkt.packets = 1;
	pkt.bytes = opts->bytes;
	pkt.skb = NULL;
	simseg_session_account(sn, s, &pkt, dir);
}

/**
 * simseg_onward_find() - where a packet has its place that may be sent on at once
 * @dev: that received the packet
 * @opts: the packet; simseg_onward_fits() it
 * @flow: its place
 *
 * Context: under RCU, bottom halves off.
 * Return: where it arrives, an interface that forwards, and @flow is set; NULL: it takes a
 *	closer look
 */
static __always_inline struct simseg_iface *
simseg_onward_find(const struct net_device *dev, const struct bpf_simseg_opts *opts,
		   struct simseg_flow *flow)
{
	struct simseg_iface *iface = simseg_iface_find(dev);
	struct simseg_net *sn;

	if (!iface || !READ_ONCE(iface->forwards))
		return NULL;
	sn = iface->sn;
	if (READ_ONCE(sn->disarmed) || !simseg_onward_arrives(dev, opts))
		return NULL;
	/* all else of the table was there before */
	if (unlikely(!smp_load_acquire(&sn->sessions.buckets)))
		return NULL;
	flow->change = atomic_read_acquire(&sn->change);
	flow->dir = simseg_key_sort(&flow->key, (const struct simseg_key *)opts);
	flow->hash = simseg_words_hash(&sn->sessions, &flow->key);
	flow->session = simseg_session_find_words(&sn->sessions, &flow->key, flow->hash);
	return iface;
}

/**
 * simseg_onward() - send a packet on at once?
 * @xdp: the frame
 * @iface: where it arrived
 * @opts: the packet
 * @flow: its place
 *
 * The session was judged under the present state of everything, and so was where its
 * packets go: what changes anything raises simseg_net.change.
 *
 * Context: under RCU, bottom halves off.
 * Return: where to, and it has been counted; NULL: it is to be judged
 */
static __always_inline const struct simseg_hop *
simseg_onward(const struct xdp_buff *xdp, struct simseg_iface *iface,
	      const struct bpf_simseg_opts *opts, const struct simseg_flow *flow)
{
	struct simseg_session *s = flow->session;
	struct simseg_net *sn = iface->sn;
	const struct simseg_hop *hop;
	u8 d;

	/* before its deadline, as simseg_session_restamp() writes them */
	if (!s || smp_load_acquire(&s->change) != flow->change || simseg_session_overdue(s) ||
	    !simseg_session_passed(s, flow->dir, iface->ifindex))
		return NULL;
	d = flow->dir != simseg_session_initiator(s);
	hop = simseg_session_hop(s, d);
	if (!hop || !simseg_hop_holds(sn, hop) || opts->bytes > hop->mtu ||
	    !simseg_onward_takes(hop, xdp) || !simseg_hop_open(sn->net, hop))
		return NULL;
	if (opts->proto == IPPROTO_TCP) {
		/* the window's scale is not known here, and it may open anew */
		if (opts->tcp_flags & SIMSEG_TCP_SYN)
			return NULL;
		simseg_onward_tcp(sn, s, opts, flow->dir);
	} else {
		/* a session with a hop is answered, and but for TCP stays so */
		simseg_session_carry(s, d, 1, opts->bytes);
	}
	simseg_count(sn, SIMSEG_REASON_SESSION, 1, opts->bytes);
	simseg_iface_count_xdp(iface, SIMSEG_IFACE_XDP_FORWARD, opts->bytes);
	return hop;
}

/* May simseg_onward_find() have it? Flags that are not known are refused the long way. */
static __always_inline bool simseg_onward_fits(const struct bpf_simseg_opts *opts)
{
	return (opts->flags & ~(BPF_SIMSEG_F_PORTS | BPF_SIMSEG_F_REPLY_ONLY)) ==
	       BPF_SIMSEG_F_PLAIN;
}

u8 simseg_xdp_judge(const struct xdp_buff *xdp, struct bpf_simseg_opts *opts);
u8 simseg_xdp_known(const struct xdp_buff *xdp, struct simseg_iface *iface,
		    struct bpf_simseg_opts *opts, struct simseg_session *s, u32 change, u8 dir);
u8 simseg_xdp_source_net(const struct simseg_net *sn, const struct in6_addr *src, bool bound);

/**
 * simseg_xdp_source() - does nothing speak against this source where it arrives?
 * @dev: that received the packet
 * @src: who sent it
 * @vlan_id: of an 802.1Q tag; 0: it has none
 *
 * That is all that simseg_xdp_judge() looks at where packets are not forwarded at once,
 * and here it is looked at first: whoever may pass need not be looked at more closely.
 * To pass is never wrong, so nothing is asked here that would only lead to it.
 *
 * Context: under RCU, bottom halves off.
 * Return: SIMSEG_VERDICT_PASS, or SIMSEG_XDP_ASK
 */
static __always_inline u8 simseg_xdp_source(struct net_device *dev, const struct in6_addr *src,
					    u16 vlan_id)
{
	const struct simseg_binding *binding;
	const struct simseg_device *device;
	const struct simseg_iface *iface;

	if (unlikely(vlan_id))
		dev = __vlan_find_dev_deep_rcu(dev, htons(ETH_P_8021Q), vlan_id);
	iface = dev ? simseg_iface_find(dev) : NULL;
	if (unlikely(!iface))
		return SIMSEG_XDP_ASK;
	binding = simseg_binding_lookup(iface->sn, src);
	if (READ_ONCE(iface->side) != SIMSEG_SIDE_SIM)
		return simseg_xdp_source_net(iface->sn, src, binding);
	if (unlikely(!binding) || (binding->ifname_len && !simseg_binding_on(binding, dev)))
		return SIMSEG_XDP_ASK;
	device = rcu_dereference(binding->device);
	return likely(device && READ_ONCE(device->state) == SIMSEG_STATE_ACTIVE) ?
		SIMSEG_VERDICT_PASS : SIMSEG_XDP_ASK;
}

#endif /* _SIMSEG_XDP_H */
