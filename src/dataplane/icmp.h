/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP errors: those that the director itself sends, and those about packets of connections. */
#ifndef LVSD_DATAPLANE_ICMP_H
#define LVSD_DATAPLANE_ICMP_H

#include "worker.h"

enum icmp_error {
	ICMP_ERROR_HOST_UNREACHABLE,
	ICMP_ERROR_PORT_UNREACHABLE,
	ICMP_ERROR_TOO_BIG, /* fragmentation needed; info: the MTU */
	ICMP_ERROR_TIME_EXCEEDED,
};

struct icmp_header {
	uint8_t type, code;
	uint16_t checksum;
	uint16_t unused;
	uint16_t info;
};

_Static_assert(sizeof(struct icmp_header) == 8, "RFC 792, RFC 4443");

/*
 * Tells the sender of p, which stays the caller's. `from` is the director's address that speaks:
 * the virtual one toward clients, the port's toward servers. Rate-limited; nothing is sent about
 * broadcasts (parse.c) and nothing when there is no way back.
 */
void icmp_send_error(struct worker *w, const struct packet *p, enum icmp_error error, uint16_t info,
		     const struct lvs_addr *from);

/* The checksum over an ICMP message of `len` bytes at m's offset `off`, checksum field included:
 * 0xffff when it is right. `ip6`: header whose addresses count in ICMPv6; NULL: ICMP. */
uint16_t icmp_checksum(const struct rte_mbuf *m, uint32_t off, uint32_t len,
		       const struct rte_ipv6_hdr *ip6);

/* ---- icmp_relay.c: errors about packets that we have forwarded --------------------------- */

/* What an ICMP error quotes, turned round: as packets look that go the way the error goes. */
struct icmp_quote {
	struct lvs_addr pair[2]; /* source, destination */
	union packet_ports ports;
	uint16_t l3, l4;   /* offsets of the quoted headers */
	uint8_t af, proto; /* proto: of the connection */
	bool portless;     /* the quoted packet has no ports: AH, ESP */
};

/* Reads the quotation of a PACKET_ICMP_ERROR. PARSE_OK, or why it cannot be. */
enum counter icmp_read_quote(const struct packet *p, struct icmp_quote *q);

/* Translates and sends on an error that belongs to a connection, or leaves it to the kernel. */
void icmp_relay(struct worker *w, struct packet *p);

#endif
