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

static inline unsigned int steer_hash(uint32_t addr, uint16_t port, unsigned int n_workers)
{
	uint64_t h = ((uint64_t)addr << 16 | port) * 0x9e3779b97f4a7c15ull;

	h ^= h >> 32;
	h *= 0xff51afd7ed558ccdull;
	return (unsigned int)(((h >> 32) * n_workers) >> 32);
}

static inline unsigned int steer_owner(const struct worker *w, const struct packet *p)
{
	struct lvs_addr dst = addr_v4(packet_dst(p));

	if (service_is_vip(w->snapshot, AF_INET, &dst))
		return steer_hash(packet_src(p), packet_sport(p), w->n_workers);
	return steer_hash(packet_dst(p), packet_dport(p), w->n_workers);
}

/* Collects a packet for its owner; sent on by steer_flush. */
void steer_handover(struct worker *w, unsigned int owner, struct rte_mbuf *m);
void steer_flush(struct worker *w);

#endif
