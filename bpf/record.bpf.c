// SPDX-License-Identifier: GPL-2.0-only
/*
 * Takes the records of one network namespace out of the module into ring buffers,
 * and tells the module what became of each. Denies have a ring of their own, so that
 * a flood of them leaves the rest its room, and the rest leaves them theirs. Needs
 * no BTF.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <linux/simseg_record.h>

/* Cookie of the namespace; read-only data, set before loading. */
const volatile __u64 simseg_netns = 0;

/* Sizes are set before loading; they are powers of two. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} simseg_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} simseg_denies SEC(".maps");

static __always_inline void simseg_put(void *ring, struct simseg_event *event)
{
	struct simseg_record *rec = bpf_ringbuf_reserve(ring, sizeof(*rec), 0);

	if (!rec) {
		event->status = SIMSEG_RECORD_LOST;
		return;
	}
	*rec = event->record;
	bpf_ringbuf_submit(rec, 0);
	event->status = SIMSEG_RECORD_DELIVERED;
}

SEC("raw_tp.w/simseg_record")
int simseg_record(struct bpf_raw_tracepoint_args *ctx)
{
	struct simseg_event *event = (void *)ctx->args[0];

	if (event->netns != simseg_netns)
		return 0;
	if (event->record.kind == SIMSEG_RECORD_DENY)
		simseg_put(&simseg_denies, event);
	else
		simseg_put(&simseg_ring, event);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
