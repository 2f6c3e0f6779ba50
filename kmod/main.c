// SPDX-License-Identifier: GPL-2.0-only
/*
 * simseg: every SIM IP its own microsegment, in the packet path.
 *
 * The order of the parts is the order in which doors open: first what holds
 * state, then what packets come through, last what user space talks to.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "simseg.h"

static int __init simseg_init(void)
{
	int err;

	err = simseg_session_cache_init();
	if (err)
		return err;
	/* governs the pools of the module parameter from here on */
	err = simseg_net_init();
	if (err)
		goto free_cache;
	/* interfaces that appear get their side; needs the namespaces */
	err = simseg_iface_init();
	if (err)
		goto free_net;
	/* neighbours change; needs the namespaces */
	err = simseg_hop_init();
	if (err)
		goto free_iface;
	/* a dead socket's upload goes; before there can be a socket */
	err = simseg_upload_init();
	if (err)
		goto free_hop;
	/* XDP programs may ask; without BTF there are none, which is no error */
	err = simseg_kfunc_init();
	if (err)
		goto free_upload;
	/* last: from here on user space can change things */
	err = simseg_netlink_init();
	if (err)
		goto free_upload;
	return 0;

free_upload:
	simseg_upload_uninit();
free_hop:
	simseg_hop_uninit();
free_iface:
	simseg_iface_uninit();
free_net:
	simseg_net_uninit();
free_cache:
	rcu_barrier();
	simseg_session_cache_uninit();
	return err;
}

static void __exit simseg_exit(void)
{
	simseg_netlink_uninit();
	simseg_upload_uninit();
	simseg_hop_uninit();
	simseg_iface_uninit();
	simseg_net_uninit();
	/* sessions, devices and policies are freed by RCU callbacks */
	rcu_barrier();
	simseg_session_cache_uninit();
}

module_init(simseg_init);
module_exit(simseg_exit);

MODULE_DESCRIPTION("Default-deny microsegments around SIM-connected devices");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
