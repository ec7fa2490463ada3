/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The world of rows.h (a row's setup, or after row_world()) with FULLNAT, and the same for IPv6:
 *
 *   10.2.255.253, fd00:2::fe   local addresses, ports 5000..5999 of each service below
 *   [2001:db8::1]:80 -> [fd00:2::1]:8080   TCP and UDP; client 2001:db8:1::1
 */
#ifndef LVSD_TESTS_FULLNAT_H
#define LVSD_TESTS_FULLNAT_H

#include "rows.h"

#define LOCAL  "10.2.255.253"
#define LOCAL2 "10.2.255.252"
#define LPORT  5000 /* of a world's first connection */

#define CLIENT6 "2001:db8:1::1"
#define VIP6    "2001:db8::1"
#define SERVER6 "fd00:2::1"
#define LOCAL6  "fd00:2::fe"
#define OURS6   "fd00:2::ff"

/* The one connection, as in rows.h: forwarded and reply are between local address and server. */
#define TCP_TO(...)                                                                                \
	{                                                                                          \
		.l4 = L4_TCP, .src = LOCAL, .dst = SERVER_IP, .sport = LPORT, .dport = 8080,       \
		.ttl = 63, __VA_ARGS__                                                             \
	}
#define TCP_FROM(...)                                                                              \
	{                                                                                          \
		.l4 = L4_TCP, .src = SERVER_IP, .dst = LOCAL, .sport = 8080, .dport = LPORT,       \
		__VA_ARGS__                                                                        \
	}
#define UDP_TO(...)                                                                                \
	{                                                                                          \
		.l4 = L4_UDP, .src = LOCAL, .dst = SERVER_IP, .sport = LPORT, .dport = 5353,       \
		.ttl = 63, __VA_ARGS__                                                             \
	}
#define UDP_FROM(...)                                                                              \
	{                                                                                          \
		.l4 = L4_UDP, .src = SERVER_IP, .dst = LOCAL, .sport = 5353, .dport = LPORT,       \
		__VA_ARGS__                                                                        \
	}
#define IN6(proto, ...)                                                                            \
	{                                                                                          \
		.l4 = proto, .src = CLIENT6, .dst = VIP6, .sport = 30001, .dport = 80, __VA_ARGS__ \
	}
#define TO6(proto, ...)                                                                            \
	{                                                                                          \
		.l4 = proto, .src = LOCAL6, .dst = SERVER6, .sport = LPORT, .dport = 8080,         \
		.ttl = 63, __VA_ARGS__                                                             \
	}
#define FROM6(proto, ...)                                                                          \
	{                                                                                          \
		.l4 = proto, .src = SERVER6, .dst = LOCAL6, .sport = 8080, .dport = LPORT,         \
		__VA_ARGS__                                                                        \
	}
#define BACK6(proto, ...)                                                                          \
	{                                                                                          \
		.l4 = proto, .src = VIP6, .dst = CLIENT6, .sport = 80, .dport = 30001, .ttl = 63,  \
		__VA_ARGS__                                                                        \
	}

#define SYN                                                                                        \
	{                                                                                          \
		.from = CLIENT, .in = TCP_IN(.flags = "S")                                         \
	}
#define SYN_ACK                                                                                    \
	{                                                                                          \
		.from = SERVER, .in = TCP_FROM(.flags = "SA")                                      \
	}
#define QUERY                                                                                      \
	{                                                                                          \
		.from = CLIENT, .in = UDP_IN(.payload = 4)                                         \
	}
#define SYN6                                                                                       \
	{                                                                                          \
		.from = CLIENT, .in = IN6(L4_TCP, .flags = "S")                                    \
	}
#define SYN_ACK6                                                                                   \
	{                                                                                          \
		.from = SERVER, .in = FROM6(L4_TCP, .flags = "SA")                                 \
	}
#define QUERY6                                                                                     \
	{                                                                                          \
		.from = CLIENT, .in = IN6(L4_UDP, .payload = 4)                                    \
	}

/* Services 0 and 1 are those of row_dest_tcp and row_dest_udp; 4 and 5 the IPv6 ones. */
enum { TCP4, UDP4, TCP6 = 4, UDP6 };

/* Everything forwards by FULLNAT. */
void fullnat(void);

#endif
