/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TOA: the client's address as an option of the TCP segments that go to a server by FULLNAT, for
 * servers that look for it there (kind 254, as other directors send it).
 *
 *   IPv4  254  8  port  address (4 bytes)         IPv6  254  20  port  address (16 bytes)
 */
#ifndef LVSD_DATAPLANE_TOA_H
#define LVSD_DATAPLANE_TOA_H

#include "../conn.h"
#include "../packet.h"

/*
 * A client's packet of c, already rewritten, which may become as long as `mtu`. Adds the option
 * when it belongs there and fits: not in a SYN, RST or fragment, at most 60 bytes of TCP header, no
 * longer than the MTU, and room in the buffer. Otherwise the packet goes as it is.
 */
void toa_add(const struct conn_table *t, struct packet *p, const struct conn *c, uint32_t mtu);

/* A server's packet: does it show that the handshake is over there, and the option with it? */
bool toa_done(const struct packet *p);

#endif
