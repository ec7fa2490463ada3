/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An address of either family. IPv4 lies in w[0] and the other words are zero, so that two
 * addresses of one family compare and hash as four words, whatever the family.
 */
#ifndef LVSD_DATAPLANE_ADDR_H
#define LVSD_DATAPLANE_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct lvs_addr {
	union {
		uint32_t v4;   /* network byte order */
		uint32_t w[4]; /* network byte order */
		uint64_t q[2];
		uint8_t b[16];
	};
};

static inline struct lvs_addr addr_v4(uint32_t be)
{
	return (struct lvs_addr){.w = {be, 0, 0, 0}};
}

static inline bool addr_equal(const struct lvs_addr *a, const struct lvs_addr *b)
{
	return a->q[0] == b->q[0] && a->q[1] == b->q[1];
}

static inline bool addr_is_zero(const struct lvs_addr *a)
{
	return (a->q[0] | a->q[1]) == 0;
}

/* Mixes an address and up to 64 bits more into a well distributed 32-bit value. Not keyed: only
 * for tables whose keys the administrator chooses. */
static inline uint32_t addr_hash(const struct lvs_addr *a, uint64_t more)
{
	uint64_t h = (a->q[0] ^ 0x9e3779b97f4a7c15ull) * 0xff51afd7ed558ccdull;

	h = (h ^ (h >> 32) ^ a->q[1]) * 0xc4ceb9fe1a85ec53ull;
	h = (h ^ (h >> 29) ^ more) * 0x9e3779b97f4a7c15ull;
	return (uint32_t)(h >> 32);
}

#endif
