/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker: one lcore that polls its queues and runs each packet to completion. One structure
 * owns all its state; nobody else writes it, unless a field says so.
 */
#ifndef LVSD_DATAPLANE_WORKER_H
#define LVSD_DATAPLANE_WORKER_H

#include <stdatomic.h>

#include <rte_ethdev.h>
#include <rte_mempool.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring.h>

#include "conn.h"
#include "counters.h"
#include "dataplane.h"
#include "fib_table.h"
#include "frag_table.h"
#include "load.h"
#include "packet.h"
#include "punt.h"
#include "rate.h"
#include "sched/sched.h"

#define TX_BURST_MAX (2 * BURST_MAX)

struct mail; /* mailbox.h */

/* Packets of one port, collected during a burst. */
struct tx_buffer {
	unsigned int n;
	struct rte_mbuf *mbufs[TX_BURST_MAX];
};

/* A receive queue that this worker polls. */
struct rx_queue {
	uint16_t port; /* index */
	uint16_t queue;
};

struct worker {
	/* Loaded once per loop; valid until the worker reports quiescent. */
	const struct snapshot *snapshot;
	const struct fib *fib;
	tick_t now;
	unsigned int id;
	unsigned int n_workers;

	struct conn_table conns;
	struct dest_slot *dests;    /* by destination id; others read */
	struct sched_state *scheds; /* by service id; main reads versions */
	uint32_t *laddr_cursors;    /* by service id */
	struct locality *locality;
	struct load_view load;
	struct frag_table frags;
	struct rte_mempool *pool;

	unsigned int n_rx;
	struct rx_queue rx[DP_PORTS_MAX * 8];
	struct tx_buffer tx[DP_PORTS_MAX];

	struct rte_ring *punt;   /* to the main lcore */
	struct rte_ring *inject; /* from main and workers without a queue: ready frames */
	struct rte_ring *from[DP_WORKERS_MAX]; /* handed over by worker i; NULL for itself */
	struct rte_ring *to[DP_WORKERS_MAX];
	struct tx_buffer handover[DP_WORKERS_MAX];

	struct rate punt_rate[PUNT_CLASSES];
	struct rate icmp_rate;

	/* owner: writes; main: reads */
	uint64_t counters[COUNTERS] __rte_cache_aligned;
	uint64_t rx_packets, tx_packets, loops, busy_loops;

	/* main: puts a request there; worker: takes it and marks it done */
	struct mail *_Atomic mail __rte_cache_aligned;
	unsigned int cpu;
};

/* What all workers share; main: writes, workers: read. */
struct shared {
	const struct snapshot *_Atomic snapshot;
	const struct fib *_Atomic fib;
	struct clock clock;
	struct rte_rcu_qsbr *qsbr;
	unsigned int n_workers;
	struct worker *workers[DP_WORKERS_MAX];
	enum dp_idle idle;
	atomic_bool stop;
};

extern struct shared shared;

/* Allocates a worker and its tables. 0 or a negative errno. */
int worker_create(unsigned int id, const struct dp_config *config, struct rte_mempool *pool,
		  struct worker **out);
void worker_destroy(struct worker *w);

/* Connects the workers with each other and deals out the receive queues. */
int worker_connect_all(void);

/* The lcore function: loops until shared.stop. */
int worker_main(void *worker);

/* One turn of the loop: returns how many packets it handled. Tests and benchmarks call it
 * themselves, with the time they choose. */
unsigned int worker_turn(struct worker *w, tick_t now);

/* Takes the published tables; what worker_turn does first. */
static inline void worker_load(struct worker *w, tick_t now)
{
	w->snapshot = atomic_load_explicit(&shared.snapshot, memory_order_acquire);
	w->fib = atomic_load_explicit(&shared.fib, memory_order_acquire);
	w->now = now;
}

/* ---- what the steps of the pipeline do with a packet ---- */

static inline void worker_count(struct worker *w, enum counter c)
{
	w->counters[c]++;
}

/* The packet ends here. */
static inline void worker_drop(struct worker *w, struct rte_mbuf *m, enum counter why)
{
	w->counters[why]++;
	rte_pktmbuf_free(m);
}

void worker_flush_port(struct worker *w, unsigned int port);

/* Sends a complete frame, at the end of the burst. */
static inline void worker_send(struct worker *w, unsigned int port, struct rte_mbuf *m)
{
	struct tx_buffer *b = &w->tx[port];

	b->mbufs[b->n++] = m;
	if (unlikely(b->n == TX_BURST_MAX))
		worker_flush_port(w, port);
}

#endif
