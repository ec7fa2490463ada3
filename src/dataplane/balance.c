/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The heart of the matter: a packet of a known connection advances its protocol's state and goes
 * on; the first packet of a new one asks the service's scheduler.
 *
 * The order of checks is the kernel's ip_vs_in and ip_vs_out.
 */
#include "balance.h"

#include "forward.h"
#include "fwd/fwd.h"
#include "icmp.h"
#include "laddr.h"
#include "load.h"
#include "proto/proto.h"
#include "service.h"

#define FTP_DATA_PORT 20

/* ---- connections ------------------------------------------------------------------------- */

/* The connection enters its protocol's next state; counts follow. Returns when it expires. */
static inline tick_t conn_advance(struct worker *w, const struct packet *p, struct conn *c,
				  enum conn_dir dir, struct dest_slot *slot)
{
	const struct proto_ops *proto = proto_table[p->proto];
	uint8_t state = proto->next_state(p, c, dir);

	if (state != c->state) {
		bool active = proto->active_states >> state & 1;

		if (active == !!(c->flags & CONN_INACTIVE)) {
			c->flags ^= CONN_INACTIVE;
			slot->active += active ? 1 : -1;
			slot->inactive += active ? -1 : 1;
		}
		c->state = state;
	}
	return w->now + seconds_to_ticks(w->snapshot->timeouts.s[proto->index][state]);
}

static void conn_unbind(struct worker *w, struct conn *c)
{
	const struct dest *d = snapshot_dest(w->snapshot, c->dest);
	struct dest_slot *slot = &w->dests[c->dest];

	if (c->flags & CONN_INACTIVE)
		slot->inactive--;
	else
		slot->active--;
	load_unbound(&w->load, c->dest, d);
}

void balance_close(struct worker *w, struct conn *c)
{
	conn_unbind(w, c);
	conn_remove(&w->conns, c);
}

static bool conn_expendable(const struct conn *c)
{
	return proto_table[c->proto]->expendable(c);
}

static struct conn *conn_take(struct worker *w)
{
	struct conn *c = conn_alloc(&w->conns);

	if (likely(c != NULL))
		return c;
	struct conn *victim = conn_find_expendable(&w->conns, conn_expendable);

	if (!victim)
		return NULL;
	balance_close(w, victim);
	worker_count(w, COUNTER_conn_evicted);
	return conn_alloc(&w->conns);
}

/* The key of replies; and the addresses themselves where one side is IPv6. */
static void conn_set_addrs(const struct conn_table *t, struct conn *c, const struct packet *p,
			   const struct dest *d)
{
	if (likely(c->af == AF_INET && c->daf == AF_INET)) {
		c->daddr = d->addr.v4;
		c->laddr = c->caddr;
		return;
	}
	struct conn6 *a = conn_addr6(t, c);

	*a = (struct conn6){
		.caddr = packet_src_addr(p),
		.vaddr = packet_dst_addr(p),
		.daddr = d->addr,
		.laddr = packet_src_addr(p),
	};
	if (c->daf == AF_INET)
		c->daddr = d->addr.v4;
	else
		c->out_addrs = conn_digest6(t, &a->daddr);
}

/* A new connection of p to destination `id`; NULL when there is no room, *why says which. One for
 * this packet `once` is not entered into the table, so that the next packet is scheduled anew. */
static struct conn *conn_create(struct worker *w, const struct packet *p, const struct service *svc,
				uint32_t id, const struct fwd_ops *fwd, bool once,
				enum counter *why)
{
	const struct dest *d = snapshot_dest(w->snapshot, id);
	struct dest_slot *slot = &w->dests[id];
	struct conn *c = conn_take(w);

	*why = COUNTER_conn_table_full;
	if (unlikely(!c))
		return NULL;
	c->proto = p->proto;
	c->af = p->af;
	c->daf = (uint8_t)d->af;
	c->in_addrs = p->addrs;
	c->in_ports = p->ports;
	c->dport = d->port ? d->port : c->vport;
	c->lport = c->cport;
	c->replies = fwd->sees_reply;
	c->client_info = p->proto == IPPROTO_TCP ? svc->client_info : CLIENT_INFO_NONE;
	conn_set_addrs(&w->conns, c, p, d);
	c->flags = (uint16_t)(fwd->method | CONN_INACTIVE | (fwd->sees_reply ? 0 : CONN_NOOUTPUT) |
			      (once ? CONN_ONE_PACKET : 0));
	c->dest = id;
	c->adjacency[CONN_IN] = c->adjacency[CONN_OUT] = ADJACENCY_NONE;
	if (fwd->needs_laddr && !laddr_take(w, svc, c)) {
		*why = COUNTER_laddr_exhausted;
		conn_free(&w->conns, c);
		return NULL;
	}
	if (fwd->bind)
		fwd->bind(&w->conns, c);

	slot->inactive++;
	load_bound(&w->load, id, d);
	c->expires = conn_advance(w, p, c, CONN_IN, slot);
	if (!once && unlikely(conn_insert(&w->conns, c) < 0)) {
		conn_unbind(w, c);
		return NULL;
	}
	slot->conns++;
	worker_count(w, COUNTER_conn_created);
	return c;
}

/* ---- new connections --------------------------------------------------------------------- */

static inline void go_in(struct worker *w, struct packet *p, struct conn *c)
{
	const struct fwd_ops *how = fwd_table[c->flags & CONN_FWD_MASK];
	struct passage pass;

	conn_count(w, c, CONN_IN, p);
	if (forward_admit(w, p, c, CONN_IN, how, &pass))
		forward_send(w, p, c, CONN_IN, how, &pass);
}

/* The kernel routes a server's packet before IPVS sees it: one that cannot go on is not counted
 * and changes no state. */
static inline void go_out(struct worker *w, struct packet *p, struct conn *c)
{
	const struct fwd_ops *how = fwd_table[c->flags & CONN_FWD_MASK];
	struct passage pass;

	if (!forward_admit(w, p, c, CONN_OUT, how, &pass))
		return;
	conn_count(w, c, CONN_OUT, p);
	conn_touch(&w->conns, c, conn_advance(w, p, c, CONN_OUT, &w->dests[c->dest]));
	forward_send(w, p, c, CONN_OUT, how, &pass);
}

static void schedule(struct worker *w, struct packet *p, const struct service *svc)
{
	struct sched_context ctx = {
		.load = &w->load,
		.packet = p,
		.snapshot = w->snapshot,
		.locality = w->locality,
		.now = w->now,
	};
	const struct service_dest *sd = sched_pick(&w->scheds[svc->id], svc, &ctx);

	if (unlikely(!sd)) {
		struct lvs_addr vip = packet_dst_addr(p);

		forward_refuse(w, p, ICMP_ERROR_PORT_UNREACHABLE, 0, &vip, COUNTER_no_destination);
		return;
	}
	const struct dest *d = snapshot_dest(w->snapshot, sd->id);
	const struct fwd_ops *fwd = fwd_table[d->fwd & CONN_FWD_MASK];

	if (unlikely(!fwd || (d->af != p->af && !fwd->crosses_families))) {
		worker_drop(w, p->mbuf, COUNTER_method_unsupported);
		return;
	}
	bool once = svc->flags & SERVICE_ONEPACKET && p->proto == IPPROTO_UDP;
	enum counter why;
	struct conn *c = conn_create(w, p, svc, sd->id, fwd, once, &why);

	if (unlikely(!c)) {
		worker_drop(w, p->mbuf, why);
		return;
	}
	go_in(w, p, c);
	if (unlikely(once)) {
		conn_unbind(w, c);
		conn_free(&w->conns, c);
	}
}

/* From an address of the director: somebody pretends (kernel: fib_validate_source; IPv6 has no
 * such check). */
static bool from_ourselves(const struct worker *w, const struct packet *p)
{
	if (p->af != AF_INET)
		return false;
	struct lvs_addr src = addr_v4(packet_src(p));
	const struct fib_target *t = fib_lookup(w->fib, AF_INET, &src);

	return t && t->type == FIB_LOCAL;
}

/* No connection: a service's first packet, or not ours. */
static void process_miss(struct worker *w, struct packet *p)
{
	struct lvs_addr dst = packet_dst_addr(p);
	const struct proto_ops *proto = proto_table[p->proto];

	if (proto->opens(p) && packet_sport(p) != RTE_BE16(FTP_DATA_PORT)) {
		const struct service *svc =
			service_find(w->snapshot, p->af, p->proto, &dst, packet_dport(p));

		if (svc && unlikely(from_ourselves(w, p))) {
			worker_drop(w, p->mbuf, COUNTER_ip4_martian_source);
			return;
		}
		if (svc) {
			schedule(w, p, svc);
			return;
		}
	}
	punt_frame(w, p);
}

void balance_flow(struct worker *w, struct packet *p)
{
	struct conn_key key = {
		.hash = p->hash,
		.addrs = p->addrs,
		.addrs6 = likely(p->af == AF_INET) ? NULL : packet_ip6(p)->src_addr,
		.ports = p->ports,
		.proto = p->flow_proto,
	};
	enum conn_dir dir;
	struct conn *c = conn_lookup(&w->conns, &key, &dir);

	if (unlikely(!c)) {
		process_miss(w, p);
		return;
	}
	if (dir == CONN_OUT) {
		go_out(w, p, c);
		return;
	}
	if (unlikely(proto_table[p->proto]->reopens(p, c))) {
		balance_close(w, c);
		process_miss(w, p);
		return;
	}
	if (unlikely(!(snapshot_dest(w->snapshot, c->dest)->flags & DEST_AVAILABLE))) {
		worker_drop(w, p->mbuf, COUNTER_dest_removed);
		return;
	}
	struct dest_slot *slot = &w->dests[c->dest];

	conn_touch(&w->conns, c, conn_advance(w, p, c, CONN_IN, slot));
	go_in(w, p, c);
}
