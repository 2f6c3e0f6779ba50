// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Records against counters: sums over real boxes, and what is made of a difference
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/box_file.h"
#include "audit/purged.h"
#include "audit/tally.h"
#include "boxes.h"
#include "libseg.h"
#include "unit.h"

static const struct box_options options = { .segment_records = 100 };

/* A gateway's counters and the records that it makes, side by side. */
struct gateway {
	struct balance_counters now;
	struct balance_amount live;
	struct box *box;
	uint64_t seq, ring;
	bool settled;
};

struct rows {
	struct balance_row list[64];
	size_t n;
};

static void row(void *arg, const struct balance_row *r)
{
	struct rows *rows = arg;

	assert_true(rows->n < ARRAY_SIZE(rows->list));
	rows->list[rows->n++] = *r;
}

/* @before: NULL: the module stands still. */
static enum balance_grade compare(const struct gateway *g, const struct balance_counters *before,
				  const struct tally *t, struct rows *rows)
{
	const struct balance b = {
		.before = before ? before : &g->now,
		.after = &g->now,
		.box = tally_box(t),
		.ring = g->ring,
		.live = g->live,
		.settled = g->settled,
		.interval = 10,
	};

	rows->n = 0;
	return balance_check(&b, row, rows);
}

static const struct balance_row *named(const struct rows *rows, const char *what, const char *unit)
{
	size_t i;

	for (i = 0; i < rows->n; i++)
		if (!strcmp(rows->list[i].what, what) && !strcmp(rows->list[i].unit, unit))
			return &rows->list[i];
	fail_msg("there is no row '%s' (%s)", what, unit);
	return NULL;
}

static void differs(const struct rows *rows, const char *what, const char *unit, int64_t by,
		    enum balance_grade grade, const char *why)
{
	const struct balance_row *r = named(rows, what, unit);

	if (r->difference != by || r->grade != grade || !strstr(r->why, why))
		fail_msg("%s: %lld, grade %d: %s", what, (long long)r->difference, r->grade,
			 r->why);
}

static void put(struct gateway *g, const struct simseg_record *r)
{
	char error[BOX_ERROR];

	if (box_append(g->box, r, 1, error) || box_commit(g->box, error))
		fail_msg("%s", error);
}

/* A record of its own number, made and delivered. */
static struct simseg_record make(struct gateway *g, uint8_t kind, uint8_t reason)
{
	struct simseg_record r = boxes_record(++g->seq, kind);

	r.reason = reason;
	g->now.made++;
	g->now.delivered++;
	return r;
}

static void deny(struct gateway *g, uint8_t reason, uint64_t packets, uint64_t bytes, uint8_t flags)
{
	struct simseg_record r = make(g, SIMSEG_RECORD_DENY, reason);

	r.flags = flags;
	r.denied.packets = packets;
	r.denied.bytes = bytes;
	put(g, &r);
}

static void count(struct gateway *g, uint8_t reason, uint64_t packets, uint64_t bytes)
{
	g->now.reason[reason].packets += packets;
	g->now.reason[reason].bytes += bytes;
}

static void closed(struct gateway *g, uint64_t session, uint8_t end, uint64_t packets,
		   uint64_t bytes)
{
	struct simseg_record r = make(g, SIMSEG_RECORD_CLOSE, end);

	r.session = session;
	r.amount.packets[0] = packets / 2;
	r.amount.packets[1] = packets - packets / 2;
	r.amount.bytes[0] = bytes / 2;
	r.amount.bytes[1] = bytes - bytes / 2;
	put(g, &r);
}

/* All kinds of traffic, every packet of it accounted for. */
static void begin(void **state, struct gateway *g)
{
	memset(g, 0, sizeof(*g));
	g->settled = true;
	g->box = boxes_open(state, &options);
	deny(g, SIMSEG_REASON_NO_RULE, 1, 60, 0);
	deny(g, SIMSEG_REASON_NO_RULE, 41, 2460, SIMSEG_RECORD_F_FOLDED);
	count(g, SIMSEG_REASON_NO_RULE, 42, 2520);
	deny(g, SIMSEG_REASON_SPOOFED, 7, 700, SIMSEG_RECORD_F_FOLDED);
	count(g, SIMSEG_REASON_SPOOFED, 7, 700);
	deny(g, SIMSEG_REASON_NO_RULE, 5, 500, SIMSEG_RECORD_F_OBSERVED);
	count(g, SIMSEG_REASON_OBSERVED, 5, 500);
	closed(g, 1, SIMSEG_END_FIN, 11, 1100);
	closed(g, 2, SIMSEG_END_TIMEOUT, 3, 330);
	count(g, SIMSEG_REASON_RULE, 2, 200);
	count(g, SIMSEG_REASON_SESSION, 12, 1230);
	count(g, SIMSEG_REASON_RELATED, 9, 900); /* in no session */
	count(g, SIMSEG_REASON_NOT_GOVERNED, 1000, 100000);
}

static struct tally *tally(void **state)
{
	struct tally *t = tally_open(boxes_path(state, "box"), &boxes_source);
	char error[BOX_ERROR];

	if (tally_read(t, error))
		fail_msg("%s", error);
	return t;
}

/* Everything of the gateway's: compared, and gone. */
static enum balance_grade end(void **state, struct gateway *g,
			      const struct balance_counters *before, struct rows *rows)
{
	struct tally *t = tally(state);
	enum balance_grade grade;

	tally_end(t);
	grade = compare(g, before, t, rows);
	tally_close(t);
	box_close(g->box);
	return grade;
}

static void equal(void **state)
{
	struct gateway g;
	struct rows rows;

	begin(state, &g);
	assert_int_equal(end(state, &g, NULL, &rows), BALANCE_EQUAL);
	assert_int_equal(named(&rows, "denied, all", "packets")->records, 49);
	assert_int_equal(named(&rows, "denied, no-rule", "bytes")->records, 2520);
	assert_int_equal(named(&rows, "sessions", "bytes")->records, 1430);
	assert_int_equal(named(&rows, "observed", "packets")->records, 5);
	assert_int_equal(named(&rows, "records delivered", "records")->records, 6);
}

/* One packet or byte more or less anywhere, and it is named. */
static void one_off(void **state)
{
	static const struct {
		uint8_t reason;
		const char *what;
	} places[] = {
		{ SIMSEG_REASON_NO_RULE, "denied, no-rule" },
		{ SIMSEG_REASON_SPOOFED, "denied, spoofed" },
		{ SIMSEG_REASON_OBSERVED, "observed" },
		{ SIMSEG_REASON_SESSION, "sessions" },
		{ SIMSEG_REASON_RULE, "sessions" },
	};
	struct gateway g;
	struct rows rows;
	struct tally *t;
	size_t i;

	begin(state, &g);
	t = tally(state);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		struct balance_amount *of = &g.now.reason[places[i].reason];

		of->packets++;
		assert_int_equal(compare(&g, NULL, t, &rows), BALANCE_UNEXPLAINED);
		differs(&rows, places[i].what, "packets", -1, BALANCE_UNEXPLAINED, "no record");
		of->packets -= 2;
		assert_int_equal(compare(&g, NULL, t, &rows), BALANCE_UNEXPLAINED);
		differs(&rows, places[i].what, "packets", 1, BALANCE_UNEXPLAINED, "more than");
		of->packets++;
		of->bytes++;
		assert_int_equal(compare(&g, NULL, t, &rows), BALANCE_UNEXPLAINED);
		differs(&rows, places[i].what, "bytes", -1, BALANCE_UNEXPLAINED, "no record");
		of->bytes -= 2;
		assert_int_equal(compare(&g, NULL, t, &rows), BALANCE_UNEXPLAINED);
		differs(&rows, places[i].what, "bytes", 1, BALANCE_UNEXPLAINED, "more than");
		of->bytes++;
	}
	assert_int_equal(compare(&g, NULL, t, &rows), BALANCE_EQUAL);
	tally_close(t);
	box_close(g.box);
}

/* Nothing stands still: what lies between before and after is right. */
static void moving(void **state)
{
	struct balance_counters before;
	struct gateway g;
	struct rows rows;

	begin(state, &g);
	before = g.now;
	count(&g, SIMSEG_REASON_NO_RULE, 10, 600);
	deny(&g, SIMSEG_REASON_NO_RULE, 4, 240, 0);
	count(&g, SIMSEG_REASON_SESSION, 10, 600);
	g.live = (struct balance_amount){ 6, 300 };
	g.now.made += 3;
	g.now.delivered += 3;
	assert_int_equal(end(state, &g, &before, &rows), BALANCE_EQUAL);
}

static void folded(void **state)
{
	struct gateway g;
	struct rows rows;
	struct tally *t;

	begin(state, &g);
	count(&g, SIMSEG_REASON_QUARANTINED, 8, 800);
	g.settled = false;
	t = tally(state);
	assert_int_equal(compare(&g, NULL, t, &rows), BALANCE_EXPLAINED);
	differs(&rows, "denied, quarantined", "packets", -8, BALANCE_EXPLAINED, "told 10 s after");
	g.settled = true;
	assert_int_equal(compare(&g, NULL, t, &rows), BALANCE_UNEXPLAINED);
	tally_close(t);
	deny(&g, SIMSEG_REASON_QUARANTINED, 8, 800, SIMSEG_RECORD_F_FOLDED);
	assert_int_equal(end(state, &g, NULL, &rows), BALANCE_EQUAL);
}

/* Several reasons in one record count for all of them together, and not for more. */
static void mixed(void **state)
{
	struct gateway g;
	struct rows rows;
	struct tally *t;

	begin(state, &g);
	deny(&g, SIMSEG_REASON_NONE, 10, 1000, SIMSEG_RECORD_F_MIXED | SIMSEG_RECORD_F_FOLDED);
	count(&g, SIMSEG_REASON_NOT_FIRST, 6, 600);
	count(&g, SIMSEG_REASON_UNBOUND, 4, 400);
	t = tally(state);
	assert_int_equal(compare(&g, NULL, t, &rows), BALANCE_EQUAL);
	differs(&rows, "denied, not-first", "packets", 0, BALANCE_EQUAL, "6 told together");
	count(&g, SIMSEG_REASON_UNBOUND, 1, 0);
	assert_int_equal(compare(&g, NULL, t, &rows), BALANCE_UNEXPLAINED);
	differs(&rows, "denied, all", "packets", -1, BALANCE_UNEXPLAINED, "no record");
	count(&g, SIMSEG_REASON_UNBOUND, (uint64_t)-2, 0);
	assert_int_equal(compare(&g, NULL, t, &rows), BALANCE_UNEXPLAINED);
	differs(&rows, "denied, all", "packets", 1, BALANCE_UNEXPLAINED, "more than");
	tally_close(t);
	box_close(g.box);
}

static void lost_denies(void **state)
{
	struct simseg_record r;
	struct simseg_record_gap *gap = (void *)&r;
	struct gateway g;
	struct rows rows;
	struct tally *t;

	begin(state, &g);
	count(&g, SIMSEG_REASON_NO_RULE, 500, 50000);
	g.now.made += 2;
	g.now.lost += 2;
	t = tally(state);
	assert_int_equal(compare(&g, NULL, t, &rows), BALANCE_EXPLAINED);
	differs(&rows, "records lost", "records", -2, BALANCE_EXPLAINED, "gap record will tell");
	differs(&rows, "denied, no-rule", "packets", -500, BALANCE_EXPLAINED, "2 records were");
	tally_close(t);
	g.seq += 2;
	r = make(&g, SIMSEG_RECORD_GAP, 0);
	memset(gap->lost, 0, sizeof(gap->lost));
	gap->first = g.seq - 2;
	gap->last = g.seq - 1;
	gap->lost[SIMSEG_RECORD_DENY] = 2;
	put(&g, &r);
	assert_int_equal(end(state, &g, NULL, &rows), BALANCE_EXPLAINED);
	differs(&rows, "records lost", "records", 0, BALANCE_EQUAL, "");
	differs(&rows, "denied, no-rule", "packets", -500, BALANCE_EXPLAINED,
		"what 2 lost records of denies stood for");
	/* which says nothing of sessions */
	differs(&rows, "sessions", "packets", 0, BALANCE_EQUAL, "");
}

/* More is told as lost than the module has lost: somebody hides something. */
static void lost_too_much(void **state)
{
	struct simseg_record r;
	struct simseg_record_gap *gap = (void *)&r;
	struct gateway g;
	struct rows rows;

	begin(state, &g);
	g.seq += 2;
	r = make(&g, SIMSEG_RECORD_GAP, 0);
	memset(gap->lost, 0, sizeof(gap->lost));
	gap->first = g.seq - 2;
	gap->last = g.seq - 1;
	gap->lost[SIMSEG_RECORD_DENY] = 2;
	put(&g, &r);
	g.now.made += 2;
	g.now.delivered += 2;
	assert_int_equal(end(state, &g, NULL, &rows), BALANCE_UNEXPLAINED);
	differs(&rows, "records lost", "records", 2, BALANCE_UNEXPLAINED, "more than");
}

static void in_the_ring(void **state)
{
	struct gateway g;
	struct rows rows;
	struct tally *t;

	begin(state, &g);
	make(&g, SIMSEG_RECORD_DENY, SIMSEG_REASON_NO_RULE);
	count(&g, SIMSEG_REASON_NO_RULE, 3, 180);
	g.now.made++;
	g.now.waiting++;
	g.ring = 1;
	t = tally(state);
	assert_int_equal(compare(&g, NULL, t, &rows), BALANCE_EXPLAINED);
	differs(&rows, "records delivered", "records", -1, BALANCE_EXPLAINED, "rings");
	differs(&rows, "denied, no-rule", "packets", -3, BALANCE_EXPLAINED, "2 records are on");
	g.ring = BALANCE_UNKNOWN;
	assert_int_equal(compare(&g, NULL, t, &rows), BALANCE_EXPLAINED);
	/* who else has it, if the ring is empty? */
	g.ring = 0;
	g.now.made--;
	g.now.waiting--;
	assert_int_equal(compare(&g, NULL, t, &rows), BALANCE_UNEXPLAINED);
	differs(&rows, "records delivered", "records", -1, BALANCE_UNEXPLAINED, "neither in");
	differs(&rows, "denied, no-rule", "packets", -3, BALANCE_UNEXPLAINED, "no record");
	tally_close(t);
	box_close(g.box);
}

/* All that was stored is gone, and the chain with it: the counters still know. */
static void taken_away(void **state)
{
	struct gateway g;
	struct rows rows;

	begin(state, &g);
	assert_int_equal(unlink(boxes_path(state, "box/segments/%020u.seg", 1)), 0);
	assert_int_equal(end(state, &g, NULL, &rows), BALANCE_UNEXPLAINED);
	differs(&rows, "records delivered", "records", -6, BALANCE_UNEXPLAINED, "neither in");
	differs(&rows, "sessions", "packets", -14, BALANCE_UNEXPLAINED, "no record");
}

/* A number between others that are stored was never stored, or twice. */
static void numbers(void **state)
{
	struct simseg_record again;
	struct gateway g;
	struct rows rows;

	begin(state, &g);
	make(&g, SIMSEG_RECORD_UPDATE, 0);
	again = make(&g, SIMSEG_RECORD_UPDATE, 0);
	put(&g, &again);
	put(&g, &again);
	deny(&g, SIMSEG_REASON_NO_RULE, 0, 0, 0);
	assert_int_equal(end(state, &g, NULL, &rows), BALANCE_UNEXPLAINED);
	differs(&rows, "numbers missing", "records", 1, BALANCE_UNEXPLAINED, "never stored");
	differs(&rows, "numbers twice", "records", 1, BALANCE_UNEXPLAINED, "");
}

static void sessions(void **state)
{
	struct tally_live *live = calloc(4, sizeof(*live));
	char error[BOX_ERROR];
	struct gateway g;
	struct rows rows;
	struct tally *t;

	begin(state, &g);
	count(&g, SIMSEG_REASON_SESSION, 60, 6000);
	live[0] = (struct tally_live){ 9, { 10, 1000 } };
	live[1] = (struct tally_live){ 5, { 20, 2000 } };
	live[2] = (struct tally_live){ 7, { 30, 3000 } };
	live[3] = (struct tally_live){ 5, { 20, 2000 } };
	t = tally(state);
	tally_live(t, live, 4);
	g.live = tally_carried(t);
	assert_int_equal(g.live.packets, 60);
	assert_int_equal(compare(&g, NULL, t, &rows), BALANCE_EQUAL);
	/* one ends while the records are read, with one packet more */
	closed(&g, 5, SIMSEG_END_RST, 21, 2100);
	count(&g, SIMSEG_REASON_SESSION, 1, 100);
	assert_int_equal(tally_read(t, error), 0);
	g.live = tally_carried(t);
	assert_int_equal(g.live.packets, 40);
	assert_int_equal(compare(&g, NULL, t, &rows), BALANCE_EQUAL);
	/* an ICMP error to the responder of a quarantine, and no more than those */
	count(&g, SIMSEG_REASON_RESPONDER, 1, 90);
	assert_int_equal(compare(&g, NULL, t, &rows), BALANCE_EXPLAINED);
	differs(&rows, "sessions", "packets", -1, BALANCE_EXPLAINED, "ICMP errors");
	count(&g, SIMSEG_REASON_SESSION, 1, 1);
	assert_int_equal(compare(&g, NULL, t, &rows), BALANCE_UNEXPLAINED);
	/* that one was cut meanwhile is no reason: ends are told when they are final */
	closed(&g, 11, SIMSEG_END_KILLED, 0, 0);
	assert_int_equal(tally_read(t, error), 0);
	assert_int_equal(compare(&g, NULL, t, &rows), BALANCE_UNEXPLAINED);
	differs(&rows, "sessions", "packets", -2, BALANCE_UNEXPLAINED, "no record tells of it");
	tally_close(t);
	box_close(g.box);
}

/* Records of another boot, namespace or module are nobody's here; the box may be empty. */
static void sources(void **state)
{
	static const struct box_options small = { .segment_records = 2 };
	struct box_source other = boxes_source;
	struct balance_counters none = { 0 };
	char error[BOX_ERROR];
	struct gateway g;
	struct rows rows;
	struct tally *t;
	struct box *box;

	other.since = 77;
	assert_int_equal(box_open(&box, boxes_path(state, "box"), &other, &small, error), 0);
	boxes_fill(box, 1, 2);
	boxes_fill(box, 3, 1);
	box_close(box);
	t = tally(state);
	assert_int_equal(tally_box(t)->stored, 0);
	begin(state, &g);
	box_close(g.box);
	assert_int_equal(box_open(&box, boxes_path(state, "box"), &other, &small, error), 0);
	boxes_fill(box, 4, 1);
	box_close(box);
	/* it has come meanwhile */
	assert_int_equal(tally_read(t, error), 0);
	assert_int_equal(compare(&g, NULL, t, &rows), BALANCE_EQUAL);
	tally_close(t);
	other.netns++;
	t = tally_open(boxes_path(state, "box"), &other);
	assert_int_equal(tally_read(t, error), 0);
	g.now = none;
	assert_int_equal(compare(&g, NULL, t, &rows), BALANCE_EQUAL);
	tally_close(t);
	t = tally_open("/nowhere", &other);
	assert_int_equal(tally_read(t, error), -ENOENT);
	tally_close(t);
}

static void purged(void **state)
{
	struct purged_line line = { .segment = 1, .records = 100 };
	char error[BOX_ERROR];
	struct gateway g;
	struct rows rows;
	struct tally *t;
	unsigned int i;
	int dir;

	begin(state, &g);
	for (i = 0; i < 150; i++)
		deny(&g, SIMSEG_REASON_NO_RULE, 1, 60, 0);
	count(&g, SIMSEG_REASON_NO_RULE, 150, 9000);
	t = tally(state);
	assert_int_equal(compare(&g, NULL, t, &rows), BALANCE_EQUAL);
	tally_close(t);
	assert_int_equal(unlink(boxes_path(state, "box/segments/%020u.seg", 1)), 0);
	/* nobody has told of it */
	t = tally(state);
	assert_int_equal(compare(&g, NULL, t, &rows), BALANCE_UNEXPLAINED);
	differs(&rows, "records delivered", "records", -100, BALANCE_UNEXPLAINED, "neither in");
	tally_close(t);
	dir = open(boxes_path(state, "box"), O_RDONLY | O_DIRECTORY);
	assert_int_equal(purged_append(dir, &line, 1, 2, error), 0);
	close(dir);
	assert_int_equal(end(state, &g, NULL, &rows), BALANCE_EXPLAINED);
	differs(&rows, "records delivered", "records", -100, BALANCE_EXPLAINED, "were purged");
	/* no more is missing than what went */
	differs(&rows, "numbers missing", "records", 0, BALANCE_EQUAL, "");
}

static void interfaces(void **state)
{
	struct balance_iface ifaces[] = {
		{ "wwan0", { 0, 3 }, { -2, 0 } }, /* on their way */
		{ "wwan1", { -1, 2 }, { 5, 6 } },
		{ "eth0", { 4, 3 }, { -1, -2 } },
	};
	const struct balance_counters none = { 0 };
	const struct balance_box box = { 0 };
	const struct balance b = {
		.before = &none,
		.after = &none,
		.box = &box,
		.ifaces = ifaces,
		.n_ifaces = 3,
		.settled = true,
	};
	struct rows rows = { 0 };

	(void)state;
	assert_int_equal(balance_check(&b, row, &rows), BALANCE_UNEXPLAINED);
	differs(&rows, "wwan0, not counted by simseg", "packets", 0, BALANCE_EQUAL, "");
	differs(&rows, "wwan0, not seen by the floor", "packets", 0, BALANCE_EQUAL, "");
	differs(&rows, "wwan1, not counted by simseg", "packets", 0, BALANCE_EQUAL, "");
	differs(&rows, "wwan1, not seen by the floor", "packets", 5, BALANCE_EXPLAINED,
		"flowtable");
	differs(&rows, "eth0, not counted by simseg", "packets", 3, BALANCE_UNEXPLAINED, "device");
	differs(&rows, "eth0, not seen by the floor", "packets", -1, BALANCE_UNEXPLAINED, "more");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, boxes_setup, boxes_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(equal),	  TEST(one_off),     TEST(moving),	  TEST(folded),
		TEST(mixed),	  TEST(lost_denies), TEST(lost_too_much), TEST(in_the_ring),
		TEST(numbers),	  TEST(sessions),    TEST(sources),	  TEST(purged),
		TEST(taken_away), TEST(interfaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
