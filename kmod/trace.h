/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints. simseg_record is writable: the BPF program that takes the
 * record says in simseg_event.status what became of it.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM simseg

#if !defined(_SIMSEG_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _SIMSEG_TRACE_H

#include <linux/tracepoint.h>
#include <uapi/linux/simseg_record.h>

/* Only the pass that makes the BPF probes knows writable tracepoints. */
#ifdef DECLARE_TRACE_WRITABLE
DECLARE_TRACE_WRITABLE(simseg_record, TP_PROTO(struct simseg_event *event), TP_ARGS(event),
		       sizeof(struct simseg_event));
#else
DECLARE_TRACE(simseg_record, TP_PROTO(struct simseg_event *event), TP_ARGS(event));
#endif

#endif /* _SIMSEG_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
