/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where packets go next: addresses, routes and neighbours, as the main lcore knows them (from the
 * kernel's tables, or from static entries of the config), compiled into an immutable table that
 * the workers read. Published like a snapshot, on its own, because it changes with the network
 * and not with the services.
 *
 * Routes are flattened into disjoint ranges; a lookup is a binary search. A neighbour is an
 * adjacency: an index that stays the same as long as the neighbour is known, so that a connection
 * may remember it; `generation` changes whenever remembered indexes may be wrong.
 */
#ifndef LVSD_DATAPLANE_FIB_H
#define LVSD_DATAPLANE_FIB_H

#include <stddef.h>
#include <stdint.h>

#include "addr.h"

#define FIB_ADJACENCIES_MAX 65535u
#define FIB_PORTS_MAX       32

enum fib_route_type {
	FIB_UNICAST,     /* out of a port, to gateway or on link */
	FIB_LOCAL,       /* an address of the director */
	FIB_UNREACHABLE, /* "unreachable", "prohibit", "blackhole" routes */
};

struct fib_route {
	struct lvs_addr dst;
	struct lvs_addr gateway; /* zero: on link */
	uint16_t af;
	uint8_t prefix;  /* 0..32 or 0..128 */
	uint8_t type;    /* enum fib_route_type */
	uint16_t port;   /* index of the port; not for FIB_LOCAL, FIB_UNREACHABLE */
	uint16_t mtu;    /* 0: the port's */
	uint32_t metric; /* of two routes to one prefix the lower metric counts */
};

struct fib_neighbour {
	struct lvs_addr addr;
	uint16_t af;
	uint16_t port;
	uint8_t mac[6];
};

/* The address the director speaks from on a port (ICMP errors toward that side). */
struct fib_source {
	struct lvs_addr addr;
	uint16_t af;
	uint16_t port;
};

struct fib_input {
	const struct fib_route *routes;
	size_t n_routes;
	const struct fib_neighbour *neighbours;
	size_t n_neighbours;
	const struct fib_source *sources; /* first of a port and family counts */
	size_t n_sources;
};

struct fib;

/*
 * Compiles tables into a fib. `previous` (may be NULL) gives the adjacency indexes to keep.
 * Neighbours beyond FIB_ADJACENCIES_MAX are left out. Returns NULL only when out of memory.
 * The caller owns the result and frees it with fib_free() once no worker reads it (dp_defer).
 */
struct fib *fib_build(const struct fib_input *in, const struct fib *previous);
void fib_free(struct fib *fib);

#endif
