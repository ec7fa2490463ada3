/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A packet's way. A burst goes through it stage by stage, so that the memory that the next stage
 * needs is on its way while this stage works on the other packets:
 *
 *   parse       headers; malformed ones end here            fetches: packet data
 *   steer       whose flow is it (several workers)          -
 *   hash        one hash finds either direction             fetches: table bucket
 *   probe       tags of the bucket                          fetches: connection
 *   process     in order of arrival:
 *                 found:  state, counters, rewrite, next hop, send
 *                 else:   service, scheduler, new connection; or the kernel's
 */
#include "pipeline.h"

#include "balance.h"
#include "frag.h"
#include "icmp.h"
#include "parse.h"
#include "port.h"
#include "steer.h"

static void process(struct worker *w, struct packet *p)
{
	switch ((enum packet_kind)p->kind) {
	case PACKET_FLOW:
		balance_flow(w, p);
		break;
	case PACKET_FRAGMENT:
		frag_process(w, p);
		break;
	case PACKET_ICMP_ERROR:
		icmp_relay(w, p);
		break;
	case PACKET_ARP:
	case PACKET_OTHER:
		punt_frame(w, p);
		break;
	case PACKET_DROPPED:
	case PACKET_STEERED:
		break;
	}
}

static inline void parse_stage(struct worker *w, unsigned int port, struct packet *packets,
			       struct rte_mbuf **mbufs, unsigned int n)
{
	const struct rte_ether_addr *mac = &port_get(port)->mac;

	for (unsigned int i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], void *));
	for (unsigned int i = 0; i < n; i++) {
		packets[i].mbuf = mbufs[i];
		packets[i].port = (uint16_t)port;
		enum counter drop = parse_packet(&packets[i], mac);

		if (unlikely(packets[i].kind == PACKET_DROPPED))
			worker_drop(w, mbufs[i], drop);
	}
}

static inline void steer_stage(struct worker *w, struct packet *packets, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct packet *p = &packets[i];

		unsigned int owner = steer_owner(w, p);

		if (owner == w->id)
			continue;
		steer_handover(w, owner, p);
		p->kind = PACKET_STEERED;
	}
}

/* What only the worker that handed a packet over knows. */
static inline void arrival_stage(struct packet *packets, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (unlikely(packets[i].kind == PACKET_FRAGMENT))
			packets[i].fragment = packet_note(packets[i].mbuf)->fragment;
}

static inline void lookup_stages(struct worker *w, struct packet *packets, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct packet *p = &packets[i];

		if (likely(p->kind == PACKET_FLOW)) {
			balance_hash(w, p);
			conn_prefetch_bucket(&w->conns, p->hash);
		}
	}
	for (unsigned int i = 0; i < n; i++)
		if (likely(packets[i].kind == PACKET_FLOW))
			conn_prefetch_entry(&w->conns, packets[i].hash);
}

void pipeline_run(struct worker *w, unsigned int port, struct rte_mbuf **mbufs, unsigned int n,
		  bool steered)
{
	struct packet packets[BURST_MAX];

	parse_stage(w, port, packets, mbufs, n);
	if (steered)
		arrival_stage(packets, n);
	else if (w->n_workers > 1)
		steer_stage(w, packets, n);
	lookup_stages(w, packets, n);
	for (unsigned int i = 0; i < n; i++)
		process(w, &packets[i]);
}

/* ---- time -------------------------------------------------------------------------------- */

static void expire_one(void *arg, struct conn *c)
{
	struct worker *w = arg;

	balance_close(w, c);
	worker_count(w, COUNTER_conn_expired);
}

unsigned int pipeline_expire(struct worker *w, unsigned int budget)
{
	if (unlikely(w->frags.used))
		frag_expire(w);
	return conn_expire(&w->conns, w->now, budget, expire_one, w);
}

void pipeline_close_all(struct worker *w)
{
	for (uint32_t i = 0; i < w->conns.arena->high; i++)
		if (w->conns.hot[i].af)
			balance_close(w, &w->conns.hot[i]);
}
