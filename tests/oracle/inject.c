// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * inject: see inject.h.
 *
 * usage: inject SCRIPT...
 *        inject -x SCRIPT	only simseg, the XDP program before it; prints TAP
 *        inject -a SCRIPT	only simseg's floor; prints the answers
 *        inject -f SCRIPT	only simseg, where XDP forwards, by Ethernet; the same,
 *				then how many packets XDP has sent on
 *
 * Runs each SCRIPT (FILE.run) in two fresh namespaces and writes the answers to
 * FILE.out. A script is what tests/oracle/differential makes of a scenario:
 *
 *	link NAME SIDE			one for each link
 *	ip COMMAND			for `ip -batch` in both gateways
 *	start
 *	apply LENGTH			then LENGTH bytes: the ruleset of A, as JSON
 *	nft LENGTH			then LENGTH bytes: commands for B
 *	change VERB [WORD]...		of A; see change.c
 *	rest				A frees what has ended
 *	packet NUMBER LINK HEX [stack]	LINK: which `link` line, from 0;
 *					stack: IP itself throws it away, and nobody
 *					is asked for a reason
 *	mark SRC DST PROTO SPORT DPORT	the packet before will be asked for by `kill`
 *
 * and the answers are, with tabs between:
 *
 *	packet NUMBER OUTS COUNTS HASH OUTS LOGS HASH	of A, then of B
 *	change ERROR [TEXT]				0: done
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/tools/net.h"
#include "inject.h"

#define WORDS_MAX   16
#define REST_MAX_NS (30 * NS_PER_S)

struct script {
	FILE *in, *out;
	struct world w;
	char *batch; /* lines for ip */
	size_t batch_len;
	FILE *batch_file;
	bool started;
};

static void bad(const char *line)
{
	errno = 0;
	die("bad line in a script: %s", line);
}

static void add_link(struct world *w, char *words[], size_t n)
{
	struct link *link = &w->links[w->n_links++];
	int side = n == 3 ? seg_side_parse(words[2]) : -1;

	if (side < 0 || w->n_links > LINKS_MAX)
		bad(words[0]);
	snprintf(link->name, sizeof(link->name), "%s", words[1]);
	link->side = side;
}

/* Where simseg is alone its gateway has no connection tracking at all. */
static void start(struct script *s)
{
	fclose(s->batch_file);
	if (s->w.judges == JUDGES_BOTH)
		gateway_make(&s->w, &s->w.b, s->batch);
	s->w.a.ethernet = s->w.judges == JUDGES_FORWARD;
	gateway_make(&s->w, &s->w.a, s->batch);
	change_begin(&s->w);
	gateway_collect(&s->w);
	change_count(&s->w);
	s->started = true;
}

/* The bytes that belong to a line; to be freed. */
static char *take_body(struct script *s, const char *length, size_t *len)
{
	char *text;

	*len = strtoul(length, NULL, 10);
	text = calloc(1, *len + 1);
	if (!text || fread(text, 1, *len, s->in) != *len)
		bad(length);
	return text;
}

/* Workers that a change has kicked run while we sleep: there is one CPU. */
static void settle(void)
{
	poll(NULL, 0, 2);
}

static void answer_change(struct script *s, int err)
{
	settle();
	fprintf(s->out, "change\t%d\t%s\n", -err, err ? seg_strerror(s->w.seg) : "");
}

/* What has ended counts until its memory is back, and that is some ticks later. */
static void rest(struct script *s)
{
	const uint64_t end = now_ns() + REST_MAX_NS;

	while (!change_is_over(&s->w)) {
		if (now_ns() > end)
			die("sessions that have ended are not freed");
		settle();
	}
	fprintf(s->out, "change\t0\t\n");
}

static size_t unhex(const char *hex, uint8_t *to)
{
	unsigned int byte;
	size_t n = 0;

	for (; hex[0] && hex[1] && n < PACKET_MAX; hex += 2) {
		if (sscanf(hex, "%2x", &byte) != 1)
			bad(hex);
		to[n++] = byte;
	}
	return n;
}

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

static void packet(struct script *s, char *words[], bool stack)
{
	static uint8_t data[PACKET_MAX];
	size_t len = unhex(words[3], data), link = strtoul(words[2], NULL, 10);
	const struct seen *a = &s->w.a.seen, *b = &s->w.b.seen;

	if (link >= s->w.n_links)
		bad(words[2]);
	if (s->w.judges == JUDGES_XDP)
		xdp_ask(&s->w, link, data, len);
	gateway_send(&s->w.a, link, data, len);
	if (s->w.judges == JUDGES_BOTH)
		gateway_send(&s->w.b, link, data, len);
	gateway_collect(&s->w);
	change_count(&s->w);
	if (s->w.judges == JUDGES_XDP && !stack)
		xdp_compare(&s->w, words[1], words[3]);
	s->w.last = strtoul(words[1], NULL, 10);
	fprintf(s->out, "packet\t%s\t%s\t%s\t%08x\t%s\t%s\t%08x\n", words[1], or_dash(a->outs),
		stack ? "-" : or_dash(s->w.counts), a->hash, or_dash(b->outs), or_dash(b->logs),
		b->hash);
}

static size_t split(char *line, char *words[])
{
	char *save = NULL, *word;
	size_t n = 0;

	for (word = strtok_r(line, " \n", &save); word && n < WORDS_MAX;
	     word = strtok_r(NULL, " \n", &save))
		words[n++] = word;
	return n;
}

static void do_line(struct script *s, char *line)
{
	char *words[WORDS_MAX], *body;
	size_t n, len;

	if (!s->started && !strncmp(line, "ip ", 3)) {
		fputs(line + 3, s->batch_file);
		return;
	}
	n = split(line, words);
	if (!n)
		return;
	if (!s->started && !strcmp(words[0], "link")) {
		add_link(&s->w, words, n);
	} else if (!s->started && !strcmp(words[0], "start")) {
		start(s);
	} else if (s->started && (n == 4 || n == 5) && !strcmp(words[0], "packet")) {
		packet(s, words, n == 5);
	} else if (s->started && n == 6 && !strcmp(words[0], "mark")) {
		change_mark(&s->w, words + 1);
	} else if (s->started && n == 2 && !strcmp(words[0], "apply")) {
		body = take_body(s, words[1], &len);
		answer_change(s, change_apply(&s->w, body, len));
		free(body);
	} else if (s->started && n == 2 && !strcmp(words[0], "nft")) {
		body = take_body(s, words[1], &len);
		if (s->w.judges == JUDGES_BOTH)
			gateway_nft(&s->w.b, body);
		free(body);
	} else if (s->started && n == 1 && !strcmp(words[0], "rest")) {
		rest(s);
	} else if (s->started && n > 1 && !strcmp(words[0], "change")) {
		answer_change(s, change_do(&s->w, words + 1, n - 1));
	} else {
		bad(line);
	}
}

/* Of a script: a file beside it. */
static FILE *open_answers(const char *script)
{
	size_t len = strlen(script);
	char path[4096];
	FILE *out;

	if (len < 4 || strcmp(script + len - 4, ".run") || len >= sizeof(path))
		bad(script);
	snprintf(path, sizeof(path), "%.*s.out", (int)len - 4, script);
	out = fopen(path, "we");
	if (!out)
		die("%s", path);
	return out;
}

static FILE *open_out(const char *script, enum judges judges)
{
	switch (judges) {
	case JUDGES_BOTH:
		return open_answers(script);
	case JUDGES_XDP:
		return fopen("/dev/null", "we");
	default:
		return stdout;
	}
}

static int run(const char *path, enum judges judges)
{
	struct script s = {
		.in = fopen(path, "re"),
		.out = open_out(path, judges),
		.w.judges = judges,
	};
	size_t room = 0;
	char *line = NULL;

	if (!s.in)
		die("%s", path);
	s.batch_file = open_memstream(&s.batch, &s.batch_len);
	if (!s.batch_file)
		die("memory");
	while (getline(&line, &room, s.in) > 0)
		do_line(&s, line);
	if (judges == JUDGES_FORWARD)
		fprintf(s.out, "forwarded\t%llu\n", (unsigned long long)change_end(&s.w));
	if (fclose(s.out))
		die("the answers to %s", path);
	return judges == JUDGES_XDP ? xdp_end() : 0;
}

/* Each in a process of its own: with it, its namespaces are gone. */
static int run_all(char *paths[])
{
	int status, rc = 0;
	uint64_t begin;
	pid_t pid;

	for (; *paths; paths++) {
		begin = now_ns();
		pid = fork();
		if (pid < 0)
			die("fork");
		if (!pid)
			exit(run(*paths, JUDGES_BOTH));
		if (waitpid(pid, &status, 0) != pid || status) {
			printf("inject: %s failed with status %d\n", *paths, status);
			rc = 1;
		}
		printf("inject: %s took %llu ms\n", *paths,
		       (unsigned long long)((now_ns() - begin) / NS_PER_MS));
		fflush(stdout);
	}
	return rc;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "-x")) {
		xdp_open();
		return run(argv[2], JUDGES_XDP);
	}
	if (argc == 3 && !strcmp(argv[1], "-a"))
		return run(argv[2], JUDGES_FLOOR);
	if (argc == 3 && !strcmp(argv[1], "-f"))
		return run(argv[2], JUDGES_FORWARD);
	if (argc < 2 || argv[1][0] == '-') {
		fprintf(stderr, "usage: inject [-x | -a | -f] SCRIPT\n"
				"       inject SCRIPT...\n");
		return 2;
	}
	return run_all(argv + 1);
}
