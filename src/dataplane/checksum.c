/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums over packets in several segments. rte_raw_cksum_mbuf loses carries behind a segment of odd
 * length (DPDK 22.11). */
#include "checksum.h"

#include <rte_ip.h>
#include <rte_mbuf.h>

uint16_t checksum_mbuf(const struct rte_mbuf *m, uint32_t off, uint32_t len)
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
