/* SPDX-License-Identifier: BSD-3-Clause */
/* What several forwarding methods do to a packet's headers. */
#ifndef LVSD_DATAPLANE_REWRITE_H
#define LVSD_DATAPLANE_REWRITE_H

#include "../checksum.h"
#include "../packet.h"
#include "../proto/proto.h"

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

/* Delta of replacing an IPv6 address. */
uint16_t rewrite_delta128(const struct lvs_addr *from, const struct lvs_addr *to);

/*
 * After the addresses: gives a packet its new ports and brings the transport checksum up to date,
 * to which all the changes add `delta`. TCP and UDP, which is nearly everything, in line; whatever
 * is special is the protocol's own business.
 */
static inline void rewrite_l4(const struct packet *p, uint16_t sport, uint16_t dport,
			      uint16_t delta)
{
	union packet_ports ports = {.src = sport, .dst = dport};
	uint16_t sum;

	if (likely(p->proto == IPPROTO_TCP)) {
		memcpy(packet_tcp(p), &ports.both, sizeof(ports.both));
		packet_tcp(p)->cksum = checksum_apply(packet_tcp(p)->cksum, delta);
	} else if (likely(p->proto == IPPROTO_UDP && packet_udp(p)->dgram_cksum != 0 &&
			  (sum = checksum_apply(packet_udp(p)->dgram_cksum, delta)) != 0)) {
		memcpy(packet_udp(p), &ports.both, sizeof(ports.both));
		packet_udp(p)->dgram_cksum = sum;
	} else {
		proto_table[p->proto]->translate(p, ports, delta);
	}
}

#endif
