/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames that leave the packet path: to the kernel's twin, or waiting for a link address. The
 * worker's half puts them into a ring, limited per class so that a flood of one kind starves
 * nobody; the main lcore's half (dp_punt_poll) hands them out.
 */
#ifndef LVSD_DATAPLANE_PUNT_H
#define LVSD_DATAPLANE_PUNT_H

#include <stdint.h>

#include "addr.h"
#include "clock.h"

struct packet;
struct rte_mbuf;
struct worker;

enum punt_class {
	PUNT_ARP,     /* ARP */
	PUNT_LOCAL,   /* for an address of the director: ssh, BGP, ping */
	PUNT_OTHER,   /* everything else: routed by the kernel, multicast, IPv6 */
	PUNT_RESOLVE, /* waits for a link address */
	PUNT_CLASSES
};

enum punt_kind { PUNT_KIND_FRAME, PUNT_KIND_RESOLVE };

/* Sets the worker's limits. */
void punt_init(struct worker *w);

/* Worker: gives a received frame to the kernel. */
void punt_frame(struct worker *w, struct packet *p);

/* Worker: the packet in m (complete but for its Ethernet header, for which there is room) waits
 * for addr's link address on port. */
void punt_resolve(struct worker *w, struct rte_mbuf *m, uint16_t port, uint16_t af,
		  const struct lvs_addr *addr);

/* Main: forgets the waiting packets. */
void punt_fini(void);

/* Main: events of the main lcore, counted there. */
extern uint64_t punt_counters[];

#endif
