// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl log
 */
#include "segctl.h"

/* A command as people ask for it. */
static const char *const commands[] = {
	[SIMSEG_CMD_RULESET_COMMIT] = "apply",
	[SIMSEG_CMD_PEER_ADD] = "peer add",
	[SIMSEG_CMD_PEER_DEL] = "peer del",
	[SIMSEG_CMD_DEVICE_NEW] = "device add",
	[SIMSEG_CMD_DEVICE_DEL] = "device del",
	[SIMSEG_CMD_BINDING_NEW] = "bind",
	[SIMSEG_CMD_BINDING_DEL] = "unbind",
	[SIMSEG_CMD_QUARANTINE] = "quarantine",
	[SIMSEG_CMD_RELEASE] = "release",
	[SIMSEG_CMD_FLUSH] = "flush",
	[SIMSEG_CMD_DISARM] = "disarm",
	[SIMSEG_CMD_ARM] = "arm",
	[SIMSEG_CMD_SESSION_DEL] = "session kill",
	[SIMSEG_CMD_IFACE_SET] = "attach",
	[SIMSEG_CMD_IFACE_DEL] = "detach",
	[SIMSEG_CMD_CONFIRM] = "confirm",
	[SIMSEG_CMD_REVERT] = "revert",
	[SIMSEG_CMD_GRANT_NEW] = "grant",
	[SIMSEG_CMD_GRANT_DEL] = "revoke",
};

struct reader {
	struct ctl *c;
	struct js_list json;
	bool follow;
	uint64_t seq; /* of the last one that was printed */
};

static const char *command_name(uint8_t command, char buf[16])
{
	if (command < sizeof(commands) / sizeof(commands[0]) && commands[command])
		return commands[command];
	snprintf(buf, 16, "command %u", command);
	return buf;
}

struct json_object *change_json(const struct seg_change *ch)
{
	struct json_object *o = json_object_new_object();
	char buf[2 * SIMSEG_HASH_LEN + 1];

	js_num(o, "seq", ch->seq);
	js_str(o, "real", out_clock(ch->real, buf));
	js_num(o, "real_ns", ch->real);
	js_num(o, "time_ns", ch->time);
	js_str(o, "command", command_name(ch->command, buf));
	js_str(o, "subject", ch->subject);
	js_str(o, "actor", ch->actor);
	js_str(o, "reason", ch->reason);
	js_str(o, "ticket", ch->ticket);
	js_bool(o, "kernel", !ch->pid);
	js_num(o, "pid", ch->pid);
	js_num(o, "uid", ch->uid);
	if (ch->loginuid == UINT32_MAX)
		js_str(o, "loginuid", NULL);
	else
		js_num(o, "loginuid", ch->loginuid);
	js_str(o, "comm", ch->comm);
	js_num(o, "generation", ch->generation);
	js_str(o, "hash", out_hex(ch->hash, sizeof(ch->hash), buf));
	js_num(o, "devices", ch->devices);
	js_num(o, "sessions", ch->sessions);
	return o;
}

/* Who it was by the kernel's own knowledge. */
static void print_who(const struct seg_change *ch)
{
	if (!ch->pid) {
		fputs("the module itself", stdout);
		return;
	}
	printf("uid %u, ", ch->uid);
	if (ch->loginuid != UINT32_MAX)
		printf("login %u, ", ch->loginuid);
	out_text(ch->comm ? ch->comm : "?");
	printf(" %u", ch->pid);
}

void change_print(const struct seg_change *ch)
{
	char buf[48], hash[9];

	printf("%llu  %s  ", (unsigned long long)ch->seq, out_clock(ch->real, buf));
	out_text(ch->actor ? ch->actor : "?");
	fputs(" (", stdout);
	print_who(ch);
	printf(")  %s", command_name(ch->command, buf));
	if (ch->subject) {
		putchar(' ');
		out_text(ch->subject);
	}
	if (ch->ticket || ch->reason)
		fputs("  as given:", stdout);
	if (ch->ticket) {
		fputs(" ticket ", stdout);
		out_text(ch->ticket);
	}
	if (ch->reason) {
		putchar(' ');
		out_text(ch->reason);
	}
	if (ch->devices)
		printf("  %u device%s", ch->devices, ch->devices == 1 ? "" : "s");
	if (ch->sessions)
		printf("  %u session%s cut", ch->sessions, ch->sessions == 1 ? "" : "s");
	printf("  generation %u %s\n", ch->generation, out_hex(ch->hash, 4, hash));
}

static int change_seen(const struct seg_change *ch, void *arg)
{
	struct reader *r = arg;

	if (ch->seq <= r->seq)
		return 0; /* it came while the log was read */
	if (r->seq && ch->seq != r->seq + 1)
		ctl_warn("%llu changes are missing here",
			 (unsigned long long)(ch->seq - r->seq - 1));
	r->seq = ch->seq;
	if (!r->c->json)
		change_print(ch);
	else if (r->follow)
		js_print(change_json(ch));
	else
		js_list_add(&r->json, change_json(ch));
	return 0;
}

static int log_follow(struct reader *r, struct seg_handle *h)
{
	int err = 0;

	/* who reads a pipe wants each change as it comes */
	while (!err && !fflush(stdout))
		err = seg_log_wait(h, -1, change_seen, r);
	return err;
}

static int log_read(struct reader *r, uint32_t last)
{
	struct seg_handle *events = NULL;
	struct ctl *c = r->c;
	int err = 0, ret = EXIT_DONE;

	/* it listens first, so that nothing is lost between the two */
	if (r->follow)
		err = seg_open(&events, c->netns);
	if (r->follow && !err)
		err = seg_log_join(events);
	if (!err) {
		if (c->json && !r->follow)
			js_list_begin(&r->json);
		err = seg_log_list(c->h, last, change_seen, r);
		if (c->json && !r->follow)
			js_list_end(&r->json);
		if (err && err != -EAGAIN)
			ret = ctl_fail(c, err, NULL);
		err = r->follow && !ret ? log_follow(r, events) : 0;
	}
	if (err) {
		ctl_warn("%s", seg_strerror(events));
		ret = EXIT_REFUSED;
	}
	seg_close(events);
	return ret;
}

int cmd_log(struct ctl *c, int argc, char **argv)
{
	struct reader r = { .c = c };
	const char *last = NULL;
	const struct opt opts[] = {
		{ "--last", OPT_VALUE, &last },
		{ "--follow", OPT_FLAG, &r.follow },
		{ 0 },
	};
	unsigned long n = 0;
	char *end;
	int ret;

	if (opt_parse(c, argc, argv, opts, 0, 0) < 0)
		return EXIT_USAGE;
	if (last)
		n = strtoul(last, &end, 10);
	if (last && (*last < '1' || *last > '9' || *end || n > UINT32_MAX))
		return ctl_usage(c, "bad number of changes '%s'", last);
	ret = ctl_open(c);
	return ret ? ret : log_read(&r, (uint32_t)n);
}
