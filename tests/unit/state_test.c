// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Saved states as they are read, durations, and what differs between two files
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "unit.h"

#define HEAD "version: 1\npools: [10.64.0.0/16, \"fd64::/48\"]\n"

static struct file *read_text(const char *text)
{
	return file_read(text, strlen(text), false);
}

static void durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds; /* 0: refused */
	} rows[] = {
		{ "1s", 1 },
		{ "90s", 90 },
		{ "15m", 900 },
		{ "2h", 7200 },
		{ "1d", 86400 },
		{ "1h30m", 5400 },
		{ "366d", 366 * 86400 },
		{ "367d", 0 },
		{ "0s", 0 },
		{ "", 0 },
		{ "5", 0 },
		{ "s", 0 },
		{ "-1s", 0 },
		{ "1s ", 0 },
		{ "1.5h", 0 },
		{ "1x", 0 },
		{ "99999999999999999999s", 0 },
		{ "366d1s", 0 },
	};
	uint64_t ns;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(seg_duration_parse(rows[i].text, &ns),
				 rows[i].seconds ? 0 : -EINVAL);
		if (rows[i].seconds)
			assert_int_equal(ns, rows[i].seconds * 1000000000);
	}
}

static void saved(void **state)
{
	struct file *f = read_text(
		HEAD
		"saved: \"2026-11-23T07:00:00Z\"\n"
		"quarantine:\n"
		"  - { iccid: \"8988228000000000061\" }\n"
		"  - { iccid: \"8988228000000000053\", actor: \"o: 'x'\", reason: \"a \\\"b\\\"\","
		" allow: [10.20.0.9, \"fd20::/64\"], for: 90s, until: \"2026-11-23T07:01:30Z\" }\n");

	(void)state;
	assert_int_equal(f->diags.errors, 0);
	assert_int_equal(f->saved, 1795417200);
	assert_int_equal(f->n_holds, 2);
	assert_null(f->holds[0].actor);
	assert_int_equal(f->holds[0].left, 0);
	assert_string_equal(f->holds[1].iccid, "8988228000000000053");
	assert_string_equal(f->holds[1].actor, "o: 'x'");
	assert_string_equal(f->holds[1].reason, "a \"b\"");
	assert_int_equal(f->holds[1].allow.n, 2);
	assert_int_equal(f->holds[1].left, 90000000000);
	assert_int_equal(f->holds[1].until, f->saved + 90);
	file_free(f);
}

/* What it names may have gone before it was saved: apply would not take it. */
static void gone(void **state)
{
	static const char devices[] =
		"devices:\n"
		"  - { iccid: \"8988228000000000012\", addr: \"10.99.0.1\" }\n"
		"  - { iccid: \"8988228000000000020\", policy: gone, out: [ { to: gone } ] }\n";
	struct roster_device d;
	char text[512];
	struct file *f;

	(void)state;
	snprintf(text, sizeof(text), HEAD "%s", devices);
	f = read_text(text);
	assert_int_equal(f->diags.errors, 4);
	file_free(f);
	snprintf(text, sizeof(text), HEAD "%ssaved: \"2026-11-23T07:00:00Z\"\n", devices);
	f = read_text(text);
	assert_int_equal(f->diags.errors, 0);
	file_device(f, 0, &d);
	assert_null(d.dev.policy);
	file_device(f, file_device(f, 0, &d), &d);
	assert_string_equal(d.dev.policy, "gone");
	assert_string_equal(d.dev.rules[0].peer, "gone");
	file_free(f);
}

static void bad(void **state)
{
	static const char *const rows[][2] = {
		{ "saved: yesterday\n", "bad time 'yesterday': as 2026-11-23T07:00:00Z" },
		{ "quarantine: [ { reason: x } ]\n", "a quarantine needs an iccid" },
		{ "quarantine: [ { iccid: 12 } ]\n", "bad ICCID '12': 18 to 20 digits" },
		{ "quarantine: [ { iccid: \"8988228000000000061\", for: 1y } ]\n",
		  "bad duration '1y': as 90s, 15m, 2h, 1d or 1h30m" },
		{ "quarantine: [ { iccid: \"8988228000000000061\", who: me } ]\n",
		  "unknown key 'who'" },
	};
	struct file *f;
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_true(asprintf(&text, HEAD "%s", rows[i][0]) > 0);
		f = read_text(text);
		diags_sort(&f->diags);
		assert_int_equal(f->diags.errors, 1);
		assert_string_equal(f->diags.list[0].text, rows[i][1]);
		file_free(f);
		free(text);
	}
}

/* An address may have an interface of its own. */
static void addresses(void **state)
{
	struct file *f = read_text(HEAD "policies: { meter: { out: [] } }\n"
					"devices:\n"
					"  - iccid: \"8988228000000000061\"\n"
					"    policy: meter\n"
					"    addr: [10.64.0.1, { addr: \"fd64::1\", dev: wwan1 }]\n"
					"    dev: wwan0\n");
	struct roster_device d;

	(void)state;
	assert_int_equal(f->diags.errors, 0);
	file_device(f, 0, &d);
	assert_int_equal(d.dev.n_bindings, 2);
	assert_string_equal(d.bindings[0].ifname, "wwan0");
	assert_string_equal(d.bindings[1].ifname, "wwan1");
	file_free(f);
}

/* Lines as segctl prints them, one after the other. */
static void collect(char op, enum diff_kind kind, const char *name, const char *detail, void *arg)
{
	char **all = arg, *more;

	assert_true(asprintf(&more, "%s%c %s %s %s\n", *all, op, diff_kind_name(kind),
			     name ? name : "-", detail ? detail : "-") > 0);
	free(*all);
	*all = more;
}

static void expect_diff(const char *old, const char *new, const char *want)
{
	struct file *a = read_text(old), *b = read_text(new);
	char *all = strdup("");

	assert_int_equal(a->diags.errors, 0);
	assert_int_equal(b->diags.errors, 0);
	diff_files(a, b, collect, &all);
	assert_string_equal(all, want);
	free(all);
	file_free(a);
	file_free(b);
}

static void differences(void **state)
{
	static const char old[] = HEAD
		"settings: { icmp: 30 }\n"
		"peers: { a: [1.1.1.1, 2.2.2.2], gone: [] }\n"
		"policies:\n"
		"  meter: { out: [ { proto: tcp, port: 443, to: a }, { proto: udp, to: any } ] }\n"
		"  old: { in: [] }\n"
		"devices:\n"
		"  - { iccid: \"8988228000000000061\", policy: meter, addr: 10.64.0.1, dev: wwan0 }\n"
		"  - { iccid: \"8988228000000000053\", policy: old }\n";
	static const char new[] =
		"version: 1\npools: [10.64.0.0/16]\n"
		"settings: { icmp: 31, tcp_new: 60 }\n"
		"peers: { a: [1.1.1.1, 3.3.3.3], come: [4.4.4.4] }\n"
		"policies:\n"
		"  meter: { observe: true, out: [ { proto: udp, to: any },"
		" { proto: tcp, port: 444, to: a, label: web } ] }\n"
		"devices:\n"
		"  - { iccid: \"8988228000000000061\", policy: meter, addr: 10.64.0.1, dev: wwan1,"
		" asset: M-1, out: [ { to: self } ] }\n"
		"  - { iccid: \"8988228000000000079\", policy: meter }\n";

	(void)state;
	expect_diff(old, old, "");
	expect_diff(old, new,
		    "- pool - fd64::/48\n"
		    "~ setting icmp 30 -> 31\n"
		    "- peers a 2.2.2.2\n"
		    "+ peers a 3.3.3.3\n"
		    "- peers gone -\n"
		    "+ peers come -\n"
		    "+ peers come 4.4.4.4\n"
		    "~ policy meter only observes: denies nothing\n"
		    "- policy meter out tcp 443 to a\n"
		    "+ policy meter out tcp 444 to a, label web\n"
		    "- policy old -\n"
		    "- device 8988228000000000053 -\n"
		    "~ device 8988228000000000061 asset none -> M-1\n"
		    "- device 8988228000000000061 10.64.0.1 dev wwan0\n"
		    "+ device 8988228000000000061 10.64.0.1 dev wwan1\n"
		    "+ device 8988228000000000061 out any to self\n"
		    "+ device 8988228000000000079 -\n");
	/* a file without devices leaves them alone */
	expect_diff(
		old,
		HEAD
		"peers: { a: [1.1.1.1, 2.2.2.2], gone: [] }\npolicies:\n"
		"  meter: { out: [ { proto: tcp, port: 443, to: a }, { proto: udp, to: any } ] }\n"
		"  old: { in: [] }\n",
		"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations), cmocka_unit_test(saved),
		cmocka_unit_test(gone),	     cmocka_unit_test(bad),
		cmocka_unit_test(addresses), cmocka_unit_test(differences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
