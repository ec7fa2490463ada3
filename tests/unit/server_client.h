/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client of the control socket for tests that run in one process with the server: it builds
 * requests byte by byte, turns the server's event loop while it waits, and takes answers apart.
 */
#ifndef LVSD_TESTS_SERVER_CLIENT_H
#define LVSD_TESTS_SERVER_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/netlink.h>

struct event_base;

/* A datagram in the making. */
struct request {
	uint8_t data[65536] __attribute__((aligned(4)));
	size_t len;
	size_t message; /* where the last message begins */
	uint32_t seq;
};

void request_begin(struct request *r, uint16_t type, uint16_t flags, uint8_t cmd);
void request_put(struct request *r, uint16_t attr, const void *data, size_t len);
void request_u8(struct request *r, uint16_t attr, uint8_t value);
void request_u16(struct request *r, uint16_t attr, uint16_t value);
void request_u32(struct request *r, uint16_t attr, uint32_t value);
void request_string(struct request *r, uint16_t attr, const char *value);
size_t request_nest(struct request *r, uint16_t attr);
void request_nest_end(struct request *r, size_t nest);

/* Turns the loop until nothing is to be done at once. */
void client_turn(struct event_base *base);

int client_connect(const char *path);

/* One datagram into buf; -ETIMEDOUT when there is none within `ms` (the loop turns meanwhile),
 * 0: the server closed. */
int client_receive(struct event_base *base, int fd, void *buf, size_t size, unsigned int ms);

struct answer {
	bool error_seen; /* an NLMSG_ERROR came: result, text */
	bool done;       /* NLMSG_DONE: result */
	int result;
	char text[512];                                  /* of the extended acknowledgement */
	unsigned int n;                                  /* messages */
	uint8_t last[16384] __attribute__((aligned(4))); /* the last message */
};

/* Sends the datagram and reads until an acknowledgement, an error or the end of a dump, or, when
 * there is nothing to wait for, until nothing comes. `each` (may be NULL) sees every message. */
void client_ask(struct event_base *base, int fd, const struct request *r, struct answer *out,
		void (*each)(void *arg, const struct nlmsghdr *nlh), void *arg);

/* Value of an attribute inside of attributes; NULL: not there. */
const void *find_attr(const void *attrs, size_t attrs_len, uint16_t attr, size_t *len);
const void *message_attr(const void *message, uint16_t attr, size_t *len);

#endif
