// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The comparison, row by row. What can be meant by a difference is bounded wherever a
 * number bounds it: an explanation that is always at hand would explain nothing.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balance.h"
#include "libseg.h"

/* One comparison under way. */
struct check {
	const struct balance *b;
	balance_row_fn *row;
	void *arg;
	enum balance_grade worst;
	struct balance_amount mixed; /* denies of several reasons, not placed yet */
};

static uint64_t over(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t told(const struct balance_box *box)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < __SIMSEG_RECORD_MAX; i++)
		sum += box->told[i];
	return sum;
}

/* Records that were lost, of which no gap record tells yet. */
static uint64_t untold(const struct balance *b)
{
	return over(b->after->lost, told(b->box));
}

/* Records that are made and not stored, as far as the rings can have them. */
static uint64_t on_way(const struct balance *b)
{
	uint64_t since = over(b->after->delivered, b->before->delivered);
	uint64_t open = over(b->after->delivered, b->box->stored);

	if (b->ring != BALANCE_UNKNOWN && open > b->ring + since)
		open = b->ring + since;
	return open + b->after->waiting;
}

static void __attribute__((format(printf, 3, 4)))
mean(struct balance_row *row, enum balance_grade grade, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(row->why, sizeof(row->why), fmt, ap);
	va_end(ap);
	row->grade = grade;
}

static struct balance_row row_of(const char *what, const char *unit, uint64_t low, uint64_t high,
				 uint64_t records)
{
	struct balance_row row = {
		.unit = unit,
		.low = low,
		.high = high,
		.records = records,
	};

	snprintf(row.what, sizeof(row.what), "%s", what);
	if (records < low)
		row.difference = -(int64_t)(low - records);
	else if (records > high)
		row.difference = (int64_t)(records - high);
	return row;
}

static void put(struct check *k, struct balance_row *row)
{
	if (row->difference > 0 && row->grade == BALANCE_EQUAL)
		mean(row, BALANCE_UNEXPLAINED, "more than the module has counted");
	if (row->grade > k->worst)
		k->worst = row->grade;
	k->row(k->arg, row);
}

/* Records of @kind do not tell of so much; what else can it be? */
static void mean_less(const struct balance *b, struct balance_row *row,
		      enum simseg_record_kind kind, const char *name)
{
	if (b->box->told[kind])
		mean(row, BALANCE_EXPLAINED, "what %" PRIu64 " lost records of %s stood for",
		     b->box->told[kind], name);
	else if (untold(b))
		mean(row, BALANCE_EXPLAINED,
		     "%" PRIu64 " records were lost, of which no gap record tells yet", untold(b));
	else if (on_way(b))
		mean(row, BALANCE_EXPLAINED, "%" PRIu64 " records are on their way into the box",
		     on_way(b));
	else if (b->box->purged)
		mean(row, BALANCE_EXPLAINED, "the first records were purged");
	else if (!b->settled && kind == SIMSEG_RECORD_DENY)
		mean(row, BALANCE_EXPLAINED, "folded, and told %u s after the first at the latest",
		     b->interval);
	else if (!b->settled)
		mean(row, BALANCE_EXPLAINED, "sessions that end just now");
	else
		mean(row, BALANCE_UNEXPLAINED, "no record tells of it");
}

static void check_numbers(struct check *k)
{
	const struct balance *b = k->b;
	const struct balance_counters *a = b->before, *z = b->after;
	const struct balance_box *box = b->box;
	uint64_t sum = z->delivered + z->waiting + z->lost;
	struct balance_row row;

	row = row_of("records made", "records", z->made, z->made, sum);
	if (row.difference)
		mean(&row, BALANCE_UNEXPLAINED,
		     "the module's own sum of delivered, waiting and lost ones is another");
	put(k, &row);
	row = row_of("records delivered", "records", a->delivered, z->delivered, box->stored);
	if (row.difference < 0 && (uint64_t)-row.difference <= box->purged)
		mean(&row, BALANCE_EXPLAINED, "the first records were purged");
	else if (row.difference < 0 && (uint64_t)-row.difference > b->ring)
		mean(&row, BALANCE_UNEXPLAINED,
		     "neither in the box nor in the rings, which have %" PRIu64 ": somebody else "
		     "has read them, or taken them away",
		     b->ring);
	else if (row.difference < 0)
		mean(&row, BALANCE_EXPLAINED, "still in the rings, or on their way to the disk");
	put(k, &row);
	row = row_of("records lost", "records", a->lost, z->lost, told(box));
	if (row.difference < 0)
		mean(&row, BALANCE_EXPLAINED,
		     box->purged ? "those that tell of it were purged" :
				   "a gap record will tell, as soon as one finds room");
	put(k, &row);
	row = row_of("numbers missing", "records", 0, untold(b), box->missing);
	if (row.difference > 0)
		mean(&row, BALANCE_UNEXPLAINED, "numbers between others that were never stored");
	else if (box->missing)
		mean(&row, BALANCE_EXPLAINED, "lost, a gap record will tell");
	put(k, &row);
	row = row_of("numbers twice", "records", 0, 0, box->twice);
	put(k, &row);
}

/* Those of several reasons that were folded into one record take what is open. */
static void place(uint64_t *mixed, struct balance_row *row)
{
	uint64_t open = row->difference < 0 ? (uint64_t)-row->difference : 0;
	uint64_t part = open < *mixed ? open : *mixed;

	*mixed -= part;
	if (part && part == open)
		mean(row, BALANCE_EQUAL, "of it %" PRIu64 " told together with other reasons",
		     part);
	row->records += part;
	row->difference += (int64_t)part;
}

static void check_deny(struct check *k, unsigned int code, const char *unit, uint64_t low,
		       uint64_t high, uint64_t records, uint64_t *mixed)
{
	struct balance_row row;
	char what[48];

	if (!high && !records)
		return;
	snprintf(what, sizeof(what), "denied, %s", seg_reason_name(code));
	row = row_of(what, unit, low, high, records);
	place(mixed, &row);
	if (row.difference < 0 && code == SIMSEG_REASON_BRIDGED)
		mean(&row, BALANCE_EXPLAINED,
		     "bridged frames that are not IP name no addresses to tell");
	else if (row.difference < 0)
		mean_less(k->b, &row, SIMSEG_RECORD_DENY, "denies");
	put(k, &row);
}

static bool is_deny(unsigned int code)
{
	return seg_reason_verdict(code) == SIMSEG_VERDICT_DENY;
}

static void add(struct balance_amount *sum, const struct balance_amount *part)
{
	sum->packets += part->packets;
	sum->bytes += part->bytes;
}

/* Nothing that was told together may be left over: the total has to be right as well. */
static void check_deny_total(struct check *k)
{
	struct balance_amount low = { 0 }, high = { 0 }, sum = { 0 };
	const struct balance *b = k->b;
	const struct balance_amount *bridged = &b->before->reason[SIMSEG_REASON_BRIDGED];
	const struct balance_amount *frames = &b->box->denied[SIMSEG_REASON_BRIDGED];
	struct balance_row row;
	unsigned int i;

	for (i = 0; i < BALANCE_CODES; i++) {
		add(&sum, &b->box->denied[i]);
		if (!is_deny(i))
			continue;
		add(&low, &b->before->reason[i]);
		add(&high, &b->after->reason[i]);
	}
	/* frames that are not IP are in no record */
	low.packets -= over(bridged->packets, frames->packets);
	low.bytes -= over(bridged->bytes, frames->bytes);
	row = row_of("denied, all", "packets", low.packets, high.packets, sum.packets);
	if (row.difference < 0)
		mean_less(b, &row, SIMSEG_RECORD_DENY, "denies");
	put(k, &row);
	row = row_of("denied, all", "bytes", low.bytes, high.bytes, sum.bytes);
	if (row.difference < 0)
		mean_less(b, &row, SIMSEG_RECORD_DENY, "denies");
	put(k, &row);
}

static void check_denies(struct check *k)
{
	const struct balance *b = k->b;
	unsigned int i;

	k->mixed = b->box->denied[SIMSEG_REASON_NONE];
	for (i = 0; i < BALANCE_CODES; i++) {
		const struct balance_amount *low = &b->before->reason[i];
		const struct balance_amount *high = &b->after->reason[i], *told_of;
		static const struct balance_amount none;

		if (i == SIMSEG_REASON_NONE)
			continue;
		told_of = &b->box->denied[i];
		if (!is_deny(i))
			low = high = &none; /* then there may be no such record */
		check_deny(k, i, "packets", low->packets, high->packets, told_of->packets,
			   &k->mixed.packets);
		check_deny(k, i, "bytes", low->bytes, high->bytes, told_of->bytes, &k->mixed.bytes);
	}
	check_deny_total(k);
}

static void check_observed(struct check *k)
{
	const struct balance_amount *low = &k->b->before->reason[SIMSEG_REASON_OBSERVED];
	const struct balance_amount *high = &k->b->after->reason[SIMSEG_REASON_OBSERVED];
	const struct balance_amount *sum = &k->b->box->observed;
	struct balance_row row;

	if (!high->packets && !sum->packets)
		return;
	row = row_of("observed", "packets", low->packets, high->packets, sum->packets);
	if (row.difference < 0)
		mean_less(k->b, &row, SIMSEG_RECORD_DENY, "denies");
	put(k, &row);
	row = row_of("observed", "bytes", low->bytes, high->bytes, sum->bytes);
	if (row.difference < 0)
		mean_less(k->b, &row, SIMSEG_RECORD_DENY, "denies");
	put(k, &row);
}

/* What is counted and in a session: an ICMP error to a responder is in none. */
static void carried(const struct balance_counters *c, struct balance_amount *sum)
{
	memset(sum, 0, sizeof(*sum));
	add(sum, &c->reason[SIMSEG_REASON_SESSION]);
	add(sum, &c->reason[SIMSEG_REASON_RULE]);
	add(sum, &c->reason[SIMSEG_REASON_RESPONDER]);
}

static void check_session(struct check *k, const char *unit, uint64_t low, uint64_t high,
			  uint64_t records, uint64_t errors)
{
	struct balance_row row = row_of("sessions", unit, low, high, records);
	uint64_t less = row.difference < 0 ? (uint64_t)-row.difference : 0;

	if (less)
		mean_less(k->b, &row, SIMSEG_RECORD_CLOSE, "ends");
	if (row.grade == BALANCE_UNEXPLAINED && less <= errors)
		mean(&row, BALANCE_EXPLAINED,
		     "ICMP errors between a quarantined device and its responder, in no session");
	put(k, &row);
}

static void check_sessions(struct check *k)
{
	const struct balance *b = k->b;
	const struct balance_amount *errors = &b->after->reason[SIMSEG_REASON_RESPONDER];
	struct balance_amount low, high;

	carried(b->before, &low);
	carried(b->after, &high);
	check_session(k, "packets", low.packets, high.packets,
		      b->box->closed.packets + b->live.packets, errors->packets);
	check_session(k, "bytes", low.bytes, high.bytes, b->box->closed.bytes + b->live.bytes,
		      errors->bytes);
}

/* Packets may be between two counters: it was nothing before, or after, or between. */
static int64_t rest(const int64_t sample[2])
{
	if ((sample[0] <= 0 && sample[1] >= 0) || (sample[0] >= 0 && sample[1] <= 0))
		return 0;
	return llabs(sample[0]) < llabs(sample[1]) ? sample[0] : sample[1];
}

static void check_ifaces(struct check *k)
{
	struct balance_row row;
	char what[48];
	size_t i;

	for (i = 0; i < k->b->n_ifaces; i++) {
		const struct balance_iface *f = &k->b->ifaces[i];

		snprintf(what, sizeof(what), "%.15s, not counted by simseg", f->name);
		row = row_of(what, "packets", 0, 0, 0);
		row.difference = rest(f->device);
		if (row.difference)
			mean(&row, BALANCE_UNEXPLAINED,
			     "the device has counted them, simseg's first hook has not: XDP or a "
			     "driver took them, or the other way round");
		put(k, &row);
		snprintf(what, sizeof(what), "%.15s, not seen by the floor", f->name);
		row = row_of(what, "packets", 0, 0, 0);
		row.difference = rest(f->rx);
		if (row.difference > 0)
			mean(&row, BALANCE_EXPLAINED,
			     "past the guard, but not through PRE_ROUTING: a flowtable, a bridge "
			     "or tc took them");
		else if (row.difference)
			mean(&row, BALANCE_UNEXPLAINED, "more than came in");
		put(k, &row);
	}
}

enum balance_grade balance_check(const struct balance *b, balance_row_fn *row, void *arg)
{
	struct check k = { .b = b, .row = row, .arg = arg };

	check_numbers(&k);
	check_denies(&k);
	check_observed(&k);
	check_sessions(&k);
	check_ifaces(&k);
	return k.worst;
}
