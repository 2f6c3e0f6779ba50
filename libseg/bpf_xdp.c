// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The XDP program on an interface: attached by a link, which is pinned
 */
#include <dirent.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/if_vlan.h>
#include <linux/sockios.h>

#include "bpf.h"
#include "xdp.skel.h"

#ifndef ARPHRD_RAWIP
#define ARPHRD_RAWIP 519
#endif

#define SEG_NO_BTF "this kernel's module has no BTF: the floor stands alone"

/* What is known about an interface before it gets the program. */
struct seg_xdp_target {
	const char *ifname;
	uint32_t ifindex;
	bool raw;     /* frames start with the IP header */
	bool forward; /* packets of sessions are to be sent on at once */
};

static int seg_ioctl_any(int request, void *arg)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, request, arg))
		err = -errno;
	close(fd);
	return err;
}

static int seg_ioctl(int request, const char *ifname, struct ifreq *ifr)
{
	strncpy(ifr->ifr_name, ifname, IFNAMSIZ - 1);
	ifr->ifr_name[IFNAMSIZ - 1] = '\0';
	return seg_ioctl_any(request, ifr);
}

/* Is it a VLAN? Then @ifname becomes the interface that carries it. */
static bool seg_vlan_lower(char ifname[IFNAMSIZ])
{
	struct vlan_ioctl_args args = { .cmd = GET_VLAN_REALDEV_NAME_CMD };

	strcpy(args.device1, ifname);
	if (seg_ioctl_any(SIOCGIFVLAN, &args))
		return false;
	memcpy(ifname, args.u.device2, IFNAMSIZ);
	ifname[IFNAMSIZ - 1] = '\0';
	return true;
}

static int seg_xdp_look_forward(const struct seg_iface *iface, void *arg)
{
	struct seg_xdp_target *t = arg;

	if (iface->ifindex && iface->ifindex == t->ifindex)
		t->forward = iface->forward != SIMSEG_FORWARD_OFF;
	return 0;
}

static int seg_xdp_look(struct seg_handle *h, struct seg_xdp_target *t)
{
	struct ifreq ifr = { 0 };
	char digits[SEG_NUMBER_LEN];
	int err;

	t->ifindex = if_nametoindex(t->ifname);
	if (!t->ifindex)
		return seg_fail(h, -errno, "no interface ", t->ifname, NULL);
	err = seg_ioctl(SIOCGIFHWADDR, t->ifname, &ifr);
	if (err)
		return seg_fail(h, err, t->ifname, ": ", NULL);
	switch (ifr.ifr_hwaddr.sa_family) {
	case ARPHRD_ETHER:
		t->raw = false;
		return 0;
	case ARPHRD_NONE:
	case ARPHRD_RAWIP:
		t->raw = true;
		return 0;
	default:
		return seg_fail(h, -EOPNOTSUPP, t->ifname,
				" carries neither Ethernet nor bare IP "
				"(link type ",
				seg_number(digits, ifr.ifr_hwaddr.sa_family, 10),
				"): the floor alone can guard it", NULL);
	}
}

/*
 * A driver that takes the VLAN tag out of the frame hides it from XDP, and the
 * module then leaves such frames to the floor. So this is about speed alone,
 * and may fail. Not for veth: there the sender does it.
 */
static void seg_xdp_keep_tags(const char *ifname)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ethtool_value flags = { .cmd = ETHTOOL_GFLAGS };
	struct ifreq ifr = { 0 };

	ifr.ifr_data = (void *)&info;
	if (seg_ioctl(SIOCETHTOOL, ifname, &ifr) || !strcmp(info.driver, "veth"))
		return;
	ifr.ifr_data = (void *)&flags;
	if (seg_ioctl(SIOCETHTOOL, ifname, &ifr) || !(flags.data & ETH_FLAG_RXVLAN))
		return;
	flags.cmd = ETHTOOL_SFLAGS;
	flags.data &= ~ETH_FLAG_RXVLAN;
	seg_ioctl(SIOCETHTOOL, ifname, &ifr);
}

/* Loads the program for @t; *@skel is for xdp_bpf__destroy(). */
static int seg_xdp_load(struct seg_handle *h, const struct seg_xdp_target *t, struct xdp_bpf **skel)
{
	char log[SEG_LOG_LEN] = "";
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_buf = log,
		    .kernel_log_size = sizeof(log));
	const char *why;
	int err;

	*skel = xdp_bpf__open_opts(&opts);
	if (!*skel)
		return seg_fail(h, -errno, "cannot open the XDP program: ", NULL);
	(*skel)->rodata->simseg_raw_ip = t->raw;
	bpf_program__set_autoload((*skel)->progs.simseg_xdp, t->forward);
	bpf_program__set_autoload((*skel)->progs.simseg_xdp_source, !t->forward);
	err = xdp_bpf__load(*skel);
	if (!err)
		return 0;
	xdp_bpf__destroy(*skel);
	*skel = NULL;
	if (err == -EPERM)
		return seg_fail(h, err, "loading the XDP program needs root or CAP_BPF", NULL);
	why = seg_log_last(log);
	return *why ? seg_fail(h, err, "this kernel refuses the XDP program: ", why, NULL) :
		      seg_fail(h, err, "cannot load the XDP program: ", NULL);
}

int seg_xdp_supported(struct seg_handle *h)
{
	const struct seg_xdp_target any = { .forward = true };
	struct seg_status status;
	struct seg_pins pins;
	struct xdp_bpf *skel;
	int err;

	err = seg_status_get(h, &status);
	if (err)
		return err;
	if (!status.kfuncs) {
		seg_fail(h, -EOPNOTSUPP, SEG_NO_BTF, NULL);
		return 0;
	}
	/* A JIT that cannot call kfuncs shows only when it is tried. */
	err = seg_pins_open(h, &pins, false);
	if (err == -ENOENT)
		err = 0;
	if (!err)
		err = seg_xdp_load(h, &any, &skel);
	seg_pins_close(&pins);
	if (!err) {
		xdp_bpf__destroy(skel);
		return 1;
	}
	return err == -EPERM ? err : 0;
}

/* The interface that a pinned link holds; 0: none, it has been detached. */
static uint32_t seg_xdp_link_ifindex(int fd, uint32_t *prog_id)
{
	struct bpf_link_info info = { 0 };
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len) || info.type != BPF_LINK_TYPE_XDP)
		return 0;
	*prog_id = info.prog_id;
	return info.xdp.ifindex;
}

/* The mode in which @prog_id runs on the interface. */
static enum seg_xdp_mode seg_xdp_mode_of(uint32_t ifindex, uint32_t prog_id)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	if (bpf_xdp_query(ifindex, 0, &query) || !prog_id)
		return SEG_XDP_NONE;
	if (query.drv_prog_id == prog_id || query.hw_prog_id == prog_id)
		return SEG_XDP_NATIVE;
	return query.skb_prog_id == prog_id ? SEG_XDP_GENERIC : SEG_XDP_NONE;
}

int seg_xdp_unpin(const char *path)
{
	int fd = bpf_obj_get(path);

	if (fd >= 0) {
		bpf_link_detach(fd);
		close(fd);
	}
	return unlink(path) && errno != ENOENT ? -errno : 0;
}

bool seg_xdp_dead(const char *path)
{
	struct bpf_link_info info = { 0 };
	__u32 len = sizeof(info);
	int fd = bpf_obj_get(path);
	bool dead = false;

	if (fd < 0)
		return false;
	if (!bpf_obj_get_info_by_fd(fd, &info, &len) && info.type == BPF_LINK_TYPE_XDP)
		dead = !info.xdp.ifindex;
	close(fd);
	return dead;
}

static bool seg_xdp_wanted(uint8_t mode, enum seg_xdp_mode have)
{
	switch (mode) {
	case SIMSEG_MODE_AUTO:
		return have != SEG_XDP_NONE;
	case SIMSEG_MODE_NATIVE:
		return have == SEG_XDP_NATIVE;
	default:
		return have == SEG_XDP_GENERIC;
	}
}

/* Puts the new program into our link that is there. False: there is none. */
static bool seg_xdp_update(const char *path, const struct seg_xdp_target *t, uint8_t mode,
			   int prog_fd)
{
	int fd = bpf_obj_get(path);
	uint32_t prog_id = 0;
	bool done = false;

	if (fd < 0)
		return false;
	if (seg_xdp_link_ifindex(fd, &prog_id) == t->ifindex &&
	    seg_xdp_wanted(mode, seg_xdp_mode_of(t->ifindex, prog_id)))
		done = !bpf_link_update(fd, prog_fd, NULL);
	close(fd);
	if (!done)
		seg_xdp_unpin(path);
	return done;
}

static int seg_xdp_link(int prog_fd, uint32_t ifindex, uint32_t flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);
	int fd = bpf_link_create(prog_fd, ifindex, BPF_XDP, &opts);

	return fd < 0 ? -errno : fd;
}

static int seg_xdp_refused(struct seg_handle *h, const struct seg_xdp_target *t, bool native,
			   int err)
{
	if (err == -EBUSY)
		return seg_fail(h, err, "another XDP program is on ", t->ifname, NULL);
	if (err == -EEXIST)
		return seg_fail(h, -EBUSY, "another XDP program is on ", t->ifname,
				" in another mode, or on an interface above it", NULL);
	if (err == -EOPNOTSUPP)
		return seg_fail(h, err, "the driver of ", t->ifname,
				native ? " cannot run XDP itself: use the generic mode" :
					 " cannot run XDP",
				NULL);
	return seg_fail(h, err, "cannot attach to ", t->ifname, native ? " natively: " : ": ",
			NULL);
}

/* Attaches by a new link; its file descriptor, or -errno. */
static int seg_xdp_create(struct seg_handle *h, const struct seg_xdp_target *t, uint8_t mode,
			  int prog_fd)
{
	int fd = -EOPNOTSUPP;

	if (mode != SIMSEG_MODE_GENERIC) {
		fd = seg_xdp_link(prog_fd, t->ifindex, XDP_FLAGS_DRV_MODE);
		if (fd >= 0)
			return fd;
		if (mode == SIMSEG_MODE_NATIVE || fd == -EBUSY || fd == -EEXIST || fd == -EPERM)
			return seg_xdp_refused(h, t, true, fd);
	}
	fd = seg_xdp_link(prog_fd, t->ifindex, XDP_FLAGS_SKB_MODE);
	return fd < 0 ? seg_xdp_refused(h, t, false, fd) : fd;
}

/* The interface that the link pinned at @path holds, and how; false: there is none. */
static bool seg_xdp_holds(const char *path, uint32_t ifindex, struct seg_xdp_info *info)
{
	int fd = bpf_obj_get(path);
	uint32_t prog_id = 0;

	if (fd < 0)
		return false;
	if (seg_xdp_link_ifindex(fd, &prog_id) == ifindex) {
		info->mode = seg_xdp_mode_of(ifindex, prog_id);
		info->attached = info->mode != SEG_XDP_NONE;
		info->prog_id = prog_id;
	}
	close(fd);
	return info->attached;
}

/*
 * In the interface's namespace: bpf_xdp_query() asks by netlink. The program on
 * what carries a VLAN sees the VLAN's frames, too.
 */
static void seg_xdp_look_at(const struct seg_pins *pins, const char *ifname,
			    struct seg_xdp_info *info)
{
	struct seg_xdp_info below = { 0 };
	char name[IFNAMSIZ], path[SEG_PATH_LEN];
	uint32_t ifindex = if_nametoindex(ifname);

	memset(info, 0, sizeof(*info));
	seg_pin_path(pins, path, "xdp_", ifindex);
	seg_xdp_holds(path, ifindex, info);
	strncpy(name, ifname, IFNAMSIZ - 1);
	name[IFNAMSIZ - 1] = '\0';
	while (!info->below && seg_vlan_lower(name)) {
		info->vlan = 1;
		ifindex = if_nametoindex(name);
		seg_pin_path(pins, path, "xdp_", ifindex);
		info->below = seg_xdp_holds(path, ifindex, &below);
	}
}

/* Does @ifname carry the VLAN that has this index? */
static bool seg_vlan_over(const char *ifname, uint32_t ifindex)
{
	char name[IFNAMSIZ];

	if (!if_indextoname(ifindex, name))
		return false;
	while (seg_vlan_lower(name)) {
		if (!strcmp(name, ifname))
			return true;
	}
	return false;
}

/*
 * The kernel takes no program where one is on an interface above. Ours on its
 * VLANs are not needed any more.
 */
static void seg_xdp_clear_above(const struct seg_pins *pins, const char *ifname)
{
	char path[SEG_PATH_LEN];
	struct dirent *entry;
	DIR *dir = opendir(pins->dir);

	while (dir && (entry = readdir(dir))) {
		if (!seg_pin_is_xdp(entry->d_name) ||
		    !seg_vlan_over(ifname, strtoul(entry->d_name + 4, NULL, 10)))
			continue;
		seg_pin_path(pins, path, entry->d_name, 0);
		seg_xdp_unpin(path);
	}
	if (dir)
		closedir(dir);
}

/* In the interface's namespace, with the pins locked. */
static int seg_xdp_put(struct seg_handle *h, const struct seg_pins *pins,
		       const struct seg_xdp_target *t, uint8_t mode)
{
	char path[SEG_PATH_LEN];
	struct xdp_bpf *skel;
	int err, fd, prog_fd;

	err = seg_xdp_load(h, t, &skel);
	if (err)
		return err;
	prog_fd = bpf_program__fd(t->forward ? skel->progs.simseg_xdp :
					       skel->progs.simseg_xdp_source);
	seg_pin_path(pins, path, "xdp_", t->ifindex);
	if (seg_xdp_update(path, t, mode, prog_fd))
		goto out;
	seg_xdp_clear_above(pins, t->ifname);
	fd = seg_xdp_create(h, t, mode, prog_fd);
	if (fd < 0) {
		err = fd;
		goto out;
	}
	if (bpf_obj_pin(fd, path))
		err = seg_fail(h, -errno, "cannot pin ", path, ": ", NULL);
	close(fd);
out:
	xdp_bpf__destroy(skel);
	return err;
}

static int seg_xdp_attach_here(struct seg_handle *h, const struct seg_pins *pins,
			       const char *ifname, uint8_t mode)
{
	struct seg_xdp_target target = { .ifname = ifname };
	struct seg_xdp_info info;
	char path[SEG_PATH_LEN];
	int err = seg_xdp_look(h, &target);

	if (err)
		return err;
	seg_xdp_look_at(pins, ifname, &info);
	if (info.below) {
		seg_pin_path(pins, path, "xdp_", target.ifindex);
		return seg_xdp_unpin(path);
	}
	err = seg_iface_list(h, seg_xdp_look_forward, &target);
	if (err && err != -EAGAIN)
		return err;
	if (!target.raw)
		seg_xdp_keep_tags(ifname);
	return seg_xdp_put(h, pins, &target, mode);
}

int seg_xdp_attach(struct seg_handle *h, const char *ifname, uint8_t mode)
{
	struct seg_status status;
	struct seg_pins pins;
	int err, old;

	if (mode == SIMSEG_MODE_NONE)
		return seg_xdp_detach(h, ifname);
	if (mode >= __SIMSEG_MODE_MAX)
		return seg_fail(h, -EINVAL, "no such XDP mode", NULL);
	err = seg_status_get(h, &status);
	if (err)
		return err;
	if (!status.kfuncs)
		return seg_fail(h, -EOPNOTSUPP, SEG_NO_BTF, NULL);
	err = seg_pins_open(h, &pins, true);
	if (err)
		goto out;
	err = seg_netns_enter(h, &old);
	if (err)
		goto out;
	err = seg_xdp_attach_here(h, &pins, ifname, mode);
	if (seg_netns_leave(h, old))
		err = -ENOTRECOVERABLE;
out:
	seg_pins_close(&pins);
	return err;
}

int seg_xdp_detach(struct seg_handle *h, const char *ifname)
{
	char path[SEG_PATH_LEN];
	struct seg_pins pins;
	int err, ifindex;

	ifindex = seg_ifindex(h, ifname);
	if (ifindex < 0)
		return ifindex;
	err = seg_pins_open(h, &pins, false);
	if (!err) {
		seg_pin_path(&pins, path, "xdp_", ifindex);
		err = seg_xdp_unpin(path);
		if (err)
			seg_fail(h, err, "cannot detach from ", ifname, ": ", NULL);
	}
	seg_pins_close(&pins);
	/* Without BPF's file system nothing of ours can be attached. */
	return err == -ENOENT || err == -ENODEV ? 0 : err;
}

int seg_xdp_query(struct seg_handle *h, const char *ifname, struct seg_xdp_info *info)
{
	struct seg_pins pins;
	int err, ifindex, old;

	memset(info, 0, sizeof(*info));
	ifindex = seg_ifindex(h, ifname);
	if (ifindex < 0)
		return ifindex;
	err = seg_pins_open(h, &pins, false);
	if (!err)
		err = seg_netns_enter(h, &old);
	if (!err) {
		seg_xdp_look_at(&pins, ifname, info);
		err = seg_netns_leave(h, old);
	}
	seg_pins_close(&pins);
	return err == -ENOENT || err == -ENODEV ? 0 : err;
}
