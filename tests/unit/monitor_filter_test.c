// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which records a monitor wants to see
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <unistd.h>

#include "monitor_filter.h"
#include "unit.h"

#define METER "8988228000000000012"
#define OTHER "8988228000000000020"

static struct ctl ctl = { .verb = "monitor" };

static void pack(const char *iccid, uint8_t bcd[10])
{
	size_t i;

	memset(bcd, 0xff, 10);
	for (i = 0; iccid[i]; i++)
		bcd[i / 2] = i % 2 ? (uint8_t)((bcd[i / 2] & 0xf0) | (iccid[i] - '0')) :
				     (uint8_t)((iccid[i] - '0') << 4 | 0xf);
}

static void addr(const char *text, uint8_t to[16])
{
	memset(to, 0, 16);
	if (inet_pton(AF_INET6, text, to) == 1)
		return;
	to[10] = to[11] = 0xff;
	assert_int_equal(inet_pton(AF_INET, text, to + 12), 1);
}

static struct simseg_record session(uint8_t kind, uint8_t reason)
{
	struct simseg_record r = { .kind = kind, .reason = reason };

	addr("10.64.0.11", r.src);
	addr("10.20.0.5", r.dst);
	pack(METER, r.iccid[0]);
	memset(r.iccid[1], 0xff, sizeof(r.iccid[1]));
	return r;
}

static bool wants(struct monitor_filter f, struct simseg_record r)
{
	assert_true(monitor_filter_read(&f, &ctl));
	return monitor_filter_wants(&f, &r, "meter");
}

#define FILTER(...) ((struct monitor_filter){ __VA_ARGS__ })

static void each(void **state)
{
	struct simseg_record open = session(SIMSEG_RECORD_OPEN, SIMSEG_REASON_RULE);
	struct simseg_record deny = session(SIMSEG_RECORD_DENY, SIMSEG_REASON_NO_RULE);

	(void)state;
	assert_true(wants(FILTER(0), open));
	assert_true(wants(FILTER(.device = METER), open));
	assert_false(wants(FILTER(.device = OTHER), open));
	pack(OTHER, open.iccid[1]);
	assert_true(wants(FILTER(.device = OTHER), open));
	assert_true(wants(FILTER(.verdict = "allow"), open));
	assert_false(wants(FILTER(.verdict = "deny"), open));
	assert_true(wants(FILTER(.verdict = "deny"), deny));
	assert_false(wants(FILTER(.verdict = "allow"), deny));
	assert_true(wants(FILTER(.reason = "no-rule"), deny));
	assert_false(wants(FILTER(.reason = "spoofed"), deny));
	assert_true(wants(FILTER(.policy = "meter"), open));
	assert_false(wants(FILTER(.policy = "camera"), open));
	assert_true(wants(FILTER(.peer = "10.20.0.5"), open));
	assert_true(wants(FILTER(.peer = "10.64.0.0/16"), open));
	assert_false(wants(FILTER(.peer = "10.20.0.6"), open));
	assert_false(wants(FILTER(.peer = "fd20::/64"), open));
	assert_false(wants(FILTER(.peer = "10.20.0.5", .verdict = "deny"), open));
}

/* How a session ended is a word of its own. */
static void ends(void **state)
{
	struct simseg_record closed = session(SIMSEG_RECORD_CLOSE, SIMSEG_END_QUARANTINE);

	(void)state;
	assert_true(wants(FILTER(.reason = "quarantine"), closed));
	assert_false(wants(FILTER(.reason = "no-rule"), closed));
}

/* What may hide a record that is wanted is always shown; changes only to who wants all. */
static void others(void **state)
{
	struct simseg_record gap = { .kind = SIMSEG_RECORD_GAP };
	struct simseg_record config = { .kind = SIMSEG_RECORD_CONFIG };

	(void)state;
	assert_true(wants(FILTER(.device = METER, .verdict = "deny"), gap));
	assert_true(wants(FILTER(0), config));
	assert_false(wants(FILTER(.verdict = "allow"), config));
}

static void refused(void **state)
{
	struct monitor_filter bad[] = {
		FILTER(.device = "12"),		FILTER(.verdict = "maybe"),
		FILTER(.reason = "?"),		FILTER(.reason = "nonsense"),
		FILTER(.peer = "10.20.0.5/99"), FILTER(.peer = "scada")
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(monitor_filter_read(&bad[i], &ctl));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each),
		cmocka_unit_test(ends),
		cmocka_unit_test(others),
		cmocka_unit_test(refused),
	};

	/* what is refused is said there */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
