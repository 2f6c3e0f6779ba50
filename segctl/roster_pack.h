/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a roster writes a device:
 *
 *	ICCID		10 bytes, packed digits, padded with 0xf
 *	lines		number: how far behind the line of the one before
 *	mark		of the ICCID
 *	policy		number of its name, 0: none
 *	mark		of the policy
 *	asset		1 byte of length, and that many
 *	addresses	1 byte, how many, and for each
 *		length	1 byte: of the prefix, or 129 + an IPv4 one's
 *		bytes	16, or 4
 *		ifname	number of its name, 0: none
 *		mark	of the address
 *
 * where a number has seven bits a byte, the last one below 128. A mark is there if
 * the roster keeps them: twice its column, and for another line than that of the
 * device one more, and then how far behind it is.
 */
#ifndef _SEGCTL_ROSTER_PACK_H
#define _SEGCTL_ROSTER_PACK_H

#include <stdbool.h>
#include <string.h>

#include "roster.h"

#define V4_CODE	  129
#define V4_PLEN	  96
#define V4_LEAD	  12
#define NO_DIGITS 0xff
#define MARK_MAX  10
#define ENTRY_MAX \
	(ROSTER_BCD + 16 + 2 * MARK_MAX + SIMSEG_ASSET_MAX + SIMSEG_BINDINGS_MAX * (24 + MARK_MAX))

static inline size_t addr_len(uint8_t code)
{
	return code >= V4_CODE ? 4 : 16;
}

static inline uint8_t *put_number(uint8_t *p, uint32_t n)
{
	for (; n >= 128; n >>= 7)
		*p++ = (uint8_t)(n | 128);
	*p++ = (uint8_t)n;
	return p;
}

static inline const uint8_t *get_number(const uint8_t *p, uint32_t *n)
{
	unsigned int shift = 0;

	for (*n = 0; *p & 128; shift += 7)
		*n |= (uint32_t)(*p++ & 127) << shift;
	*n |= (uint32_t)*p++ << shift;
	return p;
}

static inline uint8_t *put_iccid(uint8_t *p, const char *iccid)
{
	size_t i;

	memset(p, NO_DIGITS, ROSTER_BCD);
	for (i = 0; iccid[i]; i++)
		p[i / 2] = i % 2 ? (uint8_t)((p[i / 2] & 0xf0) | (iccid[i] - '0')) :
				   (uint8_t)((iccid[i] - '0') << 4 | 0xf);
	return p + ROSTER_BCD;
}

static inline uint8_t *put_mark(uint8_t *p, uint32_t line, struct mark mark)
{
	bool apart = mark.column && mark.line != line;

	p = put_number(p, mark.column << 1 | apart);
	return apart ? put_number(p, mark.line - line) : p;
}

static inline const uint8_t *get_mark(const uint8_t *p, uint32_t line, struct mark *mark)
{
	uint32_t number, lines = 0;

	p = get_number(p, &number);
	if (number & 1)
		p = get_number(p, &lines);
	*mark = (struct mark){ line + lines, number >> 1 };
	return p;
}

static inline uint8_t *put_addr(uint8_t *p, const struct simseg_prefix *prefix)
{
	bool v4 = prefix->plen >= V4_PLEN && seg_addr_is_v4(prefix->addr);
	size_t lead = v4 ? V4_LEAD : 0;

	*p++ = v4 ? (uint8_t)(prefix->plen - V4_PLEN + V4_CODE) : prefix->plen;
	memcpy(p, prefix->addr + lead, sizeof(prefix->addr) - lead);
	return p + sizeof(prefix->addr) - lead;
}

static inline const uint8_t *get_addr(const uint8_t *p, struct simseg_prefix *prefix)
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

#endif /* _SEGCTL_ROSTER_PACK_H */
