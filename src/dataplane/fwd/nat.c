/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NAT (masquerading): toward the server the destination becomes the server's address and port,
 * toward the client the source becomes the virtual ones. Checksums are updated, never verified:
 * a wrong one stays wrong. A UDP checksum of zero is filled in, as the kernel does.
 */
#include "../checksum.h"
#include "fwd.h"

static void nat_bind(struct conn *c)
{
	c->ip_delta = checksum_delta32(c->vaddr, c->daddr);
	c->l4_delta = checksum_add(c->ip_delta, checksum_delta16(c->vport, c->dport));
}

static inline void update_ip(struct rte_ipv4_hdr *ip, uint16_t delta)
{
	ip->time_to_live--;
	ip->hdr_checksum =
		checksum_apply(ip->hdr_checksum, checksum_add(delta, checksum_ttl_delta()));
}

/* Sums len bytes from off, however they are cut into segments. (rte_raw_cksum_mbuf loses carries
 * behind a segment of odd length, DPDK 22.11.) */
static uint16_t sum_mbuf(const struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	uint32_t sum = 0;
	bool odd = false;

	for (; off >= m->data_len; m = m->next)
		off -= m->data_len;
	for (; len; m = m->next, off = 0) {
		uint32_t n = RTE_MIN(len, m->data_len - off);
		uint16_t part = rte_raw_cksum(rte_pktmbuf_mtod_offset(m, const void *, off), n);

		sum += odd ? rte_bswap16(part) : part;
		odd ^= n & 1;
		len -= n;
	}
	return checksum_fold(sum);
}

/* The checksum of a datagram that has none, after the rewrite. It covers what the UDP length says,
 * which may be less than the IP packet (RFC 768). */
static uint16_t udp_checksum(const struct packet *p, const struct rte_ipv4_hdr *ip,
			     const struct rte_udp_hdr *udp)
{
	uint16_t ip_payload = rte_cpu_to_be_16((uint16_t)(p->l3_len - (p->l4 - p->l3)));
	uint16_t sum = sum_mbuf(p->mbuf, p->l4, rte_be_to_cpu_16(udp->dgram_len));

	sum = checksum_add(sum, checksum_delta16(ip_payload, udp->dgram_len));
	return (uint16_t)~checksum_add(sum, rte_ipv4_phdr_cksum(ip, 0));
}

/* After the addresses and ports were changed. */
static inline void update_l4(const struct packet *p, const struct rte_ipv4_hdr *ip, uint16_t delta)
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
		udp->dgram_cksum = udp_checksum(p, ip, udp);
	if (unlikely(udp->dgram_cksum == 0))
		udp->dgram_cksum = 0xffff; /* zero would say "none" (RFC 768) */
}

/* Both protocols begin with source and destination port. */
static inline uint16_t *packet_ports(const struct packet *p)
{
	return rte_pktmbuf_mtod_offset(p->mbuf, uint16_t *, p->l4);
}

static void nat_in(const struct packet *p, const struct conn *c)
{
	struct rte_ipv4_hdr *ip = packet_ip4(p);

	ip->dst_addr = c->daddr;
	packet_ports(p)[1] = c->dport;
	update_ip(ip, c->ip_delta);
	update_l4(p, ip, c->l4_delta);
}

static void nat_out(const struct packet *p, const struct conn *c)
{
	struct rte_ipv4_hdr *ip = packet_ip4(p);

	ip->src_addr = c->vaddr;
	packet_ports(p)[0] = c->vport;
	update_ip(ip, (uint16_t)~c->ip_delta);
	update_l4(p, ip, (uint16_t)~c->l4_delta);
}

static const struct fwd_ops nat = {
	.name = "masquerading",
	.method = FWD_NAT,
	.sees_reply = true,
	.bind = nat_bind,
	.rewrite = {nat_in, nat_out},
};
FWD_REGISTER(nat)
