/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TUN (tunneling): the client's packet, TTL lowered, travels inside another one to the server,
 * which has the virtual address itself and answers the client directly. Outer headers as the
 * kernel makes them: TTL and TOS of the inner one (congestion experienced becomes ECT(0), RFC
 * 6040), DF of an inner IPv4 packet, flow label 0.
 */
#include "../encap/encap.h"
#include "fwd.h"
#include "rewrite.h"

#define ECN_MASK 3
#define ECN_CE   3
#define ECN_ECT0 2

static uint16_t outer_ip_len(const struct dest *d)
{
	return d->af == AF_INET ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr);
}

static uint16_t tunnel_overhead(const struct dest *d)
{
	return (uint16_t)(outer_ip_len(d) + encap_table[d->tun_type]->header_len(d));
}

static void tunnel_rewrite(const struct conn_table *t, const struct packet *p, const struct conn *c)
{
	(void)t;
	(void)c;
	rewrite_ttl(p, 0);
}

struct inner {
	uint8_t tos, ttl;
	bool dont_fragment;
};

static void inner_read(const struct packet *p, struct inner *in)
{
	if (p->af == AF_INET) {
		const struct rte_ipv4_hdr *ip = packet_ip4(p);

		in->tos = ip->type_of_service;
		in->ttl = ip->time_to_live;
		in->dont_fragment = ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG);
	} else {
		const struct rte_ipv6_hdr *ip = packet_ip6(p);

		in->tos = (uint8_t)(rte_be_to_cpu_32(ip->vtc_flow) >> 20);
		in->ttl = ip->hop_limits;
		in->dont_fragment = false;
	}
	if ((in->tos & ECN_MASK) == ECN_CE)
		in->tos = (uint8_t)((in->tos & ~ECN_MASK) | ECN_ECT0);
}

static void outer_ip4(struct rte_ipv4_hdr *ip, const struct inner *in, uint8_t proto,
		      const struct dest *d, const struct lvs_addr *from, uint32_t len)
{
	/* Unique enough for reassembly per server; one sequence per worker. */
	static __thread uint16_t id;

	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.type_of_service = in->tos,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + len)),
		.packet_id = in->dont_fragment ? 0 : rte_cpu_to_be_16(++id),
		.fragment_offset = in->dont_fragment ? RTE_BE16(RTE_IPV4_HDR_DF_FLAG) : 0,
		.time_to_live = in->ttl,
		.next_proto_id = proto,
		.src_addr = from->v4,
		.dst_addr = d->addr.v4,
	};
	ip->hdr_checksum = (uint16_t)~checksum_ip4(ip, sizeof(*ip) / 4);
}

static void outer_ip6(struct rte_ipv6_hdr *ip, const struct inner *in, uint8_t proto,
		      const struct dest *d, const struct lvs_addr *from, uint32_t len)
{
	*ip = (struct rte_ipv6_hdr){
		.vtc_flow = rte_cpu_to_be_32(6u << 28 | (uint32_t)in->tos << 20),
		.payload_len = rte_cpu_to_be_16((uint16_t)len),
		.proto = proto,
		.hop_limits = in->ttl,
	};
	memcpy(ip->src_addr, from, 16);
	memcpy(ip->dst_addr, &d->addr, 16);
}

static bool tunnel_encapsulate(struct packet *p, const struct dest *d, const struct lvs_addr *from,
			       uint32_t flow)
{
	const struct encap_ops *e = encap_table[d->tun_type];
	uint16_t hlen = e->header_len(d), iplen = outer_ip_len(d);
	uint32_t len = (uint32_t)hlen + p->l3_len;
	struct inner in;

	inner_read(p, &in);
	/* Checksums run over the whole of it. */
	if (rte_pktmbuf_linearize(p->mbuf) ||
	    !rte_pktmbuf_prepend(p->mbuf, (uint16_t)(hlen + iplen)))
		return false;
	char *outer = rte_pktmbuf_mtod_offset(p->mbuf, char *, sizeof(struct rte_ether_hdr));
	void *header = outer + iplen;

	if (e->fill)
		e->fill(d, header, p->af, p->l3_len, flow);
	if (d->af == AF_INET)
		outer_ip4((void *)outer, &in, e->protocol(p->af), d, from, len);
	else
		outer_ip6((void *)outer, &in, e->protocol(p->af), d, from, len);
	if (e->finish)
		e->finish(d, header, outer, len);
	return true;
}

static const struct fwd_ops tunnel = {
	.name = "tunneling",
	.method = FWD_TUNNEL,
	.crosses_families = true,
	.overhead = tunnel_overhead,
	.rewrite = {tunnel_rewrite, tunnel_rewrite},
	.encapsulate = tunnel_encapsulate,
};
FWD_REGISTER(tunnel)
