/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records as people and programs see them: those of the ring, and stored ones
 */
#ifndef RECORD_H
#define RECORD_H

#include "segctl.h"

/* "open", "deny" and the like; "?" for what this program does not know. */
const char *record_kind_name(uint8_t kind);
/* What its reason is called, which depends on the kind. */
const char *record_why(const struct simseg_record *r);
/* One line about packets or a gap; @policy: what its policy is called, or NULL. */
void record_print(const struct ctl *c, const struct simseg_record *r, const char *policy);
/* The same as an object, which is the caller's. */
struct json_object *record_json(const struct simseg_record *r, const char *policy);

#endif
