/* SPDX-License-Identifier: BSD-3-Clause */
/* The second half of a packet's way: next hop, TTL, MTU, rewrite, send. */
#ifndef LVSD_DATAPLANE_FORWARD_H
#define LVSD_DATAPLANE_FORWARD_H

#include "fwd/fwd.h"
#include "icmp.h"
#include "worker.h"

/* Sends a packet of c on in direction dir, changed as `how` says. Takes it over. */
void forward_packet(struct worker *w, struct packet *p, struct conn *c, enum conn_dir dir,
		    const struct fwd_ops *how);

/* The packet ends here, and its sender is told so. `from`: the director's address that speaks;
 * NULL: the one on the port where the packet came in. */
void forward_refuse(struct worker *w, struct packet *p, enum icmp_error error, uint16_t info,
		    const struct lvs_addr *from, enum counter why);

/* Cuts the frame to the IP packet with room for an Ethernet header in front. */
void forward_trim(struct packet *p);

#endif
