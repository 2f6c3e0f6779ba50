// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A cursor over the events of libyaml
 *
 * Events rather than documents: a file of a million devices is read without
 * being held twice. What the file format leaves out of YAML (anchors, aliases,
 * tags, several documents) is reported here and nowhere else.
 */
#include <string.h>

#include "file.h"

static struct mark mark_of(yaml_mark_t m)
{
	return (struct mark){ .line = (uint32_t)m.line + 1, .column = (uint32_t)m.column + 1 };
}

struct mark yaml_mark(const struct yaml *y)
{
	return mark_of(y->event.start_mark);
}

/* libyaml gives a byte, not a place, for what is not text at all. */
static struct mark mark_at(struct source *source, size_t offset)
{
	char found;

	return yaml_input_find(source, offset, (struct mark){ UINT32_MAX, 0 }, &found);
}

static char char_at(struct source *source, struct mark at)
{
	char found;

	yaml_input_find(source, SIZE_MAX, at, &found);
	return found;
}

static void yaml_syntax(struct yaml *y)
{
	const yaml_parser_t *p = &y->parser;
	struct mark at = mark_of(p->problem_mark);
	struct source *source = y->input.source;

	y->dead = true;
	/* tabs behind it count as well: they spare what may follow from them */
	yaml_input_drain(&y->input);
	if (source->err)
		return;
	if (p->error == YAML_MEMORY_ERROR)
		diag_error(y->diags, at, "out of memory");
	else if (p->error == YAML_READER_ERROR)
		diag_error(y->diags, mark_at(source, p->problem_offset), "%s", p->problem);
	else if (char_at(source, at) == '\t')
		diag_error(y->diags, at, "a tab: write spaces");
	else if (!y->input.tabs)
		diag_error(y->diags, at, "%s%s%s", p->context ? p->context : "",
			   p->context ? ": " : "", p->problem ? p->problem : "bad syntax");
}

static void yaml_refuse(struct yaml *y, const char *what)
{
	diag_error(y->diags, yaml_mark(y), "%s", what);
}

static void yaml_event_check(struct yaml *y)
{
	const yaml_event_t *e = &y->event;
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (e->type == YAML_ALIAS_EVENT) {
		yaml_refuse(y, "aliases are not taken: write it out");
	} else if (e->type == YAML_SCALAR_EVENT) {
		anchor = e->data.scalar.anchor;
		tag = e->data.scalar.tag;
	} else if (e->type == YAML_SEQUENCE_START_EVENT) {
		anchor = e->data.sequence_start.anchor;
		tag = e->data.sequence_start.tag;
	} else if (e->type == YAML_MAPPING_START_EVENT) {
		anchor = e->data.mapping_start.anchor;
		tag = e->data.mapping_start.tag;
	}
	if (anchor)
		yaml_refuse(y, "anchors are not taken");
	if (tag)
		yaml_refuse(y, "tags are not taken");
	if (e->type == YAML_SEQUENCE_START_EVENT || e->type == YAML_MAPPING_START_EVENT)
		y->depth++;
	if (e->type == YAML_SEQUENCE_END_EVENT || e->type == YAML_MAPPING_END_EVENT)
		y->depth--;
	/* libyaml takes time with the square of the depth. */
	if (y->depth > YAML_DEPTH_MAX) {
		yaml_refuse(y, "nested too deeply");
		y->dead = true;
	}
}

static void yaml_next(struct yaml *y)
{
	yaml_event_delete(&y->event);
	if (y->dead)
		return;
	if (!yaml_parser_parse(&y->parser, &y->event)) {
		memset(&y->event, 0, sizeof(y->event));
		yaml_syntax(y);
		return;
	}
	yaml_event_check(y);
	if (y->event.type == YAML_STREAM_END_EVENT)
		y->dead = true;
}

static int yaml_read(void *data, unsigned char *buf, size_t size, size_t *len)
{
	struct yaml *y = data;

	*len = yaml_input_read(&y->input, (char *)buf, size);
	return !y->input.source->err;
}

void yaml_open(struct yaml *y, struct source *source, struct diags *diags)
{
	memset(y, 0, sizeof(*y));
	y->diags = diags;
	yaml_input(&y->input, source, diags);
	if (!yaml_parser_initialize(&y->parser)) {
		y->dead = true;
		diag_error(diags, (struct mark){ 1, 1 }, "out of memory");
		return;
	}
	yaml_parser_set_encoding(&y->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input(&y->parser, yaml_read, y);
	yaml_next(y); /* start of the stream */
	yaml_next(y); /* start of the document */
	if (y->event.type == YAML_DOCUMENT_START_EVENT)
		yaml_next(y);
}

void yaml_close(struct yaml *y)
{
	yaml_event_delete(&y->event);
	yaml_parser_delete(&y->parser);
}

void yaml_finish(struct yaml *y)
{
	if (y->event.type == YAML_DOCUMENT_END_EVENT)
		yaml_next(y);
	if (!y->dead)
		diag_error(y->diags, yaml_mark(y), "more than one document");
	yaml_input_drain(&y->input);
}

void yaml_skip(struct yaml *y)
{
	unsigned int depth = 0;

	do {
		if (y->event.type == YAML_SEQUENCE_START_EVENT ||
		    y->event.type == YAML_MAPPING_START_EVENT)
			depth++;
		else if (depth && (y->event.type == YAML_SEQUENCE_END_EVENT ||
				   y->event.type == YAML_MAPPING_END_EVENT))
			depth--;
		yaml_next(y);
	} while (depth && !y->dead);
}

bool yaml_is_seq(const struct yaml *y)
{
	return y->event.type == YAML_SEQUENCE_START_EVENT;
}

bool yaml_is_map(const struct yaml *y)
{
	return y->event.type == YAML_MAPPING_START_EVENT;
}

static const char *yaml_kind(const struct yaml *y)
{
	switch (y->event.type) {
	case YAML_SEQUENCE_START_EVENT:
		return "a list";
	case YAML_MAPPING_START_EVENT:
		return "a mapping";
	case YAML_SCALAR_EVENT:
		return y->event.data.scalar.length ? "a single value" : "nothing";
	default:
		return "something else";
	}
}

static void yaml_unexpected(struct yaml *y, const char *what)
{
	/* an alias has been reported, and nothing is left to report at the end */
	if (!y->dead && y->event.type != YAML_ALIAS_EVENT)
		diag_error(y->diags, yaml_mark(y), "expected %s, found %s", what, yaml_kind(y));
	yaml_skip(y);
}

static void yaml_copy(struct yaml *y, char *to)
{
	size_t len = y->event.data.scalar.length;

	if (memchr(y->event.data.scalar.value, 0, len))
		yaml_refuse(y, "a NUL character");
	if (len >= YAML_VALUE_LEN)
		len = YAML_VALUE_LEN - 1;
	memcpy(to, y->event.data.scalar.value, len);
	to[len] = '\0';
}

const char *yaml_scalar(struct yaml *y, const char *what, struct mark *at)
{
	*at = yaml_mark(y);
	if (y->event.type != YAML_SCALAR_EVENT || !y->event.data.scalar.length) {
		yaml_unexpected(y, what);
		return NULL;
	}
	yaml_copy(y, y->value);
	yaml_next(y);
	return y->value;
}

/* YAML 1.2 has these two words, and no other. */
bool yaml_bool(struct yaml *y, const char *what, bool *value)
{
	struct mark at;
	const char *text = yaml_scalar(y, what, &at);

	if (!text)
		return false;
	*value = !strcmp(text, "true");
	if (*value || !strcmp(text, "false"))
		return true;
	diag_error(y->diags, at, "'%s' is not %s", text, what);
	return false;
}

bool yaml_map(struct yaml *y, const char *what)
{
	if (y->event.type != YAML_MAPPING_START_EVENT) {
		yaml_unexpected(y, what);
		return false;
	}
	yaml_next(y);
	return true;
}

bool yaml_map_next(struct yaml *y, struct mark *at)
{
	while (!y->dead && y->event.type != YAML_MAPPING_END_EVENT) {
		*at = yaml_mark(y);
		if (y->event.type == YAML_SCALAR_EVENT) {
			yaml_copy(y, y->key);
			yaml_next(y);
			return true;
		}
		yaml_unexpected(y, "a key");
		yaml_skip(y);
	}
	yaml_next(y);
	return false;
}

bool yaml_seq(struct yaml *y, const char *what)
{
	if (y->event.type != YAML_SEQUENCE_START_EVENT) {
		yaml_unexpected(y, what);
		return false;
	}
	yaml_next(y);
	return true;
}

bool yaml_seq_next(struct yaml *y)
{
	if (!y->dead && y->event.type != YAML_SEQUENCE_END_EVENT)
		return true;
	yaml_next(y);
	return false;
}
