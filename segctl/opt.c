// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Options and operands of the verbs
 */
#include "file.h"
#include "segctl.h"

/* All that take a value, so that the global options can be told from values. */
static const char *const with_value[] = {
	"--reason",	  "--ticket",
	"--allow",	  "--open-pool",
	"--device",	  "--dev",
	"--side",	  "--mode",
	"--sport",	  "--confirm-within",
	"--revert-after", "--for",
	"--policy",	  "--iif",
	"--last",	  "--verdict",
	"--peer",	  "--socket",
	"--dir",	  "--ring",
	"--deny-ring",	  "--segment-records",
	"--checkpoint",	  "--anchor",
	"--hook",	  "--from",
	"--to",		  "--key",
	"--asset",	  "--kind",
	"--rule",	  "--session",
	"--limit",	  "--by",
	"--older",	  "--size",
	"--wait",
};

bool opt_takes_value(const char *arg)
{
	size_t i;

	for (i = 0; i < sizeof(with_value) / sizeof(with_value[0]); i++)
		if (!strcmp(arg, with_value[i]))
			return true;
	return false;
}

static int opt_store(struct ctl *c, const struct opt *o, const char *value)
{
	struct opt_list *list = o->to;

	if (o->kind == OPT_VALUE) {
		if (*(const char **)o->to) {
			ctl_usage(c, "%s is given twice", o->name);
			return -1;
		}
		*(const char **)o->to = value;
		return 0;
	}
	if (list->n == OPT_LIST_MAX) {
		ctl_usage(c, "%s is given more than %d times", o->name, OPT_LIST_MAX);
		return -1;
	}
	list->list[list->n++] = value;
	return 0;
}

/* 1: @argv[*i] was an option; 0: it is an operand; -1: bad. */
static int opt_try(struct ctl *c, const struct opt *opts, int argc, char **argv, int *i)
{
	const char *arg = argv[*i], *value;
	size_t len;

	for (; opts && opts->name; opts++) {
		len = strlen(opts->name);
		if (strncmp(arg, opts->name, len) || (arg[len] && arg[len] != '='))
			continue;
		if (arg[len] && (opts->kind == OPT_FLAG || strncmp(arg, "--", 2)))
			continue;
		if (opts->kind == OPT_FLAG) {
			*(bool *)opts->to = true;
			return 1;
		}
		value = arg[len] ? arg + len + 1 : *i + 1 < argc ? argv[++*i] : NULL;
		if (!value) {
			ctl_usage(c, "%s needs a value", opts->name);
			return -1;
		}
		return opt_store(c, opts, value) ? -1 : 1;
	}
	if (arg[0] == '-' && arg[1]) {
		ctl_usage(c, "no option '%s'", arg);
		return -1;
	}
	return 0;
}

int opt_parse(struct ctl *c, int argc, char **argv, const struct opt *opts, int min, int max)
{
	bool only_operands = false;
	int i, ret, n = 0;

	for (i = 0; i < argc; i++) {
		if (!only_operands && !strcmp(argv[i], "--")) {
			only_operands = true;
			continue;
		}
		ret = only_operands ? 0 : opt_try(c, opts, argc, argv, &i);
		if (ret < 0)
			return -1;
		if (!ret)
			argv[n++] = argv[i];
	}
	if (n < min) {
		ctl_usage(c, n ? "something is missing after '%s'" : "something is missing%s",
			  n ? argv[n - 1] : "");
		return -1;
	}
	if (max >= 0 && n > max) {
		ctl_usage(c, "'%s' is too much", argv[max]);
		return -1;
	}
	return n;
}

bool opt_prefix(struct ctl *c, const char *text, struct simseg_prefix *prefix)
{
	char buf[SEG_PREFIX_LEN];

	switch (seg_prefix_parse(text, prefix)) {
	case 0:
		if (!prefix_spans_v4(prefix))
			return true;
		ctl_usage(c, "'%s' would stand for every IPv4 address as well: write 2000::/3",
			  text);
		return false;
	case -EDOM:
		ctl_usage(c, "'%s' has bits set beyond its length; did you mean %s?", text,
			  seg_prefix_print(prefix, buf));
		return false;
	default:
		ctl_usage(c, "bad address or prefix '%s'", text);
		return false;
	}
}

bool opt_iccid(struct ctl *c, const char *text, char iccid[SEG_ICCID_LEN], bool strict)
{
	if (seg_iccid_parse(text, iccid)) {
		ctl_usage(c, "bad ICCID '%s': 18 to 20 digits", text);
		return false;
	}
	if (seg_iccid_luhn(iccid))
		return true;
	ctl_warn("the check digit of ICCID %s is wrong", iccid);
	return !strict;
}

bool opt_duration(struct ctl *c, const char *text, uint64_t *ns)
{
	if (!seg_duration_parse(text, ns))
		return true;
	ctl_usage(c, "bad duration '%s': as 90s, 15m, 2h, 1d or 1h30m, at most 366d", text);
	return false;
}

bool opt_size(struct ctl *c, const char *name, const char *text, uint64_t max, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end = NULL;
	unsigned int shift;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	unit = *end ? strchr(units, *end == 'k' ? 'K' : *end) : NULL;
	shift = unit ? 10 * (unsigned int)(unit - units + 1) : 0;
	if (unit && n <= UINT64_MAX >> shift) {
		n <<= shift;
		end++;
	}
	if (*text < '0' || *text > '9' || *end || errno || !n || n > max) {
		ctl_usage(c, "bad %s '%s': a number as 4096, 512K or 4M", name, text);
		return false;
	}
	*bytes = n;
	return true;
}
