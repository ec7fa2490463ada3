/* SPDX-License-Identifier: BSD-3-Clause */
/* The second half of a packet's way: next hop, TTL, MTU, rewrite, send. */
#ifndef LVSD_DATAPLANE_FORWARD_H
#define LVSD_DATAPLANE_FORWARD_H

#include "fwd/fwd.h"
#include "icmp.h"
#include "nexthop.h"
#include "worker.h"

#define FORWARD_FIRST  FRAGMENT_FIRST /* the rest of the datagram must follow it */
#define FORWARD_CUT    0x80u          /* longer than the MTU */
#define FORWARD_INFORM 0x40u          /* the server is to be told the client */

/* How a packet leaves. */
struct passage {
	struct nexthop nh;
	uint16_t overhead; /* bytes that the method adds */
	uint8_t special;   /* FORWARD_* */
};

/* Sends a fragment, other than the first one, the way of the datagram's connection c, which is an
 * object of t. Takes it over. */
void forward_rest(struct worker *w, struct packet *p, const struct conn_table *t, struct conn *c,
		  enum conn_dir dir);

/* The packet ends here, and its sender is told so. `from`: the director's address that speaks;
 * NULL: the one on the port where the packet came in. */
void forward_refuse(struct worker *w, struct packet *p, enum icmp_error error, uint16_t info,
		    const struct lvs_addr *from, enum counter why);

/* Cuts the frame to the IP packet with room for an Ethernet header in front. */
void forward_trim(struct packet *p);

/* The slow ways of the two functions below. */
bool forward_admit_any(struct worker *w, struct packet *p, struct conn *c, enum conn_dir dir,
		       const struct fwd_ops *how, struct passage *pass);
void forward_finish(struct worker *w, struct packet *p, struct conn *c, enum conn_dir dir,
		    const struct fwd_ops *how, const struct passage *pass);

/* Finds the way of a packet of c in direction dir, which `how` will change. False: it cannot go
 * there (no route, TTL, MTU); it ended here and its sender was told. */
static inline bool forward_admit(struct worker *w, struct packet *p, struct conn *c,
				 enum conn_dir dir, const struct fwd_ops *how, struct passage *pass)
{
	uint16_t adjacency = c->adjacency[dir];

	if (unlikely(c->adjacency_generation != w->fib->generation || adjacency == ADJACENCY_NONE ||
		     how->overhead || p->fragment || p->ttl <= 1 ||
		     p->l3_len > w->fib->adjacencies[adjacency].mtu))
		return forward_admit_any(w, p, c, dir, how, pass);
	pass->nh.kind = NEXTHOP_READY;
	pass->nh.adjacency = adjacency;
	pass->overhead = 0;
	pass->special = 0;
	return true;
}

/* Changes and sends an admitted packet. Takes it over. */
static inline void forward_send(struct worker *w, struct packet *p, struct conn *c,
				enum conn_dir dir, const struct fwd_ops *how,
				const struct passage *pass)
{
	how->rewrite[dir](&w->conns, p, c);
	if (unlikely(p->l3 != sizeof(struct rte_ether_hdr) ||
		     p->mbuf->pkt_len != (uint32_t)p->l3 + p->l3_len))
		forward_trim(p);
	if (likely(!pass->overhead && !pass->special && pass->nh.kind == NEXTHOP_READY))
		nexthop_send(w, p->mbuf, pass->nh.adjacency);
	else
		forward_finish(w, p, c, dir, how, pass);
}

#endif
