// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl monitor: records, as the agent stores them, or as they come out of the ring
 */
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "feed.h"
#include "monitor.h"
#include "monitor_filter.h"
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
	struct monitor_filter filter;
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
	const char *policy = policy_name(m, r);

	if (r->version != SIMSEG_RECORD_VERSION) {
		ctl_warn("a record of version %u, which this program does not know", r->version);
		return 0;
	}
	if (!monitor_filter_wants(&m->filter, r, policy))
		return 0;
	if (r->kind == SIMSEG_RECORD_CONFIG || r->kind == SIMSEG_RECORD_TEXT)
		monitor_change_add(&m->change, m->c, r);
	else if (m->c->json)
		js_print(record_json(r, policy));
	else
		record_print(m->c, r, policy);
	/* who reads a pipe wants each record as it comes */
	return fflush(stdout) ? -EPIPE : 0;
}

static int ring_loop(struct monitor *m, struct seg_ring *ring)
{
	const struct simseg_record *r;
	int n = 0;

	while (!stopped && n >= 0) {
		n = seg_ring_wait(ring, POLL_MS);
		while (n > 0 && !stopped && (r = seg_ring_next(ring))) {
			seen_gap(m, r);
			n = take(r, m) ? -EPIPE : 1;
		}
		if (n > 0)
			seg_ring_commit(ring);
	}
	return n;
}

static void missed(struct monitor *m, uint64_t n)
{
	struct json_object *o;

	m->missed += n;
	if (!m->c->json)
		return;
	o = json_object_new_object();
	js_str(o, "kind", "missed");
	js_num(o, "records", n);
	js_print(o);
	fflush(stdout);
}

static int feed_loop(struct monitor *m, int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	struct feed_batch batch;
	int n = 0;
	size_t i;

	while (!stopped && n >= 0) {
		n = poll(&wait, 1, POLL_MS) < 0 ? -errno : wait.revents;
		if (n <= 0 || !wait.revents)
			continue;
		n = feed_read(fd, &batch);
		if (!n)
			return -ENOTCONN;
		if (n > 0 && batch.head.missed)
			missed(m, batch.head.missed);
		for (i = 0; n > 0 && i < batch.head.n; i++)
			n = take(&batch.records[i], m) ? -EPIPE : 1;
	}
	return n;
}

/* The socket of the agent of this namespace, or -errno. */
static int agent_of(struct ctl *c, const char *path)
{
	struct feed_hello hello;
	struct seg_status st;
	int fd = feed_connect(path, &hello), err;

	if (fd < 0)
		return fd;
	err = seg_status_get(c->h, &st);
	if (!err && hello.netns != st.netns_cookie)
		err = -ENOENT;
	if (!err && hello.full)
		err = -EUSERS;
	if (err)
		close(fd);
	return err ? err : fd;
}

static int follow_ring(struct monitor *m)
{
	struct seg_ring *ring;
	int n, err = seg_ring_open(m->c->h, NULL, &ring);

	if (err)
		return err;
	ctl_warn("no agent runs: these records are taken out of the kernel, and nothing keeps "
		 "them");
	n = ring_loop(m, ring);
	seg_ring_close(ring);
	return n;
}

static int monitor_end(struct monitor *m, int n)
{
	monitor_change_end(&m->change, m->c);
	if (m->missed)
		ctl_warn("%llu records were missed", (unsigned long long)m->missed);
	free(m->names.list);
	if (n >= 0 || (n == -EINTR && stopped))
		return EXIT_DONE;
	if (n == -ENOTCONN) {
		ctl_warn("the agent has ended");
		return EXIT_PART;
	}
	ctl_warn("%s", strerror(-n));
	return EXIT_REFUSED;
}

static int monitor_run(struct monitor *m, const char *socket)
{
	int fd = agent_of(m->c, socket ? socket : FEED_SOCKET), n;

	if (fd >= 0) {
		n = feed_loop(m, fd);
		close(fd);
		return monitor_end(m, n);
	}
	if (fd == -EUSERS) {
		ctl_warn("the agent has as many monitors as it takes: end one of them");
		return EXIT_REFUSED;
	}
	if (socket || (fd != -ENOENT && fd != -ECONNREFUSED)) {
		ctl_warn("%s: %s", socket ? socket : FEED_SOCKET, strerror(-fd));
		return EXIT_REFUSED;
	}
	n = follow_ring(m);
	if (n < 0 && n != -EINTR && n != -EPIPE)
		return ctl_fail(m->c, n, NULL);
	return monitor_end(m, n);
}

int cmd_monitor(struct ctl *c, int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = stop };
	struct monitor m = { .c = c };
	const char *socket = NULL;
	const struct opt opts[] = {
		{ "--device", OPT_VALUE, &m.filter.device },
		{ "--verdict", OPT_VALUE, &m.filter.verdict },
		{ "--reason", OPT_VALUE, &m.filter.reason },
		{ "--policy", OPT_VALUE, &m.filter.policy },
		{ "--peer", OPT_VALUE, &m.filter.peer },
		{ "--socket", OPT_VALUE, &socket },
		{ 0 },
	};
	int ret;

	if (opt_parse(c, argc, argv, opts, 0, 0) < 0 || !monitor_filter_read(&m.filter, c))
		return EXIT_USAGE;
	ret = ctl_open(c);
	if (ret)
		return ret;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	return monitor_run(&m, socket);
}
