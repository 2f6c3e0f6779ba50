// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Text: escaping what others wrote, near matches, growing arrays
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "text.h"

#define DISTANCE_LEN 64 /* longer words are not compared */

void no_memory(void)
{
	fputs("segctl: out of memory\n", stderr);
	exit(2);
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		no_memory();
	return p;
}

void *xpages(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		no_memory();
	return p;
}

char *xstrdup(const char *text)
{
	char *p = strdup(text);

	if (!p)
		no_memory();
	return p;
}

char *xprintf(const char *fmt, ...)
{
	char *p = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&p, fmt, ap) < 0)
		no_memory();
	va_end(ap);
	return p;
}

void grow(void *array, size_t *room, size_t n, size_t size)
{
	void *p;

	if (n < *room)
		return;
	*room = n < 8 ? 8 : n * 2;
	memcpy(&p, array, sizeof(p));
	p = reallocarray(p, *room, size);
	if (!p)
		no_memory();
	memcpy(array, &p, sizeof(p));
}

static size_t utf8_decode(const unsigned char *s, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t i, len = *s < 0x80 ? 1 : *s < 0xc2 ? 0 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : 4;

	if (!len || *s >= 0xf5)
		return 0;
	*code = len == 1 ? *s : *s & (0xffU >> (len + 1));
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3f);
	}
	if (*code < least[len] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return len;
}

static bool code_printable(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return false;
	/* marks, embeddings and isolates that reorder what is read */
	if (c == 0x61c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069) || c == 0xfeff)
		return false;
	return true;
}

size_t text_char(const char *s, bool *printable)
{
	uint32_t code = 0;
	size_t len = utf8_decode((const unsigned char *)s, &code);

	*printable = len && code_printable(code);
	return len;
}

char *text_escape(const char *text, char *buf, size_t size)
{
	size_t i, len, at = 0;
	bool printable;

	for (; *text; text += len) {
		len = text_char(text, &printable);
		if (!len)
			len = 1;
		if (at + (printable ? len : 4 * len) + 1 > size)
			break;
		if (printable) {
			memcpy(buf + at, text, len);
			at += len;
			continue;
		}
		for (i = 0; i < len; i++)
			at += (size_t)snprintf(buf + at, 5, "\\x%02x", (unsigned char)text[i]);
	}
	buf[at] = '\0';
	return buf;
}

char *text_utf8(const char *text)
{
	char *p, *out = xcalloc(strlen(text) + 1, 3);
	size_t len;
	bool printable;

	for (p = out; *text; text += len) {
		len = text_char(text, &printable);
		if (len) {
			memcpy(p, text, len);
			p += len;
		} else {
			memcpy(p, "\xef\xbf\xbd", 3);
			p += 3;
			len = 1;
		}
	}
	return out;
}

size_t text_width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

char *text_quote(const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_.,:/@%+=-";
	char *out, *p;

	if (*text && !text[strspn(text, plain)])
		return xstrdup(text);
	out = xcalloc(strlen(text) + 1, 4);
	p = out;
	*p++ = '\'';
	for (; *text; text++) {
		if (*text == '\'') {
			memcpy(p, "'\\''", 4);
			p += 4;
		} else {
			*p++ = *text;
		}
	}
	*p = '\'';
	return out;
}

/* A port at *@text, which moves behind it; 0 if there is none. */
static uint16_t port_parse(const char **text)
{
	const char *p = *text;
	unsigned long value = 0;

	if (*p == '0')
		return 0;
	for (; *p >= '0' && *p <= '9' && value <= UINT16_MAX; p++)
		value = value * 10 + (unsigned long)(*p - '0');
	*text = p;
	return value > UINT16_MAX ? 0 : (uint16_t)value;
}

bool text_ports(const char *text, uint16_t *low, uint16_t *high)
{
	*low = port_parse(&text);
	*high = *low;
	if (*low && *text == '-') {
		text++;
		*high = port_parse(&text);
	}
	return *low && *high && !*text;
}

size_t text_distance(const char *a, const char *b, size_t max)
{
	size_t row[DISTANCE_LEN + 1], la = strlen(a), lb = strlen(b), i, j, diag, next;

	if (la > DISTANCE_LEN || lb > DISTANCE_LEN || (la > lb ? la - lb : lb - la) > max)
		return max + 1;
	for (j = 0; j <= lb; j++)
		row[j] = j;
	for (i = 1; i <= la; i++) {
		diag = row[0];
		row[0] = i;
		for (j = 1; j <= lb; j++) {
			next = diag + (a[i - 1] != b[j - 1]);
			diag = row[j];
			if (row[j] + 1 < next)
				next = row[j] + 1;
			if (row[j - 1] + 1 < next)
				next = row[j - 1] + 1;
			row[j] = next;
		}
	}
	return row[lb] > max ? max + 1 : row[lb];
}

size_t text_slip(const char *text)
{
	size_t len = strlen(text);

	return len < 4 ? 1 : len < 12 ? 2 : 3;
}
