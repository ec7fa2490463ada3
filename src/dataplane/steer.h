/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which worker owns a flow. The owner follows from the client's address and port alone, which
 * both directions carry: as the source of packets to a virtual address, as the destination of
 * those from a server. Needs no shared table.
 */
#ifndef LVSD_DATAPLANE_STEER_H
#define LVSD_DATAPLANE_STEER_H

#include "service.h"
#include "worker.h"

static inline unsigned int steer_hash(const struct lvs_addr *addr, uint16_t port,
				      unsigned int n_workers)
{
	return (unsigned int)((uint64_t)addr_hash(addr, port) * n_workers >> 32);
}

/* The worker that must handle a packet; w itself when it makes no difference. */
unsigned int steer_owner(const struct worker *w, const struct packet *p);

/* Collects a packet for its owner; sent on by steer_flush. Takes over its frame. */
void steer_handover(struct worker *w, unsigned int owner, const struct packet *p);
void steer_flush(struct worker *w);

#endif
