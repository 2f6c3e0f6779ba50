// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What bpf.c offers, in a library built without BPF: the floor stands alone
 */
#include "handle.h"

static int seg_no_bpf(struct seg_handle *h)
{
	return seg_fail(h, -EOPNOTSUPP, "built without BPF: the floor stands alone", NULL);
}

int seg_xdp_attach(struct seg_handle *h, const char *ifname, uint8_t mode)
{
	(void)ifname;
	(void)mode;
	return seg_no_bpf(h);
}

int seg_xdp_detach(struct seg_handle *h, const char *ifname)
{
	(void)ifname;
	return seg_no_bpf(h);
}

int seg_xdp_query(struct seg_handle *h, const char *ifname, struct seg_xdp_info *info)
{
	(void)ifname;
	memset(info, 0, sizeof(*info));
	return seg_no_bpf(h);
}

int seg_xdp_sweep(struct seg_handle *h)
{
	(void)h;
	return 0;
}

int seg_xdp_supported(struct seg_handle *h)
{
	seg_no_bpf(h);
	return 0;
}

int seg_ring_open(struct seg_handle *h, const struct seg_ring_options *options,
		  struct seg_ring **ring)
{
	(void)options;
	*ring = NULL;
	return seg_fail(h, -EOPNOTSUPP, "built without BPF: no records can be read", NULL);
}

int seg_ring_fd(const struct seg_ring *ring)
{
	(void)ring;
	return -EOPNOTSUPP;
}

int seg_ring_wait(const struct seg_ring *ring, int timeout_ms)
{
	(void)ring;
	(void)timeout_ms;
	return -EOPNOTSUPP;
}

const struct simseg_record *seg_ring_next(struct seg_ring *ring)
{
	(void)ring;
	return NULL;
}

void seg_ring_commit(struct seg_ring *ring)
{
	(void)ring;
}

void seg_ring_info(const struct seg_ring *ring, struct seg_ring_info *info)
{
	(void)ring;
	memset(info, 0, sizeof(*info));
}

int seg_ring_live(struct seg_handle *h, const struct seg_ring *ring)
{
	(void)ring;
	return seg_no_bpf(h);
}

int seg_ring_query(struct seg_handle *h, struct seg_ring_info *info)
{
	memset(info, 0, sizeof(*info));
	return seg_no_bpf(h);
}

void seg_ring_close(struct seg_ring *ring)
{
	(void)ring;
}

int seg_ring_unpin(struct seg_handle *h)
{
	return seg_no_bpf(h);
}

int seg_bpf_unpin_all(struct seg_handle *h)
{
	return seg_no_bpf(h);
}
