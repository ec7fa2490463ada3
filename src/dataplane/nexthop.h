/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Last step of a packet's way: which neighbour gets it, and the Ethernet header. A connection
 * remembers its neighbours for both directions, so that established traffic looks nothing up.
 */
#ifndef LVSD_DATAPLANE_NEXTHOP_H
#define LVSD_DATAPLANE_NEXTHOP_H

#include "worker.h"

enum nexthop_kind {
	NEXTHOP_READY,      /* adjacency says where */
	NEXTHOP_UNRESOLVED, /* port, af, addr say whose link address is missing */
	NEXTHOP_LOCAL,      /* an address of the director */
	NEXTHOP_NONE,       /* no route */
};

struct nexthop {
	enum nexthop_kind kind;
	uint16_t adjacency;
	uint16_t port;
	uint16_t af;
	uint16_t mtu;
	struct lvs_addr addr;
};

/* Looks an address up in routes and neighbours. */
void nexthop_find(const struct fib *fib, uint16_t af, const struct lvs_addr *addr,
		  struct nexthop *out);

/* Looks up the next hop of a connection in a direction and remembers it. */
void nexthop_learn(struct worker *w, const struct conn_table *t, struct conn *c, enum conn_dir dir,
		   struct nexthop *out);

/* The next hop of a connection's packet in direction dir; remembered in c, which lies in t. */
static inline void nexthop_of_conn(struct worker *w, const struct conn_table *t, struct conn *c,
				   enum conn_dir dir, struct nexthop *out)
{
	const struct fib *fib = w->fib;

	if (likely(c->adjacency_generation == fib->generation &&
		   c->adjacency[dir] != ADJACENCY_NONE)) {
		const struct adjacency *a = &fib->adjacencies[c->adjacency[dir]];

		out->kind = NEXTHOP_READY;
		out->adjacency = c->adjacency[dir];
		out->port = a->port;
		out->af = a->af;
		out->mtu = a->mtu;
		return;
	}
	nexthop_learn(w, t, c, dir, out);
}

/* Writes the Ethernet header of an adjacency before data[0] = IP header, and sends. */
static inline void nexthop_send(struct worker *w, struct rte_mbuf *m, uint16_t adjacency)
{
	const struct adjacency *a = &w->fib->adjacencies[adjacency];
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);

	memcpy(eth, a->macs, sizeof(a->macs));
	eth->ether_type = likely(a->af == AF_INET) ? RTE_BE16(RTE_ETHER_TYPE_IPV4)
						   : RTE_BE16(RTE_ETHER_TYPE_IPV6);
	worker_send(w, a->port, m);
}

/* Sends the packet, whose data begins with room for the Ethernet header, or lets it wait for its
 * link address. kind is READY or UNRESOLVED. */
static inline void nexthop_out(struct worker *w, struct rte_mbuf *m, const struct nexthop *nh)
{
	if (likely(nh->kind == NEXTHOP_READY))
		nexthop_send(w, m, nh->adjacency);
	else
		punt_resolve(w, m, nh->port, nh->af, &nh->addr);
}

#endif
