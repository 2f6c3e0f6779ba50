// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A roster: many devices in little memory
 *
 * A million devices with an address each take about 35 MB, and 10 MB to know
 * which ICCIDs and addresses are there. How a device is written,
 * roster_pack.h says.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "roster_pack.h"
#include "text.h"

#define CHUNK_LEN   (1U << 20)
#define SIGN_EVERY  64 /* devices */
#define IFNAMES_MAX 65536

static uint8_t *at(const struct roster *r, uint32_t place)
{
	return r->chunks[place / CHUNK_LEN] + place % CHUNK_LEN;
}

/* Where the device behind one that ends at @place begins: all of it in one chunk. */
static uint32_t next_place(uint32_t place)
{
	uint32_t left = CHUNK_LEN - place % CHUNK_LEN;

	return left < ENTRY_MAX ? place + left : place;
}

static struct index_key name_key(const void *owner, uint32_t place)
{
	const struct roster_names *names = owner;

	return (struct index_key){ (const uint8_t *)names->list[place],
				   strlen(names->list[place]) };
}

static struct index_key iccid_key(const void *owner, uint32_t place)
{
	const struct roster *r = owner;

	return (struct index_key){ at(r, place), ROSTER_BCD };
}

static struct index_key addr_key(const void *owner, uint32_t place)
{
	const uint8_t *data = at(owner, place);

	return (struct index_key){ data, 1 + addr_len(*data) };
}

void roster_init(struct roster *r, roster_clash_fn *fn, void *arg)
{
	memset(r, 0, sizeof(*r));
	r->clash = fn;
	r->arg = arg;
	r->policies.max = SIMSEG_POLICIES_MAX;
	r->ifnames.max = IFNAMES_MAX;
	index_init(&r->policies.index, &r->policies, name_key);
	index_init(&r->ifnames.index, &r->ifnames, name_key);
	index_init(&r->iccids.index, r, iccid_key);
	index_init(&r->addrs.index, r, addr_key);
}

void roster_init_marked(struct roster *r)
{
	roster_init(r, NULL, NULL);
	r->marked = true;
	r->policies.max = UINT32_MAX;
	r->ifnames.max = UINT32_MAX;
}

void roster_free(struct roster *r)
{
	while (r->n_chunks)
		munmap(r->chunks[--r->n_chunks], CHUNK_LEN);
	free(r->chunks);
	index_free(&r->policies.index);
	index_free(&r->ifnames.index);
	index_free(&r->iccids.index);
	index_free(&r->addrs.index);
	free(r->policies.list);
	free(r->ifnames.list);
	free(r->signs);
}

/* The tables know whose they are. */
static void set_owners(struct roster *r)
{
	r->policies.index.owner = &r->policies;
	r->ifnames.index.owner = &r->ifnames;
	r->iccids.index.owner = r;
	r->addrs.index.owner = r;
}

void roster_move(struct roster *to, struct roster *from)
{
	*to = *from;
	set_owners(to);
	roster_init(from, NULL, NULL);
}

static void keys_expect(struct roster_keys *keys, size_t n)
{
	keys->expected = n;
	if (keys->mixed)
		index_expect(&keys->index, n);
}

void roster_expect(struct roster *r, size_t n)
{
	size_t addrs = r->n ? (size_t)((double)n * (double)r->n_addrs / (double)r->n) : n;

	keys_expect(&r->iccids, n);
	keys_expect(&r->addrs, addrs);
}

/* Number of a name, from 1; 0 for none, or if there are too many (then *full). */
static uint32_t name_number(struct roster_names *names, const char *name, bool *full)
{
	struct index_key key = { (const uint8_t *)name, name ? strlen(name) : 0 };
	uint32_t place;

	if (!key.len)
		return 0;
	/* mostly it is the one of the device before */
	if (names->last && !strcmp(names->list[names->last - 1], name))
		return names->last;
	grow(&names->list, &names->room, names->n, sizeof(*names->list));
	memcpy(names->list[names->n], name, key.len + 1);
	place = index_add(&names->index, key, index_prepare(&names->index, key),
			  (uint32_t)names->n);
	if (place == names->n && names->n == names->max) {
		*full = true;
		return 0;
	}
	names->n += place == names->n;
	names->last = place + 1;
	return names->last;
}

static const char *name_of(const struct roster_names *names, uint32_t number)
{
	return number ? names->list[number - 1] : NULL;
}

/* Over a number and the mark behind it. */
static const uint8_t *skip_marked(const struct roster *r, const uint8_t *p, uint32_t *number)
{
	struct mark mark;

	p = get_number(p, number);
	return r->marked ? get_mark(p, 0, &mark) : p;
}

/* The place of the first address of a device, and how many it has. */
static uint32_t first_addr(const struct roster *r, uint32_t place, unsigned int *n)
{
	const uint8_t *start = at(r, place), *p;
	uint32_t number;

	p = skip_marked(r, start + ROSTER_BCD, &number);
	p = skip_marked(r, p, &number);
	p += 1 + *p; /* the asset */
	*n = *p++;
	return place + (uint32_t)(p - start);
}

static uint32_t next_addr(const struct roster *r, uint32_t place)
{
	const uint8_t *p = at(r, place);
	uint32_t number;

	return place + (uint32_t)(skip_marked(r, p + 1 + addr_len(*p), &number) - p);
}

static uint32_t next_device(const struct roster *r, uint32_t place)
{
	unsigned int n;

	for (place = first_addr(r, place, &n); n; n--)
		place = next_addr(r, place);
	return next_place(place);
}

/* The line of the device whose entry has @place in it. */
static uint32_t line_of(const struct roster *r, uint32_t place)
{
	size_t low = 0, high = r->n_signs, mid;
	uint32_t here, next, line, lines;

	while (high - low > 1) {
		mid = low + (high - low) / 2;
		if (r->signs[mid].place <= place)
			low = mid;
		else
			high = mid;
	}
	line = r->signs[low].line;
	here = r->signs[low].place;
	for (; (next = next_device(r, here)) <= place; here = next) {
		get_number(at(r, next) + ROSTER_BCD, &lines);
		line += lines;
	}
	return line;
}

static void sign_add(struct roster *r, uint32_t line)
{
	if (r->n % SIGN_EVERY)
		return;
	grow(&r->signs, &r->signs_room, r->n_signs, sizeof(*r->signs));
	r->signs[r->n_signs++] = (struct roster_sign){ r->len, line };
}

/* Where the ICCID or address at @place is in the file. */
static struct mark mark_of(const struct roster *r, uint32_t place, bool iccid, uint32_t line)
{
	const uint8_t *p = at(r, place);
	struct mark mark = { .line = line };
	uint32_t number;

	/* either has a number behind it, and then its mark */
	p = get_number(iccid ? p + ROSTER_BCD : p + 1 + addr_len(*p), &number);
	if (r->marked)
		get_mark(p, line, &mark);
	return mark;
}

static void tell_clash(const struct roster *r, const struct roster_wait *w, uint32_t found)
{
	bool iccid = w->what == ROSTER_ICCID;
	struct roster_clash clash = {
		.what = w->what,
		.binding = w->binding,
		.line = w->line,
		.at = w->at,
		.mark = mark_of(r, w->place, iccid, w->line),
		.first = mark_of(r, found, iccid, line_of(r, found)).line,
	};

	if (iccid)
		seg_iccid_unpack(at(r, w->place), clash.iccid);
	else
		get_addr(at(r, w->place), &clash.addr);
	r->clash(r->arg, &clash);
}

/* Is the one that has waited longest there already? */
static void settle_one(struct roster *r)
{
	const struct roster_wait *w = &r->waits[r->first_wait];
	struct roster_keys *keys = w->what == ROSTER_ICCID ? &r->iccids : &r->addrs;
	uint32_t found;

	found = index_add(&keys->index, keys->index.key(r, w->place), w->hash, w->place);
	r->first_wait = (r->first_wait + 1) % ROSTER_WAITS;
	r->n_waits--;
	if (found != w->place)
		tell_clash(r, w, found);
}

void roster_settle(struct roster *r)
{
	while (r->n_waits)
		settle_one(r);
}

/* What is at the place of @wait is looked for when its line of the table is fetched. */
static void wait_add(struct roster *r, struct roster_keys *keys, struct roster_wait *wait)
{
	if (r->n_waits == ROSTER_WAITS)
		settle_one(r);
	wait->hash = index_prepare(&keys->index, keys->index.key(r, wait->place));
	r->waits[(r->first_wait + r->n_waits++) % ROSTER_WAITS] = *wait;
}

/* Is it above the one before? Then it is that from now on. */
static bool keys_ascend(struct roster_keys *keys, struct index_key key)
{
	if (keys->mixed || key.len < keys->last_len ||
	    (key.len == keys->last_len && memcmp(key.data, keys->last, key.len) <= 0))
		return false;
	memcpy(keys->last, key.data, key.len);
	keys->last_len = key.len;
	return true;
}

static bool has_iccid(const struct roster *r, uint32_t place)
{
	return *at(r, place) != NO_DIGITS;
}

/* All that came before the one at @end goes into the table: they are not sorted. */
static void keys_mix(struct roster *r, struct roster_keys *keys, uint32_t end)
{
	bool iccids = keys == &r->iccids;
	struct roster_wait wait = { .what = iccids ? ROSTER_ICCID : ROSTER_ADDR };
	uint32_t device, addr;
	unsigned int n;

	keys->mixed = true;
	index_expect(&keys->index, keys->expected);
	for (device = 0;; device = next_place(addr)) {
		wait.place = device;
		if (iccids && device == end)
			return;
		if (iccids && has_iccid(r, device))
			wait_add(r, keys, &wait);
		for (addr = first_addr(r, device, &n); n; n--, addr = next_addr(r, addr)) {
			wait.place = addr;
			if (!iccids && addr == end)
				return;
			if (!iccids)
				wait_add(r, keys, &wait);
		}
	}
}

static void key_check(struct roster *r, struct roster_keys *keys, struct roster_wait *wait)
{
	if (keys_ascend(keys, keys->index.key(r, wait->place)))
		return;
	if (!keys->mixed)
		keys_mix(r, keys, wait->place);
	wait_add(r, keys, wait);
}

/* Is anything of the device at the place of @wait there already? It moves to its end. */
static void device_check(struct roster *r, struct roster_wait *wait)
{
	unsigned int i, n;

	wait->what = ROSTER_ICCID;
	if (has_iccid(r, wait->place))
		key_check(r, &r->iccids, wait);
	wait->what = ROSTER_ADDR;
	wait->place = first_addr(r, wait->place, &n);
	for (i = 0; i < n; i++, wait->place = next_addr(r, wait->place)) {
		wait->binding = (uint8_t)i;
		key_check(r, &r->addrs, wait);
	}
}

void roster_check(struct roster *r, roster_clash_fn *clash, void *arg)
{
	struct roster_wait wait = { 0 };
	uint32_t place = 0, lines;
	size_t i;

	r->clash = clash;
	r->arg = arg;
	keys_expect(&r->iccids, r->n);
	keys_expect(&r->addrs, r->n_addrs);
	for (i = 0; i < r->n; i++) {
		wait.place = place;
		get_number(at(r, place) + ROSTER_BCD, &lines);
		wait.line += lines;
		device_check(r, &wait);
		place = next_place(wait.place);
	}
	roster_settle(r);
}

/* All of a device but its addresses, from @p on; the end. */
static uint8_t *add_head(struct roster *r, uint8_t *p, const struct seg_device *d,
			 const struct roster_marks *marks, uint32_t line, bool *full)
{
	size_t asset = d->asset ? strlen(d->asset) : 0;

	p = put_iccid(p, d->iccid);
	p = put_number(p, line - r->line);
	if (r->marked)
		p = put_mark(p, line, marks->iccid);
	p = put_number(p, name_number(&r->policies, d->policy, full));
	if (r->marked)
		p = put_mark(p, line, marks->policy);
	*p++ = (uint8_t)asset;
	if (asset)
		memcpy(p, d->asset, asset);
	return p + asset;
}

/* The addresses of a device, behind @p; the end. */
static uint8_t *add_addrs(struct roster *r, uint8_t *p, const struct seg_device *d,
			  const struct roster_marks *marks, uint32_t line, bool *full)
{
	size_t i;

	*p++ = (uint8_t)d->n_bindings;
	for (i = 0; i < d->n_bindings; i++) {
		p = put_addr(p, &d->bindings[i].prefix);
		p = put_number(p, name_number(&r->ifnames, d->bindings[i].ifname, full));
		if (r->marked)
			p = put_mark(p, line, marks->bindings[i]);
	}
	return p;
}

/* Room for a device; false: its place would be no 32-bit number. */
static bool chunk_add(struct roster *r)
{
	if (r->full || r->len / CHUNK_LEN < r->n_chunks)
		return !r->full;
	grow(&r->chunks, &r->chunks_room, r->n_chunks, sizeof(*r->chunks));
	r->chunks[r->n_chunks++] = xpages(CHUNK_LEN);
	return true;
}

bool roster_add(struct roster *r, const struct seg_device *d, const struct roster_marks *marks,
		uint32_t line, size_t where)
{
	struct roster_wait wait = { .place = r->len, .line = line, .at = where };
	bool full = false;
	uint8_t *p, *start;

	if (!chunk_add(r))
		return false;
	start = at(r, r->len);
	sign_add(r, line);
	r->n++;
	p = add_head(r, start, d, marks, line, &full);
	p = add_addrs(r, p, d, marks, line, &full);
	r->len = next_place(r->len + (uint32_t)(p - start));
	r->full = r->len < wait.place;
	r->line = line;
	r->n_addrs += d->n_bindings;
	/* also what is there twice stays: the tables know its places */
	if (r->clash)
		device_check(r, &wait);
	return !full;
}

uint32_t roster_get(const struct roster *r, uint32_t place, struct roster_device *to)
{
	const uint8_t *start = at(r, place), *p = start;
	uint32_t number;
	size_t i, n;

	to->dev = (struct seg_device){
		.iccid = seg_iccid_unpack(p, to->iccid),
		.bindings = to->bindings,
	};
	p = skip_marked(r, p + ROSTER_BCD, &number); /* of lines */
	p = skip_marked(r, p, &number);
	to->dev.policy = name_of(&r->policies, number);
	n = *p++;
	if (n) {
		memcpy(to->asset, p, n);
		to->dev.asset = to->asset;
	}
	to->asset[n] = '\0';
	p += n;
	to->dev.n_bindings = *p++;
	for (i = 0; i < to->dev.n_bindings; i++) {
		p = get_addr(p, &to->bindings[i].prefix);
		p = skip_marked(r, p, &number);
		to->bindings[i].ifname = name_of(&r->ifnames, number);
		to->bindings[i].epoch = 0;
	}
	return next_place(place + (uint32_t)(p - start));
}

void roster_marks(const struct roster *r, uint32_t place, struct roster_marks *to)
{
	uint32_t line = line_of(r, place), addr, number;
	const uint8_t *p = at(r, place) + ROSTER_BCD;
	unsigned int i, n;

	p = get_mark(get_number(p, &number), line, &to->iccid);
	get_mark(get_number(p, &number), line, &to->policy);
	addr = first_addr(r, place, &n);
	for (i = 0; i < n; i++, addr = next_addr(r, addr))
		to->bindings[i] = mark_of(r, addr, false, line);
}

bool roster_has(const struct roster *r, const char *iccid)
{
	uint8_t bcd[ROSTER_BCD];
	uint32_t place = 0;
	size_t i;

	put_iccid(bcd, iccid);
	for (i = 0; i < r->n; i++, place = next_device(r, place))
		if (!memcmp(at(r, place), bcd, sizeof(bcd)))
			return true;
	return false;
}

int roster_cmp(const struct roster *a, uint32_t place_a, const struct roster *b, uint32_t place_b)
{
	return memcmp(at(a, place_a), at(b, place_b), ROSTER_BCD);
}

/* What is compared stands together: the devices lie all over the memory. */
struct sorted {
	uint8_t iccid[ROSTER_BCD];
	uint32_t place;
};

/* An order of packed digits: a shorter ICCID comes behind those that it begins. */
static int sorted_cmp(const void *va, const void *vb)
{
	const struct sorted *a = va, *b = vb;

	return memcmp(a->iccid, b->iccid, sizeof(a->iccid));
}

uint32_t *roster_sort(const struct roster *r)
{
	struct sorted *list = xcalloc(r->n, sizeof(*list));
	uint32_t *places = xcalloc(r->n, sizeof(*places)), place = 0;
	size_t i;

	for (i = 0; i < r->n; i++) {
		memcpy(list[i].iccid, at(r, place), ROSTER_BCD);
		list[i].place = place;
		place = next_device(r, place);
	}
	if (r->n)
		qsort(list, r->n, sizeof(*list), sorted_cmp);
	for (i = 0; i < r->n; i++)
		places[i] = list[i].place;
	free(list);
	return places;
}
