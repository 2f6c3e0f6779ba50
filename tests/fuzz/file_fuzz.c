// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer over the file reader: no input makes it crash, leak or hang, and
 * what it prints about it has no control characters
 *
 * clang -fsanitize=fuzzer,address,undefined tests/fuzz/file_fuzz.c with the
 * objects of segctl but main.o, and libseg; then FUZZER tests/fuzz/corpus.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_printed(const char *out, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (((unsigned char)out[i] < ' ' && out[i] != '\n') || out[i] == 0x7f)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source source = { .text = size ? (const char *)data : "", .len = size };
	struct file *f = file_read_source(&source, size % 2);
	char *out = NULL;
	size_t len;
	FILE *mem = open_memstream(&out, &len);

	if (!mem)
		abort();
	diags_print(&f->diags, "fuzz", &source, mem);
	fclose(mem);
	check_printed(out, len);
	free(out);
	file_free(f);
	return 0;
}
