// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dlms: a minimal DLMS/COSEM peer over the TCP wrapper (IEC 62056-47).
 *
 * usage: dlms meter [PORT]
 *        dlms poll ADDR [PORT]
 *
 * The head-end associates (AARQ, AARE) and reads the active energy register
 * 1-0:1.8.0 (GET); the meter answers both.
 */
#include "net.h"

#define WRAPPER_VERSION 1
#define WPORT_CLIENT	16
#define WPORT_METER	1
#define TAG_AARQ	0x60
#define TAG_AARE	0x61
#define TAG_GET_REQ	0xc0
#define TAG_GET_RES	0xc4
#define APDU_MAX	512
#define WAIT_MS		3000

static const uint8_t aarq[] = {
	TAG_AARQ, 0x1d, 0xa1, 0x09, 0x06, 0x07, 0x60, 0x85, 0x74, 0x05, 0x08,
	0x01,	  0x01, 0xbe, 0x10, 0x04, 0x0e, 0x01, 0x00, 0x00, 0x00, 0x06,
	0x5f,	  0x1f, 0x04, 0x00, 0x00, 0x10, 0x10, 0x04, 0x00,
};
static const uint8_t aare[] = {
	TAG_AARE, 0x12, 0xa1, 0x09, 0x06, 0x07, 0x60, 0x85, 0x74, 0x05,
	0x08,	  0x01, 0x01, 0xa2, 0x03, 0x02, 0x01, 0x00, 0x00, 0x00,
};
/* GET-Request-Normal: class 3, 1-0:1.8.0.255, attribute 2 */
static const uint8_t get_req[] = {
	TAG_GET_REQ, 0x01, 0xc1, 0x00, 0x03, 0x01, 0x00, 0x01, 0x08, 0x00, 0xff, 0x02, 0x00,
};
/* GET-Response-Normal: double-long-unsigned */
static const uint8_t get_res[] = {
	TAG_GET_RES, 0x01, 0xc1, 0x00, 0x06, 0x00, 0x01, 0xe2, 0x40,
};

static int send_apdu(int fd, int from, int to, const uint8_t *apdu, uint16_t len)
{
	uint8_t frame[8 + APDU_MAX] = { 0, WRAPPER_VERSION, 0, from, 0, to, len >> 8, len };

	memcpy(frame + 8, apdu, len);
	return write_full(fd, frame, 8 + len);
}

static int read_apdu(int fd, uint8_t *apdu)
{
	uint8_t head[8];
	int len;

	if (read_full(fd, head, sizeof(head)) || head[1] != WRAPPER_VERSION)
		return -1;
	len = head[6] << 8 | head[7];
	return len < 1 || len > APDU_MAX || read_full(fd, apdu, len) ? -1 : len;
}

static void meter(int fd)
{
	uint8_t apdu[APDU_MAX];

	while (read_apdu(fd, apdu) > 0) {
		if (apdu[0] == TAG_AARQ)
			send_apdu(fd, WPORT_METER, WPORT_CLIENT, aare, sizeof(aare));
		else if (apdu[0] == TAG_GET_REQ)
			send_apdu(fd, WPORT_METER, WPORT_CLIENT, get_res, sizeof(get_res));
	}
}

static int head_end(const char *addr, int port)
{
	uint8_t apdu[APDU_MAX];
	int fd = connect_within(addr, port, WAIT_MS);

	if (fd < 0)
		die("connect to %s", addr);
	if (send_apdu(fd, WPORT_CLIENT, WPORT_METER, aarq, sizeof(aarq)) ||
	    read_apdu(fd, apdu) < 1 || apdu[0] != TAG_AARE)
		die("no association");
	if (send_apdu(fd, WPORT_CLIENT, WPORT_METER, get_req, sizeof(get_req)) ||
	    read_apdu(fd, apdu) < 9 || apdu[0] != TAG_GET_RES)
		die("no reading");
	return 0;
}

int main(int argc, char **argv)
{
	int listener;

	if (argc >= 3 && !strcmp(argv[1], "poll"))
		return head_end(argv[2], argc > 3 ? atoi(argv[3]) : 4059);
	if (argc < 2 || strcmp(argv[1], "meter")) {
		fprintf(stderr, "usage: dlms meter [PORT] | dlms poll ADDR [PORT]\n");
		return 2;
	}
	listener = listen_on(SOCK_STREAM, argc > 2 ? atoi(argv[2]) : 4059);
	background();
	serve_forever(listener, meter);
}
