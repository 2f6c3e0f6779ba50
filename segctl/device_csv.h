/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices in CSV
 */
#ifndef _SEGCTL_DEVICE_CSV_H
#define _SEGCTL_DEVICE_CSV_H

#include "csv.h"
#include "roster.h"

enum csv_column {
	CSV_ICCID,
	CSV_POLICY,
	CSV_ADDR,
	CSV_DEV,
	CSV_ASSET,
	CSV_COLUMNS
};

extern const char *const csv_column_names[CSV_COLUMNS];

/* A file of devices: what to heed, and what was read. */
struct devices_file {
	bool strict;   /* a bad check digit is an error */
	uint64_t size; /* in bytes; 0: not known */
	void (*progress)(void *arg, uint64_t part, uint64_t whole);
	void *arg;

	struct diags diags;
	struct roster roster; /* to be used only if diags has no errors */
	int err;	      /* errno of a read that failed */
};

void devices_read(struct devices_file *f, int fd);
void devices_free(struct devices_file *f);

#endif /* _SEGCTL_DEVICE_CSV_H */
