/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inside of a fib: what the workers read. Built by fib.c, immutable.
 */
#ifndef LVSD_DATAPLANE_FIB_TABLE_H
#define LVSD_DATAPLANE_FIB_TABLE_H

#include <stdbool.h>

#include "fib.h"

#define ADJACENCY_NONE UINT16_MAX

/* A neighbour: how a frame to it begins. */
struct adjacency {
	uint8_t macs[12]; /* destination, source */
	uint16_t port;    /* UINT16_MAX: index not in use */
	uint16_t mtu;
	struct lvs_addr addr;
	uint16_t af;
	uint8_t pad[30];
};

_Static_assert(sizeof(struct adjacency) == 64, "one cache line per neighbour");

struct fib_target {
	uint8_t type; /* enum fib_route_type */
	bool on_link;
	uint16_t port;
	uint16_t mtu; /* the lower of the route's and the port's */
	struct lvs_addr gateway;
};

/* Disjoint ranges: range i goes from start[i] up to start[i + 1] (or the last address). */
struct fib_ranges {
	size_t n;
	unsigned __int128 *start; /* host byte order */
	uint32_t *target;         /* index into targets; 0: no route */
};

struct fib {
	uint32_t generation; /* of adjacency indexes; never 0 */
	uint64_t routes_digest;
	struct fib_ranges ip4, ip6;
	struct fib_target *targets;
	uint32_t n_adjacencies; /* indexes in use are below */
	struct adjacency *adjacencies;
	uint32_t neighbour_mask;
	uint16_t *neighbours; /* open addressing by (port, address), ADJACENCY_NONE: empty */
	size_t n_sources;
	struct fib_source *sources;
};

/* The adjacency of a neighbour, ADJACENCY_NONE when it is not known. */
uint16_t fib_neighbour(const struct fib *fib, uint16_t port, uint16_t af,
		       const struct lvs_addr *addr);

/* The route to an address, NULL when there is none. */
const struct fib_target *fib_lookup(const struct fib *fib, uint16_t af,
				    const struct lvs_addr *addr);

/* The director's address on a port, NULL when it has none. */
const struct lvs_addr *fib_source_of(const struct fib *fib, uint16_t port, uint16_t af);

#endif
