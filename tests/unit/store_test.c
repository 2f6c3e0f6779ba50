// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The index against the records themselves: what it finds, and what becomes of it when
 * something goes wrong
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "audit/store_db.h"
#include "libseg.h"
#include "stores.h"
#include "trail.h"
#include "unit.h"

#define RECORDS 4000
#define SEGMENT 700
#define QUERIES 1500
#define CHUNK	300

static char error[BOX_ERROR];

static struct store *open_store(const char *dir, enum store_mode mode)
{
	struct store *store;

	if (store_open(&store, dir, mode, error))
		fail_msg("%s", error);
	store->chunk_records = CHUNK;
	return store;
}

static void follow_all(struct store *store)
{
	int64_t n = store_follow(store, 0, error);

	if (n < 0)
		fail_msg("%s", error);
}

/* ---- what a query finds, record by record -------------------------------- */

static const struct simseg_record *opened(const struct simseg_record *all, size_t n,
					  uint64_t session)
{
	size_t i;

	for (i = 0; session && i < n; i++)
		if (all[i].kind == SIMSEG_RECORD_OPEN && all[i].session == session)
			return &all[i];
	return NULL;
}

static bool has_flow(const struct simseg_record *r)
{
	return r->kind >= SIMSEG_RECORD_OPEN && r->kind <= SIMSEG_RECORD_DENY;
}

static bool same_text(const uint8_t *field, size_t max, const char *text)
{
	return strnlen((const char *)field, max) == strlen(text) &&
	       !memcmp(field, text, strlen(text));
}

static bool names_device(const struct simseg_record *all, size_t n, size_t at,
			 const uint8_t device[10])
{
	const struct simseg_record_change *c = (const void *)&all[at];
	char iccid[SEG_ICCID_LEN], want[64], text[512] = "";
	const char *subject = text;
	size_t i;

	for (i = at + 1; i < n && all[i].kind == SIMSEG_RECORD_TEXT; i++) {
		const struct simseg_record_text *p = (const void *)&all[i];

		assert_int_equal(p->number, c->number);
		memcpy(text + p->offset, p->text, p->length);
	}
	for (i = 0; i < 3; i++)
		subject += strlen(subject) + 1;
	snprintf(want, sizeof(want), "device %s", seg_iccid_unpack(device, iccid));
	return !strncmp(subject, want, strlen(want)) &&
	       (!subject[strlen(want)] || subject[strlen(want)] == ' ');
}

static bool in_prefix(const struct simseg_prefix *p, const uint8_t addr[16])
{
	struct simseg_prefix one = { .plen = 128 };

	memcpy(one.addr, addr, 16);
	return seg_prefix_contains(p, &one);
}

static bool of_rule(const struct simseg_record *r, const struct simseg_record *open,
		    const struct store_query *q)
{
	if (q->has_rule && (!has_flow(r) || r->policy != q->policy || r->rule != q->rule))
		return false;
	if (q->has_session && (!has_flow(r) || r->session != q->session))
		return false;
	if (q->label && (!open || !same_text(open->given.label, 32, q->label)))
		return false;
	if (!q->asset)
		return true;
	if (r->kind == SIMSEG_RECORD_DENY)
		return same_text(r->denied.asset, 32, q->asset);
	return open && same_text(open->given.asset, 32, q->asset);
}

static bool of_reason(const struct simseg_record *r, const struct store_query *q)
{
	if (!q->has_reason)
		return true;
	return has_flow(r) && r->reason == (r->kind == SIMSEG_RECORD_CLOSE ? q->end : q->reason);
}

static bool matches(const struct simseg_record *all, size_t n, size_t i,
		    const struct store_query *q)
{
	const struct simseg_record *r = &all[i], *open = NULL;

	if (r->kind == SIMSEG_RECORD_TEXT || (q->kind && r->kind != q->kind))
		return false;
	if ((q->from && r->real < q->from) || (q->to && r->real > q->to) || !of_reason(r, q))
		return false;
	if (q->has_device && has_flow(r) && memcmp(r->iccid[0], q->device, 10) &&
	    memcmp(r->iccid[1], q->device, 10))
		return false;
	if (q->has_device && !has_flow(r) &&
	    (r->kind != SIMSEG_RECORD_CONFIG || !names_device(all, n, i, q->device)))
		return false;
	if (q->has_peer &&
	    (!has_flow(r) || (!in_prefix(&q->peer, r->src) && !in_prefix(&q->peer, r->dst))))
		return false;
	if ((q->label || q->asset) && has_flow(r))
		open = opened(all, n, r->session);
	return of_rule(r, open, q);
}

static void peer_random(struct trail *t, struct store_query *q)
{
	int bit;

	q->has_peer = true;
	if (trail_random(t, 4))
		trail_peer_addr(trail_random(t, 20), q->peer.addr);
	else
		trail_device_addr(trail_random(t, 12), q->peer.addr);
	q->peer.plen = 128;
	if (trail_random(t, 2))
		q->peer.plen =
			(uint8_t)((seg_addr_is_v4(q->peer.addr) ? 96 : 16) + trail_random(t, 33));
	for (bit = q->peer.plen; bit < 128; bit++)
		q->peer.addr[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
}

static void query_random(struct trail *t, const struct simseg_record *all, struct store_query *q)
{
	const struct simseg_record *r = &all[trail_random(t, RECORDS)];
	static char label[33], asset[33];
	char iccid[24];

	*q = (struct store_query){ .limit = trail_random(t, 2) ? 1 + trail_random(t, 50) : 0 };
	if (!trail_random(t, 3)) {
		q->has_device = true;
		trail_iccid(trail_random(t, 14), iccid);
		seg_iccid_pack(iccid, q->device);
	}
	if (!trail_random(t, 4))
		peer_random(t, q);
	if (!trail_random(t, 4))
		q->kind = (uint8_t)(1 + trail_random(t, 6));
	if (!trail_random(t, 6)) {
		q->has_reason = true;
		q->reason = trail_random(t, 3) ? (int)trail_random(t, __SIMSEG_REASON_MAX) : -1;
		q->end = trail_random(t, 3) ? (int)trail_random(t, __SIMSEG_END_MAX) : -1;
	}
	if (!trail_random(t, 6)) {
		q->has_rule = true;
		q->policy = trail_random(t, 4);
		q->rule = (uint16_t)trail_random(t, 5);
	}
	if (!trail_random(t, 12) && has_flow(r)) {
		q->has_session = true;
		q->session = r->session ? r->session : 1;
	}
	if (!trail_random(t, 6) && r->kind == SIMSEG_RECORD_OPEN && *r->given.label)
		q->label = memcpy(label, r->given.label, 32);
	if (!trail_random(t, 6) && r->kind == SIMSEG_RECORD_OPEN && *r->given.asset)
		q->asset = memcpy(asset, r->given.asset, 32);
	if (!trail_random(t, 4))
		q->from = TRAIL_REAL + trail_random(t, RECORDS) * TRAIL_STEP;
	if (!trail_random(t, 4))
		q->to = TRAIL_REAL + trail_random(t, RECORDS) * TRAIL_STEP;
}

static void check_query(struct store *store, const struct simseg_record *all, size_t n,
			const struct store_query *q)
{
	size_t *want = calloc(n, sizeof(*want)), i, k = 0, found, skip;
	struct box_pos *places;

	for (i = 0; i < n; i++)
		if (matches(all, n, i, q))
			want[k++] = i;
	skip = q->limit && k > q->limit ? k - q->limit : 0;
	if (store_places(store, q, &places, &found, error))
		fail_msg("%s", error);
	assert_int_equal(found, k - skip);
	for (i = 0; i < found; i++)
		assert_int_equal((places[i].segment - 1) * SEGMENT + places[i].index,
				 want[skip + i]);
	free(places);
	free(want);
}

static void filters(void **state)
{
	struct simseg_record *all = calloc(RECORDS, sizeof(*all));
	char *dir = trail_dir();
	struct store_query q;
	struct store *store;
	struct trail t;
	unsigned int i, some = 0;

	(void)state;
	trail_init(&t, 11, 12, 20);
	trail_box(dir, &t, RECORDS, SEGMENT, all);
	store = open_store(dir, STORE_WRITE);
	assert_int_equal(store_follow(store, 1000, error), 1000);
	store_close(store);
	store = open_store(dir, STORE_WRITE);
	follow_all(store);
	for (i = 0; i < QUERIES; i++) {
		query_random(&t, all, &q);
		check_query(store, all, RECORDS, &q);
		some++;
	}
	assert_int_equal(some, QUERIES);
	store_close(store);
	trail_remove(dir);
	free(all);
}

/* ---- sums ----------------------------------------------------------------- */

struct expect {
	const struct simseg_record *all;
	uint64_t to;
	const struct simseg_prefix *peer;
	uint64_t records, sessions, denied, packets, bytes;
	unsigned int seen;
};

static bool last_told(const struct expect *e, size_t at)
{
	size_t i;

	for (i = at + 1; i < RECORDS; i++)
		if (has_flow(&e->all[i]) && e->all[i].session == e->all[at].session &&
		    e->all[i].kind != SIMSEG_RECORD_OPEN && (!e->to || e->all[i].real <= e->to))
			return false;
	return true;
}

static void expect_device(struct expect *e, const uint8_t device[10])
{
	size_t i;

	e->records = e->sessions = e->denied = e->packets = e->bytes = 0;
	for (i = 0; i < RECORDS; i++) {
		const struct simseg_record *r = &e->all[i];

		if (!has_flow(r) || (e->to && r->real > e->to) ||
		    (e->peer && !in_prefix(e->peer, r->src) && !in_prefix(e->peer, r->dst)) ||
		    (memcmp(r->iccid[0], device, 10) && memcmp(r->iccid[1], device, 10)))
			continue;
		e->records++;
		e->sessions += r->kind == SIMSEG_RECORD_OPEN;
		if (r->kind == SIMSEG_RECORD_DENY && !(r->flags & SIMSEG_RECORD_F_OBSERVED))
			e->denied += r->denied.packets;
		if (r->kind == SIMSEG_RECORD_CLOSE ||
		    (r->kind == SIMSEG_RECORD_UPDATE && last_told(e, i))) {
			e->packets += r->amount.packets[0] + r->amount.packets[1];
			e->bytes += r->amount.bytes[0] + r->amount.bytes[1];
		}
	}
}

static int sum_of_device(const struct store_sum *sum, void *arg)
{
	struct expect *e = arg;

	expect_device(e, sum->device);
	e->seen++;
	assert_int_equal(sum->records, e->records);
	assert_int_equal(sum->sessions, e->sessions);
	assert_int_equal(sum->denied, e->denied);
	assert_int_equal(sum->packets, e->packets);
	assert_int_equal(sum->bytes, e->bytes);
	return 0;
}

static int sum_of_kind(const struct store_sum *sum, void *arg)
{
	struct expect *e = arg;
	size_t i;

	for (i = 0, e->records = 0; i < RECORDS; i++)
		e->records += e->all[i].kind == sum->kind && e->all[i].reason == sum->reason;
	assert_int_equal(sum->records, e->records);
	e->seen++;
	return 0;
}

static void sums(void **state)
{
	struct simseg_record *all = calloc(RECORDS, sizeof(*all));
	struct expect e = { .all = all };
	struct store_query q = { 0 };
	char *dir = trail_dir();
	struct store *store;
	struct trail t;

	(void)state;
	trail_init(&t, 12, 12, 20);
	trail_box(dir, &t, RECORDS, SEGMENT, all);
	store = open_store(dir, STORE_WRITE);
	follow_all(store);
	assert_int_equal(store_sum(store, &q, STORE_BY_DEVICE, sum_of_device, &e, error), 0);
	assert_int_equal(e.seen, 12);
	q.to = e.to = TRAIL_REAL + RECORDS / 2 * TRAIL_STEP;
	assert_int_equal(store_sum(store, &q, STORE_BY_DEVICE, sum_of_device, &e, error), 0);
	assert_int_equal(e.seen, 24);
	q.has_device = true;
	memcpy(q.device, all[5].iccid[0], sizeof(q.device));
	assert_int_equal(store_sum(store, &q, STORE_BY_DEVICE, sum_of_device, &e, error), 0);
	assert_int_equal(e.seen, 25);
	q.has_peer = true;
	trail_peer_addr(4, q.peer.addr);
	q.peer.addr[15] &= 0xf0;
	q.peer.plen = 124;
	e.peer = &q.peer;
	assert_int_equal(store_sum(store, &q, STORE_BY_DEVICE, sum_of_device, &e, error), 0);
	assert_int_equal(e.seen, 26);
	q.has_device = false;
	assert_int_equal(store_sum(store, &q, STORE_BY_DEVICE, sum_of_device, &e, error), 0);
	assert_true(e.seen > 30);
	q.has_peer = false;
	q.to = 0;
	assert_int_equal(store_sum(store, &q, STORE_BY_REASON, sum_of_kind, &e, error), 0);
	assert_true(e.seen > 30);
	store_close(store);
	trail_remove(dir);
	free(all);
}

/* ---- what goes wrong ------------------------------------------------------ */

static void killed(void **state)
{
	struct simseg_record *all = calloc(RECORDS * 10, sizeof(*all));
	char *dir = trail_dir();
	struct store *store;
	struct trail t;
	uint64_t rows = 0;
	unsigned int i;
	pid_t child;

	(void)state;
	trail_init(&t, 13, 50, 50);
	trail_box(dir, &t, RECORDS * 10, SEGMENT, all);
	for (i = 0; i < RECORDS * 10; i++)
		rows += all[i].kind != SIMSEG_RECORD_TEXT;
	for (i = 0; i < 50; i++) {
		child = fork();
		assert_true(child >= 0);
		if (!child) {
			if (store_open(&store, dir, STORE_WRITE, error))
				_exit(1);
			/* small pieces, so that most kills meet one */
			while (store_follow(store, 97, error) > 0)
				;
			_exit(0);
		}
		usleep(1000 + 700 * (i % 23));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	store = open_store(dir, STORE_WRITE);
	follow_all(store);
	assert_int_equal(stores_count(store, "SELECT count(*) FROM record"), rows);
	assert_int_equal(stores_count(store, "SELECT count(DISTINCT seq) FROM record"), rows);
	assert_int_equal(stores_count(store, "SELECT count(*) FROM text"), RECORDS * 10 - rows);
	store_close(store);
	store = open_store(dir, STORE_CHECK);
	store_close(store);
	trail_remove(dir);
	free(all);
}

static void locked(void **state)
{
	char *dir = trail_dir();
	struct store *store, *other;
	struct timespec a, b;
	struct trail t;

	(void)state;
	trail_init(&t, 14, 5, 5);
	trail_box(dir, &t, 300, SEGMENT, NULL);
	store = open_store(dir, STORE_WRITE);
	other = open_store(dir, STORE_WRITE);
	assert_int_equal(store_begin(other, error), 0);
	clock_gettime(CLOCK_MONOTONIC, &a);
	assert_int_equal(store_follow(store, 0, error), -EBUSY);
	clock_gettime(CLOCK_MONOTONIC, &b);
	assert_true(b.tv_sec - a.tv_sec >= 1 && b.tv_sec - a.tv_sec < 20);
	assert_non_null(strstr(error, "locked"));
	assert_int_equal(store_end(other, 0, error), 0);
	assert_int_equal(store_follow(store, 0, error), 300);
	/* nobody takes it away meanwhile */
	assert_int_equal(store_remove(dir, error), -EBUSY);
	store_close(other);
	store_close(store);
	trail_remove(dir);
}

static void flip(const char *path, off_t at, size_t n)
{
	uint8_t bytes[8192];
	size_t i;
	int fd = open(path, O_RDWR);

	assert_true(fd >= 0 && n <= sizeof(bytes));
	assert_int_equal(pread(fd, bytes, n, at), n);
	for (i = 0; i < n; i++)
		bytes[i] ^= 0xa5;
	assert_int_equal(pwrite(fd, bytes, n, at), n);
	close(fd);
}

static void damaged(void **state)
{
	static const struct {
		off_t at;
		size_t n;
	} places[] = { { 0, 16 }, { 18, 2 }, { 100, 12 }, { 4096 * 40, 8192 }, { 4096 * 3, 4096 } };
	const struct store_query q = { .has_peer = true, .peer.plen = 0 };
	char *dir = trail_dir();
	struct box_pos *found;
	struct store *store;
	struct trail t;
	size_t i, n;
	int err;

	(void)state;
	trail_init(&t, 15, 5, 5);
	trail_box(dir, &t, 3000, SEGMENT, NULL);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		store = open_store(dir, STORE_WRITE);
		follow_all(store);
		store_close(store);
		flip(stores_path(dir, STORE_NAME), places[i].at, places[i].n);
		assert_int_equal(store_open(&store, dir, STORE_CHECK, error), -EBADMSG);
		assert_non_null(strstr(error, "segctl audit reindex"));
		/* who does not look at every page gets an answer or that sentence */
		err = store_open(&store, dir, STORE_READ, error);
		if (!err) {
			err = store_places(store, &q, &found, &n, error);
			free(found);
			store_close(store);
		}
		assert_true(!err || err == -EBADMSG);
		assert_int_equal(store_remove(dir, error), 0);
		store = open_store(dir, STORE_WRITE);
		assert_int_equal(store_follow(store, 0, error), 3000);
		store_close(store);
	}
	trail_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters), cmocka_unit_test(sums),    cmocka_unit_test(killed),
		cmocka_unit_test(locked),  cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
