/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loop of a worker: receive, pipeline, send; then what may wait (frames of others, timers,
 * requests), the quiescent report, and rest when there is nothing to do.
 */
#include "worker.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_malloc.h>
#include <rte_pause.h>

#include "mailbox.h"
#include "memory.h"
#include "pipeline.h"
#include "port.h"
#include "sched/locality.h"
#include "steer.h"

#define PUNT_RING        1024
#define INJECT_RING      1024
#define HANDOVER_RING    2048
#define EXPIRE_BUDGET    64 /* connections per turn */
#define LOCALITY_ENTRIES (1u << 18)
#define ICMP_PER_SECOND  1000 /* the kernel's net.ipv4.icmp_msgs_per_sec */
#define IDLE_TURNS       2000 /* empty turns before the first nap: about a millisecond */
#define NAP_NS           50000

struct shared shared;

#define DESTS_BYTES  (sizeof(struct dest_slot) * DESTS_MAX)
#define SCHEDS_BYTES (sizeof(struct sched_state) * SERVICES_MAX)
#define LADDRS_BYTES (sizeof(uint32_t) * SERVICES_MAX)

/* ---- creation ---------------------------------------------------------------------------- */

static struct rte_ring *ring_create(const char *kind, unsigned int a, unsigned int b,
				    unsigned int size, unsigned int flags)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "%s_%u_%u", kind, a, b);
	return rte_ring_create(name, size, SOCKET_ID_ANY, flags);
}

int worker_create(unsigned int id, const struct dp_config *config, struct rte_mempool *pool,
		  struct worker **out)
{
	struct worker *w = rte_zmalloc("worker", sizeof(*w), RTE_CACHE_LINE_SIZE);
	bool huge = config->hugepages != DP_HUGEPAGES_NO, lazy = false;
	int cpu = config->worker_cpu[id];

	if (!w)
		return -ENOMEM;
	w->id = id;
	w->cpu = (unsigned int)(cpu < 0 ? 0 : cpu);
	w->n_workers = config->n_workers;
	w->pool = pool;
	w->now = clock_ticks(&shared.clock, rte_rdtsc());
	shared.workers[id] = w;
	shared.n_workers = config->n_workers;
	*out = w;

	/* Touched only where destinations and services are: not worth hugepages. */
	w->dests = memory_map(DESTS_BYTES, cpu, &lazy);
	w->scheds = memory_map(SCHEDS_BYTES, cpu, &lazy);
	w->punt = ring_create("punt", id, 0, PUNT_RING, RING_F_SP_ENQ | RING_F_SC_DEQ);
	w->inject = ring_create("inject", id, 0, INJECT_RING, RING_F_SC_DEQ);
	w->laddr_cursors = memory_map(LADDRS_BYTES, cpu, &lazy);
	w->locality = locality_create(LOCALITY_ENTRIES, cpu);
	if (!w->dests || !w->scheds || !w->laddr_cursors || !w->locality || !w->punt || !w->inject)
		return -ENOMEM;
	if (frag_table_init(&w->frags, pool, w->n_workers, cpu) < 0)
		return -ENOMEM;
	punt_init(w);
	w->icmp_rate = (struct rate){.per_second = ICMP_PER_SECOND, .burst = ICMP_PER_SECOND};
	return conn_table_init(&w->conns, config->connections, cpu, huge, w->now);
}

void worker_destroy(struct worker *w)
{
	shared.workers[w->id] = NULL;
	frag_table_fini(&w->frags);
	conn_table_fini(&w->conns);
	memory_unmap(w->dests, DESTS_BYTES);
	memory_unmap(w->scheds, SCHEDS_BYTES);
	memory_unmap(w->laddr_cursors, LADDRS_BYTES);
	locality_destroy(w->locality);
	rte_ring_free(w->punt);
	rte_ring_free(w->inject);
	for (unsigned int i = 0; i < DP_WORKERS_MAX; i++)
		rte_ring_free(w->from[i]);
	rte_free(w);
}

static struct dest_slot *all_slots[DP_WORKERS_MAX];

static int connect_pair(struct worker *from, struct worker *to)
{
	struct rte_ring *r = ring_create("handover", from->id, to->id, HANDOVER_RING,
					 RING_F_SP_ENQ | RING_F_SC_DEQ);

	if (!r)
		return -ENOMEM;
	from->to[to->id] = r;
	to->from[from->id] = r;
	return 0;
}

int worker_connect_all(void)
{
	unsigned int n = shared.n_workers;

	for (unsigned int i = 0; i < n; i++) {
		struct worker *w = shared.workers[i];

		all_slots[i] = w->dests;
		w->load = (struct load_view){.n = n, .own = i, .slots = all_slots};
		w->n_rx = 0;
		for (unsigned int k = 0; k < n; k++)
			if (k != i && !w->to[k] && connect_pair(w, shared.workers[k]))
				return -ENOMEM;
	}
	for (unsigned int p = 0; p < port_count(); p++) {
		for (uint16_t q = 0; q < port_get(p)->n_rxq; q++) {
			/* A single queue of many ports: not all on the first worker. */
			struct worker *w = shared.workers[(p + q) % n];

			if (w->n_rx == RTE_DIM(w->rx))
				return -ENOSPC;
			w->rx[w->n_rx++] = (struct rx_queue){.port = (uint16_t)p, .queue = q};
		}
	}
	return 0;
}

/* ---- sending ----------------------------------------------------------------------------- */

void worker_flush_port(struct worker *w, unsigned int port)
{
	struct tx_buffer *b = &w->tx[port];
	const struct port *p = port_get(port);
	unsigned int sent;

	if (likely(w->id < p->n_txq)) {
		sent = rte_eth_tx_burst(p->id, (uint16_t)w->id, b->mbufs, (uint16_t)b->n);
		w->tx_packets += sent;
	} else {
		/* Fewer queues than workers: one that has a queue sends for us. */
		for (unsigned int i = 0; i < b->n; i++)
			packet_note(b->mbufs[i])->port = (uint16_t)port;
		sent = rte_ring_mp_enqueue_burst(shared.workers[w->id % p->n_txq]->inject,
						 (void **)b->mbufs, b->n, NULL);
	}
	for (unsigned int i = sent; i < b->n; i++)
		worker_drop(w, b->mbufs[i], COUNTER_tx_full);
	b->n = 0;
}

static inline void flush(struct worker *w)
{
	for (unsigned int p = 0; p < port_count(); p++)
		if (w->tx[p].n)
			worker_flush_port(w, p);
	if (w->n_workers > 1)
		steer_flush(w);
}

/* ---- receiving --------------------------------------------------------------------------- */

static inline unsigned int turn_rx(struct worker *w)
{
	unsigned int total = 0;

	for (unsigned int i = 0; i < w->n_rx; i++) {
		struct rte_mbuf *mbufs[BURST_MAX];
		unsigned int n = rte_eth_rx_burst(port_get(w->rx[i].port)->id, w->rx[i].queue,
						  mbufs, BURST_MAX);

		if (n) {
			pipeline_run(w, w->rx[i].port, mbufs, n, false);
			flush(w);
			total += n;
		}
	}
	w->rx_packets += total;
	return total;
}

/* Frames that other workers found to be ours; they came in on various ports. */
static unsigned int turn_handover(struct worker *w)
{
	unsigned int total = 0;

	for (unsigned int k = 0; k < w->n_workers; k++) {
		struct rte_mbuf *mbufs[BURST_MAX];

		if (!w->from[k])
			continue;
		unsigned int n =
			rte_ring_sc_dequeue_burst(w->from[k], (void **)mbufs, BURST_MAX, NULL);

		for (unsigned int i = 0, j; i < n; i = j) {
			uint16_t port = packet_note(mbufs[i])->port;

			for (j = i + 1; j < n && packet_note(mbufs[j])->port == port; j++)
				;
			pipeline_run(w, port, &mbufs[i], j - i, true);
		}
		total += n;
	}
	if (total)
		flush(w);
	return total;
}

/* Complete frames to send, from the main lcore or from workers without a queue. */
static unsigned int turn_inject(struct worker *w)
{
	struct rte_mbuf *mbufs[BURST_MAX];
	unsigned int n = rte_ring_sc_dequeue_burst(w->inject, (void **)mbufs, BURST_MAX, NULL);

	for (unsigned int i = 0; i < n; i++)
		worker_send(w, packet_note(mbufs[i])->port, mbufs[i]);
	if (n)
		flush(w);
	return n;
}

unsigned int worker_turn(struct worker *w, tick_t now)
{
	worker_load(w, now);
	unsigned int n = turn_rx(w);

	if (w->n_workers > 1)
		n += turn_handover(w);
	n += turn_inject(w);
	n += pipeline_expire(w, EXPIRE_BUDGET);
	locality_turn(w->locality, w->scheds, now);
	mailbox_serve(w);
	w->loops++;
	w->busy_loops += n != 0;
	return n;
}

/* ---- the loop ---------------------------------------------------------------------------- */

static void rest(unsigned int *idle)
{
	static const struct timespec nap = {.tv_nsec = NAP_NS};

	if (++*idle < IDLE_TURNS)
		rte_pause();
	else if (shared.idle == DP_IDLE_SLEEP)
		nanosleep(&nap, NULL);
}

int worker_main(void *arg)
{
	struct worker *w = arg;
	unsigned int idle = 0;

	rte_rcu_qsbr_thread_register(shared.qsbr, w->id);
	rte_rcu_qsbr_thread_online(shared.qsbr, w->id);
	while (!atomic_load_explicit(&shared.stop, memory_order_relaxed)) {
		if (worker_turn(w, clock_ticks(&shared.clock, rte_rdtsc())))
			idle = 0;
		else
			rest(&idle);
		rte_rcu_qsbr_quiescent(shared.qsbr, w->id);
	}
	rte_rcu_qsbr_thread_offline(shared.qsbr, w->id);
	rte_rcu_qsbr_thread_unregister(shared.qsbr, w->id);
	return 0;
}
