// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * failnth: run segctl as often as one command makes the kernel allocate memory. The
 * first time the first of these allocations fails, then the second, and so on; the last
 * time none does.
 *
 * usage: failnth [-a] [-r] [-n NETNS] COMMAND [BACK]...
 *
 * COMMAND and each BACK are command lines of segctl, split at blanks. A run that is
 * refused has to say why, and to leave all that is in force as it was. One that is not has
 * to leave what every such run leaves; then the BACKs have to put back what was before.
 * Prints what was wrong and fails, or the numbers of such runs.
 *
 * -a: allocations for every message count, those for dumps, and for requests to others than
 *     simseg, too; the command may be done in part then, where it says so
 * -r: what fails may be in force in part, but once more it has to become whole
 * -n: what is in force there is looked at, not here
 *
 * The kernel works on a request in the process that sends it. segctl itself is inside of
 * this program: to start it thousands of times would take most of the time.
 */
#include <dlfcn.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "fail.h"
#include "segctl.h"

#define WORDS_MAX 64
#define SAID_MAX  4096

/* main() of segctl, under another name. */
int segctl_main(int argc, char **argv);

/* The allocation that has failed in a run, if one has. */
static struct {
	bool there;
	int protocol;
	int type; /* of the message, or the command of generic netlink */
} failure;

static bool all_messages;
static unsigned int left; /* until an allocation fails; 0: none does */

/* ---- the allocation that fails -------------------------------------------------- */

static int protocol_of(int fd)
{
	int domain = -1, protocol = -1;
	socklen_t len = sizeof(domain);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) || domain != AF_NETLINK)
		return -1;
	len = sizeof(protocol);
	return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) ? -1 : protocol;
}

static uint8_t command_of(const struct nlmsghdr *nlh)
{
	return ((const struct genlmsghdr *)NLMSG_DATA(nlh))->cmd;
}

static bool reads(const struct nlmsghdr *nlh)
{
	static const uint8_t commands[] = {
		SIMSEG_CMD_STATUS_GET,
		SIMSEG_CMD_DEVICE_GET,
		SIMSEG_CMD_STATS_GET,
		SIMSEG_CMD_EXPLAIN,
	};

	return (nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP ||
	       memchr(commands, command_of(nlh), sizeof(commands));
}

static bool counts(int protocol, const struct nlmsghdr *nlh, size_t len)
{
	if (!left || protocol < 0 || len < NLMSG_HDRLEN + GENL_HDRLEN)
		return false;
	return all_messages ||
	       (protocol == NETLINK_GENERIC && nlh->nlmsg_type != GENL_ID_CTRL && !reads(nlh));
}

static ssize_t (*real_sendmsg)(int fd, const struct msghdr *msg, int flags);

/* The C library's, with the countdown running. */
ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	const struct iovec *first = msg->msg_iov;
	const struct nlmsghdr *nlh = first->iov_base;
	int protocol = protocol_of(fd), err;
	ssize_t ret;

	if (!counts(protocol, nlh, first->iov_len))
		return real_sendmsg(fd, msg, flags);
	fail_begin(left);
	ret = real_sendmsg(fd, msg, flags);
	err = errno;
	left = fail_end();
	if (!left) {
		failure.there = true;
		failure.protocol = protocol;
		failure.type = protocol == NETLINK_GENERIC ? command_of(nlh) : nlh->nlmsg_type;
	}
	errno = err;
	return ret;
}

ssize_t sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to,
	       socklen_t to_len)
{
	struct iovec part = { .iov_base = (void *)buf, .iov_len = len };
	const struct msghdr msg = {
		.msg_name = (void *)to,
		.msg_namelen = to_len,
		.msg_iov = &part,
		.msg_iovlen = 1,
	};

	return sendmsg(fd, &msg, flags);
}

/* ---- one run ---------------------------------------------------------------------- */

struct trial {
	struct ctl c; /* to look at what is in force */
	const char *command;
	char **backs;
	int n_backs;
	bool repair;

	unsigned int n, refused, made;
	int status; /* of the last run, */
	int out;    /* and the file that it wrote to */
	char said[SAID_MAX];
	char *before, *marks, *wanted;
};

/* What is written meanwhile to stdout and stderr is what it says. */
static int run_main(const struct trial *t, int argc, char **argv)
{
	int fds[] = { STDOUT_FILENO, STDERR_FILENO }, kept[2], status, i;

	fflush(stdout);
	for (i = 0; i < 2; i++) {
		kept[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
		if (kept[i] < 0 || dup2(t->out, fds[i]) < 0)
			die("output");
	}
	status = segctl_main(argc, argv);
	for (i = 0; i < 2; i++) {
		dup2(kept[i], fds[i]);
		close(kept[i]);
	}
	return status;
}

static void run(struct trial *t, const char *line, unsigned int n)
{
	char *text = xstrdup(line), *word, *argv[WORDS_MAX] = { "segctl" };
	int argc = 1;
	ssize_t len;

	for (word = strtok(text, " "); word && argc < WORDS_MAX - 1; word = strtok(NULL, " "))
		argv[argc++] = word;
	if (ftruncate(t->out, 0) || lseek(t->out, 0, SEEK_SET))
		die("output");
	memset(&failure, 0, sizeof(failure));
	left = n;
	t->status = run_main(t, argc, argv);
	left = 0;
	len = pread(t->out, t->said, sizeof(t->said) - 1, 0);
	t->said[len > 0 ? len : 0] = '\0';
	free(text);
}

/* ---- what is in force --------------------------------------------------------------- */

/* Blanks out what a clock changes: from each @key on until a character of @ends. */
static void forget(char *text, const char *key, const char *ends)
{
	for (text = strstr(text, key); text; text = strstr(text, key))
		for (text += strlen(key); *text && !strchr(ends, *text); text++)
			*text = ' ';
}

/* As `segctl save` writes it. */
static char *state(struct trial *t)
{
	struct seg_status st;
	char *text = NULL;
	size_t len;

	if (!seg_status_get(t->c.h, &st))
		text = state_text(&t->c, &st, true, &len);
	if (!text)
		die(seg_strerror(t->c.h));
	forget(text, "saved: \"", "\"");
	forget(text, "until: \"", "\"");
	forget(text, "for: ", "s");
	return text;
}

static int last_change(const struct seg_change *change, void *arg)
{
	*(uint64_t *)arg = change->seq;
	return 0;
}

/* What each change makes another, and what the state does not tell. */
static char *marks(struct trial *t)
{
	char hash[2 * SIMSEG_HASH_LEN + 1];
	struct seg_status st;
	uint64_t seq = 0;

	if (seg_status_get(t->c.h, &st) || seg_log_list(t->c.h, 1, last_change, &seq))
		die(seg_strerror(t->c.h));
	return xprintf("change %llu, generation %u, hash %s, armed %d, on trial %d, %u devices, "
		       "%u quarantined, %u bindings",
		       (unsigned long long)seq, st.generation,
		       out_hex(st.hash, sizeof(st.hash), hash), st.armed, st.trial > 0, st.devices,
		       st.quarantined, st.bindings);
}

/* ---- is it right? -------------------------------------------------------------------- */

static bool wrong(const struct trial *t, const char *what)
{
	printf("allocation %u", t->n);
	if (failure.there)
		printf(", in message %d of protocol %d", failure.type, failure.protocol);
	printf(": %s; exit status %d, and said:\n%s", what, t->status, t->said);
	return false;
}

static void print_line(const char *label, const char *line)
{
	printf("%s: %.*s\n", label, (int)strcspn(line, "\n"), line);
}

/* True if both texts are the same; else prints the first line that is not. */
static bool same(const char *have, const char *want)
{
	size_t i, line = 0;

	for (i = 0; have[i] == want[i]; i++) {
		if (!have[i])
			return true;
		if (have[i] == '\n')
			line = i + 1;
	}
	print_line("have", have + line);
	print_line("want", want + line);
	return false;
}

static bool state_is(struct trial *t, const char *want)
{
	char *have = state(t);
	bool good = same(have, want);

	free(have);
	return good;
}

static bool marks_are(struct trial *t, const char *want)
{
	char *have = marks(t);
	bool good = same(have, want);

	free(have);
	return good;
}

/* One sentence, and the right one. */
static bool says_why(const struct trial *t)
{
	return !strncmp(t->said, "segctl: ", strlen("segctl: ")) &&
	       (strstr(t->said, "memory") || strstr(t->said, strerror(ENOBUFS)));
}

static bool check_refused(struct trial *t)
{
	t->refused++;
	if (!says_why(t))
		return wrong(t, "it does not say that there is no memory");
	if (t->status != EXIT_REFUSED)
		return wrong(t, "the exit status of a refusal is another one");
	if (!state_is(t, t->before) || !marks_are(t, t->marks))
		return wrong(t, "it was refused, but has changed something");
	return true;
}

/* It was made, whole; and what was before is put back. */
static bool check_made(struct trial *t)
{
	int i;

	t->made++;
	if (!t->wanted)
		t->wanted = state(t);
	if (!state_is(t, t->wanted))
		return wrong(t, "not all of it was made");
	for (i = 0; i < t->n_backs; i++) {
		run(t, t->backs[i], 0);
		if (t->status != EXIT_DONE && t->status != EXIT_PART)
			return wrong(t, t->backs[i]);
	}
	if (!state_is(t, t->before))
		return wrong(t, "what was before is not back");
	free(t->marks);
	t->marks = marks(t);
	return true;
}

/* Once more, and nothing fails. */
static bool check_repaired(struct trial *t)
{
	int status = t->status;
	bool good = true;
	char *first;

	t->refused++;
	if (!says_why(t))
		return wrong(t, "it does not say that there is no memory");
	first = xstrdup(t->said);
	run(t, t->command, 0);
	if (t->status != EXIT_DONE) {
		printf("at first: exit status %d, and said:\n%s", status, first);
		good = wrong(t, "once more, and it fails again");
	}
	free(first);
	return good && check_made(t);
}

static bool try_all(struct trial *t)
{
	bool good = true;

	do {
		run(t, t->command, ++t->n);
		if (!failure.there)
			break;
		if (t->status == EXIT_DONE || (all_messages && t->status == EXIT_PART))
			good = check_made(t);
		else
			good = t->repair ? check_repaired(t) : check_refused(t);
	} while (good);
	if (!good)
		return false;
	return t->status == EXIT_DONE ? check_made(t) : wrong(t, "nothing has failed");
}

int main(int argc, char **argv)
{
	struct trial t = { .c = { .actor = "failnth" } };
	bool good;
	int opt;

	while ((opt = getopt(argc, argv, "arn:")) > 0) {
		all_messages |= opt == 'a';
		t.repair |= opt == 'r';
		if (opt == 'n')
			t.c.netns = optarg;
	}
	if (optind == argc)
		die("no command");
	t.command = argv[optind];
	t.backs = argv + optind + 1;
	t.n_backs = argc - optind - 1;
	real_sendmsg = dlsym(RTLD_NEXT, "sendmsg");
	t.out = memfd_create("said", MFD_CLOEXEC);
	if (t.out < 0 || ctl_open(&t.c))
		die("set-up");
	t.before = state(&t);
	t.marks = marks(&t);
	good = try_all(&t) && t.refused;
	printf("%u times refused, %u times made\n", t.refused, t.made);
	return !good;
}
