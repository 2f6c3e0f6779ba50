// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file reader: a table of bad files with every complaint that is due, in
 * order; and good files, as structs
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diags.h"
#include "unit.h"

#define HEAD  "version: 1\npools: [10.64.0.0/16, \"fd64::/48\"]\n"
#define METER "policies: { meter: { out: [] } }\n"

struct bad_file {
	const char *text;
	const char *want[DIAGS_LIST]; /* "line:column: text", in order */
};

static const struct bad_file bad_files[] = {
	/* the frame */
	{ "", { "1:1: an empty file" } },
	{ "# nothing\n", { "1:1: an empty file" } },
	{ "{}\n",
	  { "1:1: no version: write version: 1", "1:1: no pools: write pools: [] for none" } },
	{ "[]\n", { "1:1: expected a mapping, with version: 1 at the top, found a list" } },
	{ "version: 2\npools: []\n",
	  { "1:10: version '2' is not known: this program reads version 1" } },
	{ "version: 01\npools: []\n",
	  { "1:10: version '01' is not known: this program reads version 1" } },
	{ HEAD "pool: []\n", { "3:1: unknown key 'pool'; did you mean 'pools'?" } },
	{ HEAD "xyzzy: []\n", { "3:1: unknown key 'xyzzy'" } },
	{ HEAD "pools: []\n", { "3:1: duplicate key 'pools'" } },
	{ HEAD "? [a]\n: b\n", { "3:3: expected a key, found a list" } },
	{ HEAD "---\nversion: 1\n", { "3:1: more than one document" } },
	{ HEAD "peers: {\n",
	  { "4:1: while parsing a flow node: did not find expected node content" } },

	/* what the format leaves out of YAML */
	{ "version: &a 1\npools: *a\n",
	  { "1:10: anchors are not taken", "2:8: aliases are not taken: write it out" } },
	{ "version: !!int 1\npools: []\n", { "1:10: tags are not taken" } },
	{ HEAD "peers:\n\ta: []\n", { "4:1: a tab: indent with spaces" } },
	{ HEAD "failsafe:\n- \t1.2.3.4\n", { "4:3: a tab: write spaces" } },
	{ HEAD "peers:\n  a: [\"\\0\"]\n",
	  { "4:7: a NUL character", "4:7: bad address or prefix ''" } },
	{ "version: 1\npools: [\"\xff\"]\n", { "2:10: invalid leading UTF-8 octet" } },
	{ HEAD "peers: [[[[[[[[[[[[[[[[[[[[\n",
	  { "3:8: expected a mapping of names to lists of prefixes, found a list",
	    "3:23: nested too deeply" } },

	/* pools and prefixes */
	{ "version: 1\npools: 10.0.0.0/8\n",
	  { "2:8: expected a list of prefixes, found a single value" } },
	{ "version: 1\npools:\n", { "2:7: expected a list of prefixes, found nothing" } },
	{ "version: 1\npools: [10.64.0.1/16]\n",
	  { "2:9: '10.64.0.1/16' has bits set beyond its length; did you mean 10.64.0.0/16?" } },
	{ "version: 1\npools: [10.64.0.0/33]\n", { "2:9: bad prefix length in '10.64.0.0/33'" } },
	{ "version: 1\npools: [10.64.0.0/16, fd00::/8,\n  \"::ffff:10.64.0.0/112\"]\n",
	  { "3:3: duplicate prefix 10.64.0.0/16, first in line 2" } },
	{ "version: 1\npools: [\"::/0\"]\n",
	  { "2:9: '::/0' would stand for every IPv4 address as well: write 2000::/3, or any in a "
	    "rule" } },
	{ HEAD "failsafe: [ten]\n", { "3:12: bad address or prefix 'ten'" } },

	/* peers */
	{ HEAD "peers: { self: [], any: [], 10.0.0.1: [] }\n",
	  { "3:10: 'self' cannot name a peer set: rules read it as a word",
	    "3:20: 'any' cannot name a peer set: rules read it as a word",
	    "3:29: '10.0.0.1' cannot name a peer set: rules read it as an address" } },
	{ HEAD "peers: { \"a b\": [], a: {}, a: [] }\n",
	  { "3:10: bad name of a peer set 'a b'",
	    "3:24: expected a list of prefixes, found a mapping",
	    "3:28: duplicate peer set 'a', first in line 3" } },

	/* settings */
	{ HEAD "settings: { tcp_new: 0, pickup: 0, sessions: 16777217, tcp_knew: 1 }\n",
	  { "3:22: bad value '0': a number from 1 to 2000000",
	    "3:46: bad value '16777217': a number from 1 to 16777216",
	    "3:56: unknown key 'tcp_knew'; did you mean 'tcp_new'?" } },
	{ HEAD "settings: { record_backlog: 65537, icmp: 2000001, other: 2000000 }\n",
	  { "3:29: bad value '65537': a number from 0 to 65536",
	    "3:42: bad value '2000001': a number from 1 to 2000000" } },
	{ HEAD "settings: { record_backlog: 65536, devices: 16777216, sessions: 16777217 }\n",
	  { "3:65: bad value '16777217': a number from 1 to 16777216" } },

	/* rules */
	{ HEAD "policies: { a: { out: [ { to: b } ] } }\n", { "3:31: unknown peer set 'b'" } },
	{ HEAD "peers: { broker: [] }\npolicies: { a: { in: [ { from: brokr } ] } }\n",
	  { "4:32: unknown peer set 'brokr'; did you mean 'broker'?" } },
	{ HEAD "policies: { a: { out: [ { proto: tcp } ] } }\n",
	  { "3:25: a rule needs 'to': write to: any for everyone" } },
	{ HEAD "policies: { a: { in: [ { to: any } ] } }\n",
	  { "3:26: a rule under 'in' has 'from', not 'to'" } },
	{ HEAD "policies: { a: { out: [ { port: 1, to: any } ] } }\n",
	  { "3:33: a port needs a protocol: tcp, udp, sctp, dccp or udplite" } },
	{ HEAD "policies: { a: { out: [ { proto: icmp, port: 1, to: any } ] } }\n",
	  { "3:46: this protocol has no ports" } },
	{ HEAD "policies: { a: { out: [ { proto: 58, to: any } ] } }\n",
	  { "3:34: write icmp: it stands for ICMPv6 as well" } },
	{ HEAD
	  "policies: { a: { out: [ { proto: tcp, port: [0, 65536, 2-1, 1-, x], to: b } ] } }\n",
	  { "3:46: bad port '0': 1 to 65535, or a range as 8000-8080",
	    "3:49: bad port '65536': 1 to 65535, or a range as 8000-8080",
	    "3:56: bad range of ports '2-1': the lower one comes first",
	    "3:61: bad port '1-': 1 to 65535, or a range as 8000-8080",
	    "3:65: bad port 'x': 1 to 65535, or a range as 8000-8080",
	    "3:73: unknown peer set 'b'" } },
	{ HEAD "policies: { a: { out: [ { proto: tcp, port: [], to: [] } ] } }\n",
	  { "3:45: an empty list of ports", "3:53: an empty list: write any for everyone" } },
	{ HEAD "policies: { a: { out: [ { to: [10.0.0.1, broker, 10.0.0.1] } ] } }\n",
	  { "3:42: bad address or prefix 'broker'",
	    "3:50: duplicate prefix 10.0.0.1, first in line 3" } },
	{ HEAD "policies: { a: { out: [ { to: 10.0.0.999 } ] } }\n",
	  { "3:31: bad address or prefix '10.0.0.999'" } },
	{ HEAD "policies: { a: { out: [ { label: \"a b\", to: any } ] } }\n",
	  { "3:34: bad label 'a b': up to 31 letters, digits, '_', '.', '-'" } },
	{ HEAD "policies: { a: { outt: [], in: [ any ] }, a: {} }\n",
	  { "3:18: unknown key 'outt'; did you mean 'out'?",
	    "3:34: expected a rule, a mapping, found a single value",
	    "3:43: duplicate policy 'a', first in line 3" } },

	/* devices */
	{ HEAD "policies: { a: { observe: yes } }\n", { "3:27: 'yes' is not true or false" } },
	{ HEAD METER "devices: [ { policy: meter } ]\n", { "4:12: a device needs an iccid" } },
	{ HEAD METER "devices: [ { iccid: 8988228000000000012 } ]\n",
	  { "4:12: a device needs a policy" } },
	{ HEAD METER "devices:\n",
	  { "4:9: expected a list of devices ([] for none), found nothing" } },
	{ HEAD METER "devices: [ { iccid: 898822800000000001x, policy: metr } ]\n",
	  { "4:21: bad ICCID '898822800000000001x': 18 to 20 digits",
	    "4:50: unknown policy 'metr'; did you mean 'meter'?" } },
	{ HEAD METER
	  "devices:\n  - { iccid: 8988228000000000012, policy: meter, addr: 10.64.0.1 }\n"
	  "  - { iccid: 8988228000000000012F, policy: meter, addr: [10.64.0.1, 10.9.0.1] }\n",
	  { "6:14: duplicate ICCID '8988228000000000012', first in line 5",
	    "6:58: duplicate address 10.64.0.1, first in line 5",
	    "6:69: 10.9.0.1 lies in no pool" } },
	{ HEAD METER "devices: [ { iccid: 8988228000000000012, policy: meter, dev: 'a/b', "
		     "asset: \"\\e[31m\" } ]\n",
	  { "4:62: bad name of an interface 'a/b'",
	    "4:62: dev needs addr: it says where addresses arrive",
	    "4:76: bad asset id '\\x1b[31m': up to 32 bytes, no control characters" } },

	/* interfaces */
	{ HEAD "interfaces: [ { name: 'w*n', side: sims }, { mode: fast }, 3 ]\n",
	  { "3:23: bad name of an interface 'w*n'", "3:36: bad side 'sims': sim or net",
	    "3:44: an interface needs a name", "3:44: an interface needs a side: sim or net",
	    "3:52: bad mode 'fast': auto, native, generic or none",
	    "3:60: expected an interface, a mapping, found a single value" } },
};

static void check(const struct bad_file *bad)
{
	struct file *f = file_read(bad->text, strlen(bad->text), false);

	expect_diags(&f->diags, bad->want, bad->text);
	assert_int_equal(f->diags.errors, f->diags.n);
	file_free(f);
}

static void bad(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad_files); i++)
		check(&bad_files[i]);
}

/* A bad check digit warns, or with strict fails. */
static void strict(void **state)
{
	static const char text[] = HEAD METER "devices: [ { iccid: 8988228000000000013, policy: "
					      "meter } ]\n";
	struct file *f;

	(void)state;
	f = file_read(text, strlen(text), false);
	assert_int_equal(f->diags.errors, 0);
	assert_int_equal(f->diags.n, 1);
	assert_true(f->diags.list[0].warning);
	file_free(f);
	f = file_read(text, strlen(text), true);
	assert_int_equal(f->diags.errors, 1);
	assert_string_equal(f->diags.list[0].text,
			    "the check digit of ICCID 8988228000000000013 is wrong");
	file_free(f);
}

static const char good_file[] =
	"version: 1\n"
	"pools: [10.64.0.0/16, \"fd64::/48\"]\n"
	"failsafe: [192.168.1.0/24]\n"
	"peers: { scada: [10.20.0.5, \"fd20::5\"], empty: [] }\n"
	"settings: { tcp_established: 300, pickup: 0 }\n"
	"policies:\n"
	"  meter:\n"
	"    out:\n"
	"      - { label: web, proto: tcp, port: [80, 8000-8080], to: scada }\n"
	"      - { proto: icmp, to: self }\n"
	"    in: [ { from: [10.20.0.0/24, \"fd20::/64\"] }, { from: any, proto: 47 } ]\n"
	"  none: { observe: true }\n"
	"devices:\n"
	"  - { iccid: \"8988228000000000012F\", policy: meter, addr: [10.64.0.11, \"fd64::11\"],\n"
	"      dev: \"wwan*\", asset: \"M \xc3\xa4\", out: [ { to: 10.1.1.1 } ] }\n"
	"  - { iccid: 8988228000000000020, policy: none, addr: 10.64.1.0/24 }\n"
	"interfaces: [ { name: \"wwan*\", side: sim }, { name: eth0, side: net, mode: none } ]\n";

static void good_rules(const struct file *f)
{
	const struct seg_rule *r = f->policies[0].rules.list;

	assert_int_equal(f->policies[0].rules.n, 5);
	assert_string_equal(r[0].label, "web");
	assert_int_equal(r[0].dir, SIMSEG_DIR_OUT);
	assert_int_equal(r[0].proto, IPPROTO_TCP);
	assert_int_equal(r[0].port_low, 80);
	assert_int_equal(r[0].port_high, 80);
	assert_string_equal(r[0].peer, "scada");
	assert_int_equal(r[1].port_low, 8000);
	assert_int_equal(r[1].port_high, 8080);
	assert_string_equal(r[1].label, "web");
	assert_true(r[2].self && r[2].has_proto && !r[2].has_ports);
	assert_int_equal(r[3].dir, SIMSEG_DIR_IN);
	assert_int_equal(r[3].n_prefixes, 2);
	assert_int_equal(r[3].prefixes[1].plen, 64);
	assert_false(r[3].has_proto);
	assert_true(!r[4].peer && !r[4].self && !r[4].n_prefixes);
	assert_int_equal(r[4].proto, IPPROTO_GRE);
}

static void good(void **state)
{
	struct file *f = file_read(good_file, strlen(good_file), true);
	struct roster_device d;
	uint32_t next;

	(void)state;
	assert_int_equal(f->diags.n, 0);
	assert_int_equal(f->pools.n, 2);
	assert_int_equal(f->failsafe.n, 1);
	assert_int_equal(f->n_peers, 2);
	assert_int_equal(f->peers[1].prefixes.n, 0);
	assert_int_equal(f->setting[SIMSEG_A_SETTING_TCP_ESTABLISHED], 300);
	assert_true(f->has_setting[SIMSEG_A_SETTING_PICKUP]);
	assert_false(f->has_setting[SIMSEG_A_SETTING_TCP_NEW]);
	assert_int_equal(f->n_policies, 2);
	good_rules(f);
	assert_false(f->policies[0].observe);
	assert_true(f->policies[1].observe);
	assert_true(f->has_devices);
	assert_int_equal(f->devices.n, 2);
	next = file_device(f, 0, &d);
	assert_string_equal(d.dev.iccid, "8988228000000000012");
	assert_string_equal(d.dev.policy, "meter");
	assert_string_equal(d.dev.asset, "M \xc3\xa4");
	assert_int_equal(d.dev.n_bindings, 2);
	assert_string_equal(d.bindings[1].ifname, "wwan*");
	assert_int_equal(d.dev.n_rules, 1);
	assert_int_equal(d.dev.rules[0].prefixes[0].plen, 128);
	file_device(f, next, &d);
	assert_string_equal(d.dev.policy, "none");
	assert_null(d.dev.asset);
	assert_null(d.bindings[0].ifname);
	assert_int_equal(d.bindings[0].prefix.plen, 120);
	assert_int_equal(d.dev.n_rules, 0);
	assert_int_equal(f->n_interfaces, 2);
	assert_int_equal(f->interfaces[0].wish.mode, SIMSEG_MODE_AUTO);
	assert_int_equal(f->interfaces[1].wish.side, SIMSEG_SIDE_NET);
	file_free(f);
}

/* No devices and an empty list are not the same. */
static void devices_or_not(void **state)
{
	struct file *f = file_read(HEAD, strlen(HEAD), false);

	(void)state;
	assert_int_equal(f->diags.n, 0);
	assert_false(f->has_devices);
	file_free(f);
	f = file_read(HEAD "devices: []\n", strlen(HEAD "devices: []\n"), false);
	assert_int_equal(f->diags.n, 0);
	assert_true(f->has_devices);
	file_free(f);
}

/* What is printed: the line, and a caret under the place. */
static void printed(void **state)
{
	static const char text[] = "version: 1\npools: [ \"\xc3\xa4\x1b\", ten ]\n";
	static const char want[] = "f\\x1b.yaml:2:15: error: bad address or prefix 'ten'\n"
				   "    pools: [ \"\xc3\xa4?\", ten ]\n"
				   "                  ^\n";
	struct source source = { .text = text, .len = strlen(text) };
	struct diags d = { 0 };
	char *out = NULL;
	size_t len;
	FILE *mem = open_memstream(&out, &len);

	(void)state;
	diag_error(&d, (struct mark){ 2, 15 }, "bad address or prefix '%s'", "ten");
	diags_print(&d, "f\x1b.yaml", &source, mem);
	fclose(mem);
	assert_string_equal(out, want);
	free(out);
	diags_free(&d);
}

/* As many of everything as there may be, and one more. */
static void limit(const char *head, const char *item, const char *tail, size_t max,
		  const char *want)
{
	char *text = NULL;
	struct file *f;
	size_t i, len, n;

	for (n = max; n <= max + 1; n++) {
		FILE *mem = open_memstream(&text, &len);

		fputs(head, mem);
		for (i = 0; i < n; i++)
			fprintf(mem, item, (unsigned int)(i / 256), (unsigned int)(i % 256));
		fputs(tail, mem);
		fclose(mem);
		f = file_read(text, len, false);
		if (n == max && f->diags.n)
			fail_msg("%s", f->diags.list[0].text);
		if (n > max && (f->diags.n != 1 || !strstr(f->diags.list[0].text, want)))
			fail_msg("%zu complaints instead of '%s'", f->diags.n, want);
		file_free(f);
		free(text);
	}
}

static void limits(void **state)
{
	(void)state;
	limit("version: 1\npools: [", "10.%u.%u.0/24, ", "]\n", SIMSEG_POOLS_MAX, "more than 64");
	limit(HEAD "peers: { a: [", "10.%u.%u.1, ", "] }\n", SIMSEG_PEERS_MAX, "more than 65536");
	limit(HEAD "peers: {", "\"p%u-%u\": [], ", "}\n", SIMSEG_PEERSETS_MAX, "more than 1024");
	limit(HEAD "policies: {", "\"p%u-%u\": {}, ", "}\n", SIMSEG_POLICIES_MAX, "more than 1024");
	limit(HEAD "policies: { a: { in: [", "{ label: l%u-%u, from: any }, ", "] } }\n",
	      SIMSEG_RULES_MAX, "more than 4096");
	limit(HEAD "policies: { a: { in: [ { from: [", "10.%u.%u.1, ", "] } ] } }\n",
	      SIMSEG_PREFIXES_MAX, "more than 64");
	limit(HEAD METER "devices: [ { iccid: 8988228000000000012, policy: meter, addr: [",
	      "10.64.%u.%u, ", "] } ]\n", SIMSEG_BINDINGS_MAX, "more than 16");
	limit(HEAD METER "devices: [ { iccid: 8988228000000000012, policy: meter, in: [",
	      "{ label: l%u-%u, from: any }, ", "] } ]\n", SIMSEG_OWN_RULES_MAX, "more than 32");
	limit(HEAD "interfaces: [", "{ name: e%u-%u, side: sim }, ", "]\n", SIMSEG_IFACES_MAX,
	      "more than 256");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad),	   cmocka_unit_test(strict),
		cmocka_unit_test(good),	   cmocka_unit_test(devices_or_not),
		cmocka_unit_test(printed), cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
