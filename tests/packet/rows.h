/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rows that read like a specification: what goes in, what comes out, what is counted. Every row
 * has a fresh world of this shape:
 *
 *   client 10.1.0.1 -- port 0 [10.1.255.254]  director  [10.2.255.254] port 1 -- server 10.2.0.1
 *   10.9.0.0/16 behind the router 10.1.0.9              10.8.0.0/16 behind the router 10.2.0.9
 *
 *   TCP 192.0.2.1:80  -> 10.2.0.1:8080      UDP 192.0.2.1:53  -> 10.2.0.1:5353
 *   TCP 192.0.2.1:443 -> 10.2.0.1:443       UDP 192.0.2.1:123 -> 10.2.0.1:123
 */
#ifndef LVSD_TESTS_ROWS_H
#define LVSD_TESTS_ROWS_H

#include "harness.h"

enum side { CLIENT, SERVER }; /* ports */

#define CLIENT_IP    "10.1.0.1"
#define VIP          "192.0.2.1"
#define SERVER_IP    "10.2.0.1"
#define DIRECTOR_IP  "10.1.255.254" /* toward clients */
#define DIRECTOR_DIP "10.2.255.254" /* toward servers */

/* Packets of the one connection that most rows are about. In: as the client sends it; forwarded:
 * as the server gets it; reply: as the server sends it; back: as the client gets it. */
#define TCP_IN(...)                                                                                \
	{                                                                                          \
		.l4 = L4_TCP, .src = CLIENT_IP, .dst = VIP, .sport = 30001, .dport = 80,           \
		__VA_ARGS__                                                                        \
	}
#define TCP_FORWARDED(...)                                                                         \
	{                                                                                          \
		.l4 = L4_TCP, .src = CLIENT_IP, .dst = SERVER_IP, .sport = 30001, .dport = 8080,   \
		.ttl = 63, __VA_ARGS__                                                             \
	}
#define TCP_REPLY(...)                                                                             \
	{                                                                                          \
		.l4 = L4_TCP, .src = SERVER_IP, .dst = CLIENT_IP, .sport = 8080, .dport = 30001,   \
		__VA_ARGS__                                                                        \
	}
#define TCP_BACK(...)                                                                              \
	{                                                                                          \
		.l4 = L4_TCP, .src = VIP, .dst = CLIENT_IP, .sport = 80, .dport = 30001,           \
		.ttl = 63, __VA_ARGS__                                                             \
	}
#define UDP_IN(...)                                                                                \
	{                                                                                          \
		.l4 = L4_UDP, .src = CLIENT_IP, .dst = VIP, .sport = 30001, .dport = 53,           \
		__VA_ARGS__                                                                        \
	}
#define UDP_FORWARDED(...)                                                                         \
	{                                                                                          \
		.l4 = L4_UDP, .src = CLIENT_IP, .dst = SERVER_IP, .sport = 30001, .dport = 5353,   \
		.ttl = 63, __VA_ARGS__                                                             \
	}
#define UDP_REPLY(...)                                                                             \
	{                                                                                          \
		.l4 = L4_UDP, .src = SERVER_IP, .dst = CLIENT_IP, .sport = 5353, .dport = 30001,   \
		__VA_ARGS__                                                                        \
	}
#define UDP_BACK(...)                                                                              \
	{                                                                                          \
		.l4 = L4_UDP, .src = VIP, .dst = CLIENT_IP, .sport = 53, .dport = 30001,           \
		.ttl = 63, __VA_ARGS__                                                             \
	}

#define SCTP_IN(...)                                                                               \
	{                                                                                          \
		.l4 = L4_SCTP, .src = CLIENT_IP, .dst = VIP, .sport = 30001, .dport = 2905,        \
		__VA_ARGS__                                                                        \
	}
#define SCTP_FORWARDED(...)                                                                        \
	{                                                                                          \
		.l4 = L4_SCTP, .src = CLIENT_IP, .dst = SERVER_IP, .sport = 30001, .dport = 9000,  \
		.ttl = 63, __VA_ARGS__                                                             \
	}
#define SCTP_REPLY(...)                                                                            \
	{                                                                                          \
		.l4 = L4_SCTP, .src = SERVER_IP, .dst = CLIENT_IP, .sport = 9000, .dport = 30001,  \
		__VA_ARGS__                                                                        \
	}
#define SCTP_BACK(...)                                                                             \
	{                                                                                          \
		.l4 = L4_SCTP, .src = VIP, .dst = CLIENT_IP, .sport = 2905, .dport = 30001,        \
		.ttl = 63, __VA_ARGS__                                                             \
	}

/* An ICMP error of the director. */
#define ICMP_ERROR(speaker, to, error_type, error_code, about, ...)                                \
	{                                                                                          \
		.l4 = L4_ICMP, .src = speaker, .dst = to, .tos = 0xc0, .icmp_type = error_type,    \
		.icmp_code = error_code, .quote = about, .any_id = true, __VA_ARGS__               \
	}

/* One of the packets that come before the row's; what they cause is not looked at. */
struct row_before {
	enum side from;
	struct pkt in; /* none: src is NULL */
};

struct row {
	const char *what;
	void (*setup)(void); /* changes the world; may be NULL */
	struct row_before before[3];
	enum side from;
	struct pkt in;
	unsigned int cut; /* not 0: the frame is cut after so many bytes */
	enum side to;
	struct pkt out;       /* nothing is sent: src is NULL */
	bool punted;          /* the frame is given to the kernel as it came */
	const char *counters; /* NULL: none */
};

/* What row.setup may use. */
extern uint32_t row_dest_tcp, row_dest_udp; /* of ports 80 and 53 */

void row_world(const struct world_config *config);

/* Runs a row; fails the test when it is not as it says. */
void row_run(const struct row *row);

/* Frame of a packet that comes in, with the addresses a row would give it. */
void row_frame_in(enum side from, const struct pkt *p, struct frame *out);

/* Injects a packet and turns. */
void row_send(enum side from, const struct pkt *p);

/* The next frame sent on a side is this packet. */
void row_expect(enum side to, const struct pkt *p, const char *what);
void row_expect_nothing(const char *what);
void row_expect_nothing_on(unsigned int port, const char *what);

/* The main() of a program of rows; further tests may follow the rows. */
int rows_main(const char *name, const struct row *rows, size_t n, const struct CMUnitTest *more,
	      size_t n_more);

#endif
