/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets and connections: which server a new one gets, what a packet does to an existing one. */
#ifndef LVSD_DATAPLANE_BALANCE_H
#define LVSD_DATAPLANE_BALANCE_H

#include "worker.h"

/* Sets the hash of a PACKET_FLOW. */
static inline void balance_hash(const struct worker *w, struct packet *p)
{
	if (unlikely(p->af == AF_INET6))
		p->addrs = conn_digest6(&w->conns, packet_ip6(p)->src_addr);
	p->hash = conn_hash(&w->conns, p->addrs, p->ports, p->flow_proto);
}

/* Takes over a PACKET_FLOW whose hash is set. */
void balance_flow(struct worker *w, struct packet *p);

/* Counts a packet in direction dir for the connection's destination. */
static inline void conn_count(struct worker *w, struct conn *c, enum conn_dir dir,
			      const struct packet *p)
{
	struct dest_slot *slot = &w->dests[c->dest];

	/* What goes on for a removed server's connections is nobody's (kernel). */
	if (unlikely(!(snapshot_dest(w->snapshot, c->dest)->flags & DEST_AVAILABLE)))
		return;
	if (dir == CONN_IN) {
		slot->inpkts++;
		slot->inbytes += p->l3_len;
		c->in_pkts++;
	} else {
		slot->outpkts++;
		slot->outbytes += p->l3_len;
	}
}

/* Ends a connection. */
void balance_close(struct worker *w, struct conn *c);

#endif
