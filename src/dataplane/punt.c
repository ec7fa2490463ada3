/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames between the packet path and the main lcore. The upper half runs on workers; the lower
 * half, with the queue of packets that wait for link addresses, on the main lcore.
 */
#include "punt.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "frag.h"
#include "nexthop.h"
#include "port.h"
#include "worker.h"

/* Frames per second and worker. The kernel's share of a flood is this, not more. */
static const uint32_t class_rates[PUNT_CLASSES] = {
	[PUNT_ARP] = 2000,
	[PUNT_LOCAL] = 50000,
	[PUNT_OTHER] = 50000,
	[PUNT_RESOLVE] = 20000,
};

void punt_init(struct worker *w)
{
	for (int i = 0; i < PUNT_CLASSES; i++)
		w->punt_rate[i] = (struct rate){
			.per_second = class_rates[i],
			.burst = class_rates[i] / 10,
		};
}

static enum punt_class class_of(const struct worker *w, const struct packet *p)
{
	if (p->kind == PACKET_ARP)
		return PUNT_ARP;
	if (p->af) {
		struct lvs_addr dst = packet_dst_addr(p);
		const struct fib_target *t = fib_lookup(w->fib, p->af, &dst);

		if (t && t->type == FIB_LOCAL)
			return PUNT_LOCAL;
	}
	return PUNT_OTHER;
}

static void enqueue(struct worker *w, struct rte_mbuf *m, enum punt_class class)
{
	if (!rate_take(&w->punt_rate[class], w->now))
		worker_drop(w, m, COUNTER_punt_limit);
	else if (rte_ring_sp_enqueue(w->punt, m) < 0)
		worker_drop(w, m, COUNTER_punt_full);
}

void punt_frame(struct worker *w, struct packet *p)
{
	const struct port *port = port_get(p->port);

	if (unlikely(p->fragment & FRAGMENT_FIRST))
		frag_punted(w);
	if (!port || !port->punt) {
		worker_drop(w, p->mbuf, COUNTER_no_twin);
		return;
	}
	packet_note(p->mbuf)->kind = PUNT_KIND_FRAME;
	packet_note(p->mbuf)->port = p->port;
	enqueue(w, p->mbuf, class_of(w, p));
}

void punt_resolve(struct worker *w, struct rte_mbuf *m, uint16_t port, uint16_t af,
		  const struct lvs_addr *addr)
{
	struct packet_note *note = packet_note(m);

	note->kind = PUNT_KIND_RESOLVE;
	note->port = port;
	note->af = af;
	memcpy(note->addr, addr, sizeof(note->addr));
	enqueue(w, m, PUNT_RESOLVE);
}

/* ---- main lcore -------------------------------------------------------------------------- */

uint64_t punt_counters[COUNTERS];

#define WAITING_NEIGHBOURS 256
#define WAITING_PACKETS    8    /* per neighbour */
#define WAIT_MS            3000 /* then the packets are given up; the kernel's ARP takes as long */
#define ASK_MS             1000

/* Packets for one neighbour. main: owns */
static struct waiting {
	unsigned int n; /* 0: free */
	uint16_t port, af;
	struct lvs_addr addr;
	uint64_t since, asked; /* ms */
	struct rte_mbuf *mbufs[WAITING_PACKETS];
} waiting[WAITING_NEIGHBOURS];

static unsigned int n_waiting; /* entries in use are below */

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int inject(struct rte_mbuf *m, uint16_t port)
{
	packet_note(m)->port = port;
	if (rte_ring_mp_enqueue(shared.workers[0]->inject, m) < 0) {
		punt_counters[COUNTER_inject_full]++;
		rte_pktmbuf_free(m);
		return -ENOBUFS;
	}
	return 0;
}

/* The neighbour is known: its packets go. */
static void waiting_send(struct waiting *e, const struct adjacency *a)
{
	for (unsigned int i = 0; i < e->n; i++) {
		struct rte_ether_hdr *eth = rte_pktmbuf_mtod(e->mbufs[i], struct rte_ether_hdr *);

		memcpy(eth, a->macs, sizeof(a->macs));
		eth->ether_type = rte_cpu_to_be_16(e->af == AF_INET ? RTE_ETHER_TYPE_IPV4
								    : RTE_ETHER_TYPE_IPV6);
		inject(e->mbufs[i], a->port);
	}
	e->n = 0;
}

static void waiting_drop(struct waiting *e, enum counter why)
{
	punt_counters[why] += e->n;
	for (unsigned int i = 0; i < e->n; i++)
		rte_pktmbuf_free(e->mbufs[i]);
	e->n = 0;
}

static struct waiting *waiting_find(const struct packet_note *note)
{
	struct waiting *free = NULL;

	for (unsigned int i = 0; i < n_waiting; i++) {
		struct waiting *e = &waiting[i];

		if (!e->n)
			free = free ? free : e;
		else if (e->port == note->port && e->af == note->af &&
			 memcmp(&e->addr, note->addr, sizeof(e->addr)) == 0)
			return e;
	}
	if (!free && n_waiting < WAITING_NEIGHBOURS)
		free = &waiting[n_waiting++];
	return free;
}

static void waiting_add(struct rte_mbuf *m, uint64_t now)
{
	const struct packet_note *note = packet_note(m);
	struct waiting *e = waiting_find(note);

	if (!e || e->n == WAITING_PACKETS) {
		punt_counters[COUNTER_neighbour_queue_full]++;
		rte_pktmbuf_free(m);
		return;
	}
	if (!e->n) {
		e->port = note->port;
		e->af = note->af;
		memcpy(&e->addr, note->addr, sizeof(e->addr));
		e->since = now;
		e->asked = 0;
	}
	e->mbufs[e->n++] = m;
}

static void waiting_serve(const struct dp_punt_ops *ops, void *arg, uint64_t now)
{
	const struct fib *fib = atomic_load_explicit(&shared.fib, memory_order_relaxed);

	for (unsigned int i = 0; i < n_waiting; i++) {
		struct waiting *e = &waiting[i];

		if (!e->n)
			continue;
		uint16_t adjacency = fib_neighbour(fib, e->port, e->af, &e->addr);

		if (adjacency != ADJACENCY_NONE) {
			waiting_send(e, &fib->adjacencies[adjacency]);
		} else if (now - e->since >= WAIT_MS) {
			waiting_drop(e, COUNTER_neighbour_timeout);
		} else if (!e->asked || now - e->asked >= ASK_MS) {
			e->asked = now;
			punt_counters[COUNTER_resolve_requests]++;
			ops->resolve(arg, e->port, e->af, &e->addr);
		}
	}
	while (n_waiting && !waiting[n_waiting - 1].n)
		n_waiting--;
}

/* A frame as bytes: whole when it lies in one segment, else copied together. */
static void hand_out(struct rte_mbuf *m, const struct dp_punt_ops *ops, void *arg)
{
	static uint8_t flat[65536];
	uint32_t len = rte_pktmbuf_pkt_len(m);
	const void *data = len <= sizeof(flat) ? rte_pktmbuf_read(m, 0, len, flat) : NULL;

	if (data)
		ops->frame(arg, packet_note(m)->port, data, len);
	punt_counters[COUNTER_punted]++;
	rte_pktmbuf_free(m);
}

unsigned int dp_punt_poll(const struct dp_punt_ops *ops, void *arg, unsigned int budget)
{
	uint64_t now = now_ms();
	unsigned int total = 0;

	for (unsigned int i = 0; i < shared.n_workers; i++) {
		struct rte_mbuf *m;

		/* A fair share for each, so that no worker's flood starves another's frames. */
		for (unsigned int k = 0; k < budget / shared.n_workers + 1; k++) {
			if (rte_ring_sc_dequeue(shared.workers[i]->punt, (void **)&m) < 0)
				break;
			total++;
			if (packet_note(m)->kind == PUNT_KIND_RESOLVE)
				waiting_add(m, now);
			else
				hand_out(m, ops, arg);
		}
	}
	if (n_waiting)
		waiting_serve(ops, arg, now);
	return total;
}

int dp_transmit(unsigned int port, const void *data, size_t len)
{
	if (!port_get(port))
		return -ENODEV;
	struct rte_mbuf *m = rte_pktmbuf_alloc(shared.workers[0]->pool);

	if (!m)
		return -ENOBUFS;
	char *to = len <= UINT16_MAX ? rte_pktmbuf_append(m, (uint16_t)len) : NULL;

	if (!to) {
		rte_pktmbuf_free(m);
		return -EMSGSIZE;
	}
	memcpy(to, data, len);
	punt_counters[COUNTER_injected]++;
	return inject(m, (uint16_t)port);
}

void dp_port_set_punt(unsigned int port, bool enabled)
{
	struct port *p = port_get(port);

	if (p)
		__atomic_store_n(&p->punt, enabled, __ATOMIC_RELAXED);
}

void punt_fini(void)
{
	for (unsigned int i = 0; i < n_waiting; i++)
		waiting_drop(&waiting[i], COUNTER_neighbour_timeout);
	n_waiting = 0;
}
