/* SPDX-License-Identifier: BSD-3-Clause */
/* Cutting IPv4 packets that are longer than the next hop's MTU (RFC 791 section 3.2). */
#ifndef LVSD_DATAPLANE_FRAGMENT_H
#define LVSD_DATAPLANE_FRAGMENT_H

#include "nexthop.h"

/* Sends an IPv4 packet, whose data begins with room for an Ethernet header, in pieces that fit
 * nh->mtu. Takes it over. */
void fragment_send(struct worker *w, struct rte_mbuf *m, const struct nexthop *nh);

#endif
