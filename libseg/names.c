// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Words for codes, codes for words, and what a good name is
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "libseg.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct reason {
	const char *word;
	const char *text;
	int verdict;
};

#define REASON(sym, w, v, t) { .word = (w), .text = (t), .verdict = SIMSEG_VERDICT_##v },
static const struct reason reasons[] = { SIMSEG_REASONS(REASON) };

#define END(sym, w, t) { .word = (w), .text = (t), .verdict = 0 },
static const struct reason ends[] = { SIMSEG_ENDS(END) };

static const char *const verdicts[] = { "pass", "allow", "deny" };
static const char *const states[] = { "active", "quarantined", "unknown" };
static const char *const session_states[] = { "new", "replied", "established", "closing",
					      "closed" };
static const char *const sides[] = { "none", "sim", "net" };
static const char *const forwards[] = { "off", "on", "force" };
static const char *const skips[] = {
	"IPsec policies", "routing rules by mark", "a bridge", "netfilter chains or a flowtable",
	"tc filters",	  "a queue that shapes",
};
static const char *const modes[] = { "auto", "native", "generic", "none" };
static const char *const settings[] = {
	[SIMSEG_A_SETTING_TCP_NEW] = "tcp_new",
	[SIMSEG_A_SETTING_TCP_ESTABLISHED] = "tcp_established",
	[SIMSEG_A_SETTING_TCP_CLOSING] = "tcp_closing",
	[SIMSEG_A_SETTING_TCP_CLOSED] = "tcp_closed",
	[SIMSEG_A_SETTING_UDP_NEW] = "udp_new",
	[SIMSEG_A_SETTING_UDP_REPLIED] = "udp_replied",
	[SIMSEG_A_SETTING_ICMP] = "icmp",
	[SIMSEG_A_SETTING_OTHER] = "other",
	[SIMSEG_A_SETTING_SESSIONS] = "sessions",
	[SIMSEG_A_SETTING_DEVICE_SESSIONS] = "device_sessions",
	[SIMSEG_A_SETTING_DEVICES] = "devices",
	[SIMSEG_A_SETTING_DENY_INTERVAL] = "deny_interval",
	[SIMSEG_A_SETTING_PICKUP] = "pickup",
	[SIMSEG_A_SETTING_HALF_OPEN] = "half_open",
	[SIMSEG_A_SETTING_DEVICE_HALF_OPEN] = "device_half_open",
	[SIMSEG_A_SETTING_GRANT_MAX] = "grant_max",
	[SIMSEG_A_SETTING_RECORD_INTERVAL] = "record_interval",
	[SIMSEG_A_SETTING_RECORD_BACKLOG] = "record_backlog",
};

_Static_assert(ARRAY_SIZE(verdicts) == __SIMSEG_VERDICT_MAX, "a word for each verdict");
_Static_assert(ARRAY_SIZE(states) == __SIMSEG_STATE_MAX, "a word for each state");
_Static_assert(ARRAY_SIZE(session_states) == __SIMSEG_SESSION_STATE_MAX, "a word for each state");
_Static_assert(ARRAY_SIZE(sides) == __SIMSEG_SIDE_MAX, "a word for each side");
_Static_assert(ARRAY_SIZE(modes) == __SIMSEG_MODE_MAX, "a word for each mode");
_Static_assert(ARRAY_SIZE(forwards) == __SIMSEG_FORWARD_MAX, "a word for each kind");
_Static_assert(1U << (ARRAY_SIZE(skips) - 1) == SIMSEG_SKIP_QUEUE, "words for each bit");
_Static_assert(ARRAY_SIZE(settings) == __SIMSEG_A_SETTING_MAX, "a word for each setting");
_Static_assert(__SIMSEG_A_SETTING_MAX <= SEG_SETTINGS, "room for each setting");

static const struct {
	const char *name;
	uint8_t proto;
	uint8_t ports;
} protos[] = {
	{ "icmp", IPPROTO_ICMP, 0 }, { "tcp", IPPROTO_TCP, 1 },	  { "udp", IPPROTO_UDP, 1 },
	{ "sctp", IPPROTO_SCTP, 1 }, { "dccp", IPPROTO_DCCP, 1 }, { "udplite", IPPROTO_UDPLITE, 1 },
	{ "gre", IPPROTO_GRE, 0 },   { "esp", IPPROTO_ESP, 0 },	  { "ah", IPPROTO_AH, 0 },
};

static const char *word_get(const char *const *words, size_t n, unsigned int code)
{
	return code < n ? words[code] : "?";
}

static int word_find(const char *const *words, size_t n, const char *word)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (words[i] && !strcmp(words[i], word))
			return (int)i;
	return -EINVAL;
}

const char *seg_reason_name(unsigned int reason)
{
	return reason < ARRAY_SIZE(reasons) ? reasons[reason].word : "?";
}

const char *seg_reason_text(unsigned int reason)
{
	return reason < ARRAY_SIZE(reasons) ? reasons[reason].text : "?";
}

int seg_reason_verdict(unsigned int reason)
{
	return reason < ARRAY_SIZE(reasons) ? reasons[reason].verdict : -EINVAL;
}

int seg_reason_parse(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(reasons); i++)
		if (!strcmp(reasons[i].word, name))
			return (int)i;
	return -EINVAL;
}

const char *seg_end_name(unsigned int end)
{
	return end < ARRAY_SIZE(ends) ? ends[end].word : "?";
}

const char *seg_end_text(unsigned int end)
{
	return end < ARRAY_SIZE(ends) ? ends[end].text : "?";
}

const char *seg_verdict_name(unsigned int verdict)
{
	return word_get(verdicts, ARRAY_SIZE(verdicts), verdict);
}

const char *seg_state_name(unsigned int state)
{
	return word_get(states, ARRAY_SIZE(states), state);
}

const char *seg_session_state_name(unsigned int state)
{
	return word_get(session_states, ARRAY_SIZE(session_states), state);
}

const char *seg_side_name(unsigned int side)
{
	return word_get(sides, ARRAY_SIZE(sides), side);
}

const char *seg_mode_name(unsigned int mode)
{
	return word_get(modes, ARRAY_SIZE(modes), mode);
}

const char *seg_forward_name(unsigned int forward)
{
	return word_get(forwards, ARRAY_SIZE(forwards), forward);
}

const char *seg_skip_text(uint32_t bits)
{
	return word_get(skips, ARRAY_SIZE(skips), (unsigned int)ffs((int)bits) - 1);
}

const char *seg_setting_name(unsigned int setting)
{
	return setting < ARRAY_SIZE(settings) ? settings[setting] : NULL;
}

int seg_side_parse(const char *name)
{
	return word_find(sides, ARRAY_SIZE(sides), name);
}

int seg_mode_parse(const char *name)
{
	return word_find(modes, ARRAY_SIZE(modes), name);
}

int seg_forward_parse(const char *name)
{
	return word_find(forwards, ARRAY_SIZE(forwards), name);
}

uint32_t seg_setting_default(unsigned int setting)
{
	static const uint32_t defaults[] = {
#define SEG_SETTING_DEFAULT(sym, value) [SIMSEG_A_SETTING_##sym] = (value),
		SIMSEG_SETTING_DEFAULTS(SEG_SETTING_DEFAULT)
#undef SEG_SETTING_DEFAULT
	};

	return setting < ARRAY_SIZE(defaults) ? defaults[setting] : 0;
}

int seg_setting_parse(const char *name)
{
	return word_find(settings, ARRAY_SIZE(settings), name);
}

int seg_proto_parse(const char *name)
{
	unsigned int value = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protos); i++)
		if (!strcmp(protos[i].name, name))
			return protos[i].proto;
	if (*name < '1' || *name > '9')
		return -EINVAL;
	for (; *name; name++) {
		if (*name < '0' || *name > '9')
			return -EINVAL;
		value = value * 10 + (unsigned int)(*name - '0');
		if (value > 255)
			return -EINVAL;
	}
	return (int)value;
}

char *seg_proto_print(uint8_t proto, char buf[SEG_PROTO_LEN])
{
	char *p = buf;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protos); i++)
		if (protos[i].proto == proto)
			return strcpy(buf, protos[i].name);
	if (proto >= 100)
		*p++ = (char)('0' + proto / 100);
	if (proto >= 10)
		*p++ = (char)('0' + proto / 10 % 10);
	*p++ = (char)('0' + proto % 10);
	*p = '\0';
	return buf;
}

int seg_proto_has_ports(uint8_t proto)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protos); i++)
		if (protos[i].proto == proto)
			return protos[i].ports;
	return 0;
}

int seg_name_valid(const char *text)
{
	size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789_.-");

	return len && len <= SIMSEG_NAME_MAX && !text[len];
}

int seg_ifname_valid(const char *text, int pattern)
{
	size_t i, len = strlen(text);

	if (!len || len > SIMSEG_IFNAME_MAX || !strcmp(text, ".") || !strcmp(text, ".."))
		return 0;
	for (i = 0; i < len; i++) {
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f || strchr("/:%", text[i]))
			return 0;
		if (text[i] == '*' && !(pattern && i == len - 1))
			return 0;
	}
	return 1;
}

int seg_ifname_match(const char *pattern, const char *ifname)
{
	size_t len = strlen(pattern);

	if (len && pattern[len - 1] == '*')
		return !strncmp(pattern, ifname, len - 1);
	return !strcmp(pattern, ifname);
}

/* Length of the UTF-8 sequence at @s and its code point; 0 if it is none. */
static size_t utf8_next(const unsigned char *s, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len, i;

	if (*s < 0x80)
		len = 1;
	else if (*s >= 0xc2 && *s < 0xe0)
		len = 2;
	else if (*s >= 0xe0 && *s < 0xf0)
		len = 3;
	else if (*s >= 0xf0 && *s < 0xf5)
		len = 4;
	else
		return 0;
	*code = len == 1 ? *s : *s & (0xffU >> (len + 1));
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3f);
	}
	if (*code < least[len] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return len;
}

int seg_text_valid(const char *text, size_t max)
{
	const unsigned char *s = (const unsigned char *)text;
	uint32_t code;
	size_t len;

	if (strlen(text) > max)
		return 0;
	for (; *s; s += len) {
		len = 1;
		if (*s >= 0x20 && *s < 0x7f)
			continue;
		len = utf8_next(s, &code);
		if (!len || code < 0x20 || (code >= 0x7f && code < 0xa0))
			return 0;
	}
	return 1;
}
