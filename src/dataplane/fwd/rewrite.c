/* SPDX-License-Identifier: BSD-3-Clause */
/* Checksums of rewritten packets. */
#include "rewrite.h"

uint16_t rewrite_delta128(const struct lvs_addr *from, const struct lvs_addr *to)
{
	uint16_t delta = 0;

	for (int i = 0; i < 4; i++)
		delta = checksum_add(delta, checksum_delta32(from->w[i], to->w[i]));
	return delta;
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

void rewrite_udp_checksum(const struct packet *p, uint16_t delta)
{
	struct rte_udp_hdr *udp = packet_udp(p);

	if (likely(udp->dgram_cksum != 0))
		udp->dgram_cksum = checksum_apply(udp->dgram_cksum, delta);
	else if (p->fragment & FRAGMENT_FIRST)
		return; /* the rest of what it would cover is not here */
	else
		udp->dgram_cksum = udp_checksum(p, udp);
	if (unlikely(udp->dgram_cksum == 0))
		udp->dgram_cksum = 0xffff; /* zero would say "none" (RFC 768) */
}
