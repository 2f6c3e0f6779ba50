// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What every verb needs: the handle, who acts, and how failures are told
 */
#include <pwd.h>
#include <stdarg.h>
#include <unistd.h>

#include "segctl.h"

static void vsay(const char *prefix, const char *fmt, va_list ap)
{
	char raw[1024], text[2048];

	vsnprintf(raw, sizeof(raw), fmt, ap);
	/* stderr is a terminal more often than not */
	fprintf(stderr, "segctl: %s%s\n", prefix, text_escape(raw, text, sizeof(text)));
}

void ctl_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay("", fmt, ap);
	va_end(ap);
}

int ctl_usage(struct ctl *c, const char *fmt, ...)
{
	char prefix[64] = "";
	va_list ap;

	if (c->verb)
		snprintf(prefix, sizeof(prefix), "%s: ", c->verb);
	va_start(ap, fmt);
	vsay(prefix, fmt, ap);
	va_end(ap);
	fprintf(stderr, "segctl %s --help shows how it is used\n", c->verb ? c->verb : "");
	return EXIT_USAGE;
}

int ctl_code(int err)
{
	if (err == -ENOENT || err == -ENODEV)
		return EXIT_NONE;
	return err == -ENOPKG ? EXIT_MODULE : EXIT_REFUSED;
}

int ctl_fail(struct ctl *c, int err, const char *what)
{
	const char *subject = seg_subject(c->h);

	ctl_warn("%s%s%s%s%s", what ? what : "", what ? ": " : "", subject, *subject ? ": " : "",
		 seg_strerror(c->h));
	return ctl_code(err);
}

const char *ctl_actor_name(const struct ctl *c, char buf[32])
{
	const char *name = c->actor;
	struct passwd *pw;

	if (!name || !*name)
		name = getenv("SEGCTL_ACTOR");
	if (!name || !*name)
		name = getenv("SUDO_USER");
	if (!name || !*name)
		name = getlogin();
	if (!name || !*name) {
		pw = getpwuid(getuid());
		name = pw ? pw->pw_name : NULL;
	}
	if (!name) {
		snprintf(buf, 32, "uid %u", (unsigned int)getuid());
		name = buf;
	}
	return name;
}

int ctl_actor(struct ctl *c)
{
	char buf[32];

	if (!seg_set_actor(c->h, ctl_actor_name(c, buf)))
		return EXIT_DONE;
	ctl_warn("%s", seg_strerror(c->h));
	return EXIT_USAGE;
}

int ctl_open(struct ctl *c)
{
	int err;

	if (c->h)
		return EXIT_DONE;
	err = seg_open(&c->h, c->netns);
	if (err) {
		ctl_warn("%s", seg_strerror(c->h));
		return err == -ENOPKG ? EXIT_MODULE : err == -ENOENT ? EXIT_NONE : EXIT_REFUSED;
	}
	return ctl_actor(c);
}

bool ctl_dry(struct ctl *c)
{
	struct seg_status st;
	int err = seg_open(&c->h, c->netns);

	if (!err)
		err = seg_set_actor(c->h, c->actor ? c->actor : "dry-run");
	if (!err)
		err = seg_status_get(c->h, &st);
	if (err)
		ctl_warn("what it would change cannot be told: %s", seg_strerror(c->h));
	return !err;
}

int ctl_open_bare(struct ctl *c, int argc, char **argv)
{
	return opt_parse(c, argc, argv, NULL, 0, 0) < 0 ? EXIT_USAGE : ctl_open(c);
}
