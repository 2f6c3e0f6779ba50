// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Addresses and prefixes: IPv4 is IPv4-mapped IPv6, everywhere
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "libseg.h"

static const uint8_t v4_mapped[12] = { [10] = 0xff, [11] = 0xff };

#define V4_PLEN 96

int seg_addr_is_v4(const uint8_t addr[16])
{
	return !memcmp(addr, v4_mapped, sizeof(v4_mapped));
}

/* Decimal without sign or leading zero, at most @max; or -1. */
static int plen_parse(const char *text, int max)
{
	int value = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		value = value * 10 + (*text - '0');
		if (value > max)
			return -1;
	}
	return value;
}

/* Four decimal numbers without leading zeros, as inet_pton() has them, but at once. */
static int v4_parse(const char *text, uint8_t addr[4])
{
	unsigned int value;
	const char *from;
	int i;

	for (i = 0; i < 4; i++, text++) {
		for (from = text, value = 0; *text >= '0' && *text <= '9'; text++) {
			if (text - from == 3 || (text > from && *from == '0'))
				return 0;
			value = value * 10 + (unsigned int)(*text - '0');
		}
		if (text == from || value > UINT8_MAX || *text != (i < 3 ? '.' : '\0'))
			return 0;
		addr[i] = (uint8_t)value;
	}
	return 1;
}

/* Clear what lies beyond the prefix; 1 if something did. */
static int host_bits_clear(struct simseg_prefix *p)
{
	int i, found = 0;
	uint8_t mask;

	for (i = 0; i < 16; i++) {
		if (p->plen >= 8 * (i + 1))
			continue;
		mask = p->plen <= 8 * i ? 0xff : 0xff >> (p->plen - 8 * i);
		found |= p->addr[i] & mask;
		p->addr[i] &= (uint8_t)~mask;
	}
	return !!found;
}

int seg_prefix_parse(const char *text, struct simseg_prefix *prefix)
{
	struct simseg_prefix p = { 0 };
	size_t len = strcspn(text, "/");
	char addr[SEG_ADDR_LEN];
	int plen, base = 0;

	if (!len || len >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, text, len);
	addr[len] = '\0';
	if (v4_parse(addr, p.addr + 12)) {
		memcpy(p.addr, v4_mapped, sizeof(v4_mapped));
		base = V4_PLEN;
	} else if (inet_pton(AF_INET6, addr, p.addr) != 1) {
		return -EINVAL;
	}
	plen = text[len] ? plen_parse(text + len + 1, 128 - base) : 128 - base;
	if (plen < 0)
		return -ERANGE;
	p.plen = (uint8_t)(base + plen);
	base = p.plen < 128 && host_bits_clear(&p);
	*prefix = p;
	return base ? -EDOM : 0;
}

char *seg_addr_print(const uint8_t addr[16], char buf[SEG_ADDR_LEN])
{
	if (seg_addr_is_v4(addr))
		inet_ntop(AF_INET, addr + 12, buf, SEG_ADDR_LEN);
	else
		inet_ntop(AF_INET6, addr, buf, SEG_ADDR_LEN);
	return buf;
}

char *seg_prefix_print(const struct simseg_prefix *prefix, char buf[SEG_PREFIX_LEN])
{
	int v4 = prefix->plen >= V4_PLEN && seg_addr_is_v4(prefix->addr);
	int plen = prefix->plen - (v4 ? V4_PLEN : 0);
	char *p;

	if (v4)
		seg_addr_print(prefix->addr, buf);
	else
		inet_ntop(AF_INET6, prefix->addr, buf, SEG_PREFIX_LEN);
	if (prefix->plen >= 128)
		return buf;
	p = buf + strlen(buf);
	*p++ = '/';
	if (plen >= 100)
		*p++ = '1';
	if (plen >= 10)
		*p++ = (char)('0' + plen / 10 % 10);
	*p++ = (char)('0' + plen % 10);
	*p = '\0';
	return buf;
}

int seg_prefix_contains(const struct simseg_prefix *outer, const struct simseg_prefix *inner)
{
	unsigned int bytes = outer->plen / 8, bits = outer->plen % 8;

	if (outer->plen > 128 || inner->plen < outer->plen ||
	    memcmp(outer->addr, inner->addr, bytes))
		return 0;
	return !bits || !((outer->addr[bytes] ^ inner->addr[bytes]) >> (8 - bits));
}

int seg_prefix_cmp(const struct simseg_prefix *a, const struct simseg_prefix *b)
{
	int diff = memcmp(a->addr, b->addr, sizeof(a->addr));

	return diff ? diff : (int)a->plen - (int)b->plen;
}
