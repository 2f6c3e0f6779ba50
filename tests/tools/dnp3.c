// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dnp3: a minimal DNP3 (IEEE 1815) peer over TCP, master or outstation.
 *
 * usage: dnp3 outstation [PORT]
 *        dnp3 master ADDR [PORT]
 *
 * The master asks for the link status and reads class 0 data; the outstation
 * answers both. Every block carries its CRC, and every CRC is checked.
 */
#include "net.h"

#define CTRL_REQUEST_STATUS  0xc9 /* DIR, PRM, function 9 */
#define CTRL_STATUS	     0x0b /* function 11 */
#define CTRL_DATA_MASTER     0xc4 /* DIR, PRM, unconfirmed user data */
#define CTRL_DATA_OUTSTATION 0x44
#define APP_READ	     0x01
#define APP_RESPONSE	     0x81
#define WAIT_MS		     3000

#define DATA_MAX 250

static uint16_t crc(const uint8_t *p, size_t len)
{
	uint16_t c = 0;
	int bit;

	while (len--) {
		c ^= *p++;
		for (bit = 0; bit < 8; bit++)
			c = c & 1 ? c >> 1 ^ 0xa6bc : c >> 1;
	}
	return ~c;
}

/* Append a block and its CRC; returns where the next one goes. */
static uint8_t *put_block(uint8_t *to, const uint8_t *data, size_t len)
{
	uint16_t c = crc(data, len);

	memcpy(to, data, len);
	to[len] = c;
	to[len + 1] = c >> 8;
	return to + len + 2;
}

static int send_frame(int fd, uint8_t ctrl, const uint8_t *data, size_t len)
{
	uint8_t head[8] = { 0x05, 0x64, 5 + len, ctrl, 1, 0, 2, 0 }, frame[512], *p;
	size_t n;

	p = put_block(frame, head, sizeof(head));
	for (; len; data += n, len -= n) {
		n = len < 16 ? len : 16;
		p = put_block(p, data, n);
	}
	return write_full(fd, frame, p - frame);
}

static int read_block(int fd, uint8_t *data, size_t len)
{
	uint8_t c[2];

	if (read_full(fd, data, len) || read_full(fd, c, 2))
		return -1;
	return crc(data, len) == (c[0] | c[1] << 8) ? 0 : -1;
}

/* Returns the length of the user data, -1 on a bad frame. */
static int read_frame(int fd, uint8_t *ctrl, uint8_t *data)
{
	uint8_t head[8];
	int len, at, n;

	if (read_block(fd, head, sizeof(head)) || head[0] != 0x05 || head[1] != 0x64 || head[2] < 5)
		return -1;
	*ctrl = head[3];
	len = head[2] - 5;
	for (at = 0; at < len; at += n) {
		n = len - at < 16 ? len - at : 16;
		if (read_block(fd, data + at, n))
			return -1;
	}
	return len;
}

static void outstation(int fd)
{
	/* transport FIR FIN; application: response, no indications, one binary input */
	static const uint8_t answer[] = { 0xc0, 0xc0, APP_RESPONSE, 0, 0, 1, 2, 0, 0, 0, 0x81 };
	uint8_t ctrl, data[DATA_MAX + 5];
	int len;

	for (;;) {
		len = read_frame(fd, &ctrl, data);
		if (len < 0)
			return;
		if (ctrl == CTRL_REQUEST_STATUS)
			send_frame(fd, CTRL_STATUS, NULL, 0);
		else if (ctrl == CTRL_DATA_MASTER && len >= 3 && data[2] == APP_READ)
			send_frame(fd, CTRL_DATA_OUTSTATION, answer, sizeof(answer));
	}
}

static int master(const char *addr, int port)
{
	/* transport FIR FIN; application: READ, group 60 variation 1, all */
	static const uint8_t request[] = { 0xc0, 0xc0, APP_READ, 60, 1, 6 };
	uint8_t ctrl, data[DATA_MAX + 5];
	int fd = connect_within(addr, port, WAIT_MS);

	if (fd < 0)
		die("connect to %s", addr);
	if (send_frame(fd, CTRL_REQUEST_STATUS, NULL, 0) || read_frame(fd, &ctrl, data) < 0 ||
	    ctrl != CTRL_STATUS)
		die("no link status");
	if (send_frame(fd, CTRL_DATA_MASTER, request, sizeof(request)) ||
	    read_frame(fd, &ctrl, data) < 5 || ctrl != CTRL_DATA_OUTSTATION ||
	    data[2] != APP_RESPONSE)
		die("no response to READ");
	return 0;
}

int main(int argc, char **argv)
{
	int listener;

	if (argc >= 3 && !strcmp(argv[1], "master"))
		return master(argv[2], argc > 3 ? atoi(argv[3]) : 20000);
	if (argc < 2 || strcmp(argv[1], "outstation")) {
		fprintf(stderr, "usage: dnp3 outstation [PORT] | dnp3 master ADDR [PORT]\n");
		return 2;
	}
	listener = listen_on(SOCK_STREAM, argc > 2 ? atoi(argv[2]) : 20000);
	background();
	serve_forever(listener, outstation);
}
