/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * segctl audit: a table of what it can do
 */
#ifndef AUDIT_H
#define AUDIT_H

#include "segctl.h"

#define AUDIT_DIR "/var/lib/simseg/audit"

enum {
	EXIT_FORGED = 6, /* the box is not as it was written */
};

/* Each takes its own arguments, without its name. */
int audit_verify(struct ctl *c, int argc, char **argv);
int audit_key(struct ctl *c, int argc, char **argv);
int audit_status(struct ctl *c, int argc, char **argv);
int audit_reindex(struct ctl *c, int argc, char **argv);
int audit_reconcile(struct ctl *c, int argc, char **argv);
int audit_purge(struct ctl *c, int argc, char **argv);

#endif
