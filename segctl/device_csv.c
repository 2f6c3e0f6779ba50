// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices in CSV: the columns, a row as a device, and a file as a roster
 */
#include <string.h>

#include "device_csv.h"
#include "text.h"

#define GUESS_AFTER 1024 /* devices, by which the number of all is guessed */

/* Which field each column is in; -1: there is none. */
struct csv_columns {
	int of[CSV_COLUMNS];
	size_t n;
};

/* A device of a row; what @dev points to lives here. */
struct csv_device {
	struct seg_device dev;
	char iccid[SEG_ICCID_LEN];
	char policy[SIMSEG_NAME_MAX + 1];
	char asset[SIMSEG_ASSET_MAX + 1];
	char ifname[SIMSEG_IFNAME_MAX + 1];
	char ifnames[SIMSEG_BINDINGS_MAX][SIMSEG_IFNAME_MAX + 1];
	struct seg_binding bindings[SIMSEG_BINDINGS_MAX];
};

const char *const csv_column_names[CSV_COLUMNS] = { "iccid", "policy", "addr", "dev", "asset" };

static int column_of(struct csv *c, size_t field, const char *name)
{
	char words[CSV_COLUMNS][8], near[64];
	int i;

	for (i = 0; i < CSV_COLUMNS; i++) {
		if (!strcmp(name, csv_column_names[i]))
			return i;
		strcpy(words[i], csv_column_names[i]);
	}
	diag_error(c->diags, csv_mark(c, field, 0), "unknown column '%s'%s", name,
		   file_near(near, sizeof(near), name, words, CSV_COLUMNS, sizeof(words[0])));
	return -1;
}

/* The header line; false: it cannot be used, reported. */
static bool csv_columns(struct csv *c, struct csv_columns *columns)
{
	size_t errors = c->diags->errors, i;
	const char *name;
	int column;

	memset(columns->of, -1, sizeof(columns->of));
	if (!csv_row(c)) {
		if (!c->err && c->diags->errors == errors)
			diag_error(c->diags, (struct mark){ 1, 1 },
				   "the first line has to name the columns: iccid, policy, ...");
		return false;
	}
	columns->n = c->n_fields;
	for (i = 0; i < c->n_fields && i < CSV_FIELDS_MAX; i++) {
		name = csv_value(c, i);
		column = name ? column_of(c, i, name) : -1;
		if (column >= 0 && columns->of[column] >= 0)
			diag_error(c->diags, csv_mark(c, i, 0), "column '%s' is there twice", name);
		else if (column >= 0)
			columns->of[column] = (int)i;
	}
	if (columns->of[CSV_ICCID] < 0)
		diag_error(c->diags, csv_mark(c, 0, 0), "the column iccid is missing");
	if (columns->of[CSV_DEV] >= 0 && columns->of[CSV_ADDR] < 0)
		diag_error(c->diags, csv_mark(c, (size_t)columns->of[CSV_DEV], 0),
			   "dev needs addr: it says where addresses arrive");
	return c->diags->errors == errors;
}

/* The value of a column, "" if there is none; NULL: bad, reported. */
static const char *column_value(struct csv *c, const struct csv_columns *columns, int column)
{
	return columns->of[column] < 0 ? "" : csv_value(c, (size_t)columns->of[column]);
}

static struct mark column_mark(struct csv *c, const struct csv_columns *columns, int column)
{
	return csv_mark(c, (size_t)columns->of[column], 0);
}

static bool row_iccid(struct csv *c, const struct csv_columns *columns, bool strict,
		      struct csv_device *to)
{
	const char *text = column_value(c, columns, CSV_ICCID);

	if (!text)
		return false;
	if (seg_iccid_parse(text, to->iccid)) {
		diag_error(c->diags, column_mark(c, columns, CSV_ICCID),
			   "bad ICCID '%s': 18 to 20 digits", text);
		return false;
	}
	to->dev.iccid = to->iccid;
	if (seg_iccid_luhn(to->iccid))
		return true;
	(strict ? diag_error : diag_warning)(c->diags, column_mark(c, columns, CSV_ICCID),
					     "the check digit of ICCID %s is wrong", to->iccid);
	return !strict;
}

static bool row_policy(struct csv *c, const struct csv_columns *columns, struct csv_device *to)
{
	const char *text = column_value(c, columns, CSV_POLICY);

	if (!text)
		return false;
	/* mostly it is the policy of the row before */
	if (*text && strcmp(text, to->policy) && !seg_name_valid(text)) {
		diag_error(c->diags, column_mark(c, columns, CSV_POLICY),
			   "bad name of a policy '%s'", text);
		return false;
	}
	strcpy(to->policy, text);
	to->dev.policy = *text ? to->policy : NULL;
	return true;
}

static bool row_asset(struct csv *c, const struct csv_columns *columns, struct csv_device *to)
{
	const char *text = column_value(c, columns, CSV_ASSET);

	if (!text)
		return false;
	if (*text && !seg_text_valid(text, SIMSEG_ASSET_MAX)) {
		diag_error(c->diags, column_mark(c, columns, CSV_ASSET),
			   "bad asset id '%s': up to %d bytes, no control characters", text,
			   SIMSEG_ASSET_MAX);
		return false;
	}
	strcpy(to->asset, text);
	to->dev.asset = *text ? to->asset : NULL;
	return true;
}

static bool row_dev(struct csv *c, const struct csv_columns *columns, struct csv_device *to)
{
	const char *text = column_value(c, columns, CSV_DEV);

	if (!text)
		return false;
	if (*text && !seg_ifname_valid(text, 1)) {
		diag_error(c->diags, column_mark(c, columns, CSV_DEV),
			   "bad name of an interface '%s'", text);
		return false;
	}
	strcpy(to->ifname, text);
	return true;
}

/* An address, and with PREFIX@INTERFACE where it has to arrive; its place is @at. */
static bool row_addr(struct csv *c, struct mark at, char *text, size_t n, struct csv_device *to)
{
	struct seg_binding *b = &to->bindings[n];
	char *ifname = strchr(text, '@');

	if (ifname) {
		*ifname++ = '\0';
		if (!seg_ifname_valid(ifname, 1)) {
			diag_error(c->diags, at, "bad name of an interface '%s'", ifname);
			return false;
		}
		b->ifname = strcpy(to->ifnames[n], ifname);
	}
	return file_prefix(c->diags, text, at, &b->prefix);
}

/* The place of what is @offset bytes behind the start of the addresses. */
static struct mark addr_mark(struct csv *c, const struct csv_columns *columns, size_t offset)
{
	return csv_mark(c, (size_t)columns->of[CSV_ADDR], offset);
}

/* Most are whole addresses, about which there is nothing to say: at no cost. */
static bool addr_is_plain(const char *text, struct simseg_prefix *prefix)
{
	return !seg_prefix_parse(text, prefix) && prefix->plen == 128;
}

static bool row_addrs(struct csv *c, const struct csv_columns *columns, struct csv_device *to)
{
	const char *text = column_value(c, columns, CSV_ADDR);
	char *word, *save = NULL;
	struct seg_binding *b;
	bool good = true;
	size_t n = 0;

	if (!text)
		return false;
	for (word = *text ? strtok_r(c->value, " ", &save) : NULL; word;
	     word = strtok_r(NULL, " ", &save), n++) {
		if (n == SIMSEG_BINDINGS_MAX) {
			diag_error(c->diags, column_mark(c, columns, CSV_ADDR),
				   "more than %d addresses", SIMSEG_BINDINGS_MAX);
			return false;
		}
		b = &to->bindings[n];
		b->ifname = *to->ifname ? to->ifname : NULL;
		if (!addr_is_plain(word, &b->prefix))
			good &= row_addr(c, addr_mark(c, columns, (size_t)(word - c->value)), word,
					 n, to);
	}
	to->dev.bindings = to->bindings;
	to->dev.n_bindings = n;
	if (!n && *to->ifname) {
		diag_error(c->diags, column_mark(c, columns, CSV_DEV),
			   "dev needs addr: it says where addresses arrive");
		return false;
	}
	return good;
}

/* The row as a device; false: something is wrong with it, reported. */
static bool csv_device(struct csv *c, const struct csv_columns *columns, bool strict,
		       struct csv_device *to)
{
	bool good;

	if (c->n_fields != columns->n) {
		diag_error(c->diags, csv_mark(c, 0, 0), "%zu fields, where the first line has %zu",
			   c->n_fields, columns->n);
		return false;
	}
	to->dev = (struct seg_device){ 0 };
	/* all of them, so that each complaint is made at once */
	good = row_iccid(c, columns, strict, to);
	good &= row_policy(c, columns, to);
	good &= row_asset(c, columns, to);
	good &= row_dev(c, columns, to);
	return good & row_addrs(c, columns, to);
}

/* What a row has in common with one before is found later: by then others came. */
struct reading {
	struct devices_file *file;
	struct csv csv;
	struct csv_columns columns;
	uint32_t clashed; /* line of the last row that was told of */
};

/* The place of the n-th address of the row. */
static struct mark clash_addr(struct reading *r, size_t n)
{
	const char *word = column_value(&r->csv, &r->columns, CSV_ADDR);

	for (word += strspn(word, " "); n--; word += strspn(word, " "))
		word += strcspn(word, " ");
	return addr_mark(&r->csv, &r->columns, (size_t)(word - r->csv.value));
}

static void report_clash(void *arg, const struct roster_clash *clash)
{
	struct reading *r = arg;
	struct csv was = r->csv;
	struct mark at;

	/* of what is twice in a row, the first is told */
	if (r->clashed == clash->line)
		return;
	r->clashed = clash->line;
	csv_again(&r->csv, clash->at, clash->line);
	at = clash->what == ROSTER_ICCID ? column_mark(&r->csv, &r->columns, CSV_ICCID) :
					   clash_addr(r, clash->binding);
	file_clash(&r->file->diags, at, clash);
	r->csv = was;
}

static void rows_leaving(void *arg)
{
	struct reading *r = arg;

	roster_settle(&r->file->roster);
}

static void devices_guess(struct devices_file *f, const struct csv *c)
{
	uint64_t done = c->bytes - (c->len - c->next);

	if (f->progress)
		f->progress(f->arg, c->bytes, f->size);
	if (f->roster.n == GUESS_AFTER && f->size > done)
		roster_expect(&f->roster, (size_t)(f->size / (done / GUESS_AFTER)));
}

static void rows_read(struct reading *r)
{
	struct devices_file *f = r->file;
	struct csv_device device = { 0 };

	while (csv_row(&r->csv)) {
		if (!csv_device(&r->csv, &r->columns, f->strict, &device))
			continue;
		if (!roster_add(&f->roster, &device.dev, NULL, r->csv.line, r->csv.row))
			diag_error(
				&f->diags, csv_mark(&r->csv, 0, 0),
				"too many: 1024 policies, 65536 interfaces and 4 GB of devices are possible");
		if (f->roster.n % GUESS_AFTER == 0)
			devices_guess(f, &r->csv);
	}
	roster_settle(&f->roster);
}

void devices_read(struct devices_file *f, int fd)
{
	struct reading r = { .file = f };

	roster_init(&f->roster, report_clash, &r);
	csv_open(&r.csv, fd, &f->diags);
	r.csv.leaving = rows_leaving;
	r.csv.arg = &r;
	if (csv_columns(&r.csv, &r.columns))
		rows_read(&r);
	f->err = r.csv.err;
	csv_close(&r.csv);
}

void devices_free(struct devices_file *f)
{
	roster_free(&f->roster);
	diags_free(&f->diags);
}
