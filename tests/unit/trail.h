/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records as a gateway makes them, at random but the same each time, in a real box
 */
#ifndef TRAIL_H
#define TRAIL_H

#include <stdbool.h>

#include "audit/box.h"

#define TRAIL_REAL 1795000000000000000ULL /* ns, of the first record */
#define TRAIL_STEP 1000000ULL		  /* ns between two */

struct trail {
	uint64_t state; /* of the generator */
	uint64_t seq, session, number;
	unsigned int devices, peers;
	size_t pieces; /* texts that are to follow the last change */
	uint16_t offset;
	char text[400];
	size_t text_len;
	struct simseg_record open[64]; /* sessions that go on */
};

void trail_init(struct trail *t, uint64_t seed, unsigned int devices, unsigned int peers);
uint32_t trail_random(struct trail *t, uint32_t below);
void trail_next(struct trail *t, struct simseg_record *r);

/* ICCIDs and addresses that they have. */
void trail_iccid(unsigned int i, char iccid[24]);
void trail_device_addr(unsigned int i, uint8_t addr[16]);
void trail_peer_addr(unsigned int i, uint8_t addr[16]);

/* A new directory, and it with all that is in it gone again. */
char *trail_dir(void);
void trail_remove(char *dir);
/* Fills a box; @segment: records in one. What was written, if @records is not NULL. */
void trail_box(const char *dir, struct trail *t, size_t n, uint64_t segment,
	       struct simseg_record *records);

#endif
