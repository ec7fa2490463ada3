/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Incremental checksums (RFC 1624, equation 3). A delta is the one's complement sum of what is
 * added (~old + new), 16 bits, in the byte order of the packet; ~delta undoes it.
 */
#ifndef LVSD_DATAPLANE_CHECKSUM_H
#define LVSD_DATAPLANE_CHECKSUM_H

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t checksum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* One's complement sum of an IPv4 header of `words` 32-bit words (5..15); 0xffff when its checksum
 * is right. */
static inline uint16_t checksum_ip4(const void *header, unsigned int words)
{
	const uint8_t *p = header;
	uint64_t sum = 0;

	for (unsigned int i = 0; i < 5; i++) {
		uint32_t w;

		memcpy(&w, p + 4 * i, sizeof(w));
		sum += w;
	}
	for (unsigned int i = 5; __builtin_expect(i < words, 0); i++) {
		uint32_t w;

		memcpy(&w, p + 4 * i, sizeof(w));
		sum += w;
	}
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	return checksum_fold((uint32_t)sum);
}

/* Delta of replacing a 32-bit word. */
static inline uint16_t checksum_delta32(uint32_t from, uint32_t to)
{
	from = ~from;
	return checksum_fold((from & 0xffff) + (from >> 16) + (to & 0xffff) + (to >> 16));
}

/* Delta of replacing a 16-bit word. */
static inline uint16_t checksum_delta16(uint16_t from, uint16_t to)
{
	return checksum_fold((uint32_t)(uint16_t)~from + to);
}

static inline uint16_t checksum_add(uint16_t delta1, uint16_t delta2)
{
	return checksum_fold((uint32_t)delta1 + delta2);
}

/* The checksum field after `delta` was added to what it covers. */
static inline uint16_t checksum_apply(uint16_t check, uint16_t delta)
{
	return (uint16_t)~checksum_fold((uint32_t)(uint16_t)~check + delta);
}

/* Delta of a TTL one lower. */
static inline uint16_t checksum_ttl_delta(void)
{
	return (uint16_t)~htons(0x0100);
}

struct rte_mbuf;

/* One's complement sum of len bytes from off on, however they are cut into segments; they must be
 * there. */
uint16_t checksum_mbuf(const struct rte_mbuf *m, uint32_t off, uint32_t len);

#endif
