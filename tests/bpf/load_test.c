// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs that must not load, and why; and what the kfunc refuses. */
#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kfunc.skel.h"
#include "ktap.h"
#include "refused.skel.h"

static const struct {
	const char *name;
	const char *message; /* of the verifier */
} refused[] = {
	{ "size_unknown", "unbounded memory access" },
	{ "size_beyond_opts", "invalid indirect" },
	{ "opts_null", "Possibly NULL pointer passed to trusted arg1" },
	{ "ctx_null", "Possibly NULL pointer passed to trusted arg0" },
	{ "ctx_other", "arg#0 expected pointer to ctx" },
	{ "source_size_unknown", "unbounded memory access" },
	{ "source_null", "Possibly NULL pointer passed to trusted arg1" },
	{ "source_size_beyond", "invalid indirect" },
	{ "program_type", "calling kernel function bpf_simseg_xdp_check is not allowed" },
	{ "program_type_source", "calling kernel function bpf_simseg_xdp_source is not allowed" },
};

static char verifier_log[1 << 16];

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

static struct refused_bpf *open_one(const char *name)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_buf = verifier_log,
		    .kernel_log_size = sizeof(verifier_log));
	struct refused_bpf *skel = refused_bpf__open_opts(&opts);
	struct bpf_program *prog;

	if (!skel)
		ktap_bail("cannot open the programs");
	prog = bpf_object__find_program_by_name(skel->obj, name);
	if (!prog || bpf_program__set_autoload(prog, true))
		ktap_bail("no program %s", name);
	verifier_log[0] = '\0';
	return skel;
}

static void must_not_load(const char *name, const char *message)
{
	struct refused_bpf *skel = open_one(name);
	int err = refused_bpf__load(skel);

	if (!ktap_check(err && strstr(verifier_log, message), "%s: \"%s\"", name, message))
		ktap_note("error %d, the verifier says: %s", err, verifier_log);
	refused_bpf__destroy(skel);
}

static void must_not_attach(void)
{
	struct refused_bpf *skel = open_one("event_overrun");
	struct bpf_link *link = NULL;
	int err = refused_bpf__load(skel);

	if (!err) {
		link = bpf_program__attach(skel->progs.event_overrun);
		err = link ? 0 : -errno;
	}
	ktap_check(err == -EINVAL, "event_overrun: not attached (%d)", err);
	bpf_link__destroy(link);
	refused_bpf__destroy(skel);
}

static void kfunc_says(const struct kfunc_bpf *skel, const char *name)
{
	const struct bpf_program *prog = bpf_object__find_program_by_name(skel->obj, name);
	unsigned char frame[64] = { 0 };
	struct xdp_md ctx = { .data_end = sizeof(frame), .ingress_ifindex = if_nametoindex("lo") };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = 1);
	int err = bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);

	ktap_check(!err && opts.retval == XDP_PASS, "kfunc, %s", name);
}

static void kfunc_all(void)
{
	static const char *const names[] = {
		"size_too_small", "flags_unknown", "reserved_used", "reserved_used_plain",
		"vlan_unknown",	  "source_size",   "source_vlan",   "link_control",
	};
	struct kfunc_bpf *skel = kfunc_bpf__open_and_load();
	size_t i;

	if (!skel)
		ktap_bail("cannot load the programs that call the kfunc");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		kfunc_says(skel, names[i]);
	kfunc_bpf__destroy(skel);
}

int main(void)
{
	size_t i;

	libbpf_set_print(quiet);
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		must_not_load(refused[i].name, refused[i].message);
	must_not_attach();
	kfunc_all();
	return ktap_end();
}
