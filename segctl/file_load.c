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

/* All that comes out of a pipe or a terminal; NULL, and errno says why. */
static char *slurp(int fd, size_t *len)
{
	char *text = NULL;
	size_t room = 0;
	ssize_t n = -1;

	*len = 0;
	do {
		/* grow() doubles: much is read in few steps */
		while (room - *len < 65536)
			grow(&text, &room, room, 1);
		n = read(fd, text + *len, room - *len);
		if (n > 0)
			*len += (size_t)n;
	} while ((n > 0 && *len <= FILE_MAX) || (n < 0 && errno == EINTR));
	if (!n)
		return text;
	if (n > 0)
		errno = EFBIG;
	free(text);
	return NULL;
}

/* As it is now, where it can be read again; else all of it. *@text is to be freed. */
static bool source_open(struct source *s, int fd, char **text)
{
	struct stat st;

	*s = (struct source){ .fd = fd, .base = lseek(fd, 0, SEEK_CUR) };
	if (s->base >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > s->base &&
	    (uint64_t)(st.st_size - s->base) <= FILE_MAX) {
		s->len = (size_t)(st.st_size - s->base);
		return true;
	}
	*text = slurp(fd, &s->len);
	s->text = *text;
	return *text;
}

static struct file *load(struct source *s, const char *shown, bool strict, bool state)
{
	struct file *f = file_read_source(s, strict);

	if (f->at_state.line && !state)
		diag_error(&f->diags, f->at_state,
			   "apply touches no quarantine: `segctl restore` takes a saved state");
	if (!s->err)
		diags_print(&f->diags, shown, s, stderr);
	if (!s->err && !f->diags.errors)
		return f;
	if (s->err)
		ctl_warn("%s: %s", shown, strerror(s->err));
	else
		ctl_warn("%zu error%s in %s: nothing has changed", f->diags.errors,
			 f->diags.errors == 1 ? "" : "s", shown);
	file_free(f);
	return NULL;
}

struct file *file_load(const char *name, bool strict, bool state)
{
	int fd = strcmp(name, "-") ? open(name, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);
	const char *shown = strcmp(name, "-") ? name : "<stdin>";
	struct file *f = NULL;
	struct source source;
	char *text = NULL;

	if (fd >= 0 && source_open(&source, fd, &text))
		f = load(&source, shown, strict, state);
	else
		ctl_warn("%s: %s", name, strerror(errno));
	if (fd >= 0)
		close(fd);
	free(text);
	return f;
}
