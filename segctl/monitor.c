// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl monitor: records, as they come out of the ring
 */
#include <signal.h>

#include "monitor.h"
#include "record.h"

#define POLL_MS 200 /* how soon a signal is noticed */

/* Numbers of policies and what they are called; asked anew when one is missing. */
struct names {
	struct {
		uint32_t id;
		char name[SIMSEG_NAME_MAX + 1];
	} * list;
	size_t n, room;
	uint32_t generation; /* that they are of */
	bool read;
};

struct monitor {
	struct ctl *c;
	struct names names;
	struct monitor_change change;
	uint64_t seq; /* of the last record */
	uint64_t missed;
};

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static int name_add(const struct seg_policy *p, void *arg)
{
	struct names *names = arg;

	if (names->n && names->list[names->n - 1].id == p->id)
		return 0;
	grow(&names->list, &names->room, names->n, sizeof(*names->list));
	names->list[names->n].id = p->id;
	snprintf(names->list[names->n++].name, sizeof(names->list[0].name), "%s", p->name);
	return 0;
}

static const char *policy_name(struct monitor *m, const struct simseg_record *r)
{
	struct names *names = &m->names;
	size_t i;

	if (!r->policy || r->kind == SIMSEG_RECORD_GAP)
		return NULL;
	if (!names->read || names->generation != r->generation) {
		names->n = 0;
		seg_policy_list(m->c->h, name_add, names);
		names->generation = r->generation;
		names->read = true;
	}
	for (i = 0; i < names->n; i++)
		if (names->list[i].id == r->policy)
			return names->list[i].name;
	return NULL;
}

static void seen_gap(struct monitor *m, const struct simseg_record *r)
{
	/* Processors race for the ring: a step back is no loss. */
	if (m->seq && r->seq > m->seq + 1)
		m->missed += r->seq - m->seq - 1;
	else if (m->seq && r->seq < m->seq && m->missed)
		m->missed--;
	if (r->seq > m->seq)
		m->seq = r->seq;
}

static int take(const struct simseg_record *r, struct monitor *m)
{
	if (r->version != SIMSEG_RECORD_VERSION) {
		ctl_warn("a record of version %u, which this program does not know", r->version);
		return 0;
	}
	seen_gap(m, r);
	if (r->kind == SIMSEG_RECORD_CONFIG || r->kind == SIMSEG_RECORD_TEXT)
		monitor_change_add(&m->change, m->c, r);
	else if (m->c->json)
		js_print(record_json(r, policy_name(m, r)));
	else
		record_print(m->c, r, policy_name(m, r));
	/* who reads a pipe wants each record as it comes */
	return fflush(stdout) ? -EPIPE : 0;
}

static int monitor_loop(struct monitor *m, struct seg_ring *ring)
{
	const struct simseg_record *r;
	int n = 0;

	while (!stopped && n >= 0) {
		n = seg_ring_wait(ring, POLL_MS);
		while (n > 0 && !stopped && (r = seg_ring_next(ring)))
			n = take(r, m) ? -EPIPE : 1;
		if (n > 0)
			seg_ring_commit(ring);
	}
	monitor_change_end(&m->change, m->c);
	if (m->missed)
		ctl_warn("%llu records were missed", (unsigned long long)m->missed);
	if (n >= 0 || (n == -EINTR && stopped))
		return EXIT_DONE;
	ctl_warn("monitor: %s", strerror(-n));
	return EXIT_REFUSED;
}

int cmd_monitor(struct ctl *c, int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = stop };
	struct monitor m = { .c = c };
	struct seg_ring *ring = NULL;
	int ret, err;

	ret = ctl_open_bare(c, argc, argv);
	if (ret)
		return ret;
	err = seg_ring_open(c->h, NULL, &ring);
	if (err)
		return ctl_fail(c, err, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	ret = monitor_loop(&m, ring);
	seg_ring_close(ring);
	free(m.names.list);
	return ret;
}
