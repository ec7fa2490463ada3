/* SPDX-License-Identifier: BSD-3-Clause */
/* A packet's way through a worker; see pipeline.c. */
#ifndef LVSD_DATAPLANE_PIPELINE_H
#define LVSD_DATAPLANE_PIPELINE_H

#include "worker.h"

/*
 * Takes over n (at most BURST_MAX) frames received on a port. `steered`: another worker has found
 * that they are ours. The caller has loaded snapshot, fib and time, and flushes afterwards.
 */
void pipeline_run(struct worker *w, unsigned int port, struct rte_mbuf **mbufs, unsigned int n,
		  bool steered);

/* Ends connections whose time has come; at most `budget` are looked at. */
unsigned int pipeline_expire(struct worker *w, unsigned int budget);

/* Ends every connection. */
void pipeline_close_all(struct worker *w);

#endif
