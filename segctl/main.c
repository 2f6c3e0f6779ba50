// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl: the command line of simseg
 */
#include <unistd.h>

#include "feed.h"

#ifndef SEG_VERSION
#define SEG_VERSION "unknown"
#endif

static const struct cmd cmds[] = {
	{ "status", cmd_status, "", "show whether the gate is closed (also without a verb)",
	  "The first line is \"OK: ...\", or what is open; then the exit code is 3." },
	{ "apply", cmd_apply,
	  "FILE [--open-pool PREFIX]... [--strict] [--dry-run]\n"
	  "                     [--confirm-within TIME | --revert-after TIME]",
	  "put a ruleset file in force",
	  "Everything in the file is checked before anything is sent. FILE may be '-'.\n"
	  "  --open-pool PREFIX  this pool may go: its addresses are no longer governed\n"
	  "  --strict            refuse ICCIDs whose check digit is wrong\n"
	  "  --dry-run           only check the file, and show what it would change\n"
	  "  --confirm-within T  go back unless `segctl confirm` comes within T (90s, 15m, 2h)\n"
	  "  --revert-after T    go back after T: a change window" },
	{ "diff", cmd_diff, "FILE", "show what applying a file would change", NULL },
	{ "confirm", cmd_confirm, "", "keep a ruleset that was applied with --confirm-within",
	  NULL },
	{ "revert", cmd_revert, "", "put the ruleset before one on trial back, now", NULL },
	{ "save", cmd_save, "[FILE]", "write the whole state: ruleset, devices, quarantine",
	  "FILE is replaced whole or not at all; without it, or with '-': standard output." },
	{ "restore", cmd_restore, "FILE", "put a saved state in force again",
	  "Quarantines first. Of each deadline the earlier counts: what was left, or the\n"
	  "clock on the wall, if that is not behind the time of saving." },
	{ "flush", cmd_flush, "", "take away policies, devices and sessions, not pools", NULL },
	{ "disarm", cmd_disarm, "--reason T", "open the gate: nothing is judged any more",
	  "Takes XDP off the interfaces and the record program away as well, so that\n"
	  "the module can be unloaded." },
	{ "arm", cmd_arm, "", "close the gate again", NULL },
	{ "device", cmd_device,
	  "add ICCID policy NAME [addr A]... [dev IF] [asset T] [--strict] |\n"
	  "                     del ICCID | show ICCID|ADDR|ASSET | list |\n"
	  "                     load FILE.csv [--strict] [--dry-run] | dump [FILE.csv]",
	  "devices, by ICCID",
	  "load adds the devices of a CSV file, or makes them equal to it, in one step:\n"
	  "columns iccid, policy, addr, dev, asset, by name in the first line. FILE may\n"
	  "be '-'. Devices that it lacks stay. dump writes the same columns.\n"
	  "  --strict            refuse ICCIDs whose check digit is wrong\n"
	  "  --dry-run           only check the file, and show what it would change" },
	{ "bind", cmd_bind, "ICCID ADDR [dev IF]", "give a device an address",
	  "With dev, the address has to arrive there: a name, or a pattern as 'wwan*'." },
	{ "unbind", cmd_unbind, "ICCID [ADDR]...", "take addresses from a device: all, or these",
	  NULL },
	{ "quarantine", cmd_quarantine,
	  "ICCID|ADDR|ASSET... | - | --policy NAME [--reason T] [--allow PEER]...\n"
	  "                         [--for TIME] [--unknown] [--flush-queues] [--dry-run]",
	  "cut devices off, now",
	  "All of them, or none if one of them cannot be found. '-' reads a list: an ICCID,\n"
	  "address or asset id a line, # begins a comment.\n"
	  "  --policy NAME   every device of that policy\n"
	  "  --allow PEER    a prefix or peer set that may still talk to them\n"
	  "  --for TIME      it ends by itself: 30s, 15m, 2h, 1d, 1h30m\n"
	  "  --unknown       hold an ICCID that is not known yet\n"
	  "  --flush-queues  throw away what waits in the queues below IP, of anybody\n"
	  "  --dry-run       only list the devices and count their sessions" },
	{ "release", cmd_release, "ICCID|ADDR|ASSET... | - | --policy NAME --reason T [--dry-run]",
	  "end quarantines", "Devices as in quarantine; of a policy, those that are quarantined." },
	{ "grant", cmd_grant,
	  "ICCID|ADDR|ASSET in|out PROTO[/PORT[-PORT]] peer PEER --for TIME\n"
	  "                    --ticket T --reason T [--iif IF|PATTERN] |\n"
	  "                    list [--device ICCID|ADDR|ASSET]",
	  "allow one device something more, for a while",
	  "One rule on one device, on top of its policy, that ends by itself. The kernel\n"
	  "refuses it without actor, ticket, reason and time.\n"
	  "  peer PEER  an address or prefix, a peer set, self or any\n"
	  "  --for TIME as 30s, 15m, 2h, 1d or 1h30m, up to the setting grant_max\n"
	  "  --iif IF   only for sessions whose first packet arrives there" },
	{ "revoke", cmd_revoke, "ID | --actor NAME | --ticket T [--reason T]",
	  "end a grant, or all of an actor or for a ticket, now",
	  "With an ID or --ticket, --actor is who does it, as for every verb." },
	{ "find", cmd_find, "TEXT", "devices whose ICCID, asset id, address or policy has TEXT",
	  NULL },
	{ "policy", cmd_policy, "list | show NAME", "policies in force", NULL },
	{ "peer", cmd_peer,
	  "list | show NAME | add NAME PREFIX... [--for TIME] |\n"
	  "                     del NAME [PREFIX]... | replace NAME [PREFIX]...",
	  "named sets of peers",
	  "A '-' in the place of a PREFIX: one a line from standard input.\n"
	  "  --for TIME  the prefixes go by themselves after it (90s, 15m, 2h)" },
	{ "session", cmd_session, "list [--device ICCID|ADDR|ASSET] | kill ID", "live sessions",
	  NULL },
	{ "stats", cmd_stats, "", "packets by reason, and by interface",
	  "Of each interface, in wire packets:\n"
	  "  DEVICE-RX = RX + OTHER (frames that are not IP) + REMAINDER\n"
	  "  RX = XDP-DROP + GUARD-DROP + PREROUTING + REMAINDER\n"
	  "  PREROUTING = PASS + ALLOW + DENY (the floor's) + MERGED (fragments) + STACK\n"
	  "Both remainders are 0 when each packet was counted once. STACK is what routing\n"
	  "and other rulesets took before the floor." },
	{ "monitor", cmd_monitor,
	  "[--device ICCID] [--verdict allow|deny] [--reason R] [--policy P]\n"
	  "                      [--peer ADDR|PREFIX] [--socket PATH]",
	  "records of sessions, denies, changes, as they come",
	  "From the agent if one runs; else out of the kernel, where nobody finds them again.\n"
	  "With one of these only records that match all of them, and gaps:\n"
	  "  --device ICCID    it is at one of the two ends\n"
	  "  --verdict V       allow: sessions; deny: what was denied\n"
	  "  --reason R        as in the records: a verdict's, or why a session ended\n"
	  "  --policy P        by which it was decided\n"
	  "  --peer A          one of the two ends is there" },
#ifdef SEG_WITH_AUDIT
	{ "agent", cmd_agent,
	  "[--dir DIR] [--socket PATH] [--ring SIZE] [--deny-ring SIZE]\n"
	  "                    [--segment-records N] [--checkpoint TIME] [--anchor FILE]\n"
	  "                    [--hook COMMAND] [--keep TIME] [--keep-size SIZE] [--small]",
	  "store every record, as long as it runs",
	  "Takes the records out of the kernel when they are on the disk, and hands them to\n"
	  "monitors. SIGTERM ends it when the ring is empty.\n"
	  "  --dir DIR           the black box, /var/lib/simseg/audit\n"
	  "  --socket PATH       for monitors, " FEED_SOCKET "\n"
	  "  --ring SIZE         of the ring in the kernel, a power of two: 4M\n"
	  "  --deny-ring SIZE    of the one for denies: 1M\n"
	  "  --segment-records N after which a segment of the box is sealed\n"
	  "  --checkpoint TIME   at least so often\n"
	  "  --anchor FILE       gets each checkpoint, too\n"
	  "  --hook COMMAND      gets each checkpoint on its standard input\n"
	  "  --keep TIME         what is older goes, in whole segments; `segctl hold` keeps it\n"
	  "  --keep-size SIZE    of all segments; the oldest go\n"
	  "  --small             for a router with 128 MB: rings 512K and 128K, small segments,\n"
	  "                      64M of them" },
#endif
	{ "log", cmd_log, "[--last N] [--follow]", "who has changed what, and why",
	  "The module keeps the last 1024 changes, and as many that it makes itself.\n"
	  "  --last N  only the last N of them\n"
	  "  --follow  then go on with what comes" },
#ifdef SEG_WITH_AUDIT
	{ "audit", cmd_audit,
	  "verify [DIR] [--from TIME] [--to TIME] [--key FILE|KEY] [--anchor FILE] |\n"
	  "                    key [DIR] | status [DIR] [--check] | reindex [DIR] |\n"
	  "                    purge [DIR] [--older TIME] [--size BYTES] [--limit N] |\n"
	  "                    reconcile [--dir DIR] [--wait TIME]",
	  "the black box of all records: prove it, or show its key",
	  "verify needs neither the module nor root, and works on a copy. It names the first\n"
	  "record that is not as it was written. Exit codes: 0 proven, 3 proven but for the\n"
	  "spans and losses that it names, 6 forged or damaged.\n"
	  "  --key KEY      what 'segctl audit key' printed when the box was new\n"
	  "  --anchor FILE  checkpoints that were kept elsewhere\n"
	  "  --from, --to   only segments with records of that time (UTC)\n"
	  "status says what the index has; reindex makes it anew from the records; purge\n"
	  "takes whole segments from the front, none with a record of a held device.\n"
	  "  --check        look at every page of the index\n"
	  "  --older TIME   segments whose newest record is older: RFC 3339, or as 90d\n"
	  "  --size BYTES   until all segments together are no larger, as 500M, 20G\n"
	  "  --limit N      at most N segments\n"
	  "reconcile holds the records against the module's own counters, each of which is\n"
	  "read before and after: the records must lie between. It looks again every second\n"
	  "until they do, as denies are folded for a while. Exit codes: 0 equal, 3 different\n"
	  "by what it names, 6 different for no reason.\n"
	  "  --wait TIME    how long; without it deny_interval and 5 s; 0: look once" },
	{ "records", cmd_records,
	  "[--device ICCID] [--asset A] [--peer ADDR|PREFIX] [--reason NAME]\n"
	  "                      [--kind K] [--rule POLICY-ID/RULE|LABEL] [--session ID]\n"
	  "                      [--from TIME] [--to TIME] [--limit N]\n"
	  "                      [--by device|peer|rule|reason] [--dir DIR]",
	  "stored records, the newest last",
	  "Needs neither the module nor the agent. TIME is RFC 3339, or how long ago: 2h.\n"
	  "  --device ICCID  on either side, and changes that name it\n"
	  "  --peer PREFIX   either address\n"
	  "  --asset, --rule LABEL  what a session was opened with counts for all of it\n"
	  "  --reason NAME   of a deny or an opened session, or why a session ended\n"
	  "  --kind K        open, update, close, deny, config, gap\n"
	  "  --limit N       the newest N (100); 0: all\n"
	  "  --by WHAT       sums, of a session what it carried in all" },
	{ "hold", cmd_hold, "ICCID --reason T [--dir DIR] | --list [--dir DIR]",
	  "keep a device's records, whatever their age", NULL },
	{ "unhold", cmd_unhold, "ICCID [--dir DIR]", "let them go when their time comes", NULL },
#endif
	{ "explain", cmd_explain, "SRC DST PROTO PORT [--sport PORT] [--dev IF]",
	  "what would become of a packet, and why",
	  "Asks the kernel's own verdict function. PORT is '-' for protocols without." },
	{ "attach", cmd_attach,
	  "IF|PATTERN --side sim|net [--mode auto|native|generic|none]\n"
	  "                     [--forward [--force]] |\n"
	  "                     --matching [IF|PATTERN]",
	  "say what lies behind an interface, and attach XDP",
	  "auto: native where the driver can, else generic, else the floor alone.\n"
	  "  --matching  attach XDP where an interface that has its side already lacks it,\n"
	  "              because it has vanished and come back; silent if none does" },
	{ "detach", cmd_detach, "IF|PATTERN", "take XDP and the side off an interface", NULL },
};

#define N_CMDS (sizeof(cmds) / sizeof(cmds[0]))

static void usage(FILE *out)
{
	size_t i;

	fputs("usage: segctl [-j] [-n NETNS] [--actor NAME] [VERB ...]\n\n", out);
	for (i = 0; i < N_CMDS; i++)
		fprintf(out, "  %-11s %s\n", cmds[i].name, cmds[i].help);
	fputs("\n  -j, --json          JSON\n"
	      "  -n, --netns NETNS   a network namespace: a name in /run/netns, or a path\n"
	      "      --actor NAME    who does it; else SEGCTL_ACTOR, SUDO_USER, login name\n"
	      "  -h, --help          this, or the help of a verb\n"
	      "  -V, --version\n\n"
	      "Exit codes: 0 done, 1 usage or bad file, 2 refused by the kernel, 3 done in part\n"
	      "or paths left open, 4 no such thing, 5 module not loaded. See segctl(8).\n",
	      out);
}

static void usage_cmd(const struct cmd *cmd, FILE *out)
{
	fprintf(out, "usage: segctl %s%s%s\n%s\n", cmd->name, *cmd->args ? " " : "", cmd->args,
		cmd->help);
	if (cmd->more)
		fprintf(out, "\n%s\n", cmd->more);
}

static const struct cmd *cmd_find_name(const char *name)
{
	size_t i, distance, best = text_slip(name) + 1;
	const char *near = NULL;

	for (i = 0; i < N_CMDS; i++) {
		if (!strcmp(cmds[i].name, name))
			return &cmds[i];
		distance = text_distance(name, cmds[i].name, best - 1);
		if (distance < best) {
			best = distance;
			near = cmds[i].name;
		}
	}
	if (near)
		ctl_warn("no verb '%s'; did you mean %s?", name, near);
	else
		ctl_warn("no verb '%s': segctl --help lists them", name);
	return NULL;
}

/* What the global options say; -1: bad usage. */
struct globals {
	bool help, version;
	int argc;
};

static int global_value(struct ctl *c, char **argv, int *i, int argc, const char *arg)
{
	const char *equals = strncmp(arg, "--", 2) ? NULL : strchr(arg, '=');
	const char *value = equals ? equals + 1 : *i + 1 < argc ? argv[++*i] : NULL;

	if (!value || !*value) {
		ctl_usage(c, "%s needs a value", arg);
		return -1;
	}
	if (!strncmp(arg, "--actor", 7))
		c->actor = value;
	else
		c->netns = value;
	return 0;
}

static bool arg_is(const char *arg, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(arg, name, len) && (!arg[len] || arg[len] == '=');
}

/* Take the global options out of @argv, wherever they stand. */
static int globals_parse(struct ctl *c, struct globals *g, int argc, char **argv)
{
	int i, n = 0;

	for (i = 0; i < argc; i++) {
		const char *arg = argv[i];

		if (!strcmp(arg, "--")) {
			while (i < argc)
				argv[n++] = argv[i++];
			break;
		}
		if (!strcmp(arg, "-j") || !strcmp(arg, "--json")) {
			c->json = true;
		} else if (!strcmp(arg, "-h") || !strcmp(arg, "--help")) {
			g->help = true;
		} else if (!strcmp(arg, "-V") || !strcmp(arg, "--version")) {
			g->version = true;
		} else if (!strcmp(arg, "-n") || arg_is(arg, "--netns") || arg_is(arg, "--actor")) {
			if (global_value(c, argv, &i, argc, arg))
				return -1;
		} else {
			argv[n++] = argv[i];
			if (opt_takes_value(arg) && i + 1 < argc)
				argv[n++] = argv[++i];
		}
	}
	g->argc = n;
	return 0;
}

static int run(struct ctl *c, int argc, char **argv)
{
	const struct cmd *cmd = &cmds[0];
	struct globals g = { 0 };
	int ret;

	if (globals_parse(c, &g, argc, argv))
		return EXIT_USAGE;
	argc = g.argc;
	if (g.version) {
		puts("segctl " SEG_VERSION);
		return EXIT_DONE;
	}
	if (argc && strcmp(argv[0], "help")) {
		cmd = cmd_find_name(argv[0]);
		if (!cmd)
			return EXIT_USAGE;
		argc--;
		argv++;
	} else if (argc || g.help) {
		cmd = argc > 1 ? cmd_find_name(argv[1]) : NULL;
		if (argc > 1 && !cmd)
			return EXIT_USAGE;
		if (cmd)
			usage_cmd(cmd, stdout);
		else
			usage(stdout);
		return EXIT_DONE;
	}
	if (g.help) {
		usage_cmd(cmd, stdout);
		return EXIT_DONE;
	}
	c->verb = cmd->name;
	ret = cmd->run(c, argc, argv);
	seg_close(c->h);
	return ret;
}

int main(int argc, char **argv)
{
	const char *no_color = getenv("NO_COLOR");
	struct ctl c = { 0 };
	int ret;

	c.color = isatty(STDOUT_FILENO) && !(no_color && *no_color);
	ret = run(&c, argc ? argc - 1 : 0, argv + 1);
	/* A full disk or a closed pipe must not look like success. */
	if (fflush(stdout) || ferror(stdout)) {
		ctl_warn("cannot write: %s", strerror(errno));
		return ret ? ret : EXIT_PART;
	}
	return ret;
}
