// SPDX-License-Identifier: GPL-2.0-only
/*
 * What BPF programs may ask of simseg: thin wrappers that check what they are
 * given. kfuncs are not a stable interface; the program in bpf/ is built from
 * the same source as the module.
 */
#include <linux/bpf.h>
#include <linux/if_vlan.h>
#include <linux/module.h>
#include <net/xdp.h>

#include "simseg.h"

/* bpf_simseg_opts.flags: what the program knows about a packet */
#define BPF_SIMSEG_F_PORTS	BIT(0)	/* sport and dport are known */
#define BPF_SIMSEG_F_REPLY_ONLY	BIT(1)	/* ICMP echo reply */
#define BPF_SIMSEG_F_LINK	BIT(2)	/* looks like link control */
#define BPF_SIMSEG_F_PLAIN	BIT(3)	/* untagged Ethernet, no options, hops left */
#define BPF_SIMSEG_F_ALL	(BPF_SIMSEG_F_PORTS | BPF_SIMSEG_F_REPLY_ONLY | \
				 BPF_SIMSEG_F_LINK | BPF_SIMSEG_F_PLAIN)

/**
 * struct bpf_simseg_opts - a packet, and what became of it
 * @src: IPv6 address, or IPv4-mapped
 * @dst: the same
 * @sport: port, or the identifier of an ICMP echo
 * @dport: the same; in an ICMP echo, the identifier again
 * @proto: IP protocol number, behind extension headers
 * @tcp_flags: byte 13 of a TCP header, else 0
 * @vlan_proto: EtherType of the tag, in network byte order; 0: untagged
 * @vlan_id: of that tag
 * @dest: destination hardware address; ignored on links that have none
 * @bytes: length of the IP packet
 * @flags: BPF_SIMSEG_F_*
 * @seq: of TCP, in network byte order, as the next two
 * @ack: the same
 * @window: as it stands there
 * @payload: bytes behind the TCP header
 * @error: out: 0, or
 *	-EINVAL: unknown @flags, @vlan_proto or @vlan_id, or @reserved is not
 *	zero
 * @ifindex: out, for SIMSEG_XDP_FORWARD: interface to redirect to
 * @eth: out, for the same: both addresses of the Ethernet header, as they stand there
 * @reason: out: enum simseg_reason
 * @reserved: zero
 */
struct bpf_simseg_opts {
	struct in6_addr src;
	struct in6_addr dst;
	__be16 sport;
	__be16 dport;
	u8 proto;
	u8 tcp_flags;
	__be16 vlan_proto;
	u16 vlan_id;
	u8 dest[ETH_ALEN];
	u32 bytes;
	u32 flags;
	__be32 seq;
	__be32 ack;
	__be16 window;
	u16 payload;
	s32 error;
	u32 ifindex;
	u32 eth[3];
	u8 reason;
	u8 reserved[3];
};

static bool simseg_opts_valid(const struct bpf_simseg_opts *opts)
{
	return !(opts->flags & ~BPF_SIMSEG_F_ALL) &&
	       (!opts->vlan_proto || eth_type_vlan(opts->vlan_proto)) &&
	       opts->vlan_id < VLAN_N_VID &&
	       !(opts->reserved[0] | opts->reserved[1] | opts->reserved[2]);
}

static __always_inline u32 simseg_opts_flags(u32 flags)
{
	u32 rare = flags & (BPF_SIMSEG_F_REPLY_ONLY | BPF_SIMSEG_F_LINK);
	u32 ret = flags & BPF_SIMSEG_F_PORTS ? SIMSEG_PKT_PORTS : 0;

	if (likely(!rare))
		return ret;
	return ret | (flags & BPF_SIMSEG_F_REPLY_ONLY ? SIMSEG_PKT_REPLY_ONLY : 0) |
	       (flags & BPF_SIMSEG_F_LINK ? SIMSEG_PKT_LINK : 0);
}

/*
 * In generic mode, and only there, what stands behind the buffer is the skb's own
 * shared info: GRO, or a sender on this machine, may have made one packet of many frames.
 */
static void simseg_opts_frame(const struct xdp_buff *xdp, const struct bpf_simseg_opts *opts,
			      struct simseg_frame *frame)
{
	frame->dev = xdp->rxq->dev;
	frame->dest = opts->dest;
	frame->vlan_proto = opts->vlan_proto;
	frame->vlan_id = opts->vlan_id;
	frame->plain = opts->flags & BPF_SIMSEG_F_PLAIN;
	frame->fragments = xdp_buff_has_frags((struct xdp_buff *)xdp);
	frame->generic = rcu_access_pointer(frame->dev->xdp_prog);
	frame->merged = frame->generic &&
			xdp_get_shared_info_from_buff((struct xdp_buff *)xdp)->gso_size;
}

/* Fields that are not named are 0. */
static __always_inline void simseg_opts_pkt(const struct bpf_simseg_opts *opts,
					    struct simseg_pkt *pkt)
{
	*pkt = (struct simseg_pkt){
		.src = opts->src,
		.dst = opts->dst,
		.sport = opts->sport,
		.dport = opts->dport,
		.proto = opts->proto,
		.tcp_flags = opts->tcp_flags,
		.scale = SIMSEG_TCP_NO_SCALE,
		.flags = simseg_opts_flags(opts->flags),
		.bytes = opts->bytes,
	};
	if (opts->proto != IPPROTO_TCP)
		return;
	pkt->seq = ntohl(opts->seq);
	pkt->ack = ntohl(opts->ack);
	pkt->payload = opts->payload;
	pkt->window = ntohs(opts->window);
}

/**
 * bpf_simseg_xdp_check() - may this packet be dropped, or sent on?
 * @ctx: of the XDP program; names the interface of arrival
 * @opts: the packet; @error, @reason, @ifindex and @eth are written
 * @opts__sz: size of @opts
 *
 * A packet that is denied has been counted and told of: it must be dropped. One to be
 * forwarded has been counted as well: it must be redirected as @opts says. Any other
 * must go to the stack, which judges it again with all it knows.
 *
 * Return: enum simseg_verdict, SIMSEG_XDP_FORWARD, or
 *	-EINVAL: wrong @opts__sz (@opts is as it was), or what @error says
 */
__bpf_kfunc int bpf_simseg_xdp_check(struct xdp_md *ctx, struct bpf_simseg_opts *opts,
				     u32 opts__sz)
{
	const struct simseg_hop *hop;
	struct simseg_frame frame;
	struct simseg_pkt pkt;
	u8 verdict;

	BUILD_BUG_ON(sizeof(struct bpf_simseg_opts) != 92);

	if (opts__sz != sizeof(*opts))
		return -EINVAL;
	opts->reason = SIMSEG_REASON_NONE;
	opts->error = simseg_opts_valid(opts) ? 0 : -EINVAL;
	if (opts->error)
		return opts->error;

	simseg_opts_frame((const struct xdp_buff *)ctx, opts, &frame);
	simseg_opts_pkt(opts, &pkt);
	rcu_read_lock();
	verdict = simseg_xdp_judge(&frame, &pkt, &opts->reason, &hop);
	if (verdict == SIMSEG_XDP_FORWARD) {
		opts->ifindex = hop->ifindex;
		memcpy(opts->eth, hop->eth, sizeof(opts->eth));
	}
	rcu_read_unlock();
	return verdict;
}

BTF_KFUNCS_START(simseg_xdp_kfuncs)
BTF_ID_FLAGS(func, bpf_simseg_xdp_check, KF_TRUSTED_ARGS)
BTF_KFUNCS_END(simseg_xdp_kfuncs)

static const struct btf_kfunc_id_set simseg_xdp_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &simseg_xdp_kfuncs,
};

static bool simseg_kfunc_registered;

/* Without BTF of this module registration would succeed, and do nothing. */
static bool simseg_kfunc_has_btf(void)
{
#ifdef CONFIG_DEBUG_INFO_BTF_MODULES
	return THIS_MODULE->btf_data_size;
#else
	return false;
#endif
}

/**
 * simseg_kfunc_init() - let XDP programs ask this module
 *
 * There is nothing to undo: a program holds the module while it may call it.
 *
 * Return: 0; also where kfuncs cannot be had: the floor needs none
 */
int simseg_kfunc_init(void)
{
	int err;

	if (!simseg_kfunc_has_btf())
		return 0;
	err = register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &simseg_xdp_kfunc_set);
	simseg_kfunc_registered = !err;
	return err;
}

/* Can an XDP program call this module, as far as the module can tell? */
bool simseg_kfunc_available(void)
{
	return simseg_kfunc_registered;
}
