/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sends the packets of connections on: where to, whether TTL and MTU allow it, and the rewrite of
 * the connection's forwarding method. Refusals are told to the sender as the kernel tells them.
 */
#include "forward.h"

#include "checksum.h"
#include "frag.h"
#include "fragment.h"

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

void forward_trim(struct packet *p)
{
	uint16_t front = (uint16_t)(p->l3 - sizeof(struct rte_ether_hdr));
	uint32_t surplus = p->mbuf->pkt_len - p->l3 - p->l3_len;

	if (unlikely(front)) {
		rte_pktmbuf_adj(p->mbuf, front);
		p->l3 -= front;
		p->l4 -= front;
	}
	if (!surplus)
		return;
	if (likely(p->mbuf->nb_segs == 1))
		rte_pktmbuf_trim(p->mbuf, (uint16_t)surplus);
	else
		frame_cut(p->mbuf, p->mbuf->pkt_len - surplus);
}

void forward_refuse(struct worker *w, struct packet *p, enum icmp_error error, uint16_t info,
		    const struct lvs_addr *from, enum counter why)
{
	if (!from)
		from = fib_source_of(w->fib, p->port, p->af);
	if (from)
		icmp_send_error(w, p, error, info, from);
	worker_drop(w, p->mbuf, why);
}

/* The director's address toward the sender of a packet: the virtual one toward clients. */
static const struct lvs_addr *speaker(const struct packet *p, enum conn_dir dir,
				      struct lvs_addr *room)
{
	if (dir == CONN_OUT)
		return NULL;
	*room = packet_dst_addr(p);
	return room;
}

static void refuse(struct worker *w, struct packet *p, enum conn_dir dir, enum icmp_error error,
		   uint16_t info, enum counter why)
{
	struct lvs_addr room;

	forward_refuse(w, p, error, info, speaker(p, dir, &room), why);
}

static bool may_fragment(const struct packet *p)
{
	return p->af == AF_INET &&
	       !(packet_ip4(p)->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG));
}

static void refuse_too_big(struct worker *w, struct packet *p, enum conn_dir dir, uint16_t mtu)
{
	/* To the server, the kernel has lowered the TTL before it looks at the length. */
	if (dir == CONN_IN) {
		if (p->af == AF_INET6) {
			packet_ip6(p)->hop_limits--;
		} else {
			struct rte_ipv4_hdr *ip = packet_ip4(p);

			ip->time_to_live--;
			ip->hdr_checksum = checksum_apply(ip->hdr_checksum, checksum_ttl_delta());
		}
	}
	refuse(w, p, dir, ICMP_ERROR_TOO_BIG, mtu, COUNTER_mtu_exceeded);
}

/* A packet of c that cannot go on ends here. */
static void turn_away(struct worker *w, struct packet *p, enum conn_dir dir,
		      const struct passage *pass)
{
	const struct nexthop *nh = &pass->nh;

	if (nh->kind == NEXTHOP_LOCAL)
		worker_drop(w, p->mbuf, COUNTER_local_destination);
	else if (nh->kind == NEXTHOP_NONE)
		refuse(w, p, dir, ICMP_ERROR_HOST_UNREACHABLE, 0, COUNTER_no_route);
	else if (p->ttl <= 1)
		refuse(w, p, dir, ICMP_ERROR_TIME_EXCEEDED, 0, COUNTER_ttl_exceeded);
	else
		refuse_too_big(w, p, dir, (uint16_t)(nh->mtu - pass->overhead));
}

static bool admit(struct worker *w, struct packet *p, const struct conn_table *t, struct conn *c,
		  enum conn_dir dir, const struct fwd_ops *how, struct passage *pass)
{
	pass->overhead = unlikely(how->overhead != NULL)
				 ? how->overhead(snapshot_dest(w->snapshot, c->dest))
				 : 0;
	pass->special = p->fragment & FRAGMENT_FIRST;
	if (how->inform && c->client_info && p->kind == PACKET_FLOW)
		pass->special |= FORWARD_INFORM;
	nexthop_of_conn(w, t, c, dir, &pass->nh);
	if (likely(pass->nh.kind < NEXTHOP_LOCAL && p->ttl > 1)) {
		if (likely(p->l3_len + pass->overhead <= pass->nh.mtu))
			return true;
		/* What leaves is cut, and only IPv4 can be cut on the way. */
		if (may_fragment(p) && pass->nh.af == AF_INET) {
			pass->special |= FORWARD_CUT;
			return true;
		}
	}
	turn_away(w, p, dir, pass);
	return false;
}

bool forward_admit_any(struct worker *w, struct packet *p, struct conn *c, enum conn_dir dir,
		       const struct fwd_ops *how, struct passage *pass)
{
	return admit(w, p, &w->conns, c, dir, how, pass);
}

/* Adds the method's headers; false: the packet was dropped. */
static bool encapsulate(struct worker *w, struct packet *p, const struct conn *c,
			const struct fwd_ops *how, const struct nexthop *nh)
{
	const struct dest *d = snapshot_dest(w->snapshot, c->dest);
	const struct lvs_addr *from = fib_source_of(w->fib, nh->port, d->af);
	uint32_t flow = (uint32_t)(c->in_addrs >> 32 ^ c->in_addrs ^ c->in_ports) * 0x9e3779b1u;

	if (from && how->encapsulate(p, d, from, flow))
		return true;
	worker_drop(w, p->mbuf, from ? COUNTER_no_headroom : COUNTER_no_source);
	return false;
}

void forward_finish(struct worker *w, struct packet *p, struct conn *c, enum conn_dir dir,
		    const struct fwd_ops *how, const struct passage *pass)
{
	if (pass->special & FORWARD_INFORM)
		how->inform(&w->conns, p, c, dir, pass->nh.mtu);
	if (pass->overhead && !encapsulate(w, p, c, how, &pass->nh))
		return;
	if (pass->special & FORWARD_FIRST)
		frag_follow(w, c, dir);
	if (pass->special & FORWARD_CUT)
		fragment_send(w, p->mbuf, &pass->nh);
	else
		nexthop_out(w, p->mbuf, &pass->nh);
}

void forward_rest(struct worker *w, struct packet *p, const struct conn_table *t, struct conn *c,
		  enum conn_dir dir)
{
	const struct fwd_ops *how = fwd_table[c->flags & CONN_FWD_MASK];
	struct passage pass;

	if (!admit(w, p, t, c, dir, how, &pass))
		return;
	if (how->rewrite_rest[dir])
		how->rewrite_rest[dir](t, p, c);
	else
		how->rewrite[dir](t, p, c);
	forward_trim(p);
	forward_finish(w, p, c, dir, how, &pass);
}
