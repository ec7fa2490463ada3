/* SPDX-License-Identifier: BSD-3-Clause */
/* Route and neighbour of an address: for the first packet of a connection and for ICMP errors. */
#include "nexthop.h"

#include "port.h"

void nexthop_find(const struct fib *fib, uint16_t af, const struct lvs_addr *addr,
		  struct nexthop *out)
{
	const struct fib_target *t = fib_lookup(fib, af, addr);

	if (!t || t->type == FIB_UNREACHABLE) {
		out->kind = NEXTHOP_NONE;
		return;
	}
	if (t->type == FIB_LOCAL) {
		out->kind = NEXTHOP_LOCAL;
		return;
	}
	out->port = t->port;
	out->af = af;
	out->addr = t->on_link ? *addr : t->gateway;
	out->adjacency = fib_neighbour(fib, t->port, af, &out->addr);
	out->kind = out->adjacency == ADJACENCY_NONE ? NEXTHOP_UNRESOLVED : NEXTHOP_READY;
	out->mtu = t->mtu;
}

void nexthop_learn(struct worker *w, const struct conn_table *t, struct conn *c, enum conn_dir dir,
		   struct nexthop *out)
{
	uint16_t af;
	struct lvs_addr addr = conn_next_addr(t, c, dir, &af);

	nexthop_find(w->fib, af, &addr, out);
	if (c->adjacency_generation != w->fib->generation) {
		c->adjacency_generation = w->fib->generation;
		c->adjacency[CONN_IN] = c->adjacency[CONN_OUT] = ADJACENCY_NONE;
	}
	/* A route with an MTU of its own is looked up every time; so is any as long as the server
	 * is to be told something, which keeps such packets off the short way. */
	if (!c->client_info && out->kind == NEXTHOP_READY &&
	    out->mtu == w->fib->adjacencies[out->adjacency].mtu)
		c->adjacency[dir] = out->adjacency;
}
