// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl audit
 */
#include "audit.h"

static const struct {
	const char *name;
	int (*run)(struct ctl *c, int argc, char **argv);
} nouns[] = {
	{ "verify", audit_verify },   { "key", audit_key },	{ "status", audit_status },
	{ "reindex", audit_reindex }, { "purge", audit_purge }, { "reconcile", audit_reconcile },
};

int cmd_audit(struct ctl *c, int argc, char **argv)
{
	char names[256] = "";
	size_t i, len = 0;

	for (i = 0; i < sizeof(nouns) / sizeof(nouns[0]); i++) {
		if (argc && !strcmp(argv[0], nouns[i].name))
			return nouns[i].run(c, argc - 1, argv + 1);
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", len ? ", " : "",
					nouns[i].name);
	}
	return argc ? ctl_usage(c, "no '%s': one of %s", argv[0], names) :
		      ctl_usage(c, "what? One of %s", names);
}
