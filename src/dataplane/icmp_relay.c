/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors that servers, clients and routers send about packets of our connections. They quote
 * the packet as we have sent it; so the error goes to the other end, and what we had changed in
 * the packet is changed back in the quotation, or its receiver could not know what it is about.
 *
 * As the kernel: the quoted transport checksum is left alone, and toward clients the error comes
 * from the virtual address, whichever router it came from.
 */
#include "icmp.h"

#include "balance.h"
#include "checksum.h"
#include "forward.h"
#include "fwd/fwd.h"
#include "parse.h"
#include "proto/proto.h"

/* Offset of the quoted transport header; 0: not there. */
static uint32_t quoted_l4(const struct packet *p, uint32_t l3, uint32_t end, uint8_t *proto)
{
	const uint8_t *h = rte_pktmbuf_mtod_offset(p->mbuf, uint8_t *, l3);

	if (p->af == AF_INET) {
		const struct rte_ipv4_hdr *ip = (const void *)h;
		uint32_t hlen = (uint32_t)(ip->version_ihl & 15) * 4;

		*proto = ip->next_proto_id;
		/* Ports are in the first fragment only. */
		if (ip->version_ihl >> 4 != 4 || hlen < sizeof(*ip) ||
		    ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK))
			return 0;
		return l3 + hlen;
	}
	const struct rte_ipv6_hdr *ip = (const void *)h;
	uint32_t off = l3 + sizeof(*ip);

	*proto = ip->proto;
	while (*proto == IPPROTO_HOPOPTS || *proto == IPPROTO_ROUTING ||
	       *proto == IPPROTO_DSTOPTS || *proto == IPPROTO_FRAGMENT) {
		if (off + 8 > end)
			return 0;
		h = rte_pktmbuf_mtod_offset(p->mbuf, uint8_t *, off);
		if (*proto == IPPROTO_FRAGMENT) {
			const struct fragment6 *f = (const void *)h;

			if (f->offset & ~RTE_BE16(7))
				return 0;
			*proto = f->next;
			off += (uint32_t)sizeof(*f);
			continue;
		}
		*proto = h[0];
		off += ((uint32_t)h[1] + 1) * 8;
	}
	return off;
}

enum counter icmp_read_quote(const struct packet *p, struct icmp_quote *q)
{
	uint32_t l3 = p->l4 + (uint32_t)sizeof(struct icmp_header);
	uint32_t end = RTE_MIN(rte_pktmbuf_data_len(p->mbuf), (uint32_t)p->l3 + p->l3_len);
	uint32_t header =
		p->af == AF_INET ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr);
	uint8_t proto;

	if (l3 + header > end)
		return COUNTER_icmp_quote;
	uint32_t l4 = quoted_l4(p, l3, end, &proto);

	bool portless = proto_follows_ike(proto);

	if (!l4 || l4 + (portless ? 0 : sizeof(q->ports)) > end)
		return COUNTER_icmp_quote;
	*q = (struct icmp_quote){
		.l3 = (uint16_t)l3,
		.l4 = (uint16_t)l4,
		.af = p->af,
		.proto = portless ? IPPROTO_UDP : proto,
		.portless = portless,
	};
	if (portless) {
		q->ports.src = q->ports.dst = rte_cpu_to_be_16(IKE_PORT);
	} else {
		const uint16_t *ports = rte_pktmbuf_mtod_offset(p->mbuf, uint16_t *, l4);

		/* The error goes against the quoted packet: its connection's packets of that
		 * direction have source and destination swapped. */
		q->ports = (union packet_ports){.src = ports[1], .dst = ports[0]};
	}
	if (p->af == AF_INET) {
		const struct rte_ipv4_hdr *ip =
			rte_pktmbuf_mtod_offset(p->mbuf, struct rte_ipv4_hdr *, l3);

		q->pair[0] = addr_v4(ip->dst_addr);
		q->pair[1] = addr_v4(ip->src_addr);
	} else {
		const struct rte_ipv6_hdr *ip =
			rte_pktmbuf_mtod_offset(p->mbuf, struct rte_ipv6_hdr *, l3);

		memcpy(&q->pair[0], ip->dst_addr, 16);
		memcpy(&q->pair[1], ip->src_addr, 16);
	}
	return PARSE_OK;
}

/* ---- rewriting ----------------------------------------------------------------------------- */

/* Writes `len` bytes over `to` (even lengths and offsets); returns the delta for a sum over them.
 */
static uint16_t replace(void *to, const void *with, unsigned int len)
{
	uint16_t delta = 0, before, after;

	/* What lies there may have any type. */
	for (unsigned int i = 0; i < len; i += sizeof(after)) {
		memcpy(&before, (const char *)to + i, sizeof(before));
		memcpy(&after, (const char *)with + i, sizeof(after));
		delta = checksum_add(delta, checksum_delta16(before, after));
	}
	memcpy(to, with, len);
	return delta;
}

/* Changes an address of the quoted header; returns the delta of all changed bytes. */
static uint16_t replace_quoted_addr(struct packet *p, const struct icmp_quote *q, bool source,
				    const struct lvs_addr *addr)
{
	if (q->af == AF_INET6) {
		struct rte_ipv6_hdr *ip =
			rte_pktmbuf_mtod_offset(p->mbuf, struct rte_ipv6_hdr *, q->l3);

		return replace(source ? ip->src_addr : ip->dst_addr, addr, 16);
	}
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(p->mbuf, struct rte_ipv4_hdr *, q->l3);
	uint16_t delta = replace(source ? &ip->src_addr : &ip->dst_addr, addr, 4);
	uint16_t check = checksum_apply(ip->hdr_checksum, delta);

	return checksum_add(delta, replace(&ip->hdr_checksum, &check, 2));
}

/* An address of the error itself. */
static uint16_t replace_addr(struct packet *p, bool source, const struct lvs_addr *addr)
{
	if (p->af == AF_INET6) {
		struct rte_ipv6_hdr *ip = packet_ip6(p);

		return replace(source ? ip->src_addr : ip->dst_addr, addr, 16);
	}
	struct rte_ipv4_hdr *ip = packet_ip4(p);
	uint16_t delta = replace(source ? &ip->src_addr : &ip->dst_addr, addr, 4);

	ip->hdr_checksum = checksum_apply(ip->hdr_checksum, delta);
	return 0; /* not part of an ICMP checksum; in ICMPv6 the pseudo header is */
}

/* The connection's ends as the receiver of an error in direction dir knows them. */
struct ends {
	struct lvs_addr near, far; /* the receiver's own address, the other end's */
	uint16_t near_port, far_port;
};

static void ends_of(const struct worker *w, const struct conn *c, enum conn_dir dir, struct ends *e)
{
	bool out = dir == CONN_OUT;

	e->near_port = out ? c->cport : c->dport;
	e->far_port = out ? c->vport : c->lport;
	if (c->af == AF_INET) {
		e->near = addr_v4(out ? c->caddr : c->daddr);
		e->far = addr_v4(out ? c->vaddr : c->laddr);
	} else {
		const struct conn6 *a = conn_addr6(&w->conns, c);

		e->near = out ? a->caddr : a->daddr;
		e->far = out ? a->vaddr : a->laddr;
	}
}

/*
 * NAT: the quoted packet becomes the one that the receiver has sent. Toward the client the error
 * comes from the virtual address. Toward the server it keeps its source, unless the server must
 * not see addresses of that side (FULLNAT).
 */
static void translate(struct worker *w, struct packet *p, const struct icmp_quote *q,
		      const struct conn *c, enum conn_dir dir, const struct fwd_ops *how)
{
	struct icmp_header *icmp = rte_pktmbuf_mtod_offset(p->mbuf, struct icmp_header *, p->l4);
	struct ends e;

	ends_of(w, c, dir, &e);
	uint16_t delta = replace_addr(p, false, &e.near);

	if (dir == CONN_OUT || how->needs_laddr)
		delta = checksum_add(delta, replace_addr(p, true, &e.far));
	delta = checksum_add(delta, replace_quoted_addr(p, q, true, &e.near));
	delta = checksum_add(delta, replace_quoted_addr(p, q, false, &e.far));
	if (!q->portless) {
		uint16_t *ports = rte_pktmbuf_mtod_offset(p->mbuf, uint16_t *, q->l4);

		delta = checksum_add(delta, replace(&ports[0], &e.near_port, 2));
		delta = checksum_add(delta, replace(&ports[1], &e.far_port, 2));
	}
	icmp->checksum = checksum_apply(icmp->checksum, delta);
}

/* The path to the server may have no room for what we add: it must not hold up the data. */
static bool says_too_big(const struct packet *p)
{
	const struct icmp_header *icmp = rte_pktmbuf_mtod_offset(p->mbuf, void *, p->l4);

	return p->af == AF_INET ? icmp->type == 3 && icmp->code == 4 : icmp->type == 2;
}

void icmp_relay(struct worker *w, struct packet *p)
{
	struct icmp_quote q;
	enum conn_dir dir;

	if (icmp_checksum(p->mbuf, p->l4, (uint32_t)(p->l3_len - (p->l4 - p->l3)),
			  p->af == AF_INET ? NULL : packet_ip6(p)) != 0xffff) {
		worker_drop(w, p->mbuf, COUNTER_icmp_checksum);
		return;
	}
	/* Too short a quotation, or not about a connection: the kernel may know what it means. */
	struct conn *c = NULL;

	if (icmp_read_quote(p, &q) == PARSE_OK) {
		struct conn_key key;

		conn_key_fill(&w->conns, &key, q.af, q.pair, q.ports.both, q.proto);
		c = conn_lookup(&w->conns, &key, &dir);
	}
	if (!c) {
		punt_frame(w, p);
		return;
	}
	const struct fwd_ops *how = fwd_table[c->flags & CONN_FWD_MASK];

	conn_count(w, c, dir, p);
	/* NAT changes the error itself; then it goes on like any packet. */
	if (how->sees_reply) {
		translate(w, p, &q, c, dir, how);
		how = fwd_table[FWD_DIRECT];
		if (dir == CONN_OUT && says_too_big(p))
			c->client_info = CLIENT_INFO_NONE;
	}
	struct passage pass;

	if (forward_admit(w, p, c, dir, how, &pass))
		forward_send(w, p, c, dir, how, &pass);
}
