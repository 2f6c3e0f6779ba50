// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer over the reader of CSV files of devices: no input makes it crash,
 * leak or hang, what it prints has no control characters, and what it takes it
 * can give back
 *
 * clang -fsanitize=fuzzer,address,undefined tests/fuzz/csv_fuzz.c with the
 * objects of segctl but main.o, and libseg; then FUZZER tests/fuzz/csv.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device_csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_printed(struct devices_file *f)
{
	char *out = NULL;
	size_t i, len;
	FILE *mem = open_memstream(&out, &len);

	if (!mem)
		abort();
	diags_print(&f->diags, "fuzz", NULL, 0, mem);
	fclose(mem);
	for (i = 0; i < len; i++)
		if (((unsigned char)out[i] < ' ' && out[i] != '\n') || out[i] == 0x7f)
			abort();
	free(out);
}

static void check_roster(const struct roster *r)
{
	uint32_t *places = roster_sort(r), place = 0;
	struct roster_device device;
	size_t i;

	for (i = 0; i < r->n; i++) {
		place = roster_get(r, place, &device);
		if (!seg_iccid_luhn(device.dev.iccid))
			abort();
	}
	if (place != r->len)
		abort();
	free(places);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct devices_file f = { .strict = true, .size = size };
	int fd = memfd_create("fuzz", 0);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET))
		abort();
	devices_read(&f, fd);
	close(fd);
	check_printed(&f);
	check_roster(&f.roster);
	devices_free(&f);
	return 0;
}
