// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl monitor: records, as they come out of the ring
 */
#include <arpa/inet.h>
#include <signal.h>

#include "monitor.h"

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

	if (!r->policy)
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

static const char *kind_name(uint8_t kind)
{
	static const char *const names[] = {
		[SIMSEG_RECORD_UNSPEC] = "?",	   [SIMSEG_RECORD_OPEN] = "open",
		[SIMSEG_RECORD_UPDATE] = "update", [SIMSEG_RECORD_CLOSE] = "close",
		[SIMSEG_RECORD_DENY] = "deny",	   [SIMSEG_RECORD_GAP] = "gap",
	};

	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "?";
}

static const char *why(const struct simseg_record *r)
{
	return r->kind == SIMSEG_RECORD_CLOSE ? seg_end_name(r->reason) :
						seg_reason_name(r->reason);
}

static void print_flow(const struct simseg_record *r)
{
	bool ports = seg_proto_has_ports(r->proto) && !(r->flags & SIMSEG_RECORD_F_MIXED);
	char src[80], dst[80], proto[SEG_PROTO_LEN];

	out_endpoint(r->src, ntohs(r->sport), ports, src, sizeof(src));
	out_endpoint(r->dst, ntohs(r->dport), ports, dst, sizeof(dst));
	if (r->flags & SIMSEG_RECORD_F_MIXED)
		printf("several peers of %s",
		       seg_addr_is_v4(r->src) || memcmp(r->src, (uint8_t[16]){ 0 }, 16) ? src :
											  dst);
	else
		printf("%s %s > %s", seg_proto_print(r->proto, proto), src, dst);
}

static void print_text(struct monitor *m, const struct simseg_record *r)
{
	bool deny = r->kind == SIMSEG_RECORD_DENY;
	const char *policy = policy_name(m, r);
	char buf[48], iccid[SEG_ICCID_LEN];

	printf("%s  %s%-5s%s  ", out_clock(r->real, buf), deny ? out_red(m->c) : "",
	       kind_name(r->kind), deny ? out_plain(m->c) : "");
	print_flow(r);
	if (*seg_iccid_unpack(r->iccid[0], iccid))
		printf("  from %s", iccid);
	if (*seg_iccid_unpack(r->iccid[1], iccid))
		printf("  to %s", iccid);
	if (r->kind != SIMSEG_RECORD_OPEN)
		printf("  %s", why(r));
	if (r->grant)
		printf("  grant %u", r->grant);
	else if (policy && !r->rule)
		printf("  %s", policy);
	else if (policy)
		printf("  %s/%u", policy, r->rule);
	else if (r->policy || r->rule)
		printf("  %s%u/%u", r->policy ? "policy " : "own ", r->policy, r->rule);
	if (r->kind == SIMSEG_RECORD_CLOSE)
		printf("  %llu/%llu packets  %llu/%llu bytes  %s",
		       (unsigned long long)r->packets[0], (unsigned long long)r->packets[1],
		       (unsigned long long)r->bytes[0], (unsigned long long)r->bytes[1],
		       out_time(r->duration, buf));
	if (r->flags & SIMSEG_RECORD_F_FOLDED)
		printf("  %u packet%s", r->count, r->count == 1 ? "" : "s");
	if (r->flags & SIMSEG_RECORD_F_PICKUP)
		fputs("  picked up mid-stream", stdout);
	if (r->flags & SIMSEG_RECORD_F_OBSERVED)
		fputs("  observed: it passed", stdout);
	putchar('\n');
}

static void json_flags(struct json_object *o, uint8_t flags)
{
	js_bool(o, "folded", flags & SIMSEG_RECORD_F_FOLDED);
	js_bool(o, "mixed", flags & SIMSEG_RECORD_F_MIXED);
	js_bool(o, "pickup", flags & SIMSEG_RECORD_F_PICKUP);
	js_bool(o, "observed", flags & SIMSEG_RECORD_F_OBSERVED);
}

static void json_amounts(struct json_object *o, const struct simseg_record *r)
{
	js_num(o, "duration_ns", r->duration);
	js_num(o, "packets", r->packets[0]);
	js_num(o, "bytes", r->bytes[0]);
	js_num(o, "reply_packets", r->packets[1]);
	js_num(o, "reply_bytes", r->bytes[1]);
	js_num(o, "count", r->count);
	js_num(o, "tcp_flags", r->tcp_flags[0]);
	js_num(o, "reply_tcp_flags", r->tcp_flags[1]);
}

static void print_json(struct monitor *m, const struct simseg_record *r)
{
	struct json_object *o = json_object_new_object();
	char buf[48], iccid[SEG_ICCID_LEN];

	js_num(o, "version", r->version);
	js_num(o, "seq", r->seq);
	js_str(o, "kind", kind_name(r->kind));
	js_str(o, "reason", why(r));
	js_str(o, "real", out_clock(r->real, buf));
	js_num(o, "time_ns", r->time);
	js_num(o, "real_ns", r->real);
	js_num(o, "session", r->session);
	js_str(o, "src", seg_addr_print(r->src, buf));
	js_num(o, "sport", ntohs(r->sport));
	js_str(o, "dst", seg_addr_print(r->dst, buf));
	js_num(o, "dport", ntohs(r->dport));
	js_num(o, "proto_number", r->proto);
	js_str(o, "proto", seg_proto_print(r->proto, buf));
	js_str(o, "iccid", *seg_iccid_unpack(r->iccid[0], iccid) ? iccid : NULL);
	js_str(o, "peer_iccid", *seg_iccid_unpack(r->iccid[1], iccid) ? iccid : NULL);
	js_num(o, "epoch", r->epoch[0]);
	js_num(o, "peer_epoch", r->epoch[1]);
	js_num(o, "domain", r->domain);
	js_str(o, "policy", policy_name(m, r));
	js_num(o, "policy_id", r->policy);
	js_num(o, "rule", r->rule);
	js_num(o, "grant", r->grant);
	js_num(o, "generation", r->generation);
	js_num(o, "stamp", r->stamp);
	js_num(o, "iif", r->iif);
	js_num(o, "oif", r->oif);
	json_amounts(o, r);
	json_flags(o, r->flags);
	js_print(o);
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

static int record_print(const struct simseg_record *r, void *arg)
{
	struct monitor *m = arg;

	if (r->version != SIMSEG_RECORD_VERSION) {
		ctl_warn("a record of version %u, which this program does not know", r->version);
		return 0;
	}
	seen_gap(m, r);
	if (r->kind == SIMSEG_RECORD_CONFIG || r->kind == SIMSEG_RECORD_TEXT)
		monitor_change_add(&m->change, m->c, r);
	else if (m->c->json)
		print_json(m, r);
	else
		print_text(m, r);
	/* who reads a pipe wants each record as it comes */
	return fflush(stdout) ? -EPIPE : 0;
}

static int monitor_loop(struct monitor *m, struct seg_ring *ring)
{
	int n = 0;

	while (!stopped && n >= 0)
		n = seg_ring_poll(ring, POLL_MS, record_print, m);
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
	err = seg_ring_open(c->h, &ring);
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
