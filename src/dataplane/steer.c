/* SPDX-License-Identifier: BSD-3-Clause */
/* Handing packets over to the worker that owns their flow: one ring for each pair of workers, so
 * that no line is written by two. */
#include "steer.h"

#include "frag.h"
#include "icmp.h"
#include "laddr.h"
#include "parse.h"

unsigned int steer_owner(const struct worker *w, const struct packet *p)
{
	struct lvs_addr src, dst;
	struct icmp_quote q;

	if (likely(p->kind == PACKET_FLOW)) {
		dst = packet_dst_addr(p);
		if (service_is_vip(w->snapshot, p->af, &dst)) {
			src = packet_src_addr(p);
			return steer_hash(&src, packet_sport(p), w->n_workers);
		}
		if (service_is_laddr(w->snapshot, p->af, &dst))
			return laddr_owner(packet_dport(p), w->n_workers);
		return steer_hash(&dst, packet_dport(p), w->n_workers);
	}
	if (p->kind == PACKET_FRAGMENT)
		return frag_collector(w, p);
	if (p->kind == PACKET_ICMP_ERROR && icmp_read_quote(p, &q) == PARSE_OK) {
		if (service_is_vip(w->snapshot, q.af, &q.pair[1]))
			return steer_hash(&q.pair[0], q.ports.src, w->n_workers);
		if (service_is_laddr(w->snapshot, q.af, &q.pair[1]))
			return laddr_owner(q.ports.dst, w->n_workers);
		return steer_hash(&q.pair[1], q.ports.dst, w->n_workers);
	}
	return w->id;
}

static void flush_to(struct worker *w, unsigned int owner)
{
	struct tx_buffer *b = &w->handover[owner];
	unsigned int sent = rte_ring_sp_enqueue_burst(w->to[owner], (void **)b->mbufs, b->n, NULL);

	w->counters[COUNTER_handover] += sent;
	for (unsigned int i = sent; i < b->n; i++)
		worker_drop(w, b->mbufs[i], COUNTER_handover_full);
	b->n = 0;
}

void steer_handover(struct worker *w, unsigned int owner, const struct packet *p)
{
	struct tx_buffer *b = &w->handover[owner];

	packet_note(p->mbuf)->port = p->port;
	packet_note(p->mbuf)->fragment = p->fragment;
	b->mbufs[b->n++] = p->mbuf;
	if (b->n == TX_BURST_MAX)
		flush_to(w, owner);
}

void steer_flush(struct worker *w)
{
	for (unsigned int i = 0; i < w->n_workers; i++)
		if (w->handover[i].n)
			flush_to(w, i);
}
