/* SPDX-License-Identifier: BSD-3-Clause */
/* Handing packets over to the worker that owns their flow: one ring for each pair of workers, so
 * that no line is written by two. */
#include "steer.h"

static void flush_to(struct worker *w, unsigned int owner)
{
	struct tx_buffer *b = &w->handover[owner];
	unsigned int sent = rte_ring_sp_enqueue_burst(w->to[owner], (void **)b->mbufs, b->n, NULL);

	w->counters[COUNTER_handover] += sent;
	for (unsigned int i = sent; i < b->n; i++)
		worker_drop(w, b->mbufs[i], COUNTER_handover_full);
	b->n = 0;
}

void steer_handover(struct worker *w, unsigned int owner, struct rte_mbuf *m)
{
	struct tx_buffer *b = &w->handover[owner];

	b->mbufs[b->n++] = m;
	if (b->n == TX_BURST_MAX)
		flush_to(w, owner);
}

void steer_flush(struct worker *w)
{
	for (unsigned int i = 0; i < w->n_workers; i++)
		if (w->handover[i].n)
			flush_to(w, i);
}
