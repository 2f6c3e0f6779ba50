/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A roster: many devices in little memory, each once, each address once
 */
#ifndef _SEGCTL_ROSTER_H
#define _SEGCTL_ROSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "index.h"
#include "libseg.h"

#define ROSTER_BCD 10 /* packed digits of an ICCID */

/* Names that many devices have, each kept once. */
struct roster_names {
	char (*list)[SIMSEG_NAME_MAX + 1];
	size_t n, room;
	struct index index;
};

/* Where the line of a device is known. */
struct roster_sign {
	uint32_t place, line;
};

struct roster {
	uint8_t *data; /* one device after the other */
	size_t len, room;
	size_t n, n_addrs;
	uint32_t line; /* of the last one */
	struct roster_names policies, ifnames;
	struct index iccids, addrs;
	struct roster_sign *signs;
	size_t n_signs, signs_room;
};

/* A device of it, taken apart; what @dev points to lives here, or in the roster. */
struct roster_device {
	struct seg_device dev;
	char iccid[SEG_ICCID_LEN];
	char asset[SIMSEG_ASSET_MAX + 1];
	struct seg_binding bindings[SIMSEG_BINDINGS_MAX];
};

/* What is twice, and the line where it was first. */
struct roster_clash {
	enum {
		ROSTER_UNIQUE,
		ROSTER_ICCID,
		ROSTER_ADDR,
		ROSTER_FULL, /* 4 GB of devices, or 65,536 names */
	} what;
	size_t binding; /* which one of the device's */
	uint32_t line;
};

void roster_init(struct roster *r);
void roster_free(struct roster *r);
/* Makes room for about that many. */
void roster_expect(struct roster *r, size_t n);
/*
 * Adds a device: its ICCID, policy, asset and bindings, all of them valid.
 * False, and @clash says why: from then on the roster serves only to check more.
 */
bool roster_add(struct roster *r, const struct seg_device *d, uint32_t line,
		struct roster_clash *clash);
/* The device at @place, 0 for the first one; the place of the next. */
uint32_t roster_get(const struct roster *r, uint32_t place, struct roster_device *to);
/* The places of all devices in the order of their ICCIDs; to be freed. */
uint32_t *roster_sort(const struct roster *r);

#endif /* _SEGCTL_ROSTER_H */
