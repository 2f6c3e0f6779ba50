// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How fast the index takes records in and answers
 *
 * STORE_RECORDS=N: so many records (else a few); STORE_DEVICES=N of so many devices;
 * STORE_DIR=DIR: a box and index that are kept there, and used again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit/store.h"
#include "libseg.h"
#include "trail.h"
#include "unit.h"

static double now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static void ask(struct store *store, const char *what, const struct store_query *q)
{
	char error[BOX_ERROR] = "";
	struct box_pos *places;
	double start;
	size_t n, i;

	for (i = 0; i < 2; i++) {
		start = now(CLOCK_MONOTONIC);
		if (store_places(store, q, &places, &n, error))
			fail_msg("%s", error);
		printf("# %s: %zu in %.1f ms\n", what, n, 1e3 * (now(CLOCK_MONOTONIC) - start));
		free(places);
	}
}

static void questions(struct store *store, unsigned int devices, uint64_t records)
{
	struct store_query q = { .has_device = true, .limit = 100 };
	uint64_t end = TRAIL_REAL + records * TRAIL_STEP;
	char iccid[24];

	trail_iccid(devices / 2, iccid);
	seg_iccid_pack(iccid, q.device);
	ask(store, "a device's last 100", &q);
	q.from = end / 2 + TRAIL_REAL / 2;
	q.to = q.from + (end - TRAIL_REAL) / 10;
	ask(store, "a device's last 100 in a tenth of the time", &q);
	memset(&q, 0, sizeof(q));
	q.limit = 100;
	q.has_peer = true;
	trail_peer_addr(5, q.peer.addr);
	q.peer.plen = 128;
	ask(store, "a peer's last 100", &q);
	memset(&q, 0, sizeof(q));
	q.limit = 100;
	q.from = end - 600 * TRAIL_STEP;
	q.to = end;
	ask(store, "the last 100 of 600 at the end", &q);
	memset(&q, 0, sizeof(q));
	q.limit = 100;
	q.has_reason = true;
	q.reason = SIMSEG_REASON_QUARANTINED;
	q.end = -1;
	ask(store, "the last 100 with a reason", &q);
	q.reason = -1;
	ask(store, "a reason that none has", &q);
}

static void speed(void **state)
{
	uint64_t records = number("STORE_RECORDS", 20000), have = 0;
	unsigned int devices = (unsigned int)number("STORE_DEVICES", 1000);
	char *dir = getenv("STORE_DIR") ? strdup(getenv("STORE_DIR")) : trail_dir();
	char error[BOX_ERROR] = "";
	struct store_status status;
	struct store *store;
	struct trail trail;
	double cpu;
	int64_t n;

	(void)state;
	if (store_open(&store, dir, STORE_WRITE, error))
		fail_msg("%s", error);
	if (!store_status(store, &status, error))
		have = status.records + status.lag;
	trail_init(&trail, 7, devices, 500);
	if (!have)
		trail_box(dir, &trail, records, 0, NULL);
	cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	n = store_follow(store, 0, error);
	if (n < 0)
		fail_msg("%s", error);
	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	if (n)
		printf("# %lld records taken in: %.0f a second of processor time\n", (long long)n,
		       (double)n / cpu);
	assert_int_equal(store_status(store, &status, error), 0);
	assert_int_equal(status.lag, 0);
	printf("# %llu rows, %llu bytes of index each\n", (unsigned long long)status.records,
	       (unsigned long long)(status.bytes / (status.records + 1)));
	questions(store, devices, records);
	store_close(store);
	if (getenv("STORE_DIR"))
		free(dir);
	else
		trail_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(speed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
