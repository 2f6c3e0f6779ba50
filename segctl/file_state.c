// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a saved state has beyond a ruleset file: who is in quarantine, what has a
 * deadline, and when it was saved
 */
#include <string.h>
#include <time.h>

#include "file.h"
#include "text.h"

/* "2026-11-23T07:00:00Z" (RFC 3339, UTC only) in seconds since 1970; 0: it is none. */
static uint64_t time_parse(const char *text)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	time_t t = end && !*end ? timegm(&tm) : 0;

	return t > 0 ? (uint64_t)t : 0;
}

static uint64_t file_time(struct file *f, struct yaml *y)
{
	struct mark at;
	const char *text = yaml_scalar(y, "a time as 2026-11-23T07:00:00Z", &at);
	uint64_t t = text ? time_parse(text) : 0;

	if (text && !t)
		diag_error(&f->diags, at, "bad time '%s': as 2026-11-23T07:00:00Z", text);
	return t;
}

void file_saved(struct file *f, struct yaml *y)
{
	f->saved = file_time(f, y);
}

static const char *file_words(struct file *f, struct yaml *y, const char *what, size_t max)
{
	struct mark at;
	const char *text = yaml_scalar(y, what, &at);

	if (text && seg_text_valid(text, max))
		return file_strdup(f, text);
	if (text)
		diag_error(&f->diags, at, "bad text: up to %zu bytes, no control characters", max);
	return NULL;
}

static void file_iccid(struct file *f, struct yaml *y, char iccid[SEG_ICCID_LEN], struct mark *at)
{
	const char *text = yaml_scalar(y, "an ICCID", at);

	if (text && seg_iccid_parse(text, iccid))
		diag_error(&f->diags, *at, "bad ICCID '%s': 18 to 20 digits", text);
}

static uint64_t file_left(struct file *f, struct yaml *y)
{
	struct mark at;
	const char *text = yaml_scalar(y, "a duration", &at);
	uint64_t ns = 0;

	if (text && seg_duration_parse(text, &ns))
		diag_error(&f->diags, at, "bad duration '%s': as 90s, 15m, 2h, 1d or 1h30m", text);
	return ns;
}

static void file_hold(struct file *f, struct yaml *y, struct file_hold *hold)
{
	static const char *const keys[] = { "iccid", "actor", "reason", "allow", "for", "until" };
	struct mark start = hold->at, at;
	uint32_t seen = 0;

	while (yaml_map_next(y, &at)) {
		switch (file_key(y, keys, 6, &seen, at)) {
		case 0:
			file_iccid(f, y, hold->iccid, &hold->at);
			break;
		case 1:
			hold->actor = file_words(f, y, "an actor", SIMSEG_ACTOR_MAX);
			break;
		case 2:
			hold->reason = file_words(f, y, "a reason", SIMSEG_REASON_MAX);
			break;
		case 3:
			file_prefixes(y, "a list of prefixes", SIMSEG_ALLOW_MAX, &hold->allow);
			break;
		case 4:
			hold->left = file_left(f, y);
			break;
		case 5:
			hold->until = file_time(f, y);
			break;
		}
	}
	if (!(seen & 1))
		diag_error(&f->diags, start, "a quarantine needs an iccid");
}

void file_holds(struct file *f, struct yaml *y)
{
	struct file_hold *hold;
	struct mark at;

	if (!yaml_seq(y, "a list of quarantines ([] for none)"))
		return;
	while (yaml_seq_next(y)) {
		at = yaml_mark(y);
		if (!yaml_map(y, "a quarantine, a mapping"))
			continue;
		grow(&f->holds, &f->holds_room, f->n_holds, sizeof(*f->holds));
		hold = memset(&f->holds[f->n_holds++], 0, sizeof(*hold));
		hold->at = at;
		file_hold(f, y, hold);
	}
}

static void file_timed_peer(struct file *f, struct yaml *y, struct file_timed *t)
{
	const char *text = yaml_scalar(y, "the name of a peer set", &t->at);

	if (text && seg_name_valid(text))
		snprintf(t->peer, sizeof(t->peer), "%s", text);
	else if (text)
		diag_error(&f->diags, t->at, "bad name of a peer set '%s'", text);
}

static void file_timed_one(struct file *f, struct yaml *y, struct file_timed *t)
{
	static const char *const keys[] = { "peer", "addr", "for", "until" };
	struct mark start = t->at, at;
	const char *text;
	uint32_t seen = 0;

	while (yaml_map_next(y, &at)) {
		switch (file_key(y, keys, 4, &seen, at)) {
		case 0:
			file_timed_peer(f, y, t);
			break;
		case 1:
			text = yaml_scalar(y, "an address or prefix", &at);
			if (text)
				file_prefix(&f->diags, text, at, &t->prefix);
			break;
		case 2:
			t->left = file_left(f, y);
			break;
		case 3:
			t->until = file_time(f, y);
			break;
		}
	}
	if ((seen & 7) != 7)
		diag_error(&f->diags, start, "a deadline of a peer needs peer, addr and for");
}

void file_timed(struct file *f, struct yaml *y)
{
	struct file_timed *t;
	struct mark at;

	if (!yaml_seq(y, "a list of deadlines of peers ([] for none)"))
		return;
	while (yaml_seq_next(y)) {
		at = yaml_mark(y);
		if (!yaml_map(y, "a deadline of a peer, a mapping"))
			continue;
		grow(&f->timed, &f->timed_room, f->n_timed, sizeof(*f->timed));
		t = memset(&f->timed[f->n_timed++], 0, sizeof(*t));
		t->at = at;
		file_timed_one(f, y, t);
	}
}

static void file_grant_key(struct file *f, struct yaml *y, struct file_grant *g, int key)
{
	const char *text;
	struct mark at;

	switch (key) {
	case 0:
		file_iccid(f, y, g->iccid, &g->at);
		break;
	case 1:
	case 2:
		file_rules(f, y, key == 1 ? SIMSEG_DIR_OUT : SIMSEG_DIR_IN, 1, &g->rules);
		break;
	case 3:
		text = file_ifname(f, y, &at);
		g->ifname = text ? file_strdup(f, text) : NULL;
		break;
	case 4:
		g->actor = file_words(f, y, "an actor", SIMSEG_ACTOR_MAX);
		break;
	case 5:
		g->ticket = file_words(f, y, "a ticket", SIMSEG_TICKET_MAX);
		break;
	case 6:
		g->reason = file_words(f, y, "a reason", SIMSEG_REASON_MAX);
		break;
	case 7:
		g->left = file_left(f, y);
		break;
	case 8:
		g->until = file_time(f, y);
		break;
	}
}

static void file_grant(struct file *f, struct yaml *y, struct file_grant *g)
{
	static const char *const keys[] = { "iccid",  "out",	"in",  "iif",  "actor",
					    "ticket", "reason", "for", "until" };
	struct mark start = g->at, at;
	uint32_t seen = 0;

	while (yaml_map_next(y, &at))
		file_grant_key(f, y, g, file_key(y, keys, 9, &seen, at));
	if (!(seen & 1) || g->rules.n != 1 || !g->actor || !g->ticket || !g->reason || !g->left)
		diag_error(&f->diags, start,
			   "a grant needs iccid, one rule, actor, ticket, reason and for");
}

void file_grants(struct file *f, struct yaml *y)
{
	struct file_grant *g;
	struct mark at;

	if (!yaml_seq(y, "a list of grants ([] for none)"))
		return;
	while (yaml_seq_next(y)) {
		at = yaml_mark(y);
		if (!yaml_map(y, "a grant, a mapping"))
			continue;
		grow(&f->grants, &f->grants_room, f->n_grants, sizeof(*f->grants));
		g = memset(&f->grants[f->n_grants++], 0, sizeof(*g));
		g->at = at;
		file_grant(f, y, g);
	}
}

void file_state_free(struct file *f)
{
	size_t i;

	for (i = 0; i < f->n_grants; i++)
		file_rules_free(&f->grants[i].rules);
	free(f->grants);

	for (i = 0; i < f->n_holds; i++)
		file_prefixes_free(&f->holds[i].allow);
	free(f->holds);
	free(f->timed);
}
