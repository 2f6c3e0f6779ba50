// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl device dump: all devices as CSV, as device load reads it
 *
 * The same devices give the same bytes: rows in the order of ICCIDs, addresses
 * in an order of their own, quotes only where they have to be.
 */
#include <unistd.h>

#include "device_csv.h"
#include "roster.h"
#include "segctl.h"

#define DUMP_BUF_LEN 262144

struct dump {
	struct roster roster;
	size_t with_rules;
	bool full;
};

static int dump_add(const struct seg_device *d, void *arg)
{
	struct dump *dump = arg;

	/* an ICCID that is only held is no device yet */
	if (d->part || d->state == SIMSEG_STATE_UNKNOWN)
		return 0;
	dump->with_rules += d->n_rules > 0;
	if (!roster_add(&dump->roster, d, NULL, 0, 0))
		dump->full = true;
	return 0;
}

static void dump_again(void *arg)
{
	struct dump *dump = arg;

	roster_free(&dump->roster);
	memset(dump, 0, sizeof(*dump));
	roster_init(&dump->roster, NULL, NULL);
}

static void put_field(const char *text, FILE *out)
{
	if (!text)
		return;
	if (!strpbrk(text, ",\"\r\n")) {
		fputs_unlocked(text, out);
		return;
	}
	putc_unlocked('"', out);
	for (; *text; text++) {
		if (*text == '"')
			putc_unlocked('"', out);
		putc_unlocked(*text, out);
	}
	putc_unlocked('"', out);
}

static int binding_cmp(const void *va, const void *vb)
{
	const struct seg_binding *a = va, *b = vb;

	return seg_prefix_cmp(&a->prefix, &b->prefix);
}

/* The interface of all addresses; NULL if it is none, or not the same one. */
static const char *one_ifname(const struct roster_device *d)
{
	const char *name = d->dev.n_bindings ? d->bindings[0].ifname : NULL;
	size_t i;

	/* in a roster a name is there once */
	for (i = 1; i < d->dev.n_bindings; i++)
		if (d->bindings[i].ifname != name)
			return NULL;
	return name;
}

static void put_addrs(struct roster_device *d, const char *ifname, FILE *out)
{
	char buf[SEG_PREFIX_LEN];
	size_t i, n = d->dev.n_bindings;

	if (n > 1)
		qsort(d->bindings, n, sizeof(*d->bindings), binding_cmp);
	for (i = 0; i < n; i++) {
		if (i)
			putc_unlocked(' ', out);
		fputs_unlocked(seg_prefix_print(&d->bindings[i].prefix, buf), out);
		if (!ifname && d->bindings[i].ifname) {
			putc_unlocked('@', out);
			fputs_unlocked(d->bindings[i].ifname, out);
		}
	}
}

static void put_device(struct roster_device *d, FILE *out)
{
	const char *ifname = one_ifname(d);

	fputs_unlocked(d->iccid, out);
	putc_unlocked(',', out);
	put_field(d->dev.policy, out);
	putc_unlocked(',', out);
	put_addrs(d, ifname, out);
	putc_unlocked(',', out);
	put_field(ifname, out);
	putc_unlocked(',', out);
	put_field(d->dev.asset, out);
	putc_unlocked('\n', out);
}

static void put_roster(const struct roster *r, FILE *out)
{
	uint32_t *places = roster_sort(r);
	struct roster_device device;
	size_t i;

	for (i = 0; i < CSV_COLUMNS; i++)
		fprintf(out, "%s%s", i ? "," : "", csv_column_names[i]);
	putc_unlocked('\n', out);
	for (i = 0; i < r->n; i++) {
		roster_get(r, places[i], &device);
		put_device(&device, out);
	}
	free(places);
}

/* Nothing is written before all devices are there. */
static int dump_write(const struct roster *r, const char *path)
{
	FILE *out = path ? fopen(path, "we") : stdout;
	bool bad;

	if (!out) {
		ctl_warn("%s: %s", path, strerror(errno));
		return EXIT_USAGE;
	}
	/* a system call for each few lines would take as long as the rest */
	setvbuf(out, NULL, _IOFBF, DUMP_BUF_LEN);
	put_roster(r, out);
	if (!path)
		return EXIT_DONE; /* main() looks after stdout */
	bad = ferror(out);
	if (fclose(out) || bad) {
		ctl_warn("%s: cannot write: %s", path, strerror(errno));
		return EXIT_PART;
	}
	return EXIT_DONE;
}

int device_dump(struct ctl *c, int argc, char **argv)
{
	struct dump dump = { 0 };
	int err, ret, n;

	n = opt_parse(c, argc, argv, NULL, 0, 1);
	if (n < 0)
		return EXIT_USAGE;
	ret = ctl_open(c);
	if (ret)
		return ret;
	/* without a look for what is there twice: the kernel has none */
	roster_init(&dump.roster, NULL, NULL);
	err = seg_device_stream(c->h, dump_add, dump_again, &dump);
	if (err)
		ret = ctl_fail(c, err, NULL);
	else if (dump.full)
		ret = ctl_usage(c, "there are more names than a file of devices can have");
	else
		ret = dump_write(&dump.roster, n ? argv[0] : NULL);
	if (!ret && dump.with_rules) {
		ctl_warn("%zu device%s rules of their own, which have no column: load leaves them",
			 dump.with_rules, dump.with_rules == 1 ? " has" : "s have");
		ret = EXIT_PART;
	}
	roster_free(&dump.roster);
	return ret;
}
