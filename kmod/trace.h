/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints, for perf, trace-cmd, bpftrace and the like. simseg_record is writable
 * as well: the BPF program that takes the record says in simseg_event.status what
 * became of it.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM simseg

#if !defined(_SIMSEG_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _SIMSEG_TRACE_H

#include <linux/tracepoint.h>
#include <uapi/linux/simseg_record.h>

/* Only the pass that makes the BPF probes knows writable tracepoints. */
#ifndef DEFINE_EVENT_WRITABLE
#define DEFINE_EVENT_WRITABLE(template, name, proto, args, size) \
	DEFINE_EVENT(template, name, PARAMS(proto), PARAMS(args))
#endif

#define simseg_kind_names			\
	{ SIMSEG_RECORD_OPEN, "open" },		\
	{ SIMSEG_RECORD_UPDATE, "update" },	\
	{ SIMSEG_RECORD_CLOSE, "close" },	\
	{ SIMSEG_RECORD_DENY, "deny" },		\
	{ SIMSEG_RECORD_CONFIG, "config" },	\
	{ SIMSEG_RECORD_GAP, "gap" },		\
	{ SIMSEG_RECORD_TEXT, "text" }

/* Addresses and ports mean something in records that are about packets. */
DECLARE_EVENT_CLASS(simseg_record_class,
	TP_PROTO(struct simseg_event *event),
	TP_ARGS(event),
	TP_STRUCT__entry(
		__field(u64, netns)
		__field(u64, seq)
		__field(u64, session)
		__field(u8, kind)
		__field(u8, reason)
		__field(u8, proto)
		__field(u8, flags)
		__field(u16, sport)
		__field(u16, dport)
		__array(u8, src, 16)
		__array(u8, dst, 16)
	),
	TP_fast_assign(
		__entry->netns = event->netns;
		__entry->seq = event->record.seq;
		__entry->session = event->record.session;
		__entry->kind = event->record.kind;
		__entry->reason = event->record.reason;
		__entry->proto = event->record.proto;
		__entry->flags = event->record.flags;
		__entry->sport = ntohs(event->record.sport);
		__entry->dport = ntohs(event->record.dport);
		memcpy(__entry->src, event->record.src, sizeof(__entry->src));
		memcpy(__entry->dst, event->record.dst, sizeof(__entry->dst));
	),
	TP_printk("netns=%llu seq=%llu kind=%s reason=%u flags=%#x session=%llu proto=%u src=%pI6c sport=%u dst=%pI6c dport=%u",
		  __entry->netns, __entry->seq,
		  __print_symbolic(__entry->kind, simseg_kind_names), __entry->reason,
		  __entry->flags, __entry->session, __entry->proto, __entry->src,
		  __entry->sport, __entry->dst, __entry->dport)
);

DEFINE_EVENT_WRITABLE(simseg_record_class, simseg_record,
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
