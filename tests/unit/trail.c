// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Records for tests
 */
#include <arpa/inet.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libseg.h"
#include "trail.h"
#include "unit.h"

static const char *const assets[] = { "meter-7",
				      "pump 'a'; DROP TABLE record; --",
				      "\"\\\n\x1b[31m",
				      "\xff\xfe\x80",
				      "h\xc3\xa9llo",
				      "",
				      "exactly thirty-two bytes of text" };
static const char *const labels[] = { "scada", "ntp",	       "",
				      "dns.2", "x' OR 1=1 --", "thirty-two bytes, without a zero" };

void trail_init(struct trail *t, uint64_t seed, unsigned int devices, unsigned int peers)
{
	memset(t, 0, sizeof(*t));
	t->state = seed * 2654435761U + 88172645463325252ULL;
	t->devices = devices;
	t->peers = peers;
}

uint32_t trail_random(struct trail *t, uint32_t below)
{
	t->state ^= t->state << 13;
	t->state ^= t->state >> 7;
	t->state ^= t->state << 17;
	return (uint32_t)((t->state >> 32) % below);
}

void trail_iccid(unsigned int i, char iccid[24])
{
	snprintf(iccid, 24, "894400000000%06u%s", i, i % 3 ? "7" : "");
}

void trail_device_addr(unsigned int i, uint8_t addr[16])
{
	uint32_t v4 = htonl(0x0a400000 + i);

	memset(addr, 0, 16);
	if (i % 4 == 3) {
		addr[0] = 0xfd;
		addr[1] = 0x64;
		addr[14] = (uint8_t)(i >> 8);
		addr[15] = (uint8_t)i;
		return;
	}
	memset(addr + 10, 0xff, 2);
	memcpy(addr + 12, &v4, 4);
}

void trail_peer_addr(unsigned int i, uint8_t addr[16])
{
	uint32_t v4 = htonl(0x0a140000 + i * 37);

	memset(addr, 0, 16);
	if (i % 4 == 3) {
		addr[0] = 0x20;
		addr[1] = 0x01;
		addr[7] = (uint8_t)i;
		addr[15] = (uint8_t)(i * 7);
		return;
	}
	memset(addr + 10, 0xff, 2);
	memcpy(addr + 12, &v4, 4);
}

static void given(uint8_t *to, size_t max, const char *text)
{
	size_t len = strnlen(text, max);

	memcpy(to, text, len);
}

static void parties(struct trail *t, struct simseg_record *r)
{
	unsigned int a = trail_random(t, t->devices), b = trail_random(t, t->devices);
	bool both = !trail_random(t, 8), inward = !trail_random(t, 4);
	char iccid[24];

	memset(r->iccid, 0xff, sizeof(r->iccid));
	trail_iccid(a, iccid);
	seg_iccid_pack(iccid, r->iccid[inward]);
	trail_device_addr(a, inward ? r->dst : r->src);
	trail_iccid(b, iccid);
	if (both && a != b)
		seg_iccid_pack(iccid, r->iccid[!inward]);
	if (both && a != b)
		trail_device_addr(b, inward ? r->src : r->dst);
	else
		trail_peer_addr(trail_random(t, t->peers), inward ? r->src : r->dst);
	r->proto = trail_random(t, 2) ? 6 : 17;
	r->sport = htons((uint16_t)(1024 + trail_random(t, 60000)));
	r->dport = htons((uint16_t)(1 + trail_random(t, 1000)));
	r->policy = trail_random(t, 4);
	r->rule = (uint16_t)trail_random(t, 5);
	r->grant = trail_random(t, 10) ? 0 : 1 + trail_random(t, 3);
	r->generation = 3;
	r->iif = 2;
	r->oif = 3;
}

static void deny(struct trail *t, struct simseg_record *r)
{
	r->kind = SIMSEG_RECORD_DENY;
	r->reason = (uint8_t)(SIMSEG_REASON_UNBOUND + trail_random(t, 6));
	parties(t, r);
	if (!trail_random(t, 6))
		memset(r->iccid, 0xff, sizeof(r->iccid)); /* unbound */
	else if (!trail_random(t, 6)) {
		r->flags |= SIMSEG_RECORD_F_MIXED | SIMSEG_RECORD_F_FOLDED;
		memset(r->iccid[0][0] != 0xff ? r->dst : r->src, 0, 16);
		r->sport = r->dport = 0;
	}
	if (!trail_random(t, 8))
		r->flags |= SIMSEG_RECORD_F_OBSERVED;
	r->denied.packets = 1 + trail_random(t, 50);
	r->denied.bytes = r->denied.packets * 60;
	given(r->denied.asset, sizeof(r->denied.asset),
	      assets[trail_random(t, ARRAY_SIZE(assets))]);
}

static void session(struct trail *t, struct simseg_record *r)
{
	struct simseg_record *o = &t->open[trail_random(t, ARRAY_SIZE(t->open))];
	bool end = trail_random(t, 3);

	if (!o->session) {
		r->kind = SIMSEG_RECORD_OPEN;
		r->reason = SIMSEG_REASON_RULE;
		r->session = ++t->session;
		parties(t, r);
		given(r->given.asset, sizeof(r->given.asset),
		      assets[trail_random(t, ARRAY_SIZE(assets))]);
		given(r->given.label, sizeof(r->given.label),
		      labels[trail_random(t, ARRAY_SIZE(labels))]);
		*o = *r;
		memset(&o->amount, 0, sizeof(o->amount));
		return;
	}
	o->amount.packets[0] += trail_random(t, 100);
	o->amount.packets[1] += trail_random(t, 100);
	o->amount.bytes[0] += trail_random(t, 10000);
	o->amount.bytes[1] += trail_random(t, 10000);
	o->amount.duration += 1000000000;
	o->amount.rtt_us = 40000;
	o->kind = end ? SIMSEG_RECORD_CLOSE : SIMSEG_RECORD_UPDATE;
	o->reason =
		(uint8_t)(end ? 1 + trail_random(t, __SIMSEG_END_MAX - 1) : SIMSEG_REASON_SESSION);
	*r = *o;
	if (end)
		o->session = 0;
}

static void change(struct trail *t, struct simseg_record *r)
{
	struct simseg_record_change *c = (void *)r;
	char iccid[24], *p = t->text;

	trail_iccid(trail_random(t, t->devices), iccid);
	p += sprintf(p, "o'brien \x1b[2J\x7f%s", assets[trail_random(t, 5)]) + 1;
	p += sprintf(p, "T-%u", trail_random(t, 100)) + 1;
	p += sprintf(p, "it said \"no\" \xff and a long reason that does not end before the first"
			" piece is full") +
	     1;
	p += sprintf(p, trail_random(t, 3) ? "device %s" : "device %s and 4 more", iccid) + 1;
	t->text_len = (size_t)(p - t->text);
	t->offset = 0;
	c->head.kind = SIMSEG_RECORD_CONFIG;
	c->head.reason = SIMSEG_CMD_QUARANTINE;
	c->number = ++t->number;
	c->text = (uint16_t)t->text_len;
	c->uid = 1000;
	c->pid = 7;
	memcpy(c->comm, "seg\x1b]0;ctl", 10);
}

static void text(struct trail *t, struct simseg_record *r)
{
	struct simseg_record_text *p = (void *)r;
	size_t left = t->text_len - t->offset;

	p->head.kind = SIMSEG_RECORD_TEXT;
	p->number = t->number;
	p->offset = t->offset;
	p->length = (uint16_t)(left < sizeof(p->text) ? left : sizeof(p->text));
	memcpy(p->text, t->text + t->offset, p->length);
	t->offset = (uint16_t)(t->offset + p->length);
}

static void gap(struct trail *t, struct simseg_record *r)
{
	struct simseg_record_gap *g = (void *)r;

	g->head.kind = SIMSEG_RECORD_GAP;
	g->first = t->seq + 1;
	g->last = t->seq + 2;
	g->from = g->to = t->seq * TRAIL_STEP;
	t->seq += 2;
	g->lost[SIMSEG_RECORD_DENY] = 2;
}

void trail_next(struct trail *t, struct simseg_record *r)
{
	uint32_t what = trail_random(t, 100);
	uint8_t flags;

	memset(r, 0, sizeof(*r));
	if (t->offset < t->text_len)
		text(t, r);
	else if (what < 20)
		deny(t, r);
	else if (what < 22)
		change(t, r);
	else if (what < 23)
		gap(t, r);
	else
		session(t, r);
	flags = r->flags & ~SIMSEG_RECORD_F_CLOCK;
	r->version = SIMSEG_RECORD_VERSION;
	r->size = sizeof(*r);
	r->flags = flags | SIMSEG_RECORD_F_CLOCK;
	r->seq = ++t->seq;
	r->time = t->seq * TRAIL_STEP;
	/* as processors race, one may be told a little late */
	r->real = TRAIL_REAL + t->seq * TRAIL_STEP - trail_random(t, 5 * TRAIL_STEP);
}

char *trail_dir(void)
{
	char *dir = strdup("/tmp/simseg-trail.XXXXXX");

	assert_non_null(mkdtemp(dir));
	return dir;
}

static int gone(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void trail_remove(char *dir)
{
	nftw(dir, gone, 16, FTW_DEPTH | FTW_PHYS);
	free(dir);
}

void trail_box(const char *dir, struct trail *t, size_t n, uint64_t segment,
	       struct simseg_record *records)
{
	const struct box_options options = { .segment_records = segment ? segment : 262144 };
	const struct box_source source = { .boot_id = "boot", .netns = 1 };
	char error[BOX_ERROR] = "";
	struct simseg_record some[256];
	struct box *box;
	size_t i, k;

	segment = options.segment_records;
	if (box_open(&box, dir, &source, &options, error))
		fail_msg("%s", error);
	for (i = 0; i < n; i += k) {
		for (k = 0; k < ARRAY_SIZE(some) && i + k < n && (!k || (i + k) % segment); k++)
			trail_next(t, &some[k]);
		if (box_append(box, some, k, error))
			fail_msg("%s", error);
		if (records)
			memcpy(records + i, some, k * sizeof(some[0]));
		/* a segment that is full is sealed by that */
		if (!((i + k) % segment) && box_commit(box, error))
			fail_msg("%s", error);
	}
	box_close(box);
}
