// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A ruleset file from the disk or from standard input
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "segctl.h"

#define FILE_MAX ((size_t)1 << 30)

/* The whole of a file; NULL, and it has been said why. */
static char *slurp(const char *name, size_t *len)
{
	int fd = strcmp(name, "-") ? open(name, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);
	char *text = NULL;
	size_t room = 0;
	ssize_t n = -1;

	*len = 0;
	if (fd < 0) {
		ctl_warn("%s: %s", name, strerror(errno));
		return NULL;
	}
	do {
		/* grow() doubles: a large file is read in few steps */
		while (room - *len < 65536)
			grow(&text, &room, room, 1);
		n = read(fd, text + *len, room - *len - 1);
		if (n > 0)
			*len += (size_t)n;
	} while ((n > 0 && *len <= FILE_MAX) || (n < 0 && errno == EINTR));
	if (n < 0 || *len > FILE_MAX) {
		ctl_warn("%s: %s", name, strerror(n < 0 ? errno : EFBIG));
		free(text);
		text = NULL;
	} else {
		text[*len] = '\0';
	}
	close(fd);
	return text;
}

struct file *file_load(const char *name, bool strict, bool state)
{
	const char *shown = strcmp(name, "-") ? name : "<stdin>";
	struct file *f;
	char *text;
	size_t len;

	text = slurp(name, &len);
	if (!text)
		return NULL;
	f = file_read(text, len, strict);
	if (f->at_state.line && !state)
		diag_error(&f->diags, f->at_state,
			   "apply touches no quarantine: `segctl restore` takes a saved state");
	diags_print(&f->diags, shown, text, len, stderr);
	free(text);
	if (!f->diags.errors)
		return f;
	ctl_warn("%zu error%s in %s: nothing has changed", f->diags.errors,
		 f->diags.errors == 1 ? "" : "s", shown);
	file_free(f);
	return NULL;
}
