/* SPDX-License-Identifier: BSD-3-Clause */
/* Which virtual service a packet is for. */
#ifndef LVSD_DATAPLANE_SERVICE_H
#define LVSD_DATAPLANE_SERVICE_H

#include "snapshot.h"

/* The service of exactly this protocol, address and port; NULL when there is none. */
const struct service *service_find(const struct snapshot *s, uint16_t af, uint8_t proto,
				   const struct lvs_addr *addr, uint16_t port);

/* Is it the address of a virtual service (or of one that still has connections)? */
bool service_is_vip(const struct snapshot *s, uint16_t af, const struct lvs_addr *addr);

/* Is it a local address of FULLNAT? */
bool service_is_laddr(const struct snapshot *s, uint16_t af, const struct lvs_addr *addr);

#endif
