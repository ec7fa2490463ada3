/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors (RFC 792, RFC 1812 section 4.3.2) as the kernel forms them: TOS 0xc0, TTL 64, up to
 * 576 bytes, as much of the packet quoted as fits.
 */
#include "icmp.h"

#include <rte_random.h>

#include "nexthop.h"

#define ICMP_PACKET_MAX 576
#define ICMP_TTL        64
#define ICMP_TOS        0xc0 /* internetwork control */

struct icmp_header {
	uint8_t type, code;
	uint16_t checksum;
	uint16_t unused;
	uint16_t info;
};

_Static_assert(sizeof(struct icmp_header) == 8, "RFC 792");

static const struct {
	uint8_t type, code;
} types[] = {
	[ICMP_ERROR_HOST_UNREACHABLE] = {3, 1},
	[ICMP_ERROR_PORT_UNREACHABLE] = {3, 3},
	[ICMP_ERROR_FRAGMENTATION_NEEDED] = {3, 4},
	[ICMP_ERROR_TIME_EXCEEDED] = {11, 0},
};

#define ICMP_OVERHEAD (sizeof(struct rte_ipv4_hdr) + sizeof(struct icmp_header))

static void fill(struct rte_mbuf *m, const struct packet *p, enum icmp_error error, uint16_t info,
		 uint32_t from, uint16_t quote)
{
	struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));
	struct icmp_header *icmp = (struct icmp_header *)(ip + 1);

	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.type_of_service = ICMP_TOS,
		.total_length = rte_cpu_to_be_16((uint16_t)(ICMP_OVERHEAD + quote)),
		.packet_id = (uint16_t)rte_rand(),
		.time_to_live = ICMP_TTL,
		.next_proto_id = IPPROTO_ICMP,
		.src_addr = from,
		.dst_addr = packet_src(p),
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	*icmp = (struct icmp_header){
		.type = types[error].type,
		.code = types[error].code,
		.info = rte_cpu_to_be_16(info),
	};
	memcpy(icmp + 1, packet_ip4(p), quote);
	icmp->checksum = (uint16_t)~rte_raw_cksum(icmp, sizeof(*icmp) + quote);
}

void icmp_send_error(struct worker *w, const struct packet *p, enum icmp_error error, uint16_t info,
		     uint32_t from)
{
	struct lvs_addr to = addr_v4(packet_src(p));
	struct nexthop nh;

	if (!rate_take(&w->icmp_rate, w->now)) {
		worker_count(w, COUNTER_icmp_limited);
		return;
	}
	nexthop_find(w->fib, AF_INET, &to, &nh);
	if (nh.kind != NEXTHOP_READY && nh.kind != NEXTHOP_UNRESOLVED)
		return;
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->pool);

	if (!m)
		return;
	uint32_t here = rte_pktmbuf_data_len(p->mbuf) - p->l3;
	uint16_t quote = (uint16_t)RTE_MIN(RTE_MIN((uint32_t)p->l3_len, here),
					   (uint32_t)(ICMP_PACKET_MAX - ICMP_OVERHEAD));

	rte_pktmbuf_append(m, (uint16_t)(sizeof(struct rte_ether_hdr) + ICMP_OVERHEAD + quote));
	fill(m, p, error, info, from, quote);
	worker_count(w, COUNTER_icmp_sent);
	nexthop_out(w, m, &nh);
}
