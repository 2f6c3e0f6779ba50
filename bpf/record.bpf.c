// SPDX-License-Identifier: GPL-2.0-only
/*
 * Takes the records of one network namespace out of the module into a ring
 * buffer, and tells the module what became of each. Needs no BTF.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <linux/simseg_record.h>

/* Cookie of the namespace; read-only data, set before loading. */
const volatile __u64 simseg_netns = 0;

/* The size is set before loading; it is a power of two. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} simseg_ring SEC(".maps");

SEC("raw_tp.w/simseg_record")
int simseg_record(struct bpf_raw_tracepoint_args *ctx)
{
	struct simseg_event *event = (void *)ctx->args[0];
	struct simseg_record *rec;

	if (event->netns != simseg_netns)
		return 0;
	rec = bpf_ringbuf_reserve(&simseg_ring, sizeof(*rec), 0);
	if (!rec) {
		event->status = SIMSEG_RECORD_LOST;
		return 0;
	}
	*rec = event->record;
	bpf_ringbuf_submit(rec, 0);
	event->status = SIMSEG_RECORD_DELIVERED;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
