/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The director's network in one set of tables: what the kernel says (kernel.c) and what the
 * configuration gives for ports without a twin, merged and published to the workers as a fib.
 *
 * Main lcore only. A struct network is filled from scratch for every publication: reset, add,
 * publish. Running out of memory is remembered and comes out at the end.
 */
#ifndef LVSD_CONTROL_NETWORK_H
#define LVSD_CONTROL_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "dataplane/fib.h"

struct network_vector {
	void *item;
	size_t n, room;
};

struct network {
	struct network_vector routes;     /* struct fib_route, in the order they were added */
	struct network_vector neighbours; /* struct fib_neighbour */
	struct network_vector sources;    /* struct fib_source */
	struct network_vector order;      /* scratch of network_input() */
	int error;
};

/* A network starts as zeroes. Empties it but keeps its memory. */
void network_reset(struct network *net);
void network_free(struct network *net);

void network_add_route(struct network *net, const struct fib_route *route);
void network_add_neighbour(struct network *net, const struct fib_neighbour *neighbour);
void network_add_source(struct network *net, const struct fib_source *source);

/* An address of the director on a port, with what follows from it: the address and the network's
 * broadcast address are local, the network is on link, ICMP errors come from there. */
void network_add_address(struct network *net, unsigned int port, const struct config_address *addr);

/* Everything that the configuration gives for ports whose has_twin[] is false. */
void network_add_config(struct network *net, const struct config *config, const bool *has_twin);

/* Gives the tables in the form that fib_build() takes, one route per prefix: local addresses
 * first, then the lowest metric, then the one added first. Valid until net changes. 0 or -ENOMEM.
 */
int network_input(struct network *net, struct fib_input *out);

/* Compiles the tables and gives them to the workers. The replaced fib is freed when no worker
 * reads it any more. 0 or -ENOMEM, and then the workers keep what they had. */
int network_publish(struct network *net);

/* Frees the published fib; the workers have stopped. */
void network_close(void);

#endif
