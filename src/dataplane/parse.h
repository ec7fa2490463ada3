/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LVSD_DATAPLANE_PARSE_H
#define LVSD_DATAPLANE_PARSE_H

#include "packet.h"

#define PARSE_OK COUNTERS /* not a drop */

/*
 * Reads the headers of p->mbuf, received on a port whose address is `mac`, and fills p. Reads
 * nothing beyond the first segment's data. Returns PARSE_OK, or the counter of the reason why the
 * packet must be dropped (then p->kind is PACKET_DROPPED; the caller counts and frees).
 */
enum counter parse_packet(struct packet *p, const struct rte_ether_addr *mac);

/*
 * Reads on in a PACKET_FRAGMENT that is its datagram's first: p becomes a PACKET_FLOW, or a
 * PACKET_OTHER of a protocol whose fragments are not balanced. Returns PARSE_OK or why it must be
 * dropped.
 */
enum counter parse_first_fragment(struct packet *p);

#endif
