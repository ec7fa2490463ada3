/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sends the packets of connections on: where to, whether TTL and MTU allow it, and the rewrite of
 * the connection's forwarding method. Refusals are told to the sender as the kernel tells them.
 */
#include "forward.h"

#include "checksum.h"
#include "fragment.h"
#include "nexthop.h"

void forward_trim(struct packet *p)
{
	uint16_t front = (uint16_t)(p->l3 - sizeof(struct rte_ether_hdr));
	uint32_t surplus = p->mbuf->pkt_len - p->l3 - p->l3_len;

	if (unlikely(front)) {
		rte_pktmbuf_adj(p->mbuf, front);
		p->l3 -= front;
		p->l4 -= front;
	}
	if (surplus)
		rte_pktmbuf_trim(p->mbuf, (uint16_t)surplus);
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
	/* The kernel quotes the packet as it would have been sent on. */
	if (p->af == AF_INET) {
		struct rte_ipv4_hdr *ip = packet_ip4(p);

		ip->time_to_live--;
		ip->hdr_checksum = 0;
		ip->hdr_checksum =
			(uint16_t)~checksum_ip4(ip, (unsigned int)(ip->version_ihl & 15));
	} else {
		packet_ip6(p)->hop_limits--;
	}
	refuse(w, p, dir, ICMP_ERROR_TOO_BIG, mtu, COUNTER_mtu_exceeded);
}

/* Whether a packet of p->l3_len + overhead bytes may go to nh at all; if not, it was refused. */
static bool fits(struct worker *w, struct packet *p, enum conn_dir dir, const struct nexthop *nh,
		 uint16_t overhead, bool *fragment)
{
	*fragment = false;
	if (likely(p->l3_len + overhead <= nh->mtu))
		return true;
	/* What leaves is cut, and only IPv4 can be cut on the way. */
	if (may_fragment(p) && nh->af == AF_INET) {
		*fragment = true;
		return true;
	}
	refuse_too_big(w, p, dir, (uint16_t)(nh->mtu - overhead));
	return false;
}

/* Adds the method's headers; false: the packet was dropped. */
static bool encapsulate(struct worker *w, struct packet *p, const struct conn *c,
			const struct fwd_ops *how, const struct nexthop *nh)
{
	const struct dest *d = snapshot_dest(w->snapshot, c->dest);
	const struct lvs_addr *from = fib_source_of(w->fib, nh->port, d->af);

	if (from && how->encapsulate(p, d, from, (uint32_t)(c->in_addrs >> 32 ^ c->in_addrs ^
							     c->in_ports) *
							     0x9e3779b1u))
		return true;
	worker_drop(w, p->mbuf, from ? COUNTER_no_headroom : COUNTER_no_source);
	return false;
}

void forward_packet(struct worker *w, struct packet *p, struct conn *c, enum conn_dir dir,
		    const struct fwd_ops *how)
{
	uint16_t overhead = unlikely(how->overhead != NULL)
				    ? how->overhead(snapshot_dest(w->snapshot, c->dest))
				    : 0;
	struct nexthop nh;
	bool fragment;

	nexthop_of_conn(w, c, dir, &nh);
	if (unlikely(nh.kind >= NEXTHOP_LOCAL)) {
		if (nh.kind == NEXTHOP_LOCAL)
			worker_drop(w, p->mbuf, COUNTER_local_destination);
		else
			refuse(w, p, dir, ICMP_ERROR_HOST_UNREACHABLE, 0, COUNTER_no_route);
		return;
	}
	if (unlikely(p->ttl <= 1)) {
		refuse(w, p, dir, ICMP_ERROR_TIME_EXCEEDED, 0, COUNTER_ttl_exceeded);
		return;
	}
	if (!fits(w, p, dir, &nh, overhead, &fragment))
		return;
	how->rewrite[dir](&w->conns, p, c);
	forward_trim(p);
	if (unlikely(overhead) && !encapsulate(w, p, c, how, &nh))
		return;
	if (unlikely(fragment))
		fragment_send(w, p->mbuf, &nh);
	else
		nexthop_out(w, p->mbuf, &nh);
}
