// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The devices of the state in force, as they come from the kernel, in the text of a
 * saved state and beside what differs
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "state.h"
#include "unit.h"

#define A "8988228000000000012"
#define B "8988228000000000020"
#define C "8988228000000000038"
#define D "8988228000000000046"
#define E "898822800000000005"

static const struct seg_rule rules[3]; /* only how many there are is looked at */

struct arrival {
	const char *iccid, *policy;
	size_t n_rules;
	uint8_t state;
	bool part;
};

static void arrive(struct registry *r, const struct arrival *list, size_t n)
{
	struct seg_binding binding = { .ifname = "wwan0" };
	struct seg_device d;
	size_t i;

	for (i = 0; i < n; i++) {
		assert_int_equal(seg_prefix_parse("10.64.0.1", &binding.prefix), 0);
		binding.prefix.addr[15] = (uint8_t)i;
		d = (struct seg_device){
			.iccid = list[i].iccid,
			.policy = list[i].policy,
			.asset = list[i].part ? NULL : "M \"1\"",
			.rules = rules,
			.n_rules = list[i].n_rules,
			.state = list[i].state,
			.part = list[i].part,
			.bindings = &binding,
			.n_bindings = list[i].policy != NULL,
		};
		assert_int_equal(registry_add(&d, r), 0);
	}
}

/* What is written by one of the functions; to be freed. */
static char *written(const struct registry *r, bool holds)
{
	struct save s = { 0 };
	char *text = NULL;
	size_t len;

	s.out = open_memstream(&text, &len);
	if (holds)
		save_holds(&s, r);
	else
		assert_int_equal(save_devices(NULL, &s, r), 0);
	fclose(s.out);
	return text;
}

static void expect(const struct registry *r, bool holds, const char *want)
{
	char *text = written(r, holds);

	assert_string_equal(text, want);
	free(text);
}

/* In the order of ICCIDs, whichever came first. */
static void in_order(void **state)
{
	static const struct arrival list[] = {
		{ .iccid = D, .policy = "meter" },
		{ .iccid = E, .state = SIMSEG_STATE_UNKNOWN },
		{ .iccid = B, .policy = "gone", .state = SIMSEG_STATE_QUARANTINED },
		{ .iccid = A },
		{ .iccid = C, .state = SIMSEG_STATE_UNKNOWN },
	};
	struct registry r;

	(void)state;
	registry_init(&r);
	expect(&r, false, "devices: []\n");
	expect(&r, true, "");
	arrive(&r, list, ARRAY_SIZE(list));
	expect(&r, false,
	       "devices:\n"
	       "  - iccid: \"" A "\"\n    asset: \"M \\\"1\\\"\"\n"
	       "  - iccid: \"" B "\"\n    policy: \"gone\"\n    asset: \"M \\\"1\\\"\"\n"
	       "    addr: [\"10.64.0.2\"]\n    dev: \"wwan0\"\n"
	       "  - iccid: \"" D "\"\n    policy: \"meter\"\n    asset: \"M \\\"1\\\"\"\n"
	       "    addr: [\"10.64.0.0\"]\n    dev: \"wwan0\"\n");
	expect(&r, true,
	       "quarantine:\n"
	       "  - { iccid: \"" B "\" }\n"
	       "  - { iccid: \"" C "\" }\n"
	       "  - { iccid: \"" E "\" }\n");
	registry_free(&r);
	assert_int_equal(r.roster.n, 0);
	arrive(&r, list, 1);
	assert_int_equal(r.roster.n, 1);
	registry_free(&r);
}

static size_t rules_of(const struct registry *r, const char *iccid)
{
	size_t i;

	for (i = 0; i < r->apart.n; i++)
		if (!strcmp(r->apart.list[i].d.iccid, iccid))
			return r->apart.list[i].d.n_rules;
	return 0;
}

/* A message may have no room for rules, which all come behind it then. */
static void in_parts(void **state)
{
	static const struct arrival list[] = {
		{ .iccid = A, .n_rules = 2 },
		{ .iccid = A, .n_rules = 3, .part = true },
		{ .iccid = B },
		{ .iccid = C },
		{ .iccid = C, .n_rules = 1, .part = true },
		{ .iccid = C, .n_rules = 3, .part = true },
		{ .iccid = D },
	};
	struct roster_device d;
	struct registry r;
	size_t i;

	(void)state;
	registry_init(&r);
	arrive(&r, list, ARRAY_SIZE(list));
	assert_int_equal(r.roster.n, 4);
	assert_int_equal(r.apart.n, 2);
	assert_int_equal(rules_of(&r, A), 5);
	assert_int_equal(rules_of(&r, C), 4);
	for (i = 0; i < r.apart.n; i++) {
		roster_get(&r.roster, r.places[i], &d);
		assert_string_equal(d.iccid, r.apart.list[i].d.iccid);
		assert_int_equal(r.apart.list[i].d.state, SIMSEG_STATE_ACTIVE);
	}
	registry_free(&r);
}

/* The text has two of those with rules: a third one has lost them meanwhile. */
static void into_a_file(void **state)
{
	static const struct arrival list[] = {
		{ .iccid = E },
		{ .iccid = D, .policy = "meter", .n_rules = 1 },
		{ .iccid = C, .policy = "meter", .n_rules = 1 },
		{ .iccid = B, .policy = "other", .state = SIMSEG_STATE_QUARANTINED },
		{ .iccid = A, .policy = "meter", .n_rules = 1 },
	};
	static const char text[] =
		"version: 1\npools: []\nsaved: \"2026-11-23T07:00:00Z\"\ndevices:\n"
		"  - { iccid: \"" D "\", out: [ { to: self, label: first } ] }\n"
		"  - { iccid: \"" C "\" }\n"
		"  - { iccid: \"" A "\", in: [ { from: any, label: second } ] }\n";
	static const struct {
		const char *iccid, *policy, *label;
	} want[] = {
		{ E, NULL, NULL },    { D, "meter", "first" },	{ C, "meter", NULL },
		{ B, "other", NULL }, { A, "meter", "second" },
	};
	struct file *f = file_read(text, strlen(text), false);
	struct roster_device d;
	struct registry r;
	uint32_t place = 0;
	size_t i;

	(void)state;
	assert_int_equal(f->diags.errors, 0);
	registry_init(&r);
	arrive(&r, list, ARRAY_SIZE(list));
	registry_move(&r, f);
	assert_int_equal(r.roster.n, 0);
	assert_int_equal(f->devices.n, ARRAY_SIZE(want));
	for (i = 0; i < ARRAY_SIZE(want); i++) {
		place = file_device(f, place, &d);
		assert_string_equal(d.iccid, want[i].iccid);
		assert_string_equal(d.dev.policy ? d.dev.policy : "",
				    want[i].policy ? want[i].policy : "");
		assert_int_equal(d.dev.n_rules, want[i].label != NULL);
		if (want[i].label)
			assert_string_equal(d.dev.rules[0].label, want[i].label);
	}
	assert_true(roster_has(&f->devices, B));
	registry_free(&r);
	file_free(f);
}

/* Names are still found, each once, where a roster has been moved to. */
static void moved(void **state)
{
	static const struct arrival list[] = {
		{ .iccid = A, .policy = "meter" },
		{ .iccid = B, .policy = "other" },
		{ .iccid = C, .policy = "meter" },
	};
	struct registry r, other;

	(void)state;
	registry_init(&r);
	registry_init(&other);
	arrive(&r, list, 2);
	roster_move(&other.roster, &r.roster);
	assert_int_equal(r.roster.n, 0);
	memset(&r, 0xff, sizeof(r));
	arrive(&other, list + 2, 1);
	assert_int_equal(other.roster.policies.n, 2);
	assert_int_equal(other.roster.n, 3);
	registry_free(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(in_parts),
		cmocka_unit_test(into_a_file),
		cmocka_unit_test(moved),
	};

	return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
