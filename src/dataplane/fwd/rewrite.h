/* SPDX-License-Identifier: BSD-3-Clause */
/* What several forwarding methods do to a packet's headers. */
#ifndef LVSD_DATAPLANE_REWRITE_H
#define LVSD_DATAPLANE_REWRITE_H

#include "../checksum.h"
#include "../packet.h"

/* Lowers the TTL; ip_delta is what else changed in an IPv4 header (0: nothing). */
static inline void rewrite_ttl(const struct packet *p, uint16_t ip_delta)
{
	if (unlikely(p->af != AF_INET)) {
		packet_ip6(p)->hop_limits--;
		return;
	}
	struct rte_ipv4_hdr *ip = packet_ip4(p);

	ip->time_to_live--;
	ip->hdr_checksum =
		checksum_apply(ip->hdr_checksum, checksum_add(ip_delta, checksum_ttl_delta()));
}

/* Source and destination port, with which all our transport headers begin. */
static inline uint16_t *rewrite_ports(const struct packet *p)
{
	return rte_pktmbuf_mtod_offset(p->mbuf, uint16_t *, p->l4);
}

/* Delta of replacing an IPv6 address. */
uint16_t rewrite_delta128(const struct lvs_addr *from, const struct lvs_addr *to);

/* Brings a UDP checksum up to date; makes one where there is none. */
void rewrite_udp_checksum(const struct packet *p, uint16_t delta);

/* Brings the transport checksum up to date after addresses and ports were changed by `delta`. */
static inline void rewrite_l4(const struct packet *p, uint16_t delta)
{
	if (p->proto == IPPROTO_TCP)
		packet_tcp(p)->cksum = checksum_apply(packet_tcp(p)->cksum, delta);
	else if (likely(packet_udp(p)->dgram_cksum != 0 &&
			checksum_apply(packet_udp(p)->dgram_cksum, delta) != 0))
		packet_udp(p)->dgram_cksum = checksum_apply(packet_udp(p)->dgram_cksum, delta);
	else
		rewrite_udp_checksum(p, delta);
}

#endif
