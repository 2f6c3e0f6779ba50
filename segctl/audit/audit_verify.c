// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl audit verify, segctl audit key
 */
#include <sodium.h>
#include <time.h>
#include <unistd.h>

#include "audit.h"
#include "box_file.h"
#include "verify.h"

static const char *const grades[] = {
	[VERIFY_NOTE] = "note",
	[VERIFY_SPAN] = "span",
	[VERIFY_FORGED] = "forged",
};

struct report {
	struct ctl *c;
	struct verify_result result;
	bool forged; /* the first one was named */
	struct json_object *findings;
};

static void print_finding(const struct report *r, const struct verify_finding *f)
{
	bool forged = f->grade == VERIFY_FORGED;
	char buf[48];

	printf("%s%s%s: ", forged ? out_red(r->c) : "",
	       forged && !r->forged ? "FIRST FORGED" : grades[f->grade],
	       forged ? out_plain(r->c) : "");
	if (f->pos.segment)
		printf("segment %llu, record %llu", (unsigned long long)f->pos.segment,
		       (unsigned long long)f->pos.index);
	if (f->record)
		printf(", number %llu, %s", (unsigned long long)f->seq, out_clock(f->real, buf));
	if (f->pos.segment)
		fputs(": ", stdout);
	out_text(f->text);
	putchar('\n');
}

static struct json_object *finding_json(const struct verify_finding *f)
{
	struct json_object *o = json_object_new_object();
	char buf[48];

	js_str(o, "grade", grades[f->grade]);
	if (f->pos.segment) {
		js_num(o, "segment", f->pos.segment);
		js_num(o, "record", f->pos.index);
	}
	if (f->record) {
		js_num(o, "seq", f->seq);
		js_str(o, "real", out_clock(f->real, buf));
		js_num(o, "real_ns", f->real);
	}
	js_str(o, "text", f->text);
	return o;
}

static void found(void *arg, const struct verify_finding *f)
{
	struct report *r = arg;

	if (r->c->json)
		json_object_array_add(r->findings, finding_json(f));
	else
		print_finding(r, f);
	r->forged |= f->grade == VERIFY_FORGED;
}

static int code(const struct verify_result *result)
{
	if (result->findings[VERIFY_FORGED])
		return EXIT_FORGED;
	return result->findings[VERIFY_SPAN] || result->lost ? EXIT_PART : EXIT_DONE;
}

static void print_result(struct report *r, const char *dir)
{
	const struct verify_result *res = &r->result;
	int ret = code(res);

	printf("%llu records in %llu segments, %llu checkpoints, %llu records told as lost\n",
	       (unsigned long long)res->records, (unsigned long long)res->segments,
	       (unsigned long long)res->checkpoints, (unsigned long long)res->lost);
	fputs(ret == EXIT_FORGED ? out_red(r->c) : ret ? "" : out_green(r->c), stdout);
	out_text(dir);
	printf(": %s%s\n",
	       ret == EXIT_FORGED ? "NOT as it was written" :
	       ret		  ? "as it was written, but not without spans (above) or losses" :
				    "complete, in order and as it was written",
	       out_plain(r->c));
}

static void print_json(struct report *r)
{
	const struct verify_result *res = &r->result;
	struct json_object *o = json_object_new_object();

	js_str(o, "result", code(res) == EXIT_FORGED ? "forged" : code(res) ? "spans" : "proven");
	js_num(o, "records", res->records);
	js_num(o, "segments", res->segments);
	js_num(o, "checkpoints", res->checkpoints);
	js_num(o, "lost", res->lost);
	js_num(o, "forged", res->findings[VERIFY_FORGED]);
	js_num(o, "spans", res->findings[VERIFY_SPAN]);
	js_num(o, "notes", res->findings[VERIFY_NOTE]);
	json_object_object_add(o, "findings", r->findings);
	js_print(o);
}

/* UTC: a day, with hours and minutes, with seconds; false: it is none (it has been said). */
static bool time_parse(struct ctl *c, const char *text, uint64_t *ns)
{
	static const char *const forms[] = {
		"%Y-%m-%d",	     "%Y-%m-%dT%H:%M",	   "%Y-%m-%dT%H:%MZ",
		"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ",
	};
	const char *end;
	size_t i;

	for (i = 0; text && i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = { 0 };
		time_t s;

		end = strptime(text, forms[i], &tm);
		if (!end || *end)
			continue;
		s = timegm(&tm);
		if (s <= 0 || s > INT64_MAX / 1000000000)
			break;
		*ns = (uint64_t)s * 1000000000;
		return true;
	}
	if (text)
		ctl_usage(c, "bad time '%s': UTC, as 2026-11-23 or 2026-11-23T14:55:00Z", text);
	return !text;
}

/* 64 digits, or a file that has them. */
static bool key_parse(struct ctl *c, const char *text, uint8_t key[KEY_PUBLIC])
{
	char line[2 * KEY_PUBLIC + 2] = "";
	FILE *file;

	if (key_pub_parse(text, key))
		return true;
	file = fopen(text, "re");
	if (file && fgets(line, sizeof(line), file) && key_pub_parse(line, key)) {
		fclose(file);
		return true;
	}
	if (file)
		fclose(file);
	ctl_usage(c, "'%s' is neither a public key of 64 hexadecimal digits nor a file with one",
		  text);
	return false;
}

int audit_verify(struct ctl *c, int argc, char **argv)
{
	const char *from = NULL, *to = NULL, *key = NULL, *anchor = NULL;
	struct report r = { .c = c };
	const struct opt opts[] = {
		{ "--from", OPT_VALUE, &from },
		{ "--to", OPT_VALUE, &to },
		{ "--key", OPT_VALUE, &key },
		{ "--anchor", OPT_VALUE, &anchor },
		{ 0 },
	};
	struct verify_options options = { .found = found, .arg = &r };
	int n = opt_parse(c, argc, argv, opts, 0, 1), err;
	char error[BOX_ERROR] = "";
	uint8_t public[KEY_PUBLIC];

	if (n < 0 || !time_parse(c, from, &options.from) || !time_parse(c, to, &options.to) ||
	    (key && !key_parse(c, key, public)))
		return EXIT_USAGE;
	if (options.to && options.to < options.from)
		return ctl_usage(c, "--to is before --from");
	options.anchor = anchor;
	options.key = key ? public : NULL;
	if (c->json)
		r.findings = json_object_new_array();
	err = verify_box(n ? argv[0] : AUDIT_DIR, &options, &r.result, error);
	if (err) {
		json_object_put(r.findings);
		ctl_warn("%s", error);
		return EXIT_USAGE;
	}
	if (c->json)
		print_json(&r);
	else
		print_result(&r, n ? argv[0] : AUDIT_DIR);
	return code(&r.result);
}

int audit_key(struct ctl *c, int argc, char **argv)
{
	int n = opt_parse(c, argc, argv, NULL, 0, 1), dir, segments, err;
	char error[BOX_ERROR], hex[2 * KEY_PUBLIC + 1];
	uint8_t public[KEY_PUBLIC];
	struct json_object *o;

	if (n < 0)
		return EXIT_USAGE;
	dir = box_dir_open(n ? argv[0] : AUDIT_DIR, false, &segments, error);
	err = dir < 0 ? dir : key_pub_load(dir, public, error);
	if (dir >= 0) {
		close(segments);
		close(dir);
	}
	if (err) {
		ctl_warn("%s", error);
		return err == -ENOENT ? EXIT_NONE : EXIT_USAGE;
	}
	sodium_bin2hex(hex, sizeof(hex), public, sizeof(public));
	if (!c->json) {
		puts(hex);
		return EXIT_DONE;
	}
	o = json_object_new_object();
	js_str(o, "key", hex);
	js_print(o);
	return EXIT_DONE;
}
