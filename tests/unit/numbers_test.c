// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Numbers of records: each is there once, or a GAP record counts it as lost
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/numbers.h"
#include "boxes.h"
#include "unit.h"

/* What is fed: "5" another record, "d5" a deny, "g9:2-5=3" GAP number 9, 3 of 2 to 5 lost. */
static enum numbers_wrong feed(struct numbers *n, const char *text)
{
	struct number_range range;
	enum numbers_wrong wrong = NUMBERS_FINE;
	char *copy = strdup(text), *save, *word;

	for (word = strtok_r(copy, " ", &save); word && !wrong; word = strtok_r(NULL, " ", &save)) {
		unsigned long long seq, first, last, lost;
		struct simseg_record r;
		struct simseg_record_gap *gap = (void *)&r;

		if (sscanf(word, "g%llu:%llu-%llu=%llu", &seq, &first, &last, &lost) == 4) {
			r = boxes_record(seq, SIMSEG_RECORD_GAP);
			memset(gap->lost, 0, sizeof(gap->lost));
			gap->first = first;
			gap->last = last;
			gap->lost[SIMSEG_RECORD_DENY] = lost / 2;
			gap->lost[SIMSEG_RECORD_OPEN] = lost - lost / 2;
		} else if (*word == 'd') {
			r = boxes_record(strtoull(word + 1, NULL, 10), SIMSEG_RECORD_DENY);
		} else {
			r = boxes_record(strtoull(word, NULL, 10), SIMSEG_RECORD_OPEN);
		}
		wrong = numbers_add(n, &r, &range);
	}
	free(copy);
	return wrong;
}

static void rows(void **state)
{
	static const struct {
		const char *text;
		enum numbers_wrong wrong; /* the first */
		uint64_t first, last, count;
	} table[] = {
		{ "1 2 3 4", NUMBERS_FINE, 0, 0, 0 },
		{ "7 8 9", NUMBERS_FINE, 0, 0, 0 },
		{ "1 2 d4 d6 3 5 7 d8", NUMBERS_FINE, 0, 0, 0 },
		{ "d5 d6 1 2 3 4 7", NUMBERS_FINE, 0, 0, 0 },
		{ "1 2 2", NUMBERS_TWICE, 0, 0, 0 },
		{ "1 3 2", NUMBERS_TWICE, 0, 0, 0 },
		{ "1 2 3 d2", NUMBERS_TWICE, 0, 0, 0 },
		{ "1 d1", NUMBERS_TWICE, 0, 0, 0 },
		{ "1 2 5 d6", NUMBERS_MISSING, 3, 4, 2 },
		{ "1 2 5", NUMBERS_PENDING, 3, 4, 2 },
		{ "d1 d2 d9 3 4", NUMBERS_PENDING, 5, 8, 4 },
		{ "1 2 g6:3-5=3 7", NUMBERS_FINE, 0, 0, 0 },
		{ "g6:3-5=3 7", NUMBERS_FINE, 0, 0, 0 },
		{ "1 g6:2-5=2 7 d3 d4 d8", NUMBERS_FINE, 0, 0, 0 },
		{ "1 g6:2-5=2 7 d3 d8", NUMBERS_MISSING, 2, 5, 1 },
		{ "1 2 g6:3-5=2 7 d8", NUMBERS_MISSING, 3, 5, 1 },
		{ "1 2 3 g6:3-5=3 7 d8", NUMBERS_TOO_MANY, 3, 5, 1 },
		{ "1 g10:2-8=3 d4 g12:7-11=3 d6 d9 d13", NUMBERS_FINE, 0, 0, 0 },
		{ "1 2 g6:3-6=3", NUMBERS_BAD_GAP, 0, 0, 0 },
		{ "1 2 g6:5-3=3", NUMBERS_BAD_GAP, 0, 0, 0 },
		{ "1 2 g6:0-3=3", NUMBERS_BAD_GAP, 0, 0, 0 },
		{ "1 g5:2-4=18446744073709551615 d6", NUMBERS_TOO_MANY, 2, 4,
		  18446744073709551612ULL },
	};
	static const uint64_t none[2];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct number_range range = { 0, 0 };
		enum numbers_wrong wrong;
		uint64_t count = 0;
		struct numbers n;

		numbers_begin(&n, &boxes_source, none);
		wrong = feed(&n, table[i].text);
		if (!wrong)
			wrong = numbers_end(&n, &range, &count);
		if (wrong != table[i].wrong || range.first != table[i].first ||
		    range.last != table[i].last || count != table[i].count)
			fail_msg("%s: wrong %d, %llu to %llu, %llu", table[i].text, wrong,
				 (unsigned long long)range.first, (unsigned long long)range.last,
				 (unsigned long long)count);
		numbers_free(&n);
	}
}

/* Whoever starts in the middle asks only for what comes behind. */
static void middle(void **state)
{
	const uint64_t last[2] = { 40, 50 };
	struct number_range range;
	struct numbers n;
	uint64_t count;

	(void)state;
	numbers_begin(&n, &boxes_source, last);
	assert_int_equal(feed(&n, "43 47 d52 51 54 d55"), NUMBERS_FINE);
	assert_int_equal(numbers_end(&n, &range, &count), NUMBERS_MISSING);
	assert_int_equal(range.first, 53);
	assert_int_equal(count, 1);
	assert_int_equal(numbers_end(&n, &range, &count), NUMBERS_FINE);
	numbers_free(&n);
	numbers_begin(&n, &boxes_source, last);
	assert_int_equal(feed(&n, "40"), NUMBERS_TWICE);
	numbers_free(&n);
	numbers_begin(&n, &boxes_source, last);
	assert_int_equal(feed(&n, "g60:45-58=9 61 d62"), NUMBERS_FINE);
	assert_int_equal(numbers_end(&n, &range, &count), NUMBERS_MISSING);
	assert_int_equal(range.first, 59);
	assert_int_equal(numbers_end(&n, &range, &count), NUMBERS_FINE);
	numbers_free(&n);
}

/* Random losses and lags of the two rings: what the kernel's outbox could do adds up. */
static void random_rings(void **state)
{
	static const uint64_t none[2];
	unsigned int round;

	(void)state;
	srandom(5);
	for (round = 0; round < 200; round++) {
		struct simseg_record waiting[256], gap_record;
		struct simseg_record_gap *gap = (void *)&gap_record;
		size_t n_waiting = 0, i;
		struct number_range range;
		struct numbers n;
		uint64_t seq, count;

		numbers_begin(&n, &boxes_source, none);
		gap_record = boxes_record(0, SIMSEG_RECORD_GAP);
		memset(gap->lost, 0, sizeof(gap->lost));
		gap->first = 0;
		for (seq = 1; seq <= 2000; seq++) {
			long dice = random() % 100;

			if (dice < 20) {
				gap->first = gap->first ? gap->first : seq;
				gap->last = seq;
				gap->lost[SIMSEG_RECORD_DENY]++;
			} else if (dice < 50 && n_waiting < ARRAY_SIZE(waiting)) {
				waiting[n_waiting++] = boxes_record(seq, SIMSEG_RECORD_DENY);
			} else if (dice < 55 && gap->first) {
				gap->head.seq = seq;
				assert_int_equal(numbers_add(&n, &gap_record, &range), 0);
				memset(gap->lost, 0, sizeof(gap->lost));
				gap->first = 0;
			} else {
				struct simseg_record r = boxes_record(seq, SIMSEG_RECORD_CLOSE);

				assert_int_equal(numbers_add(&n, &r, &range), 0);
			}
			if (dice > 97 || seq > 1998) {
				for (i = 0; i < n_waiting; i++)
					assert_int_equal(numbers_add(&n, &waiting[i], &range), 0);
				n_waiting = 0;
			}
		}
		if (gap->first) {
			gap->head.seq = seq;
			assert_int_equal(numbers_add(&n, &gap_record, &range), 0);
		}
		assert_int_equal(numbers_end(&n, &range, &count), NUMBERS_FINE);
		numbers_free(&n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(middle),
		cmocka_unit_test(random_rings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
