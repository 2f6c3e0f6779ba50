/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The balance of records against the module's own counters: plain numbers in, rows out
 *
 * Counters were read before the records and after them, as nothing stands still. What
 * the records say must lie between the two: below is what they do not tell (yet), above
 * is what they tell too much, which nothing explains.
 */
#ifndef BALANCE_H
#define BALANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/simseg_record.h>

#define BALANCE_UNKNOWN UINT64_MAX
#define BALANCE_CODES	256 /* enum simseg_reason, and what a newer module has */

enum balance_grade {
	BALANCE_EQUAL,
	BALANCE_EXPLAINED,
	BALANCE_UNEXPLAINED,
};

struct balance_amount {
	uint64_t packets, bytes;
};

/* Of the module, at one time. */
struct balance_counters {
	uint64_t made, delivered, waiting, lost; /* records */
	struct balance_amount reason[BALANCE_CODES];
};

/* What the records of one source in a box sum up to. */
struct balance_box {
	uint64_t stored;
	uint64_t told[__SIMSEG_RECORD_MAX]; /* as lost, by kind */
	uint64_t twice, missing;	    /* numbers */
	uint64_t purged; /* records that went from the front, maybe not all of this source */
	struct balance_amount denied[BALANCE_CODES], observed, closed;
};

/* rx beyond what simseg accounts for, before and after: struct seg_iface_stats. */
struct balance_iface {
	char name[16];
	int64_t device[2]; /* device_rx + rx_inner - rx - rx_other */
	int64_t rx[2];	   /* rx - xdp_drop - xdp_forward - guard_drop - prerouting */
};

struct balance {
	const struct balance_counters *before, *after;
	const struct balance_box *box;
	uint64_t ring; /* records that the rings had before @box was read, or BALANCE_UNKNOWN */
	struct balance_amount live; /* what sessions that go on have carried */
	const struct balance_iface *ifaces;
	size_t n_ifaces;
	bool settled;	   /* what was folded before @before has been told by now */
	uint32_t interval; /* s: denies are folded this long */
};

struct balance_row {
	char what[48];
	const char *unit;
	uint64_t low, high; /* the module's, before and after */
	uint64_t records;
	int64_t difference; /* of the records to what lies between; signed remainders */
	enum balance_grade grade;
	char why[192]; /* "" if they are equal */
};

typedef void balance_row_fn(void *arg, const struct balance_row *row);
/* The worst grade of all rows. */
enum balance_grade balance_check(const struct balance *b, balance_row_fn *row, void *arg);

#endif
