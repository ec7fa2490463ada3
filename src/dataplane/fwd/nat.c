/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NAT (masquerading): toward the server the destination becomes the server's address and port,
 * toward the client the source becomes the virtual ones. Checksums are updated, never verified:
 * a wrong one stays wrong. A UDP checksum of zero is filled in, as the kernel does.
 */
#include "fwd.h"
#include "rewrite.h"

static uint16_t delta128(const struct lvs_addr *from, const struct lvs_addr *to)
{
	uint16_t delta = 0;

	for (int i = 0; i < 4; i++)
		delta = checksum_add(delta, checksum_delta32(from->w[i], to->w[i]));
	return delta;
}

static void nat_bind(const struct conn_table *t, struct conn *c)
{
	uint16_t addr;

	if (c->af == AF_INET) {
		addr = c->ip_delta = checksum_delta32(c->vaddr, c->daddr);
	} else {
		const struct conn6 *a = conn_addr6(t, c);

		addr = delta128(&a->vaddr, &a->daddr);
	}
	c->l4_delta = checksum_add(addr, checksum_delta16(c->vport, c->dport));
}

/* The checksum of a datagram that has none, after the rewrite. It covers what the UDP length says,
 * which may be less than the IP packet (RFC 768). */
static uint16_t udp_checksum(const struct packet *p, const struct rte_udp_hdr *udp)
{
	const uint16_t pseudo[2] = {udp->dgram_len, RTE_BE16(IPPROTO_UDP)};
	uint16_t sum = checksum_mbuf(p->mbuf, p->l4, rte_be_to_cpu_16(udp->dgram_len));

	sum = checksum_add(sum, rte_raw_cksum(pseudo, sizeof(pseudo)));
	if (p->af == AF_INET)
		return (uint16_t)~checksum_add(sum, rte_raw_cksum(&packet_ip4(p)->src_addr, 8));
	return (uint16_t)~checksum_add(sum, rte_raw_cksum(packet_ip6(p)->src_addr, 32));
}

/* After the addresses and ports were changed. */
static inline void update_l4(const struct packet *p, uint16_t delta)
{
	if (p->proto == IPPROTO_TCP) {
		struct rte_tcp_hdr *tcp = packet_tcp(p);

		tcp->cksum = checksum_apply(tcp->cksum, delta);
		return;
	}
	struct rte_udp_hdr *udp = packet_udp(p);

	if (likely(udp->dgram_cksum != 0))
		udp->dgram_cksum = checksum_apply(udp->dgram_cksum, delta);
	else
		udp->dgram_cksum = udp_checksum(p, udp);
	if (unlikely(udp->dgram_cksum == 0))
		udp->dgram_cksum = 0xffff; /* zero would say "none" (RFC 768) */
}

/* Both protocols begin with source and destination port. */
static inline uint16_t *packet_ports(const struct packet *p)
{
	return rte_pktmbuf_mtod_offset(p->mbuf, uint16_t *, p->l4);
}

static void nat_in(const struct conn_table *t, const struct packet *p, const struct conn *c)
{
	if (likely(p->af == AF_INET))
		packet_ip4(p)->dst_addr = c->daddr;
	else
		memcpy(packet_ip6(p)->dst_addr, &conn_addr6(t, c)->daddr, 16);
	packet_ports(p)[1] = c->dport;
	rewrite_ttl(p, c->ip_delta);
	update_l4(p, c->l4_delta);
}

static void nat_out(const struct conn_table *t, const struct packet *p, const struct conn *c)
{
	if (likely(p->af == AF_INET))
		packet_ip4(p)->src_addr = c->vaddr;
	else
		memcpy(packet_ip6(p)->src_addr, &conn_addr6(t, c)->vaddr, 16);
	packet_ports(p)[0] = c->vport;
	rewrite_ttl(p, (uint16_t)~c->ip_delta);
	update_l4(p, (uint16_t)~c->l4_delta);
}

static const struct fwd_ops nat = {
	.name = "masquerading",
	.method = FWD_NAT,
	.sees_reply = true,
	.bind = nat_bind,
	.rewrite = {nat_in, nat_out},
};
FWD_REGISTER(nat)
