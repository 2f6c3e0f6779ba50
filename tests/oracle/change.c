// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a scenario changes in simseg, through libseg, and what simseg counts.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tools/net.h"
#include "file.h"
#include "inject.h"
#include "libseg_bpf.h"

static void count_begin(struct world *w);

static void mark_link(struct world *w, const struct link *link)
{
	uint8_t mode = w->judges == JUDGES_FORWARD ? SIMSEG_MODE_NATIVE : SIMSEG_MODE_NONE;

	if (link->side == SIMSEG_SIDE_NONE)
		return;
	if (seg_iface_set(w->seg, link->name, link->side, mode, SIMSEG_FORWARD_FORCE) ||
	    (mode == SIMSEG_MODE_NATIVE && seg_xdp_attach(w->seg, link->name, mode)))
		die("%s: %s", link->name, seg_strerror(w->seg));
}

void change_begin(struct world *w)
{
	size_t i;

	if (seg_open(&w->seg, NULL) || seg_set_actor(w->seg, "oracle") ||
	    seg_set_reason(w->seg, "a scenario"))
		die("simseg: %s", seg_strerror(w->seg));
	for (i = 0; i < w->n_links; i++)
		mark_link(w, &w->links[i]);
	count_begin(w);
}

static int add_forwarded(const struct seg_iface *iface, void *arg)
{
	*(uint64_t *)arg += iface->stats.xdp_forward;
	return 0;
}

uint64_t change_end(struct world *w)
{
	uint64_t forwarded = 0;
	size_t i;

	if (seg_iface_list(w->seg, add_forwarded, &forwarded))
		die("interfaces: %s", seg_strerror(w->seg));
	for (i = 0; i < w->n_links; i++)
		if (seg_xdp_detach(w->seg, w->links[i].name))
			die("%s: %s", w->links[i].name, seg_strerror(w->seg));
	return forwarded;
}

int change_apply(struct world *w, const char *text, size_t len)
{
	struct source source = { .text = text, .len = len };
	struct file *f = file_read_source(&source, false);
	struct seg_commit_opts opts = { 0 };
	struct seg_status st;
	int err;

	if (f->has_devices)
		opts.flags = SIMSEG_COMMIT_DEVICES;
	if (f->diags.errors) {
		diags_print(&f->diags, "ruleset", &source, stderr);
		file_free(f);
		return -EINVAL;
	}
	err = seg_status_get(w->seg, &st);
	if (!err)
		err = seg_ruleset_begin(w->seg, st.generation);
	if (!err) {
		err = file_send(w->seg, f, true);
		if (!err)
			err = seg_ruleset_commit(w->seg, &opts, NULL);
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
	const struct seg_quarantine q = {
		.iccids = &iccid,
		.n = 1,
		.allow = allow,
		.n_allow = n - 2,
	};
	size_t i;

	for (i = 2; i < n && i - 2 < SIMSEG_ALLOW_MAX; i++)
		allow[i - 2] = prefix_of(words[i]);
	return seg_quarantine(w->seg, &q, NULL);
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

void change_mark(struct world *w, char *words[])
{
	struct wanted want = {
		.proto = atoi(words[2]),
		.sport = atoi(words[3]),
		.dport = atoi(words[4]),
	};
	struct mark_of *mark;

	memcpy(want.src, prefix_of(words[0]).addr, 16);
	memcpy(want.dst, prefix_of(words[1]).addr, 16);
	/* what was refused belongs to none, though there may be one of that name */
	if ((strstr(w->counts, "session") || strstr(w->counts, "rule") ||
	     strstr(w->counts, "responder")) &&
	    !strstr(w->counts, "no-rule") && seg_session_list(w->seg, NULL, wanted_match, &want))
		die("sessions: %s", seg_strerror(w->seg));
	w->marks = realloc(w->marks, (w->n_marks + 1) * sizeof(*w->marks));
	if (!w->marks)
		die("memory");
	mark = &w->marks[w->n_marks++];
	mark->packet = w->last;
	mark->session = want.id;
}

static int session_still_there(const struct seg_session *s, void *arg)
{
	return s->id == *(uint64_t *)arg;
}

/* kill NUMBER: the session that the packet belonged to need not be alive */
static int do_kill(struct world *w, char *words[])
{
	unsigned long packet = strtoul(words[1], NULL, 10);
	size_t i;
	int err;

	for (i = 0; i < w->n_marks && w->marks[i].packet != packet; i++)
		;
	if (i == w->n_marks || !w->marks[i].session)
		return 0;
	err = seg_session_list(w->seg, NULL, session_still_there, &w->marks[i].session);
	return err == 1 ? seg_session_del(w->seg, w->marks[i].session, NULL) : err;
}

static int session_count(const struct seg_session *s, void *arg)
{
	(void)s;
	(*(uint32_t *)arg)++;
	return 0;
}

bool change_is_over(struct world *w)
{
	struct seg_status status;
	uint32_t alive = 0;

	if (seg_session_list(w->seg, NULL, session_count, &alive) ||
	    seg_status_get(w->seg, &status))
		die("sessions: %s", seg_strerror(w->seg));
	return status.sessions == alive;
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
	if (!strcmp(words[0], "kill") && n == 2)
		return do_kill(w, words);
	if (n == 3 && (!strcmp(words[0], "peer-add") || !strcmp(words[0], "peer-del"))) {
		prefix = prefix_of(words[2]);
		return !strcmp(words[0], "peer-add") ?
			       seg_peer_add(w->seg, words[1], &prefix, 1, 0) :
			       seg_peer_del(w->seg, words[1], &prefix, 1);
	}
	errno = 0;
	die("no such change: %s", words[0]);
}

/*
 * Counters are read after every packet: one message there and one back, where
 * libseg takes five calls of the system, which are slow in User-Mode Linux.
 */
static void count_begin(struct world *w)
{
	w->stats = nl_socket_alloc();
	if (!w->stats || genl_connect(w->stats))
		die("generic netlink");
	w->family = genl_ctrl_resolve(w->stats, SIMSEG_FAMILY_NAME);
	if (w->family < 0)
		die("%s: %s", SIMSEG_FAMILY_NAME, nl_geterror(w->family));
}

static void count_one(struct world *w, struct nlattr *nest)
{
	struct nlattr *tb[SIMSEG_A_COUNTER_MAX + 1];
	uint64_t packets, more;
	size_t at = strlen(w->counts);
	unsigned int code;

	if (nla_parse_nested(tb, SIMSEG_A_COUNTER_MAX, nest, NULL) || !tb[SIMSEG_A_COUNTER_CODE] ||
	    !tb[SIMSEG_A_COUNTER_PACKETS])
		die("a counter that cannot be read");
	code = nla_get_u8(tb[SIMSEG_A_COUNTER_CODE]);
	packets = nla_get_u64(tb[SIMSEG_A_COUNTER_PACKETS]);
	if (code >= REASONS_MAX)
		die("reason %u", code);
	more = packets - w->counted[code];
	w->counted[code] = packets;
	if (more)
		snprintf(w->counts + at, sizeof(w->counts) - at, "%s%s+%llu", at ? "," : "",
			 seg_reason_name(code), (unsigned long long)more);
}

void change_count(struct world *w)
{
	static uint8_t reply[16384] __attribute__((aligned(8)));
	struct {
		struct nlmsghdr nlh;
		struct genlmsghdr genl;
	} request = {
		.nlh.nlmsg_len = sizeof(request),
		.nlh.nlmsg_type = w->family,
		.nlh.nlmsg_flags = NLM_F_REQUEST,
		.genl.cmd = SIMSEG_CMD_STATS_GET,
		.genl.version = SIMSEG_FAMILY_VERSION,
	};
	struct nlmsghdr *nlh = (struct nlmsghdr *)reply;
	int fd = nl_socket_get_fd(w->stats), rest;
	struct nlattr *nla;
	ssize_t len;

	w->counts[0] = '\0';
	if (send(fd, &request, sizeof(request), 0) < 0)
		die("simseg's counters");
	len = recv(fd, reply, sizeof(reply), 0);
	if (len < 0 || !nlmsg_ok(nlh, len) || nlh->nlmsg_type != w->family)
		die("simseg's counters");
	nlmsg_for_each_attr(nla, nlh, GENL_HDRLEN, rest) if (nla_type(nla) == SIMSEG_A_COUNTER)
		count_one(w, nla);
}
