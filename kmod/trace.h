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
#include <uapi/linux/simseg.h>

/* Only the last pass over this header, for BPF, knows writable ones. */
#undef SIMSEG_DECLARE_TRACE
#ifdef DECLARE_TRACE_WRITABLE
#define SIMSEG_DECLARE_TRACE(name, proto, args, size)			\
	DECLARE_TRACE_WRITABLE(name, PARAMS(proto), PARAMS(args), size)
#else
#define SIMSEG_DECLARE_TRACE(name, proto, args, size)			\
	DECLARE_TRACE(name, PARAMS(proto), PARAMS(args))
#endif

SIMSEG_DECLARE_TRACE(simseg_record,
	TP_PROTO(struct simseg_event *event),
	TP_ARGS(event),
	sizeof(struct simseg_event)
);

#endif /* _SIMSEG_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
