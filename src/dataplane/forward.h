/* SPDX-License-Identifier: BSD-3-Clause */
/* The second half of a packet's way: next hop, TTL, MTU, rewrite, send. */
#ifndef LVSD_DATAPLANE_FORWARD_H
#define LVSD_DATAPLANE_FORWARD_H

#include "fwd/fwd.h"
#include "icmp.h"
#include "nexthop.h"
#include "worker.h"

/* How a packet leaves. */
struct passage {
	struct nexthop nh;
	uint16_t overhead; /* bytes that the method adds */
	bool fragment;     /* must be cut */
};

/* Finds the way of a packet of c in direction dir, which `how` will change. False: it cannot go
 * there (no route, TTL, MTU); it ended here and its sender was told. */
bool forward_admit(struct worker *w, struct packet *p, struct conn *c, enum conn_dir dir,
		   const struct fwd_ops *how, struct passage *pass);

/* Changes and sends an admitted packet. Takes it over. */
void forward_send(struct worker *w, struct packet *p, struct conn *c, enum conn_dir dir,
		  const struct fwd_ops *how, const struct passage *pass);

/* The packet ends here, and its sender is told so. `from`: the director's address that speaks;
 * NULL: the one on the port where the packet came in. */
void forward_refuse(struct worker *w, struct packet *p, enum icmp_error error, uint16_t info,
		    const struct lvs_addr *from, enum counter why);

/* Cuts the frame to the IP packet with room for an Ethernet header in front. */
void forward_trim(struct packet *p);

#endif
