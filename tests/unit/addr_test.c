// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prefixes: what is read, what is refused, and that printing gives it back
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libseg.h"
#include "unit.h"

static void parses(void **state)
{
	static const struct {
		const char *text;
		uint8_t plen;
		const char *printed;
	} good[] = {
		{ "10.64.0.0/16", 112, "10.64.0.0/16" },
		{ "10.64.0.11", 128, "10.64.0.11" },
		{ "10.64.0.11/32", 128, "10.64.0.11" },
		{ "0.0.0.0/0", 96, "0.0.0.0/0" },
		{ "255.255.255.255", 128, "255.255.255.255" },
		{ "fd64::/48", 48, "fd64::/48" },
		{ "fd64::11", 128, "fd64::11" },
		{ "FD64:0:0::11/128", 128, "fd64::11" },
		{ "::/0", 0, "::/0" },
		{ "::1", 128, "::1" },
		{ "::ffff:10.1.2.3", 128, "10.1.2.3" },
		{ "::ffff:10.1.0.0/112", 112, "10.1.0.0/16" },
		{ "::ffff:0:0/96", 96, "0.0.0.0/0" },
		{ "::fffe:0:0/95", 95, "::fffe:0:0/95" },
		{ "2000::/3", 3, "2000::/3" },
		{ "fd00::/127", 127, "fd00::/127" },
	};
	struct simseg_prefix p;
	char buf[SEG_PREFIX_LEN];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		memset(&p, 0xa5, sizeof(p));
		assert_int_equal(seg_prefix_parse(good[i].text, &p), 0);
		assert_int_equal(p.plen, good[i].plen);
		assert_memory_equal(p.reserved, "\0\0\0", 3);
		assert_string_equal(seg_prefix_print(&p, buf), good[i].printed);
	}
}

static void refuses(void **state)
{
	static const struct {
		const char *text;
		int err;
	} bad[] = {
		{ "", -EINVAL },
		{ "/", -EINVAL },
		{ "/8", -EINVAL },
		{ "10.64.0", -EINVAL },
		{ "10.64.0.256", -EINVAL },
		{ "10.64.0.1.2", -EINVAL },
		{ "010.0.0.1", -EINVAL },
		{ " 10.0.0.1", -EINVAL },
		{ "10.0.0.1 ", -EINVAL },
		{ "fd64:::1", -EINVAL },
		{ "fe80::1%eth0", -EINVAL },
		{ "g::", -EINVAL },
		{ "self", -EINVAL },
		{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", -EINVAL },
		{ "10.64.0.0/", -ERANGE },
		{ "10.64.0.0/33", -ERANGE },
		{ "10.64.0.0/-1", -ERANGE },
		{ "10.64.0.0/+8", -ERANGE },
		{ "10.64.0.0/08", -ERANGE },
		{ "10.64.0.0/16/16", -ERANGE },
		{ "10.64.0.0/99999999999999999999", -ERANGE },
		{ "fd64::/129", -ERANGE },
		{ "10.64.0.1/16", -EDOM },
		{ "10.64.0.1/0", -EDOM },
		{ "fd64::1/64", -EDOM },
		{ "::1/127", -EDOM },
	};
	struct simseg_prefix p;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(seg_prefix_parse(bad[i].text, &p), bad[i].err);
}

static void suggests(void **state)
{
	struct simseg_prefix p;
	char buf[SEG_PREFIX_LEN];

	(void)state;
	assert_int_equal(seg_prefix_parse("10.64.77.1/18", &p), -EDOM);
	assert_string_equal(seg_prefix_print(&p, buf), "10.64.64.0/18");
	assert_int_equal(seg_prefix_parse("fd64::ffff/120", &p), -EDOM);
	assert_string_equal(seg_prefix_print(&p, buf), "fd64::ff00/120");
}

static void random_prefix(struct simseg_prefix *p)
{
	size_t i;

	memset(p, 0, sizeof(*p));
	for (i = 0; i < sizeof(p->addr); i++)
		p->addr[i] = (uint8_t)(rand() % 4 ? rand() : 0);
	p->plen = (uint8_t)(rand() % 129);
	if (rand() % 2) {
		memset(p->addr, 0, 10);
		memset(p->addr + 10, 0xff, 2);
		p->plen = (uint8_t)(96 + rand() % 33);
	}
	for (i = 0; i < 128; i++)
		if (i >= p->plen)
			p->addr[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
}

/* Whatever is printed reads back as the same prefix. */
static void round_trip(void **state)
{
	struct simseg_prefix p, q;
	char buf[SEG_PREFIX_LEN];
	int i;

	(void)state;
	srand(1);
	for (i = 0; i < 200000; i++) {
		random_prefix(&p);
		seg_prefix_print(&p, buf);
		assert_true(strlen(buf) < sizeof(buf));
		assert_int_equal(seg_prefix_parse(buf, &q), 0);
		assert_memory_equal(&p, &q, sizeof(p));
	}
}

/* A prefix contains another if it is no longer, and equal to it when cut to its length. */
static void contains(void **state)
{
	struct simseg_prefix p, q, cut;
	int i, j, want;

	(void)state;
	srand(2);
	for (i = 0; i < 200000; i++) {
		random_prefix(&p);
		random_prefix(&q);
		if (i % 2)
			memcpy(q.addr, p.addr, (size_t)(rand() % 17));
		for (j = q.plen; j < 128; j++)
			q.addr[j / 8] &= (uint8_t) ~(0x80 >> j % 8);
		cut = q;
		for (j = p.plen; j < 128; j++)
			cut.addr[j / 8] &= (uint8_t) ~(0x80 >> j % 8);
		want = q.plen >= p.plen && !memcmp(cut.addr, p.addr, 16);
		assert_int_equal(seg_prefix_contains(&p, &q), want);
		assert_int_equal(seg_prefix_contains(&p, &p), 1);
	}
}

/* What an IPv4 address is, the C library says: words of digits and dots, most nearly right. */
static void as_inet_pton(void **state)
{
	static const char chars[] = "0125.9";
	struct simseg_prefix p;
	unsigned int good = 0;
	uint8_t want[4];
	char text[20];
	int i, j, len;

	(void)state;
	srandom(4);
	for (i = 0; i < 300000; i++) {
		len = snprintf(text, sizeof(text), "%ld.%ld.%ld.%ld", random() % 300, random() % 30,
			       random() % 3, random() % 300);
		for (j = (int)(random() % 3); j; j--)
			text[random() % len] = chars[random() % 6];
		if (inet_pton(AF_INET, text, want) != 1) {
			assert_int_equal(seg_prefix_parse(text, &p), -EINVAL);
			continue;
		}
		assert_int_equal(seg_prefix_parse(text, &p), 0);
		assert_memory_equal(p.addr + 12, want, sizeof(want));
		good++;
	}
	assert_in_range(good, 100000, 250000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),   cmocka_unit_test(refuses),
		cmocka_unit_test(suggests), cmocka_unit_test(round_trip),
		cmocka_unit_test(contains), cmocka_unit_test(as_inet_pton),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
