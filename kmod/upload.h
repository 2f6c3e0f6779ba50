/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an upload is made of: collected in upload.c, put in force in commit.c.
 */
#ifndef _SIMSEG_UPLOAD_H
#define _SIMSEG_UPLOAD_H

#include "simseg.h"

/* A policy or peer set that is being collected. */
struct simseg_draft {
	struct list_head list;
	u32 id;			/* of its name; reference held */
	bool observe;		/* of a policy */
	u32 n;
	u32 room;
	union {
		struct simseg_rule_spec *rules;
		struct simseg_prefix *prefixes;
	};
};

struct simseg_upload {
	struct list_head list;		/* simseg_net.uploads */
	u32 portid;
	bool broken;			/* a piece was refused: no commit */
	u32 generation;			/* that it builds on */
	u32 ndevices;
	u32 npools;
	u32 nfailsafe;
	u32 npolicies;
	u32 npeersets;
	u32 settings[SIMSEG_SETTINGS];
	struct simseg_prefix pool[SIMSEG_POOLS_MAX];
	struct simseg_prefix failsafe[SIMSEG_FAILSAFE_MAX];
	struct list_head policies;	/* struct simseg_draft */
	struct list_head peersets;
	struct list_head staged;	/* struct simseg_staged */
};

int simseg_upload_generation(struct simseg_net *sn, u32 generation,
			     struct netlink_ext_ack *extack);

#endif /* _SIMSEG_UPLOAD_H */
