// SPDX-License-Identifier: GPL-2.0-only
/*
 * What BPF programs may ask of simseg: thin wrappers that check what they are
 * given. kfuncs are not a stable interface; the program in bpf/ is built from
 * the same source as the module.
 */
#include <linux/module.h>

#include "xdp.h"

static bool simseg_opts_zero(const struct bpf_simseg_opts *opts)
{
	return !opts->pad && !opts->domain;
}

static bool simseg_opts_valid(const struct bpf_simseg_opts *opts)
{
	if ((opts->flags & ~BPF_SIMSEG_F_ALL) || !simseg_opts_zero(opts))
		return false;
	return !(opts->flags & BPF_SIMSEG_F_VLAN) ||
	       (eth_type_vlan(opts->vlan_proto) && opts->vlan_id < VLAN_N_VID);
}

/* Whatever is not sent on at once. */
static noinline int simseg_opts_judge(const struct xdp_buff *xdp, struct bpf_simseg_opts *opts)
{
	if (simseg_opts_valid(opts)) {
		opts->error = 0;
		return simseg_xdp_judge(xdp, opts);
	}
	opts->reason = SIMSEG_REASON_NONE;
	opts->error = -EINVAL;
	return -EINVAL;
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
	const struct xdp_buff *xdp = (const struct xdp_buff *)ctx;
	struct simseg_flow flow __uninitialized;
	const struct simseg_hop *hop = NULL;
	struct simseg_iface *iface = NULL;
	int ret = SIMSEG_XDP_FORWARD;

	BUILD_BUG_ON(sizeof(struct bpf_simseg_opts) != 96 ||
		     offsetof(struct bpf_simseg_opts, bytes) != sizeof(struct simseg_key));

	if (unlikely(opts__sz != sizeof(*opts)))
		return -EINVAL;
	simseg_xdp_enter();
	if (likely(simseg_onward_fits(opts)))
		iface = simseg_onward_find(xdp->rxq->dev, opts, &flow);
	if (likely(iface))
		hop = simseg_onward(xdp, iface, opts, &flow);
	if (likely(hop)) {
		opts->reason = SIMSEG_REASON_SESSION;
		opts->error = 0;
		opts->ifindex = hop->ifindex;
		memcpy(opts->eth, hop->eth, sizeof(opts->eth));
	} else if (iface && simseg_opts_zero(opts)) {
		opts->error = 0;
		ret = simseg_xdp_known(xdp, iface, opts, flow.session, flow.change, flow.dir);
	} else {
		ret = simseg_opts_judge(xdp, opts);
	}
	simseg_xdp_leave();
	return ret;
}

/**
 * bpf_simseg_xdp_source() - does nothing speak against the source of a packet?
 * @ctx: of the XDP program; names the interface of arrival
 * @src: IPv6 address, or IPv4-mapped
 * @src__sz: size of @src
 * @vlan_id: of the 802.1Q tag; 0: it has none
 *
 * For interfaces where packets are not sent on at once: most need not be parsed further.
 * Nothing is counted, and nothing is denied.
 *
 * Return: SIMSEG_VERDICT_PASS: it may go to the stack as it is,
 *	SIMSEG_XDP_ASK: bpf_simseg_xdp_check() has to decide, or
 *	-EINVAL: wrong @src__sz, or no such @vlan_id
 */
__bpf_kfunc int bpf_simseg_xdp_source(struct xdp_md *ctx, const struct in6_addr *src, u32 src__sz,
				      u32 vlan_id)
{
	const struct xdp_buff *xdp = (const struct xdp_buff *)ctx;
	int ret;

	if (unlikely(src__sz != sizeof(*src) || vlan_id >= VLAN_N_VID))
		return -EINVAL;
	simseg_xdp_enter();
	ret = simseg_xdp_source(xdp->rxq->dev, src, vlan_id);
	simseg_xdp_leave();
	return ret;
}

BTF_KFUNCS_START(simseg_xdp_kfuncs)
BTF_ID_FLAGS(func, bpf_simseg_xdp_check, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_simseg_xdp_source, KF_TRUSTED_ARGS)
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
