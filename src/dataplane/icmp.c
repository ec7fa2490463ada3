/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors of our own (RFC 792, RFC 1812 section 4.3.2; RFC 4443) as the kernel forms them:
 * IPv4 with TOS 0xc0 and up to 576 bytes, IPv6 up to 1,280; TTL 64; as much quoted as fits.
 */
#include "icmp.h"

#include <rte_random.h>

#include "checksum.h"
#include "nexthop.h"

#define ICMP4_PACKET_MAX 576
#define ICMP6_PACKET_MAX 1280
#define ICMP_TTL         64
#define ICMP4_TOS        0xc0 /* internetwork control; with it the TOS bits of the packet */
#define TOS_MASK         0x1e

struct type_code {
	uint8_t type, code;
};

static const struct type_code types4[] = {
	[ICMP_ERROR_HOST_UNREACHABLE] = {3, 1},
	[ICMP_ERROR_PORT_UNREACHABLE] = {3, 3},
	[ICMP_ERROR_TOO_BIG] = {3, 4},
	[ICMP_ERROR_TIME_EXCEEDED] = {11, 0},
};

static const struct type_code types6[] = {
	[ICMP_ERROR_HOST_UNREACHABLE] = {1, 3},
	[ICMP_ERROR_PORT_UNREACHABLE] = {1, 4},
	[ICMP_ERROR_TOO_BIG] = {2, 0},
	[ICMP_ERROR_TIME_EXCEEDED] = {3, 0},
};

uint16_t icmp_checksum(const struct rte_mbuf *m, uint32_t off, uint32_t len,
		       const struct rte_ipv6_hdr *ip6)
{
	uint16_t sum = checksum_mbuf(m, off, len);

	if (!ip6)
		return sum;
	const uint32_t rest[2] = {rte_cpu_to_be_32(len), RTE_BE32(IPPROTO_ICMPV6)};

	sum = checksum_add(sum, rte_raw_cksum(ip6->src_addr, 32));
	return checksum_add(sum, rte_raw_cksum(rest, sizeof(rest)));
}

/* Writes the IP header; returns its length. */
static uint32_t fill_ip(void *to, const struct packet *p, const struct lvs_addr *from,
			uint32_t payload)
{
	if (p->af == AF_INET) {
		struct rte_ipv4_hdr *ip = to;

		*ip = (struct rte_ipv4_hdr){
			.version_ihl = RTE_IPV4_VHL_DEF,
			.type_of_service =
				(uint8_t)(ICMP4_TOS | (packet_ip4(p)->type_of_service & TOS_MASK)),
			.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + payload)),
			.packet_id = (uint16_t)rte_rand(),
			.time_to_live = ICMP_TTL,
			.next_proto_id = IPPROTO_ICMP,
			.src_addr = from->v4,
			.dst_addr = packet_src(p),
		};
		ip->hdr_checksum = rte_ipv4_cksum(ip);
		return sizeof(*ip);
	}
	struct rte_ipv6_hdr *ip = to;

	*ip = (struct rte_ipv6_hdr){
		.vtc_flow = rte_cpu_to_be_32(6u << 28 | ((uint32_t)rte_rand() & 0xfffff)),
		.payload_len = rte_cpu_to_be_16((uint16_t)payload),
		.proto = IPPROTO_ICMPV6,
		.hop_limits = ICMP_TTL,
	};
	memcpy(ip->src_addr, from, 16);
	memcpy(ip->dst_addr, packet_ip6(p)->src_addr, 16);
	return sizeof(*ip);
}

static void fill(struct rte_mbuf *m, const struct packet *p, enum icmp_error error, uint16_t info,
		 const struct lvs_addr *from, uint32_t quote)
{
	const struct type_code *t = p->af == AF_INET ? &types4[error] : &types6[error];
	uint32_t l3 = sizeof(struct rte_ether_hdr), len = sizeof(struct icmp_header) + quote;
	uint32_t l4 = l3 + fill_ip(rte_pktmbuf_mtod_offset(m, void *, l3), p, from, len);
	struct icmp_header *icmp = rte_pktmbuf_mtod_offset(m, struct icmp_header *, l4);

	*icmp = (struct icmp_header){
		.type = t->type,
		.code = t->code,
		.info = rte_cpu_to_be_16(info),
	};
	memcpy(icmp + 1, rte_pktmbuf_mtod_offset(p->mbuf, void *, p->l3), quote);
	icmp->checksum = (uint16_t)~icmp_checksum(
		m, l4, len,
		p->af == AF_INET ? NULL : rte_pktmbuf_mtod_offset(m, struct rte_ipv6_hdr *, l3));
}

void icmp_send_error(struct worker *w, const struct packet *p, enum icmp_error error, uint16_t info,
		     const struct lvs_addr *from)
{
	uint32_t header =
		p->af == AF_INET ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr);
	uint32_t room = (p->af == AF_INET ? ICMP4_PACKET_MAX : ICMP6_PACKET_MAX) - header -
			(uint32_t)sizeof(struct icmp_header);
	struct lvs_addr to = packet_src_addr(p);
	struct nexthop nh;

	/* Never an error about an error (RFC 1122 section 3.2.2). */
	if (p->kind == PACKET_ICMP_ERROR)
		return;
	/* Nor about a fragment but the first; its sender's path MTU is the exception (RFC 4443). */
	if (p->kind == PACKET_FRAGMENT && (p->af == AF_INET || error != ICMP_ERROR_TOO_BIG))
		return;
	if (!rate_take(&w->icmp_rate, w->now)) {
		worker_count(w, COUNTER_icmp_limited);
		return;
	}
	nexthop_find(w->fib, p->af, &to, &nh);
	if (nh.kind != NEXTHOP_READY && nh.kind != NEXTHOP_UNRESOLVED)
		return;
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->pool);

	if (!m)
		return;
	uint32_t here = rte_pktmbuf_data_len(p->mbuf) - p->l3;
	uint32_t quote = RTE_MIN(RTE_MIN((uint32_t)p->l3_len, here), room);

	rte_pktmbuf_append(m, (uint16_t)(sizeof(struct rte_ether_hdr) + header +
					 sizeof(struct icmp_header) + quote));
	fill(m, p, error, info, from, quote);
	worker_count(w, COUNTER_icmp_sent);
	nexthop_out(w, m, &nh);
}
