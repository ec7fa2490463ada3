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

#include "fwd/fwd.h"
#include "icmp.h"
#include "load.h"
#include "nexthop.h"
#include "parse.h"
#include "port.h"
#include "proto/proto.h"
#include "service.h"
#include "steer.h"

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
	load_unbound(&w->load, c->dest, d->upper, d->lower);
}

static void conn_close(struct worker *w, struct conn *c)
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
	conn_close(w, victim);
	worker_count(w, COUNTER_conn_evicted);
	return conn_alloc(&w->conns);
}

/* A new connection of p to destination `id`; NULL when the table is full. */
static struct conn *conn_create(struct worker *w, const struct packet *p, uint32_t id,
				const struct fwd_ops *fwd)
{
	const struct dest *d = snapshot_dest(w->snapshot, id);
	struct dest_slot *slot = &w->dests[id];
	struct conn *c = conn_take(w);

	if (unlikely(!c))
		return NULL;
	c->in_addrs = p->addrs;
	c->in_ports = p->ports;
	c->daddr = d->addr.v4;
	c->dport = d->port ? d->port : c->vport;
	c->laddr = c->caddr;
	c->lport = c->cport;
	c->proto = p->proto;
	c->af = AF_INET;
	c->flags = (uint16_t)(fwd->method | CONN_INACTIVE | (fwd->sees_reply ? 0 : CONN_NOOUTPUT));
	c->dest = id;
	c->adjacency[CONN_IN] = c->adjacency[CONN_OUT] = ADJACENCY_NONE;
	fwd->bind(c);

	slot->inactive++;
	load_bound(&w->load, id, d->upper);
	c->expires = conn_advance(w, p, c, CONN_IN, slot);
	if (unlikely(conn_insert(&w->conns, c) < 0)) {
		conn_unbind(w, c);
		return NULL;
	}
	slot->conns++;
	worker_count(w, COUNTER_conn_created);
	return c;
}

/* ---- forwarding -------------------------------------------------------------------------- */

/* Cuts the frame to its first `len` bytes, however many segments lie behind. */
static void frame_cut(struct rte_mbuf *m, uint32_t len)
{
	struct rte_mbuf *last = m;

	m->pkt_len = len;
	for (; len > last->data_len; last = last->next)
		len -= last->data_len;
	last->data_len = (uint16_t)len;
	rte_pktmbuf_free(last->next);
	last->next = NULL;
	m->nb_segs = 1;
	for (const struct rte_mbuf *s = m; s != last; s = s->next)
		m->nb_segs++;
}

/* Cuts the frame to the IP packet with room for an Ethernet header in front. */
static inline void frame_trim(struct packet *p)
{
	uint16_t front = (uint16_t)(p->l3 - sizeof(struct rte_ether_hdr));
	uint32_t surplus = p->mbuf->pkt_len - p->l3 - p->l3_len;

	if (unlikely(front))
		rte_pktmbuf_adj(p->mbuf, front);
	if (!surplus)
		return;
	if (likely(p->mbuf->nb_segs == 1))
		rte_pktmbuf_trim(p->mbuf, (uint16_t)surplus);
	else
		frame_cut(p->mbuf, p->mbuf->pkt_len - surplus);
}

/* Why a packet cannot go to its next hop, told to its sender; it ends here. */
static void refuse(struct worker *w, struct packet *p, enum icmp_error error, uint16_t info,
		   uint32_t from, enum counter why)
{
	icmp_send_error(w, p, error, info, from);
	worker_drop(w, p->mbuf, why);
}

/* The director's address on the port where a server's packet came in. */
static uint32_t server_side(const struct worker *w, const struct packet *p, const struct conn *c)
{
	const struct lvs_addr *a = fib_source_of(w->fib, p->port, AF_INET);

	return a ? a->v4 : c->vaddr;
}

static void refuse_too_big(struct worker *w, struct packet *p, enum conn_dir dir, uint16_t mtu,
			   uint32_t from)
{
	struct rte_ipv4_hdr *ip = packet_ip4(p);

	/* Without DF it would have to be fragmented. */
	if (!(ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG))) {
		worker_drop(w, p->mbuf, COUNTER_mtu_exceeded);
		return;
	}
	/* To the server, the kernel has lowered the TTL before it looks at the length. */
	if (dir == CONN_IN) {
		ip->time_to_live--;
		ip->hdr_checksum = 0;
		ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, (size_t)(ip->version_ihl & 15) * 4);
	}
	refuse(w, p, ICMP_ERROR_FRAGMENTATION_NEEDED, mtu, from, COUNTER_mtu_exceeded);
}

/* A packet of c that cannot go on ends here. Clients are told by the virtual address, servers by
 * the director's on their side, as the kernel does. */
static void turn_away(struct worker *w, struct packet *p, const struct conn *c, enum conn_dir dir,
		      const struct nexthop *nh)
{
	uint32_t from = dir == CONN_IN ? c->vaddr : server_side(w, p, c);

	if (nh->kind == NEXTHOP_LOCAL)
		worker_drop(w, p->mbuf, COUNTER_local_destination);
	else if (nh->kind == NEXTHOP_NONE)
		refuse(w, p, ICMP_ERROR_HOST_UNREACHABLE, 0, from, COUNTER_no_route);
	else if (p->ttl <= 1)
		refuse(w, p, ICMP_ERROR_TIME_EXCEEDED, 0, from, COUNTER_ttl_exceeded);
	else
		refuse_too_big(w, p, dir, nh->mtu, from);
}

/* Finds the next hop of a packet of c. False: it cannot go there, and ended here. */
static inline bool admit(struct worker *w, struct packet *p, struct conn *c, enum conn_dir dir,
			 struct nexthop *nh)
{
	nexthop_of_conn(w, c, dir, dir == CONN_IN ? c->daddr : c->laddr, nh);
	if (likely(nh->kind < NEXTHOP_LOCAL && p->ttl > 1 && p->l3_len <= nh->mtu))
		return true;
	turn_away(w, p, c, dir, nh);
	return false;
}

static inline void forward(struct worker *w, struct packet *p, struct conn *c, enum conn_dir dir,
			   const struct nexthop *nh)
{
	fwd_table[c->flags & CONN_FWD_MASK]->rewrite[dir](p, c);
	frame_trim(p);
	nexthop_out(w, p->mbuf, nh);
}

static inline void forward_in(struct worker *w, struct packet *p, struct conn *c,
			      struct dest_slot *slot)
{
	struct nexthop nh;

	slot->inpkts++;
	slot->inbytes += p->l3_len;
	c->in_pkts++;
	if (admit(w, p, c, CONN_IN, &nh))
		forward(w, p, c, CONN_IN, &nh);
}

/* The kernel routes a server's packet before IPVS sees it: one that cannot go on is not counted
 * and changes no state. */
static inline void forward_out(struct worker *w, struct packet *p, struct conn *c)
{
	struct dest_slot *slot = &w->dests[c->dest];
	struct nexthop nh;

	if (!admit(w, p, c, CONN_OUT, &nh))
		return;
	slot->outpkts++;
	slot->outbytes += p->l3_len;
	conn_touch(&w->conns, c, conn_advance(w, p, c, CONN_OUT, slot));
	forward(w, p, c, CONN_OUT, &nh);
}

/* ---- new connections --------------------------------------------------------------------- */

static void schedule(struct worker *w, struct packet *p, const struct service *svc)
{
	struct sched_context ctx = {.load = &w->load, .packet = p};
	const struct service_dest *sd = sched_pick(&w->scheds[svc->id], svc, &ctx);

	if (unlikely(!sd)) {
		refuse(w, p, ICMP_ERROR_PORT_UNREACHABLE, 0, packet_dst(p), COUNTER_no_destination);
		return;
	}
	const struct dest *d = snapshot_dest(w->snapshot, sd->id);
	const struct fwd_ops *fwd = d->af == AF_INET ? fwd_table[d->fwd & CONN_FWD_MASK] : NULL;

	if (unlikely(!fwd)) {
		worker_drop(w, p->mbuf, COUNTER_method_unsupported);
		return;
	}
	struct conn *c = conn_create(w, p, sd->id, fwd);

	if (unlikely(!c)) {
		worker_drop(w, p->mbuf, COUNTER_conn_table_full);
		return;
	}
	forward_in(w, p, c, &w->dests[sd->id]);
}

/* From an address of the director: somebody pretends (kernel: fib_validate_source). */
static bool from_ourselves(const struct worker *w, const struct packet *p)
{
	struct lvs_addr src = addr_v4(packet_src(p));
	const struct fib_target *t = fib_lookup(w->fib, AF_INET, &src);

	return t && t->type == FIB_LOCAL;
}

/* No connection: a service's first packet, or not ours. */
static void process_miss(struct worker *w, struct packet *p)
{
	struct lvs_addr dst = addr_v4(packet_dst(p));
	const struct proto_ops *proto = proto_table[p->proto];

	if (proto->opens(p) && packet_sport(p) != RTE_BE16(FTP_DATA_PORT)) {
		const struct service *svc =
			service_find(w->snapshot, AF_INET, p->proto, &dst, packet_dport(p));

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

/* ---- the stages -------------------------------------------------------------------------- */

static inline void process_flow(struct worker *w, struct packet *p)
{
	enum conn_dir dir;
	struct conn *c = conn_lookup(&w->conns, p->hash, p->addrs, p->ports, p->proto, &dir);

	if (unlikely(!c)) {
		process_miss(w, p);
		return;
	}
	if (dir == CONN_OUT) {
		forward_out(w, p, c);
		return;
	}
	if (unlikely(proto_table[p->proto]->reopens(p, c))) {
		conn_close(w, c);
		process_miss(w, p);
		return;
	}
	if (unlikely(!(snapshot_dest(w->snapshot, c->dest)->flags & DEST_AVAILABLE))) {
		worker_drop(w, p->mbuf, COUNTER_dest_removed);
		return;
	}
	struct dest_slot *slot = &w->dests[c->dest];

	conn_touch(&w->conns, c, conn_advance(w, p, c, CONN_IN, slot));
	forward_in(w, p, c, slot);
}

static void process(struct worker *w, struct packet *p)
{
	struct lvs_addr dst;

	switch ((enum packet_kind)p->kind) {
	case PACKET_FLOW:
		process_flow(w, p);
		break;
	case PACKET_FRAGMENT:
		dst = addr_v4(packet_dst(p));
		/* Other protocols' (a long ping) are the kernel's. */
		if (proto_table[p->proto] && service_is_vip(w->snapshot, AF_INET, &dst))
			worker_drop(w, p->mbuf, COUNTER_ip4_fragment);
		else
			punt_frame(w, p);
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

		if (p->kind != PACKET_FLOW)
			continue;
		unsigned int owner = steer_owner(w, p);

		if (owner == w->id)
			continue;
		packet_note(p->mbuf)->port = p->port;
		steer_handover(w, owner, p->mbuf);
		p->kind = PACKET_STEERED;
	}
}

static inline void lookup_stages(struct worker *w, struct packet *packets, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct packet *p = &packets[i];

		if (likely(p->kind == PACKET_FLOW)) {
			p->hash = conn_hash(&w->conns, p->addrs, p->ports, p->proto);
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
	if (w->n_workers > 1 && !steered)
		steer_stage(w, packets, n);
	lookup_stages(w, packets, n);
	for (unsigned int i = 0; i < n; i++)
		process(w, &packets[i]);
}

/* ---- time -------------------------------------------------------------------------------- */

static void expire_one(void *arg, struct conn *c)
{
	struct worker *w = arg;

	conn_close(w, c);
	worker_count(w, COUNTER_conn_expired);
}

unsigned int pipeline_expire(struct worker *w, unsigned int budget)
{
	return conn_expire(&w->conns, w->now, budget, expire_one, w);
}

void pipeline_close_all(struct worker *w)
{
	for (uint32_t i = 0; i < w->conns.arena->high; i++)
		if (w->conns.hot[i].af)
			conn_close(w, &w->conns.hot[i]);
}
