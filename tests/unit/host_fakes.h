/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stands in for the data plane where the host side is tested: keeps what was published and what
 * was sent, for the test to look at.
 */
#ifndef TESTS_UNIT_HOST_FAKES_H
#define TESTS_UNIT_HOST_FAKES_H

#include "dataplane/dataplane.h"

/* The fib is its input, copied. */
struct fib {
	struct fib_route *routes;
	struct fib_neighbour *neighbours;
	struct fib_source *sources;
	size_t n_routes, n_neighbours, n_sources;
};

extern const struct fib *fake_published;
extern unsigned int fake_publications, fake_freed;

/* The ARP frame that dp_transmit() got last, and how many frames of all kinds it got. */
extern uint8_t fake_frame[2048];
extern size_t fake_frame_len;
extern unsigned int fake_frame_port, fake_frames;

#endif
