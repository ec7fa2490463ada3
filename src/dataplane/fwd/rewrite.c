/* SPDX-License-Identifier: BSD-3-Clause */
/* What several forwarding methods do to a packet's headers. */
#include "rewrite.h"

uint16_t rewrite_delta128(const struct lvs_addr *from, const struct lvs_addr *to)
{
	uint16_t delta = 0;

	for (int i = 0; i < 4; i++)
		delta = checksum_add(delta, checksum_delta32(from->w[i], to->w[i]));
	return delta;
}
