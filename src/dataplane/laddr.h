/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Local addresses of FULLNAT: which address and port of ours a new connection speaks to its
 * server from.
 *
 * A port is in use when a connection to the same server answers at it, which the connection table
 * knows already; so nothing is stored per port, every server has all ports anew, and a port is
 * free again when its connection (TIME_WAIT included) is gone. Ports are dealt out in turn, the
 * one that was free longest first. With several workers each deals out its own, from which a
 * reply's owner follows.
 */
#ifndef LVSD_DATAPLANE_LADDR_H
#define LVSD_DATAPLANE_LADDR_H

#include "worker.h"

/* The worker that deals out a local port (be16). */
static inline unsigned int laddr_owner(uint16_t port, unsigned int n_workers)
{
	return rte_be_to_cpu_16(port) % n_workers;
}

/* Gives c, bound to a destination of svc, a local address and port. False: all that were tried
 * are in use, or the service has none of the server's family. */
bool laddr_take(struct worker *w, const struct service *svc, struct conn *c);

#endif
