// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A plugin of QEMU's emulator (TCG) that counts, between two marks in a guest's
 * program, how often each block of instructions ran: what a packet executes.
 *
 * A mark is a NOP of eight bytes that nobody else writes: MARK. Of each pair of them
 * a file is left, PREFIX.1, PREFIX.2 and so on, of lines "ADDRESS INSTRUCTIONS TIMES".
 *
 * usage: qemu-system-x86_64 -plugin plugin.so,prefix=PREFIX ...
 *
 * The functions of QEMU are declared here, of version 1 of its interface: Debian's
 * package has no header.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
struct tb;
struct insn;

enum plugin_regs {
	PLUGIN_NO_REGS
};

typedef void (*trans_fn)(plugin_id id, struct tb *tb);
typedef void (*exec_fn)(unsigned int cpu, void *arg);

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, trans_fn fn);
void qemu_plugin_register_vcpu_tb_exec_cb(struct tb *tb, exec_fn fn, enum plugin_regs regs,
					  void *arg);
void qemu_plugin_register_vcpu_insn_exec_cb(struct insn *insn, exec_fn fn, enum plugin_regs regs,
					    void *arg);
size_t qemu_plugin_tb_n_insns(const struct tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct tb *tb);
struct insn *qemu_plugin_tb_get_insn(const struct tb *tb, size_t i);
size_t qemu_plugin_insn_size(const struct insn *insn);
const void *qemu_plugin_insn_data(const struct insn *insn);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;
__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info,
							       int argc, char **argv);

/* nopl 0x534d4953(%rax,%rax,1) */
static const uint8_t MARK[8] = { 0x0f, 0x1f, 0x84, 0x00, 0x53, 0x49, 0x4d, 0x53 };

/* What was translated at an address; translated again, it is counted on. */
struct block {
	uint64_t addr;
	size_t n;
	uint64_t times;
	struct block *next;
};

#define BUCKETS 65536

static struct block *blocks[BUCKETS];
static const char *prefix = "trace";
static unsigned int files;
static bool on;

static void leave(void)
{
	struct block *b;
	char name[4096];
	FILE *out;
	size_t i;

	snprintf(name, sizeof(name), "%s.%u", prefix, ++files);
	out = fopen(name, "w");
	for (i = 0; i < BUCKETS; i++) {
		for (b = blocks[i]; b; b = b->next) {
			if (b->times && out)
				fprintf(out, "%" PRIx64 " %zu %" PRIu64 "\n", b->addr, b->n,
					b->times);
			b->times = 0;
		}
	}
	if (out)
		fclose(out);
}

static void mark(unsigned int cpu, void *arg)
{
	(void)cpu;
	(void)arg;
	on = !on;
	if (!on)
		leave();
}

static void ran(unsigned int cpu, void *arg)
{
	struct block *b = arg;

	(void)cpu;
	b->times += on;
}

static struct block *block_get(uint64_t addr, size_t n)
{
	struct block **head = &blocks[(addr >> 2) % BUCKETS], *b;

	for (b = *head; b; b = b->next)
		if (b->addr == addr && b->n == n)
			return b;
	b = calloc(1, sizeof(*b));
	if (!b)
		abort();
	b->addr = addr;
	b->n = n;
	b->next = *head;
	*head = b;
	return b;
}

static void translated(plugin_id id, struct tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);
	struct insn *insn;

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, ran, PLUGIN_NO_REGS,
					     block_get(qemu_plugin_tb_vaddr(tb), n));
	for (i = 0; i < n; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		if (qemu_plugin_insn_size(insn) == sizeof(MARK) &&
		    !memcmp(qemu_plugin_insn_data(insn), MARK, sizeof(MARK)))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, mark, PLUGIN_NO_REGS, NULL);
	}
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++)
		if (!strncmp(argv[i], "prefix=", 7))
			prefix = argv[i] + 7;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
