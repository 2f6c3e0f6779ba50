// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A roster: many devices in little memory
 *
 * A million devices with an address each take about 35 MB, and 10 MB to know
 * which ICCIDs and addresses are there. A device is
 *
 *	ICCID		10 bytes, packed digits, padded with 0xf
 *	lines		number: how far behind the line of the one before
 *	policy		number of its name, 0: none
 *	asset		1 byte of length, and that many
 *	addresses	1 byte, how many, and for each
 *		length	1 byte: of the prefix, or 129 + an IPv4 one's
 *		bytes	16, or 4
 *		ifname	number of its name, 0: none
 *
 * and a number has seven bits a byte, the last one below 128.
 */
#include <stdlib.h>
#include <string.h>

#include "roster.h"
#include "text.h"

#define V4_CODE	    129
#define V4_PLEN	    96
#define V4_LEAD	    12
#define ENTRY_MAX   (ROSTER_BCD + 16 + SIMSEG_ASSET_MAX + SIMSEG_BINDINGS_MAX * 24)
#define SIGN_EVERY  64 /* devices */
#define IFNAMES_MAX 65536

static struct index_key name_key(const void *owner, uint32_t place)
{
	const struct roster_names *names = owner;

	return (struct index_key){ (const uint8_t *)names->list[place],
				   strlen(names->list[place]) };
}

static struct index_key iccid_key(const void *owner, uint32_t place)
{
	const struct roster *r = owner;

	return (struct index_key){ r->data + place, ROSTER_BCD };
}

static size_t addr_len(uint8_t code)
{
	return code >= V4_CODE ? 4 : 16;
}

static struct index_key addr_key(const void *owner, uint32_t place)
{
	const struct roster *r = owner;

	return (struct index_key){ r->data + place, 1 + addr_len(r->data[place]) };
}

void roster_init(struct roster *r, roster_clash_fn *fn, void *arg)
{
	memset(r, 0, sizeof(*r));
	r->clash = fn;
	r->arg = arg;
	index_init(&r->policies.index, &r->policies, name_key);
	index_init(&r->ifnames.index, &r->ifnames, name_key);
	index_init(&r->iccids, r, iccid_key);
	index_init(&r->addrs, r, addr_key);
}

void roster_free(struct roster *r)
{
	index_free(&r->policies.index);
	index_free(&r->ifnames.index);
	index_free(&r->iccids);
	index_free(&r->addrs);
	free(r->policies.list);
	free(r->ifnames.list);
	free(r->signs);
	free(r->data);
}

void roster_expect(struct roster *r, size_t n)
{
	size_t addrs = r->n ? (size_t)((double)n * (double)r->n_addrs / (double)r->n) : n;

	index_expect(&r->iccids, n);
	index_expect(&r->addrs, addrs);
}

/* Number of a name, from 1; 0 for none, or if there are too many (then *full). */
static uint32_t name_number(struct roster_names *names, const char *name, size_t max, bool *full)
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
	if (place == names->n && names->n == max) {
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

static uint8_t *put_number(uint8_t *p, uint32_t n)
{
	for (; n >= 128; n >>= 7)
		*p++ = (uint8_t)(n | 128);
	*p++ = (uint8_t)n;
	return p;
}

static const uint8_t *get_number(const uint8_t *p, uint32_t *n)
{
	unsigned int shift = 0;

	for (*n = 0; *p & 128; shift += 7)
		*n |= (uint32_t)(*p++ & 127) << shift;
	*n |= (uint32_t)*p++ << shift;
	return p;
}

static uint8_t *put_iccid(uint8_t *p, const char *iccid)
{
	size_t i;

	memset(p, 0xff, ROSTER_BCD);
	for (i = 0; iccid[i]; i++)
		p[i / 2] = i % 2 ? (uint8_t)((p[i / 2] & 0xf0) | (iccid[i] - '0')) :
				   (uint8_t)((iccid[i] - '0') << 4 | 0xf);
	return p + ROSTER_BCD;
}

static uint8_t *put_addr(uint8_t *p, const struct simseg_prefix *prefix)
{
	bool v4 = prefix->plen >= V4_PLEN && seg_addr_is_v4(prefix->addr);
	size_t lead = v4 ? V4_LEAD : 0;

	*p++ = v4 ? (uint8_t)(prefix->plen - V4_PLEN + V4_CODE) : prefix->plen;
	memcpy(p, prefix->addr + lead, sizeof(prefix->addr) - lead);
	return p + sizeof(prefix->addr) - lead;
}

static const uint8_t *get_addr(const uint8_t *p, struct simseg_prefix *prefix)
{
	static const uint8_t lead[V4_LEAD] = { [10] = 0xff, [11] = 0xff };
	size_t len = addr_len(*p);

	memset(prefix, 0, sizeof(*prefix));
	prefix->plen = *p >= V4_CODE ? (uint8_t)(*p - V4_CODE + V4_PLEN) : *p;
	if (len == 4)
		memcpy(prefix->addr, lead, sizeof(lead));
	memcpy(prefix->addr + sizeof(prefix->addr) - len, p + 1, len);
	return p + 1 + len;
}

/* The line of the device whose entry has @place in it. */
static uint32_t line_of(const struct roster *r, uint32_t place)
{
	size_t low = 0, high = r->n_signs, mid;
	struct roster_device skipped;
	uint32_t at, next, line, lines;

	while (high - low > 1) {
		mid = low + (high - low) / 2;
		if (r->signs[mid].place <= place)
			low = mid;
		else
			high = mid;
	}
	line = r->signs[low].line;
	for (at = r->signs[low].place; (next = roster_get(r, at, &skipped)) <= place; at = next) {
		get_number(r->data + next + ROSTER_BCD, &lines);
		line += lines;
	}
	return line;
}

static void sign_add(struct roster *r, uint32_t line)
{
	if (r->n % SIGN_EVERY)
		return;
	grow(&r->signs, &r->signs_room, r->n_signs, sizeof(*r->signs));
	r->signs[r->n_signs++] = (struct roster_sign){ (uint32_t)r->len, line };
}

/* Is the one that has waited longest there already? */
static void settle_one(struct roster *r)
{
	const struct roster_wait *w = &r->waits[r->first_wait];
	bool iccid = w->what == ROSTER_ICCID;
	struct roster_clash clash = {
		.what = w->what,
		.binding = w->binding,
		.line = w->line,
		.at = w->at,
	};
	uint32_t found;

	found = iccid ? index_add(&r->iccids, iccid_key(r, w->place), w->hash, w->place) :
			index_add(&r->addrs, addr_key(r, w->place), w->hash, w->place);
	r->first_wait = (r->first_wait + 1) % ROSTER_WAITS;
	r->n_waits--;
	if (found == w->place || r->clashed == w->device)
		return;
	r->clashed = w->device;
	clash.first = line_of(r, found);
	r->clash(r->arg, &clash);
}

void roster_settle(struct roster *r)
{
	while (r->n_waits)
		settle_one(r);
}

/* What is at @place of the device that is being added is looked for when it is fetched. */
static void wait_add(struct roster *r, const struct roster_wait *wait)
{
	if (r->n_waits == ROSTER_WAITS)
		settle_one(r);
	r->waits[(r->first_wait + r->n_waits++) % ROSTER_WAITS] = *wait;
}

/* The addresses of a device, behind @p; the end. */
static uint8_t *add_addrs(struct roster *r, uint8_t *p, const struct seg_device *d,
			  struct roster_wait *wait, bool *full)
{
	size_t i;

	wait->what = ROSTER_ADDR;

	*p++ = (uint8_t)d->n_bindings;
	for (i = 0; i < d->n_bindings; i++) {
		wait->place = (uint32_t)(p - r->data);
		wait->binding = (uint8_t)i;
		p = put_addr(p, &d->bindings[i].prefix);
		p = put_number(p,
			       name_number(&r->ifnames, d->bindings[i].ifname, IFNAMES_MAX, full));
		if (!r->clash)
			continue;
		wait->hash = index_prepare(&r->addrs, addr_key(r, wait->place));
		wait_add(r, wait);
	}
	return p;
}

bool roster_add(struct roster *r, const struct seg_device *d, uint32_t line, size_t at)
{
	struct roster_wait wait = {
		.what = ROSTER_ICCID,
		.place = (uint32_t)r->len,
		.line = line,
		.at = at,
	};
	size_t asset = d->asset ? strlen(d->asset) : 0;
	bool full = false;
	uint8_t *p;

	if (r->len > UINT32_MAX - ENTRY_MAX)
		return false;
	grow(&r->data, &r->room, r->len + ENTRY_MAX, 1);
	sign_add(r, line);
	wait.device = (uint32_t)++r->n;
	p = put_iccid(r->data + r->len, d->iccid);
	if (r->clash) {
		wait.hash = index_prepare(&r->iccids, iccid_key(r, wait.place));
		wait_add(r, &wait);
	}
	p = put_number(p, line - r->line);
	p = put_number(p, name_number(&r->policies, d->policy, SIMSEG_POLICIES_MAX, &full));
	*p++ = (uint8_t)asset;
	if (asset)
		memcpy(p, d->asset, asset);
	/* also what is there twice stays: the tables know its places */
	p = add_addrs(r, p + asset, d, &wait, &full);
	r->len = (size_t)(p - r->data);
	r->line = line;
	r->n_addrs += d->n_bindings;
	return !full;
}

uint32_t roster_get(const struct roster *r, uint32_t place, struct roster_device *to)
{
	const uint8_t *p = r->data + place;
	uint32_t number;
	size_t i, n;

	to->dev = (struct seg_device){
		.iccid = seg_iccid_unpack(p, to->iccid),
		.bindings = to->bindings,
	};
	p = get_number(p + ROSTER_BCD, &number); /* of lines */
	p = get_number(p, &number);
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
		p = get_number(p, &number);
		to->bindings[i].ifname = name_of(&r->ifnames, number);
		to->bindings[i].epoch = 0;
	}
	return (uint32_t)(p - r->data);
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
	struct roster_device device;
	size_t i;

	for (i = 0; i < r->n; i++) {
		memcpy(list[i].iccid, r->data + place, ROSTER_BCD);
		list[i].place = place;
		place = roster_get(r, place, &device);
	}
	if (r->n)
		qsort(list, r->n, sizeof(*list), sorted_cmp);
	for (i = 0; i < r->n; i++)
		places[i] = list[i].place;
	free(list);
	return places;
}
