// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a scenario changes in simseg, through libseg, and what simseg counts.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tools/net.h"
#include "file.h"
#include "inject.h"

void change_begin(struct world *w)
{
	size_t i;

	if (seg_open(&w->seg, NULL) || seg_set_actor(w->seg, "oracle") ||
	    seg_set_reason(w->seg, "a scenario"))
		die("simseg: %s", seg_strerror(w->seg));
	for (i = 0; i < w->n_links; i++)
		if (w->links[i].side != SIMSEG_SIDE_NONE &&
		    seg_iface_set(w->seg, w->links[i].name, w->links[i].side, SIMSEG_MODE_NONE))
			die("%s: %s", w->links[i].name, seg_strerror(w->seg));
}

static int upload(struct seg_handle *h, const struct file *f)
{
	int err = seg_ruleset_pool(h, f->pools.list, f->pools.n);
	size_t i;

	if (!err)
		err = seg_ruleset_failsafe(h, f->failsafe.list, f->failsafe.n);
	for (i = 0; i < f->n_peers && !err; i++)
		err = seg_ruleset_peer(h, f->peers[i].name, f->peers[i].prefixes.list,
				       f->peers[i].prefixes.n);
	for (i = 0; i < SEG_SETTINGS && !err; i++)
		if (f->has_setting[i])
			err = seg_ruleset_setting(h, i, f->setting[i]);
	for (i = 0; i < f->n_policies && !err; i++)
		err = seg_ruleset_policy(h, f->policies[i].name, f->policies[i].rules.list,
					 f->policies[i].rules.n);
	for (i = 0; i < f->n_devices && !err; i++)
		err = seg_ruleset_device(h, &f->devices[i].dev);
	return err;
}

int change_apply(struct world *w, const char *text, size_t len)
{
	struct file *f = file_read(text, len, false);
	struct seg_commit commit;
	struct seg_status st;
	int err;

	if (f->diags.errors) {
		diags_print(&f->diags, "ruleset", text, len, stderr);
		file_free(f);
		return -EINVAL;
	}
	err = seg_status_get(w->seg, &st);
	if (!err)
		err = seg_ruleset_begin(w->seg, st.generation);
	if (!err) {
		err = upload(w->seg, f);
		if (!err)
			err = seg_ruleset_commit(w->seg, f->has_devices ? SIMSEG_COMMIT_DEVICES : 0,
						 NULL, 0, &commit);
		if (err)
			seg_ruleset_abort(w->seg);
	}
	file_free(f);
	return err;
}

static struct simseg_prefix prefix_of(const char *text)
{
	struct simseg_prefix prefix;

	errno = 0;
	if (seg_prefix_parse(text, &prefix))
		die("%s: no prefix", text);
	return prefix;
}

static const char *word_or_null(const char *word)
{
	return strcmp(word, "-") ? word : NULL;
}

/* quarantine ICCID [ALLOW]... */
static int do_quarantine(struct world *w, char *words[], size_t n)
{
	struct simseg_prefix allow[SIMSEG_ALLOW_MAX];
	const char *iccid = words[1];
	size_t i;

	for (i = 2; i < n && i - 2 < SIMSEG_ALLOW_MAX; i++)
		allow[i - 2] = prefix_of(words[i]);
	return seg_quarantine(w->seg, &iccid, 1, allow, n - 2, 0, NULL);
}

/* bind ICCID ADDR DEV|- OWNER|-: it is taken from its owner first */
static int do_bind(struct world *w, char *words[])
{
	struct seg_binding binding = {
		.prefix = prefix_of(words[2]),
		.ifname = word_or_null(words[3]),
	};
	struct seg_binding old = { .prefix = binding.prefix };
	int err = 0;

	if (word_or_null(words[4]))
		err = seg_binding_del(w->seg, words[4], &old, 1, NULL);
	return err ? err : seg_binding_new(w->seg, words[1], &binding);
}

static int do_unbind(struct world *w, char *words[])
{
	struct seg_binding binding = { .prefix = prefix_of(words[2]) };

	return seg_binding_del(w->seg, words[1], &binding, 1, NULL);
}

static int do_device_add(struct world *w, char *words[])
{
	struct seg_device device = { .iccid = words[1], .policy = words[2] };

	return seg_device_new(w->seg, &device);
}

/* A session to be found by what one of its packets looks like. */
struct wanted {
	uint8_t src[16], dst[16];
	uint16_t sport, dport;
	uint8_t proto;
	uint64_t id;
};

static int wanted_match(const struct seg_session *s, void *arg)
{
	struct wanted *want = arg;
	bool forth = !memcmp(s->src, want->src, 16) && !memcmp(s->dst, want->dst, 16) &&
		     s->sport == want->sport && s->dport == want->dport;
	bool back = !memcmp(s->src, want->dst, 16) && !memcmp(s->dst, want->src, 16) &&
		    s->sport == want->dport && s->dport == want->sport;

	if (s->proto == want->proto && (forth || back))
		want->id = s->id;
	return 0;
}

/* kill SRC DST PROTO SPORT DPORT: it need not be alive */
static int do_kill(struct world *w, char *words[])
{
	struct wanted want = {
		.proto = atoi(words[3]),
		.sport = atoi(words[4]),
		.dport = atoi(words[5]),
	};
	int err;

	memcpy(want.src, prefix_of(words[1]).addr, 16);
	memcpy(want.dst, prefix_of(words[2]).addr, 16);
	err = seg_session_list(w->seg, NULL, wanted_match, &want);
	if (err || !want.id)
		return err;
	return seg_session_del(w->seg, want.id, NULL);
}

int change_do(struct world *w, char *words[], size_t n)
{
	const char *iccid = n > 1 ? words[1] : "";
	struct simseg_prefix prefix;

	if (!strcmp(words[0], "quarantine") && n > 1)
		return do_quarantine(w, words, n);
	if (!strcmp(words[0], "release") && n == 2)
		return seg_release(w->seg, &iccid, 1);
	if (!strcmp(words[0], "bind") && n == 5)
		return do_bind(w, words);
	if (!strcmp(words[0], "unbind") && n == 3)
		return do_unbind(w, words);
	if (!strcmp(words[0], "device-add") && n == 3)
		return do_device_add(w, words);
	if (!strcmp(words[0], "device-del") && n == 2)
		return seg_device_del(w->seg, iccid, NULL);
	if (!strcmp(words[0], "kill") && n == 6)
		return do_kill(w, words);
	if (n == 3 && (!strcmp(words[0], "peer-add") || !strcmp(words[0], "peer-del"))) {
		prefix = prefix_of(words[2]);
		return !strcmp(words[0], "peer-add") ? seg_peer_add(w->seg, words[1], &prefix, 1) :
						       seg_peer_del(w->seg, words[1], &prefix, 1);
	}
	errno = 0;
	die("no such change: %s", words[0]);
}

static int count_one(const struct seg_counter *counter, void *arg)
{
	struct world *w = arg;
	uint64_t more;
	size_t at;

	if (counter->code >= __SIMSEG_REASON_MAX)
		return 0;
	more = counter->packets - w->counted[counter->code];
	w->counted[counter->code] = counter->packets;
	at = strlen(w->counts);
	if (more)
		snprintf(w->counts + at, sizeof(w->counts) - at, "%s%s+%llu", at ? "," : "",
			 seg_reason_name(counter->code), (unsigned long long)more);
	return 0;
}

void change_count(struct world *w)
{
	w->counts[0] = '\0';
	if (seg_stats_get(w->seg, count_one, w))
		die("simseg: %s", seg_strerror(w->seg));
}
