/* SPDX-License-Identifier: BSD-3-Clause */
/* Pieces are copies: a port that frees buffers fast cannot take shared ones. */
#include "fragment.h"

#include "checksum.h"

#define ETHER         sizeof(struct rte_ether_hdr)
#define OPTION_END    0
#define OPTION_NOP    1
#define OPTION_COPIED 0x80

/* Options that belong to the first piece only become no-operations in the others, as the kernel
 * does it; the header keeps its length. */
static void options_of_later_pieces(uint8_t *option, uint32_t len)
{
	for (uint32_t i = 0; i < len;) {
		uint32_t n = option[i] <= OPTION_NOP || i + 1 == len ? 1 : option[i + 1];

		if (option[i] == OPTION_END || n == 0 || i + n > len)
			return;
		if (!(option[i] & OPTION_COPIED))
			memset(option + i, OPTION_NOP, n);
		i += n;
	}
}

struct cut {
	uint32_t hlen;
	uint32_t offset, len; /* of the payload */
	bool more;
};

static struct rte_mbuf *piece(struct worker *w, const struct rte_mbuf *m, const struct cut *cut)
{
	struct rte_mbuf *out = rte_pktmbuf_alloc(w->pool);

	if (!out)
		return NULL;
	uint8_t *to = (uint8_t *)rte_pktmbuf_append(out, (uint16_t)(ETHER + cut->hlen + cut->len));

	if (!to) {
		rte_pktmbuf_free(out);
		return NULL;
	}
	struct rte_ipv4_hdr *ip = (void *)(to + ETHER);
	const void *header = rte_pktmbuf_mtod_offset(m, void *, ETHER);
	const void *data = rte_pktmbuf_read(m, (uint32_t)ETHER + cut->hlen + cut->offset, cut->len,
					    to + ETHER + cut->hlen);

	memcpy(ip, header, cut->hlen);
	if (data != to + ETHER + cut->hlen)
		memcpy(to + ETHER + cut->hlen, data, cut->len);
	/* What is cut may be a piece itself. */
	uint16_t before = rte_be_to_cpu_16(ip->fragment_offset);

	ip->fragment_offset = rte_cpu_to_be_16(
		(uint16_t)((before & ~RTE_IPV4_HDR_MF_FLAG) + cut->offset / 8) |
		(cut->more ? RTE_IPV4_HDR_MF_FLAG : before & RTE_IPV4_HDR_MF_FLAG));
	ip->total_length = rte_cpu_to_be_16((uint16_t)(cut->hlen + cut->len));
	if (cut->offset)
		options_of_later_pieces((uint8_t *)(ip + 1), cut->hlen - (uint32_t)sizeof(*ip));
	ip->hdr_checksum = 0;
	ip->hdr_checksum = (uint16_t)~checksum_ip4(ip, cut->hlen / 4);
	return out;
}

void fragment_send(struct worker *w, struct rte_mbuf *m, const struct nexthop *nh)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, ETHER);
	struct cut cut = {.hlen = (uint32_t)(ip->version_ihl & 15) * 4};
	uint32_t payload = rte_pktmbuf_pkt_len(m) - (uint32_t)ETHER - cut.hlen;
	uint32_t room = nh->mtu > cut.hlen + 8 ? (uint32_t)(nh->mtu - cut.hlen) & ~7u : 0;

	for (; room && cut.offset < payload; cut.offset += cut.len) {
		cut.len = RTE_MIN(room, payload - cut.offset);
		cut.more = cut.offset + cut.len < payload;
		struct rte_mbuf *out = piece(w, m, &cut);

		if (!out)
			break;
		nexthop_out(w, out, nh);
	}
	if (cut.offset < payload)
		worker_count(w, COUNTER_mtu_exceeded);
	rte_pktmbuf_free(m);
}
